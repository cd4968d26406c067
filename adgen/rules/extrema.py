"""Rules of extrema and of the median: the elements that are one share its gradient equally."""

from __future__ import annotations

from typing import Any

import numpy as np

from adgen.rules.axes import Axis, keep
from adgen.rules.core import is_static
from adgen.rules.declare import rule, sample
from adgen.rules.reductions import AXES, MASK, REDUCED, STACK, STATIC, M, V

# Ties share equally. "Not less" rather than "equal": all elements of a NaN result count, never none.


def counted(hit: Any, end: Any, axis: Axis, initial: Any) -> Any:
    """Return how many share an extremum."""
    n = np.sum(hit, axis=axis, keepdims=True)
    return n if initial is np._NoValue else n + end


def divided(g: Any, hit: Any, n: Any, axis: Axis, keepdims: bool) -> Any:
    """Return the part of each element in a gradient, which may be infinite."""
    return g * (hit / n) if is_static(g) else np.where(hit, keep(g, axis, keepdims) / n, 0.0)


def max_hits(out: Any, a: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    hit = np.logical_not(a < keep(out, axis, keepdims))
    return hit if where is True else np.logical_and(hit, where)


def min_hits(out: Any, a: Any, axis: Axis, keepdims: bool, where: Any) -> Any:
    hit = np.logical_not(a > keep(out, axis, keepdims))
    return hit if where is True else np.logical_and(hit, where)


def max_end(out: Any, axis: Axis, keepdims: bool, initial: Any) -> Any:
    return False if initial is np._NoValue else np.logical_not(initial < keep(out, axis, keepdims))


def min_end(out: Any, axis: Axis, keepdims: bool, initial: Any) -> Any:
    return False if initial is np._NoValue else np.logical_not(initial > keep(out, axis, keepdims))


def max_share(out: Any, a: Any, axis: Axis, keepdims: bool, initial: Any = np._NoValue, where: Any = True) -> Any:
    hit = max_hits(out, a, axis, keepdims, where)
    return hit / counted(hit, max_end(out, axis, keepdims, initial), axis, initial)


def min_share(out: Any, a: Any, axis: Axis, keepdims: bool, initial: Any = np._NoValue, where: Any = True) -> Any:
    hit = min_hits(out, a, axis, keepdims, where)
    return hit / counted(hit, min_end(out, axis, keepdims, initial), axis, initial)


def ptp_share(a: Any, axis: Axis) -> Any:
    top = max_share(np.max(a, axis=axis, keepdims=True), a, axis, True)
    return top - min_share(np.min(a, axis=axis, keepdims=True), a, axis, True)


def ptp_vjp(g: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * ptp_share(a, axis)


def ptp_jvp(t: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return np.sum(t * ptp_share(a, axis), axis=axis, keepdims=keepdims)


TIES = (*AXES, sample(np.array([1.0, 3.0, 3.0]), kink="two maxima"), sample(np.ones((2, 2)), axis=0, kink="all tie"))
LIMITED = (
    sample(M, initial=0.75),
    sample(M, axis=1, initial=5.5),
    sample(M, 0, where=MASK, initial=-9.5, keepdims=True),
    sample(STACK, axis=(0, 2), where=STACK > 0.0, initial=0.01),
    sample(np.zeros((0, 2)), axis=0, initial=0.5),
    sample(M, initial=4.0, kink="ties with the start"),
)
EXTREMUM = "a axis=None * keepdims=False initial=np._NoValue where=True"


def declare_extremum(fn: Any, alias: Any, hits: Any, end: Any, share: Any) -> None:
    """`np.max` and `np.min`: what each element and `initial` have of the result is what it hands on."""

    def a_vjp(g: Any, out: Any, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
        hit = hits(out, a, axis, keepdims, where)
        return divided(g, hit, counted(hit, end(out, axis, keepdims, initial), axis, initial), axis, keepdims)

    def a_jvp(t: Any, out: Any, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
        return np.sum(t * share(out, a, axis, keepdims, initial, where), axis=axis, keepdims=keepdims)

    def initial_rule(g: Any, out: Any, a: Any, axis: Axis, keepdims: bool, initial: Any, where: Any) -> Any:
        parts = share(out, a, axis, keepdims, initial, where)
        return g * (1.0 - np.sum(parts, axis=axis, keepdims=keepdims))  # what the elements leave

    rule(
        fn,
        EXTREMUM,
        static=STATIC,
        infer=REDUCED,
        aliases=(alias,),
        vjp={"a": a_vjp, "initial": initial_rule},
        jvp={
            "a": a_jvp,
            "initial": lambda t, out, a, axis, keepdims, initial, where: initial_rule(
                t, out, a, axis, keepdims, initial, where
            ),
        },
        samples=(*TIES, *LIMITED),
    )


declare_extremum(np.max, np.amax, max_hits, max_end, max_share)
declare_extremum(np.min, np.amin, min_hits, min_end, min_share)
rule(np.ptp, "a axis=None * keepdims=False", static=STATIC, infer=REDUCED, vjp=ptp_vjp, jvp=ptp_jvp, samples=TIES)


# The median.


def median_share(out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    """Return each element's part in the median: the middle elements' equal parts, or halves of two neighbours."""
    middle = keep(out, axis, keepdims)
    above = np.min(np.where(a >= middle, a, np.inf), axis=axis, keepdims=True, initial=np.inf)
    below = np.max(np.where(a <= middle, a, -np.inf), axis=axis, keepdims=True, initial=-np.inf)
    return 0.5 * (max_share(below, np.where(a <= below, a, -np.inf), axis, True)
                  + min_share(above, np.where(a >= above, a, np.inf), axis, True))  # fmt: skip


def median_vjp(g: Any, out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return keep(g, axis, keepdims) * median_share(out, a, axis, keepdims)


def median_jvp(t: Any, out: Any, a: Any, axis: Axis, keepdims: bool) -> Any:
    return np.sum(t * median_share(out, a, axis, keepdims), axis=axis, keepdims=keepdims)


rule(
    np.median,
    "a axis=None * keepdims=False",
    static=STATIC,
    infer=REDUCED,
    vjp=median_vjp,
    jvp=median_jvp,
    samples=(*AXES, sample(V[:3]), sample(np.array([1.0, 2.0, 2.0, 5.0]), kink="two equal in the middle")),
)
