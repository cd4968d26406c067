"""What adgen makes of one program: right, refused, or wrong, and why."""

from __future__ import annotations

import contextlib
import inspect
import io
import warnings
from typing import Any

import numpy as np

import adgen
from tests import numeric
from tests.nasty.table import Case

BY_CALL = (adgen.UsageError, adgen.TypeMismatchError)  # errors about the call, which have no place in the program


class Wrong(Exception):
    """A finding."""


class Refused(Exception):
    """A refusal, with its code."""


def classify(case: Case) -> str:
    """Return "right", "refused: CODE", or what is wrong; each entry of the API has its say if they differ."""
    found: dict[str, str] = {}
    for name, check in (("vjp", check_vjp), ("grad", check_grad), ("jvp", check_jvp)):
        try:
            check(case)
            found[name] = "right"
        except Refused as e:
            found[name] = f"refused: {e}"
        except Wrong as e:
            found[name] = f"WRONG: {e}"
    if len(set(found.values())) == 1:
        return found["vjp"]
    return "; ".join(f"{k} {r}" for k, r in found.items())


def observe(call: Any) -> tuple[Any, BaseException | None, str, set[str]]:
    """Run something; return its value, its exception, what it printed, and its warnings."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            value, error = call(), None
        except Exception as e:
            value, error = None, e
    return value, error, out.getvalue(), {str(c.message) for c in caught}


def primal(case: Case) -> tuple[Any, BaseException | None, str, set[str]]:
    return observe(lambda: case.function(*case.arguments()))


def compare(case: Case, args: Any, result: Any, call: Any = None) -> bool:
    """Compare a run of adgen's with the primal's; return whether both gave a value."""
    value, error, printed, warned = primal(case)
    got, failed, output, complained = result
    if isinstance(failed, adgen.AdgenError):
        text = str(failed)
        if isinstance(failed, adgen.InternalError):
            raise Wrong(f"internal error: {failed.what}")
        if not isinstance(failed, BY_CALL) and (failed.origin is None or "^" not in text or "line " not in text):
            raise Wrong(f"refused without a place: {text.splitlines()[0]} [{failed.code}]")
        raise Refused(failed.code)
    if isinstance(failed, ValueError) and "are the same memory" in str(failed):
        raise Refused("shared memory")
    if error is not None and failed is None and case.implicit:
        return False
    if (error is None) != (failed is None) or (
        error and (type(error) is not type(failed) or error.args != failed.args)
    ):
        raise Wrong(f"raises {failed!r}, primal {error!r}")
    if output != printed:
        raise Wrong(f"prints {output!r}, primal {printed!r}")
    if complained - warned and not case.warns:
        raise Wrong(f"warns {complained - warned}")
    if not equal(args, case.arguments()):
        raise Wrong("the arguments changed")
    if error is None and call is not None and not same(call(got), value):
        raise Wrong(f"value {call(got)!r}, primal {value!r}")
    return error is None


def same(a: Any, b: Any) -> bool:
    """Say whether two results are equal up to rounding, with types and dtypes."""
    if type(a) is not type(b):
        return False
    if isinstance(a, (np.ndarray, np.generic)) and (a.dtype != b.dtype or a.shape != b.shape):
        return False
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    return numeric.close(a, b) if not isinstance(a, np.ndarray) or a.dtype.kind in "fciub" else bool(np.all(a == b))


def equal(a: Any, b: Any) -> bool:
    """Say whether two structures are the same, to the last bit."""
    if hasattr(a, "__dict__") and not isinstance(a, np.ndarray):  # an object is what its attributes are
        return type(a) is type(b) and equal(vars(a), vars(b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(equal(a[k], b[k]) for k in a)
    if type(a) is tuple:
        return len(a) == len(b) and all(map(equal, a, b))
    return numeric.equal(a, b)


def arrays(x: Any) -> list[np.ndarray]:
    return [a for a in numeric.leaves(x) if isinstance(a, np.ndarray)]


def check_memory(grads: Any, args: Any, seed: Any = None) -> None:
    mine = arrays(grads)
    for k, g in enumerate(mine):
        if any(np.shares_memory(g, a) for a in arrays(args)):
            raise Wrong("a gradient shares memory with an argument")
        if any(np.shares_memory(g, h) for h in mine[:k]):
            raise Wrong("two gradients share memory")
        if seed is not None and any(np.shares_memory(g, a) for a in arrays(seed)):
            raise Wrong("a gradient shares memory with the seed")


def wide(x: Any) -> Any:
    """Return arguments in double precision."""

    def one(leaf: Any) -> Any:
        if isinstance(leaf, np.ndarray) and leaf.dtype == np.float32:
            return leaf.astype(float)
        return np.float64(leaf) if isinstance(leaf, np.float32) else leaf

    full = numeric.moved(x, None, 0.0)
    return _merge(full, numeric.combine(one, full)) if is_single(x) else full


def _merge(x: Any, y: Any) -> Any:
    if isinstance(x, (list, tuple)) and not hasattr(x, "_fields"):
        return type(x)(_merge(a, b) for a, b in zip(x, y))
    if isinstance(x, dict):
        return {k: _merge(x[k], y[k]) for k in x}
    return x if y is None else y


def is_single(x: Any) -> bool:
    return any(np.asarray(a).dtype == np.float32 for a in numeric.leaves(x))


def differs(case: Case, args: Any, found: float, direction: Any, seed: Any) -> str:
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected, error = numeric.directional(case.function, wide(args), direction, seed)
    rtol = 2e-4 if is_single(args) else case.rtol
    if abs(found - expected) <= rtol * (1.0 + abs(expected)) + 4.0 * min(error, 1e-4 * (1.0 + abs(expected))):
        return ""
    return f"derivative {found:.8g}, by differences {expected:.8g}"


def dot(grads: Any, direction: Any) -> float:
    return numeric.inner(direction, grads)


def check_vjp(case: Case) -> None:
    args = case.arguments()
    result = observe(lambda: adgen.vjp(case.function, *args))
    if not compare(case, args, result, lambda r: r[0]):
        return
    value, pullback = result[0]
    kept = numeric.moved(value, None, 0.0)
    rng = np.random.default_rng(3)
    if not numeric.leaves(value):
        return
    firsts = []
    for turn in range(2):
        seed = numeric.seed_like(value, rng)
        before = numeric.moved(seed, None, 0.0)
        grads, failed, output, complained = observe(lambda: pullback(seed))
        if failed is not None:
            raise Wrong(f"pullback raises {failed!r}")
        if output or (complained - primal(case)[3] and not case.warns):
            raise Wrong(f"pullback prints {output!r} or warns {complained}")
        if not equal(seed, before):
            raise Wrong("the seed changed")
        problem = numeric.mismatch(grads, args)
        if problem:
            raise Wrong(f"gradient is {problem}")
        check_memory(grads, args, seed)
        if not equal(args, case.arguments()):
            raise Wrong("the pullback changed the arguments")
        firsts.append((seed, grads, numeric.moved(grads, None, 0.0)))
        if case.expect is None:
            direction = numeric.random_like(args, rng)
            problem = differs(case, args, dot(grads, direction), direction, seed)
            if problem:
                raise Wrong(f"{problem} (turn {turn})")
    seed, grads, copy = firsts[0]
    if not equal(grads, copy):
        raise Wrong("a later pullback changed an earlier gradient")
    again = observe(lambda: pullback(seed))[0]
    if not equal(again, copy):
        raise Wrong("the pullback answers differently the third time")
    if not same(value, kept) and not equal(value, kept):
        raise Wrong("the pullback changed the value")


def check_grad(case: Case) -> None:
    args = case.arguments()
    wrt = tuple(k for k, a in enumerate(args) if numeric.leaves(a))
    if not wrt or case.function.__code__.co_flags & inspect.CO_VARARGS:
        return
    fn = adgen.grad(case.function, wrt=wrt)
    result = observe(lambda: fn(*args))
    if not compare(case, args, result):
        return
    grads: Any = [None] * len(args)
    for k, g in zip(wrt, result[0]):
        grads[k] = g
    problem = numeric.mismatch(tuple(grads), args)
    if problem:
        raise Wrong(f"gradient is {problem}")
    check_memory(grads, args)
    if case.expect is not None:
        for k, (g, e) in enumerate(zip(grads, case.expect)):
            if not (g is None and e is None) and not numeric.close(g, e, 1e-6):
                raise Wrong(f"gradient {k} is {g!r}, not {e!r}")
        return
    value = primal(case)[0]
    ones = numeric.combine(lambda leaf: np.ones(np.shape(leaf))[()], value)
    direction = numeric.random_like(args, np.random.default_rng(5))
    problem = differs(case, args, dot(tuple(grads), direction), direction, ones)
    if problem:
        raise Wrong(problem)


def check_jvp(case: Case) -> None:
    args = case.arguments()
    direction = numeric.random_like(args, np.random.default_rng(7))
    result = observe(lambda: adgen.jvp(case.function, args, direction))
    if not compare(case, args, result, lambda r: r[0]):
        return
    value, tangent = result[0]
    seed = numeric.seed_like(value, np.random.default_rng(8))
    if case.expect is not None:
        return
    problem = numeric.mismatch(tangent, value) if tangent is not None else ""
    if problem:
        raise Wrong(f"tangent is {problem}")
    problem = differs(case, args, numeric.inner(seed, tangent), direction, seed)
    if problem:
        raise Wrong(problem)
