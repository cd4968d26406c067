"""`adgen.gradients` and `adgen.GradientTape`: they are compiled away where they stand.

What a tape records is a set of SSA values: the statements of its block. A gradient is spliced in by
`transform/splice.py` and is an ordinary value from there on. A program with tapes is typed without sharing equal
expressions (`Retape` starts it anew): `a = 2 * x` and `b = 2 * x` are two sources, and what was computed before a tape
is not on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from adgen.errors import TypeMismatchError, UnsupportedError, UsageError
from adgen.frontend import tree
from adgen.infer import weights
from adgen.infer.values import ManagerV, Map, Maybe, Poison, Ref, Seq, TapeV, TupleV
from adgen.ir.nodes import Block, Const, If, Loop, Operand, Origin, Stmt, Var, defs, walk
from adgen.ir.types import Array, Bool, Int, NoneT, Str, dims_of, is_floating

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

METHODS = ("gradient", "watch", "reset", "stop_recording")


class Retape(Exception):
    """The program takes gradients of its own values: it must be typed as one that does."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a tape has recorded: the statements that define `values`, and if it is open those from `start` on."""

    values: frozenset[Var] = frozenset()
    start: tuple[int, int] | None = None  # depth of the region, and place in it
    begun: int = 0  # depth of the region where recording began
    watched: tuple[Var, ...] = ()

    def has(self, depth: int, k: int, s: Stmt) -> bool:
        if self.start is not None and (depth > self.start[0] or (depth == self.start[0] and k >= self.start[1])):
            return True
        return bool(self.values) and any(v in self.values for v in defs(s))


@dataclass(frozen=True, slots=True)
class Check:
    """A gradient in a loop that is wrong if what an iteration enters with depends on the source."""

    entered: tuple[Var, ...]
    source: Var
    origin: Origin | None


def begin(e: Engine) -> None:
    if not e.taping:
        raise Retape


# -- names that gradients are asked of ------------------------------------------------------------------


def names_asked(e: Engine, function: tree.Function) -> frozenset[str]:
    known = e.asked.get(id(function))
    if known is None:
        known = e.asked[id(function)] = find_names(function)
    return known


def find_names(function: tree.Function) -> frozenset[str]:
    """Return the names that a function hands to gradients: each of them is to be a value of its own."""
    made: dict[str, list[tree.Assign]] = {}
    for s in tree.walk(function.body):
        if isinstance(s, tree.Assign):
            made.setdefault(s.target, []).append(s)
    asked: set[str] = set()

    def takes_gradients(name: object) -> bool:
        return any(
            s.op in ("getattr", "free") and s.data in ("gradient", "gradients", "watch")
            for s in made.get(name, ())  # type: ignore[call-overload]
        )

    def collect(a: tree.Operand) -> None:
        if not isinstance(a, str) or a in asked:
            return
        asked.add(a)
        for s in made.get(a, ()):
            if s.op in ("tuple", "list", "dict", "copy"):
                for inner in s.args:
                    collect(inner)

    for group in made.values():
        for s in group:
            if s.op == "call" and takes_gradients(s.args[0]):
                for a in s.args[1:]:
                    collect(a)
    return frozenset(asked)


def keep_apart(e: Engine, name: str, value: Any) -> Any:
    """Return what a name is bound to: a number known at compile time, or a view, as a value of its own."""
    if name.startswith("%") or not e.active or name not in names_asked(e, e.active[-1]):
        return value
    if isinstance(value, Const):
        return _named(e, value, name) if is_floating(value.type) else value
    if isinstance(value, TupleV):
        return TupleV(tuple(keep_apart(e, name, i) for i in value.items), value.cls)
    if isinstance(value, Ref) and value.place and isinstance(value.type, Array):
        made = e.new(_named(e, e.value(value), name), name)
        e.state.link_like(made.obj, value.obj)  # it shares memory with it: a write to either is seen, or refused
        return made
    if isinstance(value, Ref) and not value.place:
        c = e.state.heap.get(value.obj)
        if isinstance(c, (Seq, Map)) and any(isinstance(i, Const) and is_floating(i.type) for i in c.items):
            items = tuple(keep_apart(e, name, i) if isinstance(i, Const) else i for i in c.items)
            e.state.heap[value.obj] = Seq(items) if isinstance(c, Seq) else Map(c.keys, items, c.cls)
    return value


