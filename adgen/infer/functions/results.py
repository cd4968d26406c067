"""What a call of a summary leaves: its result, and what it wrote into what it was given."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.control.fit import Fit
from adgen.infer.control.slots import Assumption, Path
from adgen.infer.values import GeneratorV, Map, Maybe, Once, Poison, Seq
from adgen.ir.nodes import Const
from adgen.ir.types import Bool, NoneT

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

NOTHING = Const(None, NoneT())


@dataclass(frozen=True, slots=True)
class Same:
    """In what a call leaves: the very object that it was given at a path, or one from outside."""

    source: Any


def holds_same(v: Any) -> bool:
    return isinstance(v, Same) or (isinstance(v, (Seq, Map)) and any(isinstance(i, Same) for i in v.items))


class Results(Fit):
    """What a call leaves: its result, and what it wrote."""

    exposed = frozenset()

    def __init__(self, e: Engine, a: Assumption, origin: Any) -> None:
        super().__init__(e, SimpleNamespace(origin=origin))  # type: ignore[arg-type]
        self.a = a
        self.other: set[Path] = set()  # where it is not one object on all paths
        self._clear()

    def enter(self, path: Path, template: Any, name: str | None) -> Any:
        """Make the values that stand for what a call leaves."""
        self.header = self.e.state
        if path in self.a.poisoned:
            return self.a.poisoned[path]
        if path in self.a.maybe:
            flag = self.param((*path, "none"), Const(False, Bool()), None)
            return Maybe(flag, self._enter_as((*path, "value"), self.a.maybe[path], name, NOTHING))
        return self._enter_as(path, template, name, NOTHING)

    def _template(self, v: Any) -> Any:
        if isinstance(v, (Once, GeneratorV)):
            return None
        return v if isinstance(v, Same) else super()._template(v)

    def _match(self, path: Path, h: Any, v: Any, name: str | None) -> bool:
        if holds_same(h) or holds_same(v):
            if isinstance(h, Seq) and isinstance(v, Seq) and len(h.items) == len(v.items):
                return super()._match(path, h, v, name)
            if isinstance(h, Map) and isinstance(v, Map) and h.keys == v.keys:
                return super()._match(path, h, v, name)
            if h == v:
                return False
            self.other.add(path)
            return True
        return super()._match(path, h, v, name)

    def template(self, path: Path, v: Any) -> Any:
        """Return the form of what a body leaves."""
        if isinstance(v, Poison):
            self.a.poisoned[path] = v
            return NOTHING
        if isinstance(v, Maybe):
            self.a.maybe[path] = made = self._template(v.value)
        else:
            made = self._template(v)
        if made is None:
            raise UnsupportedError(
                what="what this recursive function returns or writes",
                why="a call that is not inlined gives numbers, arrays, and lists, tuples and objects of them",
                instead="return the numbers and arrays that it is made of",
                origin=self.s.origin,
            )
        return made
