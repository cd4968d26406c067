"""What a derivative holds constant, and what is left of marks when it is made.

`stop_gradients` belongs to one derivative: another one of its result goes through what it held. So a name that one of
the derivatives of a request speaks of is *held* by the identity, which becomes a `stop_gradient` while that
derivative is made. A stop that the program itself writes holds in all of them. What the program does to a gradient (a
hook) belongs to the first backward pass: a derivative of its result is that of the statements that came of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from adgen.ir.nodes import Block, Const, Func, If, Let, Loop, Operand, Stmt, Var, walk
from adgen.ir.rewrite import substitute
from adgen.optimise.dce import eliminate_dead
from adgen.rules.registry import REGISTRY


def hold(func: Func, names: Sequence[str]) -> Func:
    """Return a function with the values of these names held constant."""
    return replace(func, body=_swap(func.body, "held", "stop_gradient", names)) if names else func


def release(func: Func, names: Sequence[str]) -> Func:
    """Return a derivative of a function that `hold` gave, with nothing held constant for the next one."""
    return replace(func, body=_swap(func.body, "stop_gradient", "held", names)) if names else func


def _swap(block: Block, old: str, new: str, names: Sequence[str]) -> Block:
    stmts: list[Stmt] = []
    for s in block.stmts:
        if isinstance(s, If):
            s = replace(s, then=_swap(s.then, old, new, names), orelse=_swap(s.orelse, old, new, names))
        elif isinstance(s, Loop):
            s = replace(s, body=_swap(s.body, old, new, names))
        elif s.op.name == old and len(s.args) > 1 and isinstance(s.args[1], Const) and s.args[1].value in names:
            s = replace(s, op=REGISTRY.named(new))
        stmts.append(s)
    return Block(tuple(stmts), block.results)


def without_hooks(s: Stmt) -> Stmt:
    """Return a statement in which no value has its gradient changed any more."""
    if isinstance(s, If):
        return replace(s, then=_unhooked(s.then), orelse=_unhooked(s.orelse))
    if isinstance(s, Loop):
        return replace(s, body=_unhooked(s.body))
    return replace(s, op=REGISTRY.named("named"), args=s.args[:1]) if s.op.name == "hook" else s


def _unhooked(block: Block) -> Block:
    return Block(tuple(map(without_hooks, block.stmts)), block.results)


MARKS = ("pin", "stop_gradient", "held", "hook", "through")


def strip(func: Func, ops: Sequence[str] = MARKS) -> Func:
    """Return a function without pins, stops and hooks: they are the values that they were made of."""

    def is_gone(s: Let) -> bool:
        return s.op.name in ops or s.op.note in ops or (s.op.name == "named" and _is_alias(s))

    same: dict[Var, Operand] = {s.out: s.args[0] for s in walk(func.body) if isinstance(s, Let) and is_gone(s)}
    return eliminate_dead(replace(func, body=substitute(func.body, same))) if same else func


def _is_alias(s: Let) -> bool:
    """Say whether a value is another one of the same name."""
    return isinstance(s.args[0], Var) and s.args[0].name is not None and s.args[0].name == s.out.name
