"""Dicts whose keys only run time knows."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from tests.language.table import program, refused


@program
def count_by_key(x):
    d = {}
    for i, v in enumerate(x):
        k = int(v)
        d[k] = d.get(k, 0.0) + v * v
    s = 0.0
    for k, v in d.items():
        s += (k + 1) * v * v
    return s


@program
def membership(x):
    d = {}
    for v in x:
        k = round(v)
        if k in d:
            d[k] = d[k] * v
        else:
            d[k] = v
    return sum(d.values())


@program
def groups(x):
    d = defaultdict(list)
    for v in np.concatenate([x, x * 2]):
        d[int(v)].append(v)
    s = 0.0
    for k in sorted(d):
        s += np.mean(d[k]) ** 2 * (k + 1)
    return s


@program
def comprehension(x):
    d = {i: x[i] ** 2 for i in range(len(x))}
    return sum(d[i] * i for i in d)


@program
def comprehension_of_computed_keys(x):
    d = {int(v): v**2 for v in x}
    return max(d.values()) + sum(k * v for k, v in d.items())


@program
def grid_of_tuples(x):
    t = {}
    n = len(x)
    for i in range(n):
        for j in range(n):
            if i == 0 or j == 0:
                t[i, j] = x[i] * x[j]
            else:
                t[i, j] = t[i - 1, j] * 0.5 + t[i, j - 1] * x[i]
    return t[n - 1, n - 1]


@program
def key_error_caught(x):
    d = {}
    for i in range(6):
        k = i % 4
        try:
            d[k] += x[i % 3]
        except KeyError:
            d[k] = x[i % 3] ** 2
    return sum(v**2 for v in d.values())


@program
def shortest_paths(x):
    graph = {0: [1, 2], 1: [3], 2: [3], 3: []}
    dist = {0: 0.0}
    queue = [0]
    while queue:
        u = queue.pop(0)
        for w in graph[u]:
            nd = dist[u] + x[(u + w) % 3]
            if w not in dist or nd < dist[w]:
                dist[w] = nd
                queue.append(w)
    return dist[3] ** 2


@program
def best_key(x):
    d = {}
    for i in range(len(x)):
        d[i] = np.sin(x[i]) * x[0]
    best = max(d, key=lambda k: d[k])
    return d[best] * x[best]


@program
def cleared_and_copied(x):
    d = {}
    for i in range(4):
        d[i] = x[i % 3]
    e = d.copy()
    d.clear()
    for i in range(4):
        e[i] *= x[0]
    f = dict(e)
    f[0] = x[1]
    return sum(e.values()) + sum(f.values()) + len(d)


@program
def lists_collected(x):
    d = {}
    for i in range(7):
        d.setdefault(i % 2, []).append(x[i % 3] * i)
    s = 0.0
    for k, vs in d.items():
        s += (k + 1) * sum(vs) ** 2
    return s


@program
def counter(x):
    c = Counter()
    for v in x:
        c[int(v)] += v
    return sum(v * v for v in c.values())


@program
def entries_overwritten(x):
    d = {}
    for i in range(len(x) * 2):
        d[i % 2] = x[i % 3] * (i + 1)
    return d[0] ** 2 + d[1]


@program
def deleted_in_a_loop(x):
    d = {}
    n = len(x)
    for i in range(n):
        d[i] = x[i] ** 2
    s = 0.0
    while len(d) > 1:
        k = min(d)
        s = s * 0.5 + d[k] * x[0]
        del d[k]
    return s + d[n - 1]


@program
def pop_with_default(x):
    d = {}
    for v in x:
        d[int(v)] = v
    return d.pop(0, 1.0) * d.pop(5, 2.0) + d.pop(1, x[0])


@program
def update_in_items(x):
    d = {}
    for i in range(len(x)):
        d[i] = x[i]
    for k, v in d.items():
        d[k] = v * v * x[0]
    for k in d:
        d[k] *= 2.0
    return sum(d.values())


@program
def arrays_written_through_views(x):
    d = {}
    for i in range(len(x)):
        d[i] = np.zeros(3)
    for i in range(len(x)):
        d[i][1:] += x[i] * x[1:]
    for v in d.values():
        v *= 2.0
    for k, v in d.items():
        v[0] = x[k]
    s = 0.0
    for k in d:  # noqa: PLC0206
        s += np.sum(d[k] ** 2) * (k + 1)
    return s


@program
def list_changed_through_a_name(x):
    d = {}
    for i in range(len(x)):
        d[i] = [x[i]]
    a = d[0]
    a.append(x[1])
    a[0] *= 3.0
    return sum(d[0]) ** 2 + sum(d[1])


@program
def two_names(x):
    d = {}
    e = d
    for i in range(len(x)):
        d[i] = x[i]
        e[i] *= 2.0
    return sum(d.values()) * e[0]


@program
def in_branch(x):
    d = {}
    if x[0] > 0:
        d["a"] = x[0]
    else:
        d["b"] = x[1]
    s = 0.0
    if "a" in d:
        s = d["a"] ** 2
    return s + d.get("b", x[2])


@program
def formatted_keys(x):
    d = {}
    for i in range(len(x)):
        d[f"w{i}"] = x[i] ** 2
    return d["w0"] * d["w2"]


@program
def layers_kept(x):
    cache = {}
    h = x
    for l in range(len(x)):
        z = h * x[l]
        cache[l] = (h, z)
        h = np.tanh(z)
    s = 0.0
    for l in reversed(range(len(x))):
        a, z = cache[l]
        s += np.sum(a * z)
    return s + np.sum(h)


@program
def dicts_in_a_dict(x):
    g = {}
    for i in range(len(x)):
        g.setdefault(i % 2, {})[i] = x[i] ** 2
    s = 0.0
    for k, row in g.items():
        for j, v in row.items():
            s += (k + 1) * (j + 1) * v
    return s


@program
def defaultdicts_in_a_defaultdict(x):
    g = defaultdict(lambda: defaultdict(float))
    for i in range(len(x)):
        g[i % 2][i] += x[i] ** 2
    return sum(sum(r.values()) ** 2 for r in g.values())


@program
def defaultdict_of_arrays(x):
    g = defaultdict(lambda: np.zeros(3))
    for i in range(len(x)):
        g[i % 2] += x * x[i]
    return sum(np.sum(v**2) for v in g.values())


@program
def swap_entries(x):
    d = {}
    for i in range(len(x)):
        d[i] = x[i]
    for i in range(len(x) - 1):
        d[i], d[i + 1] = d[i + 1] * 2.0, d[i]
    return sum((k + 1) * v**2 for k, v in d.items())


@program
def int_then_float(x):
    d = {}
    for i in range(len(x)):
        d[i] = 0
    for i in range(len(x)):
        d[i] += x[i] ** 2
    return sum(d.values()) * d[0]


@program
def sorted_by_value(x):
    d = {}
    for i in range(len(x)):
        d[i] = np.sin(3 * x[i])
    best = sorted(d, key=d.get)
    return d[best[0]] * x[best[1]]


@program
def sorted_keys(x):
    d = {}
    for v in x:
        d[int(v * 10)] = v
    ks = sorted(d.keys())
    return d[ks[0]] * d[ks[-1]] ** 2


@program
def filtered_comprehension(x):
    d = {i: v * v for i, v in enumerate(x) if v > 1.0}
    return sum(d.values()) + len(d) * x[0]


@program
def merged(x):
    a = {i: x[i] for i in range(len(x))}
    b = {i + 1: x[i] ** 2 for i in range(len(x))}
    c = {**a, **b}
    d = a | b
    return sum(c.values()) * d[0]


@program
def dict_of_zip(x):
    d = dict(zip(range(len(x)), x))
    return d[0] * d[2]


@program
def fromkeys(x):
    d = dict.fromkeys(range(len(x)), 0.0)
    for i in range(len(x)):
        d[i] += x[i] ** 2
    return d[0] * d[1]


@program
def while_keys(x):
    d = {}
    k = 0
    v = x[0]
    while v < 50.0:
        d[k] = v
        v = v * x[2] + d[k // 2]
        k += 1
    return v + d[0]


@refused("a dict key that depends on a value that is differentiated")
def keyed_by_active_floats(x):
    d = {}
    for v in x:
        d[v] = v * v
    s = 0.0
    for k in d:
        s += k
    return s


@refused("a dict key that depends on a value that is differentiated")
def keyed_by_active_text(x):
    d = {}
    for v in x:
        d[f"{v}"] = 1.0
    return sum(float(k) for k in d)


@refused("longer or shorter")
def grows_while_walked(x):
    d = {0: x[0]}
    for k in d:
        d[k + len(x)] = x[1]
    return sum(d.values())


@refused("whose values differ in type")
def values_of_two_types(x):
    d = {}
    i = 0
    while i < len(x):
        d[i] = x[i]
        d[-i] = x
        i += 1
    return np.sum(d[0])


@refused("empty here")
def nothing_in_it(x):
    d = {}
    for v in x:
        s = d[int(v)] * v
    return s


@refused("may share memory")
def list_kept_twice_and_changed(x):
    d = {}
    items = [x[0]]
    k = int(x[0])
    while k < 2:
        d[k] = items
        k += 1
    items.append(x[1])
    return sum(d[0]) ** 2


@refused("may share memory")
def array_kept_twice_and_written(x):
    d = {}
    a = x * 2
    for v in x:
        d[int(v)] = a
    d[0][0] = x[1] ** 2
    return np.sum(d[0] * d[1])


@refused("may share memory")
def copied_shallowly(x):
    d = {}
    for v in x:
        d[int(v)] = [v]
    e = d.copy()
    e[0].append(x[1])
    return sum(d[0]) ** 2


@refused("may share memory")
def listed_and_changed(x):
    d = {}
    for v in x:
        d[int(v)] = [v]
    ls = list(d.values())
    ls[0].append(x[1])
    return sum(d[0]) ** 2


@refused("may share memory")
def kept_under_two_keys(x):
    d = {}
    for v in x:
        d[int(v)] = [v]
    d[7] = d[0]
    d[7].append(x[1])
    return sum(d[0]) ** 2


@refused("may share memory")
def one_row_kept_each_time(x):
    g = {}
    row = np.zeros(3)
    i = 0
    while i < 3:
        row[i] = x[i]
        g[i] = row
        i += 1
    return np.sum(g[0] * g[2])
