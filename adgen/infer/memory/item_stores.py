"""`base[key] = value` and `base[key] op= value`: writes into arrays, lists, dicts and objects."""

from __future__ import annotations

from operator import setitem
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import AliasError, UnsupportedError
from adgen.infer.calls import library, primitives
from adgen.infer.control import guarded
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.iterators import iterators
from adgen.infer.memory import in_place, rows
from adgen.infer.structures import dicts, lists, objects, tables, tuples
from adgen.infer.values import Map, NeedsUnroll, Ref, Seq, SliceV, TupleV
from adgen.ir.build import shift
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import (
    Array,
    List,
    Opaque,
    is_scalar,
)
from adgen.rules.typing import join

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def require_writable(e: Engine, ref: Ref) -> None:
    if ref.obj.param == "global":
        raise UnsupportedError(
            what=f"a write into the global array '{ref.obj.name}'",
            why="it would outlive the call",
            instead="copy it first, or pass it in as a parameter",
            origin=e.origin,
        )
    if ref.obj.param == "readonly":
        raise AliasError(
            what=f"'{ref.obj.name or 'this array'}' is a read-only view",
            instead="copy it before writing",
            origin=e.origin,
        )


def set_item(e: Engine, base: Any, key: Any, value: Any) -> None:
    tuples.refuse_write(e, base)
    if objects.class_of_object(e, base) is not None:
        if objects.call_special(e, base, "__setitem__", key, value) is not None:
            return
        raise UnsupportedError(what=f"a store into {operations.describe(e, base)}", origin=e.origin)
    base, key = _in_array(e, base, key)
    if not isinstance(base, Ref):
        raise UnsupportedError(
            what=f"a store into {operations.describe(e, base)}",
            why="what it does is not known to adgen",
            instead="use an array, list or dict made here or passed in",
            origin=e.origin,
        )
    if dicts.is_dynamic(e, base, key, value):
        dicts.set_item(e, base, key, value)
        return
    if rows.is_row(e, base) and isinstance(base.type, List):
        _store_in_row(e, base, key, value)
        return
    value = items.held(e, base, value) if not tables.may_be_dict(e, base) else value
    c = e.content(base.obj)
    if isinstance(c, Map):
        k = items.constant_key(e, key)
        e.write(base.obj, c.put(k, value), resizes=c.get(k) is None)
        return
    if isinstance(c, Seq) and isinstance(key, Const):
        values = list(c.items)
        try:
            values[key.value] = value
        except IndexError as error:
            raise UnsupportedError(what=f"the index {key.value} is out of range", origin=e.origin) from error
        e.write(base.obj, Seq(tuple(values)), resizes=False)
        return
    t = operations.array_type(e, base)
    if isinstance(value, Ref) and rows.is_row(e, value) and value.obj is base.obj and not isinstance(key, SliceV):
        k0 = items.Key(e, key)
        if (*base.place, shift(k0.index, len(base.holes))) == value.place and (*base.holes, *k0.holes) == value.holes:
            return  # `l[i] = l[i]`, the end of `l[i] op= v`
    if isinstance(c, Seq) or isinstance(t, List):
        _store_in_list(e, base, c, key, value)
        return
    if (
        isinstance(value, Ref)
        and value.obj is base.obj
        and value.place
        and not isinstance(e.value(key) if isinstance(key, (Var, Const)) else None, Opaque)
    ):
        k0 = items.Key(e, key)
        if (*base.place, shift(k0.index, len(base.holes))) == value.place and (*base.holes, *k0.holes) == value.holes:
            return  # `x[s] = x[s]`, the end of `x[s] op= v`
    require_writable(e, base)
    k = items.Key(e, key)
    v = e.value(
        value
        if not isinstance(value, (TupleV, Ref)) or operations.is_array(e, value)
        else primitives.as_array(e, value)
    )
    n = len(base.holes)
    e.write_place(base, v, (*base.place, shift(k.index, n)), (*base.holes, *k.holes), "set")


def _in_array(e: Engine, base: Any, key: Any) -> tuple[Any, Any]:
    """Turn a place in `a.flat` into the place in `a`."""
    if isinstance(base, Ref) and base.obj.flat_of is not None and not base.place:
        array = base.obj.flat_of
        return array, inlining.inline_function(e, library.flat_place, [array, key], {})
    return base, key


