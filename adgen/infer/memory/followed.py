"""Names that a loop gives other meanings: which object or place such a name means is carried, not what it holds.

That is tried where a write through such a name would make unknown what other names mean. Assumed is, by slot, which
references it may mean (`Assumption.meant`); the loop carries which of them it is, and their indices. They are of
objects that were there before the loop, or stand for what iterations make: `Assumption.own` has, by slot, the object
that stands for what an earlier iteration made and this slot meant. The first slot that means it stands for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.errors import AliasError, UnsupportedError
from adgen.frontend import tree
from adgen.infer.memory import forks, rows
from adgen.infer.values import UNBOUND, Fork, Obj, Poison, Ref, State, reach
from adgen.ir.nodes import UNDEF, Const, Operand, Var
from adgen.ir.types import Array, Bool, Dict, Int, List, Type, is_scalar
from adgen.rules.lengths import fresh_dim, is_nonunit
from adgen.rules.typing import join

if TYPE_CHECKING:
    from adgen.infer.control.fit import Fit
    from adgen.infer.control.slots import Path, Slots

MOST = 6  # references that a slot may mean


def run(s: Slots, entry: State, action: Callable[[], None]) -> None:
    """Run a loop; if it leaves unknown what names mean, once more with what they mean carried."""
    e = s.e
    depth, mark = e.b.depth, e.b.mark()
    lost: AliasError | None = None
    try:
        action()
        if not (s.rebinds or _is_missed(s, entry) or (e.plan.follows and _are_shared(s))) or not _may_follow(s, entry):
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
    return s.e.plan.follows or any(isinstance(entry.frames[s.e.frame].get(n), Ref) for n in s.names)


def _are_shared(s: Slots) -> bool:
    """Say whether what the loop gives names may have others, too."""
    return bool(s.a.links or s.a.outer_links or s.first) or any(
        isinstance(v, Ref) for n in s.names if (v := s.entry.frames[s.e.frame].get(n)) is not None
    )


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


# -- what enters an iteration ---------------------------------------------------------------------


def seed(s: Slots, path: Path, v: Any) -> None:
    """Assume that a slot means in all iterations what it means at first."""
    if not isinstance(v, Ref) or path in s.a.meant or path in s.a.changing or isinstance(s.e.state.heap[v.obj], Poison):
        return
    found = _with_all(s, path, (), v)
    if found is None:
        s.a.changing[path] = None
    else:
        s.a.meant[path] = found


def enter(s: Slots, path: Path, v: Any, name: str | None) -> Any:
    """Enter an iteration with a reference that is one of those that are assumed."""
    meant = s.a.meant[path]
    means = forks.tree_of(s.e.state, v) if isinstance(v, Ref) else None

    def param(path: Path, at: Callable[[Ref], Operand], other: Const) -> Any:
        return s.param(path, other if means is None else forks.fold(s.e, means, at, None), None)

    refs: list[Ref] = []
    for k, template in enumerate(meant):
        zero = Const(0, Int())
        holes = [param((*path, "hole", k, n), partial(_hole, s, meant, k, n, zero), zero) for n in _holes_of(template)]
        refs.append(replace(template, holes=tuple(holes)))
    conds = [
        param((*path, "tag", k), partial(_is_kind, s, meant, k), Const(False, Bool())) for k in range(len(meant) - 1)
    ]
    own = s.a.own.get(path)
    if own is not None:
        made = s.param((*path, "own"), UNDEF if means is None else s.e.value(v), name)
        s.e.state.heap[own] = made
        s.objects[*path, "own"] = own
        if means is None:
            s.e.maybe_unbound[made] = name or "?"
    if means is None and not s.is_exposed(path):
        return v  # no iteration reads what an earlier one left
    return _reference(s, path, conds, refs, name)


def _holes_of(template: Ref) -> range:
    return range(len(template.holes))


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


# -- what leaves it -------------------------------------------------------------------------------


def adopt(s: Slots, path: Path, v: Any) -> bool:
    """Assume that a slot without a value before the loop means what an iteration gives it; say whether it may."""
    if not isinstance(v, Ref) or path[0] != "name" or path in s.a.changing:
        return False
    found = _with_all(s, path, (), v)
    if found is None:
        s.a.changing[path] = None
        return False
    if path not in s.a.own and (s.is_exposed(path) or not s.sure):  # before it is bound
        found = (*found, _own(s, path, v))
    s.a.meant[path] = found
    return True


def match(s: Fit, path: Path, v: Any) -> bool:
    """Fit what a slot means at the end of an iteration; return whether the assumption was changed."""
    meant = s.a.meant[path]
    found = _with_all(s, path, meant, v) if isinstance(v, Ref) else None
    if found is None:
        return _give_up(s, path)
    if found != meant:
        s.a.meant[path] = found
        return True
    means = forks.tree_of(s.e.state, v)
    ends = _ends(s)
    own: tuple[Path, Any] | None = None
    for p, leaf in s.leaves.items():
        if p[: len(path)] != path or len(p) == len(path):
            continue
        kind, *rest = p[len(path) :]
        if kind == "own":
            own = p, leaf
        elif kind == "tag":
            leaf.next = forks.fold(s.e, means, partial(_becomes_kind, s, ends, meant, rest[0]), None)
        else:
            leaf.next = forks.fold(s.e, means, partial(_next_hole, s, meant, rest[0], rest[1], leaf.param), None)
    if own is None:
        return False
    at = partial(_made, s, ends, meant, own[1].param) if own[1].init is not UNDEF else partial(_held, s, own[1].param)
    widened = s.match_operand(*own, forks.fold(s.e, means, at, None))
    if own[0] in s.a.poisoned:
        del s.a.poisoned[own[0]]
        return _give_up(s, path)
    s.made_by.extend((own[0], leaf.obj) for leaf in forks.leaves(means) if not leaf.place and is_local(s, leaf))
    return widened


def _give_up(s: Slots, path: Path) -> bool:
    del s.a.meant[path]
    own = s.a.own.pop(path, None)
    s.a.changing[path] = None
    for q, meant in list(s.a.meant.items()):  # what was said to mean the same
        if any(ref.obj is own for ref in meant):
            _give_up(s, q)
    return True


def is_local(s: Slots, leaf: Ref) -> bool:
    """Say whether a reference is to what an iteration made."""
    return leaf.obj not in s.entry.heap


def _ends(s: Slots) -> dict[Path, forks.Tree]:
    """Return what each slot means at the end of the iteration."""
    env, found = s.e.state.frames[s.e.frame], {}
    for path in s.a.meant:
        v = env.get(path[1]) if path[0] == "name" and len(path) == 2 else None
        if isinstance(v, Ref):
            found[path] = forks.tree_of(s.e.state, v)
    return found


def _is_there(s: Slots, means: forks.Tree, obj: Obj) -> Operand:
    """Return whether a slot means an object, as a whole."""
    found: Operand = forks.fold(s.e, means, lambda leaf: Const(leaf.obj is obj and not leaf.place, Bool()), None)
    return found


def _becomes_kind(s: Slots, ends: dict[Path, forks.Tree], meant: tuple[Ref, ...], k: int, leaf: Ref) -> Operand:
    """Return whether a reference is the k-th of those that are assumed, seen from the next iteration."""
    if not is_local(s, leaf):
        return _is_kind(s, meant, k, leaf)
    path = _slot_of(s, meant[k].obj)
    if path is None or path not in ends or not _fits(meant[k], leaf):
        return Const(False, Bool())
    return _stands_for(s, ends, path, leaf.obj)


def _stands_for(s: Slots, ends: dict[Path, forks.Tree], path: Path, obj: Obj) -> Operand:
    """Return whether the object of its own of a slot stands for what an iteration made: it is the first that may."""
    b = s.e.b
    there = _is_there(s, ends[path], obj)
    for p in s.a.meant:
        if p == path:
            return there
        if p not in ends or p not in s.a.own:
            continue
        before = _is_there(s, ends[p], obj)
        if isinstance(before, Const):
            if before.value:
                return Const(False, Bool())
        elif not isinstance(there, Const):
            there = b.call("bitand", there, b.call("not_", before))
        elif there.value:
            there = b.call("not_", before)
    return there


def _next_hole(s: Slots, meant: tuple[Ref, ...], k: int, n: int, other: Operand, leaf: Ref) -> Operand:
    if not is_local(s, leaf):
        return _hole(s, meant, k, n, other, leaf)
    holes = _holes(meant[k], replace(leaf, obj=meant[k].obj)) if _fits(meant[k], leaf) else None
    return other if holes is None else holes[n]


def _made(s: Slots, ends: dict[Path, forks.Tree], meant: tuple[Ref, ...], other: Operand, leaf: Ref) -> Operand:
    """Return what the object holds that stands for what a slot alone means at the end of an iteration."""
    if not is_local(s, leaf) or leaf.place or s.e.state.heap[leaf.obj] is UNBOUND:
        return other
    from adgen.infer.control.joins import Join

    held = s.e.value(leaf)
    for k in range(len(meant) - 1):
        there = _becomes_kind(s, ends, meant, k, leaf)
        if isinstance(there, Const):
            if there.value:
                return other
            continue
        held = Join.of_contents(s.e, there, lambda: other, partial(_same, held), None)
    return held


def _held(s: Slots, other: Var, leaf: Ref) -> Operand:
    """Return what a slot holds at the end, which no iteration had bound before: nothing else is defined."""
    if s.e.state.heap[leaf.obj] is UNBOUND:
        return other
    held = s.e.value(leaf)
    return held if _are_alike(held.type, other.type) else other


def _same(v: Operand) -> Operand:
    return v


def _slot_of(s: Slots, own: Obj) -> Path | None:
    return next((p for p, o in s.a.own.items() if o is own), None)


def _fits(template: Ref, leaf: Ref) -> bool:
    return (template.stamp, len(template.place)) == (leaf.stamp, len(leaf.place)) and _holes(
        template, replace(leaf, obj=template.obj)
    ) is not None


def rebuild(s: Slots, path: Path, name: str | None) -> Ref:
    """Return, after the loop, what a slot means."""
    meant = s.a.meant[path]
    own = s.a.own.get(path)
    if own is not None:
        s.e.state.heap[own] = _out(s, (*path, "own"))
    refs = [
        replace(t, holes=tuple(_out(s, (*path, "hole", k, n)) for n in _holes_of(t)), type=_outer(s, t.type))
        for k, t in enumerate(meant)
    ]
    return _reference(s, path, [_out(s, (*path, "tag", k)) for k in range(len(meant) - 1)], refs, name)


def _outer(s: Slots, t: Type | None) -> Type | None:
    return None if t is None else s.outer_type(t)


def _out(s: Slots, path: Path) -> Operand:
    out = s.leaves[path].out
    assert out is not None
    return out


# -- what is assumed ------------------------------------------------------------------------------


def _with_all(s: Slots, path: Path, meant: tuple[Ref, ...], v: Ref) -> tuple[Ref, ...] | None:
    """Return the references that are assumed, and those that this one may be; None if they can't be carried."""
    own = s.a.own.get(path)
    last: tuple[Ref, ...] = ()
    if own is not None and meant:
        meant, last = meant[:-1], meant[-1:]
    for leaf in forks.leaves(forks.tree_of(s.e.state, v)):
        if isinstance(rows.fresh(s.e, leaf), Poison):
            return None
        if not is_local(s, leaf):
            meant = _with(s, meant, leaf)
            continue
        if s.e.state.heap[leaf.obj] is UNBOUND:
            last = last or (_own(s, path, v),)
            continue
        held = [p for p, means in _ends(s).items() if _may_be(means, leaf.obj)]
        if leaf.place:
            found = [p for p in held if p != path and p in s.a.own]
            if not found:
                return None
            for p in found:
                meant = _with(s, meant, replace(leaf, obj=s.a.own[p]))
            continue
        order = list(s.a.meant)
        known = False
        for p in held:
            if p in s.a.own and p != path and (path not in order or order.index(p) < order.index(path)):
                meant = _with(s, meant, replace(leaf, obj=s.a.own[p]))
                known |= isinstance(_ends(s)[p], Ref)
        if not last and not known:
            if path[0] != "name" or len(path) > 2 or not _is_one_value(s, leaf):
                return None
            last = (_own(s, path, leaf),)
    meant = (*meant, *last)
    if len(meant) > MOST or len({ref.obj.traits for ref in meant}) > 1:
        return None
    return meant


