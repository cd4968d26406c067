"""Loops: the body runs once under an assumption about what enters each iteration.

Carried are the names the body assigns and the objects that it writes. If what leaves the body does not fit
what was assumed to enter it (a wider type, another object, one more written array), the assumption is widened and
the body runs again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.frontend.resume import YIELDED
from adgen.infer import generators, iterables, iterators, operations, stepping
from adgen.infer.branches import run_if, truth
from adgen.infer.exposed import exposed_names
from adgen.infer.fit import Fit, NeedsPeel
from adgen.infer.slots import Path
from adgen.infer.values import UNBOUND, WALKED, Map, Obj, Once, PlaceV, RangeV, Ref, Seq, State, TupleV, ZipV
from adgen.ir.nodes import Block, Const, Loop, Operand, Origin, Range, Var
from adgen.ir.types import Int, Undef

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

MAX_TRIES = 24
MAX_UNROLL = 64
MAX_PEELED = 3


class NeedsUnroll(UnsupportedError):
    """A value in the body depends on the iteration at compile time: the loop must be unrolled, if there is one."""

    def __init__(self, origin: Origin | None) -> None:
        super().__init__(
            what="an index into items of different kinds that is known only at run time",
            why="the type of the item depends on it",
            instead="loop over the items themselves, or keep arrays of one dtype and rank in the list",
            origin=origin,
        )


class WritingTest(Exception):
    """The condition of a `while` writes an array, a list or an object: it must be part of the body."""


class Widen(Exception):
    """The assumption about a loop was too narrow."""


def run_for(e: Engine, s: tree.For) -> None:
    it = iterators.settle(e, e.get(s.iter))
    if s.cut and (iterators.is_stepped(e, it) or iterators.has_generator(e, it)):
        it = iterators.force_apart(e, it)
    if iterators.is_stepped(e, it):
        iterators.run_loop(e, s, it)
        return
    early, entry = len(e.generators.listed), e.state.heap if isinstance(it, ZipV) else {}
    g = iterators.as_generator(e, it)
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
    walked = [(o, e.resized.get(o, 0)) for o in iterables.lists_of(e, it)]
    _run_for(e, s, it, stepped)
    if any(e.resized.get(o, 0) != n for o, n in walked):
        refuse_resizing(e, s)
    if stepped is not None and s.stop is None and not e.state.dead:
        iterators.move(e, stepped, e.b.const(WALKED))


def run_stepwise(e: Engine, s: tree.For, it: Any) -> None:
    """Run a loop that takes each next value when it comes to it: `while True: value = next(it) …`."""
    e.next_frame += 1
    stop, manager = s.stop or f"%stop{e.next_frame}", f"%walk{e.next_frame}"
    e.set(manager, iterators.around(e, it, s, stop))
    body: list[tree.Stmt] = [tree.With(manager, s.target, s.body, s.origin)]
    runner = Runner(e, tree.While([], tree.Lit(True), body, [], stop, s.origin), None)
    bound = tree.Assign(s.target, "copy", (tree.Lit(None),), origin=s.origin)
    perhaps: list[tree.Stmt] = [tree.If(tree.Lit(True), [bound, *s.body], [], s.origin)]
    runner.exposed = exposed_names(tree.While([], tree.Lit(True), perhaps, [], stop, s.origin))
    runner.run()


def refuse_resizing(e: Engine, s: tree.For) -> None:
    raise UnsupportedError(
        what="a loop over a list or dict that its body makes longer or shorter",
        why="which items it meets depends on the order of all this",
        instead="loop over a copy, or collect the changes and make them after the loop",
        origin=s.origin,
    )


def _run_for(e: Engine, s: tree.For, it: Any, stepped: Once | None) -> None:
    plan = iterables.plan(e, it)
    if not isinstance(plan, list):
        plan.stepped = stepped
    if isinstance(plan, list):
        if len(plan) > MAX_UNROLL:
            raise UnsupportedError(
                what=f"a loop over {len(plan)} items of different kinds",
                why=f"it would be unrolled, and the limit is {MAX_UNROLL}",
                instead="loop over a range, an array or a list of one type",
                origin=e.origin,
            )
        _unroll(e, s, plan, 0, None if stepped is not None else it, stepped)
        return
    _count(e, s, plan)


def _count(e: Engine, s: tree.For, plan: iterables.Plan, peeled: int = 0) -> None:
    """Run a counted loop, the first `peeled` iterations of which have run."""
    state = e.state.copy()
    depth, mark = e.b.depth, e.b.mark()
    try:
        Runner(e, s, plan, peeled < MAX_PEELED).run()
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


def _unroll_counted(e: Engine, s: tree.For, plan: iterables.Plan) -> None:
    e.come_from(s.origin)
    _unroll(e, s, [plan.element(e, e.b.const(v)) for v in plan.constant_values() or ()], 0, None, plan.stepped)


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
        run_if(e, e.b.call("lt", trips, e.b.const(1)), partial(_refuse_none, e, name), lambda: None)
    e.set(s.target, plan.element(e, plan.start, s.target))
    e.run(s.body)
    if e.state.dead or count == 1:
        return

    def rest() -> None:
        e.come_from(s.origin)
        second = operations.binary(e, "+", plan.start, plan.step)
        _count(e, s, replace(plan, start=second), peeled + 1)

    run_if(e, truth(e, e.get(s.stop)) if s.stop is not None else e.b.const(False), lambda: None, rest)


def _refuse_none(e: Engine, name: str) -> None:
    message = f"'{name}' is an array after this loop, but a number if the loop has no iterations: adgen needs one"
    e.b.emit(e.row("raise_"), (e.opaque(ValueError, [e.b.const(message)]),))
    e.state.dead = True


def _unroll(e: Engine, s: tree.For, items: Sequence[Any], k: int, it: Any, stepped: Once | None = None) -> None:
    """Run the body for each item from the k-th on; the items are those that are there by then."""
    begin = e.content(stepped.obj).value if stepped is not None else 0
    begin -= k if stepped is not None else 0
    while k < len(items):
        e.come_from(s.origin)
        now = iterables.known_items(e, it) if it is not None else items
        if now is None or len(now) != len(items):
            refuse_resizing(e, s)
        items = now or ()
        e.marks.unrolled += 1
        if stepped is not None:
            iterators.move(e, stepped, e.b.const(begin + k + 1))
        try:
            e.assign(s.target, items[k])
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
            stop = truth(e, e.get(s.stop))
            if isinstance(stop, Const):
                if stop.value:
                    return
            else:
                run_if(e, stop, lambda: None, partial(_unroll, e, s, items, k, it, stepped))
                return


def run_while(e: Engine, s: tree.While) -> None:
    if any(isinstance(t, tree.Assign) and not t.target.startswith("%") for t in s.before):
        s = _test_inside(s)
    state = e.state.copy()
    depth, mark = e.b.depth, e.b.mark()
    try:
        Runner(e, s, None).run()
    except WritingTest:
        e.state = state
        e.b.rewind(depth, mark)
        Runner(e, _test_inside(s), None).run()


def _test_inside(s: tree.While) -> tree.While:
    """Move a condition that binds names into the body: `while True: …; if not test: break`."""
    stop = s.stop or "%stop"
    go_on = [tree.Assign(stop, "copy", (tree.Lit(False),), origin=s.origin), *s.body]
    leave: list[tree.Stmt] = [tree.Assign(stop, "copy", (tree.Lit(True),), origin=s.origin)]
    return tree.While([], tree.Lit(True), [*s.before, tree.If(s.test, go_on, leave, s.origin)], [], stop, s.origin)


class Runner(Fit):
    """Runs one loop to a fixed point and emits it."""

    def __init__(
        self, e: Engine, s: tree.For | tree.While, plan: iterables.Plan | None, may_peel: bool = False
    ) -> None:
        super().__init__(e, s)
        self.plan = plan
        self.may_peel = may_peel
        self.unfilled = 0
        self.exposed = exposed_names(s)
        self.names = [n for n in assigned_names(s) if n != s.stop and not (is_numbered(n) and n not in e.env)]
        for obj in likely_written(e, s):
            self.a.written[obj] = None

    def run(self) -> None:
        e = self.e
        stepping.prime_all(e)
        self.entry = e.state
        depth, mark, failures = e.b.depth, e.b.mark(), e.b.guarded
        for _ in range(MAX_TRIES):
            e.state = self.entry.copy()
            e.come_from(self.s.origin)
            try:
                self._attempt()
            except Widen:
                e.b.rewind(depth, mark)
                continue
            if e.b.guarded > failures:
                for c in e.changes:
                    c.repeat(failures)
            return
        raise UnsupportedError(
            what="the types in this loop do not settle",
            why="a value changes its type or shape from iteration to iteration",
            instead="give it its final type before the loop",
            origin=self.s.origin,
        )

    def _attempt(self) -> None:
        e, s = self.e, self.s
        self._clear()
        self.unfilled = e.unfilled
        headers: dict[Path, Any] = {}
        for name in self.names:
            headers["name", name] = self._enter(("name", name), e.env.get(name, UNBOUND), name)
        for frame, name in self.a.outer:
            path = "outer", frame, name
            headers[path] = self._enter(path, e.state.frames[frame].get(name, UNBOUND), name)
        for obj in self.a.written:
            if obj in self.entry.heap:
                entered = self._enter_content(("obj", obj), self.entry.heap[obj], obj.name)
                headers["obj", obj] = entered
                if isinstance(entered, Var):
                    e.state.link_items(obj, self.entry.heap[obj])
        range_ = self.plan.to_range() if self.plan is not None else None
        index = Var(Int(), self.plan.index_name(s)) if self.plan is not None else None
        for path, value in headers.items():
            self._put(path, value)
        for obj, unknown in self.a.unknown.items():
            e.state.heap[obj] = unknown
        self._apply_links()
        counters = (e.replaced, e.resized, e.renewed)
        for obj, k in self.a.restructured:  # as an earlier iteration did
            counters[k][obj] = counters[k].get(obj, 0) + 1
        structure = dict(e.replaced), dict(e.resized), dict(e.renewed)
        header_state = self.header = e.state.copy()
        unbound = {n for n in self.exposed if headers.get(("name", n)) is UNBOUND}
        missed: list[UnsupportedError] = []
        tentative = [(e.frame, unbound, missed)]
        for f in generators.frames_around(e):
            later = {n for g, n in self.a.outer if g == f and headers["outer", f, n] is UNBOUND}
            tentative.append((f, later, missed))
        e.tentative.extend(tentative)
        e.loops.append(self.entry.heap)
        e.around.append((e.b.depth, self.leaves))
        try:
            self._body(headers, header_state, range_, index, missed, structure)
        finally:
            e.loops.pop()
            e.around.pop()
            del e.tentative[-len(tentative) :]

    def _body(
        self,
        headers: dict[Path, Any],
        header_state: State,
        range_: Range | None,
        index: Var | None,
        missed: list[UnsupportedError],
        structure: tuple[dict[Obj, int], ...],
    ) -> None:
        e, s = self.e, self.s
        test = self._run_test(header_state) if isinstance(s, tree.While) else None
        self.sure = self.plan is not None and bool(self.plan.constant_values())
        e.b.open()
        if self.plan is not None and isinstance(s, tree.For):
            assert index is not None
            e.counters.add(index)
            e.come_from(s.origin)
            reached = None
            if (stepped := self.plan.stepped) is not None:
                reached = iterators.next_place(e, index)
                iterators.move(e, stepped, reached)
            e.assign(s.target, self.plan.element(e, index, s.target))
            e.run(s.body)
            if stepped is not None and not e.state.dead and e.state.heap[stepped.obj] is not reached:
                raise iterators.Stepped
        else:
            e.run(s.body)
        e.come_from(s.origin)
        if e.state.dead and missed:
            raise missed[0]
        if e.state.dead:
            self._emit(range_, index, test, e.b.close(tuple(leaf.param for leaf in self.leaves.values())), False)
            e.state = header_state
            return
        widen = self._discover_written(header_state) | self._discover_bound(header_state)
        for k, now in enumerate((e.replaced, e.resized, e.renewed)):
            for obj, count in now.items():
                if count == structure[k].get(obj, 0) or obj not in self.entry.heap:
                    continue
                if (obj, k) not in self.a.restructured:
                    self.a.restructured[obj, k] = None
                    widen = True
        for path, header in headers.items():
            if path[0] == "obj":
                final = e.state.heap[path[1]]
            else:
                final = e.state.frames[path[1] if path[0] == "outer" else e.frame].get(path[-1], UNBOUND)
            widen |= self._match(path, header, final, _called(path))
        widen |= self._discover_links(header_state)
        if widen:
            raise Widen
        if missed:
            raise missed[0]
        yields: list[Operand] = []
        for leaf in self.leaves.values():
            assert leaf.next is not None
            yields.append(leaf.next)
        stops = False
        if s.stop is not None:
            flag = truth(e, e.get(s.stop))
            if not (isinstance(flag, Const) and flag.value is False):
                yields.append(flag)
                stops = True
        end_links = e.state.links
        self._emit(range_, index, test, e.b.close(yields), stops)
        e.state = header_state
        e.state.links = end_links
        for path, header in headers.items():
            self._put(path, self._rebuild(path, header, _called(path)))
        self._link_first()

    def _put(self, path: Path, value: Any) -> None:
        if path[0] == "name":
            self.e.set(path[1], value)
        elif path[0] == "outer":
            self.e.state.frames[path[1]][path[2]] = value
        else:
            self.e.state.heap[path[1]] = value

    def _discover_bound(self, header: State) -> bool:
        """Find names that the consumers of running generators bind in the body, and that are not carried yet.

        Find lists, too, that hold None from here on: an earlier part of the body has read them as if they did not.
        """
        found = self.unfilled < self.e.unfilled
        for frame in generators.frames_around(self.e):
            if frame == self.e.frame or frame not in header.frames:
                continue
            was, entry = header.frames[frame], self.entry.frames[frame]
            for name, v in self.e.state.frames[frame].items():
                before = was.get(name, UNBOUND)
                if (frame, name) in self.a.outer or before is v or _are_same(before, v):
                    continue
                if name != YIELDED and (not is_numbered(name) or name in entry):
                    self.a.outer[frame, name] = None
                    found = True
        return found

    def _run_test(self, header_state: State) -> Block:
        e, s = self.e, self.s
        assert isinstance(s, tree.While)
        e.b.open()
        pins = e.marks.count
        e.run(s.before)
        cond = truth(e, e.get(s.test))
        if e.marks.count > pins:  # what is differentiated stands in the body
            raise WritingTest
        for obj, c in e.state.heap.items():
            if obj in header_state.heap and header_state.heap[obj] is not c:
                raise WritingTest
        e.state = header_state.copy()
        return e.b.close((cond,))

    def _emit(self, range_: Range | None, index: Var | None, test: Block | None, body: Block, stops: bool) -> None:
        e = self.e
        sure = self.plan is not None and (self.plan.constant_trips() or 0) > 0
        for leaf in self.leaves.values():
            p, init, y = leaf.param, leaf.init, leaf.next or leaf.param
            leaf.out = Var(self._outer_type(p.type), p.name, p.fixed)
            if (not sure and (isinstance(init.type, Undef) or init in e.maybe_unbound)) or y in e.maybe_unbound:
                e.maybe_unbound[leaf.out] = p.name or "?"
        endless = test is not None and isinstance(test.results[0], Const) and test.results[0].value is True
        if e.generators.draining and endless and not stops:
            raise UnsupportedError(
                what="a generator that may never end",
                why="all its values are taken here",
                instead="take some of them: itertools.islice, zip with what ends, or a loop with `break`",
                origin=self.s.origin,
            )
        leaves = list(self.leaves.values())
        outs = tuple(leaf.out for leaf in leaves if leaf.out is not None)
        params, inits = tuple(leaf.param for leaf in leaves), tuple(leaf.init for leaf in leaves)
        e.b.append(Loop(range_, index, test, (), params, inits, body, outs, (), stops, False, e.b.origin, e.b.adjoint))


def _are_same(a: Any, b: Any) -> bool:
    """Say whether two values are one number that is known, or one place of a generator."""
    if isinstance(a, PlaceV) and isinstance(b, PlaceV):
        return a.among == b.among and _are_same(a.at, b.at)
    return isinstance(a, Const) and isinstance(b, Const) and a.type == b.type == Int() and bool(a.value == b.value)


def _called(path: Path) -> str | None:
    name: str | None = path[-1] if path[0] != "obj" else path[1].name
    return name


def is_numbered(name: str) -> bool:
    """Say whether a name is a temporary that one statement makes and uses."""
    return name.startswith("%") and name[1:].isdigit()


def assigned_names(s: tree.For | tree.While) -> list[str]:
    """Return the names that a loop's body binds, in order."""
    names: dict[str, None] = {}
    if isinstance(s, tree.For):
        names[s.target] = None
    stack: list[Any] = list(reversed(s.body))
    while stack:
        t = stack.pop()
        if isinstance(t, tree.Assign):
            names[t.target] = None
        elif isinstance(t, tree.Unpack):
            names.update(dict.fromkeys(t.targets))
        elif isinstance(t, (tree.For, tree.With)) and t.target is not None:
            names[t.target] = None
        elif isinstance(t, tree.Try):
            names[t.ok] = None
            names.update((h.name, None) for h in t.handlers if h.name is not None)
        stack.extend(reversed([u for b in tree.blocks(t) for u in b]))
    return list(names)


def likely_written(e: Engine, s: tree.For | tree.While) -> list[Obj]:
    """Guess which objects the body writes: those behind names that it stores into or calls methods of."""
    roots: dict[str, None] = {}
    source: dict[str, Any] = {}
    stack: list[Any] = list(reversed(s.body))
    while stack:
        t = stack.pop()
        if isinstance(t, tree.Assign):
            if t.args and isinstance(t.args[0], str):
                source.setdefault(t.target, t.args[0])
                if t.op == "inplace" or (t.op == "getattr" and t.data in ("append", "extend", "insert", "pop")):
                    roots[t.args[0]] = None
        elif isinstance(t, (tree.SetItem, tree.AugItem, tree.SetAttr)):
            if isinstance(t.base, str):
                roots[t.base] = None
        else:
            stack.extend(reversed([u for b in tree.blocks(t) for u in b]))
    found: dict[Obj, None] = {}
    for name in roots:
        seen = set()
        while name not in e.env and name in source and name not in seen:
            seen.add(name)
            name = source[name]
        reach(e, e.env.get(name), found)
    return list(found)


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
