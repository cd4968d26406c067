"""Idioms that are recognised for what they compute, before any derivative is taken.

`np.sqrt(np.sum(x * x))` is the norm of x: its gradient at 0 is 0, where that of the root alone is infinite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from adgen.ir.nodes import Const, Let, Operand, Var
from adgen.ir.types import Array, is_complex, is_floating
from adgen.rules.registry import Primitive

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Call = tuple[Primitive, tuple[Operand, ...], tuple[str, ...]]


def recognise(e: Engine, row: Primitive, args: tuple[Operand, ...]) -> Call | None:
    """Return the call that stands for another one, or None."""
    if row.name not in ("np.sqrt", "math.sqrt") or len(args) != 1:
        return None
    made = _made(e, args[0])
    if made is None:
        return None
    norm = e.row("np.linalg.norm")
    if made.op.name == "np.sum":
        x = _squared(e, made.args[0])
        axes = dict(zip(made.kws, made.args[1:]))
        axis = axes.get("axis")
        if (
            x is None
            or not set(axes) <= {"axis", "keepdims"}
            or (axis is not None and not (isinstance(axis, Const) and isinstance(axis.value, int)))
        ):
            return None
        if axis is None and "keepdims" in axes:
            return None
        return norm, (x, *axes.values()), tuple(axes)
    if made.op.name in ("matmul", "np.dot", "np.vdot", "np.inner") and made.args[0] is made.args[1]:
        x = made.args[0]
        return (norm, (x,), ()) if isinstance(x.type, Array) and x.type.ndim == 1 and _real(x) else None
    return None


def _squared(e: Engine, a: Operand) -> Operand | None:
    s = _made(e, a)
    if s is None or not s.args or not isinstance(s.args[0].type, Array) or not _real(s.args[0]):
        return None
    if s.op.name == "mul" and s.args[0] is s.args[1]:
        return s.args[0]
    if s.op.name in ("pow", "np.power") and isinstance(s.args[1], Const) and s.args[1].value == 2:
        return s.args[0]
    return s.args[0] if s.op.name == "np.square" else None


def _made(e: Engine, a: Operand) -> Let | None:
    return e.b.defs.get(a) if isinstance(a, Var) else None


def _real(a: Operand) -> bool:
    return is_floating(a.type) and not is_complex(a.type)
