"""Programs that are hard to differentiate: each is right, or refused with a place and a reason, as its table says.

A refusal in the table that has become right is no failure.
"""

from __future__ import annotations

import pytest

from tests.nasty import aliases, branches, functions, inplace, layout, loops, names, scalars, special, structures
from tests.nasty.classify import classify
from tests.nasty.table import CASES

THEMES = (aliases, branches, functions, inplace, layout, loops, names, scalars, special, structures)


@pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
def test_verdict(case):
    if case.verdict.startswith("wrong"):
        pytest.xfail(case.verdict)
    assert classify(case) in ("right", case.verdict)


def test_every_theme_is_there():
    assert {c.function.__module__ for c in CASES} == {t.__name__ for t in THEMES}
