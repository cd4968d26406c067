"""Random statements with functions that call themselves, tables that run time fills, lists that change their length."""

from __future__ import annotations

from tests.random_constructs import WEIGHTS as FULL
from tests.random_constructs import FullWriter
from tests.random_expressions import F, Kind, arr
from tests.random_writer import Held

_WEIGHTS = """
recursion 2, mutual 1.2, table 2.2, counted 1.2, worklist 2, edited 2.2, filtered 2, grid 2, nonlocal 1.6, star 1.5,
objects 2, rows 2, gathered 3.6, neighbours 1.6, guarded_loop 1.6, partial 1.2, endless 1.6, sorted_by 1.5,
several 1.5, nested 1.4, loop_exit 22, comprehension 3.2, choice 2, pick 1.5
"""
WEIGHTS: dict[str, float] = {
    **FULL,
    **{n: float(w) for n, w in (item.split() for item in _WEIGHTS.split(",") if item.strip())},
}

# The tags of these constructs: each is in at least 2 % of the programs (tests/test_random_table.py counts).
MORE = (
    "recursion", "mutual recursion", "dict by run-time keys", "dict of counts", "work list", "list edited",
    "list of unknown length", "list of lists", "nonlocal", "star arguments", "list of objects", "rows written",
    "integer-array write", "np.add.at", "integer-array read", "zip of slices", "try in a loop", "partial",
    "endless loop", "sorted with key", "choice of arrays", "choice of objects", "namedtuple", "function in a function",
)  # fmt: skip


