"""Branches, conditions, and names bound in them."""

import numpy as np

from tests.nasty.table import case, v, w


@case(lambda: (1.3,))
def chain(x):
    if x < 0:
        y = -x
    elif x < 1:
        y = x * x
    elif x < 2:
        y = x**3
    else:
        y = 0.0
    return y * x


@case(lambda: (1.3, 2))
def on_int(x, k):
    if k == 0:
        return x
    if k == 1:
        return x * x
    if k == 2:
        return x * x * x
    raise ValueError("k")


@case(lambda: (1.3, "cube"))
def on_string(x, how):
    if how == "square":
        return x * x
    elif how in ("cube", "third"):
        return x * x * x
    return x


@case(lambda: (1.3, None))
def on_none(x, y=None):
    if y is None:
        y = x * 2.0
    return x * y


@case(lambda: (1.3, 2.0))
def on_not_none(x, y=None):
    if y is not None:
        x = x * y
    return x * x


@case(lambda: (v(3), True))
def on_bool(x, flag):
    y = np.sin(x) if flag else np.cos(x)
    return np.sum(y) if not flag else np.sum(y * y)


@case(lambda: (1.3, -0.4))
def nested_conditional_expression(x, y):
    return x * y if y > 0 else (x if x > 2 else x * x * y) if y > -1 else 0.0


@case(lambda: (1.3, 0.0), expect=(2.0, 0.0))
def or_value(x, y):
    return x * (y or 2.0)


@case(lambda: (1.3, 0.7))
def or_value_kept(x, y):
    return x * (y or 2.0)


@case(lambda: (1.3, 0.7))
def and_value(x, y):
    return x + (y and x * y)


@case(lambda: (1.3, None))
def none_or_default(x, y):
    y = y or 2.5
    return x * y


@case(lambda: (1.3, 0.7))
def chained_comparison(x, y):
    if 0.0 < y < x < 2.0:
        return x * y
    return x


@case(lambda: (1.3,))
def bound_in_one_branch(x):
    if x > 0:
        y = x * x
    z = 1.0
    if x > 0:
        z = y * 2.0
    return z


@case(lambda: (-1.3,))
def unbound_in_taken_path(x):
    if x > 0:
        y = x * x
    return y


@case(lambda: (v(3),))
def array_bound_in_one_branch(x):
    if x[0] > 0:
        y = x * x
    return np.sum(y)


@case(lambda: (w(4),))
def on_elements(x):
    y = x * 1.0
    for i in range(4):
        if y[i] < 0:
            y[i] = -y[i]
        if i and y[i] > y[i - 1]:
            y[i - 1], y[i] = y[i], y[i - 1]
    return np.sum(y * np.arange(4.0))


@case(lambda: (w(4),))
def on_any_all(x):
    if np.any(x < 0):
        x = x * 2.0
    if (x > -100).all():
        x = x**3
    return np.sum(x)


@case(lambda: (v(3),))
def on_shape(x):
    if x.ndim == 1 and x.shape[0] > 2:
        return np.sum(x * x)
    return np.sum(x)


@case(lambda: (v(3),))
def on_isinstance(x):
    if isinstance(x, float):
        return x
    if isinstance(x, np.ndarray):
        return np.sum(x**2)
    return None


@case(lambda: (v(3),))
def on_len(x):
    if len(x) > 2:
        x = x[:2]
    return np.sum(x * x)


@case(lambda: (1.3, 2.0))
def type_differs(x, y):
    r = 1
    if y > 1:
        r = x
    return r * x


@case(lambda: (v(3), 2.0), "refused: ADG101")
def array_or_scalar(x, y):
    if y > 1:
        r = x
    else:
        r = 1.0
    return np.sum(r * x)


@case(lambda: (v(3), 0.5))
def written_in_one_branch(x, y):
    a = x * 2.0
    if y < 1:
        a[0] = y * x[1]
    else:
        a *= y
    return np.sum(a * a)


@case(lambda: (v(3), 1.5))
def view_chosen(x, y):
    a = x * 2.0
    if y > 1:
        b = a[1:]
    else:
        b = a[:-1]
    return np.sum(b * b) * a[0]


@case(lambda: (v(3), 1.5))
def view_chosen_written(x, y):
    a = x * 2.0
    if y > 1:
        b = a[1:]
    else:
        b = a[:-1]
    b[0] = 7.0 * x[2]
    return np.sum(b * b)


@case(lambda: (v(3), 1.5))
def swapped_by_condition(x, y):
    a, b = x * 1.0, x * 2.0
    if y > 1:
        a, b = b, a
    return np.sum(a * a * b)


@case(lambda: (v(3), 1.5))
def swapped_by_condition_written(x, y):
    a, b = x * 1.0, x * 2.0
    if y > 1:
        a, b = b, a
    a[0] = x[1] * y
    return np.sum(a * a)


@case(lambda: (v(3), 1.5), "refused: ADG102")
def function_chosen(x, y):
    f = np.sin if y > 1 else np.cos
    return np.sum(f(x))


@case(lambda: (v(3), 1))
def function_chosen_static(x, k):
    f = [np.sin, np.cos][k]
    return np.sum(f(x))


