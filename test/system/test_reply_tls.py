"""The reply endpoint over TLS: what is spoken, certificates that change and that are wrong."""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import time

import pytest
from harness import wait_for
from reply_client import parse_answer, read_all, start_endpoint, stopped_endpoint

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


def make_certificate(folder, name, host="anpi.example.jp", days=2):
    """A key and a certificate that it signs itself; their paths."""
    folder.mkdir(exist_ok=True)
    key, certificate = folder / f"{name}.key", folder / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-days", str(days), "-subj", f"/CN={host}", "-addext",
                    f"subjectAltName=DNS:{host}", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    return certificate, key


class Tls:
    """The endpoint of `stopped`, over TLS, by clients that trust its first certificate."""

    def __init__(self, stopped):
        self.endpoint = stopped
        self.folder = stopped.tenko.root / "tls"
        self.certificate, self.key = make_certificate(self.folder, "first")
        self.configure(self.certificate, self.key)

    def configure(self, certificate, key, **more):
        self.endpoint.tenko.configure(reply={"tls_certificate": certificate, "tls_key": key, **more})

    def context(self, trusted=None):
        context = ssl.create_default_context(cafile=trusted or self.certificate)
        context.set_alpn_protocols(["h2", "http/1.1"])
        return context

    def connect(self, context=None, host="anpi.example.jp"):
        raw = socket.create_connection(("127.0.0.1", self.endpoint.port), timeout=20)
        try:
            return (context or self.context()).wrap_socket(raw, server_hostname=host)
        except BaseException:
            raw.close()
            raise

    def raw(self, request, **more):
        with self.connect(**more) as s:
            s.sendall(request)
            return parse_answer(read_all(s))

    def get(self, path, **more):
        return self.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(), **more)

    def post(self, path, body):
        return self.raw(f"POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                        f"Content-Length: {len(body)}\r\n\r\n{body}".encode())

    def reload(self):
        self.endpoint.process.send(signal.SIGHUP)


def ask_health(connection):
    connection.sendall(GET + b"\r\n")
    data = b""
    while b"ok\n" not in data:
        more = connection.recv(4096)
        assert more
        data += more
    assert parse_answer(data).status == 200


@pytest.fixture
def stopped(tenko):
    return stopped_endpoint(tenko)


@pytest.fixture
def tls(stopped):
    tls = Tls(stopped)
    start_endpoint(stopped)
    return tls


def test_an_answer_is_taken(tls):
    link = tls.endpoint.link()
    page = tls.get(link)
    assert page.status == 200 and "山田 太郎" in page.text
    assert page.raw_size <= 8192
    assert page.headers["strict-transport-security"] == "max-age=31536000"
    assert tls.post(link, "status=safe").status == 200
    assert [r["choice"] for r in tls.endpoint.replies()] == ["safe"]
    refused = tls.raw(GET + b"Host: y\r\n\r\n")
    assert refused.status == 400 and "strict-transport-security" in refused.headers


def test_a_long_page_stays_small(stopped):
    tls = Tls(stopped)
    stopped.add_broadcast(body="あ" * 20000)
    stopped.start()
    assert 8192 - 64 < tls.get(stopped.link()).raw_size <= 8192


def test_without_tls_browsers_are_not_told_to_insist_on_it(stopped):
    stopped.add_broadcast()
    stopped.start()
    assert "strict-transport-security" not in stopped.get(stopped.link()).headers
    assert "strict-transport-security" not in stopped.raw(GET + b"Host: y\r\n\r\n").headers


def test_many_answers_on_one_connection(tls):
    with tls.connect() as s:
        for _ in range(20):
            ask_health(s)
        s.sendall(GET + b"Connection: close\r\n\r\n")
        s.settimeout(20)
        assert parse_answer(read_all(s)).status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_what_is_spoken(tls):
    with tls.connect() as s:
        assert s.version() == "TLSv1.3" and s.selected_alpn_protocol() == "http/1.1"
    context = tls.context()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with tls.connect(context) as s:
        assert s.version() == "TLSv1.2" and s.cipher()[0].startswith("ECDHE-")
    for cipher in ("AES128-GCM-SHA256", "ECDHE-ECDSA-AES128-SHA"):
        context.set_ciphers(f"{cipher}:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError):
            tls.connect(context)
    context = tls.context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, OSError)):
        tls.connect(context)
    assert tls.get("/healthz").status == 200


def test_the_whole_chain_is_sent(stopped):
    tls = Tls(stopped)
    other, _ = make_certificate(tls.folder, "other", "ca.example.jp")
    chain = tls.folder / "chain.pem"
    chain.write_text(tls.certificate.read_text() + other.read_text())
    tls.configure(chain, tls.key)
    stopped.start()
    shown = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{stopped.port}", "-showcerts"],
                           input=b"", capture_output=True, timeout=20, check=False).stdout
    assert shown.count(b"-----BEGIN CERTIFICATE-----") == 2


def test_a_new_certificate_is_read_again_while_connections_go_on(tls):
    with tls.connect() as old:
        ask_health(old)
        for name in ("fresh", "fresher"):
            certificate, key = make_certificate(tls.folder, name)
            os.replace(key, tls.key)
            os.replace(certificate, tls.certificate)
            tls.reload()
            wait_for(lambda: served(tls))
        ask_health(old)


def served(tls):
    with contextlib.suppress(ssl.SSLError):
        return tls.get("/healthz").status == 200


