"""Globals, and attributes of functions, classes and modules, that a program writes: counters, flags, last values.

Each is a cell, as a variable under `nonlocal` is: a list of one item, which all functions of the program share. A write
is carried out where it stands as well, by a statement that runs once and in order, so whoever else reads the name
meanwhile, or after an exception, finds what the primal would have left. What is written is a number, a text or
None: an array would be the caller's and the program's at once.

A global list, dict, set or deque that a program changes is worked on as it lies there: every method that it is asked
for runs once and in order. What it gives back is an object of unknown type.
"""

from __future__ import annotations

import operator
import sys
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from adgen.api.names import Place
from adgen.errors import UnsupportedError
from adgen.infer.functions.recursion import Replan
from adgen.infer.values import Closure, Poison, Ref, Seq
from adgen.ir.nodes import Const, Operand, Var
from adgen.ir.types import NUMERIC, Array, NoneT, Opaque, Str
from adgen.rules.typing import type_of_value

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Outside:
    """A name outside of the program: what holds it, and how a function reads it."""

    holder: Any
    name: str
    owner: Any
    path: str


def open_cells(e: Engine, enter: Callable[[Outside, Any], Var]) -> None:
    """Make the cells of a program that begins; `enter` makes a parameter of a number."""
    for key, place in e.plan.outside.items():
        value = Place(place.owner, place.path).read() if _is_there(place) else None
        if isinstance(type_of_value(value), NUMERIC):
            content: Any = enter(place, value)
        else:
            content = Poison(
                f"'{place.path}' is read before it is written",
                "only numbers outside of a program are both read and written by it",
                e.origin,
                alias=False,
            )
        e.outside[key] = e.new(Seq((content,)), place.name)


def find(e: Engine, owner: Any, path: str) -> Any:
    """Return the value of a name that the program writes; None if it writes no such."""
    parent, _, name = path.rpartition(".")
    try:
        holder = Place(owner, parent).read() if parent else getattr(owner, "__globals__", None)
    except (LookupError, AttributeError, ValueError):
        return None
    if not parent and name in getattr(getattr(owner, "__code__", None), "co_freevars", ()):
        return None
    return find_in(e, holder, name)


def find_in(e: Engine, holder: Any, name: str) -> Any:
    cell = e.outside.get(_key(holder, name)) if e.outside else None
    if cell is None:
        return None
    (value,) = e.content(cell.obj).items
    if isinstance(value, Poison):
        e.refuse(value)
    return value


def write_global(e: Engine, name: str, value: Any) -> Any:
    """Carry out an assignment to a global name."""
    owner = e.program_function
    fn = owner.globals_of if isinstance(owner, Closure) else owner
    fn = getattr(fn, "__func__", fn)
    _write(e, Outside(fn.__globals__, name, fn, name), value)
    return e.b.const(None)


def table(e: Engine) -> Const:
    """Return what `globals()` gives: its items are looked up by name."""
    owner = e.program_function
    return Const(getattr(owner, "__func__", owner).__globals__, Opaque())


def is_table(e: Engine, base: Any) -> bool:
    return (
        isinstance(base, Const)
        and isinstance(base.value, dict)
        and base not in e.paths
        and table(e).value is base.value
    )


def named(e: Engine, name: str) -> Any:
    owner = e.program_function
    owner = getattr(owner, "__func__", owner)
    if name not in owner.__globals__ or name in owner.__code__.co_freevars:
        raise UnsupportedError(what=f"the name '{name}' is not defined", origin=e.origin)
    return e.read(owner, name, owner.__globals__[name])


def takes(base: Any) -> bool:
    """Say whether an attribute of this is kept outside of the program."""
    return isinstance(base, Const) and isinstance(base.value, (FunctionType, ModuleType, type))


def write_attribute(e: Engine, base: Const, name: str, value: Any) -> bool:
    """Carry out an assignment to an attribute of a function, class or module, if it is known under a name."""
    holder = base.value
    known = e.paths.get(base) or _known_as(e, holder)
    if known is None:
        return False
    if isinstance(holder, type) and (name not in vars(holder) or hasattr(vars(holder)[name], "__set__")):
        raise UnsupportedError(
            what=f"an assignment to '{holder.__name__}.{name}', which the class does not hold itself",
            why="a class that it inherits from does, and others may read it there",
            instead="assign it in the body of the class first",
            origin=e.origin,
        )
    _write(e, Outside(holder, name, known[0], f"{known[1]}.{name}"), value)
    return True


def _known_as(e: Engine, holder: Any) -> tuple[Any, str] | None:
    fn = e.program_function
    functions = [holder] if isinstance(holder, FunctionType) else [fn]
    functions += [m for m in vars(holder).values() if isinstance(m, FunctionType)] if isinstance(holder, type) else []
    for owner in functions:
        for name, v in getattr(owner, "__globals__", {}).items():
            if v is holder:
                return owner, name
    return None


def _write(e: Engine, place: Outside, value: Any) -> None:
    key = _key(place.holder, place.name)
    if e.hidden is not None:
        e.plan.write(key, place)
    operand = e.value(value) if not isinstance(value, Ref) else None
    is_plain = operand is not None and isinstance(operand.type, (*NUMERIC, Str, NoneT))
    if operand is None or not is_plain or isinstance(operand.type, Array) or e.hidden is None:
        raise UnsupportedError(
            what=f"writing '{place.path}', which is outside of the function, with something that is no number",
            why="what others hold could change later on, or be changed",
            instead="return it, and assign it outside",
            origin=e.origin,
        )
    name, holder = e.b.const(place.name), place.holder
    if isinstance(holder, dict):
        module = sys.modules.get(str(holder.get("__name__")))
        if module is not None and vars(module) is holder:
            e.opaque(setattr, [Const(module, Opaque()), name, operand])
        else:
            space: Operand = e.opaque(getattr, [Const(place.owner, Opaque()), e.b.const("__globals__")])
            e.opaque(operator.setitem, [space, name, operand])
    else:
        e.opaque(setattr, [Const(holder, Opaque()), name, operand])
    e.write(e.outside[key].obj, Seq((operand,)))


CHANGING = frozenset({
    "add", "append", "appendleft", "clear", "discard", "extend", "extendleft", "insert", "pop", "popitem", "popleft",
    "remove", "reverse", "rotate", "setdefault", "sort", "update", "subtract",
})  # fmt: skip


def touch(e: Engine, v: Any) -> None:
    """Note that the program changes a global list, dict or the like: it is worked on as it lies there, then."""
    value = e.global_values.get(v.obj) if isinstance(v, Ref) else v.value if isinstance(v, Const) else None
    if e.hidden is not None and isinstance(value, (list, dict, set, deque)) and id(value) not in e.plan.live:
        e.plan.live[id(value)] = value
        raise Replan


def is_live(e: Engine, v: Any) -> bool:
    """Say whether this is a global list or the like that the program works on as it lies there."""
    return isinstance(v, Var) and v in e.b.unsteady


def store(e: Engine, base: Var, key: Any, value: Any) -> None:
    e.opaque(operator.setitem, [base, e.value(key), e.value(value)])


def _key(holder: Any, name: str) -> Key:
    if isinstance(holder, ModuleType):
        return id(vars(holder)), name
    if isinstance(holder, type):
        holder = next((c for c in holder.__mro__ if name in vars(c)), holder)
    return id(holder), name


def _is_there(place: Outside) -> bool:
    try:
        Place(place.owner, place.path).read()
    except (LookupError, AttributeError, ValueError):
        return False
    return True
