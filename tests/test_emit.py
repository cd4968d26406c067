"""Emission: typed SSA built by hand comes out as the text that a person would write."""

from __future__ import annotations

import math
import textwrap
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adgen import check_grads, grad
from adgen.emit import Text, emit, emit_module
from adgen.ir.evaluate import evaluate
from adgen.ir.nodes import (
    UNDEF,
    Block,
    Const,
    Consume,
    Func,
    Hole,
    If,
    Index,
    Let,
    Loop,
    Operand,
    Origin,
    Range,
    Slice,
    Var,
    ViewStep,
)
from adgen.ir.types import Array, Bool, Dim, Float, Int, List, NoneT, Record, Tuple, Type
from adgen.ir.verify import verify
from adgen.optimise.own import own
from adgen.rules.load import load_rules
from adgen.rules.registry import REGISTRY

load_rules()
FLOAT, INT, BOOL, VEC = Float(), Int(), Bool(), Array("float64", (Dim(0),))
MAT = Array("float64", (Dim(1), Dim(2)))


def c(value: Any) -> Const:
    kinds: list[tuple[type, Type]] = [(bool, BOOL), (int, INT), (float, FLOAT)]
    return Const(value, next((t for k, t in kinds if isinstance(value, k)), NoneT()))


def var(name: str | None = None, type: Type = FLOAT, fixed: bool = True) -> Var:
    return Var(type, name, fixed and name is not None)


def origin(text: str, *comments: str) -> Origin:
    return Origin("f.py", 1, 0, 1, len(text), text, "f", comments)


class B:
    """Collects the statements of a block."""

    def __init__(self) -> None:
        self.stmts: list[Any] = []
        self.origin: Origin | None = None
        self.adjoint = False

    def at(self, o: Origin | None, adjoint: bool = True) -> None:
        self.origin, self.adjoint = o, adjoint

    def op(self, name: str, *args: Any, out: str | None = None, type: Type = FLOAT, **more: Any) -> Var:
        v = var(out, type)
        args = tuple(a if isinstance(a, (Var, Const)) else c(a) for a in args)
        self.stmts.append(Let(v, REGISTRY.named(name), args, origin=self.origin, adjoint=self.adjoint, **more))
        return v

    def get(
        self, base: Operand, *items: Any, holes: tuple[Operand, ...] = (), out: str | None = None, type: Type = VEC
    ) -> Var:
        return self.op("getitem", base, *holes, place=(Index(items),), out=out, type=type)

    def put(self, base: Operand, value: Any, *place: Any, holes: tuple[Operand, ...] = (), mode: Any = "set") -> Var:
        out = base.name if isinstance(base, Var) else None
        return self.op("update", base, value, *holes, place=place, mode=mode, out=out, type=base.type)

    def add(self, s: Any) -> Any:
        self.stmts.append(s)
        return s

    def end(self, *results: Any) -> Block:
        return Block(tuple(self.stmts), tuple(r if isinstance(r, (Var, Const)) else c(r) for r in results))


def loop(
    params: dict[Var, Any],
    body: Block,
    n: Operand | None = None,
    consumes: tuple[Consume, ...] = (),
    collects: tuple[Var, ...] = (),
    index: Var | None = None,
    **more: Any,
) -> Loop:
    header = None if n is None else Range(c(0), n, c(1))
    outs = tuple(Var(p.type, p.name, p.fixed) for p in params)
    inits = tuple(a if isinstance(a, (Var, Const)) else c(a) for a in params.values())
    return Loop(header, index, more.pop("test", None), consumes, tuple(params), inits, body, outs, collects, **more)


def func(name: str, params: tuple[Var, ...], body: Block) -> Func:
    f = Func(name, params, body)
    verify(f)
    return f


def compiled(text: Text) -> Callable[..., Any]:
    env: dict[str, Any] = {"np": np, "math": math, **text.externals}
    exec(text.source, env)
    return env[text.source.split("(")[0].split()[-1]]


