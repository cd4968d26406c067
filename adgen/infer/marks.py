"""Values that `wrt`, `of` and `stop_gradients` speak of by name: locals, tags, parts of parameters.

A source is *pinned*: `y = pin(v)`, after which the program reads `y`. A pin computes nothing. Reverse mode reads the
cotangent of `y` there and hands it on to `v` only if another source lies before it. Pins are gone before emit.
What is held constant goes through `stop_gradient`. Both give the value to the name alone: what other names hold of the
same memory is linked, so that a later write is seen or refused, never missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from adgen.api.paths import split_path
from adgen.errors import TypeMismatchError, UnsupportedError, UsageError
from adgen.infer.values import Map, Maybe, Obj, Ref, Seq, TupleV
from adgen.ir.nodes import Block, Const, If, Let, Loop, Operand, Origin, Var
from adgen.ir.types import List, Opaque, Type, is_floating

if TYPE_CHECKING:
    from adgen.api.request import Options
    from adgen.infer.engine import Engine


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


@dataclass(frozen=True, slots=True)
class Label:
    """What a pin stands for: `kind` is "local", "tag" or "path"; `path` leads to a part of the value."""

    name: str
    kind: str
    path: tuple[Any, ...] = ()
    repeated: bool = False  # a loop that was unrolled is round it


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """The structure of a source: leaves are values, None what has no gradient."""

    cls: type
    keys: tuple[Any, ...]
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """An item of a source that is a list of any length."""

    of: Var
    steps: tuple[Any, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Many:
    """A structure that a loop makes anew in each iteration: its leaves are lists, it is a list of structures."""

    each: Tree
    depth: int  # of loops round it


Source = Any  # Var | Tree | Item | Many | None
Change = Callable[[Operand, tuple[Any, ...]], Operand]


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


def begin(e: Engine, fn: Any, asked: Asked, params: Sequence[str]) -> Marks:
    """Return what a run starts with. Parameters in `wrt` are no concern of it, parts of them are."""
    m = Marks(replace(asked, sources=tuple(n for n in asked.sources if n not in params)), roots=asked.sources)
    if not hasattr(fn, "__adgen_calls__"):
        m.frame = e.frame
    for name in asked.targets:
        m.cells[name] = Obj(name)
        e.state.heap[m.cells[name]] = Seq(())
    return m


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
    from adgen.infer.operations import named

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
    from adgen.infer.operations import named

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
                return _change_content(e, content, partial(_cut, e, name, name), (), name)
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
        new = _change_content(e, old, change, path, name)
        return v if new is old else apart(e, v, new, name)
    return change(v, path) if isinstance(v, (Var, Const)) else v


def _change_content(e: Engine, c: Any, change: Change, path: tuple[Any, ...], name: str | None) -> Any:
    if isinstance(c, (Seq, Map)):
        keys: Sequence[Any] = c.keys if isinstance(c, Map) else range(len(c.items))
        items = tuple(change_leaves(e, i, change, None, (*path, k)) for k, i in zip(keys, c.items))
        if _same(items, c.items):
            return c
        return Seq(items) if isinstance(c, Seq) else Map(c.keys, items, c.cls)
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
        if steps:
            if root not in e.env:
                raise UsageError(what=f"wrt={text!r}: there is no parameter {root!r}")
            e.env[root] = _pin_part(e, e.env[root], steps, text)


def _pin_part(e: Engine, root: Any, steps: Sequence[Any], text: str) -> Any:
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
    e.state.heap[v.obj] = Seq(items) if isinstance(c, Seq) else Map(c.keys, items, c.cls)
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


# -- targets --------------------------------------------------------------------------------------------


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


def targets(e: Engine, fn: Any) -> Operand:
    """Return what the names in `of` stand for when the function ends."""
    check_names(e, fn)
    found = [_target(e, name) for name in e.marks.asked.targets]
    return found[0] if len(found) == 1 else e.b.call("make_tuple", *found)


def _target(e: Engine, name: str) -> Operand:
    m = e.marks
    if name in m.tags:
        c = e.content(m.cells[name])
        if isinstance(c, Seq) and len(c.items) == 1 and name not in m.listed:
            return _floating(e, c.items[0], name)
        if isinstance(c, Seq) and not c.items:
            raise UsageError(what=f"of={name!r}: that tag is met on no path that these arguments can take")
        return _floating(e, e.value(Ref(m.cells[name])), name)
    keep, e.frame = e.frame, m.frame if m.frame is not None else e.frame
    try:
        return _floating(e, e.value(e.get(name)), name)
    finally:
        e.frame = keep


def _floating(e: Engine, v: Operand, name: str) -> Operand:
    if is_floating(v.type):
        return v
    raise TypeMismatchError(
        what=f"of={name!r}: that value is {describe_type(v.type)}, which has no derivative",
        instead="name a floating-point value",
    )


# -- what came of it --------------------------------------------------------------------------------------


def collect(e: Engine, body: Block, fn: Any) -> dict[str, Source]:
    """Return the source that each name stands for in a finished program."""
    check_names(e, fn)
    found: dict[tuple[str, str], list[tuple[Let, Label, int]]] = {}
    _find(body, 0, found)
    return {name: _source(e, name, found, fn) for name in e.marks.asked.sources}


def _find(block: Block, depth: int, found: dict[tuple[str, str], list[tuple[Let, Label, int]]]) -> None:
    for s in block.stmts:
        if isinstance(s, If):
            _find(s.then, depth, found)
            _find(s.orelse, depth, found)
        elif isinstance(s, Loop):
            _find(s.body, depth + 1, found)
        elif s.op.name == "pin":
            label: Label = s.args[1].value  # type: ignore[union-attr]
            found.setdefault((label.kind, label.name), []).append((s, label, depth))


def _source(e: Engine, name: str, found: Mapping[tuple[str, str], list[tuple[Let, Label, int]]], fn: Any) -> Source:
    m = e.marks
    kind = "path" if ("path", name) in m.shapes else "tag" if name in m.tags else "local"
    pins = found.get((kind, name), [])
    shape = m.shapes.get((kind, name))
    if kind == "local":
        _refuse_ambiguous(e, name, pins, fn)
    if not pins:
        _refuse_missing(m, kind, name, fn)
    if kind != "tag":
        return shape
    straight = [s for s, label, depth in pins if not depth and not label.repeated]
    paths = [label.path for _, label, _ in pins]
    if len(straight) == len(pins) and len(set(paths)) == len(paths):
        return shape
    depths = {depth for _, _, depth in pins}
    if isinstance(shape, Tree) and len(depths) == 1:
        if depths == {0}:
            return _copies(shape, pins)
        if len(set(paths)) == len(paths) and not any(label.repeated for _, label, _ in pins):
            return Many(shape, depths.pop())
    if any(paths) or len(depths) > 1 or (len(pins) > 1 and depths != {0}):
        raise UnsupportedError(
            what=f"the tag '{name}' in wrt, which is met many times, of {'a structure' if any(paths) else 'loops'}",
            why="the gradients would form no list of one kind",
            instead="give each place a tag of its own, and tag the parts of a structure",
            origin=pins[0][0].origin,
        )
    if len(pins) == 1 and not pins[0][1].repeated:
        return pins[0][0].out
    return Tree(list, tuple(range(len(pins))), tuple(s.out for s, _, _ in pins))


def _copies(shape: Tree, pins: Sequence[tuple[Let, Label, int]]) -> Tree:
    """Return the list of structures that the pins of one tag make, one after the other."""
    n = len(leaves(shape))
    groups = [pins[k : k + n] for k in range(0, len(pins), n)]
    if any([label.path for _, label, _ in g] != [label.path for _, label, _ in groups[-1]] for g in groups):
        raise UnsupportedError(
            what=f"the tag '{pins[0][1].name}' in wrt, which is met many times, of structures that differ",
            why="the gradients would form no list of one kind",
            instead="give each place a tag of its own",
            origin=pins[0][0].origin,
        )
    made = [_with_leaves(shape, iter([s.out for s, _, _ in g])) for g in groups]
    return Tree(list, tuple(range(len(made))), tuple(made))


def _with_leaves(source: Source, outs: Iterator[Var]) -> Source:
    if isinstance(source, Tree):
        return Tree(source.cls, source.keys, tuple(_with_leaves(i, outs) for i in source.items))
    return next(outs) if isinstance(source, Var) else None


def _refuse_ambiguous(e: Engine, name: str, pins: Sequence[tuple[Let, Label, int]], fn: Any) -> None:
    from adgen.frontend.cells import cell_of

    m = e.marks
    places = list(m.places.get(name, {}).values())
    shared = cell_of(name) in e.state.frames.get(m.frame or 0, {})
    looped = any(depth or label.repeated for _, label, depth in pins)
    paths = [label.path for _, label, _ in pins]
    once = len(places) < 2 and len(set(paths)) == len(paths)  # a statement may run in two branches
    if once and not looped and not shared and name not in m.written:
        return
    if (later := m.written.get(name)) is not None:
        places.append(later)
    lines = dict.fromkeys((o.line, o.text) for o in sorted(places, key=lambda o: o.line))
    often = "is assigned in a loop" if looped else "is assigned on several paths"
    what = f"gets a value in {len(lines)} places" if len(lines) > 1 else often
    raise UsageError(
        what=f"wrt={name!r}: which value of '{name}' is meant? It "
        f"{'is assigned by a function inside, too,' if shared else what} in {fn.__name__}()",
        why="\n".join(f"  line {n}: {text}" for n, text in lines),
        instead=f'mark the one that is meant with adgen.tag(..., "{name}")',
        origin=places[0] if places else None,
    )


def _refuse_missing(m: Marks, kind: str, name: str, fn: Any) -> None:
    """No pin: the value is not floating point, or the program never has one."""
    from adgen.frontend.lower import lower

    if (kind, name) in m.shapes:
        text = {"tag": "the tagged value", "path": "it", "local": "the local variable"}[kind]
        raise TypeMismatchError(
            what=f"{fn.__name__}: wrt={name!r}: {text} holds no floating-point number, so it has no derivative",
            why="a gradient with respect to something needs it to be a floating-point number or to hold some.",
            instead=f"make it a float where it is made, or leave {name!r} out of wrt",
            origin=m.made[kind, name],
        )
    inner = getattr(fn, "__adgen_calls__", fn)
    names = [n for n in lower(inner).assigned if n.isidentifier()]
    if kind == "tag" or name in names:
        raise UsageError(what=f"wrt={name!r}: it gets no value on any path that these arguments can take")
    raise unknown("wrt", name, fn, (*names, *m.tags))


def unknown(option: str, name: str, fn: Any, known: Sequence[str]) -> UsageError:
    """Return the error for a name that is no parameter, no local variable and no tag."""
    return UsageError(
        what=f"{option}={name!r}: {fn.__name__} has no parameter, local variable or tag of that name",
        instead=f"one of {', '.join(sorted(dict.fromkeys(known)))}" if known else "mark a value with adgen.tag",
    )


def check_names(e: Engine, fn: Any) -> None:
    """Refuse names in `of` and `stop_gradients` that nothing has."""
    from adgen.frontend.lower import lower

    tree = lower(getattr(fn, "__adgen_calls__", fn))
    known = [n for n in (*[p.name for p in tree.params], *tree.assigned, *e.marks.tags) if n.isidentifier()]
    asked = e.marks.asked
    for option, names in (("of", asked.targets), ("stop_gradients", asked.stops)):
        for name in names:
            if name not in known and name not in e.marks.tags:
                raise unknown(option, name, fn, known)


def leaves(source: Source) -> list[Var]:
    """Return the values that a source consists of."""
    if isinstance(source, Var):
        return [source]
    if isinstance(source, Item):
        return [source.of]
    if isinstance(source, Many):
        return leaves(source.each)
    return [v for i in source.items for v in leaves(i)] if isinstance(source, Tree) else []


def describe_type(t: Type) -> str:
    return f"of type {t}"
