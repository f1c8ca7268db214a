"""The contract through a real client: what every service must do on the wire, shown on `random`."""
import concurrent.futures
import json
import re
import signal
import socket
import subprocess
import time

import grpc
import pytest

from conftest import BIN, PREFIX, PROGRAMS, Service, experiment, health_request, pairs, pb2, request, trial

SERVING, NOT_SERVING, SERVICE_UNKNOWN = b"\x08\x01", b"\x08\x02", b"\x08\x03"
NAMES = ["", "api.v1.beta1.Suggestion", "manager.v1beta1.Suggestion"]

EVERY_TYPE = [
    ("lr", "double", {"min": "0.01", "max": "0.05"}),
    ("decay", "double", {"min": "1e-6", "max": "0.1", "distribution": "logUniform"}),
    ("momentum", "double", {"min": "0.5", "max": "0.9", "step": "0.1", "distribution": "normal"}),
    ("layers", "int", {"min": "1", "max": "5"}),
    ("units", "int", {"min": "32", "max": "64", "step": "8", "distribution": "logNormal"}),
    ("batch", "discrete", {"list": ["128", "16", "32.0"]}),
    ("optimizer", "categorical", {"list": ["sgd", "adam", "ftrl"]}),
    ("constant", "int", {"min": "7", "max": "7"}),
]


@pytest.fixture(scope="module")
def service():
    with Service("random") as s:
        yield s


def refused(call, code=grpc.StatusCode.INVALID_ARGUMENT):
    with pytest.raises(grpc.RpcError) as e:
        call()
    assert e.value.code() == code, e.value.details()
    return e.value.details()


# ---- replies ----

@pytest.mark.parametrize("n", [0, 1, 2, 9, 200])
def test_exactly_as_many_as_asked(service, n):
    assert len(service.suggest(request(experiment(parameters=EVERY_TYPE), n=n)).parameter_assignments) == n


def test_values_names_and_order(service):
    for got in pairs(service.suggest(request(experiment(parameters=EVERY_TYPE), n=300))):
        assert [k for k, _ in got] == [p[0] for p in EVERY_TYPE]
        v = dict(got)
        assert 0.01 <= float(v["lr"]) <= 0.05 and 1e-6 <= float(v["decay"]) <= 0.1
        assert v["momentum"] in {"0.5", "0.6", "0.7", "0.8", "0.9"}
        assert v["layers"] in {"1", "2", "3", "4", "5"} and v["units"] in {"32", "40", "48", "56", "64"}
        assert v["batch"] in {"128", "16", "32.0"} and v["optimizer"] in {"sgd", "adam", "ftrl"} and v["constant"] == "7"


def test_doubles_print_as_python_prints_them(service):
    e = experiment(parameters=[("x", "double", {"min": "1e-300", "max": "1e300", "distribution": "logUniform"}), ("y", "double", {"min": "-1", "max": "1"})])
    for got in pairs(service.suggest(request(e, n=300))):
        for _, text in got:
            assert repr(float(text)) == text


def test_same_request_same_bytes_everywhere(service):
    """Restart, trial order, concurrency: the answer depends on the request alone."""
    e = experiment(parameters=EVERY_TYPE)
    done = [trial(f"t{i}", a, i * 0.5, second=i % 3) for i, a in enumerate(pairs(service.suggest(request(e, n=12))))]
    first = service.call("GetSuggestions", request(e, done, 4))
    with Service("random", "--workers", "4") as other:
        assert other.call("GetSuggestions", request(e, done[::-1], 4)) == first
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            assert set(pool.map(lambda _: other.call("GetSuggestions", request(e, done, 4)), range(64))) == {first}


def test_the_cursor_moves_the_stream(service):
    e = experiment(parameters=EVERY_TYPE, settings={"random_state": 7})
    a, b = (pairs(service.suggest(request(e, n=2, total=t))) for t in (2, 3))
    assert a[1] == b[0] and a[0] != b[1]


def test_two_experiments_do_not_mix(service):
    a = experiment(parameters=[("a", "int", {"min": 1, "max": 9})], name="one")
    b = experiment(parameters=[("b", "int", {"min": 1, "max": 9})], name="two")
    for e, name in ((a, "a"), (b, "b"), (a, "a")):
        assert pairs(service.suggest(request(e)))[0][0][0] == name


