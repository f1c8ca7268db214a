"""The fields that the Trainer's OptimizationJob controller sends, and no others: name, algorithm, objective and parameters of the experiment, the trials with
their latest metric, and how many suggestions it wants. No settings, no total, no numbers of trials."""
import random

import pytest

from conftest import Service, pairs, pb2, trial

NUMBERS = [("lr", pb2.DOUBLE, "1e-5", "0.1", pb2.LOG_UNIFORM), ("momentum", pb2.DOUBLE, "0.5", "0.99", pb2.UNIFORM), ("width", pb2.INT, "16", "512", pb2.LOG_UNIFORM)]
LISTS = [("optimizer", ["sgd", "adam", "lion"]), ("schedule", ["constant", "cosine", "linear", "step"]), ("norm", ["batch", "layer", "none"])]
ALGORITHMS = ["random", "grid", "sobol", "tpe", "multivariate-tpe", "bayesianoptimization", "cmaes"]
PARALLEL, TRIALS = 3, 24


@pytest.fixture(scope="module")
def service():
    with Service("all") as running:
        yield running


def job(algorithm):
    e = pb2.Experiment(name=f"job-{algorithm}")
    e.spec.algorithm.algorithm_name = algorithm
    e.spec.objective.type, e.spec.objective.objective_metric_name = pb2.MINIMIZE, "loss"
    for name, kind, low, high, distribution in NUMBERS if algorithm != "grid" else []:  # a grid is of lists only
        p = e.spec.parameter_specs.parameters.add(name=name, parameter_type=kind)
        p.feasible_space.min, p.feasible_space.max, p.feasible_space.distribution = low, high, distribution
    for name, values in LISTS:
        e.spec.parameter_specs.parameters.add(name=name, parameter_type=pb2.CATEGORICAL).feasible_space.list.extend(values)
    return e


def loss(assignment):
    return sum(len(value) * 0.01 for _, value in assignment) + sum(float(v) for k, v in assignment if k == "momentum")


@pytest.mark.parametrize("shown", [True, False], ids=["running-shown", "running-hidden"])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_job_of_the_trainer(service, algorithm, shown):
    if algorithm == "grid" and not shown:
        pytest.skip("36 points, of which those that run cannot be known: repeats are what is left")
    e, rng, running, ended, seen = job(algorithm), random.Random(5), {}, [], []
    service.validate(e)
    while len(seen) < TRIALS:
        wanted = min(PARALLEL - len(running), TRIALS - len(seen))
        trials = ended + ([trial(name, a) for name, a in running.items()] if shown else [])
        rng.shuffle(trials)
        asked = pb2.GetSuggestionsRequest(experiment=e, trials=trials, current_request_number=wanted)
        reply = service.suggest(asked)
        rng.shuffle(trials)
        assert service.suggest(pb2.GetSuggestionsRequest(experiment=e, trials=trials, current_request_number=wanted)) == reply
        assert len(reply.parameter_assignments) == wanted
        for assignment in pairs(reply):
            assert [k for k, _ in assignment] == [p.name for p in e.spec.parameter_specs.parameters]
            running[f"{e.name}-{len(seen)}"] = assignment
            seen.append(tuple(assignment))
        for name in rng.sample(sorted(running), rng.randint(1, len(running))):
            a = running.pop(name)
            ended.append(trial(name, a, loss(a), second=len(ended)))
    assert len(set(seen)) == TRIALS, "something was suggested twice"
