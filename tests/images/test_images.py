"""Every image under Katib's default limits (100 MiB, half a processor, no swap): small, probed, asked from no trial to 1,000, stopped."""
import pathlib
import random
import re
import sys
import time

import grpc
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
from conftest import OPTIONS, PREFIX, PROGRAMS, SERVICES, experiment, health_request, pairs, pb2, request, trial  # noqa: E402
from containers import FIRST_PORT, ROOT, Container, engine, images, run  # noqa: E402,F401  (fixtures)
from test_experiments import message  # noqa: E402

MEGABYTES = {"bayesopt": 40, "enas": 40, "all": 18}  # the others: 15
BATCH = 4
EVERY_BATCH_TO = {"bayesopt": 40, "enas": 40, "hyperband": 200}  # the others: all the way; these continue in jumps
JUMPS = (100, 200, 400, 700, 996)
PARAMETERS = [(f"x{i}", "double", {"min": 0, "max": 1}) for i in range(3)] + [
    ("lr", "double", {"min": 1e-6, "max": 0.1, "distribution": "logUniform"}), ("decay", "double", {"min": 0, "max": 1, "distribution": "normal"}),
    ("layers", "int", {"min": 1, "max": 9}), ("width", "int", {"min": 16, "max": 512, "step": 16}), ("steps", "int", {"min": 1, "max": 81}),
    ("optimizer", "categorical", {"list": ["sgd", "adam", "ftrl"]}), ("batch", "discrete", {"list": ["32", "64", "128"]})]


def experiment_for(service):
    if service in ("enas", "darts"):
        return message(ROOT / "tests" / "experiments" / f"{service}.yaml")
    algorithm = {"bayesopt": "bayesianoptimization", "all": "tpe"}.get(service, service)
    settings = {"hyperband": {"r_l": 81, "eta": 3, "resource_name": "steps"},
                "pbt": {"suggestion_trial_dir": "/checkpoint", "n_population": 8, "truncation_threshold": 0.2}}.get(service, {})
    e = experiment(algorithm, PARAMETERS, settings, name=f"limits-{service}")
    for parameter in e.spec.parameter_specs.parameters:
        if service == "grid" and parameter.parameter_type == pb2.DOUBLE:  # which has a grid by its step only
            parameter.feasible_space.step = "0.01"
    e.spec.parallel_trial_count, e.spec.max_trial_count = (81 if service == "hyperband" else BATCH), 2000
    return e


@pytest.fixture(params=[*SERVICES, "all"])
def container(request, engine, images, tmp_path):  # noqa: F811
    tmp_path.chmod(0o777)  # a claim that the image's user can write
    volume = ["-v", f"{tmp_path}:/opt/katib/data"] if request.param == "pbt" else []
    started = Container(engine, images[request.param], FIRST_PORT + PROGRAMS.index(request.param), flags=volume)
    started.service, started.image = request.param, images[request.param]
    started.wait_for_log("serving")
    started.channel = grpc.insecure_channel(started.address, OPTIONS)
    yield started
    started.channel.close()
    started.remove()


def call(container, method, message_bytes, timeout=60):
    return container.channel.unary_unary(method)(message_bytes, timeout=timeout, wait_for_ready=True)


def suggest(container, e, trials, n):
    reply = pb2.GetSuggestionsReply.FromString(call(container, PREFIX + "GetSuggestions", request(e, trials, n).SerializeToString()))
    assert len(reply.parameter_assignments) == n
    return pairs(reply)


def finished(e, assignments, first, rng):
    metric = e.spec.objective.objective_metric_name
    return [trial(f"t{first + i:04}", a, round(rng.random(), 6), second=first + i, metric=metric) for i, a in enumerate(assignments)]


def test_size(engine, images):  # noqa: F811
    assert sorted(images) == sorted(PROGRAMS)
    for service, image in images.items():
        megabytes = int(engine.inspect(image, "{{.Size}}")) / 1e6
        print(f"{service}: image {megabytes:.1f} MB")
        assert megabytes <= MEGABYTES.get(service, 15)


def test_labels_user_and_entrypoint(engine, images):  # noqa: F811
    for service, image in images.items():
        assert engine.inspect(image, '{{index .Config.Labels "org.opencontainers.image.licenses"}}') == "GPL-3.0-or-later"
        assert engine.inspect(image, '{{index .Config.Labels "org.opencontainers.image.title"}}') == f"mushir-{service}"
        labels = {k: engine.inspect(image, f'{{{{index .Config.Labels "org.opencontainers.image.{k}"}}}}') for k in ("version", "revision", "source")}
        assert labels["version"] == image.rsplit(":", 1)[1] and re.fullmatch("[0-9a-f]{40}|unknown", labels["revision"]) and labels["source"]
        assert engine.inspect(image, "{{.Config.User}}") == "65532:65532"
        assert engine.inspect(image, "{{.Config.Entrypoint}}") == "[/mushir]"


