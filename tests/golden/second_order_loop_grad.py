def power_grad_grad(x, n):
    y = 1.0
    y_saved = []
    for _ in range(n):
        y_saved.append(y)
        y = y * x + 0.1
    d_y_1 = 1.0
    y_saved_1 = []
    d_y_saved = []
    for y in reversed(y_saved):
        y_saved_1.append(y)
        d_y_saved.append(d_y_1)
        # y = y * x + 0.1
        d_y_1 = d_y_1 * x
    d_d_y, d_x = 0.0, 0.0
    d_y = []
    for y, d_y_1 in zip(reversed(y_saved_1), reversed(d_y_saved)):
        d_y.append(d_y_1)
        # y = y * x + 0.1
        t = d_d_y * d_y_1
        d_d_y = y + d_d_y * x
        d_x += t
    d_y_1 = 0.0
    for d_y_2, y in zip(reversed(d_y), reversed(y_saved)):
        # y = y * x + 0.1
        t = d_y_1 * y
        d_y_1 = d_y_2 + d_y_1 * x
        d_x += t
    return d_x
