"""Break a statement that is too long for one line, inside parentheses, after commas or before operators."""

from __future__ import annotations

import io
import tokenize

OPERATORS = frozenset("+ - * / // % @ ** << >> & | ^ < <= > >= == != and or if else is in not".split())
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
HEADERS = ("if ", "elif ", "while ")


def wrap(text: str, lead: str, columns: int) -> list[str]:
    """Return the lines of one statement, each at most `columns` long where its tokens allow."""
    points, start = break_points(text)
    if start is not None:
        text = enclose(text, start)
        points, _ = break_points(text)
    lines: list[str] = []
    begin, indent = 0, lead
    while len(indent) + len(text) - begin > columns:
        room = begin + columns - len(indent)
        usable = [(depth, -at) for at, depth in points.items() if begin < at <= room and depth > 0]
        if not usable:
            later = [at for at, depth in points.items() if at > room and depth > 0]
            if not later:
                break
            at = min(later)
        else:
            at = -min(usable)[1]
        lines.append((indent + text[begin:at]).rstrip())
        begin = at
        indent = lead + "    " * (2 if text.endswith(":") else 1)
    lines.append(indent + text[begin:])
    return lines


def break_points(text: str) -> tuple[dict[int, int], int | None]:
    """Return where a line may end, with the depth of brackets there, and where a bare value begins.

    The latter is None if the statement has no value, or one without an operator outside brackets.
    """
    points: dict[int, int] = {}
    depth, value, unary = 0, None, True
    at_top = False
    for word in HEADERS:
        if text.startswith(word):
            value = len(word)
    if text.startswith("return "):
        value = len("return ")
    source = text + " pass" if text.endswith(":") else text
    for tok in tokenize.generate_tokens(io.StringIO(source).readline):
        column = tok.start[1]
        if column >= len(text) and tok.type != tokenize.OP:
            break
        if tok.string in OPENING:
            depth += 1
        elif tok.string in CLOSING:
            depth -= 1
        elif tok.type == tokenize.OP and depth == 0 and value is None and tok.string.endswith("=") and tok.string not in OPERATORS:
            value = tok.end[1] + 1
        elif tok.string == "," and depth > 0:
            points[tok.end[1] + 1] = depth
        elif tok.string in OPERATORS and not unary:
            points[column] = depth
            at_top = at_top or depth == 0
        elif tok.string == "," and depth == 0 and value is not None:
            at_top = True
        unary = tok.type == tokenize.OP and tok.string not in CLOSING or tok.string in ("and", "or", "not", "if", "else", "in", "is", "return")
    points.pop(value if value is not None else -1, None)
    return points, value if at_top else None


def enclose(text: str, start: int) -> str:
    """Put the value of a statement in parentheses."""
    end = len(text) - 1 if text.endswith(":") else len(text)
    return f"{text[:start]}({text[start:end]}){text[end:]}"

