"""Binding of calls to the parameters of a primitive, and the type of a result.

What a call gives (dtype, kind, rank) is found by a trial call of the function itself on small values of the
argument types, so that promotion is NumPy's own. Lengths are then given by the row's `infer`, a function of the
bound arguments by name (operands; a tuple of them for a variadic parameter). It returns

* a `Type`: the whole answer, no trial call is made;
* a `Shape` (or a tuple of them, for a function that gives a tuple): the lengths, the trial call gives the rest;
* None: unknown; the trial call gives the rank, each length is a fresh symbol.

Rows without `infer` broadcast if they are elementwise.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from adgen.ir.nodes import Const, Mode, Operand, Place, Var
from adgen.ir.types import (
    Array,
    Bool,
    Complex,
    Float,
    Int,
    Length,
    List,
    NoneT,
    Opaque,
    Record,
    Scalar,
    Str,
    Tuple,
    Type,
    Undef,
    is_complex,
)
from adgen.rules.indexing import gathers, index_type
from adgen.rules.lattice import (
    covers,
    dtype_name,
    element_type,
    is_namedtuple,
    join,
    join_all,
    refresh,
    skeleton,
    type_of_list,
    type_of_value,
)
from adgen.rules.lengths import (
    array_dims,
    broadcast_dims,
    broadcast_length,
    count_of,
    fresh_dim,
    is_nonunit,
    normalize_axes,
    reduce_dims,
    reset_dims,
    same_length,
    stretches,
)
from adgen.rules.registry import Primitive

Bound = dict[str, Any]  # operands by parameter name; a tuple of them for a variadic one
Infer = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Shape:
    """An answer of `infer`: these lengths, the rest by a trial call."""

    dims: tuple[Length, ...]


# --- binding ------------------------------------------------------------------------------------


def bind(op: Primitive, args: Sequence[Operand], kwargs: Mapping[str, Operand] | None = None) -> Bound:
    """Bind a call to the parameters, defaults filled in; raise TypeError as the call would."""
    by_position, defaults = _parameters(op)
    if not kwargs and len(args) == len(op.params) == len(by_position) and not op.variadic:
        return dict(zip(by_position, args))
    named = dict(kwargs or {})
    if not op.variadic and len(args) > len(by_position):
        raise TypeError(f"{op.name}() takes {len(by_position)} positional arguments but {len(args)} were given")
    bound: Bound = dict(zip(by_position, args))
    for p in op.params:
        if p in bound:
            if p in named:
                raise TypeError(f"{op.name}() got multiple values for argument '{p}'")
        elif op.variadic and p == op.params[-1]:
            bound[p] = tuple(args[len(by_position) :])
        elif p in named and p not in op.positional:
            bound[p] = named.pop(p)
        elif p in defaults:
            bound[p] = defaults[p]
        else:
            raise TypeError(f"{op.name}() missing required argument '{p}'")
    if named:
        raise TypeError(f"{op.name}() got an unexpected keyword argument '{next(iter(named))}'")
    return {p: bound[p] for p in op.params}


@functools.cache
def _parameters(op: Primitive) -> tuple[tuple[str, ...], dict[str, Const]]:
    """Return the parameters that go by position, and the defaults."""
    if op.variadic:
        by_position = tuple(p for p in op.params[:-1] if p not in op.defaults)
    else:
        by_position = tuple(p for p in op.params if p not in op.keyword)
    return by_position, {p: Const(v, type_of_value(v)) for p, v in op.defaults.items()}


def bound_args(op: Primitive, args: Sequence[Operand], kws: Sequence[str] = ()) -> Bound:
    """Bind the arguments of a `Let`: the last len(kws) go by keyword."""
    n = len(args) - len(kws)
    return bind(op, args[:n], dict(zip(kws, args[n:])))


def canonical(op: Primitive, bound: Bound) -> tuple[tuple[Operand, ...], tuple[str, ...]]:
    """Return the one form (args, kws) of a bound call; arguments equal to their default are left out."""
    args: list[Operand] = []
    kws: list[str] = []
    named: list[Operand] = []
    kept = 0  # positional arguments that must be written
    for p in op.params:
        value = bound[p]
        if op.variadic and p == op.params[-1]:
            args.extend(value)
            kept = len(args)
        elif p not in op.defaults and p in op.keyword:
            kws.append(p)
            named.append(value)
        elif p not in op.defaults:
            args.append(value)
            kept = len(args)
        elif p in op.positional:
            args.append(value)
            kept = kept if is_default(op, p, value) else len(args)
        elif not is_default(op, p, value):
            kws.append(p)
            named.append(value)
    return (*args[:kept], *named), tuple(kws)


def is_default(op: Primitive, param: str, value: Operand) -> bool:
    if not isinstance(value, Const):
        return False
    default = op.defaults[param]
    if value.value is default:
        return True
    if type(value.value) is not type(default) or not isinstance(default, (bool, int, float, str, tuple)):
        return False
    return bool(value.value == default)


# --- trial calls --------------------------------------------------------------------------------

_VALUES: tuple[float, ...] = (1.0, 0.5, 2.0)  # numbers to try: one of them is in the domain of any function
_WEAK_VALUES: dict[type[Type], Callable[[float], Any]] = {
    Bool: lambda v: True,
    Int: lambda v: max(int(v), 1),
    Float: lambda v: v,
    Complex: lambda v: complex(v),
    Str: lambda v: "a",
    NoneT: lambda v: None,
}
_TRIED: dict[Any, Type] = {}
_NUMBERS = (Float, Scalar)
_UFUNCS: dict[str, np.ufunc] = {  # of arrays, what operators call
    "add": np.add, "sub": np.subtract, "mul": np.multiply, "truediv": np.true_divide, "neg": np.negative,
    "pow": np.power,
}  # fmt: skip


def representative(t: Type, number: float = 1.0, length: int = 1, exact: bool = False) -> Any:
    """Return a small value of a type. Symbolic lengths (all lengths, unless `exact`) become `length`."""
    if type(t) in _WEAK_VALUES:
        return _WEAK_VALUES[type(t)](number)
    if isinstance(t, Scalar):
        return np.dtype(t.dtype).type(number)
    if isinstance(t, Array):
        shape = tuple(n if isinstance(n, int) and exact else length for n in t.dims)
        out = np.full(shape, number, t.dtype)
        if len(shape) >= 2 and shape[-1] == shape[-2] > 1 and out.dtype.kind != "b":
            out[..., range(shape[-1]), range(shape[-1])] += shape[-1]  # a matrix that factorises
        return out
    if isinstance(t, List):
        return [] if isinstance(t.elem, Undef) else [representative(t.elem, number, length, exact)] * length
    if isinstance(t, Tuple):
        return tuple(representative(i, number, length, exact) for i in t.items)
    if isinstance(t, Record):
        items = [representative(i, number, length, exact) for i in t.items]
        if t.cls is list:
            return items
        if is_namedtuple(t.cls):
            return t.cls(*items)
        return t.cls(**dict(zip(map(str, t.keys), items)))
    raise TypeError(f"there is no example of {t}")


def example(a: Operand, number: float = 1.0, length: int = 1, exact: bool = False) -> Any:
    """Return the value of a constant, a small one of its type for a variable; a list has as many items as is known."""
    if isinstance(a, Const):
        return a.value
    count = count_of(a)
    if count is not None and isinstance(a.type, List):
        return [representative(a.type.elem, number, length, exact)] * count if count else []
    return representative(a.type, number, length, exact)


def _result_skeleton(v: Any) -> Type:
    """Return the type of a trial result, all lengths 0."""
    if isinstance(v, np.ndarray) and v.dtype.kind in "biufc":
        return Array(dtype_name(v.dtype), (0,) * v.ndim)
    return skeleton(type_of_value(v))


def _operand_key(a: Any, loose: bool) -> Any:
    if isinstance(a, tuple):
        return tuple(_operand_key(i, loose) for i in a)
    t = a.type
    if isinstance(a, Const) and not (loose and isinstance(t, (Float, Complex))):
        return ("const", _value_key(a.value))
    if isinstance(t, List):
        return (t, count_of(a))
    return skeleton(t) if loose else t


def _value_key(v: Any) -> Any:
    if isinstance(v, (tuple, list)):
        return (type(v), *map(_value_key, v))
    return (type(v), repr(v) if isinstance(v, (float, complex, np.ndarray)) else v)


def _trial(op: Primitive, bound: Bound, loose: bool) -> Type:
    """Call the function on representatives; `loose`: lengths and the values of floats don't matter."""
    if loose and (result := _of_doubles(op, bound)) is not None:
        return result
    key: Any = (op, *(_operand_key(a, loose) for a in bound.values()))
    try:
        if (known := _TRIED.get(key)) is not None:
            return known
    except TypeError:  # an unhashable constant
        key = None
    attempts: list[tuple[int, bool]] = [(1, False)] if loose else [(3, True), (1, False), (3, False)]
    error: Exception | None = None
    for length, exact in attempts:
        if exact and not all(map(_is_small, bound.values())):
            continue
        for number in _VALUES:
            try:
                result = _result_skeleton(_call(op, bound, number, length, exact))
            except RecursionError:
                raise
            except Exception as e:
                error = error or e
                continue
            if key is not None:
                _TRIED[key] = result
            return result
    raise TypeError(f"{op.name}: {error}") from error


