"""What the backward part needs of the forward part that is no longer there.

A backward block reads primal values by their own names. Those defined inside a loop or branch are out of reach
behind it: the cheap ones are computed again, the others leave the primal loop as a collect, or the branch
as an out. Innermost regions come first, so collects of collects need no rule of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from adgen.ir.nodes import (
    CHANGES,
    UNDEF,
    Block,
    Const,
    Func,
    If,
    Let,
    Loop,
    Operand,
    Stmt,
    Var,
    bound,
    defs,
    free_vars,
    has_effects,
    operands,
    walk,
)
from adgen.ir.summary import Summary
from adgen.ir.types import (
    Array,
    Bool,
    Dict,
    Float,
    Int,
    List,
    NoneT,
    Opaque,
    Scalar,
    Tuple,
    Type,
    Undef,
    is_scalar,
)

MAX_RECOMPUTE = 2  # scalar operations worth doing again rather than keeping their result
NOTHING = Const(None, NoneT())  # what the other branch gives where a branch's value is saved: it is never read
BUFFERS = (Array, List, Dict)  # what is written in place
FREE = ("dim", "size", "length", "shape", "item", "make_tuple", "pin", "held", "named")


@dataclass(slots=True)
class Additions:
    """What a primal statement must give beside its own results."""

    collects: dict[Var, Var] = field(default_factory=dict)  # value in the body -> list of them
    outs: tuple[dict[Var, Var], dict[Var, Var]] = field(default_factory=lambda: ({}, {}))  # value in a branch -> out
    # value in the body that is the same in each iteration -> what it is without iterations, and the last one
    lasts: dict[Var, tuple[Const, Var]] = field(default_factory=dict)
    trips: Var | None = None  # number of iterations
    call: tuple[Summary, Var] | None = None  # what is called instead, and what it saves


class Saves:
    """The additions to primal statements, and their assembly."""

    def __init__(self) -> None:
        self.of: dict[Stmt, Additions] = {}
        self.shapes: dict[Var, Let] = {}  # arrays the shape of which is all that is needed
        self.kept: set[Var] = set()  # what statements give beside their own results; None where a path does not make it

    def at(self, s: Stmt) -> Additions:
        return self.of.setdefault(s, Additions())

    def defined(self, stmts: Iterable[Stmt], given: Iterable[Var] = ()) -> dict[Var, Let | None]:
        """Return the values that statements define for their block, with the `Let` of each; `given`: bound before."""
        found: dict[Var, Let | None] = {}

        def define(v: Var, s: Let | None) -> None:
            found[v] = s
            if v in self.shapes:
                found[self.shapes[v].out] = self.shapes[v]

        for v in given:
            define(v, None)
        for s in stmts:
            for v in defs(s):
                define(v, s if isinstance(s, Let) else None)
            if s in self.of:
                extra = self.of[s]
                outs = (*extra.outs[0].values(), *extra.outs[1].values())
                for v in (*extra.collects.values(), *(last for _, last in extra.lasts.values()), *outs):
                    found[v] = None
                    self.kept.add(v)
                if extra.trips is not None:
                    found[extra.trips] = None
                if extra.call is not None:
                    found[extra.call[1]] = None
        return found

    # -- assembly -----------------------------------------------------------------------------------

    def assemble(self, block: Block, given: Iterable[Var] = ()) -> Block:
        """Return a primal block with all additions made; `given`: what is bound before it."""
        stmts: list[Stmt] = [self.shapes[v] for v in given if v in self.shapes]
        for s in block.stmts:
            extra = self.of.get(s)
            if isinstance(s, Let) and extra is not None and extra.call is not None:
                stmts.extend(call_forward(s, *extra.call))
            else:
                stmts.append(self.with_additions(s))
            stmts.extend(self.shapes[v] for v in defs(s) if v in self.shapes)
        same = len(stmts) == len(block.stmts) and all(a is b for a, b in zip(stmts, block.stmts))
        return block if same else Block(tuple(stmts), block.results)

    def with_additions(self, s: Stmt) -> Stmt:
        """Return a primal statement with all additions made."""
        if isinstance(s, Let):
            return s
        extra = self.of.get(s)
        if isinstance(s, If):
            then, orelse = self.assemble(s.then), self.assemble(s.orelse)
            if extra is None:
                return s if then is s.then and orelse is s.orelse else replace(s, then=then, orelse=orelse)
            a, b = extra.outs
            then = Block(then.stmts, (*then.results, *a, *map(_nothing, b)))
            orelse = Block(orelse.stmts, (*orelse.results, *map(_nothing, a), *b))
            return replace(s, then=then, orelse=orelse, outs=(*s.outs, *a.values(), *b.values()))
        body = self.assemble(s.body, bound(s))
        if extra is None:
            return s if body is s.body else replace(s, body=body)
        return self._extend_loop(s, body, extra)

    @staticmethod
    def _extend_loop(s: Loop, body: Block, extra: Additions) -> Loop:
        n, m = len(s.params), len(s.collects)
        yields, collected, stop = body.results[:n], body.results[n : n + m], body.results[n + m :]
        params, inits, outs = s.params, s.inits, s.outs
        stmts = body.stmts
        if extra.trips is not None:
            from adgen.rules.registry import REGISTRY

            count, after = Var(Int(), "trips", True), Var(Int(), "trips", True)
            stmts = (*stmts, Let(after, REGISTRY.named("add"), (count, Const(1, Int())), adjoint=True))
            params, inits = (*params, count), (*inits, Const(0, Int()))
            outs, yields = (*outs, extra.trips), (*yields, after)
        for v, (first, last) in extra.lasts.items():
            params, inits = (*params, Var(v.type, v.name, v.fixed)), (*inits, first)
            outs, yields = (*outs, last), (*yields, v)
        results = (*yields, *collected, *extra.collects, *stop)
        return replace(
            s,
            params=params,
            inits=inits,
            outs=outs,
            body=Block(stmts, results),
            collects=(*s.collects, *extra.collects.values()),
        )


def _nothing(v: Var) -> Const:
    """Return what stands for a value on the other path: shapes stay shapes, so that a list of them has one type."""
    return nothing_like(v.type) if isinstance(v.type, Tuple) else NOTHING


def nothing_like(t: Type) -> Const:
    """Return a shape or number that is never read, None for any other type."""
    if isinstance(t, Tuple) and all(isinstance(i, Int) for i in t.items):
        return Const((0,) * len(t.items), t)
    if isinstance(t, (Bool, Int, Float)):
        return Const(False if isinstance(t, Bool) else 0 if isinstance(t, Int) else 0.0, t)
    return Const(0.0, Float()) if t == Scalar("float64") else NOTHING


def call_forward(s: Let, fwd: Summary, saved: Var) -> list[Let]:
    """Return the call of the forward half in the place of a call: the result, and what it saved."""
    from adgen.rules.registry import REGISTRY

    whole = Var(Tuple((s.out.type, saved.type)))
    s.out.fixed = True  # `value, saved = f_fwd(x)`
    item = REGISTRY.named("item")
    return [
        replace(s, out=whole, args=(Const(fwd, Opaque()), *s.args[1:])),
        Let(s.out, item, (whole, Const(0, Int())), origin=s.origin),
        Let(saved, item, (whole, Const(1, Int())), origin=s.origin),
    ]


def find_buffers(body: Block) -> set[Var]:
    """Return the versions of what a loop writes: keeping one costs a copy of the array or list in each iteration."""
    flows: list[tuple[Var, Operand]] = []
    found: set[Var] = set()
    for s in walk(body):
        if isinstance(s, Loop):
            for p, init, y, out in zip(s.params, s.inits, s.yields, s.outs):
                flows += [(p, init), (p, y), (out, p), (out, y)]
        elif isinstance(s, If):
            flows += [(v, a) for v, *sides in zip(s.outs, s.then.results, s.orelse.results) for a in sides]
        elif s.op.name in CHANGES and isinstance(s.out.type, BUFFERS):
            flows.append((s.out, s.args[0]))
            found.add(s.out)
        elif s.op.name == "getitem" and isinstance(s.out.type, BUFFERS) and not _gathers(s):
            flows.append((s.out, s.args[0]))
    grew = True
    while grew:
        before = len(found)
        for v, a in flows:
            if isinstance(a, Var) and (v in found or a in found) and isinstance(v.type, BUFFERS):
                found.update((v, a))
        grew = len(found) != before
    return found


@dataclass(slots=True)
class Sources:
    """What computing values again may read, and what not."""

    inner: dict[Var, Let | None]  # the values that the primal body defines
    free: set[Var] = field(default_factory=set)  # those of them that are at hand anyway (the index)
    dear: set[Var] = field(default_factory=set)  # values outside that would have to be kept whole further out
    stable: dict[Let, Var] = field(default_factory=dict)  # loads that a later version of the array answers as well

    def args(self, s: Let) -> tuple[Operand, ...]:
        """Return what a statement reads when it is repeated."""
        later = self.stable.get(s)
        return s.args if later is None or later in self.dear or later in self.inner else (later, *s.args[1:])


def choose(needed: Iterable[Var], sources: Sources) -> tuple[list[Var], list[Var]]:
    """Split the values that a backward body needs into (kept, computed again, in order of definition)."""
    inner, free = sources.inner, sources.free
    order = {v: k for k, v in enumerate(inner)}
    wanted = sorted((v for v in needed if v in inner and v not in free), key=order.__getitem__)
    again: dict[Var, None] = {}
    kept: dict[Var, None] = dict.fromkeys(wanted)
    for v in reversed(wanted):
        others = {w for w in kept if w is not v}
        if cost(v, sources, free | others, {}) <= MAX_RECOMPUTE:
            del kept[v]
            again[v] = None
    need: dict[Var, None] = {}
    for v in again:
        _collect_inputs(v, sources, free | set(kept), need)
    return list(kept), sorted(need, key=order.__getitem__)


def cost(v: Operand, sources: Sources, at_hand: set[Var], seen: dict[Var, float]) -> float:
    """Return what computing a value again costs, infinity if it can't or should not be done."""
    inner = sources.inner
    if v in sources.dear:
        return float("inf")
    if not isinstance(v, Var) or v not in inner or v in at_hand:
        return 0.0
    if v in seen:
        return 0.0
    s = inner[v]
    price = _price(s) if s is not None else float("inf")
    if s is None or price == float("inf"):
        return float("inf")
    seen[v] = price
    for a in sources.args(s):
        price += cost(a, sources, at_hand, seen)
        if price > MAX_RECOMPUTE:
            return float("inf")
    return price


