"""Remove what nobody needs.

Sparse mark and sweep: a value is marked when something needed reads it, so carried values that only
feed themselves are never reached, and the work is linear in the size of the function. Each round then
drops the rest and simplifies what the marks allow (carried values that never change, joins of equal
values, values that do not matter in the iteration that stops a loop); a round that simplified nothing
is the last.

Needed are the result and opaque effects. Loops are taken to end, and implicit exceptions of unneeded
statements go with them.
"""

from __future__ import annotations

from collections.abc import Mapping as Mapping_
from dataclasses import dataclass, replace
from operator import is_

from adgen.ir.alike import same_blocks
from adgen.ir.nodes import Block, Const, Consume, Func, If, Let, Loop, Operand, Range, Stmt, Var
from adgen.ir.rewrite import Mapping, resolve, resolve_all, resolve_range
from adgen.ir.types import Array, Bool, Record, Tuple, Undef
from adgen.rules.registry import REGISTRY


def eliminate_dead(func: Func) -> Func:
    """Return the function without its dead parts; the same object if it has none."""
    while True:
        marks = _Marks(func)
        sweeper = _Sweeper(marks)
        body = sweeper.block(func.body, None)
        if not sweeper.changed:
            return func
        func = replace(func, body=body)
        if not sweeper.again:
            return func


def find_needed(func: Func, apart: Mapping_[Let, int]) -> set[Var]:
    """Return the values that are needed; `apart`: which argument of a statement does not count."""
    return _Marks(func, apart).needed


@dataclass(slots=True, eq=False)
class _Def:
    """Where a value comes from: which part of which statement, and the statement that encloses it."""

    stmt: Stmt
    part: str  # "let", "out", "param", "collect", "consume", "index"
    at: int = 0


class _Marks:
    """Which values and which structures a function needs."""

    def __init__(self, func: Func, apart: Mapping_[Let, int] | None = None) -> None:
        self.apart = apart or {}
        self.defs: dict[Var, _Def] = {}
        self.parents: dict[Stmt, Stmt | None] = {}
        self.needed: set[Var] = set()
        self.live: set[Stmt] = set()
        self._work: list[Operand] = []
        self._undriven: list[Loop] = []
        effects: list[Let] = []
        self._index(func.body, None, effects)
        for s in effects:
            self._work.extend(s.args)
            self._enliven(s)
        self._work.extend(func.body.results)
        self._propagate()

    def _index(self, block: Block, parent: Stmt | None, effects: list[Let]) -> None:
        for s in block.stmts:
            self.parents[s] = parent
            if isinstance(s, Let):
                self.defs[s.out] = _Def(s, "let")
                if s.stays:
                    effects.append(s)
                continue
            for at, v in enumerate(s.outs):
                self.defs[v] = _Def(s, "out", at)
            if isinstance(s, If):
                self._index(s.then, s, effects)
                self._index(s.orelse, s, effects)
                continue
            for at, v in enumerate(s.params):
                self.defs[v] = _Def(s, "param", at)
            for at, v in enumerate(s.collects):
                self.defs[v] = _Def(s, "collect", at)
            for at, c in enumerate(s.consumes):
                self.defs[c.var] = _Def(s, "consume", at)
            if s.index is not None:
                self.defs[s.index] = _Def(s, "index")
            if s.test is not None:
                self._index(s.test, s, effects)
            self._index(s.body, s, effects)

    def _enliven(self, s: Stmt) -> None:
        """Keep a statement, what decides whether it runs, and the structures around it."""
        at: Stmt | None = s
        while at is not None and at not in self.live:
            self.live.add(at)
            if isinstance(at, If):
                self._work.append(at.cond)
            elif isinstance(at, Loop):
                self._keep_loop(at)
            at = self.parents[at]

    def _keep_loop(self, s: Loop) -> None:
        if s.range is not None:
            self._work += (s.range.start, s.range.stop, s.range.step)
        if s.test is not None:
            self._work.append(s.test.results[0])
        if s.stop is not None:
            self._work.append(s.stop)
        if s.range is None and s.test is None:
            self._undriven.append(s)
        if not s.adjoint:
            # The shortest sequence ends a loop: one that may be shorter than the others counts.
            for c in s.consumes:
                if not self._redundant(s, c):
                    self._work.append(c.var)

    def _redundant(self, s: Loop, c: Consume) -> bool:
        """Say whether the loop runs as often without this sequence (which may be its last one)."""
        if s.test is not None:
            return False
        if s.range is None:
            return all(self._same_length(c.seq, other.seq) for other in s.consumes)
        source = self._collected(c.seq)
        if source is not None and source.range is not None and not (source.stops or source.test or source.consumes):
            return is_same_range(source.range, s.range)
        return _counts(s.range, c.seq, self.defs)

    def _same_length(self, a: Operand, b: Operand) -> bool:
        if a is b:
            return True
        source = self._collected(a)
        if source is not None and source is self._collected(b):
            return True
        s, t = a.type, b.type
        if isinstance(s, Array) and isinstance(t, Array):
            return bool(s.dims and t.dims and s.dims[0] == t.dims[0])
        if isinstance(s, (Tuple, Record)) and isinstance(t, (Tuple, Record)):
            return len(s.items) == len(t.items)
        return False

    def _collected(self, a: Operand) -> Loop | None:
        """Return the loop that collects a sequence."""
        d = self.defs.get(a) if isinstance(a, Var) else None
        return d.stmt if d is not None and d.part == "collect" and isinstance(d.stmt, Loop) else None

    def _propagate(self) -> None:
        while self._work or self._undriven:
            while self._work:
                a = self._work.pop()
                if isinstance(a, Var) and a not in self.needed:
                    self.needed.add(a)
                    d = self.defs.get(a)
                    if d is not None:
                        self._need(d)
            if self._undriven:
                self._drive(self._undriven.pop())

    def _need(self, d: _Def) -> None:
        s = d.stmt
        self._enliven(s)
        if isinstance(s, Let):
            k = self.apart.get(s)
            self._work.extend(s.args if k is None else (*s.args[:k], *s.args[k + 1 :]))
        elif isinstance(s, If):
            self._work += (s.then.results[d.at], s.orelse.results[d.at])
        elif d.part in ("out", "param"):
            # The out alone counts as read after the loop: what is carried is the param.
            self._work += (s.params[d.at], s.inits[d.at], s.yields[d.at])
        elif d.part == "collect":
            self._work.append(s.collected[d.at])
        elif d.part == "consume":
            self._work.append(s.consumes[d.at].seq)

    def _drive(self, s: Loop) -> None:
        """Keep one sequence of a loop that has nothing else to count its iterations: the cheapest one."""
        if any(c.var in self.needed for c in s.consumes):
            return

        def cost(c: Consume) -> int:
            if not isinstance(c.seq, Var) or c.seq in self.needed:
                return 0
            return 1 if self._collected(c.seq) is None else 2

        self._work.append(min(s.consumes, key=cost).var)


