"""Reverse mode of structure: items, writes, tuples, records, lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.ir.build import Builder, shift
from adgen.ir.nodes import (
    Const,
    Hole,
    Index,
    Let,
    Operand,
    Slice,
    Var,
)
from adgen.ir.rewrite import clone
from adgen.ir.summary import Pair, summary_of
from adgen.ir.types import Array, Bool, Dict, List, Opaque, Record, Saved, Tuple, Type, dims_of, is_scalar
from adgen.rules.lengths import is_nonunit
from adgen.rules.registry import REGISTRY
from adgen.transform.activity import Varied, overwrites
from adgen.transform.backward import Backward, OneSided, name_of_call
from adgen.transform.cotangents import Cot, Cotangents, Masked, added_axes, gradient_name
from adgen.transform.rules import RuleRunner
from adgen.transform.summaries import active_arguments, call, cot_of, leaves, pair_of, part_of, sources_of


class Structures(Backward):
    """Emits the backward part of operations on structures."""

    def __init__(self, b: Builder, varied: Varied, rules: RuleRunner, absent: OneSided) -> None:
        super().__init__(b, varied, rules, absent)
        self.special: dict[str, Callable[[Let, Cot, Cotangents], None]] = {
            "getitem": self._getitem,
            "update": self._update,
            "item": self._item,
            "make_tuple": self._make_items,
            "make_list": self._make_items,
            "make_record": self._make_record,
            "append": self._append,
            "insert": self._insert,
            "without": self._without,
            "values_of": self._values_of,
            "dict_of": self._dict_of,
            "items_at": self._items_at,
            "sum_repeats": self._sum_repeats,
            "bound": self._same,
            "pin": self._pin,
            "named": self._named,
            "held": self._named,
            "hook": self._hook,
            "copy": self._same,
            "np.where": self._where,
            "np.array": self._array,
            "reversed_list": self._reversed_list,
            "as_tuple": self._as_tuple,
            "as_list": self._as_list,
            "add_lists": self._add_lists,
            "add_saved": self._add_lists,
            "unpack": self._unpack,
            "place_slice": self._place_slice,
            "to_list": self._to_list,
            "to_floats": self._to_list,
            "floats_of": self._floats_of,
            "call": self._call,
            "run": self._call,
        }

    def _call(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """Call the backward half of a summary with what the forward half saved."""
        b, summary, args = self.b, summary_of(s), s.args[1:]
        params = summary.func.params
        sources = active_arguments(s, self.varied)
        given = [(at, cot_of(c, at, cots)) for at, _ in leaves(s.out.type)]
        given = [(at, g) for at, g in given if g is not None]
        if not sources or not given:
            return
        sources = sources_of(summary, sources)
        pair = pair_of(summary, sources, tuple(at for at, _ in given))
        saved = self._saved_by(s, pair)
        seeds = [cots.finish(g, part_of(b, s.out, at)) for at, g in given]  # type: ignore[arg-type]
        so_far = []
        for k in pair.carried:
            a = args[k]
            assert isinstance(a, Var)
            before = cots.of.pop(a, None) if a in self.varied else None
            so_far.append(cots.cast(cots.whole(before, a), params[k].type))
        types = [self._like(params[k].type, args[k].type) for k in sources]
        t = types[0] if len(types) == 1 else Tuple(tuple(types))
        out = call(b, pair.bwd, [saved, *seeds, *so_far], t)
        self.rules.rely_on(pair.fwd)
        found = [out] if len(types) == 1 else [b.call("item", out, b.const(n)) for n in range(len(types))]
        for k, g in zip(sources, found):
            if args[k] not in self.varied:
                continue
            cots.add(args[k], cots.project(g, args[k]))

    def _saved_by(self, s: Let, pair: Pair) -> Operand:
        """Return what the forward half of a call saved."""
        if not self.calls_again:
            saved = Var(pair.saved, "saved", True)
            self.saves.at(s).call = pair.fwd, saved
            return saved
        if pair.fwd.effects:
            raise UnsupportedError(
                what=f"a gradient inside of a program through '{name_of_call(s)}', which calls itself and has effects",
                why="the function is called once more for it",
                instead="take the effects out of the function",
                origin=s.origin,
            )
        whole = call(self.b, pair.fwd, s.args[1:], Tuple((s.out.type, pair.saved)))
        return self.b.call("item", whole, self.b.const(1))

    @staticmethod
    def _like(param: Type, arg: Type) -> Type:
        """Return the type of the gradient of an argument: the parameter's, with the lengths that are known here."""
        if isinstance(param, Array) and isinstance(arg, Array) and param.ndim == arg.ndim:
            return replace(param, dims=arg.dims)
        return param

    def _same(self, s: Let, c: Cot, cots: Cotangents) -> None:
        cots.add(s.args[0], c, True)

    def _pin(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """What is added to a value has its gradient; so has the value, if a source lies before it."""
        if len(s.args) > 2:
            whole = cots.finish(c, s.out)
            cots.add(s.args[2], whole, True)
            c = c if isinstance(c, dict) else whole
        if s.args[0] in self.varied:
            cots.add(s.args[0], c, True)

    def _hook(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """Write out what the user does to the gradient of a value."""
        b, (h, held, *reads) = self.b, s.args
        assert isinstance(held, Const) and isinstance(h, Var)
        hook = held.value
        whole = cots.finish(c, s.out)
        g = b.emit(b.row("named"), (whole,), type=whole.type, name=hook.g.name, fixed=True)
        block = clone(hook.block, {hook.g: g, **dict(zip(hook.reads, reads))})
        for inner in block.stmts:
            b.append(inner)
        out = block.results[0]
        if not hook.proven and isinstance(h.type, Array):
            out = b.call("fit_gradient", out, h, h, b.const("gradient_of"))
        cots.add(h, cots.project(out, h), True)

    def _named(self, s: Let, c: Cot, cots: Cotangents) -> None:
        a = s.args[0]
        cots.add(a, self.as_shaped(c, s.out, a), True)

    def as_shaped(self, c: Cot, out: Var, a: Operand) -> Cot:
        """See a whole cotangent of `out` as one of `a`, which has the same shape, whatever their types know of it."""
        if isinstance(c, Var) and isinstance(c.type, Array) and isinstance(a.type, Array):
            if c.type.dims == dims_of(out.type) != a.type.dims and c.type.ndim == a.type.ndim:
                return self.b.emit(self.b.row("named"), (c,), type=replace(c.type, dims=a.type.dims))
        return c

    def _where(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """A branch that is masked out contributes 0; the mask waits until elementwise rules are through."""
        g = cots.settle(c)
        for k, other in ((1, False), (2, True)):
            a = s.args[k]
            if a in self.varied:
                cots.add(a, cots.project(self.masked(Masked(s.args[0], g, other), g, s.out, a, cots), a))

    def _array(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """The gradient of an array stands for that of the list that it was made of: its items are the rows."""
        a = s.args[0]
        if isinstance(a.type, List) and not isinstance(a.type.elem, (List, Tuple, Record)):
            if a in self.varied:
                cots.add(a, cots.whole(c, s.out), True)
            return
        self.by_rules(s, c, cots)

    def _getitem(self, s: Let, c: Cot, cots: Cotangents) -> None:
        base = s.args[0]
        if not isinstance(base, Var):
            return
        if isinstance(base.type, (List, Dict, Record)):
            step = s.place[0]
            g: Operand = cots.whole(c, s.out)
            if isinstance(step, Index) and isinstance(part := step.items[0], Slice):
                bounds = [
                    s.args[i.arg] if isinstance(i, Hole) else self.b.const(i)
                    for i in (part.start, part.stop, part.step)
                ]
                cots.add(base, self.b.call("place_slice", base, *bounds, g))
                return
            if isinstance(s.out.type, (Tuple, Record, List, Dict)):
                self._item_of_list(s, g, cots)
                return
        else:
            g = cots.settle(c)
            if (dropped := self._without_new_axes(s, g)) is not None:
                cots.add(base, cots.project(dropped, base))
                return
        root, outer, holes = cots.origin_of(base, True)
        d = cots.whole(cots.of.pop(root, None), root)
        name, fixed = gradient_name(root)
        place = (*outer, *(shift(step, len(holes) - 1) for step in s.place))
        cots.of[root] = self.b.update(d, g, place, (*holes, *s.args[1:]), "add", name=name, fixed=fixed)

    def _without_new_axes(self, s: Let, g: Operand) -> Operand | None:
        """Return a cotangent without the axes of length 1 that an index does nothing but add."""
        new = added_axes(s)
        dims = dims_of(g.type)
        if not new or len(dims) != len(dims_of(s.out.type)) or any(dims[k] != 1 for k in new):
            return None
        axis = self.b.const(new[0] if len(new) == 1 else new)
        summed = self.b.algebra and self.b.algebra(self.b, "np.squeeze", (g, axis))
        items = tuple(0 if k in new else Slice() for k in range(new[-1] + 1))
        return summed or self.b.load(g, (Index(items),), ())

    def _item_of_list(self, s: Let, g: Operand, cots: Cotangents) -> None:
        """Add the cotangent of a tuple or list that a list or object holds: their `+=` joins, so a new one takes its
        place."""
        base = s.args[0]
        assert isinstance(base, Var)
        d = cots.whole(cots.pop(base), base)
        place = tuple(shift(step, -1) for step in s.place)
        old = self.b.load(d, place, s.args[1:])
        total = cots.plus(old, g)
        cots.of[base] = self.b.update(d, total, place, s.args[1:], "set", type=base.type)

    def _update(self, s: Let, c: Cot, cots: Cotangents) -> None:
        base, value = s.args[:2]
        holes = s.args[2:]
        d = cots.whole(c, s.out)
        place = tuple(shift(step, -2) for step in s.place)
        if value in self.varied:
            part = self.b.load(d, place, holes) if place else d
            self._fill_lengths(part, value)
            if s.mode == "sub":
                part = self.b.call("neg", part)
            if s.mode == "set" and place and self._may_repeat(s):
                # Only the step by arrays can repeat; it is the last one.
                *outer, step = place
                assert isinstance(step, Index)
                key = self.b.call("make_tuple", *[self._key_part(i, holes) for i in step.items])
                view = self.b.load(d, tuple(outer), holes) if outer else d
                kept = Array("bool", part.type.dims) if isinstance(part.type, Array) else Bool()
                stays = self.b.emit(self.b.row("last_writes"), (view, key), type=kept)
                part = self.b.call("np.where", stays, part, self.b.const(0.0))
            cots.add(value, cots.project(part, value))
        if s.mode == "set":
            if not place or base not in self.varied or overwrites(s):
                return
            zero: Operand = self.b.const(0.0)
            if isinstance(s.out.type, (List, Dict)) and not is_scalar(s.out.type.elem):
                # The key may be a new one, the place of a list not filled yet.
                new = len(place) == len(holes) == 1 and (isinstance(s.out.type, Dict) or base in cots.undefined)
                if new:
                    zero = self.b.call("zero_at", base, *holes)
                else:
                    old = self.b.load(base, place, holes)
                    lacks = isinstance(old.type, Tuple) and old.type != value.type  # it may be None in parts, too
                    zero = cots.zero(value if lacks else old)
            name, fixed = gradient_name(base) if isinstance(base, Var) else (None, False)
            t = (
                s.out.type if isinstance(s.out.type, (List, Dict)) else None
            )  # None stands for the integers in its items
            d = self.b.update(d, zero, place, holes, "set", name=name, fixed=fixed, type=t)
        if base in self.varied:
            cots.add(base, d)

    def _fill_lengths(self, part: Operand, value: Operand) -> None:
        """Note that what an array without axes of length 1 was written into has its lengths."""
        made = self.b.defs.get(part) if isinstance(part, Var) else None
        t, given = part.type, value.type
        if made is None or not made.adjoint or not isinstance(t, Array) or not isinstance(given, Array):
            return
        if t.ndim == given.ndim and t.dims != given.dims:
            assert isinstance(part, Var)
            part.type = replace(t, dims=tuple(n if is_nonunit(n) else m for m, n in zip(t.dims, given.dims)))

    def _key_part(self, item: Any, holes: Sequence[Operand]) -> Operand:
        """Return an item of an index as a value."""
        if isinstance(item, Slice):
            bounds = [item.start, item.stop, item.step]
            if item.step is None:
                del bounds[2]
                if item.start is None:
                    del bounds[0]
            return self.b.call("slice", *[self._key_part(p, holes) for p in bounds])
        return holes[item.arg] if isinstance(item, Hole) else self.b.const(item)

    @staticmethod
    def _may_repeat(s: Let) -> bool:
        return any(isinstance(a.type, Array) and a.type.dtype != "bool" for a in s.args[2:])

    def _item(self, s: Let, c: Cot, cots: Cotangents) -> None:
        base, key = s.args
        assert isinstance(base, Var) and isinstance(key, Const)
        if isinstance(base.type, List):
            self._getitem(s, c, cots)
            return
        cots.part(base, key.value, c)

    def _make_items(self, s: Let, c: Cot, cots: Cotangents) -> None:
        for k, a in enumerate(s.args):
            if a in self.varied:
                cots.add(a, cots.project(self._part_of(c, k, cots), a))

    def _part_of(self, c: Cot, k: Any, cots: Cotangents) -> Cot:
        if isinstance(c, dict):
            return c.get(k)
        c = cots.settle(c)
        if isinstance(c.type, (Tuple, Record, Saved)):
            return self.b.call("item", c, self.b.const(k))
        return self.b.load(c, (Index((k,)),), ())

    def _make_record(self, s: Let, c: Cot, cots: Cotangents) -> None:
        keys = s.args[1]
        assert isinstance(keys, Const)
        for key, a in zip(keys.value, s.args[2:]):
            if a in self.varied:
                cots.add(a, cots.project(self._part_of(c, key, cots), a))

    def _append(self, s: Let, c: Cot, cots: Cotangents) -> None:
        seq, value = s.args
        d = cots.settle(c) if not isinstance(c, dict) else cots.whole(c, s.out)
        if value in self.varied:
            cots.add(value, cots.project(self.b.load(d, (Index((-1,)),), ()), value))
        if isinstance(d.type, Array):  # which stands for the list of its rows
            cots.add(seq, self.b.load(d, (Index((Slice(None, -1),)),), ()))
            return
        cots.add(seq, self.b.emit(self.b.row("without"), (d, self.b.const(-1)), type=seq.type, **_hint(s.out)))

    def _insert(self, s: Let, c: Cot, cots: Cotangents) -> None:
        seq, value, at = s.args
        d = cots.whole(c, s.out)
        if value in self.varied:
            cots.add(value, cots.project(self.b.load(d, (Index((Hole(0),)),), (at,)), value))
        cots.add(seq, self.b.emit(self.b.row("without"), (d, at), type=seq.type, **_hint(s.out)))

    def _without(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """What was taken out gets a zero in its place: from here on it may get a gradient."""
        base, key = s.args
        d, t = cots.whole(c, s.out), s.out.type
        assert isinstance(t, (List, Dict))
        place = (Index((Hole(0),)),)
        zero: Operand = self.b.const(0.0) if is_scalar(t.elem) else cots.zero(self.b.load(base, place, (key,)))
        if isinstance(t, Dict):
            cots.add(base, self.b.update(d, zero, place, (key,), "set", type=t, **_hint(s.out)))
        elif isinstance(key, Const) and key.value == -1:
            cots.add(base, self.b.emit(self.b.row("append"), (d, zero), type=t, **_hint(s.out)))
        else:
            cots.add(base, self.b.emit(self.b.row("insert"), (d, zero, key), type=t, **_hint(s.out)))

    def _values_of(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """The gradients of a dict's values are a dict with its keys."""
        base = s.args[0]
        assert isinstance(base, Var)
        cots.add(base, self.b.emit(self.b.row("dict_of"), (base, cots.whole(c, s.out)), type=base.type))

    def _dict_of(self, s: Let, c: Cot, cots: Cotangents) -> None:
        keys, values = s.args
        cots.add(values, self.b.call("items_at", cots.whole(c, s.out), keys))

    def _sum_repeats(self, s: Let, c: Cot, cots: Cotangents) -> None:
        values, count = s.args
        d = cots.whole(c, s.out)
        times = self.b.call("floordiv", self.b.call("length", values), count)
        cots.add(values, self.b.emit(self.b.row("mul"), (d, times), type=s.out.type))

    def _items_at(self, s: Let, c: Cot, cots: Cotangents) -> None:
        table, keys = s.args
        assert isinstance(table, Var)
        cots.add(table, self.b.emit(self.b.row("dict_of"), (keys, cots.whole(c, s.out)), type=table.type))

    def _join_lists(self, s: Let, c: Cot, cots: Cotangents) -> None:
        a, other = s.args
        d = cots.whole(c, s.out)
        if s.op.name == "mul":
            seq = a if isinstance(a.type, (List, Record)) else other
            made = self.b.defs.get(seq) if isinstance(seq, Var) else None
            if made is None or made.op.name != "make_list" or len(made.args) != 1:
                cots.add(seq, self.b.emit(self.b.row("sum_repeats"), (d, self.b.call("length", seq)), type=seq.type))
            else:
                cots.add(seq, self.b.call("make_list", self.b.call("sum", d)))
            return
        at = self.b.call("length", a)
        if other in self.varied:
            cots.add(other, self.b.load(d, (Index((Slice(Hole(0), None, None),)),), (at,)))
        cots.add(a, self.b.load(d, (Index((Slice(None, Hole(0), None),)),), (at,)))

    def _as_tuple(self, s: Let, c: Cot, cots: Cotangents) -> None:
        cots.add(s.args[0], self.b.call("as_list", cots.whole(c, s.out)))

    def _as_list(self, s: Let, c: Cot, cots: Cotangents) -> None:
        cots.add(s.args[0], self.b.call("as_tuple", cots.whole(c, s.out)))

    def _add_lists(self, s: Let, c: Cot, cots: Cotangents) -> None:
        for a in s.args:
            if a in self.varied:
                cots.add(a, c, True)

    def _unpack(self, s: Let, c: Cot, cots: Cotangents) -> None:
        base, count = s.args
        assert isinstance(count, Const)
        parts = [self._part_of(c, k, cots) for k in range(count.value)]
        items = self.b.call("make_list", *[self.b.const(0.0) if p is None else cots.settle(p) for p in parts])
        array: tuple[Operand, ...] = (items,)
        kws: tuple[str, ...] = ()
        if isinstance(base.type, Array) and base.type.dtype != "float64":  # zeros are doubles
            array, kws = (items, Const(np.dtype(base.type.dtype).type, Opaque())), ("dtype",)
        cots.add(base, cots.project(self.b.emit(REGISTRY.named("np.array"), array, kws, type=base.type), base))

    def _place_slice(self, s: Let, c: Cot, cots: Cotangents) -> None:
        holes = tuple(a for a in s.args[1:4] if isinstance(a, Var))
        items = [Hole(holes.index(a)) if isinstance(a, Var) else a.value for a in s.args[1:4]]
        cots.add(s.args[4], self.b.load(cots.whole(c, s.out), (Index((Slice(*items),)),), holes))

    def _to_list(self, s: Let, c: Cot, cots: Cotangents) -> None:
        cots.add(s.args[0], self.b.call("np.array", cots.whole(c, s.out)))

    def _floats_of(self, s: Let, c: Cot, cots: Cotangents) -> None:
        base, d = s.args[0], cots.whole(c, s.out)
        of_arrays = isinstance(base.type, List) and isinstance(base.type.elem, Array)
        cots.add(base, self.b.call("np.array", d) if of_arrays else d)  # lists of lists may differ in length

    def _reversed_list(self, s: Let, c: Cot, cots: Cotangents) -> None:
        cots.add(s.args[0], self.b.call("reversed_list", cots.whole(c, s.out)))


def _hint(v: Var) -> dict[str, Any]:
    name, fixed = gradient_name(v)
    return {"name": name, "fixed": fixed}
