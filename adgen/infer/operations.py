"""The tree's operations: arithmetic, comparison, attributes, items, displays, unpacking, stores."""

from __future__ import annotations

import importlib
import operator
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer import (
    attributes,
    calls,
    dicts,
    guarded,
    inlining,
    items,
    iterables,
    library,
    lists,
    methods,
    objects,
    primitives,
    rows,
    tables,
    tapes,
)
from adgen.infer.branches import is_none, truth
from adgen.infer.values import UNBOUND, Closure, DictView, Map, Maybe, Method, Ref, Seq, SliceV, TupleV
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import (
    NUMERIC,
    Array,
    Bool,
    Dict,
    List,
    NoneT,
    Opaque,
    Scalar,
    Str,
    Undef,
    dims_of,
    is_floating,
    is_scalar,
)

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

BINARY: dict[str, str] = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "<<": "lshift", ">>": "rshift", "&": "bitand", "|": "bitor", "^": "bitxor",
}  # fmt: skip
UNARY: dict[str, str] = {"-": "neg", "+": "pos", "~": "invert", "not": "not_"}
COMPARE: dict[str, str] = {"<": "lt", "<=": "le", ">": "gt", ">=": "ge", "==": "eq", "!=": "ne"}
PYTHON: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "<": operator.lt, "<=": operator.le, ">": operator.gt,
    ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
    "<<": operator.lshift, ">>": operator.rshift, "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip


def apply(e: Engine, s: tree.Assign) -> Any:
    """Execute one assignment's operation; return the value."""
    hint = e.hint(s.target)
    if s.op == "call":
        return calls.run_call(e, s, hint)
    if s.op == "free":
        return e.lookup(s.data)
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
        return inplace(e, s.data, args[0], args[1], hint)
    if s.op == "unary":
        return unary(e, s.data, args[0], hint)
    if s.op == "compare":
        return compare(e, s.data, args[0], args[1], hint)
    if s.op == "getattr":
        return attributes.get_attribute(e, args[0], s.data, hint)
    if s.op == "getitem":
        return items.get_item(e, args[0], args[1], hint)
    if s.op == "slice":
        return SliceV(*args)
    if s.op in ("tuple", "list", "set"):
        return display(e, s, args)
    if s.op == "dict":
        return dict_display(e, s, args)
    if s.op == "format":
        return format_text(e, s, args, hint)
    raise UnsupportedError(what=f"the operation '{s.op}'", origin=e.origin)


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
        if isinstance(v, Const):
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
    values = known(e, a, b)
    if values is not None:
        try:
            return lift(e, PYTHON[symbol](*values))
        except Exception as error:
            raise UnsupportedError(what=f"this operation fails: {error}", origin=e.origin) from error
    if _is_numpy_float(a) or _is_numpy_float(b):  # it takes a list for an array
        a, b = (v if is_number(v) else primitives.as_array(e, v) for v in (a, b))
        return arithmetic(e, BINARY[symbol], (a, b), hint)
    if symbol == "|" and tables.may_be_dict(e, a) and tables.may_be_dict(e, b):
        return inlining.inline_function(e, library.dict_join, [a, b], {})
    joined = _sequences(e, symbol, a, b)
    if joined is not None:
        return joined
    if isinstance(a, Ref) and isinstance(b, Ref | TupleV) and is_array(e, a):
        return arithmetic(e, BINARY[symbol], (a, primitives.as_array(e, b)), hint)
    if isinstance(b, Ref) and isinstance(a, Ref | TupleV) and is_array(e, b):
        return arithmetic(e, BINARY[symbol], (primitives.as_array(e, a), b), hint)
    if _stringy(a) or _stringy(b):
        return e.opaque(PYTHON[symbol], [e.value(a), e.value(b)], **hint)
    raise UnsupportedError(
        what=f"'{symbol}' between {describe(e, a)} and {describe(e, b)}",
        why="the type of the result is not known",
        instead="convert both to numbers or arrays first",
        origin=e.origin,
    )


