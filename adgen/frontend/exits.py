"""Give a function one exit: no `break`, `continue`, early `return` or loop `else` is left.

What follows a branch that always leaves is moved into the other branch:

    for i in s:                     for i in s:  (stop: %stop1)
        if c:                           if c:
            break                           %stop1 = True
        work                            else:
                                            work
                                            %stop1 = False

Only where a branch may or may not leave, a flag guards what follows. A loop's `stop` flag is assigned on every
path through its body. A return inside a loop sets `%ret` and `%returned`, and ends every loop round it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from adgen.frontend.lower_expr import NESTED
from adgen.frontend.refuse import make_refusal
from adgen.frontend.tree import (
    CLOSED,
    COMPOUND,
    NOTHING,
    Assign,
    AugItem,
    Break,
    Continue,
    Finally,
    For,
    Function,
    Handler,
    If,
    Labelled,
    Leave,
    Lit,
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
from adgen.ir.frozen import dataclass
from adgen.ir.nodes import Origin

_RET, _RETURNED = "%ret", "%returned"
_OF_LOOP = frozenset("bc")  # break, continue; "r" is a return, all else the label of a block that is left
_NONE: frozenset[str] = frozenset()
_SHORT = 40  # statements that may be written twice
_CHOOSING = COMPOUND | {Break, Continue, Return, Raise, Leave}

Flags = tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class _Flow:
    """How a block may be left, and whether its end can be reached."""

    leaves: frozenset[str]
    falls: bool
    kept: bool = False  # only a context manager that keeps an exception to itself lets the end be reached


@dataclass(frozen=True, slots=True)
class _Context:
    """The flags to set where a path ends: at the end of the block, and where it leaves."""

    end: Flags = ()
    on_break: Flags = ()
    on_continue: Flags = ()
    on_return: Flags = ()
    on_leave: tuple[tuple[str, Flags], ...] = ()  # by label
    in_loop: bool = False
    end_returns: bool = False  # falling off the end returns None
    origin: Origin | None = None

    def guarded(self, flag: str, origin: Origin | None) -> _Context:
        """Return the context of a statement after which `flag` says whether it left."""
        left = ((flag, True),)
        return _Context(
            ((flag, False),),
            self.on_break + left,
            self.on_continue + left,
            self.on_return + left,
            tuple((label, flags + left) for label, flags in self.on_leave),
            self.in_loop,
            origin=origin,
        )

    def inner(self) -> _Context:
        """Return the context of a block inside that is followed by more."""
        return replace(self, end=(), end_returns=False)


def single_exit(fn: Function) -> Function:
    """Return the function, and those inside, in the form in which the only `Return` is the last statement."""
    for s in walk(fn.body) if fn.holds else ():
        if isinstance(s, Assign) and s.op == "function" and not s.data.lowered:
            s.data = single_exit(s.data)
    if fn.yields:
        body, closing = _Exits().function(fn), _Exits().function(replace(fn, body=_closable(fn.body)))
        return replace(fn, body=body, lowered=fn.body, closing=closing)
    last = fn.body[-1] if fn.body else None
    if isinstance(last, Return) and _CHOOSING.isdisjoint(map(type, fn.body[:-1])):
        return fn  # as most rules are
    return replace(fn, body=_Exits().function(fn), lowered=fn.body)


def _closable(stmts: list[Stmt]) -> list[Stmt]:
    """Let a generator return behind each `yield` if its consumer takes no more values."""
    out: list[Stmt] = []
    for s in stmts:
        if isinstance(s, Yield):
            out += [s, If(CLOSED, [Return(Lit(None), s.origin)], [], s.origin)]
        elif isinstance(s, If):
            out.append(replace(s, then=_closable(s.then), orelse=_closable(s.orelse)))
        elif isinstance(s, (For, While)):
            out.append(replace(s, body=_closable(s.body), orelse=_closable(s.orelse)))
        elif isinstance(s, Try):
            handlers = [replace(h, body=_closable(h.body)) for h in s.handlers]
            out.append(replace(s, body=_closable(s.body), handlers=handlers))
        elif isinstance(s, Finally):
            out.append(replace(s, body=_closable(s.body), final=_closable(s.final)))
        else:
            out.append(replace(s, body=_closable(s.body)) if isinstance(s, With) else s)
    return out


class _Exits:
    def __init__(self) -> None:
        self._flows: dict[int, tuple[Stmt, _Flow]] = {}
        self._count = 0
        self._reads: Counter[str] = Counter()  # how often each name is read
        self._origin = Origin("", 0, 0, 0, 0, "", "")

    def function(self, fn: Function) -> list[Stmt]:
        body, self._origin = fn.body, fn.origin
        if any(isinstance(s, (Try, Finally)) for s in walk(body)):
            self._reads = Counter(_names_read(body))
        last = body[-1] if body and isinstance(body[-1], Return) else None
        rest = body[:-1] if last is not None else body
        flow = self.flow(rest)
        if "r" in flow.leaves:
            out = self.block(body, _Context(end_returns=True, origin=fn.origin))
            return [*out, Return(_RET, last.origin if last is not None else fn.origin)]
        out = self.block(rest, _Context(origin=fn.origin))
        return [*out, last if last is not None and flow.falls else Return(Lit(None), fn.origin)]

    def name(self, kind: str) -> str:
        self._count += 1
        return f"%{kind}{self._count}"

    # How statements leave

    def flow(self, stmts: list[Stmt]) -> _Flow:
        leaves, kept = _NONE, False
        for s in stmts:
            if type(s) not in _CHOOSING:
                continue
            found = self.flow_of(s)
            leaves |= found.leaves
            if not found.falls:
                return _Flow(leaves, False)
            kept |= found.kept
        return _Flow(leaves, True, kept)

    def flow_of(self, s: Stmt) -> _Flow:
        kept = self._flows.get(id(s))
        if kept is None:
            kept = self._flows[id(s)] = (s, self._flow_of(s))  # the statement too: its id stays its own
        return kept[1]

    def _flow_of(self, s: Stmt) -> _Flow:
        if isinstance(s, Break):
            return _Flow(frozenset("b"), False)
        if isinstance(s, Continue):
            return _Flow(frozenset("c"), False)
        if isinstance(s, Return):
            return _Flow(frozenset("r"), False)
        if isinstance(s, Leave):
            return _Flow(frozenset((s.label,)), False)
        if isinstance(s, Raise):
            return _Flow(_NONE, False)
        if isinstance(s, If):
            then, orelse = self.flow(s.then), self.flow(s.orelse)
            falls = [f for f in (then, orelse) if f.falls]
            return _Flow(then.leaves | orelse.leaves, bool(falls), bool(falls) and all(f.kept for f in falls))
        if isinstance(s, Try):
            body, orelse = self.flow(s.body), self.flow(s.orelse)
            handled = [self.flow(h.body) for h in s.handlers]
            goes_on = (body.falls and orelse.falls) or any(f.falls for f in handled)
            return _Flow(body.leaves.union(orelse.leaves, *(f.leaves for f in handled)), goes_on)
        if isinstance(s, Labelled):
            body = self.flow(s.body)
            return _Flow(body.leaves - {s.label}, body.falls or s.label in body.leaves)
        if isinstance(s, Finally):
            body, final = self.flow(s.body), self.flow(s.final)
            if not final.leaves.isdisjoint("bcr"):
                raise make_refusal("FinallyLeaves", s.origin or self._origin)
            return _Flow(body.leaves | final.leaves, body.falls and final.falls)
        if isinstance(s, With):
            body = self.flow(s.body)
            return _Flow(body.leaves, True, kept=not body.falls)  # a manager may keep an exception to itself
        if isinstance(s, (For, While)):
            body, orelse = self.flow(s.body), self.flow(s.orelse)
            outwards = body.leaves - _OF_LOOP
            if _is_endless(s, body):
                return _Flow(outwards, False)
            return _Flow(outwards | orelse.leaves, "b" in body.leaves or orelse.falls)
        return _Flow(_NONE, True)

    # Rewriting

    def block(self, stmts: list[Stmt], ctx: _Context) -> list[Stmt]:
        """Rewrite a block; every path through it that goes on or leaves ends with the context's flags."""
        out: list[Stmt] = []
        if len(stmts) > NESTED and (cut := self.cut(stmts)) < len(stmts):
            left = self.name("left")
            out += self.block(stmts[:cut], ctx.guarded(left, stmts[cut].origin))
            while cut < len(stmts):
                stmts = stmts[cut:]
                cut = self.cut(stmts)
                inner = ctx if cut == len(stmts) else ctx.guarded(left, stmts[cut].origin)
                out.append(If(left, [], self.block(stmts[:cut], inner), stmts[0].origin))
            return out
        pending = list(reversed(stmts))
        while pending:
            s = pending.pop()
            if type(s) not in _CHOOSING:
                out.append(s)
                continue
            if isinstance(s, Return):
                if s.value is not NOTHING:
                    out.append(Assign(_RET, "copy", (s.value,), origin=s.origin))
                out.extend(_assign(ctx.on_return, s.origin))
                return out
            if isinstance(s, (Break, Continue)):
                out.extend(_assign(ctx.on_break if isinstance(s, Break) else ctx.on_continue, s.origin))
                return out
            if isinstance(s, Leave):
                out.extend(_assign(dict(ctx.on_leave)[s.label], s.origin))
                return out
            if isinstance(s, Raise):
                out.append(s)
                return out
            if isinstance(s, If):
                if self.branch(s, pending, ctx, out):
                    return out
            elif isinstance(s, (For, While)):
                if self.loop(s, pending, ctx, out):
                    return out
            elif isinstance(s, (Try, Finally, Labelled, With)) and self.region(s, pending, ctx, out):
                return out
        if ctx.end_returns:
            out.append(Assign(_RET, "copy", (Lit(None),), origin=ctx.origin))
        out.extend(_assign(ctx.end, ctx.origin))
        return out

    def cut(self, stmts: list[Stmt]) -> int:
        """Return how many statements to rewrite at once: what follows a statement that may leave nests deeper."""
        found = 0
        for k, s in enumerate(stmts):
            if type(s) in COMPOUND:
                flow = self.flow_of(s)
                found += (
                    bool(flow.leaves)
                    or not flow.falls
                    or type(s) is If
                    and not (self.flow(s.then).falls and self.flow(s.orelse).falls)
                )
                if found == NESTED:
                    return k + 1
        return len(stmts)

    def branch(self, s: If, pending: list[Stmt], ctx: _Context, out: list[Stmt]) -> bool:
        """Append the rewritten `If`; say whether the rest of the block went into it."""
        then, orelse = self.flow(s.then), self.flow(s.orelse)
        rest = pending[::-1]
        if not (then.falls and orelse.falls):
            # One branch always leaves: what follows belongs to the other.
            yes = self.block(s.then + rest if then.falls else s.then, ctx)
            no = self.block(s.orelse + rest if orelse.falls else s.orelse, ctx)
            out.append(If(s.test, yes, no, s.origin))
            return True
        if (then.kept or orelse.kept) and len(list(walk(rest))) <= _SHORT:
            # What follows is reached only if a manager keeps an exception to itself, which is known later.
            out.append(If(s.test, self.block(s.then + rest, ctx), self.block(s.orelse + rest, ctx), s.origin))
            return True
        if not then.leaves | orelse.leaves:
            inner = ctx.inner()
            out.append(If(s.test, self.block(s.then, inner), self.block(s.orelse, inner), s.origin))
            return False
        if not rest:
            out.append(If(s.test, self.block(s.then, ctx), self.block(s.orelse, ctx), s.origin))
            return True
        left = self.name("left")
        inner = ctx.guarded(left, s.origin)
        out.append(If(s.test, self.block(s.then, inner), self.block(s.orelse, inner), s.origin))
        out.append(If(left, [], self.block(rest, ctx), s.origin))
        return True

    def region(self, s: Try | Finally | Labelled | With, pending: list[Stmt], ctx: _Context, out: list[Stmt]) -> bool:
        """Append a rewritten statement whose blocks can't take in what follows; say whether that was done with, too."""
        flow = self.flow_of(s)
        after = pending[-1] if pending else None
        if isinstance(s, Labelled) and isinstance(after, If) and after.test == s.label and not self.flow(s.body).falls:
            pending[-1:] = after.then[::-1]  # the only way to get there
        rest = pending[::-1]
        if not flow.leaves:
            out.extend(self._inside(s, ctx.inner()))
            return not flow.falls
        if not rest and not isinstance(s, Finally):
            out.extend(self._inside(s, ctx))
            return True
        left = self.name("left")
        out.extend(self._inside(s, ctx.guarded(left, s.origin)))
        out.append(If(left, [], self.block(rest, ctx), s.origin))
        return True

    def _inside(self, s: Try | Finally | Labelled | With, ctx: _Context) -> list[Stmt]:
        if isinstance(s, Labelled):
            left = (*ctx.on_leave, (s.label, ((s.label, True), *ctx.end)))
            # Falling off the end of the function is what leaving this block comes to.
            none = [Assign(_RET, "copy", (Lit(None),), origin=s.origin)] if ctx.end_returns else []
            begin = Assign(s.label, "copy", (Lit(False),), origin=s.origin)
            return [begin, *none, *self.block(s.body, replace(ctx, on_leave=left))]
        if isinstance(s, Try) and s.cut:
            return [self._piece(s, ctx)]
        if isinstance(s, Try):
            return self._attempts(s, self._segments(s.body), ctx)
        if isinstance(s, With):
            # What the flags are if the manager keeps an exception to itself.
            none = [Assign(_RET, "copy", (Lit(None),), origin=s.origin)] if ctx.end_returns else []
            return [*none, *_assign(ctx.end, s.origin), replace(s, body=self.block(s.body, ctx))]
        if s.caught:
            return [*self.block(s.body, ctx), *self.block(s.final, ctx.inner())]
        again = Handler([], Lit(BaseException), None, [*s.final, Raise(None, origin=s.origin)], s.origin)
        guarded = Try(s.body, [again], self.name("ok"), cleanup=True, origin=s.origin)
        return [*self._inside(guarded, ctx), *self.block(s.final, ctx.inner())]

    def _piece(self, s: Try, ctx: _Context) -> Try:
        """Return a piece of a body that was cut: what follows it stands in its `orelse`."""
        handlers = [replace(h, body=self.block(h.body, ctx)) for h in s.handlers]
        if not self.flow(s.body).leaves:
            body, orelse = self.block(s.body, ctx.inner()), self.block(s.orelse, ctx)
        else:
            left = self.name("left")
            body = self.block(s.body, ctx.guarded(left, s.origin))
            orelse = [If(left, [], self.block(s.orelse, ctx), s.origin)]
        return replace(s, body=body, handlers=handlers, orelse=orelse)

    def _attempts(self, s: Try, segments: list[list[Stmt]], ctx: _Context) -> list[Stmt]:
        """Return a `try` of each segment, within the success of the one before."""
        first, *rest = segments
        handlers = [replace(h, body=self.block(h.body, ctx)) for h in s.handlers]
        flows = [self.flow(h.body) for h in s.handlers]
        leaves = not any(f.falls or f.leaves - {"r"} for f in flows)  # the function: what follows a loop reads names
        last = not rest
        body = self.block(first, ctx if last else ctx.inner())
        ok = s.ok if last else self.name("ok")
        attempt = Try(body, handlers, ok, leaves, s.cleanup, s.origin)
        if last:
            return [attempt]
        failed: Flags = ((s.ok, False),)
        return [attempt, If(ok, self._attempts(s, rest, ctx), list(_assign(failed, s.origin)), s.origin)]

    def _segments(self, body: list[Stmt]) -> list[list[Stmt]]:
        """Cut the body of a `try` behind each statement that changes what is read outside of it.

        So a handler sees all that was done before the exception. What leaves the block is not cut.
        """
        if self.flow(body).leaves:
            return [body]
        inside = Counter(_names_read(body))
        segments: list[list[Stmt]] = [[]]
        changed: set[str] = set()
        for k, s in enumerate(body):
            segments[-1].append(s)
            changed.update(n for t in walk([s]) for n in _changed(t) if not n.startswith("%"))
            if k + 1 == len(body) or body[k + 1].origin is s.origin:
                continue  # within one of the user's statements
            if any(self._reads[n] > inside[n] for n in changed):
                segments.append([])
            changed.clear()
        return segments

    def loop(self, s: For | While, pending: list[Stmt], ctx: _Context, out: list[Stmt]) -> bool:
        """Append the rewritten loop and what follows from it; say whether the rest of the block is in it."""
        flow = self.flow(s.body)
        breaks, outwards = "b" in flow.leaves, sorted(flow.leaves - _OF_LOOP)
        flags = {kind: _RETURNED if kind == "r" else kind for kind in outwards}
        stop = self.name("stop") if breaks or outwards else None
        broke = self.name("broke") if breaks and s.orelse else None
        go_on: Flags = ((stop, False),) if stop else ()
        leave: Flags = ((stop, True),) if stop else ()
        inside = _Context(
            end=go_on,
            on_continue=go_on,
            on_break=leave + (((broke, True),) if broke else ()),
            on_return=(*leave, (_RETURNED, True)),
            on_leave=tuple((label, (*leave, (label, True))) for label, _ in ctx.on_leave),
            in_loop=True,
            origin=s.origin,
        )
        if broke:
            out.extend(_assign(((broke, False),), s.origin))
        if "r" in outwards and not ctx.in_loop:
            out.extend(_assign(((_RETURNED, False),), s.origin))
        body = self.block(s.body, inside)
        if isinstance(s, For):
            out.append(For(s.target, s.iter, body, [], stop, s.origin, s.cut))
        else:
            before = self.block(s.before, _Context())
            out.append(While(before, s.test, body, [], stop, s.origin))
        # %ret is set already: only the flags of the enclosing loop are left to do.
        to_do = {"r": ctx.on_return, **dict(ctx.on_leave)}
        done = {k: list(_assign(tuple(f for f in to_do[k] if f[0] != flags[k]), s.origin)) for k in outwards}
        after: list[Stmt] = [If(broke, [], s.orelse, s.origin)] if broke else s.orelse
        if _is_endless(s, flow):
            rest = done[outwards.pop()] if outwards else []
        elif not outwards:
            pending.extend(reversed(after))
            return False
        else:
            rest = self.block(after + pending[::-1], ctx)
        for kind in reversed(outwards):
            rest = [If(flags[kind], done[kind], rest, s.origin)]
        out.extend(rest)
        return True


