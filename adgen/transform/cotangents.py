"""Cotangents of values: how they accumulate, narrow, fit their value, and become whole.

A cotangent is an operand; a dict of cotangents by key for a tuple or record; or absent, which is zero. It may be
*narrow*: of fewer axes than its value, standing for what broadcasting makes of it. It may be *masked*: to be
multiplied by a condition once elementwise rules are through, so that a branch that `where` masks out contributes
exactly 0 even where its own derivative is infinite.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from adgen.api.plain import is_plain
from adgen.errors import UnsupportedError
from adgen.ir.build import Builder, shift
from adgen.ir.nodes import Const, Index, Let, Operand, Place, Slice, Var
from adgen.ir.types import (
    Array,
    Complex,
    Dict,
    Float,
    List,
    NoneT,
    Opaque,
    Record,
    Saved,
    Scalar,
    Tuple,
    Type,
    dims_of,
    held_class,
    is_complex,
    is_floating,
    is_scalar,
    may_float,
)
from adgen.optimise.algebra import is_front
from adgen.rules.lengths import is_nonunit
from adgen.rules.typing import join

Cot = Any  # Operand | Masked | dict


@dataclass(frozen=True, slots=True)
class Masked:
    """`where(mask, value, 0)`, or with `other` `where(mask, 0, value)`."""

    mask: Operand
    value: Operand
    other: bool = False


class Cotangents:
    """The cotangents of the values in scope."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.of: dict[Var, Cot] = {}
        self.undefined: set[Var] = set()  # values that may not be defined
        self.added: set[Var] = set()  # perturbations of pins: they are no values of the program

    def child(self) -> Cotangents:
        c = Cotangents(self.b)
        c.undefined, c.added = self.undefined, self.added
        c.of = dict(self.of)
        return c

    def pop(self, v: Var) -> Cot:
        """Take the finished cotangent of a value; a temporary gets its name now."""
        c = self.of.pop(v, None)
        return self._name(c, v) if isinstance(c, Var) else c

    # -- accumulation -----------------------------------------------------------------------------

    def add(self, v: Operand, c: Cot, through: bool = False) -> None:
        """Add a contribution to the cotangent of a value; `through`: it is the cotangent of another one."""
        if not isinstance(v, Var) or c is None:
            return
        if isinstance(c, dict):
            self._add_parts(v, c)
            return
        root, place, holes = self.origin_of(v)
        if place:
            # the cotangent of a view is the same view of its base's
            name, fixed = gradient_name(root)
            d = self.whole(self.of.pop(root, None), root)
            self.of[root] = self.b.update(d, self.settle(c), place, holes, "add", name=name, fixed=fixed)
            return
        old = self.of.get(v)
        if isinstance(old, dict):
            self.of[v] = self._merge(old, self._as_parts(v.type, c))
        elif old is None:
            self.of[v] = c if through or isinstance(c, Masked) else self._name(c, v)
        elif isinstance(old, Masked) and isinstance(c, Masked) and (old.mask, old.other) == (c.mask, c.other):
            self.of[v] = Masked(c.mask, self.b.call("add", old.value, c.value), c.other)
        elif (
            isinstance(old, Masked) and isinstance(c, Masked) and old.mask is c.mask
        ):  # the two branches of one `where`
            then, orelse = (c, old) if old.other else (old, c)
            self.of[v] = self._name(self.b.call("np.where", c.mask, then.value, orelse.value), v)
        elif isinstance(v.type, (List, Dict, Tuple, Record, Saved)):
            self.of[v] = self._name(self.plus(self.whole(old, v), self.whole(c, v)), v)
        else:
            self.of[v] = self._name(self._sum(self.settle(old), self.settle(c), v), v)

    def origin_of(self, v: Var, inside: bool = False) -> tuple[Var, Place, tuple[Operand, ...]]:
        """Return the array or list that a value is a part of, through basic indices, and at which place.

        `inside`: what is asked for is a part of `v`. Else `v` itself gets more: a list would only get longer by `+=`.
        """
        place: Place = ()
        holes: tuple[Operand, ...] = ()
        while isinstance(v.type, Array) or (inside and _has_places(v.type)):
            s = self.b.defs.get(v)
            if s is None or s.op.name != "getitem" or not isinstance(s.args[0], Var):
                break
            if not (isinstance(s.args[0].type, Array) or _has_places(s.args[0].type)) or any(
                isinstance(a.type, (Array, List)) for a in s.args[1:]
            ):
                break
            if isinstance(s.args[0].type, List) and any(isinstance(i, Slice) for i in _items(s.place)):
                break
            if added_axes(s):
                break
            more = len(s.args) - 1
            place = (*(shift(p, -1) for p in s.place), *(shift(p, more) for p in place))
            holes = (*s.args[1:], *holes)
            v, inside = s.args[0], True
        return v, place, holes

    def _sum(self, old: Operand, c: Operand, v: Var) -> Operand:
        name, fixed = gradient_name(v)
        return self.b.emit(self.b.row("add"), (old, c), name=name, fixed=fixed)

    def _name(self, c: Operand, v: Var) -> Operand:
        name, fixed = gradient_name(v)
        if name is None or (isinstance(v.type, Array) and self.is_narrow(c, v.type)):
            return c
        return self.b.bind(c, name, fixed)

    def _add_parts(self, v: Var, c: dict[Any, Cot]) -> None:
        old = self.of.get(v)
        if old is None:
            self.of[v] = c
        else:
            self.of[v] = self._merge(old if isinstance(old, dict) else self._as_parts(v.type, old), c)

    def _merge(self, a: dict[Any, Cot], b: dict[Any, Cot]) -> dict[Any, Cot]:
        out = dict(a)
        for k, c in b.items():
            if c is None:
                continue
            old = out.get(k)
            if old is None:
                out[k] = c
            elif isinstance(old, dict) or isinstance(c, dict):
                out[k] = self._merge(*[x if isinstance(x, dict) else self._parts_of(self.settle(x)) for x in (old, c)])
            else:
                out[k] = self.plus(self.settle(old), self.settle(c))
        return out

    def plus(self, a: Operand, c: Operand) -> Operand:
        """Return the sum of two cotangents; `+` would join tuples and lists."""
        t = a.type
        if not is_floating(t):  # None, at whatever depth
            return a
        if isinstance(t, (List, Dict)):
            return self.b.call("add_lists", a, c)
        if isinstance(t, Saved) or isinstance(c.type, Saved):
            return self.b.emit(self.b.row("add_saved"), (a, c), type=t if isinstance(t, Saved) else c.type)
        if not isinstance(t, (Tuple, Record)):
            return self.b.call("add", a, c)
        keys = range(len(t.items)) if isinstance(t, Tuple) else t.keys
        items = [
            self.plus(self.b.call("item", a, self.b.const(k)), self.b.call("item", c, self.b.const(k))) for k in keys
        ]
        return self.b.call("make_tuple", *items) if isinstance(t, Tuple) else make_record(self.b, t, items)

    def _parts_of(self, c: Operand) -> dict[Any, Cot]:
        return self._as_parts(c.type, c)

    def _as_parts(self, t: Type, c: Operand) -> dict[Any, Cot]:
        keys = t.keys if isinstance(t, Record) else range(len(items_of(t)))
        return {k: self.b.call("item", c, self.b.const(k)) for k in keys}

    def part(self, v: Var, key: Any, c: Cot) -> None:
        """Add a contribution to one item of a tuple or record."""
        self._add_parts(v, {key: c})

    # -- fitting ------------------------------------------------------------------------------------

    def settle(self, c: Cot) -> Operand:
        """Apply the mask of a masked cotangent."""
        if isinstance(c, Masked):
            zero = self.b.const(0.0)
            args = (c.mask, zero, c.value) if c.other else (c.mask, c.value, zero)
            return self.b.emit(self.b.row("np.where"), args)
        assert isinstance(c, (Var, Const))
        return c

    def project(self, c: Cot, v: Operand) -> Cot:
        """Fit a contribution to its value: the sum over what broadcasting stretched, the real part, the dtype."""
        if c is None or isinstance(c, dict):
            return c
        if isinstance(c, Masked):
            if self.fits(c.mask.type, v.type):  # it is the same all along what broadcasting stretched
                value = self.project(c.value, v)
                return Masked(c.mask, value, c.other) if isinstance(value, (Var, Const)) else value
            c = self.settle(c)
        b, t = self.b, v.type
        if isinstance(t, (List, Dict, Tuple, Record, Saved)):
            return c
        if is_complex(c.type) and not is_complex(t):
            c = b.call("np.real", c)
        if isinstance(c.type, Array) and not self.fits(c.type, t):
            c = self._reduce(c, v)
        return self.cast(c, t)

    def cast(self, c: Operand, t: Type) -> Operand:
        """Give a cotangent the dtype of its value where promotion changed it."""
        if not isinstance(c.type, (Array, Scalar)) or not isinstance(t, (Array, Scalar)):
            return c
        loose = isinstance(c.type, Array) and c.type.loose and not (isinstance(t, Array) and t.loose)
        if loose or c.type.dtype != t.dtype:
            if is_floating(c.type) and is_floating(t):
                return self.b.call("astype", c, Const(np.dtype(t.dtype).type, Opaque()))
        return c

    @staticmethod
    def fits(c: Type, t: Type) -> bool:
        """Say whether a cotangent of this type broadcasts to its value, proven by the types."""
        a, d = dims_of(c), dims_of(t)
        if a == d:
            return True
        if len(a) > len(d):
            return False
        return all(x == y or x == 1 or is_nonunit(y) for x, y in zip(reversed(a), reversed(d)))

    @staticmethod
    def covers(a: Type, out: Type) -> bool:
        """Say whether no axis of the result is summed for an argument of this type, proven by the types."""
        x, y = dims_of(a), dims_of(out)
        return len(x) == len(y) and all(p == q or is_nonunit(p) for p, q in zip(x, y))

    def _reduce(self, c: Operand, v: Operand) -> Operand:
        b = self.b
        made = b.defs.get(c) if isinstance(c, Var) else None
        if made is not None and made.op.name == "neg" and made.adjoint:  # the sum is the smaller one to negate
            return b.call("neg", self._reduce(made.args[0], v))
        a, d = dims_of(c.type), dims_of(v.type)
        lead = len(a) - len(d)
        tail = list(zip(a[max(lead, 0) :], d[max(-lead, 0) :]))
        if lead >= 0 and all(x == y or y == 1 or is_nonunit(y) for x, y in tail):
            if not d:
                return b.call("np.sum", c)
            if lead > 0:
                axes = 0 if lead == 1 else tuple(range(lead))
                c = b.call("np.sum", c, b.const(axes), kws=("axis",))
            stretched = tuple(k for k, (x, y) in enumerate(tail) if y == 1 and x != 1)
            if stretched:
                axis = stretched[0] if len(stretched) == 1 else stretched
                c = b.call("np.sum", c, b.const(axis), b.const(True), kws=("axis", "keepdims"))
            return c
        return b.call("unbroadcast", c, v)

    def whole(self, c: Cot, v: Var) -> Operand:
        """Return a cotangent with all axes of its value; zeros if there is none."""
        t = v.type
        if c is None:
            return self.zero(v)
        if isinstance(c, dict):
            return self._whole_parts(c, v)
        settled = self.settle(c)
        if isinstance(t, Array) and (self.is_narrow(settled, t) or not isinstance(settled.type, Array)):
            return self.b.call("np.full_like", v, self._inner(settled))
        if isinstance(t, Scalar) and isinstance(settled.type, Array) and not settled.type.dims:
            return self.b.load(settled, (Index(()),), ())
        if isinstance(t, List) and isinstance(settled.type, Array):  # an array stands for the list of its items
            name = "to_floats" if isinstance(t.elem, Float) else "to_list"
            return self.b.emit(self.b.row(name), (settled,), type=t)
        return settled

    def _inner(self, c: Operand) -> Operand:
        """Return a value without the new axes in front that broadcasting would add anyway."""
        s = self.b.defs.get(c) if isinstance(c, Var) else None
        if s is None or s.op.name != "np.expand_dims" or not isinstance(s.args[1], Const):
            return c
        return s.args[0] if is_front(s.args[1].value, len(dims_of(c.type))) else c

    @staticmethod
    def is_narrow(c: Operand, t: Array) -> bool:
        a = dims_of(c.type)
        if a == t.dims:
            return False
        return len(a) < t.ndim or any(x != y and y != 1 and not is_nonunit(x) for x, y in zip(a, t.dims))

    def _whole_parts(self, c: dict[Any, Cot], v: Var) -> Operand:
        t = v.type
        b = self.b
        if isinstance(t, Array):
            parts = [self.settle(c[k]) for k in sorted(c)]
            return b.call("np.array", b.call("make_list", *parts))
        if isinstance(t, List):
            inner = [b.call("getitem", v, b.const(k)) for k in range(len(c))]
            return b.call("make_list", *[self.whole(c[k], i) for k, i in zip(sorted(c), inner) if isinstance(i, Var)])
        assert isinstance(t, (Tuple, Record, Saved))
        keys = t.keys if isinstance(t, Record) else range(len(items_of(t)))
        items: list[Operand] = []
        for k, it in zip(keys, items_of(t)):
            leaf = b.call("item", v, b.const(k))
            if may_float(it) and isinstance(leaf, Var):
                items.append(self.whole(c.get(k), leaf))
            else:
                items.append(b.const(None) if not may_float(it) else self.zero(leaf))
        if isinstance(t, Saved):
            return b.emit(b.row("make_tuple"), items, type=t)
        if isinstance(t, Tuple):
            return b.call("make_tuple", *items)
        return make_record(b, t, items)

    def zero(self, v: Operand) -> Operand:
        """Return zeros like a value."""
        b, t = self.b, v.type
        made = b.defs.get(v) if isinstance(v, Var) else None
        if made is not None and made.op.name == "zero_at":
            return v
        if v in self.added and isinstance(t, (Array, List, Dict)):  # of a value that was not made here
            return b.emit(b.row("make_list"), (), type=t) if isinstance(t, List) else b.const(None)
        if held_class(t) is not None and v in self.undefined:
            raise UnsupportedError(
                what="a second derivative through an object in a list that only one path takes from it",
                why="what zeros its gradient has on the other path is not known",
                instead="take the object from the list before the branch",
                origin=b.origin,
            )
        if isinstance(t, (Array, List, Dict)) and v in self.undefined:
            return b.call("zeros_of", v, b.const(t.ndim if isinstance(t, Array) else type(t).__name__.lower()))
        if v in self.undefined and isinstance(t, (Tuple, Record)) and _of_arrays(t):
            return b.call("zeros_of", v, b.const(None))  # None on the path that does not make it
        if isinstance(t, Array) and is_complex(t):  # at run time it may be real, as what np.linalg.eig gives
            return b.emit(b.row("np.zeros_like"), (v, Const(np.dtype(t.dtype).type, Opaque())), ("dtype",))
        if isinstance(t, Array):
            return b.call("np.zeros_like", v)
        if isinstance(t, Dict) and is_scalar(t.elem):
            return b.call("zeros_dict", v)
        if isinstance(t, (List, Dict)):
            if isinstance(t.elem, Array) and is_complex(t.elem):
                return b.call("zeros_list", v, Const(np.dtype(t.elem.dtype).type, Opaque()))
            return b.call("zeros_list", v)
        if isinstance(t, (Tuple, Record)) and isinstance(v, Var):
            return self._whole_parts({}, v)
        if isinstance(t, Tuple) and isinstance(v, Const):
            return b.call("make_tuple", *[self.zero(b.const(i)) for i in v.value])
        if isinstance(t, Saved):
            return b.call("zeros_saved", v)
        if isinstance(t, NoneT) or not is_floating(t):
            return b.const(None)
        return b.const(0j if is_complex(t) else 0.0)

    def finish(self, c: Cot, v: Var) -> Operand:
        """Return the gradient for a source: whole, of its dtype, a Python float for a float."""
        if isinstance(c, dict) and isinstance(v.type, (Tuple, Record)):
            return self._finish_parts(c, v)
        return self._exact(self.whole(c, v), v.type)

    def _exact(self, c: Operand, t: Type) -> Operand:
        if isinstance(t, Float) and isinstance(c.type, (Scalar, Array)):
            return self.b.call("to_float", c)
        if isinstance(t, Complex) and not isinstance(c.type, Complex):
            return self.b.call("complex", c)
        if isinstance(t, List) and isinstance(t.elem, Float) and isinstance(c.type, List):
            if isinstance(c.type.elem, Scalar):
                return self.b.call("to_floats", self.b.call("np.array", c))
            return c
        if isinstance(t, List) and isinstance(c.type, List) and _innermost(t) == Float() != _innermost(c.type):
            return self.b.emit(self.b.row("floats_of"), (c,), type=t)
        if isinstance(t, Array) and not t.dims and not isinstance(c.type, Array):
            return self.b.call("np.asarray", self.cast(c, t))
        if isinstance(t, Scalar) and not isinstance(c.type, Scalar):
            return self.b.call("astype", c, Const(np.dtype(t.dtype).type, Opaque()))
        return self.cast(c, t)

    def _finish_parts(self, c: dict[Any, Cot], v: Var) -> Operand:
        b, t = self.b, v.type
        assert isinstance(t, (Tuple, Record))
        keys = range(len(t.items)) if isinstance(t, Tuple) else t.keys
        items: list[Operand] = []
        for k, it in zip(keys, t.items):
            leaf = b.call("item", v, b.const(k))
            if not is_floating(it) or not isinstance(leaf, Var):
                items.append(b.const(None))
            else:
                items.append(self.finish(c.get(k), leaf))
        return b.call("make_tuple", *items) if isinstance(t, Tuple) else make_record(b, t, items)


