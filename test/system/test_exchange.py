"""The telephone exchange of the tests is kept honest by the provider's own client and validator
(Debian's python3-twilio)."""

import http.server
import threading
import urllib.parse

import pytest
from exchange_double import ACCOUNT, ExchangeDouble, call_in, post, sign
from harness import wait_for
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

SID, TOKEN = ACCOUNT.split(":")
CALLER = "+815011112222"
MENU = ('<?xml version="1.0" encoding="UTF-8"?><Response><Gather numDigits="1" action="/pressed?n=1"'
        ' actionOnEmptyResult="true"><Say language="ja-JP">A &amp; B</Say></Gather>'
        '<Say>never</Say></Response>')


class Customer(http.server.BaseHTTPRequestHandler):
    """The other side: serves a menu, takes callbacks, validates every signature."""

    def log_message(self, format, *words):
        pass

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        fields = dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        url = f"http://127.0.0.1:{self.server.server_port}{self.path}"
        sound = RequestValidator(TOKEN).validate(url, fields, self.headers["X-Twilio-Signature"])
        self.server.seen.append((self.path, fields, sound))
        answer = self.server.scripts.get(self.path.partition("?")[0], "").encode()
        self.send_response(200 if answer else 204)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)


@pytest.fixture
def customer():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Customer)
    server.seen = []
    server.scripts = {"/menu": MENU, "/pressed": "<Response><Say>Thank you</Say><Hangup/></Response>"}
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


class Redirected(TwilioHttpClient):
    """The vendor's client, sent to the double instead of the vendor."""

    def __init__(self, base):
        super().__init__(timeout=10)
        self.base = base

    def request(self, method, url, *words, **more):
        return super().request(method, url.replace("https://api.twilio.com", self.base), *words, **more)


@pytest.fixture
def exchange(tmp_path):
    with ExchangeDouble(tmp_path / "exchange") as double:
        double.client = Client(SID, TOKEN, http_client=Redirected(double.url))
        yield double


def place(exchange, customer, to="+819012345678", **more):
    return exchange.client.calls.create(
        to=to, from_=CALLER, url=f"{customer.url}/menu", status_callback=f"{customer.url}/events",
        status_callback_event=["initiated", "ringing", "answered", "completed"], **more)


def ended(exchange, count=1):
    return wait_for(lambda: len(exchange.calls()) >= count and exchange.calls(), 15, "the calls")


def statuses(customer):
    return [fields["CallStatus"] for path, fields, _ in customer.seen if path == "/events"]


def test_the_vendors_client_places_a_call(exchange, customer):
    exchange.rules("callee +8190*=answer 3")
    call = place(exchange, customer, machine_detection="Enable", timeout=20)
    assert call.sid.startswith("CA") and call.status == "queued"
    record, = ended(exchange)
    assert record["heard"] == ["A & B", "Thank you"] and record["keys"] == ["3"]
    assert record["languages"] == ["ja-JP", ""] and not record["faults"]
    assert statuses(customer) == ["initiated", "ringing", "in-progress", "completed"]
    assert all(sound for _, _, sound in customer.seen)
    pressed, = [fields for path, fields, _ in customer.seen if path == "/pressed?n=1"]
    assert pressed["Digits"] == "3" and pressed["AnsweredBy"] == "human"
    seen = exchange.client.calls(call.sid).fetch()
    assert (seen.status, seen.answered_by) == ("completed", "human")
    found = exchange.client.calls.list(to="+819012345678", from_=CALLER)
    assert [c.sid for c in found] == [call.sid]
    assert not exchange.client.calls.list(to="+819012345679")


def test_callees_do_as_their_script_says(exchange, customer):
    exchange.rules("callee *01=busy", "callee *02=no-answer", "callee *03=machine",
                   "callee *04=answer hangup", "callee *05=answer - 7", "callee *06=busy & silent",
                   "callee *07=busy & twice", "callee *08=busy & shuffled", "callee:1 *09=busy",
                   "callee *09=answer 1")
    for last in range(1, 10):
        place(exchange, customer, f"+8190000000{last:02}", machine_detection="Enable")
    by_last = {int(c["to"][-2:]): c for c in ended(exchange, 9)}
    assert [by_last[n]["status"] for n in range(1, 10)] == [
        "busy", "no-answer", "completed", "completed", "completed", "busy", "busy", "busy", "busy"]
    assert by_last[3]["answered_by"] == "machine_start"
    assert by_last[4]["heard"] == ["A & B"] and by_last[5]["keys"] == ["-"]

    def events(last):
        return [f["CallStatus"] for p, f, _ in customer.seen
                if p == "/events" and f["To"].endswith(f"{last:02}")]

    assert events(6) == []
    assert events(7) == ["initiated", "initiated", "ringing", "ringing", "busy", "busy"]
    assert events(8) == ["busy", "ringing", "initiated"]
    place(exchange, customer, "+819000000009")
    assert ended(exchange, 10)[-1]["keys"] == ["1"]


def test_the_vendors_client_is_refused(exchange, customer):
    exchange.rules("place +8190*=400 21211", "place +8170*=500", "look=503")

    def refused(to, **more):
        with pytest.raises(TwilioRestException) as refusal:
            place(exchange, customer, to, **more)
        return refusal.value.status, refusal.value.code

    assert refused("+819012345678") == (400, 21211)
    assert refused("+817012345678")[0] == 500
    assert refused("09012345678") == (400, 21211)
    assert refused("+815012345678", timeout=601) == (400, 21220)
    with pytest.raises(TwilioRestException):
        exchange.client.calls("CA0").fetch()
    exchange.client.auth = (SID, "wrong")
    assert refused("+815012345678") == (401, 20003)


def test_calls_per_second(tmp_path, customer):
    with ExchangeDouble(tmp_path / "x", options=["--rate", "2"]) as exchange:
        exchange.client = Client(SID, TOKEN, http_client=Redirected(exchange.url))
        place(exchange, customer)
        place(exchange, customer)
        with pytest.raises(TwilioRestException) as refusal:
            place(exchange, customer)
        assert (refusal.value.status, refusal.value.code) == (429, 20429)


def test_it_complains_of_what_is_no_script(exchange, customer):
    customer.scripts["/menu"] = "<Response><Say>A & B</Say></Response>"
    place(exchange, customer)
    assert "not well-formed" in ended(exchange)[0]["faults"][0]
    customer.scripts["/menu"] = "<Response><Dance/></Response>"
    place(exchange, customer)
    assert ended(exchange, 2)[1]["faults"] == ["script: <Dance>"]
    customer.scripts["/menu"] = '<Response><Redirect>/menu</Redirect></Response>'
    place(exchange, customer)
    assert ended(exchange, 3)[2]["faults"] == ["script: it has no end"]


def test_calling_in(customer):
    talk = call_in(f"{customer.url}/menu", ["5"])
    assert talk.heard == ["A & B", "Thank you"] and not talk.faults
    assert [(path, sound) for path, _, sound in customer.seen] == [("/menu", True), ("/pressed?n=1", True)]
    assert customer.seen[0][1]["Direction"] == "inbound"


def test_signatures_as_the_vendor_makes_them():
    fields = {"CallSid": "CA1234567890ABCDE", "Caller": "+12349013030", "Digits": "1234",
              "From": "+12349013030", "To": "+18005551212"}
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    assert sign("12345", url, list(fields.items())) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert RequestValidator("12345").compute_signature(url, fields) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="


def test_post_without_fields_is_signed(customer):
    assert post(f"{customer.url}/events", [], TOKEN)[0] == 204
    assert customer.seen[0][2]