def _counts(r: Range, seq: Operand, defs: dict[Var, _Def]) -> bool:
    """Say whether a range is known to run over the positions of a sequence."""
    start, stop, step = r.start, r.stop, r.step
    if not (isinstance(start, Const) and start.value == 0 and isinstance(step, Const) and step.value == 1):
        return False
    if isinstance(stop, Const):
        t = seq.type
        if isinstance(t, Array):
            return bool(t.dims) and t.dims[0] == stop.value
        return isinstance(t, (Tuple, Record)) and len(t.items) == stop.value
    d = defs.get(stop)
    if d is None or not isinstance(d.stmt, Let) or not d.stmt.args or d.stmt.args[0] is not seq:
        return False
    if d.stmt.op.name == "dim":
        axis = d.stmt.args[1]
        return isinstance(axis, Const) and axis.value == 0
    return d.stmt.op.name == "length"


class _Sweeper:
    """Rebuilds blocks from what is marked."""

    def __init__(self, marks: _Marks) -> None:
        self.marks = marks
        self.mapping: Mapping = {}
        self.choices: dict[Operand, tuple[Operand, Operand, Operand]] = {}  # by a condition
        self.negated: dict[Operand, Operand] = {}
        self.changed = False
        self.again = False

    def needs(self, v: Var) -> bool:
        return v in self.marks.needed

    def block(self, b: Block, keep: tuple[bool, ...] | None) -> Block:
        """Return a block without dead statements, with those of its results that `keep` says."""
        stmts: list[Stmt] = []
        for s in b.stmts:
            if s not in self.marks.live:
                self.changed = True
            elif isinstance(s, Let):
                args = resolve_all(s.args, self.mapping)
                let = s if args is s.args else replace(s, args=args)
                if s.op.name == "not_" and args[0].type == s.out.type and not s.out.fixed:
                    stmts += self.negation(let, args[0])
                else:
                    stmts += [let] if s.op.name != "eq" else self.comparison(let)
            elif isinstance(s, If):
                stmts += self.branch(s)
            else:
                stmts.append(self.loop(s))
        kept = b.results if keep is None else tuple(r for r, k in zip(b.results, keep) if k)
        results = resolve_all(kept, self.mapping)
        if len(results) == len(b.results) and len(stmts) == len(b.stmts):
            same = all(map(is_, stmts, b.stmts)) and all(map(is_, results, b.results))
            if same:
                return b
        return Block(tuple(stmts), results)

    def comparison(self, s: Let) -> list[Stmt]:
        """Return nothing for an equation whose truth is known, or that of a condition: `(1 if c else 2) == 1`."""
        a, b = s.args
        cond, *sides = self.choices.get(a, (a, a, a))
        if not all(map(_is_integer, (*sides, b))):
            return [s]
        yes, no = (_same(v, b) for v in sides)
        self.changed = self.again = True
        if yes == no:
            self.mapping[s.out] = Const(yes, Bool())
        elif yes:
            self.mapping[s.out] = cond
        else:
            return self.negation(Let(s.out, REGISTRY.named("not_"), (cond,)), cond)
        return []

    def negation(self, s: Let, cond: Operand) -> list[Stmt]:
        """Return the negation of a condition; nothing for that of a negation, which is the condition."""
        if cond in self.negated:
            self.mapping[s.out] = self.negated[cond]
            self.changed = self.again = True
            return []
        self.negated[s.out] = cond
        return [s]

    def branch(self, s: If) -> list[Stmt]:
        cond = resolve(s.cond, self.mapping)
        keep = tuple(self.needs(v) or (s.catch and k == 0 and not s.raises) for k, v in enumerate(s.outs))
        then, orelse = self.block(s.then, keep), self.block(s.orelse, keep)
        outs = tuple(v for v, k in zip(s.outs, keep) if k)
        if isinstance(cond, Const):
            taken = then if cond.value else orelse
            self.mapping.update(zip(outs, taken.results))
            self.changed = self.again = True
            return list(taken.stmts)
        if then.stmts and not s.catch and same_blocks(then, orelse):
            self.mapping.update(zip(outs, then.results))
            self.changed = self.again = True
            return list(then.stmts)
        differ = [not _same(a, b) for a, b in zip(then.results, orelse.results)]
        if not all(differ):
            # What both branches yield was there before them.
            self.mapping.update((v, a) for v, a, d in zip(outs, then.results, differ) if not d)
            then, orelse = _select(then, differ), _select(orelse, differ)
            outs = tuple(v for v, d in zip(outs, differ) if d)
            self.again = True
        flags: list[Stmt] = []
        if not s.catch:
            flags, plain = self.flags(cond, outs, then, orelse)
            if not all(plain):
                then, orelse = _select(then, plain), _select(orelse, plain)
                outs = tuple(v for v, p in zip(outs, plain) if p)
                self.again = True
            self.choices.update({v: (cond, a, b) for v, a, b in zip(outs, then.results, orelse.results)})
        if cond is s.cond and then is s.then and orelse is s.orelse and len(outs) == len(s.outs):
            return [s]
        self.changed = True
        if not (outs or then.stmts or orelse.stmts):
            self.again = True  # its condition may be dead now
            return flags
        return [replace(s, cond=cond, then=then, orelse=orelse, outs=outs), *flags]

    def flags(self, cond: Var, outs: tuple[Var, ...], then: Block, orelse: Block) -> tuple[list[Stmt], list[bool]]:
        """Say which results are other than the condition or its negation; return the statements of negations."""
        made: list[Stmt] = []
        plain = []
        for v, a, b in zip(outs, then.results, orelse.results):
            is_flag = (
                isinstance(a, Const) and isinstance(b, Const) and isinstance(a.value, bool) and a.value is not b.value
            )
            is_flag = is_flag and not v.fixed and v.type == cond.type
            plain.append(not is_flag)
            if is_flag and a.value:  # type: ignore[union-attr]
                self.mapping[v] = cond
            elif is_flag:
                made += self.negation(Let(v, REGISTRY.named("not_"), (cond,)), cond)
        return made, plain

    def loop(self, s: Loop) -> Loop:
        inits = resolve_all(s.inits, self.mapping)
        keep = list(map(self.needs, s.params))
        for at, (p, init, y) in enumerate(zip(s.params, inits, s.yields)):
            fixed = y is p or (_same(y, init) or resolve(y, self.mapping) is init)
            if keep[at] and fixed and not isinstance(init.type, Undef):
                keep[at] = False
                self.mapping[p] = self.mapping[s.outs[at]] = init
                self.again = True
        collect = tuple(map(self.needs, s.collects))
        consumes = tuple(
            c if (seq := resolve(c.seq, self.mapping)) is c.seq else replace(c, seq=seq)
            for c in s.consumes
            if self.needs(c.var)
        )
        stop = s.stop
        stops = not (stop is None or (isinstance(stop, Const) and not stop.value))
        test = None if s.test is None else self.block(s.test, None)
        body = self.block(s.body, (*keep, *collect, *((stops,) if s.stops else ())))
        new = replace(
            s,
            range=resolve_range(s.range, self.mapping),
            index=s.index if s.index is not None and self.needs(s.index) else None,
            test=test,
            consumes=consumes,
            params=tuple(v for v, k in zip(s.params, keep) if k),
            inits=tuple(a for a, k in zip(inits, keep) if k),
            body=body,
            outs=tuple(v for v, k in zip(s.outs, keep) if k),
            collects=tuple(v for v, k in zip(s.collects, collect) if k),
            stops=stops,
        )
        new = self.refine(new)
        if _alike(s, new):
            return s
        self.changed = True
        return new

    def refine(self, s: Loop) -> Loop:
        """Choose freely what is carried out of the iteration that stops, where nobody reads it after the loop.

        A join on the condition that stops is replaced by the value of its other branch.
        """
        stop = s.stop
        if not isinstance(stop, Var) or all(map(self.needs, s.outs)):
            return s
        joins = {v: (t, at) for t in s.body.stmts if isinstance(t, If) for at, v in enumerate(t.outs)}
        negations = {
            t.out: t.args[0] for t in s.body.stmts if isinstance(t, Let) and t.op.name == "not_" and len(t.args) == 1
        }
        breaking = _implied(stop, joins, negations)
        inner: dict[If, set[Var]] = {}
        results = list(s.body.results)
        for k, out in enumerate(s.outs):
            y = results[k]
            while not self.needs(out) and isinstance(y, Var) and y in joins:
                t, at = joins[y]
                taken = breaking.get(t.cond) if isinstance(t.cond, Var) else None
                if taken is None:
                    break
                other = (t.orelse if taken else t.then).results[at]
                if isinstance(other.type, Undef) or _defined_in(other, t, inner):
                    break
                y = other
            results[k] = y
        if all(a is b for a, b in zip(results, s.body.results)):
            return s
        self.again = True
        return replace(s, body=Block(s.body.stmts, tuple(results)))


