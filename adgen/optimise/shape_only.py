"""Ask for a shape where it comes from, so that no array is computed for its shape alone.

The gradient of `return y.sum()` reads nothing of `y` but its shape. Where that is the shape of an array that is there
anyway, of the memory that a loop fills, or made of the lengths of parameters, what computes `y` is dead. Assumes
derived code before `own`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import reduce

from adgen.ir.nodes import Block, Const, Func, Let, Loop, Operand, Var, walk
from adgen.ir.rewrite import count_uses, map_lets
from adgen.ir.shapes import ASKS, ask_shape, is_alike, place_of_shape
from adgen.ir.types import Array, Int, Known, Length, Tuple, Type, dims_of
from adgen.optimise.dce import eliminate_dead, find_needed
from adgen.optimise.fuse import find_overwritten
from adgen.rules.lengths import same_length
from adgen.rules.registry import REGISTRY


def ask_sources(func: Func) -> Func:
    """Return the function with what is only asked for its shape replaced by where that comes from."""
    asking = {s: k for s in walk(func.body) if isinstance(s, Let) and (k := _asked_at(s)) is not None}
    asked = Counter(s.args[k] for s, k in asking.items() if s.args[k] not in func.params)
    if not asked:
        return func
    uses = count_uses(func.body)
    if all(uses[v] > n for v, n in asked.items()):
        return func  # without dead parts, each is read for more
    needed = find_needed(func, asking)
    for s in walk(func.body):
        if isinstance(s, Loop):  # what is carried is there behind the loop as well
            needed.update(out for p, out in zip(s.params, s.outs) if p in needed)
    finder = _Finder(func, needed)

    def ask(s: Let) -> Let:
        k = asking.get(s)
        if k is None or s.args[k] in needed or s.out not in needed:
            return s
        return finder.ask(s, k)

    body = map_lets(func.body, ask)
    return eliminate_dead(
        replace(func, body=Block((*finder.lengths.values(), *finder.made, *body.stmts), body.results))
    )


def _asked_at(s: Let) -> int | None:
    """Return which argument of a statement is an array that it takes nothing but the shape of."""
    k = 0 if s.op.name in ("np.ones_like", "size", "shape") and not s.kws else place_of_shape(s)
    return k if k is not None and isinstance(s.args[k], Var) and isinstance(s.args[k].type, Array) else None


class _Finder:
    """Finds where shapes come from: an array that is there, or lengths of parameters."""

    def __init__(self, func: Func, needed: set[Var]) -> None:
        self.func = func
        self.needed = needed
        self.overwritten = find_overwritten(func.body)
        self.came: dict[Operand, tuple[Operand, ...]] = {}  # what a value may have its shape of
        for s in walk(func.body):
            if isinstance(s, Loop):
                for p, init, out in zip(s.params, s.inits, s.outs):
                    self.came[p], self.came[out] = (init,), (init,)
            elif isinstance(s, Let) and s.op.effect == "pure":
                self.came[s.out] = s.args
        self.lengths: dict[tuple[Var, int], Let] = {}
        self.made: list[Let] = []

    def ask(self, s: Let, k: int) -> Let:
        """Return a statement that asks another array, or makes what it makes from lengths."""
        v = s.args[k]
        assert isinstance(v, Var)
        source = self.source(v)
        is_there = source in self.needed or source in self.func.params
        lengths = () if is_there and source not in self.overwritten else self.find_lengths(v)
        if s.op.name in ASKS and lengths:
            whole = self.make("make_tuple", lengths, Tuple((Int(),) * len(lengths)), dims_of(v.type))
            return ask_shape(s, {v: whole})
        if s.op.name == "size" and len(lengths) > 1:
            return replace(s, op=REGISTRY.named("mul"), args=(self.multiply(lengths[:-1]), lengths[-1]))
        if s.op.name == "size" and lengths:
            only = next((t for t in self.lengths.values() if t.out is lengths[0]), s)
            return replace(s, op=only.op, args=only.args)
        if source is v or (source in self.overwritten and source in self.needed):
            return s
        return replace(s, args=(*s.args[:k], source, *s.args[k + 1 :]))

    def source(self, a: Var) -> Var:
        """Go back to a value of the same shape, as far as it is not there anyway."""
        while a not in self.needed:
            like = next((b for b in self.came.get(a, ()) if isinstance(b, Var) and is_alike(a, b)), None)
            if like is None:
                return a
            a = like
        return a

    def find_lengths(self, v: Var) -> tuple[Operand, ...]:
        """Return the lengths of the axes of an array, if they are known or those of parameters."""
        found: list[Operand] = []
        for n in dims_of(v.type) if not v.type.loose else ():  # type: ignore[attr-defined]
            if isinstance(n, int):
                found.append(Const(n, Int()))
                continue
            like = next((at for at in self.axes() if same_length(n, at[2])), None)
            if like is None:
                return ()
            p, axis, _ = like
            made = self.lengths.setdefault((p, axis), Let(Var(Int()), REGISTRY.named("dim"), (p, Const(axis, Int()))))
            found.append(made.out)
        return tuple(found)

    def multiply(self, lengths: Sequence[Operand]) -> Operand:
        return reduce(lambda a, b: self.make("mul", (a, b), Int()), lengths)

    def make(self, op: str, args: tuple[Operand, ...], t: Type, known: Known = None) -> Var:
        out = Var(t)
        out.length = known
        self.made.append(Let(out, REGISTRY.named(op), args))
        return out

    def axes(self) -> Iterator[tuple[Var, int, Length]]:
        for p in self.func.params:
            for axis, n in enumerate(dims_of(p.type) if isinstance(p.type, Array) else ()):
                yield p, axis, n
