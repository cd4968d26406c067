"""What adgen refuses: for each message a program that gets it, and the program to write instead.

The entries stand in `tests/refusals/*.txt`, blocks with a blank line between them: the message (`…` stands for
anything), then lines that begin with `-` (the body of a function of an array x that is refused), `+` (what to write
instead), `=` (what stands at the top of the module), or, where a call of adgen is refused, `%` and `*` (scripts), or
`$` and `>` (commands, for which the top of the module is `program.py`).
`python -m tests.refusal_entries` writes `docs/refusals.md` anew.
"""

from __future__ import annotations

import linecache
import re
import shlex
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

import adgen
from adgen.cli import _make_parser

FOLDER = Path(__file__).parent / "refusals"
PAGE = Path(__file__).resolve().parent.parent / "docs" / "refusals.md"
HEAD = """# Every refusal

Each message of adgen, with a program that gets it and the program to write instead; the tests run both. Lines are the
body of a function of an array `x` that `adgen.grad` differentiates; from `def f` on they are a script.
[Errors](errors.md) lists the classes and codes.
"""
RATE = 2.0
NUMBER = count()
ORDER = ("language", "containers", "arrays", "objects", "functions", "usage")


@dataclass(frozen=True)
class Entry:
    message: str
    top: tuple[str, ...]
    refused: tuple[str, ...]
    instead: tuple[str, ...]
    scripts: tuple[bool, bool]  # whether they are scripts, or the body of a function of x
    commands: bool = False

    @property
    def pattern(self) -> str:
        return ".*".join(map(re.escape, self.message.split("…")))


def read(name: str) -> tuple[str, list[Entry]]:
    """Return the title of a group and its entries."""
    title, *blocks = (FOLDER / f"{name}.txt").read_text().strip().split("\n\n")
    found = []
    for block in blocks:
        message, *lines = block.splitlines()
        parts: dict[str, list[str]] = {mark: [] for mark in "=-+%*$>"}
        for line in lines:
            parts[line[0]].append(line[2:])
        refused, instead = parts["-"] or parts["%"] or parts["$"], parts["+"] or parts["*"] or parts[">"]
        assert refused and instead, f"{message}: no program, or nothing to write instead"
        scripts = bool(parts["%"]), bool(parts["*"])
        found.append(Entry(message, tuple(parts["="]), tuple(refused), tuple(instead), scripts, bool(parts["$"])))
    return title.removeprefix("# "), found


def entries() -> list[Entry]:
    return [entry for name in ORDER for entry in read(name)[1]]


def run(entry: Entry, refused: bool) -> Callable[[Any], Any] | None:
    """Run a script, or return the function that the lines are the body of, as if they stood in a file."""
    lines, script = (entry.refused, entry.scripts[0]) if refused else (entry.instead, entry.scripts[1])
    if entry.commands:
        run_commands(entry.top, lines)
        return None
    file = f"<refusal {next(NUMBER)}>"
    head = [*entry.top, ""]
    body = list(lines) if script else ["def f(x):", *(f"    {line}" for line in lines)]
    text = "\n".join([*head, *body, ""])
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space = {"__name__": __name__, "np": np, "adgen": adgen, "x": np.array([0.7, 1.3, 2.1])}
    exec(compile(text, file, "exec"), space)
    return None if script else space["f"]


def run_commands(module: tuple[str, ...], lines: tuple[str, ...]) -> None:
    """Run commands; what adgen refuses comes out as its error."""
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "program.py"
        program.write_text("\n".join([*module, ""]))
        for line in lines:
            _, *words = shlex.split(line.replace("program.py", str(program)))
            options = _make_parser().parse_args(words)
            options.run(options)


def table(name: str) -> str:
    title, found = read(name)
    lines = [f"## {title}", "", "| message | program | instead |", "| --- | --- | --- |"]
    for entry in found:
        cells = []
        for code in (entry.refused, entry.instead):
            cells.append(" ".join(f"`{line}`" for line in code).replace("|", "\\|"))
        top = " ".join(f"`{line}`" for line in entry.top if line)
        message = entry.message.replace("|", "\\|")
        lines.append(f"| {message} | {cells[0]} | {cells[1]}{f' (with {top} above)' if top else ''} |")
    return "\n".join([*lines, ""])


def page() -> str:
    """Return docs/refusals.md as the entries make it."""
    return "\n".join([HEAD, *map(table, ORDER)])


if __name__ == "__main__":
    PAGE.write_text(page())
