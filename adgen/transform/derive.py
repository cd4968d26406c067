"""The derivative functions of a typed program: gradient, value with gradient, and forward part with pullback."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adgen.api.request import Step
from adgen.errors import UsageError
from adgen.infer.program import Program
from adgen.ir.absent import find_one_sided
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Const, Func, Operand, Stmt, Var, defs, free_vars
from adgen.ir.source import leaves
from adgen.ir.types import Array, Dict, List, NoneT, Record, Tuple, Type, dims_of, is_floating
from adgen.optimise.algebra import negative_factor, simplify, tidy
from adgen.optimise.dce import eliminate_dead
from adgen.optimise.dead_writes import drop_dead_writes
from adgen.optimise.fuse import fuse
from adgen.optimise.gather import gather_appends
from adgen.optimise.pieces import split_pieces
from adgen.optimise.shape_only import ask_sources
from adgen.optimise.sink import sink_additions
from adgen.transform.activity import Varied, jumps_with
from adgen.transform.cotangents import Cot, Cotangents, make_record
from adgen.transform.reverse import Reverse
from adgen.transform.rules import RuleRunner
from adgen.transform.saves import find_buffers, settle_absent
from adgen.transform.sources import gather, perturb, pins_at_top, unperturb
from adgen.transform.stable import find_stable
from adgen.transform.stops import hold, release, strip
from adgen.transform.summaries import undefined_in

Weights = dict[Any, Any] | Var | None
"""What weighs a result: a value for a number or an array, weights of the items for a structure; None for ones."""


@dataclass(slots=True)
class Gradient:
    """Forward and backward statements of one function, before they become functions."""

    forward: Block  # the primal with its saves; its result is the value
    backward: tuple[Stmt, ...]
    gradients: list[Operand]
    rules: tuple[Any, ...]


def differentiate(
    func: Func, sources: Sequence[Var], seed: Operand | None, unconnected: str, weights: Weights = None
) -> Gradient:
    """Run reverse mode over a function; without a seed, differentiate the weighted sum of all elements of the result.

    Sources are parameters, and pins inside the function.
    """
    pins = {v for v in sources if v not in func.params}
    kept = pins_at_top(func.body, pins) if unconnected == "zero" else []
    func = replace(func, body=Block(func.body.stmts, (*func.body.results, *kept)))
    func = gather_appends(eliminate_dead(func))
    body, added, virtual = perturb(func.body, pins)
    b = Builder()
    b.algebra, b.negated = simplify, negative_factor
    b.adjoint = True
    b.open()
    b.share(body.stmts)
    varied = Varied(body, [added.get(v, v) for v in sources])
    rules = RuleRunner(b)
    reverse = Reverse(b, varied, rules, find_one_sided(body))
    reverse.buffers = find_buffers(body)
    reverse.stable = find_stable(body)
    cots = Cotangents(b)
    cots.undefined = undefined_in(body)
    cots.added = virtual
    result = body.results[0]
    if result in varied:
        cots.add(result, seed if seed is not None else ones(b, result.type, result, weights))
    reverse.block(body, cots)
    b.origin = None
    gradients = []
    for v in sources:
        c = cots.pop(added.get(v, v))
        if c is None and unconnected == "zero" and v in pins and v not in kept:
            refuse_zeros(v)
        if c is None and v in pins and unconnected == "none":
            jumps = v in pins_at_top(body, pins) and jumps_with(body, added.get(v, v))
            gradients.append(finish(cots, c, v, "zero" if jumps else "none"))
        else:
            gradients.append(c if c is not None and v in pins else finish(cots, c, v, unconnected, body))
    backward = unperturb(b.close(gradients), virtual)
    forward = unperturb(reverse.saves.assemble(body), virtual)
    return Gradient(forward, backward.stmts, gradients, rules.used)


def refuse_zeros(v: Var) -> None:
    raise UsageError(
        what=f"unconnected_gradients='zero': '{v.name}', which does not reach the target, is made in a loop or branch",
        why="how many zeros of which shape are meant is not known where it may not be made",
        instead="unconnected_gradients='none'",
    )


def finish(
    cots: Cotangents, c: Cot, v: Var, unconnected: str, body: Block | None = None, cuts: Collection[Var] = ()
) -> Operand:
    """Return the gradient of a source in the source's structure; zeros where the body's result only jumps with it."""
    if c is None and unconnected == "none" and (body is None or not jumps_with(body, v, cuts)):
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
            finish(cots, parts.get(k), leaf, unconnected, body)
            if usable and isinstance(leaf, Var)
            else cots.b.const(None)
        )
    return cots.b.call("make_tuple", *items) if isinstance(t, Tuple) else make_record(cots.b, t, items)


def ones(b: Builder, t: Type, value: Operand, weights: Weights = None) -> Cot:
    """Return the seed of the sum of all floating-point elements, weighted."""
    if isinstance(t, (Tuple, Record)):
        keys = range(len(t.items)) if isinstance(t, Tuple) else t.keys
        by_item = weights if isinstance(weights, dict) else {}
        return {
            k: ones(b, i, b.call("item", value, b.const(k)), by_item.get(k))
            for k, i in zip(keys, t.items)
            if is_floating(i)
        }
    if isinstance(weights, Var):
        fits = dims_of(weights.type) == dims_of(t)
        return Cotangents(b).cast(weights if fits else b.call("as_seed", weights, value), t)
    if isinstance(t, (List, Dict)):
        return b.call("ones_list", value)
    return b.const(1.0)


def make_gradient(
    p: Program,
    wrt: Sequence[str],
    with_value: bool,
    scalar: bool,
    unconnected: str,
    name: str,
    weights: Weights = None,
) -> tuple[Func, tuple[Any, ...]]:
    """Return one function that computes the gradient, with the value before it if asked.

    It reads the weights of the result from outside.
    """
    sources = [p.source(n) for n in wrt]
    found = list(dict.fromkeys(v for source in sources for v in leaves(source)))
    g = differentiate(p.func, found, None, unconnected, weights)
    b = Builder()
    b.open()
    for s in (*g.forward.stmts, *g.backward):
        b.append(s)
    by_source = dict(zip(found, g.gradients))
    parts = [gather(b, source, by_source) for source in sources]
    grads = parts[0] if scalar else b.call("make_tuple", *parts)
    if scalar and isinstance(grads, Var) and not isinstance(grads.type, Array):
        grads.fixed = False  # `return d_x + d_y`
    out = b.call("make_tuple", g.forward.results[0], grads) if with_value else grads
    func = Func(name, p.func.params, b.close((out,)))
    tidied = split_pieces(tidy(drop_dead_writes(eliminate_dead(func))))
    tidied = ask_sources(eliminate_dead(tidied))
    return settle_absent(sink_additions(fuse(tidied))), g.rules


def make_inner(p: Program, step: Step, name: str, weights: Weights = None) -> tuple[Program, tuple[Any, ...]]:
    """Return a program that computes a derivative, to be differentiated again or to be called by another one."""
    held = replace(p, func=hold(p.func, step.stop_gradients))
    with_value = step.mode == "value_and_grad"
    func, rules = make_gradient(held, step.wrt, with_value, step.scalar_wrt, step.unconnected, name, weights)
    return replace(p, func=strip(release(func, step.stop_gradients), ("hook",))), rules


def make_pullback(p: Program, wrt: Sequence[str], unconnected: str, name: str) -> tuple[Func, Func, tuple[Any, ...]]:
    """Return the forward part, which gives (value, residuals), and the pullback of (residuals, seed)."""
    sources = [p.source(n) for n in wrt]
    found = list(dict.fromkeys(v for source in sources for v in leaves(source)))
    result = eliminate_dead(p.func).body.results[0]
    seed = Var(result.type, "d_out" if not isinstance(result, Var) or not result.name else f"d_{result.name}", True)
    g = differentiate(p.func, found, seed, unconnected)
    b = Builder()
    b.open()
    for s in g.backward:
        b.append(s)
    by_source = dict(zip(found, g.gradients))
    backward = b.close((_tuple(b, [gather(b, source, by_source) for source in sources]),))
    probe = drop_dead_writes(eliminate_dead(Func(f"{name}_bwd", (*p.func.params, seed), backward)))
    available = {v for s in g.forward.stmts for v in defs(s)} | set(p.func.params)
    residuals = [v for v in free_vars(probe.body) if v in available]
    b = Builder()
    b.open()
    for s in g.forward.stmts:
        b.append(s)
    packed = b.call("make_tuple", *residuals)
    out = b.call("make_tuple", g.forward.results[0], packed)
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
    return settle_absent(eliminate_dead(forward)), settle_absent(sink_additions(eliminate_dead(pullback))), g.rules


def _tuple(b: Builder, items: Sequence[Operand]) -> Operand:
    return b.call("make_tuple", *items)


__all__ = ["Const", "NoneT", "differentiate", "make_gradient", "make_pullback", "replace"]
