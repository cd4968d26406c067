"""Ownership and the way out of SSA, on random programs.

Each program has views, writes, branches, loops, tapes and early exits in any mix. It is run three ways: as
functional IR, as IR that writes in place after `own`, and as emitted text; all must agree, and leave the
arguments as they were.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

import adgen
from adgen.emit import emit
from adgen.ir.evaluate import evaluate
from adgen.ir.nodes import (
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
from adgen.ir.types import Array, Bool, Dim, Int, List, Scalar, Tuple, Type
from adgen.ir.verify import verify
from adgen.optimise.own import own
from adgen.rules.load import load_rules
from adgen.rules.registry import REGISTRY

load_rules()
VEC, NUM, BOOL, INT, VECS = (
    Array("float64", (Dim(0),)),
    Scalar("float64"),
    Bool(),
    Int(),
    List(Array("float64", (Dim(0),))),
)
FULL = List(Array("float64", (Dim(0, 0, True),)))  # lists of two elements or more
NAMES = ("x", "y", "u", "d_u", "d_x", None, None, None)
ORIGINS = [Origin("f.py", k, 0, k, 9, text, "f") for k, text in enumerate(("x = y", "u[i] += x", "return x"))]
FLIP = Index((Slice(None, None, -1),))


def num(value: float) -> Const:
    return Const(value, NUM)


class Program:
    """Draws one function."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        self.budget = self.draw.randint(6, 28)

    def func(self) -> Func:
        params = [Var(VEC, "x", True), Var(VEC, "v", True), Var(NUM, "a", True), Var(NUM, "b", True)]
        self.loops = 0
        first = Let(Var(FULL, "ws", True), REGISTRY.named("make_list"), (params[0], params[1]))
        block, env = self.block([*params, first.out], depth=0)
        block.insert(0, first)
        count = self.draw.randint(1, 4)
        leaves = [self.pick(env, self.draw.choice((VEC, VEC, NUM))) for _ in range(count)]
        if count == 1:
            return Func("f", tuple(params), Block(tuple(block), tuple(leaves)))
        out = Var(Tuple(tuple(v.type for v in leaves)))
        block.append(Let(out, REGISTRY.named("make_tuple"), tuple(leaves)))
        return Func("f", tuple(params), Block(tuple(block), (out,)))

    def pick(self, env: list[Var], type: Type) -> Operand:
        found = [v for v in env if v.type == type]
        if type == NUM and (not found or self.draw.random() < 0.2):
            return num(self.draw.choice((0.5, -1.5, 2.0)))
        late = found[-4:] if self.draw.random() < 0.7 else found
        return self.draw.choice(late)

    def out(self, type: Type) -> Var:
        name = self.draw.choice(NAMES)
        return Var(type, name, name is not None and self.draw.random() < 0.8)

    def let(self, name: str, type: Type, *args: Operand, **more: Any) -> Let:
        adjoint = self.draw.random() < 0.6
        return Let(
            self.out(type), REGISTRY.named(name), args, origin=self.draw.choice(ORIGINS), adjoint=adjoint, **more
        )

    def block(self, env: list[Var], depth: int) -> tuple[list[Any], list[Var]]:
        stmts: list[Any] = []
        env = list(env)
        for _ in range(self.draw.randint(1, 5 if depth else 9)):
            self.budget -= 1
            s = self.stmt(env, depth)
            for b in s:
                stmts.append(b)
                if isinstance(b, Let):
                    env.append(b.out)
                elif isinstance(b, If):
                    env.extend(b.outs)
                else:
                    env.extend((*b.outs, *b.collects))
        return stmts, env

    def stmt(self, env: list[Var], depth: int) -> list[Any]:
        kind = self.draw.random()
        vec, vec2, n = self.pick(env, VEC), self.pick(env, VEC), self.pick(env, NUM)
        if kind < 0.16:
            op = self.draw.choice(("add", "sub", "mul"))
            return [self.let(op, VEC, vec, self.draw.choice((vec2, n)))]
        if kind < 0.24:
            return [self.accumulate(env)]
        if kind < 0.34:
            return [self.let("getitem", VEC, vec, place=(FLIP,))]
        if kind < 0.40:
            return [self.let("getitem", NUM, vec, place=(Index((self.draw.randint(0, 3),)),))]
        if kind < 0.48:
            op = self.draw.choice(("add", "sub", "mul"))
            return [self.let(op, NUM, n, self.pick(env, NUM))]
        if kind < 0.52:
            return [self.let("np.sum", NUM, vec)]
        if kind < 0.62:
            return [self.lists(self.pick(env, FULL), vec, vec2)]
        if kind < 0.76 or depth >= 3 or self.budget < 0:
            return [self.update(vec, self.draw.choice((vec2, n)))]
        if kind < 0.87:
            return self.branch(env, depth)
        return self.loop(env, depth)

    def lists(self, ws: Operand, vec: Operand, vec2: Operand) -> Let:
        kind, at = self.draw.random(), (Index((self.draw.choice((0, 1, -1)),)),)
        if kind < 0.15:
            return self.let("make_list", FULL, vec, vec2)
        if kind < 0.35:
            return self.let("append", FULL, ws, vec)
        if kind < 0.6:
            return self.let("getitem", VEC, ws, place=at)
        mode = self.draw.choice(("set", "add", "sub"))
        if kind < 0.8:
            return self.let("update", FULL, ws, vec, place=at, mode=mode)
        return self.let("update", FULL, ws, vec, place=(*at, FLIP), mode=mode)

    def accumulate(self, env: list[Var]) -> Let:
        a, b = self.pick(env, VEC), self.pick(env, VEC)
        assert isinstance(a, Var)
        out = Var(VEC, a.name, a.fixed)
        return Let(out, REGISTRY.named("add"), (a, b), origin=self.draw.choice(ORIGINS), adjoint=True)

    def update(self, base: Operand, value: Operand) -> Let:
        assert isinstance(base, Var)
        places: list[Any] = (
            [(), (FLIP,)] if value.type == VEC else [(), (FLIP,), (Index((Slice(1, 3),)),), (Index((2,)),)]
        )
        out = Var(VEC, base.name, base.fixed)
        mode = self.draw.choice(("set", "add", "sub"))
        return Let(
            out,
            REGISTRY.named("update"),
            (base, value),
            (),
            self.draw.choice(places),
            mode,
            self.draw.choice(ORIGINS),
            True,
        )

    def cond(self, env: list[Var]) -> Let:
        return Let(Var(BOOL), REGISTRY.named("lt"), (self.pick(env, NUM), num(0.7)))

    def branch(self, env: list[Var], depth: int) -> list[Any]:
        cond = self.cond(env)
        types = [self.draw.choice((VEC, VEC, NUM, NUM, FULL)) for _ in range(self.draw.randint(1, 3))]
        then, env1 = self.block(env, depth + 1) if self.draw.random() < 0.8 else ([], env)
        orelse, env2 = self.block(env, depth + 1) if self.draw.random() < 0.5 else ([], env)
        blocks = [Block(tuple(s), tuple(self.pick(e, t) for t in types)) for s, e in ((then, env1), (orelse, env2))]
        outs = tuple(self.join_name(pair, t) for pair, t in zip(zip(blocks[0].results, blocks[1].results), types))
        return [cond, If(cond.out, blocks[0], blocks[1], outs)]

    def join_name(self, pair: tuple[Operand, ...], t: Type) -> Var:
        named = [a for a in pair if isinstance(a, Var) and a.name is not None]
        return Var(t, named[0].name, True) if named and self.draw.random() < 0.8 else self.out(t)

    def loop(self, env: list[Var], depth: int) -> list[Any]:
        draw = self.draw
        types = [draw.choice((VEC, VEC, VEC, NUM, NUM, FULL)) for _ in range(draw.randint(1, 3))]
        inits = [self.pick(env, t) for t in types]
        params = []
        for a, t in zip(inits, types):
            same = isinstance(a, Var) and draw.random() < 0.7
            params.append(Var(t, a.name, a.fixed) if same and isinstance(a, Var) else self.out(t))
        lists = [v for v in env if v.type == VECS]
        consumes: list[Consume] = []
        index = None
        header: Range | None = Range(Const(0, INT), Const(draw.randint(0, 3), INT), Const(1, INT))
        if lists and draw.random() < 0.7:
            for seq in draw.sample(lists, min(len(lists), draw.randint(1, 2))):
                consumes.append(Consume(self.out(VEC), seq, draw.random() < 0.5))
            header = header if draw.random() < 0.3 else None
        if header is not None and draw.random() < 0.5:  # sometimes nobody reads the counter
            index = Var(INT, "i", True)
        inside = [*env, *params, *(c.var for c in consumes)]
        body, env1 = self.block(inside, depth + 1)
        yields = [self.pick(env1, t) for t in types]
        if draw.random() < 0.2:
            yields = [p for p in params]
            rng = [k for k, t in enumerate(types) if t == VEC]
            for k, m in zip(rng, rng[1:] + rng[:1]):
                yields[k] = params[m]
        collects = [Var(VECS, "x_saved", True) for _ in range(draw.randint(0, 2))]
        collected = [self.pick(env1, VEC) for _ in collects]
        results: list[Operand] = [*yields, *collected]
        stops = draw.random() < 0.4
        if stops:
            cond = self.cond(env1)
            body.append(cond)
            if draw.random() < 0.6:
                then, e1 = self.block(env1, 3) if draw.random() < 0.4 else ([], env1)
                orelse, e2 = self.block(env1, 3) if draw.random() < 0.7 else ([], env1)
                sides = [Block(tuple(s), tuple(self.pick(e, t) for t in types)) for s, e in ((then, e1), (orelse, e2))]
                outs = tuple(Var(p.type, p.name, p.fixed) for p in params)
                body.append(If(cond.out, *sides, outs))
                results = [*outs, *collected]
            results.append(cond.out)
        outs = tuple(Var(p.type, p.name, p.fixed) for p in params)
        return [
            Loop(
                header,
                index,
                None,
                tuple(consumes),
                tuple(params),
                tuple(inits),
                Block(tuple(body), tuple(results)),
                outs,
                tuple(collects),
                stops,
                backwards=header is not None and draw.random() < 0.3,
                adjoint=draw.random() < 0.5,
            )
        ]