def check(f: Func, expected: str, *args: Any, owned: bool = True) -> Text:
    """Compare the text with what is expected, and what it computes with the evaluator."""
    before = evaluate(f, [a.copy() if isinstance(a, np.ndarray) else a for a in args]) if args else None
    if owned:
        f = own(f)
        verify(f)
    text = emit(f)
    assert text.source == textwrap.dedent(expected).lstrip("\n")
    assert emit(f).source == text.source
    if args:
        copies = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        np.testing.assert_allclose(compiled(text)(*copies), before)
        if owned:
            np.testing.assert_equal(copies, list(args))
    return text


def test_loss_gradient() -> None:
    w, b, x, y = (var(n, t) for n, t in zip("wbxy", (MAT, VEC, MAT, MAT)))
    primal = origin("p = np.tanh(x @ w + b)")
    ret = origin("return np.mean((p - y) ** 2)")
    s = B()
    s.at(primal, adjoint=False)
    p = s.op("np.tanh", s.op("add", s.op("matmul", x, w, type=MAT), b, type=MAT), out="p", type=MAT)
    s.at(ret, adjoint=False)
    r = s.op("sub", p, y, type=MAT)
    s.at(ret)
    d_p = s.op("truediv", s.op("mul", 2.0, r, type=MAT), s.op("size", r, type=INT), out="d_p", type=MAT)
    s.at(primal)
    t = s.op("mul", d_p, s.op("sub", 1.0, s.op("mul", p, p, type=MAT), type=MAT), type=MAT)
    xt = s.op("np.transpose", x, type=MAT)
    d_w = s.op("matmul", xt, t, out="d_w", type=MAT)
    d_b = s.op("np.sum", t, 0, kws=("axis",), out="d_b", type=VEC)
    s.at(None, adjoint=False)
    f = func("loss_grad", (w, b, x, y), s.end(s.op("make_tuple", d_w, d_b, type=Tuple((MAT, VEC)))))
    text = check(
        f,
        """
        def loss_grad(w, b, x, y):
            p = np.tanh(x @ w + b)
            t = p - y
            # return np.mean((p - y) ** 2)
            d_p = 2.0 * t / t.size
            # p = np.tanh(x @ w + b)
            t = d_p * (1.0 - p * p)
            d_w = x.T @ t
            d_b = t.sum(axis=0)
            return d_w, d_b
        """,
    )
    assert text.modules == ("np",)
    assert text.lines[5] is ret
    assert not text.externals


def newton_gradient() -> Func:
    a, tol = var("a"), var("tol")
    step, test, move = origin("x_next = 0.5 * (x + a / x)"), origin("if abs(x_next - x) < tol:"), origin("x = x_next")
    s = B()
    x, x_next, xs = var("x"), var("x_next"), var("x_saved", List(FLOAT))
    i = B()
    i.at(step, adjoint=False)
    new = i.op("mul", 0.5, i.op("add", x, i.op("truediv", a, x)), out="x_next")
    i.at(test, adjoint=False)
    stop = i.op("lt", i.op("abs", i.op("sub", new, x)), tol, type=BOOL)
    after = var("x")
    i.add(If(stop, Block((), (x,)), Block((), (new,)), (after,), test))
    s.add(loop({x: a, x_next: UNDEF}, i.end(after, new, x, stop), c(50), collects=(xs,), stops=True))
    d_a, d_x, d_next, xb = var("d_a"), var("d_x"), var("d_x_next"), var("x")
    j = B()
    j.at(move)
    d_next1 = j.op("add", d_next, d_x, out="d_x_next")
    j.at(step)
    t = j.op("mul", 0.5, d_next1)
    d_a1 = j.op("add", d_a, j.op("truediv", t, xb), out="d_a")
    square = j.op("mul", xb, xb)
    d_x1 = j.op("mul", t, j.op("sub", 1.0, j.op("truediv", a, square)), out="d_x")
    back = loop(
        {d_a: 0.0, d_x: 0.0, d_next: 1.0},
        j.end(d_a1, d_x1, 0.0),
        consumes=(Consume(xb, xs, reverse=True),),
        adjoint=True,
    )
    s.add(back)
    s.at(origin("x = a"))
    result = s.op("add", back.outs[0], back.outs[1])
    return func("newton_grad", (a, tol), s.end(result))


