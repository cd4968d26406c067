"""Rows of the structure that every program has: indexing, writes, tuples, lists, records, shapes, casts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Hole, Index, Mode, Operand, Place
from adgen.ir.types import (
    Array,
    Bool,
    Dict,
    Float,
    Int,
    List,
    NoneT,
    Opaque,
    Record,
    Saved,
    Scalar,
    Tuple,
    Type,
    is_scalar,
)
from adgen.rules.declare import elementwise, linear, nondifferentiable, query, register, sample, structure
from adgen.rules.helpers import (
    as_seed,
    as_tangent,
    check_apart,
    check_distinct,
    check_length,
    check_tangents,
    fit_gradient,
    unbroadcast,
    unpack,
)
from adgen.rules.indexing import index_type, resolve_items
from adgen.rules.lattice import (
    dtype_name,
    is_namedtuple,
    join,
    join_keys,
    refresh,
    skeleton_clash,
    type_of_list,
    type_of_value,
)
from adgen.rules.shapes import shape_from
from adgen.rules.typing import always, array_dims, exactly, known

V = np.array([0.5, -1.25, 2.0])
M = np.array([[1.0, -0.5, 2.0], [0.25, 1.5, -1.0]])


# --- indexing and writes ------------------------------------------------------------------------


def _getitem(base: Any, *holes: Any) -> Any:
    return base[holes if len(holes) != 1 else holes[0]]


def _getitem_type(base: Operand, holes: tuple[Operand, ...], place: Place, mode: Mode) -> Type:
    if not place:
        place = (Index(holes),)
    return index_type(base.type, resolve_items(place, (base, *holes)))


def _update(base: Any, value: Any, *holes: Any) -> Any:
    out = base.copy()
    out[holes if len(holes) != 1 else holes[0]] = value
    return out


def _update_type(base: Operand, value: Operand, holes: tuple[Operand, ...], place: Place, mode: Mode) -> Type:
    return written_type(base.type, value.type, place, (base, value, *holes), mode)


def written_type(base: Type, value: Type, place: Place, args: Sequence[Operand], mode: Mode = "set") -> Type:
    """Return the type of `base` after a write of `value` at a place of it."""
    if isinstance(base, (Array, Opaque)):
        return base
    if not place:
        joined = value if mode == "set" else join(base, value)
        if joined is None:
            raise TypeError(f"{value} can't be added to {base}")
        return joined
    step = place[0]
    if not isinstance(step, Index):
        raise TypeError(f"{base} has no views")
    if isinstance(base, List):
        elem = written_type(base.elem, value, place[1:], args, mode)
        joined = join(base.elem, elem)
        if joined is None or (skeleton_clash(base.elem, elem) and not (is_scalar(base.elem) and is_scalar(elem))):
            raise TypeError(f"a list of {base.elem} can't hold {elem}")
        return List(joined)
    if isinstance(base, Dict):
        elem = written_type(base.elem, value, place[1:], args, mode)
        joined = join(base.elem, elem)
        if joined is None or (skeleton_clash(base.elem, elem) and not (is_scalar(base.elem) and is_scalar(elem))):
            raise TypeError(f"a dict of {base.elem} can't hold {elem}")
        (item,) = step.items
        key = args[item.arg].type if isinstance(item, Hole) else type_of_value(item)
        return Dict(join_keys(base.key, key), joined)
    if isinstance(base, Record):
        item = resolve_items(place, args)[0]
        key = item.value if isinstance(item, Const) else item
        if key in base.keys:
            k = base.keys.index(key)
        elif base.cls is list and isinstance(key, int) and -len(base.items) <= key < len(base.items):
            k = key % len(base.items)
        elif base.cls is dict and isinstance(item, Const) and len(place) == 1:
            return Record(dict, (*base.keys, key), (*base.items, value))
        else:
            raise TypeError(f"{base} has no item {key!r}")
        new = written_type(base.items[k], value, place[1:], args, mode)
        return Record(base.cls, base.keys, (*base.items[:k], new, *base.items[k + 1 :]))
    raise TypeError(f"{base} can't be written")


structure(_getitem, "base *holes", name="getitem", infer=_getitem_type, memory="maybe")
structure(_update, "base value *holes", name="update", infer=_update_type)


# --- tuples, lists, records ---------------------------------------------------------------------


def _make_tuple(*items: Any) -> Any:
    return items


def _make_list(*items: Any) -> Any:
    return list(items)


def _make_record(cls: Any, keys: Any, *items: Any) -> Any:
    return list(items) if cls is list else cls(**dict(zip(keys, items)))


def _record_type(cls: Operand, keys: Operand, items: tuple[Operand, ...]) -> Type:
    return Record(known(cls, "cls"), tuple(known(keys, "keys")), tuple(i.type for i in items))


def _item(record: Any, key: Any) -> Any:
    by_key = isinstance(record, dict) or (isinstance(record, (tuple, list)) and isinstance(key, int))
    return record[key] if by_key else getattr(record, key)


def _item_type(record: Operand, key: Operand) -> Type:
    t, k = record.type, known(key, "a key")
    if isinstance(t, List):
        return refresh(t.elem)
    if isinstance(t, Saved):
        saved: Type = t.layout.items[k]
        return saved
    if not isinstance(t, (Tuple, Record)):
        return Opaque()
    by_position = isinstance(t, Tuple) or (isinstance(k, int) and (t.cls is list or is_namedtuple(t.cls)))
    position: int = k if isinstance(t, Tuple) or by_position else t.keys.index(k)
    return t.items[position]


def _append(seq: Any, value: Any) -> Any:
    return [*seq, value]


def _append_type(seq: Operand, value: Operand) -> Type:
    t = seq.type
    if isinstance(t, Record) and t.cls is list:
        n = len(t.items)
        return Record(list, tuple(range(n + 1)), (*t.items, value.type))
    if isinstance(t, List):
        joined = join(t.elem, value.type)
        if joined is not None and not skeleton_clash(t.elem, value.type):
            return List(joined)
        raise TypeError(f"a list of {t.elem} can't hold {value.type}")
    raise TypeError(f"{t} has no append")


structure(_make_tuple, "*items", name="make_tuple", infer=lambda items: Tuple(tuple(i.type for i in items)))
structure(_make_list, "*items", name="make_list", infer=lambda items: type_of_list(tuple(i.type for i in items)))
structure(_make_record, "cls keys *items", name="make_record", infer=_record_type, static=("cls", "keys"))
structure(_item, "record key", name="item", infer=_item_type, static=("key",), memory="same")
structure(_append, "seq value", name="append", infer=_append_type)


def _insert(seq: Any, value: Any, at: Any) -> Any:
    return [*seq[:at], value, *seq[at:]]


def _without(items: Any, key: Any) -> Any:
    out = items.copy()
    del out[key]
    return out


def _keys_of(table: Any) -> Any:
    return list(table)


def _values_of(table: Any) -> Any:
    return list(table.values())


def _has_key(key: Any, table: Any) -> Any:
    return key in table


def _is_none(value: Any) -> bool:
    return value is None


def _index_in(values: Any, value: Any) -> Any:
    return values.index(value)


def _count_in(values: Any, value: Any) -> Any:
    return values.count(value)


structure(_insert, "seq value at", name="insert", infer=lambda seq, value, at: _append_type(seq, value))
structure(_without, "items key", name="without", infer=exactly("items"))
structure(_values_of, "table", name="values_of", infer=lambda table: List(table.type.elem), show="list(_.values())")
nondifferentiable(_keys_of, name="keys_of", params="table", infer=lambda table: List(table.type.key), show="list(_)")
nondifferentiable(_index_in, name="index_in", params="values value", infer=always(Int()), show="_.index(_)")
nondifferentiable(_count_in, name="count_in", params="values value", infer=always(Int()), show="_.count(_)")
nondifferentiable(_is_none, name="is_none", params="value", infer=always(Bool()), show="_ is None")
nondifferentiable(_has_key, name="has_key", params="key table", infer=always(Bool()), show="in")


def _unpack_type(values: Operand, count: Operand) -> Type:
    return Tuple((index_type(values.type, (0,)),) * known(count, "count"))


# `a, b = x` of an array of numbers: its items at once, and an error where their number is another.
linear(
    unpack,
    "values count",
    vjp=lambda g, values, count: np.array([*g]),
    name="unpack",
    static=("count",),
    infer=_unpack_type,
    samples=(sample(V, 3),),
)


# --- lengths and shapes -------------------------------------------------------------------------


def _dim(x: Any, axis: Any) -> Any:
    return x.shape[axis]


def _size(x: Any) -> Any:
    return x.size


def _shape(x: Any) -> Any:
    return x.shape


query(len, "x /", name="length", infer=always(Int()), show="len(_)")
query(_dim, "x axis", name="dim", infer=always(Int()), show=".shape[_]")
query(_size, "x", name="size", infer=always(Int()), show=".size")
query(_shape, "x", name="shape", infer=lambda x: Tuple((Int(),) * len(array_dims(x.type))), show=".shape")


# --- copies and casts ---------------------------------------------------------------------------


def _copy(x: Any) -> Any:
    return x.copy(order="K") if isinstance(x, np.ndarray) else x.copy()


def _astype(x: Any, dtype: Any) -> Any:
    return x.astype(dtype)


def _astype_type(x: Operand, dtype: Operand) -> Type:
    name = dtype_name(np.dtype(known(dtype, "a dtype")))
    return Array(name, x.type.dims) if isinstance(x.type, Array) else Scalar(name)


def _bound(x: Any) -> Any:
    return x


def _opaque(fn: Any, *args: Any, **kwargs: Any) -> Any:
    return fn(*args, **kwargs)


def _call(fn: Any, *args: Any) -> Any:
    return fn(*args)


def _run(fn: Any, *args: Any) -> Any:
    return fn(*args)


def _attempt(*kinds: type[BaseException]) -> bool:
    raise NotImplementedError("a `try` is carried out as a whole")


def _caught(attempt: bool) -> BaseException:
    raise NotImplementedError("a `try` is carried out as a whole")


def _tried(attempt: bool) -> None:
    """What follows in a `try` is not tried."""


def _raise(exc: Any) -> Any:
    raise exc


linear(_copy, "x", vjp=lambda g: g, name="copy", infer=exactly("x"), show=".copy()", samples=(sample(V), sample(M.T)))
linear(
    _astype,
    "x dtype",
    vjp=lambda g: g,
    name="astype",
    static=("dtype",),
    infer=_astype_type,
    show=".astype(_)",
    samples=(sample(V, np.float64),),
)
elementwise(float, lambda out, x: 1.0, name="to_float", infer=always(Float()), show="float(_)", samples=(sample(1.5),))
nondifferentiable(int, name="to_int", params="x /", infer=always(Int()), show="int(_)")
register(_bound, "x", kind="opaque", name="bound", memory="same", infer=exactly("x"), effect="opaque")
register(_opaque, "fn *args", kind="opaque", name="opaque", effect="opaque")
register(_call, "fn *args", kind="opaque", name="call")
register(_run, "fn *args", kind="opaque", name="run", effect="opaque")
register(check_length, "values least most", kind="opaque", name="check_length", effect="opaque", infer=always(NoneT()))
register(
    check_apart, "names written *values", kind="opaque", name="check_apart", effect="opaque", infer=always(NoneT())
)
register(
    check_distinct, "names written *roots", kind="opaque", name="check_distinct", effect="opaque", infer=always(NoneT())
)
register(_attempt, "*kinds", kind="opaque", name="attempt", effect="opaque", infer=always(Bool()))
register(_caught, "attempt", kind="opaque", name="caught", effect="opaque")
register(_tried, "attempt", kind="opaque", name="tried", effect="opaque", infer=always(NoneT()))
register(_raise, "exc", kind="opaque", name="raise_", effect="opaque", infer=always(NoneT()))


# --- gradients to the shape of what they belong to ----------------------------------------------


def _unbroadcast_type(value: Operand, like: Operand) -> Type:
    if not isinstance(value.type, Array) or not value.type.dims:
        return value.type
    if isinstance(like.type, Tuple):
        dims = shape_from(like)
        return Array(value.type.dtype, dims.dims) if dims is not None else value.type
    if isinstance(like.type, Array) and like.type.dims:
        return Array(value.type.dtype, like.type.dims)
    return Scalar(value.type.dtype)  # np.sum over all axes


linear(
    unbroadcast,
    "value like",
    args=("value",),
    vjp=lambda g, value: unbroadcast(g, value),
    name="unbroadcast",
    memory="maybe",
    infer=_unbroadcast_type,
    samples=(
        sample(M, V),
        sample(M, np.ones((2, 1))),
        sample(M, np.ones(())),
        sample(V, V),
        sample(V, M),
        sample(M[:, :1], M),
    ),
)


def _fitted_type(value: Operand, like: Operand, out: Operand, rule: Operand) -> Type:
    if isinstance(value.type, Opaque):
        return replace(like.type, loose=True) if isinstance(like.type, Array) else Scalar("float64")
    if not isinstance(value.type, Array):
        return value.type
    return Array(value.type.dtype, array_dims(like.type)) if array_dims(like.type) else Scalar(value.type.dtype)


linear(
    fit_gradient,
    "value like out rule",
    args=("value",),
    vjp=lambda g, value: np.broadcast_to(g, np.shape(value)),
    name="fit_gradient",
    static=("rule",),
    memory="maybe",
    infer=_fitted_type,
    samples=(sample(M, V, M, "r"), sample(M, np.ones((2, 1)), M, "r"), sample(V, V, np.ones(()), "r")),
)
linear(
    as_seed,
    "seed like",
    args=("seed",),
    vjp=lambda g: g,
    name="as_seed",
    memory="same",
    infer=lambda seed, like: Array(seed.type.dtype, array_dims(like.type)) if array_dims(like.type) else seed.type,
    samples=(sample(V, V), sample(1.5, 2.0)),
)
linear(
    as_tangent,
    "tangent like",
    args=("tangent",),
    vjp=lambda g: g,
    name="as_tangent",
    memory="maybe",
    infer=exactly("like"),
    samples=(sample(V, V), sample(1.5, 2.0)),
)
register(check_tangents, "tangents count", kind="opaque", name="check_tangents", effect="opaque", infer=always(NoneT()))
