"""Who answers is left alone, though their next attempt is in a worker's hands already: the other side
is slow, and what stands in the same batch behind it is asked about again before it is begun."""

import json
import sys

import pytest
from crowd import answer
from harness import REPOSITORY, program, wait_for
from push_double import PushDouble
from smtp_double import SmtpDouble
from test_push import Town, contact_row
from voice_system import Person, VoiceSystem, telephone

NOT_TRIED = 10


@pytest.fixture
def system(tenko):
    with VoiceSystem(tenko) as system:
        yield system


def ends(tenko, code):
    return tenko.sql("SELECT a.outcome, a.detail FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
                     " JOIN person p ON p.id = d.person_id WHERE p.code = ? ORDER BY a.id", code)


def test_a_mail_behind_slow_ones(system):
    system.relay.stop()
    system.relay = SmtpDouble(system.tenko.root / "slow", "end=late 0.3").start()
    system.tenko.configure(mail={"relay_port": system.relay.port, "timeout": "10s"},
                           redis={"claim_timeout": "60s"})
    system.load(*(Person(f"u{n:02}", mails=[f"u{n:02}@example.com"], mail_order=1) for n in range(1, 16)))
    system.start("tenko-scheduler", "tenko-reply")
    number = system.ask()
    wait_for(lambda: system.status()["in_flight"] == 15)
    system.tenko.start("tenko-mail")
    wait_for(system.relay.files)
    answer(system.tenko, number, 15)
    status = system.finished()
    assert (status["answered"], status["exhausted"]) == (1, 14)
    assert [m["to"].addresses[0].username for m in system.relay.messages()] == [
        f"u{n:02}" for n in range(1, 15)]
    assert ends(system.tenko, "u15") == [(NOT_TRIED, "stopped")]


def test_a_call_that_the_provider_put_off(system):
    system.load(telephone("u1", "09011111111"), telephone("u2", "09022222222"))
    system.exchange.rules("place:2 *1111=429 20429", "place:2 *2222=429 20429", "callee *=busy")
    system.tenko.configure(escalation={"voice_retries": 0})
    system.start("tenko-scheduler", "tenko-reply", "tenko-voice")
    number = system.ask()
    wait_for(lambda: system.exchange.requests("+819011111111"))
    answer(system.tenko, number, 1)
    status = system.finished()
    assert (status["answered"], status["exhausted"]) == (1, 1)
    assert [call["to"] for call in system.exchange.calls()] == ["+819022222222"]
    assert ends(system.tenko, "u1") == [(NOT_TRIED, "stopped")]


def test_a_notification_that_waits_for_a_connection(tenko):
    """A service that speaks HTTP/1.1 gets eight at a time."""
    with PushDouble() as service:
        town = Town(tenko, service)
        try:
            town.people(*(contact_row(n, "", 1) for n in range(1, 31)))
            town.start("tenko-scheduler", "tenko-mail", "tenko-reply")
            town.invite()
            phones = [service.subscribe() for _ in range(30)]
            for person, phone in enumerate(phones, 1):
                assert town.add(person, phone.subscription) == 201
                phone.late = 0.5
            number = town.ask()
            wait_for(lambda: town.status(number)["in_flight"] == 30)
            town.start("tenko-push")
            wait_for(lambda: service.requests)
            answer(tenko, number, 30)
            status = town.finished(number)
            assert (status["answered"], status["exhausted"]) == (1, 29)
            assert [len(phone.messages()) for phone in phones] == [1] * 29 + [0]
            assert ends(tenko, "p30") == [(NOT_TRIED, "device 30: stopped")]
        finally:
            town.sink.stop()


def test_the_measurement_measures(tenko):
    """What it says of the time is for a quiet machine; that it sees everything is for here."""
    done = tenko.run("stop_latency", REPOSITORY / "test" / "bench" / "stop_latency.py", "--people", "120",
                     "--seed", "1", "--json", path=sys.executable, deadline=120,
                     env={"TENKO_BIN": str(program("tenko").rpartition("/")[0])})
    figures = json.loads(done.stdout)
    assert figures["faults"] == []
    assert all(n > 0 for n in figures["replies"].values())
    assert sum(figures["starts"].values()) > figures["people"]
    assert figures["queued_at_reply"]["most"] > 0
    assert done.returncode == (1 if figures["later_than_limit"] else 0)
