"""Activity: which values depend on a source, and which of those a result depends on.

`find_varied` walks forward, `reach` backward; both go to a fixed point in loops. Integers, booleans, strings
and shapes are inactive by kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np

from adgen.errors import NoGradientError
from adgen.ir.nodes import Block, Const, If, Index, Let, Loop, Operand, Place, Slice, Var, ViewStep
from adgen.ir.summary import CALLS, Summary, summary_of
from adgen.ir.types import Array, Dict, List, Opaque, Record, Tuple, Type, is_complex, is_floating
from adgen.rules.typing import bound_args

LIKE = {
    "np.full_like": (0,),
    "unbroadcast": (1,),
    "fit_gradient": (1, 2),
    "as_seed": (1,),
    "as_tangent": (1,),
}  # arguments only the shape of which is taken
PLACES = ("getitem", "update")  # what follows the value are indices


READERS: tuple[Any, ...] = (print, str, repr, format, str.format, len, isinstance, type, getattr, id)
DRAWING = (np.random.Generator, np.random.RandomState)
TELLERS = ("critical", "debug", "error", "exception", "format", "info", "log", "warning")


def inputs(s: Let, jumps: bool = False) -> tuple[Operand, ...]:
    """Return the operands that a statement may be differentiated in; `jumps`: where the derivative is zero, too."""
    op = s.op
    if op.flat and not jumps:
        return tuple(
            i
            for p, a in bound_args(op, s.args, s.kws).items()
            for i in (a if isinstance(a, tuple) else (a,))
            if p not in op.flat or is_complex(i.type)
        )
    if op.kind in ("zero", "query") or op.name == "stop_gradient":
        return ()
    if op.name in ("getitem", "hook"):
        return s.args[:1]
    if op.user and op.note in ("", "through") and len(op.diff) < len(op.params):
        bound = bound_args(op, s.args, s.kws)
        return tuple(i for p in op.diff for i in (bound[p] if isinstance(bound[p], tuple) else (bound[p],)))
    if op.name in CALLS:
        return tuple(a for k, a in enumerate(s.args[1:]) if is_floating(a.type) and depends(summary_of(s), k))
    if op.name == "update":
        return s.args[1:2] if overwrites(s) else s.args[:2]
    if op.kind == "constructor" and not op.diff:
        return ()
    if op.name in LIKE:
        return tuple(a for k, a in enumerate(s.args) if k not in LIKE[op.name])
    return s.args


def overwrites(s: Let) -> bool:
    """Say whether a statement writes every element of an array: nothing is left of what it was."""
    if s.op.name != "update" or s.mode != "set" or not isinstance(s.out.type, Array):
        return False
    return all(isinstance(step, Index) and all(i is Ellipsis or i == Slice() for i in step.items) for step in s.place)


def left_by(s: Let, made: Mapping[Var, Let]) -> Operand:
    """Return the array of which a write keeps the rest: not what the same place was given just before."""
    base = s.args[0]
    before = made.get(base) if isinstance(base, Var) and s.mode == "set" else None
    if before is None or before.op.name != "update" or before.mode != "set" or not isinstance(s.out.type, Array):
        return base
    same = before.args[2:] == s.args[2:] and _short(before.place) == _short(s.place)
    return left_by(before, made) if same else base


def _short(place: Place) -> list[Index | ViewStep]:
    """Return a place without what takes all of an axis at its end."""
    found: list[Index | ViewStep] = []
    for step in place:
        if isinstance(step, Index):
            items = list(step.items)
            while items and (items[-1] is Ellipsis or items[-1] == Slice()):
                items.pop()
            step = Index(tuple(items))
        if not isinstance(step, Index) or step.items:
            found.append(step)
    return found


def _holds_opaque(t: Type) -> bool:
    if isinstance(t, (Tuple, Record)):
        return any(map(_holds_opaque, t.items))
    return _holds_opaque(t.elem) if isinstance(t, (List, Dict)) else isinstance(t, Opaque)


class Varied:
    """The values that depend on the sources."""

    def __init__(self, body: Block, sources: Iterable[Var], cuts: Collection[Var] = (), jumps: bool = False) -> None:
        self.jumps = jumps  # follow what is constant between its jumps
        self.values: set[Var] = set(sources)
        self.cuts = cuts  # values that are held constant
        self.tainted: dict[Var, Let] = {}  # what comes of an active value that went where nobody can follow, and where
        self.made: dict[Var, Let] = {}
        self.leak: Let | None = None  # the first call that may have kept an active value in some object
        self._block(body)
        for v in body.results:
            if isinstance(v, Var) and v in self.tainted:
                self._refuse(self.tainted[v])

    def __contains__(self, v: Operand) -> bool:
        return isinstance(v, Var) and v in self.values

    def _mark(self, out: Var) -> None:
        if is_floating(out.type) and out not in self.cuts:
            self.values.add(out)

    def _block(self, block: Block) -> None:
        for s in block.stmts:
            if isinstance(s, Let):
                self._let(s)
            elif isinstance(s, If):
                self._block(s.then)
                self._block(s.orelse)
                for out, a, b in zip(s.outs, s.then.results, s.orelse.results):
                    self._join(out, a, b)
            else:
                self._loop(s)

    def _join(self, out: Var, *parts: Operand) -> None:
        if any(p in self for p in parts):
            self._mark(out)
        self._taint(out, parts)

    def _taint(self, out: Var, parts: Iterable[Operand]) -> None:
        found = [self.tainted[p] for p in parts if isinstance(p, Var) and p in self.tainted]
        if found and out not in self.cuts and self._may_carry(out):
            self.tainted.setdefault(out, found[0])

    @staticmethod
    def _may_carry(v: Var) -> bool:
        return _holds_opaque(v.type) or is_floating(v.type) or isinstance(v.type, Dict)

    def _refuse(self, s: Let) -> None:
        fn = s.args[0] if s.op.name == "opaque" and s.args else None
        name = getattr(fn.value, "__name__", "") if isinstance(fn, Const) else ""
        what = (
            f"{name}() has no rule and no source to differentiate"
            if name
            else "an active value goes where adgen can't follow"
        )
        cure = (
            "do the computation with NumPy, register a rule for the function, or wrap the value in adgen.stop_gradient"
        )
        if s.op.name == "update":
            what = "a dict key that depends on a value that is differentiated"
            cure = "use integers or strings as keys, or hold the key constant with adgen.stop_gradient"
        elif any(isinstance(a, Var) and isinstance(a.type, Opaque) for a in s.args):
            what = "an active value meets an object of unknown type"
            cure = "make the object a number, as in `float(y)`"
        raise NoGradientError(
            what=what,
            why="what comes out depends on a value that is differentiated, and the result on it",
            instead=cure,
            origin=s.origin,
        )

    def _let(self, s: Let) -> None:
        self.made[s.out] = s
        if s.op.name == "opaque":
            if self.leak is not None and any(map(self._may_hold, s.args)):
                if self._may_carry(s.out):
                    self.tainted.setdefault(s.out, self.leak)
            elif self._may_keep(s):
                self.leak = s
        if s.op.name in CALLS:
            self._taint(s.out, s.args[1:])
            self._call(s)
            return
        into = inputs(s, self.jumps)
        if s.op.name == "update" and len(into) == 2:
            into = (left_by(s, self.made), *into[1:])
        # refused if the result depends on it: what only feeds a stop may be anything
        self._taint(s.out, into)
        if s.op.name == "update" and isinstance(s.out.type, Dict):
            if any(a in self or a in self.tainted for a in s.args[2:]):
                self.tainted.setdefault(s.out, s)  # who reads the keys gets what nobody differentiates
        elif s.op.name == "keys_of":
            self._taint(s.out, s.args)
        if any(a in self for a in into):
            self._mark(s.out)
            if isinstance(s.out.type, Opaque) or (s.op.user and _holds_opaque(s.out.type)):
                self.tainted.setdefault(s.out, s)

    def _call(self, s: Let) -> None:
        """The result of a summary depends on a source if its body says so."""
        if any(depends(summary_of(s), k) for k, a in enumerate(s.args[1:]) if a in self):
            self._mark(s.out)

    def _may_keep(self, s: Let) -> bool:
        """Say whether an unknown call gets an active value, or a text of one, that it may put into an object."""
        if not any((a in self and not isinstance(a.type, Opaque)) or a in self.tainted for a in s.args[1:]):
            return False
        fn = s.args[0]
        if isinstance(fn, Const):
            into_file = fn.value is print and "file" in s.kws
            return fn.value not in READERS or (into_file and isinstance(s.args[s.kws.index("file") - len(s.kws)], Var))
        made = self.made.get(fn)
        name = made.args[2] if made is not None and made.op.name == "opaque" and len(made.args) == 3 else None
        return not (isinstance(name, Const) and name.value in TELLERS)

    def _may_hold(self, a: Operand) -> bool:
        """Say whether an operand may be an object into which an active value went, or a method of one."""
        made = self.made.get(a) if isinstance(a, Var) else None
        if made is not None and made.op.name == "opaque" and isinstance(made.args[0], Const):
            a = made.args[1] if made.args[0].value is getattr else a
        if not isinstance(a, Var) or not isinstance(a.type, Opaque):
            return False
        return a.type.cls is None or not issubclass(a.type.cls, DRAWING)

    def _loop(self, s: Loop) -> None:
        for c in s.consumes:
            self._join(c.var, c.seq)
        for p, init in zip(s.params, s.inits):
            self._join(p, init)
        while True:
            before = len(self.values) + len(self.tainted)
            self._block(s.body)
            for p, y in zip(s.params, s.yields):
                self._join(p, y)
            if len(self.values) + len(self.tainted) == before:
                break
        sure = runs_at_all(s)
        for out, p, y in zip(s.outs, s.params, s.yields):
            self._join(out, y) if sure else self._join(out, p, y)
        for q, y in zip(s.collects, s.collected):
            self._join(q, y)


_doubtful: list[tuple[Summary, int]] = []


def depends(summary: Summary, k: int) -> bool:
    """Say whether a summary's result depends on a parameter: at first no inner call's does."""
    if k in summary.varied:
        return summary.varied[k]
    summary.varied[k] = False
    mark = len(_doubtful)
    while True:
        varied = Varied(summary.func.body, [summary.func.params[k]])
        if summary.varied[k] or summary.func.body.results[0] not in varied:
            break
        summary.varied[k] = True
        for other, key in _doubtful[mark:]:  # found while this one was taken not to depend
            other.varied.pop(key, None)
        del _doubtful[mark:]
    if not summary.varied[k]:
        _doubtful.append((summary, k))
    return summary.varied[k]


def jumps_with(body: Block, source: Var, cuts: Collection[Var] = ()) -> bool:
    """Say whether a body's results depend on a source through what is constant between its jumps."""
    varied = Varied(Block(body.stmts, ()), [source], cuts, jumps=True)
    return any(r in varied for r in body.results)


