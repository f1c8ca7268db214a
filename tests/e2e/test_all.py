"""mushir-all: every algorithm of every program on one port, with the same answers."""
import subprocess

import grpc
import pytest

from conftest import BIN, PROGRAMS, Service, experiment, health_request, request

SPACE = [("x", "double", {"min": 0, "max": 1})]
IDLE_MIB = 12


def algorithms_of(program):
    """What the first line of --help names behind "serving"."""
    text = subprocess.run([BIN / f"mushir-{program}", "--help"], check=True, capture_output=True, text=True).stdout
    return text.splitlines()[0].split(" serving ")[1].split()


def resident_mib(service):
    with open(f"/proc/{service.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


@pytest.fixture(scope="module")
def everything():
    with Service("all") as service:
        yield service


def test_every_algorithm_is_there():
    assert sorted(algorithms_of("all")) == sorted(a for program in PROGRAMS if program != "all" for a in algorithms_of(program))


@pytest.mark.parametrize("program, algorithm", [("random", "random"), ("tpe", "tpe"), ("tpe", "multivariate-tpe"), ("bayesopt", "bayesianoptimization")])
def test_answers_are_those_of_the_single_programs(everything, start_service, program, algorithm):
    asked = request(experiment(algorithm, SPACE), n=3)
    assert everything.call("GetSuggestions", asked) == start_service(program).call("GetSuggestions", asked)


def test_health_and_unknown_algorithms(everything):
    for name in "", "api.v1.beta1.Suggestion", "manager.v1beta1.Suggestion":
        assert everything.call("/grpc.health.v1.Health/Check", health_request(name)) == b"\x08\x01"
    with pytest.raises(grpc.RpcError) as caught:
        everything.suggest(request(experiment("nobody", SPACE)))
    assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT and "nobody" in caught.value.details()


def test_idle_memory(start_service):
    if "asan" in str(BIN):
        pytest.skip("sanitized programs are bigger")
    service = start_service("all")
    service.health()
    assert resident_mib(service) < IDLE_MIB
