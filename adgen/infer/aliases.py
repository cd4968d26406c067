"""What a write does to the other names of the memory that it writes.

Where it is not known which of two arrays a name means, but the condition that decided it is, each of them is from then
on what was written or what it was, as that condition says. What else may share the memory can't be read any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adgen.infer.values import Obj, Poison, are_two_lists
from adgen.ir.nodes import Operand, Var
from adgen.ir.types import Array
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


def _decided(e: Engine, obj: Obj, other: Obj, content: Any) -> Operand | None:
    """Return what `other` holds after the write, if a condition says whether it is the same array."""
    held, which, links = e.state.heap.get(other), e.state.which, e.state.links
    mine, theirs = which.get(obj), which.get(other)
    chosen = mine or theirs
    if chosen is None or not (isinstance(content, Var) and isinstance(held, Var)):
        return None
    t = join(content.type, held.type)
    if not isinstance(t, Array) or content.type.dtype != held.type.dtype:  # type: ignore[attr-defined]
        return None
    if mine is not None and theirs is not None and mine[0] is not theirs[0]:
        return None
    sides: list[Operand] = []
    ours = mine[1:] if mine is not None else (obj, obj)
    for one, two in zip(ours, theirs[1:] if theirs is not None else (other, other)):
        if one is None or two is None or (one is not two and two in links.get(one, ())):
            return None
        sides.append(content if one is two else held)
    if sides[0] is sides[1]:
        return sides[0]
    blocks = []
    for side in sides:
        e.b.open()
        blocks.append(e.b.close((side,)))
    hint = e.hint(other.name)
    (out,) = e.b.branch(chosen[0], blocks[0], blocks[1], [(hint.get("name"), hint.get("fixed", False))], [t])
    return out
