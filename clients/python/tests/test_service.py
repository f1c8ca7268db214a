"""The program as a process: found, started, ended, started again."""
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

import grpc
import pytest
from conftest import BIN, BOWL, PACKAGES

import mushir
from mushir.service import find_program

PROGRAM = BIN / "mushir-all"
SECONDS_TO_END = 30


def gone(pid):
    """Whether the process ends; one that has ended and is not yet waited for by anybody counts."""
    end = time.monotonic() + SECONDS_TO_END
    while time.monotonic() < end:
        try:
            if pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            return True
        time.sleep(0.05)
    return False


def processes_of(pid):
    """The processes of the group that |pid| leads."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def test_where_the_program_is_looked_for(tmp_path, monkeypatch):
    inside = PACKAGES / "mushir" / "bin" / "mushir-all"
    in_path = tmp_path / "mushir-all"
    in_path.write_text("#!/bin/sh\n")
    in_path.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert find_program("/bin/sh") == "/bin/sh"  # an argument before anything else
    assert find_program() == str(PROGRAM)  # the variable, which the tests have set
    monkeypatch.delenv("MUSHIR_PROGRAM")
    assert find_program() == str(in_path)
    inside.parent.mkdir()
    try:
        inside.symlink_to(PROGRAM)
        assert find_program() == str(inside)
    finally:
        inside.unlink()
        inside.parent.rmdir()


def test_a_program_that_is_not_there(tmp_path, monkeypatch):
    with pytest.raises(mushir.ProgramNotFound, match="program: '/no/such' is no program"):
        mushir.Service("/no/such")
    monkeypatch.setenv("MUSHIR_PROGRAM", "/no/such/either")
    with pytest.raises(FileNotFoundError, match="MUSHIR_PROGRAM: '/no/such/either' is no program"):
        mushir.Service()
    monkeypatch.delenv("MUSHIR_PROGRAM")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(mushir.ProgramNotFound, match="no mushir-all: this package was built without it and PATH has none"):
        mushir.Service()


def test_a_program_that_does_not_start():
    with pytest.raises(mushir.ServiceError, match="did not start: .*--nonsense"):
        mushir.Service(flags=["--nonsense"])


def test_options_in_the_environment_are_not_for_it(monkeypatch):
    """A service of one's own is as the package starts it, whatever services beside it are told."""
    monkeypatch.setenv("MUSHIR_TLS_CERT", "/no/such")
    with mushir.Study(BOWL) as study:
        study.ask()


def test_closing_ends_it_and_its_keeper():
    with mushir.Service() as service:
        pid = service._process.pid
        group = processes_of(pid)
        assert service.running and len(group) == 2
    assert not service.running and all(map(gone, group))
    service.close()


def test_a_study_ends_its_own_service_and_leaves_others(service):
    with mushir.Study(BOWL) as own, mushir.Study(BOWL, service=service) as guest:
        own.ask(), guest.ask()
        pid = own._connection.own._process.pid
    assert gone(pid) and service.running


def test_a_closed_study_may_be_asked_again():
    study = mushir.Study(BOWL)
    study.ask()
    study.close()
    assert study.ask().number == 1
    study.close()


def test_a_service_that_died_is_started_again():
    with mushir.Study(BOWL) as study:
        first = study.ask().params
        died = study._connection.own._process.pid
        os.kill(died, signal.SIGKILL)
        assert gone(died)
        assert study.ask().params != first
        assert study._connection.own._process.pid != died


def test_a_service_that_dies_while_it_is_asked():
    with mushir.Study(BOWL) as study, mushir.Study(BOWL) as other:
        study.ask(), other.ask()
        died = study._connection.own._process.pid

        def die(request):
            os.kill(died, signal.SIGKILL)
            assert gone(died)
            raise mushir.ServiceError("it was there a moment ago")

        study._connection._client.suggest = die
        assert study.ask().params == other.ask().params


def test_an_error_of_a_service_that_lives_is_told():
    with mushir.Study(BOWL) as study:
        study.ask()
        asked = []

        def fail(request):
            asked.append(request)
            raise mushir.ServiceError("too busy")

        study._connection._client.suggest = fail
        with pytest.raises(mushir.ServiceError, match="too busy"):
            study.ask()
        assert len(asked) == 1


def test_an_address_where_nobody_is():
    study = mushir.Study(BOWL, service="127.0.0.1:1")
    with pytest.raises(mushir.ServiceError, match="127.0.0.1:1: UNAVAILABLE"):
        study.ask()
    study.close()


def test_a_service_behind_tls(tmp_path):
    if not shutil.which("openssl"):
        pytest.skip("no openssl here")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=here",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert, "-days", "2"], check=True, capture_output=True)
    with mushir.Service(flags=["--tls-cert", str(cert), "--tls-key", str(key)]) as service:
        with mushir.Study(BOWL, service=service.address, credentials=grpc.ssl_channel_credentials(cert.read_bytes())) as study:
            assert study.ask().number == 0
        with mushir.Study(BOWL, service=service.address) as study, pytest.raises(mushir.ServiceError):
            study.ask()


CHILD = """
import mushir, os, sys, weakref
study = mushir.Study({"x": mushir.Float(0, 1)})
study.ask()
print(study._connection.own._process.pid, flush=True)
%s
"""


@pytest.mark.parametrize("end, status", [("pass", 0), ("os.kill(os.getpid(), 9)", -9), ("1 / 0", 1)])
def test_no_service_is_left_behind(end, status):
    """Whatever ends the process that started it."""
    done = subprocess.run([sys.executable, "-c", CHILD % end], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(PACKAGES)})
    assert done.returncode == status, done.stderr
    assert gone(int(done.stdout))


def test_a_fork_leaves_its_parents_service_alone():
    """The fork runs what this package left for its end; gRPC's own end is not made for forks."""
    fork = "sys.stdout.flush()\nif os.fork() == 0: weakref.finalize._exitfunc(); os._exit(0)\nos.wait()\nstudy.ask()\nprint(study._connection.own._process.pid)"
    done = subprocess.run([sys.executable, "-c", CHILD % fork], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": str(PACKAGES)})
    before, after = done.stdout.split()
    assert before == after, done.stderr


def test_ctrl_c_is_not_for_the_service():
    """It runs in a session of its own, so that the terminal's signals go to the Python program only."""
    with mushir.Service() as service:
        assert os.getsid(service._process.pid) == service._process.pid


@pytest.mark.parametrize("given, kept", [(None, "0"), ("1", "1")])
def test_grpc_keeps_out_of_forks_unless_told_otherwise(given, kept):
    """Before it is imported: later it does not look."""
    clean = {name: value for name, value in os.environ.items() if name != "GRPC_ENABLE_FORK_SUPPORT"}
    code = ("import builtins, os\nload = builtins.__import__\n"
            "def watch(name, *rest):\n    if name == 'grpc': print(os.environ.get('GRPC_ENABLE_FORK_SUPPORT'))\n    return load(name, *rest)\n"
            "builtins.__import__ = watch\nimport mushir")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          env={**clean, "PYTHONPATH": str(PACKAGES), **({"GRPC_ENABLE_FORK_SUPPORT": given} if given else {})})
    assert done.stdout.split()[0] == kept
