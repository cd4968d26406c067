"""In docs/from-tensorflow.md: every row of the tables of expressions has the value in its right column."""

from __future__ import annotations

import builtins
import re
import sys

import numpy as np
import pytest

import adgen
from tests.test_docs import ROOT, Page

PAGE = ROOT / "docs" / "from-tensorflow.md"
HEADER = ["TensorFlow", "adgen", "value"]


def rows():
    """Return (line number from 0, cells) for each row."""
    found, inside = [], False
    for k, line in enumerate(PAGE.read_text().splitlines()):
        cells = [c.strip() for c in re.split(r"(?<!\\)\|", line)[1:-1]]
        inside = bool(cells) and (inside or cells == HEADER)
        if inside and cells != HEADER and not set(line) <= set("|- "):
            found.append((k, cells))
    return found


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    page = Page(PAGE, tmp_path_factory.mktemp("tensorflow"))
    lines = page.file.read_text().splitlines()
    for k, cells in rows():  # lambdas in the rows are functions of this file
        lines[k] = f"rows[{k}] = lambda: ({cells[1].strip('`')})"
    page.file.write_text("\n".join(lines[: rows()[-1][0] + 1]) + "\n")
    page.module.rows = {}
    sys.modules[page.module.__name__] = page.module
    exec(compile(page.file.read_text(), str(page.file), "exec"), page.module.__dict__)
    yield page.module.__dict__
    del sys.modules[page.module.__name__]


def test_the_tables_are_found():
    assert len(rows()) > 30


def same(found, expected):
    if isinstance(expected, (tuple, list)) and not isinstance(found, np.ndarray):
        return type(found) is type(expected) and all(map(same, found, expected)) and len(found) == len(expected)
    if isinstance(expected, str) or expected is None or found is None:
        return found == expected
    return np.shape(found) == np.shape(expected) and np.allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize(("line", "cells"), rows(), ids=[r[1][0][:40] for r in rows()])
def test_row(names, line, cells):
    run, expected = names["rows"][line], cells[2].strip("`")
    error = re.match(r"(\w+Error): (.*)", expected)
    if error is None:
        found = run()
        assert same(found, eval(expected, names)), found
        return
    kind = getattr(adgen, error[1], None) or getattr(builtins, error[1])
    with pytest.raises(kind, match=re.escape(error[2])):
        run()
