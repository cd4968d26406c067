"""Small programs that were once wrong, or crashed: one for each fault."""

import collections
import contextlib
from types import SimpleNamespace

import numpy as np

from tests.nasty.table import case, v, w

I = np.array([0, 1, 0])


@case(lambda: (v(3),))
def w01_bound_in_branch_of_loop(x):
    for i in range(3):
        if i == 0:
            q = x[i] ** 2
    return q


@case(lambda: (v(3),))
def w02_bound_in_inner_loop(x):
    s = 1.0
    for i in range(2):
        for j in range(1 - i):
            q = x[0]
        s = s * q
        q = q * 2
    return s


@case(lambda: (v(3),))
def w03_jvp_return_in_inner_loop_and_else(x):
    for i in range(3):
        if x[i] > 0.9:
            for p in x:
                return x[1] * 2
        else:
            return x[0] * 3
    return x[2]


@case(lambda: (v(3),))
def w03b_jvp_return_then_inner_return(x):
    for e in x:
        if e > 0.6:
            return x * e
        for j in range(1):
            if e > 0.1:
                return x + e
    return x


@case(lambda: (v(3, 3), I))
def w04_fancy_store_in_row(x, i):
    y = x * 1.0
    y[1][i] = x[0]
    return np.sum(y * y)


@case(lambda: (v(4, 3), v(4, 3) + 1))
def w05_arguments_overwritten(x, k):
    b = []
    for c in x:
        b.append(c * c)
    for i in range(1, 3):
        b[i] = b[i] * b[i - 1]
    return np.sum(np.array(b) * k)


@case(lambda: (v(4, 3),))
def w05b_seed_overwritten(x):
    b = [x[0] * 2]
    for i in range(1, 4):
        b.append(b[-1] * x[i] + b[0])
    return np.array(b)


class Acc:
    def __init__(self):
        self.t = 0.0

    def add(self, e):
        self.t = self.t + e * e


@case(lambda: (v(3),))
def w06_object_made_inside(x):
    a = Acc()
    for e in x:
        a.add(e)
    return a.t


@case(lambda: (v(3),))
def w06b_defaultdict(x):
    d = collections.defaultdict(list)
    d["a"].append(x[0])
    return d["a"][0]


@case(lambda: (v(3),))
def w06c_deque(x):
    q = collections.deque()
    q.append(x[0] ** 2)
    return q[0]


@case(lambda: (v(3),))
def w06d_setattr(x):
    a = Acc()
    setattr(a, "t", x[0])
    return a.t


GL, GD = [np.float64(1.0), 0.0], {"a": 0.0}


@case(lambda: (v(3),), "refused: ADG102")
def w07_global_list(x):
    GL[0] = x[0]
    return GL[0] * x[1]


@case(lambda: (v(3),), "refused: ADG102")
def w07b_global_dict(x):
    GD["a"] = x[0]
    return GD["a"] ** 2


@case(lambda: (v(3),), "refused: ADG102")
def w07c_global_list_append(x):
    GL.append(x[0] ** 2)
    return GL[-1] * x[1]


@case(lambda: (v(4),), "refused: ADG101")
def w08_list_grows_while_iterated(x):
    l = [x[0]]
    s = 0.0
    for e in l:
        s += e
        if len(l) < 3:
            l.append(e * 2)
    return s


@case(lambda: (v(4),))
def w08b_list_element_set_while_iterated(x):
    l = [x[0], x[1], x[2]]
    s = 0.0
    for i, e in enumerate(l):
        s += e
        if i < 2:
            l[i + 1] = e * 2
    return s


@case(lambda: (v(4),))
def w08c_dict_set_while_iterated(x):
    d = {"a": x[0], "b": x[1]}
    s = 0.0
    for e in d.values():
        d["b"] = d["b"] + e
        s += e
    return s


@case(lambda: (v(4),))
def w09_augmented_element_reads_late(x):
    y = x * 1.0

    def f():
        y[0] = 7.0 * x[1]
        return 1.0

    y[0] += f()
    return np.sum(y)


