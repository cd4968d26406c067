"""What rules do with a function that the user gave to a library: close it, differentiate it, say what it answers.

A library function that calls another one back is two things in a program: the library's own call, whose result is
data, and a row that says what this result is the answer to, `solution` or `integral`. The row gives back the
result as it is; its rules follow from the question, in terms of derivatives of the function that was asked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.ir.nodes import Const
from adgen.ir.types import is_floating
from adgen.rules.declare import fact


def lift(functions: Any, *examples: Any) -> Any:
    """Return functions of the examples and of what they capture, and a tuple of that: all take the same arguments.

    None stays None. The compiler makes a `Routine` of each.
    """
    return (*functions, ())


def pullback(fun: Any, args: Any, seed: Any) -> Any:
    """Return the gradients of a function for all its arguments; None for one without."""
    import adgen

    found: Any = adgen.vjp(fun, *args)[1](seed)
    return found if isinstance(found, tuple) else (found,)


def pushforward(fun: Any, args: Any, tangents: Any) -> Any:
    """Return the tangent of a function."""
    import adgen

    return adgen.jvp(fun, args, tangents)[1]


@fact(lambda x: is_floating(x.type))
def has_gradient(x: Any) -> bool:
    """Say whether a value is of a kind that derivatives are taken in."""
    return np.asarray(x).dtype.kind in "fc"


def _is_none(routine: Any) -> bool:
    result = routine.value.func.body.results[0] if isinstance(routine, Const) else None
    return isinstance(result, Const) and result.value is None


@fact(_is_none)
def gives_none(fun: Any) -> bool:
    """Say whether a lifted function has no result: it was a gradient that does not exist."""
    return fun is None


def result_of(cls: Any, **fields: Any) -> Any:
    """Make the object that a library returns, of some of its fields."""
    return cls(**fields)


def as_vector(x: Any) -> Any:
    """Return a number, a sequence or an array as a vector of floats."""
    x = np.asarray(x, dtype=float)
    return x if x.ndim == 1 else np.reshape(x, -1)


def jacobian(fun: Any, x: Any, params: Any) -> Any:
    """Return the matrix of the derivatives of a vector with respect to a vector."""
    units = np.eye(np.size(x))
    return np.stack([pullback(fun, (x, *params), units[k])[0] for k in range(np.size(x))])