def _named(e: Engine, v: Operand, name: str | None) -> Operand:
    return e.b.emit(e.row("named"), (v,), type=v.type, **e.hint(name))


# -- tapes ----------------------------------------------------------------------------------------------


def make_tape(e: Engine, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    begin(e)
    given = dict(zip(("persistent", "watch_accessed_variables"), args, strict=False)) | dict(kwargs)
    persistent = e.static(given.pop("persistent", e.b.const(False)), "whether a tape is persistent")
    watches = e.static(given.pop("watch_accessed_variables", e.b.const(True)), "whether a tape watches everything")
    if given:
        raise UsageError(what=f"GradientTape() has no argument '{next(iter(given))}'", origin=e.origin)
    tape = e.new(Recorded())
    return TapeV(tape.obj, bool(persistent), bool(watches))


def run_tape(e: Engine, tape: TapeV, body: Callable[[Any], None]) -> None:
    """Run the block of `with tape:`."""
    now = _state(e, tape)
    if now.start is not None:
        raise UsageError(what="a tape that is entered while it records", origin=e.origin)
    place = e.b.place()
    e.state.heap[tape.obj] = replace(now, start=place, begun=place[0])
    body(tape)
    if not e.state.dead:
        _stop(e, tape)


def _state(e: Engine, tape: TapeV) -> Recorded:
    c = e.content(tape.obj)
    assert isinstance(c, Recorded)
    return c


def _stop(e: Engine, tape: TapeV) -> None:
    now = e.state.heap[tape.obj]
    if isinstance(now, Recorded) and now.start is not None:
        found = {v for depth, _, k, s in e.b.visible() if now.has(depth, k, s) for v in defs(s)}
        e.state.heap[tape.obj] = replace(now, values=now.values | found, start=None)


def call_method(e: Engine, tape: TapeV, name: str, args: Sequence[Any], kwargs: dict[str, Any], hint: Any) -> Any:
    if name not in METHODS:
        raise UnsupportedError(
            what=f"the method '{name}' of a tape",
            why=f"those that compile are {', '.join(METHODS)}",
            instead="use adgen.jacobian or another derivative around the function",
            origin=e.origin,
        )
    now = _state(e, tape)
    if name == "watch":
        (x,) = (*args, *kwargs.values())
        _watch(e, tape, x)
        return e.b.const(None)
    if name == "gradient":
        return _tape_gradient(e, tape, now, args, kwargs, hint)
    if now.start is None or now.start[0] != e.b.place()[0]:
        raise UnsupportedError(
            what=f"{name}() of a tape",
            why="it stands in a branch or loop of the tape's block, or outside of it",
            instead="call it in the block itself",
            origin=e.origin,
        )
    if name == "reset":
        e.state.heap[tape.obj] = replace(now, values=frozenset(), start=e.b.place())
        return e.b.const(None)

    def paused(body: Callable[[Any], None]) -> None:
        _stop(e, tape)
        body(e.b.const(None))
        c = e.state.heap.get(tape.obj)
        if isinstance(c, Recorded) and not e.state.dead:
            e.state.heap[tape.obj] = replace(c, start=e.b.place())

    return ManagerV(None, around=paused)


def _watch(e: Engine, tape: TapeV, x: Any) -> None:
    """Make values sources of their own from here on, under every name that they have."""
    found: list[Var] = []
    for v in _leaves(e, x):
        if isinstance(v, Ref):
            if v.place:
                raise UnsupportedError(
                    what="watch() of a part of an array or list", instead="give the part a name first", origin=e.origin
                )
            old = e.content(v.obj)
            _require_floating(e, old, "watch()")
            if old in _state(e, tape).watched:
                continue
            new = _named(e, old, v.obj.name)
            e.state.heap[v.obj] = new
        else:
            _require_floating(e, v, "watch()")
            if isinstance(v, Const) or v in _state(e, tape).watched:
                continue
            new = _named(e, v, v.name)
            replace_value(e, v, new)
        if isinstance(new, Var):
            found.append(new)
    now = _state(e, tape)
    e.state.heap[tape.obj] = replace(now, watched=(*now.watched, *found))


def replace_value(e: Engine, old: Var, new: Operand) -> None:
    """Let everything that has a value have another one."""

    def other(v: Any) -> Any:
        if v is old:
            return new
        if isinstance(v, TupleV):
            return TupleV(tuple(map(other, v.items)), v.cls)
        if isinstance(v, Maybe):
            return Maybe(v.none, other(v.value))
        return v

    for names in e.state.frames.values():
        for n, v in names.items():
            names[n] = other(v)
    for obj, c in e.state.heap.items():
        if isinstance(c, (Seq, Map)) and any(other(i) is not i for i in c.items):
            items = tuple(map(other, c.items))
            e.state.heap[obj] = Seq(items) if isinstance(c, Seq) else Map(c.keys, items, c.cls)


def _tape_gradient(
    e: Engine, tape: TapeV, now: Recorded, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]
) -> Any:
    names = ("target", "sources", "output_gradients", "unconnected_gradients")
    given = _bind(e, "tape.gradient()", names, args, kwargs)
    target, sources = given["target"], given["sources"]
    _stop_for_gradient(e, tape)
    lost = now.values and not {v for _, _, _, s in e.b.visible() for v in defs(s)} >= now.values
    if lost:
        raise UnsupportedError(
            what="a gradient of a tape that was recorded in a loop or branch which has ended",
            why="the values on it are not there any more",
            instead="ask for the gradient inside that loop or branch",
            origin=e.origin,
        )
    only = None if tape.watches else now.watched
    return _gradient(e, now, target, sources, given, (), hint, only)


