"""Turn lists that a loop only appends to into what the loop collects.

Assumes verified SSA. A carried list whose one use in the body is `append(list, y)`, once in every iteration, becomes a
collect of y: its derivative is then a list that the backward loop consumes, not one that shrinks item by item.
Lists of constants are made before the loops that read them (`tables.py`).
"""

from __future__ import annotations

from dataclasses import replace

from adgen.ir.nodes import Block, Const, Func, Let, Loop, Operand, Stmt, Var, blocks, operands, walk
from adgen.ir.rewrite import map_loops
from adgen.ir.types import List
from adgen.optimise.tables import make_before
from adgen.rules.registry import REGISTRY


def gather_appends(func: Func) -> Func:
    """Return the function with its appending loops collecting."""
    lets: dict[Var, Let] = {}
    tables: list[Let] = []
    for s in walk(func.body):
        if isinstance(s, Let):
            lets[s.out] = s
            if s.op.name == "make_list" and s.args and all(isinstance(a, Const) for a in s.args):
                tables.append(s)
    body = map_loops(func.body, lambda s: _loop(s, lets))
    if tables:
        body = make_before(body, tables)
    return func if body is func.body else replace(func, body=body)


def _loop(s: Loop, lets: dict[Var, Let]) -> list[Stmt]:
    after: list[Stmt] = []
    k = 0
    while k < len(s.params):
        made = _appends(s, k)
        if made is None:
            k += 1
            continue
        init = s.inits[k]
        first = lets.get(init) if isinstance(init, Var) else None
        empty = first is not None and first.op.name == "make_list" and not first.args
        out = s.outs[k]
        found = out if empty else Var(out.type, out.name)
        if not empty:
            after.append(Let(out, REGISTRY.named("add"), (init, found), origin=s.origin))
        s = _collect(s, k, made, found)
    return [s, *after]


def _appends(s: Loop, k: int) -> Let | None:
    """Return the statement that appends to a carried list, if nothing else reads the list in the loop."""
    p, y = s.params[k], s.yields[k]
    if not isinstance(p.type, List):
        return None
    made = next((t for t in s.body.stmts if isinstance(t, Let) and t.out is y and t.op.name == "append"), None)
    if made is None or made.args[0] is not p:
        return None
    reads = 0
    for t in walk(s.body):
        reads += sum(a is p or a is y for a in operands(t))
        reads += sum(r is p or r is y for b in blocks(t) for r in b.results)
    reads += sum(r is p or r is y for r in s.body.results)
    if s.test is not None and any(a is p for t in walk(s.test) for a in operands(t)):
        return None
    return made if reads == 2 else None  # the append itself, and the yield


def _collect(s: Loop, k: int, made: Let, out: Var) -> Loop:
    n, m = len(s.params), len(s.collects)
    results = s.body.results
    value: Operand = made.args[1]
    kept = (*results[:k], *results[k + 1 : n], *results[n : n + m], value, *results[n + m :])
    body = Block(tuple(t for t in s.body.stmts if t is not made), kept)

    def without(items: tuple[Var, ...]) -> tuple[Var, ...]:
        return (*items[:k], *items[k + 1 :])

    return replace(
        s,
        params=without(s.params),
        inits=(*s.inits[:k], *s.inits[k + 1 :]),
        outs=without(s.outs),
        collects=(*s.collects, out),
        body=body,
    )
