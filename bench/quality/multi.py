#!/usr/bin/env python3
"""Several objectives, constraints and costs: our services beside Optuna's samplers.

  multi.py run --method service --address 127.0.0.1:6789 --algorithm bayesianoptimization --label gp --only objectives --out gp.csv
  multi.py run --method optuna-gp --only objectives --out optuna-gp.csv
  multi.py report gp.csv optuna-gp.csv

The peers (optuna-gp, optuna-tpe, optuna-nsga2) need a virtual environment: python3 -m venv VENV; VENV/bin/pip install optuna scipy torch scikit-learn grpcio protobuf.
Rows: label, problem, seed, batch, evaluation (from 1), the trial's objectives, constraints and cost. What is lost: of a front the share of the hypervolume that is
missing, else the best feasible value's distance to the optimum (while nothing is feasible: the problem's `worst`); for costs at equal total cost. `report` prints its mean
over seeds per problem and the geometric mean of ratios to the first file.
"""
import argparse
import collections
import csv
import math
import multiprocessing as mp
import os
import sys
import time

for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(v, "1")
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import multi_problems  # noqa: E402
import numpy as np  # noqa: E402

BUDGET_OF_COST = 40  # mean costs of uniform points: where costs are compared


class Service:
    def __init__(self, connection, problem, a, seed):
        import service_client
        self.p = problem
        settings = dict(s.split("=", 1) for s in a.setting)
        self.names = ["objective"] + [f"f{k}" for k in range(1, problem.n_objectives)] + [f"c{k}" for k in range(problem.n_constraints)]
        if problem.n_objectives > 1:
            settings["objectives"] = ", ".join(f"{n}:min" for n in self.names[: problem.n_objectives])
        if problem.n_constraints:
            settings["constraints"] = ", ".join(f"{n}<=0" for n in self.names[problem.n_objectives:])
        self.o = service_client.ServiceOptimizer(*connection, problem, a.algorithm, settings, seed, a.budget, a.batch)
        self.o.experiment.spec.objective.additional_metric_names.extend(self.names[1:])
        self.clock = 1_767_225_600.0

    def ask(self, n):
        return self.o.ask(n)

    def tell(self, handle, objectives, constraints, cost):
        self.o.tell(handle, objectives[0])
        trial = self.o.trials[-1]
        stamp = lambda t: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(t))  # noqa: E731
        trial.status.start_time = stamp(self.clock)
        self.clock += max(1, round(60 * cost))  # a cost of 1 is a minute, in whole seconds as Kubernetes writes them
        trial.status.completion_time = stamp(self.clock)
        for name, value in zip(self.names[1:], list(objectives[1:]) + list(constraints)):
            trial.status.observation.metrics.add(name=name, value=repr(float(value)))


class Optuna:
    def __init__(self, problem, seed, sampler):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        rule = (lambda t: t.user_attrs["c"]) if problem.n_constraints else None
        S = optuna.samplers
        s = {"gp": lambda: S.GPSampler(seed=seed, constraints_func=rule, deterministic_objective=False),
             "tpe": lambda: S.TPESampler(seed=seed, multivariate=True, constant_liar=True, constraints_func=rule),
             "nsga2": lambda: S.NSGAIISampler(seed=seed, constraints_func=rule)}[sampler]()
        D = optuna.distributions
        self.study = optuna.create_study(sampler=s, directions=["minimize"] * problem.n_objectives)
        self.space = {q["name"]: (D.IntDistribution if q["type"] == "int" else D.FloatDistribution)(q["min"], q["max"], log=q["dist"] == "log") for q in problem.params}

    def ask(self, n):
        return [(dict(t.params), t) for t in (self.study.ask(self.space) for _ in range(n))]

    def tell(self, trial, objectives, constraints, cost):
        trial.set_user_attr("c", [float(c) for c in constraints])
        self.study.tell(trial, [float(v) for v in objectives])


def one(job):
    import warnings
    warnings.filterwarnings("ignore")
    a, name, seed = job
    p = multi_problems.chosen(name)[0]
    if a.method == "service":
        import service_client
        opt = Service(service_client.connect(a.address, a.proto), p, a, seed)
    else:
        opt = Optuna(p, seed, a.method.removeprefix("optuna-"))
    rows, n, spent, taken = [], 0, 0.0, 0.0
    limit = BUDGET_OF_COST * mean_cost(p) if p.kind == "cost" else math.inf
    while n < a.budget and spent < limit:
        t = time.perf_counter()
        asked = opt.ask(min(a.batch, a.budget - n))
        taken += time.perf_counter() - t
        for x, handle in asked:
            objectives, constraints, cost = p.values(x)
            opt.tell(handle, objectives, constraints, cost)
            n += 1
            spent += cost
            rows.append([a.label, p.name, seed, a.batch, n] + [f"{v:.9g}" for v in (*objectives, *constraints, cost)])
    print(f"{a.label} {p.name} seed {seed}: {1000 * taken / n:.0f} ms a suggestion", file=sys.stderr, flush=True)
    return rows


