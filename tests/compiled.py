"""Rules as compiled: each sample of a row becomes a small function with source text, differentiated by the public API.

`check(case, aspect)` returns what came out: "right", "refused: …" (an AdgenError, which is legal) or "wrong: …".
"""

from __future__ import annotations

import cmath
import copy
import itertools
import linecache
import math
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

import adgen
from adgen.rules.helpers import unbroadcast
from adgen.rules.load import load_rules
from adgen.rules.registry import REGISTRY, Primitive, Sample
from tests.numeric import close, combine, directional, equal, inner, leaves, mismatch, random_like, seed_like
from tests.rule_walk import DIFFERENTIABLE, LIBRARIES, is_active

load_rules()
NUMBER = itertools.count()
SPELLED = {"copy": "{0}.copy()", "astype": "{0}.astype({1})", "to_float": "float({0})"}
NAMES = {"np": np, "math": math, "cmath": cmath, "unbroadcast": unbroadcast} | LIBRARIES
RIGHT = "right"


@dataclass(eq=False)
class Case:
    """One sample of a row: `fn(*args)` is the call, with what is differentiated as parameters."""

    row: Primitive
    sample: Sample
    number: int
    fn: Callable[..., Any]
    args: tuple[Any, ...]
    text: str
    label: str
    names: dict[str, Any] = field(default_factory=dict)

    @property
    def smooth(self) -> bool:
        """Say whether differences make sense here."""
        sizes = [float(np.abs(v)) for leaf in leaves(self.args) for v in np.ravel(leaf)]
        return not self.sample.kink and all(v == 0 or 1e-5 < v < 100 for v in sizes)

    def __repr__(self) -> str:
        return self.label


def make(text: str, name: str, names: dict[str, Any]) -> Callable[..., Any]:
    """Return a function of source text, as if it stood in a file."""
    file = f"<registry {next(NUMBER)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space: dict[str, Any] = {"__name__": __name__} | NAMES | names
    exec(compile(text, file, "exec"), space)
    return space[name]


def spell(row: Primitive, args: list[str], kwargs: dict[str, str]) -> str:
    """Return the call as a user writes it."""
    if row.name in SPELLED:
        return SPELLED[row.name].format(*args)
    if row.show and len(args) == 2 and "_" not in row.show:
        return f"{args[0]} {row.show} {args[1]}"
    if row.show and "_" in row.show and row.show[:-1] in ("-", "+"):
        return f"{row.show[:-1]}{args[0]}"
    return f"{row.name}({', '.join([*args, *(f'{k}={v}' for k, v in kwargs.items())])})"


def _literal(v: Any) -> str | None:
    if isinstance(v, tuple):
        parts = [_literal(i) for i in v]
        return None if None in parts else f"({', '.join(map(str, parts))}{',' if len(v) == 1 else ''})"
    if v is None or type(v) in (int, bool, str) or (type(v) is float and math.isfinite(v)):
        return repr(v)
    if type(v) is float and math.isinf(v):
        return "np.inf" if v > 0 else "-np.inf"
    if isinstance(v, type) and issubclass(v, np.generic):
        return f"np.{v.__name__}"
    return None


def _params(row: Primitive, sample: Sample) -> dict[int | str, str]:
    """Return the parameter that each argument of a sample belongs to, by position or keyword."""
    owner: dict[int | str, str] = {k: k for k in sample.kwargs}
    leading = [p for p in row.params if p not in row.keyword]
    if row.variadic:
        leading = [p for p in row.params[:-1] if p not in row.defaults]
    for k in range(len(sample.args)):
        owner[k] = leading[k] if k < len(leading) else row.params[-1]
    return owner


def cases(rows: list[Primitive] | None = None) -> Iterator[Case]:
    """Yield every sample of every row with a derivative."""
    for row in rows if rows is not None else REGISTRY.rows():
        if row.kind not in DIFFERENTIABLE:
            continue
        for number, sample in enumerate(row.samples):
            yield build(row, sample, number)


