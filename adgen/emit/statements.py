"""Write statements without loops: assignments, writes in place, branches, and the joins at their ends.

An update that can't be done in place is written on a copy. Joins become assignments at the end of a
branch, unless the values share a variable; cycles among them become one tuple assignment.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from adgen.emit.expr import BINARY, Expressions, load, negate
from adgen.emit.names import Names
from adgen.emit.parallel import order_copies
from adgen.emit.printer import Comment
from adgen.emit.unbound import find_unbound, flows_of, spread
from adgen.ir.live import Live, collect_points
from adgen.ir.memory import refers
from adgen.ir.nodes import (
    CHANGES,
    Const,
    Func,
    If,
    Let,
    Loop,
    Operand,
    Origin,
    Stmt,
    Var,
    ViewStep,
    defs,
    ends_in_raise,
    tried_part,
    walk,
)
from adgen.ir.types import NoneT, Opaque, Undef, is_scalar
from adgen.rules.indexing import may_repeat, names_once

Copies = list[tuple[Var, Operand]]
Outside = tuple[list[ast.stmt], tuple[str, ...]]


def _as_argument(key: ast.expr) -> ast.expr:
    """Return an index as it is written outside of brackets."""
    if isinstance(key, ast.Slice):
        bounds = [part or ast.Constant(None) for part in (key.lower, key.upper, key.step)]
        return ast.Call(load("slice"), bounds, [])
    if isinstance(key, ast.Tuple):
        return ast.Tuple([_as_argument(k) for k in key.elts], ast.Load())
    return key


def _counts_up(s: Let) -> bool:
    """Say whether a statement is `np.arange(n)` or `np.arange(k, n)`, and none of what it gives is negative."""
    start, stop, step = (*s.args, None, None, None)[:3] if s.op.name == "np.arange" and not s.kws else (None,) * 3
    alone = stop is None or isinstance(stop.type, NoneT)
    positive = isinstance(start, Const) and isinstance(start.value, int) and start.value >= 0
    return start is not None and (alone or positive) and (step is None or isinstance(step.type, NoneT))


class StatementWriter:
    """Builds statements into `body`."""

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
        self.section: tuple[int, str] | None = None  # the line and text of the last comment on an adjoint
        self.unbound = find_unbound(func, self.overlay, names)
        self.ranges: set[Var] | None = None  # arrays of distinct numbers, once asked
        self.nothing: set[str] | None = None  # what may be None where it has no value, once asked
        self.kinds: dict[Var, ast.expr] = {}  # what each `try` catches

    # small things

    def put(self, s: ast.stmt, origin: Origin | None) -> None:
        s.origin = origin  # type: ignore[attr-defined]
        if not isinstance(s, Comment):
            s.quiet, self.expressions.quiet = self.expressions.quiet, ()  # type: ignore[attr-defined]
        self.body.append(s)

    def nested(self) -> Outside:
        """Start a block; `leave` ends it."""
        before = self.body, self.expressions.quiet
        self.body, self.expressions.quiet = [], ()
        return before

    def leave(self, before: Outside) -> list[ast.stmt]:
        written = self.body
        self.body, self.expressions.quiet = before
        return [] if all(isinstance(s, Comment) for s in written) else written  # of what turned out to be nothing

    def distinct(self) -> set[Var]:
        """Return the arrays whose elements name places of their own, as far as that is known."""
        if self.ranges is None:
            lets = (s for s in walk(self.func.body) if isinstance(s, Let))
            self.ranges = {s.out for s in lets if s.op.name == "np.flatnonzero" or _counts_up(s)}
        return self.ranges

    def comment(self, s: Stmt) -> None:
        """Write what belongs above a statement: the user's own comments, or where an adjoint comes from."""
        origin = s.origin
        if origin is None:
            return
        if not s.adjoint:
            if origin not in self.commented:
                self.commented.add(origin)
                for line in origin.comments:
                    self.put(Comment(line.lstrip("# ").rstrip()), origin)
        elif isinstance(s, Let) and self.section != (said := (origin.line, origin.text)):
            self.section = said
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

    def block(self, stmts: Sequence[Stmt], owner: Loop | None = None) -> None:
        late = collect_points(owner)[1] if owner is not None else set[Var]()
        written: set[Stmt] = set()
        if owner is not None:
            for c in owner.consumes:
                written.update(i for i in self.overlay.taken.get(c.var, ()) if i is not None)
        for s in stmts:
            if isinstance(s, If):
                self.branch(s)
            elif isinstance(s, Loop):
                self.loop(s)
            elif s in self.overlay.taken:
                written.update(self.take_items(s))
            elif s.out not in self.overlay.folded and s not in written:
                self.let(s)
            if late and owner is not None and any(v in late for v in defs(s)):
                self.append(owner, set(defs(s)))

    def loop(self, s: Loop) -> None:
        raise NotImplementedError

    def append(self, s: Loop, values: set[Var] | None) -> None:
        raise NotImplementedError

    def let(self, s: Let) -> None:
        self.comment(s)
        self.expressions.take_quiet(s)
        name = s.op.name
        if name in CHANGES and refers(s.out.type):
            self.in_place(s)
        elif name == "attempt":
            names = [self.value(a) for a in s.args]
            self.kinds[s.out] = names[0] if len(names) == 1 else ast.Tuple(names, ast.Load())
        elif name == "tried":
            pass
        elif name == "raise_":
            self.put(ast.Raise(self.value(s.args[0]), None), s.origin)
        elif name == "bound" and self.may_be_none(s.args[0]):
            self.check_bound(s)
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

    def may_be_none(self, v: Operand) -> bool:
        """Say whether a name that has no value on some paths is bound to None there."""
        if self.nothing is None:
            flows = [(v, self.overlay.resolve(a)) for v, a in flows_of(self.func)]
            none = {v for v, a in flows if isinstance(a.type, NoneT)}
            handed = spread([(v, a) for v, a in flows if isinstance(a, Var)], none | self.unbound)
            self.nothing = {self.names.of(v) for v in handed if v in self.names.classes}
        return self.names.of(self.overlay.resolve(v)) in self.nothing

    def check_bound(self, s: Let) -> None:
        """Raise what Python raises where a name has no value: generated code binds it to None there."""
        name = self.names.of(self.overlay.resolve(s.args[0]))
        shown = getattr(s.args[0], "name", None) or name
        message = ast.Constant(f"cannot access local variable '{shown}' where it is not associated with a value")
        error = ast.Call(self.value(Const(UnboundLocalError, Opaque())), [message], [])
        test = ast.Compare(ast.Name(name, ast.Load()), [ast.Is()], [ast.Constant(None)])
        self.put(ast.If(test, [ast.Raise(error, None)], []), s.origin)

    def take_items(self, s: Let) -> list[Let]:
        """Write an unpacking: a name for each item, or none. Return the statements of the items."""
        self.comment(s)
        items = self.overlay.taken[s]
        whole = self.value(s.args[0]) if s.op.name in ("item", "unpack") else self.expressions.operation(s)
        self.put(ast.Assign([self.tuple_of(items)], whole), s.origin)
        return [i for i in items if i is not None]

    def tuple_of(self, items: Sequence[Let | None]) -> ast.Tuple:
        names = [self.names.unused if i is None else self.names.of(i.out) for i in items]
        return ast.Tuple([ast.Name(n, ast.Store()) for n in names], ast.Store())

    def augments(self, s: Let, target: str) -> int | None:
        """Return which operand a number is added to under its own name: `d_a += t`, not `d_a = d_a + t`."""
        if s.op.show not in BINARY or not is_scalar(s.out.type) or len(s.args) != 2:
            return None
        if s.adjoint and s.op.show in "+-":
            sides: tuple[int, ...] = (0, 1) if s.op.show == "+" else (0,)
        elif s.origin is not None and s.origin.text.replace(" ", "").startswith(f"{s.out.name}{s.op.show}="):
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
        if s.op.name == "without":
            self.put(ast.Delete([ast.Subscript(load(target), value, ast.Del())]), s.origin)
            return
        if s.op.name in ("append", "insert"):
            method = ast.Attribute(load(target), s.op.name, ast.Load())
            self.put(ast.Expr(ast.Call(method, [*map(self.value, s.args[2:]), value], [])), s.origin)
            return
        place = self.expressions.place(load(target), s)
        if s.mode == "set" and not s.place and self.was_augmented(s, target, value):
            assert isinstance(value, ast.BinOp)
            self.put(ast.AugAssign(ast.Name(target, ast.Store()), value.op, value.right), s.origin)
            return
        if s.mode == "set":
            if not isinstance(place, ast.Subscript):
                place = ast.Subscript(place, ast.Constant(...), ast.Load())
            if self.changes_place(s, place, value):
                assert isinstance(value, ast.BinOp)
                self.put(ast.AugAssign(place, value.op, value.right), s.origin)
            else:
                self.put(ast.Assign([place], value), s.origin)
            return
        repeats = isinstance(place, ast.Subscript) and may_repeat(s.place, s.args)
        if repeats and not names_once(s.place, s.args, self.distinct()):  # each occurrence counts
            assert isinstance(place, ast.Subscript)
            fn = "np.add.at" if s.mode == "add" else "np.subtract.at"
            target_at = self.expressions.dotted(self.scope.path(fn, None))
            self.put(ast.Expr(ast.Call(target_at, [place.value, _as_argument(place.slice), value], [])), s.origin)
            return
        if not isinstance(place, (ast.Subscript, ast.Name, ast.Attribute)) or (
            s.place and isinstance(s.place[-1], ViewStep) and not isinstance(place, ast.Subscript)
        ):
            place = ast.Subscript(place, ast.Constant(...), ast.Load())
        self.put(ast.AugAssign(place, ast.Add() if s.mode == "add" else ast.Sub(), value), s.origin)

    @staticmethod
    def was_augmented(s: Let, target: str, value: ast.expr) -> bool:
        """Say whether a whole array is written as the user wrote it: `u *= v`."""
        if not isinstance(value, ast.BinOp) or not isinstance(value.left, ast.Name) or value.left.id != target:
            return False
        sign = next((k for k, op in BINARY.items() if isinstance(value.op, op)), None)
        return s.origin is not None and s.origin.text.replace(" ", "").startswith(f"{target}{sign}=")

    @staticmethod
    def changes_place(s: Let, place: ast.expr, value: ast.expr) -> bool:
        """Say whether a number is written that is made of the one in its place: `d_a[i] *= t`."""
        if not is_scalar(s.args[1].type) or not isinstance(value, ast.BinOp) or ast.dump(value.left) != ast.dump(place):
            return False
        sign = next((k for k, op in BINARY.items() if isinstance(value.op, op)), None)
        return s.adjoint or (s.origin is not None and f" {sign}= " in s.origin.text)

    def branch(self, s: If) -> None:
        self.comment(s)
        live = [k for k, v in enumerate(s.outs) if v in self.live.used]
        if s.catch:
            self.attempt(s, live)
            return
        section = self.section
        before = self.nested()
        self.block(s.then.stmts)
        self.copies([(s.outs[k], s.then.results[k]) for k in live], s.origin)
        then = self.leave(before)
        before = self.nested()
        self.block(s.orelse.stmts)
        self.copies([(s.outs[k], s.orelse.results[k]) for k in live], s.origin)
        self.choose(self.value(s.cond), then, self.leave(before), s.origin)
        self.section = section if self.section == section else None

    def attempt(self, s: If, live: Sequence[int]) -> None:
        """Write a `try` and its handler."""
        assert isinstance(s.cond, Var)
        caught, *rest = s.orelse.stmts
        assert isinstance(caught, Let)
        tried, after = tried_part(s)
        sides: list[list[ast.stmt]] = []
        done = () if after or ends_in_raise(s.then) else s.then.results
        parts = (tried, done), (after, s.then.results), (rest, () if s.raises else s.orelse.results)
        for stmts, results in parts:
            before = self.nested()
            self.block(stmts)
            self.copies([(s.outs[k], results[k]) for k in live if results], s.origin)
            sides.append(self.leave(before))
        name = self.names.of(caught.out) if caught.out in self.live.used else None
        handler = ast.ExceptHandler(self.kinds[s.cond], name, sides[2] or [ast.Pass()])
        self.put(ast.Try(sides[0] or [ast.Pass()], [handler], sides[1] if after else [], []), s.origin)
        self.section = None

    def choose(self, test: ast.expr, then: list[ast.stmt], orelse: list[ast.stmt], origin: Origin | None) -> None:
        if not then and not orelse:
            if isinstance(test, ast.Call):
                self.put(ast.Expr(test), origin)
        elif not then:
            self.put(ast.If(negate(test), orelse, []), origin)
        else:
            self.put(ast.If(test, then, orelse), origin)

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

    # joins

    def copies(self, pairs: Copies, origin: Origin | None) -> None:
        """Assign all values at once, in an order that needs no tuple where there is one."""
        pending: dict[str, tuple[ast.expr, set[str]]] = {}
        absent: dict[ast.expr | None, list[str]] = {}
        shapes: dict[tuple[object, ...], ast.expr] = {}
        for v, a in pairs:
            name = self.names.of(v)
            a = self.overlay.resolve(a)
            if isinstance(a, Const) and isinstance(a.type, NoneT):
                absent.setdefault(None, []).append(name)
                continue
            if isinstance(a, Const) and isinstance(a.type, Undef):
                if v in self.unbound:
                    absent.setdefault(None, []).append(name)
                continue
            if isinstance(a, Const) and isinstance(a.value, tuple) and v.name == "shape":  # of what is not made
                absent.setdefault(shapes.setdefault(a.value, self.value(a)), []).append(name)
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
        for value, several in absent.items():
            targets = [ast.Name(n, ast.Store()) for n in several]
            self.put(ast.Assign(targets, ast.Constant(None) if value is None else value), origin)
