"""A generator that `next` steps before a loop takes the rest of its values."""


def powers(x, n):
    p = 1.0
    for _ in range(n):
        p = p * x
        yield p


def series(x, n):
    values = powers(x, n)
    total = 2.0 * next(values)
    for v in values:
        total = total + v
    return total


ARGS = (0.7, 4)
WRT = ("x",)
