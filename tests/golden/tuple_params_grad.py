from tests.golden.tuple_params import Pair
from tests.golden.tuple_params import Spring


def energy_grad(point, pair, spring):
    x, y = point
    stretch = x * pair.first + y * pair.second - spring.length
    # return 0.5 * spring.stiffness * stretch**2, stretch
    d_stretch = 1.0 + 2.0 * (0.5 * spring.stiffness * stretch)
    # stretch = x * pair.first + y * pair.second - spring.length
    t = -d_stretch
    d_y = d_stretch * pair.second
    d_x = d_stretch * pair.first
    t1 = Spring(stiffness=0.5 * stretch ** 2, length=t)
    return (d_x, d_y), Pair(first=d_stretch * x, second=d_stretch * y), t1
