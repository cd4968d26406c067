"""Broadcasting, empty arrays, memory order, dtype."""

import numpy as np

from tests.nasty.table import case, v


@case(lambda: (v(3, 1), v(4)))
def column_and_row(x, y):
    return np.sum(x * y + x / y)


@case(lambda: (v(3, 1), v(1, 4)))
def unit_axes(x, y):
    return np.sum(x * y**2)


@case(lambda: (v(1), v(4)))
def size_one_vector(x, y):
    return np.sum(x * y + x)


@case(lambda: (v(1, 1), v(2, 3)))
def one_by_one(x, y):
    return np.sum(x - y * x)


@case(lambda: (v(1), v(1)))
def both_size_one(x, y):
    return x * y


@case(lambda: (v(2, 1, 3), v(4, 1)))
def three_axes(x, y):
    return np.sum(np.maximum(x, y) * x)


@case(lambda: (v(3), v(2, 3)))
def inplace_broadcast(x, y):
    y += x
    y *= x[0]
    return np.sum(y * y)


@case(lambda: (v(4), v(4)))
def broadcast_by_newaxis(x, y):
    return np.sum((x[:, None] - y[None, :]) ** 2)


@case(lambda: (v(4), v(4)))
def broadcast_result(x, y):
    return x[:, None] * y


@case(lambda: (v(3),))
def broadcast_to(x):
    return np.sum(np.broadcast_to(x, (4, 3)) ** 2)


@case(lambda: (1.3, v(2, 3)))
def where_broadcasts(s, x):
    return np.sum(np.where(x > 0.7, s, x))


@case(lambda: (v(1, 3), v(2, 3)))
def where_unit_axes(a, x):
    return np.sum(np.where(x > 0.7, a, x * 2.0))


@case(lambda: (np.zeros(0),))
def empty_sum(x):
    return np.sum(x * x)


@case(lambda: (np.zeros((0, 3)), v(3)))
def empty_rows(x, w):
    return np.sum(x @ w) + np.sum(w)


@case(lambda: (np.zeros(0), 2.0))
def empty_loop(x, s):
    t = s
    for e in x:
        t = t * e
    return t


@case(lambda: (np.zeros(0),))
def empty_result(x):
    return x * 2.0


@case(lambda: (np.zeros(0), 1.5))
def empty_concatenate(x, s):
    return np.sum(np.concatenate([x, np.ones(2) * s]))


@case(lambda: (v(4), 0))
def empty_slice(x, n):
    return np.sum(x[:n] ** 2) + np.sum(x[n:])


@case(lambda: (np.asfortranarray(v(3, 4)),))
def fortran_order(x):
    return np.sum(x * x[:, :1])


@case(lambda: (np.asfortranarray(v(3, 4)),))
def fortran_order_written(x):
    x[1] *= 2.0
    x[:, 2] = x[:, 0]
    return np.sum(x * x)


@case(lambda: (np.asfortranarray(v(3, 4)),))
def fortran_ravel(x):
    return np.sum(np.ravel(x) * np.arange(12.0)) + x.ravel()[3] ** 2


@case(lambda: (np.asfortranarray(v(3, 4)),))
def fortran_reshape(x):
    return np.sum(x.reshape(4, 3) @ np.arange(3.0)) + x.reshape(-1)[5] ** 2


@case(lambda: (v(12)[::3],))
def strided(x):
    return np.sum(x * x[::-1])


@case(lambda: (v(12)[::-2],))
def strided_backwards_written(x):
    x[1:] *= x[0]
    return np.sum(x**2)


@case(lambda: (v(3, 4).T,))
def transposed_input(x):
    return np.sum(x[1] * x[2]) + np.sum(x @ np.arange(3.0))


@case(lambda: (np.broadcast_to(v(3), (2, 3)),))
def broadcast_input(x):
    return np.sum(x * x)


@case(lambda: (np.broadcast_to(1.5, (3,)),))
def broadcast_scalar_input(x):
    return np.sum(x**3)


def frozen(x):
    x = x.copy()
    x.flags.writeable = False
    return x


@case(lambda: (frozen(v(3)),))
def read_only_input(x):
    return np.sum(x * x)


@case(lambda: (frozen(v(3)),))
def read_only_copied(x):
    y = x.copy()
    y[0] = x[1]
    return np.sum(y * x)


@case(lambda: (v(3), v(3)))
def result_is_array(x, y):
    return x * y


@case(lambda: (v(2, 3),))
def result_is_transposed(x):
    return x.T * 2.0


@case(lambda: (v(2, 3).astype(np.float32),))
def single_reductions(x):
    return x.mean() + x.var() + np.linalg.norm(x) + x.sum(axis=0).max()


@case(lambda: (v(2, 3).astype(np.float32), v(3)))
def single_matmul_double(x, y):
    return np.sum(x @ y)


@case(lambda: (v(2, 3).astype(np.float32),))
def single_where_literal(x):
    return np.where(x > 0.6, x, 0.0)


