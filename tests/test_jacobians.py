"""`adgen.jacobian`, `hessian` and `hvp`: outside and inside of functions, of structures, differentiated again."""

import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import adgen
from tests import numeric

A = np.array([[1.0, 2.0, 0.5], [0.3, -0.2, 0.7]])
X = np.array([0.3, -0.5, 0.8])


@dataclass
class Params:
    w: np.ndarray
    b: float


def layer(x, a=2.0):
    return np.tanh(A @ x) * a


def energy(x):
    return np.sum(np.tanh(A @ x) ** 3) * x[0]


def pairs(x):
    return np.outer(x, x**2)[:2]


def two(x, y):
    return {"a": x * y[0], "b": (np.sum(x) * y, 3)}


def shifted(x):
    x[1:] = x[:-1] * x[1:]
    return x


def columns(f, x, step=1e-6):
    """Return the central differences of each element of f's result."""
    parts = []
    for k in np.ndindex(x.shape):
        d = np.zeros(x.shape)
        d[k] = step
        parts.append((np.asarray(f(x + d)) - np.asarray(f(x - d))) / (2 * step))
    found = np.array(parts)
    return np.moveaxis(found, 0, -1).reshape(found.shape[1:] + x.shape)


@pytest.mark.parametrize("f", [layer, energy, pairs, shifted])
def test_jacobian(f):
    x = X.copy()
    found = adgen.jacobian(f)(x)
    np.testing.assert_allclose(found, columns(lambda x: np.array(f(x.copy())), X), atol=1e-7)
    np.testing.assert_array_equal(x, X)


def test_hessian_and_its_products():
    h = adgen.hessian(energy)(X)
    np.testing.assert_allclose(h, columns(adgen.grad(energy), X), atol=1e-7)
    np.testing.assert_allclose(adgen.hvp(energy)(X, X**2), h @ X**2, rtol=1e-12)
    np.testing.assert_allclose(adgen.jacobian(adgen.grad(energy))(X), h, rtol=1e-12)


def test_scalars_stay_scalars():
    def cube(x):
        return x**3

    assert (adgen.jacobian(cube)(2.0), adgen.hessian(cube)(2.0), adgen.hvp(cube)(2.0, 0.5)) == (12.0, 12.0, 6.0)
    assert adgen.jacobian(layer)(X.astype(np.float32), np.float32(1)).shape == (2, 3)
    assert adgen.jacobian(lambda x: x * 2)(np.float32([1, 2])).dtype == np.float32


def test_structures():
    found = adgen.jacobian(two, (0, "y"))(X, np.array([1.0, 2.0]))
    np.testing.assert_array_equal(found["a"][0], np.eye(3))
    np.testing.assert_array_equal(found["a"][1], np.stack([X, np.zeros(3)], axis=1))
    np.testing.assert_array_equal(found["b"][0][0], [[1.0] * 3, [2.0] * 3])
    assert found["b"][1] is None
    p = Params(X, 0.5)
    j = adgen.jacobian(lambda p: p.w * p.b)(p)
    assert isinstance(j, Params) and j.w.shape == (3, 3) and j.b.shape == (3,)
    h = adgen.hessian(lambda p: np.sum(p.w**2) * p.b, unconnected_gradients="zero")(p)
    np.testing.assert_array_equal(h.w.w, np.eye(3))
    np.testing.assert_array_equal(h.b.w, 2 * X)
    assert h.b.b == 0.0
    v = adgen.hvp(lambda p: np.sum(p.w**2) * p.b)(p, Params(np.ones(3), 1.0))
    np.testing.assert_allclose(v.w, 1.0 + 2 * X)
    assert v.b == pytest.approx(2 * np.sum(X))
    both = adgen.hvp(lambda x, k, y: np.sum(x * y) * k, (0, "y"))(X, 2, X, (np.ones(3), X))
    np.testing.assert_array_equal(both, (2 * X, np.full(3, 2.0)))


def test_no_connection():
    assert adgen.jacobian(lambda x, y: y, 0)(X, X) is None
    assert adgen.hessian(lambda x: x[0])(X) is None
    assert not adgen.hessian(lambda x: x[0], unconnected_gradients="zero")(X).any()
    assert not adgen.jacobian(lambda x, y: y, 0, unconnected_gradients="zero")(X, X[:2]).any()


def penalty(x):
    return np.sum(adgen.jacobian(layer)(x) ** 2)


def curvature(x):
    total = 0.0
    for k in range(3):
        total = total + np.trace(adgen.hessian(lambda z: x[0] * np.sum(z ** (k + 2)))(x))
    return total


def along(x):
    return np.sum(adgen.hvp(energy)(x, x**2) * x)


def solved(x):
    def f(z):
        return np.array([z[0] ** 2 + z[1] ** 2 - x[0], z[0] - z[1] * z[2], z[2] - x[2]])

    z = np.ones(3)
    for _ in range(2):
        z = z - np.linalg.solve(adgen.jacobian(f)(z), f(z))
    return np.sum(z)


made_outside = adgen.jacobian(pairs)


def called(x):
    return np.sum(made_outside(x) * x)


@pytest.mark.parametrize("f", [penalty, curvature, along, solved, called])
def test_inside_of_functions(f):
    assert adgen.compile(f)(X) == pytest.approx(f(X), rel=1e-12)
    found = adgen.grad(f)(X)
    np.testing.assert_allclose(found, numeric.gradient(f, (X,))[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(adgen.jvp(f, (X,), (X,))[1], found @ X, rtol=1e-10)


def test_the_function_runs_once():
    df = adgen.jacobian(layer)
    df(X)
    source = "\n".join(line for line in df.source.splitlines() if "#" not in line)
    assert source.count("np.tanh") == 1
    assert source.index("np.tanh") < source.index("for k in")


def test_names_and_errors():
    df = adgen.jacobian(layer, "a")
    assert df.wrt == ("a",)
    assert pickle.loads(pickle.dumps(df))(X, 2.0).shape == (2,)
    with pytest.raises(adgen.UsageError, match="no parameter or local"):
        adgen.jacobian(layer, "b")
    with pytest.raises(adgen.UsageError, match="is no parameter of"):
        adgen.jacobian(lambda p: p["w"] * 2.0, "p['w']")
    with pytest.raises(TypeError, match="is an int"):
        adgen.jacobian(lambda x: x * x)(3)
    with pytest.raises(ValueError, match="a tangent of shape"):
        adgen.hvp(energy)(X, np.ones(2))
    with pytest.raises(adgen.UsageError, match="other parameters than positional"):
        adgen.hvp(lambda *, x: x * x, "x")


def test_of_a_function_that_returns_a_view():
    def asked(x):
        _, pullback = adgen.vjp(lambda z: (z * z)[:2], x)
        return np.sum(pullback(x[:2])[0] * x)

    assert adgen.compile(asked)(X) == pytest.approx(2 * np.sum(X[:2] ** 3))
    np.testing.assert_allclose(adgen.jacobian(lambda z: (z * z)[1:])(X), 2 * np.diag(X)[1:])