def _stop_for_gradient(e: Engine, tape: TapeV) -> None:
    """A tape that is not persistent answers once."""
    if tape.persistent:
        return
    e.state.heap[tape.obj] = Poison(
        "a second gradient of a tape that is not persistent",
        "it gave up what it recorded with the first one; GradientTape(persistent=True) answers any number of times",
        e.origin,
        alias=False,
    )
    e.resized[tape.obj] = e.resized.get(tape.obj, 0) + 1


def gradients(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    """`adgen.gradients(ys, xs)`: everything before it is recorded."""
    begin(e)
    names = ("ys", "xs", "output_gradients", "stop_gradients", "unconnected_gradients")
    given = _bind(e, "gradients()", names, args, kwargs)
    stops = [s for s in _operands_of(e, given.get("stop_gradients")) if isinstance(s, Var)]
    return _gradient(e, Recorded(start=(0, 0)), given["ys"], given["xs"], given, stops, hint, None)


def _bind(
    e: Engine, what: str, names: tuple[str, ...], args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    given = dict(zip(names, args, strict=False)) | dict(kwargs)
    wrong = [n for n in given if n not in names] or [n for n in names[:2] if n not in given]
    if wrong or len(args) > len(names):
        raise UsageError(what=f"{what} takes ({', '.join(names)})", origin=e.origin)
    unconnected = e.static(given.get("unconnected_gradients", e.b.const("none")), "unconnected_gradients")
    if unconnected not in ("none", "zero"):
        raise UsageError(what=f"unconnected_gradients is 'none' or 'zero', not {unconnected!r}", origin=e.origin)
    given["unconnected_gradients"] = unconnected
    return given


# -- one gradient -----------------------------------------------------------------------------------------


def _gradient(
    e: Engine, now: Recorded, ys: Any, xs: Any, given: Mapping[str, Any], stops: Sequence[Var],
    hint: dict[str, Any], only: Sequence[Var] | None,
) -> Any:  # fmt: skip
    from adgen.transform.splice import depends, splice, visible_block

    leaves = _leaves(e, xs)
    if len(leaves) == 1 and leaves[0] is xs:
        _require_floating(e, _content(e, xs), "the source of a gradient")
    targets = _targets(e, ys, given.get("output_gradients"))
    if not targets:
        raise TypeMismatchError(what="the target of a gradient holds no floating-point value", origin=e.origin)
    sources = [v for v in (_content(e, x) for x in leaves) if isinstance(v, Var) and is_floating(v.type)]
    block = visible_block(e.b, now.has)
    results = [y for y, _ in targets]
    for x in leaves:
        if isinstance(x, Ref) and not x.place:
            _refuse_written(e, x, block, results)
    if only is not None:
        sources = [v for v in sources if v in only or depends(block, only, (), (v,))]
    _check_loops(e, now, results, sources, stops)
    found, rules = splice(e.b, now.has, targets, sources, stops, given["unconnected_gradients"])
    _keep_rules(e, rules)
    by_source = dict(zip(sources, found))
    return _in_structure(e, xs, by_source, given["unconnected_gradients"], hint)


def _keep_rules(e: Engine, rules: Sequence[Any]) -> None:
    from adgen.api.request import Baked

    for r in rules:
        if isinstance(r, Baked):
            e.baked.setdefault((id(r.owner), r.name), (r.name, r.owner, r.value))
        elif not (getattr(r, "__module__", None) or "").startswith("adgen."):
            e.callees.setdefault(r)


def _content(e: Engine, x: Any) -> Any:
    """Return the value of a leaf as it is now."""
    if isinstance(x, Ref):
        return e.value(x) if x.place else settled(e, e.content(x.obj))
    return settled(e, x)


def _leaves(e: Engine, x: Any) -> list[Any]:
    """Return the numbers, arrays and lists of unknown length in a value."""
    if isinstance(x, Maybe):
        raise UnsupportedError(
            what="a gradient of or with respect to what may be None", instead="test it first", origin=e.origin
        )
    items: Sequence[Any] | None = None
    if isinstance(x, TupleV):
        items = x.items
    elif isinstance(x, Ref) and not x.place:
        c = e.content(x.obj)
        items = c.items if isinstance(c, (Seq, Map)) else None
    if items is not None:
        return [leaf for i in items for leaf in _leaves(e, i)]
    if not isinstance(x, (Var, Const, Ref)):
        raise UnsupportedError(
            what="a gradient of or with respect to something that is no number, array or structure of them",
            origin=e.origin,
        )
    return [x]


def _operands_of(e: Engine, x: Any) -> list[Operand]:
    return [] if x is None else [_content(e, v) for v in _leaves(e, x)]


def _require_floating(e: Engine, v: Operand, what: str) -> None:
    if not is_floating(v.type):
        kind = "an int" if isinstance(v.type, Int) else "a bool" if isinstance(v.type, Bool) else str(v.type)
        cure = "make it floating point: 3.0 instead of 3, x.astype(float)"
        raise TypeMismatchError(
            what=f"{what} is {'a string' if isinstance(v.type, Str) else kind}, which has no derivative",
            instead=cure,
            origin=e.origin,
        )


def _targets(e: Engine, ys: Any, seeds: Any) -> list[tuple[Operand, Operand | None]]:
    """Return the targets with the gradients that they start with."""
    if weights.is_none(e, seeds):
        return [(y, None) for y in _operands_of(e, ys) if is_floating(y.type)]
    parts = weights.items_of(e, ys)
    if parts is not None:
        found = weights.match(e, seeds, parts, f"targets {', '.join(map(repr, parts))}")
        return [t for k, y in parts.items() for t in _targets(e, y, found[k])]
    (y,) = _operands_of(e, ys)
    if not is_floating(y.type):
        return []
    s = weights.as_number(e, seeds, y.type, y)
    return [(y, s if dims_of(s.type) == dims_of(y.type) else e.b.call("as_seed", s, y))]


def _refuse_written(e: Engine, x: Ref, block: Block, results: Sequence[Operand]) -> None:
    """Refuse an array that was written after a target was computed from it: which of its values is meant?"""
    from adgen.transform.splice import depends

    now = settled(e, e.content(x.obj))
    before = older(e, now)
    if before and depends(block, before, (now,) if isinstance(now, Var) else (), results):
        raise UnsupportedError(
            what=f"a gradient with respect to '{x.obj.name or 'an array'}', which was written after it was used",
            why="the target depends on what was in it before",
            instead="ask before the write, or write into a copy",
            origin=e.origin,
        )


def settled(e: Engine, v: Operand) -> Operand:
    """Return the value that loops and branches only hand through."""
    return _source_of([s for *_, s in e.b.visible()], v)


def _source_of(stmts: Sequence[Stmt], v: Operand) -> Operand:
    made = {out: (s, k) for s in stmts if isinstance(s, (If, Loop)) for k, out in enumerate(s.outs)}
    while isinstance(v, Var) and v in made:
        s, k = made[v]
        if isinstance(s, Loop):
            unchanged = _source_of(s.body.stmts, s.yields[k]) is s.params[k]
            found = s.inits[k]
        else:
            found = _source_of(s.then.stmts, s.then.results[k])
            unchanged = found is _source_of(s.orelse.stmts, s.orelse.results[k])
        if not unchanged:
            break
        v = found
    return v


def older(e: Engine, v: Operand) -> set[Var]:
    """Return what an array has been before the writes that made it what it is."""
    made: dict[Var, Sequence[Operand]] = {}
    for _, leaves in e.around:
        made.update({leaf.param: (leaf.init,) for leaf in leaves.values()})

    def collect(s: Stmt) -> None:
        if isinstance(s, Loop):
            made.update({out: (init,) for out, init in zip(s.outs, s.inits)})
        elif isinstance(s, If):
            for side in (s.then, s.orelse):
                for t in side.stmts:
                    collect(t)
            made.update({out: sides for out, *sides in zip(s.outs, s.then.results, s.orelse.results)})
        elif s.op.name == "update":
            made[s.out] = s.args[:1]

    for *_, s in e.b.visible():
        collect(s)
    found: set[Var] = set()
    pending = [v]
    while pending:
        for a in made.get(pending.pop(), ()):  # type: ignore[arg-type]
            if isinstance(a, Var) and a not in found:
                found.add(a)
                pending.append(a)
    return found


def _check_loops(
    e: Engine, now: Recorded, results: Sequence[Operand], sources: Sequence[Var], stops: Sequence[Var]
) -> None:
    """Take note of what must not depend on the sources by way of earlier iterations of the loops around."""
    from adgen.transform.splice import inputs_of

    around = [(depth, leaves) for depth, leaves in e.around if depth > (now.start or (now.begun, 0))[0]]
    if not around:
        return
    needed = inputs_of(e.b, now.has, results)
    inner: set[Var] = set()
    for depth, leaves in reversed(around):
        params = {leaf.param for leaf in leaves.values()}
        inner |= params
        for d, _, _, s in e.b.visible():
            if d > depth:
                inner.update(defs(s))
        entered = tuple(p for p in params if p in needed and p not in sources and p not in stops)
        for x in sources:
            if entered and x not in inner:
                e.checks.append(Check(entered, x, e.origin))


def check(checks: Sequence[Check], body: Block) -> None:
    """Refuse gradients that would miss what came through earlier iterations; called with the whole program."""
    from adgen.transform.activity import Varied

    if not checks:
        return
    params = {p for s in walk(body) if isinstance(s, Loop) for p in s.params}
    for c in checks:
        entered = [p for p in c.entered if p in params]
        if entered and any(p in Varied(Block(body.stmts, ()), [c.source]) for p in entered):
            name = next((p.name for p in entered if p.name), "a value")
            raise UnsupportedError(
                what=f"a gradient inside a loop, where '{name}' depends on the source by way of earlier iterations",
                why="an iteration knows only what it recorded itself",
                instead="ask for the gradient after the loop, or record and ask inside of it",
                origin=c.origin,
            )


def _in_structure(e: Engine, x: Any, found: Mapping[Var, Operand], unconnected: str, hint: dict[str, Any]) -> Any:
    """Return the gradients in the structure of the sources."""
    if isinstance(x, TupleV):
        return TupleV(tuple(_in_structure(e, i, found, unconnected, {}) for i in x.items), x.cls)
    if isinstance(x, Ref) and not x.place:
        c = e.content(x.obj)
        if isinstance(c, (Seq, Map)):
            items = tuple(_in_structure(e, i, found, unconnected, {}) for i in c.items)
            return e.new(Seq(items) if isinstance(c, Seq) else Map(c.keys, items, c.cls))
    v = _content(e, x)
    g = found.get(v) if isinstance(v, Var) else None
    if g is None or isinstance(g.type, NoneT):
        if unconnected == "zero" and is_floating(v.type):
            return e.wrap(_zero(e, v))
        return e.b.const(None)
    if hint and isinstance(g, Var) and (g.name or "").startswith("d_"):
        g.name, g.fixed = hint["name"], True
    return e.wrap(g, hint.get("name"))


def _zero(e: Engine, v: Operand) -> Operand:
    from adgen.transform.cotangents import Cotangents

    return Cotangents(e.b).zero(v)
