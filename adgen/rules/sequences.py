"""Rows that derivatives need beside the user's own operations: lists of gradients, and the stop."""

from __future__ import annotations

from typing import Any

from adgen.api.custom import stop_gradient
from adgen.ir.types import Float, Int, List, Opaque, Tuple
from adgen.rules.declare import nondifferentiable, structure
from adgen.rules.helpers import (
    add_lists,
    add_saved,
    best_of,
    bounds_of,
    copies,
    fall,
    floats_of,
    heap_order,
    items_at,
    last_writes,
    ones_list,
    order_of,
    place_slice,
    places_of,
    rise,
    sum_repeats,
    zero_at,
    zeros_list,
    zeros_of,
    zeros_saved,
)
from adgen.rules.typing import always, exactly


def _to_floats(x: Any) -> Any:
    return x.tolist()


def _as_tuple(seq: Any) -> Any:
    return tuple(seq)


def _as_list(seq: Any) -> Any:
    return list(seq)


def _reversed_list(seq: Any) -> Any:
    return seq[::-1]


def _pin(x: Any, label: Any, *perturbation: Any) -> Any:
    """Return x, which is a source of derivatives: the gradient is that of a perturbation added here, which is zero."""
    return x


def _hook(x: Any, hook: Any, *reads: Any) -> Any:
    """Return x, whose gradient something happens to."""
    return x


def _held(x: Any, by: Any) -> Any:
    """Return x, which a derivative that names it in `stop_gradients` holds constant."""
    return x


def _named(x: Any) -> Any:
    """Return x as a value of its own, of which a gradient may be asked."""
    return x


def _zeros_dict(table: Any) -> Any:
    return dict.fromkeys(table, 0.0)


def _dict_of(keys: Any, values: Any) -> Any:
    return dict(zip(keys, values))


structure(sum_repeats, "values count", name="sum_repeats", infer=exactly("values"))
structure(add_lists, "x y", name="add_lists", infer=exactly("x"))
structure(add_saved, "x y", name="add_saved", infer=exactly("x"))
structure(place_slice, "values start stop step part", name="place_slice", infer=exactly("values"))
nondifferentiable(ones_list, name="ones_list", params="seq", infer=exactly("seq"))
nondifferentiable(zeros_list, name="zeros_list", params="seq dtype=None", infer=exactly("seq"))
nondifferentiable(copies, name="copies", params="values", infer=exactly("values"))
nondifferentiable(_zeros_dict, name="zeros_dict", params="table", infer=exactly("table"), show="dict.fromkeys(_, 0.0)")
nondifferentiable(zero_at, name="zero_at", params="table key", infer=lambda table, key: table.type.elem)
structure(_dict_of, "keys values", name="dict_of", infer=exactly("keys"), show="dict(zip(_, _))")
structure(items_at, "table keys", name="items_at", infer=lambda table, keys: List(table.type.elem))
nondifferentiable(zeros_saved, name="zeros_saved", params="value", infer=exactly("value"))
nondifferentiable(zeros_of, name="zeros_of", params="value kind", infer=exactly("value"))
nondifferentiable(slice, name="slice", params="*bounds", infer=always(Opaque()))
nondifferentiable(order_of, name="order_of", params="keys reverse", infer=always(List(Int())))
nondifferentiable(best_of, name="best_of", params="keys sign", infer=always(Int()))
nondifferentiable(places_of, name="places_of", params="values start stop step", infer=always(List(Int())))
nondifferentiable(bounds_of, name="bounds_of", params="values start stop", infer=always(Tuple((Int(), Int()))))
nondifferentiable(rise, name="rise", params="heap", infer=always(List(Tuple((Int(), Int())))))
nondifferentiable(fall, name="fall", params="heap", infer=always(List(Tuple((Int(), Int())))))
nondifferentiable(heap_order, name="heap_order", params="values", infer=always(List(Int())))
nondifferentiable(last_writes, name="last_writes", params="like key", infer=always(Opaque()))
structure(list, "x /", name="to_list", infer=lambda x: List(Float()), memory="view", show="list(_)")
structure(_to_floats, "x /", name="to_floats", infer=always(List(Float())), show="_.tolist()")
structure(floats_of, "values", name="floats_of", infer=exactly("values"))
structure(_as_tuple, "seq", name="as_tuple", infer=exactly("seq"), show="tuple(_)")
structure(_as_list, "seq", name="as_list", infer=exactly("seq"), show="list(_)")
structure(_reversed_list, "seq", name="reversed_list", infer=exactly("seq"), show="_[::-1]")
structure(_pin, "x label *perturbation", name="pin", infer=lambda x, label, rest: x.type, memory="same", show="_")
structure(_hook, "x hook *reads", name="hook", infer=exactly("x"), memory="same", show="_")
structure(_named, "x", name="named", infer=exactly("x"), memory="same", show="_")
structure(_held, "x by", name="held", infer=lambda x, by: x.type, memory="same", show="_")
structure(stop_gradient, "x *by", name="stop_gradient", infer=exactly("x"), memory="same", show="_")