class WideWriter(FullWriter):
    """Writes bodies with all that `FullWriter` knows, and more."""

    def vector(self) -> str | None:
        return self.pick(where=lambda n, k: k.name == "array" and len(k.shape) == 1)

    def do_recursion(self) -> bool | None:
        if self.depth > 2:
            return False
        f, v, n, name = self.fresh(), self.fresh(), self.fresh(), self.target(F)
        how = self.rng.randrange(3)
        self.emit(f"def {f}({v}, {n}):")
        self.depth += 1
        if how == 0:  # run time decides when it ends
            self.emit(f"if {n} > 5 or {v} * {v} < {self.number(0.05, 0.3)}:")
            self.emit(f"    return np.sin({v}) * {self.atom()}")
            self.emit(f"return 0.3 + 0.5 * {f}(0.6 * {v}, {n} + 1) * np.cos({v})")
        elif how == 1:  # it branches
            self.emit(f"if {n} <= 1:")
            self.emit(f"    return {v} * {n} + {self.number()}")
            self.emit(f"return np.sin({f}({v}, {n} - 1)) + 0.4 * {f}({v} * {self.number(0.2, 0.9)}, {n} - 2)")
        else:  # it halves
            self.emit(f"if {n} < 2:")
            self.emit(f"    return np.tanh({v} + {self.atom()})")
            self.emit(f"half = {f}({v} * 0.9, {n} // 2)")
            self.emit(f"return half * half * {v} if {n} % 2 else half * np.cos(half)")
        self.depth -= 1
        start = {0: "0", 1: self.rng.choice(["3", "4"]), 2: self.rng.choice(["5", "6", "7"])}[how]
        k = self.pick(name="int", where=lambda m, kind: m == "k")
        self.assign(name, F, f"np.tanh({f}({self.scalar(1)}, {k if k and how == 1 else start}))")
        self.tags.add("recursion")
        return None

    def do_mutual(self) -> bool | None:
        if self.depth > 1:
            return False
        f, g, v, n, name = self.fresh(), self.fresh(), self.fresh(), self.fresh(), self.target(F)
        for a, b, text in ((f, g, f"np.sin({v})"), (g, f, f"{v} * 0.7 + {self.number()}")):
            self.emit(f"def {a}({v}, {n}):")
            self.emit(f"    return {v} if {n} == 0 else {b}({text}, {n} - 1)")
        u = self.vector()
        self.assign(name, F, f"{f}({self.scalar(1)}, {self.rng.choice(['2', '3', f'len({u})' if u else '1'])})")
        self.tags.add("mutual recursion")
        return None

    def do_table(self) -> bool | None:
        u, i = self.vector(), self.counter()
        if u is None or i is None or self.depth > 2 or self.loops > 1:
            return False
        d, m = self.fresh(), self.rng.choice([2, 3])
        self.emit(f"{d} = {{}}")
        key = self.rng.choice([f"{i} % {m}", f"int(10 * {u}[{i}]) % {m}", f"({i} % 2, {m})", f"str({i} % {m})"])
        with Held(self, u), self.nest(f"for {i} in range(len({u})):", loop=True):
            self.emit(f"{d}[{key}] = {d}.get({key}, {self.number()}) + np.sin({u}[{i}] * {self.atom()})")
            if self.rng.random() < 0.3:
                with self.nest(f"if {self.condition()}:"):
                    self.emit(f"{d}[{key}] *= {self.number(0.3, 0.9)}")
        values = self.rng.choice([f"sum({d}.values())", f"max({d}.values())", f"sum(a_ * a_ for a_ in {d}.values())"])
        self.assign(self.target(F), F, f"np.tanh({values})")
        self.tags.add("dict by run-time keys")
        return None

    def do_counted(self) -> bool | None:
        u, v = self.vector(), self.fresh()
        if u is None or self.depth > 2 or self.loops > 1:
            return False
        d = self.fresh()
        self.emit(f"{d} = {{'low': 0, 'high': 0}}")
        with Held(self, u), self.nest(f"for {v} in {u}:", loop=True):
            self.emit(f"{d}['low' if {v} < {self.number()} else 'high'] += 1")
        self.assign(self.target(F), F, f"np.sin({self.scalar(1)} * ({d}['low'] + 0.5)) / (1.0 + {d}['high'])")
        self.tags.add("dict of counts")
        return None

    def do_worklist(self) -> bool | None:
        if self.depth > 2 or self.loops > 1:
            return False
        todo, v, total = self.fresh(), self.fresh(), self.old_or_new()
        self.emit(f"{todo} = [{self.bounded(F, 1)}, {self.bounded(F, 1)}]")
        self.fixed |= {todo, total}
        with self.nest(f"while {todo}:", loop=True):
            self.emit(f"{v} = {todo}.pop({self.rng.choice(['', '0'])})")
            self.emit(f"{total} = 0.8 * {total} + 0.3 * np.sin({v})")
            with self.nest(f"if abs({v}) > {self.number(0.3, 0.6)}:"):
                self.emit(f"{todo}.append({v} * {self.number(0.2, 0.6)})")
        self.fixed -= {todo, total}
        self.tags.add("work list")
        return None

    def do_edited(self) -> None:
        items, n = self.fresh(), 4
        self.emit(f"{items} = [{', '.join(self.bounded(F, 1) for _ in range(n))}]")
        for _ in range(self.rng.choice([1, 2, 3])):
            i, j = self.rng.randrange(n), self.rng.randrange(-n, n)
            one = self.bounded(F, 1)
            text = self.rng.choice(
                [
                    f"{items}[{i}], {items}[{j}] = {items}[{j}], {items}[{i}]",
                    f"{items}.reverse()",
                    f"{items}.sort()",
                    f"{items}[1:3] = [{one}, {items}[0]]",
                    f"{items}[::2] = [{items}[1], {one}]",
                    f"del {items}[{j}]",
                    f"{items} += [{one}]",
                    f"{items}.insert({j}, {one})",
                ]
            )
            if n < 4 and ":" in text:
                continue
            self.emit(text)
            n += text.count("+= [") + text.count("insert") - text.count("del ")
        self.define(items, Kind("list", (n,), (F,)))
        self.tags.add("list edited")

    def do_filtered(self) -> bool | None:
        u = self.vector()
        if u is None or self.depth > 2 or self.loops > 1:
            return False
        v, found = self.fresh(), self.fresh()
        self.emit(f"{found} = [{self.bounded(F, 1)}]")
        with Held(self, u), self.nest(f"for {v} in {u}:", loop=True):
            with self.nest(f"if {v} > {self.number()}:"):
                self.emit(f"{found}.append(np.cos({v}) * {self.atom()})")
        ends = [f"np.sum({found})", f"{found}[-1] * len({found})", f"np.tanh(np.array({found}) ** 2).sum()"]
        ends += [f"max({found})", f"sum(a_ * b_ for a_, b_ in zip({found}, {found}[1:]))", f"np.prod({found})"]
        self.assign(self.target(F), F, f"np.tanh({self.rng.choice(ends)})")
        self.tags.add("list of unknown length")
        return None

    def do_grid(self) -> bool | None:
        i = self.counter()
        if i is None or self.depth > 2 or self.loops:
            return False
        g, j, n, m = self.fresh(), "j_", self.rng.choice([2, 3]), self.rng.choice([2, 3])
        fill = self.rng.choice(["0.0", self.number(), self.atom()])
        self.emit(f"{g} = [[{fill}] * {m} for _ in range({n})]")
        self.fixed |= {i, g}
        with self.nest(f"for {i} in range({n}):", loop=True):
            self.env[i] = Kind("int", (0, n - 1))
            with self.nest(f"for {j} in range({m}):", loop=True):
                old = self.rng.choice([f"{g}[{i}][{j}]", f"{g}[{i} - 1][{j}]", f"{g}[{i}][{j} - 1]", f"{g}[-1][0]"])
                self.emit(f"{g}[{i}][{j}] = 0.6 * {old} + np.sin({self.scalar(1)} + {i} - 0.5 * {j})")
        self.fixed -= {i, g}
        row = self.rng.choice([f"sum({g}[-1])", f"{g}[0][-1] * {g}[1][0]", f"np.sum(np.array({g}) ** 2)"])
        self.assign(self.target(F), F, f"np.tanh({row})")
        self.tags.add("list of lists")
        return None

    def do_nonlocal(self) -> bool | None:
        if self.depth > 1 or self.loops:
            return False
        total, f, v, i = self.fresh(), self.fresh(), self.fresh(), self.counter()
        self.emit(f"{total} = {self.bounded(F, 1)}")
        self.emit(f"def {f}({v}):")
        self.emit(f"    nonlocal {total}")
        self.emit(f"    {total} = 0.5 * {total} + np.sin({v})")
        self.emit(f"    return {total} * {v}")
        self.fixed.add(total)
        if i is not None and self.rng.random() < 0.5:
            with self.nest(f"for {i} in range({self.rng.choice([2, 3])}):", loop=True):
                self.emit(f"{f}({self.scalar(1)} + {i})")
        self.assign(self.target(F), F, f"np.tanh({f}({self.scalar(1)}))")
        self.define(total, F)
        self.tags.add("nonlocal")
        return None

    def do_star(self) -> None:
        f, name = self.fresh(), self.target(F)
        self.emit(f"def {f}(a_, *rest_, scale_={self.number()}, **more_):")
        self.emit("    return a_ * scale_ + sum(np.sin(r_) for r_ in rest_) + more_.get('b_', 0.3)")
        xs = self.pick(where=lambda n, k: k.name == "list" and k.items == (F,))
        given = f"*{xs}" if xs else self.bounded(F, 1)
        extra = self.rng.choice(["", f", scale_={self.atom()}", f", b_={self.atom()}", f", **{{'b_': {self.atom()}}}"])
        self.assign(name, F, f"np.tanh({f}({self.scalar(1)}, {given}{extra}))")
        self.tags.add("star arguments")

    def do_objects(self) -> bool | None:
        if self.depth > 2 or self.loops > 1:
            return False
        boxes, b = self.fresh(), self.fresh()
        if self.rng.random() < 0.5:
            self.emit(f"{boxes} = [Box({self.bounded(F, 1)}), Box({self.bounded(F, 1)}, {self.atom()})]")
        else:
            u = self.vector() or "[0.3, -0.2]"
            self.emit(f"{boxes} = [Box(a_ * {self.atom()}) for a_ in {u}]")
        with self.nest(f"for {b} in {boxes}:", loop=True):
            self.emit(self.rng.choice([f"{b}.a = np.sin({b}.a) + {self.bounded(F, 1)}", f"{b}.add({self.scalar(1)})"]))
            if self.rng.random() < 0.4:
                with self.nest(f"if {b}.a > {self.number(-0.3, 0.5)}:"):
                    self.emit(f"{b}.b *= {self.number(0.3, 0.9)}")
        if self.rng.random() < 0.4:
            self.emit(f"{boxes}[0].b = {boxes}[-1].a * {self.number()}")
        self.assign(self.target(F), F, f"np.tanh(sum(b_.value({self.atom()}) for b_ in {boxes}))")
        self.tags.add("list of objects")
        return None

    def do_rows(self) -> bool | None:
        A = self.pick(where=lambda n, k: k.name == "array" and len(k.shape) == 2 and n in self.owned)
        if self.depth > 2 or self.loops > 1:
            return False
        if A is None:
            A = self.fresh()
            n, m = self.rng.choice([(2, 3), (3, 2)])
            self.assign(A, arr(n, m), f"np.outer({self.array((n,), 1)}, {self.array((m,), 1)})")
        n, m = self.env[A].shape
        row, i = self.fresh(), self.counter()
        self.fixed.add(A)
        header = f"for {row} in {A}:" if i is None or self.rng.random() < 0.6 else f"for {i}, {row} in enumerate({A}):"
        with self.nest(header, loop=True):
            texts = [
                f"{row} *= {self.number(0.3, 0.9)}",
                f"{row}[0] = {self.bounded(F, 1)}",
                f"{row}[1:] += {row}[:-1]",
            ]
            texts += [f"{row}[:] = np.sin({self.array((m,), 1)})", f"{row}[-1] += {A}[0, 0] * 0.3"]
            self.emit(self.rng.choice(texts))
        self.fixed.discard(A)
        self.tags.add("rows written")
        return None

    def do_gathered(self) -> bool | None:
        u = self.writable(ndim=1)
        if u is None:
            return False
        n = self.env[u].shape[0]
        at = [self.rng.randrange(n) for _ in range(self.rng.choice([2, 3]))]
        where = self.rng.choice([f"np.array({at})", f"{at}"])
        right = self.rng.choice([self.bounded(F, 1), f"np.sin({self.array((len(at),), 1)})"])
        how = self.rng.randrange(4)
        if how == 0:
            self.emit(f"np.add.at({u}, {at}, {right})")
            self.tags.add("np.add.at")
        elif how == 1:
            self.assign(self.fresh(), arr(len(at)), f"{u}[{where}] * {self.atom()}")
            self.tags.add("integer-array read")
        else:
            self.emit(f"{u}[{where}] {self.rng.choice(['=', '+=', '*='])} {right}")
            self.tags.add("integer-array write")
        return None

    def do_neighbours(self) -> bool | None:
        u = self.pick(where=lambda n, k: k.name == "array" and len(k.shape) == 1 and k.shape[0] > 2)
        if u is None or self.depth > 2 or self.loops > 1:
            return False
        a, b, total = self.fresh(), self.fresh(), self.old_or_new()
        ends = self.rng.choice([(f"{u}[1:]", f"{u}[:-1]"), (f"{u}[::-1]", u), (u, f"reversed({u})"), (f"{u}[2:]", u)])
        self.fixed.add(total)
        with Held(self, u), self.nest(f"for {a}, {b} in zip({', '.join(ends)}):", loop=True):
            self.define(a, F)
            self.define(b, F)
            self.emit(f"{total} = 0.6 * {total} + np.sin({a} - 0.5 * {b}) * {self.atom()}")
        self.fixed.discard(total)
        self.tags.add("zip of slices")
        return None

    def do_guarded_loop(self) -> bool | None:
        u = self.vector()
        if u is None or self.depth > 1 or self.loops:
            return False
        v, total = self.fresh(), self.old_or_new()
        self.fixed.add(total)
        with Held(self, u), self.nest(f"for {v} in {u}:", loop=True):
            with self.nest("try:"):
                with self.nest(f"if {v} < {self.number(-0.6, 0.2)}:"):
                    self.emit(f"raise ValueError({v})")
                self.emit(f"{total} = {total} * 0.7 + math.sqrt({v} + 1.7)")
            with self.nest("except ValueError:"):
                self.emit(f"{total} -= 0.2 * np.cos({v})")
                if self.rng.random() < 0.5:
                    self.emit(self.rng.choice(["continue", "break"]))
            self.emit(f"{total} += 0.1 * {v}")
        self.fixed.discard(total)
        self.tags.add("try in a loop")
        return None

    def do_partial(self) -> None:
        f, g = self.fresh(), self.fresh()
        self.emit(f"def {f}(a_, b_, c_={self.number()}):")
        self.emit(f"    return np.sin(a_ * b_) + c_ * {self.atom()}")
        part = self.rng.choice([f"b_={self.atom()}", self.atom(), f"{self.atom()}, c_={self.atom()}"])
        self.emit(f"{g} = functools.partial({f}, {part})")
        self.assign(
            self.target(F), F, f"0.7 * {g}({self.scalar(1)})" if "b_=" not in part else f"{g}({self.scalar(1)})"
        )
        self.tags.add("partial")

    def do_endless(self) -> bool | None:
        i = self.counter()
        if self.depth > 2 or self.loops > 1 or i is None:
            return False
        r, total = self.fresh(), self.old_or_new()
        self.assign(r, F, f"1.0 + {self.square()}")
        self.fixed |= {r, total}
        with self.nest("while True:", loop=True):
            self.emit(f"{total} = 0.5 * {total} + np.sin({r})")
            with self.nest(f"if {r} < {self.number(0.2, 0.6)}:"):
                self.emit("break")
            if self.rng.random() < 0.5:
                self.emit(f"{r} *= 0.6")
                with self.nest(f"if {self.condition()}:"):
                    self.emit("continue")
                self.emit(f"{r} -= 0.05")
            else:
                self.emit(f"{r} *= 0.55")
        self.fixed -= {r, total}
        self.tags.add("endless loop")
        return None

    def do_sorted_by(self) -> None:
        pairs, a, b = self.fresh(), self.fresh(), self.fresh()
        pair = lambda: f"({self.bounded(F, 1)}, {self.bounded(F, 1)})"  # noqa: E731
        self.emit(f"{pairs} = [{pair()}, {pair()}, {pair()}]")
        how = self.rng.choice(
            [
                f"sorted({pairs}, key=lambda p_: p_[1])[0]",
                f"sorted({pairs})[-1]",
                f"max({pairs}, key=lambda p_: p_[0] * p_[1])",
                f"min({pairs})",
            ]
        )
        self.emit(f"{a}, {b} = {how}")
        self.define(a, F)
        self.define(b, F)
        self.tags.add("sorted with key")

    def do_choice(self) -> bool | None:
        kind = arr(*self.shape())
        if self.depth > 3:
            return False
        a, b, c = self.fresh(), self.fresh(), self.fresh()
        for name in (a, b):
            self.assign(name, kind, f"np.sin({self.array(kind.shape, 1)})")
        self.emit(f"{c} = {a} if {self.condition(0)} else {b}")
        self.define(c, kind)
        where = f"{c}[{self.index(kind.shape[0])}]"
        texts = [f"{where} *= {self.number(0.3, 0.9)}", f"{c} += 0.2 * np.sin({a})", f"{where} = {b}.mean()"]
        self.emit(self.rng.choice(texts))
        if self.rng.random() < 0.4:
            self.emit(f"{self.rng.choice([a, b, c])}[{self.index(kind.shape[0])}] *= {self.number(0.3, 0.9)}")
        self.tags.add("choice of arrays")
        return None

    def do_pick(self) -> bool | None:
        """Write through a name that means one of two lists or objects."""
        if self.depth > 2:
            return False
        a, b, c = self.fresh(), self.fresh(), self.fresh()
        if self.rng.random() < 0.5:
            for name in (a, b):
                self.emit(f"{name} = Box({self.bounded(F, 1)}, {self.bounded(F, 1)})")
            part, ends = f"{c}.a", f"{a}.value({self.atom()}) + {b}.a * {b}.b"
        else:
            for name in (a, b):
                self.emit(f"{name} = [{self.bounded(F, 1)}, {self.bounded(F, 1)}]")
            part, ends = f"{c}[{self.rng.choice([0, 1, -1])}]", f"{a}[0] * {b}[1] + sum({a}) * {b}[0]"
        self.emit(f"{c} = {a} if {self.condition(0)} else {b}")
        self.emit(f"{part} {self.rng.choice(['=', '+=', '*='])} {self.bounded(F, 1)}")
        self.assign(self.target(F), F, f"np.tanh({ends} + {part})")
        self.tags.add("choice of objects")
        return None

    def do_several(self) -> None:
        s = self.fresh()
        self.emit(f"{s} = Pair({self.bounded(F, 1)}, {self.array(self.shape(), 1, plain=False)})")
        if self.rng.random() < 0.6:
            self.emit(f"{s} = {s}._replace(left={s}.left * {self.atom()})")
        self.assign(self.target(F), F, f"np.tanh({s}.left + {s}.right.mean() * {s}[0])")
        self.tags.add("namedtuple")

    def do_nested(self) -> bool | None:
        if self.depth > 1 or self.loops:
            return False
        f, v, g, name = self.fresh(), self.fresh(), self.fresh(), self.target(F)
        self.emit(f"def {f}({v}):")
        self.emit(f"    def {g}(a_, b_={self.atom()}):")
        self.emit(f"        if a_ > {self.number()}:")
        self.emit(f"            return a_ * b_ + {v}")
        self.emit(f"        return np.sin({v} * b_)")
        self.emit(f"    return {g}({v} * 0.5) + {g}({v}, {v})")
        self.assign(name, F, f"np.tanh({f}({self.scalar(1)}))")
        self.tags.add("function in a function")
        return None
