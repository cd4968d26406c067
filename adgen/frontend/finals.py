"""A `finally` that may end the function or an iteration itself: it takes the place of whatever left the body.

try:                          %left:  (a block that may be left)
    return a                      try: %value, %returns = a, True; leave %left
finally:                          except BaseException: final; raise
    final                     final
                              if %returns: return %value
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from adgen.frontend.tree import (
    Assign,
    Break,
    Continue,
    Finally,
    For,
    Handler,
    If,
    Labelled,
    Leave,
    Lit,
    Raise,
    Return,
    Stmt,
    Try,
    While,
    With,
    Yield,
    blocks,
    walk,
)
from adgen.ir.nodes import Origin

WAYS = (Return, Break, Continue)


def is_left(stmts: list[Stmt], in_loop: bool = False) -> bool:
    """Say whether a block may end the function, or an iteration of the loop around it."""
    for s in stmts:
        if isinstance(s, Return) or (isinstance(s, (Break, Continue)) and not in_loop):
            return True
        if isinstance(s, (For, While)):
            if is_left(s.body, True) or is_left(s.orelse, in_loop):
                return True
        elif any(is_left(b, in_loop) for b in blocks(s)):
            return True
    return False


def _falls(stmts: list[Stmt]) -> bool:
    """Say whether the end of a block may be reached."""
    for s in stmts:
        if isinstance(s, (*WAYS, Raise)) or (isinstance(s, If) and not _falls(s.then) and not _falls(s.orelse)):
            return False
    return True


def write_out(body: list[Stmt], final: list[Stmt], temp: Callable[[], str], origin: Origin | None) -> list[Stmt]:
    """Return what a `try` with a `finally` that may be left comes to."""
    if any(isinstance(s, Yield) for s in walk([*body, *final])):
        return [Finally(body, final, origin)]  # which is refused
    falls, label, value = _falls(final), _name("tried", temp), _name("kept", temp)
    flags: dict[type[Stmt], str] = {}

    def left(s: Stmt) -> list[Stmt]:
        done: list[Stmt] = []
        if falls:
            if isinstance(s, Return):
                done.append(Assign(value, "copy", (s.value,), origin=s.origin))
            done.append(Assign(flags.setdefault(type(s), _name("way", temp)), "copy", (Lit(True),), origin=s.origin))
        return [*done, Leave(label, s.origin)]

    tried = _replace(body, left, False)
    again: list[Stmt] = [*final, Raise(None, origin=origin)] if falls else []
    guarded = Try(tried, [Handler([], Lit(BaseException), None, again, origin)], temp(), origin=origin)
    out: list[Stmt] = [Assign(flag, "copy", (Lit(False),), origin=origin) for flag in flags.values()]
    out += [Labelled(label, [guarded], origin) if is_left(body) else guarded, *final]
    for way, flag in flags.items():
        then: Stmt = Return(value, origin) if way is Return else Break(origin) if way is Break else Continue(origin)
        out.append(If(flag, [then], [], origin))
    return out


def _name(kind: str, temp: Callable[[], str]) -> str:
    """Return a name that branches hand on, as they do not with those of expressions."""
    return temp().replace("%", f"%{kind}")


def _replace(stmts: list[Stmt], left: Callable[[Stmt], list[Stmt]], in_loop: bool) -> list[Stmt]:
    """Return a block with what `left` gives in the place of each statement that leaves it."""
    out: list[Stmt] = []
    for s in stmts:
        if isinstance(s, Return) or (isinstance(s, (Break, Continue)) and not in_loop):
            out += left(s)
        elif isinstance(s, If):
            out.append(replace(s, then=_replace(s.then, left, in_loop), orelse=_replace(s.orelse, left, in_loop)))
        elif isinstance(s, (For, While)):
            out.append(replace(s, body=_replace(s.body, left, True), orelse=_replace(s.orelse, left, in_loop)))
        elif isinstance(s, Try):
            handlers = [replace(h, body=_replace(h.body, left, in_loop)) for h in s.handlers]
            out.append(replace(s, body=_replace(s.body, left, in_loop), handlers=handlers))
        elif isinstance(s, Finally):
            out.append(replace(s, body=_replace(s.body, left, in_loop), final=_replace(s.final, left, in_loop)))
        else:
            out.append(replace(s, body=_replace(s.body, left, in_loop)) if isinstance(s, (With, Labelled)) else s)
    return out
