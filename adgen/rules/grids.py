"""Rules of polynomials and of functions of sampled values: polyval, vander, gradient, bincount, append, rot90."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Scalar, is_complex
from adgen.rules.axes import from_front, of_lengths, part_for, shaped_like, to_front
from adgen.rules.core import is_static
from adgen.rules.declare import OtherForm, formula, linear, nondifferentiable, rule, sample, static
from adgen.rules.typing import Shape, array_dims, fresh_dim, known

V = np.array([0.5, -1.2, 2.0, 0.3])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 12).reshape(4, 3) ** 2


# --- polynomials ----------------------------------------------------------------------------------


def slope_coefficients(p: Any) -> Any:
    return p[:-1] * np.arange(np.size(p) - 1, 0, -1)


def polyval_p_vjp(g: Any, p: Any, x: Any) -> Any:
    return shaped_like(np.vander(np.ravel(x), np.size(p)).T @ np.ravel(g), p)


def polyval_shape(p: Operand, x: Operand) -> Shape:
    if len(array_dims(p.type)) != 1:
        raise OtherForm("np.polyval with rows of coefficients")
    return Shape(array_dims(x.type))


rule(
    np.polyval,
    "p x",
    vjp=(polyval_p_vjp, lambda g, p, x: g * np.polyval(slope_coefficients(p), x)),
    jvp=(lambda t, x: np.polyval(t, x), lambda t, p, x: t * np.polyval(slope_coefficients(p), x)),
    infer=polyval_shape,
    samples=(sample(V, M), sample(V, 0.7), sample(V[:1], V)),
)


@formula(np.polyval, sample(M, 0.7), sample(N, M[0]), sample(N, N[:, 1:2]))
def polynomials_at(p: Any, x: Any) -> Any:
    """Return the values of polynomials whose coefficients are rows: Horner's scheme, as NumPy has it."""
    rows = np.asarray(p)
    out = 0.0 * np.asarray(x) + rows[0]
    for k in range(1, rows.shape[0]):
        out = out * x + rows[k]
    return out


def powers(x: Any, n: Any, increasing: bool) -> Any:
    """Return the derivative of each column of the Vandermonde matrix but the constant one."""
    rest = max(n - 1, 0) if is_static(n) else n - 1
    if increasing:
        return np.vander(x, rest, increasing=True) * np.arange(1, n)
    return np.vander(x, rest) * np.arange(n - 1, 0, -1)


def vander_vjp(g: Any, x: Any, increasing: bool) -> Any:
    n = g.shape[1]
    return np.sum((g[:, 1:] if increasing else g[:, :-1]) * powers(x, n, increasing), axis=1)


def vander_jvp(t: Any, out: Any, x: Any, increasing: bool) -> Any:
    part = np.expand_dims(t, 1) * powers(x, out.shape[1], increasing)
    zero = np.zeros((np.size(x), 1), dtype=out.dtype)
    return np.concatenate((zero, part) if increasing else (part, zero), axis=1)


def vander_shape(x: Operand, N: Operand, increasing: Operand) -> Shape:
    n = array_dims(x.type)[0]
    if isinstance(N, Const):
        return Shape((n, n if N.value is None else int(N.value)))
    return Shape((n, fresh_dim()))


rule(
    np.vander,
    "x N=None increasing=False",
    args=("x",),
    static=("increasing",),
    vjp=vander_vjp,
    jvp=vander_jvp,
    infer=vander_shape,
    samples=(sample(V), sample(V, 3), sample(V, 5, increasing=True), sample(V, 1)),
)


# --- differences ----------------------------------------------------------------------------------


@static
def known_spacing(f_ndim: int, spacings: tuple[int, ...], axis: int | None, edge_order: int) -> int:
    """Return the axis; refuse what has no rule."""
    if edge_order != 1 or len(spacings) > 1 or any(spacings) or isinstance(axis, tuple):
        raise TypeError("np.gradient has a gradient rule for one axis, one constant spacing and edge_order=1 only")
    if axis is None and f_ndim != 1:
        raise TypeError("np.gradient of an array of several axes needs axis=")
    return 0 if axis is None else axis


def spread_differences(g: Any, f: Any) -> Any:
    """Return the transpose of differences at unit spacing, along the first axis."""
    d = np.zeros_like(f)
    inner = 0.5 * g[1:-1]
    d[2:] += inner
    d[:-2] -= inner
    d[1] += g[0]
    d[0] -= g[0]
    d[-1] += g[-1]
    d[-2] -= g[-1]
    return d


def ranks(values: tuple[Any, ...]) -> tuple[int, ...]:
    out: tuple[int, ...] = ()
    for v in values:
        out += (np.ndim(v),)
    return out


