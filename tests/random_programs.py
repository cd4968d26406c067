"""Seeded random programs in the language that the compiler knows.

`generate(seed)` returns a program as source text with arguments for it. Shapes are consistent by construction;
values are bounded, nothing warns, and the program is smooth at its arguments (attempts that are not are thrown
away). `python -m tests.random_programs --count 2000` checks the gradients of many and prints what was refused.
"""

from __future__ import annotations

import argparse
import copy
import functools
import linecache
import multiprocessing
import random
import re
import sys
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tests import numeric
from tests.random_constructs import HEADER
from tests.random_expressions import F, Helper, Kind, arr
from tests.random_headers import CLASSES, OUTER, OUTER_NAMES
from tests.random_language import constructs
from tests.random_rest import WEIGHTS, RestWriter
from tests.random_shrink import shrink

LIMIT = 50.0  # a program with larger values is thrown away
LARGEST_SLOPE = 1e4
IMPORTS = """\
import contextlib
import dataclasses
import functools
import math
from collections import namedtuple

import numpy as np
import numpy as xp
from numpy import sin as sine

Pair = namedtuple("Pair", ("left", "right"))


"""


@dataclass
class Program:
    seed: int
    source: str
    name: str
    args: tuple[Any, ...]
    constructs: set[str]
    statements: int
    single: bool = False  # float32 occurs

    def function(self, double: bool = False) -> Callable[..., Any]:
        """Return the function; `double` gives the one that computes in float64 throughout."""
        source = self.source.replace("float32", "float64") if double else self.source
        return load(source, self.name, f"random_{self.seed}{'_double' if double else ''}")

    def arguments(self, double: bool = False) -> tuple[Any, ...]:
        args = copy.deepcopy(self.args)
        if not double:
            return args
        return tuple(a.astype(np.float64) if isinstance(a, np.ndarray) else a for a in args)


_loaded = iter(range(10**9))


def load(source: str, name: str, label: str) -> Callable[..., Any]:
    """Run a module text so that its source can be found, and return one of its functions."""
    filename = f"<{label}_{next(_loaded)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    space: dict[str, Any] = {"__name__": label}
    exec(compile(source, filename, "exec", dont_inherit=True), space)
    found: Callable[..., Any] = space[name]
    return found


def make_helper(rng: random.Random, name: str, n: int, kind: str) -> Helper:
    """Write a small function at module level."""
    u = arr(n)
    params: list[tuple[str, Kind, str | None]] = {
        "scalar": [("x", F, None), ("y", F, rng.choice([None, "0.7"])), ("c", F, "1.3")],
        "array": [("u", u, None), ("x", F, None), ("c", F, "0.8")],
        "reduce": [("u", u, None), ("x", F, "0.4")],
        "pair": [("x", F, None), ("u", u, None), ("c", F, "0.6")],
        "inplace": [("u", u, None), ("x", F, None)],
    }[kind]
    result = {"scalar": F, "array": u, "reduce": F, "pair": Kind("tuple", (), (F, rng.choice([F, u]))), "inplace": F}[
        kind
    ]
    weights = {**WEIGHTS, "call": 0, "call_inplace": 0, "view": 0.3, "time_loop": 0, "loop_exit": 0.3}
    w = RestWriter(rng, {p: k for p, k, _ in params}, result, [], weights)
    if kind == "inplace":
        w.owned.add("u")
        w.fixed.add("u")
        for _ in range(rng.randint(1, 2)):
            rng.choice([w.do_element, w.do_slice, w.do_slice_aug, w.do_element_aug])()
    else:
        for _ in range(rng.randint(0, 2)):
            w.statement()
        w.emit(f"return {w.final()}")
    head = ", ".join(p if default is None else f"{p}={default}" for p, _, default in params)
    return Helper(name, params, result, f"def {name}({head}):\n" + "\n".join(w.lines) + "\n", kind == "inplace")


