"""State: what a program changes in place, what outlives its call, and numbers that are drawn."""

import collections
import io
import itertools
import queue
import random
from dataclasses import dataclass

import numpy as np
import pytest

import adgen
from tests import numeric

X = np.array([0.3, 0.8, 1.4])


def difference(f, x, h=1e-6):
    return np.array([(f(x + d) - f(x - d)) / (2 * h) for d in h * np.eye(x.size)])


# --- local arrays and lists


def work_list(x):
    q = [x[0]]
    i = 0
    while i < len(q) and i < 5:
        if q[i] < 10:
            q.append(q[i] * 2 * x[1])
            q.insert(0, x[2])
        i += 1
    q.sort()
    q.reverse()
    del q[0]
    a, *rest = q
    return a * sum(rest)


def rows_of_rows(x):
    m = [[x[0], x[1]], [x[2], 1.0]]
    r = m[0]
    r[0] = r[1] * x[2]
    m.append(r)
    m[2][1] = 5 * x[0]
    return m[0][1] * m[2][0] * m[1][0]


def views_of_views(x):
    u = np.zeros((2, 3))
    v, w = u[0], u.T
    v += x
    w[1, 1] = x[0] * v[2]
    u[:, ::2] *= x[1]
    u[0], u[1] = u[1].copy(), u[0].copy()
    return np.sum(u**2 * np.arange(6).reshape(2, 3))


def assigned(x):  # the row `x1.assign_add(x0); y = x1**2`
    x1 = np.zeros(3)
    x1 += x
    return np.sum(x1**2)


@pytest.mark.parametrize("f", [work_list, rows_of_rows, views_of_views, assigned])
def test_what_is_changed_in_place_is_exact(f):
    np.testing.assert_allclose(adgen.grad(f)(X), difference(f, X), rtol=1e-6)


# --- what is passed in


@dataclass
class Layer:
    w: np.ndarray
    b: float


def changes_all(d, p, items, x):
    d["k"] = x * 2
    d["w"][0] = 5.0 * x[1]
    p.b = p.b * 2
    p.w *= 2
    p.w = p.w + x
    items.append(np.sum(x))
    items[0] = x[0] * 3
    items.pop()
    return np.sum(d["k"] * d["w"]) + np.sum(p.w) * p.b + items[0] * items[1]


def arguments():
    return {"w": np.ones(3)}, Layer(np.ones(3), 3.0), [1.0, 2.0], X.copy()


def same(a, b):
    return repr(a) == repr(b)


@pytest.mark.parametrize("wrt", ["x", "p", "p.b", ("d", "p", "items", "x"), "d['w']"])
def test_what_is_passed_in_is_left_alone(wrt):
    given = arguments()
    found = adgen.grad(changes_all, wrt=wrt)(*given)
    assert same(given, arguments())
    if wrt == "x":
        f = lambda x: changes_all(*arguments()[:3], x)  # noqa: E731
        np.testing.assert_allclose(found, difference(f, X), rtol=1e-6)
    _, pull = adgen.vjp(changes_all, *given)
    assert same(pull(1.0), pull(1.0)) and same(given, arguments())
    adgen.jvp(changes_all, given, (None, None, None, X))
    assert same(given, arguments())


DATA = {"a": 1.0}


def writes_one(d, e, x):
    d["a"] = x
    return e["a"] * x


def writes_an_object(p, q, x):
    p.b = x
    return q.b * x


def writes_inside(d, x):
    d["in"]["a"] = x
    return d["other"]["a"] * x


def writes_what_is_global(d, x):
    d["a"] = x
    return DATA["a"] * x


def test_one_object_under_two_names_is_an_error():
    inner, p = {"a": 1.0}, Layer(X, 1.0)
    for f, args in (
        (writes_one, (inner, inner)), (writes_an_object, (p, p)), (writes_inside, ({"in": inner, "other": inner},)),
        (writes_what_is_global, (DATA,)),
    ):  # fmt: skip
        with pytest.raises(ValueError, match="are the same object"):
            adgen.grad(f, wrt="x")(*args, 3.0)
    assert adgen.grad(writes_one, wrt="x")({"a": 1.0}, {"a": 2.0}, 3.0) == 2.0
    assert adgen.grad(writes_what_is_global, wrt="x")({"a": 5.0}, 3.0) == 1.0


