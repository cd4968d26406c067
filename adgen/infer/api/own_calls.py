"""Calls of adgen's own functions inside of programs: what carries out each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from adgen.api.custom import override_gradient, stop_gradient
from adgen.api.grad import grad, value_and_grad
from adgen.api.jacobians import hessian, hvp, jacobian
from adgen.api.products import jvp, vjp
from adgen.api.surgery import gradient_of, map_gradient
from adgen.api.tags import tag
from adgen.api.tapes import GradientTape, gradients
from adgen.infer.api import derivatives, marks, products, surgery, tapes
from adgen.infer.calls.handlers import HANDLERS, bind, handles
from adgen.infer.functions import custom_calls

if TYPE_CHECKING:
    from adgen.infer.engine import Engine

HANDLERS[grad] = lambda e, args, kwargs, _hint: derivatives.make(e, grad, args, kwargs)
HANDLERS[value_and_grad] = lambda e, args, kwargs, _hint: derivatives.make(e, value_and_grad, args, kwargs)
HANDLERS[jacobian] = lambda e, args, kwargs, _hint: derivatives.make_many(e, jacobian, args, kwargs)
HANDLERS[hessian] = lambda e, args, kwargs, _hint: derivatives.make_many(e, hessian, args, kwargs)
HANDLERS[hvp] = lambda e, args, kwargs, _hint: derivatives.make_many(e, hvp, args, kwargs)
HANDLERS[vjp] = lambda e, args, kwargs, _hint: products.call_vjp(e, args, kwargs)
HANDLERS[jvp] = lambda e, args, kwargs, _hint: products.call_jvp(e, args, kwargs)
HANDLERS[gradients] = lambda e, args, kwargs, hint: tapes.call_gradients(e, args, kwargs, hint)  # noqa: PLW0108
HANDLERS[GradientTape] = lambda e, args, kwargs, _hint: tapes.make_tape(e, args, kwargs)
HANDLERS[override_gradient] = lambda e, args, kwargs, _hint: custom_calls.override_manager(e, args, kwargs)
HANDLERS[gradient_of] = lambda e, args, kwargs, hint: surgery.gradient_of(e, args, kwargs, hint)  # noqa: PLW0108


@handles(map_gradient)
def _map_gradient(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    bound = bind(e, "map_gradient", "fn h", args, kwargs)
    return surgery.map_gradient(e, bound["fn"], bound["h"], hint)


@handles(stop_gradient)
def _stop_gradient(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    (x,) = (*args, *kwargs.values())
    return marks.stop(e, x, hint)


@handles(tag)
def _tag(e: Engine, args: Sequence[Any], kwargs: dict[str, Any], hint: dict[str, Any]) -> Any:
    bound = bind(e, "tag", "value name", args, kwargs)
    return marks.tag(e, bound["value"], bound["name"], hint)
