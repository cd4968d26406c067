"""The smart constructor that every pass emits through: it types, folds and shares equal expressions.

Regions nest: `open` starts one, `close` ends it in a `Block`. An expression is shared with an equal one in
the same or an enclosing region. Algebra is applied to derived code only (`adjoint`), so that the
user's own computation keeps its rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from adgen.ir.nodes import Block, Const, Hole, If, Index, Let, Mode, Operand, Origin, Place, Slice, Stmt, Var
from adgen.ir.types import Array, Bool, Dict, Float, Int, List, Scalar, Type, Undef
from adgen.rules.lengths import length_of_result
from adgen.rules.registry import REGISTRY, Primitive
from adgen.rules.typing import join, result_type, type_of_value

# each makes memory that is written later: two of them are not one
ALLOCATES = frozenset(
    (
        "copy",
        "update",
        "append",
        "insert",
        "without",
        "values_of",
        "keys_of",
        "pin",
        "make_list",
        "dict_of",
        "items_at",
        "zero_at",
        "zeros_dict",
        "zeros_list",
        "ones_list",
        "np.zeros_like",
        "np.ones_like",
        "np.full_like",
        "np.empty_like",
    )
)
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=", "is", "is not", "not _", "&", "|", "^")
FOLDABLE = (bool, int, float, str, tuple, type(None))


MAX_BACK = 16  # statements that are looked back at

Region = tuple[list[Stmt], dict[Any, Var]]


class Builder:
    """Emits statements into the innermost open region."""

    def __init__(self) -> None:
        self._stmts: list[list[Stmt]] = []
        self._shared: list[dict[Any, Var]] = []
        self.defs: dict[Var, Let] = {}
        self.narrow = False  # a float32 or float16 array was met in the first `looked_at` definitions
        self.looked_at = 0
        self.origin: Origin | None = None
        self.adjoint = False
        self.shares = True  # two equal expressions are one value
        self.guards = 0  # `try` bodies round what is emitted
        self.stops = 0  # those of them that only wait for StopIteration, which no arithmetic raises
        self.unsteady: set[Var] = set()  # what opaque statements change under its name: reads stay where they are
        self.guarded = 0  # statements in them that may raise
        self.algebra: Callable[[Builder, str, tuple[Operand, ...]], Operand | None] | None = None
        self.negated: Callable[[Builder, Operand], Operand | None] | None = None

    def open(self) -> None:
        self._stmts.append([])
        self._shared.append({})

    def close(self, results: Sequence[Operand] = ()) -> Block:
        self._shared.pop()
        return Block(tuple(self._stmts.pop()), tuple(results))

    def suspend(self) -> Region:
        """Leave the innermost region without closing it."""
        return self._stmts.pop(), self._shared.pop()

    def resume(self, region: Region) -> None:
        self._stmts.append(region[0])
        self._shared.append(region[1])

    def splice(self, region: Region) -> None:
        """Add the statements of a suspended region to the innermost one."""
        self._stmts[-1].extend(region[0])
        self._shared[-1].update(region[1])

    def mark(self) -> tuple[int, dict[Any, Var]]:
        return len(self._stmts[-1]), dict(self._shared[-1])

    def rewind(self, depth: int, mark: tuple[int, dict[Any, Var]]) -> None:
        """Forget everything emitted since `mark` was taken at `depth`."""
        while self.depth > depth:
            self.suspend()
        del self._stmts[-1][mark[0] :]
        self._shared[-1].clear()
        self._shared[-1].update(mark[1])

    def visible(self) -> Iterator[tuple[int, list[Stmt], int, Stmt]]:
        """Yield the statements before this point that it can see, with their region (its depth from 0) and place."""
        for depth, region in enumerate(self._stmts):
            for k, s in enumerate(region):
                yield depth, region, k, s

    def place(self) -> tuple[int, int]:
        """Return depth and place of the next statement."""
        return len(self._stmts) - 1, len(self._stmts[-1])

    def append(self, s: Stmt) -> None:
        """Add a statement as it is."""
        self._stmts[-1].append(s)
        if isinstance(s, Let):
            self.defs[s.out] = s

    def take(self, since: int) -> list[Stmt]:
        """Take the statements from a place on out of the innermost region."""
        region = self._stmts[-1]
        taken = region[since:]
        del region[since:]
        return taken

    @property
    def depth(self) -> int:
        return len(self._stmts)

    @contextmanager
    def at(self, origin: Origin | None) -> Iterator[None]:
        """Stamp what is emitted inside with a statement of the user."""
        before, self.origin = self.origin, origin
        try:
            yield
        finally:
            self.origin = before

    def const(self, value: Any) -> Const:
        return Const(value, type_of_value(value))

    def share(self, stmts: Sequence[Stmt]) -> None:
        """Let the open region use what these statements computed."""
        shared = self._shared[-1]
        for s in stmts:
            if isinstance(s, Let) and s.op.effect == "pure":
                self.defs[s.out] = s
                key = self.key(s.op, s.args, s.kws, s.place, s.mode)
                if key is not None:
                    shared.setdefault(key, s.out)

    def row(self, name: str) -> Primitive:
        return REGISTRY.named(name)

    def call(self, name: str, *args: Operand, kws: tuple[str, ...] = (), name_hint: str | None = None) -> Operand:
        """Emit a primitive by its row's name."""
        return self.emit(REGISTRY.named(name), args, kws, name=name_hint)

    def emit(
        self,
        op: Primitive,
        args: Sequence[Operand],
        kws: tuple[str, ...] = (),
        place: Place = (),
        mode: Mode = "set",
        *,
        name: str | None = None,
        fixed: bool = False,
        type: Type | None = None,
    ) -> Operand:
        """Emit `op(*args)` and return its value: folded, shared or new."""
        args = tuple(args)
        if op.name == "getitem" and not place:
            place = (Index(tuple(Hole(k) for k in range(1, len(args)))),)
        if op.effect == "pure":
            if op.name == "item":
                found = self._item(args[0], args[1])
                if found is not None:
                    return found
            folded = self._fold(op, args, kws, place)
            if folded is not None:
                return folded
            if self.adjoint and self.algebra is not None:
                simpler = self.algebra(self, op.name, args)
                if simpler is not None:
                    return self.bind(simpler, name, fixed)
            key = None if isinstance(type, Dict) else self.key(op, args, kws, place, mode)
            if self.unsteady and not self.unsteady.isdisjoint(args):
                key = None
            if key is not None and self.shares:
                for shared in reversed(self._shared):
                    if key in shared:
                        return self.bind(shared[key], name, fixed)
        else:
            key = None
        try:
            t = type if type is not None else result_type(op, args, kws, place, mode)
        except (TypeError, ValueError, IndexError) as error:
            if not hasattr(error, "origin"):
                error.origin = self.origin  # type: ignore[union-attr]
            raise
        if (
            isinstance(t, Array)
            and [a for a in args if isinstance(a.type, Array) and a.type.loose]
            and op.name != "astype"
        ):
            t = replace(t, loose=True)
        out = Var(t, name, fixed)
        out.length = length_of_result(op.name, args)
        guarded = self.guards > (self.stops if op.effect != "opaque" else 0) and may_raise(op, args, place)
        self.guarded += guarded
        if self.unsteady and not self.unsteady.isdisjoint(args):
            guarded = True
        self.append(Let(out, op, args, kws, place, mode, self.origin, self.adjoint, guarded))
        if key is not None:
            self._shared[-1][key] = out
        return out

    def _item(self, record: Operand, key: Operand) -> Operand | None:
        """Return an item of a structure that was made here."""
        made = self.defs.get(record) if isinstance(record, Var) else None
        if made is None or not isinstance(key, Const):
            return None
        at: int | None = None
        if made.op.name == "make_tuple":
            at = key.value
        elif made.op.name == "make_record" and isinstance(made.args[1], Const):
            at = 2 + made.args[1].value.index(key.value)
        return None if at is None else made.args[at]

    def bind(self, value: Operand, name: str | None, fixed: bool) -> Operand:
        """Give an unnamed temporary of this region the name that it is assigned to."""
        if isinstance(value, Var) and value.name is None and name is not None and value in self.defs:
            value.name, value.fixed = name, fixed
        return value

    def _fold(self, op: Primitive, args: tuple[Operand, ...], kws: tuple[str, ...], place: Place) -> Const | None:
        if place or op.kind in ("structure", "constructor", "opaque"):
            return None
        values = []
        for a in args:
            if not isinstance(a, Const) or not isinstance(a.value, FOLDABLE):
                return None
            values.append(a.value)
        if op.name.startswith(("np.", "math.")) and op.kind != "query":
            return None
        try:
            positional = values[: len(values) - len(kws)]
            result = op.fn(*positional, **dict(zip(kws, values[len(positional) :])))
        except Exception:  # it raises when it runs, as the program did
            return None
        if not isinstance(result, FOLDABLE):
            return None
        if isinstance(result, float) and not math.isfinite(result) and op.name != "neg":
            return None
        return self.const(result)

    @staticmethod
    def key(op: Primitive, args: tuple[Operand, ...], kws: tuple[str, ...], place: Place, mode: Mode) -> Any:
        if op.kind == "constructor" or op.name in ALLOCATES:
            return None
        parts: list[Any] = [op, kws, place, mode]
        for a in args:
            if isinstance(a, Var):
                parts.append(a)
            else:
                parts.append(
                    (type(a.value), repr(a.value) if isinstance(a.value, (float, complex, tuple)) else a.value)
                )
        try:
            key = tuple(parts)
            hash(key)
        except TypeError:
            return None
        return key

    def branch(
        self,
        cond: Operand,
        then: Block,
        orelse: Block,
        names: Sequence[tuple[str | None, bool]],
        types: Sequence[Type] | None = None,
        catch: bool = False,
    ) -> list[Operand]:
        """Emit an `If` over two closed blocks; return the operands that stand for its results."""
        outs: list[Operand] = []
        kept: list[tuple[Operand, Operand, Var]] = []
        seen: dict[tuple[Any, Any], Var] = {}
        for k, (a, b) in enumerate(zip(then.results, orelse.results)):
            same = a is b or (isinstance(a, Const) and isinstance(b, Const) and _same_const(a, b))
            if same:
                outs.append(a)
                continue
            if _is_const(a, True) and _is_const(b, False) and isinstance(cond, Var) and not catch:
                if isinstance(cond.type, Bool) or (isinstance(cond.type, Scalar) and names[k][0] is None):
                    outs.append(cond)
                    continue
            key = (
                a if isinstance(a, Var) else (type(a.value), repr(a.value)),
                b if isinstance(b, Var) else (type(b.value), repr(b.value)),
            )
            if key in seen:
                outs.append(seen[key])
                continue
            name, fixed = names[k]
            t = types[k] if types is not None else join(a.type, b.type)
            assert t is not None
            v = Var(t, name, fixed)
            seen[key] = v
            kept.append((a, b, v))
            outs.append(v)
        if kept or then.stmts or orelse.stmts:
            node = If(
                cond,
                Block(then.stmts, tuple(a for a, _, _ in kept)),
                Block(orelse.stmts, tuple(b for _, b, _ in kept)),
                tuple(v for _, _, v in kept),
                self.origin,
                self.adjoint,
                catch,
            )
            self.append(node)
        return outs

    # -- shorthand for passes ------------------------------------------------------------------

    def load(
        self, base: Operand, place: Place, holes: Sequence[Operand], name: str | None = None, fixed: bool = False
    ) -> Operand:
        """Read a place step by step; every Index step takes its operands from `holes`."""
        value = base
        for k, step in enumerate(place):
            last = k == len(place) - 1
            hint = (name, fixed) if last else (None, False)
            if isinstance(step, Index):
                local, used = localise(step, holes)
                value = self.emit(
                    REGISTRY.named("getitem"), (value, *used), place=(local,), name=hint[0], fixed=hint[1]
                )
            else:
                consts = tuple(self.const(a) for a in step.args)
                value = self.emit(step.op, (value, *consts), name=hint[0], fixed=hint[1])
        return value

    def _put_in(self, base: Operand, value: Operand, place: Place, holes: Sequence[Operand]) -> Operand | None:
        """Return the list with `value` put in where 0 was put in; None if that is not so."""
        made = self.defs.get(base) if isinstance(base, Var) else None
        if made is None or made.op.name not in ("append", "insert") or made not in self._stmts[-1][-MAX_BACK:]:
            return None
        if len(place) != 1 or not isinstance(place[0], Index) or len(place[0].items) != 1:
            return None
        key, zero = place[0].items[0], made.args[1]
        key = holes[key.arg] if isinstance(key, Hole) else self.const(key)
        at = made.args[2] if made.op.name == "insert" else self.const(-1)
        if not isinstance(zero, Const) or not isinstance(zero.value, float) or zero.value or not same_operand(key, at):
            return None
        return self.emit(made.op, (made.args[0], value, *made.args[2:]), type=made.out.type)

    def _cleared(self, base: Operand, place: Place, holes: Sequence[Operand]) -> Operand | None:
        """Return what `base` was before 0 was written into the place that gets a sum now; None if that is not so."""
        made = self.defs.get(base) if isinstance(base, Var) else None
        if made is None or made not in self._stmts[-1][-MAX_BACK:]:
            return None
        if made.op.name != "update" or made.mode != "set" or made.place != place or not place:
            return None
        zero = made.args[1]
        if not isinstance(zero, Const) or zero.value != 0 or any(isinstance(a.type, (Array, List)) for a in holes):
            return None
        same = len(made.args) == len(holes) + 2 and all(map(same_operand, made.args[2:], holes))
        return made.args[0] if same else None

    def _is_there(self, base: Operand, value: Operand, place: Place, holes: Sequence[Operand]) -> bool:
        """Say whether a value is what was read at this very place."""
        for step in reversed(place):
            made = self.defs.get(value) if isinstance(value, Var) else None
            if made is None or made.op.name != "getitem" or not isinstance(step, Index):
                return False
            local, used = localise(step, holes)
            if made.place != (local,) or not all(map(same_operand, made.args[1:], used)):
                return False
            value = made.args[0]
        return value is base

    def update(
        self,
        base: Operand,
        value: Operand,
        place: Place,
        holes: Sequence[Operand],
        mode: Mode = "set",
        name: str | None = None,
        fixed: bool = False,
        type: Type | None = None,
    ) -> Operand:
        """Emit the version of `base` whose `place` is replaced by, or increased by, `value`.

        Holes are numbered in `place` from 0; in the node they come after base and value.
        """
        shifted = tuple(shift(step, 2) for step in place)
        opposite = self.negated(self, value) if mode != "set" and self.adjoint and self.negated is not None else None
        if opposite is not None:
            value, mode = opposite, "sub" if mode == "add" else "add"
        if mode != "set" and self.adjoint:
            put_in = self._put_in(base, value, place, holes) if mode == "add" else None
            if put_in is not None:
                return self.bind(put_in, name, fixed)
            cleared = self._cleared(base, shifted, holes)
            if cleared is not None:  # `d_y[1] = 0.0; d_y[1] += t`
                value = value if mode == "add" else self.call("neg", value)
                base, mode = cleared, "set"
                if self._is_there(base, value, place, holes):
                    return base
        return self.emit(
            REGISTRY.named("update"), (base, value, *holes), place=shifted, mode=mode, name=name, fixed=fixed, type=type
        )


