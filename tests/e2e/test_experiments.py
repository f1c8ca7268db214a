"""Experiments that users submit, unmodified, through the whole loop: validated, asked for, trials finishing, failing and vanishing, restarts and
repeats in between. Whatever the algorithm, every answer has the right count, lies in the feasible space, repeats nothing while it need not, and is the same
bytes for the same request."""
import math
import random
import signal

import grpc
import pytest
import yaml

from conftest import ALGORITHMS, PREFIX, ROOT, Service, pairs, pb2, request, services_built, trial

FILES = sorted((ROOT / "tests" / "experiments").glob("*.yaml"))
DISTRIBUTIONS = {"": 1, "uniform": 1, "logUniform": 2, "normal": 3, "logNormal": 4}  # Katib's defaulter makes it uniform


def add_parameters(out, parameters):
    for p in parameters or []:
        spec, space = out.add(name=p["name"]), p.get("feasibleSpace", {})
        spec.parameter_type = {"double": pb2.DOUBLE, "int": pb2.INT, "discrete": pb2.DISCRETE, "categorical": pb2.CATEGORICAL}[p["parameterType"]]
        spec.feasible_space.min, spec.feasible_space.max, spec.feasible_space.step = (space.get(k, "") for k in ("min", "max", "step"))
        spec.feasible_space.list.extend(space.get("list", []))
        spec.feasible_space.distribution = DISTRIBUTIONS[space.get("distribution", "")]


def message(path):
    """The Experiment message that Katib's controller makes of the YAML."""
    y = yaml.safe_load(path.read_text())
    spec, e = y["spec"], pb2.Experiment(name=y["metadata"]["name"])
    e.spec.objective.type = pb2.MAXIMIZE if spec["objective"]["type"] == "maximize" else pb2.MINIMIZE
    e.spec.objective.goal = spec["objective"].get("goal", 0)
    e.spec.objective.objective_metric_name = spec["objective"]["objectiveMetricName"]
    e.spec.objective.additional_metric_names.extend(spec["objective"].get("additionalMetricNames", []))
    e.spec.algorithm.algorithm_name = spec["algorithm"]["algorithmName"]
    for s in spec["algorithm"].get("algorithmSettings", []):
        e.spec.algorithm.algorithm_settings.add(name=s["name"], value=s["value"])
    e.spec.parallel_trial_count, e.spec.max_trial_count = spec["parallelTrialCount"], spec["maxTrialCount"]
    add_parameters(e.spec.parameter_specs.parameters, spec.get("parameters"))
    nas = spec.get("nasConfig", {})
    e.spec.nas_config.graph_config.num_layers = nas.get("graphConfig", {}).get("numLayers", 0)
    e.spec.nas_config.graph_config.input_sizes.extend(nas.get("graphConfig", {}).get("inputSizes", []))
    e.spec.nas_config.graph_config.output_sizes.extend(nas.get("graphConfig", {}).get("outputSizes", []))
    for o in nas.get("operations", []):
        add_parameters(e.spec.nas_config.operations.operation.add(operation_type=o["operationType"]).parameter_specs.parameters, o.get("parameters"))
    if not nas:
        e.spec.ClearField("nas_config")
    return e


def on_grid(value, low, step):
    k = (value - low) / step
    return abs(k - round(k)) < 1e-6


def feasible(e, assignment, resource):
    """Every parameter is there, in order, nothing else, with a value of its space."""
    specs = e.spec.parameter_specs.parameters
    assert [k for k, _ in assignment] == [p.name for p in specs]
    for p, (_, text) in zip(specs, assignment):
        space = p.feasible_space
        if p.name == resource:
            assert float(text) > 0
        elif space.list:
            assert text in space.list
        else:
            value = int(text) if p.parameter_type == pb2.INT else float(text)
            assert float(space.min) <= value <= float(space.max), f"{p.name}={text}"
            assert not space.step or on_grid(value, float(space.min), float(space.step)), f"{p.name}={text}"


def points(e, resource):
    """How many points the space has."""
    size = 1
    for p in e.spec.parameter_specs.parameters:
        s = p.feasible_space
        if s.list:
            size *= len(set(s.list))
        elif p.parameter_type == pb2.INT or s.step:
            size *= math.floor((float(s.max) - float(s.min)) / float(s.step or 1) + 1e-9) + 1
        else:
            return math.inf
    return size


