import numpy as np


def forward_grad(layers, x):
    w = layers[0][0]
    b = layers[0][1]
    w_1 = layers[1][0]
    b_1 = layers[1][1]
    w_2 = layers[2][0]
    b_2 = layers[2][1]
    x_1 = np.tanh(w @ x + b)
    x_2 = np.tanh(w_1 @ x_1 + b_1)
    x_3 = np.tanh(w_2 @ x_2 + b_2)
    # x = np.tanh(w @ x + b)
    d_b = 1.0 - x_3 * x_3
    d_w = d_b[:, np.newaxis] * x_2
    d_x = w_2.T @ d_b
    d_b_1 = d_x * (1.0 - x_2 * x_2)
    d_w_1 = d_b_1[:, np.newaxis] * x_1
    d_x = w_1.T @ d_b_1
    d_b_2 = d_x * (1.0 - x_1 * x_1)
    d_w_2 = d_b_2[:, np.newaxis] * x
    d_x = w.T @ d_b_2
    return [(d_w_2, d_b_2), (d_w_1, d_b_1), (d_w, d_b)], d_x
