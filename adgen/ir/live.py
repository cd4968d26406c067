"""Where each value is live, in positions of the program as it will be written.

Assumes a well-formed function. Guarantees half-open segments per value, with holes at branches: a value
that only the `else` branch reads is dead within the `then` branch. Two values whose segments do not
overlap can share one variable. `Overlay` says which values are written inside the expressions that
read them (they have no position of their own) and which only stand for another value.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from adgen.ir.nodes import Block, Func, If, Let, Loop, Operand, Stmt, Var, blocks, defs

Segment = tuple[int, int]


@dataclass(slots=True)
class Overlay:
    """What emission has decided: folded values, values that stand for others, items that are taken together."""

    folded: dict[Var, Let] = field(default_factory=dict)
    same: dict[Var, Operand] = field(default_factory=dict)
    taken: dict[Let | Var, tuple[Let | None, ...]] = field(default_factory=dict)  # first statement -> items by position
    _leaves: dict[Var, tuple[Var, ...]] = field(default_factory=dict)

    def resolve(self, a: Operand) -> Operand:
        """Follow values that stand for another one."""
        while type(a) is Var and a in self.same:
            a = self.same[a]
        return a

    def leaves(self, a: Operand) -> tuple[Var, ...]:
        """Return the variables that are read where `a` is written."""
        if a in self.same:
            a = self.resolve(a)
        if type(a) is not Var:
            return ()
        if a not in self.folded:
            return (a,)
        if a not in self._leaves:
            self._leaves[a] = tuple(dict.fromkeys(v for b in self.folded[a].args for v in self.leaves(b)))
        return self._leaves[a]


@dataclass(slots=True)
class Span:
    """The positions of a statement: where it reads, where a loop or branch ends."""

    at: int
    end: int = 0
    middle: int = 0  # of an If: where `else` begins; of a Loop: where the body begins
    copies: int = 0  # of a Loop: where an iteration assigns the next carried values


@dataclass(slots=True)
class Live:
    """Segments of all values, and the positions of all statements."""

    segments: dict[Var, list[Segment]]
    spans: dict[Stmt, Span]
    ends: dict[Block, int]
    used: set[Var]
    start: dict[Var, int]
    home: dict[Var, Block | Loop]
    position: int = 0

    def at(self, v: Var, position: int) -> bool:
        """Say whether `v` is still needed just after `position`."""
        return any(a <= position + 1 < b for a, b in self.segments.get(v, ()))


def find_live(func: Func, overlay: Overlay | None = None) -> Live:
    """Return the live segments of every value of `func`."""
    walker = _Walker(overlay or Overlay())
    for v in func.params:
        walker.define(v, 0, func.body)
    walker.block(func.body)
    return walker.finish()


class _Walker:
    def __init__(self, overlay: Overlay) -> None:
        self.overlay = overlay
        self.live = Live({}, {}, {}, set(), {}, {})
        self.parent: dict[Block | Loop, tuple[Stmt, bool, Block | Loop]] = {}  # statement, in its `else`, outside
        self.raw: dict[Var, list[Segment]] = {}
        self.position = 2
        self.reads: list[tuple[Var, int, Block | Loop]] = []
        self.extra: list[tuple[Var, Segment]] = []

    def define(self, v: Var, position: int, home: Block | Loop) -> None:
        self.live.start[v] = position
        self.live.home[v] = home

    def read(self, operands: Iterable[Operand], position: int, home: Block | Loop) -> None:
        overlay = self.overlay
        for a in operands:
            if type(a) is not Var:
                continue
            if a not in overlay.folded and a not in overlay.same:
                self.reads.append((a, position, home))
                self.live.used.add(a)
                continue
            for v in overlay.leaves(a):
                self.reads.append((v, position, home))
                self.live.used.add(v)

    def step(self, by: int = 2) -> int:
        self.position += by
        return self.position

    def block(self, block: Block, owner: Loop | None = None) -> int:
        kept = () if owner is None else collect_points(owner)[1]
        for s in block.stmts:
            if type(s) is If:
                self.branch(s, block)
            elif type(s) is Loop:
                self.loop(s, block)
            elif s.out not in self.overlay.folded:
                p = self.step()
                self.live.spans[s] = Span(p, p)
                self.read(s.args, p, block)
                self.define(s.out, p + 1, block)
            if kept:
                self.read((v for v in defs(s) if v in kept), self.step(), block)
        p = self.step()
        self.read(block.results if owner is None else owner.yields, p, block)
        self.live.ends[block] = p
        return p

    def branch(self, s: If, block: Block) -> None:
        span = Span(self.step())
        self.live.spans[s] = span
        self.read((s.cond,), span.at, block)
        self.parent[s.then] = (s, False, block)
        self.parent[s.orelse] = (s, True, block)
        self.block(s.then)
        span.middle = self.step()
        span.end = self.block(s.orelse)
        for v in s.outs:
            self.define(v, span.end + 1, block)

    def loop(self, s: Loop, block: Block) -> None:
        span = Span(self.step())
        self.live.spans[s] = span
        self.parent[s] = (s, False, block)
        self.read(s.inits, span.at, block)
        for v in s.collects:
            self.define(v, span.at + 1, block)
        for v in s.params:
            self.define(v, span.at + 1, s)
        header = self.step()
        if s.range is not None:
            self.read((s.range.start, s.range.stop, s.range.step), header, block)
        self.read((c.seq for c in s.consumes), header, block)
        head = self.step()
        for v in (*(() if s.index is None else (s.index,)), *(c.var for c in s.consumes)):
            self.define(v, head + 1, s)
        tested = head
        for b in blocks(s):
            self.parent[b] = (s, False, s)
        if s.test is not None:
            tested = self.block(s.test)
        span.middle = self.step()
        self.read(collect_points(s)[0], span.middle, s.body)
        end = self.block(s.body, s)
        span.copies = self.step()
        if s.stop is not None and not stops_at_branch(s):
            self.read((s.stop,), span.copies, s.body)
        span.end = self.step()
        for p, out in zip(s.params, s.outs):
            self.define(out, span.end + 1, block)
            self.extra.append((p, (span.at + 1, tested + 2)))
            self.extra.append((p, (end + 1, span.copies + 2)))
        self.reads.extend((v, span.end, block) for v in s.collects)
        self.read((c.seq for c in s.consumes), span.end, block)

    def finish(self) -> Live:
        live = self.live
        live.position = self.position
        last = dict(live.start)  # the last read in the very block of the definition
        far: list[tuple[Var, int, Block | Loop]] = []
        for read in self.reads:
            v, position, home = read
            if home is not live.home[v]:
                far.append(read)
            elif position > last[v]:
                last[v] = position
        live.segments = {v: [(p, last[v] + 1)] for v, p in live.start.items()}
        for v, segment in self.extra:
            live.segments[v].append(segment)
        for v, position, home in far:
            live.segments[v].extend(self.climb(v, position, home))
        for v in {v for v, _, _ in far} | {v for v, _ in self.extra}:
            live.segments[v] = merge(live.segments[v])
        return live

    def climb(self, v: Var, position: int, home: Block | Loop) -> list[Segment]:
        """Return the segments from the definition of `v` to one read, walking outwards."""
        target, found = self.live.home[v], list[Segment]()
        while home is not target:
            s, in_else, outside = self.parent[home]
            span = self.live.spans[s]
            if isinstance(s, Loop):
                if home is s:  # what a loop reads from outside is needed until its last iteration
                    position, found = span.end, []
            elif in_else and not (isinstance(s, If) and s.catch):  # an exception comes in the midst of `then`
                found.append((span.middle, position + 1))
                position = span.at
            home = outside
        found.append((self.live.start[v], position + 1))
        return found


def collect_points(s: Loop) -> tuple[tuple[Operand, ...], set[Var]]:
    """Return what a loop collects as an iteration begins, and what it collects right after its definition."""
    late = {v for b in s.body.stmts for v in defs(b)} if s.collects else set[Var]()
    early = tuple(a for a in s.collected if not isinstance(a, Var) or a not in late)
    return early, {a for a in s.collected if isinstance(a, Var) and a in late}


def stops_at_branch(s: Loop) -> bool:
    """Say whether a loop ends where the condition of its last statement, a branch, holds."""
    last = s.body.stmts[-1] if s.body.stmts else None
    return isinstance(last, If) and last.cond is s.stop and not any(v in s.collected for v in last.outs)


def merge(segments: list[Segment]) -> list[Segment]:
    """Sort segments and join those that touch."""
    segments.sort()
    out = [segments[0]]
    for a, b in segments[1:]:
        if a <= out[-1][1]:
            if b > out[-1][1]:
                out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return out
