"""From a Python function and the types of its arguments to typed SSA."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from adgen.api.names import DEFAULTS, steps_of
from adgen.api.paths import root_of, split_path
from adgen.api.request import NeedsValue
from adgen.errors import UnsupportedError
from adgen.frontend.lower import lower
from adgen.infer import apart, earlier, marks, named, outside, recursion, tuples
from adgen.infer.engine import Engine
from adgen.infer.leave import leave, leave_objects
from adgen.infer.objects import refuse_held
from adgen.infer.recording import Retape
from adgen.infer.values import Map, Obj, Poison, Ref, Seq, TupleV
from adgen.ir.build import Builder, Region
from adgen.ir.nodes import Const, Func, Operand, Var, free_vars
from adgen.ir.source import Source
from adgen.ir.types import Array, Bool, Dict, Int, List, NoneT, Opaque, Record, Str, Tuple, Type
from adgen.rules.typing import type_of_value

NOTHING = marks.Asked()
Statics = Mapping[str, Any]
"""What is known by value: parameters, and parts of them by their paths."""


@dataclass(slots=True)
class Program:
    """A typed function, with what the derivative passes need to know of it."""

    func: Func
    params: dict[str, Var]
    hidden: list[HiddenValue] = field(default_factory=list)
    callees: tuple[Any, ...] = ()
    written: tuple[str, ...] = ()  # parameters whose arrays the program writes
    final: dict[str, Operand] = field(default_factory=dict)  # their content at the end
    baked: tuple[tuple[str, Any, Any], ...] = ()  # globals (name, owner, value) that rules of users read
    sources: dict[str, Source] = field(default_factory=dict)  # values in its midst that `wrt` names
    changes: tuple[str, ...] = ()  # what it changes of objects passed in

    def source(self, name: str) -> Source:
        """Return what a name in `wrt` stands for: a parameter on entry, or values that are pinned."""
        return self.params[name] if name in self.params else self.sources[name]


@dataclass(slots=True)
class HiddenValue:
    """A global or closure value that became a trailing parameter."""

    name: str
    owner: Any
    var: Var
    value: Any = None
    static: bool = False


def infer(
    fn: Callable[..., Any],
    types: Sequence[Type],
    statics: Statics,
    setup: Callable[[Engine], None] | None = None,
    asked: marks.Asked = NOTHING,
) -> Program:
    """Type a function for one signature; `asked` are the names that `wrt`, `of` and `stop_gradients` speak of."""
    level, plan = 0, recursion.Plan()
    while True:
        try:
            return _infer(fn, types, statics, setup, asked, level, plan)
        except Retape as again:
            level = again.level
        except recursion.Replan:
            pass


def _is_member(t: Type) -> bool:
    return isinstance(t, Opaque) and t.cls is not None and issubclass(t.cls, enum.Enum)


def _infer(
    fn: Callable[..., Any],
    types: Sequence[Type],
    statics: Statics,
    setup: Callable[[Engine], None] | None,
    asked: marks.Asked,
    taping: int,
    plan: recursion.Plan,
) -> Program:
    tree = lower(fn)
    b = Builder()
    b.shares = not taping
    hidden: dict[tuple[int, str], HiddenValue] = {}
    read: dict[tuple[int, str], apart.Root] = {}
    wholes: dict[tuple[int, str], HiddenValue] = {}  # of globals that are part of the text, to be passed if asked for
    names = {p.name for p in tree.params}

    def hide(e: Engine, owner: Any, name: str, value: Any) -> Any:
        own = (DEFAULTS, *getattr(owner, "__code__", owner).co_freevars)
        key = (id(owner) if steps_of(name)[0] in own else id(getattr(owner, "__globals__", owner)), name)
        label = name.removeprefix(f"{DEFAULTS}.")
        if id(value) in plan.live:
            if key not in hidden:
                hidden[key] = HiddenValue(name, owner, Var(Opaque(), _new_name(label, names), True), value)
                e.b.unsteady.add(hidden[key].var)
            return hidden[key].var
        t, shown = type_of_value(value), _name_of(label)
        if (
            isinstance(t, (Str, NoneT, Bool))
            or (isinstance(t, (Tuple, Record)) and not _has_arrays(t))
            or isinstance(t, Int)
        ):
            if key not in hidden:
                hidden[key] = HiddenValue(name, owner, Var(t, shown), value, True)
            found = e.constant(value)
            _mark_global(e, found, label)
            if isinstance(value, (dict, list, tuple)) and key not in read:
                wholes[key] = HiddenValue(name, owner, Var(Opaque(), _new_name(label, names), True), value)
                read[key] = apart.Root(label, wholes[key].var, tuple(apart.global_shells(value, name)))
            return found
        if key not in hidden:
            shown = _new_name(label, names)
            hidden[key] = HiddenValue(name, owner, Var(t, shown, True), value)
            before = set(e.state.heap)
            e.b.resume(opening)  # a loop that runs its body again forgets what it emitted
            v = e.wrap(hidden[key].var, shown)
            e.b.suspend()
            _mark_global(e, v, label)
            _keep_instances(e, v, value)
            read[key] = apart.Root(label, hidden[key].var, tuple(apart.global_shells(value, name)))
            roots[key] = v, {o: c for o, c in e.state.heap.items() if o not in before}
            e.read_objects.update(roots[key][1])
        value, heap = roots[key]
        for obj, content in heap.items():  # a loop that runs its body again has forgotten them
            e.state.heap.setdefault(obj, content)
        return value

    roots: dict[tuple[int, str], tuple[Any, dict[Obj, Any]]] = {}
    opening: Region = ([], {})  # the parts of what the program reads from outside
    e = Engine(b, hide)
    e.taping, e.plan = taping, plan
    if setup is not None:
        setup(e)
    b.open()

    def enter(place: outside.Outside, value: Any) -> Var:
        var = Var(type_of_value(value), _new_name(place.path, names), True)
        hidden[id(place.holder), f"{place.name} "] = HiddenValue(place.path, place.owner, var, value)
        return var

    outside.open_cells(e, enter)
    frame = e.push(fn)
    e.frame = frame
    e.active.append(tree)
    e.marks = marks.begin(e, fn, asked, [p.name for p in tree.params])
    params: dict[str, Var] = {}
    objects: dict[str, Obj] = {}
    leaves: list[apart.Leaf] = []
    containers: list[apart.Root] = []
    for p, t in zip(tree.params, types):
        v = Var(t, p.name, True)
        params[p.name] = v
        if p.name in statics:
            e.env[p.name] = e.constant(statics[p.name])
            continue
        value = _enter(e, v, p.name, p.kind)
        for text, known in statics.items():
            root, path = split_path(text)
            if root == p.name:
                value = marks.change_part(e, value, path, partial(_known, e, known))
        e.env[p.name] = value  # a parameter in `stop_gradients` is not cut: nothing lies before it
        if isinstance(value, Ref):
            objects[p.name] = value.obj
        leaves += apart.leaves(e, value, p.name)
        containers.append(apart.Root(p.name, v, tuple(apart.shells(e, value, p.name))))
    known_parts = set(map(split_path, statics))
    members = [p for v, p in e.param_of.items() if _is_member(v.type) and split_path(p) not in known_parts]
    if members:  # what a member of an enum decides is decided at compile time
        raise NeedsValue(tuple(members))
    marks.pin_parts(e)
    entry = dict(e.state.heap)
    entered = {n: e.env[n] for n in params}
    local = asked.targets or asked.stops or any(split_path(n)[0] not in params for n in asked.sources)
    entered_with = dict(e.env)
    e.entries.append(recursion.enter(e, tree, entered_with))
    if recursion.is_summary(e, tree) and not local:
        result = recursion.summarise(e, tree, fn, entered_with)
    else:
        result = e.run(plan.body(tree))
    if e.state.dead:
        result = None
    out = named.targets(e, fn) if asked.targets and not e.state.dead else None
    if out is None:
        out = e.value(tuples.leave(e, result) if result is not None else b.const(None))
    refuse_held(e, out)
    if not e.state.dead:
        kept = () if e.leaves else (*map(root_of, asked.sources), *asked.stops)
        for name, value in entered.items():
            if e.leaves:
                leave(e, value, params[name], entry)
            elif name not in kept:
                leave_objects(e, value, params[name], entry)
    final = _contents(e, objects, params) if e.leaves else {}
    body = b.close((out,))
    body = replace(body, stmts=(*opening[0], *body.stmts))
    earlier.check(e.checks, body)
    apart.check_changes(e)
    shown = [h for h in hidden.values() if not h.static]
    others = [(h.name, h.var) for h in shown if isinstance(h.var.type, (Array, List))]
    holding = [r for r in (*containers, *read.values()) if r.shells]
    body = apart.keep_apart(e, body, leaves, others, holding)
    asked_for = free_vars(body)
    for key, whole in wholes.items():
        if whole.var in asked_for:
            hidden[*key, "whole"] = whole  # type: ignore[index]
            shown.append(whole)
    func = Func(fn.__name__, (*params.values(), *[h.var for h in shown]), body)
    return Program(
        func,
        params,
        list(hidden.values()),
        (*e.callees, *e.anchors),
        tuple(objects_written(e, objects)),
        final,
        tuple(e.baked.values()),
        {} if e.state.dead else named.collect(e, func.body, fn),
        (
            *(obj.name or cls.__name__ for obj, cls in apart.written_objects(e)),
            *(p.path for p in plan.outside.values()),
        ),
    )


def _name_of(path: str) -> str:
    return re.sub(r"\W+", "_", path).strip("_")


def _new_name(path: str, names: set[str]) -> str:
    """Return the name of a parameter for what is read from outside: a callee's global may have the name of another."""
    base = name = _name_of(path)
    k = 0
    while name in names:
        k += 1
        name = f"{base}_{k}"
    names.add(name)
    return name


