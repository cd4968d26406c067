"""Rules for SciPy: there where a program has imported it, and only there."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import adgen

special = pytest.importorskip("scipy.special")

ALONE = """
import sys
import numpy as np
import adgen

def f(x):
    return np.sum(np.tanh(x))

adgen.grad(f)(np.ones(3))
assert not any(name.split(".")[0] == "scipy" for name in sys.modules)

import scipy

def g(x):
    return np.sum(scipy.special.gammaln(x))

assert adgen.has_rule(scipy.special.gammaln)
print(adgen.grad(g)(np.array([1.0, 2.0])) - scipy.special.psi([1.0, 2.0]))
"""


def run(text: str, folder: Any) -> str:
    file = folder / "program.py"
    file.write_text(text)
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_scipy_is_imported_by_the_program_alone(tmp_path: Any) -> None:
    assert run(ALONE, tmp_path) == "[0. 0.]"


def entropy(p: Any) -> Any:
    return np.sum(special.entr(p) / special.logsumexp(p))


def test_a_second_process_reads_the_text(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ADGEN_CACHE", str(tmp_path / "cache"))
    program = ALONE + "print(adgen.cache_info())\n"
    first, second = run(program, tmp_path), run(program, tmp_path)
    assert first.splitlines()[0] == second.splitlines()[0]


def test_in_both_modes() -> None:
    p = np.array([0.2, 0.5, 0.3])
    adgen.check_grads(entropy, (p,))


def order(v: Any) -> Any:
    return special.jv(v, 1.0)


def no_rule(x: Any) -> Any:
    return special.zeta(x, 1.0)


@pytest.mark.parametrize("f", [order, no_rule])
def test_what_has_no_rule_is_refused(f: Any) -> None:
    with pytest.raises(adgen.NoGradientError):
        adgen.grad(f)(2.5)
    with pytest.raises(adgen.NoGradientError):
        adgen.jvp(f, (2.5,), (1.0,))
