"""A module that holds one derivative and needs only NumPy: helpers pasted in, assumptions checked."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from adgen.api.checks import find_header, with_check
from adgen.api.digest import defaults_of
from adgen.api.engine import Engine
from adgen.api.link import Loaded
from adgen.api.signature import SIMPLE, describe_signature
from adgen.version import __version__

_ALLOWED = frozenset({"numpy", "scipy", *sys.stdlib_module_names})


def write_dump(loaded: Loaded) -> str:
    """Return the text as it is, with imports of what it uses beyond NumPy."""
    lines = []
    for name, *_ in loaded.stored.externals:
        value = loaded.space[name]
        if isinstance(value, ModuleType):
            lines.append(f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}"))
            continue
        module, own = getattr(value, "__module__", None), getattr(value, "__name__", None)
        if module and own:
            lines.append(f"from {module} import {own}" + ("" if own == name else f" as {name}"))
    text = loaded.stored.text.strip() + "\n"
    if not lines:
        return text
    imports, body = _split_imports(text)
    return "\n".join([*imports, *lines]) + "\n\n\n" + body.strip() + "\n"


def write_standalone(engine: Engine, loaded: Loaded, note: str = "") -> str:
    """Return the module's text. Scalars that the program reads from globals become keyword defaults."""
    fn, s = engine.fn, loaded.stored
    text = (
        _with_defaults(s.text, fn, s.entry, loaded) if loaded.hidden or fn.__defaults__ or fn.__kwdefaults__ else s.text
    )
    imports, body = _split_imports(with_check(text, engine, loaded))
    helpers: dict[str, str] = {}
    for name, *_ in s.externals:
        _add_external(name, loaded.space[name], fn, imports, helpers)
    if "np." in "".join((*helpers.values(), body)):
        imports.setdefault("import numpy as np")
    if "math." in "".join(helpers.values()):
        imports.setdefault("import math")
    wrt = describe_sources(engine, loaded)
    head = [
        f'"""The derivative of `{fn.__qualname__}` with respect to {wrt}, written by adgen {__version__}.',
        "",
        *textwrap.wrap(f"Made for {describe_signature(engine.names, loaded.keys)}.", 118, break_long_words=False),
        '"""',
        "",
        *(note.rstrip().split("\n") if note else ()),
    ]
    ordered = sorted(imports, key=lambda line: (line.split()[1].partition(".")[0] != "math", line))
    parts = ["\n".join([*head, *ordered]).rstrip(), *helpers.values(), body.strip()]
    return "\n\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def describe_sources(engine: Engine, loaded: Loaded) -> str:
    """Say with respect to what the derivative is, and what else was asked for."""
    options = engine.options
    text = ", ".join(loaded.wrt)
    if options.of:
        text += f" (of {', '.join(options.of)})"
    if options.stop_gradients:
        text += f" with {', '.join(options.stop_gradients)} held constant"
    return text + (" and zeros where nothing connects" if options.unconnected == "zero" else "")


def _refuse(fn: Any, what: str) -> Exception:
    from adgen.errors import UnsupportedError

    return UnsupportedError(
        what=f"a standalone module of {fn.__qualname__}: {what}",
        why="a standalone module imports only what comes with Python, numpy and scipy.",
        instead="dump without --standalone, or write that part in NumPy",
    )


def _split_imports(text: str) -> tuple[dict[str, None], str]:
    module = ast.parse(text)
    lines = text.splitlines()
    imports: dict[str, None] = {}
    for node in module.body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.setdefault(ast.unparse(node))
            lines[node.lineno - 1] = ""
    return imports, "\n".join(lines)


def _add_external(name: str, value: Any, fn: Any, imports: dict[str, None], helpers: dict[str, str]) -> None:
    module = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None) or ""
    if isinstance(value, ModuleType) and module.partition(".")[0] in _ALLOWED:
        imports.setdefault(f"import {module}" if module == name else f"import {module} as {name}")
    elif isinstance(value, FunctionType) and module.partition(".")[0] == "adgen":
        _add_helper(value, name, imports, helpers)
    elif (source := _home(value, module)) is not None:
        own = value.__name__
        imports.setdefault(f"from {source} import {own}" + ("" if own == name else f" as {name}"))
    else:
        raise _refuse(fn, f"its text uses {name}, which is {value!r}")


