"""What stands for a function: decorated functions, methods of classes, functions of any number of arguments."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

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
