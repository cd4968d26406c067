"""Rows of Python's operators."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Array, Bool, Float, Int, List, Record, Scalar, Tuple, Type, Undef, is_complex
from adgen.rules.declare import elementwise, fact, multilinear, nondifferentiable, sample, static, steps
from adgen.rules.lattice import join, type_of_list
from adgen.rules.typing import Shape, always, array_dims, broadcast, matmul_dims

V = np.array([0.5, -1.25, 2.0])
P = np.array([0.5, 1.25, 3.0])
M = np.array([[1.0, -0.5, 2.0], [0.25, 1.5, -1.0]])
TIMES = (sample(V, P), sample(M, V), sample(1.5, V), sample(2.5, -0.5), sample(V, np.array([[2.0], [0.5]])))


# --- facts that rules ask for -------------------------------------------------------------------


@fact(lambda y: isinstance(y, Const) and isinstance(y.type, (Bool, Int, Float)))
def is_static(y: Any) -> bool:
    """Say whether a real number is known when compiling."""
    return isinstance(y, (int, float)) and not isinstance(y, np.generic)


@fact(lambda *xs: any(is_complex(x.type) for x in xs))
def has_complex(*xs: Any) -> bool:
    return any(np.iscomplexobj(x) for x in xs)


@fact(lambda *xs: any(getattr(x.type, "dtype", "") in ("float16", "float32", "complex64") for x in xs))
def has_single(*xs: Any) -> bool:
    """Say whether an argument is of less than double precision."""
    return any(np.asarray(x).dtype in (np.float16, np.float32, np.complex64) for x in xs)


@fact(lambda *xs: not any(isinstance(x.type, Array) for x in xs))
def all_scalars(*xs: Any) -> bool:
    """Say whether no argument is an array."""
    return not any(isinstance(x, np.ndarray) for x in xs)


@fact(lambda *xs: not any(isinstance(x.type, (Array, Scalar)) for x in xs))
def all_weak(*xs: Any) -> bool:
    """Say whether all arguments are Python's numbers, whose division by zero raises."""
    return not any(isinstance(x, (np.ndarray, np.generic)) for x in xs)


def _is_square(a: Operand) -> bool:
    dims = a.type.dims if isinstance(a.type, Array) else ()
    return len(dims) == 2 and dims[0] == dims[1]


@fact(_is_square)
def is_square(a: Any) -> bool:
    """Say whether a matrix is known to have as many rows as columns; at run time it may have all the same."""
    return bool(np.ndim(a) == 2 and np.shape(a)[0] == np.shape(a)[1])


@static
def no_gradient(what: str) -> Any:
    """Refuse a call that a rule can't handle."""
    raise TypeError(f"{what} has no gradient rule")


# --- arithmetic ---------------------------------------------------------------------------------


def _add_type(x: Any, y: Any) -> Any:
    """Type `x + y`: sequences are joined, numbers broadcast."""
    a, b = x.type, y.type
    if isinstance(a, Tuple) and isinstance(b, Tuple):
        return Tuple(a.items + b.items)
    lists = [t for t in (a, b) if isinstance(t, List) or (isinstance(t, Record) and t.cls is list)]
    if len(lists) < 2:
        return broadcast(x=x, y=y)
    items = tuple(i for t in lists for i in (t.items if isinstance(t, Record) else (t.elem,)))
    if all(isinstance(t, Record) for t in lists):
        return Record(list, tuple(range(len(items))), items)
    joined: Type | None = List(Undef())
    for i in items:
        joined = join(joined, List(i)) if joined is not None else None
    if joined is not None:
        return joined
    raise TypeError(f"a list can't hold elements of both {a} and {b}")


