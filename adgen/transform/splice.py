"""Gradients in the midst of a program that is being typed: reverse mode over the statements emitted so far.

Assumes a builder with open regions. What was recorded of their statements is differentiated as one block; the
statements of the backward part follow in the innermost region, and a loop or branch whose values they need gives them
beside its own results. So the gradient is ordinary SSA from here on, which may be differentiated again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from adgen.ir.absent import find_one_sided, find_undefined
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, If, Let, Loop, Operand, Stmt, Var, defs
from adgen.ir.rewrite import substitute
from adgen.ir.types import is_floating
from adgen.optimise.algebra import negative_factor, simplify
from adgen.transform.activity import Varied
from adgen.transform.cotangents import Cot, Cotangents
from adgen.transform.derive import finish, ones
from adgen.transform.held import Items, gather_items, perturb_items
from adgen.transform.joined import is_hidden, maker, spread
from adgen.transform.reverse import Reverse
from adgen.transform.rules import RuleRunner
from adgen.transform.saves import find_buffers
from adgen.transform.sources import unperturb
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
        self.calls_again = True
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
    lists: Mapping[Var, Items] = MappingProxyType({}),
) -> tuple[list[Operand], tuple[object, ...]]:
    """Emit the gradients of the targets' sum; return them, and the rules that went in.

    `lists` says of sources that are lists where their items come from.
    """
    visible = [(region, k, s) for depth, region, k, s in b.visible() if recorded(depth, k, s)]
    block = Block(tuple(s for _, _, s in visible), tuple(y for y, _ in targets))
    block, perturbed = perturb_items(block, lists.values())
    rows = perturbed.rows
    items = [i for parts in lists.values() for i in parts if isinstance(i, Var) and is_floating(i.type)]
    asked = list(dict.fromkeys((*(v for v in sources if v not in lists), *items, *rows.values())))
    block, added = _perturb_joined(block, asked, set(stops))
    own = Builder()
    own.algebra, own.negated = simplify, negative_factor
    own.adjoint = True
    own.open()
    own.share(block.stmts)
    reverse = Spliced(own, block, [added.get(v, v) for v in asked], stops)
    cots = Cotangents(own)
    cots.added = perturbed.added.union(added.values())
    cots.undefined = find_undefined(block)
    for y, seed in targets:
        if isinstance(y, Var) and y in reverse.varied:
            cots.add(y, seed if seed is not None else ones(own, y.type, y))
    reverse.run(block, cots)
    own.origin = b.origin
    found: dict[Var, Operand] = {}
    for v in asked:
        w = added.get(v, v)
        c = reverse.taken.get(w) if w in reverse.taken else cots.pop(w)
        found[v] = finish(cots, c, v, unconnected if v in sources else "none", block, reverse.cuts)
    found |= {out: found[row] for out, row in rows.items()}
    for v, parts in lists.items():
        found[v] = gather_items(own, v, parts, found, unconnected)
    for (region, k, _), s in zip(visible, block.stmts):
        (region[k],) = unperturb(Block((perturbed.undo(reverse.saves.with_additions(s)),), ()), cots.added).stmts
    for s in substitute(unperturb(own.close(()), cots.added), perturbed.pinned).stmts:
        b.append(s)
    return [found[v] for v in sources], reverse.rules.used


def _perturb_joined(block: Block, sources: Sequence[Var], cuts: set[Var]) -> tuple[Block, dict[Var, Var]]:
    """Let sources that branches give be the values inside, if these have other uses; return what is added to them."""
    added: dict[Var, Var] = {}
    for v in dict.fromkeys(sources):
        s = maker(block, v)
        if isinstance(s, If) and is_hidden(block, s, v, cuts, block.results):
            added[v] = Var(v.type, v.name, True)
            new = spread(s, v, added[v])
            block = Block(tuple(new if t is s else t for t in block.stmts), block.results)
    return block, added


def inputs_of(block: Block, targets: Sequence[Operand], cuts: Collection[Var]) -> set[Var]:
    """Return what the targets are computed from in a block, and the targets themselves."""
    needed = {y for y in targets if isinstance(y, Var)}
    _need(block, needed, cuts)
    return needed


def _need(block: Block, needed: set[Var], cuts: Collection[Var]) -> None:
    for s in reversed(block.stmts):
        if isinstance(s, Let):
            if s.out in needed and s.out not in cuts:
                needed.update(a for a in s.args if isinstance(a, Var))
        elif isinstance(s, If):
            for side in (s.then, s.orelse):
                needed.update(r for r, out in zip(side.results, s.outs) if out in needed and isinstance(r, Var))
                _need(side, needed, cuts)
        else:
            _need_loop(s, needed, cuts)


def _need_loop(s: Loop, needed: set[Var], cuts: Collection[Var]) -> None:
    ends = [*zip(s.outs, s.yields), *zip(s.collects, s.collected), *zip(s.params, s.yields)]
    while True:
        before = len(needed)
        needed.update(y for out, y in ends if out in needed and isinstance(y, Var))
        _need(s.body, needed, cuts)
        if len(needed) == before:
            break
    starts = [*zip(s.outs, s.inits), *zip(s.params, s.inits), *((c.var, c.seq) for c in s.consumes)]
    needed.update(a for v, a in starts if v in needed and isinstance(a, Var))


def visible_block(b: Builder, recorded: Callable[[int, int, Stmt], bool]) -> Block:
    return Block(tuple(s for depth, _, k, s in b.visible() if recorded(depth, k, s)), ())


__all__ = ["inputs_of", "splice", "visible_block"]