def same_operand(a: Operand, b: Operand) -> bool:
    if isinstance(a, Const) and isinstance(b, Const):
        return type(a.value) is type(b.value) and bool(a.value == b.value)
    return a is b


def may_raise(op: Primitive, args: Sequence[Operand], place: Place) -> bool:
    """Say whether an operation can fail for some values: arithmetic of arrays and NumPy scalars can't."""
    if op.effect == "opaque":
        return op.name not in ("caught", "attempt", "tried", "bound")
    if op.name in ("without", "index_in"):
        return True
    if op.name in ("getitem", "update"):
        return any(isinstance(i, (int, Hole)) for step in place if isinstance(step, Index) for i in step.items)
    if op.kind == "zero":  # `n // 0`, `np.argmax([])`; what only compares numbers does not fail
        return op.show not in COMPARISONS
    if op.kind == "elementwise":
        if op.show in ("+", "-", "*") and all(isinstance(a.type, (Int, Float, Bool)) for a in args):
            return False
        return op.name.startswith("math.") or not any(isinstance(a.type, (Array, Scalar)) for a in args)
    return op.kind in ("linear", "multilinear", "rule", "opaque")


def shift(step: Any, by: int) -> Any:
    """Renumber the holes of a place's step."""
    if not isinstance(step, Index):
        return step
    return Index(tuple(_map_item(i, lambda h: Hole(h.arg + by)) for i in step.items))


def localise(step: Index, holes: Sequence[Operand]) -> tuple[Index, list[Operand]]:
    """Renumber a step's holes so that a `getitem` of its own can carry them (from 1: 0 is the base)."""
    used: list[Operand] = []

    def move(h: Hole) -> Hole:
        used.append(holes[h.arg])
        return Hole(len(used))

    return Index(tuple(_map_item(i, move) for i in step.items)), used


def _map_item(item: Any, f: Callable[[Hole], Any]) -> Any:
    if isinstance(item, Hole):
        return f(item)
    if isinstance(item, Slice):
        return Slice(*(f(e) if isinstance(e, Hole) else e for e in (item.start, item.stop, item.step)))
    return item


def _is_const(a: Operand, value: bool) -> bool:
    return isinstance(a, Const) and a.value is value


def _same_const(a: Const, b: Const) -> bool:
    if isinstance(a.type, Undef) or isinstance(b.type, Undef):
        return isinstance(a.type, Undef) and isinstance(b.type, Undef)
    return a.value is b.value or (
        type(a.value) is type(b.value) and repr(a.value) == repr(b.value) and isinstance(a.value, (*FOLDABLE, complex))
    )