def _mul_type(x: Any, y: Any) -> Any:
    """Type `x * y`: a sequence is repeated, numbers broadcast."""
    for seq, times in ((x, y), (y, x)):
        t, n = seq.type, times.value if isinstance(times, Const) else None
        if not isinstance(t, (Tuple, List)) and not (isinstance(t, Record) and t.cls is list):
            continue
        if not isinstance(times.type, Int):
            continue
        if isinstance(t, List):
            return t
        if isinstance(t, Tuple) and n is not None:
            return Tuple(t.items * n)
        if isinstance(t, Record):
            joined = type_of_list(t.items)
            if isinstance(joined, List):
                return joined
        raise TypeError(f"{t} is repeated a number of times that is not known when compiling")
    return broadcast(x=x, y=y)


def pow_base(out: Any, x: Any, y: Any) -> Any:
    if is_static(y):
        if y == 0:
            return 0.0
        if y == 1:
            return 1.0
        if y == 2:
            return 2.0 * x
        if y > 1:
            return y * x ** (y - 1)
        if y < 0:
            return y * out / x
    if has_complex(x, y):
        return y * x ** (y - 1)
    if all_scalars(x, y):
        if y >= 1:
            return y * x ** (y - 1)
        if x != 0:
            return y * (out / x)
        return 0.0 if y == 0 else math.inf
    return y * x ** np.where(y == 0, 1.0, y - 1)


def pow_exponent(out: Any, x: Any, y: Any) -> Any:
    if has_complex(x):
        return out * np.log(x)
    if has_complex(y):
        return out * np.log(x + 0j)
    if is_static(x):
        return out * math.log(x) if x > 0 else 0.0
    if all_scalars(x, y):
        return out * np.log(x) if x > 0 else 0.0
    return out * np.log(np.where(x > 0, x, 1.0))


