"""A stand-in for the compiler: derivatives written by hand, so that tests of the API and the caches test only those.

`install()` puts it in the compiler's place, in this process or at the top of a script that runs in another one.
"""

from __future__ import annotations

import sys
import types

from adgen.api.request import Baked, Dependency, Derived, Hidden, NeedsValue
from adgen.ir.nodes import Origin
from adgen.ir.types import Float

calls = []  # the requests so far


def install():
    module = types.ModuleType("adgen.pipeline")
    module.derive = derive
    sys.modules["adgen.pipeline"] = module
    calls.clear()


def derive(request, stages=()):
    calls.append(request)
    derived = globals()[f"_{request.fn.__name__}"](request)
    derived.stages = {stage: f"{stage} of {request.fn.__name__}" for stage in stages}
    return derived


def _square(request):
    origin = Origin(request.fn.__code__.co_filename, 11, 4, 11, 9, "return a * x * x", "square")
    if request.mode == "grad":
        return Derived(
            "import numpy as np\n\n\ndef square_grad(x, a):\n    return 2.0 * a * x\n", "square_grad", lines={5: origin}
        )
    if request.mode == "value_and_grad":
        text = "def square_value_and_grad(x, a):\n    return a * x * x, 2.0 * a * x\n"
        return Derived(text, "square_value_and_grad")
    if request.mode == "vjp":
        text = (
            "def square_vjp(x, a):\n    return a * x * x, (x, a)\n\n\n"
            "def square_pullback(saved, d):\n    x, a = saved\n"
            "    found = {'x': 2.0 * a * x * d, 'a': x * x * d}\n"
            f"    return tuple(found[n] for n in {request.wrt!r})\n"
        )
        return Derived(text, "square_vjp", "square_pullback")
    dots = ", ".join(f"{n}_dot" for n in request.wrt)
    terms = " + ".join({"x": "2.0 * a * x * x_dot", "a": "x * x * a_dot"}[n] for n in request.wrt)
    return Derived(f"def square_jvp(x, a, {dots}):\n    return a * x * x, {terms}\n", "square_jvp")


def _wrong(request):
    derived = _square(request)
    derived.text = derived.text.replace("2.0 * a", "3.0 * a")
    return derived


def _scaled(request):
    """`rate * x`, with rate a global that is read live."""
    hidden = (Hidden("rate", request.fn, Float()),)
    return Derived("def scaled_grad(x, rate):\n    return rate\n", "scaled_grad", hidden=hidden)


def _enclosed(request):
    hidden = (Hidden("c", request.fn, Float()),)
    return Derived("def enclosed_grad(x, c):\n    return c\n", "enclosed_grad", hidden=hidden)


def _caller(request):
    """`helper(x)`, with helper inlined: its constant goes into the text."""
    helper = request.fn.__globals__["helper"]
    depends = (Dependency.of(helper),)
    return Derived(f"def caller_grad(x):\n    return {helper(1.0)!r}\n", "caller_grad", depends=depends)


def _outside(request):
    """Calls a function of the module as it stands."""
    return Derived(
        "def outside_grad(x):\n    return helper(x)\n",
        "outside_grad",
        externals={"helper": request.fn.__globals__["helper"]},
    )


def _summed(request):
    if "axis" not in request.statics:
        raise NeedsValue(("axis",))
    return Derived(f"def summed_grad(x, axis):\n    return {request.statics['axis']!r}\n", "summed_grad")


def _baked(request):
    value = request.fn.__globals__["rate"]
    return Derived(
        f"def baked_grad(x):\n    return {value!r}\n", "baked_grad", baked=(Baked("rate", request.fn, value),)
    )


def _collected(request):
    return Derived("def collected_grad(p):\n    return p\n", "collected_grad")


def _varied(request):
    return Derived("def varied_grad(a, xs, k, kw):\n    return a, xs, k, kw\n", "varied_grad")


def _helped(request):
    from adgen.rules.helpers import unbroadcast

    return Derived(
        "import numpy as np\n\n\ndef helped_grad(x, b):\n    # d_b\n    return unbroadcast(x, b)\n",
        "helped_grad",
        externals={"unbroadcast": unbroadcast},
    )


def key_of_last():
    """Return the keys of the last request's types, for arrays and floats."""
    import numpy as np

    return tuple(
        float if isinstance(t, Float) else (np.dtype(t.dtype), tuple(n == 1 for n in t.dims)) for t in calls[-1].types
    )
