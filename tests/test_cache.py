"""The cache on disk, over a compiler that is replaced by texts written by hand."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import adgen
from adgen.cache import disk, memory
from adgen.cache.header import Damaged, Stored, read_entry, write_entry
from tests import handwritten

ROOT = Path(__file__).parent.parent

PROGRAM = """
import sys
import numpy as np
import adgen
from adgen.api import identity
from tests import handwritten

identity.FINGERPRINT = "of no file that is being edited"
handwritten.install()
rate = 3.0

def square(x, a=0.5):
    return a * x * x

def scaled(x):
    return rate * x

def helper(x):
    return 10.0 * x

def caller(x):
    return helper(x)

def outside(x):
    return helper(x)

def summed(x, axis=0):
    return np.sum(x, axis=axis)

def helped(x, b):
    return x + b
"""

ALL = """
found = [
    adgen.grad(square)(3.0), adgen.vjp(square, 3.0, 2.0)[1](1.0), adgen.grad(scaled)(1.0), adgen.grad(caller)(1.0),
    adgen.grad(outside)(1.0), adgen.grad(summed)(np.ones(3), 1),
    adgen.grad(helped)(np.ones((2, 3)), np.ones(3)).tolist(),
]
print(found, len(handwritten.calls))
"""
RESULT = "[3.0, (12.0, 9.0), 3.0, 10.0, 10.0, 1, [2.0, 2.0, 2.0]]"


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("ADGEN_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("ADGEN_CACHE", raising=False)
    monkeypatch.setitem(sys.modules, "adgen.pipeline", None)
    handwritten.install()
    memory.clear()
    disk._warned.clear()
    return tmp_path / "cache"


def square(x, a=0.5):
    return a * x * x


def fresh():
    """Return the gradient as a new process would make it, from disk if possible; and whether it compiled."""
    memory.clear()
    handwritten.calls.clear()
    value = adgen.grad(square)(3.0)
    assert value == 3.0
    return len(handwritten.calls)


def run(tmp_path, text=ALL, program=PROGRAM, **env):
    file = tmp_path / "program.py"
    file.write_text(program + text)
    done = subprocess.run(
        [sys.executable, str(file)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT), **env},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# --- from process to process


def test_the_second_process_compiles_nothing(tmp_path, folder):
    assert run(tmp_path) == f"{RESULT} 8"
    assert run(tmp_path) == f"{RESULT} 0"
    assert oct(folder.stat().st_mode & 0o777) == "0o700"
    for file in folder.iterdir():
        assert file.read_text().startswith("# adgen ")
        assert oct(file.stat().st_mode & 0o777) == "0o600"


def test_the_second_process_loads_neither_compiler_nor_rules(tmp_path):
    tail = "print([m for m in sys.modules if m.startswith(('gast', 'astunparse', 'adgen.rules', 'adgen.frontend'))])"
    run(tmp_path)
    out = run(tmp_path, ALL + tail)
    assert out.splitlines()[-1] == "['adgen.rules', 'adgen.rules.helpers']"


def test_what_changed_is_compiled_again(tmp_path):
    run(tmp_path)
    assert run(tmp_path, program=PROGRAM.replace("10.0 * x", "20.0 * x")).startswith(
        "[3.0, (12.0, 9.0), 3.0, 20.0, 20.0"
    )
    assert (
        run(tmp_path, program=PROGRAM.replace("rate = 3.0", "rate = 4.0"))
        == f"{RESULT.replace('9.0), 3.0', '9.0), 4.0')} 1"
    )
    assert run(tmp_path, program=PROGRAM.replace("a * x * x", "a * (x * x)")).endswith(" 2")


@pytest.mark.slow
def test_sixteen_processes_at_once(tmp_path):
    file = tmp_path / "program.py"
    file.write_text(PROGRAM + ALL)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    many = [
        subprocess.Popen(
            [sys.executable, str(file)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env
        )
        for _ in range(16)
    ]
    for process in many:
        out, err = process.communicate()
        assert out.startswith(RESULT), err
        assert err == ""
    assert not list((tmp_path / "cache").glob(".*"))


# --- files that can't be trusted


def change(path, how):
    data = path.read_bytes()
    if how == "edited":
        path.write_bytes(data.replace(b"2.0", b"9.0"))
    elif how == "cut":
        path.write_bytes(data[:-10])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "binary":
        path.write_bytes(bytes(range(256)))
    elif how == "foreign":
        path.write_text("import os\nraise SystemExit('ran')\n")
    elif how == "writable":
        path.chmod(0o666)
    elif how == "moved":
        path.write_bytes(data.replace(b"# key: ", b"# key: 0"))
    else:
        assert how == "linked"
        other = path.with_name("other.txt")
        path.rename(other)
        path.symlink_to(other)


@pytest.mark.parametrize("how", ["edited", "cut", "empty", "binary", "foreign", "writable", "moved", "linked"])
def test_a_damaged_file_is_made_again(folder, how, caplog):
    assert fresh() == 1
    assert fresh() == 0
    (path,) = folder.glob("*.py")
    change(path, how)
    with caplog.at_level(logging.WARNING, "adgen"):
        assert fresh() == 1
    assert str(path) in caplog.text
    assert fresh() == 0


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_another_user_is_made_again(folder, caplog):
    fresh()
    (path,) = folder.glob("*.py")
    os.chown(path, 12345, 12345)
    assert fresh() == 1
    assert "another user" in caplog.text


def test_a_folder_that_others_can_write_is_not_used(folder, caplog):
    folder.mkdir()
    folder.chmod(0o777)
    assert fresh() == 1
    assert fresh() == 1
    assert not list(folder.iterdir())
    assert caplog.text.count("can be written by others") == 1


# --- a disk that does not work


def test_a_folder_that_cannot_be_made(monkeypatch, tmp_path, caplog):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ADGEN_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert fresh() == 1
    assert fresh() == 1
    assert adgen.cache_info().files == 0


@pytest.mark.parametrize("call", ["write", "replace"])
def test_a_full_disk(monkeypatch, folder, caplog, call):
    def fail(*args, **kwargs):
        raise OSError(28, "No space left on device")

    if call == "write":
        monkeypatch.setattr(disk.os, "fdopen", fail)
    else:
        monkeypatch.setattr(disk.os, "replace", fail)
    assert fresh() == 1
    assert "No space left" in caplog.text
    monkeypatch.undo()
    assert not list(folder.iterdir())


def test_switched_off(monkeypatch, folder):
    monkeypatch.setenv("ADGEN_CACHE", "off")
    assert fresh() == 1
    assert fresh() == 1
    assert not folder.exists()
    assert not adgen.cache_info().enabled


# --- what the user sees


def test_cache_info_and_clear(folder):
    df = adgen.grad(square)
    df(3.0)
    df(np.ones(3))
    info = adgen.cache_info()
    assert (info.folder, info.files, info.in_memory, info.compiled) == (str(folder), 2, 2, 2)
    assert info.bytes == sum(f.stat().st_size for f in folder.iterdir())
    adgen.clear_cache()
    assert adgen.cache_info()[3:] == (0, 0, 0, 0, 0)
    assert df(3.0) == 3.0
    assert adgen.cache_info().compiled == 1


def test_clear_leaves_other_files(folder):
    fresh()
    (folder / "notes.py").write_text("x = 1\n")
    adgen.clear_cache()
    assert [f.name for f in folder.iterdir()] == ["notes.py"]


def test_closures_made_in_a_loop_share_a_text():
    handwritten.calls.clear()
    functions = [make_square(a) for a in (1.0, 2.0, 3.0)]
    assert [adgen.grad(f)(1.0) for f in functions] == [2.0, 4.0, 6.0]
    assert len(handwritten.calls) == 1


def make_square(start):
    def square(x, a=start):
        return a * x * x

    return square


def test_an_entry_reads_back_as_it_was_written():
    entry = Stored(
        "k" * 40, "m:f (f.py, line 1)", "grad wrt x", "x: {'a\\n': float}", "adgen", "f_grad", "f_pull", (),
        [("g", "read", -1, "g")], [("h", 0, "float")], [("b", -1, "int = 1")], [("callee", "m", "g", "00", -1, "g")],
        ["a b.py"], "{3: (0, 7, 'f')}", "def f_grad(x):\n\n    return x\n",
    )  # fmt: skip
    again = read_entry(write_entry(entry), entry.key)
    assert again == entry
    with pytest.raises(Damaged):
        read_entry(write_entry(entry), "other")