elementwise(
    operator.add,
    lambda out, x, y: 1.0,
    lambda out, x, y: 1.0,
    name="add",
    show="+",
    infer=_add_type,
    samples=TIMES,
)
elementwise(
    operator.sub,
    lambda out, x, y: 1.0,
    lambda out, x, y: -1.0,
    name="sub",
    show="-",
    infer=broadcast,
    samples=TIMES,
)
elementwise(
    operator.mul,
    lambda out, x, y: y,
    lambda out, x, y: x,
    name="mul",
    show="*",
    infer=_mul_type,
    samples=TIMES,
)
elementwise(
    operator.truediv,
    lambda out, x, y: 1.0 / y,
    lambda out, x, y: -out / y,
    name="truediv",
    show="/",
    infer=broadcast,
    samples=TIMES,
)
elementwise(
    operator.mod,
    lambda out, x, y: 1.0,
    lambda out, x, y: -(x // y),
    name="mod",
    show="%",
    infer=broadcast,
    samples=(sample(V, P * 0.7), sample(5.3, 2.1), sample(-5.3, 2.1), sample(V, 0.7)),
)
elementwise(
    operator.pow,
    pow_base,
    pow_exponent,
    name="pow",
    aliases=(pow,),
    show="**",
    infer=broadcast,
    samples=(
        sample(P, V),
        sample(V, 2, wrt=("x",)),
        sample(V, 3, wrt=("x",)),
        sample(P, -1.5),
        sample(2.0, V),
        sample(1.7, 2.3),
        sample(0.0, 2.0, wrt=("x",)),
        sample(0.0, 3.5),
        sample(1e-200, 2.0),
        sample(V, 0, wrt=("x",)),
        sample(0.0, 0, wrt=("x",)),
        sample(0.0, 1.0, wrt=("x",)),
        sample(2.5, -3, wrt=("x",)),
    ),
)
elementwise(operator.neg, lambda out, x: -1.0, name="neg", show="-_", samples=(sample(V), sample(1.5)))


def or_one(x: Any) -> Any:
    """Return a number, 1 in place of 0."""
    return x or 1.0


elementwise(or_one, lambda out, x: x != 0.0, name="or_one", show="_ or 1.0", samples=(sample(1.5), sample(-0.5)))
elementwise(operator.pos, lambda out, x: 1.0, name="pos", show="+_", samples=(sample(V), sample(1.5)))

steps(
    operator.floordiv,
    name="floordiv",
    show="//",
    params="x y",
    infer=broadcast,
    samples=(sample(V, 1.5), sample(0.7, -1.2)),
)
nondifferentiable(operator.lshift, name="lshift", show="<<", params="x y", infer=broadcast)
nondifferentiable(operator.rshift, name="rshift", show=">>", params="x y", infer=broadcast)
nondifferentiable(operator.and_, name="bitand", show="&", params="x y", infer=broadcast)
nondifferentiable(operator.or_, name="bitor", show="|", params="x y", infer=broadcast)
nondifferentiable(operator.xor, name="bitxor", show="^", params="x y", infer=broadcast)
nondifferentiable(operator.invert, name="invert", show="~_", infer=broadcast, aliases=(operator.inv,))
nondifferentiable(operator.not_, name="not_", show="not _", infer=always(Bool()))
nondifferentiable(operator.lt, name="lt", show="<", params="x y", infer=broadcast)
nondifferentiable(operator.le, name="le", show="<=", params="x y", infer=broadcast)
nondifferentiable(operator.gt, name="gt", show=">", params="x y", infer=broadcast)
nondifferentiable(operator.ge, name="ge", show=">=", params="x y", infer=broadcast)
nondifferentiable(operator.eq, name="eq", show="==", params="x y", infer=broadcast)
nondifferentiable(operator.ne, name="ne", show="!=", params="x y", infer=broadcast)
nondifferentiable(operator.is_, name="is_", show="is", params="x y", infer=always(Bool()))
nondifferentiable(operator.is_not, name="is_not", show="is not", params="x y", infer=always(Bool()))


def _contained(x: Any, y: Any) -> bool:
    return x in y


def _not_contained(x: Any, y: Any) -> bool:
    return x not in y


nondifferentiable(_contained, name="in_", show="in", params="x y", infer=always(Bool()))
nondifferentiable(_not_contained, name="not_in", show="not in", params="x y", infer=always(Bool()))


# --- matrix product -----------------------------------------------------------------------------


def matmul_left(g: Any, x: Any, y: Any) -> Any:
    if np.ndim(y) == 1:
        if np.ndim(x) == 1:
            return g * y
        return np.expand_dims(g, -1) * y
    if np.ndim(x) == 1:
        if np.ndim(y) == 2:
            return y @ g
        return np.squeeze(y @ np.expand_dims(g, -1), -1)
    if np.ndim(y) == 2:
        return g @ y.T
    return g @ np.swapaxes(y, -1, -2)


def matmul_right(g: Any, x: Any, y: Any) -> Any:
    if np.ndim(x) == 1:
        if np.ndim(y) == 1:
            return g * x
        return np.expand_dims(x, -1) * np.expand_dims(g, -2)
    if np.ndim(y) == 1:
        if np.ndim(x) == 2:
            return x.T @ g
        return np.squeeze(np.swapaxes(x, -1, -2) @ np.expand_dims(g, -1), -1)
    if np.ndim(x) == 2:
        return x.T @ g
    return np.swapaxes(x, -1, -2) @ g


def matmul_type(x: Any, y: Any) -> Shape:
    return Shape(matmul_dims(array_dims(x.type), array_dims(y.type)))


_B = np.arange(24.0).reshape(2, 3, 4) / 7.0 - 1.0
MATMULS = (
    sample(V, P),
    sample(M, V),
    sample(np.array([0.5, -2.0]), M),
    sample(M, M.T),
    sample(_B, np.linspace(-1.0, 1.0, 4)),
    sample(np.linspace(-1.0, 1.0, 3), _B),
    sample(_B, _B[0].T),
    sample(_B[0].T, _B),
    sample(_B[:, None], np.swapaxes(_B, -1, -2)[:1]),
)
multilinear(
    operator.matmul,
    "x y",
    args=("x", "y"),
    vjp=(matmul_left, matmul_right),
    name="matmul",
    show="@",
    infer=matmul_type,
    samples=MATMULS,
)
