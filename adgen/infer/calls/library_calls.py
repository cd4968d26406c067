"""Functions of the standard library and of NumPy that shape the program rather than compute."""

from __future__ import annotations

import collections
import contextlib
import copy
import dataclasses
import functools
import itertools
import types
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer.calls import array_methods, builtin_calls, calls, library, methods, primitives
from adgen.infer.calls.handlers import HANDLERS, Handler, bind, handles
from adgen.infer.control import iterables
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.iterators import iterators, lazy
from adgen.infer.memory import item_stores
from adgen.infer.structures import construct, lists
from adgen.infer.values import ManagerV, Map, Partial, Ref, Seq, Traits, TupleV
from adgen.ir.build import shift
from adgen.ir.nodes import Const, Mode, Var
from adgen.ir.types import Array, Bool, Complex, Float, Int, Opaque, Scalar, is_scalar
from adgen.rules.axes import shaped_like
from adgen.rules.registry import REGISTRY

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


@handles(collections.defaultdict)
def _defaultdict(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    made = builtin_calls.make_dict(e, args[1:], kwargs, hint)
    if args and not (isinstance(args[0], Const) and args[0].value is None):
        made.obj.traits = Traits(factory=args[0])
    return made


@handles(collections.Counter)
def _counter(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    made = e.new(Map((), ()), hint.get("name"))
    made.obj.traits = Traits(counts=True)
    if args:
        inlining.inline_function(e, library.count_in, [made, args[0]], {})
    return made


@handles(types.SimpleNamespace)
def _namespace(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return e.new(Map(tuple(kwargs), tuple(kwargs.values()), types.SimpleNamespace))


@handles(dataclasses.replace)
def _replace(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    c = e.content(args[0].obj) if isinstance(args[0], Ref) else None
    if not isinstance(c, Map) or not dataclasses.is_dataclass(c.cls):
        raise UnsupportedError(what=f"replace() of {operations.describe(e, args[0])}", origin=e.origin)
    given = {f.name: c.get(f.name) for f in dataclasses.fields(c.cls) if f.init}
    return construct.construct(e, c.cls, [], {**given, **kwargs}, hint)


@handles(copy.copy)
def _copy(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    v = args[0]
    if not isinstance(v, Ref):
        return v
    if operations.is_array(e, v):
        return methods.call_method(e, v, "copy", [], {}, hint)
    c = e.content(v.obj)
    return e.new(c) if isinstance(c, (Seq, Map)) else calls.call_object(e, list, [v], {}, hint)


@handles(copy.deepcopy)
def _deepcopy(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return _copy_all(e, args[0], {})


def _copy_all(e: Engine, v: Any, done: dict[Any, Any]) -> Any:
    if isinstance(v, TupleV):
        return TupleV(tuple(_copy_all(e, i, done) for i in v.items), v.cls)
    if not isinstance(v, Ref) or operations.is_array(e, v):
        if v not in done:
            done[v] = _copy(e, [v], {}, {})
        return done[v]
    if v.obj not in done:
        c = e.content(v.obj)
        if isinstance(c, Seq):
            made = e.new(Seq(tuple(_copy_all(e, i, done) for i in c.items)))
        elif isinstance(c, Map):
            made = e.new(Map(c.keys, tuple(_copy_all(e, i, done) for i in c.items), c.cls))
        elif is_scalar(c.type.elem):
            made = _copy(e, [v], {}, {})
        else:
            raise UnsupportedError(what="deepcopy() of a list of arrays of unknown length", origin=e.origin)
        done[v.obj] = made
    return done[v.obj]


@handles(np.shape)
def _shape(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return array_methods.shape_of(e, (*args, *kwargs.values())[0])


@handles(np.ndim)
def _ndim(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return e.b.const(len(array_methods.shape_of(e, (*args, *kwargs.values())[0]).items))


@handles(np.size)
def _size(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    given = bind(e, "np.size", "a axis=", args, kwargs)
    axis = e.static(given["axis"], "the axis of np.size") if "axis" in given else None
    if axis is None:
        return array_methods.size_of(e, given["a"])
    if isinstance(axis, tuple):
        raise UnsupportedError(what="np.size() of several axes", instead="multiply the lengths", origin=e.origin)
    return array_methods.shape_of(e, given["a"]).items[axis]


def _limits(fn: Any) -> Handler:
    def handler(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
        operands = [e.value(a) for a in (*args, *kwargs.values())]
        if len(operands) == 1 and isinstance(operands[0], Const):
            return Const(fn(operands[0].value), Opaque())
        return e.opaque(fn, operands, tuple(kwargs), **hint)

    return handler


HANDLERS[np.finfo], HANDLERS[np.iinfo] = _limits(np.finfo), _limits(np.iinfo)


@handles(np.result_type)
def _result_type(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    made: list[Any] = []
    for a in args:
        operand = e.value(a)
        t = operand.type
        if isinstance(t, Array):
            made.append(np.ones((1,) * t.ndim, t.dtype))
        elif isinstance(t, Scalar):
            made.append(np.dtype(t.dtype).type(1))
        elif isinstance(operand, Const):
            made.append(operand.value)
        elif isinstance(t, (Bool, Int, Float, Complex)):
            made.append({Bool: True, Int: 1, Float: 1.0, Complex: 1j}[type(t)])
        else:
            raise UnsupportedError(what=f"np.result_type() of {t}", origin=e.origin)
    return Const(np.result_type(*made), Opaque())


def _arranges(fn: Any) -> Handler:
    def handler(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
        """Arrange items that are known as they are; others are left to the source that stands for the function."""
        counts = ("repeat", "r")
        found = [iterables.known_items(e, a) for a in args if not isinstance(a, Const)]
        if all(f is not None for f in found):
            given = [a.value if isinstance(a, Const) else iterables.known_items(e, a) for a in args]
            named = {k: e.static(v, f"'{k}'") if k in counts else v for k, v in kwargs.items()}
            if fn is itertools.zip_longest:
                named.setdefault("fillvalue", e.b.const(None))
            made = list(itertools.islice(fn(*given, **named), MAX_ARRANGED + 1))
            if len(made) <= MAX_ARRANGED:
                rows = e.new(Seq(tuple(map(TupleV, made))))
                taken = TupleV(tuple(args)) if fn is itertools.zip_longest else TupleV(())  # others take all at once
                return iterators.once_held(e, rows, taken)
        if fn is itertools.zip_longest:
            given = [inlining.inline_function(e, library.subscriptable, [a], {}) for a in args]
            fill = kwargs.get("fillvalue", e.b.const(None))
            return inlining.inline_function(e, lazy.zip_longest_of, [TupleV(tuple(given)), fill], {})
        return iterators.once(e, inlining.inline_function(e, library.find(fn), args, kwargs))

    return handler


MAX_ARRANGED = 64
for _fn in (
    itertools.permutations, itertools.combinations, itertools.product, itertools.combinations_with_replacement,
    itertools.zip_longest,
):  # fmt: skip
    HANDLERS[_fn] = _arranges(_fn)


@handles(functools.partial)
def _partial(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()))


@handles(collections.deque)
def _deque(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    bound = bind(e, "deque", "iterable= maxlen=", args, kwargs)
    most = bound.get("maxlen", e.b.const(None))
    made: Ref = calls.call_object(e, list, [bound["iterable"]], {}, {}) if "iterable" in bound else e.new(Seq(()))
    if not (isinstance(most, Const) and most.value is None):
        made.obj.traits = Traits(maxlen=e.value(most))
        lists.drop_beyond(e, made, made.obj.traits.maxlen)
    return made


@handles(np.errstate)
def _errstate(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    modes = {k: e.static(a, "an error mode") for k, a in kwargs.items()}
    if not args and all(m in ("ignore", "warn") for m in modes.values()):
        return ManagerV(e.b.const(None), errors=tuple(modes.items()))
    raise UnsupportedError(what="a change of NumPy's error state", instead="put it round the call", origin=e.origin)


@handles(contextlib.nullcontext)
def _nullcontext(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return ManagerV(args[0] if args else kwargs.get("enter_result", e.b.const(None)))


@handles(contextlib.suppress)
def _suppress(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return ManagerV(e.b.const(None), suppressed=tuple(e.static(a, "an exception class") for a in args))


@handles(contextlib.contextmanager)
def _contextmanager(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    raise UnsupportedError(
        what="a context manager made inside the function", instead="define it at the top of the module", origin=e.origin
    )


@handles(np.random.shuffle)
def _writer(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    raise UnsupportedError(
        what="a NumPy function that writes its argument",
        instead="write it as an assignment: `x[...] = …`",
        origin=e.origin,
    )


@handles(np.asarray, np.asanyarray)
def _asarray(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    if "copy" in kwargs and e.static(kwargs["copy"], "the argument 'copy' of np.asarray"):
        return calls.call_object(e, np.array, args, kwargs, hint)
    kwargs.pop("copy", None)
    formula = REGISTRY.formula(np.asarray)
    if formula is not None and ("order" in kwargs or len(args) > 2):
        order = e.static(kwargs["order"] if "order" in kwargs else args[2], "the argument 'order' of np.asarray")
        one = isinstance(args[0], Ref) and not args[0].place and args[0].obj in e.contiguous
        if order == "C" and one and len(args) == 1 and kwargs.keys() == {"order"}:
            return args[0]
        return inlining.inline_function(e, formula.define, args, kwargs)
    t = operations.array_type(e, args[0]) if args and isinstance(args[0], Ref) else None
    if isinstance(t, Array) and len(args) < 3 and kwargs.keys() <= {"dtype"}:
        dtype = args[1] if len(args) > 1 else kwargs.get("dtype")
        if dtype is None or (isinstance(dtype, Const) and (dtype.value is None or np.dtype(dtype.value) == t.dtype)):
            return args[0]
    return primitives.call_primitive(e, e.row("np.asarray"), args, kwargs, hint)


@handles(np.subtract.at)
def _scatter_negated(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return _scatter_into(e, args, "sub")


@handles(np.add.at)
def _scatter(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return _scatter_into(e, args, "add")


def _scatter_into(e: Engine, args: Sequence[Any], mode: Mode) -> Any:
    """`np.add.at(x, key, v)`: an update whose index may repeat."""
    base, key, value = args[0], args[1], primitives.as_array(e, args[2])
    item_stores.require_writable(e, base)
    k = items.Key(e, key)
    place = (*base.place, shift(k.index, len(base.holes)))
    e.write_place(base, e.value(value), place, (*base.holes, *k.holes), mode)
    return e.b.const(None)


@handles(shaped_like)
def _shaped_like(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    """A rule's promise that a value has the shape of another one."""
    d, like = e.value(args[0]), e.value(args[1])
    if (
        isinstance(d, Var)
        and isinstance(d.type, Array)
        and isinstance(like.type, Array)
        and d.type.ndim == like.type.ndim
    ):
        d.type = Array(d.type.dtype, like.type.dims)
        return e.wrap(d, hint.get("name"))
    return args[0]
