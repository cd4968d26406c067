"""What a program leaves in the structures that it was given: all of it in the primal that is emitted back.

An array that is a parameter itself is written in place. What is reached through a dict, a list or an object is
computed as a new version and put back here, at the end. Derivatives leave their arguments alone, but for the state of
objects that are not differentiated: a counter counts, a layer remembers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from adgen.api.plain import is_plain
from adgen.infer.engine import Engine
from adgen.infer.values import Lent, Map, Obj, Ref, Seq, TupleV
from adgen.ir.nodes import Operand
from adgen.ir.types import Array
from adgen.rules.helpers import put_back


def leave(e: Engine, value: Any, operand: Operand, entry: Mapping[Obj, Any], is_param: bool = True) -> None:
    """Emit what changes `operand` from the content that `value` had on entry to its present one."""
    if isinstance(value, TupleV):
        keys = value.cls._fields if value.cls is not None else range(len(value.items))  # type: ignore[attr-defined]
        _leave_each(e, keys, value.items, operand, entry)
    if not isinstance(value, Ref):
        return
    before, after = entry[value.obj], e.state.heap[value.obj]
    if isinstance(after, Lent) and not e.leaves:
        return
    if isinstance(before, (Map, Seq)):
        old = _entries(before)
        if isinstance(after, (Map, Seq)):
            new = _entries(after)
            kept = [k for k in new if k in old and new[k] == old[k]]
            if len(kept) < max(len(new), len(old)):
                values = [_item(e, operand, k) if k in kept else e.value(i) for k, i in new.items()]
                e.opaque(put_back, [operand, e.b.const(tuple(new)), *values])
            _leave_each(e, kept, [old[k] for k in kept], operand, entry)
        else:
            e.opaque(put_back, [operand, e.b.const(None), e.content(value.obj)])
    elif after is not before and not is_param:
        if isinstance(operand.type, Array):
            e.opaque(np.copyto, [operand, e.content(value.obj)])
        else:
            e.opaque(put_back, [operand, e.b.const(None), e.content(value.obj)])


def leave_objects(e: Engine, value: Any, operand: Operand, entry: Mapping[Obj, Any]) -> None:
    """Emit what changes the objects of the user's classes in a structure, and what they hold."""
    content = entry[value.obj] if isinstance(value, Ref) else value
    if isinstance(content, Map) and is_plain(content.cls):
        leave(e, value, operand, entry)
        return
    if not isinstance(content, (TupleV, Map, Seq)):
        return
    for k, i in (_entries(content) if not isinstance(content, TupleV) else dict(enumerate(content.items))).items():
        if isinstance(i, (Ref, TupleV)):
            leave_objects(e, i, _item(e, operand, k), entry)


def leave_all(e: Engine, changed: Sequence[tuple[Any, Operand]], entry: Mapping[Obj, Any]) -> None:
    """Emit what changes the objects in these structures: at the end, and before an exception that nobody catches."""
    for value, operand in changed:
        leave_objects(e, value, operand, entry)


def _leave_each(e: Engine, keys: Any, values: Any, operand: Operand, entry: Mapping[Obj, Any]) -> None:
    for k, i in zip(keys, values):
        if isinstance(i, (Ref, TupleV)):
            leave(e, i, _item(e, operand, k), entry, is_param=False)


def _entries(content: Map | Seq) -> dict[Any, Any]:
    return dict(zip(content.keys, content.items) if isinstance(content, Map) else enumerate(content.items))


def _item(e: Engine, operand: Operand, key: Any) -> Operand:
    return e.b.call("item", operand, e.b.const(key))
