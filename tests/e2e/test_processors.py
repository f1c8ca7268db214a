"""The same bytes on every processor: nothing that a program chooses by CPU reaches an answer.

Each service answers once as it is, and once as on an older machine: glibc told to forget fused multiply-add and vectors, or the whole
program on an emulated processor that has neither (also where the compiler made variants of our own functions)."""
import math
import random
import shutil

import pytest

from conftest import BIN, Service, experiment, pairs, pb2, request, trial

FORGETFUL = {"env": {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX_Usable,-AVX2_Usable,-AVX,-AVX2,-AVX512F,-SSE4_2"}}
EMULATED = {"wrapper": ("qemu-x86_64", "-cpu", "Nehalem")}
MACHINES = {
    "without-fma": FORGETFUL,
    "emulated": pytest.param(EMULATED, marks=pytest.mark.skipif(
        not shutil.which("qemu-x86_64") or "asan" in str(BIN), reason="no qemu-user here, or programs that it cannot run")),
}
SHAPES = {
    "log": {"min": 1e-5, "max": 0.1, "distribution": "logUniform"}, "flat": {"min": -3, "max": 7},
    "bell": {"min": 0, "max": 1, "distribution": "normal"}, "logbell": {"min": 0.01, "max": 10, "distribution": "logNormal"},
    "count": {"min": 1, "max": 1000, "distribution": "logUniform"}, "choice": {"list": ["a", "b", "c"]},
}
KINDS = {"count": "int", "choice": "categorical"}
SPACES = [["log"], ["bell"], ["log", "flat", "choice"], ["logbell", "flat", "bell", "count"], list(SHAPES)]
SEEDS = 4


def drawn(shape, rng):
    if "list" in shape:
        return rng.choice(shape["list"])
    low, high = shape["min"], shape["max"]
    if shape.get("distribution", "").startswith("log"):
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
    else:
        value = rng.uniform(low, high)
    return str(round(value)) if isinstance(low, int) and low == 1 else repr(value)


def requests(algorithm, count, n=2, extra=(), **settings):
    """SEEDS requests a space, with |count| trials drawn with a fixed seed; a tenth of them failed."""
    for number, names in enumerate(SPACES * SEEDS):
        rng = random.Random(number)
        parameters = [(name, KINDS.get(name, "double"), SHAPES[name]) for name in names]
        done = []
        for i in range(count):
            values = [(name, drawn(SHAPES[name], rng)) for name in names] + [(p[0], rng.choice(["1", "3", "9"])) for p in extra]
            done.append(trial(f"t{i}", values, rng.random() if rng.random() < 0.9 else "nan", second=i))
        yield request(experiment(algorithm, parameters + list(extra), settings), done, n)


def networks():
    """Requests of enas: a network, and its first suggestions given back with rewards."""
    e = experiment("enas", name="enas", maximize=True)
    e.spec.nas_config.graph_config.num_layers = 4
    e.spec.nas_config.graph_config.input_sizes.extend([32, 32, 3])
    e.spec.nas_config.graph_config.output_sizes.extend([10])
    operation = e.spec.nas_config.operations.operation.add(operation_type="convolution")
    size = operation.parameter_specs.parameters.add(name="filter_size", parameter_type=pb2.CATEGORICAL)
    size.feasible_space.list.extend(["3", "5", "7"])
    rng = random.Random(1)
    with Service("enas") as service:
        given = pairs(service.suggest(request(e, n=12)))
    done = [trial(f"t{i}", values, rng.random(), second=i) for i, values in enumerate(given)]
    return [request(e, done[:count], 2) for count in (0, 1, 6, 12)]


def asked():
    """(service, request) for everything that computes with logarithms, exponentials and their like."""
    for count in (0, 12, 40):
        yield from (("tpe", r) for name in ("tpe", "multivariate-tpe") for r in requests(name, count))
        yield from (("hyperband", r) for r in requests("hyperband", count, 4, [("epochs", "int", {"min": 1, "max": 9})], r_l=9, resource_name="epochs"))
    for estimator, count in (("GP", 12), ("GP", 40), ("RF", 16), ("ET", 16), ("GBRT", 16)):
        yield from (("bayesopt", r) for r in requests("bayesianoptimization", count, base_estimator=estimator, n_initial_points=5))
    yield from (("random", r) for r in requests("random", 0, 1000))
    yield from (("enas", r) for r in networks())


@pytest.fixture(scope="module")
def questions():
    return [(name, r.SerializeToString(deterministic=True)) for name, r in asked()]


def answers(questions, **machine):
    services = {name: Service(name, **machine) for name in {name for name, _ in questions}}
    try:
        return [services[name].call("GetSuggestions", q, 300) for name, q in questions]
    finally:
        for service in services.values():
            service.stop()


@pytest.fixture(scope="module")
def here(questions):
    return answers(questions)


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
def test_same_bytes(questions, here, machine):
    differ = [name for (name, _), a, b in zip(questions, here, answers(questions, **machine)) if a != b]
    assert not differ, f"{len(differ)} of {len(questions)} answers: {differ}"
