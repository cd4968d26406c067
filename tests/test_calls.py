"""Calls of NumPy, `math`, `operator` and the builtins in all their spellings: value, reverse, forward, differences.

Each line of `tests/calls/*.txt` is a program: statements divided by `;`, the last one the result. Its free names are
the arguments below.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adgen
from tests.numeric import directional, inner, leaves, mismatch, random_like, seed_like
from tests.test_formulas import same

pytestmark = pytest.mark.slow

FOLDER = Path(__file__).parent / "calls"
SERIES = ("Chebyshev", "Hermite", "HermiteE", "Laguerre", "Legendre", "Polynomial")
SIZE = 60  # calls in one test
RNG = np.random.default_rng(1)
STACK = RNG.standard_normal((2, 3, 4))
M = np.array([[1.0, -2.0, 0.5], [0.3, 4.0, -1.5]])
V = np.array([0.45, -1.2, 2.3, 0.3])
ARGUMENTS: dict[str, Any] = {
    "v": V,
    "w": np.array([1.5, 0.7, -0.4, 2.2]),
    "p": np.array([0.6, 1.3, 2.4, 0.8]),
    "u3": np.array([1.1, -0.7, 0.2]),
    "u2": np.array([0.3, 1.9]),
    "m": M,
    "n": np.array([[0.2, 1.1, -0.9], [2.5, -0.6, 0.8]]),
    "sq": np.array([[1.0, -0.5, 2.0], [0.25, 1.5, -1.0], [0.7, 0.1, -0.3]]),
    "s": STACK,
    "s2": RNG.standard_normal((2, 3, 4)),
    "a0": np.array(0.7),
    "fl": 0.7,
    "gl": -1.3,
    "e": np.zeros(0),
    "e2": np.zeros((0, 3)),
    "one": np.array([1.7]),
    "row": np.array([[0.4, -0.8, 1.2]]),
    "col": np.array([[0.4], [-0.8]]),
    "v32": np.array([0.5, -1.2, 2.0, 0.25], np.float32),
    "m32": np.array([[1.0, -2.0, 0.5], [0.25, 4.0, -1.5]], np.float32),
    "mf": np.asfortranarray(M),
    "sf": np.asfortranarray(STACK),
    "nv": np.array([0.5, np.nan, 2.0, 0.3]),
    "nm": np.array([[1.0, np.nan, 0.5], [0.3, 4.0, -1.5]]),
    "ns": np.float64(0.8),
    "idx": np.array([0, 2, 2, 1]),
    "idx2": np.array([[0, 1], [2, 0]]),
    "mk": np.array([True, False, True, True]),
    "mm": np.array([[True, False, True], [False, True, True]]),
    "k": 2,
    "li": [0.5, 1.5, -0.4],
    "tu": (0.5, 1.5, -0.4),
    "ll": [[0.5, 1.0], [2.0, -1.0]],
    "lv": [np.array([1.0, 2.0, 0.3]), np.array([0.5, -1.0, 0.7])],
    "big": np.linspace(-1.0, 1.0, 7) ** 3 + 0.1,
    "cnt": np.array([1, 0, 2, 3]),
    "srt": np.array([0.0, 0.9, 2.1, 3.0]),
}


def is_there(call: str) -> bool:
    """Say whether this NumPy has the functions of a call."""
    return all(hasattr(np, name) for name in re.findall(r"\bnp\.(\w+)", call))


NAMES = {name: re.compile(rf"(?<![\w.'\"]){name}\b(?!\s*=[^=])") for name in ARGUMENTS}
CALLS = {
    file.stem: [line for line in file.read_text().splitlines() if is_there(line)]
    for file in sorted(FOLDER.glob("*.txt"))
}


PARTS = ("interpolate", "linalg", "ndimage", "optimize", "signal", "sparse.linalg", "special", "stats")
try:
    for part in PARTS:
        importlib.import_module(f"scipy.{part}")
    LIBRARIES = [f"import scipy.{part}" for part in PARTS]
except ImportError:
    CALLS.pop("scipy", None)
    LIBRARIES = []

CHUNKS = [(name, start) for name, lines in CALLS.items() for start in range(0, len(lines), SIZE)]


def used_by(call: str) -> list[str]:
    return [name for name, pattern in NAMES.items() if pattern.search(call)]


def write_module(calls: list[str], folder: Path) -> Any:
    text = ["import functools", "import itertools", "import math", "import operator", "", "import numpy as np"]
    text += [f"from numpy.polynomial import {', '.join(SERIES)}", *LIBRARIES, ""]
    for k, call in enumerate(calls):
        *before, result = call.split(";")
        body = [*(f"    {s.strip()}" for s in before), f"    return {result.strip()}"]
        text += ["", f"def call{k}({', '.join(used_by(call))}):", *body, ""]
    path = folder / "calls.py"
    path.write_text("\n".join(text))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def problem(f: Any, call: str) -> str:
    """Say what is wrong with the derivatives of a call ("" if nothing)."""
    names = used_by(call)
    args = tuple(
        np.array(ARGUMENTS[n], order="K") if isinstance(ARGUMENTS[n], np.ndarray) else ARGUMENTS[n] for n in names
    )
    try:
        expected = f(*args)
    except (AttributeError, TypeError, ValueError):
        if np.lib.NumpyVersion(np.__version__) < "2.0.0":
            return ""  # a function or keyword that is newer
        raise
    rng = np.random.default_rng(3)
    value, pullback = adgen.vjp(f, *args)
    single = "32" in call
    if not single:
        same(value, expected, call)
    if isinstance(expected, (int, np.integer)) or not leaves(expected):
        return ""
    seed = seed_like(expected, rng)
    found = pullback(seed)
    found = found if isinstance(found, tuple) and len(found) == len(args) else (found,)
    if mismatch(found, args):
        return mismatch(found, args)
    t = tuple(None if g is None else random_like(a, rng) for g, a in zip(found, args))
    slope, error = directional(f, args, t, seed, 0.05 if single else 1e-2)
    backward = inner(t, found)
    size, tol = 1.0 + abs(slope), 2e-2 if single else 1e-6
    if abs(backward - slope) > tol * size + 4.0 * min(error, 1e-3 * size):
        nearby, _ = directional(f, args, t, seed, 1e-5)
        if abs(backward - nearby) > 1e-4 * size:
            return f"reverse {backward}, differences {slope}"
    tangents = tuple(
        np.zeros_like(a) if d is None and isinstance(a, np.ndarray) and a.dtype.kind == "f"
        else d.astype(a.dtype) if isinstance(d, np.ndarray) else d
        for d, a in zip(t, args)
    )  # fmt: skip
    _, tangent = adgen.jvp(f, args, tangents)
    forward = inner(seed, tangent)
    return "" if abs(forward - backward) <= tol * size else f"reverse {backward}, forward {forward}"


@pytest.mark.parametrize(("name", "start"), CHUNKS)
def test_calls(name: str, start: int, tmp_path: Path) -> None:
    calls = CALLS[name][start : start + SIZE]
    module = write_module(calls, tmp_path)
    problems = []
    for k, call in enumerate(calls):
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                found = problem(getattr(module, f"call{k}"), call)
            except Exception as error:  # the report names the call
                found = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
        if found:
            problems.append(f"{call}: {found}")
    assert problems == []
