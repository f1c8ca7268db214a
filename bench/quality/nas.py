#!/usr/bin/env python3
"""Measure an ENAS controller on planted architectures, where the best network is known.

  nas.py --address 127.0.0.1:6791 --proto ../../proto/api.proto      # the service
  nas.py --method random | --method evolution                             # what it must beat
  nas.py --landscapes 8xkatib                                             # 106 operations with parameters

A landscape plants a preferred operation per layer, pairwise effects between neighbouring layers and a
preferred set of skip connections; its reward lies in [0, 1] and is observed with noise 0.01. The operations
of "katib" are those of Katib's examples, and the effects are of the operation's type and of each of its
parameters. Printed per landscape, as mean and standard error over seeds: true reward of the last quarter of
the trials (what was learned; random search cannot improve it), the best true reward found, and the regret:
one minus the best true reward so far, in the mean over the trials.
"""
import argparse
import itertools
import json
import os
import random
import statistics
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


class Landscape:
    """arch: one list per layer, [operation, skip bit from layer 0, skip bit from layer 1, ...]."""

    def __init__(self, layers, ops, seed):
        r = random.Random(seed)
        self.layers, self.ops = layers, ops
        self.main = [[r.random() for _ in range(ops)] for _ in range(layers)]
        self.pair = [[[r.random() for _ in range(ops)] for _ in range(ops)] for _ in range(layers - 1)]
        self.skip = [[r.choice([-1, 1]) for _ in range(i)] for i in range(layers)]
        best = self._chain(max)
        worst = self._chain(min)
        self.low, self.span = worst, best - worst

    def _chain(self, pick):
        score = self.main[0][:]
        for i in range(1, self.layers):
            score = [pick(score[p] + 0.7 * self.pair[i - 1][p][o] for p in range(self.ops)) + self.main[i][o] for o in range(self.ops)]
        return pick(score)

    def reward(self, arch):
        s = sum(self.main[i][a[0]] for i, a in enumerate(arch)) + 0.7 * sum(self.pair[i][arch[i][0]][arch[i + 1][0]] for i in range(self.layers - 1))
        bits = [(b, w) for i, a in enumerate(arch) for b, w in zip(a[1:], self.skip[i])]
        agree = sum((b == 1) == (w == 1) for b, w in bits) / len(bits) if bits else 1.0
        return 0.8 * (s - self.low) / self.span + 0.2 * agree


class KatibLandscape:
    """As Landscape, of operations with several parameters: every layer prefers a type and a value of each of its parameters."""

    OPERATIONS = [
        ("convolution", {"filter_size": "3 5 7", "num_filter": "32 48 64 96 128", "stride": "1 2"}),
        ("separable_convolution", {"filter_size": "3 5 7", "num_filter": "32 48 64 96 128", "stride": "1 2", "depth_multiplier": "1 2"}),
        ("depthwise_convolution", {"filter_size": "3 5 7", "stride": "1 2", "depth_multiplier": "1 2"}),
        ("reduction", {"reduction_type": "max_pooling avg_pooling", "pool_size": "2 3"}),
    ]

    def __init__(self, layers, seed):
        r = random.Random(seed)
        self.layers = layers
        self.table = [(i, values) for i, (_, p) in enumerate(self.OPERATIONS) for values in itertools.product(*(v.split() for v in p.values()))]
        self.ops = len(self.table)
        self.skip = [[r.choice([-1, 1]) for _ in range(i)] for i in range(layers)]
        self.value = []
        for _ in range(layers):
            kind = [r.random() for _ in self.OPERATIONS]
            part = [[{v: r.random() for v in values.split()} for values in p.values()] for _, p in self.OPERATIONS]
            raw = [kind[i] + sum(part[i][j][v] for j, v in enumerate(values)) / len(values) for i, values in self.table]
            self.value.append([(v - min(raw)) / (max(raw) - min(raw)) for v in raw])

    def reward(self, arch):
        bits = [(b, w) for i, a in enumerate(arch) for b, w in zip(a[1:], self.skip[i])]
        agree = sum((b == 1) == (w == 1) for b, w in bits) / len(bits) if bits else 1.0
        return 0.8 * sum(self.value[i][a[0]] for i, a in enumerate(arch)) / self.layers + 0.2 * agree


def landscape_of(shape, seed):
    layers, ops = shape.split("x")
    return KatibLandscape(int(layers), seed) if ops == "katib" else Landscape(int(layers), int(ops), seed)


def random_arch(l, r):
    return [[r.randrange(l.ops)] + [r.randrange(2) for _ in range(i)] for i in range(l.layers)]


class RandomSearch:
    def __init__(self, l, seed):
        self.l, self.r = l, random.Random(seed)

    def ask(self, n):
        return [(random_arch(self.l, self.r), None) for _ in range(n)]

    def tell(self, handle, arch, y):
        pass


