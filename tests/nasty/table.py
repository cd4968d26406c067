"""The table's decorator and the arguments that its programs are called with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """A program, fresh arguments for it, and what adgen must make of it.

    `verdict` is "right", "refused: CODE", or "wrong: REASON" for a fault that is known. `expect` holds the
    gradients (of the sum of the result) where differences can't tell, at kinks for example.
    """

    function: Callable[..., Any]
    arguments: Callable[[], tuple[Any, ...]]
    verdict: str = "right"
    expect: tuple[Any, ...] | None = None
    rtol: float = 1e-6
    warns: bool = False  # the derivative may warn where the primal does not
    implicit: bool = False  # a gradient may leave out the primal's exception with the statement that raises it

    @property
    def name(self) -> str:
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"


CASES: list[Case] = []


def case(arguments: Callable[[], tuple[Any, ...]], verdict: str = "right", **more: Any) -> Callable[[Any], Any]:
    """Enter a function into the table."""

    def enter(fn: Any) -> Any:
        CASES.append(Case(fn, arguments, verdict, **more))
        return fn

    return enter


def v(*shape: int) -> np.ndarray:
    """Return irregular positive numbers, no two of them equal."""
    n = int(np.prod(shape))
    return (0.4 + 0.11 * np.arange(n) + 0.3 * np.sin(2.3 * np.arange(n) + 0.4) ** 2).reshape(shape)


def w(*shape: int) -> np.ndarray:
    """Return irregular numbers of both signs."""
    n = int(np.prod(shape))
    return (np.sin(1.7 * np.arange(n) + 0.6) * (1.0 + 0.1 * np.arange(n))).reshape(shape)
