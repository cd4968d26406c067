"""Random arguments for a signature."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.api.signature import STATIC, Key, field_names, leaf_keys, units_of


def make_examples(keys: list[Key], values: list[Any], rng: np.random.Generator) -> list[Any]:
    """Return arguments with these keys; known values are kept.

    All lengths are equal: matrices are square, so that most products fit.
    """
    from adgen.api.engine import MISSING

    return [_make(k, rng) if v is MISSING else v for k, v in zip(keys, values, strict=True)]


def _make(key: Key, rng: np.random.Generator) -> Any:
    if key is None:
        return None
    if isinstance(key, type):
        return _make_number(key, rng)
    head = key[0]
    if head is STATIC:
        raise AssertionError("a static parameter has a value")
    if isinstance(head, np.dtype):
        shape = tuple(unit[0] if isinstance(unit, tuple) else 1 if unit else 3 for unit in units_of(key))
        if head.kind in "fc":
            return np.asarray(rng.uniform(0.3, 0.9, shape), dtype=head)
        return np.asarray(rng.integers(0, 2, shape), dtype=head)
    items = [_make(k, rng) for k in leaf_keys(key)]
    if head is list:
        return [_make(key[2], rng) for _ in range(3)] if key[1] and key[2] is not None else items
    if head is dict:
        return dict(zip(key[1], items, strict=True))
    return head(*items) if field_names(head) else head(items)


def _make_number(cls: type, rng: np.random.Generator) -> Any:
    if cls is bool or cls is np.bool_:
        return cls(True)
    if issubclass(cls, (int, np.integer)):
        return cls(3)
    if issubclass(cls, (float, complex, np.inexact)):
        return cls(rng.uniform(0.3, 0.9))
    return "" if cls is str else None
