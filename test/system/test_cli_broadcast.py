"""tenko broadcast: whom it reaches, what is stored, what is refused, and --wait."""

import json
import os
import re
import signal
import time

import pytest

from cli_roster import SHIPPED, add_person, ask, counted, database, roster, running, terminal  # noqa: F401  (a fixture)
from harness import REPOSITORY

@pytest.mark.parametrize("to, people", [
    ([], 8), (["all"], 8), (["group:G01"], 6), (["group:G02"], 4), (["group:G03"], 2), (["group:G10"], 2),
    (["user:U01"], 1), (["user:U01", "user:U01"], 1), (["user:U01,user:U05"], 2),
    (["user:U01, user:U05"], 2), (["group:G03", "user:U05"], 2),
    # 350 lies in prefecture 13: U01 works there, U06 lives there, U02 is only known to be in 13
    (["region:350"], 3), (["pref:13"], 4), (["pref:17"], 0), (["region:400"], 2),
    (["pref:13,group:G10"], 6),
])
def test_targets(roster, to, people):
    words = [w for t in to for w in ("--to", t)]
    if not people:
        done = roster.cli("broadcast", "--title", "T", *words, code=os.EX_DATAERR, env=SHIPPED)
        assert "nobody to reach" in done.stderr
        assert roster.sql("SELECT count(*) FROM broadcast") == [(0,)]
        return
    answer = ask(roster, *words, env=SHIPPED)
    assert answer["broadcast"] == 1 and answer["targeted"] == people
    assert roster.sql("SELECT targeted, state, targets FROM broadcast") == [
        (people, 1, " ".join(w.replace(", ", ",") for w in to).replace(",", " ") or "all")]


@pytest.mark.parametrize("to, words", [
    ("user:U77", 'no user "U77"'), ("user:U09", "suspended"), ("group:G77", 'no group "G77"'),
    ("region:13", "no region"), ("region:999", "no region"), ("pref:350", "no prefecture"),
    ("pref:48", "no prefecture"), ("unanswered:7", "no such broadcast"), ("unanswered:x", "number"),
])
def test_targets_that_are_not_there(roster, to, words):
    done = roster.cli("broadcast", "--title", "T", "--to", f"user:U01,{to}", code=os.EX_DATAERR, env=SHIPPED)
    assert words in done.stderr and done.stdout == ""
    assert roster.sql("SELECT count(*) FROM broadcast") == [(0,)]


@pytest.mark.parametrize("to", ["", "everyone", "group:", "ALL", "user:U01,,user:U02", "all:x"])
def test_targets_that_are_no_words(roster, to):
    done = roster.cli("broadcast", "--title", "T", "--to", to, code=os.EX_USAGE)
    assert "group:ID" in done.stderr
    assert roster.sql("SELECT count(*) FROM broadcast") == [(0,)]


@pytest.mark.parametrize("to, people", [
    ("region:350@work", 2), ("region:350@home", 1), ("region:350@work+home", 3),
    ("region:350@second", 1), ("region:350@department", 4), ("region:352@department", 2),
    ("region:350@home,region:350@department", 5), ("pref:13@department", 4), ("pref:27@department", 2),
])
def test_targets_by_address(roster, to, people):
    # of G02 only the prefecture is known
    with database(roster) as db:
        db.execute("UPDATE department SET area = '350' WHERE id = 1")
        db.execute("UPDATE department SET area = '13' WHERE id = 2")
        db.execute("UPDATE department SET area = '520' WHERE id = 3")
        db.execute("UPDATE person SET second_region = '13' WHERE id = 7")
    assert ask(roster, "--to", to, env=SHIPPED)["targeted"] == people


@pytest.mark.parametrize("to", ["region:350@", "region:350@office", "region:350@work,pref:13@work+", "pref:13@WORK"])
def test_addresses_that_there_are_not(roster, to):
    done = roster.cli("broadcast", "--title", "T", "--to", to, code=os.EX_USAGE, env=SHIPPED)
    assert "work, home, second, department" in done.stderr


def test_only_within_groups(roster):
    assert ask(roster, "--to", "all", "--within", "G02")["targeted"] == 4
    answer = ask(roster, "--to", "region:350,user:U07", "--within", "G02", "--within", "G10", env=SHIPPED)
    assert answer["targeted"] == 2  # U06 and U07
    assert roster.sql("SELECT targets FROM broadcast ORDER BY id DESC LIMIT 1") == [
        ("region:350 user:U07 within:G02 within:G10",)]
    done = roster.cli("broadcast", "--title", "T", "--within", "G99", code=os.EX_DATAERR)
    assert 'no group "G99"' in done.stderr
    done = roster.cli("broadcast", "--title", "T", "--within", "G03", "--dry-run", "--json")
    assert json.loads(done.stdout)["targeted"] == 2 and "everyone but those taken out" in done.stderr


