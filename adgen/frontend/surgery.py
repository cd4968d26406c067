"""`with adgen.gradient_of(h) as g:` as a function of the gradient, made before anything else looks at names.

    with adgen.gradient_of(h) as g:        def _gradient_of_h_7(g):
        g = clip(g)                            g = clip(g)
                                               return g
                                           h = adgen.gradient_of(h, _gradient_of_h_7)

What cannot be written so (another form of `with`, a body that leaves it) stays, and is refused where it runs.
"""

from __future__ import annotations

import ast
from types import FunctionType
from typing import Any


def desugar(node: Any, fn: FunctionType) -> Any:
    """Rewrite the blocks of a function's `ast` node."""
    return ast.fix_missing_locations(_Rewriter(fn).visit(node))


def _meaning(fn: FunctionType, name: str) -> Any:
    code = fn.__code__
    if name in code.co_freevars and fn.__closure__ is not None:
        try:
            return fn.__closure__[code.co_freevars.index(name)].cell_contents
        except ValueError:
            return None
    return fn.__globals__.get(name)


class _Rewriter(ast.NodeTransformer):
    def __init__(self, fn: FunctionType) -> None:
        self.fn = fn

    def visit_With(self, node: ast.With) -> Any:
        self.generic_visit(node)
        call, target = node.items[0].context_expr, node.items[0].optional_vars
        if len(node.items) != 1 or not isinstance(call, ast.Call) or not self._is_ours(call.func):
            return node
        if len(call.args) != 1 or call.keywords or not isinstance(call.args[0], ast.Name) or _leaves(node.body):
            return node
        h = call.args[0].id
        g = target.id if isinstance(target, ast.Name) else "gradient"
        if target is not None and not isinstance(target, ast.Name):
            return node
        name = f"_gradient_of_{h}_{node.lineno}"
        back = ast.copy_location(ast.Return(ast.Name(g, ast.Load())), node)
        args = ast.arguments([], [ast.arg(g, None, None)], None, [], [], None, [])
        made = ast.FunctionDef(name, args, [*node.body, back], [], None, None)
        if "type_params" in ast.FunctionDef._fields:
            setattr(made, "type_params", [])  # noqa: B010 - Python 3.12's
        value = ast.Call(call.func, [ast.Name(h, ast.Load()), ast.Name(name, ast.Load())], [])
        bound = ast.Assign([ast.Name(h, ast.Store())], value, None)
        ast.copy_location(bound, node)
        last = target or call
        bound.end_lineno, bound.end_col_offset = last.end_lineno, last.end_col_offset  # the header stands for it
        return [ast.copy_location(made, node), bound]

    def _is_ours(self, func: ast.expr) -> bool:
        """Say whether an expression means `adgen.gradient_of`, as the function's names stand."""
        from adgen.api.surgery import gradient_of

        path: list[str] = []
        while isinstance(func, ast.Attribute):
            path.append(func.attr)
            func = func.value
        if not isinstance(func, ast.Name):
            return False
        value = _meaning(self.fn, func.id)
        for name in reversed(path):
            value = getattr(value, name, None)
        return value is gradient_of


def _leaves(body: list[ast.stmt]) -> bool:
    """Say whether statements may leave their block otherwise than by its end or an exception."""
    pending: list[tuple[ast.AST, bool]] = [(s, False) for s in body]
    while pending:
        n, in_loop = pending.pop()
        if isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            continue
        if isinstance(n, (ast.Return, ast.Yield, ast.YieldFrom, ast.Nonlocal, ast.Global)):
            return True
        if isinstance(n, (ast.Break, ast.Continue)) and not in_loop:
            return True
        pending += [(c, in_loop or isinstance(n, (ast.For, ast.While))) for c in ast.iter_child_nodes(n)]
    return False
