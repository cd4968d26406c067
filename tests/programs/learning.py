"""Objectives of machine learning."""

import numpy as np


def two_layer_network(w1, b1, w2, b2, x, y):
    hidden = np.tanh(x @ w1 + b1)
    scores = hidden @ w2 + b2
    shifted = scores - np.max(scores, axis=1, keepdims=True)
    log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    penalty = 0.01 * (np.sum(w1 * w1) + np.sum(w2 * w2))
    return -np.mean(np.sum(y * log_p, axis=1)) + penalty


def network_of_layers(params, x, y):
    h = x
    for layer in params["layers"]:
        h = np.tanh(h @ layer["w"] + layer["b"])
    residual = h @ params["out"] - y
    return np.sum(residual**2) / len(y)


def logistic_regression(w, x, y, strength=0.1):
    z = x @ w
    loss = 0.0
    for i in range(len(y)):
        margin = y[i] * z[i]
        if margin > 0:
            loss += np.log(1.0 + np.exp(-margin))
        else:
            loss += -margin + np.log(1.0 + np.exp(margin))
    return loss / len(y) + strength * np.dot(w, w)


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def gru(wz, wr, wh, xs, h0):
    h = h0
    for x in xs:
        both = np.concatenate((x, h))
        z = sigmoid(wz @ both)
        r = sigmoid(wr @ both)
        candidate = np.tanh(wh @ np.concatenate((x, r * h)))
        h = (1.0 - z) * h + z * candidate
    return np.sum(h**2)


def attention(q, k, v):
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores = scores - scores.max(axis=1, keepdims=True)
    weights = np.exp(scores)
    weights /= weights.sum(axis=1, keepdims=True)
    out = weights @ v
    return np.mean(out * out)


def soft_k_means(centers, points, sharpness):
    total = 0.0
    for p in points:
        d = np.sum((centers - p) ** 2, axis=1)
        w = np.exp(-sharpness * d)
        w = w / np.sum(w)
        total += np.sum(w * d)
    return total


def sgd_inside(w, x, y, rate):
    """The loss after some steps of gradient descent, as a function of the start and the rate."""
    for _ in range(5):
        r = x @ w - y
        g = x.T @ r / len(y)
        w = w - rate * g
    return np.mean((x @ w - y) ** 2)


def batch_norm(x, gamma, beta, eps=1e-5):
    mean = x.mean(axis=0)
    var = np.mean((x - mean) ** 2, axis=0)
    xhat = (x - mean) / np.sqrt(var + eps)
    return np.sum(np.sin(gamma * xhat + beta))


def gaussian_process(log_scale, noise, x, y):
    d = x[:, None] - x[None, :]
    k = np.exp(-0.5 * (d / np.exp(log_scale)) ** 2) + noise * np.eye(len(x))
    alpha = np.linalg.solve(k, y)
    _, logdet = np.linalg.slogdet(k)
    return 0.5 * y @ alpha + 0.5 * logdet


_r = np.random.default_rng(0)
_labels = np.eye(3)[_r.integers(0, 3, 6)]
_layers = {
    "layers": [{"w": _r.standard_normal((3, 3)), "b": _r.standard_normal(3)} for _ in range(2)],
    "out": _r.standard_normal(3),
}
PROGRAMS = [
    (
        two_layer_network,
        (
            _r.normal(size=(4, 5)),
            _r.normal(size=5),
            _r.normal(size=(5, 3)),
            _r.normal(size=3),
            _r.normal(size=(6, 4)),
            _labels,
        ),
        (0, 1, 2, 3),
    ),
    (network_of_layers, (_layers, _r.normal(size=(5, 3)), _r.normal(size=5)), (0,)),
    (logistic_regression, (_r.normal(size=3), _r.normal(size=(6, 3)), np.sign(_r.normal(size=6))), (0,)),
    (
        gru,
        (
            _r.normal(size=(3, 5)),
            _r.normal(size=(3, 5)),
            _r.normal(size=(3, 5)),
            _r.normal(size=(4, 2)),
            _r.normal(size=3),
        ),
        (0, 1, 2, 3, 4),
    ),
    (attention, (_r.normal(size=(4, 3)), _r.normal(size=(5, 3)), _r.normal(size=(5, 2))), (0, 1, 2)),
    (soft_k_means, (_r.normal(size=(3, 2)), _r.normal(size=(6, 2)), 0.7), (0, 1, 2)),
    (sgd_inside, (_r.normal(size=3), _r.normal(size=(6, 3)), _r.normal(size=6), 0.1), (0, 1, 3)),
    (batch_norm, (_r.normal(size=(5, 3)), _r.normal(size=3), _r.normal(size=3)), (0, 1, 2)),
    (gaussian_process, (0.3, 0.2, np.linspace(0.0, 2.0, 5), _r.normal(size=5)), (0, 1, 3)),
]
