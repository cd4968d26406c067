"""The tree's operations: arithmetic, comparison, identity, membership; the others are handed on."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

from adgen.errors import InternalError, UnsupportedError
from adgen.frontend import tree
from adgen.infer.calls import calls, library, primitives
from adgen.infer.control import branches
from adgen.infer.environment import outside, reads, scopes
from adgen.infer.expressions import attributes, comparisons, displays, items
from adgen.infer.expressions.symbols import BINARY, PYTHON, UNARY
from adgen.infer.functions import inlining
from adgen.infer.iterators import generators
from adgen.infer.kinds import is_none
from adgen.infer.memory import in_place, rows
from adgen.infer.structures import objects, tables, tuples
from adgen.infer.values import (
    Closure,
    DeadPath,
    Maybe,
    Method,
    RangeV,
    Ref,
    Seq,
    SliceV,
    TupleV,
)
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import (
    NUMERIC,
    Array,
    Dict,
    List,
    Opaque,
    Scalar,
    Str,
    Type,
    Undef,
    dims_of,
    is_floating,
    is_scalar,
)

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def apply(e: Engine, s: tree.Assign) -> Any:
    """Execute one assignment's operation; return the value."""
    hint = e.hint(s.target)
    if s.op == "call":
        return calls.run_call(e, s, hint)
    if s.op == "free":
        return scopes.lookup(e, s.data)
    if s.op == "import":
        return import_name(e, *s.data)
    if s.op == "function":
        return Closure(s.data, tuple(map(e.get, s.args)), e.frame, e.owners[e.frame])
    args = tuple(map(e.get, s.args))
    if s.op == "copy":
        return rename(e, args[0], s.target)
    if s.op not in ("tuple", "list", "dict") and not (s.op == "compare" and s.data in ("is", "is not", "==", "!=")):
        if not (s.op == "unary" and s.data == "not"):
            args = tuple(map(sure, args))
    if s.op == "binary":
        return binary(e, s.data, args[0], args[1], hint)
    if s.op == "inplace":
        return in_place.in_place(e, s.data, args[0], args[1], hint)
    if s.op == "unary":
        return unary(e, s.data, args[0], hint)
    if s.op == "compare":
        return comparisons.compare(e, s.data, args[0], args[1], hint)
    if s.op == "global":
        return outside.write_global(e, s.data, args[0])
    if s.op == "getattr":
        return attributes.get_attribute(e, args[0], s.data, hint)
    if s.op == "getitem":
        return items.get_item(e, args[0], args[1], hint)
    if s.op == "slice":
        return SliceV(*args)
    if s.op in ("tuple", "list", "set"):
        return displays.display(e, s, args)
    if s.op == "result":
        return generators.result_of(e, args[0])
    if s.op == "dict":
        return displays.dict_display(e, s, args)
    if s.op == "format":
        return displays.format_text(e, s, args, hint)
    raise InternalError(what=f"the operation '{s.op}' reached type inference", origin=e.origin)


def import_name(e: Engine, module: str, top: bool, attribute: str | None, level: int) -> Any:
    """What an `import` inside a function binds; the import itself happens now."""
    package = getattr(e.program_function, "__globals__", {}).get("__package__")
    try:
        found = importlib.import_module("." * level + module, package)
        if top:
            found = sys.modules[module.partition(".")[0]]
        if attribute is None:
            return e.b.const(found)
        if not hasattr(found, attribute):
            return e.b.const(importlib.import_module(f"{found.__name__}.{attribute}"))
    except ImportError as error:
        raise UnsupportedError(what=f"this import fails: {error}", origin=e.origin) from error
    return attributes.get_attribute(e, e.b.const(found), attribute, {})


def sure(v: Any) -> Any:
    """Return a value that is used where None would be an error."""
    return v.value if isinstance(v, Maybe) else v


def rename(e: Engine, v: Any, target: str) -> Any:
    """Bind a value to one more name; a temporary takes the name."""
    return named(e, v, e.hint(target))


def named(e: Engine, v: Any, hint: dict[str, Any]) -> Any:
    if hint:
        operand = v
        if isinstance(v, Ref) and not v.place:
            operand = e.state.heap[v.obj]
            if v.obj.name is None:
                v.obj.name = hint["name"]
        if isinstance(operand, Var):
            if operand in e.counters and operand.name is None:
                operand.name = hint["name"]
            e.b.bind(operand, hint["name"], True)
    return v


def is_number(v: Any) -> bool:
    return isinstance(v, (Var, Const)) and isinstance(v.type, NUMERIC)


def is_array(e: Engine, v: Any) -> bool:
    return isinstance(v, Ref) and isinstance(array_type(e, v), Array)


