"""`try`, `with` and generators: code that runs, or stops running, because of something outside of it.

A `try` is an `If` whose condition is only known once the body has run: `attempt`. What the body changed before the
last operation that can fail is neither the old nor the new value where the handler runs: reading it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer import branches, calls, custom_calls, inlining, objects, tapes
from adgen.infer.values import (
    UNBOUND,
    Closure,
    DeadPath,
    EnumV,
    GeneratorV,
    ManagerV,
    Obj,
    Once,
    Poison,
    ReversedV,
    TapeV,
    ZipV,
)
from adgen.ir.nodes import Const, Var
from adgen.ir.types import Bool, NoneT, Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


@dataclass
class Changes:
    """What a `try` body has changed, and how many operations that can fail came before."""

    names: dict[tuple[int, str], int] = field(default_factory=dict)
    objects: dict[Obj, int] = field(default_factory=dict)

    def repeat(self, since: int) -> None:
        """What a loop with such operations changed may have been changed by an earlier iteration."""
        for table in (self.names, self.objects):
            for key, count in table.items():
                if count > since:
                    table[key] = since  # type: ignore[index]


def fail(e: Engine, error: type[Exception], message: Any, otherwise: UnsupportedError) -> None:
    """Raise what the program would raise here, if something in it may catch that; else refuse."""
    if not e.b.guards:
        raise otherwise
    e.b.emit(e.row("raise_"), (e.opaque(error, [e.b.const(message)]),))
    e.state.dead = True
    raise DeadPath


def run_try(e: Engine, s: tree.Try) -> None:
    if s.cleanup and not e.b.guards and not any(shows(h.body) for h in s.handlers):
        e.run(s.body)  # nobody sees what happens once an exception ends the call
        if not e.state.dead:
            e.set(s.ok, e.b.const(True))
        return
    kinds = [_kinds(e, h) for h in s.handlers]
    every = tuple(dict.fromkeys(k for group in kinds for k in group))

    def body() -> None:
        e.run(s.body)
        if not e.state.dead:
            e.set(s.ok, e.b.const(True))

    def handle(caught: Any) -> None:
        _handle(e, s, kinds, 0, caught)
        if not e.state.dead:
            e.set(s.ok, e.b.const(False))

    if not s.cleanup or e.b.guards:
        attempt(e, every, body, handle, s.leaves)
        return
    state, depth, mark = e.state.copy(), e.b.depth, e.b.mark()
    try:
        attempt(e, every, body, handle, s.leaves)
    except UnsupportedError as error:
        if not isinstance(error, HalfDoneError):
            raise
        e.state = state
        e.b.rewind(depth, mark)
        body()  # the exception ends the call; what would be shown of it then is not known


def attempt(
    e: Engine,
    kinds: Sequence[type[BaseException]],
    body: Callable[[], None],
    handle: Callable[[Any], None],
    leaves: bool = False,
) -> None:
    """Run what may fail; `handle` takes the exception in the state that the body may leave behind."""
    cond = e.b.emit(e.row("attempt"), tuple(Const(k, Opaque()) for k in kinds), type=Bool())
    origin, before = e.b.origin, e.state
    changes = Changes()
    e.state = before.copy()
    e.b.open()
    e.b.guards += 1
    e.changes.append(changes)
    try:
        body()
    finally:
        e.changes.pop()
        e.b.guards -= 1
    e.b.origin = origin
    sides, regions = [e.state], [e.b.suspend()]
    e.state = _interrupted(e, before.copy(), changes)
    e.b.open()
    caught = e.b.emit(e.row("caught"), (cond,), type=Opaque())
    e.caught.append(caught)
    try:
        handle(caught)
    finally:
        e.caught.pop()
    if not e.state.dead and leaves:
        _forget(e.state, changes)
    e.b.origin = origin
    sides.append(e.state)
    regions.append(e.b.suspend())
    branches.Join(e, before, sides, regions, catch=True, leaves=leaves).finish(cond)


def shows(stmts: list[tree.Stmt]) -> bool:
    """Say whether statements may do anything that shows outside of the call."""
    return any(isinstance(t, tree.Assign) and t.op == "call" for t in tree.walk(stmts))


def _kinds(e: Engine, h: tree.Handler) -> tuple[type[BaseException], ...]:
    e.come_from(h.origin)
    e.run(h.before)
    if h.kind is None:
        return (Exception,)
    found = e.static(e.get(h.kind), "the class in `except`")
    kinds = found if isinstance(found, tuple) else (found,)
    if not all(isinstance(k, type) and issubclass(k, BaseException) for k in kinds):
        raise UnsupportedError(what="`except` of something that is not an exception class", origin=h.origin)
    return kinds


def _interrupted(e: Engine, state: Any, changes: Changes) -> Any:
    """Return the state in which the handlers start: as before the body, but for what may be half done."""
    for (frame, name), count in changes.names.items():
        if count < e.b.guarded and frame in state.frames and not name.startswith("%"):
            state.frames[frame][name] = _half_done(e, name)
    for obj, count in changes.objects.items():
        if count < e.b.guarded and obj in state.heap:
            state.heap[obj] = _half_done(e, obj.name or "an array")
    return state


def _forget(state: Any, changes: Changes) -> None:
    """Leave what is half done unbound: nothing reads it."""
    for frame, name in changes.names:
        if isinstance(state.frames.get(frame, {}).get(name), HalfDone):
            state.frames[frame][name] = UNBOUND
    for obj in changes.objects:
        if isinstance(state.heap.get(obj), HalfDone):
            state.heap[obj] = UNBOUND


class HalfDoneError(UnsupportedError):
    """Something that a `try` body changed is read in its handler."""


class HalfDone(Poison):
    """What a `try` body changed before it failed."""


def _half_done(e: Engine, name: str) -> Poison:
    return HalfDone(
        f"'{name}' is changed by a `try` body that may fail after that",
        "what it is here depends on where the exception came from",
        e.origin,
        alias=False,
    )


def _handle(e: Engine, s: tree.Try, kinds: Sequence[tuple[type[BaseException], ...]], k: int, caught: Any) -> None:
    h = s.handlers[k]

    def run() -> None:
        if h.name is not None:
            e.set(h.name, caught)
        e.run(h.body)
        if h.name is not None and not e.state.dead:
            e.set(h.name, UNBOUND)

    if k + 1 == len(s.handlers):
        run()
        return
    cls = Const(kinds[k] if len(kinds[k]) > 1 else kinds[k][0], Opaque())
    fits = e.b.emit(e.row("opaque"), (Const(isinstance, Opaque()), caught, cls), type=Bool())
    branches.run_if(e, fits, run, lambda: _handle(e, s, kinds, k + 1, caught))


# -- with ---------------------------------------------------------------------------------------------


def run_with(e: Engine, s: tree.With) -> None:
    manager = e.get(s.manager)

    def body(value: Any) -> None:
        if s.target is not None:
            e.assign(s.target, value)
        e.run(s.body)

    if isinstance(manager, ManagerV) and manager.suppressed:
        attempt(e, manager.suppressed, lambda: body(e.b.const(None)), lambda caught: None)
    elif isinstance(manager, TapeV):
        tapes.run_tape(e, manager, body)
    elif isinstance(manager, ManagerV) and manager.generator is not None:
        _run_round(e, manager.generator, body)
    elif isinstance(manager, ManagerV) and manager.overrides:
        custom_calls.run_overridden(e, manager.overrides, lambda: body(e.b.const(None)))
    elif isinstance(manager, ManagerV) and manager.around is not None:
        manager.around(body)
    elif isinstance(manager, ManagerV):
        with e.let_pass(manager.errors):
            body(manager.value)
    elif objects.special(e, manager, "__enter__") and objects.special(e, manager, "__exit__"):
        leave = objects.special(e, manager, "__exit__")
        assert leave is not None
        entered = objects.call_special(e, manager, "__enter__")
        _leave_after(e, s, lambda: body(entered), lambda *how: calls.call(e, leave, how, {}, {}), _may_show(leave.fn))
    elif isinstance(manager, (Var, Const)) and isinstance(manager.type, Opaque):
        held = manager
        enter, leave_it = (e.opaque(getattr, [held, e.b.const(n)]) for n in ("__enter__", "__exit__"))
        entered = calls.call(e, enter, [], {}, {})
        _leave_after(e, s, lambda: body(entered), lambda *how: _only_leave(e, leave_it, how), True)
    else:
        raise UnsupportedError(
            what="this context manager",
            why="what it does to the values inside is not known",
            instead="put the `with` round the call of the differentiated function",
            origin=e.origin,
        )


def _only_leave(e: Engine, leave: Any, how: Sequence[Any]) -> Any:
    """Call an `__exit__` that adgen can't read. If it keeps the exception to itself, the program ends with it here."""
    calls.call(e, leave, how, {}, {})
    return e.b.const(False)


