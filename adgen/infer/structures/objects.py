"""Objects of the user's classes: how they are made, and what operators mean for them.

An object is a `Map` of its attributes. A class counts as the user's own if Python code makes it what it is: no
metaclass, no `__new__`, no hooks into attribute access.
"""

from __future__ import annotations

import abc
import contextlib
import dataclasses
import types as pytypes
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from adgen.errors import AdgenError, UnsupportedError
from adgen.infer import operands
from adgen.infer.environment import reads
from adgen.infer.expressions import attributes
from adgen.infer.functions import inlining
from adgen.infer.structures import tables
from adgen.infer.values import BoundFunction, Map, Obj, Ref, Seq, TupleV
from adgen.ir.nodes import Const, Index, Operand, Var
from adgen.ir.types import Record, held, held_class, holds_objects
from adgen.rules.registry import REGISTRY
from adgen.rules.typing import join

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

_HOOKS = ("__new__", "__getattribute__", "__getattr__", "__setattr__", "__delattr__")
REFLECTED = {
    "+": "add", "-": "sub", "*": "mul", "/": "truediv", "//": "floordiv", "%": "mod", "**": "pow", "@": "matmul",
    "<<": "lshift", ">>": "rshift", "&": "and", "|": "or", "^": "xor",
}  # fmt: skip
BUILTINS = {abs: "__abs__", float: "__float__", int: "__int__", round: "__round__", hash: "__hash__", next: "__next__"}
COMPARED = {"<": ("lt", "gt"), "<=": ("le", "ge"), ">": ("gt", "lt"), ">=": ("ge", "le"), "==": ("eq", "eq"),
            "!=": ("ne", "ne")}  # fmt: skip


def class_of_object(e: Engine, v: Any) -> type | None:
    """Return the class of an object whose attributes are followed, None for anything else."""
    if isinstance(v, TupleV):
        return v.cls
    if isinstance(v, Ref):
        c = e.state.heap.get(v.obj)
        if isinstance(c, Map) and c.cls is not dict and not v.place:
            return c.cls
        return held_class(held_as(e, v))
    return None


def held_as(e: Engine, v: Ref) -> Record | None:
    """Return the type of an object that is an item of a list, as the list holds it; None for anything else."""
    c = e.state.heap.get(v.obj)
    t = v.type if v.place else c.type if isinstance(c, (Var, Const)) else None
    return t if isinstance(t, Record) and held_class(t) is not None else None


def held_type(e: Engine, obj: Obj, c: Map) -> Record | None:
    """Return the type that an object has as an item of a list of any length; None if it can't be one."""
    from adgen.infer.expressions import items

    if obj in e.given or obj.param or not is_followed(c.cls) or REGISTRY.stand_in(c.cls) is not None:
        return None
    if obj in e.typed:  # it holds itself: no type is that of a part, too
        return None
    e.typed.append(obj)
    try:
        parts = [items.item_type(e, i) for i in c.items]
    finally:
        e.typed.pop()
    known = tuple(p for p in parts if p is not None)
    return Record(held(c.cls), c.keys, known) if len(known) == len(parts) else None


def held_attribute(e: Engine, v: Ref, t: Record, name: str) -> Any:
    """An attribute of an object in a list."""
    from adgen.infer.memory import rows

    cls = held_class(t)
    assert cls is not None
    if name not in t.keys or isinstance(find_in_class(cls, name), property):
        return attributes.class_attribute(e, v, cls, name)
    rows.check(e, v)
    part = t.items[t.keys.index(name)]
    if not rows.is_container(part):
        if v.place:
            out = e.b.load(e.content(v.obj), (*v.place, Index((name,))), v.holes)
            return tables.present(e, (t.cls, name), out)
        return operands.unpack(e, e.value(v), (t.cls, name), name)
    stamp = (*(v.stamp or (e.replaced.get(v.obj, 0), -1))[:2], e.renewed.get(v.obj, 0))
    place = Ref(v.obj, (*v.place, Index((name,))), v.holes, part, stamp)
    return tables.present(e, (t.cls, name), e.value(place), place) if (t.cls, name) in e.lacking else place


def refuse_held(e: Engine, *operands: Operand) -> None:
    """Refuse to hand out what stands for objects in a list."""
    for a in operands:
        if holds_objects(a.type):
            raise UnsupportedError(
                what="an object of a list of unknown length, or such a list, used as a whole",
                why="generated code holds the attributes, not the object",
                instead="use its attributes",
                origin=e.origin,
            )