def array_type(e: Engine, v: Ref) -> Any:
    """Return the type of the array that a reference reads, None for a list or dict of known items."""
    if v.type is not None:
        return v.type
    c = e.content(v.obj)
    return c.type if isinstance(c, (Var, Const)) else None


def plain(e: Engine, v: Any) -> Any:
    """Return the Python value of a fully known value; raise NotStatic otherwise."""
    return e.static(v, "this value")


def known(e: Engine, *vs: Any) -> list[Any] | None:
    """Return the Python values of constants, tuples and strings; None if one is not known."""
    found = []
    for v in vs:
        if isinstance(v, Const) and reads.is_fixed(e, v):
            found.append(v.value)
        elif isinstance(v, TupleV) and v.cls is None:
            inner = known(e, *v.items)
            if inner is None:
                return None
            found.append(tuple(inner))
        else:
            return None
    return found


def lift(e: Engine, value: Any) -> Any:
    """Return the abstract value of a Python constant."""
    if isinstance(value, tuple) and type(value) is tuple:
        return TupleV(tuple(lift(e, v) for v in value))
    return e.b.const(value)


def binary(e: Engine, symbol: str, a: Any, b: Any, hint: dict[str, Any] | None = None) -> Any:
    hint = hint or {}
    if (is_number(a) or is_array(e, a)) and (is_number(b) or is_array(e, b)):
        return arithmetic(e, BINARY[symbol], (a, b), hint)
    own = objects.operate(e, symbol, a, b)
    if own is not None:
        return own
    if e.tentative and (is_none(a) or is_none(b)):  # from a list that earlier iterations may fill
        e.tentative[-1][2].append(_no_operation(e, symbol, a, b))
        e.state.dead = True
        raise DeadPath
    values = known(e, a, b)
    if values is not None:
        try:
            return lift(e, PYTHON[symbol](*values))
        except RecursionError:
            raise
        except Exception as error:
            raise UnsupportedError(what=f"this operation fails: {error}", origin=e.origin) from error
    if _is_numpy_float(a) or _is_numpy_float(b):  # it takes a list for an array
        if symbol == "*":
            _refuse_part_of_sequence(e, a, b)
        a, b = (v if is_number(v) else primitives.as_array(e, v) for v in (a, b))
        return arithmetic(e, BINARY[symbol], (a, b), hint)
    if symbol == "|" and tables.may_be_dict(e, a) and tables.may_be_dict(e, b):
        return inlining.inline_function(e, library.dict_join, [a, b], {})
    joined = _sequences(e, symbol, a, b)
    if joined is not None:
        return joined
    arrays = with_array(e, a, b)
    if arrays is not None:
        return arithmetic(e, BINARY[symbol], arrays, hint)
    if _stringy(a) or _stringy(b):
        return e.opaque(PYTHON[symbol], [e.value(a), e.value(b)], **hint)
    raise _no_operation(e, symbol, a, b)


def _no_operation(e: Engine, symbol: str, a: Any, b: Any) -> UnsupportedError:
    return UnsupportedError(
        what=f"'{symbol}' between {describe(e, a)} and {describe(e, b)}",
        why="the type of the result is not known",
        instead="convert both to numbers or arrays first",
        origin=e.origin,
    )


def with_array(e: Engine, a: Any, b: Any) -> tuple[Any, Any] | None:
    """Return an array and a list, tuple or range as two arrays; None if they are something else."""
    if isinstance(a, Ref) and isinstance(b, (Ref, TupleV, RangeV)) and is_array(e, a):
        return a, primitives.as_array(e, b)
    if isinstance(b, Ref) and isinstance(a, (Ref, TupleV, RangeV)) and is_array(e, b):
        return primitives.as_array(e, a), b
    return None


def _refuse_part_of_sequence(e: Engine, v: Any, n: Any) -> None:
    """Refuse to take a tuple or list 1.5 times, as Python does."""
    v, n = (v, n) if isinstance(n, (Var, Const)) else (n, v)
    if isinstance(v, TupleV) or (isinstance(v, Ref) and not is_array(e, v)):
        raise UnsupportedError(
            what=f"{describe(e, v)} times {describe(e, n)}",
            why="the program would raise TypeError here",
            instead="make an array of it: np.array(…)",
            origin=e.origin,
        )


def _is_numpy_float(v: Any) -> bool:
    return isinstance(v, (Var, Const)) and isinstance(v.type, Scalar) and is_floating(v.type)


def _stringy(v: Any) -> bool:
    from adgen.ir.types import Str

    return isinstance(v, (Var, Const)) and isinstance(v.type, (Str, Opaque))


