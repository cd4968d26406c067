"""A dict and a list of one's own, filled and updated by key and by index."""

import numpy as np


def momentum(w, x, rate):
    state = {"w": w, "v": np.zeros_like(w)}
    losses = [0.0] * 4
    for k in range(4):
        r = x @ state["w"] - 1.0
        losses[k] = np.mean(r * r)
        state["v"] = 0.9 * state["v"] - rate * (x.T @ r)
        state["w"] = state["w"] + state["v"]
    return losses[0] + 0.5 * losses[-1] + np.sum(state["w"])


rng = np.random.default_rng(18)
ARGS = (rng.normal(size=3), rng.normal(size=(5, 3)), 0.05)
WRT = ("w", "rate")
