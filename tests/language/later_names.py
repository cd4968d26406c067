"""Arrays, lists and objects that a loop or branch gives a name to, written later through one name or the other."""

from __future__ import annotations

import numpy as np

from tests.language.table import program, refused


class Box:
    def __init__(self, a):
        self.a = a


@program
def n00_r1(x):
    A = np.outer(x, x)
    for i in range(3):
        row = A[i]
    row[0] = 7.0 * x[1]
    return np.sum(A**2)


@program
def n01_r2(x):
    A = np.outer(x, x)
    for row in A:
        pass
    row[0] = 7.0 * x[1]
    return np.sum(A**2)


@program
def n02_r3(x):
    a = x * 2
    for i in range(3):
        g = a
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n03_r4(x):
    L = [x[0], x[1]]
    for i in range(3):
        t = L
    t.append(x[2] ** 2)
    return sum(L)


@program
def n04_r5(x):
    bs = [Box(v) for v in x]
    for b in bs:
        pass
    b.a = x[0] ** 2 * 3
    return sum((q.a**2 for q in bs))


@program
def n05_r5b(x):
    bs = [Box(x[0]), Box(x[1] * 2)]
    for b in bs:
        pass
    b.a = x[0] ** 2 * 3
    return sum((q.a**2 for q in bs))


@program
def n06_r6(x):
    a = x * 2
    i = 0
    while i < 3:
        for j in range(2):
            g = a[1:]
        i += 1
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n07_r7(x):
    rows = [x * 1.0, x * 2.0]
    for r in rows:
        pass
    r[0] = x[1] ** 2
    return np.sum(rows[0] * rows[1])


@program
def n08_r9(x):
    d = {"a": x * 1.0, "b": x * 2.0}
    for v in d.values():
        pass
    v[0] = x[1] ** 2
    return np.sum(d["a"] * d["b"])


@program
def n09_r10(x):
    a = x * 2
    for i in range(3):
        if i == 1:
            g = a
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n10_r11(x):
    a = x * 2
    b = x * 3
    for i in range(3):
        if x[i] > 0.4:
            g = a
            break
    else:
        g = b
    g[0] = x[1] ** 2
    return np.sum(a**2 * b)


@program
def n11_r12(x):
    a = x * 2
    b = x * 3
    for i in range(3):
        g, h = (a, b)
    g[0] = x[1] ** 2
    h[1] = g[0]
    return np.sum(a**2 * b)


@program
def n12_r13(x):
    a = x * 2
    b = x * 3
    for i in range(3):
        t = [a, b]
    t[0][0] = x[1] ** 2
    return np.sum(a**2 * b)


@program
def n13_r14(x):
    a = x * 2
    b = x * 3
    for i in range(3):
        t = {"k": a}
    t["k"][0] = x[1] ** 2
    return np.sum(a**2 * b)


@program
def n14_r15(x):
    a = x * 2

    def f():
        return a

    for i in range(3):
        g = f()
    a[0] = x[1] ** 2
    return np.sum(g**2)


@program
def n15_r16(x):
    a = x * 2
    for i in range(3):
        g = a.reshape(3, 1)
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n16_r17(x):
    a = x * 2
    try:
        g = a
        if x[0] > 100:
            raise ValueError
    except ValueError:
        g = x * 3
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n17_r18(x):
    a = x * 2
    if x[0] > 0.0:
        g = a
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n18_r19(x):
    a = x * 2
    if x[0] > -10.0:
        g = a[1:]
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n19_r20(x):
    a = x * 2
    with np.errstate(all="ignore"):
        g = a[1:]
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n20_r21(x):
    bs = [Box(x * 1.0), Box(x * 2)]
    for b in bs:
        y = b.a
    y[0] = x[0] ** 2 * 3
    return sum((np.sum(q.a**2) for q in bs))


@program
def n21_r22(x):
    box = Box(x * 1.0)
    for i in range(2):
        c = box
    c.a = x * 3
    return np.sum(box.a**2)


@program
def n22_r23(x):
    box = Box(x * 1.0)
    for i in range(2):
        c = box.a
    c[0] = x[1] * 3
    return np.sum(box.a**2)


@program
def n23_r24(x):
    a = x * 1.0
    b = x * 2
    for i in range(3):
        for p, q in ((a, b), (b, a)):
            pass
    p[0] = x[1] * 3
    return np.sum(a * b * b)


@program
def n24_r26(x):
    L = []
    for i in range(3):
        g = x * (i + 1.0)
        L.append(g)
    g[0] = x[1] ** 2
    return np.sum(L[-1] ** 2)


@program
def n25_r27(x):
    d = {}
    for i in range(3):
        g = x * (i + 1.0)
        d[i] = g
    g[0] = x[1] ** 2
    return np.sum(d[2] ** 2)


