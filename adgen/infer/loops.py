"""Loops: the body runs once under an assumption about what enters each iteration.

Carried are the names the body assigns and the objects that it writes. If what leaves the body does not fit
what was assumed to enter it (a wider type, another object, one more written array), the assumption is widened and
the body runs again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer import guarded, iterables, rows
from adgen.infer.branches import is_none, run_if, split_maybe, truth
from adgen.infer.exposed import exposed_names
from adgen.infer.values import UNBOUND, GeneratorV, Map, Maybe, Obj, Poison, Ref, Seq, State, TupleV, Unbound
from adgen.ir.nodes import UNDEF, Block, Const, Loop, Operand, Range, Var
from adgen.ir.types import NUMERIC, Array, Dim, Int, Length, List, Type, Undef
from adgen.rules.typing import fresh_dim, join

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

MAX_TRIES = 24
MAX_UNROLL = 64


class NeedsUnroll(Exception):
    """A value in the body depends on the iteration at compile time: the loop must be unrolled."""


class WritingTest(Exception):
    """The condition of a `while` writes an array, a list or an object: it must be part of the body."""


class Widen(Exception):
    """The assumption about a loop was too narrow."""


Path = tuple[Any, ...]


@dataclass(slots=True)
class Assumption:
    """What is assumed of the values that enter an iteration, by path of the slot."""

    types: dict[Path, Type] = field(default_factory=dict)
    general: dict[int, None] = field(default_factory=dict)  # symbols of lengths that vary from iteration to iteration
    written: dict[Obj, None] = field(default_factory=dict)
    links: dict[tuple[Path, Path], None] = field(default_factory=dict)
    outer_links: dict[tuple[Path, Obj], None] = field(default_factory=dict)
    object_links: dict[tuple[Obj, Obj], None] = field(default_factory=dict)
    lists: dict[Path, Type] = field(default_factory=dict)  # slots that hold a list of unknown length
    poisoned: dict[Path, Poison] = field(default_factory=dict)
    restructured: dict[Obj, None] = field(default_factory=dict)  # lists whose items change places
    bound: dict[Path, Any] = field(default_factory=dict)  # names that iterations bind: what a later one enters with
    maybe: dict[Path, Type] = field(default_factory=dict)  # slots that are None in some iterations, and their type else
    unknown: dict[Obj, Poison] = field(default_factory=dict)  # objects that an iteration may write through another name


@dataclass(slots=True)
class Leaf:
    """One carried value."""

    param: Var
    init: Operand
    next: Operand | None = None
    out: Var | None = None
    obj: Obj | None = None


def run_for(e: Engine, s: tree.For) -> None:
    given = e.get(s.iter)
    entry = dict(e.state.heap) if isinstance(given, GeneratorV) else {}
    it = guarded.force(e, given)
    walked = [(o, e.resized.get(o, 0)) for o in iterables.lists_of(e, it)]
    _run_for(e, s, it)
    if any(e.resized.get(o, 0) != n for o, n in walked):
        refuse_resizing(e, s)
    if isinstance(given, GeneratorV):
        guarded.check_apart(e, given, entry, assigned_names(s))


def refuse_resizing(e: Engine, s: tree.For) -> None:
    raise UnsupportedError(
        what="a loop over a list or dict that its body makes longer or shorter",
        why="which items it meets depends on the order of all this",
        instead="loop over a copy, or collect the changes and make them after the loop",
        origin=s.origin,
    )


def _run_for(e: Engine, s: tree.For, it: Any) -> None:
    plan = iterables.plan(e, it)
    if isinstance(plan, list):
        if len(plan) > MAX_UNROLL:
            raise UnsupportedError(
                what=f"a loop over {len(plan)} items of different kinds",
                why=f"it would be unrolled, and the limit is {MAX_UNROLL}",
                instead="loop over a range, an array or a list of one type",
                origin=e.origin,
            )
        _unroll(e, s, plan, 0, it)
        return
    state = e.state.copy()
    depth, mark = e.b.depth, e.b.mark()
    try:
        Runner(e, s, plan).run()
    except NeedsUnroll:
        count = plan.constant_trips()
        if count is None or count > MAX_UNROLL:
            raise UnsupportedError(
                what="an index into items of different kinds that is known only at run time",
                why="the type of the item depends on it",
                instead="loop over the items themselves, or keep arrays of one dtype and rank in the list",
                origin=e.origin,
            ) from None
        e.state = state
        e.b.rewind(depth, mark)
        e.come_from(s.origin)
        _unroll(e, s, [plan.element(e, e.b.const(v)) for v in plan.constant_values() or ()], 0, None)


def _unroll(e: Engine, s: tree.For, items: Sequence[Any], k: int, it: Any) -> None:
    """Run the body for each item from the k-th on; the items are those that are there by then."""
    while k < len(items):
        e.come_from(s.origin)
        now = iterables.known_items(e, it) if it is not None else items
        if now is None or len(now) != len(items):
            refuse_resizing(e, s)
        items = now or ()
        e.set(s.target, items[k])
        e.run(s.body)
        if e.state.dead:
            return
        k += 1
        if s.stop is not None:
            stop = truth(e, e.get(s.stop))
            if isinstance(stop, Const):
                if stop.value:
                    return
            else:
                run_if(e, stop, lambda: None, partial(_unroll, e, s, items, k, it))
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


class Runner:
    """Runs one loop to a fixed point and emits it."""

    def __init__(self, e: Engine, s: tree.For | tree.While, plan: iterables.Plan | None) -> None:
        self.e = e
        self.s = s
        self.plan = plan
        self.exposed = exposed_names(s)
        self.names = [n for n in assigned_names(s) if n != s.stop and not (is_numbered(n) and n not in e.env)]
        self.a = Assumption()
        for obj in likely_written(e, s):
            self.a.written[obj] = None

    def run(self) -> None:
        e = self.e
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
        self.newest = fresh_dim().symbol  # lengths with later symbols are made in the body
        self.leaves: dict[Path, Leaf] = {}
        self.made: dict[Path, Any] = {}  # tuples, lists and dicts that the body binds first
        self.contents: dict[Obj, Any] = {}  # header objects, with the content that they enter with
        self.targets: dict[Path, Obj] = {}  # the object that a slot refers to at the end of the body
        headers: dict[Path, Any] = {}
        for name in self.names:
            headers["name", name] = self._enter(("name", name), e.env.get(name, UNBOUND), name)
        for obj in self.a.written:
            if obj in self.entry.heap:
                entered = self._enter_content(("obj", obj), self.entry.heap[obj], obj.name)
                headers["obj", obj] = entered
                if isinstance(entered, Var):
                    e.state.link_items(obj, self.entry.heap[obj])
        range_ = self.plan.to_range() if self.plan is not None else None
        index = Var(Int(), self.plan.index_name(s)) if self.plan is not None else None
        for path, value in headers.items():
            if path[0] == "name":
                e.set(path[1], value)
            else:
                e.state.heap[path[1]] = value
        for obj, unknown in self.a.unknown.items():
            e.state.heap[obj] = unknown
        self._apply_links()
        for obj in self.a.restructured:  # as an earlier iteration did
            e.replaced[obj] = e.replaced.get(obj, 0) + 1
            e.resized[obj] = e.resized.get(obj, 0) + 1
        structure = dict(e.replaced), dict(e.resized)
        header_state = e.state.copy()
        unbound = {n for n in self.exposed if headers.get(("name", n)) is UNBOUND}
        missed: list[UnsupportedError] = []
        e.tentative.append((e.frame, unbound, missed))
        e.loops.append(self.entry.heap)
        try:
            self._body(headers, header_state, range_, index, missed, structure)
        finally:
            e.loops.pop()
            e.tentative.pop()

    def _body(
        self,
        headers: dict[Path, Any],
        header_state: State,
        range_: Range | None,
        index: Var | None,
        missed: list[UnsupportedError],
        structure: tuple[dict[Obj, int], dict[Obj, int]],
    ) -> None:
        e, s = self.e, self.s
        test = self._run_test(header_state) if isinstance(s, tree.While) else None
        e.b.open()
        if self.plan is not None and isinstance(s, tree.For):
            assert index is not None
            e.counters.add(index)
            e.come_from(s.origin)
            e.set(s.target, self.plan.element(e, index, s.target))
        e.run(s.body)
        e.come_from(s.origin)
        if e.state.dead and missed:
            raise missed[0]
        if e.state.dead:
            self._emit(range_, index, test, e.b.close(tuple(leaf.param for leaf in self.leaves.values())), False)
            e.state = header_state
            return
        widen = self._discover_written(header_state)
        for before, now in zip(structure, (e.replaced, e.resized)):
            for obj, count in now.items():
                if count != before.get(obj, 0) and obj in self.entry.heap and obj not in self.a.restructured:
                    self.a.restructured[obj] = None
                    widen = True
        for path, header in headers.items():
            if path[0] == "name":
                final = e.env.get(path[1], UNBOUND)
            else:
                final = e.state.heap[path[1]]
            widen |= self._match(path, header, final, path[1] if path[0] == "name" else path[1].name)
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
            value = self._rebuild(path, header, path[1] if path[0] == "name" else path[1].name)
            if path[0] == "name":
                e.set(path[1], value)
            else:
                e.state.heap[path[1]] = value

    def _run_test(self, header_state: State) -> Block:
        e, s = self.e, self.s
        assert isinstance(s, tree.While)
        e.b.open()
        e.run(s.before)
        cond = truth(e, e.get(s.test))
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
        leaves = list(self.leaves.values())
        outs = tuple(leaf.out for leaf in leaves if leaf.out is not None)
        params, inits = tuple(leaf.param for leaf in leaves), tuple(leaf.init for leaf in leaves)
        e.b.append(Loop(range_, index, test, (), params, inits, body, outs, (), stops, False, e.b.origin, e.b.adjoint))

    def _outer_type(self, t: Type) -> Type:
        """Return the type after the loop: a length that varies is another one there."""
        if isinstance(t, Array):
            return replace(t, dims=tuple(map(self._outer_length, t.dims)))
        return List(self._outer_type(t.elem)) if isinstance(t, List) else t

    def _outer_length(self, d: Length) -> Length:
        varies = isinstance(d, Dim) and (d.symbol in self.a.general or d.symbol > self.newest)
        return fresh_dim(is_nonunit(d)) if varies else d

    # -- what enters an iteration -----------------------------------------------------------------

    def _param(self, path: Path, init: Operand, name: str | None, obj: Obj | None = None) -> Var:
        t = self.a.types.get(path, init.type)
        hint = self.e.hint(name)
        p = Var(t, hint.get("name"), hint.get("fixed", False))
        if init in self.e.maybe_unbound:
            self.e.maybe_unbound[p] = name or "?"
        self.leaves[path] = Leaf(p, init, obj=obj)
        return p

    def _enter(self, path: Path, v: Any, name: str | None) -> Any:
        e = self.e
        if path in self.a.poisoned:
            return self.a.poisoned[path]
        if path in self.a.maybe or isinstance(v, Maybe):
            return self._enter_maybe(path, v, name)
        if isinstance(v, Unbound) and path in self.a.bound:
            return self._enter_unbound(path, self.a.bound[path], name)
        if isinstance(v, (Var, Const)):
            if isinstance(v, Const) and not isinstance(v.type, NUMERIC):
                return v
            return self._param(path, v, name)
        if isinstance(v, TupleV):
            return TupleV(tuple(self._enter((*path, k), i, None) for k, i in enumerate(v.items)), v.cls)
        if isinstance(v, Ref):
            c = e.state.heap[v.obj]
            if isinstance(c, Poison):
                return c
            obj = Obj(name or v.obj.name)
            obj.mixed = v.obj.mixed and not v.place
            if isinstance(c, (Seq, Map)):
                content = self._enter_content(path, c, name)
                if path in self.leaves:
                    self.leaves[path].obj = obj
            else:
                content = self._param(path, e.value(v), name, obj)
            e.state.heap[obj] = content
            self.contents[obj] = content
            e.state.link_like(obj, v.obj)
            if isinstance(content, Var):
                e.state.link_items(obj, c)
            return Ref(obj)
        return v

    def _enter_unbound(self, path: Path, template: Any, name: str | None) -> Any:
        """Enter with what no iteration has bound yet, in the form that it will have."""
        if isinstance(template, Type):
            self.a.types.setdefault(path, template)
            obj = Obj(name) if isinstance(template, (Array, List)) else None
            p = self._param(path, UNDEF, name, obj)
            self.e.maybe_unbound[p] = name or "?"
            if obj is None:
                return p
            self.e.state.heap[obj] = self.contents[obj] = p
            return Ref(obj)
        if isinstance(template, TupleV):
            items = tuple(self._enter_unbound((*path, k), i, None) for k, i in enumerate(template.items))
            return TupleV(items, template.cls)
        return template

    def _template(self, v: Any) -> Any:
        """Return the form of a value: types for numbers and arrays; None if it has none that can be carried."""
        if isinstance(v, (Var, Const)) and isinstance(v.type, NUMERIC):
            return v.type
        if isinstance(v, Const):
            return v
        if isinstance(v, Ref):
            c = self.e.state.heap[v.obj]
            t = v.type if v.type is not None else c.type if isinstance(c, (Var, Const)) else None
            return t if isinstance(t, (Array, List)) else None
        if isinstance(v, TupleV):
            items = tuple(map(self._template, v.items))
            return None if any(i is None for i in items) else TupleV(items, v.cls)
        return None

    def _enter_maybe(self, path: Path, v: Any, name: str | None) -> Any:
        """Enter with what is None in some iterations."""
        parts = split_maybe(self.e, self.e.state, v)
        if parts is None:
            return self._clash(name)
        none, value = parts
        flag = self._param((*path, "none"), none, None)
        if not is_none(value):
            return Maybe(flag, self._enter((*path, "value"), value, name))
        t = self.a.maybe[path]
        self.a.types.setdefault((*path, "value"), t)
        obj = Obj(name) if isinstance(t, Array) else None
        p = self._param((*path, "value"), value, name, obj)
        if obj is None:
            return Maybe(flag, p)
        self.e.state.heap[obj] = self.contents[obj] = p
        return Maybe(flag, Ref(obj))

    def _enter_content(self, path: Path, c: Any, name: str | None) -> Any:
        if path in self.a.poisoned:
            return self.a.poisoned[path]
        if isinstance(c, Seq):
            if path in self.a.lists:
                self.a.types.setdefault(path, List(self.a.lists[path]))
                return self._param(path, self.e.list_operand(c, self.a.lists[path]), name)
            return Seq(tuple(self._enter((*path, k), i, None) for k, i in enumerate(c.items)))
        if isinstance(c, Map):
            return Map(c.keys, tuple(self._enter((*path, k), i, None) for k, i in zip(c.keys, c.items)), c.cls)
        if isinstance(c, (Var, Const)):
            return self._param(path, c, name)
        return c

    def _apply_links(self) -> None:
        state = self.e.state
        for p, q in self.a.links:
            a, b = self._object_at(p), self._object_at(q)
            if a is not None and b is not None:
                state.link(a, b)
        for p, obj in self.a.outer_links:
            a = self._object_at(p)
            if a is not None:
                state.link(a, obj)
        for one, two in self.a.object_links:
            state.link(one, two)

    def _object_at(self, path: Path) -> Obj | None:
        leaf = self.leaves.get(path)
        return leaf.obj if leaf is not None else None

    # -- what leaves it -----------------------------------------------------------------------------

    def _discover_written(self, header: State) -> bool:
        """Find objects from outside that the body wrote and that are not carried yet."""
        found = False
        for obj, c in self.e.state.heap.items():
            if obj not in self.entry.heap or obj in self.a.written or header.heap.get(obj) is c:
                continue
            if isinstance(c, Poison):
                # unknown in the next iteration, and after the loop
                found |= obj not in self.a.unknown and not isinstance(self.entry.heap[obj], Poison)
                self.a.unknown[obj] = c
            else:
                self.a.written[obj] = None
                found = True
        return found

    def _match(self, path: Path, h: Any, v: Any, name: str | None) -> bool:
        """Fit what leaves a slot to what entered it; return whether the assumption was widened."""
        v = rows.fresh(self.e, v)
        if isinstance(h, Poison):
            return False
        if isinstance(v, Poison):
            return self._poison(path, v)
        if isinstance(h, Unbound):
            if path[-1] in self.exposed and not isinstance(v, Unbound):
                template = self._template(v)
                if template is None:
                    return self._poison(path, self._clash(name))
                self.a.bound[path] = template
                return True
            self._first_bound(path, v, name)
            return False
        if isinstance(v, Unbound):
            return self._poison(path, self._clash(name))
        if isinstance(h, Maybe) or isinstance(v, Maybe) or is_none(h) != is_none(v):
            return self._match_maybe(path, h, v, name)
        leaf = self.leaves.get(path)
        if isinstance(h, Ref) and isinstance(v, Ref):
            c = self.e.state.heap[v.obj]
            if leaf is None:
                return self._match(path, self.contents[h.obj], c, name)
            if isinstance(c, Poison):
                return self._poison(path, c)
            self.targets[path] = v.obj
            if not isinstance(c, Map):
                return self._match_operand(path, leaf, self.e.value(v))
        elif isinstance(h, TupleV) and isinstance(v, TupleV) and len(h.items) == len(v.items):
            return self._match_items(path, range(len(h.items)), h.items, v.items)
        elif isinstance(h, Map) and isinstance(v, Map) and h.keys == v.keys:
            return self._match_items(path, h.keys, h.items, v.items)
        elif isinstance(h, Seq):
            if isinstance(v, Seq) and len(v.items) == len(h.items):
                return self._match_items(path, range(len(h.items)), h.items, v.items)
            elem = self.e.element_type(h, v)
            if elem is not None:
                self.a.lists[path] = elem
                return True
        elif leaf is not None and isinstance(leaf.param.type, List) and isinstance(v, Seq):
            return self._match_operand(path, leaf, self.e.list_operand(v, leaf.param.type.elem))
        elif leaf is not None and isinstance(v, (Var, Const)):
            return self._match_operand(path, leaf, v)
        elif h is v or (isinstance(h, Const) and isinstance(v, Const) and h.value is v.value) or h == v:
            return False
        return self._poison(path, self._clash(name))

    def _match_maybe(self, path: Path, h: Any, v: Any, name: str | None) -> bool:
        parts = split_maybe(self.e, self.e.state, v)
        if parts is None:
            return self._poison(path, self._clash(name))
        none, value = parts
        if not isinstance(h, Maybe):
            known = value if is_none(h) else h
            if is_none(known) or split_maybe(self.e, self.e.state, known) is None:
                return self._poison(path, self._clash(name))
            self.a.maybe[path] = self.e.value(known).type
            return True
        widened = self._match((*path, "none"), h.none, none, None)
        inside = (*path, "value")
        if is_none(value):
            self.leaves[inside].next = value
            return widened
        return self._match(inside, h.value, value, name) or widened

    def _match_items(self, path: Path, keys: Iterable[Any], h: Sequence[Any], v: Sequence[Any]) -> bool:
        widened = False
        for k, x, y in zip(keys, h, v):  # all of them: each leaves a value
            widened |= self._match((*path, k), x, y, None)
        return widened

    def _clash(self, name: str | None) -> Poison:
        return Poison(
            f"'{name or 'a value'}' changes its kind from one iteration to the next",
            "its type can't be decided at compile time",
            self.s.origin,
            alias=False,
        )

    def _poison(self, path: Path, p: Poison) -> bool:
        self.a.poisoned[path] = p
        return True

    def _match_operand(self, path: Path, leaf: Leaf, v: Operand) -> bool:
        leaf.next = v
        h = leaf.param.type
        adapted = self._adapt(h, v.type)
        t = join(h, adapted)
        if t is None:
            return self._poison(path, self._clash(leaf.param.name))
        if t == h:
            return False
        for d in dims_within(t):
            if isinstance(d, Dim) and d not in dims_within(h):
                self.a.general[d.symbol] = None
        self.a.types[path] = t
        return True

    def _adapt(self, h: Type, v: Type) -> Type:
        """See a type with the lengths that the slot is known to vary in."""
        if isinstance(h, List) and isinstance(v, List):
            return List(self._adapt(h.elem, v.elem))
        if not (isinstance(h, Array) and isinstance(v, Array) and h.ndim == v.ndim):
            return v
        general = self.a.general
        dims = tuple(
            a if isinstance(a, Dim) and a.symbol in general and (not a.nonunit or is_nonunit(b)) else b
            for a, b in zip(h.dims, v.dims)
        )
        return Array(v.dtype, dims)

    def _first_bound(self, path: Path, v: Any, name: str | None) -> None:
        """Carry out a name that the body binds first: its value enters no iteration."""
        if isinstance(v, (Var, Const)) and isinstance(v.type, NUMERIC):
            self._param(path, UNDEF, name).type = v.type
        elif isinstance(v, Ref) and isinstance(self.e.state.heap[v.obj], (Var, Const)):
            v = self.e.value(v)
            self._param(path, UNDEF, name, Obj(name)).type = v.type
        elif isinstance(v, TupleV) or (isinstance(v, Ref) and isinstance(self.e.state.heap[v.obj], (Seq, Map))):
            content = v if isinstance(v, TupleV) else self.e.state.heap[v.obj]
            self.made[path] = content
            for k, i in enumerate(content.items):
                self._first_bound((*path, k), i, None)
            return
        elif isinstance(v, Const) and name is not None and name.startswith("%"):
            self.made[path] = v  # only read where it is bound
            return
        elif not isinstance(v, Unbound):
            self.made[path] = v if isinstance(v, Poison) else self._clash(name)
            return
        else:
            return
        self.leaves[path].next = v

    def _made_first(self, path: Path) -> Any:
        """Return, after the loop, a value that the body bound first."""
        c = self.made[path]
        if isinstance(c, (Poison, Const)):
            return c
        items = tuple(self._rebuild((*path, k), UNBOUND, None) for k in range(len(c.items)))
        if isinstance(c, TupleV):
            return TupleV(items, c.cls)
        return self.e.new(Seq(items) if isinstance(c, Seq) else Map(c.keys, items, c.cls))

    def _discover_links(self, header: State) -> bool:
        """Find slots that may be one object, or hold one another, in the next iteration."""
        found = False
        state = self.e.state
        holders: dict[Obj, list[Path]] = {}
        for path, target in self.targets.items():
            holders.setdefault(target, []).append(path)

        def add(table: dict[Any, None], key: Any) -> None:
            nonlocal found
            if key not in table:
                table[key] = None
                found = True

        for path, target in self.targets.items():
            known = header.links.get(target, ()) if target is self.leaves[path].obj else ()
            for o in (target, *state.links.get(target, ())):
                for other in holders.get(o, ()):
                    if other != path:
                        add(self.a.links, (path, other))
                if o in self.entry.heap and o not in known:
                    add(self.a.outer_links, (path, o))
        for o, others in state.links.items():
            if o in self.entry.heap:
                for linked in others:
                    if linked in self.entry.heap and linked not in header.links.get(o, ()):
                        add(self.a.object_links, (o, linked))
        return found

    # -- after the loop -------------------------------------------------------------------------------

    def _rebuild(self, path: Path, h: Any, name: str | None) -> Any:
        leaf = self.leaves.get(path)
        if isinstance(h, Poison):
            return h
        if path in self.made:
            return self._made_first(path)
        if leaf is not None:
            assert leaf.out is not None
            if leaf.obj is None:
                return leaf.out
            self.e.state.heap[leaf.obj] = leaf.out
            if path in self.targets and self.targets[path] in self.entry.heap:
                self.e.state.link_like(leaf.obj, self.targets[path])
            return Ref(leaf.obj)
        if isinstance(h, Maybe):
            none = self._rebuild((*path, "none"), h.none, None)
            return Maybe(none, self._rebuild((*path, "value"), h.value, name))
        if isinstance(h, TupleV):
            return TupleV(tuple(self._rebuild((*path, k), i, None) for k, i in enumerate(h.items)), h.cls)
        if isinstance(h, Seq):
            return Seq(tuple(self._rebuild((*path, k), i, None) for k, i in enumerate(h.items)))
        if isinstance(h, Map):
            return Map(h.keys, tuple(self._rebuild((*path, k), i, None) for k, i in zip(h.keys, h.items)), h.cls)
        if isinstance(h, Ref) and h.obj in self.contents:
            self.e.state.heap[h.obj] = self._rebuild(path, self.contents[h.obj], name)
        return h


def dims_within(t: Type) -> tuple[Any, ...]:
    if isinstance(t, Array):
        return t.dims
    return dims_within(t.elem) if isinstance(t, List) else ()


def is_nonunit(d: Any) -> bool:
    return d != 1 if isinstance(d, int) else bool(d.nonunit)


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
