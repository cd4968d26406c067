"""Methods of lists and deques, and functions that change a list."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.infer import operands
from adgen.infer.calls import calls, library
from adgen.infer.calls.handlers import HANDLERS, Handler
from adgen.infer.control import branches, guarded
from adgen.infer.expressions import items, operations
from adgen.infer.functions import inlining
from adgen.infer.memory import rows
from adgen.infer.structures import tables, tuples
from adgen.infer.values import Map, Ref, Seq, SliceV
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import List, Str, Type, is_scalar

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def call_method(e: Engine, owner: Ref, c: Any, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if name not in ("index", "count"):
        tuples.refuse_write(e, owner)
    if name in ADDING and owner.obj.traits is not None:
        return _add_to_bounded(e, owner, name, args, kwargs)
    if name == "append":
        append(e, owner, c, args[0])
        return e.b.const(None)
    if name in ("extend", "extendleft"):
        if name == "extendleft":
            return inlining.inline_function(e, library.extend_left, [owner, args[0]], {})
        extend(e, owner, args[0])
        return e.b.const(None)
    if name == "copy":
        made = e.new(c) if isinstance(c, Seq) else calls.call_object(e, list, [owner], {}, {})
        made.obj.traits = owner.obj.traits
        return made
    if isinstance(c, Seq):
        found = _change_known(e, owner, c, name, args, kwargs)
        if found is not None:
            return found
        c = _as_unknown(e, owner, c)
    if c is not None and (not kwargs or name == "sort"):
        made = _change(e, owner, c, name, args, kwargs)
        if made is not None:
            return made
    raise UnsupportedError(
        what=f"the list method '.{name}()'",
        why="the list's length is known only at run time" if not isinstance(c, Seq) else "",
        instead="use append, pop, insert and indexing",
        origin=e.origin,
    )


def extend(e: Engine, ref: Any, other: Any) -> None:
    """`list.extend` and `+=` on a list."""
    if isinstance(other, Ref) and operations.is_array(e, other):
        other = inlining.inline_function(e, library.as_list, [other], {})
    c = e.content(ref.obj)
    more = items.expand(e, other) if isinstance(c, Seq) and not _is_dynamic(e, other) else None
    if more is not None:
        e.write(ref.obj, Seq((*c.items, *more)))
        return
    if not isinstance(other, Ref):
        other = calls.call_object(e, list, [other], {}, {})
    o = e.value(other) if rows.is_row(e, other) else e.content(other.obj)
    elem = items.element_type(e, c, o)
    if elem is None:
        raise UnsupportedError(what=f"extending a list by {operations.describe(e, other)}", origin=e.origin)
    new = e.b.call("add", items.list_operand(e, c, elem), items.list_operand(e, o, elem))
    shared = not is_scalar(elem)
    if shared:
        e.state.link_items(ref.obj, c)
        rows.put_items(e, ref.obj, other)
    e.write(ref.obj, new)
    if shared:
        rows.link(e, ref.obj, other)


def _is_dynamic(e: Engine, v: Any) -> bool:
    return isinstance(v, Ref) and (v.place != () or not isinstance(e.content(v.obj), (Seq, Map)))


def append(e: Engine, owner: Ref, c: Any, v: Any) -> None:
    v = items.held(e, owner, v)
    if isinstance(c, Seq):
        e.write(owner.obj, Seq((*c.items, v)))
        return
    v = operations.settle(e, v)
    rows.put_in(e, owner.obj, v)
    elem = _element(e, c, v)
    new = e.b.emit(e.row("append"), (c, tables.fitted(e, v, elem)), **e.hint(owner.obj.name))
    if isinstance(new, Var):
        new.type = List(elem)
    e.write(owner.obj, new)
    rows.link(e, owner.obj, v)


def _element(e: Engine, c: Any, v: Any) -> Type:
    """Return the type of the items of a list that gets one more."""
    elem = items.element_type(e, c, Seq((v,)))
    if elem is None:
        raise UnsupportedError(
            what="a list whose items differ in type",
            why="where an item stands is known only at run time, so its type can't be decided at compile time",
            instead="use a tuple, or one list for each type",
            origin=e.origin,
        )
    return elem


# -- lists of known items ---------------------------------------------------------------------------


def _change_known(e: Engine, owner: Ref, c: Seq, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """A method of a list whose items are known; None for what only run time can do."""
    values = list(c.items)
    result: Any = e.b.const(None)
    at = args[0] if args and name in ("pop", "insert", "rotate") else None
    if isinstance(at, Var) and at not in e.param_of and not (operands.counts(e, at) and not e.keeps_loops):
        return None
    if name == "pop":
        at = [e.static(a, "the index of pop") for a in args]
        result = guarded.carry_out(e, lambda: values.pop(*at))
    elif name == "insert":
        values.insert(e.static(args[0], "the index of insert"), args[1])
    elif name == "remove":
        known = operations.known(e, *values, args[0])
        if known is None or known[-1] not in known[:-1]:
            return None
        del values[known.index(known[-1])]
    elif name == "popleft":
        result = guarded.carry_out(e, lambda: values.pop(0))
    elif name == "appendleft":
        values.insert(0, args[0])
    elif name == "rotate":
        by = (e.static(args[0], "the argument of rotate") if args else 1) % (len(values) or 1)
        values = values[-by:] + values[:-by] if by else values
    elif name in ("index", "count"):
        known, wanted = operations.known(e, *values), operations.known(e, *args)
        if known is None or wanted is None:
            return None
        return e.b.const(guarded.carry_out(e, lambda: getattr(known, name)(*wanted)))
    elif name == "sort":
        _become(e, owner, calls.call_object(e, sorted, [owner], kwargs, {}))
        return result
    elif name == "reverse":
        values.reverse()
    elif name == "clear":
        values = []
    else:
        return None
    e.write(owner.obj, Seq(tuple(values)))
    return result


def _become(e: Engine, owner: Ref, made: Ref) -> None:
    """Let a list hold what a new one does, in its order."""
    content = e.content(made.obj)
    e.write(owner.obj, content)
    if isinstance(content, Var):
        e.state.link_like(owner.obj, made.obj)


def _as_unknown(e: Engine, owner: Ref, c: Seq) -> Operand | None:
    """Let a list of known items be one of any length from here on, if they are alike."""
    elem = items.element_type(e, c)
    if elem is None:
        return None
    whole = items.list_operand(e, c, elem)
    e.state.heap[owner.obj] = whole
    e.state.link_items(owner.obj, c)
    return whole


# -- lists of unknown length ------------------------------------------------------------------------


def _change(e: Engine, owner: Ref, c: Operand, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    none = e.b.const(None)
    if name == "clear":
        rows.move(e, owner.obj)
        e.write(owner.obj, Seq(()))
        return none
    if name in ("reverse", "sort"):
        rows.move(e, owner.obj)
        step = SliceV(none, none, e.b.const(-1))
        turned = name == "reverse"
        made = items.get_item(e, owner, step, {}) if turned else calls.call_object(e, sorted, [owner], kwargs, {})
        _become(e, owner, made)
        return none
    if name in ("insert", "appendleft"):
        where, v = args if name == "insert" else (e.b.const(0), args[0])
        insert(e, owner, c, place_to_insert(e, owner, where), v)
        return none
    if name in ("pop", "popleft") and len(args) < 2:
        at = e.b.const(0) if name == "popleft" else place(e, owner, args[0]) if args else e.b.const(-1)
        item = items.get_item(e, owner, at, {})
        if rows.is_row(e, item):
            item = e.new(e.value(item))  # the list has it no longer
            if owner.obj.mixed:
                e.state.link_like(item.obj, owner.obj)
        without(e, owner, at)
        return item
    if name in ("index", "count") and len(args) == 1 and isinstance(c.type, List):
        if is_scalar(c.type.elem) or isinstance(c.type.elem, Str):
            return e.b.call("index_in" if name == "index" else "count_in", c, e.value(args[0]))
    source = {"remove": library.list_remove, "rotate": library.rotate}.get(name)
    return inlining.inline_function(e, source, [owner, *args], {}) if source is not None else None


def place(e: Engine, owner: Ref, index: Any) -> Operand:
    """Return the place of an item, counted from the front; -1 may stand for itself."""
    if isinstance(index, Const) and (index.value >= 0 or index.value == -1):
        return index
    return e.value(inlining.inline_function(e, library.item_place, [owner, index], {}))


def place_to_insert(e: Engine, owner: Ref, index: Any) -> Operand:
    if isinstance(index, Const) and index.value == 0:
        return index
    return e.value(inlining.inline_function(e, library.insertion_place, [owner, index], {}))


def insert(e: Engine, owner: Ref, c: Operand, at: Operand, v: Any) -> None:
    v = items.held(e, owner, v)
    v = operations.settle(e, v)
    rows.put_in(e, owner.obj, v)
    t = List(_element(e, c, v))
    rows.move(e, owner.obj)
    e.write(
        owner.obj, e.b.emit(e.row("insert"), (c, tables.fitted(e, v, t.elem), at), type=t, **e.hint(owner.obj.name))
    )
    rows.link(e, owner.obj, v)


def without(e: Engine, owner: Ref, at: Operand) -> None:
    """Take an item out of a list."""
    c = e.content(owner.obj)
    rows.move(e, owner.obj)
    e.write(owner.obj, e.b.emit(e.row("without"), (c, at), type=c.type, **e.hint(owner.obj.name)))


def delete(e: Engine, owner: Ref, key: Any) -> None:
    """`del l[key]` of a list of unknown length."""
    if rows.is_row(e, owner):
        rows.change(e, owner, lambda alone: delete(e, alone, key))
    elif isinstance(key, SliceV) and isinstance(key.step, Const) and key.step.value in (None, 1):
        store_slice(e, owner, key, e.new(Seq(())))
    elif isinstance(key, SliceV):
        inlining.inline_function(e, library.drop_places, [owner, e.wrap(_places(e, e.content(owner.obj), key))], {})
    else:
        at = place(e, owner, key)
        without(e, owner, at)


def store_slice(e: Engine, owner: Ref, key: SliceV, value: Any) -> None:
    """`l[a:b] = value`, or with a step."""
    c = e.content(owner.obj)
    if isinstance(c, Seq):
        c = _as_unknown(e, owner, c)
        if c is None:
            raise UnsupportedError(
                what="a store into a slice of a list whose items differ in type",
                instead="build a new list",
                origin=e.origin,
            )
    step = key.step
    if isinstance(step, Const) and step.value in (None, 1):
        first, last = _pair(e, e.b.call("bounds_of", c, e.value(key.start), e.value(key.stop)))
        none = e.b.const(None)
        new = calls.call_object(e, list, [value], {}, {})
        rebuild(e, owner, [part(e, owner, none, first), new, part(e, owner, last, none)])
        return
    inlining.inline_function(e, library.store_places, [owner, e.wrap(_places(e, c, key)), value], {})


def _places(e: Engine, c: Operand, key: SliceV) -> Operand:
    """Return the list of the places that a slice with a step means."""
    return e.b.call("places_of", c, *(e.value(p) for p in (key.start, key.stop, key.step)))


def _pair(e: Engine, pair: Operand) -> Sequence[Any]:
    found: Sequence[Any] = e.wrap(pair).items
    return found


def part(e: Engine, owner: Ref, start: Any, stop: Any) -> Any:
    """`owner[start:stop]`"""
    return items.get_item(e, owner, SliceV(start, stop, e.b.const(None)), {})


def rebuild(e: Engine, owner: Ref, parts: Sequence[Any]) -> None:
    """Make a list consist of the items of others."""
    whole = parts[0]
    for more in parts[1:]:
        whole = operations.binary(e, "+", whole, more)
    rows.move(e, owner.obj)
    e.write(owner.obj, e.content(whole.obj))
    e.state.link_like(owner.obj, whole.obj)


# -- deques of bounded length -----------------------------------------------------------------------

ADDING = ("append", "appendleft", "extend", "extendleft", "insert")


def _add_to_bounded(e: Engine, owner: Ref, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    if name in ("extend", "extendleft"):
        source = library.extend_one_by_one if name == "extend" else library.extend_left
        return inlining.inline_function(e, source, [owner, args[0]], {})
    if name == "insert":
        raise UnsupportedError(
            what="insert() into a deque with maxlen", instead="use append or appendleft", origin=e.origin
        )
    assert owner.obj.traits is not None
    traits, owner.obj.traits = owner.obj.traits, None
    call_method(e, owner, e.content(owner.obj), name, args, kwargs)
    owner.obj.traits = traits
    drop_beyond(e, owner, traits.maxlen, 0 if name == "append" else -1)
    return e.b.const(None)


def drop_beyond(e: Engine, owner: Ref, most: Operand, at: int = 0) -> None:
    """Take out what a deque can't hold: from the front, or from the end."""
    c = e.content(owner.obj)
    if isinstance(c, Seq) and isinstance(most, Const):
        n = max(len(c.items) - most.value, 0)
        if n:
            e.write(owner.obj, Seq(c.items[n:] if at == 0 else c.items[:-n]))
        return
    if isinstance(c, Seq):
        c = _as_unknown(e, owner, c)
    length = e.b.call("length", e.content(owner.obj))
    if at == 0 and c is not None:
        inlining.inline_function(e, library.drop_first, [owner, length, most], {})
    else:
        too_many = e.b.call("gt", length, most)
        branches.run_if(e, too_many, lambda: without(e, owner, e.b.const(at)), lambda: None)


# -- heaps ------------------------------------------------------------------------------------------


def _of_heap(source: Any) -> Handler:
    def handler(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
        heap = args[0] if args else None
        if not isinstance(heap, Ref) or operations.is_array(e, heap):
            raise UnsupportedError(
                what=f"a heap that is {operations.describe(e, heap)}", instead="use a list", origin=e.origin
            )
        c = e.content(heap.obj)
        if isinstance(c, Seq) and c.items:
            _as_unknown(e, heap, c)
        return inlining.inline_function(e, source, args, kwargs)

    return handler


for _fn, _source in (
    (heapq.heappush, library.heap_push),
    (heapq.heappop, library.heap_pop),
    (heapq.heapify, library.heap_make),
    (heapq.heappushpop, library.heap_push_pop),
    (heapq.heapreplace, library.heap_replace),
):
    HANDLERS[_fn] = _of_heap(_source)


__all__ = ["append", "call_method", "delete", "drop_beyond", "extend", "part", "rebuild", "store_slice"]
