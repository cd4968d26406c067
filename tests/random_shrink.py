"""Make failing programs smaller: statements and parts of expressions are left out one by one."""

from __future__ import annotations

import ast
from collections.abc import Callable


def shrink(source: str, fails: Callable[[str], bool], budget: int = 800) -> str:
    """Return a smaller text that still fails."""
    at = 0
    while budget > 0:
        smaller = _edited(source, at)
        if smaller is None:
            break
        at += 1
        if len(smaller) >= len(source):
            continue
        budget -= 1
        if fails(smaller):
            source, at = smaller, at - 1
    return source


def _edited(source: str, number: int) -> str | None:
    """Return the text after edit `number` of all possible ones, or None after the last."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for name, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                for i, s in enumerate(value):
                    inner = [*getattr(s, "body", []), *getattr(s, "orelse", [])]
                    compound = isinstance(s, (ast.If, ast.For, ast.While))
                    for new in ([], inner) if compound else ([],):
                        if number == 0:
                            rest = [*value[:i], *new, *value[i + 1 :]]
                            setattr(node, name, rest or ([] if name == "orelse" else [ast.Pass()]))
                            return ast.unparse(tree) + "\n"
                        number -= 1
            elif isinstance(value, ast.expr):
                for new in _smaller(value):
                    if number == 0:
                        setattr(node, name, new)
                        return ast.unparse(tree) + "\n"
                    number -= 1
    return None


def _smaller(e: ast.expr) -> list[ast.expr]:
    if isinstance(e, ast.BinOp):
        return [e.left, e.right]
    if isinstance(e, ast.IfExp):
        return [e.body, e.orelse]
    if isinstance(e, ast.BoolOp):
        return e.values
    if isinstance(e, ast.UnaryOp):
        return [e.operand]
    if isinstance(e, ast.Call):
        return [a for a in e.args if not isinstance(a, ast.Starred)]
    return []
