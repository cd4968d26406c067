"""What can be seen in the body of a loop before it runs: the names that it binds, exposes and writes to.

A name is exposed that may be read, or left as it was, before an iteration binds it: its value comes from an earlier
iteration. What every iteration binds first needs no such value.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adgen.frontend import tree
from adgen.infer.values import Obj, reach

if TYPE_CHECKING:
    from adgen.infer.engine import Engine


def exposed_names(s: tree.For | tree.While) -> frozenset[str]:
    """Return the names of the program (temporaries come and go within a statement) that an iteration may need."""
    bound: set[str] = set()
    exposed: set[str] = set()
    if isinstance(s, tree.For):
        bound.add(s.target)
    else:
        _scan(s.before, bound, exposed)
        _read((s.test,), bound, exposed)
    _scan(s.body, bound, exposed)
    return frozenset(n for n in exposed if "%" not in n)


def _read(operands: Sequence[tree.Operand | None], bound: set[str], exposed: set[str]) -> None:
    exposed.update(a for a in operands if isinstance(a, str) and a not in bound)


def _scan(stmts: Sequence[tree.Stmt], bound: set[str], exposed: set[str]) -> None:
    """Go through a block: `bound` gets what it surely binds, `exposed` what it may need before."""
    for s in stmts:
        _read(tree.operands(s), bound, exposed)
        if isinstance(s, tree.Assign):
            if s.op == "function":
                _read(_free_names(s.data), bound, exposed)
            bound.add(s.target)
        elif isinstance(s, tree.Unpack):
            bound.update(s.targets)
        elif isinstance(s, tree.Delete) and s.name is not None:
            bound.discard(s.name)
            exposed.add(s.name)
        elif isinstance(s, tree.If):
            sides = [set(bound), set(bound)]
            for block, side in zip((s.then, s.orelse), sides):
                _scan(block, side, exposed)
            exposed |= (sides[0] ^ sides[1]) - bound  # one side leaves them as they were
            bound |= sides[0] & sides[1]
        elif isinstance(s, tree.With):
            bound.update([] if s.target is None else [s.target])
            _scan(s.body, bound, exposed)
        elif isinstance(s, tree.While):
            _scan(s.before, bound, exposed)
            _read((s.test,), bound, exposed)
            _perhaps(s.body, bound, exposed)
        elif isinstance(s, (tree.For, tree.Try)):
            if isinstance(s, tree.For):
                exposed.update([s.target] if s.target not in bound else [])
            if isinstance(s, tree.Try):
                _perhaps([*s.body, *s.orelse], bound, exposed)
            for block in tree.blocks(s)[2 if isinstance(s, tree.Try) else 0 :]:
                _perhaps(block, bound, exposed)


def _perhaps(block: Sequence[tree.Stmt], bound: set[str], exposed: set[str]) -> None:
    """Go through a block that may not run, or not to its end."""
    inside = set(bound)
    _scan(block, inside, exposed)
    exposed |= inside - bound


def _free_names(fn: tree.Function) -> list[tree.Operand | None]:
    return [str(t.data) for t in tree.walk(fn.body) if isinstance(t, tree.Assign) and t.op == "free"]


def is_numbered(name: str) -> bool:
    """Say whether a name is a temporary that one statement makes and uses."""
    return name.startswith("%") and name[1:].isdigit()


def assigned_names(s: tree.For | tree.While) -> list[str]:
    """Return the names that a loop's body binds, in order."""
    names: dict[str, None] = {}
    if isinstance(s, tree.For):
        names[s.target] = None
    stack: list[Any] = list(reversed(s.body))
    while stack:
        t = stack.pop()
        if isinstance(t, tree.Assign):
            names[t.target] = None
        elif isinstance(t, tree.Unpack):
            names.update(dict.fromkeys(t.targets))
        elif isinstance(t, (tree.For, tree.With)) and t.target is not None:
            names[t.target] = None
        elif isinstance(t, tree.Try):
            names[t.ok] = None
            names.update((h.name, None) for h in t.handlers if h.name is not None)
        stack.extend(reversed([u for b in tree.blocks(t) for u in b]))
    return list(names)


def likely_written(e: Engine, s: tree.For | tree.While) -> list[Obj]:
    """Guess which objects the body writes: those behind names that it stores into or calls methods of."""
    roots: dict[str, None] = {}
    source: dict[str, Any] = {}
    stack: list[Any] = list(reversed(s.body))
    while stack:
        t = stack.pop()
        if isinstance(t, tree.Assign):
            if t.args and isinstance(t.args[0], str):
                source.setdefault(t.target, t.args[0])
                if t.op == "inplace" or (t.op == "getattr" and t.data in ("append", "extend", "insert", "pop")):
                    roots[t.args[0]] = None
        elif isinstance(t, (tree.SetItem, tree.AugItem, tree.SetAttr)):
            if isinstance(t.base, str):
                roots[t.base] = None
        else:
            stack.extend(reversed([u for b in tree.blocks(t) for u in b]))
    found: dict[Obj, None] = {}
    for name in roots:
        seen = set()
        while name not in e.env and name in source and name not in seen:
            seen.add(name)
            name = source[name]
        reach(e.state, e.env.get(name), found)
    return list(found)
