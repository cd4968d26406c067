"""Give a variable that inner functions rebind (`nonlocal`) a cell: a list of one item, shared by all who name it.

Assumes lowered functions, inner ones included. Afterwards no function assigns a name of another one: the owner makes
the list, every assignment stores into it, and every read reads from it.
"""

from __future__ import annotations

from collections.abc import Mapping

from adgen.frontend.refuse import make_refusal
from adgen.frontend.tree import (
    Assign,
    Delete,
    Finally,
    For,
    Function,
    If,
    Lit,
    Operand,
    SetItem,
    Stmt,
    Try,
    Unpack,
    While,
    With,
    operands,
    walk,
)

OF_MODULE = "%global"  # what the names of globals end in, in a function that assigns them


def share_cells(fn: Function) -> None:
    """Rewrite the variables of `fn` that its inner functions rebind, in place."""
    names = sorted(_rebound(fn.body) & (fn.assigned - fn.nonlocals))
    if not names:
        return
    _Cells(frozenset(names), frozenset(names)).function(fn)
    params = {p.name for p in fn.params}
    head: list[Stmt] = []
    for n in names:
        value: Operand = n if n in params else Lit(None)
        head.append(Assign(cell_of(n), "list", (value,), data=frozenset(), origin=fn.origin))
    fn.body[:0] = head


def cell_of(name: str) -> str:
    return f"%cell.{name}"


def _rebound(stmts: list[Stmt]) -> set[str]:
    """Return the names of the functions round them that inner functions rebind."""
    found: set[str] = set()
    for s in walk(stmts):
        if isinstance(s, Assign) and s.op == "function":
            inner: Function = s.data
            found |= inner.nonlocals | (_rebound(inner.body) - inner.assigned)
    return found


def write_globals(fn: Function, names: Mapping[str, str]) -> bool:
    """Rewrite the globals that a function assigns: each is read anew, and each assignment is carried out outside.

    Return whether all of them are bound in ways that this can follow.
    """
    bound = {t for s in walk(fn.body) for t in _bound(s)}
    own = frozenset(n for n in names.values() if n.endswith(OF_MODULE))
    _Globals(own, frozenset()).function(fn)
    return bound.isdisjoint(n.removesuffix(OF_MODULE) for n in own)


def _bound(s: Stmt) -> tuple[str, ...]:
    """Return the names that a statement may bind."""
    if isinstance(s, (For, With)):
        return (s.target,) if s.target is not None else ()
    if isinstance(s, Delete):
        return (s.name,) if s.name is not None else ()
    if isinstance(s, Try):
        return tuple(h.name for h in s.handlers if h.name is not None)
    return (s.target,) if isinstance(s, Assign) else s.targets if isinstance(s, Unpack) else ()


class _Cells:
    """Rewrites one function. `own`: cell variables that it reads and writes as locals; `known`: all that it can see."""

    def __init__(self, own: frozenset[str], known: frozenset[str]) -> None:
        self.own = own
        self.known = known
        self.used: dict[str, None] = {}

    def function(self, fn: Function) -> None:
        fn.body[:] = self.block(fn.body)

    def inner(self, fn: Function) -> None:
        """Rewrite a function inside: it looks up the cells first."""
        self.function(fn)
        fn.body[:0] = [Assign(cell_of(n), "free", (), data=cell_of(n), origin=fn.origin) for n in self.used]

    def cell(self, name: str) -> str:
        self.used.setdefault(name)
        return cell_of(name)

    def block(self, stmts: list[Stmt]) -> list[Stmt]:
        out: list[Stmt] = []
        for s in stmts:
            for name in self.reads(s):
                out.append(self.load(name, s))
            out.append(self.inside(s))
            out += [self.store(n, s) for n in self.writes(s)]
        return out

    def inside(self, s: Stmt) -> Stmt:
        if isinstance(s, Assign):
            if s.op == "free" and s.data in self.known:
                return Assign(s.target, "getitem", (self.cell(s.data), Lit(0)), origin=s.origin)
            if s.op == "function":
                inner: Function = s.data
                known = self.known - (inner.assigned - inner.nonlocals)
                _Cells(known & inner.nonlocals, known).inner(inner)
        elif isinstance(s, If):
            s.then, s.orelse = self.block(s.then), self.block(s.orelse)
        elif isinstance(s, Try):
            s.body = self.block(s.body)
            for h in s.handlers:
                h.before, h.body = self.block(h.before), self.block(h.body)
                if h.name in self.own:
                    h.body.insert(0, self.store(h.name or "", s))
        elif isinstance(s, Finally):
            s.body, s.final = self.block(s.body), self.block(s.final)
        elif isinstance(s, With):
            s.body = self.block(s.body)
            if s.target in self.own:
                s.body.insert(0, self.store(s.target or "", s))
        elif isinstance(s, For):
            s.body, s.orelse = self.block(s.body), self.block(s.orelse)
            if s.target in self.own:
                s.body.insert(0, self.store(s.target, s))
        elif isinstance(s, While):
            s.before, s.body, s.orelse = self.block(s.before), self.block(s.body), self.block(s.orelse)
            if s.test in self.own:
                s.before += self.block([Assign("%test", "copy", (s.test,), origin=s.origin)])
                s.test = "%test"
        return s

    def load(self, name: str, s: Stmt) -> Stmt:
        return Assign(name, "getitem", (self.cell(name), Lit(0)), origin=s.origin)

    def store(self, name: str, s: Stmt) -> Stmt:
        return SetItem(self.cell(name), Lit(0), name, s.origin)

    def writes(self, s: Stmt) -> list[str]:
        targets = (s.target,) if isinstance(s, Assign) else s.targets if isinstance(s, Unpack) else ()
        return [t for t in targets if t in self.own]

    def reads(self, s: Stmt) -> list[str]:
        found = dict.fromkeys(a for a in operands(s) if isinstance(a, str) and a in self.own)
        return list(found)


class _Globals(_Cells):
    """The same for names of the module; functions inside look them up there."""

    def inside(self, s: Stmt) -> Stmt:
        if isinstance(s, Delete) and s.name in self.own:
            raise make_refusal("Global", s.origin)
        return s if isinstance(s, Assign) else super().inside(s)

    def load(self, name: str, s: Stmt) -> Stmt:
        return Assign(name, "free", (), data=name.removesuffix(OF_MODULE), origin=s.origin)

    def store(self, name: str, s: Stmt) -> Stmt:
        return Assign("%global", "global", (name,), data=name.removesuffix(OF_MODULE), origin=s.origin)
