"""Sources outside of the function: `wrt="MODEL.w"` of a global or closure variable MODEL.

What the function reads from outside becomes a parameter when it is first read; the part that `wrt` names is pinned
there, as a part of a parameter of the user's is. It goes by the path: the same object under another one is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.api.names import Place
from adgen.api.paths import split_path
from adgen.api.plain import attributes_of, is_plain
from adgen.errors import UnsupportedError
from adgen.infer.api import marks
from adgen.ir.source import Source, Tree, leaves
from adgen.ir.types import is_floating
from adgen.rules.typing import type_of_value

if TYPE_CHECKING:
    from adgen.infer.engine import Engine
    from adgen.infer.environment.hidden import HiddenValue


def asked_in(e: Engine, owner: Any, path: str) -> tuple[str, ...]:
    """Return the names in `wrt` that lie in what a function reads by a path, and those that it lies in."""
    m = e.marks
    first, taken = split_path(path)
    by_cell = first in getattr(getattr(owner, "__code__", None), "co_freevars", ())
    same = owner is m.owner if by_cell else getattr(owner, "__globals__", None) is m.owner.__globals__
    if not same or by_cell != (first in m.owner.__code__.co_freevars):
        return ()
    found = []
    for text in m.outside:
        root, rest = split_path(text)
        n = min(len(rest), len(taken))
        if root == first and rest[:n] == taken[:n]:
            found.append(text)
    return tuple(found)


def pin(e: Engine, v: Any, path: str, asked: Sequence[str]) -> Any:
    """Return what is read by a path with the parts in it pinned that `wrt` names."""
    taken = split_path(path)[1]
    for text in asked:
        rest = split_path(text)[1]
        v = marks.pin_part(e, v, rest[len(taken) :], text)
        if len(taken) > len(rest):  # an object is read by its attributes
            parts = e.marks.outer_parts.setdefault(text, {})
            parts[taken[len(rest) :]] = e.marks.shapes["path", text]
    return v


def finish(e: Engine) -> None:
    """Read what the program did not: nothing depends on it, and its zeros have its shape. Refuse what it writes."""
    m = e.marks
    written = {p.path for p in e.plan.outside.values()}
    for text in m.outside:
        if any(w == text or w.startswith((f"{text}.", f"{text}[")) or text.startswith((f"{w}.", f"{w}["))
               for w in written):  # fmt: skip
            raise UnsupportedError(
                what=f"wrt={text!r}, which the program writes",
                why="a source outside is what the function finds there, and stays as it is",
                instead="pass it as an argument",
            )
        value = Place(m.owner, text).read()
        if text in m.outer_parts or (("path", text) not in m.shapes and is_plain(type(value))):
            m.shapes["path", text] = shape = _assemble(e, text, value, (), text)
            if len(leaves(shape)) < sum(len(leaves(part)) for part in m.outer_parts.get(text, {}).values()):
                raise UnsupportedError(
                    what=f"wrt={text!r}, which the function reads by parts that are not all its own",
                    why=f"it reads {', '.join(''.join(map(_step, path)) for path in m.outer_parts[text])} of it",
                    instead="name the parts that are meant",
                )
        elif ("path", text) not in m.shapes and e.hidden is not None:
            e.hidden(e, m.owner, text, value)


def _assemble(e: Engine, text: str, value: Any, path: tuple[Any, ...], shown: str) -> Source:
    """Return the source that an object is of which the attributes were read one by one."""
    parts = e.marks.outer_parts.setdefault(text, {})
    if path in parts:
        return parts[path]
    if is_plain(type(value)):
        keys = tuple(attributes_of(value))
        return Tree(
            type(value), keys, tuple(_assemble(e, text, getattr(value, k), (*path, k), f"{shown}.{k}") for k in keys)
        )
    if isinstance(value, (list, tuple, dict)) and any(p[: len(path)] == path for p in parts):
        found = value if isinstance(value, dict) else dict(enumerate(value))
        items = tuple(_assemble(e, text, i, (*path, k), f"{shown}[{k!r}]") for k, i in found.items())
        named = getattr(type(value), "_fields", None)
        return Tree(type(value), named or tuple(found), items)
    if not is_floating(type_of_value(value)) or e.hidden is None:
        return None
    e.hidden(e, e.marks.owner, shown, value)
    return parts.get(path)


def _step(k: Any) -> str:
    return f".{k}" if isinstance(k, str) and k.isidentifier() else f"[{k!r}]"


def check(e: Engine, hidden: Sequence[HiddenValue]) -> None:
    """Refuse a source that the program reads by another path, too."""
    m = e.marks
    held = {i: text for text in m.outside for i in _objects(Place(m.owner, text).read())}
    for h in hidden:
        if asked_in(e, h.owner, h.name):
            continue
        found = next((held[i] for i in _objects(h.value) if i in held), None)
        if found is not None:
            raise UnsupportedError(
                what=f"wrt={found!r}, which the program also reads as {h.name!r}",
                why="a gradient goes by the path, and would miss what is read by the other one",
                instead="read it in one way, or pass it as an argument",
            )


def _objects(value: Any) -> Iterator[int]:
    """Yield the identities of the arrays and containers in a value."""
    if isinstance(value, np.ndarray):
        yield id(value)
    elif isinstance(value, (list, tuple, dict)):
        yield id(value)
        for i in value.values() if isinstance(value, dict) else value:
            yield from _objects(i)
    elif is_plain(type(value)):
        yield id(value)
        for k in attributes_of(value):
            yield from _objects(getattr(value, k))


def refuse_unknown(e: Engine, asked: Sequence[str]) -> None:
    if asked:
        raise UnsupportedError(
            what=f"wrt={asked[0]!r}, of an object that the program changes or hands to what can't be read",
            why="what it holds is known only at run time",
            instead="pass it as an argument",
            origin=e.origin,
        )


__all__ = ["asked_in", "check", "finish", "pin", "refuse_unknown"]
