"""Run a tree on real values: the meaning of every operation, to compare with Python's own."""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable
from typing import Any

from adgen.frontend import tree as t

_BINARY = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv,
    "%": operator.mod, "**": operator.pow, "@": operator.matmul, "<<": operator.lshift, ">>": operator.rshift,
    "&": operator.and_, "|": operator.or_, "^": operator.xor,
}  # fmt: skip
_INPLACE = {
    "+": operator.iadd, "-": operator.isub, "*": operator.imul, "/": operator.itruediv, "//": operator.ifloordiv,
    "%": operator.imod, "**": operator.ipow, "@": operator.imatmul, "<<": operator.ilshift, ">>": operator.irshift,
    "&": operator.iand, "|": operator.ior, "^": operator.ixor,
}  # fmt: skip
_UNARY: dict[str, Callable[[Any], Any]] = {
    "-": operator.neg, "+": operator.pos, "~": operator.invert, "not": operator.not_,
}  # fmt: skip
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
    "is": operator.is_, "is not": operator.is_not,
    "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
}  # fmt: skip


class _Leave(Exception):
    def __init__(self, kind: str, value: Any = None) -> None:
        self.kind, self.value = kind, value


class Env:
    """The local names of one call; free names are looked up outside."""

    def __init__(self, local: frozenset[str], outer: Callable[[str], Any]) -> None:
        self.names: dict[str, Any] = {}
        self.local = local
        self.outer = outer

    def read(self, name: str) -> Any:
        if name in self.names:
            return self.names[name]
        raise UnboundLocalError(name)

    def free(self, name: str) -> Any:
        if name in self.local:  # seen from a function inside
            return self.read(name)
        return self.outer(name)