def build(row: Primitive, sample: Sample, number: int) -> Case:
    owner = _params(row, sample)
    wanted = sample.wrt or row.diff
    given: list[Any] = []
    names: dict[str, Any] = {row.name: row.fn} if getattr(row.fn, "__name__", "") == row.name else {}

    def write(k: int | str, v: Any) -> str:
        if owner[k] in wanted and is_active(v) and owner[k] not in row.static:
            given.append(copy.deepcopy(v))
            return "abcdefghijklm"[len(given) - 1]
        text = _literal(v)
        if text is None:
            text = f"k{len(names)}"
            names[text] = v
        return text

    args = [write(k, v) for k, v in enumerate(sample.args)]
    kwargs = {k: write(k, v) for k, v in sample.kwargs.items()}
    text = spell(row, args, kwargs)
    fn = make(f"def f({', '.join('abcdefghijklm'[: len(given)])}):\n    return {text}\n", "f", names)
    return Case(row, sample, number, fn, tuple(given), text, f"{row.name}[{number}] {text}", names)


# --- aspects ------------------------------------------------------------------------------------


class Wrong(Exception):
    """A number or a type that is not what it must be."""


def require(cond: bool, what: str) -> None:
    if not cond:
        raise Wrong(what)


def check(case: Case, aspect: Callable[[Case], None]) -> str:
    """Return "right", or what is refused or wrong."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            aspect(case)
        except adgen.InternalError as e:
            return f"wrong: {e.what} {e.why}"
        except adgen.AdgenError as e:
            return f"refused: {e.what}; {e.why}"
        except Wrong as e:
            return f"wrong: {e}"
        except RecursionError:
            return "wrong: RecursionError"
        except Exception as e:
            return f"wrong: {type(e).__name__}: {str(e).splitlines()[0] if str(e) else ''}"
    return RIGHT


def first_order(case: Case) -> None:
    """Value, pullback twice, tangent: against differences and each other; inputs stay as they were."""
    fn, args = case.fn, case.args
    rng = np.random.default_rng(11)
    expected = fn(*copy.deepcopy(args))
    value, pull = adgen.vjp(fn, *args)
    require(equal(value, expected), f"value {value!r}, not {expected!r}")
    require(_same_type(value, expected), f"value is {_kind(value)}, not {_kind(expected)}")
    before, kept = copy.deepcopy(args), copy.deepcopy(value)
    direction = random_like(args, rng)
    for _ in range(2):
        seed = seed_like(expected, rng)
        seed_kept = copy.deepcopy(seed)
        grads = pull(seed)
        require(equal(args, before), "the arguments were changed")
        require(equal(value, kept), "the value was changed by the pullback")
        require(equal(seed, seed_kept), "the seed was changed")
        problem = mismatch(grads, args)
        require(not problem, problem)
        again = pull(seed)
        require(equal(again, grads), "a second call of the pullback answers differently")
        _compare_reverse(case, grads, direction, seed)
    out, dual = adgen.jvp(fn, args, _tangents(args, direction))
    require(equal(out, expected), f"jvp: value {out!r}")
    if case.sample.kink:
        return
    found, reverse = inner(seed, dual), inner(direction, grads)
    size = 1.0 + _size(direction, grads)
    require(abs(found - reverse) <= 1e-8 * size, f"jvp {found}, vjp {reverse}")


def _tangents(args: tuple[Any, ...], direction: tuple[Any, ...]) -> tuple[Any, ...]:
    def fit(a: Any, d: Any) -> Any:
        return np.asarray(d).astype(a.dtype) if isinstance(a, np.ndarray) else type(a)(d)

    return tuple(combine(fit, a, d) for a, d in zip(args, direction))


def _size(a: Any, b: Any) -> float:
    total = 0.0
    for x, y in zip(leaves(a), leaves(b)):
        total += float(np.sum(np.abs(np.asarray(x) * np.asarray(y))))
    return total if math.isfinite(total) else 0.0


def _compare_reverse(case: Case, grads: Any, direction: Any, seed: Any, fn: Any = None, tol: float = 1e-6) -> None:
    if not case.smooth:
        return
    try:
        expected, error = directional(fn or case.fn, case.args, direction, seed)
    except ValueError:  # at the border of the domain
        return
    found = inner(direction, grads)
    size = 1.0 + abs(expected) + _size(direction, grads)
    slack = tol * size + 4.0 * min(error, 1e-4 * size)
    require(abs(found - expected) <= slack, f"vjp {found}, differences {expected} ± {error:.0e}")


def _kind(v: Any) -> str:
    return f"{type(v).__name__}:{getattr(v, 'dtype', '')}"


def _same_type(a: Any, b: Any) -> bool:
    if isinstance(b, (tuple, list)):
        return type(a) is type(b) and all(map(_same_type, a, b))
    return type(a) is type(b) and getattr(a, "dtype", None) == getattr(b, "dtype", None)


def variants(case: Case) -> None:
    """Fortran order, strides and read-only arrays give the same; single precision stays single."""
    fn, args = case.fn, case.args
    rng = np.random.default_rng(5)
    value, pull = adgen.vjp(fn, *args)
    seed = seed_like(value, rng)
    grads = pull(seed)
    for change in (_fortran, _strided, _read_only):
        other = _changed(change, args)
        try:
            fn(*other)
        except ValueError:  # a function that does not take such arrays
            continue
        value2, pull2 = adgen.vjp(fn, *other)
        require(close(value2, value), f"{change.__name__}: value {value2!r}, not {value!r}")
        grads2 = pull2(seed)
        require(not case.smooth or close(grads2, grads, 1e-7, 1e-9), f"{change.__name__}: {grads2}, not {grads}")
    single = _changed(_single, args)
    if any(isinstance(x, np.ndarray) for x in leaves(args)) and case.smooth:
        expected = fn(*single)
        value3, pull3 = adgen.vjp(fn, *single)
        require(_same_type(value3, expected), f"float32 gives {_kind(value3)}, not {_kind(expected)}")
        seed3 = combine(lambda v, s: np.asarray(s).astype(v.dtype)[()] if hasattr(v, "dtype") else s, expected, seed)
        grads3 = pull3(seed3)
        problem = mismatch(grads3, single)
        require(not problem, f"float32: {problem}")
        scale = 1.0 + max((float(np.max(np.abs(g), initial=0.0)) for g in leaves(grads)), default=0.0)
        require(close(grads3, grads, 5e-3, 5e-3 * scale), f"float32: {grads3}, not {grads}")


def _changed(change: Callable[[Any], Any], x: Any) -> Any:
    """Return a structure with its arrays changed, and all else as it is."""
    if isinstance(x, (tuple, list)) and not hasattr(x, "_fields"):
        return type(x)(_changed(change, i) for i in x)
    return combine(change, x) if leaves(x) else x


def _fortran(x: Any) -> Any:
    return np.asfortranarray(x) if isinstance(x, np.ndarray) and x.ndim else x


def _strided(x: Any) -> Any:
    if not isinstance(x, np.ndarray) or not x.ndim:
        return x
    return np.repeat(x[..., ::-1], 2, axis=-1)[..., ::2][..., ::-1]


def _read_only(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        x = x.copy()
        x.flags.writeable = False
    return x


def _single(x: Any) -> Any:
    return x.astype(np.float32) if isinstance(x, np.ndarray) and x.dtype == np.float64 else x


def composite(case: Case) -> Callable[..., Any]:
    """Return the scalar function `sum(sin(f(x)) * w)`, whose gradient every rule's cotangent passes through."""
    value = case.fn(*copy.deepcopy(case.args))
    rng = np.random.default_rng(3)
    names = dict(case.names)
    params = ", ".join("abcdefghijklm"[: len(case.args)])
    lines = [f"def h({params}):", f"    y = {case.text}"]
    terms = []
    for k, v in enumerate(value if isinstance(value, (tuple, list)) else [value]):
        if not is_active(v) or isinstance(v, (tuple, list)):
            continue
        item = f"y[{k}]" if isinstance(value, (tuple, list)) else "y"
        if isinstance(v, np.ndarray):
            names[f"w{k}"] = rng.standard_normal(v.shape)
            inside = f"np.sum(np.sin({item}) * w{k})"
        else:
            inside = f"np.sin({item}) * {float(rng.standard_normal()):.3f}"
        if np.iscomplexobj(v):
            inside = f"np.real({inside})" if isinstance(v, np.ndarray) else f"({inside}).real"
        terms.append(inside)
    lines.append(f"    return {' + '.join(terms) or '0.0'}")
    return make("\n".join(lines) + "\n", "h", names)


