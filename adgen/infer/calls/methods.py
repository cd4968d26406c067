"""Methods: of dicts and strings here, of arrays in `array_methods.py`, of lists in `structures/lists.py`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer.calls import array_methods, calls, handlers, library
from adgen.infer.control import guarded, iterables
from adgen.infer.environment import outside
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.iterators import iterator_calls
from adgen.infer.memory import forks, rows, stores
from adgen.infer.structures import dicts, lists
from adgen.infer.values import DictView, GeneratorV, Map, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import List, Str

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def call_method(
    e: Engine, owner: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    if isinstance(owner, Ref):
        rows.check(e, owner)
    if name == "update" and isinstance(owner, Ref) and owner.obj.param == "attributes":
        return _update_attributes(e, owner, args, kwargs)
    if name in outside.CHANGING:
        outside.touch(e, owner)
        if isinstance(owner, Ref) and owner.obj in e.state.which:
            return forks.change(e, owner, lambda one: call_method(e, one, name, args, kwargs, hint))
    if isinstance(owner, Ref) and dicts.is_dict(e, owner) or _needs_dynamic(e, owner, name, args):
        return dicts.call_method(e, owner, name, args, kwargs)
    if isinstance(owner, Ref) and rows.is_row(e, owner) and isinstance(owner.type, List):
        return rows.change(e, owner, lambda alone: call_method(e, alone, name, args, kwargs, hint))
    if isinstance(owner, Ref):
        c = e.content(owner.obj)
        if isinstance(c, Map) and c.cls is dict:
            return _of_python(e, dict, owner, name, args, lambda: _dict_method(e, owner, c, name, args, kwargs))
        if isinstance(c, Seq) or isinstance(operations.array_type(e, owner), List):
            return _of_python(e, list, owner, name, args, lambda: lists.call_method(e, owner, c, name, args, kwargs))
        return array_methods.call(e, owner, name, args, kwargs, hint)
    if isinstance(owner, TupleV):
        if name == "_replace" and owner.cls is not None:
            fields = owner.cls._fields  # type: ignore[attr-defined]
            return TupleV(tuple(kwargs.get(f, v) for f, v in zip(fields, owner.items)), owner.cls)
        if name == "_asdict" and owner.cls is not None:
            return e.new(Map(owner.cls._fields, owner.items))  # type: ignore[attr-defined]
        if name in ("index", "count"):
            known = operations.known(e, owner, *args)
            if known is not None:
                return e.b.const(guarded.carry_out(e, lambda: getattr(known[0], name)(*known[1:])))
    if operations.is_number(owner):
        return array_methods.call(e, owner, name, args, kwargs, hint)
    if isinstance(owner, (Var, Const)) and isinstance(owner.type, Str):
        return _text_method(e, owner, name, args, kwargs, hint)
    if isinstance(owner, Const) and name in ("keys", "values", "items") and not args:
        found = _of_global_table(e, owner, name)
        if found is not None:
            return found
    if isinstance(owner, GeneratorV) and name in ("send", "__next__"):
        return iterator_calls.send(e, owner, args[0] if args else e.b.const(None))
    bound = e.opaque(getattr, [e.value(owner), e.b.const(name)])
    return calls.call_unknown(e, bound, args, kwargs, hint)


def _of_python(e: Engine, cls: type, owner: Any, name: str, args: Sequence[Any], carry_out: Callable[[], Any]) -> Any:
    try:
        return carry_out()
    except (LookupError, ValueError) as error:
        handlers.refuse_count(e, getattr(cls, name, None), [owner, *args], {}, error)
        raise


def _of_global_table(e: Engine, table: Const, name: str) -> TupleV | None:
    """What a global dict that holds functions or other objects has; each call looks if it is still that."""
    keys = iterables.known_items(e, table)
    if keys is None or (name != "keys" and not all(isinstance(k, Const) and type(k.value) in (str, int) for k in keys)):
        return None
    values = keys if name == "keys" else [items.from_table(e, table, k) for k in keys]
    return TupleV(tuple(values if name != "items" else [TupleV(pair) for pair in zip(keys, values)]))


def _needs_dynamic(e: Engine, owner: Any, name: str, args: Sequence[Any]) -> bool:
    """Say whether a method of a dict is called with a key, or another dict, that only run time knows."""
    if not isinstance(owner, Ref) or not args or not isinstance(c := e.content(owner.obj), Map) or c.cls is not dict:
        return False
    if name == "update":
        return isinstance(args[0], Ref) and dicts.is_dict(e, args[0])
    return name in ("get", "pop", "setdefault") and dicts.is_dynamic(e, owner, args[0], *args[1:2])


def _text_method(
    e: Engine, owner: Operand, name: str, args: Sequence[Any], kwargs: Mapping[str, Any], hint: dict[str, Any]
) -> Any:
    """A method of a string: computed now where all is known. It writes nothing."""
    if owner in e.param_of and name in PARSING:
        owner = e.b.const(e.static(owner, "a string that is taken apart"))
    if isinstance(owner, Const) and name in PARSING:
        asked = [a in e.param_of and isinstance(a.type, Str) for a in args]
        args = [e.b.const(e.static(a, "a text that is looked for")) if ask else a for a, ask in zip(args, asked)]
    known = operations.known(e, *args) if isinstance(owner, Const) and not kwargs else None
    if known is not None and isinstance(owner, Const):
        made = guarded.carry_out(e, lambda: getattr(owner.value, name)(*known))
        return e.constant(made) if isinstance(made, list) else operations.lift(e, made)
    bound = e.opaque(getattr, [owner, e.b.const(name)])
    return e.opaque(bound, [e.value(a) for a in (*args, *kwargs.values())], tuple(kwargs), **hint)


PARSING = frozenset(
    {
        "split", "rsplit", "partition", "rpartition", "splitlines", "startswith", "endswith", "strip", "lstrip",
        "rstrip", "lower", "upper", "replace", "removeprefix", "removesuffix", "isdigit", "find", "index", "count",
    }
)  # fmt: skip


def _dict_method(e: Engine, owner: Ref, c: Map, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if name in ("items", "values", "keys"):
        return DictView(owner, name)
    if name == "get":
        found = c.get(items.constant_key(e, args[0]))
        if found is not None:
            return found
        return args[1] if len(args) > 1 else e.b.const(None)
    if name == "copy":
        return e.new(Map(c.keys, c.items))
    if name == "pop":
        key = items.constant_key(e, args[0])
        found = c.get(key)
        if found is None and len(args) > 1:
            return args[1]
        if found is None:
            error = UnsupportedError(what=f"the key {key!r} is not in this dict", origin=e.origin)
            guarded.fail(e, KeyError, key, error)
        kept = [(k, v) for k, v in zip(c.keys, c.items) if k != key]
        e.write(owner.obj, Map(tuple(k for k, _ in kept), tuple(v for _, v in kept)))
        return found
    if name == "__getitem__":
        return items.get_item(e, owner, args[0], {})
    if name == "update":
        other = e.content(calls.call_object(e, dict, args, {}, {}).obj)
        if isinstance(other, Map):
            for k, v in (*zip(other.keys, other.items), *kwargs.items()):
                c = c.put(k, v)
            e.write(owner.obj, c)
            return e.b.const(None)
    if name == "clear":
        e.write(owner.obj, Map((), ()))
        return e.b.const(None)
    if name == "setdefault":
        key = items.constant_key(e, args[0])
        found = c.get(key)
        if found is not None:
            return found
        value = args[1] if len(args) > 1 else e.b.const(None)
        e.write(owner.obj, c.put(key, value))
        return value
    if (name == "most_common" and dicts.counts(owner)) or name == "move_to_end":
        return inlining.inline_function(e, library.DICT_METHODS[name], [owner, *args], kwargs)
    if name == "popitem":
        if not c.keys:
            error = UnsupportedError(what="popitem() of an empty dict", origin=e.origin)
            guarded.fail(e, KeyError, "popitem(): dictionary is empty", error)
        last = e.static(args[0] if args else kwargs.get("last", e.b.const(True)), "which entry to take")
        at = len(c.keys) - 1 if last else 0
        e.write(owner.obj, Map((*c.keys[:at], *c.keys[at + 1 :]), (*c.items[:at], *c.items[at + 1 :])))
        return TupleV((operations.lift(e, c.keys[at]), c.items[at]))
    raise UnsupportedError(
        what=f"the dict method '.{name}()'", instead="use items, keys, values, get or indexing", origin=e.origin
    )


def _update_attributes(e: Engine, shown: Ref, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Carry out `self.__dict__.update(…)`: the names must be known."""
    given: dict[Any, Any] = {}
    for v in args:
        c = e.content(v.obj) if isinstance(v, Ref) else None
        if not isinstance(c, Map) or c.cls is not dict:
            raise UnsupportedError(what="attributes whose names only run time knows", origin=e.origin)
        given.update(zip(c.keys, c.items))
    for name, v in {**given, **kwargs}.items():
        stores.store_attribute(e, shown.obj.flat_of, str(name), v)
    return e.b.const(None)
