"""Where the lists that loops consume come from.

A list collected by a loop over a range has at most as many elements as that range; a loop over both needs
no counter. The same holds for a loop over the items of something, and a range of its length.
"""

from __future__ import annotations

from adgen.ir.nodes import Const, Func, Let, Loop, Operand, Range, Var, walk


class Tapes:
    """The loops that collect the lists of a function."""

    def __init__(self, func: Func) -> None:
        self._collected: dict[Var, tuple[Loop, int]] = {}
        self._consumed: dict[Var, Operand] = {}
        self._measured: dict[Operand, Operand] = {}  # the length of what an integer is
        for s in walk(func.body):
            if isinstance(s, Let) and (s.op.name == "length" or (s.op.name == "dim" and is_zero(s.args[1]))):
                self._measured[s.out] = s.args[0]
            if isinstance(s, Loop):
                self._collected.update({v: (s, j) for j, v in enumerate(s.collects)})
                self._consumed.update({c.var: c.seq for c in s.consumes})

    def spans(self, seq: Operand, r: Range) -> bool:
        """Say whether `seq` was collected by a loop over the same range."""
        source = self._source(seq)
        if source is None:
            return False
        if source.range is None:
            walked = self._measured.get(r.stop)
            counts = is_zero(r.start) and isinstance(r.step, Const) and r.step.value == 1
            return counts and walked is not None and any(c.seq is walked for c in source.consumes)
        pairs = zip((r.start, r.stop, r.step), (source.range.start, source.range.stop, source.range.step))
        return all(_equal(a, b) for a, b in pairs)

    def _source(self, seq: Operand) -> Loop | None:
        """Return the loop that fills a list, also where the list is itself an element of a list."""
        levels = 0
        while isinstance(seq, Var) and seq in self._consumed:
            seq = self._consumed[seq]
            levels += 1
        for k in range(levels + 1):
            found = self._collected.get(seq) if isinstance(seq, Var) else None
            if found is None:
                return None
            loop, j = found
            if k == levels:
                return loop
            seq = loop.collected[j]
        return None


def is_zero(a: Operand) -> bool:
    return isinstance(a, Const) and type(a.value) is int and a.value == 0


def _equal(a: Operand, b: Operand) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return type(a.value) is type(b.value) and bool(a.value == b.value)
    return a is b