def in_composite(case: Case) -> None:
    if not case.args:
        return
    h = composite(case)
    value, grads = adgen.value_and_grad(h, wrt=tuple(range(len(case.args))))(*case.args)
    expected = h(*case.args)
    require(bool(np.allclose(value, expected, equal_nan=True)), f"value {value}, not {expected}")
    problem = mismatch(grads, case.args)
    require(not problem, problem)
    if case.smooth:
        direction = random_like(case.args, np.random.default_rng(4))
        _compare_reverse(case, grads, direction, 1.0, h)


def second_order(case: Case) -> None:
    """The gradient of the composite, differentiated in turn."""
    if not case.sample.second or not case.smooth or not case.args:
        return
    h = composite(case)
    args = case.args
    g: Any = adgen.grad(h, wrt=tuple(range(len(args))), unconnected_gradients="zero")
    before = copy.deepcopy(args)
    value, pull = adgen.vjp(g, *args)
    rng = np.random.default_rng(8)
    seed = seed_like(value, rng)
    grads = pull(seed)
    require(equal(args, before), "the arguments were changed")
    direction = random_like(args, rng)

    def whole(*a: Any) -> Any:
        return g(*a)

    try:
        expected, error = directional(whole, args, direction, seed, 1e-3)
    except ValueError:
        return
    found = inner(direction, grads)
    size = 1.0 + abs(expected) + _size(direction, grads)
    slack = 2e-6 * size + 4.0 * min(error, 1e-4 * size)
    require(abs(found - expected) <= slack, f"second order: {found}, not {expected}")
    dual = adgen.jvp(g, args, _tangents(args, direction))[1]
    forward = inner(seed, dual)
    require(abs(found - forward) <= 1e-7 * size, f"second order: jvp {forward}, vjp {found}")


