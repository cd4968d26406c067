"""From a text to a function: what it relies on is described, found again, and guarded.

`describe` turns a `Derived` into a `Stored`, whose references mean the same in another process; `find` looks these
references up; `link` compiles, registers the text with `linecache`, and puts the guards in front.
"""

from __future__ import annotations

import linecache
import sys
import threading
from ast import literal_eval
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import FunctionType, ModuleType
from typing import Any

from adgen.api.digest import bases_of, digest_of, function_in
from adgen.api.dispatch import FunctionGuard, HiddenValue, make_guarded
from adgen.api.names import Member, Place, find_by_name, names_in
from adgen.api.request import Dependency, Derived
from adgen.api.signature import Key, UnstorableError, key_of, show_key, static_key
from adgen.cache.header import Stored
from adgen.errors import NestingError


@dataclass(repr=False, eq=False)
class Loaded:
    """A text that can be called; it is compiled when that is first asked for."""

    stored: Stored
    externals: dict[str, Any]
    takes: tuple[str, ...]  # the parameters of `call` and `bare`
    guards: tuple[FunctionGuard, ...] = ()
    values: tuple[tuple[Place, Key], ...] = ()
    hidden: tuple[HiddenValue, ...] = ()
    again: Callable[..., Any] | None = None  # is called instead where a guard fails
    wrt: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()

    @cached_property
    def space(self) -> dict[str, Any]:
        """What the module of the text holds."""
        s = self.stored
        if s.code is None:
            try:
                s.code, s.filename = compile_text(s.text, s.entry, s)
            except (SyntaxError, RecursionError) as error:
                raise NestingError.of(s.function.partition(" ")[0], error) from error
        return run_text(s.code, s.entry, self.externals)

    @cached_property
    def bare(self) -> Callable[..., Any]:
        """The function of the primal's parameters, which checks nothing."""
        entry: Callable[..., Any] = self.space[self.stored.entry]
        return make_guarded(entry, self.takes, (), (), self.hidden, None) if self.hidden else entry

    @cached_property
    def call(self) -> Callable[..., Any]:
        """The same, but it checks first what the text relies on."""
        if not (self.hidden or self.guards or self.values):
            return self.bare
        entry = self.space[self.stored.entry]
        return make_guarded(entry, self.takes, self.guards, self.values, self.hidden, self.again)

    @property
    def pullback(self) -> Callable[..., Any] | None:
        """The second function of a vjp."""
        return self.space[self.stored.pullback] if self.stored.pullback else None


@dataclass(repr=False, eq=False)
class References:
    """The live objects behind a `Stored`: functions in the order of its `depends`, externals by name."""

    functions: list[Any]
    externals: dict[str, Any]
    is_shared: bool = True  # whether another process (or another closure) can find them again


def describe(d: Derived, fn: Any) -> tuple[Stored, References]:
    """Turn what the compiler made into an entry; its key, function and signature are still empty."""
    s = Stored("", entry=d.entry, pullback=d.pullback, text=d.text)
    refs = References([], dict(d.externals))
    paths = _find_paths(d, fn, s, refs)

    def position(owner: Any) -> int:
        return next(i for i, f in enumerate((fn, *refs.functions), -1) if f is owner)

    for name, value in d.externals.items():
        ref = _reference(value, paths)
        refs.is_shared &= ref is not None
        s.externals.append((name, *(ref or ("unknown",))))
    for h in d.hidden:
        s.hidden.append((h.name, position(h.owner), show_key(key_of(Place(h.owner, h.name).read()))))
    for b in d.baked:
        try:
            text = show_key(static_key(b.value))
        except UnstorableError:
            text, refs.is_shared = "", False
        s.baked.append((b.name, position(b.owner), text))
    files: dict[str, int] = {}
    lines = {k: (files.setdefault(o.file, len(files)), o.line, o.function) for k, o in sorted(d.lines.items())}
    s.lines, s.files = repr(lines), list(files)
    return s, refs


def _find_paths(d: Derived, fn: Any, s: Stored, refs: References) -> list[tuple[int, dict[int, str]]]:
    """List every function that went in, after the one whose body names it, once for each body that does.

    Returns for the primal and each of them its position and by which paths it reads objects.
    """
    kinds = {id(x.function): x for x in d.depends}
    for owner in [h.owner for h in d.hidden] + [b.owner for b in d.baked]:
        kinds.setdefault(id(owner), Dependency.of(owner))
    kinds.pop(id(fn), None)
    reached: dict[int, int] = {id(fn): -1}
    paths: list[tuple[int, dict[int, str]]] = []
    pending = [fn]

    def add(x: Dependency, owner: int, path: str) -> None:
        s.depends.append((x.kind, x.module, x.qualname, x.digest, owner, path))
        refs.functions.append(x.function)
        if id(x.function) not in reached:
            reached[id(x.function)] = len(refs.functions) - 1
            pending.append(x.function)

    while pending:
        owner = pending.pop(0)
        names = names_in(owner)
        paths.append((reached[id(owner)], names))
        for key, x in kinds.items():
            if key in names:
                add(x, reached[id(owner)], names[key])
        if not pending:
            left = next((x for key, x in kinds.items() if key not in reached), None)
            if left is not None:
                refs.is_shared &= find_by_name(left.module, left.qualname) is left.function
                add(left, -1, "")
    return paths


