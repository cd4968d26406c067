"""The text that is found is the text that runs, or the error says why not."""

from __future__ import annotations

import ast
import contextlib
import functools
import gc
import importlib.util
import linecache
import pickle
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import gast
import numpy as np
import pytest

import adgen
import adgen.errors as errors
from adgen.errors import AdgenError, SourceError, UnsupportedError
from adgen.frontend.codes import is_within
from adgen.frontend.convert import to_gast
from adgen.frontend.lower import lower
from adgen.frontend.positions import lambda_at_positions
from adgen.frontend.show import show_tree
from adgen.frontend.source import find_source
from adgen.ir.nodes import Origin
from adgen.rules.load import load_rules


def load(path: Path, text: str, name: str = "loaded") -> ModuleType:
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def logged(fn: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(fn)
    def inner(*args: Any) -> Any:
        return fn(*args)

    return inner


def same(fn: Callable[..., Any]) -> Callable[..., Any]:
    return fn


# fmt: off
f1, f2 = lambda x: x + 1, lambda x: x + 2
g1, g2 = lambda x: x * 2, lambda x: x * 2
table = {
    "first": lambda x: (
        x
        + 3
    ),
    "second": lambda x, y=(lambda z: z): np.where(
        x > 0, x, y(x)
    ),
    "third": lambda x: Path.cwd() or x, "fourth": lambda x: (lambda y: Path.cwd() or x), "fifth": lambda y: Path.home(),
}
# fmt: on


def test_two_lambdas_on_one_line() -> None:
    assert find_source(f1).text == "lambda x: x + 1"
    assert find_source(f2).text == "lambda x: x + 2"
    if any(col for _, _, col, _ in g2.__code__.co_positions()):  # Python may run without columns
        assert find_source(g1).node.col_offset < find_source(g2).node.col_offset


def test_lambdas_in_a_table() -> None:
    assert find_source(table["first"]).text.split() == ["lambda", "x:", "(", "x", "+", "3", ")"]
    second = find_source(table["second"])
    assert second.text.startswith("lambda x, y=(lambda z: z): np.where(")
    assert second.node.lineno == table["second"].__code__.co_firstlineno
    assert find_source(table["second"].__defaults__[0]).text == "lambda z: z"
    # Calls of what `from ... import` brought are compiled in another way than calls of other globals.
    assert find_source(table["third"]).text == "lambda x: Path.cwd() or x"
    assert find_source(table["fourth"]).text == "lambda x: (lambda y: Path.cwd() or x)"
    assert find_source(table["fourth"](1)).text == "lambda y: Path.cwd() or x"
    assert find_source(table["fifth"]).text == "lambda y: Path.home()"


def test_lambda_in_other_statements() -> None:
    k = 3
    for f in [lambda x: x + k, lambda x: x - k]:
        assert find_source(f).text.startswith("lambda x: x ")
    if (g := lambda: k) and True:
        assert find_source(g).text == "lambda: k"
    assert find_source(lambda x: x).text == "lambda x: x"


def test_decorators_are_left_out() -> None:
    @same
    @same
    def f(x):  # type: ignore[no-untyped-def]
        return x

    source = find_source(f)
    assert source.text == "def f(x):  # type: ignore[no-untyped-def]\n    return x\n"
    assert source.node.decorator_list == []
    assert source.node.lineno == f.__code__.co_firstlineno + 2

    @logged
    def g(x):  # type: ignore[no-untyped-def]
        return x

    # A wrapper is a function of its own: it is what runs.
    assert find_source(g).name == "inner"


def test_closures() -> None:
    a, b = 1, 2

    def outer(x):  # type: ignore[no-untyped-def]
        nonlocal b

        def inner(y):  # type: ignore[no-untyped-def]
            return x + y + a

        b = 3
        return inner

    assert find_source(outer).name == "outer"
    assert find_source(outer(1)).text.startswith("def inner(y)")


class Base:
    def value(self) -> Any:
        return 1

    @staticmethod
    def alone(x: Any) -> Any:
        return x

    @property
    def prop(self) -> Any:
        return self.__class__


class __Private(Base):
    def __init__(self) -> None:
        self.__x = 1

    def value(self) -> Any:
        return super().value() + self.__x

    def make(self) -> Any:
        return lambda: self.__x + 1


def test_methods() -> None:
    thing = __Private()
    assert "_Private__x" in show_tree(lower(thing.value))
    assert "%1(%2, self)" in show_tree(lower(thing.value))  # super(__class__, self)
    assert "_Private__x" in show_tree(lower(thing.make()))
    assert find_source(Base.alone).name == "alone"
    assert find_source(Base.prop.fget).name == "prop"  # type: ignore[attr-defined]
    assert find_source(__Private.__init__).name == "__init__"


def test_odd_layout(tmp_path: Path) -> None:
    text = '''\
import gast
import numpy as np
def one(x): return x
def brackets(
    x,
    y=1,
):
    s = """
not indented
# not a comment
"""
    # a comment
    return s, x + \\
y
class C:
\tdef tabs(self):
\t\tif self:
\t\t\treturn 1

\t\treturn 2
if True:
  def inside(x):
    """Doc."""
# a comment at the margin
    return x
def ünïcode(x): ä = "ö"; return ä + x
last = lambda x: x'''
    m = load(tmp_path / "odd.py", text)
    assert find_source(m.one).text == "def one(x): return x\n"
    assert list(find_source(m.brackets).comments.values()) == ["# a comment"]
    assert find_source(m.brackets).text.endswith("y\n")
    for fn in (m.C.tabs, m.inside, m.ünïcode, m.last):
        assert find_source(fn).file == str(tmp_path / "odd.py")
    origin = lower(m.ünïcode).body[1].origin
    assert origin is not None
    assert origin.text == "return ä + x" and origin.col == 25


def test_future_annotations_and_warnings(tmp_path: Path) -> None:
    text = "from __future__ import annotations\ndef f(x: A) -> B:\n    def g(y: C): return y\n    return g(x), '\\d'\n"
    with pytest.warns(Warning):
        m = load(tmp_path / "future.py", text)
    assert find_source(m.f).name == "f"


def test_changed_file(tmp_path: Path) -> None:
    path = tmp_path / "changing.py"
    m = load(path, "def f(x):\n    return x + 1\n")
    path.write_text("def f(x):\n    return x + 12345\n")
    linecache.checkcache(str(path))
    with pytest.raises(SourceError, match="changed since it was imported") as caught:
        find_source(m.f)
    assert isinstance(caught.value, OSError) and "ADG104" in str(caught.value)
    path.write_text("# a line more\n\ndef f(x):\n    return x + 1\n")
    linecache.checkcache(str(path))
    with pytest.raises(SourceError):
        find_source(m.f)


def test_text_in_memory_outlives_the_file(tmp_path: Path) -> None:
    path = tmp_path / "gone.py"
    m = load(path, "def f(x):\n    return x + 1\n")
    assert linecache.getlines(str(path))
    path.unlink()
    assert find_source(m.f).name == "f"
    linecache.checkcache(str(path))
    with pytest.raises(SourceError, match="can't be read"):
        find_source(m.f)


def test_made_from_a_string() -> None:
    space: dict[str, Any] = {}
    exec("def f(x):\n    return x\n", space)
    with pytest.raises(SourceError, match="made from a string"):
        find_source(space["f"])
    text = "def f(x):\n    return x - 1\n"
    linecache.cache["<cell 7>"] = (len(text), None, text.splitlines(True), "<cell 7>")
    exec(compile(text, "<cell 7>", "exec"), space)
    assert find_source(space["f"]).text == text


def test_a_cell_that_imports_some_of_what_it_uses():
    space: dict[str, Any] = {"adgen": adgen}
    text = "import numpy as np\ndef f(x):\n    return adgen.stop_gradient(np.sin(x)) * x\n"
    linecache.cache["<cell 8>"] = (len(text), None, text.splitlines(True), "<cell 8>")
    exec(compile(text, "<cell 8>", "exec"), space)
    assert adgen.grad(space["f"])(2.0) == np.sin(2.0)


@pytest.mark.parametrize("fn", [len, np.sin, Base, functools.partial(f1), 3, np.linalg.inv.__call__])
def test_no_python_source(fn: Any) -> None:
    with pytest.raises(SourceError, match="has no source to differentiate"):
        find_source(fn)


def test_prompt_of_python_313() -> None:
    register = getattr(linecache, "_register_code", None)
    if register is None:
        pytest.skip("this Python keeps no text of a prompt")
    text = "def f(x):\n    return x - 1\n"
    code = compile(text, "<python-input-0>", "exec")
    by_code = hasattr(linecache, "_getlines_from_code")  # 3.13.0 goes by the name alone
    register(code if by_code else "<python-input-0>", text, "<stdin>")
    space: dict[str, Any] = {}
    exec(code, space)
    assert find_source(space["f"]).text == text


# Errors


def all_errors() -> list[type[AdgenError]]:
    found = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, AdgenError)]
    assert len({e.code for e in found}) == len(found)
    return found


