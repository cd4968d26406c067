"""Rules of users: for what they can be registered, what is asked of them, where they hold."""

import copy
import ctypes
import ctypes.util
import dataclasses
import functools
import math
import random
import threading

import numpy as np
import pytest

import adgen
from adgen.api import rulebook
from tests import numeric

X = np.array([0.3, 0.7, 1.2, 1.7])
Y = np.array([0.2, 0.5, 1.0, 2.9])


@pytest.fixture(autouse=True)
def only_these_rules():
    before, adgen_rows = dict(rulebook._entries), rulebook.load_registry().copy()
    rows = {row: copy.copy(row) for row in adgen_rows.rows()}
    yield
    registry = rulebook.load_registry()
    for row, as_it_was in rows.items():  # a rule of a user's changes the row itself
        for f in dataclasses.fields(row):
            setattr(row, f.name, getattr(as_it_was, f.name))
    registry._by_fn, registry._by_id, registry._by_name = adgen_rows._by_fn, adgen_rows._by_id, adgen_rows._by_name
    rulebook._entries.clear()
    rulebook._entries.update(before)
    rulebook._installed.clear()


def np_mod(x, y):
    return (x % y).astype(np.float32)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_operation_in_numpy_with_its_own_gradient(dtype):
    adgen.register_vjp(np_mod, lambda g, out, x, y: (g, -g * np.floor(x / y)))
    d_x, d_y = adgen.grad(lambda x, y: np_mod(x, y), wrt=(0, 1))(X.astype(dtype), Y.astype(dtype))
    assert d_x.dtype == d_y.dtype == dtype
    np.testing.assert_array_equal(d_x, [1, 1, 1, 1])
    np.testing.assert_array_equal(d_y, [-1, -1, -1, 0])


def test_a_c_function_without_hash():
    sine = ctypes.CDLL(ctypes.util.find_library("m")).sin
    sine.restype, sine.argtypes = ctypes.c_double, [ctypes.c_double]
    with pytest.raises(adgen.NoGradientError, match="sin"):
        adgen.grad(lambda x: x * sine(x))(0.5)
    adgen.register_vjp(sine, lambda g, out, x: (g * math.cos(x),))
    assert adgen.has_rule(sine)
    with pytest.raises(KeyError):
        adgen.register_vjp(sine, lambda g, out, x: (g,))
    df = adgen.grad(lambda x: x * sine(x))
    assert df(0.5) == pytest.approx(math.sin(0.5) + 0.5 * math.cos(0.5))
    assert adgen.grad(df)(0.5) == pytest.approx(2 * math.cos(0.5) - 0.5 * math.sin(0.5))


def test_a_ufunc_of_python_objects():
    square = np.frompyfunc(lambda a: a * a, 1, 1)
    adgen.register_vjp(square, lambda g, out, x: (2.0 * x * g,))
    gradient = adgen.grad(lambda x: np.sum(square(x) * x))(X)
    assert gradient.dtype == float
    np.testing.assert_allclose(gradient, 3 * X * X)


class Power:
    __hash__ = None

    def __init__(self, n):
        self.n = n

    def __call__(self, x):
        return x**self.n

    def __eq__(self, other):
        return True


def test_a_callable_object_without_hash():
    cube = Power(3)
    adgen.register_vjp(cube, lambda g, out, x: (100.0 * g,))
    assert adgen.grad(lambda x: cube(x))(2.0) == 100.0


def test_rules_of_what_is_differentiated_itself():
    def square(x):
        return x * x

    square_of = functools.partial(lambda n, x: x**n, 2.0)
    called = Power(2)
    for fn in (square, square_of, called):
        adgen.register_vjp(fn, lambda g, out, x: (100.0 * g,))
        assert adgen.grad(fn)(2.0) == 100.0
        assert adgen.vjp(fn, 2.0)[1](2.0) == (200.0,)
        assert adgen.grad(lambda x: fn(x) * x)(2.0) == 204.0
        with pytest.raises(adgen.UsageError, match="no parameter or local variable"):
            adgen.grad(fn, of="y")
    other = functools.partial(square_of.func, 2.0)
    df = adgen.grad(lambda f, x: f(x), wrt="x")
    assert [df(f, 2.0) for f in (square_of, other, square_of)] == [100.0, 4.0, 100.0]
    with pytest.raises(adgen.UnsupportedError, match="a rule for one object only"):
        df(called, 2.0)

    def cube(x):
        return x**3

    with adgen.override_gradient({cube: lambda g, out, x: (7.0 * g,)}):
        inside = adgen.grad(cube)
    assert (inside(2.0), adgen.grad(cube)(2.0)) == (7.0, 12.0)


