"""Every construct of the language: its gradient is that of differences in reverse and forward, or it is refused."""

from __future__ import annotations

import importlib
import linecache
import pkgutil

import numpy as np
import pytest

import adgen
import tests.language
from tests import numeric
from tests.language.table import POINT, PROGRAMS, REFUSED

for module in pkgutil.iter_modules(tests.language.__path__):
    importlib.import_module(f"tests.language.{module.name}")


def name(fn):
    return f"{fn.__module__.rpartition('.')[2]}.{fn.__name__}"


@pytest.mark.parametrize("fn", PROGRAMS, ids=name)
def test_right(fn):
    x = POINT.copy()
    gradient = adgen.grad(fn)(x)
    assert np.array_equal(x, POINT), "the argument changed"
    numeric.assert_gradient(fn, (gradient,), (POINT.copy(),), rtol=1e-5)
    direction = np.array([0.3, -1.1, 0.7])
    value, tangent = adgen.jvp(fn, (POINT.copy(),), (direction,))
    assert np.allclose(value, fn(POINT.copy()))
    assert np.allclose(tangent, gradient @ direction)


@pytest.mark.parametrize("fn", PROGRAMS, ids=name)
def test_pullback_answers_again(fn):
    value, pullback = adgen.vjp(fn, POINT.copy())
    assert np.allclose(value, fn(POINT.copy()))
    (first,), (other,), (again,) = pullback(1.0), pullback(-0.5), pullback(1.0)
    assert np.array_equal(first, again)
    assert np.allclose(other, -0.5 * first)


@pytest.mark.parametrize(("fn", "reason"), REFUSED, ids=[name(fn) for fn, _ in REFUSED])
def test_refused(fn, reason):
    with pytest.raises(adgen.AdgenError) as caught:
        adgen.grad(fn)(POINT.copy())
    text = str(caught.value)
    assert reason in text and f"{fn.__module__.rpartition('.')[2]}.py" in text and "^" in text, text


@pytest.mark.parametrize("fn", ["leaves_manager", "leaves_finally", "leaves_generator", "leaves_lock"])
def test_what_shows_when_an_exception_leaves(fn, capsys):
    """What a `finally` or a manager does then is done by the gradient as well."""
    from tests.language import managers

    def leaves_manager(x):
        with managers.Manager(x[0]) as m:
            if x[1] > 0.3:
                raise KeyError("large")
            return m.v

    def leaves_finally(x):
        y = 0.0
        try:
            y = x[0] * x[1]
            if y > 0.1:
                raise KeyError("large")
        finally:
            print("bye")
        return y

    def leaves_generator(x):
        with managers.closing(x[0]) as k:
            if x[1] > 0.3:
                raise KeyError("large")
        return k

    def leaves_lock(x):
        with managers.LOCK:
            if x[1] > 0.3:
                raise KeyError("large")
        return x[0]

    f = locals()[fn]
    with pytest.raises(KeyError):
        f(POINT.copy())
    printed = capsys.readouterr().out
    for call in (adgen.grad(f), lambda x: adgen.jvp(f, (x,), (x,))):
        with pytest.raises(KeyError):
            call(POINT.copy())
        assert capsys.readouterr().out == printed
    assert not managers.LOCK.locked()


def test_errors_pass_in_their_block_only():
    def f(x):
        with np.errstate(divide="ignore"):
            y = np.log(x)
        return np.sum(np.where(x > 0, y, 0.0)) + np.sum(1.0 / (x - x[0]))

    x = np.array([0.0, 1.0])
    for call in (f, adgen.grad(f), lambda x: adgen.jvp(f, (x,), (x,))):
        with np.errstate(all="raise"), pytest.raises(FloatingPointError):
            call(x)

    def quiet(x):
        with np.errstate(all="ignore"):
            y = np.log(x)
        return np.sum(np.where(x > 0, y, 0.0)) + np.sum(x * x)

    with np.errstate(all="raise"):
        assert np.array_equal(adgen.grad(quiet)(x), [0.0, 3.0])


def test_a_name_for_a_function_of_numpy_is_read_at_each_call():
    """Whatever a name, an alias or a table's entry means now is what is differentiated."""
    space = {"np": np, "act": np.tanh, "table": {"a": np.tanh}, "one": np.sin, "two": np.sin}
    text = "def f(x):\n    return np.sum(act(x) * table['a'](x)) + np.sum(one(x) + two(x))\n"
    path = "adgen_names.py"
    linecache.cache[path] = (len(text), None, text.splitlines(True), path)
    exec(compile(text, path, "exec"), space)
    df, x = adgen.grad(space["f"]), np.array([0.3, -0.4])

    def expected():
        h = 1e-6
        return np.array([(space["f"](x + h * e) - space["f"](x - h * e)) / (2 * h) for e in np.eye(2)])

    assert np.allclose(df(x), expected())
    for change in ({"act": np.sin}, {"two": np.cos}, {"table": {"a": np.exp}}):
        space.update(change)
        assert np.allclose(df(x), expected())
    space["table"]["a"] = np.cos
    assert np.allclose(df(x), expected())


def test_a_loop_that_makes_an_array_of_a_number_needs_an_iteration():
    from tests.language.growing import check_no_iterations

    check_no_iterations()


def test_second_order_of_a_loop_over_indices_and_items():
    def f(x):
        s = 0.0
        for (i, j), e in np.ndenumerate(x):
            s = s * 0.5 + e ** (i + j)
        return s

    x = np.arange(6.0).reshape(2, 3) + 1.0
    (twice,) = adgen.vjp(adgen.grad(f), x)[1](np.ones((2, 3)))
    assert np.allclose(twice, [[0.0, 0.0, 0.25], [0.0, 1.0, 36.0]])


def test_members_of_enums_as_arguments():
    """What a member decides is decided at compile time, one text for each."""
    from tests.language.members import Loss, Order

    def by_member(x, loss, options, order):
        weight = 2.0 if loss is options["loss"] else 3.0
        return weight * options["loss"].of(x) + x[order] ** 2

    gradient = adgen.grad(by_member)
    for loss in Loss:
        for other in Loss:
            for order in Order:
                args = (loss, {"loss": other, "rate": 0.1}, order)
                found = gradient(POINT.copy(), *args)
                numeric.assert_gradient(lambda x, a=args: by_member(x, *a), (found,), (POINT.copy(),), rtol=1e-6)
