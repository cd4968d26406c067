"""Recursion that run time decides: functions that stay functions, in every mode and after every pass."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import adgen
from tests import numeric
from tests.passes import check_passes
from tests.recursive import CASES

IN_DETAIL = (
    "power_sum", "tree_sum", "even", "two_top", "nonec", "sorted_dot", "relax_top", "collect_top", "meth2", "trying",
)  # fmt: skip
IDS = [f"{fn.__name__}-{k}" for k, (fn, _) in enumerate(CASES)]


def floats(args):
    return [
        k for k, a in enumerate(args) if isinstance(a, float) or (isinstance(a, np.ndarray) and a.dtype.kind == "f")
    ]


@pytest.mark.parametrize("name", IN_DETAIL)
def test_right_after_every_pass(name):
    check_passes(*next(case for case in CASES if case[0].__name__ == name))


@pytest.mark.parametrize(("fn", "args"), CASES, ids=IDS)
def test_public(fn, args):
    """The primal, the pullback called again, and the second derivative both ways."""
    given = copy.deepcopy(args)
    assert numeric.close(adgen.compile(fn)(*copy.deepcopy(args)), fn(*copy.deepcopy(args)))
    k = floats(args)[0]
    df = adgen.grad(fn, wrt=k)
    first = df(*given)
    value, pullback = adgen.vjp(fn, *given)
    if isinstance(value, float):
        assert numeric.close(
            pullback(-0.5)[k], -0.5 * np.asarray(first) if isinstance(first, np.ndarray) else -0.5 * first
        )
    ones = [None if j != k else np.ones_like(a) if isinstance(a, np.ndarray) else 1.0 for j, a in enumerate(args)]
    second = adgen.grad(df, wrt=k)(*given)
    _, tangent = adgen.jvp(df, tuple(given), tuple(ones))
    assert numeric.equal(given, args), "the arguments changed"
    assert np.allclose(np.sum(0.0 if tangent is None else tangent), np.sum(0.0 if second is None else second))
    step = 1e-5
    moved = [[a + s * t if t is not None else a for a, t in zip(args, ones)] for s in (step, -step)]
    up, down = (np.sum(df(*copy.deepcopy(m))) for m in moved)
    assert np.allclose((up - down) / (2 * step), np.sum(0.0 if second is None else second), rtol=1e-5, atol=1e-6)
