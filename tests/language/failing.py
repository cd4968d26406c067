"""Operations on known lists, dicts and texts that fail where the program catches it; what inner functions share."""

from __future__ import annotations

import functools

from tests.language.table import program, refused


@program
def deletes_what_is_not_there(x):
    d = {"a": x[0]}
    try:
        del d["b"]
        y = x[1]
    except KeyError:
        y = d["a"] ** 2
    return y


@program
def deletes_an_item_beyond(x):
    values = [x[0], x[1]]
    try:
        del values[5]
        y = x[1]
    except IndexError:
        y = values[0] ** 2
    return y


@program
def puts_too_few_into_a_slice(x):
    values = [x[0], x[1], x[2]]
    try:
        values[::2] = [x[1] * x[1]]
    except ValueError:
        values[0] = x[0] ** 3
    return values[0] * values[2]


@program
def deletes_every_second(x):
    values = [v * v for v in x] + [x[0], x[1]]
    try:
        del values[::2]
    except ValueError:
        values = [x[0]]
    return values[0] * values[1] * len(values)


@program
def deletes_backwards(x):
    values = [v * v for v in x] + [x[0], x[1]]
    del values[3:0:-2]
    return values[0] * values[1] * values[2] * len(values)


@program
def takes_what_is_not_there(x):
    d, values = {"a": x[0]}, []
    y = 1.0
    try:
        y = d.pop("b")
    except KeyError:
        y *= d["a"] ** 2
    try:
        y = values.pop()
    except IndexError:
        y *= x[1]
    try:
        y = x["abc".index("d")]
    except ValueError:
        y *= x[2]
    return y


@program
def zips_alike(x):
    s = 0.0
    for a, b in zip(x, x[::-1], strict=True):
        s += a * a * b
    return s


@refused("a generator that may fail itself")
def zips_to_an_end(x):
    s = 0.0
    try:
        for a, b in zip(x, x[:2], strict=True):
            s += a * b
    except ValueError:
        s = s * x[0]
    return s


@refused("may be unbound")
def deletes_an_unbound_name(x):
    del y  # noqa: F821
    return x[0]


@program
def deletes_and_binds(x):
    s = 0.0
    for v in x:
        t = v * v
        s += t
        del t
    return s * s


@program
def largest_or_default(x):
    large = [v for v in x if v > 10.0]
    return max(large, default=x[0]) ** 2 * min(x, default=1.0) * max([], default=x[1], key=abs)


@program
def nothing_to_reduce(x):
    try:
        y = functools.reduce(lambda a, b: a * b, [v for v in x if v > 10.0])
    except TypeError:
        y = x[0] ** 2
    return y


@program
def last_item_of_dict(x):
    d = {"a": x[0], "b": x[1]}
    k, v = d.popitem()
    return v**2 * d["a"] if k == "b" else v


@program
def shared_by_three_functions(x):
    def outer():
        y = x[0]

        def middle():
            nonlocal y
            y = y * x[1]

            def inner():
                nonlocal y
                y = y + x[2]

            inner()

        middle()
        middle()
        return y

    return outer()


@program
def shared_past_a_function(x):
    y = x[1]

    def through():
        def inner():
            nonlocal y
            y = y * x[2]

        inner()
        return y

    def again():
        nonlocal y
        y += x[0] * through()

    again()
    return y


@program
def sets_of_run_time(x):
    seen = {int(v) for v in x}
    s = 0.0
    for k in (2, 0, 2):
        if k not in seen:
            continue
        seen.discard(k)
        s += x[k] ** 2
    return s * len(seen)


@program
def delay_line(x):
    a, b, c, d, e, f = 0, 1, 2, 3, 4, 5
    for _ in range(20):
        a = b
        b = c
        c = d
        d = e
        e = f
        f = x[0] * 0.5 + f * x[1] * 0.1
    return a * x[2]


def _generator_of(v):
    if v > 50.0:
        return (u for u in [v])
    return _generator_of(v * v)


@refused("what this recursive function returns")
def recursion_that_gives_a_generator(x):
    return sum(_generator_of(x[1]))


@program
def bound_by_a_handler_alone(x):
    s = 0.0
    for _ in range(3):
        try:
            try:
                raise ValueError("a")
            except KeyError:
                y = x[0]
            finally:
                w = x[2]
        except ValueError:
            y = x[1] * w
        s = 0.5 * s + y
    return s
