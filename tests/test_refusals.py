"""Every refusal has an entry: a program that gets its message, and one to write instead. Both are run here."""

from __future__ import annotations

import ast
import contextlib
import io
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import adgen
from tests.refusal_entries import PAGE, entries, page, run

POINT = np.array([0.7, 1.3, 2.1])
ENTRIES = entries()
each = pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: e.message.replace("\n", " ")[:60])
# Not for users: faults of adgen, the table of rules that contributors write.
APART = ("InternalError",)
OURS = ("rules/declare.py",)
# What is refused where no program is known that comes there.
UNREACHED = (
    "frontend/source.py: f'{name} has no source to differentiate'",  # tests/test_source.py asks for it
    "infer/control/iteration.py: 'the types in this loop do not settle'",
    "infer/api/derivatives.py: f'a call of the gradient of a method of {type(df.receiver).__name__} here'",
    "transform/cotangents.py: 'a second derivative through an object in a list that only one path takes from it'",
)


@each
def test_refused(entry):
    with pytest.raises(adgen.AdgenError) as caught, contextlib.redirect_stdout(io.StringIO()):
        f = run(entry, refused=True)
        if f is not None:
            adgen.grad(f)(POINT.copy())
    assert re.fullmatch(entry.pattern, caught.value.what, re.S), caught.value.what


@each
def test_instead(entry):
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f = run(entry, refused=False)
        if f is None:
            return
        gradient = adgen.grad(f)(POINT.copy())
        h = 1e-6
        slopes = [(f(POINT + h * v) - f(POINT - h * v)) / (2 * h) for v in np.eye(3)]
    assert np.allclose(gradient, slopes, rtol=1e-4, atol=1e-6)


def test_page_is_current():
    assert page() == PAGE.read_text(), "run `python -m tests.refusal_entries`"


def find_sites():
    """Yield each message that the source can give, with a pattern for its text."""
    root = Path(adgen.__file__).parent
    for path in sorted(root.rglob("*.py")):
        where = path.relative_to(root).as_posix()
        if where in OURS:
            continue
        text = path.read_text()
        if "what=" not in text and "Poison(" not in text:
            continue
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            given = {k.arg: k.value for k in node.keywords}
            what = given.get("what") or (node.args[0] if name == "Poison" and node.args else None)
            if what is None or name in APART or not (name.endswith("Error") or name == "Poison"):
                continue
            pattern = ""
            for part in what.values if isinstance(what, ast.JoinedStr) else [what]:
                pattern += re.escape(part.value) if isinstance(part, ast.Constant) else ".*"
            if re.search("[a-z]{3}", pattern):
                yield f"{where}: {ast.unparse(what)}", pattern


def test_every_refusal_has_an_entry():
    """A new refusal needs an entry in tests/refusals."""
    messages = [e.message for e in ENTRIES]
    lacking = [site for site, pattern in find_sites() if not any(re.fullmatch(pattern, m, re.S) for m in messages)]
    assert sorted(set(lacking) - set(UNREACHED)) == [], "new refusals without an entry"
    assert sorted(set(UNREACHED) - set(lacking)) == [], "these have an entry now"
