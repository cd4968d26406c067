"""Gradients inside of loops: what an iteration enters with may depend on a source by way of earlier iterations.

The block of an iteration does not have those. So it is noted what must not depend on what, and looked at when the whole
program is there. Where a source is itself what an iteration enters with, it is the very value that the one before left,
or that the loop began with: what was made of that one depends on the source, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adgen.errors import UnsupportedError
from adgen.infer.api.recording import Recorded
from adgen.ir.nodes import Block, If, Let, Loop, Operand, Origin, Stmt, Var, blocks, defs, walk

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


@dataclass(frozen=True, slots=True)
class Check:
    """A gradient in a loop that is wrong if what an iteration enters with depends on the source."""

    entered: tuple[Var, ...]
    source: Var
    origin: Origin | None
    enters: bool = False  # the source is what an iteration enters with


def note(
    e: Engine,
    now: Recorded,
    cuts: set[Var],
    results: Sequence[Operand],
    sources: Sequence[Var],
    stops: Sequence[Var],
) -> None:
    """Take note of what must not depend on the sources by way of earlier iterations of the loops around."""
    from adgen.transform.joined import depends
    from adgen.transform.splice import inputs_of, visible_block

    around = [(depth, leaves) for depth, leaves in e.around if depth > (now.start or (now.begun, 0))[0]]
    if not around:
        return
    block = visible_block(e.b, now.has)
    needed = inputs_of(block, results, cuts)
    inner: set[Var] = set()
    inits = {leaf.param: leaf.init for _, leaves in around for leaf in leaves.values()}
    for depth, leaves in reversed(around):
        params = {leaf.param for leaf in leaves.values()}
        inner |= params
        for d, _, _, s in e.b.visible():
            if d >= depth:
                inner.update(defs(s))
        entered = tuple(p for p in params if p in needed and p not in sources and p not in stops)
        for x in sources:
            if entered and x not in inner:
                e.checks.append(Check(entered, x, e.origin))
    for x in sources:
        same = _same((s for *_, s in e.b.visible()), x, inits)
        began = {v for v in same if v not in inner}
        read = [inits.get(v, v) for v in needed if v not in same and (v in inits or v not in inner)]
        if same & inits.keys() and (any(v in began for v in read) or depends(block, began, cuts | same, read)):
            raise _refusal(x, e.origin)
        entered = tuple(p for p in inits if p in needed and p not in same and p not in stops)
        e.checks += [Check(entered, p, e.origin, True) for p in same if p in inits and entered]


def _same(stmts: Iterable[Stmt], v: Operand, inits: Mapping[Var, Operand] | None = None) -> set[Var]:
    """Return what a value may be the very one of, as branches and loops hand it through."""
    links: dict[Var, Sequence[Operand]] = {p: (init,) for p, init in (inits or {}).items()}
    _link(stmts, links)
    found: set[Var] = set()
    pending = [v]
    while pending:
        one = pending.pop()
        if isinstance(one, Var) and one not in found:
            found.add(one)
            pending += links.get(one, ())
    return found


def _link(stmts: Iterable[Stmt], links: dict[Var, Sequence[Operand]]) -> None:
    for s in stmts:
        if isinstance(s, Let):
            if s.op.name == "bound":
                links[s.out] = s.args[:1]
            continue
        for b in blocks(s):
            _link(b.stmts, links)
        if isinstance(s, If):
            links.update({out: sides for out, *sides in zip(s.outs, s.then.results, s.orelse.results)})
        else:
            links.update({p: ends for p, *ends in zip(s.params, s.inits, s.yields)})
            links.update({out: ends for out, *ends in zip(s.outs, s.inits, s.yields)})


def check(checks: Sequence[Check], body: Block) -> None:
    """Refuse gradients that would miss what came through earlier iterations; called with the whole program."""
    if not checks:
        return
    loop_of = {p: s for s in walk(body) if isinstance(s, Loop) for p in s.params}
    for c in checks:
        entered = [p for p in c.entered if p in loop_of]
        found = _missed(c, entered, loop_of, body) if entered else None
        if found is not None:
            raise _refusal(found, c.origin)


def _missed(c: Check, entered: Sequence[Var], loop_of: Mapping[Var, Loop], body: Block) -> Var | None:
    """Return what depends on a source by way of an earlier iteration."""
    from adgen.transform.activity import Varied
    from adgen.transform.joined import depends

    if c.enters and c.source not in loop_of:
        return None
    if c.enters:
        s = loop_of[c.source]
        last = _same(s.body.stmts, s.yields[s.params.index(c.source)])
        if c.source not in last:  # each iteration makes it anew: only what that one makes of it is in question
            entered = [p for p in entered if p in s.params]
            made = [s.yields[s.params.index(p)] for p in entered]
            return next((p for p, y in zip(entered, made) if y in last or depends(s.body, last, (), (y,))), None)
    varied = Varied(Block(body.stmts, ()), [c.source])
    return next((p for p in entered if p in varied), None)


def _refusal(v: Var, origin: Origin | None) -> UnsupportedError:
    name = v.name or "a value"
    return UnsupportedError(
        what=f"a gradient inside a loop, where '{name}' depends on the source by way of earlier iterations",
        why="an iteration knows only what it recorded itself",
        instead="ask for the gradient after the loop, or record and ask inside of it",
        origin=origin,
    )
