"""Gradients of local values, inside functions that adgen compiles.

Both names here are only marks for the compiler: a call becomes the statements that compute the gradient. A function
that runs as it is, uncompiled, has nothing behind them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, Self

from adgen.errors import UsageError

Unconnected = Literal["none", "zero"]


class OutsideError(UsageError):
    """A name that only means something to the compiler was called when the program ran."""


def outside(name: str) -> Exception:
    """Return the error for a call that was not compiled away."""
    return OutsideError(
        what=f"adgen.{name} was called by a function that is not compiled",
        why="it becomes the statements of the gradient when its function is compiled; nothing is recorded at run time",
        instead="put @adgen.compile on the function, or differentiate it with adgen.grad",
    )


def gradients(
    ys: Any,
    xs: Any,
    *,
    output_gradients: Any = None,
    stop_gradients: Any = None,
    unconnected_gradients: Unconnected = "none",
) -> Any:
    """Return the gradients of the sum of all `ys` with respect to `xs`, inside a compiled or differentiated function.

    `ys` and `xs` are local values, or tuples, lists, dicts and objects of them; the result has the structure of `xs`,
    each gradient the shape and dtype of its source. `output_gradients` weight the targets, `stop_gradients` are values
    held constant (what lies before them is cut; they may be asked for themselves). A source that the targets do
    not depend on gives None, or zeros with `unconnected_gradients="zero"`.

    Raises `UsageError` where the function that calls it is not compiled, `TypeMismatchError` for a source that is not
    floating point.

    >>> import adgen
    >>> @adgen.compile
    ... def slope(x):
    ...     y = x * x
    ...     return adgen.gradients(y, x)
    >>> slope(3.0)
    6.0
    """
    del ys, xs, output_gradients, stop_gradients, unconnected_gradients
    raise outside("gradients()")


class GradientTape:
    """Record what happens in a block, to ask for gradients of it, inside a compiled or differentiated function.

    `tape.gradient(target, sources)` answers once, or any number of times if the tape is `persistent`. What happened
    outside of the block is constant. All values are watched, or with `watch_accessed_variables=False` those that were
    given to `tape.watch` and what depends on them; a watched value is a source from there on. The tape is gone from the
    generated code, which computes the gradients in place.

    >>> import adgen, numpy as np
    >>> @adgen.compile
    ... def slopes(x):
    ...     with adgen.GradientTape() as tape:
    ...         y = np.sum(x ** 3)
    ...     return tape.gradient(y, x)
    >>> slopes(np.array([1.0, 2.0]))
    array([ 3., 12.])
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        raise outside("GradientTape")

    def __enter__(self) -> Self:
        raise outside("GradientTape")

    def __exit__(self, *args: object) -> None:
        raise outside("GradientTape")

    def watch(self, x: Any) -> None:
        """Make a value, or all values in a structure, a source from here on."""
        raise outside("GradientTape")

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: Unconnected = "none"
    ) -> Any:
        """Return the gradients of the targets' sum with respect to the sources, in their structure."""
        raise outside("GradientTape")

    def jacobian(self, target: Any, sources: Any, unconnected_gradients: Unconnected = "none") -> Any:
        """Return the derivatives of each element of an array: of its shape, then the source's."""
        raise outside("GradientTape")

    def batch_jacobian(self, target: Any, source: Any, unconnected_gradients: Unconnected = "none") -> Any:
        """Return the derivatives of each row of an array by the same row of the source; rows don't mix.

        The shape is the number of rows, then the shape of a row of the target, then that of one of the source.
        """
        raise outside("GradientTape")

    def watched_variables(self) -> tuple[Any, ...]:
        """Return what a tape with `watch_accessed_variables=False` was told to watch, as it was then."""
        raise outside("GradientTape")

    def reset(self) -> None:
        """Forget what was recorded."""
        raise outside("GradientTape")

    @contextmanager
    def stop_recording(self) -> Iterator[None]:
        """Don't record what happens in a block."""
        raise outside("GradientTape")
        yield
