"""Activity: which values depend on a source, and which of those a result depends on.

`find_varied` walks forward, `reach` backward; both go to a fixed point in loops. Integers, booleans, strings
and shapes are inactive by kind.
"""

from __future__ import annotations

from collections.abc import Iterable

from adgen.errors import NoGradientError
from adgen.ir.nodes import Block, Const, If, Let, Loop, Operand, Var
from adgen.ir.types import Opaque, is_floating

INERT = ("zero", "query", "constructor")
PLACES = ("getitem", "update")  # what follows the value are indices


def inputs(s: Let) -> tuple[Operand, ...]:
    """Return the operands that a statement may be differentiated in."""
    op = s.op
    if op.kind == "zero" or op.kind == "query" or op.name == "stop_gradient":
        return ()
    if op.name == "getitem":
        return s.args[:1]
    if op.name == "update":
        return s.args[:2]
    if op.kind == "constructor" and not op.diff:
        return ()
    return s.args


class Varied:
    """The values that depend on the sources."""

    def __init__(self, body: Block, sources: Iterable[Var]) -> None:
        self.values: set[Var] = set(sources)
        self.tainted: set[Var] = set()  # objects of unknown kind that an active value went into
        self._block(body)

    def __contains__(self, v: Operand) -> bool:
        return isinstance(v, Var) and v in self.values

    def _mark(self, out: Var) -> None:
        if is_floating(out.type):
            self.values.add(out)

    def _block(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Let):
                self._let(s)
            elif isinstance(s, If):
                self._block(s.then)
                self._block(s.orelse)
                for out, a, b in zip(s.outs, s.then.results, s.orelse.results):
                    self._join(out, a, b)
            else:
                self._loop(s)

    def _join(self, out: Var, *parts: Operand) -> None:
        if any(p in self for p in parts):
            self._mark(out)
        if any(isinstance(p, Var) and p in self.tainted for p in parts):
            self.tainted.add(out)

    def _let(self, s: Let) -> None:
        if any(a in self for a in inputs(s)):
            self._mark(s.out)
            if isinstance(s.out.type, Opaque):
                self.tainted.add(s.out)
        if self.tainted and any(isinstance(a, Var) and a in self.tainted for a in s.args):
            if is_floating(s.out.type):
                raise NoGradientError(
                    what="a value that went through code adgen can't follow comes back as a number",
                    why=f"'{s.op.name}' reads an object that an active value went into; its derivative is not known",
                    instead="do the computation with NumPy, register a rule for the function, or wrap the value in adgen.stop_gradient",
                    origin=s.origin,
                )
            if isinstance(s.out.type, Opaque):
                self.tainted.add(s.out)

    def _loop(self, s: Loop) -> None:
        for c in s.consumes:
            self._join(c.var, c.seq)
        for p, init in zip(s.params, s.inits):
            self._join(p, init)
        while True:
            before = len(self.values) + len(self.tainted)
            self._block(s.body)
            for p, y in zip(s.params, s.yields):
                self._join(p, y)
            if len(self.values) + len(self.tainted) == before:
                break
        for out, p, y in zip(s.outs, s.params, s.yields):
            self._join(out, p, y)
        for q, y in zip(s.collects, s.collected):
            self._join(q, y)


def reach(block: Block, wanted: set[Var], varied: Varied) -> set[Var]:
    """Return `wanted` with everything varied in or above the block whose cotangent it makes nonzero."""
    for s in reversed(block.stmts):
        if isinstance(s, Let):
            if s.out in wanted:
                wanted.update(a for a in inputs(s) if isinstance(a, Var) and a in varied)
        elif isinstance(s, If):
            for k, out in enumerate(s.outs):
                if out in wanted:
                    for side in (s.then, s.orelse):
                        r = side.results[k]
                        if isinstance(r, Var) and r in varied:
                            wanted.add(r)
            reach(s.then, wanted, varied)
            reach(s.orelse, wanted, varied)
        else:
            reach_loop(s, wanted, varied)
    return wanted


def reach_loop(s: Loop, wanted: set[Var], varied: Varied) -> list[int]:
    """Extend `wanted` through a loop; return the positions of the carried values with a cotangent."""
    active = {k for k, out in enumerate(s.outs) if out in wanted}
    fed = [y for q, y in zip(s.collects, s.collected) if q in wanted]
    while True:
        for k in active:
            y = s.yields[k]
            if isinstance(y, Var) and y in varied:
                wanted.add(y)
        wanted.update(y for y in fed if isinstance(y, Var) and y in varied)
        if active or fed:
            reach(s.body, wanted, varied)
        grown = active | {k for k, p in enumerate(s.params) if p in wanted and p in varied}
        if grown == active:
            break
        active = grown
    for k in active:
        init = s.inits[k]
        if isinstance(init, Var) and init in varied:
            wanted.add(init)
    for c in s.consumes:
        if c.var in wanted and isinstance(c.seq, Var):
            wanted.add(c.seq)
    return sorted(active)


__all__ = ["Const", "Varied", "inputs", "reach", "reach_loop"]