@functools.cache
def _takes_doubles(ufunc: np.ufunc) -> bool:
    """Say whether an elementwise function has a loop from doubles to a double."""
    return not ufunc.signature and f"{'d' * ufunc.nin}->d" in ufunc.types


def _of_doubles(op: Primitive, bound: Bound) -> Type | None:
    """Return the type of a ufunc of doubles that gives a double: most calls are of this kind."""
    ufunc = op.fn if isinstance(op.fn, np.ufunc) else _UFUNCS.get(op.name)
    if ufunc is None or op.variadic or len(bound) != ufunc.nin or not _takes_doubles(ufunc):
        return None
    rank = -1
    for a in bound.values():
        t = a.type
        if isinstance(t, (Array, Scalar)) and t.dtype == "float64":
            rank = max(rank, t.ndim if isinstance(t, Array) else 0)
        elif not isinstance(t, Float):
            return None
    if rank < 0:
        return None
    return Array("float64", (0,) * rank) if rank else Scalar("float64")


def _is_small(a: Any) -> bool:
    if isinstance(a, tuple):
        return all(map(_is_small, a))
    return not isinstance(a.type, Array) or all(not isinstance(n, int) or n <= 64 for n in a.type.dims)


def _call(op: Primitive, bound: Bound, number: float, length: int, exact: bool) -> Any:
    args, kws = canonical(op, bound)
    values = [example(a, number, length, exact) for a in args]
    n = len(args) - len(kws)
    with np.errstate(all="ignore"):
        if op.kind == "elementwise":  # warns of nothing else
            return op.fn(*values[:n], **dict(zip(kws, values[n:])))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return op.fn(*values[:n], **dict(zip(kws, values[n:])))


