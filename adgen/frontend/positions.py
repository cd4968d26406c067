"""Read a lambda where its instructions say that it stands.

A first gradient reads dozens of rules, most of them lambdas: only the text of the body is parsed.
"""

from __future__ import annotations

import ast
import inspect
from types import CodeType
from typing import Any


def lambda_at_positions(lines: list[str], code: CodeType) -> ast.Lambda | None:
    """Return the node of a lambda without defaults, or None where the positions don't tell: assumes ASCII text."""
    places: list[Any] = [p for p in code.co_positions() if None not in p and p[2:] != (0, 0)]
    if not places or code.co_kwonlyargcount or code.co_posonlyargcount or code.co_flags & inspect.CO_VARKEYWORDS:
        return None
    line, col = min((p[0], p[2]) for p in places)
    end, end_col = max((p[1], p[3]) for p in places)
    head, found, params = lines[line - 1][:col].rpartition("lambda ")
    names = code.co_varnames[: code.co_argcount]
    rest = code.co_varnames[code.co_argcount] if code.co_flags & inspect.CO_VARARGS else None
    shown = ", ".join(names if rest is None else (*names, f"*{rest}"))
    if line == 1 or not found or params.rstrip("( ") != f"{shown}:":
        return None
    own = lines[line - 1 : end]
    own[-1] = own[-1][:end_col]
    own[0] = f"({chr(10) * (line - 1)}{' ' * col}{own[0][col:]}"
    try:
        body = ast.parse(f"{''.join(own)}\n)", mode="eval").body
    except SyntaxError:
        return None
    at: dict[str, Any] = {"lineno": line, "end_lineno": line, "col_offset": len(head), "end_col_offset": col}
    star = None if rest is None else ast.arg(rest, **at)
    args = ast.arguments([], [ast.arg(n, **at) for n in names], star, [], [], None, [])
    return ast.Lambda(args, body, **{**at, "end_lineno": end, "end_col_offset": end_col})
