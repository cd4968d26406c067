"""Formulas of Python's `statistics`, for numbers that are floats."""

from __future__ import annotations

import math
import statistics
from typing import Any

import numpy as np

from adgen.rules.declare import formula, sample

V = [0.7, -1.2, 2.0, 0.4]
W = [1.5, 0.3, -0.8, 2.2]
POSITIVE = [0.7, 1.2, 2.0]
LISTS = (sample(V), sample([0.7, -1.2, 2.0]), sample(np.array(V)))


def at_least(values: Any, least: int, name: str) -> Any:
    """Return values as a list; as the library does, refuse too few of them."""
    found = list(values)
    if len(found) < least:
        raise statistics.StatisticsError(f"{name} requires at least {least} data points")
    return found


def total(values: Any) -> Any:
    return math.fsum(values)


def deviations(values: Any, about: Any) -> Any:
    """Return the sum of squared distances from a value, or from the mean."""
    centre = sum(values) / len(values) if about is None else about
    return sum([(v - centre) ** 2 for v in values])


@formula(statistics.mean, *LISTS)
def mean(data: Any) -> Any:
    values = at_least(data, 1, "mean")
    return sum(values) / len(values)  # of the type of the numbers, as the library's


@formula(statistics.fmean, *LISTS, sample(V, [1.0, 2.0, 0.5, 0.0]))
def fmean(data: Any, weights: Any = None) -> Any:
    values = at_least(data, 1, "fmean")
    if weights is None:
        return total(values) / len(values)
    factors = list(weights)
    if len(factors) != len(values):
        raise statistics.StatisticsError("data and weights must be the same length")
    return total([v * w for v, w in zip(values, factors)]) / total(factors)


@formula(statistics.geometric_mean, sample(POSITIVE))
def geometric_mean(data: Any) -> Any:
    values = at_least(data, 1, "geometric_mean")
    if min(values) <= 0.0:
        raise statistics.StatisticsError("geometric mean requires positive numbers")
    return math.exp(total([math.log(v) for v in values]) / len(values))


@formula(statistics.harmonic_mean, sample(POSITIVE), sample(POSITIVE, weights=[1.0, 2.0, 0.5]))
def harmonic_mean(data: Any, weights: Any = None) -> Any:
    values = at_least(data, 1, "harmonic_mean")
    if min(values) < 0.0:
        raise statistics.StatisticsError("harmonic mean does not support negative values")
    factors = [1.0 for _ in values] if weights is None else list(weights)
    return total(factors) / total([w / v for v, w in zip(values, factors)])


@formula(statistics.variance, *LISTS, sample(V, 0.3))
def variance(data: Any, xbar: Any = None) -> Any:
    values = at_least(data, 2, "variance")
    return deviations(values, xbar) / (len(values) - 1)


@formula(statistics.pvariance, *LISTS, sample(V, 0.3))
def pvariance(data: Any, mu: Any = None) -> Any:
    values = at_least(data, 1, "pvariance")
    return deviations(values, mu) / len(values)


@formula(statistics.stdev, *LISTS)
def stdev(data: Any, xbar: Any = None) -> Any:
    return math.sqrt(variance(data, xbar))


@formula(statistics.pstdev, *LISTS)
def pstdev(data: Any, mu: Any = None) -> Any:
    return math.sqrt(pvariance(data, mu))


@formula(statistics.median, *LISTS)
def median(data: Any) -> Any:
    values = sorted(at_least(data, 1, "median"))
    k = len(values) // 2
    return values[k] if len(values) % 2 else (values[k - 1] + values[k]) / 2


@formula(statistics.median_low, *LISTS)
def median_low(data: Any) -> Any:
    values = sorted(at_least(data, 1, "median_low"))
    return values[(len(values) - 1) // 2]


@formula(statistics.median_high, *LISTS)
def median_high(data: Any) -> Any:
    values = sorted(at_least(data, 1, "median_high"))
    return values[len(values) // 2]


def products(x: Any, y: Any, least: int = 2) -> Any:
    """Return the sums of squares and of products of what is left of two lists without their means."""
    xs, ys = at_least(x, least, "covariance"), at_least(y, least, "covariance")
    if len(xs) != len(ys):
        raise statistics.StatisticsError("both inputs must have the same number of data points")
    a, b = total(xs) / len(xs), total(ys) / len(ys)
    xx = total([(u - a) ** 2 for u in xs])
    yy = total([(v - b) ** 2 for v in ys])
    xy = total([(u - a) * (v - b) for u, v in zip(xs, ys)])
    return xx, yy, xy


@formula(statistics.covariance, sample(V, W))
def covariance(x: Any, y: Any) -> Any:
    values = list(x)
    return products(values, y)[2] / (len(values) - 1)


@formula(statistics.correlation, sample(V, W))
def correlation(x: Any, y: Any) -> Any:
    xx, yy, xy = products(x, y)
    return xy / math.sqrt(xx * yy)


@formula(statistics.linear_regression, sample(V, W))
def linear_regression(x: Any, y: Any) -> Any:
    xs, ys = list(x), list(y)
    xx, _, xy = products(xs, ys)
    slope = xy / xx
    return statistics.LinearRegression(slope, total(ys) / len(ys) - slope * total(xs) / len(xs))
