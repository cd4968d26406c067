"""Cut the body of a `try` into pieces, so that its handler sees all that was done before the exception.

    try:                            try:
        for v in x:                     t = f(v)
            s *= f(v)               except E:
    except E: h                         leave the loop, and go on with h
                                    else:
                                        s *= t

A piece ends behind a statement that changes something, so nothing is half done where one fails. Its handler
runs `h` there, or leaves the loops round it first. Infer asks for this where it meets something half done: it
costs a `try` for each piece.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from adgen.frontend.tree import (
    COMPOUND,
    NOTHING,
    Assign,
    AugItem,
    Break,
    Continue,
    Delete,
    Finally,
    For,
    Function,
    Handler,
    If,
    Labelled,
    Leave,
    Lit,
    Operand,
    Raise,
    Return,
    SetAttr,
    SetItem,
    Stmt,
    Try,
    Unpack,
    While,
    With,
    Yield,
    operands,
    walk,
)
from adgen.ir.nodes import Origin

Cuts = Mapping[tuple[str, Origin], None]
"""What is to be cut: "try", "finally"; a `with` by what it is: "suppress", "manager", "through"; a "callee"."""

_MOST_PIECES = 40  # of one block: they stand in each other
_MOST_COPIES = 60  # statements of handlers that are written again
_SURE = frozenset({"copy", "tuple", "list", "free", "function", "slice", "import"})  # they don't fail
_CHANGES = (SetItem, AugItem, SetAttr, Delete, Unpack, Raise, Return, Break, Continue, Leave, Yield)
_GOES = (Return, Break, Continue, Leave)


@dataclass(frozen=True)
class _Catcher:
    """What an exception meets. `error`: it is kept under that name, and the block `label` is left."""

    handlers: tuple[Handler, ...]
    label: str
    ok: str
    origin: Origin | None
    outer: tuple[_Catcher, ...]
    error: str | None = None


def cut(fn: Function, cuts: Cuts) -> Function:
    """Return a function, as it was lowered, with the bodies cut that `cuts` names."""
    return replace(fn, body=_Cutter(fn, cuts).stmts(fn.body, ()))


def thrower(fn: Function, kinds: tuple[type[BaseException], ...], cuts: Cuts) -> Function:
    """Return a function that does not raise what a `try` round its call catches.

    Then its name `%threw` is True in the end, and `%error` is the exception.
    """
    caught = Handler([], Lit(kinds), None, [], fn.origin)
    c = _Catcher((caught,), "%threw", "%fine", fn.origin, (), "%error")
    cutter = _Cutter(fn, cuts)
    body: list[Stmt] = [Labelled(c.label, cutter.stmts(fn.body, (c,)), fn.origin)]
    return replace(fn, body=[*body, If(c.label, [Return(NOTHING, fn.origin)], [], fn.origin)])


class _Cutter:
    def __init__(self, fn: Function, cuts: Cuts) -> None:
        self.cuts = cuts
        self.reads = Counter(_reads(fn.body))
        self._count = 0

    def name(self, kind: str) -> str:
        self._count += 1
        return f"%{kind}_{self._count}"

    def asks(self, kind: str, s: Stmt) -> bool:
        return s.origin is not None and (kind, s.origin) in self.cuts

    # Statements

    def stmts(self, stmts: list[Stmt], catchers: tuple[_Catcher, ...]) -> list[Stmt]:
        """Return statements whose exceptions the catchers get, the innermost first."""
        parts: list[tuple[bool, list[Stmt]]] = []  # whether it is tried, and the statements
        piece: list[Stmt] = []

        def end_piece() -> None:
            if piece:
                parts.append((bool(catchers) and not all(map(_is_sure, piece)), list(piece)))
                piece.clear()

        k = 0
        while k < len(stmts):
            s = stmts[k]
            k += 1
            opened = self.open(s, catchers)
            if opened is None:
                piece.append(s)
                if isinstance(s, _CHANGES) or type(s) in COMPOUND or _binds(s):
                    end_piece()
                continue
            end_piece()
            if isinstance(s, Try) and k < len(stmts) and self.is_else(s, stmts[k]):
                orelse = stmts[k]
                assert isinstance(orelse, If)
                opened = self.attempt(s, catchers, orelse.then)
                k += 1
            parts.append((False, opened))
        end_piece()
        if sum(tried for tried, _ in parts) > _MOST_PIECES:
            return [self.piece(stmts, catchers, [])]
        out: list[Stmt] = []
        for tried, part in reversed(parts):
            out = [self.piece(part, catchers, out)] if tried else part + out
        return out

    def is_else(self, s: Try, after: Stmt) -> bool:
        return isinstance(after, If) and after.test == s.ok and self.reads[s.ok] == 1

    def piece(self, stmts: list[Stmt], catchers: tuple[_Catcher, ...], rest: list[Stmt]) -> Try:
        handlers = [h for c in catchers for h in self.handlers_of(c)]
        return Try(stmts, handlers, self.name("ok"), origin=stmts[0].origin, orelse=rest, cut=True)

    def handlers_of(self, c: _Catcher) -> list[Handler]:
        if c.error is None:
            return [replace(h, body=[*self.handled(c, h), Leave(c.label, h.origin)]) for h in c.handlers]
        before = [s for h in c.handlers for s in h.before]
        kinds = tuple(Lit(Exception) if h.kind is None else h.kind for h in c.handlers)
        kind: Operand = kinds[0]
        if len(kinds) > 1:
            kind = self.name("kinds")
            before.append(Assign(kind, "tuple", kinds, data=frozenset(), origin=c.origin))
        caught = self.name("caught")
        kept = Assign(c.error, "copy", (caught,), origin=c.origin)
        return [Handler(before, kind, caught, [kept, Leave(c.label, c.origin)], c.origin)]

    def handled(self, c: _Catcher, h: Handler) -> list[Stmt]:
        return [Assign(c.ok, "copy", (Lit(False),), origin=c.origin), *self.stmts(h.body, c.outer)]

    def open(self, s: Stmt, catchers: tuple[_Catcher, ...]) -> list[Stmt] | None:
        """Return a statement that was cut inside; None: it is taken as a whole."""
        if type(s) not in COMPOUND:
            return None
        if isinstance(s, Try):
            return self.attempt(s, catchers, []) if catchers or self.asks("try", s) else self.inside(s)
        if isinstance(s, Finally):
            return self.cleaned(s, catchers)
        if isinstance(s, With):
            return self.managed(s, catchers)
        if not catchers:
            return self.inside(s)
        if not self.is_statement(s):
            return None
        if isinstance(s, If):
            return [replace(s, then=self.stmts(s.then, catchers), orelse=self.stmts(s.orelse, catchers))]
        return self.loop(s, catchers) if isinstance(s, (For, While)) else None

    def inside(self, s: Stmt) -> list[Stmt]:
        """Look for what is to be cut in the blocks of a statement that is not."""
        if isinstance(s, If):
            return [replace(s, then=self.stmts(s.then, ()), orelse=self.stmts(s.orelse, ()))]
        if isinstance(s, (For, While)):
            return [replace(s, body=self.stmts(s.body, ()), orelse=self.stmts(s.orelse, ()))]
        if isinstance(s, Try):
            handlers = [replace(h, body=self.stmts(h.body, ())) for h in s.handlers]
            return [replace(s, body=self.stmts(s.body, ()), handlers=handlers)]
        return [s]

    def is_statement(self, s: Stmt) -> bool:
        """Say whether a compound statement is one of the user, not a part of an expression, and changes anything."""
        inside = Counter(_reads([s]))
        changes = False
        for t in walk([s]):
            changes |= isinstance(t, _CHANGES) or _binds(t) or isinstance(t, (Try, Finally, With))
            for target in _targets(t):
                if target.startswith("%") and self.reads[target] > inside[target]:
                    return False
        return changes

    # Regions

    def attempt(self, s: Try, catchers: tuple[_Catcher, ...], orelse: list[Stmt]) -> list[Stmt]:
        label = self.name("left")
        catcher = _Catcher(tuple(s.handlers), label, s.ok, s.origin, catchers)
        handlers = sum(1 for _ in walk([t for h in s.handlers for t in h.body]))
        body = [*s.body, Assign(s.ok, "copy", (Lit(True),), origin=s.origin)]
        if handlers * sum(_binds(t) or isinstance(t, _CHANGES) for t in walk(s.body)) > _MOST_COPIES:
            out = self.held(body, catcher, catchers, orelse)
        else:
            out = [*self.stmts(body, (catcher, *catchers)), *self.stmts(orelse, catchers)]
        return [Labelled(label, out, s.origin)]

    def held(self, body: list[Stmt], c: _Catcher, outer: tuple[_Catcher, ...], orelse: list[Stmt]) -> list[Stmt]:
        """Return a body whose handlers are written once, behind it."""
        inner = self.kept(c)
        out = self.stmts(body, (inner, *outer))
        return [Labelled(inner.label, out, c.origin), self.late(inner, c), *self.stmts(orelse, outer)]

    def kept(self, c: _Catcher) -> _Catcher:
        return replace(c, label=self.name("raised"), error=self.name("error"))

    def late(self, inner: _Catcher, c: _Catcher) -> Stmt:
        """Return what handles an exception that was kept."""
        assert inner.error is not None
        only = c.handlers[0]
        if len(c.handlers) == 1 and only.name is None and not any(_may_ask(t) for t in walk(only.body)):
            return If(inner.label, [*self.handled(c, only), Leave(c.label, c.origin)], [], c.origin)
        handlers = [replace(h, body=self.handled(c, h)) for h in c.handlers]
        again = Try([Raise(inner.error, None, c.origin)], handlers, self.name("ok"), origin=c.origin)
        return If(inner.label, [again, Leave(c.label, c.origin)], [], c.origin)

    def loop(self, s: For | While, catchers: tuple[_Catcher, ...]) -> list[Stmt]:
        """Return a loop that an exception leaves, and what is done then."""

        def run(inner: tuple[_Catcher, ...]) -> list[Stmt]:
            if isinstance(s, For):
                return [replace(s, body=self.stmts(s.body, inner), orelse=self.stmts(s.orelse, inner), cut=True)]
            if not all(map(_is_sure, s.before)):
                return self.tested(s, inner)
            return [replace(s, body=self.stmts(s.body, inner), orelse=self.stmts(s.orelse, inner))]

        return self.left_first(run, catchers, s.origin)

    def left_first(
        self, run: Callable[[tuple[_Catcher, ...]], list[Stmt]], catchers: tuple[_Catcher, ...], origin: Origin | None
    ) -> list[Stmt]:
        """Return a statement that an exception leaves before it is handled."""
        inner = tuple(c if c.error is not None else self.kept(c) for c in catchers)
        out = run(inner)
        for kept, c in zip(inner, catchers):
            if kept is not c:
                out = [Labelled(kept.label, out, origin), self.late(kept, c)]
        return out

    def tested(self, s: While, catchers: tuple[_Catcher, ...]) -> list[Stmt]:
        """Return a loop whose condition may fail: it is the first that an iteration looks at."""
        ended = self.name("ended")
        test = If(s.test, [], [Leave(ended, s.origin)], s.origin)
        body = [*self.stmts([*s.before, test], catchers), *self.stmts(s.body, catchers)]
        loop = Labelled(ended, [While([], Lit(True), body, [], None, s.origin)], s.origin)
        return [loop, If(ended, self.stmts(s.orelse, catchers), [], s.origin)] if s.orelse else [loop]

    def cleaned(self, s: Finally, catchers: tuple[_Catcher, ...]) -> list[Stmt]:
        def run(inner: tuple[_Catcher, ...]) -> list[Stmt]:
            if not self.asks("finally", s):
                return [replace(s, body=self.stmts(s.body, inner), final=self.stmts(s.final, inner))]
            # An exception that is caught further out leaves through `final`, any other one does not.
            done = self.name("done")
            begin, end = (Assign(done, "copy", (Lit(v),), origin=s.origin) for v in (False, True))
            again = Handler([], Lit(BaseException), None, [*s.final, end, Raise(None, origin=s.origin)], s.origin)
            body = self.attempt(Try(s.body, [again], self.name("ok"), origin=s.origin), inner, [])
            final: list[Stmt] = [If(done, [], s.final, s.origin)]
            return [begin, replace(s, body=body, final=self.stmts(final, inner), caught=True)]

        return self.left_first(run, catchers, s.origin)

    def managed(self, s: With, catchers: tuple[_Catcher, ...]) -> list[Stmt] | None:
        if self.asks("suppress", s):
            return self.suppressed(s, catchers)
        if self.asks("manager", s):
            return self.left_first(lambda inner: self.left(s, inner), catchers, s.origin)
        if catchers and not self.asks("through", s):
            return None
        return self.left_first(lambda inner: [replace(s, body=self.stmts(s.body, inner))], catchers, s.origin)

    def suppressed(self, s: With, catchers: tuple[_Catcher, ...]) -> list[Stmt]:
        """Return `with suppress(...)` as the `try` that it is; its kinds are known of the manager."""
        target = [Assign(s.target, "copy", (Lit(None),), origin=s.origin)] if s.target is not None else []
        handler = Handler([], s.manager, None, [], s.origin)
        return [*target, *self.attempt(Try(s.body, [handler], self.name("ok"), origin=s.origin), catchers, [])]

    def left(self, s: With, catchers: tuple[_Catcher, ...]) -> list[Stmt]:
        """Return a `with` over an object of the user as what Python makes of it."""
        out: list[Stmt] = []

        def emit(op: str, args: tuple[Operand, ...], data: object, to: list[Stmt]) -> str:
            name = self.name("t")
            to.append(Assign(name, op, args, data=data, origin=s.origin))
            return name

        def leave(how: tuple[Operand, ...], to: list[Stmt]) -> str:
            method = emit("getattr", (s.manager,), "__exit__", to)
            return emit("call", (method, *how), frozenset(), to)

        entered = emit("call", (emit("getattr", (s.manager,), "__enter__", out),), frozenset(), out)
        if s.target is not None:
            out.append(Assign(s.target, "copy", (entered,), origin=s.origin))
        failed, error = self.name("failed"), self.name("exc")
        out.append(Assign(failed, "copy", (Lit(False),), origin=s.origin))
        handler: list[Stmt] = [Assign(failed, "copy", (Lit(True),), origin=s.origin)]
        kind = emit("call", (Lit(type), error), frozenset(), handler)
        kept = leave((kind, error, emit("getattr", (error,), "__traceback__", handler)), handler)
        handler.append(If(kept, [], [Raise(None, origin=s.origin)], s.origin))
        final: list[Stmt] = []
        leave((Lit(None), Lit(None), Lit(None)), final)
        caught = Try(
            s.body, [Handler([], Lit(BaseException), error, handler, s.origin)], self.name("ok"), origin=s.origin
        )
        final = [If(failed, [], final, s.origin)]
        body = self.attempt(caught, catchers, [])
        return [*self.stmts(out, catchers), Finally(body, self.stmts(final, catchers), s.origin, caught=True)]


def _reads(stmts: list[Stmt]) -> Iterator[str]:
    for s in walk(stmts):
        yield from (a for a in operands(s) if isinstance(a, str))
        if isinstance(s, Assign) and s.op == "function":
            yield from (str(t.data) for t in walk(s.data.body) if isinstance(t, Assign) and t.op == "free")


def _targets(s: Stmt) -> tuple[str, ...]:
    if isinstance(s, Assign):
        return (s.target,)
    return s.targets if isinstance(s, Unpack) else ()


def _binds(s: Stmt) -> bool:
    """Say whether a statement binds a name of the user or a flag, or calls or writes something."""
    return isinstance(s, Assign) and (not _is_temporary(s.target) or s.op in ("call", "inplace"))


def _is_temporary(name: str) -> bool:
    return name.startswith("%") and name[1:].isdigit()


def _is_sure(s: Stmt) -> bool:
    return isinstance(s, _GOES) or (isinstance(s, Assign) and s.op in _SURE)


def _may_ask(s: Stmt) -> bool:
    """Say whether a statement of a handler may look at the exception that is handled."""
    return isinstance(s, Raise) or (isinstance(s, Assign) and s.op in ("call", "free", "import"))
