"""Gradients of local values: `adgen.gradients`, `adgen.GradientTape`, `adgen.compile`."""

import math
from dataclasses import dataclass

import numpy as np
import pytest

import adgen
from tests import numeric, random_programs

X = np.array([0.3, 0.8, 1.4])


def difference(f, x, h=1e-6):
    steps = h * np.eye(x.size)
    return np.array([(np.sum(f(x + d)) - np.sum(f(x - d))) / (2 * h) for d in steps])


# --- the rows of the table


def test_a_source_and_what_is_made_of_it():
    @adgen.compile
    def f():
        a = 0.0
        b = 2 * a
        c = a + b
        return adgen.gradients(c, [a, b]), adgen.gradients(c, (a, b), stop_gradients=[a, b])

    assert f() == ([3.0, 1.0], (1.0, 1.0))


def test_intermediate_values_and_a_persistent_tape():
    @adgen.compile
    def f(x):
        with adgen.GradientTape(persistent=True) as tape:
            y = x * x
            z = y * y
        return tape.gradient(z, x), tape.gradient(y, x), tape.gradient(z, y)

    assert f(3.0) == (108.0, 6.0, 18.0)
    for found, expected in zip(f(np.array([1.0, 3.0])), ([4.0, 108.0], [2.0, 6.0], [2.0, 18.0])):
        np.testing.assert_array_equal(found, expected)
    assert "tape" not in f.source.replace("tape.gradient(", "")


def test_a_tape_that_is_not_persistent_answers_once():
    @adgen.compile
    def twice(x):
        with adgen.GradientTape() as tape:
            y = x * x
        return tape.gradient(y, x) + tape.gradient(y, x)

    @adgen.compile
    def in_a_loop(x, n):
        with adgen.GradientTape() as tape:
            y = x * x
        total = 0.0
        for _ in range(n):
            total += tape.gradient(y, x)
        return total

    for call in (lambda: twice(3.0), lambda: in_a_loop(3.0, 2)):
        with pytest.raises(adgen.UnsupportedError, match="second gradient"):
            call()


def test_watching_chosen_values():
    @adgen.compile
    def h(x1):
        x0 = 1.0
        with adgen.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x1)
            y0 = math.sin(x0)
            y1 = np.logaddexp(0.0, x1)
            ys = y0 + y1
        return tape.gradient(ys, {"x0": x0, "x1": x1})

    assert h(10.0) == {"x0": None, "x1": pytest.approx(0.9999546)}
    assert h(800.0)["x1"] == 1.0


def test_a_watched_constant():
    @adgen.compile
    def f():
        x = 3.0
        with adgen.GradientTape() as tape:
            tape.watch(x)
            y = x * x
        return tape.gradient(y, x)

    assert f() == 6.0


def test_several_targets_and_a_vector():
    @adgen.compile
    def f(x):
        with adgen.GradientTape(persistent=True) as tape:
            y0 = x**2
            y1 = 1 / x
            v = x * np.array([3.0, 4.0])
        sources = {"y0": y0, "y1": y1}
        return tape.gradient(sources, x), tape.gradient(y0, x), tape.gradient([y1], x), tape.gradient(v, x)

    assert f(2.0) == (3.75, 4.0, -0.25, 7.0)


@dataclass
class Layer:
    w: np.ndarray
    b: float
    size: int = 3


def test_structures_of_sources():
    @adgen.compile
    def f(p, x):
        with adgen.GradientTape() as tape:
            loss = np.mean((x @ p.w + p.b) ** 2)
        return tape.gradient(loss, p)

    x = np.arange(12.0).reshape(4, 3) / 10
    p = Layer(X.astype(np.float64), 0.5)
    found = f(p, x)
    r = 2.0 * (x @ p.w + p.b) / 4
    np.testing.assert_allclose(found.w, r @ x)
    assert isinstance(found, Layer) and found.b == pytest.approx(r.sum()) and found.size is None


def test_branches_not_taken_give_zeros_and_no_path_gives_none():
    @adgen.compile
    def f(x, v0, v1):
        with adgen.GradientTape() as tape:
            result = v0 if x > 0 else v1**2
        return tape.gradient(result, [v0, v1, x])

    assert f(1.0, 2.0, 3.0) == [1.0, 0.0, None]
    assert f(-1.0, 2.0, 3.0) == [0.0, 6.0, None]

    @adgen.compile
    def unconnected(x, y):
        z = y**2
        return adgen.gradients(z, x), adgen.gradients(z, x, unconnected_gradients="zero")

    none, zeros = unconnected(np.ones((2, 2), np.float32), 3.0)
    assert none is None and zeros.dtype == np.float32 and zeros.shape == (2, 2)
    assert "**" not in unconnected.source.partition("def")[2].partition("#")[0]


