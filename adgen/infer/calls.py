"""Calls: primitives, builtins that shape the program, methods, and functions of the user, which are inlined."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import sys
import types as pytypes
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import AdgenError, UnsupportedError
from adgen.frontend import tree
from adgen.infer import (
    branches,
    builtin_calls,
    draws,
    guarded,
    idioms,
    inlining,
    items,
    iterables,
    library,
    loops,
    methods,
    objects,
    operations,
    operator_calls,
    writers,
)
from adgen.infer.values import (
    BoundFunction,
    Choice,
    Closure,
    DictView,
    GeneratorV,
    ManagerV,
    Map,
    Method,
    Partial,
    Ref,
    Seq,
    Super,
    TupleV,
)
from adgen.ir.nodes import Const, Hole, Index, Operand, Var, ViewStep
from adgen.ir.types import NUMERIC, Array, List, NoneT, Opaque, Scalar, Type, dims_of, is_floating
from adgen.rules.declare import OtherForm, has_static_mark
from adgen.rules.registry import REGISTRY, Formula, Primitive
from adgen.rules.typing import bind, canonical, result_type

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


class NotStatic(UnsupportedError):
    """A value that must be known at compile time is not."""

    def __init__(self, what: str, origin: Any) -> None:
        super().__init__(
            what=f"{what} is known only at run time",
            why="the generated code depends on it",
            instead="pass it as a parameter or write it as a constant",
            origin=origin,
        )


def run_call(e: Engine, s: tree.Assign, hint: dict[str, Any]) -> Any:
    fn = e.get(s.args[0])
    starred = s.data or ()
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    n = len(s.args) - len(s.kws)
    for k, a in enumerate(s.args[1:n], start=1):
        if k in starred:
            args.extend(items.expand(e, e.get(a)))
        else:
            args.append(e.get(a))
    for name, a in zip(s.kws, s.args[n:]):
        v = e.get(a)
        if name == "**":
            c = e.content(v.obj) if isinstance(v, Ref) else None
            if not isinstance(c, Map):
                raise UnsupportedError(what="`**` of something that is not a dict with known keys", origin=e.origin)
            kwargs.update(zip(c.keys, c.items))
        else:
            kwargs[name] = v
    return call(e, fn, args, kwargs, hint)


def call(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """Call an abstract function value."""
    if isinstance(fn, Closure):
        return inlining.inline(e, fn.function, fn, args, kwargs, fn.defaults)
    if isinstance(fn, BoundFunction):
        return inlining.inline_function(e, fn.fn, [fn.owner, *args], kwargs)
    if isinstance(fn, Partial):
        return call(e, fn.fn, [*fn.args, *args], {**dict(fn.kwargs), **kwargs}, hint)
    if isinstance(fn, Choice):
        return call_either(e, fn, args, kwargs)
    if isinstance(fn, Ref):
        c = e.content(fn.obj)
        if isinstance(c, Map) and c.cls is not dict:
            return call(e, methods.class_attribute(e, fn, c.cls, "__call__"), args, kwargs, hint)
    if isinstance(fn, Method):
        return methods.call_method(e, fn.owner, fn.name, args, kwargs, hint)
    if isinstance(fn, Const) and fn in e.paths:
        owner, path = e.paths[fn]
        if isinstance(fn.value, pytypes.MethodType) and not isinstance(fn.value.__self__, draws.GENERATORS):
            this = e.read(owner, f"{path}.__self__", fn.value.__self__)
            return call_object(e, fn.value.__func__, [this, *args], kwargs, hint)
        if isinstance(fn.value, functools.partial):  # what it holds is read at each call
            given = items.expand(e, e.read(owner, f"{path}.args", fn.value.args)) if fn.value.args else []
            named = e.read(owner, f"{path}.keywords", fn.value.keywords) if fn.value.keywords else None
            if named is not None and isinstance(named, Ref):
                c = e.content(named.obj)
                kwargs = {**dict(zip(c.keys, c.items)), **kwargs}
            if named is None or isinstance(named, Ref):
                inner = e.read(owner, f"{path}.func", fn.value.func)
                return call(e, inner, [*given, *args], kwargs, hint)
    if isinstance(fn, Const) and callable(fn.value):
        return call_object(e, fn.value, args, kwargs, hint)
    if isinstance(fn, (Var, Const)) and isinstance(fn.type, Opaque):
        if isinstance(fn, Var) and fn in e.param_of:
            return call_object(e, e.static(fn, "the function called"), args, kwargs, hint)
        return call_unknown(e, fn, args, kwargs, hint)
    raise UnsupportedError(what=f"a call of {operations.describe(e, fn)}", origin=e.origin)


ITERATING = frozenset(
    {sum, list, tuple, set, frozenset, dict, max, min, sorted, any, all, zip, enumerate, map, reversed}
)


def _among(fn: Any, table: Any) -> bool:
    try:
        return fn in table
    except TypeError:  # unhashable
        return False


def call_either(e: Engine, fn: Choice, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call whichever of two functions was chosen."""
    name = f"%called{e.b.depth}"

    def side(chosen: Any) -> Callable[[], None]:
        return lambda: e.set(name, call(e, chosen, args, kwargs, {}))

    branches.run_if(e, fn.cond, side(fn.one), side(fn.two))
    return e.get(name)


