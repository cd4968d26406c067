"""What is held constant: `stop_gradient` on any structure, `stop_gradients` by name, and what only feeds a stop."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import adgen

V = np.array([0.5, -2.0, 3.0])


def no_source(text):
    """A function without source: a call of it can't be followed."""
    space = {"np": np}
    exec(text, space)
    return space["f"]


secret = no_source("def f(a):\n    return 2.0 * np.sum(np.asarray(a) ** 0)\n")


@dataclass
class Pair:
    a: float
    b: list


def test_structures():
    def f(x):
        p = adgen.stop_gradient(Pair(x * 2, [x * 3, (x * 4, 1)]))
        d = adgen.stop_gradient({"k": x * 5, "l": [x, x]})
        return x * (p.a + p.b[0] + p.b[1][0] * p.b[1][1]) + d["k"] * x + d["l"][1] * x

    assert adgen.grad(f)(3.0) == 45.0


def test_other_names_of_the_same_value_are_not_cut():
    def named(x):
        y = x
        return (y * x).sum()

    def called(x):
        y = adgen.stop_gradient(x)
        return (y * x).sum()

    assert adgen.grad(named, stop_gradients="y")(V).tolist() == adgen.grad(called)(V).tolist() == V.tolist()


@pytest.mark.parametrize("where", ["view", "object", "dict"])
def test_writes_through_other_names_are_refused(where):
    def view(x):
        u = x * 1.0
        y = adgen.stop_gradient(u[1:])
        u[1] = 10.0
        return (y * u[:2]).sum()

    def obj(x):
        u = x * 2.0
        y = adgen.stop_gradient(u)
        y[0] = 7.0
        return (u * u).sum()

    def in_dict(x):
        d = {"a": x * 2.0}
        e = adgen.stop_gradient(d)
        e["a"] = x * 7.0
        return d["a"].sum()

    with pytest.raises(adgen.AliasError):
        adgen.grad({"view": view, "object": obj, "dict": in_dict}[where])(V)


def test_named_values_are_constant_at_every_definition():
    def assigned(x):
        y = x * x
        for _ in range(2):
            y = y * x
        return y * x

    def written(x):
        u = np.zeros(3)
        for i in range(3):
            u[i] = x * i
        return (u * x).sum()

    def fill(u, x):
        u[0] = x

    def in_callee(x):
        u = np.zeros(2)
        fill(u, x)
        return (u * x).sum()

    def grown(x):
        u = []
        for i in range(3):
            u.append(x * i)
        return sum(u) * x

    assert adgen.grad(assigned, stop_gradients="y")(3.0) == 81.0
    for f, want in ((written, 9.0), (in_callee, 3.0), (grown, 9.0)):
        assert adgen.grad(f, stop_gradients="u")(3.0) == want
        assert adgen.jvp(f, (3.0,), (1.0,), stop_gradients="u")[1] == want


@pytest.mark.parametrize(("f", "g"), [("np.round", "1.0 * "), ("np.sign", "np.tanh")])
def test_the_straight_through_estimator_leaves_no_trace(f, g, tmp_path):
    text = f"def estimate(x):\n    t = {g}(x)\n    return t + adgen.stop_gradient({f}(x) - t)\n"
    path = tmp_path / "estimate.py"
    path.write_text(text)
    space = {"np": np, "adgen": adgen, "__name__": "estimate", "__file__": str(path)}
    exec(compile(text, str(path), "exec"), space)
    df = adgen.grad(space["estimate"])
    value, found = adgen.value_and_grad(space["estimate"])(V)
    t = {"np.tanh": np.tanh}.get(g, lambda x: 1.0 * x)(V)
    assert np.allclose(value, {"np.round": np.round, "np.sign": np.sign}[f](V))
    assert np.allclose(found, 1 - t * t if g == "np.tanh" else 1.0) and np.array_equal(df(V), found)
    assert f not in df.source


def test_what_only_feeds_a_stop_needs_no_rule():
    def stopped(x):
        k = secret(x)
        return x * adgen.stop_gradient(float(k))

    def stopped_object(x):
        return x * float(adgen.stop_gradient(secret(x)))

    def named(x):
        k = secret(x)
        return x * float(k)

    def rounded(x):
        return x * np.round(float(secret(x)))

    def partitioned(x):
        return x * adgen.stop_gradient(np.sum(np.partition(x, 1)))

    assert adgen.grad(stopped)(3.0) == adgen.grad(stopped_object)(3.0) == adgen.grad(rounded)(3.0) == 2.0
    assert adgen.grad(named, stop_gradients="k")(3.0) == 2.0
    assert adgen.grad(partitioned)(V).tolist() == [1.5] * 3
    with pytest.raises(LookupError, match="no rule and no source"):
        adgen.grad(named)(3.0)


def test_where_the_result_needs_a_rule_it_is_asked_for():
    def looped(x):
        s = 0.0
        for _ in range(3):
            s = s + float(secret(x))
        return s

    def listed(x):
        found = []
        for _ in range(2):
            found.append(float(secret(x)))
        return found[0] * x

    def branched(x):
        y = x
        if x > 0:
            y = float(secret(x))
        return y

    for f in (looped, listed, branched, lambda x: {"a": x, "b": float(secret(x))}):
        with pytest.raises(adgen.NoGradientError):
            adgen.grad(f)(3.0)


def test_rules_before_a_stop_are_not_called():
    calls = []

    @adgen.custom_vjp
    def triple(x):
        return 3.0 * x

    @triple.defvjp
    def triple_vjp(g, out, x):
        calls.append(1)
        return (g * 100.0,)

    assert adgen.grad(lambda x: adgen.stop_gradient(triple(x)) * x)(3.0) == 9.0
    assert calls == []


def test_the_other_path_counts():
    def f(a, b):
        c = adgen.stop_gradient(a + b)
        d = a + b
        return c + d

    def g(w1, w2):
        a = w1 * 3
        return adgen.stop_gradient(a) * w2

    assert adgen.grad(f, wrt=(0, 1))(2.0, 3.0) == (1.0, 1.0)
    assert adgen.value_and_grad(g, wrt=(0, 1))(2.0, 2.0) == (12.0, (None, 6.0))


def test_stops_hold_in_the_gradient_of_a_gradient():
    def f(x):
        return x * x * adgen.stop_gradient(x)

    inner = adgen.grad(f)
    assert adgen.grad(inner)(3.0) == 6.0
    assert adgen.grad(lambda x: inner(x) + 0.0)(3.0) == 6.0


def test_what_holds_no_values_is_refused():
    with pytest.raises(adgen.UnsupportedError, match="an iterator"):
        adgen.grad(lambda x: sum(adgen.stop_gradient(zip([x], [x])), ()))(3.0)
