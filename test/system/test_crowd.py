"""A crowd of people, each with two addresses, through everything that runs, while things are killed:
at the end nobody is missing, and what went out twice is what was in flight."""

import os
import signal
import time

import pytest

from crowd import Sink, addresses_of, answer, duplicates, import_crowd
from harness import wait_for

pytestmark = pytest.mark.xdist_group("crowd")  # each wants the machine: one after the other

PEOPLE = int(os.environ.get("TENKO_PEOPLE", "10000"))
ANSWERS = PEOPLE // 20
WORKERS = 2
BATCH = 50
RATE = PEOPLE // 4  # mails a second: the run takes some eight seconds, long enough to be disturbed


@pytest.fixture
def crowd(tenko, record_property):
    sink = Sink(tenko.root / "sink").start()
    try:
        tenko.configure(
            log={"level": "info"},
            mail={"relay_port": sink.port, "session_messages": BATCH, "timeout": "5s"},
            workers={"mail": WORKERS},
            pacing={"mail_rate": RATE, "outage_backoff_most": "2s"},
            escalation={"retry_interval": "5s", "final_wait": "3s"},
            redis={"claim_timeout": "20s"},
        )
        import_crowd(tenko, PEOPLE)
        tenko.sink = sink
        tenko.record = record_property
        tenko.start("tenkod")
        yield tenko
    finally:
        sink.stop()


def broadcast(tenko):
    asked = tenko.cli_json("broadcast", "--title", "地震がありました", "--yes")
    assert asked["targeted"] == PEOPLE
    return asked["broadcast"]


def ended(tenko, mails):
    figures = tenko.cli_json("status")
    return sum(figures["attempts"]["mail"].values()) >= mails


def finish(tenko, number, answered, twice_at_most):
    """Waits for the end and holds what arrived against what was meant."""
    wait_for(lambda: tenko.cli_json("status")["state"] == "finished", 150, "the end of the broadcast")
    status = tenko.cli_json("status")
    assert status["targeted"] == PEOPLE
    assert status["answered"] == len(answered)
    assert status["exhausted"] == PEOPLE - len(answered)
    assert status["balanced"]

    messages = tenko.sink.messages()
    got = {}
    for recipient, _ in messages:
        got.setdefault(recipient, 0)
        got[recipient] += 1
    twice = duplicates(messages)
    missing = [n for n in range(1, PEOPLE + 1)
               if n not in answered and any(a not in got for a in addresses_of(n, 2))]
    tenko.record("figures", f"people {PEOPLE}, answered {len(answered)}, messages {len(messages)}, "
                 f"missing {len(missing)}, twice {len(twice)} (at most {twice_at_most})")
    assert missing == []
    assert len(twice) <= twice_at_most
    assert max(twice.values(), default=0) <= 2
    assert len(messages) - len(got) <= twice_at_most

    # Nothing was begun for anybody later than a second after they had been told "recorded".
    late = tenko.sql("SELECT r.person_id, a.id, a.created_at - r.at FROM attempt a"
                     " JOIN delivery d ON d.id = a.delivery_id"
                     " JOIN reply r ON r.broadcast_id = d.broadcast_id AND r.person_id = d.person_id"
                     " WHERE a.created_at > r.at + 1000")
    assert late == []
    verified = tenko.cli("verify", deadline=120)
    assert verified.returncode == 0


def answer_some(tenko, number):
    """People all over the list answer while the run goes on; returns who, by number."""
    port = tenko.reply_port()
    answered = set()
    for n in range(1, ANSWERS + 1):
        person = n * (PEOPLE // ANSWERS)
        answer(tenko, number, person, port=port)
        answered.add(person)
    return answered


def test_everybody_gets_what_the_order_says(crowd):
    number = broadcast(crowd)
    wait_for(lambda: ended(crowd, PEOPLE // 10), 60)
    answered = answer_some(crowd, number)
    finish(crowd, number, answered, 0)
    by_recipient = {}
    for position, (recipient, _) in enumerate(crowd.sink.messages()):
        by_recipient[recipient] = position
    for n in range(1, PEOPLE + 1):
        if n not in answered:
            first, second = addresses_of(n, 2)
            assert by_recipient[first] < by_recipient[second]
    spared = [n for n in answered if addresses_of(n, 2)[1] not in by_recipient]
    assert spared, "an answer stops the second message"


def test_all_killed_in_the_middle(crowd):
    number = broadcast(crowd)
    wait_for(lambda: ended(crowd, PEOPLE // 4), 60)
    victims = crowd.leftovers()
    assert len(victims) >= 6  # tenkod, redis, scheduler, reply, two workers; and smtp-sink is not ours
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    crowd.processes[-1].wait()
    wait_for(lambda: not crowd.leftovers(), 10, "all to be gone")
    crowd.start("tenkod")
    answered = answer_some(crowd, number)
    finish(crowd, number, answered, WORKERS * BATCH)


def test_queue_emptied_in_the_middle(crowd):
    import redis

    number = broadcast(crowd)
    wait_for(lambda: ended(crowd, PEOPLE // 4), 60)
    client = redis.Redis(unix_socket_path=str(crowd.data_dir / "redis" / "redis.sock"))
    client.flushall()
    answered = answer_some(crowd, number)
    finish(crowd, number, answered, WORKERS * BATCH)


def test_relay_down_for_a_while(crowd):
    number = broadcast(crowd)
    wait_for(lambda: ended(crowd, PEOPLE // 4), 60)
    crowd.sink.stop()
    down = time.time()
    wait_for(lambda: crowd.cli_json("status")["attempts"]["mail"].get("outage", 0) > 0, 30,
             "the outage to be noticed")
    seconds = float(os.environ.get("TENKO_OUTAGE", "6"))
    wait_for(lambda: time.time() - down > seconds, seconds + 5)
    crowd.sink.start()
    answered = answer_some(crowd, number)
    finish(crowd, number, answered, WORKERS * BATCH)
