def heat_grad(u, c, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    # return np.sum(u * u)
    d_u = 2.0 * u
    for _ in range(steps):
        # u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
        t = c * d_u[1:-1]
        d_u[:-2] += t
        d_u[2:] += t
        d_u[1:-1] -= 2.0 * t
    return d_u