def _store_in_row(e: Engine, base: Ref, key: Any, value: Any) -> None:
    value = items.held(e, base, value)
    if isinstance(key, SliceV):
        rows.change(e, base, lambda alone: set_item(e, alone, key, value))
        return
    assert isinstance(base.type, List)
    k = items.Key(e, key)
    if rows.is_place(value, base, k.index, k.holes):
        return
    elem = items.element_type(e, Seq((value,)))
    joined = join(base.type.elem, elem) if elem is not None else None
    if joined is None:
        raise UnsupportedError(what="a list whose items differ in type", instead="use arrays", origin=e.origin)
    rows.put_in(e, base.obj, value)
    rows.store(e, base, k, tables.fitted(e, value, joined))
    rows.link(e, base.obj, value)


def _store_in_list(e: Engine, base: Ref, c: Any, key: Any, value: Any) -> None:
    if isinstance(key, SliceV):
        if isinstance(c, Seq) and _is_static(e, key, value):
            values = list(c.items)
            bounds, put = e.static(key, "the bounds of this slice"), items.expand(e, value)
            guarded.carry_out(e, lambda: setitem(values, bounds, put))
            e.write(base.obj, Seq(tuple(values)))
            return
        lists.store_slice(e, base, key, value)
        return
    probe = e.state.heap[e.new(Seq((value,))).obj]
    elem = items.element_type(e, c, probe)
    if elem is None:
        if isinstance(c, Seq):
            raise NeedsUnroll(e.origin)
        raise UnsupportedError(
            what="a list whose items differ in type", instead="use a tuple or a dict", origin=e.origin
        )
    k = items.Key(e, key)
    rows.put_in(e, base.obj, value)
    if not is_scalar(elem):
        e.replaced[base.obj] = e.replaced.get(base.obj, 0) + 1
    new = e.b.update(
        items.list_operand(e, c, elem),
        tables.fitted(e, value, elem),
        (k.index,),
        k.holes,
        "set",
        **e.hint(base.obj.name),
    )
    e.write(base.obj, new, resizes=False)
    e.state.link_items(base.obj, c)
    rows.link(e, base.obj, value)


def _is_static(e: Engine, key: SliceV, value: Any) -> bool:
    """Say whether a slice of a list of known items gets items that are known as well."""
    from adgen.infer.control import iterables

    bounds = [b for b in (key.start, key.stop, key.step) if isinstance(b, Var)]
    return not bounds and iterables.known_items(e, iterators.force(e, value)) is not None


def aug_item(e: Engine, base: Any, key: Any, symbol: str, value: Any) -> None:
    """`base[key] op= value`."""
    base, key = _in_array(e, base, key)
    if operations.is_array(e, base):
        require_writable(e, base)
        k = items.Key(e, key)
        n = len(base.holes)
        place, holes = (*base.place, shift(k.index, n)), (*base.holes, *k.holes)
        if symbol in ("+", "-") and not k.advanced:
            v = e.value(
                value
                if not isinstance(value, (TupleV, Ref)) or operations.is_array(e, value)
                else primitives.as_array(e, value)
            )
            e.write_place(base, v, place, holes, "add" if symbol == "+" else "sub")
            return
        old = e.wrap(e.b.load(e.value(base), (k.index,), k.holes))
        new = e.value(operations.binary(e, symbol, old, value))
        _refuse_cast(e, symbol, old, new)
        e.write_place(base, new, place, holes, "set")
        return
    if isinstance(base, Ref) and dicts.add_to(e, base, key, symbol, value):
        return
    old = items.get_item(e, base, key, {})
    set_item(e, base, key, in_place.in_place(e, symbol, old, value, {}))


def _refuse_cast(e: Engine, symbol: str, old: Any, new: Operand) -> None:
    """Refuse what NumPy does not write into a part of an array: a number alone it does, cut off."""
    was = operations.array_type(e, old) if isinstance(old, Ref) else None
    if not isinstance(was, Array) or not isinstance(new.type, Array):
        return
    if not np.can_cast(new.type.dtype, was.dtype, "same_kind"):
        raise UnsupportedError(
            what=f"`{symbol}=` of a part of an array of {was.dtype}, with a result of {new.type.dtype}",
            why="the program would raise UFuncTypeError here",
            instead="make the array one of floating-point numbers",
            origin=e.origin,
        )
