"""A bit of everything that numerical Python is written with."""

from __future__ import annotations

import collections
import contextlib
import functools
import itertools
import math
import operator
from dataclasses import dataclass

import numpy as np

from tests.language.table import program


@program
def match1(x):
    k = 2
    match k:
        case 1:
            return x.sum()
        case 2 | 3:
            return (x * x).sum()
        case _:
            return x[0]


@program
def match2(x):
    match (x[0], x[1]):
        case (a, b) if a > b:
            return a * b
        case (a, b):
            return a + b * b


@program
def limport(x):
    import math

    return math.sin(x[0]) * x[1]


@program
def lfrom(x):
    from numpy import sin as s

    return s(x).sum()


@program
def nonl(x):
    t = 0.0

    def add(v):
        nonlocal t
        t += v * v

    for v in x:
        add(v)
    return t


@program
def part(x):
    f = functools.partial(np.power, 2.0)
    return f(x).sum()


@program
def red(x):
    return functools.reduce(lambda a, b: a * b, x)


@program
def red2(x):
    return functools.reduce(operator.mul, [v * v for v in x], 1.0)


@program
def choose(x):
    f = np.sin if x[0] > 0 else np.cos
    return f(x).sum()


@program
def choose2(x):
    def a(v):
        return v * v

    def b(v):
        return v + 1

    f = a if x[0] > 1 else b
    return f(x).sum()


@program
def best(x):
    b = None
    for v in x:
        if b is None or v > b:
            b = v * v
    return b


@program
def witherr(x):
    with np.errstate(all="ignore"):
        y = np.log(x)
    return y.sum()


@program
def withnull(x):
    with contextlib.nullcontext():
        return (x * x).sum()


@program
def tryok(x):
    try:
        y = np.linalg.inv(np.diag(x))
    except np.linalg.LinAlgError:
        y = np.eye(3)
    return y.sum()


@program
def tryfin(x):
    try:
        y = x * x
    finally:
        z = 1
    return y.sum() * z


@program
def trykey(x):
    d = {"a": x}
    try:
        y = d["b"]
    except KeyError:
        y = d["a"] * 2
    return y.sum()


@program
def tryidx(x):
    s = 0.0
    for i in range(5):
        try:
            s += x[i] ** 2
        except IndexError:
            s += 1.0
            break
    return s


def fac(x, n):
    if n == 0:
        return 1.0
    return x * fac(x, n - 1)


@program
def recs(x):
    return fac(x[0], 4) + fac(x[1], 2)


def recd_(x, i):
    if i >= len(x):
        return 0.0
    return x[i] ** 2 + recd_(x, i + 1)


@program
def recd(x):
    return recd_(x, 0)


def tsum(t):
    if isinstance(t, (list, tuple)):
        return sum(tsum(v) for v in t)
    return t * t


@program
def rectree(x):
    return tsum([x[0], (x[1], [x[2]])])


def newt(x, t):
    if abs(x * x - t) < 1e-12:
        return x
    return newt(0.5 * (x + t / x), t)


@program
def recn(x):
    return newt(1.0, x[0])


@program
def addat(x):
    y = np.zeros(3)
    np.add.at(y, [0, 0, 2], x)
    return (y * y).sum()


@program
def tview(x):
    A = np.zeros((3, 2))
    B = A.T
    B[0] = x
    B[1] += x * x
    return (A**2).sum()


@program
def sortin(x):
    y = x * 1.0
    y.sort()
    return y @ np.array([1.0, 2, 3])


@program
def diagw(x):
    A = np.eye(3)
    A[np.diag_indices(3)] = x
    return np.linalg.det(A)


@program
def rowswap(x):
    A = np.outer(x, x)
    A[[0, 2]] = A[[2, 0]]
    return (A[0] * x).sum()


@dataclass
class V:
    a: float
    b: float

    def __add__(s, o):
        return V(s.a + o.a, s.b + o.b)

    def __mul__(s, k):
        return V(s.a * k, s.b * k)

    def __getitem__(s, i):
        return (s.a, s.b)[i]

    def __len__(s):
        return 2

    def __neg__(s):
        return V(-s.a, -s.b)

    def __lt__(s, o):
        return s.a < o.a

    @property
    def n(s):
        return math.hypot(s.a, s.b)


@program
def dcop(x):
    v = V(x[0], x[1]) + V(x[1], x[2]) * x[0]
    return v.n + v[0] * len(v)


@program
def dcneg(x):
    v = -V(x[0], x[1])
    return v.a * v.b if v < V(x[2], x[1]) else v.a


class C:
    def __init__(self, w):
        self.w = w
        self.k = 2.0

    def f(self, x):
        return self.w * x * self.k


@program
def cls(x):
    c = C(x[0])
    c.k = x[1]
    return c.f(x[2])


def gen(x):
    for v in x:
        yield v * v


@program
def gener(x):
    return sum(gen(x))


@program
def gen2(x):
    s = 0.0
    for v in gen(x):
        s += v
    return s


