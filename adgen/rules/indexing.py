"""Types of `x[...]`: the result of an index template on a base."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeGuard

import numpy as np

from adgen.ir.nodes import Const, Hole, Index, Operand, Place, Slice, Var
from adgen.ir.types import (
    Array,
    Bool,
    Dict,
    Dim,
    Int,
    Length,
    List,
    NoneT,
    Record,
    Scalar,
    Str,
    Tuple,
    Type,
)
from adgen.rules.lattice import is_namedtuple, join_all, refresh
from adgen.rules.lengths import broadcast_dims, fresh_dim, is_nonunit, same_length


def resolve_item(item: Any, holes: Sequence[Operand]) -> Any:
    """Return an item of a template with its holes filled: int, Slice, None, Ellipsis, or an operand."""
    if isinstance(item, Hole):
        operand = holes[item.arg]
        if isinstance(operand, Const):
            v = operand.value
            if v is None or v is Ellipsis or type(v) is int or isinstance(v, np.integer):
                return int(v) if isinstance(v, np.integer) else v
            if isinstance(v, slice):
                return Slice(v.start, v.stop, v.step)
        return operand
    if isinstance(item, Slice):
        return Slice(*(resolve_item(e, holes) for e in (item.start, item.stop, item.step)))
    return item


def resolve_items(place: Place, holes: Sequence[Operand]) -> list[Any]:
    step = place[0]
    assert isinstance(step, Index)
    items = [resolve_item(i, holes) for i in step.items]
    key = items[0] if len(items) == 1 else None
    if isinstance(key, (Var, Const)) and isinstance(key.type, Tuple):
        types = key.type.items
        if isinstance(key, Const):
            parts: list[Operand] = [Const(v, t) for v, t in zip(key.value, types)]
        else:
            parts = [Var(t) for t in types]
        return [resolve_item(Hole(k), parts) for k in range(len(parts))]
    return items


def slice_length(n: Length, s: Slice) -> Length:
    """Return the length of a slice of an axis of length n."""
    bounds: list[int | None] = []
    for p in (s.start, s.stop, s.step):
        if p is None or isinstance(p, int):
            bounds.append(p)
        elif isinstance(p, (Var, Const)) and isinstance(p.type, NoneT):
            bounds.append(None)
        else:
            return fresh_dim()
    start, stop, step = bounds
    if isinstance(n, int):
        return len(range(*slice(start, stop, step).indices(n)))
    if step not in (None, 1):
        return n if step == -1 and start is None and stop is None else fresh_dim()
    first = start or 0
    if stop is not None and (stop == 0 or (stop <= first and (stop > 0) == (first >= 0))):
        return 0
    if first >= 0 and (stop is None or stop < 0):
        cut = first - (stop or 0)
        return n if cut == 0 else Dim(n.symbol, n.minus + cut)
    if (stop is None and first < -1) or (first == 0 and stop is not None and stop > 1):
        return fresh_dim(is_nonunit(n))  # min(n, k) with k > 1 is 1 only where n is
    return fresh_dim()


def is_advanced(item: Any) -> TypeGuard[Operand]:
    """Say whether an index item makes NumPy gather (a copy)."""
    return isinstance(item, (Var, Const)) and not isinstance(item.type, (Int, NoneT)) and not _is_int(item.type)


def _is_int(t: Type) -> bool:
    return isinstance(t, Int) or (isinstance(t, Scalar) and np.dtype(t.dtype).kind in "iu")


def gathers(place: Place, holes: Sequence[Operand]) -> bool:
    """Say whether `base[...]` is a copy (an advanced index) and not a view."""
    return any(map(is_advanced, resolve_items(place, holes)))


def may_repeat(place: Place, args: Sequence[Operand]) -> bool:
    """Say whether the last step of a place may name a cell twice: an array of integers as index."""
    step = place[-1] if place else None
    if not isinstance(step, Index):
        return False
    base = args[0].type
    for outer in place[:-1]:
        if isinstance(base, (List, Dict)) and isinstance(outer, Index):
            base = base.elem
        elif isinstance(base, Record) and isinstance(outer, Index):
            base = base.items[base.keys.index(outer.items[0])]
    if isinstance(base, Dict):
        return False
    items = [args[i.arg] if isinstance(i, Hole) else i for i in step.items]
    return any(is_advanced(i) and getattr(i.type, "dtype", "") != "bool" for i in items)


def names_once(place: Place, args: Sequence[Operand], distinct: Collection[Operand]) -> bool:
    """Say whether the last step of a place names no cell twice: one array of its index is `distinct`, and no other
    one makes it repeat."""
    step = place[-1]
    assert isinstance(step, Index)
    items = [args[i.arg] if isinstance(i, Hole) else i for i in step.items]
    arrays = [i for i in items if is_advanced(i)]
    if any(not isinstance(i.type, Array) or len(i.type.dims) != 1 for i in arrays):
        return False
    dims = [i.type.dims[0] for i in arrays if isinstance(i.type, Array)]
    return any(i in distinct and (is_nonunit(n) or all(same_length(n, m) for m in dims)) for i, n in zip(arrays, dims))


def _advanced_dims(t: Type) -> tuple[int, tuple[Length, ...]]:
    """Return how many axes an advanced index takes and the lengths that it brings."""
    if isinstance(t, Array):
        kind = np.dtype(t.dtype).kind
        if kind == "b":
            return len(t.dims), (fresh_dim(),)
        if kind in "iu":
            return 1, t.dims
    if isinstance(t, Bool) or (isinstance(t, Scalar) and t.dtype == "bool"):
        return 0, (fresh_dim(),)
    if isinstance(t, List):
        inner, dims = (1, ()) if _is_int(t.elem) else _advanced_dims(t.elem)
        return inner, (fresh_dim(), *dims)
    if isinstance(t, Record) and t.cls is list and all(map(_is_int, t.items)):
        return 1, (len(t.items),)
    raise TypeError(f"an array can't be indexed with {t}")


def array_index(base: Array, items: Sequence[Any]) -> Type:
    """Return the type of an array indexed with resolved items."""
    taken = 0
    for i in items:
        if i is None or i is Ellipsis or (isinstance(i, (Var, Const)) and isinstance(i.type, NoneT)):
            continue
        taken += _advanced_dims(i.type)[0] if is_advanced(i) else 1
    if taken > len(base.dims):
        raise IndexError(f"too many indices: {base} has {len(base.dims)} axes, {taken} were indexed")
    gap = len(base.dims) - taken
    has_ellipsis = any(i is Ellipsis for i in items)
    full = list(items) if has_ellipsis else [*items, Ellipsis]
    any_advanced = any(map(is_advanced, full))
    out: list[Length] = []
    advanced: list[tuple[Length, ...]] = []
    spot: int | None = None  # where the advanced lengths go
    split = False  # two advanced items with a slice, None or `...` between them
    ended = False
    axis = 0
    for i in full:
        if i is Ellipsis:
            ended = ended or (bool(advanced) and (gap > 0 or has_ellipsis))
            out.extend(base.dims[axis : axis + gap])
            axis += gap
        elif i is None or (isinstance(i, (Var, Const)) and isinstance(i.type, NoneT)):
            ended = ended or bool(advanced)
            out.append(1)
        elif isinstance(i, Slice):
            ended = ended or bool(advanced)
            out.append(slice_length(base.dims[axis], i))
            axis += 1
        elif is_advanced(i) or any_advanced:  # beside an array, an integer is an advanced index too
            width, dims = _advanced_dims(i.type) if is_advanced(i) else (1, ())
            if isinstance(i, Var) and isinstance(i.type, Array) and i.type.dtype == "bool":
                i.length = i.length or dims[0]  # `x[mask]` and `y[mask]` are of one length
                assert not isinstance(i.length, tuple)
                dims = (i.length,)
            split = split or ended
            spot = len(out) if spot is None else spot
            advanced.append(dims)
            axis += width
        else:
            axis += 1
    if spot is not None:
        at = 0 if split else spot
        out[at:at] = broadcast_dims(*advanced)
    if not out and not has_ellipsis:
        return Scalar(base.dtype)
    return Array(base.dtype, tuple(out))


def _plain(item: Any) -> Any:
    """Return the key that an item of a template stands for, or the operand if it isn't known."""
    if isinstance(item, Const):
        return item.value
    if isinstance(item, Slice):
        parts = [
            None if p is None or (isinstance(p, (Var, Const)) and isinstance(p.type, NoneT)) else p
            for p in (item.start, item.stop, item.step)
        ]
        return item if any(isinstance(p, Var) for p in parts) else slice(*parts)
    return item


