"""TLS: who gets in, which files are refused, and certificates that change while the service runs."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time

import grpc
import pytest

from conftest import BIN, OPTIONS, health_request

pytestmark = pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")
SERVING = b"\x08\x01"


class Pair:
    """A certificate for localhost that signs itself, with its key."""

    def __init__(self, folder, name):
        self.certificate, self.key = folder / f"{name}.crt", folder / f"{name}.key"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", self.key, "-out", self.certificate],
                       check=True, capture_output=True)
        self.seen = ssl.PEM_cert_to_DER_cert(self.certificate.read_text())

    def flags(self):
        return "--tls-cert", str(self.certificate), "--tls-key", str(self.key)


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    return [Pair(folder, "first"), Pair(folder, "second")]


@pytest.fixture
def served(pairs, tmp_path):
    """A copy of the first pair, to be replaced."""
    for path in (pairs[0].certificate, pairs[0].key):
        shutil.copy(path, tmp_path)
    copy = object.__new__(Pair)
    copy.certificate, copy.key = tmp_path / "first.crt", tmp_path / "first.key"
    return copy


def replace(path, other):
    """As cert-manager's files are: another file at the same path, at once."""
    shutil.copy(other, f"{path}.new")
    os.replace(f"{path}.new", path)


def shown_by(service):
    """The certificate that a new connection is shown."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", service.port), 10) as plain, context.wrap_socket(plain) as secure:
        return secure.getpeercert(True)


def eventually(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def check(service, authority, own=None):
    credentials = grpc.ssl_channel_credentials(authority.certificate.read_bytes(), own and own.key.read_bytes(), own and own.certificate.read_bytes())
    with grpc.secure_channel(service.address, credentials, [*OPTIONS, ("grpc.ssl_target_name_override", "localhost")]) as channel:
        return channel.unary_unary("/grpc.health.v1.Health/Check")(health_request(""), timeout=10)


def refusal(call, *arguments):
    with pytest.raises(grpc.RpcError) as caught:
        call(*arguments)
    return caught.value.code()


def test_tls(start_service, pairs):
    service = start_service("random", *pairs[0].flags())
    assert check(service, pairs[0]) == SERVING
    assert refusal(service.health) == grpc.StatusCode.UNAVAILABLE  # plaintext is not understood


def test_mutual_tls(start_service, pairs):
    first, second = pairs
    service = start_service("random", *first.flags(), "--tls-client-ca", str(second.certificate))
    assert check(service, first, second) == SERVING
    assert refusal(check, service, first) == grpc.StatusCode.UNAVAILABLE  # no certificate
    assert refusal(check, service, first, first) == grpc.StatusCode.UNAVAILABLE  # one of another authority


def said_at_start(*flags):
    done = subprocess.run([BIN / "mushir-random", "--host", "127.0.0.1", "--port", "0", *flags], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    return done.stderr


def test_a_key_that_does_not_fit_is_named(pairs, tmp_path):
    first, second = pairs
    said = said_at_start("--tls-cert", str(first.certificate), "--tls-key", str(second.key))
    assert f"the key {second.key} does not fit the certificate {first.certificate}" in said
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert f"{tmp_path}/ca.pem holds no usable authority" in said_at_start(*first.flags(), "--tls-client-ca", str(tmp_path / "ca.pem"))


def test_replaced_files_are_noticed(start_service, pairs, served):
    service = start_service("random", *served.flags())
    assert shown_by(service) == pairs[0].seen
    replace(served.certificate, pairs[1].certificate)
    eventually(lambda: "not reloaded" in service.log_text())  # half of a rotation
    assert shown_by(service) == pairs[0].seen and service.log_text().count("not reloaded") == 1
    replace(served.key, pairs[1].key)
    eventually(lambda: shown_by(service) == pairs[1].seen)
    assert check(service, pairs[1]) == SERVING


def test_connections_outlive_their_certificate(start_service, pairs, served):
    service = start_service("random", *served.flags())
    credentials = grpc.ssl_channel_credentials(pairs[0].certificate.read_bytes())
    with grpc.secure_channel(service.address, credentials, [*OPTIONS, ("grpc.ssl_target_name_override", "localhost")]) as channel:
        ask = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert ask(b"", timeout=10) == SERVING
        replace(served.certificate, pairs[1].certificate)
        replace(served.key, pairs[1].key)
        eventually(lambda: shown_by(service) == pairs[1].seen)
        assert ask(b"", timeout=10) == SERVING


def test_hangup_reads_again(start_service, pairs):
    service = start_service("random", *pairs[0].flags())
    for _ in range(3):
        before = service.log_text().count("certificates reloaded")
        service.process.send_signal(signal.SIGHUP)
        eventually(lambda: service.log_text().count("certificates reloaded") > before)
    assert check(service, pairs[0]) == SERVING


def test_hangup_ends_nothing(start_service):
    service = start_service("random")
    service.process.send_signal(signal.SIGHUP)
    assert service.health() == SERVING


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_versions_are_refused(start_service, pairs, version):
    service = start_service("random", *pairs[0].flags())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = version, version
    with socket.create_connection(("127.0.0.1", service.port), 10) as plain, pytest.raises((ssl.SSLError, OSError)):
        context.wrap_socket(plain)
    assert check(service, pairs[0]) == SERVING


def test_garbage_instead_of_a_handshake(start_service, pairs):
    service = start_service("random", *pairs[0].flags())
    for said in (b"\x16\x03\x01\xff\xff" + bytes(70000), b"\x16\x03\x01\0\5\1\xff\xff\xff\xff", b"\x80" * 4000, b"GET / HTTP/1.1\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", service.port), 10) as client:
            try:
                client.sendall(said)
            except OSError:
                pass  # closed before all of it was sent
    assert check(service, pairs[0]) == SERVING