def evaluate(fn: t.Function, scope: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
    """Call a tree; `scope` holds its free names (and builtins are found)."""

    def outer(name: str) -> Any:
        if name in scope:
            return scope[name]
        try:
            return getattr(builtins, name)
        except AttributeError:
            raise NameError(name) from None

    return make_function(fn, outer, scope.get("__defaults__", ()))(*args, **kwargs)


def make_function(fn: t.Function, outer: Callable[[str], Any], defaults: tuple[Any, ...]) -> Callable[..., Any]:
    optional = [p for p in fn.params if p.has_default]
    # Python itself binds the arguments: a function of the same header that returns its locals.
    header, only = [], False
    missing = dict(zip([p.name for p in optional], defaults))
    for i, p in enumerate(fn.params):
        if p.kind == "keyword" and not only and not any(q.kind == "*" for q in fn.params):
            header.append("*")
        only = only or p.kind == "keyword"
        header.append({"*": "*", "**": "**"}.get(p.kind, "") + p.name + (f"=__d[{p.name!r}]" if p.has_default else ""))
        if p.kind == "positional" and (i + 1 == len(fn.params) or fn.params[i + 1].kind != "positional"):
            header.append("/")
    space: dict[str, Any] = {"__d": missing}
    exec(f"def bind({', '.join(header)}): return dict(locals())", space)

    def call(*args: Any, **kwargs: Any) -> Any:
        env = Env(fn.assigned, outer)
        env.names.update(space["bind"](*args, **kwargs))
        try:
            run(fn.body, env)
        except _Leave as leave:
            assert leave.kind == "return"
            return leave.value
        return None

    return call


def run(stmts: list[t.Stmt], env: Env) -> None:
    for s in stmts:
        _run(s, env)


def _value(a: t.Operand, env: Env) -> Any:
    return a.value if isinstance(a, t.Lit) else env.read(a)


def _run(s: t.Stmt, env: Env) -> None:
    def get(a: t.Operand) -> Any:
        return _value(a, env)

    if isinstance(s, t.Assign):
        env.names[s.target] = _operation(s, [get(a) for a in s.args], env)
    elif isinstance(s, t.Unpack):
        values = get(s.value)
        names = list(s.targets)
        target = ", ".join(f"{'*' * (i == s.star)}v{i}" for i in range(len(names)))
        space: dict[str, Any] = {"values": values}
        exec(f"[{target}] = values", space)
        env.names.update({n: space[f"v{i}"] for i, n in enumerate(names)})
    elif isinstance(s, t.SetItem):
        get(s.base)[get(s.key)] = get(s.value)
    elif isinstance(s, t.AugItem):
        base, key = get(s.base), get(s.key)
        base[key] = _INPLACE[s.op](base[key], get(s.value))
    elif isinstance(s, t.SetAttr):
        base, value = get(s.base), get(s.value)
        setattr(base, s.attr, value if s.op is None else _INPLACE[s.op](getattr(base, s.attr), value))
    elif isinstance(s, t.Delete):
        if s.name is not None:
            env.read(s.name)
            del env.names[s.name]
        else:
            del get(s.base)[get(s.key)]  # type: ignore[arg-type]
    elif isinstance(s, t.If):
        run(s.then if get(s.test) else s.orelse, env)
    elif isinstance(s, t.For):
        _loop(s, iter(get(s.iter)), env)
    elif isinstance(s, t.While):
        _loop(s, None, env)
    elif isinstance(s, (t.Break, t.Continue)):
        raise _Leave(type(s).__name__.lower())
    elif isinstance(s, t.Return):
        raise _Leave("return", get(s.value))
    else:
        if s.cause is not None:
            raise get(s.exc) from get(s.cause)  # type: ignore[arg-type]
        raise get(s.exc)  # type: ignore[arg-type]


def _loop(s: t.For | t.While, items: Any, env: Env) -> None:
    while True:
        if isinstance(s, t.For):
            try:
                env.names[s.target] = next(items)
            except StopIteration:
                break
        else:
            run(s.before, env)
            if not _value(s.test, env):
                break
        if s.stop is not None:
            env.names.pop(s.stop, None)  # each path through the body assigns it
        try:
            run(s.body, env)
        except _Leave as leave:
            if leave.kind == "break":
                return
            if leave.kind == "return":
                raise
        if s.stop is not None and env.read(s.stop):
            return
    run(s.orelse, env)


def _operation(s: t.Assign, args: list[Any], env: Env) -> Any:
    if s.op == "copy":
        return args[0]
    if s.op == "free":
        return env.outer(s.data)
    if s.op == "binary":
        return _BINARY[s.data](*args)
    if s.op == "inplace":
        return _INPLACE[s.data](*args)
    if s.op == "unary":
        return _UNARY[s.data](*args)
    if s.op == "compare":
        return _COMPARE[s.data](*args)
    if s.op == "getattr":
        return getattr(args[0], s.data)
    if s.op == "getitem":
        return args[0][args[1]]
    if s.op == "slice":
        return slice(*args)
    if s.op in ("tuple", "list", "set"):
        items: list[Any] = []
        for i, a in enumerate(args):
            items.extend(a) if i in s.data else items.append(a)
        return {"tuple": tuple, "list": list, "set": set}[s.op](items)
    if s.op == "dict":
        found: dict[Any, Any] = {}
        for i in range(0, len(args), 2):
            found.update(args[i + 1] if i in s.data else {args[i]: args[i + 1]})
        return found
    if s.op == "call":
        plain = len(args) - len(s.kws)
        values: list[Any] = []
        for i in range(1, plain):
            values.extend(args[i]) if i in s.data else values.append(args[i])
        named: dict[str, Any] = {}
        for k, a in zip(s.kws, args[plain:]):
            named.update(a if k == "**" else {k: a})
        return args[0](*values, **named)
    if s.op == "format":
        text = ""
        for part, a in zip(s.data, args):
            if part is None:
                text += a
                continue
            conversion, spec = part
            a = {"": lambda v: v, "s": str, "r": repr, "a": ascii}[conversion](a)
            text += format(a, args[spec] if isinstance(spec, int) else spec)
        return text
    assert s.op == "function", s.op
    return make_function(s.data, env.free, tuple(args))