# --- what outlives the call


class Counter:
    def __init__(self):
        self.n = 1

    def bump(self):
        self.n += 1


shared = Counter()


def test_queues_iterators_and_files_are_read_once_and_left_as_the_primal_leaves_them():
    q = queue.Queue()
    q.put(2.0)
    q.put(5.0)
    assert adgen.grad(lambda q, x: float(q.get()) * x * x, wrt="x")(q, 3.0) == 12.0 and q.qsize() == 1
    steps = iter([2.0, 3.0, 4.0])
    assert adgen.grad(lambda x: x * float(next(steps)))(1.0) == 2.0 and next(steps) == 3.0
    count = itertools.count(1)
    assert adgen.grad(lambda x: x * float(next(count)))(2.0) == 1.0 and next(count) == 2
    f = io.StringIO("2.0\n3.0\n")
    assert adgen.grad(lambda f, x: x * x * float(f.readline()), wrt="x")(f, 3.0) == 12.0 and f.read() == "3.0\n"

    def logs(f, x):
        f.write(f"{x}\n")
        return x * x

    out = io.StringIO()
    assert adgen.grad(logs, wrt="x")(out, 3.0) == 6.0 and out.getvalue() == "3.0\n"


def through_a_queue(q, x):
    q.put(x * 2)
    return q.get() * x


def through_a_deque(q, x):
    q.append(x)
    return q.popleft() * x


def through_an_attribute(c, x):
    c.n = x * 2
    return c.n * x


def through_a_text(out, x):
    out.write(f"{x}")
    return float(out.getvalue()) * x


def through_print(out, x):
    print(x, file=out)
    return float(out.getvalue()) * x


def through_a_file(path, x):
    with open(path, "w") as file:
        file.write(str(x))
    with open(path) as file:
        return float(file.read()) * x


def through_a_global(c, x):
    c.bump()
    return x * shared.n


def test_active_values_that_flow_through_it_are_refused_by_name(tmp_path):
    for f, given, match in (
        (through_a_text, io.StringIO(), r"out\.write"),
        (through_print, io.StringIO(), r"print\(x, file=out\)"),
        (through_a_file, str(tmp_path / "x.txt"), r"file\.write"),
        (through_a_queue, queue.Queue(), r"q\.put\(x \* 2\)"),
        (through_a_deque, collections.deque([2.0]), r"q\.append\(x\)"),
        (through_a_global, shared, "'shared.n'"),
    ):
        with pytest.raises(adgen.AdgenError, match=match):
            adgen.grad(f, wrt="x")(given, 3.0)
    counter = Counter()
    assert adgen.grad(through_an_attribute, wrt="x")(counter, 3.0) == 12.0 and counter.n == 6.0


# --- random numbers

rng = np.random.default_rng(0)


def masked(x):
    total = 0.0
    for _ in range(4):
        kept = rng.uniform(size=3) < 0.5
        x = np.where(kept, x * 2, x) * rng.normal()
        total = total + np.sum(x)
    return total


def shuffled(x):
    i, j, p = rng.integers(3), int(rng.choice(3)), rng.permutation(3)
    return x[i] * x[j] + np.sum(x[p] * np.arange(3))


def global_draws(x):
    noise = np.random.normal(size=3) * np.random.rand()
    return np.sum(noise * x * x) + random.gauss(0, 1) * x[0] + random.random() * random.randint(1, 5) * x[1]


@pytest.mark.parametrize("f", [masked, shuffled, global_draws])
def test_numbers_are_drawn_once_and_are_constants(f, monkeypatch):
    def seeded(g, x):
        monkeypatch.setitem(globals(), "rng", np.random.default_rng(3))
        random.seed(3)
        np.random.seed(3)
        return g(x)

    value, gradient = seeded(adgen.value_and_grad(f), X)
    after = rng.random(), random.random(), np.random.rand()
    assert value == pytest.approx(seeded(f, X))
    assert after == (rng.random(), random.random(), np.random.rand())
    np.testing.assert_allclose(gradient, difference(lambda x: seeded(f, x), X), rtol=1e-6)


