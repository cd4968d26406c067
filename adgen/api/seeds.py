"""Weights of the targets: `output_gradients`, and the seed of a pullback. They must have the value's structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True)
class Leaf:
    """What a seed for one number or array must be like; the value itself is not kept."""

    cls: type
    dtype: Any = None
    shape: tuple[int, ...] = ()

    def __str__(self) -> str:
        return f"{self.dtype} of shape {self.shape}" if issubclass(self.cls, np.ndarray) else f"a {self.cls.__name__}"


@dataclass(frozen=True, slots=True)
class Node:
    """What a seed for a tuple, list, dict or object must be like."""

    cls: type
    keys: tuple[Any, ...]
    items: tuple[Any, ...]


Form = Leaf | Node | None  # None: the value carries no derivative, and its seed is not looked at


def form_of(value: Any) -> Form:
    """Return what a seed for a value must be like."""
    cls = type(value)
    if cls in (float, complex):
        return Leaf(cls)
    if isinstance(value, (np.ndarray, np.generic)):
        return Leaf(cls, value.dtype, value.shape) if value.dtype.kind in "fc" else None
    if isinstance(value, (tuple, list)):
        keys: tuple[Any, ...] = getattr(value, "_fields", tuple(range(len(value))))
        return Node(cls, keys, tuple([form_of(v) for v in value]))
    if isinstance(value, dict):
        return Node(cls, tuple(value), tuple([form_of(v) for v in value.values()]))
    names = getattr(cls, "__dataclass_fields__", None)
    if names is not None:
        return Node(cls, tuple(names), tuple([form_of(getattr(value, n)) for n in names]))
    return None


def fit_seed(form: Form, seed: Any, where: str = "") -> Any:
    """Return a seed with the dtypes of the value; None in it stands for ones. Refuse one of another structure."""
    if isinstance(form, Leaf):
        return _fit_leaf(form, seed, where)
    if form is None:  # not floating: nothing reads it, unless an integer stands for a float, as `sum([])` does
        return 0.0 if seed is None else seed
    items = _items(form, seed, where)
    fitted = [fit_seed(f, s, f"{where}[{k!r}]") for k, f, s in zip(form.keys, form.items, items, strict=True)]
    if issubclass(form.cls, dict):
        return dict(zip(form.keys, fitted, strict=True))
    if issubclass(form.cls, (tuple, list)):
        return form.cls(*fitted) if hasattr(form.cls, "_fields") else form.cls(fitted)
    return form.cls(**dict(zip(form.keys, fitted, strict=True)))


def _fit_leaf(form: Leaf, seed: Any, where: str) -> Any:
    if form.dtype is None:
        if seed is None:
            return form.cls(1)
        if type(seed) is form.cls:
            return seed
        if np.ndim(seed) == 0 and np.can_cast(np.asarray(seed).dtype, form.cls, "same_kind"):
            return form.cls(seed)
        raise _refuse(form, seed, where)
    if seed is None:
        return np.ones(form.shape, form.dtype)[()] if form.cls is not np.ndarray else np.ones(form.shape, form.dtype)
    if isinstance(seed, (dict, str)):
        raise _refuse(form, seed, where)
    try:
        found = np.asarray(seed)
    except ValueError:
        raise _refuse(form, seed, where) from None
    if found.shape != form.shape or not np.can_cast(found.dtype, form.dtype, "same_kind"):
        raise _refuse(form, seed, where)
    found = found.astype(form.dtype, copy=False)
    return found if issubclass(form.cls, np.ndarray) else found[()]


def _items(form: Node, seed: Any, where: str) -> list[Any]:
    if seed is None:
        return [None] * len(form.keys)
    if issubclass(form.cls, dict):
        if isinstance(seed, dict) and set(seed) == set(form.keys):
            return [seed[k] for k in form.keys]
    elif issubclass(form.cls, (tuple, list)):
        if isinstance(seed, (tuple, list)) and len(seed) == len(form.keys):
            return list(seed)
    elif type(seed) is form.cls:
        return [getattr(seed, k) for k in form.keys]
    raise _refuse(form, seed, where)


def _refuse(form: Leaf | Node, seed: Any, where: str) -> Exception:
    from adgen.errors import TypeMismatchError

    part = f" (at {where})" if where else ""
    return TypeMismatchError(
        what=f"the output gradients do not fit{part}: the value is {_show(form)}, its gradient {_show_value(seed)}",
        instead="a gradient of the structure and shape of what is differentiated; None stands for ones",
    )


def _show(form: Form) -> str:
    if isinstance(form, Node):
        return f"a {form.cls.__name__} of {len(form.keys)}"
    return str(form)


def _show_value(seed: Any) -> str:
    if isinstance(seed, np.ndarray):
        return f"{seed.dtype} of shape {seed.shape}"
    size = f" of {len(seed)}" if isinstance(seed, (tuple, list, dict)) else ""
    return f"a {type(seed).__name__}{size}"