def test_foreign_strange_and_broken_trials_are_lived_with(service):
    e = experiment(parameters=EVERY_TYPE)
    good = pairs(service.suggest(request(e)))[0]
    strange = [trial("a", [("alpha", "1")], "1"), trial("b", good, ""), trial("c", good, "nan"), trial("d", good, "text"), trial("", [], None),
               trial("e", [(k, "\u20ac") for k, _ in good], "1"), pb2.Trial(), trial("f", good, "1e999"), trial("g", good, "1", condition=99)]
    assert len(service.suggest(request(e, strange, 3)).parameter_assignments) == 3


def test_finite_space_without_repeats(service):
    e = experiment(parameters=[("n", "int", {"min": 1, "max": 4}), ("c", "categorical", {"list": ["a", "b", "c"]})])
    seen, trials = set(), []
    for i in range(12):
        a = pairs(service.suggest(request(e, trials)))[0]
        seen.add(tuple(a))
        trials.append(trial(f"t{i}", a, None if i % 2 else "1"))
    assert len(seen) == 12
    assert len(service.suggest(request(e, trials, 5)).parameter_assignments) == 5


# ---- mistakes ----

BAD = [
    (("p", "double", {"min": "1", "max": "0"}), ["p", '"1"', '"0"']),
    (("p", "double", {"min": "one", "max": "2"}), ["p", "min", "one"]),
    (("p", "double", {"min": "", "max": "2"}), ["p", "min"]),
    (("p", "double", {"min": "0", "max": "nan"}), ["p", "max", "nan"]),
    (("p", "double", {"min": "0", "max": "1", "distribution": "logUniform"}), ["p", "min", '"0"']),
    (("p", "int", {"min": "-3", "max": "1", "distribution": "logNormal"}), ["p", "min", '"-3"']),
    (("p", "double", {"min": "0", "max": "1", "step": "0"}), ["p", "step", '"0"']),
    (("p", "double", {"min": "0", "max": "1", "step": "x"}), ["p", "step", "x"]),
    (("p", "int", {"min": "0.5", "max": "3"}), ["p", "min", "0.5"]),
    (("p", "categorical", {}), ["p", "list"]),
    (("p", "discrete", {"list": ["1", "two"]}), ["p", "two"]),
]


@pytest.mark.parametrize("parameter, named", BAD)
def test_mistakes_name_parameter_and_value(service, parameter, named):
    e = experiment(parameters=[("ok", "int", {"min": 1, "max": 2}), parameter])
    for call in (lambda: service.validate(e), lambda: service.suggest(request(e))):
        text = refused(call)
        assert all(word in text for word in named), text


def test_unknown_type_distribution_and_twice_the_same_name(service):
    e = experiment(parameters=[("p", "int", {"min": 1, "max": 2})])
    e.spec.parameter_specs.parameters[0].parameter_type = pb2.UNKNOWN_TYPE
    assert "p" in refused(lambda: service.validate(e))
    e = experiment(parameters=[("p", "int", {"min": 1, "max": 2})] * 2)
    assert "p" in refused(lambda: service.validate(e))


def test_settings(service):
    for name in ("unknown", "tpe", ""):  # Katib's whole text, whatever the name
        assert refused(lambda: service.validate(experiment(name))) == refused(lambda: service.suggest(request(experiment(name)))) == f"unknown algorithm name {name}"
    assert refused(lambda: service.validate(experiment(settings={"unknown_conf": 1}))) == "unknown setting unknown_conf for algorithm random"
    assert refused(lambda: service.validate(experiment(settings={"random_state": -1}))) == "random_state should be great or equal than zero"
    assert refused(lambda: service.validate(experiment(settings={"random_state": "x"}))).startswith("failed to validate random_state(x)")
    service.validate(experiment(settings={"random_state": 2**32}))
    service.validate(experiment())  # settings alone: no parameters needed


def test_counts_out_of_range(service):
    for n in (-1, 2**31 - 1):
        assert str(n) in refused(lambda n=n: service.suggest(request(experiment(parameters=EVERY_TYPE), n=n, total=2**31 - 1)))


# ---- transport ----

def test_health(service):
    for name in NAMES:
        assert service.health(name) == SERVING
    refused(lambda: service.health("other"), grpc.StatusCode.NOT_FOUND)


