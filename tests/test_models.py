"""Objects of the user's classes as arguments: gradients by all of their numbers, or by parts of them."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace

import numpy as np
import pytest

import adgen
from tests import numeric


class Dense:
    def __init__(self, n, m, rng):
        self.w = rng.normal(size=(n, m))
        self.b = np.zeros(m)
        self.act = np.tanh
        self.name = f"dense{n}"

    def __call__(self, x):
        return self.act(x @ self.w + self.b)


class Net:
    scale = 2.0

    def __init__(self):
        rng = np.random.default_rng(0)
        self.layers = [Dense(2, 3, rng), Dense(3, 1, rng)]
        self.gain = 1.5
        self.depth = 2
        self.calls = 0

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return self.scale * x * self.gain

    def loss(self, x, y):
        return np.mean((self(x) - y) ** 2)

    @adgen.grad(wrt="self.layers[0].w")
    def slope(self, x, y):
        return np.mean((self(x) - y) ** 2)

    def by_index(self, x):
        for i in range(self.depth):
            x = self.layers[i](x)
        return x.sum()

    def counted(self, x):
        self.calls = self.calls + 1
        return self.gain * x * self.calls


def loss(model, x, y):
    return model.loss(x, y)


X, Y = np.random.default_rng(1).normal(size=(4, 2)), np.ones((4, 1))


def contents(v):
    return [contents(i) for i in v] if isinstance(v, list) else {k: contents(i) for k, i in vars(v).items()} if (
        hasattr(v, "__dict__") and not callable(getattr(v, "dtype", None)) and not isinstance(v, np.ufunc)
    ) else v  # fmt: skip


def test_a_model_has_a_gradient_of_its_structure():
    net = Net()
    before = copy.deepcopy(contents(net))
    value, d = adgen.value_and_grad(loss, wrt="model")(net, X, Y)
    assert np.isclose(value, net.loss(X, Y))
    assert isinstance(d, SimpleNamespace) and list(vars(d)) == list(vars(net))
    assert (d.depth, d.calls, d.layers[0].name, d.layers[0].act) == (None,) * 4
    assert all(g.w.shape == layer.w.shape for g, layer in zip(d.layers, net.layers, strict=True))
    assert numeric.equal(contents(net), before)
    adgen.check_grads(loss, (net, X, Y), order=1)
    moved = copy.deepcopy(net)
    moved.layers[0].w[1, 2] += 1e-6
    assert np.isclose((moved.loss(X, Y) - value) / 1e-6, d.layers[0].w[1, 2], rtol=1e-4)


def test_paths_into_a_model():
    net = Net()
    whole = adgen.grad(loss, wrt="model")(net, X, Y)
    b, gain = adgen.grad(loss, wrt=("model.layers[1].b", "model.gain"))(net, X, Y)
    assert (b, gain) == (whole.layers[1].b, whole.gain)
    assert numeric.equal(adgen.grad(Net.loss, wrt="self.layers[0].b")(net, X, Y), whole.layers[0].b)
    assert numeric.equal(net.slope(X, Y), whole.layers[0].w)
    assert adgen.grad(loss, wrt="model.gain").wrt == ("model.gain",)
    part = adgen.grad(loss, wrt="model.layers[-1]")(net, X, Y)
    assert numeric.equal(part.b, whole.layers[1].b)
    assert adgen.grad(adgen.grad(loss, wrt="model.gain"), wrt="model.gain")(net, X, Y) > 0


def test_bound_methods():
    net = Net()
    whole = adgen.grad(loss, wrt="model")(net, X, Y)
    df = adgen.grad(net.loss, wrt="self.gain")
    assert df(X, Y) == pickle.loads(pickle.dumps(df))(X, Y) == df.specialize(X, Y)(net, X, Y) == whole.gain
    assert adgen.grad(net.loss, wrt=("self.gain", 0))(X, Y)[1].shape == X.shape
    assert adgen.grad(net.loss, wrt="self")(X, Y).gain == whole.gain
    assert adgen.vjp(net.loss, X, Y, wrt="self.gain")[1](1.0) == whole.gain
    assert adgen.vjp(loss, net, X, Y)[1](1.0)[0].gain == whole.gain


def test_numbers_that_decide_what_is_computed():
    net = Net()
    d = adgen.grad(Net.by_index, wrt="self.layers[0].b")
    assert d(net, X).shape == (3,)
    net.depth = 1
    assert np.allclose(d(net, X), (1 - np.tanh(X @ net.layers[0].w) ** 2).sum(axis=0))

    def f(p, x):
        return np.sum(np.sum(p["w"] * x, axis=p["axis"]) ** 2)

    w = np.arange(4.0).reshape(2, 2)
    for axis in (0, 1):
        got = adgen.grad(f)({"w": w, "axis": axis}, 2.0)
        want = 8.0 * np.broadcast_to(w.sum(axis, keepdims=True), (2, 2))
        assert numeric.equal(got, {"w": want, "axis": None})


def test_what_is_no_source_is_refused():
    net = Net()
    for path, kind in (("model.depth", TypeError), ("model.layers[0].name", TypeError), ("model.q", ValueError)):
        with pytest.raises(kind, match=path.replace("[", r"\[")):
            adgen.grad(loss, wrt=path)(net, X, Y)


def test_attributes_that_are_assigned():
    net = Net()
    assert adgen.grad(Net.counted, wrt="self.gain")(net, 3.0) == 3.0
    assert net.calls == 0
    gradient = [adgen.grad(Net.counted, wrt="x")(net, 3.0) for _ in range(2)]
    assert gradient == [net.gain, 2.0 * net.gain]
    assert net.calls == 2  # it is not differentiated: its state is left as the function leaves it


def test_objects_of_other_kinds():
    class Loop:
        def __init__(self):
            self.v = 2.0
            self.me = self

    class Slots:
        __slots__ = ("a", "b")

        def __init__(self):
            self.a = 3.0

    assert adgen.grad(lambda n: n.v**2, wrt="n")(Loop()).v == 4.0
    assert adgen.grad(lambda n: n.a**2, wrt="n.a")(Slots()) == 6.0
    assert adgen.grad(lambda n: n.a**2)(SimpleNamespace(a=3.0)) == SimpleNamespace(a=6.0)


def test_tangents_of_objects():
    net = Net()
    direction = SimpleNamespace(layers=None, gain=1.0, depth=None, calls=None)
    direction.layers = [SimpleNamespace(w=np.ones_like(v.w), b=v.b, act=None, name=None) for v in net.layers]
    d = adgen.grad(loss, wrt="model")(net, X, Y)
    want = d.gain + sum(g.w.sum() for g in d.layers)
    assert np.isclose(adgen.jvp(loss, (net, X, Y), (direction, None, None))[1], want)


def test_objects_go_to_unknown_functions_as_they_are(capsys):
    def f(net, x):
        print(repr(net)[:5])
        return net.gain * x

    class Shown:
        def __init__(self):
            self.gain = 2.0

        def __repr__(self):
            return "shown"

    seen = []
    space = {"seen": seen}
    exec("def keep(v):\n    seen.append(v)\n", space)
    keep = space["keep"]

    def g(net, x):
        keep(net)
        return x * 2.0

    net = Shown()
    assert adgen.grad(g, wrt="x")(net, 3.0) == 2.0 and seen == [net]
    with pytest.raises(adgen.UnsupportedError):
        adgen.grad(lambda net, x: keep(net) or net.gain * x, wrt="net.gain")(net, 3.0)
