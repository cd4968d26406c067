"""Random numbers: drawn when the program draws them, once, by the very generator; only their type is found out here."""

from __future__ import annotations

import random
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.ir.nodes import Const, Operand
from adgen.ir.types import Array, Float, Int, Opaque, Scalar, Type
from adgen.rules.typing import example, fresh_dim, type_of_value

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

GENERATORS = (np.random.Generator, np.random.RandomState, random.Random)
_FLOATS = "random uniform triangular betavariate expovariate gammavariate gauss lognormvariate normalvariate"
_DRAWS: dict[str, Type] = {
    **dict.fromkeys((*_FLOATS.split(), "vonmisesvariate", "paretovariate", "weibullvariate"), Float()),
    **dict.fromkeys(("randint", "randrange", "getrandbits"), Int()),
}


def type_of_call(e: Engine, fn: Operand, args: Sequence[Operand], kwargs: Mapping[str, Operand]) -> Type:
    """Return the type of what a call that adgen knows nothing of gives, if it draws or makes a generator."""
    found = _method(e, fn)
    if found is not None and found[0] is random.Random:
        return _DRAWS.get(found[1], Opaque())
    if found is None:
        made = np.random.Generator if isinstance(fn, Const) and fn.value is np.random.default_rng else None
        made = fn.value if made is None and isinstance(fn, Const) and fn.value in GENERATORS else made
        return Opaque(made)
    cls, name = found
    try:
        one, other = (_draw(cls, name, args, kwargs, length) for length in (2, 3))
    except RecursionError:
        raise
    except Exception:
        return Opaque()
    t = type_of_value(one)
    if np.ndim(one) != np.ndim(other):  # a list of unknown length is the shape
        return Opaque()
    if isinstance(t, Array):
        return Array(t.dtype, _lengths(t, (*args, *kwargs.values())))
    return t if isinstance(t, Scalar) or type(one) in (int, float) else Opaque()


def _draw(cls: type, name: str, args: Sequence[Operand], kwargs: Mapping[str, Operand], length: int) -> Any:
    """Draw once, with this length for every one that is not known."""
    generator = np.random.default_rng(0) if cls is np.random.Generator else np.random.RandomState(0)
    values = [example(a, 1.0, length) for a in args]
    named = {k: example(a, 1.0, length) for k, a in kwargs.items()}
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return getattr(generator, name)(*values, **named)


def _lengths(t: Array, args: Sequence[Operand]) -> tuple[Any, ...]:
    """Return the lengths of a draw: known ones if all that was passed is known."""
    known = all(isinstance(a, Const) for a in args)
    return tuple(n if known and isinstance(n, int) else fresh_dim(known) for n in t.dims)


def _method(e: Engine, fn: Operand) -> tuple[type, str] | None:
    """Return the generator's class and the method that a function is."""
    if isinstance(fn, Const):
        owner = getattr(fn.value, "__self__", None)
        return (type(owner), fn.value.__name__) if isinstance(owner, GENERATORS) else None
    made = e.b.defs.get(fn)
    if made is None or made.op.name != "opaque" or not isinstance(made.args[0], Const):
        return None
    if made.args[0].value is not getattr or not isinstance(made.args[2], Const):
        return None
    t = made.args[1].type
    cls: type = (t.cls if isinstance(t, Opaque) else None) or object
    return (cls, made.args[2].value) if issubclass(cls, GENERATORS) else None
