"""`tag`: a name for a value in the midst of a program."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def tag(value: T, name: str) -> T:  # noqa: ARG001
    """Return the value; `wrt`, `of` and `stop_gradients` may then speak of it by this name.

    A tag stands anywhere: in a loop, a branch or a called function. It means the value at that point, whatever is
    written into an array later. Met more than once, it stands for a list: in `of` of all values, in the order in which
    they were made; in `wrt` the gradient is a list with one entry for each, in the same order (a list of lists for
    loops inside of loops). The name is a constant.

    >>> import adgen
    >>> def total(x):
    ...     for _ in range(3):
    ...         x = adgen.tag(x * x, "square")
    ...     return x
    >>> adgen.grad(total, wrt="square")(2.0)
    [256.0, 32.0, 1.0]
    """
    return value