@program
def n26_r28(x):
    box = Box(x * 1.0)
    for i in range(3):
        g = x * (i + 1.0)
        box.a = g
    g[0] = x[1] ** 2
    return np.sum(box.a**2)


@program
def n27_r29(x):
    for i in range(3):
        g = x * (i + 1.0)
        h = g[1:]
    h[0] = x[1] ** 2
    return np.sum(g**2)


@program
def n28_r30(x):
    for i in range(3):
        t = [x[i], x[i]]
        s = t
    t.append(x[0] ** 2)
    t[0] = 3 * x[2]
    return sum(s)


@program
def n29_r31(x):
    t = [0.0]
    L = [x[0], x[1]]
    for i in range(2):
        t = L
    t.append(x[2] ** 2)
    t[0] = x[0]
    return sum(L)


@program
def n30_r32(x):
    t = [0.0, 1.0]
    L = [x[0], x[1]]
    for i in range(2):
        t = L
    t[0] = x[0]
    return sum(L)


@program
def n31_r33(x):
    c = Box(x * 3)
    box = Box(x * 1.0)
    for i in range(2):
        c = box
    c.a = x * 3
    return np.sum(box.a**2)


@program
def n32_r34(x):
    g = x * 5
    a = x * 2
    for i in range(3):
        g = a
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n33_r35(x):
    g = x * 5
    a = x * 2
    for i in range(3):
        g = a[1:]
    a[1] = x[1] ** 2
    return np.sum(g**2)


@program
def n34_r36(x):
    a = x * 2
    for i in range(3):
        t = (a, x * i)
    t[0][0] = x[1] ** 3
    return np.sum(a**2)


@program
def n35_r37(x):
    a = x * 2
    for i in range(3):
        t = [a[1:], x * i]
    a[1] = x[1] ** 3
    return np.sum(t[0] ** 2)


@program
def n36_r38(x):
    for i in range(3):
        m = [[x[0], x[1]], [x[2], x[0]]]
        row = m[1]
    row[0] = x[2] ** 2
    return m[1][0] * m[0][0]


@program
def n37_r39(x):
    for i in range(3):
        box = Box(x * i)
        g = box.a
    g[0] = x[1] ** 3
    return np.sum(box.a**2)


@program
def n38_r40(x):
    for i in range(3):
        box = Box(x * i)
        c = box
    c.a = x * 7
    return np.sum(box.a**2)


@refused("may share memory")
def n39_r41(x):
    i = 0
    while i < 3:
        box = Box(x * i)
        c = box
        i += 1
    c.a = x * 7
    return np.sum(box.a**2)


@program
def n40_r42(x):
    a = x * 2
    g = None
    for i in range(3):
        g = a
    g[0] = x[1] ** 2
    return np.sum(a**2)


@program
def n41_r43(x):
    a = x * 2
    best = None
    for row in (a, x * 3, x * 0.1):
        if best is None or row[0] > best[0]:
            best = row
    best[1] = x[0] ** 2 * 3
    return np.sum(a**2) + np.sum(best)


@program
def n42_r44(x):
    a = x * 2
    best = None
    for k in range(2):
        r = a[k : k + 2]
        if best is None or r[0] > best[0]:
            best = r
    best[1] = x[0] ** 2 * 3
    return np.sum(a**2)


@program
def n43_brk(x):
    a = x * 1.0
    b = np.sin(x)
    for i in range(3):
        g = a if i % 2 else b
        if x[i] > 0.85:
            break
    g[0] += 1
    return np.sum(a * b)


@program
def n44_brk2(x):
    a = x * 1.0
    b = np.sin(x)
    for i in range(3):
        if i % 2:
            g = a
        else:
            g = b
    g[0] += 1
    return np.sum(a * b)


@program
def n45_brk3(x):
    a = x * 1.0
    b = np.sin(x)
    g = a
    for i in range(3):
        if x[i] > 0.4:
            g = a
        else:
            g = b
    g[0] += 1
    return np.sum(a * b)


@program
def n46_brk4(x):
    a = x * 1.0
    b = np.sin(x)
    for i in range(3):
        g = a
        if x[i] > 0.4:
            g = b
        g[i] = x[i] * 3
    return np.sum(a * b) + np.sum(g)


@program
def n50_elif3(x):
    a = x * 1.0
    b = x * 2
    c = x * 3
    if x[0] > 0.9:
        g = a
    elif x[0] > 0.1:
        g = b
    else:
        g = c
    g[1] = x[0] ** 2
    return np.sum(a * b * c)


@program
def n51_writeA(x):
    a = x * 1.0
    b = x * 2
    g = a if x[0] > 0 else b
    a[0] = 5 * x[1]
    b[0] = 3 * x[2]
    return np.sum(g**2)


