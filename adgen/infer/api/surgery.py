"""`adgen.map_gradient` and `with adgen.gradient_of`: code for the backward pass, typed where it stands.

The function is run on a value of the type of the gradient, in a region that is set aside; what it reads of the program
becomes arguments of a `hook`, which is the value itself. Reverse mode writes the region out where the gradient of the
hook is complete; before emit, hooks are gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adgen.errors import TypeMismatchError, UnsupportedError
from adgen.infer.values import Closure, Maybe, Ref, TupleV
from adgen.ir.nodes import Block, Const, Operand, Var, free_vars
from adgen.ir.rewrite import substitute
from adgen.ir.types import Array, Opaque, dims_of, is_complex, is_floating

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


@dataclass(frozen=True, slots=True, eq=False)
class Hook:
    """What happens to a gradient: `block` computes another one from `g` and from what else it reads."""

    g: Var
    reads: tuple[Var, ...]
    block: Block
    proven: bool  # the new one has the shape of the old one


def map_gradient(e: Engine, fn: Any, h: Any, hint: Mapping[str, Any], what: str = "map_gradient()") -> Any:
    from adgen.infer.api.marks import change_leaves
    from adgen.infer.expressions.operations import named

    if not isinstance(h, (Var, Const, Ref, TupleV, Maybe)):
        raise UnsupportedError(what=f"{what} of something that holds no numbers", origin=e.origin)
    if isinstance(h, (Var, Const)) and not is_floating(h.type):
        raise TypeMismatchError(
            what=f"{what} of {h.type}, which has no derivative", instead="a floating-point value", origin=e.origin
        )
    h = named(e, h, dict(hint))

    def change(v: Operand, path: tuple[Any, ...]) -> Operand:
        del path
        if not isinstance(v, Var) or not is_floating(v.type):
            return v
        hook, reads = _make(e, fn, v, what)
        own = {"name": v.name, "fixed": v.fixed} if v.name else dict(hint)
        return e.b.emit(e.row("hook"), (v, Const(hook, Opaque()), *reads), type=v.type, **own)

    return change_leaves(e, h, change, hint.get("name"))


def _make(e: Engine, fn: Any, v: Var, what: str) -> tuple[Hook, list[Var]]:
    """Run the function on a gradient like `v`, beside the program."""
    from adgen.infer.calls import calls

    params = fn.function.params if isinstance(fn, Closure) else ()
    g = Var(v.type, params[0].name if params and e.printable else "g", True)
    state, written, changes = e.state, dict(e.written), e.changes
    e.state, e.changes = state.copy(), []
    e.b.open()
    result = calls.call(e, fn, [e.wrap(g, g.name)], {}, {})
    if e.state.dead:
        raise UnsupportedError(
            what=f"{what} whose code always raises", instead="raise under a condition", origin=e.origin
        )
    out = e.value(result)
    block = e.b.close((out,))
    for obj, c in state.heap.items():
        if e.state.heap.get(obj) is not c:
            raise UnsupportedError(
                what=f"{what} whose code writes '{obj.name or 'an array'}'",
                why="it runs in the backward pass, after everything that reads the value here",
                instead="print it, or hand a copy to a function that keeps it",
                origin=e.origin,
            )
    e.state, e.written, e.changes = state, written, changes
    _check(e, out, v, what)
    reads = [a for a in free_vars(block) if a is not g]
    own = [Var(a.type, a.name, a.fixed) for a in reads]
    moved = substitute(block, dict(zip(reads, own)))
    return Hook(g, tuple(own), moved, dims_of(out.type) == dims_of(v.type)), reads


def _check(e: Engine, out: Operand, v: Var, what: str) -> None:
    t = out.type
    dims, own = dims_of(t), dims_of(v.type)
    clash = len(dims) != len(own) or any(
        isinstance(m, int) and isinstance(n, int) and m != n for m, n in zip(dims, own)
    )
    if isinstance(out, Const) and isinstance(out.value, (int, float)) and not isinstance(out.value, bool):
        return
    if not is_floating(t) or (is_complex(t) and not is_complex(v.type)) or (clash and isinstance(v.type, Array)):
        raise TypeMismatchError(
            what=f"{what}: the gradient of {v.type} became {'None' if out.type.__class__.__name__ == 'NoneT' else t}",
            why="the new gradient has the type and shape of the old one",
            instead="return it from the function, or assign it to the name",
            origin=e.origin,
        )


def gradient_of(e: Engine, args: Sequence[Any], kwargs: Mapping[str, Any], hint: Mapping[str, Any]) -> Any:
    """What the frontend makes of `with adgen.gradient_of(h) as g:`."""
    if len(args) == 2 and not kwargs and isinstance(args[1], Closure):
        return map_gradient(e, args[1], args[0], hint, "gradient_of()")
    raise UnsupportedError(
        what="gradient_of() in another form than `with adgen.gradient_of(h) as g:`",
        why="h is a variable, nothing else stands in the `with`, and its block has no return, break, continue or yield",
        instead="give the value a name, or use adgen.map_gradient(fn, h)",
        origin=e.origin,
    )
