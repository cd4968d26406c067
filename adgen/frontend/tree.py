"""What the frontend makes of a function: few statements over named variables, no syntax left.

Every operand is a name or a literal. Temporaries begin with "%". Types are not known yet, so
operations are neutral: `inplace` may be a rebinding or a write, `getitem` a copy, a view or an element.
After `exits.single_exit` a function ends in its only `Return`; loops have no `else`, no `Break` and no
`Continue`, but a `stop` flag that ends them after the iteration that set it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from adgen.ir.frozen import dataclass
from adgen.ir.nodes import Origin


@dataclass(frozen=True, slots=True)
class Lit:
    """A literal constant."""

    value: Any


Operand = str | Lit
NOTHING = Lit(None)  # a `Return` of just this object gives no value: an exception is on its way


@dataclass(slots=True)
class Assign:
    """`target = op(*args)`. Operations, with what `data` holds:

    copy a | free (data: the name) | binary a b (data: "+") | inplace a b (data: "+")
    unary a (data: "-", "+", "~", "not") | compare a b (data: "<", "is", "not in")
    getattr a (data: the attribute) | getitem a key | slice start stop step
    tuple, list, set: the items (data: set of positions that are starred) | dict k1 v1 k2 v2
    (a starred `**d` has the key Lit(None) and its position in data)
    call f *args (kws: names of the last ones; data: positions in args that are `*a`; a `**d` has the keyword name "**")
    format: the parts of an f-string (data: tuple per part: None for text, else (conversion, format spec))
    function: the default values (data: the `Function`)
    import (data: module, whether its first part is meant, the name taken from it or None, the level of a relative one)
    """

    target: str
    op: str
    args: tuple[Operand, ...]
    kws: tuple[str, ...] = ()
    data: Any = None
    origin: Origin | None = None


@dataclass(slots=True)
class Unpack:
    """`targets = value`; `star` is the position of the starred target."""

    targets: tuple[str, ...]
    value: Operand
    star: int | None = None
    origin: Origin | None = None


@dataclass(slots=True)
class SetItem:
    base: Operand
    key: Operand
    value: Operand
    origin: Origin | None = None


@dataclass(slots=True)
class AugItem:
    """`base[key] op= value`, base and key evaluated once."""

    base: Operand
    key: Operand
    op: str
    value: Operand
    origin: Origin | None = None


@dataclass(slots=True)
class SetAttr:
    base: Operand
    attr: str
    value: Operand
    op: str | None = None  # "+" for `base.attr += value`
    origin: Origin | None = None


@dataclass(slots=True)
class Delete:
    """`del name`, or `del base[key]`."""

    name: str | None
    base: Operand | None = None
    key: Operand | None = None
    origin: Origin | None = None


@dataclass(slots=True)
class If:
    test: Operand
    then: list[Stmt]
    orelse: list[Stmt]
    origin: Origin | None = None


@dataclass(slots=True)
class For:
    """`target` is one name; a pattern is unpacked by the first statements of the body."""

    target: str
    iter: Operand
    body: list[Stmt]
    orelse: list[Stmt] = field(default_factory=list)
    stop: str | None = None
    origin: Origin | None = None
    cut: bool = False  # its body was cut: an exception of what it walks is not caught


@dataclass(slots=True)
class While:
    """`before` computes `test` anew before each iteration."""

    before: list[Stmt]
    test: Operand
    body: list[Stmt]
    orelse: list[Stmt] = field(default_factory=list)
    stop: str | None = None
    origin: Origin | None = None


@dataclass(slots=True)
class Handler:
    """`except kind as name`; kind None: of any exception."""

    before: list[Stmt]  # computes `kind`
    kind: Operand | None
    name: str | None
    body: list[Stmt]
    origin: Origin | None = None


@dataclass(slots=True)
class Try:
    """`ok` says afterwards whether the body ran to its end. `else` and `finally` are statements that follow.

    `orelse` runs after the body, in the same branch, and is not tried: what `cuts.py` leaves of a longer body.
    `leaves`: nothing that follows runs after a handler, but for tests of flags. `cleanup`: the handler is what a
    `finally` does when an exception leaves the body, which it raises again.
    """

    body: list[Stmt]
    handlers: list[Handler]
    ok: str
    leaves: bool = False
    cleanup: bool = False
    origin: Origin | None = None
    orelse: list[Stmt] = field(default_factory=list)
    cut: bool = False  # a piece of a body that was cut


@dataclass(slots=True)
class Finally:
    """`final` runs however the body is left; gone after `single_exit`. `caught`: no exception leaves the body."""

    body: list[Stmt]
    final: list[Stmt]
    origin: Origin | None = None
    caught: bool = False


@dataclass(slots=True)
class Labelled:
    """A block that `Leave` may end from anywhere inside; the name `label` says whether it did.

    Gone after `single_exit`.
    """

    label: str
    body: list[Stmt]
    origin: Origin | None = None


@dataclass(slots=True)
class Leave:
    label: str
    origin: Origin | None = None


@dataclass(slots=True)
class With:
    """`with manager as target`"""

    manager: Operand
    target: str | None
    body: list[Stmt]
    origin: Origin | None = None


@dataclass(slots=True)
class Yield:
    """`delegated`: it is what `yield from` yields."""

    value: Operand
    origin: Origin | None = None
    delegated: bool = False


@dataclass(slots=True)
class Break:
    origin: Origin | None = None


@dataclass(slots=True)
class Continue:
    origin: Origin | None = None


@dataclass(slots=True)
class Return:
    value: Operand
    origin: Origin | None = None


@dataclass(slots=True)
class Raise:
    """`raise exc`; nothing after it runs."""

    exc: Operand | None
    cause: Operand | None = None
    origin: Origin | None = None


Stmt = (
    Assign | Unpack | SetItem | AugItem | SetAttr | Delete | If | For | While | Try | Finally | Labelled | With | Yield
    | Break | Continue | Return | Raise | Leave
)  # fmt: skip


def blocks(s: Stmt) -> tuple[list[Stmt], ...]:
    """Return the blocks inside a statement."""
    if isinstance(s, If):
        return s.then, s.orelse
    if isinstance(s, For):
        return s.body, s.orelse
    if isinstance(s, While):
        return s.before, s.body, s.orelse
    if isinstance(s, Try):
        return (s.body, s.orelse, *(b for h in s.handlers for b in (h.before, h.body)))
    if isinstance(s, Finally):
        return s.body, s.final
    return (s.body,) if isinstance(s, (With, Labelled)) else ()


def operands(s: Stmt) -> tuple[Operand | None, ...]:
    """Return what a statement itself reads, not counting its blocks."""
    if isinstance(s, Assign):
        return s.args
    if isinstance(s, (Unpack, Return, Yield)):
        return (s.value,)
    if isinstance(s, With):
        return (s.manager,)
    if isinstance(s, SetItem):
        return s.base, s.key, s.value
    if isinstance(s, AugItem):
        return s.base, s.key, s.value
    if isinstance(s, SetAttr):
        return s.base, s.value
    if isinstance(s, Delete):
        return s.base, s.key
    if isinstance(s, Raise):
        return s.exc, s.cause
    if isinstance(s, If):
        return (s.test,)
    if isinstance(s, While):
        return (s.test,)
    return (s.iter,) if isinstance(s, For) else ()


COMPOUND = frozenset({If, For, While, Try, Finally, Labelled, With})


def walk(stmts: list[Stmt]) -> Iterator[Stmt]:
    """Yield statements and those inside of them."""
    pending = stmts[::-1]
    while pending:
        s = pending.pop()
        yield s
        if type(s) in COMPOUND:
            for b in reversed(blocks(s)):
                pending += b[::-1]


@dataclass(slots=True)
class Parameter:
    name: str
    kind: str  # "positional", "either", "keyword", "*", "**"
    has_default: bool = False
    annotation: str | None = None


@dataclass(slots=True)
class Function:
    """A lowered function. `defaults` of a nested one are the args of the Assign that makes it."""

    name: str
    params: tuple[Parameter, ...]
    body: list[Stmt]
    origin: Origin
    assigned: frozenset[str]  # its local names, parameters included
    file: str = ""
    nonlocals: frozenset[str] = frozenset()  # those of `assigned` that belong to a function round it
    yields: bool = False  # it is a generator
    holds: bool = False  # other functions
    lowered: list[Stmt] = field(default_factory=list)  # its body with all exits, if that is another one
    closing: list[Stmt] = field(default_factory=list)  # of a generator: returns behind a `yield` where CLOSED holds
    steps: Any = None  # of a generator: what runs from `yield` to `yield`, once somebody steps it


SENT = "%sent"  # the value of the last `yield`
CLOSED = "%0"  # the consumer of a generator takes no more values
