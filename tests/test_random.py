"""Random programs: gradients against differences, and the generator itself."""

from __future__ import annotations

import os
from collections import Counter

import numpy as np
import pytest

from tests import numeric
from tests.random_constructs import CONSTRUCTS
from tests.random_language import LANGUAGE
from tests.random_more import MORE
from tests.random_programs import Program, check, check_second, generate, load, report, shrunk, unfit
from tests.random_rest import REST

COUNT = int(os.environ.get("ADGEN_RANDOM", "96"))
CHUNKS = 6
SAMPLE = 300  # programs whose constructs are counted


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_gradients_agree_with_differences(chunk):
    seeds = range(chunk, COUNT, CHUNKS)
    refused = Counter()
    for seed in seeds:
        p = generate(seed)
        outcome = check(p)
        if outcome.verdict == "wrong":
            pytest.fail(report(p, outcome, small=True), pytrace=False)
        if outcome.verdict == "refused":
            refused[outcome.reason] += 1
    # 2 % of all; a chunk is small, so it may have one or two more.
    assert sum(refused.values()) <= 2 + 0.02 * len(seeds), refused.most_common()


@pytest.mark.slow
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_derivatives_of_gradients_agree_with_differences(chunk):
    for seed in range(20_000 + chunk, 20_000 + COUNT, CHUNKS):
        p = generate(seed)
        outcome = check_second(p)
        if outcome.verdict == "wrong":
            pytest.fail(report(p, outcome, small=True), pytrace=False)


@pytest.mark.slow
def test_programs_are_as_large_and_varied_as_they_should_be():
    seen, statements = Counter(), 0
    for seed in range(SAMPLE):
        p = generate(seed)
        seen.update(p.constructs)
        statements += p.statements
    assert statements / SAMPLE >= 12
    # How often of many that are only written: tests/test_random_table.py.
    assert not {*LANGUAGE, *CONSTRUCTS, *MORE, *REST} - seen.keys()


def test_generation_is_deterministic():
    for seed in (0, 17, 123):
        p, q = generate(seed), generate(seed)
        assert p.source == q.source
        assert numeric.equal(p.args, q.args)
        assert numeric.equal(p.function()(*p.arguments()), q.function()(*q.arguments()))


def test_differences_are_exact_where_the_derivative_is_known():
    def f(x, u, d, n):
        return x**n * np.sum(np.sin(u)) * d["a"]

    args = (1.3, np.array([0.2, -0.7]), {"a": 2.0, "tag": "t"}, 3)
    total = np.sum(np.sin(args[1]))
    exact = (3 * 1.3**2 * total * 2, 1.3**3 * 2 * np.cos(args[1]), {"a": 1.3**3 * total, "tag": None}, None)
    assert numeric.close(numeric.gradient(f, args), exact, rtol=1e-9)
    numeric.assert_gradient(f, exact, args)
    wrong = (exact[0], exact[1] * np.array([1.0, 1.001]), exact[2], None)
    with pytest.raises(AssertionError, match="directional derivative"):
        numeric.assert_gradient(f, wrong, args)
    assert numeric.mismatch(exact, args) == ""
    assert "(2,)" in numeric.mismatch((exact[0], np.zeros(3), exact[2], None), args)


def test_kinks_are_noticed():
    source = "def program(x, u):\n    return abs(x - 0.25) + u.sum()\n"
    assert unfit(Program(0, source, "program", (0.25, np.ones(2)), set(), 1)) == "rough"
    assert unfit(Program(0, source, "program", (0.75, np.ones(2)), set(), 1)) == ""


def test_shrinking_keeps_what_fails():
    p = generate(5)
    body, end, result = p.source.rpartition("\n    return")
    source = f"{body}\n    q = 0.5 * np.cosh(u[0]) + 2.0{end}{result}"
    p = Program(p.seed, source, p.name, p.args, p.constructs, p.statements)
    small = shrunk(p, lambda q: "np.cosh" in q.source)
    assert "np.cosh(u[0])" in small.source
    assert len(small.source.splitlines()) < len(source.splitlines())
    load(small.source, "program", "small")(*p.arguments())
