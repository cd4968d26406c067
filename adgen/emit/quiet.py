"""Let floating-point errors pass where the user's program does: `with np.errstate(…):` round such statements.

A statement knows which errors its operations let pass (`quiet`). Neighbours share a block, and what can't
raise such an error may stand among them.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

Modes = tuple[str, ...]
Wrap = Callable[[Modes], ast.expr]

HARMLESS = frozenset(
    {
        "reversed", "zip", "range", "len", "enumerate", "append", "copy", "zeros_like", "ones_like", "full_like",
        "empty_like", "pop", "astype", "reshape", "ravel",
    }
)  # fmt: skip


def hold_back(body: list[ast.stmt], wrap: Wrap) -> tuple[list[ast.stmt], ast.expr | None]:
    """Return a function's body with the blocks in it, or what holds for the whole of it."""
    modes = modes_of(body)
    if not any(getattr(s, "quiet", ()) for s in _all(body)):
        return body, None
    if modes:
        return body, wrap(modes)
    return _blocks(body, wrap), None


def modes_of(body: list[ast.stmt]) -> Modes | None:
    """Return what all statements may let pass: () where they have no such errors, None where they differ."""
    found: Modes = ()
    for s in body:
        mine = _modes(s)
        if mine is None or (mine and found and mine != found):
            return None
        found = found or mine
    return found


def _modes(s: ast.stmt) -> Modes | None:
    head: Modes = getattr(s, "quiet", ())
    inner = modes_of(_inside(s))
    if inner is None or (head and inner and head != inner):
        return None
    if _is_harmless(s):
        return inner
    return head or None


def _blocks(body: list[ast.stmt], wrap: Wrap) -> list[ast.stmt]:
    out: list[ast.stmt] = []
    run: list[ast.stmt] = []
    modes: Modes = ()

    def close() -> None:
        late: list[ast.stmt] = []
        while run and not _modes(run[-1]):
            late.append(run.pop())
        if run:
            block = ast.With([ast.withitem(wrap(modes))], list(run))
            block.origin = getattr(run[0], "origin", None)  # type: ignore[attr-defined]
            out.append(block)
        out.extend(reversed(late))
        run.clear()

    for s in body:
        mine = _modes(s)
        if mine is None:
            close()
            for name in ("body", "orelse"):
                inside = getattr(s, name, None)
                if inside:
                    setattr(s, name, _blocks(inside, wrap))
            for h in getattr(s, "handlers", ()):
                h.body = _blocks(h.body, wrap)
            out.append(s)
        elif mine and (not run or mine == modes):
            run.append(s)
            modes = mine
        elif mine:
            close()
            run.append(s)
            modes = mine
        elif run:
            run.append(s)
        else:
            out.append(s)
    close()
    return out


def _inside(s: ast.stmt) -> list[ast.stmt]:
    handlers = [t for h in getattr(s, "handlers", ()) for t in h.body]
    return [*getattr(s, "body", ()), *handlers, *getattr(s, "orelse", ())]


def _all(body: list[ast.stmt]) -> list[ast.stmt]:
    return [t for s in body for t in (s, *_all(_inside(s)))]


def _is_harmless(s: ast.stmt) -> bool:
    """Say whether a statement, without the blocks in it, can't raise a floating-point error."""
    if isinstance(s, ast.AugAssign):
        return False
    heads = [v for k, v in ast.iter_fields(s) if k not in ("body", "orelse", "handlers", "finalbody", "origin")]
    for head in heads:
        for part in head if isinstance(head, list) else [head]:
            if isinstance(part, ast.AST) and not all(map(_passes, ast.walk(part))):
                return False
    return True


def _passes(e: ast.AST) -> bool:
    if isinstance(e, ast.BinOp):
        return False
    if isinstance(e, ast.Call):
        name = e.func.attr if isinstance(e.func, ast.Attribute) else getattr(e.func, "id", "")
        return name in HARMLESS
    return True


__all__ = ["hold_back"]
