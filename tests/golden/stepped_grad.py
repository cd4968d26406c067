def series_grad(x, n):
    t1 = max(n, 0)
    t3 = 0 >= t1
    t = not t3
    if t:
        p = 1.0 * x
    else:
        p = 1.0
    if t3:
        raise StopIteration()
    t2 = 4611686018427387904 if t3 else 1
    p_saved = []
    saved = []
    while True:
        p_saved.append(p)
        t3 = t2 >= t1
        saved.append(t3)
        if not t3:
            p = p * x
        if t3:
            break
        t2 = 4611686018427387904 if t3 else t2 + 1
    d_p, d_x, t1 = 0.0, 0.0, 0.0
    for p, t3 in zip(reversed(p_saved), reversed(saved)):
        # for v in values:
        t2 = 0.0 if t3 else 1.0
        if not t3:
            # for _ in range(n):
            d_p_1 = d_p + t2
            # p = p * x
            d_p = d_p_1 * x
            d_x += d_p_1 * p
        else:
            t1 = t1 + t2
    # total = 2.0 * next(values)
    t1 += 2.0
    if t:
        # for _ in range(n):
        d_p += t1
        # p = p * x
        d_x += d_p
    return (d_x,)
