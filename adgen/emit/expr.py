"""Write operations and constants as Python expressions (nodes of `ast`)."""

from __future__ import annotations

import ast
import cmath
import enum
import operator
from collections.abc import Sequence
from keyword import iskeyword
from typing import Any

import numpy as np

from adgen.emit.conditional import CHOOSE, Choices, write_choice
from adgen.emit.names import Names
from adgen.emit.scope import CALLS, PLAIN, Scope
from adgen.ir.live import Overlay
from adgen.ir.nodes import Const, Hole, Index, Let, Operand, Slice, ViewStep
from adgen.ir.types import Array, Record, Tuple, Type
from adgen.rules.registry import Primitive

BINARY: dict[str, type[ast.operator]] = {
    "+": ast.Add, "-": ast.Sub, "*": ast.Mult, "/": ast.Div, "//": ast.FloorDiv, "%": ast.Mod, "**": ast.Pow,
    "@": ast.MatMult, "<<": ast.LShift, ">>": ast.RShift, "&": ast.BitAnd, "|": ast.BitOr, "^": ast.BitXor,
}  # fmt: skip
COMPARE: dict[str, type[ast.cmpop]] = {
    "<": ast.Lt, "<=": ast.LtE, ">": ast.Gt, ">=": ast.GtE, "==": ast.Eq, "!=": ast.NotEq,
    "is": ast.Is, "is not": ast.IsNot, "in": ast.In, "not in": ast.NotIn,
}  # fmt: skip
UNARY: dict[str, type[ast.unaryop]] = {"-": ast.USub, "+": ast.UAdd, "~": ast.Invert, "not": ast.Not}
EXACT_INVERSE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
METHODS = frozenset(
    f"np.{m}" for m in ("sum", "mean", "max", "min", "prod", "reshape", "ravel", "any", "all", "argmax", "argmin")
)


