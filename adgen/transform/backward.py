"""What the parts of reverse mode share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from adgen.errors import NoGradientError
from adgen.ir.build import Builder
from adgen.ir.nodes import Block, Const, Let, Operand, Var
from adgen.ir.types import Array, dims_of
from adgen.transform.activity import Varied
from adgen.transform.cotangents import Cot, Cotangents, Masked
from adgen.transform.limits import Limits
from adgen.transform.rules import RuleRunner
from adgen.transform.saves import Saves
from adgen.transform.users import without_rule_note

OneSided = dict[Var, set[tuple[Operand, int]]]


def name_of_call(s: Let) -> str:
    """Return how a statement's operation is called by the user."""
    fn = s.args[0] if s.op.name in ("opaque", "call", "run") and s.args else None
    return f"{getattr(fn.value, '__name__', 'a call')}()" if isinstance(fn, Const) else s.op.name


class Backward(ABC):
    """One differentiation: what it emits through, and what it knows of the primal."""

    def __init__(self, b: Builder, varied: Varied, rules: RuleRunner, absent: OneSided) -> None:
        self.b = b
        self.varied = varied
        self.rules = rules
        self.absent = absent  # values that a side of a branch does not make
        self.buffers: set[Var] = set()  # versions of arrays that loops write
        self.stable: dict[Let, Var] = {}  # loads that a later version answers as well
        self.dear: set[Var] = set()  # the buffers of the loops around the present one
        self.loops = 0  # how many there are
        self.saves = Saves()
        self.limits = Limits(b)
        self.calls_again = False  # the primal is not to be changed: what a call saves is had by another call

    @abstractmethod
    def block(self, block: Block, cots: Cotangents) -> None:
        """Emit the backward statements of a block into the open region."""

    @abstractmethod
    def let(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """Emit the backward statements of one statement."""

    @abstractmethod
    def by_rules(self, s: Let, c: Cot, cots: Cotangents) -> None:
        """Differentiate a statement by its primitive's rules."""

    @abstractmethod
    def as_shaped(self, c: Cot, out: Var, a: Operand) -> Cot:
        """See a cotangent of `out` as one of `a`, which has the same shape."""

    def no_rule(self, s: Let) -> Any:
        noted = without_rule_note(s)
        if noted is not None:
            raise noted
        raise NoGradientError(
            what=f"{name_of_call(s)} has no derivative rule",
            why="its result depends on a value that is differentiated",
            instead="write it with NumPy functions that have one, register one with adgen.register_vjp, "
            "or wrap it in adgen.stop_gradient",
            origin=s.origin,
        )

    def masked(self, c: Cot, part: Operand, out: Var, a: Operand, cots: Cotangents) -> Cot:
        """Return a contribution under the mask of the cotangent that it comes from.

        Where axes of the mask will be summed it is applied first: what it leaves out must not be counted.
        """
        if not isinstance(c, Masked):
            return self.widen(part, out, a, c)
        if cots.fits(c.mask.type, a.type):  # the mask is the same all along an axis that is summed
            return Masked(c.mask, self.widen(part, out, a, c.value), c.other)
        return self.widen(cots.settle(Masked(c.mask, part, c.other)), out, a, c.value)

    def widen(self, part: Operand, out: Var, a: Operand, g: Cot) -> Operand:
        """Give a narrow contribution the axes of the result that its argument does not have: they are summed."""
        t = out.type
        if not isinstance(t, Array) or not Cotangents.is_narrow(part, t) or dims_of(a.type) == t.dims:
            return part
        if isinstance(g, Var) and dims_of(g.type) == t.dims:  # times what broadcasts to the result it is whole as well
            return part
        if not dims_of(part.type) and not dims_of(a.type):
            return self.b.call("mul", self.b.call("size", out), part)
        if Cotangents.covers(a.type, t):
            return part
        return self.b.call("np.full_like", out, part)
