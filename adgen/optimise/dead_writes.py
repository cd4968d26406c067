"""Leave out the zeros that a backward loop writes where nobody looks again.

The adjoint of `y[i] = f(x[i])` reads `d_y[i]` and sets it to 0. In a loop that goes through the cells one after the
other, and whose every other access lies ahead of it, no later iteration reads that cell. Assumes derived code, before
`own`. What then stays as it was made (all ones, say) has known elements.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from adgen.ir.nodes import (
    Block,
    Const,
    Func,
    If,
    Let,
    Loop,
    Operand,
    Slice,
    Stmt,
    Var,
    blocks,
    operands,
    walk,
)
from adgen.ir.places import items_of, shift_of
from adgen.ir.rewrite import Mapping, substitute
from adgen.ir.types import Array, Float, Scalar, Undef
from adgen.optimise.dce import eliminate_dead

FILLED = {
    "np.full_like": None,
    "np.full": None,
    "np.zeros_like": 0.0,
    "np.zeros": 0.0,
    "np.ones_like": 1.0,
    "np.ones": 1.0,
}
"""What makes arrays of equal elements, and which; None: its second argument says."""


def drop_dead_writes(func: Func) -> Func:
    """Return the function without such writes."""
    loops = [s for s in walk(func.body) if isinstance(s, Loop) and any(_sets_zero(t, s) for t in s.body.stmts)]
    if not loops:
        return func
    finder = _Finder(func)
    same: Mapping = {}
    for s in loops:
        for k, p in enumerate(s.params):
            if isinstance(p.type, Array):
                same.update((t.out, t.args[0]) for t in finder.dead(s, k))
    if not same:
        return func
    return _read_filled(eliminate_dead(replace(func, body=substitute(func.body, same))))


def _sets_zero(t: Stmt, s: Loop) -> bool:
    """Say whether a statement sets the cell or row at a loop's index to 0."""
    if not isinstance(t, Let) or t.op.name != "update" or t.mode != "set" or not t.adjoint or s.index is None:
        return False
    value = t.args[1]
    if not (isinstance(value, Const) and isinstance(value.value, float) and value.value == 0.0):
        return False
    items = items_of(t)
    return bool(items) and items[0] is s.index and all(i == Slice() or i is Ellipsis for i in items[1:])


class _Finder:
    def __init__(self, func: Func) -> None:
        self.lets: dict[Var, Let] = {}
        self.users: dict[Operand, list[Stmt | None]] = {}  # None: a block gives it
        for a in func.body.results:
            self.users.setdefault(a, []).append(None)
        for s in walk(func.body):
            if isinstance(s, Let):
                self.lets[s.out] = s
            for a in operands(s):
                self.users.setdefault(a, []).append(s)
            for b in blocks(s):
                for a in b.results:
                    self.users.setdefault(a, []).append(None)

    def dead(self, s: Loop, k: int) -> list[Let]:
        """Return the zeros that a loop writes into a carried array for nobody."""
        first = _first(s)
        if first is None or s.index is None or s.stops or s.test is not None:
            return []
        versions = {s.params[k]}
        shifts: list[tuple[Let, int]] = []  # in order of the program
        for t in self.accesses(s.body, versions):
            items = [] if t is None else items_of(t)
            shift = shift_of(items[0], s.index, self.lets) if items else None
            if t is None or shift is None or (shift > 0 if s.backwards else shift < 0) or first + shift < 0:
                return []
            shifts.append((t, shift))
        if any(a in versions for j, a in enumerate(s.body.results) if j != k) or not self.is_done(s.outs[k], first):
            return []
        dead: list[Let] = []
        for n, (t, _) in enumerate(shifts):
            if _sets_zero(t, s) and t in s.body.stmts and all(shift for _, shift in shifts[n + 1 :]):
                dead.append(t)
        return dead

    def accesses(self, block: Block, versions: set[Var]) -> Iterator[Let | None]:
        """Yield the loads and writes of the versions of an array, None for any other use; `versions` grows."""
        for s in block.stmts:
            if isinstance(s, Let):
                if any(a in versions for a in s.args):
                    loads = s.op.name == "getitem" and not isinstance(s.out.type, Array)
                    known = (loads or s.op.name == "update") and not any(a in versions for a in s.args[1:])
                    yield s if known else None
                    if s.op.name == "update":
                        versions.add(s.out)
                continue
            if isinstance(s, If):
                flows = [(out, sides) for out, *sides in zip(s.outs, s.then.results, s.orelse.results)]
                if s.catch or s.cond in versions:
                    yield None
            else:
                flows = [(out, [y]) for out, y in zip(s.outs, s.yields)]
                if any(c.seq in versions for c in s.consumes) or s.test is not None:
                    yield None
                versions.update(p for p, init in zip(s.params, s.inits) if init in versions)
            for b in blocks(s):
                yield from self.accesses(b, versions)
            if isinstance(s, Loop) and any(a in versions for a in s.body.results[len(s.params) :]):
                yield None
            for out, sides in flows:
                inside = [a in versions for a in sides if not isinstance(a.type, Undef)]
                if any(inside):
                    versions.add(out)
                    if not all(inside):
                        yield None

    def is_done(self, v: Var, first: int) -> bool:
        """Say whether nothing behind the loop reads a cell from `first` on."""
        for s in self.users.get(v, ()):
            if (
                not isinstance(s, Let)
                or s.op.name not in ("getitem", "update")
                or s.args[0] is not v
                or v in s.args[1:]
            ):
                return False
            items = items_of(s)
            at = items[0].value if items and isinstance(items[0], Const) else items[0] if items else None
            if type(at) is not int or not 0 <= at < first:
                return False
            if (s.op.name == "update" or isinstance(s.out.type, Array)) and not self.is_done(s.out, first):
                return False
        return True


def _first(s: Loop) -> int | None:
    """Return the smallest index of a loop that counts by one from a known number that is not negative."""
    if s.range is None or not isinstance(s.range.step, Const) or s.range.step.value != 1:
        return None
    start = s.range.start
    return start.value if isinstance(start, Const) and type(start.value) is int and start.value >= 0 else None


def _read_filled(func: Func) -> Func:
    """Return the function with the elements of arrays that are filled with a number written as that."""
    filled: dict[Operand, Const] = {}
    same: Mapping = {}
    for s in walk(func.body):
        if not isinstance(s, Let):
            continue
        if s.op.name in FILLED and isinstance(s.out.type, Array) and s.out.type.dtype == "float64":
            value = s.args[1] if FILLED[s.op.name] is None else Const(FILLED[s.op.name], Float())
            if isinstance(value, Const) and isinstance(value.value, float):
                filled[s.out] = value
        elif s.op.name == "getitem" and s.args[0] in filled and s.out.type == Scalar("float64"):
            same[s.out] = filled[s.args[0]]
    return replace(func, body=substitute(func.body, same))
