"""Decide which values are written inside the expression that uses them.

Assumes that updates can be done in place (`optimise.own`). Folds only values without a statement of their
own (`fixed` is false) that are used once, in the same block, and never across a write of something that
the expression reads, across an effect, into a loop or a branch, or past the statement of the user that an
adjoint belongs to. Evaluation order of pure operations is free. Entries of parameters (`p['w']`) and
indices beside a named one (`i - 1`) are written wherever they are used.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from adgen.ir.live import Overlay, stops_at_branch
from adgen.ir.memory import Memory, Roots, union, written
from adgen.ir.nodes import (
    CHANGES,
    Block,
    Const,
    Func,
    If,
    Let,
    Loop,
    Operand,
    Origin,
    Stmt,
    Var,
    blocks,
    operands,
    walk,
)
from adgen.ir.summary import consumed
from adgen.ir.types import Array, Int, Record, Tuple

WIDTH = 88
DEPTH = 8
MOST_INDICES = 4  # so often `i - 1` is written out
LONGEST_GAP = 24  # writes that are looked at between a definition and its use
STATEMENTS = CHANGES | {"bound", "raise_", "attempt", "tried", "caught", "unpack"}
SHAPE_ONLY = frozenset({"dim", "size", "shape", "np.zeros_like", "np.ones_like", "np.empty_like"})


@dataclass(slots=True)
class _Expr:
    """What is known about a value that may be folded."""

    let: Let
    order: int
    width: int
    depth: int
    reads: Roots
    opaque: bool
    names: tuple[str, ...]
    origin: Origin | None


@dataclass(slots=True)
class _Events:
    """Where memory is written and effects happen, by order of statements."""

    orders: list[int] = field(default_factory=list)
    roots: list[Roots | None] = field(default_factory=list)  # None: an effect that is ordered with all others
    named: dict[str, list[int]] = field(default_factory=dict)


def fold(func: Func, memory: Memory) -> Overlay:
    """Return what is written where, for `adgen.emit.write`."""
    folder = _Folder(func, memory)
    folder.block(func.body, 1, "return ")
    return folder.overlay


class _Folder:
    def __init__(self, func: Func, memory: Memory) -> None:
        self.memory = memory
        self.overlay = Overlay()
        self.uses: dict[Var, int] = {}
        self.home: dict[Var, Block] = {}
        self.exprs: dict[Var, _Expr] = {}
        self.events = _Events()
        self.order: dict[Stmt | Block, int] = {}
        self.clock = 0
        self.params = set(func.params)
        self.unpacked: set[Operand] = set()
        self._number(func.body)
        for s in walk(func.body):
            if isinstance(s, Let) and s.op.name == "bound":
                self.overlay.same[s.out] = s.args[0]
        self._count(func.body)

    def _tick(self, *assigned: Var) -> int:
        self.clock += 1
        for v in assigned:
            if v.name is not None:
                self.events.named.setdefault(v.name, []).append(self.clock)
        return self.clock

    def _number(self, block: Block) -> None:
        for s in block.stmts:
            n = self.order[s] = self._tick()
            if isinstance(s, Let):
                if s.out.name is not None and s.out.fixed:
                    self.events.named.setdefault(s.out.name, []).append(n)
                base = written(s)
                taken = consumed(s)
                if base is not None or s.stays or taken:
                    self.events.orders.append(n)
                    opaque = s.stays
                    reach = union(*(self.memory.roots(a) for a in s.args))
                    if taken and not opaque:
                        self.events.roots.append(union(*(self.memory.roots(s.args[k]) for k in sorted(taken))))
                    else:
                        self.events.roots.append(None if opaque and not reach else reach if opaque else self._target(s))
            if isinstance(s, Loop):
                self._tick(*s.params)
            for b in blocks(s):
                self._number(b)
            if not isinstance(s, Let):  # its results are assigned at the end
                self._tick(*s.outs)
        self.order[block] = self._tick()

    def _target(self, s: Let) -> Roots:
        base = s.args[0]
        own = self.memory.own.get(base, ()) if isinstance(base, Var) else ()
        if isinstance(base.type, Array):
            return own
        return self.memory.roots(base)

    def _count(self, block: Block) -> None:
        for s in block.stmts:
            for a in operands(s):
                self._use(a)
            for b in blocks(s):
                self._count(b)
            if isinstance(s, Loop) and s.stop is not None and stops_at_branch(s):
                a = self.overlay.resolve(s.stop)
                if isinstance(a, Var):
                    self.uses[a] -= 1
        for a in block.results:
            self._use(a)

    def _use(self, a: Operand) -> None:
        a = self.overlay.resolve(a)
        if isinstance(a, Var):
            self.uses[a] = self.uses.get(a, 0) + 1

    def block(self, block: Block, indent: int, lead: str = "", owner: Loop | None = None) -> None:
        room = WIDTH - 4 * indent
        collected = set(owner.collected) if owner is not None else set[Operand]()
        for s in block.stmts:
            if isinstance(s, Let):
                self._let(s, block, room)
                if s.out in collected:
                    self.take(s.out, block, room - 20, self.order[s], s.origin if s.adjoint else None)
                continue
            n = self.order[s]
            if isinstance(s, If):
                self.take(s.cond, block, room - 4, n, None)
                self.block(s.then, indent + 1)
                self.block(s.orelse, indent + 1)
            else:
                for a in operands(s):
                    self.take(a, block, room - 16, n, None)
                if s.test is not None:
                    self.block(s.test, indent, "while ")
                self.block(s.body, indent + 1, "", s)
        room -= len(lead)
        for a in block.results:
            if a not in collected:
                self.take(a, block, room - (0 if lead else 8), self.order[block], None)

    def _let(self, s: Let, block: Block, room: int) -> None:
        n = self.order[s]
        if s.out.fixed or s.op.name in STATEMENTS:
            room -= len(s.out.name or "t") + 3
        width, depth = _overhead(s), 1
        reads: Roots = ()
        opaque = s.stays
        names: dict[str, None] = {}
        origin = s.origin if s.adjoint else None
        args = tuple(map(self.overlay.resolve, s.args))
        width += sum(map(_width, args))
        for k, a in enumerate(args):
            if not isinstance(a, Var):
                continue
            inner: _Expr | None
            if a in self.overlay.folded:  # an entry of a parameter
                inner = self.exprs[a]
                width += inner.width - _width(a)
            elif k == 0 and s.op.name in (*CHANGES, "bound"):
                continue
            else:
                inner = self._candidate(a, block, n, origin)
                if inner is None or inner.depth >= DEPTH or width - _width(a) + inner.width > room:
                    if isinstance(a.type, (Array, Record, Tuple)) or a in self.memory.own:
                        reads = reads if s.op.name in SHAPE_ONLY else union(reads, self.memory.roots(a))
                    if a.name is not None:
                        names[a.name] = None
                    continue
                width += inner.width - _width(a)
                self.overlay.folded[a] = inner.let
            depth = max(depth, inner.depth + 1)
            reads = union(reads, inner.reads)
            opaque = opaque or inner.opaque
            names.update(dict.fromkeys(inner.names))
            origin = origin or inner.origin
        self.home[s.out] = block
        if s.op.name == "unpack":
            self.unpacked.add(s.out)
        if s.op.name in STATEMENTS or consumed(s) or (s.op.name == "item" and s.args[0] in self.unpacked):
            return
        self.exprs[s.out] = _Expr(s, n, width, depth, reads, opaque, tuple(names), origin)
        if not s.out.fixed and (
            self._of_param(s.args[0]) if s.op.name == "item" else self._is_next_to_a_name(s, block)
        ):
            self.overlay.folded[s.out] = s

    def _is_next_to_a_name(self, s: Let, block: Block) -> bool:
        """Say whether this is an index beside a named one (`i - 1`), read in no inner loop: it is its own best name."""
        if (
            type(s.out.type) is not Int
            or s.op.name not in ("add", "sub")
            or not 1 < self.uses.get(s.out, 0) <= MOST_INDICES
        ):
            return False
        a, b = s.args
        if not (isinstance(a, Var) and a.name is not None and isinstance(b, Const)) or a in self.overlay.same:
            return False
        at = self.events.named.get(a.name, [])
        if bisect_left(at, self.order[block]) > bisect_right(at, self.order[s]):
            return False
        return self._count_reads(s.out, block) == self.uses[s.out]

    def _count_reads(self, v: Var, block: Block) -> int:
        """Count how often a block reads `v`, its branches included and its loops not."""
        reads = sum(self.overlay.resolve(a) is v for a in block.results)
        for s in block.stmts:
            reads += sum(self.overlay.resolve(a) is v for a in operands(s))
            if isinstance(s, If):
                reads += self._count_reads(v, s.then) + self._count_reads(v, s.orelse)
        return reads

    def _of_param(self, a: Operand) -> bool:
        a = self.overlay.resolve(a)
        while isinstance(a, Var) and a in self.overlay.folded and self.exprs[a].let.op.name == "item":
            a = self.overlay.resolve(self.exprs[a].let.args[0])
        return a in self.params

    def take(self, a: Operand, block: Block, room: int, order: int, origin: Origin | None) -> None:
        """Fold `a` into a statement that is no expression."""
        a = self.overlay.resolve(a)
        if not isinstance(a, Var) or a in self.overlay.folded:
            return
        inner = self._candidate(a, block, order, origin)
        if inner is not None and (inner.width <= room or inner.let.op.name in ("make_tuple", "make_record")):
            self.overlay.folded[a] = inner.let

    def _candidate(self, v: Var, block: Block, order: int, origin: Origin | None) -> _Expr | None:
        e = self.exprs.get(v)
        if e is None or v.fixed or self.uses.get(v) != 1 or self.home.get(v) is not block:
            return None
        if origin is not None and e.origin is not None and e.origin is not origin:
            return None
        if not self._still(e, order):
            return None
        return e

    def _still(self, e: _Expr, order: int) -> bool:
        """Say whether the expression has the same value at a later statement as at its own."""
        events = self.events
        lo, hi = bisect_right(events.orders, e.order), bisect_left(events.orders, order)
        if hi > lo:
            if e.opaque or hi - lo > LONGEST_GAP and e.reads:
                return False
            for roots in events.roots[lo:hi]:
                if roots and e.reads and self.memory.share(roots, e.reads):
                    return False
        for name in e.names:
            at = events.named.get(name)
            if at is not None and bisect_left(at, order) > bisect_right(at, e.order):
                return False
        return True


def _width(a: Operand) -> int:
    if isinstance(a, Const):
        return min(len(getattr(a.value, "__name__", None) or repr(a.value)), 30)
    return len(a.name) if a.name is not None else 2


def _overhead(s: Let) -> int:
    """Estimate what an operation adds to the width of its operands."""
    p = s.op
    if p.name in ("getitem", "update"):
        items = sum(len(step.items) for step in s.place if hasattr(step, "items"))
        return 2 + 3 * items + (6 if p.name == "update" else 0)
    if p.show:
        return len(p.show) + 4
    if p.name in ("make_tuple", "make_list"):
        return 2 * len(s.args)
    if p.name == "make_record":
        cls, keys = s.args[:2]
        words = keys.value if isinstance(keys, Const) else ()
        return sum(len(repr(k)) + 4 for k in words) - _width(cls) - _width(keys) + 2
    return len(p.name) + 2 + 2 * len(s.args) + sum(len(k) for k in s.kws)