def _is_numpy_float(v: Any) -> bool:
    return isinstance(v, (Var, Const)) and isinstance(v.type, Scalar) and is_floating(v.type)


def _stringy(v: Any) -> bool:
    from adgen.ir.types import Str

    return isinstance(v, (Var, Const)) and isinstance(v.type, (Str, Opaque))


def describe(e: Engine, v: Any) -> str:
    if isinstance(v, (Var, Const)):
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
                ref.obj.mixed = a.obj is b.obj or a.obj in e.state.links.get(b.obj, ())
                for other in (a, b):
                    items.share_items(e, ref, other)
                return ref
    if symbol == "*":
        for x, n in ((a, b), (b, a)):
            if not isinstance(n, (Var, Const)):
                continue
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
                if elem is not None and is_scalar(elem):
                    return e.new(e.b.call("mul", e.list_operand(c, elem), n))
    return None


def arithmetic(e: Engine, name: str, args: tuple[Any, ...], hint: dict[str, Any]) -> Any:
    operands = tuple(e.value(a) for a in args)
    for o in operands:
        if isinstance(o.type, Undef):
            raise UnsupportedError(what="a value that may be unbound", origin=e.origin)
    made = e.wrap(primitives.emit(e, e.row(name), operands, (), hint), hint.get("name"))
    if isinstance(made, Ref) and len(dims_of(array_type(e, made))) == 1:
        e.contiguous.add(made.obj)
    return made


def inplace(e: Engine, symbol: str, a: Any, b: Any, hint: dict[str, Any]) -> Any:
    """`a op= b`: a write into an array or list, a rebinding of anything else."""
    if not isinstance(a, Ref):
        return binary(e, symbol, a, b, hint)
    if rows.is_row(e, a) and isinstance(a.type, List):
        rows.change(e, a, lambda alone: inplace(e, symbol, alone, b, hint))
        return a
    if not is_array(e, a):
        own = objects.call_special(e, a, f"__i{objects.REFLECTED[symbol]}__", b)
        if own is not None:
            return own
        if symbol == "|" and tables.may_be_dict(e, a):
            methods.call_method(e, a, "update", [b], {}, {})
            return a
        if symbol == "+" and objects.class_of_object(e, a) is None:
            attributes.extend_list(e, a, b)
            return a
        return binary(e, symbol, a, b, hint)
    items.require_writable(e, a)
    if symbol in ("+", "-"):
        value = e.value(b if not isinstance(b, (TupleV, Ref)) or is_array(e, b) else primitives.as_array(e, b))
        e.write_place(a, value, a.place, a.holes, "add" if symbol == "+" else "sub")
    else:
        value = e.value(binary(e, symbol, a, b))
        e.write_place(a, value, a.place, a.holes, "set")
    return a


def unary(e: Engine, symbol: str, a: Any, hint: dict[str, Any]) -> Any:
    if symbol == "not":
        cond = truth(e, a)
        if isinstance(cond, Const) and isinstance(cond.value, bool):
            return e.b.const(not cond.value)
        return e.b.emit(e.row("not_"), (cond,), **hint)
    if is_number(a) or is_array(e, a):
        return arithmetic(e, UNARY[symbol], (a,), hint)
    own = objects.call_special(e, a, f"__{UNARY[symbol]}__")
    if own is not None:
        return own
    raise UnsupportedError(what=f"'{symbol}' of {describe(e, a)}", origin=e.origin)


