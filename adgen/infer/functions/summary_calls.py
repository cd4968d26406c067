"""A call of a summary: what it is given, what it gives, and what it leaves in what it was given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.infer.control.fit import Fit
from adgen.infer.control.slots import Assumption, Path
from adgen.infer.functions.results import Results, Same
from adgen.infer.values import Map, Maybe, Obj, Poison, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Let, Operand, Var
from adgen.ir.summary import Summary
from adgen.ir.types import Array, Dim, List, NoneT, Opaque, Record, Tuple, Type
from adgen.rules.lengths import fresh_dim, is_nonunit

if TYPE_CHECKING:
    pass


class SummaryCalls(Fit):
    """Emits the calls of one function that stays a function."""

    summary: Summary
    captured: list[Var]  # what the body reads from outside: further arguments
    templates: dict[Path, Any] | None  # of what a call leaves; None: nothing is known to come back
    out: Assumption  # about what a call leaves
    aliases: dict[Path, dict[Any, None]]  # what a result may share memory with
    together: dict[tuple[Path, Path], None]  # results that may be one object
    linked: dict[tuple[Path, Any], None]  # arguments that share memory after a call
    oldest: int  # lengths with later symbols are made in the body

    def _objects(self, values: Mapping[Path, Any]) -> dict[Path, Ref]:
        """Return the arrays, lists and objects that values are or hold, by path."""
        found: dict[Path, Ref] = {}

        def visit(path: Path, v: Any) -> None:
            if isinstance(v, Maybe):
                visit((*path, "value"), v.value)
            if isinstance(v, Ref):
                found[path] = v
                v = self.e.state.heap[v.obj] if not v.place else None
            if isinstance(v, Map):
                for k, i in zip(v.keys, v.items):
                    visit((*path, k), i)
            elif isinstance(v, (TupleV, Seq)):
                for k, i in enumerate(v.items):
                    visit((*path, k), i)

        for path, v in values.items():
            visit(path, v)
        return found

    def _call(self, args: Sequence[Operand], given: Mapping[Path, Any]) -> Any:
        """Emit a call; return the value of its result."""
        e = self.e
        assert self.templates is not None
        a = replace(self.out, types={p: self._here(t, args) for p, t in self.out.types.items()})
        a.maybe = dict(self.out.maybe)
        outs = Results(e, a, e.origin)
        made = {p: outs.enter(p, self._form_here(t, args), None) for p, t in self.templates.items()}
        leaves = list(outs.leaves.values())
        row = e.row("run" if self.summary.effects else "call")
        operands = (Const(self.summary, Opaque()), *args, *self.captured)
        if len(leaves) == 1:
            out = leaves[0].param
            e.b.append(Let(out, row, operands, origin=e.b.origin, guarded=e.b.guards > 0))
        else:
            t: Type = Tuple(tuple(leaf.param.type for leaf in leaves)) if leaves else NoneT()
            whole = Var(t)
            e.b.append(Let(whole, row, operands, origin=e.b.origin, guarded=e.b.guards > 0))
            for k, leaf in enumerate(leaves):
                e.b.append(Let(leaf.param, e.row("item"), (whole, e.b.const(k)), origin=e.b.origin))
        held = self._objects(given)
        made = {p: self._resolved(v, held) for p, v in made.items()}
        for path, v in made.items():
            if path[0] == "wrote":
                self._write_back(held[path[1]], path[2], v)
        self._link_results(made, held)
        e.b.guarded += e.b.guards > 0  # if it raises, what it writes may be half done
        return made[("ret",)] if ("ret",) in made else e.b.const(None)

    def _form_here(self, template: Any, args: Sequence[Operand]) -> Any:
        if isinstance(template, Type):
            return self._here(template, args)
        if isinstance(template, (TupleV, Seq, Map)):
            return replace(template, items=tuple(self._form_here(i, args) for i in template.items))
        return template

    def _here(self, t: Type, args: Sequence[Operand]) -> Type:
        """See a type of the body from a call: lengths of parameters are those of arguments, others are unknown."""
        lengths: dict[Any, Any] = {}
        for leaf, a in zip(self.leaves.values(), args):
            if isinstance(leaf.param.type, Array) and isinstance(a.type, Array):
                for d, n in zip(leaf.param.type.dims, a.type.dims):
                    if isinstance(d, Dim) and not d.minus:
                        lengths.setdefault(d.symbol, n)
        return self._seen(t, lengths)

    def _seen(self, t: Type, lengths: Mapping[Any, Any]) -> Type:
        if isinstance(t, Array):
            dims = []
            for d in t.dims:
                if isinstance(d, Dim) and d.symbol in lengths:
                    dims.append(_less(lengths[d.symbol], d.minus))
                elif isinstance(d, Dim) and (d.symbol > self.oldest or d.symbol in self.out.general):
                    dims.append(fresh_dim(is_nonunit(d)))
                else:
                    dims.append(d)
            return replace(t, dims=tuple(dims))
        if isinstance(t, (Tuple, Record)):
            return replace(t, items=tuple(self._seen(i, lengths) for i in t.items))
        return List(self._seen(t.elem, lengths)) if isinstance(t, List) else t

    def _link_results(self, made: Mapping[Path, Any], held: Mapping[Path, Ref]) -> None:
        """Record what may be the same memory from here on."""
        state, ours = self.e.state, self._objects(made)

        def found(source: Any) -> Obj | None:
            if isinstance(source, Obj):
                return source
            return held[source].obj if source in held else None

        for path, sources in self.aliases.items():
            for o in map(found, sources) if path in ours else ():
                if o is not None:
                    state.link_like(ours[path].obj, o)
        for p, q in self.together:
            if p in ours and q in ours:
                state.link_like(ours[p].obj, ours[q].obj)
        for p, source in self.linked:
            one, other = found(p), found(source)
            if one is not None and other is not None:
                state.link_like(one, other)

    def _resolved(self, v: Any, held: Mapping[Path, Ref]) -> Any:
        """Put the objects of this call in the place of those that are the same."""
        if isinstance(v, Same):
            return held[v.source] if v.source in held else Ref(v.source)
        if isinstance(v, TupleV):
            return TupleV(tuple(self._resolved(i, held) for i in v.items), v.cls)
        content = self.e.state.heap.get(v.obj) if isinstance(v, Ref) and not v.place else None
        if isinstance(content, (Seq, Map)):
            items = tuple(self._resolved(i, held) for i in content.items)
            self.e.state.heap[v.obj] = replace(content, items=items)
        return v

    def _write_back(self, target: Ref, key: Any, v: Any) -> None:
        """Give an argument, or an object from outside, the content that the call left in it."""
        e = self.e
        if key is not None:
            e.write(target.obj, e.content(target.obj).put(key, v))
            return
        if isinstance(v, Poison):
            e.state.heap[target.obj] = v
            e.written.setdefault(target.obj)
            return
        content = e.state.heap[v.obj] if isinstance(v, Ref) else v
        if target.place:
            e.write_place(target, e.value(v), target.place, target.holes, "set")
        else:
            name = target.obj.name
            if isinstance(content, Var) and content.name is None and name is not None:
                hint = e.hint(name)
                content.name, content.fixed = hint.get("name"), hint.get("fixed", False)
            e.write(target.obj, content, resizes=isinstance(content, Var) and isinstance(content.type, List))
            if isinstance(content, Var) and isinstance(content.type, List):
                e.replaced[target.obj] = e.replaced.get(target.obj, 0) + 1


def _less(n: Any, minus: int) -> Any:
    if not minus:
        return n
    return max(n - minus, 0) if isinstance(n, int) else Dim(n.symbol, n.minus + minus)
