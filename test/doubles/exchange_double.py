#!/usr/bin/python3
"""A telephone exchange for tests and for the sandbox of the quickstart: a real HTTP server that
speaks the provider's API (Twilio's of 2010-04-01), calls people who do as a script says, and, if
asked, misbehaves by rule.

    exchange_double.py --dir D [--port 0] [--account SID:TOKEN] [--rate N] [--certificate FILE]
                       [--rule RULE] ...

prints "port N" once it listens, and runs until SIGTERM or SIGINT. In D it keeps

    D/calls.jsonl   a line for each call that ended: sid, to, from, placed, answered and ended
                    (seconds since 1970), status, answered_by, heard (the texts that were spoken),
                    languages, keys (what was pressed at each prompt) and faults (what was wrong
                    with what we were told to do, or how a callback was answered)
    D/asked.jsonl   a line for each request to place a call: to, at (when it came) and the status of
                    our answer, 0 where there was none
    D/refused.jsonl a line for each call that was not taken: at, to, status, code
    D/port          the port

    POST .../Accounts/SID/Calls.json           places a call
    GET  .../Accounts/SID/Calls.json?To=&From=&StartTime>=
    GET  .../Accounts/SID/Calls/CALL.json
    GET  .../Accounts/SID.json                 the account

A rule is "STAGE[:N] [PATTERN]=ACTION"; it is good N times, or always. The first that fits counts.

    STAGE    callee           what the person does who is called; PATTERN is on the number
             place list look  the first three requests above; PATTERN is on the number for "place"
             account          the fourth; ACTION is a state: suspended or closed
             event            a status callback; PATTERN is on the status
    PATTERN  as of a shell
    ACTION   of a callee:
               "busy", "no-answer", "failed", "canceled"
               "answer KEYS"     KEYS, one word a prompt: digits, "-" says nothing, "hangup" lays
                                 down the receiver. After the last word, nothing is said any more.
               "machine KEYS"    the same, by a machine, if the caller asked for its detection
               " & silent" behind it: no callbacks; " & twice": each callback twice;
               " & shuffled": the callbacks come in the wrong order, the last one first
             of a request: "STATUS [CODE]", e.g. "400 21211", "429 20429", "500"
               "hang": never answers; "drop": closes the connection
               "late 0.5": does as usual, half a second later
               "keep hang", "keep drop" (at place): the call is placed first
             of an event: "drop": is not sent

A running server takes its rules from D/rules (one a line) whenever that file changes. Without a
rule a callee answers and says nothing.

With --script FILE it has a list of actions for each of many: {"STAGE": {"SUBJECT": [ACTION, ...]}} in
JSON, one for each time; "" and what comes behind the last are as usual. It goes before the rules.

    exchange_double.py --dir D --call-in URL [--account SID:TOKEN] [--from NUMBER] KEYS ...

calls in at a number whose script is at URL, presses KEYS, and prints what was heard.
"""

import argparse
import base64
import contextlib
import hashlib
import hmac
import http.client
import http.server
import itertools
import json
import re
import secrets
import signal
import socket
import ssl
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree
from email.utils import format_datetime
from datetime import datetime, timezone
from pathlib import Path

from double import Double, Rule, Rules

ACCOUNT = "AC00000000000000000000000000000001:exchange-token"
CALLEE = re.compile(r"(busy|no-answer|failed|canceled|(answer|machine)( (\d+|-|hangup))*)"
                    r"( & (silent|twice|shuffled))?\Z")
REQUEST = re.compile(r"(?:keep )?(?:hang|drop)\Z|late (?P<late>\d+(?:\.\d+)?)\Z"
                     r"|(?P<status>[2-5]\d\d)(?: (?P<code>\d+))?\Z")
ACCOUNT_STATES = ("suspended", "closed")
E164 = re.compile(r"\+[1-9]\d{6,14}\Z")
ENDED = ("completed", "busy", "no-answer", "failed", "canceled")
CALLBACK_SECONDS = 15
VERBS_MOST = 200  # of one call: a script that goes round in circles is ended


class ExchangeRule(Rule):
    stages = ("callee", "place", "list", "look", "account", "event")
    shapes = {"callee": CALLEE, "event": re.compile(r"drop\Z"),
              "account": re.compile("|".join(ACCOUNT_STATES))}

    def read_action(self):
        return self.shapes.get(self.stage, REQUEST).match(self.action)


