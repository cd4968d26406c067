"""`wrt` that names globals, variables of enclosing functions, and locals of functions differentiated inside."""

from dataclasses import dataclass

import numpy as np
import pytest

import adgen

X = np.array([[1.0, 0.5], [-0.3, 0.2]])


def numeric_gradient(f, x):
    x = np.array(x, float)
    found = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        d = np.zeros(x.shape)
        d[i] = 1e-5
        found[i] = (f(x + d) - f(x - d)) / 2e-5
    return found if found.ndim else float(found)


class Layer:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def __call__(self, x):
        return np.tanh(x @ self.w + self.b)


class Net:
    def __init__(self):
        self.one = Layer(np.array([[1.0, 2.0], [0.5, -0.3]]), np.zeros(2))
        self.two = Layer(np.array([0.4, 0.2]), 0.1)
        self.steps = 0
        self.act = np.tanh

    def __call__(self, x):
        return self.two(self.one(x))


@dataclass
class Affine:
    w: np.ndarray
    b: float


net, affine, rate, table = Net(), Affine(np.array([1.0, 2.0]), 3.0), 3.0, {"a": 2.0, "n": 3}
rows, pair = [np.array([1.0, 2.0]), np.array([3.0, 4.0])], (1.5, np.array([2.0, 3.0]))


def loss(x):
    return np.mean(net(x) ** 2)


def of_part(owner, name):
    """Return the loss as a function of an attribute."""

    def f(value):
        keep = getattr(owner, name)
        setattr(owner, name, value if np.ndim(value) else float(value))
        try:
            return loss(X)
        finally:
            setattr(owner, name, keep)

    return f


def test_a_model_that_is_read_by_its_parts():
    gradient = adgen.grad(loss, wrt="net")(X)
    _, pullback = adgen.vjp(loss, X, wrt="net")
    for name in ("one", "two"):
        layer, found = getattr(net, name), getattr(gradient, name)
        for part in ("w", "b"):
            expected = numeric_gradient(of_part(layer, part), getattr(layer, part))
            np.testing.assert_allclose(getattr(found, part), expected, atol=1e-6)
            np.testing.assert_allclose(getattr(getattr(pullback(2.0), name), part), 2.0 * expected, atol=1e-6)
            one = adgen.grad(loss, wrt=f"net.{name}.{part}")(X)
            np.testing.assert_allclose(one, expected, atol=1e-6)
    direction = np.array([0.3, -0.2])
    _, tangent = adgen.jvp(loss, (X,), direction, wrt="net.two.w")
    assert tangent == pytest.approx(gradient.two.w @ direction)


def test_it_is_read_at_each_call(monkeypatch):
    df = adgen.grad(loss, wrt="net.two.b")
    before = df(X)
    monkeypatch.setattr(net.two, "b", 0.7)
    assert df(X) == pytest.approx(numeric_gradient(of_part(net.two, "b"), 0.7), abs=1e-6) != before
    monkeypatch.setitem(globals(), "net", Net())
    assert df(X) == before


def test_data_of_all_kinds():
    def f(x):
        return np.sum(affine.w * x) + affine.b * x

    assert adgen.grad(f, wrt=("affine.b", "x"))(2.0) == (2.0, 6.0)
    whole = adgen.grad(f, wrt="affine")(2.0)
    assert isinstance(whole, Affine) and whole.w.tolist() == [2.0, 2.0] and whole.b == 2.0
    assert adgen.grad(lambda x: np.sum(rows[0] * x) + np.sum(rows[1] ** 2), wrt="rows[1]")(2.0).tolist() == [6.0, 8.0]
    assert adgen.grad(lambda x: pair[0] * np.sum(pair[1]) * x, wrt="pair[0]")(2.0) == 10.0
    assert adgen.grad(lambda x: table["a"] ** 2 * x * table["n"], wrt="table")(2.0) == {"a": 24.0, "n": None}
    assert adgen.grad(adgen.grad(lambda x: rate * rate * x, wrt="rate"), wrt="rate")(2.0) == 4.0
    assert adgen.grad(adgen.grad(lambda x: rate * rate * x), wrt="rate")(2.0) == 6.0


