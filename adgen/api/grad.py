"""`grad` and `value_and_grad`, and the object that they return."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import replace
from types import FunctionType, MethodType
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

from adgen.api.callers import as_function, call_of
from adgen.api.custom import Custom, current_overrides
from adgen.api.engine import Engine
from adgen.api.link import Loaded
from adgen.api.names import find_by_name
from adgen.api.request import DEFAULT, Mode, Options, Step
from adgen.api.resolve import Names, Wrt, find_receiver, resolve_names, resolve_wrt
from adgen.api.signature import describe_signature

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")
Unconnected = Literal["none", "zero"]


class Gradient(Generic[P, R]):
    """A derivative of a function. It is called like the function itself.

    `primal` is the function, `wrt` the names that it is differentiated with respect to.
    """

    __name__: str
    __qualname__: str
    output_gradients: Any = None
    receiver: Any = None  # the object of a bound method, where `wrt` speaks of it
    _caller: Any = None  # what stands for it where it is differentiated again, if it is weighted
    _plain = True  # a call is a call of the dispatcher

    def __init__(
        self,
        fn: Callable[P, Any],
        mode: Mode,
        wrt: Wrt,
        options: Options = DEFAULT,
        scalar_wrt: bool | None = None,
        output_gradients: Any = None,
    ) -> None:
        fn, receiver = find_receiver(fn, wrt)
        fn, options = unwrap(fn, options)
        check_function(fn)
        names = resolve_wrt(fn, wrt, int(receiver is not None))
        resolve_names(fn, "of", options.of)
        resolve_names(fn, "stop_gradients", options.stop_gradients)
        functools.update_wrapper(self, fn)
        # `inspect.getsource` and friends would take the primal for the gradient.
        del self.__dict__["__wrapped__"]
        signature = inspect.signature(fn, follow_wrapped=False)
        if receiver is not None:
            signature = signature.replace(parameters=list(signature.parameters.values())[1:])
        self.__signature__ = signature
        self.primal = fn
        self.receiver = receiver
        self.wrt = names
        self.mode = mode
        scalar = not isinstance(wrt, tuple) if scalar_wrt is None else scalar_wrt
        self.output_gradients = output_gradients
        self._plain = output_gradients is None and receiver is None
        self._engine = Engine(fn, mode if output_gradients is None else "vjp", names, scalar, options)

    def __call__(self, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if self._plain:
            result: R = self._engine.dispatch(*args, **kwargs)
            return result
        given = args if self.receiver is None else (self.receiver, *args)
        made: R = self._weigh(given, kwargs) if self.output_gradients is not None else self._run(given, kwargs)
        return made

    def _run(self, args: Any, kwargs: Any) -> Any:
        return self._engine.dispatch(*args, **kwargs)

    def _weigh(self, args: Any, kwargs: Any) -> Any:
        from adgen.api.products import run_forward

        value, pull = run_forward(self._engine, args, kwargs)
        found = pull(self.output_gradients)
        gradient = found[0] if self._engine.scalar_wrt else found
        return (value, gradient) if self.mode == "value_and_grad" else gradient

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None or self.receiver is not None else MethodType(self, instance)

    @property
    def source(self) -> str:
        """The generated text: of each signature compiled so far, in order of first use, identical ones once.

        Before any call it is the text for assumed types, which its first lines name.
        """
        loaded = list(self._engine.loaded.values())
        if not loaded:
            return self.assumed_source()
        signatures: dict[str, list[str]] = {}
        for one in loaded:
            signatures.setdefault(one.stored.text, []).append(describe_signature(self._engine.names, one.keys))
        parts = [f"# {' or '.join(which)}\n{text.strip()}\n" for text, which in signatures.items()]
        return "\n\n".join(parts)

    def assumed_source(self) -> str:
        """Return the text for the types that annotations, defaults and use suggest."""
        from adgen.api.assume import load_assumed

        assumed, loaded = load_assumed(self._engine)
        return assumed.comment() + loaded.stored.text.strip() + "\n"

    def specialize(self, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Return the compiled function for the types of these arguments.

        It takes the primal's parameters by position. Its first line checks that the arguments are of those types;
        `bare` gives the same function without that line. Its attribute `source` is its text.

        >>> import adgen
        >>> df = adgen.grad(lambda x: x * x)
        >>> df.specialize(3.0)(4.0)
        8.0
        """
        from adgen.api.checks import specialize

        return specialize(self._engine, self._unseeded(*args, **kwargs))

    def bare(self, /, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Return what `specialize` returns without the check: arguments of other types give wrong results or errors.

        >>> import adgen
        >>> df = adgen.grad(lambda x: x * x)
        >>> df.bare(3.0)(4.0)
        8.0
        """
        return self._unseeded(*args, **kwargs).bare

    def _unseeded(self, /, *args: Any, **kwargs: Any) -> Loaded:
        if self.output_gradients is not None:
            from adgen.errors import UsageError

            raise UsageError(what="specialize of a gradient with output_gradients", instead="adgen.vjp")
        return self.loaded_for(*args, **kwargs)

    def loaded_for(self, /, *args: Any, **kwargs: Any) -> Loaded:
        """Return the implementation for these arguments."""
        given = args if self.receiver is None else (self.receiver, *args)
        return self._engine.obtain(self._engine.bind(*given, **kwargs))

    def __repr__(self) -> str:
        wrt = ", ".join(self.wrt)
        return f"<adgen.{self.mode} of {self.primal.__module__}.{self.primal.__qualname__} with respect to {wrt}>"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p><code>{escape(repr(self))}</code></p>\n<pre><code>{escape(self.source)}</code></pre>"

    def __reduce__(self) -> Any:
        module, qualname = self.__module__, self.__qualname__
        named = find_by_name(module, qualname)
        if named is self:
            return qualname
        engine = self._engine
        rest = (self.mode, self.wrt, engine.options, engine.scalar_wrt, self.output_gradients)
        if isinstance(named, Gradient) and named.primal is self.primal:
            return _rebuild_beside, (named, *rest)
        return _rebuild, (self.primal if self.receiver is None else MethodType(self.primal, self.receiver), *rest)


def _rebuild(
    fn: Any, mode: Mode, wrt: tuple[str, ...], options: Options, scalar: bool, seed: Any
) -> Gradient[Any, Any]:
    return Gradient(fn, mode, wrt, options, scalar, seed)


def _rebuild_beside(
    named: Gradient[Any, Any], mode: Mode, wrt: tuple[str, ...], options: Options, scalar: bool, seed: Any
) -> Gradient[Any, Any]:
    return Gradient(named.primal, mode, wrt, options, scalar, seed)


def unwrap(fn: Any, options: Options) -> tuple[Any, Options]:
    """Return the function under a gradient that is differentiated again, and options that say so.

    A function that brings its own rule has no body for the compiler: what calls it is differentiated in its place.
    """
    if isinstance(fn, Custom):
        return fn.caller, options
    fn = as_function(fn, options.overrides)
    if not isinstance(fn, Gradient):
        return fn, options
    if fn.mode == "primal":
        return fn.primal, options
    from adgen.errors import UsageError

    if fn.output_gradients is not None:
        if fn._caller is None:
            fn._caller = call_of(fn)
        return fn._caller, options
    if options.of:
        raise UsageError(
            what="of= where a gradient is differentiated again",
            instead="a function that computes what is meant from the gradient, and its gradient",
        )
    before = fn._engine.options
    scalar = fn._engine.scalar_wrt
    step = Step(fn.mode, fn.wrt, scalar, before.unconnected, before.stop_gradients)  # type: ignore[arg-type]
    if options.overrides and options.overrides != before.overrides:
        from adgen.errors import UsageError

        raise UsageError(
            what=f"override_gradient around the gradient of {fn!r}, which was made with other rules",
            why="a gradient keeps the rules that were in force where it was made",
            instead="make both gradients inside the block",
        )
    options = replace(options, overrides=before.overrides)
    return fn.primal, replace(options, inner=(*before.inner, step), of=before.of)


def check_function(fn: Any) -> None:
    """Refuse what has no Python source of its own."""
    if isinstance(fn, FunctionType):
        return
    from adgen.errors import TypeMismatchError

    raise TypeMismatchError(
        what=f"adgen differentiates Python functions, and {fn!r} is {_kind(fn)}",
        instead="wrap it in a function: lambda x: ...",
    )


def _kind(fn: Any) -> str:
    return f"a {type(fn).__name__}" if not isinstance(fn, type) else "a class"


def make_options(of: Names | None, stop_gradients: Names, unconnected: str) -> Options:
    from adgen.errors import UsageError

    if unconnected not in ("none", "zero"):
        raise UsageError(what=f"unconnected_gradients is 'none' or 'zero', not {unconnected!r}")
    targets = () if of is None else tuple(of) if isinstance(of, (tuple, list)) else (of,)
    stops = (stop_gradients,) if isinstance(stop_gradients, str) else tuple(stop_gradients)
    return Options(targets, stops, unconnected, current_overrides())  # type: ignore[arg-type]


@overload
def grad(
    fn: Callable[P, Any], /, wrt: Wrt = ..., *, of: Names | None = ..., output_gradients: Any = ...,
    stop_gradients: Names = ..., unconnected_gradients: Unconnected = ...,
) -> Gradient[P, Any]: ...  # fmt: skip
@overload
def grad(
    *, wrt: Wrt = ..., of: Names | None = ..., output_gradients: Any = ..., stop_gradients: Names = ...,
    unconnected_gradients: Unconnected = ...,
) -> Callable[[Callable[P, Any]], Gradient[P, Any]]: ...  # fmt: skip


def grad(
    fn: Callable[..., Any] | None = None,
    /,
    wrt: Wrt = 0,
    *,
    of: Names | None = None,
    output_gradients: Any = None,
    stop_gradients: Names = (),
    unconnected_gradients: Unconnected = "none",
) -> Any:
    """Make the gradient of a function: `@adgen.grad`, `@adgen.grad(wrt="x")`, or `adgen.grad(f, wrt=(0, 1))`.

    The result is a function with the parameters of `fn`. It returns the gradient of fn's result (of the sum of all
    its elements, if it is not a scalar) with respect to `wrt`: a float for a Python float, an array of the same shape
    and dtype for an array, a structure of the same kind for a dict, list, tuple, namedtuple or dataclass, a namespace
    for any other object (None in the place of leaves that are not floating point).

    `wrt` is a position; the name of a parameter, which means its value on entry; a path to a part of one
    (`"params['w']"`, `"self.layer.w"`); the name of a local variable that is assigned once; that of an `adgen.tag`; or
    a global or a variable of the function around, whole or in part (`"model.layer.w"`). For a tuple of them the result
    is a tuple. `of` names what is differentiated in place of the result: local variables or parameters (their values
    when the function ends), or tags; of a tuple of names, the sum. `output_gradients` weighs the target: it has its
    structure and shapes, with None for ones. What `stop_gradients` names is held constant in this derivative; one of
    its result goes through it. A gradient of something that the target does not depend on is None, or zeros with
    `unconnected_gradients="zero"`.

    The text is compiled at the first call with arguments of some types, and read with `.source`.

    Raises `UsageError` (a `ValueError`) where a name means nothing or more than one value. At the first call:
    `TypeMismatchError` (a `TypeError`) where something in `wrt` is not floating point or output gradients do not fit,
    `NoGradientError` (a `LookupError`) where a function has no rule, `UnsupportedError` (a `NotImplementedError`) for
    Python that adgen does not differentiate. All are `AdgenError`.

    >>> import adgen
    >>> @adgen.grad
    ... def slope(x, a):
    ...     return a * x * x
    >>> slope(3.0, 0.5)
    3.0
    >>> def f(x):
    ...     y = x * x
    ...     z = y * y
    ...     return z
    >>> adgen.grad(f, wrt="y", of="z")(3.0)
    18.0
    """
    options = make_options(of, stop_gradients, unconnected_gradients)
    if fn is None:
        return lambda f: Gradient(f, "grad", wrt, options, None, output_gradients)
    return Gradient(fn, "grad", wrt, options, None, output_gradients)


@overload
def value_and_grad(
    fn: Callable[P, T], /, wrt: Wrt = ..., *, of: Names | None = ..., output_gradients: Any = ...,
    stop_gradients: Names = ..., unconnected_gradients: Unconnected = ...,
) -> Gradient[P, tuple[T, Any]]: ...  # fmt: skip
@overload
def value_and_grad(
    *, wrt: Wrt = ..., of: Names | None = ..., output_gradients: Any = ..., stop_gradients: Names = ...,
    unconnected_gradients: Unconnected = ...,
) -> Callable[[Callable[P, T]], Gradient[P, tuple[T, Any]]]: ...  # fmt: skip


def value_and_grad(
    fn: Callable[..., Any] | None = None,
    /,
    wrt: Wrt = 0,
    *,
    of: Names | None = None,
    output_gradients: Any = None,
    stop_gradients: Names = (),
    unconnected_gradients: Unconnected = "none",
) -> Any:
    """Make a function that returns `(value, gradient)`; arguments and errors as for `grad`.

    The value is what is differentiated: fn's result, or what `of` names. `scipy.optimize.minimize` takes it with
    `jac=True`.

    >>> import adgen
    >>> f = adgen.value_and_grad(lambda x: x * x)
    >>> f(3.0)
    (9.0, 6.0)
    """
    options = make_options(of, stop_gradients, unconnected_gradients)
    if fn is None:
        return lambda f: Gradient(f, "value_and_grad", wrt, options, None, output_gradients)
    return Gradient(fn, "value_and_grad", wrt, options, None, output_gradients)
