#!/usr/bin/env python3
"""Print tests/unit/effects_trials.inc: trials of sums whose shares of variance are known exactly, by a running service, and what Optuna's
fANOVA says of the same trials. Takes the folder of the programs; needs optuna, scikit-learn and grpcio.

With --survey it prints instead, for each function of a family that is drawn once and for all, how far Optuna's shares and ours are from the
truth, and ours from Optuna's.

Optuna gets positions in the declared distribution: on its own it takes logarithmic parameters for uniform ones (importance/_fanova)."""
import argparse
import math
import pathlib
import random
import subprocess
import sys
import tempfile

import grpc
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DOUBLE, INT, DISCRETE, CATEGORICAL = 1, 2, 3, 4
UNIFORM, LOG = 1, 2
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

stubs = tempfile.mkdtemp()
subprocess.run(["protoc", f"-I{ROOT}/proto", f"--python_out={stubs}", "api.proto", "analysis.proto"], check=True)
sys.path.insert(0, stubs)
import analysis_pb2 as analysis  # noqa: E402
import api_pb2 as pb  # noqa: E402


class Parameter:
    """A parameter, what it is worth as a function of position or index, and its share of the variance."""

    def __init__(self, name, kind, share, worth, low=0, high=0, distribution=UNIFORM, values=()):
        self.name, self.kind, self.share, self.low, self.high = name, kind, share, low, high
        self.distribution, self.values = distribution, list(values)
        cells = self.cells()
        mean = sum(part * worth(at) for at, part in cells)
        scale = math.sqrt(share / sum(part * (worth(at) - mean) ** 2 for at, part in cells))
        self.worth = lambda at: scale * (worth(at) - mean)

    def scale(self, value):
        return math.log(value) if self.distribution == LOG else value

    def cells(self):
        """Where worth() is asked for, with the probability of each place."""
        if self.values:
            return [(i, 1 / len(self.values)) for i in range(len(self.values))]
        if self.kind == INT:
            low, high = self.scale(self.low - 0.5), self.scale(self.high + 0.5)
            return [(self.position(k), (self.scale(k + 0.5) - self.scale(k - 0.5)) / (high - low)) for k in range(self.low, self.high + 1)]
        return [((i + 0.5) / 5000, 1 / 5000) for i in range(5000)]

    def position(self, text):
        """In [0, 1]: of an int in its cell, of a list in the middle of the entry's cell."""
        if self.values:
            return (self.values.index(text) + 0.5) / len(self.values)
        edge = 0.5 if self.kind == INT else 0
        low, high = self.scale(self.low - edge), self.scale(self.high + edge)
        return (self.scale(float(text)) - low) / (high - low)

    def loss(self, text):
        return self.worth(self.values.index(text) if self.values else self.position(text))

    def proto(self):
        space = pb.FeasibleSpace(list=self.values) if self.values else pb.FeasibleSpace(
            min=repr(self.low), max=repr(self.high), distribution=self.distribution)
        return pb.ParameterSpec(name=self.name, parameter_type=self.kind, feasible_space=space)

    def c(self):
        if self.values:
            texts = ", ".join(f'"{v}"' for v in self.values)
            return f'{{.name = "{self.name}", .type = {self.kind}, .list = (const char *const[]){{{texts}}}, .n_list = {len(self.values)}}}'
        return (f'{{.name = "{self.name}", .type = {self.kind}, .distribution = {self.distribution}, .min = "{self.low!r}", '
                f'.max = "{self.high!r}"}}')


def bowl(centre):
    return lambda at: (at - centre) ** 2


def wave(turns):
    return lambda at: math.cos(2 * math.pi * turns * at)


def line(at):
    return at


def table(*worth):
    return lambda at: worth[at]


