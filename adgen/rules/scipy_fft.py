"""Rules of `scipy.fft`; read only when the user's program has imported it.

The Fourier transforms are those of `numpy.fft`. A cosine or sine transform of type 1 or 4 is symmetric but for its ends
and types 2 and 3 are each other's transpose but for the first or last term (N. Ahmed, T. Natarajan, K. Rao, "Discrete
Cosine Transform", 1974, and the definitions in SciPy's manual); with norm="ortho" the transpose is the inverse.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.fft as sf

from adgen.ir.nodes import Operand
from adgen.rules.axes import from_front, normal_axes, to_front
from adgen.rules.declare import OtherForm, formula, linear, sample, static
from adgen.rules.typing import Shape, array_dims, known

V = np.array([0.5, -1.2, 2.0, 0.3, 1.1])
M = np.linspace(-1.0, 2.0, 12).reshape(3, 4) ** 2
Z = V + 1j * V[::-1]
HALF = np.array([0.7, 0.2 + 0.5j, -1.0 + 0.1j])


# --- Fourier transforms -----------------------------------------------------------------------------


@static
def plain_call(overwrite: Any, plan: Any) -> None:
    if overwrite or plan is not None:
        raise TypeError("a transform has a gradient rule without overwrite_x= and plan=")


def declare_line(name: str, x: Any) -> None:
    theirs: Any = getattr(np.fft, name)

    @formula(getattr(sf, name), sample(x), sample(x, 4), sample(x, norm="ortho"), name=f"scipy.fft.{name}")
    def transform(
        x: Any, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: Any = False, workers: Any = None, *,
        plan: Any = None,
    ) -> Any:  # fmt: skip
        plain_call(overwrite_x, plan)
        return theirs(x, n, axis, norm)


def declare_grid(name: str, x: Any, every: Any) -> None:
    theirs: Any = getattr(np.fft, name)

    @formula(getattr(sf, name), sample(x), sample(x, norm="forward"), name=f"scipy.fft.{name}")
    def transform(
        x: Any, s: Any = None, axes: Any = every, norm: Any = None, overwrite_x: Any = False, workers: Any = None, *,
        plan: Any = None,
    ) -> Any:  # fmt: skip
        plain_call(overwrite_x, plan)
        return theirs(x, s, axes, norm)


for _name, _x in (("fft", Z), ("ifft", Z), ("rfft", V), ("irfft", HALF), ("hfft", HALF), ("ihfft", V)):
    declare_line(_name, _x)
for _name in ("fft", "ifft", "rfft", "irfft"):
    _x = M + 0j if "i" in _name else M
    declare_grid(f"{_name}2", _x, (-2, -1))
    declare_grid(f"{_name}n", _x, None)


@formula(sf.fftshift, sample(V), sample(M, 1), name="scipy.fft.fftshift")
def fftshift(x: Any, axes: Any = None) -> Any:
    return np.fft.fftshift(x, axes)


@formula(sf.ifftshift, sample(V), sample(M, 1), name="scipy.fft.ifftshift")
def ifftshift(x: Any, axes: Any = None) -> Any:
    return np.fft.ifftshift(x, axes)


# --- cosine and sine transforms ---------------------------------------------------------------------


@static
def transposed_type(type: int) -> int:
    if type not in (1, 2, 3, 4):
        raise TypeError("a cosine or sine transform has the type 1, 2, 3 or 4")
    return {2: 3, 3: 2}.get(type, type)


@static
def opposite_norm(norm: Any) -> Any:
    return {None: "forward", "backward": "forward", "forward": "backward"}.get(norm, norm)


def ends_scaled(x: Any, factor: float, first: bool, last: bool) -> Any:
    """Return x along its first axis with its first or last element scaled."""
    out = x.copy()
    if first:
        out[0] = factor * out[0]
    if last:
        out[-1] = factor * out[-1]
    return out


def transpose_of(transform: Any, inverse: Any, g: Any, type: int, axis: int, norm: Any, first: bool, last: bool) -> Any:
    """Return the transposed transform of g; `first`, `last`: which ends of types 2 and 3 count half or twice."""
    other = transposed_type(type)
    if norm == "ortho":
        return inverse(g, type, None, axis, norm)
    whole = to_front(g, axis)
    if type == 2 or (type == 1 and first):
        whole = ends_scaled(whole, 2.0, first, last or type == 1)
    out = transform(whole, other, None, 0, norm)
    if type == 3 or (type == 1 and first):
        out = ends_scaled(out, 0.5, first, last or type == 1)
    return from_front(out, axis)


def whole_only(x: Operand, n: Operand, overwrite_x: Operand, orthogonalize: Operand, **_: Operand) -> Shape:
    if known(n, "n") is not None:
        raise OtherForm("a transform of another length")
    if known(overwrite_x) or known(orthogonalize) is not None:
        raise TypeError("a transform has a gradient rule without overwrite_x= and orthogonalize=")
    return Shape(array_dims(x.type))


def resized(x: Any, n: Any, axis: int) -> Any:
    """Return x with n elements along an axis: cut, or filled up with zeros."""
    front = to_front(np.asarray(x), axis)
    m = front.shape[0]
    if n <= m:
        return from_front(front[:n], axis)
    zeros = np.zeros((n - m, *front.shape[1:]), dtype=front.dtype)
    return from_front(np.concatenate((front, zeros)), axis)


TRANSFORMS = (
    *(sample(V, t) for t in (1, 2, 3, 4)),
    *(sample(V, t, norm="ortho") for t in (1, 2, 3, 4)),
    sample(M, 2, axis=0),
    sample(M, 3, axis=0, norm="forward"),
)


def declare_transform(transform: Callable[..., Any], inverse: Callable[..., Any], first: bool) -> None:
    """Declare a cosine transform (the first element counts half or twice) or a sine transform (the last one)."""
    name = f"scipy.fft.{transform.__name__}"

    def vjp(g: Any, type: int, axis: int, norm: Any) -> Any:
        return transpose_of(transform, inverse, g, type, axis, norm, first, not first)

    linear(
        transform,
        "x type=2 n=None axis=-1 norm=None overwrite_x=False workers=None orthogonalize=None",
        args=("x",),
        name=name,
        static=("type", "n", "axis", "norm", "overwrite_x", "workers", "orthogonalize"),
        vjp={"x": vjp},
        infer=whole_only,
        samples=TRANSFORMS,
    )

    @formula(transform, sample(V, 2, 4), sample(M, 3, 6, 0), name=name)
    def of_length(x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None) -> Any:
        return transform(resized(x, n, axis), type, None, axis, norm)

    @formula(inverse, *TRANSFORMS, sample(V, 2, 4), name=f"scipy.fft.{inverse.__name__}")
    def backwards(
        x: Any, type: int = 2, n: Any = None, axis: int = -1, norm: Any = None, overwrite_x: Any = False,
        workers: Any = None, orthogonalize: Any = None,
    ) -> Any:  # fmt: skip
        plain_call(overwrite_x, orthogonalize)
        whole = np.asarray(x) if n is None else resized(x, n, axis)
        return transform(whole, transposed_type(type), None, axis, opposite_norm(norm))

    def declare_grid(each: Any, many: Callable[..., Any]) -> None:
        @formula(many, sample(M), sample(M, 3, axes=(0,)), sample(M, norm="ortho"), name=f"scipy.fft.{many.__name__}")
        def over_axes(
            x: Any, type: int = 2, s: Any = None, axes: Any = None, norm: Any = None, overwrite_x: Any = False,
            workers: Any = None, *, orthogonalize: Any = None,
        ) -> Any:  # fmt: skip
            plain_call(overwrite_x, orthogonalize if s is None else s)
            out = np.asarray(x)
            for k in normal_axes(axes, out.ndim):
                out = each(out, type, None, k, norm)
            return out

    declare_grid(transform, getattr(sf, transform.__name__ + "n"))
    declare_grid(inverse, getattr(sf, inverse.__name__ + "n"))


declare_transform(sf.dct, sf.idct, True)
declare_transform(sf.dst, sf.idst, False)
