"""Two layers with parameters in a dict."""

import numpy as np


def network(params, x, y):
    h = np.maximum(x @ params["w1"] + params["b1"], 0.0)
    logits = h @ params["w2"] + params["b2"]
    top = logits.max(axis=1, keepdims=True)
    z = np.exp(logits - top)
    p = z / z.sum(axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(len(y)), y]))


rng = np.random.default_rng(1)
params = {
    "w1": rng.normal(size=(3, 4)),
    "b1": rng.normal(size=4),
    "w2": rng.normal(size=(4, 3)),
    "b2": rng.normal(size=3),
}
ARGS = (params, rng.normal(size=(6, 3)), np.array([0, 2, 1, 1, 0, 2]))
WRT = "params"