def test_newton_gradient() -> None:
    check(
        newton_gradient(),
        """
        def newton_grad(a, tol):
            x = a
            x_saved = []
            for _ in range(50):
                x_saved.append(x)
                x_next = 0.5 * (x + a / x)
                if abs(x_next - x) < tol:
                    break
                x = x_next
            d_a, d_x, d_x_next = 0.0, 0.0, 1.0
            for x in reversed(x_saved):
                # x = x_next
                d_x_next += d_x
                # x_next = 0.5 * (x + a / x)
                t = 0.5 * d_x_next
                d_a += t / x
                d_x = t * (1.0 - a / (x * x))
                d_x_next = 0.0
            # x = a
            return d_a + d_x
        """,
        2.0,
        1e-9,
    )


def middle() -> Index:
    return Index((Slice(1, -1),))


def test_heat_gradient() -> None:
    u, k, steps = var("u", VEC), var("c"), var("steps", INT)
    update = origin("u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])")
    ret = origin("return np.sum(u * u)")
    s, i = B(), B()
    ui = var("u", VEC)
    i.at(update, adjoint=False)
    right, mid, left = (i.get(ui, x) for x in (Slice(2, None), Slice(1, -1), Slice(None, -2)))
    inner = i.op("add", i.op("sub", right, i.op("mul", 2.0, mid, type=VEC), type=VEC), left, type=VEC)
    u1 = i.put(ui, i.op("mul", k, inner, type=VEC), middle(), mode="add")
    first = s.add(loop({ui: u}, i.end(u1), steps))
    s.at(ret)
    d_u0 = s.op("mul", 2.0, first.outs[0], out="d_u", type=VEC)
    j, d_u = B(), var("d_u", VEC)
    j.at(update)
    t = j.op("mul", k, j.get(d_u, Slice(1, -1)), type=VEC)
    d1 = j.put(d_u, t, Index((Slice(2, None),)), mode="add")
    d2 = j.put(d1, j.op("mul", 2.0, t, type=VEC), middle(), mode="sub")
    d3 = j.put(d2, t, Index((Slice(None, -2),)), mode="add")
    back = s.add(loop({d_u: d_u0}, j.end(d3), steps, adjoint=True))
    check(
        func("heat_grad", (u, k, steps), s.end(back.outs[0])),
        """
        def heat_grad(u, c, steps):
            u = u.copy()
            for _ in range(steps):
                u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
            # return np.sum(u * u)
            d_u = 2.0 * u
            for _ in range(steps):
                # u[1:-1] += c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
                t = c * d_u[1:-1]
                d_u[2:] += t
                d_u[1:-1] -= 2.0 * t
                d_u[:-2] += t
            return d_u
        """,
        np.arange(6.0),
        0.1,
        3,
    )


def external(x: float) -> float:
    return 2.0 * x


def test_swap_of_buffers_is_one_assignment_and_no_copy() -> None:
    u, v, n = var("u", VEC), var("v", VEC), var("n", INT)
    ui, vi, i = var("u", VEC), var("v", VEC), B()
    v1 = i.put(vi, i.get(ui, Slice(None, None, -1)))
    s = B()
    steps = s.add(loop({ui: u, vi: v}, i.end(v1, ui), n))
    check(
        func("f", (u, v, n), s.end(steps.outs[0])),
        """
        def f(u, v, n):
            u = u.copy()
            v = v.copy()
            for _ in range(n):
                v[...] = u[::-1]
                u, v = v, u
            return u
        """,
        np.arange(3.0),
        np.ones(3),
        3,
    )


