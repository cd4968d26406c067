"""Negate the smallest factor of a product: `-(a * b)` becomes `-a * b` where a has fewer axes.

Assumes derived code that is complete: before that signs move out of products, where sums take them up (`d_x -= a * b`).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from adgen.ir.nodes import Block, Const, Func, If, Let, Loop, Operand, Stmt, Var
from adgen.ir.rewrite import count_uses
from adgen.ir.types import Float, dims_of, is_floating
from adgen.optimise.algebra import weak
from adgen.optimise.constants import meet_constants, scaled


def sink_signs(func: Func) -> Func:
    """Move the signs of derived products inside, and let the constants in them meet."""
    found: list[Let] = []
    body = _sink(func.body, count_uses(func.body), found)
    func = func if body is func.body else replace(func, body=body)
    return meet_constants(func) if found else func


def _sink(block: Block, uses: Counter[Operand], found: list[Let]) -> Block:
    """`found` takes the constant multiples, and negations, of products that are read once."""
    products: dict[Operand, Let] = {}
    scaled_at: dict[Operand, int] = {}  # constant multiples and parts that are read once
    stmts: list[Stmt] = []
    gone: set[Stmt] = set()
    once: set[Var | None] = set()
    for s in block.stmts:
        if isinstance(s, If):
            stmts.append(replace(s, then=_sink(s.then, uses, found), orelse=_sink(s.orelse, uses, found)))
        elif isinstance(s, Loop):
            stmts.append(replace(s, body=_sink(s.body, uses, found)))
        elif s.adjoint and s.op.name == "neg" and s.args[0] in products:
            product = products[s.args[0]]
            k = _smaller(product)
            small = product.args[k]
            gone.add(product)
            at = scaled_at.get(small)
            if at is not None:
                stmts[at] = _negated(stmts[at])
                stmts.append(replace(product, out=s.out))
                continue
            negative = Var(small.type)
            stmts.append(replace(s, out=negative, args=(small,)))
            stmts.append(replace(product, out=s.out, args=(*product.args[:k], negative, *product.args[k + 1 :])))
        else:
            stmts.append(s)
            if scaled(s) in once:
                found.append(s)
            if s.adjoint and s.op.name in ("mul", "truediv"):
                if uses[s.out] == 1:
                    once.add(s.out)
                    if weak(s.args[0]) is not None and not s.out.fixed:
                        scaled_at[s.out] = len(stmts) - 1
                    if _smaller(s) >= 0:
                        products[s.out] = s
    return Block(tuple(s for s in stmts if s not in gone), block.results)


def _negated(s: Stmt) -> Let:
    """Return a product with a constant, or a quotient of one, with the other sign."""
    assert isinstance(s, Let)
    c = weak(s.args[0])
    assert c is not None
    return replace(s, args=(Const(-c, Float()), *s.args[1:]))


def _smaller(product: Let) -> int:
    """Return which factor (of a quotient: the dividend) has fewer axes than the result, those of length 1 apart."""
    factors = product.args if product.op.name == "mul" else product.args[:1]
    for k, a in enumerate(factors):
        if isinstance(a, Var) and is_floating(a.type) and _rank(a) < _rank(product.out):
            return k
    return -1


def _rank(v: Var) -> int:
    return sum(n != 1 for n in dims_of(v.type))
