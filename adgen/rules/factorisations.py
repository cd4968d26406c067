"""Rules of matrix factorisations: Cholesky, eigenvalues of symmetric matrices, singular values, QR; stacks of them too.

Formulas: M. Giles, "Collected matrix derivative results for forward and reverse mode algorithmic differentiation"
(2008), for eigh and svd; I. Murray, "Differentiation of the Cholesky decomposition" (2016); S. Walter, "Structured
higher-order algorithmic differentiation in the forward and reverse mode" (2012), for QR. For complex matrices they
hold with conjugate transposes and conjugate gradients, which `conjugate` makes at both ends.

`cholesky` and `eigh` read one triangle of their argument, so the gradient has that triangle only. Between eigenvalues
(singular values) that are equal as far as rounding tells, the vectors have no derivative: the gradient is NaN if it
needs one. Each complex vector is determined up to a phase: a gradient that depends on it is NaN, and there is no
forward rule.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Bool
from adgen.rules.axes import adjoint, conjugate, transposed
from adgen.rules.core import has_complex
from adgen.rules.declare import rule, sample, static
from adgen.rules.linalg import square_shape
from adgen.rules.typing import Shape, array_dims, fresh_dim, known

M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
S = A @ A.T
STACK = np.stack((A, A.T + 0.5 * A))
SPD = np.stack((S, S + np.eye(3)))
Z = A + 0.5j * A[::-1]
H = Z @ Z.conj().T


def half_lower(x: Any) -> Any:
    """Return the lower triangle with half the diagonal: Murray's Phi."""
    return 0.5 * (np.tril(x) + np.tril(x, -1))


def half_upper(x: Any) -> Any:
    return 0.5 * (np.triu(x) + np.triu(x, 1))


def of_triangle(s: Any, UPLO: str) -> Any:
    """Return the gradient for one triangle, from that for the symmetric (Hermitian) matrix."""
    if UPLO == "L":
        return half_lower(s + adjoint(s))
    return half_upper(s + adjoint(s))


def symmetric(t: Any, UPLO: str) -> Any:
    """Return the symmetric (Hermitian) matrix that a function makes of one triangle."""
    if UPLO == "L":
        return half_lower(t) + adjoint(half_lower(t))
    return half_upper(t) + adjoint(half_upper(t))


def on_diagonal(d: Any) -> Any:
    return np.eye(d.shape[-1]) * np.expand_dims(d, -2)


def diagonal_of(x: Any) -> Any:
    return np.diagonal(x, axis1=-2, axis2=-1)


# --- Cholesky -------------------------------------------------------------------------------------


def cholesky_vjp(g: Any, out: Any, upper: bool = False) -> Any:
    low = adjoint(out) if upper else out
    high = adjoint(low)
    p = half_lower(high @ conjugate(adjoint(g) if upper else g))
    s = np.linalg.solve(high, adjoint(np.linalg.solve(high, adjoint(p))))
    d = conjugate(half_lower(s + adjoint(s)))
    return adjoint(d) if upper else d


def cholesky_jvp(t: Any, out: Any, upper: bool = False) -> Any:
    low = adjoint(out) if upper else out
    s = symmetric(t, "U" if upper else "L")
    x = np.linalg.solve(low, adjoint(np.linalg.solve(low, s)))
    d = low @ half_lower(x)
    return adjoint(d) if upper else d


HAS_UPPER = np.lib.NumpyVersion(np.__version__) >= "2.0.0"
rule(
    np.linalg.cholesky,
    "a / * upper=False" if HAS_UPPER else "a",
    static=("upper",) if HAS_UPPER else (),
    vjp={"a": cholesky_vjp},
    jvp={"a": cholesky_jvp},
    infer=square_shape,
    samples=(sample(S), sample(SPD), sample(H), *((sample(S, upper=True), sample(H, upper=True)) if HAS_UPPER else ())),
)


# --- eigenvalues of symmetric matrices --------------------------------------------------------------


def blur(w: Any) -> Any:
    """Return how far rounding moves eigenvalues or singular values: those that lie closer count as equal."""
    size = np.max(np.abs(w), axis=-1, initial=0.0, keepdims=True)
    return 4.0 * w.shape[-1] * np.finfo(w.dtype).eps * np.expand_dims(size, -1)


