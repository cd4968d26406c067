"""The command line: `adgen dump`, `check`, `explain`, `rules`, `cache`.

Source goes to stdout, diagnostics to stderr. Exit status: 0; 1 where something can't be differentiated, is wrong or
is stale; 2 where the command line makes no sense.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

STAGES = ("ir", "typed", "adjoint", "simplified", "source")
_OK, _FAILED, _USAGE = 0, 1, 2


class CommandError(Exception):
    """The command line makes no sense."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return the exit status."""
    parser = _make_parser()
    try:
        options = parser.parse_args(argv)
    except SystemExit as e:
        return e.code if isinstance(e.code, int) else _USAGE
    if options.run is None:
        parser.print_help(sys.stderr)
        return _USAGE
    from adgen.errors import AdgenError, UsageError

    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except (CommandError, UsageError) as e:
        _complain(str(e))
        return _USAGE
    except AdgenError as e:
        _complain(f"{type(e).__name__}: {e}")
        return _FAILED
    except BrokenPipeError:
        # What reads our output has seen enough; the interpreter must not complain about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OK
    return status


def _make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("adgen", description="A gradient compiler for ordinary Python and NumPy code.")
    from adgen.version import __version__

    parser.add_argument("--version", action="version", version=f"adgen {__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    target = argparse.ArgumentParser(add_help=False)
    target.add_argument("target", metavar="MODULE_OR_FILE:FUNCTION", help="as package.module:f or path/file.py:f")
    target.add_argument(
        "--wrt",
        help="parameters by name or position, parts of them, local variables, tags: w,self.b,0 (default: the first)",
    )
    target.add_argument("--of", metavar="NAMES", help="local variables or tags to differentiate instead of the result")
    target.add_argument("--stop", metavar="NAMES", help="values to hold constant, by name")
    target.add_argument("--sig", metavar="TYPES", help="types of the parameters: 'float64[:,:], float64', 'lr=float'")
    target.add_argument("--example", metavar="VALUES", help="example arguments: 'np.ones((3, 4)), 2.0', 'lr=0.1'")

    dump = commands.add_parser("dump", parents=[target], help="print the source of a derivative")
    dump.add_argument("--unconnected", choices=("none", "zero"), default="none", help="what stands for no gradient")
    dump.add_argument("--mode", choices=("reverse", "forward"), default="reverse")
    dump.add_argument("--stage", choices=STAGES, default="source", help="print what the compiler has at this stage")
    dump.add_argument("--standalone", action="store_true", help="write a module that needs only NumPy")
    dump.add_argument("-o", "--output", metavar="FILE", help="write to a file")
    dump.add_argument("--check", metavar="FILE", help="exit with 1 if this file holds anything else")
    dump.set_defaults(run=_dump)

    check = commands.add_parser("check", parents=[target], help="compare derivatives with finite differences")
    check.add_argument("--order", type=int, choices=(1, 2), default=1)
    check.add_argument("--modes", default="rev,fwd", help="rev, fwd or both (default)")
    check.add_argument("--seed", type=int, default=0, help="for random arguments and directions")
    check.set_defaults(run=_check)

    why = commands.add_parser("explain", parents=[target], help="say why a gradient is None or zero")
    why.set_defaults(run=_explain)

    rules = commands.add_parser("rules", help="list the functions whose derivatives are known")
    rules.add_argument("pattern", nargs="?", default="*", help="as in a shell: 'np.linalg.*'")
    rules.set_defaults(run=_rules)

    cache = commands.add_parser("cache", help="look at the cache of compiled source")
    actions = cache.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("info", help="where it is and how large")
    actions.add_parser("list", help="its entries")
    show = actions.add_parser("show", help="print an entry")
    show.add_argument("entry", help="its name as `cache list` prints it, or the beginning of it")
    actions.add_parser("clear", help="remove all entries")
    cache.set_defaults(run=_cache)
    return parser


def _complain(text: str) -> None:
    print(f"adgen: {text}", file=sys.stderr)


def _find(target: str) -> Any:
    """Return the function that a target names."""
    place, colon, name = target.rpartition(":")
    if not colon or not place or not name:
        raise CommandError(f"{target!r} is not MODULE_OR_FILE:FUNCTION")
    try:
        module = _import(place)
    except CommandError:
        raise
    except Exception as e:
        raise CommandError(f"cannot import {place}: {type(e).__name__}: {e}") from e
    value: Any = module
    for part in name.split("."):
        try:
            value = getattr(value, part)
        except AttributeError:
            raise CommandError(f"{place} has no {name}") from None
    return value


def _import(place: str) -> Any:
    if not place.endswith(".py") and os.sep not in place:
        sys.path.insert(0, os.getcwd())
        return importlib.import_module(place)
    path = os.path.abspath(place)
    if not os.path.isfile(path):
        raise CommandError(f"there is no file {place}")
    sys.path.insert(0, os.path.dirname(path))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CommandError(f"{place} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _split(text: str | None) -> tuple[str, ...]:
    """Split names at the commas that stand in no brackets or quotes."""
    parts, depth, quote = [""], 0, ""
    for c in text or "":
        if quote:
            quote = "" if c == quote else quote
        elif c in "'\"":
            quote = c
        else:
            depth += (c in "[(") - (c in "])")
        if c == "," and not depth and not quote:
            parts.append("")
        else:
            parts[-1] += c
    return tuple(p.strip() for p in parts if p.strip())


def _engine(options: argparse.Namespace, mode: Any = "grad", unconnected: str = "none") -> Any:
    """Return what finds or makes the derivative that the options ask for."""
    from adgen.api.custom import Custom
    from adgen.api.engine import Engine
    from adgen.api.grad import Gradient, check_function, make_options, unwrap
    from adgen.api.resolve import resolve_names, resolve_wrt

    fn: Any = _find(options.target)
    given: tuple[str, ...] | None = None
    scalar = True
    asked = make_options(_split(options.of) or None, _split(options.stop), unconnected)
    if isinstance(fn, Gradient):
        found: Gradient[..., Any] = fn
        fn, given, scalar = found.primal, found.wrt, found._engine.scalar_wrt
        before = found._engine.options
        asked = replace(asked, of=asked.of or before.of, inner=before.inner)
        stops = (*before.stop_gradients, *asked.stop_gradients)
        asked = replace(asked, stop_gradients=tuple(dict.fromkeys(stops)))
        if unconnected == "none":
            asked = replace(asked, unconnected=before.unconnected)
    if isinstance(fn, Custom):
        fn = fn.caller
    fn, asked = unwrap(fn, asked)
    check_function(fn)
    if options.wrt is not None:
        parts = [int(w) if w.lstrip("-").isdigit() else w for w in _split(options.wrt)]
        given, scalar = resolve_wrt(fn, tuple(parts)), len(parts) == 1
    resolve_names(fn, "of", asked.of)
    resolve_names(fn, "stop_gradients", asked.stop_gradients)
    return Engine(fn, mode, given or resolve_wrt(fn, 0), scalar, asked)


def _arguments(engine: Any, options: argparse.Namespace) -> list[tuple[Any, Any]] | None:
    """Return keys and values from `--sig` or `--example`, or None."""
    from adgen.api.engine import MISSING
    from adgen.api.parse_types import TypeTextError, parse_types
    from adgen.api.signature import key_of

    if options.example is not None:
        values = _evaluate(engine, options.example)
        return [(key_of(v), v) for v in values]
    if options.sig is None:
        return None
    try:
        given, named = parse_types(options.sig)
    except TypeTextError as e:
        raise CommandError(f"--sig: {e}") from None
    from adgen.api.assume import defaults_of

    defaults = defaults_of(engine.fn)
    found = dict(zip(engine.names, given, strict=False)) | named
    unknown = [n for n in named if n not in engine.names]
    if unknown or len(given) > len(engine.names):
        raise CommandError(f"--sig: {engine.fn.__name__} has the parameters {', '.join(engine.names)}")
    missing = [n for n in engine.names if n not in found and n not in defaults]
    if missing:
        raise CommandError(f"--sig: the type of {', '.join(missing)} is missing")
    known = {n: (key_of(v), v) for n, v in defaults.items()}
    for n, key in found.items():
        if n not in known or known[n][0] != key:
            known[n] = (key, MISSING)
    return [known[n] for n in engine.names]


def _evaluate(engine: Any, text: str) -> tuple[Any, ...]:
    """Evaluate the example, which the user typed, with the module's own names."""
    space = {**engine.fn.__globals__, "np": np}
    try:
        args, kwargs = eval(f"(lambda *a, **k: (a, k))({text})", space)
    except Exception as e:
        raise CommandError(f"--example: {type(e).__name__}: {e}") from None
    try:
        values: tuple[Any, ...] = engine.bind(*args, **kwargs)
    except TypeError as e:
        raise CommandError(f"--example: {e}") from None
    return values


def _dump(options: argparse.Namespace) -> int:
    from adgen.api.assume import load_assumed, try_assumed
    from adgen.api.standalone import write_dump, write_standalone

    engine = _engine(options, "grad" if options.mode == "reverse" else "jvp", options.unconnected)
    arguments = _arguments(engine, options)
    if options.stage != "source":
        if arguments is None:
            _, text = try_assumed(engine, lambda given: engine.stage(given, options.stage))
        else:
            text = engine.stage(arguments, options.stage)
        return _write(text.rstrip() + "\n", options, is_python=False)
    note = ""
    if arguments is None:
        assumed, loaded = load_assumed(engine)
        note = assumed.comment()
    else:
        loaded = engine.load(arguments)
    if options.standalone:
        return _write(write_standalone(engine, loaded, note), options)
    return _write(note + write_dump(loaded), options)


def _write(text: str, options: argparse.Namespace, is_python: bool = True) -> int:
    if options.check is not None:
        return _compare(text, options.check)
    if options.output is not None:
        try:
            with open(options.output, "w", encoding="utf-8", newline="\n") as f:
                f.write(text)
        except OSError as e:
            raise CommandError(f"cannot write {options.output}: {e.strerror}") from None
        return _OK
    sys.stdout.write(_colour(text) if is_python else text)
    return _OK


def _compare(text: str, path: str) -> int:
    try:
        with open(path, encoding="utf-8") as f:
            present = f.read()
    except OSError as e:
        _complain(f"cannot read {path}: {e.strerror}")
        return _FAILED
    if present == text:
        return _OK
    import difflib

    _complain(f"{path} is stale")
    lines = difflib.unified_diff(present.splitlines(True), text.splitlines(True), path, "now")
    sys.stderr.writelines(lines)
    return _FAILED


def _colour(text: str) -> str:
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    try:
        from pygments import highlight
        from pygments.formatters import TerminalFormatter
        from pygments.lexers import PythonLexer
    except ImportError:
        return text
    return str(highlight(text, PythonLexer(), TerminalFormatter()))


def _check(options: argparse.Namespace) -> int:
    from adgen.api.assume import assume
    from adgen.api.check import check_grads
    from adgen.api.engine import MISSING
    from adgen.api.examples import make_examples
    from adgen.api.paths import root_of
    from adgen.errors import AdgenError

    engine = _engine(options)
    fn, wrt = engine.fn, engine.wrt
    if engine.options.stop_gradients or any(root_of(n) not in engine.names for n in wrt):
        raise CommandError("check compares derivatives by parameters: a stop or a local source has no differences")
    modes: Any = tuple(m.strip() for m in options.modes.split(","))
    given = _arguments(engine, options)
    tries = [given] if given is not None else [a.arguments for a in assume(fn, wrt)]
    rng = np.random.default_rng(options.seed)
    for i, arguments in enumerate(tries):
        values = [v if v is not MISSING else None for _, v in arguments]
        if options.example is None:
            values = make_examples([k for k, _ in arguments], [v for _, v in arguments], rng)
        try:
            check_grads(fn, tuple(values), modes, options.order, of=engine.options.of or None, seed=options.seed)
        except AdgenError as e:
            if i + 1 == len(tries) or e.code == "ADG107":
                raise
        else:
            break
    print(f"{options.target}: the derivatives agree with differences")
    return _OK


def _explain(options: argparse.Namespace) -> int:
    from adgen.api.explain import explain_engine

    engine = _engine(options)
    print(explain_engine(engine, _arguments(engine, options)))
    return _OK


def _rules(options: argparse.Namespace) -> int:
    from fnmatch import fnmatchcase

    from adgen.api.custom import load_registry

    pattern = options.pattern if any(c in options.pattern for c in "*?[") else f"*{options.pattern}*"
    rows = sorted((r for r in load_registry().rows() if fnmatchcase(r.name, pattern)), key=lambda r: r.name)
    width = max((len(r.name) for r in rows), default=0)
    for r in rows:
        wrt = f"with respect to {', '.join(r.diff)}" if r.diff else ""
        print(f"{r.name:<{width}}  {r.kind:<12}{wrt}".rstrip())
    if not rows:
        _complain(f"no rule matches {options.pattern!r}")
        return _FAILED
    return _OK


def _cache(options: argparse.Namespace) -> int:
    from adgen.api.cached import cache_info
    from adgen.cache import disk

    if options.action == "info":
        info = cache_info()
        state = "on" if info.enabled else "off (ADGEN_CACHE)"
        print(f"folder  {info.folder}\nstate   {state}\nfiles   {info.files}\nbytes   {info.bytes}")
    elif options.action == "clear":
        print(f"removed {disk.clear()} files")
    elif options.action == "list":
        for path in disk.entries():
            facts = _facts(path)
            name = os.path.basename(path)[:-31]
            print(f"{name}  {facts.get('function', '')}  {facts.get('call', '')}  {facts.get('signature', '')}")
    else:
        found = [p for p in disk.entries() if os.path.basename(p).startswith(options.entry)]
        if not found:
            _complain(f"no entry begins with {options.entry!r}")
            return _FAILED
        for path in found:
            with open(path, encoding="utf-8") as f:
                sys.stdout.write(_colour(f.read()))
    return _OK


def _facts(path: str) -> dict[str, str]:
    try:
        with open(path, encoding="utf-8") as f:
            head = f.read().partition("\n\n")[0]
    except (OSError, UnicodeDecodeError):
        return {}
    return dict(line[2:].split(": ", 1) for line in head.splitlines() if line.startswith("# ") and ": " in line)