def compare(e: Engine, symbol: str, a: Any, b: Any, hint: dict[str, Any]) -> Any:
    if isinstance(a, Maybe) or isinstance(b, Maybe):
        maybe, other = (a, b) if isinstance(a, Maybe) else (b, a)
        if is_none(other):
            return maybe.none if symbol in ("is", "==") else unary(e, "not", maybe.none, {})
        a, b = sure(a), sure(b)
    if symbol in ("is", "is not"):
        return _identity(e, symbol, a, b)
    if symbol in COMPARE and (is_number(a) or is_array(e, a)) and (is_number(b) or is_array(e, b)):
        return arithmetic(e, COMPARE[symbol], (a, b), hint)
    own = objects.compare(e, symbol, a, b)
    if own is not None:
        return own
    values = known(e, a, b)
    if values is not None:
        return lift(e, PYTHON[symbol](*values))
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
            if isinstance(v, Var) and v in e.param_of and not is_number(v):
                e.static(v, "a comparison")
    return e.opaque(PYTHON[symbol], [e.value(a), e.value(b)], **hint)


def _identity(e: Engine, symbol: str, a: Any, b: Any) -> Operand:
    same: bool | None = None
    if isinstance(a, Const) and isinstance(b, Const):
        same = a.value is b.value or (isinstance(a.type, NoneT) and isinstance(b.type, NoneT))
    elif isinstance(a, Ref) and isinstance(b, Ref) and not a.place and not b.place:
        if a.obj is b.obj:
            same = True
        elif b.obj not in e.state.links.get(a.obj, ()):
            same = False
    else:
        types = [v.type if isinstance(v, (Var, Const)) else None for v in (a, b)]
        for v, t, other in zip((a, b), types, types[::-1]):
            apart = isinstance(t, Bool) and not isinstance(other, (Bool, Opaque, Undef))
            if apart or (isinstance(v, Const) and isinstance(t, Opaque) and not isinstance(other, (Opaque, Undef))):
                same = False  # a number or an array is never this object
        nones = [isinstance(t, NoneT) for t in types]
        if any(nones) and not any(isinstance(t, (Opaque, Undef)) for t in types):
            same = all(nones)
    if same is None:
        return e.opaque(operator.is_ if symbol == "is" else operator.is_not, [e.value(a), e.value(b)])
    return e.b.const(same == (symbol == "is"))


def _membership(e: Engine, symbol: str, a: Any, b: Any) -> Operand:
    keys = None
    if isinstance(b, DictView) and b.kind == "keys":
        b = b.owner
    if isinstance(b, Ref) and dicts.is_dynamic(e, b, a):
        found = dicts.has_key(e, b, a)
        return found if symbol == "in" else e.b.call("not_", found)
    if isinstance(b, Ref):
        c = e.content(b.obj)
        keys = list(c.keys) if isinstance(c, Map) else known(e, *c.items) if isinstance(c, Seq) else None
    elif isinstance(b, TupleV):
        keys = known(e, *b.items)
    t = array_type(e, b) if isinstance(b, Ref) else None
    if isinstance(t, List) and (is_scalar(t.elem) or isinstance(t.elem, Str)) and isinstance(a, (Var, Const)):
        within = e.b.call("has_key", a, e.value(b))
        return within if symbol == "in" else e.b.call("not_", within)
    if keys is not None:
        key = known(e, a)
        if key is not None:
            return e.b.const((key[0] in keys) == (symbol == "in"))
        if isinstance(a, Var) and a in e.param_of and isinstance(e.static(a, "a membership test"), object):
            return e.b.const(False)
    return e.opaque(PYTHON[symbol], [e.value(a), e.value(b)])


def settle(e: Engine, v: Any) -> Any:
    """Return an object of its own for a place of a list that is put somewhere else."""
    if not rows.is_row(e, v):
        return v
    made = e.new(e.value(v))
    e.state.link_like(made.obj, v.obj)
    return made


