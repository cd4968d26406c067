"""What a `try` body changed before it failed, in its handlers and after it."""

from __future__ import annotations

import numpy as np

from tests.language.table import program, refused


@program
def loop_left(x):
    s = 1.0
    n = 0
    try:
        for i in range(10):
            s = s * x[i]
            n += 1
    except IndexError:
        pass
    return s * n


@program
def array_written(x):
    y = np.zeros(6)
    try:
        for i in range(10):
            y[i] = x[i] ** 2
            y[i + 1] += x[i] * 0.5
    except IndexError:
        y[0] *= 3.0
    return np.sum(y * y)


@program
def list_appended(x):
    l = []
    try:
        for i in range(10):
            l.append(x[i] * x[0])
    except IndexError:
        l.append(x[1])
    return sum((v * v for v in l))


@program
def dict_filled(x):
    d = {}
    try:
        for i in range(10):
            d[i] = x[i] * x[0]
    except IndexError:
        pass
    return sum((k * v for k, v in d.items()))


@program
def nested_try(x):
    s = x[0]
    try:
        s = s * x[1]
        try:
            s = s * x[2]
            z = x[9]
            s = s * 100.0
        except IndexError:
            s = s * x[3]
            z = x[8]
            s = s * 77.0
        s = s + 1.0
    except IndexError:
        s = s + x[0]
    return s


@program
def finally_reads(x):
    s = x[0]
    out = []
    try:
        try:
            s = s * x[1]
            z = x[9]
            s = s * 3
        finally:
            out.append(s * 2.0)
    except IndexError:
        pass
    return out[0] * s


class Acc:
    def __init__(self):
        self.t = 0.0
        self.n = 0

    def add(self, v):
        self.t = self.t + v
        self.n += 1


@program
def if_half(x):
    s = x[0]
    t = x[1]
    try:
        if x[2] > 0.5:
            s = s * x[2]
            t = t * x[int(x[3] * 8)]
            s = s * 5.0
        else:
            t = t * 2.0
            t = t * x[int(x[3] * -80)]
    except IndexError:
        pass
    return s * t


@program
def pop_until(x):
    l = list(x)
    s = 1.0
    try:
        while True:
            s = s * l.pop() + 0.5
    except IndexError:
        pass
    return s


@program
def view_half(x):
    y = x * 1.0
    z = y[1:]
    try:
        z[0] = x[0] * 3.0
        z[1] *= x[3]
        z[7] = 1.0
        z[2] = 9.0
    except IndexError:
        y[0] = z[1] * y[2]
    return np.sum(y * y)


@program
def retry(x):
    s = x[0]
    k = 0
    while True:
        try:
            s = s * 1.1
            k += 1
            if k < 4:
                raise RuntimeError
            s = s * x[1]
            break
        except RuntimeError:
            s = s + x[2]
    return s


@program
def first_bound(x):
    try:
        a = x[0] * x[1]
        b = x[9]
    except IndexError:
        b = a * a
    return a * b


@program
def closure_nonlocal_half(x):
    s = x[0]

    def step(k):
        nonlocal s
        s = s * x[k]

    try:
        for k in range(9):
            step(k)
    except IndexError:
        s = s * 2.0
    return s


@program
def log_handler(x):
    s = 1.0
    try:
        for i in range(10):
            for j in range(3):
                s = s * x[i + j] + 0.1
    except IndexError as e:
        print("caught", e)
        s = s + len(str(e)) * x[0]
    return s


@program
def reraise(x):
    s = x[0]
    try:
        try:
            for i in range(9):
                s = s * x[i] + 1.0
        except IndexError:
            s = s * 2.0
            raise
    except LookupError:
        s = s + x[1]
    return s


@program
def finally_in_loop(x):
    s = x[0]
    log = []
    try:
        for i in range(9):
            try:
                s = s * x[i]
                s = s + 1.0
            finally:
                log.append(i)
                s = s * 1.1
    except IndexError:
        s = s * 2.0
    return s * len(log)


@program
def finally_plain(x):
    s = x[0]
    out = []

    def f():
        nonlocal s
        try:
            for i in range(9):
                s = s * x[i]
        finally:
            out.append(s)

    try:
        f()
    except IndexError:
        s = s + out[0] * x[1]
    return s


@program
def named_in_else(x):
    t = "abc"
    try:
        name = "q"
        s = x[0] * x[1]
        f = np.sin
        s = f(s) * x[3]
        r = (s, name)
        z = r[0] * x[len(t) + 4]
        s = z
    except IndexError:
        s = s * 2.0
    return s


@program
def callee_state(x):
    st = {"s": x[0], "n": 0}

    def step(st, k):
        st["s"] = st["s"] * 1.5
        st["n"] += 1
        st["s"] = st["s"] * x[k]

    try:
        for k in range(9):
            step(st, k)
    except IndexError:
        pass
    return st["s"] * st["n"]


class Model:
    def __init__(self, w):
        self.w = w
        self.hist = []

    def step(self, x, i):
        self.w = self.w * 0.9
        self.hist.append(self.w)
        self.w = self.w + x[i]


@program
def method_state(x):
    m = Model(x[0])
    try:
        for i in range(7):
            m.step(x, i)
    except IndexError:
        pass
    return m.w * m.hist[-1] + len(m.hist)


@program
def comp_in_try(x):
    s = x[0]
    l = []
    try:
        l = [x[i] * s for i in range(3)]
        s = s * sum(l)
        l = [x[i] * s for i in range(6)]
        s = s * sum(l)
    except IndexError:
        s = s + l[1]
    return s


