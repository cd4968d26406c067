"""Objects in lists and dicts of any length, and what several of them share."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tests.language.table import program, refused


@dataclass
class Particle:
    x: float
    v: float

    def step(self, dt):
        self.x += dt * self.v
        self.v -= dt * self.x

    @property
    def energy(self):
        return 0.5 * self.v**2 + 0.5 * self.x**2

    def copy(self):
        return Particle(self.x, self.v)


class Body:
    def __init__(self, pos, vel, m, name):
        self.pos = pos
        self.vel = vel
        self.m = m
        self.name = name
        self.trail = []

    def kick(self, f, dt):
        self.vel += dt * f / self.m

    def drift(self, dt):
        self.pos = self.pos + dt * self.vel
        self.trail.append(self.pos[0])


class Node:
    def __init__(self, value):
        self.value = value
        self.kids = []


@program
def moved(x):
    ps = []
    for i in range(len(x)):
        ps.append(Particle(x[i], 1.0))
    for p in ps:
        p.x += 0.1 * p.v * x[0]
        p.v *= x[2]
    return sum(p.x * p.v for p in ps)


@program
def stepped(x):
    ps = [Particle(v, v * 2) for v in x]
    for _ in range(4):
        for p in ps:
            p.step(0.1)
    return sum(p.energy for p in ps)


@program
def pairs_of_particles(x):
    ps = []
    for i in range(len(x)):
        ps.append(Particle(x[i], 0.0))
    for _ in range(3):
        for i in range(len(ps)):
            for j in range(i):
                f = 0.1 / (1.0 + (ps[i].x - ps[j].x) ** 2)
                ps[i].v += f
                ps[j].v -= f
        for p in ps:
            p.x += 0.5 * p.v
    return sum(p.x**2 for p in ps)


@program
def bodies_with_arrays(x):
    bs = []
    for k in range(len(x)):
        bs.append(Body(np.array([x[k], x[0]]), np.zeros(2), x[k] + 1.0, "b"))
    for _ in range(2):
        for a in bs:
            for b in bs:
                if a is not b:
                    d = b.pos - a.pos
                    a.kick(d * b.m, 0.1)
        for a in bs:
            a.drift(0.1)
    return sum(np.sum(b.pos**2) for b in bs)


@program
def item_under_a_name(x):
    ps = [Particle(v, 1.0) for v in x]
    a = ps[1]
    ps[1].x = x[0] * 3
    return a.x * x[2]


@program
def best_so_far(x):
    ps = [Particle(v, v * x[0]) for v in x]
    b = ps[0]
    for p in ps:
        if p.energy > b.energy:
            b = p
    return b.x * b.v


@program
def best_by_key(x):
    ps = [Particle(v, v * x[0]) for v in x]
    b = max(ps, key=lambda p: p.energy)
    return b.x * b.v


@program
def sorted_by_attribute(x):
    ps = [Particle(v, -v) for v in x]
    ps.sort(key=lambda p: p.v)
    return ps[0].x ** 2 + ps[1].x


@program
def filtered(x):
    ps = [Particle(v, 1.0) for v in x]
    qs = [p for p in ps if p.x > 1.0]
    return sum(q.x**2 for q in qs) + len(qs)


@program
def stack_of_objects(x):
    st = [Particle(x[0], 1.0)]
    s = 0.0
    while st:
        p = st.pop()
        s += p.x
        if p.x < 5.0:
            st.append(Particle(p.x * x[1] + 1.0, p.v))
    return s


@program
def replaced(x):
    ps = [Particle(v, 1.0) for v in x]
    for i in range(len(ps)):
        ps[i] = Particle(ps[i].x ** 2, ps[i].v)
    return sum(p.x for p in ps)


@program
def objects_in_a_dict(x):
    d = {}
    for v in x:
        d[int(v)] = Particle(v, 1.0)
    for p in d.values():
        p.x *= x[0]
    for k, p in d.items():
        p.v = k * p.x
    return sum(p.x * p.v for p in d.values())


@program
def of_a_class(x):
    ps = [Particle(v, 1.0) for v in x]
    return sum(p.x for p in ps if isinstance(p, Particle))


@program
def handed_to_a_function(x):
    def move(p, dt):
        p.x = p.x + dt * p.v
        return p

    ps = [Particle(v, x[0]) for v in x]
    for p in ps:
        q = move(p, 0.5)
        q.v = q.x
    return sum(p.x * p.v for p in ps)


@program
def lists_in_objects(x):
    nodes = []
    for v in x:
        nodes.append(Node(v))
    for i in range(1, len(nodes)):
        nodes[0].kids.append(nodes[i].value)
    return nodes[0].value * sum(nodes[0].kids)


@program
def array_of_an_object(x):
    bs = []
    for k in range(len(x)):
        bs.append(Body(np.array([x[k], x[0]]), np.zeros(2), 1.0, "b"))
    p = bs[0].pos
    p[0] = x[2] * 2
    return bs[0].pos[0] * x[0]


@refused("may share memory")
def one_object_many_times(x):
    ps = []
    p = Particle(x[0], x[1])
    i = 0
    while i < 3:
        ps.append(p)
        i += 1
    p.x = 5.0
    return ps[0].x * x[2]


@refused("may share memory")
def changed_after_it_was_put_in(x):
    ps = []
    i = 0
    while i < 3:
        p = Particle(x[i], 1.0)
        ps.append(p)
        p.x = p.x * 2
        i += 1
    return ps[0].x * x[2]


@refused("may share memory")
def in_two_places(x):
    ps = [Particle(v, 1.0) for v in x]
    ps.append(ps[0])
    ps[0].x = x[1] * 3
    return ps[-1].x


@refused("may share memory")
def in_two_lists(x):
    ps = [Particle(v, 1.0) for v in x]
    qs = list(ps)
    qs[0].x = x[1] * 3
    return ps[0].x + qs[1].v


@refused("a new attribute 'm'")
def new_attribute(x):
    ps = [Particle(v, 1.0) for v in x]
    for p in ps:
        p.m = 2.0
    return ps[0].x


@refused("replaced or moved")
def attribute_replaced(x):
    bs = []
    for k in range(len(x)):
        bs.append(Body(np.array([x[k], x[0]]), np.zeros(2), 1.0, "b"))
    p = bs[0].pos
    bs[0].pos = np.array([x[1], x[2]])
    p[0] = 7.0
    return bs[0].pos[0] * x[0]


@refused("may share memory")
def array_of_two_objects(x):
    bs = []
    for k in range(len(x)):
        bs.append(Body(np.array([x[k], x[0]]), np.zeros(2), 1.0, "b"))
    bs[0].pos = bs[1].pos
    bs[1].pos[0] = x[2] * 2
    return bs[0].pos[0] * x[0]


@refused("may share memory")
def array_from_outside(x):
    bs = []
    shared = x * 2
    for k in range(len(x)):
        bs.append(Body(shared, np.zeros(2), 1.0, "b"))
    bs[1].pos[0] = x[2] * 2
    return bs[0].pos[0] * x[0]


@refused("may share memory")
def array_in_two_attributes(x):
    bs = []
    for k in range(len(x)):
        z = x * k
        bs.append(Body(z, z, 1.0, "b"))
    bs[1].pos[0] = x[2] * 2
    return bs[1].vel[0] * x[0]


@refused("used as a whole")
def returned_as_objects(x):
    ps = [Particle(v, 1.0) for v in x]
    return ps


@refused("may share memory")
def array_in_a_tuple_in_a_list(x):
    items = []
    for i in range(len(x)):
        items.append((i, x * i))
    items[1][1][0] = 5.0
    return np.sum(items[1][1])


@refused("may share memory")
def array_in_many_tuples(x):
    items = []
    a = x * 2
    for i in range(len(x)):
        items.append((i, a))
    a[0] = x[1] * 3
    return np.sum(items[1][1])


@refused("may share memory")
def list_in_a_tuple_in_a_list(x):
    items = []
    for i in range(len(x)):
        items.append((i, [x[i]]))
    items[1][1].append(x[0])
    return sum(items[1][1]) ** 2


@refused("may share memory")
def array_in_a_tuple_in_a_dict(x):
    d = {}
    for v in x:
        d[int(v)] = (v, x * v)
    d[0][1][0] = x[1]
    return np.sum(d[0][1])


@refused("may share memory")
def array_twice_in_a_tuple(x):
    items = []
    for i in range(len(x)):
        a = x * i
        items.append((a, a))
    b, c = items[1]
    b[0] = x[2] * 5
    return np.sum(c)


@refused("may share memory")
def list_in_many_lists(x):
    items = []
    a = [x[0]]
    for i in range(len(x)):
        items.append([a, [x[i]]])
    a.append(x[1])
    return sum(items[1][0]) ** 2


@refused("may share memory")
def list_reached_through_another(x):
    items = []
    a = [x[0]]
    for i in range(len(x)):
        items.append([a, [x[i]]])
    items[0][0].append(x[1])
    return sum(items[1][0]) ** 2
