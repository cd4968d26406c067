def newton_grad(a, tol):
    x = a
    x_saved = []
    for _ in range(50):
        x_saved.append(x)
        x_next = 0.5 * (x + a / x)
        if abs(x_next - x) < tol:
            break
        x = x_next
    d_x, d_x_next, d_a = 0.0, 1.0, 0.0
    for x in reversed(x_saved):
        d_x_next += d_x
        # x_next = 0.5 * (x + a / x)
        t = 0.5 * d_x_next
        d_a += t / x
        d_x = t * (1.0 - a / x / x)
        d_x_next = 0.0
    return d_a + d_x
