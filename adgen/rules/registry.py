"""The one table of primitives: what a function computes, its type, its derivative, its samples.

A rule is an ordinary Python function. The compiler reads its source and inlines it, typed, where it is
needed; tests also call it as it stands. Rules never sum to an operand's shape, cast, or test for missing
gradients: the driver projects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

Memory = Literal["fresh", "view", "maybe", "same"]
Kind = Literal["elementwise", "linear", "multilinear", "rule", "zero", "constructor", "query", "structure", "opaque"]
Rule = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Sample:
    """One call to test a rule with. `at` are the differentiable and other positional arguments."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any] = field(default_factory=dict)
    kink: str = ""  # why differences can't be compared here (the value is still checked)
    second: bool = True  # whether the second derivative exists here
    wrt: tuple[str, ...] = ()  # parameters to differentiate; all of `diff` if empty


@dataclass(eq=False, slots=True)
class Primitive:
    """One row.

    `params` are the canonical parameter names, in positional order; `defaults` the ones that may be
    left out. `static` parameters must be known at compile time. `diff` names those with a derivative.

    `vjp[p](g, out, **arguments)` is the gradient for parameter p, `jvp[p](t, out, **arguments)` the
    tangent that p's tangent t contributes. Both take the arguments they want, by name; `partials[p]`
    takes (out, *args) and serves both modes.
    """

    name: str
    fn: Callable[..., Any]
    params: tuple[str, ...]
    defaults: dict[str, Any] = field(default_factory=dict)
    static: frozenset[str] = frozenset()
    diff: tuple[str, ...] = ()
    kind: Kind = "opaque"
    vjp: dict[str, Rule] = field(default_factory=dict)
    jvp: dict[str, Rule] = field(default_factory=dict)
    partials: dict[str, Rule] = field(default_factory=dict)
    memory: Memory = "fresh"  # what an array result is: new, a view of the first argument, perhaps one, or the argument
    infer: Callable[..., Any] | None = None  # (arguments by name: Operand) -> Type; None: by a trial call
    show: str = ""  # how it prints when not as a call: "+" (binary), "-_" (unary), ".T", ".size"
    narrow: bool = False  # its vjp takes a g of fewer axes that stands for the broadcast one
    variadic: bool = False  # the last parameter takes any number of positional arguments
    positional: frozenset[str] = frozenset()  # parameters that never go by keyword, with a default or not
    keyword: frozenset[str] = frozenset()  # parameters that go by keyword only
    effect: Literal["pure", "opaque"] = "pure"
    samples: tuple[Sample, ...] = ()
    user: bool = False  # a function of the user's, known by the rules that came with it
    fwd: Rule | None = None  # what computes (out, residuals) for the user's rule
    note: str = ""  # why there is no derivative
    flat: frozenset[str] = frozenset()  # parameters that the result jumps with: for real ones the derivative is zero

    def take_rule(self, kind: str, rule: Rule) -> None:
        """Let a rule of the user's ("vjp", "jvp" or "fwd") stand for the rules that the table has."""
        if kind == "fwd":
            self.fwd = rule
            return
        setattr(self, kind, {"*": rule})
        if self.user:
            return
        for other in {"vjp", "jvp"} - {kind}:
            if "*" not in getattr(self, other):
                setattr(self, other, {})  # the other mode has no rule that fits this one
        self.kind, self.flat, self.partials = "rule", frozenset(), {}
        self.diff = self.diff or self.params

    def __repr__(self) -> str:
        return f"<{self.name}>"


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """A function written in terms of others: `define` takes its arguments and is inlined where it is called."""

    name: str
    fn: Callable[..., Any]
    define: Callable[..., Any]
    samples: tuple[Sample, ...] = ()
    given: tuple[Any, ...] = ()  # what `define` takes before the arguments of the call: the ufunc of a method
    view: bool = False  # the function gives a view of its first argument, where the formula gives a copy


class Registry:
    """Primitives by the callable that they stand for, and the formulas of what is made of them."""

    def __init__(self) -> None:
        self._by_fn: dict[Any, Primitive] = {}
        self._by_name: dict[str, Primitive] = {}
        self._by_id: dict[int, Primitive] = {}  # of callables without a hash, which the rows keep alive
        self.more: Callable[[Any], bool] | None = (
            None  # reads further rows for a callable, says whether there may be some
        )
        self._formulas: dict[Any, Formula] = {}
        self._ufunc_methods: dict[str, Callable[..., Any]] = {}
        self._classes: dict[type, type] = {}

    def add(self, p: Primitive, *aliases: Callable[..., Any]) -> Primitive:
        if not p.user:  # whose names are the user's
            self._by_name[p.name] = p
        for fn in (p.fn, *aliases):
            try:
                self._by_fn[fn] = p
            except TypeError:
                self._by_id[id(fn)] = p
        return p

    def find(self, fn: Any) -> Primitive | None:
        """Return the row of a callable, or None."""
        try:
            row = self._by_fn.get(fn)
            if row is None and self.more is not None and self.more(fn):
                row = self._by_fn.get(fn)
            return row
        except TypeError:  # unhashable
            return self._by_id.get(id(fn))

    def add_formula(self, f: Formula, *aliases: Callable[..., Any]) -> Formula:
        for fn in (f.fn, *aliases):
            self._formulas[fn] = f
        return f

    def add_ufunc_method(self, name: str, define: Callable[..., Any]) -> None:
        """Add the formula of a method that all ufuncs have: `define(ufunc, *args)`."""
        self._ufunc_methods[name] = define

    def add_class(self, cls: type, stand_in: type) -> None:
        """Add the class whose Python source says what the methods of a library's class do."""
        self._classes[cls] = stand_in

    def stand_in(self, cls: Any) -> type | None:
        """Return the class that stands for a library's class, or None."""
        found = self._classes.get(cls)
        if found is None and self.more is not None and self.more(cls):
            found = self._classes.get(cls)
        return found

    def formula(self, fn: Any) -> Formula | None:
        """Return the formula of a callable, or None. It serves calls that no row takes."""
        try:
            found = self._formulas.get(fn)
        except TypeError:  # unhashable
            return None
        ufunc = getattr(fn, "__self__", None)
        if found is None and isinstance(ufunc, np.ufunc):
            define = self._ufunc_methods.get(fn.__name__)
            return define and Formula(f"np.{ufunc.__name__}.{fn.__name__}", fn, define, given=(ufunc,))
        return found

    def formulas(self) -> list[Formula]:
        return list(dict.fromkeys(self._formulas.values()))

    def named(self, name: str) -> Primitive:
        return self._by_name[name]

    def has(self, name: str) -> bool:
        return name in self._by_name

    def rows(self) -> list[Primitive]:
        return list(self._by_name.values())

    def copy(self) -> Registry:
        other = Registry()
        other._by_fn = dict(self._by_fn)
        other._by_name = dict(self._by_name)
        other._by_id = dict(self._by_id)
        other.more = self.more
        other._formulas = dict(self._formulas)
        other._ufunc_methods = dict(self._ufunc_methods)
        other._classes = dict(self._classes)
        return other


REGISTRY = Registry()
