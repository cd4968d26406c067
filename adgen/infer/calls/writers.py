"""Functions and methods that write an argument: `out=`, `np.copyto`, `x.sort()` and the like, as stores.

Each computes its result as a new array and stores it: that a buffer is spared is up to the generated code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import UnsupportedError
from adgen.infer.calls import calls
from adgen.infer.expressions import attributes, operations
from adgen.infer.memory import item_stores
from adgen.infer.values import Ref, TupleV
from adgen.ir.nodes import Const
from adgen.ir.types import Array, Scalar, dims_of
from adgen.rules import written
from adgen.rules.registry import Formula

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

Writer = Callable[..., Any]
FUNCTIONS: dict[Any, Writer] = {}
METHODS: dict[str, Writer] = {}


def writes(*fns: Any, method: str = "") -> Callable[[Writer], Writer]:
    def mark(w: Writer) -> Writer:
        FUNCTIONS.update(dict.fromkeys(fns, w))
        if method:
            METHODS[method] = w
        return w

    return mark


def find(fn: Any) -> Writer | None:
    """Return how to carry out a function that writes its first argument."""
    try:
        return FUNCTIONS.get(fn)
    except TypeError:
        return None


def call(e: Engine, w: Writer, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Carry out a writing function; what it returns is None."""
    if not args or not operations.is_array(e, args[0]):
        raise UnsupportedError(what=f"{name}() of {operations.describe(e, args[0])}", origin=e.origin)
    try:
        w(e, *args, **kwargs)
    except TypeError as error:
        raise UnsupportedError(what=f"this call of {name}: {error}", origin=e.origin) from error
    return e.b.const(None)


def split_out(
    e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> tuple[list[Any], dict[str, Any], Any]:
    """Take `out` off the arguments of a call; None if there is none."""
    values, named = list(args), dict(kwargs)
    out = named.pop("out", None)
    if out is None and isinstance(fn, np.ufunc) and len(values) > fn.nin:
        out = values.pop() if len(values) == fn.nin + 1 and fn.nout == 1 else TupleV(tuple(values[fn.nin :]))
        del values[fn.nin :]
    if isinstance(out, TupleV) and len(out.items) == 1:
        out = out.items[0]
    if isinstance(out, Const) and out.value is None:
        out = None
    if out is not None and not operations.is_array(e, out):
        raise UnsupportedError(
            what=f"the argument `out` that is {operations.describe(e, out)}",
            instead="pass an array, or assign the result",
            origin=e.origin,
        )
    return values, named, out


def call_into(e: Engine, fn: Any, args: Sequence[Any], kwargs: Mapping[str, Any], out: Any) -> Any:
    """`fn(*args, out=out)`, perhaps with the `where` of a ufunc."""
    named = dict(kwargs)
    where = named.pop("where", None) if isinstance(fn, np.ufunc) else None
    casting = named.pop("casting", None)
    if where is None:
        result = calls.call_object(e, fn, args, named, {})
        refuse_unsafe(e, result, out, casting)
        store(e, out, result)
    else:
        with e.let_pass((("divide", "ignore"), ("invalid", "ignore"))):  # what the mask leaves out is computed, too
            result = calls.call_object(e, fn, args, named, {})
            refuse_unsafe(e, result, out, casting)
            store(e, out, result, where)
    return out


def refuse_unsafe(e: Engine, value: Any, out: Any, casting: Any) -> None:
    """Refuse to write numbers into an array of a lesser kind, which a function does only with `casting="unsafe"`."""
    if isinstance(casting, Const) and casting.value == "unsafe":
        return
    given, held = (_type(e, v) for v in (value, out))
    if isinstance(given, (Array, Scalar)) and not np.can_cast(given.dtype, held.dtype, "same_kind"):
        raise UnsupportedError(
            what=f"numbers of {given.dtype} written into an array of {held.dtype}",
            why="NumPy raises an error here",
            instead='make an array of their kind, or say casting="unsafe"',
            origin=e.origin,
        )


def store(e: Engine, base: Any, value: Any, where: Any = None) -> None:
    """`base[...] = value`, only where the mask says so."""
    if where is not None and not (isinstance(where, Const) and where.value is True):
        value = calls.call_object(e, np.where, [where, value, base], {}, {})
    item_stores.set_item(e, base, e.b.const(Ellipsis), value)


@writes(np.copyto)
def copyto(e: Engine, dst: Any, src: Any, casting: Any = None, where: Any = None) -> None:
    refuse_unsafe(e, src, dst, casting)
    store(e, dst, src, where)


@writes(method="sort")
def sort(e: Engine, a: Any, axis: Any = None, kind: Any = None, order: Any = None, stable: Any = None) -> None:
    store(e, a, calls.call_object(e, np.sort, [a], {} if axis is None else {"axis": axis}, {}))


@writes(method="partition")
def partition(e: Engine, a: Any, kth: Any, axis: Any = None, kind: Any = None, order: Any = None) -> None:
    store(e, a, calls.call_object(e, np.partition, [a, kth], {} if axis is None else {"axis": axis}, {}))


@writes(np.fill_diagonal)
def fill_diagonal(e: Engine, a: Any, val: Any, wrap: Any = None) -> None:
    dims = dims_of(_type(e, a))
    if len(dims) != 2 or wrap is not None:
        raise UnsupportedError(what="np.fill_diagonal of this form", instead="loop over the diagonal", origin=e.origin)
    shape = attributes.get_attribute(e, a, "shape", {})
    n = calls.call_object(e, min, list(shape.items), {}, {})
    at = calls.call_object(e, np.arange, [n], {}, {})
    item_stores.set_item(e, a, TupleV((at, at)), val)


def leave(source: Writer) -> Writer:
    """Make a writer that stores what a function of the same arguments returns."""

    def writer(e: Engine, a: Any, *args: Any, **kwargs: Any) -> None:
        store(e, a, calls.call_formula(e, Formula(source.__name__, source, source), [a, *args], kwargs, {}))

    return writer


writes(np.put, method="put")(leave(written.put))
writes(np.putmask)(leave(written.masked))
place = leave(written.placed)


@writes(np.place)
def place_apart(e: Engine, arr: Any, mask: Any, vals: Any) -> None:
    """NumPy reads values that it may have written before, where they are in the array itself."""
    if isinstance(arr, Ref) and isinstance(vals, Ref):
        if vals.obj is arr.obj or vals.obj in e.state.links.get(arr.obj, ()):
            raise UnsupportedError(
                what="np.place of values from the array itself",
                why="NumPy reads some of them after it has written over them",
                instead="pass a copy of the values, or assign to `arr[mask]`",
                origin=e.origin,
            )
    place(e, arr, mask, vals)


writes(np.put_along_axis)(leave(written.put_along))


def _type(e: Engine, v: Any) -> Any:
    return operations.array_type(e, v) if isinstance(v, Ref) else v.type
