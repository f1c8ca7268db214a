"""mushir serve: who may ask what, and clients that mean harm."""
import contextlib
import json
import os
import random
import socket
import ssl
import subprocess
import threading
import time

import psutil
import pytest

from serving import PATIENCE, Server
from test_client import pytestmark as built, run  # noqa: F401
from test_serve import SEED, held, running, stubbed

pytestmark = built
TOKEN = "a token of the tests alone"


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path, "--trials-at-a-time", 4) as served:
        yield served


@pytest.fixture
def secured(tmp_path):
    (tmp_path / "token").write_text(TOKEN + "\n")
    with Server(tmp_path / "folder", "--token-file", tmp_path / "token", "--host", "0.0.0.0", "--allow-host", "tuning.example,other.example") as served:
        yield served


def status(server, method="GET", path="/api/v1/experiments", body=None, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.raw(method, path, body, names)[0]


# ---- whose request it is ----

@pytest.mark.parametrize("host, expected", [
    ("127.0.0.1:{port}", 200), ("localhost:{port}", 200), ("LOCALHOST", 200), ("[::1]:{port}", 200), ("192.0.2.7", 200), ("attacker.example:{port}", 403),
    ("127.0.0.1.attacker.example", 403), ("localhost.attacker.example", 403), ("", 403)])
def test_a_host_that_is_bound_anew_is_refused(server, host, expected):
    for path in ("/", "/api/v1/experiments"):
        assert status(server, path=path, Host=host.format(port=server.port)) == expected


def test_names_that_are_allowed(secured):
    login = {"Authorization": f"Bearer {TOKEN}"}
    assert [secured.raw("GET", "/api/v1/server", headers={**login, "Host": host})[0] for host in ("tuning.example", "other.example:80", "third.example")] == [200, 200, 403]


@pytest.mark.parametrize("headers, expected", [
    ({"Origin": "http://127.0.0.1:{port}"}, 422), ({"Origin": "http://attacker.example"}, 403), ({"Origin": "null"}, 403), ({"Origin": "https://127.0.0.1:{port}"}, 403),
    ({"Origin": "http://127.0.0.1:{port}0"}, 403), ({"Sec-Fetch-Site": "same-origin"}, 422), ({"Sec-Fetch-Site": "none"}, 422), ({"Sec-Fetch-Site": "cross-site"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403), ({"Content-Type": "text/plain"}, 415), ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ({"Content-Type": "multipart/form-data; boundary=x"}, 415), ({"Content-Type": ""}, 415), ({"Content-Type": "application/json; charset=utf-8"}, 422)])
def test_another_site_cannot_ask(server, headers, expected):
    sent = {"Content-Type": "application/json", **{name: value.format(port=server.port) for name, value in headers.items()}}
    assert server.raw("POST", "/api/v1/experiments", "{}", sent)[0] == expected


def test_another_site_may_only_link_to_the_page(server):
    assert status(server, path="/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") == 200
    assert status(server, path="/", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="no-cors") == 403
    assert status(server, path="/api/v1/experiments", Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="navigate") == 403
    _, headers, _ = server.raw("GET", "/")
    assert "frame-ancestors 'none'" in headers["content-security-policy"] and "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and "access-control-allow-origin" not in headers


def test_without_the_token_nothing_but_the_page(secured):
    assert status(secured, path="/") == 200 and status(secured, path="/page.js") == 200
    for path in ("experiments", "server", "events", "experiments/x/journal", "compare", "nothing", "login/../experiments"):
        assert status(secured, path=f"/api/v1/{path}") == 401
    assert status(secured, "POST", body="{}", Content_Type="application/json") == 401
    for wrong in ("", "Bearer", "Bearer ", f"Bearer {TOKEN[:-1]}", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer " + TOKEN * 2):
        assert status(secured, Authorization=wrong) == 401
    assert status(secured, Authorization=f"Bearer {TOKEN}") == 200


def test_a_browser_logs_in_for_a_cookie(secured):
    assert secured.ask("POST", "login", {"token": TOKEN[:-1]})[0] == 401
    code, headers, _ = secured.raw("POST", "/api/v1/login", json.dumps({"token": TOKEN}), {"Content-Type": "application/json"})
    cookie = headers["set-cookie"]
    assert code == 204 and "HttpOnly" in cookie and "SameSite=Strict" in cookie and TOKEN not in cookie
    value = cookie.split(";")[0]
    assert status(secured, Cookie=value) == 200 and status(secured, Cookie=f"a=b; {value}; c=d") == 200
    assert status(secured, Cookie=value[:-1]) == 401 and status(secured, Cookie=value + "0") == 401 and status(secured, Cookie=value.split("=")[0] + "=") == 401


def test_options_that_would_let_anybody_in_are_refused(tmp_path):
    (tmp_path / "short").write_text("secret\n")
    (tmp_path / "long").write_text("x" * 600 + "\n")
    for flags, words in [(("--host", "0.0.0.0"), "needs a --token-file"), (("--host", "0.0.0.0", "--token-file", tmp_path / "short"), "16 letters"),
                         (("--token-file", tmp_path / "long"), "510 at most"), (("--token-file", tmp_path / "none"), "none"), (("--tls-cert", "x.pem"), "go together"), (("--port", "70000"), "--port")]:
        done = run("serve", tmp_path, *flags)
        assert done.returncode == 2 and words in done.stderr, (flags, done)


def test_what_is_switched_off(tmp_path):
    with Server(tmp_path, "--no-commands") as server:
        assert server.ask("POST", "experiments", SEED)[0] == 403
        assert server.ask("POST", "validate", stubbed("ok"), "application/yaml")[0] == 200
    with Server(tmp_path, "--read-only") as server:
        for method, path, body in [("POST", "experiments", SEED), ("POST", "validate", {}), ("PATCH", "experiments/x", {}), ("POST", "experiments/x/stop", None)]:
            assert server.ask(method, path, body)[0] == 403
        assert server.ask("GET", "experiments") == (200, {"experiments": []})
    assert not list(tmp_path.glob("*.yaml"))


# ---- the folder ----

@pytest.mark.parametrize("name", ["..", "%2e%2e", "..%2f..%2fetc%2fpasswd", "%2e%2e%2fsecret", ".mushir-serve", "secret", "-x", "a%20b"])
def test_no_path_leaves_the_folder(server, tmp_path, name):
    (tmp_path.parent / "secret.yaml").write_text("secret")
    for part in ("experiment.yaml", "journal", "report.html", "trials/x/log", f"trials/{name}/log"):
        code, _, body = server.raw("GET", f"/api/v1/experiments/{name}/{part}")
        assert code in (400, 403, 404) and b"secret\n" not in body and b"root:" not in body
    (tmp_path.parent / "secret.yaml").unlink()


def test_links_that_a_trial_left_are_not_followed(server, tmp_path):
    (tmp_path / "private").write_text("a secret of the host")
    server.submit(stubbed("tricky"))
    trial = server.until("tricky", "succeeded")["best"]["trial"]
    get = lambda part: server.raw("GET", f"/api/v1/experiments/tricky/{part}")  # noqa: E731
    folder = tmp_path / "tricky.trials" / trial
    assert get(f"trials/{trial}/log")[0] == 200
    (folder / "log").unlink()
    (folder / "log").symlink_to(tmp_path / "private")
    (tmp_path / "tricky.trials" / "linked").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")
    (tmp_path / "tricky.yaml").unlink()
    (tmp_path / "tricky.yaml").symlink_to(tmp_path / "private")
    for part in (f"trials/{trial}/log", "trials/linked/log", f"trials/{trial}%2fpipe/log", "experiment.yaml"):
        code, _, body = get(part)
        assert code == 404 and b"secret" not in body


@pytest.mark.parametrize("name", ["../escape", "a/b", ".hidden", "UPPER", "x" * 300])
def test_a_submitted_name_stays_in_the_folder(server, tmp_path, name):
    assert server.ask("POST", "experiments", stubbed("good").replace("name: good", f'name: "{name}"'), "application/yaml")[0] == 422
    assert {p.name for p in tmp_path.iterdir()} <= {".mushir-serve.lock", ".mushir-serve.json"}


# ---- clients that mean harm ----

def healthy(server):
    return server.ask("GET", "server")[0] == 200


def send(server, data, patience=PATIENCE):
    """What comes back for these bytes until the server closes."""
    with contextlib.closing(socket.create_connection(("127.0.0.1", server.port), timeout=patience)) as connection:
        received = b""
        with contextlib.suppress(ConnectionError):
            connection.sendall(data)
            while more := connection.recv(65536):
                received += more
        return received


def test_crowds_of_slow_clients_keep_nobody_out(server):
    crowd = []
    for i in range(600):  # more than there are places: the oldest make room
        connection = socket.create_connection(("127.0.0.1", server.port))
        with contextlib.suppress(OSError):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " if i % 2 else b"")
        crowd.append(connection)
        if i % 100 == 99:
            assert healthy(server)
    for connection in crowd:
        connection.close()
    assert healthy(server)


def is_open(connection):
    connection.setblocking(False)
    try:
        return bool(connection.recv(1))
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except ConnectionError:
        return False


def test_silent_connections_make_room_at_once(server):
    watchers = [server.events() for _ in range(8)]
    server.submit(stubbed("seen"))
    assert all(next(events)["name"] == "seen" for events in watchers)
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(500)]
    assert healthy(server)
    assert sum(map(is_open, crowd)) > 200  # nobody waited until the crowd had been sent away for its silence
    server.submit(stubbed("later"))
    for events in watchers:  # and who is answered stays
        assert any(e["name"] == "later" for e in events)
    for connection in crowd:
        connection.close()


HALF = b"POST /api/v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{"


def sending(server):
    """A connection that has sent all of its request but a byte, and is known to."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
    connection.sendall(HALF)
    assert healthy(server)
    return connection


def test_a_silent_crowd_ends_no_upload(server):
    upload = sending(server)
    crowd = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]
    assert healthy(server)
    with upload:
        upload.sendall(b"}")
        assert upload.recv(12).startswith(b"HTTP/1.1 ")
    for connection in crowd:
        connection.close()


def test_a_crowd_of_uploads_keeps_nobody_out(server):
    crowd = [sending(server) for _ in range(300)]
    silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(200)]
    assert healthy(server)
    assert sum(map(is_open, silent)) > 50  # half of the places are not uploads'
    for connection in crowd + silent:
        connection.close()


def test_a_head_that_never_ends_is_cut_off(server):
    with contextlib.closing(socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        with contextlib.suppress(OSError):  # a byte now and then does not keep it open
            while True:
                slow.sendall(b"X")
                slow.settimeout(0.5)
                try:
                    if not slow.recv(100):
                        break
                except TimeoutError:
                    pass
    assert healthy(server)


@pytest.mark.parametrize("data, expected", [
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20000 + b"\r\n\r\n", None),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"".join(b"X%d: y\r\n" % i for i in range(3000)) + b"\r\n", None),
    (b"GET /" + b"x" * 20000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
    (b"POST /api/v1/experiments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n", b"413"),
    (b"POST /api/v1/experiments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: -5\r\n\r\n", b"400"),
    (b"POST /api/v1/experiments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999999999999999\r\n\r\n", b"400"),
    (b"POST /api/v1/experiments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"501"),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n", None),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", None),
    (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9), None), (b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n", None),
    (b"GET http://attacker.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", None), (b"\x16\x03\x01" + random.Random(1).randbytes(500), None), (random.Random(2).randbytes(5000), None), (b"\r\n" * 5000, None)], ids=lambda value: repr(value[:24]) if value else "refused")
def test_what_is_no_request_of_ours(server, data, expected):
    reply = send(server, data)
    first = reply.split(b"\r\n")[0]
    assert (expected in first) if expected else not any(code in first for code in (b" 200 ", b" 101 ")), reply[:200]
    assert healthy(server)


def test_a_second_request_on_a_connection_is_not_answered(server):
    one = b"GET /api/v1/server HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert send(server, one * 50).count(b"HTTP/1.1 200") == 1
    body = b"POST /api/v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    assert send(server, body + one * 50).count(b"HTTP/1.1") <= 1
    assert healthy(server)


def test_bytes_behind_a_body_are_not_collected(server):
    before = psutil.Process(server.process.pid).memory_info().rss
    body = b"POST /api/v1/validate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    send(server, body + bytes(64 << 20))
    assert psutil.Process(server.process.pid).memory_info().rss - before < 16 << 20
    assert healthy(server)


def test_replies_that_nobody_reads_hold_little(server):
    server.submit(stubbed("big", trials=40))
    server.until("big", "succeeded")
    before = psutil.Process(server.process.pid).memory_info().rss
    crowd = []
    for _ in range(100):
        connection = socket.create_connection(("127.0.0.1", server.port))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        connection.sendall(b"GET /page.js HTTP/1.1\r\nHost: localhost\r\n\r\n")
        crowd.append(connection)
    assert healthy(server)
    assert psutil.Process(server.process.pid).memory_info().rss - before < 16 << 20
    for connection in crowd:
        connection.close()


def test_work_is_bounded_and_its_clients_may_leave(server):
    slow = "x: [" * 100000  # made to be slow for a parser
    codes = []

    def ask():
        codes.append(server.ask("POST", "validate", slow, "application/yaml")[0])

    askers = [threading.Thread(target=ask) for _ in range(12)]
    for asker in askers:
        asker.start()
    assert healthy(server)
    for asker in askers:
        asker.join()
    assert set(codes) <= {200, 422, 503} and healthy(server)
    with contextlib.closing(server.connect()) as gone:
        gone.request("POST", "/api/v1/validate", slow, {"Content-Type": "application/yaml"})
    deadline = time.monotonic() + PATIENCE
    while psutil.Process(server.process.pid).children():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_watchers_are_bounded_and_leave_no_trace(server, tmp_path):
    crowd = [server.events() for _ in range(64)]
    server.submit(held("watched", tmp_path))
    assert all(next(events)["name"] == "watched" for events in crowd)
    assert server.ask("GET", "events")[0] == 503
    for events in crowd:
        events.close()
    server.until("watched", running(2))
    (tmp_path / "go").touch()
    server.until("watched", "succeeded")  # those that left are noticed as they are written to
    deadline = time.monotonic() + PATIENCE
    while True:
        connection = server.connect()
        connection.request("GET", "/api/v1/events")
        if connection.getresponse().status == 200:
            break
        connection.close()
        assert time.monotonic() < deadline
        time.sleep(0.5)
    connection.close()


# ---- TLS ----

def certificate(folder):
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
                           "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], capture_output=True)
    assert made.returncode == 0
    return "--tls-cert", folder / "cert.pem", "--tls-key", folder / "key.pem"


@contextlib.contextmanager
def secure(server, folder, request):
    """A connection by TLS with this request sent."""
    context = ssl.create_default_context(cafile=folder / "cert.pem")
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plain, context.wrap_socket(plain, server_hostname="localhost") as connection:
        connection.sendall(b"GET /api/v1/" + request + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        yield connection


def test_many_by_tls_at_once(tmp_path):
    codes = []

    def ask(server):
        with secure(server, tmp_path, b"server") as connection:
            codes.append(connection.recv(15))

    with Server(tmp_path / "folder", *certificate(tmp_path)) as server, contextlib.ExitStack() as stack:
        watchers = [stack.enter_context(secure(server, tmp_path, b"events")) for _ in range(32)]
        assert all(w.recv(15) == b"HTTP/1.1 200 OK" and w.recv(65536) for w in watchers)
        silent = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(300)]  # they do not even greet
        askers = [threading.Thread(target=ask, args=(server,)) for _ in range(100)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert codes == [b"HTTP/1.1 200 OK"] * 100
        assert all(map(is_open, watchers))
        for connection in silent:
            connection.close()


def test_tls_from_files(tmp_path):
    with Server(tmp_path / "folder", *certificate(tmp_path)) as server:
        assert server.url.startswith("https://")
        context = ssl.create_default_context(cafile=tmp_path / "cert.pem")
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plain, context.wrap_socket(plain, server_hostname="localhost") as secure:
            assert secure.selected_alpn_protocol() == "http/1.1" and secure.version() in ("TLSv1.2", "TLSv1.3")
            secure.sendall(b"GET /api/v1/server HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert secure.recv(100).startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 200" not in send(server, b"GET /api/v1/server HTTP/1.1\r\nHost: localhost\r\n\r\n")
        old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
        old.set_ciphers("ALL:@SECLEVEL=0")
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)), socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as plain, old.wrap_socket(plain):
            pass
