"""Rules of users: how they are given their arguments, and what is asked of what they return."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from adgen.errors import NoGradientError, SourceError, TypeMismatchError, UnsupportedError
from adgen.frontend.lower import lower
from adgen.infer.values import Closure
from adgen.ir.build import Builder
from adgen.ir.nodes import Const, Let, Operand
from adgen.ir.types import Array, Complex, Float, Int, List, Opaque, Record, Scalar, Tuple, dims_of, is_complex
from adgen.rules.registry import Primitive
from adgen.rules.typing import bound_args
from adgen.transform.activity import Varied
from adgen.transform.rules import RuleRunner

PLAIN = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def arguments(s: Let, rule: Any) -> tuple[list[tuple[str, Operand]], dict[str, Operand]]:
    """Return a call's arguments as its rule takes them: (parameter, operand) by position, and those by keyword."""
    bound = bound_args(s.op, s.args, s.kws)
    if s.op.note == "through":
        bound = dict(list(bound.items())[2:])
    given: list[tuple[str, Operand]] = []
    for p, a in bound.items():
        if p not in s.op.keyword:
            given += [(p, i) for i in a] if isinstance(a, tuple) else [(p, a)]
    takes, named = _parameters(rule)
    by_keyword = {p: bound[p] for p in s.op.keyword if p in named}
    return (given if takes is None else given[: max(takes - 2, 0)]), by_keyword


def refuse_dropped(s: Let, rule: Any, active: Varied) -> None:
    """Refuse an active argument that a rule says nothing of: one by keyword alone, or one that it does not take."""
    count = len(arguments(s, rule)[0])
    bound = list(bound_args(s.op, s.args, s.kws).items())[2 if s.op.note == "through" else 0 :]
    for p, a in bound:
        parts = a if isinstance(a, tuple) else (a,)
        taken = 0 if p in s.op.keyword else min(count, len(parts))
        count -= taken
        if p in s.op.diff and any(i in active for i in parts[taken:]):
            how = "is passed by keyword alone" if p in s.op.keyword else "is none of the arguments that the rule takes"
            raise NoGradientError(
                what=f"the rule '{rule_name(rule)}' of {s.op.name} gives no gradient of '{p}', which {how}",
                why="the result depends on it, and a rule returns one gradient for each positional argument",
                instead=f"pass it by position to a rule that takes it, or say nondiff={p!r}",
                origin=s.origin,
            )


def _parameters(rule: Any) -> tuple[int | None, set[str]]:
    """Return how many positional arguments a rule takes (None: any number), and its parameters' names."""
    if isinstance(rule, Closure):
        params = rule.function.params
        many = any(p.kind == "*" for p in params)
        return None if many else sum(p.kind in ("positional", "either") for p in params), {p.name for p in params}
    try:
        signature = inspect.signature(rule).parameters.values()
    except (TypeError, ValueError):
        return None, set()
    many = any(p.kind is p.VAR_POSITIONAL for p in signature)
    return None if many else sum(p.kind in PLAIN for p in signature), {p.name for p in signature}


def rule_name(rule: Any) -> str:
    return rule.function.name if isinstance(rule, Closure) else getattr(rule, "__name__", None) or repr(rule)


def run_rule(rules: RuleRunner, rule: Any, s: Let, args: Sequence[Operand], named: dict[str, Operand]) -> Any:
    """Inline a rule, or call one that has no source."""
    if not isinstance(rule, Closure):
        try:
            lower(rule)
        except (SourceError, AttributeError, TypeError):
            return _call(rules.b, rule, s, args, named)
    return rules.by_position(rule, *args, **named)