def _of_arrays(t: Type) -> bool:
    """Say whether a value is made of real arrays and numbers alone, in tuples."""
    if isinstance(t, Tuple) or (isinstance(t, Record) and issubclass(t.cls, tuple)):
        return all(map(_of_arrays, t.items))
    return isinstance(t, (Array, Scalar, Float)) and is_floating(t) and not is_complex(t)


def _innermost(t: Type) -> Type:
    while isinstance(t, List):
        t = t.elem
    return t


def make_record(b: Builder, t: Record, items: list[Operand]) -> Operand:
    from adgen.ir.types import Opaque
    from adgen.rules.typing import type_of_value

    cls = SimpleNamespace if is_plain(t.cls) else t.cls  # of an object only its attributes are known
    made = Record(cls, t.keys, tuple(i.type for i in items))
    return b.emit(b.row("make_record"), (Const(cls, Opaque()), Const(t.keys, type_of_value(t.keys)), *items), type=made)


def items_of(t: Type) -> tuple[Type, ...]:
    """Return the types of the items of a structure."""
    if isinstance(t, Saved):
        return t.layout.items
    return t.items if isinstance(t, (Tuple, Record)) else ()


def _has_places(t: Type) -> bool:
    return isinstance(t, (Array, List, Dict)) or held_class(t) is not None


def _items(place: Place) -> list[object]:
    return [i for step in place if isinstance(step, Index) for i in step.items]


def added_axes(s: Let) -> tuple[int, ...]:
    """Return the axes of a read of an array that does nothing but add axes of length 1, none for any other."""
    step = s.place[0] if len(s.place) == 1 else None
    if not isinstance(step, Index) or None not in step.items or not isinstance(s.out.type, Array):
        return ()
    items: list[object] = []
    for i in step.items:
        if i is Ellipsis:
            items += [Slice()] * (s.out.type.ndim - len(step.items) + 1)
        elif i is None or i == Slice():
            items.append(i)
        else:
            return ()
    return tuple(k for k, i in enumerate(items) if i is None)


def gradient_name(v: Var) -> tuple[str | None, bool]:
    """Return the base name of a value's gradient, and whether it must be a statement of its own."""
    return (f"d_{v.name}", v.fixed) if v.name else (None, False)


__all__ = ["Cot", "Cotangents", "Masked", "added_axes", "gradient_name", "join", "make_record"]
