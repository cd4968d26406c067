"""Join a loop or branch that only saves with the one that reads what it saved.

The gradient of `for i in range(n): s += f(x[i])` needs nothing of the forward loop but what its backward loop reads.
Each backward iteration computes that itself, with the same operations: nothing is saved, and one loop is left. The
same holds for a branch and the backward branch on its condition.

Assumes derived code before `own`, without dead parts. Guarantees that each operation runs as often as before. What has
effects stays where it is, as does what reads an array that is written later (keeping its old state costs a copy), or
hands a value from one iteration to the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from adgen.ir.build import Builder
from adgen.ir.nodes import (
    CHANGES,
    Block,
    Consume,
    Func,
    If,
    Let,
    Loop,
    Operand,
    Range,
    Stmt,
    Var,
    blocks,
    bound,
    defs,
    free_vars,
    has_effects,
    operands,
    walk,
)
from adgen.ir.rewrite import Mapping, map_lets, resolve, resolve_all, resolve_range, substitute
from adgen.ir.types import Bool, Int, Scalar
from adgen.optimise.dce import eliminate_dead, is_same_range


def fuse(func: Func) -> Func:
    """Return the function with such loops and branches joined."""
    if not _may_fuse(func.body):
        return func
    body = _Fuser(func).block(func.body)
    return func if body is func.body else eliminate_dead(replace(func, body=body))


def _may_fuse(block: Block) -> bool:
    """Say whether two regions follow each other anywhere."""
    regions = [s for s in block.stmts if type(s) is not Let]
    return len(regions) > 1 or any(_may_fuse(b) for s in regions for b in blocks(s))


class _Fuser:
    def __init__(self, func: Func) -> None:
        self.func = func
        self._overwritten: set[Operand] | None = None
        self._reads: dict[Stmt, Iterable[Operand]] = {}

    def block(self, block: Block) -> Block:
        stmts = list(block.stmts)
        for first in reversed(block.stmts):
            if type(first) is not Let:
                self._join(first, stmts, block.results)
        stmts = [s if type(s) is Let else self._inner(s) for s in stmts]
        same = len(stmts) == len(block.stmts) and all(a is b for a, b in zip(stmts, block.stmts))
        return block if same else Block(tuple(stmts), block.results)

    def _inner(self, s: Stmt) -> Stmt:
        if isinstance(s, If):
            then, orelse = self.block(s.then), self.block(s.orelse)
            return s if then is s.then and orelse is s.orelse else replace(s, then=then, orelse=orelse)
        if isinstance(s, Loop):
            body = self.block(s.body)
            return s if body is s.body else replace(s, body=body)
        return s

    def _join(self, first: If | Loop, stmts: list[Stmt], results: Sequence[Operand]) -> None:
        """Move a region into the later one of `stmts` that alone reads what it gives."""
        at = stmts.index(first)
        given = set(defs(first))
        if not given.isdisjoint(results) or not any(_fits(first, t) for t in stmts[at + 1 :]):
            return
        readers = [k for k in range(at + 1, len(stmts)) if not given.isdisjoint(self.reads(stmts[k]))]
        if len(readers) != 1 or not is_pure(first):
            return
        second = stmts[readers[0]]
        joined: Stmt | None = None
        if isinstance(first, If) and isinstance(second, If):
            joined = _join_branches(first, second)
        elif isinstance(first, Loop) and isinstance(second, Loop):
            joined = _join_loops(first, second, stmts[:at])
        if joined is None or any(has_effects(s) for s in stmts[at + 1 : readers[0]]):
            return
        if self._overwritten is None:
            self._overwritten = find_overwritten(self.func.body)
        if not self._overwritten.isdisjoint(self.reads(first)):
            return
        stmts[readers[0]] = joined
        del stmts[at]

    def reads(self, s: Stmt) -> Iterable[Operand]:
        """Return what a statement reads, its blocks included."""
        if type(s) is Let:
            return s.args
        found = self._reads.get(s)
        if found is None:
            inner = [v for b in blocks(s) for v in free_vars(b)]
            found = self._reads[s] = frozenset((*operands(s), *inner))
        return found


def _fits(first: Stmt, second: Stmt) -> bool:
    """Say whether two regions may be joined, as far as that is seen at once."""
    if isinstance(first, If) and isinstance(second, If):
        return first.cond is second.cond
    return isinstance(first, Loop) and isinstance(second, Loop) and second.adjoint and not first.adjoint


def is_pure(s: Stmt) -> bool:
    """Say whether it makes no difference when and where a region runs."""
    if isinstance(s, Let):
        return s.op.effect == "pure" and not s.guarded
    if isinstance(s, If) and s.catch:
        return False
    return all(is_pure(t) for b in blocks(s) for t in b.stmts)


def _join_branches(first: If, second: If) -> If | None:
    if first.cond is not second.cond or second.catch:
        return None
    sides = []
    for a, b in ((first.then, second.then), (first.orelse, second.orelse)):
        moved = substitute(b, dict(zip(first.outs, a.results)))
        sides.append(merge_equal(Block((*_as_derived(a), *moved.stmts), moved.results)))
    return replace(second, then=sides[0], orelse=sides[1])


def _join_loops(first: Loop, second: Loop, before: Sequence[Stmt]) -> Loop | None:
    """Return the second loop with the first one's body in it, if it walks what that collects and nothing else of it."""
    if not second.adjoint or first.test or second.test or first.stops or second.stops:
        return None
    same = _find_same(first)
    if same is None:
        return None
    at = {q: k for k, q in enumerate(first.collects)}
    walked = [c for c in second.consumes if c.seq in at]
    turned = walked[0].reverse if walked else False
    if any(c.reverse != turned for c in walked) or not _has_one_length(first, before):
        return None
    if not walked and (first.consumes or second.range is None):
        return None  # nothing says that both run equally often
    outside = {*operands(second)} - {c.seq for c in walked}
    if not outside.isdisjoint((*at, *same)) or not free_vars(second.body).keys().isdisjoint(at):
        return None
    mapping: Mapping = {c.var: first.collected[at[c.seq]] for c in walked}  # type: ignore[index]
    mapping.update(same)
    header, index, backwards = first.range, first.index, first.backwards != turned
    if second.range is not None:
        if first.range is None or not is_same_range(first.range, second.range) or second.backwards != backwards:
            return None
        if second.index is not None and index is not None:
            mapping[index] = second.index
        index = second.index or index
    others = [c for c in second.consumes if c not in walked]
    consumes = (*[Consume(c.var, c.seq, c.reverse != turned) for c in first.consumes], *others)
    body = substitute(Block((*_as_derived(first.body), *second.body.stmts), second.body.results), mapping)
    return replace(second, range=header, index=index, backwards=backwards, consumes=consumes, body=merge_equal(body))