def arguments() -> list[Any]:
    return [np.array([0.3, -0.7, 1.1, 0.2]), np.array([0.9, 0.1, -0.4, 0.6]), np.float64(0.4), np.float64(1.3)]


def run(seed: int) -> tuple[Func, Func]:
    f = Program(seed).func()
    verify(f)
    with np.errstate(all="ignore"):
        expected = evaluate(f, arguments())
        safe = own(f)
        verify(safe)
        args = arguments()
        got = evaluate(safe, args, destructive=True)
        np.testing.assert_allclose(flat(got), flat(expected), rtol=1e-9)
        np.testing.assert_equal(args, arguments())
        text = emit(safe)
        assert text.source == emit(safe).source
        env: dict[str, Any] = {"np": np}
        exec(text.source, env)
        got = env["f"](*args)
        np.testing.assert_allclose(flat(got), flat(expected), rtol=1e-9, err_msg=text.source)
        np.testing.assert_equal(args, arguments(), err_msg=text.source)
        leaves = [x for x in (got if isinstance(got, tuple) else (got,)) if isinstance(x, np.ndarray)]
        for k, x in enumerate(leaves):
            assert not any(np.shares_memory(x, y) for y in (*args[:2], *leaves[:k])), text.source
        assert max(map(len, text.source.split("\n"))) <= 100
    return f, safe


