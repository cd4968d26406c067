"""Writes into arrays, of every kind."""

import numpy as np

from tests.nasty.table import case, v, w


@case(lambda: (v(4),))
def imul(x):
    x *= x
    x *= 3.0
    return np.sum(x)


@case(lambda: (v(4), 1.7))
def itruediv(x, s):
    x /= s
    x /= x[::-1].copy() + 1.0
    return np.sum(x * x)


@case(lambda: (v(4), 1.7))
def ipow(x, s):
    x **= 2
    x **= s
    return np.sum(x)


@case(lambda: (v(4) * 5.0, 0.7))
def ifloordiv(x, s):
    y = x.copy()
    y //= s
    return np.sum(y * x)


@case(lambda: (v(4) * 5.0, 0.7))
def imod(x, s):
    x %= s
    return np.sum(x * x)


@case(lambda: (v(4),))
def idiv_self(x):
    x /= x
    return np.sum(x) + 0.0


@case(lambda: (v(4),))
def isub_self(x):
    y = x * 2.0
    y -= y
    y -= x
    return np.sum(y * x)


@case(lambda: (v(4),))
def imul_by_own_element(x):
    a = x * 1.0
    a *= a[0]
    a /= a[1]
    return np.sum(a)


@case(lambda: (v(4),))
def imul_by_own_view(x):
    a = x * 1.0
    a *= a[::-1]
    return np.sum(a * x)


@case(lambda: (v(5),))
def overlap_copy(x):
    x[1:] = x[:-1]
    return np.sum(x * np.arange(5.0))


@case(lambda: (v(5),))
def overlap_copy_back(x):
    x[:-1] = x[1:] * 2.0
    x[1:] = x[:-1]
    return np.sum(x * x)


@case(lambda: (v(5),))
def overlap_add(x):
    x[1:] += x[:-1]
    x[:-1] -= x[1:]
    return np.sum(x * x)


@case(lambda: (v(5),), "refused: ADG101")
def overlap_mul(x):
    x[1:] *= x[:-1]
    x[::2] *= x[2:] if len(x[::2]) == len(x[2:]) else 1.0
    return np.sum(x * x)


@case(lambda: (v(5),))
def reversed_self(x):
    x[:] = x[::-1]
    x[::-1] *= np.arange(5.0)
    return np.sum(x * x)


@case(lambda: (v(6),))
def negative_step_store(x):
    a = np.zeros(6)
    a[::-2] = x[:3] * x[3:]
    a[4:1:-1] += x[:3]
    return np.sum(a * x)


@case(lambda: (v(6),))
def negative_bounds(x):
    a = x * 1.0
    a[-3:-1] = x[-1] * x[:2]
    a[-1] /= x[-2]
    return np.sum(a * a)


@case(lambda: (v(6),))
def out_of_range_slices(x):
    a = x * 1.0
    a[4:100] *= 2.0
    a[100:] *= 3.0
    a[-100:1] *= x[1]
    return np.sum(a * x)


@case(lambda: (w(6),))
def mask_store_scalar(x):
    y = x * 2.0
    y[x < 0] = 0.0
    return np.sum(y * x)


@case(lambda: (w(6),))
def mask_store_array(x):
    y = x * 2.0
    m = x < 0
    y[m] = x[m] ** 2
    return np.sum(y * x)


@case(lambda: (w(6),))
def mask_aug(x):
    y = x * 2.0
    y[x < 0] *= -1.0
    y[x > 0.5] += x[0]
    y[y > 1.0] **= 2
    return np.sum(y * y)


@case(lambda: (w(6),))
def mask_from_written(x):
    x[x < 0] = -x[x < 0]
    x[x > 0.8] = 0.8
    return np.sum(x * x)


@case(lambda: (w(2, 3),))
def mask_2d(x):
    y = x * 1.0
    y[y < 0] = 0.5 * y[y < 0]
    y[:, x[0] > 0] *= 2.0
    return np.sum(y * x)


@case(lambda: (w(6),))
def mask_empty(x):
    y = x * 1.0
    y[x > 100.0] = x[0]
    y[x > 100.0] *= 3.0
    return np.sum(y * y)


@case(lambda: (v(5),))
def gather_repeated(x):
    idx = np.array([0, 2, 2, 0, 4])
    return np.sum(x[idx] ** 2 * np.arange(5.0))


@case(lambda: (v(5),), "refused: ADG101")
def fancy_aug_repeated(x):
    y = x * 1.0
    y[np.array([0, 2, 2])] += x[1]
    return np.sum(y * y)


@case(lambda: (v(5),))
def fancy_store_constant(x):
    y = x * 1.0
    y[[0, 2, 2]] = 1.5
    return np.sum(y * y * x)


