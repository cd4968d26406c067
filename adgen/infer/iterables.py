"""What a `for` loop walks: known items are unrolled, everything else becomes a counted loop."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer import dicts, guarded, items, operations
from adgen.infer.values import DictView, EnumV, Map, Obj, RangeV, Ref, ReversedV, Seq, TupleV, ZipV
from adgen.ir.nodes import Const, Operand, Range, Var
from adgen.ir.types import Array, List, Str

if TYPE_CHECKING:
    from adgen.frontend import tree
    from adgen.infer.engine import Engine

Element = Callable[["Engine", Operand, "str | None"], Any]


@dataclass(slots=True)
class Plan:
    """A counted loop: its range, and what the target is bound to for a value of the counter."""

    start: Operand
    stop: Operand
    step: Operand
    get: Element
    direct: bool = False  # the target is the counter itself
    pairs: bool = False  # an enumerate: its first target is the counter

    def to_range(self) -> Range:
        return Range(self.start, self.stop, self.step)

    def index_name(self, s: tree.For | tree.While) -> str | None:
        target = getattr(s, "target", None)
        return target.split("%")[0] or None if self.direct and target else None

    def element(self, e: Engine, index: Operand, target: str | None = None) -> Any:
        return self.get(e, index, target)

    def constant_values(self) -> range | None:
        parts: list[int] = [p.value for p in (self.start, self.stop, self.step) if isinstance(p, Const)]
        return range(*parts) if len(parts) == 3 else None

    def constant_trips(self) -> int | None:
        values = self.constant_values()
        return None if values is None else len(values)


def plan(e: Engine, it: Any) -> Plan | list[Any]:
    """Return the items, or a plan to count through them."""
    it = guarded.force(e, it)
    if isinstance(it, RangeV):
        return Plan(it.start, it.stop, it.step, lambda e, i, t: i, direct=True)
    found = known_items(e, it)
    if found is not None and (len(found) <= 16 or not isinstance(it, Ref)):
        return found
    counted = _counted(e, it)
    if counted is None:
        if found is not None:
            return found
        raise UnsupportedError(
            what=f"a loop over {operations.describe(e, it)}",
            why="adgen can't tell what its items are",
            instead="loop over a range, an array, a list, zip or enumerate",
            origin=e.origin,
        )
    length, get = counted
    zero, one = e.b.const(0), e.b.const(1)
    return Plan(zero, length, one, get)


def _pieces(e: Engine, content: Any) -> int:
    """Return into how many parts np.split made a list, 0 for another list."""
    made = e.b.defs.get(content) if isinstance(content, Var) else None
    if made is None or made.op.name not in ("np.split", "np.array_split"):
        return 0
    where = made.args[1].value if isinstance(made.args[1], Const) else ()
    return where if isinstance(where, int) else len(where) + 1


def known_items(e: Engine, it: Any) -> list[Any] | None:
    """Return the items of a sequence whose length is known, or None."""
    if isinstance(it, TupleV):
        return list(it.items)
    if isinstance(it, Ref):
        c = e.content(it.obj)
        if isinstance(c, Seq):
            return list(c.items)
        if isinstance(c, Map) and c.cls is dict:
            return [operations.lift(e, k) for k in c.keys]
        n = _pieces(e, c)
        return [items.get_item(e, it, e.b.const(k), {}) for k in range(n)] if n else None
    if isinstance(it, DictView):
        if dicts.is_dict(e, it.owner):
            return None
        c = e.content(it.owner.obj)
        keys = [operations.lift(e, k) for k in c.keys]
        if it.kind == "items":
            return [TupleV(pair) for pair in zip(keys, c.items)]
        return keys if it.kind == "keys" else list(c.items)
    if isinstance(it, ZipV):
        parts = [known_items(e, p) for p in it.parts]
        known = [p for p in parts if p is not None]
        if known and len(known) == len(parts):
            return [TupleV(row) for row in zip(*known)]
        return None
    if isinstance(it, EnumV):
        inner = known_items(e, it.inner)
        if inner is None:
            return None
        return [TupleV((operations.binary(e, "+", e.b.const(k), it.start), v)) for k, v in enumerate(inner)]
    if isinstance(it, ReversedV):
        inner = known_items(e, it.inner)
        return inner[::-1] if inner is not None else None
    if isinstance(it, RangeV):
        parts3 = [p.value for p in (it.start, it.stop, it.step) if isinstance(p, Const)]
        if len(parts3) == 3 and len(range(*parts3)) <= 64:
            return [e.b.const(k) for k in range(*parts3)]
        return None
    if isinstance(it, Const) and isinstance(it.type, Str):
        return [e.b.const(ch) for ch in it.value]
    if isinstance(it, Const) and isinstance(it.value, enum.EnumMeta):
        members: list[enum.Enum] = list(it.value)
        return [operations.lift(e, m) for m in members]
    if isinstance(it, Const) and isinstance(it.value, tuple):
        return [operations.lift(e, v) for v in it.value]
    return None


def lists_of(e: Engine, it: Any) -> list[Obj]:
    """Return the lists and dicts that are walked."""
    if isinstance(it, Ref):
        return [] if operations.is_array(e, it) else [it.obj]
    if isinstance(it, DictView):
        return [it.owner.obj]
    if isinstance(it, ZipV):
        return [o for p in it.parts for o in lists_of(e, p)]
    return lists_of(e, it.inner) if isinstance(it, (EnumV, ReversedV)) else []


def _counted(e: Engine, it: Any) -> tuple[Operand, Element] | None:
    """Return the length of a sequence and how to get an item."""
    if dicts.is_dict(e, it):
        return dicts.walk(e, it, "keys")
    if isinstance(it, DictView) and dicts.is_dict(e, it.owner):
        return dicts.walk(e, it.owner, it.kind)
    if isinstance(it, Ref):
        c = e.content(it.obj)
        if isinstance(c, Map):
            return None
        if isinstance(c, Seq):
            elem = items.element_type(e, c, c)
            if elem is None:
                return None
            it = e.new(items.list_operand(e, c, elem))
        whole = e.value(it)
        if isinstance(whole.type, Array):
            if not whole.type.dims:
                return None
            n = whole.type.dims[0]
            length = e.b.const(n) if isinstance(n, int) else e.b.call("length", whole)
        elif isinstance(whole.type, List):
            length = e.b.call("length", whole)
        else:
            return None
        seq = it
        return length, lambda e, i, t: items.get_item(e, seq, i, e.hint(t))
    if isinstance(it, RangeV):
        length = range_length(e, it)
        r = it
        return length, lambda e, i, t: operations.binary(e, "+", r.start, operations.binary(e, "*", i, r.step))
    if isinstance(it, EnumV):
        inner = _counted(e, it.inner)
        if inner is None:
            return None
        length, get = inner
        start = it.start
        zero = isinstance(start, Const) and start.value == 0

        def pair(e: Engine, i: Operand, t: str | None) -> Any:
            return TupleV((i if zero else operations.binary(e, "+", i, start), get(e, i, None)))

        return length, pair
    if isinstance(it, ReversedV):
        inner = _counted(e, it.inner)
        if inner is None:
            return None
        length, get = inner
        last = operations.binary(e, "-", length, e.b.const(1))
        return length, lambda e, i, t: get(e, operations.binary(e, "-", last, i), t)
    if isinstance(it, ZipV):
        parts = [_counted_part(e, p) for p in it.parts]
        if any(p is None for p in parts):
            return None
        known = [p for p in parts if p is not None]
        length = known[0][0]
        for other, _ in known[1:]:
            if not _same(length, other):
                length = e.b.emit(e.row("min"), (length, other))
        gets = [g for _, g in known]
        return length, lambda e, i, t: TupleV(tuple(g(e, i, None) for g in gets))
    return None


def _counted_part(e: Engine, p: Any) -> tuple[Operand, Element] | None:
    if isinstance(p, TupleV):
        elem = items.element_type(e, Seq(p.items))
        if elem is None:
            return None
        p = e.new(Seq(p.items))
    return _counted(e, p)


def _same(a: Operand, b: Operand) -> bool:
    return a is b or (isinstance(a, Const) and isinstance(b, Const) and a.value == b.value)


def range_length(e: Engine, r: RangeV) -> Operand:
    if isinstance(r.start, Const) and r.start.value == 0 and isinstance(r.step, Const) and r.step.value == 1:
        return e.b.emit(e.row("max"), (r.stop, e.b.const(0))) if isinstance(r.stop, Var) else r.stop
    return e.b.call("length", e.value(r))
