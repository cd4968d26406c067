"""Give every value a Python variable.

Assumes live segments (`ir.live`). Values that a loop, a branch or a write in place joins share a variable
where their lives do not overlap; then no assignment is printed for the join. A variable keeps one base
name and one kind of type: the version that lives longest is called `x`, others `x_1`, `x_2`; temporaries
are `t`, `t1`, `t2`. No name ever equals a parameter's, a keyword, or a global that the text uses.
"""

from __future__ import annotations

import heapq
import keyword
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from adgen.ir.live import Live, Overlay, Segment, merge
from adgen.ir.nodes import CHANGES, Block, Func, If, Let, Loop, Operand, Var, blocks
from adgen.ir.types import Array, Bool, Complex, Float, Int, Scalar, Type

TEMPORARY = "t"
MANY = 64  # versions of one name from which on the cheap way of sharing names is used


@dataclass(eq=False, slots=True)
class Class:
    """Values that share a variable."""

    name: str | None
    kind: str
    segments: list[Segment]
    pinned: bool = False

    @property
    def length(self) -> int:
        return sum(b - a for a, b in self.segments)


class Names:
    """The variable of each value."""

    def __init__(self, func: Func, live: Live, overlay: Overlay, taken: set[str]) -> None:
        self.live = live
        self.overlay = overlay
        self.classes: dict[Var, Class] = {}
        self._parent: dict[Class, Class] = {}
        self._text: dict[Class, str] = {}
        self._taken = taken | set(keyword.kwlist)
        self._blank: set[Var] = set()
        self.unused = next(n for n in ("_", "__", "unused") if n not in self._taken)
        for v, segments in live.segments.items():
            if v not in overlay.same:
                self.classes[v] = Class(v.name, kind(v.type), segments)
        for v in func.params:
            self.classes[v].pinned = True
        if any(v.name == "_" for v in self.classes):
            self.unused = next(n for n in ("__", "unused") if all(n != v.name for v in self.classes))
        for first in overlay.taken:
            if isinstance(first, Var):
                self._blank.add(first)
            elif first.op.name != "item":
                self._blank.add(first.out)
        self._join_writes(func.body)
        self._join_regions(func.body)
        self._assign()

    def of(self, v: Operand) -> str:
        """Return the name of a value's variable."""
        v = self.overlay.resolve(v)
        assert isinstance(v, Var)
        return self.unused if v in self._blank else self._text[self.find(v)]

    def find(self, v: Var) -> Class:
        c = self.classes[v]
        root = c
        while root in self._parent:
            root = self._parent[root]
        while c is not root:
            self._parent[c], c = root, self._parent[c]
        return root

    # joining

    def _join_writes(self, block: Block) -> None:
        for s in block.stmts:
            for b in blocks(s):
                self._join_writes(b)
            if isinstance(s, Let) and s.op.name == "caught" and s.out in self.classes:
                self.classes[s.out].kind = "caught"  # Python unbinds its name at the end of the handler
            if isinstance(s, Let) and s.op.name in CHANGES:
                base = self.overlay.resolve(s.args[0])
                if isinstance(base, Var):
                    self._join(base, s.out, any_name=True)
                if not isinstance(base, Var) or self.find(base) is not self.find(s.out):
                    # A copy is made before the other operands are read: their variables are not free yet.
                    c, p = self.find(s.out), self.live.spans[s].at
                    c.segments = merge([(p, p + 1), *c.segments])

    def _join_regions(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Loop):
                self._blank.update(v for v in index_vars(s) if v not in self.live.used)
                for p, y, out in zip(s.params, s.yields, s.outs):
                    self._join_yield(p, y, s)
                    self._join(p, out)
                for p, a in zip(s.params, s.inits):
                    self._join_operand(p, a)
            for b in blocks(s):
                self._join_regions(b)
            if isinstance(s, If):
                for out, x, y in zip(s.outs, s.then.results, s.orelse.results):
                    self._join_operand(out, x)
                    self._join_operand(out, y)

    def _join_operand(self, v: Var, a: Operand) -> None:
        a = self.overlay.resolve(a)
        if isinstance(a, Var) and a not in self.overlay.folded:
            self._join(v, a)

    def _join_yield(self, p: Var, y: Operand, s: Loop) -> None:
        """Join a carried value with what it becomes: from the end of the body on they are equal, and may overlap."""
        y = self.overlay.resolve(y)
        if isinstance(y, Var) and y not in self.overlay.folded:
            span = self.live.spans[s]
            start = self.live.ends[s.body]
            equal = [(max(a, start), min(b, span.end)) for a, b in self.live.segments[y] if b > start and a < span.end]
            self._join(p, y, equal=equal)

    def _join(self, v: Var, w: Var, any_name: bool = False, equal: Sequence[Segment] = ()) -> None:
        a, b = self.find(v), self.find(w)
        if a is b:
            return
        if a.pinned and b.pinned or a.kind != b.kind:
            return
        if not any_name and a.name != b.name and a.name is not None and b.name is not None:
            return
        if b.pinned and a.name is None and not any_name:
            pass
        if overlap(a.segments, subtract(b.segments, equal)):
            return
        self._parent[b] = a
        a.segments = merge([*a.segments, *b.segments])
        a.name = (b.name or a.name) if b.pinned else (a.name or b.name)
        a.pinned = a.pinned or b.pinned

    # naming

    def _assign(self) -> None:
        groups: dict[str | None, dict[Class, None]] = {}
        bases: set[str] = set()
        for v in self.classes:
            if v in self._blank:
                continue
            c = self.find(v)
            groups.setdefault(c.name, {})[c] = None
            if c.name is not None:
                bases.add(c.name)
        for base, group in groups.items():
            self._name_group(base, list(group), bases)

    def _name_group(self, base: str | None, group: list[Class], bases: set[str]) -> None:
        names = _Supply(base, bases, self._taken)
        homes: dict[str, tuple[str, list[Segment]]] = {}  # variable -> kind, segments
        pinned = [c for c in group if c.pinned]
        for c in pinned:
            assert c.name is not None
            self._text[c] = c.name
            homes[c.name] = (c.kind, c.segments)
        free = [c for c in group if not c.pinned]
        if len(free) > MANY:
            self._name_many(free, names, homes)
            return
        free.sort(key=lambda c: (-c.length, c.segments[0]))
        for c in free:
            for name in names:
                home = homes.get(name)
                if home is None:
                    homes[name] = (c.kind, c.segments)
                elif home[0] == c.kind and not overlap(home[1], c.segments):
                    homes[name] = (c.kind, merge([*home[1], *c.segments]))
                else:
                    continue
                self._text[c] = name
                break

    def _name_many(self, free: list[Class], names: _Supply, homes: dict[str, tuple[str, list[Segment]]]) -> None:
        """Share names by first and last position alone, in one sweep."""
        free.sort(key=lambda c: c.segments[0])
        heaps: dict[str, list[int]] = {}
        active: list[tuple[int, int, str]] = []
        order = iter(n for n in names if n not in homes)
        made: list[str] = []
        for c in free:
            start, end = c.segments[0][0], c.segments[-1][1]
            while active and active[0][0] <= start:
                _, k, of = heapq.heappop(active)
                heapq.heappush(heaps.setdefault(of, []), k)
            heap = heaps.setdefault(c.kind, [])
            if heap:
                k = heapq.heappop(heap)
            else:
                k = len(made)
                made.append(next(order))
            self._text[c] = made[k]
            heapq.heappush(active, (end, k, c.kind))