def test_rebinding_in_an_epoch_loop_is_no_trap():
    @adgen.compile
    def f(x):
        found = []
        for _ in range(2):
            with adgen.GradientTape() as tape:
                y = x + 1
            found.append(tape.gradient(y, x))
            x = x + 1
        return found

    assert f(2.0) == [1.0, 1.0]


def test_linear_regression_by_hand_written_updates():
    @adgen.compile
    def fit(w, b, x, y, steps):
        for _ in range(steps):
            with adgen.GradientTape() as tape:
                loss = np.mean((w * x + b - y) ** 2)
            d_w, d_b = tape.gradient(loss, [w, b])
            w = w - 0.01 * d_w
            b = b - 0.01 * d_b
        return w, b

    x = np.linspace(-2, 2, 50)
    y = 3 * x + 2 + np.random.default_rng(1).normal(size=50)
    w, b = 5.0, 0.0
    for _ in range(30):
        r = w * x + b - y
        w, b = w - 0.01 * np.mean(2 * r * x), b - 0.01 * np.mean(2 * r)
    assert fit(5.0, 0.0, x, y, 30) == pytest.approx((w, b), rel=1e-12)


def test_weights_of_targets():
    @adgen.compile
    def f(x, s):
        y = x * np.array([1.0, 2.0, 3.0])
        return adgen.gradients(y, x, output_gradients=s)

    np.testing.assert_array_equal(f(X, np.array([1.0, 10.0, 100.0])), [1, 20, 300])
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\)"):
        f(X, np.ones(2))
    with pytest.raises(adgen.TypeMismatchError, match="output gradients"):
        f(X, 1.0)


def test_what_is_not_floating_is_refused():
    @adgen.compile
    def source(x):
        y = x * 2.0
        return adgen.gradients(y, x)

    @adgen.compile
    def target(x):
        return adgen.gradients(int(x), x)

    with pytest.raises(TypeError, match="the source of a gradient is an int"):
        source(3)
    with pytest.raises(TypeError, match="no floating-point value"):
        target(3.0)


def test_outside_of_compiled_functions_they_explain_themselves():
    for call in (lambda: adgen.gradients(1.0, 2.0), adgen.GradientTape):
        with pytest.raises(adgen.UsageError, match=r"@adgen\.compile"):
            call()


# --- what a tape records


def test_only_the_block_is_recorded():
    @adgen.compile
    def f(x):
        before = x * x
        with adgen.GradientTape() as tape:
            y = x * x + before
            with tape.stop_recording():
                z = x**3
            w = y + z
        after = x * x
        return tape.gradient([w, after], x)

    assert f(3.0) == 6.0

    @adgen.compile
    def reset(x):
        with adgen.GradientTape() as tape:
            y = x * x
            tape.reset()
            z = x**3 + y
        return tape.gradient(z, x)

    assert reset(3.0) == 27.0


def test_equal_expressions_are_different_sources():
    @adgen.compile
    def f(x):
        a = x * 2
        b = x * 2
        return adgen.gradients(a * b, [a, b, x])

    assert f(3.0) == [6.0, 6.0, 24.0]


