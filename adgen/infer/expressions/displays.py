"""Displays of tuples, lists, sets and dicts, and f-strings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.api import tapes
from adgen.infer.calls import methods
from adgen.infer.expressions import items, operations
from adgen.infer.iterators import iterators
from adgen.infer.memory import item_stores
from adgen.infer.structures import dicts, tuples
from adgen.infer.values import Map, Ref, Seq, StarV, TupleV
from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Opaque

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def display(e: Engine, s: tree.Assign, args: tuple[Any, ...]) -> Any:
    args = tuple(operations.settle(e, a) for a in args)
    values: list[Any] = []
    starred = s.data or ()
    if s.op == "list" and starred:
        args, known = _starred(e, args, starred)
        if not known:
            made = e.new(Seq(()), e.hint(s.target).get("name"))
            for k, a in enumerate(args):
                methods.call_method(e, made, "extend" if k in starred else "append", [a], {}, {})
            return made
    if s.op == "tuple" and starred:
        args, known = _starred(e, args, starred)
        if not known:
            parts = [StarV(tuples.of_items(e, a)) if k in starred else a for k, a in enumerate(args)]
            return tuples.rest_of(e, parts)
    for k, a in enumerate(args):
        if k in starred:
            values.extend(items.expand(e, a))
        else:
            values.append(a)
    if e.taping and s.op != "set":
        values = [tapes.store(e, v) for v in values]
    if s.op == "tuple":
        return TupleV(tuple(values))
    if s.op == "list":
        made = e.new(Seq(tuple(values)), e.hint(s.target).get("name"))
        made.obj.displayed = True
        return made
    constants = operations.known(e, *values)
    if not values:  # of a comprehension, which adds to it
        return e.opaque(set, [], **e.hint(s.target))
    if constants is not None:
        return Const(frozenset(constants), Opaque())
    raise UnsupportedError(
        what="a set of values known only at run time", instead="use a list or a dict", origin=e.origin
    )


def _starred(e: Engine, args: tuple[Any, ...], starred: Any) -> tuple[tuple[Any, ...], bool]:
    """Return the parts of a display, iterators as what they hold, and say whether their number is known."""
    found: list[Any] = []
    known = True
    for k, a in enumerate(args):
        if k in starred:
            a = iterators.force(e, a)
            each = items.known_items(e, a)
            known = known and each is not None
            found.append(a if each is None else TupleV(tuple(each)))
        else:
            found.append(a)
    return tuple(found), known


def dict_display(e: Engine, s: tree.Assign, args: tuple[Any, ...]) -> Any:
    args = tuple(operations.settle(e, a) for a in args)
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
        e.name_part(key, args[k + 1])
        table = table.put(key, tapes.store(e, args[k + 1], str(key)) if e.taping else args[k + 1])
    made = e.new(table, e.hint(s.target).get("name"))
    for at in range(done, len(args), 2):
        if at // 2 in starred or at in starred:
            methods.call_method(e, made, "update", [args[at + 1]], {}, {})
        else:
            item_stores.set_item(e, made, args[at], args[at + 1])
    return made


def format_text(e: Engine, s: tree.Assign, args: tuple[Any, ...], hint: dict[str, Any]) -> Operand:
    """An f-string: `str.format` with the same fields."""
    values = operations.known(e, *[a for part, a in zip(s.data, args) if part is not None])
    simple = all(part is None or not isinstance(part[1], int) for part in s.data)
    if values is not None and simple and all(isinstance(v, (str, int, float, bool)) for v in values):
        given = iter(values)
        parts = [operations.plain(e, a) if p is None else _format(next(given), p) for p, a in zip(s.data, args)]
        return e.b.const("".join(parts))
    template = ""
    fields: list[Operand] = []
    for part, a in zip(s.data, args):
        if part is None:
            template += str(operations.plain(e, a)).replace("{", "{{").replace("}", "}}")
        else:
            conversion, spec = part
            text = (
                ""
                if conversion in (None, -1, "")
                else f"!{conversion if isinstance(conversion, str) else chr(conversion)}"
            )
            fields.append(tuples.shown(e, a))
            if isinstance(spec, int):  # the place of what says how, which is computed too
                fields.append(e.value(args[spec]))
                spec = "{}"
            template += "{" + text + (f":{spec}" if spec else "") + "}"
    return e.opaque(str.format, [e.b.const(template), *fields], **hint)


def _format(value: Any, part: tuple[str, str]) -> str:
    conversion, spec = part
    return format({"": value, "s": str(value), "r": repr(value), "a": ascii(value)}[conversion or ""], spec)
