"""Lengths that are only known when the program runs: what the backward part keeps for them, and that it is right."""

from __future__ import annotations

import numpy as np
import pytest

import adgen


def w(*shape):
    n = int(np.prod(shape))
    return (np.cos(1.3 * np.arange(n) + 0.4) * (1.0 + 0.1 * np.arange(n))).reshape(shape)


def swapped(u, v, c, steps):
    for _ in range(steps):
        v[1:-1] = u[1:-1] + c * (u[2:] - u[:-2])
        u, v = v, u
    return np.sum(u**2)


def gates(a, b, x):
    h = np.zeros(len(b))
    n = len(b)
    for t in range(len(x)):
        z = a * x[t] + np.sum(h)
        forget = 1.0 / (1.0 + np.exp(-z[:n]))
        fresh = np.tanh(z[n:])
        h = forget * h + forget * fresh + b
    return np.sum(h**2)


def shrinking(v, p):
    while len(v) > 2:
        rest = p * v[:-1] + (1.0 - p) * v[1:]
        v = np.maximum(rest, 0.3 * v[0])
    return np.sum(v**3)


def on_one_path(x, y, n):
    total = 0.0
    for i in range(n):
        if i % 2:
            part = x[i:] * y
            total = total + np.sum(np.concatenate((part * 2.0, y[:i]))) ** 2
            y = part[:1]
    return total


@pytest.mark.parametrize(
    "f, args",
    [
        (swapped, (w(5), w(5) + 0.5, 0.3, 3)),
        (swapped, (w(3), w(3) + 0.5, 0.3, 4)),
        (swapped, (w(3), w(5) + 0.5, 0.3, 1)),  # one number is written into three cells
        (gates, (w(4), w(2), w(3))),
        (gates, (w(2), w(1), w(3))),
        (gates, (w(3), w(2), w(3))),  # one number for two
        (shrinking, (w(6), 0.4)),
        (on_one_path, (w(5), w(1), 4)),
    ],
)
def test_gradients_with_lengths_of_run_time(f, args):
    kept = [np.copy(a) for a in args]
    adgen.check_grads(f, args, order=1 if f is on_one_path else 2)
    _, pullback = adgen.vjp(f, *args)
    once, twice = pullback(1.0), pullback(2.0)
    for a, k, g, h in zip(args, kept, once, twice):
        np.testing.assert_array_equal(a, k)
        if isinstance(a, np.ndarray):
            assert g.shape == a.shape
            np.testing.assert_allclose(2.0 * g, h)


def test_shapes_are_kept_and_not_arrays():
    gradient = adgen.grad(swapped, wrt=("u", "v"))  # linear in both
    gradient(w(5), w(5), 0.3, 2)
    kept = [line for line in gradient.source.splitlines() if "_saved.append" in line or "saved.append" in line]
    assert kept
    assert all(".shape)" in line for line in kept)


def step_of_lorenz(state, rates):
    x, y, z = state
    s, r, b = rates
    return np.array([s * (y - x), x * (r - z) - y, x * y - b * z])


def lorenz(rates, start, steps):
    state = start
    for _ in range(steps):
        half = state + 0.005 * step_of_lorenz(state, rates)
        state = state + 0.01 * step_of_lorenz(half, rates)
    return np.sum(state**2)


def test_known_numbers_of_items_need_no_shapes():
    gradient = adgen.grad(lorenz, wrt=("rates", "start"))
    args = (np.array([10.0, 28.0, 2.6]), w(3), 4)
    gradient(*args)
    assert "unbroadcast" not in gradient.source
    assert "shape" not in gradient.source
    adgen.check_grads(lorenz, args, order=2)


def stepped(x, tol):
    s = 0.0
    for i in range(5, -1, -2):
        s += x[i] * x[i - 1] * s + x[i] * i
        if s > tol:
            break
    return s


def nested(x, tol):
    s = 0.0
    for i in range(4):
        for j in range(i, 4):
            s += x[i] * x[j] * (i + 1)
            if s > tol:
                break
        s *= 0.9
    return s


@pytest.mark.parametrize("f", [stepped, nested])
@pytest.mark.parametrize("tol", [-1.0, 1.0, 1e9])
def test_loops_that_end_early_count_back(f, tol):
    adgen.check_grads(f, (w(6), tol), order=2)
    gradient = adgen.grad(f)
    gradient(w(6), tol)
    assert "i_saved" not in gradient.source
    assert "j_saved" not in gradient.source


def advection(u, speed, dx, steps):
    for _ in range(steps):
        old = u.copy()
        u[1:] = old[1:] - speed / dx**2 * (old[1:] - old[:-1])
    return np.sum(u**2)


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_what_iterations_share_is_kept_once(steps):
    args = (w(5), 0.3, 0.7, steps)
    adgen.check_grads(advection, args, order=2)
    gradient = adgen.grad(advection, wrt=("u", "speed"))
    gradient(*args)
    assert gradient.source.count("saved = []") == 1
    _, pullback = adgen.vjp(advection, *args)
    np.testing.assert_allclose(pullback(1.0)[0], gradient(*args)[0])


def by_rows(x, c, n):
    s = 0.0
    for i in range(n):
        for j in range(i):
            a = np.exp(c * i) * x
            s = s + np.sum(a * np.sin(c) * s) + np.sum(a) * j
    return s + c


@pytest.mark.parametrize("n", [0, 1, 3])
def test_inner_loops_without_iterations_keep_nothing(n):
    adgen.check_grads(by_rows, (w(3), 0.4, n), order=2)


