"""Functions that generated code may call at run time. Each needs NumPy alone, so that its source can be exported."""

from __future__ import annotations

from typing import Any

import numpy as np


def unbroadcast(value: Any, like: Any) -> Any:
    """Sum a gradient over the axes that broadcasting stretched, to the shape of `like`; repeat it where it is 1.

    `like` is an array, or a tuple that is its shape.
    """
    shape = like if isinstance(like, tuple) else np.shape(like)
    if np.shape(value) == shape:
        return value
    extra = np.ndim(value) - len(shape)
    if extra > 0:
        value = np.sum(value, axis=tuple(range(extra)))
    elif extra < 0:
        value = np.reshape(value, (1,) * -extra + np.shape(value))
    stretched = tuple(k for k, n in enumerate(shape) if n == 1 and np.shape(value)[k] != 1)
    if stretched:
        value = np.sum(value, axis=stretched, keepdims=True)
    return value if np.shape(value) == shape else np.broadcast_to(value, shape).copy()


def unpack(values: Any, count: int) -> tuple[Any, ...]:
    """Return the items of a sequence that must have so many."""
    items = tuple(values)
    check_length(items, count, count)
    return items


def check_length(values: Any, least: int, most: int | None) -> None:
    """Raise Python's error for an unpacking whose names are more or fewer than the values."""
    n = len(values)
    if n < least:
        so = "" if most == least else "at least "
        raise ValueError(f"not enough values to unpack (expected {so}{least}, got {n})")
    if most is not None and n > most:
        raise ValueError(f"too many values to unpack (expected {most})")


def fit_gradient(value: Any, like: Any, out: Any, rule: str) -> Any:
    """Sum what a rule returned over the axes that broadcasting stretched; where it does not fit, name the rule."""
    shape, given = np.shape(like), np.shape(value)
    if np.asarray(value).dtype.kind not in "fcO":
        raise TypeError(f"the rule {rule!r} returned {np.asarray(value).dtype} as a gradient")
    try:
        most = np.broadcast_shapes(shape, np.shape(out)) if np.ndim(out) > 0 else shape
        fits = np.broadcast_shapes(given, most) == most
    except ValueError:
        try:
            fits = np.broadcast_shapes(given, shape) == shape
        except ValueError:
            fits = False
    if not fits:
        raise ValueError(f"the rule {rule!r} returned a gradient of shape {given} for an argument of shape {shape}")
    return unbroadcast(value, like) if len(given) >= len(shape) else np.full(shape, value)


def as_seed(seed: Any, like: Any) -> Any:
    """Return the gradient that a target starts with; raise ValueError if it has another shape."""
    if np.shape(seed) != np.shape(like):
        raise ValueError(f"output gradients of shape {np.shape(seed)} for a target of shape {np.shape(like)}")
    return seed


def as_tangent(tangent: Any, like: Any) -> Any:
    """Return the direction of a number or an array with its dtype; raise ValueError if it has another shape."""
    if tangent is None:
        return zeros_list(like) if isinstance(like, (list, dict)) else np.zeros_like(like)
    if np.shape(tangent) != np.shape(like):
        raise ValueError(f"a tangent of shape {np.shape(tangent)} for a value of shape {np.shape(like)}")
    if isinstance(like, np.ndarray):
        return np.asarray(tangent).astype(like.dtype, casting="same_kind", copy=False)
    return like.dtype.type(tangent) if isinstance(like, np.generic) else type(like)(tangent)


def check_tangents(tangents: Any, count: int) -> None:
    """Raise ValueError if there are more or fewer directions than values."""
    if len(tangents) != count:
        raise ValueError(f"{len(tangents)} tangents for {count} values")


def floats_of(values: Any) -> Any:
    """Return lists of lists of numbers with Python floats."""
    return [floats_of(v) if isinstance(v, (list, np.ndarray)) else float(v) for v in values]


def ones_list(values: Any) -> Any:
    """Return a list of ones like the values of a list; of a dict, a dict."""
    if isinstance(values, dict):
        return dict(zip(values, ones_list(list(values.values()))))

    def one(v: Any) -> Any:
        if isinstance(v, (list, dict)):
            return ones_list(v)
        if isinstance(v, tuple):
            parts = ones_list(list(v))
            return type(v)(*parts) if hasattr(v, "_fields") else tuple(parts)
        return 1.0 + 0.0 * v if np.ndim(v) == 0 else np.ones_like(v)

    return [one(v) for v in values]


