"""Lists of lists and lists of arrays, written through their items."""

from __future__ import annotations

import numpy as np

from tests.language.table import program


@program
def dp1(x):
    n = len(x)
    dp = [[0.0] * (n + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            dp[i][j] = min(dp[i - 1][j], dp[i][j - 1] * 1.1) + (x[i - 1] - 1.5 * x[j - 1]) ** 2
    return dp[n][n]


@program
def mm(x):
    A = [[x[0], x[1]], [x[2], 1.0]]
    B = [[0.0, 0.0], [0.0, 0.0]]
    for i in range(2):
        for j in range(2):
            for k in range(2):
                B[i][j] += A[i][k] * A[k][j]
    return B[0][1] * B[1][0]


@program
def mmn(x):
    n = len(x)
    A = [[x[i] * x[j] + i for j in range(n)] for i in range(n)]
    B = [[sum(A[i][k] * A[k][j] for k in range(n)) for j in range(n)] for i in range(n)]
    return B[0][1] * B[1][0]


@program
def gauss(x):
    n = len(x)
    M = [[x[i] * x[j] + (3.0 if i == j else 0.0) for j in range(n)] for i in range(n)]
    b = [x[i] for i in range(n)]
    for i in range(n):
        for j in range(i + 1, n):
            f = M[j][i] / M[i][i]
            for k in range(i, n):
                M[j][k] -= f * M[i][k]
            b[j] -= f * b[i]
    y = [0.0] * n
    for i in range(n - 1, -1, -1):
        y[i] = (b[i] - sum(M[i][j] * y[j] for j in range(i + 1, n))) / M[i][i]
    return sum(y)


@program
def fw(x):
    n = len(x)
    d = [[abs(x[i] - x[j]) + 0.1 * i for j in range(n)] for i in range(n)]
    for k in range(n):
        for i in range(n):
            for j in range(n):
                d[i][j] = min(d[i][j], d[i][k] + d[k][j])
    return sum(sum(r) for r in d)


@program
def pascal(x):
    rows = [[x[0]]]
    for i in range(4):
        last = rows[-1]
        new = [x[1]]
        for j in range(len(last) - 1):
            new.append(last[j] + last[j + 1])
        new.append(x[2])
        rows.append(new)
    return rows[-1][2]


@program
def rowsw(x):
    M = [[x[0], x[1]], [x[2], 1.0]]
    M[0], M[1] = M[1], M[0]
    M[0][1] *= x[0]
    return M[0][0] * M[1][1] + M[0][1]


@program
def listarr(x):
    L = [np.zeros(3) for _ in range(3)]
    for i in range(3):
        L[i][:] = x * i
        L[i][0] += 1
    return sum((a * a).sum() for a in L)


@program
def listarr2(x):
    L = [x * i for i in range(3)]
    for i in range(1, 3):
        L[i] += L[i - 1]
    return (L[2] * L[1]).sum()


@program
def grid(x):
    g = [[x[(i + j) % 3] for j in range(4)] for i in range(4)]
    for t in range(2):
        h = [row[:] for row in g]
        for i in range(1, 3):
            for j in range(1, 3):
                h[i][j] = 0.25 * (g[i - 1][j] + g[i + 1][j] + g[i][j - 1] + g[i][j + 1])
        g = h
    return g[1][1] * g[2][2]


@program
def buckets(x):
    b = [[] for _ in range(2)]
    for i, v in enumerate(x):
        b[i % 2].append(v * v)
    return sum(b[0]) * sum(b[1])


@program
def rowname(x):
    M = [[0.0] * 3 for _ in range(3)]
    for i in range(3):
        row = M[i]
        for j in range(3):
            row[j] = x[i] * x[j]
    return M[1][2] * M[0][0]
