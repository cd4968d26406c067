"""Reverse mode of branches and loops: regions whose backward part is a region of its own."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import replace
from functools import partial

from adgen.errors import InternalError
from adgen.ir.nodes import (
    UNDEF,
    Block,
    Const,
    Consume,
    If,
    Loop,
    Operand,
    Range,
    Var,
    bound,
    free_vars,
)
from adgen.ir.rewrite import substitute
from adgen.ir.types import Array, Dim, Int, List, Record, Tuple, Type, Undef, dims_of, is_scalar
from adgen.rules.lattice import refresh, skeleton
from adgen.rules.typing import join
from adgen.transform.activity import reach_loop
from adgen.transform.backward import Backward
from adgen.transform.cotangents import Cot, Cotangents, gradient_name
from adgen.transform.saves import NOTHING, Sources, choose, like_shaped, nothing_like, prune, recompute
from adgen.transform.shapes import ask_for_shapes
from adgen.transform.sums import find_sums

MAX_LOOK = 32  # statements that are looked at to see that a value is the same in all iterations


class Regions(Backward):
    """Emits the backward part of `If` and `Loop`."""

    # -- branches ---------------------------------------------------------------------------------------

    def branch(self, s: If, cots: Cotangents) -> None:
        given = [(k, cots.pop(out)) for k, out in enumerate(s.outs)]
        given = [(k, c) for k, c in given if c is not None and s.outs[k] in self.varied]
        if not given:
            return
        if s.raises:
            self._through(s, given, cots)
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
                    inner.add(r, inner.project(self.as_shaped(c, s.outs[k], r), r))
            self.block(block, inner)
            self._give_to_list(inner, cots)
            sides.append(inner)
            regions.append(self.b.suspend())
        touched = self._touched(cots, sides)
        results: tuple[list[Operand], list[Operand]] = ([], [])
        for n in (0, 1):
            self.b.resume(regions[n])
            for v in touched:
                absent = (s.decided, n) in self.absent.get(v, ())
                both = [side.of.get(v) for side in sides]
                results[n].append(self._settled(sides[n].of.get(v), v, both, sides[n], absent))
            regions[n] = self.b.suspend()
        names = [gradient_name(v) for v in touched]
        blocks = []
        for n, block in enumerate((s.then, s.orelse)):
            self.b.resume(regions[n])
            closed = prune(self.b.close(results[n]))
            blocks.append(self._reach_into_branch(s, n, block, closed, cots))
        types = [join(a.type, c.type) or v.type for v, a, c in zip(touched, *results)]
        outs = self.b.branch(s.decided, blocks[0], blocks[1], names, types)
        for v, out in zip(touched, outs):
            cots.of[v] = out

    def _through(self, s: If, given: Sequence[tuple[int, Cot]], cots: Cotangents) -> None:
        """Go back through the body of a `try` whose handler raises: it ran to its end."""
        self.b.open()
        self.b.share(s.then.stmts)
        inner = cots.child()
        for k, c in given:
            r = s.then.results[k]
            if r in self.varied:
                inner.add(r, inner.project(c, r))
        self.block(s.then, inner)
        touched = self._touched(cots, [inner])
        results = [inner.whole(inner.of.get(v), v) for v in touched]
        made = self._reach_into_branch(s, 0, s.then, prune(self.b.close(results)), cots)
        for t in made.stmts:
            self.b.append(t)
        cots.of.update(zip(touched, made.results))

    def _give_to_list(self, side: Cotangents, outer: Cotangents) -> None:
        """Add what a branch found for a tuple to that of the list that has it: on the other path it may be None."""
        for v in [v for v in side.of if isinstance(v.type, (Tuple, Record)) and v not in outer.of]:
            s = self.b.defs.get(v)
            if s is not None and s.op.name == "getitem" and s.args[0] in self.varied:
                self.let(s, side.pop(v), side)

    @staticmethod
    def _touched(outer: Cotangents, sides: Sequence[Cotangents]) -> list[Var]:
        """Return the outer values that a branch contributed to."""
        inside: dict[Var, None] = {}
        for side in sides:
            for v, c in side.of.items():
                if outer.of.get(v) is not c:
                    inside[v] = None
        return list(inside)

    def _settled(self, c: Cot, v: Var, both: list[Cot], cots: Cotangents, absent: bool) -> Operand:
        """Return a branch's cotangent in a form that both branches share; `absent`: this side does not make `v`."""
        if c is None and absent and not is_scalar(v.type):
            return NOTHING
        narrow = [x.type for x in both if isinstance(x, (Var, Const))]
        if len(narrow) == 2 and narrow[0] == narrow[1] and isinstance(c, (Var, Const)):
            return c
        return cots.whole(c, v)

    def _reach_into_branch(self, s: If, n: int, primal: Block, backward: Block, cots: Cotangents) -> Block:
        """Make the values of a primal branch that its backward branch reads reachable."""
        sources = Sources(self.saves.defined(primal.stmts), dear=self.dear, stable=self.stable)
        backward, kept, again = self._choose(backward, sources, {}, cots)
        if not kept and not again:
            return backward
        mapping: dict[Var, Operand] = {}
        outs = self.saves.at(s).outs[n]
        for v in kept:
            if v not in outs:
                outs[v] = Var(v.type, v.name, v.fixed)
            mapping[v] = outs[v]
        first = recompute(again, sources, mapping)
        moved = substitute(backward, mapping)
        return Block((*first, *moved.stmts), moved.results)

    def _choose(
        self, backward: Block, sources: Sources, slots: dict[Var, Var], cots: Cotangents
    ) -> tuple[Block, list[Var], list[Var]]:
        """Return a backward block, what of the primal block is kept for it, and what is computed again.

        `slots`: the values whose cotangents the backward loop carries.
        """
        inner, own = sources.inner, set(slots.values())
        kept, again = choose([v for v in free_vars(backward) if v in inner and v not in own], sources)
        there = [v for v in kept if v not in cots.undefined and v not in self.saves.kept]
        around = [v for v in slots if v not in inner and v not in self.buffers and v not in cots.undefined]
        asking = ask_for_shapes(
            backward, there, around, self.saves.shapes, partial(like_shaped, sources=sources, again=again)
        )
        if asking is backward:
            return backward, kept, again
        for v in there:
            if v in self.saves.shapes:
                taken = self.saves.shapes[v]
                inner[taken.out] = taken
        return asking, *choose([v for v in free_vars(asking) if v in inner and v not in own], sources)

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
        outer = list(dict.fromkeys(cots.origin_of(v, part)[0] for v in outer for part in (False, True)))
        consumed = [c for c in s.consumes if c.var in wanted and c.var in self.varied]
        inits: dict[Var, Operand] = {}
        for k in active:
            p, out = s.params[k], s.outs[k]
            inits[p] = cots.whole(d_outs.get(k), out)
        for v in outer:
            inits[v] = cots.whole(cots.pop(v), v)
        # The cotangent of what the loop only adds to is the same in all iterations.
        sums = find_sums(s)
        same = {k: inits.pop(s.params[k]) for k in active if k in d_outs and k in sums}
        active = [k for k in active if k not in same]
        types: dict[Var, Type] = {v: init.type for v, init in inits.items()}
        for _ in range(8 + 8 * len(types)):  # each time at least one type gets wider
            depth, mark = self.b.depth, self.b.mark()
            wider = self._backward_loop(s, active, outer, consumed, d_collects, inits, types, same, cots)
            if wider is None:
                with self.b.at(None):
                    for k, c in same.items():
                        if s.inits[k] in self.varied:
                            cots.add(s.inits[k], cots.project(c, s.inits[k]))
                return
            self.b.rewind(depth, mark)
            types.update(wider)
        raise InternalError(what="the types of the gradients in this loop do not settle", origin=s.origin)

    def _backward_loop(
        self,
        s: Loop,
        active: Sequence[int],
        outer: Sequence[Var],
        consumed: Sequence[Consume],
        d_collects: dict[int, Cot],
        inits: dict[Var, Operand],
        types: dict[Var, Type],
        same: dict[int, Operand],
        cots: Cotangents,
    ) -> dict[Var, Type] | None:
        """Emit the backward loop; return wider types to try again with."""
        b = self.b
        carried = [*[s.params[k] for k in active], *outer]
        left = {s.params[k]: s.yields[k].type for k in active}  # what enters is the gradient of what an iteration left
        slots = {v: Var(_of_lengths(types[v], left.get(v, v.type)), *gradient_name(v)) for v in carried}
        consumes = []
        for k, c in d_collects.items():
            rows = self._sequence(c, s.collects[k], cots)
            item: Type = s.collected[k].type
            if isinstance(item, (Tuple, Record)) and isinstance(rows.type, List):  # its parts may get a value later
                item = rows.type.elem
            consumes.append(Consume(Var(item, *self._name_of(s.collected[k])), rows, True))
        b.open()
        b.share(s.body.stmts)
        inner = Cotangents(b)
        inner.undefined, inner.added = cots.undefined, cots.added
        for v in outer:
            inner.of[v] = slots[v]
        with b.at(None):  # a join has no line of its own
            for k in (*active, *same):
                y = s.yields[k]
                if y in self.varied:
                    inner.add(y, same[k] if k in same else slots[s.params[k]])
        for c, k in zip(consumes, d_collects):
            if s.collected[k] in self.varied:
                inner.add(s.collected[k], c.var)
        around = self.dear
        self.loops += 1
        self.dear = around | {v for v in (*s.params, *self.saves.defined(s.body.stmts)) if v in self.buffers}
        self.block(s.body, inner)
        self.dear = around
        self.loops -= 1
        for k in same:
            inner.pop(s.params[k])
        yields = {s.params[k]: s.yields[k] for k in active}
        results = [
            inner.zero(slots[v]) if c is None and _fits(v, yields.get(v), slots[v], cots) else inner.whole(c, v)
            for v, c in ((v, inner.pop(v)) for v in carried)
        ]
        wider = {}
        for v, r in zip(carried, results):
            t = join(types[v], r.type)
            if t is None:
                t = v.type
            if isinstance(t, Array) and isinstance(types[v], Array) or skeleton(t) == skeleton(types[v]):
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
        body, range_, index, backwards = self._reach_into_loop(s, slots, consumes, body, cots)
        b = self.b
        first_of = dict(zip(s.params, s.inits))
        outs = {v: Var(_of_lengths(slots[v].type, first_of.get(v, v).type), *gradient_name(v)) for v in carried}
        lists = [Var(List(c.var.type), *gradient_name(c.var)) for c in consumed]
        b.append(
            Loop(
                range_,
                index,
                None,
                tuple(consumes),
                tuple(slots[v] for v in carried),
                tuple(inits[v] for v in carried),
                body,
                tuple(outs.values()),
                tuple(lists),
                False,
                backwards,
                s.origin,
                True,
            )
        )
        with b.at(None):
            for v in carried[n_active:]:
                cots.of[v] = outs[v]
            for p, init in zip(s.params, s.inits):  # an initial value may be one that the body reads as well
                if p in outs and p in carried[:n_active] and init in self.varied:
                    cots.add(init, cots.project(outs[p], init))
            for given, q in zip(consumed, lists):
                # the backward loop walks the sequence from its other end
                rows = q if given.reverse else b.call("reversed_list", q)
                cots.add(given.seq, b.call("np.array", rows) if isinstance(given.seq.type, Array) else rows)

    def _reach_into_loop(
        self, s: Loop, slots: dict[Var, Var], consumes: list[Consume], body: Block, cots: Cotangents
    ) -> tuple[Block, Range | None, Var | None, bool]:
        """Make what an iteration had reachable in the one that runs backwards, which may consume more for that.

        Return the body, and the range with its index and direction.
        """
        inner = self.saves.defined(s.body.stmts, bound(s))
        counted = s.range is not None and not s.stops
        free = {s.index} if counted and s.index is not None else set()
        sources = Sources(inner, free, self.dear, self.stable)
        body, kept, again = self._choose(body, sources, slots, cots)
        mapping: dict[Var, Operand] = {}
        extra = self.saves.at(s)
        range_, index, backwards = None, None, False
        if counted:
            range_, backwards = s.range, not s.backwards
            index = Var(Int(), s.index.name if s.index is not None else None)
            if s.index is not None:
                mapping[s.index] = index
        constant = self._find_constant(s, kept, sources)
        for v in kept:
            if v is s.index:
                continue
            if v in constant:
                _, mapping[v] = extra.lasts.setdefault(v, (constant[v], Var(v.type, v.name, v.fixed)))
                continue
            c = mapping[v] = Var(v.type, v.name, v.fixed)
            if v not in extra.collects and v in s.collected:
                rows = s.collects[s.collected.index(v)]
            else:
                rows = extra.collects.setdefault(v, Var(List(v.type), f"{v.name}_saved" if v.name else "saved"))
            consumes.append(Consume(c, rows, True))
        if range_ is None and (not consumes or s.index in kept):
            if not consumes and extra.trips is None:
                extra.trips = Var(Int(), "trips")
            trips = extra.trips or self.b.call("length", consumes[-1].seq)
            range_, backwards, index = self._count_back(s, trips), True, Var(Int(), None)
            if s.index is not None:
                index.name = s.index.name
                mapping[s.index] = index
        again_first = recompute(again, sources, mapping)
        moved = substitute(body, mapping)
        return Block((*again_first, *moved.stmts), moved.results), range_, index, backwards

    def _find_constant(self, s: Loop, kept: Sequence[Var], sources: Sources) -> dict[Var, Const]:
        """Return the values that are the same in all iterations: the last one is as good as any.

        With each comes what stands for it where there are no iterations; in an outer loop that is kept in a list.
        """
        found: dict[Var, Const] = {}
        lengths: set[int] | None = None
        for v in kept:
            nothing = nothing_like(v.type) if self.loops else UNDEF
            if v in self.buffers or nothing is NOTHING:
                continue
            stack: list[Operand] = [v]
            seen: set[Operand] = set()
            while stack:
                a = stack.pop()
                if not isinstance(a, Var) or a not in sources.inner or a in seen or a in found:
                    continue
                made = sources.inner[a]
                if made is not None and made.op.name == "shape":
                    lengths = _lengths_outside(s, sources.inner) if lengths is None else lengths
                    if _symbols(made.args[0].type) <= lengths:
                        continue
                if made is None or made.op.effect != "pure" or made.op.kind == "constructor" or len(seen) > MAX_LOOK:
                    break
                seen.add(a)
                stack.extend(made.args)
            else:
                found[v] = nothing
        return found

    def _count_back(self, s: Loop, trips: Operand) -> Range:
        """Return the range of the iterations that were run, where a loop may end early."""
        b = self.b
        if s.range is None:
            return Range(b.const(0), trips, b.const(1))
        start, step = s.range.start, s.range.step
        adjoint, b.adjoint = b.adjoint, False  # these are integers
        stop = trips if _is_int(step, 1) else b.call("mul", trips, step)
        stop = stop if _is_int(start, 0) else b.call("add", start, stop)
        b.adjoint = adjoint
        return Range(start, stop, step)

    @staticmethod
    def _sequence(c: Cot, v: Var, cots: Cotangents) -> Operand:
        """Return the cotangent of a list as something to walk: a list, or an array of its items."""
        return c if isinstance(c, Var) and isinstance(c.type, Array) else cots.whole(c, v)

    @staticmethod
    def _name_of(v: Operand) -> tuple[str | None, bool]:
        return gradient_name(v) if isinstance(v, Var) else (None, False)


