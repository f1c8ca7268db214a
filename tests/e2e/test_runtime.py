"""What the runtime promises whatever a client does: limits that hold, an end that comes."""
import gzip
import socket

import grpc
import pytest

from conftest import PREFIX


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
