"""A nested function over the locals around it, and a function passed to another."""

import math


def apply_twice(f, x):
    return f(f(x))


def outer(x, a):
    def inner(y):
        return a * math.sin(y)

    return apply_twice(inner, x) + apply_twice(lambda z: z * a, x)


ARGS = (0.9, 1.4)
