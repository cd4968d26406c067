"""Sources that are lists which a program made: each item is a value that has uses beside being in the list.

After `for k in range(n): h = np.tanh(h @ w); hs.append(h)` the gradient by `hs` is that by each h, as a tape holds one
tensor for each iteration. `find_items` says where the items of a list come from; `perturb_items` adds a perturbation
to each value where a loop makes it, as `sources.py` does for tags: the list of these has the list of gradients.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from adgen.errors import UnsupportedError
from adgen.infer.api.recording import hands_on
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Const, Consume, If, Index, Let, Loop, Operand, Stmt, Var, blocks, defs, operands, walk
from adgen.ir.rewrite import substitute
from adgen.ir.source import Label
from adgen.ir.types import Dict, List, NoneT, Opaque, Record, Tuple, is_floating
from adgen.rules.registry import REGISTRY
from adgen.transform.cotangents import Cotangents
from adgen.transform.joined import depends

HOLDERS = (List, Dict, Tuple, Record)


@dataclass(frozen=True, slots=True)
class Grown:
    """Items that a loop adds to a list, one in each iteration; `out` is the list as it leaves it."""

    out: Var


Items = tuple[Operand | Grown, ...]
"""Where the items of a list come from, in order."""


def find_items(block: Block, v: Var) -> Items | None:
    """Return where a list has its items from; None where that can't be said, or where an item has uses elsewhere."""
    made = {out: s for s in block.stmts for out in defs(s)}
    found: list[Operand | Grown] = []
    now: Operand = v
    while isinstance(now, Var):
        s = made.get(now)
        if isinstance(s, Let) and s.op.name == "make_list":
            return (*s.args, *reversed(found))
        if isinstance(s, Let) and s.op.name == "append":
            found.append(s.args[1])
            now = s.args[0]
        elif isinstance(s, Let) and s.op.name == "bound":
            now = s.args[0]
        elif isinstance(s, Loop) and _place(block, s, now) is not None:
            found.append(Grown(now))
            if now in s.collects:
                return tuple(reversed(found))
            now = s.inits[s.outs.index(now)]
        else:
            return None
    return None


def is_shared(block: Block, v: Var, cuts: set[Var], values: Iterable[Operand]) -> bool:
    """Say whether some of the values, or items of a list themselves, depend on an item other than through the list."""
    held = [w for w in _holds(block, v) if not isinstance(w.type, HOLDERS)]
    taken = {s.args[0] for s in walk(block) if isinstance(s, Let) and s.out in held and hands_on(s)}
    if taken and depends(block, [a for a in taken if isinstance(a, Var)], cuts.union((v,), held), list(values)):
        return True
    if depends(block, held, cuts | {v}, list(values)):
        return True
    for s in walk(block):
        if isinstance(s, Loop):
            made = [w for w in held if any(w in defs(t) for t in s.body.stmts)]
            carried = [p for p, y in zip(s.params, s.yields) if depends(s.body, made, (), (y,))]
            if made and depends(s.body, carried, (), made):
                return True
    return False


def enters(block: Block, v: Var, entered: Collection[Var], cuts: set[Var], values: Iterable[Operand]) -> bool:
    """Say whether a list holds what earlier iterations of an open loop put there, and values may depend on those."""
    return not _holds(block, v).isdisjoint(entered) and depends(block, entered, cuts | {v}, list(values))


@dataclass(slots=True)
class Perturbed:
    """What `perturb_items` has added to a block."""

    rows: dict[Var, Var] = field(default_factory=dict)  # for a list that a loop leaves, the list of perturbations
    added: set[Var] = field(default_factory=set)
    pinned: dict[Var, Operand] = field(default_factory=dict)  # the perturbed values, and what they were

    def undo(self, s: Stmt) -> Stmt:
        """Return a statement without what was added."""
        if isinstance(s, Loop) and any(c.var in self.added for c in s.consumes):
            body = substitute(s.body, self.pinned)
            body = Block(
                tuple(t for t in body.stmts if not (isinstance(t, Let) and t.out in self.pinned)), body.results
            )
            s = replace(s, body=body, consumes=tuple(c for c in s.consumes if c.var not in self.added))
        return s


def perturb_items(block: Block, lists: Iterable[Items]) -> tuple[Block, Perturbed]:
    """Return the block with a perturbation of each item that a loop adds.

    Assumes items that `find_items` found in the block.
    """
    found = Perturbed()
    rows, added = found.rows, found.added
    stmts = list(block.stmts)
    for grown in (i for items in lists for i in items if isinstance(i, Grown)):
        if grown.out in rows:
            continue
        k = next(k for k, s in enumerate(stmts) if isinstance(s, Loop) and grown.out in defs(s))
        s = stmts[k]
        assert isinstance(s, Loop)
        y = _added(s, grown.out)
        at = _place(block, s, grown.out)
        assert isinstance(y, Var) and at is not None
        item, pinned = Var(y.type, y.name, True), Var(y.type, y.name, True)
        rows[grown.out] = Var(List(y.type), y.name, True)
        pin = Let(pinned, REGISTRY.named("pin"), (y, Const(Label(y.name or "", "item"), Opaque()), item))
        rest = substitute(Block(s.body.stmts[at:], s.body.results), {y: pinned})
        body = Block((*s.body.stmts[:at], pin, *rest.stmts), rest.results)
        stmts[k] = replace(s, body=body, consumes=(*s.consumes, Consume(item, rows[grown.out])))
        added |= {item, rows[grown.out]}
        found.pinned[pinned] = y
    return Block(tuple(stmts), block.results), found


