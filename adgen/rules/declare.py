"""Functions that put rows into the table of primitives.

A rule (a vjp, a jvp, a partial derivative) is written in the subset of Python that the compiler inlines:
expressions, local assignments, `if` on static facts (`x.ndim`, `axis is None`, `isinstance`), calls of functions
with a row of their own, and calls of `@static` helpers, which run at compile time.

* A partial derivative is positional: `lambda out, x, y: ...`, in the order of the parameters.
* A vjp takes `g`, `out` and the arguments that it wants, by their names: `lambda g, x, axis: ...`.
* A jvp takes `t`, the tangent of one argument, likewise.
* The gradient for a parameter that holds a tuple, or any number of arguments, is a tuple.
* Rules return what broadcasting gives; the driver sums to the operand's shape, takes the real part, casts.

Parameters are written as in a `def`, without commas: `"x axis=None keepdims=False"`, `"x base=None /"` (what stands
before `/` can't go by keyword), `"a axis=None * keepdims=False"` (what follows `*` goes by keyword only),
`"subscripts *operands optimize=False"`.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import numpy as np

from adgen.errors import RegistrationError
from adgen.rules.registry import REGISTRY, Formula, Kind, Memory, Primitive, Rule, Sample

F = TypeVar("F", bound=Callable[..., Any])

Rules = dict[str, Rule] | Sequence[Rule | None] | Rule | None


class OtherForm(TypeError):
    """Raised by the `infer` of a row for a call that its rules don't serve: the function's formula does."""


def static(fn: F) -> F:
    """Mark a helper of rules that runs at compile time; its arguments must be known there."""
    fn.__adgen_static__ = True  # type: ignore[attr-defined]
    return fn


def has_static_mark(fn: Any) -> bool:
    return getattr(fn, "__adgen_static__", False) is True


def fact(decide: Callable[..., Any]) -> Callable[[F], F]:
    """Mark a helper of rules that the compiler answers from its operands alone: `decide(*operands)` is the constant."""

    def mark(fn: F) -> F:
        fn.__adgen_fact__ = decide  # type: ignore[attr-defined]
        return fn

    return mark


def sample(*args: Any, kink: str = "", second: bool = True, wrt: tuple[str, ...] = (), **kwargs: Any) -> Sample:
    """Return a sample call: `sample(x, axis=0)`."""
    return Sample(args, kwargs, kink, second, wrt)


def display_name(fn: Any) -> str:
    """Return how a function prints: `np.tanh`, `np.linalg.inv`, `math.sin`, `abs`."""
    if isinstance(fn, np.ufunc):
        return f"np.{fn.__name__}"
    module = getattr(fn, "__module__", None) or ""
    name = getattr(fn, "__name__", None)
    if name is None:
        raise RegistrationError(what=f"{fn!r} has no __name__: pass name=")
    if module in ("builtins", "_operator"):
        return str(name)
    for package in ("numpy.linalg", "numpy.fft", "numpy.random"):
        if module.startswith(package):
            return f"np.{package[6:]}.{name}"
    if module == "numpy.lib.scimath":
        return f"np.emath.{name}"
    if module.split(".")[0] == "numpy":
        within = module.partition(".")[2] if module.startswith("numpy.polynomial.") else ""
        return f"np.{within}.{name}" if within else f"np.{name}"
    public = [part for part in module.split(".") if not part.startswith("_")]
    return ".".join((*(public[:2] if public[:1] == ["scipy"] else public), name))


_COMMON = {"None": None, "False": False, "True": True}


def _default(text: str) -> Any:
    if text in _COMMON:
        return _COMMON[text]
    return getattr(np, text[3:]) if text.startswith("np.") else ast.literal_eval(text)


def parse_params(text: str) -> tuple[tuple[str, ...], dict[str, Any], bool, frozenset[str], frozenset[str]]:
    """Return names, defaults, whether the last one is variadic, the names that can't go by keyword, those that must."""
    names: list[str] = []
    defaults: dict[str, Any] = {}
    variadic: str | None = None
    positional: frozenset[str] = frozenset()
    keyword: list[str] | None = None
    for part in text.split():
        if part == "/":
            positional = frozenset(names)
            continue
        if part.startswith("*"):
            variadic = part[1:] or None
            keyword = []
            continue
        name, has_default, default = part.partition("=")
        names.append(name)
        if keyword is not None:
            keyword.append(name)
        if has_default:
            defaults[name] = _default(default)
    if variadic is not None:
        names.append(variadic)
    return tuple(names), defaults, variadic is not None, positional, frozenset(keyword or ())


def _by_name(rules: Rules, diff: Sequence[str]) -> dict[str, Rule]:
    if rules is None:
        return {}
    if isinstance(rules, dict):
        return dict(rules)
    if callable(rules):
        rules = (rules,)
    if len(rules) > len(diff):
        raise RegistrationError(what=f"{len(rules)} rules for the arguments {tuple(diff)}")
    return {p: r for p, r in zip(diff, rules) if r is not None}


