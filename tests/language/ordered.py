"""Dicts whose order changes, and counters."""

from __future__ import annotations

from collections import Counter, OrderedDict

from tests.language.table import program


@program
def least_recently_used(x):
    kept, t = OrderedDict(), 0.0
    for i in [0, 1, 0, 2, 1]:
        if i in kept:
            kept.move_to_end(i)
        else:
            kept[i] = x[i] ** 2
            if len(kept) > 2:
                kept.popitem(last=False)
        t += kept[i] * len(kept)
    for k, v in kept.items():
        t = t * 0.5 + k * v
    return t


@program
def moved_to_the_front(x):
    d = OrderedDict(a=x[0], b=x[1] * 2.0, c=x[2])
    d.move_to_end("b", last=False)
    d.move_to_end("a")
    _, first = d.popitem(last=False)
    return first * 3.0 + sum(v * i for i, v in enumerate(d.values()))


@program
def most_common_first(x):
    counts = Counter()
    for letter in "abracadabra":
        counts[letter] += 1
    return sum(x[0] ** n * k for k, (_, n) in enumerate(counts.most_common(3)))
