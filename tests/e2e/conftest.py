"""What end-to-end tests share: the API's stubs, the programs, and services that are started and surely stopped."""
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import grpc
import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BIN = pathlib.Path(os.environ.get("MUSHIR_BIN", ROOT / "build" / "bin")).resolve()
sys.path.insert(0, str(ROOT / "tests"))
from algorithms import ALGORITHMS, PROGRAMS, SERVICES  # noqa: E402, F401

PREFIX = "/api.v1.beta1.Suggestion/"
OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1), ("grpc.enable_http_proxy", 0),
           ("grpc.use_local_subchannel_pool", 1)]


def _stubs():
    """Generate Python messages for the API and health protos into a scratch folder."""
    out = tempfile.mkdtemp(prefix="mushir-stubs-")
    subprocess.run(["protoc", f"-I{ROOT}/proto", f"--python_out={out}", "api.proto"], check=True, cwd=ROOT)
    sys.path.insert(0, out)
    import api_pb2
    return api_pb2


pb2 = _stubs()


def health_request(name):
    """A HealthCheckRequest by hand: one string field."""
    return b"\x0a" + bytes([len(name)]) + name.encode() if name else b""


DATA = tempfile.TemporaryDirectory(prefix="mushir-data-")  # folders of trials, where a test names no other


class Service:
    """A running mushir-<name>. Use as a context manager or through the start_service fixture."""

    def __init__(self, name, *flags, env=None, wrapper=(), program=None):
        self.log = tempfile.NamedTemporaryFile(mode="w+b", prefix=f"mushir-{name}-", suffix=".log", delete=False)
        command = [*wrapper, str(program or BIN / f"mushir-{name}"), "--host", "127.0.0.1", "--port", "0", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, env={"MUSHIR_DATA": DATA.name, **os.environ, **(env or {})}, text=True)
        self.banner = self.process.stdout.readline()
        if not self.banner:
            raise RuntimeError(f"{command} did not start: {self.log_text()}")
        self.port = int(self.banner)  # printed alone on its line when --port is 0
        self.address = f"127.0.0.1:{self.port}"
        self.channel = grpc.insecure_channel(self.address, OPTIONS)

    def log_text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def call(self, method, request, timeout=60):
        """Raw bytes in, raw bytes out; |method| with or without a leading slash."""
        path = method if method.startswith("/") else PREFIX + method
        return self.channel.unary_unary(path)(request if isinstance(request, bytes) else request.SerializeToString(), timeout=timeout)

    def suggest(self, request, timeout=60):
        return pb2.GetSuggestionsReply.FromString(self.call("GetSuggestions", request, timeout))

    def validate(self, experiment, timeout=60):
        self.call("ValidateAlgorithmSettings", pb2.ValidateAlgorithmSettingsRequest(experiment=experiment), timeout)

    def health(self, name="", timeout=5):
        return self.call("/grpc.health.v1.Health/Check", health_request(name), timeout)

    def stop(self, sig=signal.SIGTERM, timeout=20):
        """Send |sig| and return the exit status."""
        self.channel.close()
        if self.process.poll() is None:
            self.process.send_signal(sig)
        try:
            return self.process.wait(timeout)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        os.unlink(self.log.name)


@pytest.fixture
def start_service():
    """start_service("random", flags...) -> Service, stopped at the end of the test."""
    running = []

    def start(name, *flags, **options):
        running.append(Service(name, *flags, **options))
        return running[-1]

    yield start
    for service in running:
        service.stop(signal.SIGKILL)


def services_built():
    """Names of the services that are built, from the one list there is."""
    return SERVICES


# ---- requests ----

TYPES = {"double": pb2.DOUBLE, "int": pb2.INT, "discrete": pb2.DISCRETE, "categorical": pb2.CATEGORICAL}
DISTRIBUTIONS = {"": pb2.DISTRIBUTION_UNSPECIFIED, "uniform": pb2.UNIFORM, "logUniform": pb2.LOG_UNIFORM, "normal": pb2.NORMAL,
                 "logNormal": pb2.LOG_NORMAL}


def experiment(algorithm="random", parameters=(), settings=None, name="e2e", maximize=False):
    """|parameters|: (name, type, {min, max, step, list, distribution})."""
    e = pb2.Experiment(name=name)
    e.spec.objective.type = pb2.MAXIMIZE if maximize else pb2.MINIMIZE
    e.spec.objective.objective_metric_name = "loss"
    e.spec.algorithm.algorithm_name = algorithm
    e.spec.parallel_trial_count, e.spec.max_trial_count = 3, 100
    for k, v in (settings or {}).items():
        e.spec.algorithm.algorithm_settings.add(name=k, value=str(v))
    for n, kind, space in parameters:
        p = e.spec.parameter_specs.parameters.add(name=n, parameter_type=TYPES[kind])
        p.feasible_space.min, p.feasible_space.max = str(space.get("min", "")), str(space.get("max", ""))
        p.feasible_space.step = str(space.get("step", ""))
        p.feasible_space.list.extend(space.get("list", []))
        p.feasible_space.distribution = DISTRIBUTIONS[space.get("distribution", "")]
    return e


def trial(name, assignments, value=None, condition=None, second=0, metric="loss"):
    """A finished trial when |value| is given (a text or a number), else a running one."""
    t = pb2.Trial(name=name)
    for k, v in assignments:
        t.spec.parameter_assignments.assignments.add(name=k, value=v)
    t.status.condition = condition if condition is not None else pb2.TrialStatus.RUNNING if value is None else pb2.TrialStatus.SUCCEEDED
    t.status.completion_time = "" if value is None else time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_767_225_600 + second))
    if value is not None:
        t.status.observation.metrics.add(name=metric, value=str(value))
    return t


def request(e, trials=(), n=1, total=None):
    r = pb2.GetSuggestionsRequest(experiment=e, current_request_number=n, total_request_number=len(trials) + n if total is None else total)
    r.trials.extend(trials)
    return r


def pairs(reply):
    """The reply's assignments as lists of (name, value)."""
    return [[(a.name, a.value) for a in pa.assignments] for pa in reply.parameter_assignments]