def _with(s: Slots, meant: tuple[Ref, ...], leaf: Ref) -> tuple[Ref, ...]:
    if _kind(s, meant, leaf) is not None:
        return meant
    for k, template in enumerate(meant):
        wider = _wider(s, template, leaf)
        if wider is not None:
            return (*meant[:k], wider, *meant[k + 1 :])
    return (*meant, replace(leaf, holes=(Const(0, Int()),) * len(leaf.holes)))


def _may_be(means: forks.Tree, obj: Obj) -> bool:
    return any(leaf.obj is obj and not leaf.place for leaf in forks.leaves(means))


def _is_one_value(s: Slots, leaf: Ref) -> bool:
    """Say whether what an object holds is a value, of which nothing else is a part."""
    c = s.e.state.heap[leaf.obj]
    if not isinstance(c, (Var, Const)):
        return False
    return isinstance(c.type, Array) or (isinstance(c.type, (List, Dict)) and is_scalar(c.type.elem))


def _own(s: Slots, path: Path, v: Ref) -> Ref:
    """Let a slot have an object of its own, for what an iteration makes."""
    own = s.a.own[path] = Obj(path[1], traits=v.obj.traits)
    t = v.type or s.e.value(v).type
    entered = s.entry.frames[s.e.frame].get(path[1])
    if isinstance(entered, Ref):  # of what has its type, and is read by nobody
        t = join(s.e.value(entered).type, t) or t
    s.a.types.setdefault((*path, "own"), s.outer_type(t))
    return Ref(own)


