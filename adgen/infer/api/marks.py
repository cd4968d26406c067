"""Values that `wrt`, `of` and `stop_gradients` speak of by name: locals, tags, parts of parameters.

A source is *pinned*: `y = pin(v)`, after which the program reads `y`. A pin computes nothing. Reverse mode reads the
cotangent of `y` there and hands it on to `v` only if another source lies before it. Pins are gone before emit.
What is held constant goes through `stop_gradient`. Both give the value to the name alone: what other names hold of the
same memory is linked, so that a later write is seen or refused, never missed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.api.paths import split_path
from adgen.api.resolve import is_outside
from adgen.errors import UnsupportedError, UsageError
from adgen.infer.values import Map, Maybe, Obj, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Operand, Origin, Var
from adgen.ir.source import Item, Label, Source, Tree
from adgen.ir.types import List, Opaque, is_floating

if TYPE_CHECKING:
    from adgen.api.request import Options
    from adgen.infer.engine import Engine


Change = Callable[[Operand, tuple[Any, ...]], Operand]


@dataclass(frozen=True, slots=True)
class Asked:
    """The names that one request speaks of."""

    sources: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()


def names_asked(options: Options, wrt: Sequence[str]) -> Asked:
    """Return the names that a derivative and those that it is made of speak of."""
    sources = dict.fromkeys(n for names in (*[step.wrt for step in options.inner], wrt) for n in names)
    held = (*[step.stop_gradients for step in options.inner], options.stop_gradients)
    stops = dict.fromkeys(n for names in held for n in names)
    return Asked(tuple(sources), options.of, tuple(stops))


@dataclass(slots=True)
class Marks:
    """What one run of the interpreter knows of names."""

    asked: Asked = Asked()
    frame: int | None = None  # of the function whose locals the names are
    cells: dict[str, Obj] = field(default_factory=dict)  # what tags in `of` gathered
    shapes: dict[tuple[str, str], Any] = field(default_factory=dict)  # of pinned values, by kind and name
    made: dict[tuple[str, str], Origin | None] = field(default_factory=dict)  # where
    places: dict[str, dict[tuple[int, int], Origin]] = field(default_factory=dict)  # all that assign a local
    pinned: dict[Obj, str] = field(default_factory=dict)  # arrays of locals that are sources
    written: dict[str, Origin | None] = field(default_factory=dict)  # those that are changed later, and where
    tags: dict[str, None] = field(default_factory=dict)  # all that were met
    listed: set[str] = field(default_factory=set)  # tags in `of` that were met in a loop
    roots: tuple[str, ...] = ()  # all names in wrt
    count: int = 0  # of pins that were made
    unrolled: int = 0  # loops round the present statement that are being unrolled
    function: Any = None  # the tree whose locals are meant, before it is called
    outside: tuple[str, ...] = ()  # those in wrt that lie outside of the function
    owner: Any = None  # the function that reads them
    outer_parts: dict[str, dict[tuple[Any, ...], Source]] = field(default_factory=dict)  # of objects among them


def begin(e: Engine, fn: Any, asked: Asked, params: Sequence[str]) -> Marks:
    """Return what a run starts with. Parameters in `wrt` are no concern of it, parts of them are."""
    m = Marks(replace(asked, sources=tuple(n for n in asked.sources if n not in params)), roots=asked.sources)
    if m.asked.sources:
        m.owner = getattr(fn, "__adgen_calls__", fn)
        m.outside = tuple(n for n in m.asked.sources if split_path(n)[0] not in params and is_outside(fn, n))
    if not hasattr(fn, "__adgen_calls__"):
        m.frame = e.frame
    _gather_targets(e, m)
    return m


def _gather_targets(e: Engine, m: Marks) -> None:
    for name in m.asked.targets:
        m.cells[name] = Obj(name)
        e.state.heap[m.cells[name]] = Seq(())


def begin_inside(e: Engine, asked: Asked, function: Any) -> Marks:
    """Take names of a function that is to be called for those that are meant; return what was meant before."""
    before, e.marks = e.marks, Marks(asked, function=function)
    _gather_targets(e, e.marks)
    return before


# -- giving values to names ---------------------------------------------------------------------------


def assign(e: Engine, target: str, value: Any) -> Any:
    """Return the value that an assignment of the program binds."""
    m = e.marks
    if e.frame != m.frame:
        return value
    if isinstance(value, Ref) and e.env.get(target) == value:  # `u += 1` has written it
        if target in m.asked.sources:
            m.written.setdefault(target, e.origin)
        return value
    if target in m.asked.stops:
        value = hold(e, value, target, target)
    if target in m.asked.sources:
        value = pin(e, value, target, "local")
    return value


def tag(e: Engine, value: Any, name: Any, hint: Mapping[str, Any]) -> Any:
    """What `adgen.tag(value, name)` returns."""
    from adgen.infer.expressions.operations import named

    m = e.marks
    name = e.static(name, "the name of a tag")
    if not isinstance(name, str):
        raise UsageError(what=f"a tag's name is a string, not {name!r}")
    m.tags.setdefault(name)
    if name in m.roots and name not in m.asked.sources:
        raise UsageError(
            what=f"wrt={name!r} may mean the parameter or the tag of that name",
            instead="another name for the tag",
            origin=e.origin,
        )
    if name not in (*m.asked.sources, *m.asked.targets, *m.asked.stops):
        return value
    value = named(e, value, dict(hint))
    if name in m.asked.stops:
        value = hold(e, value, name, name)
    if name in m.asked.sources:
        value = pin(e, value, name, "tag")
    if name in m.cells:
        _gather(e, name, value)
    return value


def stop(e: Engine, x: Any, hint: Mapping[str, Any]) -> Any:
    """What `adgen.stop_gradient(x)` returns."""
    from adgen.infer.expressions.operations import named

    if not isinstance(x, (Var, Const, Ref, TupleV, Maybe)):
        raise UnsupportedError(
            what="stop_gradient of a function, a slice or an iterator",
            why="it holds no values yet that could be constant",
            instead="stop the gradient of the values that it works on",
            origin=e.origin,
        )
    return hold(e, named(e, x, dict(hint)), hint.get("name"))


def hold(e: Engine, value: Any, name: str | None, by: str | None = None) -> Any:
    """Return a value that does not depend on anything before it, in the derivatives that hold `by`, or in all."""
    name = name if name is not None and name.isidentifier() else None
    return change_leaves(e, value, partial(_cut, e, name, by), name)


def _cut(e: Engine, name: str | None, by: str | None, v: Operand, _: tuple[Any, ...]) -> Operand:
    if not isinstance(v, Var) or not (is_floating(v.type) or isinstance(v.type, Opaque)):
        return v
    op, args = ("stop_gradient", (v,)) if by is None else ("held", (v, e.b.const(by)))
    return e.b.emit(e.row(op), args, type=v.type, **e.hint(name))


def write(e: Engine, obj: Obj, content: Any) -> Any:
    """Take note of a write into an object; return its content, which is constant if the object's name is held so."""
    m = e.marks
    if obj in m.pinned:
        m.written.setdefault(m.pinned[obj], e.origin)
    if m.asked.stops and m.frame is not None:
        names = e.state.frames.get(m.frame, {})
        for name in m.asked.stops:
            v = names.get(name)
            if isinstance(v, Ref) and v.obj is obj:
                return _change_content(e, content, partial(_cut, e, name, name), ())
    return content


