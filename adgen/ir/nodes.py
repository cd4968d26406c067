"""The intermediate representation: structured SSA, purely functional.

A value is defined once and never changes. An array that the user's program writes is a sequence of
versions: `u1 = update(u0, v)` is the array u0 with one place replaced. The version *is* the memory
token: a load names the version that it reads, so no pass can move it past a store. Which updates
run in place is decided after differentiation, by `optimise.own`.

Branches and loops carry values in and out explicitly, so every analysis is one recursive walk. What every
pass asks of every node compares classes with `is`, which costs half of `isinstance`: no node has subclasses.
"""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, final

from adgen.ir.frozen import dataclass
from adgen.ir.types import Bool, Known, Type, Undef

if TYPE_CHECKING:
    from adgen.rules.registry import Primitive


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """The user's statement that a node comes from. Nodes of one statement share one object."""

    file: str
    line: int
    col: int
    end_line: int
    end_col: int
    text: str  # the statement on one line (for compound statements: their header)
    function: str
    comments: tuple[str, ...] = ()  # the comment lines above it
    quiet: tuple[str, ...] = ()  # which of NumPy's floating-point errors are let pass there


@final
class Var:
    """An SSA value. Compared by identity.

    `name` is the base name it should print under, or None for a compiler temporary. A `fixed` name
    is one the user wrote or the gradient of one: such a value keeps a statement of its own.
    `length` is the length of an axis that an integer is known to be; of a tuple or list, those of its items; of an
    array of booleans, that of what it picks out of another one.
    """

    __slots__ = ("fixed", "length", "name", "type")

    def __init__(self, type: Type, name: str | None = None, fixed: bool = False) -> None:
        self.type = type
        self.name = name
        self.fixed = fixed
        self.length: Known = None

    def __repr__(self) -> str:
        return f"<{self.name or '%'}: {self.type}>"


@final
@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """A value known at compile time: number, string, None, tuple of such, dtype, function."""

    value: Any
    type: Type


UNDEF = Const(None, Undef())

Operand = Var | Const


@dataclass(frozen=True, slots=True)
class Hole:
    """In a template: the operand at this position of `args`."""

    arg: int


@dataclass(frozen=True, slots=True)
class Slice:
    """A slice in an index template. None is an open end."""

    start: Hole | int | None = None
    stop: Hole | int | None = None
    step: Hole | int | None = None


IndexItem = Hole | int | Slice | None | Any  # None is np.newaxis, Ellipsis is itself


@dataclass(frozen=True, slots=True)
class Index:
    """A step of a place: `[items]`. `x[i]` has one item, `x[i, j]` two."""

    items: tuple[IndexItem, ...]


@dataclass(frozen=True, slots=True)
class ViewStep:
    """A step of a place: a view-making primitive with constant keywords (`.T`, swapaxes)."""

    op: Primitive
    args: tuple[Any, ...] = ()  # constants after the array itself


CHANGES = frozenset({"update", "append", "insert", "without"})  # operations that write their first argument in place
Place = tuple[Index | ViewStep, ...]
Mode = Literal["set", "add", "sub"]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Let:
    """`out = op(*args)`; the last `len(kws)` args go by keyword.

    getitem: args (base, *holes), `place` one Index.
    update:  args (base, value, *holes), `place` any steps (none: the whole array), `mode`.
    """

    out: Var
    op: Primitive
    args: tuple[Operand, ...]
    kws: tuple[str, ...] = ()
    place: Place = ()
    mode: Mode = "set"
    origin: Origin | None = None
    adjoint: bool = False  # belongs to the backward part: its origin prints as a comment
    guarded: bool = False  # it may raise what a `try` round it catches: it stays, and where it is

    @property
    def stays(self) -> bool:
        """Say whether the statement runs even if nobody reads its value, in order with others like it."""
        return self.guarded or self.op.effect == "opaque"


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    stmts: tuple[Stmt, ...]
    results: tuple[Operand, ...]
    _all: tuple[Stmt, ...] | None = field(default=None, init=False, repr=False)  # what `walk` gave


@final
@dataclass(frozen=True, slots=True, eq=False)
class If:
    """`outs = then.results if cond else orelse.results`.

    With `catch`, `then` is tried and `orelse` handles its exceptions. Then `cond` is an `attempt`, which has no value
    of its own, and the first of `outs` says whether `then` ran to its end, unless the handler always `raises`.
    What follows a `tried` in it is Python's `else`: it is not tried.
    """

    cond: Operand
    then: Block
    orelse: Block
    outs: tuple[Var, ...]
    origin: Origin | None = None
    adjoint: bool = False
    catch: bool = False

    @property
    def decided(self) -> Operand:
        """What says afterwards which side it was."""
        if self.raises:
            return Const(True, Bool())
        return self.outs[0] if self.catch else self.cond

    @property
    def raises(self) -> bool:
        """Say whether this is a `try` whose handler never comes to its end."""
        return self.catch and ends_in_raise(self.orelse)