def test_a_second_build_has_the_same_digest(engine, images):  # noqa: F811
    if engine.command[0] == "docker":
        pytest.skip("docker sets the times of files only while pushing")
    digest = engine.inspect(images["random"], "{{.Digest}}")
    assert digest.startswith("sha256:")
    run("env", f"ENGINE={engine.command[0]}", ROOT / "tools" / "images", "--binary", "random")
    assert engine.inspect(images["random"], "{{.Digest}}") == digest


def test_limits(container, capsys):
    for name in ("", "api.v1.beta1.Suggestion", "manager.v1beta1.Suggestion"):
        assert call(container, "/grpc.health.v1.Health/Check", health_request(name), 20) == b"\x08\x01"
    probe = ["/bin/grpc_health_probe", "-addr=:6789", "-service=manager.v1beta1.Suggestion"]  # what Katib up to 0.15 runs
    assert container.engine("exec", container.name, *probe, check=False).returncode == 0
    e, rng = experiment_for(container.service), random.Random(7)
    call(container, PREFIX + "ValidateAlgorithmSettings", pb2.ValidateAlgorithmSettingsRequest(experiment=e).SerializeToString())
    trials, slowest, start = [], 0.0, time.monotonic()
    while len(trials) < EVERY_BATCH_TO.get(container.service, 1000):
        trials += finished(e, suggest(container, e, trials, BATCH), len(trials), rng)
    for size in JUMPS if len(trials) < 1000 else ():
        trials += finished(e, suggest(container, e, [], 1000)[len(trials):size], len(trials), rng)
        before = time.monotonic()
        suggest(container, e, trials, BATCH)
        slowest = max(slowest, time.monotonic() - before)
        call(container, "/grpc.health.v1.Health/Check", health_request("manager.v1beta1.Suggestion"), 20)
    suggest(container, e, trials, BATCH)
    assert container.engine.inspect(container.name, "{{.State.Running}} {{.State.OOMKilled}} {{.RestartCount}}") == "true false 0"
    with capsys.disabled():
        print(f"\n  {container.service}: {len(trials)} trials, peak {container.peak_mib():.1f} MiB resident, {time.monotonic() - start:.1f} s"
              + (f", slowest jump {slowest:.2f} s" if slowest else ""))


def test_stops_within_a_second(container):
    assert container.engine("kill", "--signal", "TERM", container.name).returncode == 0
    end = time.monotonic() + 1
    while time.monotonic() < end and pathlib.Path(f"/proc/{container.pid}").exists():
        time.sleep(0.01)
    assert not pathlib.Path(f"/proc/{container.pid}").exists()
    assert container.engine("wait", container.name).stdout.strip() == "0"


def test_medianstop(engine, images, capsys):  # noqa: F811
    """Alone in its container: no rule without a database, and no stop without a cluster."""
    container = Container(engine, images["medianstop"], FIRST_PORT + PROGRAMS.index("medianstop"), 6788)
    container.wait_for_log("serving")
    with grpc.insecure_channel(container.address, OPTIONS) as container.channel:
        stopping = "/api.v1.beta1.EarlyStopping/"
        assert call(container, "/grpc.health.v1.Health/Check", health_request("api.v1.beta1.EarlyStopping"), 20) == b"\x08\x01"
        e = experiment("random", PARAMETERS)
        e.spec.early_stopping.algorithm_name = "medianstop"
        trials = finished(e, [[("x0", "0.5")]] * 1000, 0, random.Random(7))
        asked = pb2.GetEarlyStoppingRulesRequest(experiment=e, trials=trials, db_manager_address="katib-db-manager.kubeflow:6789")
        assert call(container, stopping + "GetEarlyStoppingRules", asked.SerializeToString()) == b""
        with pytest.raises(grpc.RpcError) as caught:
            call(container, stopping + "SetTrialStatus", pb2.SetTrialStatusRequest(trial_name="t").SerializeToString())
        assert caught.value.code() == grpc.StatusCode.FAILED_PRECONDITION
    with capsys.disabled():
        print(f"\n  medianstop: 1000 trials, peak {container.peak_mib():.1f} MiB resident")
    container.remove()
