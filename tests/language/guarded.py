"""`try`, `with` and generators."""

from __future__ import annotations

import contextlib
import math
import threading
import warnings

import numpy as np

from tests.language.table import program, refused


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


@program
def t1(x):
    A = np.outer(x, x)
    try:
        L = np.linalg.cholesky(A)
        r = L.sum()
    except np.linalg.LinAlgError:
        L = np.linalg.cholesky(A + np.eye(3))
        r = (L * L).sum()
    return r * x[0]


@program
def t2(x):
    s = 0.0
    for v in x:
        try:
            s += math.log(v - 1)
        except ValueError:
            s += v * v
    return s


@program
def t3(x):
    try:
        return x[0] * x[7]
    except IndexError as e:
        return x[1] ** 2
    return 0.0


@program
def t4(x):
    try:
        y = x[0] / (1 if x[1] > 0 else 0)
    except ZeroDivisionError:
        y = 0.0
    else:
        y = y * x[2]
    finally:
        z = 2.0
    return y * z


@program
def t5(x):
    try:
        y = float(x[0]) / 0
    except (ZeroDivisionError, ValueError):
        y = x[1] * 3
    return y


@program
def t6(x):
    def f(v):
        if v > 1:
            raise ValueError("big")
        return v * v

    s = 0.0
    for v in x:
        try:
            s = s + f(v)
        except ValueError:
            s = s + 3 * v
    return s


@refused("on one path")
def t7(x):
    y = x.copy()
    try:
        z = np.linalg.inv(np.zeros((2, 2)))
        y = z
    except np.linalg.LinAlgError:
        y[0] = x[1] * 2
    return (y * y).sum()


@program
def t8(x):
    try:
        try:
            a = x[0] * x[9]
        except KeyError:
            a = 1.0
    except IndexError:
        a = x[0] ** 2
    return a


@program
def t9(x):
    try:
        a = x[9]
    except KeyError:
        a = x[0]
    except IndexError:
        a = x[1] ** 2
    except Exception:
        a = x[2]
    return a


@program
def t10(x):
    for i in range(3):
        try:
            if x[i] > 1.0:
                raise StopIteration
        except StopIteration:
            return x[i] ** 2
    return x[0]


@program
def t11(x):
    a = x.copy()
    try:
        a[0] = x[0] ** 2
        a[5] = 1.0
    except IndexError:
        return x[1] ** 3
    return a.sum()


@program
def t12(x):
    d = {"a": x[0]}
    try:
        v = d["b"]
    except KeyError:
        v = d["a"] ** 2
    return v


@program
def t13(x):
    it = 0
    y = x[0]
    while True:
        try:
            y = y * x[1]
            if y > 20:
                raise OverflowError
            it += 1
        except OverflowError:
            break
    return y * it


@program
def t14(x):
    try:
        pass
    except ValueError:
        return x[0]
    return x[1] ** 2


@program
def t15(x):
    try:
        np.linalg.cholesky(-np.outer(x, x))
        ok = 1.0
    except np.linalg.LinAlgError:
        ok = 2.0
    return ok * x.sum()


@program
def t16(x):
    try:
        v = int("a")
    except ValueError:
        v = 2
    return x.sum() * v


class CM:
    def __init__(s, k):
        s.k = k

    def __enter__(s):
        return s.k

    def __exit__(s, *a):
        return False


@program
def w1(x):
    with CM(x[0]) as k, CM(2.0) as j:
        y = k * x.sum() * j
    return y


@contextlib.contextmanager
def cm(v):
    a = v * 2
    try:
        yield a
    finally:
        pass


@program
def w2(x):
    with cm(x[0]) as k:
        y = k * x.sum()
    return y


@program
def w3(x):
    for i in range(3):
        with cm(x[i]) as k:
            if k > 2:
                return k * x[0]
    return x[1]


LOCK = threading.Lock()


@program
def w4(x):
    with LOCK:
        y = (x * x).sum()
    return y


@program
def w5(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = (x * x).sum()
    return y


@program
def g1(x):
    def gen():
        for i, v in enumerate(x):
            if i == 1:
                continue
            yield i * v

    s = 0.0
    for v in gen():
        s += v * v
    return s


@program
def g2(x):
    def gen(n):
        a, b = x[0], x[1]
        for _ in range(n):
            yield a
            a, b = b, a + b

    return sum(gen(4)) * max(gen(3))


@program
def g3(x):
    def g():
        yield from x
        yield x[0] ** 2

    return np.sum(np.array(list(g())))


@program
def g4(x):
    def g(v):
        while v < 10:
            yield v
            v = v * x[1]

    return sum(g(x[0]))


@program
def g5(x):
    def g():
        yield x[0]
        yield x[1] * 2

    a, b = g()
    return a * b


@program
def g6(x):
    s = x[0]

    def gen():
        for v in x:
            yield v * s

    r = 0.0
    for u in gen():
        r += u
    return r


@program
def g7(x):
    return sum(a * b for a, b in zip(gener2(x), gener2(x * 2)))


def gener2(x):
    for v in x:
        yield v**2


class It:
    def __init__(s, d):
        s.d = d

    def __iter__(s):
        for v in s.d:
            yield v * 2


@program
def g8(x):
    r = 0.0
    for v in It(x):
        r += v**2
    return r + sum(It(x))


@program
def ge1(x):
    g = (v * v for v in x if v > 1)
    s = 0.0
    for u in g:
        s += u
    return s


@program
def ge2(x):
    w = x[0]
    return sum(a * b for a, b in zip((v * w for v in x), (u for u in x[::-1])))


@program
def ge3(x):
    return np.array(list(v * u for v in x for u in x if u > 1)).sum()


@program
def ge4(x):
    return max(v * v for v in x) * min((v for v in x), default=0.0) if False else max((v * v for v in x))


@program
def ge5(x):
    def f(it):
        return sum(it)

    return f(v**3 for v in x)


@program
def name_that_a_failed_body_did_not_bind(x):
    s = 0.0
    for i in [5, 2, 4, 0]:
        try:
            w = x[i]
            e = w
        except IndexError:
            s *= 2.0
        else:
            s += e * e
    return s


@program
def callee_whose_handlers_are_not_reached(x):
    def score(v, y):
        for i in range(0, 3, 2):
            try:
                v += 0.3 * y
            except ValueError:
                y = v
                a = np.cumsum(y)
            finally:
                y += 0.1
        return v + y

    s = x[0]
    for z in x:
        y = s * z
        try:
            y = np.sin(y + s)
            if score(s, z) >= 0.1:
                raise ValueError("large")
            s = s * 0.5 + z
        except ValueError:
            s = s * y
    return s
