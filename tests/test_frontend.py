"""The tree means what the function means: interpreted, before and after `single_exit`, it does what Python does."""

from __future__ import annotations

import copy
import math
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adgen.errors import UnsupportedError
from adgen.frontend import tree as t
from adgen.frontend.lower import lower, lower_function
from adgen.frontend.show import show_tree
from adgen.frontend.source import find_source
from tests.tree_eval import evaluate

RATE = 0.5
CASES: list[tuple[Callable[..., Any], tuple[Any, ...]]] = []


def case(*calls: tuple[Any, ...]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Run the function below on each tuple of arguments."""

    def add(fn: Callable[..., Any]) -> Callable[..., Any]:
        CASES.extend((fn, c) for c in calls)
        return fn

    return add


class Box:
    def __init__(self, value: Any) -> None:
        self.value = value
        self.__hidden = value

    def secret(self, add: Any) -> Any:
        self.__hidden += add
        return self.__hidden

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Box) and other.__dict__ == self.__dict__


# Assignment


@case((1.0, 2.0))
def plain(a, b):
    c = a
    d = c * b - -1
    c = d / (a + b) // 0.3 % 7**2
    return +c, -d, ~3, not c


@case((1, 2))
def swap(u, v):
    u, v = v, u
    return u, v


@case(((1, (2, 3), 4),))
def nested_unpack(x):
    a, (b, c), d = x
    [e, *f] = x
    *g, (h, *i), j = x
    return a, b, c, d, e, f, g, h, i, j


@case((3,))
def chained(x):
    a = b = x * 2
    c = d, e = [x, a]
    return a, b, c, d, e


@case(())
def targets_in_order():
    x = [0, 0, 0]
    i = 0
    i, x[i] = 1, 5
    x[i], i = 7, 2
    a, (a, b) = 1, (2, 3)
    (c, d), c = (1, 2), 9
    return x, i, a, b, c, d


@case(((1, 2),), ((1, 2, 3, 4),))
def unpack_wrong(x):
    a, b, c = x
    return a


@case(([1, 2, 3], 2.0))
def augmented(xs, y):
    i = 0
    xs[i] += 10
    xs[1:] += [4]
    xs[xs[0] - 11] **= 2
    y *= 3
    y -= xs[0]
    y /= 2
    y //= 1
    b = Box(y)
    b.value += 2
    xs += [1]
    i |= 6
    i <<= 2
    i ^= 5
    i &= 30
    i >>= 1
    i %= 4
    return xs, y, b, i


@case((5,))
def annotated(x):
    y: float = x
    z: int  # noqa: F842
    b = Box(0)
    b.value: int = y + 1
    return y, b


@case((1,), (5,))
def walrus(x):
    if (y := x + 1) > 3:
        return y
    z = x + (x := 10) + x
    w = (x := 3) * (x := 4) + x
    x += (x := 100)
    return y, z, w, x


@case(([3, 2, 1, 0],))
def walrus_loop(xs):
    total = 0
    i = 0
    while (v := xs[i]) > 0:
        total += v
        i += 1
    return total, v, [(last := u) for u in xs], last


@case(({"a": 1, "b": 2}, [1, 2, 3]))
def deletes(d, xs):
    y = 1
    del d["a"], xs[0]
    del y
    return d, xs, y  # noqa: F821


@case((True,), (False,))
def unbound(c):
    if c:
        x = 1
    return x


@case((2,))
def free_names(x):
    return RATE * x + math.sin(x) + len(str(x))


@case((2,))
def missing_name(x):
    x + 1
    no_such_name  # noqa: F821
    return x


# Operators and conditions


def log(trace, value):
    trace.append(value)
    return value


@case((0, 1, 2), (1, 0, 2), (0, 0, 0), (1, 2, 3))
def bools(a, b, c):
    r = []
    return (
        log(r, a) and log(r, b) and log(r, c),
        log(r, a) or log(r, b) or log(r, c),
        log(r, a) and log(r, b) or log(r, c),
        not (log(r, a) or log(r, b)),
        r,
    )


@case((1, 0), (0, 1))
def bool_to_own_name(x, y):
    x = y and x
    y = y or x
    return x, y


@case((1, 2, 3), (3, 2, 1), (1, 3, 2))
def chain(a, b, c):
    r = []
    first = log(r, a) < log(r, b) < log(r, c)
    second = log(r, a) < log(r, b) != log(r, c) > 1 in (1, 2, True)
    a = a < b < c
    return first, second, a, r, a is not None, b not in (1, 2), c is None, b == 2, a >= 1, b <= 2


@case((3,), (-3,), (0,))
def conditional(x):
    y = x + 1 if x > 0 else x - 1
    x = (1 if x > 2 else 2) if x else (x or 3)
    return y, x


@case((1,), (-1,), (0,), (7,))
def branches(x):
    # the sign
    if x > 5:
        y = "big"
    elif x > 0:
        y = 1
    elif x < 0:
        y = -1
        if x < -5:
            pass
    else:
        y = 0
    return y


@case((np.arange(24.0).reshape(2, 3, 4),))
def subscripts(x):
    i = 1
    y = x[0, ..., i:, None][::-1]
    x[1:, :, 0] = 5
    x[..., -1] += y.sum()
    return x, y, x[0][1][2], x[(0, 1)], x.shape[0], x.T.shape


@case((1, [2, 3], {"k": 4}))
def displays(a, xs, d):
    return [a, *xs, a], (*xs,), {*xs, a}, {"a": a, **d, a: xs}, [], (), {}


@case((3.14159, "s"))
def strings(x, s):
    w = 9
    return f"{x:.2f} {s!r:>{w}}|{s!a}{x!s:.3}" + f"plain" + f"{{}}{w:{w}{'d'}}" + f"{x=:.1f}"  # noqa: F541


# Loops


@case(([1, 2, 3],), ([],))
def for_else(xs):
    t = 0
    for x in xs:
        t += x
    else:
        t += 100
    return t


@case(([1, 2, 3], 2), ([1, 2, 3], 9), ([], 0))
def for_break_else(xs, y):
    for i, x in enumerate(xs):
        if x == y:
            found = i
            break
        x += 1
    else:
        found = None
    return found


@case(([1, -2, 3, 0, 5],), ([],), ([-1],))
def continues(xs):
    t = 0
    for x in xs:
        if x < 0:
            continue
        t += x
        if x == 0:
            t *= 2
            continue
        t += 1
    return t


@case((10,), (0,), (3,))
def while_else(n):
    i = 0
    while i < n:
        i += 1
        if i == 7:
            break
        if i == 4:
            continue
        n -= 1
    else:
        return "else", i, n
    return i, n


@case((0,), (5,), (50,))
def endless(x):
    while True:
        x += 1
        if x > 20:
            return x
        if x % 3:
            continue
        x += 2


@case((0,), (7,))
def endless_break(x):
    while 1:
        x += 1
        if x > 5:
            break
    else:
        x = "never"
    return x


@case((4, 5), (1, 1), (9, 2))
def return_in_nest(a, b):
    t = 0
    for i in range(5):
        for j in range(5):
            t += i * j
            if i == a and j == b:
                return "found", t
            if j > i:
                break
            if t > 30:
                return "big", t
        else:
            t += 1
        t += 2
    t += 1000
    return t


@case((1,), (2,), (3,), (4,), (5,), (6,))
def three_deep(k):
    n = 0
    for i in range(3):
        while n < 100:
            n += 1
            for j in (0, 1, 2):
                n += j
                if k == 1 and n > 4:
                    return i, n
                if k == 2 and n > 4:
                    break
                if k == 3:
                    if j:
                        continue
                    n += 1
                if k == 4 and j == 2:
                    raise ValueError(n)
            else:
                if k == 5:
                    break
            if k == 6 and n > 10:
                return n
        else:
            n -= 50
    return n


@case((1,), (2,), (3,), (4,))
def maybe_leaves(k):
    t = []
    for i in range(6):
        if k > 1:
            if i == 2:
                continue
            if i == 4 and k > 2:
                break
            t.append(-i)
        else:
            if i == 3:
                return t
            t.append("k")
        t.append(i)
        if i % 2:
            if k == 4 and i > 2:
                return "odd", t
            t.append("odd")
        t.append("end")
    t.append("after")
    return t


@case((0,), (1,), (2,), (3,))
def early_returns(x):
    if x == 0:
        return "zero"
    y = x * 2
    if x == 1:
        y += 1
        if y > 0:
            return y
        y = 5
    if x == 2:
        return
    return x, y


@case((True, True), (True, False), (False, True))
def both_return(a, b):
    if a:
        if b:
            return 1
        else:
            return 2
    else:
        return 3
    return 4


@case((3,), (-1,))
def no_return(x):
    if x > 0:
        x += 1


@case((1,), (-1,))
def return_or_fall(x):
    for i in range(3):
        if x > 0:
            return i


@case((2,), (0,))
def dead_code(x):
    while x:
        x -= 1
        break
        x = 100
    return x
    x = 5
    return -x


@case((1,), (-1,), (0,))
def raising(x):
    if x < 0:
        raise ValueError(f"negative {x}")
    if x == 0:
        raise KeyError from ValueError("cause")
    return x


@case((1,), (0,))
def always_raises(x):
    if x:
        raise TypeError("t")
    raise ValueError("v")


@case((1,), (0,))
def asserting(x):
    assert x, "must be " + str(x)
    assert x > 0
    return x


@case(([(1, 2), (3, 4)],))
def loop_pattern(pairs):
    out = []
    for i, (a, b) in enumerate(pairs):
        out.append(a * b + i)
    x = [0]
    for x[0] in (1, 2):
        pass
    return out, x, i, a


@case(([],), ([1],))
def loop_variable_after(xs):
    for x in xs:
        pass
    return x


@case((3,), (0,))
def loop_else_leaves(n):
    for i in range(4):
        for j in range(n):
            if j == i:
                break
        else:
            continue
        if i == 2:
            break
    else:
        return "exhausted"
    return i


# Comprehensions and functions


@case(([1, 2, 3], 10))
def comprehensions(xs, x):
    a = [x * 2 for x in xs]
    b = {x: y for x in xs for y in range(x) if y if x > 1}
    c = {x % 2 for x in xs}
    d = [[i * j for i in range(j)] for j in xs]
    e = sum(x for x in xs) + max(x for x in xs if x)
    f = [(p, q) for p, (q, *_) in [(1, (2, 3))]]
    xs = [x for x in xs]
    return a, b, c, d, e, f, x, xs, sorted((v for v in xs), reverse=True), ",".join(str(v) for v in xs)


@case(([1, 0, 2],), ([0, 0],), ([3],), ([],))
def searches(xs):
    r = []
    return any(log(r, x) for x in xs), all(log(r, x) for x in xs if x != 2), r


@case((3,))
def late_binding(n):
    fs = [lambda: i for i in range(n)]
    gs = [lambda i=i, *, k=2: i * k for i in range(n)]
    return [f() for f in fs], [g() for g in gs]


@case((3,))
def closures(x):
    def add(y, z=x):
        def deeper():
            return x + y + z

        return deeper()

    twice = lambda f: lambda v: f(f(v))  # noqa: E731
    x = 10
    return add(1), twice(add)(2)


@case((3,))
def decorated_inside(x):
    def double(f):
        return lambda v: 2 * f(v)

    def inc(f):
        return lambda v: f(v) + 1

    @double
    @inc
    def square(v):
        return v * v

    return square(x)


@case((5,))
def recursion(n):
    def fact(k):
        if k < 2:
            return 1
        return k * fact(k - 1)

    return fact(n)


@case((1,), (1, 2), (1, 2, 3, 4))
def parameters(a, /, b=2, *rest, c=3, **more):
    return a, b, rest, c, more


@case((1, [2, 3], {"c": 4}))
def calls(a, xs, d):
    return parameters(a, *xs, 7, **d), parameters(a, c=1, **{"z": 2}), dict(k=a)  # noqa: PIE804


@case((Box(3), 2))
def attributes(b, x):
    b.value = x
    b.other = b.value * 2
    b.value, b.other = b.other, b.value
    return b, Box.secret(b, 5)


@case((2,))
def docstring(x):
    """Words."""
    pass  # noqa: PIE790
    ...  # noqa: PIE790
    return x


@case((np.array([1.0, 2.0]),))
def writes_array(u):
    v = u
    v += 1
    u[0] = u[1] * 2
    u = u + v
    u[:] -= 1
    return u, v


@case((4,))
def unicode_näme(größe):  # noqa: PLC2401
    né = größe * 2  # noqa: PLC2401
    return né


CASES += [(lambda x: x * 2, (3,)), (lambda x, *, k=1: (y := x) + k, (3,))]
CASES.append((Box.secret, (Box(1), 2)))


def outcome(fn: Callable[..., Any], args: tuple[Any, ...]) -> Any:
    args = copy.deepcopy(args)
    try:
        return "value", fn(*args), args
    except Exception as e:
        # pytest adds lines to the message of an `assert`
        text = "" if isinstance(e, NameError) else str(e).split("\n")[0]
        return type(e), text, type(e.__cause__), args


def same(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return type(a) is type(b) and a.dtype == b.dtype and np.array_equal(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


def scope_of(fn: Callable[..., Any]) -> dict[str, Any]:
    code: Any = fn
    defaults = (*(code.__defaults__ or ()), *(code.__kwdefaults__ or {}).values())
    return {**code.__globals__, "__defaults__": defaults}


def ids(value: Any) -> str | None:
    return value.__name__ if callable(value) else None


@pytest.mark.parametrize(("fn", "args"), CASES, ids=ids)
def test_tree_means_what_the_function_means(fn: Callable[..., Any], args: tuple[Any, ...]) -> None:
    raw, final = lower_function(find_source(fn), fn), lower(fn)
    expected = outcome(fn, args)
    for tree in (raw, final):
        found = outcome(lambda *a, tree=tree: evaluate(tree, scope_of(fn), *a), args)  # type: ignore[misc]
        assert same(found, expected), show_tree(tree)
    assert show_tree(raw) == show_tree(lower_function(find_source(fn), fn))
    check_single_exit(final.body)


def check_single_exit(body: list[t.Stmt]) -> None:
    assert isinstance(body[-1], t.Return)
    pending = list(body[:-1])
    while pending:
        s = pending.pop()
        assert not isinstance(s, (t.Break, t.Continue, t.Return))
        assert getattr(s, "origin", None) is not None
        if isinstance(s, t.If):
            pending += s.then + s.orelse
        elif isinstance(s, (t.For, t.While)):
            assert not s.orelse
            pending += s.body + (s.before if isinstance(s, t.While) else [])
        elif isinstance(s, t.Assign) and s.op == "function":
            check_single_exit(s.data.body)


# The form of the tree


def test_break_nests_the_rest() -> None:
    def newton(a, tol):
        x = a
        for _ in range(50):
            x_next = 0.5 * (x + a / x)
            if abs(x_next - x) < tol:
                break
            x = x_next
        return x_next

    assert show_tree(lower(newton)) == (
        """\
def newton(a, tol):
    x = a
    %1 = free range
    %2 = %1(50)
    for _ in %2:  # until %stop1
        %3 = a / x
        %4 = x + %3
        x_next = 0.5 * %4
        %5 = free abs
        %6 = x_next - x
        %7 = %5(%6)
        %8 = %7 < tol
        if %8:
            %stop1 = True
        else:
            x = x_next
            %stop1 = False
    return x_next
"""
    )


def test_values_go_straight_to_their_names() -> None:
    def f(x, y):
        x, y = y, x
        x = -1
        z = (x + y) * 2
        z += y
        return z

    assert show_tree(lower(f)) == (
        """\
def f(x, y):
    %1 = y
    %2 = x
    x = %1
    y = %2
    x = -1
    %3 = x + y
    z = %3 * 2
    z = z += y
    return z
"""
    )


def test_origins() -> None:
    # fmt: off
    def f(x):
        # the first comment
        # and the second
        y = np.maximum(
            x,  # inner: comment
            0.0,
        )
        if (
            y > 0  # why
        ):
            y = 2
        for i in [
            1, (
                2,
            ),
        ]: y += i  # noqa: E701
        return y  # trailing
    # fmt: on

    first = f.__code__.co_firstlineno
    found: list[t.Stmt] = []
    pending = list(lower(f).body)
    while pending:
        s = pending.pop(0)
        found.append(s)
        if isinstance(s, t.If):
            pending = s.then + s.orelse + pending
        if isinstance(s, t.For):
            pending = s.body + pending
    texts = list(dict.fromkeys((s.origin.line - first, s.origin.text) for s in found if s.origin))
    assert texts == [
        (3, "y = np.maximum(x, 0.0)"),
        (7, "if (y > 0):"),
        (10, "y = 2"),
        (11, "for i in [1, (2,)]:"),
        (15, "y += i"),
        (16, "return y"),
    ]
    origin = found[0].origin
    assert origin is not None
    assert origin.comments == ("# the first comment", "# and the second")
    assert origin.function == "f" and origin.col == 8
    assert len({id(s.origin) for s in found if s.origin and s.origin.text == texts[0][1]}) == 1


def test_parameters() -> None:
    found = [(p.name, p.kind, p.has_default, p.annotation) for p in lower(annotated_parameters).params]
    assert found == [
        ("a", "positional", False, None),
        ("b", "either", True, "dict[str, float]"),
        ("c", "*", False, None),
        ("d", "keyword", False, None),
        ("e", "keyword", True, "int"),
        ("f", "**", False, None),
    ]


def annotated_parameters(a, /, b: dict[str, float] = 1, *c, d, e: int = 2, **f):  # type: ignore[assignment]
    return a


def test_lowering_is_kept() -> None:
    assert lower(plain) is lower(plain)


# Refusals


def refuse(fn: Callable[..., Any]) -> str:
    with pytest.raises(UnsupportedError) as caught:
        lower(fn)
    return str(caught.value)


def test_a_class_is_refused_at_its_line() -> None:
    def f(x):
        class A(dict):
            pass

        return A(x)

    line = f.__code__.co_firstlineno + 1
    assert refuse(f) == (
        f"""\
a class defined inside a function can't be differentiated
  File "{__file__}", line {line}, column 9, in f
    class A(dict):
    ^^^^^^^^^^^^^^
Instead: define the class at the top of the module.
[ADG101]"""
    )


def test_caret_under_the_expression() -> None:
    def f(xs):
        return sum(xs) + (yield len(xs))

    text = refuse(f).splitlines()
    assert text[2].strip() == "return sum(xs) + (yield len(xs))"
    assert text[3][4:] == " " * 18 + "^" * 13


def test_every_refusal_has_a_way_out() -> None:
    def defines(x):
        class A:
            pass

        return A

    def looks(x):
        return locals()

    def deletes_attribute(x):
        del x.y

    y = 1

    def writes_nonlocal(x):
        nonlocal y
        y = x

    async def waits(x):
        return x

    refused: list[Callable[..., Any]] = [defines, looks, deletes_attribute, writes_nonlocal, waits]
    for fn in refused:
        text = refuse(fn)
        assert "can't be differentiated" in text and "Instead: " in text and "^" in text, text
        assert text.endswith("[ADG101]")


# Depth and size


def from_text(text: str, name: str = "f") -> Callable[..., Any]:
    import linecache

    file = f"<text {len(text)} {hash(text)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    space: dict[str, Any] = {}
    exec(compile(text, file, "exec"), space)
    found: Callable[..., Any] = space[name]
    return found


@pytest.mark.parametrize("terms", [1000, 2500])
def test_long_sum(terms: int) -> None:
    limit = sys.getrecursionlimit()
    fn = from_text("def f(a):\n    return " + " + ".join(["a"] * terms) + "\n")
    assert evaluate(lower(fn), {}, 1) == terms
    assert sys.getrecursionlimit() == limit


def test_nested_parentheses() -> None:
    fn = from_text("def f(a):\n    return " + "(a + " * 195 + "a" + ")" * 195 + "\n")
    assert evaluate(lower(fn), {}, 1) == 196


def test_many_early_returns() -> None:
    fn = from_text(
        "def f(a):\n" + "".join(f"    if a == {i}:\n        return -{i}\n" for i in range(400)) + "    return a\n"
    )
    assert lower(fn).body


def test_long_function() -> None:
    fn = from_text("def f(a):\n" + "".join(f"    a = a * 2.0 + {i}\n" for i in range(2000)) + "    return a\n")
    assert len(lower(fn).body) == 4001


# Random control flow


def random_block(rng: random.Random, depth: int, loops: int) -> list[str]:
    lines: list[str] = []
    for _ in range(rng.randint(1, 3)):
        kinds = ["log", "log", "if", "if", "return", "raise"]
        kinds += ["for", "while", "endless"] if depth < 4 and loops < 2 else []
        kinds += ["break", "continue", "break", "continue"] if loops else []
        kind = rng.choice(kinds if depth < 4 else [k for k in kinds if k not in ("if", "for", "while")])
        if kind == "log":
            lines.append(f"t.append({rng.randint(0, 99)})")
        elif kind in ("return", "raise"):
            if depth > 1 or rng.random() < 0.1:
                lines.append("return t" if kind == "return" else "raise ValueError(len(t))")
        elif kind in ("break", "continue"):
            if rng.random() < 0.6:
                lines.append(kind)
        else:
            header = {
                "if": f"if next(bits) > {rng.randint(0, 3)}:",
                "for": f"for i{depth} in range(next(bits)):",
                "while": "while next(bits) > 1:",
                "endless": "while True:",
            }[kind]
            lines.append(header)
            inner = loops + (kind != "if")
            body = random_block(rng, depth + 1, inner)
            if kind == "endless":
                body.insert(0, "t.append(next(bits))")
            lines += ["    " + line for line in body]
            if rng.random() < 0.4 and kind != "endless":
                lines.append("else:")
                lines += ["    " + line for line in random_block(rng, depth + 1, loops)]
    lines.append(f"t.append('d{depth}')")
    return lines


@pytest.mark.parametrize("seed", range(40))
def test_random_control_flow(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(5):
        lines = random_block(rng, 0, 0)
        text = "def f(bits, t):\n" + "".join(f"    {line}\n" for line in lines) + "    return 'end'\n"
        fn = from_text(text)
        raw, final = lower_function(find_source(fn), fn), lower(fn)
        check_single_exit(final.body)
        for _ in range(6):
            bits = [rng.randint(0, 4) for _ in range(60)]
            expected = traced(fn, bits)
            for tree in (raw, final):
                found = traced(lambda *a, tree=tree: evaluate(tree, {}, *a), bits)
                assert found == expected, text + show_tree(tree)


def traced(fn: Callable[..., Any], bits: list[int]) -> Any:
    t: list[Any] = []
    try:
        return repr(fn(iter(bits), t)), t
    except Exception as e:
        return repr(e), t
