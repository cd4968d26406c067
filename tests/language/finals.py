"""A `finally` that ends the function or an iteration, whatever left its body."""

from __future__ import annotations

from tests.language.table import program


@program
def returns_whatever_happened(x):
    def h(i):
        try:
            return [1.0, 2.0][i] * x[0]
        finally:
            return x[i] ** 2

    return sum(h(i) for i in range(3))


@program
def breaks_at_times(x):
    t = 0.0
    for e in x:
        try:
            if e < 1.0:
                raise ValueError
            t += e**2
        except ValueError:
            t -= e
            if t > 3.0:
                return t
        finally:
            t *= 1.1
            if t > 2.0:
                break
    return t


@program
def continues_in_the_place_of_a_break(x):
    t = 0.0
    for i in range(3):
        try:
            if x[i] > 1.0:
                break
            if x[i] > 2.0:
                return t
            t += x[i]
        finally:
            t += x[i] ** 2
            if i < 1:
                continue
            t *= 2.0
    return t


@program
def within_a_try(x):
    def h(i):
        try:
            try:
                return [1.0, 2.0][i] * x[0]
            finally:
                if i == 1:
                    return x[1]
        except IndexError:
            return x[i] ** 2

    return sum(h(i) for i in range(3))