def _wider(s: Slots, one: Ref, two: Ref) -> Ref | None:
    if one.obj is not two.obj or one.stamp != two.stamp or len(one.place) != len(two.place):
        return None
    found = forks.unify(one, two) if _are_alike(one.type, two.type) else None
    if found is None:
        return None
    return replace(one, place=found[0], holes=(Const(0, Int()),) * len(found[1]), type=_widened(s, one.type, two.type))


def _are_alike(one: Type | None, two: Type | None) -> bool:
    """Say whether two places are of one type, but for their lengths."""
    if isinstance(one, Array) and isinstance(two, Array):
        return one.dtype == two.dtype and one.ndim == two.ndim
    return one == two


def _widened(s: Slots, one: Type | None, two: Type | None) -> Type | None:
    """Return a type in which the lengths vary that differ."""
    if not isinstance(one, Array) or not isinstance(two, Array):
        return one
    dims: list[Any] = []
    for a, b in zip(one.dims, two.dims):
        if not s.covers(a, b):
            a = fresh_dim(is_nonunit(a) and is_nonunit(b))
            s.a.general[a.symbol] = None
        dims.append(a)
    return replace(one, dims=tuple(dims))


def _kind(s: Slots, meant: tuple[Ref, ...], leaf: Ref) -> int | None:
    """Return which of the assumed references this is."""
    for k, t in enumerate(meant):
        if t.obj is leaf.obj and t.stamp == leaf.stamp and _are_alike(t.type, leaf.type):
            covered = not isinstance(t.type, Array) or all(map(s.covers, t.type.dims, _dims(leaf)))
            if covered and _holes(t, leaf) is not None:
                return k
    return None


def _dims(leaf: Ref) -> tuple[Any, ...]:
    return leaf.type.dims if isinstance(leaf.type, Array) else ()


def _holes(template: Ref, leaf: Ref) -> list[Operand] | None:
    """Return the operands for the holes of a template that make it this reference."""
    if len(template.place) != len(leaf.place):
        return None
    found = forks.unify(template, leaf)
    return [b for _, b in found[1]] if found is not None and found[0] == template.place else None


def _is_kind(s: Slots, meant: tuple[Ref, ...], k: int, leaf: Ref) -> Operand:
    return Const(_kind(s, meant, leaf) == k, Bool())


def _hole(s: Slots, meant: tuple[Ref, ...], k: int, n: int, other: Operand, leaf: Ref) -> Operand:
    if _kind(s, meant, leaf) != k:
        return other
    holes = _holes(meant[k], leaf)
    assert holes is not None
    return holes[n]
