"""Checks at the start of a program that nothing it writes is reached in two ways: which write is seen where is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from adgen.api.names import Place
from adgen.api.plain import is_plain
from adgen.errors import UnsupportedError
from adgen.infer.api import marks
from adgen.infer.values import Map, Obj, Ref, Seq, TupleV
from adgen.ir.nodes import Block, Const, Let, Operand, Var
from adgen.ir.types import Array, Int, NoneT, Opaque
from adgen.rules.registry import REGISTRY
from adgen.rules.typing import type_of_value

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Leaf = tuple[str, Obj, Var]
"""An array or list among the arguments: how the user reads it, its identity, its value."""


@dataclass(frozen=True, slots=True)
class Shell:
    """A list, dict or object among the arguments whose items are followed: how the user reads it."""

    label: str
    cls: type
    obj: Obj | None  # None: of a global


@dataclass(frozen=True, slots=True)
class Root:
    """A parameter or global that holds lists, dicts or objects."""

    name: str
    value: Operand
    shells: tuple[Shell, ...]


def leaves(e: Engine, value: Any, label: str) -> list[Leaf]:
    """Return the arrays and lists that a parameter holds."""
    content = e.state.heap[value.obj] if isinstance(value, Ref) else value
    if isinstance(value, Ref) and isinstance(content, Var):
        return [(label, value.obj, content)]
    return [leaf for name, i in _parts(content, label) for leaf in leaves(e, i, name)]


def shells(e: Engine, value: Any, label: str) -> Iterator[Shell]:
    """Yield the lists, dicts and objects that a parameter holds, itself first."""
    content = e.state.heap[value.obj] if isinstance(value, Ref) else value
    if isinstance(value, Ref) and isinstance(content, (Seq, Map)):
        yield Shell(label, content.cls if isinstance(content, Map) else list, value.obj)
    for name, i in _parts(content, label):
        yield from shells(e, i, name)


def _parts(content: Any, label: str) -> list[tuple[str, Any]]:
    if not isinstance(content, (Map, Seq, TupleV)):
        return []
    return [(f"{label}{part}", i) for part, i in marks.parts(content)]


def global_shells(value: Any, label: str) -> Iterator[Shell]:
    """Yield the same of the value of a global."""
    if isinstance(value, dict):
        yield Shell(label, dict, None)
        for v in value.values():
            yield from global_shells(v, label)
    elif isinstance(value, (list, tuple)):
        if isinstance(value, list):
            yield Shell(label, list, None)
        for v in value[:32]:
            yield from global_shells(v, label)
    elif hasattr(value, "__dataclass_fields__"):
        yield Shell(label, type(value), None)
        for name in value.__dataclass_fields__:
            yield from global_shells(getattr(value, name, None), label)


def keep_apart(
    e: Engine, body: Block, found: Sequence[Leaf], others: Sequence[tuple[str, Var]], roots: Sequence[Root]
) -> Block:
    """Put the checks in that a program needs."""
    checks = [c for c in (_check_memory(e, found, others), _check_containers(e, roots)) if c is not None]
    for check in checks:
        made = [k for k, s in enumerate(body.stmts) if isinstance(s, Let) and s.out in check.args]
        at = max(made, default=-1) + 1  # after the items of structures
        body = Block((*body.stmts[:at], check, *body.stmts[at:]), body.results)
    return body


def _check_memory(e: Engine, leaves: Sequence[Leaf], others: Sequence[tuple[str, Var]]) -> Let | None:
    written = [(n, v) for n, o, v in leaves if any(x in e.written for x in (o, *e.state.links.get(o, ())))]
    found = [*written, *[(n, v) for n, _, v in leaves if (n, v) not in written], *others]
    if not written or (len(found) == 1 and isinstance(found[0][1].type, Array)):
        return None
    names, values = tuple(n for n, _ in found), [v for _, v in found]
    head = (Const(names, type_of_value(names)), Const(len(written), Int()))
    return Let(Var(NoneT()), REGISTRY.named("check_apart"), (*head, *values))


def _check_containers(e: Engine, roots: Sequence[Root]) -> Let | None:
    every = [s for r in roots for s in r.shells]
    written = [s for s in every if s.obj is not None and s.obj in e.written]
    if not any(s is not w and s.cls is w.cls for w in written for s in every):
        return None
    names, labels = tuple(r.name for r in roots), tuple(s.label for s in written)
    head = (Const(names, type_of_value(names)), Const(labels, type_of_value(labels)))
    return Let(Var(NoneT()), REGISTRY.named("check_distinct"), (*head, *[r.value for r in roots]))


# -- objects that unknown code may change ---------------------------------------------------------------


def note_call(e: Engine, fn: Operand) -> None:
    """Remember of which classes the program calls methods that it can't read."""
    made = e.b.defs.get(fn) if isinstance(fn, Var) else None
    if made is None or made.op.name != "opaque" or not isinstance(made.args[0], Const) or len(made.args) != 3:
        return
    t = made.args[1].type
    if made.args[0].value is getattr and isinstance(t, Opaque) and t.cls is not None and isinstance(t.cls, type):
        name = made.args[2].value if isinstance(made.args[2], Const) else ""
        e.called.setdefault(t.cls, f"{t.cls.__name__}.{name}()")


def note_read(e: Engine, owner: Any, path: str) -> None:
    """Remember of which classes the program reads attributes through globals."""
    try:
        *holders, _ = Place(owner, path).passed()
        for value in holders:
            if not isinstance(value, ModuleType):
                e.looked_into.setdefault(type(value), (path, e.origin))
    except (LookupError, AttributeError, ValueError):
        return


def written_objects(e: Engine) -> Iterator[tuple[Obj, type]]:
    """Yield the objects passed in that the program changes, with their classes."""
    for obj in e.written:
        c = e.state.heap.get(obj)
        if isinstance(c, Map) and is_plain(c.cls) and obj.param == "param":
            yield obj, c.cls


def check_changes(e: Engine) -> None:
    """Refuse to read an attribute once per call where a method of such an object may change it in between."""
    for obj, holder in written_objects(e):
        for cls, (path, origin) in e.looked_into.items():
            if issubclass(cls, holder) or issubclass(holder, cls):
                name = obj.name or holder.__name__
                raise UnsupportedError(
                    what=f"'{path}', in a program that changes '{name}', which may be the same object",
                    why="what a program reads of global objects, it reads once",
                    instead="pass the object in and read it from there",
                    origin=origin,
                )
    for cls, (path, origin) in e.looked_into.items():
        for other, method in e.called.items():
            if issubclass(cls, other) or issubclass(other, cls):
                raise UnsupportedError(
                    what=f"'{path}', in a program that calls {method}",
                    why="that method may change what the global object holds, if it is the same one; it is read once",
                    instead="pass the object in and read it from there, as in `float(s.n)`",
                    origin=origin,
                )