def _call(b: Builder, rule: Any, s: Let, args: Sequence[Operand], named: dict[str, Operand]) -> Any:
    """Emit a call of a rule without source; small values tell what it returns."""
    name = rule_name(rule)
    row = Primitive(
        f"{name}()", rule, (*named, "args"), dict.fromkeys(named, _GIVEN), kind="rule", variadic=True,
        keyword=frozenset(named), effect="opaque", user=True,
        note=f"'{name}' is a rule without source, so what it computes can't be differentiated again",
    )  # fmt: skip
    try:
        out = b.emit(row, (*args, *named.values()), tuple(named))
    except TypeError as error:
        raise UnsupportedError(
            what=f"the rule '{name}' of {s.op.name}, which has no source: {error}",
            why="it is called with small values to learn the types of what it returns",
            instead="write it in a file, so that its source is found",
            origin=s.origin,
        ) from error
    if isinstance(out.type, Tuple):
        return {k: b.call("item", out, b.const(k)) for k in range(len(out.type.items))}
    return out


_GIVEN = object()


def gradients(rules: RuleRunner, s: Let, g: Any, out: Any) -> list[tuple[Operand, Any]]:
    """Run the vjp rule of a call; return (argument, gradient) for each that has one."""
    rule = s.op.vjp["*"]
    given, named = arguments(s, rule)
    parts = run_rule(rules, rule, s, (g, out, *[a for _, a in given]), named)
    wanted = [a for p, a in given if p in s.op.diff]
    if not isinstance(parts, dict) or (len(wanted) == 1 and set(parts) != {0}):
        parts = {0: parts} if not isinstance(parts, dict) or isinstance(wanted[0].type, (Tuple, Record)) else parts
    if len(parts) != len(wanted) and len(parts) == len(given) and not s.op.user:
        wanted = [a for _, a in given]  # a rule for a function of a library may answer for all its arguments
    if len(parts) != len(wanted):
        raise UnsupportedError(
            what=f"the rule '{rule_name(rule)}' of {s.op.name} returns {len(parts)} gradients "
            f"for {len(wanted)} arguments",
            why="a rule returns a tuple with one gradient for each positional argument",
            instead="return None for an argument without a gradient",
            origin=s.origin,
        )
    found: list[tuple[Operand, Any]] = []
    for a, part in zip(wanted, parts.values()):
        if isinstance(a, Const) or (isinstance(part, Const) and part.value is None):
            continue
        found.append((a, _fitted(rules.b, s, rule, part, a)))
    return found


def _fitted(b: Builder, s: Let, rule: Any, part: Any, a: Operand) -> Any:
    """Check a gradient against its argument; where only the values tell, leave that to run time."""
    if isinstance(part, dict) or isinstance(a.type, (Tuple, Record, List)):
        return part
    t, name = part.type, rule_name(rule)
    zero = isinstance(part, Const) and isinstance(t, Int) and part.value == 0
    numeric = isinstance(t, (Float, Complex)) or (isinstance(t, (Array, Scalar)) and t.dtype[0] in "fc")
    real = not any(is_complex(v.type) for v in (s.out, *s.args))
    if not (zero or numeric or isinstance(t, Opaque)) or (real and is_complex(t)):
        raise TypeMismatchError(
            what=f"the rule '{name}' of {s.op.name} returns {t} as the gradient of {a.type}",
            why="a gradient is a floating-point number or array, complex only where the function is",
            instead="convert it: .astype(float), .real; return None for an argument without a gradient",
            origin=s.origin,
        )
    if is_complex(t) and not is_complex(a.type):
        part = b.call("np.real", part)
    if not isinstance(t, Opaque) and _proven(dims_of(part.type), dims_of(a.type)):
        return part
    return b.call("fit_gradient", part, a, s.out, b.const(name))


def _proven(c: Sequence[Any], a: Sequence[Any]) -> bool:
    """Say whether the types prove a gradient's shape: its argument's, or what broadcasting makes of that."""
    if len(c) <= len(a):
        return all(x in (y, 1) for x, y in zip(reversed(c), reversed(a)))
    return False


def without_rule_note(s: Let) -> NoGradientError | None:
    """Return the error for a call whose row says why it has no derivative."""
    if not s.op.note or s.op.note == "through":
        return None
    return NoGradientError(
        what=s.op.note,
        why="a derivative of the gradient that it gives was asked for",
        instead="write the rule in a file, so that its source is found",
        origin=s.origin,
    )


__all__ = ["arguments", "gradients", "rule_name", "run_rule", "without_rule_note"]
