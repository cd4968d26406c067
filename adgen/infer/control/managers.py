"""`with`: what a manager does round a block, also when an exception leaves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.api import tapes
from adgen.infer.calls import calls
from adgen.infer.control import branches, guarded
from adgen.infer.functions import custom_calls
from adgen.infer.iterators import generators
from adgen.infer.structures import objects
from adgen.infer.values import GeneratorV, ManagerV, Ref, TapeV
from adgen.ir.nodes import Const, Var
from adgen.ir.types import NoneT, Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def run_with(e: Engine, s: tree.With) -> None:
    manager = e.get(s.manager)

    def body(value: Any) -> None:
        if s.target is not None:
            e.assign(s.target, value)
        e.run(s.body)

    _may_cut(e, s, manager)
    if isinstance(manager, ManagerV) and manager.suppressed:
        cuts = [] if s.origin is None else [("suppress", s.origin)]
        guarded.attempt(e, manager.suppressed, lambda: body(e.b.const(None)), lambda caught: None, cuts=cuts)
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
        _leave_after(e, s, lambda: body(entered), lambda *how: _only_leave(e, leave_it, how), True, False)
    else:
        raise UnsupportedError(
            what="this context manager",
            why="what it does to the values inside is not known",
            instead="put the `with` round the call of the differentiated function",
            origin=e.origin,
        )


def _may_cut(e: Engine, s: tree.With, manager: Any) -> None:
    """Let the bodies that are tried round a `with` be cut inside of it."""
    plain = isinstance(manager, ManagerV) and manager.generator is None and manager.around is None
    if s.origin is None:
        return
    if plain and not manager.overrides:
        kind = "suppress" if manager.suppressed else "through"
    elif isinstance(manager, Ref):
        kind = "manager"
    else:
        return
    for c in e.changes:
        c.cuts.append((kind, s.origin))


def _only_leave(e: Engine, leave: Any, how: Sequence[Any]) -> Any:
    """Call an `__exit__` that adgen can't read. If it keeps the exception to itself, the program ends with it here."""
    calls.call(e, leave, how, {}, {})
    return e.b.const(False)


def _leave_after(
    e: Engine, s: tree.With, body: Callable[[], None], leave: Callable[..., Any], shows_it: bool, own: bool = True
) -> None:
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

    cuts = [] if s.origin is None or not own else [("manager", s.origin)]
    if not shows_it and not e.b.guards:
        inside()
    else:
        guarded.attempt(e, (BaseException,), inside, handle, cuts=cuts)
    if e.state.dead:
        return
    e.come_from(s.origin)
    branches.run_if(e, e.get(ok), lambda: leave(none, none, none), lambda: None)


def _may_show(fn: Any) -> bool:
    """Say whether an `__exit__` does anything that an exception that ends the call leaves to see."""
    from adgen.frontend.lower import lower

    function = lower(fn)
    kept = (t.value for t in tree.walk(function.body) if isinstance(t, tree.Return))
    return guarded.shows(function.body) or any(not isinstance(v, tree.Lit) or bool(v.value) for v in kept)


def _run_round(e: Engine, g: GeneratorV, body: Callable[[Any], None]) -> None:
    """Run a generator that is a context manager, and the body of `with` where it yields."""
    if sum(isinstance(t, tree.Yield) for t in _straight(g.function.body)) != 1:
        raise UnsupportedError(
            what=f"the context manager '{g.function.name}'",
            why="it does not yield just once, outside of loops and branches",
            instead="write it as a class with __enter__ and __exit__",
            origin=e.origin,
        )
    generators.run(e, g, body)


def _straight(stmts: list[tree.Stmt]) -> Iterator[tree.Stmt]:
    """Yield the statements outside of loops, branches and handlers."""
    for t in stmts:
        yield t
        if isinstance(t, (tree.Try, tree.With)):
            yield from _straight(t.body)