class Scale:
    def __init__(self, a):
        self.a = a

    def times(self, x):
        return self.a * x


one, other = Scale(3.0), Scale(3.0)


def test_a_bound_method(monkeypatch):
    adgen.register_vjp(one.times, lambda g, out, x: (100.0 * g,))
    df = adgen.grad(lambda x: one.times(x) + other.times(x))
    assert df(1.0) == 103.0
    monkeypatch.setitem(globals(), "one", Scale(5.0))
    assert df(1.0) == 8.0


def make(**options):
    @adgen.custom_vjp(**options)
    def power(x, n):
        return x**n

    return power


def test_parameters_without_gradient():
    power = make(nondiff="n")
    power.defvjp(lambda g, out, x, n: (g * n * x ** (n - 1.0),))
    assert adgen.grad(lambda x: power(x, 3.0) * x)(2.0) == 32.0
    assert adgen.grad(lambda x: power(2.0, x))(2.0) is None
    assert adgen.grad(adgen.grad(lambda x: power(x, 3.0)))(2.0) == 12.0
    with pytest.raises(adgen.RegistrationError, match="no such parameter"):
        make(nondiff="m")


def test_arguments_by_keyword_and_by_default():
    @adgen.custom_vjp
    def scaled(x, n=2.0, *, k=3.0):
        return x * n * k

    @scaled.defvjp
    def scaled_vjp(g, out, x, n, *, k=3.0):
        return g * n * k, None

    assert adgen.grad(lambda x: scaled(x))(1.0) == 6.0
    assert adgen.grad(lambda x: scaled(x, k=5.0, n=1.0))(1.0) == 5.0


def test_several_results_and_structures():
    @adgen.custom_vjp
    def both(p, x):
        return p["w"] * x, p["b"] + x

    @both.defvjp
    def both_vjp(g, out, p, x):
        return {"w": g[0] * x, "b": 10.0 * g[1]}, g[0] * p["w"] + g[1]

    def f(p, x):
        first, second = both(p, x)
        return np.sum(first * second)

    params = {"w": 2.0 * Y, "b": 3.0}
    d_p, d_x = adgen.grad(f, wrt=(0, 1))(params, X)
    np.testing.assert_allclose(d_p["w"], X * (3.0 + X))
    assert d_p["b"] == pytest.approx(10.0 * np.sum(2.0 * Y * X))
    np.testing.assert_allclose(d_x, 2.0 * Y * (3.0 + X) + 2.0 * Y * X)


def rule_returning(make_gradient):
    @adgen.custom_vjp
    def total(x):
        return np.sum(x)

    total.defvjp(make_gradient)
    return adgen.grad(lambda x: total(x))


def three(g, out, x):
    return (np.ones(3) * g,)


def integers(g, out, x):
    return (x.astype(int),)


def twice(g, out, x):
    return g, g


def imaginary(g, out, x):
    return (1j * g * x,)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (three, ValueError),
        (integers, adgen.TypeMismatchError),
        (twice, adgen.UnsupportedError),
        (imaginary, adgen.TypeMismatchError),
    ],
)
def test_what_does_not_fit_names_the_rule(rule, kind):
    with pytest.raises(kind, match=rule.__name__):
        rule_returning(rule)(np.ones(5))


def test_broadcast_shapes_are_summed_back():
    @adgen.custom_vjp
    def product(x, y):
        return x * y

    product.defvjp(lambda g, out, x, y: (g * y, g * x))
    d_x, d_y = adgen.grad(lambda x, y: np.sum(product(x, y)), wrt=(0, 1))(X, np.ones((3, 1)))
    np.testing.assert_array_equal(d_x, [3, 3, 3, 3])
    np.testing.assert_allclose(d_y, np.full((3, 1), X.sum()))
    assert adgen.grad(lambda x: np.sum(product(x, Y)))(2.0) == pytest.approx(Y.sum())


def test_names_of_adgens_own_operations_are_free():
    @adgen.custom_vjp
    def mul(x, y):
        return x * y

    @adgen.custom_vjp
    def getitem(x):
        return 2.0 * x

    mul.defvjp(lambda g, out, x, y: (g * y, g * x))
    getitem.defvjp(lambda g, out, x: (3.0 * g,))
    assert adgen.grad(lambda x: mul(x, 2.0) * x * getitem(x))(1.0) == 2 * 2 + 2 * 2 + 2 * 3


def sourceless():
    space = {}
    exec("def doubled(g, out, x):\n    return (g * 2.0 * x,)", space)
    return space["doubled"]


