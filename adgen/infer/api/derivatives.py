"""Calls of derivatives: the function is typed by itself and differentiated, and the result is inlined."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import FunctionType
from typing import TYPE_CHECKING, Any

from adgen.api.grad import make_options
from adgen.api.paths import split_path
from adgen.api.plain import is_plain
from adgen.api.request import Baked, NeedsValue, Step
from adgen.errors import UnsupportedError, UsageError
from adgen.infer.api import gradients, marks, named, tapes, weights
from adgen.infer.api.recording import Recorded
from adgen.infer.calls import array_methods, calls
from adgen.infer.environment import reads
from adgen.infer.environment.names import is_data
from adgen.infer.functions import custom_calls, inlining
from adgen.infer.values import Closure, LocalGradient, Map, Ref, Seq, TupleV
from adgen.ir.nodes import Block, Const, Let, Operand, Var, walk
from adgen.ir.types import Opaque, Record, Tuple, Type, is_floating

if TYPE_CHECKING:
    from adgen.infer.engine import Engine
    from adgen.infer.program import Program
    from adgen.transform.derive import Weights


def is_derivative(fn: Any) -> bool:
    """Say whether an object is a gradient or a compiled function."""
    return getattr(fn, "primal", None) is not None and hasattr(fn, "wrt")


def make(e: Engine, maker: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`adgen.grad(f, …)` or `value_and_grad` inside a program."""
    options = dict(kwargs)
    if all(isinstance(a, Const) for a in args) and isinstance(options.get("output_gradients", e.b.const(None)), Const):
        known = {k: e.static(a, f"'{k}'") for k, a in options.items()}
        return Const(maker(*[a.value for a in args if isinstance(a, Const)], **known), Opaque())
    (fn,), wrt = args[:1], args[1] if len(args) > 1 else options.pop("wrt", e.b.const(0))
    weights_of = [(k, options.pop(k)) for k in ("output_gradients", "unconnected_gradients") if k in options]
    names = {k: e.static(options.pop(k), f"'{k}' of a gradient") for k in ("of", "stop_gradients") if k in options}
    asked = make_options(names.get("of"), names.get("stop_gradients", ()), "none")
    if options:
        raise UsageError(what=f"{maker.__name__}() has no argument '{next(iter(options))}'", origin=e.origin)
    called = e.static(wrt, "wrt of a gradient")
    return LocalGradient(fn, maker.__name__, called, tuple(weights_of), asked.of, asked.stop_gradients)


