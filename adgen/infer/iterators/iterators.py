"""Iterators: what they hold, how far they are, and loops over them (`iterator_calls.py` makes them).

An iterator over a sequence is the sequence and a position in it, which the heap has. One that nobody sees after the
loop that walks it is as good as the sequence itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.calls import calls, library
from adgen.infer.control import branches, guarded, iterables
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.iterators import generators, lazy, stepping
from adgen.infer.structures import objects
from adgen.infer.values import (
    WALKED,
    CountV,
    CycleV,
    DictView,
    EnumV,
    GeneratorV,
    ManagerV,
    Map,
    Obj,
    Once,
    Ref,
    RepeatV,
    RestV,
    ReversedV,
    Seq,
    TupleV,
    ZipV,
)
from adgen.ir.nodes import Const, Operand
from adgen.ir.types import List, Tuple

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Take = Callable[[Any], None]
Stop = Callable[[], None]


def once(e: Engine, inner: Any) -> Once:
    """Return an iterator over what is at its begin."""
    return Once(inner, e.new(e.b.const(0)).obj, stamp_of(e, inner))


def once_held(e: Engine, inner: Any, source: Any) -> Once:
    """Return an iterator over items that were taken from `source` before their turn: nobody may write it meanwhile."""
    held = tuple((o, e.state.heap[o]) for o in _sources(source) if o in e.state.heap)
    return replace(once(e, inner), held=held)


def _sources(v: Any) -> list[Obj]:
    if isinstance(v, Ref):
        return [v.obj]
    if isinstance(v, (ZipV, TupleV)):
        return [o for p in (v.parts if isinstance(v, ZipV) else v.items) for o in _sources(p)]
    if isinstance(v, DictView):
        return [v.owner.obj]
    return _sources(v.inner) if isinstance(v, (EnumV, ReversedV, Once, RestV)) else []


def held_by(v: Any) -> list[tuple[Obj, Any]]:
    """Return the objects whose items an iterable has taken before their turn."""
    if isinstance(v, ZipV):
        return [h for p in v.parts for h in held_by(p)]
    own = list(v.held) if isinstance(v, Once) else []
    return own + held_by(v.inner) if isinstance(v, (EnumV, ReversedV, Once, RestV)) else own


def check_held(e: Engine, held: Iterable[tuple[Obj, Any]]) -> None:
    if any(e.state.heap.get(o) is not content for o, content in held):
        raise UnsupportedError(
            what="an iterator of itertools over a list or array that is written while it is walked",
            why="its items are taken all at once where Python takes them one by one",
            instead="loop over a range and index the list, or let the iterator walk a copy",
            origin=e.origin,
        )


def stamp_of(e: Engine, inner: Any) -> tuple[int, ...]:
    return tuple(e.resized.get(o, 0) for o in iterables.lists_of(e, inner))


# -- what an iterable is made of ------------------------------------------------------------------------


def settle(e: Engine, v: Any, inside: bool = False) -> Any:
    """Return what a loop walks: iterators that nobody else sees are what they walk.

    `inside` of a row: one whose steps have to be counted stays an iterator.
    """
    own = objects.special(e, v, "__iter__")
    if own is not None and not is_stepped_object(e, v):
        made = calls.call(e, own, [], {}, {})
        return made if is_stepped_object(e, made) else settle(e, made)
    if own is None and objects.special(e, v, "__getitem__"):
        return settle(e, inlining.inline_function(e, lazy.items_of, [v], {}))
    if isinstance(v, ZipV):
        twice = [p for k, p in enumerate(v.parts) if p in v.parts[:k]]  # one iterator gives several items of a row
        return ZipV(tuple(p if p in twice else settle(e, p, True) for p in v.parts))
    if isinstance(v, EnumV):
        return EnumV(settle(e, v.inner, inside), v.start)
    if isinstance(v, ReversedV):
        return ReversedV(settle(e, v.inner))
    if isinstance(v, Once):
        check_held(e, v.held)
        at = e.content(v.obj)
        if isinstance(at, Const) and at.value == WALKED:
            return TupleV(())
        if isinstance(at, Const) and at.value == 0 and not is_seen(e, v.obj):
            inner = settle(e, v.inner, inside)
            if not isinstance(inner, (ZipV, EnumV)) or not (
                is_stepped(e, inner) or (inside and has_generator(e, inner))
            ):
                return inner
    return v


def is_stepped_object(e: Engine, v: Any) -> bool:
    """Say whether a value is an object of a class with `__next__`."""
    return objects.special(e, v, "__next__") is not None


def holds(e: Engine, v: Any, test: Callable[[Any], bool]) -> bool:
    """Say whether an iterable is, or is made of, something that passes a test."""
    if isinstance(v, ZipV):
        return any(holds(e, p, test) for p in v.parts)
    if isinstance(v, (EnumV, ReversedV, Once, RestV)) and holds(e, v.inner, test):
        return True
    return test(v)


def is_stepped(e: Engine, v: Any) -> bool:
    """Say whether a loop over it moves an iterator that somebody sees."""
    return holds(e, v, lambda p: isinstance(p, Once) or is_stepped_object(e, p))


def has_generator(e: Engine, v: Any) -> bool:
    return holds(e, v, lambda p: isinstance(p, GeneratorV))


def is_endless(v: Any) -> bool:
    """Say whether a sequence whose items are known by their place has no end."""
    if isinstance(v, ZipV):
        return bool(v.parts) and all(map(is_endless, v.parts))
    if isinstance(v, (EnumV, RestV)):
        return is_endless(v.inner)
    return isinstance(v, (CountV, CycleV)) or (isinstance(v, RepeatV) and v.times is None)


def is_seen(e: Engine, obj: Obj, by_library: bool = False) -> bool:
    """Say whether the program can read an iterator again: a name of the user's, or what one holds, is it.

    `by_library`: so can a function of the library that is running.
    """
    done: set[int] = set()

    def within(v: Any) -> bool:
        if isinstance(v, (Once, GeneratorV)) and v.obj is obj:
            return True
        if isinstance(v, GeneratorV):
            return any(within(b) for _, b in v.bound)
        if isinstance(v, Ref):
            if id(v.obj) in done:
                return False
            done.add(id(v.obj))
            v = e.state.heap.get(v.obj)
        if isinstance(v, (TupleV, Seq, Map)):
            return any(map(within, v.items))
        return within(v.inner) if isinstance(v, Once) else isinstance(v, ZipV) and any(map(within, v.parts))

    for frame, names in e.state.frames.items():
        code = getattr(e.owners[frame], "__code__", None)
        if not by_library and code is not None and code.co_filename in library.FILES:
            continue
        if any(within(v) for name, v in names.items() if not name.startswith("%")):
            return True
    return False


def as_generator(e: Engine, v: Any) -> GeneratorV | None:
    """Return a generator for what is made of one, or has no end; None for all else."""
    if isinstance(v, GeneratorV):
        return v
    if isinstance(v, CycleV):
        return made_by(e, lazy.cycle_over, v.inner)
    if is_endless(v):
        return made_by(e, lazy.rows_without_end, v)
    if not has_generator(e, v):
        return None
    if isinstance(v, EnumV):
        return made_by(e, lazy.enumerate_of, v.inner, v.start)
    if isinstance(v, ZipV):
        lazies = [k for k, p in enumerate(v.parts) if has_generator(e, p)]
        at = next((k for k in lazies if not _ends(e, v.parts[k])), lazies[0])
        state, depth, mark = e.state.copy(), e.b.depth, e.b.mark()
        try:
            parts = [p if k not in lazies or k == at else listed_quietly(e, p) for k, p in enumerate(v.parts)]
        except UnsupportedError:  # they take turns
            e.state = state
            e.b.rewind(depth, mark)
            return made_by(e, lazy.rows_stepwise, once(e, v))
        return made_by(e, lazy.zip_of, ZipV(tuple(parts[:at])), parts[at], ZipV(tuple(parts[at + 1 :])))
    raise UnsupportedError(what="reversed() of a generator", why="the program would raise TypeError", origin=e.origin)


def beside(e: Engine, v: Any) -> GeneratorV | None:
    """Return a generator for rows of known items of different kinds and of what only run time knows the length of."""
    if isinstance(v, EnumV):
        inner = beside(e, v.inner)
        return None if inner is None else made_by(e, lazy.enumerate_of, inner, v.start)
    if not isinstance(v, ZipV) or iterables.known_items(e, v) is not None or iterables.counted(e, v) is not None:
        return None
    known = [k for k, p in enumerate(v.parts) if iterables.known_items(e, p) is not None]
    if not known or any(iterables.counted(e, p) is None for k, p in enumerate(v.parts) if k != known[0]):
        return None
    at = known[0]
    return made_by(e, lazy.zip_of, ZipV(v.parts[:at]), v.parts[at], ZipV(v.parts[at + 1 :]))


def _ends(e: Engine, v: Any) -> bool:
    return not holds(e, v, lambda p: isinstance(p, GeneratorV) and generators.is_endless(p.function))


def listed_quietly(e: Engine, v: Any) -> Ref:
    g = as_generator(e, v)
    assert g is not None
    e.generators.listed.append(g)
    return generators.collect_quietly(e, g)


def made_by(e: Engine, source: Callable[..., Any], *args: Any) -> GeneratorV:
    made: GeneratorV = inlining.inline_function(e, source, args, {})
    return made


def force(e: Engine, v: Any) -> Any:
    """Return an iterable all whose values are taken now: what it yields is a list, iterators are at their end."""
    v = settle(e, v)
    if is_stepped(e, v):
        if isinstance(v, Once) and not is_stepped(e, v.inner) and not has_generator(e, v.inner):
            at = position(e, v)
            move(e, v, e.b.const(WALKED))
            if isinstance(at, Const) and at.value == 0:
                return settle(e, v.inner)
            v = RestV(v.inner, at)
        return inlining.inline_function(e, library.as_list, [v], {})
    g = as_generator(e, v)
    return v if g is None else generators.collect(e, g)


def force_apart(e: Engine, v: Any) -> Any:
    """Do what `force` does before a loop with a `try` in each iteration, which catches nothing of the iterator."""
    before, e.b.guards = e.b.guarded, e.b.guards + 1
    try:
        out = force(e, v)
    finally:
        e.b.guards -= 1
    if e.b.guarded != before:
        raise UnsupportedError(
            what="a loop in a `try` over a generator that may fail itself",
            why="generators are run to their end before the loop starts",
            instead="put the `try` into the generator, or loop without it",
            origin=e.origin,
        )
    return out


# -- one step -------------------------------------------------------------------------------------------


def position(e: Engine, it: Once) -> Operand:
    check_held(e, it.held)
    at: Operand = e.content(it.obj)
    if not isinstance(at, Const) and it.stamp != stamp_of(e, it.inner):
        raise UnsupportedError(
            what="an iterator over a list that got longer or shorter since",
            why="whether the iterator had come to its end before is known only at run time",
            instead="walk the list by an index",
            origin=e.origin,
        )
    return at


def move(e: Engine, it: Once, to: Operand) -> None:
    e.content(it.obj)
    e.state.heap[it.obj] = to


def next_place(e: Engine, at: Operand) -> Any:
    return operations.binary(e, "+", at, e.b.const(1))


def advance(e: Engine, it: Any, then: Take, otherwise: Stop) -> None:
    """Take the next value of an iterator: `then` gets it, `otherwise` runs where there is none."""
    if isinstance(it, GeneratorV):
        stepping.advance(e, it, then, otherwise)
        return
    if is_stepped_object(e, it):
        _advance_object(e, it, then, otherwise)
        return
    if not isinstance(it, Once):
        raise UnsupportedError(
            what=f"next() of {operations.describe(e, it)}",
            why="it is no iterator: the program would raise TypeError here",
            instead="iter(...) of it",
            origin=e.origin,
        )
    inner, at = it.inner, position(e, it)

    def stop() -> None:
        move(e, it, e.b.const(WALKED))
        otherwise()

    def go(value: Any) -> None:
        move(e, it, next_place(e, at))
        then(value)

    if isinstance(inner, ZipV) and (is_stepped(e, inner) or has_generator(e, inner)):
        _advance_all(e, inner.parts, at, [], go, stop)
    elif isinstance(inner, EnumV) and (is_stepped(e, inner) or has_generator(e, inner)):
        advance(e, inner.inner, lambda v: go(TupleV((operations.binary(e, "+", inner.start, at), v))), stop)
    else:
        _advance_place(e, inner, at, go, stop)


def _advance_place(e: Engine, inner: Any, at: Operand, then: Take, otherwise: Stop) -> None:
    known = iterables.known_items(e, inner) if isinstance(at, Const) else None
    if known is not None and isinstance(at, Const):
        if at.value < len(known):
            then(known[at.value])
        else:
            otherwise()
        return
    branches.run_if(e, ends_before(e, inner, at), otherwise, lambda: then(row_at(e, inner, at)))


def _advance_all(e: Engine, parts: Sequence[Any], at: Operand, row: list[Any], then: Take, otherwise: Stop) -> None:
    if not parts:
        then(TupleV(tuple(row)))
        return

    def go(value: Any) -> None:
        _advance_all(e, parts[1:], at, [*row, value], then, otherwise)

    if isinstance(parts[0], (Once, GeneratorV)) or is_stepped_object(e, parts[0]):
        advance(e, parts[0], go, otherwise)
    else:
        _advance_place(e, parts[0], at, go, otherwise)


def _advance_object(e: Engine, it: Any, then: Take, otherwise: Stop) -> None:
    """Call `__next__` of an object, which raises StopIteration at its end."""
    name, ended = f"%stepped{e.b.depth}", f"%ended{e.b.depth}"
    method = objects.special(e, it, "__next__")

    def step() -> None:
        e.set(name, calls.call(e, method, [], {}, {}))
        if not e.state.dead:
            e.set(ended, e.b.const(False))

    guarded.attempt(e, (StopIteration,), step, lambda caught: e.set(ended, e.b.const(True)), leaves=False)
    if e.state.dead:
        return
    branches.run_if(e, e.get(ended), otherwise, lambda: then(e.get(name)))


def row_at(e: Engine, rows: Any, k: Operand) -> Any:
    found = iterables.counted(e, rows)
    if found is None:
        raise UnsupportedError(
            what=f"a step through {operations.describe(e, rows)}",
            why="its items are of different kinds, and which comes next is known only at run time",
            instead="loop over them",
            origin=e.origin,
        )
    return found[1](e, k, None)


def ends_before(e: Engine, rows: Any, k: Operand) -> Operand:
    if isinstance(rows, ZipV) and not rows.parts:
        return e.b.const(False)
    found = iterables.counted(e, rows)
    if found is None:
        known = iterables.known_items(e, rows)
        length: Operand | None = None if known is None else e.b.const(len(known))
    else:
        length = found[0]
    return e.b.const(False) if length is None else e.b.call("ge", k, length)


# -- loops ----------------------------------------------------------------------------------------------


class Stepped(Exception):
    """The body of a loop steps the iterator that the loop walks."""


def run_loop(e: Engine, s: tree.For, it: Any) -> None:
    """A loop over an iterator that the program sees, or that is made of such ones."""
    from adgen.infer.control import loops

    plain = isinstance(it, Once) and not is_stepped(e, it.inner) and not has_generator(e, it.inner)
    if plain and not is_endless(it.inner):
        state, depth, mark = e.state.copy(), e.b.depth, e.b.mark()
        try:
            loops.run_over(e, s, RestV(it.inner, position(e, it)), it)
        except Stepped:
            e.state = state
            e.b.rewind(depth, mark)
        else:
            return
    loops.run_stepwise(e, s, once(e, it) if isinstance(it, (ZipV, EnumV)) else it)


def around(e: Engine, it: Any, s: tree.For, stop: str) -> ManagerV:
    """Return what runs the body of a loop with the next value of an iterator, or sets the flag that ends the loop."""

    def run(body: Take) -> None:
        def then(value: Any) -> None:
            body(value)
            if s.stop is None and not e.state.dead:
                e.set(stop, e.b.const(False))

        advance(e, it, then, lambda: e.set(stop, e.b.const(True)))

    return ManagerV(e.b.const(None), around=run)


# -- functions ------------------------------------------------------------------------------------------


def columns(e: Engine, rows: Any) -> Any:
    """`zip(*rows)` of rows whose number only run time knows; None if that is known."""
    if iterables.known_items(e, rows) is not None or not isinstance(rows, Ref):
        return None
    t = operations.array_type(e, rows)
    if isinstance(t, List) and isinstance(t.elem, Tuple):
        items.check_length(e, rows, 1, None)
        every = [inlining.inline_function(e, lazy.column, [rows, e.b.const(k)], {}) for k in range(len(t.elem.items))]
        return once(e, TupleV(tuple(every)))
    return made_by(e, lazy.columns_of, rows)


def split_columns(e: Engine, v: Any, n: int) -> list[Any] | None:
    """Return the n items of `zip(*rows)`; None for anything else."""
    if not isinstance(v, GeneratorV) or v.owner is not lazy.columns_of or not generators.is_fresh(e, v):
        return None
    rows = dict(v.bound)["rows"]
    items.check_length(e, rows, 1, None)
    items.check_length(e, inlining.inline_function(e, lazy.columns_as, [rows], {}), n, n)
    return [inlining.inline_function(e, lazy.column, [rows, e.b.const(k)], {}) for k in range(n)]
