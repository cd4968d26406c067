"""The rule of np.einsum.

The gradient for an operand is again an einsum: of g and the other operands, to the operand's own indices. An index
that occurs in that operand alone was summed over, so its gradient is constant along it; an index that occurs twice
in it took a diagonal, which a product with the identity matrix puts back.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import ascii_letters
from typing import Any

import numpy as np

from adgen.ir.nodes import Operand
from adgen.ir.types import Length
from adgen.rules.axes import numbers
from adgen.rules.declare import rule, sample, static
from adgen.rules.typing import Shape, array_dims, broadcast_length, known

V = np.array([0.5, -1.2, 2.0])
W = np.array([1.5, 0.7, -0.4])
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
N = np.linspace(-1.0, 1.5, 9).reshape(3, 3)
STACK = np.linspace(-1.0, 2.0, 24).reshape(2, 3, 4)


def explicit(subscripts: str, ranks: Sequence[int]) -> tuple[list[str], str]:
    """Return the indices of each operand and of the result, one letter per axis: no ellipsis, no implicit result."""
    text = subscripts.replace(" ", "")
    left, arrow, result = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != len(ranks):
        raise TypeError(f"np.einsum: {subscripts!r} is for {len(inputs)} operands, not {len(ranks)}")
    spare = [c for c in ascii_letters if c not in text]
    widths = [n - len(s.replace("...", "")) if "..." in s else 0 for s, n in zip(inputs, ranks)]
    dots = "".join(spare[: max(widths)])
    full = [s.replace("...", dots[len(dots) - w :]) for s, w in zip(inputs, widths)]
    for s, n in zip(full, ranks):
        if len(s) != n:
            raise TypeError(f"np.einsum: {subscripts!r} does not fit an operand of {n} axes")
    if arrow:
        return full, result.replace("...", dots)
    letters = "".join(inputs).replace(".", "")
    return full, dots + "".join(c for c in sorted(set(letters)) if letters.count(c) == 1)


@static
def gradient_plan(subscripts: str, ranks: tuple[int, ...], k: int) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Return how to get the gradient for operand k: subscripts, axes to add, axes that need an identity matrix."""
    inputs, result = explicit(subscripts, ranks)
    others = [s for j, s in enumerate(inputs) if j != k]
    spare = iter([c for c in ascii_letters if c not in "".join(inputs)])
    target, identities, twice = "", [], []
    for axis, c in enumerate(inputs[k]):
        if c in target:
            copy = next(spare)
            identities.append(c + copy)
            twice.append(axis)
            target += copy
        else:
            target += c
    factors = [result, *others, *identities]
    missing = tuple(axis for axis, c in enumerate(target) if c not in "".join(factors))
    kept = "".join(c for axis, c in enumerate(target) if axis not in missing)
    return f"{','.join(factors)}->{kept}", missing, tuple(twice)


def einsum_gradient(g: Any, subscripts: str, operands: Any, k: int) -> Any:
    ranks: tuple[int, ...] = ()
    for x in operands:
        ranks += (np.ndim(x),)
    plan = gradient_plan(subscripts, ranks, k)
    factors: tuple[Any, ...] = (g, *operands[:k], *operands[k + 1 :])
    for axis in plan[2]:
        factors += (np.eye(operands[k].shape[axis]),)
    d = np.einsum(plan[0], *factors)
    if len(plan[1]) == 0:
        return d
    return np.expand_dims(d, plan[1])


def einsum_vjp(g: Any, subscripts: str, operands: Any) -> Any:
    parts: tuple[Any, ...] = ()
    for k in numbers(len(operands)):
        parts += (einsum_gradient(g, subscripts, operands, k),)
    return parts


def einsum_jvp(t: Any, subscripts: str, operands: Any) -> Any:
    total = 0.0
    for k in numbers(len(operands)):
        total = total + np.einsum(subscripts, *operands[:k], t[k], *operands[k + 1 :])
    return total


def einsum_shape(subscripts: Operand, optimize: Operand, operands: tuple[Operand, ...]) -> Shape:
    shapes = [array_dims(x.type) for x in operands]
    inputs, result = explicit(known(subscripts, "subscripts"), [len(s) for s in shapes])
    lengths: dict[str, Length] = {}
    for s, dims in zip(inputs, shapes):
        for c, n in zip(s, dims):
            lengths[c] = broadcast_length(lengths[c], n) if c in lengths else n
    return Shape(tuple(lengths[c] for c in result))


rule(
    np.einsum,
    "subscripts *operands optimize=False",
    static=("subscripts", "optimize"),
    memory="maybe",  # of one operand
    vjp={"operands": einsum_vjp},
    jvp={"operands": einsum_jvp},
    infer=einsum_shape,
    samples=(
        sample("ij,jk->ik", M, N),
        sample("i,i", V, W),
        sample("i,j->ij", V, W),
        sample("ij->ji", M),
        sample("ij->i", M),
        sample("ij->", M),
        sample("ii", N),
        sample("ii->i", N),
        sample("iij->j", np.stack((N, N + 1.0, N - 2.0))),
        sample("ij,ij->j", M, M + 1.0),
        sample("ij,kj,k->i", M, N, V, optimize=True),
        sample("...j,jk->...k", STACK.transpose(0, 2, 1), N),
        sample("...i,...i->...", STACK, STACK[1] + 0.5),
        sample("ijk,ik->", STACK, STACK[:, 0]),
        sample("ij,ij", M[:, :1], M),
    ),
)
