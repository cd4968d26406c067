"""What a dict of keys that only run time knows is made of: its type, and its content as an operand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adgen.infer.control import branches
from adgen.infer.kinds import is_none
from adgen.infer.values import Map, Maybe, Ref, Seq, TupleV
from adgen.ir.nodes import UNDEF, Const, Operand, Var
from adgen.ir.types import Dict, List, NoneT, Opaque, Record, Tuple, Type, Undef, held_class
from adgen.rules.lattice import join_keys, type_of_value

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def _type(e: Engine, v: Ref) -> Type | None:
    if v.type is not None:
        return v.type
    c = e.content(v.obj)
    return c.type if isinstance(c, (Var, Const)) else None


def is_dict(e: Engine, v: Any) -> bool:
    """Say whether a value is a dict whose keys only run time knows."""
    return isinstance(v, Ref) and isinstance(_type(e, v), Dict)


def may_be_dict(e: Engine, v: Any) -> bool:
    """Say whether a value is a dict of either kind."""
    c = e.content(v.obj) if isinstance(v, Ref) and not v.place else None
    return is_dict(e, v) or (isinstance(c, Map) and c.cls is dict)


def leaves(key: Any) -> list[Any]:
    return [p for i in key.items for p in leaves(i)] if isinstance(key, TupleV) else [key]


def key_type(e: Engine, key: Any) -> Type:
    return Tuple(tuple(key_type(e, i) for i in key.items)) if isinstance(key, TupleV) else e.value(key).type


def dict_type(e: Engine, *contents: Any, keys: Sequence[Any] = (), values: Sequence[Any] = ()) -> Dict | None:
    """Return the type of a dict that may have these contents, keys and values; None: there is none."""
    key: Type = Undef()
    found: list[Any] = []
    for c in contents:
        if isinstance(c, Map) and c.cls is dict:
            for k in c.keys:
                key = join_keys(key, type_of_value(k))
            found.append(Seq(c.items))
        elif isinstance(c, (Var, Const)) and isinstance(c.type, Dict):
            key = join_keys(key, c.type.key)
            found.append(Const(None, List(c.type.elem)))
        else:
            return None
    for k in keys:
        key = join_keys(key, key_type(e, k))
    elem = e.element_type(*found, Seq(tuple(values)))
    return (
        None
        if elem is None or isinstance(elem, Opaque) or (isinstance(elem, Record) and held_class(elem) is None)
        else Dict(key, elem)
    )


def operand(e: Engine, c: Any, t: Dict) -> Operand:
    """Return the content of a dict as a value of this type."""
    if not isinstance(c, Map):
        assert isinstance(c, (Var, Const))
        return c
    head = (Const(dict, Opaque()), Const(c.keys, type_of_value(c.keys)))
    lack(e, ENTRY, c.items)
    return e.b.emit(e.row("make_record"), (*head, *[fitted(e, i, t.elem) for i in c.items]), type=t)


def fitted(e: Engine, v: Any, t: Type) -> Operand:
    """Return a value as an item of this type: a list or dict of known items is one of any length there."""
    if is_none(v) and not isinstance(t, (Opaque, NoneT)):
        return UNDEF
    c = e.content(v.obj) if isinstance(v, Ref) else None
    if isinstance(t, Dict) and isinstance(c, Map):
        return operand(e, c, t)
    if held_class(t) is not None and isinstance(c, Map) and isinstance(t, Record):
        head = (Const(t.cls, Opaque()), Const(t.keys, type_of_value(t.keys)))
        for k, i in zip(t.keys, c.items):
            lack(e, (t.cls, k), (i,))
        return e.b.emit(e.row("make_record"), (*head, *map(lambda i, p: fitted(e, i, p), c.items, t.items)), type=t)
    if isinstance(t, List) and isinstance(c, Seq):
        made = e.b.call("make_list", *[fitted(e, i, t.elem) for i in c.items])
        if isinstance(made, Var):
            made.type = t
        return made
    if isinstance(t, (Tuple, Record)) and isinstance(v, TupleV):
        for k, i in enumerate(v.items):
            lack(e, part_of(t, k), (i,))
        return e.value(TupleV(tuple(fitted(e, i, p) for i, p in zip(v.items, t.items)), v.cls))
    return e.value(v)


# -- what may be None inside of items --------------------------------------------------------------
#
# None is no type of a part. That a part of a class, tuple or dict may be None is known of all that are alike in the
# program.


ENTRY = (dict,)  # of any dict whose keys only run time knows


def part_of(t: Tuple | Record, k: int) -> tuple[Any, ...]:
    return (t.cls, t.keys[k]) if isinstance(t, Record) else (tuple, len(t.items), k)


def lack(e: Engine, part: tuple[Any, ...], values: Sequence[Any]) -> None:
    """Take note that a part gets these values, which may be None."""
    if part not in e.lacking and any(is_none(v) or isinstance(v, Maybe) for v in values):
        e.lacking.add(part)
        e.unfilled += 1


def present(e: Engine, part: tuple[Any, ...], operand: Operand, place: Ref | None = None) -> Any:
    """Return the value of a part, or the place that it is, which may be None if one like it ever was."""
    if part in e.lacking:
        return maybe(e, operand, place)
    return e.wrap(operand) if place is None else place


def maybe(e: Engine, operand: Operand, place: Any = None, name: str | None = None) -> Any:
    """Return what may be None at run time."""
    if isinstance(operand.type, Undef):
        return e.b.const(None)
    none = e.b.call("is_none", operand)
    if not isinstance(operand.type, (Tuple, Record)) or place is not None:
        return Maybe(none, e.wrap(operand, name) if place is None else place)
    # None has no parts.
    branches.run_if(e, none, lambda: e.set("%item", e.b.const(None)), lambda: e.set("%item", e.wrap(operand)))
    return e.env["%item"]
