"""Lower expressions: each operation becomes one `Assign`, in Python's order of evaluation.

`expr(node)` returns where the value is: a literal, a local name, or a temporary. With a target, the last
operation assigns to the target itself. An operand that is a name is read when its operation runs, so names
that `:=` binds within the same statement are copied when Python would read them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gast

from adgen.errors import UnsupportedError
from adgen.frontend.cells import OF_MODULE
from adgen.frontend.origins import Locator
from adgen.frontend.refuse import make_refusal
from adgen.frontend.tree import Assign, If, Lit, Operand, Stmt
from adgen.ir.nodes import Origin

BINARY = {
    "Add": "+", "Sub": "-", "Mult": "*", "Div": "/", "FloorDiv": "//", "Mod": "%", "Pow": "**", "MatMult": "@",
    "LShift": "<<", "RShift": ">>", "BitAnd": "&", "BitOr": "|", "BitXor": "^",
}  # fmt: skip
_UNARY = {"USub": "-", "UAdd": "+", "Invert": "~", "Not": "not"}
_COMPARE = {
    "Eq": "==", "NotEq": "!=", "Lt": "<", "LtE": "<=", "Gt": ">", "GtE": ">=",
    "Is": "is", "IsNot": "is not", "In": "in", "NotIn": "not in",
}  # fmt: skip
NESTED = 64  # so many branches of a chain stand in each other; what follows stands beside them
_CONVERSIONS = {-1: "", 115: "s", 114: "r", 97: "a"}


class ExprLowerer:
    """Appends to `out`; one statement's operations share `origin`."""

    def __init__(self, locator: Locator, local: frozenset[str], outer: dict[str, str], scope: dict[str, Any]) -> None:
        self.locator = locator
        self.local = local
        self.outer = outer  # comprehension variables of enclosing functions: name -> its tree name
        self.scope = scope  # globals, to see what a callee's name stands for
        self.out: list[Stmt] = []
        self.origin: Origin | None = None
        self.renames: dict[str, str] = {}  # comprehension variables here
        self.rebound: frozenset[str] = frozenset()  # names that this statement binds with `:=`
        self.extra: list[str] = []  # local names that lowering made
        self.first_param: str | None = None
        self._temps = 0
        self._scopes = 0

    # Building blocks

    def temp(self) -> str:
        self._temps += 1
        return f"%{self._temps}"

    def emit(
        self, op: str, args: tuple[Operand, ...], target: str | None = None, kws: tuple[str, ...] = (), data: Any = None
    ) -> str:
        name = target or self.temp()
        self.out.append(Assign(name, op, args, kws, data, self.origin))
        return name

    def block(self, fill: Callable[[], None]) -> list[Stmt]:
        """Return the statements that `fill` appends."""
        kept, self.out = self.out, []
        try:
            fill()
            return self.out
        finally:
            self.out = kept

    def branch(self, node: Any, target: str) -> list[Stmt]:
        """Return the statements that put a value under the target's name."""

        def fill() -> None:
            self.expr(node, target)

        return self.block(fill)

    def refuse(self, node: Any, kind: str | None = None) -> UnsupportedError:
        return make_refusal(kind or type(node).__name__, self.place(node))

    def place(self, node: Any) -> Origin:
        return self.locator.expression(node, self.origin.text if self.origin else "")

    def mangle(self, name: str) -> str:
        """Return a name as Python sees it: `__private` names belong to their class."""
        if not name.startswith("__") or name.endswith("__") or "." in name:
            return name
        owner = (self.locator.source.owner or "").lstrip("_")
        if not owner:
            return name
        return f"_{owner}{name}"

    # Names and literals

    def expr(self, node: Any, target: str | None = None) -> Operand:
        lower = getattr(self, "expr_" + type(node).__name__, None)
        if lower is None:
            raise self.refuse(node)
        result: Operand = lower(node, target)
        return result

    def settle(self, value: Operand, target: str | None) -> Operand:
        """Put a value under the target's name, if there is one."""
        return value if target is None else self.emit("copy", (value,), target)

    def expr_Constant(self, node: Any, target: str | None) -> Operand:
        return self.settle(Lit(node.value), target)

    def expr_Name(self, node: Any, target: str | None) -> Operand:
        name = self.mangle(node.id)
        if name in self.renames:
            other = self.renames[name]
            return self.emit("copy", (other,), target) if other.endswith(OF_MODULE) else self.settle(other, target)
        if name not in self.local:
            if name == "__debug__":
                return self.settle(Lit(__debug__), target)
            return self.emit("free", (), target, data=self.outer.get(name, name))
        if name in self.rebound:
            return self.emit("copy", (name,), target)
        return self.settle(name, target)

    def expr_NamedExpr(self, node: Any, target: str | None) -> Operand:
        name = self.mangle(node.target.id)
        name = self.renames.get(name, name)
        self.expr(node.value, name)
        # Another `:=` of this statement may bind the name again before it is read.
        return self.emit("copy", (name,), target)

    # Operators

    def expr_UnaryOp(self, node: Any, target: str | None) -> Operand:
        op = _UNARY[type(node.op).__name__]
        value = self.expr(node.operand)
        if isinstance(value, Lit) and op in "+-" and type(value.value) in (int, float, complex):
            return self.settle(Lit(-value.value if op == "-" else +value.value), target)
        return self.emit("unary", (value,), target, data=op)

    def expr_BinOp(self, node: Any, target: str | None) -> Operand:
        spine = [node]  # a sum of a thousand terms is a tree a thousand levels deep
        while type(node.left) is gast.BinOp:
            node = node.left
            spine.append(node)
        value = self.expr(node.left)
        while spine:
            node = spine.pop()
            right = self.expr(node.right)
            value = self.emit("binary", (value, right), None if spine else target, data=BINARY[type(node.op).__name__])
        return value

    def expr_BoolOp(self, node: Any, target: str | None) -> Operand:
        result = self.temp()
        self.expr(node.values[0], result)
        is_and = isinstance(node.op, gast.And)
        out = self.out
        for k, value in enumerate(node.values[1:], 1):
            inner = self.branch(value, result)
            out.append(If(result, inner if is_and else [], [] if is_and else inner, self.origin))
            out = inner if k % (NESTED // 2) else self.out
        return self.settle(result, target)

    def expr_Compare(self, node: Any, target: str | None) -> Operand:
        ops = [_COMPARE[type(op).__name__] for op in node.ops]
        left, right = self.expr(node.left), self.expr(node.comparators[0])
        if len(ops) == 1:
            return self.emit("compare", (left, right), target, data=ops[0])
        result = self.temp()
        self.emit("compare", (left, right), result, data=ops[0])
        outer, out = self.out, self.out
        for op, comparator in zip(ops[1:], node.comparators[1:]):
            self.out = []
            left, right = right, self.expr(comparator)
            self.emit("compare", (left, right), result, data=op)
            out.append(If(result, self.out, [], self.origin))
            out = self.out
        self.out = outer
        return self.settle(result, target)

    def expr_IfExp(self, node: Any, target: str | None) -> Operand:
        result, chain = target, Chain(self)
        while isinstance(node, gast.IfExp):
            test = self.expr(node.test)
            if result is None:
                result = self.temp()
                if isinstance(node.orelse, gast.IfExp):
                    result = f"%chosen{result[1:]}"  # a chain that is cut binds it on some of its paths
            chain.add(test, self.branch(node.body, result))
            node = node.orelse
        self.expr(node, result)
        chain.close()
        assert result is not None
        return result

    # Parts of objects

    def expr_Attribute(self, node: Any, target: str | None) -> Operand:
        return self.emit("getattr", (self.expr(node.value),), target, data=self.mangle(node.attr))

    def expr_Subscript(self, node: Any, target: str | None) -> Operand:
        base = self.expr(node.value)
        return self.emit("getitem", (base, self.expr(node.slice)), target)

    def expr_Slice(self, node: Any, target: str | None) -> Operand:
        ends = [Lit(None) if e is None else self.expr(e) for e in (node.lower, node.upper, node.step)]
        return self.emit("slice", tuple(ends), target)

    # Displays

    def items(self, nodes: list[Any], offset: int = 0) -> tuple[list[Operand], frozenset[int]]:
        """Lower items of a display or a call; also say which positions are starred."""
        values, starred = [], []
        for i, node in enumerate(nodes):
            if isinstance(node, gast.Starred):
                starred.append(i + offset)
                value = self.expr(node.value)
                if has_call(nodes[i + 1 :]):  # Python takes the items now
                    value = self.emit("call", (Lit(tuple), value), data=frozenset())
                values.append(value)
            else:
                values.append(self.expr(node))
        return values, frozenset(starred)

    def display(self, op: str, node: Any, target: str | None) -> Operand:
        values, starred = self.items(node.elts)
        return self.emit(op, tuple(values), target, data=starred)

    def expr_Tuple(self, node: Any, target: str | None) -> Operand:
        return self.display("tuple", node, target)

    def expr_List(self, node: Any, target: str | None) -> Operand:
        return self.display("list", node, target)

    def expr_Set(self, node: Any, target: str | None) -> Operand:
        return self.display("set", node, target)

    def expr_Dict(self, node: Any, target: str | None) -> Operand:
        args: list[Operand] = []
        starred = []
        for key, value in zip(node.keys, node.values):
            if key is None:
                starred.append(len(args))
            args.append(Lit(None) if key is None else self.expr(key))
            args.append(self.expr(value))
        return self.emit("dict", tuple(args), target, data=frozenset(starred))

    def expr_JoinedStr(self, node: Any, target: str | None) -> Operand:
        args: list[Operand] = []
        extra: list[Operand] = []
        parts: list[tuple[str, Any] | None] = []
        for value in node.values:
            if isinstance(value, gast.Constant):
                args.append(Lit(value.value))
                parts.append(None)
                continue
            args.append(self.expr(value.value))
            spec: Any = ""
            if value.format_spec is not None:
                found = self.expr(value.format_spec)
                if isinstance(found, Lit):
                    spec = found.value
                else:
                    spec = len(node.values) + len(extra)
                    extra.append(found)
            parts.append((_CONVERSIONS[value.conversion], spec))
        if not any(parts):
            return self.settle(Lit("".join(a.value for a in args if isinstance(a, Lit))), target)
        return self.emit("format", (*args, *extra), target, data=tuple(parts))


class Chain:
    """The branches of `if … elif … else`, each in the `else` of the one before, but not deeper than `NESTED`."""

    def __init__(self, lowerer: ExprLowerer) -> None:
        self.lowerer = lowerer
        self.outer, self.begin = lowerer.out, len(lowerer.out)
        self.links = 0

    def add(self, test: Operand, then: list[Stmt]) -> None:
        """Append a branch; what comes next is lowered into its `else`."""
        lowerer, self.links = self.lowerer, self.links + 1
        orelse: list[Stmt] = []
        lowerer.out.append(If(test, then, orelse, lowerer.origin))
        if self.links % NESTED == 0:
            # No branch was taken so far: that is a flag of its own, and what comes next depends on that alone.
            rest = lowerer.temp()
            orelse.append(Assign(rest, "copy", (Lit(True),), origin=lowerer.origin))
            self.outer.insert(self.begin, Assign(rest, "copy", (Lit(False),), origin=lowerer.origin))
            self.begin, orelse = len(self.outer), []
            self.outer.append(If(rest, orelse, [], lowerer.origin))
        lowerer.out = orelse

    def close(self) -> None:
        self.lowerer.out = self.outer


def has_call(nodes: list[Any]) -> bool:
    """Say whether expressions call anything: that may change what was read before."""
    return any(isinstance(n, gast.Call) for node in nodes for n in gast.walk(node))
