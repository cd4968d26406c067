"""What the abstract interpreter knows of a value, and the heap that makes aliases exact.

Numbers are operands. An array, list, dict or object is a `Ref` to an `Obj`; the heap maps the object to
its present content, so that a write through one name is seen through every other. Objects that may or may
not be the same memory are *linked*: a write to one poisons the others, and reading a poisoned one is refused.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Any

from adgen.errors import UnsupportedError
from adgen.frontend import tree
from adgen.infer.environment.names import nesting
from adgen.ir.frozen import dataclass
from adgen.ir.nodes import Const, Operand, Origin, Place, Var
from adgen.ir.types import Type


@dataclass(frozen=True, slots=True)
class Traits:
    """What a dict or deque was told when it was made."""

    factory: Any = None  # what makes the values that are missing
    inner: Any = None  # the same for the dicts that are its values
    counts: bool = False  # a missing value is 0
    maxlen: Any = None  # the most items that it holds
    frozen: bool = False  # a tuple whose length only run time knows


class Obj:
    """The identity of a mutable thing. `name` is for messages."""

    __slots__ = ("displayed", "flat_of", "mixed", "name", "nones", "param", "traits")

    def __init__(self, name: str | None = None, param: str = "", traits: Traits | None = None) -> None:
        self.name = name
        self.param = param
        self.traits = traits
        self.mixed = False  # a list that may hold one object in two places
        self.nones = False  # a list that may hold None where it holds nothing else yet
        self.displayed = False  # a list that the program made where it stands: no other object is this list
        self.flat_of: Ref | None = None  # the array whose `.flat` it is, the object whose attributes it shows


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to an object, or to a view of it (`place`, its operands in `holes`)."""

    obj: Obj
    place: Place = ()
    holes: tuple[Operand, ...] = ()
    type: Type | None = None  # of the view
    stamp: tuple[int, ...] | None = None  # of a place of a list: what the list had been through


@dataclass(frozen=True, slots=True)
class Fork:
    """What is one of two references, or forks, as a condition decides."""

    cond: Operand
    one: Ref | Fork
    two: Ref | Fork


@dataclass(frozen=True, slots=True)
class TupleV:
    """A tuple; `cls` is set for a namedtuple."""

    items: tuple[Any, ...]
    cls: type | None = None


@dataclass(frozen=True, slots=True)
class Seq:
    """Content of a list whose length and items are known."""

    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Map:
    """Content of a dict, or of an object with attributes (`cls`)."""

    keys: tuple[Any, ...]
    items: tuple[Any, ...]
    cls: type = dict

    def get(self, key: Any) -> Any:
        for k, v in zip(self.keys, self.items):
            if k == key and type(k) is type(key):
                return v
        return None

    def put(self, key: Any, value: Any) -> Map:
        if key in self.keys:
            k = self.keys.index(key)
            return Map(self.keys, (*self.items[:k], value, *self.items[k + 1 :]), self.cls)
        return Map((*self.keys, key), (*self.items, value), self.cls)


@dataclass(frozen=True, slots=True)
class StarV:
    """`*values` in a call, of a length that only run time knows."""

    values: Ref


@dataclass(frozen=True, slots=True)
class SliceV:
    start: Any
    stop: Any
    step: Any


@dataclass(frozen=True, slots=True)
class RangeV:
    start: Operand
    stop: Operand
    step: Operand


@dataclass(frozen=True, slots=True)
class ZipV:
    parts: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class EnumV:
    inner: Any
    start: Operand


@dataclass(frozen=True, slots=True)
class ReversedV:
    inner: Any


@dataclass(frozen=True, slots=True)
class CountV:
    """`itertools.count` of integers."""

    start: Operand
    step: Operand


@dataclass(frozen=True, slots=True)
class RepeatV:
    """`itertools.repeat`; times None: without end."""

    value: Any
    times: Operand | None


@dataclass(frozen=True, slots=True)
class CycleV:
    """`itertools.cycle` of a sequence, whose content was `held` then."""

    inner: Any
    held: Any