def flat(value: Any) -> Any:
    return np.concatenate([np.atleast_1d(x) for x in (value if isinstance(value, tuple) else (value,))])


@pytest.mark.slow
@pytest.mark.parametrize("block", range(8))
def test_random_programs(block: int) -> None:
    for seed in range(block * 100, block * 100 + 100):
        run(seed)


def table(xs, n):
    rows = [[0.0] * n for _ in range(n)]
    for i in range(n):
        rows[i][i] = xs[i]
        for j in range(i):
            rows[i][j] += rows[j][i] * xs[j]
            rows[j][i] = rows[i][j] * xs[i]
    return sum(rows[n - 1])


def tally(xs, keys):
    found = {k: np.zeros(2) for k in keys}
    for k, x in zip(keys, xs):
        found[k] += x
        found[k][0] *= x
    return sum(v @ v for v in found.values())


def test_gradients_of_rows_are_written_where_they_are():
    xs = np.array([0.4, -1.2, 0.7])
    for f, args in ((table, (xs, 3)), (tally, (xs, ["a", "b", "a"]))):
        adgen.check_grads(f, args)
        gradient = adgen.grad(f)
        gradient(*args)
        backward = gradient.source.split("d_xs =")[1]
        assert ".copy()" not in backward


def written(x, y):
    x[0] = x[1] * y[0]
    return np.sum(x * y)


def test_an_argument_that_is_written_holds_each_element_once():
    base, y = np.arange(1.0, 9.0), np.ones(3)
    for x in (base[:3], base[::-2][:3], base[5::-2]):
        np.testing.assert_array_equal(adgen.grad(written)(x, y), [0.0, 2.0, 1.0])
    for step in (0, 4):
        with pytest.raises(ValueError, match="same memory twice"):
            adgen.grad(written)(np.lib.stride_tricks.as_strided(base, (3,), (step,)), y)


def both(a, b):
    return np.array(a) + np.array(b) + sum(a) + sum(b)


def test_gradients_in_lists_share_no_memory():
    a, b, seed = [np.ones(3), np.ones(3)], [np.ones(3), np.ones(3)], np.ones((2, 3))
    d_a, d_b = adgen.vjp(both, a, b)[1](seed)
    arrays = [*a, *b, seed, *d_a, *d_b]
    assert not any(np.shares_memory(x, y) for k, x in enumerate(arrays) for y in arrays[:k])


def swapped_in_an_inner_loop(x):
    u, v = x.copy(), np.zeros(3)
    for _ in range(3):
        v[1:] = u[:-1] * u[1:]
        v[0] = u[-1]
        for _ in range(1):
            u, v = v, u
    return np.sum(u)


def turned_in_an_inner_loop(x):
    u, v, w = x.copy(), np.zeros(3), np.ones(3)
    for k in range(4):
        w[1:] = u[:-1] * v[1:] + u[1:]
        w[0] = u[-1]
        for _ in range(1 + k % 2):
            u, v, w = w, u, v
    return np.sum(u * v) + w[0]


def made_in_a_loop_and_written_after_it(x):
    for _ in range(1):
        y = x * 1
    y[0] = 2.0 * x[1]
    return y[0] * y[0]


@pytest.mark.parametrize("f", [swapped_in_an_inner_loop, turned_in_an_inner_loop, made_in_a_loop_and_written_after_it])
def test_buffers_of_loops_in_loops(f):
    adgen.check_grads(f, (np.array([0.5, 0.8, 1.3]),))
