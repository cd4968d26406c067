"""References of which a condition decides what they mean.

Two places of one array or list that differ in an index are a place whose index was decided. Else the reference is to
an object of its own, of which `State.which` knows what it is under which condition: a `Fork`, whose branches are
references or forks themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.infer.memory import rows
from adgen.infer.values import UNBOUND, Fork, Map, Obj, Poison, Ref, Seq, State, reach
from adgen.ir.build import shift
from adgen.ir.nodes import Const, Hole, Index, Operand, Place, Slice
from adgen.ir.types import Array, Bool, Int, Opaque, Undef
from adgen.rules.typing import join

if TYPE_CHECKING:
    from adgen.infer.control.joins import Join
    from adgen.infer.engine import Engine

Tree = Ref | Fork
Plan = Callable[[list[Operand]], Any]


def tree_of(state: State, ref: Ref) -> Tree:
    """Return what a reference means, as far as conditions decide it."""
    tree = state.which.get(ref.obj)
    return ref if tree is None else _extend(tree, ref)


def _extend(tree: Tree, ref: Ref) -> Tree:
    """Return the same place in what each branch means."""
    if isinstance(tree, Fork):
        return Fork(tree.cond, _extend(tree.one, ref), _extend(tree.two, ref))
    if not ref.place:
        return tree
    place = (*tree.place, *(shift(step, len(tree.holes)) for step in ref.place))
    return Ref(tree.obj, place, (*tree.holes, *ref.holes), ref.type, tree.stamp or ref.stamp)


def leaves(tree: Tree) -> Iterator[Ref]:
    if isinstance(tree, Fork):
        yield from leaves(tree.one)
        yield from leaves(tree.two)
    else:
        yield tree


def bases(tree: Tree | None) -> tuple[Obj, ...]:
    """Return the objects that a reference may mean, or may mean a place of."""
    return () if tree is None else tuple(dict.fromkeys(leaf.obj for leaf in leaves(tree)))


def fold(e: Engine, tree: Tree, at: Callable[[Ref], Any], name: str | None) -> Any:
    """Return the content that the conditions of a fork decide on: that which `at` gives of its reference."""
    if not isinstance(tree, Fork):
        return at(tree)
    if _is_same(at, tree):
        return at(next(leaves(tree)))
    from adgen.infer.control.joins import Join

    return Join.of_contents(
        e, tree.cond, lambda: fold(e, tree.one, at, name), lambda: fold(e, tree.two, at, name), name
    )


def _is_same(at: Any, tree: Tree) -> bool:
    unchanged = getattr(at, "leaves", None)
    return unchanged is not None and all(map(unchanged, leaves(tree)))


def read(e: Engine, ref: Ref) -> Any:
    """Return the content of what a reference means, as it is now."""
    c = e.state.heap[ref.obj]
    if isinstance(c, Poison) or c is UNBOUND or not ref.place:
        return c
    lost = rows.fresh(e, ref)
    return lost if isinstance(lost, Poison) else e.value(ref)


class Written:
    """What an object holds once something is written to what is it, or a place of it."""

    def __init__(self, e: Engine, base: Obj, content: Any) -> None:
        self.e = e
        self.base = base
        self.content = content

    def leaves(self, ref: Ref) -> bool:
        return ref.obj is not self.base

    def __call__(self, ref: Ref) -> Any:
        e = self.e
        held = e.state.heap[self.base]
        if self.leaves(ref) or isinstance(held, Poison) or held is UNBOUND:
            return held
        if not ref.place:
            return self.content
        lost = rows.fresh(e, ref)
        if isinstance(lost, Poison):
            return lost
        return e.b.update(held, e.value(e.new(self.content)), ref.place, ref.holes, "set", **e.hint(self.base.name))


# -- where branches meet --------------------------------------------------------------------------


def join_places(j: Join, one: Ref, two: Ref) -> Plan | None:
    """Join two places of one object that differ in nothing but indices."""
    if one.obj is not two.obj or one.stamp != two.stamp or len(one.place) != len(two.place):
        return None
    t = one.type if one.type == two.type else None
    if t is None and isinstance(one.type, Array) and isinstance(two.type, Array) and one.type.dtype == two.type.dtype:
        t = join(one.type, two.type)
    found = unify(one, two)
    if t is None or found is None:
        return None
    place, pairs = found
    plans = [j.slot(x, y, None) for x, y in pairs]
    if None in plans:
        return None
    return lambda outs: Ref(one.obj, place, tuple([p(outs) for p in plans if p is not None]), t, one.stamp)


def unify(one: Ref, two: Ref) -> tuple[Place, list[tuple[Operand, Operand]]] | None:
    """Return the place that two places are, with operands for its holes from both; None if there is none."""
    pairs: list[tuple[Operand, Operand]] = []

    def operand(ref: Ref, v: Any) -> Operand:
        return ref.holes[v.arg] if isinstance(v, Hole) else Const(v, Int())

    def meet(a: Any, b: Any, fixed: bool = False) -> Any:
        if isinstance(a, Slice) and isinstance(b, Slice):
            parts = zip((a.start, a.stop, a.step), (b.start, b.stop, b.step))
            return Slice(*[meet(x, y, fixed=True) for x, y in parts])
        if not isinstance(a, Hole) and not isinstance(b, Hole) and type(a) is type(b) and a == b:
            return a
        if not all(isinstance(v, Hole) or (type(v) is int and not fixed) for v in (a, b)):
            raise _Differ
        x, y = operand(one, a), operand(two, b)
        if not isinstance(x.type, Int) or not isinstance(y.type, Int):  # which may be an array of integers
            if x is not y:
                raise _Differ
        pairs.append((x, y))
        return Hole(len(pairs) - 1)

    place = []
    try:
        for s, t in zip(one.place, two.place):
            if isinstance(s, Index) and isinstance(t, Index) and len(s.items) == len(t.items):
                place.append(Index(tuple([meet(a, b) for a, b in zip(s.items, t.items)])))
            elif s == t and not isinstance(s, Index):
                place.append(s)  # type: ignore[arg-type]
            else:
                return None
    except _Differ:
        return None
    return tuple(place), pairs


class _Differ(Exception):
    """Two places are not of one form."""


def join_refs(j: Join, one: Ref, two: Ref, name: str | None) -> Plan:
    """Plan the reference that is one of two."""
    e = j.e
    ca, cb = j.sides[0].heap[one.obj], j.sides[1].heap[two.obj]
    if isinstance(ca, Poison) or isinstance(cb, Poison):
        p = ca if isinstance(ca, Poison) else cb
        return lambda outs: p
    if one.obj.traits != two.obj.traits:
        return j.clash(name)
    key = (one.obj, two.obj)
    if not one.place and not two.place and key in j.merged:
        m = j.merged[key]
        return lambda outs: Ref(m)
    place = join_places(j, one, two)
    if place is not None:
        return place
    obj = Obj(name, traits=one.obj.traits)
    if not one.place and not two.place:
        j.merged[key] = obj  # which may hold itself
    if isinstance(ca, (Seq, Map)) or isinstance(cb, (Seq, Map)):
        inner = j.join(ca, cb, name)
    else:
        x, y = j.emit_value(0, one), j.emit_value(1, two)
        slot = j.slot(x, y, name)
        if slot is None:
            j.merged.pop(key, None)
            p3 = Poison(
                f"'{name}' is {x.type} on one path and {y.type} on another",
                "arrays of different type or rank can't be joined",
                e.origin,
                False,
            )
            return lambda outs: p3
        inner = slot
    if not one.place and not two.place and {one.obj, two.obj} <= e.contiguous:
        e.contiguous.add(obj)
    near = (one.obj, two.obj, *(o for s in j.sides for r in (one, two) for o in s.links.get(r.obj, ())))
    if not (e.leaves and any(o.param for o in near)):  # what the caller passed is written itself
        _fork(j, one, two, obj)

    def build(outs: list[Operand]) -> Any:
        j.after.heap[obj] = inner(outs)
        for o in (one.obj, two.obj):
            j.after.link_like(obj, o)
        j.link_items(obj, (ca, cb))
        return Ref(obj)

    return build


def _fork(j: Join, one: Ref, two: Ref, obj: Obj) -> None:
    """Plan to say, behind a branch, what an object is that is one thing on either side."""
    if isinstance(j.cond.type, (Opaque, Undef)):
        return
    trees = [tree_of(side, ref) for side, ref in zip(j.sides, (one, two))]
    if not any(_is_shared(j, side, leaf.obj) for side, tree in enumerate(trees) for leaf in leaves(tree)):
        return
    made = [(k, t.obj) for k, t in enumerate(trees) if isinstance(t, Ref) and not t.place and _is_made(j, t.obj)]
    if len(made) == 2 and not any(m in j.outlives for m in made):
        j.outlives.update(dict.fromkeys(made, obj))
        return
    try:
        plans = [_export(j, side, tree, obj) for side, tree in enumerate(trees)]
    except _Differ:
        return

    def decide(outs: list[Operand]) -> None:
        cond = outs[0] if j.catch else j.cond
        pair = [prune(plan(outs), cond, side == 0) for side, plan in enumerate(plans)]
        j.after.which[obj] = pair[0] if pair[0] == pair[1] else Fork(cond, pair[0], pair[1])

    j.late.append(decide)


def take_out(j: Join, side: int, old: Ref, obj: Obj) -> None:
    """Plan to say, behind a branch, what an object is that is bound on one side only."""
    if isinstance(j.cond.type, (Opaque, Undef)):
        return
    tree = tree_of(j.sides[side], old)
    made = isinstance(tree, Ref) and not tree.place and _is_made(j, tree.obj)
    if made and j.bound.setdefault((side, old.obj), obj) is not obj:
        return
    if not made and not any(_is_shared(j, side, leaf.obj) for leaf in leaves(tree)):
        return
    try:
        plan = _export(j, side, tree, obj)
    except _Differ:
        return

    def decide(outs: list[Operand]) -> None:
        if made and (side, old.obj) not in j.outlives:  # no other name means it
            return
        cond = outs[0] if j.catch else j.cond
        found = prune(plan(outs), cond, side == 0)
        if not j.sides[1 - side].dead:
            none = Obj(obj.name)
            j.after.heap[none] = UNBOUND
            found = Fork(cond, Ref(none), found) if side else Fork(cond, found, Ref(none))
        j.after.which[obj] = found

    j.late.append(decide)


def prune(tree: Tree, cond: Operand, holds: bool) -> Tree:
    """Return what a reference means where a condition is known to hold, or not to."""
    if not isinstance(tree, Fork):
        return tree
    if tree.cond is cond:
        return prune(tree.one if holds else tree.two, cond, holds)
    one, two = prune(tree.one, cond, holds), prune(tree.two, cond, holds)
    return tree if one is tree.one and two is tree.two else Fork(tree.cond, one, two)


def know(state: State, cond: Operand, holds: bool) -> None:
    """Take note, in a branch, of what its condition decides."""
    for obj, tree in state.which.items():
        known = prune(tree, cond, holds)
        if known is tree:
            continue
        state.which[obj] = known
        left = bases(known)
        for other in bases(tree):  # which it is not
            if other not in left and not any(other in state.links.get(one, ()) for one in left):
                state.unlink(obj, other)


def _is_made(j: Join, obj: Obj) -> bool:
    """Say whether an object was made in the branch."""
    return obj not in j.before.heap


def _is_shared(j: Join, side: int, obj: Obj) -> bool:
    """Say whether a name other than the joined one may mean what one side ends with."""
    if j.held is None:
        j.held = (_count_holders(j.sides[0]), _count_holders(j.sides[1]))
    near = (o for s in j.sides for o in s.links.get(obj, ()) if o is not obj)
    return j.held[side][obj] > 1 or j.held[1 - side][obj] > 0 or any(held[o] for o in near for held in j.held)


def _count_holders(state: State) -> Counter[Obj]:
    """Count the names through which each object is reached."""
    held: Counter[Obj] = Counter()
    for names in state.frames.values():
        for v in names.values():
            found: dict[Obj, None] = {}
            reach(state, v, found)
            held.update(found.keys())
    return held


def _export(j: Join, side: int, tree: Tree, obj: Obj) -> Callable[[list[Operand]], Tree]:
    """Take what a fork is made of out of a branch."""
    if isinstance(tree, Fork):
        cond = _out(j, side, tree.cond)
        one, two = _export(j, side, tree.one, obj), _export(j, side, tree.two, obj)
        return lambda outs: Fork(cond(outs), one(outs), two(outs))
    holes = [_out(j, side, h) for h in tree.holes]
    if not _is_made(j, tree.obj):
        return lambda outs: replace(tree, holes=tuple([h(outs) for h in holes]))
    if not tree.place:
        return lambda outs: Ref(_outlive(j, side, tree.obj, lambda: j.after.heap[obj]))
    whole = _whole(j, side, tree.obj)
    return lambda outs: replace(
        tree, obj=_outlive(j, side, tree.obj, lambda: whole(outs)), holes=tuple([h(outs) for h in holes])
    )


def _whole(j: Join, side: int, made: Obj) -> Callable[[list[Operand]], Any]:
    """Take an object out of a branch of which a place alone may have a name behind it."""
    plan = j.bound_on(side, j.sides[side].heap[made], made.name, True)
    if plan is None:
        raise _Differ
    return plan


def _outlive(j: Join, side: int, made: Obj, content: Callable[[], Any]) -> Obj:
    """Return what stands, behind a branch, for an object that was made in it: only there its content is right."""
    found = j.outlives.get((side, made)) or j.bound.get((side, made))
    if found is None:
        found = Obj(made.name, traits=made.traits)
        j.after.heap[found] = content()
        j.after.link_like(found, made)
    j.outlives[side, made] = found
    return found


def _out(j: Join, side: int, v: Operand) -> Callable[[list[Operand]], Operand]:
    """Take an operand out of a branch; on the other side nobody asks for it."""
    if isinstance(v, Const):
        return lambda outs: v
    other = Const(False, Bool()) if isinstance(v.type, Bool) else Const(0, Int())
    plan = j.slot(v, other, None) if side == 0 else j.slot(other, v, None)
    if plan is None:
        raise _Differ
    return plan


# -- writes ---------------------------------------------------------------------------------------


def _bound(e: Engine, tree: Tree) -> Tree:
    """Return what a name means that was found to be bound."""
    if not isinstance(tree, Fork):
        return tree
    one, two = _bound(e, tree.one), _bound(e, tree.two)
    unbound = [isinstance(t, Ref) and e.state.heap[t.obj] is UNBOUND for t in (one, two)]
    return two if unbound[0] else one if unbound[1] else Fork(tree.cond, one, two)


def change(e: Engine, v: Any, action: Callable[[Any], Any]) -> Any:
    """Do what changes something to whichever object is meant, where conditions decide that."""
    if not isinstance(v, Ref) or v.obj not in e.state.which:
        return action(v)
    tree = _bound(e, tree_of(e.state, v))
    if not isinstance(tree, Fork):
        return action(tree)
    from adgen.infer.control.branches import run_if

    name = f"%changed{e.b.depth}"
    whole = _bound(e, e.state.which[v.obj])
    assert isinstance(whole, Fork)

    def enter(tree: Tree) -> Callable[[], None]:
        def side() -> None:
            e.state.which[v.obj] = tree
            e.set(name, change(e, v, action))

        return side

    run_if(e, tree.cond, enter(whole.one), enter(whole.two))
    return e.env.pop(name)