def display(e: Engine, s: tree.Assign, args: tuple[Any, ...]) -> Any:
    args = tuple(settle(e, a) for a in args)
    values: list[Any] = []
    starred = s.data or ()
    if s.op == "list" and starred:
        args = tuple(guarded.force(e, a) if k in starred else a for k, a in enumerate(args))
        if any(k in starred and iterables.known_items(e, a) is None for k, a in enumerate(args)):
            made = e.new(Seq(()), e.hint(s.target).get("name"))
            for k, a in enumerate(args):
                methods.call_method(e, made, "extend" if k in starred else "append", [a], {}, {})
            return made
    for k, a in enumerate(args):
        if k in starred:
            values.extend(items.expand(e, a))
        else:
            values.append(a)
    if e.taping > 1 and s.op != "set":
        values = [tapes.store(e, v) for v in values]
    if s.op == "tuple":
        return TupleV(tuple(values))
    if s.op == "list":
        made = e.new(Seq(tuple(values)), e.hint(s.target).get("name"))
        made.obj.displayed = True
        return made
    constants = known(e, *values)
    if constants is not None:
        return Const(frozenset(constants), Opaque())
    raise UnsupportedError(
        what="a set of values known only at run time", instead="use a list or a dict", origin=e.origin
    )


def dict_display(e: Engine, s: tree.Assign, args: tuple[Any, ...]) -> Any:
    args = tuple(settle(e, a) for a in args)
    table, done = Map((), ()), 0
    starred = s.data or ()
    for k in range(0, len(args), 2):
        if k // 2 in starred or k in starred:
            c = e.content(args[k + 1].obj) if isinstance(args[k + 1], Ref) else None
            if dicts.is_dict(e, args[k + 1]):
                break
            if not isinstance(c, Map):
                raise UnsupportedError(what="`**` of something that is not a dict with known keys", origin=e.origin)
            for key, v in zip(c.keys, c.items):
                table = table.put(key, v)
            done = k + 2
            continue
        if not isinstance(args[k], Const) and dicts.is_dynamic(e, e.new(table), args[k], args[k + 1]):
            break
        key, done = items.constant_key(e, args[k]), k + 2
        table = table.put(key, tapes.store(e, args[k + 1], str(key)) if e.taping > 1 else args[k + 1])
    made = e.new(table, e.hint(s.target).get("name"))
    for at in range(done, len(args), 2):
        if at // 2 in starred or at in starred:
            methods.call_method(e, made, "update", [args[at + 1]], {}, {})
        else:
            items.set_item(e, made, args[at], args[at + 1])
    return made


def format_text(e: Engine, s: tree.Assign, args: tuple[Any, ...], hint: dict[str, Any]) -> Operand:
    """An f-string: `str.format` with the same fields."""
    values = known(e, *[a for part, a in zip(s.data, args) if part is not None])
    simple = all(part is None or not isinstance(part[1], int) for part in s.data)
    if values is not None and simple and all(isinstance(v, (str, int, float, bool)) for v in values):
        given = iter(values)
        return e.b.const("".join(plain(e, a) if p is None else _format(next(given), p) for p, a in zip(s.data, args)))
    template = ""
    fields: list[Operand] = []
    for part, a in zip(s.data, args):
        if part is None:
            template += str(plain(e, a)).replace("{", "{{").replace("}", "}}")
        else:
            conversion, spec = part
            text = (
                ""
                if conversion in (None, -1, "")
                else f"!{conversion if isinstance(conversion, str) else chr(conversion)}"
            )
            template += "{" + text + (f":{spec}" if spec else "") + "}"
            fields.append(e.value(a))
    return e.opaque(str.format, [e.b.const(template), *fields], **hint)


def _format(value: Any, part: tuple[str, str]) -> str:
    conversion, spec = part
    return format({"": value, "s": str(value), "r": repr(value), "a": ascii(value)}[conversion or ""], spec)