def test_a_draw_about_an_active_value_is_refused():
    with pytest.raises(adgen.NoGradientError, match="normal"):
        adgen.grad(lambda x: np.sum(rng.normal(x, 1.0)))(X)


def test_the_gradient_of_a_list_of_floats_holds_floats():
    found = adgen.grad(lambda items, x: np.sum(items[0] * x) * items[1])([1.0, 2.0], X)
    assert found == [2 * X.sum(), X.sum()] and all(type(v) is float for v in found)


# --- objects that are passed in


class Box:
    def __init__(self, w):
        self.w, self.log, self.d, self.n = w, [], {}, 0


def remember(box, x):
    box.log.append(np.sum(x))
    box.d["k"] = x * 2
    box.n += 1
    box.w[0] = x[0] * 3
    box.last = x
    return np.sum(box.w * x * box.last) * box.log[-1]


def test_state_of_objects_is_left_as_the_function_leaves_it():
    x = np.array([1.0, 2.0])
    want = [(remember(Box(np.ones(2)), x + h) - remember(Box(np.ones(2)), x - h)) / 2e-6 for h in 1e-6 * np.eye(2)]
    calls = {
        "grad": lambda b: adgen.grad(remember, wrt="x")(b, x),
        "vjp": lambda b: [pull(s) for pull in [adgen.vjp(remember, b, x, wrt="x")[1]] for s in (2.0, 1.0)][1],
        "jvp": lambda b: [adgen.jvp(remember, (b, x), (None, h))[1] for h in np.eye(2)[:1]][0],
        "again": lambda b: adgen.grad(adgen.grad(remember, wrt="x"), wrt="x")(b, x),
    }
    for name, call in calls.items():
        box = Box(np.ones(2))
        w, log = box.w, box.log
        found = call(box)
        if name in ("grad", "vjp"):
            assert np.allclose(found, want)
        assert (box.log, box.n) == ([3.0], 1) and box.log is log and box.w is w
        assert numeric.equal((box.w, box.d, box.last), (np.array([3.0, 1.0]), {"k": 2 * x}, x))
    box = Box(np.ones(2))
    assert numeric.equal(adgen.grad(remember, wrt="box.w")(box, x), np.array([0.0, 12.0]))
    assert (box.log, box.d, box.n) == ([], {}, 0)  # it is differentiated: it is left alone


def test_objects_within_objects_change_in_loops():
    class Trainer:
        def __init__(self):
            self.box = Box(np.ones(2))

    def fit(trainer, x, n):
        for _ in range(n):
            with adgen.GradientTape() as tape:
                loss = np.sum((trainer.box.w - x) ** 2)
            trainer.box.w = trainer.box.w - 0.25 * tape.gradient(loss, trainer.box.w)
            trainer.box.n += 1
            trainer.box.d["loss"] = loss
        return loss

    trainer, x = Trainer(), np.array([3.0, 5.0])
    box = trainer.box
    assert adgen.compile(fit)(trainer, x, 2) == 5.0
    assert trainer.box is box and box.n == 2 and box.d == {"loss": 5.0}
    assert box.w.tolist() == [2.5, 4.0]


def test_one_object_under_two_names():
    def f(a, b, x):
        a.w = a.w * x
        return np.sum(b.w * x)

    box = Box(np.ones(2))
    for call in (adgen.compile(f), adgen.grad(f, wrt="x"), adgen.grad(f, wrt="a.w")):
        with pytest.raises(ValueError, match="are the same object"):
            call(box, box, np.ones(2))
    assert adgen.grad(f, wrt="x")(box, Box(np.ones(2)), np.ones(2)).tolist() == [1.0, 1.0]


GLOBAL = Box(np.ones(2))


def test_one_object_passed_and_global():
    def f(a, x):
        a.w = a.w * x
        return np.sum(GLOBAL.w * x)

    with pytest.raises(adgen.UnsupportedError, match="may be the same object"):
        adgen.grad(f, wrt="x")(GLOBAL, np.ones(2))


