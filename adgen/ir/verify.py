"""Check that a function is well-formed IR; every pass must leave it so.

A value is defined once, before its uses, in a block that encloses them; results fit what takes them;
places and keywords fit the arguments; no node stands in two places. A failure is an `InternalError`
that shows the statement and its neighbours.
"""

from __future__ import annotations

from typing import NoReturn

from adgen.ir.nodes import (
    Block,
    Const,
    Consume,
    Func,
    Hole,
    If,
    Index,
    Let,
    Loop,
    Operand,
    Slice,
    Stmt,
    Var,
    ViewStep,
    bound,
    defs,
    operands,
)
from adgen.ir.routine import routines_in
from adgen.ir.show import Printer
from adgen.ir.summary import CALLS, summary_of
from adgen.ir.types import Type

NEIGHBOURS = 3


def verify(func: Func) -> None:
    """Raise `InternalError` if `func` is not well-formed, or a summary that it calls."""
    _verify(func)
    for routine in routines_in([func], lambda r: r.func):
        _verify(routine.func)


def _verify(func: Func) -> None:
    c = _Checker(func)
    for v in func.params:
        c.define(v)
    if len(func.body.results) != 1:
        c.fail(f"the function has {len(func.body.results)} results, not 1")
    if len(func.defaults) > len(func.params):
        c.fail("more defaults than parameters")
    c.block(func.body)


class _Checker:
    def __init__(self, func: Func) -> None:
        self.func = func
        self.visible: set[Var] = set()
        self.defined: set[Var] = set()
        self.nodes: set[int] = set()
        self.path: list[tuple[Block, int]] = []

    def fail(self, message: str) -> NoReturn:
        from adgen.errors import InternalError

        printer = Printer()
        lines: list[str] = []
        if self.path:
            block, at = self.path[-1]
            first = max(at - NEIGHBOURS, 0)
            for i, s in enumerate(block.stmts[first : at + NEIGHBOURS + 1], first):
                mark = "> " if i == at else "  "
                lines += [mark + line for line in printer.stmt(s, 0)[:20]]
        raise InternalError(what=f"malformed IR in {self.func.name}: {message}", why="\n".join(lines))

    def define(self, v: Var) -> None:
        if not isinstance(v, Var):
            self.fail(f"{v!r} is defined, but is no Var")
        if not isinstance(v.type, Type):
            self.fail(f"{v.name or 'a temporary'} has no type")
        if v in self.defined:
            self.fail(f"{v!r} is defined twice")
        self.defined.add(v)
        self.visible.add(v)

    def use(self, a: Operand) -> None:
        if isinstance(a, Const):
            if not isinstance(a.type, Type):
                self.fail(f"the constant {a.value!r} has no type")
        elif not isinstance(a, Var):
            self.fail(f"{a!r} is no operand")
        elif a not in self.visible:
            self.fail(f"{a!r} is used {'outside its block' if a in self.defined else 'before its definition'}")

    def once(self, node: Stmt | Block) -> None:
        if id(node) in self.nodes:
            self.fail("a node stands in two places")
        self.nodes.add(id(node))

    def block(self, b: Block, extra: tuple[Var, ...] = ()) -> None:
        """Check a block with `extra` visible in it; nothing of it is visible afterwards."""
        if b.stmts:
            self.once(b)
        inner = list(extra)
        for at, s in enumerate(b.stmts):
            self.path.append((b, at))
            self.once(s)
            self.stmt(s)
            for v in defs(s):
                self.define(v)
                inner.append(v)
            self.path.pop()
        for r in b.results:
            self.use(r)
        self.visible.difference_update(inner)

    def stmt(self, s: Stmt) -> None:
        for a in operands(s):
            self.use(a)
        if isinstance(s, Let):
            self.let(s)
        elif isinstance(s, If):
            for b in (s.then, s.orelse):
                if len(b.results) != len(s.outs):
                    self.fail(f"a branch yields {len(b.results)} values for {len(s.outs)}")
                self.block(b)
        elif isinstance(s, Loop):
            self.loop(s)
        else:
            self.fail(f"{s!r} is no statement")

    def let(self, s: Let) -> None:
        if len(s.kws) > len(s.args) or len(set(s.kws)) != len(s.kws):
            self.fail(f"keywords {s.kws} for {len(s.args)} arguments")
        if s.op.name == "getitem" and not (len(s.place) == 1 and isinstance(s.place[0], Index)):
            self.fail("getitem without its one index")
        if s.op.name not in ("getitem", "update"):
            if s.place:
                self.fail(f"{s.op.name} has a place")
            self.call(s)
            return
        first = 1 if s.op.name == "getitem" else 2
        if len(s.args) < first or s.kws:
            self.fail(f"{s.op.name} with {len(s.args)} arguments and keywords {s.kws}")
        if s.mode not in ("set", "add", "sub"):
            self.fail(f"mode {s.mode!r}")
        holes = [h for step in s.place for h in self.holes(step)]
        if sorted(set(holes)) != list(range(first, len(s.args))):
            self.fail(f"holes {holes} for {len(s.args)} arguments")

    def holes(self, step: Index | ViewStep) -> list[int]:
        if isinstance(step, ViewStep):
            return []
        parts: list[object] = []
        for item in step.items:
            parts += [item.start, item.stop, item.step] if isinstance(item, Slice) else [item]
        for p in parts:
            if isinstance(p, (Var, Const)):
                self.fail("an index template holds an operand, not a hole")
        return [p.arg for p in parts if isinstance(p, Hole)]

    def call(self, s: Let) -> None:
        op = s.op
        if op.name in CALLS:
            wanted = len(summary_of(s).func.params)
            if len(s.args) != 1 + wanted or s.kws:
                self.fail(f"{summary_of(s).__name__} takes {wanted} arguments, {len(s.args) - 1} were given")
        if op.kind in ("structure", "opaque") or op.variadic:
            return
        count = len(s.args) - len(s.kws)
        if count > len(op.params):
            self.fail(f"{op.name} takes {op.params}, {count} were given")
        for k in s.kws:
            if k not in op.params[count:]:
                self.fail(f"{op.name} has no keyword {k!r} after {count} arguments")
        given = {*op.params[:count], *s.kws}
        for p in op.params:
            if p not in given and p not in op.defaults:
                self.fail(f"{op.name} lacks {p!r}")

    def loop(self, s: Loop) -> None:
        if s.range is None and s.test is None and not s.consumes:
            self.fail("a loop with nothing to drive it")
        if s.range is None and (s.index is not None or s.backwards):
            self.fail("an index without a range")
        if not len(s.params) == len(s.inits) == len(s.outs):
            self.fail(f"{len(s.params)} params, {len(s.inits)} inits, {len(s.outs)} outs")
        expected = len(s.params) + len(s.collects) + s.stops
        if len(s.body.results) != expected:
            self.fail(f"the body yields {len(s.body.results)} values, not {expected}")
        if s.test is not None and len(s.test.results) != 1:
            self.fail(f"the test yields {len(s.test.results)} values")
        if any(not isinstance(c, Consume) for c in s.consumes):
            self.fail("a consume that is none")
        for v in bound(s):
            self.define(v)
        if s.test is not None:
            # What a test reads of this iteration has not been consumed yet.
            early = tuple(c.var for c in s.consumes) + (() if s.index is None else (s.index,))
            self.visible.difference_update(early)
            self.block(s.test)
            self.visible.update(early)
        self.block(s.body, bound(s))
