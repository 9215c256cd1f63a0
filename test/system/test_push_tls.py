"""The push worker against services as they are out there: TLS, and HTTP/2 that carries many
notifications over one connection and fails in its own ways."""

import os

import pytest
from harness import wait_for
from https_double import Authority
from push_double import FcmDouble, PushDouble
from test_push import Town, contact_row


@pytest.fixture
def authority(tmp_path):
    return Authority(tmp_path / "authority")


@pytest.fixture
def town(tenko, authority):
    with PushDouble(context=authority.context()) as service:
        town = Town(tenko, service)
        tenko.configure(push={"tls_ca_file": authority.file})
        yield town
        town.sink.stop()
        assert service.faults == []


def settle(town, count, *contacts):
    """People with a phone each; the phones. Their notifications are sent in one batch, as the worker
    is not started yet."""
    town.people(*(contacts or [contact_row(n, "", 1) for n in range(1, count + 1)]))
    town.start("tenko-scheduler", "tenko-mail", "tenko-reply")
    town.invite()
    phones = [town.service.subscribe() for _ in range(count)]
    for person, phone in enumerate(phones, 1):
        assert town.add(person, phone.subscription) == 201
    return phones


def ask_in_one_batch(town, count):
    number = town.ask()
    wait_for(lambda: len(town.attempts(number)) == count, what="the jobs")
    town.start("tenko-push")
    return number


def each_has_it(phones):
    return [len(phone.waiting()) for phone in phones] == [1] * len(phones)


def test_many_share_one_connection(town):
    phones = settle(town, 60)
    town.service.server.gather = 60
    number = ask_in_one_batch(town, 60)
    assert town.finished(number)["attempts"]["push"] == {"delivered": 60}
    connection, = town.service.server.connections
    assert (connection.protocol, connection.streams, connection.together) == ("h2", 60, 60)
    # The next ones find it open.
    town.service.server.gather = 1
    town.finished(town.ask())
    assert len(town.service.server.connections) == 1 and connection.streams == 120
    assert [len(phone.messages()) for phone in phones] == [2] * 60


def test_a_service_without_http2(town, authority):
    town.service.server.context = authority.context(protocols=["http/1.1"])
    phones = settle(town, 40)
    number = ask_in_one_batch(town, 40)
    assert town.finished(number)["attempts"]["push"] == {"delivered": 40}
    assert {connection.protocol for connection in town.service.server.connections} == {"http/1.1"}
    assert len(town.service.server.connections) <= 8 and each_has_it(phones)


@pytest.mark.parametrize("wrong", ["unknown authority", "another address", "out of date"])
def test_nothing_goes_to_a_service_that_is_not_who_it_says(town, authority, tmp_path, wrong):
    town.service.server.context = {
        "unknown authority": lambda: Authority(tmp_path / "else", "Somebody").context(),
        "another address": lambda: authority.context(address="127.0.0.9"),
        "out of date": lambda: authority.context(days=-1)}[wrong]()
    phones = settle(town, 2, contact_row(1, 2, 1), contact_row(2, "", 1))
    number = ask_in_one_batch(town, 2)
    wait_for(lambda: ("push", "outage") in town.attempts(number))
    wait_for(town.sink.messages, what="the mail of who has one")
    assert not any(connection.streams for connection in town.service.server.connections)
    assert town.status(number)["exhausted"] == 0
    assert "its certificate is not trusted" in town.push.log()
    town.service.server.context = authority.context()
    town.finished(number)
    assert each_has_it(phones)
    town.tenko.cli("verify")


@pytest.mark.parametrize("fault", ["reset", "refuse", "goaway", "cut", "hang"])
def test_a_fault_in_the_middle_loses_nothing(town, fault):
    town.tenko.configure(push={"timeout": "2s"})
    phones = settle(town, 30)
    town.service.answer(phones[12], fault, times=1)
    town.service.server.gather = 30
    number = town.ask()
    wait_for(lambda: len(town.attempts(number)) == 30, what="the jobs")
    town.start("tenko-push")
    wait_for(lambda: any(connection.together == 30 for connection in town.service.server.connections))
    town.service.server.gather = 1  # what is sent again comes alone
    status = town.finished(number)
    assert each_has_it(phones)
    assert {outcome for _, outcome in town.attempts(number)} <= {"delivered", "unknown", "outage"}
    assert status["attempts"]["push"]["delivered"] == 30
    if fault in ("refuse", "goaway"):  # not looked at, it says: no attempt was made
        assert len(town.attempts(number)) == 30
    if fault == "reset":  # one stream is no other's matter
        assert town.attempts(number).count(("push", "unknown")) == 1
        assert len(town.service.server.connections) == 1
    town.tenko.cli("verify")


