"""Well-behaved clients beside an attack: each keeps a connection, asks one question at a time, and knows the right answer."""
import collections
import contextlib
import selectors
import socket
import struct
import time

from http2 import (ACK, DATA, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, RST_STREAM, SETTINGS, SUGGEST, WINDOW_UPDATE, ask, call, frame, question, settings,
                   split)

PAUSE = 1.0  # seconds from an answer, or a lost connection, to a client's next question
QUESTIONS = [question([f"p{i}" for i in range(n)], n) for n in range(1, 9)]


class Client:
    """One connection after another; what became of each question is counted in |outcomes|."""

    def __init__(self, number, port, selector, answers, outcomes):
        self.port, self.selector, self.answers, self.outcomes = port, selector, answers, outcomes
        self.which, self.socket, self.asked = number % len(QUESTIONS), None, False
        self.due = time.monotonic() + PAUSE * number / 1000  # not all at once

    def wait(self):
        self.asked, self.due = False, time.monotonic() + PAUSE

    def leave(self):
        self.selector.unregister(self.socket)
        self.socket.close()
        self.socket = None
        self.wait()

    def dial(self):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        self.socket.connect_ex(("127.0.0.1", self.port))
        self.unread, self.stream = b"", 1
        self.due = float("inf")
        self.selector.register(self.socket, selectors.EVENT_WRITE, self)

    def connected(self):
        self.selector.modify(self.socket, selectors.EVENT_READ, self)
        self.socket.sendall(PREFACE + settings())
        self.ask()

    def ask(self):
        self.body, self.asked, self.due = b"", True, float("inf")
        self.socket.sendall(call(self.stream, SUGGEST, QUESTIONS[self.which]))

    def go_on(self):
        """What is due: a first connection, another one, or the next question."""
        try:
            if self.socket:
                self.ask()
            else:
                self.dial()
        except OSError:
            self.lost()

    def lost(self):
        self.outcomes["connection lost while asking" if self.asked else "connection closed"] += 1
        self.leave()

    def answered(self, outcome):
        self.outcomes[outcome] += 1
        self.stream += 2
        self.wait()

    def acknowledge(self, acknowledgement):
        """As in http2: a server that has closed may have answered."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(acknowledgement)

    def take(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & ACK:
            self.acknowledge(frame(SETTINGS, ACK, 0))
        elif kind == PING and not flags & ACK:
            self.acknowledge(frame(PING, ACK, 0, payload))
        elif kind == GOAWAY:
            raise ConnectionError("to be dialled anew")
        elif stream == self.stream and kind == DATA:
            self.body += payload
            if payload:
                self.acknowledge(frame(WINDOW_UPDATE, 0, 0, struct.pack(">I", len(payload))))
        elif stream == self.stream and kind == RST_STREAM:
            self.answered("reset")
        elif stream == self.stream and kind == HEADERS and flags & END_STREAM:
            self.answered("refused" if not self.body else "right" if self.body[5:] == self.answers[self.which] else "wrong")

    def ready(self, events):
        try:
            if events & selectors.EVENT_WRITE:
                self.connected()
                return
            data = self.socket.recv(1 << 16)
            if not data:
                raise ConnectionError("closed")
            whole, self.unread = split(self.unread + data)
            for one in whole:
                self.take(*one)
        except BlockingIOError:
            pass
        except OSError:
            self.lost()


def right_answers(port):
    return [ask(port, SUGGEST, asked, 60)[1] for asked in QUESTIONS]


def run(port, answers, n, over, sender):
    """|n| clients until |over|, an event, is set; sends how often what became of a question."""
    selector, outcomes = selectors.DefaultSelector(), collections.Counter()
    clients = [Client(i, port, selector, answers, outcomes) for i in range(n)]
    while not over.is_set():
        for key, events in selector.select(0.02):
            key.data.ready(events)
        now = time.monotonic()
        for client in clients:
            if client.due <= now:
                client.go_on()
    outcomes["unanswered at the end"] = sum(client.asked for client in clients)
    sender.send(outcomes)
