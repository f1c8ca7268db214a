"""What brought a service down once, in short: descriptors, the log's reader, slow clients, replies that nobody reads."""
import fcntl
import os
import re
import resource
import signal
import socket
import struct
import subprocess
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


def soon_serves(service, seconds=5):
    """Whether a new connection is answered within |seconds|."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with grpc.insecure_channel(service.address, OPTIONS) as channel:
            if status_of(lambda: channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=1)) == "OK":
                return True
    return False


def test_a_service_without_descriptors_accepts_again(start_service):
    limit = 128
    service = start_service("random")
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (limit, limit))
    clients = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(2 * limit)]
    time.sleep(0.5)
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


def test_replies_that_nobody_reads_are_bounded(start_service):
    """96 questions of some 100 bytes once made 100 MiB of replies: a window of 0 lets none of them go."""
    service = start_service("random", "--workers", "1", "--memory-mib", "50", "--max-request-mib", "12")
    asked = request(experiment("random", [(f"p{i}", "double", {"min": 0, "max": 1}) for i in range(4)]), n=10000).SerializeToString()
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, struct.pack(">HI", 4, 0)))
        for i in range(96):
            message = b"\0" + struct.pack(">I", len(asked)) + asked
            client.sendall(frame(1, 4, 2 * i + 1, head(b"/api.v1.beta1.Suggestion/GetSuggestions")) + frame(0, 1, 2 * i + 1, message))
            time.sleep(0.02)
        time.sleep(2)
        with open(f"/proc/{service.process.pid}/status") as status:
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
        assert "earlier replies have not been read" in service.log_text()
        if "asan" not in str(BIN):
            assert peak < 75
    assert soon_serves(service)
    assert status_of(lambda: service.call("GetSuggestions", ONE)) == "OK"


def test_an_answer_has_a_time_limit(start_service):
    service = start_service("bayesopt", "--workers", "1", "--request-seconds", "1")
    names = [f"p{i}" for i in range(100)]
    asked = experiment("bayesianoptimization", [(n, "double", {"min": 0, "max": 1}) for n in names], {"base_estimator": "RF", "n_initial_points": 2})
    trials = [trial(f"t{k}", [(n, str((k * 7919 + i * 104729) % 1000 / 1000)) for i, n in enumerate(names)], k % 17, second=k) for k in range(200)]
    with pytest.raises(grpc.RpcError) as caught:
        service.call("GetSuggestions", request(asked, trials, n=500))
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED and "longer than the 1 s" in caught.value.details()
    assert service.health() == b"\x08\x01"
