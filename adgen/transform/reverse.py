"""Reverse mode: from a typed function to the statements that compute its gradient.

Assumes verified SSA. The forward part is the primal as it is, with saves added; the backward part walks it
from the end, each statement adding to the cotangents of what it reads. Cotangents exist only for values
that depend on a source and that the result depends on, so nothing else is generated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adgen.errors import NoGradientError, UnsupportedError
from adgen.ir.build import Builder, shift
from adgen.ir.nodes import (
    Block,
    Const,
    Consume,
    Hole,
    If,
    Index,
    Let,
    Loop,
    Operand,
    Range,
    Slice,
    Var,
    bound,
    free_vars,
)
from adgen.ir.rewrite import substitute
from adgen.ir.types import Array, Int, List, Record, Tuple, Type, dims_of, is_floating
from adgen.rules.typing import join
from adgen.transform.activity import Varied, inputs, reach_loop
from adgen.transform.cotangents import Cot, Cotangents, Masked, gradient_name, make_record
from adgen.transform.rules import RuleRunner, differentiable
from adgen.transform.saves import NOTHING, Saves, Sources, choose, prune, recompute


class Reverse:
    """Differentiates one function body."""

    def __init__(self, b: Builder, varied: Varied, rules: RuleRunner, absent: set[Var]) -> None:
        self.buffers: set[Var] = set()  # versions of arrays that loops write
        self.stable: dict[Let, Var] = {}
        self.dear: set[Var] = set()  # those of the loops around the present one
        self.absent = absent  # values that are None on the path that does not make them
        self.b = b
        self.varied = varied
        self.rules = rules
        self.saves = Saves()
        self.special: dict[str, Callable[[Let, Cot, Cotangents], None]] = {
            "getitem": self._getitem,
            "update": self._update,
            "item": self._item,
            "make_tuple": self._make_items,
            "make_list": self._make_items,
            "make_record": self._make_record,
            "append": self._append,
            "bound": self._same,
            "copy": self._same,
            "np.where": self._where,
            "np.array": self._array,
            "reversed_list": self._reversed_list,
            "add_lists": self._add_lists,
            "to_list": self._to_list,
            "to_floats": self._to_list,
        }

    # -- blocks ---------------------------------------------------------------------------------------

    def block(self, block: Block, cots: Cotangents) -> None:
        """Emit the backward statements of a block into the open region."""
        for s in reversed(block.stmts):
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
        if op.kind in ("zero", "query") or op.name == "stop_gradient":
            return
        if op.name in self.special:
            self.special[op.name](s, c, cots)
            return
        if isinstance(s.out.type, List) and op.name in ("add", "mul"):
            self._join_lists(s, c, cots)
            return
        self._by_rules(s, c, cots)

    def _by_rules(self, s: Let, c: Cot, cots: Cotangents) -> None:
        op = s.op
        active = [(p, a) for p, a in differentiable(op, s) if self._is_active(a)]
        known = {id(a) for _, a in active}
        for a in inputs(s):
            if (
                a in self.varied
                and not any(id(a) in (id(x), *map(id, x if isinstance(x, tuple) else ())) for _, x in active)
                and id(a) not in known
            ):
                self._no_rule(s)
        if "*" in op.vjp:
            self._user_rule(s, c, cots)
        elif op.partials:
            self._elementwise(s, c, cots, active)
        else:
            g = cots.settle(c) if not isinstance(c, dict) else c
            g = cots.whole(g, s.out) if not op.narrow or isinstance(g, dict) else g
            for p, a in active:
                rule = op.vjp.get(p)
                if rule is None:
                    self._no_rule(s)
                    continue
                self._give(a, self.rules.by_name(rule, s, g=g, out=s.out), cots)

    def _is_active(self, a: Any) -> bool:
        return any(i in self.varied for i in a) if isinstance(a, tuple) else a in self.varied

    def _no_rule(self, s: Let) -> None:
        raise NoGradientError(
            what=f"{s.op.name} has no derivative rule",
            why="its result depends on a value that is differentiated",
            instead="write it with NumPy functions that have one, register one with adgen.register_vjp, or wrap it in adgen.stop_gradient",
            origin=s.origin,
        )

    def _elementwise(self, s: Let, c: Cot, cots: Cotangents, active: Sequence[tuple[str, Any]]) -> None:
        g = c.value if isinstance(c, Masked) else c
        found: list[tuple[Operand, Cot]] = []
        for p, a in active:
            partial = s.op.partials.get(p)
            if partial is None:
                self._no_rule(s)
                continue
            d = self.rules.partial(partial, s)
            part: Cot = self._widen(self.b.call("mul", g, d), s.out, a)
            again = next((k for k, (x, _) in enumerate(found) if x is a), None)
            if again is not None:  # x * x: one contribution, not two
                before = found[again][1]
                before = before.value if isinstance(before, Masked) else before
                part = self.b.call("add", before, part)
            if isinstance(c, Masked):
                part = Masked(c.mask, part, c.other)
            if again is not None:
                found[again] = (a, part)
            else:
                found.append((a, part))
        # every contribution is computed before any is added: adding may write in place what another reads
        for a, part in found:
            cots.add(a, cots.project(part, a), part is g)

    def _widen(self, part: Operand, out: Var, a: Operand) -> Operand:
        """Give a narrow contribution the axes of the result that its argument does not have: they are summed."""
        t = out.type
        if not isinstance(t, Array) or not Cotangents.is_narrow(part, t) or dims_of(a.type) == t.dims:
            return part
        if not dims_of(part.type) and not dims_of(a.type):
            return self.b.call("mul", self.b.call("size", out), part)
        if Cotangents.covers(a.type, t):
            return part
        return self.b.call("np.full_like", out, part)

    def _user_rule(self, s: Let, c: Cot, cots: Cotangents) -> None:
        rule = s.op.vjp["*"]
        g = cots.whole(c, s.out)
        parts = self.rules.by_position(rule, g, s.out, *s.args)
        name = getattr(rule, "__name__", "the rule")
        count = len(parts) if isinstance(parts, dict) else 1
        if count != len(s.args):
            raise UnsupportedError(
                what=f"the rule '{name}' of {s.op.name} returns {count} gradients for {len(s.args)} arguments",
                why="a rule returns a tuple with one gradient for each positional argument",
                instead="return None for an argument without a gradient",
                origin=s.origin,
            )
        parts = parts if isinstance(parts, dict) else {0: parts}
        for k, a in enumerate(s.args):
            part = parts[k]
            if a in self.varied and not (isinstance(part, Const) and part.value is None):
                cots.add(a, cots.project(part, a))

    def _give(self, a: Any, part: Any, cots: Cotangents) -> None:
        """Hand a rule's result to its argument: an operand, or the items of a structure."""
        if isinstance(a, tuple):
            for k, i in enumerate(a):
                if i in self.varied:
                    self._give(i, part[k] if isinstance(part, dict) else part, cots)
            return
        if isinstance(part, dict):
            cots.add(a, {k: self._fit_item(a, k, v, cots) for k, v in part.items()})
            return
        if isinstance(a.type, (Tuple, Record)) and isinstance(part.type, Array):
            keys = range(len(a.type.items)) if isinstance(a.type, Tuple) else a.type.keys
            cots.add(a, {k: self.b.load(part, (Index((k,)),), ()) for k in keys})
            return
        cots.add(a, cots.project(part, a))

    def _fit_item(self, a: Operand, k: Any, part: Any, cots: Cotangents) -> Cot:
        if isinstance(part, dict) or not isinstance(a.type, (Tuple, Record)):
            return part
        leaf = self.b.call("item", a, self.b.const(k))
        return cots.project(part, leaf) if is_floating(leaf.type) else None

    # -- structure ------------------------------------------------------------------------------------

    def _same(self, s: Let, c: Cot, cots: Cotangents) -> None:
        cots.add(s.args[0], c, True)

    def _where(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """A branch that is masked out contributes 0; the mask waits until elementwise rules are through."""
        g = cots.settle(c)
        for k, other in ((1, False), (2, True)):
            a = s.args[k]
            if a in self.varied:
                cots.add(a, cots.project(Masked(s.args[0], g, other), a))

    def _array(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """The gradient of an array stands for that of the list that it was made of: its items are the rows."""
        a = s.args[0]
        if isinstance(a.type, List) and not isinstance(a.type.elem, (List, Tuple, Record)):
            if a in self.varied:
                cots.add(a, cots.whole(c, s.out), True)
            return
        self._by_rules(s, c, cots)

    def _getitem(self, s: Let, c: Cot, cots: Cotangents) -> None:
        base = s.args[0]
        if not isinstance(base, Var):
            return
        if isinstance(base.type, List):
            step = s.place[0]
            if isinstance(step, Index) and any(isinstance(i, Slice) for i in step.items):
                self._no_rule(s)
            g: Operand = cots.whole(c, s.out)
            if isinstance(s.out.type, (Tuple, Record, List)):
                self._item_of_list(s, g, cots)
                return
        else:
            g = cots.settle(c)
        root, outer, holes = cots.origin_of(base)
        d = cots.whole(cots.of.pop(root, None), root)
        name, fixed = gradient_name(root)
        place = (*outer, *(shift(step, len(holes) - 1) for step in s.place))
        cots.of[root] = self.b.update(d, g, place, (*holes, *s.args[1:]), "add", name=name, fixed=fixed)

    def _item_of_list(self, s: Let, g: Operand, cots: Cotangents) -> None:
        """Add the cotangent of a tuple or list that a list holds: their `+=` joins, so a new one takes its place."""
        base = s.args[0]
        assert isinstance(base, Var)
        d = cots.whole(cots.pop(base), base)
        place = tuple(shift(step, -1) for step in s.place)
        old = self.b.load(d, place, s.args[1:])
        total = self._sum_parts(old, g)
        cots.of[base] = self.b.update(d, total, place, s.args[1:], "set")

    def _sum_parts(self, a: Operand, c: Operand) -> Operand:
        t = a.type
        if isinstance(t, List):
            return self.b.call("add_lists", a, c)
        if not isinstance(t, (Tuple, Record)):
            return self.b.call("add", a, c) if is_floating(t) else a
        keys = range(len(t.items)) if isinstance(t, Tuple) else t.keys
        items = [
            self._sum_parts(self.b.call("item", a, self.b.const(k)), self.b.call("item", c, self.b.const(k)))
            for k in keys
        ]
        return self.b.call("make_tuple", *items) if isinstance(t, Tuple) else make_record(self.b, t, items)

    def _update(self, s: Let, c: Cot, cots: Cotangents) -> None:
        base, value = s.args[:2]
        holes = s.args[2:]
        d = cots.whole(c, s.out)
        place = tuple(shift(step, -2) for step in s.place)
        if value in self.varied:
            part = self.b.load(d, place, holes) if place else d
            if s.mode == "sub":
                part = self.b.call("neg", part)
            if s.mode == "set" and place and self._may_repeat(s):
                step = place[0]
                assert isinstance(step, Index)
                key = self.b.call(
                    "make_tuple", *[holes[i.arg] if isinstance(i, Hole) else self.b.const(i) for i in step.items]
                )
                part = self.b.call("np.where", self.b.call("last_writes", d, key), part, self.b.const(0.0))
            cots.add(value, cots.project(part, value))
        if s.mode == "set":
            if not place or base not in self.varied:
                return
            zero = self.b.const(0.0)
            if isinstance(s.out.type, List) and isinstance(s.out.type.elem, Array):
                zero = self.b.call("np.zeros_like", self.b.load(base, place, holes))  # type: ignore[assignment]
            name, fixed = gradient_name(base) if isinstance(base, Var) else (None, False)
            d = self.b.update(d, zero, place, holes, "set", name=name, fixed=fixed)
        if base in self.varied:
            cots.add(base, d)

    @staticmethod
    def _may_repeat(s: Let) -> bool:
        return any(isinstance(a.type, Array) and a.type.dtype != "bool" for a in s.args[2:])

    def _item(self, s: Let, c: Cot, cots: Cotangents) -> None:
        base, key = s.args
        assert isinstance(base, Var) and isinstance(key, Const)
        if isinstance(base.type, List):
            self._getitem(s, c, cots)
            return
        cots.part(base, key.value, c)

    def _make_items(self, s: Let, c: Cot, cots: Cotangents) -> None:
        for k, a in enumerate(s.args):
            if a in self.varied:
                cots.add(a, cots.project(self._part_of(c, k, cots), a))

    def _part_of(self, c: Cot, k: Any, cots: Cotangents) -> Cot:
        if isinstance(c, dict):
            return c.get(k)
        c = cots.settle(c)
        if isinstance(c.type, (Tuple, Record)):
            return self.b.call("item", c, self.b.const(k))
        return self.b.load(c, (Index((k,)),), ())

    def _make_record(self, s: Let, c: Cot, cots: Cotangents) -> None:
        keys = s.args[1]
        assert isinstance(keys, Const)
        for key, a in zip(keys.value, s.args[2:]):
            if a in self.varied:
                cots.add(a, cots.project(self._part_of(c, key, cots), a))

    def _append(self, s: Let, c: Cot, cots: Cotangents) -> None:
        seq, value = s.args
        d = cots.settle(c) if not isinstance(c, dict) else cots.whole(c, s.out)
        if value in self.varied:
            cots.add(value, cots.project(self.b.load(d, (Index((-1,)),), ()), value))
        cots.add(seq, self.b.load(d, (Index((Slice(None, -1, None),)),), ()))

    def _join_lists(self, s: Let, c: Cot, cots: Cotangents) -> None:
        a, other = s.args
        d = cots.whole(c, s.out)
        if s.op.name == "mul":
            seq = a if isinstance(a.type, List) or isinstance(a.type, Record) else other
            made = self.b.defs.get(seq) if isinstance(seq, Var) else None
            if made is None or made.op.name != "make_list" or len(made.args) != 1:
                self._no_rule(s)
            cots.add(seq, self.b.call("make_list", self.b.call("sum", d)))
            return
        at = self.b.call("length", a)
        if other in self.varied:
            cots.add(other, self.b.load(d, (Index((Slice(Hole(0), None, None),)),), (at,)))
        cots.add(a, self.b.load(d, (Index((Slice(None, Hole(0), None),)),), (at,)))

    def _add_lists(self, s: Let, c: Cot, cots: Cotangents) -> None:
        for a in s.args:
            if a in self.varied:
                cots.add(a, c, True)

    def _to_list(self, s: Let, c: Cot, cots: Cotangents) -> None:
        cots.add(s.args[0], self.b.call("np.array", cots.whole(c, s.out)))

    def _reversed_list(self, s: Let, c: Cot, cots: Cotangents) -> None:
        cots.add(s.args[0], self.b.call("reversed_list", cots.whole(c, s.out)))

    # -- branches ---------------------------------------------------------------------------------------

    def branch(self, s: If, cots: Cotangents) -> None:
        given = [(k, cots.pop(out)) for k, out in enumerate(s.outs)]
        given = [(k, c) for k, c in given if c is not None and s.outs[k] in self.varied]
        if not given:
            return
        sides = []
        regions = []
        for block in (s.then, s.orelse):
            self.b.open()
            self.b.share(block.stmts)
            inner = cots.child()
            for k, c in given:
                r = block.results[k]
                if r in self.varied:
                    inner.add(r, inner.project(c, r))
            self.block(block, inner)
            sides.append(inner)
            regions.append(self.b.suspend())
        touched = self._touched(cots, sides)
        results: tuple[list[Operand], list[Operand]] = ([], [])
        for n in (0, 1):
            self.b.resume(regions[n])
            for v in touched:
                results[n].append(self._settled(sides[n].of.get(v), v, [side.of.get(v) for side in sides], sides[n]))
            regions[n] = self.b.suspend()
        names = [gradient_name(v) for v in touched]
        blocks = []
        for n, block in enumerate((s.then, s.orelse)):
            self.b.resume(regions[n])
            closed = prune(self.b.close(results[n]))
            blocks.append(self._reach_into_branch(s, n, block, closed))
        types = [join(a.type, c.type) or v.type for v, a, c in zip(touched, *results)]
        outs = self.b.branch(s.cond, blocks[0], blocks[1], names, types)
        for v, out in zip(touched, outs):
            cots.of[v] = out

    @staticmethod
    def _touched(outer: Cotangents, sides: Sequence[Cotangents]) -> list[Var]:
        """Return the outer values that a branch contributed to."""
        inside: dict[Var, None] = {}
        for side in sides:
            for v, c in side.of.items():
                if outer.of.get(v) is not c:
                    inside[v] = None
        return list(inside)

    def _settled(self, c: Cot, v: Var, both: list[Cot], cots: Cotangents) -> Operand:
        """Return a branch's cotangent in a form that both branches share."""
        if c is None and v in self.absent:
            return NOTHING
        narrow = [x.type for x in both if isinstance(x, (Var, Const))]
        if len(narrow) == 2 and narrow[0] == narrow[1] and isinstance(c, (Var, Const)):
            return c
        return cots.whole(c, v)

    def _reach_into_branch(self, s: If, n: int, primal: Block, backward: Block) -> Block:
        """Make the values of a primal branch that its backward branch reads reachable."""
        inner = self.saves.defined(primal.stmts)
        needed = [v for v in free_vars(backward) if v in inner]
        if not needed:
            return backward
        sources = Sources(inner, dear=self.dear, stable=self.stable)
        kept, again = choose(needed, sources)
        mapping: dict[Var, Operand] = {}
        outs = self.saves.at(s).outs[n]
        for v in kept:
            if v not in outs:
                outs[v] = Var(v.type, v.name, v.fixed)
            mapping[v] = outs[v]
        first = recompute(again, sources, mapping)
        moved = substitute(backward, mapping)
        return Block((*first, *moved.stmts), moved.results)

    # -- loops --------------------------------------------------------------------------------------------

    def loop(self, s: Loop, cots: Cotangents) -> None:
        d_outs = {k: c for k, out in enumerate(s.outs) if (c := cots.pop(out)) is not None and out in self.varied}
        d_collects = {k: c for k, q in enumerate(s.collects) if (c := cots.pop(q)) is not None and q in self.varied}
        if not d_outs and not d_collects:
            return
        wanted = {s.outs[k] for k in d_outs} | {s.collects[k] for k in d_collects}
        active = reach_loop(s, wanted, self.varied)
        inside = {*bound(s), *self.saves.defined(s.body.stmts)}
        outer = [v for v in free_vars(s.body) if v not in inside and v in wanted and v in self.varied]
        outer = list(dict.fromkeys(cots.origin_of(v)[0] for v in outer))
        consumed = [c for c in s.consumes if c.var in wanted and c.var in self.varied]
        inits: dict[Var, Operand] = {}
        for k in active:
            p, out = s.params[k], s.outs[k]
            inits[p] = cots.whole(d_outs.get(k), out)
        for v in outer:
            inits[v] = cots.whole(cots.pop(v), v)
        types: dict[Var, Type] = {v: init.type for v, init in inits.items()}
        for _ in range(4):
            depth, mark = self.b.depth, self.b.mark()
            wider = self._backward_loop(s, active, outer, consumed, d_collects, inits, types, cots)
            if wider is None:
                return
            self.b.rewind(depth, mark)
            types.update(wider)
        raise UnsupportedError(what="the types of the gradients in this loop do not settle", origin=s.origin)

    def _backward_loop(
        self,
        s: Loop,
        active: Sequence[int],
        outer: Sequence[Var],
        consumed: Sequence[Consume],
        d_collects: dict[int, Cot],
        inits: dict[Var, Operand],
        types: dict[Var, Type],
        cots: Cotangents,
    ) -> dict[Var, Type] | None:
        """Emit the backward loop; return wider types to try again with."""
        b = self.b
        carried = [*[s.params[k] for k in active], *outer]
        slots = {v: Var(types[v], *gradient_name(v)) for v in carried}
        consumes = [
            Consume(Var(s.collected[k].type, *self._name_of(s.collected[k])), self._sequence(c, s.collects[k], cots), True)
            for k, c in d_collects.items()
        ]
        b.open()
        b.share(s.body.stmts)
        inner = Cotangents(b)
        for v in outer:
            inner.of[v] = slots[v]
        with b.at(None):  # a join has no line of its own
            for k in active:
                y = s.yields[k]
                if y in self.varied:
                    inner.add(y, slots[s.params[k]])
        for c, k in zip(consumes, d_collects):
            if s.collected[k] in self.varied:
                inner.add(s.collected[k], c.var)
        around = self.dear
        self.dear = around | {v for v in (*s.params, *self.saves.defined(s.body.stmts)) if v in self.buffers}
        self.block(s.body, inner)
        self.dear = around
        results = [inner.whole(inner.pop(v), v) for v in carried]
        wider = {}
        for v, r in zip(carried, results):
            t = join(types[v], r.type)
            if t is None:
                t = v.type
            if isinstance(t, Array) and isinstance(types[v], Array) or t == types[v]:
                continue
            wider[v] = t
        if wider:
            b.close(())
            return wider
        collected = [inner.whole(inner.pop(c.var), c.var) for c in consumed]
        body = prune(b.close((*results, *collected)))
        self._emit_loop(s, carried, slots, inits, consumes, consumed, body, cots, len(active))
        return None

    def _emit_loop(
        self,
        s: Loop,
        carried: Sequence[Var],
        slots: dict[Var, Var],
        inits: dict[Var, Operand],
        consumes: list[Consume],
        consumed: Sequence[Consume],
        body: Block,
        cots: Cotangents,
        n_active: int,
    ) -> None:
        b = self.b
        inner: dict[Var, Let | None] = dict.fromkeys(bound(s))
        inner.update(self.saves.defined(s.body.stmts))
        needed = [v for v in free_vars(body) if v in inner and v not in slots.values()]
        counted = s.range is not None and not s.stops
        free = {s.index} if counted and s.index is not None else set()
        sources = Sources(inner, free, self.dear, self.stable)
        kept, again = choose(needed, sources)
        mapping: dict[Var, Operand] = {}
        extra = self.saves.at(s)
        range_, index, backwards = None, None, False
        if counted:
            range_, backwards = s.range, not s.backwards
            index = Var(Int(), s.index.name if s.index is not None else None)
            if s.index is not None:
                mapping[s.index] = index
        for v in kept:
            if v not in extra.collects and v in s.collected:
                c = Var(v.type, v.name, v.fixed)
                consumes.append(Consume(c, s.collects[s.collected.index(v)], True))
                mapping[v] = c
                continue
            if v not in extra.collects:
                name = f"{v.name}_saved" if v.name else "saved"
                extra.collects[v] = Var(List(v.type), name)
            c = Var(v.type, v.name, v.fixed)
            consumes.append(Consume(c, extra.collects[v], True))
            mapping[v] = c
        if range_ is None and not consumes:
            if extra.trips is None:
                extra.trips = Var(Int(), "trips")
            range_, backwards = Range(b.const(0), extra.trips, b.const(1)), True
            index = Var(Int(), None)
        first = recompute(again, sources, mapping)
        moved = substitute(body, mapping)
        body = Block((*first, *moved.stmts), moved.results)
        outs = {v: Var(slots[v].type, *gradient_name(v)) for v in carried}
        lists = [Var(List(c.var.type), *gradient_name(c.var)) for c in consumed]
        b.append(
            Loop(
                range_, index, None, tuple(consumes), tuple(slots[v] for v in carried), tuple(inits[v] for v in carried),
                body, tuple(outs.values()), tuple(lists), False, backwards, s.origin, True,
            )
        )  # fmt: skip
        with b.at(None):
            for v in carried[n_active:]:
                cots.of[v] = outs[v]
            for p, init in zip(s.params, s.inits):  # an initial value may be one that the body reads as well
                if p in outs and p in carried[:n_active] and init in self.varied:
                    cots.add(init, cots.project(outs[p], init))
            for given, q in zip(consumed, lists):
                # the backward loop walks the sequence from its other end
                cots.add(given.seq, q if given.reverse else b.call("reversed_list", q))

    @staticmethod
    def _sequence(c: Cot, v: Var, cots: Cotangents) -> Operand:
        """Return the cotangent of a list as something to walk: a list, or an array of its items."""
        return c if isinstance(c, Var) and isinstance(c.type, Array) else cots.whole(c, v)

    @staticmethod
    def _name_of(v: Operand) -> tuple[str | None, bool]:
        return gradient_name(v) if isinstance(v, Var) else (None, False)
