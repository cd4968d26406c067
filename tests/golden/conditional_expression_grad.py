def clip_grad(x, low, high):
    t = x < low
    if t:
        y = low
    elif x > high:
        y = high
    else:
        y = x * x
    t1 = x > low and not x > high or y > 3.0
    scale = 2.0 if t1 else x
    # scale = 2.0 if inside or y > 3.0 else x
    d_x = 0.0 if t1 else y
    if t:
        d_low = scale
        d_high = 0.0
    else:
        if x > high:
            d_high = scale
        else:
            # y = low if x < low else high if x > high else x * x
            d_x += 2.0 * (scale * x)
            d_high = 0.0
        d_low = 0.0
    return d_x, d_low, d_high
