"""Members of enums, operators as functions, cached properties, loops over what no list of one type holds."""

from __future__ import annotations

import bisect
import dataclasses
import enum
import functools
import logging
import operator

import numpy as np

from tests.language.table import program, refused

LOG = logging.getLogger(__name__)


class Order(enum.IntEnum):
    FIRST = 0
    LAST = 2


class Loss(enum.Enum):
    SQUARE = "square"
    SINE = "sine"

    def of(self, r):
        return np.sum(r * r) if self is Loss.SQUARE else np.sum(np.sin(r))


class Pair:
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __add__(self, other):
        return Pair(self.a + other.a, self.b * other.b)

    @functools.cached_property
    def product(self):
        return self.a * self.b


@program
def members_as_numbers(x):
    return x[Order.LAST] ** 2 * Order.LAST + x[Order.FIRST.value]


@program
def members_decide(x):
    total = sum(loss.of(x) for loss in Loss)
    return total if Loss.SQUARE is not Loss.SINE and Loss("sine") == Loss.SINE else x[0]


@program
def members_as_keys(x):
    table = {Loss.SQUARE: x[0], Loss.SINE: x[1]}
    return table[Loss.SQUARE] * table[Loss.SINE]


@program
def operators_on_objects(x):
    pairs = [Pair(x[0], x[1]) for _ in range(3)]
    whole = functools.reduce(operator.add, pairs)
    return whole.a * whole.b * operator.lt(x[0], 100.0)


@program
def cached_property(x):
    p = Pair(x[0], x[1])
    first = p.product
    p.a = x[2]
    return first * p.product + p.a


@program
def functions_in_a_list(x):
    powers = [lambda q, k=k: q**k for k in range(1, 4)]
    late = []
    for k in range(3):
        late.append(lambda q: q * k)
    return sum(f(x[0]) for f in powers) + sum(f(x[1]) ** 2 for f in late)


@program
def stores_through_flat(x):
    m = np.outer(x, x)
    m.flat[:: x.size + 1] += x[0]
    m.flat[1] = m.flat[5] * x[1]
    m.flat[[2, -1]] = x[:2]
    return np.sum(m**2)


@program
def position_by_bisection(x):
    return x[bisect.bisect([-10.0, 100.0], x[0])] ** 2 + bisect.bisect_left([0.0, 1.0], 0.5) * x[0]


@program
def logs(x):
    logging.getLogger("tests").debug("at %s", x)
    LOG.debug("at %s", x)
    return np.sum(x**2)


@program
def else_of_a_try_that_fails(x):
    table = {"a": x}
    try:
        y = table["b"]
    except (KeyError, IndexError) as e:
        y = table["a"] * len(e.args)
    else:
        y = y * 3.0
    return np.sum(y**2)


class Record:
    def __init__(self, a, b):
        self.a, self.b, self.count = a, b, 2

    def arrays(self):
        return [v for v in vars(self).values() if isinstance(v, np.ndarray)]

    def doubled(self):
        return {k: v * 2.0 for k, v in self.__dict__.items() if k != "count"}


@program
def attributes_as_a_dict(x):
    r = Record(x[:2], x[1:])
    r.a = r.a * 3.0
    d = r.doubled()
    return sum(np.sum(v**2) for v in r.arrays()) + np.sum(d["a"] * d["b"])


@program
def store_into_attributes(x):
    r = Record(x, x)
    vars(r)["a"] = 2.0 * x
    return np.sum(r.a)


@refused("may share memory")
def attributes_seen_earlier(x):
    r = Record(x, x)
    d = vars(r)
    r.a = 2.0 * x
    return np.sum(d["a"])


@program
def tuples_as_keys_of_a_memo(x):
    known = {}

    def f(i, j):
        if (i, j) in known:
            return known[i, j]
        known[i, j] = x[i] if j == 0 else f(i, j - 1) * x[j] + f((i + 1) % 3, j - 1)
        return known[i, j]

    return f(0, 2)


@program
def kinds_of_iterators_and_callables(x):
    kept = enumerate(x), zip(x, x), functools.partial(pow, 2.0), {"a": x[0]}.keys(), slice(1, 2)
    kinds = enumerate, zip, functools.partial, list, slice
    s = 0.0
    for k in range(5):
        if isinstance(kept[k], kinds[k]):
            s += (k + 1) * x[0]
        if isinstance(kept[k], np.ndarray):
            s += 100.0
    return s


@program
def rows_of_several_kinds_beside_an_array(x):
    kinds = [("a", x[0]), ("b", x[1], x[2]), x[0], 3]
    s = 0.0
    for i, (v, k) in enumerate(zip(x, kinds)):
        if i == 1:
            continue
        s += v * (k[1] if isinstance(k, tuple) else k)
        if s > 100.0:
            break
    return s + i


WAVES = [np.sin, np.cos]


@program
def global_list_of_functions(x):
    s = sum(f(v) for f, v in zip(WAVES, x)) + WAVES[0](x[2])
    for i, f in enumerate(WAVES):
        s += f(x[i]) * i
    return s


@dataclasses.dataclass
class Line:
    w: float
    b: float = 0.3

    def at(self, x):
        return self.w * x + self.b


class Doubled(Line):
    def __init__(self, w):
        self.w = 2.0 * w
        self.b = 1.0


class Filled(Line):
    def __init__(self, w):
        super().__init__(3.0 * w, b=w)


class Plain(Line):
    pass


@dataclasses.dataclass
class Own:
    w: float
    b: float = 0.3

    def __init__(self, w, b=0.1):
        self.w = 5.0 * w
        self.b = b

    def __eq__(self, other):
        return self.w > other.w


@program
def dataclass_with_an_init_of_its_own(x):
    return Own(x[0]).w * dataclasses.replace(Own(x[1]), b=x[2]).b


@program
def dataclass_with_an_eq_of_its_own(x):
    return x[0] * 2.0 if Own(x[0]) == Own(x[0] - 1.0) else x[0] * 3.0


@program
def init_of_a_class_below_a_dataclass(x):
    return sum(o.at(x[1]) for o in [Doubled(x[0]), Doubled(x[2])])


@program
def init_of_a_dataclass_called_from_below(x):
    return Filled(x[0]).at(x[1])


@program
def init_inherited_from_a_dataclass(x):
    return Plain(x[0]).at(x[1]) * Plain(x[2], x[0]).at(x[1])


@dataclasses.dataclass(slots=True, frozen=True)
class Slotted:
    w: float
    b: float = 0.3


@program
def dataclass_with_slots(x):
    return Slotted(x[0]).w * Slotted(x[1], x[2]).b
