"""Combinations: lists of buffers in loops, gradients of lists, views in branches, saved values that are overwritten."""

import numpy as np

from tests.nasty.table import case, v, w


@case(lambda: (v(4), 3))
def list_of_buffers_updated(x, n):
    layers = [x * 1.0, x * 2.0]
    for k in range(n):
        layers[0] = layers[0] * layers[1]
        layers[1] = layers[1] + layers[0]
    return np.sum(layers[0] * layers[1])


@case(lambda: (v(4), 3))
def list_of_buffers_written(x, n):
    layers = [x * 1.0, x * 2.0]
    for k in range(n):
        layers[0] *= layers[1]
        layers[1][k] = layers[0][k] ** 2
    return np.sum(layers[0] * layers[1])


@case(lambda: (v(4), 3))
def dict_of_buffers_swapped(x, n):
    d = {"old": x * 1.0, "new": np.zeros(4)}
    for k in range(n):
        d["new"][:] = d["old"] ** 2 + x[k]
        d["old"], d["new"] = d["new"], d["old"]
    return np.sum(d["old"])


@case(lambda: (v(4), 4))
def negative_index_reads_of_growing_list(x, n):
    out = [x[0], x[1]]
    for i in range(n):
        out.append(out[-1] * out[-2] + x[i])
    return out[-3] * out[2] + out[-1]


@case(lambda: (v(4), 4))
def growing_list_overwritten(x, n):
    out = [x[0]]
    for i in range(n):
        out.append(out[i] * x[i])
        out[0] = out[0] + out[-1]
    return out[0] * out[-1]


@case(lambda: (v(4), 4))
def growing_list_of_rows_read_back(x, n):
    rows = [x]
    for i in range(n):
        rows.append(rows[-1] * x[i] + rows[0])
    return np.sum(rows[-1] * rows[1])


@case(lambda: (v(5), 5))
def two_lists_under_conditions(x, n):
    small, large = [], []
    for i in range(n):
        if x[i] < 0.6:
            small.append(x[i] ** 2)
        else:
            large.append(x[i] ** 3)
            large.append(x[0])
    s = 1.0
    for e in small:
        s = s + e
    for e in large:
        s = s * e
    return s


@case(lambda: (v(5), 5))
def list_reset_in_loop(x, n):
    s = 0.0
    batch = []
    for i in range(n):
        batch.append(x[i] * x[0])
        if len(batch) == 2:
            s += batch[0] * batch[1]
            batch = []
    return s + sum(batch)


@case(lambda: (v(3, 3), 3))
def list_of_lists_read_before(x, n):
    table = [[x[0, 0], x[0, 1], x[0, 2]]]
    for i in range(1, n):
        row = []
        for j in range(3):
            row.append(table[i - 1][j] * x[i, j] + table[0][0])
        table.append(row)
    return table[-1][0] * table[1][2]


@case(lambda: (v(4), 3))
def overwritten_saved_inside_branch(x, n):
    s = 1.0
    a = x * 1.0
    for i in range(n):
        if a[i] > 0.5:
            t = a[i] * a[i + 1]
            a[i] = t
            s = s * t
        else:
            a *= 1.1
    return s + np.sum(a**2)


@case(lambda: (v(4), 3))
def whole_array_saved_then_overwritten(x, n):
    a = x * 1.0
    s = 0.0
    for i in range(n):
        s += np.sum(np.exp(a) * a)
        a[:] = np.sin(a)
        a[i] += s * 0.01
    return s


@case(lambda: (v(4), 3, 2))
def nested_loops_overwrite(x, n, m):
    a = x * 1.0
    for i in range(n):
        for j in range(m):
            a[j] = a[j] * a[j + 1]
            a[j + 1] = a[j] + a[i]
    return np.sum(a)


@case(lambda: (v(4), 3))
def while_in_for(x, n):
    s = 1.0
    for i in range(n):
        k = 0
        y = x[i]
        while y > 0.1 and k < 5:
            y = y * x[3] * 0.8
            k += 1
        s = s * (y + k)
    return s


