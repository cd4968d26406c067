import math


def wiggle_grad_grad(x):
    y = math.sin(x)
    d_y = x * y
    # return x * y * y
    d_y += y * x
    # y = math.sin(x)
    d_d_y = math.cos(x)
    t = d_y * y
    # return x * y * y
    d_y = d_d_y * x
    t1 = d_d_y * y
    d_x = t1 - t
    d_y_1 = d_y + 2.0 * y
    d_x += t1
    d_y += d_y_1
    # y = math.sin(x)
    return d_x + d_y * d_d_y