@program
def n52_both(x):
    a = x * 1.0
    b = x * 2
    g = a if x[0] > 0.1 else b
    h = b if x[0] > 0.1 else a
    g[0] = h[1]
    h[0] = g[0] * 2
    a[1] = h[0]
    return np.sum(a * b) + np.sum(g * h)


@program
def n53_twoconds(x):
    a = x * 1.0
    b = x * 2
    g = a if x[0] > 0.1 else b
    h = b if x[1] > 0.1 else a
    g[0] = x[1] ** 2
    return np.sum(a * b)


@program
def n54_twoconds2(x):
    a = x * 1.0
    b = x * 2
    g = a if x[0] > 0.1 else b
    h = b if x[1] > 0.1 else a
    g[0] = x[1] ** 2
    h[1] = x[0]
    return np.sum(a * b) + np.sum(g)


@program
def n55_loop(x):
    a = x * 1.0
    b = np.sin(x)
    for i in range(3):
        g = a if x[i] > 0.4 else b
        g[i] = g[i] * x[i]
        g[1:] += 0.1 * g[:-1]
    return np.sum(a * b)


@program
def n56_loop3(x):
    a = x * 1.0
    b = np.sin(x)
    g = a if x[0] > 0.1 else b
    for i in range(3):
        g[i] = g[i] * x[i]
        if a[i] > 0.2:
            a[i] *= 2
    return np.sum(a * b) + np.sum(g)


@program
def n57_view(x):
    a = x * 1.0
    b = np.sin(x)
    g = (a if x[0] > 0.1 else b)[1:]
    g[0] = 7 * x[0]
    return np.sum(a * b)


@program
def n58_view2(x):
    a = x * 1.0
    b = np.sin(x)
    g = a if x[0] > 0.1 else b
    h = g[1:]
    h[0] = 7 * x[0]
    h *= 2
    return np.sum(a * b) + np.sum(g * h[0])


@program
def n59_callee(x):

    def f(t):
        t[0] = x[1] ** 3
        t += 1

    a = x * 1.0
    b = np.sin(x)
    f(a if x[0] > 0.1 else b)
    return np.sum(a * b)


@program
def n60_outk(x):
    a = x * 1.0
    b = np.sin(x)
    g = a if x[0] > 0.1 else b
    np.multiply(g, 3.0, out=g)
    np.add.at(g, [0, 0], x[1])
    g.sort()
    return np.sum(a * b * np.arange(3))


@program
def n61_param(x):
    b = np.sin(x)
    g = x if x[0] > 0.1 else b
    g2 = g * 2
    g2[0] = 1
    return np.sum(g2)


@program
def n62_nested(x):
    a = x * 1.0
    b = np.sin(x)
    c = np.cos(x)
    g = a if x[0] > 0.1 else b
    h = g if x[1] > 0.1 else c
    h[0] = x[2] * 2
    return np.sum(a * b * c) + np.sum(g)


@program
def n63_brk(x):
    a = x * 1.0
    b = np.sin(x)
    for i in range(3):
        g = a if i % 2 else b
        g[i] = x[i] * 2
        if x[i] > 0.85:
            break
    g[0] += 1
    return np.sum(a * b)


@program
def n64_tup(x):
    a = x * 1.0
    b = np.sin(x)
    g, h = (a, b) if x[0] > 0.1 else (b, a)
    g[1:] = h[:-1] ** 2
    h[0] = g[1]
    g[0] = h[0] + h[1]
    return np.sum(a * b * b)


@program
def n65_whil(x):
    a = x * 1.0
    b = np.sin(x)
    i = 0
    src, dst = (a, b)
    while i < 3:
        dst[1:] = src[:-1] * 0.5 + x[1:]
        dst[0] = src[0]
        if i % 2 == 0:
            src, dst = (b, a)
        else:
            src, dst = (a, b)
        i += 1
    return np.sum(a * b * b)


@program
def n66_rebound(x):
    a = x * 1.0
    b = np.sin(x)
    g = a if x[0] > 0.1 else b
    a = a * 2
    g[0] = x[1] * 3
    return np.sum(a * b) + np.sum(g)


@program
def n67_swapin(x):
    a = x * 1.0
    b = np.sin(x)
    if x[0] > 0.1:
        a, b = (b, a)
    a[0] = x[1] * 3
    return np.sum(a * b * b)


@program
def n68_swapin2(x):
    a = x * 1.0
    b = np.sin(x)
    c = a
    if x[0] > 0.1:
        a, b = (b, a)
    a[0] = x[1] * 3
    return np.sum(a * b * b) + c[0]


