"""Values have the type and dtype that Python and NumPy give them, and gradients those of the arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import adgen

SINGLE = np.array([0.5, 1.5, 0.25, 2.0, 1.0], dtype=np.float32)
COMPLEX = SINGLE.astype(complex) * (1.0 + 0.5j)
NUMBER = 1.0 + 2.0j


CASES: list[tuple[Callable[..., Any], Any]] = [
    (lambda z: z.conjugate() * z, NUMBER),
    (lambda z: z.conjugate(), NUMBER),
    (lambda z: z.item(3) * 2.0, COMPLEX),
    (lambda z: z[0].conjugate() * z[1], COMPLEX),
    (lambda z: np.nanvar(z), COMPLEX),
    (lambda z: np.nanstd(np.reshape(z, (1, 5)), axis=1), COMPLEX),
    (lambda x: np.ediff1d(x, to_begin=[1.0], to_end=x[:2]), SINGLE),
    (lambda x: np.pad(x, 2, "reflect", reflect_type="odd"), SINGLE),
    (lambda x: np.cov(np.stack([x, x * x]), aweights=x), SINGLE),
    (lambda x: (np.polynomial.Polynomial(x) * 2).coef, SINGLE),
    (lambda x: (np.polynomial.Polynomial(x) / 2).coef, SINGLE),
    (lambda z: np.average(z, weights=np.abs(z), returned=True)[1], COMPLEX),
]


@pytest.mark.parametrize(("f", "x"), CASES)
def test_types(f: Callable[..., Any], x: Any) -> None:
    plain = f(x)
    value, pullback = adgen.vjp(f, x)
    also, tangent = adgen.jvp(f, (x,), (x,))
    for found in (value, also, tangent):
        assert found is tangent or type(found) is type(plain)
        assert np.asarray(found).dtype == np.asarray(plain).dtype
    np.testing.assert_allclose(value, plain, rtol=1e-6)
    (gradient,) = pullback(value)
    assert type(gradient) is type(x)
    assert np.asarray(gradient).dtype == np.asarray(x).dtype
    moved = (np.asarray(f(x * (1.0 + 1e-3)), complex) - np.asarray(f(x * (1.0 - 1e-3)), complex)) / 2e-3
    np.testing.assert_allclose(tangent, moved, rtol=2e-3, atol=2e-3)
    np.testing.assert_allclose(np.sum(gradient * x).real, np.sum(value * tangent).real, rtol=1e-4)


def test_the_tangent_of_an_array_without_axes_is_one():
    x = np.array([0.5, 2.0])
    value, tangent = adgen.jvp(lambda x: np.tensordot(x, x, 1), (x,), (x,))
    assert type(value) is type(tangent) is np.ndarray
    np.testing.assert_allclose(tangent, 8.5)
