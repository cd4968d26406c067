"""Write loops: their headers, the lists they fill, what an iteration hands to the next, and early ends.

A stop flag becomes `break`: in the branch that decides it if that is the last statement of the body, else
after the body. Joins that only the next iteration needs come after the `break`.
"""

from __future__ import annotations

import ast

from adgen.emit.expr import Expressions, is_negative, load, negate
from adgen.emit.names import Names
from adgen.emit.statements import Copies, StatementWriter
from adgen.emit.tapes import Tapes
from adgen.ir.live import Live, collect_points
from adgen.ir.nodes import Block, Const, Func, If, Loop, Operand, Range, Var


class LoopWriter(StatementWriter):
    """Adds loops to what can be written."""

    def __init__(self, func: Func, expressions: Expressions, live: Live, names: Names) -> None:
        super().__init__(func, expressions, live, names)
        self.tapes = Tapes(func)

    def append(self, s: Loop, values: set[Var] | None) -> None:
        """Write the collecting of `values`; of what is there as an iteration begins if None."""
        early = collect_points(s)[0] if values is None else ()
        for v, a in zip(s.collects, s.collected):
            if (a in early) if values is None else (a in values):
                method = ast.Attribute(load(self.names.of(v)), "append", ast.Load())
                self.put(ast.Expr(ast.Call(method, [self.value(a)], [])), s.origin)

    def loop(self, s: Loop) -> None:
        self.comment(s)
        self.start(s)
        before = self.nested()
        test: ast.expr | None = None
        if s.test is not None:
            self.block(s.test.stmts)
            test = self.value(s.test.results[0])
            if self.body or s.range is not None or s.consumes:
                self.put(ast.If(negate(test), [ast.Break()], []), s.origin)
                test = None
        self.append(s, None)
        self.iteration(s)
        body = self.leave(before) or [ast.Pass()]
        if s.range is None and not s.consumes:
            self.put(ast.While(test or ast.Constant(True), body, []), s.origin)
        else:
            target, it = self.header(s)
            self.put(ast.For(target, it, body, []), s.origin)
        self.copies([(out, p) for p, out in zip(s.params, s.outs) if out in self.live.used], s.origin)
        self.section = None

    def start(self, s: Loop) -> None:
        """Write the initial values; several numbers go on one line."""
        pairs = [(p, a) for p, a, out in zip(s.params, s.inits, s.outs) if self.wanted(p, out)]
        numbers = [pair for pair in pairs if is_number(pair[1])]
        self.copies([pair for pair in pairs if not is_number(pair[1])], s.origin)
        if numbers and (len(numbers) == 1 or not s.adjoint):
            self.copies(numbers, s.origin)
        elif numbers:
            targets: list[ast.expr] = [ast.Name(self.names.of(p), ast.Store()) for p, _ in numbers]
            values = ast.Tuple([self.value(a) for _, a in numbers], ast.Load())
            self.put(ast.Assign([ast.Tuple(targets, ast.Store())], values), s.origin)
        for v in s.collects:
            self.assign(self.names.of(v), ast.List([], ast.Load()), s.origin)

    def wanted(self, p: Var, out: Var) -> bool:
        return p in self.live.used or out in self.live.used

    def iteration(self, s: Loop) -> None:
        """Write the body, the assignments for the next iteration, and where the loop ends early."""
        final = [(p, y) for p, y, out in zip(s.params, s.yields, s.outs) if self.wanted(p, out)]
        needed = {p for p, out in zip(s.params, s.outs) if out in self.live.used}
        self.tail(s, s.body, s.stop, [final], needed, s)

    def tail(
        self, s: Loop, block: Block, stop: Operand | None, groups: list[Copies], needed: set[Var], owner: Loop | None
    ) -> bool:
        """Write a block that ends an iteration, then `groups` of joins, inner ones first.

        Return whether it always leaves the loop.
        """
        last = block.stmts[-1] if block.stmts else None
        ends = isinstance(stop, Const) and bool(stop.value)
        if stop is None or isinstance(stop, Const):
            self.block(block.stmts, owner)
            for g in groups if not ends else self.reduce(groups, needed):
                self.copies(g, s.origin)
            if ends:
                self.put(ast.Break(), s.origin)
            return ends
        decides = isinstance(last, If) and not last.catch and (stop is last.cond or self.breaks(last, stop))
        if decides and isinstance(last, If) and not self.collected_late(owner, last):
            self.block(block.stmts[:-1], owner)
            self.comment(last)
            k = last.outs.index(stop) if stop in last.outs else -1
            branches: list[list[ast.stmt]] = []
            leaves: list[bool] = []
            for b, flag in ((last.then, True), (last.orelse, False)):
                inner = b.results[k] if k >= 0 else Const(flag, last.cond.type)
                joins = [(v, a) for v, a in zip(last.outs, b.results) if v in self.live.used and v is not stop]
                # The flag may be carried, too: here it is known.
                known = [[(v, inner if k >= 0 and a is stop else a) for v, a in g] for g in groups]
                before = self.nested()
                leaves.append(self.tail(s, b, inner, [joins, *known], needed, None))
                branches.append(self.leave(before))
            self.split(self.value(last.cond), branches, leaves, last.origin)
            return all(leaves)
        self.block(block.stmts, owner)
        self.general_stop(s, stop, groups, needed)
        return False

    @staticmethod
    def collected_late(owner: Loop | None, last: If) -> bool:
        return owner is not None and any(v in owner.collected for v in last.outs)

    def breaks(self, s: If, stop: Operand) -> bool:
        """Say whether a flag that a branch computes is known on one of its sides, at some depth."""
        if not isinstance(stop, Var) or stop not in s.outs:
            return False
        k = s.outs.index(stop)
        for b in (s.then, s.orelse):
            flag = b.results[k]
            if isinstance(flag, Const) and flag.value:
                return True
            last = b.stmts[-1] if b.stmts else None
            if isinstance(last, If) and not last.catch and (flag is last.cond or self.breaks(last, flag)):
                return True
        return False

    def reduce(self, groups: list[Copies], needed: set[Var]) -> list[Copies]:
        """Keep the joins that something after the loop reads."""
        out: list[Copies] = []
        for g in reversed(groups):
            kept = [(v, a) for v, a in g if v in needed]
            needed = {*needed, *(leaf for _, a in kept for leaf in self.overlay.leaves(a))}
            out.append(kept)
        return out[::-1]

    def general_stop(self, s: Loop, stop: Operand, groups: list[Copies], needed: set[Var]) -> None:
        for g in groups[:-1]:
            self.copies(g, s.origin)
        before = [(p, a) for p, a in groups[-1] if p in needed]
        after = [(p, a) for p, a in groups[-1] if p not in needed]
        if self.clobbers(before, after):
            before, after = groups[-1], []
        if self.clobbers(before, [(p, stop) for p, _ in before]):
            test, outside = self.value(stop), self.nested()
            self.copies([(p, a) for p, a in groups[-1] if p in needed], s.origin)
            self.put(ast.Break(), s.origin)
            then = self.leave(outside)
            self.put(ast.If(test, then, []), s.origin)
            self.copies(groups[-1], s.origin)
            return
        self.copies(before, s.origin)
        self.put(ast.If(self.value(stop), [ast.Break()], []), s.origin)
        self.copies(after, s.origin)

    def clobbers(self, first: Copies, second: Copies) -> bool:
        """Say whether assignments change what later ones read."""
        changed = {self.names.of(p) for p, a in first if self.names.of(p) != self.named(a)}
        return any(self.names.of(leaf) in changed for _, a in second for leaf in self.overlay.leaves(a))

    def named(self, a: Operand) -> str | None:
        a = self.overlay.resolve(a)
        return self.names.of(a) if isinstance(a, Var) and a not in self.overlay.folded else None

    def header(self, s: Loop) -> tuple[ast.expr, ast.expr]:
        targets: list[ast.expr] = []
        iters: list[ast.expr] = []
        counted = s.index is not None and s.index in self.live.used
        if s.range is not None and (counted or not any(self.tapes.spans(c.seq, s.range) for c in s.consumes)):
            targets.append(ast.Name(self.names.unused if s.index is None else self.names.of(s.index), ast.Store()))
            iters.append(self.range(s.range, s.backwards and counted))
        for c in s.consumes:
            items = self.overlay.taken.get(c.var)
            targets.append(ast.Name(self.names.of(c.var), ast.Store()) if items is None else self.tuple_of(items))
            seq = self.value(c.seq)
            iters.append(self.call("reversed", reversed, seq) if c.reverse else seq)
        if len(targets) == 1:
            return targets[0], iters[0]
        if counted and len(s.consumes) == 1 and not s.adjoint and s.range is not None and not s.backwards:
            return ast.Tuple(targets, ast.Store()), self.call("enumerate", enumerate, iters[1])
        return ast.Tuple(targets, ast.Store()), self.call("zip", zip, *iters)

    def call(self, name: str, fn: object, *args: ast.expr) -> ast.expr:
        return ast.Call(load(self.scope.name(fn, name)), list(args), [])

    def range(self, r: Range, backwards: bool) -> ast.expr:
        start, stop, step = self.value(r.start), self.value(r.stop), self.value(r.step)
        step_value = r.step.value if isinstance(r.step, Const) else None
        zero = isinstance(r.start, Const) and r.start.value == 0
        if backwards and step_value == 1:
            before = minus_one(start)
            return self.call("range", range, minus_one(stop), before, ast.UnaryOp(ast.USub(), ast.Constant(1)))
        if step_value == 1:
            written = self.call("range", range, stop) if zero else self.call("range", range, start, stop)
        else:
            written = self.call("range", range, start, stop, step)
        return self.call("reversed", reversed, written) if backwards else written


def minus_one(e: ast.expr) -> ast.expr:
    """Return `e - 1`."""
    if isinstance(e, ast.Constant) and isinstance(e.value, int):
        value = e.value - 1
        return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if is_negative(value) else ast.Constant(value)
    if isinstance(e, ast.BinOp) and isinstance(e.op, ast.Add) and isinstance(e.right, ast.Constant):
        rest = e.right.value
        if isinstance(rest, int) and rest > 0:  # n + 1 - 1 is n
            return e.left if rest == 1 else ast.BinOp(e.left, ast.Add(), ast.Constant(rest - 1))
    return ast.BinOp(e, ast.Sub(), ast.Constant(1))


def is_number(a: Operand) -> bool:
    return isinstance(a, Const) and isinstance(a.value, (int, float, complex))
