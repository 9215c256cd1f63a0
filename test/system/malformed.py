"""Requests that no browser sends: what is known to confuse readers of HTTP, what is tried on forms,
links and webhooks, and garbage made of it all. Each is bytes and how they are sent."""

import random
import socket
import ssl
import struct

HOST = b"Host: x\r\n"
GET = b"GET /healthz HTTP/1.1\r\n" + HOST
WRONG = b"/r/" + b"A" * 28


def post(path, body=b"", length=None, headers=b"Content-Type: application/x-www-form-urlencoded\r\n"):
    length = len(body) if length is None else length
    return (b"POST " + path + b" HTTP/1.1\r\n" + HOST + headers
            + b"Content-Length: " + str(length).encode() + b"\r\n\r\n" + body)


def framing():
    """Where two readers of one stream could differ."""
    start = b"POST " + WRONG + b" HTTP/1.1\r\n" + HOST
    yield start + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\na=1"
    yield start + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\na=1"
    for value in (b"+3", b"-3", b"3 3", b"0x3", b"3,3", b"", b" ", b"99999999999999999999", b"3\x0b", b"\xef\xbc\x93"):
        yield start + b"Content-Length: " + value + b"\r\n\r\na=1"
    yield start + b"Content-Length : 3\r\n\r\na=1"
    yield start + b" Content-Length: 3\r\n\r\na=1"
    yield start + b"Content-Length\t: 3\r\n\r\na=1"
    for coding in (b"chunked", b"Chunked", b"identity", b"gzip, chunked", b"\x0bchunked", b"chunked, chunked"):
        yield start + b"Transfer-Encoding: " + coding + b"\r\n\r\n3\r\na=1\r\n0\r\n\r\n"
        yield start + b"Content-Length: 3\r\nTransfer-Encoding: " + coding + b"\r\n\r\n0\r\n\r\n"
    yield start + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n"
    yield GET + b"Content-Length: 3\r\n\r\na=1"
    yield start + b"\r\na=1"


def lines():
    """Lines and their ends."""
    yield b"GET /healthz HTTP/1.1\n" + b"Host: x\n\n"
    yield b"GET /healthz HTTP/1.1\r" + b"Host: x\r\r"
    yield GET + b"\n"
    yield GET + b"A: b\r\n folded\r\n\r\n"
    yield GET + b"A: b\0c\r\n\r\n"
    yield GET + b"A\0: b\r\n\r\n"
    yield GET + b": b\r\n\r\n"
    yield GET + b"no colon\r\n\r\n"
    yield GET + b"A: \x01\x02\x7f\r\n\r\n"
    yield GET + b"A: b\rSet-Cookie: c\r\n\r\n"
    yield GET + b"\xff\xfe: b\r\n\r\n"
    yield GET + b"A: " + b"b" * 9000 + b"\r\n\r\n"
    yield GET + b"A: b\r\n" * 2000 + b"\r\n"
    yield GET + HOST + b"\r\n"
    yield b"GET /healthz HTTP/1.1\r\n\r\n"
    yield GET + b"Expect: magic\r\n\r\n"


def targets():
    """Request lines, paths out of the tree, and what would end up in a header or a page."""
    for line in (b"GET", b"GET ", b"GET /", b"GET  / HTTP/1.1", b"GET / HTTP/1.1 ", b"GET / HTTP/9.9", b"GET / HTTP/2.0",
                 b"GET / http/1.1", b"GET / HTTP/1.10", b"GET\t/\tHTTP/1.1", b" GET / HTTP/1.1", b"get / HTTP/1.1",
                 b"CONNECT x:80 HTTP/1.1", b"TRACE / HTTP/1.1", b"OPTIONS * HTTP/1.1", b"PRI * HTTP/2.0", b"BREW / HTTP/1.1",
                 b"GET http://elsewhere/healthz HTTP/1.1", b"GET //x/healthz HTTP/1.1", b"GET \\healthz HTTP/1.1",
                 b"GET /" + b"a" * 9000 + b" HTTP/1.1", b"G" * 9000, b"\0" * 50, b"GET /\0 HTTP/1.1", b"GET /\xff HTTP/1.1"):
        yield line + b"\r\n" + HOST + b"\r\n"
    for path in (b"/../../secret.key", b"/r/../../../etc/passwd", b"/%2e%2e/%2e%2e/secret.key", b"/r/%00", b"/r/..%5c..%5ctenko.db",
                 b"/r/" + b"A" * 28 + b"/../../stats.json", b"/r/%0d%0aSet-Cookie:%20a=b", b"/r/<script>alert(1)</script>",
                 b"/r/%3Cscript%3E", b"/r/" + b"%" * 30, b"/r/" + b"A" * 4000, b"/r/'%20OR%201=1--", b"/r/" + b"/" * 500,
                 WRONG + b"/device", WRONG + b"?lang=%ff", WRONG + b"?" + b"a=1&" * 900, b"/voice/call/" + b"A" * 28,
                 b"/voice/inbound/pin?id=" + b"9" * 3000, b"/stats.json?x=%00", b"/sw.js/../healthz", b"/push.js%00.html"):
        yield b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n"
        yield post(path, b"status=safe")