@case(lambda: (v(4),))
def w09b_star_reads_late(x):
    l = [x[0], x[1]]
    m = [*l, l.pop()]
    return sum(m) * len(m)


@case(lambda: (v(4),), "refused: ADG101")
def w10_iterator_used_twice(x):
    z = zip(x, x[1:])
    s = 0.0
    for a, b in z:
        s += a * b
    for a, b in z:
        s += 100 * a * b
    return s


@case(lambda: (v(4),))
def w10b_dict_view_is_live(x):
    d = {"a": x[0]}
    vals = d.values()
    d["a"] = x[1]
    return sum(e * e for e in vals)


@case(lambda: (v(4),))
def w11_astype_copy_false(x):
    y = x * 2
    z = y.astype(float, copy=False)
    z[0] = x[1]
    return np.sum(y * y)


@case(lambda: (v(4),))
def w11b_conj_of_real(x):
    y = x * 2
    z = y.conj()
    z[0] = x[1]
    return np.sum(y * y)


@case(lambda: (v(4),), "refused: ADG103")
def w11c_asfortranarray(x):
    y = x * 2
    z = np.asfortranarray(y)
    z[0] = x[1]
    return np.sum(y * y)


@case(lambda: (v(4),))
def w11d_require(x):
    y = x * 2
    z = np.require(y)
    z[0] = x[1]
    return np.sum(y * y)


@case(lambda: (v(4),), "refused: ADG103")
def w11e_trim_zeros(x):
    y = x * 2
    z = np.trim_zeros(y)
    z[0] = x[1]
    return np.sum(y * y)


@case(lambda: (v(3), w(3)), "refused: ADG103")
def w12_element_alias_then_append(x, y):
    m = [x * 2]
    c = m[-1]
    for i in range(2):
        m.append(y * x[i])
    c[0] = 5.0 * x[1]
    return np.sum(np.array(m) ** 2)


@case(lambda: (v(3), w(3)), "refused: ADG103")
def w12b_append_in_branch(x, y):
    m, c = [x * 2], y * 1
    if y[0] > -0.5:
        m.append(c)
    c[1] = x[0] * 3
    return np.sum(m[0] * m[-1])


@case(lambda: (v(3),))
def c01_for_else_return(x):
    for i in range(3):
        if x[i] > 0.6:
            y = x * 2
            break
    else:
        return x[0]
    return np.sum(y * x)


@case(lambda: (v(3),))
def c01b_elif_return(x):
    if x[0] > 0:
        y = x * 2
    elif x[1] > 0:
        y = np.sin(x)
    else:
        return x[0]
    return np.sum(y * x)


@case(lambda: (v(3),))
def c02_return_of_written_array(x):
    y = x * 1
    for i in range(3):
        y[i] *= 2
        if y.sum() > 4:
            return y
    return y


@case(lambda: (v(3),))
def c03_list_of_float64_and_float(x):
    l = [x[0]]
    for i in range(2):
        l.append(0.5)
    return sum(l)


@case(lambda: (v(3),))
def c03b_rows_with_constant(x):
    l = []
    for e in x:
        l.append([e, e * e, 1.0])
    return np.sum(np.array(l) ** 2)


@case(lambda: (v(3),), "refused: ADG103")
def c03c_append_to_last_row(x):
    r = []
    for i in range(2):
        r.append([])
        for e in x:
            r[-1].append(e * i)
    return sum(sum(q) for q in r)


@case(lambda: (v(6),))
def c04_fancy_store_in_slice_view(x):
    y = x * 1.5
    z = y[2:]
    z[[0, 1]] = x[:2]
    return np.sum(y * y)


@case(lambda: (v(3, 3),))
def c05_transpose_augmented(x):
    y = x * 1.0
    z = y.T
    z += 1.0
    return np.sum(y * x)


@case(lambda: (v(3, 3),))
def c05b_transpose_rows_augmented(x):
    y = x * 1.0
    y.T[[0, 1]] += x[0, 1]
    return np.sum(y * x)


class Bag:
    def __init__(self):
        self.l = []


BAG = Bag()


@case(lambda: (v(3),), "refused: ADG102")
def c06_global_object_list(x):
    BAG.l.append(x[0])
    return BAG.l[-1]


