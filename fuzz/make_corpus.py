#!/usr/bin/env python3
"""Write the seed corpus: requests of every algorithm and parameter kind, with trials of every condition. Run from the repository's root:
  python3 fuzz/make_corpus.py"""
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from conftest import experiment, pb2, request, trial  # noqa: E402

KINDS = [
    ("x", "double", {"min": "-5", "max": "10"}, ["-5", "2.5", "10"]),
    ("lr", "double", {"min": "1e-6", "max": "1", "distribution": "logUniform"}, ["1e-06", "0.01", "1.0"]),
    ("m", "double", {"min": "0.1", "max": "0.9", "step": "0.2", "distribution": "normal"}, ["0.1", "0.5", "0.9"]),
    ("n", "int", {"min": "1", "max": "12"}, ["1", "6", "12"]),
    ("u", "int", {"min": "8", "max": "1024", "distribution": "logNormal"}, ["8", "100", "1024"]),
    ("d", "discrete", {"list": ["16", "1", "128"]}, ["16", "1", "128"]),
    ("c", "categorical", {"list": ["a", "b", "c"]}, ["a", "b", "c"]),
    ("epochs", "int", {"min": "1", "max": "9"}, ["1", "3", "9"]),
]
SETTINGS = {
    "random": {"random_state": 1}, "tpe": {"gamma": 0.2, "n_EI_candidates": 8}, "multivariate-tpe": {"n_startup_trials": 2, "n_ei_candidates": 8},
    "grid": {"random_state": 1}, "sobol": {"scramble": "false"}, "cmaes": {"restart_strategy": "bipop", "sigma": 0.3},
    "nsga2": {"population_size": 4, "objectives": "loss:min", "constraints": "loss<=1"},
    "bayesianoptimization": {"n_initial_points": 2}, "hyperband": {"r_l": 9, "eta": 3, "resource_name": "epochs"},
}


def network(e, layers):
    g = e.spec.nas_config.graph_config
    g.num_layers = layers
    g.input_sizes.extend([32, 32, 3])
    g.output_sizes.append(10)
    for name in ("separable_convolution", "skip_connection"):
        op = e.spec.nas_config.operations.operation.add(operation_type=name)
        if name != "skip_connection":
            op.parameter_specs.parameters.add(name="filter_size", parameter_type=pb2.CATEGORICAL).feasible_space.list.extend(["3", "5"])
            size = op.parameter_specs.parameters.add(name="pool", parameter_type=pb2.INT).feasible_space
            size.min, size.max, size.step = "2", "3", "1"


def reflection():
    """Questions to server reflection, packed by hand: |field| of ServerReflectionRequest with a text."""
    def text(field, value):
        return bytes([field << 3 | 2, len(value)]) + value.encode()

    extension = text(1, "api.v1.beta1.ParameterSpec") + bytes([2 << 3, 7])
    return {
        "services": text(7, "*"), "host": text(1, "mushir") + text(7, ""),
        "file": text(3, "api.proto"), "no-file": text(3, "none.proto"),
        "service": text(4, "api.v1.beta1.Suggestion"), "method": text(4, ".api.v1.beta1.Suggestion.GetSuggestions"),
        "field": text(4, "api.v1.beta1.GetSuggestionsRequest.experiment"), "enum": text(4, "api.v1.beta1.TrialStatus.SUCCEEDED"),
        "no-symbol": text(4, "api.v1.beta1.Nothing"), "extension": bytes([5 << 3 | 2, len(extension)]) + extension,
        "extensions": text(6, "api.v1.beta1.ParameterSpec"), "zero": b"\x81\0" + bytes(8), "two": text(3, "api.proto") + text(4, "api.v1.beta1"), "nothing": b"",
        "zero-extension": bytes([5 << 3 | 2, 10, 0x81]) + bytes(9),
    }


def http():
    """Heads of requests to the admin port."""
    get = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
    return {
        "get": get + b"\r\n", "open": get, "query": b"GET /metrics?name=x HTTP/1.0\n\n", "head": b"HEAD /healthz HTTP/1.1\r\n\r\n",
        "post": b"POST / HTTP/1.1\r\nContent-Length: 1\r\n\r\nx", "two": b"GET /\r\n\r\n", "long": b"GET /" + b"a" * 200 + b" HTTP/1.1\r\n\r\n",
    }


