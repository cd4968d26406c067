"""The key of a text: a hash of everything that can change it and is known before compiling.

What is known only afterwards (callees, hidden values) is listed in the entry and compared when it is found.
"""

from __future__ import annotations

import builtins
import os
import sys
from functools import cache, partial
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.api.digest import digest_code
from adgen.api.names import Place
from adgen.api.signature import Key, UnstorableError, show_signature
from adgen.version import __version__

if TYPE_CHECKING:
    from adgen.api.engine import Engine

_SUFFIX = {"primal": "", "grad": "_grad", "value_and_grad": "_value_and_grad", "vjp": "_vjp", "jvp": "_jvp"}


def entry_name(fn: Any, mode: str) -> str:
    """Return the name under which the text of a derivative is kept."""
    name = fn.__name__ if fn.__name__.isidentifier() else "function"
    return f"{name}{_SUFFIX[mode]}"


def _take_fingerprint() -> str:
    """Return a hash of adgen's own files (their names, sizes and times): the rules and the compiler."""
    from hashlib import sha256

    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    found: list[str] = []
    pending = [root]
    while pending:
        folder = pending.pop()
        with os.scandir(folder) as items:
            for item in items:
                if item.is_dir(follow_symlinks=False):
                    if item.name != "__pycache__":
                        pending.append(item.path)
                elif item.name.endswith(".py"):
                    info = item.stat()
                    found.append(f"{item.path[len(root) :]} {info.st_size} {info.st_mtime_ns}")
    return sha256("\n".join(sorted(found)).encode()).hexdigest()[:12]


# Taken at import: what runs is what was on disk then.
FINGERPRINT = _take_fingerprint()


@cache
def versions() -> str:
    python = ".".join(map(str, sys.version_info[:3]))
    return f"adgen {__version__} ({FINGERPRINT}), {sys.implementation.name} {python}, numpy {np.__version__}"


def text_key(engine: Engine, keys: tuple[Key, ...], wrt: tuple[str, ...]) -> str | None:
    """Return the key of a text, or None if something in it means nothing to another process."""
    from hashlib import sha256

    from adgen.api.custom import rules_digest

    fn, options = engine.fn, engine.options
    try:
        parts = [
            versions(),
            digest_code(fn, defaults=False),  # its defaults are arguments
            str(fn.__module__),
            fn.__qualname__,
            engine.mode,
            repr(
                (
                    wrt,
                    engine.wrt,
                    engine.scalar_wrt,
                    options.of,
                    options.stop_gradients,
                    options.unconnected,
                    options.inner,
                )
            ),
            show_signature(engine.names, keys),
            rules_digest(),
            *[f"{_describe(f)} {_describe(rule)}" for f, rule in options.overrides],
            *_meanings(fn),
        ]
    except UnstorableError:
        return None
    return sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]


def _describe(f: Any) -> str:
    return f"{getattr(f, '__module__', '')}:{getattr(f, '__qualname__', type(f).__qualname__)} {digest_code(f)}"


def _meanings(fn: Any) -> list[str]:
    """Say what the function's free names stand for: two closures of one code may hold different functions."""
    code = fn.__code__
    out = []
    for name in (*code.co_freevars, *code.co_names):
        if name not in code.co_freevars and name not in fn.__globals__:
            if hasattr(builtins, name):
                continue
            out.append(f"{name} unbound")
            continue
        try:
            value = Place(fn, name).read()
        except (LookupError, AttributeError, ValueError):
            out.append(f"{name} unbound")
            continue
        if isinstance(value, partial):
            raise UnstorableError(name)  # what it holds may have gone into the text
        if isinstance(value, ModuleType):
            out.append(f"{name} module {value.__name__}")
        elif isinstance(value, (FunctionType, BuiltinFunctionType, np.ufunc, type)) or callable(value):
            out.append(f"{name} {getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value))}")
        else:
            out.append(f"{name} {type(value).__qualname__}")
    return out
