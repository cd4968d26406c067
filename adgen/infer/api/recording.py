"""What a tape has recorded: the statements that it saw run, as the values that they define.

A branch or loop is never on a tape itself, only what is computed in it. So one that was recorded in part, or hands on
what was recorded before it, needs nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from adgen.infer.values import Poison
from adgen.ir.nodes import Let, Origin, Stmt, Var, blocks, walk
from adgen.ir.types import Dict, List, Record, Tuple

Visible = Iterable[tuple[int, list[Stmt], int, Stmt]]
"""Statements with the depth of their region, the region, and their place in it."""


class Retape(Exception):
    """The program takes gradients of its own values: it must be typed as one that does.

    `level` 2: one of them is a number of the program that an object or a container holds.
    """

    def __init__(self, level: int) -> None:
        self.level = level


class Loose(Exception):
    """A gradient of a view, in a program whose views are none of their own values as it writes through them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a tape has recorded: the statements that define `values`, and if it is open those from `start` on."""

    values: frozenset[Var] = frozenset()
    start: tuple[int, int] | None = None  # depth of the region, and place in it
    begun: int = 0  # depth of the region where recording began
    watched: tuple[Var, ...] = ()
    resets: int = 0
    earlier: bool = False  # earlier iterations of a loop have recorded on it as well

    def has(self, depth: int, k: int, s: Stmt) -> bool:
        """Say whether a gradient goes through a statement: one that was recorded, any branch or loop, and what
        only puts a value into a container or takes it out."""
        return not isinstance(s, Let) or s.out in self.values or self.covers(depth, k) or hands_on(s)

    def covers(self, depth: int, k: int) -> bool:
        """Say whether all at a place is recorded, as the tape was open."""
        return self.start is not None and (depth > self.start[0] or (depth == self.start[0] and k >= self.start[1]))

    def unrecorded(self, visible: Visible) -> set[Var]:
        """Return what branches and loops compute that is not recorded: it is constant."""
        found: set[Var] = set()
        for depth, _, k, s in visible:
            if not isinstance(s, Let) and not self.covers(depth, k):
                inner = (t for b in blocks(s) for t in walk(b) if isinstance(t, Let) and not hands_on(t))
                found.update(t.out for t in inner if t.out not in self.values)
        return found

    def closed(self, visible: Visible) -> Recorded:
        """Return the same without anything that is recorded from here on."""
        found = {v for depth, _, k, s in visible if self.covers(depth, k) for v in computed(s)}
        return replace(self, values=self.values | found, start=None)


def hands_on(s: Let) -> bool:
    """Say whether a statement computes nothing: what it gives is, or holds, the very value that it was given."""
    held = (s.out.type, s.args[0].type) if s.args else (s.out.type,)
    return s.op.kind == "structure" and any(isinstance(t, (List, Dict, Tuple, Record)) for t in held)


def computed(s: Stmt) -> Iterable[Var]:
    """Return the values that a statement and those in it compute."""
    if isinstance(s, Let):
        return (s.out,)
    return (t.out for b in blocks(s) for t in walk(b) if isinstance(t, Let))


def join(
    one: Recorded, two: Recorded, sides: Sequence[Sequence[Stmt]], depth: int, visible: Visible
) -> Recorded | None:
    """Return what is recorded after a branch whose sides leave this; None if they differ in what was before it.

    `depth` is that of the region that holds the branch. A tape that is open stays so; the caller sets the place.
    """
    before = list(visible)
    ends = []
    for content, side in zip((one, two), sides):
        inside = [(depth + 1, list(side), k, s) for k, s in enumerate(side)]
        own = {v for s in side for v in computed(s)}
        whole = content.closed((*before, *inside))
        ends.append((whole.values - own, whole.values & own))
    (left, a), (right, b) = ends
    if left != right or (one.start is None) != (two.start is None) or one.resets != two.resets:
        return None
    start = None if one.start is None else (depth, 0)
    watched = tuple(dict.fromkeys((*one.watched, *two.watched)))
    begun, earlier = min(one.begun, two.begun), one.earlier or two.earlier
    return Recorded(left | a | b, start, begun, watched, one.resets, earlier)


def clash(origin: Origin | None, where: str) -> Poison:
    return Poison(
        f"a tape that records or forgets in part of a {where}",
        f"what is on it after the {where} is not clear when the program is compiled",
        origin,
        alias=False,
    )