def bodies(link):
    """Forms, devices and webhooks on a link that is right, none of which is an answer."""
    link = link.encode()
    form = (b"", b"status", b"status=", b"status=nothing", b"status=%", b"status=%f", b"status=%zz", b"status=%ff", b"status=%00",
            b"status=safe&status=slight", b"=safe", b"&" * 100, b"a=1&" * 500, b"status[]=safe", b"status=safe\0", b"\xff" * 300,
            b"status=safe&comment=" + b"a" * 60000, b"status=safe&comment=%0d%0a.%0d%0a%ff", b"status=safe&comment=" + b"%e3%81%82" * 1001)
    for body in form:
        yield post(link, body)
    yield post(link, b"status=safe", headers=b"Content-Type: text/plain\r\n")
    yield post(link, b"--x\r\n\r\n", headers=b"Content-Type: multipart/form-data; boundary=x\r\n")
    yield post(link, b"a" * 70000)
    yield post(link, b"", length=1_000_000_000)
    yield post(link, b"status=sa", length=11)  # the rest never comes
    yield b"GET " + link + b" HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: " + b"1," * 3000 + b"\r\n\r\n"
    as_json = b"Content-Type: application/json\r\n"
    for body in (b"", b"{", b"[" * 4000, b"{\"endpoint\":1}", b"null", b"{\"fcm\":\"a\\u0000b\"}", b"{\"fcm\":\"\xff\"}",
                 b'{"endpoint":"http://127.0.0.1:1/","keys":{"p256dh":"x","auth":"y"}}',
                 b'{"endpoint":"file:///etc/passwd","keys":{"p256dh":"x","auth":"y"}}', b"1e99999", b'"' + b"a" * 60000 + b'"'):
        yield post(link + b"/device", body, headers=as_json)
    for path in (b"/voice/call/x", b"/voice/events/x", b"/voice/inbound", b"/voice/inbound/id", b"/voice/inbound/pin?id=1&n=1&t=1"):
        yield post(path, b"CallSid=CA1&Digits=1")
        yield post(path, b"CallSid=CA1&Digits=1", headers=b"X-Twilio-Signature: 0/KCTR6DLpKmkAf8muzZqo1nDgQ=\r\n")
        yield post(path, b"%ff&" * 200, headers=b"X-Twilio-Signature: \xff\r\n")
    yield b"GET /stats.json HTTP/1.1\r\n" + HOST + b"X-Forwarded-For: 192.0.2.1\r\nAuthorization: Bearer " + b"a" * 7000 + b"\r\n\r\n"


def foreign():
    """Other protocols at the door."""
    yield b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256))
    yield b"EHLO x\r\nMAIL FROM:<a@b>\r\n"
    yield b"SSH-2.0-OpenSSH_9\r\n"
    yield b"*1\r\n$8\r\nFLUSHALL\r\n"
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield bytes(range(256)) * 20
    yield b"\r\n" * 5000
    yield b""


def known(link):
    return [*framing(), *lines(), *targets(), *bodies(link), *foreign()]


class Malformed:
    """An endless row of them, the same for the same seed."""

    def __init__(self, link, seed):
        self.chance = random.Random(seed)
        self.known = known(link)

    def next(self):
        data = self.chance.choice(self.known)
        kind = self.chance.random()
        if kind < 0.25:  # a byte changed, dropped or doubled
            data = bytearray(data or b"x")
            at = self.chance.randrange(len(data))
            data[at:at + 1] = self.chance.choice([b"", bytes([self.chance.randrange(256)]), data[at:at + 1] * 2])
        elif kind < 0.4:  # cut off
            data = data[:self.chance.randrange(len(data) + 1)]
        elif kind < 0.5:  # one behind the other
            data += self.chance.choice(self.known)
        return bytes(data)

    def send(self, connection):
        """Sends the next one in one of several ways; what came back, as far as it was waited for."""
        data, way = self.next(), self.chance.random()
        cut = self.chance.randrange(len(data) + 1)
        try:
            connection.sendall(data[:cut])
            connection.sendall(data[cut:])
            if way < 0.2:  # gone at once, with a reset
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return b""
            if way < 0.3:  # gone without reading
                return b""
            if isinstance(connection, ssl.SSLSocket):  # which can only be closed as a whole
                connection.settimeout(0.1)
                return connection.recv(65536)
            connection.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: connection.recv(65536), b""))
        except OSError:
            return b""
