"""From a Python function and the types of its arguments to typed SSA."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from adgen.api.paths import root_of, split_path
from adgen.api.request import NeedsValue
from adgen.errors import AdgenError, AliasError, UsageError
from adgen.frontend.lower import lower
from adgen.frontend.tree import Function
from adgen.infer import known
from adgen.infer.api import earlier, marks, named, outer_sources
from adgen.infer.api.recording import Loose, Retape
from adgen.infer.engine import Engine
from adgen.infer.environment import outside
from adgen.infer.environment.hidden import Hidden, HiddenValue, holds_arrays
from adgen.infer.functions import recursion
from adgen.infer.memory import apart
from adgen.infer.memory.leave import leave, leave_all
from adgen.infer.memory.overwritten import Overwritten
from adgen.infer.structures import tuples
from adgen.infer.structures.objects import refuse_held
from adgen.infer.values import Map, Obj, Poison, Ref, Seq, TupleV
from adgen.ir.build import Builder
from adgen.ir.nodes import Const, Func, Operand, Var
from adgen.ir.source import Source
from adgen.ir.types import Array, Bool, Dict, Int, List, NoneT, Opaque, Record, Str, Type

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
    overwritten: tuple[Overwritten, ...] = ()  # what its names and containers held before, if that was asked for

    def source(self, name: str) -> Source:
        """Return what a name in `wrt` stands for: a parameter on entry, or values that are pinned."""
        return self.params[name] if name in self.params else self.sources[name]


def infer(
    fn: Callable[..., Any],
    types: Sequence[Type],
    statics: Statics,
    setup: Callable[[Engine], None] | None = None,
    asked: marks.Asked = NOTHING,
) -> Program:
    """Type a function for one signature; `asked` are the names that `wrt`, `of` and `stop_gradients` speak of."""
    level, plan = 0, recursion.Plan()
    refused: AliasError | None = None
    lost: Exception | None = None
    while True:
        try:
            return _infer(fn, types, statics, setup, asked, level, plan, refused is not None)
        except Retape as again:
            level = again.level
        except recursion.Replan:
            pass
        except AliasError as error:
            if not (plan.follows or level):
                lost = error
                plan.follows = True
                continue
            if refused is None and level:
                refused = error  # a program that writes through views is right if it takes no gradients of them
                continue
            lost = lost or refused or error
            if level or not plan.unroll(lost):
                raise lost from None
        except (AdgenError, Loose) as error:
            first = lost or refused or error
            if level or not plan.unroll(first):
                raise first from None
            lost = first


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
    loose: bool,
) -> Program:
    tree = lower(fn)
    b = Builder()
    b.shares = not taping
    hidden = Hidden(p.name for p in tree.params)
    e = Engine(b, hidden.enter)
    e.taping, e.plan, e.loose = taping, plan, loose
    if setup is not None:
        setup(e)
    b.open()
    outside.open_cells(e, hidden.enter_cell)
    e.frame = e.push(fn)
    e.active.append(tree)
    e.marks = marks.begin(e, fn, asked, [p.name for p in tree.params])
    given = _enter_all(e, tree, types, statics)
    marks.pin_parts(e)
    entry = dict(e.state.heap)
    entered = {n: e.env[n] for n in given.params}
    if not e.leaves:
        kept = (*map(root_of, asked.sources), *asked.stops)
        changed = [(value, given.params[n]) for n, value in entered.items() if n not in kept]
        e.leave = partial(leave_all, e, changed, entry)
    out = _run(e, tree, fn, asked, plan, given)
    if e.marks.outside:
        outer_sources.finish(e)
        outer_sources.check(e, hidden.shown())
    if not e.state.dead and e.leaves:
        for name, value in entered.items():
            leave(e, value, given.params[name], entry)
    elif not e.state.dead:
        e.leave()
    final = _contents(e, given) if e.leaves else {}
    body = b.close((out,))
    body = replace(body, stmts=(*hidden.opening[0], *body.stmts))
    earlier.check(e.checks, body)
    apart.check_changes(e)
    others = [(h.name, h.var) for h in hidden.shown() if holds_arrays(h.var.type)]
    holding = [r for r in (*given.containers, *hidden.read.values()) if r.shells]
    body = apart.keep_apart(e, body, given.leaves, others, holding)
    hidden.pass_wholes(body)
    func = Func(fn.__name__, (*given.params.values(), *[h.var for h in hidden.shown()]), body)
    return Program(
        func,
        given.params,
        list(hidden.values.values()),
        (*e.callees, *e.anchors),
        tuple(name for name, obj in given.objects.items() if obj in e.written),
        final,
        tuple(e.baked.values()),
        {} if e.state.dead else named.collect(e, func.body, fn),
        (
            *(obj.name or cls.__name__ for obj, cls in apart.written_objects(e)),
            *(p.path for p in plan.outside.values()),
        ),
        tuple(e.overwritten or ()),
    )


@dataclass(slots=True)
class _Given:
    """What the parameters brought in."""

    params: dict[str, Var] = field(default_factory=dict)
    objects: dict[str, Obj] = field(default_factory=dict)  # of those that are arrays, lists, dicts or objects
    leaves: list[apart.Leaf] = field(default_factory=list)
    containers: list[apart.Root] = field(default_factory=list)


def _enter_all(e: Engine, tree: Function, types: Sequence[Type], statics: Statics) -> _Given:
    """Bind the parameters."""
    given = _Given()
    for p, t in zip(tree.params, types):
        v = given.params[p.name] = Var(t, p.name, True)
        if p.name in statics:
            e.env[p.name] = e.constant(statics[p.name])
            continue
        value = _enter(e, v, p.name, p.kind)
        for text, constant in statics.items():
            root, path = split_path(text)
            if root == p.name and not known.is_length(e, value, path):  # which is in the type of its array
                value = marks.change_part(e, value, path, partial(_known, e, constant))
        e.env[p.name] = value  # a parameter in `stop_gradients` is not cut: nothing lies before it
        if isinstance(value, Ref):
            given.objects[p.name] = value.obj
        given.leaves += apart.leaves(e, value, p.name)
        given.containers.append(apart.Root(p.name, v, tuple(apart.shells(e, value, p.name))))
    known_parts = set(map(split_path, statics))
    members = [p for v, p in e.param_of.items() if _is_member(v.type) and split_path(p) not in known_parts]
    if members:  # what a member of an enum decides is decided at compile time
        raise NeedsValue(tuple(members))
    return given


def _run(e: Engine, tree: Function, fn: Any, asked: marks.Asked, plan: recursion.Plan, given: _Given) -> Operand:
    """Run the body; return the result, or what `of` asks for."""
    inside = (n for n in asked.sources if n not in e.marks.outside)
    local = asked.targets or asked.stops or any(split_path(n)[0] not in given.params for n in inside)
    entered_with = dict(e.env)
    e.entries.append(recursion.enter(e, tree, entered_with))
    if recursion.is_summary(e, tree) and not local:
        result = recursion.summarise(e, tree, fn, entered_with)
    else:
        result = e.run(plan.body(tree))
    if asked.targets and not e.state.dead:
        out = named.targets(e, fn)
    else:
        out = e.b.const(None) if e.state.dead or result is None else e.value(tuples.leave(e, result))
    refuse_held(e, out)
    return out


def _known(e: Engine, value: Any, _: Any, rest: tuple[Any, ...]) -> Any:
    assert not rest
    return e.constant(value)


def _contents(e: Engine, given: _Given) -> dict[str, Operand]:
    """Return what the arrays, lists and dicts among the parameters hold at the end, if they were written."""
    final: dict[str, Operand] = {}
    for name, obj in given.objects.items():
        c = e.state.heap[obj]
        if isinstance(c, Poison):  # written through what may be it: those writes stay
            if obj in e.written:
                e.refuse(c)
            linked = [e.state.heap.get(o) for o in e.state.links.get(obj, ())]
            final.update({f"{name} {k}": x for k, x in enumerate(linked) if isinstance(x, (Var, Const))})
        elif obj in e.written and isinstance(given.params[name].type, (Array, List, Dict)):
            final[name] = e.value(Ref(obj))
    return final


def _enter(e: Engine, v: Var, name: str, kind: str) -> Any:
    """Return the abstract value of a parameter."""
    t = v.type
    if isinstance(t, (Int, Bool, Str, NoneT, Opaque)):
        e.param_of[v] = name
    if kind == "**" and not isinstance(t, Record):
        raise UsageError(
            what=f"a type for the parameter `**{name}` as a whole",
            instead="an example of a call: `--example`, or the call itself",
        )
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
    else:
        known.note(e, value, path)
