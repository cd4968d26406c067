"""What the public functions ask the compiler for, and what they get back.

A `Request` is one derivative of one function for one signature; `Derived` is its text with all that is
needed to run it, to guard it, and to find it again on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from adgen.api.digest import digest_of

if TYPE_CHECKING:
    from adgen.ir.nodes import Origin
    from adgen.ir.types import Type

Mode = Literal["primal", "grad", "value_and_grad", "vjp", "jvp"]


@dataclass(frozen=True, slots=True)
class Step:
    """One derivative that another one is made of."""

    mode: Literal["grad", "value_and_grad"]
    wrt: tuple[str, ...]
    scalar_wrt: bool
    unconnected: Literal["none", "zero"] = "none"
    stop_gradients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may choose beside `wrt`.

    `overrides` are (function, rule) pairs: the vjp rules that `override_gradient` put in force. `inner` are the
    derivatives that are differentiated, innermost first: the gradient of a gradient has one. What they hold constant,
    it does not.
    """

    of: tuple[str, ...] = ()
    stop_gradients: tuple[str, ...] = ()
    unconnected: Literal["none", "zero"] = "none"
    overrides: tuple[tuple[Any, Any], ...] = ()
    inner: tuple[Step, ...] = ()


DEFAULT = Options()


@dataclass(frozen=True, slots=True)
class Request:
    """One derivative to make.

    The entry of every mode takes fn's parameters by position (a `*args` parameter as one tuple, a
    `**kwargs` one as a dict), then, in mode "jvp", one tangent for each name of `wrt`, then the hidden values.
    """

    fn: Callable[..., Any]
    mode: Mode
    wrt: tuple[str, ...]
    types: tuple[Type, ...]  # one per parameter of fn, in order
    statics: dict[str, object] = field(default_factory=dict)  # parameters, and parts of them, that are known by value
    scalar_wrt: bool = True  # wrt was a single one: the result is the bare gradient, else a tuple
    options: Options = DEFAULT


@dataclass(frozen=True, slots=True)
class Hidden:
    """A value that the program reads from a global or a closure cell of `owner`, passed as a trailing parameter.

    `name` is as the owner reads it: "rate", or "config.rate".
    """

    name: str
    owner: Any  # the function whose global or cell it is
    type: Type | None = None


@dataclass(frozen=True, slots=True)
class Baked:
    """A global or cell of `owner` whose value went into the text: when it changes, the text is stale."""

    name: str
    owner: Any
    value: Any


@dataclass(frozen=True, slots=True)
class Dependency:
    """A function or class whose source went into the text: when its name means something else, or its code changed, the
    text is stale. The names by which the primal and other such functions read it are found from their code.
    """

    kind: Literal["callee", "rule"]
    module: str
    qualname: str
    digest: str
    function: Any = field(default=None, compare=False)

    @classmethod
    def of(cls, fn: Any, kind: Literal["callee", "rule"] = "callee") -> Dependency:
        """Describe a function or a class."""
        module = getattr(fn, "__module__", None) or ""
        return cls(kind, module, getattr(fn, "__qualname__", repr(type(fn))), digest_of(fn), fn)


@dataclass(slots=True)
class Derived:
    """The text of one derivative. In mode "vjp" the entry returns (value, residuals), and
    `pullback(residuals, seed)` a tuple with one gradient for each name of `wrt`.
    """

    text: str
    entry: str
    pullback: str | None = None
    externals: dict[str, object] = field(default_factory=dict)  # names beyond np, math and builtins
    hidden: tuple[Hidden, ...] = ()
    baked: tuple[Baked, ...] = ()
    depends: tuple[Dependency, ...] = ()
    lines: dict[int, Origin] = field(default_factory=dict)  # line of the text -> the user's statement
    stages: dict[str, str] = field(default_factory=dict)


class NeedsValue(Exception):
    """The compiler must know the values of these parameters: they become part of the signature."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = tuple(names)
