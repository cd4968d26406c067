"""Lower calls, functions and comprehensions: what has or enters a scope of its own."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable
from typing import Any

import gast

from adgen.errors import UnsupportedError
from adgen.frontend.lower_expr import ExprLowerer, has_call
from adgen.frontend.tree import Assign, Break, For, Function, If, Lit, Operand, SetItem, Stmt

# Callables that read a generator to its end before they return, so that a list serves as well.
_EAGER: tuple[Any, ...] = (
    sum, max, min, list, tuple, set, frozenset, sorted, dict, any, all, math.fsum, math.prod,
)  # fmt: skip
_EAGER_METHODS = ("join", "extend", "fromiter", "fsum")
_FRAME = ("locals", "vars", "dir", "eval", "exec")  # these look at the function's own frame


class CallLowerer(ExprLowerer):
    """Adds calls to the operators; what needs statements is left to `lower`."""

    def nested(self, node: Any, name: str) -> Function:
        raise NotImplementedError  # statements know how

    def assign(self, target: Any, value: Operand) -> None:
        raise NotImplementedError  # statements know how

    # Calls and functions

    def expr_Call(self, node: Any, target: str | None) -> Operand:
        name = node.func.id if isinstance(node.func, gast.Name) else None
        if name is not None and self.is_free(name):
            if name in _FRAME and self.resolve(name) is getattr(builtins, name) and self.reads_frame(name, node):
                what = f"`{name}` can't be differentiated"
                why = "It looks at the local names of the running function."
                raise UnsupportedError(what=what, why=why, instead="name the values.", origin=self.place(node))
            if name == "super" and not node.args and self.first_param is not None:
                fn = self.expr(node.func)
                owner = self.emit("free", (), data="__class__")
                return self.emit("call", (fn, owner, self.first_param), target, data=frozenset())
            if len(node.args) == 1 and isinstance(node.args[0], gast.GeneratorExp) and not node.keywords:
                if self.resolve(name) in (any, all):
                    return self.settle(self.search(node.args[0], name == "any"), target)
        fn = self.expr(node.func)
        if any(isinstance(a, gast.GeneratorExp) for a in node.args) and self.is_eager(node.func):
            args = [gast.ListComp(a.elt, a.generators) if isinstance(a, gast.GeneratorExp) else a for a in node.args]
        else:
            args = node.args
        values, starred = self.items(args, 1)
        named = [self.keyword(k, node.keywords[i + 1 :]) for i, k in enumerate(node.keywords)]
        kws = tuple(k.arg or "**" for k in node.keywords)
        return self.emit("call", (fn, *values, *named), target, kws, starred)

    def keyword(self, k: Any, later: list[Any]) -> Operand:
        value = self.expr(k.value)
        if k.arg is None and has_call([n.value for n in later]):
            return self.emit("call", (Lit(dict), value), data=frozenset())
        return value

    def is_free(self, name: str) -> bool:
        return name not in self.local and name not in self.renames and name not in self.outer

    def resolve(self, name: str) -> Any:
        """Return what a free name stands for now, as far as globals and builtins tell."""
        return self.scope.get(name, getattr(builtins, name, None))

    def reads_frame(self, name: str, node: Any) -> bool:
        return name in ("eval", "exec", "locals") or not node.args

    def is_eager(self, func: Any) -> bool:
        if isinstance(func, gast.Name):
            return self.is_free(func.id) and any(self.resolve(func.id) is f for f in _EAGER)
        if isinstance(func, gast.Attribute):
            known = isinstance(func.value, gast.Name) and self.resolve(func.value.id) is math
            return func.attr in _EAGER_METHODS or (known and func.attr == "prod")
        return False

    def expr_Lambda(self, node: Any, target: str | None) -> Operand:
        return self.function(node, "<lambda>", target)

    def function(self, node: Any, name: str, target: str | None) -> str:
        defaults = [d for d in node.args.defaults + node.args.kw_defaults if d is not None]
        values = tuple(self.expr(d) for d in defaults)
        return self.emit("function", values, target, data=self.nested(node, name))

    # Comprehensions

    def expr_ListComp(self, node: Any, target: str | None) -> Operand:
        return self.collect(node, "list", "append", target)

    def expr_SetComp(self, node: Any, target: str | None) -> Operand:
        return self.collect(node, "set", "add", target)

    def collect(self, node: Any, op: str, method: str, target: str | None) -> Operand:
        result = self.emit(op, (), data=frozenset())

        def add() -> None:
            value = self.expr(node.elt)
            self.emit("call", (self.emit("getattr", (result,), data=method), value), data=frozenset())

        self.loops(node.generators, add)
        return self.settle(result, target)

    def expr_DictComp(self, node: Any, target: str | None) -> Operand:
        result = self.emit("dict", (), data=frozenset())

        def add() -> None:
            key = self.expr(node.key)
            self.out.append(SetItem(result, key, self.expr(node.value), self.origin))

        self.loops(node.generators, add)
        return self.settle(result, target)

    def expr_GeneratorExp(self, node: Any, target: str | None) -> Operand:
        """Lower a generator that somebody keeps: a call of a generator function of its first sequence."""

        def place(made: Any) -> Any:
            return gast.copy_location(made, node)

        first = self.expr(node.generators[0].iter)
        body: list[Any] = [place(gast.Expr(place(gast.Yield(node.elt))))]
        for k, gen in reversed(list(enumerate(node.generators))):
            if gen.is_async:
                raise self.refuse(gen.target, "AsyncFor")
            for test in reversed(gen.ifs):
                body = [place(gast.If(test, body, []))]
            sequence = gen.iter if k else place(gast.Name(".0", gast.Load(), None, None))
            body = [place(gast.For(gen.target, sequence, body, [], None))]
        args = gast.arguments([place(gast.Name(".0", gast.Param(), None, None))], [], None, [], [], None, [])
        inner = place(gast.FunctionDef("<genexpr>", args, body, [], None, None, []))
        made = self.emit("function", (), data=self.nested(inner, "<genexpr>"))
        return self.emit("call", (made, first), target, data=frozenset())

    def search(self, node: Any, wanted: bool) -> Operand:
        """Lower `any` or `all` of a generator: it stops at the first element that decides."""
        if len(node.generators) > 1:
            raise self.refuse(node)
        result = self.emit("copy", (Lit(not wanted),))

        def test() -> None:
            value = self.expr(node.elt)
            found: list[Stmt] = [Assign(result, "copy", (Lit(wanted),), origin=self.origin), Break(self.origin)]
            self.out.append(If(value, found if wanted else [], [] if wanted else found, self.origin))

        self.loops(node.generators, test)
        return result

    def loops(self, generators: list[Any], leaf: Callable[[], None]) -> None:
        """Lower the `for … if …` of a comprehension round `leaf`; its variables are its own."""
        kept = self.renames
        self._scopes += 1
        self._loop(generators, 0, self._scopes, leaf)
        self.renames = kept

    def _loop(self, generators: list[Any], i: int, scope: int, leaf: Callable[[], None]) -> None:
        if i == len(generators):
            leaf()
            return
        gen = generators[i]
        if gen.is_async:
            raise self.refuse(gen.target, "AsyncFor")
        sequence = self.expr(gen.iter)
        bound = [n.id for n in gast.walk(gen.target) if isinstance(n, gast.Name) and isinstance(n.ctx, gast.Store)]
        own = {self.mangle(n): f"{n}%{scope}" for n in bound}
        self.renames = {**self.renames, **own}
        self.extra += own.values()
        self.out.append(self.for_loop(gen.target, sequence, lambda: self._filter(generators, i, scope, leaf)))

    def _filter(self, generators: list[Any], i: int, scope: int, leaf: Callable[[], None]) -> None:
        out = self.out
        for test in generators[i].ifs:
            value = self.expr(test)
            inner: list[Stmt] = []
            self.out.append(If(value, inner, [], self.origin))
            self.out = inner
        self._loop(generators, i + 1, scope, leaf)
        self.out = out

    def for_loop(self, target: Any, sequence: Operand, fill: Callable[[], None]) -> For:
        """Return a loop whose body binds the target pattern and then runs `fill`."""
        plain = isinstance(target, gast.Name)
        name = self.bound_name(target) if plain else self.temp()

        def body() -> None:
            if not plain:
                self.assign(target, name)
            fill()

        origin = self.origin
        return For(name, sequence, self.block(body), origin=origin)

    def bound_name(self, node: Any) -> str:
        name = self.mangle(node.id)
        return self.renames.get(name, name)
