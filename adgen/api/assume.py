"""The types that parameters are assumed to have when there is no call to take them from.

By annotation, else by default value, else by use in the body, else a float64 vector; if the function can't be
differentiated for vectors, what was without evidence is assumed to be a float.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FunctionType
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from adgen.api.engine import MISSING, Engine
from adgen.api.names import Place, parameters_of
from adgen.api.signature import Key, describe_signature, key_of

if TYPE_CHECKING:
    from adgen.api.link import Loaded
    from adgen.frontend.tree import Stmt

R = TypeVar("R")
_DOUBLE = np.dtype(np.float64)
_VECTOR: Key = (_DOUBLE, 1)
_NAMED: dict[str, Key] = {"float": float, "int": int, "bool": bool, "complex": complex, "str": str}
_MATRIX_CALLS = ("dot", "matmul", "inv", "det", "slogdet", "solve", "cholesky", "trace", "eigh", "svd", "qr")
_HOW = "Other types: call it first; or adgen dump --sig 'float64[:, :], float' or --example 'np.ones((3, 4)), 2.0'."


@dataclass(frozen=True, slots=True)
class Assumed:
    """A signature that nobody called: keys, values where a default gives them, and why."""

    names: tuple[str, ...]
    arguments: list[tuple[Key, Any]]
    reasons: tuple[str, ...]

    def comment(self) -> str:
        """Return comment lines that say what was assumed and how to change it."""
        keys = tuple(k for k, _ in self.arguments)
        why = ", ".join(f"{n} by {r}" for n, r in zip(self.names, self.reasons, strict=True))
        paragraphs = [f"Assumed, as no call was seen: {describe_signature(self.names, keys)}", f"({why}).", _HOW]
        lines = [line for p in paragraphs for line in textwrap.wrap(p, 118, break_long_words=False)]
        return "".join(f"# {line}\n" for line in lines)


def load_assumed(engine: Engine) -> tuple[Assumed, Loaded]:
    """Compile for the first assumption that works."""
    return try_assumed(engine, engine.load)


def try_assumed(engine: Engine, run: Callable[[list[tuple[Key, Any]]], R]) -> tuple[Assumed, R]:
    """Run something for the first assumption that works; raise the first one's error if none does."""
    from adgen.errors import AdgenError

    first: AdgenError | None = None
    for assumed in assume(engine.fn, engine.wrt):
        try:
            return assumed, run(assumed.arguments)
        except AdgenError as e:
            first = first or e
    assert first is not None
    raise first


def assume(fn: Callable[..., Any], wrt: tuple[str, ...]) -> list[Assumed]:
    """Return the assumptions to try, in order."""
    params = parameters_of(fn)
    uses = _find_uses(fn)
    names = tuple(p.name for p in params)
    defaults = defaults_of(fn)
    found: list[tuple[Key, Any] | None] = []
    reasons: list[str] = []
    for p in params:
        use = uses.get(p.name, _Use())
        value = defaults.get(p.name, MISSING)
        key, reason = _from_annotation(fn, p.name, use), "annotation"
        if key is None and value is not MISSING and value is not None:
            key, reason = key_of(value), "default"
            if key is int and p.name in wrt:
                key = float
        if key is None:
            key, reason = use.key(), "use"
        if p.kind == "*":
            key, reason = (tuple,), "default"
        elif p.kind == "**":
            key, reason = (dict, ()), "default"
        found.append(None if key is None else (key, value))
        reasons.append(reason)
    tries: list[Key] = [_VECTOR, float] if None in found else [float]
    out = []
    for guess in tries:
        arguments = [(guess, MISSING) if f is None else f for f in found]
        why = tuple("no evidence" if f is None else r for f, r in zip(found, reasons, strict=True))
        out.append(Assumed(names, arguments, why))
    return out


def defaults_of(fn: Any) -> dict[str, Any]:
    """Return the default values by parameter."""
    code = fn.__code__
    plain = code.co_varnames[: code.co_argcount]
    values = fn.__defaults__ or ()
    return {**dict(zip(plain[len(plain) - len(values) :], values, strict=True)), **(fn.__kwdefaults__ or {})}


