"""Random statements with what goes beyond loops, branches and writes: exceptions, managers, functions as values."""

from __future__ import annotations

from tests.random_expressions import F, Kind, arr, shape_text
from tests.random_writer import WEIGHTS as PLAIN
from tests.random_writer import Held, Writer

_WEIGHTS = """
try 2, with 1.5, match 1.5, generator 1.5, comprehension 2, object 1.5, function_value 2, pop_insert 1.5,
reshaped 2.5, mask 2, out 1.5, walrus 1.5, while_else 1.2, starred 1.5, dict_iteration 1.5
"""
WEIGHTS: dict[str, float] = {
    **PLAIN,
    **{n: float(w) for n, w in (item.split() for item in _WEIGHTS.split(",") if item.strip())},
}

# Above every program: the class that some of them use.
HEADER = """\
class Box:
    def __init__(self, a, b=0.5):
        self.a = a
        self.b = b

    def add(self, c):
        self.a = 0.5 * self.a + np.sin(c)
        return self

    def value(self, c):
        return self.a * c + np.sin(self.b)

    def __mul__(self, other):
        return Box(np.tanh(self.a * other.a), self.b)


"""

# The tags of these constructs: each is in at least 2 % of the programs (tests/test_random_table.py counts).
CONSTRUCTS = (
    "try", "finally", "with", "match", "generator", "list comprehension", "filtered sum", "dict comprehension",
    "object", "function as value", "lambda", "pop or insert", "through T", "through reshape", "through ravel",
    "mask write", "mask read", "out=", "walrus", "while else", "starred unpacking", "dict iteration",
)  # fmt: skip


