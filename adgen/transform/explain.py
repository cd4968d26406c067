"""Why a gradient is what it is: the lines from a source to the target, and where the dependence ends.

Works on typed SSA before dead code goes. Every statement is a set of edges from what it reads to what it gives; an edge
is open if a derivative passes it, else it has a reason. A source without an open way to the target has its gradient
cut at the first closed edge of each way; one without any way was overwritten or never used.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from adgen.infer.memory.overwritten import Overwritten
from adgen.ir.nodes import Block, Const, If, Let, Loop, Operand, Origin, Var
from adgen.ir.summary import CALLS, Summary, summary_of
from adgen.ir.types import Int, Opaque, Type, is_floating
from adgen.transform.activity import inputs, left_by, overwrites, runs_at_all

TEXTS: tuple[object, ...] = (format, str, repr, str.format)
Line = tuple[Origin, str]
"""A line of the user's program, and what ends there."""


@dataclass(frozen=True, slots=True, eq=False)
class Edge:
    start: Var
    end: Var
    origin: Origin | None
    reason: str = ""  # why no derivative passes, empty if one does
    jumps: bool = False  # the end is constant between its jumps


@dataclass(slots=True)
class Graph:
    """Who depends on whom in a program."""

    after: dict[Var, list[Edge]] = field(default_factory=dict)
    before: dict[Var, list[Edge]] = field(default_factory=dict)
    called: set[Summary] = field(default_factory=set)  # functions whose bodies are in it
    writes: dict[Var, Let] = field(default_factory=dict)

    def add(self, a: Operand, end: Var, origin: Origin | None, reason: str = "", jumps: bool = False) -> None:
        if not isinstance(a, Var):
            return
        if not reason and not (is_floating(end.type) or isinstance(end.type, Opaque)):
            reason = _by_type(end.type)
        edge = Edge(a, end, origin, reason, jumps and is_floating(end.type))
        self.after.setdefault(a, []).append(edge)
        self.before.setdefault(end, []).append(edge)

    def reaching(self, targets: Iterable[Var]) -> set[Var]:
        """Return what the targets depend on in any way."""
        found = set(targets)
        work = list(found)
        while work:
            for e in self.before.get(work.pop(), ()):
                if e.start not in found:
                    found.add(e.start)
                    work.append(e.start)
        return found

    def ways(self, source: Var, closed: bool = False, jumps: bool = False) -> dict[Var, Edge | None]:
        """Return what a source reaches, by open edges, by jumps too or by all, each with the last edge of a way."""
        found: dict[Var, Edge | None] = {source: None}
        work = deque([source])
        while work:
            for e in self.after.get(work.popleft(), ()):
                if e.end not in found and (closed or not e.reason or (jumps and e.jumps)):
                    found[e.end] = e
                    work.append(e.end)
        return found


def make_graph(body: Block) -> Graph:
    g = Graph()
    _block(g, body)
    return g


def _block(g: Graph, block: Block) -> None:
    for s in block.stmts:
        if isinstance(s, Let):
            _let(g, s)
        elif isinstance(s, If):
            _block(g, s.then)
            _block(g, s.orelse)
            for out, a, b in zip(s.outs, s.then.results, s.orelse.results):
                g.add(a, out, s.origin)
                g.add(b, out, s.origin)
                g.add(s.cond, out, s.origin, "it only decides which branch is taken")
        else:
            _loop(g, s)


def _let(g: Graph, s: Let) -> None:
    if s.op.name in CALLS:
        _call(g, s)
        return
    if s.op.name == "update":
        g.writes[s.out] = s
    open_ = {id(a) for a in inputs(s)} if s.op.name != "opaque" else set()
    for k, a in enumerate(s.args):
        if k == 0 and overwrites(s):
            g.add(a, s.out, s.origin, "all its elements are overwritten here")
        elif k == 0 and s.op.name == "update" and (left := left_by(s, g.writes)) is not a:
            g.add(a, s.out, s.origin, "it is overwritten here")
            g.add(left, s.out, s.origin)
        else:
            g.add(a, s.out, s.origin, "" if id(a) in open_ else _reason(s), bool(s.op.flat))


def _call(g: Graph, s: Let) -> None:
    """What goes into a function that calls itself comes out of it as its body says."""
    summary = summary_of(s)
    for a, p in zip(s.args[1:], summary.func.params):
        g.add(a, p, s.origin)
    result = summary.func.body.results[0]
    g.add(result, s.out, s.origin)
    if summary not in g.called:
        g.called.add(summary)
        _block(g, summary.func.body)


def _reason(s: Let) -> str:
    name = s.op.name
    if name == "opaque":
        fn = s.args[0]
        if isinstance(fn, Const) and fn.value in TEXTS:
            return "it becomes a string, which has no derivative"
        called = getattr(fn.value, "__name__", "") if isinstance(fn, Const) else ""
        return (
            f"{called or 'what is called here'}() has no source that can be read and no rule"
            if called
            else ("it meets an object or a function that can't be followed")
        )
    if name == "stop_gradient":
        return "it is held constant here"
    if name in ("getitem", "update"):
        return "it is only used as an index"
    if s.op.kind == "query":
        return "only its shape is used"
    if s.op.flat and is_floating(s.out.type):
        return f"{name} is constant between its jumps, so its derivative is zero"
    if s.op.kind == "zero" or s.op.flat:
        return _by_type(s.out.type, name)
    if s.op.kind == "constructor":
        return "only a value without derivative is taken from it"
    return f"{name} has no derivative with respect to it"


