"""tenko test-send: a marked trial to each contact of one person, all at once, through the whole system."""

import json
import re
import urllib.parse
import urllib.request

import pytest
from harness import wait_for
from voice_system import Person, VoiceSystem

BAD_ADDRESS, NOT_NOW = 65, 75
FULL = Person("u1", mails=["a@example.com", "boss@example.com", "c@example.com"],
              telephones=["09011111111", "09022222222"], orders=(1, 3, ""), mail_order=2)
ENGLISH = Person("u2", language="en", mails=["e@example.com"], mail_order=1,
                 telephones=["09033333333"])


@pytest.fixture
def system(tenko):
    with VoiceSystem(tenko) as system:
        system.load(FULL, ENGLISH)
        yield system


def trial(system, *words, code=0):
    return system.tenko.cli_json("test-send", *words, code=code)


def said(answer):
    return [(c["order"], c["channel"], c["address"], c["outcome"], c["answered"])
            for c in answer["contacts"]]


def page(system, path, **form):
    data = urllib.parse.urlencode(form).encode() if form else None
    with urllib.request.urlopen(system.url + path, data, timeout=10) as answer:
        return answer.read().decode()


def test_every_contact_is_tried_whatever_comes_of_the_others(system):
    """Somebody who answers the first call is tried on the rest as well, once each."""
    system.exchange.rules("callee *1111=answer 1", "callee *2222=busy")
    system.relay.rules("rcpt boss@*=550 5.1.1 nobody here")
    system.start()
    answer = trial(system, "u1", "--wait", "--addresses", code=BAD_ADDRESS)
    assert said(answer) == [
        (1, "voice", "09011111111", "replied", True),
        (2, "mail", "a@example.com", "delivered", False),
        (2, "mail", "boss@example.com", "refused", False),
        (2, "mail", "c@example.com", "delivered", False),
        (3, "voice", "09022222222", "busy", False)]
    assert "5.1.1" in answer["contacts"][2]["detail"]
    assert (answer["addresses"], answer["done"], answer["not_tried"]) == (5, 5, [])
    assert len(system.exchange.calls()) == 2, "a retry of the settings is none of a trial"
    assert "これは、連絡先のテストです。" in system.calls("+819011111111")[0]["heard"][0]

    message = system.relay.messages()[0]
    assert message["Subject"].startswith("【テスト】")
    assert "災害のお知らせではありません" in message.get_body(("plain",)).get_content()
    text = system.tenko.cli("test-send", "u1", "--last", code=BAD_ADDRESS).stdout
    print(text)
    assert "09011111111" not in text and "boss@example.com" not in text
    assert re.search(r"^  2  mail   b\*\*\*@example.com +refused for good: bad address \(.*5\.1\.1", text, re.M)
    system.tenko.cli("verify")
    system.tenko.cli("verify", "--ledger")


def test_it_is_none_of_the_broadcasts_that_count(system):
    system.start()
    trial(system, "u2", "--wait")
    assert "no broadcast yet" in system.tenko.cli("status", code=65).stderr
    assert system.tenko.cli_json("list")["broadcasts"] == []
    assert json.loads(page(system, "/stats.json"))["broadcasts"] == []
    system.tenko.cli("broadcast", "--kind", "test", "--title", "T", "--yes", code=64)
    real = system.ask("--to", "user:u2")
    trial(system, "u2", "--wait")
    assert system.status()["broadcast"] == real
    assert [b["broadcast"] for b in system.tenko.cli_json("list")["broadcasts"]] == [real]


def test_the_link_says_that_it_arrived(system):
    """In the person's language; the trial's own answer, which the newest trial then shows."""
    system.start()
    answer = trial(system, "u2", "--wait")
    assert [(c["order"], c["outcome"]) for c in answer["contacts"]] == [(1, "delivered")]
    assert [n["why"] for n in answer["not_tried"]] == ["it has no place in the dial order"]
    message, = system.relay.messages()
    assert message["Subject"].startswith("[TEST]")
    link = re.search(r"/r/\S+", message.get_body(("plain",)).get_content()).group()
    text = page(system, link)
    assert "This is a test of your contacts" in text and "It has arrived" in text
    assert "recorded" in page(system, link, status="arrived")
    wait_for(lambda: trial(system, "u2", "--last")["contacts"][0]["answered"], 20, "the answer")
    assert "they say it arrived" in system.tenko.cli("test-send", "u2", "--last").stdout


def test_who_calls_in_answers_the_broadcast_and_not_a_trial(system):
    person = Person("u1", telephones=["09011111111"], orders=(1, "", ""), voice=("77", "1234"))
    path = system.tenko.root / "roster" / "contact.csv"
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    path.write_text("\r\n".join([lines[0], person.contact().replace("1,", "2,", 1)]) + "\r\n",
                    encoding="utf-8-sig")
    system.tenko.cli("import", "--contacts", path)
    system.start()
    real = system.ask("--to", "user:u1")
    wait_for(lambda: system.exchange.calls("+819011111111"), 20, "the call")
    trial(system, "u1", "--wait", code=None)
    system.call_in("77", "1234", "1")
    wait_for(lambda: system.status(real)["answered"] == 1, 20, "the answer to the broadcast")


def test_a_channel_that_is_down_is_said_and_not_waited_for_for_ever(system):
    system.tenko.configure(mail={"timeout": "1s"}, push={"timeout": "1s"},
                           pacing={"outage_after": "2s"})
    system.relay.stop()
    system.start()
    done = system.tenko.cli("test-send", "u2", "--wait", code=NOT_NOW)
    assert "waiting" in done.stdout and "tenko test-send u2 --last" in done.stderr
    system.relay.start()
    wait_for(lambda: trial(system, "u2", "--last", code=None)["contacts"][0]["outcome"] == "delivered",
             30, "the trial after the outage")


def test_null_transport_and_wrong_words(system):
    tenko = system.tenko
    assert 'no user "nobody"' in tenko.cli("test-send", "nobody", code=65).stderr
    assert "no trial of u2 yet" in tenko.cli("test-send", "u2", "--last", code=65).stderr
    assert "one user" in tenko.cli("test-send", code=64).stderr
    assert "--last" in tenko.cli("test-send", "u2", "--last", "--wait", code=64).stderr
    tenko.configure(mail={"transport": "null"})
    done = tenko.cli("test-send", "u2")
    assert "NOTHING GOES OUT" in done.stderr and "scheduler is not running" in done.stderr
    assert "Next: tenko test-send u2 --last" in done.stdout
    tenko.configure(broadcast={"channels": "push"})
    assert "no contact that can be tried" in tenko.cli("test-send", "u2", code=65).stderr
