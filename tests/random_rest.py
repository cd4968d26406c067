"""Random statements with the rest of the language: classes, complex numbers, views of every kind, odd names."""

from __future__ import annotations

from tests.random_expressions import F, Kind, arr
from tests.random_more import WEIGHTS as WIDE
from tests.random_more import WideWriter
from tests.random_writer import Held

_WEIGHTS = """
classes 8, conversion 4, written_by 12, rows_moved 4, viewed 6.5, by_callee 5.5, complex 3.2, small 3.6,
asserted 1.5, deleted 2, unpacked 1.5, odd_name 2, passed 5, wrapped 3, sliced_list 1.7, repeated 2.2,
indices 1.8, inactive 2.2, outer_names 3.6, raised 3.6, nested_comprehension 1.8, two_names 2, strided 2.8,
cast 1.8, mutual 2, gathered 6, function_value 4, reshaped 4.5, mask 3.4, object 2.2, with 2.2, try 4,
loop_exit 38, view 2.4,
comprehension 5, time_loop 2.2, chained 3
"""
WEIGHTS: dict[str, float] = {
    **WIDE,
    **{n: float(w) for n, w in (item.split() for item in _WEIGHTS.split(",") if item.strip())},
}

# The tags of these constructs: each is in at least 2 % of the programs (tests/test_random_table.py counts).
REST = (
    "dataclass", "property", "property setter", "static method", "class method", "__call__", "inheritance",
    "array to list", "list to array", "where=", "fill", "sort in place", "copyto", "ufunc method in place",
    "row swap", "fill_diagonal", "through swapaxes", "through a view of a view", "diagonal",
    "view returned by a callee", "callee writes and returns", "inner function writes", "complex", "complex array",
    "0-d array", "zero-size array", "assert", "del", "nested unpacking", "name like a generated one", "lambda passed",
    "function passed", "reduce or map", "decorator", "lru_cache", "list sliced", "repeated indices", "ndindex",
    "inactive Python", "global read", "import under another name", "raise in a callee", "raise again",
    "nested comprehension", "two names for one array", "strided write", "multi-dimensional write", "cast",
)  # fmt: skip
_ODD = ("d_x", "x_saved", "t", "t1", "g", "out", "d_u", "u_dot", "result", "_", "np_", "x_1")


