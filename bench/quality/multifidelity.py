#!/usr/bin/env python3
"""Measure Hyperband on learning curves whose end is known.

  multifidelity.py --address 127.0.0.1:6792 --proto ../../proto/api.proto   # the service
  multifidelity.py --method random | --method hyperband                          # random search at full resource; a plain synchronous Hyperband
  multifidelity.py --algorithm asha --resume                        # trials that go on from checkpoints
  multifidelity.py --batch 1 --out before.csv; multifidelity.py --batch 1 --out after.csv; multifidelity.py --compare before.csv after.csv

One trial spends its `epochs` (1..R=27). Printed per family: mean true regret of the incumbent (the best observation
among the trials with the most epochs so far) after total spends of 5R, 10R, 20R and 40R, averaged over seeds. Lower is better.
Families: crossing 0, 0.5 and 1 (how strongly slow learners overtake fast ones), and `sgd`, curves of real trainings (tables/curves_sgd.npy).
`--batch 4` asks for 4 at a time; `--batch rung` asks for as many as the service's bracket wants (27, the way Katib's own example does).
"""
import argparse
import csv
import math
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
HERE = os.path.dirname(os.path.abspath(__file__))
R, ETA = 27, 3
AT = [5, 10, 20, 40]


class Curves:
    """loss(x, epochs): ends at a smooth function of (lr, width, dropout); slow learners cross fast ones when `cross` is high."""

    def __init__(self, cross, seed):
        r = random.Random(seed)
        self.t = [r.uniform(-4, -1.5), r.uniform(4, 9), r.uniform(0.05, 0.5)]
        self.cross = cross

    def end(self, x):
        lr, w, d = math.log10(x["lr"]), math.log2(x["width"]), x["dropout"]
        return 0.12 * (lr - self.t[0]) ** 2 + 0.02 * (w - self.t[1]) ** 2 + 1.2 * (d - self.t[2]) ** 2

    def at(self, x, epochs, rng):
        speed = 0.35 * 10 ** (0.35 * (math.log10(x["lr"]) + 3) * self.cross)
        return self.end(x) + 1.5 * math.exp(-min(speed, 3.0) * epochs) + rng.gauss(0, 0.01)


    params = [("lr", "double", 1e-6, 1e-1, "log"), ("width", "int", 8, 1024, "log"), ("dropout", "double", 0.0, 0.8, "uniform")]


class Sgd:
    """Errors of 105 classifiers trained by stochastic gradient descent, after every epoch, on two splits of the data, one of which a trial draws.
    The table's axes have 7, 5 and 3 entries and are taken for a rate and a penalty on log scales, between whose entries it is interpolated, and a category."""

    params = [("lr", "double", 1e-4, 1e2, "log"), ("alpha", "double", 1e-7, 1e-1, "log"), ("schedule", "categorical", ["constant", "invscaling", "power"])]
    table = None

    def __init__(self, seed):
        if Sgd.table is None:
            import numpy
            Sgd.table = numpy.load(os.path.join(HERE, "tables", "curves_sgd.npy")).astype(float)
        self.best = Sgd.table[:, :, :, -1].mean(-1).min()

    def curve(self, x, epochs):
        t = Sgd.table[:, :, self.params[2][2].index(x["schedule"]), epochs - 1]
        for name, kind, low, high, _ in self.params[:2]:
            at = math.log(x[name] / low) / math.log(high / low) * (len(t) - 1)
            i = min(int(at), len(t) - 2)
            t = t[i] + (at - i) * (t[i + 1] - t[i])
        return t

    def end(self, x):
        return self.curve(x, R).mean() - self.best

    def at(self, x, epochs, rng):
        return float(rng.choice(list(self.curve(x, epochs))))


FAMILIES = {"0.0": lambda seed: Curves(0.0, seed), "0.5": lambda seed: Curves(0.5, seed), "1.0": lambda seed: Curves(1.0, seed), "sgd": Sgd}


