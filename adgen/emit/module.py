"""The last pass: a function's IR becomes text.

Assumes a verified function whose updates can be done in place (`optimise.own`). Guarantees text that
defines one function, the same for the same IR, and says what it needs besides Python.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from adgen.emit.conditional import Choices, find_choices
from adgen.emit.expr import Expressions
from adgen.emit.fold import fold
from adgen.emit.names import Names
from adgen.emit.printer import Comment, Printer
from adgen.emit.quiet import hold_back
from adgen.emit.scope import MODULES, Scope, declare
from adgen.emit.targets import find_targets
from adgen.emit.write import Writer
from adgen.ir.live import Overlay, find_live
from adgen.ir.memory import Memory
from adgen.ir.nodes import Func, Origin


@dataclass(frozen=True, slots=True)
class Text:
    """A function as source text.

    `externals` are the objects that the text names, other than numpy, math and builtins; `helpers` those
    of them that belong to adgen; `modules` the modules it needs (`np`, `math`); `lines` the statement of
    the user behind each generated line, counted from 1.
    """

    source: str
    externals: dict[str, Any] = field(default_factory=dict)
    helpers: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    lines: dict[int, Origin] = field(default_factory=dict)


def emit(func: Func) -> Text:
    """Return the text of one function."""
    scope = Scope([v.name for v in func.params if v.name is not None] + [func.name])
    declare(func, scope)
    func, choices = find_choices(func)
    overlay = fold(func, Memory(func))
    overlay.folded.update(choices.inside)
    live = find_live(func, overlay)
    find_targets(func, overlay)
    names = Names(func, live, overlay, scope.names())
    scope.used.clear()
    body = Writer(func, Expressions(scope, overlay, choices), live, names).write()
    defaults = [Expressions(scope, Overlay(), Choices()).constant(d) for d in func.defaults]
    head = ast.arguments([], [ast.arg(names.of(v)) for v in func.params], None, [], [], None, defaults)
    notes: list[ast.stmt] = [Comment(n) for n in func.notes]

    def errstate(kinds: tuple[str, ...]) -> ast.expr:
        words = [ast.keyword(k, ast.Constant("ignore")) for k in (("all",) if len(kinds) == 4 else kinds)]
        name = Expressions(scope, Overlay(), Choices()).dotted(scope.path("np.errstate", np.errstate))
        return ast.Call(name, [], words)

    body, wrapper = hold_back(body, errstate)
    wrappers = [] if wrapper is None else [wrapper]
    definition = ast.FunctionDef(func.name, head, [*notes, *body], wrappers, None)
    printer = Printer([definition])
    return Text(
        printer.source,
        {n: x for n, x in scope.externals.items() if n in scope.used},
        tuple(n for n in scope.helpers if n in scope.used),
        tuple(n for n in MODULES if n in scope.used),
        printer.lines,
    )


def emit_module(funcs: Sequence[Func], header: str = "") -> Text:
    """Return the text of several functions as one module, with the imports of numpy and math that it needs."""
    texts = [emit(f) for f in funcs]
    modules = tuple(n for n in MODULES if any(n in t.modules for t in texts))
    imports = {"np": "import numpy as np", "math": "import math"}
    parts = [header.rstrip() + "\n"] if header else []
    if modules:
        parts.append("".join(imports[n] + "\n" for n in sorted(modules)))
    source = "\n".join(parts)
    externals: dict[str, Any] = {}
    helpers: dict[str, None] = {}
    lines: dict[int, Origin] = {}
    for t in texts:
        source += "\n\n" if source else ""
        at = source.count("\n")
        lines.update({at + k: origin for k, origin in t.lines.items()})
        source += t.source
        externals.update(t.externals)
        helpers.update(dict.fromkeys(t.helpers))
    return Text(source, externals, tuple(helpers), modules, lines)
