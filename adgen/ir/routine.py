"""A function as a value: what a program hands to a library function that calls it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from adgen.ir.nodes import Block, Const, Func, If, Loop, operands, walk


class Routine:
    """A closed function: what it captured are its last parameters. It stands in the IR as a constant.

    The text of a derivative defines it beside the derivative itself.
    """

    __slots__ = ("func",)

    def __init__(self, func: Func) -> None:
        self.func = func

    @property
    def __name__(self) -> str:
        return self.func.name

    def __repr__(self) -> str:
        return f"<routine {self.func.name}>"

    def __call__(self, *args: Any) -> Any:
        from adgen.ir.evaluate import evaluate

        return evaluate(self.func, args)


def routines_in(funcs: Sequence[Func], finish: Callable[[Routine], Func]) -> dict[Routine, Func]:
    """Return the routines that functions use, finished, each after those that it uses itself."""
    found: dict[Routine, Func] = {}
    seen: set[Routine] = set()

    def visit(func: Func) -> None:
        for a in constants(func.body):
            if isinstance(a.value, Routine) and a.value not in seen:
                seen.add(a.value)  # it may call itself
                finished = finish(a.value)
                visit(finished)
                found[a.value] = finished

    for f in funcs:
        visit(f)
    return found


def constants(block: Block) -> Iterator[Const]:
    for s in walk(block):
        yield from (a for a in operands(s) if isinstance(a, Const))


def without_origin(block: Block) -> Block:
    """Return a block whose statements come from no statement of the user."""
    stmts = []
    for s in block.stmts:
        if isinstance(s, If):
            s = replace(s, then=without_origin(s.then), orelse=without_origin(s.orelse))
        elif isinstance(s, Loop):
            s = replace(s, body=without_origin(s.body), test=s.test and without_origin(s.test))
        stmts.append(replace(s, origin=None, adjoint=False))
    return Block(tuple(stmts), block.results)