class Evolution:
    """Regularized evolution (Real et al. 2019): population 20, tournament 5."""

    def __init__(self, l, seed):
        self.l, self.r, self.pop = l, random.Random(seed), []

    def ask(self, n):
        out = []
        for _ in range(n):
            if len(self.pop) < 20:
                out.append((random_arch(self.l, self.r), None))
                continue
            a = [row[:] for row in max(self.r.sample(self.pop, 5), key=lambda t: t[1])[0]]
            i = self.r.randrange(self.l.layers)
            j = self.r.randrange(len(a[i]))
            a[i][j] = self.r.randrange(self.l.ops) if j == 0 else 1 - a[i][j]
            out.append((a, None))
        return out

    def tell(self, handle, arch, y):
        self.pop.append((arch, y))
        self.pop = self.pop[-20:]


class Service:
    def __init__(self, api, stub, l, seed, settings, name):
        pb2 = self.pb2 = api[0]
        self.stub, self.trials, self.requested = stub, [], 0
        e = self.e = pb2.Experiment(name=f"{name}-{seed}")
        e.spec.objective.type, e.spec.objective.objective_metric_name = pb2.MAXIMIZE, "Validation-Accuracy"
        e.spec.algorithm.algorithm_name = "enas"
        for k, v in settings.items():
            e.spec.algorithm.algorithm_settings.add(name=k, value=v)
        g = e.spec.nas_config.graph_config
        g.num_layers = l.layers
        g.input_sizes.extend([32, 32, 3])
        g.output_sizes.extend([10])
        for kind, parameters in getattr(l, "OPERATIONS", [("convolution", {"filter_size": " ".join(str(2 * i + 1) for i in range(l.ops))})]):
            op = e.spec.nas_config.operations.operation.add(operation_type=kind)
            for name, values in parameters.items():
                p = op.parameter_specs.parameters.add(name=name, parameter_type=pb2.CATEGORICAL)
                p.feasible_space.list.extend(values.split())
        e.spec.max_trial_count, e.spec.parallel_trial_count = 400, 4
        stub.ValidateAlgorithmSettings(pb2.ValidateAlgorithmSettingsRequest(experiment=e), timeout=60)

    def ask(self, n):
        self.requested += n
        r = self.stub.GetSuggestions(self.pb2.GetSuggestionsRequest(experiment=self.e, trials=self.trials, current_request_number=n, total_request_number=self.requested), timeout=120)
        assert len(r.parameter_assignments) == n
        return [(json.loads({a.name: a.value for a in pa.assignments}["architecture"].replace("'", '"')), pa) for pa in r.parameter_assignments]

    def tell(self, pa, arch, y):
        t = self.pb2.Trial(name=f"{self.e.name}-{len(self.trials):05d}")
        t.spec.objective.CopyFrom(self.e.spec.objective)
        t.spec.parameter_assignments.assignments.extend(pa.assignments)
        n = len(self.trials)
        t.status.condition = self.pb2.TrialStatus.SUCCEEDED
        t.status.start_time = t.status.completion_time = f"2026-01-01T{n // 3600:02d}:{n // 60 % 60:02d}:{n % 60:02d}Z"
        t.status.observation.metrics.add(name="Validation-Accuracy", value=repr(y))
        self.trials.append(t)


def regret(ys):
    return statistics.mean(1 - best for best in itertools.accumulate(ys, max))


def with_error(values):
    error = statistics.stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0
    return f"{statistics.mean(values):9.4f} ± {error:.4f}"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--method", default="service", choices=["service", "random", "evolution"])
    ap.add_argument("--address", default="127.0.0.1:6789")
    here = os.path.dirname(os.path.abspath(__file__))
    ap.add_argument("--proto", default=os.path.join(here, "..", "..", "proto", "api.proto"))
    ap.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE")
    ap.add_argument("--trials", type=int, default=200)
    ap.add_argument("--batch", type=int, default=4)
    ap.add_argument("--seeds", type=int, default=5)
    ap.add_argument("--landscapes", default="4x4,6x5,8x6", help="LAYERSxOPERATIONS, comma-separated")
    ap.add_argument("--landscape-seed", type=int, default=7)
    ap.add_argument("--json", help="also write every run's true rewards to this file")
    a = ap.parse_args()
    if a.method == "service":
        import service_client
        api, stub = service_client.connect(a.address, a.proto)
    print(f"{'landscape':10s} {'learned':>18s} {'best':>18s} {'regret':>18s}")
    runs = {}
    for shape in a.landscapes.split(","):
        for seed in range(a.seeds):
            l = landscape_of(shape, a.landscape_seed + seed)
            noise = random.Random(1000 + seed)
            o = {"random": RandomSearch, "evolution": Evolution}[a.method](l, seed) if a.method != "service" else Service(api, stub, l, seed, dict(s.split("=", 1) for s in a.setting), f"nas-{shape}")
            ys = []
            while len(ys) < a.trials:
                for arch, h in o.ask(min(a.batch, a.trials - len(ys))):
                    y = l.reward(arch)
                    ys.append(y)
                    o.tell(h, arch, y + noise.gauss(0, 0.01))
            runs.setdefault(shape, []).append(ys)
        print(f"{shape:10s}", *(with_error([f(ys) for ys in runs[shape]]) for f in (lambda ys: statistics.mean(ys[-(len(ys) // 4):]), max, regret)), flush=True)
    if a.json:
        with open(a.json, "w") as out:
            json.dump(runs, out)


if __name__ == "__main__":
    main()
