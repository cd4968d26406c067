"""adgen: a gradient compiler for ordinary Python and NumPy code.

It reads a function's source, differentiates it as a program, and writes the gradient as plain Python.

>>> import adgen
>>> @adgen.grad
... def f(x):
...     return x * x
>>> f(3.0)
6.0
"""

from __future__ import annotations

from adgen.api.cached import CacheInfo, cache_info, clear_cache
from adgen.api.check import check_grads
from adgen.api.compiled import Compiled, compile  # noqa: A004 - the word is used as a decorator, under the package's name
from adgen.api.custom import (
    custom_jvp,
    custom_vjp,
    has_rule,
    override_gradient,
    register_jvp,
    register_vjp,
    stop_gradient,
)
from adgen.api.explain import explain
from adgen.api.grad import Gradient, grad, value_and_grad
from adgen.api.jacobians import hessian, hvp, jacobian
from adgen.api.products import jvp, vjp
from adgen.api.surgery import gradient_of, map_gradient
from adgen.api.tags import tag
from adgen.api.tapes import GradientTape, gradients
from adgen.errors import (
    AdgenError,
    AliasError,
    CheckError,
    InternalError,
    NestingError,
    NoGradientError,
    RegistrationError,
    SourceError,
    TypeMismatchError,
    UnboundError,
    UnsupportedError,
    UsageError,
)
from adgen.version import __version__

__all__ = [
    "AdgenError",
    "AliasError",
    "CacheInfo",
    "CheckError",
    "Compiled",
    "Gradient",
    "GradientTape",
    "InternalError",
    "NestingError",
    "NoGradientError",
    "RegistrationError",
    "SourceError",
    "TypeMismatchError",
    "UnboundError",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "cache_info",
    "check_grads",
    "clear_cache",
    "compile",
    "custom_jvp",
    "custom_vjp",
    "explain",
    "grad",
    "gradient_of",
    "gradients",
    "has_rule",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "map_gradient",
    "override_gradient",
    "register_jvp",
    "register_vjp",
    "stop_gradient",
    "tag",
    "value_and_grad",
    "vjp",
]
