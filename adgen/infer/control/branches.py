"""Branches: both sides run on a copy of the state, then the states are joined (`joins.py`)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.control import joins
from adgen.infer.environment import reads
from adgen.infer.kinds import is_structured
from adgen.infer.memory import forks
from adgen.infer.structures import objects
from adgen.infer.values import (
    DeadPath,
    Map,
    Maybe,
    Ref,
    Seq,
    State,
    TupleV,
)
from adgen.ir.build import Region
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import List, NoneT, Opaque, Str

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def truth(e: Engine, v: Any) -> Operand:
    """Return the condition that Python's truth test of a value gives."""
    for name in ("__bool__", "__len__"):
        own = objects.call_special(e, v, name)
        if own is not None:
            return truth(e, own)
    if isinstance(v, Maybe) and is_structured(e.state, v.value):
        return e.b.call("not_", v.none)
    if isinstance(v, Maybe):
        if isinstance(v.value, Ref):
            raise UnsupportedError(
                what="the truth of what may be None or an array", instead="`is None`", origin=e.origin
            )
        return e.b.call("bitand", e.b.call("not_", v.none), e.b.call("ne", v.value, e.b.const(0)))
    if isinstance(v, TupleV):
        return e.b.const(bool(v.items))
    if isinstance(v, Ref):
        c = e.content(v.obj)
        if isinstance(c, Seq):
            return e.b.const(bool(c.items))
        if isinstance(c, Map):
            return e.b.const(bool(c.keys) if c.cls is dict else True)
        operand = e.value(v)
        if isinstance(operand.type, List):
            return e.b.call("ne", e.b.call("length", operand), e.b.const(0))
        return operand
    if isinstance(v, Const):
        try:
            return e.b.const(bool(v.value)) if reads.is_fixed(e, v) else reads.ask_truth(e, v)
        except Exception:  # the truth of an array constant and the like: left to run time
            return v
    if isinstance(v, Var):
        if isinstance(v.type, NoneT):
            return e.b.const(False)
        if isinstance(v.type, (Str, Opaque)) and v in e.param_of:
            return e.b.const(bool(e.static(v, "a condition")))
        return v
    return e.b.const(True)


def run_if(e: Engine, test: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> None:
    cond = truth(e, test)
    if isinstance(cond, Const) and isinstance(cond.value, bool):
        (then if cond.value else orelse)()
        return
    origin = e.b.origin
    before = e.state
    sides: list[State] = []
    results: list[Region] = []
    for side in (then, orelse):
        e.state = before.copy()
        forks.know(e.state, cond, side is then)
        e.b.open()
        with suppress(DeadPath):
            side()
        e.b.origin = origin
        sides.append(e.state)
        results.append(e.b.suspend())  # joins may still emit into it
    if sides[0].dead or sides[1].dead:
        keep_live_path(e, cond, sides, results)
    else:
        joins.Join(e, before, sides, results).finish(cond)


def keep_live_path(e: Engine, cond: Operand, sides: list[State], regions: list[Region]) -> None:
    """Where one path raises, only the other goes on: its statements follow the `If`."""
    blocks = []
    for side, region in zip(sides, regions):
        e.b.resume(region if side.dead else ([], {}))
        blocks.append(e.b.close())
    e.b.branch(cond, blocks[0], blocks[1], ())
    if sides[0].dead and sides[1].dead:
        e.state = sides[0]
        return
    live = 1 if sides[0].dead else 0
    e.b.splice(regions[live])
    e.state = sides[live]
