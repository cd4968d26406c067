"""Calls of primitives: the arguments become operands, and the result is a view where the row says so."""

from __future__ import annotations

import functools
from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import AdgenError, UnsupportedError
from adgen.infer.calls import calls
from adgen.infer.control import guarded
from adgen.infer.expressions import idioms, operations
from adgen.infer.values import Map, RangeV, Ref, Seq, TupleV, reach
from adgen.ir.nodes import Const, Operand, Var, ViewStep
from adgen.ir.types import NUMERIC, Array, Opaque, Scalar, Type
from adgen.rules.declare import OtherForm
from adgen.rules.registry import REGISTRY, Primitive
from adgen.rules.typing import bind, canonical, result_type

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def emit(e: Engine, row: Primitive, args: tuple[Operand, ...], kws: tuple[str, ...], hint: dict[str, Any]) -> Operand:
    """Emit a primitive; a call that can't be typed is an error at the user's line."""
    try:
        return e.b.emit(row, args, kws, **hint)
    except (AdgenError, calls.NotStatic):
        raise
    except (TypeError, ValueError, IndexError) as error:
        if isinstance(error, OtherForm) and REGISTRY.formula(row.fn) is not None:
            raise
        refusal = UnsupportedError(
            what=f"this call of {row.name}: {error}",
            why="the types of its arguments don't fit it, or it is a form without a rule",
            origin=e.origin,
        )
        if isinstance(error.__cause__, ArithmeticError):
            guarded.fail(e, type(error.__cause__), str(error.__cause__), refusal)
        raise refusal from error


# Where an argument is an array or a NumPy scalar, these are the operators.
OPERATORS = {
    "np.add": "add", "np.subtract": "sub", "np.multiply": "mul", "np.divide": "truediv", "np.floor_divide": "floordiv",
    "np.remainder": "mod", "np.negative": "neg", "np.positive": "pos", "np.matmul": "matmul", "np.less": "lt",
    "np.less_equal": "le", "np.greater": "gt", "np.greater_equal": "ge", "np.equal": "eq", "np.not_equal": "ne",
}  # fmt: skip


def as_written_best(e: Engine, row: Primitive, args: Sequence[Any]) -> Primitive:
    """Return the row that says the same more simply: an operator for a ufunc, `nonzero` for `where` of a condition."""
    if row.name == "np.where" and len(args) == 1:
        return e.row("np.nonzero")
    if row.name not in OPERATORS or len(args) != len(row.params):
        return row
    types = [operations.array_type(e, a) if isinstance(a, Ref) else getattr(a, "type", None) for a in args]
    if not all(isinstance(t, NUMERIC) for t in types) or not any(isinstance(t, (Array, Scalar)) for t in types):
        return row
    return e.row(OPERATORS[row.name])


