"""Loops of every shape."""

import numpy as np

from tests.nasty.table import case, v, w


@case(lambda: (v(5), 0.9))
def breaks(x, limit):
    s = 0.0
    for i in range(5):
        if s > limit:
            break
        s += x[i] ** 2
    return s


@case(lambda: (v(5), 0.9))
def continues(x, limit):
    s = 0.0
    for i in range(5):
        if x[i] > limit:
            continue
        s += x[i] ** 2
        s *= 1.1
    return s


@case(lambda: (v(5), 100.0))
def for_else_taken(x, limit):
    s = 1.0
    for i in range(5):
        s *= x[i] + 1.0
        if s > limit:
            break
    else:
        s = s * s
    return s


@case(lambda: (v(5), 2.0))
def for_else_not_taken(x, limit):
    s = 1.0
    for i in range(5):
        s *= x[i] + 1.0
        if s > limit:
            break
    else:
        s = s * s
    return s


@case(lambda: (v(3, 4), 1.5))
def return_from_depth(x, limit):
    s = 0.0
    for i in range(3):
        for j in range(4):
            s += x[i, j] ** 2
            if s > limit:
                return s * x[i, 0]
        s *= 0.9
    return s


@case(lambda: (v(3, 4), 0.6))
def break_inner_only(x, limit):
    s = 0.0
    for i in range(3):
        for j in range(4):
            if x[i, j] > limit:
                break
            s += x[i, j] ** 2
        else:
            s += 10.0 * x[i, 0]
        s *= 1.0 + x[i, j]
    return s


@case(lambda: (v(3),))
def empty_range(x):
    s = x[0]
    for i in range(0):
        s = s * x[i]
    return s


@case(lambda: (v(3), 0))
def zero_trips_n(x, n):
    s = x[0] ** 2
    for i in range(n):
        s = s * x[i]
    return s


@case(lambda: (v(3), 0))
def zero_trips_name_bound_inside(x, n):
    s = x[0] ** 2
    for i in range(n):
        last = s * x[i]
        s = last
    return s


@case(lambda: (v(3), 2))
def name_bound_inside(x, n):
    for i in range(n):
        last = x[i] ** 2
    return last * x[0]


@case(lambda: (v(3), 0))
def name_unbound_after_zero_trips(x, n):
    for i in range(n):
        last = x[i] ** 2
    return last * x[0]


@case(lambda: (v(3), 3))
def loop_variable_after(x, n):
    s = 0.0
    for i in range(n):
        s += x[i]
    return s * x[i] * i


@case(lambda: (v(3), 0))
def loop_variable_kept(x, n):
    i = 2
    s = 0.0
    for i in range(n):
        s += x[i]
    return s + x[i] ** 2


@case(lambda: (v(3), 3))
def loop_variable_rebound(x, n):
    s = 0.0
    for i in range(n):
        i = i * 2 % 3
        s += x[i] * (i + 1.0)
    return s * x[i]


@case(lambda: (v(3), 2.0))
def while_complex_condition(x, limit):
    k = 0
    s = 1.0
    while k < len(x) and s < limit or k == 0:
        s *= 1.0 + x[k]
        k += 1
    return s * k


@case(lambda: (2.0,))
def while_newton(a):
    x = a
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


@case(lambda: (v(4),))
def while_true_break(x):
    s = 0.0
    k = 0
    while True:
        s += x[k] ** 2
        k += 1
        if k == 4:
            break
    return s


@case(lambda: (v(4),))
def while_else(x):
    k = 0
    s = x[0]
    while k < 3:
        s *= x[k] + 0.5
        k += 1
        if s > 50.0:
            break
    else:
        s += x[3]
    return s


@case(lambda: (v(4),))
def while_never(x):
    s = x[0] ** 2
    while s < 0.0:
        s = s * x[1]
    return s


@case(lambda: (v(4),))
def while_walrus(x):
    k = 0
    total = 0.0
    while (y := x[k] * 2.0) < 1.6:
        total += y * y
        k += 1
    return total + y


@case(lambda: (v(3, 3),))
def nested_shared_accumulator(x):
    s = 1.0
    for i in range(3):
        for j in range(3):
            s = s * 0.9 + x[i, j] * x[j, i]
            for k in range(j):
                s += s * x[i, k] * 0.1
    return s


