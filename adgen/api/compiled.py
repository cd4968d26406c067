"""`compile`: the function itself, with the gradients that it asks for written out."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import FunctionType, MethodType
from typing import Any, ParamSpec, TypeVar, cast

from adgen.api.custom import current_overrides
from adgen.api.engine import Engine
from adgen.api.grad import Gradient, check_function
from adgen.api.request import Options

P = ParamSpec("P")
R = TypeVar("R")


class Compiled(Gradient[P, R]):
    """A function whose gradients of local values are compiled into it. `primal` is the function as it was written."""

    def __init__(self, fn: Callable[P, R], options: Options) -> None:
        check_function(fn)
        functools.update_wrapper(self, fn)
        del self.__dict__["__wrapped__"]
        self.__signature__ = inspect.signature(fn, follow_wrapped=False)
        self.primal: Any = fn
        self.wrt = ()
        self.mode = "primal"
        self.output_gradients = None
        self._engine = Engine(self.primal, "primal", (), False, options)

    def __repr__(self) -> str:
        return f"<adgen.compile of {self.primal.__module__}.{self.primal.__qualname__}>"

    def __reduce__(self) -> Any:
        module, qualname = self.__module__, self.__qualname__
        from adgen.api.names import find_by_name

        return qualname if find_by_name(module, qualname) is self else (Compiled, (self.primal, self._engine.options))


def compile(fn: Callable[P, R]) -> Compiled[P, R]:
    """Compile a function that takes gradients of its own values: `@adgen.compile`.

    The result is called like the function and returns what it returns; `adgen.gradients` and `adgen.GradientTape` in it
    have become straight code, which `.source` shows. Calls of functions that adgen knows nothing of, and all that it
    writes, are as they were. What is made of a bound method is bound to the same object. Raises
    what `adgen.grad` raises.

    >>> import adgen
    >>> @adgen.compile
    ... def newton(x):
    ...     for _ in range(6):
    ...         y = x * x - 2.0
    ...         x = x - y / adgen.gradients(y, x)
    ...     return x
    >>> newton(1.0)
    1.414213562373095
    """
    options = Options(overrides=current_overrides())
    if isinstance(fn, MethodType) and isinstance(fn.__func__, FunctionType):
        return cast("Compiled[P, R]", MethodType(Compiled(fn.__func__, options), fn.__self__))
    return Compiled(fn, options)
