"""A loop that ends early: the second program of the design."""


def newton(a, tol):
    x = a
    for _ in range(50):
        x_next = 0.5 * (x + a / x)
        if abs(x_next - x) < tol:
            break
        x = x_next
    return x_next


ARGS = (2.0, 1e-12)
WRT = "a"