# --- results ------------------------------------------------------------------------------------


def result_type(
    op: Primitive, args: tuple[Operand, ...], kws: tuple[str, ...] = (), place: Place = (), mode: Mode = "set"
) -> Type:
    """Return the type of what a call gives; raise TypeError where the call can't be typed."""
    if op.kind == "opaque":
        return Opaque()
    plain = None
    if op.kind == "elementwise" and not kws and not [a for a in args if type(a.type) not in _NUMBERS]:
        plain = (
            op,
            *[a.type for a in args],
        )  # the values of numbers do not matter
        if (known := _TRIED.get(plain)) is not None:
            return known
    found = _result_type(op, args, kws, place, mode)
    if plain is not None:
        _TRIED[plain] = found
    return found


def _result_type(op: Primitive, args: tuple[Operand, ...], kws: tuple[str, ...], place: Place, mode: Mode) -> Type:
    bound = bound_args(op, args, kws)
    answer = None
    if op.infer is not None:
        answer = op.infer(**bound, place=place, mode=mode) if op.params[-1] == "holes" else op.infer(**bound)
        if isinstance(answer, Type):
            return answer
    if [a for a in args if isinstance(a, Var) and isinstance(a.type, Opaque)]:
        return Opaque()
    loose = op.kind == "elementwise" or isinstance(op.fn, np.ufunc) or op.infer is broadcast
    if answer is None and loose:
        answer = broadcast(**bound)
    return _with_dims(_trial(op, bound, loose), answer)


