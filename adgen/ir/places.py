"""Where in an array a load or write is: its indices, and how far one lies from a loop's counter."""

from __future__ import annotations

from collections.abc import Mapping

from adgen.ir.nodes import Const, Hole, Index, Let, Var


def items_of(s: Let) -> list[object]:
    """Return the indices of a load or write of one step, operands for holes; nothing for any other place."""
    if len(s.place) != 1 or not isinstance(s.place[0], Index):
        return []
    return [s.args[i.arg] if isinstance(i, Hole) else i for i in s.place[0].items]


def shift_of(item: object, i: Var, lets: Mapping[Var, Let]) -> int | None:
    """Return c where an index is `i + c`."""
    if item is i:
        return 0
    s = lets.get(item) if isinstance(item, Var) else None
    if s is None or s.op.name not in ("add", "sub") or s.kws:
        return None
    x, y = s.args
    if x is i and isinstance(y, Const) and type(y.value) is int:
        return y.value if s.op.name == "add" else -y.value
    if y is i and s.op.name == "add" and isinstance(x, Const) and type(x.value) is int:
        return x.value
    return None
