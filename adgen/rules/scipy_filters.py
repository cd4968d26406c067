"""Formulas of filters with a state, and of Fourier transforms of short pieces, in `scipy.signal`."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg as sl
import scipy.signal as sg

from adgen.rules.core import has_complex
from adgen.rules.declare import formula, sample, static
from adgen.rules.scipy_spectra import frames, settled, size_of

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1, -0.7, 0.2, 1.4])
M = np.linspace(-1.0, 2.0, 24).reshape(3, 8) ** 2
B, A = np.array([0.4, 0.3, -0.2]), np.array([2.0, -0.6, 0.1])
SOS = np.array([[1.0, 0.5, 0.2, 1.0, -0.3, 0.1], [0.7, -0.2, 0.3, 1.0, 0.4, 0.05]])
STATES = np.array([[0.3, -0.1], [0.2, 0.4]])
FOURTH = "the fourth column must stay 1"


# --- states of filters --------------------------------------------------------------------------------


def of_order(c: Any, k: Any) -> Any:
    return np.concatenate((c, np.zeros(k + 1 - np.size(c))))


def memory(c: Any, k: Any) -> Any:
    """Return what the last k values of a signal leave in the state of a filter with these coefficients."""
    delay = k + np.arange(k)[:, np.newaxis] - np.arange(k)
    return np.where(delay <= k, c[np.minimum(delay, k)], 0.0)


@formula(
    sg.lfilter,
    sample(B, A, V, zi=np.array([0.3, -0.2])),
    sample(B, A[:2], V[:1], zi=np.array([0.3, -0.2])),
    sample(B, A, M, 0, np.outer(np.array([0.5, 1.0]), V)),
    name="scipy.signal.lfilter",
)
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """The state answers like an input before the first one; it is left with the last inputs and outputs."""
    b, a = np.asarray(b), np.asarray(a)
    x, zi = np.moveaxis(np.asarray(x), axis, -1), np.moveaxis(np.asarray(zi), axis, -1)
    n, k = x.shape[-1], max(np.size(a), np.size(b)) - 1
    b, a = of_order(b / a[0], k), of_order(a / a[0], k)
    start = np.concatenate((zi, np.zeros_like(x)), axis=-1)
    y = sg.lfilter(b, a, x) + sg.lfilter(np.ones(1), a, start[..., :n])
    before = np.zeros_like(zi)
    last_x = np.concatenate((before, x), axis=-1)[..., n:]
    last_y = np.concatenate((before, y), axis=-1)[..., n:]
    state = last_x @ memory(b, k).T - last_y @ memory(a, k).T + start[..., n:]
    return np.moveaxis(y, -1, axis), np.moveaxis(state, -1, axis)


def sosfilt(sos: Any, x: Any, axis: int, zi: Any) -> Any:
    """One section after the other, each with its state."""
    out, left = np.asarray(x), []
    for k in range(np.shape(sos)[0]):
        out, state = lfilter(sos[k, :3], sos[k, 3:], out, axis, zi[k])
        left.append(state)
    return out, np.stack(left)


@formula(sg.lfilter_zi, sample(B, A), sample(B, np.array([1.0, 0.3])), name="scipy.signal.lfilter_zi")
def lfilter_zi(b: Any, a: Any) -> Any:
    b, a = np.asarray(b), np.asarray(a)
    return settled(b / a[0], a / a[0])


@formula(sg.sosfilt_zi, sample(SOS, kink=FOURTH), name="scipy.signal.sosfilt_zi")
def sosfilt_zi(sos: Any) -> Any:
    """What reaches a section is the steady answer of those before."""
    sos = np.asarray(sos)
    level, states = 1.0, []
    for k in range(sos.shape[0]):
        states.append(level * settled(sos[k, :3], sos[k, 3:]))
        level = level * (np.sum(sos[k, :3]) / np.sum(sos[k, 3:]))
    return np.stack(states)


@static
def odd_ends(padtype: Any) -> None:
    if padtype != "odd":
        raise TypeError("scipy.signal.sosfiltfilt has a gradient rule for padtype='odd'")


@formula(sg.sosfiltfilt, sample(SOS, np.concatenate((V, V)), kink=FOURTH), name="scipy.signal.sosfiltfilt")
def sosfiltfilt(sos: Any, x: Any, axis: int = -1, padtype: Any = "odd", padlen: Any = None) -> Any:
    odd_ends(padtype)
    sos, x = np.asarray(sos), np.moveaxis(np.asarray(x), axis, -1)
    short = min(np.sum(sos[:, 2] == 0), np.sum(sos[:, 5] == 0))
    edge = 3 * (2 * sos.shape[0] + 1 - short) if padlen is None else padlen
    n = x.shape[-1]
    left = 2.0 * x[..., :1] - x[..., np.arange(edge, 0, -1)]
    right = 2.0 * x[..., -1:] - x[..., n - 2 - np.arange(edge)]
    there = settled_sections(sos, np.concatenate((left, x, right), axis=-1))
    back = np.flip(settled_sections(sos, np.flip(there, -1)), -1)
    return np.moveaxis(back[..., edge : edge + n], -1, axis)


def settled_sections(sos: Any, x: Any) -> Any:
    """Filter the last axis, as if the first value had been there for ever."""
    states, first = sosfilt_zi(sos), x[..., :1]
    for k in range(sos.shape[0]):
        x = lfilter(sos[k, :3], sos[k, 3:], x, -1, first * states[k])[0]
    return x


# --- Fourier transforms of short pieces -----------------------------------------------------------------


@static
def plain_pieces(nfft: Any, onesided: Any, boundary: Any, scaling: Any, function: str) -> None:
    if nfft is not None or not onesided or boundary not in ("zeros", None, True, False) or scaling != "spectrum":
        raise TypeError(
            f"scipy.signal.{function} has a gradient rule without nfft=, for real signals, scaling='spectrum' and "
            "boundary='zeros' or None"
        )


@static
def real_signal(is_complex: bool) -> None:
    if is_complex:
        raise TypeError("scipy.signal.stft has a gradient rule for real signals")


@formula(
    sg.stft,
    sample(V, nperseg=4),
    sample(M, 2.0, "hamming", 5, 2),
    sample(M, nperseg=4, boundary=None, padded=False),
    name="scipy.signal.stft",
)
def stft(
    x: Any, fs: Any = 1.0, window: Any = "hann", nperseg: Any = 256, noverlap: Any = None, nfft: Any = None,
    detrend: Any = False, return_onesided: bool = True, boundary: Any = "zeros", padded: bool = True, axis: int = -1,
    scaling: str = "spectrum",
) -> Any:  # fmt: skip
    plain_pieces(nfft, return_onesided and detrend is False and axis == -1, boundary, scaling, "stft")
    real_signal(has_complex(x))
    x = np.asarray(x)
    n = size_of(x, nperseg)
    step = n - (n // 2 if noverlap is None else noverlap)
    edge = 0 if boundary is None else n // 2
    more = (-(x.shape[-1] + 2 * edge - n) % step) % n if padded else 0
    ends = np.zeros_like(x[..., :1])
    x = np.concatenate((np.repeat(ends, edge, axis=-1), x, np.repeat(ends, edge + more, axis=-1)), axis=-1)
    values = sg.get_window(window, n)
    parts = np.fft.rfft(frames(x, n, step) * values, axis=-1) / np.sum(values)
    times = np.arange(n / 2, x.shape[-1] - n / 2 + 1, step) / fs - (0.0 if boundary is None else (n / 2) / fs)
    return np.fft.rfftfreq(n, 1.0 / fs), times, np.swapaxes(parts, -1, -2)


PIECES = sg.stft(V, nperseg=4)[2]


@formula(
    sg.istft,
    sample(PIECES),
    sample(sg.stft(M, nperseg=4)[2], 2.0, noverlap=3),
    sample(PIECES, nperseg=4, boundary=False, window="hamming"),
    name="scipy.signal.istft",
)
def istft(
    Zxx: Any, fs: Any = 1.0, window: Any = "hann", nperseg: Any = None, noverlap: Any = None, nfft: Any = None,
    input_onesided: bool = True, boundary: Any = True, time_axis: int = -1, freq_axis: int = -2,
    scaling: str = "spectrum",
) -> Any:  # fmt: skip
    """Add up the pieces where they overlap, and divide by what the window adds up to."""
    plain_pieces(nfft, input_onesided and time_axis == -1 and freq_axis == -2, boundary, scaling, "istft")
    z = np.asarray(Zxx)
    n = 2 * (z.shape[-2] - 1) if nperseg is None else nperseg
    step = n - (n // 2 if noverlap is None else noverlap)
    values = sg.get_window(window, n)
    parts = np.swapaxes(np.fft.irfft(z, n, axis=-2), -1, -2) * (values * np.sum(values))
    count = z.shape[-1]
    length = n + (count - 1) * step
    x = np.zeros((*parts.shape[:-2], length))
    norm = np.zeros(length)
    for k in range(count):
        x[..., k * step : k * step + n] += parts[..., k, :]
        norm[k * step : k * step + n] += values * values
    edge = n // 2 if boundary else 0
    x, norm = x[..., edge : length - edge], norm[edge : length - edge]
    return np.arange(x.shape[0]) / fs, x / np.where(norm > 1e-10, norm, 1.0)  # SciPy counts the first axis


# --- other filters ------------------------------------------------------------------------------------


@formula(
    sg.deconvolve,
    sample(V, np.array([1.5, 0.4])),
    sample(V, np.array([0.5, 1.0, -0.3])),
    name="scipy.signal.deconvolve",
)
def deconvolve(signal: Any, divisor: Any) -> Any:
    """A division of polynomials: the quotient solves a triangular system, the rest is what it leaves."""
    num, den = np.asarray(signal), np.asarray(divisor)
    n = np.size(num) - np.size(den) + 1
    column = np.concatenate((den, np.zeros(max(n - np.size(den), 0))))[:n]
    quotient = sl.solve_triangular(sl.toeplitz(column, np.zeros(n)), num[:n], lower=True)
    return quotient, num - np.convolve(den, quotient)


@static
def plain_medians(kernel_size: Any, ndim: int) -> int:
    size = 3 if kernel_size is None else kernel_size
    if ndim != 1 or not isinstance(size, int):
        raise TypeError("scipy.signal.medfilt has a gradient rule for signals of one axis")
    return size


@formula(sg.medfilt, sample(V), sample(V, 5), name="scipy.signal.medfilt")
def medfilt(volume: Any, kernel_size: Any = None) -> Any:
    x = np.asarray(volume)
    size = plain_medians(kernel_size, x.ndim)
    wide = np.pad(x, size // 2)
    return np.median(np.lib.stride_tricks.sliding_window_view(wide, size), axis=-1)
