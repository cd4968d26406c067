"""Rules that users bring: for their own functions, and for functions that they do not own.

A vjp rule is `rule(g, out, *args)`: from the gradient `g` of the result `out` it makes a tuple with one gradient for
each positional argument (of a function of one argument it may be the gradient itself; None where there is none).
A jvp rule is `rule(t, out, *args)`: from the tuple `t` of the arguments' tangents (None where an argument is
constant) it makes the tangent of the result. Rules are written in the Python that adgen compiles: their source is
inlined, so they can be differentiated themselves.

Rules are kept here until something is compiled, so that registering one does not load adgen's own.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, Literal, ParamSpec, TypeVar

from adgen.api.request import digest_code

P = ParamSpec("P")
R = TypeVar("R")
F = TypeVar("F", bound=Callable[..., Any])
Kind = Literal["vjp", "jvp"]

_rules: dict[Any, dict[Kind, Callable[..., Any]]] = {}
_installed: dict[Any, dict[Kind, Callable[..., Any]]] = {}
_overrides: ContextVar[tuple[tuple[Any, Any], ...]] = ContextVar("adgen_overrides", default=())
_LIBRARIES = ("numpy", "math", "builtins", "_operator", "scipy", "adgen")


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

    def __init__(self, fn: Callable[P, R]) -> None:
        self.fn = fn
        functools.update_wrapper(self, fn)

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
    shape of its argument (what broadcasting adds is summed away). A missing rule is a `NoGradientError` when a
    gradient through the function is made.

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
        _set_rule(self, "vjp", rule, replace=True)
        return rule


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
        _set_rule(self, "jvp", rule, replace=True)
        return rule


def register_vjp(fn: Callable[..., Any], rule: Callable[..., Any], *, replace: bool = False) -> None:
    """Give a function that one does not own a vjp rule: `rule(g, out, *args)`, as for `custom_vjp`.

    Gradients made before use the rule from their next call on. Raises `RegistrationError` (a `KeyError`) if there is
    a rule already, unless `replace`.

    >>> import adgen
    >>> def clamp(x):
    ...     return min(max(x, 0.0), 1.0)
    >>> adgen.register_vjp(clamp, lambda g, out, x: (g,))
    >>> adgen.has_rule(clamp)
    True
    """
    _set_rule(fn, "vjp", rule, replace)


def register_jvp(fn: Callable[..., Any], rule: Callable[..., Any], *, replace: bool = False) -> None:
    """Give a function that one does not own a jvp rule: `rule(t, out, *args)`, as for `custom_jvp`.

    Raises `RegistrationError` (a `KeyError`) if there is a rule already, unless `replace`.

    >>> import adgen
    >>> def double(x):
    ...     return x + x
    >>> adgen.register_jvp(double, lambda t, out, x: 2.0 * t[0])
    """
    _set_rule(fn, "jvp", rule, replace)


def _set_rule(fn: Any, kind: Kind, rule: Callable[..., Any], replace: bool) -> None:
    from adgen.errors import RegistrationError

    if not callable(fn) or not callable(rule):
        raise RegistrationError(what=f"a {kind} rule and what it is for must be functions, got {fn!r} and {rule!r}")
    _check_parameters(fn, kind, rule)
    if not replace and (kind in _rules.get(fn, ()) or (_may_have_row(fn) and _row_has(fn, kind))):
        raise RegistrationError(
            what=f"{_name(fn)} has a {kind} rule already",
            instead=f"register_{kind}(..., replace=True) replaces it",
        )
    _rules.setdefault(fn, {})[kind] = rule
    _forget()


def _check_parameters(fn: Any, kind: Kind, rule: Callable[..., Any]) -> None:
    """Refuse a rule that can't be called as `rule(g, out, *args)`."""
    from adgen.errors import RegistrationError

    try:
        have = inspect.signature(rule).parameters.values()
        given = inspect.signature(getattr(fn, "fn", fn)).parameters.values()
    except (TypeError, ValueError):  # a builtin without signature
        return
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    if any(p.kind is p.VAR_POSITIONAL for p in (*have, *given)):
        return
    most = len([p for p in have if p.kind in plain])
    least = len([p for p in have if p.kind in plain and p.default is p.empty])
    required = 2 + len([p for p in given if p.kind in plain and p.default is p.empty])
    count = 2 + len([p for p in given if p.kind in plain])
    if most < required or least > count:
        first = "g" if kind == "vjp" else "t"
        names = ", ".join((first, "out", *[p.name for p in given if p.kind in plain]))
        raise RegistrationError(
            what=f"the {kind} rule {_name(rule)} takes {most} arguments, and {_name(fn)} needs {required}",
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
    return fn in _rules or _row_has(fn, "vjp") or _row_has(fn, "jvp")


def _may_have_row(fn: Any) -> bool:
    module = getattr(fn, "__module__", None) or ""
    return not hasattr(fn, "__code__") or module.partition(".")[0] in _LIBRARIES


def _row_has(fn: Any, kind: Kind) -> bool:
    registry = load_registry()
    if registry.formula(fn) is not None:
        return True
    row = registry.find(fn)
    if row is None:
        return False
    return bool(row.partials or (row.vjp if kind == "vjp" else row.jvp)) or row.kind in (
        "linear", "multilinear", "zero", "constructor",
    )  # fmt: skip


def load_registry() -> Any:
    """Return the table of primitives with all of adgen's rows in it."""
    from adgen.rules.load import load_rules
    from adgen.rules.registry import REGISTRY

    load_rules()
    return REGISTRY


@contextmanager
def override_gradient(rules: Mapping[Callable[..., Any], Callable[..., Any]]) -> Iterator[None]:
    """Use other vjp rules for the gradients that are made inside the block.

    `rules` maps functions to rules as for `register_vjp`. A gradient keeps the rules that were in force where it was
    made. Inner blocks win. Safe with threads and async tasks.

    >>> import adgen
    >>> def step(x):
    ...     return float(x > 0.0)
    >>> with adgen.override_gradient({step: lambda g, out, x: (g,)}):
    ...     pass
    """
    for fn, rule in rules.items():
        _check_parameters(fn, "vjp", rule)
    kept = tuple((f, r) for f, r in _overrides.get() if f not in rules)
    token = _overrides.set((*kept, *rules.items()))
    try:
        yield
    finally:
        _overrides.reset(token)


def current_overrides() -> tuple[tuple[Any, Any], ...]:
    return _overrides.get()


def install_rules() -> None:
    """Put the users' rules into the table of primitives; the compiler looks them up there, under the key "*"."""
    registry = load_registry()
    from adgen.rules.registry import Primitive

    for fn, rules in list(_rules.items()):
        if _installed.get(fn) == rules:
            continue
        row = registry.find(fn)
        if row is None:
            row = registry.add(row_for(fn, Primitive))
        for kind, rule in rules.items():
            setattr(row, kind, {"*": rule})
        _installed[fn] = dict(rules)


def row_for(fn: Any, primitive: Any) -> Any:
    """Return a row for a function of the user's; parameters by its own signature."""
    params: list[str] = []
    defaults: dict[str, Any] = {}
    variadic = False
    try:
        signature = inspect.signature(getattr(fn, "fn", fn))
    except (TypeError, ValueError):
        params, variadic = ["args"], True
    else:
        for p in signature.parameters.values():
            if p.kind is p.VAR_KEYWORD:
                continue
            variadic |= p.kind is p.VAR_POSITIONAL
            params.append(p.name)
            if p.default is not p.empty:
                defaults[p.name] = p.default
    return primitive(
        name=getattr(fn, "__name__", type(fn).__name__),
        fn=fn,
        params=tuple(params),
        defaults=defaults,
        diff=tuple(params),
        kind="rule",
        variadic=variadic,
    )


def rules_digest() -> str:
    """Return a text that changes with the users' rules."""
    rows = sorted(
        f"{_name(fn)} {digest_code(getattr(fn, 'fn', fn))} {kind} {_name(rule)} {digest_code(rule)}"
        for fn, rules in _rules.items()
        for kind, rule in rules.items()
    )
    if not rows:
        return ""
    from hashlib import sha256

    return sha256("\n".join(rows).encode()).hexdigest()[:32]


def _forget() -> None:
    from adgen.api.engine import reset_all

    reset_all()


def _name(fn: Any) -> str:
    module, name = getattr(fn, "__module__", None), getattr(fn, "__qualname__", None)
    return f"{module}.{name}" if module and name else str(name or repr(fn))
