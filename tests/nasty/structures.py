"""Parameters and results that hold several values."""

import numpy as np

from tests.nasty.table import case, v


@case(lambda: ({"w": v(2, 3), "b": v(3), "n": 3, "name": "layer"}, v(2)))
def dict_parameter(p, x):
    return np.sum((x @ p["w"] + p["b"]) ** 2) / p["n"]


@case(lambda: ({"a": {"b": [v(2), 1.3]}, "c": (v(3), {"d": 0.4})},))
def nested_parameter(p):
    return np.sum(p["a"]["b"][0]) * p["a"]["b"][1] * p["c"][1]["d"] + np.sum(p["c"][0] ** 2)


@case(lambda: ([v(2, 3), v(3, 2)], v(2)))
def list_of_weights(ws, x):
    for wk in ws:
        x = np.tanh(x @ wk)
    return np.sum(x)


@case(lambda: ([(v(2, 3), v(3)), (v(3, 2), v(2))], v(2)))
def list_of_pairs(layers, x):
    for wk, b in layers:
        x = np.tanh(x @ wk + b)
    return np.sum(x)


@case(lambda: ([1.3, 2.0, 0.5],))
def list_of_floats(xs):
    return xs[0] * xs[1] + xs[-1] ** 2


@case(lambda: ([1.3, 2.0, 0.5],))
def list_of_floats_loop(xs):
    s = 1.0
    for e in xs:
        s *= e
    return s * len(xs)


@case(lambda: ([1.3, 2.0, 0.5], 3))
def list_of_floats_index_loop(xs, n):
    s = 1.0
    for i in range(n):
        s = s * xs[i] + xs[i - 1]
    return s


@case(lambda: ([1.3, 2.0, 0.5],))
def list_parameter_appended(xs):
    xs.append(xs[0] * xs[1])
    return sum(xs) * xs[3]


@case(lambda: ([1.3, 2.0, 0.5],))
def list_parameter_written(xs):
    xs[0] = xs[1] * 3.0
    xs[-1] += xs[0]
    return sum(xs)


@case(lambda: ({"a": 1.3, "b": 2.0},))
def dict_parameter_written(d):
    d["a"] = d["b"] ** 2
    d["c"] = d["a"] * d["b"]
    return d["c"] + d["a"]


@case(lambda: ({"a": v(2), "b": v(2)},))
def dict_arrays_written(d):
    d["a"] += d["b"]
    d["b"] *= d["a"]
    return np.sum(d["a"] * d["b"])


@case(lambda: ((1.3, 2.0),))
def tuple_parameter(p):
    a, b = p
    return a * b + p[0]


@case(lambda: ((1.3, 2, None, "s", v(2)),))
def mixed_tuple(p):
    return p[0] * p[1] * np.sum(p[4])


@case(lambda: (1.3, None))
def none_parameter(x, y):
    return x * x if y is None else x * y


@case(lambda: (v(3),))
def tuple_result(x):
    return np.sum(x), x * 2.0


@case(lambda: (v(3),))
def dict_result(x):
    return {"loss": np.sum(x * x), "mean": x.mean(), "x2": x * x}


@case(lambda: (v(3),))
def list_result(x):
    return [x[0] * x[1], x[2] ** 2]


@case(lambda: (v(3),))
def list_result_of_unknown_length(x):
    out = []
    for e in x:
        out.append(e * x[0])
    return out


@case(lambda: (v(3),))
def nested_result(x):
    return (x[0], {"a": [x * 2.0, x[1]]}, (x[2],))


@case(lambda: (v(3),))
def none_leaf_result(x):
    return np.sum(x), None


@case(lambda: (v(3), 2))
def int_leaf_result(x, n):
    return np.sum(x) * n, n, "text"


@case(lambda: (v(3),))
def result_is_argument(x):
    return x


@case(lambda: (v(3),))
def result_is_view(x):
    return x[1:]


@case(lambda: (v(2, 3),))
def result_is_transpose(x):
    return x.T


@case(lambda: (v(3),))
def result_twice(x):
    return x, x


@case(lambda: (v(3),))
def result_and_its_view(x):
    y = x * 2.0
    return y, y[1:], y


@case(lambda: (v(3),))
def result_written_argument(x):
    x[0] = x[1] * 2.0
    return x


@case(lambda: (v(3), 2.0))
def result_independent(x, y):
    return y * 2.0


@case(lambda: (v(3),))
def result_constant(x):
    return 1.5


@case(lambda: (v(3),))
def result_is_shape(x):
    return x.shape[0]


@case(lambda: (v(3),))
def result_bool(x):
    return bool(x[0] > 0)


@case(lambda: (1.3,))
def result_is_float_argument(x):
    return x