def test_while_with_a_folded_test_and_a_written_user_comment() -> None:
    x, n, k, y = var("x"), var("n", INT), var("k", INT), var("y")
    t, i, s = B(), B(), B()
    test = t.end(t.op("gt", k, 0, type=BOOL))
    i.at(origin("y = y * x", "# one more factor"), adjoint=False)
    y1 = i.op("mul", y, x, out="y")
    i.at(origin("k -= 1"), adjoint=False)
    k1 = i.op("sub", k, 1, out="k", type=INT)
    done = s.add(loop({y: 1.0, k: n}, i.end(y1, k1), test=test))
    check(
        func("power", (x, n), s.end(done.outs[0])),
        """
        def power(x, n):
            k = n
            y = 1.0
            while k > 0:
                # one more factor
                y = y * x
                k -= 1
            return y
        """,
        1.5,
        4,
    )


def test_early_return_and_inverted_condition() -> None:
    x, s = var("x"), B()
    a, b, z = B(), B(), var()
    cond = s.op("eq", x, 0.0, type=BOOL)
    one = a.op("mul", 2.0, x)
    two = b.op("truediv", 1.0, x, out="q")
    s.add(If(cond, a.end(one), b.end(b.op("sub", two, x)), (z,), origin("if x == 0.0:")))
    check(
        func("f", (x,), s.end(z)),
        """
        def f(x):
            if x == 0.0:
                return 2.0 * x
            q = 1.0 / x
            return q - x
        """,
        0.5,
    )
    s, b, y = B(), B(), var("y")
    start = s.op("sub", x, 1.0, out="y")
    cond = s.op("eq", x, 0.0, type=BOOL)
    s.add(If(cond, Block((), (start,)), b.end(b.op("truediv", start, x, out="y")), (y,), origin("if x == 0.0:")))
    check(
        func("f", (x,), s.end(s.op("mul", y, y))),
        """
        def f(x):
            y = x - 1.0
            if x != 0.0:
                y = y / x
            return y * y
        """,
        0.5,
    )


def test_choices_are_expressions() -> None:
    x, s, a, b = var("x"), B(), B(), B()
    low, high = s.op("gt", x, 0.0, type=BOOL), B()
    both = var(None, BOOL)
    s.add(If(low, high.end(high.op("lt", x, 9.0, type=BOOL)), Block((), (c(False),)), (both,)))
    z = var("z")
    s.add(If(both, a.end(a.op("mul", x, x)), b.end(-1.0), (z,), origin("z = x * x if 0 < x < 9 else -1.0")))
    check(
        func("f", (x,), s.end(s.op("add", z, z))),
        """
        def f(x):
            z = x * x if x > 0.0 and x < 9.0 else -1.0
            return z + z
        """,
        0.5,
    )


def test_records_lists_views_and_globals() -> None:
    mat = Array("float64", (Dim(1), Dim(1)))
    p = var("p", Record(dict, ("w", "b"), (mat, FLOAT)))
    s = B()
    w, bias = s.op("item", p, "w", type=mat), s.op("item", p, "b")
    out = s.op("copy", w, out="d_w", type=mat)
    row = s.get(w, 0)
    transposed = ViewStep(REGISTRY.named("np.transpose"))
    out = s.put(out, row, transposed, Index((1,)))
    out = s.put(out, bias, Index((Hole(2), 0)), holes=(c(0),), mode="add")
    fn = Const(external, NoneT())
    d_b = s.op("opaque", fn, bias)
    inf = s.op("mul", -math.inf, d_b)
    keys = Const(("w", "b"), NoneT())
    result = s.op("make_record", Const(dict, NoneT()), keys, out, inf, type=p.type)
    text = emit(own(func("f", (p,), s.end(result))))
    assert text.source == textwrap.dedent(
        """\
        def f(p):
            d_w = p['w'].copy()
            d_w.T[1] = p['w'][0]
            d_w[0, 0] += p['b']
            return {'w': d_w, 'b': -np.inf * external(p['b'])}
        """
    )
    assert text.externals == {"external": external}
    np.testing.assert_equal(compiled(text)({"w": np.eye(2), "b": 2.0})["w"], [[3.0, 1.0], [0.0, 0.0]])