class FullWriter(Writer):
    """Writes bodies with all constructs of the language."""

    def old_or_new(self) -> str:
        """Return a float that is bound already."""
        name = self.pick(F, where=lambda n, k: n not in self.fixed)
        if name is None:
            name = self.fresh()
            self.assign(name, F, self.bounded(F))
        return name

    def do_try(self) -> bool | None:
        if self.depth > 2:
            return False
        name = self.old_or_new()
        with self.nest("try:"):
            self.emit(f"{name} = {self.bounded(F)}")
            if self.rng.random() < 0.7:
                with self.nest(f"if {self.condition()}:"):
                    self.emit("raise ValueError('out of range')")
            self.update()
        with self.nest("except ValueError:"):
            self.emit(f"{name} = {self.bounded(F)}")
            if self.rng.random() < 0.4:
                self.update()
        if self.rng.random() < 0.3:
            with self.nest("else:"):
                self.update()
        if self.rng.random() < 0.4:
            with self.nest("finally:"):
                self.emit(f"{name} += 0.1 * np.sin({self.scalar(1)})")
            self.tags.add("finally")
        self.tags.add("try")
        return None

    def do_with(self) -> bool | None:
        if self.depth > 2:
            return False
        if self.rng.random() < 0.5:
            with self.nest('with np.errstate(all="ignore"):'):
                self.update()
        else:
            name = self.fresh()
            with self.nest(f"with contextlib.nullcontext({self.bounded(F, 1)}) as {name}:"):
                self.define(name, F)
                self.update()
        self.tags.add("with")
        return None

    def do_match(self) -> bool | None:
        if self.depth > 2:
            return False
        u = self.pick(name="array")
        counter = self.pick(name="int")
        subject = self.rng.choice([*([f"{counter} % 3"] if counter else []), *([f"len({u}) % 3"] if u else []), "2"])
        if self.rng.random() < 0.4:
            subject = f"({self.old_or_new()}, {subject})"
            first, other = f"case (a_, 1) if a_ > {self.number()}:", "case (_, 0 | 2):"
        else:
            first, other = "case 1:", "case 0 | 2:"
        with self.nest(f"match {subject}:"):
            for header in (first, other, "case _:"):
                with self.nest(header):
                    self.update()
        self.tags.add("match")
        return None

    def do_generator(self) -> bool | None:
        u = self.pick(where=lambda n, k: k.name == "array" and len(k.shape) == 1)
        if u is None or self.depth > 2:
            return False
        maker, v, name = self.fresh(), self.fresh(), self.target(F)
        self.emit(f"def {maker}(values):")
        self.depth += 1
        self.emit(f"for {v} in values:")
        self.depth += 1
        if self.rng.random() < 0.4:
            self.emit(f"if {v} > {self.number()}:")
            self.depth += 1
            self.emit(f"yield {self.number(0.2, 0.9)} * {v}")
            self.depth -= 1
        self.emit(f"yield np.sin({v}) * {self.atom()}")
        self.depth -= 2
        self.assign(name, F, f"np.tanh(sum({maker}({u})))")
        self.tags.add("generator")
        return None

    def do_comprehension(self) -> bool | None:
        u = self.pick(where=lambda n, k: k.name == "array" and len(k.shape) == 1)
        if u is None:
            return False
        v, choice, c = self.fresh(), self.rng.random(), self.atom()
        if choice < 0.4:
            kind = Kind("list", self.env[u].shape, (F,))
            self.assign(self.fresh(), kind, f"[np.sin({v} * {c}) for {v} in {u}]")
            self.tags.add("list comprehension")
        elif choice < 0.7:
            text = f"sum({v} * {v} for {v} in {u} if {v} > {self.number()})"
            self.assign(self.target(F), F, f"np.tanh(0.1 + {text})")
            self.tags.add("filtered sum")
        else:
            kind = Kind("dict", (), (F, F), ("p", "q"))
            self.assign(self.fresh(), kind, f"{{{v}: {self.number()} * np.cos({c}) for {v} in ('p', 'q')}}")
            self.tags.add("dict comprehension")
        return None

    def do_object(self) -> bool | None:
        if self.depth > 2:
            return False
        box, name = self.fresh(), self.target(F)
        self.emit(f"{box} = Box({self.bounded(F, 1)}" + (f", {self.scalar(1)})" if self.rng.random() < 0.5 else ")"))
        i = self.counter()
        if i is not None and self.loops < 2 and self.rng.random() < 0.5:
            with self.nest(f"for {i} in range({self.rng.choice([2, 3])}):", loop=True):
                self.emit(f"{box}.add({self.scalar(1)})")
        elif self.rng.random() < 0.4:
            self.emit(f"{box} = {box} * Box({self.scalar(1)})")
        elif self.rng.random() < 0.5:
            with self.nest(f"if {self.condition()}:"):
                self.emit(f"{box}.b = {self.bounded(F, 1)}")
        self.assign(name, F, f"np.tanh({box}.value({self.atom()}))")
        self.tags.add("object")
        return None

    def do_function_value(self) -> None:
        h, name = self.fresh(), self.target(F)
        if self.rng.random() < 0.5:
            one, two = self.rng.sample(["np.sin", "np.cos", "np.tanh", "np.arctan"], 2)
            self.emit(f"{h} = {one} if {self.condition(0)} else {two}")
            self.tags.add("function as value")
        else:
            v = self.fresh()
            self.emit(f"{h} = lambda {v}, c_={self.number()}: np.sin({v} * c_) + {self.atom()}")
            self.tags.add("lambda")
        self.assign(name, F, f"0.5 * np.sin({h}({self.scalar(1)}))")

    def do_pop_insert(self) -> None:
        items = self.fresh()
        self.emit(f"{items} = [{', '.join(self.bounded(F, 1) for _ in range(3))}]")
        self.emit(f"{items}.insert({self.rng.choice([0, 1, -1])}, {self.scalar(1)})")
        n = 4
        if self.rng.random() < 0.5:
            self.emit(f"{items}.extend([{self.atom()}, {self.number()}])")
            n = 6
        for _ in range(self.rng.choice([1, 2])):
            name = self.target(F)
            self.assign(name, F, f"np.tanh({items}.pop({self.rng.choice(['', '0', '1', '-1'])}))")
            n -= 1
        self.define(items, Kind("list", (n,), (F,)))
        self.tags.add("pop or insert")

    def do_reshaped(self) -> None:
        n, m = self.rng.choice([(2, 3), (3, 2), (2, 2)])
        u, how = self.fresh(), self.rng.choice(["T", "reshape", "ravel"])
        i = self.rng.randrange(m)
        if how == "reshape":
            self.assign(u, arr(n * m), f"{self.number()} * np.ones({n * m})")
            self.emit(f"{u}.reshape({n}, {m})[:, {i}] = {self.bounded(F, 1)}")
            if self.rng.random() < 0.5:
                self.emit(f"{u}.reshape({n}, {m})[0] *= {self.number(0.3, 0.9)}")
        else:
            self.assign(u, arr(n, m), f"np.full({shape_text((n, m))}, {self.number()})")
            if how == "T":
                self.emit(f"{u}.T[{i}] {self.rng.choice(['=', '+='])} {self.bounded(F, 1)}")
            else:
                self.emit(f"{u}.ravel()[{i}:] {self.rng.choice(['=', '+='])} {self.bounded(F, 1)}")
        self.tags.add(f"through {how}")

    def do_mask(self) -> bool | None:
        u = self.writable(ndim=1)
        if u is None:
            return False
        c = self.number()
        if self.rng.random() < 0.5:
            op, right = self.rng.choice([("=", self.bounded(F, 1)), ("*=", self.number(0.2, 0.9)), ("+=", self.atom())])
            self.emit(f"{u}[{u} > {c}] {op} {right}")
            self.tags.add("mask write")
        else:
            self.assign(self.target(F), F, f"np.tanh(np.sum({u}[{u} > {c}] ** 2) + 0.1)")
            self.tags.add("mask read")
        return None

    def do_out(self) -> bool | None:
        u = self.writable(ndim=1)
        if u is None:
            return False
        shape = self.env[u].shape
        a = self.array(shape, 1)
        call = self.rng.choice(
            [f"np.sin({a}, out={u})", f"np.multiply({a}, {self.number()}, out={u})", f"np.copyto({u}, np.cos({a}))"]
        )
        self.emit(call)
        self.tags.add("out=")
        return None

    def do_walrus(self) -> bool | None:
        if self.depth > 3:
            return False
        name = self.target(F)
        with self.nest(f"if ({name} := {self.bounded(F, 1)}) > {self.number(-0.5, 0.5)}:"):
            self.define(name, F)
            self.update()
        self.define(name, F)
        self.tags.add("walrus")
        return None

    def do_while_else(self) -> bool | None:
        i = self.counter()
        if self.depth > 2 or self.loops > 1 or i is None:
            return False
        n = self.rng.choice([2, 3])
        self.emit(f"{i} = 0")
        with self.nest(f"while {i} < {n}:", loop=True):
            self.env[i] = Kind("int", (0, n - 1))
            self.fixed.add(i)
            self.update()
            if self.rng.random() < 0.6:
                with self.nest(f"if {self.condition()}:"):
                    self.emit("break")
            self.emit(f"{i} += 1")
        with self.nest("else:"):
            self.update()
        self.fixed.discard(i)
        self.used.add(i)
        self.tags.add("while else")
        return None

    def do_starred(self) -> None:
        first, rest = self.fresh(), self.fresh()
        source = self.pick(where=lambda n, k: k.name == "list" and k.shape[0] == 3 and k.items == (F,))
        source = source or f"({', '.join(self.bounded(F, 1) for _ in range(3))})"
        self.emit(f"{first}, *{rest} = {source}")
        self.define(first, F)
        self.define(rest, Kind("list", (2,), (F,)))
        self.tags.add("starred unpacking")

    def do_dict_iteration(self) -> bool | None:
        if self.depth > 2 or self.loops > 1:
            return False
        table = self.pick(where=lambda n, k: k.name == "dict" and set(k.items) == {F} and n not in self.fixed)
        if table is None:
            table = self.fresh()
            kind = Kind("dict", (), (F, F), ("p", "q"))
            self.assign(table, kind, f"{{'p': {self.bounded(F, 1)}, 'q': {self.scalar(1)}}}")
        key, value = self.fresh(), self.fresh()
        total = self.old_or_new()
        with Held(self, table), self.nest(f"for {key}, {value} in {table}.items():"):
            self.emit(f"{total} = 0.7 * {total} + 0.3 * np.sin({value}) * ({key} == 'p' or 0.5)")
        self.tags.add("dict iteration")
        return None