@case(lambda: (v(4), 3))
def for_in_while_with_return(x, n):
    s = 1.0
    k = 0
    while k < 10:
        for i in range(n):
            s = s * (1.0 + x[i])
            if s > 6.0:
                return s * k + x[i]
        k += 1
    return s


@case(lambda: (v(4), 3))
def view_taken_each_iteration(x, n):
    a = np.outer(x, x)
    s = 0.0
    for i in range(n):
        row, col = a[i], a[:, i]
        s += row @ col
        row[i] = s
        col *= 0.5
    return s + np.sum(a)


@case(lambda: (v(4, 4), 2))
def block_views(a, n):
    b = a * 1.0
    top, bottom = b[:2], b[2:]
    top += bottom
    bottom[:, :n] = top[:, n:] * 2.0
    corner = top[:1, :1]
    corner *= b[3, 3]
    return np.sum(b * b)


@case(lambda: (v(4),))
def view_in_branch_written(x):
    a = x * 1.0
    if x[0] > 0:
        part = a[1:3]
        part *= x[0]
    return np.sum(a * a)


@case(lambda: (v(4),), "refused: ADG103")
def view_bound_in_branch_written_after(x):
    a = x * 1.0
    if x[0] > 0:
        part = a[1:3]
    else:
        part = a[1:3]
    part *= x[0]
    return np.sum(a * a)


@case(lambda: (v(4), 3))
def array_rebound_or_written(x, n):
    a = x * 1.0
    for i in range(n):
        if a[i] > 0.6:
            a = a * x[i]
        else:
            a[i] = x[0] * 3.0
    return np.sum(a)


@case(lambda: (v(4), 3))
def alias_rebound_in_one_branch(x, n):
    a = x * 1.0
    b = a
    for i in range(n):
        if x[i] > 0.6:
            b = b * 2.0
    return np.sum(a * b)


@case(lambda: (v(4), 3))
def alias_rebound_then_written(x, n):
    a = x * 1.0
    b = a
    for i in range(n):
        if x[i] > 0.6:
            b = b * 2.0
        b[i] = 0.3
    return np.sum(b)


@case(lambda: (v(4), 3), "refused: ADG103")
def alias_rebound_then_both_read(x, n):
    a = x * 1.0
    b = a
    for i in range(n):
        if x[i] > 0.6:
            b = b * 2.0
        b[i] = 0.3
    return np.sum(a * b)


@case(lambda: (v(4), 3), "refused: ADG103")
def param_rebound_in_loop_then_written(x, n):
    y = x
    for i in range(n):
        y = y * 1.5
    y[0] = 2.0 * x[1]
    return np.sum(y * x)


@case(lambda: (v(4), 0))
def param_maybe_rebound_then_written(x, n):
    y = x
    for i in range(n):
        y = y * 1.5
    y[0] = 2.0 * y[1]
    return np.sum(y * y)


@case(lambda: (v(4), 3))
def momentum(x, n):
    velocity = np.zeros_like(x)
    p = x.copy()
    for _ in range(n):
        g = 2.0 * p - 1.0 + 0.1 * p**3
        velocity *= 0.9
        velocity -= 0.1 * g
        p += velocity
    return np.sum(p * p)


@case(lambda: (v(4), 3))
def adam(x, n):
    m, s = np.zeros(4), np.zeros(4)
    p = x
    for t in range(1, n + 1):
        g = np.cos(p) * p
        m = 0.9 * m + 0.1 * g
        s = 0.99 * s + 0.01 * g**2
        p = p - 0.1 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.99**t)) + 1e-8)
    return np.sum(p**2)


@case(lambda: (v(6), v(3)))
def convolution_by_hand(x, k):
    out = np.zeros(len(x) - len(k) + 1)
    for i in range(len(out)):
        for j in range(len(k)):
            out[i] += x[i + j] * k[j]
    return np.max(out) * np.sum(out)


