def newton_jvp(a, tol, a_dot):
    x = a
    x_dot = a_dot
    for _ in range(50):
        t = a / x
        x_next = 0.5 * (x + t)
        # x_next = 0.5 * (x + a / x)
        x_next_dot = 0.5 * (x_dot + (a_dot / x - x_dot * (t / x)))
        if abs(x_next - x) < tol:
            break
        x = x_next
        x_dot = x_next_dot
    return x_next, x_next_dot