@dataclass(frozen=True, slots=True)
class RestV:
    """What is left of a sequence behind its first items."""

    inner: Any
    start: Operand


@dataclass(frozen=True, slots=True)
class Once:
    """An iterator over a sequence. The heap has its position in `obj`: WALKED where it came to the end.

    `stamp` says what the list that it walks had been through when it was made. `held` are the objects whose items
    were taken all at once where Python takes them one by one, each with what it held then.
    """

    inner: Any
    obj: Obj
    stamp: Any = None
    held: tuple[tuple[Obj, Any], ...] = ()


STEPPED = 1
WALKED = 2**62  # behind the end of everything


@dataclass(frozen=True, slots=True)
class DictView:
    """`d.items()`, `d.values()` or `d.keys()`: it shows the dict as it is when somebody looks."""

    owner: Ref
    kind: str


@dataclass(frozen=True, slots=True)
class Closure:
    """A function made inside the program: its tree, its defaults, the frame it was made in."""

    function: tree.Function
    defaults: tuple[Any, ...]
    frame: int
    globals_of: Any  # the Python function whose globals and cells it sees


@dataclass(frozen=True, slots=True)
class LocalGradient:
    """The gradient of a function that is made inside the program, or another derivative of it."""

    fn: Any
    mode: str  # "grad", "value_and_grad", "jacobian", "hessian", "hvp"
    wrt: Any  # a position, a name, or a tuple of them
    given: tuple[tuple[str, Any], ...]  # output_gradients and unconnected_gradients
    of: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Method:
    owner: Any
    name: str


@dataclass(frozen=True, slots=True)
class BoundFunction:
    """A method of a class, with the object that it was taken from."""

    fn: Any
    owner: Any


@dataclass(frozen=True, slots=True)
class Partial:
    """`functools.partial` made inside the program."""

    fn: Any
    args: tuple[Any, ...]
    kwargs: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of two functions, as a condition decided."""

    cond: Operand
    one: Any
    two: Any


@dataclass(frozen=True, slots=True)
class GeneratorV:
    """A call of a generator function. The heap has in `obj` whether it ran: 0, WALKED, or STEPPED.

    Where it is stepped, `frame` has its variables.
    """

    function: tree.Function
    owner: Any
    bound: tuple[tuple[str, Any], ...]
    obj: Obj
    frame: int


@dataclass(frozen=True, slots=True)
class PlaceV:
    """Where a generator that is stepped stands, and where it may stand as far as that is known."""

    at: Operand
    among: frozenset[int]


@dataclass(frozen=True, slots=True)
class ManagerV:
    """A context manager: a generator that yields once, or one that only gives a value."""

    value: Any
    generator: GeneratorV | None = None
    suppressed: tuple[type[BaseException], ...] = ()  # exceptions that end the block, and no more
    around: Callable[[Callable[[Any], None]], None] | None = None  # runs the body, and what belongs round it
    overrides: tuple[tuple[Any, Any], ...] = ()  # functions and the rules that the block gives them
    errors: tuple[tuple[str, str], ...] = ()  # what happens to NumPy's floating-point errors in the block


@dataclass(frozen=True, slots=True)
class TapeV:
    """A gradient tape; the heap has what it recorded."""

    obj: Obj
    persistent: bool
    watches: bool  # everything, not only what it was told


@dataclass(frozen=True, slots=True)
class Maybe:
    """A number or array, or None where `none` holds; then the value is None as well."""

    none: Operand
    value: Any


@dataclass(frozen=True, slots=True)
class Super:
    """`super()`: the class after which to look, and the object."""

    owner: type
    self: Any


@dataclass(frozen=True, slots=True)
class Poison:
    """A value that can't be known; reading it is refused with this reason."""

    what: str
    why: str
    origin: Origin | None
    alias: bool = True
    counted: bool = False  # which path it was is known once the loop is unrolled


class Lent(Poison):
    """What a function without source was given, which may have written it: nothing of this program's own is in it."""


