import numpy as np


def lotka_volterra_grad(rates, y, dt, steps):
    prey_saved = []
    hunters_saved = []
    prey_saved_1 = []
    hunters_saved_1 = []
    for _ in range(steps):
        prey, hunters = y
        prey_saved.append(prey)
        hunters_saved.append(hunters)
        born, eaten, fed, died = rates
        t1 = fed * prey * hunters - died * hunters
        t = np.array([born * prey - eaten * prey * hunters, t1])
        prey, hunters = y + dt * t
        prey_saved_1.append(prey)
        hunters_saved_1.append(hunters)
        t1 = fed * prey * hunters - died * hunters
        t = t + np.array([born * prey - eaten * prey * hunters, t1])
        y = y + 0.5 * dt * t
    d_y = np.zeros_like(y)
    d_rates = np.zeros_like(rates)
    for prey, hunters, prey_1, hunters_1 in zip(reversed(prey_saved), reversed(hunters_saved),
            reversed(prey_saved_1), reversed(hunters_saved_1)):
        born, eaten, fed, died = rates
        # total += np.sum(y)
        d_y += 1.0
        # y = y + 0.5 * dt * (k1 + k2)
        t = 0.5 * dt * d_y
        # return np.array([born * prey - eaten * prey * hunters, fed * prey * hunters - died * hunters])
        t1 = t[0]
        t3 = t[1]
        t2 = t3 * hunters_1
        d_died = -t2
        d_hunters = t3 * (fed * prey_1) - t3 * died
        d_fed = t2 * prey_1
        d_prey = t2 * fed
        t2 = t1 * hunters_1
        d_hunters -= t1 * (eaten * prey_1)
        d_eaten = -(t2 * prey_1)
        d_prey -= t2 * eaten
        d_born = t1 * prey_1
        d_prey += t1 * born
        # prey, hunters = y
        t4 = np.array([d_prey, d_hunters])
        # k2 = slope(y + dt * k1, rates)
        d_y += t4
        t = t + dt * t4
        # return np.array([born * prey - eaten * prey * hunters, fed * prey * hunters - died * hunters])
        t1 = t[0]
        t3 = t[1]
        t2 = t3 * hunters
        d_died -= t2
        d_hunters = t3 * (fed * prey) - t3 * died
        d_prey = t2 * fed
        d_fed += t2 * prey
        t2 = t1 * hunters
        d_hunters -= t1 * (eaten * prey)
        d_eaten -= t2 * prey
        d_prey -= t2 * eaten
        d_born += t1 * prey
        d_prey += t1 * born
        # born, eaten, fed, died = rates
        d_rates += np.array([d_born, d_eaten, d_fed, d_died])
        # prey, hunters = y
        d_y += np.array([d_prey, d_hunters])
    return d_rates, d_y
