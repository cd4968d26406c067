"""`adgen.gradients` and `adgen.GradientTape`: they are compiled away where they stand.

What a tape records is a set of SSA values: the statements of its block. A gradient is spliced in by
`transform/splice.py` and is an ordinary value from there on. A program with tapes is typed without sharing equal
expressions (`Retape` starts it anew): `a = 2 * x` and `b = 2 * x` are two sources, and what was computed before a tape
is not on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError, UsageError
from adgen.frontend import tree
from adgen.infer.api import gradients, weights
from adgen.infer.api.recording import Recorded, Retape, computed
from adgen.infer.calls.handlers import bind
from adgen.infer.functions import inlining
from adgen.infer.values import ManagerV, Map, Maybe, Poison, Ref, Seq, TapeV, TupleV
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import Array, is_floating
from adgen.rules.jacobians import batch_jacobian, jacobian

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

METHODS = ("gradient", "jacobian", "batch_jacobian", "watch", "watched_variables", "reset", "stop_recording")


class Spent(Poison):
    """A tape that has answered; it can be used anew."""


def begin(e: Engine) -> None:
    if not e.taping:
        raise Retape(1)


# -- names that gradients are asked of ------------------------------------------------------------------


Names = tuple[frozenset[str], frozenset[str]]


def names_of(e: Engine, function: tree.Function) -> Names:
    """Return the names that a function hands to gradients, and those whose arrays it changes in place."""
    known = e.asked.get(id(function))
    if known is None:
        known = e.asked[id(function)] = (find_names(function), _find_written(function))
    return known


def find_names(function: tree.Function) -> frozenset[str]:
    """Return the names that a function hands to gradients: each of them is to be a value of its own."""
    made: dict[str, list[tree.Assign]] = {}
    for s in tree.walk(function.body):
        if isinstance(s, tree.Assign):
            made.setdefault(s.target, []).append(s)
    asked: set[str] = set()

    def takes_gradients(name: object) -> bool:
        return any(
            s.op in ("getattr", "free") and s.data in ("gradient", "gradients", "watch")
            for s in made.get(name, ())  # type: ignore[call-overload]
        )

    def collect(a: tree.Operand) -> None:
        if not isinstance(a, str) or a in asked:
            return
        asked.add(a)
        for s in made.get(a, ()):
            if s.op in ("tuple", "list", "dict", "copy"):
                for inner in s.args:
                    collect(inner)

    for group in made.values():
        for s in group:
            if s.op == "call" and takes_gradients(s.args[0]):
                for a in s.args[1:]:
                    collect(a)
    return frozenset(asked)


def _find_written(function: tree.Function) -> frozenset[str]:
    found: set[tree.Operand] = set()
    part_of: dict[str, tree.Operand] = {}
    for s in tree.walk(function.body):
        if isinstance(s, (tree.SetItem, tree.AugItem)):
            found.add(s.base)
        elif isinstance(s, tree.Assign) and s.op == "inplace":
            found.add(s.args[0])
        elif isinstance(s, tree.Assign) and s.op in ("getitem", "getattr") and s.target.startswith("%"):
            part_of[s.target] = s.args[0]
    for base in list(found):
        while isinstance(base, str) and base in part_of:
            base = part_of[base]
            found.add(base)
    return frozenset(n for n in found if isinstance(n, str))


def keep_apart(e: Engine, name: str, value: Any) -> Any:
    """Return what a name is bound to: a number known at compile time, or a view, as a value of its own.

    A view is one under each name, as another function may ask for its gradient, unless it is there to be written.
    """
    if name.startswith("%") or not e.active:
        return value
    asked, written = names_of(e, e.active[-1])
    if isinstance(value, Ref) and value.place and (name in asked or not (name in written or e.loose)):
        return _as_value(e, value, name)
    if name not in asked:
        return value
    if isinstance(value, Const):
        return _named(e, value, name) if is_floating(value.type) else value
    if isinstance(value, TupleV):
        return TupleV(tuple(keep_apart(e, name, i) for i in value.items), value.cls)
    if isinstance(value, Ref) and not value.place:
        c = e.state.heap.get(value.obj)
        if isinstance(c, (Seq, Map)) and any(isinstance(i, Const) and is_floating(i.type) for i in c.items):
            items = tuple(keep_apart(e, name, i) if isinstance(i, Const) else i for i in c.items)
            e.state.heap[value.obj] = replace(c, items=items)
    return value


def store(e: Engine, value: Any, name: str | None = None) -> Any:
    """Return what an object or a container holds: a view is a value of its own, and a number of the program, if
    asked for.
    """
    if isinstance(value, Ref) and value.place and not e.loose:
        return _as_value(e, value, name)
    return _named(e, value, name) if e.taping > 1 and isinstance(value, Const) and is_floating(value.type) else value


def _as_value(e: Engine, value: Ref, name: str | None) -> Ref:
    """Return a view as a value of its own."""
    if not isinstance(value.type, Array):
        return value
    made = e.new(_named(e, e.value(value), name), name)
    e.state.link_like(made.obj, value.obj)  # it shares memory with it: a write to either is seen, or refused
    return made


def own(e: Engine, v: Operand) -> Operand:
    """Return a floating-point value as a value of its own."""
    return _named(e, v, v.name if isinstance(v, Var) else None) if is_floating(v.type) else v


def _named(e: Engine, v: Operand, name: str | None) -> Operand:
    return e.b.emit(e.row("named"), (v,), type=v.type, **e.hint(name))


# -- tapes ----------------------------------------------------------------------------------------------


def make_tape(e: Engine, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    begin(e)
    given = bind(e, "GradientTape", "persistent= watch_accessed_variables=", args, kwargs)
    persistent = e.static(given.get("persistent", e.b.const(False)), "whether a tape is persistent")
    watches = e.static(given.get("watch_accessed_variables", e.b.const(True)), "whether a tape watches everything")
    tape = e.new(Recorded())
    return TapeV(tape.obj, bool(persistent), bool(watches))


def run_tape(e: Engine, tape: TapeV, body: Callable[[Any], None]) -> None:
    """Run the block of `with tape:`."""
    now = Recorded() if isinstance(e.state.heap[tape.obj], Spent) else _state(e, tape)
    if now.start is not None:
        raise UsageError(what="a tape that is entered while it records", origin=e.origin)
    place = e.b.place()
    e.state.heap[tape.obj] = replace(now, start=place, begun=place[0])
    body(tape)
    if not e.state.dead:
        _stop(e, tape)


def _state(e: Engine, tape: TapeV) -> Recorded:
    c = e.content(tape.obj)
    assert isinstance(c, Recorded)
    return c


def _stop(e: Engine, tape: TapeV) -> None:
    now = e.state.heap[tape.obj]
    if isinstance(now, Recorded) and now.start is not None:
        e.state.heap[tape.obj] = now.closed(e.b.visible())


def forget(e: Engine, tape: TapeV, values: Sequence[Var]) -> None:
    """Let a tape that has ended not know what some values were made of."""
    now = _state(e, tape)
    e.state.heap[tape.obj] = replace(now, values=now.values.difference(values))


def call_method(e: Engine, tape: TapeV, name: str, args: Sequence[Any], kwargs: dict[str, Any], hint: Any) -> Any:
    if name not in METHODS:
        raise UnsupportedError(
            what=f"the method '{name}' of a tape",
            why=f"those that compile are {', '.join(METHODS)}",
            instead="ask for a gradient, weighted by output_gradients, or differentiate a function of it",
            origin=e.origin,
        )
    now = _state(e, tape)
    if name == "watch":
        (x,) = (*args, *kwargs.values())
        _watch(e, tape, x)
        return e.b.const(None)
    if name == "gradient":
        return _tape_gradient(e, tape, now, args, kwargs, hint)
    if name == "watched_variables":
        if tape.watches:
            raise UnsupportedError(
                what="watched_variables() of a tape that watches everything",
                instead="GradientTape(watch_accessed_variables=False), which has what it was told to watch",
                origin=e.origin,
            )
        return TupleV(tuple(e.wrap(v) for v in now.watched))
    if name in ("jacobian", "batch_jacobian"):
        names = ("target", "sources" if name == "jacobian" else "source", "unconnected_gradients")
        given = _bind(e, f"tape.{name}()", names, args, kwargs)
        unconnected = e.b.const(given["unconnected_gradients"])
        if name == "batch_jacobian" and weights.items_of(e, given["target"]) is not None:
            raise UnsupportedError(
                what="batch_jacobian() of a structure", instead="that of one of its items", origin=e.origin
            )
        whole = replace(tape, persistent=True)
        if name == "jacobian":
            found = jacobians(e, whole, given["target"], given["sources"], unconnected)
        else:
            asked = [whole, given["target"], given["source"], unconnected]
            found = inlining.inline_function(e, batch_jacobian, asked, {})
        _stop_for_gradient(e, tape)
        return found
    within = now.start is not None and not any(depth > now.start[0] for depth, _ in e.around)
    if now.start is None or not within or (name == "reset" and now.start[0] != e.b.place()[0]):
        raise UnsupportedError(
            what=f"{name}() of a tape",
            why=f"it stands in a {'branch or ' if name == 'reset' else ''}loop of the tape's block, or outside of it",
            instead="call it in the block itself",
            origin=e.origin,
        )
    if name == "reset":
        e.state.heap[tape.obj] = replace(now, values=frozenset(), start=e.b.place(), resets=now.resets + 1)
        return e.b.const(None)

    def paused(body: Callable[[Any], None]) -> None:
        _stop(e, tape)
        body(e.b.const(None))
        c = e.state.heap.get(tape.obj)
        if isinstance(c, Recorded) and not e.state.dead:
            e.state.heap[tape.obj] = replace(c, start=e.b.place())

    return ManagerV(None, around=paused)


def _watch(e: Engine, tape: TapeV, x: Any) -> None:
    """Make values sources of their own from here on, under every name that they have."""
    found: list[Var] = []
    for v in gradients.leaves_of(e, x):
        if isinstance(v, Ref):
            if v.place:
                raise UnsupportedError(
                    what="watch() of a part of an array or list", instead="give the part a name first", origin=e.origin
                )
            old = e.content(v.obj)
            gradients.require_floating(e, old, "watch()")
            if old in _state(e, tape).watched:
                continue
            new = _named(e, old, v.obj.name)
            e.state.heap[v.obj] = new
        else:
            gradients.require_floating(e, v, "watch()")
            if isinstance(v, Const) or v in _state(e, tape).watched:
                continue
            new = _named(e, v, v.name)
            replace_value(e, v, new)
        if isinstance(new, Var):
            found.append(new)
    now = _state(e, tape)
    e.state.heap[tape.obj] = replace(now, watched=(*now.watched, *found))


def replace_value(e: Engine, old: Var, new: Operand) -> None:
    """Let everything that has a value have another one."""

    def other(v: Any) -> Any:
        if v is old:
            return new
        if isinstance(v, TupleV):
            return TupleV(tuple(map(other, v.items)), v.cls)
        if isinstance(v, Maybe):
            return Maybe(v.none, other(v.value))
        return v

    for names in e.state.frames.values():
        for n, v in names.items():
            names[n] = other(v)
    for obj, c in e.state.heap.items():
        if isinstance(c, (Seq, Map)) and any(other(i) is not i for i in c.items):
            items = tuple(map(other, c.items))
            e.state.heap[obj] = replace(c, items=items)


def _tape_gradient(
    e: Engine, tape: TapeV, now: Recorded, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]
) -> Any:
    names = ("target", "sources", "output_gradients", "unconnected_gradients")
    given = _bind(e, "tape.gradient()", names, args, kwargs)
    target, sources = given["target"], given["sources"]
    _stop_for_gradient(e, tape)
    if now.earlier or not {v for _, _, _, s in e.b.visible() for v in computed(s)} >= now.values:
        which = "an earlier iteration has recorded on" if now.earlier else "was recorded in a loop that has ended"
        raise UnsupportedError(
            what=f"a gradient of a tape that {which}",
            why="only what the same iteration recorded can be asked for inside of a loop",
            instead="make the tape in the iteration, or ask for the gradient after the loop",
            origin=e.origin,
        )
    only = None if tape.watches else now.watched
    return gradients.gradient(e, now, target, sources, given, (), hint, only)


def jacobians(e: Engine, tape: TapeV, y: Any, xs: Any, unconnected: Any) -> Any:
    """Return the Jacobians of each array in a structure, in its structure; None for what is not floating point."""

    def of(one: Any) -> Any:
        c = e.content(one.obj) if isinstance(one, Ref) and not one.place else one
        if isinstance(c, (Var, Const)) and not is_floating(c.type):
            return e.b.const(None)
        return gradients.in_structure(
            e, xs, lambda x: inlining.inline_function(e, jacobian, [tape, one, x, unconnected], {})
        )

    return gradients.in_structure(e, y, of)


def _stop_for_gradient(e: Engine, tape: TapeV) -> None:
    """A tape that is not persistent answers once."""
    if tape.persistent:
        return
    e.state.heap[tape.obj] = Spent(
        "a second gradient of a tape that is not persistent",
        "it gave up what it recorded with the first one; GradientTape(persistent=True) answers any number of times",
        e.origin,
        alias=False,
    )
    e.resized[tape.obj] = e.resized.get(tape.obj, 0) + 1


def call_gradients(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    """`adgen.gradients(ys, xs)`: everything before it is recorded."""
    begin(e)
    names = ("ys", "xs", "output_gradients", "stop_gradients", "unconnected_gradients")
    given = _bind(e, "gradients()", names, args, kwargs)
    stops = [s for s in gradients.operands_of(e, given.get("stop_gradients")) if isinstance(s, Var)]
    return gradients.gradient(e, Recorded(start=(0, 0)), given["ys"], given["xs"], given, stops, hint, None)


def _bind(
    e: Engine, what: str, names: tuple[str, ...], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    wrong = [n for n in given if n not in names] or [n for n in names[:2] if n not in given]
    if wrong or len(args) > len(names):
        raise UsageError(what=f"{what} takes ({', '.join(names)})", origin=e.origin)
    unconnected = e.static(given.get("unconnected_gradients", e.b.const("none")), "unconnected_gradients")
    if unconnected not in ("none", "zero"):
        raise UsageError(what=f"unconnected_gradients is 'none' or 'zero', not {unconnected!r}", origin=e.origin)
    given["unconnected_gradients"] = unconnected
    return given
