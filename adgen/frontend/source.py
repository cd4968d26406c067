"""Find the text of a running function, and prove that it is what runs.

Only the function's own lines are parsed; a whole file is, when they can't be told. The text found is
compiled and compared with the running code, so a file that changed since its import is an error.
"""

from __future__ import annotations

import ast
import inspect
import linecache
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import gast

from adgen.errors import SourceError
from adgen.frontend.codes import compile_alone, compile_file, enclosing_class, is_same_code, is_within, parse_text
from adgen.frontend.convert import to_gast
from adgen.frontend.positions import lambda_at_positions
from adgen.frontend.surgery import desugar

_TRIES = 60  # ends of a block to try before the whole file is parsed
_ABOVE = 40  # lines above a lambda where its statement may begin
_PACKAGE = str(Path(__file__).parents[1])


class NoSourceError(SourceError):
    """There is no text to find."""


@dataclass(slots=True)
class Source:
    """A function's text. Positions in `node` are those of the file; columns count UTF-8 bytes."""

    file: str
    first_line: int  # of `lines[0]`
    lines: list[str]
    node: Any  # gast.FunctionDef, AsyncFunctionDef or Lambda, without decorators
    name: str
    owner: str | None = None  # the class that `__private` names belong to
    comments: dict[int, str] = field(default_factory=dict)  # comment lines, by line number

    @property
    def text(self) -> str:
        """The function alone, dedented."""
        node = self.node
        first, last = node.lineno - self.first_line, node.end_lineno - self.first_line
        lines = self.lines[first : last + 1]
        if isinstance(node, gast.Lambda):
            lines[-1] = lines[-1].encode()[: node.end_col_offset].decode()
            lines[0] = lines[0].encode()[node.col_offset :].decode()
            return "".join(lines)
        return inspect.cleandoc("\n" + "".join(lines)) + "\n"


def find_source(fn: Callable[..., Any]) -> Source:
    """Return the source of a function written in Python, or raise `SourceError` that says why not."""
    function = inspect.unwrap(fn) if not hasattr(fn, "__code__") else fn
    function = getattr(function, "__func__", function)
    if not isinstance(function, FunctionType):
        raise _not_python(fn)
    code = function.__code__
    # linecache may still hold the text as it was imported; only if that fails, read the file again.
    lines = _read_lines(function)
    node = _find_node(lines, function) if lines else None
    if node is None:
        linecache.checkcache(code.co_filename)
        again = _read_lines(function)
        if not again:
            raise _no_text(function)
        node = _find_node(again, function) if again != lines else None
        if node is None:
            raise _no_text(function) if code.co_filename.startswith("<") else _not_same(function)
        lines = again
    return _make_source(lines, node, function)


@cache
def _lines_of_ours(file: str) -> list[str]:
    """Read a file of rules, as `linecache` does but without its search."""
    try:
        return Path(file).read_text("utf-8").splitlines(keepends=True)
    except OSError:
        return []


def _read_lines(fn: FunctionType) -> list[str]:
    code = fn.__code__
    if code.co_filename.startswith(_PACKAGE) and (own := _lines_of_ours(code.co_filename)):
        return own
    lines = linecache.getlines(code.co_filename, fn.__globals__)
    by_code = getattr(linecache, "_getlines_from_code", None)  # what is typed at the prompt of Python 3.13
    if not lines and by_code is not None:
        lines = by_code(code)
    return list(lines)


def _find_node(lines: list[str], fn: FunctionType) -> Any:
    """Return the `ast` node whose code is that of the function, or None."""
    code = fn.__code__
    if code.co_firstlineno > len(lines):
        return None
    ours = code.co_filename.startswith(_PACKAGE)  # installed files don't change under a running program
    if code.co_name == "<lambda>":
        if ours and (node := lambda_at_positions(lines, code)) is not None:
            return node
        candidates = _nearby_lambdas(lines, code.co_firstlineno - 1)
    else:
        candidates = _nearby_functions(lines, code.co_firstlineno - 1, code.co_name)
        if ours:
            return next(candidates, None)
    for node in candidates:
        for found in _try_compile(node, fn):
            # Of equal lambdas on one line, the one in whose body all instructions stand.
            if is_same_code(found, code) and (code.co_name != "<lambda>" or is_within(code, node)):
                return node
    return _search_file(lines, code)


def _try_compile(node: Any, fn: FunctionType) -> Iterator[CodeType]:
    try:
        yield from compile_alone(node, fn.__code__, fn.__globals__)
    except (SyntaxError, ValueError, RecursionError):
        return  # `compile` takes deeper text than trees: the whole file may do


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _is_code(line: str) -> bool:
    text = line.lstrip()
    return bool(text) and not text.startswith("#")


def _parse_lines(lines: list[str], start: int, end: int) -> list[ast.stmt] | None:
    """Parse `lines[start:end]` at their true position, or return None."""
    block = "".join(lines[start:end])
    try:
        if not _indent(lines[start]):
            return parse_text("\n" * start + block).body
        if not start:
            return None
        (wrapper,) = parse_text("\n" * (start - 1) + "if 1:\n" + block).body
    except (SyntaxError, ValueError):
        return None
    return wrapper.body if isinstance(wrapper, ast.If) else None


