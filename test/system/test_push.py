"""Push notifications through the whole engine: people add their phones on the reply page, the
scheduler, the push worker and a push service of our own do the rest."""

import json
import os
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest
from crowd import CONTACT_HEADER, GROUP_HEADER, USER_HEADER, Sink, addresses_of, answer, token
from harness import wait_for
from push_double import FcmDouble, PushDouble, b64, point, unb64

PUSH_HEADER = CONTACT_HEADER + ",発信順プッシュ"
WEB, BY_PUSH = 1, 4
SECRETS = ("p256dh", "auth", "/push/")


def contact_row(person, mail_order="", push_order="", language="ja"):
    mails = addresses_of(person, 1) + ["", ""]
    return f"1,p{person},{language},{','.join(mails)},,,,{mail_order},,,,,,,,,{push_order}"


class Town:
    """A sandbox with people, a mail relay and a push service."""

    def __init__(self, tenko, service):
        self.tenko = tenko
        self.service = service
        self.sink = Sink(tenko.root / "sink").start()
        tenko.configure(
            mail={"relay_port": self.sink.port, "timeout": "3s"},
            push={"allow_private": True, "contact": "mailto:admin@example.jp", "timeout": "5s"},
            broadcast={"channels": "mail,push"},
            reply={"base_url": "https://anpi.example.jp"},
            pacing={"outage_backoff": "100ms", "outage_backoff_most": "500ms"},
            escalation={"retry_interval": "1s", "final_wait": "1s"})
        tenko.start_redis()

    def people(self, *contacts):
        """Users p1 ... of one group, with these rows of contacts."""
        people = range(1, len(contacts) + 1)
        texts = {"groups": [GROUP_HEADER, "1,g1,一課,p1,,,"],
                 "users": [USER_HEADER] + [f"1,p{n},{n:03},山田 {n}郎,,g1,0,0,0,p{n}@example.com,"
                                           "0,0,0,0,0,0,0,0,0,," for n in people],
                 "contacts": [PUSH_HEADER, *contacts]}
        arguments = []
        for name, lines in texts.items():
            path = self.tenko.root / f"{name}.csv"
            path.write_bytes(("\r\n".join(lines) + "\r\n").encode("cp932"))
            arguments += [f"--{name}", path]
        self.tenko.cli("import", *arguments)

    def start(self, *programs):
        for name in programs or ("tenko-scheduler", "tenko-mail", "tenko-reply", "tenko-push"):
            setattr(self, name.removeprefix("tenko-"), self.tenko.start(name))

    def ask(self, *more, title="地震", body="揺れました。\n無事ですか。"):
        path = self.tenko.root / "body.txt"
        path.write_text(body, encoding="utf-8")
        return self.tenko.cli_json("broadcast", "--title", title, "--body", path, "--yes",
                                   *more)["broadcast"]

    def invite(self):
        """A broadcast whose links people can add their phones by. It goes out to nobody: nobody has a
        telephone."""
        self.invitation = self.ask("--channels", "voice")
        self.finished(self.invitation)

    def add(self, person, body, kind="application/json"):
        """What the page's script posts; the status of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = (f"http://127.0.0.1:{self.tenko.reply_port()}"
               f"/r/{token(self.tenko, self.invitation, person)}/device")
        request = urllib.request.Request(url, data, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=20) as response:
                return response.status
        except urllib.error.HTTPError as error:
            return error.code

    def status(self, number):
        return self.tenko.cli_json("status", number)

    def finished(self, number, deadline=60):
        return wait_for(lambda: (s := self.status(number)) and s["state"] == "finished" and s,
                        deadline, "the end of the broadcast")

    def attempts(self, number):
        """(channel, outcome) in order."""
        names = {1: "mail", 3: "push"}
        outcomes = {None: None, 1: "delivered", 6: "refused", 7: "temporary", 8: "unknown", 9: "outage"}
        return [(names[c], outcomes[o]) for c, o in self.tenko.sql(
            "SELECT channel, outcome FROM attempt WHERE delivery_id >> 32 = ? ORDER BY id", number)]

    def devices(self, person):
        return self.tenko.cli_json("person", f"p{person}")["devices"]

    def logs(self):
        return "".join(path.read_text(errors="replace") for path in self.tenko.log_files())


@pytest.fixture
def town(tenko):
    with PushDouble() as service:
        town = Town(tenko, service)
        yield town
        town.sink.stop()
        assert service.faults == []
        logs = town.logs()
        for phone in service.phones.values():
            assert phone.endpoint not in logs
            assert phone.subscription["keys"]["p256dh"] not in logs


def test_mail_then_push_in_the_order_set(town):
    town.people(contact_row(1, 1, 2), contact_row(2, 2, 1, "en"))
    town.start()
    town.invite()
    one, two = town.service.subscribe(), town.service.subscribe()
    assert town.add(1, one.subscription) == 201
    assert town.add(2, two.subscription) == 201
    number = town.ask("--title-en", "Earthquake")
    status = town.finished(number)
    assert status["exhausted"] == 2
    assert status["attempts"]["push"] == {"delivered": 2}

    message, = one.messages()
    link = f"https://anpi.example.jp/r/{token(town.tenko, number, 1)}?by=push"
    assert message == {"title": "地震", "body": "揺れました。 無事ですか。", "url": link,
                       "tag": b64(f"b{number}".encode()), "lang": "ja"}
    assert two.messages()[0]["title"] == "Earthquake" and two.messages()[0]["lang"] == "en"
    _, topic, headers, _ = one.received[0]
    assert topic == message["tag"]
    assert headers["Urgency"] == "high" and 86000 < int(headers["TTL"]) <= 86400
    claims = unb64(headers["Authorization"].split("=")[1].split(".")[1])
    assert json.loads(claims)["sub"] == "mailto:admin@example.jp"

    orders = town.tenko.sql("SELECT d.person_id, a.channel, a.dial_order, a.address FROM attempt a"
                            " JOIN delivery d ON d.id = a.delivery_id WHERE d.broadcast_id = ?"
                            " ORDER BY d.person_id, a.id", number)
    assert orders == [(1, 1, 1, "p1.1@example.com"), (1, 3, 2, "devices 1"),
                      (2, 3, 1, "devices 2"), (2, 1, 2, "p2.1@example.com")]
    town.tenko.cli("verify")


def test_an_answer_stops_the_chain_before_the_push(town):
    town.tenko.configure(escalation={"retry_interval": "3s"})
    town.people(contact_row(1, 1, 2))
    town.start()
    town.invite()
    phone = town.service.subscribe()
    town.add(1, phone.subscription)
    number = town.ask()
    wait_for(lambda: ("mail", "delivered") in town.attempts(number))
    answer(town.tenko, number, 1)
    assert town.finished(number)["answered"] == 1
    assert phone.messages() == []


def test_the_link_of_a_notification_says_how_the_answer_came(town):
    town.people(contact_row(1, "", 1))
    town.start("tenko-scheduler", "tenko-reply", "tenko-push")
    town.invite()
    phone = town.service.subscribe()
    town.add(1, phone.subscription)
    number = town.ask()
    message, = wait_for(phone.messages)
    link = urllib.parse.urlsplit(message["url"])
    for query in (link.query, "", "by=voice", "by=push&lang=en", "by=", "by=push%00"):
        url = f"http://127.0.0.1:{town.tenko.reply_port()}{link.path}?{query}"
        with urllib.request.urlopen(url, b"status=safe", timeout=20) as page:
            assert page.status == 200
    ways = town.tenko.sql("SELECT way FROM reply WHERE broadcast_id = ? ORDER BY id", number)
    assert [way for way, in ways] == [BY_PUSH, WEB, WEB, BY_PUSH, WEB, WEB]


def test_all_devices_at_once_and_those_that_are_gone_are_forgotten(town):
    town.people(contact_row(1, "", 1))
    town.start()
    town.invite()
    phones = [town.service.subscribe() for _ in range(4)]
    for phone in phones:
        assert town.add(1, phone.subscription) == 201
    town.service.answer(phones[0], 410)
    town.service.answer(phones[1], 404)
    town.service.answer(phones[2], 413)
    number = town.ask()
    town.finished(number)
    assert town.attempts(number) == [("push", "delivered")]
    assert [len(phone.messages()) for phone in phones] == [0, 0, 0, 1]
    assert [device["id"] for device in town.devices(1)] == [3, 4]
    (detail,), = town.tenko.sql("SELECT detail FROM attempt ORDER BY id DESC LIMIT 1")
    assert "device 1: status 410, gone" in detail and "device 4: status 201" in detail

    # The last two go as well: refused, and then there is none left to try.
    town.service.answer(phones[2], 410)
    town.service.answer(phones[3], 410)
    second = town.ask()
    town.finished(second)
    assert town.attempts(second) == [("push", "refused")] and town.devices(1) == []
    third = town.ask()
    town.finished(third)
    assert town.attempts(third) == [("push", "refused")]
    assert town.tenko.sql("SELECT detail FROM attempt ORDER BY id DESC LIMIT 1") == [("no device",)]
    town.tenko.cli("verify")


@pytest.mark.parametrize("status, headers", [(503, {"Retry-After": "2"}), (429, {}), (500, {})])
def test_trouble_of_the_service_costs_no_step(town, status, headers):
    town.people(contact_row(1, 2, 1), contact_row(2, "", 1))
    town.start()
    town.invite()
    phones = [town.service.subscribe(), town.service.subscribe()]
    for person, phone in enumerate(phones, 1):
        town.add(person, phone.subscription)
        town.service.answer(phone, status, headers)
    number = town.ask()
    # Nobody waits for the channel who has anything else.
    wait_for(lambda: town.sink.messages())
    wait_for(lambda: ("push", "outage") in town.attempts(number))
    assert town.status(number)["exhausted"] == 0
    for phone in phones:
        town.service.answer(phone, 201)
    town.finished(number)
    attempts = town.attempts(number)
    assert attempts.count(("push", "delivered")) == 2 and attempts.count(("mail", "delivered")) == 1
    assert [len(phone.messages()) for phone in phones] == [1, 1]
    if "Retry-After" in headers:
        times = [at for at, _, _ in town.service.requests]
        refused = max(at for at, _, s in town.service.requests if s == status)
        assert min(t for t in times if t > refused) - refused > 1.9
    town.tenko.cli("verify")


def test_a_connection_that_breaks_is_tried_again_with_the_same_topic(town):
    town.people(contact_row(1, "", 1))
    town.start()
    town.invite()
    phone = town.service.subscribe()
    town.add(1, phone.subscription)
    town.service.answer(phone, 201, times=0)
    town.service.answer(phone, "reset", times=1)
    number = town.ask()
    town.finished(number)
    assert town.attempts(number) == [("push", "unknown"), ("push", "delivered")]
    assert len(phone.waiting()) == 1


def test_no_connection_into_our_own_network(town):
    town.people(contact_row(1, "", 1))
    town.start("tenko-scheduler", "tenko-mail", "tenko-reply")
    town.invite()
    phone = town.service.subscribe()
    assert town.add(1, phone.subscription) == 201  # taken while it was allowed
    town.tenko.configure(push={"allow_private": False})
    town.start("tenko-push")
    number = town.ask()
    town.finished(number)
    assert town.attempts(number) == [("push", "refused")]
    # With TLS, too, by a number and by a name.
    for endpoint in ("https://127.0.0.1:1/x", "https://localhost:1/x", "https://[::1]:1/x"):
        town.tenko.sql("UPDATE device SET endpoint = ?", endpoint)
        number = town.ask()
        town.finished(number)
        assert town.attempts(number) == [("push", "refused")], endpoint
        (detail,), = town.tenko.sql("SELECT detail FROM attempt ORDER BY id DESC LIMIT 1")
        assert "not a public one" in detail
    assert town.service.requests == []


def test_a_lost_queue_is_filled_again_with_the_same_jobs(town):
    town.people(contact_row(1, "", 1), contact_row(2, "", 1))
    town.start("tenko-scheduler", "tenko-mail", "tenko-reply")
    town.invite()
    phones = [town.service.subscribe(), town.service.subscribe()]
    for person, phone in enumerate(phones, 1):
        town.add(person, phone.subscription)
    number = town.ask()
    wait_for(lambda: len(town.attempts(number)) == 2)
    town.tenko.redis.client.flushall()
    town.scheduler.wait_log(r"attempts\.again channel=push")
    town.start("tenko-push")
    town.finished(number)
    assert town.attempts(number) == [("push", "delivered")] * 2
    assert [len(phone.messages()) for phone in phones] == [1, 1]
    town.tenko.cli("verify")


def test_what_is_no_subscription_is_refused(town):
    town.people(contact_row(1, "", 1))
    town.start("tenko-scheduler", "tenko-mail", "tenko-reply")
    town.invite()
    good = town.service.subscribe().subscription
    keys = good["keys"]
    bad = [b"", b"{", b"[]", b"null", {}, {"endpoint": good["endpoint"]},
           {**good, "endpoint": 7}, {**good, "endpoint": ""}, {**good, "endpoint": "ftp://example.com/"},
           {**good, "endpoint": "https://user@example.com/"}, {**good, "endpoint": "https://a/b c"},
           {**good, "endpoint": "https://a/\"x"}, {**good, "endpoint": "https://a/\u00e9"},
           {**good, "endpoint": "https://a/" + "x" * 2048},
           {**good, "keys": {}}, {**good, "keys": {**keys, "auth": "AAAA"}},
           {**good, "keys": {**keys, "p256dh": "B" + "A" * 86}}, {**good, "label": "a\u001b[2J"},
           {**good, "label": "x" * 65}, {"fcm": ""}, {"fcm": "a b"}]
    for body in bad:
        assert town.add(1, body) == 400, body
    assert town.add(1, {**good, "label": "x" * 4096}) == 413
    assert town.add(1, good, "text/plain") == 415
    assert town.devices(1) == []

    # Over the years people have more phones than they carry: the oldest make room.
    for _ in range(7):
        assert town.add(1, town.service.subscribe().subscription) == 201
    assert [device["id"] for device in town.devices(1)] == [3, 4, 5, 6, 7]
    newest = town.service.phones["phone-8"].subscription
    assert town.add(1, newest) == 201  # once more: still the same device
    assert [device["id"] for device in town.devices(1)] == [3, 4, 5, 6, 7]

    town.tenko.configure(push={"allow_private": False})
    town.reply.send(1)  # SIGHUP
    town.reply.wait_log("settings.reload")
    assert town.add(1, good) == 400
    assert town.add(1, {**good, "endpoint": "https://push.example.com/x"}) == 201


def test_the_command_shows_a_person_and_forgets_a_device(town):
    town.people(contact_row(1, 2, 1), contact_row(2, 1))
    town.start("tenko-scheduler", "tenko-mail", "tenko-reply")
    town.invite()
    town.add(1, {**town.service.subscribe().subscription, "label": "古い電話"})
    town.add(1, {"fcm": "registration:token-1"})
    cli = town.tenko.cli
    person = town.tenko.cli_json("person", "p1")
    assert (person["user"], person["name"], person["group"], person["state"]) == (
        "p1", "山田 1郎", "g1", "active")
    assert [(s["order"], s["channel"]) for s in person["plan"]] == [(1, "push"), (2, "mail")]
    assert person["plan"][1]["addresses"] == ["p***@example.com"]
    browser, app = person["devices"]
    assert (browser["kind"], browser["host"], browser["label"]) == (
        "webpush", f"127.0.0.1:{town.service.port}", "古い電話")
    assert (app["kind"], app["host"]) == ("fcm", "FCM")
    text = cli("person", "p1").stdout
    assert "p1.1@" not in text and "古い電話" in text
    assert not any(secret in text for secret in SECRETS)
    assert "p1.1@example.com" in cli("person", "p1", "--addresses").stdout
    assert "Devices: none" in cli("person", "p2").stdout

    cli("person", "p1", "--forget-device", browser["id"])
    assert [device["id"] for device in town.devices(1)] == [app["id"]]
    assert town.tenko.sql("SELECT action, subject, detail FROM audit ORDER BY id DESC LIMIT 1") == [
        ("device.forgotten", "person=p1", "device 1")]
    assert "no device" in cli("person", "p1", "--forget-device", 1, code=os.EX_DATAERR).stderr
    assert "no device" in cli("person", "p2", "--forget-device", 2, code=os.EX_DATAERR).stderr
    assert "no user" in cli("person", "nobody", code=os.EX_DATAERR).stderr
    for wrong in (["person"], ["person", "p1", "p2"], ["person", "p1", "--forget-device", "x"]):
        cli(*wrong, code=os.EX_USAGE)


def test_the_page_offers_it_only_to_whom_it_helps(town):
    town.people(contact_row(1, "", 1), contact_row(2, 1))
    town.start("tenko-scheduler", "tenko-mail", "tenko-reply")
    town.invite()

    def get(path):
        return urllib.request.urlopen(f"http://127.0.0.1:{town.tenko.reply_port()}{path}", timeout=20)

    def page(person):
        with get(f"/r/{token(town.tenko, town.invitation, person)}") as response:
            return response.read().decode(), response.headers["Content-Security-Policy"]

    text, policy = page(1)
    key = re.search(r"data-key=([\w-]+)", text)[1]
    assert len(unb64(key)) == 65 and 'src="../push.js"' in text and len(text.encode()) < 8192
    assert "script-src 'self'" in policy and "unsafe" not in policy
    text, policy = page(2)
    assert "script" not in text and "script-src" not in policy
    for path in ("/push.js", "/sw.js"):
        with get(path) as response:
            assert response.headers["Content-Type"].startswith("text/javascript")
            assert b"use strict" in response.read()
    town.tenko.configure(broadcast={"channels": "mail"})
    town.reply.send(1)
    town.reply.wait_log("settings.reload")
    assert "script" not in page(1)[0]
    assert town.add(1, town.service.subscribe().subscription) == 404
    with pytest.raises(urllib.error.HTTPError):
        get("/push.js")


@pytest.fixture
def fcm(town):
    with FcmDouble(town.tenko.root) as service:
        town.tenko.configure(push={"fcm_service_account": service.account, "fcm_url": service.url})
        yield service
        assert service.faults == []
        assert "PRIVATE KEY" not in town.logs() and "token-" not in town.logs()


def error(status, code, **headers):
    body = {"error": {"code": status, "status": code, "details": [{"errorCode": code}]}}
    return status, body, {key.replace("_", "-"): value for key, value in headers.items()}


def test_apps_get_theirs_over_fcm(town, fcm):
    town.people(contact_row(1, "", 1), contact_row(2, "", 1))
    town.start()
    town.invite()
    phone = town.service.subscribe()
    assert town.add(1, {"fcm": "app:one"}) == 201
    assert town.add(2, {"fcm": "app:two"}) == 201
    assert town.add(2, phone.subscription) == 201
    number = town.ask()
    town.finished(number)
    assert town.attempts(number) == [("push", "delivered")] * 2
    assert {m["token"] for m in fcm.messages} == {"app:one", "app:two"}
    message = next(m for m in fcm.messages if m["token"] == "app:one")
    assert message["notification"]["title"] == "地震"
    assert message["data"]["url"].endswith(f"{token(town.tenko, number, 1)}?by=push")
    assert message["android"]["priority"] == "HIGH"
    assert message["android"]["collapse_key"] == phone.messages()[0]["tag"]
    assert len(fcm.tokens) == 1

    # Uninstalled; bad for good; our access withdrawn; too many.
    fcm.script += [error(404, "UNREGISTERED"), error(400, "INVALID_ARGUMENT")]
    number = town.ask()
    town.finished(number)
    kept = sum(len(town.devices(person)) for person in (1, 2))
    assert kept == 2 and fcm.script == []


def test_fcm_renews_its_access_and_waits_where_it_is_told_to(town, fcm):
    town.people(contact_row(1, "", 1))
    town.start()
    town.invite()
    assert town.add(1, {"fcm": "app:one"}) == 201
    fcm.script += [error(429, "RESOURCE_EXHAUSTED", Retry_After=1)]
    number = town.ask()
    town.finished(number)
    attempts = town.attempts(number)
    assert attempts[0] == ("push", "outage") and attempts[-1] == ("push", "delivered")
    assert len(fcm.tokens) == 1
    with fcm.lock:
        fcm.tokens.append("somebody else's")
    number = town.ask()
    town.finished(number)
    assert town.attempts(number)[-1] == ("push", "delivered")
    assert len(fcm.tokens) == 3 and len(fcm.messages) == 2


def test_without_a_sound_service_account_the_worker_says_so(town):
    account = town.tenko.root / "account.json"
    for text in ("{}", "no json", json.dumps({"project_id": "../x", "client_email": "a",
                                              "private_key": "b", "token_uri": "c"})):
        account.write_text(text)
        account.chmod(0o600)
        town.tenko.configure(push={"fcm_service_account": account})
        worker = town.tenko.start("tenko-push", ready=False)
        assert worker.wait() == os.EX_CONFIG and "no service account" in worker.log()


def test_init_makes_a_missing_key_and_keeps_one_that_is_there(town):
    key = town.tenko.data_dir / "vapid.key"
    assert key.stat().st_mode & 0o777 == 0o600
    before = key.read_bytes()
    town.tenko.cli("init", town.tenko.data_dir)
    assert key.read_bytes() == before
    key.unlink()
    worker = town.tenko.start("tenko-push", ready=False)
    assert worker.wait() == os.EX_CONFIG and "tenko init" in worker.log()
    assert "vapid.key" in town.tenko.cli("init", town.tenko.data_dir).stdout
    assert key.read_bytes() != before and key.stat().st_mode & 0o777 == 0o600
    town.start("tenko-push")


def test_the_dial_order_goes_there_and_back(town):
    town.people(contact_row(1, 1, 2), contact_row(2, 1))
    done = town.tenko.cli("export", "--contacts", "-", "--utf8")
    header, *rows = [line for line in done.stdout.splitlines() if not line.startswith("#")]
    assert header.lstrip("\ufeff") == PUSH_HEADER
    assert [row.rsplit(",", 1)[1] for row in rows] == ["2", ""]

    def change(header, row, code=0):
        path = town.tenko.root / "change.csv"
        path.write_bytes(f"{header}\r\n{row}\r\n".encode("cp932"))
        return town.tenko.cli("import", "--contacts", path, code=code)

    def order_of(person):
        return [(s["order"], s["channel"]) for s in town.tenko.cli_json("person", person)["plan"]]

    # A file without the column leaves it as it is.
    change("更新区分,ユーザID,発信順メール", "2,p1,3")
    assert order_of("p1") == [(2, "push"), (3, "mail")]
    change("更新区分,ユーザID,発信順プッシュ", "2,p1,")
    assert order_of("p1") == [(3, "mail")]
    refused = change("更新区分,ユーザID,発信順プッシュ", "2,p1,3", os.EX_DATAERR)
    assert "発信順プッシュ" in refused.stderr and "発信順 3 が 2 回" in refused.stderr
    change("更新区分,ユーザID,発信順プッシュ", "2,p1,5", os.EX_DATAERR)


def test_the_double_refuses_what_a_strict_service_would(town):
    """The double is a measure only as long as it notices."""
    phone = town.service.subscribe()
    other = town.service.subscribe()
    assert point(phone.private_key.public_key()) != point(other.private_key.public_key())
    request = urllib.request.Request(phone.endpoint, b"x" * 200, {
        "TTL": "1", "Urgency": "high", "Topic": "t", "Content-Encoding": "aes128gcm",
        "Authorization": "vapid t=a.b.c, k=AAAA"})
    with pytest.raises(urllib.error.HTTPError):
        urllib.request.urlopen(request, timeout=20)
    assert len(town.service.faults) == 1
    town.service.faults.clear()
