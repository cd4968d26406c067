"""Several names for one memory."""

import numpy as np

from tests.nasty.table import case, v


@case(lambda: (v(4),))
def two_names(x):
    a = x * 2.0
    b = a
    b[1] = x[0] * x[2]
    return np.sum(a * a)


@case(lambda: (v(4),))
def two_names_inplace(x):
    a = x * 2.0
    b = a
    b *= x
    a += b
    return np.sum(a * b)


@case(lambda: (v(5),))
def chained_zeros(x):
    n = len(x)
    a = b = np.zeros(n)
    a[0] = x[0] ** 2
    b[1] = x[1] * a[0]
    a[2] += b[1]
    return np.sum(a * x) + np.sum(b)


@case(lambda: (v(6),))
def view_of_view(x):
    a = x * 1.5
    b = a[1:]
    c = b[::2]
    c *= x[:3]
    b[0] += x[5]
    return np.sum(a**2)


@case(lambda: (v(6),))
def view_before_write(x):
    a = x.copy()
    tail = a[2:]
    a[3] = x[0] * x[1]
    a *= 2.0
    return np.sum(tail * x[2:])


@case(lambda: (v(6),))
def copy_before_write(x):
    a = x.copy()
    tail = a[2:].copy()
    a[3] = x[0] * x[1]
    a *= 2.0
    return np.sum(tail * a[2:])


@case(lambda: (v(3, 4),))
def row_views_in_loop(x):
    a = x * 1.0
    for i in range(3):
        row = a[i]
        row *= x[i, 0]
        row[1] = row[0] * row[2]
    return np.sum(a * a)


@case(lambda: (v(3, 4),))
def rows_iterated_written(x):
    a = x * 1.0
    for row in a:
        row *= 2.0
        row[0] = row[1] * row[2]
    return np.sum(a * x)


