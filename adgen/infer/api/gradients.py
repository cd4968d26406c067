"""One gradient of local values: what it is asked of, what of the program it goes through, and what it refuses.

All branches and loops before it are gone through: what they hand on is the same value before and after. Of what they
compute, what is not recorded is constant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from adgen.api.plain import is_plain
from adgen.errors import TypeMismatchError, UnsupportedError
from adgen.infer.api import earlier, weights
from adgen.infer.api.recording import Loose, Recorded, Retape, hands_on
from adgen.infer.values import Map, Maybe, Ref, Seq, TupleV
from adgen.ir.nodes import Block, Const, If, Let, Loop, Operand, Stmt, Var, defs
from adgen.ir.types import Bool, Dict, Int, List, NoneT, Opaque, Str, dims_of, is_floating

if TYPE_CHECKING:
    from adgen.infer.engine import Engine
    from adgen.transform.held import Items


def gradient(
    e: Engine, now: Recorded, ys: Any, xs: Any, given: Mapping[str, Any], stops: Sequence[Var],
    hint: dict[str, Any], only: Sequence[Var] | None,
) -> Any:  # fmt: skip
    from adgen.transform.held import item_values
    from adgen.transform.joined import depends
    from adgen.transform.splice import splice, visible_block

    if e.summaries:
        refuse_in_summary(e)
    leaves = leaves_of(e, xs)
    if e.taping < 2 and any(isinstance(v, Const) and is_floating(v.type) for v in leaves):
        raise Retape(2)
    require_floating_leaf(e, xs, "the source of a gradient")
    targets = _targets(e, ys, given.get("output_gradients"))
    if not targets:
        raise TypeMismatchError(what="the target of a gradient holds no floating-point value", origin=e.origin)
    sources = [v for v in (_content(e, x) for x in leaves) if isinstance(v, Var) and is_floating(v.type)]
    cuts = now.unrecorded(e.b.visible())
    block = visible_block(e.b, now.has)
    results = [y for y, _ in targets]
    for x in leaves:
        if isinstance(x, Ref) and not x.place:
            _refuse_written(e, x, block, cuts, results)
    if only is not None:
        sources = [v for v in sources if v in only or depends(block, only, cuts, (v,))]
    for v in sources:
        _refuse_taken(e, block, v, cuts, results)
        _refuse_hidden(e, block, v, cuts, results, False)
    for v in stops:
        _refuse_hidden(e, block, v, cuts, results, True)
    whole = Block(block.stmts, tuple(results))
    held = _find_lists(e, whole, stops, cuts)
    stops = [*stops, *(i for items in held.values() for i in item_values(block, items))]
    lists = _find_lists(e, whole, sources, cuts)
    for v in dict.fromkeys(i for items in lists.values() for i in items if isinstance(i, Var)):
        _refuse_taken(e, block, v, cuts, results)
        _refuse_hidden(e, block, v, cuts, results, False)
    earlier.note(e, now, cuts, results, sources, stops)
    found, rules = splice(e.b, now.has, targets, sources, cuts.union(stops), given["unconnected_gradients"], lists)
    keep_rules(e, rules)
    by_source = dict(zip(sources, found))
    unconnected = given["unconnected_gradients"]
    return in_structure(e, xs, lambda x: _found_of(e, x, by_source, unconnected, hint if x is xs else {}))


def refuse_in_summary(e: Engine) -> None:
    raise UnsupportedError(
        what=f"a gradient taken inside of '{e.summaries[-1].function.name}', which calls itself",
        why="what the calls around it computed is not there",
        instead="a function that computes it, and its gradient",
        origin=e.origin,
    )


def keep_rules(e: Engine, rules: Sequence[Any]) -> None:
    from adgen.api.request import Baked

    for r in rules:
        if isinstance(r, Baked):
            e.baked.setdefault((id(r.owner), r.name), (r.name, r.owner, r.value))
        elif not (getattr(r, "__module__", None) or "").startswith("adgen."):
            e.callees.setdefault(r)


def _content(e: Engine, x: Any) -> Any:
    """Return the value of a leaf as it is now."""
    if isinstance(x, Ref) and x.place and e.loose:
        raise Loose
    if isinstance(x, Ref):
        return e.value(x) if x.place else settled(e, e.content(x.obj))
    return settled(e, x)


def leaves_of(e: Engine, x: Any) -> list[Any]:
    """Return the numbers, arrays and lists of unknown length in a value."""
    if isinstance(x, Maybe):
        raise UnsupportedError(
            what="a gradient of or with respect to what may be None", instead="test it first", origin=e.origin
        )
    items: Sequence[Any] | None = None
    if isinstance(x, TupleV):
        items = x.items
    elif isinstance(x, Ref) and not x.place:
        c = e.content(x.obj)
        items = c.items if isinstance(c, (Seq, Map)) else None
    if items is not None:
        return [leaf for i in items for leaf in leaves_of(e, i)]
    if not isinstance(x, (Var, Const, Ref)):
        raise UnsupportedError(
            what="a gradient of or with respect to something that is no number, array or structure of them",
            origin=e.origin,
        )
    return [x]


def operands_of(e: Engine, x: Any) -> list[Operand]:
    return [] if x is None else [_content(e, v) for v in leaves_of(e, x)]


def operands_at(e: Engine, x: Any) -> list[Operand]:
    """Return the values of the leaves, parts of arrays as they are read now."""
    return [e.value(v) for v in leaves_of(e, x)]


def require_floating(e: Engine, v: Operand, what: str) -> None:
    if not is_floating(v.type):
        if isinstance(v.type, Opaque):
            raise UnsupportedError(
                what=f"{what} is an object of unknown type",
                why="which of its attributes are meant is not known",
                instead="name them, as in [model.w, model.b], or pass the object as an argument",
                origin=e.origin,
            )
        kind = "an int" if isinstance(v.type, Int) else "a bool" if isinstance(v.type, Bool) else str(v.type)
        cure = "make it floating point: 3.0 instead of 3, x.astype(float)"
        raise TypeMismatchError(
            what=f"{what} is {'a string' if isinstance(v.type, Str) else kind}, which has no derivative",
            instead=cure,
            origin=e.origin,
        )


def require_floating_leaf(e: Engine, x: Any, what: str) -> None:
    """Refuse a source that is an integer, a bool or a text itself; a structure may hold some."""
    leaves = leaves_of(e, x)
    if len(leaves) == 1 and leaves[0] is x:
        require_floating(e, _content(e, x), what)


def _targets(e: Engine, ys: Any, seeds: Any) -> list[tuple[Operand, Operand | None]]:
    """Return the targets with the gradients that they start with."""
    if weights.is_none(e, seeds):
        return [(y, None) for y in operands_of(e, ys) if is_floating(y.type)]
    parts = weights.items_of(e, ys)
    if parts is not None:
        found = weights.match(e, seeds, parts, f"targets {', '.join(map(repr, parts))}")
        return [t for k, y in parts.items() for t in _targets(e, y, found[k])]
    (y,) = operands_of(e, ys)
    if not is_floating(y.type):
        return []
    s = weights.as_number(e, seeds, y.type, y)
    return [(y, s if dims_of(s.type) == dims_of(y.type) else e.b.call("as_seed", s, y))]


def _refuse_written(e: Engine, x: Ref, block: Block, cuts: set[Var], results: Sequence[Operand]) -> None:
    """Refuse an array that was written after a target was computed from it: which of its values is meant?"""
    from adgen.transform.joined import depends

    now = settled(e, e.content(x.obj))
    before = older(e, now)
    if before and depends(block, before, cuts.union((now,) if isinstance(now, Var) else ()), results):
        raise UnsupportedError(
            what=f"a gradient with respect to '{x.obj.name or 'an array'}', which was written after it was used",
            why="the target depends on what was in it before",
            instead="ask before the write, or write into a copy",
            origin=e.origin,
        )


def _refuse_taken(e: Engine, block: Block, v: Var, cuts: set[Var], results: Sequence[Operand]) -> None:
    """Refuse an item of a list or dict as a source, where the target depends on what it was taken from: each time
    that it is taken it is another value."""
    from adgen.transform.joined import depends

    taken, made = v, e.b.defs.get(v)
    while made is not None and made.op.name in ("named", "bound") and isinstance(made.args[0], Var):
        taken, made = made.args[0], e.b.defs.get(made.args[0])
    if made is None or not made.args or not isinstance(made.args[0], Var):
        return
    base = made.args[0]
    if hands_on(made) and isinstance(base.type, (List, Dict)) and depends(block, (base,), cuts | {v, taken}, results):
        raise UnsupportedError(
            what=f"a gradient with respect to an item of '{base.name or 'a list'}', which the target depends on",
            why="each time that an item is taken out it is another value",
            instead="ask for the gradient by the list or dict, and take its item",
            origin=e.origin,
        )


def _find_lists(e: Engine, block: Block, sources: Sequence[Var], cuts: set[Var]) -> dict[Var, Items]:
    """Return where lists have their items from; refuse those that can't be said of and whose items have other uses."""
    from adgen.transform.held import enters, find_items, is_shared

    found: dict[Var, Items] = {}
    entered = {leaf.param for _, leaves in e.around for leaf in leaves.values()}
    for v in sources:
        if not isinstance(v.type, (List, Dict)):
            continue
        items = find_items(block, v)
        if items is not None:
            found[v] = items
        elif is_shared(block, v, cuts, block.results) or enters(block, v, entered, cuts, block.results):
            raise UnsupportedError(
                what=f"a gradient with respect to '{v.name or 'a list'}', whose items the target depends on themselves",
                why="which of them stand in the list is known at run time only",
                instead="let the program take the items out of the list, or append each of them once in each iteration",
                origin=e.origin,
            )
    return found


