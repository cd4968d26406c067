"""Functions that a branch makes and that leave it: what they hold and the frames that they see go with them.

They are called only where the branch was taken, so what one side alone has may stand for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.infer.values import (
    UNBOUND,
    BoundFunction,
    Choice,
    Closure,
    LocalGradient,
    Method,
    Partial,
)
from adgen.ir.nodes import Operand

if TYPE_CHECKING:
    from adgen.infer.control.joins import Join

Plan = Callable[[list[Operand]], Any]


def function_on(j: Join, side: int, fn: Any) -> Plan | None:
    """Plan a function that one side makes; None if something that it holds can't leave the branch."""
    if isinstance(fn, Closure):
        if fn.frame not in j.before.frames:
            j.kept.append((side, fn.frame))
        return _made_of(j, side, fn.defaults, lambda held: replace(fn, defaults=held))
    if isinstance(fn, Choice):
        other = j.e.b.const(False)
        cond = j.slot(other, fn.cond, None) if side else j.slot(fn.cond, other, None)
        one, two = function_on(j, side, fn.one), function_on(j, side, fn.two)
        if cond is None or one is None or two is None:
            return None
        return lambda outs: Choice(cond(outs), one(outs), two(outs))
    if isinstance(fn, Partial):
        n = 1 + len(fn.args)
        parts = (fn.fn, *fn.args, *(a for _, a in fn.kwargs))
        return _made_of(j, side, parts, lambda held: Partial(held[0], held[1:n], _named(fn.kwargs, held[n:])))
    if isinstance(fn, LocalGradient):
        parts = (fn.fn, *(a for _, a in fn.given))
        return _made_of(j, side, parts, lambda held: replace(fn, fn=held[0], given=_named(fn.given, held[1:])))
    if isinstance(fn, (BoundFunction, Method)):
        return _made_of(j, side, (fn.owner,), lambda held: replace(fn, owner=held[0]))
    return lambda outs: fn


def _made_of(j: Join, side: int, parts: tuple[Any, ...], make: Callable[[tuple[Any, ...]], Any]) -> Plan | None:
    """Plan a function by what it holds."""
    plans = [j.bound_on(side, v, None, True) for v in parts]
    known = [p for p in plans if p is not None]
    return (lambda outs: make(tuple(p(outs) for p in known))) if len(known) == len(plans) else None


def _named(old: tuple[tuple[str, Any], ...], held: tuple[Any, ...]) -> tuple[tuple[str, Any], ...]:
    return tuple((k, v) for (k, _), v in zip(old, held))


def keep_frames(j: Join) -> list[Plan]:
    """Plan the frames that functions see which one side made; functions in them may see others."""
    plans = []
    for side, frame in j.kept:
        if frame not in j.after.frames:
            j.after.frames[frame] = {}
            plans += [_keep_name(j, side, frame, n) for n in j.sides[side].frames.get(frame, {})]
    return plans


def _keep_name(j: Join, side: int, frame: int, name: str) -> Plan:
    v = j.sides[side].frames[frame][name]
    plan = j.half_bound(UNBOUND if side else v, v if side else UNBOUND, f"%{name}")
    return lambda outs: j.after.frames[frame].__setitem__(name, plan(outs))