def _with_dims(t: Type, answer: Any) -> Type:
    """Put lengths into the type of a trial result."""
    if isinstance(t, Array):
        dims = answer.dims if isinstance(answer, Shape) and len(answer.dims) == len(t.dims) else None
        return Array(t.dtype, dims if dims is not None else tuple(fresh_dim() for _ in t.dims))
    if isinstance(t, (Tuple, Record)):
        answers = answer if isinstance(answer, tuple) and len(answer) == len(t.items) else (None,) * len(t.items)
        items = tuple(map(_with_dims, t.items, answers))
        return Tuple(items) if isinstance(t, Tuple) else Record(t.cls, t.keys, items)
    if isinstance(t, List):
        return List(refresh(_with_dims(t.elem, None)))
    return t


# --- reusable `infer` functions -----------------------------------------------------------------


def broadcast(**bound: Any) -> Shape:
    """Infer: the arguments broadcast against each other; dtype by a trial call."""
    shapes = []
    for a in bound.values():
        for operand in a if isinstance(a, tuple) else (a,):
            shapes.append(array_dims(operand.type))
    return Shape(broadcast_dims(*shapes))


def broadcast_of(*params: str) -> Infer:
    """Make an infer: the lengths that these parameters broadcast to."""
    return lambda **b: Shape(broadcast_dims(*(array_dims(b[p].type) for p in params)))


def same_as(param: str) -> Infer:
    """Make an infer: the lengths of one parameter; dtype by a trial call."""
    return lambda **b: Shape(array_dims(b[param].type))


def exactly(param: str) -> Infer:
    """Make an infer: the very type of one parameter."""
    return lambda **b: b[param].type


def always(t: Type) -> Infer:
    """Make an infer: one type, whatever the arguments."""
    return lambda **b: t


def known(operand: Operand, what: str = "axis") -> Any:
    """Return the value of an argument that must be known when compiling."""
    if not isinstance(operand, Const):
        raise TypeError(f"{what} must be known when compiling")
    return operand.value


def reduce_axes(param: str = "x") -> Infer:
    """Make an infer: `param` reduced over the arguments `axis` and `keepdims` (if the row has them)."""

    def infer(**b: Any) -> Shape:
        refuse_lost_parts(b, b[param])
        axis = known(b["axis"], "axis") if "axis" in b else None
        keepdims = known(b["keepdims"], "keepdims") if "keepdims" in b else False
        return Shape(reduce_dims(array_dims(b[param].type), axis, keepdims))

    return infer


def refuse_lost_parts(b: Bound, a: Operand) -> None:
    """Refuse to reduce complex numbers to a real dtype, or real ones with a complex mean."""
    dtype = b["dtype"].value if isinstance(b.get("dtype"), Const) else None
    if dtype is not None and is_complex(a.type) and np.dtype(dtype).kind != "c":
        raise TypeError("dtype= loses the imaginary part")
    if "mean" in b and is_complex(b["mean"].type) and not is_complex(a.type):
        raise TypeError("a complex mean= of real numbers has no rule")


def matmul_dims(a: Sequence[Length], b: Sequence[Length]) -> tuple[Length, ...]:
    """Return the lengths of `a @ b`."""
    if not a or not b:
        raise TypeError("matmul: an operand has no axes")
    batch = broadcast_dims(a[:-2], b[:-2])
    return (*batch, *a[-2:-1], *(b[-1:] if len(b) > 1 else ()))


__all__ = [
    "Bound", "Infer", "Shape", "always", "array_dims", "bind", "bound_args", "broadcast", "broadcast_dims",
    "broadcast_length", "broadcast_of", "canonical", "covers", "element_type", "exactly", "example", "fresh_dim",
    "gathers", "index_type", "is_default", "is_nonunit", "join", "join_all", "known", "matmul_dims", "normalize_axes",
    "reduce_axes", "reduce_dims", "refresh", "representative", "reset_dims", "result_type", "same_as", "same_length",
    "stretches", "type_of_list", "type_of_value",
]  # fmt: skip
