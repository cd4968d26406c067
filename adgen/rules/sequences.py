"""Rows that derivatives need beside the user's own operations: lists of gradients, and the stop."""

from __future__ import annotations

from typing import Any

from adgen.api.custom import stop_gradient
from adgen.rules.declare import nondifferentiable, structure
from adgen.rules.helpers import add_lists, ones_list, zeros_list
from adgen.rules.typing import exactly


def _reversed_list(seq: Any) -> Any:
    return seq[::-1]


structure(add_lists, "x y", name="add_lists", infer=exactly("x"))
nondifferentiable(ones_list, name="ones_list", params="seq", infer=exactly("seq"))
nondifferentiable(zeros_list, name="zeros_list", params="seq", infer=exactly("seq"))
structure(_reversed_list, "seq", name="reversed_list", infer=exactly("seq"), show="_[::-1]")
structure(stop_gradient, "x", name="stop_gradient", infer=exactly("x"), memory="same", show="_")
