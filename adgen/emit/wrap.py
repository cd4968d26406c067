"""Break a statement that is too long for one line: inside brackets, after commas or before operators."""

from __future__ import annotations

import io
import tokenize

COMPARISONS = frozenset(("<", "<=", ">", ">=", "==", "!="))
TIGHTNESS = (("if", "else"), ("or",), ("and",), ("not", "is", "in", *COMPARISONS), ("|",), ("^",), ("&",), ("<<", ">>"))
ARITHMETIC = (("+", "-"), ("*", "/", "//", "%", "@"), ("**",))
RANKS = {word: k for k, words in enumerate((*TIGHTNESS, *ARITHMETIC), 1) for word in words}
WORDS = frozenset(w for w in RANKS if w.isalpha())
OPENING, CLOSING = frozenset("([{"), frozenset(")]}")
HEADERS = ("if ", "elif ", "while ", "return ")
LEVEL = 100  # what a bracket adds to the cost of a break
LAST_RESORT = 10**6  # the cost of a break right after an opening bracket: deeper than any other


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
        usable = [(cost, -at) for at, cost in points.items() if begin < at <= room]
        later = [at for at in points if at > max(room, begin)]  # the indent alone may be too wide
        if not usable and not later:
            break
        at = -min(usable)[1] if usable else min(later)
        lines.append((indent + text[begin:at]).rstrip())
        begin = at
        indent = lead + "    " * (2 if text.endswith(":") else 1)
    lines.append(indent + text[begin:])
    return lines


def break_points(text: str) -> tuple[dict[int, int], int | None]:
    """Return where a line may end, with the cost of a break there, and where a bare value begins.

    The latter is None if the statement has no value, or one without an operator outside brackets.
    """
    points: dict[int, int] = {}
    value = next((len(word) for word in HEADERS if text.startswith(word)), None)
    depth, after_operand, bare = 0, False, False
    for tok in tokenize.generate_tokens(io.StringIO(text + " pass" if text.endswith(":") else text).readline):
        word, column = tok.string, tok.start[1]
        if column >= len(text):
            break
        if word in CLOSING:
            depth -= 1
        joins = after_operand and word in RANKS
        if joins and depth:
            points[column] = LEVEL * depth + RANKS[word]
        elif word == "," and depth and text.startswith(", ", column):
            points[tok.end[1] + 1] = LEVEL * depth
        elif depth == 0 and (joins or word == ","):
            bare = bare or (value is not None and column >= value)
        elif depth == 0 and word.endswith("=") and word not in COMPARISONS:
            if value is None or text[value:column].strip().isidentifier():  # `a = b = value`
                value = tok.end[1] + 1
        if word in OPENING:
            depth += 1
            points[tok.end[1]] = LAST_RESORT
        after_operand = word in CLOSING or (tok.type != tokenize.OP and word not in WORDS and word != "return")
    return points, value if bare else None


def enclose(text: str, start: int) -> str:
    """Put the value of a statement in parentheses."""
    end = len(text) - 1 if text.endswith(":") else len(text)
    return f"{text[:start]}({text[start:end]}){text[end:]}"
