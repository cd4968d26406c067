"""Derivatives of functions that stay functions: each is a function as well, which calls itself for the inner call.

In reverse mode a call of `f` becomes a call of `f_fwd`, which gives the result and what it saved, and one of `f_bwd`,
which takes that and the cotangents of the results. In forward mode it becomes a call of `f_jvp`. All of them are
summaries, so they are differentiated again like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from adgen.ir.absent import find_one_sided
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Const, Func, Let, Operand, Var, defs, free_vars, walk
from adgen.ir.rewrite import substitute
from adgen.ir.summary import CALLS, Pair, Summary, calls_in, summary_of
from adgen.ir.types import Array, Bool, Layout, List, Opaque, Saved, Tuple, Type, is_floating
from adgen.optimise.algebra import negative_factor, simplify, tidy
from adgen.optimise.dce import eliminate_dead
from adgen.transform.activity import Varied, depends
from adgen.transform.cotangents import Cot, Cotangents
from adgen.transform.saves import find_buffers, settle_absent
from adgen.transform.stable import find_stable

if TYPE_CHECKING:
    from adgen.transform.rules import RuleRunner

Leaf = tuple[int, ...]  # which item of which item of a result


def leaves(t: Type, at: Leaf = ()) -> Iterator[tuple[Leaf, Type]]:
    """Yield the parts of a result that can have a cotangent."""
    if isinstance(t, Tuple):
        for k, i in enumerate(t.items):
            yield from leaves(i, (*at, k))
    elif is_floating(t):
        yield at, t


def part_of(b: Builder, whole: Operand, at: Leaf) -> Operand:
    for k in at:
        whole = b.call("item", whole, b.const(k))
    return whole


def cot_of(c: Cot, at: Leaf, cots: Cotangents) -> Cot:
    """Return the cotangent of a part of a result."""
    for k in at:
        if c is None:
            return None
        c = c.get(k) if isinstance(c, dict) else cots.b.call("item", cots.settle(c), cots.b.const(k))
    return c


def active_arguments(s: Let, varied: Varied) -> tuple[int, ...]:
    """Return which arguments of a call its result is differentiated in."""
    summary = summary_of(s)
    return tuple(
        k
        for k, a in enumerate(s.args[1:])
        if a in varied and is_floating(summary.func.params[k].type) and depends(summary, k)
    )


def sources_of(summary: Summary, wanted: Collection[int]) -> tuple[int, ...]:
    """Return the parameters that a call is differentiated in: those asked for, and what inner calls then ask for.

    So that inner calls and outer ones have the same derivative.
    """
    func, found = summary.func, set(wanted)
    while True:
        varied = Varied(func.body, [func.params[k] for k in found])
        more = {k for s in calls_in(func) if summary_of(s) is summary for k in active_arguments(s, varied)}
        if more <= found:
            return tuple(sorted(found))
        found |= more


def pair_of(summary: Summary, sources: tuple[int, ...], results: tuple[Leaf, ...]) -> Pair:
    """Return the halves of the reverse mode of a summary; what is being made already is there, but for its bodies."""
    key = (sources, results)
    if key not in summary.pairs:
        _make_pair(summary, sources, results)
    return summary.pairs[key]


def _make_pair(summary: Summary, sources: tuple[int, ...], results: tuple[Leaf, ...]) -> None:
    from adgen.transform.rules import RuleRunner

    func = eliminate_dead(summary.func)
    pair = _declare_pair(summary, sources, results)
    summary.pairs[sources, results] = pair
    b = Builder()
    b.algebra, b.negated = simplify, negative_factor
    b.adjoint = True
    rules = RuleRunner(b)
    forward, backward, given = _differentiate(func, pair, results, b, rules)
    probe = eliminate_dead(Func("", (*func.params, *given), backward))
    needed = free_vars(probe.body)
    residuals = [v for v in (*func.params, *(v for s in forward.stmts for v in defs(s))) if v in needed]
    pair.saved.layout.items = tuple(v.type for v in residuals)
    pair.fwd.func = _forward_half(pair, func, forward, residuals)
    pair.bwd.func = _backward_half(pair, probe.body, residuals, given)
    pair.fwd.rules = pair.bwd.rules = rules.used


def _declare_pair(summary: Summary, sources: tuple[int, ...], results: tuple[Leaf, ...]) -> Pair:
    """Say what the two halves take and give, and what they write in place."""
    name = summary.__name__
    fwd, bwd = Summary(f"{name}_fwd"), Summary(f"{name}_bwd")
    fwd.effects, fwd.values = summary.effects, 1
    fwd.consumes = {k: (0, *at) for k, at in summary.consumes.items()}
    carried = tuple(k for k in sources if _is_handed_on(summary, k))
    pair = Pair(fwd, bwd, Saved(Layout(name)), sources, carried)
    first = 1 + len(results)
    bwd.consumes = {first + n: (sources.index(k),) if len(sources) > 1 else () for n, k in enumerate(carried)}
    for k, at in summary.consumes.items():  # what was written in place has its gradient written in place
        if k in sources and at in results:
            bwd.consumes[1 + results.index(at)] = (sources.index(k),) if len(sources) > 1 else ()
    return pair


def _differentiate(
    func: Func, pair: Pair, results: tuple[Leaf, ...], b: Builder, rules: RuleRunner
) -> tuple[Block, Block, list[Var]]:
    """Return what runs forward, with saves, what runs backward, and the cotangents that this is given."""
    from adgen.transform.derive import finish
    from adgen.transform.reverse import Reverse

    body, sources = func.body, pair.sources
    b.open()
    b.share(body.stmts)
    varied = Varied(body, [func.params[k] for k in sources])
    reverse = Reverse(b, varied, rules, find_one_sided(body))
    reverse.buffers, reverse.stable = find_buffers(body), find_stable(body)
    cots = Cotangents(b)
    cots.undefined = undefined_in(body)
    result = body.results[0]
    seeds: list[Var] = []
    types = dict(leaves(result.type))
    for at in results:
        seeds.append(Var(types[at], _seed_name(result, at, b), True))
        if isinstance(result, Var):
            c: Cot = seeds[-1]
            for k in reversed(at):
                c = {k: c}
            cots.add(result, c)
    taken: list[Var] = []
    for k in pair.carried:
        p = func.params[k]
        taken.append(Var(p.type, f"d_{p.name}" if p.name else None, True))
        cots.add(p, taken[-1])
    reverse.block(body, cots)
    b.origin = None
    gradients = [finish(cots, cots.pop(func.params[k]), func.params[k], "zero") for k in sources]
    out = gradients[0] if len(gradients) == 1 else b.call("make_tuple", *gradients)
    backward = b.close((out,))
    return reverse.saves.assemble(body), backward, [*seeds, *taken]


def _forward_half(pair: Pair, func: Func, forward: Block, residuals: list[Var]) -> Func:
    """The function itself, which gives what the other half reads beside its result."""
    b = Builder()
    b.open()
    for s in forward.stmts:
        b.append(s)
    packed = b.emit(b.row("make_tuple"), residuals, type=pair.saved)
    body = b.close((b.call("make_tuple", forward.results[0], packed),))
    return settle_absent(eliminate_dead(Func(pair.fwd.__name__, func.params, body)))


def _backward_half(pair: Pair, backward: Block, residuals: list[Var], given: list[Var]) -> Func:
    saved = Var(pair.saved, "saved", True)
    b = Builder()
    b.open()
    mapping: dict[Var, Operand] = {}
    for k, v in enumerate(residuals):
        own = v.name or ("at" if isinstance(v.type, Bool) else "t")
        mapping[v] = b.emit(b.row("item"), (saved, b.const(k)), name=own, fixed=len(residuals) > 1, type=v.type)
    moved = substitute(backward, mapping)
    for s in moved.stmts:
        b.append(s)
    taken: set[str] = set()
    for p in (saved, *given):
        while (p.name or "d") in taken:
            p.name = f"{p.name or 'd'}_"
        taken.add(p.name or "d")
    made = Func(pair.bwd.__name__, (saved, *given), b.close(moved.results))
    return settle_absent(eliminate_dead(tidy(eliminate_dead(made))))


def _seed_name(result: Operand, at: Leaf, b: Builder) -> str:
    for k in at:
        made = b.defs.get(result) if isinstance(result, Var) else None
        if made is None or made.op.name != "make_tuple":
            return f"d_out_{k}"
        result = made.args[k]
    return f"d_{result.name}" if isinstance(result, Var) and result.name else "d_out"


def _is_handed_on(summary: Summary, k: int) -> bool:
    """Say whether all calls of a function in itself get the same array."""
    p = summary.func.params[k]
    if not isinstance(p.type, Array) or not p.type.dims or k in summary.consumes:
        return False
    inner = [s for s in calls_in(summary.func) if summary_of(s) is summary]
    return bool(inner) and all(s.args[1 + k] is p for s in inner)


def undefined_in(body: Any) -> set[Var]:
    """Return the values that may not be there: those of another path, at hand or among what was saved."""
    from adgen.ir.absent import find_undefined

    found = find_undefined(body)
    for s in walk(body):
        if isinstance(s, Let) and s.op.name == "item" and isinstance(s.args[0].type, Saved):
            if isinstance(s.out.type, (Array, List)):
                found.add(s.out)
    return found


def twin_of(summary: Summary, sources: tuple[int, ...]) -> Summary:
    """Return the function that gives (result, tangent)."""
    if sources not in summary.twins:
        _make_twin(summary, sources)
    return summary.twins[sources]


def _make_twin(summary: Summary, sources: tuple[int, ...]) -> None:
    from adgen.transform.directions import Directions
    from adgen.transform.forward import Forward, unused_name
    from adgen.transform.rules import RuleRunner

    func = eliminate_dead(summary.func)
    twin = Summary(f"{summary.__name__}_jvp")
    twin.effects, twin.fresh, twin.values = summary.effects, summary.fresh, summary.values and 2
    twin.consumes = {k: (0, *at) for k, at in summary.consumes.items()}
    for n, k in enumerate(sources):
        if k in summary.consumes:
            twin.consumes[len(func.params) + n] = (1, *summary.consumes[k])
    summary.twins[sources] = twin
    b = Builder()
    b.algebra, b.negated = simplify, negative_factor
    b.open()
    active = [func.params[k] for k in sources]
    fwd = Forward(b, Varied(func.body, active), RuleRunner(b), Directions(func.body, ()))
    fwd.cots.undefined = undefined_in(func.body)
    taken = {p.name for p in func.params}
    tangents = []
    for v in active:
        t = Var(v.type, unused_name(f"{v.name or 't'}_dot", taken), True)
        taken.add(t.name)
        tangents.append(t)
        fwd.of[v] = t
    fwd.block(func.body)
    b.origin = None
    result = func.body.results[0]
    b.adjoint = True
    out = b.call("make_tuple", result, fwd.full(result))
    made = Func(twin.__name__, (*func.params, *tangents), b.close((out,)))
    twin.func = settle_absent(eliminate_dead(made))
    twin.rules = fwd.rules.used


def call(b: Builder, summary: Summary, args: Sequence[Operand], t: Type) -> Var:
    """Emit a call of a summary."""
    made = b.emit(b.row("call"), (Const(summary, Opaque()), *args), type=t)
    assert isinstance(made, Var)
    return made


__all__ = ["CALLS", "call", "leaves", "pair_of", "twin_of", "undefined_in"]
