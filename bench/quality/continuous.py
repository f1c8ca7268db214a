#!/usr/bin/env python3
"""The service's CMA-ES beside the library cmaes (pip install cmaes numpy) at its defaults, on continuous functions.

  continuous.py --address 127.0.0.1:6794 --proto ../../proto/api.proto [--seeds 40] [--evaluations 200] [--batch 1]

Per function and dimension: the geometric mean over seeds of our best value to the library's, and its standard error as a factor; below 1 ours is better.
The box is [-5, 5]^n, the optimum uniform in its inner four fifths, the rotation of the ellipsoid another for each seed. Both start in the middle of the box."""
import argparse
import math
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cmaes  # noqa: E402
import numpy as np  # noqa: E402
import service_client  # noqa: E402

LOW, HIGH = -5.0, 5.0


def ellipsoid(z, rotation):
    scales = 1e6 ** (np.arange(len(z)) / (len(z) - 1))  # of the axes' squares
    return float(scales @ (rotation @ z) ** 2)


def rosenbrock(z, _):
    y = z + 1
    return float(np.sum(100 * (y[1:] - y[:-1] ** 2) ** 2 + (1 - y[:-1]) ** 2))


def rastrigin(z, _):
    return float(10 * len(z) + np.sum(z * z - 10 * np.cos(2 * math.pi * z)))


FUNCTIONS = {"rotated ellipsoid": ellipsoid, "Rosenbrock": rosenbrock, "Rastrigin": rastrigin}


class Problem:
    """One function with its optimum and rotation drawn from the seed, as service_client wants problems."""

    direction = "minimize"

    def __init__(self, function, n, seed):
        rng = np.random.default_rng(seed)
        self.name, self.function = f"{FUNCTIONS[function].__name__}{n}", FUNCTIONS[function]
        self.optimum = rng.uniform(0.8 * LOW, 0.8 * HIGH, n)
        self.rotation = np.linalg.qr(rng.standard_normal((n, n)))[0]
        self.params = [{"name": f"x{i:02d}", "type": "double", "min": LOW, "max": HIGH, "dist": "uniform"} for i in range(n)]

    def __call__(self, x):
        return self.function(np.asarray(x) - self.optimum, self.rotation)


def ours(connection, problem, seed, evaluations, batch):
    optimizer, best = service_client.ServiceOptimizer(*connection, problem, "cmaes", {}, seed, evaluations, batch), math.inf
    for _ in range(0, evaluations, batch):
        for x, handle in optimizer.ask(batch):
            value = problem([x[p["name"]] for p in problem.params])
            optimizer.tell(handle, value)
            best = min(best, value)
    return best


def library(problem, seed, evaluations):
    n = len(problem.params)
    box = np.tile([LOW, HIGH], (n, 1))
    optimizer, best, told = cmaes.CMA(mean=np.full(n, (LOW + HIGH) / 2), sigma=(HIGH - LOW) / 6, bounds=box, seed=seed), math.inf, []
    for _ in range(evaluations):
        x = optimizer.ask()
        told.append((x, problem(x)))
        best = min(best, told[-1][1])
        if len(told) == optimizer.population_size:
            optimizer.tell(told)
            told = []
    return best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", required=True)
    parser.add_argument("--proto", required=True)
    parser.add_argument("--seeds", type=int, default=40)
    parser.add_argument("--evaluations", type=int, default=200)
    parser.add_argument("--batch", type=int, default=1)
    a = parser.parse_args()
    connection = service_client.connect(a.address, a.proto)
    for function in FUNCTIONS:
        for n in 5, 10:
            logs = [math.log(ours(connection, p, seed, a.evaluations, a.batch) / library(p, seed, a.evaluations))
                    for seed in range(a.seeds) for p in [Problem(function, n, seed)]]
            error = np.std(logs, ddof=1) / math.sqrt(len(logs))
            print(f"{function:<18} {n:>2} parameters: {math.exp(np.mean(logs)):.2f} (x/ {math.exp(error):.2f})", flush=True)


if __name__ == "__main__":
    main()
