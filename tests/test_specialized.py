"""Specialised functions: the check in front of them takes no name that the function means otherwise."""

import numpy as np
import pytest

import adgen


def float64(v):
    """Double a value: a name that the check would like to use."""
    return 2.0 * v


def as_locals(x, type):
    ndarray = float64(x * type)
    len = [ndarray, x]
    return np.sum(len[0] * x)


@adgen.custom_vjp
def ndarray(v):
    return 3.0 * v


@ndarray.defvjp
def _(g, out, v):
    return ndarray(g)


def as_an_external(x):
    return np.sum(ndarray(x) * x)


def test_the_names_of_the_function_are_left_alone():
    x = np.array([1.0, 2.0])
    for f, rest, expected in ((as_locals, (3.0,), [12.0, 24.0]), (as_an_external, (), [6.0, 12.0])):
        df = adgen.grad(f)
        fast = df.specialize(x, *rest)
        assert fast(x, *rest).tolist() == df(x, *rest).tolist() == df.bare(x, *rest)(x, *rest).tolist() == expected
        with pytest.raises(TypeError, match="was generated for x"):
            fast([1.0, 2.0], *rest)


def reads_globals(x):
    return np.sum(SCALE * x)


SCALE = 2.0


def test_hidden_values_are_read_at_each_call(monkeypatch):
    x = np.ones(2)
    df = adgen.grad(reads_globals)
    fast, bare = df.specialize(x), df.bare(x)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert fast(x).tolist() == bare(x).tolist() == [5.0, 5.0]


def test_what_changed_before_the_first_call_is_seen(monkeypatch):
    """The text is compiled at the first call; what it relies on was noted when it was made."""
    x = np.ones(2)
    df = adgen.grad(as_locals)
    df.specialize(x, 3.0)
    monkeypatch.setitem(globals(), "float64", lambda v: 10.0 * v)
    assert df(x, 3.0).tolist() == [60.0, 60.0]
