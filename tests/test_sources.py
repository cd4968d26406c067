"""Sources and targets by name: local variables, tags, parts of parameters; weights; what is not connected."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import adgen
from tests import numeric


def chain(x):
    y = x * x
    z = y * y
    return z


def plus(a):
    b = 2 * a
    c = a + b
    return c


def two(x):
    y0 = x**2
    y1 = 1 / x
    return y0, y1


V = np.array([1.0, 2.0])


# --- values in the midst of a function


def test_local_variables():
    assert adgen.grad(chain, wrt="y", of="z")(3.0) == 18.0
    assert adgen.value_and_grad(chain, wrt=("y", "x"), of="y")(3.0) == (9.0, (1.0, 6.0))
    assert adgen.grad(chain, wrt="x", of="y")(3.0) == 6.0
    assert adgen.grad(chain, wrt="z")(V).tolist() == [1.0, 1.0]


def test_a_sources_gradient_flows_on_to_earlier_ones():
    assert adgen.grad(plus, of="c", wrt=("a", "b"))(0.0) == (3.0, 1.0)
    assert adgen.grad(plus, of="c", wrt=("a", "b"), stop_gradients=("a", "b"))(0.0) == (1.0, 1.0)
    assert adgen.grad(plus, of="c", wrt="a", stop_gradients="b")(0.0) == 1.0


def test_several_targets():
    assert adgen.grad(two, of=("y0", "y1"))(2.0) == adgen.grad(two)(2.0) == 3.75
    assert [adgen.grad(two, of=n)(2.0) for n in ("y0", "y1")] == [4.0, -0.25]
    assert adgen.grad(lambda x: x * np.array([3.0, 4.0]))(np.float64(2.0)) == 7.0


def test_a_parameter_means_its_value_on_entry_in_wrt_and_at_the_end_in_of():
    def f(u):
        u[0] = u[1] * u[1]
        u = u * 2.0
        return u[1]

    assert adgen.grad(f, wrt="u", of="u")(V.copy()).tolist() == [0.0, 10.0]


def test_structures_of_locals():
    def f(x):
        p = {"a": x * 2, "b": (x * 3, 5), "n": "s"}
        return (p["a"] * p["b"][0]).sum()

    found = adgen.grad(f, wrt="p")(V)
    assert numeric.equal(found, {"a": 3 * V, "b": (2 * V, None), "n": None})


def test_branches():
    def f(x, k):
        if k > 0:
            y = x * x
            r = y * 3.0
        else:
            r = x
        return r

    df = adgen.grad(f, wrt="y")
    assert (df(2.0, 1), df(2.0, -1)) == (3.0, 0.0)
    assert df(V, 1).tolist() == [3.0, 3.0]
    assert df(V, -1) is None  # it was not made, so it has no shape


def test_names_of_methods():
    class Model:
        def __init__(self):
            self.w = 3.0

        def loss(self, x):
            h = self.w * x
            return h * h

    assert adgen.grad(Model().loss, wrt="h")(2.0) == 12.0


def test_second_order():
    assert adgen.grad(adgen.grad(chain, wrt="y"), wrt="y")(3.0) == 2.0
    assert adgen.grad(adgen.grad(chain, wrt="y"))(3.0) == 12.0
    assert adgen.grad(adgen.grad(chain, of="y"))(3.0) == 2.0
    dy = adgen.grad(chain, wrt="y")
    assert adgen.grad(lambda x: dy(x) ** 2)(3.0) == 432.0
    assert adgen.jvp(adgen.grad(chain, wrt="y"), (3.0,), (1.0,)) == (18.0, 12.0)


@pytest.mark.parametrize("where", ["twice", "loop", "branches", "item", "augmented", "unpacked"])
def test_ambiguous_names_are_refused_with_their_lines(where):
    def twice(x):
        y = x * 2
        y = y * 3
        return y

    def loop(x):
        for i in range(3):
            y = x * i
            x = x + y
        return x

    def branches(x):
        if x > 0:
            y = x
        else:
            y = -x
        return y

    def item(x):
        y = np.zeros(3)
        y[0] = x
        return y.sum()

    def augmented(x):
        y = np.ones(3) * x
        y += x
        return y.sum()

    def unpacked(x):
        y, z = x, x * x
        y, z = z, y
        return y - z

    fn = locals()[where]
    first = fn.__code__.co_firstlineno
    lines = {"branches": (2, 4), "loop": (2,)}.get(where, (1, 2))
    with pytest.raises(adgen.UsageError, match="which value of 'y' is meant") as e:
        adgen.grad(fn, wrt="y")(2.0)
    assert all(f"line {first + n}: " in str(e.value) for n in lines)
    assert "adgen.tag" in str(e.value)


def test_other_ways_to_be_ambiguous():
    def none(x):
        y = x * 2
        z = y * y
        y = 3
        return z * y

    def grown(x):
        y = []
        for i in range(3):
            y.append(x * i)
        return sum(y)

    def rebound(x):
        y = x * 2

        def more():
            nonlocal y
            y = y + 1

        more()
        return y * y

    def tagged(y):
        return adgen.tag(y * 2, "y")

    def cut_short(x):
        s = 0.0
        for v in (x, 2):
            s = s + v
            if s > 5.0:
                break
        else:
            s = 1.0
        y = s * x
        return y

    assert adgen.grad(cut_short, wrt="y")(2.0) == 1.0
    for f, text in ((none, "in 2 places"), (grown, "in 2 places"), (rebound, "a function inside"), (tagged, "the tag")):
        with pytest.raises(adgen.UsageError, match=text):
            adgen.grad(f, wrt="y")(2.0)


def test_names_that_nothing_has_are_refused():
    for options in ({"wrt": "q"}, {"of": "q"}, {"stop_gradients": "q"}):
        with pytest.raises(adgen.UsageError, match="'q': chain has no parameter.*\n.*x, y, z"):
            adgen.grad(chain, **options)

    def tagged(x):
        return adgen.tag(x * x, "t")

    for options in ({"wrt": "q"}, {"of": "q"}, {"stop_gradients": "q"}):
        with pytest.raises(adgen.UsageError, match="'q'"):
            adgen.grad(tagged, **options)(1.0)


# --- tags


def squares(x):
    for _ in range(3):
        x = adgen.tag(x * x, "sq")
    return x


def test_a_tag_in_a_loop_is_a_list():
    assert adgen.grad(squares, wrt="sq")(2.0) == [256.0, 32.0, 1.0]
    assert adgen.value_and_grad(squares, of="sq")(2.0) == ([4.0, 16.0, 256.0], 1060.0)
    assert adgen.grad(squares, wrt="sq", of="sq")(2.0) == [265.0, 33.0, 1.0]
    assert adgen.grad(squares, stop_gradients="sq")(2.0) is None
    assert squares(2.0) == 256.0


def test_tags_in_loops_of_every_kind():
    def grid(x):
        for _ in range(2):
            for _ in range(2):
                x = adgen.tag(x * 2.0, "q")
        return x

    def search(x):
        while x < 100.0:
            x = adgen.tag(x * x, "q")
        return x

    def sometimes(x):
        s = 0.0
        for i in range(4):
            if i % 2 == 0:
                s = s + (adgen.tag(x * i, "q") ** 2).sum()
        return s

    assert adgen.grad(grid, wrt="q")(1.0) == [[8.0, 4.0], [2.0, 1.0]]
    assert adgen.value_and_grad(grid, of="q")(1.0) == ([2.0, 4.0, 8.0, 16.0], 30.0)
    assert adgen.grad(search, wrt="q")(2.0) == [256.0, 32.0, 1.0]
    assert numeric.equal(adgen.grad(sometimes, wrt="q")(V), [0.0 * V, None, 4.0 * V, None])


def dense(w, x):
    return adgen.tag(np.tanh(x @ w), "h")


def net(ws, x):
    for w in ws:
        x = dense(w, x)
    return x.sum()


def test_tags_in_callees():
    rng = np.random.default_rng(0)
    ws, x = [rng.normal(size=(2, 3)), rng.normal(size=(3, 4))], np.ones(2)
    first, last = adgen.grad(net, wrt="h")(ws, x)
    assert last.tolist() == [1.0] * 4
    out = dense(ws[1], dense(ws[0], x))
    assert np.allclose(first, ws[1] @ (1 - out * out))
    assert [len(d) for d in adgen.grad(net, wrt="h")(ws[:1], x)] == [3]  # a list, for one layer as well
    assert adgen.grad(lambda w, x: dense(w, x).sum(), wrt="h")(ws[0], x).tolist() == [1.0] * 3


def test_a_tag_means_the_value_at_that_point():
    def f(x):
        u = adgen.tag(x * 2.0, "u")
        u[0] = 5.0 * u[1]
        return (u * u).sum()

    # u = (a, b): then (5b, b), and the sum is 26 b**2
    assert adgen.grad(f, wrt="u")(V).tolist() == [0.0, 208.0]
    assert adgen.grad(f, of="u")(V).tolist() == [2.0, 2.0]  # before the write


def test_a_tag_that_shares_memory_with_what_is_written_is_refused():
    def f(x):
        u = x * 2.0
        v = adgen.tag(u, "v")
        u[0] = 1.0
        return v.sum()

    with pytest.raises(adgen.AliasError):
        adgen.grad(f, wrt="v")(V)


# --- parts of parameters


def test_paths_have_the_activity_of_the_part_alone():
    def f(p, x):
        return (p["w"] * x).sum() + np.sum(np.partition(p["b"], 1))

    p = {"w": V, "b": V, "n": 3}
    assert adgen.grad(f, wrt="p['w']")(p, 2.0).tolist() == [2.0, 2.0]
    with pytest.raises(TypeError, match="n"):
        adgen.grad(f, wrt="p['n']")(p, 2.0)
    with pytest.raises(adgen.UsageError, match=r"\['w', 'b', 'n'\]"):
        adgen.grad(f, wrt="p['q']")(p, 2.0)


def test_items_of_lists():
    def f(ws, x):
        return (ws[0] * ws[1] * x).sum()

    assert adgen.grad(f, wrt="ws[1]")([V, 3 * V], 2.0).tolist() == [2.0, 4.0]
    assert numeric.equal(adgen.grad(f, wrt=("ws[-1]", "ws"))([V, 3 * V], 2.0), (2 * V, [6 * V, 2 * V]))


# --- weights


def test_output_gradients():
    assert adgen.grad(two, output_gradients=(2.0, 3.0))(2.0) == 7.25
    assert adgen.value_and_grad(two, output_gradients=[None, 3])(2.0) == ((4.0, 0.5), 3.25)
    assert adgen.grad(chain, wrt=("y", "x"), output_gradients=2.0)(3.0) == (36.0, 216.0)
    assert adgen.grad(lambda x: x * np.array([3.0, 4.0]), output_gradients=[2, 5])(np.float64(2.0)) == 26.0
    weighted = adgen.grad(two, output_gradients=(2.0, 3.0))
    assert pickle.loads(pickle.dumps(weighted))(2.0) == 7.25
    single = adgen.grad(lambda x: x * x, output_gradients=np.array([1.0, 2.0]))(V.astype(np.float32))
    assert single.dtype == np.float32


@pytest.mark.parametrize(
    ("seed", "shown"),
    [
        (np.ones(3), r"\(2,\).*\(3,\)"),
        (1.0, r"\(2,\).*float"),
        ({"a": 1.0}, r"\(2,\).*dict"),
        (np.ones((2, 1)), "2, 1"),
    ],
)
def test_output_gradients_that_do_not_fit_are_refused(seed, shown):
    with pytest.raises(TypeError, match=shown):
        adgen.grad(lambda x: x * x, output_gradients=seed)(V)
    with pytest.raises(TypeError, match=shown):
        adgen.vjp(lambda x: x * x, V)[1](seed)


def weighted(x, k):
    return x**2, {"a": np.sin(x) * k, "b": (x**3).sum()}


def test_weighted_gradients_are_differentiated_again():
    df = adgen.grad(weighted, output_gradients=(np.array([1.0, 5.0]), {"b": 2.0, "a": None}))
    second = np.array([1.0, 5.0]) * 2.0 - 2.0 * np.sin(V) + 12.0 * V

    def h(x):
        return np.sum(df(x, 2.0) ** 2)

    assert np.allclose(adgen.grad(df)(V, 2.0), second)
    assert np.allclose(adgen.jvp(df, (V, 2.0), (V, None))[1], second * V)
    assert np.allclose(adgen.grad(h)(V), 2.0 * df(V, 2.0) * second)
    df.output_gradients = (np.array([1.0, 5.0]), {"a": np.zeros(2), "b": 0.0})  # it is read at each call
    assert np.allclose(adgen.grad(h)(V), [8.0, 400.0])
    adgen.check_grads(adgen.grad(lambda x: x * x * x, output_gradients=[1, 2]), (V,))


def test_weights_of_items_in_a_list():
    assert adgen.grad(adgen.grad(two, output_gradients=[2.0, 3.0]))(2.0) == 4.75
    single = adgen.grad(lambda x: x * x, output_gradients=[1, 2])
    assert adgen.grad(lambda x: single(x))(V.astype(np.float32)).dtype == np.float32


@pytest.mark.parametrize("weights", [(V, {"b": 2.0}), (V, {"a": V, "c": 2.0}), V, 3.0, (V[:1, None], None)])
def test_weights_that_do_not_fit_where_a_gradient_is_called(weights):
    df = adgen.grad(weighted, output_gradients=weights)
    with pytest.raises(TypeError, match="output gradients"):
        adgen.compile(lambda x: df(x, 2.0))(V)


def test_what_a_gradient_holds_constant_another_one_of_it_does_not():
    held = adgen.grad(held_square, stop_gradients="y")
    assert held(3.0) == 9.0
    assert adgen.grad(held)(3.0) == 6.0
    assert adgen.jvp(held, (3.0,), (1.0,)) == (9.0, 6.0)
    assert adgen.grad(held, stop_gradients="y")(3.0) is None
    assert adgen.grad(adgen.grad(held))(3.0) == 2.0
    assert adgen.grad(lambda x: held(x) * x)(3.0) == 27.0


def held_square(x):
    y = x * x
    return x * y


# --- pullbacks


def test_pullbacks_by_name():
    assert adgen.vjp(chain, 3.0, wrt="y", of="z")[1](1.0) == 18.0
    value, pullback = adgen.vjp(chain, 3.0, wrt=("y", "x"), of="y")
    assert (value, pullback(2.0), pullback(1.0)) == (9.0, (2.0, 12.0), (1.0, 6.0))
    assert adgen.vjp(plus, 1.0, stop_gradients="b")[1](1.0) == (1.0,)
    assert adgen.jvp(chain, (3.0,), (1.0,), of="y") == (9.0, 6.0)
    assert adgen.jvp(plus, (3.0,), (1.0,), stop_gradients="b") == (9.0, 1.0)

    def own(x, of):
        return x * of

    assert adgen.vjp(own, 3.0, of=2.0)[1](1.0) == (2.0,)


def test_a_pullback_runs_the_function_once_and_releases_what_it_keeps():
    runs = []

    def exp(a):
        runs.append(1)
        return np.exp(a)

    adgen.register_vjp(exp, lambda g, out, a: (g * out,))

    def f(x):
        y = exp(x)
        return (y * y).sum()

    adgen.vjp(f, V)  # compiling tries exp out
    del runs[:]
    _, pullback = adgen.vjp(f, V)
    first = pullback(1.0)
    assert all(numeric.equal(pullback(1.0), first) for _ in range(3)) and len(runs) == 1
    kept = [weakref.ref(a) for a in pullback._residuals if isinstance(a, np.ndarray)]
    assert kept and all(r() is not None for r in kept)
    del pullback
    gc.collect()
    assert all(r() is None for r in kept)


# --- no connection


def test_unconnected_sources():
    def f(x, y):
        z = y**2
        q = x * 2
        return z

    x = np.ones(2, np.float32)
    assert adgen.grad(f, wrt=("x", "q"))(x, 3.0) == (None, None)
    zeros = adgen.grad(f, wrt=("x", "q"), unconnected_gradients="zero")(x, 3.0)
    assert all(z.dtype == np.float32 and z.tolist() == [0.0, 0.0] for z in zeros)
    assert adgen.grad(f, unconnected_gradients="zero")(2.0, 3.0) == 0.0


def test_branches_not_taken_give_zeros():
    def f(v0, v1, x):
        if x > 0:
            r = v0
        else:
            r = v1**2
        return r

    assert adgen.grad(f, wrt=(0, 1))(2.0, 3.0, 1.0) == (1.0, 0.0)
    assert adgen.grad(f, wrt="x")(2.0, 3.0, 1.0) is None


def test_zeros_of_what_may_not_be_made_are_refused():
    def f(x):
        if x.sum() > 0:
            y = x * 2
            print(y.shape)
        return x * x

    with pytest.raises(adgen.UsageError, match="made in a loop or branch"):
        adgen.grad(f, wrt="y", unconnected_gradients="zero")(V)


@pytest.mark.parametrize("value", [3, True, "s", None, np.arange(2)])
def test_sources_that_are_not_floating_are_refused(value):
    with pytest.raises(TypeError, match="'x'"):
        adgen.grad(lambda x: x)(value)


def test_integers_inside_give_no_gradient():
    def f(x):
        n = 3
        k = x.astype(int)
        return k * 2.0 + n

    assert adgen.grad(f)(V) is None
    for name in ("n", "k"):
        with pytest.raises(TypeError, match=f"{name}"):
            adgen.grad(f, wrt=name)(V)
    with pytest.raises(TypeError, match="int64"):
        adgen.grad(f, of="k")(V)


def test_arguments_stay_as_they_are():
    def f(p):
        h = p["w"]
        p["w"][0] = 7.0
        return h.sum()

    p = {"w": V.copy()}
    before = copy.deepcopy(p)
    adgen.grad(f, wrt="p['w']")(p)
    assert numeric.equal(p, before)


# --- tags of structures, met many times


def in_a_loop(x, n):
    for i in range(n):
        y = adgen.tag({"a": x * i, "b": [x, x * 2], "k": i}, "t")
        x = y["a"] + y["b"][1]
    return x


def unrolled(x):
    s = 0.0
    for f in (np.sin, np.cos):
        a, b = adgen.tag((f(x), x * 2), "t")
        s = s + a * b
    return s


def in_nested_loops(x):
    s = 0.0
    for i in range(2):
        for _ in range(i + 1):
            a, b = adgen.tag((x * i, x), "t")
            s = s + a * b * b
    return s


def on_two_paths(x, k):
    if k > 0:
        a, b = adgen.tag((x, x * 2), "t")
    else:
        a, b = adgen.tag((x * 3, x), "t")
    return a * b


def test_structures_with_a_tag_in_a_loop():
    df = adgen.grad(in_a_loop, wrt="t")
    rows = [{"a": v, "b": [None, v], "k": None} for v in (12.0, 4.0, 1.0)]
    assert df(2.0, 3) == rows and adgen.vjp(in_a_loop, 2.0, 3, wrt="t")[1](2.0)[2]["a"] == 2.0
    assert df(2.0, 0) == []
    sine, cosine = np.sin(0.5), np.cos(0.5)
    assert numeric.equal(adgen.grad(unrolled, wrt="t")(0.5), [(1.0, float(sine)), (1.0, float(cosine))])
    assert adgen.grad(in_nested_loops, wrt="t")(3.0) == [[(9.0, 0.0)], [(9.0, 18.0), (9.0, 18.0)]]
    assert adgen.grad(on_two_paths, wrt="t")(3.0, 1) == [(6.0, 3.0), (0.0, 0.0)]
    assert adgen.grad(on_two_paths, wrt="t")(3.0, 0) == [(0.0, 0.0), (3.0, 9.0)]
    with pytest.raises(adgen.UnsupportedError, match="direction of a structure"):
        adgen.jvp(in_a_loop, (2.0, 3), rows, wrt="t")
