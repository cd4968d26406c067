import math


def activate_grad(x, a):
    y = a * x
    if x > 1.0:
        y = math.log(x) + y
        d_x = a / x
        d_y = a
        d_a = y
    elif x > 0.0:
        z = y * y
        y_1 = z - a
        # y = z - a
        d_a = y_1 - a
        # z = y * y
        d_y = 2.0 * (a * y)
        d_x = 0.0
    else:
        y = math.exp(x)
        d_x = a * y
        d_a = y
        d_y = 0.0
    # y = a * x
    d_a += d_y * x
    d_x += d_y * a
    return d_x, d_a