def test_health_watch(service):
    watch = service.channel.unary_stream("/grpc.health.v1.Health/Watch")
    for name, first in ((NAMES[2], SERVING), ("other", SERVICE_UNKNOWN)):
        stream = watch(health_request(name), timeout=20)
        assert next(stream) == first
        stream.cancel()


def test_a_watcher_hears_of_the_end(start_service):
    s = start_service("random")
    stream = s.channel.unary_stream("/grpc.health.v1.Health/Watch")(b"", timeout=20)
    assert next(stream) == SERVING
    s.process.send_signal(signal.SIGTERM)
    assert next(stream, NOT_SERVING) == NOT_SERVING
    assert s.process.wait(10) == 0


def test_unknown_methods_answer_at_once(service):
    for path in (PREFIX + "Nothing", "/other.Service/Method", "/api.v1.beta1.EarlyStopping/GetEarlyStoppingRules"):
        start = time.monotonic()
        refused(lambda path=path: service.call(path, b"", timeout=20), grpc.StatusCode.UNIMPLEMENTED)
        assert time.monotonic() - start < 10  # far below the deadline


def test_garbage_and_emptiness(service):
    refused(lambda: service.call("GetSuggestions", b"\xff\xff\xff"))
    refused(lambda: service.call("GetSuggestions", b"\x0a\x05\x0a\x03\xff\xfe\xfd"))
    assert "algorithm" in refused(lambda: service.call("GetSuggestions", b""))
    assert "algorithm" in refused(lambda: service.call("ValidateAlgorithmSettings", b""))


