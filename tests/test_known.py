"""Options that are NumPy's numbers, or computed from constants, numbers and lengths of the call's arguments."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import adgen
from tests.numeric import assert_gradient

A = np.arange(12.0).reshape(3, 4) * 0.37 % 1.3 + 0.2
AXIS, PAIR, OPTIONS = np.int64(0), (np.int64(4), np.int64(3)), {"axis": np.int32(1)}

COMPUTED = {
    "a global": lambda a: np.sum(np.sum(a, axis=AXIS) ** 2),
    "a shape": lambda a: np.sum(a.reshape(PAIR) ** 2 @ a),
    "an entry": lambda a: np.sum(np.max(a, axis=OPTIONS["axis"]) ** 2),
    "a call": lambda a: np.sum(np.cumsum(a, axis=np.int64(-1)) ** 2),
    "in a tuple": lambda a: np.sum(np.pad(a, ((np.int64(1), 0), (0, np.uint8(2)))) ** 2),
    "arithmetic": lambda a: np.sum(np.diff(a, n=np.ndim(a) - np.int64(1)) ** 2),
    "a float": lambda a: np.linalg.norm(a[0], ord=np.float64(2.5)),
    "an item": lambda a: np.sum(np.sum(a, axis=np.array([1, 0])[0]) ** 2),
    "a counter": lambda a: sum(np.sum(np.sum(a, axis=k) ** 2) for k in np.arange(2)),
    "axes": lambda a: np.sum(np.sum(a, axis=tuple(np.arange(2))) ** 2),
    "a length": lambda a: np.sum(np.diag(a, k=a.shape[1] - 3) ** 2),
    "two lengths": lambda a: np.sum(np.tile(a, (len(a), a.shape[1] // 2)) ** 2),
    "a row's length": lambda a: np.sum(np.linalg.matrix_power(a[:, :3], len(a[0]) - 1)),
    "a length of what is made": lambda a: np.sum(np.split(a[:, 1:], a[:, 1:].shape[1], axis=1)[0] ** 2),
    "a size": lambda a: np.sum(np.polyfit(a[0], a[1], a.size // 6) ** 2),
    "a product": lambda a: np.sum(np.roll(a, np.prod(a.shape) - 11, axis=1) * a),
}


@pytest.mark.parametrize("f", COMPUTED.values(), ids=COMPUTED)
def test_computed_options(f: Any) -> None:
    assert_gradient(f, (adgen.grad(f)(A),), (A,))


def padded(a: Any) -> Any:
    return np.sum(np.sin(np.pad(a, len(a) // 2)) * np.tile([1.0, 2.0], a.shape[0])[: len(a) + 2 * (len(a) // 2)])


def test_each_length_has_a_text() -> None:
    df = adgen.grad(padded)
    for n in (3, 1, 5, 0, 3):
        a = np.linspace(0.1, 0.8, n)
        assert_gradient(padded, (df(a),), (a,))
    assert df.source.count("def padded_grad") == 4
    assert "# a: float64[3]" in df.source
    bare = df.specialize(np.ones(3))
    with pytest.raises(TypeError):
        bare(np.ones(4))
    value, pullback = adgen.vjp(padded, np.ones(4))
    assert np.isclose(value, padded(np.ones(4)))
    assert np.allclose(pullback(2.0)[0], 2.0 * df(np.ones(4)))
    assert np.isclose(adgen.jvp(padded, (np.ones(4),), (np.ones(4),))[1], np.sum(df(np.ones(4))))


def along(a: Any, k: Any) -> Any:
    return np.sum(np.sum(a, axis=k) ** 3)


def last_differences(o: Any) -> Any:
    return np.sum(np.diff(o.w, n=o.w.shape[1] - 1) ** 2) + np.sum(np.sum(o.w, axis=o.shape[1]) ** 2)


def test_parts_of_arguments() -> None:
    df = adgen.grad(along)
    for k in (np.int64(1), 1, np.int32(0), np.uint8(0), (np.int64(0), 1)):
        assert_gradient(lambda a, k=k: along(a, k), (df(A, k),), (A,))
    for w in (A, A[:, :2]):
        got = adgen.grad(last_differences)(SimpleNamespace(w=w, shape=(0, 1))).w
        assert_gradient(lambda w: last_differences(SimpleNamespace(w=w, shape=(0, 1))), (got,), (w,))


def test_lengths_inside_of_a_gradient_of_a_gradient() -> None:
    def steep(a: Any) -> Any:
        return np.sum(adgen.grad(padded)(a) ** 2 * a)

    a = np.linspace(0.1, 0.8, 3)
    assert_gradient(steep, (adgen.grad(steep)(a),), (a,))


def test_what_only_run_time_knows_is_refused() -> None:
    with pytest.raises(adgen.UnsupportedError, match="axis"):
        adgen.grad(lambda a: np.sum(np.sum(a, axis=np.argmax(a[0]) % 2) ** 2))(A)
    with pytest.raises(adgen.UsageError, match=r"a\.shape\[0\]"):
        adgen.grad(padded).source  # noqa: B018
