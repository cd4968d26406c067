"""What stands above random programs that use it."""

from __future__ import annotations

CLASSES = """\
@dataclasses.dataclass
class Line:
    w: float
    b: float = 0.3

    @property
    def both(self):
        return self.w * np.cos(self.b)

    @property
    def slope(self):
        return self.w

    @slope.setter
    def slope(self, value):
        self.w = 0.5 * value

    @staticmethod
    def bend(x):
        return np.tanh(x) + 0.1 * x

    @classmethod
    def of(cls, w):
        return cls(0.9 * w, np.sin(w))

    def __call__(self, x):
        return self.w * x + self.b

    def __getitem__(self, i):
        return self.w if i else self.b


class Bent(Line):
    def __call__(self, x):
        return 0.7 * super().__call__(self.bend(x))


"""
OUTER = """\
RATE = 0.7
TABLE = np.array([0.4, -0.8, 1.1])
SETTINGS = {"low": 0.2, "high": [0.5, 1.5]}


def damped(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return RATE * f(*args, **kwargs)

    return wrapper


@damped
def wave(x, p=1.2):
    return np.sin(p * x) + SETTINGS["low"]


def apply(f, *args):
    return f(*args) * 0.8


def tail(u, n=1):
    return u[n:]


def scale_first(u, x):
    u[0] *= np.cos(x)
    return u


"""
OUTER_NAMES = ("RATE", "TABLE", "SETTINGS", "wave", "apply", "tail", "scale_first")
