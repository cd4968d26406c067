"""A function with a rule of its own."""

import numpy as np

import adgen


@adgen.custom_vjp
def softplus(x):
    return np.log1p(np.exp(x))


@softplus.defvjp
def _(g, out, x):
    return g * (1.0 - np.exp(-out))


def total(x):
    return np.sum(softplus(2.0 * x))


ARGS = (np.array([0.2, -0.4, 0.6]),)
