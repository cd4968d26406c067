"""Names that have no value on some paths: reading one raises what Python raises, whatever had the name before."""

from __future__ import annotations

import numpy as np
import pytest

import adgen


def sometimes(x, s):
    if s > 0.1:
        y = x * 2
    return np.sum(y * y)


def called_twice(x):
    return sometimes(x, x[0]) + sometimes(x, -x[0])


def called_in_a_loop(x):
    total = 0.0
    for i in range(len(x)):
        total += sometimes(x, x[i])
    return total


def deleted_in_a_loop(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 0:
            y = x * 2
        total += np.sum(y)
        del y
    return total


@pytest.mark.parametrize("fn", [called_twice, called_in_a_loop, deleted_in_a_loop])
def test_no_earlier_value_stands_in(fn):
    x = np.array([0.7, -1.3, 2.1])
    for run in (fn, adgen.grad(fn), adgen.compile(fn), lambda a: adgen.jvp(fn, (a,), (a,))):
        with pytest.raises(UnboundLocalError, match="cannot access local variable"):
            run(x)
    above = np.abs(x)
    if fn is not called_twice:
        assert np.allclose(adgen.jvp(fn, (above,), (above,))[1], adgen.grad(fn)(above) @ above)


def best_in_a_try(x):
    for i in range(3):
        try:
            if i == 0 or x[i] > best:  # noqa: F821
                best = x[i]
        except KeyError:
            pass
    return best * x[0]


def test_a_name_that_an_earlier_iteration_binds_in_a_try():
    x = np.array([0.5, 0.8, 1.3])
    np.testing.assert_array_equal(adgen.grad(best_in_a_try)(x), [1.3, 0.0, 0.5])
