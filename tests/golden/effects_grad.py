import math
import numpy as np


def checked_grad(x, verbose):
    if x < 0.0:
        raise ValueError('x is negative')
    y = math.sqrt(x)
    if verbose:
        print('root', y)
    if not y < 100.0:
        raise AssertionError('too large')
    d_x = y * y
    # return y * y * x
    d_y = 2.0 * (x * y)
    # y = math.sqrt(x)
    return d_x + d_y * (0.5 / y if y != 0 else np.inf)
