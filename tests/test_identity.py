"""The identity transform: the primal emitted back from its typed program behaves as the original does.

The same value, the same changes to its arguments, the same output and the same exceptions.
"""

from __future__ import annotations

import contextlib
import copy
import io
import os
from dataclasses import dataclass

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


@pytest.mark.slow
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
    assert refused <= 3


# -- what a program leaves in its arguments ---------------------------------------------------------------------


@dataclass
class State:
    w: np.ndarray
    b: float


def swaps_entries(d):
    d["a"], d["b"] = d["b"], d["a"]
    d["a"][0] = 3.0
    return np.sum(d["a"] * d["b"])


def changes_a_list(xs):
    xs.append(xs[0] * 2.0)
    xs[0] = xs[1]
    return sum(xs)


def writes_in_a_tuple(t, k):
    a, b = t
    a[k] = 7.0
    b["q"] += 1.0
    return np.sum(a)


def sets_attributes(s, x):
    if x > 1.0:
        s.w[0] = x
        s.b = 2.0 * x
    return np.sum(s.w) * s.b


def removes_an_entry(d, n):
    for _ in range(n):
        d["w"] -= 0.1 * d["w"]
    d.pop("z")
    return np.sum(d["w"])


def writes_deep_inside(p):
    p["layers"][0]["w"] *= 2.0
    p["layers"][1]["b"] = np.zeros(2)
    return np.sum(p["layers"][0]["w"])


def raises_after_a_write(x):
    print("before", x[0])
    x[0] = 4.0
    if x[1] > 0:
        raise ValueError("no", 3)
    return x


def swaps_its_arguments(x, y):
    x, y = y, x
    x[0] = 1.0
    y += 2.0
    return x.sum()


def writes_one_of_two(x, flag):
    y = x if flag else x.copy()
    y[0] = 9.0
    return np.sum(y)


def returns_from_a_loop_of_writes(x, n):
    for i in range(n):
        if x[i] < 0:
            return x[i]
        x[i] = i
    return x[0]


def writes_in_a_loop(x, y):
    for _ in range(3):
        x -= 0.3
    if y > 0.0:
        x = np.sin(x)
    x[0] += 1.0
    return y


LEAVING = [
    (writes_in_a_loop, lambda v: (v, 1.0)),
    (writes_in_a_loop, lambda v: (v, -1.0)),
    (swaps_entries, lambda v: ({"a": v, "b": v + 1},)),
    (changes_a_list, lambda v: ([1.0, 2.0],)),
    (writes_in_a_tuple, lambda v: ((v, {"q": 1.0}), 2)),
    (sets_attributes, lambda v: (State(v, 1.0), 2.0)),
    (sets_attributes, lambda v: (State(v, 1.0), 0.5)),
    (removes_an_entry, lambda v: ({"w": v, "z": 1.0}, 3)),
    (writes_deep_inside, lambda v: ({"layers": [{"w": v, "b": v + 1}, {"w": v + 2, "b": v + 3}]},)),
    (raises_after_a_write, lambda v: (v,)),
    (raises_after_a_write, lambda v: (-v,)),
    (swaps_its_arguments, lambda v: (v, v + 1)),
    (writes_one_of_two, lambda v: (v, True)),
    (writes_one_of_two, lambda v: (v, False)),
    (returns_from_a_loop_of_writes, lambda v: (v - 2.5, 4)),
    (returns_from_a_loop_of_writes, lambda v: (v, 4)),
]


@pytest.mark.parametrize(("fn", "make"), LEAVING, ids=[f"{k}-{fn.__name__}" for k, (fn, _) in enumerate(LEAVING)])
def test_arguments_are_left_as_the_original_leaves_them(fn, make):
    args = make(np.arange(4.0))
    assert difference(fn, args) == ""


def test_forward_mode_leaves_integers_alone():
    def f(x):
        x[0] = 5
        return x.sum()

    x = np.arange(3)
    assert adgen.jvp(f, (x,), (None,)) == (8, None)
    assert list(x) == [0, 1, 2]