def _by_type(t: Type, name: str = "") -> str:
    if is_floating(t):
        return "only its shape is used" if name.endswith("_like") else f"{name} has the derivative zero"
    if name in ("lt", "le", "gt", "ge", "eq", "ne") or str(t).startswith("bool"):
        return "a comparison gives a truth value, which has no derivative"
    what = f"what {name} gives here" if name and name not in ("to_int", "astype") else "what it becomes here"
    kind = "an integer" if isinstance(t, Int) or "int" in str(t) else f"of type {t}"
    return f"{what} is {kind}, which has no derivative"


def _loop(g: Graph, s: Loop) -> None:
    for c in s.consumes:
        g.add(c.seq, c.var, s.origin)
    _block(g, s.body)
    if s.test is not None:
        _block(g, s.test)
    results = [*zip(s.params, s.yields), *zip(s.outs, s.yields), *zip(s.collects, s.collected)]
    for end, a in results:
        g.add(a, end, None)
    for p, out, init in zip(s.params, s.outs, s.inits):
        g.add(init, p, None)
        if not runs_at_all(s):
            g.add(init, out, None)
    bounds = () if s.range is None else (s.range.start, s.range.stop, s.range.step)
    decide = (*bounds, *(s.test.results if s.test is not None else ()), *((s.stop,) if s.stop is not None else ()))
    for a in decide:
        for end in (*s.outs, *s.collects, *((s.index,) if s.index is not None else ())):
            g.add(a, end, s.origin, "it only decides how often the loop runs")


# -- what is said of a source ---------------------------------------------------------------------------


@dataclass(slots=True)
class Finding:
    """What was found of one source: whether a derivative reaches the target, and the lines that say why."""

    connected: bool
    ways: list[list[Line]]
    zero: bool = False  # a way leads over jumps: the gradient is zero, not absent
    last: Var | None = None  # where no line is at fault: the last value that depends on the source


def find_reasons(
    body: Block, sources: Sequence[Var], overwritten: Sequence[Overwritten] = (), most: int = 3
) -> Finding:
    """Find why the first result has, or has not, a gradient with respect to a source that is these values."""
    g = make_graph(body)
    results = [v for v in body.results[:1] if isinstance(v, Var)]
    for source in sources:
        opened = g.ways(source)
        for r in results:
            if r in opened:
                return Finding(True, [_lines(_way(opened, r))])
    wanted = g.reaching(results)
    ways = _closed(g, sources, results, wanted, most)
    ways += _overwritten(g, sources, wanted, overwritten, most - len(ways))
    if ways:
        zero = any(r in g.ways(source, jumps=True) for source in sources for r in results)
        return Finding(False, ways, zero)
    for source in sources:
        everything = g.ways(source, closed=True)
        last = list(everything)[-1]
        named = [v for v in everything if v.name]
        return Finding(False, [_lines(_way(everything, last))], last=named[-1] if named else source)
    return Finding(False, [])


def _closed(g: Graph, sources: Sequence[Var], results: Sequence[Var], wanted: set[Var], most: int) -> list[list[Line]]:
    """Return the ways to the target that no derivative passes, each by its first such place."""
    closed: dict[tuple[int, str], tuple[Var, Edge]] = {}
    for source in sources:
        for v in g.ways(source):
            for e in g.after.get(v, ()):
                if e.reason and e.end in wanted:
                    line = e.origin.line if e.origin is not None else 0
                    closed.setdefault((line, e.reason), (source, e))
    ways = []
    for source, e in list(closed.values())[:most]:
        onward = g.ways(e.end, closed=True)
        rest = next((_way(onward, r) for r in results if r in onward), [])
        ways.append(_lines([*_way(g.ways(source), e.start), e, *rest]))
    return ways


def _overwritten(
    g: Graph, sources: Sequence[Var], wanted: set[Var], overwritten: Sequence[Overwritten], most: int
) -> list[list[Line]]:
    """Return the ways to places that hold something else later, which does not depend on the source."""
    found: dict[Origin, list[Line]] = {}
    for source in sources:
        opened = g.ways(source)
        everything = g.ways(source, closed=True)
        for o in overwritten:
            lost = [v for v in o.before - o.after if v in opened and v not in wanted]
            if lost and not any(v in everything for v in o.after):
                way = _lines(_way(opened, lost[0]))
                found.setdefault(o.origin, [*way, (o.origin, f"{o.what}, and what it was is not used again")])
    return list(found.values())[:most]


def _way(found: dict[Var, Edge | None], end: Var) -> list[Edge]:
    """Return the edges that lead to a value."""
    way: list[Edge] = []
    e = found.get(end)
    while e is not None:
        way.append(e)
        e = found[e.start]
    return way[::-1]


def _lines(way: Sequence[Edge]) -> list[Line]:
    """Return the lines of a way; of the closed edges the first one ends the dependence."""
    lines: list[Line] = []
    ended = False
    for e in way:
        if e.origin is None:
            continue
        note = e.reason if not ended else ""
        ended = ended or bool(e.reason)
        if lines and lines[-1][0] is e.origin:
            lines[-1] = (e.origin, lines[-1][1] or note)
        else:
            lines.append((e.origin, note))
    return lines
