"""What reaches the training code of Katib's two architecture-search images, parsed by their documented rules.

On its way a value is put into the JSON text of a trial template by plain replacement, the command is joined and handed to `sh -c`, where it stands in double
quotes, and the image turns apostrophes into double quotes and parses JSON."""
import json
import re
import subprocess

import pytest

from conftest import Service, pairs, pb2, request, services_built, trial

KNOWN_PRIMITIVES = {"avg_pooling_3x3", "max_pooling_3x3", "skip_connection", "separable_convolution_3x3", "separable_convolution_5x5",
                    "dilated_convolution_3x3", "dilated_convolution_5x5"}
WHOLE = ("num_epochs", "batch_size", "num_workers", "init_channels", "print_step", "num_nodes", "stem_multiplier")
REAL = ("w_lr", "w_lr_min", "w_momentum", "w_weight_decay", "w_grad_clip", "alpha_lr", "alpha_weight_decay")
KATIB_OPERATIONS = [
    ("convolution", {"filter_size": ["3", "5", "7"], "num_filter": ["32", "48", "64", "96", "128"], "stride": ["1", "2"]}),
    ("separable_convolution", {"filter_size": ["3", "5", "7"], "num_filter": ["32", "48", "64", "96", "128"], "stride": ["1", "2"],
                               "depth_multiplier": ["1", "2"]}),
    ("depthwise_convolution", {"filter_size": ["3", "5", "7"], "stride": ["1", "2"], "depth_multiplier": ["1", "2"]}),
    ("reduction", {"reduction_type": ["max_pooling", "avg_pooling"], "pool_size": ("int", "2", "3", "1")}),
]
ALL_TYPES = [
    ("convolution", {"filter_size": ("discrete", ["3", "5"]), "rate": ("double", "0.1", "0.35", "0.1"), "num_filter": ("int", "16", "48", "16")}),
    ("reduction", {"reduction_type": ["max pooling", "avg, pooling"], "pool_size": ("int", "2", "3", "")}),
]


def experiment(algorithm, layers, operations, settings=None):
    e = pb2.Experiment(name=f"images-{algorithm}-{layers}")
    e.spec.objective.type, e.spec.objective.objective_metric_name = pb2.MAXIMIZE, "Validation-Accuracy"
    e.spec.algorithm.algorithm_name = algorithm
    for k, v in (settings or {}).items():
        e.spec.algorithm.algorithm_settings.add(name=k, value=v)
    e.spec.nas_config.graph_config.num_layers = layers
    if algorithm == "enas":
        e.spec.nas_config.graph_config.input_sizes.extend([32, 32, 3])
        e.spec.nas_config.graph_config.output_sizes.append(10)
    for kind, parameters in operations:
        op = e.spec.nas_config.operations.operation.add(operation_type=kind)
        for name, values in parameters.items():
            p = op.parameter_specs.parameters.add(name=name, parameter_type=pb2.CATEGORICAL)
            if isinstance(values, list):
                p.feasible_space.list.extend(values)
            elif values[0] == "discrete":
                p.parameter_type = pb2.DISCRETE
                p.feasible_space.list.extend(values[1])
            else:
                p.parameter_type = {"int": pb2.INT, "double": pb2.DOUBLE}[values[0]]
                p.feasible_space.min, p.feasible_space.max, p.feasible_space.step = values[1:]
    return e


def travel(assignment):
    """The arguments as the training process receives them."""
    template = json.dumps({"command": [f'--{name}="${{trialParameters.{name}}}"' for name in assignment]})
    for name, value in assignment.items():
        template = template.replace(f"${{trialParameters.{name}}}", value)
    command = "printf '%s\\0' " + " ".join(json.loads(template)["command"])
    out = subprocess.run(["sh", "-c", command], capture_output=True, check=True).stdout.decode()
    got = dict(re.fullmatch(r"--([^=]+)=(.*)", a, re.S).groups() for a in out.split("\0")[:-1])
    assert got == assignment, "the shell changed a value"
    return got


def parse(text):
    return json.loads(text.replace("'", '"'))


def build_enas(arguments):
    """Walk the network as the ENAS image does; returns the architecture."""
    assert list(arguments) == ["architecture", "nn_config"]
    architecture, config = parse(arguments["architecture"]), parse(arguments["nn_config"])
    assert list(config) == ["num_layers", "input_sizes", "output_sizes", "embedding"]
    assert all(type(size) is int for size in config["input_sizes"]) and type(config["output_sizes"][-1]) is int
    assert len(architecture) == config["num_layers"]
    used = []
    for layer, row in enumerate(architecture):
        operation, skips = row[0], row[1:]
        assert type(operation) is int and len(skips) == layer and all(s in (0, 1) and type(s) is int for s in skips)
        entry = config["embedding"][str(operation)]
        assert entry["opt_id"] == operation and isinstance(entry["opt_type"], str) and isinstance(entry["opt_params"], dict)
        used += [str(operation)] if str(operation) not in used else []
    assert list(config["embedding"]) == used
    return architecture, config