@program
def mapf(x):
    return sum(map(lambda v: v * v, x))


@program
def filt(x):
    return sum(filter(lambda v: v > 1, x))


@program
def dictacc(x):
    d = collections.defaultdict(float)
    for i, v in enumerate(x):
        d[i % 2] += v * v
    return d[0] * d[1]


@program
def dct(x):
    d = {}
    for i in range(3):
        d[i] = x[i] * 2
    return sum(d.values())


@program
def deq(x):
    q = collections.deque([x[0], x[1]])
    q.append(x[2])
    a = q.popleft()
    return a * q[-1]


@program
def listset(x):
    l = [0.0] * 3
    for i in range(3):
        l[i] = x[i] ** 2
    return sum(l)


@program
def listset2(x):
    l = [0.0] * 3
    for i in range(3):
        if x[i] > 1:
            l[i] = x[i] ** 2
    return sum(l)


@program
def starun(x):
    a, *b = x
    return a * sum(b)


@program
def ndidx(x):
    A = np.outer(x, x)
    s = 0.0
    for i, j in np.ndindex(3, 3):
        s += A[i, j] * (i + 1)
    return s


@program
def ndenum(x):
    s = 0.0
    for (i,), v in np.ndenumerate(x):
        s += v * i
    return s


@program
def sortedk(x):
    return sum(v * k for k, v in enumerate(sorted(x, reverse=True)))


@program
def assertp(x):
    assert x[0] > 0, "bad"
    if x[1] < 0:
        raise ValueError("neg")
    return x.sum()


@program
def strcond(x, mode="sq"):
    if mode == "sq":
        return (x * x).sum()
    return x.sum()


@program
def itertoolsp(x):
    import itertools

    return sum(a * b for a, b in itertools.combinations(x, 2))


@program
def glob(x):
    global G1
    G1 = 1
    return x.sum()


@program
def accum(x):
    return x[::-1].cumsum()[::2].sum()


@program
def slicelist(x):
    l = [x[0], x[1], x[2]]
    l[1:] = [x[0] * x[0]]
    return sum(l)


@program
def listins(x):
    l = []
    for v in x:
        l.insert(0, v)
    return l[0] * l[1] + l.pop() * 2


@program
def complexm(x):
    z = x[0] + 1j * x[1]
    return abs(z * z) + (z * z).real


@program
def lru(x):
    @functools.lru_cache(maxsize=None)
    def fib(n):
        return 1.0 if n < 2 else fib(n - 1) + fib(n - 2)

    return fib(6) * x[0]


@program
def kwonly(x):
    def f(a, *, b, **k):
        return a * b * k["c"]

    return f(x[0], b=x[1], c=x[2])


@program
def whileelse(x):
    s = x[0]
    i = 0
    while i < 3:
        s *= x[1]
        i += 1
        if s > 100:
            break
    else:
        s += 1
    return s


@program
def viewret(x):
    def row(A, i):
        return A[i]

    A = np.zeros((2, 3))
    r = row(A, 1)
    r[:] = x
    r *= x
    return (A).sum()


@program
def nested(x):
    A = np.zeros((3, 3))
    for i in range(3):
        row = A[i]
        for j in range(i + 1):
            row[j] += x[i] * x[j]
    return (A * A).sum()


@program
def trace(x):
    r = x.real
    return (r * r).sum()


@program
def isinst(x):
    return x.sum() if isinstance(x, np.ndarray) else 0.0


@program
def tryraise(x):
    try:
        if x[0] > 0:
            raise ValueError
        y = x * 2
    except ValueError:
        y = x * 3
    return y.sum()


@program
def tryhalf(x):
    a = x.copy()
    try:
        a[0] = x[0] ** 2
        a[5] = 1.0
    except IndexError:
        a[1] = x[1] ** 3
    return a.sum()


WEIGHTS = np.array([0.3, -1.2, 0.8])


@program
def global_array_first_read_in_a_loop(x):
    r = 0.0
    for i in range(3):
        r = r + np.sum(x * WEIGHTS) * (i + 1)
    return r * x[0]


@program
def divides_in_try(x):
    n = x.size - 3
    y = x[2]
    try:
        1 // n
        y = x[0] * 3.0
    except ZeroDivisionError:
        y = x[0] * x[1]
    return y


@program
def searches_in_try(x):
    y = x[2]
    try:
        np.argmax(x[3:])
        y = x[0] * 3.0
    except ValueError:
        y = x[0] * x[1]
    return y


@program
def takes_while(x):
    y = list(itertools.takewhile(lambda v: v < 1.0, x))
    return sum(v * v for v in y) * len(y) + x[0]


@program
def drops_while(x):
    s = 1.0
    for v in itertools.dropwhile(lambda v: v < 1.0, x):
        s = s * v
    return s


@program
def compresses(x):
    return sum(itertools.compress(x, [1, 0, 1])) * sum(itertools.compress(x, x > 0.1))
