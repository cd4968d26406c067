"""`explain`: why a gradient is None, zero or neither, in the user's lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from adgen.api.engine import Engine, describe_options
from adgen.api.grad import Gradient, check_function, make_options, unwrap
from adgen.api.request import Options
from adgen.api.resolve import Names, Wrt, find_receiver, resolve_names, resolve_wrt
from adgen.api.signature import Key, key_of

if TYPE_CHECKING:
    from adgen.frontend.tree import Function
    from adgen.infer.program import Program
    from adgen.ir.nodes import Origin
    from adgen.transform.explain import Finding, Line


def explain(
    fn: Callable[..., Any],
    /,
    *args: Any,
    wrt: Wrt | None = None,
    of: Names | None = None,
    stop_gradients: Names = (),
    **kwargs: Any,
) -> str:
    """Say why the gradient of a function is None or zero: the lines from source to target, and where it ends.

    With arguments it is said for their types, else for those that annotations, defaults and use suggest. `wrt`, `of`
    and `stop_gradients` are those of `grad`; for a function that `grad` made, its own. Errors as for `grad`.

    >>> import adgen, numpy as np
    >>> def f(x):
    ...     n = np.round(x)
    ...     return 2.0 * n
    >>> print(adgen.explain(f, 1.5))
    f, wrt x: zero for x
      line 2: n = np.round(x)   <- ends here: np.round is constant between its jumps, so its derivative is zero
      line 3: return 2.0 * n
    """
    options = make_options(of, stop_gradients, "none")
    if isinstance(fn, Gradient) and wrt is None:
        before = fn._engine.options
        options = replace(
            options,
            of=options.of or before.of,
            inner=before.inner,
            stop_gradients=tuple(dict.fromkeys((*before.stop_gradients, *options.stop_gradients))),
        )
        df: Gradient[..., Any] = fn
        args = args if df.receiver is None or not args else (df.receiver, *args)
        fn, wrt = df.primal, df.wrt
    wrt = 0 if wrt is None else wrt
    fn, receiver = find_receiver(fn, wrt)
    if receiver is not None:
        args = (receiver, *args)
    fn, options = unwrap(fn, options)
    check_function(fn)
    names = resolve_wrt(fn, wrt, int(receiver is not None))
    resolve_names(fn, "of", options.of)
    resolve_names(fn, "stop_gradients", options.stop_gradients)
    engine = Engine(fn, "grad", names, False, options)
    arguments = [(key_of(v), v) for v in engine.bind(*args, **kwargs)] if args or kwargs else None
    return explain_engine(engine, arguments)


def explain_engine(engine: Engine, arguments: list[tuple[Key, Any]] | None) -> str:
    """Write the explanation for a signature, or for the assumed one."""
    from adgen.api.assume import try_assumed
    from adgen.errors import TypeMismatchError

    try:
        if arguments is not None:
            return _explain(engine, arguments)
        assumed, text = try_assumed(engine, lambda given: _explain(engine, given))
        return assumed.comment() + text
    except TypeMismatchError as e:
        return f"{engine.fn.__name__}, {_what(engine.options, engine.wrt)}: no gradient\n{e}"


def _what(options: Options, names: tuple[str, ...]) -> str:
    return describe_options(names, options)


def _explain(engine: Engine, arguments: list[tuple[Key, Any]]) -> str:
    from adgen.frontend.lower import lower
    from adgen.ir.source import leaves
    from adgen.transform.explain import find_reasons

    program = engine.program(arguments)
    tree = lower(getattr(engine.fn, "__adgen_calls__", engine.fn))
    blocks = []
    for name in engine.wrt:
        finding = find_reasons(program.func.body, leaves(program.source(name)), program.overwritten)
        blocks.append(_write(engine, name, finding, tree, program))
    return "\n".join(blocks)


def _write(engine: Engine, name: str, f: Finding, tree: Function, program: Program) -> str:
    head = f"{engine.fn.__name__}, {_what(engine.options, (name,))}: "
    head += f"the gradient reaches {name}" if f.connected else f"{'zero' if f.zero else None} for {name}"
    lines = [head]
    for k, way in enumerate(f.ways):
        if k:
            lines.append("  and")
        lines += _table(_with_return(way, tree, f))
    if f.last is not None and not any(note for way in f.ways for _, note in way):
        lines.append(_end(name, f, program))
    return "\n".join(lines)


def _table(way: list[Line]) -> list[str]:
    shown = [(f"  line {o.line}: {o.text}" + _where(o, way), note) for o, note in way]
    return [f"{text}   <- ends here: {note}" if note else text for text, note in shown]


def _where(o: Origin, way: list[Line]) -> str:
    return f"   (in {o.function})" if len({x.function for x, _ in way}) > 1 else ""


def _with_return(way: list[Line], tree: Function, f: Finding) -> list[Line]:
    """Add the line that returns the target, where the target is a name."""
    last = tree.body[-1].origin if tree.body else None
    if f.last is not None or last is None or any(o.line == last.line for o, _ in way):
        return way
    return [*way, (last, "")] if last.text.startswith("return") else way


def _end(name: str, f: Finding, program: Program) -> str:
    """Say what became of the last value that depends on a source."""
    assert f.last is not None
    if f.last is program.params.get(name) and not f.ways[0]:
        return f"  '{name}' is not used"
    return f"  '{f.last.name or name}' is not used for the target"