def build_darts(arguments):
    settings, primitives = parse(arguments["algorithm-settings"]), parse(arguments["search-space"])
    assert [int(settings[name]) for name in WHOLE] and [float(settings[name]) for name in REAL]
    assert primitives and set(primitives) <= KNOWN_PRIMITIVES
    assert int(arguments["num-layers"]) > 0
    return settings, primitives


@pytest.fixture(scope="module")
def enas():
    if "enas" not in services_built():
        pytest.skip("mushir-enas is not built")
    with Service("enas") as service:
        yield service


@pytest.fixture(scope="module")
def darts():
    if "darts" not in services_built():
        pytest.skip("mushir-darts is not built")
    with Service("darts") as service:
        yield service


@pytest.mark.parametrize("search", ["surrogate", "controller"])
@pytest.mark.parametrize("layers, operations", [(1, KATIB_OPERATIONS), (3, ALL_TYPES), (8, KATIB_OPERATIONS)])
def test_enas_image_builds_every_suggestion(enas, layers, operations, search):
    e = experiment("enas", layers, operations, {"search": search, "controller_train_steps": "5"})
    enas.validate(e)
    trials, seen = [], set()
    for call in range(6):
        for assignment in pairs(enas.suggest(request(e, trials, 3))):
            architecture, config = build_enas(travel(dict(assignment)))
            assert config["num_layers"] == layers and config["input_sizes"] == [32, 32, 3] and config["output_sizes"] == [10]
            for entry in config["embedding"].values():
                specified = dict(operations)[entry["opt_type"]]
                assert list(entry["opt_params"]) == list(specified)
                for value, values in zip(entry["opt_params"].values(), specified.values()):
                    assert isinstance(value, str) if isinstance(values, list) or values[0] == "discrete" else \
                        type(value) is {"int": int, "double": float}[values[0]] and float(values[1]) <= value <= float(values[2])
            assert str(architecture) not in seen
            seen.add(str(architecture))
            n = len(trials)
            trials.append(trial(f"t{n}", assignment, None if n % 7 == 3 else 0.1 * (n % 5), second=n, metric="Validation-Accuracy"))


def test_enas_numbers_operations_as_katib_does(enas):
    e = experiment("enas", 40, KATIB_OPERATIONS)
    table = {}
    for _ in range(5):
        for assignment in pairs(enas.suggest(request(e, [], 8, total=8 * (_ + 1)))):
            table.update(build_enas(travel(dict(assignment)))[1]["embedding"])
    assert len(table) > 100 and max(map(int, table)) == 105
    starts = {"convolution": 0, "separable_convolution": 30, "depthwise_convolution": 90, "reduction": 102}
    for number, entry in table.items():
        index = 0
        for name, values in dict(KATIB_OPERATIONS)[entry["opt_type"]].items():
            values = values if isinstance(values, list) else [2, 3]
            index = index * len(values) + values.index(entry["opt_params"][name])
        assert int(number) == starts[entry["opt_type"]] + index


@pytest.mark.parametrize("settings", [{}, {"num_epochs": "3", "w_lr": "1e-2"}, {"num_epoch": "10", "note": "two words"}])
def test_darts_image_reads_every_reply(darts, settings):
    operations = [("separable_convolution", {"filter_size": ["3", "5"]}), ("dilated_convolution", {"filter_size": ("int", "3", "5", "2")}),
                  ("avg_pooling", {"filter_size": ("discrete", ["3"])}), ("max_pooling", {"filter_size": ["3"]}), ("skip_connection", {})]
    e = experiment("darts", 3, operations, settings)
    darts.validate(e)
    first = None
    for total in (1, 3, 3):
        for assignment in pairs(darts.suggest(request(e, [], 1 if total == 1 else 2, total=total))):
            got, primitives = build_darts(travel(dict(assignment)))
            assert primitives == ["separable_convolution_3x3", "separable_convolution_5x5", "dilated_convolution_3x3", "dilated_convolution_5x5",
                                  "avg_pooling_3x3", "max_pooling_3x3", "skip_connection"]
            for name, value in settings.items():
                assert got[name] == value
            assert [type(got[n]) for n in WHOLE if n not in settings] == [int for n in WHOLE if n not in settings]
            assert first in (None, assignment)
            first = assignment
