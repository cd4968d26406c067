"""Reads of `base[key]` of arrays, lists, tuples and dicts, and the items of sequences."""

from __future__ import annotations

from collections.abc import Mapping, MutableSequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer import operands
from adgen.infer.calls import array_methods, calls, primitives
from adgen.infer.control import guarded
from adgen.infer.environment import outside, reads
from adgen.infer.expressions import operations
from adgen.infer.iterators import iterators
from adgen.infer.kinds import is_none, is_structured
from adgen.infer.memory import rows
from adgen.infer.structures import dicts, objects, tables, tuples
from adgen.infer.values import Map, Maybe, NeedsUnroll, RangeV, Ref, Seq, SliceV, TupleV
from adgen.ir.build import shift
from adgen.ir.nodes import Const, Hole, Index, Operand, Slice, Var
from adgen.ir.types import (
    Array,
    Bool,
    Int,
    List,
    NoneT,
    Opaque,
    Record,
    Scalar,
    Tuple,
    Type,
    Undef,
    is_floating,
)
from adgen.rules.subscripts import SUBSCRIPTS, Span
from adgen.rules.typing import join

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


class Key:
    """An array index as a template with its operands."""

    def __init__(self, e: Engine, key: Any) -> None:
        self.e = e
        self.holes: list[Operand] = []
        self.advanced = False
        self.boolean = False
        if tuples.is_frozen(key):
            raise UnsupportedError(
                what="an index by a tuple whose length is known only at run time",
                why="how many axes it goes through is not known",
                instead="index by its items: `x[i[0], i[1]]`",
                origin=e.origin,
            )
        parts = key.items if isinstance(key, TupleV) else (key,)
        self.index = Index(tuple(self._item(p) for p in parts))

    def _item(self, v: Any) -> Any:
        e = self.e
        if isinstance(v, SliceV):
            return Slice(*(self._bound(p) for p in (v.start, v.stop, v.step)))
        if isinstance(v, Const):
            if v.value is None or v.value is Ellipsis:
                return v.value
            if isinstance(v.value, (int, np.integer)) and not isinstance(v.value, bool):
                return int(v.value)
            if isinstance(v.value, slice):
                return Slice(v.value.start, v.value.stop, v.value.step)
        if isinstance(v, Var) and v in e.param_of and isinstance(v.type, Opaque):
            e.static(v, "the index")  # a slice or `...`: asked for, and then a constant
        if isinstance(v, Var) and isinstance(v.type, Opaque | NoneT):
            raise UnsupportedError(what=f"an index that is {operations.describe(e, v)}", origin=e.origin)
        if isinstance(v, (Ref, TupleV)) and not operations.is_array(e, v):
            v = primitives.as_array(e, v)
            t = operations.array_type(e, v)
            if t.dims == (0,) and t.dtype == "float64":  # of an empty list
                v = calls.call_object(e, np.zeros, [e.b.const(0), e.b.const(int)], {}, {})
        if isinstance(v, RangeV):
            v = calls.call_object(e, np.arange, [v.start, v.stop, v.step], {}, {})
        operand = e.value(v)
        t = operand.type
        if isinstance(t, Bool):
            raise UnsupportedError(
                what="an index that is a single boolean", instead="use `if`, or an array of booleans", origin=e.origin
            )
        if is_floating(t):
            raise UnsupportedError(
                what=f"an index of type {t}",
                why="indices are integers, slices or arrays of integers or booleans",
                origin=e.origin,
            )
        if isinstance(t, Array):
            self.advanced = True
            self.boolean |= t.dtype == "bool"
        self.holes.append(operand)
        return Hole(len(self.holes) - 1)

    def _bound(self, v: Any) -> Any:
        if isinstance(v, Const):
            return None if v.value is None else int(v.value)
        operand = self.e.value(v)
        if isinstance(operand.type, NoneT):
            return None
        self.holes.append(operand)
        return Hole(len(self.holes) - 1)