def draw(rng, params):
    x = {}
    for n, t, *space in params:
        if t == "categorical":
            x[n] = rng.choice(space[0])
            continue
        lo, hi, d = space
        v = math.exp(rng.uniform(math.log(lo), math.log(hi))) if d == "log" else rng.uniform(lo, hi)
        x[n] = int(min(hi, max(lo, round(v)))) if t == "int" else v
    return x


def random_full(seed, batch, params, family):
    rng = random.Random(seed)
    while True:
        done = yield [(draw(rng, params), R, None) for _ in range(4)]


def sync_hyperband(seed, batch, params, family):
    rng, smax = random.Random(seed), round(math.log(R, ETA))
    while True:
        for s in range(smax, -1, -1):
            n = math.ceil((smax + 1) * ETA**s / (s + 1))
            rung = [draw(rng, params) for _ in range(n)]
            for i in range(s + 1):
                done = yield [(x, max(1, R // ETA ** (s - i)), None) for x in rung]
                rung = [x for x, _, _, _ in sorted(done, key=lambda t: t[2])[: max(1, len(rung) // ETA)]]


def service(a, api, stub):
    def method(seed, batch, params, family):
        pb2 = api[0]
        e = pb2.Experiment(name=f"multifidelity-{family}-{seed}")
        for n, t, *space in params + [("epochs", "int", 1, R, "uniform")]:
            p = e.spec.parameter_specs.parameters.add(name=n, parameter_type={"double": pb2.DOUBLE, "int": pb2.INT, "categorical": pb2.CATEGORICAL}[t])
            if t == "categorical":
                p.feasible_space.list.extend(space[0])
                continue
            lo, hi, d = space
            p.feasible_space.min, p.feasible_space.max = repr(lo), repr(hi)
            p.feasible_space.distribution = pb2.LOG_UNIFORM if d == "log" else pb2.UNIFORM
        e.spec.objective.type, e.spec.objective.objective_metric_name = pb2.MINIMIZE, "loss"
        e.spec.algorithm.algorithm_name = a.algorithm
        for k, v in {"r_l": str(R), "eta": str(ETA), "resource_name": "epochs", "random_state": str(seed), **dict(x.split("=", 1) for x in a.setting)}.items():
            e.spec.algorithm.algorithm_settings.add(name=k, value=v)
        e.spec.max_trial_count, e.spec.parallel_trial_count = 1000, R if batch == "rung" else int(batch)
        trials, requested = [], 0
        stub.ValidateAlgorithmSettings(pb2.ValidateAlgorithmSettingsRequest(experiment=e), timeout=60)
        while True:
            settings = {s.name: s for s in e.spec.algorithm.algorithm_settings}
            running = int(float(settings["evaluating_trials"].value)) if "evaluating_trials" in settings else 0
            q = int(batch) if batch != "rung" else (R if running == 0 else max(1, math.ceil(running / ETA)))
            requested += q
            r = stub.GetSuggestions(pb2.GetSuggestionsRequest(experiment=e, trials=trials, current_request_number=q, total_request_number=requested), timeout=60)
            assert len(r.parameter_assignments) == q, f"asked for {q}, got {len(r.parameter_assignments)}"
            for s in r.algorithm.algorithm_settings:
                if s.name in settings:
                    settings[s.name].value = s.value
                else:
                    e.spec.algorithm.algorithm_settings.add(name=s.name, value=s.value)
            jobs = []
            for pa in r.parameter_assignments:
                v = {x.name: x.value for x in pa.assignments}
                jobs.append(({n: {"int": int, "double": float, "categorical": str}[t](v[n]) for n, t, *_ in params}, int(float(v["epochs"])), pa))
            done = yield jobs
            for x, epochs, y, pa in done:
                n = len(trials)
                t = pb2.Trial(name=pa.trial_name or f"t{n:05d}")
                t.spec.objective.CopyFrom(e.spec.objective)
                t.spec.parameter_assignments.assignments.extend(pa.assignments)
                t.status.condition = pb2.TrialStatus.SUCCEEDED
                t.status.start_time = t.status.completion_time = f"2026-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z"
                t.status.observation.metrics.add(name="loss", value=repr(y))
                trials.append(t)

    return method


def play(curves, jobs, rng, resume):
    """The true regret of the incumbent when each of AT has been spent; `jobs` is a method's generator."""
    spent, seen, marks, reached = 0, [], [], {}
    asked = next(jobs)
    while True:
        done = []
        for x, epochs, handle in asked:
            y = curves.at(x, epochs, rng)
            configuration = tuple(x.values())
            spent += epochs - (reached.get(configuration, 0) if resume else 0)
            reached[configuration] = epochs
            seen.append((epochs, y, x))
            done.append((x, epochs, y, handle))
            top = max(t[0] for t in seen)
            while spent >= AT[len(marks)] * R:
                marks.append(curves.end(min((t for t in seen if t[0] == top), key=lambda t: t[1])[2]))
                if len(marks) == len(AT):
                    return marks
        asked = jobs.send(done)


def compare(files):
    """Mean regrets of each file by family, and the paired difference to the first in standard errors."""
    runs = [{(r["family"], int(r["seed"])): [float(r[str(k)]) for k in AT] for r in csv.DictReader(open(f))} for f in files]
    for family in FAMILIES:
        shared = [k for k in runs[0] if k[0] == family and all(k in r for r in runs)]
        for name, r in zip(files, runs):
            cells = []
            for i in range(len(AT)):
                gaps = [r[k][i] - runs[0][k][i] for k in shared]
                n, mean = len(gaps), sum(gaps) / max(1, len(gaps))
                error = math.sqrt(sum((g - mean) ** 2 for g in gaps) / max(1, n * (n - 1)))
                cells.append(f"{sum(r[k][i] for k in shared) / max(1, n):.4f} ({mean / error if error else 0:+.1f})")
            print(f"{family:4s} {len(shared):3d} seeds  {name:30s} " + "  ".join(cells))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--method", default="service", choices=["service", "random", "hyperband"])
    ap.add_argument("--algorithm", default="hyperband", choices=["hyperband", "asha", "bohb"])
    ap.add_argument("--resume", action="store_true", help="a promoted trial goes on from its predecessor's checkpoint and spends the difference")
    ap.add_argument("--address", default="127.0.0.1:6789")
    ap.add_argument("--proto", default=os.path.join(HERE, "..", "..", "proto", "api.proto"))
    ap.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    ap.add_argument("--batch", default="4")
    ap.add_argument("--families", default=",".join(FAMILIES))
    ap.add_argument("--upto", type=int, default=AT[-1], help="the last of them to be reached")
    ap.add_argument("--first-seed", type=int, default=0)
    ap.add_argument("--seeds", type=int, default=40)
    ap.add_argument("--out", help="CSV file: a row per family and seed")
    ap.add_argument("--compare", nargs="+", metavar="CSV", help="print what these files say, side by side, instead of running")
    a = ap.parse_args()
    AT[:] = [k for k in AT if k <= a.upto]
    if a.compare:
        return compare(a.compare)
    if a.method == "service":
        import service_client
        m = service(a, *service_client.connect(a.address, a.proto))
    else:
        m = {"random": random_full, "hyperband": sync_hyperband}[a.method]
    out = open(a.out, "w") if a.out else None
    if out:
        print("family", "seed", *AT, sep=",", file=out)
    print(f"{'family':9s}" + "".join(f"{f'regret@{k}R':>12s}" for k in AT))
    for family in a.families.split(","):
        total = [0.0] * len(AT)
        for seed in range(a.first_seed, a.first_seed + a.seeds):
            curves = FAMILIES[family](seed)
            marks = play(curves, m(seed, a.batch, curves.params, family), random.Random(500 + seed), a.resume)
            total = [t + mark / a.seeds for t, mark in zip(total, marks)]
            if out:
                print(family, seed, *(f"{mark:.6g}" for mark in marks), sep=",", file=out, flush=True)
        print(f"{family:9s}" + "".join(f"{t:12.4f}" for t in total), flush=True)


if __name__ == "__main__":
    main()
