"""Globals of several modules and parameters under one name, tables behind conditions, keys of any text."""

from __future__ import annotations

import copy
import dataclasses
import types

import numpy as np
import pytest

import adgen

ONE = [[1.0, 2.0], [3.0, 4.0]]
TWO = [[5.0, 2.0], [3.0, 4.0]]
THREE = {"a": np.arange(3.0), "SUP 3.x": {"q'": {800: (1.5, 2.0)}}}
x = 3.0
scale = 2.0


def other_module(tmp_path, **values):
    path = tmp_path / "other.py"
    path.write_text("def product(v):\n    return v * scale + x\n")
    module = types.ModuleType("other")
    module.__dict__.update(values)
    exec(compile(path.read_text(), str(path), "exec"), module.__dict__)
    return module


def reads_x(v):
    return v * x


def test_a_global_of_a_callee_may_have_the_name_of_a_parameter():
    def f(x):
        return reads_x(x) * x

    assert adgen.grad(f)(2.0) == 12.0
    assert adgen.jvp(f, (2.0,), (1.0,)) == (12.0, 12.0)
    assert adgen.grad(adgen.grad(f))(2.0) == 6.0


def test_two_modules_may_have_globals_of_one_name(tmp_path):
    product = other_module(tmp_path, scale=7.0, x=5.0).product

    def f(v):
        return product(v) * scale * x

    assert adgen.vjp(f, 2.0)[0] == f(2.0)
    assert adgen.grad(f)(2.0) == 7.0 * 2.0 * 3.0


def by_conditions(v, rows):
    if rows == 1:
        table = ONE
    elif rows == 2:
        table = TWO
    elif v > 5.0 and rows > 4:
        table = TWO
    else:
        table = TWO
    return v * table[0][0] + v * v * table[1][1]


def by_value(v, rows):
    for k in range(rows):
        if v > 30.0 + k:
            row = ONE[0]
        elif v > 1.0:
            row = TWO[1]
        else:
            row = TWO[1]
        v = v * row[1] * 0.4
    return v


def by_texts(v, rows):
    a, b = THREE["SUP 3.x"]["q'"][800]
    return v * v * a * b * THREE["a"][rows - 1]


@pytest.mark.parametrize("f", [by_conditions, by_value, by_texts])
def test_tables_behind_conditions(f):
    for rows in (1, 2, 3):
        adgen.check_grads(f, (2.5, rows), order=2)


def number_with_axes(v):
    return np.concatenate([e[..., None] * e[None] for e in v[v > 0.0]], axis=-1) @ v * v[0][()]


def number_of_no_axes(v):
    return np.float64(np.sqrt(np.asarray(v[0]))) * np.float64(np.where(np.asarray(v[1]) > 1.0, v[1], v[2]))


@pytest.mark.parametrize("f", [number_with_axes, number_of_no_axes])
def test_numbers_and_arrays_of_no_axes(f):
    v = np.array([0.7, 1.1, 1.3])
    value, _ = adgen.vjp(f, v)
    assert type(value) is type(f(v))
    adgen.check_grads(f, (v,), order=2)


FUNCTIONS = {"twice": lambda v: v * 2.0, "square": lambda v: v * v}


def named_function(name, names):
    if name not in names:
        raise ValueError(f"{name} is none of {names}")
    return name


def every_function(v):
    chosen = FUNCTIONS[named_function("square", tuple(FUNCTIONS))](v[0])
    return chosen + sum(FUNCTIONS[k](v[1]) for k in FUNCTIONS) * sum(g(v[2]) for g in FUNCTIONS.values())


def truth_of_membership(v):
    one = 1.0
    if v[0] == 0 or v[0] in (0.0, one, -one) or v[1] == 0.0:
        return v[0]
    return v[0] * v[1] * v["xyz".index("z")]


@pytest.mark.parametrize("f", [every_function, truth_of_membership])
def test_global_tables_of_functions_and_membership(f):
    adgen.check_grads(f, (np.array([0.7, 1.1, 1.3]),), order=2)


def test_a_global_table_that_changes_is_looked_at_again(monkeypatch):
    df = adgen.grad(lambda v: sum(FUNCTIONS[k](v) for k in FUNCTIONS))
    assert df(3.0) == 2.0 + 6.0
    monkeypatch.setitem(FUNCTIONS, "cube", lambda v: v * v * v)
    assert df(3.0) == 2.0 + 6.0 + 27.0
    monkeypatch.setitem(FUNCTIONS, "cube", lambda v: v)
    assert df(3.0) == 2.0 + 6.0 + 1.0


@dataclasses.dataclass
class Rates:
    n: int
    v: float
    a: object


def by_number(x, c):
    y = x[0] * RATES.v
    c.v = 5.0
    return y * RATES.v


def by_array(x, c):
    y = x[0] * RATES.a[0]
    c.a[0] = 5.0
    return y * RATES.a[0]


def by_entry(x, c):
    y = x[0] * ENTRIES["k"][0]
    c["k"][0] = 5.0
    return y * ENTRIES["k"][0]


RATES = Rates(2, 2.0, np.ones(2))
ENTRIES = {"k": np.ones(2)}


@pytest.mark.parametrize(("f", "shared"), [(by_number, RATES), (by_array, RATES), (by_entry, ENTRIES)])
def test_a_record_that_is_global_and_an_argument_is_refused_where_it_is_written(f, shared):
    x = np.array([0.7, 1.3])
    with pytest.raises(ValueError, match="same (object|memory), and the program writes"):
        adgen.grad(f)(x, shared)
    assert np.allclose(adgen.grad(f)(x, copy.deepcopy(shared)), [4.0 if f is by_number else 1.0, 0.0])
