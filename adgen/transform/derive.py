"""The derivative functions of a typed program: gradient, value with gradient, and forward part with pullback."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from adgen.api.paths import split_path
from adgen.errors import UsageError
from adgen.infer.program import Program
from adgen.ir.absent import find_one_sided, find_undefined
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Const, Func, Operand, Stmt, Var, defs, free_vars
from adgen.ir.types import Array, List, NoneT, Record, Tuple, Type, is_floating
from adgen.optimise.algebra import negative_factor, simplify, tidy
from adgen.optimise.dce import eliminate_dead
from adgen.optimise.gather import gather_appends
from adgen.transform.activity import Varied
from adgen.transform.cotangents import Cot, Cotangents, make_record
from adgen.transform.reverse import Reverse
from adgen.transform.rules import RuleRunner
from adgen.transform.saves import find_buffers, settle_absent
from adgen.transform.stable import find_stable


@dataclass(slots=True)
class Gradient:
    """Forward and backward statements of one function, before they become functions."""

    forward: Block  # the primal with its saves; its result is the value
    backward: tuple[Stmt, ...]
    gradients: list[Operand]
    rules: tuple[Any, ...]


def differentiate(func: Func, sources: Sequence[Var], seed: Operand | None, unconnected: str) -> Gradient:
    """Run reverse mode over a function; without a seed, differentiate the sum of all elements of the result."""
    func = gather_appends(eliminate_dead(func))
    b = Builder()
    b.algebra, b.negated = simplify, negative_factor
    b.adjoint = True
    b.open()
    b.share(func.body.stmts)
    varied = Varied(func.body, sources)
    rules = RuleRunner(b)
    reverse = Reverse(b, varied, rules, find_one_sided(func.body))
    reverse.buffers = find_buffers(func.body)
    reverse.stable = find_stable(func.body)
    cots = Cotangents(b)
    cots.undefined = find_undefined(func.body)
    result = func.body.results[0]
    if result in varied:
        cots.add(result, seed if seed is not None else _ones(b, result.type, result))
    reverse.block(func.body, cots)
    b.origin = None
    gradients = []
    for v in sources:
        c = cots.pop(v)
        gradients.append(b.const(None) if c is None and unconnected == "none" else finish(cots, c, v, unconnected))
    backward = b.close(gradients)
    forward = reverse.saves.assemble(func.body)
    return Gradient(forward, backward.stmts, gradients, rules.used)


def finish(cots: Cotangents, c: Cot, v: Var, unconnected: str) -> Operand:
    """Return the gradient of a source in the source's structure."""
    if c is None and unconnected == "none":
        return cots.b.const(None)
    t = v.type
    if not isinstance(t, (Tuple, Record)):
        return cots.finish(c, v) if is_floating(t) else cots.b.const(None)
    parts = c if isinstance(c, dict) else {}
    keys = range(len(t.items)) if isinstance(t, Tuple) else t.keys
    items: list[Operand] = []
    for k, it in zip(keys, t.items):
        leaf = cots.b.call("item", v, cots.b.const(k))
        usable = isinstance(leaf, Var) and is_floating(it)
        items.append(
            finish(cots, parts.get(k), leaf, unconnected) if usable and isinstance(leaf, Var) else cots.b.const(None)
        )
    return cots.b.call("make_tuple", *items) if isinstance(t, Tuple) else make_record(cots.b, t, items)


def _ones(b: Builder, t: Type, value: Operand) -> Cot:
    """Return the seed of the sum of all floating-point elements."""
    if isinstance(t, (Tuple, Record)):
        keys = range(len(t.items)) if isinstance(t, Tuple) else t.keys
        return {k: _ones(b, i, b.call("item", value, b.const(k))) for k, i in zip(keys, t.items) if is_floating(i)}
    if isinstance(t, List):
        return b.call("ones_list", value)
    return b.const(1.0)