@pytest.mark.parametrize("kind", all_errors())
def test_errors_pickle_and_read_well(kind: type[AdgenError]) -> None:
    origin = Origin("nowhere.py", 3, 4, 3, 9, "y = f(x)", "fn")
    error = kind(what="it's wrong", why="Because.", instead="do that.", origin=origin)
    assert str(error) == (
        "it's wrong\n"
        '  File "nowhere.py", line 3, column 5, in fn\n'
        "    y = f(x)\n"
        "Because.\n"
        "Instead: do that.\n"
        f"[{kind.code}]"
    )
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind and str(again) == str(error)
    assert again.origin.line == 3 and again.args == error.args
    assert len(kind.__mro__) > 3 or kind is AdgenError


def test_carets_with_tabs_and_wide_letters(tmp_path: Path) -> None:
    m = load(tmp_path / "wide.py", "def f(x):\n\t数 = 'é' + str(x); y = len((yield x))\n\treturn y\n")
    with pytest.raises(UnsupportedError) as caught:
        lower(m.f)
    lines = str(caught.value).splitlines()
    assert lines[2] == "    数 = 'é' + str(x); y = len((yield x))"
    assert lines[3] == " " * (lines[2].index("yield") + 1) + "^" * len("yield x")
    assert "column 29" in lines[1]


