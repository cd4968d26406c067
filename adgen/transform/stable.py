"""Loads that can be repeated after the loop: the cell is not written again once it has been read.

In a loop whose every write to an array has the loop's own counter as its index in one axis, a load with a smaller
index in that axis (a larger one, if the loop counts down) reads a cell that no later iteration writes. Its value is
found in the array as the loop leaves it, so the backward part needs no record of it (Cholesky, recurrences, dynamic
programming).

Where one loop within a loop makes all writes, and the inner one does not write the cell again, it may also lie in
the row that the outer one is at.
"""

from __future__ import annotations

from typing import Any

from adgen.ir.nodes import Block, Const, Hole, If, Let, Loop, Operand, Range, Slice, Var, blocks, walk
from adgen.ir.places import items_of, shift_of
from adgen.ir.types import Array, Int, Undef


def find_stable(body: Block) -> dict[Let, Var]:
    """Return the loads that may be repeated, each with the version of the array to read instead."""
    finder = _Finder(body)
    found: dict[Let, Var] = {}
    for s in walk(body):
        if isinstance(s, Loop) and s.range is not None and s.index is not None and not s.stops:
            for k, p in enumerate(s.params):
                if isinstance(p.type, Array):
                    for load in (*finder.loads(s, k), *finder.inner_loads(s, k)):
                        found.setdefault(load, s.outs[k])
    return found


class _Finder:
    def __init__(self, body: Block) -> None:
        self.lets: dict[Var, Let] = {}
        self.counters: dict[Var, Range] = {}
        for s in walk(body):
            if isinstance(s, Let):
                self.lets[s.out] = s
            elif isinstance(s, Loop) and s.range is not None and s.index is not None:
                self.counters[s.index] = s.range

    def loads(self, loop: Loop, k: int) -> list[Let]:
        """Return the stable loads from one carried array of a loop."""
        _, reads, writes = self._accesses(loop, k)
        return self._finished(reads, writes, loop, k, 0) if writes else []

    def inner_loads(self, loop: Loop, k: int) -> list[Let]:
        """Return the loads that are stable in the one loop within this one that writes the array, and in this one."""
        versions, _, writes = self._accesses(loop, k)
        for t in loop.body.stmts if writes else ():
            if not isinstance(t, Loop) or t.range is None or t.index is None or t.stops:
                continue
            for m, init in enumerate(t.inits):
                if init in versions and set(self._accesses(t, m)[2]) == set(writes):
                    return self._finished(self.loads(t, m), writes, loop, k, 1)
        return []

    def _accesses(self, loop: Loop, k: int) -> tuple[set[Var], list[Let], list[Let]]:
        """Return versions, reads and writes of a carried array in a loop; nothing if it can't be followed."""
        assert loop.range is not None
        versions = {loop.params[k]}
        reads: list[Let] = []
        writes: list[Let] = []
        if _direction(loop.range) == 0 or loop.backwards or not isinstance(loop.params[k].type, Array):
            return set(), [], []
        if not _follow(loop.body, versions, reads, writes) or loop.yields[k] not in versions:
            return set(), [], []
        return versions, reads, writes

    def _finished(self, reads: list[Let], writes: list[Let], loop: Loop, k: int, slack: int) -> list[Let]:
        """Return the reads of cells that no later iteration writes; with `slack` 1 also of what this one may write."""
        axes = self._written(writes, loop)
        return [
            s for s in reads if any(d in axes and self._apart(s, item, loop, slack, axes[d]) for d, item in _items(s))
        ]

    def _written(self, writes: list[Let], loop: Loop) -> dict[int, int]:
        """Return the axes in which all writes are at the counter or, if it counts up, behind it: how far at least."""
        assert loop.range is not None and loop.index is not None
        found: dict[int, int] | None = None
        for s in writes:
            at = {d: shift_of(i, loop.index, self.lets) if isinstance(i, Var) else None for d, i in _items(s)}
            ahead = {d: n for d, n in at.items() if n == 0 or (n is not None and n > 0 and _direction(loop.range) > 0)}
            found = ahead if found is None else {d: min(n, ahead[d]) for d, n in found.items() if d in ahead}
        return found or {}

    def _apart(self, s: Let, item: Any, loop: Loop, slack: int, ahead: int) -> bool:
        """Say whether an index lies on the side of the counter that is finished, and is not negative.

        All writes are at least `ahead` of the counter.
        """
        assert loop.range is not None and loop.index is not None
        i, direction = loop.index, _direction(loop.range)
        if isinstance(item, Slice):
            lower = _operand(s, item.start)
            if item.step is not None or not (lower is None or (isinstance(lower, Const) and _at_least(lower, 0))):
                return False
            return direction > 0 and _operand(s, item.stop) is i and _at_least(loop.range.start, 0)
        if not isinstance(item, Var):
            return False
        shift = shift_of(item, i, self.lets)
        if shift is not None:
            if direction > 0:
                return shift < slack + ahead and _at_least(loop.range.start, -shift)
            return shift > -slack and _at_least(loop.range.stop, -1)
        r = self.counters.get(item)
        if r is None or _direction(r) == 0:
            return False
        first, last = (r.start, r.stop) if _direction(r) > 0 else (r.stop, r.start)
        if direction > 0:  # start <= item < stop <= i
            stop = shift_of(last, i, self.lets)
            below = stop is not None and stop <= slack and _at_least(first, 0)
            return _direction(r) > 0 and below and _at_least(loop.range.start, 0)
        start = shift_of(first, i, self.lets)  # i < start <= item
        return _direction(r) > 0 and start is not None and start > -slack and _at_least(loop.range.stop, -1)