def sign(token, url, fields):
    """X-Twilio-Signature: over the URL and the fields in order of their names; values of one name
    in order, each once."""
    text = url
    for name in sorted({name for name, _ in fields}):
        for value in sorted({value for key, value in fields if key == name}):
            text += name + value
    digest = hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def post(url, fields, token, timeout=CALLBACK_SECONDS):
    """A signed POST; (status, body)."""
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname, parts.port, timeout=timeout)
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("POST", target, urllib.parse.urlencode(fields),
                           {"Content-Type": "application/x-www-form-urlencoded",
                            "X-Twilio-Signature": sign(token, url, fields),
                            "User-Agent": "TwilioProxy/1.1"})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


class Hangup(Exception):
    pass


class Conversation:
    """Listens to a script and presses keys."""

    def __init__(self, token, fields, keys):
        self.token = token
        self.fields = fields  # what every request carries
        self.script = list(keys)
        self.heard, self.languages, self.pressed, self.faults = [], [], [], []
        self.verbs = 0

    def run(self, url, more=()):
        """Until one side hangs up."""
        try:
            while url:
                url, more = self.follow(url, more)
        except Hangup:
            pass

    def fault(self, text):
        self.faults.append(text)

    def fetch(self, url, more):
        try:
            status, body = post(url, [*self.fields(), *more], self.token)
        except (OSError, http.client.HTTPException) as error:
            self.fault(f"script: {error!r}")
            raise Hangup from None
        if status != 200:
            self.fault(f"script: HTTP {status}")
            raise Hangup
        try:
            root = xml.etree.ElementTree.fromstring(body)
        except xml.etree.ElementTree.ParseError as error:
            self.fault(f"script: {error}")
            raise Hangup from None
        if root.tag != "Response":
            self.fault(f"script: <{root.tag}>")
            raise Hangup
        return root

    def follow(self, url, more):
        """One script; the next one's URL and fields, or None at its end."""
        for verb in self.fetch(url, more):
            self.verbs += 1
            if self.verbs > VERBS_MOST:
                self.fault("script: it has no end")
                raise Hangup
            if verb.tag == "Say":
                self.hear(verb)
            elif verb.tag == "Gather":
                onward = self.gather(verb, url)
                if onward:
                    return onward
            elif verb.tag == "Redirect":
                return urllib.parse.urljoin(url, verb.text or ""), ()
            elif verb.tag in ("Hangup", "Reject"):
                raise Hangup
            elif verb.tag != "Pause":
                self.fault(f"script: <{verb.tag}>")
        return None, ()

    def hear(self, verb):
        text = "".join(verb.itertext()).strip()
        if not text or len(text) > 4096:
            self.fault(f"script: {len(text)} characters to say")
        self.heard.append(text)
        self.languages.append(verb.get("language", ""))

    def gather(self, verb, url):
        for part in verb:
            if part.tag == "Say":
                self.hear(part)
            elif part.tag != "Pause":
                self.fault(f"script: <Gather><{part.tag}>")
        if verb.get("input", "dtmf") != "dtmf":
            self.fault("script: a keypad is all there is")
        keys = self.script.pop(0) if self.script else "-"
        self.pressed.append(keys)
        if keys == "hangup":
            raise Hangup
        digits = "" if keys == "-" else keys
        if verb.get("numDigits"):
            digits = digits[:int(verb.get("numDigits"))]
        if not digits and verb.get("actionOnEmptyResult") != "true":
            return None
        action = urllib.parse.urljoin(url, verb.get("action") or url)
        return action, [("Digits", digits), ("msg", "Gather End")]


