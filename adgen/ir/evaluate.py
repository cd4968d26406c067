"""Run the IR as it stands: the reference that every pass is tested against.

Functional semantics: `update` and `append` copy, then write. With `destructive` they write in place,
which is what emitted code does after `optimise.own`; a missing copy then shows as a wrong value.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from adgen.ir import types
from adgen.ir.nodes import Block, Const, Func, Hole, If, Index, Let, Loop, Operand, Place, Slice, Stmt, Var, tried_part


class _Unbound:
    """The value of a name that is not bound on this path."""

    def __repr__(self) -> str:
        return "<unbound>"


UNBOUND = _Unbound()
Env = dict[Var, Any]


def evaluate(func: Func, args: Sequence[Any], destructive: bool = False) -> Any:
    """Return the result of `func` for `args`; missing trailing arguments come from its defaults."""
    missing = len(func.params) - len(args)
    if missing < 0 or missing > len(func.defaults):
        raise TypeError(f"{func.name}() takes {len(func.params)} arguments, {len(args)} were given")
    values = [*args, *(func.defaults[len(func.defaults) - missing :] if missing else ())]
    env: Env = dict(zip(func.params, values, strict=True))
    runner = _Runner(env, destructive)
    runner.block(func.body)
    (result,) = func.body.results
    return runner.use(result)


class _Runner:
    """One call: the values computed so far."""

    def __init__(self, env: Env, destructive: bool) -> None:
        self.env = env
        self.destructive = destructive

    def get(self, a: Operand) -> Any:
        """Return a value that is only passed on: it may be unbound."""
        if isinstance(a, Const):
            return UNBOUND if isinstance(a.type, types.Undef) else a.value
        return self.env[a]

    def use(self, a: Operand) -> Any:
        """Return a value that is read."""
        value = self.get(a)
        if value is UNBOUND:
            name = a.name if isinstance(a, Var) else None
            raise UnboundLocalError(f"cannot access local variable '{name}' where it is not associated with a value")
        return value

    def block(self, block: Block) -> list[Any]:
        for s in block.stmts:
            self.stmt(s)
        return [self.get(r) for r in block.results]

    def stmt(self, s: Stmt) -> None:
        if isinstance(s, Let):
            self.env[s.out] = self.let(s)
        elif isinstance(s, If) and s.catch:
            self.attempt(s)
        elif isinstance(s, If):
            branch = s.then if self.use(s.cond) else s.orelse
            values = self.block(branch)  # a `try` in it may have put another environment in place
            self.env.update(zip(s.outs, values, strict=True))
        else:
            self.loop(s)

    def attempt(self, s: If) -> None:
        before = dict(self.env)
        tried, after = tried_part(s)
        try:
            for t in tried:
                self.stmt(t)
        except self.use(s.cond) as e:
            self.env = before
            self.caught = e
            values = self.block(s.orelse)
        else:
            values = self.block(Block(after, s.then.results))
        self.env.update(zip(s.outs, values, strict=True))

    def let(self, s: Let) -> Any:
        if s.op.name == "attempt":
            return tuple(a.value for a in s.args if isinstance(a, Const))
        if s.op.name == "caught":
            return self.caught
        args = [self.use(a) for a in s.args]
        if s.op.name == "getitem":
            return locate(args[0], s.place, args)
        if s.op.name == "update":
            return self.update(s, args)
        count = len(args) - len(s.kws)
        kwargs = dict(zip(s.kws, args[count:], strict=True))
        if s.op.name == "append" and self.destructive:
            args[0].append(args[1])
            return args[0]
        fn = STRUCTURE.get(s.op.name, s.op.fn)
        return fn(*args[:count], **kwargs)

    def update(self, s: Let, args: list[Any]) -> Any:
        base, value = args[0], args[1]
        if not isinstance(base, (np.ndarray, list, dict)):
            return {"set": lambda: value, "add": lambda: base + value, "sub": lambda: base - value}[s.mode]()
        if not self.destructive:
            base = base.copy(order="K") if isinstance(base, np.ndarray) else copy.deepcopy(base)
        last = s.place[-1] if s.place else None
        if isinstance(last, Index):
            view, key = locate(base, s.place[:-1], args), index_key(last, args)
        else:
            view, key = locate(base, s.place, args), ...
        if s.mode != "set" and _gathers(key):
            (np.add if s.mode == "add" else np.subtract).at(view, key, value)
        elif s.mode == "set":
            view[key] = value
        elif s.mode == "add":
            view[key] += value
        else:
            view[key] -= value
        return base

    def loop(self, s: Loop) -> None:
        carried = [self.get(a) for a in s.inits]
        collected: list[list[Any]] = [[] for _ in s.collects]
        sources = self.sources(s)
        while True:
            self.env.update(zip(s.params, carried, strict=True))
            if s.test is not None:
                self.block(s.test)
                if not self.use(s.test.results[0]):
                    break
            values = [next(source, sources) for _, source in sources]
            if any(v is sources for v in values):
                break
            for (var, _), value in zip(sources, values):
                if var is not None:
                    self.env[var] = value
            results = self.block(s.body)
            carried = results[: len(s.params)]
            for sequence, value in zip(collected, results[len(s.params) :]):
                sequence.append(value)
            if s.stops and self.use(s.body.results[-1]):
                break
        self.env.update(zip(s.outs, carried, strict=True))
        self.env.update(zip(s.collects, collected, strict=True))

    def sources(self, s: Loop) -> list[tuple[Var | None, Iterator[Any]]]:
        """Return what gives one element per iteration, and the value that takes it."""
        found: list[tuple[Var | None, Iterator[Any]]] = []
        if s.range is not None:
            steps = range(self.use(s.range.start), self.use(s.range.stop), self.use(s.range.step))
            found.append((s.index, iter(reversed(steps) if s.backwards else steps)))
        for c in s.consumes:
            seq = self.use(c.seq)
            found.append((c.var, iter(reversed(seq) if c.reverse else seq)))
        return found


def locate(base: Any, place: Place, args: Sequence[Any]) -> Any:
    """Return what stands at a place of `base`; holes are filled from `args`."""
    for step in place:
        base = base[index_key(step, args)] if isinstance(step, Index) else step.op.fn(base, *step.args)
    return base


def _gathers(key: Any) -> bool:
    """Say whether an index may name a cell twice: it holds an array of integers."""
    items = key if isinstance(key, tuple) else (key,)
    return any(isinstance(i, (list, np.ndarray)) and np.asarray(i).dtype.kind in "iu" for i in items)


def index_key(step: Index, args: Sequence[Any]) -> Any:
    """Return the Python index that a template stands for."""

    def fill(item: Any) -> Any:
        if isinstance(item, Hole):
            return args[item.arg]
        if isinstance(item, Slice):
            return slice(fill(item.start), fill(item.stop), fill(item.step))
        return item

    items = tuple(fill(item) for item in step.items)
    return items[0] if len(items) == 1 else items


def make_record(cls: type, keys: tuple[Any, ...], *items: Any) -> Any:
    """Build a dict, a list of fixed length, a namedtuple or a dataclass."""
    if cls is list:
        return list(items)
    return cls(**dict(zip(keys, items))) if cls is not dict else dict(zip(keys, items))


def item(record: Any, key: Any) -> Any:
    """Read a tuple item, a dict entry or an attribute."""
    if isinstance(record, dict) or (isinstance(record, (tuple, list)) and isinstance(key, int)):
        return record[key]
    return getattr(record, key)


def _raise(exc: Any = None) -> Any:
    raise exc


# What a row's own function can't do: it takes the parts of the IR, not the operands of Python.
STRUCTURE: dict[str, Callable[..., Any]] = {
    "make_tuple": lambda *items: items,
    "make_list": lambda *items: list(items),
    "make_record": make_record,
    "item": item,
    "append": lambda seq, value: [*seq, value],
    "opaque": lambda fn, *args, **kwargs: fn(*args, **kwargs),
    "call": lambda fn, *args: fn(*args),
    "run": lambda fn, *args: fn(*args),
    "raise_": _raise,
    "bound": lambda x: x,
    "length": len,
    "dim": lambda x, axis: x.shape[axis],
    "size": lambda x: x.size,
    "shape": lambda x: x.shape,
    "copy": lambda x: x.copy(order="K") if isinstance(x, np.ndarray) else x.copy(),
    "astype": lambda x, dtype: x.astype(dtype) if isinstance(x, np.ndarray) else np.dtype(dtype).type(x),
    "to_float": float,
    "to_int": int,
}
