"""Print the table. See README.md beside this file."""

from __future__ import annotations

import argparse
import platform
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import adgen
from benchmarks import sizes, startup
from benchmarks.functions import FUNCTION_CASES
from benchmarks.measure import measure_peak, time_side_by_side
from benchmarks.pairs import print_pairs
from benchmarks.programs import CASES, Case
from benchmarks.rivals import make_autograd, make_jax

COLUMNS = ("primal", "by hand", "adgen", "specialized", "bare", "Autograd", "JAX jit")
CELL = 26


def make_calls(case: Case, notes: list[str]) -> dict[str, Callable[[], Any]]:
    """Make one call without arguments per column, checked against the hand-written gradient."""
    args = case.make_args()
    adgen_grad = adgen.grad(case.program, wrt=case.wrt if len(case.wrt) > 1 else case.wrt[0])
    makers: dict[str, Callable[[], Callable[..., Any]]] = {
        "adgen": lambda: adgen_grad,
        "specialized": lambda: adgen_grad.specialize(*args),
        "bare": lambda: adgen_grad.bare(*args),
        "Autograd": lambda: make_autograd(case),
        "JAX jit": lambda: make_jax(case),
    }
    expected = case.gradient(*args)
    calls = {"primal": bind_primal(case, args), "by hand": bind(case.gradient, args)}
    for column, make in makers.items():
        try:
            call = bind(make(), args)
            check_equal(call(), expected)
        except Exception as error:  # one contender that fails must not hide the others
            notes.append(f"{case.name}, {column}: {type(error).__name__}: {str(error).splitlines()[0]}")
        else:
            calls[column] = call
    return calls


def bind(function: Callable[..., Any], args: tuple[Any, ...]) -> Callable[[], Any]:
    """Give a call without arguments."""
    return lambda: function(*args)


def bind_primal(case: Case, args: tuple[Any, ...]) -> Callable[[], Any]:
    """Give a call of the program that keeps its arguments: one program writes into its first."""
    if case.program.__name__ == "heat":
        return lambda: case.program(args[0].copy(), *args[1:])
    return bind(case.program, args)


def check_equal(found: Any, expected: Any) -> None:
    """Raise if a gradient differs from the hand-written one."""
    found = found if isinstance(found, tuple | list) else (found,)
    expected = expected if isinstance(expected, tuple) else (expected,)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-10)


def print_times(cases: list[Case], rounds: int, batch: float, notes: list[str]) -> None:
    """Print time and peak memory of each gradient, with its ratios to the hand-written one and to the primal."""
    print("Gradient: time of a call (times by hand, times primal), peak memory")
    print(f"{'':16}" + "".join(f"{column:>{CELL}}" for column in COLUMNS))
    for case in cases:
        calls = make_calls(case, notes)
        seconds = time_side_by_side(calls, rounds, batch)
        times, peaks = f"{case.name:16}", f"{'':16}"
        for column in COLUMNS:
            times += f"{show_time(column, seconds):>{CELL}}"
            peak = "" if column == "JAX jit" or column not in calls else show_bytes(measure_peak(calls[column]))
            peaks += f"{peak:>{CELL}}"
        print(times, peaks, sep="\n", flush=True)


def show_time(column: str, seconds: dict[str, float]) -> str:
    """Show a time and its two ratios."""
    if column not in seconds:
        return "-"
    value = seconds[column]
    unit, scale = next(pair for pair in (("us", 1e6), ("ms", 1e3), ("s", 1.0)) if value * pair[1] < 1e3 or pair[1] == 1)
    return f"{value * scale:.3g} {unit} ({value / seconds['by hand']:.2f}, {value / seconds['primal']:.2f})"


def show_bytes(count: int) -> str:
    """Show a number of bytes."""
    return f"{count / 1e6:.2f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"


def print_startup(repeats: int) -> None:
    """Print compile and import times."""
    print("\nCompile, in a fresh process: ms")
    print(f"{'':16}{'cold':>12}{'from disk':>12}{'from memory':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for name in startup.write_module(Path(folder)):
            try:
                took = startup.measure_compile(name, Path(folder), repeats)
            except RuntimeError as error:
                print(f"{name:16}  failed: {error}", flush=True)
            else:
                print(f"{name:16}{took['cold']:12.1f}{took['disk']:12.2f}{took['memory']:12.3f}", flush=True)
    print(f"\nImport of adgen, once NumPy is there: {startup.measure_import(2 * repeats + 1):.0f} ms")


def main() -> None:
    """Parse the command line, then measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure gradients side by side.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats, without the slowest cases")
    parser.add_argument(
        "--only", metavar="NAME", help="only rows whose name contains NAME, or startup, or pairs, or sizes"
    )
    options = parser.parse_args()

    cases = [case for case in (*CASES, *FUNCTION_CASES) if not (options.quick and case.slow)]
    if options.only:
        cases = [case for case in cases if options.only in case.name]
    if not cases and options.only not in ("startup", "pairs", "sizes"):
        parser.error(f"no row is called {options.only!r}")

    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}\n")
    notes: list[str] = []
    if cases:
        print_times(cases, rounds=5 if options.quick else 25, batch=0.005 if options.quick else 0.02, notes=notes)
    if options.only in {None, "pairs"}:
        print()
        print_pairs(rounds=5 if options.quick else 25, batch=0.005 if options.quick else 0.02)
    if options.only in {None, "startup"}:
        print_startup(repeats=1 if options.quick else 5)
    if options.only in {None, "sizes"}:
        print(f"\nHow compile time grows:\n{sizes.report()}")
    if notes:
        print("\nNot measured:", *notes, sep="\n  ")


if __name__ == "__main__":
    main()
