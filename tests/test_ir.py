"""The IR's own tools: evaluator, verifier, printer, rewriting and dead code, on IR built by hand."""

from __future__ import annotations

import operator
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

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
    Place,
    Range,
    Slice,
    Var,
    ViewStep,
    walk,
)
from adgen.ir.rewrite import clone, substitute
from adgen.ir.show import show
from adgen.ir.types import Array, Bool, Dim, Float, Int, List, NoneT, Type
from adgen.ir.verify import verify
from adgen.optimise.dce import eliminate_dead
from adgen.rules.registry import Primitive

FLOAT, INT, BOOL, VEC = Float(), Int(), Bool(), Array("float64", (Dim(0),))


def row(name: str, fn: Callable[..., Any], params: str = "x y", **more: Any) -> Primitive:
    return Primitive(name, fn, tuple(params.split()), **{"kind": "elementwise", **more})


ADD, MUL, SUB = row("add", operator.add), row("mul", operator.mul), row("sub", operator.sub)
LT, GT, NOT = row("lt", operator.lt), row("gt", operator.gt), row("not_", operator.not_, "x")
SIN = row("np.sin", np.sin, "x")
SUM = row("np.sum", np.sum, "a axis", defaults={"axis": None})
GETITEM = row("getitem", operator.getitem, "x", kind="structure")
UPDATE = row("update", operator.setitem, "x value", kind="structure")
TRANSPOSE = row("transpose", np.transpose, "a", memory="view")
LENGTH = row("length", len, "x")
APPEND = row("append", operator.add, "x value", kind="structure")
OPAQUE = row("opaque", print, "fn", kind="opaque", effect="opaque", variadic=True)


def c(value: Any) -> Const:
    kinds: list[tuple[type, Type]] = [(bool, BOOL), (int, INT), (float, FLOAT)]
    return Const(value, next((t for k, t in kinds if isinstance(value, k)), NoneT()))


def var(name: str | None = None, type: Type = FLOAT) -> Var:
    return Var(type, name)


def let(op: Primitive, *args: Operand, name: str | None = None, type: Type = FLOAT, **more: Any) -> Let:
    return Let(Var(type, name), op, args, **more)


def get(base: Operand, items: tuple[Any, ...], *holes: Operand, type: Type = FLOAT) -> Let:
    return let(GETITEM, base, *holes, place=(Index(items),), type=type)


def put(base: Operand, value: Operand, place: Place, *holes: Operand, mode: Any = "set") -> Let:
    return let(UPDATE, base, value, *holes, place=place, mode=mode, type=VEC)


def func(params: tuple[Var, ...], *stmts: Any, result: Operand) -> Func:
    return Func("f", params, Block(tuple(stmts), (result,)))


def loop(
    params: dict[Var, Operand],
    body: Block,
    range_: tuple[int, int, int] | None = None,
    consumes: tuple[Consume, ...] = (),
    collects: tuple[Var, ...] = (),
    **more: Any,
) -> Loop:
    header = None if range_ is None else Range(*map(c, range_))
    outs = tuple(Var(p.type, p.name) for p in params)
    fields: dict[str, Any] = {"index": None, "test": None, **more}
    return Loop(
        header,
        fields.pop("index"),
        fields.pop("test"),
        consumes,
        tuple(params),
        tuple(params.values()),
        body,
        outs,
        collects,
        **fields,
    )


def check(f: Func, *args: Any) -> Func:
    """Remove dead code; the value stays, the result is well-formed and has no dead code left."""
    verify(f)
    new = eliminate_dead(f)
    verify(new)
    np.testing.assert_equal(evaluate(new, args), evaluate(f, args))
    assert eliminate_dead(new) is new
    return new


def count(f: Func, kind: type) -> int:
    return sum(isinstance(s, kind) for s in walk(f.body))


# evaluate


def test_straight_line_and_keywords() -> None:
    x = var("x", VEC)
    a = let(SIN, x, type=VEC)
    s = let(SUM, a.out, c(0), kws=("axis",))
    f = func((x,), a, s, result=s.out)
    verify(f)
    assert evaluate(f, [np.arange(3.0)]) == np.sin(np.arange(3.0)).sum()


