"""`adgen.vjp` and `adgen.jvp` inside programs, of any function that the program can call.

The function runs on sources of its own. What it records is what a pullback is asked of, a tape that only the pullback
has; forward mode runs over it where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.api.grad import make_options
from adgen.errors import UnsupportedError, UsageError
from adgen.infer.api import derivatives, gradients, tapes, weights
from adgen.infer.expressions import items
from adgen.infer.functions import inlining
from adgen.infer.values import LocalGradient, Ref, TapeV, TupleV
from adgen.ir.nodes import Block, Let, Operand, Var
from adgen.ir.rewrite import substitute
from adgen.ir.types import dims_of, is_floating

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def pull(tape: Any, y: Any, xs: Any, unconnected: Any) -> Any:
    """Return the pullback of what a tape recorded."""

    def pullback(seed: Any) -> Any:
        return tape.gradient(y, xs, output_gradients=seed, unconnected_gradients=unconnected)

    return pullback


def call_vjp(e: Engine, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run a function and return its result with a pullback, which is a closure over a tape."""
    tapes.begin(e)
    fn, *rest = args
    params = derivatives.names_of(fn)
    options = {k: v for k, v in kwargs.items() if k in _OPTIONS and k not in params}
    named = {k: v for k, v in kwargs.items() if k not in options}
    df = _named(e, fn, options)
    unconnected = options.get("unconnected_gradients", e.b.const("none"))
    wrt = e.static(options["wrt"], "wrt of a pullback") if "wrt" in options else None
    asked = tuple(range(len(rest))) if wrt is None else wrt
    tape, y, target, xs = _record(e, replace(df, wrt=asked), rest, named, skip=wrt is None)
    if e.state.dead:
        return y
    pullback = inlining.inline_function(e, pull, [tape, target, xs, unconnected], {})
    return TupleV((y, pullback))


def _named(e: Engine, fn: Any, options: Mapping[str, Any]) -> LocalGradient:
    """Return the function with the names that `of` and `stop_gradients` give."""
    names = {k: e.static(options[k], f"'{k}' of a product") for k in ("of", "stop_gradients") if k in options}
    asked = make_options(names.get("of"), names.get("stop_gradients", ()), "none")
    return LocalGradient(fn, "vjp", (), (), asked.of, asked.stop_gradients)


def _record(
    e: Engine, df: LocalGradient, args: Sequence[Any], kwargs: Mapping[str, Any], skip: bool
) -> tuple[TapeV, Any, Any, Any]:
    """Run a function on sources of its own; return the tape that recorded it, its result and the sources.

    The result that the tape is asked of has memory of its own, as the program may write into the other one.
    """
    tape = tapes.make_tape(e, (), {"persistent": e.b.const(True)})
    given, sources = derivatives.take_sources(e, derivatives.names_of(df.fn), df.wrt, args, kwargs, skip)
    made: list[Any] = []
    held: Sequence[Var] = ()

    def body(_: Any) -> None:
        nonlocal held
        given_by_name = {k: given[k] for k in kwargs}
        y, held = derivatives.call_named(e, df, [given[k] for k in range(len(args))], given_by_name, sources)
        made.extend((y, y if e.state.dead else derivatives.apart(e, y)))

    tapes.run_tape(e, tape, body)
    if held:
        tapes.forget(e, tape, held)
    return tape, *made, TupleV(tuple(sources)) if isinstance(df.wrt, tuple) else sources[0]


MANY = ("jacobian", "hessian", "hvp")