def test_gradients_that_change_objects_are_not_inlined():
    df = adgen.grad(remember, wrt="x")
    with pytest.raises(adgen.UnsupportedError, match="which changes 'box'"):
        adgen.compile(lambda b, x: df(b, x) * b.n)(Box(np.ones(2)), np.ones(2))


# --- objects that were passed in, when an exception leaves the function


class Log:
    def __init__(self):
        self.count, self.seen = 0, []


def checked(log, x):
    log.seen.append("called")
    for v in x:
        log.count += 1
        if v < 0.0:
            raise ValueError("negative")
    log.count += 10
    return np.sum(x**2)


def asserted(log, x):
    def check(v):
        log.count += 5
        assert v > 0.0

    try:
        check(x[0])
    except AssertionError:
        log.seen.append("caught")
    check(x[1])
    return x[0] * x[1]


@pytest.mark.parametrize("f", [checked, asserted])
@pytest.mark.parametrize("x", [X, X * [1, -1, 1], X * [-1, 1, 1], -X])
def test_objects_are_left_as_the_exception_finds_them(f, x):
    def run(call):
        log = Log()
        try:
            call(log)
        except (ValueError, AssertionError) as error:
            return type(error), log.count, log.seen
        return None, log.count, log.seen

    want = run(lambda log: f(log, x))
    assert run(lambda log: adgen.grad(f, wrt="x")(log, x)) == want
    assert run(lambda log: adgen.jvp(f, (log, x), (None, x))) == want


# --- what changes between a call and its pullback


def descend(x, n):
    return np.sum(x**3) if n == 0 else descend(x[1:] * x[0], n - 1)


def parts(x):
    a, b = np.split(np.exp(x) * x[0], [1])
    return a, b, x


PULLED = [
    (lambda x: np.sum(x**3 * SCALE), lambda x: 3.0 * x * x * np.array([1.0, 2.0, 3.0])),
    (lambda x: np.sum(np.split(x, 3)[1] ** 2), lambda x: np.array([0.0, 2.0 * x[1], 0.0])),
    (lambda x: sum(a * b for a, b in [x[:2], x[1:]]), lambda x: np.array([x[1], x[0] + x[2], x[1]])),
    (lambda x: descend(x, 2), lambda x: difference(lambda x: descend(x, 2), x)),
]
SCALE = np.array([1.0, 2.0, 3.0])


@pytest.mark.parametrize(("f", "expected"), PULLED)
def test_a_pullback_answers_for_the_point_where_it_was_made(f, expected, monkeypatch):
    monkeypatch.setitem(globals(), "SCALE", SCALE.copy())
    x = X.copy()
    _, pullback = adgen.vjp(f, x)
    x *= 7.0
    SCALE[:] = 9.0
    np.testing.assert_allclose(pullback(1.0)[0], expected(X), rtol=1e-6)


def test_a_pullback_keeps_what_lists_and_dicts_held():
    def f(a, d):
        y = a[0]
        for e in a[1]:
            y = y * e + d["k"] * y * y
        return np.sum(y)

    args = [1.5, [X.copy(), X + 1.0]], {"k": X[::-1].copy()}
    _, pullback = adgen.vjp(f, *args)
    before = pullback(1.0)
    args[0][1][0][:] = 0.0
    args[0][1][1] = None
    args[1]["k"] = None
    after = pullback(1.0)
    np.testing.assert_array_equal(after[1]["k"], before[1]["k"])
    np.testing.assert_array_equal(after[0][1], before[0][1])


def test_a_pullback_and_the_value_share_nothing():
    value, pullback = adgen.vjp(parts, X)
    ones = tuple(np.ones_like(v) for v in value)
    before = pullback(ones)[0]
    value[0][:] = value[1][:] = 0.0
    np.testing.assert_array_equal(pullback(ones)[0], before)


def test_the_larger_of_two_numbers_may_be_the_array_that_is_written():
    def f(x):
        c = np.array(x[0])
        m = max(c, 0.1)
        c += 1.0
        return m * c

    with pytest.raises(adgen.AliasError):
        adgen.grad(f)(X)