@case(lambda: (v(3),))
def c08_second_order_list_to_array(x):
    l = []
    for e in x:
        l.append(e * e)
    return np.sum(np.array(l) ** 2)


@case(lambda: (v(3),))
def c08b_second_order_tuples(x):
    l = [(0.0, 0.0)]
    for e in x:
        l.append((e, l[-1][1] + e * e))
    return l[-1][0] * l[-1][1]


@case(lambda: (v(3),))
def c09_jvp_list_of_pairs(x):
    out = []
    for i, e in enumerate(x):
        out.append((i, e * e))
    return out


@case(lambda: (v(3),))
def c09b_jvp_int_first(x):
    l = [0]
    for e in x:
        l.append(e)  # noqa: PERF402
    return sum(l) * l[1]


@case(lambda: (v(5),))
def c10_lstsq_rcond(x):
    c, *_ = np.linalg.lstsq(np.vander(np.linspace(0, 1, 5), 3), x, rcond=None)
    return np.sum(c**2)


@case(lambda: (v(3),))
def w13_name_read_late_beside_nonlocal(x):
    s = x[0]

    def f():
        nonlocal s
        s = s * 10
        return x[1]

    return s + f()


@case(lambda: (v(3),))
def w13b_augmented_beside_nonlocal(x):
    s = x[0]

    def f():
        nonlocal s
        s = s * 10
        return x[1]

    s += f()
    return s


@case(lambda: (v(3),))
def c12_suppress_does_not_suppress(x):
    s = x[0]
    for i in range(6):
        with contextlib.suppress(IndexError):
            s = s * x[i]
    return s


@case(lambda: (v(3),))
def c13_second_order_try(x):
    y = x * 1
    try:
        y[0] = x[0] * x[1]
        if y[0] > 0.3:
            raise ValueError("a")
        y[1] = 7.0
    except ValueError:
        y[2] = y[0] ** 2
    return np.sum(y * y)


@case(lambda: (w(4),))
def w14_second_order_where_out(x):
    y = x * 2
    r = np.sqrt(x, out=y, where=x > 0)
    return np.sum(r * r * y)


@case(lambda: (v(3),))
def w15_name_underscore(x):
    _ = x[0] * 2
    s = 0.0
    for i in range(3):
        s += x[1] * x[1]
    return s * _


@case(lambda: (v(1)[0],))
def w15b_parameter_underscore(_):
    s = 0.0
    for i in range(3):
        s += _ * _
    return s * _


@case(lambda: (v(3),))
def w16_too_many_to_unpack(x):
    a, b = x
    return a * b


@case(lambda: (v(1),))
def w16b_too_few_for_star(x):
    a, *m, b = x
    return a * b


@case(lambda: (v(3, 2),))
def w16c_too_many_rows(x):
    a, b = x
    return np.sum(a * b)


@case(lambda: (v(3), 4))
def w16d_too_many_in_list(x, n):
    found = []
    for i in range(n):
        found.append(x * i)
    a, b = found
    return np.sum(a * b)


@case(lambda: (v(2, 3),))
def w16e_too_many_in_loop(x):
    s = 0.0
    for a, b in x:
        s += a * b
    return s


@case(lambda: (v(2), "1 2 3"), "refused: ADG101")
def w16f_too_many_words(x, text):
    a, b = text.split()
    return x[0] * float(a) + x[1] * float(b)


@case(lambda: (v(3, 2), v(2)))
def s01_unpacked_rows_and_parts(x, y):
    a, _ = y
    s = 0.0
    for p, q in x:
        s += a * p * q
        p, a = q, p * a
        y[0], y[1] = a, s
    u, w_ = y
    return u * w_ + s


@case(lambda: (v(3), 4))
def s02_sums_in_branches_and_inner_loops(x, n):
    s = x[0]
    r = x[1]
    q = 0.0
    for i in range(n):
        if i % 2:
            s = s + x[0] * i
        else:
            for k in range(i):
                s -= x[2] * x[k]
            r = 3.0 - r  # no sum
        q = x[1] + q
        s = x[i % 3] + s
    return s * s + r * x[1] + q * q


