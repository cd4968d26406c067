"""Programs whose second derivative was once wrong or crashed, and forms of NumPy that are not calls."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import adgen
from tests.nasty.table import v, w


def bound_in_an_inner_loop(center):
    s = 0.0
    for _ in range(2):
        t = 0.0
        for _ in range(3):
            p = t * np.array([0.4, 0.4, 1.0])
            t += np.linalg.norm(p - center)
        for _ in range(2):
            s += np.linalg.norm(p + 3 - center)
    return s


def found_or_not(x):
    s = 0.0
    for i in range(3):
        hit = False
        for _ in range(2):
            p = x * (i + 1.0)
            if p[0] < 1.0:
                hit = True
        if hit:
            for _ in range(2):
                s += np.sum((p + np.zeros(3)) ** 3)
    return s


def skipped_rotations(a):
    a = a.copy()
    for p in range(2):
        for q in range(p + 1, 3):
            if abs(a[p, q]) < 0.3:
                continue
            turn = np.eye(3)
            turn[p, q] = a[p, q]
            a = turn @ a @ turn.T
    return np.sum(a * a)


def factor_in_place(x):
    a = x @ x.T + 4 * np.eye(len(x))
    n = a.shape[0]
    for k in range(n):
        a[k, k] **= 0.5
        a[k + 1 :, k] = a[k + 1 :, k] / a[k, k]
        a[k + 1 :, k + 1 :] -= np.outer(a[k + 1 :, k], a[k + 1 :, k])
    return np.sum(np.tril(a) * np.arange(16.0).reshape(4, 4))


@pytest.mark.parametrize(
    ("f", "x"),
    [(factor_in_place, w(4, 4)), (bound_in_an_inner_loop, v(3)), (found_or_not, v(3)), (skipped_rotations, w(3, 3))],
)
def test_second_derivative(f, x):
    df, d, h = adgen.grad(f), w(*x.shape), 1e-5
    expected = (df(x + h * d) - df(x - h * d)) / (2 * h)
    _, pullback = adgen.vjp(df, x)
    np.testing.assert_allclose(pullback(d)[0], expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(adgen.jvp(df, (x,), (d,))[1], expected, rtol=1e-6, atol=1e-6)


def grids(x):
    n, m = x.shape
    rows, columns = np.mgrid[0:n, 0:m]
    left, top = np.ogrid[-1 : 1 : n * 1j, :m]
    (line,) = np.mgrid[0:n,]
    return np.sum(x * rows * columns) + np.sum(x**2 * left * top) + np.sum(np.mgrid[1:n] * x[1:, 0]) + line @ x[:, 1]


def joined(x):
    r = np.r_[0:3, 5, x[0], 2.5]
    c = np.c_[x[:, 0], x[:, 1:] ** 2]
    part = np.s_[1:, ::2]
    return np.sum(r**2) + np.sum(c**3) + np.sum(x[part]) + np.sum(x[np.index_exp[0]]) + np.sum(x[range(len(x))] ** 2)


@pytest.mark.parametrize("f", [grids, joined])
def test_brackets(f):
    adgen.check_grads(f, (w(3, 4),), order=2)


def test_brackets_keep_the_dtype():
    value, (d_x,) = adgen.value_and_grad(lambda x: np.r_[x, 1.0, x[:1]], wrt=(0,))(np.ones(3, np.float32))
    assert value.dtype == d_x.dtype == np.float32


def test_text_in_brackets_is_refused():
    with pytest.raises(adgen.UnsupportedError, match="brackets"):
        adgen.grad(lambda x: np.r_["1", x, x].sum())(w(3, 3))


def heads(x, n):
    """np.split gives as many parts as the program says."""
    pairs = list(map(lambda part: np.split(part, n, axis=-1), np.split(x, 2, axis=-1)))
    return sum(np.sum(q * k.T) for q, k in zip(*pairs))


def test_parts_of_split_are_known():
    adgen.check_grads(lambda x: heads(x, 2), (w(2, 8),), order=2)


def in_columns(x):
    n = len(x)
    a = np.zeros([n, 2])
    a[:, 1] = x
    return np.sum(a**2) + np.sum(x.reshape([n, 1]) * np.full([2, n, 1], x[0])) + np.sum(np.tile(x, [2, 1])[1] ** 3)


def drawn(x, rng):
    return np.sum(rng.normal(0.0, 1.0, size=[2, 3, len(x)]) * x)


def test_shapes_may_be_lists():
    adgen.check_grads(in_columns, (w(3),), order=2)
    d_x = adgen.grad(drawn)(w(4), np.random.default_rng(3))
    np.testing.assert_allclose(d_x, np.random.default_rng(3).normal(0.0, 1.0, size=(2, 3, 4)).sum(axis=(0, 1)))


def test_shapes_of_unknown_rank_are_refused():
    with pytest.raises(adgen.UnsupportedError):
        adgen.grad(lambda x, k: np.sum(np.zeros([len(x) for _ in range(k)]) + x))(w(3), 2)
    with pytest.raises(adgen.UnsupportedError):
        adgen.grad(lambda x: np.sum(np.zeros(np.array([2, len(x)])) + x))(w(3))


def middle_item(x):
    _, b, _ = x
    return b * b


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex64, np.complex128])
def test_gradient_of_an_unpacked_array_has_its_dtype(dtype):
    """Zeros for the items that are not used are doubles: they must not make the whole one of doubles."""
    x = np.array([1.0, 2.0, 3.0], dtype)
    (d,) = adgen.vjp(middle_item, x)[1](dtype(1.0))
    assert d.dtype == dtype and d.tolist() == [0.0, 4.0, 0.0]
    assert adgen.grad(lambda x: np.real(middle_item(x)))(x).dtype == dtype


def nested_sum(rows):
    return np.sum(np.sin(rows) * np.asarray(rows))


def test_second_derivative_by_lists_of_lists():
    rows, d = [[0.3, 0.7], [1.1, 0.2]], [[1.0, -0.5], [0.2, 0.4]]
    df = adgen.grad(nested_sum)
    x = np.array(rows)
    expected = (2 * np.cos(x) - x * np.sin(x)) * d
    np.testing.assert_allclose(adgen.jvp(df, (rows,), (d,))[1], expected)
    np.testing.assert_allclose(adgen.vjp(df, rows)[1](d)[0], expected)


def test_an_array_of_conditions_is_refused():
    """NumPy takes its rows for the conditions."""
    with pytest.raises(adgen.UnsupportedError, match="array of conditions"):
        adgen.grad(lambda x: np.sum(np.piecewise(x, x > 0.5, [np.sin, np.cos])))(w(2, 2))
    with pytest.raises(adgen.UnsupportedError, match="1 conditions"):
        adgen.grad(lambda x: np.sum(np.piecewise(x, [x > 0.5], [np.sin, np.cos, np.exp])))(v(3))


def functions_of_other_names(x, k):
    """`np.emath.sqrt`, `np.ma.max` and the like are not the functions that NumPy itself has under these names."""
    some = np.ma.masked_greater(k, 2)
    return x * np.abs(np.emath.sqrt(k[0])) + x * float(np.ma.max(some)) + x * float(np.ma.where(k > 2, 0, k).sum())


def test_functions_are_called_by_their_names():
    k = np.array([-4, 1, 2, 5])
    value, d_x = adgen.value_and_grad(functions_of_other_names)(1.5, k)
    assert value == functions_of_other_names(1.5, k) and d_x == 3.0


X = np.array([0.3, 0.8, 1.4])


def doubled(d):
    d["a"] *= 2.0
    return [d, d]


def test_one_dict_at_two_places_of_the_result():
    value, tangent = adgen.jvp(doubled, ({"a": X},), ({"a": X},))
    for found in (*value, *tangent):
        np.testing.assert_array_equal(found["a"], 2.0 * X)
    assert not np.shares_memory(tangent[0]["a"], tangent[1]["a"])


def test_items_of_items_without_a_gradient():
    def f(x):
        pairs = []
        for i in range(2):
            pairs = pairs + [((i, j), x[j]) for j in range(3)]
        s = 0.0
        for (i, j), q in pairs:
            if q > 1e9:
                return 0.0
            s += q**2 * (i + 2 * j)
        return s

    _, pullback = adgen.vjp(adgen.grad(f), X)
    np.testing.assert_allclose(pullback(np.ones(3))[0], [2.0, 10.0, 18.0])


def test_an_index_that_no_list_has():
    def f(x):
        s = None
        return x[0] * [1.0, 2.0][s]

    with pytest.raises(adgen.UnsupportedError, match="index of type NoneType"):
        adgen.grad(f)(X)


def test_attributes_of_a_namespace():
    def f(x):
        space = SimpleNamespace(a=x * 2.0)
        space.b = space.a * x
        return np.sum(space.b)

    np.testing.assert_array_equal(adgen.grad(f)(X), 4.0 * X)


def bound_on_two_of_three_paths(x):
    if x[0] > 0.0:
        y = x * x
    elif x[1] > -1.0:
        y = x[::-1]
    else:
        return np.sum(x)
    return np.sum(y * x)


@pytest.mark.parametrize("sign", [1.0, -1.0, -9.0])
def test_a_pullback_keeps_what_one_path_alone_binds(sign):
    adgen.check_grads(bound_on_two_of_three_paths, (sign * X,), order=1)
