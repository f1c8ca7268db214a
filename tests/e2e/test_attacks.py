"""What brought a service down once, in short: descriptors, the log's reader, slow clients, replies that nobody reads, floods."""
import fcntl
import itertools
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import threading
import time

import grpc
import pytest

from conftest import BIN, OPTIONS, PREFIX, experiment, request, trial

SPACE = [("x", "double", {"min": 0, "max": 1})]
ONE = request(experiment("random", SPACE)).SerializeToString()
F_SETPIPE_SIZE = 1031


def status_of(call):
    try:
        call()
        return "OK"
    except grpc.RpcError as error:
        return error.code().name


def eventually(holds, seconds=60):
    """Whether |holds| comes true; the time only ends a test that has failed."""
    end = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < end:
        time.sleep(0.05)
    return held


def soon_serves(service, seconds=60):
    """Whether a new connection is answered; the time only ends a test that has failed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with grpc.insecure_channel(service.address, OPTIONS) as channel:
            if status_of(lambda: channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=20)) == "OK":
                return True
    return False


def test_a_service_without_descriptors_accepts_again(start_service):
    limit = 128
    service = start_service("random")
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    clients = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(2 * limit)]
    assert soon_serves(service)
    for client in clients:
        client.close()
    assert soon_serves(service)


def test_the_soft_limit_of_descriptors_is_raised(start_service):
    service = start_service("random", wrapper=("sh", "-c", 'ulimit -Sn 256; exec "$@"', "sh"))
    soft, hard = resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE)
    assert hard > 256 and soft == hard


def test_a_log_that_nobody_reads_holds_nothing_up():
    reader, writer = os.pipe()
    fcntl.fcntl(writer, F_SETPIPE_SIZE, 4096)
    process = subprocess.Popen([BIN / "mushir-random", "--host", "127.0.0.1", "--port", "0"], stdout=subprocess.PIPE, stderr=writer, text=True)
    os.close(writer)
    with grpc.insecure_channel(f"127.0.0.1:{process.stdout.readline().strip()}", OPTIONS) as channel:
        call = channel.unary_unary(PREFIX + "GetSuggestions")
        assert {status_of(lambda: call(ONE, timeout=5)) for _ in range(200)} == {"OK"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    os.close(reader)
    process.stdout.close()


def test_a_log_whose_reader_left_ends_nothing():
    process = subprocess.Popen([BIN / "mushir-random", "--host", "127.0.0.1", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    port = process.stdout.readline().strip()
    process.stderr.close()
    with grpc.insecure_channel(f"127.0.0.1:{port}", OPTIONS) as channel:
        assert {status_of(lambda: channel.unary_unary(PREFIX + "GetSuggestions")(ONE, timeout=5)) for _ in range(3)} == {"OK"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    process.stdout.close()


def test_descriptors_that_were_closed_are_not_sockets():
    if b"/ld-linux" in (BIN / "mushir-random").read_bytes():
        pytest.skip("shared libraries take the free descriptors before main")
    process = subprocess.Popen(["sh", "-c", f"exec {BIN}/mushir-random --host 127.0.0.1 --port 0 <&- 2>&-"], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline()
    assert {os.readlink(f"/proc/{process.pid}/fd/{fd}") for fd in (0, 2)} == {"/dev/null"}
    process.terminate()
    assert process.wait(10) == 0
    process.stdout.close()


def test_slow_connections_leave_the_admin_port_to_others(start_service):
    service = start_service("random", "--admin-port", "0")
    while not (announced := re.search(r"admin_port=(\d+)", service.log_text())):
        time.sleep(0.01)
    port = int(announced[1])
    slow = []
    for _ in range(40):
        slow.append(socket.create_connection(("127.0.0.1", port)))
        slow[-1].sendall(b"GET /healthz HTTP/1.1\r\nX: ")
    with socket.create_connection(("127.0.0.1", port), 2) as probe:
        probe.sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
        assert probe.recv(100).startswith(b"HTTP/1.1 200")
    for client in slow:
        client.close()


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def literal(name, value):
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def head(path):
    pairs = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"x"), (b"content-type", b"application/grpc"), (b"te", b"trailers"))
    return b"".join(literal(name, value) for name, value in pairs)


SMALL = ("--workers", "1", "--memory-mib", "50", "--max-request-mib", "12", "--clients-mib", "37")  # the defaults under a limit of 100 MiB
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
NO_WINDOW = frame(4, 0, 0, struct.pack(">HI", 4, 0))
GET, WATCH = b"/api.v1.beta1.Suggestion/GetSuggestions", b"/grpc.health.v1.Health/Watch"


def message(payload):
    return b"\0" + struct.pack(">I", len(payload)) + payload


def connect(service, settings=frame(4, 0, 0)):
    client = socket.create_connection(("127.0.0.1", service.port))
    client.sendall(PREFACE + settings)
    return client


def drain(client):
    """Read and forget, on a thread, until the connection ends."""
    def read():
        try:
            while client.recv(1 << 16):
                pass
        except OSError:
            pass
    threading.Thread(target=read, daemon=True).start()


def check_peak(service, mib):
    with open(f"/proc/{service.process.pid}/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
    assert peak < mib or "asan" in str(BIN)


def test_replies_that_nobody_reads_are_bounded(start_service):
    """96 questions of some 100 bytes once made 100 MiB of replies: a window of 0 lets none of them go."""
    service = start_service("random", *SMALL)
    asked = request(experiment("random", [(f"p{i}", "double", {"min": 0, "max": 1}) for i in range(4)]), n=10000).SerializeToString()
    clients = [connect(service, NO_WINDOW) for _ in range(3)]  # one may have no more than 32 calls
    for i in range(96):
        stream = 2 * (i // 3) + 1
        clients[i % 3].sendall(frame(1, 4, stream, head(GET)) + frame(0, 1, stream, message(asked)))
        time.sleep(0.02)
    assert eventually(lambda: "earlier replies have not been read" in service.log_text())
    check_peak(service, 75)
    for client in clients:
        client.close()
    assert soon_serves(service)
    assert status_of(lambda: service.call("GetSuggestions", ONE)) == "OK"


def reset(stream):
    return frame(3, 0, stream, struct.pack(">I", 8))


def numbered(calls):
    """Bytes of 100 calls at a time on one connection; |calls| makes those of one stream."""
    return (b"".join(calls(2 * i + 1) for i in range(first, first + 100)) for first in range(0, 1 << 30, 100))


FLOODS = {  # each once took a service's memory in a second, or kept all others from being heard
    "calls that are taken back": lambda: numbered(lambda i: frame(1, 4, i, head(GET)) + reset(i)),
    "requests that are taken back": lambda: numbered(lambda i: frame(1, 4, i, head(GET)) + frame(0, 1, i, message(ONE)) + reset(i)),
    "unknown methods": lambda: numbered(lambda i: frame(1, 5, i, head(b"/" + b"x" * 100))),
    "settings": lambda: itertools.repeat(frame(4, 0, 0) * 1000),
    "empty data": lambda: itertools.repeat(frame(0, 0, 1) * 1000),
}


@pytest.mark.parametrize("name", FLOODS)
def test_a_flood_on_one_connection_leaves_the_others_alone(start_service, name):
    service = start_service("random", *SMALL)
    with connect(service) as client:
        drain(client)
        end = time.monotonic() + 1.5
        served = []
        probe = threading.Thread(target=lambda: served.append(soon_serves(service)))
        probe.start()
        try:
            for some in FLOODS[name]():
                client.sendall(some)
                if time.monotonic() > end and not probe.is_alive():
                    break
        except OSError:
            pass  # the service had enough of it
        probe.join()
        assert served == [True]
    check_peak(service, 40)
    assert soon_serves(service)
    assert status_of(lambda: service.call("GetSuggestions", ONE)) == "OK"


HELD = {  # what costs a client nothing to hold: connections, and settings and what is said on each
    "streams": (40, NO_WINDOW, lambda: b"".join(frame(1, 4, i, head(WATCH)) + frame(0, 1, i, message(b"")) for i in range(1, 200, 2))),
    "calls whose message never comes": (40, frame(4, 0, 0), lambda: b"".join(frame(1, 4, i, head(GET)) for i in range(1, 200, 2))),
    "connections": (1500, frame(4, 0, 0), lambda: b""),
}


@pytest.mark.parametrize("name", HELD)
def test_what_clients_hold_is_bounded_and_leaves_room(start_service, name):
    number, settings, said = HELD[name]
    service = start_service("random", *SMALL)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2 * number:
        pytest.skip("too few descriptors for the clients")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    clients = []
    for _ in range(number):
        clients.append(connect(service, settings))
        clients[-1].sendall(said())
    assert soon_serves(service)
    assert eventually(lambda: status_of(lambda: service.call("GetSuggestions", ONE)) == "OK")  # the first may be told to try again
    check_peak(service, 45)
    for client in clients:
        client.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert soon_serves(service)


def test_an_answer_has_a_time_limit(start_service):
    service = start_service("bayesopt", "--workers", "1", "--request-seconds", "1")
    names = [f"p{i}" for i in range(100)]
    asked = experiment("bayesianoptimization", [(n, "double", {"min": 0, "max": 1}) for n in names], {"base_estimator": "RF", "n_initial_points": 2})
    trials = [trial(f"t{k}", [(n, str((k * 7919 + i * 104729) % 1000 / 1000)) for i, n in enumerate(names)], k % 17, second=k) for k in range(200)]
    with pytest.raises(grpc.RpcError) as caught:
        service.call("GetSuggestions", request(asked, trials, n=500))
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED and "longer than the 1 s" in caught.value.details()
    assert service.health() == b"\x08\x01"
