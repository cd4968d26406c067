"""`vjp` and `jvp`: products with the Jacobian at one point."""

from __future__ import annotations

import inspect
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any, ParamSpec, TypeVar, overload

import numpy as np

from adgen.api.engine import Engine, not_floating
from adgen.api.grad import Unconnected, check_function, make_options, unwrap
from adgen.api.link import Loaded, explain
from adgen.api.names import Param, parameters_of
from adgen.api.paths import follow, split_path
from adgen.api.plain import attributes_of, is_plain
from adgen.api.request import Mode, Options
from adgen.api.resolve import Names, Wrt, find_receiver, resolve_names, resolve_wrt
from adgen.api.seeds import Form, fit_seed, form_of
from adgen.api.signature import is_floating_key, key_of

P = ParamSpec("P")
R = TypeVar("R")

_LIMIT = 256
_engines: OrderedDict[Any, Engine] = OrderedDict()
_lock = threading.Lock()


def find_engine(
    fn: Callable[..., Any], mode: Mode, wrt: tuple[str, ...], options: Options, positional: bool = False
) -> Engine:
    """Return the engine for a function, the same one for the same request. `positional`: wrt are all arguments."""
    fn, options = unwrap(fn, options)
    check_function(fn)
    key = (fn, mode, wrt, options, positional)
    with _lock:
        engine = _engines.get(key)
        if engine is None:
            engine = _engines[key] = Engine(fn, mode, wrt, False, options, positional)
            while len(_engines) > _LIMIT:
                _engines.popitem(last=False)
        _engines.move_to_end(key)
        return engine


def clear_engines() -> None:
    with _lock:
        _engines.clear()


class Pullback:
    """The linear map from a gradient of the result to gradients of the arguments. It can be called any number of times.

    `source` is the text that it runs.
    """

    def __init__(self, loaded: Loaded, residuals: Any, form: Form) -> None:
        self._loaded = loaded
        self._residuals = residuals
        self._form = form
        self.positions: tuple[tuple[str, int | None], ...] = tuple((n, None) for n in loaded.wrt)
        self.bare = False

    def __call__(self, seed: Any, /) -> Any:
        """Return one gradient for each argument, or for each name of `wrt`; None for one without."""
        loaded = self._loaded
        seed = fit_seed(self._form, seed)
        if loaded.pullback is None:
            found: list[Any] = [None] * len(self.positions)
        else:
            try:
                gradients = loaded.pullback(self._residuals, seed)
            except Exception as e:
                explain(e)
                raise
            by_name = dict(zip(loaded.wrt, gradients, strict=True))
            found = []
            for name, i in self.positions:
                g = by_name.get(name)
                found.append(g if i is None or g is None else g[i])
        return found[0] if self.bare else tuple(found)

    @property
    def source(self) -> str:
        return self._loaded.stored.text

    def __repr__(self) -> str:
        return f"<adgen pullback {self._loaded.stored.entry}>"


def run_forward(engine: Engine, args: Any, kwargs: Any) -> tuple[Any, Pullback]:
    """Run the forward part of an engine of mode "vjp"."""
    call, key, values = engine.dispatch(*args, **kwargs)
    try:
        value, residuals = call(*values)
    except Exception as e:
        explain(e)
        raise
    loaded = engine.loaded.get(key) or engine.obtain(values)
    return value, Pullback(loaded, residuals, form_of(value))


@overload
def vjp(fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> tuple[R, Callable[[Any], tuple[Any, ...]]]: ...
@overload
def vjp(
    fn: Callable[..., Any], /, *args: Any, wrt: Wrt, of: Names = ..., stop_gradients: Names = ...,
    unconnected_gradients: Unconnected = ...,
) -> tuple[Any, Callable[[Any], Any]]: ...  # fmt: skip
@overload
def vjp(
    fn: Callable[..., Any], /, *args: Any, of: Names, stop_gradients: Names = ...,
    unconnected_gradients: Unconnected = ...,
) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]: ...  # fmt: skip
@overload
def vjp(  # type: ignore[overload-cannot-match]
    fn: Callable[..., R], /, *args: Any, stop_gradients: Names, unconnected_gradients: Unconnected = ...
) -> tuple[R, Callable[[Any], tuple[Any, ...]]]: ...


