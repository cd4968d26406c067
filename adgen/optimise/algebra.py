"""Algebra on derived code, applied as it is built: what a person would have simplified in passing.

Only rewrites that keep the rounding to an ulp or two: signs move out of products, constants to the front,
`t - t * e` becomes `t * (1 - e)`. Nothing here touches the user's own statements.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from adgen.ir.nodes import Const, Func, Let, Operand, Var, walk
from adgen.ir.rewrite import substitute
from adgen.ir.types import Array, Bool, Complex, Float, Int, List, Scalar, dims_of, is_complex, is_floating, is_scalar

if TYPE_CHECKING:
    from adgen.ir.build import Builder

Args = tuple[Operand, ...]


def simplify(b: Builder, name: str, args: Args) -> Operand | None:
    """Return a simpler operand for `name(*args)`, or None."""
    rule = RULES.get(name)
    if rule is None:
        return None
    if name in ARITHMETIC and isinstance(args[0].type, Array) and isinstance(args[1].type, Array):
        x, y = args
        bare_x, bare_y = _without_front(b, x, y), _without_front(b, y, x)
        if bare_x is not x or bare_y is not y:
            return b.call(name, bare_x, bare_y)
    return rule(b, *args)


def _without_front(b: Builder, x: Operand, y: Operand) -> Operand:
    """Return x without the new axes in front that broadcasting with y adds anyway."""
    made = made_by(b, x, "np.expand_dims")
    if made is None or not isinstance(made[1], Const) or len(dims_of(y.type)) < len(dims_of(x.type)):
        return x
    return made[0] if is_front(made[1].value, len(dims_of(x.type))) else x


def is_front(axis: int | tuple[int, ...], ndim: int) -> bool:
    """Say whether these axes are the first ones."""
    axes = _axes(axis, ndim)
    return axes == list(range(len(axes)))


def made_by(b: Builder, v: Operand, name: str) -> Args | None:
    s = b.defs.get(v) if type(v) is Var else None
    return s.args if s is not None and s.op.name == name and not s.kws else None


def weak(v: Operand) -> float | None:
    """Return the value of a Python number known at compile time."""
    if type(v) is Const and isinstance(v.type, (Float, Int)) and not isinstance(v.type, Bool):
        return float(v.value)
    return None


def is_python(v: Operand) -> bool:
    """Say whether a value is a number of Python, whose division by zero raises; NumPy's gives infinity."""
    return isinstance(v.type, (Float, Int, Bool, Complex))


def _keeps(v: Operand) -> bool:
    """Say whether multiplying by a weak number leaves the value's type."""
    return is_floating(v.type)


def _mul(b: Builder, x: Operand, y: Operand) -> Operand | None:
    c, d = weak(x), weak(y)
    if c is None and d is None:
        for p, q in ((x, y), (y, x)):
            if (level := saturated(b, p, q)) is not None:
                return level
    if d is not None and c is None:
        return b.call("mul", y, x)
    if c is None and is_scalar(y.type) and isinstance(x.type, Array):
        return b.call("mul", y, x)
    if c == 1.0 and (_keeps(y) or (isinstance(x.type, Int) and isinstance(y.type, Int))):
        return y
    if c == -1.0 and _keeps(y):
        return b.call("neg", y)
    for p, q in ((x, y), (y, x)):
        inner = made_by(b, p, "neg")
        if inner is not None:
            return b.call("neg", b.call("mul", inner[0], q) if p is x else b.call("mul", q, inner[0]))
    if c is not None:
        inner = made_by(b, y, "mul")
        if inner is not None and (e := weak(inner[0])) is not None:
            return b.call("mul", b.const(_product(x, inner[0])), inner[1])
        inner = made_by(b, y, "truediv")
        if inner is not None and (e := weak(inner[0])) is not None:
            return b.call("truediv", b.const(c * e), inner[1])
        return None
    inner = made_by(b, y, "mul")
    if inner is not None and weak(inner[0]) is not None and weak(x) is None:
        # g * (c * z) is c * g * z: constants to the front, where they meet others
        first = made_by(b, x, "truediv")
        if first is not None and weak(first[0]) is not None:
            c0 = b.const(_product(first[0], inner[0]))
            if isinstance(inner[1].type, Array) and is_scalar(first[1].type):  # one operation on the array, not two
                return b.call("mul", b.call("truediv", c0, first[1]), inner[1])
            return b.call("truediv", b.call("mul", c0, inner[1]), first[1])
        if is_scalar(x.type) and not is_scalar(inner[1].type):
            return b.call("mul", b.call("mul", inner[0], x), inner[1])
        return b.call("mul", inner[0], b.call("mul", x, inner[1]))
    first = made_by(b, x, "truediv")
    if first is None and not is_python(y):
        first = made_by(b, x, "np.divide")
    if first is not None and weak(first[0]) is not None and is_scalar(first[1].type):
        # (c / q) * z is (c * z) / q
        if isinstance(y.type, Array) and is_scalar(x.type) and weak(first[0]) != 1.0:
            return None
        return b.call("truediv", b.call("mul", first[0], y), first[1])
    inner = made_by(b, y, "truediv")
    if inner is not None and (e := weak(inner[0])) is not None and _is_derived(b, y):
        return b.call("truediv", b.call("mul", inner[0], x) if e != 1.0 else x, inner[1])
    return None