@case(lambda: (v(5),), "refused: ADG101")
def fancy_store_repeated(x):
    y = x * 1.0
    y[[0, 2, 2]] = x[:3] * 2.0
    return np.sum(y * y)


@case(lambda: (v(5), np.array([0, 3, 1])), "refused: ADG101")
def fancy_store_param_index(x, idx):
    y = x * 1.0
    y[idx] = x[:3] * x[2:]
    return np.sum(y * y)


@case(lambda: (v(5), np.array([0, 3, 3])))
def add_at(x, idx):
    y = x * 1.0
    np.add.at(y, idx, x[:3])
    return np.sum(y * y)


@case(lambda: (v(3, 4),))
def element_of_row(x):
    x[1][2] = x[0][0] * 2.0
    x[2][1:3][0] *= 3.0
    return np.sum(x * x)


@case(lambda: (v(3, 4),))
def transposed_row(x):
    y = x * 1.0
    y.T[1] = x[:, 0] * x[:, 3]
    y.T[0, 1] += x[2, 2]
    return np.sum(y * y)


@case(lambda: (v(2, 3, 2),))
def ellipsis_store(x):
    y = x * 1.0
    y[..., 0] = x[..., 1] * 2.0
    y[0, ...] *= x[1]
    y[...] += 1.0
    return np.sum(y * y)


@case(lambda: (v(4),))
def newaxis_store(x):
    y = np.zeros((4, 2))
    y[:, 0] = x
    y[:, 1:] = x[:, None] * 2.0
    y[None, :, 0] *= x
    return np.sum(y * y)


@case(lambda: (v(4),))
def broadcast_store(x):
    y = np.ones((3, 4))
    y[:] = x
    y[1:] = x[0]
    y[:, 2] = x[1:]
    return np.sum(y * y)


@case(lambda: (v(4),))
def store_into_unit_axis(x):
    y = np.ones((1, 4))
    y[0] = x
    y *= x[:, None].T
    return np.sum(y * y)


@case(lambda: (v(1),))
def store_size_one_into_scalar_place(x):
    y = np.zeros(3)
    y[1] = x[0] ** 2
    y[2:] = x
    return np.sum(y * y)


@case(lambda: (v(4), 2))
def dynamic_index_store(x, k):
    y = x * 1.0
    y[k] = x[k - 1] * x[k]
    y[k:] *= 2.0
    y[:k] = x[k]
    return np.sum(y * y)


@case(lambda: (v(4),))
def argmax_index_store(x):
    y = x * 1.0
    k = np.argmax(x)
    y[k] = 0.5 * y[k]
    return np.sum(y * y)


@case(lambda: (v(4),))
def accumulate_into_element(x):
    y = np.zeros(2)
    for i in range(4):
        y[i % 2] += x[i] ** 2
        y[0] *= 1.1
    return y[0] * y[1]


@case(lambda: (v(4),))
def int_array_truncates(x):
    y = np.zeros(4, dtype=int)
    y[:] = x * 10.0
    return np.sum(y * x)


@case(lambda: (v(4).astype(np.float32), v(4)))
def float32_stores_float64(x, y):
    x[:] = y
    x *= y[0]
    return np.sum(x * x)


@case(lambda: (v(4),), rtol=1e-4)
def float32_buffer(x):
    y = np.zeros(4, dtype=np.float32)
    y[:2] = x[:2] * x[2:]
    return float(np.sum(y)) * x[0]


@case(lambda: (v(4),))
def fill_then_write(x):
    y = np.empty(4)
    y.fill(x[0])
    y[1] = x[2]
    return np.sum(y * x)


@case(lambda: (v(4),))
def empty_like_written(x):
    y = np.empty_like(x)
    for i in range(4):
        y[i] = x[i] * x[3 - i]
    return np.sum(y**2)


@case(lambda: (v(4),))
def full_like_written(x):
    y = np.full_like(x, x[1])
    y[2:] *= x[:2]
    return np.sum(y**2)


@case(lambda: (v(4),), "refused: ADG101")
def out_keyword(x):
    y = np.empty(4)
    np.multiply(x, x, out=y)
    return np.sum(y)


@case(lambda: (v(4),), "refused: ADG101")
def copyto(x):
    y = np.empty(4)
    np.copyto(y, x * x)
    return np.sum(y)


@case(lambda: (v(4),))
def store_none_step(x):
    y = x * 1.0
    y[None:None:None] = x * 2.0
    y[slice(1, 3)] = x[slice(0, 2)]
    return np.sum(y * y)


