"""Rules that users bring: for their own functions, and for functions that they do not own.

A vjp rule is `rule(g, out, *args)`: from the gradient `g` of the result `out` it makes a tuple with one gradient for
each positional argument (of a function of one argument it may be the gradient itself; None where there is none).
A jvp rule is `rule(t, out, *args)`: from the tuple `t` of the arguments' tangents (None where an argument is
constant) it makes the tangent of the result. Rules are written in the Python that adgen compiles: their source is
inlined, so they can be differentiated themselves.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, ParamSpec, TypeVar

from adgen.api.rulebook import (
    PLAIN,
    Kind,
    entry_of,
    install_rules,
    key_of_callable,
    load_registry,
    make_entry,
    may_have_row,
    name_of,
    row_for,
    row_has,
    rules_digest,
)

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])
Nondiff = int | str | tuple[int | str, ...]
_overrides: ContextVar[tuple[tuple[Any, Any], ...]] = ContextVar("adgen_overrides", default=())


def stop_gradient(x: R) -> R:
    """Return x; adgen treats the result as a constant.

    >>> import adgen
    >>> @adgen.grad
    ... def f(x):
    ...     return x * adgen.stop_gradient(x)
    >>> f(3.0)
    3.0
    """
    return x


class Custom(Generic[P, R]):
    """A function that brings its own rule. Called as usual, it is the function."""

    kind: Kind
    __name__: str
    __qualname__: str

    def __new__(cls, fn: Callable[P, R] | None = None, /, *, nondiff: Nondiff = ()) -> Any:
        return functools.partial(cls, nondiff=nondiff) if fn is None else super().__new__(cls)

    def __init__(self, fn: Callable[P, R], /, *, nondiff: Nondiff = ()) -> None:
        self.fn = fn
        functools.update_wrapper(self, fn)
        self.nondiff = _names_of(self, nondiff)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.fn(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<adgen.custom_{self.kind} {self.__qualname__}>"

    def __reduce__(self) -> str:
        return self.__qualname__

    @functools.cached_property
    def caller(self) -> Callable[..., Any]:
        """A plain function that calls this one: what is differentiated when a gradient of this one is asked for."""
        from adgen.api.link import compile_text
        from adgen.api.names import header, parameters_of, passing

        fn: Any = self.fn
        params = parameters_of(fn)
        text = (
            f"def make({fn.__name__}):\n"
            f"    def {fn.__name__}_({header(params, fn)}):\n"
            f"        return {fn.__name__}({passing(params)})\n"
            f"    return {fn.__name__}_\n"
        )
        code, _ = compile_text(text, f"caller of {fn.__name__}")
        space: dict[str, Any] = {"__name__": fn.__module__}
        exec(code, space)
        made: Any = space["make"](self)
        made.__defaults__, made.__kwdefaults__ = fn.__defaults__, fn.__kwdefaults__
        made.__name__, made.__qualname__, made.__doc__ = fn.__name__, fn.__qualname__, fn.__doc__
        caller: Callable[..., Any] = made
        return caller


class custom_vjp(Custom[P, R]):
    """Give a function a vjp rule of its own; `@fn.defvjp` on the rule.

    The rule is `rule(g, out, *args)` and returns a tuple with one gradient per positional argument, each of the
    shape of its argument (what broadcasting adds is summed away), None where there is none. It returns nothing for
    the parameters named in `nondiff` (`@adgen.custom_vjp(nondiff="axis")`). A missing rule is a `NoGradientError`
    when a gradient through the function is made; a wrong count, shape or dtype is an error that names the rule.

    >>> import adgen
    >>> @adgen.custom_vjp
    ... def cube(x):
    ...     return x ** 3
    >>> @cube.defvjp
    ... def cube_vjp(g, out, x):
    ...     return (3.0 * x * x * g,)
    >>> cube(2.0)
    8.0
    >>> adgen.has_rule(cube)
    True
    """

    kind: Kind = "vjp"

    def defvjp(self, rule: F) -> F:
        """Set the rule; returns it unchanged."""
        _set_rule(self, "vjp", rule, True, self.nondiff)
        return rule

    def deffwd(self, forward: F) -> F:
        """Set what computes the result where a gradient is wanted; returns it unchanged.

        `forward(*args)` returns `(out, residuals)`, and the rule gets the residuals in the place of the result.

        >>> import adgen, math
        >>> @adgen.custom_vjp
        ... def wave(x):
        ...     return math.sin(x)
        >>> @wave.deffwd
        ... def wave_fwd(x):
        ...     return math.sin(x), math.cos(x)
        >>> @wave.defvjp
        ... def wave_vjp(g, cosine, x):
        ...     return (g * cosine,)
        >>> adgen.grad(wave)(0.0)
        1.0
        """
        _set_rule(self, "fwd", forward, True, self.nondiff)
        return forward


class custom_jvp(Custom[P, R]):
    """Give a function a jvp rule of its own; `@fn.defjvp` on the rule.

    The rule is `rule(t, out, *args)`, where `t` is a tuple with one tangent per positional argument (None for an
    argument that is held constant); it returns the tangent of the result.

    >>> import adgen
    >>> @adgen.custom_jvp
    ... def cube(x):
    ...     return x ** 3
    >>> @cube.defjvp
    ... def cube_jvp(t, out, x):
    ...     return 3.0 * x * x * t[0]
    >>> cube(2.0)
    8.0
    """

    kind: Kind = "jvp"

    def defjvp(self, rule: F) -> F:
        """Set the rule; returns it unchanged."""
        _set_rule(self, "jvp", rule, True, self.nondiff)
        return rule


def register_vjp(
    fn: Callable[..., Any], rule: Callable[..., Any], *, replace: bool = False, nondiff: Nondiff = ()
) -> None:
    """Give a function that one does not own a vjp rule: `rule(g, out, *args)`, as for `custom_vjp`.

    The function may be anything that is called: of Python, a ufunc, a bound method, or one without source (of ctypes,
    of an extension, made by `np.frompyfunc`), which is then called as it is. Gradients made before use the rule
    from their next call on. Raises `RegistrationError` (a `KeyError`) if there is
    a rule already, unless `replace`.

    >>> import adgen
    >>> def clamp(x):
    ...     return min(max(x, 0.0), 1.0)
    >>> adgen.register_vjp(clamp, lambda g, out, x: (g,))
    >>> adgen.has_rule(clamp)
    True
    """
    _set_rule(fn, "vjp", rule, replace, nondiff)


def register_jvp(fn: Callable[..., Any], rule: Callable[..., Any], *, replace: bool = False) -> None:
    """Give a function that one does not own a jvp rule: `rule(t, out, *args)`, as for `custom_jvp`.

    Raises `RegistrationError` (a `KeyError`) if there is a rule already, unless `replace`.

    >>> import adgen
    >>> def double(x):
    ...     return x + x
    >>> adgen.register_jvp(double, lambda t, out, x: 2.0 * t[0])
    """
    _set_rule(fn, "jvp", rule, replace)


def _set_rule(fn: Any, kind: Kind, rule: Callable[..., Any], replace: bool, nondiff: Nondiff = ()) -> None:
    from adgen.errors import RegistrationError

    _check_callable(fn, kind, rule)
    _check_parameters(fn, kind, rule)
    known = entry_of(fn)
    if not replace and ((known and kind in known.rules) or (may_have_row(fn) and row_has(fn, kind))):
        raise RegistrationError(
            what=f"{name_of(fn)} has a {kind} rule already",
            instead=f"register_{kind}(..., replace=True) replaces it",
        )
    entry = make_entry(fn)
    entry.rules[kind] = rule
    if nondiff:
        entry.nondiff = _names_of(fn, nondiff)
    _forget()


def _names_of(fn: Any, nondiff: Nondiff) -> tuple[str, ...]:
    """Return the names of parameters given by name or position."""
    from adgen.errors import RegistrationError

    names = list(inspect.signature(getattr(fn, "fn", fn)).parameters)
    found: list[str] = []
    for one in nondiff if isinstance(nondiff, tuple) else (nondiff,):
        known = one in names if isinstance(one, str) else -len(names) <= one < len(names)
        if not known:
            raise RegistrationError(
                what=f"nondiff={one!r}: {name_of(fn)} has no such parameter", instead=f"one of {', '.join(names)}"
            )
        found.append(names[one] if isinstance(one, int) else one)
    return tuple(found)


def _check_callable(fn: Any, kind: Kind, rule: Any) -> None:
    from adgen.errors import RegistrationError

    if not callable(fn) or not callable(rule):
        raise RegistrationError(what=f"a {kind} rule and what it is for must be functions, got {fn!r} and {rule!r}")


def _check_parameters(fn: Any, kind: Kind, rule: Callable[..., Any]) -> None:
    """Refuse a rule that can't be called as `rule(g, out, *args)`."""
    from adgen.errors import RegistrationError

    try:
        have = inspect.signature(rule).parameters.values()
        given = inspect.signature(getattr(fn, "fn", fn)).parameters.values()
        if kind == "fwd":
            return
    except (TypeError, ValueError):  # a builtin without signature
        return
    if any(p.kind is p.VAR_POSITIONAL for p in (*have, *given)):
        return
    most = len([p for p in have if p.kind in PLAIN])
    least = len([p for p in have if p.kind in PLAIN and p.default is p.empty])
    required = 2 + len([p for p in given if p.kind in PLAIN and p.default is p.empty])
    count = 2 + len([p for p in given if p.kind in PLAIN])
    if most < required or least > count:
        first = "g" if kind == "vjp" else "t"
        names = ", ".join((first, "out", *[p.name for p in given if p.kind in PLAIN]))
        raise RegistrationError(
            what=f"the {kind} rule {name_of(rule)} takes {most} arguments, and {name_of(fn)} needs {required}",
            why=f"it gets the {'gradient' if kind == 'vjp' else 'tangents'}, the result and the arguments.",
            instead=f"def {getattr(rule, '__name__', 'rule')}({names}): ...",
        )


