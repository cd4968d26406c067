"""SciPy functions that call functions of the program: integrals, differential equations, roots, minima.

Each gradient is compared with differences in both modes, and once more differentiated.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import adgen

integrate = pytest.importorskip("scipy.integrate")
optimize = pytest.importorskip("scipy.optimize")

A = np.array([0.7, 1.3])
M = np.array([[1.0, 0.2], [-0.3, 1.5]])
TIGHT = {"rtol": 1e-10, "atol": 1e-10}


def bell(t: Any, a: Any) -> Any:
    return np.exp(-a * t * t)


def cubic(x: Any, a: Any) -> Any:
    return x**3 + x - a


def cubic_slope(x: Any, a: Any) -> Any:
    return 3.0 * x * x + 1.0


def quad_in_all(a: Any, b: Any) -> Any:
    return integrate.quad(bell, a - 1.0, b, args=(a,))[0]


def quad_of_closure(a: Any, b: Any) -> Any:
    c = 2.0 * a
    value, error = integrate.quad(lambda t: np.sin(c * t) * b, a, np.pi)
    return value * error if value > 1e9 else value


def quad_of_vector(w: Any, n: Any) -> Any:
    return integrate.quad(lambda t: np.sum(w * t ** np.arange(n)), 0, 2.0)[0] ** 2


def quad_of_quad(a: Any) -> Any:
    return integrate.dblquad(lambda y, x: np.exp(-a * x * y), 0.0, a, 0.0, lambda x: 0.5 * x + a)[0]


def quad_of_ranges(a: Any, b: Any) -> Any:
    return integrate.nquad(lambda x, y: np.exp(-a * x * y), [[0.0, b], [0.0, 1.0]])[0]


def quad_of_three(a: Any) -> Any:
    return integrate.tplquad(lambda z, y, x: a * x * y * z, 0.0, 1.0, 0.0, lambda x: x + a, 0.0, 1.0)[0]


Y = np.array([1.0, 0.7, 0.3, 0.2])


def fitted(y: Any, a: Any) -> Any:
    found, covariance = optimize.curve_fit(lambda x, c, d: c * np.exp(-a * d * x), POINTS, y, p0=[1.0, 1.0])
    return np.sum(found * np.array([1.0, 2.0])) + np.sum(covariance)


def fitted_with_errors(y: Any, s: Any) -> Any:
    return optimize.curve_fit(lambda x, c, d: c * np.exp(-d * x), POINTS, y, [1.0, 1.0], s, True)[1]


def quad_of_vectors(w: Any, a: Any) -> Any:
    return integrate.quad_vec(lambda t: np.exp(-a * t) * w, 0.0, a)[0]


def quad_by_nodes(a: Any) -> Any:
    return integrate.fixed_quad(bell, 0.0, a, args=(a,), n=7)[0]


def quad_in_loop(a: Any) -> Any:
    total = 0.0
    for k in range(3):
        total += integrate.quad(bell, 0.0, np.inf, (a + k,))[0]
    return total


def ode_of_args(y0: Any, k: Any, c: Any) -> Any:
    def pendulum(y: Any, t: Any, k: Any, c: Any) -> Any:
        return [y[1], -k * np.sin(y[0]) - c * y[1]]

    return integrate.odeint(pendulum, y0, [0.0, 0.5, 1.25], args=(k, c), **TIGHT)


def ode_of_closure(y0: Any, m: Any) -> Any:
    def slope(y: Any, t: Any) -> Any:
        return -m @ y * np.cos(t)

    return np.sum(integrate.odeint(slope, y0, [0.0, 0.4, 1.0], rtol=1e-10, atol=1e-10)[-1] ** 2)


def ode_in_times(y0: Any, k: Any, t: Any) -> Any:
    return integrate.odeint(lambda t, y: -k * y + np.sin(t), y0, t, tfirst=True, rtol=1e-10, atol=1e-10)


def ivp_of_closure(y0: Any, k: Any) -> Any:
    sol = integrate.solve_ivp(lambda t, y: k * y * (1 - y), (0, 2), [y0, 0.3], t_eval=[0.5, 2.0], **TIGHT)
    return sol.y * sol.t


def ivp_in_times(y0: Any, k: Any) -> Any:
    def growth(t: Any, y: Any, r: Any) -> Any:
        return r * y * (1.0 - y) + t

    times = np.array([0.5 * k, k])
    return integrate.solve_ivp(growth, (0, k), y0, method="DOP853", t_eval=times, args=(k,), rtol=1e-10, atol=1e-10).y


def bracketed(a: Any) -> Any:
    return optimize.brentq(lambda x: x**3 + x - a, 0, 5) * optimize.bisect(cubic, -1.0, 3.0, (2.0 * a,))


def newton(a: Any) -> Any:
    return optimize.newton(cubic, 1.0, args=(a,)) + optimize.newton(cubic, 1.0, cubic_slope, (a,))


def newton_each(a: Any) -> Any:
    return optimize.newton(lambda x: x**3 + x - a, np.array([1.0, 2.0]))


def scalar_root(a: Any) -> Any:
    return optimize.root_scalar(cubic, args=(a,), bracket=(0, 5)).root


def vector_root(a: Any, m: Any) -> Any:
    sol = optimize.root(lambda x: m @ x + x**3 - a, [0.5, 0.5])
    return sol.x if sol.success else np.zeros(2)


def vector_fsolve(a: Any, m: Any) -> Any:
    return optimize.fsolve(
        lambda x, b: m @ x + x**3 - b, np.zeros(2), args=(a,), fprime=lambda x, b: m + np.diag(3 * x**2)
    )


def fixed(a: Any) -> Any:
    return optimize.fixed_point(lambda x: a * np.cos(x), np.array([0.5, 0.7]), xtol=1e-13)


def argmin(a: Any, b: Any) -> Any:
    return optimize.minimize(lambda x: np.sum((x - a) ** 2) + b * np.sum(x**4), np.zeros(2), tol=1e-12).x


def minimum(a: Any, b: Any) -> Any:
    def objective(x: Any, s: Any) -> Any:
        return np.sum((x - a) ** 2) + s * np.sum(x**4)

    def slope(x: Any, s: Any) -> Any:
        return 2.0 * (x - a) + 4.0 * s * x**3

    return optimize.minimize(objective, np.zeros(2), args=(b,), jac=slope, options={"gtol": 1e-12}).fun


def bowl(x: Any, a: Any) -> Any:
    return np.sum((x - a) ** 2) + np.sum(x**4)


bowl_with_slope = adgen.value_and_grad(bowl)


def argmin_with_slope(a: Any) -> Any:
    return optimize.minimize(bowl_with_slope, np.zeros(2), args=(a,), jac=True, tol=1e-12).x


def argmin_in_bounds(a: Any, b: Any) -> Any:
    """The first element is at its lower bound, the last at its upper one, which moves."""
    found = optimize.minimize(
        lambda x: np.sum((x - a) ** 2) + 0.3 * x[0] * x[1] + 0.1 * np.sum(x**4),
        np.zeros(3),
        bounds=[(0.5, None), (None, None), (-1.0, b)],
        options={"gtol": 1e-12, "ftol": 1e-15},
    )
    return found.x * found.fun


def scalar_argmin(a: Any, b: Any) -> Any:
    return optimize.minimize_scalar(lambda x: (x - a) ** 2 + b * x**4).x


POINTS = np.array([0.0, 0.5, 1.0, 2.0])


def least_sum(y: Any, a: Any) -> Any:
    sol = optimize.least_squares(lambda c: c[0] * np.exp(-a * c[1] * POINTS) - y, [1.0, 1.0], xtol=1e-14, gtol=1e-14)
    return sol.x * sol.cost


PROGRAMS = [
    (quad_in_all, (0.7, 1.2)),
    (quad_of_closure, (0.6, 1.3)),
    (quad_of_vector, (np.array([0.5, 1.0, -0.3]), 3)),
    (quad_in_loop, (0.7,)),
    (quad_of_quad, (0.7,)),
    (quad_of_vectors, (A, 0.7)),
    (quad_of_ranges, (0.7, 1.2)),
    (quad_of_three, (0.7,)),
    (quad_by_nodes, (0.7,)),
    (ode_of_args, (A, 1.5, 0.3)),
    (ode_of_closure, (A, M)),
    (ode_in_times, (0.5, 0.8, np.array([0.0, 0.7, 1.1]))),
    (ivp_of_closure, (0.4, 0.8)),
    (ivp_in_times, (A, 0.8)),
    (bracketed, (1.5,)),
    (newton, (1.5,)),
    (newton_each, (1.5,)),
    (scalar_root, (1.5,)),
    (vector_root, (A, M)),
    (vector_fsolve, (A, M)),
    (fixed, (0.8,)),
    (argmin, (A, 0.4)),
    (minimum, (A, 0.4)),
    (argmin_with_slope, (A,)),
    (argmin_in_bounds, (np.array([-1.0, 0.4, 2.0]), 0.25)),
    (scalar_argmin, (0.7, 0.4)),
    (least_sum, (np.array([1.0, 0.7, 0.3, 0.2]), 1.2)),
]


LONG = (argmin_in_bounds, ode_of_closure, ivp_in_times, ode_in_times, least_sum)


@pytest.mark.parametrize(("f", "args"), PROGRAMS, ids=[f.__name__ for f, _ in PROGRAMS])
def test_derivatives(f: Any, args: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        value, _ = adgen.vjp(f, *args)
        np.testing.assert_array_equal(value, f(*args))
        once = (ode_of_args, ivp_of_closure, quad_of_three, *LONG)
        adgen.check_grads(f, args, order=1 if f in once else 2, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("f", LONG, ids=[f.__name__ for f in LONG])
def test_second_derivatives_that_take_long(f: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        adgen.check_grads(f, dict(PROGRAMS)[f], order=2, rtol=1e-4, atol=1e-5)


def times_of_the_solver(k: Any) -> Any:
    return integrate.solve_ivp(lambda t, y: -k * y, (0, 1), [1.0]).y[0, -1]


CALLS: list[float] = []


def with_effects(a: Any) -> Any:
    def f(x: Any) -> Any:
        print(x)
        return x - a

    return optimize.brentq(f, 0.0, 3.0)


def with_writes(a: Any) -> Any:
    count = np.zeros(1)

    def f(x: Any) -> Any:
        count[0] += 1.0
        return x - a

    return optimize.brentq(f, 0.0, 3.0) * count[0]


def weighted(a: Any) -> Any:
    return integrate.quad(bell, 0.0, 1.0, args=(a,), weight="cos", wvar=2.0)[0]


@pytest.mark.parametrize("f", [times_of_the_solver, with_effects, with_writes, weighted])
def test_what_is_not_known_is_refused(f: Any) -> None:
    with pytest.raises(adgen.UnsupportedError):
        adgen.grad(f)(0.8)


def fitted_exactly(y: Any, a: Any, s: Any = None) -> Any:
    """Newton's method for the least squares: SciPy's own stops too early for differences."""
    c = np.array([1.0, 1.0])
    errors = np.ones(4) if s is None else s
    for _ in range(50):
        e = np.exp(-a * c[1] * POINTS)
        r = (c[0] * e - y) / errors
        m = np.stack([e, -a * POINTS * c[0] * e], 1) / errors[:, None]
        mixed = np.sum(r * -a * POINTS * e / errors)
        second = np.sum(r * (a * POINTS) ** 2 * c[0] * e / errors)
        c = c - np.linalg.solve(m.T @ m + np.array([[0.0, mixed], [mixed, second]]), m.T @ r)
    covariance = np.linalg.inv(m.T @ m)
    return np.sum(c * np.array([1.0, 2.0])) + np.sum(covariance * np.sum(r * r) / 2.0), np.sum(covariance)


def differences(f: Any, x: Any) -> Any:
    return np.array([(f(x + 1e-5 * e) - f(x - 1e-5 * e)) / 2e-5 for e in np.eye(4)])


def test_fits_move_as_exact_fits_do():
    d_y, d_a = adgen.grad(fitted, wrt=(0, 1))(Y, 1.2)
    np.testing.assert_allclose(d_y, differences(lambda y: fitted_exactly(y, 1.2)[0], Y), rtol=1e-6)
    slope = (fitted_exactly(Y, 1.2 + 1e-5)[0] - fitted_exactly(Y, 1.2 - 1e-5)[0]) / 2e-5
    np.testing.assert_allclose(d_a, slope, rtol=1e-6)
    np.testing.assert_allclose(fitted(Y, 1.2), adgen.vjp(fitted, Y, 1.2)[0], rtol=1e-5)
    errors = np.array([0.1, 0.2, 0.1, 0.3])
    expected = differences(lambda s: fitted_exactly(Y, 1.0, s)[1], errors)
    np.testing.assert_allclose(adgen.grad(fitted_with_errors, wrt="s")(Y, errors), expected, rtol=1e-6)


def test_a_minimum_that_only_touches_its_bound_has_no_derivative():
    def f(a):
        return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.full(2, 0.3), bounds=[(0.0, 1.0)] * 2).x[0]

    assert [adgen.grad(f)(a) for a in (-0.5, 0.5, 1.5)] == pytest.approx([0.0, 1.0, 0.0], abs=1e-6)
    assert np.isnan(adgen.grad(f)(0.0))


SCALE = 2.0


def scaled_area(a: Any) -> Any:
    return integrate.quad(lambda t: SCALE * a * t, 0.0, 1.0)[0]


def test_globals_are_read_at_each_call(monkeypatch: pytest.MonkeyPatch) -> None:
    slope = adgen.grad(scaled_area)
    assert abs(slope(0.5) - 1.0) < 1e-12
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert abs(slope(0.5) - 1.5) < 1e-12


def test_source_defines_the_function() -> None:
    text = adgen.grad(bracketed).specialize(1.5).source
    assert "def f(x, a):\n    return x ** 3 + x - a" in text
    assert "scipy.optimize.brentq(f, 0, 5, args=(a,))" in text


# --- minima under constraints


def on_a_plane(a: Any) -> Any:
    plane = {"type": "eq", "fun": lambda x: x[0] + x[1] - a[2]}
    return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(3), constraints=plane, tol=1e-13).x


def under_a_plane(a: Any) -> Any:
    limits = [
        {"type": "ineq", "fun": lambda x: a[0] - np.sum(x)},
        {"type": "ineq", "fun": lambda x, c: x + c, "args": (5.0,)},
    ]
    return optimize.minimize(lambda x, p: np.sum((x - p) ** 2), np.zeros(3), (a,), constraints=limits, tol=1e-13).x


def at_a_corner(a: Any) -> Any:
    limits = ({"type": "eq", "fun": lambda x: x[0] * x[1] - a[2]}, {"type": "ineq", "fun": lambda x: a[1] - 2.0 * x[1]})
    return optimize.minimize(
        lambda x: np.sum((x - a) ** 4) + np.sum(x**2), 0.7 * np.ones(3), constraints=limits, tol=1e-13
    ).x[:2]


def free(a: Any) -> Any:
    far = {"type": "ineq", "fun": lambda x: 50.0 - np.sum(x)}
    return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(3), constraints=far, tol=1e-13).x


CONSTRAINED = {
    on_a_plane: lambda a: a - 0.5 * (a[0] + a[1] - a[2]) * np.array([1.0, 1.0, 0.0]),
    under_a_plane: lambda a: a - (a[1] + a[2]) / 3.0,
    at_a_corner: lambda a: np.array([2.0 * a[2] / a[1], 0.5 * a[1]]),
    free: lambda a: a * 1.0,
}


@pytest.mark.parametrize("f", CONSTRAINED, ids=lambda f: f.__name__)
def test_minima_under_constraints(f: Any) -> None:
    a, seed = np.array([1.0, 2.0, 0.5]), np.array([1.0, -0.4, 0.7])
    expected = adgen.compile(CONSTRAINED[f])(a)
    w = seed[: expected.size]
    value, pullback = adgen.vjp(f, a)
    np.testing.assert_allclose(value, expected, atol=1e-6)
    wanted = adgen.vjp(CONSTRAINED[f], a)[1](w)[0]
    np.testing.assert_allclose(pullback(w)[0], wanted, atol=1e-6)
    np.testing.assert_allclose(adgen.jvp(f, (a,), (seed,))[1] @ w, wanted @ seed, atol=1e-6)


def test_constraints_that_are_met_by_chance() -> None:
    def f(a: Any) -> Any:
        touching = {"type": "ineq", "fun": lambda x: 3.5 - np.sum(x)}
        return optimize.minimize(lambda x: np.sum((x - a) ** 2), np.zeros(3), constraints=touching, tol=1e-13).x[0]

    assert np.isnan(adgen.grad(f)(np.array([1.0, 2.0, 0.5]))).all()
    with pytest.raises(adgen.UnsupportedError, match="not for both"):
        adgen.grad(
            lambda a: optimize.minimize(
                lambda x: np.sum((x - a) ** 2), np.zeros(3), bounds=[(0, 1)] * 3,
                constraints={"type": "eq", "fun": lambda x: x[0] - 1.0},
            ).x[0]
        )(np.ones(3))  # fmt: skip
