#!/usr/bin/env python3
"""Print services/cmaes/tests/reference.inc: what the library cmaes 0.13.1 (pip install cmaes numpy) makes of given normals and categories.

CMA: three coordinates, six individuals, three generations. CMAwM: two continuous coordinates and two grids. CatCMAwM: categories alone.
The first generation's normals are C^(-1/2) y whatever the signs of eigenvectors; later generations are told as the y that the library made of them."""
import cmaes
import numpy as np

GENERATIONS = 3


class Fed:
    """A generator that hands out the numbers it was given."""

    def __init__(self, numbers):
        self.numbers = list(numbers)

    def randn(self, *shape):
        size = int(np.prod(shape))
        taken, self.numbers = self.numbers[:size], self.numbers[size:]
        return np.array(taken).reshape(shape)


def table(name, values):
    body = ", ".join(f"{float(v):.17g}" for v in np.ravel(values))
    print(f"static const double {name}[] = {{{body}}};")


def ellipsoid(x):
    return sum(10.0**j * (v - 0.3) ** 2 for j, v in enumerate(x))


def gaussian(name, optimizer, inner, encoded, n, normals):
    inner._rng = Fed(normals.ravel())
    states, shaped = [], []
    for _ in range(GENERATIONS):
        asked = [optimizer.ask() for _ in range(optimizer.population_size)]
        shaped += [((a[1] if encoded else a) - inner._mean) / inner._sigma for a in asked]
        optimizer.tell([(a[1], ellipsoid(a[0])) if encoded else (a, ellipsoid(a)) for a in asked])
        inner._eigen_decomposition()
        scale = optimizer._A if encoded else np.ones(n)
        states.append(np.concatenate([inner._mean, scale, [inner._sigma], inner._p_sigma, inner._pc, inner._C.ravel()]))
    table(f"{name}_NORMALS", normals[0])
    table(f"{name}_SHAPED", shaped)
    table(f"{name}_STATES", states)


def continuous():
    normals = np.random.RandomState(1).randn(GENERATIONS, 6, 3)
    cma = cmaes.CMA(mean=np.array([0.5, 0.5, 0.5]), sigma=0.2, population_size=6)
    gaussian("CMA", cma, cma, False, 3, normals)


def grids():
    n, low, high, levels = 4, 0.0, 1.0, (3, 11)
    normals = np.random.RandomState(2).randn(GENERATIONS, 6, n)
    steps = np.array([0, 0] + [1 / k for k in levels])
    bounds = np.array([[-9, 9], [-9, 9]] + [[low + 0.5 / k, high - 0.5 / k] for k in levels])
    cma = cmaes.CMAwM(mean=np.full(n, 0.5), sigma=0.2, bounds=bounds, steps=steps, population_size=6)
    gaussian("MARGIN", cma, cma._cma, True, n, normals)


def categories():
    """Rows of two distributions of 3 and 5 categories, ranked as they stand."""
    sizes, lam = [3, 5], 6
    random = np.random.RandomState(3)
    cma = cmaes.CatCMAwM(c_space=sizes, population_size=lam)
    rows, states = [], []
    for _ in range(GENERATIONS):
        generation = [[random.randint(k) for k in sizes] for _ in range(lam)]
        told = []
        for rank, row in enumerate(generation):
            hot = np.zeros((len(sizes), max(sizes)), dtype=bool)
            hot[np.arange(len(sizes)), row] = True
            told.append((cmaes.CatCMAwM.Solution(c=hot), float(rank)))
        cma.tell(told)
        rows.append(generation)
        states.append(np.concatenate([cma._q[i, :k] for i, k in enumerate(sizes)]))
    table("CATEGORY_ROWS", rows)
    table("CATEGORY_STATES", states)


print("/* Made by tests/reference/cmaes_tables.py with cmaes %s. */" % cmaes.__version__)
continuous()
grids()
categories()
