"""Keep what a pullback will read apart from what its caller may write until then.

Assumes the forward part of a pullback, owned. Guarantees that no residual shares memory with an argument, with what
was read from outside, or with the value: whoever changes those later changes no gradient. What may is copied as it is
saved.
"""

from __future__ import annotations

from adgen.ir.memory import memory_of, refers
from adgen.ir.nodes import Func, Let, Operand, Var
from adgen.ir.types import Opaque
from adgen.optimise.copies import Edits, put_copies


def keep_apart(func: Func) -> Func:
    """Return the forward part with copies of the residuals that somebody else could write."""
    defined = {s.out: s for s in func.body.stmts if isinstance(s, Let)}
    both = _items(func.body.results[0], defined)
    saved = _items(both.args[1], defined) if both is not None else None
    if both is None or saved is None or not any(refers(a.type) for a in saved.args):
        return func
    memory = memory_of(func)
    value = memory.roots(both.args[0])
    edits = Edits()
    for k, a in enumerate(saved.args):
        if isinstance(a.type, Opaque):  # an object that both halves change, as it is
            continue
        roots = memory.roots(a)
        if refers(a.type) and (not memory.owned(roots) or memory.share(roots, value)):
            edits.args[saved, k] = edits.whole[saved, k] = None
    return put_copies(edits, func) if edits else func


def _items(a: Operand, defined: dict[Var, Let]) -> Let | None:
    """Return the statement that makes a tuple."""
    s = defined.get(a) if isinstance(a, Var) else None
    return s if s is not None and s.op.name == "make_tuple" else None