def like_shaped(v: Var, sources: Sources, again: Iterable[Var]) -> Var | None:
    """Return the array that an elementwise value has its shape of, where that costs nothing to take again.

    `again`: what is computed again anyway.
    """
    s = sources.inner.get(v)
    arrays = [a for a in s.args if not is_scalar(a.type)] if s is not None and s.op.kind == "elementwise" else []
    if len(arrays) != 1 or not isinstance(w := arrays[0], Var) or not isinstance(w.type, Array):
        return None
    same = isinstance(v.type, Array) and w.type.ndim == v.type.ndim and w.type.dtype == v.type.dtype
    return w if same and not w.type.loose and cost(w, sources, sources.free.union(again), {}) <= MAX_RECOMPUTE else None


def _price(s: Let) -> float:
    if s.op.effect != "pure":
        return float("inf")
    if s.op.name in FREE:
        return 0.0
    if s.op.name == "getitem":
        return 0.0 if isinstance(s.out.type, Array) and s.place and not _gathers(s) else 0.5
    if s.op.memory == "view":
        return 0.0
    if s.op.name == "unpack":
        return 0.5
    if is_scalar(s.out.type) and all(is_scalar(a.type) for a in s.args if isinstance(a, Var)):
        if isinstance(s.out.type, Int) and s.op.show in ("+", "-"):  # where in an array something stands
            return 0.5
        cheap = s.op.show in ("+", "-", "*", "/", "-_", "<", "<=", ">", ">=", "==", "!=", "//", "%", "not _")
        return 1.0 if cheap else float("inf")
    return float("inf")


