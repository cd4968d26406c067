"""Functions of the program that stay functions: a `call` of one is a statement like any other.

A summary is a closed function that may call itself. Its derivatives are summaries as well, made once for each set of
arguments and results that matter: `fwd` gives (result, saved) and `bwd` takes saved and the cotangents of the results;
`twin` gives (result, tangent).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from adgen.ir.nodes import Const, Func, Let, walk
from adgen.ir.routine import Routine
from adgen.ir.types import Array, Layout, List, Opaque, Record, Saved, Tuple, Type

CALLS = ("call", "run")


class Summary(Routine):
    """A function of the generated module. `func` is there once its body is typed."""

    __slots__ = ("_name", "consumes", "effects", "fresh", "pairs", "rules", "twins", "values", "varied")

    def __init__(self, name: str) -> None:
        self._name = name
        self.consumes: dict[int, tuple[int, ...]] = {}  # parameters that it writes, and where it gives them
        self.effects = False  # it prints, raises, or calls what nobody can read
        self.fresh = True  # what it gives shares no memory with what it got
        self.values = 0  # how many items of its result that holds for; 0: all
        self.pairs: dict[Any, Pair] = {}
        self.twins: dict[Any, Summary] = {}
        self.varied: dict[int, bool] = {}  # whether the result depends on a parameter
        self.rules: tuple[Any, ...] = ()  # that its derivatives are made of

    @property
    def __name__(self) -> str:
        return self._name

    def __repr__(self) -> str:
        return f"<summary {self._name}>"

    @property
    def known(self) -> bool:
        """Say whether the body is there."""
        return hasattr(self, "func")


@dataclass(eq=False, slots=True)
class Pair:
    """The two halves of the reverse mode of a summary, for some arguments and results."""

    fwd: Summary
    bwd: Summary
    saved: Saved
    sources: tuple[int, ...]  # the parameters that have a gradient
    carried: tuple[int, ...] = ()  # those of them whose gradient so far goes in, and comes out with more


def holds_arrays(t: Type, seen: set[Layout] | None = None) -> bool:
    """Say whether a value may hold memory that is written, at whatever depth."""
    seen = set() if seen is None else seen
    if isinstance(t, Saved):
        if t.layout in seen:
            return False
        seen.add(t.layout)
        return any(holds_arrays(i, seen) for i in t.layout.items)
    if isinstance(t, (Tuple, Record)):
        return any(holds_arrays(i, seen) for i in t.items)
    if isinstance(t, List):
        return holds_arrays(t.elem, seen)
    return isinstance(t, (Array, Opaque))


def summary_of(s: Let) -> Summary:
    """Return what a call calls."""
    fn = s.args[0]
    assert isinstance(fn, Const) and isinstance(fn.value, Summary)
    return fn.value


def consumed(s: Let) -> frozenset[int]:
    """Return which arguments of a statement a call writes in place."""
    if s.op.name not in CALLS:
        return frozenset()
    return frozenset(k + 1 for k in summary_of(s).consumes)


def calls_in(func: Func) -> Iterator[Let]:
    """Yield the calls of summaries."""
    for s in walk(func.body):
        if isinstance(s, Let) and s.op.name in CALLS:
            yield s
