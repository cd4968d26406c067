"""Random function bodies, statement by statement."""

from __future__ import annotations

import ast

from tests.random_expressions import Expressions, F, Kind, arr, shape_text

# What a body is made of, and how often; loop exits seldom apply where they are drawn.
_WEIGHTS = """
float 12, array 12, augmented 8, chained 2.5, unpack 4, unpack_value 2, swap 1.5, call 5, call_inplace 0.8,
element 7, element_aug 5, slice 5, slice_aug 4.5, whole_aug 2, view 1.6, alias 0.4,
list 3, list_write 1, append 3, dict 2.5, dict_write 1.2, tuple 2.5, if 8, both_branches 1.5,
for_range 7, for_array 3, for_list 2.5, for_zip 2.5, for_enumerate 2.5, while 3.5, time_loop 1.8,
early_return 3, loop_exit 11
"""
WEIGHTS: dict[str, float] = {n: float(w) for n, w in (item.split() for item in _WEIGHTS.split(",") if item.strip())}


class Writer(Expressions):
    """Writes one body. `do_*` methods return False where their statement does not apply."""

    def statement(self) -> None:
        names = [n for n in self.weights if self.weights[n] > 0]
        for _ in range(20):
            name = self.rng.choices(names, [self.weights[n] for n in names])[0]
            if getattr(self, f"do_{name}")() is not False:
                return

    def assign(self, name: str, kind: Kind, text: str, own: bool = True) -> None:
        self.emit(f"{name} = {text}")
        if kind.name == "array" and " if " in text:  # it may be one of the names in it
            self.freeze(text)
            own = False
        self.define(name, kind, own)

    def define(self, name: str, kind: Kind, own: bool = True) -> None:
        self.env.pop(name, None)
        self.env[name] = kind
        self.used.add(name)
        self.owned.discard(name)
        if own and kind.name == "array":
            self.owned.add(name)

    def freeze(self, text: str) -> None:
        """What a longer-lived expression may share memory with is not written any more."""
        names = {n.id for n in ast.walk(ast.parse(text, mode="eval")) if isinstance(n, ast.Name)}
        self.owned -= names

    def target(self, kind: Kind) -> str:
        """Return a name to assign: an old one of this kind, or a new one."""
        old = self.pick(kind, where=lambda n, k: n not in self.fixed)
        return old if old and self.rng.random() < 0.45 else self.fresh()

    def shape(self) -> tuple[int, ...]:
        u = self.pick(name="array")
        return self.env[u].shape if u else (3,)

    def writable(self, ndim: int = 0, shape: tuple[int, ...] | None = None) -> str | None:
        ok = lambda n, k: n in self.owned and (not ndim or len(k.shape) == ndim) and (shape is None or k.shape == shape)
        found = self.pick(name="array", where=ok)
        if found is None and shape is None:
            kind = arr(*self.shape())
            if ndim and len(kind.shape) != ndim:
                return None
            found = self.fresh()
            fill = self.rng.choice(
                [
                    f"np.zeros({shape_text(kind.shape)})",
                    self.array(kind.shape, 1, plain=False),
                    f"np.ones({shape_text(kind.shape)})",
                ]
            )
            source = self.pick(kind)
            if source and self.rng.random() < 0.6:
                fill = self.rng.choice([f"{source}.copy()", f"0.5 * {source}", f"np.zeros_like({source})"])
            self.assign(found, kind, fill)
        return found

    def do_float(self) -> None:
        self.assign(self.target(F), F, self.bounded(F) if self.loops or self.rng.random() < 0.3 else self.scalar(2))

    def do_array(self) -> None:
        kind = arr(*self.shape())
        text = self.bounded(kind) if self.loops or self.rng.random() < 0.3 else self.array(kind.shape, 2, plain=False)
        self.assign(self.target(kind), kind, text)

    def do_alias(self) -> bool | None:
        u = self.pick(name="array")
        if u is None or self.loops:
            return False
        self.assign(self.fresh(), self.env[u], u, own=u in self.owned)

    def do_augmented(self) -> bool | None:
        a = self.pick(F, where=lambda n, k: n not in self.fixed)
        if a is None:
            return False
        op = self.rng.choice(["+=", "+=", "-=", "*=", "/="])
        right = (
            f"(1.3 + {self.square()})"
            if op == "/="
            else f"np.cos({self.scalar(1)})"
            if op == "*="
            else f"0.3 * np.tanh({self.scalar(1)})"
        )
        if op == "*=" and self.rng.random() < 0.5:
            right = self.number(-0.9, 0.9)
        self.emit(f"{a} {op} {right}")
        self.define(a, F)

    def do_chained(self) -> None:
        a, b = self.target(F), self.fresh()
        self.emit(f"{a} = {b} = {self.bounded(F)}")
        self.define(a, F)
        self.define(b, F)

    def do_unpack(self) -> None:
        kinds = [self.rng.choice([F, F, arr(*self.shape())]) for _ in range(self.rng.choice([2, 2, 3]))]
        texts = [self.bounded(k, 1) for k in kinds]
        names: list[str] = []
        for k in kinds:
            n = self.target(k)
            names.append(self.fresh() if n in names else n)
        self.emit(f"{', '.join(names)} = {', '.join(texts)}")
        for n, k in zip(names, kinds):
            self.define(n, k)

    def do_unpack_value(self) -> bool | None:
        helper = [h for h in self.helpers if h.result.name == "tuple"]
        sources = [
            n for n, k in self.env.items() if k.name == "tuple" or (k.name in ("array", "list") and k.shape[0] <= 3)
        ]
        if helper and self.rng.random() < 0.6:
            h = self.rng.choice(helper)
            text, kinds = f"{h.name}({self.arguments(h)})", h.result.items
        elif sources:
            text = self.rng.choice(sources)
            k = self.env[text]
            kinds = (
                k.items
                if k.name == "tuple"
                else (F if len(k.shape) == 1 and k.name == "array" else k.items[0] if k.items else arr(*k.shape[1:]),)
                * k.shape[0]
            )
            self.freeze(text)
        else:
            return False
        names = [self.fresh() for _ in kinds]
        self.emit(f"{', '.join(names)} = {text}")
        for n, k in zip(names, kinds):
            self.define(n, k, own=False)

    def do_swap(self) -> bool | None:
        kind = self.rng.choice([F, arr(*self.shape())])
        found = [n for n, k in self.env.items() if k == kind and n not in self.fixed]
        if len(found) < 2:
            return False
        a, b = self.rng.sample(found, 2)
        self.emit(f"{a}, {b} = {b}, {a}")
        if (a in self.owned) != (b in self.owned):
            self.owned -= {a, b}

    def place(self, u: str) -> tuple[str, str]:
        shape = self.env[u].shape
        if len(shape) == 1:
            return f"{u}[{self.index(shape[0])}]", "element"
        return f"{u}[{self.index(shape[0])}, {self.index(shape[1])}]", "element"

    def do_element(self) -> bool | None:
        u = self.writable()
        if u is None:
            return False
        self.emit(f"{self.place(u)[0]} = {self.bounded(F)}")

    def do_element_aug(self) -> bool | None:
        u = self.writable()
        if u is None:
            return False
        op = self.rng.choice(["+=", "+=", "-=", "*="])
        right = f"np.cos({self.scalar(1)})" if op == "*=" else f"0.4 * np.sin({self.scalar(1)})"
        self.emit(f"{self.place(u)[0]} {op} {right}")

    def region(self, u: str) -> tuple[str, tuple[int, ...]]:
        shape = self.env[u].shape
        if len(shape) == 1:
            n = self.rng.randrange(1, shape[0] + 1)
            return f"{u}[{self.bounds(shape[0], n)}]", (n,)
        choice = self.rng.random()
        if choice < 0.35:
            return f"{u}[{self.index(shape[0])}]", (shape[1],)
        if choice < 0.6:
            return f"{u}[:, {self.index(shape[1])}]", (shape[0],)
        n, m = self.rng.randrange(1, shape[0] + 1), self.rng.randrange(1, shape[1] + 1)
        return f"{u}[{self.bounds(shape[0], n)}, {self.bounds(shape[1], m)}]", (n, m)

    def do_slice(self) -> bool | None:
        u = self.writable()
        if u is None:
            return False
        where, shape = self.region(u)
        right = self.bounded(F, 1) if self.rng.random() < 0.2 else f"np.sin({self.array(shape, 2)})"
        self.emit(f"{where} = {right}")

    def do_slice_aug(self) -> bool | None:
        u = self.writable()
        if u is None:
            return False
        where, shape = self.region(u)
        op = self.rng.choice(["+=", "+=", "-=", "*="])
        right = f"np.cos({self.array(shape, 1)})" if op == "*=" else f"0.3 * np.tanh({self.array(shape, 1)})"
        self.emit(f"{where} {op} {right}")

    def do_whole_aug(self) -> bool | None:
        u = self.writable()
        if u is None:
            return False
        op = self.rng.choice(["+=", "-=", "*="])
        e = self.array(self.env[u].shape, 1)
        self.emit(f"{u} {op} " + (self.number(-0.9, 0.9) if op == "*=" else f"0.3 * np.sin({e})"))

    def do_view(self) -> bool | None:
        u = self.writable()
        if u is None:
            return False
        where, shape = self.region(u)
        if not any(c in where for c in ":") and len(self.env[u].shape) == 1:
            return False
        v = self.fresh()
        self.emit(f"{v} = {where}")
        self.define(v, arr(*shape))
        self.emit(
            self.rng.choice(
                [
                    f"{v}[0] = {self.bounded(F, 1)}",
                    f"{v} *= {self.number(0.2, 0.9)}",
                    f"{v}[:] = np.sin({self.array(shape, 1)})",
                    f"{v} += 0.2 * {self.number()}",
                ]
            )
        )
        self.tags.add("view written")

    def do_list(self) -> None:
        kind = Kind("list", (self.rng.choice([2, 3]),), (self.rng.choice([F, F, arr(*self.shape())]),))
        self.assign(self.fresh(), kind, self.value(kind))

    def do_list_write(self) -> bool | None:
        n = self.pick(where=lambda n, k: k.name == "list" and k.items[0] == F and n not in self.fixed)
        if n is None:
            return False
        at = self.rng.randrange(self.env[n].shape[0])
        self.emit(
            f"{n}[{at}] = {self.bounded(F, 1)}"
            if self.rng.random() < 0.6
            else f"{n}[{at}] += 0.2 * np.sin({self.scalar(1)})"
        )

    def do_append(self) -> bool | None:
        """Fill a list in a loop."""
        if self.depth > 2:
            return False
        i = self.counter()
        if i is None:
            return False
        n, name = self.rng.choice([2, 3, 4]), self.fresh()
        self.emit(f"{name} = []")
        with_state = self.pick(F, where=lambda n, k: n not in self.fixed)
        with self.nest(f"for {i} in range({n}):", loop=True):
            self.env[i] = Kind("int", (0, n - 1))
            self.fixed |= {i, name}
            if with_state:
                self.emit(f"{with_state} = {self.bounded(F, 1)}")
            self.emit(f"{name}.append({self.bounded(F, 1)})")
        self.fixed -= {i, name}
        self.define(name, Kind("list", (n,), (F,)))
        self.tags.add("append")

    def do_dict(self) -> None:
        kinds = (F, self.rng.choice([F, arr(*self.shape())]))
        self.assign(
            self.fresh(),
            kind := Kind("dict", (), kinds, tuple(self.rng.sample(["w", "b", "scale", "x0"], 2))),
            self.value(kind),
        )

    def do_dict_write(self) -> bool | None:
        n = self.pick(where=lambda n, k: k.name == "dict" and F in k.items and n not in self.fixed)
        if n is None:
            return False
        k = self.env[n]
        key = k.keys[k.items.index(F)]
        self.emit(f"{n}[{key!r}] {self.rng.choice(['=', '+=', '-='])} {self.bounded(F, 1)}")

    def do_tuple(self) -> None:
        kind = Kind("tuple", (), tuple(self.rng.choice([F, arr(*self.shape())]) for _ in range(2)))
        self.assign(self.fresh(), kind, self.value(kind))

    # compound statements

    def nest(self, header: str, loop: bool = False) -> Nested:
        return Nested(self, header, loop)

    def body(self, low: int = 1, high: int = 3) -> None:
        before = len(self.lines)
        for _ in range(self.rng.randint(low, high)):
            self.statement()
        if len(self.lines) == before:
            self.do_float()

    def do_if(self) -> bool | None:
        if self.depth > 3:
            return False
        with self.nest(f"if {self.condition()}:"):
            self.update()
            self.body(0, 2)
        if self.rng.random() < 0.4:
            with self.nest(f"elif {self.condition()}:"):
                self.update()
        if self.rng.random() < 0.7:
            with self.nest("else:"):
                self.update()
                self.body(0, 1)

    def do_both_branches(self) -> None:
        """Bind a new name in both branches."""
        kind = self.rng.choice([F, arr(*self.shape())])
        name = self.fresh()
        for header in (f"if {self.condition()}:", "else:"):
            with self.nest(header):
                self.assign(name, kind, self.bounded(kind, 1))
                if self.rng.random() < 0.3:
                    self.statement()
        self.define(name, kind)

    def update(self) -> None:
        """Write a statement whose effect is seen after the block."""
        kind = self.rng.choice([F, F, arr(*self.shape())])
        name = self.pick(kind, where=lambda n, k: n not in self.fixed)
        u = self.writable_old()
        if u and self.rng.random() < 0.45:
            choice = self.rng.choice([self.do_element, self.do_element_aug, self.do_slice_aug, self.do_slice])
            choice()
        elif name is None:
            self.statement()
        elif kind == F and self.rng.random() < 0.5:
            self.emit(f"{name} {self.rng.choice(['+=', '-='])} 0.3 * np.tanh({self.scalar(1)})")
        else:
            self.emit(f"{name} = {self.bounded(kind)}")
            if kind != F:
                self.define(name, kind)

    def writable_old(self) -> str | None:
        return self.pick(name="array", where=lambda n, k: n in self.owned)

    def prepare(self) -> None:
        """Before a loop, make what it fills or sums, most of the time."""
        if self.rng.random() < 0.35:
            self.assign(self.fresh(), F, self.rng.choice(["0.0", "1.0", self.scalar(1)]))
        elif self.rng.random() < 0.4:
            self.writable()

    def loop_body(self, high: int = 2) -> None:
        self.update()
        self.body(0, high)

    def counter(self) -> str | None:
        return next((n for n in ("i", "j", "k", "l") if n not in self.env and n not in self.fixed), None)

    def do_for_range(self) -> bool | None:
        i = self.counter()
        if self.depth > 3 or self.loops > 1 or i is None:
            return False
        self.prepare()
        shape = self.shape()
        n = self.rng.choice(shape)
        k = self.pick(name="int", where=lambda n_, k: n_ in self.fixed and k.shape[0] == k.shape[1] and k.shape[0] >= 1)
        u = self.pick(name="array", where=lambda _, k: n in k.shape)
        options = [
            (f"range({n})", 0, n - 1),
            (f"range(1, {n})", 1, n - 1),
            (f"range({n - 1}, -1, -1)", 0, n - 1),
            (f"range(0, {n}, 2)", 0, n - 1),
        ]
        if n > 2:
            options += [(f"range(1, {n} - 1)", 1, n - 2)]
        if k:
            options += [(f"range({k})", 0, self.env[k].shape[0] - 1)] * 2
        if u and self.env[u].shape[0] == n:
            options += [(f"range(len({u}))", 0, n - 1), (f"range({u}.shape[0])", 0, n - 1)]
            options += [(f"range(1, {u}.shape[0])", 1, n - 1)]
        text, low, high = self.rng.choice(options)
        with self.nest(f"for {i} in {text}:", loop=True):
            self.env[i] = Kind("int", (low, high))
            self.fixed.add(i)
            self.loop_body()
        self.fixed.discard(i)

    def loop_over(self, target: list[tuple[str, Kind]], header: str) -> None:
        with self.nest(header, loop=True):
            for n, k in target:
                self.define(n, k, own=False)
                if k.name == "int":
                    self.fixed.add(n)
            self.loop_body()
        self.fixed -= {n for n, k in target if k.name == "int"}

    def sequence(self, length: int | None = None) -> tuple[str, Kind, int] | None:
        """Return something to loop over, with its element kind and length."""
        found = [n for n, k in self.env.items() if k.name in ("array", "list") and length in (None, k.shape[0])]
        if not found:
            return None
        n = self.rng.choice(found)
        k = self.env[n]
        elem = k.items[0] if k.name == "list" else (F if len(k.shape) == 1 else arr(*k.shape[1:]))
        return n, elem, k.shape[0]

    def do_for_array(self) -> bool | None:
        u = self.pick(name="array")
        if u is None or self.loops > 1 or self.depth > 3:
            return False
        self.prepare()
        k, name = self.env[u], self.fresh()
        with Held(self, u):
            self.loop_over([(name, F if len(k.shape) == 1 else arr(*k.shape[1:]))], f"for {name} in {u}:")
        self.tags.add("for array")
        return None

    def do_for_list(self) -> bool | None:
        xs = self.pick(name="list", where=lambda n, k: n not in self.fixed)
        if self.loops > 1 or self.depth > 3:
            return False
        if xs is None:
            self.do_list()
            xs = self.pick(name="list", where=lambda n, k: n not in self.fixed)
        assert xs is not None
        self.prepare()
        name = self.fresh()
        with Held(self, xs):
            self.loop_over([(name, self.env[xs].items[0])], f"for {name} in {xs}:")
        self.tags.add("for list")
        return None

    def do_for_zip(self) -> bool | None:
        first = self.sequence()
        if first is None or self.loops > 1 or self.depth > 3:
            return False
        second = self.sequence(first[2])
        assert second is not None
        self.prepare()
        a, b = self.fresh(), self.fresh()
        with Held(self, first[0], second[0]):
            self.loop_over([(a, first[1]), (b, second[1])], f"for {a}, {b} in zip({first[0]}, {second[0]}):")
        self.tags.add("for zip")
        return None

    def do_for_enumerate(self) -> bool | None:
        first, i = self.sequence(), self.counter()
        if first is None or i is None or self.loops > 1 or self.depth > 3:
            return False
        self.prepare()
        a = self.fresh()
        with Held(self, first[0]):
            header = f"for {i}, {a} in enumerate({first[0]}):"
            self.loop_over([(i, Kind("int", (0, first[2] - 1))), (a, first[1])], header)
        self.tags.add("for enumerate")
        return None

    def do_while(self) -> bool | None:
        i = self.counter()
        if self.depth > 3 or self.loops > 1 or i is None:
            return False
        n = self.rng.choice([2, 3, 4])
        if self.rng.random() < 0.6:
            self.prepare()
            self.emit(f"{i} = 0")
            test = f"{i} < {n}"
            if self.rng.random() < 0.4:
                test += f" and {self.condition(0)}"
            with self.nest(f"while {test}:", loop=True):
                self.env[i] = Kind("int", (0, n - 1))
                self.fixed.add(i)
                self.loop_body()
                self.emit(f"{i} += 1")
            self.fixed.discard(i)
            self.used.add(i)
            return None
        r = self.fresh()
        self.assign(r, F, f"1.0 + {self.square()}")
        self.fixed.add(r)
        with self.nest(f"while {r} > {self.number(0.15, 0.6)}:", loop=True):
            self.loop_body(1)
            self.emit(self.rng.choice([f"{r} = 0.55 * {r}", f"{r} *= 0.6", f"{r} -= 0.45"]))
        self.fixed.discard(r)
        return None

    def do_time_loop(self) -> bool | None:
        """The usual time step: two arrays written in turn."""
        i = self.counter()
        kind = self.pick(where=lambda n, k: k.name == "array" and len(k.shape) == 1 and k.shape[0] >= 3)
        if self.depth > 2 or self.loops or i is None or kind is None:
            return False
        u, v, k = self.fresh(), self.fresh(), self.env[kind]
        self.assign(u, k, f"{kind}.copy()")
        self.assign(v, k, self.rng.choice([f"np.zeros({k.shape[0]})", f"0.5 * {kind}", f"np.zeros_like({kind})"]))
        with self.nest(f"for {i} in range({self.rng.choice([2, 3, 4])}):", loop=True):
            self.env[i] = Kind("int", (0, 99))
            self.fixed |= {i, u, v}
            c = self.atom()
            self.emit(f"{v}[1:-1] = 0.5 * {u}[1:-1] + 0.2 * np.sin({c}) * ({u}[2:] - {u}[:-2])")
            if self.rng.random() < 0.6:
                self.emit(f"{v}[0] = {self.rng.choice([u + '[1]', u + '[-1]', self.bounded(F, 1)])}")
            if self.rng.random() < 0.4:
                self.update()
            self.emit(f"{u}, {v} = {v}, {u}")
        self.fixed -= {i, u, v}
        self.tags.add("time loop swap")

    def do_call(self) -> bool | None:
        found = [h for h in self.helpers if not h.writes and h.result.name in ("float", "array")]
        if not found:
            return False
        h = self.rng.choice(found)
        text = f"{h.name}({self.arguments(h)})"
        if self.loops:
            text = f"np.tanh({text})"
        self.assign(self.target(h.result), h.result, text, own=self.loops > 0)

    def do_call_inplace(self) -> bool | None:
        for h in self.helpers:
            if h.writes:
                u = self.writable(shape=h.params[0][1].shape)
                if u:
                    rest = [self.scalar(1) for _ in h.params[1:]]
                    self.emit(f"{h.name}({', '.join([u, *rest])})")
                    self.tags.add("callee writes")
                    return None
        return False

    def do_early_return(self) -> bool | None:
        if self.depth > 3 or (self.loops and self.rng.random() < 0.5):
            return False
        with self.nest(f"if {self.condition()}:"):
            if self.rng.random() < 0.3:
                self.do_float()
            self.emit(f"return {self.final()}")
        self.tags.add("early return in a loop" if self.loops else "early return")
        return None

    def do_loop_exit(self) -> bool | None:
        if not self.loops or self.depth > 4:
            return False
        if self.lines and self.lines[-1].strip().startswith(("while", "for")):
            return False
        word = self.rng.choice(["break", "break", "continue"])
        if word == "continue" and self.whiles:
            return False  # it would skip the counter
        with self.nest(f"if {self.condition()}:"):
            if self.rng.random() < 0.4:
                self.update()
            self.emit(word)
        self.tags.add(word)
        return None

    def final(self) -> str:
        """Return a result expression that depends on much of what is there."""
        if self.result.name == "tuple":
            return f"{', '.join(self.final_of(k) for k in self.result.items)}"
        return self.final_of(self.result)

    def final_of(self, kind: Kind) -> str:
        if kind.name == "array":
            return f"{self.array(kind.shape, 2, plain=False)} * {self.total(3)}"
        return self.total(6)

    def total(self, count: int) -> str:
        terms: list[str] = []
        for n, k in reversed(self.env.items()):
            c = self.number(0.3, 1.2)
            if k == F:
                terms.append(f"{c} * {n}" if self.rng.random() < 0.7 else n)
            elif k.name == "array":
                terms.append(
                    self.rng.choice(
                        [f"{c} * np.sum({n})", f"np.sum({n} * {n})", f"{n}.mean()", f"{c} * np.sum(np.sin({n}))"]
                    )
                )
            elif k.name == "list":
                terms.append(f"{n}[-1]" if k.items[0] == F else f"{n}[0].sum()")
            elif k.items:
                part = self.part(F)
                terms += [part] if part else []
        if not terms:
            return self.scalar(2)
        head = terms[:2]
        return " + ".join(
            head + self.rng.sample(terms[2:], min(count - len(head), len(terms) - len(head)) if len(terms) > 2 else 0)
        )


class Nested:
    """An indented block: names first bound in it are gone after it."""

    def __init__(self, writer: Writer, header: str, loop: bool) -> None:
        self.w, self.header, self.is_loop = writer, header, loop

    def __enter__(self) -> None:
        w = self.w
        w.emit(self.header)
        if self.header.startswith(("else", "elif")):
            w.count -= 1
        self.env, self.owned = dict(w.env), set(w.owned)
        w.depth += 1
        w.loops += self.is_loop
        w.whiles += self.header.startswith("while")

    def __exit__(self, *exc: object) -> None:
        w = self.w
        w.depth -= 1
        w.loops -= self.is_loop
        w.env = self.env
        w.owned &= self.owned
        w.whiles -= self.header.startswith("while")


class Held:
    """What is looped over: it is neither assigned nor written in the loop."""

    def __init__(self, writer: Writer, *names: str) -> None:
        self.w, self.names = writer, set(names)

    def __enter__(self) -> None:
        self.fixed, self.owned = self.names - self.w.fixed, self.names & self.w.owned
        self.w.fixed |= self.names
        self.w.owned -= self.names

    def __exit__(self, *exc: object) -> None:
        self.w.fixed -= self.fixed
        self.w.owned |= self.owned
