"""Loops over known items beside something of unknown length: what they write is seen wherever else an item is held."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.errors import AliasError
from adgen.infer.control import branches, iterables
from adgen.infer.values import Obj, Poison
from adgen.ir.nodes import Operand

if TYPE_CHECKING:
    from adgen.frontend import tree
    from adgen.infer.engine import Engine

MAX_WRITTEN_OUT = 64  # iterations
Unroll = Callable[..., None]


def run_apart(
    e: Engine,
    s: tree.For,
    it: Any,
    plan: iterables.Plan,
    held: dict[Obj, Any],
    count: Callable[[], None],
    unroll: Unroll,
) -> bool:
    """Run a counted loop (`count`) over known items, which hold these objects. Where it writes one, write it out.

    Return whether it was written out.
    """
    state = e.state.copy()
    depth, mark = e.b.depth, e.b.mark()
    lost: AliasError | None = None
    try:
        count()
    except AliasError as error:
        lost = error
    written = any(isinstance(e.state.heap.get(o), Poison) and not isinstance(c, Poison) for o, c in held.items())
    if lost is None and not written:
        return False
    most = iterables.at_most(e, it)
    if most is None or most > MAX_WRITTEN_OUT:
        if lost is not None:
            raise lost
        return False
    e.state = state
    e.b.rewind(depth, mark)
    trips = None if plan.constant_trips() == most else plan.stop
    _write_out(e, s, trips, most, partial(unroll, e, s), partial(iterables.item_at, e, it))
    return True


def _write_out(
    e: Engine, s: tree.For, trips: Operand | None, most: int, unroll: Unroll, item: Callable[[int], Any]
) -> None:
    """Run the body for each item, as far as there are `trips` of them."""
    if trips is None:
        unroll(most, item, 0, None)
    elif s.stop is not None:
        _write_out_from(e, s, s.stop, trips, most, unroll, item, 0)
    else:
        for k in range(most):
            e.come_from(s.origin)
            there = e.b.call("lt", e.b.const(k), trips)
            branches.run_if(e, there, partial(unroll, k + 1, item, k, None), lambda: None)


def _write_out_from(
    e: Engine, s: tree.For, stop: str, trips: Operand, most: int, unroll: Unroll, item: Callable[[int], Any], k: int
) -> None:
    """Run the body for each item from the k-th on, until the loop stops."""

    def run() -> None:
        unroll(k + 1, item, k, None)
        if not e.state.dead:
            go_on = partial(_write_out_from, e, s, stop, trips, most, unroll, item, k + 1)
            branches.run_if(e, branches.truth(e, e.get(stop)), lambda: None, go_on)

    if k < most:
        e.come_from(s.origin)
        branches.run_if(e, e.b.call("lt", e.b.const(k), trips), run, lambda: None)