@case(lambda: (v(3), 4))
def s03_sums_that_are_read(x, n):
    s = 0.0
    p = x[0]
    seen = []
    for i in range(n):
        s += x[1] * p
        p += s
        if p > 2.0:
            p += x[2]
        seen.append(p)
    t = x * 1.0
    while t[0] < 5.0:
        t = t + x
    return s * p + seen[1] * seen[0] + np.sum(t * x)


@case(lambda: (v(3), 5))
def s04_sums_with_exits(x, n):
    s = x[0] * x[1]
    u = x * 0.5
    for i in range(n):
        u += x * x
        if i == 3:
            break
        if i == 1:
            continue
        s += np.sum(x) * i
    else:
        s *= 2.0
    return s * np.sum(u * x)


@case(lambda: (v(3),))
def w17_largest_by_tuple(x):
    pts = [(x[0], x[1]), (x[1], x[2]), (x[2], x[0])]
    a = max(pts, key=lambda p: (p[1], p[0]))
    return a[0] * a[1] * 2


@case(lambda: (v(3),))
def w17b_smallest_by_tuple_of_list(x):
    pts = []
    for i in range(len(x)):
        pts.append((x[i], x[i - 1]))
    a = min(pts, key=lambda p: (p[1], p[0]))
    return a[0] * a[1] ** 2


@case(lambda: (v(3),))
def w17c_largest_tuple(x):
    pts = [(x[0], x[1]), (x[1], x[2]), (x[2], x[0])]
    a = max(pts)
    return a[0] * a[1] ** 2


@case(lambda: (v(3),))
def w17d_sorted_beside_words(x):
    ks = ["b", "a", "c"]
    a = sorted(zip(ks, x))
    return a[0][1] * a[1][1] ** 2


@case(lambda: (v(3),))
def w17e_sorted_by_known_keys(x):
    ks = ["b", "a", "c"]
    order = sorted(range(3), key=lambda i: ks[i])
    return x[order[0]] * x[order[1]] ** 2


@case(lambda: (v(3),))
def w17f_list_sorted_by_key(x):
    pts = [(a * 2, b * b) for a, b in zip(x, x[::-1])]
    pts.sort(key=lambda p: p[0])
    return pts[0][1] * pts[1][0]


@case(lambda: (v(3),))
def w17g_list_sorted_down(x):
    l = [v * v for v in x]
    l.sort(reverse=True)
    return l[0] * l[1] ** 2


@case(lambda: (v(3),))
def w17h_tuples_sorted_down(x):
    pts = []
    for i in range(len(x)):
        pts.append((x[i], x[i - 1]))
    a = sorted(pts, reverse=True)
    return a[0][0] * a[1][1]


@case(lambda: ([(0.1, (0.2, 0.3)), (0.4, (0.5, 0.6))], 3))
def w18_gradients_of_tuples_add(p, n):
    s = 0.0
    for i in range(n):
        for a, (b, c) in p:
            s += a * b * c * i
        s += p[0][0] * p[1][1][0]
    return s


@case(lambda: (v(3), 4))
def w18b_gradients_of_tuples_in_a_loop(x, n):
    pts = [(x[i], x[i] ** 2) for i in range(3)]
    a = pts[n % 3]
    b = pts[(n + 1) % 3]
    s = 0.0
    for i in range(n):
        r = a if i % 2 else b
        s += r[0] * r[1]
        a, b = b, (r[0] * 0.5, r[1])
    return s + pts[0][1]


@case(lambda: (v(3), 4))
def c14_tuple_at_runtime(x, k):
    t = ((x[0], x[2]), (x[1] * x[2], x[0]))
    return t[int(np.argmax(x)) - 1][1]


@case(lambda: (v(3),))
def w18c_gradients_of_tuples_that_are_kept(x):
    pts = [(x[0], x[1]), (x[1], x[2]), (x[2], x[0])]
    a = sorted(pts)
    return a[0][0] * a[1][1]


@case(lambda: (v(4),))
def w19_sum_of_one_array_is_a_new_array(x):
    a = x * 2
    s = sum([a])
    s[0] = 0.0
    return np.sum(a * a) + np.sum(s)


