"""Partial differential equations and solvers of equations."""

import numpy as np


def heat(u, c, steps):
    for _ in range(steps):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u * u)


def heat_2d(u, kappa, steps):
    u = u.copy()
    for _ in range(steps):
        new = u.copy()
        new[1:-1, 1:-1] = u[1:-1, 1:-1] + kappa * (
            u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1]
        )
        u = new
    return np.sum(np.sin(u))


def heat_with_sources(u, sources, kappa, dt):
    for t in range(sources.shape[0]):
        lap = np.zeros_like(u)
        lap[1:-1] = u[:-2] - 2.0 * u[1:-1] + u[2:]
        u = u + dt * (kappa * lap + sources[t])
        u[0] = 0.0
        u[-1] = u[-2]
    return np.mean(u**2)


def wave(u, speed, steps):
    prev = u.copy()
    cur = u.copy()
    nxt = np.zeros_like(u)
    c2 = speed * speed
    for _ in range(steps):
        nxt[1:-1] = 2.0 * cur[1:-1] - prev[1:-1] + c2 * (cur[2:] - 2.0 * cur[1:-1] + cur[:-2])
        prev, cur, nxt = cur, nxt, prev
    return np.sum(cur**2)


def diffusion_swap(u0, c, steps):
    u, v = u0.copy(), np.zeros_like(u0)
    for _ in range(steps):
        v[1:-1] = u[1:-1] + c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        v[0] = v[1]
        v[-1] = v[-2]
        u, v = v, u
    return np.sum(u**3)


def burgers(u, nu, steps):
    dx, dt = 0.1, 0.004
    for _ in range(steps):
        un = u.copy()
        for i in range(1, len(u) - 1):
            flux = un[i] * (un[i] - un[i - 1]) / dx if un[i] > 0 else un[i] * (un[i + 1] - un[i]) / dx
            u[i] = un[i] - dt * flux + nu * dt * (un[i + 1] - 2.0 * un[i] + un[i - 1]) / dx**2
    return np.sum(u**2)


def newton(a, tol):
    x = a
    for _ in range(50):
        x_next = 0.5 * (x + a / x)
        if abs(x_next - x) < tol:
            break
        x = x_next
    return x_next


def newton_system(p, steps):
    x = np.array([1.0, 1.0])
    for _ in range(steps):
        f = np.array([x[0] ** 2 + p[0] * x[1] - p[1], np.exp(-x[0]) + x[1] - p[2]])
        jac = np.array([[2.0 * x[0], p[0]], [-np.exp(-x[0]), 1.0]])
        x = x - np.linalg.solve(jac, f)
    return x[0] * x[1]


def bisection(a, target):
    """The derivative comes from the last, smooth step."""
    low, high = 0.0, 4.0
    while high - low > 1e-2:
        mid = 0.5 * (low + high)
        if mid**3 + a * mid < target:
            low = mid
        else:
            high = mid
    x = 0.5 * (low + high)
    for _ in range(3):
        x = x - (x**3 + a * x - target) / (3.0 * x**2 + a)
    return x


def fixed_point(a, x, tol=1e-12):
    count = 0
    while True:
        new = np.cos(a * x)
        count += 1
        if abs(new - x) < tol or count > 200:
            return new
        x = new


_r = np.random.default_rng(2)
PROGRAMS = [
    (heat, (_r.normal(size=8), 0.2, 5), (0, 1)),
    (heat_2d, (_r.normal(size=(5, 6)), 0.1, 3), (0, 1)),
    (heat_with_sources, (_r.normal(size=6), _r.normal(size=(4, 6)), 0.4, 0.2), (0, 1, 2, 3)),
    (wave, (_r.normal(size=7), 0.6, 5), (0, 1)),
    (diffusion_swap, (_r.normal(size=6), 0.2, 5), (0, 1)),
    (burgers, (_r.uniform(0.2, 1.0, 7), 0.05, 4), (0, 1)),
    (newton, (2.5, 1e-10), (0,)),
    (newton_system, (np.array([0.5, 2.0, 1.3]), 6), (0,)),
    (bisection, (1.3, 5.0), (0, 1)),
    (fixed_point, (0.8, 0.5), (0,)),
]