def gaps(w: Any, blurred: Any) -> Any:
    """Return `1 / (w[j] - w[i])`, 0 on the diagonal; NaN between equal values, where there is no derivative."""
    difference = np.expand_dims(w, -2) - np.expand_dims(w, -1)
    equal = np.abs(difference) <= blurred
    inverse = 1.0 / np.where(equal, 1.0, difference)
    return np.where(np.eye(w.shape[-1]) == 1.0, 0.0, np.where(equal, np.nan, inverse))


def gaps_of_squares(s: Any) -> Any:
    """Return the gaps between the squares of singular values."""
    return gaps(s * s, blur(s) * (np.expand_dims(s, -2) + np.expand_dims(s, -1)))


def apart(gaps: Any, m: Any, d: Any) -> Any:
    """Return m over the gaps; 0 for vectors whose gradients in d are 0, between equal values too."""
    size = np.sum(np.abs(d), axis=-2)
    used = np.expand_dims(size, -2) + np.expand_dims(size, -1)
    return np.where(used == 0.0, 0.0, gaps * m)


def alarm(m: Any, d: Any) -> Any:
    """Return 0, NaN where the gradient d of vectors depends on their phase; m is `vectors^H d`."""
    size = np.sqrt(np.sum(np.real(d * np.conj(d)), axis=-2))
    free = np.abs(np.imag(diagonal_of(m))) <= 1e-5 * size
    return on_diagonal(np.where(free, 0.0, np.nan))


def no_phase(x: Any) -> None:
    """Refuse the tangents of complex vectors."""
    if has_complex(x):
        no_phase_rule()


@static
def no_phase_rule() -> None:
    raise TypeError("the vectors of a complex matrix have no forward rule: their phase is not determined")


def eigh_vjp(g: Any, out: Any, UPLO: str) -> Any:
    w, v = out
    d = conjugate(g[1])
    m = adjoint(v) @ d
    if has_complex(v):
        m = m + alarm(m, d)
    s = v @ (on_diagonal(g[0]) + apart(gaps(w, blur(w)), m, d)) @ adjoint(v)
    return conjugate(of_triangle(s, UPLO))


def eigh_jvp(t: Any, out: Any, UPLO: str) -> Any:
    w, v = out
    no_phase(v)
    inner = transposed(v) @ symmetric(t, UPLO) @ v
    return diagonal_of(inner), v @ (gaps(w, blur(w)) * inner)


def eigvalsh_vjp(g: Any, a: Any, UPLO: Any) -> Any:
    _, v = np.linalg.eigh(a, UPLO=UPLO)
    return conjugate(of_triangle((v * np.expand_dims(g, -2)) @ adjoint(v), UPLO))


def eigvalsh_jvp(t: Any, a: Any, UPLO: Any) -> Any:
    _, v = np.linalg.eigh(a, UPLO=UPLO)
    return np.real(diagonal_of(adjoint(v) @ symmetric(t, UPLO) @ v))


rule(
    np.linalg.eigh,
    "a UPLO='L'",
    static=("UPLO",),
    vjp=eigh_vjp,
    jvp=eigh_jvp,
    infer=lambda a, UPLO: (Shape(array_dims(a.type)[:-1]), square_shape(a)),
    samples=(sample(S), sample(S, UPLO="U"), sample(SPD)),
)
rule(
    np.linalg.eigvalsh,
    "a UPLO='L'",
    static=("UPLO",),
    vjp=eigvalsh_vjp,
    jvp=eigvalsh_jvp,
    infer=lambda a, UPLO: Shape(array_dims(a.type)[:-1]),
    samples=(sample(S), sample(S, UPLO="U"), sample(SPD), sample(H, second=False), sample(H, "U", second=False)),
)


# --- singular values --------------------------------------------------------------------------------


def no_surplus(unused: Any) -> None:
    """Stop where the gradient needs surplus vectors, which are any basis of what is left."""
    if np.any(unused != 0.0):
        raise NotImplementedError("surplus vectors have no gradient: take full_matrices=False, or mode='reduced'")


def over(x: Any, s: Any) -> Any:
    """Return x over singular values; 0 where x is 0."""
    return np.where(x == 0.0, 0.0, x / s)


def values_gradient(g: Any, a: Any, hermitian: bool) -> Any:
    """Return the gradient of singular values alone."""
    u, _, vh = np.linalg.svd(a, full_matrices=False, hermitian=hermitian)
    d = (u * np.expand_dims(g, -2)) @ vh
    return conjugate(half_lower(d + adjoint(d)) if hermitian else d)


