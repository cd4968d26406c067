"""Every public name of the installed NumPy, of math, cmath, operator and the builtins is classified."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from adgen.rules.classes import CLASSES, NO_SENSE, NOT_YET, RULE, names, page
from adgen.rules.load import load_rules

load_rules()
ROWS = list(names())


def test_every_name_is_in_a_class() -> None:
    assert [f"{module}.{name}" for module, name, c, _ in ROWS if c not in CLASSES] == []


def test_reasons_are_given() -> None:
    """What has no derivative says why, and nothing else does."""
    for module, name, c, reason in ROWS:
        assert bool(reason) == (c in (NO_SENSE, NOT_YET)) or c == "in place", f"{module}.{name}"


def test_most_names_have_rules() -> None:
    assert sum(c == RULE for _, _, c, _ in ROWS) >= 400


@pytest.mark.skipif(
    np.__version__.split(".")[:2] != ["2", "4"] or sys.version_info[:2] != (3, 11), reason="names differ by version"
)
def test_page_is_up_to_date() -> None:
    """`python -m adgen.rules.classes > docs/numpy.md` makes the page."""
    path = Path(__file__).parent.parent / "docs" / "numpy.md"
    assert path.read_text() == page()