def _known(e: Engine, value: Any, _: Any, rest: tuple[Any, ...]) -> Any:
    assert not rest
    return e.constant(value)


def _contents(e: Engine, objects: Mapping[str, Obj], params: Mapping[str, Var]) -> dict[str, Operand]:
    """Return what the arrays, lists and dicts among the parameters hold at the end, if they were written."""
    final: dict[str, Operand] = {}
    for name, obj in objects.items():
        c = e.state.heap[obj]
        if isinstance(c, Poison):  # written through what may be it: those writes stay
            if obj in e.written:
                e.refuse(c)
            linked = [e.state.heap.get(o) for o in e.state.links.get(obj, ())]
            final.update({f"{name} {k}": x for k, x in enumerate(linked) if isinstance(x, (Var, Const))})
        elif obj in e.written and isinstance(params[name].type, (Array, List, Dict)):
            final[name] = e.value(Ref(obj))
    return final


def objects_written(e: Engine, objects: Mapping[str, Obj]) -> list[str]:
    return [name for name, obj in objects.items() if obj in e.written]


def _has_arrays(t: Type) -> bool:
    if isinstance(t, (Tuple, Record)):
        return any(map(_has_arrays, t.items))
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


def _enter(e: Engine, v: Var, name: str, kind: str) -> Any:
    """Return the abstract value of a parameter."""
    t = v.type
    if isinstance(t, (Int, Bool, Str, NoneT, Opaque)):
        e.param_of[v] = name
    if kind == "**" and not isinstance(t, Record):
        raise UnsupportedError(what=f"the parameter `**{name}`", origin=e.origin)
    value = e.wrap(v, name)
    _adopt(e, value, name, name)
    return value


def _adopt(e: Engine, value: Any, name: str, path: str) -> None:
    """Mark what a parameter holds as the caller's; number leaves can be asked for by value."""
    if isinstance(value, Ref):
        value.obj.param = "param"
        value.obj.name = value.obj.name or name
        value = e.state.heap[value.obj]
    if isinstance(value, (TupleV, Seq, Map)):
        for part, i in marks.parts(value):
            _adopt(e, i, name, f"{path}{part}")
    elif isinstance(value, Var) and isinstance(value.type, (Int, Bool, Str, NoneT, Opaque)):
        e.param_of[value] = path
