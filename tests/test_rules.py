"""Every row of the table of primitives, tested on its samples: value, type, vjp, jvp, variants of the arguments."""

from __future__ import annotations

import copy
import importlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from adgen.errors import RegistrationError
from adgen.rules.declare import elementwise, sample
from adgen.rules.load import MODULES, load_rules
from adgen.rules.registry import REGISTRY, Primitive, Sample
from tests.numeric import directional, inner, leaves, random_like, seed_like
from tests.rule_walk import (
    DIFFERENTIABLE,
    active_params,
    bound_values,
    call,
    is_active,
    pull,
    push,
    quietly,
    type_problem,
)

pytestmark = pytest.mark.slow

load_rules()
ROWS = {row.name: row for row in REGISTRY.rows()}
DERIVED = {name: row for name, row in ROWS.items() if row.kind in DIFFERENTIABLE}
UFUNCS = [name for name, row in DERIVED.items() if row.kind == "elementwise" and isinstance(row.fn, np.ufunc)]


def samples_of(row: Primitive) -> Iterator[tuple[Sample, dict[str, Any]]]:
    for s in row.samples:
        yield s, bound_values(row, copy.deepcopy(s.args), copy.deepcopy(s.kwargs))


def in_reach(bound: dict[str, Any]) -> bool:
    """Say whether differences make sense: no number is tiny or huge."""
    sizes = [abs(v) for x in bound.values() if is_active(x) for v in vector(x)]
    return all(v == 0 or 1e-5 < v < 1e3 for v in sizes)


def vector(x: Any) -> Any:
    return np.concatenate([np.ravel(i) for i in leaves(x)]) if leaves(x) else np.zeros(0)


def move_one(row: Primitive, bound: dict[str, Any], p: str, x: Any) -> Any:
    return call(row, {**bound, p: x})


@pytest.mark.parametrize("name", ROWS)
def test_samples_are_there(name: str) -> None:
    row = ROWS[name]
    if row.show == "_":
        return  # it says what its first argument answers: tests/test_scipy_functions.py
    if row.kind in ("elementwise", "linear", "multilinear") or (row.kind == "rule" and (row.vjp or row.jvp)):
        assert row.samples, f"{name} has no samples"
        assert row.diff, f"{name} has rules for no argument"


@pytest.mark.parametrize("name", DERIVED)
def test_value_and_type(name: str) -> None:
    row = DERIVED[name]
    for s, bound in samples_of(row):
        before = copy.deepcopy(bound)
        with np.errstate(all="ignore"):
            out = call(row, bound)
        np.testing.assert_equal(bound, before, err_msg=f"{name}{s.args} changed its arguments")
        assert type_problem(row, s, out) == "", f"{name}{s.args} {s.kwargs}"


@pytest.mark.parametrize("name", DERIVED)
def test_derivatives(name: str) -> None:
    """The vjp agrees with differences, and the jvp with the vjp; neither changes what it reads."""
    row = DERIVED[name]
    rng = np.random.default_rng(7)
    for s, bound in samples_of(row):
        before = copy.deepcopy(bound)
        with np.errstate(all="ignore"):
            out = call(row, bound)
        g = seed_like(out, rng)
        kept = copy.deepcopy((out, g))
        for p in active_params(row, s, bound):
            with np.errstate(all="ignore"):
                d = pull(row, p, g, out, bound)
                t = random_like(bound[p], rng)
                dual = push(row, p, t, out, bound)
            label = f"{name}{s.args} {s.kwargs}, {p}"
            np.testing.assert_equal(
                (bound, (out, g)), (before, kept), err_msg=f"{label}: a rule wrote into what it reads"
            )
            if s.kink:
                continue
            found, expected = inner(d, t), inner(g, dual)
            size = 1e-3 + float(np.sum(np.abs(vector(d) * vector(t))))
            assert abs(found - expected) <= 1e-9 * size, f"{label}: vjp {found}, jvp {expected}"
            if in_reach(bound):
                slope, error = directional(partial(move_one, row, bound, p), (bound[p],), (t,), g)
                slack = 1e-6 * (size + abs(slope)) + 4 * min(error, 1e-4)
                assert abs(found - slope) <= slack, f"{label}: {found}, differences {slope}"


@pytest.mark.parametrize("name", DERIVED)
def test_derivatives_are_as_quiet_as_the_function(name: str) -> None:
    """On Python's numbers a rule raises and warns only where the function does."""
    row = DERIVED[name]
    for s, bound in samples_of(row):
        if any(isinstance(v, (np.ndarray, np.generic)) for x in bound.values() for v in (leaves(x) or [x])):
            continue
        out, complaint = quietly(call, row, bound)
        if complaint or "infinite" in s.kink and isinstance(row.fn, np.ufunc):
            continue
        g = seed_like(out, np.random.default_rng(3))
        for p in active_params(row, s, bound):
            for rule in (pull, push):
                seed = g if rule is pull else random_like(bound[p], np.random.default_rng(3))
                _, complaint = quietly(rule, row, p, seed, out, bound)
                assert complaint == "", f"{name}{s.args}, {p}, {rule.__name__}: {complaint}"