def values_tangent(t: Any, a: Any, hermitian: bool) -> Any:
    u, _, vh = np.linalg.svd(a, full_matrices=False, hermitian=hermitian)
    return np.real(diagonal_of(adjoint(u) @ (symmetric(t, "L") if hermitian else t) @ adjoint(vh)))


def svd_vjp(g: Any, out: Any, a: Any, full_matrices: bool, compute_uv: bool, hermitian: bool) -> Any:
    if not compute_uv:
        return values_gradient(g, a, hermitian)
    u, s, vh = out
    gu, gs, gvh = g
    if full_matrices:
        k = s.shape[-1]
        no_surplus(gu[..., k:])
        no_surplus(gvh[..., k:, :])
        u, vh, gu, gvh = u[..., :k], vh[..., :k, :], gu[..., :k], gvh[..., :k, :]
    v = adjoint(vh)
    du, dv = conjugate(gu), transposed(gvh)
    row = np.expand_dims(s, -2)
    left = adjoint(u) @ du
    right = vh @ dv
    f = gaps_of_squares(s)
    core = apart(f, left - adjoint(left), du) * row
    core = core + np.expand_dims(s, -1) * apart(f, right - adjoint(right), dv)
    core = core + on_diagonal(gs)
    if has_complex(u):
        core = core + 1j * on_diagonal(over(np.imag(diagonal_of(left)), s))
        core = core + alarm(left + right, np.concatenate((du, dv), axis=-2))
    inside = u @ core @ vh
    if a.shape[-2] > a.shape[-1]:
        inside = inside + over(du - u @ left, row) @ vh
    if a.shape[-2] < a.shape[-1]:
        inside = inside + u @ adjoint(over(dv - v @ right, row))
    return conjugate(half_lower(inside + adjoint(inside)) if hermitian else inside)


def svd_jvp(t: Any, out: Any, a: Any, full_matrices: bool, compute_uv: bool, hermitian: bool) -> Any:
    if not compute_uv:
        return values_tangent(t, a, hermitian)
    whole_u, s, whole_vh = out
    no_phase(whole_u)
    k = s.shape[-1]
    u, vh = (whole_u[..., :k], whole_vh[..., :k, :]) if full_matrices else (whole_u, whole_vh)
    v = transposed(vh)
    d = symmetric(t, "L") if hermitian else t
    row = np.expand_dims(s, -2)
    column = np.expand_dims(s, -1)
    p = transposed(u) @ d @ v
    q = transposed(p)
    f = gaps_of_squares(s)
    dot_u = u @ (f * (p * row + column * q))
    dot_v = v @ (f * (column * p + q * row))
    if a.shape[-2] > a.shape[-1]:
        dot_u = dot_u + over(d @ v - u @ p, row)
    if a.shape[-2] < a.shape[-1]:
        dot_v = dot_v + over(transposed(d) @ u - v @ q, row)
    if full_matrices:
        dot_u = np.concatenate((dot_u, np.full_like(whole_u[..., k:], np.nan)), axis=-1)
        dot_v = np.concatenate((dot_v, transposed(np.full_like(whole_vh[..., k:, :], np.nan))), axis=-1)
    return dot_u, diagonal_of(p), transposed(dot_v)


def svd_shapes(a: Operand, full_matrices: Operand, compute_uv: Operand, hermitian: Operand) -> Any:
    m = array_dims(a.type)
    short = m[-1] if m[-1] == m[-2] else fresh_dim()
    if not known(compute_uv, "compute_uv"):
        return Shape((*m[:-2], short))
    if known(full_matrices, "full_matrices"):
        return Shape((*m[:-1], m[-2])), Shape((*m[:-2], short)), Shape((*m[:-2], m[-1], m[-1]))
    return Shape((*m[:-1], short)), Shape((*m[:-2], short)), Shape((*m[:-2], short, m[-1]))


rule(
    np.linalg.svd,
    "a full_matrices=True compute_uv=True hermitian=False",
    static=("full_matrices", "compute_uv", "hermitian"),
    vjp={"a": svd_vjp},
    jvp={"a": svd_jvp},
    infer=svd_shapes,
    samples=(
        sample(A, full_matrices=False),
        sample(M, full_matrices=False),
        sample(M.T, full_matrices=False),
        sample(A),
        sample(M, compute_uv=False),
        sample(STACK, full_matrices=False),
        sample(STACK),
        sample(S - 3.0 * np.eye(3), hermitian=True),
        sample(S, compute_uv=False, hermitian=True),
        sample(Z, compute_uv=False, second=False),
    ),
)
if hasattr(np.linalg, "svdvals"):  # NumPy 2
    rule(
        np.linalg.svdvals,
        "x /",
        vjp=lambda g, x: values_gradient(g, x, False),
        jvp=lambda t, x: values_tangent(t, x, False),
        infer=lambda x: svd_shapes(x, Const(False, Bool()), Const(False, Bool()), Const(False, Bool())),
        samples=(sample(M), sample(STACK), sample(Z, second=False)),
    )


