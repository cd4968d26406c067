"""How compile time grows with the size of a function: statements, depth of expressions, depth of loops and branches.

Every program is made of text, differentiated once without a cache, and its gradient checked by a difference.
"""

from __future__ import annotations

import linecache
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import adgen

STATEMENTS = (125, 250, 500, 1000, 2000)
EXPRESSIONS = (25, 50, 100, 200)
NESTS = (1, 2, 4, 6, 8)


def statements(count: int) -> str:
    """Return a function of so many statements, each of which reads two earlier values."""
    lines = ["def f(x):", "    v0 = x"]
    lines += [f"    v{i} = 0.5 * v{i - 1} + 0.1 * v{i // 2} * v{i - 1}" for i in range(1, count)]
    return "\n".join([*lines, f"    return v{count - 1}", ""])


def expression(depth: int) -> str:
    """Return a function whose one expression is so many calls and brackets deep."""
    text = "x"
    for k in range(depth):
        text = f"math.sin({text})" if k % 3 == 0 else f"(0.5 * {text} + x)" if k % 3 == 1 else f"(x - {text} * 0.25)"
    return f"import math\ndef f(x):\n    return {text}\n"


def nest(kind: str, depth: int) -> str:
    """Return a function of so many loops, or branches, in each other."""
    lines = ["def f(x):", "    s = x"]
    for k in range(depth):
        indent = "    " * (k + 1)
        if kind == "for":
            lines.append(f"{indent}for i{k} in range(1 + {k} % 2):")
        elif kind == "while":
            lines += [f"{indent}n{k} = 0", f"{indent}while n{k} < 1 + {k} % 2:", f"{indent}    n{k} += 1"]
        else:
            lines.append(f"{indent}if s > {-k}.5 * x:")
        lines.append(f"{indent}    s = s * 0.75 + 0.1 * x * s")
    return "\n".join([*lines, "    return s", ""])


def make(text: str, folder: str) -> Callable[[float], float]:
    """Return the function f that a text defines, in a file of its own."""
    file = os.path.join(folder, f"sized_{abs(hash(text))}.py")
    with open(file, "w") as out:
        out.write(text)
    linecache.checkcache(file)
    space: dict[str, Any] = {"__name__": "sized"}
    exec(compile(text, file, "exec"), space)
    made: Callable[[float], float] = space["f"]
    return made


def check(f: Callable[[float], float], df: Callable[[float], float], x: float = 0.6, h: float = 1e-6) -> None:
    """Raise AssertionError where a gradient is not the slope of its function."""
    slope = (f(x + h) - f(x - h)) / (2 * h)
    assert abs(df(x) - slope) <= 1e-5 * max(1.0, abs(slope)), (df(x), slope)


def programs() -> Iterator[tuple[str, int, str]]:
    yield from (("statements", n, statements(n)) for n in STATEMENTS)
    yield from (("deep expression", n, expression(n)) for n in EXPRESSIONS)
    for kind in ("for", "while", "if"):
        yield from ((f"nested `{kind}`", n, nest(kind, n)) for n in NESTS)


def measure() -> Iterator[tuple[str, int, float, int]]:
    """Yield for each program its kind, its size, the seconds that compiling takes, and the lines of the gradient."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ADGEN_CACHE"] = "off"
        adgen.grad(make(statements(3), folder))(0.6)  # what is loaded once
        for kind, size, text in programs():
            f = make(text, folder)
            df = adgen.grad(f)
            start = time.perf_counter()
            compiled = df.specialize(0.6)
            seconds = time.perf_counter() - start
            check(f, df)
            yield kind, size, seconds, compiled.source.count("\n")


def report() -> str:
    """Return a table of compile times by size."""
    lines = [f"{'program':<16} {'size':>6} {'seconds':>9} {'per unit':>10} {'lines':>7}"]
    for kind, size, seconds, count in measure():
        lines.append(f"{kind:<16} {size:>6} {seconds:>9.3f} {1e3 * seconds / size:>7.2f} ms {count:>7}")
    return "\n".join(lines)
