import math


def refine_fwd(a, b, tol):
    t = a + b
    m = 0.5 * t
    t1 = b - a
    t2 = math.exp(-m * m)
    area = t1 * t2
    t3 = t1 < tol
    if t3:
        saved = saved_1 = None
    else:
        t4, saved = refine_fwd(a, m, tol)
        t5, saved_1 = refine_fwd(m, b, tol)
        area = t4 + t5
    return area, (t, t1, t2, t3, saved, saved_1)


def refine_bwd(saved, d_out):
    t, t_1, t_2, at, saved_1, saved = saved
    if at:
        d_area = d_out
        d_m = 0.0
        d_b = 0.0
        d_a = 0.0
    else:
        # return refine(a, m, tol) + refine(m, b, tol)
        d_m, d_b = refine_bwd(saved, d_out)
        t2 = refine_bwd(saved_1, d_out)
        d_a = t2[0]
        d_m += t2[1]
        d_area = 0.0
    # area = (b - a) * math.exp(-m * m)
    t1 = d_area * t_2
    t3 = 0.5 * (d_area * t_1 * t_2 * t)
    d_m -= t3
    d_m -= t3
    d_b += t1
    d_a -= t1
    # m = 0.5 * (a + b)
    t1 = 0.5 * d_m
    d_a += t1
    d_b += t1
    return d_a, d_b


def refine_grad(a, b, tol):
    saved = refine_fwd(a, b, tol)[1]
    d_a, d_b = refine_bwd(saved, 1.0)
    return d_a, d_b