def get_item(e: Engine, base: Any, key: Any, hint: dict[str, Any]) -> Any:
    own = objects.call_special(e, base, "__getitem__", key)
    if own is not None:
        return own
    if isinstance(base, TupleV):
        alike = isinstance(key, Var) and key not in e.param_of and element_type(e, Seq(base.items), Seq(())) is not None
        if alike and not e.loops:
            return from_list(e, e.new(Seq(base.items)), key, hint)
        return _from_known(e, base.items, key, lambda items: TupleV(tuple(items)))
    if isinstance(base, RangeV):
        k = e.value(key)
        return operations.binary(e, "+", base.start, operations.binary(e, "*", k, base.step))
    if tuples.is_frozen(base) and isinstance(key, SliceV):
        return tuples.freeze(get_item(e, Ref(tuples.unfrozen(e, base)), key, hint))
    if isinstance(base, Ref):
        c = e.content(base.obj)
        if isinstance(c, Seq):
            if isinstance(key, Const) or (isinstance(key, SliceV) and _is_known_slice(e, c, key)):
                return _from_known(e, c.items, key, lambda items: e.new(Seq(tuple(items))))
            return from_list(e, base, key, hint)
        if dicts.is_dynamic(e, base, key):
            return dicts.get_item(e, base, key, hint)
        if isinstance(c, Map):
            value = c.get(constant_key(e, key))
            if value is None:
                k = constant_key(e, key)
                if dicts.counts(base):
                    return e.b.const(0)
                make = dicts.factory(e, base)
                if make is not None:
                    made = calls.call(e, make, [], {}, {})
                    e.write(base.obj, e.content(base.obj).put(k, made))
                    return made
                error = UnsupportedError(what=f"the key {k!r} is not in this dict", origin=e.origin)
                guarded.fail(e, KeyError, k, error)
            return value
        t = operations.array_type(e, base)
        if isinstance(t, List):
            return from_list(e, base, key, hint)
        return from_array(e, base, key, hint)
    if outside.is_table(e, base):
        return outside.named(e, e.static(key, "the name in globals()"))
    if isinstance(base, Const) and base in e.paths and isinstance(base.value, (Mapping, MutableSequence, tuple)):
        found = from_table(e, base, key)
        if found is not None:
            return found
    if isinstance(base, Const) and id(base.value) in (*SUBSCRIPTS, id(np.s_), id(np.index_exp)):
        return from_subscript(e, base.value, key, hint)
    if isinstance(base, Const) and isinstance(key, Const) and reads.is_fixed(e, base):
        try:
            return operations.lift(e, base.value[key.value])
        except RecursionError:
            raise
        except Exception as error:
            raise UnsupportedError(what=f"this index fails: {error}", origin=e.origin) from error
    if isinstance(base, (Var, Const)) and isinstance(base.type, Scalar):  # `x[..., None]` of a NumPy number
        return from_array(e, calls.call_object(e, np.asarray, [base], {}, {}), key, hint)
    if isinstance(base, (Var, Const)) and not isinstance(base.type, (Int, Bool)):
        import operator

        return e.opaque(operator.getitem, [e.value(base), e.value(key)], **hint)
    raise UnsupportedError(what=f"an item of {operations.describe(e, base)}", origin=e.origin)


def from_subscript(e: Engine, base: Any, key: Any, hint: dict[str, Any]) -> Any:
    """What np.mgrid, np.r_ and their like make of the slices, numbers and arrays between the brackets."""
    parts = key.items if isinstance(key, TupleV) else (key,)
    if base is np.s_:
        return key
    if base is np.index_exp:
        return TupleV(tuple(parts))
    texts = [p for p in parts if isinstance(p, Const) and isinstance(p.value, str)]
    if texts:
        raise UnsupportedError(
            what=f"the text {texts[0].value!r} in the brackets of np.r_ or np.c_",
            instead="say how to join with np.concatenate or np.stack",
            origin=e.origin,
        )
    made = [TupleV((p.start, p.stop, p.step), Span) if isinstance(p, SliceV) else p for p in parts]
    alone = {} if isinstance(key, TupleV) else {"alone": e.b.const(True)}
    return calls.call_formula(e, SUBSCRIPTS[id(base)], made, alone, hint)


def _is_known_slice(e: Engine, c: Seq, key: SliceV) -> bool:
    """Say whether a slice of known items is to be taken now: only run time may know its bounds."""
    bounds = [b for b in (key.start, key.stop, key.step) if isinstance(b, Var) and not isinstance(b.type, NoneT)]
    known = all(b in e.param_of or (operands.counts(e, b) and not e.keeps_loops) for b in bounds)
    return known or element_type(e, c) is None


