def moments_grad(x):
    mean = x.mean()
    centred = x - mean
    # return mean, centred**2, {"third": np.sum(centred**3)}
    d_centred = 3 * centred ** 2
    d_centred += 2.0 * centred
    # centred = x - mean
    d_mean = 1.0 - d_centred.sum()
    # mean = np.mean(x)
    d_x = d_centred + d_mean / x.size
    return d_x