def _from_annotation(fn: Any, name: str, use: _Use) -> Key:
    note = fn.__annotations__.get(name)
    if note is None:
        return None
    text = note.strip("'\"") if isinstance(note, str) else note.__name__ if isinstance(note, type) else str(note)
    if text in _NAMED:
        return _NAMED[text]
    if "ndarray" in text.lower():
        dtype = np.dtype(np.float32) if "float32" in text else _DOUBLE
        return (dtype, max(use.rank(), 1))
    return None


@dataclass(slots=True)
class _Use:
    """What the body does with a value."""

    scalar: Key = None
    exact_rank: int = 0  # from x[i, j], .T, m, n = x.shape
    is_matrix: bool = False  # an operand of @
    is_sequence: bool = False
    parts: dict[Any, _Use] = field(default_factory=dict)  # by string key, or by position of an unpacking

    def add(self, other: _Use) -> None:
        """Take over what is known of the same value elsewhere."""
        self.scalar = other.scalar if self.scalar is None else self.scalar
        self.exact_rank = max(self.exact_rank, other.exact_rank)
        self.is_matrix |= other.is_matrix
        self.is_sequence |= other.is_sequence
        for key, part in other.parts.items():
            self.parts.setdefault(key, _Use()).add(part)

    def rank(self) -> int:
        return self.exact_rank or (2 if self.is_matrix else 1 if self.is_sequence else 0)

    def key(self) -> Key:
        if self.parts:
            inner = [part.key() or _VECTOR for part in self.parts.values()]
            if all(isinstance(k, str) for k in self.parts):
                return (dict, tuple(self.parts), *inner)
            return (tuple, *inner)
        if self.scalar is not None:
            return self.scalar
        return (_DOUBLE, self.rank()) if self.rank() else None


def _find_uses(fn: Callable[..., Any], callers: tuple[Any, ...] = ()) -> dict[str, _Use]:
    from adgen.errors import NestingError
    from adgen.frontend.lower import lower

    try:
        tree = lower(fn)
    except RecursionError as error:
        raise NestingError.of(fn.__qualname__, error) from error
    finder = _Finder({p.name: _Use() for p in tree.params}, (*callers, fn))
    finder.walk(tree.body)
    return {p.name: finder.uses[p.name] for p in tree.params if p.name in finder.uses}


