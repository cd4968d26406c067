"""Steps of an ODE: arrays of known items need nothing that is kept for their shape."""

import numpy as np


def slope(y, rates):
    prey, hunters = y
    born, eaten, fed, died = rates
    return np.array([born * prey - eaten * prey * hunters, fed * prey * hunters - died * hunters])


def lotka_volterra(rates, y, dt, steps):
    total = 0.0
    for _ in range(steps):
        k1 = slope(y, rates)
        k2 = slope(y + dt * k1, rates)
        y = y + 0.5 * dt * (k1 + k2)
        total += np.sum(y)
    return total


ARGS = (np.array([1.1, 0.4, 0.1, 0.4]), np.array([10.0, 5.0]), 0.01, 4)
WRT = ("rates", "y")
