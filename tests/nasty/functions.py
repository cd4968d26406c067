"""Calls: defaults, closures, nested functions, objects."""

import dataclasses
import functools
from collections import namedtuple

import numpy as np

from tests.nasty.table import case, v

TABLE = np.array([1.0, 2.0, 3.0])


@case(lambda: (v(3),))
def default_array(x, table=TABLE):
    return np.sum(x * table)


@case(lambda: (v(3),))
def default_float(x, s=2.5, n=3):
    return np.sum(x * s) * n


def helper_default(x, s=2.0, *, t=1.0):
    return x * s + t


@case(lambda: (1.3,))
def keyword_arguments(x):
    return helper_default(x) * helper_default(s=x, x=2.0, t=x * x) + helper_default(x, t=3.0)


def helper_keep(x, seen=[]):  # noqa: B006
    seen.append(1)
    return x * len(seen)


@case(lambda: (v(3),))
def nested_def(x):
    def square(y):
        return y * y

    def twice(f, y):
        return f(f(y))

    return np.sum(twice(square, x))


@case(lambda: (v(3), 1.2))
def closure_reads_local(x, s):
    scale = s * s

    def scaled(y):
        return y * scale * x[0]

    return np.sum(scaled(x)) + scaled(s)


@case(lambda: (v(3), 1.2))
def closure_reads_rebound(x, s):
    scale = s

    def scaled(y):
        return y * scale

    a = np.sum(scaled(x))
    scale = s * s
    b = np.sum(scaled(x))
    return a * b


@case(lambda: (v(3), 1.2))
def closure_reads_rebound_in_loop(x, s):
    k = 0

    def pick():
        return x[k] * s

    total = 0.0
    for k in range(3):
        total += pick() * (k + 1)
    return total


@case(lambda: (v(3),), "refused: ADG101")
def lambdas_in_loop_late_binding(x):
    fs = []
    for k in range(3):
        fs.append(lambda y: y * x[k])
    return fs[0](x[0]) + fs[1](x[1])


@case(lambda: (v(3),), "refused: ADG101")
def lambdas_in_loop_default_bound(x):
    fs = []
    for k in range(3):
        fs.append(lambda y, k=k: y * x[k])
    return fs[0](x[1]) + fs[1](x[2])


@case(lambda: (v(3),), "refused: ADG101")
def nonlocal_written(x):
    total = 0.0

    def add(e):
        nonlocal total
        total = total + e * e

    for k in range(3):
        add(x[k])
    return total


@case(lambda: (v(3),))
def closure_writes_array(x):
    acc = np.zeros(2)

    def add(k, e):
        acc[k % 2] += e * e

    for k in range(3):
        add(k, x[k])
    return acc[0] * acc[1]


@case(lambda: (5.0, 3), "refused: ADG101")
def recursion(x, n=3):
    return x if n == 0 else x * recursion(x, n - 1)


def factorial_like(x, n):
    if n == 0:
        return 1.0
    return x * factorial_like(x + 1.0, n - 1)


@case(lambda: (1.3,), "refused: ADG101")
def static_recursion(x):
    return factorial_like(x, 4)


def countdown(x, limit):
    if x < limit:
        return x
    return countdown(x * 0.5, limit)


@case(lambda: (1.3,), "refused: ADG101")
def dynamic_recursion(x):
    return countdown(x, 0.3)


@case(lambda: (1.1, 1.2, 1.3), "vjp right; grad right; jvp refused: ADG106")
def star_args(*xs):
    s = 0.0
    for k, e in enumerate(xs):
        s += (k + 1) * e * e
    return s


def sum_all(first, *rest, scale=1.0, **options):
    s = first
    for r in rest:
        s = s * r
    return s * scale * options.get("more", 1.0)


@case(lambda: (1.3, 2.0))
def calls_star_args(x, y):
    items = (x, y)
    return sum_all(x, y, x) + sum_all(*items, scale=y) + sum_all(x, more=y, scale=2.0) + sum_all(x, scale=y)


