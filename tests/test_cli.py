"""The command line, over a compiler that is replaced by texts written by hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import adgen
from adgen.api.assume import assume
from adgen.api.parse_types import TypeTextError, parse_types
from adgen.api.signature import key_of, show_signature
from adgen.cli import main
from tests import handwritten

ROOT = Path(__file__).parent.parent

PROGRAM = """
import math
import numpy as np
import adgen

rate = 3.0
table = np.ones(3)

def square(x, a=0.5):
    return a * x * x

def wrong(x, a=0.5):
    return a * x * x

def scaled(x):
    return rate * x

def helper(x):
    return x

def outside(x):
    return helper(x)

def helped(x, b):
    return x + b

@adgen.grad(wrt="a")
def decorated(x, a=0.5):
    return a * x * x

number = 3
"""


@pytest.fixture(autouse=True)
def program(monkeypatch, tmp_path):
    monkeypatch.setenv("ADGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setitem(sys.modules, "adgen.pipeline", None)
    handwritten.install()
    monkeypatch.setattr(handwritten, "_decorated", handwritten._square, raising=False)
    monkeypatch.setattr(sys, "path", list(sys.path))
    file = tmp_path / "program_under_test.py"
    file.write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    yield file.name
    sys.modules.pop("program_under_test", None)


def test_dump(program, capsys):
    assert main(["dump", f"{program}:square", "--sig", "float64[:], float"]) == 0
    assert capsys.readouterr().out == "import numpy as np\n\n\ndef square_grad(x, a):\n    return 2.0 * a * x\n"
    assert main(["dump", "program_under_test:square", "--example", "np.ones((2, 1)), a=2.0"]) == 0
    assert show_signature(("x", "a"), handwritten.key_of_last()) == "x: float64[:, 1], a: float"


def test_dump_says_what_it_assumed(program, capsys):
    assert main(["dump", f"{program}:square"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(
        "# Assumed, as no call was seen: x: float64[:], a: float\n# (x by no evidence, a by default)."
    )


def test_dump_forward_stage_and_wrt(program, capsys):
    assert main(["dump", f"{program}:square", "--mode", "forward", "--wrt", "x,a", "--sig", "float"]) == 0
    assert "square_jvp(x, a, x_dot, a_dot)" in capsys.readouterr().out
    assert main(["dump", f"{program}:square", "--stage", "adjoint"]) == 0
    assert capsys.readouterr().out == "adjoint of square\n"
    assert main(["dump", f"{program}:decorated", "--sig", "float, float"]) == 0
    assert handwritten.calls[-1].wrt == ("a",)


def test_dump_to_a_file_and_check_it(program, capsys, tmp_path):
    arguments = ["dump", f"{program}:square", "--sig", "float"]
    assert main([*arguments, "-o", "out.py"]) == 0
    assert main([*arguments, "--check", "out.py"]) == 0
    assert capsys.readouterr() == ("", "")
    (tmp_path / "out.py").write_text("old\n")
    assert main([*arguments, "--check", "out.py"]) == 1
    assert "stale" in capsys.readouterr().err
    assert main([*arguments, "--check", "missing.py"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["dump", "program_under_test.py"], "MODULE_OR_FILE:FUNCTION"),
        (["dump", "nothing.py:f"], "no file"),
        (["dump", "no_such_module:f"], "cannot import"),
        (["dump", "program_under_test:f"], "has no f"),
        (["dump", "program_under_test:square", "--sig", "float65"], "--sig"),
        (["dump", "program_under_test:square", "--sig", "float, float, float"], "--sig"),
        (["dump", "program_under_test:square", "--sig", "a=float"], "x is missing"),
        (["dump", "program_under_test:square", "--example", "1/0"], "ZeroDivisionError"),
        (["dump", "program_under_test:square", "--example", "1, 2, 3"], "--example"),
        (["dump", "program_under_test:square", "--wrt", "z"], "no parameter"),
        (["frobnicate"], "invalid choice"),
        ([], "usage"),
    ],
)
def test_what_makes_no_sense_exits_with_2(program, arguments, message, capsys):
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    assert message in err and out == ""


def test_what_cannot_be_differentiated_exits_with_1(program, capsys):
    assert main(["dump", "program_under_test:number"]) == 1
    assert main(["dump", "program_under_test:square", "--sig", "int"]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "TypeMismatchError" in err


def test_check(program, capsys):
    assert main(["check", f"{program}:square", "--sig", "float64[:], float"]) == 0
    assert main(["check", f"{program}:square"]) == 0
    assert main(["check", f"{program}:wrong", "--example", "3.0, 2.0"]) == 1
    assert "rev  x" in capsys.readouterr().err


def test_rules(capsys):
    assert main(["rules", "np.tan*"]) == 0
    assert "np.tanh" in capsys.readouterr().out
    assert main(["rules", "no such rule"]) == 1


def test_cache(program, capsys):
    main(["dump", f"{program}:square", "--sig", "float"])
    capsys.readouterr()
    assert main(["cache", "info"]) == 0
    assert "files   1" in capsys.readouterr().out
    assert main(["cache", "list"]) == 0
    name = capsys.readouterr().out.split()[0]
    assert main(["cache", "show", name]) == 0
    assert capsys.readouterr().out.startswith("# adgen ")
    assert main(["cache", "show", "nothing"]) == 1
    assert main(["cache", "clear"]) == 0
    assert not list((Path.cwd() / "cache").glob("*.py"))
    assert main(["cache"]) == 2


def run_alone(path, code):
    """Run in an interpreter that can't import adgen."""
    script = f"import sys; sys.modules['adgen'] = None\nimport numpy as np\nfrom {path.stem} import *\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=False, cwd=path.parent, env={**os.environ, "PYTHONPATH": ""},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_standalone_runs_without_adgen(program, tmp_path):
    out = tmp_path / "alone.py"
    assert main(["dump", f"{program}:helped", "--sig", "float64[:,:], float64[:]", "--standalone", "-o", str(out)]) == 0
    code = "print(helped_grad(np.ones((2, 3)), np.ones(3)))\n"
    code += "try: helped_grad(np.ones((2, 1)), np.ones(3))\nexcept TypeError as e: print(e)"
    assert run_alone(out, code) == "[2. 2. 2.]\nhelped_grad was generated for x: float64[:, :], b: float64[:]"
    assert "import adgen" not in out.read_text() and out.read_text().count("import numpy as np") == 1