# --- QR -------------------------------------------------------------------------------------------


def tall_vjp(gq: Any, gr: Any, q: Any, r: Any) -> Any:
    """Return the gradient for as many rows as columns, or more. The diagonal of r is real."""
    m = r @ adjoint(gr) - adjoint(gq) @ q
    sides = np.tril(m, -1)
    middle = gq + q @ (sides + adjoint(sides) + on_diagonal(np.real(diagonal_of(m))))
    return adjoint(np.linalg.solve(r, adjoint(middle)))


def tall_jvp(t: Any, q: Any, r: Any) -> Any:
    s = transposed(np.linalg.solve(transposed(r), transposed(t)))
    c = adjoint(q) @ s
    low = np.tril(c, -1)
    turn = low - adjoint(low)
    if has_complex(c):
        turn = turn + 1j * on_diagonal(np.imag(diagonal_of(c)))
    return q @ (turn - c) + s, (c - turn) @ r


@static
def qr_form(mode: str) -> str:
    if mode not in ("reduced", "complete", "r"):
        raise TypeError("np.linalg.qr has a gradient rule with mode='reduced', 'complete' or 'r' only")
    return mode


def qr_vjp(g: Any, out: Any, a: Any, mode: str) -> Any:
    if qr_form(mode) == "r":
        q, r = np.linalg.qr(a)
        gq, gr = np.zeros_like(q), conjugate(g)
    else:
        q, r = out
        gq, gr = conjugate(g[0]), conjugate(g[1])
    m, n = a.shape[-2], a.shape[-1]
    if m >= n:
        if mode == "complete":
            no_surplus(gq[..., n:])
            return conjugate(tall_vjp(gq[..., :n], gr[..., :n, :], q[..., :n], r[..., :n, :]))
        return conjugate(tall_vjp(gq, gr, q, r))
    rest = gr[..., m:]
    first = tall_vjp(gq + a[..., m:] @ adjoint(rest), gr[..., :m], q, r[..., :m])
    return conjugate(np.concatenate((first, q @ rest), axis=-1))


def qr_jvp(t: Any, out: Any, a: Any, mode: str) -> Any:
    if qr_form(mode) == "r":
        q, r = np.linalg.qr(a)
    else:
        q, r = out
    m, n = a.shape[-2], a.shape[-1]
    if m >= n:
        if mode == "complete":
            dot_q, dot_r = tall_jvp(t, q[..., :n], r[..., :n, :])
            dot_q = np.concatenate((dot_q, np.full_like(q[..., n:], np.nan)), axis=-1)
            dot_r = np.concatenate((dot_r, np.zeros_like(r[..., n:, :])), axis=-2)
        else:
            dot_q, dot_r = tall_jvp(t, q, r)
    else:
        dot_q, first = tall_jvp(t[..., :m], q, r[..., :m])
        rest = adjoint(dot_q) @ a[..., m:] + adjoint(q) @ t[..., m:]
        dot_r = np.concatenate((first, rest), axis=-1)
    if mode == "r":
        return dot_r
    return dot_q, dot_r


def qr_shapes(a: Operand, mode: Operand) -> Any:
    m = array_dims(a.type)
    short = m[-1] if m[-1] == m[-2] else fresh_dim()
    if known(mode, "mode") == "r":
        return Shape((*m[:-2], short, m[-1]))
    if known(mode, "mode") == "complete":
        return Shape((*m[:-1], m[-2])), Shape(m)
    if known(mode, "mode") != "reduced":
        return None
    return Shape((*m[:-1], short)), Shape((*m[:-2], short, m[-1]))


rule(
    np.linalg.qr,
    "a mode='reduced'",
    static=("mode",),
    vjp=qr_vjp,
    jvp=qr_jvp,
    infer=qr_shapes,
    samples=(
        sample(A),
        sample(M.T),
        sample(M),
        sample(STACK),
        sample(A, mode="complete"),
        sample(M, mode="complete"),
        sample(M.T, mode="r"),
        sample(M, mode="r"),
        sample(Z),
        sample(Z[:2]),
        sample(Z[:, :2]),
    ),
)
