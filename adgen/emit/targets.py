"""Where a tuple of names takes the items of a value: `q, r = np.linalg.qr(a)`, `for a, b in pairs:`.

Assumes that folding is decided. A statement and the items of its result that follow at once become one statement if
nothing else reads the result; the items of a parameter do if they are all there. What a loop walks over gives its
items in the header if the body begins with them and nothing else happens before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from adgen.ir.live import Overlay, collect_points
from adgen.ir.nodes import Block, Const, Func, Let, Loop, Operand, Stmt, Var, blocks, operands, walk
from adgen.ir.types import Record, Saved, Tuple, Type


def find_targets(func: Func, overlay: Overlay) -> None:
    """Write down in the overlay what takes whose items."""
    finder = _Finder(func, overlay)
    for block in _all_blocks(func.body):
        finder.statements(block.stmts)
    for s in walk(func.body):
        if isinstance(s, Loop) and s.test is None and not collect_points(s)[0]:
            finder.header(s)


class _Finder:
    def __init__(self, func: Func, overlay: Overlay) -> None:
        self.overlay = overlay
        self.params = set(func.params)
        self.uses: dict[Var, int] = {}
        for a in _reads(func.body, overlay):
            self.uses[a] = self.uses.get(a, 0) + 1

    def statements(self, stmts: Sequence[Stmt]) -> None:
        k = 0
        while k < len(stmts):
            first = stmts[k]
            k += 1
            if not isinstance(first, Let) or first.out in self.overlay.folded:
                continue
            whole = first.args[0] if first.op.name == "item" else first.out
            if not isinstance(whole, Var) or _keys(whole.type) is None:
                continue
            run = self.run(stmts, k - (first.op.name == "item"), whole)
            names = self.places(run, whole)
            if names is None:
                continue
            if first.op.name == "item":
                fits = whole in self.params and None not in names
            else:
                fits = self.uses.get(whole) == len(run) and (len(run) > 1 or first.op.name == "unpack")
            if fits:
                self.overlay.taken[first] = names
                k += len(run) - (first.op.name == "item")

    def header(self, s: Loop) -> None:
        at = 0
        for c in s.consumes:
            run = self.run(s.body.stmts, at, c.var)
            if not run:
                continue
            names = self.places(run, c.var)
            if names is None or self.uses.get(c.var) != len(run):
                break
            self.overlay.taken[c.var] = names
            at += len(run)

    def run(self, stmts: Sequence[Stmt], at: int, whole: Var) -> list[Let]:
        """Return the items of a value from a place on."""
        found = []
        for s in stmts[at:]:
            if not isinstance(s, Let) or s.op.name != "item" or s.args[0] is not whole or s.out in self.overlay.folded:
                break
            found.append(s)
        return found

    def places(self, run: Sequence[Let], whole: Var) -> tuple[Let | None, ...] | None:
        """Return items by position, None if they can't be taken together."""
        keys = _keys(whole.type)
        if not run or keys is None or len(keys) < 2:
            return None
        names: list[Let | None] = [None] * len(keys)
        for s in run:
            key = s.args[1]
            assert isinstance(key, Const)
            place = keys.index(key.value) if key.value in keys else key.value
            if s.out not in self.uses or not isinstance(place, int) or names[place] is not None:
                return None
            names[place] = s
        return tuple(names)


def _keys(t: Type) -> tuple[object, ...] | None:
    """Return the keys of a value that can be unpacked."""
    if isinstance(t, Tuple):
        return tuple(range(len(t.items)))
    if isinstance(t, Saved):
        return tuple(range(len(t.layout.items)))
    if isinstance(t, Record) and (t.cls is list or issubclass(t.cls, tuple)):
        return t.keys
    return None


def _all_blocks(block: Block) -> Iterator[Block]:
    yield block
    for s in walk(block):
        yield from blocks(s)


def _reads(body: Block, overlay: Overlay) -> Iterator[Var]:
    def resolved(found: Sequence[Operand]) -> Iterator[Var]:
        for a in map(overlay.resolve, found):
            if isinstance(a, Var):
                yield a

    for block in _all_blocks(body):
        yield from resolved(block.results)
        for s in block.stmts:
            yield from resolved(operands(s))
