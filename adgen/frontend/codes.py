"""Compile a found piece of syntax and compare it with the code that runs.

Two code objects are the same if they compute the same: line numbers, file names and enclosing scopes don't
count. Code that a tool rewrote on import (pytest's `assert`) is compared by its interface only.
"""

from __future__ import annotations

import __future__
import ast
import sys
import threading
import warnings
from collections.abc import Iterator
from types import CodeType
from typing import Any

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag
_KINDS = 0x02AF & ~0x10  # generator, varargs and the like; not "nested"
_quiet = threading.Lock()


def parse_text(text: str) -> ast.Module:
    """Parse without repeating the warnings that the import gave."""
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text)


def enclosing_class(code: CodeType) -> str | None:
    """Return the class whose name `__private` names are mangled with."""
    parts = code.co_qualname.split(".")
    for i in range(len(parts) - 2, -1, -1):
        if parts[i] != "<locals>" and parts[i + 1] != "<locals>":
            return parts[i]
    return None


def compile_alone(node: ast.stmt | ast.expr, code: CodeType) -> Iterator[CodeType]:
    """Compile one function or lambda in scopes like those of `code`; yield the code objects of its name."""
    stmt: ast.stmt = node if isinstance(node, ast.stmt) else _at(node, ast.Expr(value=node))
    owner = enclosing_class(code)
    if owner is not None and _is_private(code):
        stmt = _at(stmt, ast.ClassDef(name=owner, bases=[], keywords=[], body=[stmt], decorator_list=[]))
    if code.co_freevars:
        args = [_at(stmt, ast.arg(arg=name)) for name in code.co_freevars]
        params = ast.arguments(posonlyargs=[], args=args, kwonlyargs=[], kw_defaults=[], defaults=[])
        stmt = _at(stmt, ast.FunctionDef(name="_", args=params, body=[stmt], decorator_list=[]))
    return _compiled(ast.Module(body=[stmt], type_ignores=[]), code)


def compile_file(text: str, code: CodeType) -> Iterator[CodeType]:
    """Compile a whole file; yield the code objects of the name and first line of `code`."""
    found = _compiled(parse_text(text), code)
    return (c for c in found if c.co_firstlineno == code.co_firstlineno)


def _compiled(module: ast.Module, code: CodeType) -> Iterator[CodeType]:
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        top = compile(module, code.co_filename, "exec", flags=code.co_flags & _FUTURES, dont_inherit=True)
    return _named(top, code.co_name)


def _at(place: Any, node: Any) -> Any:
    node.lineno, node.col_offset = place.lineno, place.col_offset
    node.end_lineno, node.end_col_offset = place.end_lineno, place.end_col_offset
    if sys.version_info >= (3, 12) and isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        node.type_params = []
    return node


def _is_private(code: CodeType) -> bool:
    if any(n.startswith("_") and "__" in n for n in code.co_names + code.co_varnames + code.co_freevars):
        return True
    return any(isinstance(c, CodeType) and _is_private(c) for c in code.co_consts)


def _named(code: CodeType, name: str) -> Iterator[CodeType]:
    pending = [code]
    while pending:
        inner = [c for c in pending.pop().co_consts if isinstance(c, CodeType)]
        yield from (c for c in inner if c.co_name == name)
        pending.extend(reversed(inner))


def is_same_code(a: CodeType, b: CodeType) -> bool:
    """Say whether two code objects compute the same."""
    if _interface(a) != _interface(b):
        return False
    if _is_rewritten(a) or _is_rewritten(b):
        return True
    return (
        a.co_code == b.co_code
        and a.co_names == b.co_names
        and a.co_varnames == b.co_varnames
        and a.co_freevars == b.co_freevars
        and a.co_cellvars == b.co_cellvars
        and len(a.co_consts) == len(b.co_consts)
        and all(map(_is_same_const, a.co_consts, b.co_consts))
    )


def _interface(c: CodeType) -> tuple[Any, ...]:
    params = c.co_argcount + c.co_kwonlyargcount
    counts = (c.co_argcount, c.co_posonlyargcount, c.co_kwonlyargcount)
    return c.co_name, counts, c.co_varnames[:params], c.co_flags & _KINDS


def _is_rewritten(c: CodeType) -> bool:
    if any(n.startswith("@py") for n in c.co_names + c.co_varnames):
        return True
    return any(isinstance(k, CodeType) and _is_rewritten(k) for k in c.co_consts)


def _is_same_const(a: object, b: object) -> bool:
    if type(a) is not type(b):
        return False
    if isinstance(a, CodeType) and isinstance(b, CodeType):
        return is_same_code(a, b)
    if isinstance(a, tuple) and isinstance(b, tuple):
        return len(a) == len(b) and all(map(_is_same_const, a, b))
    if isinstance(a, frozenset):
        return a == b
    return repr(a) == repr(b)  # tells 0.0 from -0.0
