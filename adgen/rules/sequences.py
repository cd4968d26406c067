"""Rows that derivatives need beside the user's own operations: lists of gradients, and the stop."""

from __future__ import annotations

from typing import Any

from adgen.api.custom import stop_gradient
from adgen.ir.nodes import Hole, Index, Operand, Var
from adgen.ir.types import Array, Bool, Float, List, Tuple, Type
from adgen.rules.declare import nondifferentiable, structure
from adgen.rules.helpers import add_lists, last_writes, ones_list, place_slice, zeros_list, zeros_of
from adgen.rules.registry import REGISTRY
from adgen.rules.typing import always, exactly, result_type


def _to_floats(x: Any) -> Any:
    return x.tolist()


def _reversed_list(seq: Any) -> Any:
    return seq[::-1]


def _pin(x: Any, label: Any, *perturbation: Any) -> Any:
    """Return x, which is a source of derivatives: the gradient is that of a perturbation added here, which is zero."""
    return x


def _named(x: Any) -> Any:
    """Return x as a value of its own, of which a gradient may be asked."""
    return x


def _written_places(like: Operand, key: Operand) -> Type:
    base = like.type
    assert isinstance(base, Array) and isinstance(key.type, Tuple)
    holes = tuple(Var(t) for t in key.type.items)
    place = (Index(tuple(Hole(k + 1) for k in range(len(holes)))),)
    picked = result_type(REGISTRY.named("getitem"), (like, *holes), place=place)
    return Array("bool", picked.dims) if isinstance(picked, Array) else Bool()


structure(add_lists, "x y", name="add_lists", infer=exactly("x"))
structure(place_slice, "values start stop step part", name="place_slice", infer=exactly("values"))
nondifferentiable(ones_list, name="ones_list", params="seq", infer=exactly("seq"))
nondifferentiable(zeros_list, name="zeros_list", params="seq", infer=exactly("seq"))
nondifferentiable(zeros_of, name="zeros_of", params="value", infer=exactly("value"))
nondifferentiable(last_writes, name="last_writes", params="like key", infer=_written_places)
structure(list, "x /", name="to_list", infer=lambda x: List(Float()), memory="view", show="list(_)")
structure(_to_floats, "x /", name="to_floats", infer=always(List(Float())), show="_.tolist()")
structure(_reversed_list, "seq", name="reversed_list", infer=exactly("seq"), show="_[::-1]")
structure(_pin, "x label *perturbation", name="pin", infer=lambda x, label, rest: x.type, memory="same", show="_")
structure(_named, "x", name="named", infer=exactly("x"), memory="same", show="_")
structure(stop_gradient, "x", name="stop_gradient", infer=exactly("x"), memory="same", show="_")