@pytest.mark.parametrize("spoil, words", [
    (lambda t: t.certificate.write_text("nonsense\n"), ["tls_certificate", "holds no certificate"]),
    (lambda t: t.certificate.unlink(), ["tls_certificate", "cannot be read", "No such file"]),
    (lambda t: t.key.write_text("nonsense\n"), ["tls_key", "holds no private key"]),
    (lambda t: t.key.unlink(), ["tls_key", "cannot be read", "No such file"]),
    (lambda t: os.replace(make_certificate(t.folder, "x")[1], t.key), ["tls_key", "is not the key of"]),
], ids=["certificate", "no certificate", "key", "no key", "another key"])
def test_what_is_wrong_is_told_and_the_old_one_stays(stopped, spoil, words):
    tls = Tls(stopped)
    trusted = tls.folder / "trusted.pem"
    trusted.write_bytes(tls.certificate.read_bytes())
    stopped.start()
    spoil(tls)
    tls.reload()
    stopped.process.wait_log("reply.tls error=.*kept=yes")
    assert tls.get("/healthz", context=tls.context(trusted)).status == 200
    stopped.process.stop()
    again = stopped.tenko.start("tenko-reply", ready=False)
    assert again.wait() == 78
    for log in (stopped.process.log(), again.log()):
        assert all(word in log for word in words), log


def test_a_certificate_needs_a_key_and_a_key_a_certificate(stopped):
    for settings, missing in (({"tls_certificate": "/x"}, "tls_key"), ({"tls_key": "/x"}, "tls_certificate")):
        stopped.tenko.configure(reply={"tls_certificate": "", "tls_key": "", **settings})
        checked = stopped.tenko.cli("config", "check", code=78)
        assert f"reply.{missing} is empty" in checked.stderr


def test_a_key_that_others_may_read_is_told(stopped):
    tls = Tls(stopped)
    tls.key.chmod(0o644)
    stopped.start()
    assert "chmod 600" in stopped.process.log()
    assert "PRIVATE" not in stopped.process.log()


def test_tls_can_be_turned_on_and_off_while_it_runs(stopped):
    stopped.start()
    assert stopped.get("/healthz").status == 200
    tls = Tls(stopped)
    tls.reload()
    wait_for(lambda: served(tls))
    tls.configure("", "")
    tls.reload()
    wait_for(lambda: answers_in_the_clear(stopped))


def answers_in_the_clear(endpoint):
    with contextlib.suppress(OSError):
        answer = endpoint.raw(GET + b"Connection: close\r\n\r\n")
        return answer and answer.status == 200


# the other side misbehaves


def test_who_does_not_speak_tls_is_hung_up_on(tls):
    for nonsense in (GET + b"\r\n", os.urandom(500), b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 600,
                     b"\x16\x03\x01\xff\xff", b"\x80\x2e\x01\x00\x02"):
        with tls.endpoint.connect() as s:
            s.sendall(nonsense)
            with contextlib.suppress(OSError):  # it may have hung up already
                s.shutdown(socket.SHUT_WR)
            assert b"HTTP/1.1" not in read_all(s)
    assert tls.get("/healthz").status == 200


def test_a_handshake_that_trickles_has_one_deadline(stopped):
    tls = Tls(stopped)
    tls.configure(tls.certificate, tls.key, deadline="1s")
    stopped.start()
    hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 505
    began = time.monotonic()
    with stopped.connect() as s:
        s.settimeout(0.05)
        for i in range(len(hello)):
            try:
                s.sendall(hello[i:i + 1])
                if not s.recv(100):
                    break
            except TimeoutError:
                continue
            except OSError:
                break
    assert time.monotonic() - began < 5
    assert tls.get("/healthz").status == 200


def test_ambiguous_and_slow_requests_are_refused_like_without(stopped):
    tls = Tls(stopped)
    tls.configure(tls.certificate, tls.key, deadline="1s")
    stopped.start()
    smuggled = GET + b"\r\n"
    for request, status in ((GET + b"A: b\0c\r\n\r\n", 400), (GET + b"Transfer-Encoding: chunked\r\n\r\n", 411),
                            (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414)):
        answer = tls.raw(request + smuggled)
        assert answer.status == status and answer.headers["connection"] == "close"
        assert len(answer.body) == int(answer.headers["content-length"])
    with tls.connect() as s:
        s.sendall(GET)
        assert parse_answer(read_all(s)).status == 408


def test_what_is_in_flight_is_finished(tls):
    body = b"status=safe"
    with tls.connect() as slow:
        slow.sendall(f"POST {tls.endpoint.link()} HTTP/1.1\r\nHost: x\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:4])
        assert tls.get("/healthz").status == 200
        tls.endpoint.process.send(signal.SIGTERM)
        tls.endpoint.process.wait_log("reply.stopping")
        slow.sendall(body[4:])
        assert parse_answer(read_all(slow)).status == 200
    assert tls.endpoint.process.wait() == 0
    assert len(tls.endpoint.replies()) == 1


# the log of requests


def test_the_log_of_requests_can_be_off(stopped):
    stopped.tenko.configure(reply={"access_log": False})
    endpoint = start_endpoint(stopped)
    assert endpoint.get(endpoint.link()).status == 200
    assert endpoint.post(endpoint.link(), status="safe").status == 200
    endpoint.tenko.configure(reply={"access_log": True})
    endpoint.process.send(signal.SIGHUP)
    endpoint.process.wait_log("settings.reloaded")
    assert endpoint.get("/healthz").status == 200
    lines = endpoint.process.events("reply.request")
    assert [(line["method"], line["broadcast"]) for line in lines] == [("GET", "0")]