def kinds(case: Case) -> None:
    """An elementwise row on Python floats, NumPy scalars, arrays of no axes, no elements, and unit axes."""
    if case.row.kind != "elementwise" or not all(isinstance(a, np.ndarray) for a in case.args):
        return
    numbers = [float(np.real(np.ravel(a)[0])) for a in case.args]
    if any(np.iscomplexobj(a) for a in case.args):
        return
    shapes: list[tuple[Any, ...]] = [tuple(numbers), tuple(map(np.float64, numbers)), tuple(map(np.array, numbers))]
    shapes.append(tuple(np.full((0,), v) for v in numbers))
    shapes.append(tuple(np.full((1,), v) for v in numbers))
    if len(numbers) == 2:
        a, b = (np.full((3, 1), numbers[0]), np.full((4,), numbers[1]))
        shapes += [(a, b), (np.full((1,), numbers[0]), np.full((3,), numbers[1])), (numbers[0], b), (a, numbers[1])]
        shapes += [(np.float64(numbers[0]), b), (a, np.array(numbers[1])), (np.float64(numbers[0]), numbers[1])]
    rng = np.random.default_rng(9)
    for args in shapes:
        label = ", ".join(f"{type(a).__name__}{np.shape(a)}" for a in args)
        try:
            expected = case.fn(*args)
        except (TypeError, ValueError):
            continue
        value, pull = adgen.vjp(case.fn, *args)
        require(equal(value, expected) and _same_type(value, expected), f"{label}: {value!r}, not {expected!r}")
        seed = seed_like(value, rng)
        grads = pull(seed)
        problem = mismatch(grads, args)
        require(not problem, f"{label}: {problem}")
        if case.smooth and leaves(args):
            direction = random_like(args, rng)
            slope, error = directional(case.fn, args, direction, seed)
            found = inner(direction, grads)
            size = 1.0 + abs(slope)
            slack = 1e-6 * size + 4.0 * min(error, 1e-4)
            require(abs(found - slope) <= slack, f"{label}: {found}, differences {slope}")


def _as_complex(x: Any) -> Any:
    """Return a structure with imaginary parts added to its real numbers."""
    if isinstance(x, (tuple, list)):
        return type(x)(map(_as_complex, x))
    if isinstance(x, np.ndarray) and x.dtype == np.float64:
        return x + 0.3j * np.cos(1.0 + np.arange(x.size).reshape(x.shape))
    return complex(x, 0.3) if isinstance(x, float) else x


def complex_variants(case: Case) -> Iterator[Case]:
    """Yield a case with each argument complex, then with all, where the function takes and gives finite ones."""
    every = len(case.args)
    for which in range(every + 1 if every > 1 else every):
        args = tuple(_as_complex(a) if which in (every, k) else a for k, a in enumerate(case.args))
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                value = case.fn(*copy.deepcopy(args))
            except Exception:
                continue
        if all(np.all(np.isfinite(v)) for v in leaves(value)) and any(map(np.iscomplexobj, leaves(args))):
            yield replace(case, args=args, label=f"{case.label}, complex {which}")


ASPECTS: dict[str, Callable[[Case], None]] = {
    "first": first_order, "composite": in_composite, "second": second_order, "variants": variants, "kinds": kinds,
}  # fmt: skip

__all__ = ["ASPECTS", "Case", "RIGHT", "build", "cases", "check", "complex_variants", "composite", "make"]
