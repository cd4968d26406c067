def quicksort_fwd(a, lo, hi):
    t = lo >= hi
    if t:
        i = i_saved = saved = saved_1 = saved_2 = None
    else:
        i = lo
        i_saved = []
        saved = []
        for j in range(lo, hi):
            i_saved.append(i)
            t1 = a[j]
            t2 = t1 < a[hi]
            saved.append(t2)
            if t2:
                t2 = a[i]
                a[i] = t1
                a[j] = t2
                i += 1
        t1 = a[i]
        a[i] = a[hi]
        a[hi] = t1
        a, saved_1 = quicksort_fwd(a, lo, i - 1)
        a, saved_2 = quicksort_fwd(a, i + 1, hi)
    return a, (lo, hi, t, i, i_saved, saved, saved_1, saved_2)


def quicksort_bwd(saved, d_a):
    lo, hi, at, i, i_saved, saved_1, saved_2, saved = saved
    if not at:
        # quicksort(a, i + 1, hi)
        d_a = quicksort_bwd(saved, d_a)
        # quicksort(a, lo, i - 1)
        d_a = quicksort_bwd(saved_2, d_a)
        # a[i], a[hi] = a[hi], a[i]
        t = d_a[hi]
        d_a[hi] = 0.0
        t1 = d_a[i]
        d_a[i] = t
        d_a[hi] += t1
        for j, i, t in zip(range(hi - 1, lo - 1, -1), reversed(i_saved), reversed(saved_1)):
            if t:
                # a[i], a[j] = a[j], a[i]
                t = d_a[j]
                d_a[j] = 0.0
                t1 = d_a[i]
                d_a[i] = t
            else:
                t1 = 0.0
            # if a[j] < a[hi]:
            d_a[j] += t1
    return d_a


def weighted_grad(x, w):
    y = x * x
    y, saved = quicksort_fwd(y, 0, len(y) - 1)
    # quicksort(y, 0, len(y) - 1)
    d_y = quicksort_bwd(saved, w.copy())
    # y = x * x
    d_x = 2.0 * (d_y * x)
    return d_x, y
