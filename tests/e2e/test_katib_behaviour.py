"""What Katib's own unit tests assert of its suggestion services, as behaviour on the wire, for each service that is built.

The facts are those of kubeflow/katib's test/unit/v1beta1/suggestion (texts are compared whole where Katib compares them); the code is ours."""
import ast

import grpc
import pytest

from conftest import Service, experiment, pairs, pb2, request, services_built, trial

ALL = [
    ("param-1", "int", {"min": 1, "max": 5}), ("param-2", "categorical", {"list": ["cat1", "cat2", "cat3"]}),
    ("param-3", "discrete", {"list": ["3", "2", "6"]}), ("param-4", "double", {"min": 1, "max": 5}),
]
SHAPES = [(f"{kind}-{d or 'none'}-{step or 'none'}", kind, {"min": lo, "max": hi, "step": step, "distribution": d})
          for kind, lo, hi, steps in (("int", 1, 5, ("", "1", "0.8", "0.01")), ("double", 1, 5, ("", "0.5")))
          for step in steps for d in ("", "uniform", "logUniform", "normal", "logNormal")]
ODD_TRIALS = [trial("test-asfjh", [("param-1", "2"), ("param-2", "cat1")], None), trial("test-234hs", [("param-1", "3")], None)]
for t, metric in zip(ODD_TRIALS, ("metric=1", "metric=2")):
    t.status.Clear()
    t.status.observation.metrics.add(name=metric, value="435")


@pytest.fixture(scope="module")
def services():
    running = {}

    def get(name):
        if name not in services_built():
            pytest.skip(f"mushir-{name} is not built")
        if name not in running:
            running[name] = Service(name)
        return running[name]

    yield get
    for s in running.values():
        s.stop()


def refused(service, e):
    with pytest.raises(grpc.RpcError) as error:
        service.validate(e)
    assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    return error.value.details()


@pytest.mark.parametrize("service, algorithm, settings", [
    ("random", "random", {"random_state": 71}),
    ("tpe", "tpe", {"random_state": 10, "gamma": 0.25, "prior_weight": 1.0, "n_EI_candidates": 24}),
    ("tpe", "tpe", {"n_startup_trials": 20, "n_ei_candidates": 10, "random_state": 71}),
    ("tpe", "multivariate-tpe", {"n_startup_trials": 20, "n_ei_candidates": 10, "random_state": 71}),
    ("bayesopt", "bayesianoptimization", {"random_state": 10}),
    ("cmaes", "cmaes", {"restart_strategy": "ipop", "sigma": 2, "random_state": 71}),
    ("cmaes", "cmaes", {"random_state": 10}),
    ("sobol", "sobol", {"random_state": 10}),
    ("hyperband", "hyperband", {"r_l": 10, "resource_name": "--num-epochs"}),  # not among the parameters
])
def test_two_asked_two_given(services, service, algorithm, settings):
    s = services(service)
    e = experiment(algorithm, ALL + SHAPES if algorithm in ("tpe", "random", "cmaes") else ALL, settings, name="test")
    e.spec.parallel_trial_count = 0
    for trials in ([], ODD_TRIALS):
        assert len(s.suggest(request(e, trials, 2, total=0), timeout=5).parameter_assignments) == 2
    first = pairs(s.suggest(request(e, (), 2, total=0)))
    done = [trial(f"t{i}", a, v) for i, (a, v) in enumerate(zip(first, ("5643", "3028")))]
    assert len(s.suggest(request(e, done, 2, total=0)).parameter_assignments) == 2