@program
def n69_infun(x):
    a = x * 1.0
    b = np.sin(x)

    def pick(t):
        return a if t > 0.1 else b

    p = pick(x[0])
    p[0] = 4 * x[1]
    q = pick(x[1])
    q[1] = p[0]
    return np.sum(a * b * b)


@refused("may share memory")
def n70_rec(x):
    a = x * 1.0
    b = np.sin(x)
    g = a if x[0] > 0.1 else b

    def r(n):
        if n == 0 or x[n] > 5:
            return 0.0
        g[n] = g[n - 1] * 2
        return r(n - 1) + a[n]

    s = r(2)
    return np.sum(a * b) + s


@program
def n71_tri(x):
    a = x * 1.0
    b = np.sin(x)
    if x[0] > 0.1:
        g = a
        if x[1] > 0.5:
            g = b
    else:
        g = b
    g[0] = x[0]
    return np.sum(a * b)


@program
def h1(x):
    L = [x[0], x[1]]
    if x[0] > 0.1:
        t = L
    else:
        t = [0.0, 1.0]
    t[0] = x[2] ** 2
    return L[0] * 3 + t[1]


@program
def h2(x):
    box = Box(x * 1.0)
    o = Box(x * 2)
    c = box if x[0] > 0.1 else o
    c.a = x**2
    return np.sum(box.a * o.a)


@program
def h3(x):
    box = Box(x[0])
    o = Box(x[1])
    c = box if x[0] > 0.1 else o
    c.a = x[2] ** 2
    return box.a * o.a


@program
def h4(x):
    d = {"a": x[0], "b": x[1]}
    e = {"a": 1.0, "b": 2.0}
    c = d if x[0] > 0.1 else e
    c["a"] = x[2] ** 2
    return d["a"] * e["b"]


@program
def h5(x):
    L = [x[0], x[1]]
    M = [x[2], x[0]]
    p, q = (L, M) if x[0] > 0.1 else (M, L)
    p[0] = q[1] * 2
    q[0] = p[0] * x[2]
    return L[0] * M[0]


@program
def h6(x):
    L = [x[0] * 1.0]
    t = None
    if x[0] > 0.1:
        t = L
    if t is not None:
        t.append(x[1] ** 2)
    return sum(L)


@program
def h7(x):
    box = Box(x[0])
    best = None
    for q in (box, Box(x[1])):
        if best is None or q.a > best.a:
            best = q
    best.a = x[2] ** 2
    return box.a + best.a


@program
def h8(x):
    L = [x[0], x[1]]
    t = L or [1.0]
    t[0] = x[2] ** 2
    return L[0]


@program
def h9(x):
    L = [x[0], x[1]]
    try:
        t = L
        if x[0] > 100:
            raise ValueError
    except ValueError:
        t = [3.0, 4.0]
    t[0] = x[2] ** 2
    return L[0]


@program
def h10(x):
    box = Box(x[0])
    if x[0] > 0.1:
        c = box
    c.a = x[2] ** 2
    return box.a


@program
def h11(x):
    box = Box(x * 1.0)
    v = box.a if x[0] > 0.1 else x * 3
    v[0] = x[2] ** 2
    return np.sum(box.a**2)


@program
def h12(x):
    box = Box(x * 1.0)
    o = Box(x * 2)
    c = box if x[0] > 0.1 else o
    c.a[0] = x[2] ** 2
    return np.sum(box.a**2 * o.a)


@program
def h13(x):
    box = Box(x * 1.0)
    o = Box(x * 2)
    for i in range(3):
        c = box if x[i] > 0.4 else o
        c.a = c.a * x[i]
    return np.sum(box.a**2 * o.a)


@program
def h14(x):
    A = [x * 1.0, x * 2]
    B_ = [x * 3, x * 4]
    c = A if x[0] > 0.1 else B_
    c[0][1] = x[2] ** 2
    c[1] = x * 5
    return np.sum(A[0] * A[1]) + np.sum(B_[0] * B_[1])


@program
def h15(x):
    d = {"x": x * 1.0}
    k = d["x"] if x[0] > 0.1 else x * 2
    d["x"] = x * 7
    k[0] = x[2] ** 2
    return np.sum(d["x"]) + np.sum(k)


@program
def h16(x):
    a = x * 2

    def f(c):
        return a if c else a[1:]

    g = f(x[0] > 0.1)
    g[0] = x[2] ** 2
    return np.sum(a**2)


@program
def h17(x):
    a = x * 2
    g = a[1:] if x[0] > 0.1 else a[:-1]
    g[0] = x[2] ** 2
    return np.sum(a**2)


@program
def h18(x):
    a = x * 2
    g = a if x[0] > 0.1 else a[::-1]
    g[0] = x[2] ** 2
    a[1] = g[0]
    return np.sum(a**2) + np.sum(g)
