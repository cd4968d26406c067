"""Which constructs random programs have, and how often: they are only written here, not run."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.random_constructs import CONSTRUCTS
from tests.random_language import LANGUAGE
from tests.random_more import MORE
from tests.random_programs import WEIGHTS, attempt
from tests.random_rest import REST


@pytest.mark.parametrize("count, least", [(250, 0.004), pytest.param(2500, 0.02, marks=pytest.mark.slow)])
def test_programs_have_every_construct(count, least):
    """`least` of the programs have it; of few programs fewer, as chance will have it."""
    seen, statements = Counter(), 0
    for seed in range(count):
        p = attempt(seed, 0, WEIGHTS)
        seen.update(p.constructs)
        statements += p.statements
    assert statements / count >= 12
    assert not {c: seen[c] / count for c in (*LANGUAGE, *CONSTRUCTS, *MORE, *REST) if seen[c] < least * count}
