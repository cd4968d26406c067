"""Data that functions read from globals is the present one, also where other functions call them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import adgen

SCALE = 2.0
WEIGHTS = np.array([1.0, 2.0])


@adgen.custom_vjp
def square(x: Any) -> Any:
    return x * x


@square.defvjp
def square_vjp(g: Any, out: Any, x: Any) -> Any:
    return (g * times_scale(x),)


def times_scale(x: Any) -> Any:
    return SCALE * x


def of_rule(x: Any) -> Any:
    return square(x)


def of_rule_in_gradient(x: Any) -> Any:
    return x * slope_of_rule(x)


slope_of_rule = adgen.grad(of_rule)


def of_rows(x: Any) -> Any:
    return np.apply_along_axis(lambda row: np.sum(row * SCALE * WEIGHTS), 1, x * np.ones((2, 2)))


@pytest.mark.parametrize("f", [of_rule, of_rule_in_gradient, of_rows])
def test_globals_of_inner_functions(f: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    df = adgen.grad(f)
    before = df(1.0)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert abs(df(1.0) - 1.5 * before) < 1e-12
    monkeypatch.setitem(globals(), "SCALE", 2.0)
    assert df(1.0) == before