def swept(u):
    u = u * 1.0
    for i in range(1, 4):
        for j in range(1, 4):
            u[i, j] = u[i, :j] @ u[j, :j] + u[i - 1, j] * u[i, j] + u[i, i]
        u[i, 0] = u[i, 3] ** 2
    return np.sum(u**2)


def distances(x, y):
    n, m = len(x), len(y)
    d = np.ones((n + 1, m + 1)) * x[0]
    for i in range(n - 1, -1, -1):
        for j in range(m - 1, -1, -1):
            d[i, j] = x[i] * y[j] + d[i + 1, j] * d[i, j + 1] + 0.1 * d[i + 1, j + 1] ** 2
    return d[0, 0]


@pytest.mark.parametrize("f, args", [(swept, (w(4, 4),)), (distances, (w(3), w(4)))])
def test_cells_that_are_read_again_are_not_written_later(f, args):
    adgen.check_grads(f, args, order=2)


# --- names that a loop binds first, to arrays of another length in each iteration


def longer(x, s):
    z = 0.0
    for k in range(1, 4):
        part = x[:k] * s
        z = z + np.sum(part**2)
    return z + np.sum(part)


def first_short_then_long(x, s):
    z = 0.0
    for k in range(1, 4, 2):  # what belongs to one length fits the other
        part = x[:k] * s
        z = z + np.sum(part**2)
    return z * np.sum(part)


def picked(x, s):
    while np.sum(x > 0.5) > 0:
        mask = x > 0.5
        x = x.copy()
        x[mask] = x[mask] * 0.4
        part = x[mask]
    return np.sum(part**2) * s + np.sum(x)


def picked_twice(x, s):
    for k in range(3):
        mask = x > 0.37 * k
        part = x[mask] ** 2
        y = x * 1.0
        y[mask] = part * s
        x = y
    return np.sum(part) + np.sum(x**2)


@pytest.mark.parametrize("f", [longer, first_short_then_long, picked, picked_twice])
def test_lengths_that_differ_from_iteration_to_iteration(f):
    adgen.check_grads(f, (np.array([0.7, 1.2, 1.3, 0.4]), 0.8), order=2)


# --- what masks and counting indices are known for


def masked(x):
    mask = x > 0
    y = np.zeros_like(x)
    y[mask] = np.sqrt(x[mask]) * 2.0
    y[~mask] = x[~mask] * x[~mask]
    return np.sum(y * x)


def masked_rows(x):
    mask = x[:, 0] > 0
    rows = x[mask]
    y = np.zeros_like(x)
    y[mask] = rows * rows
    y[~mask] = x[~mask] * 3.0
    return np.sum(y * x)


def one_for_all(x):
    y = np.ones(4)
    y[x > -9.0] = x[(x > -0.5) & (x < 0.0)]
    return np.sum(y * x)


def changed_mask(x):
    mask = x > 0
    y = x[mask]
    mask[0] = not mask[0]
    return np.sum(y[:1] * x[mask])


def entropy(x):
    p = np.exp(x)
    p = p / p.sum(axis=1, keepdims=True)
    return -np.sum(np.log(p[np.arange(x.shape[0]), np.array([1, 0, 1])]))


V, M = np.array([0.7, -0.2, 1.3, 0.4]), np.array([[0.5, -0.3], [-0.2, 0.9], [1.0, 2.0]])


@pytest.mark.parametrize("f, x", [(masked, V), (masked_rows, M), (one_for_all, V), (changed_mask, V), (entropy, M)])
def test_masks_and_counting_indices(f, x):
    adgen.check_grads(f, (x,), order=2)


def test_code_for_masks_and_counting_indices():
    for f, x, word in ((masked, V, "unbroadcast"), (masked_rows, M, "unbroadcast"), (entropy, M, ".at(")):
        gradient = adgen.grad(f)
        gradient(x)
        assert word not in gradient.source


@pytest.mark.parametrize(
    "index", [np.arange(-1, 3), np.arange(2, -2, -1), np.array([0, 0, 1, 2])], ids=["below", "down", "twice"]
)
def test_indices_that_may_name_a_cell_twice(index):
    def below(x):
        return np.sum(x[np.arange(-1, 3)] * V)

    def down(x):
        return np.sum(x[np.arange(2, -2, -1)] * V)

    def twice(x, k):
        return np.sum(x[k] * V)

    def spread(x, k):
        return np.sum(x[np.arange(1), k] * V)

    x = V[:3]
    expected = np.zeros(3)
    np.add.at(expected, index, V)
    f = below if index[0] == -1 else down if index[0] == 2 else twice
    found = adgen.grad(f)(x, *((index,) if f is twice else ()))
    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(adgen.grad(spread)(x[None], index)[0], expected)


def convolved(x, k):
    n, m = x.shape[0], k.shape[0]
    out = np.zeros(n - m + 1)
    for i in range(m):
        out += x[i : i + n - m + 1] * k[i]
    return np.sum(out**2)


def test_where_something_stands_is_computed_again():
    adgen.check_grads(convolved, (w(6), w(3)), order=2)
    gradient = adgen.grad(convolved)
    gradient(w(6), w(3))
    assert "saved.append" not in gradient.source or ".shape)" in gradient.source
    assert "x[i:i + n - m + 1]" in gradient.source


def test_signs_of_constants_meet():
    def cost(x):
        return -np.mean(x[np.arange(x.shape[0]), np.array([1, 0, 1])] - np.log(np.sum(np.exp(x), axis=1)))

    adgen.check_grads(cost, (M,), order=1)
    gradient = adgen.grad(cost)
    gradient(M)
    assert "-(-" not in gradient.source
