"""Prices and filters."""

import math

import numpy as np


def normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


def black_scholes(spot, strike, rate, sigma, expiry):
    root = sigma * math.sqrt(expiry)
    d1 = (math.log(spot / strike) + (rate + 0.5 * sigma**2) * expiry) / root
    d2 = d1 - root
    return spot * normal_cdf(d1) - strike * math.exp(-rate * expiry) * normal_cdf(d2)


def brownian_paths(s0, mu, sigma, noise, strike):
    dt = 1.0 / noise.shape[1]
    payoff = 0.0
    for path in noise:
        s = s0
        top = s0
        for z in path:
            s = s * np.exp((mu - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * z)
            top = max(top, s)
        payoff += max(top - strike, 0.0)
    return payoff / len(noise)


def kalman_likelihood(q, r, ys, x0):
    x, p = x0, np.eye(2)
    step = np.array([[1.0, 1.0], [0.0, 1.0]])
    h = np.array([1.0, 0.0])
    loglik = 0.0
    for y in ys:
        x = step @ x
        p = step @ p @ step.T + q
        s = h @ p @ h + r
        gain = p @ h / s
        e = y - h @ x
        x = x + gain * e
        p = p - np.outer(gain, h @ p)
        loglik -= 0.5 * (np.log(s) + e * e / s)
    return loglik


def garch(omega, alpha, beta, returns):
    h = np.mean(returns**2)
    total = 0.0
    for x in returns:
        total += math.log(h) + x**2 / h
        h = omega + alpha * x**2 + beta * h
    return 0.5 * total


def annuity(cashflows, rate, fee=0.01):
    value, factor = 0.0, 1.0
    for i, c in enumerate(cashflows):
        factor /= 1.0 + rate
        if i == 0:
            continue
        value += c * factor * (1.0 - fee)
    return value


_r = np.random.default_rng(5)
_q = _r.normal(size=(2, 2))
PROGRAMS = [
    (black_scholes, (100.0, 95.0, 0.03, 0.25, 0.7), (0, 1, 2, 3, 4)),
    (brownian_paths, (1.0, 0.05, 0.3, _r.normal(size=(5, 6)), 0.9), (0, 1, 2, 4)),
    (
        kalman_likelihood,
        (0.1 * _q @ _q.T + 0.1 * np.eye(2), 0.5, _r.normal(size=6), np.array([0.3, -0.1])),
        (0, 1, 2, 3),
    ),
    (garch, (0.1, 0.2, 0.6, _r.normal(size=8)), (0, 1, 2)),
    (annuity, (_r.uniform(1, 2, 5), 0.04), (0, 1)),
]
