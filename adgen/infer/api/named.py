"""What the names in `wrt` and `of` stand for when a function has run, and the names that nothing has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import TypeMismatchError, UnsupportedError, UsageError
from adgen.infer.values import Map, Ref, Seq, TupleV
from adgen.ir.nodes import Block, If, Let, Loop, Operand, Var
from adgen.ir.source import Label, Many, Source, Tree, leaves
from adgen.ir.types import Type, is_floating

if TYPE_CHECKING:
    from adgen.frontend.tree import Function
    from adgen.infer.api.marks import Marks
    from adgen.infer.engine import Engine


def targets(e: Engine, fn: Any) -> Operand:
    """Return what the names in `of` stand for when the function ends."""
    check_names(e, fn)
    found = [target(e, name) for name in e.marks.asked.targets]
    return found[0] if len(found) == 1 else e.b.call("make_tuple", *found)


def target(e: Engine, name: str) -> Operand:
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


def collect(e: Engine, body: Block, fn: Any) -> dict[str, Source]:
    """Return the source that each name stands for in a finished program."""
    check_names(e, fn)
    found: dict[tuple[str, str], list[tuple[Let, Label, int]]] = {}
    _find(body, 0, found)
    return {name: _source(e, name, found, fn) for name in e.marks.asked.sources}


def value_inside(e: Engine, name: str, since: Block, function: Function) -> Any:
    """Return the value that a name in `wrt` of a function called inside of the program stands for.

    `since` are the statements of the call.
    """
    m = e.marks
    kind = "tag" if name in m.tags else "local"
    found: dict[tuple[str, str], list[tuple[Let, Label, int]]] = {}
    _find(since, 0, found)
    pins = found.get((kind, name), [])
    if name not in m.tags and name not in function.assigned:
        raise unknown("wrt", name, function.name, (*function.assigned, *m.tags))
    paths = [label.path for _, label, _ in pins]
    straight = all(s in since.stmts and not label.repeated for s, label, _ in pins)
    if len(set(paths)) < len(paths) or not straight or name in m.written or len(m.places.get(name, {})) > 1:
        raise UnsupportedError(
            what=f"wrt={name!r} of a gradient that is made inside of a function, which is more than one value",
            why=f"it gets its value in a branch or loop of {function.name}(), or several times",
            instead="adgen.gradients of the value that is meant, where it is",
            origin=e.origin,
        )
    if not pins:
        raise TypeMismatchError(
            what=f"wrt={name!r} of a gradient of {function.name}(): it holds no floating-point number on this path",
            instead="make it a float where it is made",
            origin=e.origin,
        )
    return _as_value(e, m.shapes[kind, name])


def _as_value(e: Engine, source: Source) -> Any:
    """Return the value of a source that is a structure of pinned values."""
    if isinstance(source, Tree):
        items = tuple(_as_value(e, i) for i in source.items)
        if issubclass(source.cls, tuple):
            return TupleV(items, source.cls if source.cls is not tuple else None)
        return e.new(Seq(items) if source.cls is list else Map(source.keys, items, source.cls))
    return e.wrap(source) if isinstance(source, Var) else e.b.const(None)


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
    raise unknown("wrt", name, fn.__name__, (*names, *m.tags))


def unknown(option: str, name: str, called: str, known: Sequence[str]) -> UsageError:
    """Return the error for a name that is no parameter, no local variable and no tag."""
    return UsageError(
        what=f"{option}={name!r}: {called} has no parameter, local variable or tag of that name",
        instead=f"one of {', '.join(sorted(dict.fromkeys(known)))}" if known else "mark a value with adgen.tag",
    )


def check_names(e: Engine, fn: Any) -> None:
    """Refuse names in `of` and `stop_gradients` that nothing has."""
    from adgen.frontend.lower import lower

    check_known(e, lower(getattr(fn, "__adgen_calls__", fn)), fn.__name__)


def check_known(e: Engine, tree: Function, called: str) -> None:
    """Refuse names that a function does not have."""
    known = [n for n in (*[p.name for p in tree.params], *tree.assigned, *e.marks.tags) if n.isidentifier()]
    asked = e.marks.asked
    for option, names in (("of", asked.targets), ("stop_gradients", asked.stops)):
        for name in names:
            if name not in known and name not in e.marks.tags:
                raise unknown(option, name, called, known)


def describe_type(t: Type) -> str:
    return f"of type {t}"
