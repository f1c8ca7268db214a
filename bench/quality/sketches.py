"""More problems, each a sketch of one difficulty. They are for looking at what the others do not show, not for choosing defaults (`kernels`
prompted one rule of bayesopt).

  run.py --problems sketches.py --method service --algorithm tpe --label tpe --out tpe.csv

Shifts, rotations and tables are drawn once, from fixed seeds; `best` is 0, exact by enumeration, or the best of six local searches.
"""
import math

import numpy as np
from problems import Problem, categorical, cube, discrete, integer, real, vec


def shift(d, seed, low, high):
    return np.random.default_rng(seed).uniform(low, high, d)


ROTATION, ELLIPSOID_AT = np.linalg.qr(np.random.default_rng(1).standard_normal((8, 8)))[0], shift(8, 2, -3, 3)
RASTRIGIN_AT, SPHERE_AT, NOISY_AT = shift(6, 3, -2.5, 2.5), shift(20, 4, -3, 3), shift(6, 7, 0.1, 0.9)


def ellipsoid(a, _):
    z = ROTATION @ (vec(a) - ELLIPSOID_AT)
    return float((10 ** (3 * np.arange(8) / 7) * z * z).sum())


def rastrigin(a, _):
    z = vec(a) - RASTRIGIN_AT
    return float(60 + (z * z - 10 * np.cos(2 * math.pi * z)).sum())


def sphere20(a, _):
    return float(((vec(a) - SPHERE_AT) ** 2).sum())


def still_sphere(a, _):
    return float(((vec(a) - NOISY_AT) ** 2).sum())


def noisy_sphere(a, rng):
    return still_sphere(a, None) + 0.15 * float(rng.standard_normal())


