"""Print a tree of `ast` nodes as text: minimal parentheses, comments, lines of at most 100 columns.

Assumes statements built by `adgen.emit.write` (or parsed). Guarantees text that parses back to the same
tree, the same on every Python version. A `Comment` is a statement that prints as a `#` line.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from io import StringIO
from typing import Any, ClassVar

from astunparse import Unparser

from adgen.emit.wrap import wrap
from adgen.ir.nodes import Origin

COLUMNS = 100

# How tightly an expression binds; one that binds less than its place asks for is put in parentheses.
TUPLE, LAMBDA, IFEXP, OR, AND, NOT, COMPARE = range(7)
BITOR, BITXOR, BITAND, SHIFT, SUM, PRODUCT, SIGN, POWER, AWAIT, ATOM = range(7, 17)

BINDING: dict[type[ast.operator], int] = {
    ast.BitOr: BITOR, ast.BitXor: BITXOR, ast.BitAnd: BITAND, ast.LShift: SHIFT, ast.RShift: SHIFT,
    ast.Add: SUM, ast.Sub: SUM, ast.Mult: PRODUCT, ast.Div: PRODUCT, ast.FloorDiv: PRODUCT, ast.Mod: PRODUCT,
    ast.MatMult: PRODUCT, ast.Pow: POWER,
}  # fmt: skip


class Comment(ast.stmt):
    """A comment line."""

    _fields = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class Printer(Unparser):  # type: ignore[misc]
    """Writes statements; `lines` says which statement of the user each generated line comes from."""

    unop: ClassVar[dict[str, str]] = {"Invert": "~", "Not": "not ", "UAdd": "+", "USub": "-"}

    def __init__(self, body: Sequence[ast.stmt], indent: int = 0) -> None:
        self.f = StringIO()
        self.future_imports: list[str] = []
        self._indent = indent
        self._level = TUPLE
        self._text: list[str] = []
        self.out: list[str] = []
        self.lines: dict[int, Origin] = {}
        for s in body:
            self.dispatch(s)
        self._flush()

    @property
    def source(self) -> str:
        return "\n".join(self.out) + "\n"

    # lines

    def fill(self, text: str = "") -> None:
        self._flush()
        self._text.append(text)
        self._at = self._indent

    def write(self, text: str) -> None:
        self._text.append(text)

    def enter(self) -> None:
        self.write(":")
        self._indent += 1

    def _flush(self) -> None:
        if not self._text:
            return
        text = "".join(self._text)
        self._text = []
        lead = "    " * self._at
        above = self.out[-1] if self.out else ""
        if above == f"{lead}# {text}":
            self.out.pop()  # a comment that says what the line says
        elif text.startswith("# ") and above == lead + text[2:]:
            return  # one that says what the line above says
        first = len(self.out)
        if text.startswith("#") or len(lead) + len(text) <= COLUMNS:
            self.out.append((lead + text).rstrip())
        else:
            self.out.extend(wrap(text, lead, COLUMNS))
        if self._origin is not None:
            for k in range(first, len(self.out)):
                self.lines[k + 1] = self._origin

    _origin: Origin | None = None
    _at = 0

    def dispatch(self, tree: Any) -> None:
        if isinstance(tree, ast.stmt):
            self._flush()
            self._origin = getattr(tree, "origin", None)
        super().dispatch(tree)

    def _Comment(self, t: Comment) -> None:
        self.fill("# " + t.text)

    def _If(self, t: ast.If, word: str = "if ") -> None:
        self.fill(word)
        self._test(t.test)
        self.enter()
        self.dispatch(t.body)
        self.leave()
        if len(t.orelse) == 1 and isinstance(t.orelse[0], ast.If):
            self._flush()
            self._origin = getattr(t.orelse[0], "origin", None)
            self._If(t.orelse[0], "elif ")
        elif t.orelse:
            self.fill("else")
            self.enter()
            self.dispatch(t.orelse)
            self.leave()

    def _While(self, t: ast.While) -> None:
        self.fill("while ")
        self._test(t.test)
        self.enter()
        self.dispatch(t.body)
        self.leave()

    def _For(self, t: ast.For) -> None:
        self.fill("for ")
        self._place(t.target, TUPLE)
        self.write(" in ")
        self._place(t.iter, TUPLE)
        self.enter()
        self.dispatch(t.body)
        self.leave()

    def _FunctionDef(self, t: ast.FunctionDef) -> None:
        for d in t.decorator_list:
            self.fill("@")
            self.dispatch(d)
        self.fill(f"def {t.name}(")
        self._parameters(t.args)
        self.write(")")
        if t.returns is not None:
            self.write(" -> ")
            self._test(t.returns)
        self.enter()
        self.dispatch(t.body)
        self.leave()

    def _Expr(self, t: ast.Expr) -> None:
        self.fill()
        self._place(t.value, TUPLE)

    def _Assign(self, t: ast.Assign) -> None:
        self.fill()
        for target in t.targets:
            self._place(target, TUPLE)
            self.write(" = ")
        self._place(t.value, TUPLE)

    def _AugAssign(self, t: ast.AugAssign) -> None:
        self.fill()
        self._place(t.target, ATOM)
        self.write(f" {self.binop[type(t.op).__name__]}= ")
        self._place(t.value, TUPLE)

    def _Return(self, t: ast.Return) -> None:
        self.fill("return")
        if t.value is not None:
            self.write(" ")
            self._place(t.value, TUPLE)

    def _Raise(self, t: ast.Raise) -> None:
        self.fill("raise")
        if t.exc is not None:
            self.write(" ")
            self._test(t.exc)

    def _Try(self, t: ast.Try) -> None:
        self.fill("try")
        self.enter()
        self.dispatch(t.body)
        self.leave()
        for h in t.handlers:
            self.fill("except ")
            assert h.type is not None
            self._place(h.type, ATOM)
            self.write(f" as {h.name}" if h.name else "")
            self.enter()
            self.dispatch(h.body)
            self.leave()
        if t.orelse:
            self.fill("else")
            self.enter()
            self.dispatch(t.orelse)
            self.leave()

    def _With(self, t: ast.With) -> None:
        self.fill("with ")
        self._place(t.items[0].context_expr, ATOM)
        self.enter()
        self.dispatch(t.body)
        self.leave()

    # expressions

    def _place(self, e: ast.expr, level: int) -> None:
        """Write an expression where at least `level` is asked for."""
        before, self._level = self._level, level
        getattr(self, f"_{type(e).__name__}")(e)
        self._level = before

    def _test(self, e: ast.expr) -> None:
        self._place(e, LAMBDA)

    def _parameters(self, args: ast.arguments) -> None:
        before, self._level = self._level, LAMBDA
        self.dispatch(args)
        self._level = before

    def _enclose(self, binds: int) -> bool:
        """Open a parenthesis if the expression binds less than its place asks for."""
        wrapped = binds < self._level
        if wrapped:
            self.write("(")
        return wrapped

    def _close(self, wrapped: bool) -> None:
        if wrapped:
            self.write(")")

    def _many(self, items: Sequence[ast.expr]) -> None:
        for k, e in enumerate(items):
            if k:
                self.write(", ")
            self._test(e)

    def _Constant(self, t: ast.Constant) -> None:
        value = t.value
        if value is Ellipsis:
            self.write("...")
        elif isinstance(value, complex) and value.real:
            wrapped = self._enclose(SUM)
            self.write(repr(value).strip("()").replace("inf", "1e309"))
            self._close(wrapped)
        elif isinstance(value, (float, complex)):
            self.write(repr(value).replace("inf", "1e309"))
        else:
            self.write(repr(value))

    def _Tuple(self, t: ast.Tuple) -> None:
        if not t.elts:
            self.write("()")
            return
        wrapped = self._enclose(TUPLE if len(t.elts) > 1 else TUPLE - 1)  # a comma alone is overlooked
        self._many(t.elts)
        if len(t.elts) == 1:
            self.write(",")
        self._close(wrapped)

    def _List(self, t: ast.List) -> None:
        self.write("[")
        self._many(t.elts)
        self.write("]")

    def _Dict(self, t: ast.Dict) -> None:
        self.write("{")
        for k, (key, value) in enumerate(zip(t.keys, t.values)):
            if k:
                self.write(", ")
            if key is None:
                self.write("**")
                self._place(value, BITOR)
            else:
                self._test(key)
                self.write(": ")
                self._test(value)
        self.write("}")

    def _UnaryOp(self, t: ast.UnaryOp) -> None:
        binds = NOT if isinstance(t.op, ast.Not) else SIGN
        wrapped = self._enclose(binds)
        self.write(self.unop[type(t.op).__name__])
        self._place(t.operand, binds)
        self._close(wrapped)

    def _BinOp(self, t: ast.BinOp) -> None:
        chain: list[tuple[ast.operator, ast.expr, int, bool]] = []
        binds, e = BINDING[type(t.op)], t
        closes = []
        while True:  # a long sum is a deep tree: walk its left spine
            closes.append(self._enclose(binds))
            power = isinstance(e.op, ast.Pow)
            chain.append((e.op, e.right, SIGN if power else binds + 1, closes[-1]))
            left = e.left
            if not isinstance(left, ast.BinOp) or power:
                self._place(left, binds + 1 if power else binds)
                break
            self._level = binds
            binds, e = BINDING[type(left.op)], left
        before = self._level
        for op, right, level, wrapped in reversed(chain):
            self.write(f" {self.binop[type(op).__name__]} ")
            self._place(right, level)
            self._close(wrapped)
        self._level = before

    def _Compare(self, t: ast.Compare) -> None:
        wrapped = self._enclose(COMPARE)
        self._place(t.left, COMPARE + 1)
        for op, e in zip(t.ops, t.comparators):
            self.write(f" {self.cmpops[type(op).__name__]} ")
            self._place(e, COMPARE + 1)
        self._close(wrapped)

    def _BoolOp(self, t: ast.BoolOp) -> None:
        binds, word = (AND, " and ") if isinstance(t.op, ast.And) else (OR, " or ")
        wrapped = self._enclose(binds)
        for k, e in enumerate(t.values):
            if k:
                self.write(word)
            self._place(e, binds + 1)
        self._close(wrapped)

    def _IfExp(self, t: ast.IfExp) -> None:
        wrapped = self._enclose(IFEXP)
        self._place(t.body, OR)
        self.write(" if ")
        self._place(t.test, OR)
        self.write(" else ")
        self._place(t.orelse, IFEXP)
        self._close(wrapped)

    def _Lambda(self, t: ast.Lambda) -> None:
        wrapped = self._enclose(LAMBDA)
        self.write("lambda " if t.args.args or t.args.vararg or t.args.kwonlyargs or t.args.kwarg else "lambda")
        self._parameters(t.args)
        self.write(": ")
        self._test(t.body)
        self._close(wrapped)

    def _Attribute(self, t: ast.Attribute) -> None:
        number = isinstance(t.value, ast.Constant) and isinstance(t.value.value, (int, float, complex))
        if number and not isinstance(t.value.value, bool):  # type: ignore[attr-defined]
            self.write("(")
            self._place(t.value, TUPLE)
            self.write(")")
        else:
            self._place(t.value, ATOM)
        self.write("." + t.attr)

    def _Call(self, t: ast.Call) -> None:
        self._place(t.func, ATOM)
        self.write("(")
        self._many(t.args)
        for k, word in enumerate(t.keywords, len(t.args)):
            self.write((", " if k else "") + ("**" if word.arg is None else f"{word.arg}="))
            self._test(word.value)
        self.write(")")

    def _Starred(self, t: ast.Starred) -> None:
        self.write("*")
        self._place(t.value, BITOR)

    def _Subscript(self, t: ast.Subscript) -> None:
        self._place(t.value, ATOM)
        self.write("[")
        if isinstance(t.slice, ast.Tuple) and t.slice.elts:
            self._many(t.slice.elts)
            if len(t.slice.elts) == 1:
                self.write(",")
        else:
            self._test(t.slice)
        self.write("]")

    def _Slice(self, t: ast.Slice) -> None:
        if t.lower is not None:
            self._test(t.lower)
        self.write(":")
        if t.upper is not None:
            self._test(t.upper)
        if t.step is not None:
            self.write(":")
            self._test(t.step)


def print_block(body: Sequence[ast.stmt], indent: int = 0) -> str:
    """Return the text of statements."""
    return Printer(body, indent).source
