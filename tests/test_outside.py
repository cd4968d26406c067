"""What a program changes outside of itself, derivatives change as well: once for each call, and in order."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import adgen
from tests import numeric

X = np.array([0.7, 1.3, 0.9])
N, RATE, FLAG = 0, 2.0, None
LOG: list[object] = []
SEEN: set[int] = set()
COUNT: dict[str, int] = {}
ME = sys.modules[__name__]


class Made:
    number = 0

    def __init__(self, v):
        Made.number += 1
        self.v = v

    def scaled(self):
        return self.v * self.number


def helper(a):
    helper.calls += 1
    return a * a


helper.calls = 0


def raise_rate():
    global RATE
    RATE = RATE * 1.5
    return 1.0


def counts(x):
    global N
    N = 0
    s = 0.0
    for v in x:
        if v > 0.8:
            N += 1
        s += v * v
    return s * N


def leaves_early(x):
    global N
    for v in x:
        N += 1
        if v > 1.0:
            return v * N
    return x[0]


def holds_what_is_active(x):
    global RATE
    RATE = 0.0
    for v in x:
        RATE += v * v
    return RATE * x[0]


def reads_in_order(x):
    global RATE
    RATE = x[1]
    a = RATE * raise_rate() * RATE
    return a * x[0] + RATE


def inner_functions(x):
    global RATE
    RATE = x[0]

    def g(a):
        global RATE
        RATE = RATE + a
        return RATE * a

    return g(x[1]) * g(x[2]) + (lambda: RATE)()


def of_functions_and_classes(x):
    global FLAG
    Made.number = 0
    FLAG = "set"
    return helper(Made(x[0]).v) * helper(x[1]) * Made(x[2]).scaled() * (2.0 if FLAG == "set" else 3.0)


def counted_recursion(x):
    global N
    N = 0

    def grow(a):
        global N
        N += 1
        return a * N if a > 4.0 else grow(a * 1.4) * x[1] + grow(a * 1.9)

    return grow(x[0]) + N


def before_an_exception(x):
    global N
    N = 0
    s = 1.0
    try:
        for k in range(9):
            N += 1
            s = s * x[k]
    except IndexError:
        s = s * N
    return s


def logs(x):
    LOG.append("begin")
    s = 1.0
    for k, v in enumerate(x):
        s *= v
        LOG.append((k, s))
        if len(LOG) % 2:
            LOG.extend([1, "two"])
    LOG[0] = "begun"
    return s


def visits(x):
    SEEN.clear()
    s = 0.0
    for k in [0, 1, 0, 2]:
        if k in SEEN:
            continue
        SEEN.add(k)
        s += x[k] ** 2
    return s * len(SEEN)


def tallies(x):
    COUNT["n"] += 1
    COUNT["m"] = 3
    del COUNT["m"]
    return np.sum(x * x) * (2.0 if "m" in COUNT else 1.0)


PROGRAMS = [
    counts, leaves_early, holds_what_is_active, reads_in_order, inner_functions, of_functions_and_classes,
    counted_recursion, before_an_exception, logs, visits, tallies,
]  # fmt: skip


def begin():
    ME.N, ME.RATE, ME.FLAG, Made.number, helper.calls = 5, 2.0, None, 1, 3
    LOG[:], COUNT["n"] = [0], 4
    SEEN.clear()


def outside():
    return repr((N, float(RATE), FLAG, Made.number, helper.calls, LOG, SEEN, COUNT))


@pytest.mark.parametrize("fn", PROGRAMS, ids=lambda fn: fn.__name__)
def test_effects(fn):
    begin()
    value = fn(X)
    expected = outside()
    gradient = adgen.grad(fn)
    for call in (
        gradient,
        gradient,
        adgen.value_and_grad(fn),
        lambda x: adgen.vjp(fn, x)[1](1.0),
        lambda x: adgen.jvp(fn, (x,), (x,)),
        lambda x: adgen.jvp(gradient, (x,), (x,)),
    ):
        begin()
        call(X.copy())
        assert outside() == expected
    begin()
    assert np.isclose(adgen.value_and_grad(fn)(X)[0], value)

    def anew(x):
        begin()
        return fn(x)

    begin()
    numeric.assert_gradient(anew, (gradient(X),), (X.copy(),), rtol=1e-5)


def test_an_array_is_not_kept_outside():
    def keeps(x):
        global RATE
        RATE = x * 2.0
        return np.sum(RATE)

    with pytest.raises(adgen.UnsupportedError, match="writing 'RATE', which is outside"):
        adgen.grad(keeps)(X)


def test_what_a_global_set_holds_is_looked_at_in_each_call():
    def chosen(x):
        return x[0] * 5.0 if 8 in SEEN else x[1]

    SEEN.clear()
    assert adgen.grad(chosen)(X).tolist() == [0.0, 1.0, 0.0]
    SEEN.add(8)
    assert adgen.grad(chosen)(X).tolist() == [5.0, 0.0, 0.0]
