"""Products of slopes that would be 0 times infinity, where the function that they are of has a limit.

An exponential that overflows has an infinite slope, and `1 / (1 + np.exp(x))` or `np.tanh(np.exp(x))` a finite value:
what levels off there has the slope 0, and falls faster than the exponential grows. So the exponential's slope is the
largest number there instead of infinity. (That of a quotient at 0 stays infinite.) The other way round, where the slope
of `np.sqrt` or `np.arccos` is infinite, what does not reach the function (the smaller operand of a `np.maximum`, an
exponential that is 0) gets 0.

It is asked for only where one of these functions goes into the other through elementwise ones. What has no limit
(`np.log`) is left as it is: its slope times an infinite one need not be 0.
"""

from __future__ import annotations

from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Let, Operand, Var, walk
from adgen.ir.types import Array, Bool, Scalar
from adgen.optimise.algebra import finite, weak

LEVELS, END, ZERO = 1, 2, 4
"""It has a limit at infinity; its slope is infinite where it is finite; and that is at 0, where it is 0."""

_EXPONENTIALS = frozenset(("np.exp", "np.exp2", "np.expm1", "np.sinh", "np.cosh"))
_VANISHING = frozenset(("np.exp", "np.exp2"))
_POWERS = frozenset(("pow", "np.power", "np.float_power"))
_DIVISIONS = frozenset(("truediv", "np.divide"))
_EXTREMA = frozenset(("np.maximum", "np.minimum", "np.fmax", "np.fmin"))
_PRODUCTS = frozenset(("mul", "np.multiply"))
_ENDS = {"np.arcsin": END, "np.arccos": END, "np.sqrt": END | ZERO, "np.cbrt": END | ZERO}
_LIMITS = {
    **dict.fromkeys(("np.tanh", "np.exp", "np.exp2", "np.expm1"), LEVELS),
    **dict.fromkeys((f"scipy.special.{name}" for name in ("erf", "erfc", "expit", "ndtr")), LEVELS),
    **dict.fromkeys(("np.arctan", "np.reciprocal"), LEVELS),
    **_ENDS,
}
_SUMS = frozenset(("add", "sub", "np.add", "np.subtract"))
_THROUGH = _SUMS | _PRODUCTS | {"neg", "np.negative", "np.square"}
_DEEP = 6  # how far an operand is followed


class Limits:
    """What is known of the cotangents of values, found from the end of a program to its beginning."""

    def __init__(self, b: Builder, body: Block | None = None) -> None:
        self.b = b
        self._of: dict[Var, int] = {}
        self._body = body

    def note(self, s: Let) -> None:
        """See an elementwise statement; those that read its result have been seen."""
        found = self._of.get(s.out, 0)
        own = _LIMITS.get(s.op.name, 0)
        for k, a in enumerate(s.args):
            if isinstance(a, Var):
                bits = found | (own or self._own(s, k))
                if s.op.name in _SUMS:
                    bits &= ~ZERO
                if bits:
                    self._of[a] = self._of.get(a, 0) | bits

    def _own(self, s: Let, k: int) -> int:
        name = s.op.name
        if name in _DIVISIONS:
            return LEVELS if k == 1 and not self.grows(s.args[0]) else 0
        if name in _POWERS:
            if k == 1:
                return LEVELS
            exponent = weak(s.args[1])
            if exponent is not None and exponent < 0:
                return LEVELS
            return END | ZERO if exponent is not None and 0 < exponent < 1 else 0
        return 0

    def of(self, s: Let) -> int:
        """Return what is known of the cotangent of a statement's result."""
        if self._body is not None:  # forward mode meets a statement before those that read its result
            body, self._body = self._body, None
            for other in reversed(list(walk(body))):
                if isinstance(other, Let) and other.op.partials:
                    self.note(other)
        return self._of.get(s.out, 0)

    def grows(self, v: Operand, deep: int = _DEEP) -> bool:
        """Say whether a value is an exponential, or made of one by sums and products."""
        s = self._made(v)
        if s is None or not deep:
            return False
        name = s.op.name
        if name in _EXPONENTIALS or (name in _POWERS and weak(s.args[1]) is None):
            return True
        if name in _DIVISIONS or name in _POWERS:
            return self.grows(s.args[0], deep - 1) and (name in _DIVISIONS or (weak(s.args[1]) or 0.0) > 0.0)
        return name in _THROUGH and any(self.grows(a, deep - 1) for a in s.args)

    def cut(self, v: Operand, own: int, deep: int = _DEEP) -> bool:
        """Say whether a value is made by sums and products of an extremum, or of what is 0 as an exponential is."""
        s = self._made(v)
        if s is None or not deep:
            return False
        name = s.op.name
        if name in _EXTREMA or name == "np.clip" or (own & ZERO and name in _VANISHING):
            return True
        if name in _PRODUCTS and any(map(_is_bool, s.args)):
            return True
        own &= ~ZERO if name in _SUMS else ~0
        return name in _THROUGH and any(self.cut(a, own, deep - 1) for a in s.args)

    def _made(self, v: Operand) -> Let | None:
        s = self.b.defs.get(v) if isinstance(v, Var) else None
        return s if isinstance(s, Let) and not s.kws else None

    def product(self, s: Let, k: int, g: Operand, slope: Operand) -> Operand:
        """Return a cotangent times a slope of a statement's function by its operand k."""
        b, bits = self.b, self.of(s)
        if bits & LEVELS and self._soars(s, k):
            slope = finite(b, slope, s.op.name == "np.cosh" or s.op.name not in _EXPONENTIALS) or slope
        vanishes = bool(bits & ZERO) and s.op.name in _VANISHING
        if vanishes or (bits & END and (s.op.name in _EXTREMA or (s.op.name in _PRODUCTS and _is_bool(s.args[1 - k])))):
            g = self._where(slope, g)
            return g if _is_bool(slope) else b.call("mul", g, slope)
        return b.call("mul", g, slope)

    def _soars(self, s: Let, k: int) -> bool:
        """Say whether the slope of a statement's function may be infinite."""
        name = s.op.name
        if name in _EXPONENTIALS or (name in _POWERS and k == 1):
            return True
        if name in _PRODUCTS:
            return self.grows(s.args[1 - k])
        return name in _POWERS and (weak(s.args[1]) or 0.0) > 1.0 and self.grows(s.args[0])

    def _where(self, mask: Operand, g: Operand) -> Operand:
        """Return g where a slope is not 0: times an infinite one, 0 is 0."""
        b = self.b
        if not _is_bool(mask):
            mask = b.call("ne", mask, b.const(0.0))
        return b.call("np.where", mask, g, b.const(0.0))

    def pushed(self, s: Let, k: int, t: Operand, slope: Operand) -> Operand:
        """Return the tangent of operand k times the slope by it."""
        own = _LIMITS.get(s.op.name, 0) or self._own(s, k)
        if own & LEVELS and self.grows(s.args[k]):
            t = finite(self.b, t, True) or t
        if own & END and self.cut(s.args[k], own):
            slope = self._where(t, slope)
        return self.product(s, k, t, slope)


def _is_bool(v: Operand) -> bool:
    t = v.type
    return isinstance(t, Bool) or (isinstance(t, (Array, Scalar)) and t.dtype == "bool")
