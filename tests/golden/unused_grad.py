def unused_grad(x, y, z):
    count = len(x)
    # return np.sum(x * x) / count + 0.0 * z
    d_x = 2.0 * (x / count)
    return d_x, None, 0.0
