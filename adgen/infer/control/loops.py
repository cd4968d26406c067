"""Loops: which are written out, statement for statement, and which stay loops (`iteration.py`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.control import branches, held_items, iterables, iteration
from adgen.infer.control.bodies import assigned_names, exposed_names
from adgen.infer.control.fit import NeedsPeel
from adgen.infer.expressions import items, operations
from adgen.infer.iterators import generators, iterators, lazy
from adgen.infer.values import WALKED, EnumV, Map, NeedsUnroll, Once, RangeV, Ref, Seq, ZipV
from adgen.ir.nodes import Const, Var
from adgen.ir.types import List

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

MAX_UNROLL = 64
MAX_SHORT = 16  # what is written out in case that helps
MAX_PEELED = 3


def run_for(e: Engine, s: tree.For) -> None:
    walked = e.get(s.iter)
    _run_settled(e, s, iterators.settle(e, walked))
    iterators.check_held(e, iterators.held_by(walked))


def _run_settled(e: Engine, s: tree.For, it: Any) -> None:
    if s.cut and (iterators.is_stepped(e, it) or iterators.has_generator(e, it)):
        it = iterators.force_apart(e, it)
    if iterators.is_stepped(e, it):
        iterators.run_loop(e, s, it)
        return
    early, entry = len(e.generators.listed), e.state.heap if isinstance(it, ZipV) else {}
    g = iterators.as_generator(e, it) or iterators.beside(e, it)
    if g is None:
        run_over(e, s, it)
        return
    entry = dict(entry)
    generators.run_loop(e, s, g)
    for listed in e.generators.listed[early:]:
        generators.check_apart(e, listed, entry, assigned_names(s))
    del e.generators.listed[early:]


def run_over(e: Engine, s: tree.For, it: Any, stepped: Once | None = None) -> None:
    """Run a loop over a sequence whose items are known by their place; `stepped` is the iterator that it moves."""
    if stepped is None and _is_list(e, it.inner if isinstance(it, EnumV) else it):
        _run_over_list(e, s, it)
    else:
        _run_unchanged(e, s, it, stepped)
    if stepped is not None and s.stop is None and not e.state.dead:
        iterators.move(e, stepped, e.b.const(WALKED))


def _is_list(e: Engine, it: Any) -> bool:
    if not isinstance(it, Ref) or it.place or it.obj.traits is not None:
        return False
    c = e.content(it.obj)
    return isinstance(c, Seq) or (isinstance(c, Var) and isinstance(c.type, List))


def _run_unchanged(e: Engine, s: tree.For, it: Any, stepped: Once | None = None) -> None:
    walked = [(o, e.resized.get(o, 0)) for o in iterables.lists_of(e, it)]
    _run_for(e, s, it, stepped)
    if any(e.resized.get(o, 0) != n for o, n in walked):
        refuse_resizing(s)


def _run_over_list(e: Engine, s: tree.For, it: Ref | EnumV) -> None:
    """Run a loop over a list; where the body makes it longer or shorter, each item is looked for when it is due."""
    state = e.state.copy()
    depth, mark = e.b.depth, e.b.mark()
    try:
        _run_unchanged(e, s, it)
    except Resized:
        e.state = state
        e.b.rewind(depth, mark)
        e.come_from(s.origin)
        grown = iterators.made_by(e, lazy.growing, it.inner if isinstance(it, EnumV) else it)
        g = iterators.as_generator(e, replace(it, inner=grown) if isinstance(it, EnumV) else grown)
        assert g is not None
        generators.run_loop(e, s, g)


class Resized(UnsupportedError):
    """The body of a loop over a list or dict makes it longer or shorter."""


def run_stepwise(e: Engine, s: tree.For, it: Any) -> None:
    """Run a loop that takes each next value when it comes to it: `while True: value = next(it) …`."""
    e.next_frame += 1
    stop, manager = s.stop or f"%stop{e.next_frame}", f"%walk{e.next_frame}"
    e.set(manager, iterators.around(e, it, s, stop))
    body: list[tree.Stmt] = [tree.With(manager, s.target, s.body, s.origin)]
    runner = iteration.Runner(e, tree.While([], tree.Lit(True), body, [], stop, s.origin), None)
    bound = tree.Assign(s.target, "copy", (tree.Lit(None),), origin=s.origin)
    perhaps: list[tree.Stmt] = [tree.If(tree.Lit(True), [bound, *s.body], [], s.origin)]
    runner.exposed = exposed_names(tree.While([], tree.Lit(True), perhaps, [], stop, s.origin))
    runner.run()


def refuse_resizing(s: tree.For) -> None:
    raise Resized(
        what="a loop over a list or dict that its body makes longer or shorter",
        why="which items it meets depends on the order of all this",
        instead="loop over a copy, or collect the changes and make them after the loop",
        origin=s.origin,
    )


def _run_for(e: Engine, s: tree.For, it: Any, stepped: Once | None) -> None:
    state, depth, mark = e.state, e.b.depth, e.b.mark()
    known = [(o, c) for o in iterables.lists_of(e, it) if isinstance(c := state.heap.get(o), (Seq, Map))]
    if known:
        state = state.copy()
    plan = iterables.plan(e, it)
    if isinstance(plan, list):
        if len(plan) > MAX_UNROLL:
            raise UnsupportedError(
                what=f"a loop over {len(plan)} items of different kinds",
                why=f"it would be unrolled, and the limit is {MAX_UNROLL}",
                instead="loop over a range, an array or a list of one type",
                origin=e.origin,
            )
        _unroll(e, s, len(plan), partial(_item_now, e, s, it, len(plan)), 0, stepped)
        return
    plan.stepped = stepped
    held = iterables.objects_of(e, it) if stepped is None and not e.keeps_loops else {}
    if not held:
        _count(e, s, plan)
    elif held_items.run_apart(e, s, it, plan, held, partial(_count, e, s, plan), _unroll):
        return
    if any(e.state.heap.get(o) is not c for o, c in known) and not e.state.dead:
        e.state = state  # its items were those of a copy
        e.b.rewind(depth, mark)
        e.come_from(s.origin)
        for o, c in known:
            if isinstance(c, Map):
                raise UnsupportedError(
                    what="a loop over a dict and something of unknown length that writes the dict",
                    why="its items are taken all at once where Python takes them one by one",
                    instead="loop over a copy of the dict, or collect the changes and make them after the loop",
                    origin=s.origin,
                )
            elem = items.element_type(e, c, c)
            assert elem is not None
            e.state.heap[o] = e.list_operand(c, elem)
            e.state.link_items(o, c)
        plan = iterables.plan(e, it)
        assert not isinstance(plan, list)
        plan.stepped = stepped
        _count(e, s, plan)


def _count(e: Engine, s: tree.For, plan: iterables.Plan, peeled: int = 0) -> None:
    """Run a counted loop, the first `peeled` iterations of which have run."""
    if e.plan.unrolls or e.plan.unrolled:
        trips = plan.constant_trips() or 0
        if _is_written_out(e, s, trips):
            e.copies *= trips
            _unroll_counted(e, s, plan)
            e.copies //= trips
            return
    state = e.state.copy()
    depth, mark = e.b.depth, e.b.mark()
    try:
        iteration.Runner(e, s, plan, peeled < MAX_PEELED).run()
    except NeedsPeel as needed:
        e.state = state
        e.b.rewind(depth, mark)
        _peel(e, s, plan, str(needed), peeled)
    except NeedsUnroll:
        count = plan.constant_trips()
        bounds = [e.param_of[b] for b in (plan.start, plan.stop, plan.step) if isinstance(b, Var) and b in e.param_of]
        if bounds:
            from adgen.api.request import NeedsValue

            raise NeedsValue(tuple(bounds)) from None
        e.state = state
        e.b.rewind(depth, mark)
        if count is None or count > MAX_UNROLL:
            if e.keeps_loops:
                raise
            e.come_from(s.origin)
            _keep(e, s, plan, peeled)
            return
        _unroll_counted(e, s, plan)
    except UnsupportedError as error:
        count = plan.constant_trips()
        if peeled or count is None or count > MAX_UNROLL or e.keeps_loops:
            raise
        e.state = state
        e.b.rewind(depth, mark)
        try:  # what no loop of one type can hold may be written out
            _unroll_counted(e, s, plan)
        except UnsupportedError:
            raise error from None


def _is_written_out(e: Engine, s: tree.For, trips: int) -> bool:
    if not (e.plan.unrolls or s.origin in e.plan.unrolled) or e.keeps_loops or not trips:
        return False
    return trips <= (MAX_UNROLL if s.origin in e.plan.unrolled else MAX_SHORT) and e.copies * trips <= MAX_UNROLL


def _unroll_counted(e: Engine, s: tree.For, plan: iterables.Plan) -> None:
    values = plan.constant_values() or range(0)
    _unroll(e, s, len(values), lambda k: plan.element(e, e.b.const(values[k])), 0, plan.stepped)


def _item_now(e: Engine, s: tree.For, it: Any, count: int, k: int) -> Any:
    """Return the k-th of the known items, as it is by now."""
    found = iterables.known_items(e, it)
    if found is None or len(found) != count:
        refuse_resizing(s)
    assert found is not None
    return found[k]


def _keep(e: Engine, s: tree.For, plan: iterables.Plan, peeled: int) -> None:
    """Run a loop that can't be unrolled: the keys of dicts are only known at run time in it."""
    e.keeps_loops += 1
    try:
        _count(e, s, plan, peeled)
    finally:
        e.keeps_loops -= 1


