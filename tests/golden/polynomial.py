"""Straight-line arithmetic on floats, with chained and augmented assignments."""


def polynomial(x, y):
    a = b = x * y
    a += 3.0 * x
    b -= y**2
    a, b = b, a
    return a * b + x / (1.0 + y * y)


ARGS = (1.3, -0.4)
