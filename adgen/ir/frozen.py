"""Dataclasses that are frozen for the type checker alone.

Nodes, types and abstract values never change. A class that enforces this while it runs takes three times as long to
make an object, and one compile makes thousands.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 (handed on)
else:
    T = TypeVar("T")

    def dataclass(*, frozen: bool = False, eq: bool = True, **options: Any) -> Callable[[type[T]], type[T]]:
        """Do what `dataclasses.dataclass` does, but let objects be made as fast as if they could change."""
        return dataclasses.dataclass(eq=eq, unsafe_hash=frozen and eq, **options)
