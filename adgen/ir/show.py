"""Print the IR for people: deterministic text, one statement per line, nested blocks indented.

Values are `%3`, or `%3.x` if they print under a name, numbered in order of definition.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Block, Func, Hole, If, Index, Let, Loop, Operand, Place, Slice, Stmt, Var


def show(func: Func, types: bool = True) -> str:
    """Return the text of a function, with the type of each value behind its definition."""
    p = Printer(types)
    head = f"func {func.name}({', '.join(p.define(v) for v in func.params)}):"
    return "\n".join([head, *p.block(func.body, "return", 1)]) + "\n"


class Printer:
    """Text of nodes; keeps the numbers given to values."""

    def __init__(self, types: bool = True) -> None:
        self.types = types
        self.numbers: dict[Var, int] = {}

    def name(self, v: Var) -> str:
        number = self.numbers.setdefault(v, len(self.numbers))
        return f"%{number}.{v.name}" if v.name else f"%{number}"

    def define(self, v: Var) -> str:
        return f"{self.name(v)}: {v.type}" if self.types else self.name(v)

    def operand(self, a: Operand) -> str:
        if isinstance(a, Var):
            return self.name(a)
        return "undef" if str(a.type) == "undef" else constant(a.value)

    def many(self, xs: tuple[Operand, ...]) -> str:
        return ", ".join(map(self.operand, xs))

    def block(self, b: Block, word: str, depth: int) -> list[str]:
        lines = [line for s in b.stmts for line in self.stmt(s, depth)]
        if b.results or not lines:
            lines.append("    " * depth + f"{word} {self.many(b.results)}".rstrip())
        return lines

    def stmt(self, s: Stmt, depth: int) -> list[str]:
        pad = "    " * depth
        if isinstance(s, Let):
            text = self.expression(s)
            return [f"{pad}{self.define(s.out)} = {text}"]
        if isinstance(s, If):
            lines = [f"{pad}if {self.operand(s.cond)}:", *self.block(s.then, "yield", depth + 1)]
            if s.orelse.stmts or s.orelse.results:
                lines += [f"{pad}else:", *self.block(s.orelse, "yield", depth + 1)]
            return lines + self.outs(s.outs, pad, "->")
        return self.loop(s, depth)

    def outs(self, outs: tuple[Var, ...], pad: str, sign: str) -> list[str]:
        return [f"{pad}{sign} {', '.join(self.define(v) for v in outs)}"] if outs else []

    def loop(self, s: Loop, depth: int) -> list[str]:
        pad = "    " * depth
        parts: list[str] = []
        if s.range is not None:
            steps = self.many((s.range.start, s.range.stop, s.range.step))
            header = f"{'reversed ' if s.backwards else ''}range({steps})"
            parts.append(f"{'_' if s.index is None else self.define(s.index)} in {header}")
        for c in s.consumes:
            seq = self.operand(c.seq)
            parts.append(f"{self.define(c.var)} in {'reversed ' if c.reverse else ''}{seq}")
        inits = list(map(self.operand, s.inits))
        carry = ", ".join(f"{self.define(v)} = {init}" for v, init in zip(s.params, inits))
        head = " and ".join(parts) + (f" carry {carry}" if carry else "") + (" until last yield" if s.stops else "")
        lines = [f"{pad}loop {head.strip()}:" if head else f"{pad}loop:"]
        if s.test is not None:
            lines += [f"{pad}while:", *self.block(s.test, "yield", depth + 1), f"{pad}do:"]
        lines += self.block(s.body, "yield", depth + 1)
        return lines + self.outs(s.outs, pad, "->") + self.outs(s.collects, pad, "-> collect")

    def expression(self, s: Let) -> str:
        if s.op.name == "getitem":
            return f"{self.operand(s.args[0])}{self.place(s.place, s.args)}"
        if s.op.name == "update":
            sign = {"set": "=", "add": "+=", "sub": "-="}[s.mode]
            where = f"{self.operand(s.args[0])}{self.place(s.place, s.args)}"
            return f"update {where} {sign} {self.operand(s.args[1])}"
        count = len(s.args) - len(s.kws)
        args = list(map(self.operand, s.args))
        inner = ", ".join(args[:count] + [f"{k}={a}" for k, a in zip(s.kws, args[count:])])
        return f"{s.op.name}({inner})"

    def place(self, place: Place, args: tuple[Operand, ...]) -> str:
        text = ""
        for step in place:
            if isinstance(step, Index):
                text += f"[{', '.join(self.item(i, args) for i in step.items)}]"
            else:
                text += f".{step.op.name}({', '.join(map(constant, step.args))})"
        return text

    def item(self, i: Any, args: tuple[Operand, ...]) -> str:
        if isinstance(i, Hole):
            return self.operand(args[i.arg]) if 0 <= i.arg < len(args) else f"<hole {i.arg}>"
        if isinstance(i, Slice):
            ends = ["" if e is None else self.item(e, args) for e in (i.start, i.stop, i.step)]
            return ":".join(ends[:2] if i.step is None else ends)
        return "..." if i is Ellipsis else repr(i)


def constant(value: Any) -> str:
    """Return the text of a constant; never an address."""
    if isinstance(value, np.dtype):
        return str(value)
    if isinstance(value, tuple):
        inner = ", ".join(map(constant, value))
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if value is Ellipsis:
        return "..."
    if value is None or isinstance(value, (bool, int, float, complex, str, bytes, slice, np.generic)):
        return repr(value)
    if isinstance(value, np.ndarray):
        return f"<array {value.dtype}{list(value.shape)}>"
    name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None)
    return str(name) if name else f"<{type(value).__name__}>"
