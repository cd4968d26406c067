"""Values that exist on one path only: what a branch saved is None on the other path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from adgen.ir.nodes import Block, If, Let, Loop, Operand, Stmt, Var, walk
from adgen.ir.types import Array, Dict, List, NoneT, Tuple, Type, Undef, is_scalar


def find_absent(body: Block) -> set[Var]:
    """Return the values that may be None: what was saved of one path, on another one."""
    return _spread(body, (NoneT,))


def find_undefined(body: Block) -> set[Var]:
    """Return the values that may not be defined."""
    return _spread(body, (NoneT, Undef)) | _unfilled(body)


KEPT = frozenset({"mul", "update", "append", "insert", "without", "add", "copy", "reversed_list", "getitem"})


def _unfilled(body: Block) -> set[Var]:
    """Return lists of arrays or lists that begin with None in some places, and their items as they are read."""
    lists: set[Var] = set()
    onward: dict[Operand, list[Var]] = {}
    reads: list[Let] = []
    for s in walk(body):
        if isinstance(s, Let):
            if s.op.name in ("make_list", "append", "insert") and any(
                isinstance(a.type, (NoneT, Undef)) for a in s.args
            ):
                lists.add(s.out)
            if s.op.name in KEPT and isinstance(s.out.type, List):
                for a in s.args[:2]:
                    onward.setdefault(a, []).append(s.out)
            if s.op.name == "getitem" and isinstance(s.out.type, (Array, Dict, List)):
                reads.append(s)
        elif isinstance(s, Loop):
            lists.update(v for v, a in zip(s.collects, s.collected) if isinstance(a.type, (NoneT, Undef)))
        if not isinstance(s, Let):
            for v, a in _flows(s):
                onward.setdefault(a, []).append(v)
    work = list(lists)
    while work:
        for v in onward.get(work.pop(), ()):
            if v not in lists:
                lists.add(v)
                work.append(v)
    items = {s.out for s in reads if s.args[0] in lists}
    return items | {v for v in lists if isinstance(v.type, List) and not is_scalar(v.type.elem)}


def find_one_sided(body: Block) -> dict[Var, set[tuple[Operand, int]]]:
    """Return the outs of branches that a side does not define, with the condition and that side."""
    found: dict[Var, set[tuple[Operand, int]]] = {}
    for s in walk(body):
        if isinstance(s, If) and not s.raises:
            for side, block in enumerate((s.then, s.orelse)):
                for v, a in zip(s.outs, block.results):
                    if isinstance(a.type, (NoneT, Undef)):
                        found.setdefault(v, set()).add((s.decided, side))
    return found


HOLDERS = frozenset({"make_tuple", "make_list", "make_record", "append", "reversed_list"})
READS = frozenset({"getitem", "item"})


def _flows(s: Stmt) -> list[tuple[Var, Operand]]:
    """Return what a statement hands on to what; a container may lack what one of its items lacks."""
    if isinstance(s, Let):
        if s.op.name in HOLDERS:
            return [(s.out, a) for a in s.args]
        return [(s.out, s.args[0])] if s.op.name in READS and isinstance(s.out.type, (Array, Dict, List, Tuple)) else []
    if isinstance(s, If):
        return [*zip(s.outs, s.then.results), *(() if s.raises else zip(s.outs, s.orelse.results))]
    carried = [*zip(s.params, s.inits), *zip(s.params, s.yields), *zip(s.outs, s.params)]
    return [*carried, *zip(s.collects, s.collected), *((c.var, c.seq) for c in s.consumes)]


def _is_collected(s: Stmt, v: Var) -> bool:
    return isinstance(s, Loop) and v in s.collects


def _spread(body: Block, missing: tuple[type[Type], ...]) -> set[Var]:
    found: set[Var] = set()
    onward: dict[Operand, list[Var]] = {}
    for s in walk(body):
        for v, a in _flows(s):
            onward.setdefault(a, []).append(v)
            if isinstance(a.type, missing) and not isinstance(s, Let) and not _is_collected(s, v):
                found.add(v)
    return reached(found, onward)


def reached(start: Iterable[Var], onward: Mapping[Operand, Sequence[Var]]) -> set[Var]:
    """Return values with all that they flow to, one step or many."""
    found = set(start)
    work = list(found)
    while work:
        for v in onward.get(work.pop(), ()):
            if v not in found:
                found.add(v)
                work.append(v)
    return found
