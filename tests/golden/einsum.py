"""Attention: einsum, reshape and transpose."""

import numpy as np


def attend(q, k, v):
    s = np.einsum("ihd,jhd->hij", q, k) / np.sqrt(q.shape[-1])
    p = np.exp(s)
    p = p / p.sum(axis=-1, keepdims=True)
    o = np.einsum("hij,jhd->ihd", p, v).reshape(q.shape[0], -1)
    return np.sum(o.T @ o)


rng = np.random.default_rng(13)
ARGS = (rng.normal(size=(3, 2, 2)), rng.normal(size=(4, 2, 2)), rng.normal(size=(4, 2, 2)))
