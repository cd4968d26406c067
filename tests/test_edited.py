"""A gradient follows the program: edited between two processes, and changed within one."""

from __future__ import annotations

import linecache
import sys
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np
import pytest

import adgen

HEAD = "import collections, contextlib, dataclasses, enum, functools, typing\nimport numpy as np\n"

# (program, what stands in it, what stands there after the edit)
EDITS = {
    "default": ("def g(x, k=2.0): return x * k\ndef f(x): return g(x) * x", "k=2.0", "k=5.0"),
    "default-by-keyword": ("def g(x, *, k=2): return x**k\ndef f(x): return g(x) * x", "k=2", "k=3"),
    "default-list": ("def g(x, m=[1.0, 2.0]): return x * sum(m)\ndef f(x): return g(x)", "2.0]", "3.0, 4.0]"),
    "default-dict": ("def g(x, m={'a': 2.0}): return x * m['a']\ndef f(x): return g(x)", "2.0}", "3.0}"),
    "default-array": ("def g(x, m=np.array([1.0, 2.0])): return x * m[1]\ndef f(x): return g(x)", "2.0]", "3.0]"),
    "default-function": ("def g(x, m=np.sin): return m(x)\ndef f(x): return g(x)", "np.sin", "np.cos"),
    "default-of-method": ("class A:\n    def m(self, x, k=2.0): return x * k\ndef f(x): return A().m(x)", "2.0", "5.0"),
    "default-in-recursion": (
        "def g(x, k=2.0): return x if x > 9.0 else g(x * k)\ndef f(x): return g(x)", "k=2.0", "k=3.0"),
    "default-of-generator": (
        "def g(x, n=2):\n    for i in range(n): yield x * i\ndef f(x): return sum(g(x))", "n=2", "n=4"),
    "default-from-closure": (
        "def make(k):\n    def h(x, m=k): return x * m\n    return h\nh = make(2.0)\ndef f(x): return h(x)",
        "2.0", "5.0"),
    "base": (
        ("class B:\n    def h(self, x): return x * 2\nclass C:\n    def h(self, x): return x * 3\n"
        "class A(B): pass\ndef f(x): return A().h(x)"), "A(B)", "A(C)"),
    "super": (
        ("class B:\n    def h(self, x): return x * 2\nclass A(B):\n    def h(self, x): return super().h(x) + x\n"
        "def f(x): return A().h(x)"), "x * 2", "x * 3"),
    "static-function": (
        "class A:\n    act = staticmethod(np.sin)\n    def m(self, x): return self.act(x)\ndef f(x): return A().m(x)",
        "np.sin", "np.cos"),
    "static-partial": (
        ("def h(k, x): return k * x\nclass A:\n    g = staticmethod(functools.partial(h, 2.0))\n"
        "def f(x): return A().g(x)"),
        "2.0", "5.0"),
    "manager": (
        "@contextlib.contextmanager\ndef m():\n    yield 2.0\ndef f(x):\n    with m() as k: return k * x",
        "2.0", "5.0"),
    "global-dataclass": (
        ("@dataclasses.dataclass\nclass A:\n    k: float = 2.0\n    m: str = 'a'\nC = A()\n"
        "def f(x): return C.k * x if C.m == 'a' else x"), "k: float = 2.0", "k: float = 5.0"),
    "global-namedtuple": (
        "A = collections.namedtuple('A', 'k n')\nC = A(2.0, 3)\ndef f(x): return C.k * x**C.n", "2.0, 3", "2.0, 4"),
    "property": ("class A:\n    @property\n    def k(self): return 2.0\ndef f(x): return A().k * x", "2.0", "5.0"),
    "class-of-a-global": (
        ("class A:\n    def g(self, x): return x * 2\nclass B:\n    def g(self, x): return x * 3\nh = A()\n"
        "def f(x): return h.g(x)"), "h = A()", "h = B()"),
    "dataclass": ("@dataclasses.dataclass\nclass A:\n    k: float = 2.0\ndef f(x): return A().k * x", "2.0", "5.0"),
    "order-of-fields": (
        "@dataclasses.dataclass\nclass A:\n    k: float\n    m: float\ndef f(x): return A(x, 2.0 * x * x).k",
        "    k: float\n    m: float", "    m: float\n    k: float"),
    "namedtuple": ("class A(typing.NamedTuple):\n    k: float = 2.0\ndef f(x): return A().k * x", "2.0", "5.0"),
    "enum": ("class E(enum.Enum):\n    A = 2.0\ndef f(x): return x * E.A.value", "A = 2.0", "A = 5.0"),
    "member": (
        "class E(enum.Enum):\n    A = 'p'\n    B = 'q'\nM = E.A\ndef f(x): return x * 2 if M is E.A else x * 3",
        "M = E.A", "M = E.B"),
    "set": ("S = {'a'}\ndef f(x): return x * 2 if 'a' in S else x * 3", "{'a'}", "{'b'}"),
    "frozenset": ("S = frozenset('a')\ndef f(x): return x * 2 if 'a' in S else x * 3", "('a')", "('b')"),
    "slice": ("S = slice(0, 2)\ndef f(x): return np.sum((np.arange(5.0) * x)[S])", "slice(0, 2)", "slice(0, 4)"),
    "bytes": ("S = b'ab'\ndef f(x): return x * S[0]", "b'ab'", "b'cb'"),
    "deque": ("S = collections.deque([1.0, 2.0])\ndef f(x): return x * S[1]", "2.0]", "5.0]"),
}  # fmt: skip