@case(lambda: (np.array([1, 2, 3]), v(3)))
def int_array_parameter(k, x):
    return np.sum(k * x**k)


@case(lambda: ([v(2), v(3)],))
def ragged_list(xs):
    return np.sum(xs[0]) * np.sum(xs[1] ** 2)


@case(lambda: ([v(2), v(2)], 1))
def list_dynamic_index(xs, k):
    return np.sum(xs[k] ** 2) + np.sum(xs[k - 1])


@case(lambda: ([],))
def empty_list_parameter(xs):
    return 1.0 + len(xs)


@case(lambda: ([], 1.3), "refused: ADG101")
def empty_list_loop(xs, y):
    for e in xs:
        y = y * e
    return y * y


@case(lambda: ({}, 1.3))
def empty_dict_parameter(d, y):
    return y * d.get("a", 2.0)


@case(lambda: ({"a": 1.3, "b": 2.0},))
def dict_methods(d):
    e = dict(d, c=d["a"] * 2.0)
    e.update({"a": e["b"]})
    total = 0.0
    for k, x in e.items():
        total += x * (2.0 if k == "a" else 1.0)
    return total + sum(e.values()) * e.pop("c") + len(e) + e.setdefault("z", 1.0)


@case(lambda: ({"a": 1.3, "b": 2.0},))
def dict_unpacked(d):
    e = {**d, "b": d["a"] * d["b"]}
    return e["a"] * e["b"]


@case(lambda: ({"a": 1.3, "b": 2.0},))
def dict_comprehension(d):
    e = {k: x * x for k, x in d.items()}
    return e["a"] * e["b"]


@case(lambda: ({0: 1.3, 1: 2.0, (1, 2): 0.5},))
def dict_odd_keys(d):
    return d[0] * d[1] * d[1, 2]


@case(lambda: ([1.3, 2.0, 0.5],), "refused: ADG101")
def list_methods(xs):
    ys = xs.copy()
    ys.insert(0, xs[1] * 2.0)
    ys.extend([xs[0], 1.0])
    z = ys.pop()
    ys.reverse()
    return ys[0] * ys[-1] + z + ys.pop(1)


@case(lambda: ([1.3, 2.0, 0.5],), "refused: ADG101")
def list_slices(xs):
    ys = xs[1:] + xs[:1]
    a, *rest = ys
    return a * rest[0] + sum(rest[::-1]) * ys[0]


@case(lambda: ([1.3, 2.0, 0.5],))
def list_to_numpy(xs):
    return np.sum(np.array(xs) ** 2) * np.mean(xs)


@case(lambda: ([1.3, 2.0, 0.5],))
def list_max_min(xs):
    return max(xs) * min(xs) + sum(xs)


@case(lambda: (v(3),))
def unpack_array(x):
    a, b, c = x
    return a * b + c


@case(lambda: (v(3),), "refused: ADG101")
def unpack_star_array(x):
    a, *rest = x
    return a * rest[0] + rest[1] ** 2


@case(lambda: (v(2, 2),))
def unpack_nested(x):
    (a, b), (c, d) = x
    return a * d - b * c


@case(lambda: (v(3),))
def multiple_assignment(x):
    a = b = x[0] * 2.0
    c, d = e = (a * b, x[1])
    return c * d + e[0]


@case(lambda: (v(3),))
def tuple_of_arrays_swapped(x):
    pair = (x * 1.0, x * 2.0)
    pair = pair[::-1]
    pair[0][0] = x[2]
    return np.sum(pair[0] * pair[1])


@case(lambda: (v(3),))
def set_and_membership(x):
    allowed = {1, 2}
    s = 0.0
    for k in range(3):
        if k in allowed:
            s += x[k] ** 2
    return s


@case(lambda: ({"w": v(2)}, {"w": v(2) + 1.0}))
def two_dicts(p, q):
    return {k: p[k] * q[k] for k in p}


@case(lambda: ([[1.3, 2.0], [0.5, 0.7]],))
def list_of_lists(t):
    return t[0][0] * t[1][1] - t[0][1] * t[1][0]


@case(lambda: ([[1.3, 2.0], [0.5]],))
def ragged_list_of_lists(t):
    return t[0][0] * t[1][0] - t[0][1]


@case(lambda: ((lambda a: {"x": a, "y": a})(v(2)),))
def dict_shares_array(p):
    return np.sum(p["x"] * p["y"] ** 2)


@case(lambda: ((lambda a: {"x": a, "y": a})(v(2)),), "refused: shared memory")
def dict_shares_array_written(p):
    p["x"][0] = 3.0
    return np.sum(p["x"] * p["y"] ** 2)
