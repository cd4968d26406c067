"""Programs of one array: `program` marks those that are right, `refused` those that adgen says no to, with a reason."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

PROGRAMS: list[Callable[..., Any]] = []
REFUSED: list[tuple[Callable[..., Any], str]] = []
POINT = np.array([0.7, 1.3, 2.1])


def program(fn: Callable[..., Any]) -> Callable[..., Any]:
    PROGRAMS.append(fn)
    return fn


def refused(reason: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Mark a program that is refused with a message that holds `reason`."""

    def mark(fn: Callable[..., Any]) -> Callable[..., Any]:
        REFUSED.append((fn, reason))
        return fn

    return mark
