"""Dynamic programming and graphs."""

import numpy as np


def soft_min(a, b, c, gamma):
    m = min(a, b, c)
    return m - gamma * np.log(np.exp(-(a - m) / gamma) + np.exp(-(b - m) / gamma) + np.exp(-(c - m) / gamma))


def soft_alignment(x, y, gamma):
    """Soft dynamic time warping."""
    n, m = len(x), len(y)
    cost = np.zeros((n + 1, m + 1))
    cost[0, 1:] = 50.0
    cost[1:, 0] = 50.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            d = (x[i - 1] - y[j - 1]) ** 2
            cost[i, j] = d + soft_min(cost[i - 1, j], cost[i, j - 1], cost[i - 1, j - 1], gamma)
    return cost[n, m]


def floyd(w):
    """All shortest paths."""
    d = w.copy()
    n = len(d)
    for k in range(n):
        for i in range(n):
            for j in range(n):
                through = d[i, k] + d[k, j]
                if through < d[i, j]:
                    d[i, j] = through
    return np.sum(d**2)


def viterbi_score(start, step, emit):
    score = start + emit[0]
    for t in range(1, len(emit)):
        new = np.zeros(len(score))
        for j in range(len(score)):
            new[j] = np.max(score + step[:, j]) + emit[t, j]
        score = new
    return np.max(score)


def forward_algorithm(start, step, emit):
    alpha = start * emit[0]
    logp = 0.0
    for t in range(1, emit.shape[0]):
        scale = np.sum(alpha)
        logp += np.log(scale)
        alpha = (alpha / scale) @ step * emit[t]
    return logp + np.log(np.sum(alpha))


def page_rank(links, damping):
    n = links.shape[0]
    m = links / np.sum(links, axis=0)
    rank = np.ones(n) / n
    for _ in range(10):
        rank = damping * (m @ rank) + (1.0 - damping) / n
    return np.sum(rank**2)


def knapsack_value(values, weights, capacity):
    best = np.zeros(capacity + 1)
    for v, w in zip(values, weights):
        for c in range(capacity, w - 1, -1):
            if best[c - w] + v > best[c]:
                best[c] = best[c - w] + v
    return best[capacity]


_r = np.random.default_rng(4)
PROGRAMS = [
    (soft_alignment, (_r.normal(size=5), _r.normal(size=4), 0.7), (0, 1, 2)),
    (floyd, (_r.uniform(0.5, 4.0, (4, 4)),), (0,)),
    (viterbi_score, (_r.normal(size=3), _r.normal(size=(3, 3)), _r.normal(size=(5, 3))), (0, 1, 2)),
    (forward_algorithm, (_r.uniform(0.1, 1, 3), _r.uniform(0.1, 1, (3, 3)), _r.uniform(0.1, 1, (5, 3))), (0, 1, 2)),
    (page_rank, (_r.uniform(0.1, 1.0, (4, 4)), 0.85), (0, 1)),
    (knapsack_value, (_r.uniform(1, 3, 4), [2, 3, 1, 4], 6), (0,)),
]