@pytest.mark.parametrize("service, algorithm, settings, text", [
    ("tpe", "unknown", {}, "unknown algorithm name unknown"),
    ("tpe", "tpe", {"unknown_conf": 1}, "unknown setting unknown_conf for algorithm tpe"),
    ("tpe", "tpe", {"gamma": 1.5}, "gamma should be in the range of (0, 1)"),
    ("tpe", "tpe", {"n_EI_candidates": 0}, "n_EI_candidates should be great than zero"),
    ("tpe", "tpe", {"random_state": -1}, "random_state should be great or equal than zero"),
    ("tpe", "tpe", {"prior_weight": 0}, "prior_weight should be great than zero"),
    ("tpe", "multivariate-tpe", {"n_startup_trials": -1}, "n_startup_trials should be greate or equal than zero"),
    ("bayesopt", "unknown", {}, "unknown algorithm name unknown"),
    ("bayesopt", "bayesianoptimization", {"unknown_conf": 1}, "unknown setting unknown_conf for algorithm bayesianoptimization"),
    ("bayesopt", "bayesianoptimization", {"base_estimator": "unknown estimator"}, "base_estimator unknown estimator is not supported in Bayesian optimization"),
    ("bayesopt", "bayesianoptimization", {"acq_func": "unknown"}, "acq_func unknown is not supported in Bayesian optimization"),
    ("bayesopt", "bayesianoptimization", {"acq_optimizer": "unknown"}, "acq_optimizer unknown is not supported in Bayesian optimization"),
    ("bayesopt", "bayesianoptimization", {"n_initial_points": -1}, "n_initial_points should be great or equal than zero"),
    ("bayesopt", "bayesianoptimization", {"random_state": -1}, "random_state should be great or equal than zero"),
])
def test_texts(services, service, algorithm, settings, text):
    assert refused(services(service), experiment(algorithm, settings=settings)) == text


@pytest.mark.parametrize("service, algorithm, settings", [
    ("tpe", "tpe", {"prior_weight": "aaa"}), ("tpe", "tpe", {"n_ei_candidate": -1}), ("tpe", "invalid", {}),
    ("tpe", "multivariate-tpe", {"random_state": -1}), ("tpe", "multivariate-tpe", {"invalid": 1}),
    ("cmaes", "cmaes", {"invalid": 1}), ("cmaes", "cmaes", {"restart_strategy": "invalid"}), ("cmaes", "cmaes", {"sigma": -10}),
    ("cmaes", "cmaes", {"random_state": -20}), ("grid", "grid", {"invalid": 1}), ("grid", "grid", {"random_state": -1}),
    ("hyperband", "hyperband", {}), ("hyperband", "hyperband", {"r_l": 0, "resource_name": "param-1"}), ("hyperband", "hyperband", {"r_l": "x", "resource_name": "param-1"}),
    ("hyperband", "hyperband", {"r_l": 9, "resource_name": "absent"}), ("hyperband", "hyperband", {"r_l": 9, "resource_name": "param-1", "eta": "x"}),
    ("hyperband", "hyperband", {"r_l": 9, "resource_name": "param-1", "eta": 1}),
    ("darts", "darts", {"num_epochs": 0}), ("darts", "darts", {"w_lr": -0.1}), ("darts", "darts", {"alpha_weight_decay": -0.02}),
    ("darts", "darts", {"w_momentum": -0.8}), ("darts", "darts", {"batch_size": 0}), ("darts", "darts", {"print_step": 0}),
])
def test_refused(services, service, algorithm, settings):
    assert refused(services(service), experiment(algorithm, ALL if service == "hyperband" else (), settings))


@pytest.mark.parametrize("service, algorithm, settings", [
    ("tpe", "tpe", {"gamma": 0.25, "prior_weight": 1.0, "n_EI_candidates": 24, "random_state": 1}),
    ("tpe", "tpe", {"n_startup_trials": 5, "n_ei_candidates": 24, "random_state": 1}), ("tpe", "multivariate-tpe", {"n_startup_trials": 5}),
    ("bayesopt", "bayesianoptimization", {"random_state": 10}), ("bayesopt", "bayesianoptimization", {"n_initial_points": 0}),
    ("darts", "darts", {"num_epoch": 10, "num_workers": 0}), ("darts", "darts", {"batch_size": "None"}),
])
def test_accepted_without_parameters(services, service, algorithm, settings):
    services(service).validate(experiment(algorithm, settings=settings))


def operation(e, kind, name, values):
    op = e.spec.nas_config.operations.operation.add(operation_type=kind)
    p = op.parameter_specs.parameters.add(name=name, parameter_type=pb2.INT if isinstance(values, dict) else pb2.CATEGORICAL)
    if isinstance(values, dict):
        p.feasible_space.min, p.feasible_space.max, p.feasible_space.step = values["min"], values["max"], values["step"]
    else:
        p.feasible_space.list.extend(values)
    return op


