"""Names that a loop gives other meanings: which object or place such a name means is carried, not what it holds.

That is tried where a write through such a name would make unknown what other names mean. Assumed is, by slot, which
references it may mean (`Assumption.meant`); the loop carries which of them it is, and their indices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.errors import AliasError, UnsupportedError
from adgen.frontend import tree
from adgen.infer.memory import forks, rows
from adgen.infer.values import Fork, Obj, Poison, Ref, State, reach
from adgen.ir.nodes import UNDEF, Const, Operand
from adgen.ir.types import Bool, Int

if TYPE_CHECKING:
    from adgen.infer.control.fit import Fit
    from adgen.infer.control.slots import Path, Slots

MOST = 4  # references that a slot may mean


def run(s: Slots, entry: State, action: Callable[[], None]) -> None:
    """Run a loop; if it leaves unknown what names mean, once more with what they mean carried."""
    e = s.e
    depth, mark = e.b.depth, e.b.mark()
    lost: AliasError | None = None
    try:
        action()
        if not (s.rebinds or _is_missed(s, entry)) or not _may_follow(s, entry):
            return
    except AliasError as error:
        if not _may_follow(s, entry):
            raise
        lost = error
    found = s.a
    e.b.rewind(depth, mark)
    s.a = replace(type(found)(), follows=True)
    e.state = entry
    try:
        action()
    except UnsupportedError:
        if lost is not None:
            raise lost from None
        e.b.rewind(depth, mark)
        s.a = found
        e.state = entry
        action()


def _may_follow(s: Slots, entry: State) -> bool:
    """Say whether there is a name that means an array, list or object before the loop and may mean another later."""
    return any(isinstance(entry.frames[s.e.frame].get(n), Ref) for n in s.names)


def is_known(s: Fit, h: Ref, v: Ref) -> bool:
    """Say whether a name means at the end of an iteration another object or place that was there before the loop."""
    if not isinstance(s.s, (tree.For, tree.While)):
        return False
    found = [leaf for leaf in forks.leaves(forks.tree_of(s.e.state, v)) if leaf.obj is not h.obj]
    return bool(found) and all(leaf.obj in s.entry.heap for leaf in found)


def _is_missed(s: Slots, entry: State) -> bool:
    """Say whether a name that the loop does not bind means what is unknown after it."""
    if not s.a.unknown:
        return False
    found: dict[Obj, None] = {}
    for frame, names in entry.frames.items():
        for name, v in names.items():
            if frame != s.e.frame or name not in s.names:
                reach(entry, v, found)
    return not s.a.unknown.keys().isdisjoint(found)


def seed(s: Slots, path: Path, v: Any) -> None:
    """Assume that a slot means in all iterations what it means at first."""
    if not isinstance(v, Ref) or path in s.a.meant or path in s.a.changing or isinstance(s.e.state.heap[v.obj], Poison):
        return
    found = _with_all(s, (), v)
    if found is None:
        s.a.changing[path] = None
    else:
        s.a.meant[path] = found


def enter(s: Slots, path: Path, v: Ref, name: str | None) -> Ref:
    """Enter an iteration with a reference that is one of those that are assumed."""
    meant = s.a.meant[path]
    means = forks.tree_of(s.e.state, v)
    refs: list[Ref] = []
    for k, template in enumerate(meant):
        holes = [
            s.param(
                (*path, "hole", k, n), forks.fold(s.e, means, partial(_hole, meant, k, n, Const(0, Int())), None), None
            )
            for n in range(len(template.holes))
        ]
        refs.append(replace(template, holes=tuple(holes)))
    conds = [
        s.param((*path, "tag", k), forks.fold(s.e, means, partial(_is_kind, meant, k), None), None)
        for k in range(len(meant) - 1)
    ]
    return _reference(s, path, conds, refs, name)


def _reference(s: Slots, path: Path, conds: list[Any], refs: list[Ref], name: str | None) -> Ref:
    if len(refs) == 1:
        return refs[0]
    means: forks.Tree = refs[-1]
    for cond, ref in zip(conds[::-1], refs[-2::-1]):
        means = Fork(cond, ref, means)
    obj = s.objects.get(path) or Obj(name, traits=refs[0].obj.traits)
    s.objects[path] = obj
    s.e.state.which[obj] = means
    s.e.state.heap[obj] = UNDEF
    s.undecided[obj] = name
    return Ref(obj)


def settle(s: Slots) -> None:
    """Say what the objects hold that are one of several."""
    state = s.e.state
    for obj, name in s.undecided.items():
        means = state.which[obj]
        for base in forks.bases(means):
            state.link_like(obj, base)
        state.heap[obj] = forks.fold(s.e, means, partial(forks.read, s.e), name)


def match(s: Fit, path: Path, v: Any) -> bool:
    """Fit what a slot means at the end of an iteration; return whether the assumption was changed."""
    meant = s.a.meant[path]
    found = _with_all(s, meant, v) if isinstance(v, Ref) else None
    if found is None:
        del s.a.meant[path]
        s.a.changing[path] = None
        return True
    if found != meant:
        s.a.meant[path] = found
        return True
    means = forks.tree_of(s.e.state, v)
    for p, leaf in s.leaves.items():
        if p[: len(path)] != path or len(p) == len(path):
            continue
        kind, k, *n = p[len(path) :]
        at = partial(_is_kind, meant, k) if kind == "tag" else partial(_hole, meant, k, n[0], leaf.param)
        leaf.next = forks.fold(s.e, means, at, None)
    return False


def rebuild(s: Slots, path: Path, name: str | None) -> Ref:
    """Return, after the loop, what a slot means."""
    meant = s.a.meant[path]
    refs = [
        replace(t, holes=tuple(_out(s, (*path, "hole", k, n)) for n in range(len(t.holes))))
        for k, t in enumerate(meant)
    ]
    return _reference(s, path, [_out(s, (*path, "tag", k)) for k in range(len(meant) - 1)], refs, name)


def _out(s: Slots, path: Path) -> Operand:
    out = s.leaves[path].out
    assert out is not None
    return out


def _with_all(s: Slots, meant: tuple[Ref, ...], v: Ref) -> tuple[Ref, ...] | None:
    """Return the references that are assumed, and those that this one may be; None if they can't be carried."""
    for leaf in forks.leaves(forks.tree_of(s.e.state, v)):
        if leaf.obj not in s.entry.heap or isinstance(rows.fresh(s.e, leaf), Poison):
            return None
        if _kind(meant, leaf) is not None:
            continue
        for k, template in enumerate(meant):
            wider = _wider(s, template, leaf)
            if wider is not None:
                meant = (*meant[:k], wider, *meant[k + 1 :])
                break
        else:
            meant = (*meant, replace(leaf, holes=(Const(0, Int()),) * len(leaf.holes)))
    if len(meant) > MOST or len({ref.obj.traits for ref in meant}) > 1:
        return None
    return meant


