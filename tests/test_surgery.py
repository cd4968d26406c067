"""Statements in the backward pass: `adgen.gradient_of` and `adgen.map_gradient`."""

import numpy as np
import pytest

import adgen

X = np.array([1.0, 2.0])


def test_the_statements_stand_in_the_backward_part(capsys):
    @adgen.grad
    def f(x):
        h = x * x
        with adgen.gradient_of(h) as g:
            # keep it small
            norm = np.linalg.norm(g)
            if norm > 1.0:
                g = g / norm
            print("norm", norm)
        return np.sum(10.0 * h)

    np.testing.assert_allclose(f(X), 2 * X / np.sqrt(2))
    assert capsys.readouterr().out == f"norm {np.linalg.norm([10.0, 10.0])}\n"
    lines = [line.strip() for line in f.source.splitlines()]
    at = lines.index("# with adgen.gradient_of(h) as g")
    assert lines[at + 1 : at + 7] == [
        "g = np.full_like(x, 10.0)",
        "# keep it small",
        "norm = np.linalg.norm(g)",
        "if norm > 1.0:",
        "g = g / norm",
        "print('norm', norm)",
    ]


def test_without_a_backward_pass_they_are_not_there(capsys):
    @adgen.compile
    def f(x):
        h = x * 2
        with adgen.gradient_of(h) as g:
            print(g)
        return np.sum(h)

    assert f(X) == 6.0 and capsys.readouterr().out == "" and "print" not in f.source
    assert adgen.jvp(f, (X,), (X,)) == (6.0, 6.0)
    assert adgen.grad(lambda x, y: f(x) * y, wrt=1)(X, 2.0) == 6.0 and capsys.readouterr().out == ""


def clipped(x, n):
    h = x
    for _ in range(n):
        h = np.tanh(h) * x
        with adgen.gradient_of(h) as g:
            g = np.clip(g, -0.1, 0.1)
    return np.sum(h)


def test_in_loops():
    hs = [X]
    for _ in range(3):
        hs.append(np.tanh(hs[-1]) * X)
    d_h, d_x = np.ones(2), np.zeros(2)
    for h in reversed(hs[:-1]):
        d_h = np.clip(d_h, -0.1, 0.1)
        d_x = d_x + d_h * np.tanh(h)
        d_h = d_h * X * (1 - np.tanh(h) ** 2)
    np.testing.assert_allclose(adgen.grad(clipped)(X, 3), d_x + d_h)
    _, pull = adgen.vjp(clipped, X, 3)
    for _ in range(2):
        np.testing.assert_allclose(pull(1.0)[0], d_x + d_h)


def scaled(h, k):
    with adgen.gradient_of(h) as g:
        g = g * k
    return h * h


def test_in_callees_and_with_variables_of_the_function():
    assert adgen.grad(lambda x, k: scaled(x, k) + scaled(2.0 * x, k))(3.0, 10.0) == 300.0


def test_written_in_place_and_elements():
    @adgen.grad
    def f(x):
        u = x.copy()
        u[0] = u[1] * 2
        with adgen.gradient_of(u) as g:
            g *= 0.5
            g[0] = 1.0
        u[1] = u[0] * 3
        return np.sum(u * u)

    x = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(f(x), [0.0, 2.0, 3.0])
    np.testing.assert_array_equal(x, [1, 2, 3])
    assert "g *= 0.5" in f.source


def test_as_an_expression_and_on_structures():
    df = adgen.grad(lambda x: 5.0 * adgen.map_gradient(lambda g: np.clip(g, -1.0, 1.0), x) + x)
    assert df(3.0) == 2.0

    def f(p):
        p = adgen.map_gradient(lambda g: 10 * g, p)
        return np.sum(p["a"] * p["b"])

    found = adgen.grad(f)({"a": X, "b": 3.0})
    np.testing.assert_array_equal(found["a"], [30, 30])
    assert found["b"] == 30.0
    assert adgen.map_gradient(abs, 3.0) == 3.0


