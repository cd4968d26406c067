"""Iterators of Python's library as generators: what takes their values runs where these yield.

`row_at` and `ends_before` are about sequences whose items are known by their place, some of them without end.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from adgen.infer.calls.library import FILES, ndindex, stands_for

FILES.add(__file__)


def row_at(rows: Any, k: Any) -> Any:
    """Return the k-th item of a sequence; carried out by `iterator_calls.py`."""
    raise NotImplementedError


def ends_before(rows: Any, k: Any) -> bool:
    """Say whether a sequence has no k-th item; carried out by `iterator_calls.py`."""
    raise NotImplementedError


def fetch(iterator: Any) -> Any:
    """Return whether an iterator has one more value, and the value; carried out by `iterator_calls.py`."""
    raise NotImplementedError


def stand(place: Any) -> Any:
    """Return the place; carried out by `stepping.py`, which takes note that the running generator may stand there."""
    raise NotImplementedError


def close(iterator: Any) -> None:
    """Let an iterator have no more values; carried out by `iterator_calls.py`."""
    raise NotImplementedError


def rows_without_end(rows: Any) -> Any:
    k = 0
    while True:
        yield row_at(rows, k)
        k += 1


def rows_stepwise(rows: Any) -> Any:
    while True:
        pair = fetch(rows)
        if not pair[0]:
            return
        yield pair[1]


def growing(items: Any) -> Any:
    """Walk a list that gets longer or shorter meanwhile."""
    k = 0
    while k < len(items):
        yield items[k]
        k += 1


def items_of(sequence: Any) -> Any:
    """Walk an object that has `__getitem__` alone."""
    k = 0
    while True:
        try:
            v = sequence[k]
        except IndexError:
            return
        yield v
        k += 1


def cycle_over(values: Any) -> Any:
    if len(values) > 0:
        while True:
            for v in values:  # noqa: UP028
                yield v


def cycle_of(values: Any) -> Any:
    kept = []
    for v in values:
        kept.append(v)
        yield v
    if len(kept) > 0:
        while True:
            for v in kept:
                yield v


def count_from(start: Any, step: Any) -> Any:
    while True:
        yield start
        start = start + step


def enumerate_of(values: Any, start: Any) -> Any:
    k = start
    for v in values:
        yield k, v
        k += 1


def zip_of(before: Any, values: Any, after: Any) -> Any:
    """What `zip(*before, values, *after)` does; only `values` is a generator."""
    k = 0
    if not ends_before(before, 0):
        for v in values:
            if ends_before(after, k):
                return
            yield (*row_at(before, k), v, *row_at(after, k))
            k += 1
            if ends_before(before, k):
                return


def zip_alike(check: Any, *sequences: Any) -> Any:
    """What `zip(*sequences, strict=True)` does: only at the end it finds that one is shorter."""
    for row in zip(*sequences):  # noqa: UP028
        yield row
    check(*sequences)


def call_until(function: Any, sentinel: Any) -> Any:
    """What `iter(function, sentinel)` does."""
    while True:
        v = function()
        if v == sentinel:
            return
        yield v


def map_of(function: Any, values: Any) -> Any:
    for v in values:
        yield function(v)


@stands_for(itertools.starmap)
def starmap(function: Any, rows: Any) -> Any:
    for row in rows:
        yield function(*row)


@stands_for(filter)
def filter_of(function: Any, values: Any) -> Any:
    for v in values:
        if v if function is None else function(v):
            yield v


@stands_for(itertools.filterfalse)
def filterfalse(function: Any, values: Any) -> Any:
    for v in values:
        if not (v if function is None else function(v)):
            yield v


@stands_for(itertools.takewhile)
def takewhile(predicate: Any, values: Any) -> Any:
    for v in values:
        if not predicate(v):
            return
        yield v


@stands_for(itertools.dropwhile)
def dropwhile(predicate: Any, values: Any) -> Any:
    begun = False
    for v in values:
        if not begun:
            begun = not predicate(v)
        if begun:
            yield v


@stands_for(itertools.compress)
def compress(data: Any, selectors: Any) -> Any:
    for v, wanted in zip(data, selectors):
        if wanted:
            yield v


def chain_of(values: Any, others: Any) -> Any:
    for v in values:
        yield v
    for v in others:
        yield v


@stands_for(itertools.chain.from_iterable)
def chain_rows(rows: Any) -> Any:
    for row in rows:
        for v in row:  # noqa: UP028
            yield v


def rest_of(values: Any) -> Any:
    """Walk all but the first item of a sequence; carried out by `iterator_calls.py`."""
    raise NotImplementedError


def pairwise_known(values: Any) -> Any:
    if len(values) > 1:
        before = values[0]
        for v in rest_of(values):
            yield before, v
            before = v


def pairwise_of(values: Any) -> Any:
    first = True
    for v in values:
        if first:
            first = False
        else:
            yield before, v  # type: ignore[has-type]  # noqa: F821
        before = v  # noqa: F841


@stands_for(np.ndenumerate)
def ndenumerate(a: Any) -> Any:
    if a.ndim == 1:
        for i in range(a.shape[0]):
            yield (i,), a[i]
    elif a.ndim == 2:
        for i in range(a.shape[0]):
            for j in range(a.shape[1]):
                yield (i, j), a[i, j]
    else:
        for index in ndindex(*a.shape):
            yield index, a[index]


def accumulate_from(total: Any, values: Any, function: Any) -> Any:
    yield total
    for v in values:
        total = total + v if function is None else function(total, v)
        yield total


def accumulate_known(values: Any, function: Any) -> Any:
    if len(values) > 0:
        total = values[0]
        yield total
        for v in rest_of(values):
            total = total + v if function is None else function(total, v)
            yield total


def accumulate_of(values: Any, function: Any) -> Any:
    first = True
    for v in values:
        if first:
            first = False
            total = v
        else:
            total = total + v if function is None else function(total, v)
        yield total


def islice_of(values: Any, start: Any, stop: Any, step: Any) -> Any:
    if stop is None or stop > 0:
        k = 0
        wanted = start
        for v in values:
            if k == wanted:
                yield v
                wanted += step
            k += 1  # noqa: SIM113
            if stop is not None and k >= stop:
                return


def groupby_of(values: Any, key: Any) -> Any:
    first = True
    group: list[Any] = []
    for v in values:
        k = v if key is None else key(v)
        if first:
            first = False
            current = k
            group = [v]
        elif k == current:
            group.append(v)
        else:
            one = iter(group)
            yield current, one
            close(one)
            current = k
            group = [v]
    if not first:
        one = iter(group)
        yield current, one
        close(one)


def contains(values: Any, wanted: Any) -> bool:
    """What `wanted in iterator` does."""
    for v in values:  # noqa: SIM110
        if v == wanted:
            return True
    return False


def zip_longest_of(sequences: Any, fill: Any) -> Any:
    """What `itertools.zip_longest` does; how many sequences there are is known."""
    for i in range(max([len(s) for s in sequences])):
        yield tuple([s[i] if i < len(s) else fill for s in sequences])


def column(rows: Any, k: Any) -> Any:
    return tuple([row[k] for row in rows])


def columns_of(rows: Any) -> Any:
    """What `zip(*rows)` does."""
    if len(rows) > 0:
        for k in range(min([len(row) for row in rows])):
            yield tuple([row[k] for row in rows])


def columns_as(rows: Any) -> Any:
    """Return a list with as many items as `zip(*rows)` has."""
    return [0] * min([len(row) for row in rows])
