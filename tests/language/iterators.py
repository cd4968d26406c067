"""Iterators that are stepped, endless ones, generators whose consumer stops early or goes on later."""

from __future__ import annotations

import itertools

from tests.language.table import program


def powers(b):
    p = 1.0
    while True:
        yield p
        p = p * b


def newton(a):
    y = a
    while True:
        yield y
        y = 0.5 * (y + a / y)


class Countdown:
    def __init__(self, values):
        self.values = values
        self.left = len(values)

    def __iter__(self):
        return self

    def __next__(self):
        if self.left == 0:
            raise StopIteration
        self.left -= 1
        return self.values[self.left]


@program
def first_and_rest(x):
    it = iter(x)
    previous = next(it)
    total = previous * next(iter([x[1], 2.0]))
    for v in it:
        total += (v - previous) ** 2
        previous = v
    return total


@program
def pairs_of_one_iterator(x):
    it = iter([*x, x[0]])
    return sum(a * b for a, b in zip(it, it)) + sum(a * b * c for a, b, c in zip(*[iter(x)] * 3))


@program
def two_loops_over_one(x):
    it = iter(x)
    total = 0.0
    for v in it:
        total += v
        if v > 1.0:
            break
    for v in it:
        total += v**3 * next(it, x[0])
    return total


@program
def search(x):
    found = next((v * v for v in x if v > 1.0), x[0])
    missing = next((v for v in x if v > 9.0), None)
    return found if missing is None else missing


@program
def until_exhausted(x):
    it = iter(x)
    total = 0.0
    while True:
        try:
            v = next(it)
        except StopIteration:
            break
        total = total * x[0] + v
    return total


@program
def endless(x):
    series = sum(c * p for c, p in zip(x, powers(x[0])))
    last = x[0]
    for y in newton(x[1]):
        if abs(y - last) < 1e-13:
            break
        last = y
    some = sum(itertools.takewhile(lambda p: p < 9.0, powers(x[2])))
    return series * last + some + sum(itertools.islice(powers(x[1]), 1, 6, 2))


@program
def stepped_in_turns(x):
    a, b = powers(x[0]), (2.0 * v for v in x)
    total = next(a)
    for k in range(5):
        total = total * 0.5 + (next(b, 1.0) if k % 2 else next(a))
    return total + sum(p * q for p, q in zip(powers(x[1]), map(lambda v: v * v, x)))


@program
def left_and_taken_up(x):
    seen = []

    def squares():
        for v in x:
            seen.append(v)
            yield v * v

    it = squares()
    for v in it:
        if v > 1.0:
            break
    return v * sum(seen) + sum(it)


@program
def order_of_effects(x):
    log = [x[0]]

    def numbers():
        for v in x:
            log.append(log[-1] * v)
            yield log[-1]
        log.append(100.0)

    total = 0.0
    for v, _ in zip(numbers(), range(2)):
        log.append(v + total)
        total += log[-1]
    return total + log[-1]


@program
def last_of_filtered(x):
    v = last = x[2]
    for v in filter(lambda v: v < 2.0, x):
        last = last * v
    return v * last


@program
def counted(x):
    total = sum(i * v for v, i in zip(x, itertools.count(10, 2)))
    for k in itertools.count(1):
        total = total + k * x[0]
        if total > 50.0:
            break
    return total + sum(c * v for v, c in zip(x, itertools.cycle([x[1], -2.0]))) + sum(itertools.repeat(x[2], 3))


@program
def grouped(x):
    total = 0.0
    for large, group in itertools.groupby([*x, x[0]], lambda v: v > 1.0):
        t = sum(group)
        total += t * t if large else t
    return total


@program
def joined_iterators(x):
    it = itertools.chain(x, (2.0 * v for v in x))
    a, b = itertools.tee(v * v for v in x)
    next(b)
    longest = itertools.zip_longest(x, [x[0]], fillvalue=2.0)
    return next(it) * sum(it) + sum(p * q for p, q in zip(a, b)) + sum(p * q for p, q in longest)


@program
def accumulated(x):
    it = itertools.accumulate(x, lambda a, b: a * b)
    first = next(it)
    return sum(a * b for a, b in zip(itertools.accumulate(x, max), x)) + first


@program
def chunks(x):
    it = iter([*x, *x])
    total = 0.0
    while True:
        chunk = list(itertools.islice(it, 4))
        if not chunk:
            break
        total += sum(chunk) ** 2
    return total


@program
def object_that_is_stepped(x):
    it = Countdown(x)
    first = next(it)
    return first * sum(v * v for v in it)


@program
def called_until(x):
    count = [0]

    def tick():
        count[0] += 1
        return count[0] if count[0] < 4 else -1

    return sum(x[0] ** k for k in iter(tick, -1))


@program
def rows_of_a_generator(x):
    y = x.copy()

    def parts():
        for i in range(len(y)):
            yield y[i : i + 1]

    for part in parts():
        part *= 2.0 * part
    return y.sum()


@program
def generator_in_generator(x):
    def inner(a):
        for v in x:
            if v > a:
                yield v * a

    def outer():
        for a in (0.5, 1.0):
            for v in inner(a):
                yield v * v

    total = 1.0
    for v in outer():
        if v > 4.0:
            continue
        total = total * (1.0 + v)
    return total
