"""Types of results: indexing against NumPy on random templates, joins, binding, broadcasting of lengths."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from adgen.ir.nodes import Const, Hole, Index, Operand, Slice, Var
from adgen.ir.types import Array, Bool, Dim, Float, Int, List, NoneT, Record, Scalar, Tuple, Type, Undef
from adgen.rules.indexing import gathers, index_type, resolve_items
from adgen.rules.lengths import broadcast_length, reset_dims, stretches
from adgen.rules.load import load_rules
from adgen.rules.registry import REGISTRY
from adgen.rules.typing import bind, bound_args, canonical, covers, join, result_type, type_of_value

load_rules()
row = REGISTRY.named


def const(v: Any) -> Const:
    return Const(v, type_of_value(v))


def check(t: Type, v: Any, lengths: dict[int, int]) -> None:
    """Compare an inferred type with a value; `lengths` are those of the symbols that are known."""
    if isinstance(t, Scalar):
        assert isinstance(v, np.generic) and v.dtype == t.dtype
        return
    assert isinstance(t, Array) and isinstance(v, np.ndarray), (t, v)
    assert (v.dtype, v.ndim) == (t.dtype, len(t.dims)), (t, v.shape)
    for n, length in zip(t.dims, v.shape):
        if isinstance(n, int):
            assert n == length, (t, v.shape)
        else:
            assert not (n.nonunit and length == 1), (t, v.shape)
            if n.symbol in lengths:
                assert max(lengths[n.symbol] - n.minus, 0) == length, (t, v.shape)


@pytest.mark.parametrize("seed", range(300))
def test_index_types_are_numpys(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape = tuple(int(n) for n in rng.choice([1, 3, 4, 6], rng.integers(1, 5)))
    base = np.ones(shape, rng.choice(["float64", "float32"]))
    template: list[Any] = []
    actual: list[Any] = []
    holes: list[Operand] = [Var(type_of_value(base))]

    def hole(v: Any, operand: Operand) -> None:
        holes.append(operand)
        template.append(Hole(len(holes) - 1))
        actual.append(v)

    def bound() -> Any:
        return None if rng.random() < 0.4 else int(rng.integers(-4, 5))

    axis = 0
    ellipsis = False
    while axis < len(shape):
        kind = rng.integers(0, 10)
        if kind <= 2:
            s = slice(bound(), bound(), [None, None, None, 2, -1][rng.integers(5)])
            template.append(Slice(s.start, s.stop, s.step))
            actual.append(s)
        elif kind == 3:
            template.append(0)
            actual.append(0)
        elif kind == 4:
            hole(0, Var(Int()))
        elif kind == 5:
            idx = rng.integers(0, shape[axis], (2,) if rng.random() < 0.7 else (3, 1, 2))
            hole(idx, Var(type_of_value(idx)))
        elif kind == 6:
            mask = rng.random(shape[axis]) < 0.5
            mask = np.resize([True, True] + [False] * 9, shape[axis]) if shape[axis] > 1 else np.array([True])
            hole(mask, Var(type_of_value(mask)))
        elif kind == 7:
            template.append(None)
            actual.append(None)
            continue
        elif kind == 8 and not ellipsis:
            ellipsis = True
            template.append(...)
            actual.append(...)
            axis += int(rng.integers(0, len(shape) - axis + 1))
            continue
        else:
            break
        axis += 1
    if not template:
        return
    try:
        expected = base[tuple(actual)]
    except IndexError:
        return
    lengths = {n.symbol: length for n, length in zip(holes[0].type.dims, shape) if not isinstance(n, int)}  # type: ignore[attr-defined]
    place = (Index(tuple(template)),)
    check(index_type(holes[0].type, resolve_items(place, holes)), expected, lengths)
    if isinstance(expected, np.ndarray) and expected.size:
        assert gathers(place, holes) != np.shares_memory(expected, base)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, 9])
def test_slices_of_a_symbolic_length(n: int) -> None:
    for start in (None, 0, 1, 2, -1, -2, -3):
        for stop in (None, 0, 1, 2, 3, -1, -2, -3):
            for step in (None, 1, 2, -1, -2):
                t = index_type(Array("float64", (Dim(0, 0, n != 1),)), [Slice(start, stop, step)])
                check(t, np.ones(n)[start:stop:step], {0: n})


def test_slices_of_one_array_have_equal_lengths() -> None:
    u = Array("float64", (Dim(0),))
    inner, left, right = (index_type(u, [s]) for s in (Slice(1, -1), Slice(None, -2), Slice(2, None)))
    assert inner == left == right == Array("float64", (Dim(0, 2),))


def test_items_of_structures() -> None:
    pair = Tuple((Float(), Int()))
    assert index_type(pair, [const(1)]) == Int()
    assert index_type(pair, [Var(Int())]) == Float()
    assert index_type(pair, [Slice(0, 1)]) == Tuple((Float(),))
    assert index_type(Record(dict, ("w",), (Float(),)), [const("w")]) == Float()
    rows = index_type(List(Array("float64", (Dim(5),))), [0])
    assert rows != index_type(List(Array("float64", (Dim(5),))), [1])  # lengths of elements are not equal
    with pytest.raises(KeyError):
        index_type(Record(dict, ("w",), (Float(),)), [const("b")])


def test_joins() -> None:
    a = Array("float64", (Dim(0, 0, True), 1))
    assert join(Undef(), a) == a and join(a, Undef()) == a
    assert join(Int(), Float()) == Float() and join(Bool(), Int()) == Int()
    assert join(Float(), Scalar("float32")) == Scalar("float64")  # np.sin of the float is float64
    assert join(Int(), Scalar("int64")) == Scalar("int64")
    assert join(Scalar("int64"), Float()) == Scalar("float64")
    assert join(a, Array("float32", a.dims)) == Array("float64", a.dims, loose=True)
    assert join(a, Array("int64", a.dims)) is None
    assert join(a, Float()) is None and join(NoneT(), Float()) is None
    b = join(a, Array("float64", (3, 1)))
    assert isinstance(b, Array) and b.dims[1] == 1 and isinstance(b.dims[0], Dim) and b.dims[0].nonunit
    c = join(a, Array("float64", (1, 1)))
    assert isinstance(c, Array) and isinstance(c.dims[0], Dim) and not c.dims[0].nonunit
    assert covers(c, b) and not covers(b, c)
    assert join(List(Undef()), List(a)) == List(a)


def test_types_of_values() -> None:
    reset_dims()
    record = type_of_value({"w": np.ones((3, 1)), "b": [1.0, 2.0], "n": (1, None)})
    assert str(record) == "dict{w: float64[n0, 1], b: [float], n: (int, None)}"
    assert str(type_of_value([np.ones(2), np.ones((2, 2))])).startswith("list{0: ")
    assert type_of_value(np.float32(1)) == Scalar("float32") and type_of_value(True) == Bool()


def test_canonical_calls() -> None:
    op = row("np.sum")
    x = Var(Array("float64", (Dim(0),)))
    by_position = canonical(op, bind(op, [x, const(0)]))
    assert by_position == canonical(op, bind(op, [x], {"axis": by_position[0][1]}))
    assert by_position[1] == ("axis",)
    assert canonical(op, bind(op, [x], {"keepdims": const(False)})) == ((x,), ())
    log = row("math.log")
    assert canonical(log, bind(log, [const(2.0), x]))[1] == ()
    assert bound_args(op, *by_position)["axis"].value == 0
    for args, kwargs in (([], {}), ([x, x, x, x, x, x, x, x, x], {}), ([x], {"axes": x}), ([x], {op.params[0]: x})):
        with pytest.raises(TypeError):
            bind(op, args, kwargs)
    with pytest.raises(TypeError):
        bind(log, [], {"x": x})


def test_lengths_broadcast() -> None:
    n, m, some = Dim(0, 0, True), Dim(1, 0, True), Dim(2)
    assert broadcast_length(n, 1) == n and broadcast_length(some, n) == n and broadcast_length(some, 3) == 3
    assert broadcast_length(n, m) in (n, m)
    assert stretches(1, n) is True and stretches(some, n) is None
    assert stretches(n, m) is False and stretches(1, 1) is False


@pytest.mark.parametrize(
    ("op", "args", "expected"),
    [
        ("add", (Float(), Scalar("float32")), Scalar((1.0 + np.float32(1)).dtype.name)),
        ("add", (Int(), Float()), Float()),
        ("truediv", (Int(), Int()), Float()),
        ("floordiv", (Int(), Int()), Int()),
        ("mul", (Scalar("float32"), Scalar("float64")), Scalar("float64")),
        ("lt", (Float(), Float()), Bool()),
        ("lt", (Scalar("float64"), Float()), Scalar("bool")),
        ("np.sqrt", (Float(),), Scalar("float64")),
        ("math.atanh", (Scalar("float64"),), Float()),
        ("max", (Int(), Float()), Float()),
        ("abs", (Scalar("complex128"),), Scalar("float64")),
        ("mul", (List(Float()), Int()), List(Float())),
        ("add", (Tuple((Int(),)), Tuple((Float(),))), Tuple((Int(), Float()))),
        ("length", (List(Float()),), Int()),
        ("append", (List(Undef()), Float()), List(Float())),
    ],
)
def test_result_types(op: str, args: tuple[Type, ...], expected: Type) -> None:
    assert result_type(row(op), tuple(map(Var, args))) == expected


def test_powers_of_integers_go_by_the_exponent() -> None:
    assert result_type(row("pow"), (Var(Int()), const(-1))) == Float()
    assert result_type(row("pow"), (Var(Int()), const(2))) == Int()
    assert result_type(row("pow"), (const(2), Var(Int()))) == Int()


def test_impossible_calls_raise_type_errors() -> None:
    for op, args in (("add", (Float(), NoneT())), ("matmul", (Float(), Float())), ("getitem", (Float(), Int()))):
        with pytest.raises((TypeError, IndexError)):
            result_type(row(op), tuple(map(Var, args)))
    assert operator.matmul is row("matmul").fn
