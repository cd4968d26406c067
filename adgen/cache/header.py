"""The form of a stored text: a readable module whose header says what it is, from where, and what it relies on.

    # adgen 0.1.0: a generated gradient. Edited files are discarded and made again.
    # integrity: <hash of all that follows>
    # function: module:qualname
    # call: grad wrt w
    # signature: w: float64[:, :]
    # ...

Lines for the machine hold one Python literal each. What is read back is only ever looked up among loaded modules and
in the primal's own names, never imported or evaluated.
"""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from adgen.version import __version__

TITLE = f"# adgen {__version__}: "
_REPEATED = ("external", "hidden", "baked", "depends", "file")


class Damaged(ValueError):
    """A stored text is not what adgen wrote."""


@dataclass(repr=False)
class Stored:
    """One text and what must hold for it. Owners are positions in `depends`, -1 is the primal itself.

    external: (name, "import", module, qualname) or (name, "read", owner, path)
    hidden: (path, owner, text of its key)
    baked: (path, owner, text of its static key)
    depends: (kind, module, qualname, digest, owner, path); an empty path: found by module and name
    lines: literal of {line of the text: (position in files, line, function)}, read when an error asks
    needs: parameters that must be static; such an entry has no text
    """

    key: str
    function: str = ""
    call: str = ""
    signature: str = ""
    versions: str = ""
    entry: str = ""
    pullback: str | None = None
    needs: tuple[str, ...] = ()
    externals: list[tuple[Any, ...]] = field(default_factory=list)
    hidden: list[tuple[Any, ...]] = field(default_factory=list)
    baked: list[tuple[Any, ...]] = field(default_factory=list)
    depends: list[tuple[Any, ...]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    lines: str = ""
    text: str = ""
    filename: str = ""  # under which the text was compiled in this process
    code: Any = None  # the compiled text, in this process


def write_entry(s: Stored) -> str:
    """Return the file's text."""
    head: list[str] = [
        f"# function: {_one_line(s.function)}",
        f"# call: {_one_line(s.call)}",
        f"# signature: {_one_line(s.signature)}",
        f"# versions: {s.versions}",
        f"# key: {s.key}",
    ]
    if s.entry:
        head.append(f"# entry: {s.entry}")
    if s.pullback:
        head.append(f"# pullback: {s.pullback}")
    if s.needs:
        head.append(f"# needs: {s.needs!r}")
    lists: tuple[Sequence[object], ...] = (s.externals, s.hidden, s.baked, s.depends, s.files)
    for name, rows in zip(_REPEATED, lists, strict=True):
        head += [f"# {name}: {row!r}" for row in rows]
    if s.lines:
        head.append(f"# lines: {s.lines}")
    body = "\n".join(head) + "\n\n" + s.text
    kind = "a list of static parameters" if s.needs else "generated code"
    return f"{TITLE}{kind}. Edited files are discarded and made again.\n# integrity: {_hash(body)}\n{body}"


def read_entry(text: str, key: str) -> Stored:
    """Parse a file's text; raise `Damaged` if it is not the entry with this key as adgen wrote it."""
    title, _, rest = text.partition("\n")
    seal, _, body = rest.partition("\n")
    if not title.startswith(TITLE) or not seal.startswith("# integrity: "):
        raise Damaged("it is not an entry of this version of adgen")
    if seal[13:] != _hash(body):
        raise Damaged("it was cut short or edited")
    head, _, source = body.partition("\n\n")
    s = Stored(key, text=source)
    repeated: dict[str, list[Any]] = {
        "external": s.externals,
        "hidden": s.hidden,
        "baked": s.baked,
        "depends": s.depends,
    }
    for line in head.split("\n"):
        name, _, value = line[2:].partition(": ")
        if name in repeated:
            repeated[name].append(literal_eval(value))
        elif name == "file":
            s.files.append(literal_eval(value))
        elif name == "needs":
            s.needs = literal_eval(value)
        elif name in ("function", "call", "signature", "versions", "entry", "pullback", "lines"):
            setattr(s, name, value)
        elif name == "key" and value != key:
            raise Damaged("it belongs to another function or signature")
    return s


def _hash(body: str) -> str:
    from hashlib import sha256

    return sha256(body.encode("utf-8", "surrogatepass")).hexdigest()


def _one_line(text: str) -> str:
    return " ".join(text.split())