def attempt(seed: int, number: int, weights: dict[str, float]) -> Program:
    """Write one program; it may turn out to be unfit."""
    rng = random.Random(f"{seed}/{number}")
    values = np.random.default_rng([seed, number])
    n, m = rng.choice([3, 4, 5]), rng.choice([2, 3, 4])
    single = rng.random() < 0.1
    dtype = np.float32 if single else np.float64

    def data(*shape: int) -> np.ndarray:
        return (np.round(values.uniform(-1.3, 1.3, shape), 3) + 4e-4).astype(dtype)  # beside the constants

    env: dict[str, Kind] = {}
    args: list[Any] = []
    tags: set[str] = set()

    def add(name: str, kind: Kind, value: Any) -> None:
        env[name] = kind
        args.append(value)

    if single:
        tags.add("float32")
    add("u", arr(n), data(n))
    if rng.random() < 0.75:
        add("x", F, round(float(values.uniform(-1.2, 1.2)), 3) + 4e-4)
    if rng.random() < 0.35:
        add("v", arr(rng.choice([n, m])), np.zeros(0))
        args[-1] = data(*env["v"].shape)
    if rng.random() < 0.45:
        add("A", arr(*rng.choice([(n, m), (n, n), (m, n)])), np.zeros(0))
        args[-1] = data(*env["A"].shape)
    if rng.random() < 0.3:
        add("y", F, round(float(values.uniform(-1.2, 1.2)), 3) + 4e-4)
    if rng.random() < 0.4:
        k = rng.choice([2, 3])
        add("k", Kind("int", (k, k)), k)
        tags.add("int parameter")
    if rng.random() < 0.15:
        add("xs", Kind("list", (3,), (arr(n),)), [data(n) for _ in range(3)])
        tags.add("list parameter")
    if rng.random() < 0.15:
        value = {"w": data(n), "b": round(float(values.uniform(-1, 1)), 3) + 4e-4}
        add("params", Kind("dict", (), (arr(n), F), ("w", "b")), value)
        tags.add("dict parameter")
    if rng.random() < 0.15:
        add("pair", Kind("tuple", (), (F, arr(n))), (round(float(values.uniform(-1, 1)), 3) + 4e-4, data(n)))
        tags.add("tuple parameter")
    kinds = [kind for kind in ("scalar", "array", "reduce", "pair") if rng.random() < 0.45]
    kinds += ["inplace"] if rng.random() < 0.2 else []
    names = rng.sample(["blend", "shift", "score", "step", "mix"], len(kinds))
    helpers = [make_helper(rng, name, n, kind) for name, kind in zip(names, kinds)]
    result = rng.choice([F] * 8 + [arr(n), Kind("tuple", (), (F, arr(n)))])
    w = RestWriter(rng, env, result, helpers, weights)
    w.fixed |= {name for name, k in env.items() if k.name in ("int", "list", "dict", "tuple")}
    w.owned |= {name for name, k in env.items() if k.name == "array" and rng.random() < 0.2}
    w.tags |= tags
    target = rng.randint(12, 26)
    params = ", ".join(env)
    while w.count < target - 1:
        w.statement()
    w.emit(f"return {w.final()}")
    defined = [h.source for h in helpers]
    text = "\n".join((*w.lines, *defined))
    defined[:0] = [
        header
        for header, names in ((OUTER, OUTER_NAMES), (CLASSES, ("Line", "Bent")), (HEADER, ("Box",)))
        if any(re.search(rf"\b{n}\b", text) for n in names)
    ]
    text = IMPORTS + "".join(d.rstrip() + "\n\n\n" for d in defined)
    text += f"def program({params}):\n" + "\n".join(w.lines) + "\n"
    if single:
        text = text.replace(".copy()", ".astype(np.float32)", 1)
    return Program(seed, text, "program", tuple(args), constructs(text) | w.tags, w.count, single)


def unfit(p: Program) -> str:
    """Say why a program is no good for a comparison with differences ("" if it is)."""
    f = p.function(double=True)
    args = p.arguments(double=True)
    rng = np.random.default_rng(7)
    try:
        with warnings.catch_warnings(), np.errstate(all="raise", under="ignore"):
            warnings.simplefilter("error")
            value = p.function()(*p.arguments())
            numbers = [np.max(np.abs(leaf), initial=0.0) for leaf in numeric.leaves(value)]
            if not numbers or not max(numbers) < LIMIT:
                return "large"
            seed = numeric.seed_like(f(*copy.deepcopy(args)), rng)
            slopes = []
            for _ in range(2):
                direction = numeric.random_like(args, rng)
                slope, error = numeric.directional(f, args, direction, seed)
                if not error < 1e-7 * (1.0 + abs(slope)):
                    return "rough"
                if numeric.jump(f, args, direction, seed) > 1e-3 * (1.0 + abs(slope)):
                    return "rough"
                slopes.append(abs(slope))
    except (ArithmeticError, ValueError, IndexError, RuntimeWarning) as e:
        return f"{type(e).__name__}: {e}"
    if not 1e-6 < max(slopes) < LARGEST_SLOPE:
        return "flat or steep"
    return ""


