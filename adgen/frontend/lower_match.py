"""Lower `match`: each case becomes nested tests of its pattern, and a flag that says whether it was taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

import gast
import numpy as np

from adgen.errors import UnsupportedError
from adgen.frontend.lower_call import CallLowerer
from adgen.frontend.lower_expr import Chain
from adgen.frontend.tree import Assign, Delete, If, Lit, Operand, Stmt

_SEQUENCES: tuple[type, ...] = (list, tuple, range, deque)
match np.zeros(1):
    case [_]:
        _SEQUENCES += (np.ndarray,)  # since NumPy 2.5
    case _:
        pass
_WHOLE = (bool, bytearray, bytes, dict, float, frozenset, int, list, set, str, tuple)  # `int(x)` binds the value itself

Then = Callable[[], None]


class MatchLowerer(CallLowerer):
    """Adds `match`."""

    def body(self, nodes: list[Any]) -> list[Stmt]:
        raise NotImplementedError  # statements know how

    def stmt_Match(self, node: Any) -> None:
        subject = self.expr(node.subject)
        if isinstance(subject, str) and not subject.startswith("%"):
            subject = self.emit("copy", (subject,))  # a capture may bind the name anew
        chain = Chain(self)
        for case in node.cases:
            taken = self.case(case, subject)
            chain.add(taken, self.body(case.body))
        chain.close()

    def case(self, case: Any, subject: Operand) -> str:
        """Return the flag that says whether a case is taken."""
        taken = self.emit("copy", (Lit(False),))

        def take() -> None:
            self.out.append(Assign(taken, "copy", (Lit(True),), origin=self.origin))

        def guarded() -> None:
            if case.guard is None:
                take()
            else:
                self.test(self.expr(case.guard), take)

        self.pattern(case.pattern, subject, guarded)
        return taken

    def test(self, condition: Operand, then: Then) -> None:
        self.out.append(If(condition, self.block(then), [], self.origin))

    def pattern(self, node: Any, subject: Operand, then: Then) -> None:
        """Run `then` where the subject has the form of a pattern, with its names bound."""
        lower = getattr(self, "pattern_" + type(node).__name__, None)
        if lower is None:
            raise self.refuse(node)
        lower(node, subject, then)

    def pattern_MatchValue(self, node: Any, subject: Operand, then: Then) -> None:
        self.test(self.emit("compare", (subject, self.expr(node.value)), data="=="), then)

    def pattern_MatchSingleton(self, node: Any, subject: Operand, then: Then) -> None:
        self.test(self.emit("compare", (subject, Lit(node.value)), data="is"), then)

    def pattern_MatchAs(self, node: Any, subject: Operand, then: Then) -> None:
        def bind() -> None:
            if node.name is not None:
                self.emit("copy", (subject,), self.mangle(node.name))
            then()

        if node.pattern is None:
            bind()
        else:
            self.pattern(node.pattern, subject, bind)

    def pattern_MatchOr(self, node: Any, subject: Operand, then: Then) -> None:
        found = self.emit("copy", (Lit(False),))

        def take() -> None:
            self.out.append(Assign(found, "copy", (Lit(True),), origin=self.origin))

        def attempt(k: int) -> None:
            self.pattern(node.patterns[k], subject, take)
            if k + 1 < len(node.patterns):
                self.out.append(If(found, [], self.block(lambda: attempt(k + 1)), self.origin))

        attempt(0)
        self.test(found, then)

    def pattern_MatchSequence(self, node: Any, subject: Operand, then: Then) -> None:
        parts = node.patterns
        star = next((i for i, p in enumerate(parts) if isinstance(p, gast.MatchStar)), None)
        after = 0 if star is None else len(parts) - star - 1

        def take(k: int) -> None:
            if k == len(parts):
                then()
                return
            part = parts[k]
            if k == star:
                if part.name is not None:
                    stop = Lit(-after if after else None)
                    bounds = self.emit("slice", (Lit(k), stop, Lit(None)))
                    rest = self.emit("getitem", (subject, bounds))
                    self.call(list, (rest,), self.mangle(part.name))
                take(k + 1)
                return
            at = k if star is None or k < star else k - len(parts)
            self.pattern(part, self.emit("getitem", (subject, Lit(at))), lambda: take(k + 1))

        def count() -> None:
            n = Lit(len(parts) - (star is not None))
            length = self.call(len, (subject,))
            self.test(self.emit("compare", (length, n), data="==" if star is None else ">="), lambda: take(0))

        self.test(self.call(isinstance, (subject, Lit(_SEQUENCES))), count)

    def pattern_MatchMapping(self, node: Any, subject: Operand, then: Then) -> None:
        def take(k: int) -> None:
            if k < len(node.keys):
                key = self.expr(node.keys[k])

                def item() -> None:
                    self.pattern(node.patterns[k], self.emit("getitem", (subject, key)), lambda: take(k + 1))

                self.test(self.emit("compare", (key, subject), data="in"), item)
                return
            if node.rest is not None:
                rest = self.emit("dict", (Lit(None), subject), self.mangle(node.rest), data=frozenset([0]))
                for key_node in node.keys:
                    self.out.append(Delete(None, rest, self.expr(key_node), self.origin))
            then()

        self.test(self.call(isinstance, (subject, Lit(dict))), lambda: take(0))

    def pattern_MatchClass(self, node: Any, subject: Operand, then: Then) -> None:
        names = [*self.positional_names(node), *node.kwd_attrs]
        patterns = [*node.patterns, *node.kwd_patterns]

        def take(k: int) -> None:
            if k == len(patterns):
                then()
                return
            part = subject if names[k] == "" else self.emit("getattr", (subject,), data=self.mangle(names[k]))
            self.pattern(patterns[k], part, lambda: take(k + 1))

        self.test(self.call(isinstance, (subject, self.expr(node.cls))), lambda: take(0))

    def positional_names(self, node: Any) -> list[str]:
        """Return the attributes that the positional parts of a class pattern stand for; "" is the object itself."""
        if not node.patterns:
            return []
        parts: list[str] = []
        at = node.cls
        while isinstance(at, gast.Attribute):
            parts.insert(0, at.attr)
            at = at.value
        cls = self.resolve(at.id) if isinstance(at, gast.Name) and self.is_free(at.id) else None
        for attr in parts:
            cls = getattr(cls, attr, None)
        if cls in _WHOLE and len(node.patterns) == 1:
            return [""]
        names = getattr(cls, "__match_args__", ())
        if not isinstance(cls, type) or len(names) < len(node.patterns):
            raise UnsupportedError(
                what="a class pattern with positional parts",
                why="the class, or its `__match_args__`, is not known at compile time",
                instead="name the attributes: `Point(x=a, y=b)`",
                origin=self.place(node.cls),
            )
        return list(names[: len(node.patterns)])

    def call(self, fn: Any, args: tuple[Operand, ...], target: str | None = None) -> str:
        return self.emit("call", (Lit(fn), *args), target, data=frozenset())
