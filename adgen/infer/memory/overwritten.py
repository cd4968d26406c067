"""What names, attributes and items held before they were given something else: for `explain`, which asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adgen.frontend.cells import cell_of
from adgen.infer.values import UNBOUND, Fork, Map, Obj, Ref, Seq, TupleV
from adgen.ir.nodes import Origin, Var

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class Overwritten:
    """A statement after which a name or a container no longer holds some values."""

    origin: Origin
    what: str
    before: frozenset[Var]  # what it held
    after: frozenset[Var]  # what it holds


def note_name(e: Engine, target: str, value: Any) -> None:
    """Note that a name is about to be bound to a value."""
    if "%" not in target and target in e.env and cell_of(target) not in e.env:  # what has a cell is noted there
        _note(e, f"'{target}' is {'deleted' if value is UNBOUND else 'overwritten'}", e.env[target], value)


def note_content(e: Engine, obj: Obj, content: Any) -> None:
    """Note that an object is about to hold other values."""
    before = e.state.heap[obj]
    if isinstance(content, (Seq, Map)) and isinstance(before, (Seq, Map)):
        held = f"'{obj.name}'" if obj.name else "it"
        kept = {id(v) for v in before.items} & {id(v) for v in content.items}
        lost, new = (TupleV(tuple(v for v in c.items if id(v) not in kept)) for c in (before, content))
        _note(e, f"what {held} held is replaced", lost, new)


def _note(e: Engine, what: str, before: Any, after: Any) -> None:
    assert e.overwritten is not None
    if e.origin is None:
        return
    held, holds = frozenset(_values(e, before, set())), frozenset(_values(e, after, set()))
    if held - holds:
        e.overwritten.append(Overwritten(e.origin, what, held, holds))


def _values(e: Engine, v: Any, seen: set[Obj]) -> Iterator[Var]:
    if isinstance(v, Var):
        yield v
    elif isinstance(v, Ref):
        if v.obj not in seen:
            seen.add(v.obj)
            yield from _values(e, e.state.heap.get(v.obj), seen)
    elif isinstance(v, Fork):
        yield from _values(e, v.one, seen)
        yield from _values(e, v.two, seen)
    elif isinstance(v, (TupleV, Seq, Map)):
        for item in v.items:
            yield from _values(e, item, seen)
