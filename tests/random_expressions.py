"""Random expressions over names of known kinds and lengths."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """A type with concrete lengths: float, int (with its bounds in `shape`), array, list, dict, tuple."""

    name: str
    shape: tuple[int, ...] = ()
    items: tuple[Kind, ...] = ()
    keys: tuple[str, ...] = ()


F = Kind("float")


def arr(*shape: int) -> Kind:
    return Kind("array", shape)


@dataclass
class Helper:
    name: str
    params: list[tuple[str, Kind, str | None]]
    result: Kind
    source: str
    writes: bool = False


NAMES = list("abcdeghpqrstwz")

SCALAR_ARITHMETIC = """
    ($s + $s) | ($s - $s) | $a * $a | $s / (1.5 + $q) | $a ** 2 | $a ** 3 | (1.2 + $q) ** $n
    ($s // 0.37) | ($s % 1.3) | -$a | (1.1 + $q) ** $a | 0.5 * ($s) | $a - $s | ($s + $a)
"""
SCALAR_CALLS = """
    math.sin($s) | np.sin($s) | np.tanh($s) | math.tanh($s) | np.exp(0.3 * np.tanh($s)) | math.exp(-($q))
    np.sqrt(1.0 + $q)
    math.log(1.5 + $q) | abs($s) | min($s, $s) | max($s, $s) | math.cos($s) | pow(1.3 + $q, 0.4)
    float($s) | np.arctan($s)
    math.sqrt(0.7 + $q) | np.maximum($s, $s) | np.log1p($q)
"""
ARRAY_ARITHMETIC = """
    ($a + $a) | ($a - $s) | $x * ($a) | 0.5 * ($a) * ($a) | ($a) / (1.0 + $q) | ($a - $a) | ($s + $a) | -($a)
    ($a % 1.7) | ($a // 0.41) | ($a - $a)
"""
ARRAY_CALLS = """
    np.tanh($a) | np.sin($a) | np.cos($a) | np.exp(-($a) ** 2) | np.sqrt(1.0 + ($a) ** 2) | np.where($a > $n, $a, $a)
    np.maximum($a, $a) | np.abs($a) | np.log(1.2 + ($a) ** 2) | np.clip($a, -0.93, 0.88) | np.minimum($a, $n)
    (1.3 + np.tanh($a)) ** 1.5 | ($a if $c else $a)
"""
SCALAR_ARITHMETIC, SCALAR_CALLS, ARRAY_ARITHMETIC, ARRAY_CALLS = (
    [t.strip() for line in text.strip().splitlines() for t in line.split("|")]
    for text in (SCALAR_ARITHMETIC, SCALAR_CALLS, ARRAY_ARITHMETIC, ARRAY_CALLS)
)


class Expressions:
    """Draws expressions that are defined where they stand: every name has the kind that `env` says."""

    def __init__(
        self, rng: random.Random, env: dict[str, Kind], result: Kind, helpers: list[Helper], weights: dict[str, float]
    ):
        self.rng = rng
        self.env = env
        self.result = result
        self.helpers = helpers
        self.weights = weights
        self.lines: list[str] = []
        self.depth = 1
        self.loops = 0
        self.whiles = 0
        self.owned: set[str] = set()  # arrays that may be written
        self.fixed: set[str] = set()  # names that must not be assigned (loop indices and counters)
        self.count = 0
        self.tags: set[str] = set()
        self.used: set[str] = set(env)

    # names and choices

    def emit(self, text: str) -> None:
        self.lines.append("    " * self.depth + text)
        self.count += 1

    def fresh(self) -> str:
        pool = [n for n in NAMES if n not in self.used]
        name = self.rng.choice(pool) if pool else f"v{len(self.used)}"
        self.used.add(name)
        return name

    def pick(
        self, kind: Kind | None = None, name: str = "", where: Callable[[str, Kind], bool] = lambda n, k: True
    ) -> str | None:
        found = [
            n
            for n, k in self.env.items()
            if (kind is None or k == kind) and (not name or k.name == name) and where(n, k)
        ]
        if not found:
            return None
        # Later names are read more often: less of the program is dead.
        return found[-1 - min(int(self.rng.expovariate(0.5)), len(found) - 1)]

    def number(self, low: float = -1.5, high: float = 1.5) -> str:
        return repr(round(self.rng.uniform(low, high), 2) or 0.25)

    def index(self, length: int) -> str:
        choices: list[str] = [str(self.rng.randrange(length)), str(self.rng.randrange(length) - length)]
        for n, k in self.env.items():
            if k.name == "int":
                low, high = k.shape
                choices += [n] * 6 if high < length else []
                choices += [f"{n} + 1"] * 2 if high + 1 < length else []
                choices += [f"{n} - 1"] * 2 if low >= 1 and high - 1 < length else []
        return self.rng.choice(choices)

    def bounds(self, length: int, wanted: int) -> str:
        """Return the text of a slice of `wanted` elements."""
        start = self.rng.randrange(length - wanted + 1)
        stop = start + wanted
        if wanted == length and self.rng.random() < 0.3:
            return self.rng.choice([":", "::-1"])
        if wanted * 2 - 1 <= length and wanted > 1 and self.rng.random() < 0.2:
            return "::2" if (length + 1) // 2 == wanted else f":{wanted * 2}:2"
        first = "" if start == 0 else str(start)
        last = "" if stop == length else self.rng.choice([str(stop), str(stop - length)])
        return f"{first}:{last}"

    # expressions

    def fill(self, template: str, holes: dict[str, Callable[[], str]]) -> str:
        """Replace each `$x` of a template by a new text from `holes`."""
        return re.sub(r"\$([a-z])", lambda m: holes[m[1]](), template)

    def scalar(self, depth: int = 2) -> str:
        rng = self.rng
        if depth <= 0 or rng.random() < 0.12:
            return self.atom()
        holes = {
            "s": lambda: self.scalar(depth - 1),
            "a": self.atom,
            "q": self.square,
            "n": lambda: self.number(-1.0, 1.0),
            "c": self.condition,
        }
        choice = rng.random()
        if choice < 0.34:
            return self.fill(rng.choice(SCALAR_ARITHMETIC), holes)
        if choice < 0.56:
            return self.fill(rng.choice(SCALAR_CALLS), holes)
        if choice < 0.8:
            return self.reduction(depth)
        if choice < 0.88:
            return self.fill("($s if $c else $s)", holes)
        if choice < 0.95:
            return self.call(F) or holes["s"]()
        k = self.pick(name="int")
        seq = self.pick(name="list")
        if seq and rng.random() < 0.5:
            return f"len({seq}) * {self.atom()}"
        return f"0.5 * {k} * {self.atom()}" if k else holes["s"]()

    def square(self) -> str:
        a = self.pick(F) or self.number(0.2, 1.5)
        return f"{a} * {a}" if self.rng.random() < 0.6 else f"{a} ** 2"

    def atom(self) -> str:
        rng = self.rng
        for _ in range(3):
            choice = rng.random()
            if choice < 0.5:
                found = self.pick(F)
            elif choice < 0.72:
                found = self.element()
            elif choice < 0.9:
                found = self.part(F)
            else:
                found = self.number()
            if found:
                return found
        return self.number()

    def element(self) -> str | None:
        u = self.pick(name="array")
        if u is None:
            return None
        shape = self.env[u].shape
        if len(shape) == 1:
            return f"{u}[{self.index(shape[0])}]"
        if self.rng.random() < 0.25:
            return f"{u}[{self.index(shape[0])}][{self.index(shape[1])}]"
        return f"{u}[{self.index(shape[0])}, {self.index(shape[1])}]"

    def part(self, kind: Kind) -> str | None:
        """Return an item of a list, dict or tuple."""
        found = [n for n, k in self.env.items() if kind in k.items]
        if not found:
            return None
        n = self.rng.choice(found)
        k = self.env[n]
        if k.name == "list":
            return f"{n}[{self.rng.choice([0, -1, self.rng.randrange(k.shape[0])])}]"
        at = self.rng.choice([i for i, item in enumerate(k.items) if item == kind])
        return f"{n}[{k.keys[at]!r}]" if k.name == "dict" else f"{n}[{at}]"

    def reduction(self, depth: int) -> str:
        rng = self.rng
        u = self.pick(name="array")
        if u is None:
            return self.atom()
        kind = self.env[u]
        e = self.array(kind.shape, depth - 1)
        options = [
            f"np.sum({e})",
            f"({e}).sum()",
            f"np.mean({e})",
            f"{u}.mean()",
            f"{u}.max()",
            f"np.min({u})",
            f"{u}.sum()",
            f"np.sum({u} ** 2)",
        ]
        options.append(f"np.sqrt(0.5 + np.sum({u} * {u}))")
        if len(kind.shape) == 1:
            v = self.array(kind.shape, depth - 1)
            options += [f"np.dot({u}, {v})", f"{u} @ ({v})", f"{u}.dot({v})", f"sum({u})", f"np.prod(np.cos({u}))"]
        else:
            options += [f"np.trace({u} @ {u}.T)", f"np.mean({u}, axis=0).sum()"]
        seq = self.pick(where=lambda n, k: k.name == "list" and k.items[0] == F)
        if seq:
            options += [f"sum({seq})", f"max({seq})"]
        return f"0.5 * {rng.choice(options)}"

    def array(self, shape: tuple[int, ...], depth: int = 2, plain: bool = True) -> str:
        """Return an expression for an array; without `plain` it is never a bare name or view."""
        rng = self.rng
        if plain and (depth <= 0 or rng.random() < 0.25):
            found = self.pick(arr(*shape)) if rng.random() < 0.75 else self.part(arr(*shape))
            found = found or self.pick(arr(*shape)) or self.part(arr(*shape)) or self.view(shape)
            if found:
                return found
        if depth <= 0:
            return self.fill(
                rng.choice(["np.full($t, $n)", "$n * np.ones($t)"]), {"t": lambda: shape_text(shape), "n": self.number}
            )
        holes = {
            "a": lambda: self.array(shape, depth - 1),
            "s": lambda: self.scalar(1),
            "x": self.atom,
            "q": self.square,
            "n": self.number,
            "c": self.condition,
        }
        if rng.random() < 0.35:
            found = self.structural(shape, depth)
            if found:
                return found
        return self.fill(rng.choice(ARRAY_ARITHMETIC if rng.random() < 0.4 else ARRAY_CALLS), holes)

    def structural(self, shape: tuple[int, ...], depth: int) -> str | None:
        """Return an expression that makes a new array from other shapes, or with a function of the program."""
        d = depth - 1
        u = self.pick(arr(*shape))
        call = self.call(arr(*shape))
        options = [call] * 3 if call else []
        if u:
            options += [f"{u}.copy()", f"np.zeros_like({u}) + $s", f"{u}.clip(-1.1, 1.2)"]
        if len(shape) == 1:
            (n,) = shape
            tall = self.pick(where=lambda _, k: k.name == "array" and len(k.shape) == 2 and k.shape[0] == n)
            wide = self.pick(where=lambda _, k: k.name == "array" and len(k.shape) == 2 and k.shape[1] == n)
            if tall:
                cols = self.env[tall].shape[1]
                options += [f"0.5 * {tall} @ ({self.array((cols,), d)})", f"{tall}.sum(axis=1)"]
                options += [f"np.mean({tall}, axis=1)", f"{tall}.max(axis=1)"]
            if wide:
                options += [f"{wide}.mean(axis=0)", f"np.sum(np.sin({wide}), axis=0)"]
            if n >= 2:
                cut = self.rng.randrange(1, n)
                options.append(f"np.concatenate(({self.array((cut,), d)}, {self.array((n - cut,), d)}))")
            options += [f"np.array([{', '.join(['$s'] * n)}])", "np.cumsum($a) * 0.3"]
        else:
            n, m = shape
            rows = ", ".join(self.array((m,), d) for _ in range(n))
            options += [
                f"0.5 * np.outer({self.array((n,), d)}, {self.array((m,), d)})",
                f"($a + {self.array((m,), d)})",
                f"(({self.array((n,), d)})[:, None] * $a)",
                f"0.3 * (({self.array((n, n), d)}) @ $a)",
                f"np.stack([{rows}])",
                f"({self.array((m, n), d)}).T * $n",
                f"np.reshape(np.sin({self.array((n * m,), d)}), ({n}, {m}))",
            ]
        holes = {"a": lambda: f"({self.array(shape, d)})", "s": lambda: self.scalar(1), "n": self.number}
        return self.fill(self.rng.choice(options), holes)

    def view(self, shape: tuple[int, ...]) -> str | None:
        """Return a slice, row or column of a name that has the shape."""
        options: list[Callable[[], str]] = []
        for n, k in self.env.items():
            if k.name != "array":
                continue
            if len(k.shape) == len(shape) == 1 and k.shape[0] >= shape[0]:
                options.append(lambda n=n, k=k: f"{n}[{self.bounds(k.shape[0], shape[0])}]")
            elif len(k.shape) == 2 and len(shape) == 1:
                if k.shape[1] == shape[0]:
                    options.append(lambda n=n, k=k: f"{n}[{self.index(k.shape[0])}{self.rng.choice(['', ', :'])}]")
                if k.shape[0] == shape[0]:
                    options.append(lambda n=n, k=k: f"{n}[:, {self.index(k.shape[1])}]")
                if k.shape[0] * k.shape[1] == shape[0]:
                    options += [lambda n=n: f"{n}.ravel()", lambda n=n, s=shape: f"{n}.reshape({s[0]})"]
            elif len(k.shape) == len(shape) == 2:
                if k.shape == shape[::-1]:
                    options += [lambda n=n: f"{n}.T"] * 2
                if k.shape[0] >= shape[0] and k.shape[1] >= shape[1] and k.shape != shape:
                    options.append(
                        lambda n=n, k=k: (
                            f"{n}[{self.bounds(k.shape[0], shape[0])}, {self.bounds(k.shape[1], shape[1])}]"
                        )
                    )
        return self.rng.choice(options)() if options else None

    def condition(self, depth: int = 1) -> str:
        rng = self.rng
        choice = rng.random()
        if depth and choice < 0.25:
            word = rng.choice(["and", "or"])
            return f"{self.condition(0)} {word} {self.condition(0)}"
        if depth and choice < 0.32:
            return f"not ({self.condition(0)})"
        if choice < 0.4:
            return f"{self.number(-1.0, 0.0)} < {self.atom()} <= {self.number(0.1, 1.0)}"
        k = self.pick(name="int")
        if k and choice < 0.55:
            return rng.choice(
                [f"{k} % 2 == {rng.randrange(2)}", f"{k} > {rng.randrange(3)}", f"{k} != {rng.randrange(3)}"]
            )
        return f"{self.scalar(1)} {rng.choice(['<', '>', '<=', '>='])} {self.atom()}"

    def value(self, kind: Kind, depth: int = 2) -> str:
        """Return an expression that makes a new value of a kind."""
        if kind == F:
            return self.scalar(depth)
        if kind.name == "array":
            return self.array(kind.shape, depth, plain=False)
        if kind.name == "list":
            return f"[{', '.join(self.value(kind.items[0], 1) for _ in range(kind.shape[0]))}]"
        items = [self.value(k, 1) for k in kind.items]
        if kind.name == "dict":
            return "{" + ", ".join(f"{k!r}: {v}" for k, v in zip(kind.keys, items)) + "}"
        return f"({', '.join(items)})"

    def bounded(self, kind: Kind, depth: int = 2) -> str:
        """Return an expression that can be assigned over and over without growing."""
        e = self.value(kind, depth)
        if kind.name not in ("float", "array"):
            return e
        return self.rng.choice(
            [f"np.tanh({e})", f"0.5 * np.sin({e})", f"np.sin({e})", f"np.tanh({e}) * {self.number()}"]
        )

    def call(self, kind: Kind) -> str | None:
        found = [h for h in self.helpers if h.result == kind and not h.writes]
        if not found:
            return None
        h = self.rng.choice(found)
        return f"{h.name}({self.arguments(h)})"

    def arguments(self, h: Helper) -> str:
        """Return arguments: the first ones by position, then some by keyword, defaults sometimes left out."""
        parts: list[str] = []
        by_keyword = False
        rest: list[str] = []
        for n, k, default in h.params:
            by_keyword = by_keyword or self.rng.random() < 0.25
            if default is not None and self.rng.random() < 0.5:
                by_keyword = True
                continue
            text = self.scalar(1) if k == F else self.array(k.shape, 1)
            if by_keyword:
                rest.append(f"{n}={text}")
            else:
                parts.append(text)
        if len(rest) > 1 and self.rng.random() < 0.3:
            rest.reverse()
        return ", ".join(parts + rest)


def shape_text(shape: tuple[int, ...]) -> str:
    return str(shape[0]) if len(shape) == 1 else str(shape)
