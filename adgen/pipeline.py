"""The compiler: one list of passes from a request to text.

frontend   source → tree                        adgen.frontend.lower
infer      tree + types → typed SSA              adgen.infer.program
transform  SSA → SSA of the derivative           adgen.transform.derive, forward
own        which updates run in place            adgen.optimise.own
emit       SSA → text                            adgen.emit.module
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from adgen.api.request import Baked, Dependency, Derived, Hidden, Request
from adgen.emit.module import emit_module
from adgen.errors import AdgenError, NestingError, UnsupportedError
from adgen.frontend.lower import lower
from adgen.frontend.show import show_tree
from adgen.infer.api.marks import names_asked
from adgen.infer.engine import Engine
from adgen.infer.functions.custom_calls import overriding_rows
from adgen.infer.program import Program, infer
from adgen.ir.nodes import Func
from adgen.ir.routine import Routine, routines_in
from adgen.ir.show import show
from adgen.ir.summary import Summary
from adgen.optimise.dce import eliminate_dead
from adgen.optimise.iterate import iterate_items
from adgen.optimise.own import own
from adgen.optimise.residuals import keep_apart
from adgen.optimise.signs import sink_signs
from adgen.optimise.write_back import write_back
from adgen.rules.load import load_rules
from adgen.transform.derive import make_gradient, make_inner, make_pullback
from adgen.transform.forward import make_tangent
from adgen.transform.stops import hold, strip


def derive(request: Request, stages: Iterable[str] = ()) -> Derived:
    """Make the text of one derivative.

    Raises `AdgenError` where it can't be made, `NeedsValue` where the value of a parameter must be known.
    """
    load_rules()
    try:
        return _derive(request, tuple(stages))
    except RecursionError as error:
        raise NestingError.of(request.fn.__qualname__, error) from error
    except (TypeError, ValueError, IndexError) as error:
        if not hasattr(error, "origin") or isinstance(error, AdgenError):
            raise
        raise UnsupportedError(  # an operation that has no type here
            what=f"this statement: {error}",
            why="the types of its operands don't fit each other",
            instead="keep values of one kind in one list, and arrays of one rank under one name",
            origin=error.origin,
        ) from error


def _derive(request: Request, stages: tuple[str, ...]) -> Derived:
    texts: dict[str, str] = {}
    if "ir" in stages:
        texts["ir"] = show_tree(lower(request.fn))
    program = _infer(request)
    if "typed" in stages:
        texts["typed"] = _show([program.func])
    funcs, rules = _transform(program, request)
    if "adjoint" in stages:
        texts["adjoint"] = _show(funcs)
    funcs = [_tidy(f) for f in funcs]
    if request.mode == "primal":
        places = {program.params.get(name): k for k, name in enumerate(program.final, 1)}
        owned = own(funcs[0], owned_params=True, results=False)
        funcs = [write_back(owned, funcs[0], {p: k for p, k in places.items() if p is not None})]
    elif request.mode == "vjp":  # residuals are only read; the pullback's results are the caller's
        funcs = [keep_apart(own(funcs[0], results=False)), own(funcs[1])]
    else:
        funcs = [own(f) for f in funcs]
    if "simplified" in stages:
        texts["simplified"] = _show(funcs, finish_routine)
    text = emit_module(funcs, finish=finish_routine)
    externals = dict(text.externals)
    return Derived(
        text=text.source,
        entry=funcs[0].name,
        pullback=funcs[1].name if len(funcs) > 1 else None,
        externals=externals,
        hidden=tuple(Hidden(h.name, h.owner, h.var.type) for h in program.hidden if not h.static),
        baked=(
            *[Baked(h.name, h.owner, h.value) for h in program.hidden if h.static],
            *[Baked(*read) for read in program.baked],
            *[r for r in rules if isinstance(r, Baked)],
        ),
        depends=(
            *[Dependency.of(f) for f in program.callees],
            *[
                Dependency.of(f, "rule")
                for f in rules
                if not isinstance(f, Baked) and not (getattr(f, "__module__", None) or "").startswith("adgen.")
            ],
        ),
        lines=text.lines,
        stages=texts,
    )


def _tidy(func: Func) -> Func:
    """Drop what served the derivation alone, and loop over items; no dead code came in, none goes out."""
    simpler = iterate_items(strip(func))
    return sink_signs(simpler if simpler is func else eliminate_dead(simpler))


def _show(funcs: Sequence[Func], finish: Callable[[Routine], Func] = lambda r: r.func) -> str:
    """Return the text of functions, behind the functions that they call or hand on."""
    return "\n".join(show(f) for f in (*routines_in(funcs, finish).values(), *funcs))


def finish_routine(routine: Routine) -> Func:
    """Make a function that others call or hand on ready to be written."""
    func = _tidy(eliminate_dead(routine.func))
    if not isinstance(routine, Summary):
        return own(func)
    return own(func, tuple(routine.consumes), True, routine.values)


def type_program(request: Request) -> Program:
    """Return the typed program that a request differentiates, and what its names held before."""
    load_rules()
    try:
        program = _infer(request, notes=True)
        for step in request.options.inner:
            program, _ = make_inner(program, step, f"{program.func.name}_grad")
    except RecursionError as error:
        raise NestingError.of(request.fn.__qualname__, error) from error
    return replace(program, func=hold(program.func, request.options.stop_gradients))


def _infer(request: Request, notes: bool = False) -> Program:
    asked = names_asked(request.options, request.wrt)
    return infer(request.fn, request.types, request.statics, lambda e: _set_up(e, request, notes), asked)


def _set_up(e: Engine, request: Request, notes: bool) -> None:
    e.overwritten = [] if notes else None
    e.overrides = overriding_rows(request.options.overrides)
    e.leaves = request.mode == "primal"


def _transform(program: Program, request: Request) -> tuple[list[Func], tuple[Any, ...]]:
    name = request.fn.__name__
    if name == "<lambda>":
        name = "f"
    inner_rules: tuple[Any, ...] = ()
    for step in request.options.inner:
        name = f"{name}_grad"
        program, used = make_inner(program, step, name)
        inner_rules = (*inner_rules, *used)
    program = replace(program, func=hold(program.func, request.options.stop_gradients))
    funcs, rules = _differentiate(program, request, name)
    return funcs, (*inner_rules, *rules)


def _differentiate(program: Program, request: Request, name: str) -> tuple[list[Func], tuple[Any, ...]]:
    unconnected = request.options.unconnected
    if request.mode == "primal":
        kept = tuple(program.final.values())
        f = program.func
        body = replace(f.body, results=(*f.body.results, *kept))
        return [eliminate_dead(Func(name, f.params, body))], ()
    if request.mode in ("grad", "value_and_grad"):
        with_value = request.mode == "value_and_grad"
        scalar = request.scalar_wrt
        f, rules = make_gradient(program, request.wrt, with_value, scalar, unconnected, f"{name}_grad")
        return [f], rules
    if request.mode == "vjp":
        forward, pullback, rules = make_pullback(program, request.wrt, unconnected, name)
        return [forward, pullback], rules
    f, rules = make_tangent(program, request.wrt, f"{name}_jvp")
    return [f], rules