@case(lambda: (v(5), 4))
def swap_buffers(x, steps):
    u = x.copy()
    z = np.zeros_like(u)
    for _ in range(steps):
        z[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        z[0] = u[0] * u[1]
        z[-1] = u[-1]
        u, z = z, u
    return np.sum(u * u)


@case(lambda: (v(5), 3))
def swap_by_temp(x, steps):
    u = x.copy()
    z = np.zeros_like(u)
    for _ in range(steps):
        z[:] = u * u
        z[0] += u[1]
        tmp = u
        u = z
        z = tmp
    return np.sum(u) + np.sum(z)


@case(lambda: (v(5), 3))
def three_buffers(x, steps):
    a, b, c = x.copy(), x * 2.0, x * 3.0
    for _ in range(steps):
        c[:] = a * b
        a, b, c = b, c, a
    return np.sum(a) + np.sum(b * c)


@case(lambda: (v(4),))
def rebound_in_loop(x):
    a = x
    for k in range(3):
        a = a * x
        a[k] = x[k]
    return np.sum(a)


@case(lambda: (v(4),))
def rebound_then_written(x):
    a = x
    b = a
    a = a + 1.0
    a[0] = x[1] ** 2
    return np.sum(a * b)


@case(lambda: (v(4),))
def param_alias_written(x):
    a = x
    a[0] = a[1] * 2.0
    return np.sum(x * x)


@case(lambda: (v(4),))
def param_view_written(x):
    a = x[1:]
    a *= 3.0
    return np.sum(x * x)


@case(lambda: (v(3), v(3) + 1.0))
def list_shares_elements(x, y):
    a = x * y
    items = [a, y, a]
    items[0][1] = x[0] * 5.0
    return np.sum(items[2] * items[1])


@case(lambda: (v(3),))
def list_times_three(x):
    z = x * 1.0
    rows = [z] * 3
    rows[0][0] = x[1] ** 2
    rows[1] *= 2.0
    return np.sum(rows[2] * x)


@case(lambda: (v(3),))
def tuple_holds_array(x):
    z = x * 1.0
    pair = (z, x)
    z[1] = x[0] * x[2]
    return np.sum(pair[0] * pair[1])


@case(lambda: (v(3),))
def dict_holds_array(x):
    z = x * 1.0
    d = {"a": z, "b": z}
    d["a"] += x
    d["b"][0] = x[2]
    return np.sum(z * x)


def write_first(a, s):
    a[0] = s
    a[1:] *= s


@case(lambda: (v(4), 1.3))
def callee_writes(x, s):
    a = x * 2.0
    write_first(a, s * x[1])
    return np.sum(a * a)


@case(lambda: (v(4), 1.3))
def callee_writes_param(x, s):
    write_first(x, s)
    write_first(x, s)
    return np.sum(x * x)


@case(lambda: (v(4), 1.3))
def callee_writes_view(x, s):
    a = np.outer(x, x)
    write_first(a[1], s)
    write_first(a[:, 2], x[3])
    return np.sum(a * a)


def same_back(a):
    return a


def tail_of(a):
    return a[1:]


@case(lambda: (v(4),))
def callee_returns_argument(x):
    a = x * 1.0
    b = same_back(a)
    b[2] = x[0] * x[1]
    return np.sum(a**2)


@case(lambda: (v(4),))
def callee_returns_view(x):
    a = x * 1.0
    b = tail_of(a)
    b += x[:-1]
    c = tail_of(tail_of(a))
    c[0] = x[0]
    return np.sum(a**2)


@case(lambda: (lambda a: (a, a))(v(4)))
def same_array_twice(x, y):
    return np.sum(x * y * y)


@case(lambda: (lambda a: (a, a))(v(4)), "refused: shared memory")
def same_array_twice_written(x, y):
    x[0] = y[1] * 2.0
    return np.sum(x * y)


def add_into(a, b):
    a += b
    return a


@case(lambda: (v(4),))
def same_array_to_callee(x):
    a = x * 2.0
    b = add_into(a, a)
    return np.sum(b * x)


def shift_into(a, b):
    a[1:] = b[:-1] * 2.0
    return a[0] + b[1]


@case(lambda: (v(4),))
def overlapping_views_to_callee(x):
    a = x * 2.0
    s = shift_into(a[:3], a[1:])
    return s + np.sum(a * x)


@case(lambda: (v(4),))
def transposed_write(x):
    a = np.outer(x, x + 1.0)
    b = a.T
    b[1] = x * 3.0
    a[2] *= b[0]
    return np.sum(a * b)


@case(lambda: (v(2, 3),))
def transpose_param_write(x):
    x.T[0] = x[:, 1] * 2.0
    return np.sum(x * x)


@case(lambda: (v(6),), "refused: ADG103")
def reshape_view_written(x):
    a = x * 2.0
    b = a.reshape(2, 3)
    b[0] = x[:3] * x[3:]
    return np.sum(a * x)


@case(lambda: (v(6),), "refused: ADG103")
def ravel_written(x):
    a = x.reshape(2, 3) * 2.0
    b = a.ravel()
    b[0] = x[3] ** 2
    return np.sum(a) + b[0] * x[1]


@case(lambda: (v(6),), "refused: ADG103")
def reshape_of_transpose_written(x):
    a = x.reshape(2, 3) * 2.0
    b = a.T.reshape(6)
    b[1] = x[3] ** 2
    return np.sum(a * a)


@case(lambda: (v(6),))
def alias_by_condition(x):
    a = x * 1.0
    b = x * 2.0
    c = a if x[0] > 0.2 else b
    c[0] = x[1] * x[2]
    return np.sum(c * x)


@case(lambda: (v(6),), "refused: ADG103")
def alias_by_condition_read_other(x):
    a = x * 1.0
    b = x * 2.0
    c = a if x[0] > 0.2 else b
    c[0] = x[1] * x[2]
    return np.sum(a * b)


@case(lambda: (v(6),))
def alias_by_condition_not_written(x):
    a = x * 1.0
    c = a if x[0] > 0.2 else x
    return np.sum(a * c * x)


@case(lambda: (v(4),), "refused: ADG103")
def appended_then_written(x):
    out = []
    a = x * 1.0
    for k in range(4):
        a[k] = a[k - 1] * x[k]
        out.append(a)
    return np.sum(out[0] * out[3])


@case(lambda: (v(4), 5), "refused: ADG103")
def appended_then_written_n(x, n):
    out = []
    a = x * 1.0
    for k in range(n):
        a[k % 4] = a[k % 4 - 1] * x[0]
        out.append(a)
    return np.sum(out[0] * out[-1])


@case(lambda: (v(4), 5))
def appended_copies(x, n):
    out = []
    a = x * 1.0
    for k in range(n):
        a[k % 4] = a[k % 4 - 1] * x[0]
        out.append(a.copy())
    return np.sum(out[0] * out[-1])


@case(lambda: (v(4), 5))
def last_kept(x, n):
    a = x * 1.0
    last = a
    for k in range(n):
        last = a
        a = a * x
    return np.sum(last * a)


@case(lambda: (v(4), 3), "refused: ADG103")
def last_kept_written(x, n):
    a = x * 1.0
    last = a
    for k in range(n):
        last = a
        a = a * x
        a[0] = last[1]
    last[2] = 7.0 * x[0]
    return np.sum(last * a)


@case(lambda: (v(4),))
def self_assignment(x):
    a = x * 1.0
    a = a
    a[:] = a
    a[1:] = a[1:]
    a[0], a[1] = a[1], a[0] * 2.0
    return np.sum(a * x)


@case(lambda: (v(4),))
def swap_elements(x):
    a = x * 1.0
    a[0], a[3] = a[3], a[0]
    return np.sum(a * np.arange(4.0))


@case(lambda: (v(3, 3),))
def swap_rows_as_views(x):
    a = x * 1.0
    a[0], a[1] = a[1], a[0]
    return np.sum(a * np.arange(9.0).reshape(3, 3))


@case(lambda: (v(3, 3),))
def swap_rows_copied(x):
    a = x * 1.0
    a[0], a[1] = a[1].copy(), a[0].copy()
    return np.sum(a * np.arange(9.0).reshape(3, 3))


@case(lambda: (v(3, 3),), "refused: ADG101")
def swap_rows_by_fancy_index(x):
    a = x * 1.0
    a[[0, 1]] = a[[1, 0]]
    return np.sum(a * np.arange(9.0).reshape(3, 3))


@case(lambda: (v(4),))
def view_outlives_rebinding(x):
    a = x * 1.0
    b = a[1:3]
    a = x * 5.0
    b[0] = x[0]
    return np.sum(a) * b[0] * b[1]


@case(lambda: (v(4),), "refused: ADG103")
def diagonal_read(x):
    a = np.outer(x, x)
    d = np.diag(a)
    a[1, 1] = x[0]
    return np.sum(d * x)


@case(lambda: (v(4),))
def diagonal_read_copied(x):
    a = np.outer(x, x)
    d = np.diag(a).copy()
    a[1, 1] = x[0]
    return np.sum(d * x) + np.sum(a)


@case(lambda: (v(4),), "refused: ADG103")
def asarray_same(x):
    a = x * 2.0
    b = np.asarray(a)
    b[0] = x[3]
    return np.sum(a * a)


@case(lambda: (v(4),))
def array_copies(x):
    a = x * 2.0
    b = np.array(a)
    b[0] = x[3]
    return np.sum(a * b)


@case(lambda: (v(4),), "refused: ADG103")
def atleast_1d_written(x):
    a = x * 2.0
    b = np.atleast_1d(a)
    b[0] = x[3]
    return np.sum(a * a)


@case(lambda: (v(2, 2),))
def squeeze_written(x):
    a = x[None] * 2.0
    b = np.squeeze(a)
    b[0, 1] = x[1, 1] * 3.0
    return np.sum(a * a)


@case(lambda: (v(5),), "refused: ADG103")
def view_written_in_loop(x):
    a = x * 1.0
    inner = a[1:-1]
    for _ in range(3):
        inner *= x[1:-1]
        a[0] = inner[0] * inner[1]
    return np.sum(a)


@case(lambda: (v(5), 3), "refused: ADG103")
def view_written_in_loop_n(x, n):
    a = x * 1.0
    inner = a[1:-1]
    for _ in range(n):
        inner *= x[1:-1]
        a[0] = inner[0] * inner[1]
    return np.sum(a)


@case(lambda: (v(5), 3))
def view_rebound_in_loop(x, n):
    a = x * 1.0
    for k in range(n):
        part = a[k : k + 2]
        part[0] = part[1] * x[k]
    return np.sum(a * x)


@case(lambda: (v(4),))
def result_then_written(x):
    a = x * 1.0
    s = a
    t = np.sum(s * a)
    a *= 0.0
    return t + np.sum(s)


@case(lambda: (v(3), v(3)))
def write_both_params(x, y):
    x *= y
    y += x
    x[0] = y[2]
    return np.sum(x * y)


@case(lambda: (v(3),))
def nested_list_shared(x):
    row = [x[0], x[1]]
    table = [row, row]
    table[0][1] = x[2] ** 2
    return table[1][1] * table[0][0]


@case(lambda: (v(3),))
def list_alias_append(x):
    a = [x[0]]
    b = a
    b.append(x[1] * x[2])
    a += [x[2]]
    return a[0] * b[1] * b[2]


@case(lambda: (v(3),))
def list_plus_is_new(x):
    a = [x[0]]
    b = a
    a = a + [x[1]]
    return len(b) * a[0] * a[1]