def _gathers(s: Let) -> bool:
    return any(isinstance(a.type, (Array, List)) for a in s.args[1:])


def _collect_inputs(v: Operand, sources: Sources, at_hand: set[Var], need: dict[Var, None]) -> None:
    inner = sources.inner
    stack = [v]
    while stack:
        a = stack.pop()
        if isinstance(a, Var) and a in inner and a not in at_hand and a not in need:
            need[a] = None
            s = inner[a]
            assert s is not None
            stack.extend(sources.args(s))


def recompute(again: list[Var], sources: Sources, mapping: dict[Var, Operand]) -> list[Stmt]:
    """Return copies of the statements of values to compute again; `mapping` gets their new names."""
    out: list[Stmt] = []
    for v in again:
        s = sources.inner[v]
        assert s is not None
        fresh = Var(v.type, v.name, False)
        args = tuple(mapping.get(a, a) if isinstance(a, Var) else a for a in sources.args(s))
        out.append(replace(s, out=fresh, args=args, adjoint=True))
        mapping[v] = fresh
    return out


def settle_absent(func: Func) -> Func:
    """Decide what a value is on a path that does not make it: undefined, or None where it is kept in a list or tuple.

    A name that the program may read unbound stays undefined, so that reading it raises, unless the backward part asks
    whether it is there.
    """
    asked: set[Var] = set()
    kept: set[Var] = set()
    checked: set[Var] = set()
    flows: list[tuple[Var, Operand]] = []
    for s in walk(func.body):
        if isinstance(s, Loop):
            kept.update(v for v in s.collected if isinstance(v, Var))
            flows.extend((p, a) for p, *others in zip(s.params, s.inits, s.yields) for a in others)
            flows.extend(zip(s.outs, s.params))
        elif isinstance(s, If):
            flows.extend((v, a) for v, *sides in zip(s.outs, s.then.results, s.orelse.results) for a in sides)
        elif s.op.name in ("make_tuple", "make_list", "make_record", "append", "insert"):
            kept.update(v for v in s.args if isinstance(v, Var))
        elif s.op.name == "bound" and isinstance(s.args[0], Var):
            checked.add(s.args[0])
        elif s.op.name in ("zeros_of", "zeros_saved") and isinstance(s.args[0], Var):
            asked.add(s.args[0])
    for reached in (kept, checked, asked):
        grew = True
        while grew:
            before = len(reached)
            reached.update(a for v, a in flows if v in reached and isinstance(a, Var))
            grew = len(reached) != before
    return replace(func, body=_settle(func.body, kept | asked, checked - asked))


