def polynomial_grad(x, y):
    a_1 = x * y
    a = a_1 + 3.0 * x
    b = a_1 - y ** 2
    t = 1.0 + y * y
    # return a * b + x / (1.0 + y * y)
    d_x = 1.0 / t
    d_y = -2.0 * (x / t / t * y)
    # b -= y**2
    d_y -= 2.0 * (a * y)
    # a += 3.0 * x
    d_a = a + b
    d_x += 3.0 * b
    # a = b = x * y
    d_x += d_a * y
    d_y += d_a * x
    return d_x, d_y
