"""`finally` and context managers when an exception leaves the block."""

from __future__ import annotations

import contextlib
import threading

import numpy as np

from tests.language.table import program

LOCK = threading.Lock()


class Manager:
    def __init__(self, v):
        self.v = v

    def __enter__(self):
        print("in")
        return self

    def __exit__(self, kind, error, where):
        print("out", kind)


class Suppressor:
    def __enter__(self):
        return 3.0

    def __exit__(self, kind, error, where):
        return kind is not None and issubclass(kind, ValueError)


@contextlib.contextmanager
def closing(v):
    print("open")
    try:
        yield v
    finally:
        print("close")


@contextlib.contextmanager
def forgiving(v):
    with contextlib.suppress(ValueError):
        yield v


@program
def user_manager(x):
    y = x[2]
    try:
        with Manager(x[0]) as m:
            y = m.v * x[1]
            if y > 100.0:
                raise ValueError("large")
    except ValueError:
        return x[0]
    return y


@program
def user_manager_leaves(x):
    try:
        with Manager(x[0]) as m:
            z = m.v * x[1]
            if z > 0.3:
                raise ValueError("large")
    except ValueError:
        return x[0] ** 2
    return x[1]


@program
def suppressor(x):
    with Suppressor():
        if x[1] > 0.3:
            raise ValueError("large")
    return x[0] * x[1]


@program
def suppressor_returns(x):
    with Suppressor() as k:
        if x[1] > 100.0:
            raise ValueError("large")
        return x[0] * k
    return x[1]


@program
def generator_manager(x):
    try:
        with closing(2.0) as k:
            y = k * x[0]
            if x[1] > 0.3:
                raise ValueError("large")
    except ValueError:
        y = x[2] * x[0]
    return y


@program
def generator_forgives(x):
    with forgiving(2.0):
        if x[1] > 0.3:
            raise ValueError("large")
    return x[0] * x[1]


@program
def lock_in_loop(x):
    for i in range(3):
        with LOCK:
            if x[i] > 1.0:
                return x[i] * x[0]
    return x[0]


@program
def lock_and_handler(x):
    try:
        with LOCK:
            y = x[0] * x[1]
            if y > 0.01:
                raise ValueError("large")
    except ValueError:
        y = x[2] ** 2
    return y


@program
def released(x):
    LOCK.acquire()
    try:
        y = np.sum(x * x)
    finally:
        LOCK.release()
    return y


@program
def raises_another(x):
    try:
        L = np.linalg.cholesky(np.outer(x, x) + np.eye(3))
    except np.linalg.LinAlgError as e:
        raise ValueError("not positive definite") from e
    return np.sum(L * L * x)


@program
def finally_in_loop(x):
    s = 0.0
    for i in range(3):
        try:
            if x[i] > 1.0:
                continue
            s += x[i]
        finally:
            s = s * 1.5
    return s


@program
def finally_before_handler(x):
    s = x[0]
    try:
        try:
            y = np.linalg.cholesky(-np.outer(x, x))
        finally:
            s = s * 2
    except np.linalg.LinAlgError:
        return s * x[1]
    return s + np.sum(y)
