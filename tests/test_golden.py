"""Golden files: each program of `tests/golden` and, beside it as `<name>_grad.py`, the text that is made of it.

`ADGEN_GOLDEN=write pytest tests/test_golden.py` writes the texts anew: read the difference before committing it.
A program is the last function of its file; `ARGS` are its arguments, `WRT`, `MODE` and `ORDER` what is asked for.
"""

from __future__ import annotations

import ast
import copy
import importlib
import inspect
import os
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
import pytest

import adgen
from adgen.api.engine import Engine
from adgen.api.grad import unwrap
from adgen.api.link import Loaded
from adgen.api.names import parameters_of
from adgen.api.request import Options
from adgen.api.signature import is_floating_key, key_of
from adgen.api.standalone import write_dump, write_standalone
from tests import numeric

FOLDER = Path(__file__).parent / "golden"
NAMES = sorted(p.stem for p in FOLDER.glob("*.py") if not p.stem.endswith("_grad") and p.stem != "__init__")

# The texts of the design's section 4: at most so many statements and array operations.
DESIGN = {
    "loss": """
def loss_grad(w, b, x, y):
    p = np.tanh(x @ w + b)
    r = p - y
    d_p = 2.0 * r / r.size
    t = d_p * (1.0 - p * p)
    d_w = x.T @ t
    d_b = t.sum(axis=0)
    return d_w, d_b
""",
    "newton": """
def newton_grad(a, tol):
    x = a
    x_saved = []
    for _ in range(50):
        x_saved.append(x)
        x_next = 0.5 * (x + a / x)
        if abs(x_next - x) < tol:
            break
        x = x_next
    d_a, d_x, d_x_next = 0.0, 0.0, 1.0
    for x in reversed(x_saved):
        d_x_next += d_x
        t = 0.5 * d_x_next
        d_a += t / x
        d_x = t * (1.0 - a / (x * x))
        d_x_next = 0.0
    return d_a + d_x
""",
    "heat": """
def heat_grad(u, c, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    d_u = 2.0 * u
    for _ in range(steps):
        t = c * d_u[1:-1]
        d_u[2:] += t
        d_u[1:-1] -= 2.0 * t
        d_u[:-2] += t
    return d_u
""",
}


class Golden:
    """One program with what is asked of it."""

    def __init__(self, name: str) -> None:
        self.path = FOLDER / f"{name}_grad.py"
        self.module: ModuleType = importlib.import_module(f"tests.golden.{name}")
        own = [
            f
            for f in vars(self.module).values()
            if isinstance(f, FunctionType) and f.__module__ == self.module.__name__
        ]
        self.fn = own[-1]
        self.names = [p.name for p in parameters_of(self.fn)]
        given = vars(self.module).get
        floating = tuple(n for n, a in zip(self.names, self.module.ARGS) if is_floating_key(key_of(a)))
        self.wrt = given("WRT", floating if len(floating) > 1 else floating[0])
        self.mode = given("MODE", "grad")
        self.order = given("ORDER", 1)
        self.active = self.wrt if isinstance(self.wrt, tuple) else (self.wrt,)

    @property
    def args(self) -> tuple[Any, ...]:
        """Fresh arguments."""
        return copy.deepcopy(self.module.ARGS)

    def objective(self) -> Any:
        """Return the function whose first derivative the text is."""
        return self.fn if self.order == 1 else adgen.grad(self.fn, self.wrt)

    def compile(self) -> tuple[Engine, Loaded]:
        fn, options = unwrap(self.objective(), Options())
        scalar = not isinstance(self.wrt, tuple) and self.mode in ("grad", "value_and_grad")
        engine = Engine(fn, self.mode, self.active, scalar, options)
        return engine, engine.obtain(engine.bind(*self.args))

    def generate(self) -> str:
        return write_dump(self.compile()[1])

    def load(self) -> tuple[list[Any], tuple[Any, ...]]:
        """Run the expected file as a module of its own; return its functions and what the first takes at its end."""
        text = self.path.read_text()
        imported = [n for n in ast.walk(ast.parse(text)) if isinstance(n, (ast.Import, ast.ImportFrom))]
        for n in imported:
            names = [n.module] if isinstance(n, ast.ImportFrom) else [a.name for a in n.names]
            assert {name.partition(".")[0] for name in names} <= {"numpy", "math", "adgen", "tests"}, ast.unparse(n)
            assert all(name.startswith(("adgen.rules", "tests.golden")) for name in names if name[0] in "at"), (
                ast.unparse(n)
            )
        space: dict[str, Any] = {"__name__": self.path.stem}
        exec(compile(text, str(self.path), "exec"), space)
        fns = [space[n.name] for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)]
        fns = fns[-2 if self.mode == "vjp" else -1 :]  # behind the functions that they call
        takes = list(inspect.signature(fns[0]).parameters)
        hidden = [n for n in takes[len(self.names) :] if hasattr(self.module, n)]
        return fns, tuple(copy.deepcopy(getattr(self.module, n)) for n in hidden)

    def full_args(self) -> tuple[Any, ...]:
        bound = inspect.signature(self.fn).bind(*self.args)
        bound.apply_defaults()
        return tuple(bound.arguments[n] for n in self.names)


