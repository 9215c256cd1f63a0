"""The reply endpoint's life: what it promised survives a kill, a full disk and a busy store; how it
ends, reads its settings again, and fails to start."""

import concurrent.futures
import os
import resource
import signal
import socket
import subprocess
import time

import pytest
from harness import needs_root, wait_for
from reply_client import (Endpoint, parse_answer, read_all, start_endpoint, stopped_endpoint,
                          trickle)

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"


@pytest.fixture
def stopped(tenko):
    return stopped_endpoint(tenko)


@pytest.fixture
def endpoint(stopped):
    return start_endpoint(stopped)


# recording


def test_every_answer_that_was_confirmed_survives_a_kill(stopped):
    """64 at a time; killed in the middle of it; whoever read 200 is on record, with one fsync for
    many."""
    people = 3000
    stopped.add_people(people, first=10)
    stopped.add_broadcast(range(10, 10 + people))
    stopped.start()
    confirmed = []
    links = {person: stopped.link(person=person) for person in range(10, 10 + people)}

    def send(persons):
        for person in persons:
            try:
                if stopped.post(links[person], status="safe", comment=str(person)).status == 200:
                    confirmed.append(person)
            except OSError:
                return

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        futures = [pool.submit(send, range(10 + i, 10 + people, 64)) for i in range(64)]
        wait_for(lambda: len(confirmed) > 500, 60, "answers", stopped.process)
        figures = stopped.get("/stats.json").json()
        stopped.process.send(signal.SIGKILL)
        for future in futures:
            future.result()
    assert 500 < len(confirmed) < people
    recorded = {r["person_id"]: r["comment"] for r in stopped.replies()}
    assert set(confirmed) <= set(recorded)
    assert all(recorded[person] == str(person) for person in confirmed)
    assert figures["replies"]["commits"] < figures["replies"]["recorded"]


def test_an_answer_waits_for_a_busy_store_and_the_pages_do_not(endpoint):
    with endpoint.db() as db, concurrent.futures.ThreadPoolExecutor(1) as pool:
        db.isolation_level = None
        db.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(endpoint.post, endpoint.link(), status="safe")
        for _ in range(5):
            assert endpoint.get(endpoint.link()).status == 200
        assert not waiting.done()
        db.execute("COMMIT")
        assert waiting.result(20).status == 200
    assert len(endpoint.replies()) == 1


def test_a_store_that_stays_busy_is_told_and_nothing_is_recorded(stopped):
    stopped.tenko.configure(reply={"deadline": "3s"})
    stopped.add_broadcast()
    stopped.start()
    with stopped.db() as db:
        db.isolation_level = None
        db.execute("BEGIN IMMEDIATE")
        answer = stopped.post(stopped.link(), status="safe")
        db.execute("COMMIT")
    assert answer.status == 503
    assert "まだ記録されていません" in answer.text and "Not recorded yet" in answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert stopped.replies() == []
    assert stopped.post(stopped.link(), status="safe").status == 200
    assert len(stopped.replies()) == 1


def check_full_disk(endpoint, give_room):
    """Answers until the store is full; the last one that was confirmed is the last on record."""
    statuses = []
    while 503 not in statuses:
        answer = endpoint.post(endpoint.link(), status="safe", comment="あ" * 1000)
        statuses.append(answer.status)
        assert len(statuses) < 5000
    assert set(statuses) == {200, 503}
    assert "まだ記録されていません" in answer.text
    assert len(endpoint.replies()) == statuses.count(200)
    assert endpoint.get(endpoint.link()).status == 200
    give_room()
    assert endpoint.post(endpoint.link(), status="severe").status == 200
    assert [r["choice"] for r in endpoint.replies()][-1] == "severe"


def test_a_file_that_cannot_grow_is_told_and_works_again_with_room(stopped):
    size = 400_000
    stopped.add_broadcast()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    stopped.start(preexec_fn=limit)
    check_full_disk(stopped, lambda: resource.prlimit(
        stopped.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))


@needs_root
def test_a_full_disk_is_told_and_works_again_with_room(bare):
    bare.data_dir.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", bare.data_dir],
                             capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("may not mount a tmpfs here")
    try:
        bare.init()
        endpoint = Endpoint(bare)
        endpoint.add_people()
        endpoint.add_broadcast()
        endpoint.start()
        check_full_disk(endpoint, lambda: subprocess.run(
            ["mount", "-o", "remount,size=16m", bare.data_dir], check=True))
        endpoint.process.stop()
    finally:
        subprocess.run(["umount", "-l", bare.data_dir], check=True)


# the end, and settings read again


def test_sigterm_finishes_what_is_in_flight(endpoint):
    body = b"status=safe"
    with endpoint.connect() as slow, endpoint.connect() as idle:
        idle.sendall(GET + b"\r\n")
        assert idle.recv(4096)
        slow.sendall(f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:4])
        assert endpoint.get("/healthz").status == 200  # so the bytes before were read
        endpoint.process.send(signal.SIGTERM)
        assert idle.recv(1) == b""
        wait_for(lambda: refused(endpoint), 10, "the port to be closed")
        assert endpoint.process.alive
        slow.sendall(body[4:])
        answer = parse_answer(read_all(slow))
    assert answer.status == 200 and answer.headers["connection"] == "close"
    assert endpoint.process.wait() == 0
    assert len(endpoint.replies()) == 1
    assert not (endpoint.tenko.data_dir / "run" / "reply.port").exists()


