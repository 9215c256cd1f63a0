"""status, list, the controls, and answers entered for others."""

import csv
import io
import json
import os
import re
import time

import pytest

from cli_roster import ask, counted, database, roster, running, terminal  # noqa: F401  (a fixture)
from harness import wait_for

# status and list


def test_status_adds_up(roster):
    assert "no broadcast yet" in roster.cli("status", code=os.EX_DATAERR).stderr
    ask(roster, "--kind", "notice")
    ask(roster)
    status = roster.cli_json("status")
    assert list(status)[:13] == ["broadcast", "title", "kind", "state", "targeted", "waiting", "in_flight",
                                 "answered", "exhausted", "cancelled", "balanced", "fanned_out", "answers"]
    assert (status["broadcast"], status["waiting"], status["eta"]) == (2, 8, None)
    assert status["answers"] == {"safe": 0, "slight": 0, "severe": 0, "other": 0}
    assert status["attempts"] == {"mail": {}}
    # the fan-out has come to three people
    roster.sql("INSERT INTO tally VALUES (2, 'state', 1, 1), (2, 'state', 3, 2), (2, 'answer', 'safe', 2)")
    status = roster.cli_json("status", 2)
    assert (status["waiting"], status["answered"], status["targeted"]) == (6, 2, 8) and status["balanced"]
    roster.sql("DELETE FROM tally")
    counted(roster, 2, waiting=2, in_flight=1, answered=2, exhausted=2, cancelled=1)
    roster.sql("INSERT INTO progress VALUES (2, ?, 30, 2)", int(time.time() * 1000) // 10000)
    status = roster.cli_json("status", 2)
    assert [status[k] for k in ("waiting", "in_flight", "answered", "exhausted", "cancelled", "targeted")] == [2, 1, 2, 2, 1, 8]
    assert status["attempts"] == {"mail": {"delivered": 2}} and status["answers"]["safe"] == 2
    assert status["rate"] > 0 and 0 < status["eta"] <= 700 and status["balanced"] is True
    first = status["first_contact"]
    assert 0 <= first["tried"] <= 7 and 0 <= first["50"] <= first["90"] <= first["100"] <= status["eta"]
    roster.sql("UPDATE tally SET n = 7 WHERE what = 'state' AND key = 1")
    assert roster.cli_json("status")["balanced"] is False
    assert "DOES NOT ADD UP: tenko verify" in roster.cli("status").stdout
    assert "no broadcast 7" in roster.cli("status", 7, code=os.EX_DATAERR).stderr


def test_status_for_people_fits_a_phone(roster):
    ask(roster)
    counted(roster, waiting=2, in_flight=1, answered=2, exhausted=2, cancelled=1)
    lines = roster.cli("status").stdout.splitlines()
    assert lines[0] == "Broadcast 1, safety, running" and lines[1] == "地震"
    assert "[#######===========............]  62%" in lines
    assert "  targeted              8  adds up" in lines
    assert "  safe                  2  無事です" in lines
    assert "First contact: 62% tried, all in 1 s" in lines
    assert max(map(len, lines)) <= 44 and len(lines) <= 24


def test_status_counts_no_rows_but_reads_the_counters(roster):
    ask(roster)
    counted(roster, waiting=8)
    roster.sql("UPDATE broadcast SET targeted = 1000000")
    roster.sql("UPDATE tally SET n = 1000000 WHERE what = 'state'")
    for table in ("attempt", "delivery"):
        roster.sql(f"DELETE FROM {table}")
    assert roster.cli_json("status")["waiting"] == 1000000


def test_the_forecast_goes_by_the_speed_that_is_measured(roster):
    ask(roster)
    counted(roster, waiting=300)
    # 20 ms a mail and two workers, as long as nothing is known
    assert roster.cli_json("status")["first_contact"] == {"tried": 0, "50": 2, "90": 3, "100": 3}
    now = int(time.time() * 1000)
    with database(roster) as db:
        for ago in range(0, 10100, 100):
            db.execute("INSERT INTO attempt(delivery_id, channel, lane, dial_order, position, address_position, round, try,"
                       " address, outcome, created_at, finished_at) VALUES (0, 1, 0, 1, 1, 1, 1, 1, 'a@example.com', 1, ?, ?)",
                       (now - ago - 50, now - ago))
    first = roster.cli_json("status")["first_contact"]  # ten a second
    assert 14 <= first["50"] <= 16 and 26 <= first["90"] <= 28 and 29 <= first["100"] <= 31
    roster.cli("pause", 1)
    roster.sql("UPDATE broadcast SET state = 3")
    assert roster.cli_json("status")["first_contact"] is None and roster.cli_json("status")["eta"] is None


def test_another_broadcast_on_the_same_lines_is_in_the_way(roster):
    ask(roster)
    ask(roster)
    counted(roster, 1, waiting=300)
    counted(roster, 2, waiting=300)
    roster.sql("UPDATE delivery SET due_at = broadcast_id")
    assert roster.cli_json("status", 2)["first_contact"]["100"] == 6
    roster.sql("UPDATE broadcast SET lane = 1 WHERE id = 1")  # it is passed
    assert roster.cli_json("status", 2)["first_contact"]["100"] == 3
    assert roster.cli_json("status", 1)["first_contact"]["50"] in (4, 5)


def test_list_of_broadcasts(roster):
    assert "no broadcast yet" in roster.cli("list").stderr
    ask(roster, "--to", "user:U01")
    with database(roster) as db:
        columns = ", ".join(row[1] for row in db.execute("PRAGMA table_info(broadcast)") if row[1] != "id")
        for number in range(2, 26):
            db.execute(f"INSERT INTO broadcast(id, {columns}) SELECT {number}, {columns} FROM broadcast WHERE id = 1")
            db.execute(f"INSERT INTO question SELECT {number}, choices, items FROM question WHERE broadcast_id = 1")
    broadcasts = roster.cli_json("list")["broadcasts"]
    assert [b["broadcast"] for b in broadcasts] == list(range(25, 5, -1))
    lines = roster.cli("list").stdout.splitlines()
    assert len(lines) == 20 and re.match(r" +25  \d{4}-\d\d-\d\d \d\d:\d\d  safety requested +0/1  地震$", lines[0])


def test_list_of_people(roster):
    ask(roster)
    counted(roster, waiting=2, in_flight=1, answered=2, exhausted=2, cancelled=1)
    everyone = roster.cli_json("list", 1)["people"]
    assert [(p["user"], p["state"]) for p in everyone] == [
        ("U01", "waiting"), ("U02", "waiting"), ("U03", "in_flight"), ("U04", "answered"),
        ("U05", "answered"), ("U06", "exhausted"), ("U07", "exhausted"), ("U08", "cancelled")]
    for state, users in (("unanswered", ["U01", "U02", "U03", "U06", "U07"]), ("waiting", ["U01", "U02"]),
                         ("in_flight", ["U03"]), ("answered", ["U04", "U05"]), ("exhausted", ["U06", "U07"]),
                         ("cancelled", ["U08"])):
        found = roster.cli_json("list", 1, "--state", state)["people"]
        assert [p["user"] for p in found] == users, state
    both = roster.cli_json("list", 1, "--state", "answered", "--state", "cancelled")["people"]
    assert [p["user"] for p in both] == ["U04", "U05", "U08"]
    assert len(roster.cli_json("list", 1, "--choice", "safe")["people"]) == 2
    assert roster.cli_json("list", 1, "--choice", "other") == {"broadcast": 1, "people": []}
    assert "no choice" in roster.cli("list", 1, "--choice", "fine", code=os.EX_DATAERR).stderr
    roster.cli("list", 7, code=os.EX_DATAERR)
    person = everyone[3]
    assert person["choice"] == "safe" and person["way"] == "web" and person["group"] == "G02"
    assert everyone[5]["last_attempt"]["outcome"] == "delivered" and everyone[0]["last_attempt"] is None
    lines = roster.cli("list", 1).stdout.splitlines()
    assert len(lines) == 8 and lines[3].startswith("U04 ") and "無事です" in lines[3]


def test_list_for_a_spreadsheet(roster):
    roster.sql("UPDATE person SET name = '=cmd|''/c calc''!A1' WHERE id = 4")
    roster.sql("UPDATE person SET name = 'コンマ, 引用\"符' WHERE id = 5")
    ask(roster)
    counted(roster, waiting=2, in_flight=1, answered=3, exhausted=2)
    roster.sql("UPDATE reply SET comment = ? WHERE person_id = 5", "二行の\nコメント")
    roster.sql("UPDATE reply SET comment = '+81' WHERE person_id = 4")
    raw = roster.run("tenko", "--config", roster.conf, "list", "1", "--csv", input=b"").stdout
    assert raw.startswith(b"\xef\xbb\xbf") and raw.endswith(b"\r\n")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    assert len(rows) == 9 and all(len(row) == 10 for row in rows)
    assert rows[0][:2] == ["ユーザID", "氏名"]
    by_user = {row[0]: row for row in rows}
    assert by_user["U04"][1] == "'=cmd|'/c calc'!A1" and by_user["U04"][7] == "'+81"
    assert by_user["U05"][1] == 'コンマ, 引用"符' and by_user["U05"][7] == "二行の\nコメント"
    assert by_user["U04"][4:6] == ["回答済", "無事です"] and re.match(r"\d{4}-", by_user["U04"][6])
    roster.configure(tenko={"language": "en"})
    raw = roster.cli("list", 1, "--csv", "--state", "answered").stdout
    assert raw.splitlines()[0].lstrip("\ufeff").startswith("user,name,") and "I am safe" in raw


# controls


def test_controls_are_recorded_for_the_scheduler(roster):
    ask(roster)
    counted(roster, waiting=5, answered=3)
    done = roster.cli("pause", 1)
    assert "recorded; the scheduler is not running" in done.stdout and "tenko resume 1" in done.stdout
    assert "paused already" in roster.cli("pause", 1, code=os.EX_DATAERR).stderr
    answer = roster.cli_json("resume", 1)
    assert answer == {"broadcast": 1, "verb": "resume", "applied": False, "unanswered": 5}
    roster.cli("remind", 1)
    roster.cli("cancel", 1)
    assert "cancelled already" in roster.cli("cancel", 1, code=os.EX_DATAERR).stderr
    for verb in ("pause", "resume", "remind"):
        assert "nothing was done" in roster.cli(verb, 1, code=os.EX_DATAERR).stderr
    assert roster.sql("SELECT verb FROM control ORDER BY id") == [(2,), (3,), (4,), (1,)]
    assert [a for (a,) in roster.sql("SELECT action FROM audit ORDER BY id")][3:] == [
        "broadcast.pause", "broadcast.resume", "broadcast.remind", "broadcast.cancel"]
    for verb in ("cancel", "pause", "resume", "remind"):
        assert "no broadcast 7" in roster.cli(verb, 7, code=os.EX_DATAERR).stderr


def test_controls_that_make_no_sense(roster):
    ask(roster)
    assert "nothing was done" in roster.cli("remind", 1, code=os.EX_DATAERR).stderr
    roster.cli("resume", 1, code=os.EX_DATAERR)
    counted(roster, answered=3, exhausted=1)
    for verb in ("cancel", "pause", "resume"):
        assert "finished" in roster.cli(verb, 1, code=os.EX_DATAERR).stderr
    roster.sql("UPDATE broadcast SET expires_at = 1")
    assert "unanswered:1" in roster.cli("remind", 1, code=os.EX_DATAERR).stderr
    ask(roster)
    counted(roster, 2, answered=4)
    assert "everybody has answered" in roster.cli("remind", 2, code=os.EX_DATAERR).stderr
    assert roster.sql("SELECT count(*) FROM control") == [(0,)]


# answers for others


def test_answers_for_others(roster):
    roster.configure(reply={"items": "場所:Place; 連絡先:Contact"})
    ask(roster)
    counted(roster, waiting=8)
    answer = roster.cli_json("reply", 1, "U05", "--choice", "slight", "--comment", "足を\n痛めた", "--item", "=駅",
                             "--item", "03", "--by", "総務 花子", env={"SUDO_USER": "akiko"})
    assert answer == {"broadcast": 1, "user": "U05", "choice": "slight", "reply": 1, "by": "総務 花子"}
    row = roster.sql("SELECT broadcast_id, person_id, choice, items, comment, way, by FROM reply")[0]
    assert row == (1, 5, "slight", '["=駅","03"]', "足を\n痛めた", 6, "総務 花子")
    done = roster.cli("reply", 1, "U06", "--choice", "safe", env={"SUDO_USER": "akiko"})
    assert done.stdout == "Recorded for U06 (山﨑 6郎): safe, by akiko\n"
    told = roster.sql("SELECT who, action, subject, detail FROM audit WHERE subject GLOB 'reply=*' ORDER BY id")
    assert [row[:3] for row in told] == [("akiko", "reply.proxy", "reply=1"), ("akiko", "reply.proxy", "reply=2")]
    for (_, _, _, detail), start, end in zip(told, ("choice=slight broadcast=1 person=5 way=proxy row=",
                                                    "choice=safe broadcast=1 person=6 way=proxy row="),
                                             (" by=総務 花子", " by=akiko")):
        assert detail.startswith(start) and detail.endswith(end)
    # nobody is to be called who is known to have answered, scheduler or not
    assert "U05" not in roster.cli("list", 1, "--state", "unanswered").stdout
    assert "U05" in roster.cli("list", 1, "--state", "answered").stdout


@pytest.mark.parametrize("words, told", [
    (["1", "U77", "--choice", "safe"], 'no user "U77"'),
    (["1", "U07", "--choice", "safe"], "not asked"),
    (["7", "U01", "--choice", "safe"], "not asked"),
    (["1", "U01", "--choice", "fine"], "safe, slight, severe, other"),
    (["1", "U01", "--choice", "safe", "--item", "x"], "asks for 0"),
    (["1", "U01", "--choice", "safe", "--comment", "x" * 1001], "1001 characters"),
    (["1", "U01", "--choice", "safe", "--comment", "\x1b[2J"], "plain UTF-8"),
    (["1", "U01", "--choice", "safe", "--comment", "\udcff"], "plain UTF-8"),
    (["1", "U01", "--choice", "safe", "--by", "x\ny"], "--by"),
    (["1", "U01", "--choice", "safe", "--by", "x" * 65], "--by"),
])
def test_answers_that_cannot_be_taken(roster, words, told):
    ask(roster, "--to", "group:G01")
    done = roster.cli("reply", *words, code=os.EX_DATAERR)
    assert told in done.stderr and done.stdout == ""
    assert roster.sql("SELECT count(*) FROM reply") == [(0,)]


def test_a_name_that_is_no_name_is_not_recorded(roster):
    ask(roster, env={"SUDO_USER": "evil\nname"})
    who = roster.sql("SELECT requested_by FROM broadcast")[0][0]
    assert who and "\n" not in who


def test_watch_on_a_terminal_ends_by_q(roster, terminal):
    ask(roster)
    counted(roster, waiting=5, answered=3)
    shown = terminal("status", "--watch")
    shown.expect("q ends this view")
    assert "\x1b[?1049h" in shown.text and "answered" in shown.text
    roster.sql("UPDATE tally SET n = n + CASE key WHEN 3 THEN 1 ELSE -1 END WHERE what = 'state'")
    shown.wait_lines("answered           4")
    shown.send("q")
    assert shown.end() == 0
    rest = shown.text.split("\x1b[?1049l")[1]
    assert "Broadcast 1, safety, running" in rest and "\x1b" not in rest


def test_watch_on_a_terminal_ends_with_the_broadcast(roster, terminal):
    ask(roster)
    counted(roster, waiting=5, answered=3)
    shown = terminal("status", "1", "--watch", rows=10, columns=30)
    shown.expect("q ends this view")
    assert shown.lines()[0].startswith("Broadcast 1") and len(shown.lines()) == 10
    roster.sql("UPDATE tally SET key = 4 WHERE what = 'state' AND key = 1")
    roster.sql("UPDATE broadcast SET state = 5, finished_at = 1700000000000")
    assert shown.end() == 0
    assert "finished" in shown.text.split("\x1b[?1049l")[1]


def test_watch_gives_the_terminal_back_on_ctrl_c(roster, terminal):
    ask(roster)
    shown = terminal("status", "--watch")
    shown.expect("q ends this view")
    shown.send("\x03")
    assert shown.end() == 0
    assert "\x1b[?25h" in shown.text and "\x1b[?1049l" in shown.text


def test_watch_without_a_terminal_prints_lines(roster):
    ask(roster)
    counted(roster, waiting=5, answered=3)
    watcher = roster.start("tenko", "status", "--watch", ready=False)
    watcher.wait_log(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d answered 3, exhausted 0, waiting 5, in flight 0 of 8$")
    roster.sql("UPDATE tally SET key = 4 WHERE what = 'state' AND key = 1")
    roster.sql("UPDATE broadcast SET state = 5, finished_at = 1700000000000")
    assert watcher.wait() == 0
    assert "exhausted 5" in watcher.log() and "\x1b" not in watcher.log()
    lines = roster.cli("status", "--watch", "--json").stdout.splitlines()
    assert len(lines) == 1 and json.loads(lines[0])["exhausted"] == 5


def test_controls_with_the_scheduler(running):
    assert ask(running)["targeted"] == 8
    wait_for(lambda: running.cli_json("status")["in_flight"] == 7)
    assert running.cli_json("pause", 1)["applied"] is True
    assert running.cli_json("status")["state"] == "paused" and running.cli_json("status")["eta"] is None
    assert "goes on: 8 people have not answered" in running.cli("resume", 1).stdout
    running.cli("reply", 1, "U01", "--choice", "safe")
    wait_for(lambda: running.cli_json("status")["answered"] == 1)
    assert "called off: 7 people had not answered" in running.cli("cancel", 1).stdout
    wait_for(lambda: running.cli_json("status")["cancelled"] == 6)
    assert "cancelled already" in running.cli("cancel", 1, code=os.EX_DATAERR).stderr
    running.cli("verify")


def test_remind_asks_again(running):
    running.start("tenko-mail")
    running.cli("broadcast", "--title", "T", "--wait", deadline=60)
    running.cli("reply", 1, "U01", "--choice", "safe")
    wait_for(lambda: running.cli_json("status")["answered"] == 1)
    assert "asks again: 7 people" in running.cli("remind", 1).stdout
    wait_for(lambda: running.cli_json("status")["attempts"]["mail"]["delivered"] == 17)
    wait_for(lambda: running.cli_json("status")["state"] == "finished")
    assert running.cli_json("verify")["sound"] is True
