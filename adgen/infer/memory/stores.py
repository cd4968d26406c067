"""Statements that bind or change: unpacking, stores into items and attributes, `del`, `raise`."""

from __future__ import annotations

import contextlib
import operator
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.api import tapes
from adgen.infer.calls import calls
from adgen.infer.control import guarded, iterables
from adgen.infer.environment import outside
from adgen.infer.expressions import attributes, items, operations
from adgen.infer.memory import forks, in_place, item_stores
from adgen.infer.structures import dicts, lists, objects
from adgen.infer.values import UNBOUND, Map, Ref, Seq, SliceV
from adgen.ir.types import List, NoneT

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def unpack(e: Engine, s: tree.Unpack) -> None:
    value = operations.sure(e.get(s.value))
    n = len(s.targets)
    if s.star is None:
        parts = items.split(e, value, n)
        if parts is None:
            many = f"{n} names for {operations.describe(e, value)} of another length"
            error = UnsupportedError(what=many, why="the program would raise ValueError here", origin=e.origin)
            guarded.fail(e, ValueError, "another number of values to unpack", error)
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
        e.assign(target, operations.rename(e, part, target))


def set_item(e: Engine, base: Any, key: Any, value: Any) -> None:
    if outside.is_table(e, base):
        outside.write_global(e, e.static(key, "the name in globals()"), value)
        return
    if isinstance(base, Ref) and base.obj.param == "attributes" and base.obj.flat_of is not None:
        store_attribute(e, base.obj.flat_of, e.static(key, "the name of an attribute"), value)
        return
    outside.touch(e, base)
    if outside.is_live(e, base):
        outside.store(e, base, key, value)
        return
    forks.change(e, base, lambda one: item_stores.set_item(e, one, key, value))


def aug_item(e: Engine, s: tree.AugItem) -> None:
    base, key = operations.sure(e.get(s.base)), e.get(s.key)
    outside.touch(e, base)
    if outside.is_live(e, base):
        old = items.get_item(e, base, key, {})
        outside.store(e, base, key, in_place.in_place(e, s.op, old, e.get(s.value), {}))
        return
    value = e.get(s.value)
    forks.change(e, base, lambda one: item_stores.aug_item(e, one, key, s.op, value))


def set_attr(e: Engine, s: tree.SetAttr) -> None:
    base, value = operations.sure(e.get(s.base)), e.get(s.value)
    if s.op is not None:
        value = in_place.in_place(e, s.op, attributes.get_attribute(e, base, s.attr, {}), value, {})
    store_attribute(e, base, s.attr, value)


def store_attribute(e: Engine, base: Any, name: str, value: Any) -> None:
    c = e.content(base.obj) if isinstance(base, Ref) else None
    in_list = isinstance(base, Ref) and objects.held_as(e, base) is not None
    if outside.takes(base) and outside.write_attribute(e, base, name, value):
        return
    if not in_list and (not isinstance(c, Map) or c.cls is dict):
        raise UnsupportedError(
            what=f"an assignment to the attribute '{name}' of {operations.describe(e, base)}",
            why="only objects made here and dataclass instances passed in can be followed",
            instead="keep the value in a local variable",
            origin=e.origin,
        )
    kept = tapes.store(e, value, name) if e.taping else value
    forks.change(e, base, lambda one: objects.set_attribute(e, one, name, kept))


def delete(e: Engine, s: tree.Delete) -> None:
    if s.name is not None:
        e.set(s.name, UNBOUND)
        return
    base, key = e.get(s.base or ""), e.get(s.key or "")
    outside.touch(e, base)
    if outside.is_live(e, base):
        e.opaque(operator.delitem, [base, e.value(key)])
        return
    forks.change(e, base, lambda one: _delete_item(e, one, key))


def _delete_item(e: Engine, base: Any, key: Any) -> None:
    c = e.content(base.obj) if isinstance(base, Ref) else None
    if isinstance(base, Ref) and dicts.is_dynamic(e, base, key):
        dicts.delete(e, base, key)
    elif isinstance(c, Map):
        k = items.constant_key(e, key)
        if c.get(k) is None and not dicts.counts(base):
            error = UnsupportedError(what=f"the key {k!r} is not in this dict", origin=e.origin)
            guarded.fail(e, KeyError, k, error)
        kept = [(a, b) for a, b in zip(c.keys, c.items) if a != k]
        e.write(base.obj, Map(tuple(a for a, _ in kept), tuple(b for _, b in kept), c.cls))
    elif isinstance(c, Seq):
        values, at = list(c.items), operations.plain(e, key)
        guarded.carry_out(e, lambda: values.__delitem__(at))
        e.write(base.obj, Seq(tuple(values)))
    elif isinstance(base, Ref) and isinstance(operations.array_type(e, base), List):
        lists.delete(e, base, key)
    else:
        raise UnsupportedError(what=f"`del` of an item of {operations.describe(e, base)}", origin=e.origin)


def raise_error(e: Engine, s: tree.Raise) -> None:
    if s.exc is None and not e.caught:
        raise UnsupportedError(what="`raise` without an exception", origin=e.origin)
    what = e.caught[-1] if s.exc is None else e.value(e.get(s.exc))
    if e.b.guards == 0 and not e.summaries:  # nobody catches it
        with contextlib.suppress(UnsupportedError):
            e.leave()
    e.b.emit(e.row("raise_"), (what,), type=NoneT())
    e.state.dead = True
