"""Mail that comes back: the relay takes it, and sends a delivery status notification to the address
that the mail came from; `tenko bounce` or the watched maildir reads it."""

import csv
import io

import pytest

from crowd import addresses_of, answer, import_crowd
from harness import wait_for
from smtp_double import SmtpDouble

HOUR = "1h"


@pytest.fixture
def town(tenko):
    """Six people with two mail addresses at order 1; p1 to p3 have a telephone behind them."""
    with SmtpDouble(tenko.root / "relay") as relay:
        tenko.relay = relay
        tenko.configure(
            mail={"relay_port": relay.port, "from_address": "anpi@example.jp",
                  "return_address": "bounce@bounces.example.jp"},
            escalation={"retry_interval": HOUR, "final_wait": HOUR, "mail_retries": 1})
        tenko.start_redis()
        import_crowd(tenko, 6)
        yield tenko


def begin(tenko, *to):
    for name in ("tenko-scheduler", "tenko-mail"):
        tenko.start(name)
    number = tenko.cli_json("broadcast", "--title", "地震", "--yes",
                            *(["--to", ",".join(to)] if to else []))["broadcast"]
    people = len(to) or 6
    wait_for(lambda: status(tenko)["attempts"]["mail"].get("delivered") == 2 * people)
    return number


def status(tenko):
    return tenko.cli_json("status")


def mail_to(tenko, address):
    return [m for m in tenko.relay.messages() if address in m["x-sandbox-recipient"]][-1]


def notification(mail, recipient, action="failed", code="5.1.1", returned=True, to=None):
    """As a relay writes it about a mail that it took (RFC 3464)."""
    back = to or mail["return-path"].strip("<>")
    head = "".join(f"{name}: {value}\n" for name, value in mail.items()
                   if name.lower() in ("from", "to", "message-id", "x-tenko-attempt", "x-tenko-proof"))
    third = f"--edge\nContent-Type: text/rfc822-headers\n\n{head}\n" if returned else ""
    return (f"From: MAILER-DAEMON@mx.example\nTo: {back}\nAuto-Submitted: auto-replied\n"
            "MIME-Version: 1.0\nSubject: Undelivered Mail Returned to Sender\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=edge\n\n"
            "--edge\nContent-Type: text/plain\n\nIt did not work.\n\n"
            "--edge\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n\n"
            f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {code}\n"
            f"Diagnostic-Code: smtp; 550 {code} <{recipient}>: no such mailbox\n\n{third}--edge--\n")


def bounce(tenko, address, code=0, **how):
    mail = mail_to(tenko, address)
    return tenko.cli("bounce", input=notification(mail, how.pop("recipient", address), **how),
                     code=code)


def outcome(tenko, address):
    return tenko.sql("SELECT outcome FROM attempt WHERE address = ? ORDER BY id", address)


def bad_addresses(tenko, *more):
    return tenko.cli_json("list", "--bad-addresses", *more)["bad_addresses"]


def taken(tenko, count):
    wait_for(lambda: tenko.sql("SELECT position FROM cursor WHERE name = 'bounce'") == [(count,)],
             20, "the scheduler to read the bounces")


def test_a_mail_that_comes_back(town):
    begin(town)
    first, second = addresses_of(1, 2)
    assert "failed for good (5.1.1)" in bounce(town, first).stdout
    taken(town, 1)
    assert outcome(town, first) == [(6,)] and outcome(town, second) == [(1,)]
    mails = status(town)["attempts"]["mail"]
    assert (mails["delivered"], mails["refused"]) == (11, 1)
    detail, = town.sql("SELECT detail FROM attempt WHERE address = ?", first)[0]
    assert "no such mailbox" in detail and first not in detail

    # twice, and said in other words: nothing changes
    assert "known before" in bounce(town, first).stdout
    bounce(town, first, returned=False)
    assert status(town)["attempts"]["mail"] == mails
    town.cli("verify")
    town.cli("verify", "--ledger")

    bad, = bad_addresses(town)
    assert (bad["user"], bad["contact"], bad["order"], bad["status"]) == ("p1", "mail 1", 1, "5.1.1")
    assert first not in str(bad) and bad["address"].endswith("@example.com")
    assert bad_addresses(town, "--addresses")[0]["address"] == first
    rows = list(csv.reader(io.StringIO(
        town.cli("list", "--bad-addresses", "--csv").stdout.lstrip("\ufeff"))))
    assert rows[0][0] == "ユーザID" and rows[1][0] == "p1" and len(rows) == 2
    text = town.cli("list", "--bad-addresses").stdout
    assert "p1" in text and "mail 1" in text and "5.1.1" in text and first not in text