def test_except_those_of_others(roster):
    ask(roster)
    counted(roster, answered=3, waiting=2, exhausted=1)
    assert ask(roster, "--to", "all", "--except", "1")["targeted"] == 2
    done = roster.cli("broadcast", "--title", "T", "--except", "9", code=os.EX_DATAERR)
    assert "--except 9: no such broadcast" in done.stderr
    done = roster.cli("broadcast", "--title", "T", "--to", "user:U01", "--except", "1", code=os.EX_DATAERR)
    assert "nobody to reach" in done.stderr and "except:1" in done.stderr


def test_who_has_not_answered_another(roster):
    ask(roster)
    counted(roster, answered=3, waiting=2, exhausted=1)
    assert ask(roster, "--to", "unanswered:1")["targeted"] == 3


def test_what_is_stored(roster):
    roster.configure(escalation={"voice_retries": 2, "rounds": 3, "final_wait": "7m"},
                     reply={"lifetime": "2d", "items": "場所:Place"})
    before = int(time.time() * 1000)
    roster.cli("broadcast", "--title", "地震", "--title-en", "Quake", "--rounds", "4", "--to", "group:G01",
               "--choice", "ok:無事:Fine", "--choice", "no:だめ", env={"SUDO_USER": "昭子"})
    row = roster.sql("SELECT title, title_en, body, kind, lane, channels, voice_retries, rounds, final_wait,"
                     " targets, requested_by, expires_at, requested_at FROM broadcast")[0]
    assert row[:11] == ("地震", "Quake", "", 1, 0, 2, 2, 4, 420000, "group:G01", "昭子")
    assert before + 2 * 86400000 <= row[11] <= int(time.time() * 1000) + 2 * 86400000
    choices, items = map(json.loads, roster.sql("SELECT choices, items FROM question")[0])
    assert choices == [{"key": "ok", "ja": "無事", "en": "Fine"}, {"key": "no", "ja": "だめ", "en": "だめ"}]
    assert items == [{"ja": "場所", "en": "Place"}]
    assert roster.sql("SELECT who, action, subject FROM audit WHERE subject GLOB 'broadcast=*'") == [
        ("昭子", "broadcast.requested", "broadcast=1")]


def test_kinds(roster):
    ask(roster, "--kind", "notice")
    ask(roster, "--kind", "drill")
    ask(roster, "--kind", "drill", "--title-en", "Quake")
    rows = roster.sql("SELECT title, title_en, kind, lane, choices, items FROM broadcast"
                      " JOIN question ON id = broadcast_id ORDER BY id")
    assert rows[0][:4] == ("地震", "", 2, 1)
    assert json.loads(rows[0][4]) == [{"key": "confirmed", "ja": "確認しました", "en": "Confirmed"}]
    assert rows[1][:4] == ("【訓練】地震", "[Drill] 地震", 3, 1) and len(json.loads(rows[1][4])) == 4
    assert rows[2][:2] == ("【訓練】地震", "[Drill] Quake")


@pytest.mark.parametrize("name", ["earthquake", "notice", "drill"])
def test_shipped_templates(roster, name):
    roster.cli("broadcast", "--template", name, env=SHIPPED)
    row = roster.sql("SELECT title, title_en, body, body_en FROM broadcast")[0]
    for text, file in zip((row[0] + "\n\n" + row[2], row[1] + "\n\n" + row[3]), ("ja", "en")):
        assert text == (REPOSITORY / f"config/templates/{name}.{file}.txt").read_text(encoding="utf-8").rstrip()


def test_templates_of_ones_own(roster):
    folder = roster.root / "templates"
    folder.mkdir()
    (folder / "fire.ja.txt").write_bytes("\ufeff火事\r\n\r\n本文1\r\n本文2\r\n".encode())
    roster.configure(broadcast={"template_dir": folder})
    roster.cli("broadcast", "--template", "fire")
    roster.cli("broadcast", "--template", "fire", "--title", "大火事")
    assert roster.sql("SELECT title, title_en, body, body_en FROM broadcast ORDER BY id") == [
        ("火事", "", "本文1\n本文2", ""), ("大火事", "", "本文1\n本文2", "")]
    done = roster.cli("broadcast", "--template", "flood", code=os.EX_NOINPUT)
    assert f"{folder}/flood.ja.txt" in done.stderr
    for name in ("../templates/fire", "", "a" * 100, "fire.ja"):
        roster.cli("broadcast", "--template", name, code=os.EX_USAGE)


