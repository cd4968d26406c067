"""Which values may share memory.

Every value that refers to memory has *roots*: the objects it may be or be a view of, and, for containers,
the objects reachable through it. A carried value of a loop has a root of its own, which stands for "the
object bound to it in this iteration"; its links say which objects from outside the loop that may be. Two
carried values are taken to be apart until an initial value or a yield shows otherwise, so `u, v = v, u` in
a time loop keeps them apart.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import field

from adgen.ir.frozen import dataclass
from adgen.ir.nodes import CHANGES, Block, Const, Func, Hole, If, Index, Let, Loop, Operand, Slice, Stmt, Var
from adgen.ir.summary import CALLS, Summary, holds_arrays, summary_of
from adgen.ir.types import Array, Dict, List, Opaque, Record, Saved, Tuple, Type

_REFERRING = frozenset({Array, List, Dict, Tuple, Record, Opaque, Saved})
READ_ONLY = frozenset({"np.broadcast_to", "np.diagonal", "np.diag", "np.broadcast_arrays"})


@dataclass(eq=False, slots=True)
class Root:
    """One object, or all that one place of the program may allocate."""

    number: int
    owned: bool  # generated code made it, and nobody else knows it
    scope: tuple[Loop, ...]  # the loops around the place that makes it
    loop: Loop | None = None  # the loop that carries it
    position: int = -1  # among the carried values
    inner: bool = False  # what a carried container holds, not the container
    links: dict[Root, None] = field(default_factory=dict)  # what it may be, outside the loop

    def __repr__(self) -> str:
        return f"r{self.number}"


Roots = tuple[Root, ...]
Owned = bool | Collection[int]
"""Which parameters may be written and returned: all, none, or those at these positions."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of the result of a call: its roots, and those of what it holds."""

    own: Roots
    inner: Roots = ()
    items: tuple[_Part, ...] = ()

    def deep(self) -> Roots:
        """Return the roots of what it holds."""
        return union(self.inner, *(union(i.own, i.deep()) for i in self.items))


def refers(t: Type) -> bool:
    """Say whether values of a type refer to memory that can be shared."""
    if type(t) not in _REFERRING:
        return False
    if isinstance(t, Tuple) or (isinstance(t, Record) and issubclass(t.cls, tuple)):
        return any(map(refers, t.items))
    return True


def _holds_values(t: Type) -> bool:
    """Say whether what values of a type hold are numbers, texts and the like, that nobody writes."""
    return isinstance(t, Array) or (isinstance(t, (List, Dict)) and not refers(t.elem))


