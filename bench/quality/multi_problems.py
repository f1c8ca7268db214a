"""Problems with several objectives, with constraints, and with costs, all from the literature.

A problem returns objectives (smaller is better), constraints (met where <= 0) and a cost in seconds. Fronts are known in closed form
where `best` is a number; where it is None the best hypervolume is that of all points of the compared runs together.
"""
import functools
import math
import os
from dataclasses import dataclass
from typing import Callable

import numpy as np


@dataclass
class Problem:
    name: str
    kind: str  # objectives, constraints, further_constraints or cost
    bounds: list  # (low, high), or (low, high, "int") or (low, high, "log")
    f: Callable  # x -> (objectives, constraints, cost)
    n_objectives: int = 1
    n_constraints: int = 0
    reference: tuple = ()  # objectives: what a hypervolume is measured from
    best: float = None  # objectives: the hypervolume of the whole front; else: the optimum
    worst: float = None  # constraints: the regret while nothing is feasible
    direction: str = "minimize"

    def __post_init__(self):
        self.params = []
        for j, (low, high, *how) in enumerate(self.bounds):
            whole = how == ["int"]
            self.params.append({"name": f"x{j}", "type": "int" if whole else "double", "min": low, "max": high, "dist": "log" if how == ["log"] else "uniform"})

    def values(self, assignment):
        return self.f(np.array([assignment[p["name"]] for p in self.params], float))


def hypervolume(points, reference):
    """Exact, by slices along the last objective."""
    points = np.unique(np.array([p for p in points if all(np.array(p) < reference)], float).reshape(-1, len(reference)), axis=0)
    if len(points) == 0:
        return 0.0
    if len(reference) == 1:
        return float(reference[0] - points[:, 0].min())
    if len(reference) == 2:
        total, lowest = 0.0, reference[1]
        for x, y in points:  # np.unique sorted them
            if y < lowest:
                total += (reference[0] - x) * (lowest - y)
                lowest = y
        return float(total)
    points = points[np.argsort(points[:, -1])]
    edges = np.append(points[:, -1], reference[-1])
    return float(sum((edges[i + 1] - edges[i]) * hypervolume(points[: i + 1, :-1], reference[:-1]) for i in range(len(points)) if edges[i + 1] > edges[i]))


# ---- several objectives ----

def zdt1(x):
    g = 1 + 9 * x[1:].mean()
    return x[0], g * (1 - math.sqrt(x[0] / g))


def zdt2(x):
    g = 1 + 9 * x[1:].mean()
    return x[0], g * (1 - (x[0] / g) ** 2)


def zdt3(x):
    g = 1 + 9 * x[1:].mean()
    h = x[0] / g
    return x[0], g * (1 - math.sqrt(h) - h * math.sin(10 * math.pi * x[0]))


def dtlz2(x):
    r = 1 + ((x[2:] - 0.5) ** 2).sum()
    a, b = x[:2] * math.pi / 2
    return r * math.cos(a) * math.cos(b), r * math.cos(a) * math.sin(b), r * math.sin(a)


def dtlz7(x):
    g = 1 + 9 * x[2:].mean()
    return x[0], x[1], (1 + g) * (3 - sum(v / (1 + g) * (1 + math.sin(3 * math.pi * v)) for v in x[:2]))


def vlmop2(x):
    c = 1 / math.sqrt(2)
    return 1 - math.exp(-((x - c) ** 2).sum()), 1 - math.exp(-((x + c) ** 2).sum())


def branin(u, v):
    return (v - 5.1 / (4 * math.pi**2) * u**2 + 5 / math.pi * u - 6) ** 2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(u) + 10


def branin_currin(x):
    a, b = x
    currin = (1 - math.exp(-1 / (2 * b)) if b > 0 else 1) * (2300 * a**3 + 1900 * a**2 + 2092 * a + 60) / (100 * a**3 + 500 * a**2 + 4 * a + 20)
    return branin(15 * a - 5, 15 * b), currin


def front_of(f, xs, reference):
    return hypervolume([f(x) for x in xs], reference)


def zdt_front(f, d, reference):
    return front_of(f, [np.append(a, np.zeros(d - 1)) for a in np.linspace(0, 1, 20001)], reference)


