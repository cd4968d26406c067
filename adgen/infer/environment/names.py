"""What the names of a program lead to: where a free name is found, and whether it is data or a function."""

from __future__ import annotations

import builtins
import types as pytypes
from keyword import iskeyword
from typing import Any

from adgen.api.names import Place, names_in
from adgen.ir.nodes import Const, Var
from adgen.ir.types import Dict, List, Opaque, Record, Tuple, Type, Undef
from adgen.rules.typing import type_of_value


def nesting(t: Type) -> int:
    """Return how many levels of containers a type has."""
    if isinstance(t, (List, Dict)):
        return 1 + nesting(t.elem)
    if isinstance(t, (Tuple, Record)):
        return 1 + max(map(nesting, t.items), default=0)
    return 0


def is_data(value: Any) -> bool:
    t = type_of_value(value)
    return not isinstance(t, (Opaque, Undef))


def needs_guard(owner: Any, path: str, value: Any) -> bool:
    """Say whether each call must look if this path still leads to the same function: `api.link` guards callees."""
    if isinstance(value, pytypes.FunctionType) and names_in(owner).get(id(value)) == path:
        return False
    return Place(owner, path).read() is value  # a bound method is another one each time


def holds_functions(value: Any) -> bool:
    """Say whether a value is a table with functions in it: its items are read one by one."""
    items = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    return any(map(callable, items))


def find_free(owner: Any, name: str) -> tuple[str | None, Any]:
    """Return where a Python function finds a free name ("cell", "global", "builtin"), and its value."""
    code = getattr(owner, "__code__", None)
    if code is not None and name in code.co_freevars and owner.__closure__ is not None:
        cell = owner.__closure__[code.co_freevars.index(name)]
        try:
            return "cell", cell.cell_contents
        except ValueError:
            return None, None
    table = getattr(owner, "__globals__", {})
    if name in table:
        return "global", table[name]
    if hasattr(builtins, name):
        return "builtin", getattr(builtins, name)
    return None, None


def leaf_type(v: Any) -> Type | None:
    """Return the type of an abstract value that is one operand."""
    return v.type if isinstance(v, (Var, Const)) else None


def as_name(key: Any) -> str | None:
    """Return the name that the value of a key or attribute may bear."""
    return key if isinstance(key, str) and key.isidentifier() and not iskeyword(key) else None
