"""The printer: text parses back to the same tree, with no parenthesis too many, in at most 100 columns."""

from __future__ import annotations

import ast
import random

import pytest

from adgen.emit.printer import Comment, print_block
from adgen.emit.wrap import wrap

OPERATORS = [ast.Add, ast.Sub, ast.Mult, ast.Div, ast.FloorDiv, ast.Mod, ast.Pow, ast.MatMult]
OPERATORS += [ast.LShift, ast.RShift, ast.BitAnd, ast.BitOr, ast.BitXor]
COMPARISONS = [ast.Eq, ast.NotEq, ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Is, ast.IsNot, ast.In, ast.NotIn]
LEAVES = (0, 1, 17, 2.5, 1e300, 1e-7, 3j, True, None, "a'b\n", b"x", ...)


def draw_expr(r: random.Random, depth: int) -> ast.expr:
    def sub() -> ast.expr:
        return draw_expr(r, depth - 1)

    if depth <= 0 or r.random() < 0.1:
        return ast.Constant(r.choice(LEAVES)) if r.random() < 0.4 else ast.Name(r.choice("xyzuv"), ast.Load())
    kind = r.randrange(15)
    if kind < 4:
        return ast.BinOp(sub(), r.choice(OPERATORS)(), sub())
    if kind == 4:
        return ast.UnaryOp(r.choice([ast.USub, ast.UAdd, ast.Invert, ast.Not])(), sub())
    if kind == 5:
        n = r.randint(1, 2)
        return ast.Compare(sub(), [r.choice(COMPARISONS)() for _ in range(n)], [sub() for _ in range(n)])
    if kind == 6:
        return ast.BoolOp(r.choice([ast.And, ast.Or])(), [sub() for _ in range(r.randint(2, 3))])
    if kind == 7:
        return ast.IfExp(sub(), sub(), sub())
    if kind == 8:
        return ast.Attribute(sub(), "T", ast.Load())
    if kind == 9:
        words = [ast.keyword(w, sub()) for w in r.sample(["axis", "keepdims", None], r.randint(0, 2))]
        args = [ast.Starred(sub(), ast.Load()) if r.random() < 0.2 else sub() for _ in range(r.randint(0, 2))]
        return ast.Call(sub(), args, words)
    if kind == 10:
        return ast.Subscript(sub(), draw_index(r, depth - 1), ast.Load())
    if kind == 11:
        return ast.Tuple([sub() for _ in range(r.randint(0, 3))], ast.Load())
    if kind == 12:
        return ast.List([sub() for _ in range(r.randint(0, 3))], ast.Load())
    if kind == 13:
        n = r.randint(0, 2)
        return ast.Dict([sub() if r.random() < 0.8 else None for _ in range(n)], [sub() for _ in range(n)])
    return ast.Lambda(ast.arguments([], [ast.arg("x")], None, [], [], None, [sub()] if r.random() < 0.5 else []), sub())


def draw_index(r: random.Random, depth: int) -> ast.expr:
    def one() -> ast.expr:
        if r.random() < 0.5:
            return draw_expr(r, depth)
        return ast.Slice(*(draw_expr(r, depth) if r.random() < 0.5 else None for _ in range(3)))

    return one() if r.random() < 0.5 else ast.Tuple([one() for _ in range(r.randint(1, 3))], ast.Load())


def dump(text: str) -> str:
    return ast.dump(ast.parse(text))


@pytest.mark.parametrize("block", range(4))
def test_random_expressions(block: int) -> None:
    r = random.Random(block)
    for _ in range(500):
        s = ast.Assign([ast.Name("a", ast.Store())], draw_expr(r, r.randint(1, 5)))
        text = print_block([s])
        expected = ast.dump(ast.Module([s], []))
        assert dump(text) == expected, text
        assert dump(ast.unparse(ast.fix_missing_locations(s))) == expected


