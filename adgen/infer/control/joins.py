"""Join the states that the sides of a branch end with, and emit the `If`.

A value that differs becomes an out of the `If`. Arrays that differ become a new object, linked to both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.infer import operands
from adgen.infer.api import recording
from adgen.infer.api.recording import Recorded
from adgen.infer.control import escaping
from adgen.infer.environment.names import as_name
from adgen.infer.kinds import is_from_outside, is_function, is_none, shown, split_maybe, static_pair
from adgen.infer.memory import forks, rows
from adgen.infer.structures import tables
from adgen.infer.values import (
    UNBOUND,
    Choice,
    GeneratorV,
    Map,
    Maybe,
    Obj,
    Once,
    PlaceV,
    Poison,
    Ref,
    Seq,
    State,
    TapeV,
    TupleV,
    Unbound,
)
from adgen.ir.build import Region
from adgen.ir.nodes import UNDEF, Const, Operand, Var
from adgen.ir.types import NUMERIC, Dict, List, NoneT, Opaque, Type, Undef
from adgen.rules.typing import join

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


class Join:
    """Joins the two states after an `If` and emits the node."""

    def __init__(
        self,
        e: Engine,
        before: State,
        sides: list[State],
        regions: list[Region],
        catch: bool = False,
        leaves: bool = False,
    ) -> None:
        self.e = e
        self.leaves = leaves  # nothing reads what a handler leaves unbound
        self.catch = catch  # the branch is a `try` and its handlers
        self.before = before
        self.sides = sides
        self.regions = regions
        self.values: tuple[list[Operand], list[Operand]] = ([], [])
        self.names: list[tuple[str | None, bool]] = []
        self.types: list[Type] = []
        self.merged: dict[tuple[Obj, Obj], Obj] = {}
        self.held: tuple[Counter[Obj], Counter[Obj]] | None = None  # by how many names objects are reached, once asked
        self.outlives: dict[tuple[int, Obj], Obj] = {}  # what stands for objects that one side made, behind the branch
        self.bound: dict[tuple[int, Obj], Obj] = {}  # the same for what only this side gives a name
        self.late: list[Callable[[list[Operand]], None]] = []  # plans that need all others done
        self.kept: list[tuple[int, int]] = []  # frames that functions made on one side see, with that side

    def finish(self, cond: Operand) -> None:
        e = self.e
        self.cond = cond
        a, b = self.sides
        after = self.before.copy()
        for s in (a, b, after) if e.read_objects else ():  # what one path reads first is the same for all
            s.heap = {**e.read_objects, **s.heap}
        for s in (a, b):
            for o, others in s.links.items():
                after.links[o] = (*dict.fromkeys((*after.links.get(o, ()), *others)),)
        self.after = after
        if self.catch and not b.dead:
            self.slot(e.b.const(True), e.b.const(False), None)
        plans: list[Callable[[list[Operand]], None]] = []
        for obj in self._objects():
            one, two = a.heap.get(obj), b.heap.get(obj)
            live = [side.heap.get(obj) for side in (a, b) if not side.dead]
            if live and all(c is self.before.heap[obj] for c in live):
                continue
            if (one is None or two is None) and not (a.dead or b.dead):
                after.heap[obj] = one if two is None else two  # reachable on one path only
                continue
            plan = self.join(one, two, obj.name)
            plans.append(lambda outs, o=obj, p=plan: after.heap.__setitem__(o, p(outs)))  # type: ignore[misc]
            plans.append(lambda outs, o=obj, c=(one, two): self.link_items(o, c))  # type: ignore[misc]
        for frame in after.frames:
            names = dict.fromkeys([*a.frames[frame], *b.frames.get(frame, {})])
            for name in names:
                one, two = a.frames[frame].get(name, UNBOUND), b.frames.get(frame, {}).get(name, UNBOUND)
                was = self.before.frames.get(frame, {}).get(name, UNBOUND)
                if one is two and was is one:
                    continue
                if (one is UNBOUND or two is UNBOUND) and name.startswith("%") and name[1:].isdigit():
                    live = [v for v, side in ((one, a), (two, b)) if not side.dead]
                    if len(live) == 1 and isinstance(live[0], Const):  # whether the body of a `try` got to its end
                        after.frames[frame][name] = live[0]
                    continue
                plan = self.join(one, two, name)
                plans.append(lambda outs, f=frame, n=name, p=plan: after.frames[f].__setitem__(n, p(outs)))  # type: ignore[misc]
        plans += escaping.keep_frames(self)
        blocks = []
        for region, vals in zip(self.regions, self.values):
            e.b.resume(region)
            blocks.append(e.b.close(vals))
        e.state = after
        outs = e.b.branch(cond, blocks[0], blocks[1], self.names, self.types, self.catch)
        self._carry_out(outs, plans)

    @classmethod
    def of_contents(cls, e: Engine, cond: Operand, one: Callable[[], Any], two: Callable[[], Any], name: Any) -> Any:
        """Emit a branch that only decides between two contents; return what it is then."""
        before = e.state
        sides, regions, made = [], [], []
        for make in (one, two):
            e.state = before.copy()
            e.b.open()
            made.append(make())
            sides.append(e.state)
            regions.append(e.b.suspend())
        e.state = before
        j = cls(e, before, sides, regions)
        j.cond, j.after = cond, before
        plan = j.join(made[0], made[1], name)
        blocks = []
        for region, vals in zip(regions, j.values):
            e.b.resume(region)
            blocks.append(e.b.close(vals))
        outs = e.b.branch(cond, blocks[0], blocks[1], j.names, j.types)
        content: list[Any] = []
        j._carry_out(outs, [lambda outs: content.append(plan(outs))])
        return content[0]

    def _carry_out(self, outs: list[Operand], plans: list[Callable[[list[Operand]], None]]) -> None:
        e = self.e
        for k, out in enumerate(outs):
            if isinstance(out, Var) and any(
                isinstance(v[k].type, Undef) or v[k] in e.maybe_unbound
                for v, side in zip(self.values, self.sides)
                if not side.dead and not self.leaves
            ):
                e.maybe_unbound[out] = self.names[k][0] or "?"
        for run in (*plans, *self.late):
            run(outs)

    def link_items(self, obj: Obj, contents: tuple[Any, Any]) -> None:
        """What a list was known to hold on one side it may hold from here on."""
        if isinstance(self.after.heap.get(obj), Var):
            for c in contents:
                self.after.link_items(obj, c)

    def _objects(self) -> list[Obj]:
        a, b = self.sides
        return [o for o in dict.fromkeys([*a.heap, *b.heap]) if o in self.before.heap]

    def emit_value(self, side: int, v: Any) -> Operand:
        """Read a value at the end of one branch."""
        made: Operand = self._on_side(side, lambda: self.e.value(v))
        return made

    def _on_side(self, side: int, action: Callable[[], Any]) -> Any:
        """Do something at the end of one branch."""
        e = self.e
        e.b.resume(self.regions[side])
        keep, e.state = e.state, self.sides[side]
        try:
            return action()
        finally:
            e.state = keep
            e.b.suspend()

    def slot(self, one: Operand, two: Operand, name: str | None) -> Callable[[list[Operand]], Operand] | None:
        t = join(one.type, two.type)
        if t is None:
            return None
        k = len(self.names)
        self.values[0].append(one)
        self.values[1].append(two)
        self.names.append(self._name(name))
        self.types.append(t)
        return lambda outs: outs[k]

    def _name(self, name: str | None) -> tuple[str | None, bool]:
        hint = self.e.hint(name)
        return hint.get("name"), hint.get("fixed", False)

    def join(self, one: Any, two: Any, name: str | None) -> Callable[[list[Operand]], Any]:
        if isinstance(one, Recorded) or isinstance(two, Recorded):
            return self._join_recorded(one, two)
        one, two = rows.fresh(self.e, one), rows.fresh(self.e, two)
        if self.sides[0].dead or self.sides[1].dead:
            one, two = (UNBOUND, two) if self.sides[0].dead else (one, UNBOUND)
            return self.half_bound(one, two, name)
        if isinstance(one, Poison) or isinstance(two, Poison):
            p = one if isinstance(one, Poison) else two
            return lambda outs: p
        if one is two:
            return lambda outs: one
        if isinstance(one, Unbound) or isinstance(two, Unbound):
            return self.half_bound(one, two, name)
        if isinstance(one, PlaceV) and isinstance(two, PlaceV):
            at = self.join(one.at, two.at, None)
            return lambda outs: PlaceV(at(outs), one.among | two.among)
        maybe = self._maybe(one, two, name)
        if maybe is not None:
            return maybe
        if isinstance(one, (Var, Const)) and isinstance(two, (Var, Const)):
            if static_pair(one, two):
                return lambda outs: one
            plan = self.slot(one, two, name) if not (is_function(one) and is_function(two)) else None
            if plan is not None:
                return plan
        elif (
            isinstance(one, TupleV)
            and isinstance(two, TupleV)
            and len(one.items) == len(two.items)
            and one.cls is two.cls
        ):
            parts = [self.join(x, y, None) for x, y in zip(one.items, two.items)]
            return lambda outs: TupleV(tuple(p(outs) for p in parts), one.cls)
        elif isinstance(one, Seq) and isinstance(two, Seq) and len(one.items) == len(two.items):
            parts = [self.join(x, y, None) for x, y in zip(one.items, two.items)]
            return lambda outs: Seq(tuple(p(outs) for p in parts))
        elif isinstance(one, Map) and isinstance(two, Map) and one.keys == two.keys and one.cls is two.cls:
            parts = [self.join(x, y, as_name(k)) for k, x, y in zip(one.keys, one.items, two.items)]
            return lambda outs: Map(one.keys, tuple(p(outs) for p in parts), one.cls)
        elif isinstance(one, (Seq, Var, Const)) and isinstance(two, (Seq, Var, Const)):
            # lists of different length: from here on a list of unknown length
            x, y = self._as_lists(one, two)
            plan = self.slot(x, y, name) if isinstance(x.type, List) and isinstance(y.type, List) else None
            if plan is not None:
                return plan
        elif isinstance(one, (Map, Var, Const)) and isinstance(two, (Map, Var, Const)):
            plan = self._join_dicts(one, two, name)
            if plan is not None:
                return plan
        elif isinstance(one, Ref) and isinstance(two, Ref):
            if one == two:
                return lambda outs: one
            return forks.join_refs(self, one, two, name)
        elif isinstance(one, (TapeV, Once)) and type(one) is type(two) and replace(one, obj=two.obj) == two:
            return self._join_states(one, two, name)
        if is_function(one) and is_function(two):
            first, second = escaping.function_on(self, 0, one), escaping.function_on(self, 1, two)
            if first is not None and second is not None:
                return lambda outs: Choice(outs[0] if self.catch else self.cond, first(outs), second(outs))
        return self.clash(name)

    def clash(self, name: str | None) -> Callable[[list[Operand]], Any]:
        lost = Poison(
            f"'{shown(name)}' has a different kind of value on two paths",
            "its type can't be decided at compile time",
            self.e.origin,
            alias=False,
            counted=operands.counts(self.e, self.cond),
        )
        return lambda outs: lost

    def _join_dicts(self, one: Any, two: Any, name: str | None) -> Callable[[list[Operand]], Operand] | None:
        """Join dicts with different keys: from here on one whose keys only run time knows."""
        types = [self._on_side(k, lambda c=c: tables.dict_type(self.e, c)) for k, c in enumerate((one, two))]  # type: ignore[misc]
        t = None if None in types else join(types[0], types[1])
        if not isinstance(t, Dict):
            return None
        x, y = (self._on_side(k, lambda c=c: tables.operand(self.e, c, t)) for k, c in enumerate((one, two)))  # type: ignore[misc]
        return self.slot(x, y, name)

    def _maybe(self, one: Any, two: Any, name: str | None) -> Callable[[list[Operand]], Any] | None:
        """Join None with a number or array."""
        if not (isinstance(one, Maybe) or isinstance(two, Maybe) or is_none(one) != is_none(two)):
            return None
        parts = [split_maybe(self.e, side, v) for side, v in zip(self.sides, (one, two))]
        known = [p for p in parts if p is not None]
        if len(known) < 2:
            return None
        (n1, v1), (n2, v2) = known
        flag = self.join(n1, n2, None)
        if is_none(v1) or is_none(v2):
            value = self._one_none(v2 if is_none(v1) else v1, 1 if is_none(v1) else 0, name)
        else:
            value = self.join(v1, v2, name)
        return lambda outs: Maybe(flag(outs), value(outs))

    def _one_none(self, v: Any, side: int, name: str | None) -> Callable[[list[Operand]], Any]:
        """Give a value of one side the type that it has there, though it is None on the other."""
        if isinstance(v, Const) and not isinstance(v.type, NUMERIC):
            return lambda outs: v
        if isinstance(v, TupleV):
            parts = [self._one_none(i, side, None) for i in v.items]
            return lambda outs: TupleV(tuple(p(outs) for p in parts), v.cls)
        c = self.sides[side].heap[v.obj] if isinstance(v, Ref) and not v.place else None
        if isinstance(c, (Seq, Map)):
            made = _remake(c, [self._one_none(i, side, None) for i in c.items])
            return self._new_object(name, v, made, side)
        a = self.emit_value(side, v)
        k = len(self.names)
        none = self.e.b.const(None)
        self.values[side].append(a)
        self.values[1 - side].append(none)
        self.names.append(self._name(name))
        self.types.append(a.type)
        if not isinstance(v, Ref):
            return lambda outs: outs[k]
        return self._new_object(name, v, lambda outs: outs[k], side)

    def _new_object(
        self, name: str | None, old: Ref, make: Callable[[list[Operand]], Any], side: int
    ) -> Callable[..., Any]:
        """Plan an object for what may be another one."""
        obj = Obj(name, traits=old.obj.traits)
        forks.take_out(self, side, old, obj)

        def build(outs: list[Operand]) -> Any:
            self.after.heap[obj] = make(outs)
            self.after.link_like(obj, old.obj)
            return Ref(obj)

        return build

    def _as_lists(self, one: Any, two: Any) -> tuple[Operand, Operand]:
        """Return the contents of two lists as lists of unknown length."""
        elem = None
        for side, c in enumerate((one, two)):
            found = self._on_side(side, lambda c=c: self.e.element_type(c))  # type: ignore[misc]
            elem = found if side == 0 else None if elem is None or found is None else join(elem, found)
        if elem is None:
            return self._emit_content(0, one), self._emit_content(1, two)
        made = [self._on_side(k, lambda c=c: self.e.list_operand(c, elem)) for k, c in enumerate((one, two))]  # type: ignore[misc]
        return made[0], made[1]

    def _emit_content(self, side: int, c: Any) -> Operand:
        return self.emit_value(side, Ref(self._holder(side, c))) if isinstance(c, Seq) else c

    def _holder(self, side: int, c: Seq) -> Obj:
        obj = Obj()
        self.sides[side].heap[obj] = c
        return obj

    def _iterator(self, old: Once, at: Callable[[list[Operand]], Any]) -> Callable[[list[Operand]], Any]:
        obj = Obj()

        def build(outs: list[Operand]) -> Any:
            self.after.heap[obj] = at(outs)
            return replace(old, obj=obj)

        return build

    def _join_states(self, one: TapeV | Once, two: TapeV | Once, name: str | None) -> Callable[[list[Operand]], Any]:
        """Let two tapes or iterators go on as one."""
        if one.obj is two.obj:
            return lambda outs: one
        inner = self.join(self.sides[0].heap[one.obj], self.sides[1].heap[two.obj], name)
        obj = Obj(name)

        def build(outs: list[Operand]) -> Any:
            self.after.heap[obj] = inner(outs)
            return replace(one, obj=obj)

        return build

    def _join_recorded(self, one: Any, two: Any) -> Callable[[list[Operand]], Any]:
        """Join what two paths have recorded on a tape."""
        b = self.e.b
        if self.sides[0].dead or self.sides[1].dead:
            one = two = two if self.sides[0].dead else one
        made = None
        if isinstance(one, Recorded) and isinstance(two, Recorded):
            made = recording.join(one, two, [r[0] for r in self.regions], b.place()[0], b.visible())
        if made is None:
            p = next((c for c in (one, two) if isinstance(c, Poison)), recording.clash(self.e.origin, "branch"))
            return lambda outs: p
        return lambda outs: replace(made, start=b.place()) if made.start is not None else made

    def half_bound(self, one: Any, two: Any, name: str | None) -> Callable[[list[Operand]], Any]:
        """A name bound on one path only."""
        side = 1 if isinstance(one, Unbound) else 0
        v = two if side else one
        # After a handler that leaves, what is unbound is not read.
        sure = self.leaves or self.sides[1 - side].dead or (name is not None and name.startswith("%"))
        if isinstance(v, (Poison, Unbound)):
            return lambda outs: v
        plan = self.bound_on(side, v, name, sure)
        if plan is not None:
            return plan
        lost = Poison(
            f"'{name or 'a value'}' is bound on one path only, to a value that can't leave it",
            "its type can't be decided at compile time",
            self.e.origin,
            alias=False,
        )
        return lambda outs: lost

    def bound_on(self, side: int, v: Any, name: str | None, sure: bool) -> Callable[[list[Operand]], Any] | None:
        """Plan a value that one path alone makes; None if it can't leave the branch.

        `sure`: it is only read where it is bound, so a constant may stand for itself.
        """
        if isinstance(v, Const) and sure:
            return lambda outs: v
        if is_function(v) and sure:
            return escaping.function_on(self, side, v)
        if sure and isinstance(v, Ref) and not v.place and v.obj in self.before.heap:
            return lambda outs: v  # the object was there before the branch
        if isinstance(v, TapeV) and sure:
            self.after.heap[v.obj] = self.sides[side].heap[v.obj]
            return lambda outs: v
        kept = sure and isinstance(v, Var) and isinstance(v.type, Opaque)
        if isinstance(v, (Var, Const)) and (
            kept or not isinstance(v.type, (Opaque, NoneT)) or self.sides[1 - side].dead
        ):
            return self.slot(UNDEF, v, name) if side else self.slot(v, UNDEF, name)
        if isinstance(v, (TupleV, Seq, Map)):
            parts = [self.bound_on(side, i, None, sure) for i in v.items]
            known = [p for p in parts if p is not None]
            return _remake(v, known) if len(known) == len(parts) else None
        if isinstance(v, (Once, GeneratorV)) and v.obj in self.before.heap:
            return lambda outs: v
        if isinstance(v, Once) and is_from_outside(v.inner, self.before.heap):
            at = self.sides[side].heap[v.obj]
            slot = self.slot(UNDEF, at, None) if side else self.slot(at, UNDEF, None)
            return slot and self._iterator(v, slot)
        if not isinstance(v, Ref):
            return None
        if not v.place and (side, v.obj) in self.bound:
            there = Ref(self.bound[side, v.obj])
            return lambda outs: there
        c = self.sides[side].heap[v.obj]
        if isinstance(c, Poison):
            return None
        inner: Callable[[list[Operand]], Any] | None
        if isinstance(c, (Seq, Map)):
            parts = [self.bound_on(side, i, None, sure) for i in c.items]
            known = [p for p in parts if p is not None]
            if len(known) != len(parts):
                return None
            inner = _remake(c, known)
        else:
            inner = self.bound_on(side, self.emit_value(side, v), name, sure)
        if inner is None:
            return None
        return self._new_object(name, v, inner, side)


def _remake(c: TupleV | Seq | Map, parts: list[Callable[[list[Operand]], Any]]) -> Callable[[list[Operand]], Any]:
    if isinstance(c, TupleV):
        return lambda outs: TupleV(tuple(p(outs) for p in parts), c.cls)
    if isinstance(c, Seq):
        return lambda outs: Seq(tuple(p(outs) for p in parts))
    return lambda outs: Map(c.keys, tuple(p(outs) for p in parts), c.cls)
