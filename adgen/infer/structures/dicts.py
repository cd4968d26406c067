"""Dicts whose keys only run time knows: one key type, one type of values.

A dict whose keys are all known is a `Map`; it becomes a value of type `Dict` where a key is not, or where paths or
iterations leave it with different keys. Values that are lists, arrays or dicts are places of it, as rows are of a list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer import operands
from adgen.infer.calls import calls, library
from adgen.infer.control import branches, guarded, iterables
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.memory import rows
from adgen.infer.structures.tables import ENTRY, dict_type, fitted, is_dict, lack, leaves, maybe, operand, present
from adgen.infer.values import DeadPath, DictView, Map, Ref, Traits, TupleV
from adgen.ir.nodes import Hole, Index, Operand, Var
from adgen.ir.types import Dict, Undef, is_scalar
from adgen.rules.typing import join

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

PLACE = (Index((Hole(0),)),)


def is_dynamic(e: Engine, base: Ref, key: Any, *values: Any) -> bool:
    """Say whether an entry of a dict is to be looked up at run time: the dict is such a one, or this makes it one."""
    if is_dict(e, base):
        return True
    c = e.content(base.obj)
    if not isinstance(c, Map) or c.cls is not dict or operations.known(e, key) is not None:
        return False
    parts = leaves(key)
    if any(isinstance(p, Var) and p in e.param_of for p in parts) or any(isinstance(p, Ref) for p in parts):
        return False
    if not e.keeps_loops and any(isinstance(p, Var) and operands.counts(e, p) for p in parts):
        return False  # the loop may be unrolled
    return dict_type(e, c, keys=(key,), values=values) is not None


def content(e: Engine, base: Ref, *, keys: Sequence[Any] = (), values: Sequence[Any] = ()) -> tuple[Operand, Dict]:
    c = e.value(base) if rows.is_row(e, base) else e.content(base.obj)
    t = dict_type(e, c, keys=keys, values=values)
    if t is None:
        raise UnsupportedError(
            what="a dict whose values differ in type, with a key known only at run time",
            why="the type of the value that a key gives can't be decided at compile time",
            instead="use one dict for each type of value",
            origin=e.origin,
        )
    return operand(e, c, t), t


def as_key(e: Engine, key: Any) -> Operand:
    for p in leaves(key):
        if isinstance(p, Ref):
            raise UnsupportedError(
                what=f"a dict key that is {operations.describe(e, p)}",
                why="the program would raise TypeError here",
                instead="use numbers, strings or tuples of them",
                origin=e.origin,
            )
    return e.value(key)


def get_item(e: Engine, base: Ref, key: Any, hint: dict[str, Any]) -> Any:
    make = factory(e, base)
    if make is not None:
        branches.run_if(e, has_key(e, base, key), lambda: None, lambda: _put_missing(e, base, key, make))
    elif counts(base):
        there = has_key(e, base, key)
        branches.run_if(
            e, there, lambda: e.set("%count", entry(e, base, key, {})), lambda: e.set("%count", e.b.const(0))
        )
        return e.env["%count"]
    return entry(e, base, key, hint)


def factory(e: Engine, base: Ref) -> Any:
    """Return what makes the missing values of a dict, or of a dict that is a value of it; None if nothing does."""
    traits = base.obj.traits
    if len(base.place) > 1 or traits is None:
        return None
    return traits.inner if base.place else traits.factory


def counts(base: Ref) -> bool:
    """Say whether missing values of a dict are 0."""
    return base.obj.traits is not None and base.obj.traits.counts and not base.place


def _put_missing(e: Engine, base: Ref, key: Any, make: Any) -> None:
    made = calls.call(e, make, [], {}, {})
    if isinstance(made, Ref) and made.obj.traits is not None and not base.place:
        base.obj.traits = Traits(factory=make, inner=made.obj.traits.factory)
        made.obj.traits = None  # nobody else has it
    set_item(e, base, key, made)


def entry(e: Engine, base: Ref, key: Any, hint: dict[str, Any]) -> Any:
    k = as_key(e, key)
    table, t = content(e, base, keys=(key,))
    if isinstance(t.elem, Undef):
        if ENTRY in e.lacking:
            return e.b.const(None)
        read_nothing(e, k)
    c = e.content(base.obj)
    if isinstance(c, Map) and rows.is_container(t.elem):
        keep_apart(e, base, c, table)
    elif isinstance(c, Map):
        e.state.link_items(base.obj, c)
    if rows.is_container(t.elem) and not base.obj.mixed:
        taken = rows.take_place(e, base, t.elem, PLACE[0], (k,))
        if taken is not None:
            return present(e, ENTRY, e.value(taken), taken) if ENTRY in e.lacking else taken
    out = e.b.load(table, PLACE, (k,), hint.get("name"), hint.get("fixed", False))
    v = maybe(e, out, name=hint.get("name")) if ENTRY in e.lacking else e.wrap(out, hint.get("name"))
    rows.link_out(e, operations.sure(v), base.obj)
    return v


def read_nothing(e: Engine, key: Operand) -> None:
    """A dict that has no entries yet is read: a loop may put some in, in an earlier iteration."""
    error = UnsupportedError(
        what="an entry of a dict that is empty here",
        why="the program would raise KeyError here",
        instead="put the entry in first",
        origin=e.origin,
    )
    if e.b.guards == 0 and e.tentative:
        e.tentative[-1][2].append(error)
        e.state.dead = True
        raise DeadPath
    guarded.fail(e, KeyError, key, error)


def keep_apart(e: Engine, base: Ref, c: Map, table: Operand) -> None:
    """Let a dict of known keys be one of any keys from here on."""
    e.state.heap[base.obj] = table
    e.state.link_items(base.obj, c)


def set_item(e: Engine, base: Ref, key: Any, value: Any) -> None:
    k = as_key(e, key)
    lack(e, ENTRY, (value,))
    if isinstance(value, (Ref, TupleV)):
        if rows.is_place(value, base, PLACE[0], (k,)):
            return
        if isinstance(value, Ref) and rows.is_row(e, value) and value.obj is base.obj:
            value = operations.settle(e, value)
        rows.put_in(e, base.obj, value)
    if rows.is_row(e, base):
        table, t = content(e, base, keys=(key,), values=(value,))
        e.write_place(
            base, fitted(e, value, t.elem), (*base.place, rows.shifted(PLACE[0], base)), (*base.holes, k), "set"
        )
        if rows.is_container(t.elem):
            rows.renew(e, base.obj)
    else:
        c = e.content(base.obj)
        table, t = content(e, base, keys=(key,), values=(value,))
        new = e.b.update(table, fitted(e, value, t.elem), PLACE, (k,), "set", **e.hint(base.obj.name))
        if isinstance(new, Var):
            new.type = t
        if not is_scalar(t.elem):
            rows.move(e, base.obj)
        e.write(base.obj, new, resizes=e.walked.get(k) is not base.obj)
        e.state.link_items(base.obj, c)
    rows.link(e, base.obj, value)


def add_to(e: Engine, base: Ref, key: Any, symbol: str, value: Any) -> bool:
    """`d[k] += v` of numbers; say whether it is that."""
    t = operations.array_type(e, base)
    if symbol not in ("+", "-") or not isinstance(t, Dict) or not operations.is_number(value) or base.place:
        return False
    if join(t.elem, value.type) != t.elem or not is_scalar(t.elem) or counts(base):
        return False
    if factory(e, base) is not None:
        get_item(e, base, key, {})
    mode: Any = "add" if symbol == "+" else "sub"
    new = e.b.update(e.value(base), value, PLACE, (as_key(e, key),), mode, **e.hint(base.obj.name))
    e.write(base.obj, new, resizes=False)
    return True


def delete(e: Engine, base: Ref, key: Any) -> None:
    k = as_key(e, key)
    if rows.is_row(e, base):
        rows.change(e, base, lambda alone: delete(e, alone, key))
        return
    table, t = content(e, base, keys=(key,))
    rows.move(e, base.obj)
    e.write(base.obj, e.b.emit(e.row("without"), (table, k), type=t, **e.hint(base.obj.name)))


def has_key(e: Engine, base: Ref, key: Any) -> Operand:
    if e.content(base.obj) == Map((), ()):
        return e.b.const(False)  # nothing was put in yet
    table, _ = content(e, base, keys=(key,))
    return e.b.call("has_key", as_key(e, key), table)


def keys(e: Engine, base: Ref) -> Ref:
    """Return the list of a dict's keys."""
    return e.new(e.b.call("keys_of", e.value(base)))


