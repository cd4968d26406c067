"""NaN, masks, stop_gradient, custom rules, output, exceptions."""

import math

import numpy as np

import adgen
from tests.nasty.table import case, v

nan, inf = float("nan"), float("inf")


@case(lambda: (np.array([0.0, 2.0]),), expect=(np.array([0.0, 0.5]),))
def where_masks_log(x):
    with_log = np.log(np.where(x > 0, x, 1.0))
    return np.sum(np.where(x > 0, with_log, 0.0))


@case(lambda: (np.array([0.0, 4.0]),), expect=(np.array([0.0, 0.25]),), warns=True)
def where_masks_sqrt(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


@case(lambda: (np.array([-1.0, 4.0]),), expect=(np.array([0.0, 0.25]),), warns=True)
def where_masks_nan(x):
    return np.sum(np.where(x > 0, np.sqrt(np.maximum(x, 0.0)), 0.0))


@case(lambda: (np.array([0.0, 2.0]),), expect=(np.array([1.0, -0.25]),))
def where_masks_division(x):
    return np.sum(np.where(x == 0, x, 1.0 / np.where(x == 0, 1.0, x)))


@case(lambda: (np.array([0.0, 2.0]), 0.0), expect=(np.array([0.0, 0.0]), 0.0))
def where_masks_power(x, p):
    return np.sum(np.where(x > 5, x**p, 0.0))


@case(lambda: (np.array([1e-300, 2.0]),), expect=(np.array([0.0, 1.0]),))
def where_masks_overflow(x):
    return np.sum(np.where(x > 1, x, 0.0))


@case(lambda: (np.array([0.0, 2.0]),), expect=(np.array([0.0, 0.5 * np.cos(np.log(2.0))]),), warns=True)
def where_masks_chain(x):
    return np.sum(np.where(x > 0, np.sin(np.log(x)), 0.0))


@case(lambda: (np.array([0.0, 2.0]),), expect=(np.array([0.0, 0.5]),), warns=True)
def where_after_reduction(x):
    y = np.where(x > 0, np.log(x), 0.0)
    return y.sum()


@case(
    lambda: (np.array([0.0, 2.0]), np.array([0.0, 3.0])),
    expect=(np.array([0.0, 1.0 / 3.0]), np.array([0.0, -2.0 / 9.0])),
    warns=True,
)
def where_masks_quotient(x, y):
    return np.sum(np.where(y > 0, x / y, 0.0))


@case(lambda: (np.array([nan, 2.0]),), expect=(np.array([0.0, 4.0]),))
def where_drops_nan_input(x):
    return np.sum(np.where(np.isnan(x), 0.0, x * x))


@case(lambda: (np.array([nan, 2.0]),), expect=(np.array([0.0, 1.0]),))
def nansum(x):
    return np.nansum(x)


@case(lambda: (np.array([nan, 2.0]),), expect=(np.array([0.0, 1.0]),))
def nan_to_num(x):
    return np.sum(np.nan_to_num(x))


@case(lambda: (np.array([nan, 2.0]),), expect=(np.array([nan, 4.0]),))
def nan_carried(x):
    return np.sum(x * x)


@case(lambda: (np.array([inf, 2.0]),), expect=(np.array([inf, 4.0]),))
def inf_carried(x):
    return np.sum(x * x)


@case(lambda: (np.array([0.0, 2.0]),), expect=(np.array([0.0, 0.25]),))
def indexed_away(x):
    y = np.zeros(2)
    m = x > 0
    y[m] = np.log(x[m]) * 0.5
    return np.sum(y)


@case(lambda: (0.0,), expect=(1.0,))
def guarded_by_branch(x):
    if x == 0:
        return x
    return np.sin(x) / x


@case(lambda: (np.array([-2.0, 0.5, 3.0]),), expect=(np.array([0.0, 1.0, 0.0]),))
def clip(x):
    return np.sum(np.clip(x, -1.0, 1.0))


@case(lambda: (np.array([-2.0, 0.0, 3.0]),), expect=(np.array([0.0, 0.5, 1.0]),))
def relu_at_zero(x):
    return np.sum(np.maximum(x, 0.0))


@case(lambda: (v(3),), expect=(np.array([v(3)[0], v(3)[1], v(3)[2]]),))
def stops_gradient(x):
    return np.sum(x * adgen.stop_gradient(x))


@case(lambda: (1.3,), expect=(1.69,))
def stops_gradient_of_product(x):
    return adgen.stop_gradient(x * x) * x


@case(lambda: (1.3, 3), expect=(1.0, None))
def stops_gradient_in_loop(x, n):
    s = x
    for _ in range(n):
        s = s + adgen.stop_gradient(s)
    return s


@adgen.custom_vjp
def clipped(x):
    return min(max(x, 0.0), 1.0)


@clipped.defvjp
def clipped_vjp(g, out, x):
    return g * 10.0


@case(lambda: (1.3,), "vjp right; grad right; jvp refused: ADG102", expect=(13.0,))
def custom_rule(x):
    return clipped(0.5) * 0.0 + clipped(x) * x * 0.0 + clipped(x) * 1.3


@case(lambda: (1.3,))
def prints(x):
    print("x is", x)
    y = x * x
    print(f"y = {y:.3f}", end="!\n")
    return y * x


@case(lambda: (v(3), 3))
def prints_in_loop(x, n):
    s = 0.0
    for i in range(n):
        s += x[i] ** 2
        print(i, s)
    print("done")
    return s


@case(lambda: (v(3),))
def prints_in_branch(x):
    if x[0] > 0:
        print("positive", len(x))
    else:
        print("negative")
    return np.sum(x)


@case(lambda: (v(3),))
def prints_array_then_writes(x):
    a = x * 2.0
    print(a)
    a[0] = 0.0
    print(a)
    return np.sum(a * a)


@case(lambda: (1.3,))
def asserts_true(x):
    assert x > 0, "positive"
    y = x * x
    assert y > x
    return y


@case(lambda: (-1.3,))
def asserts_false(x):
    assert x > 0, "positive"
    return x * x


@case(lambda: (1.3,))
def asserts_false_after_active(x):
    y = x * x
    assert y < 1.0, f"y is {y}"
    return y * x


@case(lambda: (1.3,))
def asserts_false_on_dead_value(x):
    y = np.sin(x)
    assert y < 0.5
    return x * x


@case(lambda: (-1.3,))
def raises(x):
    if x < 0:
        raise ValueError("negative", 3)
    return x * x


@case(lambda: (1.3,))
def raises_not(x):
    if x < 0:
        raise ValueError("negative")
    return x * x


@case(lambda: (v(3), 3))
def raises_in_loop(x, n):
    s = 0.0
    for i in range(n):
        s += x[i]
        if s > 1.2:
            raise RuntimeError(f"too much at {i}")
    return s


@case(lambda: (1.3,))
def raises_at_end(x):
    y = x * x
    if y > 1:
        raise OverflowError
    return y


@case(lambda: (1.3,))
def raises_always(x):
    raise NotImplementedError("later")


class Own(Exception):
    """Raised below."""


@case(lambda: (1.3,))
def raises_own_class(x):
    if x > 1:
        raise Own("x") from None
    return x


def checked(x):
    if x < 0:
        raise ValueError("negative")
    return math.sqrt(x)


@case(lambda: (1.3,))
def raises_in_callee(x):
    return checked(x) * checked(1.0 - x)


@case(lambda: (1.3,))
def raises_else_branch(x):
    if x < 1:
        y = x
    elif x < 2:
        y = x * x
    else:
        raise ValueError
    return y * x


@case(lambda: (2.0,))
def math_domain_error(x):
    return math.sqrt(1.0 - x)


@case(lambda: (v(3), 5))
def index_error(x, k):
    return x[k] * x[0]


@case(lambda: ({"a": 1.0},))
def key_error_guarded(d):
    return d["b"] if "b" in d else d["a"] * 2.0


@case(lambda: (0.0,))
def zero_division(x):
    return 1.0 / x


@case(lambda: (np.float64(0.0),), expect=(np.float64(-inf),))
def zero_division_numpy(x):
    return 1.0 / x


@case(lambda: (v(3),), implicit=True)
def shape_mismatch(x):
    return np.sum(x * np.ones(4))


@case(lambda: (1.3,), "refused: ADG101")
def logs(x):
    import logging

    logging.getLogger("nasty").debug("x=%s", x)
    return x * x


@case(lambda: (1.3,), "refused: ADG101")
def warns(x):
    import warnings

    warnings.warn("careful", stacklevel=1)
    return x * x


@case(lambda: (v(3),), "refused: ADG102")
def random_numbers(x):
    rng = np.random.default_rng(3)
    noise = rng.normal(size=3)
    return np.sum(x * noise)


@case(lambda: (v(3),))
def docstring_and_annotations(x: np.ndarray) -> float:
    """Return something."""
    y: np.ndarray = x * 2.0
    s: float
    s = np.sum(y)
    return s


@case(lambda: (v(3),), "refused: ADG101")
def time_taken(x):
    import time

    start = time.perf_counter()
    y = np.sum(x * x)
    elapsed = time.perf_counter() - start
    print(elapsed >= 0)
    return y


@case(lambda: (v(3),))
def unused_things(x):
    a = np.exp(x) * 3.0
    b = [a, x]
    c = {"k": b}
    del c
    for _ in range(3):
        a = a * 2.0
    return np.sum(x)
