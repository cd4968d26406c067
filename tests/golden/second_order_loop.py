"""The gradient of the gradient of a loop."""


def power(x, n):
    y = 1.0
    for _ in range(n):
        y = y * x + 0.1
    return y


ARGS = (0.8, 4)
WRT = "x"
ORDER = 2
