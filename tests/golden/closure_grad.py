import math


def outer_grad(x, a):
    t = math.sin(x)
    t1 = a * t
    d_a = x * a
    # lambda z: z * a
    d_x = a * a
    d_a += a * x
    # return a * math.sin(y)
    d_a += math.sin(t1)
    t1 = a * math.cos(t1)
    d_a += t1 * t
    d_x += t1 * a * math.cos(x)
    return d_x, d_a
