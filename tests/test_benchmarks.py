"""The benchmarks measure right gradients: hand-written ones against differences, adgen and the rivals against those."""

from __future__ import annotations

import os
import sys

import numpy as np
import pytest

import adgen
from benchmarks import by_hand, programs, startup
from benchmarks.__main__ import check_equal, make_calls, show_bytes, show_time
from benchmarks.functions import FUNCTION_CASES
from benchmarks.measure import measure_peak, time_side_by_side

SMALL = [
    programs.Case("recurrence", programs.recurrence, by_hand.recurrence_grad, (0,), lambda: (1.0, 7)),
    programs.Case(
        "network", programs.network, by_hand.network_grad, (0, 1, 2, 3), lambda: programs.network_args(5, 3, 4, 2)
    ),
    programs.Case("heat", programs.heat, by_hand.heat_grad, (0,), lambda: programs.heat_args(9, 4)),
    programs.Case("elements", programs.elements, by_hand.elements_grad, (0,), lambda: programs.elements_args(6)),
    *(case for case in FUNCTION_CASES if case.name.endswith((" 10", "1e2"))),
]
each_program = pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)


def copy_args(args):
    return [np.copy(arg) if isinstance(arg, np.ndarray) else arg for arg in args]


def difference(case, position, step=1e-6):
    """Central differences of a program for one argument."""
    args = case.make_args()
    flat = np.ravel(np.array(args[position], dtype=float))
    gradient = np.empty_like(flat)
    for i in range(flat.size):
        values = []
        for sign in (1.0, -1.0):
            moved = flat.copy()
            moved[i] += sign * step
            call_args = copy_args(args)
            shape = np.shape(args[position])
            call_args[position] = moved.reshape(shape) if shape else float(moved[0])
            values.append(case.program(*call_args))
        gradient[i] = (values[0] - values[1]) / (2.0 * step)
    return gradient.reshape(np.shape(args[position]))


@each_program
def test_hand_written_gradient(case):
    args = case.make_args()
    before = copy_args(args)
    found = case.gradient(*args)
    found = found if isinstance(found, tuple) else (found,)
    for position, one in zip(case.wrt, found, strict=True):
        np.testing.assert_allclose(one, difference(case, position), rtol=1e-6, atol=1e-8)
    for arg, old in zip(args, before, strict=True):
        np.testing.assert_array_equal(arg, old)


@each_program
def test_adgen_agrees_with_hand_written_gradient(case):
    args = case.make_args()
    gradient = adgen.grad(case.program, wrt=case.wrt if len(case.wrt) > 1 else case.wrt[0])
    check_equal(gradient(*args), case.gradient(*args))
    check_equal(gradient.specialize(*args)(*args), case.gradient(*args))


@each_program
def test_table_row(case):
    notes = []
    calls = make_calls(case, notes)
    assert {"primal", "by hand", "adgen", "specialized"} <= set(calls)
    for note in notes:
        assert "ModuleNotFoundError" in note
    seconds = time_side_by_side({name: calls[name] for name in ("primal", "by hand", "adgen")}, rounds=1, batch=0.0)
    assert all(value > 0.0 for value in seconds.values())
    assert show_time("adgen", seconds).count(",") == 1
    assert show_time("JAX jit", seconds) == "-"


def test_check_equal_sees_a_difference():
    with pytest.raises(AssertionError):
        check_equal((np.ones(2), np.ones(3)), (np.ones(2), np.zeros(3)))


def test_peak_counts_what_a_call_holds():
    assert 8_000_000 <= measure_peak(lambda: np.ones(1_000_000)) < 9_000_000
    assert show_bytes(8_000_000) == "8.00 MB"


def test_names_of_rows_are_unique():
    names = [case.name for case in programs.CASES]
    assert len(set(names)) == len(names)


def test_functions_of_the_compile_table(tmp_path, monkeypatch):
    names = startup.write_module(tmp_path)
    monkeypatch.syspath_prepend(os.fspath(tmp_path))
    import compiled

    try:
        assert sorted(names) == sorted(compiled.ARGS)
        for name in names:
            assert np.isfinite(getattr(compiled, name)(*compiled.ARGS[name]))
    finally:
        del sys.modules["compiled"]


@pytest.mark.slow
def test_compile_and_import_times_are_taken(tmp_path):
    startup.write_module(tmp_path)
    assert set(startup.measure_compile("thirty", tmp_path, repeats=1)) == {"cold", "disk", "memory"}
    assert startup.measure_import(repeats=1) > 0.0
