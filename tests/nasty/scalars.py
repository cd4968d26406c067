"""Numbers: types, edges, conventions."""

import math

import numpy as np

from tests.nasty.table import case, v


@case(lambda: (1.3,))
def python_float(x):
    return x * x + 2 * x - 1


@case(lambda: (np.float64(1.3),))
def numpy_float(x):
    return x * x + 2 * x - 1


@case(lambda: (np.float32(1.3),))
def single_float(x):
    return x * x + 2 * x - 1


@case(lambda: (np.array(1.3),))
def zero_d_array(x):
    return x * x + 2 * x - 1


@case(lambda: (np.array(1.3),))
def zero_d_written(x):
    x *= 2.0
    x[...] = x * x
    x[()] += 1.0
    return x * x


@case(lambda: (np.array(1.3), v(3)))
def zero_d_and_array(x, y):
    return np.sum(x * y) * x


@case(lambda: (np.array(1.3, dtype=np.float32), v(3)))
def zero_d_single(x, y):
    return np.sum(x * y) * x


@case(lambda: (v(3).astype(np.float32), 2.0))
def single_array_weak_scalar(x, s):
    return np.sum(x * s + 1)


@case(lambda: (v(3).astype(np.float32), np.float64(2.0)))
def single_array_strong_scalar(x, s):
    return np.sum(x * s)


@case(lambda: (v(3).astype(np.float32), v(3)))
def single_and_double(x, y):
    return np.sum(x * y)


@case(lambda: (np.array([0.5, 1.5, 2.0], dtype=np.float16),), expect=(np.array([1.0, 3.0, 4.0], dtype=np.float16),))
def half(x):
    return np.sum(x.astype(np.float64) ** 2)


@case(lambda: (1.3, 3))
def int_mixed(x, n):
    return (n * x + n) / n + n // 2 * x


@case(lambda: (1.3, np.int64(3)))
def numpy_int_mixed(x, n):
    return n * x**n


@case(lambda: (1.3, np.array([1, 2, 3])))
def int_array_mixed(x, k):
    return np.sum(x**k * k)


@case(lambda: (1.3, True))
def bool_arithmetic(x, b):
    return x * b + (x > 0) * x + (not b) * x


@case(lambda: (v(3), np.array([True, False, True])))
def bool_array_arithmetic(x, b):
    return np.sum(x * b + x**2 * ~b)


@case(lambda: (0.0,), expect=(0.0,))
def power_zero_of_zero(x):
    return x**0


@case(lambda: (1.7,))
def power_zero(x):
    return x**0 + x


@case(lambda: (0.0,), expect=(0.0,))
def square_of_zero(x):
    return x**2.0


@case(lambda: (0.0,), expect=(1.0,))
def power_one_of_zero(x):
    return x**1


@case(lambda: (np.array([0.0, -1.0, 2.0]),), expect=(np.array([0.0, -2.0, 4.0]),))
def squares_with_zero(x):
    return np.sum(x**2)


@case(lambda: (np.array([0.0, -1.0, 2.0]),), expect=(np.array([0.0, 0.0, 0.0]),))
def zeroth_powers(x):
    return np.sum(x**0)


@case(lambda: (0.0, 2.0), expect=(0.0, 0.0))
def power_of_zero_both(x, y):
    return x**y


@case(lambda: (-2.0, 3))
def negative_base(x, n):
    return x**n


@case(lambda: (-2.0,))
def negative_base_float_exponent(x):
    return x**2.0


@case(lambda: (2.0, -3))
def negative_exponent(x, n):
    return x**n


@case(lambda: (0.0,), expect=(0.0,))
def abs_at_zero(x):
    return abs(x)


@case(lambda: (-0.0,), expect=(0.0,))
def abs_at_negative_zero(x):
    return abs(x) + x * x


@case(lambda: (np.array([0.0, -1.0]),), expect=(np.array([0.0, -1.0]),))
def abs_array_at_zero(x):
    return np.sum(np.abs(x))


@case(lambda: (1.0, 1.0), expect=(0.5, 0.5))
def maximum_tie(x, y):
    return np.maximum(x, y)


@case(lambda: (np.array([2.0, 1.0, 2.0]),), expect=(np.array([0.5, 0.0, 0.5]),))
def max_tie(x):
    return np.max(x)


@case(lambda: (np.array([2.0, 1.0, 1.0]),), expect=(np.array([0.0, 0.5, 0.5]),))
def min_tie(x):
    return x.min()


@case(lambda: (np.zeros(3),), expect=(np.zeros(3),))
def norm_of_zero(x):
    return np.linalg.norm(x)


@case(lambda: (np.zeros(3),), expect=(np.zeros(3),))
def sqrt_of_sum_of_squares_at_zero(x):
    return np.sqrt(np.sum(x**2))


@case(lambda: (7.3, 2.0))
def floor_division(x, y):
    return x // y * x + y


@case(lambda: (7.3, 2.2))
def modulo(x, y):
    return x % y * x


@case(lambda: (-7.3, 2.2))
def modulo_negative(x, y):
    return x % y * x


@case(lambda: (7.3, -2.2))
def modulo_negative_divisor(x, y):
    return x % y + y


@case(lambda: (7.3, 2.2))
def fmod(x, y):
    return math.fmod(x, y) * x