def generate(seed: int, weights: dict[str, float] = WEIGHTS) -> Program:
    """Return the program of a seed: always the same one."""
    for number in range(60):
        p = attempt(seed, number, weights)
        if not unfit(p):
            return p
    raise RuntimeError(f"no fit program for seed {seed}")


@dataclass(frozen=True)
class Outcome:
    """What became of one program: "right", "refused", "wrong" or "unfit" (differences can't judge it), and why."""

    verdict: str
    reason: str = ""
    detail: str = ""


def check(p: Program) -> Outcome:
    """Compare value and gradients of a program with plain Python and with differences."""
    import adgen

    f, args, rng = p.function(), p.arguments(), np.random.default_rng(11)
    expected = f(*p.arguments())
    seeds = [numeric.seed_like(expected, rng) for _ in range(2)]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value, pullback = adgen.vjp(f, *args)
            first = pullback(seeds[0])
            kept = copy.deepcopy(first)
            second = pullback(seeds[1])
    except adgen.AdgenError as e:
        kind = type(e).__name__
        return Outcome("wrong" if kind == "InternalError" else "refused", f"{kind}: {str(e).splitlines()[0]}", str(e))
    except Exception as e:
        return Outcome("wrong", f"{type(e).__name__}: {e}", "".join(traceback.format_exception(e)))
    if not numeric.close(value, expected, *((1e-3, 1e-4) if p.single else (1e-9, 1e-11))):
        return Outcome("wrong", "value differs", f"value {value!r}, by Python {expected!r}")
    if not numeric.equal(args, p.args):
        return Outcome("wrong", "arguments changed", f"arguments {args!r}, before {p.args!r}")
    if not numeric.equal(first, kept):
        return Outcome("wrong", "the second pullback changed the first's result")
    for grads, seed in zip((first, second), seeds):
        problem = numeric.mismatch(grads, p.args)
        if problem:
            return Outcome("wrong", "types of the gradient", problem)
        try:
            rtol = 5e-3 if p.single else 1e-6
            numeric.assert_gradient(p.function(double=True), grads, p.arguments(double=True), seed, rtol, directions=1)
        except AssertionError as e:
            double = p.function(double=True), grads, p.arguments(double=True), seed
            if numeric.is_beside_kink(*double, rtol=5e-3 if p.single else 1e-4):
                return Outcome("unfit", "a kink at the point, or a jump beside it")
            return Outcome("wrong", "gradient", str(e))
    return forward(p, first, seeds[0], expected)


def forward(p: Program, grads: Any, seed: Any, expected: Any) -> Outcome:
    """Compare forward mode with Python's value and with the reverse mode, by the dot product."""
    import adgen

    args = p.arguments()
    direction = numeric.random_like(args, np.random.default_rng(13))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            value, tangent = adgen.jvp(p.function(), args, direction)
    except adgen.AdgenError as e:
        kind = type(e).__name__
        return Outcome("wrong" if kind == "InternalError" else "refused", f"jvp, {kind}: {e.args[0]}", str(e))
    except Exception as e:
        return Outcome("wrong", f"jvp, {type(e).__name__}: {e}", "".join(traceback.format_exception(e)))
    if not numeric.close(value, expected, *((1e-3, 1e-4) if p.single else (1e-9, 1e-11))):
        return Outcome("wrong", "jvp, value differs", f"value {value!r}, by Python {expected!r}")
    if not numeric.equal(args, p.args):
        return Outcome("wrong", "jvp, arguments changed", f"arguments {args!r}, before {p.args!r}")
    one, two = numeric.inner(seed, tangent), numeric.inner(grads, direction)
    if not abs(one - two) <= (1e-2 if p.single else 1e-9) * (1.0 + abs(one)):
        return Outcome("wrong", "jvp, dot product", f"seed . tangent {one!r}, gradient . direction {two!r}")
    return Outcome("right")


