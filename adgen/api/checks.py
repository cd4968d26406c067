"""The line at the top of a specialised or standalone function that checks what was assumed of its arguments."""

from __future__ import annotations

import enum
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.api.dispatch import make_guarded
from adgen.api.link import Loaded, compile_text
from adgen.api.signature import SIMPLE, STATIC, Key, describe_signature, key_names, leaf_keys

if TYPE_CHECKING:
    from adgen.api.engine import Engine


def fits(x: Any, dtype: type, ndim: int, ones: tuple[int, ...] = ()) -> bool:
    """Say whether x is an array of this dtype and rank, with length 1 on just these axes."""
    if type(x) is not np.ndarray or x.dtype.type is not dtype:
        return False
    shape = x.shape
    if len(shape) != ndim:
        return False
    return tuple([k for k, n in enumerate(shape) if n == 1]) == ones if ones or 1 in shape else True


def conditions(name: str, key: Key) -> list[str]:
    """Return expressions that hold for arguments with this key; they use builtins, `np` and `fits`."""
    return _conditions(name, key, count())


def _conditions(x: str, key: Key, numbers: count[int]) -> list[str]:
    if key is None:
        return []
    if isinstance(key, type):
        return _type_conditions(x, key)
    head = key[0]
    if head is STATIC and issubclass(key[1], enum.Enum):
        return [f"type({x}).__name__ == {key[1].__name__!r}", f"{x}.name == {key[2].name!r}"]
    if head is STATIC:
        return [*_type_conditions(x, key[1]), f"{x} == {_literal(key)}"] if _literal(key) else []
    if isinstance(head, np.dtype):
        units = key[1] if isinstance(key[1], tuple) else (False,) * key[1]
        if None in units:  # in a list: this axis may or may not be 1
            return [f"type({x}) is np.ndarray", f"{x}.dtype.type is np.{_name(head)}", f"{x}.ndim == {len(units)}"]
        ones = tuple(i for i, unit in enumerate(units) if unit)
        return [f"fits({x}, np.{_name(head)}, {len(units)}{f', {ones}' if ones else ''})"]
    if head is list and key[1]:
        v = f"v{next(numbers)}"
        inner = " and ".join(_conditions(v, key[2], numbers))
        return [f"type({x}) is list", f"all({inner} for {v} in {x})"] if inner else [f"{x} == []"]
    if head is dict:
        parts = [f"type({x}) is dict", f"list({x}) == {list(key[1])!r}"]
        places = [f"{x}[{k!r}]" for k in key[1]]
        items = key[2:]
    else:
        items = leaf_keys(key)
        plain = head in (tuple, list)
        parts = [f"type({x}) is {head.__name__}" if plain else f"type({x}).__name__ == {head.__name__!r}"]
        if issubclass(head, (tuple, list)):
            parts.append(f"len({x}) == {len(items)}")
            places = [f"{x}[{i}]" for i in range(len(items))]
        else:
            places = [f"{x}.{k}" for k in key_names(key)]
    for place, item in zip(places, items, strict=True):
        parts += _conditions(place, item, numbers)
    return parts


def _type_conditions(x: str, cls: type) -> list[str]:
    if cls is type(None):
        return [f"{x} is None"]
    if cls in SIMPLE and issubclass(cls, np.generic):
        return [f"type({x}) is np.{_name(np.dtype(cls))}"]
    if cls.__module__ == "builtins":
        return [f"type({x}) is {cls.__name__}"]
    return [f"type({x}).__name__ == {cls.__name__!r}"]


def _name(dtype: np.dtype[Any]) -> str:
    return "bool_" if dtype.kind == "b" else dtype.name


def _literal(key: Key) -> str:
    _, cls, value = key
    if cls in (int, bool, str, type(None)):
        return repr(value)
    if cls is float:
        return repr(float.fromhex(value))
    if cls is tuple:
        inner = [_literal((STATIC, c, v)) for c, v in value]
        return f"({', '.join(inner)}{',' if len(inner) == 1 else ''})" if all(inner) else ""
    return ""


def check_lines(entry: str, names: tuple[str, ...], keys: tuple[Key, ...], width: int = 116) -> list[str]:
    """Return a statement that raises `TypeError` for arguments that the text was not made for."""
    tests = [c for name, key in zip(names, keys, strict=True) for c in conditions(name, key)]
    if not tests:
        return []
    failure = f"    raise TypeError({f'{entry} was generated for {describe_signature(names, keys)}'!r})"
    if len(tests) == 1:
        return [f"if not ({tests[0]}):", failure]
    line = f"if not ({' and '.join(tests)}):"
    if len(line) <= width:
        return [line, failure]
    return ["if not (", f"    {tests[0]}", *[f"    and {t}" for t in tests[1:]], "):", failure]


def insert_check(text: str, entry: str, check: list[str]) -> str:
    """Put the check before the first statement of the entry."""
    lines = text.splitlines()
    _, end = find_header(lines, entry)
    lines[end + 1 : end + 1] = ["    " + line for line in check]
    return "\n".join(lines) + "\n"


def find_header(lines: list[str], name: str) -> tuple[int, int]:
    """Return the first and the last line of the `def` of a function."""
    start = next(i for i, line in enumerate(lines) if line.startswith(f"def {name}("))
    depth = 0
    for i in range(start, len(lines)):
        depth += sum(map(lines[i].count, "([{")) - sum(map(lines[i].count, ")]}"))
        if depth == 0:
            return start, i
    raise ValueError(f"{name} has no end")


def specialize(engine: Engine, loaded: Loaded) -> Any:
    """Return the function of a text with the check in it; hidden values are read at each call."""
    entry = loaded.stored.entry
    text = insert_check(loaded.stored.text, entry, check_lines(entry, engine.names, loaded.keys))
    code, _ = compile_text(text, entry)
    space = {k: v for k, v in loaded.space.items() if k != "__builtins__"}
    space |= {"np": np, "fits": fits}
    exec(code, space)
    made = space[entry]
    if loaded.hidden:
        made = make_guarded(made, loaded.takes, (), (), loaded.hidden, None)
    made.source = text
    made.unchecked = loaded.bare
    return made
