"""What the runtime promises whatever a client does: limits that hold, an end that comes."""
import gzip
import socket
import subprocess

import grpc
import pytest

from conftest import BIN, PREFIX


def peak_mib(service):
    with open(f"/proc/{service.process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024


def failure(call, *arguments, **options):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments, **options)
    return caught.value


def test_an_endless_message_is_cut_off(start_service):
    """Core measures a message once it is complete; what a client may make it hold until then is limited too."""
    service = start_service("random", "--max-request-mib", "2", "--workers", "1")
    before = peak_mib(service)
    method = service.channel.unary_unary(PREFIX + "GetSuggestions")
    assert failure(method, b"\0" * (200 << 20), timeout=60).code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert service.health() == b"\x08\x01"
    assert peak_mib(service) - before < 50


def test_a_compressed_bomb_is_refused(start_service):
    service = start_service("random", "--max-request-mib", "2")
    assert len(gzip.compress(b"\0" * (100 << 20))) < 1 << 20
    before = peak_mib(service)
    method = service.channel.unary_unary(PREFIX + "GetSuggestions")
    assert failure(method, b"\0" * (100 << 20), timeout=60, compression=grpc.Compression.Gzip).code() == grpc.StatusCode.UNIMPLEMENTED
    assert service.health() == b"\x08\x01"
    assert peak_mib(service) - before < 50


def test_silent_clients_do_not_delay_the_end(start_service):
    """One that speaks HTTP/2 and never answers, one that says nothing: core alone would wait 20 s for the first."""
    service = start_service("random")
    with socket.create_connection(("127.0.0.1", service.port)) as http2, socket.create_connection(("127.0.0.1", service.port)):
        http2.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0")
        assert http2.recv(9)  # the server's settings: the connection is up
        assert service.stop(timeout=10) == 0


def test_readiness_ends_with_the_service(start_service):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    service = start_service("random", "--admin-port", str(port))
    with socket.create_connection(("127.0.0.1", port)) as admin:
        admin.sendall(b"GET /readyz HTTP/1.1\r\n\r\n")
        assert admin.recv(1000).startswith(b"HTTP/1.1 200")
    with socket.create_connection(("127.0.0.1", port)) as idle:
        assert service.stop(timeout=10) == 0
        assert idle.recv(10) == b""


@pytest.mark.parametrize("arguments, status", [
    (["-addr=:{port}", "-service=manager.v1beta1.Suggestion"], 0),  # the words of Katib up to 0.15
    (["--addr", "127.0.0.1:{port}"], 0), (["-service", "api.v1.beta1.Suggestion", "-addr", ":{port}"], 0),
    (["-addr=:{port}", "-service=no.such.Service"], 3), (["-addr=:1"], 2), ([], 1), (["-addr"], 1), (["-service=a"], 1), (["-addr=:{port}", "-x"], 1),
    (["-addr=:{port}", "-service=" + "a" * 200], 1),
])
def test_the_program_is_a_grpc_health_probe_by_that_name(start_service, tmp_path, arguments, status):
    service = start_service("random")
    (tmp_path / "grpc_health_probe").symlink_to(BIN / "mushir-random")
    done = subprocess.run([tmp_path / "grpc_health_probe", *(a.format(port=service.port) for a in arguments)], capture_output=True, text=True, timeout=60)
    assert done.returncode == status and not done.stdout and done.stderr.count("\n") == 1, done
