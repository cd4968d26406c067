"""Types as a user writes them: `float64[:, :], float, {'w': float64[:]}`.

`float64[:, 1]` is an array, 1 marks an axis of length 1, another number one whose length decides what is computed.
`float`, `int`, `bool`, `complex`, `str` are Python's; so are the bare `float64`, `int64` and `complex128`, which are
what Python's numbers are; `np.float64` and the bare `float32` are NumPy scalars. `(a, b)` is a tuple, `{'k': a}` a
dict, `[a, b]` a list of two, `[a, ...]` a list of any length. A parameter may be named: `lr=float`.
"""

from __future__ import annotations

import ast
from typing import Any

import numpy as np

from adgen.api.signature import Key

_PYTHON: dict[str, type] = {
    "float": float,
    "int": int,
    "bool": bool,
    "complex": complex,
    "str": str,
    "float64": float,
    "int64": int,
    "complex128": complex,
}


class TypeTextError(ValueError):
    """A text that is not a list of types."""


def parse_types(text: str) -> tuple[list[Key], dict[str, Key]]:
    """Return the keys by position and by name."""
    try:
        node = ast.parse(f"f({text})", mode="eval").body
    except SyntaxError as e:
        raise TypeTextError(f"{text!r} is not a list of types: {e.msg}") from None
    assert isinstance(node, ast.Call)
    named = {str(k.arg): _parse(k.value) for k in node.keywords}
    return [_parse(a) for a in node.args], named


def _parse(node: ast.expr) -> Key:
    if isinstance(node, ast.Constant) and node.value is None:
        return type(None)
    if isinstance(node, ast.Name) and node.id in _PYTHON:
        return _PYTHON[node.id]
    if isinstance(node, (ast.Name, ast.Attribute)):
        return _dtype(node).type
    if isinstance(node, ast.Subscript):
        places = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        units = tuple(_unit(p) for p in places)
        return (_dtype(node.value), units if any(units) else len(units))
    if isinstance(node, ast.Tuple):
        return (tuple, *map(_parse, node.elts))
    if isinstance(node, ast.Dict):
        keys = tuple(ast.literal_eval(k) for k in node.keys if k is not None)
        return (dict, keys, *map(_parse, node.values))
    if isinstance(node, ast.List):
        last = node.elts[-1] if node.elts else None
        if len(node.elts) == 2 and isinstance(last, ast.Constant) and last.value is ...:
            return (list, True, _parse(node.elts[0]))
        items = tuple(map(_parse, node.elts))
        same = items and items.count(items[0]) == len(items)
        return (list, True, items[0]) if same else (list, False, *items)
    raise TypeTextError(f"{ast.unparse(node)!r} is not a type; write float64[:, :], float, (a, b) or {{'k': a}}")


def _unit(place: ast.expr) -> bool | tuple[int]:
    if isinstance(place, ast.Slice) and place.lower is place.upper is place.step is None:
        return False
    if isinstance(place, ast.Constant) and type(place.value) is int and place.value >= 0:
        return True if place.value == 1 else (place.value,)
    raise TypeTextError(f"{ast.unparse(place)!r} is not an axis; write :, 1 or another length")


def _dtype(node: Any) -> np.dtype[Any]:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    try:
        dtype = np.dtype(name)
    except TypeError:
        dtype = np.dtype(object)
    if not name or dtype.kind not in "biufc":
        raise TypeTextError(f"{ast.unparse(node)!r} is not a numeric dtype")
    return dtype
