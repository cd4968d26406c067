"""Lists of unknown length that are sliced, changed and put together."""

from __future__ import annotations

import bisect

import adgen
from tests.language.table import program


@program
def s1(x):
    l = [v * v for v in x]
    m = l[1:]
    return sum(m) * l[0]


@program
def s2(x):
    l = [v * v for v in x]
    n = len(l)
    return sum(l[: n - 1]) * l[-1] + sum(l[::2])


@program
def s3(x):
    l = [v * x for v in x]
    m = l[::-1]
    return (m[0] * l[0]).sum()


@program
def popd(x):
    l = [v * v for v in x]
    a = l.pop()
    b = l.pop(0)
    return a * b + len(l)


@program
def stack(x):
    st = []
    for v in x:
        st.append(v)  # noqa: PERF402
    r = 1.0
    while st:
        r = r * 2 + st.pop() ** 2
    return r


@program
def ins(x):
    l = []
    for v in x:
        l.insert(0, v * v)
    return l[0] * 2 + l[1] * l[2]


@program
def second(x):
    g = adgen.grad(s1)(x)
    return (g * g).sum()


@program
def setsl(x):
    l = [v * v for v in x]
    l[0:2] = [x[2]]
    return sum(l)


@program
def rev(x):
    l = [v * v for v in x]
    l.reverse()
    return l[0] * 3 + l[1]


@program
def srt(x):
    l = [-v for v in x]
    l.sort()
    return l[0] * 3 + l[1]


@program
def dellist(x):
    l = [v * v for v in x]
    del l[0]
    return sum(l)


@program
def cyc(x):
    l = [v * v for v in x]
    l = l[1:] + l[:1]
    return l[0] * l[2]


@program
def kept_sorted(x):
    median, t = [], 0.0
    for i in range(5):
        bisect.insort(median, x[i % 3] * (i + 1))
        t += median[len(median) // 2] ** 2
    bisect.insort_left(median, x[0])
    return t * median[1]
