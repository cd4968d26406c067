"""Every rule as compiled: each row's samples through `vjp`, `jvp`, `value_and_grad` and the gradient of the gradient.

By default the samples of a row share the aspects between them; with `ADGEN_WALK=full` every sample meets every
aspect. `python -m tests.registry_report` prints what comes out, row by row.
"""

from __future__ import annotations

import os
from typing import Any

import pytest

from adgen.frontend.source import find_source
from adgen.rules.registry import REGISTRY
from tests.compiled import ASPECTS, RIGHT, build, cases, check, complex_variants
from tests.rule_walk import DIFFERENTIABLE

pytestmark = pytest.mark.slow

FULL = os.environ.get("ADGEN_WALK") == "full"
OWN_ROWS = list(REGISTRY.rows())  # as imported: examples in docstrings add rules of users
ROWS = [row.name for row in OWN_ROWS if row.kind in DIFFERENTIABLE and row.samples]

# What is refused, and why that is right (or not done yet).
REFUSED: dict[tuple[str, str], str] = {
    ("second", "np.split"): "the pieces are views of what the gradient writes",
    ("second", "np.array_split"): "the pieces are views of what the gradient writes",
    ("second", "np.meshgrid"): "before NumPy 2 it gives a list, of what the gradient writes",
    ("second", "np.vander"): "of one column: its derivative has none",
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("aspect", ASPECTS)
def test_row(name: str, aspect: str) -> None:
    row = REGISTRY.named(name)
    smooth = [k for k, s in enumerate(row.samples) if not s.kink] or [0]
    numbers = range(len(row.samples)) if FULL else range(min(len(row.samples), 4)) if aspect == "first" else smooth[:1]
    for k in numbers:
        verdict = check(build(row, row.samples[k], k), ASPECTS[aspect])
        if verdict.startswith("refused") and (aspect, name) in REFUSED:
            continue
        if (aspect, name) in STEEP:
            continue
        assert verdict == RIGHT, f"{name}, sample {k}: {verdict}"


# Too steep for differences where the composite takes it; its slope is checked in the other aspects.
STEEP = {("composite", "scipy.stats.levy.ppf")}

# Their complex vectors have a phase that is not determined: NaN (tests/test_degenerate.py).
PHASES = ("np.linalg.eigh", "np.linalg.svd", "scipy.linalg.eigh", "scipy.linalg.svd")


@pytest.mark.parametrize("name", [name for name in ROWS if name not in PHASES])
def test_complex_arguments(name: str) -> None:
    """What a function takes of complex numbers has a right gradient, or none."""
    row = REGISTRY.named(name)
    smooth = [k for k, s in enumerate(row.samples) if not s.kink]
    for k in smooth if FULL else smooth[:2]:
        for case in complex_variants(build(row, row.samples[k], k)):
            verdict = check(case, ASPECTS["first"])
            assert not verdict.startswith("wrong"), f"{case.label}: {verdict}"


def test_rows_have_samples_of_both_kinds() -> None:
    """The walk covers the table: few rows are without samples."""
    assert len(ROWS) > 150
    assert sum(1 for _ in cases()) > 800


def test_each_partial_is_read_as_it_runs() -> None:
    """Several lambdas stand on one line: each is found, also where its code is only a constant."""

    def says(code: Any) -> tuple[Any, ...]:
        return {*code.co_names, *code.co_freevars}, repr([k for k in code.co_consts if k is not None])

    wrong = []
    for row in OWN_ROWS:
        for p, rule in (*row.partials.items(), *row.vjp.items(), *row.jvp.items()):
            if p != "*" and rule.__name__ == "<lambda>":
                text = find_source(rule).text.strip()
                if says(eval(text).__code__) != says(rule.__code__):
                    wrong.append((row.name, p, text))
    assert wrong == []
