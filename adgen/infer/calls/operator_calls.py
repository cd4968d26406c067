"""The functions of the `operator` module: each is an operation of the language."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.calls import calls, library
from adgen.infer.calls.handlers import HANDLERS, handles
from adgen.infer.expressions import comparisons, items, operations, symbols
from adgen.infer.memory import in_place, item_stores
from adgen.infer.values import Map, Partial, TupleV
from adgen.ir.nodes import Const
from adgen.ir.types import Int, Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def _in_place(symbol: str) -> Any:
    def handler(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
        return in_place.in_place(e, symbol, args[0], args[1], hint)

    return handler


for _symbol, _fn in (*symbols.IN_PLACE.items(), ("+", operator.iconcat)):
    HANDLERS[_fn] = _in_place(_symbol)


def _infix(symbol: str) -> Any:
    def handler(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
        make = operations.binary if symbol in symbols.BINARY else comparisons.compare
        return make(e, symbol, args[0], args[1], hint)

    return handler


for _symbol in (*symbols.BINARY, *symbols.COMPARE):
    HANDLERS[symbols.PYTHON[_symbol]] = _infix(_symbol)


@handles(operator.abs)
def _abs(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return calls.call_object(e, abs, args, kwargs, hint)


@handles(operator.concat)
def _concat(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return operations.binary(e, "+", args[0], args[1], hint)


@handles(operator.contains)
def _contains(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return comparisons.compare(e, "in", args[1], args[0], hint)


@handles(operator.getitem)
def _getitem(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return items.get_item(e, args[0], args[1], hint)


@handles(operator.setitem)
def _setitem(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    item_stores.set_item(e, *args)
    return e.b.const(None)


@handles(operator.truth)
def _truth(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return calls.call_object(e, bool, args, kwargs, hint)


@handles(operator.index)
def _index(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    if isinstance(getattr(args[0], "type", None), Int):
        return args[0]
    raise UnsupportedError(what=f"operator.index() of {operations.describe(e, args[0])}", origin=e.origin)


@handles(operator.length_hint)
def _length(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return calls.call_object(e, len, args[:1], kwargs, hint)


@handles(operator.call if hasattr(operator, "call") else None)
def _call(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return calls.call(e, args[0], args[1:], kwargs, hint)


@handles(operator.itemgetter)
def _itemgetter(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return _getter(library.item_of, TupleV(tuple(args)))


@handles(operator.attrgetter)
def _attrgetter(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    return _getter(library.attribute_of, TupleV(tuple(args)))


@handles(operator.methodcaller)
def _methodcaller(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    named = e.new(Map(tuple(kwargs), tuple(kwargs.values())))
    return _getter(library.call_of, args[0], TupleV(tuple(args[1:])), named)


def _getter(fn: Any, *given: Any) -> Partial:
    return Partial(Const(fn, Opaque()), given, ())


def known_getter(e: Engine, fn: Any) -> Partial | None:
    """Return what a getter that was made outside the function does."""
    if isinstance(fn, operator.methodcaller):
        name, args, kwargs = _parts_of_caller(fn)
        named = e.new(Map(tuple(kwargs), tuple(map(e.constant, kwargs.values()))))
        return _getter(library.call_of, e.b.const(name), e.constant(args), named)
    if isinstance(fn, (operator.itemgetter, operator.attrgetter)):
        source = library.item_of if isinstance(fn, operator.itemgetter) else library.attribute_of
        return _getter(source, e.constant(tuple(fn.__reduce__()[1])))
    return None


def _parts_of_caller(fn: Any) -> tuple[str, tuple[Any, ...], dict[str, Any]]:
    make, args = fn.__reduce__()[:2]
    if make is operator.methodcaller:
        return args[0], tuple(args[1:]), {}
    return make.args[0], tuple(args), dict(make.keywords)
