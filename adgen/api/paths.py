"""Parts of parameters in `wrt`: `"params['w']"`, `"layers[0].b"`."""

from __future__ import annotations

import ast
from typing import Any


def split_path(one: str) -> tuple[str, tuple[Any, ...]]:
    """Return the parameter and the keys, indices and attributes that lead to a part of it.

    >>> split_path("layers[0].b")
    ('layers', (0, 'b'))
    """
    if one.isidentifier():
        return one, ()
    steps: list[Any] = []
    try:
        node: Any = ast.parse(one, mode="eval").body
        while not isinstance(node, ast.Name):
            if isinstance(node, ast.Attribute):
                steps.append(node.attr)
                node = node.value
            else:
                steps.append(ast.literal_eval(node.slice))
                node = node.value
    except (SyntaxError, ValueError, AttributeError):
        from adgen.errors import UsageError

        raise UsageError(
            what=f"wrt={one!r} is no parameter and no part of one",
            instead="wrt='x', wrt=\"params['w']\", wrt='layers[0].b'",
        ) from None
    return node.id, tuple(reversed(steps))


def follow(value: Any, path: tuple[Any, ...]) -> Any:
    """Return the part of a value that a path leads to."""
    for k in path:
        by_item = isinstance(value, dict) or (isinstance(k, int) and isinstance(value, (tuple, list)))
        value = value[k] if by_item else getattr(value, k)
    return value


def root_of(one: str) -> str:
    return split_path(one)[0]
