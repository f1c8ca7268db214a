#!/usr/bin/env python3
"""Population based training on two toys whose best schedule is known, beside Katib's rule and beside nobody giving up.

  mushir-pbt --port 6799 --data /tmp/folders
  pbt.py --address 127.0.0.1:6799 --data /tmp/folders

Checkpoints of the service are in the folders that it makes; Katib's rule is played here.

triangle: a learning rate whose best value rises and falls with accuracy (Ray Tune's pbt_example); three steps a turn,
50 turns; printed is the mean over seeds of the best accuracy of the last turn. quadratic: 1.2 - t0^2 - t1^2 through
1.2 - h0 t0^2 - h1 t1^2 with two workers that begin with h = (1, 0) and (0, 1) (Jaderberg et al. 2017, figure 2);
four steps a turn, 50 turns. Higher is better.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import time

import service_client
from toys import Quadratic, Triangle

TURNS = 50


def ours(address, proto, data, threshold):
    (pb2, *_), stub = service_client.connect(address, proto)

    def run(toy, size, seed):
        e = pb2.Experiment(name=f"{type(toy).__name__.lower()}-{size}-{threshold}-{seed}-{time.time_ns()}".replace(".", ""))
        for name, (low, high) in toy.parameters.items():
            p = e.spec.parameter_specs.parameters.add(name=name, parameter_type=pb2.DOUBLE)
            p.feasible_space.min, p.feasible_space.max = str(low), str(high)
        e.spec.objective.type, e.spec.objective.objective_metric_name = pb2.MAXIMIZE, "value"
        e.spec.algorithm.algorithm_name = "pbt"
        for k, v in {"suggestion_trial_dir": "/checkpoint", "n_population": size, "truncation_threshold": threshold, "random_state": seed}.items():
            e.spec.algorithm.algorithm_settings.add(name=k, value=str(v))
        trials, values = [], []
        for turn in range(TURNS):
            reply = stub.GetSuggestions(pb2.GetSuggestionsRequest(
                experiment=e, trials=trials, current_request_number=size, total_request_number=len(trials) + size), timeout=60)
            for i, a in enumerate(reply.parameter_assignments):
                if turn == 0 and toy.first:
                    for assignment in a.assignments:
                        assignment.value = str(toy.first[i][assignment.name])
                checkpoint = data / e.name / a.trial_name / "state.json"
                state = json.loads(checkpoint.read_text()) if checkpoint.exists() else toy.start
                state, value = toy.turn(state, {x.name: float(x.value) for x in a.assignments})
                checkpoint.write_text(json.dumps(state))
                t = pb2.Trial(name=a.trial_name)
                t.spec.objective.CopyFrom(e.spec.objective)
                t.spec.parameter_assignments.assignments.extend(a.assignments)
                t.status.condition = pb2.TrialStatus.SUCCEEDED
                n = len(trials)
                t.status.start_time = t.status.completion_time = f"2026-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z"
                t.status.observation.metrics.add(name="value", value=repr(value))
                trials.append(t)
                values.append(value)
        return max(values[-size:])

    return run


def katibs(threshold):
    """Who is below the quantile takes the parameters of one above 1 - quantile and keeps its own checkpoint; all others multiply theirs by 0.8
    or 1.2; a generation ends when more than n_population of it have finished, and is filled up by drawing again from the one before."""
    def run(toy, size, seed):
        rng = random.Random(seed)

        def anew():
            return {n: rng.uniform(low, high) for n, (low, high) in toy.parameters.items()}, toy.start

        def perturbed(x):
            return {n: min(high, max(low, x[n] * rng.choice((0.8, 1.2)))) for n, (low, high) in toy.parameters.items()}

        def following(pool):
            ranked = sorted(pool, key=lambda j: j[2])
            cut = threshold * (len(ranked) - 1)
            low, high = ranked[int(cut)][2], ranked[-1 - int(cut)][2]
            upper = [j for j in pool if j[2] >= high]
            return [(rng.choice(upper)[0] if v < low else perturbed(x), state) for x, state, v in pool]

        queue = [(x, toy.start) for x in toy.first] or [anew() for _ in range(size)]
        pool, done, values = [], [], []
        for _ in range(TURNS):
            if len(done) > size:
                pool, done = done, []
                queue += following(pool)
            while len(queue) < size:
                queue += following(pool) if pool else [anew()]
            now, queue = queue[:size], queue[size:]
            for x, state in now:
                state, value = toy.turn(state, x)
                done.append((x, state, value))
                values.append(value)
        return max(values[-size:])

    return run


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--address", default="127.0.0.1:6789")
    ap.add_argument("--proto", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "proto", "api.proto"))
    ap.add_argument("--data", type=pathlib.Path, required=True, help="the service's --data")
    ap.add_argument("--seeds", type=int, default=20)
    a = ap.parse_args()
    for toy, sizes, threshold in ((Triangle, (5, 10, 20), 0.2), (Quadratic, (2,), 0.5)):
        for size in sizes:
            print(f"{toy.__name__.lower()}, population {size}:", end="")
            for name, method in (("ours", ours(a.address, a.proto, a.data, threshold)), ("Katib's rule", katibs(threshold)), ("nobody gives up", ours(a.address, a.proto, a.data, 0))):
                values = [method(toy(random.Random(seed)), size, seed) for seed in range(a.seeds)]
                print(f"  {name} {statistics.mean(values):.2f} +- {statistics.stdev(values) / a.seeds ** 0.5:.2f}", end="", flush=True)
            print()


if __name__ == "__main__":
    main()
