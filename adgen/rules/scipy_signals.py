"""Formulas of filters and transforms in `scipy.signal` that are made of convolutions and Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.ndimage as nd
import scipy.signal as sg

from adgen.ir.types import Array
from adgen.rules.axes import from_front, to_front
from adgen.rules.core import has_complex
from adgen.rules.declare import formula, nondifferentiable, sample, static
from adgen.rules.scipy_filters import sosfilt as sections
from adgen.rules.typing import fresh_dim

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1, -0.7, 0.2, 1.4])
M = np.linspace(-1.0, 2.0, 24).reshape(3, 8) ** 2
N = np.array([[1.0, -0.5], [0.3, 2.0]])
SOS = np.array([[1.0, 0.5, 0.2, 1.0, -0.3, 0.1], [0.7, -0.2, 0.0, 1.0, 0.4, 0.05]])


@static
def refuse(found: Any, what: str) -> None:
    if found:
        raise TypeError(f"scipy.signal.{what} has no gradient rule")


# --- convolutions of images -------------------------------------------------------------------------


@formula(sg.convolve2d, sample(M, N), sample(M, N, "same"), sample(M, N, mode="valid"), name="scipy.signal.convolve2d")
def convolve_2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    refuse(boundary != "fill" or fillvalue != 0, "convolve2d with another boundary than zeros")
    return sg.convolve(np.asarray(in1), np.asarray(in2), mode, "direct")


@formula(sg.correlate2d, sample(M, N), sample(M, N, mode="valid"), name="scipy.signal.correlate2d")
def correlate_2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    refuse(boundary != "fill" or fillvalue != 0, "correlate2d with another boundary than zeros")
    refuse(mode == "same", "correlate2d with mode='same', which cuts elsewhere than correlate")
    return sg.correlate(np.asarray(in1), np.asarray(in2), mode, "direct")


# --- trends -----------------------------------------------------------------------------------------


@static
def trend(type: str, bp: Any) -> str:
    if type not in ("linear", "l", "constant", "c") or bp != 0:
        raise TypeError("scipy.signal.detrend has a gradient rule for one trend, type='linear' or type='constant'")
    return type[0]


@formula(sg.detrend, sample(V), sample(M, 0), sample(M, type="constant"), name="scipy.signal.detrend")
def detrend(data: Any, axis: int = -1, type: str = "linear", bp: Any = 0, overwrite_data: bool = False) -> Any:
    refuse(overwrite_data, "detrend with overwrite_data=")
    x = to_front(np.asarray(data), axis)
    out = x - np.mean(x, axis=0)
    if trend(type, bp) == "l":
        n = x.shape[0]
        t = np.arange(n) - 0.5 * (n - 1)
        slope = np.tensordot(t, x, 1) / np.sum(t * t)
        out = out - np.tensordot(t, slope, 0)
    return from_front(out, axis)


# --- Fourier methods --------------------------------------------------------------------------------


@formula(sg.hilbert, sample(V), sample(V, 5), sample(M, axis=0), name="scipy.signal.hilbert")
def hilbert(x: Any, N: Any = None, axis: int = -1) -> Any:
    """The analytic signal: negative frequencies are dropped, positive ones count twice."""
    front = to_front(np.asarray(x), axis)
    n = front.shape[0] if N is None else N
    k = np.arange(n)
    weight = np.where(2 * k > n, 0.0, np.where(np.logical_or(k == 0, 2 * k == n), 1.0, 2.0))
    spectrum = np.fft.fft(front, n, axis=0)
    return from_front(np.fft.ifft((spectrum.T * weight).T, axis=0), axis)


@formula(sg.resample, sample(V, 12), sample(V, 5), sample(V, 4), sample(M, 5), name="scipy.signal.resample")
def resample(x: Any, num: Any, t: Any = None, axis: int = 0, window: Any = None, domain: str = "time") -> Any:
    """Cut or fill up the spectrum; the frequency in the middle is split or joined."""
    refuse(t is not None or window is not None or domain != "time", "resample with t=, window= or domain=")
    refuse(has_complex(x), "resample of complex signals")
    front = to_front(np.asarray(x), axis)
    n = front.shape[0]
    m = np.minimum(n, num)
    kept = np.fft.rfft(front, axis=0)[: m // 2 + 1]
    k = np.arange(m // 2 + 1)
    factor = 2.0 if num < n else 0.5 if n < num else 1.0
    middle = np.where(2 * k == m, factor, 1.0)
    whole = np.zeros((num // 2 + 1, *kept.shape[1:]), dtype=kept.dtype)
    whole[: m // 2 + 1] = (kept.T * middle).T
    return from_front(np.fft.irfft(whole, num, axis=0) * (num / n), axis)


# --- filters ----------------------------------------------------------------------------------------


@formula(
    sg.sosfilt,
    sample(SOS, V, kink="the fourth column must stay 1"),
    sample(SOS, V, zi=np.array([[0.3, -0.1], [0.2, 0.4]]), kink="the same"),
    name="scipy.signal.sosfilt",
)
def sosfilt(sos: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """One section after the other."""
    if zi is not None:
        return sections(np.asarray(sos), x, axis, np.asarray(zi))
    out = np.asarray(x)
    for section in np.asarray(sos):
        out = sg.lfilter(section[:3], section[3:], out, axis)
    return out


def savgol_edges(window_length: int, polyorder: int, deriv: int, last: bool) -> Any:
    """Return the matrix that gives the first or last half window of a filtered signal."""
    import scipy.signal

    whole = scipy.signal.savgol_filter(np.eye(window_length), window_length, polyorder, deriv, axis=0)
    half = window_length // 2
    return whole[window_length - half :] if last else whole[:half]


nondifferentiable(
    savgol_edges,
    name="savgol_edges",
    params="window_length polyorder deriv last",
    infer=lambda **_: Array("float64", (fresh_dim(), fresh_dim())),
)


nondifferentiable(
    sg.savgol_coeffs,
    name="scipy.signal.savgol_coeffs",
    params="window_length polyorder deriv=0 delta=1.0 pos=None use='conv'",
    infer=lambda **_: Array("float64", (fresh_dim(),)),
)


@static
def odd_window(window_length: Any) -> None:
    if not isinstance(window_length, int) or window_length % 2 == 0:
        raise TypeError("scipy.signal.savgol_filter has a gradient rule for windows of an odd length")


@formula(
    sg.savgol_filter,
    sample(V, 5, 2),
    sample(M, 3, 1, axis=-1),
    sample(V, 5, 3, 1, 0.5),
    sample(V, 5, 2, mode="nearest"),
    name="scipy.signal.savgol_filter",
)
def savgol_filter(
    x: Any, window_length: int, polyorder: int, deriv: int = 0, delta: float = 1.0, axis: int = -1,
    mode: str = "interp", cval: float = 0.0,
) -> Any:  # fmt: skip
    """Polynomials fitted to windows: a convolution, and at the ends a matrix."""
    odd_window(window_length)
    front = to_front(np.asarray(x, dtype=float), axis)
    weights = sg.savgol_coeffs(window_length, polyorder, deriv=deriv)
    scale = delta**deriv if deriv > 0 else 1.0
    if mode != "interp":
        return from_front(nd.convolve1d(front, weights, axis=0, mode=mode, cval=cval) / scale, axis)
    half = window_length // 2
    middle = nd.convolve1d(front, weights, axis=0, mode="constant")
    first = np.tensordot(savgol_edges(window_length, polyorder, deriv, False), front[:window_length], 1)
    last = np.tensordot(savgol_edges(window_length, polyorder, deriv, True), front[-window_length:], 1)
    return from_front(np.concatenate((first, middle[half : middle.shape[0] - half], last)) / scale, axis)
