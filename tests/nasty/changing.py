"""Programs that read what changes between two calls."""

from __future__ import annotations

import numpy as np

scale = 2.0
vector = np.array([1.0, 2.0])
count = 2
mode = "double"
table = {"a": 2.0}
option = None


def inner(x):
    return x * x


def read_scale(x):
    return x * scale


def read_vector(x):
    return np.sum(x * vector)


def read_count(x):
    for _ in range(count):
        x = x * x
    return x


def read_mode(x):
    return x * 2.0 if mode == "double" else x * x


def read_table(x):
    return x * table["a"]


def read_option(x):
    return x * x if option is None else x * option


def call_inner(x):
    return inner(x) * x


def make(n):
    def scaled(x):
        return x * n

    def change(m):
        nonlocal n
        n = m

    return scaled, change


class Holder:
    """A class whose attribute is read."""

    rate = 2.0


def read_class(x):
    return x * Holder.rate


def read_default(x, s=3.0):
    return x * s


class Plain:
    """An object that is no dataclass."""

    def __init__(self, rate):
        self.rate = rate
        self.kind = "double"

    def run(self, x):
        return x * self.rate if self.kind == "double" else x * x


thing = Plain(2.0)


def read_object(x):
    return x * thing.rate


def run_object(x):
    return thing.run(x)