def test_the_backward_pass_of_a_tape_and_of_a_gradient():
    @adgen.compile
    def f(x):
        with adgen.GradientTape() as tape:
            h = adgen.map_gradient(lambda g: 100 * g, x * x)
            y = np.sum(h)
        return tape.gradient(y, x)

    np.testing.assert_array_equal(f(X), 200 * X)

    def half(x):
        h = adgen.map_gradient(lambda g: 0.5 * g, x * x)
        return h * h

    assert adgen.grad(half)(3.0) == 54.0  # 2 x^3
    assert adgen.grad(adgen.grad(half))(3.0) == 54.0  # of what the first one gives: it is halved once
    assert adgen.jvp(adgen.grad(half), (3.0,), (1.0,))[1] == 54.0
    assert adgen.hessian(half)(3.0) == adgen.hvp(half)(3.0, 1.0) == 54.0
    assert adgen.grad(lambda x: adgen.grad(lambda z: half(z) * z)(x))(3.0) == 12 * 3.0**3  # half of 4 h x, and h^2
    adgen.check_grads(adgen.grad(half), (3.0,))


def test_a_gradient_of_a_clipped_gradient_is_that_of_what_is_left():
    def clipped(x):
        h = x**2
        for _ in range(2):
            h = adgen.map_gradient(lambda g: np.clip(g, -4.0, 4.0), np.exp(h * 0.1) * h)
        return np.sum(h * h)

    df, x = adgen.grad(clipped), np.array([0.3, 0.9, 1.1])
    moved = np.array([(df(x + d)[k] - df(x - d)[k]) / 2e-6 for k, d in enumerate(1e-6 * np.eye(3))])
    np.testing.assert_allclose(adgen.grad(df)(x), moved, rtol=1e-6)
    np.testing.assert_allclose(adgen.jvp(df, (x,), (np.ones(3),))[1], moved, rtol=1e-6)
    np.testing.assert_allclose(np.diag(adgen.hessian(clipped)(x)), moved, rtol=1e-6)


def test_lists_outside_keep_what_the_backward_pass_gives_them():
    log = []

    def remembers(x):
        with adgen.gradient_of(x) as g:
            log.append(g)
        return x * x

    assert adgen.grad(remembers)(3.0) == 6.0 and log == [6.0]
    _, pullback = adgen.vjp(remembers, 4.0)
    assert log == [6.0]
    assert [pullback(1.0), pullback(2.0)] == [(8.0,), (16.0,)] and log == [6.0, 8.0, 16.0]


def test_what_would_not_be_right_is_refused():
    def writes(x):
        u = np.zeros(3)
        with adgen.gradient_of(x) as g:
            u[0] = g
        return x * x + u[0]

    def leaves(x):
        with adgen.gradient_of(x) as g:
            return g * x

    def expression(x):
        with adgen.gradient_of(x * x) as g:
            g = g * 2
        return x * x

    def nothing(x):
        with adgen.gradient_of(x) as g:
            g = None
        return x * x

    def counts(x):
        n = 0
        with adgen.gradient_of(x) as g:
            n = n + 1
        return x * x * n

    for f, match in (
        (writes, "'u'"), (leaves, "another form"), (expression, "another form"),
        (nothing, "became None"), (counts, "'n' may be unbound"),
    ):  # fmt: skip
        with pytest.raises(adgen.AdgenError, match=match):
            adgen.grad(f)(3.0)

    def reshaped(x):
        with adgen.gradient_of(x) as g:
            g = np.ones(7)
        return np.sum(x)

    with pytest.raises(ValueError, match=r"gradient_of.*\(7,\).*\(2,\)"):
        adgen.grad(reshaped)(X)
    with pytest.raises(adgen.UsageError, match="not compiled"), adgen.gradient_of(X):
        pass
