"""Programs that are hard to differentiate: each is right, or refused with a place and a reason, as its table says.

A refusal in the table that has become right is no failure.
"""

from __future__ import annotations

import numpy as np
import pytest

import adgen
from tests.nasty import (
    aliases,
    branches,
    changing,
    found,
    functions,
    inplace,
    layout,
    loops,
    mixed,
    names,
    scalars,
    special,
    structures,
)
from tests.nasty.classify import classify
from tests.nasty.table import CASES

THEMES = (aliases, branches, found, functions, inplace, layout, loops, mixed, names, scalars, special, structures)


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_verdict(case):
    if case.verdict.startswith("wrong"):
        pytest.xfail(case.verdict)
    assert classify(case) in ("right", case.verdict)


def test_every_theme_is_there():
    assert {c.function.__module__ for c in CASES} == {t.__name__ for t in THEMES}


def slopes(fn, *args):
    """Return the derivative in each mode."""
    ones = np.ones_like(args[0]) if isinstance(args[0], np.ndarray) else 1.0
    value, pullback = adgen.vjp(fn, *args)
    grad, tangent = adgen.grad(fn)(*args), adgen.jvp(fn, args, (ones,))[1]
    assert np.allclose(value, fn(*args))
    assert np.allclose(np.sum(grad), tangent)
    return pullback(1.0)[0], grad


@pytest.mark.parametrize(
    ("program", "name", "values", "expected"),
    [
        ("read_scale", "scale", (2.0, 5.0, 3, np.float64(4.0)), (2.0, 5.0, 3.0, 4.0)),
        ("read_count", "count", (2, 1, 0), (4 * 1.5**3, 3.0, 1.0)),
        ("read_mode", "mode", ("double", "square"), (2.0, 3.0)),
        ("read_table", "table", ({"a": 2.0}, {"a": 7.0}, {"a": 1.0, "b": 2.0}), (2.0, 7.0, 1.0)),
        ("read_option", "option", (None, 4.0, None), (3.0, 4.0, 3.0)),
        ("call_inner", "inner", (lambda x: x * x, lambda x: x, np.sin), (6.75, 3.0, np.sin(1.5) + 1.5 * np.cos(1.5))),
    ],
)
def test_changed_between_calls(monkeypatch, program, name, values, expected):
    fn = getattr(changing, program)
    kept = adgen.grad(fn)
    for value, slope in zip(values, expected, strict=True):
        monkeypatch.setattr(changing, name, value)
        assert np.allclose(slopes(fn, 1.5), slope)
        assert np.isclose(kept(1.5), slope)


def test_changed_in_place(monkeypatch):
    x = np.array([1.0, 1.5])
    monkeypatch.setattr(changing, "vector", np.array([1.0, 2.0]))
    for factor in (1.0, 3.0):
        changing.vector *= factor
        assert np.allclose(slopes(changing.read_vector, x), changing.vector)
    monkeypatch.setattr(changing.Holder, "rate", 2.0)
    for rate in (2.0, 6.0):
        changing.Holder.rate = changing.thing.rate = rate
        for program in (changing.read_class, changing.read_object, changing.run_object):
            assert np.allclose(slopes(program, 1.5), rate)
    monkeypatch.setattr(changing.thing, "kind", "square")
    assert np.allclose(slopes(changing.run_object, 1.5), 3.0)


def test_closure_changed():
    scaled, change = changing.make(2.0)
    other, _ = changing.make(9.0)
    assert np.allclose(slopes(scaled, 1.5), 2.0)
    change(4.0)
    assert np.allclose(slopes(scaled, 1.5), 4.0)
    assert np.allclose(slopes(other, 1.5), 9.0)


def test_default_changed():
    kept = adgen.grad(changing.read_default)
    assert kept(1.5) == 3.0
    before = changing.read_default.__defaults__
    try:
        changing.read_default.__defaults__ = (8.0,)
        assert adgen.grad(changing.read_default)(1.5) == 8.0
    finally:
        changing.read_default.__defaults__ = before


def test_types_change_between_calls():
    def fn(x, y):
        return np.sum(x * y)

    df = adgen.grad(fn, wrt=(0, 1))
    for x, y in ((2.0, 3.0), (np.ones(3), 2.0), (2.0, np.ones((1, 3))), (np.ones((3, 1)), np.ones(3, np.float32))):
        dx, dy = df(x, y)
        assert np.shape(dx) == np.shape(x) and np.shape(dy) == np.shape(y)
        assert np.allclose(np.sum(dx) * 1.0, np.size(x) * np.mean(y) * np.size(x * y) / np.size(x))
