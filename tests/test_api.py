"""The public functions, over a compiler that is replaced by texts written by hand."""

from __future__ import annotations

import copy
import functools
import inspect
import math
import pickle
import subprocess
import sys
import threading
from collections import namedtuple
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import adgen
from adgen.api import custom, rulebook
from adgen.api.signature import SIMPLE, key_of, show_key, static_key
from adgen.api.types_of import Symbols, type_of_key
from tests import handwritten

rate = 3.0


def square(x, a=0.5):
    """Return a x²."""
    return a * x * x


def wrong(x, a=0.5):
    return a * x * x


def scaled(x):
    return rate * x


def baked(x):
    return rate * x


def helper(x):
    return 10.0 * x


def caller(x):
    return helper(x)


def outside(x):
    return helper(x)


def summed(x, axis=0):
    return np.sum(x, axis=axis)


def collected(p):
    return p


def varied(a, *xs, k=1.0, **kw):
    return a


@adgen.grad
def decorated(x, a=0.5):
    return a * x * x


beside = adgen.value_and_grad(decorated.primal, wrt=(0, "a"))
Pair = namedtuple("Pair", "a b")


@dataclass
class Record:
    w: np.ndarray
    n: int


class Model:
    @adgen.grad(wrt="x")
    def square(self, x):
        return x * x


