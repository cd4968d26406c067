"""The classes of series in NumPy: `np.poly1d` and those of `np.polynomial`, by the functions that they are made of."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.polynomial import Chebyshev, Hermite, HermiteE, Laguerre, Legendre, Polynomial
from numpy.polynomial import chebyshev as ch
from numpy.polynomial import hermite as he
from numpy.polynomial import hermite_e as hee
from numpy.polynomial import laguerre as la
from numpy.polynomial import legendre as le
from numpy.polynomial import polynomial as po

from adgen.rules.axes import numbers
from adgen.rules.core import has_single
from adgen.rules.declare import formula, objects_of, static


@objects_of(np.poly1d)
class Poly1d:
    """A polynomial by its coefficients, the highest power first."""

    def __init__(self, c_or_r: Any, r: bool = False, variable: Any = None) -> None:
        self.c = np.poly(c_or_r) if r else np.atleast_1d(np.asarray(c_or_r))
        self.variable = "x" if variable is None else variable

    @property
    def coeffs(self) -> Any:
        return self.c

    @property
    def coef(self) -> Any:
        return self.c

    @property
    def coefficients(self) -> Any:
        return self.c

    @property
    def order(self) -> Any:
        return len(self.c) - 1

    @property
    def o(self) -> Any:
        return len(self.c) - 1

    @property
    def roots(self) -> Any:
        return np.roots(self.c)

    @property
    def r(self) -> Any:
        return np.roots(self.c)

    def __call__(self, val: Any) -> Any:
        return np.polyval(self.c, val)

    def __len__(self) -> Any:
        return len(self.c) - 1

    def __getitem__(self, val: int) -> Any:
        return self.c[len(self.c) - 1 - val]

    def __neg__(self) -> Any:
        return np.poly1d(-self.c)

    def __add__(self, other: Any) -> Any:
        return np.poly1d(np.polyadd(self.c, by_powers(other)))

    def __radd__(self, other: Any) -> Any:
        return np.poly1d(np.polyadd(self.c, by_powers(other)))

    def __sub__(self, other: Any) -> Any:
        return np.poly1d(np.polysub(self.c, by_powers(other)))

    def __rsub__(self, other: Any) -> Any:
        return np.poly1d(np.polysub(by_powers(other), self.c))

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, (np.poly1d, np.ndarray, list, tuple)):
            return np.poly1d(np.polymul(self.c, by_powers(other)))
        return np.poly1d(self.c * other)

    def __rmul__(self, other: Any) -> Any:
        if isinstance(other, (np.ndarray, list, tuple)):
            return np.poly1d(np.polymul(by_powers(other), self.c))
        return np.poly1d(other * self.c)

    def __truediv__(self, other: Any) -> Any:
        return np.poly1d(self.c / other)

    def __pow__(self, val: int) -> Any:
        out = np.poly1d([1])
        for _ in numbers(whole(val)):
            out = out * self
        return out

    def deriv(self, m: int = 1) -> Any:
        return np.poly1d(np.polyder(self.c, m=m))

    def integ(self, m: int = 1, k: Any = 0) -> Any:
        if m == 1:
            return np.poly1d(np.polyint(self.c, 1, k))
        return np.poly1d(np.polyint(self.c, m, None if k == 0 else k))


@static
def whole(n: Any) -> Any:
    if not isinstance(n, int) or n < 0:
        raise TypeError("a polynomial to a power that is not a whole number")
    return n


def by_powers(other: Any) -> Any:
    """Return the coefficients of what is added to a polynomial."""
    return other.c if isinstance(other, np.poly1d) else np.atleast_1d(np.asarray(other))


def scale_of(series: Any) -> tuple[Any, Any]:
    """Return the offset and the slope of the line from the domain to the window."""
    old: Any = series.domain
    new: Any = series.window
    length = old[1] - old[0]
    return (old[1] * new[0] - old[0] * new[1]) / length, (new[1] - new[0]) / length


class Series:
    """A series by its coefficients, the lowest first, in a variable that is mapped from its domain to its window."""

    val: Any
    sum: Any
    difference: Any
    derivative: Any
    integral: Any
    product: Any
    quotient: Any
    zeros: Any

    def __init__(self, coef: Any, domain: Any = None, window: Any = None, symbol: str = "x") -> None:
        self.coef = np.asarray(coef) * 1.0
        self.symbol = symbol
        self.mapped = domain is not None or window is not None
        self.domain = np.array(self.own_domain() if domain is None else domain) * 1.0
        self.window = np.array(self.own_domain() if window is None else window) * 1.0

    def own_domain(self) -> Any:
        return [-1.0, 1.0]

    def like(self, coef: Any) -> Any:
        if self.mapped:
            return type(self)(coef, self.domain, self.window)
        return type(self)(coef)

    def argument(self, x: Any) -> Any:
        if not self.mapped:
            x = np.asarray(x) if isinstance(x, (list, tuple)) else x
            return np.float64(1.0) * x if has_single(self.coef, x) else x  # as the map of the domain gives doubles
        offset, slope = scale_of(self)
        return offset + slope * np.asarray(x)

    def slope(self) -> Any:
        return scale_of(self)[1] if self.mapped else 1.0

    def __call__(self, arg: Any) -> Any:
        return self.val(self.argument(arg), self.coef)

    def __len__(self) -> Any:
        return len(self.coef)

    def degree(self) -> Any:
        return len(self.coef) - 1

    def __neg__(self) -> Any:
        return self.like(-self.coef)

    def __add__(self, other: Any) -> Any:
        return self.like(self.sum(self.coef, terms(other)))

    def __radd__(self, other: Any) -> Any:
        return self.like(self.sum(terms(other), self.coef))

    def __sub__(self, other: Any) -> Any:
        return self.like(self.difference(self.coef, terms(other)))

    def __rsub__(self, other: Any) -> Any:
        return self.like(self.difference(terms(other), self.coef))

    def __mul__(self, other: Any) -> Any:
        return self.like(
            self.product(self.coef, terms(other)) if is_series(other) else self.coef * np.atleast_1d(other)
        )

    def __rmul__(self, other: Any) -> Any:
        return self.like(
            self.product(terms(other), self.coef) if is_series(other) else np.atleast_1d(other) * self.coef
        )

    def __truediv__(self, other: Any) -> Any:
        return self.like(self.coef / factor(other))

    def __pow__(self, power: int) -> Any:
        out = self.coef[:1] * 0.0 + 1.0
        for _ in numbers(whole(power)):
            out = self.product(out, self.coef)
        return self.like(out)

    def deriv(self, m: int = 1) -> Any:
        return self.like(self.derivative(self.coef, m, self.slope()))

    def integ(self, m: int = 1, k: Any = [], lbnd: Any = None) -> Any:  # noqa: B006
        offset, slope = scale_of(self) if self.mapped else (0.0, 1.0)
        start = 0 if lbnd is None else offset + slope * lbnd
        return self.like(self.integral(self.coef, m, k, start, 1.0 / slope))

    def mapparms(self) -> Any:
        return scale_of(self)

    def linspace(self, n: int = 100, domain: Any = None) -> Any:
        ends = self.domain if domain is None else domain
        x = np.linspace(ends[0], ends[1], n)
        return x, self(x)

    def roots(self) -> Any:
        found = self.zeros(self.coef)
        if not self.mapped:
            return found
        offset, slope = scale_of(self)
        return (found - offset) / slope

    def __divmod__(self, other: Any) -> Any:
        q, r = self.quotient(self.coef, terms(other))
        return self.like(q), self.like(r)

    def __floordiv__(self, other: Any) -> Any:
        return self.like(self.quotient(self.coef, terms(other))[0])

    def __mod__(self, other: Any) -> Any:
        return self.like(self.quotient(self.coef, terms(other))[1])


def is_series(other: Any) -> bool:
    return hasattr(other, "coef") or isinstance(other, (np.ndarray, list, tuple))


def factor(number: Any) -> Any:
    """Return a number as NumPy multiplies a series by it: one of Python is of double precision."""
    return np.atleast_1d(number)


def terms(other: Any) -> Any:
    """Return the coefficients of what is added to a series."""
    return other.coef if hasattr(other, "coef") else np.atleast_1d(np.asarray(other)) * 1.0


@objects_of(Polynomial)
class PolynomialSeries(Series):
    def val(self, x: Any, c: Any) -> Any:
        return po.polyval(x, c)

    def sum(self, a: Any, b: Any) -> Any:
        return po.polyadd(a, b)

    def difference(self, a: Any, b: Any) -> Any:
        return po.polysub(a, b)

    def derivative(self, c: Any, m: int, scale: Any) -> Any:
        return po.polyder(c, m, scale)

    def integral(self, c: Any, m: int, k: Any, start: Any, scale: Any) -> Any:
        return po.polyint(c, m, k, start, scale)

    def product(self, a: Any, b: Any) -> Any:
        return po.polymul(a, b)

    def quotient(self, a: Any, b: Any) -> Any:
        return po.polydiv(a, b)

    def zeros(self, c: Any) -> Any:
        return po.polyroots(c)


@objects_of(Chebyshev)
class ChebyshevSeries(Series):
    def val(self, x: Any, c: Any) -> Any:
        return ch.chebval(x, c)

    def sum(self, a: Any, b: Any) -> Any:
        return ch.chebadd(a, b)

    def difference(self, a: Any, b: Any) -> Any:
        return ch.chebsub(a, b)

    def derivative(self, c: Any, m: int, scale: Any) -> Any:
        return ch.chebder(c, m, scale)

    def integral(self, c: Any, m: int, k: Any, start: Any, scale: Any) -> Any:
        return ch.chebint(c, m, k, start, scale)

    def product(self, a: Any, b: Any) -> Any:
        return ch.chebmul(a, b)

    def quotient(self, a: Any, b: Any) -> Any:
        return ch.chebdiv(a, b)

    def zeros(self, c: Any) -> Any:
        return ch.chebroots(c)


@objects_of(Legendre)
class LegendreSeries(Series):
    def val(self, x: Any, c: Any) -> Any:
        return le.legval(x, c)

    def sum(self, a: Any, b: Any) -> Any:
        return le.legadd(a, b)

    def difference(self, a: Any, b: Any) -> Any:
        return le.legsub(a, b)

    def derivative(self, c: Any, m: int, scale: Any) -> Any:
        return le.legder(c, m, scale)

    def integral(self, c: Any, m: int, k: Any, start: Any, scale: Any) -> Any:
        return le.legint(c, m, k, start, scale)

    def product(self, a: Any, b: Any) -> Any:
        return le.legmul(a, b)

    def quotient(self, a: Any, b: Any) -> Any:
        return le.legdiv(a, b)

    def zeros(self, c: Any) -> Any:
        return le.legroots(c)


@objects_of(Hermite)
class HermiteSeries(Series):
    def val(self, x: Any, c: Any) -> Any:
        return he.hermval(x, c)

    def sum(self, a: Any, b: Any) -> Any:
        return he.hermadd(a, b)

    def difference(self, a: Any, b: Any) -> Any:
        return he.hermsub(a, b)

    def derivative(self, c: Any, m: int, scale: Any) -> Any:
        return he.hermder(c, m, scale)

    def integral(self, c: Any, m: int, k: Any, start: Any, scale: Any) -> Any:
        return he.hermint(c, m, k, start, scale)

    def product(self, a: Any, b: Any) -> Any:
        return he.hermmul(a, b)

    def quotient(self, a: Any, b: Any) -> Any:
        return he.hermdiv(a, b)

    def zeros(self, c: Any) -> Any:
        return he.hermroots(c)


@objects_of(HermiteE)
class HermiteESeries(Series):
    def val(self, x: Any, c: Any) -> Any:
        return hee.hermeval(x, c)

    def sum(self, a: Any, b: Any) -> Any:
        return hee.hermeadd(a, b)

    def difference(self, a: Any, b: Any) -> Any:
        return hee.hermesub(a, b)

    def derivative(self, c: Any, m: int, scale: Any) -> Any:
        return hee.hermeder(c, m, scale)

    def integral(self, c: Any, m: int, k: Any, start: Any, scale: Any) -> Any:
        return hee.hermeint(c, m, k, start, scale)

    def product(self, a: Any, b: Any) -> Any:
        return hee.hermemul(a, b)

    def quotient(self, a: Any, b: Any) -> Any:
        return hee.hermediv(a, b)

    def zeros(self, c: Any) -> Any:
        return hee.hermeroots(c)


@objects_of(Laguerre)
class LaguerreSeries(Series):
    def own_domain(self) -> Any:
        return [0.0, 1.0]

    def val(self, x: Any, c: Any) -> Any:
        return la.lagval(x, c)

    def sum(self, a: Any, b: Any) -> Any:
        return la.lagadd(a, b)

    def difference(self, a: Any, b: Any) -> Any:
        return la.lagsub(a, b)

    def derivative(self, c: Any, m: int, scale: Any) -> Any:
        return la.lagder(c, m, scale)

    def integral(self, c: Any, m: int, k: Any, start: Any, scale: Any) -> Any:
        return la.lagint(c, m, k, start, scale)

    def product(self, a: Any, b: Any) -> Any:
        return la.lagmul(a, b)

    def quotient(self, a: Any, b: Any) -> Any:
        return la.lagdiv(a, b)

    def zeros(self, c: Any) -> Any:
        return la.lagroots(c)


def fitted(cls: Any, fit: Any, x: Any, y: Any, deg: int, domain: Any, window: Any, w: Any) -> Any:
    """Return a fitted series; its domain is that of the points unless it is given."""
    x = np.asarray(x)
    own = [0.0, 1.0] if cls is Laguerre else [-1.0, 1.0]
    new: Any = np.asarray(own if window is None else window)
    old: Any = np.stack([np.min(x), np.max(x)]) if domain is None else np.asarray(domain) * 1.0
    length = old[1] - old[0]
    at = (old[1] * new[0] - old[0] * new[1]) / length + (new[1] - new[0]) / length * x
    return cls(fit(at, y, deg, w=w), old, new)


def declare_fit(cls: Any, fit: Any) -> None:
    def define(x: Any, y: Any, deg: Any, domain: Any = None, *, w: Any = None, window: Any = None) -> Any:
        return fitted(cls, fit, x, y, deg, domain, window, w)

    formula(cls.fit, name=f"{cls.__name__}.fit")(define)


for _cls, _fit in (
    (Polynomial, po.polyfit), (Chebyshev, ch.chebfit), (Legendre, le.legfit), (Hermite, he.hermfit),
    (HermiteE, hee.hermefit), (Laguerre, la.lagfit),
):  # fmt: skip
    declare_fit(_cls, _fit)