def from_table(e: Engine, table: Const, key: Any) -> Any:
    """An item of a global dict or list that holds functions or other objects, read at each call; None if unknown."""
    if not isinstance(key, Const) and key not in e.param_of:
        return None
    k = e.static(key, "the key")
    if not isinstance(k, (str, int)):
        return None
    try:
        value = table.value[k]
    except LookupError as error:
        raise UnsupportedError(what=f"this index fails: {error!r}", origin=e.origin) from error
    owner, path = e.paths[table]
    return e.read(owner, f"{path}[{k!r}]", value)


def _from_known(e: Engine, values: tuple[Any, ...], key: Any, many: Any) -> Any:
    if isinstance(key, SliceV):
        return many(values[e.static(key, "the bounds of this slice")])
    if isinstance(key, Var):
        if key in e.param_of:
            key = e.b.const(e.static(key, "the index"))
        else:
            raise NeedsUnroll(e.origin)
    k = e.static(key, "the index")
    try:
        return values[k]
    except IndexError:
        error = UnsupportedError(what=f"the index {k} is out of range", origin=e.origin)
        guarded.fail(e, IndexError, "index out of range", error)
    except TypeError:
        error = UnsupportedError(what=f"an index of type {type(k).__name__}", origin=e.origin)
        guarded.fail(e, TypeError, "indices must be integers or slices", error)


def from_list(e: Engine, base: Ref, key: Any, hint: dict[str, Any]) -> Any:
    """An item of a list at an index known at run time."""
    c = e.content(base.obj)
    if rows.is_row(e, base):
        c = e.value(base)
    elem = element_type(e, c, c)
    if elem is None or (isinstance(elem, Opaque) and isinstance(c, Seq)):
        if isinstance(c, Seq):
            return _from_known(e, c.items, key, None)
    assert elem is not None
    nones = base.obj.nones and not isinstance(key, SliceV)
    if nones and isinstance(elem, Undef):
        return e.b.const(None)  # nothing was put in yet
    k = Key(e, key)
    row = rows.take(e, base, c, elem, k)
    if row is not None:
        return Maybe(e.b.call("is_none", e.value(row)), row) if nones else row
    lst = list_operand(e, c, elem)
    if isinstance(c, Seq) and isinstance(lst, Var) and lst.name is None:
        lst.name = base.obj.name
    out = e.b.load(lst, (k.index,), k.holes, hint.get("name"), hint.get("fixed", False))
    if isinstance(c, Seq):
        e.state.link_items(base.obj, c)  # what is read may be any of these
    if nones:
        v = tables.maybe(e, out, name=hint.get("name"))
        rows.link_out(e, operations.sure(v), base.obj)
        return v
    v = e.wrap(out, hint.get("name"))
    if isinstance(v, Ref) and isinstance(out.type, List) and any(isinstance(i, Slice) for i in k.index.items):
        rows.share_items(e, v, base)
    else:
        rows.link_out(e, v, base.obj)
    return v


def held(e: Engine, owner: Ref, v: Any) -> Any:
    """Return a value as a list holds it; what may be None is None there where it is."""
    if isinstance(v, Maybe) or is_none(v):
        for o in (owner.obj, *e.state.links.get(owner.obj, ())):
            e.unfilled += not o.nones
            o.nones = True
    return v.value if isinstance(v, Maybe) and not is_structured(e.state, v.value) else v


def from_array(e: Engine, base: Ref, key: Any, hint: dict[str, Any]) -> Any:
    k = Key(e, key)
    whole = e.value(base)
    out = e.b.load(whole, (k.index,), k.holes, hint.get("name"), hint.get("fixed", False))
    if not isinstance(out.type, Array):
        return out
    if k.advanced:
        return e.new(out, hint.get("name"))
    n = len(base.holes)
    return Ref(base.obj, (*base.place, shift(k.index, n)), (*base.holes, *k.holes), out.type, base.stamp)


# -- structure ----------------------------------------------------------------------------------


def constant_key(e: Engine, key: Any) -> Any:
    return e.static(key, "the key of a dict")


