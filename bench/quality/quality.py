#!/usr/bin/env python3
"""One page about how good suggestions are: regret beside Optuna 5's multivariate TPE.

  quality.py                      # from the stored runs in runs/ and baselines/
  quality.py --run ../../build/bin   # make the runs of ours anew first, and store them

A figure is the geometric mean over a family's problems of our mean regret to Optuna's (both plus 0.002) over the same seeds; in brackets its
standard error in per cent: that of the seeds within each problem, and where there are several problems at least that of the problems' own ratios.

Families are split so that no choice is praised by what it was made on. *tuning*: choices may be tried on them. *checking*: a choice that was made is
run on them once and reported whatever comes out. *sealed*: run once for a release. A problem is *centre-lucky* when the middle of its ranges beats
the median of the best of 30 random points: its figures stand apart, since the first point of ours is the middle.
"""
import argparse
import csv
import glob
import math
import os
import subprocess
import sys
import time
from collections import defaultdict

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
AT = (20, 40, 60, 80)
# family: role, file of the problems, what tells a problem of it, evaluations, whether the incumbent is the best that was evaluated
FAMILIES = {
    "functions": ("tuning", "problems.py", lambda p: "ml" not in p.tags, 60, False),
    "hpobench": ("tuning", "real_problems.py", lambda p: "hpobench" in p.tags, 80, True),
    "sk": ("checking", "real_problems.py", lambda p: "sk" in p.tags, 80, True),
    "fcnet": ("checking", "real_problems.py", lambda p: "fcnet" in p.tags, 80, True),
    "nas201": ("sealed", "real_problems.py", lambda p: "nas201" in p.tags, 80, True),
    "ml": ("sealed", "problems.py", lambda p: "ml" in p.tags, 60, False),
}
SERVICES = {"tpe": ("tpe", 8), "bayesianoptimization": ("bayesopt", 8)}
PEER = "optuna-mtpe"


def problems(family):
    from run import problems_of
    _, path, belongs, _, _ = FAMILIES[family]
    return [p for p in problems_of(os.path.join(HERE, path)) if belongs(p)]


def regret(p, value):
    sign = -1 if p.direction == "maximize" else 1
    return min(1.0, max(0.0, (value - sign * p.best) / (sign * p.typical - sign * p.best)))