def index_type(base: Type, items: Sequence[Any]) -> Type:
    """Return the type of `base[items]`; raise TypeError, IndexError or KeyError where there is none."""
    if isinstance(base, Array):
        return array_index(base, items)
    if isinstance(base, Scalar) and all(i is None or i is Ellipsis for i in items):
        return array_index(Array(base.dtype, ()), items)
    if isinstance(base, Dict):
        return refresh(base.elem)
    if len(items) != 1:
        raise TypeError(f"{base} can't be indexed with {len(items)} items")
    key = _plain(items[0])
    if isinstance(base, (List, Str)):
        if isinstance(key, (Slice, slice)):
            return base
        return base if isinstance(base, Str) else refresh(base.elem)
    if isinstance(base, (Tuple, Record)):
        return _item_type(base, key)
    raise TypeError(f"{base} can't be indexed")


def _item_type(base: Tuple | Record, key: Any) -> Type:
    if isinstance(base, Record) and issubclass(base.cls, dict):
        if isinstance(key, Var):
            raise TypeError("a dict is indexed with a key that is not known when compiling")
        if key not in base.keys:
            raise KeyError(key)
        return base.items[base.keys.index(key)]
    if isinstance(base, Record) and base.cls is not list and not is_namedtuple(base.cls):
        raise TypeError(f"{base} can't be indexed")
    if isinstance(key, slice):
        items = base.items[key]
        if isinstance(base, Record) and base.cls is list:
            return Record(list, tuple(range(len(items))), items)
        return Tuple(items)
    if type(key) is int or isinstance(key, np.integer):
        return base.items[int(key)]
    if isinstance(key, Var) and _is_int(key.type):
        joined = join_all(base.items) if base.items else None
        if joined is not None:
            return joined
    raise TypeError(f"{base} is indexed with a key that is not known when compiling")
