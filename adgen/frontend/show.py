"""Print a tree as text that reads like Python, one operation a line."""

from __future__ import annotations

from adgen.frontend.tree import (
    Assign,
    AugItem,
    Break,
    Continue,
    Delete,
    Finally,
    For,
    Function,
    If,
    Labelled,
    Leave,
    Lit,
    Operand,
    Raise,
    Return,
    SetAttr,
    SetItem,
    Stmt,
    Try,
    Unpack,
    While,
    With,
    Yield,
)

_MARKS = {"*": "*", "**": "**"}


def show_tree(fn: Function) -> str:
    """Return the text of a tree; the same tree always gives the same text."""
    lines: list[str] = []
    _function(fn, 0, lines)
    return "\n".join(lines) + "\n"


def _function(fn: Function, depth: int, lines: list[str]) -> None:
    params = ", ".join(
        _MARKS.get(p.kind, "")
        + p.name
        + (f": {p.annotation}" if p.annotation else "")
        + ("=..." if p.has_default else "")
        for p in fn.params
    )
    lines.append(f"{'    ' * depth}def {fn.name}({params}):")
    _block(fn.body, depth + 1, lines)


def _block(stmts: list[Stmt], depth: int, lines: list[str]) -> None:
    if not stmts:
        lines.append("    " * depth + "pass")
    for s in stmts:
        _statement(s, depth, lines)


def _statement(s: Stmt, depth: int, lines: list[str]) -> None:
    pad = "    " * depth
    if isinstance(s, If):
        lines.append(f"{pad}if {_op(s.test)}:")
        _block(s.then, depth + 1, lines)
        if s.orelse:
            lines.append(f"{pad}else:")
            _block(s.orelse, depth + 1, lines)
    elif isinstance(s, (For, While)):
        stop = f"  # until {s.stop}" if s.stop else ""
        if isinstance(s, For):
            lines.append(f"{pad}for {s.target} in {_op(s.iter)}:{stop}")
        else:
            lines.append(f"{pad}while:{stop}")
            _block(s.before, depth + 1, lines)
            lines.append(f"{pad}test {_op(s.test)}:")
        _block(s.body, depth + 1, lines)
        if s.orelse:
            lines.append(f"{pad}else:")
            _block(s.orelse, depth + 1, lines)
    elif isinstance(s, Try):
        lines.append(f"{pad}try:  # {s.ok}")
        _block(s.body, depth + 1, lines)
        for h in s.handlers:
            _block(h.before, depth, lines)
            kind = "" if h.kind is None else " " + _op(h.kind)
            lines.append(f"{pad}except{kind}{'' if h.name is None else ' as ' + h.name}:")
            _block(h.body, depth + 1, lines)
        if s.orelse:
            lines.append(f"{pad}else:")
            _block(s.orelse, depth + 1, lines)
    elif isinstance(s, Labelled):
        lines.append(f"{pad}{s.label}:")
        _block(s.body, depth + 1, lines)
    elif isinstance(s, Finally):
        lines.append(f"{pad}try:")
        _block(s.body, depth + 1, lines)
        lines.append(f"{pad}finally:")
        _block(s.final, depth + 1, lines)
    elif isinstance(s, With):
        lines.append(f"{pad}with {_op(s.manager)}{'' if s.target is None else ' as ' + s.target}:")
        _block(s.body, depth + 1, lines)
    else:
        lines.append(pad + _simple(s))
        if isinstance(s, Assign) and s.op == "function":
            _function(s.data, depth + 1, lines)


def _simple(s: Stmt) -> str:
    if isinstance(s, Assign):
        return f"{s.target} = {_operation(s)}"
    if isinstance(s, Unpack):
        names = ["*" + n if i == s.star else n for i, n in enumerate(s.targets)]
        return f"[{', '.join(names)}] = {_op(s.value)}"
    if isinstance(s, SetItem):
        return f"{_op(s.base)}[{_op(s.key)}] = {_op(s.value)}"
    if isinstance(s, AugItem):
        return f"{_op(s.base)}[{_op(s.key)}] {s.op}= {_op(s.value)}"
    if isinstance(s, SetAttr):
        return f"{_op(s.base)}.{s.attr} {s.op or ''}= {_op(s.value)}"
    if isinstance(s, Delete):
        return f"del {s.name}" if s.base is None or s.key is None else f"del {_op(s.base)}[{_op(s.key)}]"
    if isinstance(s, Return):
        return f"return {_op(s.value)}"
    if isinstance(s, Yield):
        return f"yield {_op(s.value)}"
    if isinstance(s, Raise):
        cause = "" if s.cause is None else f" from {_op(s.cause)}"
        return "raise" if s.exc is None else f"raise {_op(s.exc)}{cause}"
    if isinstance(s, Leave):
        return f"leave {s.label}"
    if isinstance(s, Break):
        return "break"
    assert isinstance(s, Continue)
    return "continue"


def _operation(s: Assign) -> str:
    args = [_op(a) for a in s.args]
    if s.op == "copy":
        return args[0]
    if s.op == "free":
        return f"free {s.data}"
    if s.op in ("binary", "compare"):
        return f"{args[0]} {s.data} {args[1]}"
    if s.op == "inplace":
        return f"{args[0]} {s.data}= {args[1]}"
    if s.op == "unary":
        return f"{s.data} {args[0]}" if s.data == "not" else f"{s.data}{args[0]}"
    if s.op == "getattr":
        return f"{args[0]}.{s.data}"
    if s.op == "getitem":
        return f"{args[0]}[{args[1]}]"
    if s.op == "call":
        starred = ["*" + a if i in s.data else a for i, a in enumerate(args)]
        plain = len(args) - len(s.kws)
        named = [f"**{a}" if k == "**" else f"{k}={a}" for k, a in zip(s.kws, args[plain:])]
        return f"{args[0]}({', '.join(starred[1:plain] + named)})"
    if s.op in ("tuple", "list", "set"):
        return f"{s.op}({', '.join('*' + a if i in s.data else a for i, a in enumerate(args))})"
    if s.op == "dict":
        pairs = [f"**{args[i + 1]}" if i in s.data else f"{args[i]}: {args[i + 1]}" for i in range(0, len(args), 2)]
        return f"dict({', '.join(pairs)})"
    if s.op == "format":
        return f"format({', '.join(args)}; {s.data!r})"
    return f"{s.op}({', '.join(args)})"


def _op(a: Operand) -> str:
    if not isinstance(a, Lit):
        return a
    return a.value.__name__ if isinstance(a.value, type) else repr(a.value)
