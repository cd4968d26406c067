"""Compute piece by piece what is made of a joined array only to be cut again where it was joined.

The gradient of `np.sum(np.concatenate((x, y)) ** 2)` is `2.0 * x` and `2.0 * y`: no array is joined, cut and copied.
Assumes derived code before `own`. Only derived elementwise values without a name of their own are taken apart, all of
whose uses are the pieces, and only where that takes no more operations than the cuts and copies that it saves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from adgen.ir.nodes import Block, Const, Func, Hole, If, Index, Let, Loop, Operand, Slice, Stmt, Var
from adgen.ir.rewrite import Mapping, count_uses, substitute
from adgen.ir.types import Array, dims_of
from adgen.rules.typing import bound_args, known

Lets = dict[Operand, Let]


def split_pieces(func: Func) -> Func:
    """Return the function with such values computed on the pieces."""
    body = _block(func.body, count_uses(func.body), {})
    return func if body is func.body else replace(func, body=body)


def _block(block: Block, uses: Counter[Operand], outer: Lets) -> Block:
    lets = outer | {s.out: s for s in block.stmts if isinstance(s, Let)}
    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, If):
            then, orelse = _block(s.then, uses, lets), _block(s.orelse, uses, lets)
            stmts.append(s if then is s.then and orelse is s.orelse else replace(s, then=then, orelse=orelse))
        elif isinstance(s, Loop):
            body = _block(s.body, uses, lets)
            stmts.append(s if body is s.body else replace(s, body=body))
        else:
            stmts.append(s)
    same: Mapping = {}
    for s in block.stmts:
        if isinstance(s, Let) and s.op.name == "np.concatenate":
            stmts = _split(s, stmts, uses, lets, same)
    if len(stmts) == len(block.stmts) and all(a is b for a, b in zip(stmts, block.stmts)):
        return block
    return substitute(Block(tuple(stmts), block.results), same)


def _split(joined: Let, stmts: list[Stmt], uses: Counter[Operand], lets: Lets, same: Mapping) -> list[Stmt]:
    made = lets.get(joined.args[0])
    axis = known(bound_args(joined.op, joined.args, joined.kws)["axis"])
    if made is None or made.op.name not in ("make_tuple", "make_list") or axis is None:
        return stmts
    parts = made.args
    axis %= len(dims_of(joined.out.type))
    if any(not isinstance(p.type, Array) or p.type.dtype != joined.out.type.dtype for p in parts):  # type: ignore[attr-defined]
        return stmts
    chain: dict[Operand, Let] = {}  # what is made of the joined array element by element
    cuts: dict[Let, int] = {}
    readers: Counter[Operand] = Counter()
    ends = _Ends(parts, axis, lets)
    for s in stmts:
        if not isinstance(s, Let) or not s.adjoint:
            continue
        read = [a for a in s.args if a is joined.out or a in chain]
        k = ends.piece(s) if read and s.op.name == "getitem" else None
        if k is not None and read[0] in chain:
            cuts[s] = k
        elif read and s.op.kind == "elementwise" and not s.out.fixed and not s.kws and _is_flat(s, read):
            chain[s.out] = s
        else:
            continue
        readers.update(read)
    for v in reversed(list(chain)):  # later ones first: a value goes if all its readers do
        if readers[v] != uses[v]:
            readers.subtract([a for a in chain.pop(v).args if a is joined.out or a in chain])
    cuts = {s: k for s, k in cuts.items() if s.args[0] in chain}
    if not cuts or len(chain) * len(cuts) > len(chain) + 2 * len(cuts):
        return stmts
    return _write(joined.out, parts, chain, cuts, stmts, same)


def _is_flat(s: Let, read: Sequence[Operand]) -> bool:
    """Say whether all else that an operation reads are numbers."""
    return all(a in read or not dims_of(a.type) for a in s.args) and isinstance(s.out.type, Array)


def _write(
    joined: Var,
    parts: Sequence[Operand],
    chain: dict[Operand, Let],
    cuts: dict[Let, int],
    stmts: list[Stmt],
    same: Mapping,
) -> list[Stmt]:
    written: list[Stmt] = []
    done: dict[tuple[Operand, int], Operand] = {}

    def value(v: Operand, k: int, out: Var | None = None) -> Operand:
        if v is joined:
            return parts[k]
        if v not in chain:
            return v
        if (v, k) not in done:
            s = chain[v]
            args = tuple(value(a, k) for a in s.args)
            made = out if out is not None else Var(_as_long_as(s.out, parts[k]))
            written.append(replace(s, args=args, out=made))
            done[v, k] = made
        return done[v, k]

    for s in stmts:
        if isinstance(s, Let) and s.out in chain:
            continue
        if isinstance(s, Let) and s in cuts:
            s.out.type = _as_long_as(s.out, parts[cuts[s]])
            made = value(s.args[0], cuts[s], s.out)
            if made is not s.out:
                same[s.out] = made
        else:
            written.append(s)
    return written


def _as_long_as(v: Var, part: Operand) -> Array:
    assert isinstance(v.type, Array)
    return replace(v.type, dims=dims_of(part.type))


class _Ends:
    """Where each part of a joined array begins and ends, as operands."""

    def __init__(self, parts: Sequence[Operand], axis: int, lets: Lets) -> None:
        self.parts, self.axis, self.lets = parts, axis, lets
        self.at: list[Operand | int] = [0]

    def piece(self, s: Let) -> int | None:
        """Return which part a cut takes: they come in order."""
        items = s.place[0].items if isinstance(s.place[0], Index) else ()
        if len(items) != self.axis + 1 or any(i != Slice() for i in items[:-1]):
            return None
        last = items[-1]
        if not isinstance(last, Slice) or last.step is not None:
            return None
        start, stop = (s.args[e.arg] if isinstance(e, Hole) else e for e in (last.start, last.stop))
        for k, begin in enumerate(self.at):
            if _same(start, begin) and k < len(self.parts) and self._ends(stop, begin, self.parts[k]):
                if k + 1 == len(self.at) and stop is not None:
                    self.at.append(stop)
                return k
        return None

    def _ends(self, stop: Operand | int | None, begin: Operand | int, part: Operand) -> bool:
        """Say whether `stop` is `begin` plus the length of the part."""
        if not isinstance(stop, Var):
            length = dims_of(part.type)[self.axis]
            at = _number(begin)
            return isinstance(length, int) and at is not None and stop is not None and _number(stop) == at + length
        if _number(begin) == 0:
            return self._is_length(stop, part)
        made = self.lets.get(stop)
        if made is None or made.op.name != "add":
            return False
        first, count = made.args
        return _same(first, begin) and self._is_length(count, part)

    def _is_length(self, n: Operand, part: Operand) -> bool:
        made = self.lets.get(n)
        if made is None or made.op.name != "dim":
            known_length = dims_of(part.type)[self.axis]
            return isinstance(known_length, int) and _number(n) == known_length
        return made.args[0] is part and _number(made.args[1]) == self.axis


def _number(a: Operand | int) -> int | None:
    value = a.value if isinstance(a, Const) else a
    return value if type(value) is int else None


def _same(a: Operand | int | None, b: Operand | int) -> bool:
    if a is None or b is None:
        return False
    return a is b or (_number(a) is not None and _number(a) == _number(b))