def stopping():
    """Inputs of stopping_fuzz.c: the number of an endpoint, or 3 for an object of the Kubernetes API, and parts behind their lengths."""
    def parts(kind, *bytes_):
        return bytes([kind]) + b"".join(len(b).to_bytes(2, "big") + b for b in bytes_)

    def log(values):
        reply = pb2.GetObservationLogReply()
        for value in values:
            reply.observation_log.metric_logs.add(time_stamp="0001-01-01T00:00:00Z", metric=pb2.Metric(name="loss", value=str(value)))
        return reply.SerializeToString()

    def question(algorithm, maximize=False, metric="loss", **settings):
        e = experiment("random", [("x", "double", {"min": 0, "max": 1})], maximize=maximize)
        e.spec.objective.objective_metric_name, e.spec.early_stopping.algorithm_name = metric, algorithm
        for name, value in settings.items():
            e.spec.early_stopping.algorithm_settings.add(name=name, value=value)
        ended = [trial(f"t{i}", [("x", "0.5")], i, pb2.TrialStatus.EARLYSTOPPED if i % 7 == 6 else pb2.TrialStatus.SUCCEEDED, second=i) for i in range(14)]
        return pb2.GetEarlyStoppingRulesRequest(experiment=e, trials=ended, db_manager_address="db:6789").SerializeToString()

    curves = [log(i + 20 / step for step in range(1, 13)) for i in range(7)]
    bad = [log(["nan", "", "unavailable", "1e999"]), b"\xff", b"", log([1, 2])]
    settings = pb2.ValidateEarlyStoppingSettingsRequest()
    settings.early_stopping.algorithm_name = "percentilestop"
    settings.early_stopping.algorithm_settings.add(name="percentile", value="25")
    condition = {"type": "EarlyStopped", "status": "True"}
    objective = {"objectiveMetricName": "loss", "metricStrategies": [{"name": "loss", "value": "min"}]}
    objects = [{"metadata": {"resourceVersion": "7"}, "spec": {"objective": objective}, "status": status}
               for status in ({"conditions": []}, {"conditions": [condition], "completionTime": "2026-01-01T00:00:00Z"})]
    return {
        **{f"rules-{name}": parts(0, question(name), *curves) for name in ("medianstop", "percentilestop", "curvestop", "unknown")},
        "rules-settings": parts(0, question("curvestop", maximize=True, risk="0.2", min_trials_required="3"), *curves),
        "rules-name": parts(0, question("medianstop", metric="a;b"), *curves), "rules-bad-logs": parts(0, question("medianstop"), *bad, *curves[:3]),
        "settings": parts(1, settings.SerializeToString()), "settings-none": parts(1, b""),
        "stopped": parts(2, pb2.SetTrialStatusRequest(trial_name="t-1").SerializeToString(), curves[0]), "stopped-path": parts(2, b"\x0a\x02..", bad[1]),
        "stopped-unanswered": parts(2, pb2.SetTrialStatusRequest(trial_name="t-1").SerializeToString()),
        "object": parts(3, json.dumps(objects[0]).encode()), "object-stopped": parts(3, json.dumps(objects[1]).encode()), "object-none": parts(3, b"[]"),
    }


def main():
    out = ROOT / "fuzz" / "corpus"
    out.mkdir(exist_ok=True)
    for algorithm, settings in SETTINGS.items():
        e = experiment(algorithm, [(n, t, s) for n, t, s, _ in KINDS], settings)
        trials = [trial(f"t{i}", [(n, v[(i + j) % 3]) for j, (n, _, _, v) in enumerate(KINDS)], None if i % 5 == 4 else ["0.5", "nan", "", "1e300", "2"][i % 5],
                        condition=[None, None, 4, 6, None][i % 5], second=i) for i in range(12)]
        (out / f"{algorithm}-start").write_bytes(request(e, n=2).SerializeToString())
        (out / f"{algorithm}-history").write_bytes(request(e, trials, 3).SerializeToString())
        tiny = experiment(algorithm, [(n, t, s) for n, t, s, _ in KINDS[-3:]], settings)
        (out / f"{algorithm}-discrete").write_bytes(request(tiny, [trial("t", [(n, v[0]) for n, _, _, v in KINDS[-3:]], "1")], 2).SerializeToString())
    for algorithm in ("enas", "darts"):
        e = experiment(algorithm, maximize=True)
        network(e, 3)
        text = [("architecture", "[[1], [0, 1], [2, 0, 1]]"), ("nn_config", "{'num_layers': 3}")]
        (out / f"{algorithm}-start").write_bytes(request(e, n=2).SerializeToString())
        (out / f"{algorithm}-history").write_bytes(request(e, [trial(f"t{i}", text, i) for i in range(3)], 2).SerializeToString())
    for folder, files in (("corpus_reflection", reflection()), ("corpus_http", http()), ("corpus_stopping", stopping())):
        (ROOT / "fuzz" / folder).mkdir(exist_ok=True)
        for name, bytes_ in files.items():
            (ROOT / "fuzz" / folder / name).write_bytes(bytes_)


if __name__ == "__main__":
    main()
