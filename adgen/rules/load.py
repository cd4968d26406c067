"""Load the table of primitives on first use: importing adgen alone reads no rule."""

from __future__ import annotations

import threading
from importlib import import_module

MODULES = (
    "core",
    "structure",
    "sequences",
    "builtins",
    "ufuncs",
    "mathlib",
    "cmathlib",
    "reductions",
    "joins",
    "shapes",
    "products",
    "einsum",
    "linalg",
    "factorisations",
    "norms",
    "eigen",
    "solutions",
    "linalg_products",
    "scans",
    "selection",
    "constructors",
    "statistics",
    "grids",
    "fft",
    "polynomials",
    "covariance",
)

_lock = threading.Lock()


def load_rules() -> None:
    """Put every row that adgen ships into the registry; later calls find the modules imported."""
    with _lock:
        for name in MODULES:
            import_module(f"adgen.rules.{name}")
