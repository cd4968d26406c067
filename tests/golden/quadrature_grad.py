import numpy as np


def spend_grad(a, x, limit):
    t = [(0.05, 0.096), (0.1, 0.092), (0.15000000000000002, 0.088), (0.2, 0.084), (0.25, 0.08),
        (0.30000000000000004, 0.076), (0.35000000000000003, 0.072), (0.4, 0.068), (0.45, 0.064),
        (0.5, 0.06), (0.55, 0.056), (0.6000000000000001, 0.052), (0.65, 0.048),
        (0.7000000000000001, 0.044), (0.75, 0.04), (0.8, 0.036), (0.8500000000000001, 0.032),
        (0.9, 0.028)]
    total = 0.0
    saved = []
    saved_1 = []
    for node, weight in t:
        t1 = 2 * a ** 2
        t2 = -(x - node) ** 2 / t1
        saved.append(t2)
        t2 = np.exp(t2)
        saved_1.append(t2)
        total += weight * t2
    trips = 0
    for _ in range(9):
        total *= 1.5
        trips += 1
        if total > limit:
            break
    d_total = 1.0
    for _ in range(trips):
        # total *= 1.5
        d_total = 1.5 * d_total
    d_x, d_a = 0.0, 0.0
    for t2, t3, (node, weight) in zip(reversed(saved), reversed(saved_1), reversed(t)):
        # total += weight * np.exp(-((x - node) ** 2) / (2 * a**2))
        t3 = d_total * weight * t3
        d_a += -4.0 * (t3 * (t2 / t1)) * a
        d_x -= 2.0 * (t3 / t1 * (x - node))
    return float(d_a), float(d_x)