class Call:
    """One call that we were asked to place."""

    numbers = itertools.count(1)

    def __init__(self, exchange, account, fields):
        self.exchange = exchange
        self.sid = f"CA{next(Call.numbers):08x}{secrets.token_hex(12)}"
        self.account, self.token = account
        self.to, self.caller = fields["To"], fields["From"]
        self.url = fields["Url"]
        self.callback = fields.get("StatusCallback")
        self.wanted = fields.get("StatusCallbackEvent", [])
        self.detect = fields.get("MachineDetection") in ("Enable", "DetectMessageEnd")
        self.timeout = int(fields.get("Timeout", 60))
        self.status = "queued"
        self.answered_by = None
        self.placed = time.time()
        self.started = self.answered = self.ended = None
        self.sequence = itertools.count()
        rule = exchange.rule("callee", self.to)
        self.script, _, self.manner = (rule.action if rule else "answer").partition(" & ")
        self.late = []  # callbacks kept back by "shuffled"
        self.conversation = Conversation(self.token, self.fields, self.script.split()[1:])

    def fields(self):
        fields = [("CallSid", self.sid), ("AccountSid", self.account), ("From", self.caller),
                  ("To", self.to), ("Caller", self.caller), ("Called", self.to),
                  ("CallStatus", self.status), ("Direction", "outbound-api"),
                  ("ApiVersion", "2010-04-01"), ("ToCity", ""), ("ToCountry", "JP")]
        if self.answered_by:
            fields.append(("AnsweredBy", self.answered_by))
        return fields

    def run(self):
        with contextlib.suppress(ExchangeEnds):
            self.live()

    def live(self):
        self.move("initiated", "queued")
        self.started = time.time()
        self.move("ringing", "ringing")
        words = self.script.split()
        if words[0] in ("answer", "machine"):
            self.exchange.wait(self.exchange.options.ring)
            if words[0] == "machine" and self.detect:
                self.answered_by = "machine_start"
            elif self.detect:
                self.answered_by = "human"
            self.answered = time.time()
            self.move("answered", "in-progress")
            self.conversation.run(self.url)
            self.exchange.wait(self.exchange.options.talk)
            self.end("completed")
        else:
            ring = self.timeout if words[0] == "no-answer" else 1e9
            self.exchange.wait(min(self.exchange.options.ring, ring))
            self.end(words[0])

    def end(self, status):
        self.ended = time.time()
        self.move("completed", status)
        for fields in reversed(self.late):
            self.send(fields)
        self.exchange.note("calls.jsonl", self.record())

    def move(self, event, status):
        self.status = status
        if not self.callback or event not in self.wanted or self.manner == "silent":
            return
        shown = "initiated" if event == "initiated" else status
        if self.exchange.rule("event", shown):
            return
        fields = [(key, shown if key == "CallStatus" else value) for key, value in self.fields()]
        fields += [("SequenceNumber", str(next(self.sequence))), ("CallbackSource", "call-progress-events"),
                   ("Timestamp", format_datetime(datetime.now(timezone.utc)))]
        if self.manner == "shuffled":
            self.late.append(fields)
            return
        for _ in range(2 if self.manner == "twice" else 1):
            self.send(fields)

    def send(self, fields):
        try:
            status, _ = post(self.callback, fields, self.token)
        except (OSError, http.client.HTTPException) as error:
            self.conversation.fault(f"callback: {error!r}")
            return
        if status not in (200, 204):
            self.conversation.fault(f"callback: HTTP {status}")

    def resource(self):
        def moment(seconds):
            return seconds and format_datetime(datetime.fromtimestamp(seconds, timezone.utc))

        duration = str(int(self.ended - self.answered)) if self.ended and self.answered else None
        return {"sid": self.sid, "account_sid": self.account, "to": self.to, "from": self.caller,
                "to_formatted": self.to, "from_formatted": self.caller, "parent_call_sid": None,
                "phone_number_sid": "", "status": self.status, "start_time": moment(self.started),
                "end_time": moment(self.ended), "duration": duration, "price": None,
                "price_unit": "USD", "direction": "outbound-api", "answered_by": self.answered_by,
                "forwarded_from": None, "caller_name": "", "annotation": None, "group_sid": None,
                "queue_time": "0", "trunk_sid": "", "api_version": "2010-04-01",
                "date_created": moment(self.placed), "date_updated": moment(self.ended or self.placed),
                "uri": f"/2010-04-01/Accounts/{self.account}/Calls/{self.sid}.json",
                "subresource_uris": {}}

    def record(self):
        talk = self.conversation
        return {"sid": self.sid, "to": self.to, "from": self.caller, "placed": self.placed,
                "answered": self.answered, "ended": self.ended, "status": self.status,
                "answered_by": self.answered_by, "heard": talk.heard, "languages": talk.languages,
                "keys": talk.pressed, "faults": talk.faults}


class ExchangeEnds(Exception):
    pass


class Exchange:
    """The calls, the rules, and the folder."""

    def __init__(self, options):
        self.options = options
        self.folder = Path(options.dir)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.accounts = dict(account.split(":", 1) for account in options.account)
        self.rules = Rules(self.folder, ExchangeRule, options.rule, options.script)
        self.lock = threading.RLock()
        self.calls = {}
        self.recent = []  # when the calls of the last second were placed
        self.ending = threading.Event()

    def wait(self, seconds):
        if self.ending.wait(seconds):
            raise ExchangeEnds

    def rule(self, stage, subject=""):
        with self.lock:
            return self.rules.find(stage, subject)

    def too_fast(self):
        if not self.options.rate:
            return False
        with self.lock:
            now = time.monotonic()
            self.recent = [at for at in self.recent if at > now - 1]
            if len(self.recent) >= self.options.rate:
                return True
            self.recent.append(now)
            return False

    def place(self, account, fields):
        call = Call(self, account, fields)
        with self.lock:
            self.calls[call.sid] = call
        threading.Thread(target=call.run, daemon=True).start()
        return call

    def note(self, name, record):
        with self.lock, open(self.folder / name, "a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")


