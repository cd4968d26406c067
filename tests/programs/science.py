"""Optics, quantum mechanics, survival, gas dynamics: programs as their fields write them."""

import numpy as np


def thin_film(n, d, wavelength):
    """Reflectance of a stack of layers by transfer matrices."""
    m = np.eye(2, dtype=complex)
    for j in range(1, len(n) - 1):
        delta = 2 * np.pi * n[j] * d[j - 1] / wavelength
        m = m @ np.array(
            [[np.cos(delta), 1j * np.sin(delta) / n[j]], [1j * n[j] * np.sin(delta), np.cos(delta)]],
        )
    b, c = m @ np.array([1.0, n[-1]])
    r = (n[0] * b - c) / (n[0] * b + c)
    return abs(r) ** 2


def split_step(potential, k0, steps, dt=0.05):
    """Mean square place of a wave packet, by Fourier transforms and back."""
    n = len(potential)
    x = np.linspace(-5, 5, n, endpoint=False)
    psi = np.exp(-(x**2)) * np.exp(1j * k0 * x)
    psi /= np.sqrt(np.sum(np.abs(psi) ** 2))
    k = 2 * np.pi * np.fft.fftfreq(n, d=x[1] - x[0])
    kick = np.exp(-1j * potential * dt / 2)
    drift = np.exp(-0.5j * k**2 * dt)
    for _ in range(steps):
        psi = kick * np.fft.ifft(drift * np.fft.fft(kick * psi))
    return np.sum(np.abs(psi) ** 2 * x**2)


def cox_likelihood(beta, x, times, events):
    """Breslow's partial likelihood, with a risk set for each event."""
    order = np.argsort(-times)
    x, happened = x[order], events[order]
    eta = x @ beta
    risk = np.cumsum(np.exp(eta - eta.max()))
    terms = (eta - eta.max())[happened] - np.log(risk[happened])
    return -terms.sum() / happened.sum()


def van_leer(a, b):
    ab, s = a * b, a + b
    return np.where(ab > 0, 2 * ab / np.where(s == 0, 1.0, s), 0.0)


def minmod(a, b):
    return np.where(a * b > 0, np.where(np.abs(a) < np.abs(b), a, b), 0.0)


LIMITERS = {"minmod": minmod, "van Leer": van_leer}


def advection(u, limiter, courant, steps):
    """A finite-volume scheme with limited slopes, to the right."""
    slope = LIMITERS[limiter]
    for _ in range(steps):
        wide = np.concatenate([u[-2:], u, u[:2]])
        s = slope(wide[1:-1] - wide[:-2], wide[2:] - wide[1:-1])
        flux = wide[1:-1] + 0.5 * (1 - courant) * s
        u = u - courant * (flux[1:-1] - flux[:-2])
    return np.sum(u**2)


WAVE = 1.0 + 0.5 * np.sin(np.arange(9.0) * 0.7 + 0.2)

PROGRAMS = [
    (thin_film, (np.array([1.0, 1.45, 2.1, 1.5]), np.array([0.1, 0.25]), 0.55), (0, 1, 2)),
    (split_step, (np.cos(np.arange(8.0)), 0.3, 2), (0, 1)),
    (
        cox_likelihood,
        (
            np.array([0.4, -0.2]),
            np.cos(np.arange(12.0)).reshape(6, 2),
            np.array([3.0, 1.0, 4.0, 1.5, 5.0, 2.0]),
            np.array([True, False, True, True, False, True]),
        ),
        (0, 1),
    ),
    (advection, (WAVE, "van Leer", 0.4, 3), (0, 2)),
    (advection, (WAVE, "minmod", 0.4, 2), (0, 2)),
]
