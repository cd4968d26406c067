"""A tuple, a namedtuple and a dataclass as parameters; a tuple as a result."""

from collections import namedtuple
from dataclasses import dataclass

Pair = namedtuple("Pair", ["first", "second"])


@dataclass
class Spring:
    stiffness: float
    length: float


def energy(point, pair, spring):
    x, y = point
    stretch = x * pair.first + y * pair.second - spring.length
    return 0.5 * spring.stiffness * stretch**2, stretch


ARGS = ((0.4, 1.2), Pair(0.8, -0.3), Spring(2.5, 0.7))
