"""The tangents of values: what forward mode has found so far, and zeros where there are none."""

from __future__ import annotations

from typing import Any

from adgen.errors import UnsupportedError
from adgen.ir.build import Builder
from adgen.ir.nodes import UNDEF, Const, Operand, Var
from adgen.ir.types import (
    Array,
    Bool,
    Float,
    Int,
    List,
    Record,
    Tuple,
    Type,
    Undef,
    is_complex,
    is_floating,
)
from adgen.transform.activity import Varied
from adgen.transform.cotangents import Cotangents, make_record
from adgen.transform.directions import Directions
from adgen.transform.limits import Limits
from adgen.transform.rules import RuleRunner


class Tangents:
    """Holds a tangent for each value that has one."""

    def __init__(self, b: Builder, varied: Varied, rules: RuleRunner, directions: Directions) -> None:
        self.b = b
        self.directions = directions
        self.varied = varied
        self.rules = rules
        self.of: dict[Var, Operand] = {}
        self.cots = Cotangents(b)
        self.limits = Limits(b, directions.body)

    def get(self, a: Operand) -> Operand | None:
        return self.of.get(a) if isinstance(a, Var) else None

    def full(self, a: Operand) -> Operand:
        """Return the tangent of an operand, zeros where there is none."""
        t = self.get(a)
        if t is None:
            if isinstance(a.type, (Int, Bool)):  # a constant among floating-point numbers
                return self.b.const(0.0)
            if isinstance(a.type, Record) and a.type.cls is list and is_floating(a.type):
                return self.b.call(
                    "make_list", *[self.full(self.b.call("item", a, self.b.const(k))) for k in a.type.keys]
                )
            return UNDEF if isinstance(a.type, Undef) else self.cots.zero(a)
        if isinstance(a.type, Array) and isinstance(a, Var) and Cotangents.is_narrow(t, a.type):
            return self.b.call("np.full_like", a, t)
        return t

    def set(self, v: Var, t: Operand | None) -> None:
        if t is None:
            return
        name = f"{v.name}_dot" if v.name else None
        self.of[v] = self.b.bind(t, name, v.fixed) if name else t

    def _formed(self, t: Any, wanted: Type) -> Operand:
        """Return a tangent in the form of its value: a rule answers a tuple by its items."""
        if not isinstance(t, dict):
            if is_complex(t.type) and not is_complex(wanted):
                t = self.b.call("np.real", t)
            return self.cots.cast(t, wanted)
        assert isinstance(wanted, (Tuple, Record))
        items = [
            self._formed(t[k], i) if is_floating(i) else self.b.const(None) for k, i in zip(sorted(t), wanted.items)
        ]
        return make_record(self.b, wanted, items) if isinstance(wanted, Record) else self.b.call("make_tuple", *items)

    def _with_zeros(self, a: Operand, t: Operand) -> Operand:
        """Return the tangent of a tuple or list of numbers, with zeros for the integers in it."""
        if isinstance(a.type, List) and not all_floating(a.type.elem):
            raise UnsupportedError(
                what=f"{a.type} as one array, in forward mode",
                why="the integers in it have no tangents",
                instead="write the integers as floats",
                origin=self.b.origin,
            )
        if not isinstance(a.type, (Tuple, Record)) or all_floating(a.type):
            return t
        parts = []
        for k, i in zip(a.type.keys if isinstance(a.type, Record) else range(len(a.type.items)), a.type.items):
            own = self.b.call("item", a, self.b.const(k))
            parts.append(
                self._with_zeros(own, self.b.call("item", t, self.b.const(k))) if is_floating(i) else self._zeros(own)
            )
        return self.b.call("make_tuple" if isinstance(a.type, Tuple) else "make_list", *parts)

    def _zeros(self, a: Operand) -> Operand:
        """Return zeros for what has no tangent, among values that have one."""
        if isinstance(a.type, Array):
            return self.cots.zero(a)
        if isinstance(a.type, List) and isinstance(a.type.elem, (Int, Bool)):
            return self.b.emit(self.b.row("zeros_list"), (a,), type=List(Float()))
        if isinstance(a.type, (Tuple, Record)):
            keys = a.type.keys if isinstance(a.type, Record) else range(len(a.type.items))
            parts = [self._zeros(self.b.call("item", a, self.b.const(k))) for k in keys]
            return self.b.call("make_tuple" if isinstance(a.type, Tuple) else "make_list", *parts)
        return self.b.const(0.0)

    def _tangent_of(self, a: Operand, t: Type) -> Operand:
        """Return the tangent of an argument of a summary, whose parameter may be floating where it is not."""
        if isinstance(a, Var) and is_floating(a.type):
            return self.cots.finish(self.full(a), a)
        if isinstance(a.type, Array):
            return self.b.call("mul", self.b.const(0.0), a)
        return self.cots.zero(Const(None, t)) if not isinstance(t, (Array, List)) else self.full(a)


def all_integers(t: Type) -> bool:
    """Say whether a structure holds integers alone."""
    if isinstance(t, (Tuple, Record)):
        return bool(t.items) and all(map(all_integers, t.items))
    return all_integers(t.elem) if isinstance(t, List) else isinstance(t, (Int, Bool))


def all_floating(t: Type) -> bool:
    """Say whether no integer is among the numbers of a structure."""
    if isinstance(t, (Tuple, Record)):
        return all(map(all_floating, t.items))
    return all_floating(t.elem) if isinstance(t, List) else is_floating(t) or isinstance(t, Undef)
