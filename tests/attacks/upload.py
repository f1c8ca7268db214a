"""Long messages that are sent as far as flow control allows (RFC 9113, 5.2), but for their last byte."""
import contextlib
import struct
import time

from http2 import ACK, DATA, END_HEADERS, FRAME, HEADERS, PING, RST_STREAM, SETTING, SETTINGS, SUGGEST, WINDOW_UPDATE, Connection, frame, head

WINDOW = 65535  # that everything begins with
SIZE = 12_000_000
CONNECTION = 0  # the stream that stands for all


class Upload:
    def __init__(self, port, streams):
        self.connection = Connection(port, timeout=0.1)
        self.first = WINDOW
        self.left = dict.fromkeys(range(1, 2 * streams, 2), SIZE - 1)
        self.room = dict.fromkeys([CONNECTION, *self.left], WINDOW)
        for stream in self.left:
            self.connection.send(frame(HEADERS, END_HEADERS, stream, head(SUGGEST)))
            self.say(stream, b"\0" + struct.pack(">I", SIZE))

    def say(self, stream, content):
        self.connection.send(frame(DATA, 0, stream, content))
        self.room[CONNECTION] -= len(content)
        self.room[stream] -= len(content)

    def write(self):
        """What there is room for; how much it was."""
        sent = 0
        for stream in self.left:
            n = min(FRAME, self.left[stream], self.room[CONNECTION], self.room[stream])
            if n > 0:
                self.say(stream, bytes(n))
                self.left[stream] -= n
                sent += n
        return sent

    def heed(self, kind, flags, stream, payload):
        if kind == WINDOW_UPDATE:
            self.room[stream] = self.room.get(stream, 0) + int.from_bytes(payload, "big")
        elif kind == RST_STREAM or kind == HEADERS:  # an end, or the answer to what was refused
            self.left.pop(stream, None)
        elif kind == PING and not flags & ACK:
            self.connection.send(frame(PING, ACK, 0, payload))
        elif kind == SETTINGS and not flags & ACK:
            for name, value in struct.iter_unpack(">HI", payload):
                if name == SETTING["window"]:
                    for one in self.left:
                        self.room[one] += value - self.first
                    self.first = value
            self.connection.send(frame(SETTINGS, ACK, 0))

    def go_on(self):
        """Write until there is no room, then read once; how much was written."""
        sent = 0
        while n := self.write():
            sent += n
        with contextlib.suppress(TimeoutError):
            for one in self.connection.some() or ():
                self.heed(*one)
        return sent


def almost(port, streams, seconds):
    """|streams| messages at a time on one connection, which is dialled anew when it has ended; the bytes sent."""
    end, sent = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        try:
            upload = Upload(port, streams)
            while time.monotonic() < end:
                sent += upload.go_on()
            upload.connection.close()
        except OSError:
            time.sleep(0.05)
    return sent