def _follow(block: Block, versions: set[Var], reads: list[Let], writes: list[Let]) -> bool:
    """Collect the versions of an array in a block, their readers and writers; False if it can't be followed."""
    for s in block.stmts:
        if isinstance(s, Let):
            if s.op.name == "update" and s.args[0] in versions:
                versions.add(s.out)
                writes.append(s)
            elif s.op.name == "getitem" and s.args[0] in versions:
                reads.append(s)
            continue
        if isinstance(s, Loop):
            for p, init in zip(s.params, s.inits):
                if init in versions:
                    versions.add(p)
        if not all(_follow(b, versions, reads, writes) for b in blocks(s)):
            return False
        if isinstance(s, Loop):
            for p, y, out in zip(s.params, s.yields, s.outs):
                if (p in versions) != (y in versions):
                    return False
                if p in versions:
                    versions.add(out)
        elif isinstance(s, If):
            for out, *sides in zip(s.outs, s.then.results, s.orelse.results):
                inside = [a in versions for a in sides if not isinstance(a.type, Undef)]
                if any(inside) and not all(inside):
                    return False
                if inside and all(inside):
                    versions.add(out)
    return True


def _items(s: Let) -> list[tuple[int, Any]]:
    """Return (axis, index) of a load or write of one step; an index is an operand, a slice or a constant."""
    items = items_of(s)
    if any(x is None or x is Ellipsis for x in items) or any(isinstance(a.type, Array) for a in _holes(s)):
        return []
    return list(enumerate(items))


def _holes(s: Let) -> tuple[Operand, ...]:
    return s.args[1:] if s.op.name == "getitem" else s.args[2:]


def _operand(s: Let, bound: Any) -> Operand | None:
    if isinstance(bound, Hole):
        return s.args[bound.arg]
    return None if bound is None else Const(bound, Int())


def _direction(r: Range) -> int:
    """Return 1 for a range that counts up, -1 for one that counts down, 0 if it is not known."""
    if not isinstance(r.step, Const) or not isinstance(r.step.value, int):
        return 0
    return (r.step.value > 0) - (r.step.value < 0)


def _at_least(a: Operand, bound: int) -> bool:
    return isinstance(a, Const) and isinstance(a.value, int) and a.value >= bound