@case(lambda: (v(2, 3).astype(np.float32),))
def single_power(x):
    return np.sum(x**3 / 7) * 0.5


@case(lambda: (v(3).astype(np.float32),))
def single_loop_accumulates(x):
    s = 0.0
    for e in x:
        s += e * e
    return s


@case(lambda: (v(3).astype(np.float32),))
def single_into_double_buffer(x):
    y = np.zeros(3)
    y[:] = x * x
    return np.sum(y)


@case(lambda: (v(2, 3),))
def axis_reductions(x):
    return np.sum(x.mean(axis=0) * x.max(axis=0)) + np.sum(x.sum(axis=1, keepdims=True) * x)


@case(lambda: (v(2, 3, 4),))
def multi_axis_reductions(x):
    return np.sum(x.sum(axis=(0, 2)) ** 2) + np.prod(x[0, 0]) + np.sum(x.min(axis=-1))


@case(lambda: (v(2, 3),))
def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(np.log(p[:, 0]))


@case(lambda: (v(4),), "refused: ADG102")
def outer_forms(x):
    return np.sum(np.outer(x, x) * (x[:, None] + x)) + np.sum(np.multiply.outer(x, x))


@case(lambda: (v(3, 3), v(3)))
def matmul_forms(a, x):
    return x @ a @ x + np.dot(x, x) * np.dot(a, x)[0] + np.sum(a @ a) + np.vdot(x, x) + np.inner(a, x)[1]


@case(lambda: (v(2, 3, 3), v(3)))
def batched_matmul(a, x):
    return np.sum((a @ a) @ x) + np.sum(x @ a)


@case(lambda: (v(3),))
def same_operand_products(x):
    return (
        np.dot(x, x)
        + x @ x
        + np.sum(np.outer(x, x))
        + np.einsum("i,i", x, x)
        + np.sum(np.kron(x, x))
        + np.sum(np.convolve(x, x) ** 2)
    )


@case(lambda: (v(3, 3),))
def same_operand_matmul(a):
    return np.sum((a @ a) ** 2) + np.sum(np.tensordot(a, a, 1)) + np.trace(a @ a.T)


@case(lambda: (v(3),))
def same_operand_cross(x):
    y = x[::-1]
    return np.sum(np.cross(x, y) * x) + np.sum(np.where(x > 0.6, x, x) * x)


@case(lambda: (v(3),))
def same_array_stacked(x):
    return np.sum(np.stack([x, x, x * 2.0]) ** 2) + np.sum(np.concatenate([x, x]) * np.arange(6.0))


@case(lambda: (v(3),))
def hstack_mixed(x):
    return np.sum(np.hstack([x, 1.0, x[:2] * x[1]]) ** 2)


@case(lambda: (v(6),))
def split_parts(x):
    a, b = np.split(x, 2)
    return np.sum(a * b)


@case(lambda: (v(6),), "refused: ADG103")
def split_part_written(x):
    y = x * 1.0
    a, b = np.split(y, 2)
    a[0] = 5.0 * x[1]
    return np.sum(y * y)


@case(lambda: (v(3, 3),), "refused: ADG103")
def einsum_view_written(x):
    y = x * 1.0
    d = np.einsum("ii->i", y)
    y[0, 0] = 7.0
    return np.sum(d * d)


@case(lambda: (v(6),))
def tile_repeat_roll(x):
    return np.sum(np.tile(x, 2) * np.arange(12.0)) + np.sum(np.repeat(x, 2)[::3] ** 2) + np.sum(np.roll(x, 2) * x)


@case(lambda: (v(6),))
def sort_cumsum_diff(x):
    return (
        np.sum(np.sort(x * np.array([1, -1, 1, -1, 1, -1])) * np.arange(6.0))
        + np.sum(np.cumsum(x) ** 2)
        + np.sum(np.diff(x) ** 2)
    )


@case(lambda: (v(2, 3),))
def flatten_and_flat(x):
    return np.sum(x.flatten() * np.arange(6.0)) + np.sum(x.reshape(3, -1)[:, 0] ** 2)


@case(lambda: (v(2, 3),))
def shape_arithmetic(x):
    m, n = x.shape
    y = np.zeros((n, m))
    for i in range(m):
        for j in range(n):
            y[j, i] = x[i, j] * m / n
    return np.sum(y**2) / x.size


@case(lambda: (v(4),))
def array_of_scalars(x):
    m = np.array([[x[0], x[1]], [x[2] * x[3], 1.0]])
    return np.linalg.det(m) + np.sum(m @ m)


@case(lambda: (1.3, 0.4))
def array_from_floats(a, b):
    r = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return np.sum(r @ np.array([b, 1.0]))


@case(lambda: (v(4),))
def negative_axes_newaxis(x):
    y = x[np.newaxis, :, None]
    return np.sum(np.squeeze(y, axis=(0, -1)) ** 2) + np.sum(np.expand_dims(x, -1) * x)
