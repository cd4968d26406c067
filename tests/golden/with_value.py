"""The value and the gradient."""

import numpy as np


def ridge(w, x, y, weight=0.1):
    r = x @ w - y
    return 0.5 * r @ r + weight * np.sum(w * w)


rng = np.random.default_rng(17)
ARGS = (rng.normal(size=3), rng.normal(size=(5, 3)), rng.normal(size=5))
WRT = "w"
MODE = "value_and_grad"
