"""The last pass: a function's IR becomes text.

Assumes a verified function whose updates can be done in place (`optimise.own`). Guarantees text that
defines one function, the same for the same IR, and says what it needs besides Python.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from adgen.ir.memory import memory_of
from adgen.ir.nodes import Func, Origin, bound, defs, walk
from adgen.ir.routine import Routine, routines_in


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
    routines: frozenset[Routine] = frozenset()  # functions that it hands to others


def emit(func: Func, routines: Mapping[Routine, str] | None = None) -> Text:
    """Return the text of one function; `routines` are functions that stand beside it, by the names that they have."""
    scope = Scope([v.name for v in func.params if v.name is not None] + [func.name])
    for routine, known in (routines or {}).items():
        scope.bind(routine, known)
    declare(func, scope)
    func, choices = find_choices(func)
    overlay = fold(func, memory_of(func))
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
        frozenset(r for r, known in (routines or {}).items() if known in scope.used),
    )


def name_routines(funcs: Sequence[Func], routines: Mapping[Routine, Func]) -> dict[Routine, str]:
    """Name the functions that are handed to others apart from each other, and from every variable."""
    taken = {f.name for f in funcs} | {"np", "math"}
    for f in (*funcs, *routines.values()):
        taken.update(v.name for s in walk(f.body) for v in (*defs(s), *bound(s)) if v.name is not None)
        taken.update(p.name for p in f.params if p.name is not None)
    names: dict[Routine, str] = {}
    for r in routines:
        name, k = r.func.name, 1
        while name in taken or hasattr(builtins, name) or keyword.iskeyword(name):
            name, k = f"{r.func.name}_{k}", k + 1
        taken.add(name)
        names[r] = name
    return names


def emit_module(funcs: Sequence[Func], header: str = "", finish: Callable[[Routine], Func] = lambda r: r.func) -> Text:
    """Return the text of several functions as one module, with the imports of numpy and math that it needs.

    `finish` makes the functions that they hand to others ready to be written.
    """
    routines = routines_in(funcs, finish)
    names = name_routines(funcs, routines)
    texts = [emit(f, names) for f in funcs]
    used = {r for t in texts for r in t.routines}
    for r in reversed(routines):
        if r in used:
            texts.insert(0, emit(replace(routines[r], name=names[r]), names))
            used.update(texts[0].routines)
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