def refused(endpoint):
    try:
        endpoint.connect(1).close()
        return False
    except ConnectionRefusedError:
        return True


def test_sigterm_records_answers_that_wait_for_the_store(endpoint):
    with endpoint.db() as db, concurrent.futures.ThreadPoolExecutor(1) as pool:
        db.isolation_level = None
        db.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(endpoint.post, endpoint.link(), status="safe")
        wait_for(lambda: endpoint.get("/stats.json").json()["connections"]["open"] == 2)
        endpoint.process.send(signal.SIGTERM)
        wait_for(lambda: refused(endpoint))
        db.execute("COMMIT")
        assert waiting.result(20).status == 200
    assert endpoint.process.wait() == 0
    assert len(endpoint.replies()) == 1


def test_what_does_not_finish_within_the_grace_is_cut_off(stopped):
    stopped.tenko.configure(tenko={"shutdown_grace": "1s"})
    stopped.start()
    with stopped.connect() as s:
        s.sendall(GET)
        assert stopped.get("/healthz").status == 200
        began = time.monotonic()
        assert stopped.process.stop() == 0
        assert 0.8 < time.monotonic() - began < 6
        assert read_all(s) == b""


def test_sigint_ends_it_too(endpoint):
    assert endpoint.process.stop(signal.SIGINT) == 0


def test_sighup_reads_the_settings_again(endpoint):
    assert "株式会社サンプル" in endpoint.post(endpoint.link(), status="safe").text
    endpoint.tenko.configure(tenko={"organisation": "合同会社あたらしい"}, reply={"deadline": "1s"})
    endpoint.process.send(signal.SIGHUP)
    wait_for(lambda: "合同会社あたらしい" in endpoint.get(endpoint.link()).text)
    assert "合同会社あたらしい" in endpoint.post(endpoint.link(), status="safe").text
    answer, _ = trickle(endpoint, GET, b"A: b\r\n")
    assert answer.status == 408


def test_settings_that_are_wrong_are_not_taken(endpoint):
    with open(endpoint.tenko.conf, "a", encoding="utf-8") as conf:
        conf.write("\n[reply]\ncolour = blue\n")
    endpoint.process.send(signal.SIGHUP)
    endpoint.process.wait_log("colour")
    assert "株式会社サンプル" in endpoint.get(endpoint.link()).text


def test_a_key_is_replaced_while_old_links_stay_good(endpoint):
    old = endpoint.link()
    path = endpoint.tenko.data_dir / "secret.key"
    path.write_text(f"2 {os.urandom(32).hex()}\n" + path.read_text())
    new = endpoint.link()
    assert endpoint.get(new).status == 404
    endpoint.process.send(signal.SIGHUP)
    wait_for(lambda: endpoint.get(new).status == 200)
    assert endpoint.get(old).status == 200
    path.write_text("nonsense\n")
    endpoint.process.send(signal.SIGHUP)
    endpoint.process.wait_log("secret.key:1")
    assert endpoint.get(new).status == 200


# starts that fail


def start_fails(tenko, code, *words):
    process = tenko.start("tenko-reply", ready=False)
    assert process.wait() == code, process.log()
    for word in words:
        assert word in process.log()


def test_a_port_that_is_taken_is_told(tenko):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        tenko.configure(reply={"port": port})
        start_fails(tenko, 69, f"port {port}", "another program has this port", "reply.port")


@pytest.mark.parametrize("listen", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_told(tenko, listen):
    tenko.configure(reply={"listen": listen})
    start_fails(tenko, 69, listen, "reply.listen")


def test_a_missing_store_is_told(bare):
    start_fails(bare, 78, "tenko.db", "tenko init")


def test_a_store_of_a_newer_version_is_told(tenko):
    tenko.sql("PRAGMA user_version=999")
    start_fails(tenko, 78, "newer version", "999")


def test_a_missing_or_open_key_is_told(tenko):
    key = tenko.data_dir / "secret.key"
    key.chmod(0o644)
    start_fails(tenko, 78, "secret.key", "chmod 600")
    key.unlink()
    start_fails(tenko, 78, "secret.key", "tenko init")


def test_settings_that_are_wrong_are_told(tenko):
    tenko.configure(reply={"port": 99999})
    start_fails(tenko, 78, "reply.port", "99999")


def test_a_store_that_is_damaged_is_told(stopped):
    path = stopped.tenko.data_dir / "tenko.db"
    path.write_bytes(b"SQLite format 3\0" + os.urandom(8000))
    start_fails(stopped.tenko, 70, "tenko.db")


def test_a_question_that_is_damaged_is_no_crash(stopped):
    stopped.add_broadcast()
    with stopped.db() as db, db:
        db.execute("UPDATE question SET choices='[{}]'")
    stopped.start()
    assert stopped.get(stopped.link()).status == 503
    assert stopped.post(stopped.link(), status="safe").status == 503
    stopped.process.wait_log("reply.question broadcast=1")


def test_it_listens_where_it_is_told(stopped):
    stopped.tenko.configure(reply={"listen": "::1"})
    stopped.add_broadcast()
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    stopped.start()
    with socket.create_connection(("::1", stopped.port), timeout=20) as s:
        s.sendall(b"GET /stats.json HTTP/1.0\r\n\r\n")
        assert parse_answer(read_all(s)).status == 200