def call_primitive(
    e: Engine, row: Primitive, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    if not kwargs and row is REGISTRY.find(row.fn) and "*" not in row.vjp:
        row = as_written_best(e, row, args)
    try:
        bound = bind(row, list(args), dict(kwargs))
    except TypeError as error:
        raise UnsupportedError(
            what=f"this call of {row.name}: {error}",
            why=f"the forms with a rule take ({', '.join(row.params)})",
            origin=e.origin,
        ) from error
    if row.name == "np.array" and is_empty(e, bound["object"]):
        return calls.call_object(e, np.zeros, [e.b.const(0)], {k: v for k, v in bound.items() if k == "dtype"}, hint)
    operands: dict[str, Any] = {}
    for p, v in bound.items():
        if (
            row.name.startswith("np.")
            and p not in row.static
            and (isinstance(v, RangeV) or (p in row.diff and is_empty(e, v)))
        ):
            operands[p] = e.value(as_array(e, v))
        elif p in row.static:
            value = as_tuples(e.static(v, f"the argument '{p}' of {row.name}"))
            operands[p] = v if isinstance(v, Const) and v.value is value else e.b.const(value)
        elif isinstance(v, tuple):
            alike = row.name.startswith("np.") and p in row.diff
            operands[p] = tuple(as_operand(e, numbers_as_array(e, i) if alike else i) for i in v)
        elif row.name in JOINS and p == row.params[0]:
            operands[p] = e.value(arrays_in(e, v))
        else:
            operands[p] = as_operand(e, v if takes_sequence(row, p) else numbers_as_array(e, v))
    flat, kws = canonical(row, operands)
    if row.memory in ("view", "same", "maybe") and bound:
        first = aliased_argument(row, bound)
        if isinstance(first, Ref) and operations.is_array(e, first):
            return _aliasing(e, row, first, flat, kws, hint)
    idiom = idioms.recognise(e, row, flat) if e.printable else None
    if idiom is not None:
        row, flat, kws = idiom
    out = emit(e, row, flat, kws, hint)
    made = e.wrap(out, hint.get("name"))
    listed = row.name == "np.array" and not isinstance(flat[0].type, Array)  # a copied array keeps its order
    if isinstance(made, Ref) and (
        listed or row.name in CONTIGUOUS or (isinstance(out.type, Array) and out.type.ndim == 1)
    ):
        e.contiguous.add(made.obj)
    return made


CONTIGUOUS = ("np.zeros", "np.ones", "np.empty", "np.full", "np.eye", "np.identity", "np.outer")


JOINS = ("np.concatenate", "np.stack", "np.hstack", "np.vstack", "np.dstack", "np.column_stack")


def arrays_in(e: Engine, v: Any) -> Any:
    """Return a sequence of what is joined, with arrays for the lists and tuples of numbers in it."""
    parts = v.items if isinstance(v, TupleV) else None
    if isinstance(v, Ref) and isinstance(e.content(v.obj), Seq):
        parts = e.content(v.obj).items
    if parts is None or all(
        operations.is_number(i) or (isinstance(i, Ref) and operations.is_array(e, i)) for i in parts
    ):
        return v
    made = tuple(numbers_as_array(e, i) for i in parts)
    return TupleV(made) if isinstance(v, TupleV) else e.new(Seq(made))


def as_tuples(value: Any) -> Any:
    """Return a static argument with tuples for lists: NumPy takes both alike."""
    return tuple(map(as_tuples, value)) if isinstance(value, (list, tuple)) else value


def aliased_argument(row: Primitive, bound: Mapping[str, Any]) -> Any:
    """Return the argument that the result of a view-making row may share memory with."""
    if row.variadic:
        operands = bound[row.params[-1]]
        return operands[0] if len(operands) == 1 else None
    return next(iter(bound.values()))


def _aliasing(
    e: Engine, row: Primitive, base: Ref, flat: tuple[Operand, ...], kws: tuple[str, ...], hint: dict[str, Any]
) -> Any:
    out = emit(e, row, flat, kws, hint)
    t = out.type
    if not isinstance(t, Array):
        parts = e.wrap(out, hint.get("name"))
        found: dict[Any, None] = {}
        reach(e.state, parts, found)
        for obj in found:
            e.state.link_like(obj, base.obj)
        return parts
    if row.name == "np.diag" and t.ndim == 2:
        return e.new(out, hint.get("name"))
    consts = tuple(a.value for a in flat[1:] if isinstance(a, Const))
    if (
        row.name in RESHAPING
        and not base.place
        and base.obj in e.contiguous
        and not kws
        and len(consts) == len(flat) - 1
    ):
        return Ref(base.obj, (ViewStep(row, consts),), (), t)
    if row.memory == "view" and not kws and len(consts) == len(flat) - 1 and row.name not in READONLY:
        return Ref(base.obj, (*base.place, ViewStep(row, consts)), base.holes, t, base.stamp)
    v = e.new(out, hint.get("name"))
    assert isinstance(v, Ref)
    if row.name in READONLY:
        v.obj.param = "readonly"
    e.state.link_like(v.obj, base.obj)
    return v


RESHAPING = ("np.reshape", "np.ravel")
READONLY = ("np.broadcast_to", "np.diagonal", "np.diag")


CONDITIONS = (("np.where", "condition"),)


@functools.cache
def takes_sequence(row: Primitive, param: str) -> bool:
    """Say whether a row's rules know a list or tuple in the place of this parameter."""
    if not row.name.startswith(("np.", "scipy.")):
        return True
    if param not in row.diff:
        return not isinstance(row.fn, np.ufunc) and row.kind != "elementwise" and (row.name, param) not in CONDITIONS
    at = row.params.index(param)
    return any(isinstance(s.args[at], (list, tuple)) for s in row.samples if at < len(s.args))


def numbers_as_array(e: Engine, v: Any) -> Any:
    """Return a list, tuple or range as the array that a NumPy function makes of it first."""
    if isinstance(v, (TupleV, RangeV)) or (isinstance(v, Ref) and not isinstance(e.content(v.obj), Map)):
        return as_array(e, v)
    return v


def is_empty(e: Engine, v: Any) -> bool:
    """Say whether a value is a list or tuple that is known to hold nothing."""
    c = e.content(v.obj) if isinstance(v, Ref) and not v.place else v
    return isinstance(c, (Seq, TupleV)) and not c.items


def as_operand(e: Engine, v: Any) -> Operand:
    """Return an argument of a primitive as an operand."""
    return e.value(v)


def as_array(e: Engine, v: Any) -> Any:
    """Return a list or tuple of numbers, or a range, as the array that NumPy makes of it."""
    if isinstance(v, RangeV):
        return calls.call_object(e, np.arange, [v.start, v.stop, v.step], {}, {})
    if isinstance(v, TupleV) or (isinstance(v, Ref) and not operations.is_array(e, v)):
        return calls.call_object(e, np.array, [v], {}, {})
    return v


def call_without_rule(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """A NumPy function without a row: typed by a trial call, an error only if it is differentiated."""
    if not isinstance(fn, Hashable):
        raise UnsupportedError(
            what=f"a call of an object of the class '{type(fn).__name__}' that comes from outside",
            instead="make the object inside of the function",
            origin=e.origin,
        )
    row = unruled(fn)
    operands = [e.value(a) for a in args]
    named = {k: e.value(v) for k, v in kwargs.items()}
    all_args = (*operands, *named.values())
    dynamic = any(isinstance(a, Var) for a in all_args)
    if not dynamic:
        return (
            e.wrap(e.opaque(fn, operands + list(named.values()), tuple(named), **hint))
            if named
            else e.wrap(emit(e, row, all_args, (), hint))
        )
    try:
        t = result_type(row, tuple(operands), ()) if not named else trial_type(fn, operands, named)
    except (TypeError, ValueError, IndexError):
        t = Opaque()
    if named:
        row = unruled(fn, tuple(named))
    return e.wrap(e.b.emit(row, all_args, tuple(named), type=t, **hint), hint.get("name"))


_UNRULED: dict[Any, Primitive] = {}


def unruled(fn: Any, keywords: tuple[str, ...] = ()) -> Primitive:
    """Return the row of a NumPy function that the table does not have, for a call with these keywords."""
    if (fn, keywords) not in _UNRULED:
        _UNRULED[fn, keywords] = Primitive(
            public_name(fn), fn, (*keywords, "args"), dict.fromkeys(keywords, _GIVEN), kind="rule", variadic=True,
            keyword=frozenset(keywords), memory="maybe",
        )  # fmt: skip
    return _UNRULED[fn, keywords]


def public_name(fn: Any) -> str:
    """Return the name by which generated code finds a NumPy function; "" if it can't be found by one."""
    from adgen.rules.declare import display_name

    if not hasattr(fn, "__name__"):
        return ""
    module = (getattr(fn, "__module__", None) or "").split(".")
    within = [f"np.{'.'.join(module[1 : k + 1])}.{fn.__name__}" for k in range(1, len(module))]
    return next((name for name in (display_name(fn), *within) if _leads_to(name, fn)), "")


def _leads_to(name: str, fn: Any) -> bool:
    found: Any = np
    for part in name.split(".")[1:]:
        found = getattr(found, part, None)
    return found is fn


_GIVEN = object()  # the default of a keyword that each call gives


def trial_type(fn: Any, args: Sequence[Operand], kwargs: Mapping[str, Operand]) -> Type:
    import warnings

    from adgen.rules.typing import representative, type_of_value

    def value(a: Operand) -> Any:
        return a.value if isinstance(a, Const) else representative(a.type)

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        t = type_of_value(fn(*map(value, args), **{k: value(v) for k, v in kwargs.items()}))
    if isinstance(t, Array):
        from adgen.rules.typing import fresh_dim

        return Array(t.dtype, tuple(fresh_dim() for _ in t.dims))
    return t
