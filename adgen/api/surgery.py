"""Statements of the user in the backward pass: to look at a gradient, or to change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


def map_gradient(fn: Callable[[Any], Any], h: T) -> T:
    """Return h; its gradient from here on is what `fn` makes of it.

    `fn` takes the gradient of h and returns the one to go on with, of the same shape. It runs in the backward pass,
    where its statements are written, once for each array in a structure; it may read variables of the function and must
    not write them. The forward pass, forward mode and the value are as without it.

    >>> import adgen, numpy as np
    >>> @adgen.grad
    ... def f(x):
    ...     y = adgen.map_gradient(lambda g: np.clip(g, -1.0, 1.0), x)
    ...     return 5.0 * y + x
    >>> f(3.0)
    2.0
    """
    del fn
    return h


@contextmanager
def gradient_of(h: Any) -> Iterator[Any]:
    """Write statements that run in the backward pass, at this point, with the gradient of the variable h.

    They read the gradient under the name after `as`, and change it by assigning to that name. They see the function's
    variables as they are here, and what else they assign is theirs alone. In loops and callees they run once for each
    time that the backward pass comes by; a pass that needs no gradient of h leaves them out.

    Raises `UsageError` where the function is not compiled: Python itself would run the statements at once.

    >>> import adgen
    >>> @adgen.grad
    ... def f(x):
    ...     h = x * x
    ...     with adgen.gradient_of(h) as g:
    ...         if abs(g) > 1.0:
    ...             g = g / abs(g)
    ...     return 10.0 * h
    >>> f(3.0)
    6.0
    """
    from adgen.api.tapes import outside

    del h
    raise outside("gradient_of()")
    yield
