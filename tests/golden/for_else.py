"""The `else` of a loop that may be left by `break`."""


def search(x, step):
    for k in range(8):
        x = x - step * (x * x - 2.0)
        if x * x < 2.0:
            x = 3.0 * x
            break
    else:
        x = -x
    return x * x


ARGS = (1.9, 0.1)
