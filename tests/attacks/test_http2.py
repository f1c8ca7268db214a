"""The probe's own client: what it takes for an answer."""
import socket

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
