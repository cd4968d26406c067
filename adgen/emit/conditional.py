"""Turn branches that only choose a value back into expressions: `a if c else b`, `a and b`, `a or b`.

Runs before folding, on IR that is only printed from then on. A branch becomes a `Let` of the pseudo-operation
`CHOOSE`, which reads the condition and whatever its sides read; what stands on each side is written
inside it. Taken are branches with one scalar result whose sides are short and pure, and whose statement
the user did not write as an `if`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from adgen.emit.fold import STATEMENTS
from adgen.emit.unbound import undefined_values
from adgen.ir.memory import refers
from adgen.ir.nodes import Block, Const, Func, If, Let, Loop, Operand, Stmt, Var, operands
from adgen.ir.types import Bool
from adgen.rules.registry import Primitive

CHOOSE = Primitive("choose", lambda c, *_: c, ("cond",), kind="structure")
LONGEST = 5  # operations on one side


@dataclass(slots=True)
class Choices:
    """The branches that became expressions, and what is written inside them."""

    branches: dict[Let, If] = field(default_factory=dict)
    inside: dict[Var, Let] = field(default_factory=dict)
    undefined: set[Var] = field(default_factory=set)  # values that may not be read by name


def find_choices(func: Func) -> tuple[Func, Choices]:
    """Return the function with its branches as expressions where they can be."""
    choices = Choices(undefined=undefined_values(func))
    uses: dict[Var, int] = {}
    _count(func.body, uses)
    body = _block(func.body, uses, choices)
    return (func if body is func.body else replace(func, body=body)), choices


def write_choice(s: If, value: Callable[[Operand], ast.expr]) -> ast.expr:
    """Return the expression of a branch."""
    then, orelse = s.then.results[0], s.orelse.results[0]
    if _is(orelse, False, s.cond):
        return _both(ast.And(), value(s.cond), value(then))
    if _is(then, True, s.cond):
        return _both(ast.Or(), value(s.cond), value(orelse))
    return ast.IfExp(value(s.cond), value(then), value(orelse))


def _both(op: ast.boolop, left: ast.expr, right: ast.expr) -> ast.expr:
    parts: list[ast.expr] = []
    for e in (left, right):
        parts += e.values if isinstance(e, ast.BoolOp) and type(e.op) is type(op) else [e]
    return ast.BoolOp(op, parts)


def _is(a: Operand, value: bool, cond: Operand) -> bool:
    """Say whether one side of a branch is what the condition is there."""
    if a is cond:
        return True
    return isinstance(a, Const) and a.value is value and isinstance(cond.type, Bool)


def _count(block: Block, uses: dict[Var, int]) -> None:
    for s in block.stmts:
        for a in operands(s):
            if isinstance(a, Var):
                uses[a] = uses.get(a, 0) + 1
        if isinstance(s, If):
            _count(s.then, uses)
            _count(s.orelse, uses)
        elif isinstance(s, Loop):
            _count(s.body, uses)
            if s.test is not None:
                _count(s.test, uses)
    for a in block.results:
        if isinstance(a, Var):
            uses[a] = uses.get(a, 0) + 1


def _block(block: Block, uses: dict[Var, int], choices: Choices) -> Block:
    stmts = tuple(_stmt(s, uses, choices) for s in block.stmts)
    return block if all(a is b for a, b in zip(stmts, block.stmts)) else Block(stmts, block.results)


def _stmt(s: Stmt, uses: dict[Var, int], choices: Choices) -> Stmt:
    if isinstance(s, Let):
        return s
    if isinstance(s, Loop):
        test = None if s.test is None else _block(s.test, uses, choices)
        body = _block(s.body, uses, choices)
        return s if test is s.test and body is s.body else replace(s, test=test, body=body)
    then, orelse = _block(s.then, uses, choices), _block(s.orelse, uses, choices)
    if then is not s.then or orelse is not s.orelse:
        s = replace(s, then=then, orelse=orelse)
    reads = _reads(s, uses, choices.undefined)
    if reads is None:
        return s
    for b in (s.then, s.orelse):
        choices.inside.update((x.out, x) for x in b.stmts if isinstance(x, Let))
    let = Let(s.outs[0], CHOOSE, (s.cond, *reads), origin=s.origin, adjoint=s.adjoint)
    choices.branches[let] = s
    return let


def _reads(s: If, uses: dict[Var, int], undefined: set[Var]) -> tuple[Var, ...] | None:
    """Return what the sides of a branch read from outside, or None if it can't be an expression."""
    if len(s.outs) != 1 or s.catch or refers(s.outs[0].type):
        return None
    logical = _is(s.orelse.results[0], False, s.cond) or _is(s.then.results[0], True, s.cond)
    if s.origin is not None and s.origin.text.startswith(("if ", "elif ")) and not logical:
        return None
    if not logical and s.outs[0].name is not None and s.outs[0].name in (_name(s.then), _name(s.orelse)):
        return None  # `if c: x = e` is shorter
    reads: list[Var] = []  # as often as they are written
    for b in (s.then, s.orelse):
        if len(b.stmts) > LONGEST:
            return None
        inner: set[Var] = set()
        for x in b.stmts:
            if not isinstance(x, Let) or x.out.fixed or x.stays or x.op.name in STATEMENTS:
                return None
            if uses.get(x.out) != 1 or refers(x.out.type):
                return None
            reads += [a for a in x.args if isinstance(a, Var) and a not in inner]
            inner.add(x.out)
        a = b.results[0]
        if a in undefined:
            return None
        if isinstance(a, Var) and a not in inner and a is not s.cond:
            reads.append(a)
    return tuple(reads)


def _name(b: Block) -> str | None:
    a = b.results[0]
    return a.name if isinstance(a, Var) and not b.stmts else None
