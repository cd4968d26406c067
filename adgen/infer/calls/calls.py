"""Calls: primitives, builtins that shape the program, methods, and functions of the user, which are inlined."""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
import logging
import types as pytypes
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import AdgenError, UnsupportedError
from adgen.frontend import tree
from adgen.frontend.lower import lower
from adgen.infer.api import derivatives, own_calls, products, tapes
from adgen.infer.calls import (
    draws,
    handlers,
    keywords,
    library,
    library_calls,
    methods,
    operator_calls,
    primitives,
    writers,
)
from adgen.infer.control import branches
from adgen.infer.expressions import attributes, items, operations
from adgen.infer.functions import custom_calls, inlining, lifting
from adgen.infer.iterators import iterator_calls, iterators
from adgen.infer.memory import apart
from adgen.infer.structures import construct, dicts, objects, tuples
from adgen.infer.values import (
    BoundFunction,
    Choice,
    Closure,
    DictView,
    GeneratorV,
    Lent,
    LocalGradient,
    ManagerV,
    Map,
    Method,
    Obj,
    Once,
    Partial,
    Ref,
    Seq,
    SliceV,
    StarV,
    TapeV,
    reach,
)
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.routine import Routine
from adgen.ir.types import Opaque
from adgen.rules.declare import OtherForm, has_static_mark
from adgen.rules.registry import REGISTRY, Formula, Primitive
from adgen.rules.typing import bind

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
    if isinstance(fn, Const) and fn.value is zip and n == 2 and 1 in starred and not s.kws:
        columns = iterators.columns(e, iterators.force(e, e.get(s.args[1])))
        if columns is not None:
            return columns
    for k, a in enumerate(s.args[1:n], start=1):
        if k in starred:
            args.extend(_spread(e, fn, e.get(a), len(args), s.kws if k == n - 1 else None))
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
    if any(isinstance(a, StarV) for a in args):
        made = tuples.call_starred(e, fn, args, kwargs)
        if made is not None:
            args, kwargs = made[1], {k: v for k, v in kwargs.items() if k != "sep"}
    return call(e, fn, args, kwargs, hint)


def _spread(e: Engine, fn: Any, v: Any, given: int, named: Sequence[str] | None) -> list[Any]:
    """Return the arguments that `*v` stands for. `named` are the keywords, where it is the last by position."""
    v = iterators.force(e, v)
    parts = items.known_items(e, v)
    if parts is not None:
        return parts
    called = fn.value if isinstance(fn, Const) else None
    alone = named is not None and not given
    spreads = called is functools.partial or (called is print and alone)
    spreads |= (called is max or called is min) and not alone
    if spreads or isinstance(fn, Partial) or tuples.takes_rest(fn, _parameters(fn)):
        return [StarV(tuples.of_items(e, v))]
    if named is not None:
        if isinstance(fn, Const) and (fn.value is max or fn.value is min) and not given and isinstance(v, Ref):
            items.check_length(e, v, 2, None)  # of one item it would look inside
            return [v]
        wanted = _takes(fn, given, named)
        parts = None if wanted is None or wanted < 1 else items.split(e, v, wanted)
        if parts is not None:
            return parts
    return items.expand(e, v)


def _parameters(fn: Any) -> Any:
    """Return the parameters of a function of the user, None of another one."""
    if isinstance(fn, Closure):
        return fn.function.params
    if isinstance(fn, Const) and isinstance(fn.value, pytypes.FunctionType) and not from_library(fn.value):
        return lower(fn.value).params
    return None


def _takes(fn: Any, given: int, named: Sequence[str]) -> int | None:
    """Return how many arguments by position a function needs after those given; None if that is open."""
    if isinstance(fn, Const) and isinstance(fn.value, np.ufunc):
        return fn.value.nin - given
    params = _parameters(fn)
    if params is None:
        return None
    left = [p for p in params if p.kind in ("positional", "either") and p.name not in named][given:]
    return None if any(p.kind == "*" for p in params) or any(p.has_default for p in left) else len(left)