def _implied(stop: Var, joins: dict[Var, tuple[If, int]], negations: dict[Var, Operand]) -> dict[Var, bool]:
    """Return the conditions that are known to stop the loop, with the truth value that does."""
    found: dict[Var, bool] = {stop: True}
    work = [stop]

    def add(cond: Operand, value: bool) -> None:
        if isinstance(cond, Var) and cond not in found:
            found[cond] = value
            work.append(cond)

    while work:
        v = work.pop()
        if v in negations:
            add(negations[v], not found[v])
        elif v in joins:
            t, at = joins[v]
            for b, value in ((t.then, True), (t.orelse, False)):
                r = b.results[at]
                if isinstance(r, Const) and isinstance(r.value, bool) and r.value is found[v]:
                    add(t.cond, value)
    # A condition may also be the negation of a known one.
    for v, a in negations.items():
        if isinstance(a, Var) and a in found:
            found.setdefault(v, not found[a])
    return found


def _defined_in(a: Operand, t: If, inner: dict[If, set[Var]]) -> bool:
    """Say whether an operand is a value of one of the branches themselves."""
    if t not in inner:
        inner[t] = {v for b in (t.then, t.orelse) for s in b.stmts for v in _outputs(s)}
    return isinstance(a, Var) and a in inner[t]


