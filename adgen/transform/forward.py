"""Forward mode: each statement is followed by the statements of its tangent.

Assumes verified SSA. A tangent has its value's type; it is absent where the value does not depend on a source.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from adgen.api.paths import root_of, split_path
from adgen.errors import NoGradientError, UnsupportedError
from adgen.infer.program import Program
from adgen.ir.build import Builder
from adgen.ir.nodes import UNDEF, Block, Const, Consume, Func, If, Index, Let, Loop, Operand, Var
from adgen.ir.source import leaves
from adgen.ir.summary import CALLS, summary_of
from adgen.ir.types import (
    NUMERIC,
    Array,
    Float,
    Int,
    List,
    NoneT,
    Opaque,
    Record,
    Scalar,
    Tuple,
    Type,
    Undef,
    is_complex,
    is_floating,
)
from adgen.optimise.algebra import negative_factor, simplify
from adgen.optimise.dce import eliminate_dead
from adgen.rules.typing import bound_args
from adgen.transform import users
from adgen.transform.activity import Varied
from adgen.transform.directions import Directions
from adgen.transform.rules import RuleRunner, differentiable, without_rule
from adgen.transform.sources import unperturb
from adgen.transform.summaries import active_arguments, sources_of, twin_of, undefined_in
from adgen.transform.tangent_structures import TangentStructures


def make_tangent(p: Program, wrt: Sequence[str], name: str) -> tuple[Func, tuple[Any, ...]]:
    """Return a function of the primal's parameters and one tangent per source: (value, tangent)."""
    func = eliminate_dead(p.func)
    b = Builder()
    b.algebra, b.negated = simplify, negative_factor
    b.open()
    sources = {n: p.source(n) for n in wrt}
    found = [v for source in sources.values() for v in leaves(source)]
    directions = Directions(func.body, {v for v in found if v not in func.params})
    varied = Varied(directions.body, [directions.added.get(v, v) for v in found])
    fwd = Forward(b, varied, RuleRunner(b), directions)
    fwd.cots.undefined = undefined_in(func.body)
    tangents = []
    taken = {p.name for p in func.params}
    b.adjoint = True
    for one, source in sources.items():
        t = Var(directions.type_of(source), unused_name(f"{short_name(one)}_dot", taken), True)
        taken.add(t.name)
        tangents.append(t)
        directions.give(b, source, t, fwd.of, root_of(one) in p.params)
    b.adjoint = False
    fwd.block(directions.body)
    b.origin = None
    result = func.body.results[0]
    b.adjoint = True
    tangent = fwd.full(result)
    if isinstance(result.type, Array) and not result.type.dims:  # sums of such arrays are scalars
        tangent = b.call("np.asarray", tangent)
    elif isinstance(result.type, Scalar) and isinstance(tangent.type, Array):
        tangent = b.load(tangent, (Index(()),), ())
    elif isinstance(result.type, Float) and isinstance(tangent.type, (Scalar, Array)):
        tangent = b.call("to_float", tangent)
    out = b.call("make_tuple", result, tangent)
    n = len(p.params)
    params = (*func.params[:n], *tangents, *func.params[n:])
    body = unperturb(b.close((out,)), directions.every)
    return eliminate_dead(Func(name, params, body)), fwd.rules.used


def short_name(one: str) -> str:
    """Return a name for what a path leads to: `w` for `params['w']`."""
    root, steps = split_path(one)
    return next((k for k in reversed(steps) if isinstance(k, str) and k.isidentifier()), root)


def unused_name(name: str, taken: set[str | None]) -> str:
    """Return a parameter name that no other parameter has."""
    while name in taken:
        name += "_"
    return name


