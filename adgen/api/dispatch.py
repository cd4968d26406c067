"""Generated functions that stand between the user's call and the compiled text.

They are generated so that a call costs a microsecond: parameters are bound by Python itself, and the key of
the arguments is computed inline.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from adgen.api.names import Member, Param, Place, header, passing
from adgen.api.signature import SIMPLE, Key, key_of, static_key, with_statics

_ = "__adgen_"  # no parameter begins like this


def _key_expression(name: str, static: str | None) -> str:
    if static is not None:
        return f"{static}({name})"
    return (
        f"({name}.dtype, {name}.ndim) if ({_}t := {_}type({name})) is {_}ndarray and 1 not in {name}.shape else "
        f"{_}t if {_}t in {_}simple else {_}key({name})"
    )


def _static_part(paths: Sequence[tuple[Any, ...]]) -> Callable[[Any], Key]:
    """Return the key function of a parameter of which these parts are known by value."""
    return lambda value: with_statics(key_of(value), value, paths)


def make_dispatcher(
    fn: Callable[..., Any],
    params: tuple[Param, ...],
    statics: Mapping[str, Sequence[tuple[Any, ...]]],
    table: dict[Key, Callable[..., Any]],
    miss: Callable[[Key, tuple[Any, ...]], Callable[..., Any]],
    explain: Callable[[Exception], None],
    stale: Callable[[], Callable[..., Any]],
    call: bool,
) -> Callable[..., Any]:
    """Make a function with fn's parameters that finds the implementation for its arguments.

    It calls the implementation, or, without `call`, returns (implementation, key, arguments). `miss` makes an
    implementation that is not in the table, `explain` adds to an exception what is known about it, and `stale`
    returns the dispatcher to go on with if fn has got another `__code__`.
    """
    name = fn.__name__ if fn.__name__.isidentifier() else "function"
    names = [p.name for p in params]
    values = "".join(f"{n}, " for n in names)
    keys = "".join(f"{_key_expression(n, f'{_}static_{n}' if n in statics else None)}, " for n in names)
    lines = [
        f"def {name}({header(params, fn)}):",
        f"    {_}k = ({keys})",
        f"    if {_}fn.__code__ is not {_}code or {_}fn.__defaults__ is not {_}defaults:",
        f"        return {_}stale()({passing(params)})",
        f"    {_}f = {_}get({_}k) or {_}miss({_}k, ({values}))",
    ]
    if call:
        lines += [
            "    try:",
            f"        return {_}f({', '.join(names)})",
            f"    except {_}Exception as {_}e:",
            f"        {_}explain({_}e)",
            "        raise",
        ]
    else:
        lines += [f"    return {_}f, {_}k, ({values})"]
    space: dict[str, Any] = {
        f"{_}fn": fn,
        f"{_}code": fn.__code__,
        f"{_}defaults": fn.__defaults__,
        f"{_}type": type,
        f"{_}simple": SIMPLE,
        f"{_}ndarray": np.ndarray,
        f"{_}key": key_of,
        **{f"{_}static_{n}": _static_part(paths) for n, paths in statics.items()},
        f"{_}get": table.get,
        f"{_}miss": miss,
        f"{_}stale": stale,
        f"{_}explain": explain,
        f"{_}Exception": Exception,
    }
    exec(compile("\n".join(lines), f"<adgen dispatch {name}>", "exec"), space)
    made: Callable[..., Any] = space[name]
    made.__defaults__ = fn.__defaults__
    made.__kwdefaults__ = fn.__kwdefaults__
    return made


FunctionGuard = tuple[Place | Member | None, Any]
"""A name (None: it is not looked at) must still mean this function, with the code that it has."""

ValueGuard = tuple[Place, Key]
"""A name must still hold the value with this static key."""

HiddenValue = tuple[Place, Key]
"""A value to read and pass on, whose key must still be this one."""


def _read_and_test(
    space: dict[str, Any],
    functions: tuple[FunctionGuard, ...],
    values: tuple[ValueGuard, ...],
    hidden: tuple[HiddenValue, ...],
) -> tuple[list[str], list[str]]:
    """Return the lines that read the hidden values, and the tests that say whether something changed."""
    tests: list[str] = []
    reads: list[str] = []

    def bind(prefix: str, value: Any) -> str:
        name = f"{_}{prefix}{len(space)}"
        space[name] = value
        return name

    for place, function in functions:
        f = bind("fn", function)
        if place is not None:
            tests.append(f"{bind('place', place.base)}{place.steps} is not {f}")
        code = getattr(function, "__code__", None)
        if code is not None:
            tests.append(f"{f}.__code__ is not {bind('code', code)}")
            if function.__defaults__:
                tests.append(f"{f}.__defaults__ is not {bind('defaults', function.__defaults__)}")
            if function.__kwdefaults__:
                given = (*function.__kwdefaults__.values(),)
                tests.append(f"(*{f}.__kwdefaults__.values(),) != {bind('keywords', given)}")
    for p, key in values:
        if isinstance(key, tuple) and callable(key[2]):
            tests.append(f"{bind('place', p.base)}{p.steps} is not {bind('fn', key[2])}")
            continue
        tests.append(f"{_}static({bind('place', p.base)}{p.steps}) != {bind('want', key)}")
    for i, (p, key) in enumerate(hidden):
        reads.append(f"        {_}h{i} = {bind('place', p.base)}{p.steps}")
        if isinstance(key, type):
            tests.append(f"{_}type({_}h{i}) is not {bind('want', key)}")
        else:
            tests.append(f"{_}key({_}h{i}) != {bind('want', key)}")
    return reads, tests


def make_guarded(
    call: Callable[..., Any],
    names: tuple[str, ...],
    functions: tuple[FunctionGuard, ...],
    values: tuple[ValueGuard, ...],
    hidden: tuple[HiddenValue, ...],
    again: Callable[..., Any] | None,
) -> Callable[..., Any]:
    """Make a function of `names` that reads the hidden values, checks what the text relied on, and calls it.

    If something changed it returns `again(*arguments)` (which compiles anew). Without `again` nothing is checked.
    """
    space: dict[str, Any] = {
        f"{_}call": call,
        f"{_}again": again,
        f"{_}static": static_key,
        f"{_}key": key_of,
        f"{_}type": type,
        f"{_}errors": (LookupError, AttributeError, ValueError),
    }
    reads, tests = _read_and_test(space, functions, values, hidden)
    taken = ", ".join(names)
    passed = ", ".join((*names, *[f"{_}h{i}" for i in range(len(hidden))]))
    lines = [f"def {_}guarded({taken}):"]
    if again is None:
        lines += [line[4:] for line in reads]
    else:
        lines += [
            "    try:",
            *reads,
            f"        {_}bad = {' or '.join(tests) or 'False'}",
            f"    except {_}errors:",
            f"        {_}bad = True",
            f"    if {_}bad:",
            f"        return {_}again({taken})",
        ]
    lines.append(f"    return {_}call({passed})")
    exec(compile("\n".join(lines), "<adgen guards>", "exec"), space)
    made: Callable[..., Any] = space[f"{_}guarded"]
    return made