@pytest.fixture(autouse=True)
def compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("ADGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "adgen.pipeline", None)
    handwritten.install()
    adgen.clear_cache()
    before = dict(rulebook._entries)
    yield handwritten.calls
    for fn in rulebook._installed:
        custom.load_registry()._by_fn.pop(fn, None)
    rulebook._entries.clear()
    rulebook._entries.update(before)  # those of other modules
    rulebook._installed.clear()
    adgen.clear_cache()


# --- the gradient as an object


def test_three_ways_to_make_one():
    assert adgen.grad(square)(3.0) == 3.0
    assert adgen.grad(wrt="x")(square)(3.0, 1.0) == 6.0
    assert adgen.value_and_grad(square, wrt=0)(3.0, a=1.0) == (9.0, 6.0)


def test_it_looks_like_the_function():
    df = adgen.grad(square)
    assert (df.__name__, df.__doc__, df.__module__) == ("square", "Return a x².", __name__)
    assert str(inspect.signature(df)) == "(x, a=0.5)"
    assert not hasattr(df, "__wrapped__")
    assert df.primal is square and df.wrt == ("x",)
    assert "square" in repr(df)
    assert "<pre>" in df._repr_html_()


def test_arguments_bind_as_python_binds_them(compiler):
    df = adgen.grad(varied)
    assert df(1.0, 2.0, 3.0, k=4.0, z=5.0) == (1.0, (2.0, 3.0), 4.0, {"z": 5.0})
    assert df(1.0) == (1.0, (), 1.0, {})
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'a'"):
        df()
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        adgen.grad(square)(1.0, z=2.0)


def test_a_default_of_a_later_call_is_the_primals():
    def square(x, a=0.5):
        return a * x * x

    df = adgen.grad(square)
    assert df(1.0) == 1.0
    assert df(1.0, 2.0) == 4.0


def test_methods_bind(compiler):
    handwritten._square, kept = (
        lambda r: handwritten.Derived("def g(self, x):\n    return 2.0 * x\n", "g"),
        handwritten._square,
    )
    try:
        assert Model().square(3.0) == 6.0
    finally:
        handwritten._square = kept


def test_one_text_per_signature(compiler):
    df = adgen.grad(square)
    x = np.ones((2, 3))
    for v in (1.0, 2.0, x, x + 1, x[:1], x.astype(np.float32), np.float64(1.0), np.float32(1.0)):
        df(v)
    assert len(compiler) == 6
    assert len(df.source.split("import numpy as np")) == 2  # one text, six signatures


def test_source_is_under_one_line_for_each_text():
    df = adgen.grad(square)
    df(1.0)
    assert df.source.startswith("# x: float, a: float\nimport numpy as np\n")


def test_assumed_source_says_so():
    source = adgen.grad(square).source
    assert "Assumed" in source and "x: float64[:], a: float" in source and "--sig" in source


@pytest.mark.parametrize(("value", "cure"), [(3, "x=3.0"), (np.arange(3), "astype"), ("3", "float"), (None, "float")])
def test_what_is_not_floating_is_refused(value, cure):
    with pytest.raises(TypeError, match="parameter 'x'") as e:
        adgen.grad(square)(value)
    assert isinstance(e.value, adgen.TypeMismatchError)
    assert cure in str(e.value)


@pytest.mark.parametrize("wrt", [5, "z", (), ("x", 0), 1.5, True])
def test_wrt_must_make_sense(wrt):
    with pytest.raises(adgen.UsageError):
        adgen.grad(square, wrt=wrt)


@pytest.mark.parametrize("fn", [np.sum, int, len, 3])
def test_what_has_no_source_of_its_own_is_refused(fn):
    with pytest.raises(adgen.TypeMismatchError):
        adgen.grad(fn)


def test_functions_with_a_rule_are_differentiated_themselves(real):
    @adgen.custom_vjp
    def powered(x, n=3):
        return x**n

    @powered.defvjp
    def powered_vjp(g, out, x, n):
        return 30.0 * g * x * x, None

    assert adgen.grad(powered)(2.0) == 120.0
    assert adgen.vjp(powered, 2.0)[1](1.0) == (120.0,)
    with pytest.raises(adgen.CheckError):
        adgen.check_grads(powered, (2.0,), modes=("rev",), order=1)


def test_specialised_functions_check_their_arguments():
    df = adgen.grad(square)
    fast, bare = df.specialize(np.ones(3), 0.5), df.bare(np.ones(3), 0.5)
    assert fast(np.ones(3), 0.5).tolist() == bare(np.ones(3), 0.5).tolist() == [1.0, 1.0, 1.0]
    assert "raise TypeError" in fast.source and "raise TypeError" not in inspect.getsource(bare)
    for bad in (1.0, np.ones((3, 1)), np.ones(1), np.ones(3, np.float32), [1.0]):
        with pytest.raises(TypeError, match=r"x: float64\[:\], a: float"):
            fast(bad, 0.5)


def test_specialised_functions_may_name_variables_like_what_the_check_uses(real):
    def f(type, ndarray, len, TypeError):
        float64 = ndarray * ndarray
        return np.sum(type * float64) * len[1]

    args = np.ones((2, 1)), np.ones((2, 3)), (1.0, 2.0), None
    fast = adgen.grad(f, wrt=("type", "ndarray")).specialize(*args)
    assert [d.tolist() for d in fast(*args)] == [[[6.0], [6.0]], [[4.0] * 3] * 2]
    others = [(bad, *args[1:]) for bad in (np.ones((2, 3)), np.ones((1, 1)), np.ones((1, 3)), np.ones(2), 1.0)]
    for given in (*others, (*args[:2], (1.0,), None), (*args[:3], "odd")):
        with pytest.raises(TypeError, match="generated for"):
            fast(*given)


@pytest.mark.parametrize("df", [decorated, beside, adgen.grad(square, wrt="a")])
def test_gradients_pickle(df):
    again = pickle.loads(pickle.dumps(df))
    assert (again.primal, again.wrt, again.mode) == (df.primal, df.wrt, df.mode)
    handwritten._decorated = handwritten._square
    assert again(3.0, 1.0) == df(3.0, 1.0)
    assert copy.copy(df).primal is df.primal


def test_decorated_pickles_by_name():
    assert pickle.loads(pickle.dumps(decorated)) is decorated


def test_an_error_names_the_users_line():
    df = adgen.grad(square)
    with pytest.raises(TypeError) as e:
        df(1.0, "s" * 3)
    assert any("test_api.py" in note and "line 11" in note for note in e.value.__notes__)
    assert any(entry.name == "square_grad" for entry in e.traceback)


def test_generated_lines_can_be_read():
    df = adgen.grad(square)
    df(1.0)
    assert inspect.getsource(df.bare(1.0, 1.0)) == "def square_grad(x, a):\n    return 2.0 * a * x\n"


def test_threads_share_one_text(compiler):
    df = adgen.grad(square)
    found = []
    threads = [threading.Thread(target=lambda: found.append(df(2.0))) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found == [2.0] * 16
    assert len(compiler) == 1


# --- what a text relies on


def test_globals_are_read_live(compiler, monkeypatch):
    df = adgen.grad(scaled)
    assert df(1.0) == 3.0
    monkeypatch.setitem(globals(), "rate", 4.0)
    assert df(1.0) == 4.0
    assert len(compiler) == 1
    monkeypatch.setitem(globals(), "rate", np.ones(2))
    assert df(1.0).tolist() == [1.0, 1.0]
    assert len(compiler) == 2


def test_cells_are_read_live_and_closures_share_a_text(compiler):
    def make(c):
        def enclosed(x):
            return c * x

        def change(v):
            nonlocal c
            c = v

        return enclosed, change

    f, change = make(2.0)
    df = adgen.grad(f)
    assert df(1.0) == 2.0
    change(5.0)
    assert df(1.0) == 5.0
    assert adgen.grad(make(7.0)[0])(1.0) == 7.0
    assert len(compiler) == 1
    assert adgen.grad(make(7)[0])(1.0) == 7
    assert len(compiler) == 2


def test_baked_values_are_guarded(compiler, monkeypatch):
    df = adgen.grad(baked)
    assert df(1.0) == 3.0
    monkeypatch.setitem(globals(), "rate", 4.0)
    assert df(1.0) == 4.0
    assert len(compiler) == 2


def test_a_new_callee_is_seen_at_once(compiler, monkeypatch):
    df = adgen.grad(caller)
    assert df(1.0) == 10.0
    assert df(1.0) == 10.0
    monkeypatch.setitem(globals(), "helper", lambda x: 20.0 * x)
    assert df(1.0) == 20.0
    assert len(compiler) == 2


def test_new_code_of_a_callee_is_seen_at_once(monkeypatch):
    df = adgen.grad(caller)
    assert df(1.0) == 10.0
    monkeypatch.setattr(helper, "__code__", (lambda x: 30.0 * x).__code__)
    assert df(1.0) == 30.0


def test_an_external_function_is_guarded(monkeypatch):
    df = adgen.grad(outside)
    assert df(1.0) == 10.0
    monkeypatch.setitem(globals(), "helper", lambda x: 20.0 * x)
    assert df(1.0) == 20.0


def test_new_code_of_the_function_is_seen_at_once(compiler):
    def square(x, a):
        return a * x * x

    df = adgen.grad(square)
    df(1.0, 1.0)
    square.__code__ = (lambda x, a: a * x).__code__
    df(1.0, 1.0)
    assert len(compiler) == 2


def test_static_values_become_part_of_the_signature(compiler):
    df = adgen.grad(summed)
    x = np.ones((2, 3))
    assert [df(x, a) for a in (0, 1, 0, (0, 1))] == [0, 1, 0, (0, 1)]
    assert df(x, True) is True
    assert [r.statics for r in compiler] == [{}, {"axis": 0}, {"axis": 1}, {"axis": (0, 1)}, {"axis": True}]
    assert "axis: int = 1" in df.source


# --- signatures


def test_structures_have_keys_by_shape():
    assert key_of([1.0, 2.0]) == key_of([3.0]) != key_of([1.0, 2])
    assert key_of([np.ones(2), np.ones(3)]) == key_of([np.ones(4)])
    assert key_of({"a": 1.0}) != key_of({"b": 1.0})
    assert key_of(Pair(1.0, 2)) != key_of((1.0, 2))
    assert show_key(key_of(Record(np.ones((2, 1)), 3))).endswith("Record(w=float64[:, 1], n=int)")
    for value in (1.0, np.ones((2, 1)), [1.0], [], [1.0, 2], {"a": (1.0,)}, Pair(1.0, 2), object(), np.array("a")):
        hash(key_of(value))


def test_types_agree_with_the_rules_types():
    from adgen.rules.lattice import skeleton, type_of_value

    values = [
        1,
        1.0,
        True,
        1j,
        "s",
        None,
        np.float32(1),
        np.ones((2, 1)),
        [1.0],
        [],
        [1.0, 2],
        {"a": (1.0,)},
        Pair(1.0, 2),
    ]
    values += [Record(np.ones(2), 1), [np.ones((1, 2)), np.ones((2, 1))], np.array("a"), object(), {(1, 2): 3.0}]
    for v in values:
        assert skeleton(type_of_key(key_of(v), Symbols())) == skeleton(type_of_value(v)), v


def test_static_keys_tell_equal_values_apart():
    assert len({static_key(v) for v in (1, 1.0, True, 0.0, -0.0, (1,), (True,))}) == 7
    assert static_key(float("nan")) == static_key(float("nan"))
    assert float in SIMPLE


# --- vjp and jvp


def test_vjp_answers_any_number_of_times():
    value, pullback = adgen.vjp(square, 3.0, 2.0)
    assert value == 18.0
    assert (pullback(1.0), pullback(2.0), pullback(1.0)) == ((12.0, 9.0), (24.0, 18.0), (12.0, 9.0))
    assert "square_pullback" in pullback.source


def test_vjp_leaves_out_what_is_not_floating():
    assert adgen.vjp(square, 3.0, 2)[1](1.0) == (12.0, None)
    assert adgen.vjp(square, 3.0, a=2.0)[1](1.0) == (12.0,)


def test_jvp():
    assert adgen.jvp(square, (3.0, 2.0), (1.0, None)) == (18.0, 12.0)
    assert adgen.jvp(square, (3.0, 2.0), (1.0, 1.0)) == (18.0, 21.0)
    assert adgen.jvp(square, (3.0, 2), (1.0, None)) == (18.0, 12.0)


@pytest.mark.parametrize(
    ("primals", "tangents"),
    [((3.0,), (np.ones(2),)), ((np.ones(2),), (np.ones(3),)), ((np.ones(2),), ([1.0, 2.0, 3.0],)), ((3,), (1.0,))],
)
def test_jvp_refuses_tangents_that_do_not_fit(primals, tangents):
    with pytest.raises(adgen.TypeMismatchError, match="x"):
        adgen.jvp(square, primals, tangents)


def test_jvp_wants_one_tangent_per_primal():
    with pytest.raises(adgen.UsageError):
        adgen.jvp(square, (1.0, 2.0), (1.0,))


# --- rules of the user's


def test_custom_functions_are_still_functions():
    @adgen.custom_vjp
    def cube(x):
        """Cube."""
        return x**3

    @cube.defvjp
    def cube_rule(g, out, x):
        return (3.0 * x * x * g,)

    assert cube(2.0) == 8.0
    assert cube.__doc__ == "Cube."
    custom.install_rules()
    row = custom.load_registry().find(cube)
    assert row.vjp == {"*": cube_rule} and row.kind == "rule" and row.params == ("x",)


def test_registering_twice_wants_replace():
    adgen.register_vjp(helper, lambda g, out, x: (g,))
    assert adgen.has_rule(helper) and not adgen.has_rule(caller)
    with pytest.raises(adgen.RegistrationError, match="already"):
        adgen.register_vjp(helper, lambda g, out, x: (g,))
    adgen.register_vjp(helper, lambda g, out, x: (g,), replace=True)
    adgen.register_jvp(helper, lambda t, out, x: t[0])
    with pytest.raises(adgen.RegistrationError):
        adgen.register_vjp(np.tanh, lambda g, out, x: (g,))


def test_a_rule_must_take_the_arguments():
    with pytest.raises(adgen.RegistrationError, match=r"takes 2 arguments.*needs 3"):
        adgen.register_vjp(helper, lambda g, x: (g,))


def test_registering_a_rule_makes_gradients_anew(compiler):
    df = adgen.grad(caller)
    df(1.0)
    adgen.register_vjp(helper, lambda g, out, x: (g,))
    df(1.0)
    assert len(compiler) == 2


def test_overrides_hold_for_gradients_made_inside(compiler):
    def rule(g, out, x):
        return (g,)

    with adgen.override_gradient({helper: rule}):
        df = adgen.grad(caller)
    df(1.0)
    adgen.grad(caller)(1.0)
    assert [r.options.overrides for r in compiler] == [((helper, rule),), ()]


def test_stop_gradient_is_the_identity():
    x = np.ones(2)
    assert adgen.stop_gradient(x) is x


# --- checking


def test_check_grads_accepts_what_is_right():
    adgen.check_grads(square, (3.0, 2.0), order=1)
    adgen.check_grads(square, (3.0, 2), order=1)
    adgen.check_grads(square, (np.array([1.0, 2.0]), np.array([0.5, 3.0])), order=1)
    adgen.check_grads(square, (np.float32(3.0), np.float32(2.0)), order=1)


def test_check_grads_reports_what_is_wrong():
    with pytest.raises(AssertionError, match="rev  x") as e:
        adgen.check_grads(wrong, (3.0, 2.0), order=1)
    assert isinstance(e.value, adgen.CheckError)
    assert "fwd  x" in str(e.value) and "rev  a" not in str(e.value)
    with pytest.raises(adgen.UsageError):
        adgen.check_grads(square, (3, 2))


# --- over the compiler itself


@pytest.fixture
def real(compiler, monkeypatch):
    monkeypatch.delitem(sys.modules, "adgen.pipeline")


def cube(x):
    return x * x * x


def tripled(x):
    return cube(x) * 3.0


def test_stop_gradient_cuts(real):
    assert adgen.grad(lambda x: x * adgen.stop_gradient(x))(3.0) == 3.0


def test_an_overriding_rule_is_used(real):
    with adgen.override_gradient({cube: lambda g, out, x: (11.0 * g,)}):
        df = adgen.grad(tripled)
    assert (df(1.0), adgen.grad(tripled)(1.0)) == (33.0, 9.0)


def test_registered_rules_are_used(real):
    df = adgen.grad(tripled)
    assert df(1.0) == 9.0
    adgen.register_vjp(cube, lambda g, out, x: (5.0 * g,))
    adgen.register_jvp(cube, lambda t, out, x: 7.0 * t[0])
    assert df(1.0) == 15.0
    assert adgen.jvp(tripled, (1.0,), (1.0,)) == (3.0, 21.0)


def test_a_rule_with_too_many_gradients_is_named(real):
    def two(g, out, x):
        return (g, g)

    adgen.register_vjp(cube, two)
    with pytest.raises(adgen.AdgenError, match="two"):
        adgen.grad(tripled)(1.0)


def test_a_redefined_callee_is_used(real, monkeypatch):
    df = adgen.grad(tripled)
    assert df(2.0) == 36.0
    monkeypatch.setitem(globals(), "cube", lambda x: x)
    assert df(2.0) == 3.0


def test_second_derivatives_are_checked(real):
    adgen.check_grads(lambda x, y: np.sum(x * np.sin(y)), (np.ones(3), np.ones(3) + 1.0), order=2)


def test_a_failing_index_names_the_users_line(real):
    def third(x):
        return x[2] * 2.0

    with pytest.raises(IndexError) as e:
        adgen.value_and_grad(third)(np.ones(2))
    assert "return x[2] * 2.0" in e.value.__notes__[0]


# --- typing and imports


@pytest.mark.slow
def test_type_checkers_keep_the_signature():
    """Each line of typing_cases.py that ends in `# error` must be one, and no other."""
    cases = Path(__file__).parent / "typing_cases.py"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent", str(cases)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = {int(line.split(":")[1]) for line in done.stdout.splitlines() if ": error:" in line}
    wanted = {i for i, line in enumerate(cases.read_text().splitlines(), 1) if line.endswith("# error")}
    assert found == wanted, done.stdout + done.stderr


def test_importing_adgen_reads_no_rules():
    names = ("gast", "astunparse", "adgen.rules", "adgen.frontend")
    script = f"import sys, adgen; print([m for m in sys.modules if m.startswith({names})])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


class Regression:
    def __init__(self, w):
        self.w = w
        self.bias = 1.0

    def loss(self, x, scale=2.0):
        return np.sum((x @ self.w + self.bias) ** 2) * scale

    def __call__(self, x):
        return self.loss(x, 1.0)


def test_bound_methods_and_objects_read_their_attributes_live(real):
    model, x = Regression(np.array([1.0, 2.0])), np.array([[0.5, 0.3], [0.1, 0.7]])

    def expected(scale):
        return 2.0 * scale * (x @ model.w + model.bias)[:, None] * model.w

    loss, whole = adgen.grad(model.loss), adgen.grad(model)
    for _ in range(2):
        assert np.allclose(loss(x), expected(2.0))
        assert np.allclose(loss(x, scale=3.0), expected(3.0))
        assert np.allclose(whole(x), expected(1.0))
        model.w, model.bias = model.w * 2.0, 3.0
    assert np.allclose(adgen.vjp(model.loss, x)[1](1.0)[0], expected(2.0))


def test_ufuncs_math_functions_and_partials(real):
    assert math.isclose(adgen.grad(np.sin)(1.0), math.cos(1.0))
    assert adgen.grad(np.multiply, wrt=(0, 1))(2.0, 3.0) == (3.0, 2.0)
    assert math.isclose(adgen.grad(math.exp)(1.0), math.e)

    def power(a, x, c):
        return a * x**c

    assert adgen.grad(functools.partial(power, 3.0, c=2))(2.0) == 12.0


def test_wrt_a_part_of_a_parameter(real):
    def loss(params, x):
        return np.sum(np.tanh(x @ params["layers"][0]["w"] + params["b"]) ** 2)

    params = {"layers": [{"w": np.ones(2)}], "b": 0.5}
    x = np.array([[0.1, 0.2], [0.3, 0.4]])
    whole = adgen.grad(loss)(params, x)
    assert np.array_equal(adgen.grad(loss, wrt="params['layers'][0]['w']")(params, x), whole["layers"][0]["w"])
    d_b, d_x = adgen.grad(loss, wrt=("params['b']", "x"))(params, x)
    assert d_b == whole["b"] and d_x.shape == x.shape
    with pytest.raises(adgen.AdgenError, match="there is no 'q' in it"):
        adgen.grad(loss, wrt="params['q']")(params, x)
    with pytest.raises(adgen.AdgenError, match="no part of one"):
        adgen.grad(loss, wrt="params[")


def test_what_a_global_object_holds_is_read_at_each_call(real):
    x = np.array([0.5, 2.0])

    def scale(a, x):
        return np.sum(a * x)

    def make(a):
        held = functools.partial(scale, a)
        return lambda x: held(x)

    for a in (1.0, 2.0, np.array([3.0, 4.0])):
        assert np.array_equal(adgen.grad(make(a))(x), a * np.ones(2))
        assert np.array_equal(adgen.grad(functools.partial(scale, a))(x), a * np.ones(2))
    options = SimpleNamespace(rate=1.0)
    model = Regression(np.ones(2))
    loss = model.loss
    rated, method = adgen.grad(lambda x: np.sum(x) * options.rate), adgen.grad(lambda x: loss(x))
    for _ in range(2):
        assert np.array_equal(rated(x), options.rate * np.ones(2))
        assert np.allclose(method(x), 4.0 * (x @ model.w + 1.0) * model.w)
        options.rate, model.w = 5.0, model.w * 3.0