@case(lambda: (v(5), v(4)))
def edit_distance_like(x, y):
    n, m = len(x), len(y)
    d = np.zeros((n + 1, m + 1))
    d[1:, 0] = 1e3
    d[0, 1:] = 1e3
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            c = (x[i - 1] - y[j - 1]) ** 2
            d[i, j] = c + min(d[i - 1, j], d[i, j - 1], d[i - 1, j - 1])
    return d[n, m]


@case(lambda: (v(4, 4),))
def floyd_warshall(a):
    d = a.copy()
    for k in range(4):
        for i in range(4):
            for j in range(4):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return np.sum(d * d)


@case(lambda: (w(6),))
def bubble_sort(x):
    n = len(x)
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return np.sum(x * np.arange(6.0))


@case(lambda: (v(3, 3) + 2.0 * np.eye(3), v(3)))
def pivoted_solve(a, b):
    n = 3
    for k in range(n):
        p = k + int(np.argmax(np.abs(a[k:, k])))
        if p != k:
            tmp = a[k].copy()
            a[k] = a[p]
            a[p] = tmp
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            m = a[i, k] / a[k, k]
            a[i, k:] -= m * a[k, k:]
            b[i] -= m * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return np.sum(x)


@case(lambda: (v(4, 3), 2))
def kmeans_step(points, k):
    centers = points[:k].copy()
    for _ in range(2):
        sums = np.zeros((k, 3))
        counts = np.zeros(k)
        for i in range(len(points)):
            d = np.sum((centers - points[i]) ** 2, axis=1)
            c = np.argmin(d)
            sums[c] += points[i]
            counts[c] += 1
        for c in range(k):
            if counts[c] > 0:
                centers[c] = sums[c] / counts[c]
    return np.sum(centers**2)


@case(lambda: (v(5), 5))
def ring_buffer(x, n):
    buf = np.zeros(3)
    s = 0.0
    for i in range(n):
        buf[i % 3] = x[i] ** 2
        s += buf[(i + 1) % 3] * x[i]
        buf *= 0.9
    return s


@case(lambda: (v(3), 3))
def closure_over_loop_state(x, n):
    a = np.zeros(3)

    def step(i):
        a[i] = a[i - 1] * 0.5 + x[i] ** 2
        return a[i]

    s = 0.0
    for i in range(n):
        s += step(i) * step(i)
    return s


@case(lambda: (v(3),))
def multiple_returns_of_buffers(x):
    def make(s):
        a = x * s
        b = a[1:]
        return a, b

    a, b = make(2.0)
    b[0] = x[0] ** 3
    c, d = make(b[0])
    d *= a[1:]
    return np.sum(a * c) + np.sum(d)


@case(lambda: (v(3), 4))
def carried_scalar_and_array_same_name_elsewhere(x, n):
    y = 0.0
    for i in range(n):
        y = y + x[i % 3]
    y = x * y
    for i in range(n):
        y = y * x
    return np.sum(y)


@case(lambda: (v(3), 4))
def int_state_selects(x, n):
    idx = np.zeros(3, dtype=int)
    s = 1.0
    for i in range(n):
        idx[i % 3] += i
        s = s * x[idx[i % 3] % 3] + x[idx % 3].sum()
    return s


@case(lambda: (w(5),))
def mask_overwritten(x):
    m = x > 0
    y = np.where(m, x, 0.1 * x)
    m[:] = False
    m[0] = True
    z = np.where(m, y, y**2)
    return np.sum(z)


@case(lambda: (v(4), 3))
def coefficient_array_overwritten(x, n):
    c = np.arange(4.0)
    s = 0.0
    for i in range(n):
        s = s + x @ c * s + x[i]
        c[1:] = c[:-1]
        c[0] = i
    return s