def register(
    fn: Callable[..., Any],
    params: str,
    *,
    kind: Kind,
    name: str | None = None,
    args: Sequence[str] | None = None,
    static: Iterable[str] = (),
    vjp: Rules = None,
    jvp: Rules = None,
    partials: Rules = None,
    aliases: Iterable[Callable[..., Any]] = (),
    samples: Iterable[Sample] = (),
    memory: Memory = "fresh",
    infer: Callable[..., Any] | None = None,
    show: str = "",
    narrow: bool = False,
    effect: str = "pure",
    replace: bool = False,
    flat: Iterable[str] = (),
) -> Primitive:
    """Add one row. `args` are the parameters that rules given as a sequence stand for, the first ones by default."""
    name = name or display_name(fn)
    names, defaults, variadic, positional, keyword = parse_params(params)
    order = tuple(args) if args is not None else names
    tables = [_by_name(r, order) for r in (vjp, jvp, partials)]
    known = [p for table in tables for p in table]
    diff = tuple(p for p in names if p in known or (args is not None and p in order))
    statics = frozenset(static)
    for p in (*known, *order, *statics):
        if p not in names:
            raise RegistrationError(what=f"{name} has no parameter {p!r}; it has {', '.join(names)}")
    row = Primitive(
        name=name,
        fn=fn,
        params=names,
        defaults=defaults,
        static=statics,
        diff=diff,
        kind=kind,
        vjp=tables[0],
        jvp=tables[1],
        partials=tables[2],
        memory=memory,
        infer=infer,
        show=show,
        narrow=narrow,
        variadic=variadic,
        positional=positional,
        keyword=keyword,
        effect="opaque" if effect == "opaque" else "pure",
        samples=tuple(samples),
        flat=frozenset((*flat, *(p for p, r in tables[2].items() if r is no_slope))),
    )
    others = [a for a in aliases if a is not fn]
    if not replace:
        for f in (fn, *others):
            if (old := REGISTRY.find(f)) is not None:
                raise RegistrationError(what=f"{name} has a row already ({old.name}); pass replace=True to replace it")
        if REGISTRY.has(name):
            raise RegistrationError(what=f"the name {name} has a row already; pass replace=True to replace it")
    return REGISTRY.add(row, *others)


def elementwise(
    fn: Callable[..., Any],
    *partials: Rule | None,
    params: str | None = None,
    narrow: bool = True,
    **options: Any,
) -> Primitive:
    """Declare an elementwise function by one partial derivative `(out, *arguments)` per argument; None: it has none."""
    if params is None:
        code = next((p.__code__ for p in partials if p is not None), None)
        if code is None:
            raise RegistrationError(what=f"{fn!r}: params= is needed where no partial derivative names them")
        params = " ".join(code.co_varnames[1 : code.co_argcount])
    if not any(p is not None for p in partials):
        return register(fn, params, kind="zero", **options)
    return register(fn, params, kind="elementwise", partials=partials, narrow=narrow, **options)


def no_slope(out: Any, *args: Any) -> float:
    """Stand for the partial derivative of what is constant between its jumps."""
    return 0.0


def steps(*fns: Callable[..., Any], params: str = "x", **options: Any) -> None:
    """Declare functions that are constant between their jumps: a gradient by the parameters without default is zero."""
    count = sum("=" not in p for p in params.split() if p not in "*/")
    for fn in fns:
        elementwise(fn, *(no_slope,) * count, params=params, **options)


def rule(fn: Callable[..., Any], params: str = "x", **options: Any) -> Primitive:
    """Declare a function by `vjp=` and `jvp=`: one rule, a sequence in the order of the arguments, or a dict."""
    return register(fn, params, kind="rule", **options)


def linear(
    fn: Callable[..., Any], params: str = "x", *, args: Sequence[str] | None = None, **options: Any
) -> Primitive:
    """Declare a function that is linear in `args` together: the tangent is the function itself on their tangents."""
    first = args if args is not None else (parse_params(params)[0][0],)
    return register(fn, params, kind="linear", args=first, **options)


def multilinear(fn: Callable[..., Any], params: str, *, args: Sequence[str], **options: Any) -> Primitive:
    """Declare a function that is linear in each of `args`: the tangent is a sum over them."""
    return register(fn, params, kind="multilinear", args=args, **options)


def nondifferentiable(
    *fns: Callable[..., Any], params: str = "x", infer: Callable[..., Any] | None = None, **options: Any
) -> None:
    """Declare functions whose derivative is known to be zero or absent."""
    for fn in fns:
        register(fn, params, kind="zero", infer=infer, **options)


def constructor(fn: Callable[..., Any], params: str, **options: Any) -> Primitive:
    """Declare a function that makes a fresh value from static arguments or lengths."""
    return register(fn, params, kind="constructor", **options)


def query(fn: Callable[..., Any], params: str = "x", **options: Any) -> Primitive:
    """Declare a question about a value that has no derivative: a length, a shape, a type."""
    return register(fn, params, kind="query", **options)


def structure(fn: Callable[..., Any], params: str, **options: Any) -> Primitive:
    """Declare an operation on structures, which the derivative passes handle themselves."""
    return register(fn, params, kind="structure", **options)


def objects_of(*classes: type) -> Callable[[type], type]:
    """Declare what objects of a library's class are made of and do: `@objects_of(np.poly1d)` over a class.

    The class below is written like a class of a user, and so are its methods inlined.
    """

    def mark(stand_in: type) -> type:
        for cls in classes:
            REGISTRY.add_class(cls, stand_in)
        return stand_in

    return mark


def formula(
    fn: Callable[..., Any],
    *samples: Sample,
    aliases: Iterable[Callable[..., Any]] = (),
    name: str | None = None,
    view: bool = False,
) -> Callable[[F], F]:
    """Declare a function by a formula over functions that have rules: `@formula(np.ediff1d, sample(x))`.

    The formula has the function's own parameters and is inlined in place of each call that no row takes, so that
    every derivative of it follows. Where a function has a row too, its formula serves the rarer arguments.
    """

    def mark(define: F) -> F:
        REGISTRY.add_formula(Formula(name or display_name(fn), fn, define, samples, view=view), *aliases)
        return define

    return mark
