"""Lower a function's syntax to the tree: all knowledge of Python's statements is here.

`lower` is the whole frontend: source, tree, single exit, kept per code object.
"""

from __future__ import annotations

import builtins
import inspect
import weakref
from collections.abc import Callable, Iterable
from types import CodeType, FunctionType
from typing import Any

import gast

from adgen.frontend import finals
from adgen.frontend.cells import OF_MODULE, share_cells, write_globals
from adgen.frontend.exits import single_exit
from adgen.frontend.lower_expr import BINARY, Chain, has_call
from adgen.frontend.lower_match import MatchLowerer
from adgen.frontend.origins import Locator
from adgen.frontend.refuse import make_refusal
from adgen.frontend.scope import Scope, parameters, scan_scope, walrus_names
from adgen.frontend.source import Source, find_source
from adgen.frontend.tree import (
    SENT,
    AugItem,
    Break,
    Continue,
    Delete,
    Finally,
    For,
    Function,
    Handler,
    If,
    Lit,
    Operand,
    Parameter,
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

_trees: dict[int, tuple[weakref.ref[CodeType], Function]] = {}


def lower(fn: Callable[..., Any]) -> Function:
    """Return the single-exit tree of a function; it is shared, so don't change it."""
    code = getattr(inspect.unwrap(fn) if not hasattr(fn, "__code__") else fn, "__code__", None)
    if code is not None:
        kept = _trees.get(id(code))
        if kept is not None and kept[0]() is code:
            return kept[1]
    tree = single_exit(lower_function(find_source(fn), fn))
    if code is not None:
        _keep(code, tree)
    return tree


def _keep(code: CodeType, tree: Function) -> None:
    """Keep a tree as long as its code lives. By identity: equal code in two files has two origins."""
    key = id(code)

    def forget(_: weakref.ref[CodeType]) -> None:
        _trees.pop(key, None)

    _trees[key] = (weakref.ref(code, forget), tree)


def lower_function(source: Source, fn: Callable[..., Any] | None = None) -> Function:
    """Lower a source as it stands: with `break`, `continue` and early returns."""
    function = getattr(fn, "__func__", fn)
    scope: dict[str, Any] = {}
    if isinstance(function, FunctionType):
        scope = _hide(function.__globals__, function.__code__.co_freevars)
    return _lower_node(source, source.node, source.name, {}, scope)


def _hide(scope: dict[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return the globals without those that the names of an enclosing function hide."""
    hidden: dict[str, Any] = dict.fromkeys(n for n in names if n in scope or hasattr(builtins, n))
    return {**scope, **hidden} if hidden else scope


def _lower_node(
    source: Source,
    node: Any,
    name: str,
    outer: dict[str, str],
    scope: dict[str, Any],
    enclosing: frozenset[str] = frozenset(),
) -> Function:
    return Lowerer(source, node, name, outer, scope, enclosing).run()


class Lowerer(MatchLowerer):
    """Lowers one function; functions inside it get their own."""

    def __init__(
        self,
        source: Source,
        node: Any,
        name: str,
        outer: dict[str, str],
        scope: dict[str, Any],
        enclosing: frozenset[str],
    ) -> None:
        text = "".join(source.lines)
        self.names: Scope = scan_scope(node, ":=" in text or "yield" in text)
        self.enclosing = enclosing  # the variables of the functions round this one
        super().__init__(Locator(source, name), frozenset(), outer, scope)
        self.local = frozenset(map(self.mangle, self.names.assigned))
        # Any call may rebind what an inner function declares nonlocal: it is read where Python reads it.
        declared: list[str] = []
        if "nonlocal" in text:
            declared = [n for d in gast.walk(node) if isinstance(d, gast.Nonlocal) for n in d.names]
        self.shared = frozenset(map(self.mangle, declared)) & self.local
        self.node = node
        self.name = name
        self.holds = False  # other functions

    def run(self) -> Function:
        node = self.node
        self.origin = header = self.locator.statement(node)
        if isinstance(node, gast.AsyncFunctionDef):
            raise self.refuse(node)
        for name, statement in self.names.declared.items():
            if isinstance(statement, gast.Global) and name in self.names.assigned:
                self.renames[self.mangle(name)] = f"{self.mangle(name)}{OF_MODULE}"
            elif name in self.names.assigned and not self.is_of_outer(name, statement):
                raise self.refuse(statement)
        params = self.params(node.args)
        self.first_param = params[0].name if params and params[0].kind in ("positional", "either") else None
        if isinstance(node, gast.Lambda):
            self.rebound = frozenset(self.names.walrus)
            self.out.append(Return(self.expr(node.body), self.origin))
        else:
            self.statements(node.body)
        declared = frozenset(n for n, d in self.names.declared.items() if isinstance(d, gast.Nonlocal))
        made = Function(
            self.name,
            params,
            self.out,
            header,
            self.local | frozenset(self.extra),
            self.locator.source.file,
            declared & self.local,
            self.names.yields is not None,
            self.holds,
        )
        if self.holds:
            share_cells(made)
        if self.renames and not write_globals(made, self.renames):
            raise self.refuse(next(d for d in self.names.declared.values() if isinstance(d, gast.Global)))
        return made

    def is_of_outer(self, name: str, statement: Any) -> bool:
        """Say whether `nonlocal` names a variable of a function that is lowered with this one."""
        return isinstance(statement, gast.Nonlocal) and name in self.enclosing

    def params(self, args: Any) -> tuple[Parameter, ...]:
        either = args.posonlyargs + args.args
        optional = {id(p) for p in either[len(either) - len(args.defaults) :]}
        optional |= {id(p) for p, d in zip(args.kwonlyargs, args.kw_defaults) if d is not None}
        kinds = {id(p): "positional" for p in args.posonlyargs}
        kinds |= {id(p): "keyword" for p in args.kwonlyargs}
        kinds |= {id(args.vararg): "*", id(args.kwarg): "**"}
        found = []
        for p in parameters(args):
            note = None if p.annotation is None else self.locator.segment(p.annotation)
            found.append(Parameter(self.mangle(p.id), kinds.get(id(p), "either"), id(p) in optional, note))
        return tuple(found)

    def nested(self, node: Any, name: str) -> Function:
        self.holds = True
        outer = {k: v for k, v in self.outer.items() if k not in self.local}
        enclosing = self.enclosing | self.local
        own = {k: v for k, v in self.renames.items() if not v.endswith(OF_MODULE)}
        return _lower_node(self.locator.source, node, name, {**outer, **own}, self.inner_scope(), enclosing)

    def inner_scope(self) -> dict[str, Any]:
        """Return the globals as a function inside sees them: our local names hide some."""
        return _hide(self.scope, self.local)

    # Statements

    def statements(self, nodes: list[Any]) -> None:
        for node in nodes:
            self.statement(node)

    def body(self, nodes: list[Any]) -> list[Stmt]:
        kept, self.out = self.out, []
        try:
            self.statements(nodes)
            return self.out
        finally:
            self.out = kept

    def statement(self, node: Any) -> None:
        kept = self.origin, self.rebound
        self.enter(node)
        lower = getattr(self, "stmt_" + type(node).__name__, None)
        if lower is None:
            raise make_refusal(type(node).__name__, self.origin)
        lower(node)
        self.origin, self.rebound = kept

    def enter(self, node: Any) -> None:
        """What is lowered next belongs to this statement."""
        self.origin = self.locator.statement(node)
        walrus = frozenset(map(self.mangle, walrus_names(node))) if self.names.walrus else frozenset()
        self.rebound = walrus | self.shared

    def stmt_Pass(self, node: Any) -> None:
        pass

    def stmt_Global(self, node: Any) -> None:
        pass  # those that are also assigned were refused

    stmt_Nonlocal = stmt_Global

    def stmt_Expr(self, node: Any) -> None:
        if isinstance(node.value, gast.Constant):
            return
        if isinstance(node.value, gast.Name):
            self.expr(node.value, self.temp())  # it may be unbound
        elif isinstance(node.value, (gast.Yield, gast.YieldFrom)):
            self.yielded(node.value)
        else:
            self.expr(node.value)

    def yielded(self, node: Any) -> Operand:
        """Append a `yield` or `yield from`; return what it gives when the generator goes on."""
        if isinstance(node, gast.Yield):
            self.out.append(Yield(Lit(None) if node.value is None else self.expr(node.value), self.origin))
            return SENT
        sequence, each = self.expr(node.value), self.temp()
        self.out.append(For(each, sequence, [Yield(each, self.origin, True)], origin=self.origin))
        return sequence

    def yielded_value(self, node: Any) -> Operand:
        value = self.yielded(node)
        return value if isinstance(node, gast.Yield) else self.emit("result", (value,))

    def stmt_Return(self, node: Any) -> None:
        self.out.append(Return(Lit(None) if node.value is None else self.expr(node.value), self.origin))

    def stmt_Break(self, node: Any) -> None:
        self.out.append(Break(self.origin))

    def stmt_Continue(self, node: Any) -> None:
        self.out.append(Continue(self.origin))

    def stmt_Raise(self, node: Any) -> None:
        exc = None if node.exc is None else self.expr(node.exc)
        cause = None if node.cause is None else self.expr(node.cause)
        self.out.append(Raise(exc, cause, self.origin))

    def stmt_Assert(self, node: Any) -> None:
        if not __debug__:
            return
        test = self.expr(node.test)

        def fail() -> None:
            args = () if node.msg is None else (self.expr(node.msg),)
            self.out.append(Raise(self.emit("call", (Lit(AssertionError), *args), data=frozenset()), None, self.origin))

        self.out.append(If(test, [], self.block(fail), self.origin))

    def stmt_FunctionDef(self, node: Any) -> None:
        name = self.mangle(node.name)
        wrappers = [self.expr(d) for d in node.decorator_list]
        value = self.function(node, node.name, None if wrappers else name)
        for i in range(len(wrappers) - 1, -1, -1):
            value = self.emit("call", (wrappers[i], value), None if i else name, data=frozenset())

    def stmt_Import(self, node: Any) -> None:
        for alias in node.names:
            top = alias.name.partition(".")[0]
            self.emit("import", (), self.mangle(alias.asname or top), data=(alias.name, alias.asname is None, None, 0))

    def stmt_ImportFrom(self, node: Any) -> None:
        for alias in node.names:
            data = (node.module or "", False, alias.name, node.level or 0)
            self.emit("import", (), self.mangle(alias.asname or alias.name), data=data)

    # Control flow

    def stmt_If(self, node: Any) -> None:
        kept, chain = (self.origin, self.rebound), Chain(self)
        while True:
            test = self.expr(node.test)
            chain.add(test, self.body(node.body))
            if len(node.orelse) != 1 or not isinstance(node.orelse[0], gast.If):
                break
            (node,) = node.orelse
            self.enter(node)
        self.statements(node.orelse)
        chain.close()
        self.origin, self.rebound = kept

    def stmt_For(self, node: Any) -> None:
        origin = self.origin
        sequence = self.expr(node.iter)
        loop = self.for_loop(node.target, sequence, lambda: self.statements(node.body))
        loop.orelse = self.body(node.orelse)
        loop.origin = origin
        self.out.append(loop)

    def stmt_While(self, node: Any) -> None:
        origin = self.origin
        tests: list[Operand] = []
        before = self.block(lambda: tests.append(self.expr(node.test)))
        self.out.append(While(before, tests[0], self.body(node.body), self.body(node.orelse), None, origin))

    def stmt_Try(self, node: Any) -> None:
        if node.finalbody:
            body = self.block(lambda: self.guarded(node))
            final = self.body(node.finalbody)
            if finals.is_left(final):
                self.out += finals.write_out(body, final, self.temp, self.origin)
            else:
                self.out.append(Finally(body, final, self.origin))
        else:
            self.guarded(node)

    def guarded(self, node: Any) -> None:
        origin, ok = self.origin, self.temp()
        if node.handlers:
            body = self.body(node.body)
            self.out.append(Try(body, [self.handler(h) for h in node.handlers], ok, origin=origin))
            if node.orelse:
                self.out.append(If(ok, self.body(node.orelse), [], origin))
        else:
            self.statements([*node.body, *node.orelse])

    def handler(self, node: Any) -> Handler:
        origin = self.locator.statement(node)
        kinds: list[Operand] = []
        before = self.block(lambda: kinds.append(self.expr(node.type))) if node.type is not None else []
        name = None if node.name is None else self.mangle(node.name.id)
        return Handler(before, kinds[0] if kinds else None, name, self.body(node.body), origin)

    def stmt_With(self, node: Any) -> None:
        self.managed(node.items, node.body)

    def managed(self, items: list[Any], body: list[Any]) -> None:
        if not items:
            self.statements(body)
            return
        first, *rest = items
        manager, target = self.expr(first.context_expr), first.optional_vars
        name = None if target is None else self.temp() if not isinstance(target, gast.Name) else self.bound_name(target)

        def fill() -> None:
            if name is not None and not isinstance(target, gast.Name):
                self.assign(target, name)
            self.managed(rest, body)

        self.out.append(With(manager, name, self.block(fill), self.origin))

    # Assignments

    def stmt_Assign(self, node: Any) -> None:
        first, *others = node.targets
        if isinstance(node.value, (gast.Yield, gast.YieldFrom)):
            value = self.yielded_value(node.value)
            for target in node.targets:
                self.assign(target, value)
            return
        if isinstance(first, gast.Name) and (not others or not _binds(others, first.id)):
            name = self.bound_name(first)
            value = self.expr(node.value, name)
        elif not others and _is_pairwise(first, node.value):
            # Each name gets its item: a tuple of places of a list would hold copies of what is there.
            items = [self.emit("copy", (self.expr(v),), self.temp()) for v in node.value.elts]
            for target, item in zip(first.elts, items):
                self.assign(target, item)
            return
        else:
            value = self.expr(node.value)
            self.assign(first, value)
        for target in others:
            self.assign(target, value)

    def stmt_AnnAssign(self, node: Any) -> None:
        if node.value is None:
            return
        if isinstance(node.value, (gast.Yield, gast.YieldFrom)):
            self.assign(node.target, self.yielded_value(node.value))
            return
        if isinstance(node.target, gast.Name):
            self.expr(node.value, self.bound_name(node.target))
        else:
            self.assign(node.target, self.expr(node.value))

    def stmt_AugAssign(self, node: Any) -> None:
        op, target = BINARY[type(node.op).__name__], node.target
        if isinstance(target, gast.Name):
            name = self.bound_name(target)
            old = self.emit("copy", (name,)) if name in self.rebound or name.endswith(OF_MODULE) else name
            self.emit("inplace", (old, self.expr(node.value)), name, data=op)
        elif isinstance(target, gast.Subscript):
            base, key = self.expr(target.value), self.expr(target.slice)
            if has_call([node.value]):  # it may write what is read before it
                old = self.emit("getitem", (base, key))
                new = self.emit("inplace", (old, self.expr(node.value)), data=op)
                self.out.append(SetItem(base, key, new, self.origin))
            else:
                self.out.append(AugItem(base, key, op, self.expr(node.value), self.origin))
        else:
            base, attr = self.expr(target.value), self.mangle(target.attr)
            if has_call([node.value]):
                old = self.emit("getattr", (base,), data=attr)
                new = self.emit("inplace", (old, self.expr(node.value)), data=op)
                self.out.append(SetAttr(base, attr, new, None, self.origin))
            else:
                self.out.append(SetAttr(base, attr, self.expr(node.value), op, self.origin))

    def assign(self, target: Any, value: Operand) -> None:
        """Assign a value to a target of any shape."""
        if isinstance(target, gast.Name):
            self.emit("copy", (value,), self.bound_name(target))
        elif isinstance(target, gast.Subscript):
            base = self.expr(target.value)
            self.out.append(SetItem(base, self.expr(target.slice), value, self.origin))
        elif isinstance(target, gast.Attribute):
            self.out.append(SetAttr(self.expr(target.value), self.mangle(target.attr), value, None, self.origin))
        else:
            self.unpack(target, value)

    def unpack(self, target: Any, value: Operand) -> None:
        star = next((i for i, t in enumerate(target.elts) if isinstance(t, gast.Starred)), None)
        targets = [t.value if isinstance(t, gast.Starred) else t for t in target.elts]
        # Python assigns from left to right. Where that shows, every target gets a temporary first.
        ordered = not _is_plain(targets)
        names: list[str] = []
        later: list[tuple[Any, str]] = []
        for t in targets:
            if isinstance(t, gast.Name) and not ordered:
                names.append(self.bound_name(t))
            else:
                names.append(self.temp())
                later.append((t, names[-1]))
        self.out.append(Unpack(tuple(names), value, star, self.origin))
        for t, name in later:
            self.assign(t, name)

    def stmt_Delete(self, node: Any) -> None:
        for target in node.targets:
            self.delete(target)

    def delete(self, target: Any) -> None:
        if isinstance(target, gast.Name):
            self.expr(target, self.temp())  # it may be unbound
            self.out.append(Delete(self.bound_name(target), origin=self.origin))
        elif isinstance(target, gast.Subscript):
            base = self.expr(target.value)
            self.out.append(Delete(None, base, self.expr(target.slice), self.origin))
        elif isinstance(target, (gast.Tuple, gast.List)):
            for t in target.elts:
                self.delete(t)
        else:
            raise self.refuse(target, "DelAttr")


def _binds(targets: list[Any], name: str) -> bool:
    names = [n for t in targets for n in gast.walk(t) if isinstance(n, gast.Name)]
    return any(isinstance(n.ctx, gast.Store) and n.id == name for n in names)


def _is_pairwise(target: Any, value: Any) -> bool:
    """Say whether a statement gives names the items of a display one by one: `a, b = x, y`."""
    shapes = (gast.Tuple, gast.List)
    if not (isinstance(target, shapes) and isinstance(value, shapes) and len(target.elts) == len(value.elts)):
        return False
    return all(isinstance(t, gast.Name) for t in target.elts) and not any(
        isinstance(v, gast.Starred) for v in value.elts
    )


def _is_plain(targets: list[Any]) -> bool:
    """Say whether the targets are different names, perhaps nested: their order does not show."""
    seen: set[str] = set()
    pending = list(targets)
    while pending:
        t = pending.pop()
        if isinstance(t, gast.Starred):
            pending.append(t.value)
        elif isinstance(t, (gast.Tuple, gast.List)):
            pending.extend(t.elts)
        elif not isinstance(t, gast.Name) or t.id in seen:
            return False
        else:
            seen.add(t.id)
    return True