class _Finder:
    """Walks a tree; `uses` holds the parameters and the temporaries that are parts of them."""

    def __init__(self, uses: dict[str, _Use], callers: tuple[Any, ...]) -> None:
        self.uses = uses
        self.callers = callers  # the function itself is the last one
        self.attributes: dict[Any, tuple[Any, str]] = {}  # temporary -> (its base, the attribute)
        self.free: dict[Any, str] = {}  # temporary -> the free name that it holds
        self.tuples: dict[Any, tuple[Any, ...]] = {}

    def walk(self, body: list[Stmt]) -> None:
        from adgen.frontend import tree as t

        for s in body:
            if isinstance(s, t.Assign):
                self.assign(s)
            elif isinstance(s, t.Unpack):
                self.unpack(s)
            elif isinstance(s, (t.SetItem, t.AugItem)):
                self.index(s.base, s.key)
            elif isinstance(s, t.If):
                self.walk(s.then)
                self.walk(s.orelse)
            elif isinstance(s, t.For):
                self.sequence(s.iter)
                self.walk(s.body)
            elif isinstance(s, t.While):
                self.walk(s.before)
                self.walk(s.body)

    def find(self, operand: Any) -> _Use | None:
        return self.uses.get(operand) if isinstance(operand, str) else None

    def assign(self, s: Any) -> None:
        if s.op == "copy":
            use = self.find(s.args[0])
            if use is not None and s.target not in self.uses:
                self.uses[s.target] = use
        elif s.op == "free":
            self.free[s.target] = s.data
        elif s.op == "getattr":
            self.attributes[s.target] = (s.args[0], s.data)
            use = self.find(s.args[0])
            if use is not None and s.data == "T":
                use.exact_rank = max(use.exact_rank, 2)
                self.uses[s.target] = use
        elif s.op == "tuple":
            self.tuples[s.target] = s.args
        elif s.op in ("binary", "inplace") and s.data == "@":
            self.matrix(s.args)
        elif s.op == "getitem":
            self.index(s.args[0], s.args[1], s.target)
        elif s.op == "call":
            self.call(s)

    def matrix(self, operands: Any) -> None:
        for a in operands:
            use = self.find(a)
            if use is not None:
                use.is_matrix = True

    def sequence(self, operand: Any) -> None:
        use = self.find(operand)
        if use is not None:
            use.is_sequence = True

    def unpack(self, s: Any) -> None:
        base, attribute = self.attributes.get(s.value, (None, "")) if isinstance(s.value, str) else (None, "")
        use = self.find(base) if attribute == "shape" else None
        if use is not None:
            use.exact_rank = max(use.exact_rank, len(s.targets))
            return
        use = self.find(s.value)
        if use is not None and s.star is None:
            for i, name in enumerate(s.targets):
                self.uses[name] = use.parts.setdefault(i, _Use())

    def index(self, base: Any, key: Any, target: str | None = None) -> None:
        from adgen.frontend.tree import Lit

        holder, attribute = self.attributes.get(base, (None, ""))
        if attribute == "shape" and isinstance(key, Lit) and isinstance(key.value, int) and key.value >= 0:
            use = self.find(holder)
            if use is not None:
                use.exact_rank = max(use.exact_rank, key.value + 1)
            return
        for one in self.tuples.get(key, (key,)) if isinstance(key, str) else (key,):
            use = self.find(one)
            if use is not None and use.rank() == 0 and use.scalar is None:
                use.scalar = int
        use = self.find(base)
        if use is None:
            return
        if isinstance(key, Lit) and isinstance(key.value, str):
            part = use.parts.setdefault(key.value, _Use())
            if target is not None:
                self.uses[target] = part
        elif isinstance(key, str) and key in self.tuples:
            places = [k for k in self.tuples[key] if not (isinstance(k, Lit) and k.value in (None, ...))]
            use.exact_rank = max(use.exact_rank, len(places))
        else:
            use.is_sequence = True

    def call(self, s: Any) -> None:
        f, *args = s.args
        name = self.free.get(f, "")
        base, attribute = self.attributes.get(f, (None, ""))
        module = self.free.get(base, "") or self.attributes.get(base, (None, ""))[1]
        if name == "range":
            self.scalars(args, int)
        elif name in ("len", "zip", "enumerate", "reversed", "sorted", "iter"):
            for a in args:
                self.sequence(a)
        elif name == "float" or module == "math":
            self.scalars(args, float)
        elif module in ("np", "numpy", "linalg") and attribute in _MATRIX_CALLS:
            self.matrix(args)
        elif module in ("np", "numpy") and attribute == "outer":
            for a in args:
                self.sequence(a)
        elif name:
            self.callee(name, s)

    def callee(self, name: str, s: Any) -> None:
        """What a called function does with its parameters is done with the arguments."""
        from adgen.errors import AdgenError

        try:
            f = Place(self.callers[-1], name).read()
        except (LookupError, ValueError):
            return
        if not isinstance(f, FunctionType) or f in self.callers or len(self.callers) > 3 or s.data or "**" in s.kws:
            return
        try:
            uses = _find_uses(f, self.callers)
        except AdgenError:
            return
        count = len(s.args) - 1 - len(s.kws)
        given = dict(zip([p.name for p in parameters_of(f)], s.args[1 : count + 1], strict=False))
        given |= dict(zip(s.kws, s.args[count + 1 :], strict=True))
        for parameter, a in given.items():
            use = self.find(a)
            if use is not None and parameter in uses:
                use.add(uses[parameter])

    def scalars(self, operands: Any, key: Key) -> None:
        for a in operands:
            use = self.find(a)
            if use is not None and use.scalar is None:
                use.scalar = key