@case(lambda: (v(4), 3))
def index_array_overwritten(x, n):
    order = np.array([0, 1, 2, 3])
    s = 0.0
    for i in range(n):
        s += (x[order] ** 2) @ np.arange(4.0) * (i + 1)
        order[i], order[i + 1] = order[i + 1], order[i]
    return s


@case(lambda: (v(2, 2), 5))
def matrix_power_loop(a, n):
    result = np.eye(2)
    base = a
    while n > 0:
        if n % 2 == 1:
            result = result @ base
        base = base @ base
        n //= 2
    return np.sum(result)


@case(lambda: (1.7, 30))
def collatz_like(x, n):
    k = 0
    while n != 1:
        if n % 2 == 0:
            n = n // 2
            x = np.sin(x) + 0.1
        else:
            n = 3 * n + 1
            x = x * x * 0.5 + 0.2
        k += 1
    return x * k


@case(lambda: (v(3), 3))
def slices_of_growing_length(x, n):
    s = 0.0
    for i in range(n):
        part = x[: i + 1] * x[i]
        s += np.sum(part) * part[-1]
    return s


@case(lambda: (v(3),))
def swapped_gradients_do_not_share(x):
    a = x
    b = x
    return a, b, a + b


@case(lambda: (v(3), v(3)))
def results_share_with_each_other(x, y):
    z = x + y
    return {"a": z, "b": [z, z[:2]], "c": x}


@case(lambda: (v(3), v(3)))
def sum_gives_one_cotangent_to_two(x, y):
    z = x + y
    return z


@case(lambda: (v(3), v(3), v(3)))
def where_gives_to_three(x, y, z):
    return np.where(x > 0.6, y, z) + x


@case(lambda: (v(3), 1.5))
def broadcast_result_of_scalar(x, s):
    return x + s, s * np.ones(3)


@case(lambda: (v(1), v(3)))
def unit_axis_carried(x, y):
    s = x
    for i in range(3):
        s = s * y[i : i + 1] + x
    return s


@case(lambda: (v(1), v(3)))
def unit_axis_broadens_in_loop(x, y):
    s = x
    for _ in range(3):
        s = s * y
    return np.sum(s)


@case(lambda: (v(4), 1))
def maybe_unit_slice(x, k):
    return np.sum(x * x[:k]) + np.sum(x[k : k + 1] * x)


@case(lambda: (v(3, 4), 1))
def maybe_unit_slice_2d(x, k):
    y = x[:, :k] * x
    y += x[:1]
    y *= x[:k]
    return np.sum(y)


@case(lambda: (v(3, 4), 1))
def maybe_unit_where(x, k):
    return np.sum(np.where(x[:k] > 0.5, x, x[:, :k]))


@case(lambda: (v(3, 4), 1))
def maybe_unit_sum_and_max(x, k):
    s = x[:, :k].sum(axis=0)
    return np.sum(np.maximum(x, s)) + np.sum(x[:, :k].max(axis=1) * x[:, 0])


@case(lambda: (v(3, 4), 1))
def maybe_unit_matmul(x, k):
    return np.sum((x[:, :k] @ x[:k]) * x) + np.sum(np.concatenate([x[:, :k], x], axis=1) ** 2)


@case(lambda: (v(3, 4), 1))
def maybe_unit_stored(x, k):
    y = np.zeros((3, 4))
    y[:] = x[:, :k]
    y[:k] += x[:k] * 2.0
    y[1:] = x[:k] * y[1:]
    return np.sum(y * y)


@case(lambda: (np.array([0.5, -1.0, 2.0]), 0.7))
def masked_scalar_in_a_branch(x, s):
    return np.where(x > 0.0, x + s, 2.0 * x).mean()


@case(lambda: (np.array([0.5, -1.0, 2.0]), 0.7))
def masked_scalar_as_a_branch(x, s):
    return np.where(x > 0.0, s, x).sum()


@case(lambda: (np.array([0.5, -1.0, 2.0]), 0.7))
def masked_column_in_a_branch(x, s):
    return np.where(x[None] > 0.0, s * x[:, None], x).sum()
