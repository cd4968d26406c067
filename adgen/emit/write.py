"""Write a function's IR as Python statements: the way out of SSA.

Assumes that every update can be done in place (`optimise.own`); one that can't be is written on a copy.
Joins become assignments at the end of a branch or of an iteration, unless the values share a variable;
cycles among them become one tuple assignment. Stop flags become `break`, and a function that ends in a
branch returns from within it.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass

from adgen.emit.expr import BINARY, Expressions, is_negative, load, negate
from adgen.emit.names import Names
from adgen.emit.printer import Comment
from adgen.emit.tapes import Tapes
from adgen.ir.live import Live, collect_points
from adgen.ir.memory import refers
from adgen.ir.nodes import Block, Const, Func, If, Let, Loop, Operand, Origin, Range, Var, defs
from adgen.ir.types import Undef, is_scalar
from adgen.rules.indexing import may_repeat

Copies = list[tuple[Var, Operand]]


@dataclass(eq=False, slots=True)
class _Section:
    """The comments already written in one block."""

    adjoint: Origin | None = None


def _as_argument(key: ast.expr) -> ast.expr:
    """Return an index as it is written outside of brackets."""
    if isinstance(key, ast.Slice):
        bounds = [part or ast.Constant(None) for part in (key.lower, key.upper, key.step)]
        return ast.Call(load("slice"), bounds, [])
    if isinstance(key, ast.Tuple):
        return ast.Tuple([_as_argument(k) for k in key.elts], ast.Load())
    return key


class Writer:
    """Builds the statements of one function."""

    def __init__(self, func: Func, expressions: Expressions, live: Live, names: Names) -> None:
        self.func = func
        self.scope = expressions.scope
        self.overlay = expressions.overlay
        self.live = live
        self.names = names
        self.expressions = expressions
        self.expressions.names = names
        self.commented: set[Origin] = set()
        self.body: list[ast.stmt] = []
        self.section = _Section()
        self.tapes = Tapes(func)

    def write(self) -> list[ast.stmt]:
        self.returning(self.func.body, self.func.body.results[0])
        return self.body

    # small things

    def put(self, s: ast.stmt, origin: Origin | None) -> None:
        s.origin = origin  # type: ignore[attr-defined]
        self.body.append(s)

    def nested(self) -> tuple[list[ast.stmt], _Section]:
        """Start a block; `leave` ends it."""
        before = self.body, self.section
        self.body, self.section = [], _Section()
        return before

    def leave(self, before: tuple[list[ast.stmt], _Section]) -> list[ast.stmt]:
        written = self.body
        self.body, self.section = before
        return written

    def comment(self, s: Let | If | Loop) -> None:
        """Write what belongs above a statement: the user's own comments, or where an adjoint comes from."""
        origin = s.origin
        if origin is None:
            return
        if not s.adjoint:
            if origin not in self.commented:
                self.commented.add(origin)
                for line in origin.comments:
                    self.put(Comment(line.lstrip("# ").rstrip()), origin)
        elif isinstance(s, Let) and origin is not self.section.adjoint:
            self.section.adjoint = origin
            self.put(Comment(origin.text), origin)

    def source_of(self, a: Operand) -> Let | None:
        """Return the adjoint statement that a folded expression carries out, if any."""
        a = self.overlay.resolve(a)
        if not isinstance(a, Var):
            return None
        s = self.overlay.folded.get(a)
        if s is None:
            return None
        if s.adjoint and s.origin is not None:
            return s
        return next((f for f in map(self.source_of, s.args) if f is not None), None)

    def value(self, a: Operand) -> ast.expr:
        return self.expressions.value(a)

    def assign(self, name: str, value: ast.expr, origin: Origin | None) -> None:
        if not (isinstance(value, ast.Name) and value.id == name):
            self.put(ast.Assign([ast.Name(name, ast.Store())], value), origin)

    # statements

    def block(self, stmts: Sequence[Let | If | Loop], owner: Loop | None = None) -> None:
        late = collect_points(owner)[1] if owner is not None else set[Var]()
        for s in stmts:
            if isinstance(s, If):
                self.branch(s)
            elif isinstance(s, Loop):
                self.loop(s)
            elif s.out not in self.overlay.folded:
                self.let(s)
            if late and owner is not None and any(v in late for v in defs(s)):
                self.append(owner, set(defs(s)))

    def append(self, s: Loop, values: set[Var] | None) -> None:
        """Write the collecting of `values`; of what is there as an iteration begins if None."""
        early = collect_points(s)[0] if values is None else ()
        for v, a in zip(s.collects, s.collected):
            if (a in early) if values is None else (a in values):
                method = ast.Attribute(load(self.names.of(v)), "append", ast.Load())
                self.put(ast.Expr(ast.Call(method, [self.value(a)], [])), s.origin)

    def let(self, s: Let) -> None:
        self.comment(s)
        name = s.op.name
        if name in ("update", "append") and refers(s.out.type):
            self.in_place(s)
        elif name == "raise_":
            self.put(ast.Raise(self.value(s.args[0]), None), s.origin)
        elif name == "bound" or (s.out not in self.live.used and not s.out.fixed):
            self.put(ast.Expr(self.expressions.operation(s)), s.origin)
        else:
            target = self.names.of(s.out)
            k = self.augments(s, target)
            if k is None:
                self.assign(target, self.expressions.operation(s), s.origin)
            else:
                op, value = BINARY[s.op.show](), self.value(s.args[1 - k])
                self.put(ast.AugAssign(ast.Name(target, ast.Store()), op, value), s.origin)

    def augments(self, s: Let, target: str) -> int | None:
        """Return which operand a number is added to under its own name: `d_a += t`, not `d_a = d_a + t`."""
        if s.op.show not in BINARY or not is_scalar(s.out.type) or len(s.args) != 2:
            return None
        if s.adjoint and s.op.show in "+-":
            sides: tuple[int, ...] = (0, 1) if s.op.show == "+" else (0,)
        elif s.origin is not None and s.origin.text.startswith(f"{target} {s.op.show}= "):
            sides = (0,)
        else:
            return None
        for k in sides:
            a = self.overlay.resolve(s.args[k])
            if isinstance(a, Var) and a not in self.overlay.folded and self.names.of(a) == target:
                return k
        return None

    def in_place(self, s: Let) -> None:
        base = self.overlay.resolve(s.args[0])
        target = self.names.of(s.out)
        if not isinstance(base, Var) or base in self.overlay.folded or self.names.of(base) != target:
            written = self.value(base)
            if s.op.name == "append":
                self.assign(target, self.expressions.operation(s), s.origin)
                return
            copy = ast.Attribute(written, "copy", ast.Load())
            self.assign(target, ast.Call(copy, [], []), s.origin)
        value = self.value(s.args[1])
        if s.op.name == "append":
            self.put(ast.Expr(ast.Call(ast.Attribute(load(target), "append", ast.Load()), [value], [])), s.origin)
            return
        place = self.expressions.place(load(target), s)
        if s.mode == "set":
            if not isinstance(place, ast.Subscript):
                place = ast.Subscript(place, ast.Constant(...), ast.Load())
            self.put(ast.Assign([place], value), s.origin)
            return
        if isinstance(place, ast.Subscript) and may_repeat(s.place, s.args):  # each occurrence counts
            fn = "np.add.at" if s.mode == "add" else "np.subtract.at"
            target_at = self.expressions.dotted(self.scope.path(fn, None))
            self.put(ast.Expr(ast.Call(target_at, [place.value, _as_argument(place.slice), value], [])), s.origin)
            return
        if not isinstance(place, (ast.Subscript, ast.Name, ast.Attribute)):
            place = ast.Subscript(place, ast.Constant(...), ast.Load())
        self.put(ast.AugAssign(place, ast.Add() if s.mode == "add" else ast.Sub(), value), s.origin)

    def branch(self, s: If) -> None:
        self.comment(s)
        live = [k for k, v in enumerate(s.outs) if v in self.live.used]
        before = self.nested()
        self.block(s.then.stmts)
        self.copies([(s.outs[k], s.then.results[k]) for k in live], s.origin)
        then = self.leave(before)
        before = self.nested()
        self.block(s.orelse.stmts)
        self.copies([(s.outs[k], s.orelse.results[k]) for k in live], s.origin)
        self.choose(self.value(s.cond), then, self.leave(before), s.origin)
        self.section = _Section()

    def choose(self, test: ast.expr, then: list[ast.stmt], orelse: list[ast.stmt], origin: Origin | None) -> None:
        if not then and not orelse:
            if isinstance(test, ast.Call):
                self.put(ast.Expr(test), origin)
        elif not then:
            self.put(ast.If(negate(test), orelse, []), origin)
        else:
            self.put(ast.If(test, then, orelse), origin)

    # joins

    def copies(self, pairs: Copies, origin: Origin | None) -> None:
        """Assign all values at once, in an order that needs no tuple where there is one."""
        pending: dict[str, tuple[ast.expr, set[str]]] = {}
        for v, a in pairs:
            name = self.names.of(v)
            a = self.overlay.resolve(a)
            if isinstance(a, Const) and isinstance(a.type, Undef):
                continue
            if isinstance(a, Var) and a not in self.overlay.folded and self.names.of(a) == name:
                continue
            pending[name] = (self.value(a), {self.names.of(leaf) for leaf in self.overlay.leaves(a)})
        for names in order_copies({n: reads for n, (_, reads) in pending.items()}):
            if len(names) == 1:
                self.put(ast.Assign([ast.Name(names[0], ast.Store())], pending[names[0]][0]), origin)
            else:
                targets: list[ast.expr] = [ast.Name(n, ast.Store()) for n in names]
                values = [pending[n][0] for n in names]
                self.put(ast.Assign([ast.Tuple(targets, ast.Store())], ast.Tuple(values, ast.Load())), origin)

    # loops

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
        self.section = _Section()

    def start(self, s: Loop) -> None:
        """Write the initial values; several numbers go on one line."""
        pairs = [(p, a) for p, a, out in zip(s.params, s.inits, s.outs) if self.wanted(p, out)]
        numbers = [(p, a) for p, a in pairs if isinstance(a, Const) and isinstance(a.value, (int, float, complex))]
        self.copies([pair for pair in pairs if pair not in numbers], s.origin)
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
        if isinstance(last, If) and not self.collected_late(owner, last) and (stop is last.cond or self.breaks(last, stop)):
            self.block(block.stmts[:-1], owner)
            self.comment(last)
            k = last.outs.index(stop) if isinstance(stop, Var) and stop in last.outs else -1
            branches: list[list[ast.stmt]] = []
            leaves: list[bool] = []
            for b, flag in ((last.then, True), (last.orelse, False)):
                inner = b.results[k] if k >= 0 else Const(flag, last.cond.type)
                joins = [(v, a) for v, a in zip(last.outs, b.results) if v in self.live.used and v is not stop]
                before = self.nested()
                leaves.append(self.tail(s, b, inner, [joins, *groups], needed, None))
                branches.append(self.leave(before))
            self.split(self.value(last.cond), branches, leaves, last.origin)
            return all(leaves)
        self.block(block.stmts, owner)
        self.general_stop(s, stop, groups, needed)
        return False

    def split(self, test: ast.expr, branches: list[list[ast.stmt]], leaves: list[bool], origin: Origin | None) -> None:
        """Write a branch; what follows a side that leaves the loop or the function is not indented."""
        then, orelse = branches
        if leaves[0]:
            self.put(ast.If(test, then, []), origin)
            self.body.extend(orelse)
        elif leaves[1]:
            self.put(ast.If(negate(test), orelse, []), origin)
            self.body.extend(then)
        else:
            self.choose(test, then, orelse, origin)

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
            if isinstance(last, If) and (flag is last.cond or self.breaks(last, flag)):
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
            targets.append(ast.Name("_" if s.index is None else self.names.of(s.index), ast.Store()))
            iters.append(self.range(s.range, s.backwards and counted))
        for c in s.consumes:
            targets.append(ast.Name(self.names.of(c.var), ast.Store()))
            seq = self.value(c.seq)
            iters.append(self.call("reversed", reversed, seq) if c.reverse else seq)
        if len(targets) == 1:
            return targets[0], iters[0]
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

    # the end of the function

    def returning(self, block: Block, result: Operand) -> None:
        """Write a block that ends the function with `result`."""
        last = block.stmts[-1] if block.stmts else None
        result = self.overlay.resolve(result)
        if isinstance(last, If) and len(last.outs) == 1 and last.outs[0] is result and self.differs(last):
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


def order_copies(reads: dict[str, set[str]]) -> list[list[str]]:
    """Order parallel assignments so that none destroys what a later one reads; cycles stay together.

    `reads` maps each assigned name to the names that its value reads.
    """
    readers: dict[str, int] = dict.fromkeys(reads, 0)
    for name, used in reads.items():
        for u in used:
            if u in readers and u != name:
                readers[u] += 1
    ready = [n for n in reversed(reads) if readers[n] == 0]
    left = dict.fromkeys(reads)
    out: list[list[str]] = []
    while left:
        if not ready:
            out.append(list(left))
            break
        n = ready.pop()
        del left[n]
        out.append([n])
        for u in sorted(reads[n]):
            if u in left and u != n:
                readers[u] -= 1
                if readers[u] == 0:
                    ready.append(u)
    return out


def minus_one(e: ast.expr) -> ast.expr:
    """Return `e - 1`."""
    if isinstance(e, ast.Constant) and isinstance(e.value, int):
        value = e.value - 1
        return ast.UnaryOp(ast.USub(), ast.Constant(-value)) if is_negative(value) else ast.Constant(value)
    return ast.BinOp(e, ast.Sub(), ast.Constant(1))
