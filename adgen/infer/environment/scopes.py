"""Names that are not local: those of enclosing functions, of the module, of Python."""

from __future__ import annotations

from types import FunctionType
from typing import TYPE_CHECKING, Any

from adgen.errors import InternalError, UnsupportedError
from adgen.frontend import tree
from adgen.infer.environment.names import find_free
from adgen.infer.values import Closure
from adgen.ir.nodes import Const
from adgen.rules.typing import type_of_value

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def lookup(e: Engine, name: str) -> Any:
    """Return the value of a name that is not local: closure, global or builtin, read live."""
    frame: int | None = e.frame
    seen: set[int] = set()
    while frame is not None and frame not in seen:
        seen.add(frame)
        owner = e.owners[frame]
        if not isinstance(owner, Closure):
            break
        frame = owner.frame
        if name in e.state.frames.get(frame, {}):
            keep, e.frame = e.frame, frame
            try:
                return e.get(name)
            finally:
                e.frame = keep
        if frame not in e.state.frames and _binds(e.owners[frame], name):
            raise InternalError(
                what=f"'{name}', a variable that '{owner.function.name}' captured, was lost with the branch or loop",
                origin=e.origin,
            )
    owner = owner.globals_of if isinstance(owner, Closure) else owner
    kind, value = find_free(owner, name)
    if kind is None:
        raise UnsupportedError(
            what=f"the name '{name}' is not defined",
            why="neither the function, nor its closure, nor its module binds it",
            instead="define it before the gradient is asked for",
            origin=e.origin,
        )
    if kind == "builtin":
        return Const(value, type_of_value(value))
    return e.read(owner, name, value)


def _binds(owner: Any, name: str) -> bool:
    """Say whether a name is a variable of a function."""
    from adgen.frontend.lower import lower

    if not isinstance(owner, (Closure, FunctionType)):
        return True
    function = owner.function if isinstance(owner, Closure) else lower(owner)
    if any(p.name == name for p in function.params):
        return True
    return any(name in _targets(s) for s in tree.walk(function.body))


def _targets(s: tree.Stmt) -> tuple[Any, ...]:
    return (getattr(s, "target", None), *getattr(s, "targets", ()))
