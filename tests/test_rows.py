"""Lists and arrays in lists: one object under two names, rows as arguments, and what moves under a name."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import adgen
from adgen.errors import AliasError, UnsupportedError


class Node:
    def __init__(self, value):
        self.value = value
        self.kids = []


class Pair:
    def __init__(self, value):
        self.items = [value, value * value]
        self.table = {"a": value}


def node_in_a_node(x):
    nodes = [Node(v) for v in x]
    nodes[0].kids.append(nodes[1])
    nodes[1].value = 3.0 * x[0]
    return nodes[0].kids[0].value


def row_put_into_a_row(x):
    rows = [[[v]] for v in x]
    q = [x[0]]
    rows[0].append(q)
    q[0] = x[1] * 2.0
    return rows[0][1][0]


def row_put_in_twice(x):
    rows = [[[v]] for v in x]
    rows[0].append(rows[1][0])
    rows[1][0][0] = 3.0 * x[0]
    return rows[0][1][0]


def list_extended_by_itself(x):
    rows = [[v] for v in x]
    rows += rows
    rows[0][0] = x[1] * 2.0
    return rows[3][0]


def item_extended_twice(x):
    rows = [[v] for v in x]
    q = [x[0]]
    rows = rows + [q] + [q]
    rows[4][0] = x[1] * 2.0
    return rows[3][0]


def slice_gets_a_named_row(x):
    rows = [[v] for v in x]
    q = [x[0]]
    rows[1:] = [q]
    q[0] = x[1]
    return rows[1][0]


def row_before_it_is_in_two_places(x):
    rows = [[v] for v in x]
    a = rows[0]
    rows.append(rows[0])
    a[0] = x[2] * 3.0
    return rows[-1][0]


def array_replaced_in_a_row(x):
    rows = [[np.array([v, 1.0])] for v in x]
    a = rows[1][0]
    rows[1][0] = x[:2] * 3.0
    return a[0]


def entry_replaced_in_a_row(x):
    rows = [{"a": np.array([v, 1.0])} for v in x]
    a = rows[1]["a"]
    rows[1]["a"] = x * 2.0
    return a[0]


def row_turned_under_a_name(x):
    rows = [[[v, v * v], [1.0, v]] for v in x]
    a = rows[1][1]
    rows[1].reverse()
    return a[0] * x[0]


@pytest.mark.parametrize(
    "f",
    [
        node_in_a_node, row_put_into_a_row, row_put_in_twice, list_extended_by_itself, item_extended_twice,
        slice_gets_a_named_row, row_before_it_is_in_two_places, array_replaced_in_a_row, entry_replaced_in_a_row,
        row_turned_under_a_name,
    ],
)  # fmt: skip
def test_one_object_in_two_places_is_refused_or_right(f):
    x = np.array([0.7, 1.1, 1.3])
    try:
        value, _ = adgen.vjp(f, x)
    except AliasError:
        return
    assert value == f(x)


def copies_of_rows(x):
    rows = [[v, v * v] for v in x]
    whole = [list(r) for r in rows]
    whole[0][0] = 2.0
    other = copy.copy(rows[1])
    return sum(sum(r) for r in whole) * sum(list(rows[0])) + sum(other) * len(list(rows[2]))


def rows_that_grow(x):
    rows = [[v, 1.0] for v in x]
    rows[0] += rows[1]
    rows[1].extend(rows[1])
    rows[2] += (x[0], x[1])
    rows[2] *= 2
    rows[0].append(x[2])
    return sum(sum(i * v for i, v in enumerate(r)) for r in rows)


def lists_that_grow_in_place(x):
    a = [v for v in x]
    b = a
    a *= 2
    a += (x[0] * 2.0,)
    a.extend(v * v for v in x)
    c = [x[0], x[1]]
    d = c
    c *= 3
    d[0] = 5.0 * x[2]
    return sum(i * v for i, v in enumerate(b)) + c[0] * c[4] * len(d)


def lists_in_objects_in_lists(x):
    pairs = [Pair(v) for v in x]
    return sum(pairs[1].items) * pairs[0].items[1] + pairs[2].table["a"] * pairs[0].table["a"]


def rows_of_rows_that_grow(x):
    tables = [[[v, 1.0]] for v in x]
    total = 0.0
    for table in tables:
        table.append([x[0], x[1]])
        last = table[-1]
        last.append(2.0)
        table[0].append(x[2])
        last[0] *= 2.0
        total += sum(last) * sum(table[0])
    return total


@pytest.mark.parametrize(
    "f",
    [copies_of_rows, rows_that_grow, lists_that_grow_in_place, lists_in_objects_in_lists, rows_of_rows_that_grow],
)
def test_rows_have_right_gradients(f):
    adgen.check_grads(f, (np.array([0.7, 1.1, 1.3]),), order=1 + (f is copies_of_rows or f is lists_that_grow_in_place))


def test_a_list_that_gets_a_row_which_it_may_hold_is_refused_by_its_line():
    def f(x):
        rows = [[v] for v in x]
        rows[1:2] = [rows[0], rows[0]]
        rows[1][0] = x[1]
        return rows[2][0]

    with pytest.raises((AliasError, UnsupportedError)):
        adgen.grad(f)(np.array([0.7, 1.1, 1.3]))