@case(lambda: (v(4, 3),))
def triangular_bounds(x):
    s = 0.0
    for i in range(4):
        for j in range(i, 3):
            s += x[i, j] * x[j, i % 3]
    return s


@case(lambda: (v(5), 4, 0, -2))
def negative_step_range(x, a, b, step):
    s = 1.0
    for i in range(a, b, step):
        s = s * x[i] + x[i - 1]
    return s


@case(lambda: (v(5),))
def reversed_range(x):
    s = 1.0
    for i in reversed(range(5)):
        s = s * x[i] + 1.0
    return s


@case(lambda: (v(5), 4))
def reversed_range_n(x, n):
    s = 1.0
    for i in reversed(range(1, n)):
        s = s * x[i] + 1.0
    return s


@case(lambda: (v(7), 2, 7, 3))
def reversed_range_stepped(x, a, b, c):
    s = 1.0
    for i in reversed(range(a, b, c)):
        s = s * x[i] + 1.0
    return s


@case(lambda: (v(5),))
def reversed_array(x):
    s = 1.0
    for e in reversed(x):
        s = s * e + 1.0
    return s


@case(lambda: (v(5),))
def horner_slice(x):
    s = 0.0
    for c in x[::-1]:
        s = s * 0.7 + c
    return s * x[0]


@case(lambda: (v(3, 4),))
def over_rows(x):
    s = 0.0
    for row in x:
        s = s * row[0] + np.sum(row**2)
    return s


@case(lambda: (v(3, 4),))
def over_columns(x):
    s = 0.0
    for col in x.T:
        s = s * col[0] + np.sum(col**2)
    return s


@case(lambda: (v(5), v(3)))
def zip_different_lengths(x, y):
    s = 0.0
    for a, b in zip(x, y):
        s += a * b * b
    return s


@case(lambda: (v(5), v(3)))
def zip_with_range(x, y):
    s = 0.0
    for a, b, k in zip(x[1:], y, range(10)):
        s += a * b * (k + 1)
    return s


@case(lambda: (v(5),))
def enumerate_start(x):
    s = 0.0
    for k, e in enumerate(x, 3):
        s += k * e * e
    return s


@case(lambda: (v(5), v(4)))
def enumerate_zip(x, y):
    s = 0.0
    for k, (a, b) in enumerate(zip(x, y)):
        s += (k + 1) * a * b
    return s


@case(lambda: (v(4, 2),))
def unpack_rows(x):
    s = 0.0
    for a, b in x:
        s += a * b + s * a
    return s


@case(lambda: (v(6),))
def shape_shrinks(x):
    s = 0.0
    while len(x) > 1:
        x = x[1:] * x[:-1]
        s += x[0]
    return s


@case(lambda: (v(6), 3))
def shape_shrinks_n(x, n):
    for _ in range(n):
        x = x[1:]
    return np.sum(x**2)


@case(lambda: (v(8),))
def halving(x):
    while len(x) > 1:
        x = x[::2] + x[1::2] * x[::2]
    return x[0]


@case(lambda: (v(2),))
def shape_grows(x):
    y = x
    for _ in range(3):
        y = np.concatenate([y, y[:1] * y[-1]])
    return np.sum(y**2)


@case(lambda: (v(2), 3))
def shape_grows_n(x, n):
    y = x
    for _ in range(n):
        y = np.concatenate([y, y[:1] * y[-1]])
    return np.sum(y**2)


@case(lambda: (v(5), 5))
def append_under_condition(x, n):
    out = []
    for i in range(n):
        if x[i] > 0.6:
            out.append(x[i] ** 2)
    s = 0.0
    for e in out:
        s += e * x[0]
    return s


