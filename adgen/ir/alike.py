"""Whether two functions, or the two sides of a branch, are the same but for the names of their values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from adgen.ir.nodes import Block, Func, If, Let, Loop, Operand, Stmt, Var
from adgen.ir.routine import Routine
from adgen.ir.types import Array, Dict, Dim, List, Record, Tuple, Type

PLAIN = (bool, int, float, complex, str, bytes, type(None))


def alike(a: Func, b: Func, same: tuple[Routine, Routine]) -> bool:
    """Say whether two functions do the same; `same` are the two themselves, as they call themselves."""
    c = _Comparison(same)
    return len(a.params) == len(b.params) and all(map(c.define, a.params, b.params)) and c.block(a.body, b.body)


def same_blocks(a: Block, b: Block) -> bool:
    """Say whether two blocks that stand at one place do the same and give the same."""
    if len(a.stmts) != len(b.stmts) or len(a.results) != len(b.results):
        return False
    return _Comparison(None).block(a, b)


class _Comparison:
    def __init__(self, same: tuple[Routine, Routine] | None) -> None:
        self.same = same
        self.values: dict[Var, Var] = {}
        self.lengths: dict[int, int] = {}
        self.back: dict[int, int] = {}

    def define(self, a: Var, b: Var) -> bool:
        self.values[a] = b
        return self.type(a.type, b.type)

    def type(self, a: Type, b: Type) -> bool:
        if type(a) is not type(b):
            return False
        if isinstance(a, Array) and isinstance(b, Array):
            same = (a.dtype, a.loose, a.ndim) == (b.dtype, b.loose, b.ndim)
            return same and all(map(self.length, a.dims, b.dims))
        if isinstance(a, (Tuple, Record)) and isinstance(b, (Tuple, Record)):
            if isinstance(a, Record) and isinstance(b, Record) and (a.cls, a.keys) != (b.cls, b.keys):
                return False
            return len(a.items) == len(b.items) and all(map(self.type, a.items, b.items))
        if isinstance(a, List) and isinstance(b, List):
            return self.type(a.elem, b.elem)
        if isinstance(a, Dict) and isinstance(b, Dict):
            return self.type(a.key, b.key) and self.type(a.elem, b.elem)
        return a == b

    def length(self, a: Any, b: Any) -> bool:
        if not (isinstance(a, Dim) and isinstance(b, Dim)):
            return bool(a == b)
        if (
            self.lengths.setdefault(a.symbol, b.symbol) != b.symbol
            or self.back.setdefault(b.symbol, a.symbol) != a.symbol
        ):
            return False
        return (a.minus, a.nonunit) == (b.minus, b.nonunit)

    def use(self, a: Operand, b: Operand) -> bool:
        if isinstance(a, Var) or isinstance(b, Var):
            outside = a is b and self.same is None and isinstance(a, Var) and a not in self.values
            return outside or (isinstance(a, Var) and isinstance(b, Var) and self.values.get(a) is b)
        if a.value is b.value or (self.same is not None and a.value is self.same[0] and b.value is self.same[1]):
            return self.type(a.type, b.type)
        return _same_value(a.value, b.value) and self.type(a.type, b.type)

    def uses(self, a: Sequence[Operand], b: Sequence[Operand]) -> bool:
        return len(a) == len(b) and all(map(self.use, a, b))

    def block(self, a: Block, b: Block) -> bool:
        return (
            len(a.stmts) == len(b.stmts) and all(map(self.stmt, a.stmts, b.stmts)) and self.uses(a.results, b.results)
        )

    def stmt(self, a: Stmt, b: Stmt) -> bool:
        if isinstance(a, Let) and isinstance(b, Let):
            same = (a.op, a.kws, a.place, a.mode, a.guarded) == (b.op, b.kws, b.place, b.mode, b.guarded)
            return same and self.uses(a.args, b.args) and self.define(a.out, b.out)
        if isinstance(a, If) and isinstance(b, If):
            inside = a.catch == b.catch and self.use(a.cond, b.cond) and self.block(a.then, b.then)
            return inside and self.block(a.orelse, b.orelse) and self.all(a.outs, b.outs)
        return isinstance(a, Loop) and isinstance(b, Loop) and self.loop(a, b)

    def all(self, a: Sequence[Var], b: Sequence[Var]) -> bool:
        return len(a) == len(b) and all(map(self.define, a, b))

    def loop(self, a: Loop, b: Loop) -> bool:
        if (a.range is None, a.index is None, a.test is None, a.stops, a.backwards) != (
            b.range is None, b.index is None, b.test is None, b.stops, b.backwards,
        ):  # fmt: skip
            return False
        if a.range is not None and b.range is not None:
            bounds = [(r.start, r.stop, r.step) for r in (a.range, b.range)]
            if not self.uses(*bounds):
                return False
        if len(a.consumes) != len(b.consumes) or not self.uses(a.inits, b.inits):
            return False
        if any(c.reverse != d.reverse or not self.use(c.seq, d.seq) for c, d in zip(a.consumes, b.consumes)):
            return False
        if a.index is not None and b.index is not None:
            self.define(a.index, b.index)
        if not self.all([c.var for c in a.consumes], [c.var for c in b.consumes]) or not self.all(a.params, b.params):
            return False
        if a.test is not None and b.test is not None and not self.block(a.test, b.test):
            return False
        return self.block(a.body, b.body) and self.all((*a.outs, *a.collects), (*b.outs, *b.collects))


def _same_value(a: Any, b: Any) -> bool:
    if type(a) is tuple and type(b) is tuple:
        return len(a) == len(b) and all(map(_same_value, a, b))
    return type(a) is type(b) and isinstance(a, PLAIN) and repr(a) == repr(b)