class Loop:
    """A controller: parallel trials, random completion times, one in five failing or without a number."""

    def __init__(self, e, seed):
        self.e, self.rng, self.trials, self.running, self.total, self.clock = e, random.Random(seed), [], [], 0, 0

    def ask(self, service, n):
        self.total += n
        self.rng.shuffle(self.trials)
        r = request(self.e, self.trials, n, self.total)
        first = service.call("GetSuggestions", r)
        self.rng.shuffle(self.trials)
        again = service.call("GetSuggestions", request(self.e, self.trials, n, self.total))
        assert first == again, "the same request in another order gave other bytes"
        reply = pb2.GetSuggestionsReply.FromString(first)
        assert len(reply.parameter_assignments) == n
        settings = self.e.spec.algorithm.algorithm_settings
        for s in reply.algorithm.algorithm_settings:  # a controller stores them and sends them back
            kept = [t for t in settings if t.name == s.name]
            (kept[0] if kept else settings.add(name=s.name)).value = s.value
        for pa in reply.parameter_assignments:
            t = trial(pa.trial_name or f"{self.e.name}-{self.rng.getrandbits(32):08x}", [(a.name, a.value) for a in pa.assignments])
            self.trials.append(t)
            self.running.append(t)
        return pairs(reply)

    def finish(self, count):
        for _ in range(min(count, len(self.running))):
            t = self.running.pop(self.rng.randrange(len(self.running)))
            self.clock += 1
            metric = self.e.spec.objective.objective_metric_name
            value = "" if self.rng.random() < 0.1 else str(self.rng.gauss(0.5, 0.2))
            condition = pb2.TrialStatus.FAILED if self.rng.random() < 0.1 else pb2.TrialStatus.SUCCEEDED
            t.CopyFrom(trial(t.name, [(a.name, a.value) for a in t.spec.parameter_assignments.assignments], value, condition, self.clock, metric))
            for name in self.e.spec.objective.additional_metric_names:
                if self.rng.random() < 0.9:
                    t.status.observation.metrics.add(name=name, value=str(self.rng.gauss(0.5, 0.2)))


def kill(service, loop):
    """End the process while it has a question, whose answer is lost even if it was faster."""
    asked = request(loop.e, loop.trials, 1, loop.total + 1).SerializeToString()
    call = service.channel.unary_unary(PREFIX + "GetSuggestions").future(asked, timeout=60)
    service.process.send_signal(signal.SIGKILL)
    try:
        call.result()
    except grpc.RpcError:
        pass
    service.stop(signal.SIGKILL)


# Each as it is, and those whose counting depends on the number of workers with other numbers of them.
CASES = [(p, None) for p in FILES] + [(p, n) for p in FILES if p.stem in ("grid", "sobol", "cmaes", "nsga2") for n in (1, 4, 9)]


@pytest.mark.parametrize("path, parallel", CASES, ids=[p.stem + (f"-{n}" if n else "") for p, n in CASES])
def test_experiment(path, parallel):
    e = message(path)
    e.spec.parallel_trial_count = parallel or e.spec.parallel_trial_count
    name = ALGORITHMS[e.spec.algorithm.algorithm_name]
    if name not in services_built():
        pytest.skip(f"mushir-{name} is not built")
    resource = next((s.value for s in e.spec.algorithm.algorithm_settings if s.name == "resource_name"), None)
    loop, seen, service = Loop(e, 1), [], Service(name)
    try:
        service.validate(e)
        goal = min(e.spec.max_trial_count, 40)
        while len(seen) < goal:
            n = min(goal - len(seen), loop.rng.randint(1, max(1, e.spec.parallel_trial_count)))
            for a in loop.ask(service, n):
                if e.spec.parameter_specs.parameters:
                    feasible(e, a, resource)
                seen.append(tuple(a))
            loop.finish(loop.rng.randint(0, n + 1))
            if loop.rng.random() < 0.2:  # the pod restarts
                kill(service, loop)
                service = Service(name)
    finally:
        service.stop()
    if name != "darts":  # which says the same every time, as it must
        assert len(set(seen)) >= min(len(seen), points(e, resource)), "a point was repeated while an untried one existed"


def test_there_are_experiments():
    assert len(FILES) >= 12