def unpack(e: Engine, s: tree.Unpack) -> None:
    value = sure(e.get(s.value))
    n = len(s.targets)
    if s.star is None:
        parts = items.split(e, value, n)
        if parts is None:
            raise UnsupportedError(
                what=f"{n} names for {describe(e, value)} of another length",
                why="the program would raise ValueError here",
                origin=e.origin,
            )
    elif (
        isinstance(value, Ref) and iterables.known_items(e, value) is None and objects.class_of_object(e, value) is None
    ):
        tail = n - s.star - 1
        ends = [e.b.const(k) for k in (*range(s.star), *range(-tail, 0))]
        items.check_length(e, value, n - 1, None)
        found = [items.get_item(e, value, k, {}) for k in ends]
        middle = SliceV(e.b.const(s.star), e.b.const(-tail if tail else None), e.b.const(None))
        rest = calls.call_object(e, list, [items.get_item(e, value, middle, {})], {}, {})
        parts = [*found[: s.star], rest, *found[s.star :]]
    else:
        everything = items.expand(e, value)
        if len(everything) < n - 1:
            raise UnsupportedError(what=f"not enough values to unpack into {n} names", origin=e.origin)
        tail = n - s.star - 1
        between = everything[s.star : len(everything) - tail]
        parts = [*everything[: s.star], e.new(Seq(tuple(between))), *everything[len(everything) - tail :]]
    for target, part in zip(s.targets, parts):
        e.assign(target, rename(e, part, target))


def set_item(e: Engine, base: Any, key: Any, value: Any) -> None:
    items.set_item(e, base, key, value)


def aug_item(e: Engine, s: tree.AugItem) -> None:
    items.aug_item(e, sure(e.get(s.base)), e.get(s.key), s.op, e.get(s.value))


def set_attr(e: Engine, s: tree.SetAttr) -> None:
    base, value = sure(e.get(s.base)), e.get(s.value)
    if s.op is not None:
        value = inplace(e, s.op, attributes.get_attribute(e, base, s.attr, {}), value, {})
    store_attribute(e, base, s.attr, value)


def store_attribute(e: Engine, base: Any, name: str, value: Any) -> None:
    c = e.content(base.obj) if isinstance(base, Ref) else None
    if not isinstance(c, Map) or c.cls is dict:
        raise UnsupportedError(
            what=f"an assignment to the attribute '{name}' of {describe(e, base)}",
            why="only objects made here and dataclass instances passed in can be followed",
            instead="keep the value in a local variable",
            origin=e.origin,
        )
    objects.set_attribute(e, base, name, tapes.store(e, value, name) if e.taping > 1 else value)


def delete(e: Engine, s: tree.Delete) -> None:
    if s.name is not None:
        e.set(s.name, UNBOUND)
        return
    base, key = e.get(s.base or ""), e.get(s.key or "")
    c = e.content(base.obj) if isinstance(base, Ref) else None
    if isinstance(base, Ref) and dicts.is_dynamic(e, base, key):
        dicts.delete(e, base, key)
    elif isinstance(c, Map):
        k = items.constant_key(e, key)
        kept = [(a, b) for a, b in zip(c.keys, c.items) if a != k]
        e.write(base.obj, Map(tuple(a for a, _ in kept), tuple(b for _, b in kept), c.cls))
    elif isinstance(c, Seq):
        values = list(c.items)
        del values[plain(e, key)]
        e.write(base.obj, Seq(tuple(values)))
    elif isinstance(base, Ref) and isinstance(array_type(e, base), List):
        lists.delete(e, base, key)
    else:
        raise UnsupportedError(what=f"`del` of an item of {describe(e, base)}", origin=e.origin)


def raise_error(e: Engine, s: tree.Raise) -> None:
    if s.exc is None and not e.caught:
        raise UnsupportedError(what="`raise` without an exception", origin=e.origin)
    what = e.caught[-1] if s.exc is None else e.value(e.get(s.exc))
    e.b.emit(e.row("raise_"), (what,), type=NoneT())
    e.state.dead = True


__all__ = ["List", "Scalar", "apply", "binary", "compare", "inplace", "np"]