FUNCTIONS = {
    "optimizer": (200, [
        Parameter("rate", DOUBLE, 0.7, bowl(0.6), 1e-5, 1e-1, LOG), Parameter("momentum", DOUBLE, 0.2, line, 0.5, 0.99),
        Parameter("method", CATEGORICAL, 0.093, table(0, 1, 3), values=("sgd", "adam", "rmsprop")),
        Parameter("decay", DOUBLE, 0.007, bowl(0.3), 1e-6, 1e-2, LOG)]),
    "network": (300, [
        Parameter("activation", CATEGORICAL, 0.55, table(0, 2, 3, 5), values=("relu", "tanh", "gelu", "elu")),
        Parameter("layers", INT, 0.3, bowl(0.4), 1, 8), Parameter("norm", CATEGORICAL, 0.007, table(0, 1), values=("batch", "layer")),
        Parameter("dropout", DOUBLE, 0.143, bowl(0.2), 0.0, 0.6)]),
    "six": (500, [
        Parameter(f"x{i}", DOUBLE, share, worth, -5.0, 5.0) for i, (share, worth) in enumerate(
            [(0.3, bowl(0.3)), (0.25, bowl(0.5)), (0.2, line), (0.15, bowl(0.8)), (0.093, bowl(0.45)), (0.007, line)])]),
    "ten": (600, [
        Parameter("a", DOUBLE, 0.4, bowl(0.4), 0.0, 1.0), Parameter("b", DOUBLE, 0.1, line, 0.0, 1.0),
        Parameter("c", DOUBLE, 0.05, bowl(0.7), 0.0, 1.0), Parameter("d", DOUBLE, 0.03, wave(1), 0.0, 1.0),
        Parameter("e", DOUBLE, 0.01, bowl(0.1), 0.0, 1.0), Parameter("f", DOUBLE, 0.007, line, 0.0, 1.0),
        Parameter("width", INT, 0.2, bowl(0.5), 1, 1000, LOG), Parameter("depth", INT, 0.053, line, 0, 9),
        Parameter("three", CATEGORICAL, 0.1, table(0, 1, 4), values="abc"),
        Parameter("many", CATEGORICAL, 0.05, table(3, 1, 4, 1, 5, 9), values="uvwxyz")]),
    "wavy": (1000, [
        Parameter("wave", DOUBLE, 0.45, wave(1.5), 0.0, 1.0), Parameter("units", INT, 0.293, bowl(0.6), 16, 4096, LOG),
        Parameter("batch", DISCRETE, 0.25, table(4, 2, 0, 1, 3), values=("16", "32", "64", "128", "256")),
        Parameter("bowl", DOUBLE, 0.007, line, 1e-3, 1e3, LOG)]),
}


# ---- a family of natural sums ----

DRAWN_TRIALS = 200
KEPT = (0, 1, 4, 8, 18)  # the first five at which Optuna's fANOVA is within 10 points of the truth
SHAPES = ("lines", "bowls inside", "bowls at a border", "monotone", "mixed")


def power(exponent, falls):
    return lambda at: (-1 if falls else 1) * at ** exponent


def drawn_worth(rng, shape):
    """A function of position. A bowl's optimum is inside at 0.2 to 0.8, or at 0 or 1."""
    shape = rng.choice(SHAPES[:-1]) if shape == "mixed" else shape
    if shape == "lines":
        return power(1, rng.random() < 0.5)
    if shape == "bowls inside":
        return bowl(rng.uniform(0.2, 0.8))
    if shape == "bowls at a border":
        return bowl(rng.choice((0, 1)))
    return power(rng.choice((0.5, 1, 2, 3)), rng.random() < 0.5)