def test_the_chain_goes_on_at_once(town):
    """The second round of mails is an hour away; where both came back there is nothing to wait for
    but the answer."""
    begin(town, "user:p1", "user:p2")
    for address in addresses_of(1, 2):
        bounce(town, address)
    taken(town, 2)
    phases = dict(town.sql("SELECT person_id, phase FROM delivery"))
    first, = town.sql("SELECT id FROM person WHERE code = 'p1'")[0]
    second, = town.sql("SELECT id FROM person WHERE code = 'p2'")[0]
    assert phases[first] == 4 and phases[second] == 0  # waits for the answer; for the retry
    assert len(bad_addresses(town)) == 2
    town.cli("verify")


def test_delayed_is_noted_and_expired_is_no_bad_address(town):
    begin(town)
    a, b = addresses_of(1, 1)[0], addresses_of(2, 1)[0]
    bounce(town, a, action="delayed", code=0)
    taken(town, 1)
    assert outcome(town, a) == [(1,)]
    mail = mail_to(town, b)
    town.cli("bounce", input=notification(mail, b, code="4.4.7"))
    taken(town, 2)
    assert outcome(town, b) == [(7,)]
    assert bad_addresses(town) == []
    assert "come back" in town.cli("list", "--bad-addresses").stderr
    # the delayed one is given up in the end
    bounce(town, a)
    taken(town, 3)
    assert outcome(town, a) == [(6,)] and len(bad_addresses(town)) == 1
    town.cli("verify")


def test_who_forges_is_not_believed(town):
    begin(town)
    one, other = addresses_of(1, 1)[0], addresses_of(2, 1)[0]
    mine, theirs = mail_to(town, one), mail_to(town, other)
    their_back = theirs["return-path"].strip("<>")
    forged = [
        notification(mine, one, to=their_back),  # my mail, another's number
        notification(mine, "x@example.org", to=their_back, returned=False),
        notification(mine, one, to="bounce+99999@bounces.example.jp"),
        notification(mine, one, to="bounce@bounces.example.jp"),
        notification(mine, one, to=their_back + ".evil.example"),
    ]
    for message in forged:
        done = town.cli("bounce", input=message, code=65)
        assert "not believed" in done.stderr or "names no attempt" in done.stderr
        assert one not in done.stderr and other not in done.stderr
    # forwarded elsewhere, where the address is another: our mail came back with it
    bounce(town, one, recipient="elsewhere@example.net")
    taken(town, 1)
    assert outcome(town, other) == [(1,)] and outcome(town, one) == [(6,)]
    # too old to be believed
    town.sql("UPDATE attempt SET created_at = created_at - 15 * 86400000 WHERE address = ?", other)
    assert "too old" in bounce(town, other, code=65).stderr
    assert len(town.sql("SELECT * FROM bounce")) == 1


@pytest.mark.parametrize("message, code, word", [
    ("", 65, "no header"),
    ("Subject: hello\n\nhello\n", 65, "RFC 3464"),
    ("From: a@b\nAuto-Submitted: auto-replied\n\naway\n", 0, "automatic reply"),
    ("X: " + "y" * (5 << 20) + "\n\n", 65, "4 MiB"),
], ids=["empty", "a letter", "out of office", "too long"])
def test_what_is_no_bounce(tenko, message, code, word):
    tenko.init()
    done = tenko.cli("bounce", input=message, code=code)
    assert word in done.stdout + done.stderr


