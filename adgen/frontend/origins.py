"""Where a piece of syntax stands in its file, and how it reads on one line."""

from __future__ import annotations

import io
import tokenize
from typing import Any

from adgen.frontend.source import Source
from adgen.ir.nodes import Origin

_HEADERS = {"If": "test", "While": "test", "For": "iter", "AsyncFor": "iter", "Match": "subject"}


class Locator:
    """Makes the origins of one function."""

    def __init__(self, source: Source, function: str) -> None:
        self.source = source
        self.ascii = all(map(str.isascii, source.lines))
        self.function = function

    def statement(self, node: Any) -> Origin:
        """Return the origin of a statement; of a compound one, of its header."""
        line, col = self._point(node.lineno, node.col_offset)
        end_line, end_col = self._point(*self._header_end(node))
        text = self.text(line, col, end_line, end_col)
        comments = self._comments_above(line, col) if self.source.comments else ()
        return Origin(self.source.file, line, col, end_line, end_col, text, self.function, comments)

    def expression(self, node: Any, text: str) -> Origin:
        """Return the origin of a part of the statement that reads `text`."""
        line, col = self._point(node.lineno, node.col_offset)
        end_line, end_col = self._point(node.end_lineno, node.end_col_offset)
        return Origin(self.source.file, line, col, end_line, end_col, text, self.function)

    def segment(self, node: Any) -> str:
        """Return the text of a node on one line."""
        start = self._point(node.lineno, node.col_offset)
        return self.text(*start, *self._point(node.end_lineno, node.end_col_offset))

    def text(self, line: int, col: int, end_line: int, end_col: int) -> str:
        """Return a piece of the source, columns in characters, joined to one line."""
        if line == end_line:
            return self._line(line)[col:end_col].strip()
        first = self._line(line)[col:]
        parts = [first, *map(self._line, range(line + 1, end_line)), self._line(end_line)[:end_col]]
        return _join(_without_comments(parts))

    def _line(self, line: int) -> str:
        return self.source.lines[line - self.source.first_line]

    def _point(self, line: int, offset: int) -> tuple[int, int]:
        """Turn an offset in bytes into one in characters."""
        if self.ascii:
            return line, offset
        return line, len(self._line(line).encode()[:offset].decode(errors="replace"))

    def _header_end(self, node: Any) -> tuple[int, int]:
        kind = type(node).__name__
        if kind in _HEADERS:
            last = getattr(node, _HEADERS[kind])
        elif kind in ("With", "AsyncWith"):
            last = node.items[-1].optional_vars or node.items[-1].context_expr
        elif kind in ("FunctionDef", "AsyncFunctionDef", "ClassDef"):
            first = node.body[0]
            return self._colon_before(node.lineno, first.lineno, first.col_offset)
        elif kind in ("Try", "TryStar"):
            return node.lineno, node.col_offset + len("try:")
        else:
            return node.end_lineno, node.end_col_offset
        return self._colon_after(last.end_lineno, last.end_col_offset)

    def _colon_after(self, line: int, offset: int) -> tuple[int, int]:
        """Return the end of the first colon behind a position."""
        last = self.source.first_line + len(self.source.lines)
        where, start = line, offset
        while where < last:
            text = self._line(where).encode()[start:].split(b"#")[0]
            if b":" in text:
                return where, start + text.index(b":") + 1
            where, start = where + 1, 0
        return line, offset

    def _colon_before(self, first: int, line: int, offset: int) -> tuple[int, int]:
        """Return the end of the last colon that ends a line (or stands) before a position."""
        text = self._line(line).encode()[:offset].rstrip()
        while True:
            if text.endswith(b":"):
                return line, len(text)
            line -= 1
            if line < first:
                return first, len(self._line(first).encode().rstrip())
            text = self._line(line).encode().split(b"#")[0].rstrip()

    def _comments_above(self, line: int, col: int) -> tuple[str, ...]:
        found = []
        while (comment := self.source.comments.get(line - 1)) is not None:
            line -= 1
            text = self._line(line)
            if len(text) - len(text.lstrip()) != col:
                break
            found.append(comment)
        return tuple(reversed(found))


def _without_comments(parts: list[str]) -> list[str]:
    if not any("#" in p for p in parts):
        return parts
    parts = list(parts)
    try:
        for token in tokenize.generate_tokens(io.StringIO("".join(parts)).readline):
            if token.type == tokenize.COMMENT:
                row, col = token.start
                parts[row - 1] = parts[row - 1][:col]
    except (tokenize.TokenError, SyntaxError):
        pass  # a piece of a statement may end early; its comments were seen by then
    return parts


def _join(parts: list[str]) -> str:
    text = ""
    for part in (p.strip().removesuffix("\\").rstrip() for p in parts):
        if not part:
            continue
        if part[0] in ")]}" and text.endswith(",") and not _is_one_tuple(text):
            text = text[:-1]
        tight = not text or text[-1] in "([{" or part[0] in ")]}"
        text += part if tight else " " + part
    return text


def _is_one_tuple(text: str) -> bool:
    """Say whether the comma at the end may be what makes a tuple: the only one since a `(` that calls nothing."""
    depth = 0
    for i in range(len(text) - 2, -1, -1):
        if text[i] in ")]}":
            depth += 1
        elif text[i] in "([{":
            if depth == 0:
                called = i > 0 and (text[i - 1].isalnum() or text[i - 1] in "_)]")
                return text[i] == "(" and not called
            depth -= 1
        elif text[i] == "," and depth == 0:
            return False
    return False
