"""Inlining of rules: a rule's source runs through the same interpreter as the user's program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adgen.api.request import Baked
from adgen.errors import AdgenError, InternalError, NoGradientError, UnsupportedError
from adgen.frontend import tree
from adgen.frontend.lower import lower
from adgen.infer.engine import Engine
from adgen.infer.functions import inlining
from adgen.infer.values import Closure, Map, Ref, Seq, State, TupleV
from adgen.ir.build import Builder
from adgen.ir.nodes import Let, Operand, Var
from adgen.ir.summary import Summary
from adgen.rules.registry import Primitive
from adgen.rules.typing import bound_args
from adgen.transform.activity import LIKE


class RuleRunner:
    """Calls rules on operands; what they compute goes into the open region of the builder."""

    def __init__(self, b: Builder) -> None:
        self.b = b
        self.engine = Engine(b)
        self.engine.printable = False
        self.engine.frame = self.engine.push(None)
        self._used: dict[Any, None] = {}
        self._summaries: dict[Summary, None] = {}  # the derivatives of functions that are called

    @property
    def used(self) -> tuple[Any, ...]:
        """The rules that went in, the functions that they call, and the globals of users that they read."""
        inner = [r for summary in self._summaries for r in summary.rules]
        return (*self._used, *inner, *self.engine.callees, *[Baked(*read) for read in self.engine.baked.values()])

    def rely_on(self, summary: Summary) -> None:
        """Remember that a derivative is called, which is made of rules as well."""
        self._summaries.setdefault(summary)

    def by_position(self, fn: Callable[..., Any] | Closure, *args: Operand, **named: Operand) -> Any:
        """Call a rule of the user, or a partial derivative."""
        return self._run(fn, [self._enter(a) for a in args], {n: self._enter(a) for n, a in named.items()})

    def partial(self, fn: Callable[..., Any], s: Let) -> Any:
        """Call a partial derivative of a primitive, with the defaults of arguments that the call leaves out."""
        function = lower(fn)
        last = function.body[-1]
        if len(function.body) == 1 and isinstance(last, tree.Return):  # most of them: a constant, or an argument
            self._used.setdefault(fn)
            if isinstance(last.value, tree.Lit):
                return self.b.const(last.value.value)
            names = [p.name for p in function.params]
            if last.value in names[: len(s.args) + 1]:
                return (s.out, *s.args)[names.index(last.value)]
        operands = [a for a in bound_args(s.op, s.args, s.kws).values() if not isinstance(a, tuple)]
        return self.by_position(fn, s.out, *operands)

    def by_name(self, fn: Callable[..., Any], s: Let, **special: Operand) -> Any:
        """Call a vjp or jvp with the arguments that it names."""
        available: dict[str, Any] = {**bound_args(s.op, s.args, s.kws), **special}
        function = lower(fn)
        chosen: dict[str, Any] = {}
        for p in function.params:
            if p.name not in available:
                if not p.has_default:
                    raise InternalError(what=f"the rule of {s.op.name} asks for '{p.name}'", origin=s.origin)
                continue
            v = available[p.name]
            chosen[p.name] = TupleV(tuple(map(self._enter, v))) if isinstance(v, tuple) else self._enter(v)
        return self._run(fn, [], chosen)

    def _enter(self, v: Operand) -> Any:
        made = self.b.defs.get(v) if isinstance(v, Var) else None
        if made is not None and made.op.name == "make_list":
            return self.engine.new(Seq(tuple(map(self._enter, made.args))))
        return self.engine.wrap(v)

    def _run(self, fn: Callable[..., Any] | Closure, args: list[Any], kwargs: Mapping[str, Any]) -> Any:
        e = self.engine
        if not isinstance(fn, Closure):
            self._used.setdefault(fn)
        origin = self.b.origin
        name = fn.function.name if isinstance(fn, Closure) else getattr(fn, "__name__", fn)
        try:
            if isinstance(fn, Closure):
                outside = e.push(fn.globals_of)
                value = inlining.inline(e, fn.function, replace(fn, frame=outside), args, kwargs, fn.defaults)
            else:
                value = inlining.inline_function(e, fn, args, kwargs)
            return self._leave(value)
        except UnsupportedError as error:
            raise UnsupportedError(
                what=f"the rule '{name}' can't be inlined here",
                why=str(error).splitlines()[0],
                instead="define the rule outside: it sees globals, and no variable of the function around it"
                if isinstance(fn, Closure)
                else "give arrays of known rank, or register a rule of your own",
                origin=origin,
            ) from error
        except AdgenError:
            raise
        except (TypeError, ValueError) as error:
            raise NoGradientError(
                what=str(error).splitlines()[0] if str(error) else type(error).__name__,
                why=f"the rule '{name}' has no form for this call",
                instead="write it in another way, or register a rule of your own",
                origin=origin,
            ) from error
        finally:
            self.b.origin = origin
            e.state = State({e.frame: {}})  # nothing of one rule is left for the next

    def _leave(self, v: Any) -> Any:
        """Return a rule's result: an operand, or a dict of them for a structure."""
        e = self.engine
        if isinstance(v, TupleV):
            return {k: self._leave(i) for k, i in enumerate(v.items)}
        if isinstance(v, Ref):
            c = e.content(v.obj)
            if isinstance(c, Seq):
                return {k: self._leave(i) for k, i in enumerate(c.items)}
            if isinstance(c, Map):
                return {k: self._leave(i) for k, i in zip(c.keys, c.items)}
        return e.value(v)


def differentiable(op: Primitive, s: Let) -> list[tuple[str, Any]]:
    """Return (parameter, operand or tuple of them) for each parameter that has a derivative."""
    if not op.diff:
        return []
    bound = bound_args(op, s.args, s.kws)
    return [(p, bound[p]) for p in op.diff]


def without_rule(op: Primitive, s: Let) -> list[Operand]:
    """Return the operands that stand for parameters without a derivative: none of them may be differentiated."""
    if op.kind not in ("elementwise", "linear", "multilinear", "rule") or op.name in LIKE or "*" in op.diff:
        return []
    known = {*op.diff, *op.flat}
    others = [a for p, a in bound_args(op, s.args, s.kws).items() if p not in known] if op.diff else [s.args]
    return [i for a in others for i in (a if isinstance(a, tuple) else (a,))]
