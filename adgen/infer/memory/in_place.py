"""`a op= b`: a write into an array, a list, a dict or an object; a rebinding of a number, a text or a tuple.

Other names of the same object see the write. What an object of unknown type makes of it, it is asked at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.calls import methods, primitives
from adgen.infer.expressions import operations, symbols
from adgen.infer.memory import forks, item_stores, rows
from adgen.infer.structures import lists, objects, tables, tuples
from adgen.infer.values import Ref, TupleV
from adgen.ir.nodes import Const, Var
from adgen.ir.types import List, Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def in_place(e: Engine, symbol: str, a: Any, b: Any, hint: dict[str, Any]) -> Any:
    """Carry the operation out; return what the name is bound to."""
    a, b = operations.sure(a), operations.sure(b)
    if isinstance(a, Ref) and a.obj in e.state.which and objects.class_of_object(e, a) is None:
        forks.change(e, a, lambda one: in_place(e, symbol, one, b, hint))
        return a
    if isinstance(a, Ref) and operations.is_array(e, a):
        _write_array(e, symbol, a, b)
        return a
    if rows.is_row(e, a) and isinstance(a.type, List):
        rows.change(e, a, lambda alone: in_place(e, symbol, alone, b, hint))
        return a
    if isinstance(a, Ref):
        return _change(e, symbol, a, b, hint)
    if isinstance(a, (Var, Const)) and isinstance(a.type, Opaque):
        return _change_unknown(e, symbol, a, b, hint)
    return operations.binary(e, symbol, a, b, hint)


def _write_array(e: Engine, symbol: str, a: Ref, b: Any) -> None:
    item_stores.require_writable(e, a)
    if symbol in ("+", "-"):
        alike = not isinstance(b, (TupleV, Ref)) or operations.is_array(e, b)
        value = e.value(b if alike else primitives.as_array(e, b))
        e.write_place(a, value, a.place, a.holes, "add" if symbol == "+" else "sub")
    else:
        value = e.value(operations.binary(e, symbol, a, b))
        e.write_place(a, value, a.place, a.holes, "set")


def _change(e: Engine, symbol: str, a: Ref, b: Any, hint: dict[str, Any]) -> Any:
    own = objects.call_special(e, a, f"__i{objects.REFLECTED[symbol]}__", b)
    if own is not None:
        return own
    if symbol == "|" and tables.may_be_dict(e, a):
        methods.call_method(e, a, "update", [b], {}, {})
        return a
    if objects.class_of_object(e, a) is not None or tuples.is_frozen(a) or symbol not in ("+", "*"):
        return operations.binary(e, symbol, a, b, hint)
    if symbol == "+":
        lists.extend(e, a, b)
        return a
    made = operations.binary(e, symbol, a, b, hint)
    rows.move(e, a.obj)  # no item may be left
    if made.obj.mixed:
        rows.mix(e, a.obj)
    e.write(a.obj, e.content(made.obj))
    return a


def _change_unknown(e: Engine, symbol: str, a: Var | Const, b: Any, hint: dict[str, Any]) -> Any:
    if operations.known(e, a) is None:
        return e.opaque(symbols.IN_PLACE[symbol], [a, e.value(b)], **hint)
    if isinstance(a, Const) and isinstance(a.value, frozenset):  # what stands for a set, too
        raise UnsupportedError(
            what=f"`{symbol}=` of a set",
            why="other names of it would change",
            instead=f"bind a new one: s = s {symbol} t",
            origin=e.origin,
        )
    return operations.binary(e, symbol, a, b, hint)
