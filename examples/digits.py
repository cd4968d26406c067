"""Train a two-layer network, written in plain NumPy, on real handwritten digits.

    python examples/digits.py [--out FOLDER]

The gradient of `loss` is made by adgen: printed, checked against differences, then used by SciPy's L-BFGS and by a
plain loop of stochastic gradient descent. The loss curves are saved as `digits.png`.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

import adgen

HERE = Path(__file__).resolve().parent
TRAIN = 1437  # the other 360 images are held out
HIDDEN = 48


def loss(params, images, targets):
    """Cross entropy of a tanh layer and a softmax layer, with weight decay."""
    hidden = np.tanh(images @ params["w1"] + params["b1"])
    scores = hidden @ params["w2"] + params["b2"]
    # The maximum only keeps exp from overflowing: the loss does not depend on it, nor need its gradient.
    scores = scores - adgen.stop_gradient(np.max(scores, axis=1, keepdims=True))
    log_p = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    decay = 1e-4 * (np.sum(params["w1"] ** 2) + np.sum(params["w2"] ** 2))
    return decay - np.mean(np.sum(targets * log_p, axis=1))


loss_grad = adgen.grad(loss)
loss_and_grad = adgen.value_and_grad(loss)


def load_digits():
    """Images as rows of 64 numbers from 0 to 1, and labels, shuffled: the file is ordered by writer."""
    with np.load(HERE / "data" / "digits.npz") as data:
        images, labels = data["images"], data["labels"]
    order = np.random.default_rng(0).permutation(len(labels))
    return images[order].reshape(-1, 64) / 16.0, labels[order]


def start_params(seed=1):
    rng = np.random.default_rng(seed)
    return {
        "w1": rng.normal(size=(64, HIDDEN)) / np.sqrt(64),
        "b1": np.zeros(HIDDEN),
        "w2": rng.normal(size=(HIDDEN, 10)) / np.sqrt(HIDDEN),
        "b2": np.zeros(10),
    }


def accuracy(params, images, labels):
    scores = np.tanh(images @ params["w1"] + params["b1"]) @ params["w2"] + params["b2"]
    return np.mean(np.argmax(scores, axis=1) == labels)


def flatten(params):
    return np.concatenate([leaf.ravel() for leaf in params.values()])


def unflatten(flat, like):
    params, start = {}, 0
    for name, leaf in like.items():
        params[name] = flat[start : start + leaf.size].reshape(leaf.shape)
        start += leaf.size
    return params


def train_lbfgs(params, images, targets, steps=120):
    """Full-batch training: SciPy gets the value and the gradient from one call."""
    curve = []

    def objective(flat):
        value, d_params = loss_and_grad(unflatten(flat, params), images, targets)
        return value, flatten(d_params)

    def progress(intermediate_result):
        curve.append(float(intermediate_result.fun))
        if len(curve) % 20 == 0:
            print(f"  iteration {len(curve):4}   loss {curve[-1]:.5f}")

    found = minimize(
        objective, flatten(params), jac=True, method="L-BFGS-B", callback=progress, options={"maxiter": steps}
    )
    return unflatten(found.x, params), curve


def train_sgd(params, images, targets, epochs=40, batch=32, rate=0.5):
    """Mini-batches and the bare gradient."""
    curve = []
    rng = np.random.default_rng(2)
    for epoch in range(epochs):
        order = rng.permutation(len(images))
        for start in range(0, len(images), batch):
            rows = order[start : start + batch]
            d_params = loss_grad(params, images[rows], targets[rows])
            params = {name: leaf - rate * d_params[name] for name, leaf in params.items()}
        curve.append(float(loss(params, images, targets)))
        if (epoch + 1) % 10 == 0:
            print(f"  epoch {epoch + 1:4}   loss {curve[-1]:.5f}")
    return params, curve


def save_curves(path, lbfgs, sgd):
    from matplotlib.figure import Figure  # only here: training needs no plots

    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.semilogy(range(1, len(lbfgs) + 1), lbfgs, label="L-BFGS (iterations)")
    axes.semilogy(range(1, len(sgd) + 1), sgd, label="SGD (epochs)")
    axes.set_xlabel("step")
    axes.set_ylabel("training loss")
    axes.set_title("Two-layer network on handwritten digits")
    axes.legend()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description="Train a NumPy network with a gradient made by adgen.")
    parser.add_argument("--out", type=Path, default=HERE, help="folder for digits.png (default: beside this file)")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    begin = time.perf_counter()

    images, labels = load_digits()
    targets = np.eye(10)[labels]
    params = start_params()

    few = (params, images[:8], targets[:8])
    loss_grad(*few)
    print(loss_grad.source)
    adgen.check_grads(loss, few, order=1)
    print("The gradient agrees with differences.\n")

    accuracies = {}
    curves = {}
    for name, train in {"L-BFGS": train_lbfgs, "SGD": train_sgd}.items():
        print(name)
        trained, curves[name] = train(params, images[:TRAIN], targets[:TRAIN])
        accuracies[name] = accuracy(trained, images[TRAIN:], labels[TRAIN:])
        print(f"  held-out accuracy {accuracies[name]:.2%}\n")

    save_curves(out / "digits.png", curves["L-BFGS"], curves["SGD"])
    print(f"Saved {out / 'digits.png'}; {time.perf_counter() - begin:.1f} s in all.")
    if min(accuracies.values()) < 0.96:
        raise SystemExit("Accuracy is below 96 %: something is wrong.")


if __name__ == "__main__":
    main()
