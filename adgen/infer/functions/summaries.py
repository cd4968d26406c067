"""Recursion that run time decides: the function becomes a summary, and what calls it a call.

Its body runs once under an assumption about its arguments, as that of a loop does: a recursive call is the next
iteration. What such a call gives is found from the base case: at first nothing is known to come back from one, and the
paths that call are dead; then the body runs again with what the others gave, until nothing new comes out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.control.slots import Assumption, Path
from adgen.infer.functions import inlining
from adgen.infer.functions.recursion import enter, same_kind, shape_of
from adgen.infer.functions.results import Results, Same
from adgen.infer.functions.summary_calls import SummaryCalls
from adgen.infer.values import DeadPath, Map, Obj, Poison, Ref, Seq, TupleV
from adgen.ir.alike import alike
from adgen.ir.memory import Memory, refers
from adgen.ir.nodes import UNDEF, Block, Const, Func, Let, Operand, Var, free_vars, walk
from adgen.ir.rewrite import clone
from adgen.ir.summary import CALLS, Summary, calls_in, summary_of
from adgen.ir.types import NUMERIC, Array, List
from adgen.rules.lengths import fresh_dim

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

MAX_TRIES = 24


class NotRecursive(Exception):
    """A call of a summary turns out to make no further call."""


class Recursion(SummaryCalls):
    """Runs the body of one function to a fixed point and emits a call of it."""

    exposed = frozenset()

    def __init__(self, e: Engine, function: tree.Function, owner: Any, bound: Mapping[str, Any]) -> None:
        super().__init__(e, SimpleNamespace(origin=e.origin))  # type: ignore[arg-type]
        self.function = function
        self.owner = owner
        self.bound = bound
        self.summary = Summary(function.name if function.name.isidentifier() else "f")
        self.shape = enter(e, function, bound).types
        self.varying: set[Path] = set()  # constants that other calls give other values
        self.captured: list[Var] = []
        self.templates: dict[Path, Any] | None = None
        self.out = Assumption()
        self.aliases: dict[Path, dict[Any, None]] = {}
        self.together: dict[tuple[Path, Path], None] = {}
        self.linked: dict[tuple[Path, Any], None] = {}
        self.other: set[Path] = set()  # results that are not one object on all paths
        self.widened = False
        self.called = False
        self.oldest = fresh_dim().symbol  # lengths with later symbols are made in the body

    def takes(self, bound: Mapping[str, Any]) -> bool:
        """Say whether a call is of the kind that this summary is for."""
        values = tuple(bound.values())
        return all(same_kind(a, shape_of(self.e, v, False)) for a, v in zip(self.shape, values))

    # -- the body -------------------------------------------------------------------------------------

    def run(self) -> Any:
        e = self.e
        self.entry = e.state
        mark = e.b.depth, e.b.mark()
        guards, changes, origin = e.b.guards, e.changes, e.b.origin
        stops, consumers = e.b.stops, e.generators.consumers
        for _ in range(MAX_TRIES):
            e.state = replace(self.entry.copy(), which={})  # conditions of the caller are not at hand
            e.b.guards, e.changes = min(guards, 1), []  # what may raise in a `try` stays
            e.b.stops, e.generators.consumers, bare = 0, [], False
            e.summaries.append(self)
            try:
                done = self._attempt()
            except NotRecursive:
                e.b.rewind(*mark)
                done, bare = None, True
            finally:
                e.summaries.pop()
                e.b.guards, e.changes, e.b.origin = guards, changes, origin
                e.b.stops, e.generators.consumers = stops, consumers
            if bare:
                e.state = self.entry
                return inlining.run_body(e, self.function, self.owner, self.bound)
            if done is not None:
                e.state = self.entry
                self._close(done)
                return self._call([leaf.init for leaf in self.leaves.values()], self.given)
            e.b.rewind(*mark)
        raise UnsupportedError(
            what=f"the types in the recursive function '{self.function.name}' do not settle",
            why="an argument or a result changes its type or shape from call to call",
            instead="give it its final type at once",
            origin=origin,
        )

    def _attempt(self) -> Block | None:
        """Run the body under the present assumption; None: it was too narrow."""
        e = self.e
        self._clear()
        self.given: dict[Path, Any] = {("arg", n): v for n, v in self.bound.items()}
        self.headers: dict[Path, Any] = {}
        self.widened = self.called = False
        for path, v in self.given.items():
            self.headers[path] = self._enter(path, v, path[1])
        for obj in self.a.written:
            path = ("obj", obj)
            self.given[path] = Ref(obj)
            entered = self._enter_content(path, self.entry.heap[obj], obj.name)
            e.state.heap[obj] = entered
            self.headers[path] = Ref(obj)
            self.contents[obj] = entered
            if isinstance(entered, Var):
                e.state.link_items(obj, self.entry.heap[obj])
        for obj, unknown in self.a.unknown.items():
            e.state.heap[obj] = unknown
        self._link_given(self._objects(self.given))
        self._apply_links()
        header_state = self.header = e.state.copy()
        e.b.open()
        self.entered = self._objects(self.headers)
        missed: list[UnsupportedError] = []  # what an earlier call may have put into a list or dict that is empty here
        e.tentative.append((e.frame, set(), missed))
        try:
            args = {p[1]: v for p, v in self.headers.items() if p[0] == "arg"}
            result = inlining.run_body(e, self.function, self.owner, args)
        finally:
            e.tentative.pop()
        if not self.called:
            raise missed[0] if missed else NotRecursive
        if e.state.dead and self.widened:
            return None
        if e.state.dead and missed:
            raise missed[0]
        if e.state.dead:
            raise UnsupportedError(
                what=f"the recursion of '{self.function.name}'",
                why="no call of it comes to an end",
                instead="give it a case that returns without calling itself",
                origin=self.s.origin,
            )
        block = self._leave(header_state, result)
        if missed and not self.widened:
            raise missed[0]
        return None if self.widened else block

    def _enter(self, path: Path, v: Any, name: str | None) -> Any:
        if isinstance(v, Const) and path not in self.varying and path not in self.a.poisoned:
            if path not in self.a.maybe:
                return v
        entered = super()._enter(path, v, name)
        if isinstance(entered, Ref) and isinstance(v, Ref) and v.obj in self.e.contiguous and not v.place:
            self.e.contiguous.discard(entered.obj)
        return entered

    def _match(self, path: Path, h: Any, v: Any, name: str | None) -> bool:
        if isinstance(h, Const) and isinstance(h.type, NUMERIC) and isinstance(v, (Var, Const)):
            if isinstance(v, Const) and type(v.value) is type(h.value) and repr(v.value) == repr(h.value):
                return False
            if isinstance(v.type, NUMERIC):
                self.varying.add(path)
                return True
        return super()._match(path, h, v, name)

    def _link_given(self, given: Mapping[Path, Ref]) -> bool:
        """Record which arguments may be the same memory."""
        links = self.e.state.links
        refs = list(given.items())
        found = False
        for k, (p, v) in enumerate(refs):
            for q, w in refs[:k]:
                if (v.obj is w.obj or w.obj in links.get(v.obj, ())) and (p, q) not in self.a.links:
                    self.a.links[p, q] = None
                    found = True
        return found

    def _object_at(self, path: Path) -> Obj | None:
        h = self._objects(self.headers).get(path)
        return h.obj if h is not None else super()._object_at(path)

    # -- what comes out -----------------------------------------------------------------------------------

    def _leave(self, header_state: Any, result: Any) -> Block:
        """Fit what the body leaves to what calls of it were taken to leave."""
        e = self.e
        self.widened |= self._discover_written(header_state)
        finals = self._finals(header_state, result)
        if self.templates is None:
            self.templates = {}
            self.widened |= self.called
        probe = Results(e, self.out, self.s.origin)
        for path, v in finals.items():
            if path not in self.templates:
                self.templates[path] = probe.template(path, v)
                self.widened |= self.called
        outs = Results(e, self.out, self.s.origin)
        self.returned = outs
        for path, template in self.templates.items():
            header = outs.enter(path, template, None)
            v = finals[path] if path in finals else self._unwritten(path)
            self.widened |= outs._match(path, header, v, None)
        if outs.other:
            self.other |= outs.other
            again = self._finals(header_state, result)
            for root in [r for r in self.templates if any(path[: len(r)] == r for path in outs.other)]:
                self.templates[root] = probe.template(root, again[root] if root in again else self._unwritten(root))
        self._note_aliases(finals, header_state)
        values = [leaf.next if leaf.next is not None else leaf.param for leaf in outs.leaves.values()]
        if len(values) == 1:
            packed = values[0]
        elif values:
            packed = e.b.call("make_tuple", *values)
        else:
            packed = e.b.const(None)
        block = e.b.close((packed,))
        if not self.widened:
            taken = {leaf.param for leaf in self.leaves.values()}
            captured = [v for v in free_vars(block) if v not in taken]
            if set(captured) != set(self.captured):
                self.captured = captured
                self.widened |= self.called
        effects = any(isinstance(s, Let) and _is_effect(s) for s in walk(block))
        if effects and not self.summary.effects:
            self.summary.effects = True
            self.widened |= self.called
        return block

    def _finals(self, header_state: Any, result: Any) -> dict[Path, Any]:
        """Return what the body leaves: its result, and what is in the objects that it wrote."""
        finals: dict[Path, Any] = {("ret",): self._marked(("ret",), result)}
        for path, h in self.entered.items():
            before, now = header_state.heap[h.obj], self.e.state.heap[h.obj]
            if isinstance(now, Map) and isinstance(before, Map) and now.keys == before.keys:
                for k, x, y in zip(now.keys, before.items, now.items):
                    if x is not y and x != y:
                        finals["wrote", path, k] = self._marked(("wrote", path, k), y)
            elif now is not before and now != before:
                finals["wrote", path, None] = self._content(("wrote", path, None), h, now)
        return finals

    def _unwritten(self, path: Path) -> Any:
        """Return what another attempt wrote, as it came in."""
        h = self.entered[path[1]]
        if path[2] is None:
            return h
        content = self.e.content(h.obj)
        return content.items[content.keys.index(path[2])]

    def _marked(self, path: Path, v: Any) -> Any:
        """Say of what a call leaves where it is an object that was there before."""
        if isinstance(v, TupleV):
            return TupleV(tuple(self._marked((*path, k), i) for k, i in enumerate(v.items)), v.cls)
        if not isinstance(v, Ref) or v.place or path in self.other:
            return v
        for p, h in self.entered.items():
            if h.obj is v.obj and not h.place:
                return Same(p)
        return Same(v.obj) if v.obj in self.entry.heap else v

    def _content(self, path: Path, h: Ref, now: Any) -> Any:
        """Return what was written into an object; a list or dict holds what it held before, or something else."""
        if isinstance(now, Poison):
            return now
        if not isinstance(now, (Seq, Map)) or path in self.other:
            return Ref(h.obj)
        keys = now.keys if isinstance(now, Map) else range(len(now.items))
        items = tuple(self._marked((*path, k), i) for k, i in zip(keys, now.items))
        return self.e.new(replace(now, items=items))

    def _note_aliases(self, finals: Mapping[Path, Any], header_state: Any) -> None:
        """Find what the results may share memory with: arguments, other objects, each other."""
        state = self.e.state
        paths = {h.obj: p for p, h in self.entered.items()}
        before = len(self.linked), len(self.together), sum(map(len, self.aliases.values()))
        holders: list[tuple[Obj, Path]] = []
        for path, ref in self._objects(finals).items():
            if ref.obj in paths and path[0] == "wrote":
                continue
            known = self.aliases.setdefault(path, {})
            near = (ref.obj, *state.links.get(ref.obj, ()))
            for o in near:
                if o in paths:
                    known[paths[o]] = None
                elif o in self.entry.heap:
                    known[o] = None
            self.together.update({(path, q): None for o, q in holders if o in near})
            holders.append((ref.obj, path))
        for p, h in self.entered.items():
            for o in state.links.get(h.obj, ()):
                if o not in header_state.links.get(h.obj, ()):
                    if o in paths and paths[o] != p:
                        self.linked[p, paths[o]] = None
                    elif o in self.entry.heap:
                        self.linked[p, o] = None
        now = len(self.linked), len(self.together), sum(map(len, self.aliases.values()))
        self.widened |= self.called and now != before

    # -- calls ----------------------------------------------------------------------------------------------

    def again(self, bound: Mapping[str, Any]) -> Any:
        """Carry out a recursive call."""
        e = self.e
        self.called = True
        given: dict[Path, Any] = {("arg", n): v for n, v in bound.items()}
        for obj in self.a.written:
            given["obj", obj] = Ref(obj)
        wider = self._link_given(self._objects(given))
        for path, h in self.headers.items():
            wider |= self._match(path, h, given[path], str(path[1]) if path[0] == "arg" else path[1].name)
        self.widened |= wider
        if self.templates is None or wider:
            e.state.dead = True  # nothing comes back from it, as far as is known
            raise DeadPath
        args = []
        for leaf in self.leaves.values():
            assert leaf.next is not None
            args.append(leaf.next)
        return self._call(args, given)

    def _close(self, block: Block) -> None:
        """Make the function of the body."""
        own = [leaf.param for leaf in self.leaves.values()]
        captured = [v for v in self.captured if v not in own]
        names: set[str] = set()

        def name(found: str | None) -> str:
            found = found or "value"
            while found in names:
                found += "_"
            names.add(found)
            return found

        for path, leaf in self.leaves.items():
            leaf.param.name, leaf.param.fixed = name(leaf.param.name or _last_word(path)), True
        mapping: dict[Var, Operand] = {v: Var(v.type, name(v.name), True) for v in captured}
        params = (*own, *[v for v in mapping.values() if isinstance(v, Var)])
        body = clone(block, dict(mapping))
        self.captured = captured
        self.summary.func = Func(self.summary.__name__, params, body)
        if (
            id(self.function) in self.e.memoised
            and sum(summary_of(s) is self.summary for s in calls_in(self.summary.func)) > 1
        ):
            raise UnsupportedError(
                what=f"the recursion of '{self.function.name}', which remembers its results",
                why="each call would be made anew: what the cache saves is lost",
                instead="keep the results in a list or dict",
                origin=self.s.origin,
            )
        self._find_consumed()
        for s in walk(body):
            if isinstance(s, Let) and s.op.name in ("pin", "hook"):
                raise UnsupportedError(
                    what="a tag, or a value that `wrt` or a gradient block names, in a recursive function",
                    why="each call has a value of its own",
                    instead="return the value that is meant",
                    origin=s.origin,
                )
        self._reuse()

    def _reuse(self) -> None:
        """Take the function of another call in its place if it is the same."""
        known = self.e.made.setdefault(id(self.function), [])
        for other in known:
            same = (other.effects, other.consumes) == (self.summary.effects, self.summary.consumes)
            if same and alike(self.summary.func, other.func, (self.summary, other)):
                self.summary = other
                return
        known.append(self.summary)

    def _find_consumed(self) -> None:
        """Find the parameters that are written in place and given back: the caller has no other use for them."""
        summary, outs = self.summary, list(self.returned.leaves)
        for path in outs:
            if path[0] != "wrote" or len(path) != 3 or path[1] not in self.leaves:
                continue
            k, t = list(self.leaves).index(path[1]), self.leaves[path[1]].param.type
            if isinstance(t, Array) or (isinstance(t, List) and not refers(t.elem)):
                summary.consumes[k] = (outs.index(path),) if len(outs) > 1 else ()
        memory = Memory(summary.func, tuple(summary.consumes))
        result = summary.func.body.results[0]
        for k, at in list(summary.consumes.items()):  # a list that is given back must be that one, or a new one
            a: Operand = result
            if at:
                made = memory.defined.get(result) if isinstance(result, Var) else None
                a = made.args[at[0]] if isinstance(made, Let) else UNDEF
            if isinstance(a.type, List) and not memory.owned(memory.roots(a)):
                del summary.consumes[k]


def _last_word(path: Path) -> str | None:
    """Return what a part of an argument is called."""
    names = [k.name if isinstance(k, Obj) else k for k in reversed(path)]
    return next((k for k in names if isinstance(k, str) and k.isidentifier()), None)


def _is_effect(s: Let) -> bool:
    if s.op.name in CALLS:
        return summary_of(s).effects
    return s.op.effect == "opaque" and s.op.name != "bound"
