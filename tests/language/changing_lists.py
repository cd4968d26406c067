"""Lists and deques that change while the program runs: stacks, queues, heaps."""

from __future__ import annotations

import heapq
from collections import deque
from typing import NamedTuple

import numpy as np

from tests.language.table import program, refused


class Pt(NamedTuple):
    x: float
    y: float


class P(NamedTuple):
    x: float
    v: np.ndarray


@program
def breadth_first(x):
    q = [0]
    val = [x[0]]
    seen = 1
    while q:
        i = q.pop(0)
        for j in (2 * i + 1, 2 * i + 2):
            if j < 7:
                q.append(j)
                val.append(val[i] * x[j % 3])
    return sum(val)


@program
def removed(x):
    items = []
    for i in range(5):
        items.append(i)  # noqa: PERF402
    items.remove(3)
    return sum(x[i % 3] ** i for i in items)


@program
def slice_deleted(x):
    items = []
    for i in range(6):
        items.append(x[i % 3] * i)
    del items[1:3]
    return sum(items[i] * i for i in range(len(items)))


@program
def inserted(x):
    items = []
    for i in range(5):
        items.insert(i // 2, x[i % 3] * i)
    return sum(i * v for i, v in enumerate(items))


@program
def deque_of_three(x):
    q = deque(maxlen=3)
    s = 0.0
    for i in range(7):
        q.append(x[i % 3] * (i + 1))
        s += sum(q) ** 2
    return s


@program
def full_deque(x):
    q = deque([0.0] * 3, maxlen=3)
    for i in range(7):
        q.append(x[i % 3] + 0.5 * q[0])
    return sum(q)


@program
def heap_of_pairs(x):
    h = []
    for i, v in enumerate(x):
        heapq.heappush(h, (v, i))
    s = 0.0
    k = 1.0
    while h:
        v, i = heapq.heappop(h)
        s += k * v**2 * x[i]
        k += 1.0
    return s


@program
def shortest_path(x):
    h = [(x[0], 0)]
    dist = [1e9] * 4
    s = 0.0
    while h:
        d, u = heapq.heappop(h)
        if d > dist[u]:
            continue
        dist[u] = d
        for w, c in ((u + 1, x[1]), (u + 2, x[2])):
            if w < 4 and d + c < dist[w]:
                heapq.heappush(h, (d + c, w))
                dist[w] = d + c
    return dist[3] ** 2


@program
def namedtuples(x):
    ps = []
    for i in range(len(x)):
        ps.append(Pt(x[i], x[0] * i))
    return sum(p.x * p.y for p in ps)


@program
def rows_of_integers_too(x):
    rows = []
    for i in range(3):
        if i == 0:
            rows.append([1, 0])
        else:
            rows.append([x[i], x[0]])
    return np.sum(np.array(rows) ** 2)


@program
def stepped_slice_stored(x):
    items = []
    for i in range(6):
        items.append(x[i % 3] * i)
    items[::2] = [x[0], x[1], x[2]]
    return sum(i * v for i, v in enumerate(items))


@program
def repeated(x):
    n = len(x)
    items = [x[0], x[1]] * n
    return sum(i * v * v for i, v in enumerate(items))


@program
def reversed_and_doubled(x):
    items = []
    for v in x:
        items.append(v)  # noqa: PERF402
    items.reverse()
    items.extend(items)
    items += [x[0]]
    return sum(i * v * v for i, v in enumerate(items))


@program
def item_kinds_by_counter(x):
    items = []
    for i in range(3):
        items.append(x if i == 1 else x[i])
    return np.sum(items[0]) + np.sum(items[1]) + items[2]


@program
def counted_and_found(x):
    items = []
    for v in range(6):
        items.append(v % 3)
    return x[0] * items.count(1) + x[1] * items.index(2) + (x[2] if 2 in items else 0.0)


@program
def heap_ties(x):
    h = []
    for i in range(6):
        heapq.heappush(h, (i % 2, x[i % 3] * (i + 1)))
    s = 0.0
    for k in range(6):
        p, v = heapq.heappop(h)
        s = s * 0.5 + v * (p + 1)
    return s


@program
def heap_of_triples(x):
    h = []
    n = 0
    for v in x:
        n += 1
        heapq.heappush(h, (v, n, x * v))
    s = 0.0
    while h:
        v, i, a = heapq.heappop(h)
        s = s * 0.7 + np.sum(a) * i + v
    return s


@program
def heapified(x):
    h = [v * v for v in x] + [x[0], 2.5]
    heapq.heapify(h)
    s = 0.0
    for i, v in enumerate(h):
        s += i * v
    return (
        s
        + heapq.heappushpop(h, x[1]) * heapq.heapreplace(h, x[2] * 3)
        + heapq.nsmallest(2, h)[1]
        + heapq.nlargest(1, h)[0]
    )


@program
def bounded_in_a_helper(x):
    def put(q, v):
        q.append(v)
        q.append(v * 2)

    q = deque(maxlen=3)
    for i in range(len(x)):
        put(q, x[i])
    return q[0] * q[1] + q[2] ** 2 + len(q)


@program
def bounded_from_the_left(x):
    q = deque([1.0, 2.0, 3.0], 3)
    for v in x:
        q.appendleft(v)
        q.extend([v, v * 2])
    return sum(i * v for i, v in enumerate(q))


@program
def bounded_made_anew(x):
    q = deque(maxlen=2)
    s = 0.0
    for i in range(4):
        q.append(x[i % 3])
        s += sum(q) ** 2
        if i == 1:
            q = deque(maxlen=2)
    return s


@program
def bounded_in_a_dict(x):
    d = {"q": deque(maxlen=2)}
    for v in x:
        d["q"].append(v)
    return sum(d["q"]) ** 2


@program
def deque_of_arrays(x):
    q = deque()
    for i in range(len(x)):
        q.append(x * x[i])
        if len(q) > 2:
            q.popleft()
    return np.sum(q[0] * q[-1])


@program
def rotated(x):
    q = deque()
    for v in x:
        q.append(v)
    q.rotate(1)
    a = q[0]
    q.rotate(-2)
    return a * q[0] ** 2 + q[-1]


@program
def popped_in_the_middle(x):
    items = []
    for i in range(6):
        items.append(x[i % 3] * i)
    i = 1
    s = 0.0
    while len(items) > 2:
        s += items.pop(i) * items.pop(-2)
        i = 0
    return s + items[0]


@program
def inserted_before_the_end(x):
    items = []
    for i in range(len(x)):
        items.insert(-1, x[i])
        items.insert(100, x[i] * 2)
        items.insert(-50, x[i] * 3)
    return sum(i * v for i, v in enumerate(items))


@program
def deleted_in_a_loop(x):
    items = [v for v in x]
    for i in range(len(x) - 1):
        k = int(items[0] > 1.0)
        del items[k]
    return items[0] ** 2


@program
def largest_removed(x):
    items = [v * 2 for v in x]
    items.remove(max(items))
    return items[0] * items[1]


@program
def missing_removed(x):
    items = [v for v in x]
    try:
        items.remove(99.0)
    except ValueError:
        items.append(x[0])
    return sum(items) * len(items)


@program
def two_names(x):
    a = []
    b = a
    for v in x:
        a.append(v)
        b.append(v * 2)
    b.pop()
    del a[0]
    return sum(a) * b[0]


@program
def stack_of_lists(x):
    st = [[x[0]]]
    s = 0.0
    while st:
        items = st.pop()
        s += sum(items) ** 2
        if len(items) < 3:
            items.append(x[1])
            st.append(items)
    return s


@program
def list_of_tuples_pop(x):
    items = []
    for i in range(len(x)):
        items.append((i, x[i], x * i))
    s = 0.0
    while items:
        i, v, a = items.pop(0)
        s = s * 0.5 + v * i + np.sum(a)
    return s


@program
def namedtuples_of_arrays(x):
    ps = []
    for i in range(len(x)):
        ps.append(P(x[i], x * i))
    s = 0.0
    for p in ps:
        s += p.x * np.sum(p.v)
    q = ps[1]._replace(x=x[0])
    ps[0] = q
    best = max(ps, key=lambda p: p.x)
    return s + q.x * ps[-1].x + best.x**2 + ps[0].x


@program
def slices_with_variable_bounds(x):
    items = []
    for i in range(6):
        items.append(x[i % 3] * i)
    a = int(x[0]) + 1
    items[a : a + 2] = [x[0]]
    items[a:a] = [x[1], x[2]]
    del items[-2:]
    del items[:a]
    items[:] = [v * 2 for v in items]
    return sum(i * v for i, v in enumerate(items))


@program
def extended_slices(x):
    items = list(x)
    items[::2] = [x[1], x[0] * 2]
    items[-1:0:-1] = [x[0], x[1] ** 2]
    return items[0] * items[1] + items[2]


@program
def mixed_ints(x):
    items = [0] * len(x)
    for i in range(len(x)):
        items[i] = x[i] ** 2
    m = [0, 0, 1]
    m[int(x[0])] = x[1]
    return sum(items) * m[0] + m[2]


@program
def mixed_loop(x):
    rows = []
    for i in range(len(x)):
        row = [0] * len(x)
        row[i] = x[i]
        rows.append(row)
    return np.sum(np.array(rows) @ np.array(rows))


@program
def queue(x):
    q = deque([(0, x[0])])
    s = 0.0
    while q:
        d, v = q.popleft()
        s += v * (d + 1)
        if d < 3:
            q.append((d + 1, v * x[1]))
            if d % 2:
                q.appendleft((d + 1, v + x[2]))
    return s


@program
def list_of_deques(x):
    qs = [deque(), deque()]
    for i in range(len(x)):
        qs[i % 2].append(x[i])
    return qs[0].popleft() * sum(qs[1])


@program
def cleared(x):
    items = []
    s = 0.0
    for i in range(6):
        items.append(x[i % 3])
        if len(items) == 2:
            s += items[0] * items[1]
            items.clear()
    return s


@program
def popped_from_bounded(x):
    q = deque(maxlen=2)
    for v in x:
        q.append(v)
    q.pop()
    q.append(x[0])
    q.append(x[1] ** 2)
    return q[0] * q[1]


@program
def merged(x):
    def merge(a, b):
        out = []
        i = j = 0
        while i < len(a) and j < len(b):
            if a[i] < b[j]:
                out.append(a[i])
                i += 1
            else:
                out.append(b[j])
                j += 1
        return out + a[i:] + b[j:]

    r = merge(merge([x[2]], [x[0]]), [x[1]])
    return sum(k * v for k, v in enumerate(r))


@refused("changes its kind")
def bounded_in_a_growing_list(x):
    qs = []
    for _ in range(len(x)):
        qs.append(deque(maxlen=1))  # noqa: PERF401
    qs[0].append(x[0])
    return sum(qs[0])


@refused("different kind of value on two paths")
def bounded_or_not(x):
    q = deque(maxlen=2) if x[0] > 5 else deque()
    q.append(x[0])
    return sum(q)


@refused("insert() into a deque with maxlen")
def inserted_into_bounded(x):
    q = deque(maxlen=2)
    q.insert(0, x[0])
    return sum(q)


@program
def grows_while_walked(x):
    items = [x[0]]
    for v in items:
        if len(items) < 5:
            items.append(v * x[1])
    return sum(items)
