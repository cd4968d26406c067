"""Conditional expressions, `and`, `or` and `not`."""


def clip(x, low, high):
    y = low if x < low else high if x > high else x * x
    inside = x > low and not x > high
    scale = 2.0 if inside or y > 3.0 else x
    return scale * y


ARGS = (0.7, -1.0, 1.5)
