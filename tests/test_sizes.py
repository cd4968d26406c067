"""Large and deep programs compile under the default recursion limit, and their gradients are right."""

from __future__ import annotations

import inspect
import sys
import threading

import numpy as np
import pytest

import adgen
from benchmarks import sizes

LARGE = [
    pytest.param(sizes.statements(2000), id="2000 statements", marks=pytest.mark.slow),
    pytest.param(sizes.statements(300), id="300 statements"),
]


@pytest.mark.parametrize("text", LARGE)
def test_compiles(text, tmp_path):
    f = sizes.make(text, str(tmp_path))
    limit = sys.getrecursionlimit()
    df = adgen.grad(f)
    sizes.check(f, df)
    assert sys.getrecursionlimit() == limit
    value, tangent = adgen.jvp(f, (0.6,), (1.0,))
    assert np.isclose(value, f(0.6))
    assert np.isclose(tangent, df(0.6))


# What holds at the default limit, called from a stack that is 300 deep.


def from_deep(frames, call):
    return from_deep(frames - 1, call) if frames else call()


def chains(count):
    """Return functions with chains of so many parts, by what they are of."""
    low = f"{{}}.5 - {count - 1}"
    arms = "".join(f"    elif x < {low.format(k)}:\n        s = {k}.0 * x\n" for k in range(count))
    cases = "".join(f"        case {k - count // 2}:\n            s = {k}.5 * x\n" for k in range(count))
    returns = "".join(f"    if x < {low.format(k)}:\n        return {k}.0 * x\n" for k in range(count))
    values = "".join(f"x * {k}.0 if x < {low.format(k)} else " for k in range(count))
    return {
        "elif": f"def f(x):\n    if x < -1000.0:\n        s = x\n{arms}    else:\n        s = x\n    return s * s\n",
        "match": f"def f(x):\n    match int(x * 7.0):\n{cases}    return s * x\n",
        "returns": f"def f(x):\n{returns}    return x * x\n",
        "and": f"def f(x):\n    return x * x if {' and '.join(f'x > -{k}.5' for k in range(count))} else x\n",
        "or": f"def f(x):\n    return x * x if {' or '.join(f'x < -{k}.5' for k in range(count))} or x > 0.5 else x\n",
        "conditional": f"def f(x):\n    return {values}x\n",
    }


DEEP = {
    "expression": sizes.expression(200),
    "terms": "def f(x):\n    return " + " + ".join(["x", "x * x"] * 500) + "\n",
    "calls": "def g0(x):\n    return x * x\n"
    + "".join(f"def g{k + 1}(x):\n    return g{k}(x * 1.01) + 0.1 * x\n" for k in range(29))
    + "def f(x):\n    return g29(x)\n",
    "recursion": "def f(x, n=100):\n    return x if n == 0 else f(x * 1.01, n - 1) * x\n",
    **{f"8 nested {kind}": sizes.nest(kind, 8) for kind in ("for", "while", "if")},
    **chains(70),
}
LONG = {
    "literals": f"def f(x):\n    s = x\n    for v in [{', '.join(f'{k}.5' for k in range(5000))}]:\n"
    "        s += v * x * x\n    return s\n",
    "statements": sizes.statements(2000),
    **{f"{name} 300": text for name, text in chains(300).items()},
}


@pytest.mark.parametrize(
    "text", [pytest.param(t, id=n, marks=[pytest.mark.slow] * (n in LONG)) for n, t in {**DEEP, **LONG}.items()]
)
def test_from_a_deep_stack(text, tmp_path, monkeypatch):
    monkeypatch.setenv("ADGEN_CACHE", "off")
    f = sizes.make(text, str(tmp_path))
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    try:
        df = adgen.grad(f)
        used = len(inspect.stack(0))
        from_deep(300 - used, lambda: df.specialize(0.6))
        sizes.check(f, df)
        assert sys.getrecursionlimit() == 1000
    finally:
        sys.setrecursionlimit(limit)


def test_too_deep(tmp_path):
    """What Python itself can't take is refused, and compiles where there is room."""
    f = sizes.make(sizes.expression(60), str(tmp_path))
    df = adgen.grad(f)
    room = sys.getrecursionlimit() - len(inspect.stack(0))
    with pytest.raises(adgen.NestingError, match="recursion limit is .* of which the caller uses") as caught:
        from_deep(room - 60, lambda: df(0.6))
    assert isinstance(caught.value, RecursionError)
    with pytest.raises(adgen.NestingError):
        from_deep(room - 100, lambda: adgen.jvp(f, (0.6,), (1.0,)))
    sizes.check(f, df)


def test_generated_code_too_deep(tmp_path):
    """Python takes a hundred levels of indentation."""
    lines = [f"{' ' * (k + 1)}if x > {k}.5 - 100.0:" for k in range(96)]
    for k in range(5):
        lines += [f"{' ' * 97}{'el' * (k > 0)}if math.sin(x * {k}.0) > 0.5:", f"{' ' * 98}x = x * {k}.0"]
    f = sizes.make("\n".join(["import math", "def f(x):", *lines, " return x", ""]), str(tmp_path))
    with pytest.raises(adgen.NestingError, match="indentation"):
        adgen.grad(f)(0.6)


def test_compiles_in_a_thread(tmp_path):
    """A thread has a smaller stack."""
    f, found = sizes.make(sizes.statements(100), str(tmp_path)), []
    thread = threading.Thread(target=lambda: found.append(adgen.grad(f)(0.6)))
    thread.start()
    thread.join()
    slope = (f(0.6 + 1e-6) - f(0.6 - 1e-6)) / 2e-6
    assert np.isclose(found[0], slope, rtol=1e-5)


def test_the_gradient_is_not_much_longer_than_the_program(tmp_path):
    """Text grows as the program does."""
    lines = [
        adgen.grad(sizes.make(sizes.statements(n), str(tmp_path))).specialize(0.6).source.count("\n") for n in (40, 120)
    ]
    assert lines[1] < 3.3 * lines[0]


def test_report(monkeypatch):
    """The curve can be drawn: a short one here."""
    monkeypatch.setenv("ADGEN_CACHE", "off")
    monkeypatch.setattr(sizes, "STATEMENTS", (5, 10))
    monkeypatch.setattr(sizes, "EXPRESSIONS", (4,))
    monkeypatch.setattr(sizes, "NESTS", (1, 2))
    assert len(sizes.report().splitlines()) == 1 + 2 + 1 + 3 * 2