def _peel(e: Engine, s: tree.For, plan: iterables.Plan, name: str, peeled: int) -> None:
    """Run the first iteration, after which a number is an array, and then the loop over the others."""
    count = plan.constant_trips()
    if count == 0:
        return
    e.come_from(s.origin)
    if count is None:
        trips = iterables.range_length(e, RangeV(plan.start, plan.stop, plan.step))
        branches.run_if(e, e.b.call("lt", trips, e.b.const(1)), partial(_refuse_none, e, name), lambda: None)
    e.set(s.target, plan.element(e, plan.start, s.target))
    e.run(s.body)
    if e.state.dead or count == 1:
        return

    def rest() -> None:
        e.come_from(s.origin)
        second = operations.binary(e, "+", plan.start, plan.step)
        _count(e, s, replace(plan, start=second), peeled + 1)

    branches.run_if(e, branches.truth(e, e.get(s.stop)) if s.stop is not None else e.b.const(False), lambda: None, rest)


def _refuse_none(e: Engine, name: str) -> None:
    message = f"'{name}' is an array after this loop, but a number if the loop has no iterations: adgen needs one"
    e.b.emit(e.row("raise_"), (e.opaque(ValueError, [e.b.const(message)]),))
    e.state.dead = True


def _unroll(e: Engine, s: tree.For, count: int, item: Callable[[int], Any], k: int, stepped: Once | None) -> None:
    """Run the body for each item from the k-th on; the items are those that are there by then."""
    begin = e.content(stepped.obj).value if stepped is not None else 0
    begin -= k if stepped is not None else 0
    while k < count:
        e.come_from(s.origin)
        value = item(k)
        e.marks.unrolled += 1
        if stepped is not None:
            iterators.move(e, stepped, e.b.const(begin + k + 1))
        try:
            e.assign(s.target, value)
            e.run(s.body)
        finally:
            e.marks.unrolled -= 1
        if e.state.dead:
            return
        k += 1
        if stepped is not None:
            at = e.content(stepped.obj)
            if not isinstance(at, Const):
                raise iterators.Stepped
            k = at.value - begin
        if s.stop is not None:
            stop = branches.truth(e, e.get(s.stop))
            if isinstance(stop, Const):
                if stop.value:
                    return
            else:
                branches.run_if(e, stop, lambda: None, partial(_unroll, e, s, count, item, k, stepped))
                return


