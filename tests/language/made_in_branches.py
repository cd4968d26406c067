"""Arrays, lists and objects that a branch makes and gives two names, then written through one of them."""

from __future__ import annotations

import numpy as np

from tests.language.table import program


class Box:
    def __init__(self, a):
        self.a = a


def _twice(x, s):
    if s > 0.1:
        a = x * 2
        b = a
    else:
        a = x * 3
        b = x + 1
    a[0] = x[1] ** 2
    for i in range(2):
        a[i] = b[i + 1] * x[i]
        b[i] += a[i + 1]
    return np.sum(a * b)


@program
def named_twice(x):
    return _twice(x, x[0]) + _twice(x, -x[0])


def _third(x, s):
    if s > 0.1:
        b, c = x * 2, x * 3
        a = b
    else:
        b, c = x * 3, x * 2
        a = c
    for i in range(3):
        a[i] *= x[i]
    return np.sum(b * b) + np.sum(c)


@program
def third_name(x):
    return _third(x, x[0]) + _third(x, -x[0])


def _view(x, s):
    if s > 0.1:
        b = x * 2
        a = b[1:]
    else:
        b = x * 3
        a = b[:-1]
    a[0] = x[1] ** 2
    b[1] *= x[0]
    return np.sum(b * b) + a[0]


@program
def view_of_either(x):
    return _view(x, x[0]) + _view(x, -x[0])


def _views(x, s):
    if s > 0.1:
        t = x * 2
        a, b = t[1:], t[:-1]
    else:
        a, b = x[1:] * 1.0, x[:-1] * 3
    a[0] = x[1] ** 2
    b[1] *= x[2]
    return np.sum(a * b * x[1:])


@program
def views_of_what_has_no_name(x):
    return _views(x, x[0]) + _views(x, -x[0])


def _listed(x, s):
    if s > 0.1:
        a = x * 2
        items = [a, x + 1]
    else:
        a = x * 3
        items = [x * 2, a]
    a[0] = x[1] ** 2
    items[0] = items[1]
    items[0][2] = x[0]
    return np.sum(items[0] * items[1] * a)


@program
def held_by_a_list(x):
    return _listed(x, x[0]) + _listed(x, -x[0])


def _objects(x, s):
    if s > 0.1:
        o = Box(x * 2)
        p, q = o, o.a
    else:
        o, p = Box(x * 3), Box(x)
        q = p.a
    q[0] = 3 * x[1]
    o.a[1] += q[0]
    p.a = p.a * 2
    q[2] *= x[0]
    return np.sum(o.a * p.a * q)


@program
def objects_of_either(x):
    return _objects(x, x[0]) + _objects(x, -x[0])


def _dicts(x, s):
    if s > 0.1:
        d = {"x": x * 2}
        e = d
    else:
        d = {"x": x * 3}
        e = {"x": d["x"]}
    d["x"][0] = x[1] ** 2
    e["x"] = e["x"] * x
    d["x"][1] = x[2]
    return np.sum(d["x"] * e["x"])


@program
def dicts_of_either(x):
    return _dicts(x, x[0]) + _dicts(x, -x[0])


def _tried(x, s):
    y, z = x * 2, x * 3
    try:
        a = y
        if s < 0:
            raise ValueError
        b = z
    except ValueError:
        b, a = a, z
    a[1] = x[0] ** 2
    b[2] += a[1]
    return np.sum(y * z) + a[0] * b[1]


@program
def bound_by_a_handler(x):
    return _tried(x, x[0]) + _tried(x, -x[0])


def _sometimes(x, s):
    y = x * 2
    if s > 0.1:
        a = y[1:]
    total = y.sum()
    if s > 0.1:
        a[0] = total**2
    return np.sum(y * y)


@program
def view_bound_sometimes(x):
    return _sometimes(x, x[0]) + _sometimes(x, -x[0])


def _unbound(x, s):
    if s > 0.1:
        a = b = x * 2
    else:
        a = x * 3
    a[0] = x[1] ** 2
    try:
        return np.sum(b * a)
    except UnboundLocalError:
        return np.sum(a) * 3


@program
def unbound_sometimes(x):
    return _unbound(x, x[0]) + _unbound(x, -x[0])


def _nothing(x, s):
    r = q = None
    if s > 0.1:
        t = x * 3
        r = t
    else:
        t = x * x
        q = t[1:]
    t[0] = x[1] ** 2
    if q is not None:
        q[0] = x[0]
        return np.sum(q * t[1:])
    r[1] = x[0]
    return np.sum(r * r * t)


@program
def nothing_on_one_side(x):
    return _nothing(x, x[0]) + _nothing(x, -x[0])


def _grown(x, s):
    first, second = [x * 2], [x * 3]
    either = first if s > 0.1 else second
    either.append(x * x)
    return np.sum(first[0] * either[-1]) + len(first) * x[1] + np.sum(second[-1])


@program
def list_that_grew(x):
    return _grown(x, x[0]) + _grown(x, -x[0])


def _of_the_test(x, s):
    if x[0] > s:
        e = x[0]
    try:
        return e * 2.0
    except UnboundLocalError:
        return x[1] * 3.0


@program
def bound_to_what_the_test_reads(x):
    return _of_the_test(x, 0.0) + _of_the_test(x, 5.0)
