"""A while loop without an end of its own, left by `break`; `continue` in between."""


def sum_odd(x):
    n, total = 0, 0.0
    while True:
        n += 1
        if n > 9:
            break
        if n % 2 == 0:
            continue
        total += x**n / n
    return total


ARGS = (0.7,)