def _refuse_hidden(e: Engine, block: Block, v: Var, cuts: set[Var], results: Sequence[Operand], is_stop: bool) -> None:
    """Refuse a value of a branch or loop that the targets depend on other than through what is handed on."""
    from adgen.transform.joined import can_spread, is_hidden, maker

    s = maker(block, v)
    if s is None or not is_hidden(block, s, v, cuts, results):
        return
    if not is_stop and can_spread(block, s, v, cuts, results):
        return
    where = "loop" if isinstance(s, Loop) else "branch"
    what = "what is held constant" if is_stop else "the source"
    raise UnsupportedError(
        what=f"{what} of a gradient, '{v.name or 'a value'}', gets its value in a {where} that uses it as well",
        why=f"the target depends on it within the {where}, too, and on other values of that name",
        instead=f"ask inside the {where}, or give the value that is meant a name of its own after it",
        origin=e.origin,
    )


def settled(e: Engine, v: Operand) -> Operand:
    """Return the value that loops and branches only hand through."""
    return _source_of([s for *_, s in e.b.visible()], v)


def _source_of(stmts: Sequence[Stmt], v: Operand) -> Operand:
    made = {out: (s, k) for s in stmts for k, out in enumerate(defs(s)) if not isinstance(s, Let) or is_same(s)}
    while isinstance(v, Var) and v in made:
        s, k = made[v]
        if isinstance(s, Let):
            v = s.args[0]
            continue
        if isinstance(s, Loop):
            if v not in s.outs:
                break
            unchanged = _source_of(s.body.stmts, s.yields[k]) is s.params[k]
            found = s.inits[k]
        else:
            found = _source_of(s.then.stmts, s.then.results[k])
            unchanged = found is _source_of(s.orelse.stmts, s.orelse.results[k])
        if not unchanged:
            break
        v = found
    return v


