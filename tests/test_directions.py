"""Forward mode by names of locals, tags and parts of parameters: the transpose of the gradient by the same names."""

from __future__ import annotations

import numpy as np
import pytest

import adgen
from tests import numeric

V = np.array([1.0, 2.0])


def chain(x):
    y = x * x
    z = y * y
    return z


def known(x):
    for _ in range(3):
        x = adgen.tag(x * x, "s")
    return x


def counted(n, x):
    for i in range(1, n, 2):
        x = adgen.tag(np.sin(x) * i + x, "s")
    return x


def endless(x):
    while x < 100.0:
        x = adgen.tag(x * x, "s")
    return x


def leaving(x):
    s = 0.0
    for i in range(6):
        if i % 2 == 0:
            continue
        x = adgen.tag(x * 1.5, "s")
        if x > 6.0:
            break
        for j in range(i):
            s = s + adgen.tag(x * j, "w") ** 2
    return s + x


def structured(x):
    p = {"a": x * 2, "b": (x * 3, 5), "n": "s"}
    return (p["a"] * p["b"][0]).sum()


def of_parts(params, x):
    return params["w"] @ x + params["b"][0] * params["b"][1] ** 2


class Model:
    def __init__(self):
        self.w = V.copy()
        self.layers = [{"b": 1.0}, {"b": 2.0}]

    def loss(self, x):
        return np.sum((self.w * x) ** 2) * self.layers[0]["b"] * self.layers[1]["b"]


def params():
    return {"w": V, "b": [2.0, 3.0], "n": 1}


def like(gradient, random):
    """Return a random direction of the structure of a gradient."""
    if isinstance(gradient, dict):
        return {k: like(v, random) for k, v in gradient.items()}
    if isinstance(gradient, (list, tuple)):
        return type(gradient)([like(v, random) for v in gradient])
    return None if gradient is None else random.normal(size=np.shape(gradient))[()]


@pytest.mark.parametrize(
    ("f", "args", "wrt"),
    [
        (chain, (3.0,), "y"),
        (chain, (V,), "y"),
        (chain, (V,), ("y", "x")),
        (known, (1.2,), "s"),
        (counted, (6, 0.5), ("x", "s")),
        (endless, (2.0,), "s"),
        (leaving, (2.0,), ("s", "w")),
        (structured, (V,), ("p", "x")),
        (of_parts, (params(), V), ("params['w']", "params['b'][-1]")),
        (of_parts, (params(), V), ("params['b']", "x")),
        (Model().loss, (V,), ("self.w", "self.layers[1]['b']")),
        (adgen.grad(chain), (3.0,), "y"),
        (lambda p: p[0][1] * p[1][0] * 3.0, ([[1.0, 2.0], [3.0, 4.0]],), "p[0][1]"),
    ],
)
def test_directions_are_the_transpose_of_gradients(f, args, wrt):
    random = np.random.default_rng(0)
    gradient = adgen.grad(f, wrt=wrt)(*args)
    direction = like(gradient, random)
    value, tangent = adgen.jvp(f, args, direction, wrt=wrt)
    assert np.allclose(value, f(*args))
    assert np.allclose(np.sum(tangent), numeric.inner(gradient, direction))


def test_targets_and_what_is_held_constant():
    assert adgen.jvp(chain, (3.0,), 1.0, wrt="y", of="y") == (9.0, 1.0)
    assert adgen.jvp(chain, (3.0,), (1.0, 1.0), wrt=("y", "x"), stop_gradients="y") == (81.0, 18.0)
    assert adgen.jvp(chain, (3.0,), (None, 1.0), wrt=("y", "x")) == (81.0, 108.0)
    assert adgen.jvp(chain, (3.0,), None, wrt="y") == (81.0, None)
    value, tangent = adgen.jvp(chain, (V.astype(np.float32),), [1, 0], wrt="y")
    assert value.dtype == tangent.dtype == np.float32
    assert adgen.jvp(structured, (V,), {"a": V, "b": (None, None), "n": None}, wrt="p")[1] == 15.0


@pytest.mark.parametrize(
    ("f", "args", "wrt", "tangents", "error", "shown"),
    [
        (chain, (V,), "y", [1.0], ValueError, "shape"),
        (chain, (V,), "y", 1.0, ValueError, "shape"),
        (known, (2.0,), "s", [1.0, 2.0], ValueError, "2 tangents for 3"),
        (counted, (6, 0.5), "s", [1.0] * 4, ValueError, "4 tangents for 3"),
        (endless, (2.0,), "s", [1.0, 2.0], IndexError, "out of range"),
        (structured, (V,), "p", {"a": V}, ValueError, "1 tangents for 3"),
        (of_parts, (params(), V), "params['w']", V[:1], TypeError, "does not fit"),
        (of_parts, (params(), V), "params['n']", 1.0, TypeError, "no derivative"),
        (of_parts, (params(), V), "params['q']", 1.0, ValueError, "no such part"),
        (chain, (V,), "q", V, ValueError, "no parameter or local"),
        (chain, (V,), ("x", "y"), (V,), ValueError, "1 tangents for 2 names"),
    ],
)
def test_directions_that_do_not_fit(f, args, wrt, tangents, error, shown):
    with pytest.raises(error, match=shown):
        adgen.jvp(f, args, tangents, wrt=wrt)
