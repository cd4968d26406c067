"""Emission: typed SSA built by hand comes out as the text that a person would write."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from adgen.emit import Text, emit
from adgen.ir.evaluate import evaluate
from adgen.ir.nodes import (
    UNDEF,
    Block,
    Const,
    Consume,
    Func,
    If,
    Index,
    Let,
    Loop,
    Operand,
    Origin,
    Range,
    Slice,
    Var,
)
from adgen.ir.types import Array, Bool, Dim, Float, Int, List, NoneT, Tuple, Type
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
