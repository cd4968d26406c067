"""Which values must be None where they are not defined.

A value that is undefined on one path may be passed on there, to nobody who reads it. Passing it on under its own
name needs no statement; an assignment to another name would raise, so it must be bound: to None.
"""

from __future__ import annotations

from collections.abc import Iterator

from adgen.emit.names import Names
from adgen.ir.absent import reached
from adgen.ir.live import Overlay
from adgen.ir.nodes import Func, If, Let, Loop, Operand, Stmt, Var, blocks, defs, walk
from adgen.ir.types import NoneT, Undef


def find_unbound(func: Func, overlay: Overlay, names: Names) -> set[Var]:
    """Return the values to bind to None on the paths that leave them undefined."""
    flows = [(v, overlay.resolve(a)) for v, a in flows_of(func)]
    checked = {
        a
        for s in walk(func.body)
        if isinstance(s, Let) and s.op.name == "bound"
        for a in s.args[:1]
        if isinstance(a, Var)
    }
    starts = {v for v, a in flows if isinstance(a.type, Undef)}
    if not starts:
        return starts
    edges = [(v, a) for v, a in flows if isinstance(a, Var)]
    undefined = spread(edges, starts)
    result = func.body.results[0]
    aside = [s for s in walk(func.body) if not isinstance(s, Let) or s.out is not result]
    saved = {a for s in aside for a in _saved(s) if a in undefined}
    kept = spread([(a, v) for v, a in edges], checked)  # what raises when it is unbound
    read: set[str] = set()
    for v, a in edges:
        if a in undefined and a not in overlay.folded and v in names.classes and names.of(v) != names.of(a):
            read.add(names.of(a))
    read_by_name = {v for v in starts if v in names.classes and names.of(v) in read}
    kept_for_later = {names.of(v) for v in saved if v in names.classes}
    read_by_name |= _stale(func, names, edges, {v for v in starts & kept if v in names.classes})
    return read_by_name | {v for v in starts if v in names.classes and names.of(v) in kept_for_later}


def _stale(func: Func, names: Names, edges: list[tuple[Var, Var]], checked: set[Var]) -> set[Var]:
    """Return values that are checked to be bound, and whose name may hold another value where they are not."""
    if not checked:
        return checked
    inside = {v for s in walk(func.body) if isinstance(s, Loop) for t in walk(s.body) for v in _joined(t)}
    both = [*edges, *((b, a) for a, b in edges)]
    by_name: dict[str, list[Var]] = {}
    for v in names.classes:
        by_name.setdefault(names.of(v), []).append(v)
    found = {v for v in checked if v in inside}
    backward = [(a, v) for v, a in edges]
    for s in walk(func.body):
        for v in checked.intersection(_joined(s)) - found:
            own = {w for b in blocks(s) for t in walk(b) for w in defs(t)}
            before = spread(backward, {v}) - own - {v, *(s.params if isinstance(s, Loop) else ())}
            if any(w in names.classes and names.of(w) == names.of(v) for w in before):
                found.add(v)  # the name has what one of the paths passes on already
    for v in checked - found:
        mine = by_name[names.of(v)]
        near = spread([(b, a) for a, b in both if b in mine or a in mine], {v})
        if any(w not in near for w in mine):
            found.add(v)
    return found


def _joined(s: Stmt) -> tuple[Var, ...]:
    """Return what a statement joins of several paths."""
    return () if isinstance(s, Let) else s.outs


def undefined_values(func: Func) -> set[Var]:
    """Return the values that are undefined on some path."""
    flows = list(flows_of(func))
    starts = {v for v, a in flows if isinstance(a.type, Undef)}
    return spread([(v, a) for v, a in flows if isinstance(a, Var)], starts) if starts else starts


def flows_of(func: Func) -> Iterator[tuple[Var, Operand]]:
    """Yield what joins pass on: to what, and from what."""
    for s in walk(func.body):
        if isinstance(s, If):
            for side in (s.then, s.orelse):
                yield from zip(s.outs, side.results)
        elif isinstance(s, Loop):
            yield from zip(s.params, s.inits)
            yield from zip(s.params, s.yields)
            yield from zip(s.outs, s.params)


def _saved(s: Stmt) -> tuple[Operand, ...]:
    """Return what a statement only puts aside, or looks at: it may be undefined, and nobody asks for it then."""
    if isinstance(s, Loop):
        return s.collected
    if isinstance(s, Let) and s.op.name == "is_" and isinstance(s.args[1].type, NoneT):
        return s.args[:1]
    return s.args if isinstance(s, Let) and s.op.name == "make_tuple" else ()


def spread(edges: list[tuple[Var, Var]], start: set[Var]) -> set[Var]:
    """Return `start` and every value that one of it flows to; `edges` are (to, from)."""
    onward: dict[Operand, list[Var]] = {}
    for to, source in edges:
        onward.setdefault(source, []).append(to)
    return reached(start, onward)
