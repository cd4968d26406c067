"""Objects of user classes, functions as values, library functions that take functions."""

from __future__ import annotations

import collections
import dataclasses
import functools
from dataclasses import dataclass

import numpy as np

from tests.language.table import program, refused


@program
def st1(x):
    *a, b = x
    return sum(a) * b


@program
def st2(x):
    a, *m, b = x * x
    return a * b + m[0]


@program
def ls(x):
    l = [0.0] * 3
    for i in range(3):
        if x[i] > 1:
            l[i] = x[i] ** 2
        else:
            l[i] = 1.0
    return sum(l)


@program
def sk(x):
    l = [(v, i) for i, v in enumerate(x)]
    l = sorted(l, key=lambda t: -t[0])
    return l[0][0] * l[1][0] * l[0][1]


@program
def mk(x):
    return max(x, key=lambda v: -v) ** 2


@program
def mk2(x):
    return min(x[0], x[1], key=lambda v: (v - 2) ** 2) ** 2


@program
def acc1(x):
    import itertools

    return sum(itertools.accumulate(x, lambda a, b: a * b))


@program
def prod1(x):
    import itertools

    return sum(a * b * b for a, b in itertools.product(x, x))


@program
def chain1(x):
    import itertools

    return sum(v * v for v in itertools.chain(x, [x[0]]))


class Base:
    scale = 2.0

    def __init__(self, w):
        self.w = w

    def f(self, x):
        return self.w * x

    @classmethod
    def mk(cls, x):
        return cls(x[0])

    @staticmethod
    def g(a):
        return a * a


class Der(Base):
    def __init__(self, w, b):
        super().__init__(w)
        self.b = b

    def f(self, x):
        return super().f(x) + self.b * self.scale

    @property
    def p(self):
        return self.w * self._q if hasattr(self, "_q") else self.w

    @p.setter
    def p(self, v):
        self._q = v

    def __call__(self, x):
        return self.f(x) ** 2


@program
def inh(x):
    d = Der(x[0], x[1])
    return d(x[2])


@program
def inh2(x):
    d = Der(x[0], x[1])
    d.p = x[2]
    return d.p


@program
def inh3(x):
    return Base.mk(x).f(x[1]) + Base.g(x[2])


@program
def objlist(x):
    l = [Base(v) for v in (x[0], x[1])]
    for o in l:
        o.w = o.w * x[2]
    return sum(o.f(2.0) for o in l)


@program
def objloop(x):
    o = Base(x[0])
    for v in x:
        o.w = o.w * v + 1
    return o.w


@program
def objif(x):
    o = Base(x[0])
    if x[1] > 1:
        o.w = o.w * x[1]
    return o.f(x[2])


@dataclass
class DF:
    a: float
    l: list = dataclasses.field(default_factory=list)

    def __post_init__(self):
        self.s = self.a * 2


@program
def dfac(x):
    d = DF(x[0])
    d.l.append(x[1])
    return d.s * d.l[0]


class Vec:
    def __init__(self, d):
        self.d = np.asarray(d)

    def __add__(s, o):
        return Vec(s.d + (o.d if isinstance(o, Vec) else o))

    __radd__ = __add__

    def __mul__(s, o):
        return Vec(s.d * o)

    def __matmul__(s, o):
        return (s.d * o.d).sum()

    def __iadd__(s, o):
        s.d = s.d + o.d
        return s

    def __getitem__(s, i):
        return s.d[i]

    def __setitem__(s, i, v):
        s.d[i] = v

    def __len__(s):
        return len(s.d)

    def __iter__(s):
        return iter(s.d)

    def __abs__(s):
        return np.sqrt((s.d**2).sum())

    def __contains__(s, v):
        return True

    def __eq__(s, o):
        return True

    def __bool__(s):
        return True


@program
def vec(x):
    v = Vec(x)
    w = 1.0 + v
    w += v
    w[0] = x[1] ** 2
    return (w * 2.0) @ v + len(w) + w[1]


@program
def vabs(x):
    return abs(Vec(x))


@program
def vit(x):
    return sum(u * u for u in Vec(x))


@program
def partial2(x):
    def f(a, b, c=1.0):
        return a * b * c

    g = functools.partial(f, x[0], c=x[1])
    return g(x[2])


@refused("unknown type")
def ch3(x):
    fs = [np.sin, np.cos, np.exp]
    return sum(f(v) for f, v in zip(fs, x))


@program
def ch4(x):
    fs = {"a": np.sin, "b": lambda v: v * v}
    return fs["a"](x[0]) * fs["b"](x[1])


@program
def ch5(x):
    f = (lambda v: v * v) if x[0] > 1 else (lambda v: v * 3)
    s = 0.0
    for v in x:
        s += f(v)
    return s


def deco(f):
    @functools.wraps(f)
    def w(*a, **k):
        return 2.0 * f(*a, **k)

    return w


@deco
def decd(x, k=1.0):
    return x * x * k


@program
def usedeco(x):
    return decd(x, k=x[1]).sum()


@program
def innerdeco(x):
    @deco
    def f(v):
        return v**3

    return f(x[0])


@functools.lru_cache
def cch(n):
    return n * 2.0


@program
def uselru(x):
    return x.sum() * cch(3)


@program
def setat(x):
    o = Base(x[0])
    setattr(o, "w", x[1] ** 2)
    return getattr(o, "w") * o.f(1.0)


@refused("an object of unknown type")
def nt(x):
    N = collections.namedtuple("N", "a b")
    n = N(x[0], x[1])
    n = n._replace(a=x[2] ** 2)
    return n.a * n.b


@program
def strs(x):
    d = {f"k{i}": x[i] for i in range(3)}
    return d["k0"] * d["k2"]


@program
def vararg(x):
    def f(*a, s=1.0, **k):
        return sum(a) * s * k.get("z", 1.0)

    return f(*x, s=x[0], z=x[1])