def zeros_list(values: Any, dtype: Any = None) -> Any:
    """Return a list of zeros like the values of a list; of a dict, a dict. `dtype`: that of arrays."""
    if values is None:  # the place of a list that was not filled
        return []
    if isinstance(values, dict):
        return dict(zip(values, zeros_list(list(values.values()), dtype)))

    def zero(v: Any) -> Any:
        if isinstance(v, tuple):
            parts = [zero(i) for i in v]
            return type(v)(*parts) if hasattr(v, "_fields") else tuple(parts)
        if isinstance(v, list):
            return zeros_list(v, dtype)
        if isinstance(v, dict):
            return {k: zero(i) for k, i in v.items()}
        if isinstance(v, np.ndarray):
            return np.zeros_like(v, dtype) if v.dtype.kind in "fc" else None
        if type(v) is int or v is None:  # an integer among floating-point numbers, a place that was not filled
            return 0.0
        return type(v)(0.0) if isinstance(v, (float, complex, np.inexact)) else None

    return [zero(v) for v in values]


def copies(values: Any) -> Any:
    """Return a list, dict or tuple with copies of the arrays in it, however deep they stand."""
    if isinstance(values, tuple):
        parts = [copies(v) for v in values]
        return type(values)(*parts) if hasattr(values, "_fields") else tuple(parts)
    if isinstance(values, dict):
        return {k: copies(v) for k, v in values.items()}
    if isinstance(values, list):
        return [copies(v) for v in values]
    return values.copy() if isinstance(values, np.ndarray) else values


def zeros_of(value: Any, kind: Any = None) -> Any:
    """Return zeros like an array, a list or what a call saved.

    Where there is nothing, those of an array of rank `kind`, of a list or a dict: of a value that nobody will miss.
    """
    if value is None and kind is not None:
        return {"list": [], "dict": {}}[kind] if isinstance(kind, str) else np.zeros((1,) * kind)
    if value is None or isinstance(value, (bool, int, str)):
        return None
    if isinstance(value, tuple):
        parts = [zeros_of(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, (float, complex)):
        return type(value)(0.0)
    return zeros_list(value) if isinstance(value, (list, dict)) else np.zeros_like(value)


def zeros_saved(value: Any) -> Any:
    """Return zeros like what a call saved, None in the place of what has no derivative."""
    if isinstance(value, tuple):
        return tuple([zeros_saved(v) for v in value])
    if isinstance(value, (float, complex, np.inexact)):
        return type(value)(0.0)
    if isinstance(value, (list, dict)):
        return zeros_list(value)
    return np.zeros_like(value) if isinstance(value, np.ndarray) and value.dtype.kind in "fc" else None


def add_saved(a: Any, b: Any) -> Any:
    """Add two cotangents of what a call saved; None is zero."""
    if a is None or b is None:
        return b if a is None else a
    if isinstance(a, tuple):
        return tuple([add_saved(x, y) for x, y in zip(a, b)])
    return add_lists(a, b) if isinstance(a, list) else a + b


def add_lists(a: Any, b: Any) -> Any:
    """Add two lists item by item, two dicts key by key; the items that one of them lacks count as zero."""

    def add(x: Any, y: Any) -> Any:
        if x is None or y is None:
            return y if x is None else x
        if isinstance(x, (list, dict)):
            return add_lists(x, y)
        if isinstance(x, tuple):
            parts = [add(i, j) for i, j in zip(x, y)]
            return type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)
        return x + y

    if isinstance(a, dict):
        return {k: add(a[k], b[k]) if k in a and k in b else (a if k in a else b)[k] for k in {**a, **b}}
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    return [add(x, y) for x, y in zip(longer, shorter)] + longer[len(shorter) :]


def zero_at(table: Any, key: Any) -> Any:
    """Return zeros like the value that a dict has for a key, None if it has none; or like an item of a list."""
    if isinstance(table, list):
        return zeros_list([table[key]])[0]
    return zeros_list([table[key]])[0] if key in table else None


def items_at(table: Any, keys: Any) -> Any:
    """Return the values that a dict has for some keys."""
    return [table[k] for k in keys]


