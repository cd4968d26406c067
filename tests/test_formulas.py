"""Every formula, tested on its samples: its value is the function's, and adgen's derivatives of calls are right."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import adgen
from adgen.rules.load import load_rules
from adgen.rules.registry import REGISTRY, Formula, Sample
from tests.numeric import directional, inner, mismatch, random_like, seed_like
from tests.rule_walk import is_active

pytestmark = pytest.mark.slow

load_rules()
FORMULAS = {f.name: f for f in REGISTRY.formulas()}


def same(found: Any, expected: Any, label: str) -> None:
    """Check that two results are equal but for rounding, with their types."""
    if isinstance(expected, (list, tuple)):
        assert type(found) is type(expected) and len(found) == len(expected), label
        for x, y in zip(found, expected):
            same(x, y, label)
        return
    assert type(found) is type(expected), f"{label}: {type(found)} for {type(expected)}"
    assert np.asarray(found).dtype == np.asarray(expected).dtype, label
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-15, err_msg=label)


def program(f: Formula, s: Sample, folder: Path, index: int) -> tuple[ModuleType, list[Any]]:
    """Write a module with a function `call` of the active leaves, lists as displays; it reads the rest as globals."""
    active: list[Any] = []
    constants: dict[str, Any] = {}

    def written(v: Any) -> str:
        if isinstance(v, (int, str, type(None))):
            return repr(v)
        if isinstance(v, (list, tuple)):
            inner = ", ".join(map(written, v))
            return f"[{inner}]" if isinstance(v, list) else f"({inner},)" if v else "()"
        if is_active(v):
            active.append(v)
            return f"x{len(active)}"
        constants[f"c{len(constants)}"] = v
        return f"c{len(constants) - 1}"

    items = [*map(written, s.args), *[f"{k}={written(v)}" for k, v in s.kwargs.items()]]
    params = ", ".join(f"x{k + 1}" for k in range(len(active)))
    text = f"def call({params}):\n    return function({', '.join(items)})\n"
    path = folder / f"sample_{abs(hash(f.name))}_{index}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    vars(module).update(constants, function=f.fn)
    return module, active


# Their results are objects with many fields, or as exact as a tolerance says: see tests/test_scipy_functions.py.
ELSEWHERE = (
    "unstack",
    "spsolve",
    "diags",
    "diags_array",
    "fit",
    "make_interp_spline",
    "dblquad",
    "tplquad",
    "nquad",
    "curve_fit",
    "fixed_quad",
    "solve_ivp",
    "odeint",
    "root_scalar",
    "root",
    "fixed_point",
    "minimize",
    "minimize_scalar",
    "least_squares",
)


@pytest.mark.parametrize("name", FORMULAS)
def test_value(name: str) -> None:
    """The formula, run as it stands, gives what the function gives."""
    f = FORMULAS[name]
    assert f.samples or name.rpartition(".")[2] in ELSEWHERE, f"{name} has no samples"
    for s in f.samples:
        with np.errstate(all="ignore"):
            same(f.define(*f.given, *s.args, **s.kwargs), f.fn(*s.args, **s.kwargs), f"{name}{s.args} {s.kwargs}")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FORMULAS)
def test_derivatives(name: str, tmp_path: Path) -> None:
    """Calls that adgen compiles have the function's value; reverse, forward and differences agree."""
    f = FORMULAS[name]
    rng = np.random.default_rng(7)
    for index, s in enumerate(f.samples):
        label = f"{name}{s.args} {s.kwargs}"
        module, args = program(f, s, tmp_path, index)
        if not args:
            continue
        expected = module.call(*args)
        value, pullback = adgen.vjp(module.call, *args)
        same(value, expected, label)
        seed, t = seed_like(expected, rng), [random_like(a, rng) for a in args]
        found = pullback(seed)
        found = found if len(args) > 1 else (found,) if not isinstance(found, tuple) or len(found) != 1 else found
        assert mismatch(found, tuple(args)) == "", label
        if s.kink:
            continue
        _, tangent = adgen.jvp(module.call, tuple(args), tuple(t))
        slope, error = directional(module.call, args, tuple(t), seed)
        size = 1.0 + abs(slope)
        assert abs(inner(seed, tangent) - inner(found, tuple(t))) <= 1e-9 * size, label
        assert abs(inner(found, tuple(t)) - slope) <= 1e-6 * size + 4 * min(error, 1e-4), label


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FORMULAS)
def test_second_order(name: str, tmp_path: Path) -> None:
    """The gradient's own derivatives are right, on the first smooth sample."""
    f = FORMULAS[name]
    for index, s in enumerate(f.samples):
        module, args = program(f, s, tmp_path, index)
        if args and not s.kink and s.second:
            adgen.check_grads(module.call, tuple(args), order=2)
            return


def windows_of_written(x: Any) -> Any:
    b = 2.0 * x
    w = np.lib.stride_tricks.sliding_window_view(b, 2)
    b[0] = 5.0
    return np.sum(w * w)


def flat_of_written(x: Any) -> Any:
    b = 2.0 * x
    flat = b.flat
    b[0] = 5.0
    return flat[0] * flat[1]


def padded_by_nothing(x: Any) -> Any:
    b = 2.0 * x
    p = np.pad(b, 0, "edge")
    b[0] = 5.0
    return np.sum(p * p)


def cast_to_itself(x: Any) -> Any:
    b = 2.0 * x
    same = b.astype(float, copy=False)
    again = np.float64(b)
    b[0] = 5.0 * x[1]
    return np.sum(same * again)


def test_casts_that_copy_nothing_are_the_array() -> None:
    np.testing.assert_allclose(adgen.grad(cast_to_itself)(np.array([0.5, -1.2])), [0.0, -1.2 * (50.0 + 8.0)])


def test_what_stands_for_a_view_is_not_read_after_a_write() -> None:
    x = np.array([0.5, -1.2, 2.0])
    for f in (windows_of_written, flat_of_written):
        with pytest.raises(adgen.AliasError):
            adgen.grad(f)(x)
    np.testing.assert_allclose(adgen.grad(padded_by_nothing)(x), 8.0 * x)