def test_views_and_writes():
    @adgen.compile
    def views(x):
        v = x[1:]
        y = np.sum(v**2) + np.sum(x**3)
        return adgen.gradients(y, v), adgen.gradients(y, x)

    found = views(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(found[0], [4, 6])
    np.testing.assert_array_equal(found[1], [3, 16, 33])

    @adgen.compile
    def filled(x):
        u = np.zeros(3)
        for i in range(3):
            u[i] = x * i
        s = np.sum(u**2)
        return adgen.gradients(s, [u, x])

    d_u, d_x = filled(2.0)
    np.testing.assert_array_equal(d_u, [0, 4, 8])
    assert d_x == 20.0

    @adgen.compile
    def written(x):
        s = np.sum(x**2)
        x[0] = 5.0
        return adgen.gradients(s, x)

    with pytest.raises(adgen.UnsupportedError, match="written after it was used"):
        written(X.copy())


def test_a_dependence_through_earlier_iterations_is_refused():
    @adgen.compile
    def f(x, n):
        y, total = x, 0.0
        for _ in range(n):
            y = y * x
            total += adgen.gradients(y, x)
        return total

    with pytest.raises(adgen.UnsupportedError, match="'y' depends on the source by way of earlier iterations"):
        f(2.0, 3)

    @adgen.compile
    def recorded_inside(x, n):
        y, total = x, 0.0
        for _ in range(n):
            with adgen.GradientTape() as tape:
                y = y * x
            total += tape.gradient(y, x)
        return total

    assert recorded_inside(2.0, 3) == 2 + 4 + 8


def test_tapes_that_ended_with_their_region_are_refused():
    @adgen.compile
    def f(x):
        for _ in range(2):
            with adgen.GradientTape() as tape:
                y = x * x
        return tape.gradient(y, x)

    with pytest.raises(adgen.UnsupportedError, match="tape"):
        f(3.0)


# --- programs of all kinds, differentiated where they stand


def cubes_until(x):
    s = 0.0
    for v in x:
        if v > 1.0:
            break
        s = s + v**3
    return s


def smoothed(x):
    u = x.copy()
    for _ in range(3):
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[0]
    return u


def grown(x):
    y = x
    while np.sum(y) < 20:
        y = y * y + x
    return y


def collected(x):
    ys = []
    t = 1.0
    for v in x:
        t = t * v
        ys.append(t * t)
    return sum(ys) * ys[0]


def triangle(x):
    y = np.zeros((3, 3))
    for i in range(3):
        for j in range(i + 1):
            y[i, j] = x[i] * x[j]
    return np.linalg.det(y + np.eye(3))


def generated(x):
    def squares():
        for v in x:
            yield v * v

    return sum(squares()) * np.max(x)


@pytest.mark.parametrize("f", [cubes_until, smoothed, grown, collected, triangle, generated])
def test_programs(f):
    @adgen.compile
    def slope(x):
        y = f(x)
        return adgen.gradients(y, x)

    np.testing.assert_allclose(slope(X), difference(f, X), rtol=1e-5, atol=1e-7)
    adgen.check_grads(slope, (X,), order=1)


def penalty(w, x):
    with adgen.GradientTape() as tape:
        p = np.tanh(x @ w)
        s = np.sum(p)
    g = tape.gradient(s, x)
    return np.mean(p**2) + np.sum(g * g)


def descent(x):
    w = x.copy()
    m = np.zeros_like(w)
    for k in range(3):
        with adgen.GradientTape() as tape:
            loss = np.sum(w**3) * (k + 1)
        g = tape.gradient(loss, w)
        m *= 0.9
        m += g
        w -= 0.1 * m
        if np.sum(g * g) < 1e-12:
            break
    return w


def newton(x):
    for _ in range(2):
        y = np.sum(np.cosh(x - 1.0))
        g = adgen.gradients(y, x)
        x = x - g / adgen.gradients(np.sum(g), x)
    return x


def hessian_vector(x, v):
    with adgen.GradientTape() as outer:
        with adgen.GradientTape() as inner:
            y = np.sum(x**3) * x[0]
        g = inner.gradient(y, x)
    return outer.gradient(g, x, output_gradients=v)


def slope_of(f, x):
    y = f(x)
    return adgen.gradients(y, x)


def nested_calls(x):
    return slope_of(lambda t: slope_of(lambda u: u**4, t), x) + slope_of(np.sin, x)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (penalty, (X, np.arange(6.0).reshape(2, 3) / 5)),
        (descent, (X,)),
        (newton, (X,)),
        (hessian_vector, (X, X + 1.0)),
        (nested_calls, (0.7,)),
    ],
)
def test_gradients_inside_what_is_differentiated(f, args):
    adgen.check_grads(adgen.compile(f), args)


def test_their_values():
    np.testing.assert_allclose(adgen.compile(newton)(X), X - np.tanh(X - 1) - np.tanh(X - np.tanh(X - 1) - 1))
    assert adgen.compile(nested_calls)(0.7) == pytest.approx(12 * 0.49 + math.cos(0.7))
    h = adgen.jvp(adgen.grad(lambda x: np.sum(x**3) * x[0]), (X,), (X + 1.0,))[1]
    np.testing.assert_allclose(adgen.compile(hessian_vector)(X, X + 1.0), h)
    w, m = X.copy(), 0 * X
    for k in range(3):
        m = 0.9 * m + 3 * w**2 * (k + 1)
        w = w - 0.1 * m
    before = X.copy()
    np.testing.assert_allclose(adgen.compile(descent)(X), w)
    np.testing.assert_array_equal(X, before)


def test_pullbacks_of_programs_with_tapes_answer_again():
    _, pull = adgen.vjp(penalty, X, np.ones((2, 3)))
    first, second = pull(1.0), pull(1.0)
    for a, b in zip(first, second):
        np.testing.assert_array_equal(a, b)


def test_a_compiled_function_is_the_function():
    @adgen.compile
    def f(x, k=2.0):
        """Say."""
        y = x * k
        return y, adgen.gradients(y, x)

    assert f(1.0) == (2.0, 2.0) and f(1.0, k=3.0) == (3.0, 3.0)
    assert f.__doc__ == "Say." and repr(f).startswith("<adgen.compile of")
    assert "x * k" in f.source and "gradients" not in f.source.replace("# return y, adgen.gradients(y, x)", "")
    assert adgen.grad(lambda x: f(x)[0] * f(x)[1])(3.0) == 4.0