class Clash(Poison):
    """What a loop gives values of several kinds; where the loop is written out each may be known."""


class Unbound:
    """A name without a value."""

    def __repr__(self) -> str:
        return "unbound"


UNBOUND = Unbound()


class NeedsUnroll(UnsupportedError):
    """A value in the body depends on the iteration at compile time: the loop must be unrolled, if there is one."""

    def __init__(self, origin: Origin | None) -> None:
        super().__init__(
            what="an index into items of different kinds that is known only at run time",
            why="the type of the item depends on it",
            instead="loop over the items themselves, or keep arrays of one dtype and rank in the list",
            origin=origin,
        )


class DeadPath(Exception):
    """An operation that is known to fail was replaced by its exception: the rest of the block is never reached."""


@dataclass(slots=True)
class State:
    """Everything that control flow forks and joins."""

    frames: dict[int, dict[str, Any]] = field(default_factory=dict)
    heap: dict[Obj, Any] = field(default_factory=dict)
    links: dict[Obj, tuple[Obj, ...]] = field(default_factory=dict)
    dead: bool = False  # this path ended in a raise
    which: dict[Obj, Ref | Fork] = field(default_factory=dict)  # what an object is that stands for one of several

    def copy(self) -> State:
        frames = {k: dict(f) for k, f in self.frames.items()}
        return State(frames, dict(self.heap), dict(self.links), self.dead, dict(self.which))

    def link(self, a: Obj, b: Obj) -> None:
        """Record that two objects may be the same memory. Not transitive: swapped buffers are never each other."""
        if a is b:
            return
        for x, y in ((a, b), (b, a)):
            known = self.links.get(x, ())
            if y not in known:
                self.links[x] = (*known, y)
            x.mixed |= y.mixed
            x.nones |= y.nones

    def unlink(self, a: Obj, b: Obj) -> None:
        """Record that two objects are not the same memory here."""
        for x, y in ((a, b), (b, a)):
            self.links[x] = tuple([o for o in self.links.get(x, ()) if o is not y])

    def link_like(self, a: Obj, b: Obj) -> None:
        """Record that `a` may be `b`, and so whatever `b` may be."""
        for other in self.links.get(b, ()):
            self.link(a, other)
        self.link(a, b)

    def link_items(self, obj: Obj, content: Any) -> None:
        """Record that a list that is an operand from here on holds the objects that it was known to hold.

        Where two of them may be one, what is written at a place of it may be seen at another.
        """
        held: dict[Obj, None] = {}
        twice = reach(self, content, held)
        if twice or any(o in held for one in held for o in self.links.get(one, ())):
            for o in (obj, *self.links.get(obj, ())):
                o.mixed = True
        for o in held:
            self.link_like(obj, o)

    def depth(self, content: Any, around: tuple[Any, ...] = ()) -> int:
        """Return how many levels of containers a content has: what it holds has fewer. `around`: what holds it."""
        if isinstance(content, (Seq, Map, TupleV)):
            return 1 + max((self.depth(i, around) for i in content.items), default=0)
        if isinstance(content, Ref):
            if content.type is not None:
                return nesting(content.type)
            if content.obj in around:  # an object that holds itself
                return UNKNOWN_DEPTH
            return self.depth(self.heap.get(content.obj), (*around, content.obj))
        return nesting(content.type) if isinstance(content, (Var, Const)) else UNKNOWN_DEPTH


UNKNOWN_DEPTH = 1000


def are_two_lists(a: Obj, b: Obj) -> bool:
    """Say whether two objects that share items can't be the same list."""
    return a.displayed and (b.displayed or b.param == "param")


def reach(state: State, v: Any, found: dict[Obj, None]) -> bool:
    """Collect the objects that a value holds; say whether it holds one of them twice."""
    if isinstance(v, Ref):
        if v.obj in found:
            return True
        found[v.obj] = None
        v = state.heap.get(v.obj)
    return isinstance(v, (TupleV, Seq, Map)) and True in [reach(state, i, found) for i in v.items]