class Forward(TangentStructures):
    """Emits a block with its tangents."""

    # -- statements -------------------------------------------------------------------------------------

    def block(self, block: Block) -> None:
        b = self.b
        for s in block.stmts:
            with b.at(s.origin):
                if isinstance(s, Let) and s.op.name in CALLS and s.out in self.varied:
                    self._call(s)
                elif isinstance(s, Let):
                    b.adjoint = False
                    b.append(s)
                    b.share((s,))
                    if s.out in self.varied:
                        b.adjoint = True
                        self.let(s)
                        b.adjoint = False
                elif isinstance(s, If):
                    self.branch(s)
                else:
                    self.loop(s)

    def let(self, s: Let) -> None:
        op = s.op
        name = op.name
        if op.kind in ("zero", "query") or name == "stop_gradient":
            return
        structural = getattr(self, f"_{name}", None) if op.kind in ("structure", "opaque") or name == "copy" else None
        if structural is not None:
            self.set(s.out, structural(s))
            return
        if isinstance(s.out.type, List) and name in ("add", "mul"):
            joined = [self.full(a) if isinstance(a.type, (List, Record)) else a for a in s.args]
            self.set(s.out, self.b.emit(op, joined, type=s.out.type))
            return
        if "*" in op.jvp:
            self.set(s.out, self._user_rule(s))
            return
        if any(self.get(a) is not None for a in without_rule(op, s)):
            self._no_rule(s)
        parts = self._together(s)
        if parts is None:
            parts = [part for p, a in differentiable(op, s) for _, part in self._contributions(s, p, a)]
        if not parts:
            self._no_rule(s)
        total = parts[0]
        for part in parts[1:]:
            total = self._plus(total, part)
        self.set(s.out, self._formed(total, s.out.type))

    def _plus(self, x: Any, y: Any) -> Any:
        """Add two tangents of one result, item by item if it is a tuple."""
        if isinstance(x, dict):
            return {k: self._plus(x[k], y[k]) for k in x}
        return self.b.call("add", x, y)

    def _together(self, s: Let) -> list[Any] | None:
        """A function that is linear in several arguments at once: itself on all their tangents."""
        op = s.op
        if op.kind != "linear" or len(op.diff) < 2 or op.jvp or op.variadic:
            return None
        marks = tuple(Const(k, Int()) for k in range(len(s.args)))
        by_mark = {id(m): p for p, m in bound_args(op, marks, s.kws).items()}
        zero = self.b.const(0.0)
        args = [
            a
            if by_mark.get(id(m)) not in op.diff
            else self.full(a)
            if is_floating(a.type)
            else self.cots.zero(a)
            if isinstance(a.type, Array)
            else zero
            for a, m in zip(s.args, marks)
        ]
        return [self.b.emit(op, tuple(args), s.kws)]

    def _contributions(self, s: Let, p: str, a: Any) -> list[tuple[str, Operand]]:
        op = s.op
        if isinstance(a, tuple):
            tangents = [self.full(i) for i in a]
            if not any(self.get(i) is not None for i in a):
                return []
            rule = op.jvp.get(p)
            if rule is not None:
                return [(p, self.rules.by_name(rule, s, t=self.b.call("make_tuple", *tangents), out=s.out))]
            if op.kind == "linear":
                return [(p, self.b.emit(op, (*tangents, *s.args[len(a) :]), s.kws))]
            if op.kind == "multilinear" or op.partials or op.vjp:
                return self._each(s, p, a)
            self._no_rule(s)
        t = self.get(a)
        if t is None:
            return []
        if op.partials:
            partial = op.partials.get(p)
            if partial is None:
                self._no_rule(s)
            assert partial is not None
            if p in op.flat and not is_complex(a.type):
                return []
            return [(p, self.limits.pushed(s, op.params.index(p), t, self.rules.partial(partial, s)))]
        rule = op.jvp.get(p)
        if rule is not None:
            return [(p, self.rules.by_name(rule, s, t=self.full(a), out=s.out))]
        if op.kind in ("linear", "multilinear"):
            return [(p, self._again(s, p, self._with_zeros(a, self.full(a))))]
        self._no_rule(s)
        return []

    def _each(self, s: Let, p: str, args: tuple[Operand, ...]) -> list[tuple[str, Operand]]:
        """A product of any number of operands: the sum with each replaced by its tangent."""
        if s.op.kind != "multilinear":
            self._no_rule(s)
        out = []
        first = next(k for k, x in enumerate(s.args) if any(x is i for i in args))
        for k, i in enumerate(args):
            t = self.get(i)
            if t is not None:
                changed = list(s.args)
                changed[first + k] = t
                out.append((p, self.b.emit(s.op, tuple(changed), s.kws)))
        return out

    def _again(self, s: Let, p: str, t: Operand) -> Operand:
        """Return the operation on a tangent; what shifts its result is left out."""
        # By marked arguments, not by the operands: one value may stand in two places.
        marks = tuple(Const(k, Int()) for k in range(len(s.args)))
        mark = bound_args(s.op, marks, s.kws)[p]
        args = tuple(t if m is mark else a for a, m in zip(s.args, marks))
        return self.b.emit(s.op, args, s.kws)

    def _user_rule(self, s: Let) -> Operand | None:
        rule = s.op.jvp["*"]
        none = self.b.const(None)
        users.refuse_dropped(s, rule, self.varied)
        given, named = users.arguments(s, rule)
        tangents = tuple(self.full(a) if self.get(a) is not None and p in s.op.diff else none for p, a in given)
        args = (self.b.call("make_tuple", *tangents), s.out, *[a for _, a in given])
        result = users.run_rule(self.rules, rule, s, args, named)
        if isinstance(result, dict) and not isinstance(s.out.type, (Tuple, Record)):
            raise UnsupportedError(
                what=f"the jvp rule '{users.rule_name(rule)}' of {s.op.name} returns a tuple",
                why="it returns the tangent of the result",
                origin=s.origin,
            )
        return None if isinstance(result, Const) and result.value is None else self._formed(result, s.out.type)

    def _no_rule(self, s: Let) -> None:
        noted = users.without_rule_note(s)
        if noted is not None:
            raise noted
        raise NoGradientError(
            what=f"{s.op.name} has no forward derivative rule",
            why="its result depends on a value that is differentiated",
            instead="write it with NumPy functions that have one, register one with adgen.register_jvp, "
            "or wrap it in adgen.stop_gradient",
            origin=s.origin,
        )

    def _call(self, s: Let) -> None:
        """Call the function that gives the tangent with the result."""
        b, summary, args = self.b, summary_of(s), s.args[1:]
        params = summary.func.params
        sources = active_arguments(s, self.varied)
        sources = sources_of(summary, sources)
        twin = twin_of(summary, sources)
        self.rules.rely_on(twin)
        b.adjoint = True
        tangents = [self._tangent_of(args[k], params[k].type) for k in sources]
        b.adjoint = False
        whole = Var(Tuple((s.out.type, s.out.type)))
        b.append(replace(s, out=whole, args=(Const(twin, Opaque()), *args, *tangents)))
        b.append(Let(s.out, b.row("item"), (whole, b.const(0)), origin=s.origin))
        b.adjoint = True
        self.set(s.out, b.call("item", whole, b.const(1)))
        b.adjoint = False

    # -- branches and loops ---------------------------------------------------------------------------------

    def branch(self, s: If) -> None:
        b = self.b
        active = [k for k, out in enumerate(s.outs) if out in self.varied]
        blocks = []
        for side in (s.then, s.orelse):
            b.open()
            self.block(side)
            b.adjoint = True
            tangents = [self._joined(side.results[k], s.outs[k]) for k in active]
            b.adjoint = False
            blocks.append(b.close((*side.results, *tangents)))
        outs = [Var(self._tangent_type(s.outs[k]), *self._name(s.outs[k])) for k in active]
        b.append(replace(s, then=blocks[0], orelse=blocks[1], outs=(*s.outs, *outs)))
        for k, t in zip(active, outs):
            self.of[s.outs[k]] = t

    def _joined(self, a: Operand, out: Var) -> Operand:
        """Return the tangent of what a join or a loop takes as `out`, which may be floating where it is not."""
        if isinstance(a.type, Undef):
            return UNDEF
        if is_floating(a.type) or not is_floating(out.type) or not isinstance(a.type, NUMERIC):
            return self.full(a)
        return self.b.call("mul", self.b.const(0.0), a) if isinstance(a.type, Array) else self.b.const(0.0)

    @staticmethod
    def _tangent_type(v: Var) -> Type:
        return v.type

    @staticmethod
    def _name(v: Var) -> tuple[str | None, bool]:
        return (f"{v.name}_dot", v.fixed) if v.name else (None, False)

    def loop(self, s: Loop) -> None:
        b = self.b
        for c in s.consumes:
            if c.seq in self.directions.counts:
                self._check(self.full(c.seq), self.directions.counts[c.seq])
        active = [k for k, p in enumerate(s.params) if p in self.varied]
        gathered = [k for k, q in enumerate(s.collects) if q in self.varied]
        params, inits = [], []
        b.adjoint = True
        for k in active:
            init = s.inits[k]
            inits.append(self._joined(init, s.params[k]))
            t = Var(self._tangent_type(s.params[k]), *self._name(s.params[k]))
            params.append(t)
            self.of[s.params[k]] = t
        consumes = list(s.consumes)
        for c in s.consumes:
            if c.var in self.varied:
                t = Var(c.var.type, *self._name(c.var))
                consumes.append(Consume(t, self.full(c.seq), c.reverse))
                self.of[c.var] = t
        b.adjoint = False
        test = s.test
        b.open()
        self.block(s.body)
        b.adjoint = True
        yields = [self._joined(s.yields[k], s.params[k]) for k in active]
        collected = [self.full(s.collected[k]) for k in gathered]
        b.adjoint = False
        stop = (s.stop,) if s.stop is not None else ()
        body = b.close((*s.yields, *yields, *s.collected, *collected, *stop))
        outs = [Var(self._tangent_type(s.outs[k]), *self._name(s.outs[k])) for k in active]
        lists = [Var(s.collects[k].type, *self._name(s.collects[k])) for k in gathered]
        b.append(
            replace(
                s, test=test, consumes=tuple(consumes), params=(*s.params, *params), inits=(*s.inits, *inits),
                body=body, outs=(*s.outs, *outs), collects=(*s.collects, *lists),
            )
        )  # fmt: skip
        for k, t in zip(active, outs):
            self.of[s.outs[k]] = t
        for k, t in zip(gathered, lists):
            self.of[s.collects[k]] = t
        for v in s.outs:
            for rows in self.directions.counters.get(v, ()):
                self._check(self.full(rows), v)

    def _check(self, rows: Operand, count: Operand) -> None:
        self.b.emit(self.b.row("check_tangents"), (rows, count), type=NoneT())
