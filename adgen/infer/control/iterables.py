"""What a `for` loop walks: known items are unrolled, everything else becomes a counted loop."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.environment import reads
from adgen.infer.expressions import items, operations
from adgen.infer.structures import dicts
from adgen.infer.values import (
    CountV,
    CycleV,
    DictView,
    EnumV,
    Map,
    Obj,
    Once,
    RangeV,
    Ref,
    RepeatV,
    RestV,
    ReversedV,
    Seq,
    TupleV,
    ZipV,
    reach,
)
from adgen.ir.nodes import Const, Operand, Range, Var
from adgen.ir.types import Array, Float, Int, List, Str

if TYPE_CHECKING:
    from adgen.frontend import tree
    from adgen.infer.engine import Engine

Element = Callable[["Engine", Operand, "str | None"], Any]


MAX_WRITTEN = 16  # items whose loop is written out


@dataclass(slots=True)
class Plan:
    """A counted loop: its range, and what the target is bound to for a value of the counter."""

    start: Operand
    stop: Operand
    step: Operand
    get: Element
    direct: bool = False  # the target is the counter itself
    pairs: bool = False  # an enumerate: its first target is the counter
    stepped: Once | None = None  # the iterator that it moves

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
    if isinstance(it, RangeV):
        return Plan(it.start, it.stop, it.step, lambda e, i, t: i, direct=True)
    found = known_items(e, it)
    if found is not None and len(found) > MAX_WRITTEN and _alike(it):
        it = e.new(Seq(tuple(found)))
    if found is not None and (len(found) <= MAX_WRITTEN or not isinstance(it, Ref)):
        return found
    way = counted(e, it)
    if way is None or way[0] is None:
        if found is not None:
            return found
        if isinstance(it, Const) and isinstance(it.value, frozenset):
            raise UnsupportedError(
                what="a loop over a set",
                why="its order is not the same in every run",
                instead="loop over a tuple, or over `sorted(…)`",
                origin=e.origin,
            )
        raise UnsupportedError(
            what=f"a loop over {operations.describe(e, it)}",
            why="adgen can't tell what its items are",
            instead="loop over a range, an array, a list, zip or enumerate",
            origin=e.origin,
        )
    start: Operand = e.b.const(0)
    if isinstance(it, RestV):
        start, way = it.start, counted(e, it.inner)
    assert way is not None and way[0] is not None
    return Plan(start, way[0], e.b.const(1), way[1])


def _alike(it: Any) -> bool:
    """Say whether a value is a tuple of numbers of one type, or of tuples of such."""
    if not isinstance(it, TupleV):
        return False
    rows = [i.items if isinstance(i, TupleV) else (i,) for i in it.items]
    kinds = [
        tuple(v.type if isinstance(v, Const) and isinstance(v.type, (Float, Int)) else None for v in r) for r in rows
    ]
    return None not in kinds[0] and all(k == kinds[0] for k in kinds)


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
        if known and len(known) < len(parts):  # what has no end is as long as the others
            n = min(map(len, known))
            parts = [_first_items(e, q, n) if p is None else p for p, q in zip(parts, it.parts)]
            known = [p for p in parts if p is not None]
        if known and len(known) == len(parts):
            return [TupleV(row) for row in zip(*known)]
        return None
    if isinstance(it, RestV):
        inner = known_items(e, it.inner) if isinstance(it.start, Const) else None
        return None if inner is None or not isinstance(it.start, Const) else inner[it.start.value :]
    if isinstance(it, RepeatV) and isinstance(it.times, Const) and it.times.value <= 64:
        return [it.value] * it.times.value
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
    if isinstance(it, Const) and type(it.value) is dict and it in e.paths and reads.is_fixed(e, it):
        return [operations.lift(e, k) for k in it.value]
    if isinstance(it, Const) and type(it.value) is list and it in e.paths and all(map(callable, it.value)):
        reads.is_fixed(e, it)  # each call looks if the list changed
        return [items.get_item(e, it, e.b.const(k), {}) for k in range(len(it.value))]
    return None


def _first_items(e: Engine, it: Any, n: int) -> list[Any] | None:
    """Return the first items of a sequence without end; None for another."""
    if isinstance(it, RepeatV) and it.times is None:
        return [it.value] * n
    if isinstance(it, CountV):
        way = counted(e, it)
        return None if way is None else [way[1](e, e.b.const(k), None) for k in range(n)]
    if not isinstance(it, CycleV):
        return None
    _check_held(e, it)
    found = known_items(e, it.inner)
    return None if found is None else (found * (n // len(found) + 1))[:n] if found else []


def objects_of(e: Engine, it: Any) -> dict[Obj, Any]:
    """Return the objects that the known items of what is walked hold, with their contents."""
    found: dict[Obj, None] = {}
    for p in _parts(it):
        items_ = known_items(e, p) if isinstance(p, (TupleV, Ref, DictView)) else None
        if items_ is not None:
            reach(e.state, TupleV(tuple(items_)), found)
    return {o: e.state.heap.get(o) for o in found}


def _parts(it: Any) -> list[Any]:
    if isinstance(it, ZipV):
        return [q for p in it.parts for q in _parts(p)]
    return _parts(it.inner) if isinstance(it, EnumV) else [it]


def at_most(e: Engine, it: Any) -> int | None:
    """Return the number of the items that are known of what is walked: there are no more iterations."""
    found = [known_items(e, p) for p in _parts(it)]
    return min((len(f) for f in found if f is not None), default=None)


def item_at(e: Engine, it: Any, k: int) -> Any:
    """Return the k-th item, as it is by now."""
    if isinstance(it, ZipV):
        return TupleV(tuple(item_at(e, p, k) for p in it.parts))
    if isinstance(it, EnumV):
        return TupleV((operations.binary(e, "+", e.b.const(k), it.start), item_at(e, it.inner, k)))
    found = known_items(e, it)
    if found is not None and k < len(found):
        return found[k]
    way = counted(e, it)
    assert way is not None
    return way[1](e, e.b.const(k), None)


def lists_of(e: Engine, it: Any) -> list[Obj]:
    """Return the lists and dicts that are walked."""
    if isinstance(it, Ref):
        return [] if operations.is_array(e, it) else [it.obj]
    if isinstance(it, DictView):
        return [it.owner.obj]
    if isinstance(it, ZipV):
        return [o for p in it.parts for o in lists_of(e, p)]
    return lists_of(e, it.inner) if isinstance(it, (EnumV, ReversedV, RestV)) else []


def is_map(e: Engine, v: Any) -> bool:
    """Say whether a value is a dict of known keys or an object."""
    return isinstance(v, Ref) and (isinstance(e.content(v.obj), Map) or dicts.is_dict(e, v))


def counted(e: Engine, it: Any) -> tuple[Operand | None, Element] | None:
    """Return the length of a sequence, None if it has no end, and how to get an item."""
    if dicts.is_dict(e, it):
        return dicts.walk(e, it, "keys")
    if isinstance(it, DictView) and dicts.is_dict(e, it.owner):
        return dicts.walk(e, it.owner, it.kind)
    if isinstance(it, DictView):
        it = e.new(Seq(tuple(known_items(e, it) or ())))
    if isinstance(it, Ref):
        return _counted_memory(e, it)
    if isinstance(it, RangeV):
        length = range_length(e, it)
        r = it
        return length, lambda e, i, t: operations.binary(e, "+", r.start, operations.binary(e, "*", i, r.step))
    if isinstance(it, EnumV):
        inner = counted(e, it.inner)
        if inner is None:
            return None
        count, get = inner
        start = it.start
        zero = isinstance(start, Const) and start.value == 0

        def pair(e: Engine, i: Operand, t: str | None) -> Any:
            return TupleV((i if zero else operations.binary(e, "+", i, start), get(e, i, None)))

        return count, pair
    if isinstance(it, ReversedV):
        inner = counted(e, it.inner)
        if inner is None or inner[0] is None:
            return None
        count, get = inner
        last = operations.binary(e, "-", count, e.b.const(1))
        return count, lambda e, i, t: get(e, operations.binary(e, "-", last, i), t)
    if isinstance(it, ZipV):
        parts = [_counted_part(e, p) for p in it.parts]
        if any(p is None for p in parts):
            return None
        known = [p for p in parts if p is not None]
        shortest = _shortest(e, [n for n, _ in known if n is not None])
        for p in it.parts:
            if isinstance(p, CycleV) and shortest is not None:
                shortest = _none_if_empty(e, shortest, p)
        gets = [g for _, g in known]
        return shortest, lambda e, i, t: TupleV(tuple(g(e, i, None) for g in gets))
    return _counted_iterator(e, it)


def _counted_memory(e: Engine, it: Ref) -> tuple[Operand, Element] | None:
    """Return the length of a list or array, and how to get an item."""
    c = e.content(it.obj)
    if isinstance(c, Map):
        return None
    if isinstance(c, Seq):
        elem = items.element_type(e, c, c)
        if elem is None:
            return None
        it = e.new(items.list_operand(e, c, elem))
        e.state.link_items(it.obj, c)
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
    return length, lambda e, i, t: items.get_item(e, it, i, e.hint(t))


def _shortest(e: Engine, lengths: list[Operand]) -> Operand | None:
    shortest = lengths[0] if lengths else None
    for other in lengths[1:]:
        assert shortest is not None
        if not _same(shortest, other):
            shortest = e.b.emit(e.row("min"), (shortest, other))
    return shortest


def _check_held(e: Engine, it: CycleV) -> None:
    if isinstance(it.inner, Ref) and e.content(it.inner.obj) is not it.held:
        raise UnsupportedError(
            what="itertools.cycle() of a list or array that is written while it is walked",
            why="it goes on with the values that it met",
            instead="index the list by `k % len(list)`",
            origin=e.origin,
        )


def _none_if_empty(e: Engine, length: Operand, it: CycleV) -> Operand:
    """There are no rows if what one part repeats without end is empty."""
    own = counted(e, it.inner)
    assert own is not None and own[0] is not None
    if isinstance(own[0], Const):
        return length if own[0].value else e.b.const(0)
    return e.b.emit(e.row("min"), (length, operations.binary(e, "*", length, own[0])))


def _counted_iterator(e: Engine, it: Any) -> tuple[Operand | None, Element] | None:
    """What `itertools` gives, and what is left of a sequence."""
    if isinstance(it, CountV):
        return None, lambda e, i, t: operations.binary(e, "+", it.start, operations.binary(e, "*", i, it.step))
    if isinstance(it, RepeatV):
        return it.times, lambda e, i, t: it.value
    inner = counted(e, it.inner) if isinstance(it, (CycleV, RestV)) else None
    if inner is None or inner[0] is None:
        return None
    n, get = inner
    if isinstance(it, RestV):
        left = e.b.emit(e.row("max"), (operations.binary(e, "-", n, it.start), e.b.const(0)))
        return left, lambda e, i, t: get(e, operations.binary(e, "+", it.start, i), t)

    def again(e: Engine, i: Operand, t: str | None) -> Any:
        _check_held(e, it)
        return get(e, operations.binary(e, "%", i, n), t)

    return None, again


def _counted_part(e: Engine, p: Any) -> tuple[Operand | None, Element] | None:
    if isinstance(p, TupleV):
        elem = items.element_type(e, Seq(p.items))
        if elem is None:
            return None
        p = e.new(Seq(p.items))
    way = counted(e, p)
    c = e.content(p.obj) if isinstance(p, Ref) and way is not None else None
    return (e.b.const(len(c.items)), way[1]) if way is not None and isinstance(c, Seq) else way


def _same(a: Operand, b: Operand) -> bool:
    return a is b or (isinstance(a, Const) and isinstance(b, Const) and a.value == b.value)


def range_length(e: Engine, r: RangeV) -> Operand:
    if isinstance(r.start, Const) and r.start.value == 0 and isinstance(r.step, Const) and r.step.value == 1:
        return e.b.emit(e.row("max"), (r.stop, e.b.const(0))) if isinstance(r.stop, Var) else r.stop
    return e.b.call("length", e.value(r))
