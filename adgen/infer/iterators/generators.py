"""Generators: the body of one runs in the place of the loop that takes its values, which runs where it yields.

So everything happens in Python's order, and an endless generator ends where its consumer does. A function that takes
all values (`sum`, `list`) takes them as a list.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.frontend.resume import ENDED, PLACE
from adgen.infer.calls import library, methods
from adgen.infer.control import bodies, branches, loops
from adgen.infer.functions import inlining
from adgen.infer.iterators import iterators, stepping
from adgen.infer.values import STEPPED, UNBOUND, WALKED, GeneratorV, Obj, PlaceV, Poison, Ref, Seq, reach
from adgen.ir.nodes import Const, If, Let, Loop, Stmt
from adgen.ir.types import Int

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

MAX_COPIES = 80  # statements of a loop that is written out at several `yield`s


@dataclass(slots=True)
class Consumer:
    """What takes the values of a generator that is running, and the frame in which it binds names."""

    take: Callable[[Any], None]
    frame: int | None


@dataclass(slots=True)
class Running:
    """The generators of a program that is being typed."""

    consumers: list[Consumer] = field(default_factory=list)  # of those that are running, the innermost last
    draining: int = 0  # how many run to their end
    called: list[GeneratorV] = field(default_factory=list)
    listed: list[GeneratorV] = field(default_factory=list)  # those all whose values were taken before a loop over them
    results: dict[Obj, Any] = field(default_factory=dict)  # what those that ran to their end return
    paused: dict[int, None] = field(default_factory=dict)  # the frames of those that are stepped


def run(
    e: Engine,
    g: GeneratorV,
    consume: Callable[[Any], None],
    closes: Callable[[], Any] | None = None,
    binds: bool = False,
) -> None:
    """Run a generator's body; `consume` runs in the consumer's place for each value.

    `closes` says then whether it was the last, `binds` that the consumer binds names.
    """
    outside = _where(e)

    def step(value: Any) -> None:
        inside, closed = _where(e), None
        _go(e, outside)
        try:
            consume(value)
            if closes is not None and not e.state.dead:
                closed = closes()
        finally:
            _go(e, inside)
        if closed is not None:
            e.set(tree.CLOSED, closed)

    e.generators.consumers = [*e.generators.consumers, Consumer(step, e.frame if binds else None)]
    body = None if closes is None else g.function.closing
    try:
        bound = {**dict(g.bound), tree.SENT: e.b.const(None)}
        e.generators.results[g.obj] = inlining.run_body(e, g.function, g.owner, bound, body=body)
    finally:
        _go(e, outside)


def result_of(e: Engine, walked: Any) -> Any:
    """Return the value of `yield from`: what the generator returns that was walked."""
    if not isinstance(walked, GeneratorV):
        return e.b.const(None)
    if walked.obj not in e.generators.results:
        raise UnsupportedError(
            what="the value of `yield from` a generator that is stepped",
            why="where it ends is known only at run time",
            instead="return it from an ordinary function",
            origin=e.origin,
        )
    return e.generators.results[walked.obj]


Where = tuple[int, list[Any], list[Consumer], Any, bool]


def _where(e: Engine) -> Where:
    return e.frame, list(e.active), e.generators.consumers, e.b.origin, e.printable


def _go(e: Engine, where: Where) -> None:
    e.frame, active, e.generators.consumers, e.b.origin, e.printable = where
    e.active = list(active)


def frames_around(e: Engine) -> list[int]:
    """Return the frames in which something runs beside the function that is running: consumers, stepped generators."""
    frames = [c.frame for c in e.generators.consumers if c.frame is not None]
    return list(dict.fromkeys([*frames, *e.generators.paused]))


def is_stepped(e: Engine, g: GeneratorV) -> bool:
    """Say whether a generator may stand in its midst."""
    c = e.content(g.obj)
    return not isinstance(c, Const) or c.value == STEPPED


def is_fresh(e: Engine, g: GeneratorV) -> bool:
    """Say whether a generator stands at its begin."""
    c = e.state.heap[g.obj]
    return isinstance(c, Const) and c.value == 0


def begin(e: Engine, g: GeneratorV, left: bool) -> bool:
    """Note that a generator runs, to its end or perhaps not; say whether it has values at all."""
    c = e.content(g.obj)
    if isinstance(c, Const) and c.value == WALKED:
        return False
    if not is_fresh(e, g):
        raise UnsupportedError(
            what=f"the generator '{g.function.name}', which may have been walked before",
            why="whether there is something left in it is known only at run time",
            instead="call the generator function anew, or make a list first",
            origin=e.origin,
        )
    e.state.frames[g.frame][PLACE] = PlaceV(e.b.const(ENDED), frozenset({ENDED}))
    e.state.heap[g.obj] = e.b.const(WALKED)
    if left:
        e.state.heap[g.obj] = Poison(
            f"the generator '{g.function.name}' is read again after a loop that may have left it in the midst",
            "where it was left is not known",
            e.origin,
            alias=False,
        )
    return True


def run_loop(e: Engine, s: tree.For, g: GeneratorV) -> None:
    """`for target in generator: body`"""
    left = s.stop is not None and iterators.is_seen(e, g.obj)
    if (left or is_stepped(e, g)) and stepping.can_step(g):
        loops.run_stepwise(e, s, g)
        return
    yields = sum(isinstance(t, tree.Yield) for t in tree.walk(g.function.body))
    if yields > 1 and yields * sum(1 for _ in tree.walk(s.body)) > MAX_COPIES:
        entry = dict(e.state.heap)
        loops.run_over(e, s, collect_quietly(e, g))
        check_apart(e, g, entry, bodies.assigned_names(s))
        return
    if not begin(e, g, s.stop is not None):
        return

    def consume(value: Any) -> None:
        e.come_from(s.origin)
        e.assign(s.target, value)
        e.run(s.body)

    run(e, g, consume, (lambda: branches.truth(e, e.get(s.stop or ""))) if s.stop is not None else None, True)


def first(e: Engine, g: GeneratorV, then: Callable[[Any], None], otherwise: Callable[[], None]) -> None:
    """Take the first value of a generator that nobody else sees."""
    if not begin(e, g, True):
        otherwise()
        return
    found, name = f"%found{e.next_frame}", f"%first{e.next_frame}"
    e.set(found, e.b.const(False))

    def consume(value: Any) -> None:
        e.set(found, e.b.const(True))
        e.set(name, value)

    run(e, g, consume, lambda: e.b.const(True), True)
    branches.run_if(e, e.get(found), lambda: then(e.get(name)), otherwise)


def collect(e: Engine, g: GeneratorV) -> Ref:
    """Return the list of all that a generator yields."""
    refuse_endless(e, g.function)
    if is_stepped(e, g) and stepping.can_step(g):
        made: Ref = inlining.inline_function(e, library.as_list, [g], {})
        return made
    out = e.new(Seq(()))
    if begin(e, g, False):
        e.generators.draining += 1
        try:
            run(e, g, lambda value: methods.call_method(e, out, "append", [value], {}, {}))
        finally:
            e.generators.draining -= 1
    return out


def collect_quietly(e: Engine, g: GeneratorV) -> Ref:
    """Return the list of what a generator yields, before its consumer runs. It must not show that it was so early."""
    heap, place = dict(e.state.heap), e.b.place()
    out = collect(e, g)
    region = next((r for d, r, _, _ in e.b.visible() if d == place[0]), [])
    written = any(e.state.heap[o] is not c for o, c in heap.items() if not isinstance(getattr(c, "type", None), Int))
    if _shows(region[place[1] :]) or written:  # (an int: how far an iterator is)
        raise UnsupportedError(
            what=f"the generator '{g.function.name}', which does more than to yield values",
            why="it would be run to its end before its values are used, which would change the order of what it does",
            instead="use its values in one `for` loop of their own",
            origin=e.origin,
        )
    return out


def _shows(stmts: Sequence[Stmt]) -> bool:
    """Say whether statements do anything that is seen from outside."""
    for s in stmts:
        if isinstance(s, Let) and s.op.effect == "opaque":
            return True
        if isinstance(s, If) and (_shows(s.then.stmts) or _shows(s.orelse.stmts)):
            return True
        if isinstance(s, Loop) and (_shows(s.body.stmts) or (s.test is not None and _shows(s.test.stmts))):
            return True
    return False


def refuse_endless(e: Engine, fn: tree.Function) -> None:
    """Refuse to take all values of a generator that has a loop that only the consumer can end."""
    if is_endless(fn):
        raise UnsupportedError(
            what=f"the generator '{fn.name}', which may never end",
            why="all its values are taken here",
            instead="take some of them: itertools.islice, zip with what ends, or a loop with `break`",
            origin=e.origin,
        )


def is_endless(fn: tree.Function) -> bool:
    return any(
        isinstance(t, tree.While) and isinstance(t.test, tree.Lit) and t.test.value and t.stop is None
        for t in tree.walk(fn.body)
    )


def reads(e: Engine, g: GeneratorV) -> tuple[dict[Obj, None], set[str]]:
    """Return the objects that a generator may read, and the variables of the function round it."""
    from adgen.infer.values import Closure

    seen: dict[Obj, None] = {}
    for _, v in g.bound:
        reach(e.state, v, seen)
    names: set[str] = set()
    if isinstance(g.owner, Closure):
        names = {str(t.data) for t in tree.walk(g.function.body) if isinstance(t, tree.Assign) and t.op == "free"}
        for name in names:
            reach(e.state, e.state.frames.get(g.owner.frame, {}).get(name, UNBOUND), seen)
    return seen, names


def check_apart(e: Engine, g: GeneratorV, entry: dict[Obj, Any], assigned: Sequence[str]) -> None:
    """Refuse a loop whose body changes what a generator, all whose values were taken before, would go on to read."""
    from adgen.infer.values import Closure

    seen, names = reads(e, g)
    changed = [o for o in seen if o in entry and e.state.heap.get(o) is not entry[o]]
    if changed or (names & set(assigned) and isinstance(g.owner, Closure) and g.owner.frame == e.frame):
        raise UnsupportedError(
            what=f"a loop that changes what its generator '{g.function.name}' reads",
            why="the generator is run to its end before the loop starts",
            instead="make a list first, or loop without the generator",
            origin=e.origin,
        )