def test_callees_loops_and_functions_around():
    def scaled(x):
        return rate * x

    def f(x):
        for _ in range(3):
            x = scaled(x)
        return x

    def power(x, n):
        return x if n == 0 else power(x * rate, n - 1)

    assert adgen.grad(f, wrt="rate")(2.0) == adgen.grad(power, wrt="rate")(2.0, 3) == 54.0
    scale = 2.0

    def g(x):
        def inner(y):
            return scale * y

        return inner(x) * scale

    assert adgen.grad(g, wrt="scale")(3.0) == 12.0


def test_what_is_not_read_is_unconnected():
    assert adgen.grad(lambda x: x * x, wrt="rate")(2.0) is None
    assert adgen.grad(lambda x: x * x, wrt="net.one")(2.0) is None
    zeros = adgen.grad(lambda x: np.sum(net.one.w) * x, wrt="net.one", unconnected_gradients="zero")(2.0)
    assert zeros.w.tolist() == [[2.0, 2.0], [2.0, 2.0]] and zeros.b.tolist() == [0.0, 0.0]


def test_names_that_lead_to_nothing_floating():
    with pytest.raises(adgen.TypeMismatchError, match=r"net\.steps"):
        adgen.grad(loss, wrt="net.steps")(X)
    with pytest.raises(adgen.UsageError, match="nothing"):
        adgen.grad(loss, wrt="net.nothing")
    with pytest.raises(adgen.UsageError, match="unknown"):
        adgen.grad(loss, wrt="unknown.w")


def test_the_same_array_under_another_name_is_refused():
    other = rows[0]
    with pytest.raises(adgen.UnsupportedError, match="also reads as 'other'"):
        adgen.grad(lambda x: np.sum(rows[0] * x) + np.sum(other), wrt="rows")(2.0)


# -- local variables of functions that are differentiated inside ------------------------------------------------


def square_of_square(x):
    y = x * x
    z = y * y
    return z


def structured(p, x):
    h = {"a": p["w"] * x, "b": (p["b"] + x, 2.0)}
    return np.sum(h["a"] ** 2 * h["b"][0])


def by_a_pullback(x):
    _, pullback = adgen.vjp(square_of_square, x, wrt=("y", "x"))
    d_y, d_x = pullback(2.0)
    return d_y * d_x


def by_a_tangent(x):
    return adgen.jvp(square_of_square, (x,), (x, 2.0), wrt=("y", "x"))[1]


def in_a_loop(x):
    s = 0.0
    for k in range(3):
        _, pullback = adgen.vjp(square_of_square, x * k, wrt="y")
        s = s + pullback(1.0) + adgen.jvp(square_of_square, (x,), s, wrt="y")[1]
    return s


def of_a_function_made_here(x):
    def f(v):
        y = adgen.tag(v * x, "t")
        return y**3

    return adgen.value_and_grad(f, wrt=("t", "v"))(x)[1][0]


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (by_a_pullback, lambda x: 32 * x**5),
        (by_a_tangent, lambda x: 2 * x**3 + 8 * x**3),
        (in_a_loop, lambda x: (2 * x * x) * (1 + 2 * x * x) + 8 * x * x),
        (of_a_function_made_here, lambda x: 3 * x**4),
    ],
)
def test_locals_of_functions_differentiated_inside(f, expected):
    assert adgen.compile(f)(1.1) == pytest.approx(expected(1.1))
    slope = numeric_gradient(expected, 1.1)
    assert adgen.grad(f)(1.1) == pytest.approx(slope, rel=1e-5)
    assert adgen.jvp(f, (1.1,), (1.0,))[1] == pytest.approx(slope, rel=1e-5)


def test_structures_and_parts_inside_as_outside():
    p, x = {"w": np.array([1.0, 2.0]), "b": 3.0}, np.array([0.5, 0.7])
    d_h, d_w, d_b = adgen.grad(structured, wrt=("h", "p['w']", "p['b']"))(p, x)

    def pulled(p, x):
        return adgen.vjp(structured, p, x, wrt=("h", "p['w']", "p['b']"))[1](1.0)

    def pushed(p, x, t):
        return adgen.jvp(structured, (p, x), {"a": t, "b": (t, None)}, wrt="h")[1]

    (h, w, b), t = adgen.compile(pulled)(p, x), np.array([0.1, 0.2])
    np.testing.assert_allclose(h["a"], d_h["a"])
    np.testing.assert_allclose(h["b"][0], d_h["b"][0])
    np.testing.assert_allclose(w, d_w)
    assert b == pytest.approx(d_b)
    assert adgen.compile(pushed)(p, x, t) == pytest.approx(t @ d_h["a"] + t @ d_h["b"][0])
