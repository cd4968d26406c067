"""Let the constants of one derived product meet: `2.0 * (0.5 * a * b)` is `a * b`.

Assumes derived code that is complete. One of the two is a power of two: their product is exact, and rounding is that of
the other factors.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace

from adgen.ir.nodes import Block, Const, Func, If, Let, Loop, Operand, Stmt, Var
from adgen.ir.rewrite import count_uses
from adgen.ir.types import Float, is_floating
from adgen.optimise.algebra import weak
from adgen.rules.registry import REGISTRY

DEPTH = 6


def meet_constants(func: Func) -> Func:
    """Multiply constants of derived products that are read once with those of the products that they are in."""
    return replace(func, body=_meet(func.body, count_uses(func.body)))


def scaled(s: Let) -> Var | None:
    """Return what a derived statement multiplies with a constant, or negates."""
    if not s.adjoint or s.op.name not in ("mul", "neg"):
        return None
    v = s.args[-1]
    return v if isinstance(v, Var) and (s.op.name == "neg" or weak(s.args[0]) is not None) else None


def _meet(block: Block, uses: Counter[Operand]) -> Block:
    stmts: list[Stmt | None] = []
    at: dict[Operand, int] = {}  # derived products that are read once
    for s in block.stmts:
        if isinstance(s, If):
            stmts.append(replace(s, then=_meet(s.then, uses), orelse=_meet(s.orelse, uses)))
            continue
        if isinstance(s, Loop):
            stmts.append(replace(s, body=_meet(s.body, uses)))
            continue
        v = scaled(s)
        if v in at and _push(stmts, at, s, v):
            k = at.pop(v)
            top = stmts[k]
            assert isinstance(top, Let)
            stmts[k], s = None, replace(top, out=s.out)
        if s.adjoint and s.op.name in ("mul", "truediv") and uses[s.out] == 1 and not s.out.fixed:
            at[s.out] = len(stmts)
        stmts.append(s)
    return Block(tuple(s for s in stmts if s is not None), block.results)


def _push(stmts: list[Stmt | None], at: dict[Operand, int], s: Let, v: Operand) -> bool:
    """Multiply the constant of a product into one further inside; say whether there is one."""
    c = weak(s.args[0]) if s.op.name == "mul" else -1.0
    assert c is not None
    path = _find(stmts, at, v, c, DEPTH)
    top = stmts[at[v]]
    if path is None or not isinstance(top, Let) or top.out.type != s.out.type:
        return False
    k = path[-1]
    inner = stmts[k]
    assert isinstance(inner, Let)
    factor, rest = c * (weak(inner.args[0]) or 0.0), inner.args[1]
    if inner.op.name == "mul" and factor == 1.0 and rest.type == inner.out.type:
        if len(path) == 1:
            return False
        outer = stmts[path[-2]]
        assert isinstance(outer, Let)
        stmts[path[-2]] = replace(outer, args=tuple(rest if a is inner.out else a for a in outer.args))
        stmts[k] = None
    elif inner.op.name == "mul" and factor == -1.0 and rest.type == inner.out.type:
        stmts[k] = replace(inner, op=REGISTRY.named("neg"), args=(rest,))
    else:
        stmts[k] = replace(inner, args=(Const(factor, Float()), rest))
    return True


def _find(stmts: list[Stmt | None], at: dict[Operand, int], v: Operand, c: float, depth: int) -> list[int] | None:
    """Return the places of the products on the way to a constant that another one may be multiplied with."""
    k = at.get(v)
    inner = stmts[k] if k is not None else None
    if k is None or not isinstance(inner, Let) or not depth:
        return None
    e = weak(inner.args[0])
    if e is not None:
        fits = is_floating(inner.args[1].type) and (_is_power(c) or _is_power(e)) and math.isfinite(c * e)
        return [k] if fits and c * e else None
    for a in inner.args if inner.op.name == "mul" else inner.args[:1]:
        path = _find(stmts, at, a, c, depth - 1)
        if path is not None:
            return [k, *path]
    return None


def _is_power(c: float) -> bool:
    """Say whether a number is a power of two, but for its sign."""
    return abs(math.frexp(c)[0]) == 0.5