@case(lambda: (v(4),))
def overwritten_unused(x):
    y = x * 1.0
    y[0] = np.exp(x[1])
    y[0] = x[2]
    y[:] = 3.0
    y[1] = x[1] ** 3
    return np.sum(y)


@case(lambda: (v(4),))
def write_constant_then_read(x):
    x[1] = 0.0
    x[2:] = 1.0
    return np.sum(x * x)


@case(lambda: (v(3, 3),))
def triangular_solve(a):
    y = np.zeros(3)
    for i in range(3):
        s = 1.0
        for j in range(i):
            s -= a[i, j] * y[j]
        y[i] = s / a[i, i]
    return np.sum(y * y)


@case(lambda: (v(3, 3) + 3.0 * np.eye(3),))
def gauss_eliminate(a):
    a = a.copy()
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            m = a[i, k] / a[k, k]
            a[i, k:] -= m * a[k, k:]
    d = 1.0
    for k in range(n):
        d *= a[k, k]
    return d


@case(lambda: (v(3, 3) + 3.0 * np.eye(3),))
def cholesky_inplace(a):
    a = 0.5 * (a + a.T)
    n = a.shape[0]
    for j in range(n):
        a[j, j] = np.sqrt(a[j, j] - np.sum(a[j, :j] ** 2))
        for i in range(j + 1, n):
            a[i, j] = (a[i, j] - np.dot(a[i, :j], a[j, :j])) / a[j, j]
            a[j, i] = 0.0
    return np.sum(a)


@case(lambda: (v(6),))
def prefix_sum(x):
    for i in range(1, len(x)):
        x[i] += x[i - 1]
    return np.sum(x * x)


@case(lambda: (v(6),))
def gauss_seidel(x):
    for _ in range(3):
        for i in range(1, 5):
            x[i] = 0.5 * (x[i - 1] + x[i + 1]) * x[i]
    return np.sum(x)


@case(lambda: (v(4),))
def augmented_on_call_result(x):
    y = x * 1.0
    y[int(np.argmin(x)) + 1] += 2.0 * x[0]
    return np.sum(y * y)


@case(lambda: (v(4),))
def index_evaluated_once(x):
    y = x * 1.0
    calls = []

    def place():
        calls.append(1)
        return len(calls)

    y[place()] += x[0]
    y[place()] *= x[0]
    return np.sum(y * y)


@case(lambda: (v(4),))
def ixor_like_on_bools(x):
    m = x > 0.5
    m ^= x > 0.8
    return np.sum(x[m] ** 2)


@case(lambda: (v(2, 2),))
def imatmul(x):
    y = x * 1.0
    y @= x
    return np.sum(y)


@case(lambda: (v(4),))
def aug_broadcast_rows(x):
    y = np.outer(x, x)
    y += x
    y *= x[:, None]
    y -= y[0]
    return np.sum(y * y)


@case(lambda: (v(4),))
def aug_with_own_sum(x):
    x -= x.mean()
    x /= np.sqrt(np.sum(x * x))
    return np.sum(x**3)


@case(lambda: (v(4),))
def scalar_aug_is_rebinding(x):
    s = x[0]
    t = s
    s *= 3.0
    s += x[1]
    return s * t


@case(lambda: (v(4),))
def element_extracted_before_write(x):
    y = x * 1.0
    s = y[0]
    y[0] = 5.0 * x[1]
    return s * y[0]


@case(lambda: (v(3),))
def list_element_inplace(x):
    items = [x * 1.0, x * 2.0]
    items[0] *= items[1]
    items[1][0] -= items[0][2]
    return np.sum(items[0]) * np.sum(items[1])


@case(lambda: (v(3),))
def dict_scalar_inplace(x):
    d = {"s": x[0], "t": 1.0}
    d["s"] *= x[1]
    d["t"] += d["s"]
    return d["s"] * d["t"]


@case(lambda: (v(2, 3, 4),))
def deep_places(x):
    y = x * 1.0
    y[1][0][2] = x[0, 1, 3]
    y[0][:, 1][1] *= 4.0
    y[:, 1][0, 2] += x[1, 1, 1]
    y[1].T[3, 1] /= x[0, 0, 0]
    return np.sum(y * y)


@case(lambda: (v(4),))
def swapaxes_store(x):
    y = np.outer(x, x + 2.0)
    np.swapaxes(y, 0, 1)[1] *= 2.0
    y.swapaxes(0, 1)[0, :2] = x[2:]
    return np.sum(y * y)


@case(lambda: (v(4),))
def delete_after_use(x):
    y = x * 2.0
    z = y
    del y
    z[0] = x[1]
    return np.sum(z * z)
