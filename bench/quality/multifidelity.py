#!/usr/bin/env python3
"""Measure Hyperband on learning curves whose end is known.

  multifidelity.py --address 127.0.0.1:6792 --proto ../../proto/api.proto   # the service
  multifidelity.py --method random | --method hyperband                          # random search at full resource; a plain synchronous Hyperband
  multifidelity.py --algorithm asha --resume                        # trials that go on from checkpoints

One trial spends its `epochs` (1..R=27). Printed per family: mean true regret of the incumbent (the best observation
among the trials with the most epochs so far) after total spends of 5R, 10R and 20R, averaged over seeds. Lower is better.
`--batch 4` asks for 4 at a time; `--batch rung` asks for as many as the service's bracket wants (27, the way Katib's own example does).
"""
import argparse
import math
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
R, ETA = 27, 3


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


PARAMS = [("lr", "double", 1e-6, 1e-1, "log"), ("width", "int", 8, 1024, "log"), ("dropout", "double", 0.0, 0.8, "uniform")]


def draw(rng):
    x = {}
    for n, t, lo, hi, d in PARAMS:
        v = math.exp(rng.uniform(math.log(lo), math.log(hi))) if d == "log" else rng.uniform(lo, hi)
        x[n] = int(min(hi, max(lo, round(v)))) if t == "int" else v
    return x


def random_full(seed, batch):
    rng = random.Random(seed)
    while True:
        done = yield [(draw(rng), R, None) for _ in range(4)]


def sync_hyperband(seed, batch):
    rng, smax = random.Random(seed), round(math.log(R, ETA))
    while True:
        for s in range(smax, -1, -1):
            n = math.ceil((smax + 1) * ETA**s / (s + 1))
            rung = [draw(rng) for _ in range(n)]
            for i in range(s + 1):
                done = yield [(x, max(1, R // ETA ** (s - i)), None) for x in rung]
                rung = [x for x, _, _, _ in sorted(done, key=lambda t: t[2])[: max(1, len(rung) // ETA)]]


def service(a, api, stub):
    def method(seed, batch):
        pb2 = api[0]
        e = pb2.Experiment(name=f"multifidelity-{a.cross_now}-{seed}")
        for n, t, lo, hi, d in PARAMS + [("epochs", "int", 1, R, "uniform")]:
            p = e.spec.parameter_specs.parameters.add(name=n, parameter_type={"double": pb2.DOUBLE, "int": pb2.INT}[t])
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
                jobs.append(({n: (int if t == "int" else float)(v[n]) for n, t, *_ in PARAMS}, int(float(v["epochs"])), pa))
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


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--method", default="service", choices=["service", "random", "hyperband"])
    ap.add_argument("--algorithm", default="hyperband", choices=["hyperband", "asha", "bohb"])
    ap.add_argument("--resume", action="store_true", help="a promoted trial goes on from its predecessor's checkpoint and spends the difference")
    ap.add_argument("--address", default="127.0.0.1:6789")
    here = os.path.dirname(os.path.abspath(__file__))
    ap.add_argument("--proto", default=os.path.join(here, "..", "..", "proto", "api.proto"))
    ap.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    ap.add_argument("--batch", default="4")
    ap.add_argument("--seeds", type=int, default=40)
    a = ap.parse_args()
    if a.method == "service":
        import service_client
        m = service(a, *service_client.connect(a.address, a.proto))
    else:
        m = {"random": random_full, "hyperband": sync_hyperband}[a.method]
    print(f"{'crossing':9s}" + "".join(f"{f'regret@{k}R':>12s}" for k in (5, 10, 20)))
    for cross in (0.0, 0.5, 1.0):
        a.cross_now = cross
        total = [0.0] * 3
        for seed in range(a.seeds):
            c, rng, gen, spent, seen, marks, reached = Curves(cross, seed), random.Random(500 + seed), m(seed, a.batch), 0, [], {}, {}
            jobs = next(gen)
            while len(marks) < 3:
                done = []
                for x, epochs, h in jobs:
                    y = c.at(x, epochs, rng)
                    configuration = tuple(x.values())
                    spent += epochs - (reached.get(configuration, 0) if a.resume else 0)
                    reached[configuration] = epochs
                    seen.append((epochs, y, x))
                    done.append((x, epochs, y, h))
                    top = max(t[0] for t in seen)
                    inc = min((t for t in seen if t[0] == top), key=lambda t: t[1])[2]
                    for i, k in enumerate((5, 10, 20)):
                        if spent >= k * R and i not in marks:
                            marks[i] = c.end(inc)
                jobs = gen.send(done)
            for i in range(3):
                total[i] += marks[i] / a.seeds
        print(f"{cross:<9.1f}" + "".join(f"{t:12.4f}" for t in total), flush=True)


if __name__ == "__main__":
    main()
