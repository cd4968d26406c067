"""Compositions of SciPy's functions that the walk over their samples does not reach."""

from __future__ import annotations

import numpy as np
import pytest

import adgen

sl = pytest.importorskip("scipy.linalg")
sg = pytest.importorskip("scipy.signal")
sf = pytest.importorskip("scipy.fft")
sd = pytest.importorskip("scipy.spatial.distance")
st = pytest.importorskip("scipy.stats")

X = np.array([0.5, -1.2, 2.0, 0.3, 1.1, -0.7, 0.2, 1.4, 0.9])
A = np.array([[0.3, -0.5, 0.3], [0.4, 1.1, -0.7], [-0.2, 0.6, -0.8]])
B = np.array([[1.0, 0.2], [0.0, 1.0], [-0.5, 0.3]])


def riccati(a, b, q, r):
    x = sl.solve_continuous_are(a, b, q @ q.T + np.eye(3), r @ r.T + np.eye(2))
    return np.sum(x * np.arange(9.0).reshape(3, 3))


def sections(b, x):
    return np.sum(sg.sosfilt(np.array([[b[0], b[1], 0.2, 1.0, b[2], 0.1]]), x) ** 2)


def spectra(x):
    return sf.dct(x)[1] ** 2 + np.sum(sf.idctn(np.outer(x, x), norm="ortho") ** 3)


def sampled(x):
    return st.zscore(x) @ np.arange(9.0) + st.kurtosis(x) + st.skew(x, bias=False) + st.sem(x)


def distances(x):
    return np.sum(sd.squareform(sd.pdist(np.reshape(x, (3, 3)))) * np.arange(9.0).reshape(3, 3))


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (riccati, (A, B, A + 0.5, B[:2])),
        (sections, (np.array([0.5, 0.3, -0.2]), X)),
        (spectra, (X,)),
        (sampled, (X,)),
        (distances, (X,)),
    ],
)
def test_derivatives(f, args):
    adgen.check_grads(f, args, order=1)


@pytest.mark.parametrize("n", [8, 9])
@pytest.mark.parametrize("m", [4, 5, 8, 12, 13])
def test_lengths_of_spectra(n, m):
    def f(x):
        return np.sum(np.abs(sg.hilbert(x)) ** 2 * np.arange(n)) + np.sum(sg.resample(x, m) ** 3)

    adgen.check_grads(f, (X[:n],), order=1)


def test_a_distance_of_zero_has_no_slope():
    x = np.reshape(X, (3, 3))
    assert np.isfinite(adgen.grad(lambda x: np.sum(sd.cdist(x, x)))(x)).all()


def test_single_precision_stays():
    assert adgen.grad(sampled)(X.astype(np.float32)).dtype == np.float32
    assert adgen.grad(spectra)(X.astype(np.float32)).dtype == np.float32