def drawn_parameter(rng, name, share, shape):
    """Of five parameters three are floats, one an int, one a category; half of the numbers are logarithmic. A category's entries are
    worth what they draw from [0, 1]."""
    kind = rng.choice((DOUBLE, DOUBLE, DOUBLE, INT, CATEGORICAL))
    log = rng.random() < 0.5
    if kind == CATEGORICAL:
        entries = "abcde"[:rng.randint(2, 5)]
        return Parameter(name, kind, share, table(*(rng.random() for _ in entries)), values=entries)
    low, high = (1, 1024 if log else 20) if kind == INT else (1e-5, 1e-1) if log else (0.0, 1.0)
    return Parameter(name, kind, share, drawn_worth(rng, shape), low, high, LOG if log else UNIFORM)


def drawn(number):
    """What kind of function it is, and its parameters. Function |number| of 50: each shape with 2 to 6 parameters, once with shares that are uniform among all that sum to 1, once with a
    first parameter that has 60 to 90 % and others that share what is left in that way."""
    shape, n, dominated = SHAPES[number % 5], 2 + number // 5 % 5, number // 25 == 1
    rng = random.Random(number)
    first = [rng.uniform(0.6, 0.9)] if dominated else []
    rest = [rng.expovariate(1) for _ in range(n - len(first))]
    shares = first + [(1 - sum(first)) * part / sum(rest) for part in rest]
    kind = f"{shape}, {n}{', one dominates' if dominated else ''}"
    return kind, [drawn_parameter(rng, f"x{i}", share, shape) for i, share in enumerate(shares)]


# ---- trials ----