def test_lists_are_copied_on_the_level_that_is_written() -> None:
    vecs = List(VEC)
    xs, v, n = var("xs", vecs), var("v", VEC), var("n", INT)
    s = B()
    kept = s.op("append", xs, v, out="ys", type=vecs)
    written = s.op("update", kept, v, c(0), place=(Index((Hole(2),)),), mode="add", out="ys", type=vecs)
    first = s.get(written, 0)
    total = s.op("add", first, s.get(kept, 0), type=VEC)
    f = func("f", (xs, v), s.end(total))
    args = [[np.ones(2), np.zeros(2)], np.arange(2.0)]
    expected = [2.0, 3.0]
    safe = own(f)
    verify(safe)
    assert evaluate(safe, args, destructive=True).tolist() == expected
    assert compiled(emit(safe))(*args).tolist() == expected
    assert [x.tolist() for x in args[0]] == [[1.0, 1.0], [0.0, 0.0]]


def test_a_parameter_called_like_a_global_keeps_its_name() -> None:
    np_, s = var("np", VEC), B()
    f = func("f", (np_,), s.end(s.op("np.tanh", s.op("np.tanh", np_, type=VEC), type=VEC)))
    text = emit(f)
    assert text.source == "def f(np):\n    return np_.tanh(np_.tanh(np))\n"
    assert text.externals == {"np_": np}
    np.testing.assert_equal(compiled(text)(np.ones(2)), np.tanh(np.tanh(np.ones(2))))


def test_module_has_its_imports() -> None:
    x, s = var("x"), B()
    f = func("f", (x,), s.end(s.op("math.sin", x)))
    text = emit_module([f, f], header="# made from f")
    assert text.source.startswith("# made from f\n\nimport math\n\n\ndef f(x):\n    return math.sin(x)\n\n\ndef f(x):")


@pytest.mark.parametrize("named", [True, False])
def test_long_programs_are_written_in_linear_time(named: bool) -> None:
    x, s = var("x", VEC), B()
    v, versions = x, [x]
    for _ in range(1000):
        v = s.op("np.sin", v, out="x" if named else None, type=VEC)
        versions.append(v)
    s.at(origin("x = np.sin(x)"))
    for w in reversed(versions[:-1]):
        v = s.op("mul", v, s.op("np.cos", w, type=VEC), out="d_x", type=VEC)
    f = func("f", (x,), s.end(v))
    start = time.process_time()
    text = emit(own(f))
    assert time.process_time() - start < 5.0
    np.testing.assert_allclose(compiled(text)(np.ones(2)), evaluate(f, [np.ones(2)]))


def test_text_is_made_as_a_person_would():
    def f(x, n):
        if x[0] > n:
            raise ValueError(f"{x[0]:.2f} is more than {n}")
        return np.sum(x)

    df = grad(f)
    df(np.ones(3), 7)
    assert "'{:.2f} is more than {}'.format(" in df.source


def test_a_name_that_one_branch_rebinds_is_written_in_place_when_no_other_name_means_the_old_array():
    def f(u):
        v = u.copy()
        if u[0] > 0.1:
            v = v * u
        for _ in range(3):
            v[1:-1] += 0.1 * (v[2:] - v[:-2])
        return np.sum(v * v)

    df = grad(f)
    u = np.array([0.5, 0.7, -0.3, 1.2])
    df(u)
    loop = df.source.split("for _ in range(3):")[1].split("# return")[0]
    assert "copy" not in loop and "if" not in loop
    check_grads(f, (u,))
