"""Cut a generator into what runs from one `yield` to the next.

Assumes the body as it was written. Guarantees for each place where it may stand, 0 for its begin and k for behind the
k-th `yield`, a single-exit block that runs on to the next `yield`: it leaves the value in YIELDED and the place in
PLACE, ENDED where there is none. A `for` round a `yield` keeps its iterator in a variable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from adgen.frontend.exits import single_exit
from adgen.frontend.tree import (
    Assign,
    Break,
    Continue,
    Finally,
    For,
    Function,
    If,
    Lit,
    Return,
    Stmt,
    Try,
    While,
    With,
    Yield,
    walk,
)
from adgen.ir.nodes import Origin

PLACE, YIELDED, ENDED = "%place", "%yielded", -1


EARLY = frozenset({"copy", "free", "tuple"})  # operations that may as well be done before the first value is asked for


@dataclass(frozen=True, slots=True)
class Cut:
    """A generator in blocks. `prelude` may run before block 0, of which block -1 is the rest then."""

    blocks: list[list[Stmt]]
    prelude: list[Stmt]

    @property
    def primed(self) -> int:
        return len(self.blocks) - 1


def cut(fn: Function, fetch: Callable[..., Any], stand: Callable[..., Any]) -> Cut | None:
    """Return the blocks of a generator; None if it can't be cut.

    `fetch(it)` gives (is there one, value), `stand(k)` takes note of a place where the generator may stand.
    """
    body = fn.lowered
    if any(isinstance(s, (Try, With, Finally)) and _yields([s]) for s in walk(body)):
        return None
    cutter = _Cutter(fetch, stand)
    opened = cutter.open_loops(body)
    if opened is None:
        return None
    places = [s for s in walk(opened) if isinstance(s, Yield)]
    cutter.numbers = {id(s): k for k, s in enumerate(places, start=1)}
    starts = [opened]
    for s in places:
        rest = cutter.behind(opened, s)
        if rest is None:
            return None
        starts.append(rest)
    ready = 0
    while ready < len(opened) and _is_early(opened[ready]):
        ready += 1
    starts.append(opened[ready:])
    end = [cutter.stand_at(ENDED, fn.origin)]
    blocks = []
    for start in starts:
        whole = replace(fn, body=[*cutter.pausing(start), *end], yields=False, lowered=[])
        blocks.append(single_exit(whole).body)
    return Cut(blocks, opened[:ready])


def _is_early(s: Stmt) -> bool:
    return isinstance(s, Assign) and (s.op in EARLY or (s.op == "call" and s.args[0] == Lit(iter)))


def _yields(stmts: list[Stmt]) -> bool:
    return any(isinstance(s, Yield) for s in walk(stmts))


def _jumps(stmts: list[Stmt]) -> bool:
    """Say whether a block leaves the loop that it belongs to, or goes on with its next iteration."""
    for s in stmts:
        if isinstance(s, (Break, Continue)):
            return True
        if isinstance(s, If) and (_jumps(s.then) or _jumps(s.orelse)):
            return True
        if isinstance(s, (For, While)) and _jumps(s.orelse):
            return True
        if isinstance(s, (Try, With, Finally)) and any(isinstance(t, (Break, Continue)) for t in walk([s])):
            return True
    return False


def _run_once(stmts: list[Stmt]) -> list[Stmt] | None:
    """Return the body of a loop as what follows it sees it, if no iteration goes on with another; else None."""
    out: list[Stmt] = []
    for k, s in enumerate(stmts):
        if isinstance(s, Return):
            return [*out, s]
        if isinstance(s, Break):
            return out
        if isinstance(s, Continue):
            return None
        if isinstance(s, If) and (_jumps([s]) or _returns([s])):
            rest = stmts[k + 1 :]
            then, orelse = _run_once([*s.then, *rest]), _run_once([*s.orelse, *rest])
            return None if then is None or orelse is None else [*out, replace(s, then=then, orelse=orelse)]
        if _jumps([s]):
            return None
        out.append(s)
    return None


def _returns(stmts: list[Stmt]) -> bool:
    return any(isinstance(s, Return) for s in walk(stmts))


class _Cutter:
    def __init__(self, fetch: Callable[..., Any], stand: Callable[..., Any]) -> None:
        self.fetch = fetch
        self.stand = stand
        self.count = 0
        self.numbers: dict[int, int] = {}

    def stand_at(self, place: int, origin: Origin | None) -> Stmt:
        return Assign(PLACE, "call", (Lit(self.stand), Lit(place)), data=frozenset(), origin=origin)

    def open_loops(self, stmts: list[Stmt]) -> list[Stmt] | None:
        """Write each `for` round a `yield` as a `while` over an iterator; None if its `else` jumps."""
        out: list[Stmt] = []
        for s in stmts:
            if not _yields([s]) or isinstance(s, Yield):
                out.append(s)
            elif isinstance(s, If):
                then, orelse = self.open_loops(s.then), self.open_loops(s.orelse)
                if then is None or orelse is None:
                    return None
                out.append(replace(s, then=then, orelse=orelse))
            elif isinstance(s, While):
                body = self.open_loops(s.body)
                if body is None or s.orelse:
                    return None
                out.append(replace(s, body=body))
            elif isinstance(s, For):
                inside = self.open_loops(s.body)
                if inside is None or _yields(s.orelse) or _jumps(s.orelse):
                    return None
                self.count += 1
                it, pair, there = (f"%{name}{self.count}" for name in ("iterator", "fetched", "there"))
                call: Any = frozenset()
                out.append(Assign(it, "call", (Lit(iter), s.iter), data=call, origin=s.origin))
                step: list[Stmt] = [
                    Assign(pair, "call", (Lit(self.fetch), it), data=call, origin=s.origin),
                    Assign(there, "getitem", (pair, Lit(0)), origin=s.origin),
                    If(there, [], [*s.orelse, Break(s.origin)], s.origin),
                    Assign(s.target, "getitem", (pair, Lit(1)), origin=s.origin),
                    *inside,
                ]
                out.append(While([], Lit(True), step, origin=s.origin))
        return out

    def behind(self, stmts: list[Stmt], wanted: Stmt) -> list[Stmt] | None:
        """Return what runs behind a statement; None if that can't be said in one block."""
        for k, s in enumerate(stmts):
            if s is wanted:
                return stmts[k + 1 :]
            if not any(t is wanted for t in walk([s])):
                continue
            after = stmts[k + 1 :]
            if isinstance(s, If):
                side = s.then if any(t is wanted for t in walk(s.then)) else s.orelse
                rest = self.behind(side, wanted)
                return None if rest is None else [*rest, *after]
            assert isinstance(s, While)
            rest = self.behind(s.body, wanted)
            if rest is None:
                return None
            if not _jumps(rest):
                return [*rest, s, *after]
            self.count += 1
            resumed = f"%resumed{self.count}"
            first = [Assign(resumed, "copy", (Lit(False),), origin=s.origin), *rest]
            test = [*s.before, If(s.test, [], [Break(s.origin)], s.origin)]
            again = While([], Lit(True), [If(resumed, first, [*test, *s.body], s.origin)], origin=s.origin)
            return [Assign(resumed, "copy", (Lit(True),), origin=s.origin), again, *after]
        return None

    def pausing(self, stmts: list[Stmt]) -> list[Stmt]:
        """Let each `yield` end the block."""
        out: list[Stmt] = []
        for s in stmts:
            if isinstance(s, Yield):
                out.append(Assign(YIELDED, "copy", (s.value,), origin=s.origin))
                out += [self.stand_at(self.numbers[id(s)], s.origin), Return(Lit(None), s.origin)]
            elif isinstance(s, Return):
                out += [self.stand_at(ENDED, s.origin), Return(Lit(None), s.origin)]
            elif isinstance(s, If):
                out.append(replace(s, then=self.pausing(s.then), orelse=self.pausing(s.orelse)))
            elif isinstance(s, While):
                body = self.pausing(s.body)
                ends = isinstance(s.test, Lit) and bool(s.test.value)
                first = _run_once(body if ends else [If(s.test, [], [Break(s.origin)], s.origin), *body])
                if first is not None and not s.orelse:  # its first iteration is its last: it pauses
                    out += [*s.before, *first]
                else:
                    out.append(replace(s, body=body, orelse=self.pausing(s.orelse)))
            elif isinstance(s, For):
                out.append(replace(s, body=self.pausing(s.body), orelse=self.pausing(s.orelse)))
            elif isinstance(s, Try):
                handlers = [replace(h, body=self.pausing(h.body)) for h in s.handlers]
                out.append(replace(s, body=self.pausing(s.body), handlers=handlers))
            elif isinstance(s, Finally):
                out.append(replace(s, body=self.pausing(s.body), final=self.pausing(s.final)))
            else:
                out.append(replace(s, body=self.pausing(s.body)) if isinstance(s, With) else s)
        return out
