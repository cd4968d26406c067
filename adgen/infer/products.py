"""`adgen.vjp` and `adgen.jvp` inside programs, of any function that the program can call.

The function runs on sources of its own. What it records is what a pullback is asked of, a tape that only the pullback
has; forward mode runs over it where it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adgen.api.plain import is_plain
from adgen.errors import UnsupportedError, UsageError
from adgen.infer import calls, derivatives, gradients, inlining, items, tapes, weights
from adgen.infer.values import Map, Ref, Seq, TupleV
from adgen.ir.nodes import Operand, Var
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
    _refuse_options(e, options, "vjp()", ("wrt", "unconnected_gradients"))
    unconnected = options.get("unconnected_gradients", e.b.const("none"))
    tape = tapes.make_tape(e, (), {"persistent": e.b.const(True)})
    wrt = e.static(options["wrt"], "wrt of a pullback") if "wrt" in options else None
    asked = tuple(range(len(rest))) if wrt is None else wrt
    given, sources = derivatives.take_sources(e, params, asked, rest, named, skip=wrt is None)
    made: list[Any] = []

    def body(_: Any) -> None:
        made.append(calls.call(e, fn, [given[k] for k in range(len(rest))], {k: given[k] for k in named}, {}))

    tapes.run_tape(e, tape, body)
    if e.state.dead:
        return made[0]
    xs = TupleV(tuple(sources)) if isinstance(asked, tuple) else sources[0]
    pullback = inlining.inline_function(e, pull, [tape, derivatives.apart(e, made[0]), xs, unconnected], {})
    return TupleV((made[0], pullback))


def call_jvp(e: Engine, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run a function and return its result with the tangent."""
    from adgen.transform.pushed import push

    tapes.begin(e)
    if e.summaries:
        gradients.refuse_in_summary(e)
    given = dict(zip(("fn", "primals", "tangents"), args, strict=False)) | dict(kwargs)
    _refuse_options(e, {k: v for k, v in given.items() if k in _OPTIONS}, "jvp()", ())
    fn = given["fn"]
    primals, tangents = (_sequence(e, given[k], k) for k in ("primals", "tangents"))
    if len(primals) != len(tangents):
        raise UsageError(
            what=f"jvp got {len(primals)} primals and {len(tangents)} tangents",
            instead="one tangent per primal, None where it is held constant",
            origin=e.origin,
        )
    asked = tuple(range(len(primals)))
    own, sources = derivatives.take_sources(e, {}, asked, primals, {}, skip=True)
    directions: dict[Var, Operand] = {}
    for x, t in zip(sources, tangents):
        _direct(e, x, t, directions)
    since = e.b.place()[1]
    y = calls.call(e, fn, [own[k] for k in asked], {}, {})
    if e.state.dead:
        return y
    if not directions:
        return TupleV((y, e.b.const(None)))
    leaves = gradients.operands_at(e, y)
    found, rules = push(e.b, since, directions, leaves)
    gradients.keep_rules(e, rules)
    by_leaf = iter(found)
    return TupleV((y, _in_structure(e, y, by_leaf)))


_OPTIONS = ("wrt", "of", "stop_gradients", "unconnected_gradients")


def _refuse_options(e: Engine, options: Mapping[str, Any], what: str, known: Sequence[str]) -> None:
    for k in options:
        if k not in known:
            raise UnsupportedError(
                what=f"'{k}' of {what} inside of a function",
                instead="a function of what is meant, or adgen.gradients",
                origin=e.origin,
            )


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


def _in_structure(e: Engine, y: Any, found: Any) -> Any:
    """Return tangents in the structure of the result."""
    if isinstance(y, TupleV):
        return TupleV(tuple(_in_structure(e, i, found) for i in y.items), y.cls)
    c = e.content(y.obj) if isinstance(y, Ref) and not y.place else None
    if isinstance(c, Seq):
        return e.new(Seq(tuple(_in_structure(e, i, found) for i in c.items)))
    if isinstance(c, Map):
        return e.new(Map(c.keys, tuple(_in_structure(e, i, found) for i in c.items), _class_of(c)))
    t = next(found)
    return e.wrap(t) if is_floating(t.type) else e.b.const(None)


def _class_of(c: Map) -> Any:
    from types import SimpleNamespace

    return SimpleNamespace if is_plain(c.cls) else c.cls


__all__ = ["call_jvp", "call_vjp"]