def rebound_and_written(u):
    for _ in range(3):
        u = np.tanh(2.0 * u)
        c = u[::2]
        c *= 0.58
        u *= 0.9
    return np.sum(u * u)


def test_a_loop_that_seems_to_write_the_source():
    @adgen.compile
    def slope(u):
        y = rebound_and_written(u)
        return adgen.gradients(y, u)

    np.testing.assert_allclose(slope(X), difference(rebound_and_written, X), rtol=1e-6)

    @adgen.compile
    def inside(x, n):
        y = np.sum(x**2)
        total = np.zeros_like(x)
        for _ in range(n):
            total += adgen.gradients(y, x)
            x *= 2.0
        return total

    with pytest.raises(adgen.UnsupportedError, match="written after it was used"):
        inside(X.copy(), 2)


def taped(p, names, sources):
    """Return a function that takes the gradients of a random program's result."""
    given, several = ", ".join(names), "".join(f"{n}, " for n in sources)
    text = f"{p.source}\nimport adgen\ndef taped({given}):\n    target_ = {p.name}({given})\n"
    text += f"    return adgen.gradients(target_, ({several}))\n"
    return adgen.compile(random_programs.load(text, "taped", f"taped_{p.seed}"))


def test_random_programs_give_what_grad_gives():
    compared = 0
    for seed in range(112, 122):
        p = random_programs.generate(seed)
        f = p.function()
        names = f.__code__.co_varnames[: f.__code__.co_argcount]
        sources = [
            n for n, a in zip(names, p.args) if isinstance(a, float) or str(getattr(a, "dtype", "")) == "float64"
        ]
        after = p.arguments()
        f(*after)
        if not sources or not numeric.equal(after, p.args):  # of what is written, its present content is the source
            continue
        try:
            expected = adgen.grad(f, wrt=tuple(sources))(*p.arguments())
            found = taped(p, names, sources)(*p.arguments())
        except adgen.UnsupportedError:
            continue
        compared += 1
        for one, want in zip(found, expected, strict=True):
            assert (one is None) == (want is None), seed
            if want is not None:
                np.testing.assert_allclose(one, want, rtol=1e-5, atol=1e-7)
    assert compared >= 4


def test_weights_are_matched_by_name_and_by_place():
    @adgen.compile
    def by_name(x):
        y = {"a": x * x, "b": 3.0 * x}
        return adgen.gradients(y, x, output_gradients={"b": 10.0, "a": 1.0})

    @adgen.compile
    def by_place(x, s):
        y = (x * x, 3.0 * x)
        return adgen.gradients(y, x, output_gradients=s)

    @adgen.compile
    def of_list(x, s):
        y = [a * a for a in x]
        return adgen.gradients(y, x, output_gradients=s)

    assert by_name(2.0) == 34.0
    assert by_place(2.0, [10.0, 1.0]) == by_place(2.0, (10.0, None)) == 43.0
    x = np.array([1.0, 2.0])
    assert by_place(x, (x, [1, 2])).tolist() == (2.0 * x * x + 3.0 * np.array([1, 2])).tolist()
    assert of_list([1.0, 2.0, 3.0], [1.0, 0.0, 2.0]) == [2.0, 0.0, 12.0]
    for call in (lambda: by_place(2.0, (1.0,)), lambda: by_place(2.0, 3.0)):
        with pytest.raises(TypeError, match="output gradients"):
            call()
    for call in (lambda: by_place(2.0, [1.0]), lambda: of_list([1.0, 2.0], [1.0])):
        with pytest.raises(ValueError, match="not enough values"):
            call()


def test_jacobians():
    @adgen.compile
    def f(x, w):
        with adgen.GradientTape() as tape:
            y = x @ w
        return tape.jacobian(y, {"x": x, "w": w, "n": x * 1.0})

    @adgen.compile
    def of_a_scalar(x):
        with adgen.GradientTape() as tape:
            y = np.sum(x**2)
        return tape.jacobian(y, x)

    def logarithm(x):
        with adgen.GradientTape() as tape:
            y = np.sin(x) * x[0]
        return np.linalg.slogdet(tape.jacobian(y, x))[1]

    x, w = np.arange(6.0).reshape(2, 3), np.ones(3)
    found = f(x, w)
    assert found["n"] is None and np.array_equal(found["w"], x)
    assert np.array_equal(found["x"], np.einsum("ij,k->ijk", np.eye(2), w))
    assert of_a_scalar(w).tolist() == [2.0, 2.0, 2.0]
    adgen.check_grads(logarithm, (np.array([0.5, 0.7]),))


def test_other_methods_are_refused_by_name():
    def f(x):
        with adgen.GradientTape() as tape:
            y = x * x
        return tape.gradients(y, x)

    with pytest.raises(adgen.UnsupportedError, match="the method 'gradients' of a tape"):
        adgen.compile(f)(1.0)