@pytest.mark.parametrize(
    "text",
    [
        "x = a + b * c - d",
        "x = (a + b) * -c ** 2",
        "x = (-c) ** 2 ** -d",
        "x = a - (b - c)",
        "x = a / (b * c) / d",
        "x = not a == b and (c or d)",
        "x = u[1:, ::2, None, ...]",
        "x = u[i, :, j + 1:-1]",
        "x = u[()] + u[i,]",
        "x = f(*a, axis=0, **k).T.sum()",
        "x = a if b else c, (d, e)",
        "a, b = b, a",
        "x = (1).real",
        "x = {'w': a, 'b': (b, c)}",
        "u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])",
        "for i, (a, b) in zip(range(n - 1, -1, -1), x):\n    pass",
        "if a:\n    x = 1\nelif b:\n    x = 2\nelse:\n    x = 3",
        "while not a < b:\n    break",
        "raise ValueError('no')",
        "def f(x, y=1.0, *z, k=2, **w):\n    return x",
    ],
)
def test_text_is_as_written(text: str) -> None:
    assert print_block(ast.parse(text).body) == text + "\n"


def test_comments() -> None:
    inner = ast.For(ast.Name("i", ast.Store()), ast.Name("n", ast.Load()), [Comment("x = y"), ast.Pass()], [])
    assert print_block([inner]) == "for i in n:\n    # x = y\n    pass\n"


LONG = [
    "result = " + " + ".join(f"coefficient_{k} * value_{k}" for k in range(12)),
    "result = function(" + ", ".join(f"argument_number_{k}" for k in range(12)) + ")",
    "return " + ", ".join(f"d_parameter_{k}" for k in range(20)),
    "first, second = " + ", ".join(f"d_parameter_{k}" for k in range(20)),
    "if " + " and ".join(f"condition_{k} < limit_{k}" for k in range(10)) + ":\n    pass",
    "while not (" + " or ".join(f"condition_{k} < limit_{k}" for k in range(10)) + "):\n    pass",
    "for a, b in zip(" + ", ".join(f"reversed(some_tape_{k})" for k in range(8)) + "):\n    pass",
    "def function(" + ", ".join(f"parameter_{k}" for k in range(20)) + "):\n    pass",
    "u[" + " + ".join(f"offset_{k}" for k in range(20)) + "] += 'text, with + and (' + x",
    "result = -(" + " + ".join(f"coefficient_{k} * value_{k}" for k in range(12)) + ")",
    "x = " + "np.sin(" * 20 + "x" + ")" * 20 + " - " + "np.cos(" * 8 + "value" + ")" * 8,
]


@pytest.mark.parametrize("text", LONG)
def test_long_lines_are_broken(text: str) -> None:
    tree = ast.parse(text if not text.startswith("return") else f"def f():\n    {text}").body
    body = tree if not text.startswith("return") else tree[0].body
    out = print_block(body)
    assert max(map(len, out.split("\n"))) <= 100
    again = out if not text.startswith("return") else f"def f():\n    {out}"
    assert dump(again) == ast.dump(ast.Module(tree, []))
    assert "(\n" not in out or text == LONG[-1]


def test_what_cannot_be_broken_stays() -> None:
    text = "x = '" + "a" * 120 + "'"
    assert print_block(ast.parse(text).body) == text + "\n"


def test_a_long_sum_is_no_deep_recursion() -> None:
    text = "x = " + " + ".join(["y"] * 3000)
    out = print_block([_left_spine(3000)])
    assert out.replace("(", "").replace(")", "").split() == text.split()


def _left_spine(n: int) -> ast.stmt:
    e: ast.expr = ast.Name("y", ast.Load())
    for _ in range(n - 1):
        e = ast.BinOp(e, ast.Add(), ast.Name("y", ast.Load()))
    return ast.Assign([ast.Name("x", ast.Store())], e)


def test_lines_that_their_indent_alone_fills() -> None:
    assert wrap("values = first(second[k], third)", " " * 100, 88)[0].strip() == "values = first("


def test_long_chains_of_targets_are_enclosed_behind_the_last():
    names = " = ".join(f"shape_{k}" for k in range(20))
    lines = wrap(f"{names} = 0,", "        ", 60)
    assert ast.unparse(ast.parse("\n".join(lines).strip())) == f"{names} = (0,)"
