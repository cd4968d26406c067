"""The examples do what they say. Their pictures are drawn by `.ci/run`, which installs what that takes."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import adgen
from adgen.cli import main

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
DIGITS_ARGS = (
    "{'w1': np.ones((64, 48)), 'b1': np.ones(48), 'w2': np.ones((48, 10)), 'b2': np.ones(10)}, "
    "np.ones((8, 64)), np.ones((8, 10))"
)
HEAT_ARGS = "np.ones(101), np.ones(101), 0.4, 5"


def load_file(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def digits():
    yield load_file(EXAMPLES / "digits.py")
    del sys.modules["digits"]


@pytest.fixture(scope="module")
def heat():
    yield load_file(EXAMPLES / "heat.py")
    del sys.modules["heat"]


def test_digits_data(digits):
    images, labels = digits.load_digits()
    assert images.shape == (1797, 64)
    assert images.min() == 0.0
    assert images.max() == 1.0
    assert sorted(np.bincount(labels)) == sorted([178, 182, 177, 183, 181, 182, 181, 179, 174, 180])


def test_digits_gradient(digits):
    images, labels = digits.load_digits()
    args = digits.start_params(), images[:8], np.eye(10)[labels[:8]]
    adgen.check_grads(digits.loss, args, order=1)
    value, gradient = digits.loss_and_grad(*args)
    assert value == digits.loss(*args)
    assert list(gradient) == ["w1", "b1", "w2", "b2"]
    for name, leaf in digits.loss_grad(*args).items():
        np.testing.assert_array_equal(leaf, gradient[name])


@pytest.mark.parametrize(("train", "steps"), [("train_lbfgs", 60), ("train_sgd", 25)])
def test_digits_training(digits, train, steps, capsys):
    images, labels = digits.load_digits()
    split = digits.TRAIN
    params, curve = getattr(digits, train)(digits.start_params(), images[:split], np.eye(10)[labels[:split]], steps)
    assert len(curve) == steps
    assert curve[-1] < 0.1 < curve[0]
    assert digits.accuracy(params, images[split:], labels[split:]) >= 0.96
    assert f"loss {curve[19]:.5f}" in capsys.readouterr().out


def test_heat_fit(heat, capsys):
    _, truth, observed = heat.make_observation()
    adgen.check_grads(heat.misfit, (truth, observed, heat.CONDUCTION, 5), order=1)
    start = heat.fit(observed)
    assert np.linalg.norm(start - truth) < 0.5 * np.linalg.norm(observed - truth)
    assert "misfit" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "example", "wrong"),
    [("digits.py:loss", DIGITS_ARGS, (1.0, 2.0, 3.0)), ("heat.py:misfit", HEAT_ARGS, ("no", "array", 0.4, 5))],
    ids=["digits", "heat"],
)
def test_standalone_gradient_runs_without_adgen(target, example, wrong, tmp_path):
    file, name = target.split(":")
    written = tmp_path / "standalone.py"
    command = [sys.executable, "-m", "adgen", "dump", f"{EXAMPLES / file}:{name}", "--standalone", "--example", example]
    subprocess.run([*command, "-o", str(written)], check=True, cwd=tmp_path)
    subprocess.run([*command, "--check", str(written)], check=True, cwd=tmp_path)

    program = f"""
import sys
sys.modules["adgen"] = None     # importing it fails
import numpy as np
import standalone
rng = np.random.default_rng(0)
def draw(leaf):
    if isinstance(leaf, dict):
        return {{key: draw(value) for key, value in leaf.items()}}
    return rng.normal(size=leaf.shape) if isinstance(leaf, np.ndarray) else leaf
found = standalone.{name}_grad(*map(draw, ({example})))
np.savez("found.npz", **(found if isinstance(found, dict) else {{"start": found}}))
try:
    standalone.{name}_grad(*{wrong!r})
except (TypeError, ValueError) as error:
    print(error)
else:
    sys.exit("wrong arguments went through")
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)

    rng = np.random.default_rng(0)

    def draw(leaf):
        if isinstance(leaf, dict):
            return {key: draw(value) for key, value in leaf.items()}
        return rng.normal(size=leaf.shape) if isinstance(leaf, np.ndarray) else leaf

    module = load_file(EXAMPLES / file)
    expected = adgen.grad(getattr(module, name))(*map(draw, eval(f"({example})")))
    expected = expected if isinstance(expected, dict) else {"start": expected}
    with np.load(tmp_path / "found.npz") as found:
        assert sorted(found) == sorted(expected)
        for key, leaf in expected.items():
            np.testing.assert_array_equal(found[key], leaf)


def test_standalone_keeps_defaults_and_imports_scipy(tmp_path):
    source, out = tmp_path / "with_scipy.py", tmp_path / "alone.py"
    source.write_text(
        "import cmath\nimport numpy as np\nfrom scipy import special\n"
        "def f(x, scale=3.0, kind='sum'):\n"
        "    return scale * np.sum(special.erf(x)) * abs(cmath.exp(1j * scale))\n"
    )
    assert main(["dump", f"{source}:f", "--example", "np.zeros(2)", "--standalone", "-o", str(out)]) == 0
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import numpy as np; from alone import f_grad\n"
    code += "print(*f_grad(np.zeros(2)), *f_grad(np.zeros(2), 1.5)); assert 'adgen' not in sys.modules"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    slope = 6.0 / np.sqrt(np.pi)
    np.testing.assert_allclose([float(v) for v in printed.split()], [slope, slope, 0.5 * slope, 0.5 * slope])
