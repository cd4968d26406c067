"""Functions that stand for callables without a source of their own: bound methods, objects, partials, ufuncs.

A caller reads what it calls by a global name of its own, so attributes of an object are read anew at every call.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

import numpy as np

from adgen.api.link import compile_text
from adgen.api.names import Param, header, parameters_of, passing
from adgen.api.rulebook import entry_of
from adgen.errors import UsageError


def as_function(fn: Any, overrides: Sequence[tuple[Any, Any]] = ()) -> Any:
    """Return a Python function for what only calls one; anything else as it is.

    What has a rule of its own is called as it stands: its rule counts here as it does anywhere else.
    """
    ruled = entry_of(fn) is not None or any(f is fn for f, _ in overrides)
    if isinstance(fn, FunctionType):
        return _make_ruled(fn, fn, parameters_of(fn)) if ruled else fn
    if isinstance(fn, MethodType) and isinstance(fn.__func__, FunctionType):
        return _make(fn.__self__, f"target.{fn.__name__}", fn.__func__, _after_self(fn.__func__))
    if isinstance(fn, functools.partial) and isinstance(fn.func, FunctionType):
        given = [f"target.args[{k}]" for k in range(len(fn.args))]
        named = [f"{k}=target.keywords[{k!r}]" for k in fn.keywords]
        left = tuple(p for p in parameters_of(fn.func)[len(fn.args) :] if p.name not in fn.keywords)
        return _make_ruled(fn, fn.func, left) if ruled else _make(fn, "target.func", fn.func, left, given, named)
    if isinstance(fn, np.ufunc):
        names = ["x"] if fn.nin == 1 else [f"x{k + 1}" for k in range(fn.nin)]
        return _plain(fn, names)
    if isinstance(fn, BuiltinFunctionType) and fn.__module__ == "math":
        return _plain(fn, ["x"])
    call = inspect.getattr_static(type(fn), "__call__", None)
    if isinstance(call, FunctionType) and not isinstance(fn, type) and not hasattr(fn, "wrt"):
        params = _after_self(call)
        return _make_ruled(fn, call, params) if ruled else _make(fn, "target.__call__", call, params)
    return fn


def _after_self(fn: Any) -> tuple[Param, ...]:
    """Return the parameters of a method but the object, which a decorator may take with `*args`."""
    params = parameters_of(fn)
    return params if params and params[0].kind == "*" else params[1:]


def call_of(df: Any) -> Any:
    """Return a function that calls a gradient: what weighs it is read at each call."""
    params = parameters_of(df.primal)[1 if df.receiver is not None else 0 :]
    made = _make(df, "target", df.primal, params)
    del made.__adgen_calls__  # its local variables are not those of the gradient
    return made


def caller_of(maker: Any, fn: Any, like: Any, given: str, extra: str | None) -> Any:
    """Return a function that calls `maker(fn, given)` with the parameters of another one; `extra` is one more of them,
    the last that is passed by position."""
    params = parameters_of(like)
    passed, taken = passing(params), [p.name for p in params]
    if extra is not None:
        if any(p.kind not in ("positional", "either") for p in params):
            raise UsageError(
                what=f"{maker.__name__}() of a function with other parameters than positional ones",
                instead="a function of the arguments that matter",
            )
        while extra in taken:
            extra += "_"
        params, passed = (*params, Param(extra, "positional")), f"{passed}, {extra}"
    name = f"{like.__name__ if like.__name__.isidentifier() else 'f'}_{maker.__name__}"
    head = ", ".join(p.name for p in params) if extra is not None else header(params, like)
    text = f"def {name}({head}):\n    return maker(fn, {given})({passed})\n"
    space: dict[str, Any] = {"maker": maker, "fn": fn, "__name__": like.__module__}
    exec(_code(name, text), space)
    made = space[name]
    if extra is None:
        made.__defaults__, made.__kwdefaults__ = like.__defaults__, like.__kwdefaults__
    return made


def _make(
    target: Any,
    call: str,
    fn: Any,
    params: tuple[Param, ...],
    given: list[str] | None = None,
    named: list[str] | None = None,
) -> Any:
    name = fn.__name__ if fn.__name__.isidentifier() else "f"
    name = type(target).__name__ if name == "__call__" else name
    passed = ", ".join(part for part in (*(given or ()), passing(params), *(named or ())) if part)
    made = _compile(name, f"def {name}({header(params, fn)}):\n    return {call}({passed})\n", target, fn.__module__)
    if not named:
        made.__defaults__, made.__kwdefaults__ = fn.__defaults__, fn.__kwdefaults__
    made.__doc__ = fn.__doc__
    made.__adgen_calls__ = fn  # whose local variables are meant
    return made


def _make_ruled(target: Any, like: Any, params: tuple[Param, ...]) -> Any:
    """Return a function that calls one with a rule: an operation, which has no local variables."""
    made = _make(target, "target", like, params)
    del made.__adgen_calls__
    return made


def _plain(fn: Any, names: list[str]) -> Any:
    text = f"def {fn.__name__}({', '.join(names)}):\n    return target({', '.join(names)})\n"
    return _compile(fn.__name__, text, fn, None)


@functools.cache
def _code(name: str, text: str) -> Any:
    """Compile a text once: the same code means the same gradient, found in memory."""
    return compile_text(text, f"caller of {name}")[0]


def _compile(name: str, text: str, target: Any, module: str | None) -> Any:
    code = _code(name, text)
    space: dict[str, Any] = {"target": target, "__name__": module or "__main__"}
    exec(code, space)
    return space[name]
