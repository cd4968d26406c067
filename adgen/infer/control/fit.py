"""Fit what leaves an iteration to what was assumed to enter it: where it does not fit, the assumption is widened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from adgen.infer.api import recording
from adgen.infer.api.recording import Recorded
from adgen.infer.control.slots import Leaf, Path, Slots, is_nonunit
from adgen.infer.kinds import is_none, split_maybe
from adgen.infer.memory import followed, rows
from adgen.infer.structures import objects, tables, tuples
from adgen.infer.values import Map, Maybe, Obj, Once, PlaceV, Poison, Ref, Seq, State, TupleV, Unbound
from adgen.ir.nodes import UNDEF, Const, Operand, Var
from adgen.ir.types import NUMERIC, Array, Dict, Dim, List, Record, Str, Tuple, Type, held_class, is_scalar
from adgen.rules.typing import join


class NeedsPeel(Exception):
    """A number becomes an array in the first iteration: that one must be apart from the others."""


def is_number(h: Any) -> bool:
    return isinstance(h, (Var, Const)) and is_scalar(h.type)


class Fit(Slots):
    """Compares the two ends of an iteration."""

    header: State  # what an iteration enters with
    may_peel = False  # the first iteration can be written apart

    def _discover_written(self, header: State) -> bool:
        """Find objects from outside that the body wrote and that are not carried yet."""
        found = False
        for obj, c in self.e.state.heap.items():
            if obj not in self.entry.heap or obj in self.a.written or header.heap.get(obj) is c:
                continue
            if isinstance(c, Poison):
                # unknown in the next iteration, and after the loop
                found |= obj not in self.a.unknown and not isinstance(self.entry.heap[obj], Poison)
                self.a.unknown[obj] = c
            else:
                self.a.written[obj] = None
                found = True
        return found

    def _match(self, path: Path, h: Any, v: Any, name: str | None) -> bool:
        """Fit what leaves a slot to what entered it; return whether the assumption was widened."""
        v = rows.fresh(self.e, v)
        if isinstance(h, Poison):
            return False
        if path in self.a.meant:
            return followed.match(self, path, v)
        if isinstance(v, Poison):
            return self._poison(path, v)
        if isinstance(h, Unbound):
            if self.a.follows and followed.adopt(self, path, v):
                return True
            if self.is_exposed(path) and not isinstance(v, Unbound):
                template = self._template(v)
                if template is None:
                    return self._poison(path, self._clash(name))
                self.a.bound[path] = template
                return True
            self._first_bound(path, v, name)
            return False
        if isinstance(v, Unbound):
            return self._poison(path, self._clash(name))
        if isinstance(h, Recorded) and isinstance(v, Recorded) and h is not v:
            return self._match_recorded(path, h, v)
        if isinstance(h, PlaceV) and isinstance(v, PlaceV):
            self.a.places[path] = h.among | v.among
            return self._match((*path, "at"), h.at, v.at, None) or not v.among <= h.among
        if isinstance(h, Once) and h.obj in self.contents and isinstance(v, Once) and h.inner == v.inner:
            return self._match((*path, "at"), self.contents[h.obj], self.e.state.heap[v.obj], None)
        if isinstance(h, Maybe) or isinstance(v, Maybe) or is_none(h) != is_none(v):
            return self._match_maybe(path, h, v, name)
        leaf = self.leaves.get(path)
        if isinstance(h, Ref) and isinstance(v, Ref):
            return self._match_object(path, h, v, leaf, name)
        if isinstance(h, TupleV) and isinstance(v, TupleV) and len(h.items) == len(v.items) and h.cls is v.cls:
            return self._match_items(path, range(len(h.items)), h.items, v.items)
        elif isinstance(h, TupleV) and h.cls is None and (tuples.is_frozen(v) or isinstance(v, TupleV)):
            given = self.e.state.heap[v.obj] if isinstance(v, Ref) else Seq(v.items)
            elem = self._element(Seq(h.items), given)
            if elem is not None:
                self.a.lists[path] = elem
                return True
        elif isinstance(h, Map) and isinstance(v, Map) and h.keys == v.keys and h.cls is v.cls:
            return self._match_items(path, h.keys, h.items, v.items)
        elif isinstance(h, Map) and (dict_type := tables.dict_type(self.e, h, v)) is not None:
            self.a.dicts[path] = dict_type
            return True
        elif isinstance(h, Seq):
            if isinstance(v, Seq) and len(v.items) == len(h.items):
                return self._match_items(path, range(len(h.items)), h.items, v.items)
            elem = self._element(h, v)
            if elem is not None:
                self.a.lists[path] = elem
                return True
        elif leaf is not None and isinstance(leaf.param.type, List) and isinstance(v, Seq):
            return self.match_operand(path, leaf, self.e.list_operand(v, leaf.param.type.elem))
        elif leaf is not None and isinstance(leaf.param.type, Dict) and isinstance(v, Map):
            made = tables.dict_type(self.e, leaf.param, v)
            if made is not None:
                return self.match_operand(path, leaf, tables.operand(self.e, v, made))
        elif leaf is not None and isinstance(v, (Var, Const)):
            return self.match_operand(path, leaf, v)
        elif h is v or (isinstance(h, Const) and isinstance(v, Const) and h.value is v.value) or h == v:
            return False
        if self.may_peel and self.is_exposed(path) and is_number(h) and isinstance(v, Ref):
            raise NeedsPeel(name or "a value")
        return self._poison(path, self._clash(name))

    def _match_object(self, path: Path, h: Ref, v: Ref, leaf: Leaf | None, name: str | None) -> bool:
        """Fit the object that a slot refers to at the end, with what it holds."""
        c = self.e.state.heap[v.obj]
        if h.obj.traits != v.obj.traits and not isinstance(c, Poison):
            return self._poison(path, self._clash(name))
        if leaf is None and h.obj not in self.contents:
            if v.obj is h.obj:
                return False
            self.a.moving[h.obj] = None
            return True
        self.targets[path] = v.obj
        self.rebinds |= followed.is_known(self, h, v)
        if leaf is None:
            return self._match(path, self.contents[h.obj], c, name)
        if isinstance(c, Poison):
            return self._poison(path, c)
        if not isinstance(c, Map):
            return self.match_operand(path, leaf, self.e.value(v))
        if isinstance(leaf.param.type, Dict):
            return self._match(path, self.contents[h.obj], c, name)
        if held_class(leaf.param.type) is c.cls:
            kept = objects.held_type(self.e, v.obj, c)
            if kept is not None:
                return self.match_operand(path, leaf, tables.fitted(self.e, v, kept))
        return self._poison(path, self._clash(name))

    def _match_recorded(self, path: Path, h: Recorded, v: Recorded) -> bool:
        """Fit what an iteration records on a tape from outside; what was there before it is not known then."""
        if h.start is not None or v.start is not None or h.resets != v.resets or path[0] != "obj":
            return self._poison(path, recording.clash(self.s.origin, "loop"))
        if path in self.a.recorded:
            self.tapes[path] = v
            return False
        self.a.recorded[path] = None
        return True

    def _element(self, h: Seq, v: Any) -> Type | None:
        """Return the type of the items of a list that enters with known items and leaves with others."""
        end, self.e.state = self.e.state, self.header  # the body may have written what they are linked to
        try:
            entered = self.e.element_type(h)
        finally:
            self.e.state = end
        left = self.e.element_type(v)
        return None if entered is None or left is None else join(entered, left)

    def _match_maybe(self, path: Path, h: Any, v: Any, name: str | None) -> bool:
        parts = split_maybe(self.e, self.e.state, v)
        if parts is None:
            return self._poison(path, self._clash(name))
        none, value = parts
        if not isinstance(h, Maybe):
            known = value if is_none(h) else h
            if is_none(known) or split_maybe(self.e, self.e.state, known) is None:
                return self._poison(path, self._clash(name))
            template = self._template(known)
            if template is None:
                return self._poison(path, self._clash(name))
            self.a.maybe[path] = template
            return True
        widened = self._match((*path, "none"), h.none, none, None)
        inside = (*path, "value")
        if is_none(value):
            for p, leaf in self.leaves.items():
                if p[: len(inside)] == inside:
                    leaf.next = value
            return widened
        return self._match(inside, h.value, value, name) or widened

    def _match_items(self, path: Path, keys: Iterable[Any], h: Sequence[Any], v: Sequence[Any]) -> bool:
        widened = False
        for k, x, y in zip(keys, h, v):  # all of them: each leaves a value
            widened |= self._match((*path, k), x, y, None)
        return widened

    def match_operand(self, path: Path, leaf: Leaf, v: Operand) -> bool:
        leaf.next = v
        h = leaf.param.type
        adapted = self._adapt(h, v.type)
        t = join(h, adapted)
        if t is None:
            return self._poison(path, self._clash(leaf.param.name))
        if t == h:
            return False
        for d in dims_within(t):
            if isinstance(d, Dim) and d not in dims_within(h):
                self.a.general[d.symbol] = None
        self.a.types[path] = t
        return True

    def _adapt(self, h: Type, v: Type) -> Type:
        """See a type with the lengths that the slot is known to vary in."""
        if isinstance(h, List) and isinstance(v, List):
            return List(self._adapt(h.elem, v.elem))
        if isinstance(h, Dict) and isinstance(v, Dict):
            return Dict(v.key, self._adapt(h.elem, v.elem))
        if isinstance(h, (Tuple, Record)) and type(h) is type(v) and len(h.items) == len(v.items):
            return replace(v, items=tuple(map(self._adapt, h.items, v.items)))
        if not (isinstance(h, Array) and isinstance(v, Array) and h.ndim == v.ndim):
            return v
        general = self.a.general
        dims = tuple(
            a if isinstance(a, Dim) and a.symbol in general and (not a.nonunit or is_nonunit(b)) else b
            for a, b in zip(h.dims, v.dims)
        )
        return Array(v.dtype, dims)

    def _first_bound(self, path: Path, v: Any, name: str | None) -> None:
        """Carry out a name that the body binds first: its value enters no iteration."""
        if isinstance(v, Ref) and v.obj.traits is not None and not tuples.is_frozen(v):
            self.made[path] = self._clash(name)
            return
        if isinstance(v, Ref):
            if self.sure and not v.place and v.obj in self.entry.heap:
                self.made[path] = v
                return
            self.first[path] = v.obj
        if isinstance(v, Var) or (isinstance(v, Const) and isinstance(v.type, (*NUMERIC, Str))):
            self.param(path, UNDEF, name).type = self.outer_type(v.type)
        elif isinstance(v, Ref) and isinstance(self.e.state.heap[v.obj], (Var, Const)):
            traits, v = v.obj.traits, self.e.value(v)
            self.param(path, UNDEF, name, Obj(name, traits=traits)).type = self.outer_type(v.type)
        elif isinstance(v, TupleV) or (isinstance(v, Ref) and isinstance(self.e.state.heap[v.obj], (Seq, Map))):
            content = v if isinstance(v, TupleV) else self.e.state.heap[v.obj]
            self.made[path] = content
            for k, i in enumerate(content.items):
                self._first_bound((*path, k), i, None)
            return
        elif isinstance(v, Const) and name is not None and name.startswith("%"):
            self.made[path] = v  # only read where it is bound
            return
        elif not isinstance(v, Unbound):
            self.made[path] = v if isinstance(v, Poison) else self._clash(name)
            return
        else:
            return
        self.leaves[path].next = v

    def _discover_links(self, header: State) -> bool:
        """Find slots that may be one object, or hold one another, in the next iteration."""
        found = False
        state = self.e.state
        holders: dict[Obj, list[Path]] = {}
        targets = [*self.targets.items(), *self.made_by]
        carried = {path for path, _ in self.made_by}
        for path, target in targets:
            holders.setdefault(target, []).append(path)

        def add(table: dict[Any, None], key: Any) -> None:
            nonlocal found
            if key not in table:
                table[key] = None
                found = True

        for path, target in targets:
            known = header.links.get(target, ()) if target is self._object_at(path) else ()
            for o in (target, *state.links.get(target, ())):
                for other in holders.get(o, ()):
                    if other != path and not (o is target and path in carried and other in carried):
                        add(self.a.links, (path, other))
                if o in self.entry.heap and o not in known:
                    add(self.a.outer_links, (path, o))
        for o, others in state.links.items():
            if o in self.entry.heap:
                for linked in others:
                    if linked in self.entry.heap and linked not in header.links.get(o, ()):
                        add(self.a.object_links, (o, linked))
        return found


def dims_within(t: Type) -> tuple[Any, ...]:
    if isinstance(t, Array):
        return t.dims
    if isinstance(t, (Tuple, Record)):
        return tuple(d for i in t.items for d in dims_within(i))
    return dims_within(t.elem) if isinstance(t, (List, Dict)) else ()
