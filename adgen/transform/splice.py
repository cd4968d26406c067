"""Gradients in the midst of a program that is being typed: reverse mode over the statements emitted so far.

Assumes a builder with open regions. What was recorded of their statements is differentiated as one block; the
statements of the backward part follow in the innermost region, and a loop or branch whose values they need gives them
beside its own results. So the gradient is ordinary SSA from here on, which may be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from adgen.ir.absent import find_one_sided, find_undefined
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Operand, Stmt, Var, blocks, bound, defs, free_vars, operands
from adgen.optimise.algebra import negative_factor, simplify
from adgen.transform.activity import Varied
from adgen.transform.cotangents import Cot, Cotangents
from adgen.transform.derive import finish, ones
from adgen.transform.reverse import Reverse
from adgen.transform.rules import RuleRunner
from adgen.transform.saves import find_buffers
from adgen.transform.stable import find_stable

Target = tuple[Operand, Operand | None]
"""A value to differentiate, and the gradient that it starts with (None: ones)."""


class Spliced(Reverse):
    """Reverse mode that takes note of the gradients of values in the midst of its block."""

    def __init__(self, b: Builder, block: Block, sources: Collection[Var], cuts: Collection[Var]) -> None:
        self.sources = set(sources)
        self.cuts = set(cuts)
        self.taken: dict[Var, Cot] = {}
        super().__init__(b, Varied(block, sources, self.cuts), RuleRunner(b), find_one_sided(block))
        self.buffers = find_buffers(block)
        self.stable = find_stable(block)

    def run(self, block: Block, cots: Cotangents) -> None:
        for s in reversed(block.stmts):
            for v in defs(s):
                if v in self.sources or v in self.cuts:
                    self._take(v, cots)
            self.statement(s, cots)

    def _take(self, v: Var, cots: Cotangents) -> None:
        """Keep the gradient of a value where it is complete; one that is held constant hands nothing on."""
        c = cots.pop(v)
        self.taken[v] = c
        if c is not None and v not in self.cuts:
            cots.of[v] = c


def splice(
    b: Builder,
    recorded: Callable[[int, int, Stmt], bool],
    targets: Sequence[Target],
    sources: Sequence[Var],
    stops: Collection[Var],
    unconnected: str,
) -> tuple[list[Operand], tuple[object, ...]]:
    """Emit the gradients of the targets' sum; return them, and the rules that went in."""
    visible = [(region, k, s) for depth, region, k, s in b.visible() if recorded(depth, k, s)]
    block = Block(tuple(s for _, _, s in visible), tuple(y for y, _ in targets))
    own = Builder()
    own.algebra, own.negated = simplify, negative_factor
    own.adjoint = True
    own.open()
    own.share(block.stmts)
    reverse = Spliced(own, block, sources, stops)
    cots = Cotangents(own)
    cots.undefined = find_undefined(block)
    for y, seed in targets:
        if isinstance(y, Var) and y in reverse.varied:
            cots.add(y, seed if seed is not None else ones(own, y.type, y))
    reverse.run(block, cots)
    own.origin = b.origin
    found: list[Operand] = []
    for v in dict.fromkeys(sources):
        c = reverse.taken.get(v) if v in reverse.taken else cots.pop(v)
        found.append(finish(cots, c, v, unconnected))
    by_source = dict(zip(dict.fromkeys(sources), found))
    for region, k, s in visible:
        region[k] = reverse.saves.with_additions(s)
    for s in own.close(()).stmts:
        b.append(s)
    return [by_source[v] for v in sources], reverse.rules.used


def inputs_of(b: Builder, recorded: Callable[[int, int, Stmt], bool], targets: Sequence[Operand]) -> set[Var]:
    """Return what the targets are computed from by the recorded statements, and the targets themselves."""
    needed = {y for y in targets if isinstance(y, Var)}
    for depth, _, k, s in reversed(list(b.visible())):
        if recorded(depth, k, s) and any(v in needed for v in defs(s)):
            needed.update(a for a in operands(s) if isinstance(a, Var))
            inner = {*bound(s)}
            for block in blocks(s):
                needed.update(v for v in free_vars(block) if v not in inner)
    return needed


def depends(block: Block, sources: Collection[Var], cuts: Collection[Var], values: Collection[Operand]) -> bool:
    """Say whether one of the values depends on a source other than through what is cut."""
    varied = Varied(Block(block.stmts, ()), sources, cuts)
    return any(v in varied for v in values)


def visible_block(b: Builder, recorded: Callable[[int, int, Stmt], bool]) -> Block:
    return Block(tuple(s for depth, _, k, s in b.visible() if recorded(depth, k, s)), ())


__all__ = ["depends", "inputs_of", "splice", "visible_block"]
