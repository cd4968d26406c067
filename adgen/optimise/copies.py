"""Put the copies in that `optimise.own` asks for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from adgen.ir.absent import find_absent, find_undefined
from adgen.ir.nodes import Block, Const, Func, Hole, If, Index, Let, Loop, Operand, Slice, Stmt, Var, defs, walk
from adgen.ir.rewrite import Mapping, substitute
from adgen.ir.shapes import is_alike
from adgen.ir.types import Array, Bool, Dict, Float, Int, List, NoneT, Record, Scalar, Undef, is_scalar
from adgen.rules.registry import REGISTRY

MAY_BE_NONE = ("is_none", "zero_at")  # there are lists whose items may be None


@dataclass(slots=True)
class Edits:
    """Where copies go."""

    defs: dict[Var, None] = field(default_factory=dict)
    bases: dict[Let, None] = field(default_factory=dict)
    nested: dict[Let, None] = field(default_factory=dict)
    inits: dict[tuple[Loop, int], None] = field(default_factory=dict)
    yields: dict[tuple[Block, int], None] = field(default_factory=dict)
    args: dict[tuple[Let, int], None] = field(default_factory=dict)
    sums: dict[Let, Let] = field(default_factory=dict)
    whole: dict[tuple[Let | Block, int], None] = field(default_factory=dict)  # with what they hold

    def __bool__(self) -> bool:
        return any((self.defs, self.bases, self.nested, self.inits, self.yields, self.args))


def put_copies(edits: Edits, func: Func) -> Func:
    """Return the function with the copies in it."""
    rewriter = _Rewriter(edits, func.body)
    body = rewriter.block(func.body)
    return replace(func, body=substitute(body, rewriter.same))


class _Rewriter:
    def __init__(self, edits: Edits, body: Block) -> None:
        self.edits = edits
        self.same: Mapping = {}  # what is replaced as a whole: by what
        self.copy = REGISTRY.named("copy")
        self.absent = find_absent(body)
        handed_on = {block.results[k] for block, k in edits.yields}
        handed_on |= {s.args[k] for s, k in edits.whole if isinstance(s, Let)}
        if handed_on:
            self.absent |= find_undefined(body) & handed_on
        self.nones = bool(edits.defs) and any(isinstance(s, Let) and s.op.name in MAY_BE_NONE for s in walk(body))

    def block(self, block: Block) -> Block:
        out: list[Stmt] = []
        copied: dict[Var, Operand] = {}
        early: dict[Operand, list[Stmt]] = {}
        results = list(block.results)
        for k, a in enumerate(block.results):
            if (block, k) in self.edits.yields:
                if isinstance(a, Const) or a not in copied:
                    name = a.name if isinstance(a, Var) else None
                    copied_var = Var(a.type, name, False)
                    early[a] = self.make_copy(copied_var, a, (block, k) in self.edits.whole)
                    if isinstance(a, Var):
                        copied[a] = copied_var
                    results[k] = copied_var
                else:
                    results[k] = copied[a]
        inner = {v for s in block.stmts for v in defs(s)}
        for a, made in early.items():
            if a not in inner:
                out.extend(made)
        for s in block.stmts:
            self.stmt(s, out)
            for v in defs(s):
                out.extend(early.get(v, ()))
        return Block(tuple(out), tuple(results))

    def stmt(self, s: Stmt, out: list[Stmt]) -> None:
        if isinstance(s, If):
            out.append(replace(s, then=self.block(s.then), orelse=self.block(s.orelse)))
            return
        if isinstance(s, Loop):
            inits = list(s.inits)
            for k, p in enumerate(s.params):
                if (s, k) in self.edits.inits:
                    inits[k] = self.copied(s.inits[k], p.name, p.fixed, out)
            test = None if s.test is None else self.block(s.test)
            out.append(replace(s, inits=tuple(inits), test=test, body=self.block(s.body)))
            return
        s = self.edits.sums.get(s, s)
        args = list(s.args)
        for k, a in enumerate(s.args):
            if (s, k) in self.edits.args:
                args[k] = self.copied(a, None, False, out, (s, k) in self.edits.whole)
        if s in self.edits.nested:
            self.split(s, out)
            return
        if s in self.edits.bases and _writes_whole(s):
            self.anew(s, out)
            return
        if s in self.edits.bases:
            args[0] = self.copied(args[0], s.out.name, s.out.fixed, out)
        if tuple(args) != s.args:
            s = replace(s, args=tuple(args))
        if s.out in self.edits.defs:
            raw = Var(s.out.type)
            out.append(replace(s, out=raw))
            if self.nones and isinstance(s.args[0].type, (List, Dict)):
                self.absent.add(raw)
            if raw in self.absent:
                out.extend(self.make_copy(s.out, raw, False))
            else:
                out.append(Let(s.out, self.copy, (raw,), origin=s.origin, adjoint=s.adjoint))
        else:
            out.append(s)

    def anew(self, s: Let, out: list[Stmt]) -> None:
        """Make a new array instead of a copy that is written as a whole."""
        base, value = s.args[:2]
        if s.mode != "set":
            out.append(replace(s, op=REGISTRY.named(s.mode), args=(base, value), place=(), mode="set"))
            return
        self.same[s.out] = value
        if isinstance(value, Var) and value.name is None:
            value.name, value.fixed = s.out.name, s.out.fixed

    def split(self, s: Let, out: list[Stmt]) -> None:
        """Write into an element of a list as: take it, copy it, write it, put it back."""
        base, value = s.args[:2]
        first = s.place[0]
        elem = base.type.elem if isinstance(base.type, (List, Dict)) else None
        if isinstance(base.type, Record) and isinstance(first, Index):
            key = first.items[0]
            elem = base.type.items[base.type.keys.index(key)] if key in base.type.keys else None
        if elem is None:
            raise TypeError(f"an element of {base.type} is written in place")
        taken, new = Var(elem), Var(elem)
        used: list[Operand] = [base]
        place = (_renumber(first, s.args, used),)
        getitem = REGISTRY.named("getitem")
        out.append(Let(taken, getitem, tuple(used), (), place, origin=s.origin, adjoint=s.adjoint))
        used = [self.copied(taken, None, False, out), value]
        rest = tuple(_renumber(step, s.args, used) for step in s.place[1:])
        out.append(replace(s, out=new, args=tuple(used), place=rest))
        used = [self.copied(base, s.out.name, s.out.fixed, out), new]
        place = (_renumber(first, s.args, used),)
        out.append(replace(s, args=tuple(used), place=place, mode="set"))

    def copied(self, a: Operand, name: str | None, fixed: bool, out: list[Stmt], whole: bool = False) -> Operand:
        if isinstance(a.type, (NoneT, Undef)) or is_scalar(a.type):
            return a
        v = Var(a.type, name, fixed)
        out.extend(self.make_copy(v, a, whole))
        return v

    def make_copy(self, v: Var, a: Operand, whole: bool) -> list[Stmt]:
        """Return the statements that make `v` a copy of `a`, or None where `a` was not saved."""
        copy = REGISTRY.named("copies") if whole and not isinstance(a.type, Array) else self.copy
        if a not in self.absent:
            return [Let(v, copy, (a,))]
        test, made = Var(Bool()), Var(a.type)
        self.absent.add(v)
        return [
            Let(test, REGISTRY.named("is_"), (a, Const(None, NoneT()))),
            If(test, Block((), (Const(None, NoneT()),)), Block((Let(made, copy, (a,)),), (made,)), (v,)),
        ]


def _writes_whole(s: Let) -> bool:
    """Say whether an update is one of all elements by as many, or by one number, of the same dtype."""
    base, value = s.out.type, s.args[1]
    if s.op.name != "update" or not isinstance(base, Array) or base.loose or not base.dims:
        return False
    if any(not isinstance(step, Index) or any(i not in (Ellipsis, Slice()) for i in step.items) for step in s.place):
        return False
    if isinstance(value.type, Array):
        return isinstance(value, Var) and not value.type.loose and is_alike(value, s.out)
    fits = (
        base.dtype in ("float64", "float32")
        if isinstance(value.type, (Int, Float))
        else value.type == Scalar(base.dtype)
    )
    return s.mode != "set" and fits


def _renumber(step: Any, args: tuple[Operand, ...], used: list[Operand]) -> Any:
    """Return a step whose holes are filled from `used`, which takes what they are filled from now."""
    if isinstance(step, Hole):
        used.append(args[step.arg])
        return Hole(len(used) - 1)
    if isinstance(step, Slice):
        return Slice(*(_renumber(x, args, used) for x in (step.start, step.stop, step.step)))
    return Index(tuple(_renumber(x, args, used) for x in step.items)) if isinstance(step, Index) else step