def test_bodies(roster):
    path = roster.root / "body.txt"
    path.write_bytes("一行\r\n二行\r三行\n\n".encode())
    roster.cli("broadcast", "--title", "T", "--body", path, "--body-en", "-", input="English\nbody\n")
    assert roster.sql("SELECT body, body_en FROM broadcast") == [("一行\n二行\n三行", "English\nbody")]
    path.write_text("あ" * 20000, encoding="utf-8")
    roster.cli("broadcast", "--title", "T", "--body", path)
    assert roster.sql("SELECT length(body) FROM broadcast WHERE id = 2") == [(20000,)]
    roster.cli("broadcast", "--title", "T", "--body", "-", "--body-en", "-", code=os.EX_USAGE)
    done = roster.cli("broadcast", "--title", "T", "--body", "/nowhere", code=os.EX_NOINPUT)
    assert "/nowhere" in done.stderr
    roster.cli("broadcast", "--title", "T", "--body", roster.root, code=os.EX_NOINPUT)


@pytest.mark.parametrize("body, words", [
    ("あ" * 20001, "20001 characters"), ("x" * 1000000, "20000 characters"),
    (b"line\nShift_JIS: \x82\xa0\n", "body.txt:2: not UTF-8"), ("bell \a", "control"),
    (b"a\0b", "body.txt:1"),
], ids=["long", "longer", "Shift_JIS", "control", "NUL"])
def test_bodies_that_cannot_be_sent(roster, body, words):
    path = roster.root / "body.txt"
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    done = roster.cli("broadcast", "--title", "T", "--body", path, code=os.EX_DATAERR)
    assert words in done.stderr and str(path) in done.stderr
    assert roster.sql("SELECT count(*) FROM broadcast") == [(0,)]


@pytest.mark.parametrize("title, words", [
    ("x" * 10000, "10000 characters, 200 at most"), ("あ" * 201, "201 characters"), ("", "empty"),
    ("   ", "empty"), ("a\nBcc: all@example.com", "line breaks"), ("a\rb", "line breaks"), ("a\x1b[2J", "control"),
    (b"\xff\xfe", "not UTF-8"), (b"\xed\xa0\x80", "not UTF-8"),
], ids=["10000", "201", "empty", "blank", "header", "CR", "escape", "bytes", "surrogate"])
def test_titles_that_cannot_be_sent(roster, title, words):
    for option in ("--title", "--title-en"):
        more = ["--title", "T"] if option == "--title-en" else []
        done = roster.cli("broadcast", *more, option, os.fsdecode(title) if isinstance(title, bytes) else title,
                          code=os.EX_DATAERR)
        assert words in done.stderr and option in done.stderr and done.stdout == ""
    assert roster.sql("SELECT count(*) FROM broadcast") == [(0,)]


def test_a_title_may_have_two_hundred_characters(roster):
    roster.cli("broadcast", "--title", "あ" * 200)
    assert roster.sql("SELECT length(title) FROM broadcast") == [(200,)]


@pytest.mark.parametrize("words", [
    ["--kind", "party"], ["--channels", "fax"], ["--channels", ""], ["--rounds", "0"], ["--rounds", "101"],
    ["--rounds", "x"], ["--choice", "a:b;c:d"], ["--choice", "no label"], ["--choice", ":x"], ["--choice", ""],
    ["--item", "a;b"], ["--choice", "a:b", "--choice", "a:c"],
    [w for i in range(9) for w in ("--choice", f"k{i}:x")], [w for i in range(11) for w in ("--item", f"{i}")],
])
def test_options_with_wrong_values(roster, words):
    done = roster.cli("broadcast", "--title", "T", *words, code=os.EX_USAGE)
    assert done.stdout == ""
    assert roster.sql("SELECT count(*) FROM broadcast") == [(0,)]


def test_wrong_settings_are_named(roster):
    roster.configure(reply={"choices": "safe"})
    assert "reply.choices" in roster.cli("broadcast", "--title", "T", code=os.EX_CONFIG).stderr
    roster.configure(reply={"choices": "safe:無事"}, broadcast={"channels": "fax"})
    assert "broadcast.channels" in roster.cli("broadcast", "--title", "T", code=os.EX_CONFIG).stderr


