"""Trajectories: ordinary differential equations and particles."""

import numpy as np


def lotka(state, p):
    prey, hunters = state[0], state[1]
    return np.array([p["a"] * prey - p["b"] * prey * hunters, p["c"] * prey * hunters - p["d"] * hunters])


def rk4(f, y, p, h):
    k1 = f(y, p)
    k2 = f(y + 0.5 * h * k1, p)
    k3 = f(y + 0.5 * h * k2, p)
    k4 = f(y + h * k3, p)
    return y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)


def lotka_volterra(y0, p, h):
    y = y0
    total = 0.0
    for _ in range(12):
        y = rk4(lotka, y, p, h)
        total += h * y[0]
    return total + y[1]


def pendulum(theta, omega, length, h=0.05):
    trajectory = []
    for _ in range(20):
        omega = omega - h * 9.81 / length * np.sin(theta)
        theta = theta + h * omega
        trajectory.append(theta)
    return trajectory[-1] + 0.1 * sum(trajectory)


def n_body(pos, vel, mass, dt):
    for _ in range(4):
        acc = np.zeros_like(pos)
        for i in range(len(mass)):
            for j in range(len(mass)):
                if i != j:
                    d = pos[j] - pos[i]
                    r2 = np.sum(d * d) + 0.01
                    acc[i] += mass[j] * d / (r2 * np.sqrt(r2))
        vel = vel + dt * acc
        pos = pos + dt * vel
    return 0.5 * np.sum(mass[:, None] * vel**2)


def spring_chain(x, v, k, damping, steps):
    n = x.shape[0]
    dt = 0.05
    x, v = x.copy(), v.copy()
    for _ in range(steps):
        force = np.zeros(n)
        for i in range(n - 1):
            f = k[i] * (x[i + 1] - x[i] - 1.0)
            force[i] += f
            force[i + 1] -= f
        v += dt * (force - damping * v)
        x += dt * v
    return np.sum(v**2) + x[-1]


def bouncing_ball(height, speed, restitution):
    dt = 0.05
    for _ in range(40):
        speed -= dt * 9.81
        height += dt * speed
        if height < 0.0:
            height = -height
            speed = -restitution * speed
    return height + 0.1 * speed


def verlet(q, p, stiffness, n):
    energy = []
    for _ in range(n):
        p_half = p - 0.05 * stiffness * q**3
        q = q + 0.1 * p_half
        p = p_half - 0.05 * stiffness * q**3
        energy.append(0.5 * p * p + 0.25 * stiffness * q**4)
    return max(energy) - min(energy)


_r = np.random.default_rng(3)
PROGRAMS = [
    (lotka_volterra, (np.array([1.5, 0.7]), {"a": 1.1, "b": 0.4, "c": 0.3, "d": 0.5}, 0.1), (0, 1, 2)),
    (pendulum, (0.7, 0.1, 1.3), (0, 1, 2)),
    (n_body, (_r.normal(size=(3, 2)), _r.normal(size=(3, 2)), _r.uniform(0.5, 1.5, 3), 0.05), (0, 1, 2, 3)),
    (
        spring_chain,
        (np.arange(5.0) + 0.1 * _r.normal(size=5), _r.normal(size=5), _r.uniform(1, 3, 4), 0.2, 6),
        (0, 1, 2, 3),
    ),
    (bouncing_ball, (1.0, 0.3, 0.8), (0, 1, 2)),
    (verlet, (0.9, 0.4, 1.2, 8), (0, 1, 2)),
]