def pin(e: Engine, value: Any, name: str, kind: str, shown: str | None = None) -> Any:
    """Mark a value as a source. `shown` is what it is called in generated code, by default its name."""
    m = e.marks
    if isinstance(value, Maybe):
        raise UnsupportedError(
            what=f"'{name}' in wrt, which may be None here",
            instead="tag it where it is known to be a number or an array",
            origin=e.origin,
        )
    m.count += 1
    row, repeated = e.row("pin"), m.unrolled > 0
    shown = shown or (name if name.isidentifier() else None)

    def one(v: Operand, path: tuple[Any, ...]) -> Operand:
        if not is_floating(v.type):
            return v
        label = Const(Label(name, kind, path, repeated), Opaque())
        return e.b.emit(
            row, (v, label), type=v.type, name=shown or (v.name if isinstance(v, Var) else None), fixed=True
        )

    made = change_leaves(e, value, one, shown)
    m.shapes[kind, name] = _shape(e, made)
    m.made[kind, name] = e.origin
    if kind == "local" and e.origin is not None:
        m.places.setdefault(name, {})[e.origin.line, e.origin.col] = e.origin
    if isinstance(made, Ref) and kind == "local":
        m.pinned[made.obj] = name
    return made


def _shape(e: Engine, v: Any) -> Source:
    """Return the pins in a value, in its structure."""
    if isinstance(v, Ref):
        v = e.state.heap[v.obj]
    if isinstance(v, TupleV):
        keys = v.cls._fields if v.cls is not None else tuple(range(len(v.items)))  # type: ignore[attr-defined]
        return Tree(v.cls or tuple, tuple(keys), tuple(_shape(e, i) for i in v.items))
    if isinstance(v, Seq):
        return Tree(list, tuple(range(len(v.items))), tuple(_shape(e, i) for i in v.items))
    if isinstance(v, Map):
        return Tree(v.cls, v.keys, tuple(_shape(e, i) for i in v.items))
    made = e.b.defs.get(v) if isinstance(v, Var) else None
    return v if made is not None and made.op.name == "pin" else None


def change_leaves(e: Engine, v: Any, change: Change, name: str | None, path: tuple[Any, ...] = ()) -> Any:
    """Return a value with every number, array and list of unknown length in it replaced; the names that hold the
    original keep it.
    """
    if isinstance(v, Maybe):
        return Maybe(v.none, change_leaves(e, v.value, change, name, path))
    if isinstance(v, TupleV):
        items = tuple(change_leaves(e, i, change, None, (*path, k)) for k, i in enumerate(v.items))
        return v if _same(items, v.items) else TupleV(items, v.cls)
    if isinstance(v, Ref):
        old = e.content(v.obj) if not v.place else e.value(v)
        new = _change_content(e, old, change, path)
        return v if new is old else apart(e, v, new, name)
    return change(v, path) if isinstance(v, (Var, Const)) else v