class RestWriter(WideWriter):
    """Writes bodies with all that `WideWriter` knows, and the rest."""

    def matrix(self) -> str:
        """Return a matrix that may be written."""
        found = self.pick(name="array", where=lambda n, k: n in self.owned and len(k.shape) == 2)
        if found is None:
            found = self.fresh()
            n, m = self.rng.choice([(2, 3), (3, 2), (2, 2), (3, 3)])
            self.assign(found, arr(n, m), f"np.outer({self.array((n,), 1)}, {self.array((m,), 1)})")
        return found

    def tag(self, *names: str) -> None:
        self.tags.update(names)

    def keep(self, text: str) -> None:
        self.assign(self.target(F), F, f"np.tanh({text})")

    def do_classes(self) -> bool | None:
        if self.depth > 2:
            return False
        line, how = self.fresh(), self.rng.randrange(6)
        cls = self.rng.choice(["Line", "Bent"])
        if how == 0:
            self.emit(f"{line} = {cls}.of({self.bounded(F, 1)})")
            self.tag("class method")
        else:
            self.emit(f"{line} = {cls}({self.bounded(F, 1)}" + (f", b={self.scalar(1)})" if how < 4 else ")"))
        if how == 1:
            self.emit(f"{line}.slope = {self.bounded(F, 1)}")
            self.tag("property setter")
        if how == 2:
            with self.nest(f"if {line}.w > {self.number()}:"):
                self.emit(f"{line}.b += {self.atom()}")
        ends = [
            (f"{line}({self.scalar(1)})", "__call__"),
            (f"{line}.both + {line}.slope", "property"),
            (f"{cls}.bend({line}.w) * {line}[1]", "static method"),
            (f"{line}.bend({line}[0])", "static method"),
        ]
        text, tag = self.rng.choice(ends)
        self.tag(tag, "dataclass", *(["inheritance"] if cls == "Bent" else []))
        self.keep(text)
        return None

    def do_conversion(self) -> bool | None:
        u = self.vector()
        if u is None:
            return False
        n, name = self.env[u].shape[0], self.fresh()
        if self.rng.random() < 0.5:
            text = self.rng.choice([f"list({u})", f"{u}.tolist()", f"[*{u}]"])
            self.assign(name, Kind("list", (n,), (F,)), text)
            self.tag("array to list")
        else:
            items = [self.bounded(F, 1) for _ in range(n)]
            text = self.rng.choice(
                [
                    f"np.array([{', '.join(items)}])",
                    f"np.array(list({u})) * {self.atom()}",
                    f"np.asarray(({u}[0],) * {n})",
                ]
            )
            self.assign(name, arr(n), text)
            self.tag("list to array")
        return None

    def do_written_by(self) -> bool | None:
        u = self.writable(ndim=1)
        if u is None:
            return False
        a, n = self.array(self.env[u].shape, 1), self.number()
        ways = [
            (f"np.sin({a}, out={u}, where={u} > {n})", "where="),
            (f"np.add({u}, 0.3, out={u}, where=np.cos({u}) < {n})", "where="),
            (f"{u}.fill({self.bounded(F, 1)})", "fill"),
            (f"{u}.sort()", "sort in place"),
            (f"np.copyto({u}, np.cos({a}))", "copyto"),
            (f"np.copyto({u}, {self.atom()}, where={u} > {n})", "copyto"),
            (f"np.multiply.at({u}, [0, -1], {self.number(0.2, 0.9)})", "ufunc method in place"),
            (f"np.subtract.at({u}, [0, 0, 1], {self.bounded(F, 1)})", "ufunc method in place"),
        ]
        text, tag = self.rng.choice(ways)
        self.emit(text)
        self.tag(tag)
        return None

    def do_rows_moved(self) -> bool | None:
        A = self.matrix()
        if self.rng.random() < 0.6:
            texts = [f"{A}[[0, 1]] = {A}[[1, 0]]", f"{A}[:, [0, 1]] = {A}[:, [1, 0]]"]
            texts += [f"{A}[0], {A}[1] = {A}[1].copy(), {A}[0].copy()"]
            self.emit(self.rng.choice(texts))
            self.tag("row swap")
        else:
            self.emit(f"np.fill_diagonal({A}, {self.bounded(F, 1)})")
            self.tag("fill_diagonal")
        return None

    def do_viewed(self) -> bool | None:
        A, how = self.matrix(), self.rng.randrange(4)
        op, e = self.rng.choice(["=", "+=", "*="]), self.bounded(F, 1)
        if how == 0:
            v = self.fresh()
            self.emit(f"{v} = {A}.swapaxes(0, 1)")
            self.emit(f"{v}[1] {op} {e}")
            self.tag("through swapaxes")
        elif how == 1:
            z = self.fresh()
            self.emit(f"{z} = {A} * (1.0 + {self.number()}j)")
            self.emit(f"{z}.T[0] {op} {e}")  # writes through `real` and `imag` are refused
            self.keep(f"np.sum(np.abs({z} + 2.1) ** 2) * 0.1")
            self.tag("complex array")
        elif how == 2:
            v, w = self.fresh(), self.fresh()
            self.emit(f"{v} = {A}{self.rng.choice(['.T', '[::-1]', '[:, ::-1]'])}")
            self.emit(f"{w} = {v}[1:]")
            self.emit(f"{w}[0, :2] {op} {e}")
            self.tag("through a view of a view")
        else:
            self.keep(f"np.sum(np.diagonal({A}) ** 2) + {A}.diagonal()[0]")
            self.tag("diagonal")
        return None

    def do_by_callee(self) -> bool | None:
        u = self.writable(ndim=1)
        if u is None or self.env[u].shape[0] < 2:
            return False
        how = self.rng.randrange(3)
        if how == 0:
            v = self.fresh()
            self.emit(f"{v} = tail({u}{self.rng.choice(['', ', 1', ', n=1'])})")
            where, op = self.rng.choice(["[0]", "[:]", "[-1]"]), self.rng.choice(["=", "+=", "*="])
            self.emit(f"{v}{where} {op} {self.bounded(F, 1)}")
            self.tag("view returned by a callee")
        elif how == 1:
            text = f"scale_first({u}, {self.scalar(1)})"
            if self.rng.random() < 0.5:
                self.emit(f"{u} = {text}")
            else:
                self.keep(f"{text}[-1] * 0.5")
            self.tag("callee writes and returns")
        else:
            if self.depth > 1:
                return False
            f = self.fresh()
            self.emit(f"def {f}(i_, v_):")
            self.emit(f"    {u}[i_] {self.rng.choice(['=', '+=', '*='])} np.sin(v_)")
            for _ in range(self.rng.choice([1, 2])):
                self.emit(f"{f}({self.index(self.env[u].shape[0])}, {self.scalar(1)})")
            self.fixed.add(u)
            self.tag("inner function writes")
        return None

    def do_complex(self) -> None:
        z = self.fresh()
        if self.rng.random() < 0.6:
            made = self.rng.choice(
                [
                    f"complex({self.bounded(F, 1)}, {self.bounded(F, 1)})",
                    f"{self.bounded(F, 1)} + 1j * {self.bounded(F, 1)}",
                ]
            )
            self.emit(f"{z} = {made}")
            if self.rng.random() < 0.5:
                self.emit(f"{z} = {z} * np.exp(1j * {self.atom()}) + 2.3")
            self.tag("complex")
            self.keep(
                self.rng.choice([f"({z} * {z}.conjugate()).real", f"abs({z} + 3.0)", f"({z} ** 2).imag + {z}.real"])
            )
        else:
            u = self.vector() or "np.ones(3)"
            self.emit(f"{z} = {u} * np.exp(1j * {self.atom()}) + 2.2j")
            if self.rng.random() < 0.6:
                self.emit(f"{z}[0] {self.rng.choice(['=', '+=', '*='])} {self.atom()} - 0.4j")
            self.tag("complex array")
            ends = [
                f"np.sum(np.abs({z}))",
                f"np.vdot({z}, {z}).real",
                f"({z} @ {z}).imag",
                f"np.sum({z}.real * {z}.imag)",
            ]
            self.keep(f"0.3 * {self.rng.choice(ends)}")

    def do_small(self) -> None:
        z = self.fresh()
        if self.rng.random() < 0.5:
            self.emit(f"{z} = np.array({self.bounded(F, 1)})")
            if self.rng.random() < 0.7:
                self.emit(
                    self.rng.choice(
                        [f"{z}[...] = {self.bounded(F, 1)}", f"{z} *= {self.number()}", f"{z}[()] += {self.atom()}"]
                    )
                )
            self.keep(self.rng.choice([f"{z} * 0.7", f"float({z})", f"{z}[()] + {z}.sum()", f"{z}.item()"]))
            self.tag("0-d array")
        else:
            u = self.vector() or "np.ones(3)"
            self.emit(
                f"{z} = {self.rng.choice([f'{u}[:0] * {self.atom()}', 'np.zeros((0, 2))', 'np.zeros(0)', f'{u}[3:1]'])}"
            )
            self.keep(
                self.rng.choice(
                    [
                        f"{z}.sum() + {self.atom()}",
                        f"np.prod(np.sin({z})) * {self.atom()}",
                        f"sum(x_.sum() for x_ in {z}) + 0.1",
                    ]
                )
            )
            self.tag("zero-size array")

    def do_asserted(self) -> None:
        a = self.old_or_new()
        self.emit(f"assert abs({a}) < 1e6, f'{{{a}}} is too large'")
        self.tag("assert")

    def do_deleted(self) -> None:
        a = self.fresh()
        self.emit(f"{a} = {self.bounded(F, 1)}")
        self.keep(f"{a} * {a} - 0.3")
        self.emit(f"del {a}")
        self.tag("del")

    def do_unpacked(self) -> None:
        a, b, c = self.fresh(), self.fresh(), self.fresh()
        one, two, three = (self.bounded(F, 1) for _ in range(3))
        self.emit(f"{a}, ({b}, *{c}) = {one}, ({two}, {three}, {self.atom()})")
        self.define(a, F)
        self.define(b, F)
        self.define(c, Kind("list", (2,), (F,)))
        self.tag("nested unpacking")

    def do_odd_name(self) -> None:
        free = [n for n in _ODD if n not in self.used] or ["d_z"]
        name = self.rng.choice(free)
        self.used.add(name)
        self.assign(name, F, self.bounded(F))
        self.tag("name like a generated one")

    def do_passed(self) -> None:
        f, how = self.rng.choice(["np.sin", "math.tanh", "wave", "np.cos"]), self.rng.randrange(3)
        if how == 0:
            self.keep(f"apply(lambda a_: a_ * {self.atom()} + np.sin(a_), {self.scalar(1)})")
            self.tag("lambda passed")
        elif how == 1:
            self.keep(f"apply({f}, {self.scalar(1)})")
            self.tag("function passed")
        else:
            items = f"[{self.bounded(F, 1)}, {self.bounded(F, 1)}, {self.atom()}]"
            texts = [f"functools.reduce(lambda a_, b_: a_ * 0.6 + np.sin(b_), {items})", f"sum(map({f}, {items}))"]
            texts += [
                f"sum(map(lambda a_, b_: a_ * b_, {items}, {items}))",
                f"max(filter(lambda a_: a_ > -9.0, {items}))",
            ]
            self.keep(self.rng.choice(texts))
            self.tag("reduce or map")

    def do_wrapped(self) -> bool | None:
        if self.rng.random() < 0.5:
            self.keep(f"wave({self.scalar(1)}{self.rng.choice(['', f', p={self.atom()}'])})")
            self.tag("decorator")
            return None
        if self.depth > 1:
            return False
        f = self.fresh()
        self.emit("@functools.lru_cache(maxsize=None)")
        self.emit(f"def {f}(n_):")
        self.emit(f"    return {self.atom()} if n_ < 2 else 0.6 * {f}(n_ - 1) + np.sin({f}(n_ - 2)) * 0.3")
        self.keep(f"{f}({self.rng.choice(['3', '4', '5'])})")
        self.tag("lru_cache")
        return None

    def do_sliced_list(self) -> None:
        xs, ys = self.fresh(), self.fresh()
        self.emit(f"{xs} = [{', '.join(self.bounded(F, 1) for _ in range(4))}]")
        self.assign(ys, Kind("list", (2,), (F,)), f"{xs}[{self.rng.choice(['1:3', '::2', '-2:', ':2', '2::-2'])}]")
        if self.rng.random() < 0.4:
            self.emit(f"{xs}[1:3] = {ys}")
            self.keep(f"sum({xs}) * {ys}[0]")
        self.tag("list sliced")

    def do_repeated(self) -> bool | None:
        u = self.writable(ndim=1)
        if u is None or self.env[u].shape[0] < 2:
            return False
        at = self.rng.choice(["[0, 0, 1]", "[1, -1, 1]", "np.array([0, 1, 0])"])
        right = self.rng.choice([f"np.sin({self.array((3,), 1)})", self.bounded(F, 1)])
        self.emit(f"{u}[{at}] {self.rng.choice(['=', '+=', '*=', '-='])} {right}")
        self.tag("repeated indices", "integer-array write")
        return None

    def do_indices(self) -> bool | None:
        if self.depth > 2 or self.loops > 1:
            return False
        A, total = self.matrix(), self.old_or_new()
        i, j = self.fresh(), self.fresh()
        self.fixed.add(total)
        with Held(self, A), self.nest(f"for {i}, {j} in np.ndindex({A}.shape):", loop=True):
            self.emit(f"{total} = 0.7 * {total} + np.sin({A}[{i}, {j}]) * ({i} - 0.5 * {j})")
        self.fixed.discard(total)
        self.tag("ndindex")
        return None

    def do_inactive(self) -> None:
        log, a = self.fresh(), self.old_or_new()
        self.emit(f"{log} = ['start', None, {self.rng.randrange(4)}]")
        self.emit(f"{log}.append(f'{{{a}:.3f}} of {{len({log})}}')")
        if self.rng.random() < 0.6:
            with self.nest(f"if {log}[1] is None and {log}[0].startswith('s'):"):
                self.emit(f"{a} = {self.bounded(F, 1)}")
        self.tag("inactive Python")

    def do_outer_names(self) -> None:
        if self.rng.random() < 0.5:
            texts = ["RATE * $", "TABLE[1] * $", "SETTINGS['high'][1] * $", "(TABLE * $).sum()"]
            self.keep(self.rng.choice(texts).replace("$", self.atom()))
            self.tag("global read")
        else:
            self.keep(
                self.rng.choice(["xp.cos($)", "sine($)", "xp.linalg.norm([$, 1.0])"]).replace("$", self.scalar(1))
            )
            self.tag("import under another name")

    def do_raised(self) -> bool | None:
        if self.depth > 1:
            return False
        name = self.old_or_new()
        if self.rng.random() < 0.5:
            f = self.fresh()
            self.emit(f"def {f}(a_):")
            self.emit(f"    if a_ > {self.number()}:")
            self.emit("        raise KeyError('large')")
            self.emit(f"    return np.sin(a_) * {self.atom()}")
            with self.nest("try:"):
                self.emit(f"{name} = {f}({self.scalar(1)})")
            with self.nest("except KeyError:"):
                self.emit(f"{name} = {self.bounded(F, 1)}")
            self.tag("raise in a callee")
        else:
            with self.nest("try:"):
                with self.nest("try:"):
                    self.emit(f"{name} *= {self.number()}")
                    with self.nest(f"if {self.condition()}:"):
                        self.emit("raise ArithmeticError")
                    self.emit(f"{name} += {self.bounded(F, 1)}")
                with self.nest("except ArithmeticError:"):
                    self.emit(f"{name} -= {self.number()}")
                    self.emit("raise")
            with self.nest("except (ArithmeticError, ValueError) as e_:"):
                self.emit(f"{name} = np.sin({name}) + len(e_.args)")
            self.tag("raise again")
        return None

    def do_nested_comprehension(self) -> bool | None:
        u = self.vector()
        if u is None:
            return False
        c = self.atom()
        texts = [
            f"sum(sum(a_ * b_ for b_ in {u}) for a_ in {u} if a_ < 0.8)",
            f"np.sum([[np.sin(a_ * {c}) + j_ for j_ in range(2)] for a_ in {u}])",
            f"sum([a_ * b_ for a_ in {u} for b_ in (0.3, {c}) if b_ != a_])",
        ]
        self.keep(f"0.3 * {self.rng.choice(texts)}")
        self.tag("nested comprehension")
        return None

    def do_two_names(self) -> bool | None:
        u = self.writable(ndim=1)
        if u is None or self.loops:
            return False
        v, at = self.fresh(), self.index(self.env[u].shape[0])
        self.emit(f"{v} = {u}")
        self.emit(f"{v}[{at}] {self.rng.choice(['=', '+='])} {self.bounded(F, 1)}")
        self.emit(f"{u}[0] *= {self.number(0.3, 0.9)}")
        self.keep(f"{u}[0] + {v}[{at}] * {v}[-1]")
        self.tag("two names for one array")
        return None

    def do_strided(self) -> None:
        op, e = self.rng.choice(["=", "+=", "*="]), self.bounded(F, 1)
        if self.rng.random() < 0.5:
            A = self.matrix()
            self.emit(f"{A}{self.rng.choice(['[::2, 1]', '[0, ::-1]', '[:, ::2]', '[1:, :2]', '[..., 0]'])} {op} {e}")
            self.tag("multi-dimensional write")
        else:
            u = self.writable(ndim=1) or self.matrix()
            self.emit(f"{u}[{self.rng.choice(['::2', '1::2', '::-2', '-1::-1'])}] {op} {e}")
            self.tag("strided write")

    def do_cast(self) -> bool | None:
        u = self.vector()
        if u is None:
            return False
        self.keep(self.rng.choice([f"np.sum({u}.astype(np.float64) ** 2)", f"np.float64({self.atom()}) * {u}[0]"]))
        self.tag("cast")
        return None
