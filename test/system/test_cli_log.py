"""tenko log: one story out of the records of all processes."""

import json
import os
import re
import signal
import time

from cli_roster import ask, database, roster, running  # noqa: F401  (a fixture)
from harness import wait_for


def events(tenko, *words):
    return tenko.cli_json("log", *words)["events"]


def whats(tenko, *words):
    return [e["what"] for e in events(tenko, *words)]


def reached(running):
    """A broadcast that came to its end; the attempt of U03."""
    running.start("tenko-mail")
    ask(running)
    wait_for(lambda: running.cli_json("status")["state"] == "finished", 30, "the end")
    attempt, = running.sql("SELECT a.id FROM attempt a JOIN delivery d ON d.id = a.delivery_id WHERE d.person_id = 3")[0]
    return attempt


def test_an_attempt_tells_its_story_from_asking_to_the_answer(running):
    attempt = reached(running)
    running.cli("reply", 1, "U03", "--choice", "safe", "--by", "山田")
    wait_for(lambda: running.cli_json("log", f"attempt={attempt}")["now"] == "answered", 10, "the answer")
    told = events(running, f"attempt={attempt}")
    assert [e["what"] for e in told] == ["broadcast.requested", "broadcast.started", "attempt.queued", "attempt.ended",
                                         "broadcast.finished", "reply.recorded"]
    assert [e["at"] for e in told] == sorted(e["at"] for e in told)
    assert told[3]["is"] == "delivered" and told[3]["user"] == "U03" and told[3]["attempt"] == attempt
    assert (told[5]["text"], told[5]["is"], told[5]["who"]) == ("safe", "proxy", "山田")
    for e, subject in ((told[0], "broadcast=1"), (told[3], f"attempt={attempt}"), (told[5], "reply=1")):
        assert running.sql("SELECT subject FROM audit WHERE id = ?", e["ledger"]) == [(subject,)]
    lines = running.cli("log", f"attempt={attempt}").stdout.splitlines()
    assert re.search(rf"attempt={attempt} +mail: handed over, order 1, address 1, try 1, round 1, to u\*\*\*@example.com$", lines[2])
    assert lines[-1] == "Now: answered" and "@" not in re.sub(r"\*\*\*@", "", "".join(lines))


def test_what_others_said_of_an_attempt_is_part_of_it(running):
    attempt = reached(running)
    now = int(time.time() * 1000)
    with database(running) as db:
        db.execute("INSERT INTO bounce(attempt_id, kind, status, detail, at) VALUES (?, 1, '5.1.1', 'no u***', ?)",
                   (attempt, now))
        db.execute("UPDATE attempt SET channel = 2 WHERE id <> ?", (attempt,))
        other, = db.execute("SELECT min(id) FROM attempt WHERE id <> ?", (attempt,)).fetchone()
        db.execute("INSERT INTO call_event(attempt_id, call_sid, status, answered_by, sequence, at)"
                   " VALUES (?, 'CA1', 3, '', 0, ?)", (other, now))
    bounced = events(running, f"attempt={attempt}")[-1]
    assert (bounced["what"], bounced["is"], bounced["text"]) == ("attempt.bounced", "failed", "5.1.1 no u***")
    assert "came back for good: 5.1.1 no u***" in running.cli("log", f"attempt={attempt}").stdout
    assert "the provider says ringing" in running.cli("log", f"attempt={other}").stdout


def test_a_person_and_a_broadcast(running):
    reached(running)
    assert whats(running, "person=U03") == ["attempt.queued", "attempt.ended"]
    assert whats(running, "person=U03", "broadcast=1") == whats(running, "person=3", "broadcast=1")
    assert len(events(running, "broadcast=1")) == 3 + 2 * 9
    assert len(events(running, "broadcast=1", "--most", 2)) == 3 + 2 * 2
    assert re.search(r"attempt=\d+ +person=U0\d mail: ", running.cli("log", "broadcast=1").stdout)
    running.cli("remind", 1)
    wait_for(lambda: "broadcast.control" in whats(running, "broadcast=1"), 10, "the control")
    # who has no contact was never tried, and is no error
    assert running.cli("log", "person=U08").stdout == ""
    assert "Now: tried to the end" in running.cli("log", "person=U08", "broadcast=1").stdout


def test_a_telegram_and_what_it_led_to(roster):
    ask(roster)
    with database(roster) as db:
        db.execute("INSERT INTO telegram(id, source, key, state, received_at, bytes) VALUES (4, 1, 'k', 2, 5000, '')")
        db.execute("INSERT INTO event(id, telegram_id, hazard, status, act, title, keys, sent_at, occurred_at, event)"
                   " VALUES (6, 4, 1, 1, 1, '震度速報', '[]', 1, 1, '{}')")
        db.execute("INSERT INTO decision(event_id, rule, verdict, reason, acted, at, broadcast_id)"
                   " VALUES (6, 'earthquake', 1, 'sent: 6+ in 220', '[]', 6000, 1)")
    assert whats(roster, "telegram=4") == ["telegram.received", "telegram.event", "telegram.decided", "broadcast.requested"]
    assert whats(roster, "broadcast=1") == ["telegram.decided", "broadcast.requested"]
    assert "sent: 6+ in 220, rule earthquake" in roster.cli("log", "telegram=4").stdout


def test_what_is_not_there_or_no_subject_is_said(roster):
    ask(roster)
    for word, said in (("attempt=812", "no attempt 812"), ("broadcast=7", "no broadcast 7; see: tenko list"),
                       ("telegram=3", "no telegram 3; see: tenko feed list"), ("person=X", 'no user "X"')):
        done = roster.cli("log", word, code=os.EX_DATAERR)
        assert said in done.stderr and done.stdout == "", word
    for words in ([], ["812"], ["attempt=x"], ["attempt="], ["reply=3"], ["telegram=1", "broadcast=1"],
                  ["broadcast=1", "--most", "0"]):
        assert "see: tenko log --help" in roster.cli("log", *words, code=os.EX_USAGE).stderr, words


def test_follow_prints_what_comes_once(running):
    reached(running)
    follower = running.start("tenko", "log", "broadcast=1", "person=U03", "--follow", "--json", ready=False)
    follower.wait_log("broadcast.finished")
    running.cli("reply", 1, "U03", "--choice", "safe")
    follower.wait_log("reply.recorded")
    follower.send(signal.SIGINT)
    assert follower.wait() == 0
    told = [json.loads(line)["what"] for line in follower.log().splitlines() if line.startswith("{")]
    assert sorted(told) == sorted(set(told)) and told[-1] == "reply.recorded"
