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
    Bool,
    Dict,
    Float,
    Int,
    List,
    NoneT,
    Opaque,
    Record,
    Saved,
    Tuple,
    Type,
    Undef,
    held_class,
    is_complex,
    is_floating,
    may_float,
)
from adgen.optimise.algebra import negative_factor, simplify
from adgen.optimise.dce import eliminate_dead
from adgen.rules.typing import bound_args
from adgen.transform import users
from adgen.transform.activity import Varied
from adgen.transform.cotangents import Cotangents, make_record
from adgen.transform.directions import Directions
from adgen.transform.rules import RuleRunner, differentiable, without_rule
from adgen.transform.sources import unperturb
from adgen.transform.summaries import active_arguments, sources_of, twin_of, undefined_in


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
    out = b.call("make_tuple", result, fwd.full(result))
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


class Forward:
    """Emits a block with its tangents."""

    def __init__(self, b: Builder, varied: Varied, rules: RuleRunner, directions: Directions) -> None:
        self.b = b
        self.directions = directions
        self.varied = varied
        self.rules = rules
        self.of: dict[Var, Operand] = {}
        self.cots = Cotangents(b)

    # -- tangents of operands -------------------------------------------------------------------------

    def get(self, a: Operand) -> Operand | None:
        return self.of.get(a) if isinstance(a, Var) else None

    def full(self, a: Operand) -> Operand:
        """Return the tangent of an operand, zeros where there is none."""
        t = self.get(a)
        if t is None:
            if isinstance(a.type, (Int, Bool)):  # a constant among floating-point numbers
                return self.b.const(0.0)
            if isinstance(a.type, Record) and a.type.cls is list and is_floating(a.type):
                return self.b.call(
                    "make_list", *[self.full(self.b.call("item", a, self.b.const(k))) for k in a.type.keys]
                )
            return UNDEF if isinstance(a.type, Undef) else self.cots.zero(a)
        if isinstance(a.type, Array) and isinstance(a, Var) and Cotangents.is_narrow(t, a.type):
            return self.b.call("np.full_like", a, t)
        return t

    def set(self, v: Var, t: Operand | None) -> None:
        if t is None:
            return
        name = f"{v.name}_dot" if v.name else None
        self.of[v] = self.b.bind(t, name, v.fixed) if name else t

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

    def _formed(self, t: Any, wanted: Type) -> Operand:
        """Return a tangent in the form of its value: a rule answers a tuple by its items."""
        if not isinstance(t, dict):
            if is_complex(t.type) and not is_complex(wanted):
                t = self.b.call("np.real", t)
            return self.cots.cast(t, wanted)
        assert isinstance(wanted, (Tuple, Record))
        items = [
            self._formed(t[k], i) if is_floating(i) else self.b.const(None) for k, i in zip(sorted(t), wanted.items)
        ]
        return make_record(self.b, wanted, items) if isinstance(wanted, Record) else self.b.call("make_tuple", *items)

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
            return [(p, self.b.call("mul", t, self.rules.partial(partial, s)))]
        rule = op.jvp.get(p)
        if rule is not None:
            given = self._items(a, t) if isinstance(a.type, (Tuple, Record)) else self.full(a)
            return [(p, self.rules.by_name(rule, s, t=given, out=s.out))]
        if op.kind in ("linear", "multilinear"):
            return [(p, self._again(s, p, self._with_zeros(a, self.full(a))))]
        self._no_rule(s)
        return []

    def _with_zeros(self, a: Operand, t: Operand) -> Operand:
        """Return the tangent of a tuple or list of numbers, with zeros for the integers in it."""
        if isinstance(a.type, List) and not _all_floating(a.type.elem):
            raise UnsupportedError(
                what=f"{a.type} as one array, in forward mode",
                why="the integers in it have no tangents",
                instead="write the integers as floats",
                origin=self.b.origin,
            )
        if not isinstance(a.type, (Tuple, Record)) or _all_floating(a.type):
            return t
        parts = []
        for k, i in zip(a.type.keys if isinstance(a.type, Record) else range(len(a.type.items)), a.type.items):
            own = self.b.call("item", a, self.b.const(k))
            parts.append(
                self._with_zeros(own, self.b.call("item", t, self.b.const(k))) if is_floating(i) else self._zeros(own)
            )
        return self.b.call("make_tuple" if isinstance(a.type, Tuple) else "make_list", *parts)

    def _zeros(self, a: Operand) -> Operand:
        """Return zeros for what has no tangent, among values that have one."""
        if isinstance(a.type, Array):
            return self.cots.zero(a)
        if isinstance(a.type, List) and isinstance(a.type.elem, (Int, Bool)):
            return self.b.emit(self.b.row("zeros_list"), (a,), type=List(Float()))
        if isinstance(a.type, (Tuple, Record)):
            keys = a.type.keys if isinstance(a.type, Record) else range(len(a.type.items))
            parts = [self._zeros(self.b.call("item", a, self.b.const(k))) for k in keys]
            return self.b.call("make_tuple" if isinstance(a.type, Tuple) else "make_list", *parts)
        return self.b.const(0.0)

    def _items(self, a: Operand, t: Operand) -> Operand:
        del a
        return t

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

    def _tangent_of(self, a: Operand, t: Type) -> Operand:
        """Return the tangent of an argument of a summary, whose parameter may be floating where it is not."""
        if isinstance(a, Var) and is_floating(a.type):
            return self.cots.finish(self.full(a), a)
        if isinstance(a.type, Array):
            return self.b.call("mul", self.b.const(0.0), a)
        return self.cots.zero(Const(None, t)) if not isinstance(t, (Array, List)) else self.full(a)

    # -- structure ----------------------------------------------------------------------------------------

    def _getitem(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]), *s.args[1:]), s.kws, s.place)

    def _update(self, s: Let) -> Operand:
        base = self.full(s.args[0])
        if s.mode != "set" and self.get(s.args[1]) is None:
            return base
        value = self.full(s.args[1])
        name = f"{s.out.name}_dot" if s.out.name else None
        t = s.out.type if isinstance(s.out.type, (List, Dict)) else None
        args = (base, value, *s.args[2:])
        return self.b.emit(s.op, args, s.kws, s.place, s.mode, name=name, fixed=s.out.fixed, type=t)

    def _item(self, s: Let) -> Operand | None:
        t = self.get(s.args[0])
        return None if t is None else self.b.call("item", t, s.args[1])

    def _make_tuple(self, s: Let) -> Operand:
        items = [self.full(a) if is_floating(a.type) else self.b.const(None) for a in s.args]
        t = s.out.type if isinstance(s.out.type, Saved) else None
        return self.b.emit(self.b.row("make_tuple"), items, type=t)

    def _make_list(self, s: Let) -> Operand:
        return self.b.call("make_list", *[self._zeros(a) if _all_integers(a.type) else self.full(a) for a in s.args])

    def _make_record(self, s: Let) -> Operand:
        t = s.out.type
        if isinstance(t, Dict):
            return self.b.emit(s.op, (*s.args[:2], *map(self.full, s.args[2:])), type=t)
        if held_class(t) is not None:
            none = self.b.const(None)
            assert isinstance(t, Record)
            parts = [self.full(a) if may_float(i) else none for a, i in zip(s.args[2:], t.items)]
            return self.b.emit(s.op, (*s.args[:2], *parts), type=t)
        assert isinstance(t, Record)
        return make_record(self.b, t, [self.full(a) if is_floating(a.type) else self.b.const(None) for a in s.args[2:]])

    def _insert(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]), self.full(s.args[1]), s.args[2]), type=s.out.type)

    def _without(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]), s.args[1]), type=s.out.type)

    def _values_of(self, s: Let) -> Operand:
        return self.b.call("items_at", self.full(s.args[0]), s.args[0])

    def _sum_repeats(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]), s.args[1]), type=s.out.type)

    def _items_at(self, s: Let) -> Operand:
        return self.b.call("items_at", self.full(s.args[0]), s.args[1])

    def _dict_of(self, s: Let) -> Operand:
        return self.b.emit(s.op, (s.args[0], self.full(s.args[1])), type=s.out.type)

    def _append(self, s: Let) -> Operand:
        t = s.out.type if isinstance(s.out.type, List) else None  # None stands for the integers among its items
        return self.b.emit(s.op, (self.full(s.args[0]), self.full(s.args[1])), type=t)

    def _to_list(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]),), type=s.out.type)

    _to_floats = _to_list

    def _reversed_list(self, s: Let) -> Operand:
        return self.b.call("reversed_list", self.full(s.args[0]))

    def _as_tuple(self, s: Let) -> Operand:
        return self.b.emit(s.op, (self.full(s.args[0]),))

    _as_list = _as_tuple

    def _add_lists(self, s: Let) -> Operand:
        return self.b.call("add_lists", *[self.full(a) for a in s.args])

    def _add_saved(self, s: Let) -> Operand:
        return self.b.emit(s.op, tuple(self.full(a) for a in s.args), type=s.out.type)

    def _place_slice(self, s: Let) -> Operand:
        return self.b.call("place_slice", *s.args[:4], self.full(s.args[4]))

    def _bound(self, s: Let) -> Operand | None:
        return self.get(s.args[0])

    def _pin(self, s: Let) -> Operand | None:
        """A source has the direction that is given for it, beside what comes from sources before it."""
        before, v = self.get(s.args[0]), s.args[-1]
        given = self.get(v) if len(s.args) > 2 else None
        if given is None or not isinstance(v, Var):
            return before
        if v in self.directions.items:
            given = self.b.call("zeros_list", s.args[0])
            for steps, t in self.directions.items[v]:
                given = self.b.update(given, t, tuple(Index((k,)) for k in steps), ())
        elif v not in self.directions.exact and not isinstance(v.type, List):
            given = self.b.call("as_tangent", given, s.args[0])
        return given if before is None else self.b.call("add", before, given)

    def _hook(self, s: Let) -> Operand | None:
        return self.get(s.args[0])

    def _named(self, s: Let) -> Operand | None:
        return self.get(s.args[0])

    def _held(self, s: Let) -> Operand | None:
        return self.get(s.args[0])

    def _copy(self, s: Let) -> Operand:
        return self.b.call("copy", self.full(s.args[0]))

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


def _all_integers(t: Type) -> bool:
    """Say whether a structure holds integers alone."""
    if isinstance(t, (Tuple, Record)):
        return bool(t.items) and all(map(_all_integers, t.items))
    return _all_integers(t.elem) if isinstance(t, List) else isinstance(t, (Int, Bool))


def _all_floating(t: Type) -> bool:
    """Say whether no integer is among the numbers of a structure."""
    if isinstance(t, (Tuple, Record)):
        return all(map(_all_floating, t.items))
    return _all_floating(t.elem) if isinstance(t, List) else is_floating(t) or isinstance(t, Undef)
