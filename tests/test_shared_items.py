"""Items of lists, tuples and dicts that something else holds, too: a write to one is seen everywhere, or refused."""

import itertools

import numpy as np
import pytest

import adgen

X = np.array([0.5, 0.8, 1.3])


class Stat:
    def __init__(self):
        self.n, self.total = 0, 0.0

    def add(self, e):
        self.n += 1
        self.total += e * e


def zipped_parameters(x):
    w, b = x * 1.0, x * 2.0
    for p, g in zip((w, b), x):
        p -= 0.1 * g
    return np.sum(w * b)


def zipped_until_a_break(x):
    w, b = x * 1.0, x * 2.0
    for p, g in zip([w, b], x):
        p -= 0.1 * g
        if p[0] > 0.9:
            break
        p *= 2.0
    return np.sum(w * b)


def zipped_and_counted(x):
    w, b, c = x * 1.0, x * 2.0, x * 3.0
    n = 0
    for k, (p, g) in enumerate(zip([w, b, c], x[1:])):
        if g > 1.0:
            continue
        p -= 0.1 * g * (k + 1)
        n += 1
    return np.sum(w * b * c) * n + p[0]


def zipped_objects(x):
    stats = [Stat(), Stat()]
    for s, e in zip(stats, x):
        s.add(e)
    return stats[0].total + stats[1].n * x[0]


def zipped_dict(x):
    d = {"w": x * 1.0, "b": x * 2.0}
    for (name, p), g in zip(d.items(), x):
        p *= g
        d[name] = p + 1.0
    return np.sum(d["w"] * d["b"])


def zipped_twice(x):
    o = x * 1.0
    for q, _ in zip((o, o), range(10**6)):
        q *= 1.1
    return np.sum(o * o)


def many_times(x):
    o = x * 1.0
    for k, q in enumerate([o] * 20):
        q *= 1.0 + 0.01 * k
    return np.sum(o * x)


def read_meanwhile(x):
    o, s = x * 1.0, 0.0
    for q, k in zip((o, x * 2.0), x):
        o *= 1.1
        s += np.sum(q) * k
    return s


@pytest.mark.parametrize(
    "f",
    [
        zipped_parameters,
        zipped_until_a_break,
        zipped_and_counted,
        zipped_objects,
        zipped_dict,
        zipped_twice,
        many_times,
        read_meanwhile,
    ],
)
def test_writes_to_known_items_are_seen(f):
    adgen.check_grads(f, (X,))


def appended_to(x):
    o = x * 1.0
    items = [o, o]
    for k in range(len(x)):
        items.append(x * k)
    items[0] *= 2.0
    return np.sum(items[1] * x)


def stored_into(x):
    o = x * 1.0
    items = [o, o, x * 2.0]
    items[int(x[0] * 0.0 + 2.0)] = x * 3.0
    items[int(x[0] * 0.0)] *= 2.0
    return np.sum(items[1] * x)


def joined(x):
    o = x * 1.0
    items = [o, o] if x[0] > 0.0 else [o]
    items[0] *= 2.0
    return np.sum(items[-1] * x)


def grown_tuple(x):
    o = x * 1.0
    t = (o, o)
    for k in range(len(x)):
        t = (*t, x * k)
    a = t[0]
    a *= 2.0
    return np.sum(t[1] * x)


def dict_entries(x):
    o = x * 1.0
    d = {0: o, 1: o}
    q = d[int(x[0] * 0.0 + 1.0)]
    q *= 2.0
    return np.sum(d[0] * x)


def sorted_in_place(x):
    o = x * 1.0
    items = [o, o, x * 2.0]
    items.sort(key=lambda q: -q[0])
    items[1] *= 2.0
    return np.sum(items[2] * x)


def stepped(x):
    o = x * 1.0
    it = itertools.cycle([o, o])
    for _ in range(len(x)):
        q = next(it)
        q *= 2.0
    return np.sum(o * x)


def best(x):
    o = x * 1.0
    items = [o, o, x]
    q = max(items, key=lambda z: z[0])
    q *= 2.0
    return np.sum(items[0]) * np.sum(items[1])


def taken_again(x):
    o = x * 1.0
    items, taken = [o, o, x * 3.0], []
    for k in range(len(x)):
        taken.append(items[k // 2])
    taken[0] *= 2.0
    return np.sum(taken[1] * x)


def tuple_at_an_index(x):
    o = x * 1.0
    pairs = [(o, 1.0), (x * 2.0, 2.0)]
    q = pairs[int(x[0] * 0.0)][0]
    q *= 2.0
    return np.sum(o * x)


def tuple_of_a_dict(x):
    o = x * 1.0
    pairs = {0: (o, 1.0), 1: (x * 2.0, 2.0)}
    q = pairs[int(x[0] * 0.0)][0]
    q *= 2.0
    return np.sum(o * x)


def best_pair(x):
    p = x * 2.0
    pairs = [(x * 1.0, 1.0), (p, 2.0)]
    max(pairs, key=lambda t: t[0][0])[0][0] *= 2.0
    return np.sum(p * x)


def pair_before_a_write(x):
    o = x * 1.0
    pairs = [(o, 1.0), (x * 2.0, 1.0)]
    t = pairs[int(x[0] * 0.0)]
    o *= 3.0
    return np.sum(t[0] * x)


REFUSED = [appended_to, stored_into, joined, grown_tuple, dict_entries, sorted_in_place, stepped, best, taken_again]
REFUSED += [tuple_at_an_index, tuple_of_a_dict, best_pair, pair_before_a_write]


@pytest.mark.parametrize("f", REFUSED)
def test_writes_to_items_that_may_be_one_are_refused(f):
    with pytest.raises(adgen.AliasError):
        adgen.grad(f)(X)