def test_a_connection_that_fell_silent_is_not_used_again(town):
    town.tenko.configure(push={"timeout": "2s"})
    phones = settle(town, 10)
    town.service.answer(phones[4], "stall", times=1)
    number = ask_in_one_batch(town, 10)
    town.finished(number)
    assert each_has_it(phones)
    assert len(town.service.server.connections) == 2
    assert len(town.attempts(number)) <= 20 and town.attempts(number).count(("push", "delivered")) == 10
    town.tenko.cli("verify")


@pytest.mark.parametrize("status", [429, 503])
def test_all_wait_as_long_as_the_service_asks(town, status):
    phones = settle(town, 20)
    for phone in phones:
        town.service.answer(phone, status, {"Retry-After": "2"})
    number = ask_in_one_batch(town, 20)
    wait_for(lambda: ("push", "outage") in town.attempts(number))
    for phone in phones:
        town.service.answer(phone, 201)
    town.finished(number)
    assert each_has_it(phones)
    assert "delivered" in dict(map(reversed, town.attempts(number)))
    times = [at for at, _, _ in town.service.requests]
    refused = max(at for at, _, answer in town.service.requests if answer == status)
    assert min(at for at in times if at > refused) - refused > 1.9
    town.tenko.cli("verify")


def test_what_a_service_says_at_length_is_not_listened_to(town):
    phones = settle(town, 10)
    much = b"x" * (1 << 20)
    town.service.answer(phones[3], 201, text=much)
    town.service.answer(phones[4], 413, text=much)
    town.service.answer(phones[5], 410, text=much)
    number = ask_in_one_batch(town, 10)
    town.finished(number)
    outcomes = [outcome for _, outcome in town.attempts(number)]
    assert outcomes == ["delivered"] * 4 + ["refused"] * 2 + ["delivered"] * 4
    assert town.devices(6) == []
    assert len(town.service.server.connections) == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_notification_is_sent_on(town, authority, status):
    with PushDouble(context=authority.context()) as elsewhere:
        phone, = settle(town, 1)
        town.service.answer(phone, status, {"Location": elsewhere.subscribe(phone.name).endpoint})
        number = ask_in_one_batch(town, 1)
        town.finished(number)
        assert town.attempts(number) == [("push", "refused")]
        assert elsewhere.requests == [] and elsewhere.server.connections == []


def test_fcm_over_http2(town, authority):
    with FcmDouble(town.tenko.root, context=authority.context()) as fcm:
        town.tenko.configure(push={"fcm_service_account": fcm.account, "fcm_url": fcm.url})
        town.people(*(contact_row(n, "", 1) for n in range(1, 31)))
        town.start("tenko-scheduler", "tenko-mail", "tenko-reply")
        town.invite()
        for n in range(1, 31):
            assert town.add(n, {"fcm": f"app:{n}"}) == 201
        number = ask_in_one_batch(town, 30)
        assert town.finished(number)["attempts"]["push"] == {"delivered": 30}
        assert {message["token"] for message in fcm.messages} == {f"app:{n}" for n in range(1, 31)}
        connection, = fcm.server.connections
        assert (connection.protocol, connection.streams, len(fcm.tokens)) == ("h2", 31, 1)
        assert fcm.faults == []


def test_a_file_without_certificates_is_said_at_once(town):
    town.tenko.configure(push={"tls_ca_file": town.tenko.conf})
    worker = town.tenko.start("tenko-push", ready=False)
    assert worker.wait() == os.EX_CONFIG
    assert "push.tls_ca_file" in worker.log() and "no certificates" in worker.log()


@pytest.mark.parametrize("refusal", [(503, {"Retry-After": "600"}), (429, {}), (500, {}), ("reset", {})])
def test_one_phones_service_holds_up_nobody_else(town, authority, refusal):
    """Whoever has a personal link names a service, so one person's is not the channel's."""
    town.tenko.configure(pacing={"outage_backoff_most": "60s"})
    with PushDouble(context=authority.context()) as own:
        phones = settle(town, 3)
        mine = own.subscribe()
        assert town.add(1, mine.subscription) == 201
        town.tenko.sql("DELETE FROM device WHERE id = 1")
        own.answer(mine, *refusal)
        number = ask_in_one_batch(town, 3)
        wait_for(lambda: own.requests and town.status(number)["attempts"]["push"].get("delivered") == 2)
        for i in range(3):
            town.ask()
            wait_for(lambda: [len(phone.messages()) for phone in phones[1:]] == [i + 2] * 2)
        assert "channel.down" not in town.scheduler.log()
