"""A provider that fails for a while costs nobody a step, on any channel; one that fails for ever does
not keep people waiting for ever."""

import pytest
from harness import wait_for
from push_double import PushDouble
from test_push import Town, contact_row
from voice_system import Person, VoiceSystem

MAIL, VOICE, PUSH = 1, 2, 3
DELIVERED, BUSY, TEMPORARY, OUTAGE, NOT_TRIED = 1, 4, 7, 9, 10
PROGRAMS = ("tenko-scheduler", "tenko-reply", "tenko-voice", "tenko-mail", "tenko-push")


@pytest.fixture
def system(tenko):
    with VoiceSystem(tenko) as system, PushDouble() as service:
        system.service = service
        tenko.configure(broadcast={"channels": "mail,voice,push"}, voice={"ring_timeout": "1s"},
                        push={"allow_private": True, "contact": "mailto:a@example.jp", "timeout": "1s"},
                        escalation={"voice_retries": 1, "mail_retries": 0, "push_retries": 0})
        yield system
        assert service.faults == []


def load(system, people, order):
    """u1, u2, ... with a telephone, a mail and a phone each, in this dial order."""
    voice, mail, push = (order.index(channel) + 1 for channel in (VOICE, MAIL, PUSH))
    system.load(*(Person(f"u{n}", mails=[f"u{n}@example.com"], mail_order=mail,
                         telephones=[f"0901111{n:04}"], orders=(voice, "", ""))
                  for n in range(1, people + 1)))
    path = system.tenko.root / "push.csv"
    path.write_text("\r\n".join(["更新区分,ユーザID,発信順プッシュ",
                                 *(f"2,u{n},{push}" for n in range(1, people + 1))]) + "\r\n",
                    encoding="utf-8-sig")
    system.tenko.cli("import", "--contacts", path)
    for n in range(1, people + 1):
        subscription = system.service.subscribe(f"u{n}").subscription
        system.tenko.sql("INSERT INTO device(person_id, kind, endpoint, p256dh, auth, created_at)"
                         " SELECT id, 1, ?, ?, ?, 0 FROM person WHERE code = ?", subscription["endpoint"],
                         *subscription["keys"].values(), f"u{n}")


def outcomes(system, code):
    """(channel, outcome) of what was tried, in order."""
    return [(channel, outcome) for channel, outcome in system.tenko.sql(
        "SELECT a.channel, a.outcome FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
        " JOIN person p ON p.id = d.person_id WHERE p.code = ? ORDER BY a.id", code)]


def outages(system, channel):
    return system.tenko.sql("SELECT count(*) FROM attempt WHERE channel = ? AND outcome = ?", channel,
                            OUTAGE)[0][0]


def everybody_had_all(system, people):
    """Two calls, one mail, one notification; not one less, and no more."""
    for n in range(1, people + 1):
        counted = [o for o in outcomes(system, f"u{n}") if o[1] not in (OUTAGE, NOT_TRIED)]
        assert sorted(counted) == [(MAIL, DELIVERED), (VOICE, BUSY), (VOICE, BUSY), (PUSH, DELIVERED)], n
    assert len(system.exchange.calls()) == 2 * people
    assert len(system.relay.messages()) == people
    # One that was taken after we had given it up, and then came again, is still one on the phone.
    assert [len(phone.waiting()) for phone in system.service.phones.values()] == [1] * people


@pytest.mark.parametrize("fault", ["500", "429 20429", "hang"])
def test_a_telephone_provider_that_fails(system, fault):
    load(system, 3, (VOICE, MAIL, PUSH))
    system.exchange.rules(f"place={fault}", f"list={fault.split()[0]}", "callee *=busy")
    system.start(*PROGRAMS)
    system.ask()
    # Nobody waits for it who has anything else.
    wait_for(lambda: len(system.relay.messages()) == 3 and outages(system, VOICE) >= 4, 40)
    assert system.status()["exhausted"] == 0
    system.exchange.rules("callee *=busy")
    assert system.finished()["exhausted"] == 3
    everybody_had_all(system, 3)