def gradient_f_vjp(g: Any, f: Any, varargs: Any, axis: int | None, edge_order: int) -> Any:
    along = known_spacing(f.ndim, ranks(varargs), axis, edge_order)
    scaled = part_for(g / varargs[0], f) if len(varargs) == 1 else g
    return from_front(spread_differences(to_front(scaled, along), to_front(f, along)), along)


def gradient_h_vjp(g: Any, out: Any, f: Any, varargs: Any, axis: int | None, edge_order: int) -> Any:
    known_spacing(f.ndim, ranks(varargs), axis, edge_order)
    return (-np.sum(g * out) / varargs[0],)


def gradient_f_jvp(t: Any, f: Any, varargs: Any, axis: int | None, edge_order: int) -> Any:
    along = known_spacing(f.ndim, ranks(varargs), axis, edge_order)
    d = np.gradient(t, axis=along)
    return d / varargs[0] if len(varargs) == 1 else d


def gradient_h_jvp(t: Any, out: Any, f: Any, varargs: Any, axis: int | None, edge_order: int) -> Any:
    known_spacing(f.ndim, ranks(varargs), axis, edge_order)
    return -t[0] * out / varargs[0]


def gradient_shape(f: Operand, varargs: tuple[Operand, ...], axis: Operand, edge_order: Operand) -> Any:
    dims = array_dims(f.type)
    one_axis = len(dims) == 1 if known(axis) is None else isinstance(known(axis), int)
    if not one_axis or len(varargs) > 1 or any(array_dims(h.type) for h in varargs) or known(edge_order) != 1:
        raise OtherForm("np.gradient: more than one axis or spacing")
    if varargs and is_complex(varargs[0].type) and not is_complex(f.type):
        raise TypeError("a complex spacing of real values has no gradient rule: np.gradient drops the imaginary part")
    return of_lengths(f, dims) if len(dims) == 1 or isinstance(known(axis), int) else None


rule(
    np.gradient,
    "f *varargs axis=None edge_order=1",
    args=("f", "varargs"),
    static=("axis", "edge_order"),
    vjp={"f": gradient_f_vjp, "varargs": gradient_h_vjp},
    jvp={"f": gradient_f_jvp, "varargs": gradient_h_jvp},
    infer=gradient_shape,
    samples=(sample(V), sample(V, 0.25), sample(N, axis=0), sample(N, 0.5, axis=-1), sample(V[:2])),
)


# --- counts and parts -----------------------------------------------------------------------------


def bincount_vjp(g: Any, x: Any) -> Any:
    return g[x]


linear(
    np.bincount,
    "x weights=None minlength=0",
    args=("weights",),
    vjp={"weights": bincount_vjp},
    jvp={"weights": lambda t, out, x: np.bincount(x, t, np.size(out))},
    infer=lambda x, weights, minlength: Shape((fresh_dim(),)),
    samples=(sample(np.array([0, 2, 2, 1]), V), sample(np.array([0, 3, 3, 1]), V, 6)),
)


def append_arr_vjp(g: Any, arr: Any, axis: int | None) -> Any:
    if axis is None:
        return shaped_like(np.reshape(g[: np.size(arr)], np.shape(arr)), arr)
    return shaped_like(from_front(to_front(g, axis)[: arr.shape[axis]], axis), arr)


def append_values_vjp(g: Any, arr: Any, values: Any, axis: int | None) -> Any:
    if axis is None:
        return shaped_like(np.reshape(g[np.size(arr) :], np.shape(values)), values)
    return shaped_like(from_front(to_front(g, axis)[arr.shape[axis] :], axis), values)


linear(
    np.append,
    "arr values axis=None",
    args=("arr", "values"),
    static=("axis",),
    vjp={"arr": append_arr_vjp, "values": append_values_vjp},
    infer=lambda arr, values, axis: None,
    samples=(sample(V, V[:2]), sample(V, 1.5), sample(M, N, axis=0), sample(M, M[:, :1], axis=1), sample(M, V)),
)


def rotated(m: Operand, k: Operand, axes: Operand) -> Any:
    dims = list(array_dims(m.type))
    a, b = known(axes, "axes")
    if known(k, "k") % 2:
        dims[a], dims[b] = dims[b], dims[a]
    return of_lengths(m, tuple(dims))


linear(
    np.rot90,
    "m k=1 axes=(0,1)",
    static=("k", "axes"),
    memory="maybe",
    vjp=lambda g, k, axes: np.rot90(g, -k, axes),
    infer=rotated,
    samples=(sample(M), sample(M, 2), sample(M, -1, (1, 0))),
)

nondifferentiable(
    np.digitize,
    params="x bins right=False",
    static=("right",),
    infer=lambda x, bins, right: Shape(array_dims(x.type)) if not isinstance(x.type, Scalar) else None,
    samples=(sample(V, np.sort(V)),),
)
