"""What the frontend refuses, and what to write instead."""

from __future__ import annotations

from adgen.errors import UnsupportedError
from adgen.ir.nodes import Origin

_TRY = "move the code that may fail out of the differentiated function, or test for the failure with `if`."

# By kind of syntax: what it is called, why not, what to write instead.
_REASONS: dict[str, tuple[str, str, str]] = {
    "TryStar": ("`try … except*`", "", _TRY),
    "ClassDef": ("a class defined inside a function", "", "define the class at the top of the module."),
    "Global": ("writing a global name", "It would outlive the call.", "return the value, and assign it outside."),
    "Nonlocal": (
        "writing a name of an enclosing function",
        "It would outlive the call.",
        "return the value, and assign it there.",
    ),
    "AsyncFunctionDef": ("an `async` function", "", "write it as an ordinary function."),
    "AsyncFor": ("`async for`", "", "collect the values first, then differentiate an ordinary function of them."),
    "AsyncWith": ("`async with`", "", "put it round the call of the differentiated function."),
    "Await": ("`await`", "", "await the value first, and pass it in."),
    "Generator": ("a generator as the differentiated function", "", "append the values to a list, and return it."),
    "Yield": ("the value of `yield` inside of an expression", "", "give it a name first: `v = yield …`."),
    "YieldFrom": ("the value of `yield from` inside of an expression", "", "give it a name: `v = yield from …`."),
    "FinallyLeaves": (
        "a `finally` that ends the function or an iteration",
        "It would swallow exceptions.",
        "leave after the `try` statement.",
    ),
    "DelAttr": ("deleting an attribute", "", "assign None to it."),
    "TypeAlias": ("a type alias inside a function", "", "define it at the top of the module."),
}


def make_refusal(kind: str, origin: Origin | None) -> UnsupportedError:
    """Return the error for a kind of syntax that can't be differentiated."""
    name, why, instead = _REASONS.get(kind, (f"`{kind}`", "", ""))
    return UnsupportedError(what=f"{name} can't be differentiated", why=why, instead=instead, origin=origin)
