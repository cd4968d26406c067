"""Directions of sources in the midst of a program, for forward mode.

The perturbation that `sources.perturb` adds to a pin has the direction that the caller gives. One in a loop is an item
of a list: a loop that runs a known number of times consumes it, any other counts.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from adgen.errors import UnsupportedError
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Const, Hole, If, Index, Let, Loop, Operand, Stmt, Var
from adgen.ir.source import Item, Many, Source, Tree
from adgen.ir.types import Int, List, NoneT, Record, Tuple, Type
from adgen.rules.registry import REGISTRY
from adgen.transform.sources import perturb


class Directions:
    """The pins of a program with what is added to each, and what is known of its direction."""

    def __init__(self, body: Block, pins: Collection[Var]) -> None:
        body, self.added, self.every = perturb(body, pins)
        self.counts: dict[Var, Operand] = {}  # a list of directions, and how many it must have
        self.counters: dict[Var, list[Var]] = {}  # what counts the iterations of a loop, and the lists that it reads
        self.exact: set[Var] = set()  # directions that are known to fit
        self.items: dict[Var, list[tuple[tuple[object, ...], Operand]]] = {}  # of a list, those of single items
        self.body = self._count(body)

    def _count(self, block: Block) -> Block:
        """Let loops whose number of iterations is not known read their directions by a counter."""
        stmts: list[Stmt] = []
        for s in block.stmts:
            if isinstance(s, If):
                s = replace(s, then=self._count(s.then), orelse=self._count(s.orelse))
            elif isinstance(s, Loop):
                s = self._count_loop(replace(s, body=self._count(s.body)))
            stmts.append(s)
        return Block(tuple(stmts), block.results)

    def _count_loop(self, s: Loop) -> Loop:
        own = [c for c in s.consumes if c.seq in self.every]
        if not own:
            return s
        trips = trips_of(s)
        if trips is not None:
            self.counts.update({c.seq: Const(trips, Int()) for c in own if isinstance(c.seq, Var)})
            return s
        b = Builder()
        k, after = Var(Int(), "k"), Var(Int(), "k")
        getitem = REGISTRY.named("getitem")
        place = (Index((Hole(1),)),)
        reads = tuple(Let(c.var, getitem, (c.seq, k), place=place) for c in own)
        b.open()
        grown = b.call("add", k, b.const(1))
        made = b.close(()).stmts
        n = len(s.params)
        results = (*s.body.results[:n], grown, *s.body.results[n:])
        self.counters[after] = [c.seq for c in own if isinstance(c.seq, Var)]
        return replace(
            s,
            consumes=tuple(c for c in s.consumes if c not in own),
            params=(*s.params, k),
            inits=(*s.inits, Const(0, Int())),
            outs=(*s.outs, after),
            body=Block((*reads, *s.body.stmts, *made), results),
        )

    def type_of(self, source: Source) -> Type:
        """Return the type of what a caller gives for a source."""
        if isinstance(source, Var):
            return self.added[source].type if source in self.added else source.type
        if isinstance(source, Item):
            t: Type = source.of.type
            for _ in source.steps:
                assert isinstance(t, List)
                t = t.elem
            return t
        if isinstance(source, Many):
            raise UnsupportedError(
                what="the direction of a structure that a loop makes in each iteration",
                instead="tag its parts",
            )
        if not isinstance(source, Tree):
            return NoneT()
        items = tuple(self.type_of(i) for i in source.items)
        return Tuple(items) if source.cls is tuple else Record(source.cls, source.keys, items)

    def give(self, b: Builder, source: Source, t: Operand, of: dict[Var, Operand], exact: bool) -> None:
        """Take note of the direction of a source; `exact`: it is known to have the shape and dtype."""
        if isinstance(source, Var):
            v = self.added.get(source, source)
            of[v] = t
            if exact:
                self.exact.add(v)
        elif isinstance(source, Item):
            v = self.added[source.of]
            self.items.setdefault(v, []).append((source.steps, t))
            of[v] = t
        elif isinstance(source, Tree):
            if not exact and source.cls in (tuple, list, dict):
                n = b.const(len(source.items))
                b.emit(b.row("check_tangents"), (t, n), type=NoneT())
            for k, i in zip(source.keys, source.items):
                if i is not None:
                    self.give(b, i, b.call("item", t, b.const(k)), of, exact)


def trips_of(s: Loop) -> int | None:
    """Return how often a loop is known to run."""
    if s.range is None or s.test is not None or s.stops:
        return None
    bounds = [a.value for a in (s.range.start, s.range.stop, s.range.step) if isinstance(a, Const)]
    return len(range(*bounds)) if len(bounds) == 3 and bounds[2] != 0 else None
