"""Rules of the products and views that NumPy 2 has in `numpy.linalg` too."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Int
from adgen.rules.axes import conjugate, transposed
from adgen.rules.core import MATMULS, has_complex, matmul_left, matmul_right, matmul_type
from adgen.rules.declare import linear, multilinear, rule, sample
from adgen.rules.products import (
    outer_a_vjp,
    outer_b_vjp,
    tensordot_a_vjp,
    tensordot_b_vjp,
    tensordot_shape,
)
from adgen.rules.selection import diagonal_shape, diagonal_vjp
from adgen.rules.typing import Shape, array_dims, broadcast_dims, broadcast_of, known, normalize_axes

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.7, -0.4])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 12).reshape(3, 4)
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)
Z = V + 1j * W


def turned(x: Operand) -> Shape:
    dims = array_dims(x.type)
    return Shape((*dims[:-2], dims[-1], dims[-2]))


def vecdot_shape(x1: Operand, x2: Operand, axis: Operand) -> Shape:
    dims = broadcast_dims(array_dims(x1.type), array_dims(x2.type))
    k = normalize_axes(known(axis), len(dims))[0]
    return Shape((*dims[:k], *dims[k + 1 :]))


def vecdot_left(g: Any, x1: Any, x2: Any, axis: int) -> Any:
    """The product takes the conjugate of x1, and so does its gradient."""
    return conjugate(real_part_of(np.expand_dims(g, axis) * x2, x1))


def real_part_of(d: Any, x: Any) -> Any:
    """Return the part that a real x takes."""
    return d if has_complex(x) else np.real(d)


if hasattr(np.linalg, "vecdot"):  # NumPy 2
    multilinear(
        np.linalg.outer,
        "x1 x2 /",
        args=("x1", "x2"),
        vjp=(lambda g, x1, x2: outer_a_vjp(g, x1, x2), lambda g, x1, x2: outer_b_vjp(g, x1, x2)),
        infer=lambda x1, x2: Shape((*array_dims(x1.type), *array_dims(x2.type))),
        samples=(sample(V, N[0]), sample(Z, V)),
    )
    multilinear(
        np.linalg.matmul,
        "x1 x2 /",
        args=("x1", "x2"),
        vjp=(lambda g, x1, x2: matmul_left(g, x1, x2), lambda g, x1, x2: matmul_right(g, x1, x2)),
        infer=lambda x1, x2: matmul_type(x1, x2),
        samples=MATMULS,
    )
    multilinear(
        np.linalg.tensordot,
        "x1 x2 / * axes=2",
        args=("x1", "x2"),
        static=("axes",),
        vjp=(
            lambda g, x1, x2, axes: tensordot_a_vjp(g, x1, x2, axes),
            lambda g, x1, x2, axes: tensordot_b_vjp(g, x1, x2, axes),
        ),
        infer=lambda x1, x2, axes: tensordot_shape(x1, x2, axes),
        samples=(
            sample(M, N, axes=1),
            sample(STACK, STACK[1]),
            sample(STACK, STACK.transpose(2, 0, 1) + 1.0, axes=((0, 2), (1, 0))),
        ),
    )
    rule(
        np.linalg.vecdot,
        "x1 x2 / * axis=-1",
        args=("x1", "x2"),
        static=("axis",),
        vjp=(vecdot_left, lambda g, x1, axis: np.expand_dims(g, axis) * conjugate(x1)),
        jvp=(
            lambda t, x2, axis: np.sum(conjugate(t) * x2, axis=axis),
            lambda t, x1, axis: np.sum(conjugate(x1) * t, axis=axis),
        ),
        infer=vecdot_shape,
        samples=(
            sample(V, W),
            sample(M, W),
            sample(STACK, STACK[0] + 1.0, axis=-1),
            sample(STACK, STACK**2, axis=0),
            sample(Z, V + 2j * W),
            sample(V, Z),
            sample(Z, V),
        ),
    )
    multilinear(
        np.linalg.cross,
        "x1 x2 / * axis=-1",
        args=("x1", "x2"),
        static=("axis",),
        vjp=(
            lambda g, x2, axis: np.linalg.cross(x2, g, axis=axis),
            lambda g, x1, axis: np.linalg.cross(g, x1, axis=axis),
        ),
        infer=lambda x1, x2, axis: broadcast_of("x1", "x2")(x1=x1, x2=x2),
        samples=(sample(V, W), sample(M, V), sample(M.T, M.T[:, ::-1] + 1.0, axis=0), sample(Z, V)),
    )
    linear(
        np.linalg.diagonal,
        "x / * offset=0",
        static=("offset",),
        memory="view",
        vjp=lambda g, x, offset: diagonal_vjp(g, x, offset, -2, -1),
        infer=lambda x, offset: last_diagonal(x, offset),
        samples=(sample(M), sample(STACK), sample(STACK, offset=1), sample(STACK, offset=-1)),
    )
    for function in (np.linalg.matrix_transpose, np.matrix_transpose):
        linear(
            function,
            "x /",
            memory="view",
            name="np.linalg.matrix_transpose" if function is np.linalg.matrix_transpose else "np.matrix_transpose",
            vjp=lambda g: transposed(g),
            infer=turned,
            samples=(sample(M), sample(STACK)),
        )


def last_diagonal(x: Operand, offset: Operand) -> Shape:
    return diagonal_shape(x, offset, Const(-2, Int()), Const(-1, Int()))
