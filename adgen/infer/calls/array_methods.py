"""Methods and attributes of arrays and numbers: those with a meaning of their own, and those that are functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer.calls import calls, library, methods, primitives, writers
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.memory import item_stores
from adgen.infer.values import Method, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Array, Complex, Opaque, Scalar, Type, dims_of, is_complex
from adgen.rules.methods import ATTRIBUTES, FUNCTIONS_OF_ONE, OPERATORS, WRITERS, Packed, function_call

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Args = Sequence[Any]
Named = Mapping[str, Any]
Hint = dict[str, Any]


def attribute(e: Engine, v: Any, name: str, hint: dict[str, Any]) -> Any:
    """An attribute of an array or a number."""
    t = operations.array_type(e, v) if isinstance(v, Ref) else v.type
    if name == "shape":
        return shape_of(e, v)
    if name == "ndim":
        return e.b.const(len(dims_of(t)))
    if name == "size":
        return size_of(e, v)
    if name in ("dtype", "itemsize", "nbytes") and e.printable and isinstance(t, Array) and t.loose:
        raise UnsupportedError(
            what=f"'.{name}' of what may be an array of one of several dtypes",
            why="which one it is, is known only at run time",
            instead="convert the arrays to one dtype where they are made",
            origin=e.origin,
        )
    if name == "dtype":
        if isinstance(t, (Array, Scalar)):
            return Const(np.dtype(t.dtype), Opaque())
    elif name in ATTRIBUTES:
        if (name == "T" and len(dims_of(t)) < 2) or (name == "real" and not is_complex(t)):
            return v
        return calls.call_object(e, ATTRIBUTES[name], [v], {}, hint)
    elif name in ("itemsize", "nbytes") and isinstance(t, (Array, Scalar)):
        width = e.b.const(np.dtype(t.dtype).itemsize)
        return width if name == "itemsize" else operations.binary(e, "*", size_of(e, v), width)
    elif name == "flat" and isinstance(t, Array):
        made = e.new(e.b.call("copy", e.value(calls.call_object(e, np.ravel, [v], {}, {}))), hint.get("name"))
        made.obj.param = "readonly"  # but for `a.flat[key] = value`
        if isinstance(v, Ref):
            made.obj.flat_of = v
            e.state.link_like(made.obj, v.obj)  # it is a copy: what is read after a write of the array would be old
        return made
    elif name in ("flat", "data", "base", "ctypes", "strides", "flags"):
        raise UnsupportedError(
            what=f"the attribute '.{name}' of an array", instead="use indexing or np.ravel", origin=e.origin
        )
    return Method(v, name)


def shape_of(e: Engine, v: Any) -> TupleV:
    operand = _as_numpy(e, v)
    parts: list[Operand] = []
    for k, n in enumerate(dims_of(operand.type)):
        parts.append(e.b.const(n) if isinstance(n, int) else e.b.call("dim", operand, e.b.const(k)))
    return TupleV(tuple(parts))


def _as_numpy(e: Engine, v: Any) -> Operand:
    """Return what NumPy makes of a sequence; of a dict, a set and the like it makes one object."""
    made = primitives.numbers_as_array(e, v)
    operand: Operand = e.value(made)
    if made is not v and not isinstance(operand.type, Array):
        raise UnsupportedError(what=f"the shape of {operations.describe(e, v)}", origin=e.origin)
    return operand if made is v or isinstance(operand.type, Array) else e.b.const(0.0)


def size_of(e: Engine, v: Any) -> Operand:
    operand = _as_numpy(e, v)
    dims = dims_of(operand.type)
    if all(isinstance(n, int) for n in dims):
        return e.b.const(int(np.prod([n for n in dims if isinstance(n, int)], dtype=int)))
    return e.b.call("size", operand)


def call(e: Engine, v: Any, name: str, args: Args, kwargs: Named, hint: Hint) -> Any:
    """A method of an array or a number."""
    t = operations.array_type(e, v) if isinstance(v, Ref) else v.type
    if name in OWN:
        made = OWN[name](e, v, t, args, kwargs, hint)
        if made is not None:
            return made
    if name in writers.METHODS:
        return writers.call(e, writers.METHODS[name], name, [v, *args], kwargs)
    if name in WRITERS:
        raise UnsupportedError(
            what=f"the array method '.{name}()'",
            why="it changes the array or its memory in place",
            instead=f"use np.{name} or assign to slices",
            origin=e.origin,
        )
    if name in OPERATORS and len(args) == 1:
        return operations.binary(e, OPERATORS[name], v, args[0], hint)
    if name in FUNCTIONS_OF_ONE:
        return calls.call_object(e, FUNCTIONS_OF_ONE[name], [v, *args], kwargs, hint)
    found = function_call(name, args, kwargs, e.b.const(None))
    if found is None:
        raise UnsupportedError(
            what=f"the method '.{name}()' of {operations.describe(e, v)}",
            instead="use a NumPy function that has a rule",
            origin=e.origin,
        )
    fn, values, named = found
    return calls.call_object(
        e, fn, [v, *(TupleV(a.items) if isinstance(a, Packed) else a for a in values)], named, hint
    )


def _copy(e: Engine, v: Any, t: Type, args: Args, kwargs: Named, hint: Hint) -> Any:
    if not isinstance(t, Array):
        return v
    made = e.wrap(e.b.emit(e.row("copy"), (e.value(v),), **hint), hint.get("name"))
    if not args and not kwargs:
        e.contiguous.add(made.obj)
    return made


def _astype(e: Engine, v: Any, t: Type, args: Args, kwargs: Named, hint: Hint) -> Any:
    dtype = np.dtype(e.static(args[0] if args else kwargs["dtype"], "the dtype of astype"))
    copy = args[4] if len(args) > 4 else kwargs.get("copy")
    if copy is not None and not e.static(copy, "the argument 'copy' of astype"):
        if isinstance(t, Array):
            return calls.call_object(e, np.asarray, [v], {"dtype": Const(dtype.type, Opaque())}, hint)
        if isinstance(t, Scalar) and np.dtype(t.dtype) == dtype:
            return v
    return cast(e, v, dtype, hint)


def cast(e: Engine, v: Any, dtype: np.dtype[Any], hint: Hint) -> Any:
    """`astype`, or a call of a NumPy scalar type."""
    return e.wrap(
        primitives.emit(e, e.row("astype"), (e.value(v), Const(dtype.type, Opaque())), (), hint), hint.get("name")
    )


def _conjugate(e: Engine, v: Any, t: Type, args: Args, kwargs: Named, hint: Hint) -> Any:
    if not is_complex(t):
        return v  # the array itself
    if isinstance(t, Complex):
        return calls.call_object(e, complex, [calls.call_object(e, np.conj, [v], {}, {})], {}, hint)
    return None


def _flatten(e: Engine, v: Any, t: Type, args: Args, kwargs: Named, hint: Hint) -> Any:
    flat = calls.call_object(e, np.ravel, [v, *args], kwargs, {})
    return e.wrap(e.b.emit(e.row("copy"), (e.value(flat),), **hint), hint.get("name"))


def _item(e: Engine, v: Any, t: Type, args: Args, kwargs: Named, hint: Hint) -> Any:
    if args:
        if len(args) == 1 and len(dims_of(t)) != 1 and not isinstance(args[0], TupleV):
            v = calls.call_object(e, np.ravel, [v], {}, {})
        found = items.get_item(e, v, args[0] if len(args) == 1 else TupleV(tuple(args)), {})
        return methods.call_method(e, found, "item", [], {}, hint)
    kind = np.dtype(t.dtype).kind if isinstance(t, (Array, Scalar)) else ""
    if isinstance(t, Array):
        v = calls.call_object(e, np.sum, [v], {}, {})  # the one element
    operand = e.value(v)
    if kind == "c":
        return calls.call_object(e, complex, [operand], {}, hint)
    return e.b.emit(e.row("to_float" if kind == "f" else "to_int"), (operand,), **hint) if kind in "fiu" else operand


def _fill(e: Engine, v: Any, t: Type, args: Args, kwargs: Named, hint: Hint) -> Any:
    item_stores.require_writable(e, v)
    e.write_place(v, e.value(args[0]), v.place, v.holes, "set")
    return e.b.const(None)


def _tolist(e: Engine, v: Any, t: Type, args: Args, kwargs: Named, hint: Hint) -> Any:
    dims = dims_of(t)
    if len(dims) == 1 and isinstance(dims[0], int):
        numbers = (e.value(items.get_item(e, v, e.b.const(k), {})) for k in range(dims[0]))
        return e.new(Seq(tuple(e.b.call("to_float", n) for n in numbers)))
    if isinstance(t, (Array, Scalar)) and np.dtype(t.dtype).kind == "f" and len(dims) <= 2:
        return inlining.inline_function(e, library.numbers_list, [v], {})
    return None


def _compress(e: Engine, v: Any, t: Type, args: Args, kwargs: Named, hint: Hint) -> Any:
    return calls.call_object(e, np.compress, [args[0], v, *args[1:]], kwargs, hint)


# What is not the function of the same name; None where that serves.
OWN: dict[str, Callable[[Engine, Any, Type, Args, Named, Hint], Any]] = {
    "astype": _astype,
    "compress": _compress,
    "conj": _conjugate,
    "conjugate": _conjugate,
    "copy": _copy,
    "fill": _fill,
    "flatten": _flatten,
    "item": _item,
    "tolist": _tolist,
}