def find_in_class(cls: type, name: str) -> Any:
    """Return what a class or its bases define under a name, as it stands there."""
    for base in (REGISTRY.stand_in(cls) or cls).__mro__:
        if name in base.__dict__:
            return base.__dict__[name]
    return None


def own_call(value: Any) -> Any:
    """Return the `__call__` that the user's class of an object defines, or None."""
    from adgen.infer.expressions.attributes import is_library

    if isinstance(value, (type, pytypes.FunctionType, pytypes.MethodType)) or is_library(type(value)):
        return None
    found = find_in_class(type(value), "__call__")
    return found if isinstance(found, pytypes.FunctionType) else None


def special(e: Engine, v: Any, name: str) -> BoundFunction | None:
    """Return a special method that the user's class of an object defines."""
    cls = class_of_object(e, v)
    found = find_in_class(cls, name) if cls is not None else None
    if cls is None or not isinstance(found, pytypes.FunctionType):
        return None
    reads.rely_on_class(e, cls)
    return BoundFunction(found, v)


def call_special(e: Engine, v: Any, name: str, *args: Any) -> Any:
    """Call a special method; None where the class has none."""
    from adgen.infer.calls import calls

    method = special(e, v, name)
    return None if method is None else calls.call(e, method, args, {}, {})


def operate(e: Engine, symbol: str, a: Any, b: Any) -> Any:
    """`a op b` where an operand is an object with a method for it; None where none is."""
    name = REFLECTED[symbol]
    result = call_special(e, a, f"__{name}__", b)
    return call_special(e, b, f"__r{name}__", a) if result is None else result


def compare(e: Engine, symbol: str, a: Any, b: Any) -> Any:
    """`a < b` and the like, for objects with methods for it."""
    if symbol not in COMPARED:
        found = call_special(e, b, "__contains__", a)
        if found is None:
            return None
        from adgen.infer.expressions import operations

        return found if symbol == "in" else operations.unary(e, "not", found, {})
    one, other = COMPARED[symbol]
    for v, name, w in ((a, one, b), (b, other, a)):
        method = special(e, v, f"__{name}__")
        if method is None:
            continue
        if is_generated(method.fn):
            return _compare_fields(e, symbol, a, b)
        return call_special(e, v, f"__{name}__", w)
    return None


def _compare_fields(e: Engine, symbol: str, a: Any, b: Any) -> Any:
    """What the methods that `dataclass` writes do."""
    from adgen.infer.expressions import comparisons

    cls = class_of_object(e, a)
    if cls is not class_of_object(e, b) or cls is None:
        return e.b.const(symbol == "!=")
    names = [f.name for f in dataclasses.fields(cls) if f.compare]
    sides = [TupleV(tuple(e.content(v.obj).get(n) for n in names)) for v in (a, b)]
    return comparisons.compare(e, symbol, sides[0], sides[1], {})


def is_followed(cls: type) -> bool:
    """Say whether instances of a class are made by Python code that can be inlined."""
    from adgen.infer.expressions.attributes import is_library

    if type(cls) not in (type, abc.ABCMeta) or issubclass(cls, (BaseException, tuple, dict, list, str, int, float)):
        return False
    for base in cls.__mro__[:-1]:
        if base.__module__ in ("builtins", "typing", "abc"):
            continue
        if any(name in base.__dict__ for name in _HOOKS if not _is_of_frozen(base, name)):
            return False
        if is_library(base):
            return False
    return True


def _is_of_frozen(cls: type, name: str) -> bool:
    params = getattr(cls, "__dataclass_params__", None)
    return params is not None and params.frozen and name in ("__setattr__", "__delattr__")


@contextlib.contextmanager
def refusing(e: Engine, owner: Any, method: Any) -> Iterator[None]:
    """Refuse what the class that stands for a library's class can't do."""
    try:
        yield
    except AdgenError:
        raise
    except (TypeError, ValueError) as error:
        cls = class_of_object(e, owner)
        if cls is None or not inlining.is_ours(method):
            raise
        raise UnsupportedError(
            what=f"this call of {cls.__name__}.{method.__name__}: {error}",
            why="its arguments don't fit, or it is a form without a rule",
            origin=e.origin,
        ) from error