class Memory:
    """The roots of every value of a function. `own` is the object itself, `deep` what it contains."""

    def __init__(self, func: Func, owned_params: Owned = False) -> None:
        self.own: dict[Var, Roots] = {}
        self.deep: dict[Var, Roots] = {}
        self.defined: dict[Var, Stmt] = {}
        self._count = 0
        self._scope: tuple[Loop, ...] = ()
        self._loops: list[Loop] = []
        self.carried: dict[Loop, tuple[Root, ...]] = {}
        self._group: dict[Root, Root] = {}
        self._apart: dict[tuple[Root, Root], bool] = {}
        self._closures: dict[Root, dict[Root, None]] = {}
        self._peers: dict[Root, list[Root]] = {}
        self.parts: dict[Var, _Part] = {}  # of the results of calls, item by item
        for k, v in enumerate(func.params):
            if refers(v.type):
                mine = owned_params if isinstance(owned_params, bool) else k in owned_params
                self.own[v] = (self._new(mine),)
                self.deep[v] = (self._new(mine),) if not isinstance(v.type, Array) else ()
        self._unknown = self._new(False)
        self._block(func.body)
        self._link()
        self._separate()

    # what a pass asks

    def roots(self, a: Operand) -> Roots:
        """Return all that is reachable through a value."""
        if not isinstance(a, Var):
            return (self._unknown,) if isinstance(a.type, Array) else ()
        own, deep = self.own.get(a, ()), self.deep.get(a, ())
        return own if not deep else union(own, deep)

    def closure(self, roots: Roots) -> dict[Root, None]:
        """Return the roots and all that they may be outside their loops."""
        out: dict[Root, None] = {}
        for r in roots:
            out.update(self._closure(r))
        return out

    def reach(self, roots: Roots) -> dict[Root, None]:
        """Return every root whose holders may hold something of `roots`."""
        out = self.closure(roots)
        for r in list(out):
            out.update(dict.fromkeys(self._peers.get(r, ())))
        return out

    def owned(self, roots: Roots) -> bool:
        return all(r.owned for r in self.closure(roots))

    def share(self, a: Roots, b: Roots) -> bool:
        """Say whether something of `a` may be something of `b`."""
        return any(self._same(x, y) for x in a for y in b)

    # construction

    def _new(self, owned: bool, loop: Loop | None = None, position: int = -1, inner: bool = False) -> Root:
        self._count += 1
        return Root(self._count, owned, self._scope, loop, position, inner)

    def flow(self, r: Root, a: Operand) -> Roots:
        """Return what reaches a carried root if its value becomes `a`."""
        return self._deep(a) if r.inner else self._own(a)

    def yielded(self, r: Root) -> Roots:
        """Return what an iteration makes of a carried root, seen through the loops inside its own."""
        assert r.loop is not None
        out: dict[Root, None] = {}
        stack, seen = list(self.flow(r, r.loop.yields[r.position])), set[Root]()
        while stack:
            x = stack.pop()
            if x in seen:
                continue
            seen.add(x)
            if x.loop is not None and r.loop in x.scope:
                stack.extend(x.links)
            else:
                out[x] = None
        return tuple(out)

    def _inserted(self, held: Roots, values: Sequence[Operand]) -> Roots:
        """Return what a container holds after `values` were put in; one object in two places is not owned."""
        out = dict.fromkeys(held)
        for a in values:
            for r in self.roots(a):
                if r in out or len(r.scope) < len(self._scope):
                    out[self._unknown] = None
                out[r] = None
        return tuple(out)

    def _block(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Let):
                self._let(s)
            elif isinstance(s, If):
                self._block(s.then)
                self._block(s.orelse)
                for out, a, b in zip(s.outs, s.then.results, s.orelse.results):
                    self._set(out, s, union(self._own(a), self._own(b)), union(self._deep(a), self._deep(b)))
            else:
                self._loop(s)

    def _own(self, a: Operand) -> Roots:
        if isinstance(a, Var):
            return self.own.get(a, ())
        return (self._unknown,) if isinstance(a.type, Array) else ()

    def _deep(self, a: Operand) -> Roots:
        return self.deep.get(a, ()) if isinstance(a, Var) else ()

    def _set(self, v: Var, s: Stmt, own: Roots, deep: Roots = ()) -> None:
        self.defined[v] = s
        if refers(v.type):
            self.own[v] = own
            self.deep[v] = deep if not _holds_values(v.type) else ()

    def _let(self, s: Let) -> None:
        if not refers(s.out.type):
            self.defined[s.out] = s
            return
        name = s.op.name
        fresh = (self._new(True),)
        first = s.args[0] if s.args else None
        if name == "getitem" and first is not None:
            if isinstance(s.out.type, Array) and isinstance(first.type, Array):
                self._set(s.out, s, fresh if advanced(s) else self._own(first))
            elif isinstance(s.out.type, List) and isinstance(first.type, List) and has_slice(s):
                self._set(s.out, s, fresh, self._deep(first))
            else:
                self._set(s.out, s, self._deep(first), self._deep(first))
        elif name == "item" and isinstance(first, Var) and first in self.parts and isinstance(s.args[1], Const):
            part = self.parts[first].items[s.args[1].value]
            self._set(s.out, s, part.own, part.deep())
            if part.items:
                self.parts[s.out] = part
        elif name in CALLS:
            self._call(s)
        elif name == "item" and first is not None:
            self._set(s.out, s, self._deep(first), self._deep(first))
        elif name == "without" and first is not None:
            self._set(s.out, s, self._own(first), self._deep(first))
        elif name in CHANGES and first is not None:
            held = self._deep(first)
            if s.mode == "set" or not isinstance(s.args[1].type, Array):  # an array is added to what is there
                held = self._inserted(held, s.args[1:2])
            self._set(s.out, s, self._own(first), held)
        elif name in ("make_tuple", "make_list", "make_record"):
            self._set(s.out, s, fresh, self._inserted((), s.args))
        elif name == "to_list" and first is not None and isinstance(first.type, Array):
            self._set(s.out, s, fresh, self._own(first))  # of its rows, which are views
        elif name in ("keys_of", "zeros_dict"):  # of what can't be written
            self._set(s.out, s, fresh, ())
        elif name in ("zeros_list", "copies"):
            self._set(s.out, s, fresh, (self._new(True),))
        elif name in ("copy", "values_of") and first is not None:
            self._set(s.out, s, fresh, self._deep(first))
        elif name == "bound" and first is not None:
            self._set(s.out, s, self._own(first), self._deep(first))
        elif name == "mul":  # a list of the same object many times
            self._set(
                s.out,
                s,
                fresh,
                () if _holds_values(s.out.type) else union(*(self.roots(a) for a in s.args), (self._unknown,)),
            )
        elif s.op.effect == "opaque":
            self._set(s.out, s, union((self._new(False),), *(self.roots(a) for a in s.args)), (self._unknown,))
        elif s.op.memory == "fresh" or (name == "np.diag" and isinstance(s.out.type, Array) and s.out.type.ndim == 2):
            self._set(s.out, s, fresh, union(*(self.roots(a) for a in s.args)))
        else:
            if s.op.variadic:  # a view of its only operand, if of any
                operands = [a for a in s.args[: len(s.args) - len(s.kws)] if isinstance(a, Var)]
                first = operands[0] if len(operands) == 1 else None
            base = self._own(first) if first is not None else ()
            if s.op.name in READ_ONLY:
                base = union(base, (self._unknown,))
            elif s.op.memory == "maybe":
                base = union(base, fresh)
            held = self._deep(first) if first is not None else ()
            if first is not None and isinstance(first.type, Array):
                held = base  # a list of views, as np.split makes
            self._set(s.out, s, base, held)

    def _call(self, s: Let) -> None:
        """What a summary gives is new, or what it wrote in place of an argument."""
        summary = summary_of(s)
        given = union((self._new(False),), *(self.roots(a) for a in s.args[1:]))
        back = {at: self._own(s.args[k + 1]) for k, at in summary.consumes.items()}
        whole = self._result(s.out.type, (), summary, given, back)
        self._set(s.out, s, whole.own, whole.deep())
        if whole.items:
            self.parts[s.out] = whole

    def _result(
        self, t: Type, at: tuple[int, ...], summary: Summary, given: Roots, back: dict[tuple[int, ...], Roots]
    ) -> _Part:
        if isinstance(t, Tuple):
            items: list[_Part] = []
            for k, i in enumerate(t.items):
                apart = at or not summary.values or k < summary.values
                if apart:
                    items.append(self._result(i, (*at, k), summary, given, back))
                else:  # what is saved may be an argument, or part of the result
                    held = union(given, *(x.deep() for x in items)) if holds_arrays(i) else (self._new(False),)
                    items.append(_Part(held, held))
            return _Part((self._new(True),), (), tuple(items))
        if not refers(t):
            return _Part(())
        if isinstance(t, Array):
            return _Part(union((self._new(True),), back.get(at, ())))
        if isinstance(t, List) and not refers(t.elem) and at in back:
            return _Part(back[at])
        return _Part(given, given)

    def _loop(self, s: Loop) -> None:
        outer = self._scope
        self._loops.append(s)
        roots: list[Root] = []
        for k, (p, out) in enumerate(zip(s.params, s.outs)):
            if refers(p.type):
                own = self._new(True, s, k)
                deep = () if _holds_values(p.type) else (self._new(True, s, k, inner=True),)
                roots += (own, *deep)
                self._set(p, s, (own,), deep)
                self._set(out, s, (own,), deep)
            else:
                self.defined[p] = self.defined[out] = s
        self.carried[s] = tuple(roots)
        self._scope = (*outer, s)
        for c in s.consumes:
            self._set(c.var, s, self._deep(c.seq), self._deep(c.seq))
            if isinstance(c.seq.type, Array):  # a row is a view
                self._set(c.var, s, self._own(c.seq))
        if s.test is not None:
            self._block(s.test)
        self._block(s.body)
        self._scope = outer
        for v, a in zip(s.collects, s.collected):
            self._set(v, s, (self._new(True),), self._through(s, self.roots(a)))

    def _through(self, s: Loop, roots: Roots) -> Roots:
        """Return the roots of what a loop collects: an object may be carried on after it was collected."""
        flows = [(r, self._through_inner(s, self.flow(r, s.yields[r.position]))) for r in self.carried[s]]
        out: dict[Root, None] = dict.fromkeys(roots)
        grew = True
        while grew:
            grew = False
            for r, flow in flows:
                if r not in out and any(f in out for f in flow):
                    out[r] = None
                    grew = True
        if any(r.loop is not s and s not in r.scope for r in out):
            out[self._unknown] = None  # the same object may stand in the list many times
        return tuple(out)

    def _through_inner(self, s: Loop, roots: Roots) -> dict[Root, None]:
        """Return roots and, of those that loops inside of `s` carry, what these begin with and become."""
        out: dict[Root, None] = {}
        stack = list(roots)
        while stack:
            r = stack.pop()
            if r not in out:
                out[r] = None
                if r.loop is not None and s in r.scope:
                    stack += (*self.flow(r, r.loop.inits[r.position]), *self.flow(r, r.loop.yields[r.position]))
        return out

    def _link(self) -> None:
        """Find what each carried value may be outside its loop."""
        grew = True
        while grew:
            grew = False
            for s in self._loops:
                for root in self.carried[s]:
                    before = len(root.links)
                    for r in self.flow(root, s.inits[root.position]):
                        root.links[r] = None
                    for r in self.flow(root, s.yields[root.position]):
                        self._outside(r, s, root.links, set())
                    grew = grew or len(root.links) != before
        self._closures.clear()

    def _outside(self, r: Root, s: Loop, links: dict[Root, None], seen: set[Root]) -> None:
        if r in seen:
            return
        seen.add(r)
        if s not in r.scope and r.loop is not s:
            links[r] = None
            return
        if not r.owned:
            links[r] = None
        for inner in list(r.links):
            self._outside(inner, s, links, seen)

    def _closure(self, r: Root) -> dict[Root, None]:
        if r.loop is None:
            return {r: None}
        found = self._closures.get(r)
        if found is None:
            found = {}
            stack = [r]
            while stack:
                x = stack.pop()
                if x not in found:
                    found[x] = None
                    stack.extend(x.links)
            self._closures[r] = found
        return found

    def _separate(self) -> None:
        """Join carried values of one loop that start as, or become, the same object."""
        merged = True
        while merged:
            merged = False
            self._apart.clear()
            for s in self._loops:
                carried = self.carried[s]
                inits = [self.flow(r, s.inits[r.position]) for r in carried]
                yields = [self.flow(r, s.yields[r.position]) for r in carried]
                for k, r in enumerate(carried):
                    for m in range(k):
                        a, b = self._find(r), self._find(carried[m])
                        if a is not b and (self.share(inits[k], inits[m]) or self.share(yields[k], yields[m])):
                            self._group[a] = b
                            merged = True
        peers: dict[Root, list[Root]] = {}
        for s in self._loops:
            for r in self.carried[s]:
                peers.setdefault(self._find(r), []).append(r)
        self._peers = {r: members for members in peers.values() for r in members}
        self._closures.clear()

    def _find(self, r: Root) -> Root:
        while r in self._group:
            r = self._group[r]
        return r

    def _same(self, a: Root, b: Root) -> bool:
        if a is b:
            return True
        if a.loop is None and b.loop is None:
            return False
        if a.number < b.number:
            a, b = b, a
        key = (a, b)
        if key not in self._apart:
            self._apart[key] = True  # a cycle of links decides nothing: assume the worst
            self._apart[key] = self._compare(a, b)
        return self._apart[key]

    def _compare(self, a: Root, b: Root) -> bool:
        if a.loop is not None and a.loop is b.loop:
            return self._find(a) is self._find(b)
        return any(self._same(x, b) for x in a.links)


