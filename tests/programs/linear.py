"""Linear algebra written out in loops."""

import numpy as np


def cholesky(a):
    n = a.shape[0]
    low = np.zeros((n, n))
    for j in range(n):
        s = a[j, j]
        for k in range(j):
            s -= low[j, k] ** 2
        low[j, j] = np.sqrt(s)
        for i in range(j + 1, n):
            s = a[i, j]
            for k in range(j):
                s -= low[i, k] * low[j, k]
            low[i, j] = s / low[j, j]
    return 2.0 * np.sum(np.log(np.diag(low))) + low[n - 1, 0]


def lu_in_place(a, b):
    a = a.copy()
    x = b.copy()
    n = len(b)
    for k in range(n - 1):
        for i in range(k + 1, n):
            a[i, k] /= a[k, k]
            a[i, k + 1 :] -= a[i, k] * a[k, k + 1 :]
    for i in range(1, n):
        x[i] -= a[i, :i] @ x[:i]
    for i in range(n - 1, -1, -1):
        x[i] = (x[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return np.sum(x * x)


def thomas(lower, diag, upper, rhs):
    n = len(diag)
    c = np.zeros(n)
    d = np.zeros(n)
    c[0] = upper[0] / diag[0]
    d[0] = rhs[0] / diag[0]
    for i in range(1, n):
        pivot = diag[i] - lower[i] * c[i - 1]
        c[i] = upper[i] / pivot
        d[i] = (rhs[i] - lower[i] * d[i - 1]) / pivot
    x = np.zeros(n)
    x[n - 1] = d[n - 1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    return np.sum(np.sin(x))


def gauss_seidel(a, b, sweeps):
    x = np.zeros_like(b)
    for _ in range(sweeps):
        for i in range(len(b)):
            x[i] = (b[i] - np.dot(a[i, :i], x[:i]) - np.dot(a[i, i + 1 :], x[i + 1 :])) / a[i, i]
    return np.sum(x**2)


def power_iteration(a, v):
    for _ in range(8):
        v = a @ v
        v = v / np.sqrt(np.sum(v * v))
    return v @ a @ v


def jacobi_rotation(a):
    a = a.copy()
    theta = 0.5 * np.arctan2(2.0 * a[0, 1], a[0, 0] - a[1, 1])
    c, s = np.cos(theta), np.sin(theta)
    for k in range(a.shape[0]):
        x, y = a[k, 0], a[k, 1]
        a[k, 0], a[k, 1] = c * x + s * y, c * y - s * x
    for k in range(a.shape[0]):
        x, y = a[0, k], a[1, k]
        a[0, k], a[1, k] = c * x + s * y, c * y - s * x
    return a[0, 0] + 0.5 * a[1, 1] ** 2 + a[2, 0] * a[2, 1]


def expm_series(a, t):
    term = np.eye(len(a))
    total = term
    for k in range(1, 10):
        term = term @ a * (t / k)
        total = total + term
    return np.trace(total) + total[0, 1]


def gram_schmidt(a):
    q = np.zeros(a.shape)
    for j in range(a.shape[1]):
        v = a[:, j].copy()
        for k in range(j):
            v -= (q[:, k] @ a[:, j]) * q[:, k]
        q[:, j] = v / np.sqrt(v @ v)
    return np.sum(np.sin(q) * a)


def conjugate_gradients(a, b):
    x = np.zeros(len(b))
    r = b - a @ x
    p = r
    rs = r @ r
    for _ in range(len(b)):
        ap = a @ p
        alpha = rs / (p @ ap)
        x = x + alpha * p
        r = r - alpha * ap
        rs_new = r @ r
        if np.sqrt(rs_new) < 1e-3:
            break
        p = r + (rs_new / rs) * p
        rs = rs_new
    return np.sum(x**3)


_r = np.random.default_rng(1)
_a = _r.normal(size=(4, 4))
_spd = _a @ _a.T + 4.0 * np.eye(4)
_dominant = _r.normal(size=(4, 4)) + 6.0 * np.eye(4)
PROGRAMS = [
    (cholesky, (_spd,), (0,)),
    (lu_in_place, (_dominant, _r.normal(size=4)), (0, 1)),
    (thomas, (_r.uniform(-1, 1, 5), _r.uniform(3, 4, 5), _r.uniform(-1, 1, 5), _r.normal(size=5)), (0, 1, 2, 3)),
    (gauss_seidel, (_dominant, _r.normal(size=4), 4), (0, 1)),
    (power_iteration, (_spd, _r.normal(size=4)), (0, 1)),
    (jacobi_rotation, (_spd,), (0,)),
    (expm_series, (0.3 * _a, 0.8), (0, 1)),
    (gram_schmidt, (_a,), (0,)),
    (conjugate_gradients, (_spd, _r.normal(size=4)), (0, 1)),
]