@functools.cache
def digits():
    from sklearn.datasets import load_digits
    x, y = load_digits(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return x[order] / 16, y[order]


def forest(x):
    """Error of a forest on handwritten digits against its nodes: (trees, depth, features, leaf)."""
    from sklearn.ensemble import RandomForestClassifier
    data, y = digits()
    model = RandomForestClassifier(n_estimators=int(x[0]), max_depth=int(x[1]), max_features=float(x[2]), min_samples_leaf=int(x[3]), random_state=0).fit(data[:900], y[:900])
    return 1 - model.score(data[900:], y[900:]), math.log10(sum(t.tree_.node_count for t in model.estimators_))


def perceptron(x):
    """Error of a perceptron on handwritten digits against the multiplications of its training: (units, rate, decay, epochs)."""
    import warnings
    from sklearn.neural_network import MLPClassifier
    data, y = digits()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = MLPClassifier((int(x[0]),), learning_rate_init=float(x[1]), alpha=float(x[2]), max_iter=int(x[3]), random_state=0, n_iter_no_change=1000).fit(data[:900], y[:900])
    return 1 - model.score(data[900:], y[900:]), math.log10(3 * 900.0 * int(x[3]) * int(x[0]) * 74)


def several(name, bounds, f, reference, best):
    return Problem(name, "objectives", bounds, lambda x: (list(f(x)), [], 1.0), n_objectives=len(reference), reference=reference, best=best)


UNIT = (0.0, 1.0)
SPHERE = 1.1**3 - math.pi / 6  # DTLZ2: the octant of the ball is not reached


def dtlz7_front():
    """f3 = 6 - h(f1) - h(f2) on the front: what is dominated is the integral of 7 - f3 with h's running maximum."""
    t = np.linspace(0, 1, 200001)
    h = np.maximum.accumulate(t * (1 + np.sin(3 * math.pi * t)))
    return 1.21 + 2.2 * (h.mean() + 0.1 * h[-1])


def objectives():
    line = [np.array([t, t]) for t in np.linspace(-1 / math.sqrt(2), 1 / math.sqrt(2), 20001)]
    return [
        several("zdt1", [UNIT] * 6, zdt1, (1.1, 1.1), zdt_front(zdt1, 6, (1.1, 1.1))),
        several("zdt2", [UNIT] * 6, zdt2, (1.1, 1.1), zdt_front(zdt2, 6, (1.1, 1.1))),
        several("zdt3", [UNIT] * 6, zdt3, (1.1, 1.1), zdt_front(zdt3, 6, (1.1, 1.1))),
        several("vlmop2", [(-2.0, 2.0)] * 2, vlmop2, (1.1, 1.1), front_of(vlmop2, line, (1.1, 1.1))),
        several("branin_currin", [UNIT] * 2, branin_currin, (18.0, 6.0), 59.36011874867746),
        several("dtlz2", [UNIT] * 6, dtlz2, (1.1, 1.1, 1.1), SPHERE),
        several("dtlz7", [UNIT] * 6, dtlz7, (1.1, 1.1, 7.0), dtlz7_front()),
        several("forest", [(1, 64, "int"), (2, 16, "int"), (0.05, 1.0), (1, 16, "int")], forest, (1.0, 4.6), None),
        several("perceptron", [(2, 64, "int"), (1e-4, 1.0, "log"), (1e-6, 1.0, "log"), (1, 40, "int")], perceptron, (1.0, 9.0), None),
    ]


# ---- constraints ----

def gardner(x):
    """Gardner et al., ICML 2014, the first simulation."""
    a, b = x
    return math.cos(2 * a) * math.cos(b) + math.sin(a), [math.cos(a) * math.cos(b) - math.sin(a) * math.sin(b) - 0.5]


def gramacy(x):
    """Gramacy et al., Technometrics 2016."""
    a, b = x
    return a + b, [1.5 - a - 2 * b - 0.5 * math.sin(2 * math.pi * (a**2 - 2 * b)), a**2 + b**2 - 1.5]


def spring(x):
    """Tension spring (Arora 1989): wire, coil, turns; less than 1 % is feasible."""
    d, w, n = x
    return (n + 2) * w * d**2, [
        1 - w**3 * n / (71785 * d**4),
        (4 * w**2 - d * w) / (12566 * (w * d**3 - d**4)) + 1 / (5108 * d**2) - 1,
        1 - 140.45 * d / (w**2 * n),
        (w + d) / 1.5 - 1]


def vessel(x):
    """Pressure vessel (Kannan and Kramer 1994), thicknesses in sixteenths of an inch."""
    s, h, r, length = x[0] * 0.0625, x[1] * 0.0625, x[2], x[3]
    return 0.6224 * s * r * length + 1.7781 * h * r**2 + 3.1661 * s**2 * length + 19.84 * s**2 * r, [
        0.0193 * r - s, 0.00954 * r - h, (1296000 - math.pi * r**2 * length - 4 / 3 * math.pi * r**3) / 1296000]


def beam(x):
    """Welded beam (Coello Coello and Mezura Montes 2002)."""
    h, w, t, b = x
    p, length, e, g = 6000.0, 14.0, 30e6, 12e6
    m = p * (length + w / 2)
    r = math.sqrt(w**2 / 4 + ((h + t) / 2) ** 2)
    j = 2 * (math.sqrt(2) * h * w * (w**2 / 12 + ((h + t) / 2) ** 2))
    first, second = p / (math.sqrt(2) * h * w), m * r / j
    tau = math.sqrt(first**2 + first * second * w / r + second**2)
    pc = 4.013 * e * math.sqrt(t**2 * b**6 / 36) / length**2 * (1 - t / (2 * length) * math.sqrt(e / (4 * g)))
    return 1.10471 * h**2 * w + 0.04811 * t * b * (14 + w), [
        tau / 13600 - 1, 6 * p * length / (b * t**2) / 30000 - 1, h - b, 4 * p * length**3 / (e * t**3 * b) / 0.25 - 1, 1 - pc / 6000,
        (1.10471 * h**2 * w + 0.04811 * t * b * (14 + w)) / 5 - 1]


def bounded(name, bounds, f, n, best, worst):
    def both(x):
        value, constraints = f(x)
        return [value], constraints, 1.0
    return Problem(name, "constraints", bounds, both, n_constraints=n, best=best, worst=worst)


def constraints():
    return [
        bounded("gardner", [(0.0, 6.0)] * 2, gardner, 1, -1.99999, 3.0),
        bounded("gramacy", [UNIT] * 2, gramacy, 2, 0.599788, 1.4),
        bounded("spring", [(0.05, 2.0), (0.25, 1.3), (2.0, 15.0)], spring, 4, 0.012665, 1.0),
        bounded("vessel", [(1, 99, "int"), (1, 99, "int"), (10.0, 200.0), (10.0, 200.0)], vessel, 3, 6059.71, 200000.0),
        bounded("beam", [(0.125, 10.0), (0.1, 10.0), (0.1, 10.0), (0.1, 10.0)], beam, 6, 1.7249, 50.0),
    ]


# ---- further problems with constraints, beside which choices made on those above are checked ----

def townsend(x):
    a, b = x
    t = math.atan2(a, b)
    edge = (2 * math.cos(t) - 0.5 * math.cos(2 * t) - 0.25 * math.cos(3 * t) - 0.125 * math.cos(4 * t)) ** 2 + (2 * math.sin(t)) ** 2
    return -math.cos((a - 0.1) * b) ** 2 - a * math.sin(3 * a + b), [a**2 + b**2 - edge]


def bird(x):
    """Mishra 2006."""
    a, b = x
    return math.sin(b) * math.exp((1 - math.cos(a)) ** 2) + math.cos(a) * math.exp((1 - math.sin(b)) ** 2) + (a - b) ** 2, [(a + 5) ** 2 + (b + 5) ** 2 - 25]


def branin_disk(x):
    return branin(*x), [(x[0] - 2.5) ** 2 + (x[1] - 7.5) ** 2 - 50]


def branin_islands(x):
    """Sasena 2002: three islands, on two of which optima are local."""
    return -((x[0] - 10) ** 2) - (x[1] - 15) ** 2, [branin(*x) - 5]


def simionescu(x):
    a, b = x
    return 0.1 * a * b, [a**2 + b**2 - (1 + 0.2 * math.cos(8 * math.atan2(a, b))) ** 2]


def gomez_levy(x):
    a, b = x
    return 4 * a**2 - 2.1 * a**4 + a**6 / 3 + a * b - 4 * b**2 + 4 * b**4, [-math.sin(4 * math.pi * a) + 2 * math.sin(2 * math.pi * b) ** 2 - 1.5]


def rosenbrock_cubic(x):
    a, b = x
    return (1 - a) ** 2 + 100 * (b - a**2) ** 2, [(a - 1) ** 3 - b + 1, a + b - 2]


def ackley_ball(x):
    """Eriksson and Poloczek, AISTATS 2021."""
    value = -20 * math.exp(-0.2 * math.sqrt((x**2).mean())) - math.exp(np.cos(2 * math.pi * x).mean()) + 20 + math.e
    return value, [x.sum(), math.sqrt((x**2).sum()) - 5]


def truss(x):
    """Three bars (Nowacki 1974)."""
    a, b = x
    d = math.sqrt(2) * a**2 + 2 * a * b
    stress = [(math.sqrt(2) * a + b) / d * 2 - 2, b / d * 2 - 2] if d > 0 else [1e6, 1e6]
    return (2 * math.sqrt(2) * a + b) * 100, stress + [2 / (math.sqrt(2) * b + a + 1e-12) - 2]


def column(x):
    """A tubular column (Rao 1996)."""
    d, t = x
    return 9.8 * d * t + 2 * d, [2500 / (math.pi * d * t * 500) - 1, 8 * 2500 * 250**2 / (math.pi**3 * 0.85e6 * d * t * (d**2 + t**2)) - 1]


def keane(x):
    c = np.cos(x) ** 2
    value = -abs(((c**2).sum() - 2 * c.prod()) / math.sqrt((np.arange(1, len(x) + 1) * x**2).sum() + 1e-12))
    return value, [0.75 - x.prod(), x.sum() - 7.5 * len(x)]


# G4 to G24: Liang et al., CEC 2006.

def g4(x):
    a, b, c, d, e = x
    u = 85.334407 + 0.0056858 * b * e + 0.0006262 * a * d - 0.0022053 * c * e
    v = 80.51249 + 0.0071317 * b * e + 0.0029955 * a * b + 0.0021813 * c**2
    w = 9.300961 + 0.0047026 * c * e + 0.0012547 * a * c + 0.0019085 * c * d
    return 5.3578547 * c**2 + 0.8356891 * a * e + 37.293239 * a - 40792.141, [u - 92, -u, v - 110, 90 - v, w - 25, 20 - w]


def g6(x):
    a, b = x
    return (a - 10) ** 3 + (b - 20) ** 3, [100 - (a - 5) ** 2 - (b - 5) ** 2, (a - 6) ** 2 + (b - 5) ** 2 - 82.81]


def g8(x):
    a, b = x
    d = a**3 * (a + b)
    return -math.sin(2 * math.pi * a) ** 3 * math.sin(2 * math.pi * b) / d if d > 0 else 0.0, [a**2 - b + 1, 1 - a + (b - 4) ** 2]


def g9(x):
    a, b, c, d, e, f, g = x
    return (a - 10) ** 2 + 5 * (b - 12) ** 2 + c**4 + 3 * (d - 11) ** 2 + 10 * e**6 + 7 * f**2 + g**4 - 4 * f * g - 10 * f - 8 * g, [
        -127 + 2 * a**2 + 3 * b**4 + c + 4 * d**2 + 5 * e,
        -282 + 7 * a + 3 * b + 10 * c**2 + d - e,
        -196 + 23 * a + b**2 + 6 * f**2 - 8 * g,
        4 * a**2 + b**2 - 3 * a * b + 2 * c**2 + 5 * f - 11 * g]


def g24(x):
    a, b = x
    return -a - b, [-2 * a**4 + 8 * a**3 - 8 * a**2 + b - 2, -4 * a**4 + 32 * a**3 - 88 * a**2 + 96 * a + b - 36]


def speed_reducer(x):
    """Golinski 1973."""
    b, m, z, k, l, d, e = x
    first, second = math.sqrt((745 * k / (m * z)) ** 2 + 16.9e6), math.sqrt((745 * l / (m * z)) ** 2 + 157.5e6)
    value = 0.7854 * b * m**2 * (3.3333 * z**2 + 14.9334 * z - 43.0934) - 1.508 * b * (d**2 + e**2) + 7.4777 * (d**3 + e**3) + 0.7854 * (k * d**2 + l * e**2)
    return value, [
        27 / (b * m**2 * z) - 1, 397.5 / (b * (m * z) ** 2) - 1, 1.93 * k**3 / (m * z * d**4) - 1, 1.93 * l**3 / (m * z * e**4) - 1,
        first / (110 * d**3) - 1, second / (85 * e**3) - 1, m * z / 40 - 1, 5 * m / b - 1, b / (12 * m) - 1, (1.5 * d + 1.9) / k - 1, (1.1 * e + 1.9) / l - 1]


def further():
    gears = [(2.6, 3.6), (0.7, 0.8), (17, 28, "int"), (7.3, 8.3), (7.3, 8.3), (2.9, 3.9), (5.0, 5.5)]
    problems = [
        bounded("townsend", [(-2.25, 2.25), (-2.5, 1.75)], townsend, 1, -2.0239884, 4.0),
        bounded("bird", [(-10.0, 0.0), (-6.5, 0.0)], bird, 1, -106.7645367, 150.0),
        bounded("branin_disk", [(-5.0, 10.0), (0.0, 15.0)], branin_disk, 1, 0.397887, 100.0),
        bounded("g4", [(78.0, 102.0), (33.0, 45.0), (27.0, 45.0), (27.0, 45.0), (27.0, 45.0)], g4, 6, -30665.539, 5000.0),
        bounded("g8", [(0.0, 10.0)] * 2, g8, 2, -0.0958250414, 0.2),
        bounded("g9", [(-10.0, 10.0)] * 7, g9, 4, 680.6300573, 20000.0),
        bounded("g24", [(0.0, 3.0), (0.0, 4.0)], g24, 2, -5.50801327, 5.5),
        bounded("speed_reducer", gears, speed_reducer, 11, 2994.4711, 3000.0),
        bounded("simionescu", [(-1.25, 1.25)] * 2, simionescu, 1, -0.072, 0.15),
        bounded("gomez_levy", [(-1.0, 0.75), (-1.0, 1.0)], gomez_levy, 1, -1.031628453, 5.0),
        bounded("branin_islands", [(-5.0, 10.0), (0.0, 15.0)], branin_islands, 1, -268.7879, 300.0),
        bounded("rosenbrock_cubic", [(-1.5, 1.5), (-0.5, 2.5)], rosenbrock_cubic, 2, 0.0, 500.0),
        bounded("ackley_ball", [(-5.0, 10.0)] * 5, ackley_ball, 2, 0.0, 20.0),
        bounded("truss", [UNIT] * 2, truss, 3, 263.8958, 150.0),
        bounded("column", [(2.0, 14.0), (0.2, 0.8)], column, 2, 26.4864, 100.0),
        bounded("g6", [(13.0, 100.0), (0.0, 100.0)], g6, 2, -6961.81388, 10000.0),
        bounded("keane", [(0.0, 10.0)] * 4, keane, 2, -0.622281, 0.7),
    ]
    for p in problems:
        p.kind = "further_constraints"
    return problems


# ---- costs of two decades ----

def costly(name, bounds, f, best, cost):
    return Problem(name, "cost", bounds, lambda x: ([f(x)], [], cost(x)), best=best)


def hartmann6(x):
    a = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
    p = 1e-4 * np.array([[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]])
    return float(-np.array([1, 1.2, 3, 3.2]) @ np.exp(-(a * (x - p) ** 2).sum(axis=1)))


def costs():
    return [
        costly("branin_cost", [(-5.0, 10.0), (0.0, 15.0)], lambda x: branin(*x), 0.397887, lambda x: 10 ** (2 * (x[0] + 5) / 15)),
        costly("hartmann6_cost", [UNIT] * 6, hartmann6, -3.32237, lambda x: 10 ** (2 * x[:2].mean())),
        costly("hartmann6_dear", [UNIT] * 6, hartmann6, -3.32237, lambda x: 10 ** (2 - 2 * x[:2].mean())),
        costly("rosenbrock4_cost", [(-2.0, 2.0)] * 4, lambda x: float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()), 0.0, lambda x: 10 ** ((x[3] + 2) / 2)),
        costly("forest_cost", [(1, 100, "log"), (2, 16, "int"), (0.05, 1.0), (1, 16, "int")], lambda x: forest(np.maximum(x, 1) if x[2] > 1 else x)[0], 0.03, lambda x: float(x[0])),
    ]


def chosen(only):
    names = set(only.split(",")) if only else None
    return [p for group in (objectives, constraints, further, costs) for p in group() if not names or p.name in names or p.kind in names]