def memory_of(func: Func) -> Memory:
    """Return the roots of a function that owns no parameter. Two passes ask: it is kept."""
    if func._memory is None:
        object.__setattr__(func, "_memory", Memory(func))
    memory: Memory = func._memory
    return memory


def advanced(s: Let) -> bool:
    """Say whether a getitem picks by arrays, which copies."""
    return any(
        isinstance(item, Hole) and _picks(s.args[item.arg].type)
        for step in s.place
        if isinstance(step, Index)
        for item in step.items
    )


def _picks(t: Type) -> bool:
    return bool(t.dims) if isinstance(t, Array) else isinstance(t, (List, Tuple, Record))


def has_slice(s: Let) -> bool:
    """Say whether a getitem makes a new list."""
    return any(isinstance(item, Slice) for step in s.place if isinstance(step, Index) for item in step.items)


def written(s: Stmt) -> Var | None:
    """Return the value whose object a statement writes in place."""
    if isinstance(s, Let) and s.op.name in CHANGES:
        base = s.args[0]
        return base if isinstance(base, Var) and refers(base.type) else None
    return None


def union(*parts: Iterable[Root]) -> Roots:
    """Join roots, in order, each once."""
    out: dict[Root, None] = {}
    for p in parts:
        out.update(dict.fromkeys(p))
    return tuple(out)