def _leave_after(e: Engine, s: tree.With, body: Callable[[], None], leave: Callable[..., Any], shows_it: bool) -> None:
    """Run the body of `with`, and what the manager does then, also when an exception leaves the body."""
    none, ok = e.b.const(None), f"%with{e.b.depth}"

    def inside() -> None:
        body()
        if not e.state.dead:
            e.set(ok, e.b.const(True))

    def handle(caught: Any) -> None:
        e.come_from(s.origin)
        how = (e.opaque(type, [caught]), caught, e.opaque(getattr, [caught, e.b.const("__traceback__")]))
        kept = branches.truth(e, leave(*how))
        e.set(ok, e.b.const(False))

        def again() -> None:
            e.b.emit(e.row("raise_"), (caught,), type=NoneT())
            e.state.dead = True

        branches.run_if(e, kept, lambda: None, again)

    if not shows_it and not e.b.guards:
        inside()
    else:
        attempt(e, (BaseException,), inside, handle)
    if e.state.dead:
        return
    e.come_from(s.origin)
    branches.run_if(e, e.get(ok), lambda: leave(none, none, none), lambda: None)


def _may_show(fn: Any) -> bool:
    """Say whether an `__exit__` does anything that an exception that ends the call leaves to see."""
    from adgen.frontend.lower import lower

    function = lower(fn)
    kept = (t.value for t in tree.walk(function.body) if isinstance(t, tree.Return))
    return shows(function.body) or any(not isinstance(v, tree.Lit) or bool(v.value) for v in kept)


