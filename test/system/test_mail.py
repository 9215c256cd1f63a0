"""The mail worker as a whole: the real tenko-mail, a real Redis, real relays. The scheduler's part
is played here: jobs and contents are put into the queue, results are read from it."""

import contextlib
import email
import email.policy
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from harness import needs_root, wait_for
from smtp_double import SmtpDouble

OUTCOMES = {1: "delivered", 6: "refused", 7: "temporary", 8: "unknown", 9: "outage", 10: "not_tried"}
TITLE = "【訓練】地震に伴う安否確認(①㈱髙﨑～－𠮷野家) 全社員は必ず回答してください"
TOKEN = "AQAAAAEAAAABc2VjcmV0LXRhZw-_"


def wire_text(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def job_bytes(attempt, address, name="山田 太郎", language=0, broadcast=1, token=TOKEN):
    """common/queue/job.h, written down a second time."""
    return (struct.pack(">BBBBBBIqqq", 1, 1, language, 1, 1, 1, attempt, attempt, broadcast, attempt)
            + wire_text(address) + wire_text(name) + wire_text(token))


def read_report(data):
    """common/queue/result.h likewise: attempt, outcome and detail of each."""
    place = 0

    def numbers(form):
        nonlocal place
        found = struct.unpack_from(form, data, place)
        place += struct.calcsize(form)
        return found

    def text():
        nonlocal place
        length, = numbers(">H")
        place += length
        return data[place - length:place].decode()

    version, = numbers(">B")
    text()  # the worker
    count, = numbers(">H")
    assert version == 3 and count > 0
    for _ in range(count):
        outcome, attempt, started, finished = numbers(">Bqqq")
        detail, gone, reference = text(), text(), text()
        assert started <= finished and gone == reference == ""
        yield attempt, OUTCOMES[outcome], detail
    assert place == len(data)


class Belt:
    """The queue from the scheduler's side."""

    def __init__(self, redis):
        self.client = redis.client
        self.attempt = 0
        self.claimed = {}
        for lane in (0, 1):
            self.client.xgroup_create(f"{{tenko}}:q:mail:{lane}", "workers", id="0", mkstream=True)
        self.content()

    def content(self, broadcast=1, **changes):
        content = {"version": 1, "broadcast": broadcast, "kind": "safety",
                   "title": [TITLE, "Are you safe?"], "body": ["揺れました。\n", "It shook.\n"],
                   "organisation": "株式会社点呼", "base_url": "https://anpi.example.jp",
                   "inside_url": "", "requested_at": 1795233600000, "expires_at": 1795838400000}
        content.update(changes)
        self.client.set(f"{{tenko}}:content:{broadcast}", json.dumps(content))

    def put(self, *addresses, lane=1, **job):
        """One job an address; the attempt ids."""
        pipeline = self.client.pipeline(transaction=False)
        ids = []
        for address in addresses:
            self.attempt += 1
            ids.append(self.attempt)
            pipeline.xadd(f"{{tenko}}:q:mail:{lane}", {"j": job_bytes(self.attempt, address, **job)},
                          id=f"{self.attempt}-0")
        pipeline.execute()
        return ids

    def results(self):
        for entry, fields in self.client.xrange("{tenko}:results"):
            for attempt, outcome, detail in read_report(fields[b"r"]):
                assert attempt not in self.claimed, f"attempt {attempt} was reported twice"
                self.claimed[attempt] = (outcome, detail)
            self.client.xdel("{tenko}:results", entry)
        return self.claimed

    def wait(self, ids, worker, deadline=30):
        """The outcomes of these attempts, in order, and their details."""
        wait_for(lambda: set(ids) <= set(self.results()), deadline, f"results of {len(ids)} attempts",
                 worker)
        return [self.claimed[i][0] for i in ids], [self.claimed[i][1] for i in ids]


@pytest.fixture
def tenko(bare):
    return bare  # a worker needs Redis and nothing else, no data directory


@pytest.fixture
def belt(tenko):
    return Belt(tenko.start_redis())


@pytest.fixture
def relay(tenko):
    with SmtpDouble(tenko.root / "relay") as double:
        tenko.configure(tenko={"organisation": "株式会社点呼"},
                        mail={"relay_port": double.port, "from_address": "anpi@example.jp",
                              "timeout": "2s"})
        yield double


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def text_of(message):
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def test_people_get_their_mail(tenko, belt, relay):
    worker = tenko.start("tenko-mail")
    ids = belt.put("taro@example.jp", "a..b.@docomo.ne.jp") + belt.put(
        "jane@example.com", name="Jane \"J\" Doe, Jr.", language=1)
    outcomes, details = belt.wait(ids, worker)
    assert outcomes == ["delivered"] * 3
    assert all("kept" in detail for detail in details)

    taro, docomo, jane = relay.messages()
    assert taro["subject"] == TITLE
    assert taro["to"].addresses[0].display_name == "山田 太郎"
    assert taro["from"].addresses[0].display_name == "株式会社点呼"
    assert taro["return-path"] == "<anpi+1@example.jp>"
    assert taro["auto-submitted"] == "auto-generated"
    assert taro["content-language"] == "ja"
    assert taro["message-id"].startswith("<1.1.") and taro["message-id"].endswith("@example.jp>")
    assert f"https://anpi.example.jp/r/{TOKEN}" in text_of(taro).split("\n")
    assert docomo["x-sandbox-recipient"] == '<"a..b."@docomo.ne.jp>'
    assert jane["subject"] == "Are you safe?"
    assert jane["to"].addresses[0].display_name == "Jane \"J\" Doe, Jr."
    assert "Dear Jane \"J\" Doe, Jr.," in text_of(jane)


def test_a_batch_is_one_session(tenko, belt, relay):
    tenko.configure(mail={"session_messages": 20, "timeout": "10s"})
    ids = belt.put(*(f"p{i}@example.jp" for i in range(60)))
    worker = tenko.start("tenko-mail")
    outcomes, _ = belt.wait(ids, worker)
    assert set(outcomes) == {"delivered"}
    sessions = [m["x-sandbox-session"] for m in relay.messages()]
    assert [sessions.count(s) for s in sorted(set(sessions))] == [20, 20, 20]
    assert len({m["message-id"] for m in relay.messages()}) == 60


def test_each_gets_its_own_outcome(tenko, belt, relay):
    relay.rules("rcpt bad*=550 5.1.1 no such user bad@example.jp", "rcpt grey*=450 4.2.0 later")
    worker = tenko.start("tenko-mail")
    ids = belt.put("a@example.jp", "bad@example.jp", "grey@example.jp", "not an address", "b@x\r\ny",
                   "c@example.jp") + belt.put("d@example.jp", name="x\r\nBcc: evil@example.jp")
    outcomes, details = belt.wait(ids, worker)
    assert outcomes == ["delivered", "refused", "temporary", "refused", "refused", "delivered",
                        "refused"]
    assert details[1].startswith("550 5.1.1 no such user b") and "bad@" not in details[1]
    assert "control characters" in details[6]
    assert [m["to"].addresses[0].username for m in relay.messages()] == ["a", "c"]
    assert "evil" not in "".join(map(str, relay.messages()))
    assert "bad@example.jp" not in worker.log()


def test_marks_of_several_broadcasts_in_one_batch(tenko, belt, relay):
    belt.content(2)
    belt.content(3)
    ids = [attempt for number, broadcast in enumerate((1, 1, 2, 1, 3, 3, 1, 2))
           for attempt in belt.put(f"p{number}@example.jp", broadcast=broadcast, lane=number % 2)]
    belt.client.setbit("{tenko}:stop:1", ids[1], 1)  # by ordinal, which is the attempt here
    belt.client.setbit("{tenko}:stop:1", ids[6], 1)
    belt.client.setbit("{tenko}:stop:3", ids[4], 1)
    belt.client.set("{tenko}:halt:2", 1)
    worker = tenko.start("tenko-mail")
    outcomes, _ = belt.wait(ids, worker)
    assert [i for i, outcome in enumerate(outcomes) if outcome == "not_tried"] == [1, 2, 4, 6, 7]
    assert sorted(m["to"].addresses[0].username for m in relay.messages()) == ["p0", "p3", "p5"]
    assert [belt.client.xlen(f"{{tenko}}:q:mail:{lane}") for lane in (0, 1)] == [0, 0]
    assert [belt.client.xpending(f"{{tenko}}:q:mail:{lane}", "workers")["pending"] for lane in (0, 1)] == [0, 0]


def test_a_relay_that_is_away_and_comes_back(tenko, belt, relay):
    relay.stop()
    worker = tenko.start("tenko-mail")
    outcomes, _ = belt.wait(belt.put("a@example.jp", "b@example.jp"), worker)
    assert outcomes == ["outage", "outage"]
    worker.wait_log(r"channel\.down .*onnection refused")
    relay.start()
    outcomes, _ = belt.wait(belt.put("a@example.jp", "b@example.jp"), worker)
    assert outcomes == ["delivered", "delivered"]
    assert len(relay.messages()) == 2


def test_a_relay_that_breaks_off(tenko, belt, relay):
    relay.rules("end:1 b@*=keep drop")
    ids = belt.put("a@example.jp", "b@example.jp", "c@example.jp")
    worker = tenko.start("tenko-mail")
    outcomes, _ = belt.wait(ids, worker)
    assert outcomes == ["delivered", "unknown", "outage"]
    outcomes, _ = belt.wait(belt.put("b@example.jp"), worker)
    assert outcomes == ["delivered"]


def test_a_relay_that_hangs_does_not_hold_the_worker(tenko, belt, relay):
    relay.rules("end:1 a@*=hang")
    tenko.configure(mail={"timeout": "1s"})
    worker = tenko.start("tenko-mail")
    before = time.monotonic()
    outcomes, _ = belt.wait(belt.put("a@example.jp"), worker)
    assert outcomes == ["unknown"] and time.monotonic() - before < 10
    outcomes, _ = belt.wait(belt.put("a@example.jp"), worker)
    assert outcomes == ["delivered"]


def test_a_relay_that_refuses_everybody_burns_nobody(tenko, belt, relay):
    relay.rules("rcpt=554 5.7.1 Relay access denied")
    ids = belt.put(*(f"p{i}@example.jp" for i in range(5)))
    worker = tenko.start("tenko-mail")
    outcomes, _ = belt.wait(ids, worker)
    assert outcomes == ["outage"] * 5
    worker.wait_log(r"channel\.down .*Relay access denied")


def test_starttls_and_login(tenko, belt):
    folder = tenko.root / "tls"
    with SmtpDouble(folder, options=("--tls", "required", "--auth", "tenko:secret word")) as relay:
        tenko.configure(mail={"relay_host": "localhost", "relay_port": relay.port, "tls": "required",
                              "tls_ca_file": folder / "localhost.crt", "username": "tenko",
                              "password": "secret word"})
        worker = tenko.start("tenko-mail")
        for _ in range(3):
            outcomes, _ = belt.wait(belt.put("a@example.jp"), worker)
            assert outcomes == ["delivered"]
        message = relay.messages()[0]
        assert (message["x-sandbox-tls"], message["x-sandbox-login"]) == ("TLSv1.2", "tenko")
        assert "secret word" not in worker.log()


def test_settings_are_reloaded(tenko, belt, relay):
    worker = tenko.start("tenko-mail")
    belt.wait(belt.put("a@example.jp"), worker)
    with SmtpDouble(tenko.root / "other") as other:
        tenko.configure(mail={"relay_port": other.port, "from_name": "点呼本部"})
        worker.send(signal.SIGHUP)
        worker.wait_log(r"settings\.reloaded")
        belt.wait(belt.put("b@example.jp"), worker)
        assert other.messages()[0]["from"].addresses[0].display_name == "点呼本部"

        tenko.configure(mail={"relay_host": "::1"})  # cannot be used: the ones before stay
        worker.send(signal.SIGHUP)
        worker.wait_log(r"settings\.fault .*mail\.relay_host: an IPv6 address cannot be used")
        outcomes, _ = belt.wait(belt.put("c@example.jp"), worker)
        assert outcomes == ["delivered"] and len(other.messages()) == 2


@pytest.mark.parametrize("key, value, words", [
    ("relay_host", "::1", "mail.relay_host: an IPv6 address"),
    ("from_address", "nobody", "mail.from_address: not a mail address"),
    ("return_address", "x@y z", "mail.return_address: not a mail address"),
    ("tls_ca_file", "/nonexistent", "mail.tls_ca_file: /nonexistent"),
])
def test_settings_that_cannot_be_used_end_it(tenko, belt, key, value, words):
    tenko.configure(mail={key: value})
    worker = tenko.start("tenko-mail", ready=False)
    assert worker.wait() == os.EX_CONFIG
    assert words in worker.log()


def test_it_ends_after_the_batch_in_hand(tenko, belt, relay):
    relay.rules("end:1 a@*=450 4.3.0 slow & hang")
    tenko.configure(mail={"timeout": "2s"})
    worker = tenko.start("tenko-mail")
    ids = belt.put("a@example.jp")
    wait_for(lambda: belt.client.xpending("{tenko}:q:mail:1", "workers")["pending"] == 1, 10)
    worker.send(signal.SIGTERM)
    assert worker.wait(15) == 0
    assert set(ids) <= set(belt.results())


@needs_root
def test_volume_through_smtp_sink(tenko, belt):
    port = free_port()
    sink = subprocess.Popen(["/usr/sbin/smtp-sink", "-u", "nobody", f"127.0.0.1:{port}", "1024"])
    try:
        wait_for(lambda: listens(port), 10)
        tenko.configure(mail={"relay_port": port}, log={"level": "warning"})
        ids = belt.put(*(f"p{i}@example.jp" for i in range(5000)))
        before = time.monotonic()
        workers = [tenko.start("tenko-mail", "--instance", n) for n in (1, 2)]
        outcomes, _ = belt.wait(ids, workers[0], 120)
        print(f"{len(ids) / (time.monotonic() - before):.0f} messages/s (with sanitizers, if built so)")
        assert outcomes == ["delivered"] * len(ids)
        assert belt.client.xlen("{tenko}:q:mail:1") == 0
    finally:
        sink.terminate()
        sink.wait()


POSTFIX_MASTER = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
error unix - - n - - error
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


@pytest.fixture
def postfix():
    """A Postfix of our own that puts all mail to @example.jp into one maildir; refuses nobody@."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="tkpf") as name:
        root, port = Path(name), free_port()
        root.chmod(0o755)
        for folder in ("etc", "spool", "data", "mail"):
            (root / folder).mkdir()
        for folder, user in (("data", "postfix"), ("mail", "nobody")):
            subprocess.run(["chown", user, root / folder], check=True)
        (root / "etc/master.cf").write_text(POSTFIX_MASTER.format(port=port))
        (root / "etc/nobody").write_text("nobody@example.jp 550 5.1.1 no such mailbox\n")
        (root / "etc/main.cf").write_text(f"""\
compatibility_level = 3.6
queue_directory = {root}/spool
data_directory = {root}/data
maillog_file = {root}/log
maillog_file_prefixes = {root}
myhostname = relay.example.jp
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
default_database_type = texthash
alias_maps =
smtpd_recipient_restrictions = check_recipient_access texthash:{root}/etc/nobody, reject_unauth_destination
virtual_mailbox_domains = example.jp, docomo.ne.jp
virtual_mailbox_maps = static:box/
virtual_mailbox_base = {root}/mail
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
""")
        command = ["/usr/sbin/postfix", "-c", root / "etc"]
        subprocess.run([*command, "start"], check=True, capture_output=True)
        try:
            wait_for(lambda: listens(port), 15)
            yield port, root / "mail/box"
        finally:
            subprocess.run([*command, "stop"], check=True, capture_output=True)


@needs_root
def test_a_real_postfix_puts_it_into_a_mailbox(tenko, belt, postfix):
    port, box = postfix
    tenko.configure(mail={"relay_port": port, "from_address": "anpi@example.jp"})
    worker = tenko.start("tenko-mail")
    names = ["髙﨑 太郎①", "𠮷野 花子～－", "O'Neil, \"Jim\""]
    ids = belt.put("nobody@example.jp")
    for i, name in enumerate(names):
        ids += belt.put(f"p{i}@example.jp", name=name)
    ids += belt.put("a..b.@docomo.ne.jp")
    outcomes, details = belt.wait(ids, worker)
    assert outcomes == ["refused"] + ["delivered"] * 4
    assert "queued as" in details[1]

    new = box / "new"
    files = wait_for(lambda: new.exists() and len(list(new.iterdir())) == 4 and list(new.iterdir()),
                     30, "four messages in the mailbox")
    messages = sorted((email.message_from_bytes(f.read_bytes(), policy=email.policy.default)
                       for f in files), key=lambda m: int(m["x-tenko-attempt"]))
    assert {m["subject"] for m in messages} == {TITLE}
    assert [m["to"].addresses[0].display_name for m in messages[:3]] == names
    assert [m["return-path"] for m in messages] == [f"<anpi+{i}@example.jp>" for i in ids[1:]]
    assert messages[3]["x-original-to"] in ('"a..b."@docomo.ne.jp', "a..b.@docomo.ne.jp")
    for message in messages:
        assert f"https://anpi.example.jp/r/{TOKEN}" in text_of(message).split("\n")
        assert len(message.get_all("date")) == len(message.get_all("message-id")) == 1
        assert not message.defects
