"""The line at the top of a specialised or standalone function that checks what was assumed of its arguments."""

from __future__ import annotations

import enum
from collections.abc import Callable, Collection, Mapping
from importlib import import_module
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.api.dispatch import make_guarded
from adgen.api.link import Loaded, compile_text, run_text
from adgen.api.signature import SIMPLE, STATIC, Key, describe_signature, key_names, leaf_keys, units_of

if TYPE_CHECKING:
    from adgen.api.engine import Engine


class Names:
    """What the check calls things: as usual, unless the function below has another meaning for the name."""

    def __init__(self, taken: Collection[str] = ()) -> None:
        self.taken = taken
        self.used: dict[tuple[str, str], str] = {}  # module and name there -> name here

    def use(self, name: str, module: str = "builtins") -> str:
        """Return the name for something of Python's or NumPy's."""
        known = self.used.get((module, name))
        if known is None:
            known, k = name, 0
            while known in self.taken:
                k += 1
                known = f"{name}_{k}"
            self.used[module, name] = known
        return known

    def clashes(self, entry: Any, externals: Mapping[str, Any]) -> set[str]:
        """Return those that mean something else in the function."""
        code = entry.__code__
        found = {known for known in self.used.values() if known in code.co_varnames or known in code.co_cellvars}
        for (module, name), known in self.used.items():
            value = getattr(import_module(module), name)
            if any(space.get(known, value) is not value for space in (externals, entry.__globals__)):
                found.add(known)
        return found

    def imports(self) -> list[str]:
        """Return the lines that the check needs above the function."""
        lines = []
        for module in ("builtins", "numpy"):
            parts = [
                name if known == name else f"{name} as {known}"
                for (m, name), known in sorted(self.used.items())
                if m == module and (m != "builtins" or known != name)
            ]
            lines += [f"from {module} import {', '.join(parts)}"] if parts else []
        return lines


def _conditions(x: str, key: Key, numbers: count[int], names: Names) -> list[str]:
    """Return expressions that hold for an argument with this key."""
    if key is None:
        return []
    use = names.use
    if isinstance(key, type):
        return _type_conditions(x, key, names)
    head = key[0]
    if head is STATIC and issubclass(key[1], enum.Enum):
        return [f"{use('type')}({x}).__name__ == {key[1].__name__!r}", f"{x}.name == {key[2].name!r}"]
    if head is STATIC:
        return [*_type_conditions(x, key[1], names), f"{x} == {_literal(key)}"] if _literal(key) else []
    if isinstance(head, np.dtype):
        units = units_of(key)
        kind = f"{use('type')}({x}) is {use('ndarray', 'numpy')}"
        return [kind, f"{x}.dtype.type is {use(_name(head), 'numpy')}", *_shape_conditions(x, units, names)]
    if head is list and key[1]:
        v = f"v{next(numbers)}"
        inner = " and ".join(_conditions(v, key[2], numbers, names))
        if not inner:
            return [f"{x} == []"]
        return [f"{use('type')}({x}) is {use('list')}", f"{use('all')}({inner} for {v} in {x})"]
    if head is dict:
        parts = [f"{use('type')}({x}) is {use('dict')}", f"{use('list')}({x}) == {list(key[1])!r}"]
        places = [f"{x}[{k!r}]" for k in key[1]]
        items = key[2:]
    else:
        items = leaf_keys(key)
        plain = head in (tuple, list)
        own = f"is {use(head.__name__)}" if plain else f".__name__ == {head.__name__!r}"
        parts = [f"{use('type')}({x}){own if own[0] == '.' else ' ' + own}"]
        if issubclass(head, (tuple, list)):
            parts.append(f"{use('len')}({x}) == {len(items)}")
            places = [f"{x}[{i}]" for i in range(len(items))]
        else:
            places = [f"{x}.{k}" for k in key_names(key)]
    for place, item in zip(places, items, strict=True):
        parts += _conditions(place, item, numbers, names)
    return parts