def make(e: Engine, cls: type, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Ref | None:
    """Make an instance, running its `__init__`; None if the class can't be followed."""

    if REGISTRY.stand_in(cls) is None and not is_followed(cls):
        return None
    reads.rely_on_class(e, cls)
    init = find_in_class(cls, "__init__")
    if is_generated(init):
        values = _fields(e, cls, init, args, kwargs)
        if values is None:
            return None
        self = e.new(Map(tuple(values), tuple(values.values()), cls))
        _finish(e, self, init)
        return self
    if init is not object.__init__ and not isinstance(init, pytypes.FunctionType):
        return None
    self = e.new(Map((), (), cls))
    if init is not object.__init__:
        with refusing(e, self, init):
            inlining.inline_function(e, init, [self, *args], kwargs)
    elif args or kwargs:
        return None
    return self


def is_generated(method: Any) -> bool:
    """Say whether `dataclass` wrote a method: one that a class has itself counts before that."""
    return isinstance(method, pytypes.FunctionType) and method.__code__.co_qualname.startswith("__create_fn__.")


def _owner(cls: type, name: str, method: Any) -> type:
    return next(base for base in cls.__mro__ if base.__dict__.get(name) is method)


def _fields(e: Engine, cls: type, init: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return what the `__init__` of a dataclass assigns; None if that can't be followed."""
    from adgen.infer.calls import calls

    owner = _owner(cls, "__init__", init)
    fields = dataclasses.fields(owner)
    if len(owner.__dataclass_fields__) != len(fields):  # type: ignore[attr-defined]
        return None  # InitVar and the like
    given = [f.name for f in fields if f.init and not f.kw_only]
    values = dict(zip(given, args)) | dict(kwargs)
    if len(args) > len(given) or not set(values) <= {f.name for f in fields if f.init}:
        return None
    if any(_is_hooked(find_in_class(cls, f.name)) for f in fields):
        return None  # a property of a class below has the name of a field
    for f in fields:
        if f.name in values:
            continue
        if f.default is not dataclasses.MISSING:
            values[f.name] = e.constant(f.default)
        elif f.default_factory is not dataclasses.MISSING:
            values[f.name] = calls.call_object(e, f.default_factory, [], {}, {})
        elif f.init:
            return None
    found = {f.name: values[f.name] for f in fields if f.name in values}
    for n, v in found.items():
        e.name_part(n, v)
    return found


def _is_hooked(found: Any) -> bool:
    return hasattr(found, "__set__") and not isinstance(found, pytypes.MemberDescriptorType)  # that is a slot


def _finish(e: Engine, self: Ref, init: Any) -> None:
    """Call `__post_init__` if the class for which `dataclass` wrote `__init__` has one."""
    cls = class_of_object(e, self)
    if cls is not None and hasattr(_owner(cls, "__init__", init), "__post_init__"):
        call_special(e, self, "__post_init__")


def fill(e: Engine, init: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
    """Carry out `super().__init__(...)` of a dataclass; None if that can't be followed."""
    cls = class_of_object(e, args[0]) if args else None
    if cls is None or init.__name__ != "__init__":
        return None
    values = _fields(e, cls, init, args[1:], kwargs)
    if values is None:
        return None
    for n, v in values.items():
        set_attribute(e, args[0], n, v)
    _finish(e, args[0], init)
    return e.b.const(None)


def remember(e: Engine, ref: Ref, operand: Operand) -> None:
    """Take note of what an object that is passed in holds: while that is so, it is the operand itself."""
    from adgen.infer.values import reach

    held: dict[Obj, None] = {}
    reach(e.state, ref, held)
    e.given[ref.obj] = operand, {o: e.state.heap[o] for o in held}


def whole(e: Engine, ref: Ref, c: Map) -> Operand:
    """Return the operand that an object of the user's class is."""
    if ref.obj in e.given:
        operand, held = e.given[ref.obj]
        if all(_holds_the_same(e.state.heap.get(o), content) for o, content in held.items()):
            return operand
    if c.cls is pytypes.SimpleNamespace:
        return operands.make_record(e, c)
    raise UnsupportedError(
        what=f"an object of the class '{c.cls.__name__}' as a value",
        why="generated code knows its attributes, some of which were made or changed here, and can't make an object",
        instead="pass the attributes that are needed, or make it a dataclass",
        origin=e.origin,
    )


def _holds_the_same(now: Any, before: Any) -> bool:
    if isinstance(now, (Map, Seq)) and type(now) is type(before) and len(now.items) == len(before.items):
        return all(x is y or x == y for x, y in zip(now.items, before.items))
    return now is before


def set_attribute(e: Engine, base: Ref, name: str, value: Any) -> None:
    """`base.name = value` for an object that is followed."""

    c = e.content(base.obj)
    kept = held_as(e, base)
    cls: type = held_class(kept) or c.cls
    found = find_in_class(cls, name)
    reads.rely_on_class(e, cls)
    if isinstance(found, property):
        if found.fset is None:
            raise UnsupportedError(what=f"the property '{name}' can't be set", origin=e.origin)
        inlining.inline_function(e, found.fset, [base, value], {})
        return
    params = getattr(cls, "__dataclass_params__", None)
    if params is not None and params.frozen:
        raise UnsupportedError(
            what=f"an assignment to '{name}' of a frozen dataclass",
            why="the program would raise FrozenInstanceError here",
            origin=e.origin,
        )
    for hook in ("__setattr__", "__getattribute__"):
        if any(_own_hook(base_cls, hook) for base_cls in cls.__mro__[:-1]):
            raise UnsupportedError(
                what=f"an assignment to an attribute of '{cls.__name__}', whose class defines {hook}",
                why="what is held then is not what was assigned",
                instead="a property for the attribute that is meant",
                origin=e.origin,
            )
    refuse_descriptor(e, cls, name, found, "__set__")
    if kept is None:
        e.name_part(name, value)
        e.write(base.obj, c.put(name, value))
        return
    if name not in kept.keys:
        raise UnsupportedError(
            what=f"a new attribute '{name}' of an object in a list of unknown length",
            instead="give it a value in __init__",
            origin=e.origin,
        )
    from adgen.infer.expressions import items, operations
    from adgen.infer.memory import rows

    if rows.is_place(value, base, Index((name,)), ()):
        return
    value = operations.settle(e, value)
    part = kept.items[kept.keys.index(name)]
    wanted = items.element_type(e, Seq((value,)))
    joined = join(part, wanted) if wanted is not None else None
    if joined is None:
        raise UnsupportedError(
            what=f"the attribute '{name}' of objects in a list, which gets values of different types", origin=e.origin
        )
    tables.lack(e, (kept.cls, name), (value,))
    rows.put_in(e, base.obj, value)
    if rows.is_container(part):
        rows.renew(e, base.obj)
    e.write_place(base, tables.fitted(e, value, joined), (*base.place, Index((name,))), base.holes, "set")
    rows.link(e, base.obj, value)


def refuse_descriptor(e: Engine, cls: type, name: str, found: Any, method: str) -> None:
    """Refuse an attribute for which a class in Python says what reading or assigning it does."""
    own = find_in_class(type(found), method)
    if isinstance(own, pytypes.FunctionType):
        raise UnsupportedError(
            what=f"the attribute '{name}' of '{cls.__name__}', a descriptor of the class '{type(found).__name__}'",
            why="each access calls its methods",
            instead="a property",
            origin=e.origin,
        )


def _own_hook(cls: type, name: str) -> bool:
    """Say whether a class defines a hook; SimpleNamespace has those of `object`."""
    return name in cls.__dict__ and cls is not pytypes.SimpleNamespace and not _is_of_frozen(cls, name)


def attributes_as_dict(e: Engine, v: Any) -> Ref | None:
    """Return what `vars(v)` shows now, to be read only; None if the attributes are not known."""
    c = e.content(v.obj) if isinstance(v, Ref) else None
    if not isinstance(c, Map) or c.cls is dict or any("__slots__" in k.__dict__ for k in c.cls.__mro__[:-1]):
        return None
    made: Ref = e.new(Map(c.keys, c.items, dict))
    made.obj.param, made.obj.flat_of = "attributes", v
    e.state.link_like(made.obj, v.obj)  # it is a copy: what is read after an assignment would be old
    return made


def super_attribute(e: Engine, owner: type, self: Any, name: str) -> Any:
    """What `super().name` finds: the class after `owner` in the order of the object's class."""
    cls = self.value if not isinstance(self, Ref) and isinstance(getattr(self, "value", None), type) else None
    cls = cls or class_of_object(e, self)
    if cls is None and isinstance(self, Const) and self in e.paths:
        cls = type(self.value)
    if cls is None:
        raise UnsupportedError(what="super() of an object that can't be followed", origin=e.origin)
    reads.rely_on_class(e, cls)
    order = cls.__mro__
    for base in order[order.index(owner) + 1 :]:
        if name not in base.__dict__:
            continue
        found = base.__dict__[name]
        if isinstance(found, pytypes.FunctionType):
            return BoundFunction(found, self)
        if isinstance(found, classmethod):
            return BoundFunction(found.__func__, e.b.const(cls))
        if isinstance(found, staticmethod):
            return e.b.const(found.__func__)
        if isinstance(found, property) and found.fget is not None:
            return inlining.inline_function(e, found.fget, [self], {})
        if base is object and name == "__init__":
            return BoundFunction(_nothing, self)
        break
    raise UnsupportedError(what=f"'super' has no method '{name}' that is written in Python", origin=e.origin)


def _nothing(self: Any) -> None:
    pass
