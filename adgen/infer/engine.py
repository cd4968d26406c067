"""Abstract interpretation of the tree: types, aliases and calls are resolved, typed SSA comes out.

Assumes a single-exit tree. Guarantees: every operand is typed, every array read names the version that it
reads, aliases are exact or refused, conditions decided by types are pruned, callees are inlined.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from adgen.errors import AliasError, InternalError, UnsupportedError
from adgen.frontend import tree
from adgen.frontend.refuse import make_refusal
from adgen.infer import kinds, operands
from adgen.infer.api import earlier, marks, tapes
from adgen.infer.calls import library, primitives
from adgen.infer.control import branches, guarded, loops, managers
from adgen.infer.environment import outside, reads
from adgen.infer.environment.names import as_name, find_free, is_data, leaf_type
from adgen.infer.expressions import attributes, items, operations
from adgen.infer.functions import recursion
from adgen.infer.iterators import generators
from adgen.infer.memory import aliases, overwritten, rows, stores
from adgen.infer.structures import objects, tables
from adgen.infer.values import (
    UNBOUND,
    Clash,
    Closure,
    DeadPath,
    NeedsUnroll,
    Obj,
    Poison,
    Ref,
    Seq,
    State,
    TupleV,
)
from adgen.ir.build import Builder
from adgen.ir.nodes import UNDEF, Const, Operand, Origin, Place, Var, ViewStep
from adgen.ir.types import Array, Dict, List, Opaque, Record, Tuple, Type
from adgen.rules.registry import REGISTRY, Primitive

if TYPE_CHECKING:
    from adgen.infer.functions.summaries import Recursion
    from adgen.ir.summary import Summary

FLOAT_ERRORS = ("divide", "invalid", "over", "under")


class Engine:
    """Runs trees abstractly, emitting into a builder."""

    def __init__(self, b: Builder, hidden: Callable[[Engine, Any, str, Any], Any] | None = None) -> None:
        self.b = b
        self.state = State()
        self.frame = 0
        self.next_frame = 0
        self.active: list[Any] = []  # code or tree of the calls in progress
        self.owners: dict[int, Any] = {}  # frame -> Python function whose globals it sees
        self.param_of: dict[Var, str] = {}  # scalar parameters, by the value that they enter as
        self.number_of: dict[Var, str] = {}  # numbers of NumPy among the parameters
        self.length_of: dict[int, str] = {}  # symbols of lengths of the arrays among the parameters
        self.maybe_unbound: dict[Var, str] = {}
        self.counters: set[Var] = set()  # what counts through loops
        self.hidden = hidden
        self.callees: dict[Any, None] = {}
        self.baked: dict[tuple[int, str], tuple[str, Any, Any]] = {}  # the globals that rules of users read
        self.called: dict[type, str] = {}  # classes of objects whose methods can't be read
        self.looked_into: dict[type, tuple[str, Origin | None]] = {}  # classes of global objects that are read
        self.instances: dict[Obj, Any] = {}  # the objects that globals hold
        self.anchors: list[Any] = []  # those of them that the text relies on
        self.paths: dict[Const, tuple[Any, str]] = {}  # how a function reads these objects
        self.printable = True  # names of the program are kept; False inside rules
        # 1: gradients of its own values, 2: of numbers that objects hold; whether views stay views
        self.taping, self.loose = 0, False
        # the loops that are open: depth of their body, their leaves
        self.around: list[tuple[int, Mapping[Any, Any]]] = []
        self.read_objects: dict[Obj, Any] = {}  # the objects that globals hold, and what is in them
        self.asked: dict[int, tapes.Names] = {}  # names that functions hand to gradients, and write through
        self.checks: list[earlier.Check] = []
        self.overrides: list[tuple[Any, Primitive]] = []  # rules for functions, the innermost first
        self.marks = marks.Marks()
        self.given: dict[Obj, tuple[Operand, dict[Obj, Any]]] = {}  # objects passed in, with what they held then
        self.written: dict[Obj, None] = {}
        self.tentative: list[tuple[int, set[str], list[UnsupportedError]]] = []  # names that loops may bind later
        self.replaced: dict[Obj, int] = {}  # how often items of lists were replaced by other objects
        self.renewed: dict[Obj, int] = {}  # how often attributes of objects in lists got another list or array
        self.loops: list[dict[Obj, Any]] = []  # the heaps that the running loops began with
        self.resized: dict[Obj, int] = {}  # how often lists and dicts got another length
        self.typed: list[Obj] = []  # objects whose types as items are being found
        self.copies = 1  # how often the present statement is written out
        self.unfilled = 0  # how many lists were found to hold None somewhere, and parts to be None
        self.lacking: set[tuple[Any, ...]] = set()  # parts that are None somewhere
        self.walked: dict[Operand, Obj] = {}  # keys that a loop over a dict gives, and the dict
        self.keeps_loops = 0  # loops that can't be unrolled
        self.quiet: tuple[str, ...] = ()  # which of NumPy's floating-point errors are let pass here
        self.recursive: dict[str, int] = {}  # how many recursive calls of a function were inlined
        self.plan = recursion.Plan()
        self.entries: list[recursion.Entry] = []  # what the calls in progress were given
        self.memoised: set[int] = set()  # functions under `lru_cache`
        self.made: dict[int, list[Summary]] = {}  # the finished ones, by the function that they are
        self.summaries: list[Recursion] = []  # the functions that are being typed on their own
        self.changes: list[guarded.Changes] = []  # of the `try` bodies that are running
        self.outside: dict[tuple[int, str], Ref] = {}  # the cells of names outside that the program writes
        self.global_values: dict[Obj, Any] = {}  # what the lists and dicts are that globals hold
        self.throws: guarded.Throws | None = None  # for the function that is called next
        self.caught: list[Any] = []  # the exceptions of the handlers that are running
        self.generators = generators.Running()
        self.contiguous: set[Obj] = set()  # arrays known to be C-contiguous: their reshapes are views
        self._quieted: dict[tuple[Origin, tuple[str, ...]], Origin] = {}
        self.overwritten: list[overwritten.Overwritten] | None = None  # noted where `explain` asks for it
        self.leaves = False  # the function changes its arguments: it is the primal, emitted back
        self.leave: Callable[[], Any] = lambda: None  # puts what objects are now into those that were passed in

    @property
    def program_function(self) -> Any:
        """The Python function whose names the running code sees."""
        owner = self.owners[self.frame]
        return owner.globals_of if isinstance(owner, Closure) else owner

    # -- names ----------------------------------------------------------------------------------

    @property
    def env(self) -> dict[str, Any]:
        return self.state.frames[self.frame]

    @property
    def origin(self) -> Origin | None:
        return self.b.origin

    def come_from(self, origin: Origin | None) -> None:
        """Stamp what follows; statements of rules and of the library's functions come from where these are used."""
        if self.printable and origin is not None and origin.file not in library.FILES:
            self.b.origin = origin if origin.quiet == self.quiet else self.quieted(origin)

    def quieted(self, origin: Origin) -> Origin:
        key = (origin, self.quiet)
        if key not in self._quieted:
            self._quieted[key] = dataclasses.replace(origin, quiet=self.quiet)
        return self._quieted[key]

    @contextlib.contextmanager
    def let_pass(self, modes: Iterable[tuple[str, str]]) -> Iterator[None]:
        """Run a block with changes of what happens to NumPy's floating-point errors: "ignore" or "warn", by kind."""
        before, origin = self.quiet, self.b.origin
        quiet = set(before)
        for kind, mode in modes:
            kinds = FLOAT_ERRORS if kind == "all" else (kind,)
            quiet = quiet.union(kinds) if mode == "ignore" else quiet.difference(kinds)
        self.quiet = tuple(sorted(quiet))
        self.come_from(origin)
        try:
            yield
        finally:
            self.quiet, self.b.origin = before, origin

    def hint(self, target: str | None) -> dict[str, Any]:
        """Return the name keywords for an operation whose result is assigned to `target`."""
        if target is None or target.startswith("%") or not self.printable or self.active[-1].file in library.FILES:
            return {}
        return {"name": target.split("%")[0], "fixed": True}

    def name_part(self, key: Any, value: Any) -> None:
        """Let what is kept under a key or as an attribute, and has no name, be called by that."""
        name = self.hint(as_name(key)).get("name")
        if name is None:
            return
        if isinstance(value, Ref) and not value.place:
            value.obj.name = value.obj.name or name
            value = self.state.heap[value.obj]
        if isinstance(value, Var):
            self.b.bind(value, name, False)

    def get(self, operand: tree.Operand) -> Any:
        """Return the abstract value of a name or literal."""
        if isinstance(operand, tree.Lit):
            return self.b.const(operand.value)
        value = self.state.frames[self.frame].get(operand, UNBOUND)
        if value is UNBOUND:
            guarded.miss(self, operand)
        if isinstance(value, Poison):
            self.refuse(value)
        return self._checked(operand, value) if self.maybe_unbound else value

    def _checked(self, name: str, value: Any) -> Any:
        """Make the program raise UnboundLocalError where the primal would."""
        if name.startswith("%"):
            return value
        operand = value
        if isinstance(value, Ref) and not value.place:
            operand = self.state.heap[value.obj]
        if isinstance(operand, Var) and operand in self.maybe_unbound:
            sure = self.b.emit(
                self.row("bound"), (operand,), name=name.split("%", maxsplit=1)[0], fixed=True, type=operand.type
            )
            if isinstance(value, Ref):
                self.state.heap[value.obj] = sure
            else:
                self.env[name] = sure
                return sure
        return value

    def set(self, target: str, value: Any, carried: bool = False) -> None:
        """Bind a name; `carried`: a loop hands the value on, no statement of the program binds it."""
        if self.taping:
            value = tapes.keep_apart(self, target, value)
        if self.overwritten is not None and not carried:
            overwritten.note_name(self, target, value)
        self.state.frames[self.frame][target] = value
        for c in self.changes:
            c.names.setdefault((self.frame, target), self.b.guarded)

    def assign(self, target: str, value: Any) -> None:
        """Bind a name as the program says: `stop_gradients` and `wrt` may speak of it."""
        self.set(target, marks.assign(self, target, value) if self.marks.frame == self.frame else value)

    def refuse(self, p: Poison) -> None:
        if p.counted and self.loops and not self.keeps_loops:
            raise NeedsUnroll(self.origin)
        if isinstance(p, guarded.HalfDone) and self.hidden is not None:
            self.plan.cut(p.cuts)
        if isinstance(p, Clash) and p.origin is not None:
            self.plan.clashed[p.origin] = None
        cls = AliasError if p.alias else guarded.HalfDoneError if isinstance(p, guarded.HalfDone) else UnsupportedError
        raise cls(what=p.what, why=p.why, origin=self.origin)

    # -- values ---------------------------------------------------------------------------------

    def content(self, obj: Obj) -> Any:
        c = self.state.heap[obj]
        if isinstance(c, Poison):
            self.refuse(c)
        return c

    def new(self, content: Any, name: str | None = None) -> Ref:
        obj = Obj(name)
        obj.nones = isinstance(content, Seq) and any(map(kinds.is_none, content.items))
        self.state.heap[obj] = content
        return Ref(obj)

    def wrap(self, operand: Operand, name: str | None = None) -> Any:
        """Return the abstract value of a freshly computed operand."""
        t = operand.type
        if isinstance(t, (Array, List, Dict)):
            return self.new(operand, name)
        if isinstance(t, Tuple) and isinstance(operand, Var):
            return TupleV(tuple(operands.unpack(self, operand, tables.part_of(t, k), k) for k in range(len(t.items))))
        if isinstance(t, Record) and isinstance(operand, Var):
            return operands.unpack_record(self, operand, t)
        if isinstance(operand, Const) and isinstance(operand.value, tuple):
            return TupleV(tuple(self.b.const(v) for v in operand.value))
        return operand

    def value(self, v: Any, name: str | None = None, fixed: bool = False) -> Operand:
        """Return the operand that an abstract value is, building structures where needed."""
        return v if isinstance(v, (Var, Const)) else operands.build(self, v, name, fixed)

    def opaque(self, fn: Any, args: Sequence[Operand], kws: tuple[str, ...] = (), **hint: Any) -> Operand:
        """Emit a call that adgen knows nothing of: ordered, executed once, never differentiated."""
        target = fn if isinstance(fn, (Var, Const)) else Const(fn, Opaque())
        objects.refuse_held(self, *args)
        return self.b.emit(self.row("opaque"), (target, *args), kws, type=Opaque(), **hint)

    def static(self, v: Any, what: str) -> Any:
        """Return the compile-time value of an abstract value, or ask for it to become part of the signature."""
        if isinstance(v, Const):
            return v.value.item() if isinstance(v.value, np.generic) else v.value
        return operands.static(self, v, what)

    def constant(self, value: Any) -> Any:
        """Return the abstract value of a Python object found at compile time."""
        return operands.constant(self, value)

    def row(self, name: str) -> Primitive:
        return REGISTRY.named(name)

    def element_type(self, *contents: Any) -> Type | None:
        return items.element_type(self, *contents)

    def list_operand(self, c: Any, elem: Type) -> Operand:
        return items.list_operand(self, c, elem)

    # -- objects --------------------------------------------------------------------------------

    def write(self, obj: Obj, content: Any, resizes: bool = True, deep: bool = False) -> None:
        """Replace an object's content; whatever may share its memory can't be read any more.

        `resizes`: a list or dict may have another length now. `deep`: what the list holds was written, too.
        """
        if resizes:
            self.resized[obj] = self.resized.get(obj, 0) + 1
        self.content(obj)
        if obj.param == "global":
            outside.touch(self, Ref(obj))
            raise UnsupportedError(
                what=f"a write into the global '{obj.name}'",
                why="it would outlive the call",
                instead="copy it first, or pass it in as a parameter",
                origin=self.origin,
            )
        if obj.param == "attributes":
            raise UnsupportedError(
                what="a write into the dict of an object's attributes",
                why="adgen sees attributes that are assigned by name only",
                instead="setattr(object, name, value)",
                origin=self.origin,
            )
        self.note_written(obj)
        if self.overwritten is not None:
            overwritten.note_content(self, obj, content)
        content = marks.write(self, obj, content)
        aliases.spread(self, obj, content, deep)

    def note_written(self, obj: Obj) -> None:
        self.written.setdefault(obj)
        for c in self.changes:
            c.objects.setdefault(obj, self.b.guarded)

    def write_place(self, ref: Ref, value: Operand, place: Place, holes: Sequence[Operand], mode: Any) -> None:
        obj = ref.obj
        rows.check(self, ref)
        base = self.content(obj)
        at = next(
            (k for k, step in enumerate(place) if isinstance(step, ViewStep) and step.op.name in primitives.RESHAPING),
            None,
        )
        if at is not None:
            # Not `base.reshape(…)[…] = value`: what this is a view of depends on the layout of generated code.
            shaped = self.b.load(base, place[: at + 1], holes)
            inside = self.b.update(shaped, value, place[at + 1 :], holes, mode)
            shape = self.value(attributes.get_attribute(self, Ref(obj), "shape", {}))
            value, place, holes, mode = self.b.call("np.reshape", inside, shape), (), (), "set"
        name = base.name if isinstance(base, Var) and base.name else obj.name
        hint = self.hint(name) if name else {}
        new = self.b.update(base, value, place, holes, mode, **hint)
        self.write(obj, new, resizes=False, deep=ref.stamp is not None)

    # -- running --------------------------------------------------------------------------------

    def push(self, owner: Any) -> int:
        self.next_frame += 1
        self.state.frames[self.next_frame] = {}
        self.owners[self.next_frame] = owner
        return self.next_frame

    def run(self, stmts: Sequence[tree.Stmt]) -> Any:
        """Execute statements; return the value of a `Return`, or None."""
        for s in stmts:
            if self.state.dead:
                return None
            self.come_from(s.origin)
            if isinstance(s, tree.Return):
                if s.value == "%ret" and self.env.get("%ret", UNBOUND) is UNBOUND:
                    return None  # it always throws
                return self.returned(self.get(s.value), s.value)
            try:
                self.step(s)
            except DeadPath:
                return None
        return None

    def returned(self, value: Any, source: tree.Operand) -> Any:
        """Return a result; the variable of early returns is bound on every path that comes here."""
        if isinstance(source, str) and source.startswith("%ret"):
            kinds.vouch(self, value)
        return value

    def step(self, s: tree.Stmt) -> None:
        if isinstance(s, tree.Assign):
            self.assign(s.target, operations.apply(self, s))
        elif isinstance(s, tree.Unpack):
            stores.unpack(self, s)
        elif isinstance(s, tree.SetItem):
            stores.set_item(self, operations.sure(self.get(s.base)), self.get(s.key), self.get(s.value))
        elif isinstance(s, tree.AugItem):
            stores.aug_item(self, s)
        elif isinstance(s, tree.SetAttr):
            stores.set_attr(self, s)
        elif isinstance(s, tree.Delete):
            stores.delete(self, s)
        elif isinstance(s, tree.If):
            branches.run_if(self, self.get(s.test), lambda: self.run(s.then), lambda: self.run(s.orelse))
        elif isinstance(s, tree.For):
            loops.run_for(self, s)
        elif isinstance(s, tree.While):
            loops.run_while(self, s)
        elif isinstance(s, tree.Raise):
            stores.raise_error(self, s)
        elif isinstance(s, tree.Try):
            guarded.run_try(self, s)
        elif isinstance(s, tree.With):
            managers.run_with(self, s)
        elif isinstance(s, tree.Yield):
            if not self.generators.consumers:
                raise make_refusal("Generator", s.origin)
            self.generators.consumers[-1].take(self.get(s.value))
        else:
            raise InternalError(what=f"{type(s).__name__} reached type inference", origin=self.origin)

    def read(self, owner: Any, path: str, value: Any) -> Any:
        """Return what a function reads by a global name, or by attributes of one; data is read at each call."""
        return reads.read(self, owner, path, value)


__all__ = ["UNDEF", "Engine", "find_free", "is_data", "leaf_type"]
