"""Reverse mode: from a typed function to the statements that compute its gradient.

Assumes verified SSA. The forward part is the primal as it is, with saves added; the backward part walks it
from the end, each statement adding to the cotangents of what it reads. Cotangents exist only for values
that depend on a source and that the result depends on, so nothing else is generated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adgen.ir.nodes import (
    Block,
    Const,
    If,
    Index,
    Let,
    Operand,
    Stmt,
    Var,
)
from adgen.ir.types import Array, List, Record, Scalar, Tuple, Type, is_complex, is_floating
from adgen.optimise.algebra import is_python
from adgen.transform import users
from adgen.transform.activity import inputs
from adgen.transform.cotangents import Cot, Cotangents, Masked
from adgen.transform.regions import Regions
from adgen.transform.rules import differentiable, without_rule
from adgen.transform.structures import Structures

CONTRACTING = frozenset(("matmul", "np.matmul", "np.dot"))


class Reverse(Regions, Structures):
    """Differentiates one function body."""

    def block(self, block: Block, cots: Cotangents) -> None:
        """Emit the backward statements of a block into the open region."""
        for s in reversed(block.stmts):
            self.statement(s, cots)

    def statement(self, s: Stmt, cots: Cotangents) -> None:
        with self.b.at(s.origin):
            if isinstance(s, Let):
                c = cots.pop(s.out)
                if c is not None and s.out in self.varied:
                    self.let(s, c, cots)
            elif isinstance(s, If):
                self.branch(s, cots)
            else:
                self.loop(s, cots)

    def let(self, s: Let, c: Cot, cots: Cotangents) -> None:
        op = s.op
        if "*" in op.vjp:
            self._user_rule(s, c, cots)
            return
        if op.kind in ("zero", "query") or op.name == "stop_gradient":
            return
        if op.name in self.special:
            self.special[op.name](s, c, cots)
            return
        if isinstance(s.out.type, List) and op.name in ("add", "mul"):
            self._join_lists(s, c, cots)
            return
        self.by_rules(s, c, cots)

    def by_rules(self, s: Let, c: Cot, cots: Cotangents) -> None:
        op = s.op
        active = [(p, a) for p, a in differentiable(op, s) if self._is_active(a)]
        known = {id(a) for _, a in active}
        for a in inputs(s):
            if (
                a in self.varied
                and not any(id(a) in (id(x), *map(id, x if isinstance(x, tuple) else ())) for _, x in active)
                and id(a) not in known
            ):
                self.no_rule(s)
        if any(a in self.varied for a in without_rule(op, s)):
            self.no_rule(s)
        elif op.partials:
            self._elementwise(s, c, cots, active)
        else:
            g = cots.settle(c) if not isinstance(c, dict) else c
            g = cots.whole(g, s.out) if not op.narrow or isinstance(g, dict) else g
            parts: list[tuple[Any, Any]] = []
            for p, a in active:
                rule = op.vjp.get(p)
                if rule is None:
                    self.no_rule(s)
                    continue
                part = self.rules.by_name(rule, s, g=g, out=s.out)
                if op.name in CONTRACTING:
                    self._take_lengths(part, a, s)
                again = parts and parts[-1][0] is a and parts[-1][1] is part
                if again and isinstance(part, Var) and isinstance(part.type, (Array, Scalar)):
                    parts[-1] = a, self.b.call("mul", self.b.const(2.0), part)  # `x @ x`: one contribution, not two
                elif len(active) == 2 and active[0][1] is active[1][1]:
                    parts.append((a, part))
                else:
                    self._give(a, part, cots)
            for a, part in parts:
                self._give(a, part, cots)

    def _is_active(self, a: Any) -> bool:
        return any(i in self.varied for i in a) if isinstance(a, tuple) else a in self.varied

    def _elementwise(self, s: Let, c: Cot, cots: Cotangents, active: Sequence[tuple[str, Any]]) -> None:
        g = c.value if isinstance(c, Masked) else c
        found: list[tuple[Operand, Cot]] = []
        self.limits.note(s)
        for p, a in active:
            partial = s.op.partials.get(p)
            if partial is None:
                self.no_rule(s)
                continue
            if p in s.op.flat and not is_complex(a.type):
                continue
            if self._divides_by_python(s, p, g):
                part: Cot = self.b.call("np.divide", g, s.args[1])
            else:
                part = self.limits.product(s, s.op.params.index(p), g, self.rules.partial(partial, s))
            part = self.masked(c, part, s.out, a, cots)
            again = next((k for k, (x, _) in enumerate(found) if x is a), None)
            if again is None:
                found.append((a, part))
            else:  # x * x: one contribution, not two
                found[again] = (a, self._sum(found[again][1], part))
        # every contribution is computed before any is added: adding may write in place what another reads
        for a, part in found:
            cots.add(a, cots.project(part, a), part is g)

    @staticmethod
    def _divides_by_python(s: Let, param: str, g: Operand) -> bool:
        """Say whether `g / y` could raise where the primal, a division of NumPy's, gives infinity."""
        if s.op.name != "truediv" or param != "x" or is_python(s.out) or not is_python(g):
            return False
        y = s.args[1]
        return isinstance(y, Var) and is_python(y) and y.length is None

    def _sum(self, before: Cot, part: Cot) -> Cot:
        if isinstance(before, Masked) and isinstance(part, Masked):
            return Masked(part.mask, self.b.call("add", before.value, part.value), part.other)
        return self.b.call("add", before, part)

    def _user_rule(self, s: Let, c: Cot, cots: Cotangents) -> None:
        g = cots.whole(c, s.out)
        through = s.op.note == "through"
        users.refuse_dropped(s, s.op.vjp["*"], self.varied)
        for a, part in users.gradients(self.rules, s, g, s.args[1] if through else s.out):
            if a in self.varied:
                cots.add(a, cots.project(part, a))

    def _give(self, a: Any, part: Any, cots: Cotangents) -> None:
        """Hand a rule's result to its argument: an operand, or the items of a structure."""
        if isinstance(a, tuple):
            for k, i in enumerate(a):
                if i in self.varied:
                    self._give(i, part[k] if isinstance(part, dict) else part, cots)
            return
        if isinstance(part, Const) and part.value is None:
            return
        if isinstance(part, dict):
            cots.add(a, {k: self._fit_item(a, k, v, cots) for k, v in part.items()})
            return
        if isinstance(a.type, (Tuple, Record)) and isinstance(part.type, Array):
            cots.add(a, self._by_rows(part, a.type))
            return
        cots.add(a, cots.project(part, a))

    def _by_rows(self, part: Operand, t: Type) -> Cot:
        """Return an array that stands for a structure of numbers item by item."""
        if not isinstance(t, (Tuple, Record)) or not isinstance(part.type, Array):
            return part
        keys = range(len(t.items)) if isinstance(t, Tuple) else t.keys
        return {k: self._by_rows(self.b.load(part, (Index((k,)),), ()), i) for k, i in zip(keys, t.items)}

    def _fit_item(self, a: Operand, k: Any, part: Any, cots: Cotangents) -> Cot:
        if isinstance(part, dict) or not isinstance(a.type, (Tuple, Record)):
            return part
        leaf = self.b.call("item", a, self.b.const(k))
        return cots.project(part, leaf) if is_floating(leaf.type) else None

    def _take_lengths(self, part: Any, a: Any, s: Let) -> None:
        """Note that the gradient of a vector or matrix in a product has its lengths: nothing was broadcast."""
        made = self.b.defs.get(part) if isinstance(part, Var) else None
        plain = all(isinstance(x.type, Array) and x.type.ndim in (1, 2) for x in s.args)
        if made is None or not made.adjoint or not plain or part.fixed:
            return
        if isinstance(part.type, Array) and part.type.ndim == a.type.ndim and part.type.dims != a.type.dims:
            part.type = replace(part.type, dims=a.type.dims)