@case(lambda: (1.3, 2.0), "refused: ADG101")
def partial_inside(x, y):
    f = functools.partial(helper_default, s=y)
    return f(x) * f(x, t=y)


half = functools.partial(helper_default, s=0.5)


@case(lambda: (1.3,), "refused: ADG102")
def partial_global(x):
    return half(x) * x


@case(lambda: (np.sin, v(3)))
def callable_argument(f, x):
    return np.sum(f(x))


@case(lambda: (helper_default, v(3)))
def function_argument(f, x):
    return np.sum(f(x, s=x))


def apply_n(f, x, n):
    for _ in range(n):
        x = f(x)
    return x


@case(lambda: (1.3, 3))
def function_passed_on(x, n):
    return apply_n(lambda y: y * y * 0.5, x, n) + apply_n(np.sin, x, 2)


@case(lambda: (v(3),))
def map_and_filter(x):
    return sum(map(lambda e: e * e, [x[0], x[1]])) + sum([*map(np.sin, (x[1], x[2]))])


@case(lambda: (v(3),), "refused: ADG101")
def reduce_products(x):
    return functools.reduce(lambda a, b: a * b + 1.0, [x[0], x[1], x[2]], 1.0)


@case(lambda: (v(3),), "refused: ADG101")
def sorted_by_key(x):
    order = sorted(range(3), key=lambda k: -k)
    return x[order[0]] * x[order[1]] ** 2


Point = namedtuple("Point", "x y")


@dataclasses.dataclass
class Model:
    """Weights, with methods."""

    w: np.ndarray
    b: float
    name: str = "m"

    def predict(self, x):
        return x @ self.w + self.b

    @property
    def size(self):
        return self.w.size

    @staticmethod
    def activate(z):
        return np.tanh(z)

    @classmethod
    def scale(cls):
        return 2.0

    def __call__(self, x):
        return self.activate(self.predict(x))

    def __add__(self, other):
        return Model(self.w + other.w, self.b + other.b)


class Plain:
    """An object that is no dataclass."""

    factor = 3.0

    def __init__(self, s):
        self.s = s

    def run(self, x):
        return x * self.s * self.factor


@case(lambda: (Point(1.3, 2.0),))
def namedtuple_argument(p):
    return p.x * p.y + p[0] ** 2


@case(lambda: (1.3, 2.0))
def namedtuple_result(x, y):
    return Point(x * y, y=x)


@case(lambda: (Point(1.3, v(2)),))
def namedtuple_replace(p):
    q = p._replace(x=p.x * 2.0)
    a, b = q
    return a * np.sum(b * p.x)


@case(lambda: (Model(v(3), 0.4), v(3)))
def dataclass_argument(m, x):
    return m.predict(x) * m.size * m.scale()


@case(lambda: (Model(v(3), 0.4), v(3)), "refused: ADG102")
def dataclass_called(m, x):
    return m(x) + len(m.name)


@case(lambda: (Model(v(3), 0.4),))
def dataclass_attribute_written(m):
    m.b = m.b * 2.0
    m.w[0] = m.b
    m.w *= 3.0
    return np.sum(m.w) * m.b


@case(lambda: (Model(v(3), 0.4), Model(v(3) + 1.0, 0.1)), "refused: ADG101")
def dataclass_operator(m, n):
    return np.sum((m + n).w) * m.b


@case(lambda: (v(3),))
def dataclass_made_inside(x):
    m = Model(x * 2.0, b=x[0])
    m.b += 1.0
    return m.predict(x) * m.b


@case(lambda: (v(3),), "refused: ADG102")
def dataclass_replace(x):
    m = dataclasses.replace(Model(x * 2.0, x[0]), b=x[1])
    return m.predict(x)


@case(lambda: (Plain(2.0), 1.3), "refused: ADG102")
def plain_object_argument(p, x):
    return p.run(x) + p.s * x


