"""Functions of the user: their trees run in frames of their own, into the caller's region."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.api.digest import defaults_of as given_defaults
from adgen.api.names import DEFAULTS
from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.frontend.resume import PLACE
from adgen.infer.functions import recursion
from adgen.infer.structures import objects, tuples
from adgen.infer.values import Closure, GeneratorV, Map, PlaceV, StarV
from adgen.ir.types import Bool, Int

if TYPE_CHECKING:
    from adgen.infer.control.guarded import Throws
    from adgen.infer.engine import Engine

MAX_DEPTH = 40
MAX_RECURSION = 24  # of one function in itself
MAX_RECURSIVE_CALLS = 200


def inline_function(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    from adgen.frontend.lower import lower
    from adgen.frontend.source import NoSourceError

    try:
        function = lower(fn)
    except NoSourceError:
        made = objects.fill(e, fn, args, kwargs) if objects.is_generated(fn) else None
        if made is None:
            raise
        return made
    if not (getattr(fn, "__module__", None) or "").startswith("adgen.rules."):
        e.callees.setdefault(fn)
    defaults = dict(zip([p.name for p in function.params if p.has_default], defaults_of(e, fn, function)))
    return inline(e, function, fn, args, kwargs, tuple(defaults.values()))


def defaults_of(e: Engine, fn: Any, function: tree.Function) -> list[Any]:
    """Return the abstract default values; what calls may change, or share, is read at each call."""
    values = given_defaults(fn)
    keep, ours = e.printable, is_ours(fn) or e.hidden is None
    e.printable = e.hidden is not None
    try:
        return [
            e.constant(values[p.name])
            if ours or _never_changes(values[p.name])
            else e.read(fn, f"{DEFAULTS}.{p.name}", values[p.name])
            for p in function.params
            if p.has_default
        ]
    finally:
        e.printable = keep


def _never_changes(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_never_changes, value))
    return value is None or isinstance(value, (str, bytes, int, float, complex, np.generic, enum.Enum))


def inline(
    e: Engine,
    function: tree.Function,
    owner: Any,
    args: Sequence[Any],
    kwargs: Mapping[str, Any],
    defaults: Sequence[Any],
) -> Any:
    """Run a callee's tree in a frame of its own, into the caller's region."""
    throws, e.throws = e.throws, None
    depth = sum(f is function for f in e.active)
    bound = bind_parameters(e, function, args, kwargs, defaults)
    if depth:
        made = recursion.call_again(e, function, bound)
        if made is not None:
            return made[0]
        e.recursive[function.name] = count = e.recursive.get(function.name, 0) + 1
        if depth > MAX_RECURSION or count > MAX_RECURSIVE_CALLS:
            recursion.plan_summary(e, function)
            refuse_recursion(e, function)
    elif len(e.active) >= MAX_DEPTH:
        raise UnsupportedError(what=f"calls nested deeper than {MAX_DEPTH}", origin=e.origin)
    if recursion.is_summary(e, function):
        return recursion.summarise(e, function, owner, bound)
    if function.yields:
        ran = e.new(e.b.const(0))
        g = GeneratorV(function, owner, tuple(bound.items()), ran.obj, e.push(owner))
        e.state.frames[g.frame] |= {**bound, PLACE: PlaceV(e.b.const(0), frozenset({0}))}
        e.generators.called.append(g)
        return g
    return run_body(e, function, owner, bound, throws)


def refuse_recursion(e: Engine, function: tree.Function) -> None:
    """The recursion does not end at compile time. It may if the numbers that the program was given are known."""
    numbers = [n for v, n in e.param_of.items() if isinstance(v.type, (Int, Bool))]
    if numbers and e.hidden is not None:
        from adgen.api.request import NeedsValue

        raise NeedsValue(tuple(dict.fromkeys(numbers)))
    if id(function) in e.plan.refused:
        raise e.plan.refused[id(function)]
    raise UnsupportedError(
        what=f"the recursive call of '{function.name}'",
        why="it goes too deep to be written out, and can't be a function of its own here",
        instead="write the recursion as a loop",
        origin=e.origin,
    )


def run_body(
    e: Engine,
    function: tree.Function,
    owner: Any,
    bound: Mapping[str, Any],
    throws: Throws | None = None,
    body: list[tree.Stmt] | None = None,
) -> Any:
    """Run a tree in a frame of its own; `body` is another form of its body."""
    if throws is not None:
        body = e.plan.thrower(function, throws.kinds)
    for c in e.changes:
        c.cuts.append(("callee", function.origin))
    frame = e.push(owner)
    keep, origin, printable = e.frame, e.b.origin, e.printable
    e.frame = frame
    if not is_ours(owner):
        e.printable = e.hidden is not None  # a function of the user that a formula calls: what it reads may change
    elif (getattr(owner, "__module__", None) or "").startswith("adgen.rules."):
        e.printable = False  # its names are not the user's
    e.active.append(function)
    e.entries.append(recursion.enter(e, function, bound))
    if e.marks.frame is None and (e.marks.function is function or (e.marks.function is None and len(e.active) == 2)):
        e.marks.frame = frame  # the program only calls this function
    for name, v in bound.items():
        e.set(name, v)
    try:
        result = e.run(e.plan.body(function) if body is None else body)
        if throws is not None and body is not None:
            throws.taken, throws.threw, throws.error = True, e.env.get("%threw"), e.env.get("%error")
    finally:
        e.active.pop()
        e.entries.pop()
        e.frame = keep
        e.b.origin, e.printable = origin, printable
    return e.b.const(None) if result is None else result


def is_ours(owner: Any) -> bool:
    """Say whether a function belongs to adgen."""
    fn = owner.globals_of if isinstance(owner, Closure) else owner
    return (getattr(fn, "__module__", None) or "").partition(".")[0] == "adgen"


def _first(e: Engine, p: tree.Parameter, rest: list[Any]) -> Any:
    if isinstance(rest[0], StarV) and p.has_default:
        raise UnsupportedError(
            what=f"`*values` of a length known only at run time, which may or may not reach '{p.name}'",
            instead="name the argument",
            origin=e.origin,
        )
    return tuples.take_first(e, rest)


def bind_parameters(
    e: Engine, function: tree.Function, args: Sequence[Any], kwargs: Mapping[str, Any], defaults: Sequence[Any]
) -> dict[str, Any]:
    """Bind a call to a tree's parameters, as Python does."""
    with_default = dict(zip([p.name for p in function.params if p.has_default], defaults))
    bound: dict[str, Any] = {}
    rest = list(args)
    named = dict(kwargs)

    def fail(text: str) -> None:
        raise UnsupportedError(
            what=f"this call: {function.name}() {text}", why="the program would raise TypeError here", origin=e.origin
        )

    for p in function.params:
        if p.kind in ("positional", "either"):
            if rest:
                bound[p.name] = _first(e, p, rest)
                if p.name in named and p.kind == "either":
                    fail(f"got multiple values for argument '{p.name}'")
            elif p.name in named and p.kind == "either":
                bound[p.name] = named.pop(p.name)
            elif p.name in with_default:
                bound[p.name] = with_default[p.name]
            else:
                fail(f"missing the argument '{p.name}'")
        elif p.kind == "*":
            bound[p.name] = tuples.rest_of(e, rest)
            rest = []
        elif p.kind == "keyword":
            if p.name in named:
                bound[p.name] = named.pop(p.name)
            elif p.name in with_default:
                bound[p.name] = with_default[p.name]
            else:
                fail(f"missing the keyword argument '{p.name}'")
        else:
            bound[p.name] = e.new(Map(tuple(named), tuple(named.values())))
            named = {}
    if rest:
        fail("takes fewer positional arguments")
    if named:
        fail(f"got an unexpected keyword argument '{next(iter(named))}'")
    return bound
