"""Objects that lead to one another: lists and trees of nodes whose number is known, rings, objects that swap names."""

from __future__ import annotations

from tests.language.table import program, refused


class Node:
    def __init__(self, value, next=None):
        self.value = value
        self.next = next
        self.load = 0.0
        self.children = []


class Tree:
    def __init__(self, x):
        self.x = x
        self.left = None
        self.right = None


def chain(x):
    head = None
    for i in range(3):
        head = Node(x[i] * 2.0, head)
    return head


@program
def walked(x):
    node, t = chain(x), 0.0
    while node is not None:
        node.load = node.value * x[0]
        t += node.load**2
        node = node.next
    return t


@program
def put_before(x):
    head = Node(x[0])
    for i in range(1, 3):
        node = Node(x[i])
        node.next = head
        head = node
    head.value *= 2.0
    t, k = 0.0, 1
    while head:
        t += head.value * k * x[0]
        head, k = head.next, k + 1
    return t


@program
def turned_round(x):
    node, before = chain(x), None
    while node is not None:
        node.next, before, node = before, node, node.next
    return before.value * before.next.value + before.next.next.value**2


@program
def depth_first(x):
    root = Tree(x[0])
    root.left, root.right = Tree(x[1]), Tree(x[2])
    root.left.left = Tree(x[0] * x[2])
    stack, t = [root], 0.0
    while stack:
        n = stack.pop()
        n.x = n.x * x[1]
        t = t * 0.9 + n.x**2
        for m in (n.left, n.right):
            if m is not None:
                stack.append(m)
    return t + root.left.x


@program
def ring(x):
    a, b, c = Node(x[0]), Node(x[1]), Node(x[2])
    a.next, b.next, c.next = b, c, a
    p, t = a.next, a.value
    while p is not a:
        t = t * p.value + 1.0
        p.value *= x[0]
        p = p.next
    return t * b.value


@program
def parents(x):
    root = Node(x[0])
    for i in range(1, 3):
        child = Node(x[i])
        child.parent = root
        root.children.append(child)
    t = 0.0
    for child in root.children:
        child.value *= child.parent.value
        t += child.value
    root.value = 3.0
    return t + root.value * root.children[1].value


@program
def names_swapped(x):
    a, b = Node(x[0]), Node(x[1])
    for i in range(5):
        a.value = a.value * 0.5 + b.value * x[2]
        if i % 2:
            a, b = b, a
        b.load += a.value
    return a.value * b.load + a.load


@program
def lists_in_tuples_of_a_list(x):
    rows = []
    for i in range(3):
        rows.append((x[i], [x[i] ** 2, x[0]]))
    t = 0.0
    for a, b in rows:
        b[0] *= a
        t += a * b[0] + b[1]
    return t


@refused("do not settle")
def as_many_as_the_array_has(x):
    head = None
    for v in x:
        head = Node(v, head)
    t = 0.0
    while head is not None:
        t += head.value
        head = head.next
    return t
