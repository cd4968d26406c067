"""Values that exist on one path only: what a branch saved is None on the other path."""

from __future__ import annotations

from adgen.ir.nodes import Block, If, Var, walk
from adgen.ir.types import NoneT, Undef


def find_absent(body: Block, undefined: bool = False) -> set[Var]:
    """Return the outs of branches that are None on one path: what was saved of the other.

    `undefined`: also those that are not defined there at all, but only where the branch itself says so. What joins such
    a value with another one may always be there: an early return's result is.
    """
    if undefined:
        return {
            v
            for s in walk(body)
            if isinstance(s, If)
            for v, *sides in zip(s.outs, s.then.results, s.orelse.results)
            if any(isinstance(x.type, (NoneT, Undef)) for x in sides)
        }
    missing = (NoneT,)
    branches = [s for s in walk(body) if isinstance(s, If)]
    absent: set[Var] = set()
    grew = True
    while grew:
        grew = False
        for s in reversed(branches):
            for v, *sides in zip(s.outs, s.then.results, s.orelse.results):
                if v not in absent and any(isinstance(x.type, missing) or x in absent for x in sides):
                    absent.add(v)
                    grew = True
    return absent
