"""Sources in the midst of a program: each pin gets a perturbation, which is zero.

The gradient of a pinned value is that of what is added to it there. `perturb` makes what is added a source like a
parameter: at top level a value, in a loop an item of a list that the loop consumes beside its own. So branches and
loops hand its cotangent on as they do any other, and an iteration gives an item of the gradient. `unperturb` takes
it out of the forward part again, where it never was.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Consume, If, Index, Let, Loop, Operand, Stmt, Var
from adgen.ir.source import Item, Many, Source, Tree, leaves
from adgen.ir.types import List, NoneT, Tuple


def perturb(block: Block, pins: Collection[Var]) -> tuple[Block, dict[Var, Var], set[Var]]:
    """Return the block with perturbed pins; what is added to each, as it is outside the block; all that was added."""
    found: dict[Var, Var] = {}
    every: set[Var] = set()
    stmts = tuple(_statement(s, pins, found, every) for s in block.stmts)
    return (Block(stmts, block.results) if found else block), found, every


def _statement(s: Stmt, pins: Collection[Var], found: dict[Var, Var], every: set[Var]) -> Stmt:
    if isinstance(s, Let):
        if s.out not in pins or s.op.name != "pin":
            return s
        found[s.out] = added = Var(s.out.type, s.out.name, True)
        every.add(added)
        return replace(s, args=(*s.args[:2], added))
    if isinstance(s, If):
        then, a, more = perturb(s.then, pins)
        orelse, b, others = perturb(s.orelse, pins)
        every |= more | others
        found |= a | b
        return replace(s, then=then, orelse=orelse) if a or b else s
    body, inner, more = perturb(s.body, pins)
    if not inner:
        return s
    every |= more
    consumes = list(s.consumes)
    for pin, item in inner.items():
        found[pin] = rows = Var(List(item.type), item.name, True)
        every.add(rows)
        consumes.append(Consume(item, rows))
    return replace(s, body=body, consumes=tuple(consumes))


def unperturb(block: Block, added: Collection[Var]) -> Block:
    """Return a block as it was before `perturb`."""
    if not added:
        return block
    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, If):
            s = replace(s, then=unperturb(s.then, added), orelse=unperturb(s.orelse, added))
        elif isinstance(s, Loop):
            consumes = tuple(c for c in s.consumes if c.var not in added)
            s = replace(s, body=unperturb(s.body, added), consumes=consumes)
        elif s.out in added:
            continue
        elif s.op.name == "pin" and s.args[-1] in added:
            s = replace(s, args=s.args[:2])
        stmts.append(s)
    return Block(tuple(stmts), block.results)


def pins_at_top(block: Block, pins: Collection[Var]) -> list[Var]:
    return [s.out for s in block.stmts if isinstance(s, Let) and s.out in pins]


def gather(b: Builder, source: Source, gradients: dict[Var, Operand]) -> Operand:
    """Return the gradient of a source in its structure; None where no leaf has one."""
    if isinstance(source, Var):
        return gradients[source]
    if isinstance(source, Item):
        return _item(b, gradients[source.of], source.steps)
    if isinstance(source, Many):
        return _gather_many(b, source, gradients)
    if not isinstance(source, Tree):
        return b.const(None)
    items = [gather(b, i, gradients) for i in source.items]
    if all(isinstance(i.type, NoneT) for i in items):
        return b.const(None)
    return make_structure(b, source.cls, source.keys, items)


def _gather_many(b: Builder, source: Many, gradients: dict[Var, Operand]) -> Operand:
    """Turn lists of gradients of leaves into the list of gradients of structures."""
    if source.depth == 0:
        return gather(b, source.each, gradients)
    rows = {v: gradients[v] for v in leaves(source.each) if not isinstance(gradients[v].type, NoneT)}
    if not rows:
        return b.const(None)
    items = {v: Var(g.type.elem if isinstance(g.type, List) else g.type, v.name) for v, g in rows.items()}
    b.open()
    one = _gather_many(b, Many(source.each, source.depth - 1), {**gradients, **items})
    made = Var(List(one.type), None)
    consumes = tuple(Consume(items[v], g) for v, g in rows.items())
    b.append(Loop(None, None, None, consumes, (), (), b.close((one,)), (), (made,), origin=b.origin, adjoint=True))
    return made


def make_structure(b: Builder, cls: type, keys: tuple[object, ...], items: list[Operand]) -> Operand:
    """Make a tuple, list, dict or object."""
    from adgen.ir.types import Record
    from adgen.transform.cotangents import make_record

    if cls is tuple:
        return b.call("make_tuple", *items)
    if cls is list:
        return b.call("make_list", *items)
    return make_record(b, Record(cls, keys, tuple(i.type for i in items)), items)


def _item(b: Builder, gradient: Operand, steps: Iterable[object]) -> Operand:
    for k in steps:
        t = gradient.type
        if isinstance(t, NoneT):
            return gradient
        if isinstance(t, List):
            gradient = b.load(gradient, (Index((k,)),), ())
        elif isinstance(t, Tuple):
            gradient = b.call("item", gradient, b.const(k))
        else:
            gradient = b.load(gradient, (Index((k,)),), ())
    return gradient
