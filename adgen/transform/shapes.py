"""Where the backward part only asks for the shape of a value, its shape is kept, or nothing, and not the value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from adgen.ir.nodes import Block, Const, Let, Operand, Stmt, Var, blocks, operands, walk
from adgen.ir.rewrite import map_lets
from adgen.ir.shapes import ask_shape, is_alike, place_of_shape
from adgen.ir.types import Array, Int, Tuple
from adgen.rules.registry import REGISTRY
from adgen.rules.typing import type_of_value


def shape_let(v: Var) -> Let:
    """Return the statement that takes the shape of an array."""
    assert isinstance(v.type, Array)
    out = Var(Tuple((Int(),) * v.type.ndim), "shape")
    out.length = v.type.dims
    return Let(out, REGISTRY.named("shape"), (v,))


def ask_for_shapes(
    body: Block, kept: Iterable[Var], others: Sequence[Var], shapes: dict[Var, Let], like: Callable[[Var], Var | None]
) -> Block:
    """Return a backward block that asks others, or for shapes, where it would ask only for the shape of what is kept.

    `others`: what is at hand anyway; `like` gives what has the shape of a value and costs nothing. What must be taken
    of the primal block is added to `shapes`.
    """
    asked = [v for v in kept if isinstance(v.type, Array) and v.type.dims and not v.type.loose]
    if not asked:
        return body
    read = _read(body, set(asked))
    asked = [v for v in asked if v not in read]
    if not asked:
        return body
    at_hand = [*others, *(v for v in kept if v not in asked)]
    instead: dict[Var, Operand] = {}
    for v in asked:
        alike = next((w for w in at_hand if is_alike(v, w)), None)
        instead[v] = alike or _known(v) or like(v) or shapes.setdefault(v, shape_let(v)).out
    return map_lets(body, lambda s: ask_shape(s, instead))


def _read(body: Block, asked: set[Var]) -> set[Var]:
    """Return which values a block reads for more than their shape; of those that are not asked for, all reads count."""
    read: set[Var] = set()

    def note(s: Stmt | None, given: Iterable[Operand]) -> None:
        place = place_of_shape(s) if isinstance(s, Let) else None
        read.update(a for k, a in enumerate(given) if isinstance(a, Var) and (k != place or a not in asked))

    note(None, body.results)
    for s in walk(body):
        note(s, operands(s))
        for b in blocks(s):
            note(None, b.results)
    return read


def _known(v: Var) -> Const | None:
    """Return the shape that is known at compile time."""
    assert isinstance(v.type, Array)
    dims = v.type.dims
    return Const(dims, type_of_value(dims)) if all(isinstance(n, int) for n in dims) else None
