"""Compile and import times, each in a fresh process with a cache folder of its own.

`write_module` writes the functions that are compiled. `measure_compile` gives the milliseconds from the call of
`specialize` to a function that can be called: with an empty cache, from disk in the next process, and from memory. The
modules of adgen are imported before the clock starts.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

THIRTY = """
def thirty(w, b, x, n):
    scale = 1.0 / n
    offset = 0.5 * scale
    z = x @ w
    z = z + b
    h = np.tanh(z)
    s = np.sum(h * h)
    a = 1.0
    for i in range(n):
        q = h * a
        r = q + offset
        a = a + scale * np.mean(r)
        h = np.sin(r) + 0.1 * h
    u = h.copy()
    m = np.mean(u)
    if m > 0.0:
        e = np.exp(-u)
        u = u * e
    else:
        e = np.exp(u)
        u = u - e
    for _ in range(n):
        u[1:-1] += 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    v = u * u
    k = np.sqrt(1.0 + v)
    f = np.sum(k)
    g = np.log(1.0 + s)
    t = f * g
    t = t + a
    total = t * scale
    return total
"""

PRELOAD = """
import importlib, json, pkgutil, sys, time
import numpy as np
import adgen
for module in pkgutil.walk_packages(adgen.__path__, "adgen."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
import compiled
"""

COMPILE = (
    PRELOAD
    + """
def compile_once(name):
    args = compiled.ARGS[name]
    function = getattr(compiled, name)
    begin = time.perf_counter()
    adgen.grad(function).specialize(*args)
    return 1e3 * (time.perf_counter() - begin)

name = sys.argv[1]
print(json.dumps([compile_once(name), compile_once(name)]))
"""
)

IMPORT = """
import time
import numpy
begin = time.perf_counter()
import adgen
print(1e3 * (time.perf_counter() - begin))
"""


def write_module(folder: Path) -> list[str]:
    """Write `compiled.py` with the functions to compile; give their names."""
    straight = ["def straight(v0):"]
    straight += [f"    v{i} = 0.5 * v{i - 1} + 0.1 * v{i // 2} * v{i - 1}" for i in range(1, 2000)]
    straight += ["    return v1999"]
    chain = ["def chain(v0):"]
    chain += [f"    v{i} = {('np.sin(v{})', '0.5 * v{} + 0.25')[i % 2].format(i - 1)}" for i in range(1, 2000)]
    chain += ["    return v1999"]
    terms = ["def terms(x):", "    return " + " + ".join(f"{i}.0 * x" for i in range(1, 1001))]
    arguments = """
ARGS = {
    "thirty": (np.ones((3, 4)), np.ones(4), np.ones((5, 3)), 3),
    "straight": (0.5,),
    "chain": (0.5,),
    "terms": (0.5,),
}
"""
    parts = ["import numpy as np", THIRTY, *("\n".join(lines) + "\n" for lines in (straight, chain, terms)), arguments]
    (folder / "compiled.py").write_text("\n\n".join(parts))
    return ["thirty", "straight", "chain", "terms"]


def measure_compile(name: str, folder: Path, repeats: int) -> dict[str, float]:
    """Give the milliseconds that the gradient of one function takes cold, from disk and from memory."""
    found: dict[str, list[float]] = {"cold": [], "disk": [], "memory": []}
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as cache:
            cold, _ = json.loads(_run(COMPILE, name, path=folder, cache=cache))
            disk, memory = json.loads(_run(COMPILE, name, path=folder, cache=cache))
        for kind, value in {"cold": cold, "disk": disk, "memory": memory}.items():
            found[kind].append(value)
    return {kind: median(values) for kind, values in found.items()}


def measure_import(repeats: int) -> float:
    """Give the milliseconds that `import adgen` takes once NumPy is imported: the best, for disks warm up."""
    with tempfile.TemporaryDirectory() as folder:
        return min(float(_run(IMPORT, path=Path(folder), cache=folder)) for _ in range(repeats))


def _run(program: str, *args: str, path: Path, cache: str) -> str:
    here = str(Path(__file__).resolve().parents[1])
    environment = dict(os.environ, ADGEN_CACHE_DIR=cache, PYTHONPATH=os.pathsep.join([str(path), here]))
    environment.pop("ADGEN_CACHE", None)
    done = subprocess.run(
        [sys.executable, "-c", program, *args], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return done.stdout