@pytest.mark.slow
def test_conversion_is_that_of_gast():
    files = [*Path(adgen.__file__).parent.rglob("*.py"), Path(ast.__file__), Path(contextlib.__file__)]
    for file in files:
        tree = ast.parse(file.read_text())
        expected = gast.dump(gast.ast_to_gast(tree), include_attributes=True)
        assert gast.dump(to_gast(tree), include_attributes=True) == expected, file


def test_rules_are_read_where_their_instructions_say() -> None:
    """What the positions give is what stands in the file, for every lambda of the table."""
    load_rules()
    codes = {f.__code__ for f in gc.get_objects() if isinstance(f, FunctionType) and f.__code__.co_name == "<lambda>"}
    seen = 0
    for file in sorted({c.co_filename for c in codes if "/adgen/rules/" in c.co_filename}):
        text = Path(file).read_text("utf-8")
        bodies = {
            ast.dump(n.body, include_attributes=True): n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.Lambda)
        }
        for code in [c for c in codes if c.co_filename == file]:
            found = lambda_at_positions(text.splitlines(keepends=True), code)
            if found is not None:
                seen += 1
                truth = bodies[ast.dump(found.body, include_attributes=True)]
                assert ast.unparse(found) == ast.unparse(truth)
                assert (found.lineno, found.col_offset) == (truth.lineno, truth.col_offset)
                assert is_within(code, truth)
    assert seen > 100