def _is_derived(b: Builder, v: Operand) -> bool:
    """Say whether a value is of derived code: what the program has itself is there to be read."""
    s = b.defs.get(v) if isinstance(v, Var) else None
    return s is not None and s.adjoint


def saturated(b: Builder, x: Operand, y: Operand) -> Operand | None:
    """Write a derivative whose factors overflow together by a factor that levels off.

    For `out = n / (c + e)` where e is an exponential, `out / (c + e) * e` is `out * (1 - c / (c + e))`, which is
    `out * (1 - out)` for the logistic function; `z / cosh(u) * sinh(u)` is `z * tanh(u)`, and `z / e * e` is z. Any
    other `z / (c + e) * e` (the slope of `np.log1p(np.exp(x))`) is z where e overflows.
    """
    found = _quotient(b, x)
    if found is None:
        return None
    left, n, q = found
    made = b.defs[q]
    assert isinstance(made, Let)
    level: Operand | None = None
    if made.op.name in ("np.cosh", "math.cosh"):
        library, u = made.op.name[:-4], made.args[0]
        rest = _cancelled(b, y, lambda s: s.op.name == f"{library}sinh" and s.args[0] is u)
        level = b.call(f"{library}tanh", u) if rest is not None else None
    elif made.op.name in EXPONENTIALS:
        rest = _cancelled(b, y, lambda s: s.out is q)
        level = b.const(1.0)
    else:
        c, e = made.args if weak(made.args[0]) is not None else made.args[::-1]
        rest = _cancelled(b, y, lambda s: s.out is e and s.op.name in EXPONENTIALS)
        out = made_by(b, n, "truediv")
        if rest is not None and out is not None and out[1] is q:
            part = n if weak(out[0]) == weak(c) else b.call("truediv", b.const(weak(c)), q)
            level = b.call("sub", b.const(1.0), part)
        elif rest is not None and (bounded := finite(b, e)) is not None:
            level = b.call("truediv", bounded, b.call("add", c, bounded))
    if rest is None or level is None:
        return None
    value = b.call("mul", n, level) if left is None else b.call("mul", b.call("mul", left, n), level)
    return value if isinstance(rest, Const) else b.call("mul", rest, value)


def finite(b: Builder, v: Operand, signed: bool = False) -> Operand | None:
    """Return a value with the largest number of its dtype for infinity, None where it has no dtype that is known."""
    if not isinstance(v.type, (Array, Scalar)) or is_complex(v.type) or (isinstance(v.type, Array) and v.type.loose):
        return None
    if isinstance(v.type, Scalar) and _is_mixed(b):
        return None
    if signed and (inner := made_by(b, v, "neg")) is not None and (bounded := finite(b, inner[0], True)) is not None:
        return b.call("neg", bounded)
    top = float(np.finfo(v.type.dtype).max)
    if signed:
        return b.call("np.clip", v, b.const(-top), b.const(top))
    return b.call("np.minimum", v, b.const(top))


def _is_mixed(b: Builder) -> bool:
    """Say whether there are narrow arrays: `min(a[0], 2.0)` may be of their dtype, whatever its type says."""
    if not b.narrow:  # only what was defined since the last question is looked at
        since, b.looked_at = b.looked_at, len(b.defs)
        new = islice(b.defs.values(), since, None)
        b.narrow = any(getattr(a.type, "dtype", None) in ("float32", "float16") for s in new for a in s.args)
    return b.narrow