class Refusal(Exception):
    def __init__(self, status, code, message):
        super().__init__(message)
        self.status, self.code = status, code


class Handler(http.server.BaseHTTPRequestHandler):
    """The API."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    path_shape = re.compile(r"/2010-04-01/Accounts/(?P<account>[^/.]+)"
                            r"(?P<calls>/Calls(?:/(?P<call>[^/]+))?)?\.json\Z")

    def log_message(self, format, *words):
        pass

    @property
    def exchange(self):
        return self.server.exchange

    def answer(self, status, value):
        self.status = status
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json;charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def authorise(self, account):
        """The account's id and token."""
        given = self.headers.get("Authorization", "").removeprefix("Basic ")
        try:
            sid, token = base64.b64decode(given).decode().split(":", 1)
        except ValueError:
            sid = token = None
        if sid != account or self.exchange.accounts.get(sid) != token:
            raise Refusal(401, 20003, "Authenticate")
        return sid, token

    def obey(self, rule):
        if not rule:
            return
        if rule.action.endswith("hang"):
            self.exchange.ending.wait()
            raise ConnectionError
        if rule.action.endswith("drop"):
            raise ConnectionError
        words = REQUEST.match(rule.action)
        if words["late"]:
            self.exchange.ending.wait(float(words["late"]))
            return
        raise Refusal(int(words["status"]), int(words["code"] or 0), "by rule")

    def serve(self, method):
        url = urllib.parse.urlsplit(self.path)
        shape = self.path_shape.match(url.path)
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.began, self.status = time.time(), 0
        try:
            if not shape:
                raise Refusal(404, 20404, f"The requested resource {url.path} was not found")
            account = self.authorise(shape["account"])
            method = method if shape["calls"] else self.show_account
            method(account, shape["call"], urllib.parse.parse_qsl(url.query, keep_blank_values=True),
                   urllib.parse.parse_qsl(body, keep_blank_values=True))
        except Refusal as refusal:
            self.answer(refusal.status, {"code": refusal.code, "message": str(refusal),
                                         "more_info": "", "status": refusal.status})
        except ConnectionError:
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)

    def do_POST(self):
        self.to = ""
        self.serve(self.place)
        self.exchange.note("asked.jsonl", {"to": self.to, "at": self.began, "status": self.status})

    def do_GET(self):
        self.serve(self.show)

    def place(self, account, call, query, fields):
        self.to = dict(fields).get("To", "")
        try:
            self.take_call(account, call, fields)
        except Refusal as refusal:
            self.exchange.note("refused.jsonl", {"at": time.time(), "to": self.to,
                                                 "status": refusal.status, "code": refusal.code})
            raise

    def take_call(self, account, call, fields):
        if call:
            raise Refusal(405, 20004, "Method not allowed")
        given = dict(fields)
        given["StatusCallbackEvent"] = [v for k, v in fields if k == "StatusCallbackEvent"]
        rule = self.exchange.rule("place", given.get("To", ""))
        if rule and rule.action.startswith("keep "):
            self.exchange.place(account, given)
        self.obey(rule)
        if not E164.match(given.get("To", "")):
            raise Refusal(400, 21211, "Invalid 'To' Phone Number")
        if not E164.match(given.get("From", "")):
            raise Refusal(400, 21212, "Invalid 'From' Phone Number")
        if not re.match(r"https?://[^/]", given.get("Url", "")):
            raise Refusal(400, 21205, "Url is not a valid URL")
        if not 1 <= int(given.get("Timeout", 60)) <= 600:
            raise Refusal(400, 21220, "Invalid Timeout")
        if self.exchange.too_fast():
            raise Refusal(429, 20429, "Too Many Requests")
        self.answer(201, self.exchange.place(account, given).resource())

    def show_account(self, account, call, query, fields):
        rule = self.exchange.rule("account")
        self.answer(200, {"sid": account[0], "status": rule.action if rule else "active", "type": "Full"})

    def show(self, account, call, query, fields):
        if call:
            self.obey(self.exchange.rule("look"))
            found = self.exchange.calls.get(call)
            if not found or found.account != account[0]:
                raise Refusal(404, 20404, f"The requested resource {self.path} was not found")
            self.answer(200, found.resource())
            return
        self.obey(self.exchange.rule("list"))
        wanted = dict(query)
        since = wanted.get("StartTime>") or wanted.get("StartTime>=") or ""
        found = [c for c in self.exchange.calls.values() if c.account == account[0]
                 and wanted.get("To", c.to) == c.to and wanted.get("From", c.caller) == c.caller
                 and datetime.fromtimestamp(c.placed, timezone.utc).strftime("%Y-%m-%d") >= since[:10]]
        found = sorted(found, key=lambda c: c.placed, reverse=True)[:int(wanted.get("PageSize", 50))]
        self.answer(200, {"calls": [c.resource() for c in found], "page": 0, "page_size": 50,
                          "first_page_uri": self.path, "next_page_uri": None,
                          "previous_page_uri": None, "uri": self.path, "start": 0,
                          "end": len(found) - 1})


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256
    context = None

    def finish_request(self, request, client_address):
        if self.context:
            request.settimeout(30)
            request = self.context.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