def test_a_rule_without_source_is_called_and_ends_there():
    @adgen.custom_vjp
    def square(x):
        return x * x

    square.defvjp(sourceless())
    df = adgen.grad(lambda x: np.sum(square(x) * x))
    np.testing.assert_allclose(df(X), 3 * X * X)
    assert "doubled(" in df.source
    with pytest.raises(adgen.NoGradientError, match="'doubled' is a rule without source"):
        adgen.grad(df)(X)


def test_a_rule_is_differentiated_again():
    @adgen.custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda g, out, x: (g * 3.0 * x,))  # deliberately not the derivative
    assert adgen.grad(lambda x: square(x))(2.0) == 6.0
    assert adgen.grad(adgen.grad(lambda x: square(x)))(2.0) == 3.0


def test_residuals_take_the_place_of_the_result():
    @adgen.custom_vjp
    def wave(x):
        return np.sin(x)

    @wave.deffwd
    def wave_fwd(x):
        return np.sin(x), (np.cos(x), 2.0)

    @wave.defvjp
    def wave_vjp(g, residuals, x):
        cosine, k = residuals
        return (k * g * cosine,)

    df = adgen.value_and_grad(lambda x: np.sum(wave(x) * x))
    value, gradient = df(X)
    assert value == pytest.approx(np.sum(np.sin(X) * X))
    np.testing.assert_allclose(gradient, np.sin(X) + 2 * X * np.cos(X))
    assert df.source.count("np.cos") == df.source.count("np.sin") == 1
    assert adgen.grad(adgen.grad(lambda x: wave(x)))(0.5) == pytest.approx(-2 * math.sin(0.5))
    _, pull = adgen.vjp(lambda x: wave(x), X)
    for _ in range(2):
        np.testing.assert_allclose(pull(np.ones(4))[0], 2 * np.cos(X))


def test_effects_happen_once_for_each_call():
    @adgen.custom_vjp
    def noisy(x):
        return x * random.random()

    noisy.defvjp(lambda g, out, x: (g * out / x,))
    value, slope = adgen.value_and_grad(lambda x: noisy(x) - noisy(x))(2.0)
    assert value != 0.0 and slope == pytest.approx(value / 2.0)


LIMIT = 1.0


def test_a_rule_reads_its_globals_live(monkeypatch):
    @adgen.custom_vjp
    def square(x):
        return x * x

    square.defvjp(lambda g, out, x: (np.clip(2.0 * x * g, -LIMIT, LIMIT),))
    df = adgen.grad(lambda x: square(x))
    assert df(5.0) == 1.0
    monkeypatch.setitem(globals(), "LIMIT", 3.0)
    assert df(5.0) == 3.0


def sine(x):
    return np.sin(x)


def nine(g, out, x):
    return (9.0 * g,)


def test_rules_for_the_calls_in_a_block():
    def f(x, k):
        with adgen.override_gradient({np.sin: lambda g, out, x: (7.0 * g,)}):
            a = sine(x)
            with adgen.override_gradient({np.sin: nine, np.multiply: lambda g, out, x, y: (g, g)}):
                b = np.sin(x) + np.multiply(x, k)
            c = np.sin(x)
        return a + 10.0 * b + 100.0 * c + 1000.0 * np.sin(x)

    df = adgen.grad(f)
    assert df(0.0, 5.0) == 7 + 90 + 10 + 700 + 1000
    assert adgen.grad(df)(0.0, 5.0) == 0.0
    with pytest.raises(adgen.UnsupportedError, match="define the rule outside"):

        def g(x, k):
            with adgen.override_gradient({np.sin: lambda g, out, x: (k * g,)}):
                return np.sin(x)

        adgen.grad(g)(0.0, 2.0)


def test_rules_are_captured_where_a_gradient_is_made():
    with adgen.override_gradient({sine: nine}):
        df = adgen.grad(lambda x: sine(x) * x)
        with adgen.override_gradient({sine: lambda g, out, x: (g,)}):
            inner = adgen.grad(lambda x: sine(x) * x)
    plain = adgen.grad(lambda x: sine(x) * x)
    assert (df(0.0), inner(1.0), plain(0.0)) == (0.0, math.sin(1.0) + 1.0, 0.0)
    assert adgen.grad(df)(1.0) == 18.0
    with adgen.override_gradient({sine: nine}), pytest.raises(adgen.UsageError, match="other rules"):
        adgen.grad(plain)