def make_many(e: Engine, maker: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """`adgen.jacobian(f, wrt)`, `hessian` or `hvp` inside a program."""
    (fn,), wrt = args[:1], args[1] if len(args) > 1 else kwargs.get("wrt", e.b.const(0))
    unconnected = kwargs.get("unconnected_gradients", e.b.const("none"))
    named = e.static(wrt, f"wrt of {maker.__name__}()")
    return LocalGradient(fn, maker.__name__, named, (("unconnected_gradients", unconnected),))


def call_local(e: Engine, df: LocalGradient, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Run the function on sources of its own, recorded, and take the gradient of what it returns."""
    from adgen.transform.stops import without_hooks

    tapes.begin(e)
    place = e.b.place()
    given, sources = take_sources(e, names_of(df.fn), df.wrt, args, kwargs)
    y, held = call_named(e, df, [given[k] for k in range(len(args))], {k: given[k] for k in kwargs}, sources)
    xs = TupleV(tuple(sources)) if isinstance(df.wrt, tuple) else sources[0]
    options = dict(df.given)
    unconnected = e.static(options.pop("unconnected_gradients", e.b.const("none")), "unconnected_gradients")
    options["unconnected_gradients"] = unconnected
    now = Recorded(start=place, begun=place[0])
    found = gradients.gradient(e, now, y, xs, options, held, {}, None)
    for depth, region, k, s in e.b.visible():
        if now.covers(depth, k):
            region[k] = without_hooks(s)
    return TupleV((y, found)) if df.mode == "value_and_grad" else found


def call_named(
    e: Engine, df: LocalGradient, args: Sequence[Any], kwargs: Mapping[str, Any], sources: list[Any]
) -> tuple[Any, Sequence[Var]]:
    """Call the function of a gradient; return what `of` names, or its result, and the values that are held constant.

    Names of local variables among its sources are replaced by their values.
    """
    from adgen.frontend.lower import lower

    local = tuple(s.name for s in sources if isinstance(s, Inside))
    if not df.of and not df.stops and not local:
        return calls.call(e, df.fn, args, kwargs, {}), ()
    fn = df.fn.value if isinstance(df.fn, Const) else df.fn
    function = fn.function if isinstance(fn, Closure) else lower(fn) if isinstance(fn, FunctionType) else None
    if function is None or e.marks.asked != marks.Asked():
        raise UnsupportedError(
            what="local variables in 'wrt', 'of' or 'stop_gradients' of a gradient that is made inside of a function",
            why="one derivative at a time can speak of local variables, and only of those of a Python function",
            instead="adgen.gradients of the values that are meant",
            origin=e.origin,
        )
    outer = marks.begin_inside(e, marks.Asked(local, df.of, df.stops), function)
    place = e.b.place()
    try:
        y = calls.call(e, df.fn, args, kwargs, {})
        if e.state.dead:
            return y, ()
        named.check_known(e, function, function.name)
        if df.of:
            targets = [named.target(e, name) for name in df.of]
            y = TupleV(tuple(targets)) if len(targets) > 1 else targets[0]
        now = Recorded(start=place, begun=place[0])
        since = Block(tuple(s for depth, _, k, s in e.b.visible() if now.covers(depth, k)), ())
        for k, s in enumerate(sources):
            if isinstance(s, Inside):
                sources[k] = named.value_inside(e, s.name, since, function)
    finally:
        e.marks = outer
    return y, [s.out for s in walk(since) if isinstance(s, Let) and s.op.name == "held"]


@dataclass(frozen=True, slots=True)
class Inside:
    """A source that is a local variable or tag of the function that is called."""

    name: str


def take_sources(
    e: Engine, names: Mapping[Any, Any], wrt: Any, args: Sequence[Any], kwargs: Mapping[str, Any], skip: bool = False
) -> tuple[dict[Any, Any], list[Any]]:
    """Return the arguments by place and name with memory of their own, and those in `wrt` as they are sources.

    `skip`: what holds no numbers is none, and the source is None.
    """
    given: dict[Any, Any] = {**dict(enumerate(args)), **kwargs}
    old, made = dict(given), dict[Any, Any]()
    sources: list[Any] = []
    for one in wrt if isinstance(wrt, tuple) else (wrt,):
        root, path = split_path(one) if isinstance(one, str) else (one, ())
        at = next((k for k in (root, names.get(root)) if k in given), None)
        if at is None and isinstance(one, str) and not path:
            sources.append(Inside(one))
            continue
        if at is None:
            raise UnsupportedError(
                what=f"wrt={one!r} of a gradient that is made inside of a function",
                why="it is none of the arguments of this call",
                instead="the position or name of an argument that is given",
                origin=e.origin,
            )
        if skip and not isinstance(given[at], (TupleV, Ref, Var, Const)):
            sources.append(e.b.const(None))
            continue
        if at not in made:
            made[at] = apart(e, given[at], lambda v: tapes.own(e, v))
            given[at] = apart(e, made[at])
        sources.append(_part(e, made[at], path))
    given = {k: v if v is not old.get(k) or _is_object(e, v) else apart(e, v) for k, v in given.items()}
    return given, sources


def _is_object(e: Engine, v: Any) -> bool:
    c = e.state.heap.get(v.obj) if isinstance(v, Ref) else None
    return isinstance(c, Map) and is_plain(c.cls)


def apart(e: Engine, v: Any, change: Callable[[Operand], Operand] = lambda v: v) -> Any:
    """Return an argument with memory of its own: a gradient leaves its arguments alone, but for objects."""
    if isinstance(v, TupleV):
        return TupleV(tuple(apart(e, i, change) for i in v.items), v.cls)
    if not isinstance(v, Ref):
        return change(v) if isinstance(v, (Var, Const)) else v
    c = e.content(v.obj) if not v.place else e.value(v)
    if isinstance(c, Seq):
        return e.new(Seq(tuple(apart(e, i, change) for i in c.items)))
    if isinstance(c, Map):
        return e.new(Map(c.keys, tuple(apart(e, i, change) for i in c.items), c.cls))
    return e.new(change(c), v.obj.name)


def names_of(fn: Any) -> dict[Any, Any]:
    """Return the places of a function's parameters by name, and their names by place."""
    from adgen.frontend.lower import lower

    if isinstance(fn, LocalGradient):
        return names_of(fn.fn)
    if isinstance(fn, Const) and is_derivative(fn.value):
        return names_of(Const(fn.value.primal, fn.type))
    function = fn.function if isinstance(fn, Closure) else None
    if function is None and isinstance(fn, Const) and isinstance(fn.value, FunctionType):
        function = lower(fn.value)
    params = [p.name for p in function.params if p.kind in ("positional", "either")] if function is not None else []
    return {**{n: k for k, n in enumerate(params)}, **dict(enumerate(params))}


def call_derivative(
    e: Engine, df: Any, where: tuple[Any, str] | None, args: Sequence[Any], kwargs: Mapping[str, Any],
    hint: dict[str, Any],
) -> Any:  # fmt: skip
    """Inline a derivative. `where` is how the program reads it."""
    from adgen.frontend.lower import lower
    from adgen.ir.rewrite import clone
    from adgen.transform.derive import make_inner
    from adgen.transform.stops import strip

    options = df._engine.options
    if df.mode == "primal":
        made: list[Any] = []
        run = custom_calls.run_overridden
        run(e, options.overrides, lambda: made.append(calls.call_object(e, df.primal, args, kwargs, hint)))
        return made[0]
    function = lower(df.primal)
    if any(f is function for f in e.active):
        raise UnsupportedError(
            what=f"a call of the gradient '{df.primal.__name__}' inside its own function",
            why="the name means the gradient here, not the function; it was decorated with @adgen.grad",
            instead="keep the function under its own name and make the gradient with `df = adgen.grad(f)`",
            origin=e.origin,
        )
    if df.receiver is not None:
        args = [_receiver(e, df, where), *args]
    defaults = inlining.defaults_of(e, df.primal, function)
    bound = inlining.bind_parameters(e, function, args, kwargs, defaults)
    operands = {name: e.value(v) for name, v in bound.items()}
    program = _infer(e, df, [operands[p.name].type for p in function.params], bound, operands)
    if program.changes:
        raise UnsupportedError(
            what=f"a call of the gradient of {df.primal.__name__}(), which changes '{program.changes[0]}'",
            why="what it leaves in an object can't be followed here",
            instead="take the gradient of a function that returns what it changes",
            origin=e.origin,
        )
    mapping: dict[Var, Operand] = {program.params[n]: o for n, o in operands.items()}
    factors: Weights = None
    if df.output_gradients is not None:
        given = df.output_gradients
        seeds = e.read(where[0], f"{where[1]}.output_gradients", given) if where else e.constant(given)
        factors = weigh(e, program.func.body.results[0].type, seeds, mapping)
    last = Step(df.mode, df.wrt, df._engine.scalar_wrt, options.unconnected, options.stop_gradients)
    for step in (*options.inner, last):
        program, rules = make_inner(program, step, "inner", factors if step is last else None)
        reads.rely_on(e, rules)
    for h in program.hidden:
        value = e.hidden(e, h.owner, h.name, h.value) if e.hidden is not None else e.constant(h.value)
        mapping[h.var] = e.value(value)
    block = clone(strip(program.func, ("pin", "held")).body, mapping)
    for s in block.stmts:
        e.b.append(s)
    return e.wrap(block.results[0])


def _receiver(e: Engine, df: Any, where: tuple[Any, str] | None) -> Any:
    """Return the object of a bound method, whose attributes are read at each call."""
    if where is None or not is_data(df.receiver):
        raise UnsupportedError(
            what=f"a call of the gradient of a method of {type(df.receiver).__name__} here",
            why="what its object holds can't be read when the program runs",
            instead="differentiate a function that takes the object",
            origin=e.origin,
        )
    return e.read(where[0], f"{where[1]}.receiver", df.receiver)


def _infer(
    e: Engine, df: Any, types: Sequence[Type], bound: Mapping[str, Any], operands: Mapping[str, Operand]
) -> Program:
    """Type the function of a derivative; numbers that it must know are asked of the program that calls it."""
    from adgen.infer.program import infer

    options = df._engine.options
    asked = marks.names_asked(options, df.wrt)
    statics = {n: o.value for n, o in operands.items() if isinstance(o, Const) and not is_floating(o.type)}

    def set_up(inner: Engine) -> None:
        inner.overrides = custom_calls.overriding_rows(options.overrides)

    while True:
        try:
            program = infer(df.primal, types, statics, set_up, asked)
            break
        except NeedsValue as need:
            missing = [n for n in need.names if n not in statics]
            if not missing:
                raise
            for text in missing:
                root, path = split_path(text)
                statics[text] = e.static(_part(e, bound[root], path), f"'{text}' of {df.primal.__name__}()")
    e.callees.setdefault(df.primal)
    reads.rely_on(e, (*program.callees, *[Baked(*read) for read in program.baked]))
    return program


def _part(e: Engine, v: Any, path: Sequence[Any]) -> Any:
    for k in path:
        c = e.content(v.obj) if isinstance(v, Ref) else v
        if isinstance(c, Var) and k == "shape":
            v = array_methods.shape_of(e, v)
            continue
        v = c.get(k) if isinstance(c, Map) else c.items[k]
    return v


def weigh(e: Engine, t: Type, given: Any, mapping: dict[Var, Operand]) -> Weights:
    """Match output gradients with the type of a result; `mapping` takes note of what is to stand for each of them."""
    if weights.is_none(e, given):
        return None
    if isinstance(t, (Tuple, Record)):
        keys: Sequence[Any] = range(len(t.items)) if isinstance(t, Tuple) else t.keys
        found = weights.match(e, given, keys, f"a result that is {t}")
        return {k: weigh(e, i, found[k], mapping) for k, i in zip(keys, t.items)}
    if not is_floating(t):
        return None
    s = weights.as_number(e, given, t)
    v = Var(s.type)
    mapping[v] = s
    return v


__all__ = ["call_derivative", "is_derivative"]