def _quotient(b: Builder, x: Operand) -> tuple[Operand | None, Operand, Var] | None:
    """Return p, n and q for `p * (n / q)` or `n / q` with a q that overflows: an exponential, or `c + e` for c > 0."""
    left: Operand | None = None
    if (inner := made_by(b, x, "mul")) is not None:
        left, x = inner if made_by(b, inner[1], "truediv") is not None else inner[::-1]
    quotient = made_by(b, x, "truediv")
    if quotient is None:
        return None
    n, q = quotient
    s = b.defs.get(q) if isinstance(q, Var) else None
    if not isinstance(q, Var) or not isinstance(s, Let) or s.kws:
        return None
    if s.op.name == "add" and any((weak(c) or 0.0) > 0.0 for c in s.args):
        return left, n, q
    return (left, n, q) if s.op.name in ("np.cosh", "math.cosh") or s.op.name in EXPONENTIALS else None


def _cancelled(b: Builder, y: Operand, is_it: Callable[[Let], bool]) -> Operand | None:
    """Return y without the factor that is meant, 1 if it is nothing else."""
    s = _unbounded(b, y)
    if s is None or s.kws:
        return None
    if is_it(s):
        return b.const(1.0)
    if s.op.name != "mul":
        return None
    for p, q in (s.args, s.args[::-1]):
        made = _unbounded(b, p)
        if made is not None and is_it(made):
            return q
    return None


def _unbounded(b: Builder, v: Operand) -> Let | None:
    """Return what makes a value, or what was made finite."""
    s = b.defs.get(v) if isinstance(v, Var) else None
    if isinstance(s, Let) and s.adjoint and s.op.name in ("np.minimum", "np.clip"):
        s = b.defs.get(s.args[0]) if isinstance(s.args[0], Var) else None
    return s if isinstance(s, Let) else None


def _product(a: Operand, c: Operand) -> float:
    if isinstance(a, Const) and isinstance(c, Const) and isinstance(a.type, Int) and isinstance(c.type, Int):
        return int(a.value * c.value)
    return (weak(a) or 0.0) * (weak(c) or 0.0)


def _truediv(b: Builder, x: Operand, y: Operand) -> Operand | None:
    inner = made_by(b, x, "neg")
    if inner is not None:
        return b.call("neg", b.call("truediv", inner[0], y))
    if weak(y) == 1.0 and _keeps(x):
        return x
    return None


def _neg(b: Builder, x: Operand) -> Operand | None:
    inner = made_by(b, x, "neg")
    if inner is not None:
        return inner[0]
    inner = made_by(b, x, "mul")
    if inner is not None and (c := weak(inner[0])) is not None:
        return b.call("mul", b.const(-c), inner[1])
    return None


def _add(b: Builder, x: Operand, y: Operand) -> Operand | None:
    inner = made_by(b, y, "neg")
    if inner is not None:
        return b.call("sub", x, inner[0])
    inner = made_by(b, x, "neg")
    if inner is not None:
        return b.call("sub", y, inner[0])
    for p, q in ((x, y), (y, x)):
        if weak(p) == 0.0 and (_keeps(q) or (isinstance(p.type, Int) and isinstance(q.type, Int))):
            return q
    if x is y and isinstance(x, Var) and _keeps(x) and not isinstance(x.type, List):
        return b.call("mul", b.const(2.0), x)
    negative = negative_factor(b, y)
    if negative is not None:
        return b.call("sub", x, negative)
    return None


def negative_factor(b: Builder, v: Operand) -> Operand | None:
    """Return -v where v is a negation or a product with a negative constant."""
    inner = made_by(b, v, "neg")
    if inner is not None:
        return inner[0]
    for name in ("mul", "truediv"):
        inner = made_by(b, v, name)
        if inner is None:
            continue
        c = weak(inner[0])
        if c is not None:
            return b.call(name, b.const(-c), inner[1]) if c < 0 else None
        first = negative_factor(b, inner[0])
        return b.call(name, first, inner[1]) if first is not None else None
    return None