def call_many(e: Engine, df: LocalGradient, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`jacobian(f, wrt)(*args)`, `hessian` and `hvp`: the latter two are of the gradient."""
    unconnected = dict(df.given)["unconnected_gradients"]
    if df.mode == "jacobian":
        tapes.begin(e)
        tape, y, target, xs = _record(e, df, args, kwargs, skip=False)
        for x in xs.items if isinstance(xs, TupleV) and isinstance(df.wrt, tuple) else (xs,):
            gradients.require_floating_leaf(e, x, "the argument of a Jacobian")
        return y if e.state.dead else tapes.jacobians(e, tape, target, xs, unconnected)
    gradient = replace(df, mode="grad")
    if df.mode == "hessian":
        return call_many(e, LocalGradient(gradient, "jacobian", df.wrt, df.given), args, kwargs)
    if kwargs:
        raise UsageError(what="hvp() takes its arguments by position", origin=e.origin)
    *primals, v = args
    names, tangents = derivatives.names_of(df.fn), [e.b.const(None)] * len(primals)
    parts = _sequence(e, v, "directions of hvp()") if isinstance(df.wrt, tuple) else [v]
    asked = df.wrt if isinstance(df.wrt, tuple) else (df.wrt,)
    if len(parts) != len(asked):
        raise weights.misfit(e, f"are {len(parts)} for {len(asked)} arguments", "directions of hvp()")
    for one, t in zip(asked, parts):
        tangents[one if isinstance(one, int) else names[one]] = t
    found = call_jvp(e, (gradient, TupleV(tuple(primals)), TupleV(tuple(tangents))), {})
    return found.items[1] if isinstance(found, TupleV) else found


def call_jvp(e: Engine, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run a function and return its result with the tangent."""
    from adgen.transform.pushed import push

    tapes.begin(e)
    if e.summaries:
        gradients.refuse_in_summary(e)
    given = dict(zip(("fn", "primals", "tangents"), args, strict=False)) | dict(kwargs)
    if "unconnected_gradients" in given:
        raise UnsupportedError(
            what="'unconnected_gradients' of jvp() inside of a function",
            instead="a direction of None for what is held constant",
            origin=e.origin,
        )
    df = _named(e, given["fn"], given)
    primals = _sequence(e, given["primals"], "primals")
    wrt = e.static(given["wrt"], "wrt of jvp()") if "wrt" in given else None
    alone = wrt is not None and not isinstance(wrt, tuple)
    tangents = [given["tangents"]] if alone else _sequence(e, given["tangents"], "tangents")
    asked = tuple(range(len(primals))) if wrt is None else (wrt,) if alone else wrt
    if len(asked) != len(tangents):
        raise UsageError(
            what=f"jvp got {len(asked)} {'primals' if wrt is None else 'sources'} and {len(tangents)} tangents",
            instead="one tangent per primal, None where it is held constant",
            origin=e.origin,
        )
    names = {} if wrt is None else derivatives.names_of(df.fn)
    own, sources = derivatives.take_sources(e, names, asked, primals, {}, skip=wrt is None)
    directions: dict[Var, Operand] = {}
    inside = [k for k, x in enumerate(sources) if isinstance(x, derivatives.Inside)]
    for k, x in enumerate(sources):
        if k not in inside:
            _direct(e, x, tangents[k], directions)
    since = e.b.place()[1]
    y, held = derivatives.call_named(e, df, [own[k] for k in range(len(primals))], {}, sources)
    if e.state.dead:
        return y
    pins: dict[Var, Operand] = {}
    for k in inside:
        _direct_inside(e, since, sources[k], tangents[k], pins)
    if not directions and not pins:
        return TupleV((y, e.b.const(None)))
    leaves = gradients.operands_at(e, y)
    found, rules = push(e.b, since, directions, leaves, held, pins)
    gradients.keep_rules(e, rules)
    by_leaf = iter(found)

    def tangent(_leaf: Any) -> Any:
        t = next(by_leaf)
        return e.wrap(t) if is_floating(t.type) else e.b.const(None)

    return TupleV((y, gradients.in_structure(e, y, tangent)))


_OPTIONS = ("wrt", "of", "stop_gradients", "unconnected_gradients")


def _sequence(e: Engine, v: Any, what: str) -> list[Any]:
    found = items.expand(e, v) if isinstance(v, (TupleV, Ref)) else None
    if found is None:
        raise UsageError(what=f"the {what} of jvp() are one tuple, with an entry per argument", origin=e.origin)
    return found


def _direct(e: Engine, x: Any, t: Any, directions: dict[Var, Operand]) -> None:
    """Take note of the directions of what is in a source; one that is None is constant."""
    if x is None or weights.is_none(e, t):
        return
    parts = weights.items_of(e, x)
    if parts is not None:
        found = weights.match(e, t, parts, f"a primal of {', '.join(map(repr, parts))}", "tangents")
        for k, part in parts.items():
            _direct(e, part, found[k], directions)
        return
    v: Var = e.content(x.obj) if isinstance(x, Ref) else x
    gradients.require_floating(e, v, "a primal with a tangent")
    s = weights.as_number(e, t, v.type, v, "tangents")
    exact = dims_of(s.type) == dims_of(v.type) and s.type == v.type
    directions[v] = s if exact else e.b.call("as_tangent", s, v)


def _direct_inside(e: Engine, since: int, x: Any, t: Any, pins: dict[Var, Operand]) -> None:
    """Take note of the directions of a local variable of the function; they are made before it is."""
    place = e.b.place()[1]
    found: dict[Var, Operand] = {}
    _direct(e, x, t, found)
    made = e.b.take(place)
    stmts = e.b.take(since)
    at = next((k for k, s in enumerate(stmts) if isinstance(s, Let) and s.out in found), len(stmts))
    before = {s.out: s.args[0] for s in stmts if isinstance(s, Let) and s.out in found}
    for s in (*stmts[:at], *substitute(Block(tuple(made), ()), before).stmts, *stmts[at:]):
        e.b.append(s)
    pins.update(found)


__all__ = ["MANY", "call_jvp", "call_many", "call_vjp"]
