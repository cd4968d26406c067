"""Every error that adgen raises on purpose: what, where, why, and what to write instead.

Each class is also of the built-in kind that a caller would expect, and has a stable code.
"""

from __future__ import annotations

import inspect
import linecache
import sys
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from adgen.ir.nodes import Origin


class AdgenError(Exception):
    """Base of all errors of adgen.

    `what` is one line that names the construct and its problem; `why` says the reason, `instead` what to
    write in its place; `origin` is the user's code that it is about.
    """

    code: ClassVar[str] = "ADG100"

    def __init__(self, *, what: str, why: str = "", instead: str = "", origin: Origin | None = None) -> None:
        self.what = what
        self.why = why
        self.instead = instead
        self.origin = origin
        self.message = _compose(what, why, instead, origin, self.code)
        super().__init__(self.message)

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # The message goes along: the other process may not have the source file.
        return _restore, (type(self), dict(self.__dict__))


class UnsupportedError(AdgenError, NotImplementedError):
    """A construct that adgen doesn't differentiate."""

    code = "ADG101"


class NoGradientError(AdgenError, LookupError):
    """A function without a rule stands on the path from a source to the result."""

    code = "ADG102"


class AliasError(AdgenError, ValueError):
    """Two names may share memory that is written, and it can't be decided whether they do."""

    code = "ADG103"


class SourceError(AdgenError, OSError):
    """The source of a function can't be found, or is not what runs."""

    code = "ADG104"


class TypeMismatchError(AdgenError, TypeError):
    """A value has a type, dtype or shape that does not fit its use."""

    code = "ADG105"


class UsageError(AdgenError, ValueError):
    """adgen was called with arguments that make no sense."""

    code = "ADG106"


class CheckError(AdgenError, AssertionError):
    """A gradient differs from finite differences."""

    code = "ADG107"


class RegistrationError(AdgenError, KeyError):
    """A rule can't be registered as asked."""

    code = "ADG108"


class UnboundError(AdgenError, NameError):
    """A name is read that is not bound."""

    code = "ADG109"


class NestingError(UnsupportedError, RecursionError):
    """Expressions, branches or calls that stand too deep in each other for Python."""

    code = "ADG110"

    @classmethod
    def of(cls, name: str, error: Exception) -> NestingError:
        """Return the error for a function, with what Python said of it."""
        instead = "give parts of deep expressions names, and deep branches functions of their own"
        why = f"Python says of what is generated: {error.args[0]}."
        if isinstance(error, RecursionError):
            depth, frame = 0, inspect.currentframe()
            while frame is not None:
                depth, frame = depth + 1, frame.f_back
            why = f"The recursion limit is {sys.getrecursionlimit()}, of which the caller uses {depth}."
            instead += ", or call it first where fewer calls are running"
        return cls(what=f"{name} is nested too deeply to be compiled", why=why, instead=f"{instead}.")


class InternalError(AdgenError, RuntimeError):
    """A fault of adgen itself."""

    code = "ADG900"

    def __init__(self, *, what: str, why: str = "", instead: str = "", origin: Origin | None = None) -> None:
        instead = instead or "report this, with the function that was being differentiated: it is a fault of adgen."
        super().__init__(what=what, why=why, instead=instead, origin=origin)


def _restore(cls: type[AdgenError], state: dict[str, Any]) -> AdgenError:
    error = cls(what=state["what"], why=state["why"], instead=state["instead"], origin=state["origin"])
    error.__dict__.update(state)
    error.args = (state["message"],)
    return error


def _compose(what: str, why: str, instead: str, origin: Origin | None, code: str) -> str:
    parts = [what]
    if origin is not None:
        parts.append(show_place(origin))
    if why:
        parts.append(why)
    if instead:
        parts.append(f"Instead: {instead}")
    parts.append(f"[{code}]")
    return "\n".join(parts)


def show_place(origin: Origin) -> str:
    """Return file, line, column and function, the source line, and carets under the columns."""
    place = f'  File "{origin.file}", line {origin.line}, column {origin.col + 1}, in {origin.function}'
    line = linecache.getline(origin.file, origin.line).rstrip()
    if not line:
        return f"{place}\n    {origin.text}" if origin.text else place
    indent = len(line) - len(line.lstrip())
    start = max(origin.col, indent)
    end = origin.end_col if origin.end_line == origin.line else len(line)
    end = max(min(end, len(line)), start + 1)
    # Columns of a terminal: a wide character takes two, a tab stays a tab.
    gap = "".join("\t" if c == "\t" else " " * _width(c) for c in line[indent:start])
    carets = "^" * max(sum(map(_width, line[start:end])), 1)
    return f"{place}\n    {line[indent:]}\n    {gap}{carets}"


def _width(char: str) -> int:
    import unicodedata

    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