def _sub(b: Builder, x: Operand, y: Operand) -> Operand | None:
    if weak(y) == 0.0 and (_keeps(x) or (isinstance(x.type, Int) and isinstance(y.type, Int))):
        return x
    inner = made_by(b, y, "neg")
    if inner is not None:
        return b.call("add", x, inner[0])
    inner = made_by(b, x, "neg")
    if inner is not None and inner[0] is y and _keeps(y):
        return b.call("mul", b.const(-2.0), y)
    inner = made_by(b, y, "mul")
    if inner is not None and x in inner and isinstance(x, Var) and _same_dims(x, y):
        other = inner[1] if inner[0] is x else inner[0]
        return b.call("mul", x, b.call("sub", b.const(1.0), other))
    negative = negative_factor(b, y)
    if negative is not None:
        return b.call("add", x, negative)
    return None


def _same_dims(x: Operand, y: Operand) -> bool:
    return dims_of(x.type) == dims_of(y.type) and isinstance(x.type, (Float, Scalar, Array))


def _squeeze(b: Builder, x: Operand, axis: Operand | None = None) -> Operand | None:
    """A sum that keeps the axes that are then dropped need not keep them."""
    inner = made_by(b, x, "neg") if _is_derived(b, x) else None
    if inner is not None and axis is not None:
        summed = _squeeze(b, inner[0], axis)
        return b.call("neg", summed) if summed is not None else None
    s = b.defs.get(x) if isinstance(x, Var) else None
    if s is None or s.op.name != "np.sum" or s.kws != ("axis", "keepdims") or not isinstance(axis, Const):
        return None
    summed, keepdims = s.args[1:]
    if not isinstance(summed, Const) or not isinstance(keepdims, Const) or keepdims.value is not True:
        return None
    n = len(dims_of(s.args[0].type))
    if _axes(summed.value, n) != _axes(axis.value, n):
        return None
    return b.call("np.sum", s.args[0], summed, kws=("axis",))


def _axes(axis: int | tuple[int, ...] | None, ndim: int) -> list[int]:
    return sorted(k % ndim for k in (axis if isinstance(axis, tuple) else (axis,))) if axis is not None else []


def _size(b: Builder, x: Operand) -> Operand | None:
    """The size of an elementwise result is that of its operand with the same lengths."""
    v = x
    while isinstance(v, Var):
        s = b.defs.get(v)
        if s is None or s.op.kind != "elementwise":
            break
        same = next(
            (a for a in s.args if isinstance(a, Var) and dims_of(a.type) == dims_of(v.type) and dims_of(a.type)), None
        )
        if same is None or v.fixed:
            break
        v = same
    return b.call("size", v) if v is not x else None


def _transpose(b: Builder, x: Operand, *axes: Operand) -> Operand | None:
    """A transpose of a transpose is what it was; that of a product with one turns the factors round."""
    if axes:
        return None
    inner = made_by(b, x, "np.transpose")
    if inner is not None and len(inner) == 1:
        return inner[0]
    factors = made_by(b, x, "matmul") if _is_derived(b, x) else None
    if factors is None or any(len(dims_of(v.type)) != 2 for v in factors):
        return None
    if all((made := made_by(b, v, "np.transpose")) is None or len(made) > 1 for v in factors):
        return None
    return b.call("matmul", b.call("np.transpose", factors[1]), b.call("np.transpose", factors[0]))


def _matmul(b: Builder, x: Operand, y: Operand) -> Operand | None:
    for p, q in ((x, y), (y, x)):
        inner = made_by(b, p, "neg") if _is_derived(b, p) else None
        if inner is not None:
            return b.call("neg", b.call("matmul", inner[0], q) if p is x else b.call("matmul", q, inner[0]))
    return None


EXPONENTIALS = frozenset(("np.exp", "math.exp"))
ARITHMETIC = frozenset(("mul", "truediv", "add", "sub"))
RULES: dict[str, Callable[..., Operand | None]] = {
    "mul": _mul,
    "truediv": _truediv,
    "neg": _neg,
    "add": _add,
    "sub": _sub,
    "size": _size,
    "np.squeeze": _squeeze,
    "np.transpose": _transpose,
    "matmul": _matmul,
}


def tidy(func: Func) -> Func:
    """Drop factors of 1 that became known only when a loop's carried value turned out not to change."""
    same: dict[Var, Operand] = {}
    for s in walk(func.body):
        if isinstance(s, Let) and s.adjoint and s.op.name == "mul":
            for one, other in (s.args, s.args[::-1]):
                if weak(one) == 1.0 and isinstance(other, Var) and other.type == s.out.type and not s.out.fixed:
                    same[s.out] = other
                    break
    return replace(func, body=substitute(func.body, same)) if same else func