def _shape_conditions(x: str, units: tuple[bool | tuple[int] | None, ...], names: Names) -> list[str]:
    """Return what says that just these axes have length 1 (None: it may or may not be), and others another."""
    lengths = [f"{x}.shape[{k}] == {unit[0]}" for k, unit in enumerate(units) if isinstance(unit, tuple)]
    if lengths:
        ones = [f"({x}.shape[{k}] == 1) is {unit}" for k, unit in enumerate(units) if isinstance(unit, bool)]
        return [f"{x}.ndim == {len(units)}", *lengths, *ones]
    if None in units or not units:
        return [f"{x}.ndim == {len(units)}"]
    if all(units):
        return [f"{x}.shape == {(1,) * len(units)}"]
    if any(units):
        return [f"[n == 1 for n in {x}.shape] == {list(units)}"]
    if len(units) == 1:  # a third of what the next costs, and a small network has six arguments
        return [f"{x}.ndim == 1", f"{names.use('len')}({x}) != 1"]
    return [f"{x}.ndim == {len(units)}", f"1 not in {x}.shape"]


def _type_conditions(x: str, cls: type, names: Names) -> list[str]:
    if cls is type(None):
        return [f"{x} is None"]
    kind = f"{names.use('type')}({x})"
    if cls in SIMPLE and issubclass(cls, np.generic):
        return [f"{kind} is {names.use(_name(np.dtype(cls)), 'numpy')}"]
    if cls.__module__ == "builtins":
        return [f"{kind} is {names.use(cls.__name__)}"]
    return [f"{kind}.__name__ == {cls.__name__!r}"]


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


def with_check(text: str, engine: Engine, loaded: Loaded) -> str:
    """Return the text with a statement that raises `TypeError` for arguments that it was not made for."""
    return _settle(text, engine, loaded, lambda _: loaded.space[loaded.stored.entry])[0]


def _settle(text: str, engine: Engine, loaded: Loaded, make: Callable[[str], Any]) -> tuple[str, Any]:
    """Return the text with the check in it, and what `make` makes of it: a function whose own names tell clashes."""
    taken: set[str] = set()
    while True:
        names = Names(taken)
        checked = _insert(text, engine, loaded, names)
        made = make(checked)
        clashes = names.clashes(made, loaded.externals)
        if not clashes:
            return checked, made
        taken |= clashes


def _insert(text: str, engine: Engine, loaded: Loaded, names: Names, width: int = 116) -> str:
    numbers, entry = count(), loaded.stored.entry
    each = [_conditions(n, k, numbers, names) for n, k in zip(engine.names, loaded.keys, strict=True)]
    tests = [" and ".join(c) for c in each if c]
    if not tests:
        return text
    check = [f"if not ({' and '.join(tests)}):"]
    if len(check[0]) > width:
        check = ["if not (", f"    {tests[0]}", *[f"    and {t}" for t in tests[1:]], "):"]
    check.append(f"    raise {names.use('TypeError')}({_failure(entry, engine, loaded)!r})")
    lines = text.splitlines()
    _, end = find_header(lines, entry)
    lines[end + 1 : end + 1] = ["    " + line for line in check]
    return "\n".join(_below_imports(lines, names.imports())) + "\n"


def _failure(entry: str, engine: Engine, loaded: Loaded) -> str:
    return f"{entry} was generated for {describe_signature(engine.names, loaded.keys)}"


def _below_imports(lines: list[str], more: list[str]) -> list[str]:
    """Put imports where the module's own end, two empty lines above its first function."""
    own = [i for i, line in enumerate(lines) if line.startswith(("import ", "from "))]
    if not more or own:
        at = own[-1] + 1 if own else 0
        return [*lines[:at], *more, *lines[at:]]
    return [*more, "", "", *lines]


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

    def make(text: str) -> Any:
        return run_text(compile_text(text, entry)[0], entry, loaded.externals)[entry]

    text, made = _settle(loaded.stored.text, engine, loaded, make)
    if loaded.hidden:
        made = make_guarded(made, loaded.takes, (), (), loaded.hidden, None)
    made.source = text
    return made