def test_update_copies_unless_destructive() -> None:
    u, i = var("u", VEC), var("i", INT)
    w = put(u, c(5.0), (Index((Hole(2),)),), i)
    w2 = put(w.out, c(1.0), (Index((Slice(1, None),)),), mode="add")
    f = func((u, i), w, w2, result=w2.out)
    verify(f)
    data = np.zeros(4)
    assert evaluate(f, [data, 2]).tolist() == [0, 1, 6, 1]
    assert data.tolist() == [0, 0, 0, 0]
    result = evaluate(f, [data, 2], destructive=True)
    assert result is data and data.tolist() == [0, 1, 6, 1]


def test_update_through_view_and_whole() -> None:
    u = var("u", Array("float64", (2, 3)))
    w = put(u, c(7.0), (ViewStep(TRANSPOSE), Index((0, 1))))
    whole = put(w.out, c(1.0), (), mode="sub")
    f = func((u,), w, whole, result=whole.out)
    verify(f)
    assert evaluate(f, [np.zeros((2, 3))]).tolist() == [[-1, -1, -1], [6, -1, -1]]


def test_getitem_templates() -> None:
    u, i = var("u", VEC), var("i", INT)
    g = get(u, (Slice(Hole(1), None, 2), None), i, type=VEC)
    f = func((u, i), g, result=g.out)
    verify(f)
    assert evaluate(f, [np.arange(6.0), 1]).tolist() == [[1], [3], [5]]


def test_loop_collect_then_consume_reversed() -> None:
    x, y0 = var("x"), var("y")
    step = let(MUL, y0, x)
    seq = var("seq", List(FLOAT))
    first = loop({y0: c(1.0)}, Block((step,), (step.out, y0)), (0, 4, 1), collects=(seq,))
    e, acc = var("e"), var("acc")
    double = let(MUL, acc, c(2.0))
    total = let(ADD, double.out, e)
    second = loop({acc: c(0.0)}, Block((double, total), (total.out,)), consumes=(Consume(e, seq, True),))
    f = func((x,), first, second, result=second.outs[0])
    verify(f)
    expected = 0.0
    for e_ in (27.0, 9.0, 3.0, 1.0):
        expected = 2 * expected + e_
    assert evaluate(f, [3.0]) == expected


def test_while_stops_and_backwards_range() -> None:
    x, p, i = var("x"), var("p"), var("i", INT)
    t = let(LT, p, c(100.0), type=BOOL)
    nxt = let(ADD, p, i)
    stop = let(GT, nxt.out, x, type=BOOL)
    lp = loop(
        {p: c(0.0)},
        Block((nxt, stop), (nxt.out, stop.out)),
        (0, 10, 1),
        index=i,
        backwards=True,
        stops=True,
        test=Block((t,), (t.out,)),
    )
    f = func((x,), lp, result=lp.outs[0])
    verify(f)
    assert evaluate(f, [16.0]) == 9 + 8
    assert evaluate(f, [1e9]) == 45


def test_undefined_raises_on_use_only() -> None:
    k = var("k", BOOL)
    out, twice = var("v"), var()
    choice = If(k, Block((), (c(2.0),)), Block((), (UNDEF,)), (out,))
    use = Let(twice, MUL, (out, c(2.0)))
    f = func((k,), choice, use, result=twice)
    verify(f)
    assert evaluate(f, [True]) == 4.0
    with pytest.raises(UnboundLocalError, match="'v'"):
        evaluate(f, [False])
    passed_on = func((k,), choice, result=c(1.0))
    assert evaluate(passed_on, [False]) == 1.0


def test_defaults() -> None:
    x, y = var("x"), var("y")
    s = let(SUB, x, y)
    f = Func("f", (x, y), Block((s,), (s.out,)), defaults=(2.0,))
    assert evaluate(f, [5.0]) == 3.0 and evaluate(f, [5.0, 1.0]) == 4.0
    with pytest.raises(TypeError):
        evaluate(f, [])


# show