def _wider(s: Slots, one: Ref, two: Ref) -> Ref | None:
    if one.obj is not two.obj or one.stamp != two.stamp or one.type != two.type or len(one.place) != len(two.place):
        return None
    found = forks.unify(one, two)
    return None if found is None else replace(one, place=found[0], holes=(Const(0, Int()),) * len(found[1]))


def _kind(meant: tuple[Ref, ...], leaf: Ref) -> int | None:
    """Return which of the assumed references this is."""
    for k, t in enumerate(meant):
        if (t.obj, t.stamp, t.type) == (leaf.obj, leaf.stamp, leaf.type) and _holes(t, leaf) is not None:
            return k
    return None


def _holes(template: Ref, leaf: Ref) -> list[Operand] | None:
    """Return the operands for the holes of a template that make it this reference."""
    if len(template.place) != len(leaf.place):
        return None
    found = forks.unify(template, leaf)
    return [b for _, b in found[1]] if found is not None and found[0] == template.place else None


def _is_kind(meant: tuple[Ref, ...], k: int, leaf: Ref) -> Operand:
    return Const(_kind(meant, leaf) == k, Bool())


def _hole(meant: tuple[Ref, ...], k: int, n: int, other: Operand, leaf: Ref) -> Operand:
    if _kind(meant, leaf) != k:
        return other
    holes = _holes(meant[k], leaf)
    assert holes is not None
    return holes[n]