def load(tmp_path: Path, text: str) -> ModuleType:
    """Run a module's file as a new process would."""
    file = tmp_path / "edited_program.py"
    file.write_text(HEAD + text)
    linecache.cache.pop(str(file), None)
    module = ModuleType("edited_program")
    sys.modules[module.__name__] = module
    exec(compile(HEAD + text, str(file), "exec"), vars(module))
    return module


def assert_right(df: adgen.Gradient, f: FunctionType) -> None:
    value, slope = df(1.5)
    assert value == pytest.approx(f(1.5))
    assert slope == pytest.approx((f(1.5 + 1e-6) - f(1.5 - 1e-6)) / 2e-6, abs=1e-6)


@pytest.mark.parametrize("name", EDITS)
def test_programs_that_change(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "edited_program", None)
    text, before, after = EDITS[name]
    first = load(tmp_path, text)
    df = adgen.value_and_grad(first.f)
    assert_right(df, first.f)
    second = load(tmp_path, text.replace(before, after))
    assert_right(adgen.value_and_grad(second.f), second.f)
    # the first function, whose module is given the names of the second
    vars(first).update({k: v for k, v in vars(second).items() if k != "f" and not k.startswith("__")})
    assert_right(df, first.f)


# What holds something: (made by, changed by)
HOLDERS = {
    "set": ("{1, 2}", "S.add(3)"),
    "deque": ("collections.deque([1, 2])", "S.append(3)"),
    "ordered-dict": ("collections.OrderedDict({1: 2, 2: 1})", "S.update({3: 3})"),
    "counter": ("collections.Counter([1, 2])", "S.update([3, 1])"),
    "user-list": ("collections.UserList([1, 2])", "S.append(3)"),
    "class": ("Bag()", "S.v.append(3)"),
    "functions": ("{1: np.sin, 2: np.cos}", "S.update({3: np.exp})"),
}
BAG = """
class Bag:
    __slots__ = ("v",)
    def __init__(self): self.v = [1, 2]
    def __len__(self): return len(self.v)
    def __contains__(self, e): return e in self.v
    def __bool__(self): return len(self.v) > 2
    def __getitem__(self, k): return self.v[k]
"""


@pytest.mark.parametrize("question", ["len(S)", "3 if 3 in S else 4", "3 if S else 4"])
@pytest.mark.parametrize("name", HOLDERS)
def test_what_an_object_of_the_module_holds(
    name: str, question: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "edited_program", None)
    make, change = HOLDERS[name]
    module = load(tmp_path, f"{BAG}\nS = {make}\ndef f(x): return x * x * ({question})\n")
    df = adgen.value_and_grad(module.f)
    assert_right(df, module.f)
    exec(change, vars(module))
    assert_right(df, module.f)


class Line:
    def slope(self, x: float) -> float:
        return 2.0 * self.times(x)

    def times(self, x: float) -> float:
        return x


LINE = Line()


def of_object(x: float) -> float:
    return LINE.slope(x)


def of_class(x: float) -> float:
    return Line().slope(x)


@pytest.mark.parametrize("f", [of_object, of_class])
def test_methods_that_are_replaced(f: FunctionType, monkeypatch: pytest.MonkeyPatch) -> None:
    df = adgen.value_and_grad(f)
    assert_right(df, f)
    monkeypatch.setattr(Line, "times", lambda self, x: 3.0 * x)
    assert_right(df, f)
    monkeypatch.setattr(Line, "slope", lambda self, x: 5.0 * x)
    assert_right(df, f)


def test_a_method_that_one_object_replaces(monkeypatch: pytest.MonkeyPatch) -> None:
    df = adgen.value_and_grad(of_object)
    assert_right(df, of_object)
    monkeypatch.setattr(LINE, "slope", lambda x: 7.0 * x, raising=False)
    assert_right(df, of_object)


def test_defaults_that_are_replaced() -> None:
    def scaled(x: float, k: float = 2.0, *, m: float = 1.0) -> float:
        return x * k * m

    def f(x: float) -> float:
        return scaled(x) * x

    for df in (adgen.value_and_grad(f), adgen.value_and_grad(scaled)):
        g = df.primal
        assert_right(df, g)
        scaled.__defaults__ = (3.0,)
        assert_right(df, g)
        scaled.__kwdefaults__["m"] = 5.0
        assert_right(df, g)


def appended(x: float, h: list[float] = []) -> float:  # noqa: B006 - that is what is tested
    h.append(1.0)
    return x * len(h)


def filled(x: float, a: np.ndarray = np.zeros(2)) -> float:  # noqa: B008
    a[0] += 1.0
    return x * a[0]


def test_a_default_that_a_call_appends_to_is_appended_to() -> None:
    def f(x: float) -> float:
        return appended(x) + appended(x)

    assert f(1.0) == 3.0
    assert adgen.value_and_grad(f)(1.0) == (7.0, 7.0)
    assert appended(1.0) == 5.0


def test_a_default_array_that_a_call_changes_is_refused() -> None:
    def f(x: float) -> float:
        return filled(x) + filled(x)

    with pytest.raises(adgen.UnsupportedError, match="a write into the global"):
        adgen.grad(f)(1.0)
