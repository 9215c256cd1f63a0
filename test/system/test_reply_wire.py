"""The reply endpoint on the wire: ambiguous requests, slow ones, many at a time."""

import random
import socket
import time

import pytest
from reply_client import parse_answer, read_all, start_endpoint, stopped_endpoint, trickle

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /r/x HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def stopped(tenko):
    return stopped_endpoint(tenko)


@pytest.fixture
def endpoint(stopped):
    return start_endpoint(stopped)


# requests that two readers could read differently


@pytest.mark.parametrize("request_bytes, status", [
    (POST + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\na=1", 400),
    (POST + b"Content-Length: +3\r\n\r\na=1", 400),
    (POST + b"Content-Length : 3\r\n\r\na=1", 400),
    (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n", 411),
    (GET + b"A: b\0c\r\n\r\n", 400),
    (GET + b"A: b\r\n folded\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\nHost: x\n\n", 400),
    (GET + b"\n", 400),
    (b"GET http://elsewhere/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET //x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (GET + b"Host: y\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    (GET + b"Content-Length: 3\r\n\r\na=1", 400),
    (b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    (POST + b"Expect: magic\r\nContent-Length: 3\r\n\r\na=1", 417),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (GET + b"A: " + b"b" * 9000 + b"\r\n\r\n", 431),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"hello\r\n\r\n", 400),
])
def test_an_ambiguous_request_is_refused_and_its_connection_closed(endpoint, request_bytes, status):
    smuggled = GET + b"\r\n"
    answer = endpoint.raw(request_bytes + smuggled)
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    assert len(answer.body) == int(answer.headers["content-length"])  # and nothing behind it
    assert endpoint.get("/healthz").status == 200


def test_bytes_behind_a_request_are_not_answered(endpoint):
    answer = endpoint.raw(GET + b"\r\n" + GET + b"\r\n")
    assert answer.status == 200
    assert answer.body == b"ok\n"
    assert answer.headers["connection"] == "close"


def test_a_connection_serves_one_request_after_the_other(endpoint):
    with endpoint.connect() as s:
        for _ in range(5):
            s.sendall(GET + b"\r\n")
            data = b""
            while b"ok\n" not in data:
                data += s.recv(4096)
            assert parse_answer(data).status == 200 and b"Connection: close" not in data
        s.sendall(GET + b"Connection: close\r\n\r\n")
        assert parse_answer(read_all(s)).headers["connection"] == "close"


def test_http_1_0_is_served(endpoint):
    answer = endpoint.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_a_sender_who_waits_for_100_is_told_to_go_on(endpoint):
    body = b"status=safe"
    with endpoint.connect() as s:
        s.sendall(f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert s.recv(4096).startswith(b"HTTP/1.1 100 Continue\r\n")
        s.sendall(body)
        assert parse_answer(read_all(s)).status == 200
    assert len(endpoint.replies()) == 1


def test_a_request_in_single_bytes_is_served(endpoint):
    body = b"status=safe"
    request = (f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    with endpoint.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(request)):
            s.sendall(request[i:i + 1])
        assert parse_answer(read_all(s)).status == 200


def test_garbage_does_no_harm(endpoint):
    chance = random.Random(20261121)
    parts = [GET, POST, b"\r\n", b"\n", b"\0", b"Content-Length: 5\r\n", b"Content-Length: 70000\r\n",
             b"Expect: 100-continue\r\n", b"Transfer-Encoding: chunked\r\n", b"hello", b"5\r\nhello\r\n0\r\n\r\n",
             b"Connection: close\r\n", b"HEAD / HTTP/1.0\r\n", bytes(range(256)), b"%" * 300]
    for _ in range(300):
        data = b"".join(chance.choice(parts) for _ in range(chance.randint(1, 8)))
        with endpoint.connect() as s:
            try:
                for piece in (data[:len(data) // 2], data[len(data) // 2:]):
                    s.sendall(piece)
                if chance.random() < 0.5:
                    s.shutdown(socket.SHUT_WR)
                    read_all(s)
            except OSError:
                pass
    assert endpoint.get("/healthz").status == 200


# time and numbers


def test_a_trickled_request_has_one_deadline_in_all(stopped):
    stopped.tenko.configure(reply={"deadline": "1s"})
    stopped.start()
    for start, piece in ((b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: ", b"a"),
                         (GET, b"A: b\r\n"),
                         (POST + b"Content-Length: 60000\r\n\r\n", b"a")):
        answer, seconds = trickle(stopped, start, piece)
        assert answer.status == 408 and answer.headers["connection"] == "close"
        assert 0.8 < seconds < 5


def test_an_idle_connection_is_closed(stopped):
    stopped.tenko.configure(reply={"deadline": "1s"})
    stopped.start()
    with stopped.connect() as fresh, stopped.connect() as used:
        used.sendall(GET + b"\r\n")
        assert used.recv(4096)
        began = time.monotonic()
        assert fresh.recv(1) == b"" and used.recv(1) == b""
        assert time.monotonic() - began < 5


def test_connections_are_capped_and_those_beyond_wait(stopped):
    stopped.tenko.configure(reply={"connections": 10, "deadline": "20s"})
    stopped.start()
    held = [stopped.connect() for _ in range(10)]
    for s in held:
        s.sendall(GET)
    with stopped.connect() as late:
        late.sendall(GET + b"Connection: close\r\n\r\n")
        late.settimeout(0.3)
        with pytest.raises(TimeoutError):
            late.recv(1)
        held.pop().close()
        late.settimeout(20)
        assert parse_answer(read_all(late)).status == 200
    for s in held:
        s.sendall(b"\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
        s.close()


def test_when_it_is_crowded_connections_are_not_kept(stopped):
    stopped.tenko.configure(reply={"connections": 10})
    stopped.start()
    held = [stopped.connect() for _ in range(6)]
    held[0].sendall(GET + b"\r\n")
    assert parse_answer(read_all(held[0])).headers["connection"] == "close"
    held[1].sendall(GET + b"\r\n")
    assert b"Connection: close" not in held[1].recv(4096)
    for s in held:
        s.close()
