"""`adgen.explain` names the line where a gradient ends; the command line takes what `grad` takes."""

from __future__ import annotations

import inspect
import re

import numpy as np
import pytest

import adgen
from adgen.cli import main
from tests import random_programs

X = np.array([1.0, 2.0])
space: dict = {}
exec("def secret(a):\n    return str(a)\n", space)
secret = space["secret"]


def helper(x):
    k = x.astype(int)
    return k * 2


def overwritten(x):
    y = x * 2.0
    y = X * 3.0  # here
    return y


def parameter_overwritten(x):
    x = X * 1.0  # here
    return x


def elements_overwritten(x):
    u = x * 2.0
    u[:] = 1.0  # here
    return u.sum()


def integer(x):
    n = x.astype(int)  # here
    return n * 2.0


def rounded(x):
    y = x * x
    k = np.round(y)  # here
    z = k + 1.0
    return z


def stopped(x):
    y = adgen.stop_gradient(x * x)  # here
    return y * 3.0


def called(x):
    h = helper(x)
    return h.sum() * 1.0


def compared(x):
    if x.sum() > 0:  # here
        y = 2.0
    else:
        y = 3.0
    return y


def shape(x):
    n = x.shape[0]  # here
    return np.ones(3) * n


def index(x):
    k = np.argmax(x)  # here
    return X[k]


def item_overwritten(x):
    d = {"a": x * 2.0}
    d["a"] = X  # here
    return d["a"].sum()


class Cached:
    def __init__(self):
        self.held = X

    def keep(self, x):
        self.held = x * 2.0
        self.held = X  # here


def attribute_overwritten(x):
    c = Cached()
    c.keep(x)
    return c.held.sum()


def overwritten_in_a_loop(x):
    y = x * 2.0
    for _ in range(3):
        y = X * 3.0  # here
    return y


def overwritten_by_a_target(x):
    y = x * 2.0
    for y in [X, 2.0 * X]:  # here
        pass
    return y


def overwritten_by_a_function(x):
    y = x * 2.0

    def change():
        nonlocal y
        y = X  # here

    change()
    return y


def replaced(x):
    return x.sum() * 1.0


def in_a_callee(y):
    y = X  # here
    return replaced(y)


def parameter_of_a_callee(x):
    return in_a_callee(x * 2.0)


def cleared(x):
    items = [x]
    items.clear()  # here
    items.append(X)
    return items[0]


def deleted(x):
    y = x * 2.0
    del y  # here
    return X


def overwritten_after_use(x):
    y = x * 2.0
    z = y + 1.0
    y = X  # here
    return y


def unread(x):
    k = secret(x)  # here
    return len(k) * 2.0


def counted(x):
    s = 0.0
    for _ in range(int(x[0])):  # here
        s = s + X[0]
    return s


REASONS = {
    overwritten: "'y' is overwritten",
    parameter_overwritten: "'x' is overwritten",
    elements_overwritten: "all its elements are overwritten",
    integer: "an integer",
    rounded: "np.round is constant between its jumps",
    stopped: "held constant",
    called: "an integer",
    compared: "a comparison",
    shape: "only its shape",
    index: "np.argmax",
    item_overwritten: "what 'd' held is replaced",
    attribute_overwritten: "held is replaced",
    overwritten_in_a_loop: "'y' is overwritten",
    overwritten_by_a_target: "'y' is overwritten",
    overwritten_by_a_function: "held is replaced",
    parameter_of_a_callee: "'y' is overwritten",
    cleared: "what 'items' held is replaced",
    deleted: "'y' is deleted",
    overwritten_after_use: "'y' is overwritten",
    unread: r"secret\(\) has no source",
    counted: "an integer",
}


def marked_line(fn):
    import inspect

    elsewhere = {called: helper, attribute_overwritten: Cached.keep, parameter_of_a_callee: in_a_callee}
    lines, first = inspect.getsourcelines(elsewhere.get(fn, fn))
    mark = "astype" if fn is called else "# here"
    return first + next(k for k, line in enumerate(lines) if mark in line)