def test_show_is_readable_and_deterministic() -> None:
    u, i = var("u", VEC), var("i", INT)
    w = put(u, c(5.0), (Index((Hole(2), Slice(None, -1))),), i, mode="add")
    p, e, k, seq = var("p"), var("e"), var("k", INT), var("ps", List(FLOAT))
    a = let(ADD, p, e)
    b = If(c(True), Block((), (a.out,)), Block((), (UNDEF,)), (var("q"),))
    lp = loop({p: c(0.0)}, Block((a, b), (a.out, b.outs[0])), (0, 4, 1), (Consume(e, u, True),), (seq,), index=k)
    f = func((u, i), w, lp, result=lp.outs[0])
    verify(f)
    assert (
        show(f)
        == """\
func f(%0.u: float64[n0], %1.i: int):
    %2: float64[n0] = update %0.u[%1.i, :-1] += 5.0
    loop %3.k: int in range(0, 4, 1) and %4.e: float in reversed %0.u carry %5.p: float = 0.0:
        %6: float = add(%5.p, %4.e)
        if True:
            yield %6
        else:
            yield undef
        -> %7.q: float
        yield %6, %7.q
    -> %8.p: float
    -> collect %9.ps: [float]
    return %8.p
"""
    )
    assert "int" not in show(f, types=False) and k.name == "k"


# verify


def refused(f: Func, match: str) -> None:
    errors = pytest.importorskip("adgen.errors")
    with pytest.raises(errors.InternalError, match=match):
        verify(f)


def test_verify_finds_malformed_functions() -> None:
    x = var("x")
    a = let(SIN, x)
    b = let(SIN, a.out)
    refused(func((x,), b, a, result=b.out), "before its definition")
    refused(func((x,), a, a, result=a.out), "two places")
    refused(func((x,), a, Let(a.out, SIN, (x,)), result=a.out), "defined twice")
    branch = If(c(True), Block((let(SIN, x),), ()), Block((a,), ()), ())
    refused(func((x,), branch, result=a.out), "outside its block")
    refused(func((x,), If(c(True), Block((), (x,)), Block((), ()), (var(),)), result=x), "yields 0 values for 1")
    refused(func((x,), get(x, (Hole(2),), c(1)), result=x), "holes")
    refused(func((x,), let(SIN, x, x), result=x), "takes")
    refused(func((x,), let(SUM, x, c(0), kws=("axes",)), result=x), "no keyword")
    refused(func((x,), let(SUM, kws=()), result=x), "lacks 'a'")
    refused(func((x,), loop({}, Block((), ())), result=x), "nothing to drive")
    p = var("p")
    refused(func((x,), loop({p: x}, Block((), ()), (0, 1, 1)), result=x), "the body yields 0")
    refused(func((x,), loop({p: x}, Block((), (p,)), (0, 1, 1)), result=p), "outside its block")
    untyped: Any = None
    refused(func((Var(untyped),), result=x), "no type")


# rewrite


def nested() -> tuple[Var, Loop]:
    x, p, e, q = var("x"), var("p"), var("e"), var("q")
    a = let(ADD, p, x)
    b = let(MUL, a.out, e)
    t = If(c(True), Block((b,), (b.out,)), Block((), (x,)), (q,))
    return x, loop({p: x}, Block((a, t), (q,)), consumes=(Consume(e, c((1.0, 2.0))),))


def test_substitute_keeps_what_it_does_not_touch() -> None:
    x, lp = nested()
    block = Block((lp,), (lp.outs[0],))
    assert substitute(block, {}) is block and substitute(block, {var(): x}) is block
    y, z = var("y"), var("z")
    new = substitute(block, {x: y, y: z})
    f = func((z,), *new.stmts, result=new.results[0])
    verify(f)
    assert evaluate(f, [2.0]) == evaluate(func((x,), lp, result=lp.outs[0]), [2.0]) == 12.0


def test_clone_is_independent() -> None:
    x, lp = nested()
    y = var("y")
    mapping: dict[Var, Operand] = {x: y}
    twin = clone(Block((lp,), (lp.outs[0],)), mapping)
    total = let(ADD, lp.outs[0], twin.results[0])
    f = func((x, y), lp, *twin.stmts, total, result=total.out)
    verify(f)
    assert evaluate(f, [2.0, 2.0]) == 24.0
    assert mapping[lp.outs[0]] is twin.results[0]


# dead code