def runs_at_all(s: Loop) -> bool:
    """Say whether a loop is known to run once at least, so that what it leaves is what an iteration yields."""
    if s.range is None or s.test is not None or s.consumes:
        return False
    bounds = [a.value for a in (s.range.start, s.range.stop, s.range.step) if isinstance(a, Const)]
    return len(bounds) == 3 and bounds[2] != 0 and len(range(*bounds)) > 0


def reach(block: Block, wanted: set[Var], varied: Varied) -> set[Var]:
    """Return `wanted` with everything varied in or above the block whose cotangent it makes nonzero."""
    for s in reversed(block.stmts):
        if isinstance(s, Let):
            if s.out in wanted:
                wanted.update(a for a in inputs(s) if isinstance(a, Var) and a in varied)
        elif isinstance(s, If):
            for k, out in enumerate(s.outs):
                if out in wanted:
                    for side in (s.then, s.orelse):
                        r = side.results[k]
                        if isinstance(r, Var) and r in varied:
                            wanted.add(r)
            reach(s.then, wanted, varied)
            reach(s.orelse, wanted, varied)
        else:
            reach_loop(s, wanted, varied)
    return wanted


def reach_loop(s: Loop, wanted: set[Var], varied: Varied) -> list[int]:
    """Extend `wanted` through a loop; return the positions of the carried values with a cotangent."""
    active = {k for k, out in enumerate(s.outs) if out in wanted}
    fed = [y for q, y in zip(s.collects, s.collected) if q in wanted]
    while True:
        for k in active:
            y = s.yields[k]
            if isinstance(y, Var) and y in varied:
                wanted.add(y)
        wanted.update(y for y in fed if isinstance(y, Var) and y in varied)
        if active or fed:
            reach(s.body, wanted, varied)
        grown = active | {k for k, p in enumerate(s.params) if p in wanted and p in varied}
        if grown == active:
            break
        active = grown
    for k in active:
        init = s.inits[k]
        if isinstance(init, Var) and init in varied:
            wanted.add(init)
    for c in s.consumes:
        if c.var in wanted and isinstance(c.seq, Var):
            wanted.add(c.seq)
    return sorted(active)


__all__ = ["Const", "Varied", "inputs", "reach", "reach_loop"]