def make_gradient(
    p: Program, wrt: Sequence[str], with_value: bool, scalar: bool, unconnected: str, name: str
) -> tuple[Func, tuple[Any, ...]]:
    """Return one function that computes the gradient, with the value before it if asked."""
    paths = [split_path(n) for n in wrt]
    roots = list(dict.fromkeys(root for root, _ in paths))
    g = differentiate(p.func, [p.params[n] for n in roots], None, unconnected)
    b = Builder()
    b.open()
    for s in (*g.forward.stmts, *g.backward):
        b.append(s)
    whole = dict(zip(roots, g.gradients))
    parts = [_part(b, whole[root], steps, n) for (root, steps), n in zip(paths, wrt)]
    grads = parts[0] if scalar else b.call("make_tuple", *parts)
    if scalar and isinstance(grads, Var) and not isinstance(grads.type, Array):
        grads.fixed = False  # `return d_x + d_y`
    out = b.call("make_tuple", g.forward.results[0], grads) if with_value else grads
    func = Func(name, p.func.params, b.close((out,)))
    return settle_absent(eliminate_dead(tidy(eliminate_dead(func)))), g.rules


def _part(b: Builder, gradient: Operand, steps: Sequence[Any], path: str) -> Operand:
    """Return the gradient of a part of a parameter; what it does not need is dead code."""
    for step in steps:
        t = gradient.type
        keys = range(len(t.items)) if isinstance(t, Tuple) else t.keys if isinstance(t, Record) else ()
        if isinstance(t, NoneT):
            return gradient
        if step not in keys:
            raise UsageError(what=f"wrt={path!r}: there is no {step!r} in it", instead=f"one of {list(keys)}")
        gradient = b.call("item", gradient, b.const(step))
    return gradient


def make_pullback(p: Program, wrt: Sequence[str], unconnected: str, name: str) -> tuple[Func, Func, tuple[Any, ...]]:
    """Return the forward part, which gives (value, residuals), and the pullback of (residuals, seed)."""
    sources = [p.params[n] for n in wrt]
    result = eliminate_dead(p.func).body.results[0]
    seed = Var(result.type, "d_out" if not isinstance(result, Var) or not result.name else f"d_{result.name}", True)
    g = differentiate(p.func, sources, seed, unconnected)
    b = Builder()
    b.open()
    for s in g.backward:
        b.append(s)
    backward = b.close((_tuple(b, g.gradients),))
    probe = eliminate_dead(Func(f"{name}_bwd", (*p.func.params, seed), backward))
    available = {v for s in g.forward.stmts for v in defs(s)} | set(p.func.params)
    residuals = [v for v in free_vars(probe.body) if v in available]
    b = Builder()
    b.open()
    for s in g.forward.stmts:
        b.append(s)
    packed = b.call("make_tuple", *residuals)
    value = g.forward.results[0]
    if value in residuals and isinstance(value.type, Array):
        value = b.call("copy", value)  # the caller may write it
    out = b.call("make_tuple", value, packed)
    forward = Func(f"{name}_fwd", p.func.params, b.close((out,)))
    saved = Var(Tuple(tuple(v.type for v in residuals)), "saved", True)
    b = Builder()
    b.open()
    mapping: dict[Var, Operand] = {}
    for k, v in enumerate(residuals):
        fresh = b.emit(b.row("item"), (saved, b.const(k)), name=v.name, fixed=v.fixed, type=v.type)
        mapping[v] = fresh
    from adgen.ir.rewrite import substitute

    moved = substitute(probe.body, mapping)
    for s in moved.stmts:
        b.append(s)
    pullback = Func(f"{name}_bwd", (saved, seed), b.close(moved.results))
    return settle_absent(eliminate_dead(forward)), settle_absent(eliminate_dead(pullback)), g.rules


def _tuple(b: Builder, items: Sequence[Operand]) -> Operand:
    return b.call("make_tuple", *items)


__all__ = ["Const", "NoneT", "differentiate", "make_gradient", "make_pullback", "replace"]
