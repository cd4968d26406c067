"""Find the temperature that a rod had once from the temperature that it has now.

    python examples/heat.py [--out FOLDER]

The simulation is a time loop that writes into its array in place. adgen differentiates it as it stands, and SciPy's
L-BFGS fits the initial state to a noisy observation of the final one. The result is saved as `heat.png`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import adgen

HERE = Path(__file__).resolve().parent
CELLS = 101
STEPS = 60
CONDUCTION = 0.4


def simulate(u, c, steps):
    """Advance the temperature `u` by `steps` explicit Euler steps, in place; the ends are held."""
    for _ in range(steps):
        u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])


def misfit(start, observed, c, steps):
    """Squared distance of the simulated final state to the observed one, with a penalty on rough initial states."""
    u = start.copy()
    simulate(u, c, steps)
    r = u - observed
    rough = start[1:] - start[:-1]
    return np.sum(r * r) + 1e-4 * np.sum(rough * rough)


misfit_and_grad = adgen.value_and_grad(misfit)


def make_observation(seed=0):
    """A true initial state with two bumps, and its final state as a thermometer with some noise reads it."""
    x = np.linspace(0.0, 1.0, CELLS)
    truth = np.exp(-(((x - 0.3) / 0.08) ** 2)) + 0.6 * np.exp(-(((x - 0.7) / 0.1) ** 2))
    final = truth.copy()
    simulate(final, CONDUCTION, STEPS)
    noise = 1e-3 * np.random.default_rng(seed).normal(size=CELLS)
    return x, truth, final + noise


def fit(observed):
    """Fit the initial state, starting from the observed final one."""
    curve = []

    def progress(intermediate_result):
        curve.append(float(intermediate_result.fun))
        if len(curve) % 20 == 0:
            print(f"  iteration {len(curve):4}   misfit {curve[-1]:.3e}")

    found = minimize(
        misfit_and_grad,
        observed,
        args=(observed, CONDUCTION, STEPS),
        jac=True,
        method="L-BFGS-B",
        callback=progress,
        options={"maxiter": 200},
    )
    print(f"  iteration {len(curve):4}   misfit {curve[-1]:.3e}")
    return found.x


def save_states(path, x, truth, observed, start):
    from matplotlib.figure import Figure  # only here: training needs no plots

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(x, truth, color="0.6", linewidth=4, label="true initial state")
    axes.plot(x, start, label="fitted initial state")
    axes.plot(x, observed, ".", label="observed final state")
    axes.set_xlabel("position")
    axes.set_ylabel("temperature")
    axes.set_title(f"Heat equation, {STEPS} steps back")
    axes.legend()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description="Fit the initial state of a heat equation with a gradient from adgen.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for heat.png (default: beside this file)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()

    x, truth, observed = make_observation()
    misfit_and_grad(observed, observed, CONDUCTION, STEPS)
    print(misfit_and_grad.source)
    adgen.check_grads(misfit, (truth, observed, CONDUCTION, 5), order=1)
    print("The gradient agrees with differences.\n")

    print("L-BFGS")
    start = fit(observed)
    before = np.sqrt(np.mean((observed - truth) ** 2))
    after = np.sqrt(np.mean((start - truth) ** 2))
    print(f"  distance to the true initial state: {before:.4f} before, {after:.4f} after\n")

    save_states(out / "heat.png", x, truth, observed, start)
    print(f"Saved {out / 'heat.png'}; {time.perf_counter() - begin:.1f} s in all.")
    if after > 0.5 * before:
        raise SystemExit("The fit is not close to the truth: something is wrong.")


if __name__ == "__main__":
    main()
