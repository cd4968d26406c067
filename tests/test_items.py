"""Each construct of the language is right alone, in a loop, in a callee, in a branch, and in a `try`.

`tests/items.txt` has a program for each; reverse, forward and second derivatives are compared with differences.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import re
import textwrap
from itertools import count
from pathlib import Path

import numpy as np
import pytest

import adgen

POINT = np.array([0.7, 1.3, 2.1])
UNIT = np.eye(3)
NUMBER = count()
TOP = "import collections, contextlib, dataclasses, functools, itertools, math\nimport numpy as np\n"
AROUND = {
    "alone": "return g(x)",
    "loop": "s = 0.0\nfor _ in range(3):\n    s = 0.5 * s + g(x * (1.0 + 0.01 * s))\nreturn s",
    "callee": "h = lambda v: g(v * 1.0) * v[0]\nreturn h(x) + g(x)",
    "branch": "if x[0] > 0.5:\n    y = g(x)\nelse:\n    y = x[1]\nreturn y * x[2]",
    "try": "try:\n    y = g(x)\nexcept (ValueError, ZeroDivisionError):\n    y = x[0]\nreturn y * x[1]",
}


def read():
    text = (Path(__file__).parent / "items.txt").read_text()
    for group in re.split(r"^# ", text, flags=re.M)[1:]:
        title, _, rest = group.partition("\n")
        for item in re.split(r"^## ", rest, flags=re.M)[1:]:
            name, _, program = item.partition("\n")
            top, _, body = program.rpartition("\n--\n") if "\n--\n" in program else ("", "", program)
            yield pytest.param(top, body.strip("\n"), id=f"{title}: {name}")


def make(top, body, around):
    parts = [
        TOP,
        top,
        "def g(x):",
        textwrap.indent(body, "    "),
        "def f(x):",
        textwrap.indent(AROUND[around], "    "),
        "",
    ]
    text, file = "\n".join(parts), f"<item {next(NUMBER)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space = {"__name__": __name__}
    exec(compile(text, file, "exec"), space)
    return space["f"]


def slopes(f):
    h = 1e-6
    return np.array([(f(POINT + h * v) - f(POINT - h * v)) / (2 * h) for v in UNIT])


@pytest.mark.slow
@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize(("top", "body"), list(read()))
def test_item(top, body, around):
    with contextlib.redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        wanted = slopes(make(top, body, around))
        gradient, x = adgen.grad(make(top, body, around)), POINT.copy()
        assert np.allclose(gradient(x), wanted, rtol=1e-5, atol=1e-5)
        assert np.array_equal(x, POINT)
        direction = np.array([0.3, -1.1, 0.7])
        _, tangent = adgen.jvp(make(top, body, around), (POINT.copy(),), (direction,))
        assert np.allclose(tangent, wanted @ direction, rtol=1e-5, atol=1e-5)
        twice = adgen.vjp(adgen.grad(make(top, body, around)), POINT.copy())[1](direction)[0]
        wanted = slopes(lambda v: gradient(v) @ direction)
        assert np.allclose(0.0 if twice is None else twice, wanted, rtol=1e-4, atol=1e-4)