class _Supply:
    """The names that versions of one base name may have, best first."""

    def __init__(self, base: str | None, bases: set[str], taken: set[str]) -> None:
        self.base, self.bases, self.taken = base, bases, taken

    def __iter__(self) -> Iterator[str]:
        stem = TEMPORARY if self.base is None else self.base
        if stem not in self.taken and (self.base is not None or stem not in self.bases):
            yield stem
        k = 0
        while True:
            k += 1
            name = f"{stem}{k}" if self.base is None else f"{stem}_{k}"
            if name not in self.bases and name not in self.taken:
                yield name


def index_vars(s: Loop) -> tuple[Var, ...]:
    """Return what the header of a loop assigns."""
    return (*(() if s.index is None else (s.index,)), *(c.var for c in s.consumes))


def kind(t: Type) -> str:
    """Return what must agree for two values to share a variable."""
    if isinstance(t, Array):
        return f"{t.dtype} {t.ndim}"
    if isinstance(t, (Int, Float, Scalar)):
        return "number"
    if isinstance(t, (Bool, Complex)):
        return str(t)
    return type(t).__name__


def subtract(a: list[Segment], holes: Sequence[Segment]) -> list[Segment]:
    """Return segments without the parts in `holes`, which are sorted."""
    if not holes:
        return a
    out: list[Segment] = []
    for start, end in a:
        for low, high in holes:
            if low < end and high > start:
                if start < low:
                    out.append((start, low))
                start = max(start, high)
        if start < end:
            out.append((start, end))
    return out


def overlap(a: list[Segment], b: list[Segment]) -> bool:
    """Say whether two sorted lists of segments have a position in common."""
    if len(a) < len(b):
        a, b = b, a
    for lo, hi in b:
        k = bisect_left(a, (lo, lo))
        if k < len(a) and a[k][0] < hi:
            return True
        if k > 0 and a[k - 1][1] > lo:
            return True
    return False