def _find_same(s: Loop) -> Mapping | None:
    """Return what a loop hands out behind it, if no iteration reads that and each makes it anew, all the same."""
    read = {*free_vars(s.body), *s.collected}
    same: Mapping = {}
    for p, y, out in zip(s.params, s.yields, s.outs):
        if p in read or not _is_apart(y, s.body, {*bound(s)}):
            return None
        same[out] = y
    return same


def _is_apart(v: Operand, body: Block, varying: set[Var]) -> bool:
    """Say whether a value of a loop's body depends on nothing that changes from iteration to iteration."""
    made = {t.out: t for t in body.stmts if isinstance(t, Let)}
    regions = {x for t in body.stmts if not isinstance(t, Let) for x in defs(t)}
    stack, seen = [v], set[Operand]()
    while stack:
        a = stack.pop()
        if a in varying or a in regions:
            return False
        if a in made and a not in seen:
            seen.add(a)
            stack.extend(made[a].args)
    return True


def _as_derived(block: Block) -> tuple[Stmt, ...]:
    """Return the statements with what has no name of the user's printed under the statement that it is of."""

    def derived(s: Let) -> Let:
        plain = s.out.fixed or isinstance(s.out.type, (Bool, Int)) or s.out.type == Scalar("bool")
        return s if plain else replace(s, adjoint=True)

    return map_lets(block, derived).stmts


def _has_one_length(s: Loop, before: Sequence[Stmt]) -> bool:
    """Say whether a loop can be walked from its end: all that it walks must be equally long."""
    if s.range is None:
        return len(s.consumes) == 1
    sources: dict[Operand, Range | None] = {}
    for t in before:
        if isinstance(t, Loop) and _only_counts(t):
            sources.update((q, t.range) for q in t.collects)
    ranges = [sources.get(c.seq) for c in s.consumes]
    return all(r is not None and is_same_range(r, s.range) for r in ranges)


def _only_counts(s: Loop) -> bool:
    return s.range is not None and not s.stops and s.test is None and not s.consumes


def find_overwritten(body: Block) -> set[Operand]:
    """Return the arrays, lists and dicts of which a later version is written in their memory, and views of them."""
    flows: dict[Operand, list[Operand]] = {}
    work: list[Operand] = []

    def link(a: Operand, to: Iterable[Operand]) -> None:
        flows.setdefault(a, []).extend(to)

    for s in walk(body):
        if isinstance(s, Loop):
            for p, init, y, out in zip(s.params, s.inits, s.yields, s.outs):
                link(p, (init, y))
                link(out, (p, y))
        elif isinstance(s, If):
            for v, *sides in zip(s.outs, s.then.results, s.orelse.results):
                link(v, sides)
        elif s.op.name in CHANGES:
            work.append(s.args[0])
        elif s.args and (s.op.memory in ("view", "maybe") or s.op.name in ("getitem", "item")):
            link(s.out, s.args[:1])
            link(s.args[0], (s.out,))
    found: set[Operand] = set()
    while work:
        a = work.pop()
        if isinstance(a, Var) and a not in found:
            found.add(a)
            work.extend(flows.get(a, ()))
    return found


def merge_equal(block: Block) -> Block:
    """Return the block with each pure expression computed once where its value is still at hand."""
    same: Mapping = {}
    return _merge(block, {}, same)


def _merge(block: Block, outer: dict[Any, Var], same: Mapping) -> Block:
    known = dict(outer)
    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, If):
            cond = resolve(s.cond, same)
            s = replace(s, cond=cond, then=_merge(s.then, known, same), orelse=_merge(s.orelse, known, same))
        elif isinstance(s, Loop):
            s = replace(
                s,
                range=resolve_range(s.range, same),
                consumes=tuple(replace(c, seq=resolve(c.seq, same)) for c in s.consumes),
                inits=resolve_all(s.inits, same),
                test=None if s.test is None else _merge(s.test, known, same),
                body=_merge(s.body, known, same),
            )
        else:
            args = resolve_all(s.args, same)
            s = s if args is s.args else replace(s, args=args)
            key = Builder.key(s.op, s.args, s.kws, s.place, s.mode) if s.op.effect == "pure" and not s.guarded else None
            first = known.setdefault(key, s.out) if key is not None else s.out
            if first is not s.out and first.type == s.out.type:
                same[s.out] = first
                if first.name is None:
                    first.name, first.fixed = s.out.name, s.out.fixed
                continue
        stmts.append(s)
    return Block(tuple(stmts), resolve_all(block.results, same))