class Expressions:
    """Builds the expression of a value: a variable, a constant, or an operation that is folded."""

    def __init__(self, scope: Scope, overlay: Overlay, choices: Choices) -> None:
        self.scope = scope
        self.overlay = overlay
        self.choices = choices
        self.names: Names | None = None
        self.quiet: tuple[str, ...] = ()  # what `quiet` of the present statement will be

    def value(self, a: Operand) -> ast.expr:
        a = self.overlay.resolve(a)
        if isinstance(a, Const):
            return self.constant(a.value)
        if a in self.overlay.folded:
            return self.operation(self.overlay.folded[a])
        assert self.names is not None
        return load(self.names.of(a))

    def take_quiet(self, s: Let) -> None:
        if s.origin is not None and s.origin.quiet:
            self.quiet = tuple(sorted({*self.quiet, *s.origin.quiet}))

    def operation(self, s: Let) -> ast.expr:
        """Return the right-hand side of a `Let`."""
        name, args = s.op.name, s.args
        self.take_quiet(s)
        if s.op is CHOOSE:
            return write_choice(self.choices.branches[s], self.value)
        if name == "getitem":
            return self.subscript(self.value(args[0]), s.place[0], args)
        if name == "update":  # of a number, not of memory
            value = self.value(args[1])
            if s.mode == "set":
                return value
            return ast.BinOp(self.value(args[0]), ast.Add() if s.mode == "add" else ast.Sub(), value)
        if name == "item":
            return self.item(args[0], args[1])
        if name == "make_tuple":
            return ast.Tuple([self.value(a) for a in args], ast.Load())
        if name == "make_list":
            return ast.List([self.value(a) for a in args], ast.Load())
        if name == "make_record":
            return self.record(args)
        if name == "append":
            return ast.List([ast.Starred(self.value(args[0]), ast.Load()), self.value(args[1])], ast.Load())
        if name == "dim":
            shape = ast.Attribute(self.value(args[0]), "shape", ast.Load())
            return ast.Subscript(shape, self.value(args[1]), ast.Load())
        if name in ("size", "shape"):
            return ast.Attribute(self.value(args[0]), name, ast.Load())
        if name == "opaque" and len(args) == 3 and not s.kws:
            written = self.syntax(*args)
            if written is not None:
                return written
        if name == "np.expand_dims" and s.adjoint and isinstance(args[0].type, Array) and isinstance(args[1], Const):
            return self.with_new_axes(args[0], s.out.type, args[1].value)
        if s.op.show == "_":  # a promise about its first argument
            return self.value(args[0])
        count = len(args) - len(s.kws)
        values = [self.value(a) for a in args[:count]]
        keywords = [ast.keyword(k, self.value(a)) for k, a in zip(s.kws, args[count:])]
        if name == "opaque" and _reads_attribute(args) and _postfix(values[1]):
            return ast.Attribute(values[1], args[2].value, ast.Load())  # type: ignore[union-attr]
        if name == "opaque" and isinstance(args[0], Const) and args[0].value is str.format:
            return ast.Call(ast.Attribute(values[1], "format", ast.Load()), values[2:], keywords)
        if name in ("opaque", "call", "run"):
            return ast.Call(values[0], values[1:], keywords)
        if name in ("bound", "raise_"):
            return values[0]
        types = [self.overlay.resolve(a).type for a in args]
        return self.call(s.op, values, keywords, types)

    def syntax(self, fn: Operand, x: Operand, key: Operand) -> ast.expr | None:
        """Return the syntax that calls of `getattr` and `operator.getitem` stand for."""
        if not isinstance(fn, Const):
            return None
        if fn.value is getattr and isinstance(key, Const) and key.value.isidentifier() and not iskeyword(key.value):
            return ast.Attribute(self.value(x), key.value, ast.Load())
        return ast.Subscript(self.value(x), self.value(key), ast.Load()) if fn.value is operator.getitem else None

    def call(
        self, op: Primitive, values: list[ast.expr], keywords: list[ast.keyword], types: Sequence[Type]
    ) -> ast.expr:
        """Return the expression of a primitive applied to written operands."""
        if op.name == "astype" and not isinstance(types[0], Array):  # a number
            return ast.Call(values[1], values[:1], [])
        if op.show:
            return self.shown(op.show, values)
        if op.name in CALLS:
            return ast.Call(load(self.scope.name(CALLS[op.name], CALLS[op.name].__name__)), values, keywords)
        if op.user:
            return ast.Call(self.dotted(self.scope.object_path(op.fn)), values, keywords)
        first = types[0] if types and values else None
        if isinstance(first, Array) or op.name in ("copy", "astype"):
            if op.name == "np.transpose" and len(values) == 1 and not keywords:
                return ast.Attribute(values[0], "T", ast.Load())
            if op.name in ("copy", "astype") or (op.name in METHODS and _postfix(values[0])):
                rest = values[1:]
                if op.name == "np.reshape" and len(rest) == 1 and isinstance(rest[0], ast.Tuple) and rest[0].elts:
                    rest = rest[0].elts
                if op.name == "np.reshape" and not rest:  # the shape by keyword
                    return ast.Call(self.dotted(self.scope.path(op.name, op.fn)), values, keywords)
                method = ast.Attribute(values[0], op.name.removeprefix("np."), ast.Load())
                return ast.Call(method, rest, keywords)
        return ast.Call(self.dotted(self.scope.path(op.name, op.fn)), values, keywords)

    def shown(self, show: str, values: list[ast.expr]) -> ast.expr:
        """Return an expression by the row's template: `+`, `-_`, `.size`, `float(_)`, `.astype(_)`."""
        if show in COMPARE:
            return ast.Compare(values[0], [COMPARE[show]()], [values[1]])
        if show in BINARY:
            return ast.BinOp(values[0], BINARY[show](), values[1])
        if show == "not _":
            return negate(values[0])
        given = iter(values)

        class Fill(ast.NodeTransformer):
            def visit_Name(self, node: ast.Name) -> ast.expr:
                return next(given) if node.id == "_" else node

        template = ast.parse("_" + show if show.startswith(".") else show, mode="eval")
        filled: ast.expr = Fill().visit(template).body
        return filled

    def item(self, base: Operand, key: Operand) -> ast.expr:
        assert isinstance(key, Const)
        t = self.overlay.resolve(base).type
        written = self.value(base)
        if (
            isinstance(t, Tuple)
            or (isinstance(t, Record) and (t.cls is list or issubclass(t.cls, dict)))
            or not isinstance(key.value, str)
        ):
            return ast.Subscript(written, self.constant(key.value), ast.Load())
        return ast.Attribute(written, key.value, ast.Load())

    def record(self, args: Sequence[Operand]) -> ast.expr:
        cls, keys, *items = args
        assert isinstance(cls, Const) and isinstance(keys, Const)
        values = [self.value(a) for a in items]
        if issubclass(cls.value, dict):
            return ast.Dict([self.constant(k) for k in keys.value], values)
        if cls.value is list:
            return ast.List(values, ast.Load())
        if cls.value is tuple:
            return ast.Tuple(values, ast.Load())
        words = [ast.keyword(k, v) for k, v in zip(keys.value, values)]
        return ast.Call(self.constant(cls.value), [], words)

    def with_new_axes(self, base: Operand, t: Type, axis: int | tuple[int, ...]) -> ast.expr:
        """Return `base[:, np.newaxis]`."""
        assert isinstance(t, Array)
        new = {k % t.ndim for k in (axis if isinstance(axis, tuple) else (axis,))}
        if not new:
            return self.value(base)
        newaxis = self.dotted([self.scope.name(np, "np"), "newaxis"])
        items = [newaxis if k in new else ast.Slice() for k in range(max(new) + 1)]
        return ast.Subscript(
            self.value(base), items[0] if len(items) == 1 else ast.Tuple(items, ast.Load()), ast.Load()
        )

    # places

    def place(self, base: ast.expr, s: Let) -> ast.expr:
        """Return the target that an update writes to."""
        for step in s.place:
            if isinstance(step, ViewStep):
                extra = [self.constant(x) for x in step.args]
                base = self.call(step.op, [base, *extra], [], [s.args[0].type])
            else:
                base = self.subscript(base, step, s.args)
        return base

    def subscript(self, base: ast.expr, step: Index | ViewStep, args: Sequence[Operand]) -> ast.expr:
        assert isinstance(step, Index)
        items = [self.index_item(x, args) for x in step.items]
        key = items[0] if len(items) == 1 else ast.Tuple(items, ast.Load())
        return ast.Subscript(base, key, ast.Load())

    def index_item(self, item: Any, args: Sequence[Operand]) -> ast.expr:
        if isinstance(item, Hole):
            return self.value(args[item.arg])
        if isinstance(item, Slice):
            lower, upper, step = (
                None if x is None else self.index_item(x, args) for x in (item.start, item.stop, item.step)
            )
            return ast.Slice(lower, upper, step)
        return self.constant(item)

    # constants

    def constant(self, value: Any) -> ast.expr:
        if isinstance(value, enum.Enum):
            return ast.Attribute(self.dotted(self.scope.object_path(type(value))), value.name, ast.Load())
        if isinstance(value, (float, complex)) and not isinstance(value, np.generic) and not cmath.isfinite(value):
            return self.not_finite(value)
        if isinstance(value, (int, float)) and not isinstance(value, np.generic) and is_negative(value):
            return ast.UnaryOp(ast.USub(), ast.Constant(-value))
        if isinstance(value, PLAIN) and not isinstance(value, np.generic):
            return ast.Constant(value)
        if isinstance(value, np.generic):
            cls = self.dotted([self.scope.name(np, "np"), type(value).__name__])
            return ast.Call(cls, [self.constant(value.item())], [])
        if type(value) is tuple:
            return ast.Tuple([self.constant(x) for x in value], ast.Load())
        if type(value) is list:
            return ast.List([self.constant(x) for x in value], ast.Load())
        if type(value) is dict:
            return ast.Dict([self.constant(k) for k in value], [self.constant(x) for x in value.values()])
        if isinstance(value, slice):
            parts = [self.constant(x) for x in (value.start, value.stop, value.step)]
            return ast.Call(load("slice"), parts, [])
        return self.dotted(self.scope.object_path(value))

    def not_finite(self, value: complex) -> ast.expr:
        if isinstance(value, complex):
            return ast.Call(load("complex"), [self.constant(value.real), self.constant(value.imag)], [])
        word: ast.expr = self.dotted([self.scope.name(np, "np"), "nan" if value != value else "inf"])
        return ast.UnaryOp(ast.USub(), word) if value < 0 else word

    @staticmethod
    def dotted(parts: Sequence[str]) -> ast.expr:
        out: ast.expr = load(parts[0])
        for p in parts[1:]:
            out = ast.Attribute(out, p, ast.Load())
        return out


def load(name: str) -> ast.Name:
    return ast.Name(name, ast.Load())


def is_negative(value: float) -> bool:
    return not isinstance(value, bool) and (value < 0 or (value == 0 and str(value).startswith("-")))


def negate(test: ast.expr) -> ast.expr:
    """Return the opposite of a condition; `<` is only inverted where no NaN can make both false."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return test.operand
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        inverse = EXACT_INVERSE.get(type(test.ops[0]))
        if inverse is not None:
            return ast.Compare(test.left, [inverse()], test.comparators)
    return ast.UnaryOp(ast.Not(), test)


def _reads_attribute(args: Sequence[Operand]) -> bool:
    """Say whether a call is `getattr(value, "name")`."""
    if len(args) != 3 or not isinstance(args[0], Const) or args[0].value is not getattr:
        return False
    return isinstance(args[2], Const) and isinstance(args[2].value, str) and args[2].value.isidentifier()


def _postfix(e: ast.expr) -> bool:
    """Say whether `.name` can follow without parentheses."""
    return isinstance(e, (ast.Name, ast.Attribute, ast.Subscript, ast.Call))