def steps(a, _):
    """Plateaus on both sides of each step."""
    at = [3, 17, 8, 12, 5]
    return float(sum(abs(int(a[f"x{i}"]) - at[i]) // 2 for i in range(5)) + 0.5 * abs(int(a["x0"]) - int(a["x1"]) + 14) // 3)


_rng = np.random.default_rng(5)
MAIN, PAIRS = _rng.standard_normal((6, 8)), _rng.standard_normal((5, 8, 8)) * 0.7


def tables(a, _):
    """Six categories of eight values, with an effect of each and of neighbouring pairs."""
    v = [int(a[f"c{i}"][1:]) for i in range(6)]
    return float(sum(MAIN[i, v[i]] for i in range(6)) + sum(PAIRS[i, v[i], v[i + 1]] for i in range(5)))


_rng = np.random.default_rng(6)
OFFSETS, OPTIMA = _rng.uniform(0, 1, 40), _rng.uniform(0.1, 0.9, (40, 3))


def many_values(a, _):
    """Forty values of one category in five families, each with an optimum of its own in the other parameters."""
    k, x = int(a["model"][1:]), np.array([a["x0"], a["x1"], a["x2"]])
    return float(OFFSETS[k] + 3 * ((x - OPTIMA[k // 8]) ** 2).sum())


def wide_logs(a, _):
    z = [math.log10(a[f"l{i}"]) - t for i, t in enumerate((-4.3, -1.2, -5.1, -2.7, -3.3))]
    return sum(v * v for v in z) + 0.6 * abs(z[0] + z[1]) + 0.4 * abs(z[2] - z[3])


def network(a, _):
    """A best learning rate per optimizer and normalization; one pair of values that does not train."""
    lr, width, norm = math.log10(a["lr"]), math.log2(a["units"]), a["norm"]
    best = {"adam": -3, "sgd": -1, "lamb": -2}[a["opt"]] + (0.5 if norm == "batch" else 0)
    loss = {"adam": 0, "sgd": 0.05, "lamb": 0.02}[a["opt"]] + {"relu": 0.03, "gelu": 0, "elu": 0.05}[a["act"]] + {"none": 0.2, "layer": 0.05, "batch": 0}[norm]
    loss += 0.5 * (a["opt"] == "sgd" and norm == "none") + 0.2 * (lr - best) ** 2 + 0.03 * (width - 8.3) ** 2
    return loss + 0.04 * (a["layers"] - 4 - (a["act"] == "relu")) ** 2 + 1.5 * (a["drop"] - 0.05 * (width - 5)) ** 2 + 0.02 * (math.log10(a["wd"]) + 4) ** 2


def lists(a, _):
    x = [float(a[f"d{i}"]) for i in range(6)]
    return sum(abs(math.log(v / w)) for v, w in zip(x, [32, 0.3, 5, 0.05, 256, 3])) + 0.3 * abs(math.log(x[0] / x[4]) + 2)


H3_A = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
H3_P = 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]])


def three_of_ten(a, _):
    """Hartmann's function of three parameters among seven that do nothing."""
    x = vec(a)[[1, 4, 7]]
    return -float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(H3_A * (x - H3_P) ** 2).sum(1)))


def corner(a, _):
    x = vec(a)
    return float((1 - x).sum() + 0.8 * abs(x[0] - x[1] * x[2]) + 0.5 * (x[3] - 0.2 * x[4]) ** 2)


def kernels(a, _):
    """Parameters that matter to one value of the category only, each value with an optimum of its own."""
    gamma, c = math.log10(a["gamma"]), math.log10(a["C"])
    return {"rbf": lambda: 0.15 * (gamma + 1.7) ** 2 + 0.1 * (c - 1) ** 2,
            "poly": lambda: 0.15 + 0.1 * abs(a["degree"] - 3) + 0.1 * (c + 1) ** 2 + 0.3 * (a["coef"] - 0.4) ** 2,
            "lin": lambda: 0.3 + 0.08 * (c + 2) ** 2,
            "sig": lambda: 0.6 + 0.2 * (a["coef"] + 0.5) ** 2 + 0.1 * (gamma + 3) ** 2}[a["kernel"]]()


def mixed_ackley(a, _):
    z = np.array([a["x0"] - 2.3, a["x1"] + 1.1, a["i0"] - 3, a["i1"] + 4, 2 * {"a": 0, "b": 1, "c": 2, "d": 1.5}[a["k"]]])
    return float(-20 * math.exp(-0.2 * math.sqrt(z @ z / 5)) - math.exp(np.cos(2 * math.pi * z).mean()) + 20 + math.e)


NETWORK = [categorical("opt", ["adam", "sgd", "lamb"]), categorical("act", ["relu", "gelu", "elu"]), categorical("norm", ["none", "layer", "batch"]),
           real("lr", 1e-6, 1, "log"), integer("units", 8, 1024, "log"), integer("layers", 1, 10), real("drop", 0, 0.9), real("wd", 1e-8, 1e-1, "log")]
LISTS = [discrete("d0", [4, 8, 16, 32, 64]), discrete("d1", [0.1, 0.2, 0.3, 0.4, 0.5]), discrete("d2", [1, 2, 3, 5, 8, 13, 21]),
         discrete("d3", [0.01, 0.02, 0.05, 0.1]), discrete("d4", [64, 128, 256, 512]), discrete("d5", list(range(1, 11)))]
KERNELS = [categorical("kernel", ["rbf", "poly", "lin", "sig"]), real("gamma", 1e-6, 10, "log"), real("C", 1e-4, 1e4, "log"), integer("degree", 1, 6),
           real("coef", -2, 2)]
MIXED = [real("x0", -10, 10), real("x1", -10, 10), integer("i0", -10, 10), integer("i1", -10, 10), categorical("k", list("abcd"))]

PROBLEMS = [
    Problem("ellipsoid", cube(8, -5, 5), ellipsoid, 0.0, 12900.0),
    Problem("rastrigin", cube(6, -5, 5), rastrigin, 0.0, 121.5),
    Problem("sphere20", cube(20, -5, 5), sphere20, 0.0, 235.5),
    Problem("steps", [integer(f"x{i}", 0, 20) for i in range(5)], steps, 0.0, 16.0),
    Problem("tables", [categorical(f"c{i}", [f"v{j}" for j in range(8)]) for i in range(6)], tables, -12.7978080, -1.984),
    Problem("many_values", [categorical("model", [f"m{j}" for j in range(40)]), *cube(3, 0, 1)], many_values, 0.00889581, 1.869),
    Problem("wide_logs", [real(f"l{i}", 1e-7, 1, "log") for i in range(5)], wide_logs, 0.0, 30.14),
    Problem("network", NETWORK, network, 0.0, 1.832),
    Problem("noisy_sphere", cube(6, 0, 1), noisy_sphere, 0.0, 0.794, noiseless=still_sphere),
    Problem("lists", LISTS, lists, 0.0238325, 4.837),
    Problem("three_of_ten", cube(10, 0, 1), three_of_ten, -3.86277979, -0.553),
    Problem("corner", cube(6, 0, 1), corner, 0.32, 3.425),
    Problem("kernels", KERNELS, kernels, 0.0, 1.112),
    Problem("mixed_ackley", MIXED, mixed_ackley, 0.0, 14.45),
]
BY_NAME = {p.name: p for p in PROBLEMS}
