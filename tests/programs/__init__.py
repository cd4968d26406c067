"""Realistic programs in plain NumPy, written as users write them, each with arguments.

`CASES` lists them all: the function, its arguments, and which of them to differentiate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.programs import dynamic, equations, finance, learning, linear, motion, science, series, signals

MODULES = (dynamic, equations, finance, learning, linear, motion, science, series, signals)


@dataclass(frozen=True)
class Case:
    function: Callable[..., Any]
    args: tuple[Any, ...]
    wrt: tuple[int, ...]

    @property
    def name(self) -> str:
        return f"{self.function.__module__.rpartition('.')[2]}.{self.function.__name__}"


CASES = [Case(*entry) for module in MODULES for entry in module.PROGRAMS]
