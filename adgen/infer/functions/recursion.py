"""Recursion: whether the body of a function that is running runs once more, or is a function of its own.

A recursion that ends at compile time is written out. One that run time decides makes its function a summary
(`infer/functions/summaries.py`); the program is typed again from the start then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from adgen.errors import AliasError, UnsupportedError
from adgen.frontend import cuts, exits, tree
from adgen.infer.values import Closure, Map, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Origin, Var
from adgen.ir.types import NUMERIC, Array, List, Opaque, Type
from adgen.rules.lattice import skeleton

if TYPE_CHECKING:
    from adgen.infer.engine import Engine
    from adgen.infer.environment.outside import Outside


class Replan(Exception):
    """The program is typed again from the start: the plan knows more, so that it comes out otherwise."""


@dataclass(slots=True)
class Plan:
    """What earlier attempts to type a program found out about its functions."""

    summarised: dict[int, tree.Function] = field(default_factory=dict)  # by identity
    refused: dict[int, UnsupportedError] = field(default_factory=dict)  # why they can't be summaries
    cuts: dict[tuple[str, Origin], None] = field(default_factory=dict)  # bodies of `try` that are cut
    bodies: dict[int, tuple[tree.Function, list[tree.Stmt]]] = field(default_factory=dict)  # functions with such
    outside: dict[tuple[int, str], Outside] = field(default_factory=dict)  # names outside that the program writes
    live: dict[int, Any] = field(default_factory=dict)  # global lists and dicts that the program changes, by identity
    throwers: dict[tuple[int, Any], list[tree.Stmt]] = field(default_factory=dict)
    follows: bool = False  # loops carry which of several objects names mean, also of those that iterations make
    clashed: dict[Origin, None] = field(default_factory=dict)  # loops that give a name values of several kinds
    unrolled: dict[Origin, None] = field(default_factory=dict)  # loops that are written out, whatever they do
    unrolls: bool = False  # so are all short ones

    def add(self, function: tree.Function) -> None:
        """Make a function a summary, unless that was tried."""
        if id(function) not in self.summarised:
            self.summarised[id(function)] = function
            raise Replan

    def cut(self, keys: Iterable[tuple[str, Origin]]) -> None:
        """Cut the body of a `try`, unless that was tried."""
        for key in keys:
            if key not in self.cuts:
                self.cuts[key] = None
                self.bodies.clear()
                self.throwers.clear()
                raise Replan

    def unroll(self, error: Exception) -> bool:
        """Have loops written out where that may help against an error, unless that was tried."""
        before = self.unrolls, len(self.unrolled)
        self.unrolls |= isinstance(error, AliasError)
        self.unrolled.update(self.clashed)
        return before != (self.unrolls, len(self.unrolled))

    def write(self, key: tuple[int, str], place: Outside) -> None:
        """Note that the program writes a name outside of it, unless that is known."""
        if key not in self.outside:
            self.outside[key] = place
            raise Replan

    def thrower(self, function: tree.Function, kinds: tuple[type[BaseException], ...]) -> list[tree.Stmt] | None:
        """Return what runs when a function is called so that it hands over its exceptions; None: it does not."""
        if ("callee", function.origin) not in self.cuts:
            return None
        key = id(function), kinds
        if key not in self.throwers:
            raw = replace(function, body=function.lowered or function.body)
            self.throwers[key] = exits.single_exit(cuts.thrower(raw, kinds, self.cuts)).body
        return self.throwers[key]

    def body(self, function: tree.Function) -> list[tree.Stmt]:
        """Return what runs when a function is called."""
        if not self.cuts or not function.lowered:
            return function.body
        known = self.bodies.get(id(function))
        if known is None:
            files = {origin.file for _, origin in self.cuts}
            made = function.body
            if function.file in files or function.origin.file in files:
                made = exits.single_exit(cuts.cut(replace(function, body=function.lowered), self.cuts)).body
            known = self.bodies[id(function)] = (function, made)
        return known[1]


@dataclass(slots=True)
class Entry:
    """A call in progress: what it was given, and how deep in branches and loops it was made."""

    function: tree.Function
    given: Any
    types: Any
    depth: int


def enter(e: Engine, function: tree.Function, bound: Mapping[str, Any]) -> Entry:
    values = [] if e.hidden is None else list(bound.values())  # in a rule nothing becomes a summary
    given = tuple(shape_of(e, v, True) for v in values)
    return Entry(function, given, tuple(shape_of(e, v, False) for v in values), e.b.depth)


def shape_of(e: Engine, v: Any, exact: bool) -> Any:
    """Return what is known of a value at compile time; not `exact`: without the values of numbers."""
    if isinstance(v, Ref):
        return "ref", shape_of(e, v.type if v.type is not None else e.state.heap[v.obj], exact)
    if isinstance(v, Type):
        return skeleton(v)
    if isinstance(v, Const):
        number = isinstance(v.type, NUMERIC)
        if not number:
            return id(v.value) if isinstance(v.type, Opaque) else repr(v.value)
        return (repr(v.value), skeleton(v.type)) if exact else skeleton(v.type)
    if isinstance(v, Var):
        return skeleton(v.type)
    if isinstance(v, (TupleV, Seq, Map)):
        return type(v).__name__, tuple(shape_of(e, i, exact) for i in v.items)
    return id(v.function) if isinstance(v, Closure) else type(v).__name__


def call_again(e: Engine, function: tree.Function, bound: Mapping[str, Any]) -> tuple[Any] | None:
    """Carry out a call of a function that is running: a call of its summary, or None to run its body once more.

    That is done as long as what is known at compile time changes, and decides that the call is made.
    """
    for running in reversed(e.summaries):
        if running.function is function and running.takes(bound):
            return (running.again(bound),)
    if e.hidden is None or e.taping or function.yields or id(function) in e.plan.refused:
        return None
    last = next((x for x in reversed(e.entries) if x.function is function), None)
    now = enter(e, function, bound)
    if last is None or not same_kind(last.types, now.types) or (now.given != last.given and now.depth == last.depth):
        return None
    plan_summary(e, function)
    return None


def plan_summary(e: Engine, function: tree.Function) -> None:
    """Start again with this function as a summary, unless that was tried."""
    if e.hidden is None or e.taping or function.yields or id(function) in e.plan.refused:
        return
    e.plan.add(function)


def is_summary(e: Engine, function: tree.Function) -> bool:
    return id(function) in e.plan.summarised and id(function) not in e.plan.refused


def summarise(e: Engine, function: tree.Function, owner: Any, bound: Mapping[str, Any]) -> Any:
    """Call a function as a summary."""
    from adgen.infer.functions.summaries import Recursion

    try:
        return Recursion(e, function, owner, bound).run()
    except UnsupportedError as error:
        if any(r.function is function for r in e.summaries):
            raise
        e.plan.refused[id(function)] = error
        raise Replan from error


def is_list(shape: Any) -> bool:
    return isinstance(shape, List) or (isinstance(shape, tuple) and shape[:1] == ("Seq",))


def same_kind(a: Any, b: Any) -> bool:
    """Say whether two shapes differ in nothing but types of numbers, which are widened."""
    if is_list(a) and is_list(b):  # of any length
        return not (isinstance(a, tuple) and isinstance(b, tuple)) or all(map(same_kind, a[1], b[1]))
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return all(map(same_kind, a, b))
    if isinstance(a, Array) and isinstance(b, Array):
        return a.ndim == b.ndim
    if isinstance(a, Type) and isinstance(b, Type):
        return isinstance(a, NUMERIC) == isinstance(b, NUMERIC) and isinstance(a, Array) == isinstance(b, Array)
    if isinstance(a, Type) or isinstance(b, Type):
        return False
    return type(a) is type(b)
