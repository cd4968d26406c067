"""Formulas of extrema, medians and ranks of windows in `scipy.ndimage`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage as nd

from adgen.rules.declare import formula, sample, static

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])
M = np.linspace(-1.0, 2.0, 20).reshape(5, 4) ** 2


# --- order in windows -------------------------------------------------------------------------------


@static
def plain_window(size: Any, rest: Any, mode: Any, origin: Any) -> int:
    if not isinstance(size, int) or rest or mode not in ("reflect", "nearest") or origin != 0:
        raise TypeError(
            "a filter of extrema or medians has a gradient rule for size= an integer, mode='reflect' or 'nearest'"
        )
    return size


def windows(x: Any, size: int, mode: str) -> Any:
    """Return the window around each element, as further axes."""
    wide = np.pad(x, (size // 2, size - 1 - size // 2), "symmetric" if mode == "reflect" else "edge")
    return np.lib.stride_tricks.sliding_window_view(wide, (size,) * x.ndim)


@static
def last_axes(ndim: int) -> tuple[int, ...]:
    return tuple(range(-ndim, 0))


for _filter, _choose in ((nd.maximum_filter, np.max), (nd.minimum_filter, np.min), (nd.median_filter, np.median)):

    def _declare(of_window: Any, choose: Any) -> None:
        @formula(
            of_window, sample(V, 3), sample(M, size=3, mode="nearest", second=False),
            name=f"scipy.ndimage.{of_window.__name__}",
        )  # fmt: skip
        def in_windows(
            input: Any, size: Any = None, footprint: Any = None, output: Any = None, mode: str = "reflect",
            cval: Any = 0.0, origin: Any = 0, *, axes: Any = None,
        ) -> Any:  # fmt: skip
            x = np.asarray(input)
            width = plain_window(size, footprint is not None or output is not None or axes is not None, mode, origin)
            return choose(windows(x, width, mode), axis=last_axes(x.ndim))

    _declare(_filter, _choose)
