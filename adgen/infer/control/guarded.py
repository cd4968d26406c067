"""`try` and generators: code that runs, or stops running, because of something outside of it.

A `try` is an `If` whose condition is only known once the body has run: `attempt`. What the body changed before the
last operation that can fail is neither the old nor the new value where the handler runs. Where that is read, the
program is typed again with the body cut into pieces (`frontend/cuts.py`), in which nothing is half done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import field
from types import FunctionType
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.control import branches, joins
from adgen.infer.environment import scopes
from adgen.infer.expressions import operations
from adgen.infer.values import (
    UNBOUND,
    BoundFunction,
    Closure,
    DeadPath,
    ManagerV,
    Map,
    Obj,
    Poison,
    Ref,
    Seq,
)
from adgen.ir.frozen import dataclass
from adgen.ir.nodes import Const, Origin, Var
from adgen.ir.types import Bool, Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

T = TypeVar("T")


@dataclass()
class Changes:
    """What a `try` body has changed, and how many operations that can fail came before."""

    names: dict[tuple[int, str], int] = field(default_factory=dict)
    objects: dict[Obj, int] = field(default_factory=dict)
    cuts: list[tuple[str, Origin]] = field(default_factory=list)  # what could be cut instead

    def repeat(self, since: int) -> None:
        """What a loop with such operations changed may have been changed by an earlier iteration."""
        for table in (self.names, self.objects):
            for key, count in table.items():
                if count > since:
                    table[key] = since  # type: ignore[index]


def fail(e: Engine, error: type[Exception], message: Any, otherwise: UnsupportedError) -> NoReturn:
    """Raise what the program would raise here, if something in it may catch that; else refuse."""
    if not e.b.guards and not e.caught:  # in a handler it ends the call, if the program comes there
        raise otherwise
    fail_here(e, error, message)


def carry_out(e: Engine, action: Callable[[], T]) -> T:
    """Do what the program does with known values, now; what that raises the program raises here."""
    try:
        return action()
    except (LookupError, ValueError) as error:
        what = f"this raises {type(error).__name__}: {error}"
        instead = f"test before whether it can be done, or catch {type(error).__name__}"
        refusal = UnsupportedError(what=what, instead=instead, origin=e.origin)
        fail(e, type(error), error.args[0] if error.args else "", refusal)


def fail_here(e: Engine, error: type[Exception], message: Any) -> NoReturn:
    """Raise what the program would raise here."""
    e.b.emit(e.row("raise_"), (e.opaque(error, [e.b.const(message)]),))
    e.state.dead = True
    raise DeadPath


def miss(e: Engine, name: str) -> None:
    """Refuse a name that is not bound here; a loop that may bind it in an earlier iteration goes on without it."""
    error = UnsupportedError(
        what=f"the name '{name}' may be unbound here",
        why="no assignment reaches this line on every path",
        instead="assign it before the branch or loop that binds it",
        origin=e.origin,
    )
    for frame, later, missed in e.tentative:
        if frame == e.frame and name in later:
            missed.append(error)
            e.state.dead = True
            raise DeadPath
    if e.caught and not name.startswith("%"):  # this is only reached after an exception
        fail_here(
            e, UnboundLocalError, f"cannot access local variable '{name}' where it is not associated with a value"
        )
    raise error


def run_try(e: Engine, s: tree.Try) -> None:
    if s.cut:
        _run_piece(e, s)
        return
    if s.cleanup and not e.b.guards and not any(_shows_here(e, h.body) for h in s.handlers):
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

    cuts = [] if s.origin is None else [("finally" if s.cleanup else "try", s.origin)]
    if s.cleanup:  # where what catches the exception is cut, this need not be
        cuts[:0] = [c.cuts[0] for c in e.changes if c.cuts]
    if not s.cleanup or e.b.guards:
        attempt(e, every, body, handle, s.leaves, cuts)
        return
    state, depth, mark = e.state.copy(), e.b.depth, e.b.mark()
    try:
        attempt(e, every, body, handle, s.leaves, cuts)
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
    cuts: Sequence[tuple[str, Origin]] = (),
    orelse: Callable[[], None] | None = None,
) -> None:
    """Run what may fail; `handle` takes the exception in the state that the body may leave behind.

    `orelse` follows where it does not fail, and is not tried.
    """
    start = e.b.mark()
    cond = e.b.emit(e.row("attempt"), tuple(Const(k, Opaque()) for k in kinds), type=Bool())
    origin, before = e.b.origin, e.state
    changes = Changes(cuts=list(cuts))
    may_fail = e.b.guarded
    e.state = before.copy()
    e.b.open()
    stops = int(all(k is StopIteration for k in kinds))
    e.b.guards += 1
    e.b.stops += stops
    e.changes.append(changes)
    try:
        body()
    finally:
        e.changes.pop()
        e.b.guards -= 1
        e.b.stops -= stops
    if orelse is not None and e.b.guarded == may_fail:  # it can't
        region = e.b.suspend()
        e.b.rewind(e.b.depth, start)
        e.b.splice(region)
        orelse()
        return
    done = e.b.guarded
    if orelse is not None and not e.state.dead:
        e.b.emit(e.row("tried"), (cond,))
        orelse()
    e.b.origin = origin
    sides, regions = [e.state], [e.b.suspend()]
    e.state = _interrupted(e, before.copy(), changes, done)
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
    joins.Join(e, before, sides, regions, catch=True, leaves=leaves).finish(cond)


def shows(stmts: list[tree.Stmt]) -> bool:
    """Say whether statements may do anything that shows outside of the call."""
    return any(isinstance(t, tree.Assign) and t.op == "call" for t in tree.walk(stmts))


def _shows_here(e: Engine, stmts: list[tree.Stmt]) -> bool:
    """Say the same of statements in this frame: a method of a list or an array changes what dies with the call."""
    known: dict[str, Any] = {}
    for t in tree.walk(stmts):
        if not isinstance(t, tree.Assign):
            continue
        if t.op == "free":
            known[t.target] = t.data
        elif t.op == "getattr" and isinstance(t.args[0], str):
            owner = e.env.get(t.args[0], UNBOUND)
            if t.args[0] in known:
                owner = _found(e, known[t.args[0]])
            content = e.state.heap.get(owner.obj) if isinstance(owner, Ref) and not owner.obj.param else None
            if isinstance(content, (Seq, Var)) or (isinstance(content, Map) and content.cls is dict):
                known[t.target] = True
        elif t.op == "call" and known.get(str(t.args[0])) is not True:
            return True
    return False


def _found(e: Engine, name: str) -> Any:
    try:
        return scopes.lookup(e, name)
    except UnsupportedError:
        return UNBOUND


def _kinds(e: Engine, h: tree.Handler) -> tuple[type[BaseException], ...]:
    e.come_from(h.origin)
    e.run(h.before)
    if h.kind is None:
        return (Exception,)
    kind = e.get(h.kind)
    if isinstance(kind, ManagerV) and kind.suppressed:
        return kind.suppressed
    found = e.static(kind, "the class in `except`")
    kinds = tuple(_each(found))
    if not all(isinstance(k, type) and issubclass(k, BaseException) for k in kinds):
        raise UnsupportedError(what="`except` of something that is not an exception class", origin=h.origin)
    return kinds


def _each(found: Any) -> Iterator[Any]:
    if isinstance(found, tuple):
        for one in found:
            yield from _each(one)
    else:
        yield found


@dataclass()
class Throws:
    """A call whose exceptions of some kinds come back as values."""

    kinds: tuple[type[BaseException], ...]
    taken: bool = False  # by the function that was called
    threw: Any = None
    error: Any = None


def _run_piece(e: Engine, s: tree.Try) -> None:
    """Run a piece of a body that was cut, and what follows it."""
    kinds = [_kinds(e, h) for h in s.handlers]
    every = tuple(dict.fromkeys(k for group in kinds for k in group))

    def run(stmts: list[tree.Stmt], rest: Callable[[], Any]) -> None:
        attempt(e, every, lambda: e.run(stmts), lambda caught: _handle(e, s, kinds, 0, caught), orelse=rest)

    def go_on() -> None:
        if not e.state.dead:
            e.run(s.orelse)

    call = s.body[-1]
    if not (isinstance(call, tree.Assign) and call.op == "call" and any(kind == "callee" for kind, _ in e.plan.cuts)):
        run(s.body, go_on)
        return

    def run_call() -> None:
        assert isinstance(call, tree.Assign)
        state, depth, mark, throws = e.state.copy(), e.b.depth, e.b.mark(), Throws(every)
        fn, value = e.get(call.args[0]), None
        if isinstance(fn, (Closure, BoundFunction)) or (isinstance(fn, Const) and isinstance(fn.value, FunctionType)):
            e.come_from(call.origin)
            e.throws = throws
            with suppress(DeadPath):
                value = operations.apply(e, call)
            e.throws = None

        def bind() -> None:
            e.assign(call.target, value)
            go_on()

        if not throws.taken:
            e.state = state
            e.b.rewind(depth, mark)
            run([call], go_on)
        elif throws.error is UNBOUND and not e.state.dead:  # nothing in there can fail
            bind()
        elif not e.state.dead:
            branches.run_if(e, throws.threw, lambda: _throw(e, s, throws.error), bind)

    if s.body[:-1]:
        run(s.body[:-1], run_call)
    else:
        run_call()


def _throw(e: Engine, s: tree.Try, error: Any) -> None:
    """Handle an exception that a call gave back."""
    e.set("%error", error)
    e.run([tree.Try([tree.Raise("%error", None, s.origin)], s.handlers, "%handled", origin=s.origin)])


def _interrupted(e: Engine, state: Any, changes: Changes, done: int) -> Any:
    """Return the state in which the handlers start: as before the body, but for what may be half done.

    `done` operations that can fail were emitted when the body was through.
    """
    for (frame, name), count in changes.names.items():
        if count < done and frame in state.frames and not name.startswith("%"):
            state.frames[frame][name] = _half_done(e, name, changes)
    for obj, count in changes.objects.items():
        if count < done and obj in state.heap:
            state.heap[obj] = _half_done(e, obj.name or "an array", changes)
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


@dataclass(frozen=True, slots=True)
class HalfDone(Poison):
    """What a `try` body changed before it failed."""

    cuts: tuple[tuple[str, Origin], ...] = ()  # what may be cut, so that it is not


def _half_done(e: Engine, name: str, changes: Changes) -> Poison:
    return HalfDone(
        f"'{name}' is changed by a `try` body that may fail after that",
        "what it is here depends on where the exception came from",
        e.origin,
        alias=False,
        cuts=tuple(changes.cuts),
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
