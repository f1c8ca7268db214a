"""The attacks' own clients, probes and well-behaved ones: what they take for an answer."""
import collections
import selectors
import socket

from crowd import Client
from http2 import DATA, END_HEADERS, END_STREAM, HEADERS, PING, SERVING, Connection, frame, literal, message, outcome, settings


def answered_by(sent):
    """The outcome of stream 1 when a server has sent that and closed."""
    connection = Connection.__new__(Connection)
    connection.socket, server = socket.socketpair()
    connection.unread = b""
    server.sendall(sent)
    server.close()
    try:
        return outcome(connection, 1)
    finally:
        connection.close()


ANSWER = frame(HEADERS, END_HEADERS, 1, literal("content-type", "application/grpc")) + frame(DATA, 0, 1, message(SERVING))
END = frame(HEADERS, END_HEADERS | END_STREAM, 1, literal("grpc-status", "0"))


def test_an_answer_counts_though_its_server_takes_no_acknowledgement_any_more():
    assert answered_by(settings() + frame(PING, 0, 0, bytes(8)) + ANSWER + END) == (0, SERVING)


def test_an_answer_without_its_status_does_not_count():
    assert answered_by(settings() + ANSWER)[0] is None


def test_an_answer_to_one_of_many_counts_so_too():
    outcomes = collections.Counter()
    with selectors.DefaultSelector() as selector:
        client = Client(0, 0, selector, [SERVING], outcomes)
        client.socket, server = socket.socketpair()
        client.socket.setblocking(False)
        client.unread, client.body, client.stream, client.asked = b"", b"", 1, True
        server.sendall(settings() + frame(PING, 0, 0, bytes(8)) + ANSWER + END)
        server.close()
        client.ready(selectors.EVENT_READ)
        client.socket.close()
    assert outcomes == {"right": 1}
