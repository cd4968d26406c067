"""What the tests hold of each construct: how many programs that use it are right, and how many refused.

`python -m tests.language_report` writes the table of `docs/language.md` anew.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import textwrap
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import tests.language
import tests.nasty
from tests.language.table import PROGRAMS, REFUSED

PAGE = Path(__file__).resolve().parent.parent / "docs" / "language.md"
BEGIN, END = "<!-- from the tests: begin -->\n", "<!-- from the tests: end -->\n"

Test = Callable[[ast.AST], bool]


def is_a(*kinds: type[ast.AST]) -> Test:
    return lambda n: isinstance(n, kinds)


def calls(*names: str) -> Test:
    """Match calls of a function or method by one of these names."""

    def test(n: ast.AST) -> bool:
        if not isinstance(n, ast.Call):
            return False
        return (n.func.attr if isinstance(n.func, ast.Attribute) else getattr(n.func, "id", "")) in names

    return test


def stored(n: ast.AST) -> bool:
    return isinstance(n, ast.Subscript) and isinstance(n.ctx, ast.Store)


def _parts(n: ast.Subscript) -> list[ast.expr]:
    return list(n.slice.elts) if isinstance(n.slice, ast.Tuple) else [n.slice]


def has_keyword(name: str) -> Test:
    return lambda n: isinstance(n, ast.Call) and any(k.arg == name for k in n.keywords)


CONSTRUCTS: dict[str, Test] = {
    "tuple unpacking": lambda n: isinstance(n, (ast.Tuple, ast.List)) and isinstance(n.ctx, ast.Store),
    "starred unpacking": lambda n: isinstance(n, ast.Starred) and isinstance(n.ctx, ast.Store),
    "`:=`": is_a(ast.NamedExpr),
    "augmented assignment": is_a(ast.AugAssign),
    "`del`": is_a(ast.Delete),
    "`if`": is_a(ast.If),
    "conditional expression": is_a(ast.IfExp),
    "`for`": is_a(ast.For),
    "`while`": is_a(ast.While),
    "`else` of a loop": lambda n: isinstance(n, (ast.For, ast.While)) and bool(n.orelse),
    "`break`": is_a(ast.Break),
    "`continue`": is_a(ast.Continue),
    "`return` inside of a loop": lambda n: is_a(ast.For, ast.While)(n) and any(map(is_a(ast.Return), ast.walk(n))),
    "`match`": is_a(ast.Match),
    "`try`": is_a(ast.Try),
    "`finally`": lambda n: isinstance(n, ast.Try) and bool(n.finalbody),
    "`raise`": is_a(ast.Raise),
    "`assert`": is_a(ast.Assert),
    "`with`": is_a(ast.With),
    "comprehension": is_a(ast.ListComp, ast.DictComp, ast.SetComp),
    "generator expression": is_a(ast.GeneratorExp),
    "`yield`": is_a(ast.Yield, ast.YieldFrom),
    "lambda": is_a(ast.Lambda),
    "`nonlocal`": is_a(ast.Nonlocal),
    "`global`": is_a(ast.Global),
    "`*args` in a call": lambda n: isinstance(n, ast.Call) and any(isinstance(a, ast.Starred) for a in n.args),
    "`**kwargs` in a call": lambda n: isinstance(n, ast.Call) and any(k.arg is None for k in n.keywords),
    "f-string": is_a(ast.JoinedStr),
    "`is None`": lambda n: isinstance(n, ast.Compare) and any(getattr(c, "value", ...) is None for c in n.comparators),
    "element or slice write": stored,
    "slice": is_a(ast.Slice),
    "mask": lambda n: isinstance(n, ast.Subscript) and any(isinstance(p, (ast.Compare, ast.Invert)) for p in _parts(n)),
    "list of places": lambda n: isinstance(n, ast.Subscript) and any(isinstance(p, ast.List) for p in _parts(n)),
    "`append`, `extend`, `insert`, `pop`": calls("append", "extend", "insert", "pop"),
    "dict": is_a(ast.Dict),
    "`items`, `keys`, `values`": calls("items", "keys", "values"),
    "`enumerate`, `zip`, `reversed`": calls("enumerate", "zip", "reversed"),
    "`sorted`, `sort`": calls("sorted", "sort"),
    "`out=`": has_keyword("out"),
    "`where=`": has_keyword("where"),
    "`reshape`, `ravel`, `T`": lambda n: calls("reshape", "ravel")(n) or getattr(n, "attr", "") == "T",
    "attribute write": lambda n: isinstance(n, ast.Attribute) and isinstance(n.ctx, ast.Store),
}  # fmt: skip


@cache
def programs() -> tuple[tuple[Any, str], ...]:
    """Return the programs of the tests with what becomes of them: "right" or "refused"."""
    for package in (tests.language, tests.nasty):
        for module in pkgutil.iter_modules(package.__path__):
            importlib.import_module(f"{package.__name__}.{module.name}")
    found = [(f, "right") for f in PROGRAMS] + [(f, "refused") for f, _ in REFUSED]
    found += [(c.function, c.verdict.partition(":")[0]) for c in tests.nasty.table.CASES]
    return tuple(found)


def table() -> str:
    """Return the table in Markdown."""
    counts = {name: {"right": 0, "refused": 0} for name in CONSTRUCTS}
    for fn, verdict in programs():
        if verdict not in ("right", "refused"):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(fn))).body[0].body  # type: ignore[attr-defined]
        nodes = [n for s in body for n in ast.walk(s)]
        for name, test in CONSTRUCTS.items():
            counts[name][verdict] += any(map(test, nodes))
    lines = ["| construct | right | refused |", "| --- | --: | --: |"]
    lines += [f"| {name} | {n['right']} | {n['refused']} |" for name, n in counts.items()]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """Return the page's text with the table as it should be."""
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{table()}\n{END}{rest.split(END)[1]}"


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text()))
