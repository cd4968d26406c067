"""Lists that hold one object twice, and names that stand for items whose list changes."""

from __future__ import annotations

from tests.language.table import program, refused


def mk(x, n=3):
    return [[x[i] * (j + 1.0) for j in range(n)] for i in range(n)]


@refused("replaced or moved")
def a1(x):
    M = mk(x, len(x))
    r = M[0]
    M[0] = [1.0, 2.0, 3.0]
    r[0] = 5.0 * x[0]
    return M[0][0] + r[0] * x[1]


@refused("replaced or moved")
def a2(x):
    M = mk(x, len(x))
    M[1] = M[0]
    M[1][0] = x[2] ** 2
    return M[0][0] * x[0]


@program
def a3(x):
    M = mk(x, len(x))
    r = M[1]
    r[2] = x[0] ** 2
    s = M[1][2]
    r = r + [1.0]
    r[2] = 0.0
    return s + M[1][2]


@program
def a4(x):
    M = mk(x, len(x))
    for i in range(len(x)):
        for j in range(len(x)):
            if i != j:
                M[i][j] += M[j][i] * 0.5
    return sum(sum(r) for r in M)


@program
def a5(x):
    L = []
    row = [x[0]]
    for i in range(3):
        L.append(row)
    L[0][0] = x[1] ** 2
    return L[2][0] + L[1][0]


@refused("replaced or moved")
def a6(x):
    M = mk(x, len(x))
    M.append([x[0], x[1], x[2]])
    last = M[-1]
    M.append([1.0, 1.0, 1.0])
    last[0] = x[1] ** 2
    return M[-2][0] * M[-1][0] + M[3][0]


@program
def a7(x):
    M = mk(x, len(x))

    def f(r):
        r[0] = r[1] * x[0]

    for r in M:
        f(r)
    return sum(r[0] for r in M)


@refused("may share memory")
def a8(x):
    M = mk(x, len(x))
    N = M
    N[0][0] = x[0] ** 3
    K = M[:]
    K[1][1] = x[1] ** 2
    return M[0][0] + M[1][1]


@refused("may share memory")
def a9(x):
    M = mk(x, len(x))
    D = {"r": M[0]}
    M[0][1] = x[2] ** 2
    return D["r"][1]


@program
def a10(x):
    M = [[[x[0], x[1]], [x[2], 1.0]] for _ in range(len(x))]
    for i in range(len(x)):
        M[i][0][1] *= M[i][1][0]
    return sum(m[0][1] for m in M)


@program
def a11(x):
    M = mk(x, len(x))
    k = M.pop()
    k[0] = x[1] ** 2
    M[0][0] += k[0]
    return M[0][0] * len(M)


@refused("replaced or moved")
def a12(x):
    L = [x * i for i in range(len(x))]
    v = L[1]
    v[0] = 5.0
    L[1][1] *= x[2]
    L[2] = L[1]
    L[2][2] = 7.0 * x[0]
    return (L[1] * x).sum()


@refused("may share memory")
def a13(x):
    L = [x * 1.0 for _ in range(len(x))]
    y = x * 2
    L[0] = y
    y[0] = x[1] ** 2
    return L[0][0] + L[1][0]


@program
def a14(x):
    M = mk(x, len(x))
    i = 0
    while i < len(x) - 1:
        M[i], M[i + 1] = M[i + 1], M[i]
        i += 1
    return M[0][1] * M[2][0]


@refused("may share memory")
def a15(x):
    M = mk(x, len(x))
    rows = [M[i] for i in range(len(x))]
    rows[0][0] = x[2] ** 2
    return M[0][0]


@program
def a16(x):
    M = mk(x, len(x))
    T = [[M[j][i] for j in range(len(x))] for i in range(len(x))]
    T[0][1] = 9.0 * x[0]
    return M[1][0] + T[0][1]


@program
def a17(x):
    acc = [[0.0] * 2 for _ in range(len(x))]
    for i, v in enumerate(x):
        r = acc[i]
        r[0] += v
        r[1] = r[0] * v
        if i > 0:
            acc[i - 1][1] += r[1]
    return sum(a[1] for a in acc)


@program
def a18(x):
    L = [[] for _ in range(len(x))]
    for i in range(len(x)):
        for j in range(i + 1):
            L[i].append(x[j] * i)
    L[2][0] *= x[0]
    return sum(sum(l) for l in L)


@refused("may share memory")  # prev is the last item, and which one is written is a number
def a19(x):
    prev = [x[0], x[1]]
    H = []
    for i in range(len(x)):
        prev = [prev[0] * x[i], prev[1] + 1.0]
        H.append(prev)
    H[0][1] = x[2] ** 2
    return H[0][1] + H[2][0] + prev[1]


@refused("may share memory")
def a20(x):
    row = [x[0], x[1]]
    H = [row]
    for i in range(len(x)):
        H.append(row)
        row[0] = row[0] * x[i]
    return sum(h[0] for h in H)


@refused("replaced or moved")
def row_before_an_insertion(x):
    rows = [[v, v * 2.0] for v in x]
    row = rows[1]
    rows.insert(0, [x[0], 1.0])
    row[0] = 5.0
    return sum(r[0] * x[0] for r in rows)


@refused("replaced or moved")
def row_before_a_deletion(x):
    rows = [[v, v * 2.0] for v in x]
    row = rows[2]
    del rows[0]
    row[0] = 5.0
    return sum(r[0] * x[0] for r in rows)


@refused("replaced or moved")
def row_that_was_popped(x):
    rows = [[v, v * 2.0] for v in x]
    row = rows[2]
    rows.pop()
    rows.append([x[1], x[0]])
    row[0] = 5.0
    return sum(r[0] * x[0] for r in rows)


@refused("replaced or moved")
def row_before_a_reversal(x):
    rows = [[v, v * 2.0] for v in x]
    row = rows[0]
    rows.reverse()
    row[0] = 5.0
    return rows[0][0] * x[0]


@refused("replaced or moved")
def entry_of_a_cleared_dict(x):
    table = {}
    for v in x:
        table[int(v)] = [v]
    row = table[0]
    table.clear()
    row.append(x[1])
    return sum(row)


@program
def row_before_an_append(x):
    rows = [[v, v * 2.0] for v in x]
    row = rows[1]
    rows.append([x[0], 1.0])
    row[0] = x[2] * 2.0
    return sum(r[0] * x[0] for r in rows)
