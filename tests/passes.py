"""Run every pass of the compiler on a function and compare its result with what the function is.

`check_passes` verifies the program after each pass, runs it with the evaluator, and names the first pass after
which it is wrong: its value is compared with plain Python, its derivative with differences.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adgen.api.custom import install_rules
from adgen.api.engine import Engine
from adgen.api.grad import unwrap
from adgen.api.request import NeedsValue, Options, Request
from adgen.api.signature import is_floating_key, key_of
from adgen.emit.module import emit_module
from adgen.errors import AdgenError, InternalError
from adgen.infer.program import Program, infer
from adgen.ir.build import Builder
from adgen.ir.evaluate import evaluate
from adgen.ir.nodes import Func
from adgen.ir.verify import verify
from adgen.optimise.dce import eliminate_dead
from adgen.optimise.own import own
from adgen.pipeline import finish_routine
from adgen.rules.load import load_rules
from adgen.transform.derive import differentiate, make_gradient, make_pullback
from adgen.transform.forward import make_tangent
from tests import numeric


class PassError(AssertionError):
    """A program is wrong after a pass."""


@dataclass
class Compiled:
    """A typed function, and what its compilations are called with."""

    fn: Callable[..., Any]
    program: Program
    args: tuple[Any, ...]
    wrt: tuple[str, ...]
    rtol: float

    def arguments(self) -> tuple[Any, ...]:
        """Return fresh arguments, then the values of globals and closures."""
        return (*copy.deepcopy(self.args), *[copy.deepcopy(h.value) for h in self.program.hidden if not h.static])

    def sources(self) -> list[Any]:
        return [self.program.params[n] for n in self.wrt]

    def close(self, a: Any, b: Any) -> bool:
        return numeric.close(a, b, self.rtol, self.rtol * 1e-2)

    def full(self, grads: Sequence[Any]) -> tuple[Any, ...]:
        """Return one gradient for each parameter."""
        found = dict(zip(self.wrt, grads))
        return tuple(found.get(n) for n in self.program.params)


def compile_request(
    fn: Callable[..., Any], args: Sequence[Any], mode: Any = "grad", wrt: Sequence[str] | None = None
) -> tuple[Request, tuple[Any, ...]]:
    """Return the order for a derivative, as a call would write it, and the values of the parameters.

    Without `wrt` it is the derivative by all floating-point arguments.
    """
    install_rules()
    load_rules()
    fn, options = unwrap(fn, Options())
    engine = Engine(fn, mode, (), False, options)
    values = engine.bind(*copy.deepcopy(tuple(args)))
    arguments = [(key_of(v), v) for v in values]
    floating = tuple(n for n, (k, _) in zip(engine.names, arguments) if is_floating_key(k))
    while True:
        request = engine.request(engine._keys(arguments), arguments, floating if wrt is None else tuple(wrt))
        try:
            infer(request.fn, request.types, request.statics)
            return request, values
        except NeedsValue as e:
            engine._require(e.names, arguments)
        except AdgenError:
            return request, values


def check_passes(
    fn: Callable[..., Any],
    args: Sequence[Any],
    rtol: float = 1e-6,
    differences: tuple[Callable[..., Any], tuple[Any, ...]] | None = None,
    modes: Sequence[str] = ("grad", "vjp", "jvp"),
    wrt: Sequence[str] | None = None,
) -> None:
    """Raise `PassError` that names the first pass after which a derivative of `fn` is wrong.

    `differences` are the function to take differences of and its arguments, where `fn` is not in double precision.
    Refusals (`AdgenError`) pass through.
    """
    request, values = compile_request(fn, args, wrt=wrt)
    program = infer(request.fn, request.types, request.statics)
    loose = 1e-3 if rtol > 1e-4 else 1e-9
    c = Compiled(request.fn, program, values, request.wrt, loose)
    expected = c.fn(*copy.deepcopy(c.args))
    look(c, "infer", program.func, expected)
    look(c, "dead code of the primal", eliminate_dead(program.func), expected)
    if not c.wrt:
        return
    other = differences or (c.fn, c.args)
    checks = {"grad": check_gradient, "vjp": check_pullback, "jvp": check_tangent}
    for mode in modes:
        checks[mode](c, expected, rtol, other)


def look(c: Compiled, after: str, func: Func, expected: Any, destructive: bool = False, given: Any = None) -> Any:
    """Verify a program, run it as it stands, and compare unless `expected` is None; return what it gave."""
    args = given() if given is not None else c.arguments()
    before = copy.deepcopy(args)
    try:
        verify(func)
        found = evaluate(func, args, destructive)
    except InternalError as e:
        raise PassError(f"after {after}: {e}") from e
    except Exception as e:
        raise PassError(f"after {after}: the program raises {e!r}") from e
    if not numeric.equal(args, before):
        raise PassError(f"after {after}: the program changes its arguments")
    if expected is not None and not c.close(found, expected):
        raise PassError(f"after {after}: {found!r}, not {expected!r}")
    return found


def run_text(c: Compiled, funcs: Sequence[Func], expected: Any, given: Any = None) -> dict[str, Any]:
    """Emit a program, run the text, and compare with what the passes before gave."""
    text = emit_module(funcs, finish=finish_routine)
    space = dict(text.externals)
    args = given() if given is not None else c.arguments()
    before = copy.deepcopy(args)
    try:
        exec(compile(text.source, "<emitted>", "exec"), space)
        found = space[funcs[0].name](*args)
    except Exception as e:
        raise PassError(f"after emit: the program raises {e!r}\n{text.source}") from e
    if not numeric.equal(args, before):
        raise PassError(f"after emit: the program changes its arguments\n{text.source}")
    if expected is not None and not c.close(found, expected):
        raise PassError(f"after emit: {found!r}, not {expected!r}\n{text.source}")
    return {**space, "": found}


def compare_with_differences(c: Compiled, after: str, grads: Any, seed: Any, rtol: float, other: Any) -> None:
    try:
        numeric.assert_gradient(other[0], c.full(grads), other[1], seed, rtol, directions=1)
    except AssertionError as e:
        raise PassError(f"after {after}: {e}") from e


def check_gradient(c: Compiled, expected: Any, rtol: float, other: Any) -> None:
    """Reverse mode as one function, with the value."""
    g = differentiate(c.program.func, c.sources(), None, "none")
    b = Builder()
    b.open()
    for s in (*g.forward.stmts, *g.backward):
        b.append(s)
    both = b.call("make_tuple", g.forward.results[0], b.call("make_tuple", *g.gradients))
    raw = Func("raw", c.program.func.params, b.close((both,)))
    clean, _ = make_gradient(c.program, c.wrt, True, False, "none", "gradient")
    try:
        value, grads = look(c, "reverse", raw, None)
    except PassError as e:
        if not isinstance(e.__cause__, UnboundLocalError):
            raise
        value, grads = look(c, "reverse", clean, None)  # what nobody needs may read what a path leaves undefined
    if not c.close(value, expected):
        raise PassError(f"after reverse: the value is {value!r}, not {expected!r}")
    ones = numeric.combine(lambda x: np.ones(np.shape(x))[()], expected)
    compare_with_differences(c, "reverse", grads, ones, rtol, other)
    look(c, "dead code of the gradient", clean, (value, grads))
    owned = own(clean)
    look(c, "own", owned, (value, grads))
    look(c, "own, in place", owned, (value, grads), destructive=True)
    run_text(c, [owned], (value, grads))


def check_pullback(c: Compiled, expected: Any, rtol: float, other: Any) -> None:
    """Reverse mode as two functions; the second is called for two seeds, and for the first one again."""
    rng = np.random.default_rng(4)
    seeds = [numeric.seed_like(expected, rng) for _ in range(2)]
    forward, backward, _ = make_pullback(c.program, c.wrt, "none", "f")
    value, saved = look(c, "reverse (vjp)", forward, None)
    if not c.close(value, expected):
        raise PassError(f"after reverse (vjp): the value is {value!r}, not {expected!r}")
    answers = []
    for seed in seeds:
        answers.append(
            look(c, "reverse (pullback)", backward, None, given=lambda: (copy.deepcopy(saved), copy.deepcopy(seed)))
        )
        compare_with_differences(c, "reverse (pullback)", answers[-1], seed, rtol, other)
    forward, backward = own(forward, results=False), own(backward)
    _, saved = look(c, "own (vjp)", forward, None, destructive=True)
    for seed, answer in zip((*seeds, seeds[0]), (*answers, answers[0])):
        look(c, "own (pullback)", backward, answer, destructive=True, given=lambda: (saved, seed))
    space = run_text(c, [forward, backward], None)
    for seed, answer in zip((*seeds, seeds[0]), (*answers, answers[0])):
        found = space[backward.name](space[""][1], seed)
        if not c.close(found, answer):
            raise PassError(f"after emit (pullback): {found!r}, not {answer!r}")


def check_tangent(c: Compiled, expected: Any, rtol: float, other: Any) -> None:
    """Forward mode."""
    rng = np.random.default_rng(6)
    direction = c.full([numeric.random_like(a, rng) for n, a in zip(c.program.params, c.args) if n in c.wrt])
    tangents = tuple(
        numeric.combine(lambda x, d: np.asarray(d).astype(x.dtype)[()] if hasattr(x, "dtype") else type(x)(d), a, d)
        for a, d in zip(c.args, direction)
        if d is not None
    )
    count = len(c.program.params)

    def given() -> tuple[Any, ...]:
        args = c.arguments()
        return (*args[:count], *copy.deepcopy(tangents), *args[count:])

    func, _ = make_tangent(c.program, c.wrt, "f_jvp")
    value, tangent = look(c, "forward", func, None, given=given)
    if not c.close(value, expected):
        raise PassError(f"after forward: the value is {value!r}, not {expected!r}")
    seed = numeric.seed_like(expected, rng)
    found = numeric.inner(seed, tangent)
    for step in (numeric.STEP, 1e-4):  # a long step may cross a jump
        slope, error = numeric.directional(other[0], other[1], direction, seed, step)
        size = 1.0 + abs(slope)
        if abs(found - slope) <= rtol * size + 4.0 * min(error, 1e-3 * size):
            break
    else:
        raise PassError(f"after forward: directional derivative {found!r}, by differences {slope!r}")
    owned = own(func)
    look(c, "own (jvp)", owned, (value, tangent), given=given)
    look(c, "own (jvp), in place", owned, (value, tangent), destructive=True, given=given)
    run_text(c, [owned], (value, tangent), given)