def _settle(block: Block, kept: set[Var], checked: set[Var]) -> Block:
    def absent(a: Operand, *holders: Var) -> Operand:
        is_kept = any(v in kept for v in holders)
        if a is NOTHING and not is_kept:
            return UNDEF
        return NOTHING if isinstance(a.type, Undef) and is_kept and not any(v in checked for v in holders) else a

    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, If):
            sides = []
            for side in (_settle(s.then, kept, checked), _settle(s.orelse, kept, checked)):
                sides.append(Block(side.stmts, tuple(map(absent, side.results, s.outs))))
            s = replace(s, then=sides[0], orelse=sides[1])
        elif isinstance(s, Loop):
            s = replace(s, body=_settle(s.body, kept, checked), inits=tuple(map(absent, s.inits, s.outs, s.params)))
        stmts.append(s)
    return Block(tuple(stmts), block.results)


def prune(block: Block) -> Block:
    """Drop the pure statements of a block that nothing in it needs."""
    live: set[Var] = {r for r in block.results if isinstance(r, Var)}
    kept: list[Stmt] = []
    for s in reversed(block.stmts):
        if isinstance(s, Let) and not s.stays and s.out not in live:
            continue
        if isinstance(s, If) and not any(o in live for o in s.outs) and not has_effects(s):
            continue
        kept.append(s)
        live.update(a for a in operands(s) if isinstance(a, Var))
        if isinstance(s, If):
            live.update(free_vars(s.then))
            live.update(free_vars(s.orelse))
        elif isinstance(s, Loop):
            live.update(v for v in free_vars(s.body) if v not in bound(s))
            if s.test is not None:
                live.update(free_vars(s.test))
    if len(kept) == len(block.stmts):
        return block
    return Block(tuple(reversed(kept)), block.results)
