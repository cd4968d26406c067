def search_grad(x, step):
    t = False
    x_saved = []
    saved = []
    for _ in range(8):
        x_saved.append(x)
        x = x - step * (x * x - 2.0)
        t1 = x * x < 2.0
        saved.append(t1)
        if t1:
            x = 3.0 * x
            t = True
            break
    if not t:
        x = -x
    # return x * x
    d_x = 2.0 * x
    if not t:
        # x = -x
        d_x = -2.0 * x
    d_step = 0.0
    for x, t in zip(reversed(x_saved), reversed(saved)):
        if t:
            # x = 3.0 * x
            d_x = 3.0 * d_x
        # x = x - step * (x * x - 2.0)
        d_step -= d_x * (x * x - 2.0)
        d_x -= 2.0 * (d_x * step * x)
    return d_x, d_step