def test_a_large_request_is_accepted_and_an_oversize_one_refused(start_service):
    e = experiment(parameters=EVERY_TYPE)
    s = start_service("random", "--max-request-mib", "16")
    a = pairs(s.suggest(request(e)))[0]
    big = request(e, [trial(f"trial-{i:06d}", a, i) for i in range(20_000)], 2)
    assert big.ByteSize() > 4 << 20
    assert len(s.suggest(big).parameter_assignments) == 2
    refused(lambda: s.call("GetSuggestions", b"\x0a" * (17 << 20)), grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert s.health() == SERVING


def test_memory_limit_of_a_request(start_service):
    s = start_service("random", "--memory-mib", "1")
    e = experiment(parameters=EVERY_TYPE)
    a = pairs(s.suggest(request(e)))[0]
    refused(lambda: s.suggest(request(e, [trial(f"t{i}", a, i) for i in range(5_000)])), grpc.StatusCode.RESOURCE_EXHAUSTED)
    refused(lambda: s.suggest(request(e, n=10_000)), grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert len(s.suggest(request(e, n=2)).parameter_assignments) == 2


def test_every_prefix_of_a_request(service):
    e = experiment(parameters=EVERY_TYPE)
    whole = request(e, [trial("t", pairs(service.suggest(request(e)))[0], 1)], 2).SerializeToString()
    for n in range(len(whole)):
        try:
            service.call("GetSuggestions", whole[:n])
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert service.health() == SERVING


def test_deadline_and_cancel_leave_the_service_well(service):
    e = experiment(parameters=EVERY_TYPE)
    a = pairs(service.suggest(request(e)))[0]
    big = request(e, [trial(f"t{i}", a, i) for i in range(3_000)], 1_000).SerializeToString()
    method = service.channel.unary_unary(PREFIX + "GetSuggestions")
    for _ in range(20):
        try:
            method(big, timeout=0.001)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        method.future(big, timeout=20).cancel()
    assert len(service.suggest(request(e, n=2)).parameter_assignments) == 2


def test_a_probe_is_answered_while_the_workers_compute(start_service):
    s = start_service("random", "--workers", "1")
    e = experiment(parameters=EVERY_TYPE)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        busy = [pool.submit(lambda: s.suggest(request(e, n=5_000))) for _ in range(4)]
        answered = 0
        while not all(f.done() for f in busy):
            s.health(NAMES[2], timeout=5)
            answered += 1
        assert answered > 0 and all(len(f.result().parameter_assignments) == 5_000 for f in busy)


def test_a_full_queue_is_said_at_once(start_service):
    s = start_service("random", "--workers", "1", "--queue", "1")
    heavy = request(experiment(parameters=EVERY_TYPE), n=5_000).SerializeToString()
    method = s.channel.unary_unary(PREFIX + "GetSuggestions")
    codes = []
    for f in [method.future(heavy, timeout=60) for _ in range(24)]:
        codes.append(f.code())
    assert set(codes) == {grpc.StatusCode.OK, grpc.StatusCode.RESOURCE_EXHAUSTED}


# ---- life ----

def test_terminate_while_busy(start_service):
    s = start_service("random", "--workers", "1")
    method = s.channel.unary_unary(PREFIX + "GetSuggestions")
    running = [method.future(request(experiment(parameters=EVERY_TYPE), n=2_000).SerializeToString(), timeout=30) for _ in range(3)]
    time.sleep(0.05)
    s.process.send_signal(signal.SIGTERM)
    assert s.process.wait(15) == 0
    for f in running:  # answered, or told that the service goes away
        assert f.code() in (grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


def test_port_in_use(service):
    second = subprocess.run([BIN / "mushir-random", "--host", "127.0.0.1", "--port", str(service.port)], capture_output=True, text=True, timeout=20)
    assert second.returncode == 1 and str(service.port) in second.stderr


@pytest.mark.parametrize("flags", [["--port", "70000"], ["--port", "x"], ["--nonsense"], ["--workers", "0"], ["stray"]])
def test_bad_flags(flags):
    run = subprocess.run([BIN / "mushir-random", *flags], capture_output=True, text=True, timeout=20)
    assert run.returncode == 2 and flags[-1] in run.stderr


@pytest.mark.parametrize("program", ["mushir", *(f"mushir-{name}" for name in PROGRAMS)])
def test_version_names_what_is_linked(program):
    said = subprocess.run([BIN / program, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
    assert re.fullmatch(rf"{program} [0-9.]+ \(gRPC core [0-9]+\.[0-9]+\.[0-9]+, OpenSSL [0-9]+\.[0-9]+\.[0-9]+ .*\)\n", said), said


def test_help_version_and_environment(start_service):
    for flag, word in (("--help", "--port"), ("--version", "mushir-random"), ("--settings", "random_state")):
        run = subprocess.run([BIN / "mushir-random", flag], capture_output=True, text=True, timeout=20)
        assert run.returncode == 0 and word in run.stdout
    s = start_service("random", env={"MUSHIR_LOG_FORMAT": "json"})
    s.suggest(request(experiment(parameters=EVERY_TYPE, name='quo"te\nline'), n=2))
    s.stop()
    lines = [json.loads(line) for line in s.log_text().splitlines()]
    seen = [line for line in lines if line.get("method", "").endswith("GetSuggestions")]
    assert seen and seen[0]["asked"] == 2 and seen[0]["algorithm"] == "random" and seen[0]["status"] == "OK"


def test_http1_and_noise_do_not_disturb(service):
    for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 1000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 500):
        with socket.create_connection(("127.0.0.1", service.port), timeout=5) as c:
            c.sendall(noise)
            c.settimeout(5)
            try:
                while c.recv(4096):
                    pass
            except OSError:
                pass
    assert service.health() == SERVING


def test_admin_port(start_service):
    import urllib.request
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    s = start_service("random", "--admin-port", str(port))
    s.suggest(request(experiment(parameters=EVERY_TYPE), n=2))
    read = lambda path: urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10).read().decode()
    assert "ok" in read("/healthz").lower() and read("/readyz")
    metrics = read("/metrics")
    assert 'GetSuggestions' in metrics and 'status="OK"' in metrics and "_bucket{" in metrics and "resident" in metrics
    with pytest.raises(urllib.error.HTTPError):
        read("/other")


def test_a_metric_that_no_trial_reports_is_named_once(start_service):
    s = start_service("random", "--log-format", "json")
    e = experiment("random", [("x", "double", {"min": 0, "max": 1})])
    others = [trial("a", [("x", "0.1")], 1, metric="accuracy")]
    others[0].status.observation.metrics.add(name="f1", value="2")
    running = [trial("r", [("x", "0.3")])]
    running[0].status.observation.metrics.add(name="early", value="2")
    for trials in (running, others, others, others + [trial("b", [("x", "0.2")], 1, metric="f1")]):
        s.suggest(request(e, trials))
    e.name = "other"
    s.suggest(request(e, others + [trial("b", [("x", "0.2")], 1)]))  # one does report it
    warnings = [line for line in map(json.loads, s.log_text().splitlines()) if line["level"] == "warning"]
    assert [(w["experiment"], w["objective"], w["reported"]) for w in warnings] == [("e2e", "loss", "accuracy, f1")]
