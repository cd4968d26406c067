"""Every program and every `adgen` command in README.md, docs/ and docstrings runs and prints what stands there.

In a page, blocks marked `python` run in order in one namespace. A `text` block right after one is what it prints, `...`
standing for anything. A block marked `python raises` must end in an error of adgen, and the `text` after it is the
message. A block whose first line is `# name.py` is also written to that file. In `sh` blocks, lines that start with
`adgen` run in the same folder and must exit with 0.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import os
import pkgutil
import re
import shlex
import shutil
import sys
import types
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import adgen
from adgen import cli, errors
from tests import language_report, numeric

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", ROOT / "benchmarks" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: os.fspath(page.relative_to(ROOT)))


@dataclass
class Block:
    info: str
    text: str
    line: int  # of its first line in the page, from 0
    after: bool  # nothing but blank lines stands between it and the block before


def find_blocks(page):
    text = page.read_text()
    blocks, end = [], 0
    for match in FENCE.finditer(text):
        line = text.count("\n", 0, match.start("text"))
        blocks.append(Block(match["info"].strip(), match["text"], line, not text[end : match.start()].strip()))
        end = match.end()
    return blocks


def expected_output(blocks, position):
    """The text block right after the block at `position`, if there is one."""
    following = blocks[position + 1 : position + 2]
    return following[0].text if following and following[0].info == "text" and following[0].after else None


def assert_prints(found, expected, where):
    checker = doctest.OutputChecker()
    if not checker.check_output(expected, found, doctest.ELLIPSIS):
        example = doctest.Example("", expected)
        pytest.fail(f"{where}\n{checker.output_difference(example, found, doctest.ELLIPSIS)}", pytrace=False)


class Page:
    """One page on its way: a module that its programs run in and a folder that its commands run in."""

    def __init__(self, page, folder):
        self.page = page
        self.folder = folder
        self.blocks = find_blocks(page)
        self.module = types.ModuleType(f"page_{page.stem.replace('-', '_')}")
        # All programs in one file, at the lines where they stand in the page: adgen reads sources from files.
        self.file = folder / f"{self.module.__name__}.py"
        lines = [""] * (page.read_text().count("\n") + 1)
        for block in self.blocks:
            if block.info.startswith("python"):
                code = block.text.splitlines()
                lines[block.line : block.line + len(code)] = code
        self.file.write_text("\n".join(lines) + "\n")
        self.module.__file__ = os.fspath(self.file)

    def run(self):
        for position, block in enumerate(self.blocks):
            where = f"{self.page.name}, line {block.line + 1}"
            if block.info in {"python", "python raises"}:
                found = self.run_program(block)
            elif block.info == "sh":
                found = self.run_commands(block, where)
            else:
                continue
            expected = expected_output(self.blocks, position)
            if expected is not None:
                assert_prints(found, expected, where)

    def run_program(self, block):
        first = re.match(r"# (\w+\.py)\n", block.text)
        if first:
            (self.folder / first[1]).write_text(block.text)
        code = compile("\n" * block.line + block.text, os.fspath(self.file), "exec")
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            if block.info == "python":
                exec(code, self.module.__dict__)
            else:
                with pytest.raises(adgen.AdgenError) as caught:
                    exec(code, self.module.__dict__)
                print(caught.value)
        return printed.getvalue()

    def run_commands(self, block, where):
        printed = ""
        for line in block.text.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] != ["adgen"]:
                continue
            out, err = io.StringIO(), io.StringIO()
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                status = cli.main(words[1:])
            assert status == 0, f"{where}: {line}\n{err.getvalue()}"
            printed += out.getvalue()
        return printed


@each_page
def test_programs_and_commands(page, tmp_path, monkeypatch):
    monkeypatch.setenv("ADGEN_CACHE_DIR", os.fspath(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", os.fspath(ROOT))
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    running = Page(page, tmp_path)
    monkeypatch.setitem(sys.modules, running.module.__name__, running.module)
    running.run()


@each_page
def test_every_output_is_compared(page):
    """A `text` block that stands apart from a program would not be looked at."""
    blocks = find_blocks(page)
    for before, block in zip([None, *blocks], blocks):
        if block.info == "text":
            assert block.after and before is not None and before.info != "text", f"line {block.line + 1}"


def find_rows(title):
    """Return the programs in a table of docs/language.md: code spans are lines."""
    text = (ROOT / "docs" / "language.md").read_text()
    section = text.split(f"\n## {title}\n")[1].split("\n## ")[0]
    rows = [line.split(" | ") for line in section.splitlines() if line.startswith("| ")][2:]
    return [pytest.param(re.findall(r"`([^`]+)`", row[1]), id=row[0].strip("| ")) for row in rows]


def make_function(lines, folder):
    file = folder / "row.py"
    file.write_text("import numpy as np\n\n\ndef f(x):\n" + "".join(f"    {line}\n" for line in lines))
    space = {"__name__": "row"}
    exec(compile(file.read_text(), os.fspath(file), "exec"), space)
    return space["f"]


@pytest.mark.parametrize("lines", find_rows("Right"))
def test_right_constructs(lines, tmp_path):
    f, x = make_function(lines, tmp_path), np.array([1.1, 1.7, 2.3])
    gradient = adgen.grad(f)(x.copy())
    numeric.assert_gradient(f, (gradient,), (x,), rtol=1e-3 if "float32" in lines[0] else 1e-6)


@pytest.mark.parametrize("lines", find_rows("Refused"))
def test_refused_constructs(lines, tmp_path):
    f, x = make_function(lines, tmp_path), np.array([1.1, 1.7, 2.3])
    with pytest.raises(adgen.AdgenError) as caught:
        adgen.grad(f)(x)
    assert "row.py" in str(caught.value)


def test_table_of_the_language_is_current():
    """`python -m tests.language_report` writes it anew."""
    text = language_report.PAGE.read_text()
    assert language_report.with_table(text) == text


@each_page
def test_links(page):
    for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@each_page
def test_blocks_are_marked(page):
    assert {block.info for block in find_blocks(page)} <= {"python", "python raises", "text", "sh", "{toctree}"}


def test_every_error_has_its_section():
    headings = re.findall(r"^## (.*)$", (ROOT / "docs" / "errors.md").read_text(), re.MULTILINE)
    classes = [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.AdgenError)]
    expected = {f"{one.code} {one.__name__}" for one in classes if one is not errors.AdgenError}
    assert expected == set(headings)
    assert len({one.code for one in classes}) == len(classes)


def test_index_lists_every_page():
    listed = next(block.text for block in find_blocks(ROOT / "docs" / "index.md") if block.info == "{toctree}")
    pages = {page.stem for page in (ROOT / "docs").glob("*.md")} - {"index"}
    assert pages == set(listed.split("\n\n")[1].split())


def test_readme_commands_are_the_ones_that_are_checked():
    script = (ROOT / ".ci" / "run").read_text()
    readme = (ROOT / "README.md").read_text()
    assert 'pip install -e ".[test]" && pytest' in readme
    assert 'pip install --quiet -e ".[test]" && pytest' in script
    assert 'pip install ".[examples]" && python examples/digits.py' in readme
    assert "pip install --quiet '.[examples]' && python examples/digits.py" in script


def test_public_names_have_docstrings():
    assert sorted(set(adgen.__all__)) == sorted(adgen.__all__)
    for name in adgen.__all__:
        value = getattr(adgen, name)
        if callable(value):
            assert (value.__doc__ or "").strip(), f"adgen.{name} has no docstring"


MODULES = [
    "adgen",
    *(found.name for found in pkgutil.walk_packages(adgen.__path__, "adgen.") if not found.name.endswith("__main__")),
]


@pytest.mark.parametrize("name", MODULES)
def test_docstrings(name, tmp_path, monkeypatch):
    monkeypatch.setenv("ADGEN_CACHE_DIR", os.fspath(tmp_path))  # some count what is in it
    module = importlib.import_module(name)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0, printed.getvalue()


def test_the_page_on_the_compiler_names_every_file():
    page = (ROOT / "docs" / "architecture.md").read_text()
    files = [f for f in (ROOT / "adgen").rglob("*.py") if f.parent.name != "rules"]  # those are in `rules/load.py`
    lacking = {f.name for f in files if not re.search(rf"(?<!\w){re.escape(f.name)}", page)}
    assert lacking == {"__init__.py", "version.py"}