def _ends(lines: list[str], start: int, after: int) -> Iterator[int]:
    """Yield where the statement that begins at `start` may end: before a line that is not further in."""
    indent = _indent(lines[start])
    for i in range(after, len(lines)):
        if _is_code(lines[i]) and _indent(lines[i]) <= indent:
            yield i
    yield len(lines)


def _nearby_functions(lines: list[str], start: int, name: str) -> Iterator[Any]:
    for _, end in zip(range(_TRIES), _ends(lines, start, start + 1)):
        body = _parse_lines(lines, start, end)
        if body is None:
            continue
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == name:
                yield node
        return


def _nearby_lambdas(lines: list[str], line: int) -> Iterator[Any]:
    seen: set[tuple[int, ...]] = set()
    for start in range(line, max(line - _ABOVE, -1), -1):
        if not _is_code(lines[start]):
            continue
        tried = {line + 1, *(end for _, end in zip(range(6), _ends(lines, start, line + 1)))}
        for end in sorted(tried):
            body = _parse_lines(lines, start, end)
            for node in [] if body is None else _lambdas_at(body, line + 1):
                place = (node.col_offset, node.end_lineno, node.end_col_offset)
                if place not in seen:
                    seen.add(place)
                    yield node
        if seen and not _indent(lines[start]):
            return


def _lambdas_at(body: list[ast.stmt], line: int) -> Iterator[Any]:
    for stmt in body:
        for node in ast.walk(stmt):
            if isinstance(node, ast.Lambda) and node.lineno == line:
                yield node


def _search_file(lines: list[str], code: CodeType) -> Any:
    """Look in the whole file: the scopes round the function may matter."""
    text = "".join(lines)
    try:
        if not any(is_same_code(found, code) for found in compile_file(text, code)):
            return None
        module = parse_text(text)
    except (SyntaxError, ValueError):
        return None
    if code.co_name == "<lambda>":
        # Several on the line: the innermost whose body holds all that runs.
        fits = [n for n in _lambdas_at(module.body, code.co_firstlineno) if is_within(code, n)]
        return fits[-1] if fits and all(_holds(a, b) for a, b in pairwise(fits)) else None
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name == code.co_name:
            if code.co_firstlineno == min([node.lineno, *(d.lineno for d in node.decorator_list)]):
                return node
    return None


def _holds(outer: ast.AST, inner: ast.AST) -> bool:
    return any(n is inner for n in ast.walk(outer))


def _make_source(lines: list[str], node: Any, fn: FunctionType) -> Source:
    code = fn.__code__
    first = code.co_firstlineno
    if code.co_name == "<lambda>":
        first = node.lineno
    if not isinstance(node, ast.Lambda):
        node.decorator_list = []
    own = lines[first - 1 : node.end_lineno]
    if any("with" in line for line in own):
        node = desugar(node, fn)
    source = Source(code.co_filename, first, own, to_gast(node), code.co_name, enclosing_class(code))
    comments = {first + i: line.strip() for i, line in enumerate(own) if line.lstrip().startswith("#")}
    if comments:
        for line in _lines_in_strings(node):
            comments.pop(line, None)
    source.comments = comments
    return source


def _lines_in_strings(node: ast.AST) -> Iterator[int]:
    for n in ast.walk(node):
        if isinstance(n, (ast.Constant, ast.JoinedStr)) and n.end_lineno != n.lineno:
            yield from range(n.lineno + 1, (n.end_lineno or n.lineno) + 1)


def _not_python(fn: Any) -> SourceError:
    name = getattr(fn, "__qualname__", None) or repr(fn)
    if isinstance(fn, type):
        why = "It is a class, not a function."
        return SourceError(what=f"{name} has no source to differentiate", why=why, instead="pass a function.")
    why = "It is not a function written in Python (built in, compiled, or an object that can be called)."
    instead = "wrap it in a Python function, and give it a rule with adgen.custom_vjp if it has none."
    return SourceError(what=f"{name} has no source to differentiate", why=why, instead=instead)


def _no_text(fn: FunctionType) -> NoSourceError:
    code = fn.__code__
    if code.co_filename.startswith("<"):
        why = f"It was made from a string or at a prompt ({code.co_filename}), and its text was not kept."
        instead = "write it to a file, or register the text: linecache.cache[name] = (len(text), None, lines, name)."
    else:
        why = f"The file {code.co_filename} can't be read."
        instead = "run where the source files are installed."
    return NoSourceError(what=f"the source of {fn.__qualname__} was not found", why=why, instead=instead)


def _not_same(fn: FunctionType) -> SourceError:
    code = fn.__code__
    place = f"{code.co_filename}, line {code.co_firstlineno}"
    why = f"What stands at {place} now compiles to another function: the file changed since it was imported,"
    why += " or a tool rewrote the function."
    instead = "import the module anew (restart, or importlib.reload)."
    return SourceError(what=f"the source of {fn.__qualname__} is not what runs", why=why, instead=instead)