def place_slice(values: Any, start: Any, stop: Any, step: Any, part: Any) -> Any:
    """Return a list of zeros like the values of a list, but for the items of `part` at the slice's places."""
    out = zeros_list(values)
    out[slice(start, stop, step)] = part
    return out


def places_of(values: Any, start: Any, stop: Any, step: Any) -> Any:
    """Return the places that a slice of a list takes."""
    return list(range(len(values))[start:stop:step])


def bounds_of(values: Any, start: Any, stop: Any) -> tuple[int, int]:
    """Return where a slice of a list begins and ends, counted from the front."""
    first, last, _ = slice(start, stop).indices(len(values))
    return first, max(first, last)


def sum_repeats(values: Any, count: int) -> Any:
    """Return the sums over the repeats of a list of `count` items."""
    return [sum(values[k::count]) for k in range(count)]


def rise(heap: Any) -> Any:
    """Return the swaps of places by which `heapq.heappush` takes the last item to where it belongs."""
    at, path = len(heap) - 1, []
    item = heap[at]
    while at > 0 and item < heap[(at - 1) // 2]:
        path.append((at, (at - 1) // 2))
        at = (at - 1) // 2
    return path


def fall(heap: Any) -> Any:
    """Return the swaps of places by which `heapq` takes the first item to where it belongs."""
    n, way = len(heap), [0]
    while 2 * way[-1] + 1 < n:
        child = 2 * way[-1] + 1
        way.append(child + 1 if child + 1 < n and not heap[child] < heap[child + 1] else child)
    depth = len(way) - 1
    while depth > 0 and heap[0] < heap[way[depth]]:
        depth -= 1
    return [(way[k], way[k + 1]) for k in range(depth)]


def heap_order(values: Any) -> Any:
    """Return the places that `heapq.heapify` takes the items of a list from."""
    heap, order = list(values), list(range(len(values)))
    for at in reversed(range(len(heap) // 2)):
        way = [at]
        while 2 * way[-1] + 1 < len(heap):
            child = 2 * way[-1] + 1
            right = child + 1 < len(heap) and not heap[child] < heap[child + 1]
            way.append(child + 1 if right else child)
        depth = len(way) - 1
        while depth > 0 and heap[at] < heap[way[depth]]:
            depth -= 1
        for a, b in [(way[k], way[k + 1]) for k in range(depth)]:
            heap[a], heap[b], order[a], order[b] = heap[b], heap[a], order[b], order[a]
    return order


def order_of(keys: Any, reverse: Any) -> Any:
    """Return the places of a list's items in sorted order."""
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)


def best_of(keys: Any, sign: Any) -> Any:
    """Return the place of the first largest item of a list, of the smallest for a negative sign."""
    return keys.index(max(keys) if sign > 0 else min(keys))


def last_writes(like: Any, key: Any) -> Any:
    """Say for each place of `like[key] = ...` whether its value stays: the last one, where an index repeats."""
    owner = np.empty(np.shape(like), dtype=int)
    order = np.arange(owner[key].size).reshape(owner[key].shape)
    owner[key] = order
    return owner[key] == order


def check_apart(names: tuple[str, ...], written: int, *values: Any) -> None:
    """Raise ValueError if one of the first `written` arguments, which are written, shares memory with another."""

    def arrays(v: Any) -> list[Any]:
        if isinstance(v, np.ndarray):
            return [v]
        if isinstance(v, dict):
            v = tuple(v.values())
        elif hasattr(v, "__dataclass_fields__"):
            v = tuple([getattr(v, k) for k in v.__dataclass_fields__])
        inside = [a for i in v for a in arrays(i)] if isinstance(v, (list, tuple)) else []
        return [v, *inside] if isinstance(v, list) else inside

    def same(a: Any, b: Any) -> bool:
        if isinstance(a, list) or isinstance(b, list):
            return a is b
        return bool(np.may_share_memory(a, b))

    def repeats(a: Any) -> bool:
        end = 0
        for step, n in sorted((abs(s), n) for s, n in zip(a.strides, a.shape) if n > 1 and a.size):
            if step < (end or a.itemsize):
                return True
            end = max(end, a.itemsize) + step * (n - 1)
        return False

    found = [arrays(v) for v in values]
    for i in range(written):
        for k, a in enumerate(found[i]):
            if any(same(a, b) for b in found[i][:k]) or (isinstance(a, np.ndarray) and repeats(a)):
                message = f"{names[i]!r} holds the same memory twice, and the program writes it: pass a copy of one"
                raise ValueError(message)
        for j in range(i + 1, len(values)):
            if any(same(a, b) for a in found[i] for b in found[j]):
                message = f"{names[i]!r} and {names[j]!r} are the same memory"
                message += f", and the program writes {names[i]!r}: pass a copy of one"
                raise ValueError(message)


def check_distinct(names: tuple[str, ...], written: tuple[str, ...], *values: Any) -> None:
    """Raise ValueError if a list, dict or object that is written is reached in a second way."""
    found: dict[int, str] = {}
    twice: dict[str, str] = {}

    def walk(v: Any, label: str) -> None:
        items: Any = ()
        if isinstance(v, dict):
            items = [(f"{label}[{k!r}]", i) for k, i in v.items()]
        elif isinstance(v, (list, tuple)):
            items = [(f"{label}[{k}]", i) for k, i in enumerate(v)]
        elif hasattr(v, "__dataclass_fields__"):
            items = [(f"{label}.{k}", getattr(v, k)) for k in v.__dataclass_fields__]
        elif type(v).__flags__ & (1 << 9) and not isinstance(v, type):  # an object of a class written in Python
            slots = [k for c in type(v).__mro__ for k in getattr(c, "__slots__", ()) if hasattr(v, k)]
            items = [(f"{label}.{k}", getattr(v, k)) for k in (*slots, *getattr(v, "__dict__", ()))]
        else:
            return
        other = None if isinstance(v, tuple) else found.setdefault(id(v), label)
        if other is not None and other != label:
            twice[label], twice[other] = other, label
            return
        for name, i in items:
            walk(i, name)

    for name, value in zip(names, values):
        walk(value, name)
    for name in written:
        if name in twice:
            raise ValueError(f"{name} and {twice[name]} are the same object, and the program writes it: pass a copy")


def put_back(target: Any, keys: Any, *values: Any) -> None:
    """Give a dict, a list or an object the entries that a program left in it; without keys, all its items."""
    if isinstance(target, list):
        target[:] = values[0] if keys is None else values
    elif isinstance(target, dict) and keys is None:
        target.clear()
        target.update(values[0])
    elif isinstance(target, dict):
        for key in [k for k in target if k not in keys]:
            del target[key]
        target.update(zip(keys, values, strict=True))
    else:
        for key, value in zip(keys, values, strict=True):
            object.__setattr__(target, key, value)


def product_table(product: Any, m: int, n: int) -> Any:
    """Return the coefficients (axis 0) of the products of the first m functions of a basis with the first n."""
    table = np.zeros((m + n - 1, m, n))
    for i in range(m):
        for j in range(n):
            c = product(np.eye(m)[i, : i + 1], np.eye(n)[j, : j + 1])
            table[: len(c), i, j] = c
    return table


def change_table(change: Any, n: int) -> Any:
    """Return the coefficients (axis 0) that a linear change of basis gives of the first n functions."""
    table = np.zeros((n, n))
    for i in range(n):
        c = change(np.eye(n)[i, : i + 1])
        table[: len(c), i] = c
    return table


def cofactors(a: Any) -> Any:
    """Return the derivative of the determinant of a matrix or a stack: `det * inv(a).T`.

    Where one is singular, or its determinant is beyond the range of its dtype, from the singular values.
    """
    with np.errstate(over="ignore"):
        det = np.linalg.det(a)
    exact = (np.abs(det) > 1e6 * np.finfo(a.dtype).tiny) & np.isfinite(det)
    if np.all(exact) or not np.all(np.isfinite(a)):
        return np.expand_dims(det, (-2, -1)) * np.swapaxes(np.linalg.inv(a), -1, -2)
    u, s, vh = np.linalg.svd(a)
    others = np.prod(np.where(np.eye(s.shape[-1]) == 1.0, 1.0, s[..., np.newaxis, :]), axis=-1)
    sign = np.linalg.det(u) * np.linalg.det(vh)
    return sign[..., np.newaxis, np.newaxis] * np.conj((u * others[..., np.newaxis, :]) @ vh)
