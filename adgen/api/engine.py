"""From a call to an implementation: signature, memory, disk, compiler, in this order.

An `Engine` stands for one function with one mode, `wrt` and options. Its dispatcher holds a table from keys of
arguments to compiled functions; a key that is not in the table is looked up in memory and on disk by the hash of
all that can change the text, and else compiled.
"""

from __future__ import annotations

import gc
import inspect
import threading
import weakref
from collections.abc import Callable
from typing import Any

from adgen.api.dispatch import make_dispatcher
from adgen.api.identity import entry_name, text_key, versions
from adgen.api.link import Loaded, describe, explain, find, link
from adgen.api.names import parameters_of
from adgen.api.paths import follow, root_of, split_path
from adgen.api.request import Derived, Mode, NeedsValue, Options, Request
from adgen.api.signature import (
    Key,
    describe_signature,
    has_known,
    is_floating_key,
    key_of,
    show_key,
    with_statics,
)
from adgen.cache import disk, memory
from adgen.cache.header import Stored

MISSING: Any = object()
_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


class Engine:
    """Finds or makes the implementation for each signature of one derivative."""

    def __init__(
        self,
        fn: Callable[..., Any],
        mode: Mode,
        wrt: tuple[str, ...],
        scalar_wrt: bool,
        options: Options,
        positional: bool = False,
    ) -> None:
        self.fn = fn
        self.mode = mode
        self.wrt = wrt
        self.scalar_wrt = scalar_wrt
        self.options = options
        self.positional = positional  # wrt are the arguments of a call, of which some may not be floating
        self.params = parameters_of(fn)
        self.names = tuple(p.name for p in self.params)
        self.statics: dict[str, tuple[tuple[Any, ...], ...]] = {}  # by parameter: paths to what is known by value
        self.lock = threading.RLock()
        self.reset()
        _engines.add(self)

    def reset(self) -> None:
        """Forget all implementations."""
        self.loaded: dict[tuple[Key, ...], Loaded] = {}
        self.table: dict[tuple[Key, ...], Callable[..., Any]] = {}
        self.dispatch: Callable[..., Any] = self._first_dispatch

    def _first_dispatch(self, *args: Any, **kwargs: Any) -> Any:
        """Make the dispatcher when it is first wanted."""
        call = self.mode in ("primal", "grad", "value_and_grad")
        self.dispatch = make_dispatcher(
            self.fn, self.params, self.statics, self.table, self._miss, explain, self._renew, call
        )
        return self.dispatch(*args, **kwargs)

    def _renew(self) -> Callable[..., Any]:
        """Start anew: the function has got another `__code__`."""
        with self.lock:
            self.params = parameters_of(self.fn)
            self.names = tuple(p.name for p in self.params)
            self.reset()
            return self.dispatch

    def _miss(self, key: tuple[Key, ...], values: tuple[Any, ...]) -> Callable[..., Any]:
        with self.lock:
            loaded = self.obtain(values)
            self.table[loaded.keys] = loaded.call
            return loaded.call

    def obtain(self, values: tuple[Any, ...]) -> Loaded:
        """Return the implementation for these arguments."""
        with self.lock:
            arguments = [(key_of(v), v) for v in values]
            loaded = self.loaded.get(self._keys(arguments))
            if loaded is None:
                loaded = self.load(arguments)
                self.loaded[loaded.keys] = loaded
            return loaded

    def bind(self, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Return the values of the parameters for a call."""
        bound = inspect.signature(self.fn, follow_wrapped=False).bind(*args, **kwargs)
        bound.apply_defaults()
        return tuple(bound.arguments.values())

    def _keys(self, arguments: list[tuple[Key, Any]]) -> tuple[Key, ...]:
        return tuple(
            [
                with_statics(k, v, paths) if (paths := self.statics.get(n)) and v is not MISSING else k
                for n, (k, v) in zip(self.names, arguments, strict=True)
            ]
        )

    def load(self, arguments: list[tuple[Key, Any]]) -> Loaded:
        """Find or make the text for a signature: a key, and if known a value, for each parameter."""
        wrt = self._active([k for k, _ in arguments])
        while True:
            keys = self._keys(arguments)
            key = text_key(self, keys, wrt)
            name = entry_name(self.fn, self.mode)
            for source in ("memory", "disk") if key is not None else ():
                stored = memory.find(key) if source == "memory" else disk.load(name, key)  # type: ignore[arg-type]
                if stored is None:
                    continue
                if stored.needs:
                    break
                refs = find(stored, self.fn)
                if refs is not None:
                    if source == "disk":
                        memory.put(stored)
                    setattr(memory.Counts, source, getattr(memory.Counts, source) + 1)
                    return self._link(stored, refs, keys, wrt)
            else:
                stored = None
            try:
                if stored is not None:
                    raise NeedsValue(stored.needs)
                return self._make(keys, arguments, wrt, key, name)
            except NeedsValue as e:
                if key is not None and stored is None:
                    needs = Stored(key, needs=e.names)
                    self._describe(needs, keys, wrt)
                    memory.put(needs)
                    disk.save(name, needs)
                self._require(e.names, arguments)

    def _require(self, needed: tuple[str, ...], arguments: list[tuple[Key, Any]]) -> None:
        from adgen.errors import InternalError, UsageError

        given = dict(zip(self.names, [v for _, v in arguments], strict=True))
        statics = dict(self.statics)
        for text in needed:
            name, steps = split_path(text)
            if given.get(name) is MISSING:
                raise UsageError(
                    what=f"the value of parameter {text!r} decides what is computed, so it must be known",
                    instead=f"give {name!r} a default value, or call the gradient (command line: --example)",
                )
            if name in given and not has_known(given[name], steps):
                raise UsageError(
                    what=f"the value of {text!r} decides what is computed, and can't be part of the signature",
                    instead="pass a number, a text or another value that can be hashed",
                )
            if name not in given or steps in statics.get(name, ()):
                continue
            # what holds a part that is known already, and what is a part of it, is known by that
            statics[name] = (steps, *[p for p in statics.get(name, ()) if p[: len(steps)] != steps])
        if statics == self.statics:
            raise InternalError(what=f"the compiler asks again for the values of {', '.join(needed)}")
        self.statics = statics
        self.table = {}
        self.dispatch = self._first_dispatch

    def _active(self, keys: list[Key]) -> tuple[str, ...]:
        """Return the names to differentiate with respect to; of a call's arguments those that are floating."""
        by_name = dict(zip(self.names, keys, strict=True))
        if self.positional:
            return tuple(n for n in self.wrt if is_floating_key(by_name[n]))
        for n in map(root_of, self.wrt):
            if n in by_name and not is_floating_key(by_name[n]):
                raise not_floating(self.fn, n, by_name[n])
        return self.wrt

    def request(self, keys: tuple[Key, ...], arguments: list[tuple[Key, Any]], wrt: tuple[str, ...]) -> Request:
        """Write the compiler's order; symbols of lengths count from 0 and go on from there in the compile."""
        from adgen.api.types_of import Symbols, type_of_key
        from adgen.rules.lengths import reset_dims

        symbols = Symbols()
        types = tuple([type_of_key(k, symbols) for k in keys])
        reset_dims(symbols.count)
        statics = {
            f"{n}{''.join(f'[{k!r}]' for k in path)}": follow(v, path)
            for n, (_, v) in zip(self.names, arguments, strict=True)
            if v is not MISSING
            for path in self.statics.get(n, ())
            if has_known(v, path)
        }
        return Request(self.fn, self.mode, wrt, types, statics, self.scalar_wrt, self.options)

    def derive(
        self,
        keys: tuple[Key, ...],
        arguments: list[tuple[Key, Any]],
        wrt: tuple[str, ...],
        stages: tuple[str, ...] = (),
    ) -> Derived:
        """Run the compiler."""
        from adgen.api.custom import install_rules
        from adgen.pipeline import derive

        install_rules()
        was_on = gc.isenabled()
        gc.disable()  # a compile makes many small objects and no garbage worth collecting
        try:
            derived: Derived = derive(self.request(keys, arguments, wrt), stages)
            return derived
        finally:
            if was_on:
                gc.enable()

    def program(self, arguments: list[tuple[Key, Any]]) -> Any:
        """Return the typed program, before anything is differentiated."""
        from adgen.api.custom import install_rules
        from adgen.pipeline import type_program

        install_rules()
        wrt = self._active([k for k, _ in arguments])
        while True:
            try:
                return type_program(self.request(self._keys(arguments), arguments, wrt))
            except NeedsValue as e:
                self._require(e.names, arguments)

    def stage(self, arguments: list[tuple[Key, Any]], stage: str) -> str:
        """Return what the compiler has at a stage, as text."""
        wrt = self._active([k for k, _ in arguments])
        while True:
            try:
                return self.derive(self._keys(arguments), arguments, wrt, (stage,)).stages[stage]
            except NeedsValue as e:
                self._require(e.names, arguments)

    def _make(
        self, keys: tuple[Key, ...], arguments: list[tuple[Key, Any]], wrt: tuple[str, ...], key: str | None, name: str
    ) -> Loaded:
        derived = self.derive(keys, arguments, wrt)
        memory.Counts.made += 1
        stored, refs = describe(derived, self.fn)
        self._describe(stored, keys, wrt)
        if key is not None and refs.is_shared:
            stored.key = key
            memory.put(stored)
            disk.save(name, stored)
        return self._link(stored, refs, keys, wrt)

    def _describe(self, stored: Stored, keys: tuple[Key, ...], wrt: tuple[str, ...]) -> None:
        fn, code = self.fn, self.fn.__code__
        stored.function = f"{fn.__module__}:{fn.__qualname__} ({code.co_filename}, line {code.co_firstlineno})"
        stored.call = f"{self.mode} {describe_options(wrt, self.options)}"
        stored.signature = describe_signature(self.names, keys)
        stored.versions = versions()

    def _link(self, stored: Stored, refs: Any, keys: tuple[Key, ...], wrt: tuple[str, ...]) -> Loaded:
        tangents = tuple(f"__adgen_dot{i}" for i in range(len(wrt))) if self.mode == "jvp" else ()

        def again(*values: Any) -> Any:
            with self.lock:
                self.loaded.pop(keys, None)
                self.table.pop(keys, None)
            return self.obtain(values[: len(self.names)]).call(*values)

        loaded = link(stored, refs, self.fn, (*self.names, *tangents), again)
        loaded.keys, loaded.wrt = keys, wrt
        return loaded


def describe_options(wrt: tuple[str, ...], options: Options) -> str:
    """Say what is differentiated with respect to what: `of z wrt x, y, a held constant`."""
    parts = [f"of {', '.join(options.of)}"] if options.of else []
    parts.append(f"wrt {', '.join(wrt)}")
    if options.stop_gradients:
        parts.append(f"with {', '.join(options.stop_gradients)} held constant")
    if options.unconnected != "none":
        parts.append(f"unconnected gradients {options.unconnected}")
    return ", ".join(parts) if not options.of else f"{parts[0]} {', '.join(parts[1:])}"


def not_floating(fn: Any, name: str, key: Key) -> Exception:
    """Return the error for a parameter that can't carry a derivative."""
    from adgen.errors import TypeMismatchError

    cure = "leave it out of wrt, or pass floating-point values"
    if key in (int, bool):
        cure = f"pass a float: {name}=3.0 instead of {name}=3, or leave it out of wrt"
    elif isinstance(key, tuple) and hasattr(key[0], "kind"):
        cure = f"pass {name}.astype(float), or leave it out of wrt"
    return TypeMismatchError(
        what=f"{fn.__name__}: parameter {name!r} is {show_key(key)}, which has no derivative",
        why="a gradient with respect to something needs it to be a floating-point number or to hold some.",
        instead=cure,
    )


def reset_all() -> None:
    """Make every gradient forget its implementations."""
    for engine in list(_engines):
        with engine.lock:
            engine.reset()
