"""Each row of the tables of programs in docs/from-tensorflow.md runs: the middle cell prints the right one."""

import re
from pathlib import Path

import pytest

from tests.test_docs import FENCE, assert_prints

PAGE = Path(__file__).resolve().parents[1] / "docs" / "from-tensorflow.md"


def find_rows():
    rows, inside = [], False
    for number, line in enumerate(PAGE.read_text().splitlines(), 1):
        cells = [c.strip() for c in line.strip("|").split(" | ")] if line.startswith("|") else []
        inside = bool(cells) and (inside or cells[1:] == ["adgen", "gives"])
        if inside and len(cells) == 3 and cells[1] != "adgen" and not cells[0].startswith("---"):
            code, printed = (re.findall(r"`([^`]*)`", c) for c in cells[1:])
            rows.append(pytest.param("\n".join(code) + "\n", "\n".join(printed) + "\n", id=f"line{number}"))
    return rows


@pytest.mark.parametrize(("code", "printed"), find_rows())
def test_row(code, printed, tmp_path, monkeypatch, capsys):
    prelude = next(m["text"] for m in FENCE.finditer(PAGE.read_text()) if m["info"].strip() == "python")
    file = tmp_path / "row.py"
    file.write_text(prelude + code)
    monkeypatch.setenv("ADGEN_CACHE_DIR", str(tmp_path))
    space = {"__name__": "row"}
    exec(compile(prelude + code, str(file), "exec"), space)
    assert_prints(capsys.readouterr().out, printed, code)


def test_there_are_rows():
    assert len(find_rows()) > 20