@case(lambda: (-7.3, 2.2))
def np_fmod(x, y):
    return np.fmod(x, y) * x


@case(lambda: (7.3,))
def divmod_builtin(x):
    q, r = divmod(x, 2.0)
    return q * r


@case(lambda: (1.3,))
def math_functions(x):
    return math.sin(x) * math.exp(x) + math.log(x) + math.sqrt(x) + math.atan2(x, 2.0) + math.hypot(x, 1.0)


@case(lambda: (0.3,), "refused: ADG102")
def more_math_functions(x):
    return (
        math.asin(x)
        + math.tanh(x)
        + math.log1p(x)
        + math.expm1(x)
        + math.erf(x)
        + math.gamma(x + 1)
        + math.lgamma(x + 2)
    )


@case(lambda: (1.3,))
def math_log_base(x):
    return math.log(x, 3.0) + math.log2(x) + math.log10(x) + math.pow(x, 2.5)


@case(lambda: (1.3,))
def math_rounding(x):
    return x * math.floor(x) + x * math.ceil(x) + round(x) * x + int(x) * x + math.trunc(x)


@case(lambda: (1.37,))
def round_digits(x):
    return round(x, 1) * x


@case(lambda: (1.3,))
def math_constants(x):
    return math.pi * x + math.e * x**2 + np.pi * x


@case(lambda: (1.3, 4.0), "refused: ADG102")
def math_fsum_prod(x, y):
    return math.fsum([x, y, x * y]) * math.prod([x, y])


@case(lambda: (1.3,))
def copysign_fabs(x):
    return math.copysign(x, -1.0) * math.fabs(x)


@case(lambda: (0.0,))
def sin_at_zero(x):
    return math.sin(x) + np.tan(x)


@case(lambda: (2.0,))
def int_result(x):
    return int(x)


@case(lambda: (2.0,))
def float_call(x):
    return float(x) * x


@case(lambda: (np.float64(2.0),))
def float_call_of_numpy(x):
    return float(x) * x


@case(lambda: (v(1),))
def float_of_size_one(x):
    return float(x[0]) * 2.0


@case(lambda: (v(3),))
def item_method(x):
    return x[1].item() * x.sum().item()


@case(lambda: (1e-200,), expect=(0.0,))
def tiny_square(x):
    return x * x * x


@case(lambda: (1e150,), expect=(2.0 / 3.0,))
def large(x):
    return x * 2.0 / 3.0


@case(lambda: (700.0,))
def logistic_far(x):
    return 1.0 / (1.0 + np.exp(-x)) + x


@case(lambda: (1.3, 2.0))
def unary_chain(x, y):
    return -(-(+x)) * -y + (-x) ** 2


@case(lambda: (1.3,))
def many_uses(x):
    return x + x + x * x * x - x / x + x


@case(lambda: (3,))
def int_argument_only(n):
    return n * 2.0


@case(lambda: (1.5 + 2.0j,))
def complex_argument(z):
    return abs(z) ** 2


@case(lambda: (1.5,))
def complex_inside(x):
    z = x * np.exp(1j * x)
    return z.real * z.imag + abs(z)


@case(lambda: (np.array([1.5, 0.4]),))
def complex_array_inside(x):
    z = x[0] + 1j * x[1]
    u = z * z.conjugate() + z**2
    return u.real + u.imag


@case(lambda: (1.3,), "refused: ADG102")
def string_formatting_inside(x):
    s = f"{x:.3f}"
    return x * len(s)


@case(lambda: (v(3),))
def array_true_division_by_int(x):
    n = len(x)
    return np.sum(x) / n + np.sum(x // 1 * x) / n


@case(lambda: (v(3),))
def chained_ops_in_place_scalar(x):
    s = x[0]
    s **= 3
    s /= x[1]
    s -= x[2]
    s //= 0.3
    return s * x[0]


@case(lambda: (2.5,))
def sum_builtin_start(x):
    return sum([x, x * x], 10.0) + sum((x, 1))


@case(lambda: (2.5, 1.5))
def min_max_key_free(x, y):
    return max([x, y, 2.0]) * min((x, y)) + max(x, 0.0)


@case(lambda: (2.5,))
def pow_builtin(x):
    return pow(x, 3) + pow(2.0, x)


@case(lambda: (2.5,))
def bit_tricks_on_ints(x):
    n = 6
    return x * (n & 3) + x ** (n >> 1) + (n ^ 1) * x + (n | 8) + (~n) * x + (1 << 2)


@case(lambda: (np.float64(2.0), np.float32(3.0)))
def scalar_dtype_mix(x, y):
    return x * y + y


@case(lambda: (np.float32(2.0),))
def single_scalar_weak(x):
    return x * 0.1 + 1


@case(lambda: (2.0,), expect=(4.0,))
def divide_by_zero_guarded(x):
    y = x - 2.0
    return x / y if y != 0 else x * x


@case(lambda: (2.0,), rtol=1e-5)
def numpy_scalar_call(x):
    return np.float64(x) * x + np.float32(2.0) * x


@case(lambda: (v(4),), rtol=1e-4)
def astype_roundtrip(x):
    return np.sum(x.astype(np.float32).astype(np.float64) * 2.0)