def _run_round(e: Engine, g: GeneratorV, body: Callable[[Any], None]) -> None:
    """Run a generator that is a context manager, and the body of `with` where it yields."""
    if sum(isinstance(t, tree.Yield) for t in _straight(g.function.body)) != 1:
        raise UnsupportedError(
            what=f"the context manager '{g.function.name}'",
            why="it does not yield just once, outside of loops and branches",
            instead="write it as a class with __enter__ and __exit__",
            origin=e.origin,
        )
    _run_generator(e, g, body)


def _straight(stmts: list[tree.Stmt]) -> Iterator[tree.Stmt]:
    """Yield the statements outside of loops, branches and handlers."""
    for t in stmts:
        yield t
        if isinstance(t, (tree.Try, tree.With)):
            yield from _straight(t.body)


# -- generators -----------------------------------------------------------------------------------------


def _run_generator(e: Engine, g: GeneratorV, consume: Callable[[Any], None]) -> None:
    """Run a generator's body; `consume` runs in the consumer's place for each value."""
    frame, active, yielders, origin = e.frame, list(e.active), list(e.yielders), e.b.origin

    def step(value: Any) -> None:
        inside = e.frame, e.active, e.yielders, e.b.origin
        e.frame, e.active, e.yielders, e.b.origin = frame, list(active), list(yielders), origin
        consume(value)
        e.frame, e.active, e.yielders, e.b.origin = inside

    e.yielders = [*yielders, step]
    try:
        inlining.run_body(e, g.function, g.owner, dict(g.bound))
    finally:
        e.frame, e.active, e.yielders, e.b.origin = frame, active, yielders, origin


def force(e: Engine, v: Any) -> Any:
    """Return an iterable with what generators in it yield, as lists: they are run now, to their end."""
    if isinstance(v, ZipV):
        return ZipV(tuple(force(e, p) for p in v.parts))
    if isinstance(v, EnumV):
        return EnumV(force(e, v.inner), v.start)
    if isinstance(v, ReversedV):
        return ReversedV(force(e, v.inner))
    own = objects.special(e, v, "__iter__")
    if own is not None:
        return force(e, calls.call(e, own, [], {}, {}))
    if isinstance(v, Once):
        _exhaust(e, v.obj, "an iterator")
        return force(e, v.inner)
    if not isinstance(v, GeneratorV):
        return v
    if _is_endless(v.function):
        raise UnsupportedError(
            what=f"the generator '{v.function.name}', which may never end",
            why="generators are run to their end before their values are used",
            instead="loop where the values are used",
            origin=e.origin,
        )
    _exhaust(e, v.obj, f"the generator '{v.function.name}'")
    from adgen.infer import methods
    from adgen.infer.values import Seq

    out = e.new(Seq(()))
    _run_generator(e, v, lambda value: methods.call_method(e, out, "append", [value], {}, {}))
    return out


def _exhaust(e: Engine, obj: Obj, what: str) -> None:
    """Refuse what was walked before: from here on it is exhausted."""
    e.content(obj)
    e.state.heap[obj] = Poison(f"{what} is read a second time", "it is exhausted by then", e.origin, alias=False)


def once(e: Engine, inner: Any) -> Once:
    """Return an iterator that can be walked one time."""
    from adgen.infer.values import Seq

    return Once(inner, e.new(Seq(())).obj)


def _is_endless(fn: tree.Function) -> bool:
    """Say whether a generator has a loop that only the consumer can end."""
    return any(
        isinstance(t, tree.While) and isinstance(t.test, tree.Lit) and t.test.value and t.stop is None
        for t in tree.walk(fn.body)
    )


def check_apart(e: Engine, g: GeneratorV, entry: dict[Obj, Any], assigned: Sequence[str]) -> None:
    """Refuse a loop over a generator whose body changes what the generator goes on to read."""
    from adgen.infer.loops import reach

    seen: dict[Obj, None] = {}
    for _, v in g.bound:
        reach(e, v, seen)
    names: set[str] = set()
    if isinstance(g.owner, Closure):
        names = {str(t.data) for t in tree.walk(g.function.body) if isinstance(t, tree.Assign) and t.op == "free"}
        for name in names:
            reach(e, e.state.frames.get(g.owner.frame, {}).get(name, UNBOUND), seen)
    changed = [o for o in seen if o in entry and e.state.heap.get(o) is not entry[o]]
    if changed or (names & set(assigned) and isinstance(g.owner, Closure) and g.owner.frame == e.frame):
        raise UnsupportedError(
            what=f"a loop that changes what its generator '{g.function.name}' reads",
            why="the generator is run to its end before the loop starts",
            instead="make a list first, or loop without the generator",
            origin=e.origin,
        )
