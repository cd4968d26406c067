"""What a write does to the other names of the memory that it writes.

Where it is not known which of two objects a name means, but the condition that decided it is, each of them is from then
on what was written or what it was, as that condition says. What else may share the memory can't be read any more.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.infer.names import as_name
from adgen.infer.values import Map, Obj, Poison, Ref, Seq, TupleV, are_two_lists
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import NUMERIC, Array, Type
from adgen.rules.typing import join

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def spread(e: Engine, obj: Obj, content: Any, deep: bool) -> None:
    """Take note, for all that may share memory with an object, that it gets this content.

    `deep`: what a list holds was written, too.
    """
    state = e.state
    depth = state.depth(state.heap[obj])
    for other in state.links.get(obj, ()):
        there = state.depth(state.heap.get(other))
        if not deep and (there < depth or (there == depth and are_two_lists(obj, other))):
            continue  # what a list holds is not written with it, nor a list that holds some of the same
        known = _decided(e, obj, other, content)
        if known is not None:
            if known is not state.heap[other]:
                e.note_written(other)
                state.heap[other] = known
            continue
        name, mine = other.name or "another array", obj.name or "an array"
        state.heap[other] = Poison(
            f"'{name}' may share memory with '{mine}', which was written",
            "which of the two a name refers to can't be decided at compile time, so what is read here is not known",
            e.origin,
        )


def _decided(e: Engine, obj: Obj, other: Obj, content: Any) -> Any:
    """Return what `other` holds after the write, if a condition says whether it is the same object."""
    which, links = e.state.which, e.state.links
    mine, theirs = which.get(obj), which.get(other)
    chosen = mine or theirs
    if chosen is None or (mine is not None and theirs is not None and mine[0] is not theirs[0]):
        return None
    same: list[bool] = []
    ours = mine[1:] if mine is not None else (obj, obj)
    for one, two in zip(ours, theirs[1:] if theirs is not None else (other, other)):
        if one is not two and two in links.get(one, ()):
            return None
        same.append(one is two)
    if not any(same) and (mine is None or theirs is None):
        return None  # something else than the condition says that they may be one
    held = e.state.heap.get(other)
    if same[0] is same[1]:
        return content if same[0] else held
    slots: list[tuple[Operand, Operand, str | None, Type]] = []
    plan = _plan(content, held, other.name, slots)
    if plan is None:
        return None
    blocks = []
    for written in same:
        e.b.open()
        blocks.append(e.b.close([new if written else old for new, old, _, _ in slots]))
    hints = [e.hint(name) for _, _, name, _ in slots]
    names = [(h.get("name"), h.get("fixed", False)) for h in hints]
    return plan(e.b.branch(chosen[0], blocks[0], blocks[1], names, [t for *_, t in slots]))


def _plan(new: Any, old: Any, name: str | None, slots: list[tuple[Operand, Operand, str | None, Type]]) -> Any:
    """Return what makes one content out of the results of a branch between two; None if there is none."""
    if new is old or (isinstance(new, (Ref, Const)) and new == old):
        return lambda outs: old
    if isinstance(new, (Var, Const)) and isinstance(old, (Var, Const)):
        t = join(new.type, old.type)
        if not isinstance(t, NUMERIC) or (new.type != old.type and not isinstance(t, Array)):
            return None
        if isinstance(t, Array) and getattr(new.type, "dtype", None) != getattr(old.type, "dtype", None):
            return None
        k = len(slots)
        slots.append((new, old, name, t))
        return lambda outs: outs[k]
    if isinstance(new, Seq) and isinstance(old, Seq) and len(new.items) == len(old.items):
        parts = [_plan(x, y, None, slots) for x, y in zip(new.items, old.items)]
        return None if None in parts else lambda outs: Seq(tuple([p(outs) for p in parts]))
    if isinstance(new, Map) and isinstance(old, Map) and (new.keys, new.cls) == (old.keys, old.cls):
        parts = [_plan(x, y, as_name(k), slots) for k, x, y in zip(new.keys, new.items, old.items)]
        return None if None in parts else lambda outs: replace(new, items=tuple([p(outs) for p in parts]))
    return None


def reach(e: Engine, v: Any, found: dict[Obj, None]) -> None:
    """Collect the objects that a value holds."""
    if isinstance(v, Ref):
        if v.obj in found:
            return
        found[v.obj] = None
        v = e.state.heap[v.obj]
    if isinstance(v, (TupleV, Seq, Map)):
        for i in v.items:
            reach(e, i, found)