@pytest.fixture(params=NAMES)
def golden(request) -> Golden:
    return Golden(request.param)


def test_text(golden):
    text = golden.generate()
    if os.environ.get("ADGEN_GOLDEN") == "write":
        golden.path.write_text(text)
    assert text == golden.path.read_text()
    assert text == golden.generate(), "another text the second time"


def test_text_reads_well(golden):
    text = golden.path.read_text()
    assert max(map(len, text.splitlines())) <= 120
    assert not [line for line in text.splitlines() if line != line.rstrip()]
    compile(text, golden.path.name, "exec")


def test_standalone_gives_the_same(golden, monkeypatch):
    """What a module needs stands in it, helpers and all."""
    if golden.mode in ("vjp", "jvp") or hasattr(golden.module, "WARNS"):
        return
    engine, loaded = golden.compile()
    try:
        text = write_standalone(engine, loaded)
    except adgen.UnsupportedError:  # it relies on objects of the program
        return
    for module in [m for m in sys.modules if m.partition(".")[0] == "adgen"]:
        monkeypatch.setitem(sys.modules, module, None)
    space: dict[str, Any] = {"__name__": "standalone"}
    exec(compile(text, "standalone", "exec"), space)
    entry, args = space[loaded.stored.entry], golden.full_args()
    rest = list(inspect.signature(entry).parameters.values())[len(args) :]
    hidden = [copy.deepcopy(getattr(golden.module, p.name)) for p in rest if p.default is p.empty]
    assert numeric.equal(entry(*args, *hidden), loaded.call(*golden.full_args()))


def spread(golden, grads):
    found = dict(zip(golden.active, grads if golden.mode == "vjp" or isinstance(golden.wrt, tuple) else (grads,)))
    return tuple(found.get(n) for n in golden.names)


def test_numbers(golden):
    (fn, *rest), hidden = golden.load()
    f, args, rng = golden.objective(), golden.full_args(), np.random.default_rng(5)
    before = copy.deepcopy(args)
    value = f(*copy.deepcopy(args))
    if golden.mode == "jvp":
        direction = tuple(
            numeric.random_like(a, rng) if n in golden.active else None for n, a in zip(golden.names, args)
        )
        found, tangent = fn(*args, *[d for d in direction if d is not None], *hidden)
        seed = numeric.seed_like(value, rng)
        expected, _ = numeric.directional(f, args, direction, seed)
        assert numeric.close(found, value)
        assert numeric.close(numeric.inner(seed, tangent), expected, rtol=1e-7)
        return
    seeds = [1.0]
    if golden.mode == "vjp":
        found, saved = fn(*args, *hidden)
        seeds = [numeric.seed_like(value, rng) for _ in range(2)]
        answers = [rest[0](saved, s) for s in seeds]
    elif golden.mode == "value_and_grad":
        found, *answers = fn(*args, *hidden)
    else:
        with np.errstate(divide="ignore" if hasattr(golden.module, "WARNS") else "warn"):
            found, answers = value, [fn(*args, *hidden)]
        if not numeric.is_leaf(value):
            seeds = [numeric.combine(lambda x: np.ones(np.shape(x)), value)]
    assert numeric.equal(args, before), "the arguments changed"
    assert numeric.close(found, value)
    for answer, seed in zip(answers, seeds):
        if hasattr(golden.module, "EXPECT"):
            assert numeric.close(answer, golden.module.EXPECT)
            continue
        full = spread(golden, answer)
        assert numeric.mismatch(full, args) == ""
        rtol = 5e-3 if "float32" in golden.path.name else 1e-7
        if not hasattr(golden.module, "DIFFERENT"):
            numeric.assert_gradient(f, full, args, seed, rtol)


@pytest.mark.parametrize("name", DESIGN)
def test_as_good_as_the_design(name):
    statements, operations = measure(Golden(name).path.read_text())
    most, dearest = measure(DESIGN[name])
    assert statements <= most
    assert operations <= dearest


def measure(text):
    """Count the statements of the functions of a text, and its operations: operators, calls, augmented assignments."""
    statements = operations = 0
    for fn in (n for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)):
        for n in ast.walk(fn):
            statements += isinstance(n, ast.stmt) and n is not fn
            operations += isinstance(n, (ast.BinOp, ast.Call, ast.AugAssign))
    return statements, operations


def test_no_text_without_its_program():
    texts = {p.stem.removesuffix("_grad") for p in FOLDER.glob("*_grad.py")}
    assert texts == set(NAMES)