def view_list(e: Engine, view: DictView) -> Ref:
    """Return the list of what a view of a dict shows now."""
    if view.kind == "keys":
        return keys(e, view.owner)
    if view.kind == "values":
        made = e.new(e.b.call("values_of", e.value(view.owner)))
        made.obj.nones = ENTRY in e.lacking
        rows.share_items(e, made, view.owner)
        return made
    found: Ref = inlining.inline_function(e, library.dict_items, [view.owner], {})
    return found


def listed(e: Engine, view: DictView) -> Any:
    """Return what a view shows now, for a function that takes a sequence."""
    known = iterables.known_items(e, view)
    return view_list(e, view) if known is None else TupleV(tuple(known))


def keys_for(e: Engine, v: Any) -> Any:
    """Return the keys of a dict that a function takes for a sequence."""
    return keys(e, v) if is_dict(e, v) else v


def walk(e: Engine, owner: Ref, kind: str) -> tuple[Operand, Callable[..., Any]]:
    """Return the number of entries, and how to get one in a loop."""
    t = operations.array_type(e, owner)
    if kind == "values" and is_scalar(t.elem):
        listed = view_list(e, DictView(owner, kind))
        return e.b.call("length", e.value(listed)), lambda e, i, t: items.get_item(e, listed, i, e.hint(t))
    every = keys(e, owner)

    def item(e: Engine, i: Operand, target: str | None) -> Any:
        k = items.get_item(e, every, i, e.hint(target) if kind == "keys" else {})
        for v in (k, *([e.value(k)] if isinstance(k, TupleV) else ())):
            if isinstance(v, Var):
                e.walked[v] = owner.obj
        if kind == "keys":
            return k
        value = entry(e, owner, k, e.hint(target) if kind == "values" else {})
        return value if kind == "values" else TupleV((k, value))

    return e.b.call("length", e.value(every)), item


def call_method(e: Engine, owner: Ref, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if name in ("items", "values", "keys"):
        return DictView(owner, name)
    if name in ("__getitem__", "__contains__"):
        return get_item(e, owner, args[0], {}) if name == "__getitem__" else has_key(e, owner, args[0])
    if name == "copy":
        made = e.new(e.b.call("copy", e.value(owner)))
        made.obj.traits = owner.obj.traits
        rows.share_items(e, made, owner)
        return made
    if name == "clear":
        rows.move(e, owner.obj)
        e.write(owner.obj, Map((), ()))
        return e.b.const(None)
    source = library.DICT_METHODS.get(name)
    if source is None or (name == "most_common" and not counts(owner)):
        raise UnsupportedError(
            what=f"the dict method '.{name}()'",
            instead="use items, keys, values, get, setdefault, pop, update or indexing",
            origin=e.origin,
        )
    return inlining.inline_function(e, source, [owner, *args], kwargs)


__all__ = [
    "add_to", "as_key", "call_method", "delete", "dict_type", "entry", "get_item", "has_key", "is_dict", "is_dynamic",
    "keys", "keys_for", "listed", "operand", "set_item", "view_list", "walk",
]  # fmt: skip
