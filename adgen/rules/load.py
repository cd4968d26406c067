"""Load the table of primitives on first use: importing adgen alone reads no rule."""

from __future__ import annotations

import sys
import threading
from importlib import import_module
from typing import Any

import numpy as np

from adgen.rules.registry import REGISTRY

MODULES = (
    "core",
    "structure",
    "sequences",
    "builtins",
    "ufuncs",
    "mathlib",
    "cmathlib",
    "reductions",
    "extrema",
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
    "polynomial_algebra",
    "polynomial_grids",
    "polynomial_classes",
    "covariance",
    "missing",
    "series",
    "histograms",
    "parts",
    "order",
    "padding",
    "applied",
    "gamma_bessel",
    "products_along",
    "layout",
    "rare_forms",
)

# Rules for libraries that adgen never imports itself: read once a program has imported the library.
OPTIONAL = {
    "statistics": "python_statistics",
    "scipy.special": "scipy_special_integrals scipy_special_rare",  # over scipy_special
    "scipy.linalg": (
        "scipy_linalg scipy_factorisations scipy_matrices scipy_matrix_functions scipy_bands scipy_matrix_powers"
    ),
    "scipy.stats": "scipy_stats scipy_laws scipy_laws_rare scipy_samples",
    "scipy.signal": "scipy_signal scipy_signals scipy_spectra scipy_filters",
    "scipy.fft": "scipy_fft",
    "scipy.spatial.distance": "scipy_spatial",
    "scipy.ndimage": "scipy_ndimage scipy_resampled scipy_windows",
    "scipy.interpolate": "scipy_interpolate",
    "scipy.sparse": "scipy_sparse",
    "scipy.optimize": "scipy_optimize scipy_fits",
    "scipy.integrate": "scipy_integrate scipy_sampled scipy_odes",
}

_lock = threading.RLock()
_reading: list[bool] = []  # whether this is going on


def load_rules() -> None:
    """Put every row that adgen ships into the registry; later calls find the modules imported."""
    with _lock:
        if _reading:
            return  # a row asks whether its function has one already
        _reading.append(True)
        try:
            for name in MODULES:
                import_module(f"adgen.rules.{name}")
            for library in left():
                for name in OPTIONAL[library].split():
                    import_module(f"adgen.rules.{name}")
        finally:
            _reading.pop()


def is_imported(library: str) -> bool:
    """Say whether a program has imported a library, and to the end."""
    module = sys.modules.get(library)
    return module is not None and not getattr(getattr(module, "__spec__", None), "_initializing", False)


def load_for(fn: Any) -> bool:
    """Read the rules of a library that was imported a moment ago, by the very attribute that gave its function."""
    module = getattr(fn, "__module__", None) or ("scipy" if isinstance(fn, np.ufunc) else "")
    if not isinstance(module, str) or module.partition(".")[0] not in LIBRARIES or not left():
        return False
    load_rules()
    return True


def left() -> list[str]:
    """Return the imported libraries whose rules have not been read."""
    return [n for n, m in OPTIONAL.items() if is_imported(n) and f"adgen.rules.{m.split()[-1]}" not in sys.modules]


LIBRARIES = {name.partition(".")[0] for name in OPTIONAL}
REGISTRY.more = load_for
