"""Carried values that a loop only adds to: `s += f(x)`.

The cotangent of such a value is the same in every iteration, so the backward loop need not carry it, and what is
known of it (that it is 1.0, often) is known in the loop.
"""

from __future__ import annotations

from adgen.ir.nodes import Block, If, Let, Loop, Operand, Stmt, Var, blocks, operands, walk
from adgen.ir.types import Array, Undef, is_scalar


def find_sums(s: Loop) -> set[int]:
    """Return the positions of the carried values that become themselves and something else, and are not read."""
    finder = _Finder(s)
    finder.block(s.body)
    found = set[int]()
    for k, (p, y) in enumerate(zip(s.params, s.yields)):
        if finder.step(p, y) and not isinstance(s.inits[k].type, Undef):
            found.add(k)
    return {k for k in found if s.params[k] not in finder.read()}


class _Finder:
    """Follows each carried value through an iteration."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.of: dict[Var, Var] = {p: p for p in loop.params}  # value -> the carried one that it contains as it is
        self.counted: dict[Var, int] = {}  # how often each is passed on

    def step(self, source: Var | None, *parts: Operand) -> bool:
        """Pass values on that all contain one carried value; False if they do not."""
        if source is None or any(not isinstance(a, Var) or self.of.get(a) is not source for a in parts):
            return False
        for a in parts:
            assert isinstance(a, Var)
            self.counted[a] = self.counted.get(a, 0) + 1
        return True

    def source(self, a: Operand) -> Var | None:
        return self.of.get(a) if isinstance(a, Var) else None

    def block(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Let):
                self.let(s)
                continue
            for b in blocks(s):
                self.block(b)
            if isinstance(s, If):
                for out, x, y in zip(s.outs, s.then.results, s.orelse.results):
                    self.join(out, x, y)
            else:
                sums = find_sums(s)
                for k, (out, init) in enumerate(zip(s.outs, s.inits)):
                    if k in sums and s.params[k].type == out.type:
                        self.join(out, init)

    def let(self, s: Let) -> None:
        numeric = isinstance(s.out.type, Array) or is_scalar(s.out.type)  # lists have a sum, too
        if s.op.name in ("add", "sub") and not s.kws and numeric:
            held = [a for a in s.args if self.source(a) is not None]
            if len(held) == 1 and (s.op.name == "add" or held[0] is s.args[0]):
                self.join(s.out, held[0])

    def join(self, out: Var, *parts: Operand) -> None:
        p = self.source(parts[0])
        if p is not None and out.type == p.type and self.step(p, *parts):
            self.of[out] = p

    def read(self) -> set[Var]:
        """Return the carried values that are read otherwise."""
        uses: dict[Var, int] = {}
        for a in _reads(self.loop):
            if isinstance(a, Var) and a in self.of:
                uses[a] = uses.get(a, 0) + 1
        return {p for v, p in self.of.items() if uses.get(v, 0) != self.counted.get(v, 0)}


def _reads(loop: Loop) -> list[Operand]:
    """Return all that a loop reads in an iteration."""
    found: list[Operand] = []
    tops: list[Stmt] = []
    for b in blocks(loop):
        found += b.results
        tops += walk(b)
    for s in tops:
        found += operands(s)
        if not isinstance(s, Let):
            for b in blocks(s):
                found += b.results
    return found
