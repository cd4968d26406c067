"""Functions as values: what a program hands to a library function is closed over what it captures.

A library function that calls another one (`scipy.integrate.quad`, `scipy.optimize.root`) gets a *routine*: the
function run once on unknown arguments, in a region of its own, whatever it reads from outside made a parameter. The
rules of the library function call it, and take its derivatives, like those of a gradient that is called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.calls import calls, primitives
from adgen.infer.calls.handlers import handles
from adgen.infer.environment import reads
from adgen.infer.expressions import operations
from adgen.infer.values import BoundFunction, Closure, Map, Partial, Poison, Seq, TupleV
from adgen.ir.nodes import Block, Const, Func, Let, Operand, Var, free_vars, walk
from adgen.ir.rewrite import clone
from adgen.ir.routine import Routine, without_origin
from adgen.ir.types import Array, Opaque, dims_of, is_complex, is_floating
from adgen.rules import functions

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def name_of(fn: Any) -> str:
    """Return the name that a function has for its reader."""
    if isinstance(fn, Const):
        fn = fn.value
    found = fn.function.name if isinstance(fn, Closure) else getattr(getattr(fn, "fn", fn), "__name__", "")
    return found if isinstance(found, str) and found.isidentifier() else "f"


def parameter_names(fn: Any, examples: Sequence[Operand]) -> list[str]:
    """Return what a function calls its first parameters; the rest are called as what they are given."""
    from adgen.frontend.lower import lower

    skip = 0
    if isinstance(fn, BoundFunction):
        fn, skip = fn.fn, 1
    try:
        params = fn.function.params if isinstance(fn, Closure) else lower(getattr(fn, "value", fn)).params
    except (UnsupportedError, TypeError, ValueError, OSError, AttributeError):
        params = ()
    names = [p.name for p in params if p.kind in ("positional", "either")][skip:]
    given = [x.name if isinstance(x, Var) else None for x in examples]
    return apart([*names[: len(given)], *[name or "x" for name in given[len(names) :]]], ())


def apart(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """Return names that differ."""
    found: list[str] = []
    for name in names:
        while name in found or name in taken:
            name += "_"
        found.append(name)
    return found


def close_function(e: Engine, fn: Any, examples: Sequence[Operand]) -> tuple[str, list[Var], Block]:
    """Run a function on unknown arguments like these: its parameters, and a block that may read values outside."""
    if isinstance(fn, Const) and not callable(fn.value):
        raise UnsupportedError(what=f"a call of {operations.describe(e, fn)}", origin=e.origin)
    params = [Var(x.type, name, True) for x, name in zip(examples, parameter_names(fn, examples))]
    before, origin, printable = e.state, e.b.origin, e.printable
    e.state = replace(before.copy(), which={})  # conditions from outside are not at hand
    e.printable = e.hidden is not None and not isinstance(fn, Partial)
    e.b.open()
    result = calls.call(e, fn, [e.wrap(p, p.name) for p in params], {}, {})
    out = e.value(primitives.as_array(e, result))
    block = e.b.close((out,))
    after, e.state, e.b.origin, e.printable = e.state, before, origin, printable
    name = name_of(fn)
    if after.dead:
        raise UnsupportedError(what=f"'{name}', which always raises, as an argument", origin=e.origin)
    for obj, content in before.heap.items():
        now = after.heap.get(obj)
        if now is not content and not isinstance(now, Poison) and not (isinstance(now, (Seq, Map)) and now == content):
            raise UnsupportedError(
                what=f"'{name}' writes '{obj.name or 'an array'}', which is not its own",
                why="a library function calls it as often as it likes",
                instead="let it compute from its arguments",
                origin=e.origin,
            )
    _check(e, name, params, block, out)
    return name, params, block


def _check(e: Engine, name: str, params: Sequence[Var], block: Block, out: Operand) -> None:
    for s in walk(block):
        if (
            isinstance(s, Let)
            and s.op.effect == "opaque"
            and s.op.name not in ("raise_", "bound", "attempt", "tried", "caught")
        ):
            raise UnsupportedError(
                what=f"'{name}' has effects, or calls what adgen can't read",
                why="a library function calls it as often as it likes, and so does its derivative",
                instead="let it compute from its arguments with functions that have rules",
                origin=e.origin,
            )
    if is_complex(out.type) or any(is_complex(p.type) for p in (*params, *free_vars(block))):
        raise UnsupportedError(what=f"'{name}' of complex numbers as an argument", origin=e.origin)


def lift(e: Engine, fns: Sequence[Any], examples: Sequence[Any]) -> tuple[list[Any], list[Var]]:
    """Close functions over all that they capture together."""
    operands = [e.value(x) for x in examples]
    closed = [None if _is_none(fn) else close_function(e, fn, operands) for fn in fns]
    captured: dict[Var, None] = {}
    for one in closed:
        if one is not None:
            own = set(one[1])
            captured.update(dict.fromkeys(v for v in free_vars(one[2]) if v not in own))
    made: list[Any] = []
    for one in closed:
        if one is None:
            made.append(e.b.const(None))
            continue
        name, params, block = one
        names = apart([v.name or "c" for v in captured], [p.name or "" for p in params])
        extra = {v: Var(v.type, n, True) for v, n in zip(captured, names)}
        body = clone(block, dict(extra))
        made.append(Const(Routine(Func(name, (*params, *extra.values()), without_origin(body))), Opaque()))
    return made, list(captured)


def _is_none(v: Any) -> bool:
    return isinstance(v, Const) and v.value is None


@handles(functions.lift)
def _lift(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    assert isinstance(args[0], TupleV)
    made, captured = lift(e, args[0].items, args[1:])
    return TupleV((*made, TupleV(tuple(e.wrap(v) for v in captured))))


def call_routine(e: Engine, routine: Routine, args: Sequence[Any]) -> Any:
    """Inline a routine."""
    operands = fitting(e, routine.func, [e.value(a) for a in args])
    return splice(e, routine.func, operands)


def fitting(e: Engine, func: Func, operands: Sequence[Operand]) -> list[Operand]:
    """Check that a function was closed for arguments of these types."""
    if len(operands) != len(func.params) or any(
        (isinstance(p.type, Array) or isinstance(a.type, Array))
        and (not isinstance(a.type, type(p.type)) or len(dims_of(p.type)) != len(dims_of(a.type)))
        for p, a in zip(func.params, operands)
    ):
        raise TypeError(f"'{func.name}' is called with other arguments than it was given for")
    return list(operands)


def splice(e: Engine, func: Func, operands: Sequence[Operand]) -> Any:
    """Put the statements of a function into the open region."""
    block = clone(func.body, dict(zip(func.params, operands)))
    for s in block.stmts:
        e.b.append(s)
    return e.wrap(block.results[0])


def routine_of(e: Engine, fn: Any, args: Sequence[Any]) -> tuple[Func, list[Operand]]:
    """Return a function with the operands that it is called with, what it captures behind them."""
    if isinstance(fn, Const) and isinstance(fn.value, Routine):
        return fn.value.func, fitting(e, fn.value.func, [e.value(a) for a in args])
    (made,), captured = lift(e, [fn], args)
    return made.value.func, [*[e.value(a) for a in args], *captured]


@handles(functions.pullback)
def _pullback(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    from adgen.ir.build import Builder
    from adgen.optimise.algebra import tidy
    from adgen.optimise.dce import eliminate_dead
    from adgen.transform.derive import differentiate
    from adgen.transform.saves import settle_absent

    func, operands = routine_of(e, args[0], args[1].items)
    given = e.value(args[2])
    shaped = func.body.results[0].type  # the seed has the lengths of the result
    same = len(dims_of(shaped)) == len(dims_of(given.type))
    seed = Var(shaped if same else given.type) if isinstance(given, Var) else given
    sources = [p for p in func.params if is_floating(p.type)]
    g = differentiate(func, sources, seed, "none")
    reads.rely_on(e, g.rules)
    found = dict(zip(sources, g.gradients))
    b = Builder()
    b.open()
    for s in (*g.forward.stmts, *g.backward):
        b.append(s)
    count = len(args[1].items)
    out = b.call("make_tuple", *[found.get(p, b.const(None)) for p in func.params[:count]])
    taken = (seed,) if isinstance(seed, Var) else ()
    derived = Func(func.name, (*func.params, *taken), b.close((out,)))
    derived = settle_absent(eliminate_dead(tidy(eliminate_dead(derived))))
    return splice(e, derived, [*operands, *[given for _ in taken]])


@handles(functions.pushforward)
def _pushforward(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    from adgen.infer.program import Program
    from adgen.transform.forward import make_tangent

    func, operands = routine_of(e, args[0], args[1].items)
    moved = [k for k, t in enumerate(args[2].items) if not _is_none(t)]
    program = Program(func, {f"p{k}": p for k, p in enumerate(func.params)})
    tangent, rules = make_tangent(program, [f"p{k}" for k in moved], func.name)
    reads.rely_on(e, rules)
    result = splice(e, tangent, [*operands, *[e.value(args[2].items[k]) for k in moved]])
    return result.items[1]


@handles(functions.result_of)
def _result_of(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return e.new(Map(tuple(kwargs), tuple(kwargs.values()), e.static(args[0], "the class of a result")))