@pytest.mark.parametrize("fn", REASONS, ids=lambda f: f.__name__)
def test_the_line_at_fault_is_named(fn):
    text = adgen.explain(fn, X)
    assert text.splitlines()[0] == f"{fn.__name__}, wrt x: {'zero' if fn is rounded else None} for x"
    ends = [line for line in text.splitlines() if "ends here" in line]
    assert len(ends) == 1
    assert ends[0].startswith(f"  line {marked_line(fn)}: ")
    assert re.search(REASONS[fn], ends[0])
    found = adgen.grad(fn)(X)
    assert found is None if fn is not rounded else found.tolist() == [0.0, 0.0]


def test_what_both_branches_overwrite_is_shown_twice():
    def f(x):
        y = x * 2.0
        if x.sum() > 0:
            y = X
        else:
            y = -X
        return y

    assert adgen.explain(f, X).count("'y' is overwritten") == 2


def test_the_lines_lead_from_source_to_target():
    lines = adgen.explain(rounded, X).splitlines()
    first = rounded.__code__.co_firstlineno
    assert [int(line.split()[1][:-1]) for line in lines[1:]] == [first + k for k in (1, 2, 3, 4)]


def test_what_is_connected_is_said_to_be():
    def f(x, y):
        z = x * x
        return z + np.round(y)

    text = adgen.explain(f, 1.0, 2.0, wrt=("x", "y"))
    assert "the gradient reaches x" in text and "zero for y" in text
    assert "None for x" in adgen.explain(adgen.grad(f, stop_gradients="z"), 1.0, 2.0)
    assert "None for x" in adgen.explain(f, 1.0, 2.0, stop_gradients="z")
    assert "reaches z" in adgen.explain(f, 1.0, 2.0, wrt="z")
    assert "'y' is not used" in adgen.explain(lambda x, y: x, 1.0, 2.0, wrt="y")


def test_every_way_that_ends_is_shown():
    def f(x):
        a = np.round(x)
        b = adgen.stop_gradient(x)
        return a + b

    text = adgen.explain(f, 1.0)
    assert text.count("ends here") == 2 and "  and\n" in text


def test_sources_without_a_derivative_are_explained():
    assert "parameter 'x' is int" in adgen.explain(integer, 3)
    assert "'n' is" not in adgen.explain(rounded, X) and "Assumed" in adgen.explain(rounded)
    assert "holds no floating-point number" in adgen.explain(integer, X, wrt="n")