def _change_content(e: Engine, c: Any, change: Change, path: tuple[Any, ...]) -> Any:
    if isinstance(c, (Seq, Map)):
        keys: Sequence[Any] = c.keys if isinstance(c, Map) else range(len(c.items))
        items = tuple(change_leaves(e, i, change, None, (*path, k)) for k, i in zip(keys, c.items))
        if _same(items, c.items):
            return c
        return replace(c, items=items)
    return change(c, path) if isinstance(c, (Var, Const)) else c


def _same(a: Sequence[Any], b: Sequence[Any]) -> bool:
    return all(x is y for x, y in zip(a, b))


def apart(e: Engine, ref: Ref, content: Any, name: str | None) -> Ref:
    """Return a reference to an object of its own that is known to share memory with another one."""
    made = e.new(content, name or ref.obj.name)
    made.obj.param, made.obj.mixed = ref.obj.param, ref.obj.mixed
    if not ref.place and ref.obj in e.contiguous:
        e.contiguous.add(made.obj)
    e.state.link_like(made.obj, ref.obj)
    return made


# -- parts of parameters ------------------------------------------------------------------------------


def pin_parts(e: Engine) -> None:
    """Pin what the paths in `wrt` lead to."""
    for text in e.marks.asked.sources:
        root, steps = split_path(text)
        if steps and text not in e.marks.outside:
            e.env[root] = pin_part(e, e.env[root], steps, text)


def pin_part(e: Engine, root: Any, steps: Sequence[Any], text: str) -> Any:
    m = e.marks
    shown = next((k for k in reversed(steps) if isinstance(k, str) and k.isidentifier()), None)

    def mark(v: Any, rest: tuple[Any, ...]) -> Any:
        made = pin(e, v, text, "path", shown)
        shape = m.shapes["path", text]
        if rest and isinstance(shape, Var):
            m.shapes["path", text] = Item(shape, rest)
        return made

    def missing(k: Any, keys: tuple[Any, ...]) -> UsageError:
        return UsageError(
            what=f"wrt={text!r}: there is no {k!r} in it",
            instead=f"one of {list(dict.fromkeys(keys))}" if keys else "what lies before it in the path",
        )

    return change_part(e, root, tuple(steps), mark, missing)


def change_part(
    e: Engine,
    v: Any,
    path: tuple[Any, ...],
    change: Callable[[Any, tuple[Any, ...]], Any],
    missing: Callable[[Any, tuple[Any, ...]], Exception] | None = None,
) -> Any:
    """Return a value with what a path leads to replaced by `change(part, rest of the path)`.

    In a list of any length there are no parts: it is changed itself.
    """
    c = e.state.heap[v.obj] if isinstance(v, Ref) else v
    if not path or (isinstance(c, Var) and isinstance(c.type, List)):
        return change(v, path)
    keys = _keys(c)
    if path[0] not in keys:
        raise missing(path[0], keys) if missing is not None else KeyError(path[0])
    k = keys.index(path[0]) % len(c.items)
    items = (*c.items[:k], change_part(e, c.items[k], path[1:], change, missing), *c.items[k + 1 :])
    if isinstance(c, TupleV):
        return TupleV(items, c.cls)
    e.state.heap[v.obj] = replace(c, items=items)
    return v


def parts(c: TupleV | Seq | Map) -> list[tuple[str, Any]]:
    """Return the items of a structure, each with how the user reads it: `.w`, `['w']`, `[0]`."""
    if isinstance(c, Map):
        return [(f"[{k!r}]" if c.cls is dict else f".{k}", i) for k, i in zip(c.keys, c.items)]
    return [(f"[{k}]", i) for k, i in enumerate(c.items)]


def _keys(c: Any) -> tuple[Any, ...]:
    """Return what the items of a structure are reached by; those of a sequence twice, from either end."""
    if isinstance(c, Map):
        return c.keys
    if isinstance(c, (Seq, TupleV)):
        n = len(c.items)
        fields = c.cls._fields if isinstance(c, TupleV) and c.cls is not None else ()  # type: ignore[attr-defined]
        return (*range(n), *range(-n, 0), *fields)
    return ()


def _gather(e: Engine, name: str, value: Any) -> None:
    """Add a tagged value to those that the tag has met."""
    m = e.marks
    obj = m.cells[name]
    if e.loops or m.unrolled:
        m.listed.add(name)
    now, c = e.value(value), e.content(obj)
    if isinstance(c, Seq):
        e.write(obj, Seq((*c.items, now)))
        return
    elem = e.element_type(c, Seq((now,)))
    if elem is None:
        raise UnsupportedError(
            what=f"the tag '{name}' in `of` for values of different types",
            instead="one tag for each type",
            origin=e.origin,
        )
    new = e.b.call("append", c, now)
    if isinstance(new, Var):
        new.type = List(elem)
    e.write(obj, new)