def _is_endless(s: For | While, body: _Flow) -> bool:
    """Say whether nothing but a return ends the loop."""
    return isinstance(s, While) and isinstance(s.test, Lit) and bool(s.test.value) and "b" not in body.leaves


def _names_read(stmts: list[Stmt]) -> Iterator[str]:
    for s in walk(stmts):
        yield from (a for a in operands(s) if isinstance(a, str))
        if isinstance(s, Assign) and s.op == "function":
            yield from (str(t.data) for t in walk(s.data.body) if isinstance(t, Assign) and t.op == "free")


def _changed(s: Stmt) -> tuple[str, ...]:
    """Return the names that a statement binds or writes into."""
    if isinstance(s, Assign):
        written = s.args[0] if s.op in ("inplace", "getattr") else None  # a method may write its owner
        return (s.target, written) if isinstance(written, str) else (s.target,)
    if isinstance(s, Unpack):
        return s.targets
    if isinstance(s, (SetItem, AugItem, SetAttr)):
        return (s.base,) if isinstance(s.base, str) else ()
    return (s.target,) if isinstance(s, For) else ()


def _assign(flags: Flags, origin: Origin | None) -> Iterator[Stmt]:
    for name, value in flags:
        yield Assign(name, "copy", (Lit(value),), origin=origin)
