"""What stands for a function: decorated functions, methods of classes, functions of any number of arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adgen


def doubled(f: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(f)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return 2.0 * f(*args, **kwargs)

    return wrapper


@doubled
def cubed(x: float, y: float = 3.0) -> float:
    return x * x * y


class Scale:
    k = 3.0

    @classmethod
    def of_class(cls, x: float) -> float:
        return cls.k * x * x

    @doubled
    def decorated(self, x: float) -> float:
        return self.k * x * x


class Other(Scale):
    k = 5.0


def product(a: float, *rest: float) -> float:
    for r in rest:
        a = a * r
    return a


def test_decorated_functions() -> None:
    assert adgen.grad(cubed)(2.0) == 24.0
    assert adgen.grad(cubed, wrt=(0, 1))(2.0, 5.0) == (40.0, 8.0)
    assert adgen.vjp(cubed, 2.0, 5.0)[1](1.0) == (40.0, 8.0)
    assert adgen.jvp(cubed, (2.0, 5.0), (1.0, 1.0)) == (40.0, 48.0)
    assert adgen.grad(adgen.grad(cubed))(2.0) == 12.0
    assert adgen.grad(Scale().decorated)(2.0) == 24.0


@pytest.mark.parametrize(("wrt", "found"), [(0, 12.0), (1, 8.0), ((2, 0), (6.0, 12.0)), ("rest", (8.0, 6.0))])
def test_positions_of_any_number_of_arguments(wrt: Any, found: Any) -> None:
    assert adgen.grad(product, wrt=wrt)(2.0, 3.0, 4.0) == found


def test_positions_that_are_not_there() -> None:
    with pytest.raises(adgen.UsageError):
        adgen.grad(product, wrt=3)(2.0, 3.0, 4.0)
    with pytest.raises(adgen.UsageError, match="any number"):
        adgen.grad(product, wrt=-1)


def test_methods_of_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    slope = adgen.grad(Scale.of_class)
    assert (slope(1.0), adgen.grad(Other.of_class)(1.0), adgen.grad(Other().of_class)(1.0)) == (6.0, 10.0, 10.0)
    monkeypatch.setattr(Scale, "k", 4.0)
    assert slope(1.0) == 8.0


def reduced(x: np.ndarray, how: Any) -> Any:
    if isinstance(how, dict):
        return np.sum(np.sum(x, axis=how["axis"]) ** 2)
    if isinstance(how, tuple) and isinstance(how[0], int):
        return np.sum(np.sum(x, axis=how) ** 2)
    if isinstance(how, tuple):
        return np.sum(x[how] ** 2)
    return np.sum(x * how)


def test_arguments_of_other_structures() -> None:
    """What is known by value of one argument is no part of the next."""
    x = np.arange(6.0).reshape(2, 3)
    df = adgen.grad(reduced)
    hows = [(0,), {"axis": 1}, 2.0, (slice(0, 1), 1), (0, 1), [1.0, 2.0, 3.0], {"axis": (0, 1), "b": 1},
            np.ones(3), 3, {"b": 2, "axis": 0}]  # fmt: skip
    for how in (*hows, *hows[::-1]):
        np.testing.assert_array_equal(df(x, how), adgen.grad(reduced)(x, how))
        step = (reduced(x + 1e-6, how) - reduced(x - 1e-6, how)) / 2e-6
        assert np.sum(df(x, how)) == pytest.approx(step, abs=1e-6)


@pytest.mark.parametrize("place", [slice(0, 1), ..., slice(None, None, -1), (slice(0, 2), 1), np.s_[1, :2]])
def test_places_as_arguments(place: Any) -> None:
    def f(x: np.ndarray, at: Any) -> Any:
        x = x.copy()
        x[at] *= 2.0
        return np.sum(x[at] ** 2)

    x = np.arange(6.0).reshape(2, 3)
    wanted = np.zeros((2, 3))
    wanted[place] = 8.0 * x[place]
    np.testing.assert_array_equal(adgen.grad(f)(x, place), wanted)


def test_a_number_after_what_was_known_by_value() -> None:
    def f(x: Any, n: Any) -> Any:
        return x**n if isinstance(n, float) else sum(x * k for k in range(n))

    df = adgen.grad(f, wrt=(0, 1))
    slope = adgen.grad(f)
    assert slope(2.0, 3) == 3.0
    assert df(2.0, 3.0) == pytest.approx((12.0, 8.0 * np.log(2.0)))
    assert slope(2.0, 4) == 6.0


def test_an_index_that_is_no_place() -> None:
    with pytest.raises(adgen.AdgenError):
        adgen.grad(lambda x, k: np.sum(x[k]))(np.ones(3), object())
    with pytest.raises(adgen.UsageError, match="can't be part of the signature"):
        adgen.grad(lambda x, k: np.sum(x[k]))(np.ones(3), bytearray(b"a"))