def test_enas_with_a_history_in_its_first_call(services):
    e = experiment("enas", name="enas", maximize=True)
    e.spec.nas_config.graph_config.num_layers = 4
    e.spec.nas_config.graph_config.input_sizes.extend([32, 32, 8])
    e.spec.nas_config.graph_config.output_sizes.append(10)
    for kind, lists in (("convolution", [("filter_size", ["5"]), ("num_filter", ["128"]), ("stride", ["1", "2"])]),
                        ("reduction", [("reduction_type", ["max_pooling"]), ("pool_size", {"min": "2", "max": "3", "step": "1"})])):
        op = operation(e, kind, *lists[0])
        for name, values in lists[1:]:
            op.parameter_specs.parameters.append(operation(e, kind, name, values).parameter_specs.parameters[0])
            del e.spec.nas_config.operations.operation[-1]
    done = [trial(f"t{i}", [("architecture", "[[3], [0, 1], [0, 0, 1], [2, 1, 0, 0]]"), ("nn_config", "{'num_layers': 4}")], 0.5 + i) for i in range(2)]
    reply = services("enas").suggest(request(e, done, 2, total=0))
    assert len(reply.parameter_assignments) == 2
    assert [k for k, _ in pairs(reply)[0]] == ["architecture", "nn_config"]


def test_darts_keeps_unknown_settings_as_texts(services):
    e = experiment("darts", settings={"num_epoch": "10"}, maximize=True)
    e.spec.nas_config.graph_config.num_layers = 3
    operation(e, "separable_convolution", "filter_size", ["3", "5"])
    for _ in range(2):  # every call answers
        got = dict(pairs(services("darts").suggest(request(e, (), 1, total=0)))[0])
        assert ast.literal_eval(got["algorithm-settings"].replace("null", "None"))["num_epoch"] == "10"
        assert got["num-layers"] == "3"
        assert ast.literal_eval(got["search-space"]) == ["separable_convolution_3x3", "separable_convolution_5x5"]


TWO_INTS = [("param-1", "int", {"min": 1, "max": 5}), ("param-2", "int", {"min": 1, "max": 5})]
STEPPED = ("param-2", "double", {"min": 1, "max": 5, "step": 1})


@pytest.mark.parametrize("algorithm, parameters, most, text", [
    ("cmaes", TWO_INTS, 0, None),
    ("cmaes", TWO_INTS[:1], 0, "CMA-ES only supports two or more dimensional continuous search space."),
    ("grid", TWO_INTS[:1], 5, None),
    ("grid", [TWO_INTS[0], STEPPED], 25, None),
    ("grid", [TWO_INTS[0], STEPPED], 26, "Max Trial Count: 26 > all possible search combinations: 25"),
    ("grid", [("param-1", "double", {"min": 1, "max": 5})], 5, "failed to validate parameters("),
])
def test_spaces(services, algorithm, parameters, most, text):
    e = experiment(algorithm, parameters)
    e.spec.max_trial_count = most
    if text is None:
        services(algorithm).validate(e)
    else:
        assert refused(services(algorithm), e).startswith(text)


def test_cmaes_climbs_where_katibs_own_descends(services):
    """Katib's example that maximizes with cmaes, a request after each trial: the second half of 40 is better than the first."""
    e = experiment("cmaes", [("--lr", "double", {"min": 0.01, "max": 0.03}), ("--num-layers", "int", {"min": 2, "max": 5}),
                             ("--optimizer", "categorical", {"list": ["sgd", "adam", "ftrl"]})], name="trial-configmap-source", maximize=True)
    trials, values = [], []
    for i in range(40):
        (assignment,) = pairs(services("cmaes").suggest(request(e, trials, 1, total=i + 1)))
        got = dict(assignment)
        values.append(0.9 - ((float(got["--lr"]) - 0.027) / 0.02) ** 2 - 0.1 * (5 - int(got["--num-layers"])) - 0.3 * (got["--optimizer"] != "adam"))
        trials.append(trial(f"t{i:02}", assignment, values[-1], second=i))
    assert sum(values[20:]) > sum(values[:20]) + 1