def _reference(value: Any, paths: list[tuple[int, dict[int, str]]]) -> tuple[Any, ...] | None:
    if isinstance(value, ModuleType):
        return ("import", value.__name__, "") if sys.modules.get(value.__name__) is value else None
    module, qualname = getattr(value, "__module__", None) or "", getattr(value, "__qualname__", None) or ""
    importable = bool(module and qualname) and find_by_name(module, qualname) is value
    if importable and module.partition(".")[0] == "adgen":
        return ("import", module, qualname)
    for row, names in paths:
        if id(value) in names:
            return ("read", row, names[id(value)])
    return ("import", module, qualname) if importable else None


def find(s: Stored, fn: Any) -> References | None:
    """Look up what an entry refers to; None if anything is missing or has changed."""
    functions: list[Any] = []
    digests: dict[int, str] = {}
    for _, module, qualname, digest, owner, path in s.depends:
        try:
            f = Place([*functions, fn][owner], path).read() if path else find_by_name(module, qualname)
        except (LookupError, AttributeError, ValueError):
            return None
        if f is None or (digests.get(id(f)) or digests.setdefault(id(f), digest_of(f))) != digest:
            return None
        functions.append(f)
    refs = References(functions, {})
    owners = [*functions, fn]
    try:
        for name, how, *rest in s.externals:
            if how == "read":
                refs.externals[name] = Place(owners[rest[0]], rest[1]).read()
            else:
                value = _import(rest[0], rest[1])
                if value is None:
                    return None
                refs.externals[name] = value
        for path, owner, text in s.hidden:
            if show_key(key_of(Place(owners[owner], path).read())) != text:
                return None
        for path, owner, text in s.baked:
            if show_key(static_key(Place(owners[owner], path).read())) != text:
                return None
    except (LookupError, AttributeError, ValueError, UnstorableError):
        return None
    return refs


def _import(module: str, qualname: str) -> Any:
    if module.partition(".")[0] == "adgen" and module not in sys.modules:
        __import__(module)
    return find_by_name(module, qualname) if qualname else sys.modules.get(module)


def _of_classes(found: Sequence[Any]) -> Iterator[FunctionGuard]:
    """Yield a guard for each name under which a class, or a base of one, must still hold a function that went in."""
    functions = {id(f) for f in found}
    places: dict[tuple[type, str], Any] = {}
    for cls in found:
        if isinstance(cls, type):
            for base in reversed([*bases_of(cls)]):
                for name, raw in vars(base).items():
                    places[cls, name] = places[base, name] = raw
    for (cls, name), raw in places.items():
        f = function_in(raw)
        if id(f) in functions or (isinstance(raw, staticmethod) and not isinstance(f, FunctionType)):
            step = f".{name}.__func__" if isinstance(raw, classmethod) else f".{name}"
            yield Member(cls, step), raw if isinstance(raw, (property, cached_property)) else f


_lock = threading.Lock()
_counts: dict[str, int] = {}
_texts: dict[str, Stored] = {}


def compile_text(text: str, entry: str, lines: Stored | None = None) -> tuple[Any, str]:
    """Compile a text under a name that is the same in every run; tracebacks and debuggers show its lines."""
    with _lock:
        _counts[entry] = n = _counts.get(entry, 0) + 1
    filename = f"<adgen {entry} {n}>"
    code = compile(text, filename, "exec", dont_inherit=True)
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    if lines is not None:
        _texts[filename] = lines
    return code, filename


def run_text(code: Any, entry: str, externals: Mapping[str, Any]) -> dict[str, Any]:
    """Run the module of a text; return what it holds."""
    space: dict[str, Any] = {"__name__": f"adgen.generated.{entry}", **externals}
    exec(code, space)
    return space


def link(s: Stored, refs: References, fn: Any, names: tuple[str, ...], again: Callable[..., Any] | None) -> Loaded:
    """Put together what the function needs. `names` are the parameters of the entry before the hidden ones."""
    owners = [*refs.functions, fn]
    guards: list[FunctionGuard] = []
    for (_, module, _, _, owner, path), f in zip(s.depends, refs.functions, strict=True):
        if module.partition(".")[0] != "adgen":
            guards.append((Place(owners[owner], path) if path else None, f))
    guards += _of_classes(refs.functions)
    for name, how, *rest in s.externals:
        if how == "read" and not isinstance(refs.externals[name], ModuleType):
            guards.append((Place(owners[rest[0]], rest[1]), refs.externals[name]))
    values = [(p, static_key(p.read())) for p in (Place(owners[o], path) for path, o, _ in s.baked)]
    hidden = tuple([(p, key_of(p.read())) for p in (Place(owners[o], path) for path, o, _ in s.hidden)])
    return Loaded(s, refs.externals, names, tuple(guards), tuple(values), hidden, again)


def explain(error: Exception) -> None:
    """Add to an exception raised in generated code the user's statement that the line comes from."""
    found: tuple[Stored, int] | None = None
    tb = error.__traceback__
    while tb is not None:
        s = _texts.get(tb.tb_frame.f_code.co_filename)
        if s is not None:
            found = (s, tb.tb_lineno)
        tb = tb.tb_next
    if found is None:
        return
    s, line = found
    lines = literal_eval(s.lines or "{}")
    if line not in lines:
        return
    position, user_line, function = lines[line]
    file = s.files[position]
    statement = linecache.getline(file, user_line).strip()
    note = f'in generated code, from\n  File "{file}", line {user_line}, in {function}'
    note += f"\n    {statement}" if statement else ""
    if note not in getattr(error, "__notes__", ()):
        error.add_note(note)