def item_values(block: Block, items: Items) -> set[Var]:
    """Return the values that a list has as its items."""
    loops = {out: s for s in block.stmts if isinstance(s, Loop) for out in defs(s)}
    found = [_added(loops[i.out], i.out) if isinstance(i, Grown) else i for i in items]
    return {v for v in found if isinstance(v, Var)}


def gather_items(b: Builder, v: Var, items: Items, gradients: Mapping[Var, Operand], unconnected: str) -> Operand:
    """Return the list of gradients of a list's items; None if no item has one."""
    parts = [i.out if isinstance(i, Grown) else i for i in items]
    found = [gradients[i] if isinstance(i, Var) and i in gradients else b.const(None) for i in parts]
    missing = [isinstance(g.type, NoneT) for g in found]
    zeros = Cotangents(b)
    if all(missing):
        return zeros.zero(v) if unconnected == "zero" else b.const(None)
    grown = [isinstance(i, Grown) for i in items]
    if not any(g and m for g, m in zip(grown, missing)):
        whole: Operand = b.call("make_list")
        for i, g, is_grown, none in zip(parts, found, grown, missing):
            whole = b.call("add", whole, g) if is_grown else b.call("append", whole, zeros.zero(i) if none else g)
        return whole
    if sum(grown) > 1:
        name = v.name or "a list"
        raise UnsupportedError(
            what=f"a gradient with respect to '{name}', of which one loop added what is used, another not",
            instead="a list for each of the loops",
            origin=b.origin,
        )
    whole = zeros.zero(v)
    at = grown.index(True)
    for k, (g, none) in enumerate(zip(found, missing)):
        if not none:
            whole = b.update(whole, g, (Index((k if k < at else k - len(items),)),), (), "set")
    return whole


def _holds(block: Block, v: Var) -> set[Var]:
    """Return the values that a list or dict may hold, and what holds them on their way there."""
    links: dict[Var, list[Operand]] = {}
    for s in walk(block):
        if isinstance(s, Let):
            links[s.out] = list(s.args)
        elif isinstance(s, If):
            links.update({out: list(ends) for out, *ends in zip(s.outs, s.then.results, s.orelse.results)})
        else:
            links.update({p: list(ends) for p, *ends in zip(s.params, s.inits, s.yields)})
            links.update({out: list(ends) for out, *ends in zip(s.outs, s.inits, s.yields)})
            links.update({out: [y] for out, y in zip(s.collects, s.collected)})
    found: set[Var] = set()
    pending: list[Operand] = [v]
    while pending:
        one = pending.pop()
        if isinstance(one, Var) and one not in found and is_floating(one.type):
            found.add(one)
            pending += links.get(one, ()) if isinstance(one.type, HOLDERS) else ()
    return found


def _added(s: Loop, out: Var) -> Operand | None:
    """Return what a loop adds to a list in each iteration, and only there."""
    if out in s.collects:
        return s.collected[s.collects.index(out)]
    k = s.outs.index(out)
    made = next((t for t in s.body.stmts if isinstance(t, Let) and t.out is s.yields[k]), None)
    return made.args[1] if made is not None and made.op.name == "append" and made.args[0] is s.params[k] else None


def _place(block: Block, s: Loop, out: Var) -> int | None:
    """Return the place in a loop's body from where on a perturbed item stands for the item in all its uses."""
    y = _added(s, out)
    if not isinstance(y, Var) or not is_floating(y.type) or isinstance(y.type, HOLDERS):
        return None
    if y in s.params:  # the value that the iteration before has made
        k = s.params.index(y)
        init = s.inits[k]
        alone = not isinstance(init, Var) or _uses([block], init) == 1
        return 0 if alone and _uses([s.body], s.yields[k]) == 1 else None
    if any(c.var is y for c in s.consumes):
        return None
    at = next((k for k, t in enumerate(s.body.stmts) if y in defs(t)), None)
    return at + 1 if at is not None and _is_new(s.body, s.body.stmts[at], y) else None


def _is_new(block: Block, s: Stmt, y: Var) -> bool:
    """Say whether a value is made by a statement of a block, and is no value that has other uses."""
    if isinstance(s, Let):
        if s.op.name in ("pin", "named", "bound"):
            return _is_own(block, s.args[0])
        return not hands_on(s)
    if isinstance(s, If):
        k = s.outs.index(y)
        return all(_is_own(side, side.results[k]) for side in (s.then, s.orelse))
    if y not in s.outs:
        return False
    k = s.outs.index(y)
    return not isinstance(s.inits[k], Var) and _is_own(s.body, s.yields[k])


def _is_own(block: Block, r: Operand) -> bool:
    """Say whether a value is made in a block by a plain statement, for one use."""
    if not isinstance(r, Var):
        return True
    made = next((t for t in block.stmts if isinstance(t, Let) and t.out is r), None)
    return made is not None and _is_new(block, made, r) and _uses([block], r) == 1


def _uses(inside: Collection[Block], v: Operand) -> int:
    """Return how often a value is read in blocks."""
    found = 0
    for b in inside:
        found += sum(r is v for r in b.results)
        for s in walk(b):
            found += sum(a is v for a in operands(s)) + sum(r is v for c in blocks(s) for r in c.results)
    return found
