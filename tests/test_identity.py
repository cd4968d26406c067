"""The identity transform: the primal emitted back from its typed program behaves as the original does.

The same value, the same changes to its arguments, the same output and the same exceptions.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os

import numpy as np
import pytest

import adgen
from adgen.pipeline import derive
from tests import numeric
from tests.passes import compile_request
from tests.programs import CASES
from tests.random_programs import generate
from tests.test_golden import NAMES, Golden

COUNT = int(os.environ.get("ADGEN_RANDOM_IDENTITY", "100"))
CHUNKS = 4


def emit_back(fn, args):
    """Return the function emitted from the program of `fn`, with the values of globals and closures filled in."""
    request, values = compile_request(fn, args, "primal", ())
    made = derive(request)
    space = dict(made.externals)
    exec(compile(made.text, "<emitted>", "exec"), space)
    hidden = [read(h) for h in made.hidden]
    return lambda *args: space[made.entry](*args, *hidden), values, made.text


def read(hidden):
    from adgen.api.names import Place

    return Place(hidden.owner, hidden.name).read()


def observe(fn, args):
    """Run a function; return its value, its arguments as it leaves them, its output and its exception."""
    args, out = copy.deepcopy(args), io.StringIO()
    value = error = None
    with contextlib.redirect_stdout(out):
        try:
            value = fn(*args)
        except Exception as e:
            error = e
    return value, args, out.getvalue(), (type(error), error.args) if error is not None else None


def difference(fn, args):
    """Say how the emitted primal differs from the original ("" if it does not)."""
    emitted, values, text = emit_back(fn, args)
    value, changed, output, error = observe(fn, values)
    got, touched, printed, raised = observe(emitted, values)
    if raised != error:
        return f"raises {raised}, the original {error}\n{text}"
    if printed != output:
        return f"prints {printed!r}, the original {output!r}\n{text}"
    if not numeric.close(got, value):
        return f"returns {got!r}, the original {value!r}\n{text}"
    if not numeric.close(touched, changed):
        return f"leaves its arguments as {touched!r}, the original as {changed!r}\n{text}"
    return ""


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_realistic_programs(case):
    assert difference(case.function, case.args) == ""


@pytest.mark.parametrize("name", NAMES)
def test_golden_programs(name):
    golden = Golden(name)
    assert difference(golden.fn, golden.args) == ""


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_programs(chunk):
    refused = 0
    for seed in range(chunk, COUNT, CHUNKS):
        p = generate(seed)
        try:
            problem = difference(p.function(), p.arguments())
        except adgen.AdgenError:
            refused += 1
            continue
        assert problem == "", f"seed {seed}\n{p.source}"
    assert refused <= 2
