"""Items of a list that are lists or arrays themselves: places of the list, as a slice is a place of an array.

That is exact as long as no two places hold one object, and none is given another object while a name stands for what it
held: a list that may hold an object twice is `mixed`, and a reference to a place knows (`stamp`) what the list has been
through when it was made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import AliasError
from adgen.infer.values import Map, Obj, Poison, Ref, Seq, TupleV
from adgen.ir.build import shift
from adgen.ir.nodes import Const, Index, Operand, Slice, Var
from adgen.ir.types import Array, Dict, List, Undef, held_class, is_scalar

if TYPE_CHECKING:
    from adgen.infer.engine import Engine
    from adgen.infer.expressions.items import Key


CONTAINERS = (List, Array, Dict)


def is_container(t: Any) -> bool:
    """Say whether a value in a list is a place of it: what is written there is written in the list."""
    return isinstance(t, CONTAINERS) or held_class(t) is not None


def is_row(e: Engine, v: Any) -> bool:
    """Say whether a reference is to a place of a list."""
    return isinstance(v, Ref) and v.stamp is not None


def take(e: Engine, base: Ref, content: Any, elem: Any, key: Key) -> Ref | None:
    """Return the reference to an item; None if items of this list have to be objects of their own."""
    if not is_container(elem) or any(isinstance(i, Slice) for i in key.index.items):
        return None
    obj = base.obj
    if isinstance(content, Seq) and not obj.mixed:
        from adgen.infer.expressions import items

        whole = items.list_operand(e, content, elem)
        e.state.link_items(obj, content)
        if not obj.mixed:
            e.state.heap[obj] = whole
    if obj.mixed:
        return None
    return take_place(e, base, elem, key.index, key.holes)


def take_place(e: Engine, base: Ref, elem: Any, index: Index, holes: Sequence[Operand]) -> Ref | None:
    """Return the reference to what stands at an index or key of a list or dict."""
    obj = base.obj
    stamp = (*base.stamp[:2], e.renewed.get(obj, 0)) if base.stamp is not None else _stamp(e, obj, index)
    return Ref(base.obj, (*base.place, shifted(index, base)), (*base.holes, *holes), elem, stamp)


def shifted(index: Index, base: Ref) -> Any:
    return shift(index, len(base.holes))


def _stamp(e: Engine, obj: Obj, index: Index) -> tuple[int, int]:
    first = index.items[0]
    if isinstance(c := e.state.heap[obj], Var) and isinstance(c.type, Dict):
        return e.replaced.get(obj, 0), -1
    from_front = isinstance(first, int) and first >= 0  # whatever comes behind it leaves it where it is
    return e.replaced.get(obj, 0), -1 if from_front else e.resized.get(obj, 0)


def check(e: Engine, ref: Ref) -> None:
    """Refuse a place of a list whose items have changed places since."""
    lost = fresh(e, ref)
    if isinstance(lost, Poison):
        raise AliasError(what=lost.what, why=lost.why, instead="take the item anew, or a copy of it", origin=e.origin)


def fresh(e: Engine, v: Any) -> Any:
    """Return a value; poison for a place of a list whose items have changed places since."""
    if not isinstance(v, Ref) or v.stamp is None:
        return v
    replaced, resized, *fields = v.stamp
    if fields and fields[0] != e.renewed.get(v.obj, 0):
        replaced = -1
    if replaced == e.replaced.get(v.obj, 0) and resized in (-1, e.resized.get(v.obj, 0)):
        return v
    return Poison(
        f"an item of '{v.obj.name or 'a list'}', whose items were replaced or moved since it was taken",
        "where the item is now can't be decided at compile time",
        e.origin,
    )


def is_place(value: Any, base: Ref, index: Index, holes: Sequence[Operand]) -> bool:
    """Say whether a value is what stands at this very place: the end of `row[key] op= v`."""
    return (
        isinstance(value, Ref)
        and value.stamp is not None
        and value.obj is base.obj
        and value.place == (*base.place, shifted(index, base))
        and value.holes == (*base.holes, *holes)
    )


def store(e: Engine, base: Ref, key: Key, value: Operand) -> None:
    """`row[key] = value`"""
    n = len(base.holes)
    e.write_place(base, value, (*base.place, shift(key.index, n)), (*base.holes, *key.holes), "set")
    if is_container(value.type):
        renew(e, base.obj)


def renew(e: Engine, obj: Obj) -> None:
    """Take note that what was taken from inside of an item is perhaps no longer there."""
    e.renewed[obj] = e.renewed.get(obj, 0) + 1


def change(e: Engine, row: Ref, action: Callable[[Ref], Any]) -> Any:
    """Let a method change a list that is a place of another one."""
    alone = e.new(e.value(row))
    result = action(alone)
    held = [Ref(o) for o in dict.fromkeys((*objects_in(e, alone)[1:], *e.state.links.get(alone.obj, ())))]
    whole = e.value(alone)
    if alone.obj.mixed:
        mix(e, row.obj)
    for v in held:
        put_in(e, row.obj, v)
    e.write_place(row, whole, row.place, row.holes, "set")
    moved = alone.obj in e.replaced or alone.obj in e.resized
    if moved and isinstance(row.type, (List, Dict)) and is_container(row.type.elem):
        renew(e, row.obj)
    for v in held:
        link(e, row.obj, v)
    return result


def put_in(e: Engine, owner: Obj, value: Any) -> None:
    """Take note that a list gets an object, which it may hold already, with all that the object holds."""
    found = objects_in(e, value)
    if len(set(found)) < len(found) or any(_may_hold(e, owner, obj) for obj in found):
        mix(e, owner)


def put_items(e: Engine, owner: Obj, source: Ref) -> None:
    """Take note that a list gets all the items of another one, some of which it may hold already."""
    items = objects_in(e, source)[1:]
    if len(set(items)) < len(items) or any(
        _may_hold(e, owner, obj) for obj in (source.obj, *items, *e.state.links.get(source.obj, ()))
    ):
        mix(e, owner)


def share_items(e: Engine, new: Ref, old: Ref) -> None:
    """Record that a new list holds the very items of another: arrays and lists are shared, numbers are not."""
    t = e.content(new.obj)
    new.obj.nones |= old.obj.nones
    alone = (
        isinstance(t, (Var, Const))
        and isinstance(t.type, List)
        and (is_scalar(t.type.elem) or isinstance(t.type.elem, Undef))
    )
    if not alone:
        put_items(e, new.obj, old)
        link(e, new.obj, old)


def _may_hold(e: Engine, owner: Obj, obj: Obj) -> bool:
    if obj is owner or obj in e.state.links.get(owner, ()):
        return True
    around = [heap for heap in e.loops if owner in heap]
    return bool(around) and any(o in heap for heap in around for o in _may_be(e, obj))  # the same in each iteration


def _may_be(e: Engine, obj: Obj) -> list[Obj]:
    """Return the objects that one may be; what is linked to it and nested deeper or less holds it or is held."""
    depth = e.state.depth(e.state.heap.get(obj))
    return [obj, *(o for o in e.state.links.get(obj, ()) if e.state.depth(e.state.heap.get(o)) == depth)]


def objects_in(e: Engine, value: Any) -> list[Obj]:
    """Return the objects that a value is and holds, each as often as it is reached."""
    if isinstance(value, Ref):
        c = e.state.heap.get(value.obj)
        inner = [o for i in c.items for o in objects_in(e, i)] if isinstance(c, (Seq, Map)) and not value.place else []
        return [value.obj, *inner]
    return [o for i in value.items for o in objects_in(e, i)] if isinstance(value, TupleV) else []


def link(e: Engine, owner: Obj, value: Any) -> None:
    """Take note that a list may hold an object, and what that holds: a write to one of them is one to the list."""
    held = dict.fromkeys(objects_in(e, value))
    for obj in held:
        if obj is not owner:
            e.state.link_like(owner, obj)
    if held and owner.mixed:  # a place that was taken before is no longer the only one of its object
        for obj in (owner, *e.state.links.get(owner, ())):
            move(e, obj)


def link_out(e: Engine, value: Any, owner: Obj) -> None:
    """Take note that what was read from a list may be held by it: a write to one of them is one to the list."""
    for obj in dict.fromkeys(objects_in(e, value)):
        e.state.link_like(obj, owner)


def move(e: Engine, obj: Obj) -> None:
    """Take note that items of a list stand in other places from here on, or are no longer there."""
    e.replaced[obj] = e.replaced.get(obj, 0) + 1


def mix(e: Engine, obj: Obj) -> None:
    for o in (obj, *e.state.links.get(obj, ())):
        o.mixed = True