def call(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """Call an abstract function value."""
    if isinstance(fn, Closure):
        return inlining.inline(e, fn.function, fn, args, kwargs, fn.defaults)
    if isinstance(fn, BoundFunction):
        ruled = custom_calls.rule_of_method(e, fn)
        if ruled is not None:
            row, of_one = ruled
            return custom_calls.call_user_row(e, row, args if of_one else [fn.owner, *args], kwargs, hint)
        with objects.refusing(e, fn.owner, fn.fn):
            return inlining.inline_function(e, fn.fn, [fn.owner, *args], kwargs)
    if isinstance(fn, Partial):
        return call(e, fn.fn, [*fn.args, *args], {**dict(fn.kwargs), **kwargs}, hint)
    if isinstance(fn, LocalGradient):
        made = products.call_many if fn.mode in products.MANY else derivatives.call_local
        return made(e, fn, args, kwargs)
    if isinstance(fn, Choice):
        return call_either(e, fn, args, kwargs)
    if isinstance(fn, Ref):
        c = e.content(fn.obj)
        if isinstance(c, Map) and c.cls is not dict:
            return call(e, attributes.class_attribute(e, fn, c.cls, "__call__"), args, kwargs, hint)
    if isinstance(fn, Method):
        if isinstance(fn.owner, TapeV):
            return tapes.call_method(e, fn.owner, fn.name, args, dict(kwargs), hint)
        return methods.call_method(e, fn.owner, fn.name, args, kwargs, hint)
    if isinstance(fn, Const) and fn in e.paths:
        owner, path = e.paths[fn]
        in_table = REGISTRY.find(fn.value) is not None or REGISTRY.formula(fn.value) is not None
        bound = isinstance(fn.value, pytypes.MethodType) and not in_table
        if bound and not isinstance(fn.value.__self__, draws.GENERATORS):
            this = e.read(owner, f"{path}.__self__", fn.value.__self__)
            return call_object(e, fn.value.__func__, [this, *args], kwargs, hint)
        if isinstance(fn.value, functools.partial) and not in_table:  # what it holds is read at each call
            given = items.expand(e, e.read(owner, f"{path}.args", fn.value.args)) if fn.value.args else []
            named = e.read(owner, f"{path}.keywords", fn.value.keywords) if fn.value.keywords else None
            if named is not None and isinstance(named, Ref):
                c = e.content(named.obj)
                kwargs = {**dict(zip(c.keys, c.items)), **kwargs}
            if named is None or isinstance(named, Ref):
                inner = e.read(owner, f"{path}.func", fn.value.func)
                return call(e, inner, [*given, *args], kwargs, hint)
    if isinstance(fn, Const) and fn in e.paths:
        if derivatives.is_derivative(fn.value):
            return derivatives.call_derivative(e, fn.value, e.paths[fn], args, kwargs, hint)
        method = objects.own_call(fn.value)
        override = custom_calls.find_override(e, fn.value) if e.overrides else None
        if method is not None and override is None and REGISTRY.find(fn.value) is None:
            return inlining.inline_function(e, method, [fn, *args], kwargs)
    if isinstance(fn, Const) and callable(fn.value):
        return call_object(e, fn.value, args, kwargs, hint)
    if isinstance(fn, (Var, Const)) and isinstance(fn.type, Opaque):
        if isinstance(fn, Var) and fn in e.param_of:
            return call_object(e, e.static(fn, "the function called"), args, kwargs, hint)
        return call_unknown(e, fn, args, kwargs, hint)
    raise UnsupportedError(what=f"a call of {operations.describe(e, fn)}", origin=e.origin)


DRAINING = frozenset(  # they take all values at once
    {sum, list, tuple, set, frozenset, dict, max, min, sorted, itertools.product}
)


LAZY = frozenset(
    {zip, enumerate, reversed, map, iter, next, isinstance, callable, type, itertools.count, itertools.repeat}
    | {
        itertools.cycle,
        itertools.chain,
        itertools.tee,
        itertools.accumulate,
        itertools.islice,
        itertools.pairwise,
        itertools.groupby,
        functools.partial,
    }
)

WALKING = frozenset({zip, enumerate, reversed, map, iter})


def _is_live(fn: Any) -> bool:
    """Say whether a function gives an iterator that takes what a view of a dict shows when it comes to it."""
    return _among(fn, WALKING) or inspect.isgeneratorfunction(library.find(fn))


def _among(fn: Any, table: Any) -> bool:
    try:
        return fn in table
    except TypeError:  # unhashable
        return False


def _takes_iterators(fn: Any) -> bool:
    """Say whether a callable gets iterators as they are: what it does with them can be seen."""
    if isinstance(fn, (pytypes.FunctionType, pytypes.MethodType, functools.partial, functools._lru_cache_wrapper)):
        return True
    if isinstance(fn, type) and objects.is_followed(fn):
        return True
    return library.find(fn) is not None or _among(fn, LAZY)


def call_either(e: Engine, fn: Choice, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call whichever of two functions was chosen."""
    name = f"%called{e.b.depth}"

    def side(chosen: Any) -> Callable[[], None]:
        return lambda: e.set(name, call(e, chosen, args, kwargs, {}))

    branches.run_if(e, fn.cond, side(fn.one), side(fn.two))
    return e.get(name)


def call_object(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    if isinstance(fn, np.vectorize):
        return call(e, keywords.vectorized(e, fn), args, kwargs, hint)
    if isinstance(fn, Routine):
        return lifting.call_routine(e, fn, args)
    tuples.refuse_star(e, fn, args)
    override = custom_calls.find_override(e, fn) if e.overrides else None
    if override is not None:
        call_row = custom_calls.call_user_row if override.user else primitives.call_primitive
        return call_row(e, override, args, kwargs, hint)
    if not (isinstance(fn, pytypes.FunctionType) and not from_library(fn)):
        args = [operations.sure(a) for a in args]
        if any(isinstance(a, DictView) for a in args) and not _is_live(fn):
            args = [dicts.listed(e, a) if isinstance(a, DictView) else a for a in args]
        kwargs = {k: operations.sure(a) for k, a in kwargs.items()}
    if len(args) == 1 and _among(fn, objects.BUILTINS):
        own = objects.call_special(e, args[0], objects.BUILTINS[fn])
        if own is not None:
            return own
    if _among(fn, DRAINING) or (any(isinstance(a, (GeneratorV, Once)) for a in args) and not _takes_iterators(fn)):
        args = [iterators.force(e, a) for a in args]
    handler = handlers.find(fn)
    if handler is not None:
        try:
            return handler(e, args, dict(kwargs), hint)
        except (LookupError, ValueError) as error:
            handlers.refuse_count(e, fn, args, kwargs, error)
            raise
    source = library.find(fn)
    if source is not None:
        made = inlining.inline_function(e, source, args, kwargs)
        return iterators.once(e, made) if _among(fn, library.ITERATORS) else made
    writer = writers.find(fn)
    if writer is not None:
        return writers.call(e, writer, fn.__name__, args, kwargs)
    row, formula = REGISTRY.find(fn), REGISTRY.formula(fn)
    if (row is not None and not row.user) or formula is not None:
        args, kwargs = keywords.by_name(fn, keywords.by_letters(e, fn, args), kwargs, row)
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
    if row is not None and row.user:
        return custom_calls.call_user_row(e, row, args, kwargs, hint)
    if kwargs and (row is not None or formula is not None):
        if isinstance(fn, np.ufunc):
            made = keywords.call_ufunc(e, fn, args, kwargs, hint)
            if made is not None:
                return made
        args, kwargs = keywords.leave_out(fn, args, kwargs, row, formula)
    if row is not None and (formula is None or takes(row, args, kwargs)):
        try:
            return primitives.call_primitive(e, row, args, kwargs, hint)
        except OtherForm:
            assert formula is not None
    if formula is not None:
        return call_formula(e, formula, args, kwargs, hint)
    return _call_callable(e, fn, args, kwargs, hint)


def _call_callable(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """Call what has no row: a derivative, what stands for another callable, a function or class of the user."""
    if derivatives.is_derivative(fn):
        return derivatives.call_derivative(e, fn, None, args, kwargs, hint)
    getter = operator_calls.known_getter(e, fn)
    if getter is not None:
        return call(e, getter, args, kwargs, hint)
    if isinstance(fn, functools.partial):
        given = [e.constant(a) for a in fn.args]
        named = {k: e.constant(a) for k, a in fn.keywords.items()}
        return call_object(e, fn.func, [*given, *args], {**named, **kwargs}, hint)
    if isinstance(fn, pytypes.MethodType) and not isinstance(fn.__self__, draws.GENERATORS):
        return call_object(e, fn.__func__, [e.constant(fn.__self__), *args], kwargs, hint)
    if is_context_manager(fn):
        e.callees.setdefault(fn)  # its name may come to mean another
        generator = call_object(e, fn.__wrapped__, args, kwargs, hint)
        return ManagerV(None, generator)
    if isinstance(fn, pytypes.FunctionType) and not from_library(fn):
        if not has_source(fn):
            return call_unknown(e, Const(fn, Opaque()), args, kwargs, hint)
        return inlining.inline_function(e, fn, args, kwargs)
    if isinstance(fn, functools._lru_cache_wrapper):
        if isinstance(fn.__wrapped__, pytypes.FunctionType) and has_source(fn.__wrapped__):
            e.memoised.add(id(lower(fn.__wrapped__)))
        return call_object(e, fn.__wrapped__, args, kwargs, hint)
    if isinstance(fn, type):
        return construct.construct(e, fn, args, kwargs, hint)
    if _from_numpy(fn) and (not isinstance(fn, Hashable) or primitives.public_name(fn)):
        return primitives.call_without_rule(e, fn, args, kwargs, hint)
    return call_unknown(e, Const(fn, Opaque()), args, kwargs, hint)


def takes(row: Primitive, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Say whether a call has a form that the row has rules for."""
    if any(isinstance(a, SliceV) for a in args):
        return False
    try:
        bind(row, list(args), dict(kwargs))
    except TypeError:
        return False
    return True


def call_formula(
    e: Engine, formula: Formula, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    """Inline what defines a function in terms of others. Its statements belong to the user's."""
    code = formula.define.__code__
    unknown = set(kwargs) - set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    if unknown and not code.co_flags & inspect.CO_VARKEYWORDS:
        raise UnsupportedError(
            what=f"the argument '{min(unknown)}' of {formula.name}",
            why="the form with a derivative does not take it",
            instead="leave it out, or hold what it decides constant with adgen.stop_gradient",
            origin=e.origin,
        )
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


def is_context_manager(fn: Any) -> bool:
    """Say whether a function was made by `contextlib.contextmanager`."""
    code = getattr(fn, "__code__", None)
    return code is not None and code.co_filename == contextlib.__file__ and hasattr(fn, "__wrapped__")


def from_library(fn: Callable[..., Any]) -> bool:
    return attributes.is_library(fn) and (fn.__module__ or "").partition(".")[0] != "adgen"


def _from_numpy(fn: Any) -> bool:
    if isinstance(fn, np.ufunc):
        return fn.__name__ in np.__dict__
    module = getattr(fn, "__module__", None) or ""
    return module.split(".")[0] == "numpy" and not module.startswith("numpy.random")


def _static_arg(e: Engine, v: Any, fn: Any) -> Any:
    if isinstance(v, Ref) and not isinstance(e.state.heap[v.obj], (Seq, Map)):
        raise NotStatic(f"an argument of {fn.__name__}", e.origin)
    return e.static(v, f"an argument of {fn.__name__}")


def has_source(fn: Any) -> bool:
    """Say whether there is a text of a Python function; one that is not what runs is an error."""
    from adgen.frontend.lower import lower
    from adgen.frontend.source import NoSourceError

    try:
        lower(fn)
    except NoSourceError:
        return False
    return True


ONLY_SHOWING = frozenset({"print", "format", "str", "repr", "warn", "info", "debug", "warning", "error"})


def _of_logger(e: Engine, fn: Operand) -> bool:
    """Say whether a function is an attribute of what `logging.getLogger` gives."""
    made = e.b.defs.get(fn) if isinstance(fn, Var) else None
    if made is None or not isinstance(made.args[0], Const) or made.args[0].value is not getattr:
        return False
    owner = e.b.defs.get(made.args[1]) if isinstance(made.args[1], Var) else None
    maker = owner.args[0] if owner is not None and owner.args else None
    return isinstance(maker, Const) and maker.value is logging.getLogger


def call_unknown(e: Engine, fn: Operand, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]) -> Any:
    """A call that adgen knows nothing of. What it may write must not be read afterwards."""
    operands = [tuples.shown(e, a) for a in args]
    named = {k: tuples.shown(e, v) for k, v in kwargs.items()}
    name = getattr(fn.value if isinstance(fn, Const) else None, "__name__", "")
    elementwise = isinstance(fn, Const) and isinstance(fn.value, np.ufunc) and "out" not in kwargs
    if name not in ONLY_SHOWING and not elementwise and not _of_logger(e, fn):
        for v in (*args, *kwargs.values()):
            if isinstance(v, Ref):
                _may_be_written(e, v, name or "this function")
    apart.note_call(e, fn)
    t = draws.type_of_call(e, fn, operands, named)
    out = e.b.emit(e.row("opaque"), (fn, *operands, *named.values()), tuple(named), type=t, **hint)
    return e.wrap(out, hint.get("name"))


def _may_be_written(e: Engine, v: Ref, name: str) -> None:
    p = Lent(
        f"'{v.obj.name or 'an array'}' was passed to {name}, which may have written it",
        "the source of that function is not known to adgen, so the value read here is not known",
        e.origin,
    )
    held: dict[Obj, None] = {}
    reach(e.state, v, held)  # a list or an object is passed with all that it holds
    for obj in held:
        for o in (obj, *e.state.links.get(obj, ())):
            e.state.heap[o] = p


__all__ = ["call", "handlers", "iterator_calls", "library_calls", "own_calls", "run_call"]