def test_without_a_scheduler_it_is_recorded(roster):
    done = roster.cli("broadcast", "--title", "T")
    assert "Broadcast 1: 8 people" in done.stdout and "tenko status 1 --watch" in done.stdout
    assert "scheduler is not running" in done.stderr and "for everyone" in done.stderr
    assert "1 of them" in done.stderr  # who has no contact
    status = roster.cli_json("status")
    assert status["state"] == "requested" and status["targeted"] == status["waiting"] == 8


def test_dry_run_tells_all_and_stores_nothing(roster):
    answer = ask(roster, "--dry-run")
    assert answer["targeted"] == 8 and answer["attempts"] == {"mail": 9} and answer["unreachable"] == 1
    assert answer["unreachable_people"] == [{"user": "U08", "name": "山﨑 8郎"}]
    assert answer["all_seconds"] > answer["first_contact_seconds"] > 0
    first = answer["first_contact"]
    assert 0 < first["50"] <= first["90"] <= first["100"] == answer["first_contact_seconds"]
    done = roster.cli("broadcast", "--title", "T", "--dry-run", "--channels", "mail,voice")
    assert re.search(r"^  voice +2 attempts$", done.stdout, re.M)
    assert re.search(r"^  U08 +山﨑 8郎$", done.stdout, re.M) and "1 person\n" in done.stdout
    assert re.search(r"^  people +8 people$", done.stdout, re.M)
    for table in ("broadcast", "question", "target"):
        assert roster.sql(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert not roster.sql("SELECT * FROM audit WHERE subject GLOB 'broadcast=*'")
    assert ask(roster)["broadcast"] == 1


def test_many_unreachable_people_are_cut_short(roster):
    with database(roster) as db:
        for number in range(100, 150):
            add_person(db, number, group=4, steps=())
    done = roster.cli("broadcast", "--title", "T", "--to", "group:G10", "--dry-run")
    assert "No usable contact: 51 people" in done.stdout and "and 31 more" in done.stdout
    assert len(ask(roster, "--to", "group:G10", "--dry-run")["unreachable_people"]) == 51


def test_many_people_need_a_yes(roster):
    roster.configure(broadcast={"confirm_over": 7})
    done = roster.cli("broadcast", "--title", "T", code=os.EX_USAGE)
    assert "8 people" in done.stderr and "--yes" in done.stderr and done.stdout == ""
    assert roster.sql("SELECT count(*) FROM broadcast") == [(0,)]
    assert ask(roster, "--yes")["targeted"] == 8
    assert ask(roster, "--to", "group:G01")["targeted"] == 6
    roster.cli("broadcast", "--title", "T", "--dry-run")


@pytest.mark.parametrize("keys, code", [("y\n", 0), ("Y\n", 0), ("n\n", 64), ("\n", 64), ("yes\n", 0), ("\x04", 64)])
def test_many_people_are_asked_for_on_a_terminal(roster, keys, code, terminal):
    roster.configure(broadcast={"confirm_over": 0})
    shown = terminal("broadcast", "--title", "T")
    shown.expect("Send to 8 people? [y/N] ")
    shown.send(keys)
    assert shown.end() == code
    assert roster.sql("SELECT count(*) FROM broadcast") == [(1 if code == 0 else 0,)]


def test_ctrl_c_leaves_a_waiting_broadcast_alone(roster):
    watcher = roster.start("tenko", "broadcast", "--title", "T", "--wait", ready=False)
    watcher.wait_log("in flight 0 of 8")
    watcher.send(signal.SIGINT)
    assert watcher.wait() == 130
    assert "the broadcast goes on: tenko status 1" in watcher.log()


def test_wait_until_everybody_is_accounted_for(running):
    running.start("tenko-mail")
    done = running.cli("broadcast", "--title", "T", "--wait", "--json", deadline=60)
    status = json.loads(done.stdout)
    assert status["state"] == "finished" and status["targeted"] == status["exhausted"] == 8
    assert status["attempts"] == {"mail": {"delivered": 9}} and status["eta"] is None
    assert "100%" in done.stderr and "\x1b" not in done.stderr and "not running" not in done.stderr
    verified = running.cli_json("verify")
    assert verified["sound"] is True and verified["attempts"] == 9 and verified["people"] == 8
    done = running.cli("broadcast", "--title", "T", "--wait", "--to", "user:U08")
    assert "Broadcast 2: 1 person" in done.stdout and "finished" in done.stdout
    assert "everything adds up" in running.cli("verify").stdout


def test_wait_on_a_terminal_draws_a_bar(running, terminal):
    running.start("tenko-mail")
    shown = terminal("broadcast", "--title", "T", "--to", "all", "--wait")
    assert shown.end(60) == 0
    assert "\r[" in shown.text and "[====================] 100%" in shown.text
