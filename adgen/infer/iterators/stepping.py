"""Generators that are stepped: `next`, `zip` of several, a loop that may leave one in its midst.

The variables of such a generator are in a frame of their own, with the place where it stands. A step runs on from
there to the next `yield` (`frontend/resume.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.frontend.resume import ENDED, PLACE, YIELDED, Cut, cut
from adgen.infer import kinds
from adgen.infer.calls.handlers import handles
from adgen.infer.control import branches
from adgen.infer.functions import recursion
from adgen.infer.iterators import generators, iterators, lazy
from adgen.infer.values import STEPPED, WALKED, Closure, GeneratorV, PlaceV
from adgen.ir.nodes import Const

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Take = Callable[[Any], None]
Stop = Callable[[], None]


def cut_of(g: GeneratorV) -> Cut | None:
    if g.function.steps is None:
        g.function.steps = cut(g.function, lazy.fetch, lazy.stand) or False
    found: Cut | None = g.function.steps or None
    return found


def can_step(g: GeneratorV) -> bool:
    return cut_of(g) is not None


def advance(e: Engine, g: GeneratorV, then: Take, otherwise: Stop, sent: Any = None) -> None:
    """Take the next value of a generator, which goes on from where it stands, with what it is sent."""
    c = e.content(g.obj)
    if isinstance(c, Const) and c.value == WALKED:
        otherwise()
        return
    parts = cut_of(g)
    if parts is None:
        raise UnsupportedError(
            what=f"the generator '{g.function.name}', which is stepped by hand",
            why="it yields inside of `try`, `with` or a loop with `else`",
            instead="loop over its values, or write it as a class with __next__",
            origin=e.origin,
        )
    e.state.heap[g.obj] = e.b.const(STEPPED)
    e.generators.paused[g.frame] = None
    _check_prelude(e, g)
    e.state.frames[g.frame][tree.SENT] = e.b.const(None) if sent is None else sent
    place = place_of(e, g)
    _run_from(e, g, parts, sorted(place.among - {ENDED}))
    if e.state.dead:
        return
    place = place_of(e, g)
    goes_on = place.among - {ENDED}

    def take() -> None:
        at = e.b.const(min(goes_on)) if len(goes_on) == 1 else place.at
        e.state.frames[g.frame][PLACE] = PlaceV(at, goes_on)
        then(kinds.vouch(e, e.state.frames[g.frame][YIELDED]))

    ended = e.b.call("eq", place.at, e.b.const(ENDED)) if ENDED in place.among else e.b.const(False)
    branches.run_if(e, ended, otherwise, take)


def refuse_sent(e: Engine, g: GeneratorV) -> None:
    """Refuse to send a value to a generator that may not take it, or hands it on."""
    parts = cut_of(g)
    early = generators.is_fresh(e, g) or bool(place_of(e, g).among & ({0, parts.primed} if parts is not None else {0}))
    hands_on = any(isinstance(s, tree.Yield) and s.delegated for s in tree.walk(g.function.lowered))
    if early:
        raise UnsupportedError(
            what=f"a value sent to the generator '{g.function.name}', which may not have started",
            instead="call `next` first",
            origin=e.origin,
        )
    if hands_on:
        raise UnsupportedError(
            what=f"a value sent to the generator '{g.function.name}', which hands it on by `yield from`",
            instead="send it to that generator",
            origin=e.origin,
        )


def place_of(e: Engine, g: GeneratorV) -> PlaceV:
    place: PlaceV = e.state.frames[g.frame][PLACE]
    return place


def _run_from(e: Engine, g: GeneratorV, parts: Cut, places: list[int]) -> None:
    """Run the block of the place where the generator stands: one of these, or its end."""
    place = place_of(e, g)
    if isinstance(place.at, Const):
        if place.at.value != ENDED:
            _run_block(e, g, parts.blocks[place.at.value])
        return
    k, rest = places[0], places[1:]
    if not rest and ENDED not in place.among:
        _run_block(e, g, parts.blocks[k])
        return
    here = e.b.call("eq", place.at, e.b.const(k))
    others = (lambda: _run_from(e, g, parts, rest)) if rest else (lambda: None)
    branches.run_if(e, here, lambda: _run_block(e, g, parts.blocks[k]), others)


def _run_block(e: Engine, g: GeneratorV, block: list[tree.Stmt]) -> None:
    frame, origin, printable = e.frame, e.b.origin, e.printable
    e.frame = g.frame
    e.active.append(g.function)
    e.entries.append(recursion.enter(e, g.function, dict(g.bound)))
    try:
        e.run(block)
    finally:
        e.active.pop()
        e.entries.pop()
        e.frame, e.b.origin, e.printable = frame, origin, printable


@handles(lazy.stand)
def _stand(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return PlaceV(args[0], frozenset({args[0].value}))


def prime_all(e: Engine) -> None:
    """Run what may run early of the generators that a loop may step first: the loop carries what they have by then."""
    for g in e.generators.called:
        if g.obj not in e.state.heap or g.frame not in e.state.frames or not generators.is_fresh(e, g):
            continue
        if place_of(e, g).among != {0} or g.function in e.active:
            continue
        parts = cut_of(g)
        if parts is not None and parts.prelude and iterators.is_seen(e, g.obj, True):
            _run_block(e, g, parts.prelude)
            e.state.frames[g.frame][PLACE] = PlaceV(e.b.const(parts.primed), frozenset({parts.primed}))


def _check_prelude(e: Engine, g: GeneratorV) -> None:
    """Refuse a generator that has read a variable of the function round it too early."""
    parts = cut_of(g)
    if parts is None or not isinstance(g.owner, Closure) or place_of(e, g).among != {parts.primed}:
        return
    for s in parts.prelude:
        if isinstance(s, tree.Assign) and s.op == "free":
            now = e.state.frames.get(g.owner.frame, {}).get(s.data)
            if now is not None and now != e.state.frames[g.frame].get(s.target):
                raise UnsupportedError(
                    what=f"the generator '{g.function.name}', which reads '{s.data}' at its first step",
                    why=f"'{s.data}' got another value between its call and that step",
                    instead="pass it as an argument",
                    origin=e.origin,
                )
