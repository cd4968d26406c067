"""Methods of arrays, as data: the function that each stands for, and how its call differs from the function's.

Nothing here emits code. `function_call` turns the arguments of a method call, which may be operands of any kind,
into those of the function; what it can't translate it leaves, and the binding of the call refuses it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

# Same meaning and order of arguments as the function, after the array itself.
METHODS: dict[str, Callable[..., Any]] = {
    name: getattr(np, name)
    for name in (
        "all", "any", "argmax", "argmin", "argpartition", "argsort", "choose", "clip", "conj", "cumprod",
        "cumsum", "diagonal", "dot", "max", "mean", "min", "nonzero", "prod", "ravel", "repeat", "reshape",
        "round", "searchsorted", "squeeze", "std", "sum", "swapaxes", "take", "trace", "transpose", "var",
    )
} | {"conjugate": np.conj}  # fmt: skip
if hasattr(np.ndarray, "ptp"):  # NumPy 1
    METHODS["ptp"] = np.ptp

# The operators as methods.
OPERATORS = {
    "__add__": "+", "__sub__": "-", "__mul__": "*", "__truediv__": "/", "__floordiv__": "//", "__mod__": "%",
    "__pow__": "**", "__matmul__": "@",
}  # fmt: skip

FUNCTIONS_OF_ONE: dict[str, Callable[..., Any]] = {
    "__neg__": operator.neg, "__pos__": operator.pos, "__abs__": abs, "__len__": len, "__getitem__": operator.getitem,
}  # fmt: skip

# These take one tuple, or its items as arguments of their own.
PACKED = frozenset({"reshape", "transpose"})

# Keywords that the function calls something else.
RENAMED: dict[str, dict[str, str]] = {"clip": {"min": "a_min", "max": "a_max"}}

# Keywords of the function that the method lacks.
LACKS: dict[str, frozenset[str]] = {"std": frozenset({"correction"}), "var": frozenset({"correction"})}

# Arguments that the function requires and the method does not.
FILLED: dict[str, dict[str, Any]] = {"clip": {"a_min": None, "a_max": None}}

# Attributes that are functions of the array.
ATTRIBUTES: dict[str, Callable[..., Any]] = {"T": np.transpose, "real": np.real, "imag": np.imag}
if hasattr(np, "matrix_transpose"):  # NumPy 2
    ATTRIBUTES["mT"] = np.matrix_transpose

# Methods that write the array, or expose its memory: refused.
WRITERS = frozenset({"byteswap", "itemset", "resize", "setfield", "setflags", "view"})


@dataclass(frozen=True, slots=True)
class Packed:
    """Several arguments that the function takes as one tuple."""

    items: tuple[Any, ...]


def function_call(
    name: str, args: Sequence[Any], kwargs: Mapping[str, Any], none: Any = None
) -> tuple[Callable[..., Any], list[Any], dict[str, Any]] | None:
    """Return function, arguments after the array, and keywords of `x.name(*args, **kwargs)`; None if there is none.

    `none` is what the caller writes for a constant None.
    """
    fn = METHODS.get(name)
    if fn is None or not LACKS.get(name, frozenset()).isdisjoint(kwargs):
        return None
    values = list(args)
    if name in PACKED and len(values) > 1:
        values = [Packed(tuple(values))]
    named = {RENAMED.get(name, {}).get(k, k): v for k, v in kwargs.items()}
    for param, value in list(FILLED.get(name, {}).items())[len(values) :]:
        named.setdefault(param, none if value is None else value)
    return fn, values, named