def test_standalone_gives_hidden_scalars_a_default(program, tmp_path):
    out = tmp_path / "alone.py"
    assert main(["dump", f"{program}:scaled", "--sig", "float", "--standalone", "-o", str(out)]) == 0
    assert run_alone(out, "print(scaled_grad(1.0), scaled_grad(1.0, rate=2.0))") == "3.0 2.0"


def test_standalone_refuses_what_it_cannot_export(program, capsys):
    assert main(["dump", f"{program}:outside", "--sig", "float", "--standalone"]) == 1
    assert "helper" in capsys.readouterr().err


def test_it_runs_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "adgen", "--version"], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout == f"adgen {adgen.__version__}\n"


# --- types written by the user, types assumed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("float64[:, :]", np.ones((2, 2))),
        ("float32[:,1]", np.ones((2, 1), np.float32)),
        ("float", 1.0),
        ("float64", 1.0),
        ("np.float64", np.float64(1)),
        ("float32", np.float32(1)),
        ("int", 1),
        ("bool", True),
        ("None", None),
        ("int64[:]", np.arange(3)),
        ("{'w': float64[:], 'b': float}", {"w": np.ones(2), "b": 1.0}),
        ("(float, int)", (1.0, 1)),
        ("[float64[:], ...]", [np.ones(2), np.ones(3)]),
        ("[float, int]", [1.0, 1]),
    ],
)
def test_types_in_text(text, value):
    assert parse_types(text) == ([key_of(value)], {})
    assert parse_types(f"x={text}") == ([], {"x": key_of(value)})


@pytest.mark.parametrize("text", ["float65", "float64[-2]", "float64[::2]", "1", "float[", "object[:]"])
def test_texts_that_are_no_types(text):
    with pytest.raises(TypeTextError):
        parse_types(text)


def loss(w, b, x, y):
    p = np.tanh(x @ w + b)
    return np.mean((p - y) ** 2)


def newton(a, tol):
    x = a
    for _ in range(50):
        x_next = 0.5 * (x + a / x)
        if abs(x_next - x) < tol:
            break
        x = x_next
    return x_next


def heat(u, c, steps):
    for _ in range(steps):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u * u)


def network(params, x, rate: float, scale=2.0, *, k=1):
    h = np.tanh(x @ params["w1"] + params["b1"])
    return np.sum(h[:, 0]) * rate * scale * k


def indexed(a, i, v: np.ndarray, n: "int"):
    m, k = a.shape
    return a[i, 0] + v[i]


@pytest.mark.parametrize(
    ("fn", "first"),
    [
        (loss, "w: float64[:, :], b: float64[:], x: float64[:, :], y: float64[:]"),
        (newton, "a: float64[:], tol: float64[:]"),
        (heat, "u: float64[:], c: float64[:], steps: int"),
        (
            network,
            "params: {'w1': float64[:, :], 'b1': float64[:]}, x: float64[:, :], rate: float, scale: float, k: int",
        ),
        (indexed, "a: float64[:, :], i: int, v: float64[:], n: int"),
    ],
)
def test_assumed_types(fn, first):
    tries = assume(fn, ("a",))
    assert show_signature(tries[0].names, tuple(k for k, _ in tries[0].arguments)) == first


def test_the_second_guess_is_floats():
    tries = assume(newton, ("a",))
    assert [k for k, _ in tries[1].arguments] == [float, float]