def _home(value: Any, module: str) -> str | None:
    """Return the module that a function or class can be imported from."""
    own = getattr(value, "__name__", None)
    if own is None:
        return None
    for place in ("numpy", "scipy.special", module):
        known = place.partition(".")[0] in _ALLOWED and sys.modules.get(place)
        if known and getattr(known, own, None) is value:
            return place
    return None


def _import(module: ModuleType, name: str, imports: dict[str, None]) -> None:
    whole = name in (module.__name__, module.__name__.partition(".")[0])
    imports.setdefault(f"import {module.__name__}" + ("" if whole else f" as {name}"))


def _add_helper(helper: Any, name: str, imports: dict[str, None], helpers: dict[str, str]) -> None:
    """Paste a helper of adgen's, after the helpers that it calls."""
    if name in helpers:
        return
    text = textwrap.dedent(inspect.getsource(helper))
    (node,) = ast.parse(text).body
    assert isinstance(node, ast.FunctionDef)
    for used in _names_in(helper.__code__):
        value = helper.__globals__.get(used)
        if isinstance(value, FunctionType) and value is not helper and value.__module__.partition(".")[0] == "adgen":
            _add_helper(value, used, imports, helpers)
        elif isinstance(value, ModuleType) and value.__name__.partition(".")[0] in _ALLOWED:
            _import(value, used, imports)
    lines = text.splitlines()
    inner = sorted((n for n in ast.walk(node) if isinstance(n, ast.FunctionDef)), key=lambda n: n.lineno, reverse=True)
    for n in inner:  # without annotations: names that the module would have to import
        for a in (*n.args.posonlyargs, *n.args.args, *n.args.kwonlyargs, n.args.vararg, n.args.kwarg):
            if a is not None:
                a.annotation = None
        header = f"{' ' * n.col_offset}def {n.name}({ast.unparse(n.args)}):"
        lines[n.lineno - 1 : n.body[0].lineno - 1] = [header]
    body = "\n".join(lines[node.lineno - 1 :])
    helpers[name] = body if name == helper.__name__ else f"{body}\n\n\n{name} = {helper.__name__}"


def _names_in(code: CodeType) -> set[str]:
    """Return the names that a function and those inside it read from outside."""
    return set(code.co_names).union(*(_names_in(c) for c in code.co_consts if isinstance(c, CodeType)))


def _with_defaults(text: str, fn: Any, entry: str, loaded: Loaded) -> str:
    """Rewrite the entry's parameter list with the primal's defaults; hidden scalars get their present values as
    keyword defaults.
    """
    lines = text.splitlines()
    start, end = find_header(lines, entry)
    names = list(inspect.signature(loaded.space[entry]).parameters)
    count = len(loaded.hidden)
    plain, keyword = names[: len(names) - count], []
    for name, h in zip(names[len(names) - count :], loaded.hidden, strict=True):
        value = h[0].read()
        if type(value) in SIMPLE:
            keyword.append(f"{name}={_literal(value)}")
        else:
            plain.append(name)
    defaults = {n: d for n, d in defaults_of(fn).items() if type(d) in (*SIMPLE, str, bool, type(None))}
    for k in range(len(plain) - 1, -1, -1):
        if plain[k] not in defaults:
            break
        plain[k] = f"{plain[k]}={_literal(defaults[plain[k]])}"
    header = f"def {entry}({', '.join([*plain, *(['*', *keyword] if keyword else [])])}):"
    lines[start : end + 1] = [header]
    return "\n".join(lines) + "\n"


def _literal(value: Any) -> str:
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name if value.dtype.kind != 'b' else 'bool_'}({value.item()!r})"
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return f"float({str(value)!r})"
    return repr(value)