def search(folder, algorithm, name, parameters, n):
    """The texts and the loss of |n| trials, one after another, and the service's own shares."""
    service = subprocess.Popen([f"{folder}/mushir-{algorithm}", "--host", "127.0.0.1", "--port", "0"], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    channel = grpc.insecure_channel(f"127.0.0.1:{int(service.stdout.readline())}")
    ask = channel.unary_unary("/api.v1.beta1.Suggestion/GetSuggestions", request_serializer=lambda m: m.SerializeToString(),
                              response_deserializer=pb.GetSuggestionsReply.FromString)
    spec = pb.ExperimentSpec(
        parameter_specs=pb.ExperimentSpec.ParameterSpecs(parameters=[p.proto() for p in parameters]), parallel_trial_count=1,
        objective=pb.ObjectiveSpec(type=1, objective_metric_name="loss"), algorithm=pb.AlgorithmSpec(algorithm_name=algorithm))
    request = pb.GetSuggestionsRequest(experiment=pb.Experiment(name=name, spec=spec), current_request_number=1)
    trials = []
    for i in range(n):
        request.total_request_number = i + 1
        assignments = ask(request).parameter_assignments[0].assignments
        texts = [a.value for a in assignments]
        trials.append((texts, sum(p.loss(t) for p, t in zip(parameters, texts))))
        time = f"2026-01-01T{i // 60:02d}:{i % 60:02d}:00Z"
        request.trials.append(pb.Trial(
            name=f"t{i:04d}", spec=pb.TrialSpec(objective=spec.objective, parameter_assignments=pb.TrialSpec.ParameterAssignments(
                assignments=assignments)),
            status=pb.TrialStatus(condition=2, start_time=time, completion_time=time, observation=pb.Observation(
                metrics=[pb.Metric(name="loss", value=repr(trials[-1][1]))]))))
    reply = channel.unary_unary("/mushir.v1.Analysis/Importance", request_serializer=lambda m: m.SerializeToString(),
                                response_deserializer=analysis.ImportanceReply.FromString)(request)
    service.terminate()
    service.wait()
    return trials, [parameter.share for parameter in reply.parameters]


def code(number):
    """A number in [0, 1] as two digits, and what they stand for."""
    bits = min(4095, int(number * 4096))
    return DIGITS[bits // 64] + DIGITS[bits % 64], (bits + 0.5) / 4096


def fanova(parameters, rows):
    """Optuna's shares, which it does not bring to a sum of 1 here."""
    kinds = {p.name: CategoricalDistribution(p.values) if p.kind == CATEGORICAL else FloatDistribution(0, 1) for p in parameters}
    study = optuna.create_study()
    study.add_trials([optuna.trial.create_trial(
        params={p.name: p.values[int(u * len(p.values))] if p.kind == CATEGORICAL else u for p, u in zip(parameters, us)},
        distributions=kinds, value=loss) for us, loss in rows])
    importance = optuna.importance.FanovaImportanceEvaluator(seed=1).evaluate(study)
    return [importance[p.name] for p in parameters]


def coded_rows(parameters, trials):
    """Of each trial the codes and values of positions, and of its place between the least and the largest loss."""
    losses = [loss for _, loss in trials]
    low, high = min(losses), max(losses)
    return [([code(p.position(t)) for p, t in zip(parameters, texts)], code((loss - low) / (high - low))) for texts, loss in trials]


def optunas_shares(parameters, rows):
    return fanova(parameters, [([u for _, u in row], loss) for row, (_, loss) in rows])


def show(name, algorithm, parameters, trials):
    coded = coded_rows(parameters, trials)
    optunas = optunas_shares(parameters, coded)
    label = f"{name}_{algorithm}".upper()
    print(f"static const struct mu_parameter_text {label}_TEXTS[] = {{{', '.join(p.c() for p in parameters)}}};")
    print(f"static const double {label}_TRUTH[] = {{{', '.join(repr(p.share) for p in parameters)}}};")
    print(f"static const double {label}_OPTUNA[] = {{{', '.join(f'{v:.4f}' for v in optunas)}}};")
    print(f"static const char *const {label}_TRIALS[] = {{")
    for i in range(0, len(coded), 5):
        print(", ".join('"' + "".join(c for c, _ in row) + loss[0] + '"' for row, loss in coded[i:i + 5]) + ",")
    print("};")
    return f'{{"{name}", "{algorithm}", {label}_TEXTS, {len(parameters)}, {label}_TRIALS, {len(trials)}, {label}_TRUTH, {label}_OPTUNA}}'


def show_all(folder):
    print("/* Made by tests/reference/effects_trials.py: two digits for each position in the declared distribution, and for the loss. */")
    print("struct search { const char *name, *algorithm; const struct mu_parameter_text *texts; size_t n_texts; const char *const *trials;"
          " size_t n; const double *truth, *optuna; };")
    searches = []
    for function, (count, space) in FUNCTIONS.items():
        searches.append(show(function, "tpe", space, search(folder, "tpe", f"effects-{function}", space, count)[0]))
    for number in KEPT:
        space = drawn(number)[1]
        searches.append(show(f"drawn{number}", "tpe", space, search(folder, "tpe", f"effects-drawn-{number}", space, DRAWN_TRIALS)[0]))
    for function in ("optimizer", "network"):
        count, space = FUNCTIONS[function]
        searches.append(show(function, "random", space, search(folder, "random", f"effects-{function}", space, count)[0]))
    print("static const struct search SEARCHES[] = {" + ",\n".join(searches) + "};")


def farthest(a, b):
    """The largest distance between shares, in points."""
    return 100 * max(abs(x - y) for x, y in zip(a, b))


def survey(folder):
    print("number: Optuna's to the truth, ours to the truth, ours to Optuna's, the sum of ours, function")
    for number in range(50):
        kind, parameters = drawn(number)
        trials, ours = search(folder, "tpe", f"effects-drawn-{number}", parameters, DRAWN_TRIALS)
        truth = [p.share for p in parameters]
        optunas = optunas_shares(parameters, coded_rows(parameters, trials))
        print(f"{number:2}: {farthest(optunas, truth):5.1f} {farthest(ours, truth):5.1f} {farthest(ours, optunas):5.1f} "
              f"{100 * sum(ours):6.1f} {kind}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", help="the folder of the programs")
    parser.add_argument("--survey", action="store_true", help="of the family of drawn functions")
    arguments = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    (survey if arguments.survey else show_all)(arguments.programs)