def check_second(p: Program) -> Outcome:
    """Compare the derivative of a gradient, in both modes, with differences of the gradient."""
    import adgen

    f, args, rng = p.function(), p.arguments(), np.random.default_rng(17)
    if p.single or not isinstance(f(*p.arguments()), float):
        return Outcome("unfit", "not a float64 number")
    names = f.__code__.co_varnames[: len(args)]
    wrt = tuple(n for n, a in zip(names, args) if not isinstance(a, int))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            df = adgen.grad(f, wrt=wrt)
            gradient = df(*args)
            direction = numeric.random_like(args, rng)
            seed = numeric.random_like(gradient, rng)
            slope, error = numeric.directional(df, p.arguments(), direction, seed)
            if not error < 1e-6 * (1.0 + abs(slope)) or numeric.jump(df, p.arguments(), direction, seed) > 1e-3:
                return Outcome("unfit", "the gradient is rough")
            _, tangent = adgen.jvp(df, p.arguments(), direction)
            _, pullback = adgen.vjp(df, *p.arguments())
            rows = pullback(seed)
    except adgen.AdgenError as e:
        kind = type(e).__name__
        return Outcome("wrong" if kind == "InternalError" else "refused", f"second, {kind}: {e.args[0]}", str(e))
    except Exception as e:
        return Outcome("wrong", f"second, {type(e).__name__}: {e}", "".join(traceback.format_exception(e)))
    forward, reverse = numeric.inner(seed, tangent), numeric.inner(rows, direction)
    for mode, found in (("forward", forward), ("reverse", reverse)):
        if not abs(found - slope) <= 1e-5 * (1.0 + abs(slope)):
            return Outcome(
                "wrong", f"second, {mode} over reverse", f"{found!r}, by differences {slope!r} ± {error:.1e}"
            )
    return Outcome("right")


def examine(seed: int, second: bool = False) -> tuple[int, Outcome]:
    """Generate and check one program."""
    p = generate(seed)
    outcome = check(p)
    return seed, check_second(p) if second and outcome.verdict == "right" else outcome


def main() -> int:
    """Check many programs; print the wrong ones, made small, and the classes of refusals."""
    parser = argparse.ArgumentParser(prog="python -m tests.random_programs", description=main.__doc__)
    parser.add_argument("--count", type=int, default=200, help="how many programs")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--show", type=int, default=3, help="how many wrong programs to print")
    parser.add_argument("--second", action="store_true", help="check the derivatives of the gradients, too")
    parser.add_argument("--no-shrink", action="store_true", help="print them as they were generated")
    options = parser.parse_args()
    seeds = range(options.start, options.start + options.count)
    verdicts: Counter[str] = Counter()
    reasons: dict[str, Counter[str]] = {"refused": Counter(), "unfit": Counter(), "wrong": Counter()}
    example: dict[str, int] = {}
    wrong: list[tuple[int, Outcome]] = []
    with multiprocessing.Pool(options.jobs) as pool:
        one = functools.partial(examine, second=options.second)
        for seed, outcome in pool.imap(one, seeds, chunksize=4) if options.jobs > 1 else map(one, seeds):
            verdicts[outcome.verdict] += 1
            if outcome.verdict != "right":
                reasons[outcome.verdict][outcome.reason] += 1
                example.setdefault(outcome.reason, seed)
            if outcome.verdict == "wrong":
                wrong.append((seed, outcome))
    for seed, outcome in wrong[: options.show]:
        print(report(generate(seed), outcome, small=not options.no_shrink), end="\n\n")
    for verdict, counter in reasons.items():
        for reason, count in counter.most_common():
            print(f"{verdict} {count:5d}  {reason}  (seed {example[reason]})")
    print(", ".join(f"{verdicts[v]} {v}" for v in ("right", "refused", "unfit", "wrong")))
    return 1 if verdicts["wrong"] or verdicts["refused"] > 0.02 * options.count else 0


def shrunk(p: Program, fails: Callable[[Program], bool]) -> Program:
    """Return a smaller program that still fails, and is still fit for a comparison."""

    def still(source: str) -> bool:
        q = replace(p, source=source)
        try:
            return not unfit(q) and fails(q)
        except Exception:
            return False

    return replace(p, source=shrink(p.source, still))


def report(p: Program, outcome: Outcome, small: bool = False) -> str:
    """Return the text about a wrong program."""
    if small:
        kind = outcome.reason.split(":")[0]

        def fails(q: Program) -> bool:
            o = both(q)
            return o.verdict == outcome.verdict and o.reason.split(":")[0] == kind

        both = check_second if kind.startswith("second") else check
        p = shrunk(p, fails)
        outcome = both(p)
    return f"# seed {p.seed}: {outcome.reason}\n{p.source}# args = {p.args!r}\n# {outcome.detail}"


if __name__ == "__main__":
    sys.exit(main())