@case(lambda: (w(4),))
def w19b_sum_counts_masks(x):
    return np.sum(sum([x > 0, x > -0.5]) * x) + np.sum(sum([x > 0]) * x)


@case(lambda: (v(5, 3), 5))
def w19c_sum_of_arrays_that_broadcast(x, n):
    parts = []
    for i in range(n):
        parts.append(x[i : i + 1])
        parts.append(x)
    return np.sum(sum(parts) ** 2)


@case(lambda: (v(4),))
def w20_asarray_with_copy(x):
    y = np.asarray(x, copy=True)
    y[0] = 5.0
    return np.sum(x * y)


@case(lambda: (v(8), "101"))
def w21_base_of_int(x, bits):
    n = len(x)
    turned = [int(format(i, "03b")[::-1], 2) for i in range(n)]
    return x[int(bits, 2)] ** 2 + np.sum(x[turned] * np.arange(n))


@case(lambda: (v(4),))
def w22_index_from_a_place_on(x):
    found = [1, 2, 3, 2].index(2, 2)
    return x[found] * x[0]


@case(lambda: (v(4),))
def w23_update_from_pairs(x):
    d = {"a": x[0]}
    d.update((("b", x[1]),))
    d.update(zip(("a", "c"), (x[3], x[2])))
    return d["a"] * d["b"] * d["c"]


@case(lambda: (v(4),))
def w24_getattr_with_a_default(x):
    n = SimpleNamespace(a=x[0])
    return getattr(n, "b", x[1] * 3) * getattr(n, "a", None) * np.ndim(a=x)


@case(lambda: ([w(2), v(2)], w(2)))
def w25_lists_of_the_items_of_a_list(parts, x):
    flat = np.concatenate([p.ravel() for p in parts] + [x])
    large = [p for p in parts if p.shape[0] > 1]
    kept = []
    for k in range(len(parts)):
        kept.append(parts[k])
    return np.sum(flat**2) + sum(np.sum(p) for p in large) + np.sum(kept[0] * kept[1])


@case(lambda: ([w(2), v(2)],), "refused: ADG103")
def w25b_written_after_it_was_taken(parts):
    kept = []
    for p in parts:
        kept.append(p)
        p[0] = 1.0
    return np.sum(kept[0] * kept[1])


@case(lambda: ([w(2), v(2)],))
def w25c_one_list_under_two_names(parts):
    kept = [parts[0]]
    same = kept
    for k in range(len(parts)):
        kept.append(parts[k])
    return np.sum(same[2] * parts[1]) + len(same) * np.sum(same[1])


class Swallow:
    def __enter__(self):
        return self

    def __exit__(self, *how):
        return True


def too_large(x):
    if x[0] < 100.0:
        raise ValueError("too large")
    return np.sum(x)


@case(lambda: (v(4),))
def w26_raise_that_a_manager_keeps(x):
    with Swallow():
        raise KeyError("kept")
    return np.sum(x * x)


@case(lambda: (v(4),))
def w26b_return_that_a_manager_prevents(x):
    if x[0] > -9.0:
        with contextlib.suppress(ValueError):
            return too_large(x)
    return np.sum(x * x)


@case(lambda: (v(4),))
def w26c_in_a_branch(x):
    if x[0] > -9.0:
        with Swallow():
            raise KeyError("kept")
    else:
        x = x * 3
    return np.sum(x * x)


@case(lambda: (v(4),))
def w27_strict_zip(x):
    try:
        return sum(p * q for p, q in zip(x, x[1:], strict=True))
    except ValueError:
        return np.sum(x * 3)


@case(lambda: (v(4), [1.0, 2.0]))
def w27b_strict_zip_that_raises(x, parts):
    return sum(p * q for p, q in zip(x, parts, strict=True))


@case(lambda: (v(3), 7))
def w28_width_of_a_field(x, n):
    k = 5
    print(f"{n:{k}d}|{n!r:>{k}}|{{}}|{n=}|{x[0]:{k + n}.2f}|{'a':>4}|{n:{'<'}6}")
    return np.sum(x)
