"""Signals and images."""

import numpy as np


def moving_average(x, width):
    out = np.zeros(len(x) - width + 1)
    for i in range(len(out)):
        out[i] = np.mean(x[i : i + width])
    return np.sum(out**2)


def convolve(x, kernel):
    n, m = len(x), len(kernel)
    out = np.zeros(n - m + 1)
    for i in range(n - m + 1):
        for j in range(m):
            out[i] += x[i + j] * kernel[j]
    return np.sum(np.tanh(out))


def convolve_2d(image, kernel):
    kh, kw = kernel.shape
    h, w = image.shape[0] - kh + 1, image.shape[1] - kw + 1
    out = np.zeros((h, w))
    for a in range(kh):
        for b in range(kw):
            out += kernel[a, b] * image[a : a + h, b : b + w]
    return np.sum(np.maximum(out, 0.0) ** 2)


def exponential_filter(x, alpha):
    y = np.zeros_like(x)
    y[0] = x[0]
    for t in range(1, len(x)):
        y[t] = alpha * x[t] + (1.0 - alpha) * y[t - 1]
    return np.sum((y - x) ** 2)


def normalise_in_place(x):
    x -= x.mean()
    x /= np.sqrt(np.mean(x * x) + 1e-3)
    return np.sum(np.sin(x))


def normalise_rows(a):
    for i in range(a.shape[0]):
        row = a[i]
        row /= np.sqrt(row @ row)
    return np.sum(np.cos(a) * a)


def prefix_sums(x):
    total = x.copy()
    for i in range(1, len(x)):
        total[i] += total[i - 1]
    return np.sum(np.sin(total))


def total_variation(image, eps):
    dx = image[1:, :-1] - image[:-1, :-1]
    dy = image[:-1, 1:] - image[:-1, :-1]
    return np.sum(np.sqrt(dx**2 + dy**2 + eps))


def iir_biquad(x, b, a):
    z1 = z2 = 0.0
    energy = 0.0
    for v in x:
        y = b[0] * v + z1
        z1 = b[1] * v - a[0] * y + z2
        z2 = b[2] * v - a[1] * y
        energy += y * y
    return energy


_r = np.random.default_rng(7)
PROGRAMS = [
    (moving_average, (_r.normal(size=8), 3), (0,)),
    (convolve, (_r.normal(size=7), _r.normal(size=3)), (0, 1)),
    (convolve_2d, (_r.normal(size=(5, 6)), _r.normal(size=(2, 3))), (0, 1)),
    (exponential_filter, (_r.normal(size=7), 0.3), (0, 1)),
    (normalise_in_place, (_r.normal(size=5),), (0,)),
    (normalise_rows, (_r.normal(size=(3, 4)),), (0,)),
    (prefix_sums, (_r.normal(size=6),), (0,)),
    (total_variation, (_r.normal(size=(4, 5)), 0.1), (0, 1)),
    (iir_biquad, (_r.normal(size=8), np.array([0.3, 0.2, 0.1]), np.array([-0.4, 0.2])), (0, 1, 2)),
]