def test_blocks_of_threads_do_not_meet():
    found = {}
    barrier = threading.Barrier(3)

    def work(k):
        def rule(g, out, x):
            return (float(k) * g,)

        with adgen.override_gradient({sine: [rule, nine, lambda g, out, x: (5.0 * g,)][k]}):
            barrier.wait(10)
            df = adgen.grad(lambda x: sine(x))
            barrier.wait(10)
        found[k] = df(1.0)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == {0: 0.0, 1: 9.0, 2: 5.0}


def test_a_missing_rule_is_named_before_anything_runs(capsys):
    magic = np.frompyfunc(lambda a: a, 1, 1)

    def f(x):
        print("running")
        return np.sum(magic(x))

    with pytest.raises(LookupError) as e:
        adgen.grad(f)(X)
    text = str(e.value)
    assert __file__ in text and "magic(x)" in text and "^" in text
    assert all(way in text for way in ("NumPy", "register", "stop_gradient"))
    assert capsys.readouterr().out == ""
    adgen.register_vjp(magic, lambda g, out, x: (g,))
    np.testing.assert_array_equal(adgen.grad(lambda x: np.sum(magic(x)))(X), np.ones(4))


# --- rules for what the library's table says otherwise


V2 = np.array([0.5, 1.5])


@pytest.mark.parametrize("fn", [np.sign, np.round, np.floor, np.rint, np.ceil, np.trunc])
def test_straight_through_rules_for_steps(fn):
    def f(v):
        return np.sum(fn(v) * v)

    def inside(v):
        with adgen.override_gradient({fn: lambda g, out, x: (g * 4.0,)}):
            a = fn(v)
        return np.sum(a * v)

    with adgen.override_gradient({fn: lambda g, out, x: (g * 4.0,)}):
        df = adgen.grad(f)
    assert numeric.equal(df(V2), fn(V2) + 4.0 * V2)
    assert numeric.equal(adgen.grad(inside)(V2), fn(V2) + 4.0 * V2)
    assert numeric.equal(adgen.grad(f)(V2), fn(V2))


def test_rules_for_structural_functions():
    with adgen.override_gradient({np.where: lambda g, out, c, a, b: (None, g * 2.0, g * 3.0)}):
        df = adgen.grad(lambda v: np.sum(np.where(v > 1.0, v, v * v)))
    assert numeric.equal(df(V2), 2.0 + 6.0 * V2)


def test_a_rule_for_one_mode_leaves_none_for_the_other():
    with adgen.override_gradient({np.sin: lambda g, out, x: (3.0 * g,)}):
        with pytest.raises(adgen.NoGradientError, match=r"np\.sin has no forward"):
            adgen.jvp(lambda v: np.sin(v), (1.0,), (1.0,))
    adgen.register_vjp(np.heaviside, lambda g, out, a, b: (g * 5.0, None), replace=True)
    assert numeric.equal(adgen.grad(lambda v: np.sum(np.heaviside(v, 0.5)))(V2), np.array([5.0, 5.0]))


def test_active_arguments_that_a_rule_says_nothing_of_are_refused():
    @adgen.custom_vjp
    def by_keyword(a, b=2.0, *, c=3.0):
        return a * b * c

    @by_keyword.defvjp
    def by_keyword_vjp(g, out, a, b=2.0, *, c=3.0):
        return g * b * c, g * a * c

    @adgen.custom_vjp
    def short(a, b=2.0):
        return a * b

    short.defvjp(lambda g, out, a: (g * 7.0,))

    @adgen.custom_vjp(nondiff="c")
    def held(a, *, c):
        return a * c

    held.defvjp(lambda g, out, a, *, c: (g * c,))

    assert adgen.grad(lambda a: by_keyword(b=a, a=2.0))(1.5) == 6.0
    assert adgen.grad(lambda a: short(a, 3.0))(1.5) == 7.0
    assert adgen.grad(lambda a: held(a, c=a))(1.5) == 1.5
    for f, name in ((lambda a: by_keyword(2.0, c=a), "'c'"), (lambda a: short(2.0, a), "'b'")):
        with pytest.raises(adgen.NoGradientError, match=f"gives no gradient of {name}"):
            adgen.grad(f)(1.5)


def test_functions_of_objects_with_two_results():
    both = np.frompyfunc(lambda a, b: (a * b, a + b), 2, 2)

    def f(a, b):
        product, total = both(a, b)
        return np.sum(product * 3.0 + total)

    with pytest.raises(adgen.NoGradientError):
        adgen.grad(f)(V2, V2)
    adgen.register_vjp(both, lambda g, out, a, b: (g[0] * b + g[1], g[0] * a + g[1]))
    assert numeric.equal(adgen.grad(f, wrt=(0, 1))(V2, V2 + 1.0), (3.0 * V2 + 4.0, 3.0 * V2 + 1.0))
