"""What a write does to the other names of the memory that it writes.

Where it is not known which of several objects or places a name means, but the conditions that decided it are
(`forks.py`), each of them is from then on what was written or what it was, as these conditions say. What else may share
the memory can't be read any more.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.infer.memory import forks
from adgen.infer.values import Obj, Poison, are_two_lists
from adgen.ir.nodes import Var

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def spread(e: Engine, obj: Obj, content: Any, deep: bool) -> None:
    """Give an object its content, and take note of that for all that may share memory with it.

    `deep`: what a list holds was written, too.
    """
    state = e.state
    near = state.links.get(obj, ())
    tree = state.which.get(obj)
    if not near and tree is None:
        state.heap[obj] = content
        return
    depth = state.depth(state.heap[obj])
    mine = forks.bases(tree)
    changed = {base: forks.fold(e, tree, forks.Written(e, base, content), base.name) for base in mine if tree}
    before = {other: state.depth(state.heap.get(other)) for other in near}
    state.heap[obj] = content
    for base, c in changed.items():
        held = state.heap[base]
        _set(e, base, c)
        if isinstance(c, Var):
            state.link_items(base, held)
            state.link_items(base, content)
        if before.get(base, 0) > 0 or depth > 0:  # lists: what is taken from them by its place is taken anew
            e.replaced[base] = e.replaced.get(base, 0) + 1
            e.resized[base] = e.resized.get(base, 0) + 1
    written = mine or (obj,)
    for base in mine:
        for other in state.links.get(base, ()):
            before.setdefault(other, state.depth(state.heap.get(other)))
    for other, there in before.items():
        if other is obj or other in changed:
            continue
        theirs = state.which.get(other)
        whole = theirs is not None and any(leaf.obj in written and not leaf.place for leaf in forks.leaves(theirs))
        if not deep and not whole and (there < depth or (there == depth and are_two_lists(obj, other))):
            continue  # what a list holds is not written with it, nor a list that holds some of the same
        if theirs is None or not _are_decided(e, obj, written, theirs):
            _lose(e, obj, other)
        elif any(base in written for base in forks.bases(theirs)):
            _set(e, other, forks.fold(e, theirs, partial(forks.read, e), other.name))
            _link_held(e, other, theirs)


def _are_decided(e: Engine, obj: Obj, written: tuple[Obj, ...], theirs: forks.Tree) -> bool:
    """Say whether nothing but conditions links what is written to what a fork decides on."""
    links = e.state.links
    found = forks.bases(theirs)
    if any(one is not two and two in links.get(one, ()) for one in written for two in found):
        return False
    return obj in e.state.which or any(base in written for base in found)


def _set(e: Engine, obj: Obj, content: Any) -> None:
    if content is not e.state.heap[obj]:
        e.note_written(obj)
        e.state.heap[obj] = content


def _link_held(e: Engine, obj: Obj, tree: forks.Tree) -> None:
    """Record that a list that is an operand from here on holds what each list holds that it may be."""
    if not isinstance(e.state.heap[obj], Var):
        return
    for base in forks.bases(tree):
        e.state.link_like(obj, base)
        e.state.link_items(obj, e.state.heap[base])


def _lose(e: Engine, obj: Obj, other: Obj) -> None:
    name, mine = other.name or "another array", obj.name or "an array"
    e.state.heap[other] = Poison(
        f"'{name}' may share memory with '{mine}', which was written",
        "which of the two a name refers to can't be decided at compile time, so what is read here is not known",
        e.origin,
    )
