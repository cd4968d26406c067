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


@pytest.mark.parametrize("number", range(len(CASES)), ids=IDS)
def test_public(number):
    """The primal, the pullback called again, and (of every other program) the second derivative both ways."""
    fn, args = CASES[number]
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
    if number % 2:
        assert numeric.equal(given, args), "the arguments changed"
        return
    ones = [None if j != k else np.ones_like(a) if isinstance(a, np.ndarray) else 1.0 for j, a in enumerate(args)]
    second = adgen.grad(df, wrt=k)(*given)
    _, tangent = adgen.jvp(df, tuple(given), tuple(ones))
    assert numeric.equal(given, args), "the arguments changed"
    assert np.allclose(np.sum(0.0 if tangent is None else tangent), np.sum(0.0 if second is None else second))
    step = 1e-5
    moved = [[a + s * t if t is not None else a for a, t in zip(args, ones)] for s in (step, -step)]
    up, down = (np.sum(df(*copy.deepcopy(m))) for m in moved)
    assert np.allclose((up - down) / (2 * step), np.sum(0.0 if second is None else second), rtol=1e-5, atol=1e-6)


def test_calls_of_one_kind_share_a_function():
    from tests.recursive import two_calls

    df = adgen.grad(two_calls, wrt=(0, 1))
    df(0.7, 0.8, 3)
    assert df.source.count("def ") == 3


def test_effects_happen_once_per_call(capsys):
    def noisy(x, n):
        print(n)
        return x if n == 0 else x * noisy(x * 1.1, n - 1)

    for run in (adgen.grad(noisy), adgen.grad(adgen.grad(noisy)), adgen.value_and_grad(noisy)):
        run(0.5, 2)
        assert capsys.readouterr().out.split() == ["2", "1", "0"]


def test_too_deep_raises_as_the_program_does():
    def deep(x, n):
        return x if n == 0 else deep(x * 1.0001, n - 1)

    df = adgen.grad(deep)
    with pytest.raises(RecursionError):
        df(1.0, 100_000)
    assert df(1.0, 3) == pytest.approx(1.0001**3)


def test_without_gradient():
    def counts(x, y, n):
        return 1.0 if n == 0 else y * counts(x, y, n - 1)

    assert adgen.grad(counts, wrt=(0, 1))(0.5, 2.0, 3) == (None, 12.0)
    assert "not used" in str(adgen.explain(counts, 0.5, 2.0, 3, wrt="x"))


def test_names_of_one_call():
    """A local variable is that of the call that is differentiated, not of the calls in it."""

    def squares(x, n):
        y = x * x
        return y if n == 0 else y * squares(y, n - 1)

    assert adgen.grad(squares, wrt="y")(0.8, 2) == pytest.approx(7 * 0.64**6)
    assert adgen.grad(squares, of="y")(0.8, 2) == 1.6
    assert adgen.grad(squares, stop_gradients="y")(0.8, 2) is None


def test_what_a_failing_call_wrote_is_not_known():
    def doubles(a, n):
        a[0] = a[0] * 2.0
        if n == 0:
            raise ValueError("done")
        doubles(a, n - 1)

    def caught(x, n):
        y = x * 1.0
        try:
            doubles(y, n)
        except ValueError:
            pass
        return np.sum(y)

    assert adgen.grad(caught)(np.ones(3), 2).tolist() == [8.0, 1.0, 1.0]

    def grows(a):
        a[0] = a[0] * 2.0
        if a[0] > 9.0:
            raise ValueError("done")
        grows(a)

    def unknown(x):
        y = x * 1.0
        try:
            grows(y)
        except ValueError:
            pass
        return np.sum(y)

    with pytest.raises(adgen.UnsupportedError, match="the recursion of 'grows'"):
        adgen.grad(unknown)(np.ones(3))


def test_memoised_recursion_is_not_made_exponential():
    import functools

    @functools.lru_cache(maxsize=None)
    def fib(n):
        return 1.0 if n < 2 else fib(n - 1) + fib(n - 2)

    def scaled(x, n):
        return x * fib(n)

    assert adgen.grad(scaled)(0.5, 5) == 8.0
    with pytest.raises(adgen.UnsupportedError, match="remembers its results"):
        adgen.grad(scaled)(0.5, 90)


TABLE = {"w": np.array([1.0, 2.0]), "b": 0.5}


def test_a_table_read_in_a_loop_and_after_it():
    def weigh(x, n):
        s = 0
        for i in range(n):
            s = s + TABLE["w"][i % 2] * x
        return s * TABLE["w"][0]

    assert adgen.grad(weigh)(1.0, 3) == 4.0


def test_results_that_may_be_one_object_are_not_told_apart():
    def twice(a, n):
        return (a, a) if n == 0 else twice(a * 1.1, n - 1)

    def program(x, n):
        p, q = twice(x, n)
        p[0] = 0.0
        return np.sum(q * x)

    with pytest.raises(adgen.AliasError):
        adgen.grad(program)(np.ones(3), 2)


def product(x, n):
    return x if n == 0 else x * product(x, n - 1)


def test_gradients_inside_programs_go_through_calls():
    @adgen.compile
    def slope(x, n):
        y = product(x, n)
        return adgen.gradients(y, x)

    assert slope(1.3, 3) == pytest.approx(4 * 1.3**3)
    assert adgen.grad(slope)(1.3, 3) == pytest.approx(12 * 1.3**2)

    @adgen.compile
    def in_a_loop(x, n):
        s = 0.0
        for i in range(n):
            z = x * (i + 1.0)
            s = s + adgen.gradients(product(z, i) * x, z)
        return s

    assert in_a_loop(1.3, 3) == pytest.approx(sum((i + 1) * (1.3 * (i + 1)) ** i * 1.3 for i in range(3)))


def test_a_primal_writes_what_it_is_given():
    def shift(a, n):
        if n > 0:
            a[0] = a[0] + 1.0
            shift(a[1:], n - 1)

    a = np.zeros(4)
    adgen.compile(shift)(a, 3)
    assert a.tolist() == [1.0, 1.0, 1.0, 0.0]
