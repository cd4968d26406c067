"""Methods and attributes of arrays, numbers, lists, dicts and strings."""

from __future__ import annotations

import functools
import types as pytypes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer.calls import calls, library, primitives, writers
from adgen.infer.control import iterables
from adgen.infer.environment import outside, reads
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.memory import forks, item_stores, rows, stores
from adgen.infer.structures import dicts, lists, objects
from adgen.infer.values import BoundFunction, DictView, Map, Method, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import Array, Bool, Complex, Float, Int, List, Opaque, Scalar, Str, dims_of, is_complex
from adgen.rules.methods import ATTRIBUTES, FUNCTIONS_OF_ONE, OPERATORS, WRITERS, Packed, function_call

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def array_attribute(e: Engine, v: Any, name: str, hint: dict[str, Any]) -> Any:
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


def call_method(
    e: Engine, owner: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    if isinstance(owner, Ref):
        rows.check(e, owner)
    if name == "update" and isinstance(owner, Ref) and owner.obj.param == "attributes":
        return _update_attributes(e, owner, args, kwargs)
    if name in outside.CHANGING:
        outside.touch(e, owner)
        if isinstance(owner, Ref) and owner.obj in e.state.which:
            return forks.change(e, owner, lambda one: call_method(e, one, name, args, kwargs, hint))
    if isinstance(owner, Ref) and dicts.is_dict(e, owner) or _needs_dynamic(e, owner, name, args):
        return dicts.call_method(e, owner, name, args, kwargs)
    if isinstance(owner, Ref) and rows.is_row(e, owner) and isinstance(owner.type, List):
        return rows.change(e, owner, lambda alone: call_method(e, alone, name, args, kwargs, hint))
    if isinstance(owner, Ref):
        c = e.content(owner.obj)
        if isinstance(c, Map) and c.cls is dict:
            return _dict_method(e, owner, c, name, args, kwargs)
        if isinstance(c, Seq) or isinstance(operations.array_type(e, owner), List):
            return lists.call_method(e, owner, c, name, args, kwargs)
        return _array_method(e, owner, name, args, kwargs, hint)
    if isinstance(owner, TupleV):
        if name == "_replace" and owner.cls is not None:
            fields = owner.cls._fields  # type: ignore[attr-defined]
            return TupleV(tuple(kwargs.get(f, v) for f, v in zip(fields, owner.items)), owner.cls)
        if name == "_asdict" and owner.cls is not None:
            return e.new(Map(owner.cls._fields, owner.items))  # type: ignore[attr-defined]
        if name in ("index", "count"):
            known = operations.known(e, owner, *args)
            if known is not None:
                return e.b.const(getattr(known[0], name)(*known[1:]))
    if operations.is_number(owner):
        return _array_method(e, owner, name, args, kwargs, hint)
    if isinstance(owner, (Var, Const)) and isinstance(owner.type, Str):
        return _text_method(e, owner, name, args, kwargs, hint)
    if isinstance(owner, Const) and name in ("keys", "values", "items") and not args:
        found = _of_global_table(e, owner, name)
        if found is not None:
            return found
    bound = e.opaque(getattr, [e.value(owner), e.b.const(name)])
    return calls.call_unknown(e, bound, args, kwargs, hint)


def _of_global_table(e: Engine, table: Const, name: str) -> TupleV | None:
    """What a global dict that holds functions or other objects has; each call looks if it is still that."""
    keys = iterables.known_items(e, table)
    if keys is None or (name != "keys" and not all(isinstance(k, Const) and type(k.value) in (str, int) for k in keys)):
        return None
    values = keys if name == "keys" else [items.from_table(e, table, k) for k in keys]
    return TupleV(tuple(values if name != "items" else [TupleV(pair) for pair in zip(keys, values)]))


def _needs_dynamic(e: Engine, owner: Any, name: str, args: Sequence[Any]) -> bool:
    """Say whether a method of a dict is called with a key, or another dict, that only run time knows."""
    if not isinstance(owner, Ref) or not args or not isinstance(c := e.content(owner.obj), Map) or c.cls is not dict:
        return False
    if name == "update":
        return isinstance(args[0], Ref) and dicts.is_dict(e, args[0])
    return name in ("get", "pop", "setdefault") and dicts.is_dynamic(e, owner, args[0], *args[1:2])


def _text_method(
    e: Engine, owner: Operand, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    """A method of a string: computed now where all is known. It writes nothing."""
    if owner in e.param_of and name in PARSING:
        owner = e.b.const(e.static(owner, "a string that is taken apart"))
    if isinstance(owner, Const) and name in PARSING:
        asked = [a in e.param_of and isinstance(a.type, Str) for a in args]
        args = [e.b.const(e.static(a, "a text that is looked for")) if ask else a for a, ask in zip(args, asked)]
    known = operations.known(e, *args) if isinstance(owner, Const) and not kwargs else None
    if known is not None and isinstance(owner, Const):
        made = getattr(owner.value, name)(*known)
        return e.constant(made) if isinstance(made, list) else operations.lift(e, made)
    bound = e.opaque(getattr, [owner, e.b.const(name)])
    return e.opaque(bound, [e.value(a) for a in (*args, *kwargs.values())], tuple(kwargs), **hint)


PARSING = frozenset(
    {
        "split", "rsplit", "partition", "rpartition", "splitlines", "startswith", "endswith", "strip", "lstrip",
        "rstrip", "lower", "upper", "replace", "removeprefix", "removesuffix", "isdigit", "find", "index", "count",
    }
)  # fmt: skip


def _array_method(
    e: Engine, v: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    t = operations.array_type(e, v) if isinstance(v, Ref) else v.type
    if name == "copy":
        if not isinstance(t, Array):
            return v
        made = e.wrap(e.b.emit(e.row("copy"), (e.value(v),), **hint), hint.get("name"))
        if not args and not kwargs:
            e.contiguous.add(made.obj)
        return made
    if name == "astype":
        dtype = np.dtype(e.static(args[0] if args else kwargs["dtype"], "the dtype of astype"))
        copy = args[4] if len(args) > 4 else kwargs.get("copy")
        if copy is not None and not e.static(copy, "the argument 'copy' of astype") and isinstance(t, Array):
            return calls.call_object(e, np.asarray, [v], {"dtype": Const(dtype.type, Opaque())}, hint)
        if "copy" in kwargs and not e.static(kwargs["copy"], "the argument 'copy' of astype"):
            if isinstance(t, (Array, Scalar)) and np.dtype(t.dtype) == dtype:
                return v
        return cast(e, v, dtype, hint)
    if name in ("conj", "conjugate") and not is_complex(t):
        return v  # the array itself
    if name == "flatten":
        flat = calls.call_object(e, np.ravel, [v, *args], kwargs, {})
        return e.wrap(e.b.emit(e.row("copy"), (e.value(flat),), **hint), hint.get("name"))
    if name == "item":
        if args:
            if len(args) == 1 and len(dims_of(t)) != 1 and not isinstance(args[0], TupleV):
                v = calls.call_object(e, np.ravel, [v], {}, {})
            return call_method(
                e, items.get_item(e, v, args[0] if len(args) == 1 else TupleV(tuple(args)), {}), "item", [], {}, hint
            )
        kind = np.dtype(t.dtype).kind if isinstance(t, (Array, Scalar)) else ""
        if isinstance(t, Array):
            v = calls.call_object(e, np.sum, [v], {}, {})  # the one element
        operand = e.value(v)
        if kind == "c":
            return calls.call_object(e, complex, [operand], {}, hint)
        return (
            e.b.emit(e.row("to_float" if kind == "f" else "to_int"), (operand,), **hint) if kind in "fiu" else operand
        )
    if name == "fill":
        item_stores.require_writable(e, v)
        e.write_place(v, e.value(args[0]), v.place, v.holes, "set")
        return e.b.const(None)
    if name == "tolist":
        dims = dims_of(t)
        if len(dims) == 1 and isinstance(dims[0], int):
            return e.new(
                Seq(
                    tuple(e.b.call("to_float", e.value(items.get_item(e, v, e.b.const(k), {}))) for k in range(dims[0]))
                )
            )
        if np.dtype(t.dtype).kind == "f" and len(dims) <= 2:
            return inlining.inline_function(e, library.numbers_list, [v], {})
    if name in writers.METHODS:
        return writers.call(e, writers.METHODS[name], name, [v, *args], kwargs)
    if name in WRITERS:
        raise UnsupportedError(
            what=f"the array method '.{name}()'",
            why="it changes the array or its memory in place",
            instead=f"use np.{name} or assign to slices",
            origin=e.origin,
        )
    if name == "conjugate" and isinstance(t, (Float, Int, Bool)):
        return v
    if name == "conjugate" and isinstance(t, Complex):
        return calls.call_object(e, complex, [calls.call_object(e, np.conj, [v], {}, {})], {}, hint)
    if name == "compress":
        return calls.call_object(e, np.compress, [args[0], v, *args[1:]], kwargs, hint)
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


def cast(e: Engine, v: Any, dtype: np.dtype[Any], hint: dict[str, Any]) -> Any:
    """`astype`, or a call of a NumPy scalar type."""
    return e.wrap(
        primitives.emit(e, e.row("astype"), (e.value(v), Const(dtype.type, Opaque())), (), hint), hint.get("name")
    )


def _dict_method(e: Engine, owner: Ref, c: Map, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if name in ("items", "values", "keys"):
        return DictView(owner, name)
    if name == "get":
        found = c.get(items.constant_key(e, args[0]))
        if found is not None:
            return found
        return args[1] if len(args) > 1 else e.b.const(None)
    if name == "copy":
        return e.new(Map(c.keys, c.items))
    if name == "pop":
        key = items.constant_key(e, args[0])
        found = c.get(key)
        if found is None:
            return args[1]
        kept = [(k, v) for k, v in zip(c.keys, c.items) if k != key]
        e.write(owner.obj, Map(tuple(k for k, _ in kept), tuple(v for _, v in kept)))
        return found
    if name == "__getitem__":
        return items.get_item(e, owner, args[0], {})
    if name == "update":
        other = e.content(calls.call_object(e, dict, args, {}, {}).obj)
        if isinstance(other, Map):
            for k, v in (*zip(other.keys, other.items), *kwargs.items()):
                c = c.put(k, v)
            e.write(owner.obj, c)
            return e.b.const(None)
    if name == "clear":
        e.write(owner.obj, Map((), ()))
        return e.b.const(None)
    if name == "setdefault":
        key = items.constant_key(e, args[0])
        found = c.get(key)
        if found is not None:
            return found
        e.write(owner.obj, c.put(key, args[1]))
        return args[1]
    raise UnsupportedError(
        what=f"the dict method '.{name}()'", instead="use items, keys, values, get or indexing", origin=e.origin
    )


def _update_attributes(e: Engine, shown: Ref, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Carry out `self.__dict__.update(…)`: the names must be known."""
    given: dict[Any, Any] = {}
    for v in args:
        c = e.content(v.obj) if isinstance(v, Ref) else None
        if not isinstance(c, Map) or c.cls is not dict:
            raise UnsupportedError(what="attributes whose names only run time knows", origin=e.origin)
        given.update(zip(c.keys, c.items))
    for name, v in {**given, **kwargs}.items():
        stores.store_attribute(e, shown.obj.flat_of, str(name), v)
    return e.b.const(None)


def class_attribute(e: Engine, self: Any, cls: type, name: str) -> Any:
    """A method, property or constant that an object finds in its class."""
    found = objects.find_in_class(cls, name)
    reads.rely_on_class(e, cls)
    if name == "__class__":
        return Const(cls, Opaque())
    if isinstance(found, property) and found.fget is not None:
        return inlining.inline_function(e, found.fget, [self], {})
    if isinstance(found, functools.cached_property):
        made = inlining.inline_function(e, found.func, [self], {})
        objects.set_attribute(e, self, name, made)
        return made
    if isinstance(found, staticmethod):
        return Const(found.__func__, Opaque())
    if isinstance(found, classmethod):
        return BoundFunction(found.__func__, Const(cls, Opaque()))
    if isinstance(found, pytypes.FunctionType):
        return BoundFunction(found, self)
    if found is None or isinstance(found, (pytypes.GetSetDescriptorType, pytypes.MemberDescriptorType)):
        raise UnsupportedError(what=f"'{cls.__name__}' has no attribute '{name}'", origin=e.origin)
    return class_data(e, cls, name, found)


def class_data(e: Engine, cls: type, name: str, value: Any) -> Any:
    """Data of a class, read at each call by the name that a module knows the class by."""
    holders = [e.program_function, *[m for m in vars(cls).values() if isinstance(m, pytypes.FunctionType)]]
    for fn in holders:
        for known_as, v in getattr(fn, "__globals__", {}).items():
            if v is cls:
                return e.read(fn, f"{known_as}.{name}", value)
    raise UnsupportedError(
        what=f"'{name}', a value of the class '{cls.__name__}'",
        why="no module holds the class under a name, so the value can't be read again at the next call",
        instead="pass the value as a parameter, or define the class at module level",
        origin=e.origin,
    )


__all__ = ["array_attribute", "call_method", "cast", "class_attribute", "class_data", "shape_of", "size_of"]
