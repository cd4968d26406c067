"""Tangents of items, writes, tuples, lists, dicts and objects: the same operation on the tangents."""

from __future__ import annotations

from adgen.ir.nodes import Index, Let, Operand, Var
from adgen.ir.types import (
    Bool,
    Dict,
    Int,
    List,
    Record,
    Saved,
    Tuple,
    Type,
    held_class,
    is_floating,
    may_float,
)
from adgen.transform.cotangents import make_record
from adgen.transform.tangents import Tangents, all_integers


class TangentStructures(Tangents):
    """The operations on structures that forward mode meets."""

    def _getitem(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]), *s.args[1:]), s.kws, s.place)

    def _update(self, s: Let) -> Operand:
        base = self.full(s.args[0])
        if s.mode != "set" and self.get(s.args[1]) is None:
            return base
        value = self.full(s.args[1])
        if isinstance(s.out.type, (List, Dict)) and len(s.place) == 1:
            value = self._as_item(s.args[1], s.out.type.elem)
        name = f"{s.out.name}_dot" if s.out.name else None
        t = s.out.type if isinstance(s.out.type, (List, Dict)) else None
        args = (base, value, *s.args[2:])
        return self.b.emit(s.op, args, s.kws, s.place, s.mode, name=name, fixed=s.out.fixed, type=t)

    def _item(self, s: Let) -> Operand | None:
        t = self.get(s.args[0])
        return None if t is None else self.b.call("item", t, s.args[1])

    def _make_tuple(self, s: Let) -> Operand:
        items = [self.full(a) if is_floating(a.type) else self.b.const(None) for a in s.args]
        t = s.out.type if isinstance(s.out.type, Saved) else None
        return self.b.emit(self.b.row("make_tuple"), items, type=t)

    def _make_list(self, s: Let) -> Operand:
        elem = s.out.type.elem if isinstance(s.out.type, List) else None
        parts = [self._zeros(a) if all_integers(a.type) else self._as_item(a, elem) for a in s.args]
        return self.b.call("make_list", *parts)

    def _as_item(self, a: Operand, elem: Type | None) -> Operand:
        """Return the tangent of a tuple in a list, with zeros for integers where other tuples have floats."""
        t = self.full(a)
        if not isinstance(a.type, Tuple) or not isinstance(elem, Tuple) or len(elem.items) != len(a.type.items):
            return t
        late = [is_floating(e) and isinstance(i, (Int, Bool)) for e, i in zip(elem.items, a.type.items)]
        if not any(late):
            return t
        zero = self.b.const(0.0)
        parts = [zero if new else self.b.call("item", t, self.b.const(k)) for k, new in enumerate(late)]
        return self.b.call("make_tuple", *parts)

    def _make_record(self, s: Let) -> Operand:
        t = s.out.type
        if isinstance(t, Dict):
            return self.b.emit(s.op, (*s.args[:2], *map(self.full, s.args[2:])), type=t)
        if held_class(t) is not None:
            none = self.b.const(None)
            assert isinstance(t, Record)
            parts = [self.full(a) if may_float(i) else none for a, i in zip(s.args[2:], t.items)]
            return self.b.emit(s.op, (*s.args[:2], *parts), type=t)
        assert isinstance(t, Record)
        return make_record(self.b, t, [self.full(a) if is_floating(a.type) else self.b.const(None) for a in s.args[2:]])

    def _insert(self, s: Let) -> Operand:
        elem = s.out.type.elem if isinstance(s.out.type, List) else None
        return self.b.emit(s.op, (self.full(s.args[0]), self._as_item(s.args[1], elem), s.args[2]), type=s.out.type)

    def _without(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]), s.args[1]), type=s.out.type)

    def _values_of(self, s: Let) -> Operand:
        return self.b.call("items_at", self.full(s.args[0]), s.args[0])

    def _sum_repeats(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]), s.args[1]), type=s.out.type)

    def _items_at(self, s: Let) -> Operand:
        return self.b.call("items_at", self.full(s.args[0]), s.args[1])

    def _dict_of(self, s: Let) -> Operand:
        return self.b.emit(s.op, (s.args[0], self.full(s.args[1])), type=s.out.type)

    def _append(self, s: Let) -> Operand:
        t = s.out.type if isinstance(s.out.type, List) else None  # None stands for the integers among its items
        return self.b.emit(
            s.op, (self.full(s.args[0]), self._as_item(s.args[1], t.elem if t is not None else None)), type=t
        )

    def _to_list(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]),), type=s.out.type)

    _to_floats = _floats_of = _to_list

    def _reversed_list(self, s: Let) -> Operand:
        return self.b.call("reversed_list", self.full(s.args[0]))

    def _as_tuple(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]),))

    _as_list = _as_tuple

    def _add_lists(self, s: Let) -> Operand:
        return self.b.call("add_lists", *[self.full(a) for a in s.args])

    def _add_saved(self, s: Let) -> Operand:
        return self.b.emit(s.op, tuple(self.full(a) for a in s.args), type=s.out.type)

    def _place_slice(self, s: Let) -> Operand:
        return self.b.call("place_slice", *s.args[:4], self.full(s.args[4]))

    def _bound(self, s: Let) -> Operand | None:
        return self.get(s.args[0])

    def _pin(self, s: Let) -> Operand | None:
        """A source has the direction that is given for it, beside what comes from sources before it."""
        before, v = self.get(s.args[0]), s.args[-1]
        given = self.get(v) if len(s.args) > 2 else None
        if given is None or not isinstance(v, Var):
            return before
        if v in self.directions.items:
            given = self.b.call("zeros_list", s.args[0])
            for steps, t in self.directions.items[v]:
                given = self.b.update(given, t, tuple(Index((k,)) for k in steps), ())
        elif v not in self.directions.exact and not isinstance(v.type, List):
            given = self.b.call("as_tangent", given, s.args[0])
        return given if before is None else self.b.call("add", before, given)

    def _hook(self, s: Let) -> Operand | None:
        return self.get(s.args[0])

    def _named(self, s: Let) -> Operand | None:
        return self.get(s.args[0])

    def _held(self, s: Let) -> Operand | None:
        return self.get(s.args[0])

    def _copy(self, s: Let) -> Operand:
        return self.b.call("copy", self.full(s.args[0]))