def middle(p):
    """The assignment in the middle of every range."""
    at = {}
    for q in p.params:
        if "list" in q:
            at[q["name"]] = q["list"][len(q["list"]) // 2]
        else:
            v = math.sqrt(q["min"] * q["max"]) if q["dist"] == "log" else (q["min"] + q["max"]) / 2
            at[q["name"]] = int(round(v)) if q["type"] == "int" else v
    return at


def draw(p, rng):
    x = {}
    for q in p.params:
        if "list" in q:
            x[q["name"]] = q["list"][rng.integers(len(q["list"]))]
        else:
            v = math.exp(rng.uniform(math.log(q["min"]), math.log(q["max"]))) if q["dist"] == "log" else rng.uniform(q["min"], q["max"])
            x[q["name"]] = int(round(v)) if q["type"] == "int" else v
    return x


def centre_lucky(p):
    rng, value = np.random.default_rng(0), p.noiseless or p.f
    if "ml" in p.tags:  # every point is a training
        return False
    best = [min(regret_of(p, value(draw(p, rng), None)) for _ in range(30)) for _ in range(15)]
    return regret_of(p, value(middle(p), None)) < float(np.median(best))


def regret_of(p, objective):
    return regret(p, -objective if p.direction == "maximize" else objective)


def read(paths):
    """label, batch -> problem, seed -> evaluation -> value"""
    runs = defaultdict(lambda: defaultdict(dict))
    for path in paths:
        with open(path) as f:
            for r in csv.DictReader(f):
                runs[r["label"], int(r["batch"])][r["problem"], int(r["seed"])][int(r["evaluation"])] = float(r["best"])
    return runs


def ratio(ours, peers, chosen, n):
    """log ratio of mean regrets per problem, and the variance that the seeds give it"""
    logs, variances = [], []
    for p in chosen:
        seeds = [k for k in ours if k[0] == p.name and k in peers and n in ours[k] and n in peers[k]]
        if not seeds:
            continue
        a, b = (np.array([regret(p, runs[k][n]) + 0.002 for k in seeds]) for runs in (ours, peers))
        logs.append(math.log(a.mean() / b.mean()))
        if len(seeds) > 1:
            gap = a / a.mean() - b / b.mean()  # the seeds are paired
            variances.append(gap.var(ddof=1) / len(seeds))
    return logs, variances


def cell(logs, variances):
    if not logs:
        return "-"
    within = math.sqrt(sum(variances)) / len(logs)
    between = np.std(logs, ddof=1) / math.sqrt(len(logs)) if len(logs) > 1 else 0
    return f"{math.exp(np.mean(logs)):.2f} ({100 * max(within, between):.0f})"


def groups_of(family):
    """A family's problems, those that are centre-lucky apart: name and problems of each group."""
    groups = defaultdict(list)
    for p in problems(family):
        groups[family + (", centre-lucky" if centre_lucky(p) else "")].append(p)
    return groups


def table(runs):
    print(f"regret to {PEER}'s after {', '.join(map(str, AT))} evaluations; below 1 is better; standard error in per cent\n")
    groups = [(role, name, chosen) for family, (role, *_) in FAMILIES.items() for name, chosen in groups_of(family).items()]
    for service in SERVICES:
        for batch in (1, 4):
            ours, peers = runs[service, batch], runs[PEER, batch]
            print(f"{service}, {'one at a time' if batch == 1 else f'{batch} at a time'}")
            for role, name, chosen in groups:
                cells = [cell(*ratio(ours, peers, chosen, n)) for n in AT]
                if set(cells) != {"-"}:
                    print(f"  {role:9s} {name:24s} {len(chosen):2d} problems  " + "  ".join(f"{c:>10s}" for c in cells))
            print()


def run(folder, only, seeds):
    chosen = {family: rest for family, (role, *rest) in FAMILIES.items() if (family in only if only else role != "sealed")}
    for service, (program, most) in SERVICES.items():
        server = subprocess.Popen([os.path.join(folder, "mushir-" + program), "--port", "7799"], stderr=subprocess.DEVNULL)
        time.sleep(1)
        try:
            for family, (path, _, budget, evaluated) in chosen.items():
                names = ",".join(p.name for p in problems(family))
                for batch in (1, 4) if names else ():
                    out = os.path.join(HERE, "runs", f"{service}-{family}-b{batch}.csv")
                    subprocess.run([sys.executable, os.path.join(HERE, "run.py"), "--address", "127.0.0.1:7799", "--algorithm", service, "--label", service, "--jobs", "1",
                                    "--problems", os.path.join(HERE, path), "--only", names, "--budget", str(budget), "--batch", str(batch), "--seeds", str(seeds or most),
                                    "--incumbent", "evaluated" if evaluated else "observed", "--out", out + ".new"], check=True)
                    thin(out + ".new", out)
        finally:
            server.terminate()
            server.wait()


def thin(path, out):
    """Keep the rows that the table reads."""
    with open(path) as f, open(out, "w", newline="") as g:
        rows = csv.DictReader(f)
        w = csv.writer(g)
        columns = ["label", "problem", "seed", "batch", "evaluation", "best"]
        w.writerow(columns)
        w.writerows(sorted([r[c] for c in columns] for r in rows if int(r["evaluation"]) in AT))
    os.remove(path)


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--run", metavar="FOLDER", help="where the programs are: make the runs anew")
    ap.add_argument("--only", type=lambda s: s.split(","), help="of these families; unset: of all that are not sealed")
    ap.add_argument("--seeds", type=int, help="so many instead of those stored")
    ap.add_argument("files", nargs="*", help="instead of runs/*.csv and baselines/optuna-mtpe*.csv")
    a = ap.parse_args()
    if a.run:
        run(a.run, a.only, a.seeds)
    table(read(a.files or glob.glob(os.path.join(HERE, "runs", "*.csv")) + glob.glob(os.path.join(HERE, "baselines", PEER + "*.csv"))))


if __name__ == "__main__":
    main()