def describe(e: Engine, v: Any) -> str:
    if isinstance(v, (Var, Const)):
        if isinstance(v, Const) and isinstance(v.value, frozenset):
            return "a set"
        if isinstance(v.type, Undef):
            return "an item of a list that is empty here"
        return "an unknown object" if isinstance(v.type, Opaque) else f"a value of type {v.type}"
    if isinstance(v, Ref):
        t = array_type(e, v)
        return (
            f"an array of type {t}"
            if isinstance(t, Array)
            else "a dict"
            if isinstance(t, Dict)
            else "a list"
            if t is not None or isinstance(e.content(v.obj), Seq)
            else "a dict or object"
        )
    return {TupleV: "a tuple", Closure: "a function", Method: "a method", SliceV: "a slice"}.get(type(v), "this value")


def _sequences(e: Engine, symbol: str, a: Any, b: Any) -> Any:
    """Concatenation and repetition of tuples and lists."""
    if tuples.is_frozen(a) or tuples.is_frozen(b):
        if symbol == "+" and not (tuples.is_tuple(a) and tuples.is_tuple(b)):
            return None
        if symbol in ("+", "*"):
            made = _sequences(e, symbol, tuples.as_list(e, a), tuples.as_list(e, b))
            return made if made is None else tuples.freeze(made)
    if symbol == "+":
        if isinstance(a, TupleV) and isinstance(b, TupleV):
            return TupleV(a.items + b.items)
        if isinstance(a, Ref) and isinstance(b, Ref) and not is_array(e, a) and not is_array(e, b):
            x, y = (e.value(v) if rows.is_row(e, v) else e.content(v.obj) for v in (a, b))
            if isinstance(x, Seq) and isinstance(y, Seq):
                return e.new(Seq(x.items + y.items))
            elem = e.element_type(x, y)
            if elem is not None:
                ref = e.new(e.b.call("add", e.list_operand(x, elem), e.list_operand(y, elem)))
                for other in (a, b):
                    rows.share_items(e, ref, other)
                return ref
    if symbol == "*":
        for x, n in ((a, b), (b, a)):
            if not isinstance(n, (Var, Const)):
                continue
            if is_floating(n.type):
                _refuse_part_of_sequence(e, x, n)
            if isinstance(x, TupleV) and isinstance(n, Const):
                return TupleV(x.items * n.value)
            if isinstance(x, Ref) and not is_array(e, x):
                c = e.value(x) if rows.is_row(e, x) else e.content(x.obj)
                if (
                    isinstance(c, Seq)
                    and isinstance(n, Const)
                    and isinstance(n.value, int)
                    and len(c.items) * n.value <= 64
                ):
                    return e.new(Seq(c.items * n.value))
                elem = e.element_type(c, c)
                if elem is not None:
                    return _repeated(e, x, c, elem, n)
    return None


def _repeated(e: Engine, x: Ref, c: Any, elem: Type, n: Operand) -> Ref:
    """A list n times: the same objects stand in several places."""
    whole = e.list_operand(c, elem)
    if isinstance(whole, Var) and isinstance(elem, Undef):
        whole.type = List(elem)
    made = e.b.call("mul", whole, n)
    if isinstance(made, Var):
        made.type = List(elem)
    ref = e.new(made)
    rows.share_items(e, ref, x)
    if not is_scalar(elem) and not isinstance(elem, (Undef, Str, Opaque)):
        e.state.link_items(ref.obj, c)
        rows.mix(e, ref.obj)
    return ref


def arithmetic(e: Engine, name: str, args: tuple[Any, ...], hint: dict[str, Any]) -> Any:
    operands = tuple(e.value(a) for a in args)
    for o in operands:
        if isinstance(o.type, Undef):
            raise UnsupportedError(
                what=describe(e, o),
                why="the program would raise IndexError here",
                instead="begin with a list that has an item",
                origin=e.origin,
            )
    made = e.wrap(primitives.emit(e, e.row(name), operands, (), hint), hint.get("name"))
    if isinstance(made, Ref) and len(dims_of(array_type(e, made))) == 1:
        e.contiguous.add(made.obj)
    return made


def unary(e: Engine, symbol: str, a: Any, hint: dict[str, Any]) -> Any:
    if symbol == "not":
        cond = branches.truth(e, a)
        if isinstance(cond, Const) and isinstance(cond.value, bool):
            return e.b.const(not cond.value)
        return e.b.emit(e.row("not_"), (cond,), **hint)
    if is_number(a) or is_array(e, a):
        return arithmetic(e, UNARY[symbol], (a,), hint)
    own = objects.call_special(e, a, f"__{UNARY[symbol]}__")
    if own is not None:
        return own
    raise UnsupportedError(what=f"'{symbol}' of {describe(e, a)}", origin=e.origin)


def settle(e: Engine, v: Any) -> Any:
    """Return an object of its own for a place of a list that is put somewhere else."""
    if not rows.is_row(e, v):
        return v
    made = e.new(e.value(v))
    e.state.link_like(made.obj, v.obj)
    return made