def call_object(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    if not (isinstance(fn, pytypes.FunctionType) and not _from_library(fn)):
        args = [operations.sure(a) for a in args]
        args = [TupleV(tuple(iterables.known_items(e, a) or ())) if isinstance(a, DictView) else a for a in args]
        kwargs = {k: operations.sure(a) for k, a in kwargs.items()}
    if len(args) == 1 and _among(fn, objects.BUILTINS):
        own = objects.call_special(e, args[0], objects.BUILTINS[fn])
        if own is not None:
            return own
    iterates = _among(fn, ITERATING) or library.find(fn) is not None
    if iterates or (not isinstance(fn, pytypes.FunctionType) and any(isinstance(a, GeneratorV) for a in args)):
        args = [guarded.force(e, a) for a in args]  # whoever takes an iterable reads it now
    handler = builtin_calls.find(fn) or operator_calls.find(fn)
    if handler is not None:
        return handler(e, args, dict(kwargs), hint)
    source = library.find(fn)
    if source is not None:
        made = inlining.inline_function(e, source, args, kwargs)
        return guarded.once(e, made) if _among(fn, library.ITERATORS) else made
    writer = writers.find(fn)
    if writer is not None:
        return writers.call(e, writer, fn.__name__, args, kwargs)
    if _from_numpy(fn):
        args, kwargs, out = writers.split_out(e, fn, args, kwargs)
        if out is not None:
            return writers.call_into(e, fn, args, kwargs, out)
    decide = getattr(fn, "__adgen_fact__", None)
    if decide is not None:
        return operations.lift(e, decide(*[e.value(a) for a in args]))
    if has_static_mark(fn):
        values = [_static_arg(e, a, fn) for a in args]
        named = {k: _static_arg(e, a, fn) for k, a in kwargs.items()}
        return operations.lift(e, fn(*values, **named))
    override = next((row for f, row in e.overrides.items() if f is fn), None)
    row, formula = (override, None) if override is not None else (REGISTRY.find(fn), REGISTRY.formula(fn))
    if row is not None and (formula is None or takes(row, args, kwargs)):
        try:
            return call_primitive(e, row, args, kwargs, hint)
        except OtherForm:
            assert formula is not None
    if formula is not None:
        return call_formula(e, formula, args, kwargs, hint)
    if getattr(fn, "primal", None) is not None and hasattr(fn, "wrt"):
        return call_gradient(e, fn, args, kwargs)
    if getattr(fn, "__module__", None) == "adgen.api.grad" and all(isinstance(a, Const) for a in args):
        return Const(fn(*[a.value for a in args], **{k: e.static(a, f"'{k}'") for k, a in kwargs.items()}), Opaque())
    getter = operator_calls.known_getter(e, fn)
    if getter is not None:
        return call(e, getter, args, kwargs, hint)
    if isinstance(fn, functools.partial):
        given = [e.constant(a) for a in fn.args]
        named = {k: e.constant(a) for k, a in fn.keywords.items()}
        return call_object(e, fn.func, [*given, *args], {**named, **kwargs}, hint)
    if isinstance(fn, pytypes.MethodType) and not isinstance(fn.__self__, draws.GENERATORS):
        return call_object(e, fn.__func__, [e.wrap_object(fn.__self__), *args], kwargs, hint)
    if is_context_manager(fn):
        generator = call_object(e, fn.__wrapped__, args, kwargs, hint)
        return ManagerV(None, generator)
    if isinstance(fn, pytypes.FunctionType) and not _from_library(fn):
        return inlining.inline_function(e, fn, args, kwargs)
    if isinstance(fn, functools._lru_cache_wrapper):
        return call_object(e, fn.__wrapped__, args, kwargs, hint)
    if isinstance(fn, type):
        return construct(e, fn, args, kwargs, hint)
    if _from_numpy(fn):
        return call_without_rule(e, fn, args, kwargs, hint)
    return call_unknown(e, Const(fn, Opaque()), args, kwargs, hint)


def takes(row: Primitive, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Say whether a call has a form that the row has rules for."""
    try:
        bind(row, list(args), dict(kwargs))
    except TypeError:
        return False
    return True


def call_formula(
    e: Engine, formula: Formula, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    """Inline what defines a function in terms of others. Its statements belong to the user's."""
    keep, e.printable = e.printable, False
    try:
        made = inlining.inline_function(e, formula.define, [*map(e.constant, formula.given), *args], kwargs)
        base = next(iter((*args, *kwargs.values())), None)
        if formula.view and isinstance(made, Ref) and isinstance(base, Ref) and made.obj is not base.obj:
            e.state.link_like(made.obj, base.obj)  # a write to either is one to both
            made.obj.param = "readonly"
        return operations.named(e, made, hint)
    except AdgenError:
        raise
    except (TypeError, ValueError, IndexError) as error:
        raise UnsupportedError(
            what=f"this call of {formula.name}: {error}",
            why="its arguments don't fit, or it is a form without a rule",
            origin=e.origin,
        ) from error
    finally:
        e.printable = keep


def call_gradient(e: Engine, df: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Inline the gradient of another function, or of the same one under another name."""
    from adgen.frontend.lower import lower
    from adgen.infer.program import infer
    from adgen.ir.rewrite import clone
    from adgen.transform.derive import make_gradient

    function = lower(df.primal)
    if any(f is function for f in e.active):
        raise UnsupportedError(
            what=f"a call of the gradient '{df.primal.__name__}' inside its own function",
            why="the name means the gradient here, not the function; it was decorated with @adgen.grad",
            instead="keep the function under its own name and make the gradient with `df = adgen.grad(f)`",
            origin=e.origin,
        )
    defaults = inlining.defaults_of(e, df.primal, function)
    bound = inlining.bind_parameters(e, function, args, kwargs, defaults)
    operands = {name: e.value(v) for name, v in bound.items()}
    statics = {n: o.value for n, o in operands.items() if isinstance(o, Const) and not is_floating(o.type)}
    program = infer(df.primal, [operands[p.name].type for p in function.params], statics)
    e.callees.setdefault(df.primal)
    for f in program.callees:
        e.callees.setdefault(f)
    options = df._engine.options
    steps = (*[(s.mode, s.wrt, s.scalar_wrt) for s in options.inner], (df.mode, df.wrt, df._engine.scalar_wrt))
    for mode, wrt, scalar in steps:
        func, rules = make_gradient(program, wrt, mode == "value_and_grad", scalar, options.unconnected, "inner")
        program = dataclasses.replace(program, func=func)
        for r in rules:
            if not (getattr(r, "__module__", None) or "").startswith("adgen."):
                e.callees.setdefault(r)
    mapping: dict[Var, Operand] = {program.params[n]: o for n, o in operands.items()}
    for h in program.hidden:
        value = e.hidden(e, h.owner, h.name, h.value) if e.hidden is not None else e.constant(h.value)
        mapping[h.var] = e.value(value)
    block = clone(program.func.body, mapping)
    for s in block.stmts:
        e.b.append(s)
    return e.wrap(block.results[0])


def is_context_manager(fn: Any) -> bool:
    """Say whether a function was made by `contextlib.contextmanager`."""
    code = getattr(fn, "__code__", None)
    return code is not None and code.co_filename == contextlib.__file__ and hasattr(fn, "__wrapped__")


def _from_library(fn: Callable[..., Any]) -> bool:
    return is_library(fn) and (fn.__module__ or "").partition(".")[0] != "adgen"


def _from_numpy(fn: Any) -> bool:
    if isinstance(fn, np.ufunc):
        return fn.__name__ in np.__dict__
    module = getattr(fn, "__module__", None) or ""
    return module.split(".")[0] == "numpy" and not module.startswith("numpy.random")


def _static_arg(e: Engine, v: Any, fn: Any) -> Any:
    if isinstance(v, Ref) and not isinstance(e.state.heap[v.obj], (Seq, Map)):
        raise NotStatic(f"an argument of {fn.__name__}", e.origin)
    return e.static(v, f"an argument of {fn.__name__}")


# -- primitives -----------------------------------------------------------------------------------


def emit(e: Engine, row: Primitive, args: tuple[Operand, ...], kws: tuple[str, ...], hint: dict[str, Any]) -> Operand:
    """Emit a primitive; a call that can't be typed is an error at the user's line."""
    try:
        return e.b.emit(row, args, kws, **hint)
    except (AdgenError, NotStatic):
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
    if not kwargs and row is REGISTRY.find(row.fn):
        row = as_written_best(e, row, args)
    try:
        bound = bind(row, list(args), dict(kwargs))
    except TypeError as error:
        raise UnsupportedError(
            what=f"this call of {row.name}: {error}",
            why=f"the forms with a rule take ({', '.join(row.params)})",
            origin=e.origin,
        ) from error
    operands: dict[str, Any] = {}
    for p, v in bound.items():
        if p in row.static:
            value = as_tuples(e.static(v, f"the argument '{p}' of {row.name}"))
            operands[p] = v if isinstance(v, Const) and v.value is value else e.b.const(value)
        elif isinstance(v, tuple):
            operands[p] = tuple(as_operand(e, i) for i in v)
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
        loops.reach(e, parts, found)
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


@functools.cache
def takes_sequence(row: Primitive, param: str) -> bool:
    """Say whether a row's rules know a list or tuple in the place of this parameter."""
    if param not in row.diff or not row.name.startswith("np."):
        return True
    at = row.params.index(param)
    return any(isinstance(s.args[at], (list, tuple)) for s in row.samples if at < len(s.args))


def numbers_as_array(e: Engine, v: Any) -> Any:
    """Return a list or tuple as the array that a NumPy function makes of it first."""
    if isinstance(v, TupleV) or (isinstance(v, Ref) and not isinstance(e.content(v.obj), Map)):
        return as_array(e, v)
    return v


def as_operand(e: Engine, v: Any) -> Operand:
    """Return an argument of a primitive as an operand."""
    return e.value(v)


def as_array(e: Engine, v: Any) -> Any:
    """Return a list or tuple of numbers as the array that NumPy makes of it."""
    if isinstance(v, TupleV) or (isinstance(v, Ref) and not operations.is_array(e, v)):
        return call_object(e, np.array, [v], {}, {})
    return v


def call_without_rule(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """A NumPy function without a row: typed by a trial call, an error only if it is differentiated."""
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
        from adgen.rules.declare import display_name

        _UNRULED[fn, keywords] = Primitive(
            display_name(fn), fn, (*keywords, "args"), dict.fromkeys(keywords, _GIVEN), kind="rule", variadic=True,
            keyword=frozenset(keywords), memory="maybe",
        )  # fmt: skip
    return _UNRULED[fn, keywords]


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


def call_unknown(e: Engine, fn: Operand, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """A call that adgen knows nothing of. What it may write must not be read afterwards."""
    operands = [e.value(a) for a in args]
    named = {k: e.value(v) for k, v in kwargs.items()}
    name = getattr(fn.value if isinstance(fn, Const) else None, "__name__", "")
    if name not in ("print", "format", "str", "repr", "warn", "info", "debug", "warning", "error"):
        for v in (*args, *kwargs.values()):
            if isinstance(v, Ref):
                _may_be_written(e, v, name or "this function")
    t = draws.type_of_call(e, fn, operands, named)
    out = e.b.emit(e.row("opaque"), (fn, *operands, *named.values()), tuple(named), type=t, **hint)
    return e.wrap(out, hint.get("name"))


def _may_be_written(e: Engine, v: Ref, name: str) -> None:
    from adgen.infer.values import Poison

    p = Poison(
        f"'{v.obj.name or 'an array'}' was passed to {name}, which may have written it",
        "the source of that function is not known to adgen, so the value read here is not known",
        e.origin,
    )
    for o in (v.obj, *e.state.links.get(v.obj, ())):
        e.state.heap[o] = p


# -- objects --------------------------------------------------------------------------------------


def construct(e: Engine, cls: type, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """Make a namedtuple, a dataclass instance or an exception."""
    fields = getattr(cls, "_fields", None)
    if issubclass(cls, tuple) and fields is not None:
        values = dict(zip(fields, args)) | dict(kwargs)
        for name, v in getattr(cls, "_field_defaults", {}).items():
            values.setdefault(name, e.constant(v))
        if set(values) == set(fields):
            return TupleV(tuple(values[f] for f in fields), cls)
    if issubclass(cls, np.generic):
        if args and operations.is_array(e, args[0]) and dims_of(operations.array_type(e, args[0])):
            return call_object(
                e, np.asarray, [args[0]], {"dtype": Const(cls, Opaque())}, hint
            )  # perhaps the very array
        return methods.cast(e, args[0] if args else e.b.const(0), np.dtype(cls), hint)
    made = objects.make(e, cls, args, kwargs)
    if made is not None:
        return made
    if any(_active_inside(e, a) for a in (*args, *kwargs.values())) and not issubclass(cls, BaseException):
        raise UnsupportedError(
            what=f"a floating-point value inside a '{cls.__name__}' object",
            why="adgen can't follow values through it",
            instead="use a dataclass, a namedtuple, a dict or a tuple",
            origin=e.origin,
        )
    return call_unknown(e, Const(cls, Opaque()), args, kwargs, hint)


def _active_inside(e: Engine, v: Any) -> bool:
    if isinstance(v, Var):
        return is_floating(v.type)
    if isinstance(v, Ref):
        c = e.state.heap.get(v.obj)
        return any(_active_inside(e, i) for i in c.items) if isinstance(c, (Seq, Map)) else True
    return isinstance(v, TupleV) and any(_active_inside(e, i) for i in v.items)


# -- attributes, lists ------------------------------------------------------------------------------


def is_library(value: Any) -> bool:
    """Say whether an object is a module, class or function of Python or NumPy: its attributes never change."""
    if isinstance(value, functools.partial) or not (callable(value) or isinstance(value, pytypes.ModuleType)):
        return False  # an object that holds what somebody gave it
    module = value.__name__ if isinstance(value, pytypes.ModuleType) else getattr(value, "__module__", None)
    root = (module or "").partition(".")[0]
    return root in ("numpy", "scipy", "adgen") or (root in sys.stdlib_module_names and root != "__main__")


def get_attribute(e: Engine, v: Any, name: str, hint: dict[str, Any]) -> Any:
    if isinstance(v, TupleV) and v.cls is not None and name in v.cls._fields:  # type: ignore[attr-defined]
        return v.items[v.cls._fields.index(name)]  # type: ignore[attr-defined]
    if isinstance(v, TupleV) and v.cls is not None and objects.find_in_class(v.cls, name) is not None:
        found = objects.find_in_class(v.cls, name)
        if isinstance(found, (pytypes.FunctionType, property, staticmethod)) and name not in ("_replace", "_asdict"):
            return methods.class_attribute(e, v, v.cls, name)
    if isinstance(v, Super):
        return objects.super_attribute(e, v.owner, v.self, name)
    if isinstance(v, Ref):
        c = e.content(v.obj)
        if isinstance(c, Map) and c.cls is not dict:
            found = c.get(name)
            if found is not None and not isinstance(objects.find_in_class(c.cls, name), property):
                return found
            return methods.class_attribute(e, v, c.cls, name)
        if not isinstance(c, (Seq, Map)) and operations.is_array(e, v):
            return methods.array_attribute(e, v, name, hint)
        return Method(v, name)
    if isinstance(v, Const) and isinstance(v.type, Opaque):
        try:
            value = getattr(v.value, name)
        except AttributeError as error:
            raise UnsupportedError(what=str(error), origin=e.origin) from error
        if isinstance(value, pytypes.MethodType) and value.__self__ is v.value and not _from_library(value.__func__):
            return BoundFunction(value.__func__, v)
        if v not in e.paths and isinstance(v.value, pytypes.ModuleType) and not is_library(v.value):
            if not callable(value) and not isinstance(value, pytypes.ModuleType):
                raise UnsupportedError(
                    what=f"'{name}', a value of the module '{v.value.__name__}' that is imported inside the function",
                    why="no global name leads to it, so it can't be read again at the next call",
                    instead="import the module at the top",
                    origin=e.origin,
                )
        if v not in e.paths or is_library(v.value):
            return e.constant(value)
        owner, path = e.paths[v]
        return e.read(owner, f"{path}.{name}", value)
    if operations.is_number(v):
        return methods.array_attribute(e, v, name, hint)
    if isinstance(v, Var) and isinstance(v.type, Opaque):
        return e.opaque(getattr, [v, e.b.const(name)], **hint)
    return Method(v, name)


def extend_list(e: Engine, ref: Any, other: Any) -> None:
    """`list.extend` and `+=` on a list."""
    if isinstance(other, Ref) and operations.is_array(e, other):
        other = inlining.inline_function(e, library.as_list, [other], {})
    c = e.content(ref.obj)
    more = items.expand(e, other) if isinstance(c, Seq) and not _is_dynamic(e, other) else None
    if more is not None:
        e.write(ref.obj, Seq((*c.items, *more)))
        return
    o = e.content(other.obj) if isinstance(other, Ref) else None
    elem = items.element_type(e, c, o) if o is not None else None
    if elem is None:
        raise UnsupportedError(what=f"extending a list by {operations.describe(e, other)}", origin=e.origin)
    e.write(ref.obj, e.b.call("add", items.list_operand(e, c, elem), items.list_operand(e, o, elem)))
    e.state.link_like(ref.obj, other.obj)


def _is_dynamic(e: Engine, v: Any) -> bool:
    return isinstance(v, Ref) and not isinstance(e.content(v.obj), (Seq, Map))


__all__ = ["Array", "Hole", "Index", "List", "NoneT", "call", "emit", "run_call"]