def _outputs(s: Stmt) -> tuple[Var, ...]:
    if isinstance(s, Let):
        return (s.out,)
    return s.outs if isinstance(s, If) else s.outs + s.collects


def _is_integer(v: Operand) -> bool:
    """Say whether a value is an integer known at compile time."""
    return isinstance(v, Const) and type(v.value) is int


def _same(a: Operand, b: Operand) -> bool:
    """Say whether two operands are one value (constants: equal and of one type)."""
    if a is b:
        return True
    if not (isinstance(a, Const) and isinstance(b, Const)) or a.type != b.type:
        return False
    if a.value is b.value:
        return True
    if isinstance(a.value, (bool, int, float, complex, str)) and type(a.value) is type(b.value):
        return repr(a.value) == repr(b.value)  # tells 0.0 from -0.0
    return False


def _select(b: Block, keep: list[bool]) -> Block:
    return Block(b.stmts, tuple(r for r, k in zip(b.results, keep) if k))


def _alike(a: Loop, b: Loop) -> bool:
    """Say whether a rebuilt loop is the old one."""
    return (
        a.index is b.index
        and a.test is b.test
        and a.body is b.body
        and a.stops == b.stops
        and len(a.params) == len(b.params)
        and len(a.collects) == len(b.collects)
        and len(a.consumes) == len(b.consumes)
        and all(x is y for x, y in zip(a.consumes, b.consumes))
        and all(x is y for x, y in zip(a.inits, b.inits))
        and a.range is b.range
    )


def is_same_range(a: Range, b: Range) -> bool:
    """Say whether two ranges are written with the same operands."""
    return _same(a.start, b.start) and _same(a.stop, b.stop) and _same(a.step, b.step)
