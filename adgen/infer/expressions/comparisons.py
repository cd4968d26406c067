"""Comparisons, identity and membership: decided at compile time where types or what is known decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adgen.infer.expressions import identity, operations, symbols
from adgen.infer.functions import inlining
from adgen.infer.iterators import lazy
from adgen.infer.kinds import is_none
from adgen.infer.structures import dicts, objects, tuples
from adgen.infer.values import DictView, GeneratorV, Map, Maybe, Once, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import Bool, List, NoneT, Opaque, Str, is_scalar

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def compare(e: Engine, symbol: str, a: Any, b: Any, hint: dict[str, Any]) -> Any:
    if isinstance(a, Maybe) or isinstance(b, Maybe):
        maybe, other = (a, b) if isinstance(a, Maybe) else (b, a)
        if is_none(other):
            return maybe.none if symbol in ("is", "==") else operations.unary(e, "not", maybe.none, {})
        a, b = operations.sure(a), operations.sure(b)
    if symbol in ("is", "is not"):
        return identity.identity(e, symbol, a, b)
    if symbol in symbols.COMPARE and all(operations.is_number(v) or operations.is_array(e, v) for v in (a, b)):
        return operations.arithmetic(e, symbols.COMPARE[symbol], (a, b), hint)
    own = objects.compare(e, symbol, a, b)
    if own is not None:
        return own
    values = operations.known(e, a, b)
    if values is not None:
        return operations.lift(e, symbols.PYTHON[symbol](*values))
    if tuples.is_frozen(a) or tuples.is_frozen(b):
        if symbol in symbols.COMPARE and tuples.is_tuple(a) and tuples.is_tuple(b):
            a, b = tuples.shown(e, a), tuples.shown(e, b)
        elif symbol in ("==", "!="):  # a tuple is never a list
            return e.b.const(symbol == "!=")
    arrays = operations.with_array(e, a, b) if symbol in symbols.COMPARE else None
    if arrays is not None and all(operations.is_array(e, v) for v in arrays):
        return operations.arithmetic(e, symbols.COMPARE[symbol], arrays, hint)
    if symbol in ("in", "not in"):
        return _membership(e, symbol, a, b)
    if symbol in ("==", "!="):
        known_types = [v.type for v in (a, b) if isinstance(v, (Var, Const))]
        if any(isinstance(t, NoneT) for t in known_types) and not any(isinstance(t, Opaque) for t in known_types):
            return e.b.const(
                (symbol == "!=") != all(isinstance(t, NoneT) for t in known_types)
                if len(known_types) == 2
                else symbol == "!="
            )
        if isinstance(a, TupleV) and isinstance(b, TupleV) and symbol == "==" and len(a.items) == len(b.items):
            result: Any = e.b.const(True)
            for x, y in zip(a.items, b.items):
                both = e.value(compare(e, "==", x, y, {}))
                if isinstance(both, Const) and both.value is True:
                    continue
                result = (
                    both if isinstance(result, Const) and result.value is True else e.b.call("bitand", result, both)
                )
            return result
        for v in (a, b):
            if isinstance(v, Var) and v in e.param_of and not operations.is_number(v):
                e.static(v, "a comparison")
    return e.opaque(symbols.PYTHON[symbol], [e.value(a), e.value(b)], **hint)


def _membership(e: Engine, symbol: str, a: Any, b: Any) -> Operand:
    keys = None
    if isinstance(b, (Once, GeneratorV)):
        found = e.value(inlining.inline_function(e, lazy.contains, [b, a], {}))
        return found if symbol == "in" else e.b.call("not_", found)
    if isinstance(b, DictView) and b.kind == "keys":
        b = b.owner
    if isinstance(b, Ref) and dicts.is_dynamic(e, b, a):
        found = dicts.has_key(e, b, a)
        return found if symbol == "in" else e.b.call("not_", found)
    if isinstance(b, Ref):
        c = e.content(b.obj)
        keys = list(c.keys) if isinstance(c, Map) else operations.known(e, *c.items) if isinstance(c, Seq) else None
    elif isinstance(b, TupleV):
        keys = operations.known(e, *b.items)
    t = operations.array_type(e, b) if isinstance(b, Ref) else None
    if isinstance(t, List) and (is_scalar(t.elem) or isinstance(t.elem, Str)) and isinstance(a, (Var, Const)):
        within = e.b.call("has_key", a, e.value(b))
        return within if symbol == "in" else e.b.call("not_", within)
    if keys is not None:
        key = operations.known(e, a)
        if key is not None:
            return e.b.const((key[0] in keys) == (symbol == "in"))
        if isinstance(a, Var) and a in e.param_of and isinstance(e.static(a, "a membership test"), object):
            return e.b.const(False)
    within = e.opaque(symbols.PYTHON[symbol], [e.value(a), e.value(b)])
    if isinstance(within, Var):
        within.type = Bool()  # Python asks for the truth of what the container says
    return within
