"""Programs whose recursion run time decides, with arguments."""

import math

import numpy as np

X = np.array([0.3, 0.1, 0.9, 0.5, 0.7])
W = np.array([1.0, 2.0, 3.0, 4.0, 5.0])


def fact(x, n):
    return x if n == 0 else x * fact(x, n - 1)


def fib(x, n):
    if n < 2:
        return x * n
    return fib(x, n - 1) + math.sin(x) * fib(x, n - 2)


def power(A, n):
    if n == 0:
        return np.eye(len(A))
    h = power(A, n // 2)
    if n % 2:
        return A @ h @ h
    return h @ h


def power_sum(A, n):
    return np.sum(power(A, n) ** 2)


def tree_sum(x, lo, hi):
    if hi - lo == 1:
        return x[lo] ** 2
    mid = (lo + hi) // 2
    return tree_sum(x, lo, mid) * 0.5 + math.sin(tree_sum(x, mid, hi))


def total(x):
    if len(x) == 0:
        return 0.0
    return x[0] ** 3 + total(x[1:])


def even(x, n):
    return x if n == 0 else odd(x * x, n - 1)


def odd(x, n):
    return 1.0 if n == 0 else 2.0 * even(x + 1.0, n - 1)


def newton(a, x, tol):
    nxt = 0.5 * (x + a / x)
    if abs(nxt - x) < tol:
        return nxt
    return newton(a, nxt, tol)


def adapt(a, b, tol):
    m = 0.5 * (a + b)
    h = b - a
    fa, fm, fb = math.exp(a), math.exp(m), math.exp(b)
    s1 = h / 6 * (fa + 4 * fm + fb)
    l, r = 0.5 * (a + m), 0.5 * (m + b)
    s2 = h / 12 * (fa + 4 * math.exp(l) + 2 * fm + 4 * math.exp(r) + fb)
    if abs(s2 - s1) < tol:
        return s2
    return adapt(a, m, tol / 2) + adapt(m, b, tol / 2)


def adapt_depth(f, a, b, depth=0):
    m = 0.5 * (a + b)
    s = (b - a) * f(m)
    if depth > 3 or abs(b - a) < 0.2:
        return s
    return adapt_depth(f, a, m, depth + 1) + adapt_depth(f, m, b, depth + 1)


def quad(k, a, b):
    return adapt_depth(lambda t: math.sin(k * t), a, b)


def closure(x, n):
    def go(k):
        return 1.0 if k == n else x * go(k + 1)

    return go(0)


def two(x, y, n):
    if n == 0:
        return x, y
    a, b = two(x * y, y, n - 1)
    return a + b, a * b


def two_top(x, y, n):
    a, b = two(x, y, n)
    return a * 2.0 + b


def gcdlike(x, a, b):
    if b == 0:
        return x
    return gcdlike(x * 1.1 + a, b, a % b)


def in_loop(x, n):
    s = 0.0
    for i in range(n):
        s += fact(x, i)
    return s


def rec_in_loop(x, n):
    s = x
    for i in range(n):
        s = s + rec_in_loop(x * 0.5, i)
    return s * x


def in_branch(x, n):
    if x > 0.0:
        y = fact(x, n)
    else:
        y = fact(-x, n + 1)
    return y * y


def ack(x, m, n):
    if m == 0:
        return x * (n + 1)
    if n == 0:
        return ack(x * 1.01, m - 1, 1)
    return ack(x, m - 1, n - 1) + ack(x, m, n - 1)


def nonec(x, n):
    if n == 0:
        return None
    r = nonec(x * 2.0, n - 1)
    if r is None:
        return x
    return r * x


def qs(a, lo, hi):
    if lo >= hi:
        return
    p = a[hi]
    i = lo
    for j in range(lo, hi):
        if a[j] < p:
            a[i], a[j] = a[j], a[i]
            i += 1
    a[i], a[hi] = a[hi], a[i]
    qs(a, lo, i - 1)
    qs(a, i + 1, hi)


def sorted_dot(x, w):
    b = x.copy()
    qs(b, 0, len(b) - 1)
    return np.sum(b * w) + b[0] ** 2


X = np.array([0.3, 0.1, 0.9, 0.5, 0.7])
W = np.array([1.0, 2.0, 3.0, 4.0, 5.0])


def inplace_arg(x, w):
    qs(x, 0, len(x) - 1)
    return np.sum(x * w)


def relax(u, n):
    if n == 0:
        return u
    v = u.copy()
    v[1:-1] = 0.5 * (u[:-2] + u[2:])
    return relax(v, n - 1)


def relax_top(u, n):
    return np.sum(relax(u, n) ** 2)


def write_after(u, n):
    v = relax(u, n)
    v[0] = v[0] * 2.0
    return np.sum(v**2)


def fill(a, x, k):
    if k == len(a):
        return
    a[k] = x ** (k + 1)
    fill(a, x * 0.9, k + 1)


def fill_top(x, n):
    a = np.zeros(n)
    fill(a, x, 0)
    return np.sum(a * a)


def fft(x):
    n = len(x)
    if n == 1:
        return x
    e = fft(x[::2])
    o = fft(x[1::2])
    k = np.arange(n // 2)
    c = np.cos(k / n) * o
    return np.concatenate((e + c, e - c))


def fft_top(x):
    return np.sum(fft(x) ** 2 * np.arange(len(x)))


class Solver:
    def __init__(self, k):
        self.k = k
        self.count = 0

    def step(self, x, n):
        if n == 0:
            return x
        return self.step(x * self.k + math.sin(x), n - 1)

    def counting(self, x, n):
        self.count += 1
        self.k = self.k * 0.9
        if n == 0:
            return x * self.k
        return self.counting(x * self.k, n - 1)


def meth(x, k, n):
    return Solver(k).step(x, n)


def meth2(x, k, n):
    s = Solver(k)
    y = s.counting(x, n)
    return y * s.k + s.count


def collect(x, n, out):
    if n == 0:
        return
    out.append(x * n)
    collect(x * x, n - 1, out)


def collect_top(x, n):
    out = []
    collect(x, n, out)
    s = 0.0
    for v in out:
        s += v * v
    return s


def lists(x, n):
    if n == 0:
        return []
    return [x * n] + lists(x * 1.5, n - 1)


def lists_top(x, n):
    s = 0.0
    for v in lists(x, n):
        s = s * x + v
    return s


def msort(a):
    n = len(a)
    if n <= 1:
        return a
    l = msort(a[: n // 2])
    r = msort(a[n // 2 :])
    out = np.empty(n)
    i = j = 0
    for k in range(n):
        if j >= len(r) or (i < len(l) and l[i] < r[j]):
            out[k] = l[i]
            i += 1
        else:
            out[k] = r[j]
            j += 1
    return out


def msort_top(x, w):
    return np.sum(msort(x) * w)


def det(A):
    n = len(A)
    if n == 1:
        return A[0, 0]
    s = 0.0
    for j in range(n):
        M = np.delete(A[1:], j, axis=1)
        s += (-1) ** j * A[0, j] * det(M)
    return s


def walk(left, right, val, i, x):
    if i < 0:
        return 0.0
    return (
        val[i] * x
        + walk(left, right, val, left[i], x * 0.5) * walk(left, right, val, right[i], x * x)
        + math.sin(val[i])
    )


def walk_top(val, x):
    left = np.array([1, 3, -1, -1, -1])
    right = np.array([2, -1, 4, -1, -1])
    return walk(left, right, val, 0, x)


SCALE = 1.7
TABLE = np.array([0.5, 1.5, 2.5])


def glob(x, n):
    if n == 0:
        return x * SCALE
    return TABLE[n % 3] * glob(x * x, n - 1) + SCALE


def raising(x, n):
    if n < 0:
        raise ValueError("negative")
    if n == 0:
        return x
    return x * raising(x, n - 1)


def trying(x, n):
    try:
        return raising(x, n)
    except ValueError:
        return x * 3.0


def nonlocal_sum(x, n):
    s = 0.0

    def go(k, y):
        nonlocal s
        s = s + y
        if k < n:
            go(k + 1, y * x)

    go(0, x)
    return s


def kwonly(x, *, n, w=2.0):
    return x if n == 0 else w * kwonly(x * x, n=n - 1, w=w * 0.5)


def kw_top(x, n):
    return kwonly(x, n=n)


def varargs(n, *xs):
    if n == 0:
        return sum(xs)
    return varargs(n - 1, *[v * 1.1 for v in xs]) * xs[0]


def va_top(x, y, n):
    return varargs(n, x, y)


def dictrec(p, n):
    if n == 0:
        return p["a"]
    return p["b"] * dictrec({"a": p["a"] * 2.0, "b": p["b"]}, n - 1)


def dict_top(a, b, n):
    return dictrec({"a": a, "b": b}, n)


def deep(x, n):
    return x if n == 0 else deep(x * 1.0001, n - 1) + 0.001


def newton_top(a):
    return newton(a, 1.0, 1e-9)


def adapt_top(a, b):
    return adapt(a, b, 1e-4)


def two_calls(x, y, n):
    s = fact(x, n) + fact(y, n + 1)
    for k in range(n):
        s = s * fact(x + y, k)
    return s


def both(a, b, n):
    if n == 0:
        return a[0] * b[1]
    return a[n] * b[n - 1] + both(a, b, n - 1) * a[0]


def both_same(x, n):
    y = x * x
    return both(y, x, n) * both(x[1:], y[:-1], n) + both(y, y, n)


def update_both(a, b, n):
    if n == 0:
        return 0.0
    a[n] = a[n - 1] * b[n] + a[n]
    r = update_both(a, b, n - 1)
    a[0] = a[0] + b[n] * r
    return r + a[n] * b[0]


def update_top(x, n):
    a = x.copy()
    s = 0.0
    for i in range(n):
        s = s + update_both(a, x, i) * a[i]
    return s + np.sum(a)


def swapped(a, b, n):
    if n == 0:
        return
    a[n] += b[n - 1]
    swapped(b, a, n - 1)


def swapped_top(x, n):
    a = x.copy()
    b = x * 3.0
    swapped(a, b, n)
    return np.sum(a * b * b)


def halves(a, lo, hi):
    if hi - lo < 1:
        return
    m = (lo + hi) // 2
    a[lo:hi] = a[lo:hi] * a[m]
    halves(a, lo, m)
    halves(a, m + 1, hi)


def halves_top(x):
    a = x.copy()
    halves(a, 0, len(a))
    return np.sum(a**2)


def permute(a, k, w):
    n = len(a)
    if k == n:
        p = 1.0
        for i in range(n):
            p = p * (a[i] + i * w)
        return p
    s = 0.0
    for i in range(k, n):
        a[k], a[i] = a[i], a[k]
        s += permute(a, k + 1, w)
        a[k], a[i] = a[i], a[k]
    return s


def permute_top(x, w):
    return permute(x[:3].copy(), 0, w)


def divide(x, n):
    1 // n
    return x if n < -5 else divide(x * 1.1, n - 1)


def divide_top(x, n):
    try:
        r = divide(x, n)
    except ZeroDivisionError:
        r = x * x
    return r


def first(x, n):
    if n <= 0:
        return x
    return second(x * 0.9, n) + first(x * x, n - 1)


def second(x, n):
    if n <= 0:
        return math.sin(x)
    return second(x + 0.1, n - 1) * first(x, n - 2)


class Pair:
    def __init__(self, p, v):
        self.p = p
        self.v = v


def pull(s, n):
    if n == 0:
        return s
    s.p = s.p * s.v
    return pull(s, n - 1)


def same_obj(x, n):
    s = Pair(x, x * x)
    e = pull(s, n)
    e.p = e.p * 3.0
    return s.p * e.v


def lst(a, n):
    if n == 0:
        return a
    a[0] = a[0] * 1.5
    return lst(a, n - 1)


def same_list(x, n):
    a = [x, x * 2.0]
    b = lst(a, n)
    b[1] = 7.0 * x * x
    return a[0] * a[1] + b[0]


def same_list2(x, n):
    a = [x, x * 2.0]
    b = lst(a, n)
    a[1] = 7.0 * x * x
    return b[1] * b[0]


def dct(d, n):
    if n == 0:
        return d
    d["a"] = d["a"] * d["b"]
    return dct(d, n - 1)


def same_dict(x, n):
    d = {"a": x, "b": x + 1.0}
    r = dct(d, n)
    r["b"] = 5.0 * x
    return d["a"] * d["b"]


def putarr(l, a, n):
    if n == 0:
        l[0] = a
        return
    putarr(l, a, n - 1)


def putarr_top(x, n):
    l = [x * 2.0]
    a = x * 3.0
    putarr(l, a, n)
    l[0][1] = 9.0
    return np.sum(a * x)


def attr_result(s, n):
    if n == 0:
        return s.p
    return attr_result(s, n - 1)


def attr_result_top(x, n):
    s = Pair(x * 1.0, x)
    a = attr_result(s, n)
    a[0] = 3.0
    return np.sum(s.p * x)


def clos_result2(x, n):
    y = x * 2.0

    def go(k):
        if k == 0:
            return y
        return go(k - 1)

    a = go(n)
    y[0] = 3.0
    return np.sum(a * x)


def rows(m, k):
    if k == len(m):
        return
    m[k][0] = m[k][0] * m[0][1]
    rows(m, k + 1)


def rows_shared(x):
    y = x * 1.0
    m = [y, x * 2.0, y]
    rows(m, 0)
    return np.sum(m[0] * m[1] + m[2]) + y[0]


CASES = [
    (fact, [1.5, 4]),
    (fib, [0.7, 6]),
    (power_sum, [np.array([[0.5, 0.2], [0.1, 0.7]]), 5]),
    (tree_sum, [np.array([0.3, 0.5, 0.7, 1.1, 0.2]), 0, 5]),
    (total, [np.array([0.3, 0.5, 0.7])]),
    (even, [0.5, 4]),
    (even, [0.5, 3]),
    (newton_top, [2.0]),
    (adapt_top, [0.1, 2.0]),
    (quad, [1.3, 0.2, 2.0]),
    (closure, [1.2, 5]),
    (two_top, [0.9, 0.8, 3]),
    (two, [0.9, 0.8, 3]),
    (gcdlike, [0.3, 48, 18]),
    (in_loop, [1.1, 4]),
    (rec_in_loop, [1.3, 4]),
    (in_branch, [0.7, 3]),
    (in_branch, [-0.7, 3]),
    (ack, [0.7, 2, 3]),
    (nonec, [0.7, 3]),
    (sorted_dot, [X, W]),
    (inplace_arg, [X, W]),
    (relax_top, [X, 3]),
    (write_after, [X, 3]),
    (fill_top, [0.8, 4]),
    (fft_top, [np.array([0.1, 0.4, 0.3, 0.8])]),
    (meth, [0.4, 0.9, 3]),
    (meth2, [0.4, 0.9, 3]),
    (collect_top, [0.8, 3]),
    (lists_top, [0.8, 3]),
    (msort_top, [X, W]),
    (det, [np.array([[1.0, 2.0, 0.3], [0.4, 1.5, 0.6], [0.7, 0.8, 2.9]])]),
    (walk_top, [X, 1.2]),
    (glob, [0.8, 4]),
    (raising, [1.2, 3]),
    (trying, [1.2, 3]),
    (trying, [1.2, -3]),
    (nonlocal_sum, [0.8, 4]),
    (kw_top, [0.8, 3]),
    (va_top, [0.8, 0.4, 3]),
    (dict_top, [0.7, 0.8, 3]),
    (deep, [1.0, 150]),
    (two_calls, [0.7, 0.8, 3]),
    (both_same, [X, 3]),
    (update_top, [X, 3]),
    (swapped_top, [X, 3]),
    (halves_top, [X]),
    (permute_top, [X, 0.4]),
    (divide_top, [0.7, 3]),
    (divide_top, [0.7, -3]),
    (first, [0.6, 3]),
    (same_obj, [0.8, 2]),
    (same_list, [0.8, 2]),
    (same_list2, [0.8, 2]),
    (same_dict, [0.8, 2]),
    (putarr_top, [X, 2]),
    (attr_result_top, [X, 2]),
    (clos_result2, [X, 2]),
    (rows_shared, [X]),
]
