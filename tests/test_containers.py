"""Dicts of keys that only run time knows, lists that change: second derivatives, results, generated code."""

from __future__ import annotations

import numpy as np
import pytest

import adgen
from tests.language import changing_lists, dicts, lacking

POINT = np.array([0.7, 1.3, 2.1])
NONES = ["attribute_is_none_again", "part_of_a_tuple", "slots_of_tuples", "values_of_a_dict"]
LISTS = ["shortest_path", "heap_of_triples", "popped_in_the_middle", "namedtuples_of_arrays"]
SECOND = ["count_by_key", "grid_of_tuples", "groups", "defaultdict_of_arrays", "in_branch", "deleted_in_a_loop"]


@pytest.mark.parametrize("name", [*SECOND, *LISTS, *NONES])
def test_second_order(name):
    fn = next(getattr(m, name) for m in (dicts, changing_lists, lacking) if hasattr(m, name))
    df, v, h = adgen.grad(fn), np.array([0.3, -1.1, 0.7]), 1e-5
    expected = (df(POINT + h * v) - df(POINT - h * v)) / (2 * h)
    _, forward = adgen.jvp(df, (POINT.copy(),), (v,))
    (reverse,) = adgen.vjp(df, POINT.copy())[1](v)
    assert np.allclose(forward, expected, rtol=1e-4, atol=1e-6)
    assert np.allclose(reverse, expected, rtol=1e-4, atol=1e-6)


def squares(x):
    d = {}
    for i in range(len(x)):
        d[i % 2] = x[i] ** 2
    return d


def rows(x):
    d = {}
    for i in range(len(x)):
        d.setdefault(i % 2, []).append(x[i] ** 2)
    return d, x[0]


def test_results():
    assert np.allclose(adgen.grad(squares)(POINT), [0.0, 2.6, 4.2])
    assert np.allclose(adgen.grad(rows)(POINT), [2.4, 2.6, 4.2])
    value, pullback = adgen.vjp(squares, POINT)
    assert list(value) == [0, 1]
    assert np.allclose(value[0], 4.41)
    for seed in ({0: 1.0, 1: 2.0}, {1: 2.0, 0: 1.0}):
        assert np.allclose(pullback(seed)[0], [0.0, 5.2, 4.2])
    with pytest.raises(adgen.AdgenError, match="do not fit"):
        pullback({0: 1.0, 7: 2.0})
    _, tangent = adgen.jvp(squares, (POINT,), (np.ones(3),))
    assert tangent.keys() == {0, 1}
    assert np.allclose([tangent[0], tangent[1]], [4.2, 2.6])


def test_parameters_are_left_as_they_were():
    def f(p, keys):
        for k in keys:
            p[k] = p.get(k, 1.0) * 2.0
        return sum(p.values())

    p = {"a": 1.0, "b": 2.0}
    assert adgen.grad(f)(p, ["a", "a", "c"]) == {"a": 4.0, "b": 1.0}
    assert p == {"a": 1.0, "b": 2.0}


def test_floats_that_are_held_constant_may_be_keys():
    def f(x):
        d = {}
        for v in x:
            d[adgen.stop_gradient(v)] = v * v
        return sum(k * v for k, v in d.items())

    assert np.allclose(adgen.grad(f)(POINT), 2.0 * POINT**2)


def test_a_missing_key_raises_as_it_does():
    def f(x):
        d = {}
        for v in x:
            d[int(v)] = v
        return d[7]

    for call in (adgen.grad(f), lambda x: adgen.jvp(f, (x,), (x,))):
        with pytest.raises(KeyError):
            call(POINT)


def test_entries_are_written_in_place():
    """Neither the dict nor its gradient is copied in a loop."""
    assert ".copy()" not in adgen.grad(dicts.grid_of_tuples).specialize(POINT).source
    assert ".copy()" not in adgen.grad(dicts.count_by_key).specialize(POINT).source


def test_what_a_list_loses_is_taken_out_in_place():
    source = adgen.grad(changing_lists.popped_in_the_middle).specialize(POINT).source
    assert "del items[" in source
    assert ".copy()" not in source


def test_integers_in_tuples_of_a_list_have_no_gradient():
    def f(l):
        t = 0.0
        for i in range(3):
            t += l[i % 2][0] * l[i % 2][1]
        return t

    assert adgen.grad(f)([(1.0, 2), (2, 0.5)]) == [(4.0, None), (None, 2.0)]