def is_same(s: Let) -> bool:
    """Say whether a statement only makes sure that a value is there."""
    return s.op.name == "bound"


def older(e: Engine, v: Operand) -> set[Var]:
    """Return what an array has been before the writes that made it what it is."""
    made: dict[Var, Sequence[Operand]] = {}
    joined: set[Var] = set()  # what a branch hands on is no other value than inside of it
    for _, leaves in e.around:
        made.update({leaf.param: (leaf.init,) for leaf in leaves.values()})

    def collect(s: Stmt) -> None:
        if isinstance(s, Loop):
            made.update({out: (init,) for out, init in zip(s.outs, s.inits)})
        elif isinstance(s, If):
            for side in (s.then, s.orelse):
                for t in side.stmts:
                    collect(t)
            made.update({out: sides for out, *sides in zip(s.outs, s.then.results, s.orelse.results)})
            joined.update(s.outs)
        elif s.op.name == "update":
            made[s.out] = s.args[:1]

    for *_, s in e.b.visible():
        collect(s)
    found: set[Var] = set()
    seen: set[tuple[Operand, bool]] = set()
    pending = [(v, False)]
    while pending:
        one, written = pending.pop()
        for a in made.get(one, ()):  # type: ignore[arg-type]
            earlier = written or one not in joined
            if isinstance(a, Var) and (a, earlier) not in seen:
                seen.add((a, earlier))
                pending.append((a, earlier))
                found.update((a,) if earlier else ())
    return found


def in_structure(e: Engine, x: Any, of: Callable[[Any], Any]) -> Any:
    """Return what `of` makes of each leaf of a structure, in that structure; what is an object there is a namespace."""
    if isinstance(x, TupleV):
        return TupleV(tuple(in_structure(e, i, of) for i in x.items), x.cls)
    c = e.content(x.obj) if isinstance(x, Ref) and not x.place else None
    if isinstance(c, Seq):
        return e.new(Seq(tuple(in_structure(e, i, of) for i in c.items)))
    if isinstance(c, Map):
        items = tuple(in_structure(e, i, of) for i in c.items)
        return e.new(Map(c.keys, items, SimpleNamespace if is_plain(c.cls) else c.cls))
    return of(x)


def _found_of(e: Engine, x: Any, found: Mapping[Var, Operand], unconnected: str, hint: dict[str, Any]) -> Any:
    """Return the gradient of a source."""
    v = _content(e, x)
    g = found.get(v) if isinstance(v, Var) else None
    if g is None or isinstance(g.type, NoneT):
        if unconnected == "zero" and is_floating(v.type):
            return e.wrap(_zero(e, v))
        return e.b.const(None)
    if hint and isinstance(g, Var) and (g.name or "").startswith("d_"):
        g.name, g.fixed = hint["name"], True
    return e.wrap(g, hint.get("name"))


def _zero(e: Engine, v: Operand) -> Operand:
    from adgen.transform.cotangents import Cotangents

    return Cotangents(e.b).zero(v)
