"""Write a function's IR as Python statements: the way out of SSA.

Assumes that every update can be done in place (`optimise.own`) and that all values have names. A function
that ends in a branch returns from within it.
"""

from __future__ import annotations

import ast

from adgen.emit.loops import LoopWriter
from adgen.ir.nodes import Block, Const, If, Operand


class Writer(LoopWriter):
    """Builds the statements of one function."""

    def write(self) -> list[ast.stmt]:
        self.returning(self.func.body, self.func.body.results[0])
        return self.body

    def returning(self, block: Block, result: Operand) -> None:
        """Write a block that ends the function with `result`."""
        last = block.stmts[-1] if block.stmts else None
        result = self.overlay.resolve(result)
        if (
            isinstance(last, If)
            and not last.catch
            and len(last.outs) == 1
            and last.outs[0] is result
            and self.differs(last)
        ):
            self.block(block.stmts[:-1])
            self.comment(last)
            branches: list[list[ast.stmt]] = []
            for b in (last.then, last.orelse):
                before = self.nested()
                self.returning(b, b.results[0])
                branches.append(self.leave(before))
            self.split(self.value(last.cond), branches, [True, True], last.origin)
            return
        self.block(block.stmts)
        source = self.source_of(result)
        if source is not None:
            self.comment(source)
        origin = source.origin if source is not None else None
        self.put(ast.Return(self.value(result)), origin)

    def differs(self, s: If) -> bool:
        """Say whether a branch needs an assignment to give its result."""
        out = self.names.of(s.outs[0])
        sides = [self.overlay.resolve(b.results[0]) for b in (s.then, s.orelse)]
        return any(isinstance(a, Const) or a in self.overlay.folded or self.names.of(a) != out for a in sides)
