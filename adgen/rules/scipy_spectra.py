"""Formulas of spectra and of filters that go both ways, in `scipy.signal`, along one axis of real signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl
import scipy.signal as sg

from adgen.ir.types import Array
from adgen.rules.core import has_complex
from adgen.rules.declare import formula, nondifferentiable, sample, static
from adgen.rules.typing import fresh_dim

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1, -0.7, 0.2, 1.4, -0.4, 0.9, 1.7, -1.5])
W = np.array([1.5, 0.7, -0.4, 0.1, 0.6, -0.2, 1.1, 0.3, -1.0, 0.4, 0.8, 0.2])
M = np.stack((V, W, V * W))
B, A = np.array([0.3, 0.2, 0.1]), np.array([1.0, -0.4, 0.15])

nondifferentiable(
    sg.get_window,
    name="scipy.signal.get_window",
    params="window Nx fftbins=True",
    infer=lambda **_: Array("float64", (fresh_dim(),)),
)


@static
def plain_spectrum(window: Any, nfft: Any, return_onesided: Any, scaling: Any, average: Any) -> None:
    """Refuse the forms that are not written here."""
    if not isinstance(window, (str, tuple)) or nfft is not None or return_onesided is not True or average != "mean":
        raise TypeError(
            "spectra of scipy.signal have a gradient rule for one-sided means with a window by name, without nfft="
        )
    if scaling not in ("density", "spectrum"):
        raise TypeError("scaling of a spectrum is 'density' or 'spectrum'")


@static
def trend_of(detrend: Any) -> str:
    if detrend is False:
        return ""
    if detrend not in ("constant", "linear"):
        raise TypeError("spectra of scipy.signal have a gradient rule for detrend='constant', 'linear' or False")
    return str(detrend)


@static
def refuse_complex(found: Any) -> None:
    if found:
        raise TypeError("spectra of scipy.signal have a gradient rule for real signals only")


def frames(x: Any, length: Any, step: Any) -> Any:
    """Return the overlapping segments of the last axis: one axis more, of the segments."""
    count = (x.shape[-1] - length) // step + 1
    return x[..., np.arange(count)[:, np.newaxis] * step + np.arange(length)]


def transformed(x: Any, window: Any, length: Any, step: Any, detrend: Any) -> Any:
    """Return the Fourier transforms of the segments."""
    parts = frames(x, length, step)
    if trend_of(detrend):
        parts = sg.detrend(parts, axis=-1, type=trend_of(detrend))
    return np.fft.rfft(parts * window, axis=-1)


def weight(window: Any, fs: Any, scaling: str) -> Any:
    return 1.0 / (fs * np.sum(window * window)) if scaling == "density" else 1.0 / np.sum(window) ** 2


def both_sides(length: Any) -> Any:
    """Return how often each frequency counts: those without a negative twin once."""
    k = np.arange(length // 2 + 1)
    return np.where(np.logical_or(k == 0, 2 * k == length), 1.0, 2.0)


def powers(x: Any, y: Any, fs: Any, window: Any, length: Any, step: Any, detrend: Any, scaling: str) -> Any:
    """Return the cross spectra of the segments; without y, the power spectra of x."""
    values = sg.get_window(window, length)
    one = transformed(x, values, length, step, detrend)
    if y is None:
        found = np.real(one) ** 2 + np.imag(one) ** 2
    else:
        found = np.conj(one) * transformed(y, values, length, step, detrend)
    return found * (both_sides(length) * weight(values, fs, scaling))


def size_of(x: Any, nperseg: Any) -> Any:
    return min(256 if nperseg is None else nperseg, x.shape[-1])


@formula(sg.periodogram, sample(V), sample(M, 2.0, "hann", axis=1, scaling="spectrum"), name="scipy.signal.periodogram")
def periodogram(
    x: Any, fs: Any = 1.0, window: Any = "boxcar", nfft: Any = None, detrend: Any = "constant",
    return_onesided: bool = True, scaling: str = "density", axis: int = -1,
) -> Any:  # fmt: skip
    plain_spectrum(window, nfft, return_onesided, scaling, "mean")
    refuse_complex(has_complex(x))
    x = np.moveaxis(np.asarray(x), axis, -1)
    n = x.shape[-1]
    found = powers(x, None, fs, window, n, n, detrend, scaling)
    return np.fft.rfftfreq(n, 1.0 / fs), np.moveaxis(found[..., 0, :], -1, axis)


@formula(
    sg.welch, sample(V, nperseg=6), sample(M, 2.0, "hamming", 5, 2, detrend="linear"),
    sample(M, axis=0, nperseg=2, detrend=False, scaling="spectrum"), name="scipy.signal.welch",
)  # fmt: skip
def welch(
    x: Any, fs: Any = 1.0, window: Any = "hann", nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density", axis: int = -1,
    average: str = "mean",
) -> Any:  # fmt: skip
    plain_spectrum(window, nfft, return_onesided, scaling, average)
    refuse_complex(has_complex(x))
    x = np.moveaxis(np.asarray(x), axis, -1)
    n = size_of(x, nperseg)
    found = powers(x, None, fs, window, n, n - (n // 2 if noverlap is None else noverlap), detrend, scaling)
    return np.fft.rfftfreq(n, 1.0 / fs), np.moveaxis(np.mean(found, axis=-2), -1, axis)


@formula(sg.csd, sample(V, W, nperseg=6), sample(M, W, 2.0, nperseg=5, noverlap=1), name="scipy.signal.csd")
def csd(
    x: Any, y: Any, fs: Any = 1.0, window: Any = "hann", nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density", axis: int = -1,
    average: str = "mean",
) -> Any:  # fmt: skip
    plain_spectrum(window, nfft, return_onesided, scaling, average)
    refuse_complex(has_complex(x) or has_complex(y))
    x, y = np.moveaxis(np.asarray(x), axis, -1), np.moveaxis(np.asarray(y), axis, -1)
    n = size_of(x, nperseg)
    found = powers(x, y, fs, window, n, n - (n // 2 if noverlap is None else noverlap), detrend, scaling)
    return np.fft.rfftfreq(n, 1.0 / fs), np.moveaxis(np.mean(found, axis=-2), -1, axis)


@formula(sg.coherence, sample(V, W, nperseg=4), name="scipy.signal.coherence")
def coherence(
    x: Any, y: Any, fs: Any = 1.0, window: Any = "hann", nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    detrend: Any = "constant", axis: int = -1,
) -> Any:  # fmt: skip
    f, xx = welch(x, fs, window, nperseg, noverlap, nfft, detrend, axis=axis)
    yy = welch(y, fs, window, nperseg, noverlap, nfft, detrend, axis=axis)[1]
    xy = csd(x, y, fs, window, nperseg, noverlap, nfft, detrend, axis=axis)[1]
    return f, (np.real(xy) ** 2 + np.imag(xy) ** 2) / xx / yy


@static
def last_axis(axis: Any, mode: Any) -> None:
    if axis != -1 or mode != "psd":
        raise TypeError("scipy.signal.spectrogram has a gradient rule for axis=-1 and mode='psd'")


@formula(sg.spectrogram, sample(V, nperseg=8), sample(M, 2.0, "hann", 4, 2), name="scipy.signal.spectrogram")
def spectrogram(
    x: Any, fs: Any = 1.0, window: Any = ("tukey", 0.25), nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    detrend: Any = "constant", return_onesided: bool = True, scaling: str = "density", axis: int = -1,
    mode: str = "psd",
) -> Any:  # fmt: skip
    plain_spectrum(window, nfft, return_onesided, scaling, "mean")
    last_axis(axis, mode)
    refuse_complex(has_complex(x))
    x = np.asarray(x)
    n = size_of(x, nperseg)
    step = n - (n // 8 if noverlap is None else noverlap)
    found = powers(x, None, fs, window, n, step, detrend, scaling)
    times = (np.arange(found.shape[-2]) * step + 0.5 * n) / fs
    return np.fft.rfftfreq(n, 1.0 / fs), times, np.swapaxes(found, -1, -2)


# --- filters ----------------------------------------------------------------------------------------


def settled(b: Any, a: Any) -> Any:
    """Return the state of a filter whose input has been 1 for ever (`scipy.signal.lfilter_zi`), for a[0] == 1."""
    n = max(np.size(a), np.size(b))
    a = np.concatenate((a, np.zeros(n - np.size(a))))
    b = np.concatenate((b, np.zeros(n - np.size(b))))
    matrix = np.eye(n - 1) - sl.companion(a).T
    return np.linalg.solve(matrix, b[1:] - a[1:] * b[0])


def filtered(b: Any, a: Any, x: Any) -> Any:
    """Filter the last axis, as if the first value had been there for ever."""
    state = settled(b, a)
    response = sg.lfilter(np.ones(1), a, np.concatenate((state, np.zeros(x.shape[-1] - np.size(state)))))
    return sg.lfilter(b, a, x) + x[..., :1] * response


@static
def padded_oddly(padtype: Any, method: Any) -> None:
    if padtype != "odd" or method != "pad":
        raise TypeError("scipy.signal.filtfilt has a gradient rule for padtype='odd' and method='pad'")


@formula(
    sg.filtfilt,
    sample(B, A, V),
    sample(np.array([0.4]), np.array([1.0, -0.3]), M, padlen=4),
    name="scipy.signal.filtfilt",
)
def filtfilt(
    b: Any, a: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None, method: str = "pad",
    irlen: Any = None,
) -> Any:  # fmt: skip
    padded_oddly(padtype, method)
    b, a, x = np.asarray(b), np.asarray(a), np.moveaxis(np.asarray(x), axis, -1)
    b, a = b / a[0], a / a[0]
    edge = 3 * max(np.size(a), np.size(b)) if padlen is None else padlen
    n = x.shape[-1]
    left = 2.0 * x[..., :1] - x[..., np.arange(edge, 0, -1)]
    right = 2.0 * x[..., -1:] - x[..., n - 2 - np.arange(edge)]
    there = filtered(b, a, np.concatenate((left, x, right), axis=-1))
    back = np.flip(filtered(b, a, np.flip(there, -1)), -1)
    return np.moveaxis(back[..., edge : edge + n], -1, axis)


@static
def plain_response(worN: Any, whole: Any, include_nyquist: Any) -> None:
    if not isinstance(worN, int) or whole or include_nyquist:
        raise TypeError("scipy.signal.freqz has a gradient rule for a number of frequencies, whole=False")


@formula(sg.freqz, sample(B, A, 8), sample(B, worN=5, fs=4.0), name="scipy.signal.freqz")
def freqz(
    b: Any, a: Any = 1, worN: Any = 512, whole: bool = False, plot: Any = None, fs: Any = 2.0 * np.pi,
    include_nyquist: bool = False,
) -> Any:  # fmt: skip
    plain_response(worN, whole, include_nyquist)
    b, a = np.atleast_1d(b), np.atleast_1d(a)
    w = np.linspace(0.0, np.pi, worN, endpoint=False)
    top = np.exp(-1j * np.outer(w, np.arange(np.size(b)))) @ b
    bottom = np.exp(-1j * np.outer(w, np.arange(np.size(a)))) @ a
    return w * (fs / (2.0 * np.pi)), top / bottom


@formula(sg.upfirdn, sample(B, V), sample(B, V, 2, 3), sample(B, V, 3), name="scipy.signal.upfirdn")
def upfirdn(h: Any, x: Any, up: int = 1, down: int = 1, axis: int = -1, mode: str = "constant", cval: Any = 0) -> Any:
    """Put zeros between the values, filter, and take some."""
    one_dimensional(np.ndim(x), mode, cval)
    h, x = np.asarray(h), np.asarray(x)
    n = np.size(x)
    wide = np.zeros((n - 1) * up + 1)
    wide[::up] = x
    return sg.convolve(wide, h, "full", "direct")[::down]


@static
def one_dimensional(ndim: int, mode: Any, cval: Any) -> None:
    if ndim != 1 or mode != "constant" or cval != 0:
        raise TypeError("scipy.signal.upfirdn has a gradient rule for one signal, continued by zeros")
