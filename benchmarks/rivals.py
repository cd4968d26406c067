"""The same programs in the dialects of other tools: neither of them differentiates writes into an array.

Each `make_` function gives the gradient of a case as a function of the case's arguments; it raises `ImportError` where
the tool is not installed.
"""

from __future__ import annotations

from functools import partial
from types import FunctionType


def make_autograd(case):
    """Make the gradient with Autograd."""
    import autograd
    import autograd.numpy as np

    def recurrence(x, steps):
        for _ in range(steps):
            x = x - 0.01 * np.sin(x)
        return x * x

    def network(w1, b1, w2, b2, x, y):
        h = np.tanh(x @ w1 + b1)
        p = h @ w2 + b2
        return np.mean((p - y) ** 2)

    def heat(u, c, steps):
        for _ in range(steps):
            inner = u[1:-1] + c * (u[2:] - 2.0 * u[1:-1] + u[:-2])
            u = np.concatenate((u[:1], inner, u[-1:]))
        return np.sum(u * u)

    def elements(x):
        y = total = x[0]
        for i in range(1, len(x)):
            y = x[i] * y + x[i]
            total = total + y
        return total

    programs = {"recurrence": recurrence, "network": network, "heat": heat, "elements": elements}
    program = programs.get(case.program.__name__) or with_module(case.program, np)
    return autograd.grad(program, case.wrt if len(case.wrt) > 1 else case.wrt[0])


def make_jax(case):
    """Make the gradient with JAX, jitted, in double precision."""
    import jax
    import jax.numpy as np

    jax.config.update("jax_enable_x64", True)

    def recurrence(x, steps):
        x, _ = jax.lax.scan(lambda x, _: (x - 0.01 * np.sin(x), None), x, length=steps)
        return x * x

    def network(w1, b1, w2, b2, x, y):
        h = np.tanh(x @ w1 + b1)
        p = h @ w2 + b2
        return np.mean((p - y) ** 2)

    def heat(u, c, steps):
        def step(u, _):
            return u.at[1:-1].add(c * (u[2:] - 2.0 * u[1:-1] + u[:-2])), None

        u, _ = jax.lax.scan(step, u, length=steps)
        return np.sum(u * u)

    def elements(x):
        def step(y, value):
            y = value * y + value
            return y, y

        _, rest = jax.lax.scan(step, x[0], x[1:])
        return x[0] + np.sum(rest)

    programs = {"recurrence": recurrence, "network": network, "heat": heat, "elements": elements}
    program = programs.get(case.program.__name__) or with_module(case.program, np)
    static = ("steps",) if case.program.__name__ in {"recurrence", "heat"} else ()
    gradient = jax.grad(program, case.wrt if len(case.wrt) > 1 else case.wrt[0])
    compiled = jax.jit(gradient, static_argnames=static)
    return partial(_call_and_wait, jax.block_until_ready, compiled)


def with_module(program, module):
    """Return a program that reads another `np`."""
    return FunctionType(program.__code__, {**program.__globals__, "np": module}, program.__name__)


def _call_and_wait(wait, function, *args):
    return wait(function(*args))
