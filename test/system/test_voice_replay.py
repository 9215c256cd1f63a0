"""What the provider signed and sends twice, or somebody who got hold of it, changes nothing."""

import base64
import hashlib
import hmac
import struct
import time
import urllib.error
import urllib.parse
import urllib.request
from xml.etree import ElementTree

import pytest
from exchange_double import ACCOUNT, sign
from harness import wait_for
from reply_client import Endpoint
from voice_system import VoiceSystem, telephone

SECRET = ACCOUNT.split(":")[1]


@pytest.fixture
def system(tenko):
    with VoiceSystem(tenko) as system:
        yield system


class Signed:
    """A request of the provider, which can be sent again to the byte."""

    def __init__(self, url, **fields):
        self.request = urllib.request.Request(
            url, urllib.parse.urlencode(fields).encode(),
            {"X-Twilio-Signature": sign(SECRET, url, list(fields.items()))})

    def send(self):
        with urllib.request.urlopen(self.request, timeout=10) as response:
            return response.read().decode()

    def next(self, **fields):
        """The request that the key of the script's question makes."""
        gather = ElementTree.fromstring(self.send()).find("Gather")
        return Signed(gather.get("action"), **fields)


def replies(system):
    return system.tenko.sql("SELECT choice, way FROM reply ORDER BY id")


def newest_page(system):
    endpoint = Endpoint(system.tenko)
    endpoint.port = system.port
    return endpoint


def test_an_answer_of_somebody_who_called_in(system):
    system.load(telephone("u1", "09011111111", voice=("1001", "1234")))
    system.exchange.rules("callee *=no-answer")
    system.start("tenko-scheduler", "tenko-reply")
    system.ask()
    wait_for(lambda: system.status()["targeted"] == 1)
    entered = Signed(f"{system.url}/voice/inbound", CallSid="CA1").next(CallSid="CA1", Digits="1001")
    answer = entered.next(CallSid="CA1", Digits="1234").next(CallSid="CA1", Digits="1")
    said = answer.send()
    assert replies(system) == [("safe", 3)]
    page = newest_page(system)
    assert page.post(page.link(), status="severe").status == 200
    assert answer.send() == said
    assert [choice for choice, _ in replies(system)] == ["safe", "severe"]
    # Calling in once more is another question.
    entered = Signed(f"{system.url}/voice/inbound", CallSid="CA2").next(CallSid="CA2", Digits="1001")
    entered.next(CallSid="CA2", Digits="1234").next(CallSid="CA2", Digits="2").send()
    assert [choice for choice, _ in replies(system)] == ["safe", "severe", "slight"]


def call_token(system, attempt):
    line = (system.tenko.data_dir / "secret.key").read_text().split()
    ids = struct.pack(">BQ", int(line[0]), attempt)
    tag = hmac.new(bytes.fromhex(line[1]), b"tenko call" + ids, hashlib.sha256).digest()[:12]
    return base64.urlsafe_b64encode(ids + tag).decode()


def test_a_key_in_a_call_and_what_became_of_it(system):
    system.load(telephone("u1", "09011111111"))
    system.exchange.rules("callee *=answer 1 & twice")
    system.start()
    system.ask()
    assert system.finished()["answered"] == 1
    (attempt, asked), = system.tenko.sql("SELECT id, created_at FROM attempt")
    token = call_token(system, attempt)
    told = system.tenko.sql("SELECT count(*) FROM call_event")
    page = newest_page(system)
    assert page.post(page.link(), status="severe").status == 200
    pressed = Signed(f"{system.url}/voice/call/{token}?n=1&t={asked}", CallSid="CA1", Digits="1")
    for _ in range(3):
        pressed.send()
    assert [choice for choice, _ in replies(system)] == ["safe", "severe"]
    (sid, sequence), = system.tenko.sql("SELECT call_sid, sequence FROM call_event WHERE status ="
                                        " (SELECT max(status) FROM call_event) LIMIT 1")
    assert told == system.tenko.sql("SELECT count(*) FROM (SELECT DISTINCT attempt_id, call_sid, status,"
                                    " answered_by, sequence FROM call_event)")
    report = Signed(f"{system.url}/voice/events/{token}", CallSid=sid, CallStatus="no-answer",
                    SequenceNumber=str(sequence + 1))
    for _ in range(3):
        report.send()
    assert system.tenko.sql("SELECT count(*) FROM call_event") == [(told[0][0] + 1,)]
    assert system.status()["answered"] == 1


def test_a_wrong_pin_counts_once(system):
    system.load(telephone("u1", "09011111111", voice=("1001", "1234")))
    system.start("tenko-reply")
    entered = Signed(f"{system.url}/voice/inbound", CallSid="CA1").next(CallSid="CA1", Digits="1001")
    wrong = entered.next(CallSid="CA1", Digits="0000")
    for _ in range(8):
        wrong.send()
    assert system.tenko.sql("SELECT voice_wrong, voice_locked_until FROM person") == [(1, 0)]
    # An address that was given out long ago lets nobody in, and counts nothing.
    old = int(time.time() * 1000) - 3_600_000
    for digits in ("1234", "0000"):
        late = Signed(f"{system.url}/voice/inbound/pin?id=1001&n=1&t={old}", CallSid="CA1", Digits=digits)
        assert "inbound/id" in late.send()
    assert system.tenko.sql("SELECT voice_wrong FROM person") == [(1,)]


def test_a_signature_is_good_for_one_address_and_one_form(system):
    system.load(telephone("u1", "09011111111", voice=("1001", "1234")))
    system.start("tenko-reply")
    sound = Signed(f"{system.url}/voice/inbound/id?n=1", CallSid="CA1", Digits="1001")
    assert "inbound/pin" in sound.send()
    for url, body in ((f"{system.url}/voice/inbound/id?n=2", b"CallSid=CA1&Digits=1001"),
                      (f"{system.url}/voice/inbound/id?n=1", b"CallSid=CA1&Digits=1002"),
                      (f"{system.url}/voice/inbound/id?n=1", b"CallSid=CA1&Digits=1001&To=x")):
        forged = urllib.request.Request(url, body, dict(sound.request.headers))
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(forged, timeout=10)
        assert refused.value.code == 403
