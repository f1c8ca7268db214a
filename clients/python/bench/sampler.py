#!/usr/bin/env python3
"""Optuna trials through MushirSampler beside the service alone: time a trial, and regret.

    sampler.py [--trials 1000] [--rounds 5] [--seeds 5]

Each round runs, in turns, the service's own ask and tell, the sampler, and Optuna with random search (what Optuna itself
costs); the functions that are tuned take no time. Run it with the package installed and optuna beside it.
"""
import argparse
import math
import statistics
import time

import mushir
import mushir.optuna
import optuna
from optuna.distributions import FloatDistribution

RANGES = {"a": (-5.0, 10.0), "b": (0.0, 15.0), "c": (-5.0, 10.0), "d": (0.0, 15.0)}
SPACE = {name: mushir.Float(low, high) for name, (low, high) in RANGES.items()}
DISTRIBUTIONS = {name: FloatDistribution(low, high) for name, (low, high) in RANGES.items()}
OPTIMUM = 2 * 0.397887


def branin(x, y):
    """Dixon and Szegoe 1978; smallest 0.397887."""
    return (y - 0.129185 * x * x + 1.591549 * x - 6) ** 2 + 9.602113 * math.cos(x) + 10


def value(a, b, c, d):
    return branin(a, b) + branin(c, d)


def objective(trial):
    return value(**{name: trial.suggest_float(name, low, high) for name, (low, high) in RANGES.items()})


def alone(service, trials, seed):
    with mushir.Study(SPACE, seed=seed, service=service) as study:
        return study.run(value, trials).best.value


def sampled(service, trials, seed, search_space=None):
    sampler = mushir.optuna.MushirSampler(seed=seed, service=service, search_space=search_space)
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, trials)
    sampler.close()
    return study.best_value


def of_optuna(sampler, trials):
    study = optuna.create_study(sampler=sampler)
    study.optimize(objective, trials)
    return study.best_value


def milliseconds(run, trials):
    """A trial's time, and its time on a processor in this process, the service's left out."""
    start, busy = time.perf_counter(), time.process_time()
    run()
    return (time.perf_counter() - start) * 1000 / trials, (time.process_time() - busy) * 1000 / trials


def times(service, trials, rounds):
    overhead = []
    for seed in range(rounds):
        row = [milliseconds(run, trials) for run in (
            lambda: alone(service, trials, seed), lambda: sampled(service, trials, seed),
            lambda: of_optuna(optuna.samplers.RandomSampler(seed), trials))]
        overhead.append([through - direct for direct, through in zip(row[0], row[1])])
        print("  ms a trial (of them here): service alone %.2f (%.2f), through the sampler %.2f (%.2f), Optuna at random %.2f (%.2f)"
              % (*row[0], *row[1], *row[2]), flush=True)
    for name, values in zip(("time", "processor time"), zip(*overhead)):
        print(f"overhead of the sampler, {name}: median {statistics.median(values):.2f} ms a trial, {min(values):.2f} to {max(values):.2f}")


def regrets(service, seeds, trials):
    runs = {"service alone": lambda seed: alone(service, trials, seed),
            "sampler, search_space given": lambda seed: sampled(service, trials, seed, DISTRIBUTIONS),
            "sampler": lambda seed: sampled(service, trials, seed),
            "Optuna's TPE, multivariate": lambda seed: of_optuna(optuna.samplers.TPESampler(seed=seed, multivariate=True), trials)}
    for name, run in runs.items():
        found = [run(seed) - OPTIMUM for seed in range(seeds)]
        print(f"  regret after {trials}, {seeds} seeds: mean {statistics.mean(found):.4f}, median {statistics.median(found):.4f}   {name}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with mushir.Service() as service:
        times(service, given.trials, given.rounds)
        for trials in sorted({60, given.trials}):
            regrets(service, given.seeds, trials)


if __name__ == "__main__":
    main()