def test_a_telephone_provider_that_loses_its_callbacks(system):
    load(system, 3, (VOICE, MAIL, PUSH))
    system.exchange.rules("event=drop", "callee *=busy")
    system.start(*PROGRAMS)
    system.ask()
    wait_for(lambda: len(system.exchange.calls()) >= 3, 40)
    wait_for(lambda: (VOICE, BUSY) in outcomes(system, "u1"), 40)  # it was asked
    system.exchange.rules("callee *=busy")
    assert system.finished()["exhausted"] == 3
    everybody_had_all(system, 3)


@pytest.mark.parametrize("fault", [500, 429, "hang"])
def test_a_push_service_that_fails(system, fault):
    load(system, 3, (PUSH, MAIL, VOICE))
    system.exchange.rules("callee *=busy")
    for phone in system.service.phones.values():
        phone.late = 1.5 if fault == "hang" else 0
        system.service.answer(phone, 410 if fault == "hang" else fault)
    system.start(*PROGRAMS)
    system.ask()
    wait_for(lambda: len(system.relay.messages()) == 3 and outages(system, PUSH) >= 4, 40)
    assert system.status()["exhausted"] == 0
    for phone in system.service.phones.values():
        system.service.answer(phone, 201)
        phone.late = 0
    assert system.finished()["exhausted"] == 3
    everybody_had_all(system, 3)


def test_of_two_channels_that_are_down_the_first_to_come_back_goes_on(system):
    load(system, 2, (VOICE, MAIL, PUSH))
    system.exchange.rules("place=500", "callee *=busy")
    system.relay.stop()
    system.start(*PROGRAMS)
    system.ask()
    wait_for(lambda: all(phone.messages() for phone in system.service.phones.values()))
    wait_for(lambda: outages(system, VOICE) >= 4 and outages(system, MAIL) >= 4, 40)
    system.relay.start()
    wait_for(lambda: len(system.relay.messages()) == 2, 40)
    assert system.exchange.calls() == [] and system.status()["exhausted"] == 0
    system.exchange.rules("callee *=busy")
    assert system.finished()["exhausted"] == 2
    everybody_had_all(system, 2)


@pytest.fixture
def town(tenko):
    with PushDouble() as service:
        town = Town(tenko, service)
        tenko.configure(push={"patience": "2s"}, escalation={"temporary_retries": 2})
        yield town
        town.sink.stop()
        assert service.faults == []


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "600"}])
def test_a_push_service_that_never_works_again(town, headers):
    town.people(contact_row(1, "", 1))
    town.start()
    town.invite()
    phone = town.service.subscribe()
    town.add(1, phone.subscription)
    town.service.answer(phone, 503, headers)
    number = town.ask()
    assert town.finished(number)["exhausted"] == 1
    ends = [outcome for _, outcome in town.attempts(number)]
    assert ends[0] == "outage" and ends[-3:] == ["temporary"] * 3 and "temporary" not in ends[:-3]
    assert len(town.devices(1)) == 1
    town.tenko.cli("verify")


def test_a_device_that_never_works_where_others_do(town):
    town.people(contact_row(1, "", 1), *(contact_row(n, "", 1) for n in range(2, 12)))
    town.start()
    town.invite()
    phones = [town.service.subscribe() for _ in range(11)]
    for person, phone in enumerate(phones, 1):
        town.add(person, phone.subscription)
    town.service.answer(phones[0], 503)
    number = town.ask()
    assert town.finished(number)["exhausted"] == 11
    ends = [o for o, in town.tenko.sql("SELECT outcome FROM attempt WHERE delivery_id >> 32 = ?"
                                       " AND address = 'devices 1' ORDER BY id", number)]
    assert ends[-3:] == [TEMPORARY] * 3 and set(ends[:-3]) == {OUTAGE}
    assert [len(phone.messages()) for phone in phones] == [0] + [1] * 10
