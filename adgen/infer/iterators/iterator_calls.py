"""Calls of `iter`, `next`, `map` and of `itertools`, and what the Python source of lazy iterators asks for."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from adgen.infer import kinds
from adgen.infer.calls import calls, library
from adgen.infer.calls.handlers import bind, handles
from adgen.infer.control import iterables
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.iterators import generators, iterators, lazy, stepping
from adgen.infer.structures import objects
from adgen.infer.values import (
    WALKED,
    CountV,
    CycleV,
    DeadPath,
    GeneratorV,
    Once,
    Ref,
    RepeatV,
    Seq,
    TupleV,
    ZipV,
)
from adgen.ir.nodes import Const, Var
from adgen.ir.types import Int, Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


@handles(iter)
def _iter(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    if len(args) == 2:
        return iterators.made_by(e, lazy.call_until, *args)
    v = args[0]
    if isinstance(v, (Once, GeneratorV)):
        return v
    own = objects.special(e, v, "__iter__")
    if own is not None:
        return calls.call(e, own, [], {}, {})
    return calls.call_unknown(e, Const(iter, Opaque()), args, {}, hint) if _is_unknown(v) else iterators.once(e, v)


def _is_unknown(v: Any) -> bool:
    """Say whether a value is an object that adgen can't look into: a file, a queue."""
    return isinstance(v, (Var, Const)) and isinstance(v.type, Opaque)


