"""What a program reads from outside: arrays and numbers become parameters, texts and structures part of the text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from adgen.api.names import DEFAULTS, steps_of
from adgen.infer.api import outer_sources as sources
from adgen.infer.engine import Engine
from adgen.infer.environment import outside
from adgen.infer.memory import apart
from adgen.infer.values import Map, Obj, Ref, Seq, TupleV
from adgen.ir.build import Region
from adgen.ir.nodes import Block, Var, free_vars
from adgen.ir.types import Array, Bool, Int, List, NoneT, Opaque, Record, Scalar, Str, Tuple, Type
from adgen.rules.typing import type_of_value

Key = tuple[Any, ...]


@dataclass(slots=True)
class HiddenValue:
    """A global or closure value that became a trailing parameter."""

    name: str
    owner: Any
    var: Var
    value: Any = None
    static: bool = False


class Hidden:
    """Gives each value from outside its parameter, once; `names` are those of the other parameters."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = set(names)
        self.values: dict[Key, HiddenValue] = {}
        self.read: dict[Key, apart.Root] = {}
        self.opening: Region = ([], {})  # the parts of what the program reads from outside
        self._wholes: dict[Key, HiddenValue] = {}  # of globals that are part of the text, to be passed if asked for
        self._roots: dict[Key, tuple[Any, dict[Obj, Any]]] = {}

    def enter(self, e: Engine, owner: Any, name: str, value: Any) -> Any:
        """Return the abstract value of what a function reads by a name or path."""
        own = (DEFAULTS, *getattr(owner, "__code__", owner).co_freevars)
        key = (id(owner) if steps_of(name)[0] in own else id(getattr(owner, "__globals__", owner)), name)
        label = name.removeprefix(f"{DEFAULTS}.")
        asked = sources.asked_in(e, owner, name) if e.marks.outside else ()
        if id(value) in e.plan.live:
            sources.refuse_unknown(e, asked)
            if key not in self.values:
                self.values[key] = HiddenValue(name, owner, Var(Opaque(), self._new_name(label), True), value)
                e.b.unsteady.add(self.values[key].var)
            return self.values[key].var
        t = type_of_value(value)
        if _is_text(t) and not asked:
            return self._enter_text(e, key, label, owner, value, t)
        if key not in self.values:
            self._enter_parameter(e, key, label, owner, value, t, asked)
        found, heap = self._roots[key]
        for obj, content in heap.items():  # a loop that runs its body again has forgotten them
            e.state.heap.setdefault(obj, content)
        return found

    def _enter_text(self, e: Engine, key: Key, label: str, owner: Any, value: Any, t: Type) -> Any:
        """Make a value part of the text."""
        name = key[1]
        if key not in self.values:
            self.values[key] = HiddenValue(name, owner, Var(t, _name_of(label)), value, True)
        found = e.constant(value)
        _mark_global(e, found, label)
        if (isinstance(value, (dict, list, tuple)) or hasattr(value, "__dataclass_fields__")) and key not in self.read:
            var = Var(Opaque(), self._new_name(label), True)
            self._wholes[key] = HiddenValue(name, owner, var, value)
            self.read[key] = apart.Root(label, var, tuple(apart.global_shells(value, name)))
        return found

    def _enter_parameter(
        self, e: Engine, key: Key, label: str, owner: Any, value: Any, t: Type, asked: Sequence[str]
    ) -> None:
        shown = self._new_name(label)
        var = Var(t, shown, True)
        self.values[key] = HiddenValue(key[1], owner, var, value)
        before = set(e.state.heap)
        e.b.resume(self.opening)  # a loop that runs its body again forgets what it emitted
        v = sources.pin(e, e.wrap(var, shown), key[1], asked)
        e.b.suspend()
        _mark_global(e, v, label)
        _keep_instances(e, v, value)
        self.read[key] = apart.Root(label, var, tuple(apart.global_shells(value, key[1])))
        self._roots[key] = v, {o: c for o, c in e.state.heap.items() if o not in before}
        e.read_objects.update(self._roots[key][1])

    def enter_cell(self, place: outside.Outside, value: Any) -> Var:
        """Return the parameter for what a name outside holds that the program writes."""
        var = Var(type_of_value(value), self._new_name(place.path), True)
        self.values[id(place.holder), f"{place.name} "] = HiddenValue(place.path, place.owner, var, value)
        return var

    def shown(self) -> list[HiddenValue]:
        return [h for h in self.values.values() if not h.static]

    def pass_wholes(self, body: Block) -> None:
        """Make parameters of those globals in the text that the finished program asks for as a whole."""
        asked_for = free_vars(body)
        for key, whole in self._wholes.items():
            if whole.var in asked_for:
                self.values[*key, "whole"] = whole

    def _new_name(self, path: str) -> str:
        """Return the name of a parameter: a callee's global may have the name of another."""
        base = name = _name_of(path)
        k = 0
        while name in self.names:
            k += 1
            name = f"{base}_{k}"
        self.names.add(name)
        return name


def _name_of(path: str) -> str:
    return re.sub(r"\W+", "_", path).strip("_")


def _is_text(t: Type) -> bool:
    if isinstance(t, Scalar):
        return t.dtype.startswith(("int", "uint", "bool"))
    return isinstance(t, (Str, NoneT, Bool, Int)) or (isinstance(t, (Tuple, Record)) and not holds_arrays(t))


def holds_arrays(t: Type) -> bool:
    if isinstance(t, (Tuple, Record)):
        return any(map(holds_arrays, t.items))
    return isinstance(t, (Array, List))


def _mark_global(e: Engine, v: Any, name: str) -> None:
    if isinstance(v, Ref):
        v.obj.name, v.obj.param = name, "global"
        v = e.state.heap[v.obj]
    if isinstance(v, (TupleV, Seq, Map)):
        for i in v.items:
            _mark_global(e, i, name)


def _keep_instances(e: Engine, v: Any, value: Any) -> None:
    """Remember which objects the program reads through globals: some bring rules for their methods."""
    content = e.state.heap.get(v.obj) if isinstance(v, Ref) else None
    if isinstance(content, Map) and content.cls is not dict:
        e.instances[v.obj] = value
        for k, i in zip(content.keys, content.items):
            _keep_instances(e, i, getattr(value, str(k), None))
