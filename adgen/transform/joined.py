"""Sources that branches and loops give: the value is that of one path, and has uses there beside being handed on.

After `if k: z = 2 * x; y = z * z` the name z means what the branch handed on, while y was made of the value inside of
it. In the run they are one. `is_hidden` says whether a target depends on such a value other than through what is handed
on; `spread` adds one perturbation to all values inside of branches that a source may be.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from adgen.ir.nodes import Block, Const, If, Let, Loop, Operand, Stmt, Var, defs, ends_in_raise
from adgen.ir.rewrite import substitute
from adgen.ir.source import Label
from adgen.ir.types import Opaque
from adgen.rules.registry import REGISTRY
from adgen.transform.activity import Varied, runs_at_all


def depends(block: Block, sources: Collection[Var], cuts: Collection[Var], values: Collection[Operand]) -> bool:
    """Say whether one of the values depends on a source other than through what is cut."""
    varied = Varied(Block(block.stmts, ()), sources, cuts)
    return any(v in varied for v in values)


def maker(block: Block, v: Var) -> If | Loop | None:
    """Return the branch or loop of a block that gives a value."""
    return next((s for s in block.stmts if not isinstance(s, Let) and v in s.outs), None)


def inner_values(s: If | Loop, v: Var) -> list[Var]:
    """Return the values inside of a branch or loop that it hands on as another one."""
    k = s.outs.index(v)
    found = (s.then.results[k], s.orelse.results[k]) if isinstance(s, If) else (s.yields[k],)
    return [a for a in found if isinstance(a, Var)]


def is_hidden(block: Block, s: If | Loop, v: Var, cuts: set[Var], values: Sequence[Operand]) -> bool:
    """Say whether some of the values depend on what is handed on as v other than through v and what is cut."""
    inner = inner_values(s, v)
    if isinstance(s, If):
        return depends(block, inner, cuts | {v}, values)
    k = s.outs.index(v)
    if depends(block, inner, cuts | {v, s.params[k]}, values):
        return True
    first = s.inits[k]
    return isinstance(first, Var) and not runs_at_all(s) and depends(block, (first,), cuts.union(defs(s)), values)


def can_spread(block: Block, s: If | Loop, v: Var, cuts: set[Var], values: Sequence[Operand]) -> bool:
    """Say whether `spread` reaches all that is handed on as v: nothing is made before the branch, or by a loop."""
    if isinstance(s, Loop):
        return not is_hidden(block, s, v, cuts, values)
    for side, r in zip((s.then, s.orelse), _results(s, v)):
        if not isinstance(r, Var) or any(isinstance(t, Let) and t.out is r for t in side.stmts):
            continue
        inner = maker(side, r)
        if inner is None:
            if depends(block, (r,), cuts | {v}, values):
                return False
        elif isinstance(inner, Loop) or not can_spread(block, inner, r, cuts, (*values, *side.results)):
            return False
    return True


def spread(s: If, v: Var, perturbation: Var) -> If:
    """Add a perturbation to each value in a branch that is handed on as v."""
    k = s.outs.index(v)
    return replace(s, then=_perturb(s.then, k, perturbation), orelse=_perturb(s.orelse, k, perturbation))


def _results(s: If, v: Var) -> tuple[Operand, Operand]:
    k = s.outs.index(v)
    return s.then.results[k], s.orelse.results[k]


def _perturb(block: Block, k: int, p: Var) -> Block:
    r = block.results[k]
    if ends_in_raise(block):
        return block
    made = maker(block, r) if isinstance(r, Var) else None
    if isinstance(r, Var) and isinstance(made, If):
        return Block(tuple(spread(t, r, p) if t is made else t for t in block.stmts), block.results)
    pinned = Var(p.type, p.name, True)
    label = Const(Label(p.name or "", "joined"), Opaque())
    pin = Let(pinned, REGISTRY.named("pin"), (r, label, p))
    at = next((n for n, t in enumerate(block.stmts) if isinstance(t, Let) and t.out is r), None)
    if at is None or not isinstance(r, Var):
        return Block((*block.stmts, pin), (*block.results[:k], pinned, *block.results[k + 1 :]))
    rest = substitute(Block(block.stmts[at + 1 :], block.results), {r: pinned})
    stmts: tuple[Stmt, ...] = (*block.stmts[: at + 1], pin, *rest.stmts)
    return Block(stmts, rest.results)