def expand(e: Engine, v: Any) -> list[Any]:
    """Return the items of a sequence of known length."""
    from adgen.infer.control import iterables

    found = iterables.known_items(e, iterators.force(e, v))
    if found is None:
        raise UnsupportedError(
            what=f"the number of items in {operations.describe(e, v)} is not known at compile time",
            instead="index it, or loop over it",
            origin=e.origin,
        )
    return found


def known_items(e: Engine, v: Any) -> list[Any] | None:
    """Return the items of a sequence or array of known length, None for anything else."""
    from adgen.infer.control import iterables

    found = iterables.known_items(e, v)
    if found is None and isinstance(v, Ref) and operations.is_array(e, v):
        n = array_methods.shape_of(e, v).items[0]
        if isinstance(n, Const):
            return [get_item(e, v, e.b.const(k), {}) for k in range(n.value)]
    return found


def split(e: Engine, v: Any, n: int) -> list[Any] | None:
    """Return `n` items of a sequence, None if it is known to have another number."""
    from adgen.infer.control import iterables

    columns = iterators.split_columns(e, v, n)
    if columns is not None:
        return columns
    v = iterators.force(e, v)
    found = iterables.known_items(e, v)
    if found is not None:
        return found if len(found) == n else None
    if isinstance(v, Ref):
        t = operations.array_type(e, v)
        if isinstance(t, Array) and len(t.dims) == 1 and n:
            parts: tuple[Any, ...] = e.wrap(e.b.call("unpack", e.value(v), e.b.const(n))).items
            return list(parts)
        check_length(e, v, n, n)
        return [get_item(e, v, e.b.const(k), {}) for k in range(n)]
    if isinstance(v, Var) and isinstance(v.type, Opaque):
        v = e.opaque(tuple, [v])
        check_length(e, v, n, n)
        return [get_item(e, v, e.b.const(k), {}) for k in range(n)]
    raise UnsupportedError(what=f"unpacking {operations.describe(e, v)}", origin=e.origin)


def check_length(e: Engine, v: Any, least: int, most: int | None) -> None:
    """Let the program raise as Python does where a sequence has fewer or more items than names that take them."""
    e.b.emit(e.row("check_length"), (e.value(v), e.b.const(least), e.b.const(most)), type=NoneT())


def item_type(e: Engine, v: Any) -> Type | None:
    """Return the type that a value has as an item of a list."""
    if is_none(v):
        return Undef()  # a place that holds nothing yet
    if isinstance(v, (Var, Const)):
        return v.type
    if isinstance(v, Ref):
        c = e.content(v.obj)
        if v.obj.traits is not None and not v.place:
            return None  # what it was told when it was made would be lost
        if isinstance(c, Seq):
            inner = element_type(e, c, c)
            return List(inner) if inner is not None else None
        if isinstance(c, Map) and c.cls is not dict and not v.place:
            return objects.held_type(e, v.obj, c)
        t: Type | None = dicts.dict_type(e, c) if isinstance(c, Map) else operations.array_type(e, v)
        return t
    if isinstance(v, Maybe) and not is_structured(e.state, v.value):
        return item_type(e, v.value)
    if isinstance(v, TupleV):
        parts = [item_type(e, i) for i in v.items]
        known = tuple(p for p in parts if p is not None)
        if len(known) < len(parts):
            return None
        return Tuple(known) if v.cls is None else Record(v.cls, v.cls._fields, known)  # type: ignore[attr-defined]
    return None


def element_type(e: Engine, *contents: Any) -> Type | None:
    """Return the one type that all items of these lists have, or None."""
    t: Type | None = Undef()
    for c in contents:
        if isinstance(c, Seq):
            parts = [item_type(e, i) for i in c.items]
        elif isinstance(c, (Var, Const)) and isinstance(c.type, List):
            parts = [c.type.elem]
        else:
            return None
        for p in parts:
            if p is None:
                return None
            t = join(t, p) if t is not None else None
            if t is None:
                return None
    return t


def list_operand(e: Engine, c: Any, elem: Type) -> Operand:
    """Return a list of known items as one of unknown length."""
    if not isinstance(c, Seq):
        assert isinstance(c, (Var, Const))
        return c
    out = e.b.call("make_list", *[tables.fitted(e, i, elem) for i in c.items])
    if isinstance(out, Var):
        out.type = List(elem)
    return out