def _is_int(a: Operand, n: int) -> bool:
    return isinstance(a, Const) and type(a.value) is int and a.value == n


def _symbols(t: Type) -> set[int]:
    return {n.symbol for n in dims_of(t) if isinstance(n, Dim)}


def _lengths_outside(s: Loop, inner: Container[Operand]) -> set[int]:
    """Return the symbols of lengths that do not change from iteration to iteration."""
    found: set[int] = set()
    for p, out in zip(s.params, s.outs):
        if dims_of(p.type) == dims_of(out.type):
            found |= _symbols(p.type)
    for v in free_vars(s.body):
        if v not in inner:
            found |= _symbols(v.type)
    return found


def _of_lengths(t: Type, like: Type) -> Type:
    """Return the type of a whole gradient: it has the lengths of its value, other ones where that was not bound."""
    if isinstance(like, Undef):
        return refresh(t)
    if isinstance(t, Array) and isinstance(like, Array) and t.ndim == like.ndim:
        return replace(t, dims=like.dims)
    return t


def _fits(v: Var, y: Operand | None, slot: Var, cots: Cotangents) -> bool:
    """Say whether zeros of what may be unbound in an iteration are like the gradient of what that leaves."""
    if y is None or v not in cots.undefined:
        return False
    return isinstance(v.type, (Array, Tuple, Record)) and isinstance(slot.type, type(v.type)) and v.type == y.type
