"""Add to a gradient within the branch that contributes to it.

`d_t = f(...) if c else 0.0` followed by `d_x[i] += d_t` becomes `if c: d_x[i] += f(...)`. Assumes derived code before
`own`. Additions at a place of an array are moved whose other operands are there before the branch, or else the branch
itself is, if that is all that it gives.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from adgen.ir.nodes import Block, Const, Func, If, Let, Loop, Operand, Stmt, Var, blocks, defs, free_vars, has_effects
from adgen.ir.rewrite import count_uses
from adgen.optimise.fuse import is_pure


def sink_additions(func: Func) -> Func:
    """Return the function with such additions in their branches."""
    if not _has_branch(func.body):
        return func
    body = _block(func.body, count_uses(func.body))
    return func if body is func.body else replace(func, body=body)


def _has_branch(block: Block) -> bool:
    regions = [s for s in block.stmts if type(s) is not Let]
    return any(type(s) is If or any(map(_has_branch, blocks(s))) for s in regions)


def _block(block: Block, uses: Counter[Operand]) -> Block:
    stmts = list(block.stmts)
    for s in block.stmts:
        if isinstance(s, If) and s.adjoint and not s.catch:
            _take(s, stmts, uses)
    stmts = [s if type(s) is Let else _inner(s, uses) for s in stmts]
    same = len(stmts) == len(block.stmts) and all(a is b for a, b in zip(stmts, block.stmts))
    return block if same else Block(tuple(stmts), block.results)


def _inner(s: Stmt, uses: Counter[Operand]) -> Stmt:
    if isinstance(s, If):
        then, orelse = _block(s.then, uses), _block(s.orelse, uses)
        return s if then is s.then and orelse is s.orelse else replace(s, then=then, orelse=orelse)
    if isinstance(s, Loop):
        body = _block(s.body, uses)
        return s if body is s.body else replace(s, body=body)
    return s


def _take(s: If, stmts: list[Stmt], uses: Counter[Operand]) -> None:
    """Join a branch with the additions behind it of what one side alone contributes."""
    at = stmts.index(s)
    later: set[Operand] = set()  # what is defined behind the branch
    written: set[Operand] = set()  # the arrays that are written there
    for t in stmts[at + 1 :]:
        if isinstance(t, Let) and t.op.name == "update":
            base, value = t.args[:2]
            adds = t.mode != "set" and bool(t.place) and uses[base] == uses[value] == 1 and value in s.outs
            joined = _move(s, t) if adds else None
            if joined is not None and later.isdisjoint(t.args):
                stmts[at] = s = joined
                stmts.remove(t)
                continue
            if joined is not None and len(s.outs) == 1 and is_pure(s) and written.isdisjoint(_reads(s)):
                stmts[stmts.index(t)] = joined
                del stmts[at]
                return
            written.add(base)
        elif has_effects(t):
            return
        later.update(defs(t))


def _reads(s: If) -> set[Operand]:
    return {s.cond, *free_vars(s.then), *free_vars(s.orelse)}


def _move(s: If, t: Let) -> If | None:
    """Return the branch with an addition in the one side that contributes, None if both do."""
    base, value = t.args[:2]
    k = next(k for k, v in enumerate(s.outs) if v is value)
    empty = [_is_zero(side.results[k]) for side in (s.then, s.orelse)]
    if empty[0] == empty[1] or not isinstance(base, Var):
        return None
    sides = []
    for side, is_empty in zip((s.then, s.orelse), empty):
        given = dict(zip(s.outs, side.results))
        before = given.pop(base, base)  # the branch may write the array itself
        term = given.pop(s.outs[k])
        if is_empty:
            sides.append(Block(side.stmts, (*given.values(), before)))
            continue
        out = Var(t.out.type, t.out.name, t.out.fixed)
        add = replace(t, out=out, args=(before, term, *t.args[2:]))
        sides.append(Block((*side.stmts, add), (*given.values(), out)))
    outs = (*[v for v in s.outs if v is not value and v is not base], t.out)
    return replace(s, then=sides[0], orelse=sides[1], outs=outs)


def _is_zero(a: Operand) -> bool:
    return isinstance(a, Const) and isinstance(a.value, (int, float)) and a.value == 0
