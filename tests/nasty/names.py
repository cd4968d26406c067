"""Names that collide with generated ones, and globals."""

import math as np  # noqa: F401  (the name means another module here)
from math import pi as d_pi

import numpy
import numpy as xp
from numpy import cos, sin
from numpy import linalg as LA
from numpy.linalg import inv as invert

from tests.nasty.table import case, v

SCALE = 2.5
VECTOR = xp.array([1.0, 2.0, 3.0])
COUNT = 3
OPTIONS = {"a": 2.0, "flag": True}
NOTHING = None
NAME = "sin"
PAIR = (1.5, 2)
MATRICES = [xp.eye(2), 2.0 * xp.eye(2)]
t = 7.0
x_saved = 3.0
zeros_list = 4.0
unbroadcast = 5.0


@case(lambda: (1.3,))
def np_is_math(x):
    return np.sin(x) * np.pi


@case(lambda: (v(3),))
def numpy_as_xp(x):
    return xp.sum(xp.sin(x)) * np.sqrt(2.0)


@case(lambda: (v(3),))
def from_imports(x):
    return xp.sum(sin(x) * cos(x)) * d_pi + LA.norm(x) + numpy.sum(x)


@case(lambda: (v(2, 2),))
def imported_under_other_name(x):
    return xp.sum(invert(x + 2.0 * xp.eye(2)))


@case(lambda: (1.3, 0.5))
def names_d_x(x, d_x):
    d_y = x * d_x
    d_d_x = d_y * x
    return d_d_x + d_y


@case(lambda: (1.3, 0.5))
def names_t(t, t1):
    t2 = t * t1
    t = t2 * t
    t3 = t * t1 + t2
    return t3 * t


@case(lambda: (v(3), 3))
def names_saved(x, n):
    x_saved = 1.0
    saved = x[0]
    for i in range(n):
        x_saved = x_saved * x[i] * saved
        saved = saved + x_saved
    return x_saved * saved


@case(lambda: (1.3, 0.5))
def names_with_numbers(x_1, x):
    x_2 = x * x_1
    x = x_2 * x
    x_1 = x * x_2
    return x_1 + x + x_2


@case(lambda: (1.3, 0.5))
def names_dot(x, x_dot):
    y_dot = x * x_dot
    return y_dot * x


@case(lambda: (1.3, 0.5))
def names_value_seed(d_out, saved):
    value = d_out * saved
    return value * d_out


@case(lambda: (1.3, 0.5))
def names_builtins(sum, len):
    range = sum * len
    zip = range * sum
    return zip + range


@case(lambda: (v(3), 3))
def names_builtins_in_loop(zip, reversed):
    list = 1.0
    for range_ in range(reversed):
        list = list * zip[range_] + 1.0
    return list


@case(lambda: (v(3),))
def names_np_local(np):
    float64 = np * 2.0
    return xp.sum(np * float64)


@case(lambda: (v(3),))
def names_of_helpers(zeros_list):
    unbroadcast = zeros_list * 2.0
    add_lists = xp.sum(unbroadcast)
    return add_lists * zeros_list[0]


@case(lambda: (1.3,))
def names_unicode(α):  # noqa: PLC2401
    β = α * α  # noqa: PLC2401
    return β * α


@case(lambda: (1.3,))
def names_underscore(_):
    __ = _ * _
    _x = __ * _
    return _x + __


@case(lambda: (1.3,))
def names_soft_keywords(match):
    case_ = match * 2.0
    type = case_ * match
    return type


@case(lambda: (1.3,))
def names_of_function_itself(x):
    names_of_function_itself_grad = x * x
    f_grad = names_of_function_itself_grad * x
    return f_grad


@case(lambda: (v(3),))
def global_float(x):
    return xp.sum(x * SCALE)


@case(lambda: (v(3),))
def global_array(x):
    return xp.sum(x * VECTOR)


@case(lambda: (v(3),))
def global_array_view_written_copy(x):
    a = VECTOR.copy()
    a[0] = x[0]
    return xp.sum(x * a)


@case(lambda: (v(3),), "refused: ADG101")
def global_array_written(x):
    VECTOR[0] = x[0]
    return xp.sum(VECTOR)


@case(lambda: (v(3),))
def global_int(x):
    s = 0.0
    for i in range(COUNT):
        s += x[i] * COUNT
    return s


@case(lambda: (v(3),))
def global_dict(x):
    return xp.sum(x) * OPTIONS["a"] if OPTIONS["flag"] else 0.0


@case(lambda: (v(3),))
def global_none_and_string(x):
    if NOTHING is None and NAME == "sin":
        return xp.sum(sin(x))
    return x[0]


@case(lambda: (v(3),))
def global_tuple(x):
    a, k = PAIR
    return x[k] * a


@case(lambda: (v(2),))
def global_list_of_arrays(x):
    s = 0.0
    for m in MATRICES:
        s += x @ m @ x
    return s


@case(lambda: (v(3),))
def global_t(x):
    return xp.sum(x * x) * t * x_saved * zeros_list * unbroadcast


@case(lambda: (v(3),))
def global_shadowed_later(x):
    y = x * SCALE
    z = xp.sum(y) * t
    return z


@case(lambda: (v(3),), "refused: ADG101")
def local_import(x):
    from math import exp

    import numpy as onp

    return onp.sum(x * x) * exp(x[0])


@case(lambda: (v(3),))
def global_statement_read(x):
    global SCALE
    return xp.sum(x) * SCALE


@case(lambda: (v(3),), "refused: ADG101")
def global_statement_written(x):
    global COUNTER
    COUNTER = 3
    return xp.sum(x)


@case(lambda: (1.3,))
def name_reused_for_other_types(x):
    y = x
    y = [y, y * y]
    y = {"a": y[0] * y[1]}
    y = y["a"], 2.0
    y = y[0] * y[1]
    y = xp.array([y, x])
    return y.sum()


@case(lambda: (1.3, 2))
def loop_name_is_parameter(x, n):
    for x in [x, x * x, n * x]:
        n = n + 1
    return x * n


@case(lambda: (1.3,))
def deleted_and_rebound(x):
    y = x * x
    del y
    y = x * 3.0
    return y


@case(lambda: (v(3),))
def attribute_chains(x):
    return x.T.real.copy().reshape(3, 1).T.sum() * x.T.shape[0]


def long_line(x):
    return x


@case(lambda: (1.3,))
def very_long_expression(x):
    return x + x * 2.0 + x * 3.0 + x * 4.0 + x * 5.0 + x * 6.0 + x * 7.0 + x * 8.0 + x * x * x * x * x * x * x + (x + 1.0) * (x + 2.0) * (x + 3.0) * (x + 4.0) * (x + 5.0) * (x + 6.0)  # fmt: skip  # noqa: E501
