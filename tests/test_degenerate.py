"""Where a derivative does not exist, or exists for some uses only: right, NaN or an error, never another number."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import scipy.special

import adgen
from tests.numeric import assert_gradient

A = np.array([[2.0, -0.5, 0.3], [0.4, 1.5, -0.7], [-0.2, 0.6, 3.0]])
TALL = np.array([[1.0, -2.0], [0.3, 4.0], [0.7, 0.2]])
Z = A + 0.5j * A[::-1]
H = Z @ Z.conj().T
TWICE = np.diag([2.0, 1.0, 1.0])


def sum_of_values(a: Any) -> Any:
    w, _ = np.linalg.eigh(a)
    return np.sum(w**2)


def first_vector(a: Any) -> Any:
    _, v = np.linalg.eigh(a)
    return np.sum(v[:, 0] ** 3)


def squared_vectors(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return np.sum(np.abs(v[0]) ** 2 * w**2)


def real_vectors(a: Any) -> Any:
    _, v = np.linalg.eigh(a)
    return np.sum(np.real(v))


def low_rank(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a, full_matrices=False)
    return np.sum(np.abs(s[0] * np.outer(u[:, 0], vh[0]) - 0.3) ** 2)


def thin_part(a: Any) -> Any:
    u, s, vh = np.linalg.svd(a)
    return np.sum(u[:, :2] * s @ np.cos(vh))


def surplus_part(a: Any) -> Any:
    return np.sum(np.linalg.svd(a)[0] ** 3)


def thin_factor(a: Any) -> Any:
    q, r = np.linalg.qr(a, mode="complete")
    return np.sum(np.sin(q[:, :2])) + np.sum(r**2)


def spectral(a: Any) -> Any:
    w, v = np.linalg.eig(a)
    return np.sum(np.real(np.exp(w) * v[0] ** 2 / np.sum(v**2, axis=0)))


def pseudo(a: Any) -> Any:
    return np.sum(np.sin(np.linalg.pinv(np.outer(a, a + 1.0))))


def cut_off(a: Any) -> Any:
    return np.sum(np.linalg.pinv(a, 0.4))


def test_equal_eigenvalues() -> None:
    assert np.allclose(adgen.grad(sum_of_values)(TWICE), 2.0 * TWICE)
    assert np.isnan(adgen.grad(first_vector)(TWICE)).any()
    assert np.allclose(adgen.jvp(sum_of_values, (TWICE,), (np.eye(3),))[1], 8.0)


def test_eigenvalues_that_only_rounding_parts() -> None:
    """Between them the gradient of vectors is rounding over rounding: a number that means nothing."""
    turn = np.linalg.qr(np.vander([0.3, 0.7, 1.1, -0.4], 4))[0]
    almost = turn @ np.diag([1.0, 2.0, 2.0, 3.0]) @ turn.T
    assert np.isnan(adgen.grad(lambda a: np.sum(function_of(a)))(almost)).any()
    assert np.isfinite(adgen.grad(sum_of_values)(almost)).all()
    assert np.isnan(adgen.grad(lambda a: np.sum(np.cos(np.linalg.svd(a)[0])))(almost)).any()


def function_of(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return v @ np.diag(np.exp(w)) @ v.T


@pytest.mark.parametrize("f", [squared_vectors, low_rank])
def test_complex_vectors_up_to_their_phase(f: Any) -> None:
    assert_gradient(f, (adgen.grad(f)(H),), (H,))
    with pytest.raises(adgen.NoGradientError, match="phase"):
        adgen.jvp(f, (H,), (H,))


def test_phase_of_complex_vectors() -> None:
    assert np.isnan(adgen.grad(real_vectors)(H)).any()


@pytest.mark.parametrize("f", [thin_part, thin_factor])
def test_surplus_vectors_that_nobody_reads(f: Any) -> None:
    assert_gradient(f, (adgen.grad(f)(TALL),), (TALL,))
    d = np.cos(TALL)
    assert np.isclose(adgen.jvp(f, (TALL,), (d,))[1], np.sum(adgen.grad(f)(TALL) * d))


def test_surplus_vectors() -> None:
    with pytest.raises(NotImplementedError, match="full_matrices=False"):
        adgen.grad(surplus_part)(TALL)
    assert np.isnan(adgen.jvp(surplus_part, (TALL,), (TALL,))[1])


def test_eigenvalues_that_turn_out_real() -> None:
    assert_gradient(spectral, (adgen.grad(spectral)(A),), (A,))


def test_pseudo_inverse_of_a_rank() -> None:
    v = np.array([0.5, -1.2, 2.0])
    assert_gradient(pseudo, (adgen.grad(pseudo)(v),), (v,))
    assert np.isnan(adgen.grad(cut_off)(np.diag([1.0, 0.5, 0.1]))).all()
    assert np.isfinite(adgen.grad(cut_off)(np.diag([1.0, 0.5, 0.0]))).all()


def position(a: Any, q: Any) -> Any:
    return np.quantile(a, q, method="hazen")


def test_arguments_without_a_rule_are_refused_in_both_modes() -> None:
    a = np.array([0.1, 0.5, 0.9])
    with pytest.raises(adgen.NoGradientError):
        adgen.grad(position, wrt=(0, 1))(a, 0.3)
    with pytest.raises(adgen.NoGradientError):
        adgen.jvp(position, (a, 0.3), (a, 1.0))


def test_large_operands_share_a_gradient() -> None:
    """Where the operands are too large for the logarithm of two, the parts of the sum still have the sum 1."""
    pair = adgen.grad(lambda x, y: np.logaddexp(x, y), wrt=(0, 1))
    assert pair(-1e300, -1e300) == pair(1e16, 1e16) == (0.5, 0.5)
    assert pair(-np.inf, 2.0) == (0.0, 1.0)
    whole = adgen.grad(lambda x: scipy.special.logsumexp(x))
    for c in (0.0, 1e16, -1e100):
        np.testing.assert_allclose(whole(np.full(3, c)), 1.0 / 3.0)
    assert whole(np.array([-np.inf, 1e16, 1e16])).tolist() == [0.0, 0.5, 0.5]
    slope = adgen.grad(lambda x: math.lgamma(x))
    for x in (1e300, 1e18, -35.3, -1e6 + 0.3):
        assert slope(x) == pytest.approx(scipy.special.digamma(x), rel=1e-12)


def logistic(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def gated(x: Any) -> Any:
    return x / (1 + np.exp(-x))


def shared_exponential(x: Any) -> Any:
    e = np.exp(x)
    return 2.0 / (3.0 + e) * x + 0.1 * e


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (logistic, 800.0, 0.0),
        (logistic, -800.0, 0.0),
        (logistic, -400.0, math.exp(-400.0)),
        (gated, 800.0, 1.0),
        (gated, -800.0, 0.0),
        (lambda x: 1.0 / np.cosh(x), -800.0, 0.0),
        (lambda x: np.where(x > 0, x * np.log(x), 0.0), 0.0, 0.0),
        (lambda x: 0.0**x, 1.0, 0.0),
        (lambda x: x**0, 0.0, 0.0),
        (scipy.special.log_ndtr, -1e10, 1e10),
        (lambda x: np.hypot(x, 0.0), 0.0, 0.0),
        (lambda x: np.log1p(np.exp(x)), 800.0, 1.0),
        (lambda x: np.log1p(np.exp(x)), -40.0, math.exp(-40.0)),
        (lambda x: np.log(2.5 + np.exp(-2.0 * x)), -800.0, -2.0),
        (lambda x: x * np.tanh(np.log1p(np.exp(x))), 800.0, 1.0),
        (lambda x: x * np.tanh(np.log(1 + np.exp(x))), -800.0, 0.0),
        (lambda x: x * np.tanh(np.exp(x)), 800.0, 1.0),
        (lambda x: np.tanh(np.sinh(x)), -800.0, 0.0),
        (lambda x: np.arctan(np.exp(x)), 800.0, 0.0),
        (lambda x: np.exp(-np.exp(-x)), -800.0, 0.0),
        (lambda x: 1.0 / np.exp(x), 800.0, 0.0),
        (lambda x: 1.0 / np.exp(x), -400.0, -math.exp(400.0)),
        (lambda x: x / np.expm1(x), 800.0, 0.0),
        (lambda x: 1.0 / np.cosh(x) ** 2, -800.0, 0.0),
        (lambda x: 1.0 / (np.exp(x) + np.exp(-x)), 800.0, 0.0),
        (lambda x: 1.0 / (1.0 + np.exp2(-10.0 * x)), -800.0, 0.0),
        (lambda x: (1.0 + 3.0 * np.exp(-x)) ** -0.5, -1e4, 0.0),
        (lambda x: np.sqrt(np.maximum(x, 0.0)), -2.0, 0.0),
        (lambda x: np.sqrt(x * (x > 0)), -2.0, 0.0),
        (lambda x: np.minimum(-x, 0.0) ** 2**0.5, -2.0, 0.0),
        (lambda x: np.arccos(np.clip(x, -1.0, 1.0)), 1.5, 0.0),
        (lambda x: np.sqrt(np.fmax(1.0 - x * x, 0.0)), 1.5, 0.0),
        (lambda x: np.sqrt(np.exp(-x * x)), 40.0, 0.0),
    ],
)
def test_slopes_far_out(f: Any, x: float, slope: float) -> None:
    """Where the value is finite, factors that overflow together leave a number."""
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(adgen.grad(f)(np.array([x])), [slope], rtol=1e-9)
        np.testing.assert_allclose(adgen.jvp(f, (x,), (1.0,))[1], slope, rtol=1e-9)


def test_elements_that_are_no_maximum() -> None:
    """An infinite slope does not reach them."""
    a = np.array([0.0, -1.0, -2.0])
    with np.errstate(all="ignore"):
        assert adgen.grad(lambda x: np.sqrt(np.max(x)))(a).tolist() == [np.inf, 0.0, 0.0]
        assert adgen.grad(lambda x: np.log(np.min(x, axis=0)))(a * a).tolist() == [np.inf, 0.0, 0.0]


def test_no_slope_is_invented_where_there_is_no_limit() -> None:
    """A slope of 0 times an infinite one is left alone where the function goes on to infinity."""
    with np.errstate(all="ignore"):
        x = np.array([800.0])
        assert np.isnan(adgen.grad(lambda x: np.log(np.exp(x) + np.exp(0.5 * x)))(x)).all()
        assert np.isnan(adgen.grad(lambda x: np.arctan(1.0 / x))(np.zeros(1))).all()
        assert np.isnan(adgen.grad(lambda x: np.sqrt(x * x))(np.zeros(1))).all()


@pytest.mark.parametrize(
    "f",
    [
        logistic,
        gated,
        shared_exponential,
        lambda x: np.sum(x * np.cosh(x) / np.cosh(2.0 * x)),
        lambda x: np.sum(x * np.tanh(np.log1p(np.exp(x)))),
        lambda x: np.sum(np.exp(-np.exp(x)) + np.sqrt(np.maximum(x, 0.0) + 0.1) / np.sinh(x)),
        lambda x: np.sum(np.arctan(x * np.cosh(x)) + np.sqrt(np.exp(x) * (x > -9.0))),
    ],
)
def test_what_levels_off_near_by(f: Any) -> None:
    adgen.check_grads(f, (np.array([0.3, -1.2, 2.0]),))


def test_eigenvectors_that_happen_to_be_real():
    def f(a):
        values, vectors = np.linalg.eig(a)
        k = np.argmax(np.real(values))
        vectors[:, 0] *= 2.0
        return np.sum(np.real(vectors[:, k]).squeeze() ** 4) + np.real(values[k]) * np.real(values[0])

    a = np.array([[1.0, 0.2, 0.1], [0.2, 0.8, 0.3], [0.1, 0.3, -0.9]])
    adgen.check_grads(f, (a,), order=2)


NEARLY = np.arange(1.0, 10.0).reshape(3, 3) / 10.0  # its determinant is computed as 6.7e-18


@pytest.mark.parametrize("a", [A, NEARLY, np.diag([1.0, 1.0, 0.0]), np.diag([2.0, 0.0, 0.0]), 1e-110 * A])
def test_second_derivative_of_a_determinant(a: Any) -> None:
    i, j, k, l = 0, 1, 2, 0  # the derivative by a[0, 1] and a[2, 0] is that of one product of three
    found = adgen.hessian(lambda a: np.linalg.det(a))(a)[i, j, k, l]
    np.testing.assert_allclose(found, a[1, 2], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    ("f", "x", "slopes"),
    [
        (scipy.special.erfcx, 1e8, (-5.641895835477562e-17, 1.1283791670955126e-24)),
        (scipy.special.dawsn, 1e5, (-5.0000000015e-11, 1.0000000006e-15)),
        (scipy.special.log_ndtr, 100.0, (0.0, 0.0)),
        (scipy.special.ellipk, 1e-12, (math.pi / 8, 9 * math.pi / 64)),
        (scipy.special.ellipe, 0.0, (-math.pi / 8, -3 * math.pi / 64)),
        (scipy.special.spence, 1.0, (-1.0, 0.5)),
        (scipy.special.rgamma, 0.0, (1.0, 1.1544313298030657)),
    ],
)
def test_slopes_whose_usual_formula_cancels(f: Any, x: float, slopes: Any) -> None:
    first = adgen.grad(lambda x: f(x))
    found = first(x), adgen.grad(first)(x)
    np.testing.assert_allclose(found, slopes, rtol=1e-9)


def factors_in_a_loop(a: Any) -> Any:
    for i in range(3):
        if i == 1:
            return np.sum(np.linalg.qr(a)[1] ** 3)
    return 0.0


def test_second_derivative_of_what_one_iteration_factors() -> None:
    gradient = adgen.grad(factors_in_a_loop)
    once = adgen.grad(lambda a: np.sum(np.linalg.qr(a)[1] ** 3))
    (found,) = adgen.vjp(gradient, A)[1](A)
    np.testing.assert_allclose(found, adgen.vjp(once, A)[1](A)[0], rtol=1e-12)


def test_one_tuple_twice_in_a_result() -> None:
    def f(x: Any) -> Any:
        both = (x * 2.0, x * 3.0)
        return both, both

    ((a, b), (c, d)), tangents = adgen.jvp(f, (A,), (A,))
    assert not any(np.shares_memory(p, q) for p, q in ((a, c), (b, d)))
    np.testing.assert_array_equal(tangents[1][1], 3.0 * A)


def test_only_python_functions_have_jacobians() -> None:
    for make in (adgen.jacobian, adgen.hessian):
        with pytest.raises(adgen.TypeMismatchError):
            make(np.linalg.det)(A)


def test_complex_numbers_in_math_are_refused() -> None:
    with pytest.raises(adgen.UnsupportedError, match="real numbers"):
        adgen.grad(lambda z: math.hypot(z[0], 2.0))(np.array([1.0 + 1.0j]))