@program
def errstate_in(x):
    s = x[0]
    try:
        with np.errstate(all="ignore"):
            for i in range(7):
                s = s * x[i]
                s = s + 1.0
    except IndexError:
        s = s * 0.5
    return s


class CM:
    def __init__(self, log):
        self.log = log

    def __enter__(self):
        self.log.append(1)
        return self

    def __exit__(self, t, e, tb):
        self.log.append(2)
        return t is ValueError


@program
def cm_half(x):
    s = x[0]
    log = []
    with CM(log):
        s = s * x[1]
        if s > -1.0:
            raise ValueError
        s = s * 99.0
    return s * len(log)


@program
def cm_in_try(x):
    s = x[0]
    log = []
    try:
        with CM(log):
            s = s * x[1]
            s = s * x[7]
    except IndexError:
        s = s * 2.0
    return s * sum(log)


@program
def while_else(x):
    s = x[0]
    i = 0
    for k in range(3):
        try:
            while x[i] > 0.6 * k:
                s = s * x[i]
                i += 1
                if s < 0.2:
                    break
            else:
                s = s * 100.0
                if k == 1:
                    continue
            s = s + 1.0
        except IndexError:
            s = s + i
            i = 0
            break
    return s


class Timer:
    def __init__(self, o):
        self.o = o

    def __enter__(self):
        self.old = self.o.k
        self.o.k = self.o.k * 2.0
        return self.o

    def __exit__(self, *exc):
        self.o.k = self.old
        if exc[0] is not None:
            self.o.n += 1
        return False


class Box:
    def __init__(self, k):
        self.k = k
        self.n = 0


@program
def cm_loop_inside(x):
    b = Box(x[0])
    s = 1.0
    try:
        with Timer(b) as o:
            for i in range(9):
                s = s * x[i]
                o.k = o.k + s
    except IndexError:
        s = s + b.k
    return s * b.k * b.n


def check(st, v):
    st.append(v)
    if v > 0.8:
        raise ValueError
    st.append(v * v)
    return v * 2.0


@program
def check_calls(x):
    st = []
    s = 1.0
    try:
        for e in x:
            s = s * check(st, e) + 0.1
    except ValueError:
        s = s + sum(st)
    return s


def outer_check(st, v):
    r = check(st, v) + check(st, v * 0.7)
    st.append(r)
    return r


@program
def two_deep(x):
    st = []
    s = 1.0
    for e in x:
        try:
            s = s * outer_check(st, e)
        except ValueError:
            s = s + 0.5
    return s + sum(st) + len(st)


@program
def rethrow_cond(x):
    s = x[0]
    try:
        try:
            for i in range(9):
                s = s * x[i]
                if i == 2:
                    raise KeyError("k")
        except LookupError as e:
            if isinstance(e, IndexError):
                raise
            s = s * 5.0
            raise
    except KeyError as e:
        s = s + 1.0
    return s


@program
def nested3(x):
    s = x[0]
    log = []
    try:
        try:
            try:
                s = s + 1.0
                s = s * x[5]
            except KeyError:
                s = 0.0
            finally:
                log.append(1)
                s = s * 1.5
        except ValueError:
            s = -s
        finally:
            log.append(2)
            s = s * 1.25
    except IndexError:
        s = s * len(log)
    return s


@program
def ret_finally(x):
    log = []

    def f(k):
        s = x[0]
        try:
            for i in range(k):
                s = s * x[i]
                if i == 2:
                    return s
        except IndexError:
            return s * 3.0
        finally:
            log.append(s)
        return s + 1.0

    return f(2) * f(5) + sum(log)


@program
def loop_in_handler(x):
    s = x[0]
    for k in range(3):
        try:
            s = s + 1.0
            s = s * x[3 + k]
        except IndexError:
            for j in range(k):
                s = s * x[j]
                if s > 3.0:
                    break
            else:
                continue
            s = s - 1.0
    return s


@refused("a generator that may fail itself")
def failing_generator(x):
    def g():
        for i in range(9):
            yield x[i]

    s = 1.0
    try:
        for v in g():
            s = s * v
    except IndexError:
        s = s + x[0]
    return s


class Optimiser:
    def __init__(self, rate):
        self.rate, self.steps = rate, 0

    def step(self, p, g):
        self.steps += 1
        if g > 3.0:
            raise OverflowError("large")
        return p - self.rate * g


@program
def what_a_failing_call_would_have_bound(x):
    """A name that is bound to the result of a call that fails keeps its value."""
    o, p = Optimiser(0.1), x[0]
    try:
        for k in range(12):
            p = o.step(p, p * p * x[1] * (k + 1))
    except OverflowError:
        p = p + 1.0
    return p * o.steps


@program
def loop_ended_by_a_handler(x):
    n, s = 0, x[0]
    while True:
        try:
            n += 1
            if n > 5:
                raise KeyError
            if x[0] < -3.0:
                return 0.0
            s = s * x[n % 3] + 1.0
        except KeyError:
            break
    return s * n


@program
def iteration_ended_by_a_handler(x):
    n, s = 0, x[0]
    while n < 20:
        try:
            n += 1
            if n % 2:
                raise KeyError
            if x[0] < -3.0:
                break
            s = s * x[n % 3] + 0.1
        except KeyError:
            s += 0.1 * n
            continue
        n += 1
    return s * n
