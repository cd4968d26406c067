"""Functions and methods that write their arguments, and views that are written through."""

from __future__ import annotations

import numpy as np

from tests.language.table import program, refused


@program
def outk(x):
    y = np.empty_like(x)
    np.multiply(x, x, out=y)
    return y.sum()


@program
def outk2(x):
    y = np.zeros(3)
    np.add(y, x, out=y)
    np.exp(y, y)
    return y.sum()


@program
def outself(x):
    y = x.copy()
    np.multiply(y, y, out=y)
    np.multiply(y, x, out=y)
    return y.sum()


@program
def outslice(x):
    y = np.zeros((2, 3))
    np.sin(x, out=y[1])
    return (y**2).sum()


@program
def outdot(x):
    A = np.arange(9.0).reshape(3, 3)
    y = np.zeros(3)
    np.dot(A, x, out=y)
    return (y * y).sum()


@program
def outmm(x):
    A = np.outer(x, x)
    B = np.zeros((3, 3))
    np.matmul(A, A, out=B)
    return B[0].sum()


@program
def outsum(x):
    A = np.outer(x, x)
    s = np.zeros(3)
    np.sum(A, axis=0, out=s)
    return (s * x).sum()


@program
def outcum(x):
    s = np.zeros(3)
    x.cumsum(out=s)
    return (s * s).sum()


@program
def outclip(x):
    y = x * 1.0
    np.clip(y, 1.0, 2.0, out=y)
    return (y * x).sum()


@program
def outret(x):
    y = np.zeros(3)
    z = np.multiply(x, 2, out=y)
    z += 1
    return (y * y).sum()


@program
def outtuple(x):
    y = np.zeros(3)
    np.sqrt(x, out=(y,))
    return y.sum()


@program
def outnone(x):
    return np.sqrt(x, out=None).sum()


@program
def wherek(x):
    y = np.zeros(3)
    np.multiply(x, x, out=y, where=x > 1)
    return y.sum()


@program
def wherediv(x):
    a = x - 1.3
    y = np.ones(3)
    np.divide(x, a, out=y, where=a != 0)
    return y[0] * y[2] + x[1]


@program
def copyto(x):
    y = np.zeros(3)
    np.copyto(y, x * x)
    return (y * y).sum()


@program
def copyto2(x):
    y = x * 2
    np.copyto(y, 0.0, where=x > 1)
    return (y * y).sum()


@program
def copytob(x):
    y = np.zeros((2, 3))
    np.copyto(y, x)
    return (y * y).sum()


@program
def sortin(x):
    y = -x
    y.sort()
    return y @ np.array([1.0, 2, 3])


@program
def sortax(x):
    A = np.outer(x, -x)
    A.sort(axis=0)
    return (A[0] * x).sum()


@program
def filld(x):
    A = np.zeros((3, 3))
    np.fill_diagonal(A, x)
    return (A @ A).sum()


@program
def filld2(x):
    A = np.outer(x, x)
    np.fill_diagonal(A, 0.0)
    return (A @ x).sum()


@program
def put(x):
    y = np.zeros(4)
    np.put(y, [0, 2], x[:2])
    return (y * y).sum()


@program
def putm(x):
    y = x * x
    np.putmask(y, y > 1.5, 0.0)
    return y.sum()


@program
def plc(x):
    y = x * x
    np.place(y, y > 1.5, x[0])
    return y.sum()


@program
def rav(x):
    A = np.zeros((2, 3))
    r = A.ravel()
    r[1:4] = x
    return (A * A).sum() + A[0, 1]


@program
def rav2(x):
    A = np.zeros((2, 3))
    r = A.ravel()
    r[1:4] = x
    r *= 2
    A[0] += x
    return (r * r).sum()


@program
def resh(x):
    A = np.zeros((2, 3))
    A.reshape(3, 2)[:, 0] = x
    return (A[0] * A[0]).sum() + A[1, 1]


@program
def resh2(x):
    A = np.zeros(6)
    B = A.reshape(2, 3)
    for i in range(2):
        B[i] = x * (i + 1)
    B[1] *= x
    return (A**2).sum()


@program
def resh3(x):
    A = np.outer(x, x)
    A.reshape(-1)[::4] += 1.0
    return np.linalg.det(A)


@program
def rshT(x):
    A = np.zeros((2, 3))
    A.reshape(3, 2).T[0] = x
    return (A[0] * A[0]).sum()


@program
def asarr(x):
    y = x * 2
    z = np.asarray(y)
    z[0] = 5.0
    return (y * y).sum()


@program
def asarr2(x):
    y = np.asarray(x, dtype=float)
    return (y * y).sum()


@program
def outloop(x):
    y = np.zeros(3)
    t = np.empty(3)
    for i in range(4):
        np.sin(x + y, out=t)
        np.add(y, t, out=y)
    return y.sum()


@program
def wherenp(x):
    return np.add(x, x, where=x > 1, out=x.copy()).sum()


def wherenoout(x):
    return np.add(x, x, where=x > 1).sum()


@refused("in place (copy=False)")
def nan2(x):
    y = x * 2
    np.nan_to_num(y, copy=False)
    return y.sum()


@program
def addat2(x):
    A = np.zeros((2, 2))
    np.add.at(A, ([0, 1, 0], [1, 1, 1]), x)
    return (A * A).sum()


@program
def diagv(x):
    A = np.outer(x, x)
    d = np.diagonal(A)
    return (d * x).sum()


@refused("may share memory")
def einv(x):
    A = np.zeros((3, 3))
    np.einsum("ii->i", A)[:] = x
    return (A @ A).sum()
