"""Give arguments what the primal leaves in them, where it does not write them in place.

Assumes a function after `own` whose parameters may be written, and for each argument that it changes the place of its
content at the end among the results. Guarantees that the argument has that content when the function returns, and that
what it returns of the argument is the argument; what an inner array of an argument was to get, and a view of the
argument that is returned, are refused where `own` put them into a copy. A function that writes in place stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from adgen.errors import UnsupportedError
from adgen.ir.memory import Memory, Root, Roots, refers
from adgen.ir.nodes import Block, Const, Func, Let, Operand, Var, walk
from adgen.ir.types import Array, NoneT, Opaque
from adgen.optimise.dce import eliminate_dead
from adgen.rules.helpers import put_back
from adgen.rules.registry import REGISTRY

STRUCTURES = ("make_tuple", "make_list", "make_record")


def write_back(func: Func, functional: Func, left: Mapping[Var, int]) -> Func:
    """Return the function with what its arguments lack written into them.

    `functional`: the function before `own`. `left`: the result that is the content of an argument at the end.
    """
    if not left:
        return func
    pass_ = _WriteBack(func, functional, left)
    return pass_.run() if pass_.lacking else func


class _WriteBack:
    def __init__(self, func: Func, functional: Func, left: Mapping[Var, int]) -> None:
        self.func = func
        self.memory = Memory(func, True)
        before = {s.out for s in walk(functional.body) if isinstance(s, Let)}
        self.copies: set[Root] = set()  # what `own` made
        for s in walk(func.body):
            if isinstance(s, Let) and s.op.name == "copy" and s.out not in before:
                self.copies.update(self.memory.own[s.out])
        ends = {p: func.body.results[k] for p, k in left.items()}
        self.lacking = {p: end for p, end in ends.items() if self.lacks(p, end)}
        self.params = {end: p for p, end in self.lacking.items()}
        self.copied: dict[Operand, Var] = {}
        self.rebuilt: list[Let] = []  # what the result takes of an argument, behind the writes

    def lacks(self, param: Var, end: Operand) -> bool:
        """Say whether an argument may be without what it holds at the end."""
        if not isinstance(end, Var):
            return True
        if self.objects(self.memory.deep.get(end, ())) & self.copies:
            raise _refusal(f"writes into an array inside of the argument '{param.name}'", "what holds it")
        return not self.objects(self.memory.own[end]) <= set(self.memory.own[param])

    def objects(self, roots: Roots) -> set[Root]:
        """Return all that the roots may be, what is made inside of loops included."""
        seen: set[Root] = set()
        stack = list(roots)
        while stack:
            r = stack.pop()
            if r not in seen:
                seen.add(r)
                if r.loop is not None:
                    stack += self.memory.flow(r, r.loop.inits[r.position])
                    stack += self.memory.flow(r, r.loop.yields[r.position])
        return {r for r in seen if r.loop is None}

    def run(self) -> Func:
        body = self.func.body
        result = self.renewed(body.results[0])
        writes = [self.write(p, end) for p, end in self.lacking.items()]
        copies = [Let(out, REGISTRY.named("copy"), (a,)) for a, out in self.copied.items()]
        stmts = (*body.stmts, *copies, *writes, *self.rebuilt)
        return eliminate_dead(replace(self.func, body=Block(stmts, (result, *body.results[1:]))))

    def write(self, param: Var, end: Operand) -> Let:
        if any(self.shares(end, p) for p in self.lacking if p is not param):
            end = self.copy(end)
        args = (param, end) if isinstance(param.type, Array) else (param, Const(None, NoneT()), end)
        target = Const(np.copyto if isinstance(param.type, Array) else put_back, Opaque())
        return Let(Var(Opaque()), REGISTRY.named("opaque"), (target, *args))

    def renewed(self, a: Operand) -> Operand:
        """Return what stands for a value of the result when the arguments are written."""
        if not isinstance(a, Var) or not refers(a.type):
            return a
        if a in self.params:
            return self.params[a]
        s = self.memory.defined.get(a)
        if isinstance(s, Let) and (s.op.name in STRUCTURES or s.op.name == "getitem" or s.op.memory == "view"):
            args = tuple(map(self.renewed, s.args))
            if args == s.args:
                return a
            self.rebuilt.append(replace(s, out=Var(a.type, a.name), args=args))
            return self.rebuilt[-1].out
        if any(self.shares(a, end) for end in self.params):
            raise _refusal("returns what shares memory with an argument that it writes", "the result")
        return self.copy(a) if any(self.shares(a, p) for p in self.lacking) else a

    def shares(self, a: Operand, b: Operand) -> bool:
        return self.memory.share(self.memory.roots(a), self.memory.roots(b))

    def copy(self, a: Operand) -> Var:
        return self.copied.setdefault(a, Var(a.type))


def _refusal(what: str, other: str) -> UnsupportedError:
    return UnsupportedError(
        what=f"{what}, in a compiled function",
        why="what was there before must stay at hand, so the write goes into a copy that the caller does not see",
        instead=f"copy {other} first, and return it",
        origin=None,
    )
