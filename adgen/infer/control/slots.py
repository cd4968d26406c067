"""The values that a loop carries: what enters an iteration under an assumption, and what is there after the loop."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.api.recording import Recorded
from adgen.infer.environment.names import as_name
from adgen.infer.kinds import is_from_outside, is_none, split_maybe
from adgen.infer.memory import followed
from adgen.infer.structures import tables, tuples
from adgen.infer.values import (
    UNBOUND,
    Clash,
    GeneratorV,
    Map,
    Maybe,
    Obj,
    Once,
    PlaceV,
    Poison,
    Ref,
    Seq,
    State,
    TupleV,
    Unbound,
)
from adgen.ir.nodes import UNDEF, Const, Operand, Var
from adgen.ir.types import NUMERIC, Array, Dict, Dim, Int, Length, List, Record, Str, Tuple, Type
from adgen.rules.typing import fresh_dim

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Path = tuple[Any, ...]


@dataclass(slots=True)
class Assumption:
    """What is assumed of the values that enter an iteration, by path of the slot."""

    types: dict[Path, Type] = field(default_factory=dict)
    general: dict[int, None] = field(default_factory=dict)  # symbols of lengths that vary from iteration to iteration
    written: dict[Obj, None] = field(default_factory=dict)
    outer: dict[tuple[int, str], None] = field(default_factory=dict)  # names that consumers of generators bind
    links: dict[tuple[Path, Path], None] = field(default_factory=dict)
    outer_links: dict[tuple[Path, Obj], None] = field(default_factory=dict)
    object_links: dict[tuple[Obj, Obj], None] = field(default_factory=dict)
    lists: dict[Path, Type] = field(default_factory=dict)  # slots that hold a list of unknown length
    dicts: dict[Path, Dict] = field(default_factory=dict)  # slots that hold a dict of unknown keys
    poisoned: dict[Path, Poison] = field(default_factory=dict)
    restructured: dict[tuple[Obj, int], None] = field(default_factory=dict)  # lists whose items change places, and how
    bound: dict[Path, Any] = field(default_factory=dict)  # names that iterations bind: what a later one enters with
    maybe: dict[Path, Any] = field(default_factory=dict)  # slots that are None in some iterations, and their form else
    unknown: dict[Obj, Poison] = field(default_factory=dict)  # objects that an iteration may write through another name
    places: dict[Path, frozenset[int]] = field(default_factory=dict)  # where generators may stand
    moving: dict[Obj, None] = field(default_factory=dict)  # objects whose place another one takes
    recorded: dict[Path, None] = field(default_factory=dict)  # tapes that every iteration records on
    follows: bool = False  # which object or place a name means is carried, where that can be
    meant: dict[Path, tuple[Ref, ...]] = field(default_factory=dict)  # which references a slot may mean
    own: dict[Path, Obj] = field(default_factory=dict)  # what stands for what an earlier iteration made
    changing: dict[Path, None] = field(default_factory=dict)  # slots of which that can't be carried


@dataclass(slots=True)
class Leaf:
    """One carried value."""

    param: Var
    init: Operand
    next: Operand | None = None
    out: Var | None = None
    obj: Obj | None = None


class Slots:
    """What one loop carries, by path of the slot."""

    entry: State
    newest: int  # lengths with later symbols are made in the body
    exposed: frozenset[str]  # names whose value an iteration may need from an earlier one
    leaves: dict[Path, Leaf]
    made: dict[Path, Any]  # tuples, lists and dicts that the body binds first
    contents: dict[Obj, Any]  # header objects, with the content that they enter with
    objects: dict[Path, Obj]  # the object that stands for a slot's in the body and after the loop
    targets: dict[Path, Obj]  # the object that a slot refers to at the end of the body
    first: dict[Path, Obj]  # the same of what the body binds first
    sure: bool  # there is an iteration
    names: list[str]  # which the body binds
    tapes: dict[Path, Recorded]  # what is on tapes at the end of the body
    made_by: list[tuple[Path, Obj]]  # what iterations make, and the slots that carry it as an object of their own
    rebinds = False  # a name means another object or place that was there before the loop
    entering: list[Obj]  # objects around what enters
    undecided: dict[Obj, str | None]  # objects that are one of several, before it is read which

    def __init__(self, e: Engine, s: tree.For | tree.While) -> None:
        self.e = e
        self.s = s
        self.a = Assumption()

    def _clear(self) -> None:
        self.newest = fresh_dim().symbol
        self.leaves, self.made, self.contents, self.tapes = {}, {}, {}, {}
        self.objects, self.targets, self.first, self.sure = {}, {}, {}, False
        self.undecided, self.rebinds, self.made_by, self.entering = {}, False, [], []

    # -- what enters an iteration -----------------------------------------------------------------

    def param(self, path: Path, init: Operand, name: str | None, obj: Obj | None = None) -> Var:
        t = self.a.types.get(path, init.type)
        hint = self._hint(path, name)
        p = Var(t, hint.get("name"), hint.get("fixed", False))
        if init in self.e.maybe_unbound:
            self.e.maybe_unbound[p] = name or "?"
        self.leaves[path] = Leaf(p, init, obj=obj)
        if obj is not None:
            self.objects[path] = obj
        return p

    def _hint(self, path: Path, name: str | None) -> dict[str, Any]:
        if path[0] == "outer" and name is not None and not name.startswith("%") and self.e.printable:
            return {"name": name.split("%")[0], "fixed": True}  # a name of the consumer, whoever runs here
        return self.e.hint(name)

    def is_exposed(self, path: Path) -> bool:
        """Say whether an iteration may need what an earlier one left in a slot."""
        return path[-1] in self.exposed or path[0] == "outer"

    def _enter(self, path: Path, v: Any, name: str | None) -> Any:
        e = self.e
        if path in self.a.poisoned:
            return self.a.poisoned[path]
        if self.a.follows:
            followed.seed(self, path, v)
            if path in self.a.meant:
                return followed.enter(self, path, v, name)
        if path in self.a.maybe or isinstance(v, Maybe):
            return self._enter_maybe(path, v, name)
        if isinstance(v, Unbound) and path in self.a.bound:
            return self._enter_as(path, self.a.bound[path], name, UNDEF)
        if isinstance(v, (Var, Const)):
            if isinstance(v, Const) and not isinstance(v.type, NUMERIC):
                return v
            return self.param(path, v, name)
        if isinstance(v, PlaceV):
            return PlaceV(self.param((*path, "at"), v.at, None), self.a.places.get(path, v.among))
        if isinstance(v, TupleV) and path in self.a.lists:  # it gets longer or shorter
            self.a.types.setdefault(path, List(self.a.lists[path]))
            obj = Obj(name, traits=tuples.FROZEN)
            held = self._hold(obj, self.param(path, e.list_operand(Seq(v.items), self.a.lists[path]), name, obj))
            e.state.link_items(obj, v)
            return held
        if isinstance(v, TupleV):
            return TupleV(tuple(self._enter((*path, k), i, None) for k, i in enumerate(v.items)), v.cls)
        if isinstance(v, Ref):
            c = e.state.heap[v.obj]
            if isinstance(c, Poison):
                return c
            if isinstance(c, Map) and v.obj in self.a.written and v.obj not in self.a.moving:
                return v  # the same object in all iterations, whose content is carried by itself
            obj = Obj(name or v.obj.name, traits=v.obj.traits)
            obj.mixed = v.obj.mixed and not v.place
            obj.nones = v.obj.nones
            if isinstance(c, (Seq, Map)):
                if v.obj in self.entering:
                    raise UnsupportedError(
                        what="a loop that gives a name objects which hold one another",
                        why="which of them it means depends on the iteration",
                        instead="keep them in a list, and the places of those that belong together",
                        origin=self.s.origin,
                    )
                self.entering.append(v.obj)
                content = self._enter_content(path, c, name)
                self.entering.pop()
                self.objects[path] = obj
                if path in self.leaves:
                    self.leaves[path].obj = obj
            else:
                content = self.param(path, e.value(v), name, obj)
            e.state.heap[obj] = content
            self.contents[obj] = content
            e.state.link_like(obj, v.obj)
            if isinstance(content, Var):
                e.state.link_items(obj, c)
            return Ref(obj)
        return v

    def _enter_as(self, path: Path, template: Any, name: str | None, init: Const) -> Any:
        """Enter with what is not bound yet, or None, in the form that it will have."""
        if init is UNDEF and path in self.a.poisoned:
            return self.a.poisoned[path]
        if isinstance(template, Seq) and path in self.a.lists:
            template = List(self.a.lists[path])
        if isinstance(template, Map) and path in self.a.dicts:
            template = self.a.dicts[path]
        if isinstance(template, Type):
            self.a.types.setdefault(path, template)
            obj = Obj(name) if isinstance(template, (Array, List, Dict)) else None
            p = self.param(path, init, name, obj)
            if init is UNDEF:
                self.e.maybe_unbound[p] = name or "?"
            return p if obj is None else self._hold(obj, p)
        if isinstance(template, Once) and template.obj not in self.entry.heap:
            self.a.types.setdefault((*path, "at"), Int())
            obj = Obj()
            self.e.state.heap[obj] = self.contents[obj] = self.param((*path, "at"), init, None)
            return replace(template, obj=obj)
        if isinstance(template, TupleV):
            items = tuple(self._enter_as((*path, k), i, None, init) for k, i in enumerate(template.items))
            return TupleV(items, template.cls)
        if isinstance(template, Seq):
            items = tuple(self._enter_as((*path, k), i, None, init) for k, i in enumerate(template.items))
            return self._hold(self._object(path, name), Seq(items))
        if isinstance(template, Map):
            pairs = zip(template.keys, template.items)
            items = tuple(self._enter_as((*path, k), i, as_name(k), init) for k, i in pairs)
            return self._hold(self._object(path, name), Map(template.keys, items, template.cls))
        return template

    def _object(self, path: Path, name: str | None) -> Obj:
        obj = self.objects[path] = Obj(name)
        return obj

    def _hold(self, obj: Obj, content: Any) -> Ref:
        self.e.state.heap[obj] = self.contents[obj] = content
        return Ref(obj)

    def _template(self, v: Any) -> Any:
        """Return the form of a value: types for numbers and arrays; None if it has none that can be carried."""
        if isinstance(v, (Var, Const)) and isinstance(v.type, NUMERIC):
            return v.type
        if isinstance(v, Const):
            return v
        if isinstance(v, Var) and isinstance(v.type, Str):
            return v.type
        if isinstance(v, Ref):
            c = self.e.state.heap[v.obj]
            if v.obj.traits is not None:
                return None
            if isinstance(c, (Seq, Map)) and not v.place:
                parts = tuple(map(self._template, c.items))
                return None if any(i is None for i in parts) else replace(c, items=parts)
            t = v.type if v.type is not None else c.type if isinstance(c, (Var, Const)) else None
            return t if isinstance(t, (Array, List, Dict)) else None
        if isinstance(v, (Once, GeneratorV)):
            there = v.obj in self.entry.heap or (isinstance(v, Once) and is_from_outside(v.inner, self.entry.heap))
            return v if there else None
        if isinstance(v, TupleV):
            items = tuple(map(self._template, v.items))
            return None if any(i is None for i in items) else TupleV(items, v.cls)
        return None

    def _enter_maybe(self, path: Path, v: Any, name: str | None) -> Any:
        """Enter with what is None in some iterations."""
        parts = split_maybe(self.e, self.e.state, v)
        if parts is None:
            return self._clash(name)
        none, value = parts
        flag = self.param((*path, "none"), none, None)
        if not is_none(value):
            return Maybe(flag, self._enter((*path, "value"), value, name))
        return Maybe(flag, self._enter_as((*path, "value"), self.a.maybe[path], name, value))

    def _enter_content(self, path: Path, c: Any, name: str | None) -> Any:
        if path in self.a.poisoned:
            return self.a.poisoned[path]
        if isinstance(c, Seq):
            if path in self.a.lists:
                self.a.types.setdefault(path, List(self.a.lists[path]))
                return self.param(path, self.e.list_operand(c, self.a.lists[path]), name)
            return Seq(tuple(self._enter((*path, k), i, None) for k, i in enumerate(c.items)))
        if isinstance(c, Map) and path in self.a.dicts:
            self.a.types.setdefault(path, self.a.dicts[path])
            return self.param(path, tables.operand(self.e, c, self.a.dicts[path]), name)
        if isinstance(c, Map):
            return Map(c.keys, tuple(self._enter((*path, k), i, as_name(k)) for k, i in zip(c.keys, c.items)), c.cls)
        if isinstance(c, (Var, Const)):
            return self.param(path, c, name)
        if isinstance(c, Recorded) and path in self.a.recorded:
            return replace(c, earlier=True)
        return c

    def _apply_links(self) -> None:
        state = self.e.state
        for p, q in self.a.links:
            a, b = self._object_at(p), self._object_at(q)
            if a is not None and b is not None:
                state.link(a, b)
        for p, obj in self.a.outer_links:
            a = self._object_at(p)
            if a is not None:
                state.link(a, obj)
        for one, two in self.a.object_links:
            state.link(one, two)

    def _object_at(self, path: Path) -> Obj | None:
        return self.objects.get(path)

    def _clash(self, name: str | None) -> Poison:
        return Clash(
            f"'{name or 'a value'}' changes its kind from one iteration to the next",
            "its type can't be decided at compile time",
            self.s.origin,
            alias=False,
        )

    def _poison(self, path: Path, p: Poison) -> bool:
        self.a.poisoned[path] = p
        return True

    # -- after the loop -------------------------------------------------------------------------------

    def _rebuild(self, path: Path, h: Any, name: str | None) -> Any:
        leaf = self.leaves.get(path)
        if isinstance(h, Poison):
            return h
        if path in self.a.meant:
            return followed.rebuild(self, path, name)
        if path in self.tapes:
            return replace(self.tapes[path], earlier=self.entry.heap[path[1]].earlier)
        if path in self.made:
            return self._made_first(path)
        if leaf is not None:
            assert leaf.out is not None
            if leaf.obj is None:
                return leaf.out
            self.e.state.heap[leaf.obj] = leaf.out
            self._link_target(path, leaf.obj)
            return Ref(leaf.obj)
        if isinstance(h, Maybe):
            none = self._rebuild((*path, "none"), h.none, None)
            return Maybe(none, self._rebuild((*path, "value"), h.value, name))
        if isinstance(h, TupleV):
            return TupleV(tuple(self._rebuild((*path, k), i, None) for k, i in enumerate(h.items)), h.cls)
        if isinstance(h, Seq):
            return Seq(tuple(self._rebuild((*path, k), i, None) for k, i in enumerate(h.items)))
        if isinstance(h, Map):
            return Map(h.keys, tuple(self._rebuild((*path, k), i, None) for k, i in zip(h.keys, h.items)), h.cls)
        if isinstance(h, PlaceV):
            return PlaceV(self._rebuild((*path, "at"), h.at, None), h.among)
        if isinstance(h, Once) and h.obj in self.contents:
            self.e.state.heap[h.obj] = self._rebuild((*path, "at"), self.contents[h.obj], None)
        if isinstance(h, Ref) and h.obj in self.contents:
            self.e.state.heap[h.obj] = self._rebuild(path, self.contents[h.obj], name)
            self._link_target(path, h.obj)
        return h

    def _link_target(self, path: Path, obj: Obj) -> None:
        target = self.targets.get(path)
        if target is not None and target in self.entry.heap:
            self.e.state.link_like(obj, target)

    def _made_first(self, path: Path) -> Any:
        """Return, after the loop, a value that the body bound first."""
        c = self.made[path]
        if isinstance(c, (Poison, Const, Ref)):
            return c
        items = tuple(self._rebuild((*path, k), UNBOUND, None) for k in range(len(c.items)))
        if isinstance(c, TupleV):
            return TupleV(items, c.cls)
        ref: Ref = self.e.new(replace(c, items=items))
        self.objects[path] = ref.obj
        return ref

    def _link_first(self) -> None:
        """Record, after the loop, what the objects that the body bound first may be."""
        state = self.e.state
        others = [*self.targets.items(), *self.first.items(), *self.made_by]
        for path, target in self.first.items():
            mine = self.objects.get(path)
            if mine is None:
                continue
            near = (target, *state.links.get(target, ()))
            for o in near:
                if o in self.entry.heap:
                    state.link(mine, o)
            for q, other in others:
                if q != path and other in near and q in self.objects:
                    state.link(mine, self.objects[q])

    def outer_type(self, t: Type) -> Type:
        """Return the type after the loop: a length that varies is another one there."""
        if isinstance(t, Array):
            return replace(t, dims=tuple(map(self._outer_length, t.dims)))
        if isinstance(t, (Tuple, Record)):
            return replace(t, items=tuple(map(self.outer_type, t.items)))
        if isinstance(t, Dict):
            return Dict(t.key, self.outer_type(t.elem))
        return List(self.outer_type(t.elem)) if isinstance(t, List) else t

    def covers(self, a: Length, b: Length) -> bool:
        """Say whether a length that is assumed may be another one."""
        return a == b or (isinstance(a, Dim) and a.symbol in self.a.general and (not a.nonunit or is_nonunit(b)))

    def _outer_length(self, d: Length) -> Length:
        varies = isinstance(d, Dim) and (d.symbol in self.a.general or d.symbol > self.newest)
        return fresh_dim(is_nonunit(d)) if varies else d


def is_nonunit(d: Any) -> bool:
    return d != 1 if isinstance(d, int) else bool(d.nonunit)
