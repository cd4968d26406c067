"""One loop that stays a loop: the body runs once under an assumption about what enters each iteration.

Carried are the names the body assigns and the objects that it writes. If what leaves the body does not fit
what was assumed to enter it (a wider type, another object, one more written array), the assumption is widened and
the body runs again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.frontend.resume import YIELDED
from adgen.infer.control import branches, iterables
from adgen.infer.control.bodies import assigned_names, exposed_names, is_numbered, likely_written
from adgen.infer.control.fit import Fit
from adgen.infer.control.slots import Path
from adgen.infer.iterators import generators, iterators, stepping
from adgen.infer.memory import followed
from adgen.infer.values import UNBOUND, Obj, PlaceV, State
from adgen.ir.nodes import Block, Const, Loop, Operand, Range, Var
from adgen.ir.types import Int, Undef

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


class WritingTest(Exception):
    """The condition of a `while` writes an array, a list or an object: it must be part of the body."""


class Widen(Exception):
    """The assumption about a loop was too narrow."""


MAX_TRIES = 24


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
        followed.run(self, self.e.state, self._run)

    def _run(self) -> None:
        e = self.e
        stepping.prime_all(e)
        self.entry = e.state
        depth, mark, failures = e.b.depth, e.b.mark(), e.b.guarded
        for _ in range(MAX_TRIES + len(self.names)):
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
        followed.settle(self)
        self._run_statements(index)
        e.come_from(s.origin)
        if e.state.dead and missed:
            raise missed[0]
        if e.state.dead:
            self._emit(range_, index, test, e.b.close(tuple(leaf.param for leaf in self.leaves.values())), False)
            e.state = header_state
            return
        if self._fit_all(headers, header_state, structure):
            raise Widen
        if missed:
            raise missed[0]
        yields: list[Operand] = []
        for leaf in self.leaves.values():
            assert leaf.next is not None
            yields.append(leaf.next)
        stops = False
        if s.stop is not None:
            flag = branches.truth(e, e.get(s.stop))
            if not (isinstance(flag, Const) and flag.value is False):
                yields.append(flag)
                stops = True
        end_links = e.state.links
        self._emit(range_, index, test, e.b.close(yields), stops)
        e.state = header_state
        e.state.links = end_links
        for path, header in headers.items():
            self._put(path, self._rebuild(path, header, _called(path)))
        followed.settle(self)
        self._link_first()

    def _run_statements(self, index: Var | None) -> None:
        e, s = self.e, self.s
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

    def _fit_all(self, headers: dict[Path, Any], header_state: State, structure: tuple[dict[Obj, int], ...]) -> bool:
        """Compare what leaves an iteration with what entered it; return whether the assumption was widened."""
        e = self.e
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
        return widen | self._discover_links(header_state)

    def _put(self, path: Path, value: Any) -> None:
        if path[0] == "name":
            self.e.set(path[1], value, carried=True)
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
                if name not in (YIELDED, tree.SENT) and (not is_numbered(name) or name in entry):
                    self.a.outer[frame, name] = None
                    found = True
        return found

    def _run_test(self, header_state: State) -> Block:
        e, s = self.e, self.s
        assert isinstance(s, tree.While)
        e.b.open()
        followed.settle(self)
        header_state = e.state.copy() if self.undecided else header_state
        pins = e.marks.count
        e.run(s.before)
        cond = branches.truth(e, e.get(s.test))
        if e.marks.count > pins:  # what is differentiated stands in the body
            raise WritingTest
        for obj, c in e.state.heap.items():
            if obj in header_state.heap and header_state.heap[obj] is not c:
                raise WritingTest
        e.state = self.header.copy()
        return e.b.close((cond,))

    def _emit(self, range_: Range | None, index: Var | None, test: Block | None, body: Block, stops: bool) -> None:
        e = self.e
        endless = test is not None and isinstance(test.results[0], Const) and test.results[0].value is True
        sure = endless or (self.plan is not None and (self.plan.constant_trips() or 0) > 0)
        for leaf in self.leaves.values():
            p, init, y = leaf.param, leaf.init, leaf.next or leaf.param
            leaf.out = Var(self.outer_type(p.type), p.name, p.fixed)
            if (not sure and (isinstance(init.type, Undef) or init in e.maybe_unbound)) or y in e.maybe_unbound:
                e.maybe_unbound[leaf.out] = p.name or "?"
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