def ends_in_raise(block: Block) -> bool:
    """Say whether the end of a block is never reached."""
    last = block.stmts[-1] if block.stmts else None
    if isinstance(last, If):
        return ends_in_raise(last.orelse) and ends_in_raise(last.then)
    return isinstance(last, Let) and last.op.name == "raise_"


def tried_part(attempt: If) -> tuple[tuple[Stmt, ...], tuple[Stmt, ...]]:
    """Return what is tried of a `try`, and what comes after that where nothing was raised."""
    stmts = attempt.then.stmts
    for k, s in enumerate(stmts):
        if isinstance(s, Let) and s.op.name == "tried" and s.args[0] is attempt.cond:
            return stmts[:k], stmts[k:]
    return stmts, ()


@dataclass(frozen=True, slots=True)
class Range:
    start: Operand
    stop: Operand
    step: Operand


@dataclass(frozen=True, slots=True, eq=False)
class Consume:
    """One element of a sequence per iteration, from the front or from the back."""

    var: Var
    seq: Operand
    reverse: bool = False


@final
@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """A loop over a range (`index` counts), a `while` (`test`), or over its consumed sequences alone.

    `params` hold the carried values inside, `inits` before the first iteration, `outs` after the last.
    Each iteration yields `body.results`: the next carried values, then one element for each collect,
    then, if `stops`, a flag that ends the loop after this iteration. `collects` are lists of the
    elements in order of iteration. `test` sees the params and yields one boolean.
    """

    range: Range | None
    index: Var | None
    test: Block | None
    consumes: tuple[Consume, ...]
    params: tuple[Var, ...]
    inits: tuple[Operand, ...]
    body: Block
    outs: tuple[Var, ...]
    collects: tuple[Var, ...] = ()
    stops: bool = False
    backwards: bool = False  # range is walked from its last element to its first
    origin: Origin | None = None
    adjoint: bool = False

    @property
    def yields(self) -> tuple[Operand, ...]:
        return self.body.results[: len(self.params)]

    @property
    def collected(self) -> tuple[Operand, ...]:
        n = len(self.params)
        return self.body.results[n : n + len(self.collects)]

    @property
    def stop(self) -> Operand | None:
        return self.body.results[-1] if self.stops else None


Stmt = Let | If | Loop


@dataclass(frozen=True, slots=True, eq=False)
class Func:
    """A function: `body.results` is its one result."""

    name: str
    params: tuple[Var, ...]
    body: Block
    notes: tuple[str, ...] = ()  # comment lines under the header
    defaults: tuple[Any, ...] = field(default=())
    _memory: Any = field(default=None, init=False, repr=False)  # what `memory_of` gave


def defs(s: Stmt) -> tuple[Var, ...]:
    """Return the values that a statement defines for what follows it."""
    if type(s) is Let:
        return (s.out,)
    return s.outs if type(s) is If else s.outs + s.collects


def blocks(s: Stmt) -> tuple[Block, ...]:
    if type(s) is Let:
        return ()
    if type(s) is If:
        return (s.then, s.orelse)
    return (s.body,) if s.test is None else (s.test, s.body)


def operands(s: Stmt) -> tuple[Operand, ...]:
    """Return what a statement itself reads, not counting its blocks."""
    if type(s) is Let:
        return s.args
    if type(s) is If:
        return (s.cond,)
    head = () if s.range is None else (s.range.start, s.range.stop, s.range.step)
    return head + tuple(c.seq for c in s.consumes) + s.inits


def bound(s: Stmt) -> tuple[Var, ...]:
    """Return the values that a loop defines for its own blocks."""
    if not isinstance(s, Loop):
        return ()
    index = () if s.index is None else (s.index,)
    return index + tuple(c.var for c in s.consumes) + s.params


def walk(block: Block) -> tuple[Stmt, ...]:
    """Return every statement, nested ones after the one that holds them. Many passes ask: it is kept."""
    if block._all is None:
        found: list[Stmt] = []
        stack = list(reversed(block.stmts))
        while stack:
            s = stack.pop()
            found.append(s)
            if type(s) is not Let:
                for b in reversed(blocks(s)):
                    stack.extend(reversed(b.stmts))
        object.__setattr__(block, "_all", tuple(found))
    return block._all  # type: ignore[return-value]


def has_effects(s: Stmt) -> bool:
    """Say whether a statement, or one in its blocks, runs even if nobody reads what it gives."""
    return s.stays if type(s) is Let else any(has_effects(t) for b in blocks(s) for t in b.stmts)


def free_vars(block: Block) -> dict[Var, None]:
    """Return what a block reads from outside, in order of first use."""
    inner: set[Var] = set()
    read: dict[Var, None] = {}
    _scan(block, inner, read)
    return {v: None for v in read if v not in inner}


def _scan(block: Block, inner: set[Var], read: dict[Var, None]) -> None:
    for s in block.stmts:
        for a in operands(s):
            if type(a) is Var:
                read.setdefault(a)
        if type(s) is Let:
            inner.add(s.out)
            continue
        inner.update(bound(s))
        for b in blocks(s):
            _scan(b, inner, read)
        inner.update(defs(s))
    for a in block.results:
        if type(a) is Var:
            read.setdefault(a)