def vjp(fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> tuple[Any, Callable[[Any], Any]]:
    """Run a function and return `(value, pullback)`.

    `pullback(seed)`, with a seed of the structure and shape of the value, returns a tuple with one gradient per
    positional argument: `seed` times the Jacobian. Arguments that are not floating point, and those that the value
    does not depend on, get None. It answers any number of times, without running the function again, and what it keeps
    of the forward pass is released with it. Keyword arguments are held constant.

    `wrt`, `of`, `stop_gradients` and `unconnected_gradients` mean what they mean for `grad`: with `wrt` the pullback
    returns the gradient of what it names (a tuple for a tuple), with `of` the value is what it names. A function that
    has a parameter of such a name gets the argument itself. Errors as for `grad`.

    >>> import adgen
    >>> value, pullback = adgen.vjp(lambda x, y: x * y, 2.0, 5.0)
    >>> value, pullback(1.0), pullback(10.0)
    (10.0, (5.0, 2.0), (50.0, 20.0))
    """
    base, _ = unwrap(fn, Options())
    check_function(base)
    params = parameters_of(base)
    wrt, options = _take_options(params, kwargs)
    if wrt is not None:
        fn, receiver = find_receiver(fn, wrt)
        base, _ = unwrap(fn, Options())
        names = resolve_wrt(base, wrt, int(receiver is not None))
        args = args if receiver is None else (receiver, *args)
        _check(base, options)
        value, pullback = run_forward(find_engine(fn, "vjp", names, options), args, kwargs)
        pullback.bare = not isinstance(wrt, tuple)
        return value, pullback
    _check(base, options)
    positions = _positions(params, len(args))
    engine = find_engine(fn, "vjp", tuple(dict.fromkeys(name for name, _ in positions)), options, True)
    value, pullback = run_forward(engine, args, kwargs)
    pullback.positions = positions
    return value, pullback


def _take_options(params: tuple[Param, ...], kwargs: dict[str, Any]) -> tuple[Wrt | None, Options]:
    """Take the options out of keyword arguments that the function has no parameters for."""
    names = {p.name for p in params}
    given = {
        n: kwargs.pop(n)
        for n in ("wrt", "of", "stop_gradients", "unconnected_gradients")
        if n not in names and n in kwargs
    }
    options = make_options(given.get("of"), given.get("stop_gradients", ()), given.get("unconnected_gradients", "none"))
    return given.get("wrt"), options


def _check(fn: Any, options: Options) -> None:
    resolve_names(fn, "of", options.of)
    resolve_names(fn, "stop_gradients", options.stop_gradients)


def _positions(params: tuple[Param, ...], count: int) -> tuple[tuple[str, int | None], ...]:
    """Return the parameter of each positional argument, and the place in it of those that `*args` takes."""
    plain = [p.name for p in params if p.kind in ("positional", "either")]
    rest = [p.name for p in params if p.kind == "*"]
    found: list[tuple[str, int | None]] = [(name, None) for name in plain[:count]]
    found += [(rest[0], i) for i in range(count - len(plain))] if rest else []
    return tuple(found)


def jvp(
    fn: Callable[..., R],
    primals: Sequence[Any],
    tangents: Sequence[Any],
    *,
    wrt: Wrt | None = None,
    of: Names | None = None,
    stop_gradients: Names = (),
) -> tuple[R, Any]:
    """Run a function and its derivative in one direction: `(value, tangent)`.

    `tangents` has one entry per primal, of its shape: a direction, or None for an argument that is held constant.
    Leaves of structures that are not floating point take None. Without any direction the tangent is
    None. With `wrt` the directions are those of what it names, as for `grad` (one, or for a tuple as many): parameters,
    parts of them, local variables, tags (in a loop a list with one for each iteration). `of` and `stop_gradients` mean
    what they mean for `grad`: with `of` the value and its tangent are those of what it names. Raises
    `TypeMismatchError` (a `TypeError`) where a tangent does not fit; others as for `grad`.

    >>> import adgen
    >>> adgen.jvp(lambda x, y: x * y, (2.0, 5.0), (1.0, 0.0))
    (10.0, 5.0)
    """
    from adgen.errors import UsageError

    options = make_options(of, stop_gradients, "none")
    if wrt is not None:
        return _jvp_by(fn, tuple(primals), tangents, wrt, options)
    base, _ = unwrap(fn, Options())
    check_function(base)
    primals, tangents = tuple(primals), tuple(tangents)
    params = parameters_of(base)
    plain = [p.name for p in params if p.kind in ("positional", "either")]
    if len(primals) != len(tangents):
        raise UsageError(
            what=f"jvp got {len(primals)} primals and {len(tangents)} tangents",
            instead="one tangent per primal, None where it is held constant",
        )
    if any(t is not None for t in tangents[len(plain) :]):
        if all(p.kind != "*" for p in params):
            raise UsageError(
                what=f"jvp of {fn.__name__}: arguments beyond {', '.join(plain)} can't have tangents",
                instead="a function that takes them as one tuple",
            )
        active = tuple(k for k, t in enumerate(tangents) if t is not None)
        return _jvp_by(fn, primals, tuple(tangents[k] for k in active), active, options)
    names, directions = [], []
    for name, x, t in zip(plain, primals, tangents, strict=False):
        if t is None or not is_floating_key(key_of(x)):
            if t is not None and np.any(t):
                raise not_floating(fn, name, key_of(x))
            continue
        names.append(name)
        directions.append(fit_tangent(name, x, t))
    _check(base, options)
    return _run_tangent(find_engine(fn, "jvp", tuple(names), options), primals, directions)


def _run_tangent(engine: Engine, primals: Sequence[Any], directions: Sequence[Any]) -> tuple[Any, Any]:
    call, _, values = engine.dispatch(*primals)
    try:
        value, tangent = call(*values, *directions)
    except Exception as e:
        explain(e)
        raise
    return value, tangent if directions else None


def _jvp_by(
    fn: Callable[..., Any], primals: tuple[Any, ...], tangents: Any, wrt: Wrt, options: Options
) -> tuple[Any, Any]:
    """Run forward mode with directions for what `wrt` names."""
    from adgen.errors import UsageError

    fn, receiver = find_receiver(fn, wrt)
    base, _ = unwrap(fn, Options())
    check_function(base)
    names = resolve_wrt(base, wrt, int(receiver is not None))
    _check(base, options)
    given = tuple(tangents) if isinstance(wrt, tuple) and isinstance(tangents, (tuple, list)) else (tangents,)
    if len(given) != len(names):
        raise UsageError(
            what=f"jvp got {len(given)} tangents for {len(names)} names in wrt",
            instead="one tangent for each name, None where it is held constant",
        )
    primals = primals if receiver is None else (receiver, *primals)
    bound = inspect.signature(base, follow_wrapped=False).bind(*primals)
    bound.apply_defaults()
    active, directions = [], []
    for name, t in zip(names, given, strict=True):
        if t is None:
            continue
        root, steps = split_path(name)
        active.append(name)
        if root in bound.arguments:
            part = _part(name, bound.arguments[root], steps)
            if not is_floating_key(key_of(part)):
                raise not_floating(base, name, key_of(part))
            t = fit_tangent(name, part, t)
        directions.append(t)
    return _run_tangent(find_engine(fn, "jvp", tuple(active), options), primals, directions)


def _part(name: str, value: Any, steps: tuple[Any, ...]) -> Any:
    from adgen.errors import UsageError

    try:
        return follow(value, steps)
    except (LookupError, AttributeError, TypeError):
        raise UsageError(what=f"wrt={name!r}: there is no such part") from None


def fit_tangent(name: str, x: Any, t: Any) -> Any:
    """Return a tangent with the dtype of its primal; refuse one of another shape."""
    from adgen.errors import TypeMismatchError

    if isinstance(x, (float, complex)) and not isinstance(x, np.generic):
        if np.ndim(t) == 0 and t is not None:
            return type(x)(t)
    elif isinstance(x, np.ndarray):
        found = np.asarray(t)
        if found.shape == x.shape and np.can_cast(found.dtype, x.dtype, "same_kind"):
            return found.astype(x.dtype, copy=False)
    elif isinstance(x, np.generic):
        if np.ndim(t) == 0:
            return x.dtype.type(t)
    elif isinstance(x, (tuple, list)) and isinstance(t, (tuple, list)) and len(x) == len(t):
        items = [_fit_leaf(f"{name}[{i}]", a, b) for i, (a, b) in enumerate(zip(x, t, strict=True))]
        return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)
    elif isinstance(x, dict) and isinstance(t, dict) and set(t) == set(x):
        return {k: _fit_leaf(f"{name}[{k!r}]", v, t[k]) for k, v in x.items()}
    elif hasattr(x, "__dataclass_fields__") and type(x) is type(t):
        import dataclasses

        fields = x.__dataclass_fields__
        return dataclasses.replace(t, **{k: _fit_leaf(f"{name}.{k}", getattr(x, k), getattr(t, k)) for k in fields})
    elif is_plain(type(x)) and set(attributes_of(t)) == set(attributes_of(x)):
        return SimpleNamespace(**{k: _fit_leaf(f"{name}.{k}", getattr(x, k), getattr(t, k)) for k in attributes_of(x)})
    raise TypeMismatchError(
        what=f"the tangent of {name} does not fit: {name} is {_describe(x)}, its tangent {_describe(t)}",
        instead="a tangent of the shape and kind of its primal, or None",
    )


def _fit_leaf(name: str, x: Any, t: Any) -> Any:
    if t is None or not is_floating_key(key_of(x)):
        # A missing direction inside of a structure is zero; what is not floating point has none.
        return _zeros_like(x)
    return fit_tangent(name, x, t)


def _zeros_like(x: Any) -> Any:
    if not is_floating_key(key_of(x)):
        return None
    if isinstance(x, np.ndarray):
        return np.zeros_like(x)
    if isinstance(x, (float, complex, np.generic)):
        return type(x)(0)
    if isinstance(x, dict):
        return {k: _zeros_like(v) for k, v in x.items()}
    if is_plain(type(x)):
        return SimpleNamespace(**{k: _zeros_like(getattr(x, k)) for k in attributes_of(x)})
    items = [_zeros_like(v) for v in x]
    return type(x)(*items) if hasattr(x, "_fields") else type(x)(items)


def _describe(x: Any) -> str:
    return f"{x.dtype} of shape {x.shape}" if isinstance(x, np.ndarray) else f"of type {type(x).__name__}"
