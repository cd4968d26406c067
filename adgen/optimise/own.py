"""Insert the copies that make every update possible in place.

Assumes functional IR. Guarantees that whenever an `update` or `append` runs, its base is memory that
generated code owns and nothing that is read later shares, so that emission writes it in place; that array
results are owned and apart from each other; and that nothing else changes. Copies go where they cost
least: a view that is read after a write is copied where it is taken, a collected value where it is
collected, a carried buffer once before its loop, and only else the base before the write.

Sums of gradients become additions in place where that is possible without a copy.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adgen.errors import InternalError
from adgen.ir.live import Live, Overlay, collect_points, find_live
from adgen.ir.memory import Memory, Owned, Root, Roots, memory_of, refers
from adgen.ir.nodes import CHANGES, Block, Func, If, Let, Loop, Operand, Var, walk
from adgen.ir.summary import CALLS, consumed
from adgen.ir.types import Array, Dict, Dim, Length, List, Record, Type, Undef
from adgen.optimise.copies import Edits, put_copies
from adgen.rules.registry import REGISTRY

MAX_ROUNDS = 60
PATIENT_ROUNDS = 6  # after that each remaining conflict costs a copy of the base
STRUCTURES = ("make_tuple", "make_list", "make_record")


def own(func: Func, owned_params: Owned = False, results: bool | None = None, first: int = 0) -> Func:
    """Return the function with all updates doable in place.

    `owned_params`: parameters may be written and returned (the identity transform of a primal).
    `results`: copy results that are not owned; by default unless `owned_params`. `first`: only as many of its items.
    """
    if not any(isinstance(s, Let) and refers(s.out.type) and s.op.name != "make_tuple" for s in walk(func.body)):
        if not any(can_be_copied(v.type) for v in func.params):
            return func  # nothing but numbers
    keep = bool(owned_params) if results is None else not results
    check = _Check(func, owned_params, not keep, True, first)
    edits = check.run()
    if edits and (sums := dict(check.sums())):  # most often the copies and the sums together settle it at once
        candidate = put_copies(replace(edits, sums=sums), func)
        both = _Check(candidate, owned_params, not keep, True, first)
        if not both.run():
            return _add_in_place(candidate, owned_params, not keep, both, first)
    rounds = 0
    while edits:
        if rounds > MAX_ROUNDS:
            raise InternalError(what=f"the copies of {func.name} do not settle")
        func = put_copies(edits, func)
        rounds += 1
        check = _Check(func, owned_params, not keep, rounds < PATIENT_ROUNDS, first)
        edits = check.run()
    return _add_in_place(func, owned_params, not keep, check, first)


def _add_in_place(func: Func, owned_params: Owned, results: bool, check: _Check, first: int) -> Func:
    """Turn `d_x = d_x + e` into `d_x += e` where no copy is needed for it. `check` has found nothing to copy."""
    refused: set[Let] = set()
    while True:
        sums = {s: in_place for s, in_place in check.sums() if s not in refused}
        if not sums:
            return func
        candidate = put_copies(Edits(sums=sums), func)
        edits = _Check(candidate, owned_params, results, False, first).run()
        if not edits:
            return candidate
        made = {new: old for old, new in sums.items()}
        wrong = {made[s] for s in (*edits.bases, *edits.nested) if s in made}
        refused |= wrong or set(sums)


class _Check:
    """Finds the updates that can't be done in place yet."""

    def __init__(self, func: Func, owned_params: Owned, results: bool, patient: bool, first: int = 0) -> None:
        self.func = func
        self.results = results
        self.first = first
        self.internal = bool(owned_params or first)
        self.patient = patient
        self.memory = Memory(func, owned_params) if owned_params else memory_of(func)
        self.overlay = Overlay()
        for s in walk(func.body):
            if isinstance(s, Let) and s.op.name == "bound":
                self.overlay.same[s.out] = s.args[0]
        self.live: Live = find_live(func, self.overlay)
        self.edits = Edits()
        self.renewed: set[Operand] = set()
        self.marks = 0  # how often a copy of what flows into a loop was asked for
        self.holders: dict[Root, list[Var]] = {}
        self.starts: dict[Root, list[int]] = {}
        self.last: dict[Root, list[int]] = {}  # the latest end of a life among the first holders
        for v in sorted(self.live.segments, key=lambda v: self.live.start[v]):
            for r in self.memory.closure(self.memory.roots(v)) if v not in self.overlay.same else ():
                self.holders.setdefault(r, []).append(v)
                self.starts.setdefault(r, []).append(self.live.start[v])
                ends = self.last.setdefault(r, [])
                ends.append(max(self.live.segments[v][-1][1], ends[-1] if ends else 0))
        self.collects: dict[Var, tuple[Loop, int]] = {}
        for s in walk(func.body):
            if isinstance(s, Loop):
                self.collects.update({v: (s, j) for j, v in enumerate(s.collects)})

    def run(self) -> Edits:
        self.block(self.func.body)
        self.prune()
        if self.results and not self.edits:
            self.result(self.func.body.results[0])
        return self.edits

    def prune(self) -> None:
        """Drop copies of views of what is copied itself."""
        for w in list(self.edits.defs):
            a: Operand = w
            while isinstance(a, Var) and isinstance(s := self.memory.defined.get(a), Let) and self.is_view(s):
                a = s.args[0]
                if a in self.edits.defs:
                    del self.edits.defs[w]
                    break

    def block(self, block: Block) -> None:
        """Check the updates of a block. What follows from a copy just asked for waits for the next round."""
        new = self.renewed
        for s in block.stmts:
            if isinstance(s, If):
                self.block(s.then)
                self.block(s.orelse)
                new.update(v for v, a, b in zip(s.outs, s.then.results, s.orelse.results) if a in new or b in new)
            elif isinstance(s, Loop):
                new.update(p for p, a in zip(s.params, s.inits) if a in new)
                self.block(s.body)
                new.update(v for v, p, y in zip(s.outs, s.params, s.yields) if p in new or y in new)
            elif s.op.name in CHANGES and refers(s.out.type):
                if s.args[0] in new:
                    new.add(s.out)
                    continue
                self.update(s)
                if s in self.edits.bases or s in self.edits.nested:
                    new.add(s.out)
            elif s.op.name in CALLS:
                self.call(s)
            elif s.args and s.args[0] in new and (s.op.memory != "fresh" or s.op.name in ("getitem", "item")):
                new.add(s.out)

    def sums(self) -> Iterator[tuple[Let, Let]]:
        """Yield additions that can be done in place, each with its replacement."""
        for s in walk(self.func.body):
            if not (isinstance(s, Let) and s.adjoint and s.op.name in ("add", "sub") and isinstance(s.out.type, Array)):
                continue
            if not s.out.type.dims:
                continue
            for k in (0, 1) if s.op.name == "add" else (0,):
                a = s.args[k]
                if not isinstance(a, Var) or a.name != s.out.name or not _same_shape(a.type, s.out.type):
                    continue
                if a.name is None and not self.is_carried(a):
                    continue
                roots = self.memory.own.get(a, ())
                if self.memory.owned(roots) and not any(True for _ in self.conflicts(s, a, roots)):
                    op = REGISTRY.named("update")
                    yield s, replace(s, op=op, args=(a, s.args[1 - k]), mode="add" if s.op.name == "add" else "sub")
                    break

    def is_carried(self, a: Var) -> bool:
        s = self.memory.defined.get(a)
        return isinstance(s, Loop) and a in s.params

    # one update

    def update(self, s: Let) -> None:
        base = self.overlay.resolve(s.args[0])
        if not isinstance(base, Var):
            self.edits.bases[s] = None
            return
        roots = self.memory.own.get(base, ())
        deep = writes_element(s)
        if deep:
            roots = self.memory.roots(base)
        give_up = self.edits.nested if deep else self.edits.bases
        if not self.memory.owned(roots):
            before = self.marks
            done = self.patient and all(self.disown(r, set()) for r in roots if not self.memory.owned((r,)))
            if not done or self.marks == before:
                give_up[s] = None
            return
        for w in self.conflicts(s, base, roots):
            if not self.patient or not self.part(w, base, roots):
                give_up[s] = None
                return

    def call(self, s: Let) -> None:
        """Check the arguments that a call writes in place: each is copied unless nobody else has it."""
        taken: list[Roots] = []
        for k in sorted(consumed(s)):
            a = self.overlay.resolve(s.args[k])
            roots = self.memory.own.get(a, ()) if isinstance(a, Var) else ()  # what it holds are numbers
            others = [self.memory.roots(x) for j, x in enumerate(s.args[1:], 1) if j != k]
            if (
                not isinstance(a, Var)
                or a in self.renewed
                or not self.memory.owned(roots)
                or any(self.memory.share(roots, t) for t in (*taken, *others))
                or any(True for _ in self.conflicts(s, a, roots))
            ):
                self.give(s, k, a)
            taken.append(roots)

    def give(self, s: Let, k: int, a: Operand) -> None:
        """Ask for a copy of an argument, or of what brings it into the loop around the call."""
        if isinstance(a, Var) and a in self.renewed:
            return  # a copy of it was asked for just now
        roots = self.memory.own.get(a, ()) if isinstance(a, Var) else ()
        if self.patient and roots and not self.memory.owned(roots):
            before = self.marks
            done = all(self.disown(r, set()) for r in roots if not self.memory.owned((r,)))
            if done and self.marks != before:
                return
        self.edits.args[s, k] = None

    def conflicts(self, s: Let, base: Var, roots: Roots) -> Iterator[Var]:
        """Yield the values that are read after a write of `roots` at `s` and may see it."""
        p = self.live.spans[s].at
        seen: set[Var] = set()
        for r in self.memory.reach(roots):
            holders = self.holders.get(r, [])
            for k in range(bisect_right(self.starts.get(r, []), p) - 1, -1, -1):
                if self.last[r][k] <= p + 1:
                    break
                w = holders[k]
                if w in seen or not self.live.at(w, p):
                    continue
                seen.add(w)
                if w is base or self.sees(w, roots, p):
                    yield w

    def sees(self, w: Var, roots: Roots, p: int) -> bool:
        theirs = self.memory.roots(w)
        loop = self.still_to_collect(w, p)
        if loop is not None:
            theirs = tuple(r for r in theirs if loop not in r.scope)  # what this iteration makes is not there yet
        return self.memory.share(roots, theirs)

    def still_to_collect(self, w: Var, p: int) -> Loop | None:
        """Return the loop around `p` whose iteration has yet to put its item into a list, or into a list in it."""
        a: Operand = w
        while isinstance(a, Var) and a in self.collects:
            loop, j = self.collects[a]
            span = self.live.spans[loop]
            if not span.at < p < span.end:
                return None
            if self.collected_at(loop, j) >= p:
                return loop
            a = self.overlay.resolve(loop.collected[j])
        return None

    def collected_at(self, loop: Loop, j: int) -> int:
        a = self.overlay.resolve(loop.collected[j])
        if isinstance(a, Var) and a in collect_points(loop)[1]:
            return self.live.start[a]
        return self.live.spans[loop].middle

    def part(self, w: Var, base: Var, roots: Roots) -> bool:
        """Find a copy that keeps `w` apart from the base, cheaper than copying the base."""
        place = self.collects.get(w)
        if place is not None:
            loop, j = place
            a = loop.collected[j]
            if isinstance(a, Var) and a in self.collects:  # a list of lists: the copy goes into the inner one
                return self.part(a, base, roots)
            if not can_be_copied(a.type) or (isinstance(a, Var) and self.memory.share(roots, self.memory.deep[a])):
                return False
            self.edits.yields[loop.body, len(loop.params) + j] = None
            return True
        s = self.memory.defined.get(w)
        if w is not base and isinstance(s, Let) and isinstance(w.type, Array) and self.is_view(s):
            self.edits.defs[w] = None
            return True
        theirs = self.memory.roots(w)
        found = False
        for r in roots:
            if r.loop is not None and r not in theirs and self.memory.share((r,), theirs):
                if not self.detach(r, theirs, set()):
                    return False
                found = True
        return found

    def mark(self, copies: dict[Any, None], place: Any) -> None:
        copies[place] = None
        self.marks += 1

    @staticmethod
    def is_view(s: Let) -> bool:
        return s.op.name == "getitem" or (s.op.memory in ("view", "maybe") and s.op.name not in CHANGES)

    def detach(self, r: Root, theirs: Roots, seen: set[Root]) -> bool:
        """Copy what brings `theirs` into a carried value: its initial value, or what an iteration yields."""
        if r in seen or r.loop is None:
            return True
        seen.add(r)
        loop, k = r.loop, r.position
        init, y = self.memory.flow(r, loop.inits[k]), self.memory.yielded(r)
        done = False
        if self.memory.share(init, theirs):
            outer = [x for x in init if x.loop is not None and x not in theirs and x.loop in r.scope]
            if outer and len(outer) == len(init):
                if not all(self.detach(x, theirs, seen) for x in outer):
                    return False
            elif self.can_copy(r):
                self.mark(self.edits.inits, (loop, k))
            else:
                return False
            done = True
        peers = [x for x in y if x.loop is loop]
        if self.memory.share(tuple(x for x in y if x.loop is not loop), theirs):
            if not self.can_copy(r):
                return False
            self.mark(self.edits.yields, (loop.body, k))
            done = True
        for x in peers:
            if x is not r and x not in theirs and self.memory.share((x,), theirs):
                done = self.detach(x, theirs, seen) or done
            elif x in theirs and x is not r and self.can_copy(r):
                self.mark(self.edits.yields, (loop.body, k))
                done = True
        return done

    @staticmethod
    def can_copy(r: Root) -> bool:
        """Say whether a copy of the carried value is a new object in the place of `r`."""
        return r.loop is not None and not r.inner and can_be_copied(r.loop.params[r.position].type)

    def disown(self, r: Root, seen: set[Root]) -> bool:
        """Copy what makes a carried value unowned. Return whether that can be done outside its loop."""
        if r in seen:
            return True
        seen.add(r)
        if r.loop is None:
            return False
        loop, k = r.loop, r.position
        if r.inner:
            return self.disown_items(loop, k, r)
        if not self.can_copy(r):
            return False
        init, y = self.memory.flow(r, loop.inits[k]), self.memory.yielded(r)
        start = loop.inits[k]
        if not isinstance(start.type, Undef) and (not isinstance(start, Var) or not self.memory.owned(init)):
            if not (init and all(x.loop is not None and self.disown(x, seen) for x in init)):
                self.mark(self.edits.inits, (loop, k))
        for x in y:
            if x.loop is loop:
                if not self.memory.owned((x,)):
                    self.disown(x, seen)
            elif not self.memory.owned((x,)) and x not in init:
                self.mark(self.edits.yields, (loop.body, k))
        return True

    def disown_items(self, loop: Loop, k: int, r: Root) -> bool:
        """Copy the array whose rows a carried list begins with, if that is all that it does not own."""
        made = self.memory.defined.get(loop.inits[k]) if isinstance(loop.inits[k], Var) else None  # type: ignore[arg-type]
        if not isinstance(made, Let) or made.op.name != "to_list":
            return False
        if any(x is not r and not self.memory.owned((x,)) for x in self.memory.yielded(r)):
            return False
        self.mark(self.edits.args, (made, 0))
        return True

    # results

    def result(self, a: Operand) -> None:
        taken: list[Roots] = []
        body = self.func.body
        if self.is_apart(self.overlay.resolve(a).type):
            if not self.fresh(a, taken):
                self.edits.yields[body, 0] = self.edits.whole[body, 0] = None
            return
        self.whole = self.overlay.resolve(a)
        self.leaves(a, taken, set())

    def is_apart(self, t: Type) -> bool:
        """Say whether results of a type are apart; lists between functions of one module may share."""
        return isinstance(t, Array) or (not self.internal and isinstance(t, (List, Dict)) and refers(t.elem))

    def leaves(self, a: Operand, taken: list[Roots], seen: set[Let]) -> bool:
        """Ask for copies of the arrays in a structure; say whether it is new to the result."""
        a = self.overlay.resolve(a)
        s = self.memory.defined.get(a) if isinstance(a, Var) else None
        if not isinstance(s, Let) or s.op.name not in STRUCTURES:
            return True
        if s in seen:  # in two places: a copy of its arrays would be in both
            return not refers(s.out.type)
        seen.add(s)
        for k, x in enumerate(s.args[: self.first] if self.first and a is self.whole else s.args):
            if not (self.fresh(x, taken) if self.is_apart(x.type) else self.leaves(x, taken, seen)):
                self.edits.args[s, k] = self.edits.whole[s, k] = None
        return True

    def fresh(self, a: Operand, taken: list[Roots]) -> bool:
        """Say whether a result is owned and apart from the results before it."""
        roots = self.memory.roots(a)
        if not self.memory.owned(roots) or any(self.memory.share(roots, t) for t in taken):
            return False
        taken.append(roots)
        return True


def can_be_copied(t: Type) -> bool:
    """Say whether a value has a `copy` of its own; a namedtuple is what it is."""
    return isinstance(t, (Array, List, Dict)) or (isinstance(t, Record) and not issubclass(t.cls, tuple))


def writes_element(s: Let) -> bool:
    """Say whether an update writes into an object that its base holds."""
    base = s.args[0].type
    if isinstance(base, Array) or s.op.name != "update":
        return False
    if len(s.place) > 1 or s.mode == "set":
        return len(s.place) > 1
    items = (base.elem,) if isinstance(base, (List, Dict)) else getattr(base, "items", (base,))
    return any(map(refers, items))  # numbers are replaced, not written


def _same_shape(a: object, out: Array) -> bool:
    """Say whether a sum has the shape of its operand `a`: no axis of `a` may be 1 where the sum's is not."""
    if not isinstance(a, Array) or a.dtype != out.dtype or a.ndim != out.ndim:
        return False
    return all(_not_one(x) or _length(x) == _length(y) for x, y in zip(a.dims, out.dims))


def _not_one(d: Length) -> bool:
    return d.nonunit if isinstance(d, Dim) else d != 1


def _length(d: Length) -> object:
    return (d.symbol, d.minus) if isinstance(d, Dim) else d