def test_dead_lets_go_effects_stay() -> None:
    x = var("x")
    seen: list[float] = []
    fn = Const(seen.append, NoneT())
    dead, a = let(SIN, x), let(MUL, x, c(2.0))
    dead2 = let(SIN, dead.out)
    say = let(OPAQUE, fn, a.out)
    inside = If(c(0) if False else x, Block((let(SIN, x), let(OPAQUE, fn, x)), ()), Block((), ()), ())
    f = func((x,), dead, a, dead2, say, inside, result=x)
    new = check(f, 3.0)
    assert seen == [6.0, 3.0] * 2
    assert count(new, Let) == 3 and count(new, If) == 1


def test_dead_branches_and_outs() -> None:
    k, x = var("k", BOOL), var("x")
    a, b = let(SIN, x), let(MUL, x, c(3.0))
    q, r = var("q"), var("r")
    t = If(k, Block((a, b), (a.out, b.out)), Block((), (x, x)), (q, r))
    unread = If(k, Block((let(SIN, x),), ()), Block((), ()), ())
    new = check(func((k, x), t, unread, result=r), True, 2.0)
    (only,) = new.body.stmts
    assert isinstance(only, If) and only.outs == (r,) and only.then.stmts == (b,)
    assert check(func((k, x), t, result=x), True, 2.0).body.stmts == ()


def test_join_of_one_value_and_constant_condition() -> None:
    k, x, q, r = var("k", BOOL), var("x"), var("q"), var("r")
    same = If(k, Block((), (x,)), Block((), (x,)), (q,))
    a = let(SIN, q)
    taken = If(c(True), Block((a,), (a.out,)), Block((), (q,)), (r,))
    new = check(func((k, x), same, taken, result=r), True, 2.0)
    (only,) = new.body.stmts
    assert isinstance(only, Let) and only.args == (x,)
    empty = If(k, Block((), (x,)), Block((), (c(0.0),)), (r,))
    assert count(check(func((k, x), empty, result=r), True, 2.0), If) == 1


def test_loop_keeps_what_feeds_itself_only_if_read() -> None:
    x = var("x")
    p, q, r = var("p"), var("q"), var("r")
    p1, q1, r1 = let(MUL, p, c(0.5)), let(ADD, q, p), let(ADD, r, c(1.0))
    seq, unread = var("seq", List(FLOAT)), var(None, List(FLOAT))
    body = Block((p1, q1, r1), (p1.out, q1.out, r1.out, q, r))
    lp = loop({p: x, q: c(0.0), r: c(0.0)}, body, (0, 5, 1), collects=(seq, unread), index=var("i", INT))
    total = let(LENGTH, seq, type=INT)
    new = check(func((x,), lp, total, result=total.out), 2.0)
    kept = new.body.stmts[0]
    assert isinstance(kept, Loop) and kept.params == (p, q) and kept.collects == (seq,) and kept.index is None
    new = check(func((x,), lp, result=lp.outs[2]), 2.0)
    kept = new.body.stmts[0]
    assert isinstance(kept, Loop) and kept.params == (r,) and kept.collects == ()
    assert check(func((x,), lp, result=x), 2.0).body.stmts == ()


def test_while_loop_vanishes_and_keeps_its_test() -> None:
    x, p, q = var("x"), var("p"), var("q")
    t = let(LT, p, x, type=BOOL)
    p1, q1 = let(ADD, p, c(1.0)), let(MUL, q, c(2.0))
    lp = loop({p: c(0.0), q: c(1.0)}, Block((p1, q1), (p1.out, q1.out)), test=Block((t,), (t.out,)))
    assert check(func((x,), lp, result=x), 3.0).body.stmts == ()
    kept = check(func((x,), lp, result=lp.outs[1]), 3.0).body.stmts[0]
    assert isinstance(kept, Loop) and kept.params == (p, q)
    kept = check(func((x,), lp, result=lp.outs[0]), 3.0).body.stmts[0]
    assert isinstance(kept, Loop) and kept.params == (p,)


def test_invariant_carried_values_become_their_inits() -> None:
    x, p, q, n = var("x"), var("p"), var("q"), var("n", INT)
    inner_p = var("p")
    inner = loop({inner_p: p}, Block((), (inner_p,)), (0, 2, 1))
    q1 = let(ADD, q, inner.outs[0])
    lp = loop({p: x, q: c(0.0)}, Block((inner, q1), (inner.outs[0], q1.out)), (0, 3, 1))
    new = check(func((x, n), lp, result=lp.outs[1]), 2.0, 0)
    (kept,) = new.body.stmts
    assert isinstance(kept, Loop) and kept.params == (q,) and count(new, Loop) == 1
    again = loop({p: x, q: UNDEF}, Block((), (x, q)), (0, 3, 1))
    assert check(func((x,), again, result=again.outs[0]), 2.0).body.stmts == ()
    assert count(eliminate_dead(func((x,), again, result=again.outs[1])), Loop) == 1


