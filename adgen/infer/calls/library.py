"""Functions of Python's library as Python source: they are inlined like functions of the user.

Iterators whose items depend on nothing but those of what they walk are lists here; the others are in `lazy.py`.
"""

from __future__ import annotations

import bisect
import functools
import heapq
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from adgen.ir.types import Array, Bool, Float, Int, List, Record, Scalar, Tuple, Type, Undef
from adgen.rules.declare import fact
from adgen.rules.helpers import best_of, fall, heap_order, order_of, rise

FILES = {__file__}  # with functions like these; others add theirs
FUNCTIONS: dict[Any, Callable[..., Any]] = {}


def stands_for(*fns: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def mark(source: Callable[..., Any]) -> Callable[..., Any]:
        for fn in fns:
            FUNCTIONS[fn] = source
        return source

    return mark


# These give lists where Python gives iterators: walked once.
ITERATORS = frozenset(
    {
        itertools.product,
        itertools.combinations,
        itertools.combinations_with_replacement,
        itertools.permutations,
        np.ndindex,
    }
)


def find(fn: Any) -> Callable[..., Any] | None:
    """Return the source that stands for a library function."""
    try:
        return FUNCTIONS.get(fn)
    except TypeError:
        return None


def flat_place(a: Any, key: Any) -> Any:
    """Return the index of `a` that means the same as `key` does to `a.flat`."""
    if np.ndim(a) == 1:
        return key
    at = np.arange(np.size(a))[key]
    place: Any = ()
    for n in np.shape(a)[::-1]:
        place = (at % n, *place)
        at = at // n
    return place


def as_list(sequence: Any) -> Any:
    return [v for v in sequence]  # noqa: C416


@stands_for(functools.reduce)
def reduce(function: Any, sequence: Any, *initial: Any) -> Any:
    if initial:
        total = initial[0]
        for v in sequence:
            total = function(total, v)
    else:
        values = subscriptable(sequence)
        if len(values) == 0:
            raise TypeError("reduce() of empty iterable with no initial value")
        total = values[0]
        for v in values[1:]:
            total = function(total, v)
    return total


def check_lengths(*sequences: Any) -> None:
    """What `zip(…, strict=True)` finds when it comes to the end of the shortest."""
    for k in range(1, len(sequences)):
        before = "argument 1" if k == 1 else f"arguments 1-{k}"
        if len(sequences[k]) < len(sequences[0]):
            raise ValueError(f"zip() argument {k + 1} is shorter than {before}")
        if len(sequences[k]) > len(sequences[0]):
            raise ValueError(f"zip() argument {k + 1} is longer than {before}")


def item_of(keys: Any, x: Any) -> Any:
    """What `operator.itemgetter(*keys)` does."""
    return x[keys[0]] if len(keys) == 1 else tuple([x[k] for k in keys])


def attribute_of(names: Any, x: Any) -> Any:
    """What `operator.attrgetter(*names)` does, of names without dots."""
    return getattr(x, names[0]) if len(names) == 1 else tuple([getattr(x, n) for n in names])


def call_of(name: Any, args: Any, kwargs: Any, x: Any) -> Any:
    """What `operator.methodcaller(name, *args, **kwargs)` does."""
    return getattr(x, name)(*args, **kwargs)


def numbers_list(a: Any) -> Any:
    """What `a.tolist()` gives for floats."""
    if a.ndim == 0:
        return float(a)
    if a.ndim == 1:
        return [float(v) for v in a]
    if a.ndim == 2:
        return [[float(v) for v in row] for row in a]
    raise NotImplementedError


def _is_number(t: Type) -> bool:
    return isinstance(t, (Int, Float, Bool, Scalar, Undef)) or (isinstance(t, Array) and not t.dims)


def _hold_numbers(keys: Any) -> bool:
    t = keys.type
    inner = (t.elem,) if isinstance(t, List) else t.items if isinstance(t, (Record, Tuple)) else ()
    return all(map(_is_number, inner))


@fact(_hold_numbers)
def are_numbers(keys: Any) -> bool:
    """Say whether a list or array holds numbers, not tuples or strings."""
    return True


def sort_all(sequence: Any, *, key: Any = None, reverse: Any = False) -> Any:
    values = as_list(sequence)
    keys = values if key is None else [key(v) for v in values]
    if are_numbers(keys):
        ranks = np.array(keys)
        order = np.argsort(-ranks if reverse else ranks, kind="stable")
    else:
        order = order_of(keys, reverse)
    return [values[i] for i in order]


def best_by(sequence: Any, key: Any, sign: Any) -> Any:
    values = as_list(sequence)
    keys = [key(v) for v in values]
    return values[np.argmax(sign * np.array(keys)) if are_numbers(keys) else best_of(keys, sign)]


def extreme_or(of: Any, sequence: Any, default: Any, key: Any) -> Any:
    """What `max(sequence, default=default, key=key)` does."""
    values = as_list(sequence)
    if len(values) == 0:
        return default
    return of(values) if key is None else of(values, key=key)


@stands_for(itertools.product)
def product(*sequences: Any, repeat: Any = 1) -> Any:
    parts = sequences * repeat
    if len(parts) == 1:
        return [(a,) for a in parts[0]]
    if len(parts) == 2:
        return [(a, b) for a in parts[0] for b in parts[1]]
    if len(parts) == 3:
        return [(a, b, c) for a in parts[0] for b in parts[1] for c in parts[2]]
    if len(parts) == 4:
        return [(a, b, c, d) for a in parts[0] for b in parts[1] for c in parts[2] for d in parts[3]]
    raise NotImplementedError


@stands_for(itertools.combinations)
def combinations(sequence: Any, r: Any) -> Any:
    v = subscriptable(sequence)
    n = len(v)
    if r == 1:
        return [(v[i],) for i in range(n)]
    if r == 2:
        return [(v[i], v[j]) for i in range(n) for j in range(i + 1, n)]
    if r == 3:
        return [(v[i], v[j], v[k]) for i in range(n) for j in range(i + 1, n) for k in range(j + 1, n)]
    raise NotImplementedError


@stands_for(itertools.combinations_with_replacement)
def combinations_with_replacement(sequence: Any, r: Any) -> Any:
    v = subscriptable(sequence)
    n = len(v)
    if r == 2:
        return [(v[i], v[j]) for i in range(n) for j in range(i, n)]
    raise NotImplementedError


@stands_for(itertools.permutations)
def permutations(sequence: Any, r: Any) -> Any:
    v = subscriptable(sequence)
    n = len(v)
    if r == 2:
        return [(v[i], v[j]) for i in range(n) for j in range(n) if i != j]
    raise NotImplementedError


def islice(sequence: Any, *bounds: Any) -> Any:
    return subscriptable(sequence)[slice(*bounds)]


@stands_for(np.ndindex)
def ndindex(*shape: Any) -> Any:
    n = shape[0] if len(shape) == 1 and isinstance(shape[0], tuple) else shape
    if len(n) == 0:
        return [()]
    if len(n) == 1:
        return [(i,) for i in range(n[0])]
    if len(n) == 2:
        return [(i, j) for i in range(n[0]) for j in range(n[1])]
    if len(n) == 3:
        return [(i, j, k) for i in range(n[0]) for j in range(n[1]) for k in range(n[2])]
    if len(n) == 4:
        return [(i, j, k, m) for i in range(n[0]) for j in range(n[1]) for k in range(n[2]) for m in range(n[3])]
    raise NotImplementedError


@stands_for(any)
def any_of(sequence: Any) -> Any:
    for v in sequence:  # noqa: SIM110
        if v:
            return True
    return False


@stands_for(all)
def all_of(sequence: Any) -> Any:
    for v in sequence:  # noqa: SIM110
        if not v:
            return False
    return True


def subscriptable(sequence: Any) -> Any:
    if isinstance(sequence, (list, tuple, np.ndarray)):
        return sequence
    return [v for v in sequence]  # noqa: C416


def same(value: Any) -> Any:
    return value


def item_place(values: Any, index: Any) -> Any:
    """Return an index counted from the front."""
    return index + len(values) if index < 0 else index


def insertion_place(values: Any, index: Any) -> Any:
    """Return where `values.insert(index, …)` puts an item."""
    n = len(values)
    return max(index + n, 0) if index < 0 else min(index, n)


def list_remove(values: Any, value: Any) -> Any:
    del values[values.index(value)]


def rotate(values: Any, by: Any = 1) -> Any:
    n = len(values)
    if n > 0:
        at = n - by % n
        values[:] = values[at:] + values[:at]


def drop_first(values: Any, length: Any, most: Any) -> Any:
    """Leave the last items of a deque."""
    if length > most:
        del values[: length - most]


def extend_left(values: Any, others: Any) -> Any:
    for v in others:
        values.appendleft(v)


def extend_one_by_one(values: Any, others: Any) -> Any:
    for v in others:
        values.append(v)


def store_places(values: Any, places: Any, others: Any) -> Any:
    """What `values[a:b:c] = others` does at these places."""
    given = as_list(others)
    if len(given) != len(places):
        raise ValueError("attempt to assign a sequence to an extended slice of another size")
    for k in range(len(given)):
        values[places[k]] = given[k]


def drop_places(values: Any, places: Any) -> Any:
    """What `del values[a:b:c]` does at these places."""
    for k, at in enumerate(sorted(places)):
        del values[at - k]


def heap_push(heap: Any, item: Any) -> Any:
    heap.append(item)
    for a, b in rise(heap):
        heap[a], heap[b] = heap[b], heap[a]


def heap_pop(heap: Any) -> Any:
    last = heap.pop()
    if len(heap) == 0:
        return last
    first = heap[0]
    heap[0] = last
    for a, b in fall(heap):
        heap[a], heap[b] = heap[b], heap[a]
    return first


def heap_replace(heap: Any, item: Any) -> Any:
    first = heap[0]
    heap[0] = item
    for a, b in fall(heap):
        heap[a], heap[b] = heap[b], heap[a]
    return first


def heap_push_pop(heap: Any, item: Any) -> Any:
    if len(heap) > 0 and heap[0] < item:
        return heap_replace(heap, item)
    return item


def heap_make(heap: Any) -> Any:
    heap[:] = [heap[i] for i in heap_order(heap)]


@stands_for(heapq.nsmallest)
def nsmallest(n: Any, sequence: Any, key: Any = None) -> Any:
    return sort_all(sequence, key=key)[:n]


@stands_for(heapq.nlargest)
def nlargest(n: Any, sequence: Any, key: Any = None) -> Any:
    return sort_all(sequence, key=key, reverse=True)[:n]


def count_in(table: Any, sequence: Any) -> Any:
    """What `collections.Counter(sequence)` begins with."""
    for v in sequence:
        table[v] = dict_get(table, v, 0) + 1


def dict_from(pairs: Any) -> Any:
    """What `dict(pairs)` does."""
    table = {}
    for k, v in pairs:
        table[k] = v  # noqa: PERF403
    return table


@stands_for(dict.fromkeys)
def dict_fromkeys(keys: Any, value: Any = None) -> Any:
    table = {}
    for k in keys:
        table[k] = value
    return table


def dict_join(a: Any, b: Any) -> Any:
    """What `a | b` does."""
    table = a.copy()
    table.update(b)
    return table


def dict_items(table: Any) -> Any:
    return [(k, table[k]) for k in table]


def dict_get(table: Any, key: Any, default: Any = None) -> Any:
    return table[key] if key in table else default  # noqa: SIM401


def dict_setdefault(table: Any, key: Any, default: Any = None) -> Any:
    if key not in table:
        table[key] = default
    return table[key]


def dict_pop(table: Any, key: Any, *default: Any) -> Any:
    if default and key not in table:
        return default[0]
    value = table[key]
    del table[key]
    return value


def dict_popitem(table: Any, last: Any = True) -> Any:
    key = list(table)[-1 if last else 0]
    value = table[key]
    del table[key]
    return key, value


def dict_update(table: Any, *others: Any, **named: Any) -> Any:
    for other in others:
        for key in other:
            table[key] = other[key]
    for key, value in named.items():
        table[key] = value


def dict_move_to_end(table: Any, key: Any, last: Any = True) -> None:
    value = table.pop(key)
    if last:
        table[key] = value
    else:
        others = dict(table)
        table.clear()
        table[key] = value
        table.update(others)


def dict_most_common(table: Any, n: Any = None) -> Any:
    pairs = sort_all(dict_items(table), key=lambda pair: pair[1], reverse=True)
    return pairs if n is None else pairs[:n]


@stands_for(bisect.insort_left)
def insort_left(values: Any, item: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> None:
    values.insert(bisect.bisect_left(values, item if key is None else key(item), lo, hi, key=key), item)


@stands_for(bisect.insort_right)
def insort_right(values: Any, item: Any, lo: Any = 0, hi: Any = None, *, key: Any = None) -> None:
    values.insert(bisect.bisect_right(values, item if key is None else key(item), lo, hi, key=key), item)


DICT_METHODS: dict[str, Callable[..., Any]] = {
    "most_common": dict_most_common,
    "move_to_end": dict_move_to_end,
    "get": dict_get,
    "pop": dict_pop,
    "popitem": dict_popitem,
    "setdefault": dict_setdefault,
    "update": dict_update,
}


@stands_for(functools.lru_cache)
def lru_cache(*args: Any, **kwargs: Any) -> Any:
    return args[0] if args and callable(args[0]) else same


@stands_for(functools.cache)
def cache(function: Any) -> Any:
    return function


@stands_for(functools.wraps)
def wraps(*args: Any, **kwargs: Any) -> Any:
    return same