PROGRAM = """
import numpy as np
import adgen

class Model:
    def __init__(self):
        self.w = np.ones(2)

def f(x, a):
    y = adgen.tag(x * x, "square")
    z = y * a
    n = np.round(z)
    return n + z

def loss(p, x):
    return (p["w,1"] * x).sum()

def model(m, x):
    return (m.w * x).sum()
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "named.py").write_text(PROGRAM)
    return "named.py:"


def run(capsys, *words):
    status = main(list(words))
    out, err = capsys.readouterr()
    return status, out, err


def test_the_command_line_takes_names(program, capsys):
    sig = ("--sig", "float, float")
    assert "return 2.0 * x" in run(capsys, "dump", program + "f", "--wrt", "x", "--of", "y", *sig)[1]
    assert "return a" in run(capsys, "dump", program + "f", "--wrt", "square", "--of", "z", *sig)[1]
    assert "return 1.0, a" in run(capsys, "dump", program + "f", "--wrt", "z,y", *sig)[1]
    assert "None" in run(capsys, "dump", program + "f", "--wrt", "x", "--stop", "y", *sig)[1]
    assert "return 0.0" in run(capsys, "dump", program + "f", "--stop", "y", "--unconnected", "zero", *sig)[1]
    example = ("--example", "{'w,1': np.ones(2)}, 2.0")
    assert run(capsys, "dump", program + "loss", "--wrt", "p['w,1'],x", *example)[0] == 0
    assert "m.w.shape" not in run(capsys, "dump", program + "model", "--wrt", "m.w", "--example", "Model(), 2.0")[1]
    status, out, _ = run(capsys, "dump", program + "f", "--wrt", "x", "--of", "z", "--standalone", *sig)
    assert status == 0 and "with respect to x (of z)" in out
    assert run(capsys, "dump", program + "f", "--of", "q", *sig)[0] == 2


def test_the_command_line_explains(program, capsys):
    status, out, _ = run(capsys, "explain", program + "f", "--wrt", "x", "--stop", "z", "--sig", "float, float")
    assert status == 0 and "line 11" in out and "held constant here" in out


def test_the_command_line_checks_targets(program, capsys):
    assert run(capsys, "check", program + "f", "--of", "y,z", "--sig", "float, float")[0] == 0
    assert run(capsys, "check", program + "f", "--wrt", "y", "--sig", "float, float")[0] == 2


def test_options_are_part_of_every_key(tmp_path, monkeypatch):
    monkeypatch.setenv("ADGEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("ADGEN_CACHE", "on")
    options = [
        {},
        {"of": "y"},
        {"wrt": "y"},
        {"stop_gradients": "y"},
        {"unconnected_gradients": "zero"},
        {"wrt": ("x",)},
    ]

    def answers():
        return [adgen.grad(rounded, **o)(X) for o in options]

    first = answers()
    assert [type(a) for a in first] == [type(a) for a in answers()]
    assert first[0].tolist() == [0.0, 0.0] and first[1].tolist() == [2.0, 4.0]
    assert first[2].tolist() == [0.0, 0.0] and first[3] is None
    assert first[4].tolist() == [0.0, 0.0] and first[5][0].tolist() == [0.0, 0.0]


# --- the reasons, and that they agree with what the compiler differentiates


@adgen.custom_vjp(nondiff="a")
def scaled_by(a, b):
    return a * b


scaled_by.defvjp(lambda g, out, a, b: (g * a,))


def shaped_like(x):
    return np.sum(np.ones_like(x))


def text_of(x):
    s = f"{x}"
    return len(s) * 1.0


def key_of(x):
    d = {"a": 1.0, "b": 2.0}
    return d["a" if x[0] > 0 else "b"]


def mask_of(x):
    m = (x > 0) & (x < 2)
    return np.sum(m * 2.0)


def steps_of(x):
    n, y = 0.0, x[0]
    while y > 0.1:
        y = y / 2
        n += 1.0
    return n


def item_of(x):
    return X[int(x[0])]


def place_of(x):
    return np.argmax(x) * 2.0


def not_of_the_rule(x):
    return np.sum(scaled_by(x, 2.0))


def beside_the_rule(x):
    return np.sum(scaled_by(2.0, x))


def filled(x):
    y = x.copy()
    y.fill(2.0)
    return np.sum(y)


def written_twice(x):
    y = np.zeros((2, 3))
    y[1] = x
    row = y[1]
    row[:] = 1.0
    return np.sum(y)


WHY = [
    (filled, "all its elements are overwritten here"),
    (written_twice, "it is overwritten here"),
    (shaped_like, "only its shape is used"),
    (text_of, "it becomes a string"),
    (key_of, "a comparison gives a truth value"),
    (mask_of, "a comparison gives a truth value"),
    (steps_of, "a comparison gives a truth value"),
    (item_of, "what it becomes here is an integer"),
    (place_of, "what np.argmax gives here is an integer"),
    (not_of_the_rule, "scaled_by() has no derivative with respect to it"),
    (beside_the_rule, ""),
]


@pytest.mark.parametrize(("fn", "reason"), WHY)
def test_reasons(fn, reason):
    found = adgen.explain(fn, X)
    assert (f"<- ends here: {reason}" in found) if reason else ("ends here" not in found)
    assert ("None for x" in found) == (adgen.grad(fn)(X) is None) == bool(reason)


def test_derivatives_of_derivatives():
    second = adgen.grad(adgen.grad(lambda x: x * x))
    assert "reaches x" in adgen.explain(second, 1.0)
    assert "None for x" in adgen.explain(adgen.grad(second), 1.0)
    assert adgen.grad(second)(1.0) is None


@pytest.mark.parametrize("seed", range(5))
def test_what_is_said_is_what_is_differentiated(seed):
    p = random_programs.generate(seed)
    f, args = p.function(), p.arguments()
    for name, x in zip(inspect.signature(f).parameters, args):
        if isinstance(x, float) or (isinstance(x, np.ndarray) and x.dtype.kind == "f"):
            g = adgen.grad(f, wrt=name)(*args)
            assert ("None for" in adgen.explain(f, *p.arguments(), wrt=name)) == (g is None)
