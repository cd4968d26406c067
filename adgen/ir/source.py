"""What a derivative is taken with respect to: values of a program, and structures of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from adgen.ir.nodes import Var

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class Label:
    """What a pin stands for: `kind` is "local", "tag" or "path"; `path` leads to a part of the value."""

    name: str
    kind: str
    path: tuple[Any, ...] = ()
    repeated: bool = False  # a loop that was unrolled is round it


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """The structure of a source: leaves are values, None what has no gradient."""

    cls: type
    keys: tuple[Any, ...]
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """An item of a source that is a list of any length."""

    of: Var
    steps: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """A structure that a loop makes anew in each iteration: its leaves are lists, it is a list of structures."""

    each: Tree
    depth: int  # of loops round it


Source = Any  # Var | Tree | Item | Many | None


def leaves(source: Source) -> list[Var]:
    """Return the values that a source consists of."""
    if isinstance(source, Var):
        return [source]
    if isinstance(source, Item):
        return [source.of]
    if isinstance(source, Many):
        return leaves(source.each)
    return [v for i in source.items for v in leaves(i)] if isinstance(source, Tree) else []
