"""Ten thousand malformed requests in a row: no crash, nothing kept, and others are served meanwhile."""

import os
import re
import threading
import time
from pathlib import Path

import pytest
from harness import wait_for
from malformed import Malformed, known
from reply_client import parse_answer, start_endpoint, stopped_endpoint
from test_reply_tls import Tls

REQUESTS, WARM_UP, SENDERS = 10_000, 1_500, 8
SEED = int(os.environ.get("TENKO_SEED", "20261121"))
# What the sanitizer keeps of freed memory would look like a leak of ours.
LITTLE_KEPT = {"ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=0:quarantine_size_mb=1:"
                               "thread_local_quarantine_size_kb=64"}
GROWTH_MOST = 6000  # kB


def kilobytes(process):
    return int(re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())[1])


def descriptors(process):
    return len(os.listdir(f"/proc/{process.pid}/fd"))


class Neighbour(threading.Thread):
    """Somebody who answers all the while; what went wrong and how long the slowest answer took."""

    def __init__(self, answer):
        super().__init__()
        self.answer = answer
        self.ended = threading.Event()
        self.served, self.slowest, self.faults = 0, 0, []

    def run(self):
        while not self.ended.is_set():
            began = time.monotonic()
            try:
                status = self.answer()
            except OSError as error:
                status = repr(error)
            if status != 200:
                self.faults.append(status)
            self.served += 1
            self.slowest = max(self.slowest, time.monotonic() - began)

    def stop(self):
        self.ended.set()
        self.join()


def attack(connect, link, count, seed):
    """`count` of them, by several senders; the statuses that were answered, by their number."""
    statuses = {}
    lock = threading.Lock()

    def send(sender):
        requests = Malformed(link, f"{seed}/{sender}")
        for _ in range(count // SENDERS):
            try:
                with connect() as connection:
                    answer = requests.send(connection)
            except OSError:
                continue
            status = parse_answer(answer).status if answer else 0
            with lock:
                statuses[status] = statuses.get(status, 0) + 1

    senders = [threading.Thread(target=send, args=(i,)) for i in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    return statuses


def at_rest(endpoint, figures):
    """Memory and descriptors once nobody is connected any more."""
    process, seen = endpoint.process, []
    wait_for(lambda: figures()["connections"]["open"] <= 1, 30, "the last connection to go", process)

    def settled():
        seen.append(descriptors(process))
        return len(seen) > 10 and len(set(seen[-10:])) == 1

    wait_for(settled, 30, "descriptors that stay the same", process)
    return kilobytes(process), seen[-1]


def run(endpoint, connect, answer, figures, count):
    """Sends them and says what was counted before and after."""
    process, link = endpoint.process, endpoint.link(person=2)
    warm = attack(connect, link, WARM_UP, f"{SEED} warm-up")
    before = at_rest(endpoint, figures)
    neighbour = Neighbour(answer)
    neighbour.start()
    began = time.monotonic()
    statuses = attack(connect, link, count, SEED)
    seconds = time.monotonic() - began
    neighbour.stop()
    after = at_rest(endpoint, figures)
    assert process.alive, process.tail()
    assert neighbour.served > 10 and not neighbour.faults
    assert after[1] == before[1]
    assert after[0] - before[0] < GROWTH_MOST
    assert sum(statuses.values()) > count * 0.9 and warm
    assert set(statuses) <= {0, 100, 200, 400, 401, 403, 404, 405, 408, 411, 413, 414, 415, 417, 429, 431, 505}
    return (f"{count} requests in {seconds:.1f} s, seed {SEED}; memory {before[0]} kB before, {after[0]} kB after;"
            f" descriptors {before[1]} before, {after[1]} after; somebody else answered {neighbour.served} times"
            f" meanwhile, the slowest in {neighbour.slowest * 1000:.0f} ms; statuses {dict(sorted(statuses.items()))}")


@pytest.fixture
def stopped(tenko):
    tenko.configure(reply={"deadline": "3s", "access_log": False}, log={"level": "warning"},
                    broadcast={"channels": "mail,push"}, push={"allow_private": False})
    return stopped_endpoint(tenko)


def test_ten_thousand_in_a_row(stopped, record_property):
    stopped.add_broadcast((1, 2), expires_in=3_600_000)
    stopped.start(env=LITTLE_KEPT)
    figures = run(stopped, stopped.connect, lambda: stopped.post(stopped.link(), status="safe").status,
                  lambda: stopped.get("/stats.json").json(), REQUESTS)
    record_property("figures", figures)
    assert {r["choice"] for r in stopped.replies() if r["person_id"] == 1} == {"safe"}
    assert stopped.process.stop() == 0


def test_two_thousand_over_tls(stopped, record_property):
    tls = Tls(stopped)
    stopped.add_broadcast((1, 2), expires_in=3_600_000)
    stopped.start(env=LITTLE_KEPT)
    context = tls.context()
    figures = run(stopped, lambda: tls.connect(context),
                  lambda: tls.post(stopped.link(), "status=safe").status,
                  lambda: tls.get("/stats.json").json(), REQUESTS // 5)
    record_property("figures", figures)
    assert stopped.process.stop() == 0


def test_none_of_the_known_ones_is_taken_for_an_answer(stopped):
    endpoint = start_endpoint(stopped)
    for request in known(endpoint.link(person=2)):
        with endpoint.connect() as connection:
            try:
                connection.sendall(request)
                connection.shutdown(1)
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
            except OSError:
                continue
            assert b"Set-Cookie: a" not in answer and b"root:" not in answer and b"<script>alert" not in answer
    assert endpoint.replies() == []
    assert endpoint.tenko.sql("SELECT count(*) FROM device") == [(0,)]
