"""Who tries links one after the other is told to wait, and who opens too many connections; others
are served all the same."""

import contextlib
import ctypes
import os
import socket
import subprocess

import pytest
from harness import needs_root, program, wait_for
from reply_client import parse_answer, read_all, start_endpoint, stopped_endpoint

WRONG = "/r/" + "A" * 28
CLONE_NEWNET = 0x40000000


@pytest.fixture
def stopped(tenko):
    return stopped_endpoint(tenko)


def statuses(endpoint, count, path=WRONG, **headers):
    return [endpoint.get(path, **headers).status for _ in range(count)]


def check_told_to_wait(answer):
    assert answer.status == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert answer.headers["connection"] == "close"
    assert "少しお待ちください" in answer.text and "Please wait a moment" in answer.text


def test_who_guesses_links_is_told_to_wait_and_a_right_link_is_served(stopped):
    stopped.tenko.configure(reply={"wrong_links": 10})
    endpoint = start_endpoint(stopped)
    found = statuses(endpoint, 30)
    assert found[:10] == [404] * 10 and found.count(429) >= 18
    check_told_to_wait(endpoint.get(WRONG))
    check_told_to_wait(endpoint.post(WRONG, status="safe"))
    check_told_to_wait(endpoint.post_body(WRONG + "/device", "{}"))
    assert endpoint.get(endpoint.link()).status == 200
    assert endpoint.post(endpoint.link(), status="safe").status == 200
    assert len(endpoint.replies()) == 1
    assert endpoint.get("/stats.json").json()["wrong_links"] == 33
    assert "127.0.0.1" not in endpoint.process.log().replace('listen="127.0.0.1"', "")
    assert endpoint.process.events("reply.guessing")


def test_the_limit_is_read_again_and_can_be_off(stopped):
    stopped.tenko.configure(reply={"wrong_links": 1})
    endpoint = start_endpoint(stopped)
    assert statuses(endpoint, 3)[-1] == 429
    stopped.tenko.configure(reply={"wrong_links": 0, "wrong_links_in_all": 0})
    endpoint.process.send(1)
    endpoint.process.wait_log("settings.reloaded")
    assert statuses(endpoint, 30) == [404] * 30


def test_nobody_is_believed_where_they_come_from_unless_a_proxy_is_named(stopped):
    stopped.tenko.configure(reply={"wrong_links": 5})
    endpoint = start_endpoint(stopped)
    found = [endpoint.get(WRONG, **{"X-Forwarded-For": f"192.0.2.{i}"}).status for i in range(15)]
    assert found[-1] == 429


def test_behind_a_proxy_each_source_has_a_limit_of_its_own(stopped):
    stopped.tenko.configure(reply={"wrong_links": 5, "proxies": "192.0.2.99, 127.0.0.1"})
    endpoint = start_endpoint(stopped)
    assert statuses(endpoint, 15, **{"X-Forwarded-For": "192.0.2.1"})[-1] == 429
    assert endpoint.get(WRONG, **{"X-Forwarded-For": "192.0.2.2"}).status == 404
    # What stands before the proxy's own word is the stranger's, who may write what they like.
    for i in range(10):
        answer = endpoint.get(WRONG, **{"X-Forwarded-For": f"198.51.100.{i}, 192.0.2.1"})
        assert answer.status == 429
    # A second proxy on the way is passed over.
    assert endpoint.get(WRONG, **{"X-Forwarded-For": "192.0.2.1, 192.0.2.99"}).status == 429
    # One network of IPv6 is one source.
    assert statuses(endpoint, 15, **{"X-Forwarded-For": "2001:db8::1"})[-1] == 429
    assert endpoint.get(WRONG, **{"X-Forwarded-For": "2001:db8::2"}).status == 429
    assert endpoint.get(WRONG, **{"X-Forwarded-For": "2001:db8:0:1::1"}).status == 404
    # What is no address counts as the proxy.
    assert endpoint.get(WRONG, **{"X-Forwarded-For": "unknown"}).status == 404


def test_many_sources_together_have_a_limit_too(stopped):
    stopped.tenko.configure(reply={"wrong_links": 5, "wrong_links_in_all": 20, "proxies": "127.0.0.1"})
    endpoint = start_endpoint(stopped)
    found = [endpoint.get(WRONG, **{"X-Forwarded-For": f"192.0.2.{i}"}).status for i in range(40)]
    assert found[:20] == [404] * 20 and found.count(429) >= 15
    assert endpoint.post(endpoint.link(), status="safe").status == 200


def test_tokens_for_the_figures_are_counted_too(stopped):
    stopped.tenko.configure(reply={"wrong_links": 5, "stats_token": "geheim"})
    stopped.start()
    far = {"X-Forwarded-For": "192.0.2.1"}
    found = statuses(stopped, 10, "/stats.json", Authorization="Bearer falsch", **far)
    assert found[:5] == [401] * 5 and found[-1] == 429
    assert stopped.get("/stats.json", Authorization="Bearer geheim", **far).status == 200


# connections


@contextlib.contextmanager
def network_of(pid):
    """Sockets that are made meanwhile are in the process's own network."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as ours, open(f"/proc/{pid}/ns/net") as theirs:
        if libc.setns(theirs.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
        try:
            yield
        finally:
            assert libc.setns(ours.fileno(), CLONE_NEWNET) == 0


def connect_from(address, port):
    return socket.create_connection(("192.0.2.1", port), 20, source_address=(address, 0))


@needs_root
def test_one_source_cannot_take_all_connections(stopped):
    script = stopped.tenko.root / "tenko-reply"
    script.write_text("#!/bin/sh\nset -e\nip link set lo up\n"
                      "for n in 1 2 3; do ip addr add 192.0.2.$n/32 dev lo; done\n"
                      f"exec {program('tenko-reply')} \"$@\"\n")
    script.chmod(0o755)
    if subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], check=False,
                      capture_output=True).returncode != 0:
        pytest.skip("no network of our own here")
    stopped.tenko.configure(reply={"listen": "0.0.0.0", "source_connections": 4})
    stopped.add_broadcast()
    wrapper = stopped.tenko.root / "alone"
    wrapper.write_text(f"#!/bin/sh\nexec unshare -n {script} \"$@\"\n")
    wrapper.chmod(0o755)
    stopped.process = stopped.tenko.start("tenko-reply", path=wrapper)
    port = stopped.tenko.reply_port()
    ask = f"GET {stopped.link()} HTTP/1.0\r\n\r\n".encode()
    with network_of(stopped.process.pid), contextlib.ExitStack() as stack:
        held = [stack.enter_context(connect_from("192.0.2.2", port)) for _ in range(4)]
        with connect_from("192.0.2.2", port) as late:
            answer = parse_answer(read_all(late))
        assert answer.status == 429 and int(answer.headers["retry-after"]) > 0
        with connect_from("192.0.2.3", port) as other:
            other.sendall(ask)
            assert parse_answer(read_all(other)).status == 200
        with socket.create_connection(("127.0.0.1", port), 20) as here:
            here.sendall(b"GET /stats.json HTTP/1.0\r\n\r\n")
            connections = parse_answer(read_all(here)).json()["connections"]
        assert connections["crowded"] == 1
        held.pop().close()

        def served():
            with connect_from("192.0.2.2", port) as again:
                with contextlib.suppress(OSError):
                    again.sendall(ask)
                return parse_answer(read_all(again)).status == 200

        wait_for(served, what="a place that was given back")
    assert os.stat(stopped.tenko.data_dir / "run" / "reply.port")