def serve(options):
    exchange = Exchange(options)
    server = Server((options.host, options.port), Handler)
    server.exchange = exchange
    if options.certificate:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(options.certificate)
    port = server.server_address[1]
    (exchange.folder / "port").write_text(f"{port}\n")

    def end(*_):
        exchange.ending.set()
        threading.Thread(target=server.shutdown, daemon=True).start()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    print(f"port {port}", flush=True)
    server.serve_forever(0.1)
    server.server_close()


def call_in(url, keys, account=ACCOUNT, caller="+819000000000", called="+815000000000"):
    """Calls in; the conversation, ended."""
    sid, token = account.split(":", 1)
    call = f"CA{secrets.token_hex(16)}"
    fields = [("CallSid", call), ("AccountSid", sid), ("From", caller), ("To", called),
              ("CallStatus", "in-progress"), ("Direction", "inbound"), ("ApiVersion", "2010-04-01")]
    conversation = Conversation(token, lambda: fields, keys)
    conversation.run(url)
    return conversation


def read_options(words):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dir", required=True, help="where calls are kept")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0: any")
    parser.add_argument("--account", action="append", metavar="SID:TOKEN", help=f"default: {ACCOUNT}")
    parser.add_argument("--certificate", metavar="FILE", help="speak TLS; its key is in FILE as well")
    parser.add_argument("--rate", type=int, default=0, help="calls a second taken; 0: no limit")
    parser.add_argument("--ring", type=float, default=0.05, help="seconds until a callee acts")
    parser.add_argument("--talk", type=float, default=0, help="seconds that a call lasts beside")
    parser.add_argument("--rule", action="append", default=[], metavar="RULE")
    parser.add_argument("--script", metavar="FILE")
    parser.add_argument("--call-in", metavar="URL")
    parser.add_argument("--from", dest="caller", default="+819000000000", metavar="NUMBER")
    parser.add_argument("keys", nargs="*", metavar="KEYS", help="with --call-in")
    options = parser.parse_args(words)
    options.account = options.account or [ACCOUNT]
    return options


class ExchangeDouble(Double):
    """The same for pytest: a process of its own.

        with ExchangeDouble(folder, "callee +8190*=answer 1") as exchange:
            ... exchange.url ... exchange.calls() ... exchange.rules("place=500")
    """

    program = __file__
    rule = ExchangeRule

    @property
    def url(self):
        return f"{'https' if '--certificate' in self.command else 'http'}://127.0.0.1:{self.port}"

    def read(self, name, to, key):
        path = self.folder / name
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        found = [json.loads(line) for line in lines if line.endswith("}")]
        return sorted((c for c in found if to in (None, c["to"])), key=lambda c: c[key])

    def calls(self, to=None):
        """The calls that ended, in the order in which they were placed."""
        return self.read("calls.jsonl", to, "placed")

    def requests(self, to=None):
        """The requests to place a call that are over, in the order in which they came."""
        return self.read("asked.jsonl", to, "at")


def main(words):
    options = read_options(words)
    if not options.call_in:
        serve(options)
        return
    conversation = call_in(options.call_in, options.keys, options.account[0], options.caller)
    print(*conversation.heard, *(f"fault: {f}" for f in conversation.faults), sep="\n")
    sys.exit(1 if conversation.faults else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