@case(lambda: (1.3,), "refused: ADG101")
def plain_object_made_inside(x):
    p = Plain(x)
    return p.run(2.0)


plain = Plain(4.0)


@case(lambda: (1.3,))
def plain_object_global(x):
    return plain.run(x) * plain.s


@case(lambda: (1.3,))
def bound_method_global(x):
    f = plain.run
    return f(x) * f(2.0)


def writes_and_returns(a, k):
    a[k] *= 2.0
    return a


@case(lambda: (v(3),))
def nested_writing_calls(x):
    a = x * 1.0
    return np.sum(writes_and_returns(writes_and_returns(a, 0), 1) * a)


def swaps(a, b):
    return b, a


@case(lambda: (v(3), v(3) + 1.0))
def callee_swaps(x, y):
    a, b = swaps(x * 1.0, y * 1.0)
    a[0] = 5.0 * x[0]
    b, a = swaps(b, a)
    return np.sum(a * b * x)


def early(x, flag):
    if flag > 0:
        return x * flag
    for k in range(3):
        if x * k > 1.0:
            return x * k
    return x**2


@case(lambda: (1.3,))
def callee_returns_early(x):
    return early(x, 1.0) + early(x, -1.0) * early(0.1 * x, -1.0)


def updates_dict(d, x):
    d["s"] = d["s"] * x
    d["n"] = x


@case(lambda: (1.3,))
def callee_updates_dict(x):
    d = {"s": 2.0}
    updates_dict(d, x)
    updates_dict(d, x)
    return d["s"] * d["n"]


def appends(items, x):
    items.append(x * x)
    return items


@case(lambda: (1.3, 3))
def callee_appends(x, n):
    items = []
    for k in range(n):
        appends(items, x * k)
    return sum(items)


@case(lambda: (1.3,))
def immediately_called(x):
    return (lambda y, z=2.0: y * z)(x) + (lambda: x * x)()


@case(lambda: (1.3,), "refused: ADG101")
def conditional_function(x):
    if x > 1:

        def f(y):
            return y * y
    else:

        def f(y):
            return y

    return f(x)


@case(lambda: (1.3,))
def shadowed_parameter(x):
    def f(x):
        x = x * 2.0
        return x

    return f(x) * x


@case(lambda: (1.3,))
def decorated_inner(x):
    def twice(f):
        def inner(y):
            return f(f(y))

        return inner

    @twice
    def square(y):
        return y * y

    return square(x)


def wrapped(f):
    @functools.wraps(f)
    def inner(*args):
        return f(*args) * 2.0

    return inner


@wrapped
def doubled_square(x):
    return x * x


@case(lambda: (1.3,))
def decorated_global(x):
    return doubled_square(x) * x


@functools.lru_cache
def cached_square(x):
    return x * x


@case(lambda: (1.3,), "refused: ADG102")
def lru_cached_callee(x):
    return cached_square(x) * x


def generator(x, n):
    for k in range(n):
        yield x * k


@case(lambda: (1.3,), "refused: ADG101")
def generator_callee(x):
    return sum(generator(x, 3))


@case(lambda: (1.3,))
def unused_result_of_writer(x):
    a = np.zeros(2)
    writes_and_returns(a, 0)
    a[1] = x
    writes_and_returns(a, 1)
    return a[1] * x


def chain_of_calls(x):
    return helper_default(np.sin(x), s=x)


@case(lambda: (1.3,))
def callee_of_callee(x):
    return chain_of_calls(chain_of_calls(x))


@case(lambda: (v(2),))
def keyword_only_numpy(x):
    return np.sum(a=x, axis=0) + np.mean(x, axis=None) + np.clip(x, a_min=0.5, a_max=None)[0]


def make_adder(n):
    def add(y):
        return y + n

    return add


add_two = make_adder(2.5)


@case(lambda: (1.3,))
def closure_from_factory(x):
    return add_two(x) * make_adder(x)(x)