def as_float32(x: Any) -> Any:
    if isinstance(x, (tuple, list)):
        return type(x)(map(as_float32, x))
    return x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x


def strided(x: Any) -> Any:
    """Return an equal array that is not contiguous."""
    if isinstance(x, (tuple, list)):
        return type(x)(map(strided, x))
    if not isinstance(x, np.ndarray) or not x.ndim:
        return x
    wide = np.repeat(x[..., ::-1], 2, axis=-1)
    return wide[..., ::2][..., ::-1]


@pytest.mark.parametrize("change", [as_float32, strided])
@pytest.mark.parametrize("name", DERIVED)
def test_variants(name: str, change: Any) -> None:
    """Single precision and strides give the same gradients."""
    row = DERIVED[name]
    for s, bound in samples_of(row):
        other = {p: v if p in row.static else change(v) for p, v in bound.items()}
        arrays = any(isinstance(v, np.ndarray) for x in other.values() for v in leaves(x))
        if s.kink or not arrays or not in_reach(bound):
            continue
        with np.errstate(all="ignore"):
            out, out2 = call(row, bound), call(row, other)
            g = seed_like(out, np.random.default_rng(5))
            for p in active_params(row, s, bound):
                d, d2 = pull(row, p, g, out, bound), pull(row, p, g, out2, other)
                tol = 2e-3 if change is as_float32 else 1e-10
                size = 1.0 + float(np.max(np.abs(vector(d)), initial=0.0))
                label = f"{name}{s.args}, {p}"
                np.testing.assert_allclose(vector(d2), vector(d), rtol=tol, atol=tol * size, err_msg=label)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (2, 0)])
@pytest.mark.parametrize("name", UFUNCS)
def test_shapes_of_ufuncs(name: str, shape: tuple[int, ...]) -> None:
    """Arrays of no axes, no elements and one element work, alone and against a row of three."""
    row = DERIVED[name]
    first = next(s for s, _ in samples_of(row) if not s.kink)
    numbers = [a if isinstance(a, (int, str)) else np.ravel(a)[0] for a in first.args]
    for many in (False, True):
        args = [x if isinstance(x, (int, str)) else np.full(shape, x) for x in numbers]
        if many and len(args) > 1 and shape in ((), (1,)):
            args[1] = np.full((3,), numbers[1])
        bound = bound_values(row, tuple(args), {})
        with np.errstate(all="ignore"):
            out = call(row, bound)
            for p in active_params(row, first, bound):
                assert pull(row, p, np.ones_like(out), out, bound).shape == np.shape(bound[p])
                assert np.shape(push(row, p, np.ones_like(bound[p]), out, bound)) == np.shape(out)


@pytest.mark.parametrize("name", ["pow", "math.pow", "np.power", "np.float_power"])
def test_powers_with_unknown_exponents(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        loaded = importlib.import_module(f"adgen.rules.{module}")
        if hasattr(loaded, "is_static"):
            monkeypatch.setattr(loaded, "is_static", lambda y: False)
    test_derivatives(name)
    test_derivatives_are_as_quiet_as_the_function(name)


def test_power_zero_has_derivative_zero() -> None:
    row = ROWS["pow"]
    for x, y in ((0.0, 0), (0.0, 0.0), (3.0, 0), (np.array([0.0, 2.0]), 0)):
        bound = bound_values(row, (x, y), {})
        assert np.all(pull(row, "x", 1.0 if isinstance(x, float) else np.ones(2), x**y, bound) == 0.0)


def test_ties_share_equally() -> None:
    for name in ("np.maximum", "np.minimum", "max", "min"):
        row = ROWS[name]
        bound = bound_values(row, (2.0, 2.0), {})
        if name.startswith("np."):
            assert [pull(row, p, 1.0, 2.0, bound) for p in row.diff] == [0.5, 0.5]
        else:
            assert pull(row, row.diff[0], 1.0, 2.0, bound) == (0.5, 0.5)


def test_a_second_row_is_refused() -> None:
    with pytest.raises(RegistrationError, match="replace=True"):
        elementwise(np.tanh, lambda out, x: 1.0 - out * out, samples=(sample(1.0),))
    with pytest.raises(RegistrationError, match="no parameter"):
        elementwise(abs, lambda out, x: 1.0, static=("axis",), replace=True)
    assert ROWS["np.tanh"] is REGISTRY.find(np.tanh)
