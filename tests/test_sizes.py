"""Large and deep programs compile under the default recursion limit, and their gradients are right."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

import adgen
from benchmarks import sizes

LARGE = [
    pytest.param(sizes.statements(2000), id="2000 statements", marks=pytest.mark.slow),
    pytest.param(sizes.statements(300), id="300 statements"),
    pytest.param(sizes.expression(200), id="an expression of depth 200"),
    *(pytest.param(sizes.nest(kind, 8), id=f"8 nested {kind}") for kind in ("for", "while", "if")),
]


@pytest.mark.parametrize("text", LARGE)
def test_compiles(text, tmp_path):
    f = sizes.make(text, str(tmp_path))
    limit = sys.getrecursionlimit()
    df = adgen.grad(f)
    sizes.check(f, df)
    assert sys.getrecursionlimit() == limit
    value, tangent = adgen.jvp(f, (0.6,), (1.0,))
    assert np.isclose(value, f(0.6))
    assert np.isclose(tangent, df(0.6))


def test_compiles_in_a_thread(tmp_path):
    """A thread has a smaller stack."""
    f, found = sizes.make(sizes.statements(100), str(tmp_path)), []
    thread = threading.Thread(target=lambda: found.append(adgen.grad(f)(0.6)))
    thread.start()
    thread.join()
    slope = (f(0.6 + 1e-6) - f(0.6 - 1e-6)) / 2e-6
    assert np.isclose(found[0], slope, rtol=1e-5)


def test_the_gradient_is_not_much_longer_than_the_program(tmp_path):
    """Text grows as the program does."""
    lines = [
        adgen.grad(sizes.make(sizes.statements(n), str(tmp_path))).specialize(0.6).source.count("\n") for n in (40, 120)
    ]
    assert lines[1] < 3.3 * lines[0]


def test_report(monkeypatch):
    """The curve can be drawn: a short one here."""
    monkeypatch.setenv("ADGEN_CACHE", "off")
    monkeypatch.setattr(sizes, "STATEMENTS", (5, 10))
    monkeypatch.setattr(sizes, "EXPRESSIONS", (4,))
    monkeypatch.setattr(sizes, "NESTS", (1, 2))
    assert len(sizes.report().splitlines()) == 1 + 2 + 1 + 3 * 2
