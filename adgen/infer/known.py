"""Numbers that an option must know: computed from constants, and from numbers and lengths of the call's arguments.

Those of the call become part of the signature, as a number does that is an option itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.infer.values import Map, Ref, Seq, TupleV
from adgen.ir.evaluate import STRUCTURE, locate
from adgen.ir.nodes import Const, Let, Operand, Var
from adgen.ir.types import Array, Bool, Dim, Int, Scalar, dims_of

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

_DEEP = 30
_LENGTHS = ("dim", "length", "size")


def number(e: Engine, v: Var) -> Any:
    """Return the value of a number, None if it is not known. Raises `NeedsValue` for what the signature must hold."""
    if not isinstance(v.type, (Int, Bool, Scalar)) or (isinstance(v.type, Scalar) and v.type.dtype.startswith("c")):
        return None
    needs: dict[str, None] = {}
    if not _is_known(e, v, needs, _DEEP):
        return None
    if needs:
        from adgen.api.request import NeedsValue

        raise NeedsValue(tuple(needs))
    try:
        value = _compute(e, v)
    except (ArithmeticError, LookupError, TypeError, ValueError):  # it is raised where the program runs
        return None
    return value.item() if isinstance(value, (np.generic, np.ndarray)) and np.ndim(value) == 0 else value


def _is_known(e: Engine, v: Operand, needs: dict[str, None], deep: int) -> bool:
    """Say whether a value is made of constants and of what `needs` then names."""
    if isinstance(v, Const):
        return True
    path = e.param_of.get(v) or e.number_of.get(v)
    if path is not None:
        needs[path] = None
        return True
    s = _made(e, v)
    if s is None or not deep:
        return False
    if s.op.name in _LENGTHS and isinstance(s.args[0].type, Array):
        return all(_has_length(e, n, needs) for n in _lengths(s))
    return all(_is_known(e, a, needs, deep - 1) for a in s.args)


def _has_length(e: Engine, n: int | Dim, needs: dict[str, None]) -> bool:
    if isinstance(n, int):
        return True
    path = e.length_of.get(n.symbol)
    if path is not None:
        needs[path] = None
    return path is not None


def _lengths(s: Let) -> tuple[int | Dim, ...]:
    """Return the lengths that a question about an array is answered from."""
    dims = dims_of(s.args[0].type)
    if s.op.name == "size":
        return dims
    axis = s.args[1].value if s.op.name == "dim" and isinstance(s.args[1], Const) else 0
    return (dims[axis],)


def _made(e: Engine, v: Operand) -> Let | None:
    """Return what computes a value from others and from nothing else."""
    s = e.b.defs.get(v) if isinstance(v, Var) else None
    if not isinstance(s, Let) or s.op.effect != "pure" or s.op.user or s.op.name in ("update", "call", "run"):
        return None
    return None if any(isinstance(a, Var) and a in e.b.unsteady for a in s.args) else s


def _compute(e: Engine, v: Operand) -> Any:
    if isinstance(v, Const):
        return v.value
    s = _made(e, v)
    assert s is not None
    if s.op.name in _LENGTHS and isinstance(s.args[0].type, Array):
        return int(np.prod([n for n in _lengths(s) if isinstance(n, int)], dtype=int))
    args = [_compute(e, a) for a in s.args]
    if s.op.name == "getitem":
        return locate(args[0], s.place, args)
    count = len(args) - len(s.kws)
    return STRUCTURE.get(s.op.name, s.op.fn)(*args[:count], **dict(zip(s.kws, args[count:], strict=True)))


def note(e: Engine, v: Any, path: str) -> None:
    """Remember by which path the call's arguments hold a number of NumPy, or the lengths of an array."""
    if isinstance(v, Var) and isinstance(v.type, Scalar) and v.type.dtype.startswith(("int", "uint", "bool")):
        e.number_of[v] = path
    elif isinstance(v, Var) and isinstance(v.type, Array):
        for k, n in enumerate(v.type.dims):
            if isinstance(n, Dim):
                e.length_of.setdefault(n.symbol, f"{path}.shape[{k}]")


def is_length(e: Engine, v: Any, path: tuple[Any, ...]) -> bool:
    """Say whether a path leads to the length of an array, and not to a part of a structure."""
    for k in path:
        c = e.state.heap[v.obj] if isinstance(v, Ref) else v
        if isinstance(c, Var):
            return isinstance(c.type, Array)
        if isinstance(c, Map):
            v = c.get(k)
        elif isinstance(c, (Seq, TupleV)) and isinstance(k, int):
            v = c.items[k]
        else:
            return False
    return False


__all__ = ["is_length", "note", "number"]