def has_rule(fn: Callable[..., Any]) -> bool:
    """Say whether adgen knows the derivative of this function without reading its source.

    >>> import adgen, numpy as np
    >>> adgen.has_rule(np.tanh)
    True
    >>> adgen.has_rule(open)
    False
    """
    return entry_of(fn) is not None or row_has(fn, "vjp") or row_has(fn, "jvp")


@contextmanager
def override_gradient(rules: Mapping[Callable[..., Any], Callable[..., Any]]) -> Iterator[None]:
    """Use other vjp rules for the gradients that are made inside the block.

    `rules` maps functions to rules as for `register_vjp`. A gradient keeps the rules that were in force where it was
    made. Inner blocks win. Safe with threads and async tasks. Written inside a function that is differentiated, the
    block gives the rules to the calls in it, and to those in functions that they call.

    >>> import adgen
    >>> def step(x):
    ...     return float(x > 0.0)
    >>> with adgen.override_gradient({step: lambda g, out, x: (g,)}):
    ...     pass
    """
    for fn, rule in rules.items():
        _check_callable(fn, "vjp", rule)
        _check_parameters(fn, "vjp", rule)
    kept = tuple((f, r) for f, r in _overrides.get() if f not in rules)
    token = _overrides.set((*kept, *rules.items()))
    try:
        yield
    finally:
        _overrides.reset(token)


def current_overrides() -> tuple[tuple[Any, Any], ...]:
    return _overrides.get()


def _forget() -> None:
    from adgen.api.engine import reset_all

    reset_all()


__all__ = [
    "Custom", "current_overrides", "custom_jvp", "custom_vjp", "has_rule", "install_rules", "key_of_callable",
    "load_registry", "override_gradient", "register_jvp", "register_vjp", "row_for", "rules_digest", "stop_gradient",
]  # fmt: skip
