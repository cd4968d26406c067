"""`jacobian`, `hessian` and `hvp`: functions that ask for many derivatives of one, compiled into a loop over them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adgen.api.callers import caller_of
from adgen.api.compiled import Compiled
from adgen.api.custom import current_overrides
from adgen.api.grad import Unconnected, check_function, unwrap
from adgen.api.names import parameters_of
from adgen.api.request import Options
from adgen.api.resolve import Wrt, resolve_wrt
from adgen.errors import UsageError


class Derivatives(Compiled[..., Any]):
    """A compiled call of `jacobian`, `hessian` or `hvp`; `wrt` are the names that it is made for."""

    def __init__(
        self,
        maker: Callable[..., Any],
        fn: Callable[..., Any],
        wrt: Wrt,
        unconnected: Unconnected,
        extra: str | None = None,
    ) -> None:
        base, _ = unwrap(fn, Options())
        check_function(base)
        names = resolve_wrt(base, wrt)
        params = parameters_of(base)
        for n in names:
            if all(p.name != n for p in params):
                raise UsageError(
                    what=f"wrt={n!r} of {maker.__name__}(): it is no parameter of {base.__name__}()",
                    instead="a function of what is meant, or tape.jacobian",
                )
        plain = [p.name for p in params if p.kind in ("positional", "either")]
        places = tuple(plain.index(n) if n in plain else n for n in names)
        given = repr(places if isinstance(wrt, tuple) else places[0])
        given += ', unconnected_gradients="zero"' if unconnected == "zero" else ""
        super().__init__(caller_of(maker, fn, base, given, extra), Options(overrides=current_overrides()))
        self.wrt = names
        self._made_by = (maker, fn, wrt, unconnected)

    def __repr__(self) -> str:
        maker, fn, wrt, _ = self._made_by
        return f"<adgen.{maker.__name__} of {getattr(fn, '__name__', fn)} with respect to {wrt!r}>"

    def __reduce__(self) -> Any:
        maker, *given = self._made_by
        return maker, tuple(given)


def jacobian(fn: Callable[..., Any], /, wrt: Wrt = 0, unconnected_gradients: Unconnected = "none") -> Derivatives:
    """Make the function that returns the derivatives of each element of `fn`'s result: the shape of the result, then
    that of the argument.

    `wrt` is the position or name of an argument, or a tuple of them, which gives a tuple. Of a structure (a tuple,
    list, dict or object) there is one for each array in it, in its structure: first that of the result, then that of
    the argument. None where the result does not depend on an argument, zeros with `unconnected_gradients="zero"`. The
    function runs once, its backward part once for each element. Called inside a function that is differentiated or
    compiled, it becomes part of it. Raises what `grad` raises, and `UsageError` where `wrt` names something other than
    parameters.

    >>> import numpy as np
    >>> import adgen
    >>> adgen.jacobian(lambda x: x * x[0])(np.array([3.0, 5.0]))
    array([[6., 0.],
           [5., 3.]])
    """
    return Derivatives(jacobian, fn, wrt, unconnected_gradients)


def hessian(fn: Callable[..., Any], /, wrt: Wrt = 0, unconnected_gradients: Unconnected = "none") -> Derivatives:
    """Make the function that returns the second derivatives of `fn`'s result (of the sum of its elements, if it has
    more than one): the Jacobian of the gradient. `wrt`, structures and errors as for `jacobian`, and
    `unconnected_gradients`: where the gradient is constant there is none.

    >>> import numpy as np
    >>> import adgen
    >>> adgen.hessian(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]))
    array([[10.,  6.],
           [ 6.,  0.]])
    """
    return Derivatives(hessian, fn, wrt, unconnected_gradients)


def hvp(fn: Callable[..., Any], /, wrt: Wrt = 0, unconnected_gradients: Unconnected = "none") -> Derivatives:
    """Make the function `(*args, v)` that returns the Hessian times `v`, without the Hessian: the tangent of the
    gradient. `v` has the structure and the shapes of what `wrt` names. Errors as for `jacobian` and `jvp`.

    >>> import numpy as np
    >>> import adgen
    >>> adgen.hvp(lambda x: x[0] ** 2 * x[1])(np.array([3.0, 5.0]), np.array([1.0, 0.0]))
    array([10.,  6.])
    """
    return Derivatives(hvp, fn, wrt, unconnected_gradients, "v")