def run_while(e: Engine, s: tree.While) -> None:
    if any(isinstance(t, tree.Assign) and not t.target.startswith("%") for t in s.before):
        s = _test_inside(s)
    state = e.state.copy()
    depth, mark = e.b.depth, e.b.mark()
    try:
        if s.origin in e.plan.unrolled:
            _write_out(e, s, 0)
            return
        try:
            iteration.Runner(e, s, None).run()
        except iteration.WritingTest:
            e.state = state.copy()
            e.b.rewind(depth, mark)
            iteration.Runner(e, _test_inside(s), None).run()
    except UnsupportedError as error:
        if e.keeps_loops or isinstance(s.test, tree.Lit):
            raise
        if s.origin in e.plan.unrolled:
            raise
        e.state = state
        e.b.rewind(depth, mark)
        try:
            _write_out(e, s, 0)
        except UnsupportedError:
            raise error from None


def _write_out(e: Engine, s: tree.While, k: int) -> None:
    """Write out a loop whose condition is known each time: it follows references, or empties a list."""
    while True:
        e.come_from(s.origin)
        e.run(s.before)
        test = branches.truth(e, e.get(s.test))
        if not isinstance(test, Const) or (k == MAX_UNROLL and test.value):
            raise NeedsUnroll(s.origin)
        if not test.value:
            return
        e.marks.unrolled += 1
        try:
            e.run(s.body)
        finally:
            e.marks.unrolled -= 1
        if e.state.dead:
            return
        k += 1
        if s.stop is not None:
            stop = branches.truth(e, e.get(s.stop))
            if not isinstance(stop, Const):
                branches.run_if(e, stop, lambda: None, partial(_write_out, e, s, k))
                return
            if stop.value:
                return


def _test_inside(s: tree.While) -> tree.While:
    """Move a condition that binds names into the body: `while True: …; if not test: break`."""
    stop = s.stop or "%stop"
    go_on = [tree.Assign(stop, "copy", (tree.Lit(False),), origin=s.origin), *s.body]
    leave: list[tree.Stmt] = [tree.Assign(stop, "copy", (tree.Lit(True),), origin=s.origin)]
    return tree.While([], tree.Lit(True), [*s.before, tree.If(s.test, go_on, leave, s.origin)], [], stop, s.origin)
