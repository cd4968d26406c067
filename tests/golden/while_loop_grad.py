import math


def halve_grad(x, limit):
    total = 0.0
    x_saved = []
    while x > limit:
        x_saved.append(x)
        total += math.sin(x)
        x = 0.5 * x
    d_x = total
    for x_1 in reversed(x_saved):
        # x = 0.5 * x
        d_x = 0.5 * d_x
        # total += math.sin(x)
        d_x += x * math.cos(x_1)
    return d_x, None
