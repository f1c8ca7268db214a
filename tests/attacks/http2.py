"""HTTP/2 and gRPC by hand: a client library would not send what an attacker does."""
import contextlib
import re
import socket
import struct
import threading
import time

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, ACK = 1, 4, 1  # flags
FRAME = 16384  # the largest payload that a server accepts without asking
CANCEL = struct.pack(">I", 8)
SETTING = {"header_table": 1, "concurrent_streams": 3, "window": 4, "frame": 5, "header_list": 6}
SUGGEST = "/api.v1.beta1.Suggestion/GetSuggestions"
CHECK = "/grpc.health.v1.Health/Check"
SERVING = b"\x08\x01"


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def settings(**values):
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", SETTING[name], value) for name, value in values.items()))


def integer(bits, value, first=0):
    """RFC 7541, 5.1: |value| with a prefix of |bits| bits in a byte that starts as |first|."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([first | value])
    out, value = [first | most], value - most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def literal(name, value, indexed=False):
    """A header field as it is, kept in the peer's table or not."""
    name, value = (text if isinstance(text, bytes) else text.encode() for text in (name, value))
    return bytes([0x40 if indexed else 0]) + integer(7, len(name)) + name + integer(7, len(value)) + value


def head(path, *extra):
    fields = ((":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"), ("content-type", "application/grpc"), ("te", "trailers"))
    return b"".join(literal(*field) for field in (*fields, *extra))


def message(content, compressed=0):
    return bytes([compressed]) + struct.pack(">I", len(content)) + content


def call(stream, path, content, *extra):
    """The frames of a whole unary call."""
    body = message(content)
    parts = [body[at:at + FRAME] for at in range(0, len(body), FRAME)]
    return (frame(HEADERS, END_HEADERS, stream, head(path, *extra))
            + b"".join(frame(DATA, END_STREAM if part is parts[-1] else 0, stream, part) for part in parts))


def split(data):
    """The whole frames at the start of |data| as (kind, flags, stream, payload), and what follows them."""
    whole, at = [], 0
    while len(data) - at >= 9 + (size := int.from_bytes(data[at:at + 3], "big")):
        end = at + 9 + size
        whole.append((data[at + 3], data[at + 4], int.from_bytes(data[at + 5:at + 9], "big"), data[at + 9:end]))
        at = end
    return whole, data[at:]


class Connection:
    """A connection that has said hello. |settings| are ours, such as window=0: no reply may be sent."""

    def __init__(self, port, timeout=10, **own):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.unread = b""
        self.send(PREFACE + settings(**own))

    def send(self, data):
        self.socket.sendall(data)

    def drain(self):
        """Read and forget what comes, from now on."""
        def run():
            try:
                while self.socket.recv(1 << 16):
                    pass
            except OSError:
                pass
        threading.Thread(target=run, daemon=True).start()
        return self

    def frames(self):
        """(kind, flags, stream, payload) as they come; ends with the connection."""
        while (some := self.some()) is not None:
            yield from some

    def some(self):
        """The frames that have come, at least a part of one; None when the connection has ended."""
        data = self.socket.recv(1 << 16)
        whole, self.unread = split(self.unread + data)
        return whole if data else None

    def close(self):
        self.socket.close()


STATUS = re.compile(rb"grpc-status.(\d+)", re.DOTALL)


def acknowledge(connection, acknowledgement):
    """Send what a server may not wait for: once it has answered it may have closed, with the answer yet to be read."""
    with contextlib.suppress(ConnectionError):
        connection.send(acknowledgement)


def outcome(connection, stream):
    """(status, reply's bytes) of a call; the status is None when the stream or the connection broke."""
    body = b""
    for kind, flags, at, payload in connection.frames():
        if kind == SETTINGS and not flags & ACK:
            acknowledge(connection, frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            acknowledge(connection, frame(PING, ACK, 0, payload))
        elif at == stream and kind == DATA:
            body += payload
            if payload and not flags & END_STREAM:
                room = struct.pack(">I", len(payload))
                acknowledge(connection, frame(WINDOW_UPDATE, 0, 0, room) + frame(WINDOW_UPDATE, 0, stream, room))
        elif at == stream and kind == RST_STREAM:
            return None, body[5:]
        elif at == stream and kind == HEADERS and flags & END_STREAM:
            said = STATUS.search(payload)
            return int(said[1]) if said else None, body[5:]
    return None, body[5:]


def ask(port, path, content, timeout):
    """(status, reply's bytes, seconds) of one call on a connection of its own; the status is None for no answer."""
    start = time.monotonic()
    status, body = None, b""
    try:
        connection = Connection(port, timeout)
        try:
            connection.send(call(1, path, content))
            status, body = outcome(connection, 1)
        finally:
            connection.close()
    except OSError:
        pass
    return status, body, time.monotonic() - start


# ---- protobuf, as far as a question needs it ----

def field(number, *values):
    """One field for each value: texts, bytes of messages, and small numbers."""
    out = b""
    for value in values:
        if isinstance(value, int):
            out += bytes([number << 3]) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            out += bytes([number << 3 | 2]) + varint(len(content)) + content
    return out


def varint(value):
    out = b""
    while value >= 128:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def question(names=("x",), wanted=1, algorithm="random", name="e"):
    """A GetSuggestionsRequest for doubles in [0, 1]."""
    parameters = b"".join(field(1, field(1, n) + field(2, 1) + field(3, field(1, "1") + field(2, "0"))) for n in names)
    spec = field(1, parameters) + field(2, field(1, 1) + field(3, "loss")) + field(3, field(1, algorithm))
    return field(1, field(1, name) + field(2, spec)) + field(4, wanted) + field(5, wanted)