def mean_cost(p):
    rng = np.random.default_rng(0)
    low, high = np.array([b[0] for b in p.bounds], float), np.array([b[1] for b in p.bounds], float)
    if p.name == "forest_cost":
        return 21.5  # of log-uniform 1 .. 100: 99 / ln 100
    return float(np.mean([p.values({q["name"]: v for q, v in zip(p.params, low + (high - low) * rng.random(len(low)))})[2] for _ in range(2000)]))


# ---- what is lost ----

def read(files):
    runs = collections.defaultdict(list)
    for path in files:
        with open(path, newline="") as f:
            for row in csv.reader(f):
                runs[row[0], row[1], int(row[3]), int(row[2])].append([float(v) for v in row[5:]])
    return runs


def lost(p, rows, best, at):
    m, c = p.n_objectives, p.n_constraints
    if p.kind == "cost":
        limit, spent, kept = at * mean_cost(p), 0.0, []
        for row in rows:
            spent += row[-1]
            if spent > limit:
                break
            kept.append(row)
        rows = kept
    else:
        rows = rows[:at]
    feasible = [r[:m] for r in rows if all(v <= 0 for v in r[m:m + c])]
    if m > 1:
        return 1 - multi_problems.hypervolume(feasible, p.reference) / best
    return max(min((r[0] for r in feasible), default=math.inf) - best, 0) if feasible else p.worst


def first_feasible(p, rows):
    m, c = p.n_objectives, p.n_constraints
    return next((i + 1 for i, r in enumerate(rows) if all(v <= 0 for v in r[m:m + c])), len(rows) + 1)


def report(a):
    runs = read(a.files)
    labels = list(dict.fromkeys(k[0] for k in runs))
    for batch in sorted({k[2] for k in runs}):
        for at in a.at:
            print(f"\nbatch {batch}, after {at}\n\n| problem | " + " | ".join(labels) + " |\n|---|" + "---|" * len(labels))
            ratios = collections.defaultdict(list)
            for p in multi_problems.chosen(a.only):
                own = {k: rows for k, rows in runs.items() if k[1] == p.name and k[2] == batch}
                if not own:
                    continue
                best = p.best
                if best is None:
                    best = multi_problems.hypervolume([r[: p.n_objectives] for rows in own.values() for r in rows], p.reference)
                means, cells = {}, []
                for label in labels:
                    of = [rows for k, rows in own.items() if k[0] == label]
                    values = [lost(p, rows, best, at) for rows in of]
                    means[label] = np.mean(values) if values else math.nan
                    first = f" ({np.mean([first_feasible(p, rows) for rows in of]):.1f})" if p.n_constraints and of else ""
                    cells.append(f"{means[label]:.4g}{first}")
                for label in labels:
                    if means[labels[0]] > 0 and means[label] > 0:
                        ratios[label].append(means[labels[0]] / means[label])
                print(f"| {p.name} | " + " | ".join(cells) + " |")
            print(f"| {labels[0]} / | " + " | ".join(f"{math.exp(np.mean(np.log(ratios[label]))):.3g}" if ratios[label] else "-" for label in labels) + " |")


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    here = os.path.dirname(os.path.abspath(__file__))
    sub = ap.add_subparsers(dest="command", required=True)
    run = sub.add_parser("run")
    run.add_argument("--method", default="service", help="service, optuna-gp, optuna-tpe or optuna-nsga2")
    run.add_argument("--label")
    run.add_argument("--address", default="127.0.0.1:6789")
    run.add_argument("--proto", default=os.path.join(here, "..", "..", "proto", "api.proto"))
    run.add_argument("--algorithm", default="bayesianoptimization")
    run.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    run.add_argument("--only", default="", help="names or kinds (objectives, constraints, further_constraints, cost), separated by commas")
    run.add_argument("--seeds", type=int, default=3)
    run.add_argument("--budget", type=int, default=60)
    run.add_argument("--batch", type=int, default=1)
    run.add_argument("--jobs", type=int, default=1)
    run.add_argument("--out", required=True)
    rep = sub.add_parser("report")
    rep.add_argument("files", nargs="+")
    rep.add_argument("--at", type=int, nargs="+", default=[30, 60])
    rep.add_argument("--only", default="")
    a = ap.parse_args()
    if a.command == "report":
        return report(a)
    a.label = a.label or (a.algorithm if a.method == "service" else a.method)
    jobs = [(a, p.name, seed) for p in multi_problems.chosen(a.only) for seed in range(a.seeds)]
    with mp.get_context("spawn").Pool(a.jobs) as pool, open(a.out, "a", newline="") as out:
        for rows in pool.imap_unordered(one, jobs):
            csv.writer(out).writerows(rows)
            out.flush()


if __name__ == "__main__":
    main()