@case(lambda: (v(3), "cos"))
def function_from_dict(x, name):
    table = {"sin": np.sin, "cos": np.cos}
    return np.sum(table[name](x))


@case(lambda: (1.3,))
def branch_on_computed(x):
    y = np.exp(x)
    if y > 3 and not (x > 2 or y < 0):
        return y * x
    return y


@case(lambda: (1.3,))
def condition_value_used(x):
    c = x > 1
    return x * c + (1 - c) * x**2


@case(lambda: (1.3,))
def pass_branches(x):
    if x > 0:
        pass
    else:
        x = -x
    if x < 0:
        x = x * 2
    else:
        pass
    return x * x


@case(lambda: (1.3,))
def constant_conditions(x):
    if False:
        x = undefined_name(x)  # noqa: F821
    if 1:
        x = x * x
    while 0:
        x = 1.0
    return x


@case(lambda: (v(3),))
def list_grows_in_branch(x):
    items = [x[0]]
    if x[1] > 0:
        items.append(x[1] * x[2])
    return sum(items)


@case(lambda: (v(3),))
def dict_key_in_branch(x):
    d = {"a": x[0]}
    if x[1] > 0:
        d["a"] = x[1] * d["a"]
    return d["a"] * x[0]


@case(lambda: (v(3),), "refused: ADG101")
def dict_new_key_in_branch(x):
    d = {"a": x[0]}
    if x[1] > 0:
        d["b"] = x[1] * d["a"]
    return d["a"] * d["b"]


@case(lambda: (v(3),))
def branch_in_loop_carries(x):
    mode = 0
    s = 1.0
    for i in range(3):
        if mode == 0:
            s = s * x[i]
            if s < 0.7:
                mode = 1
        elif mode == 1:
            s = s + x[i] ** 2
            mode = 2
        else:
            s = s**2
    return s


@case(lambda: (1.3, 0.2))
def max_of_branches(x, y):
    return max(x, y) * min(x, y, 0.1 * x)


@case(lambda: (1.3,), "refused: ADG101")
def match_statement(x):
    match int(x):
        case 0:
            return x
        case 1 | 2:
            return x * x
        case _:
            return 0.0 * x


@case(lambda: ((1.3, 2.0),), "refused: ADG101")
def match_tuple(p):
    match p:
        case (a, b):
            return a * b
        case _:
            return 0.0


@case(lambda: (1.3,), "refused: ADG101")
def try_finally(x):
    try:
        y = x * x
    finally:
        z = x
    return y * z


@case(lambda: (1.3,), "refused: ADG101")
def try_except(x):
    try:
        y = x / 0.0
    except ZeroDivisionError:
        y = x * x
    return y


@case(lambda: (v(3),), "refused: ADG101")
def try_index(x):
    try:
        y = x[10]
    except IndexError:
        y = x[-1] ** 2
    return y


@case(lambda: (v(3),), "refused: ADG101")
def with_errstate(x):
    with np.errstate(all="ignore"):
        y = np.log(x)
    return np.sum(y)


@case(lambda: (2.0,))
def dead_branch_with_unsupported(x):
    if x < 0:
        return float(np.linalg.matrix_rank(np.ones((2, 2)))) * x
    return x * x


@case(lambda: (w(5),))
def sign_branches_in_comprehension(x):
    return sum([e if e > 0 else -2.0 * e for e in x])


@case(lambda: (1.3, 3))
def ternary_on_int(x, n):
    y = x if n % 2 else x * x
    z = x ** (n if n > 2 else 1)
    return y * z


@case(lambda: (1.3,))
def is_comparisons(x):
    a = None
    b = x if a is None else a
    return b * x


@case(lambda: (1.3,))
def not_of_number(x):
    if not x:
        return 0.0
    return x * x


@case(lambda: (v(3),))
def truth_of_size_one(x):
    if x[:1]:
        return np.sum(x * x)
    return 0.0


@case(lambda: (v(3),))
def truth_of_list(x):
    items = []
    if items:
        return 0.0
    items.append(x[0])
    if items:
        return x[0] * x[1]
    return 1.0


@case(lambda: (v(3),))
def early_return_array(x):
    if x[0] > 100:
        return x
    return x * x


@case(lambda: (v(3),))
def early_return_tuple(x):
    if x[0] > 100:
        return x[0], x
    return x[1] ** 2, x * x


@case(lambda: (v(3),), "refused: ADG101")
def implicit_none(x):
    if x[0] > 100:
        return None
    return np.sum(x * x)


@case(lambda: (v(3),))
def falls_off_end(x):
    y = x * x


@case(lambda: (np.array([0.5, -1.0, 2.0]), 0.3))
def early_return_into_early_return(u, x):
    def pick(v, y):
        if -0.78 < y <= 0.22:
            y = np.sin(y)
            if np.sin(y) <= y:
                return 0.87 * y + np.sum(v)
        else:
            y += 0.3 * np.tanh(v[0])
        if not (max(v[-1], y) <= y):
            return 0.44 * y + np.sum(v * v)
        return 0.84 * y

    return pick(u, pick(u * 0.5, x))
