"""What a function's names mean now: its parameters, its globals, its closure cells.

A `read` is a path as a function's body would evaluate it: the first name in its cells, globals or builtins, then
attributes and items, as in `module.TABLE['key']`.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Callable, Iterator
from inspect import CO_VARARGS, CO_VARKEYWORDS
from itertools import islice
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

from adgen.api.digest import defaults_of

MAX_ENTRIES = 200  # of a table of functions
DEFAULTS = "__defaults__"  # begins the path of a default value of the function itself: `__defaults__.scale`


class Param(NamedTuple):
    name: str
    kind: str  # "positional", "either", "keyword", "*", "**"


def parameters_of(fn: Callable[..., Any]) -> tuple[Param, ...]:
    """Return a function's own parameters, in the order of its signature."""
    code = fn.__code__
    n, only, keyword = code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount
    names = code.co_varnames
    params = [Param(name, "positional" if i < only else "either") for i, name in enumerate(names[:n])]
    after = n + keyword
    if code.co_flags & CO_VARARGS:
        params.append(Param(names[after], "*"))
        after += 1
    params += [Param(name, "keyword") for name in names[n : n + keyword]]
    if code.co_flags & CO_VARKEYWORDS:
        params.append(Param(names[after], "**"))
    return tuple(params)


def header(params: tuple[Param, ...], fn: Callable[..., Any]) -> str:
    """Write the parameter list; defaults are None and are to be set on the function made from it."""
    defaulted = len(fn.__defaults__ or ())
    keywords = fn.__kwdefaults__ or {}
    plain = [p for p in params if p.kind in ("positional", "either")]
    parts: list[str] = []
    for i, p in enumerate(plain):
        parts.append(p.name + ("=None" if i >= len(plain) - defaulted else ""))
        if p.kind == "positional" and (i + 1 == len(plain) or plain[i + 1].kind == "either"):
            parts.append("/")
    rest = [p for p in params if p.kind == "*"]
    if rest:
        parts.append(f"*{rest[0].name}")
    only = [p for p in params if p.kind == "keyword"]
    if only and not rest:
        parts.append("*")
    parts += [p.name + ("=None" if p.name in keywords else "") for p in only]
    parts += [f"**{p.name}" for p in params if p.kind == "**"]
    return ", ".join(parts)


def passing(params: tuple[Param, ...]) -> str:
    """Write the arguments of a call that passes parameters on."""
    form = {"keyword": "{0}={0}", "*": "*{0}", "**": "**{0}"}
    return ", ".join(form.get(p.kind, "{0}").format(p.name) for p in params)


class Place:
    """The expression of a read, and the objects that it is evaluated over."""

    def __init__(self, owner: Any, path: str) -> None:
        first, steps = steps_of(path)
        code = getattr(owner, "__code__", None)
        if first == DEFAULTS and code is not None:
            name = steps.pop(0)[1]
            self.base: Any = owner
            first, step = f"{DEFAULTS}.{name}", _step_to_default(owner, name)
        elif code is not None and first in code.co_freevars:
            self.base = owner.__closure__[code.co_freevars.index(first)]
            step = ".cell_contents"
        else:
            space = getattr(owner, "__globals__", None)
            if space is None:
                raise LookupError(path)
            self.base = space if first in space or not hasattr(builtins, first) else vars(builtins)
            step = f"[{first!r}]"
        self.steps = step + path[len(first) :]
        self.inner = steps
        self.first = first

    def read(self) -> Any:
        """Evaluate it; raises LookupError, AttributeError or ValueError (an empty cell) if it can't be."""
        *_, value = self.passed()
        return value

    def passed(self) -> Iterator[Any]:
        """Yield what the expression comes by: the value of its name first, its own last."""
        if isinstance(self.base, FunctionType):
            value = defaults_of(self.base)[self.first.partition(".")[2]]
        else:
            value = self.base[self.first] if isinstance(self.base, dict) else self.base.cell_contents
        yield value
        for is_item, a in self.inner:
            value = value[a] if is_item else getattr(value, a)
            yield value


def _step_to_default(fn: Any, name: str) -> str:
    given = fn.__defaults__ or ()
    names = fn.__code__.co_varnames[: fn.__code__.co_argcount][-len(given) :] if given else ()
    return f".__defaults__[{names.index(name)}]" if name in names else f".__kwdefaults__[{name!r}]"


class Member(NamedTuple):
    """What is found in a class."""

    base: type
    steps: str


def steps_of(path: str) -> tuple[str, list[tuple[bool, Any]]]:
    """Return the first name of a path, and for each step after it whether it is an item, and the key or attribute."""
    if "[" not in path:
        first, *attributes = path.split(".")
        return first, [(False, a) for a in attributes]
    steps: list[tuple[bool, Any]] = []
    node = ast.parse(path, mode="eval").body
    while not isinstance(node, ast.Name):
        if isinstance(node, ast.Subscript):
            steps.append((True, ast.literal_eval(node.slice)))
        elif isinstance(node, ast.Attribute):
            steps.append((False, node.attr))
        else:
            raise ValueError(path)  # noqa: TRY004
        node = node.value
    return node.id, steps[::-1]


def find_by_name(module: str, qualname: str) -> Any:
    """Return what a module's qualified name means, or None. Nothing is imported."""
    value: Any = sys.modules.get(module)
    for part in qualname.split(".") if value is not None else ():
        value = getattr(value, part, None)
        if value is None:
            return None
    return value


def names_in(owner: Any) -> dict[int, str]:
    """Return by which path a function reads objects, by their id: `helper`, `module.helper`, `Class.helper`."""
    code = getattr(owner, "__code__", None)
    found: dict[int, str] = {}
    if code is None:
        return found
    for name in (*code.co_freevars, *code.co_names):
        try:
            value = Place(owner, name).read()
        except (LookupError, AttributeError, ValueError):
            continue
        found.setdefault(id(value), name)
        if isinstance(value, (dict, list, tuple)):
            entries = value.items() if isinstance(value, dict) else enumerate(value)
            for key, inner in islice(entries, MAX_ENTRIES):
                if callable(inner) and isinstance(key, (str, int)):
                    found.setdefault(id(inner), f"{name}[{key!r}]")
        if isinstance(value, (ModuleType, type)):
            for attribute in code.co_names:
                inner = vars(value).get(attribute) if isinstance(value, ModuleType) else getattr(value, attribute, None)
                if inner is not None:
                    found.setdefault(id(inner), f"{name}.{attribute}")
    return found
