"""Gradients of realistic programs: against differences, and against Autograd where it can run them."""

from __future__ import annotations

import copy
import inspect

import numpy as np
import pytest

import adgen
from tests import numeric
from tests.programs import CASES

NAMES = [f"{case.name}-{k}" for k, case in enumerate(CASES)]


def spread(case, grads):
    """Return one gradient per argument, None for those not asked for."""
    found = dict(zip(case.wrt, grads))
    return tuple(found.get(k) for k in range(len(case.args)))


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_differences(case):
    args = copy.deepcopy(case.args)
    value, grads = adgen.value_and_grad(case.function, wrt=case.wrt)(*args)
    assert numeric.equal(args, case.args), "the arguments changed"
    assert numeric.close(value, case.function(*copy.deepcopy(case.args)))
    full = spread(case, grads)
    assert numeric.mismatch(full, args) == ""
    numeric.assert_gradient(case.function, full, args, rtol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_pullback_answers_again(case):
    value, pullback = adgen.vjp(case.function, *copy.deepcopy(case.args))
    seed = type(value)(1.0)
    first = pullback(seed)
    kept = copy.deepcopy(first)
    pullback(type(value)(-0.7))
    assert numeric.equal(first, kept)
    assert numeric.equal(pullback(seed), kept)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_autograd(case):
    autograd = pytest.importorskip("autograd")
    module = inspect.getmodule(case.function)
    source = inspect.getsource(module).replace("import numpy as np", "import autograd.numpy as np")
    space = {"__name__": "twin"}
    exec(compile(source, "<twin>", "exec"), space)
    try:
        with np.errstate(all="ignore"):
            expected = autograd.grad(space[case.function.__name__], case.wrt)(*copy.deepcopy(case.args))
    except Exception as e:  # writes in place, math functions, float(): not Autograd's
        pytest.skip(f"Autograd can't: {type(e).__name__}")
    try:
        numeric.assert_gradient(case.function, spread(case, expected), case.args)
    except AssertionError:
        pytest.skip("Autograd is wrong")  # it takes `row /= s` on a view for a rebinding
    grads = adgen.grad(case.function, wrt=case.wrt)(*copy.deepcopy(case.args))
    assert numeric.close(grads, tuple(expected), rtol=1e-8, atol=1e-10)
