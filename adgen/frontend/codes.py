"""Compile a found piece of syntax and compare it with the code that runs.

Two code objects are the same if they compute the same: line numbers, file names and enclosing scopes don't
count. Code that a tool rewrote on import (pytest's `assert`) is compared by its interface only.
"""

from __future__ import annotations
import __future__

import ast
import itertools
import sys
import threading
import warnings
from collections.abc import Iterator
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, cast

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


def compile_alone(node: Any, code: CodeType, scope: dict[str, Any]) -> Iterator[CodeType]:
    """Compile one function or lambda in scopes like those of `code`, in each way that its module may have done."""
    names = _names(code)
    stmt = _bare(node)
    depth = 0
    owner = enclosing_class(code)
    if owner is not None and any(n.startswith("_") and "__" in n for n in names):
        stmt = _at(stmt, ast.ClassDef(name=owner, bases=[], keywords=[], body=[stmt], decorator_list=[]))
        depth += 1
    if code.co_freevars:
        args = [_at(stmt, ast.arg(arg=name)) for name in code.co_freevars]
        params = ast.arguments(posonlyargs=[], args=args, kwonlyargs=[], kw_defaults=[], defaults=[])
        stmt = _at(stmt, ast.FunctionDef(name="_", args=params, body=[stmt], decorator_list=[]))
        depth += 1
    # A call `np.sin(x)` is compiled in another way if the name `np` was imported by the same module, or the same cell.
    modules = [_at(stmt, ast.alias(name=n)) for n in sorted(names) if n in scope and _is_imported(scope[n], scope)]
    for some in _some_of(modules):
        imports = [_at(stmt, ast.Import(names=some))] if some else []
        yield _inside(_compile([*imports, stmt], code), depth, code.co_name)


def _some_of(modules: list[ast.alias]) -> Iterator[list[ast.alias]]:
    """Yield all of them, none, and where they are few what lies between."""
    yield modules
    if modules:
        yield []
    if len(modules) < 6:
        for n in range(len(modules) - 1, 0, -1):
            yield from map(list, itertools.combinations(modules, n))


def compile_file(text: str, code: CodeType) -> Iterator[CodeType]:
    """Compile a whole file; yield the code objects of the name and first line of `code`."""
    pending = [_compile(text, code)]
    while pending:
        inner = [c for c in pending.pop().co_consts if isinstance(c, CodeType)]
        yield from (c for c in inner if c.co_name == code.co_name and c.co_firstlineno == code.co_firstlineno)
        pending.extend(inner)


def _compile(what: list[ast.stmt] | str, code: CodeType) -> CodeType:
    module: Any = what if isinstance(what, str) else ast.Module(body=what, type_ignores=[])
    with _quiet, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = compile(module, code.co_filename, "exec", flags=code.co_flags & _FUTURES, dont_inherit=True)
    return cast(CodeType, found)


def _inside(code: CodeType, depth: int, name: str) -> CodeType:
    """Return the function's code: the scopes round it hold no other."""
    while True:
        inner = [c for c in code.co_consts if isinstance(c, CodeType)]
        if depth == 0 and (named := [c for c in inner if c.co_name == name]):
            return named[-1]
        depth = max(depth - 1, 0)
        code = inner[-1]


def _bare(node: Any) -> ast.stmt:
    """Return a function without what surrounds its code: decorators, values of defaults, annotations."""
    old = node.args
    args = ast.arguments(
        posonlyargs=[_at(a, ast.arg(arg=a.arg)) for a in old.posonlyargs],
        args=[_at(a, ast.arg(arg=a.arg)) for a in old.args],
        vararg=old.vararg and _at(old.vararg, ast.arg(arg=old.vararg.arg)),
        kwonlyargs=[_at(a, ast.arg(arg=a.arg)) for a in old.kwonlyargs],
        kwarg=old.kwarg and _at(old.kwarg, ast.arg(arg=old.kwarg.arg)),
        defaults=[_at(d, ast.Constant(value=None)) for d in old.defaults],
        kw_defaults=[d and _at(d, ast.Constant(value=None)) for d in old.kw_defaults],
    )
    if isinstance(node, ast.Lambda):
        return _at(node, ast.Expr(value=_at(node, ast.Lambda(args=args, body=node.body))))  # type: ignore[no-any-return]
    function = type(node)(name=node.name, args=args, body=node.body, decorator_list=[])
    bare: ast.stmt = _at(node, function)
    if sys.version_info >= (3, 12):
        bare.type_params = node.type_params  # type: ignore[attr-defined]
    return bare


def _at(place: Any, node: Any) -> Any:
    node.lineno, node.col_offset = place.lineno, place.col_offset
    node.end_lineno, node.end_col_offset = place.end_lineno, place.end_col_offset
    if sys.version_info >= (3, 12) and isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        node.type_params = []
    return node


def _is_imported(value: Any, scope: dict[str, Any]) -> bool:
    if isinstance(value, (type, FunctionType, BuiltinFunctionType)):
        return bool(value.__module__ != scope.get("__name__"))
    return isinstance(value, ModuleType)


def _names(code: CodeType) -> set[str]:
    names = {*code.co_names, *code.co_varnames, *code.co_cellvars, *code.co_freevars}
    return names.union(*(_names(c) for c in code.co_consts if isinstance(c, CodeType)))


def is_within(code: CodeType, node: ast.Lambda) -> bool:
    """Say whether every instruction comes from the body of a lambda."""
    body = node.body
    first, last = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    for line, end_line, col, end_col in code.co_positions():
        if line is None or end_line is None or col is None or end_col is None or (col, end_col) == (0, 0):
            continue
        if (line, col) < first or (end_line, end_col) > last:
            return False
    return True


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