@case(lambda: (v(5), 5))
def append_and_read_back(x, n):
    out = [x[0]]
    for i in range(1, n):
        out.append(out[-1] * x[i] + out[0])
    return out[-1] * out[n // 2]


@case(lambda: (v(5), 5))
def fibonacci_list(x, n):
    f = [x[0], x[1]]
    for i in range(2, n):
        f.append(f[i - 1] + f[i - 2] * x[i])
    return sum(f)


@case(lambda: (v(5), 5))
def list_to_array(x, n):
    out = []
    for i in range(n):
        out.append(np.sin(x[i]))
    return np.sum(np.array(out) ** 2)


@case(lambda: (v(4, 3), 4))
def list_of_rows_stacked(x, n):
    out = []
    h = np.zeros(3)
    for i in range(n):
        h = np.tanh(h * 0.5 + x[i])
        out.append(h)
    return np.sum(np.stack(out) ** 2)


@case(lambda: (v(3, 3), 3))
def list_of_lists(x, n):
    table = []
    for i in range(n):
        row = []
        for j in range(n):
            row.append(x[i, j] * x[j, i])
        table.append(row)
    s = 0.0
    for i in range(n):
        for j in range(n):
            s += table[i][j] * (i + 2 * j)
    return s


@case(lambda: (v(3, 3),))
def list_of_lists_static(x):
    table = [[x[i, j] * x[j, i] for j in range(3)] for i in range(3)]
    s = 0.0
    for row in table:
        for e in row:
            s += e * e
    return s


@case(lambda: (v(3, 3),), "refused: ADG103")
def list_of_zeros_written(x):
    table = [[0.0] * 3 for _ in range(3)]
    for i in range(3):
        for j in range(3):
            table[i][j] = x[i, j] * x[0, j]
    return table[1][2] * table[2][1]


@case(lambda: (v(5), 5), "refused: ADG101")
def list_preallocated_n(x, n):
    out = [0.0] * n
    for i in range(n):
        out[i] = x[i] ** 2 + (out[i - 1] if i > 0 else 0.0)
    return out[n - 1] * out[0]


@case(lambda: (v(5),))
def comprehension_with_condition(x):
    vals = [e * e for e in x if e > 0.6]
    return sum(vals)


@case(lambda: (v(5),))
def generator_sum(x):
    return sum(e * x[0] for e in x)


@case(lambda: (v(5),))
def comprehension_shadows(x):
    e = x[0]
    y = [e * 2.0 for e in x[1:]]
    return e * y[0] * y[2]


@case(lambda: (v(4), 3))
def reassigned_bound(x, n):
    s = 0.0
    for i in range(n):
        n = n + 5
        s += x[i] * n
    return s


@case(lambda: (v(4), 3))
def swap_in_loop(x, n):
    a, b = x[0], x[1]
    for _ in range(n):
        a, b = b, a + b * x[2]
    return a * b


@case(lambda: (v(4), 4))
def rotate_three(x, n):
    a, b, c = x[0], x[1], x[2]
    for _ in range(n):
        a, b, c = b, c, a * x[3]
    return a + 2.0 * b + 3.0 * c


@case(lambda: (v(4), 4))
def type_promoted_in_loop(x, n):
    s = 0
    for i in range(n):
        s = s + x[i] ** 2
    return s


@case(lambda: (v(4), 0))
def type_promoted_zero_trips(x, n):
    s = 0
    for i in range(n):
        s = s + x[i] ** 2
    return s * 1.0


@case(lambda: (v(4), 4), "refused: ADG101")
def scalar_becomes_array(x, n):
    s = 0.0
    for i in range(n):
        s = s + x * x[i]
    return np.sum(s)


@case(lambda: (v(4), 3), "refused: ADG101")
def none_first(x, n):
    best = None
    for i in range(n):
        y = x[i] * x[i]
        if best is None:
            best = y
        else:
            best = best * y
    return best


@case(lambda: (w(6), 6))
def running_max(x, n):
    best = x[0]
    where = 0
    for i in range(1, n):
        if x[i] > best:
            best = x[i]
            where = i
    return best * best + x[where]


@case(lambda: (w(6), 6))
def min_by_builtin(x, n):
    m = x[0]
    for i in range(n):
        m = min(m, x[i] * 2.0)
    return m * m


@case(lambda: (v(4),))
def inactive_overwritten_reads(x):
    s = 0.0
    c = 1.0
    for i in range(4):
        s += c * x[i] ** 2
        c = c * 2.0 + 1.0
    return s


@case(lambda: (v(4),))
def inactive_array_overwritten(x):
    c = np.ones(4)
    s = 0.0
    for i in range(4):
        s += np.sum(c * x**2)
        c[i] = 5.0
        c *= 1.5
    return s


@case(lambda: (v(4), 4))
def inactive_int_chain(x, n):
    s = 1.0
    k = 1
    for _ in range(n):
        s = s * x[k % 4] + x[0]
        k = k * 3 + 1
    return s


@case(lambda: (v(4), 0.3))
def float_steps_while(x, h):
    t = 0.0
    y = x[0]
    while t < 1.0:
        y = y + h * x[1] * y
        t += h
    return y


@case(lambda: (v(5),))
def two_loops_one_name(x):
    s = 0.0
    for i in range(3):
        s += x[i] ** 2
    for i in range(3, 5):
        s *= x[i]
    for i in range(2):
        s += x[i] * i
    return s


@case(lambda: (v(3), 4))
def dict_in_loop(x, n):
    d = {"a": x[0], "b": x[1]}
    for i in range(n):
        d["a"] = d["a"] * d["b"]
        d["b"] += x[2]
    return d["a"] + d["b"]


@case(lambda: (v(3), 4))
def tuple_state_in_loop(x, n):
    state = (x[0], x[1])
    for i in range(n):
        a, b = state
        state = (b, a * b + x[2])
    return state[0] * state[1]


@case(lambda: (v(3), 4))
def list_state_in_loop(x, n):
    state = [x[0], x[1]]
    for i in range(n):
        state[0], state[1] = state[1], state[0] * state[1]
        state = [state[1], state[0] + x[2]]
    return state[0] * state[1]


@case(lambda: ({"a": 1.5, "b": 0.5, "c": 2.0},))
def over_dict_items(d):
    s = 1.0
    for k, e in d.items():
        s = s * e + (2.0 if k == "b" else 0.0)
    return s


@case(lambda: ({"a": 1.5, "b": 0.5, "c": 2.0},))
def over_dict_keys(d):
    s = 1.0
    for k in d:
        s = s * d[k] + len(k)
    return s


@case(lambda: (v(4), [2, 0, 3]))
def over_list_of_ints(x, order):
    s = 1.0
    for i in order:
        s = s * x[i] + x[0]
    return s


@case(lambda: (v(4), np.array([2, 0, 3])))
def over_array_of_ints(x, order):
    s = 1.0
    for i in order:
        s = s * x[i] + x[0]
    return s


@case(lambda: (v(4), [v(2), v(2) + 1.0, v(2) * 2.0]))
def over_list_of_arrays(x, items):
    s = 1.0
    for e in items:
        s = s * np.sum(e * e) + x[0]
    return s


@case(lambda: (v(4), (0.5, 2, v(3))))
def over_mixed_tuple(x, items):
    s = 1.0
    for e in items:
        s = s + np.sum(x[0] * e)
    return s


@case(lambda: (v(20), 20))
def every_kth(x, n):
    s = 0.0
    for i in range(0, n, 3):
        if i % 2:
            s += x[i] ** 2
        else:
            s -= x[i]
    return s


@case(lambda: (v(4),))
def loop_over_written_array(x):
    a = x * 1.0
    s = 0.0
    for i in range(len(a)):
        s += a[i]
        a[(i + 1) % 4] *= s
    return s + np.sum(a)


@case(lambda: (v(4),))
def elements_of_array_written_meanwhile(x):
    a = x * 1.0
    s = 0.0
    for e in a:
        a[3] = e * e
        s += e
    return s + a[3]


@case(lambda: (v(3), 3))
def continue_and_break(x, n):
    s = 0.0
    for i in range(10):
        if i % 2 == 0:
            continue
        if i > 2 * n:
            break
        s = s * x[0] + x[i % 3]
    return s


@case(lambda: (v(3), 3))
def early_return_in_while(x, n):
    k = 0
    s = x[0]
    while True:
        s = s * x[k % 3] + 1.0
        k += 1
        if k > n:
            if s > 2.0:
                return s * s
            return s


@case(lambda: (v(3), -1.0))
def early_return_before_loop(x, t):
    if t < 0:
        return x[0] * t
    s = 0.0
    for i in range(3):
        s += x[i] * t
    return s


@case(lambda: (v(4), 4))
def break_with_state(x, n):
    s = 1.0
    found = False
    for i in range(n):
        y = s * x[i]
        if y < 0.4:
            found = True
            break
        s = y
    if found:
        return s * y
    return s