@handles(next)
def _next(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    e.next_frame += 1
    name = f"%next{e.next_frame}"

    def otherwise() -> None:
        if len(args) > 1:
            e.set(name, args[1])
            return
        e.b.emit(e.row("raise_"), (e.opaque(StopIteration, []),))
        e.state.dead = True

    it = args[0]
    if _is_unknown(it):
        return calls.call_unknown(e, Const(next, Opaque()), args, kwargs, hint)
    step: Callable[[Engine, Any, iterators.Take, iterators.Stop], None] = iterators.advance
    if isinstance(it, GeneratorV) and generators.is_fresh(e, it) and not iterators.is_seen(e, it.obj):
        step = generators.first
    step(e, it, lambda v: e.set(name, v), otherwise)
    if e.state.dead:
        raise DeadPath
    return e.get(name)


def send(e: Engine, g: GeneratorV, value: Any) -> Any:
    """`g.send(value)`"""
    if kinds.is_none(value):
        return _next(e, [g], {}, {})
    stepping.refuse_sent(e, g)
    e.next_frame += 1
    name = f"%next{e.next_frame}"

    def otherwise() -> None:
        e.b.emit(e.row("raise_"), (e.opaque(StopIteration, []),))
        e.state.dead = True

    stepping.advance(e, g, lambda v: e.set(name, v), otherwise, value)
    if e.state.dead:
        raise DeadPath
    return e.get(name)


@handles(lazy.fetch)
def _fetch(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    there, value = f"%has{e.frame}", f"%value{e.frame}"

    def then(v: Any) -> None:
        e.set(there, e.b.const(True))
        e.set(value, v)

    iterators.advance(e, args[0], then, lambda: e.set(there, e.b.const(False)))
    if e.state.dead:
        raise DeadPath
    return TupleV((e.get(there), kinds.vouch(e, e.env.get(value, e.b.const(None)))))


@handles(lazy.close)
def _close(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    iterators.move(e, args[0], e.b.const(WALKED))
    return e.b.const(None)


@handles(lazy.row_at)
def _row_at(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return iterators.row_at(e, args[0], e.value(args[1])) if args[0] != ZipV(()) else TupleV(())


@handles(lazy.ends_before)
def _ends_before(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return iterators.ends_before(e, args[0], e.value(args[1]))


@handles(itertools.count)
def _count(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    bound = bind(e, "count", "start= step=", args, kwargs)
    start, step = (bound.get("start", e.b.const(0)), bound.get("step", e.b.const(1)))
    if all(isinstance(getattr(v, "type", None), Int) for v in (start, step)):
        return iterators.once(e, CountV(start, step))
    return iterators.made_by(e, lazy.count_from, start, step)


@handles(itertools.repeat)
def _repeat(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    bound = bind(e, "repeat", "object times=", args, kwargs)
    times = e.value(bound["times"]) if "times" in bound else None
    if times is not None:
        times = (
            e.b.const(max(times.value, 0))
            if isinstance(times, Const)
            else e.b.emit(e.row("max"), (times, e.b.const(0)))
        )
    return iterators.once(e, RepeatV(bound["object"], times))


@handles(itertools.cycle)
def _cycle(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    v = iterators.settle(e, args[0])
    if isinstance(v, TupleV) and items.element_type(e, Seq(v.items)) is not None:
        v = e.new(Seq(v.items))
    if isinstance(v, Ref) and objects.class_of_object(e, v) is None and not iterables.is_map(e, v):
        return iterators.once(e, CycleV(v, e.content(v.obj)))
    return iterators.made_by(e, lazy.cycle_of, v)


@handles(itertools.tee)
def _tee(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    n = e.static(args[1] if len(args) > 1 else kwargs.get("n", e.b.const(2)), "the number of iterators of tee()")
    v = iterators.settle(e, args[0])
    source = v
    if not isinstance(v, TupleV):
        g = iterators.as_generator(e, v)
        v = generators.collect_quietly(e, g) if g is not None else inlining.inline_function(e, library.as_list, [v], {})
    return TupleV(tuple(iterators.once_held(e, v, source) for _ in range(n)))


@handles(itertools.accumulate)
def _accumulate(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    bound = bind(e, "accumulate", "iterable func= * initial=", args, kwargs)
    function, initial = bound.get("func", e.b.const(None)), bound.get("initial", e.b.const(None))
    v = bound["iterable"]
    if not kinds.is_none(initial):
        return iterators.made_by(e, lazy.accumulate_from, initial, v, function)
    return iterators.made_by(e, lazy.accumulate_known if _is_sequence(e, v) else lazy.accumulate_of, v, function)


def _is_sequence(e: Engine, v: Any) -> bool:
    return isinstance(v, (Ref, TupleV)) and objects.class_of_object(e, v) is None and not iterables.is_map(e, v)


@handles(lazy.rest_of)
def _rest_of(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    v = args[0]
    if isinstance(v, TupleV) or operations.is_array(e, v):
        return inlining.inline_function(e, library.islice, [v, e.b.const(1), e.b.const(None)], {})
    rest = iterators.once(e, v)  # an item of a list is what the list holds when it is due
    iterators.move(e, rest, e.b.const(1))
    return rest


@handles(itertools.pairwise)
def _pairwise(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    v = iterators.settle(e, args[0])
    return iterators.made_by(e, lazy.pairwise_known if _is_sequence(e, v) else lazy.pairwise_of, v)


@handles(itertools.islice)
def _islice(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    v = iterators.settle(e, args[0])
    if _is_sequence(e, v):
        part = inlining.inline_function(e, library.islice, [v, *args[1:]], {})
        live = isinstance(v, TupleV) or operations.is_array(e, v)
        return iterators.once(e, part) if live else iterators.once_held(e, part, v)
    none = e.b.const(None)
    start, stop, step = (none, args[1], none) if len(args) == 2 else (*args[1:], none)[:3]
    given = (e.b.const(n) if kinds.is_none(x) else x for x, n in ((start, 0), (step, 1)))
    first, width = given
    return iterators.made_by(e, lazy.islice_of, v, first, stop, width)


@handles(itertools.groupby)
def _groupby(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    bound = bind(e, "groupby", "iterable key=", args, kwargs)
    return iterators.made_by(e, lazy.groupby_of, bound["iterable"], bound.get("key", e.b.const(None)))


@handles(itertools.chain)
def _chain(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    if len(args) < 2:
        return iterators.once(e, args[0] if args else TupleV(()))
    return iterators.made_by(e, lazy.chain_of, args[0], args[1] if len(args) == 2 else _chain(e, args[1:], {}, {}))


@handles(map)
def _map(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    if len(args) == 2:
        return iterators.made_by(e, lazy.map_of, *args)
    return iterators.made_by(e, lazy.starmap, args[0], iterators.once(e, ZipV(tuple(args[1:]))))
