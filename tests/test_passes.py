"""The program after every pass: verified, run, and compared with plain Python and with differences."""

from __future__ import annotations

import copy
import inspect
import os
import subprocess
import sys

import pytest

import adgen
from tests.passes import PassError, check_passes
from tests.programs import CASES
from tests.random_programs import generate
from tests.test_golden import NAMES, Golden

COUNT = int(os.environ.get("ADGEN_RANDOM_PASSES", "60"))
CHUNKS = 6
UNLIKE = ("where", "stop")  # no differences: a masked infinity, a cut


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_realistic_programs(case):
    names = list(inspect.signature(case.function).parameters)
    check_passes(case.function, case.args, wrt=[names[k] for k in case.wrt])


@pytest.mark.parametrize("name", [n for n in NAMES if n not in UNLIKE])
def test_golden_programs(name):
    golden = Golden(name)
    modes = ("grad", "vjp") if name == "custom" else ("grad", "vjp", "jvp")  # its rule is for reverse mode
    check_passes(golden.fn, golden.args, 5e-3 if name == "float32" else 1e-6, modes=modes, wrt=golden.active)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_programs(chunk):
    refused = 0
    for seed in range(chunk, COUNT, CHUNKS):
        p = generate(seed)
        double = (p.function(double=True), p.arguments(double=True))
        try:
            check_passes(p.function(), p.arguments(), 5e-3 if p.single else 1e-6, double)
        except adgen.AdgenError:
            refused += 1
        except PassError as e:
            pytest.fail(f"# seed {seed}\n{p.source}# args = {p.args!r}\n{e}", pytrace=False)
    assert refused <= 2


def test_a_wrong_pass_is_named(monkeypatch):
    def keep(func, **_options):
        return func

    monkeypatch.setattr("tests.passes.own", keep)
    golden = Golden("heat")
    with pytest.raises(PassError, match="after own, in place: the program changes its arguments"):
        check_passes(golden.fn, copy.deepcopy(golden.args))


@pytest.mark.slow
def test_each_module_can_be_imported_first():
    """No module needs another to be there already: imports in a circle work only in one order."""
    code = """
import importlib, pkgutil, sys
import adgen.infer.values, adgen.api, adgen.emit, adgen.frontend, adgen.ir, adgen.optimise, adgen.transform
for package in (adgen.api, adgen.emit, adgen.frontend, adgen.ir, adgen.optimise, adgen.transform):
    for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        for name in [m for m in sys.modules if m.startswith(package.__name__ + ".")]:
            del sys.modules[name]
        importlib.import_module(found.name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