def test_the_ledger_tells_of_it(town):
    begin(town, "user:p1")
    first, second = addresses_of(1, 2)
    bounce(town, first)
    taken(town, 1)
    assert town.sql("SELECT count(*) FROM audit WHERE action = 'bounce.recorded'") == [(1,)]
    town.cli("verify", "--ledger")
    # who makes a mail one that came back needs a bounce, and the ledger knows of all
    town.sql("UPDATE attempt SET first_outcome = outcome, first_detail = detail, outcome = 6"
             " WHERE address = ?", second)
    assert "no bounce says so" in town.cli("verify", code=65).stdout
    town.sql("INSERT INTO bounce(attempt_id, kind, status, at)"
             " SELECT id, 1, '5.1.1', 1 FROM attempt WHERE address = ?", second)
    done = town.cli("verify", "--ledger", code=65)
    assert "bounce=2 stands nowhere in the ledger" in done.stdout + done.stderr


def test_the_relay_may_say_the_address(town):
    begin(town, "user:p1")
    address = addresses_of(1, 1)[0]
    mail = mail_to(town, address)
    message = notification(mail, address, to="somebody@example.jp")
    town.cli("bounce", input=message, code=65)
    answer_ = town.cli_json("bounce", "--to", mail["return-path"].strip("<>"), input=message)
    assert answer_["recorded"] is True and answer_["kind"] == "failed"


def test_a_new_address_takes_the_mark_away(town):
    begin(town, "user:p1")
    first, second = addresses_of(1, 2)
    for address in (first, second):
        bounce(town, address)
    wait_for(lambda: len(bad_addresses(town)) == 2)
    contacts = town.root / "contacts.csv"
    town.cli("export", "--utf8", "--contacts", contacts)
    lines = contacts.read_text(encoding="utf-8-sig").splitlines()
    changed = [lines[0]] + ["2" + line[1:].replace(first, "new@example.com")
                            for line in lines if ",p1," in line]
    contacts.write_text("\r\n".join(changed) + "\r\n", encoding="utf-8")
    town.cli("import", "--contacts", contacts)
    bad, = bad_addresses(town, "--addresses")
    assert bad["address"] == second
    # and it stays away when the old one comes back
    contacts.write_text("\r\n".join(changed).replace("new@example.com", first) + "\r\n",
                        encoding="utf-8")
    town.cli("import", "--contacts", contacts)
    assert len(bad_addresses(town)) == 1


def test_after_the_answer_only_the_record_changes(town):
    town.start("tenko-reply")
    number = begin(town, "user:p1")
    answer(town, number, 1)
    wait_for(lambda: status(town)["answered"] == 1)
    bounce(town, addresses_of(1, 1)[0])
    taken(town, 1)
    after = status(town)
    assert after["answered"] == 1 and after["attempts"]["mail"]["refused"] == 1
    assert len(bad_addresses(town)) == 1
    town.cli("verify")


def test_a_maildir_that_is_watched(town):
    box = town.root / "box"
    for name in ("new", "cur", "tmp"):
        (box / name).mkdir(parents=True)
    town.configure(mail={"bounce_maildir": str(box)})
    begin(town, "user:p1", "user:p2")
    watcher = town.start("tenko-bounce")
    address = addresses_of(1, 1)[0]
    message = notification(mail_to(town, address), address)
    (box / "tmp" / "1").write_text(message)
    (box / "tmp" / "2").write_text("Subject: hello\n\nhello\n")
    (box / "new" / "3").symlink_to("/etc/passwd")
    (box / "tmp" / "1").rename(box / "new" / "1")
    (box / "tmp" / "2").rename(box / "new" / "2")
    taken(town, 1)
    wait_for(lambda: not list((box / "new").iterdir()))
    assert sorted(p.name for p in (box / "cur").iterdir()) == ["1:2,S", "2:2,S", "3:2,S"]
    assert len(watcher.events("bounce.refused")) == 2
    assert address not in watcher.log()
    # the same again, by hand
    assert watcher.stop() == 0
    (box / "new" / "4").write_text(message)
    done = town.cli_json("bounce", "--maildir", str(box))
    assert done == {"recorded": 0, "again": 1, "ignored": 0, "refused": 0}
    missing = town.cli("bounce", "--maildir", str(town.root / "nowhere"), code=66)
    assert "must be a maildir" in missing.stderr


def test_options_that_do_not_fit(tenko):
    tenko.init()
    for words in (["bounce", "--to", "a", "--maildir", "b"], ["bounce", "x"],
                  ["list", "--bad-addresses", "1"], ["list", "--addresses"],
                  ["list", "--bad-addresses", "--csv", "--json"]):
        tenko.cli(*words, code=64)
