"""Replace operands in blocks and copy blocks.

Both walk by nesting only. `substitute` keeps every defined value and every untouched node; `clone`
gives each value that the block defines a fresh `Var`, so that the copy may stand beside the original.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import replace

from adgen.ir.nodes import Block, Consume, If, Let, Loop, Operand, Range, Stmt, Var, blocks, operands, walk

Mapping = dict[Var, Operand]


def resolve(a: Operand, mapping: Mapping) -> Operand:
    """Follow replacements to the end; a chain is shortened on the way."""
    if type(a) is not Var or a not in mapping:
        return a
    chain: list[Var] = []
    end: Operand = a
    while isinstance(end, Var) and end in mapping:
        chain.append(end)
        end = mapping[end]
    for v in chain:
        mapping[v] = end
    return end


def resolve_all(xs: tuple[Operand, ...], mapping: Mapping) -> tuple[Operand, ...]:
    """Resolve each operand; the same tuple comes back if nothing changed."""
    for x in xs:
        if x in mapping:
            return tuple([resolve(x, mapping) for x in xs])
    return xs


def count_uses(block: Block) -> Counter[Operand]:
    """Count how often each value is read in a block, as a result too."""
    uses = list(block.results)
    for s in walk(block):
        uses += operands(s)
        if type(s) is not Let:
            for inner in blocks(s):
                uses += inner.results
    return Counter(uses)


def substitute(block: Block, mapping: Mapping) -> Block:
    """Return the block with every use of a mapped value replaced (chains of replacements are followed)."""
    if not mapping:
        return block
    stmts = tuple(_substitute_stmt(s, mapping) for s in block.stmts)
    results = resolve_all(block.results, mapping)
    if results is block.results and all(a is b for a, b in zip(stmts, block.stmts)):
        return block
    return Block(stmts, results)


def _substitute_stmt(s: Stmt, mapping: Mapping) -> Stmt:
    if isinstance(s, Let):
        args = resolve_all(s.args, mapping)
        return s if args is s.args else replace(s, args=args)
    if isinstance(s, If):
        cond, then, orelse = resolve(s.cond, mapping), substitute(s.then, mapping), substitute(s.orelse, mapping)
        if cond is s.cond and then is s.then and orelse is s.orelse:
            return s
        return replace(s, cond=cond, then=then, orelse=orelse)
    header, inits, body = resolve_range(s.range, mapping), resolve_all(s.inits, mapping), substitute(s.body, mapping)
    test = None if s.test is None else substitute(s.test, mapping)
    old_seqs = tuple(c.seq for c in s.consumes)
    seqs = resolve_all(old_seqs, mapping)
    if header is s.range and test is s.test and seqs is old_seqs and inits is s.inits and body is s.body:
        return s
    consumes = tuple(replace(c, seq=seq) for c, seq in zip(s.consumes, seqs))
    return replace(s, range=header, test=test, consumes=consumes, inits=inits, body=body)


def resolve_range(r: Range | None, mapping: Mapping) -> Range | None:
    if r is None:
        return None
    old = (r.start, r.stop, r.step)
    new = resolve_all(old, mapping)
    return r if new is old else Range(*new)


def clone(block: Block, mapping: Mapping) -> Block:
    """Return a copy whose own values are fresh, with other mapped values replaced.

    `mapping` is extended with original value -> fresh value.
    """
    stmts = tuple(_clone_stmt(s, mapping) for s in block.stmts)
    return Block(stmts, tuple(mapping.get(r, r) if isinstance(r, Var) else r for r in block.results))


def _fresh(v: Var, mapping: Mapping) -> Var:
    new = Var(v.type, v.name, v.fixed)
    mapping[v] = new
    return new


def _use(a: Operand, mapping: Mapping) -> Operand:
    return mapping.get(a, a) if isinstance(a, Var) else a


def _clone_stmt(s: Stmt, mapping: Mapping) -> Stmt:
    if isinstance(s, Let):
        args = tuple(_use(a, mapping) for a in s.args)
        return replace(s, args=args, out=_fresh(s.out, mapping))
    if isinstance(s, If):
        cond, then, orelse = _use(s.cond, mapping), clone(s.then, mapping), clone(s.orelse, mapping)
        return replace(s, cond=cond, then=then, orelse=orelse, outs=tuple(_fresh(v, mapping) for v in s.outs))
    r = s.range
    header = None if r is None else Range(_use(r.start, mapping), _use(r.stop, mapping), _use(r.step, mapping))
    seqs = [_use(c.seq, mapping) for c in s.consumes]
    inits = tuple(_use(a, mapping) for a in s.inits)
    index = None if s.index is None else _fresh(s.index, mapping)
    consumes = tuple(Consume(_fresh(c.var, mapping), seq, c.reverse) for c, seq in zip(s.consumes, seqs))
    params = tuple(_fresh(v, mapping) for v in s.params)
    return replace(
        s,
        range=header,
        index=index,
        test=None if s.test is None else clone(s.test, mapping),
        consumes=consumes,
        params=params,
        inits=inits,
        body=clone(s.body, mapping),
        outs=tuple(_fresh(v, mapping) for v in s.outs),
        collects=tuple(_fresh(v, mapping) for v in s.collects),
    )


def map_loops(block: Block, change: Callable[[Loop], Sequence[Stmt]]) -> Block:
    """Return the block with each loop, inner ones first, replaced by what `change` makes of it."""
    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, If):
            then, orelse = map_loops(s.then, change), map_loops(s.orelse, change)
            stmts.append(s if then is s.then and orelse is s.orelse else replace(s, then=then, orelse=orelse))
        elif isinstance(s, Loop):
            body = map_loops(s.body, change)
            stmts.extend(change(s if body is s.body else replace(s, body=body)))
        else:
            stmts.append(s)
    same = len(stmts) == len(block.stmts) and all(a is b for a, b in zip(stmts, block.stmts))
    return block if same else Block(tuple(stmts), block.results)


def map_lets(block: Block, change: Callable[[Let], Let]) -> Block:
    """Return the block with each `Let`, inner ones too, replaced by what `change` makes of it."""
    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, Let):
            stmts.append(change(s))
        elif isinstance(s, If):
            then, orelse = map_lets(s.then, change), map_lets(s.orelse, change)
            stmts.append(s if then is s.then and orelse is s.orelse else replace(s, then=then, orelse=orelse))
        else:
            body = map_lets(s.body, change)
            test = None if s.test is None else map_lets(s.test, change)
            stmts.append(s if body is s.body and test is s.test else replace(s, body=body, test=test))
    same = all(a is b for a, b in zip(stmts, block.stmts))
    return block if same else Block(tuple(stmts), block.results)


def without(block: Block, gone: Container[Stmt]) -> Block:
    """Return the block without some statements, inner ones too."""
    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, Let):
            if s not in gone:
                stmts.append(s)
        elif isinstance(s, If):
            stmts.append(replace(s, then=without(s.then, gone), orelse=without(s.orelse, gone)))
        else:
            test = None if s.test is None else without(s.test, gone)
            stmts.append(replace(s, body=without(s.body, gone), test=test))
    return Block(tuple(stmts), block.results)
