"""Tangents in the midst of a program that is being typed: forward mode over the statements emitted since a point.

Assumes a builder whose innermost region holds these statements at its end. They are emitted anew, each followed by
those of its tangent; all values stay what they were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from adgen.ir.absent import find_undefined
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Operand, Var
from adgen.ir.types import is_floating
from adgen.optimise.algebra import negative_factor, simplify
from adgen.transform.activity import Varied
from adgen.transform.directions import Directions
from adgen.transform.forward import Forward
from adgen.transform.rules import RuleRunner
from adgen.transform.sources import unperturb


def push(
    b: Builder,
    since: int,
    directions: Mapping[Var, Operand],
    targets: Sequence[Operand],
    held: Sequence[Var] = (),
    pins: Mapping[Var, Operand] = MappingProxyType({}),
) -> tuple[list[Operand], tuple[object, ...]]:
    """Emit the tangents of targets; return them, and the rules that went in.

    `since` is the place in the region; what is `held` is constant. `pins` are the directions of sources that are made
    in these statements.
    """
    block = Block(tuple(b.take(since)), tuple(targets))
    own = Builder()
    own.algebra, own.negated = simplify, negative_factor
    own.open()
    inner = Directions(block, pins)
    sources = [*directions, *(inner.added[v] for v in pins)]
    forward = Forward(own, Varied(inner.body, sources, set(held)), RuleRunner(own), inner)
    forward.cots.undefined = find_undefined(block)
    forward.of.update(directions)
    forward.of.update({inner.added[v]: t for v, t in pins.items()})
    forward.block(inner.body)
    own.origin = b.origin
    own.adjoint = True
    tangents = [forward.full(y) if is_floating(y.type) else own.const(None) for y in targets]
    for s in unperturb(own.close(()), inner.every).stmts:
        b.append(s)
    return tangents, forward.rules.used


__all__ = ["push"]