def test_consumes_keep_the_number_of_iterations() -> None:
    xs, ys, acc, e, g = var("xs", VEC), var("ys", VEC), var("acc"), var("e"), var("g")
    zs, h = var("zs", List(FLOAT)), var("h")
    a = let(ADD, acc, c(1.0))
    body = Block((a,), (a.out,))

    def consumed(*pairs: tuple[Var, Var], **more: Any) -> int:
        lp = loop({acc: c(0.0)}, body, consumes=tuple(Consume(v, s) for v, s in pairs), **more)
        new = check(func((xs, ys, zs), lp, result=lp.outs[0]), np.ones(3), np.ones(3), [1.0, 1.0, 1.0])
        kept = new.body.stmts[0]
        assert isinstance(kept, Loop)
        return len(kept.consumes)

    assert consumed((e, xs)) == 1
    assert consumed((e, xs), (g, ys)) == 1  # lengths are known to be equal
    assert consumed((e, xs), (h, zs)) == 2  # the shorter one ends the loop
    assert consumed((e, xs), (h, zs), adjoint=True) == 1
    assert consumed((h, zs), range_=(0, 3, 1)) == 1
    assert consumed((h, zs), range_=(0, 3, 1), adjoint=True) == 0


def stopping(negate: bool, outer: bool) -> tuple[Func, Loop]:
    """`for _ in range(9): x_next = x * 0.5; if x_next < 0.1: break; x = x_next`."""
    x0, x, y = var("x"), var("x"), var("y")
    nxt = let(MUL, x, c(0.5))
    cond = let(LT, nxt.out, c(0.1), type=BOOL)
    keep = let(NOT, cond.out, type=BOOL)
    then, orelse = Block((), (x,)), Block((), (nxt.out,))
    test = keep if negate else cond
    join = If(test.out, *((orelse, then) if negate else (then, orelse)), (var("x"),))
    y1 = let(ADD, y, x)
    stmts = (nxt, cond, keep, join, y1) if negate else (nxt, cond, join, y1)
    lp = loop({x: x0, y: c(0.0)}, Block(stmts, (join.outs[0], y1.out, cond.out)), (0, 9, 1), stops=True)
    return func((x0,), lp, result=lp.outs[0 if outer else 1]), lp


@pytest.mark.parametrize("negate", [False, True])
def test_value_of_the_stopping_iteration_is_free_if_unread(negate: bool) -> None:
    f, _ = stopping(negate, outer=False)
    assert count(check(f, 1.0), If) == 0
    f, _ = stopping(negate, outer=True)
    assert count(check(f, 1.0), If) == 1


def test_undefined_in_the_stopping_iteration() -> None:
    x0, v, acc = var("x"), var("v"), var("acc")
    cond = let(GT, x0, acc, type=BOOL)
    stop = let(NOT, cond.out, type=BOOL)
    a = let(ADD, acc, c(1.0))
    join = If(stop.out, Block((), (UNDEF,)), Block((), (a.out,)), (var("v"),))
    use = let(SIN, a.out)
    lp = loop(
        {acc: c(0.0), v: UNDEF},
        Block((cond, stop, a, join, use), (a.out, join.outs[0], stop.out)),
        (0, 9, 1),
        stops=True,
    )
    assert count(check(func((x0,), lp, result=lp.outs[0]), 3.0), If) == 0
    assert count(eliminate_dead(func((x0,), lp, result=lp.outs[1])), If) == 1


def test_long_chains_are_linear() -> None:
    x = var("x")
    stmts: list[Let] = []
    last: Var = x
    for _ in range(20_000):
        stmts += [let(SIN, last), let(MUL, last, c(0.5))]
        last = stmts[-1].out
    f = func((x,), *stmts, result=last)
    start = time.process_time()
    verify(f)
    new = eliminate_dead(f)
    show(new)
    assert len(new.body.stmts) == 20_000
    assert time.process_time() - start < 5
