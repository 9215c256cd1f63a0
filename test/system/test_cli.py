"""The operator's command: every command against a real store, and where it matters a real
scheduler, queue and relay. Import and export have tests of their own."""

import csv
import io
import json
import os
import pty
import re
import select
import shutil
import signal
import stat
import struct
import subprocess
import termios
import time
import fcntl

import pytest

from crowd import Sink
from harness import REPOSITORY, needs_root, program, wait_for

COMMANDS = ["init", "import", "export", "broadcast", "status", "list", "cancel", "pause", "resume",
            "remind", "reply", "queue", "verify", "config", "version", "help"]
SHIPPED = {"TENKO_DATADIR": REPOSITORY / "config"}
MAIL, VOICE = 1, 2


def plan(*steps):
    """Steps of (channel, addresses) packed as in common/base/plan.h; each a first contact of its
    channel."""
    return sum((channel | order + 1 << 3 | 1 << 6 | addresses << 8) << 10 * order
               for order, (channel, addresses) in enumerate(steps))


def add_person(tenko, number, group=1, region="", home="", steps=((MAIL, 1),), state=0, name=None):
    tenko.sql("INSERT INTO person(id, code, employee_number, name, department_id, email, state,"
              " work_region, home_region, plan) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
              number, f"U{number:02}", f"E{number}", name or f"山﨑 {number}郎", group,
              f"u{number}@example.com", state, region, home, plan(*steps))
    for order, (channel, addresses) in enumerate(steps, 1):
        for position in range(1, addresses + 1):
            address = f"u{number}.{position}@example.com" if channel == MAIL else "09000000000"
            tenko.sql("INSERT INTO contact VALUES (?, 0, ?, ?, ?, ?)", number, channel, position,
                      order, address)


@pytest.fixture
def roster(tenko):
    """Groups G01 > G02 > G03 and G10, nine people, U08 without a contact, U09 suspended."""
    for number, code, parent in ((1, "G01", None), (2, "G02", 1), (3, "G03", 2), (4, "G10", None)):
        tenko.sql("INSERT INTO department(id, code, name, approvers, parent_id)"
                  " VALUES (?, ?, ?, 'U01', ?)", number, code, f"第{number}課", parent)
    add_person(tenko, 1, group=1, region="350")
    add_person(tenko, 2, group=1, region="13")
    add_person(tenko, 3, group=2, region="351", home="400")
    add_person(tenko, 4, group=2, steps=((VOICE, 1), (MAIL, 3)))
    add_person(tenko, 5, group=3, region="400")
    add_person(tenko, 6, group=3, home="350")
    add_person(tenko, 7, group=4)
    add_person(tenko, 8, group=4, steps=())
    add_person(tenko, 9, group=4, state=1)
    return tenko


def ask(tenko, *words, **more):
    return tenko.cli_json("broadcast", "--title", "地震", *words, **more)


def counted(tenko, broadcast=1, **states):
    """Makes the rows and counters of a broadcast whose fan-out is through, as the scheduler would:
    counted(tenko, waiting=2, answered=1)."""
    numbers = {"waiting": 1, "in_flight": 2, "answered": 3, "exhausted": 4, "cancelled": 5}
    now = int(time.time() * 1000)
    people = iter(range(1, 100))
    ordinal = 0
    for name, count in states.items():
        for _ in range(count):
            person, delivery = next(people), broadcast << 32 | ordinal
            attempt = reply = choice = None
            if name in ("in_flight", "exhausted"):
                outcome = None if name == "in_flight" else 1
                tenko.sql("INSERT INTO attempt(delivery_id, channel, lane, dial_order, position,"
                          " address_position, round, try, address, outcome, created_at, finished_at)"
                          " VALUES (?, 1, 0, 1, 1, 1, 1, 1, 'a@example.com', ?, ?, ?)",
                          delivery, outcome, now, outcome and now)
                attempt = tenko.sql("SELECT max(id) FROM attempt")[0][0]
            if name == "answered":
                choice = "safe"
                tenko.sql("INSERT INTO reply(broadcast_id, person_id, choice, comment, way, at)"
                          " VALUES (?, ?, ?, '', 1, ?)", broadcast, person, choice, now)
                reply = tenko.sql("SELECT max(id) FROM reply")[0][0]
            tenko.sql("INSERT INTO delivery VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?)",
                      delivery, broadcast, person, numbers[name], plan((MAIL, 1)),
                      attempt if name == "in_flight" else None, reply, choice)
            ordinal += 1
        tenko.sql("INSERT INTO tally VALUES (?, 'state', ?, ?)", broadcast, numbers[name], count)
    if states.get("answered"):
        tenko.sql("INSERT INTO tally VALUES (?, 'answer', 'safe', ?)", broadcast, states["answered"])
    if states.get("exhausted"):
        tenko.sql("INSERT INTO tally VALUES (?, 'attempt', 257, ?)", broadcast, states["exhausted"])
    over = not states.get("waiting") and not states.get("in_flight")
    tenko.sql("UPDATE broadcast SET state=?, fanout_person=NULL, targeted=?, next_ordinal=?,"
              " started_at=?, finished_at=? WHERE id=?", 5 if over else 2, ordinal, ordinal, now,
              now if over else None, broadcast)
    tenko.sql("REPLACE INTO cursor SELECT 'reply', ifnull(max(id), 0) FROM reply")


# the tool as a whole


def test_help_fits_a_screen(bare):
    lines = bare.run("tenko", "help").stdout.splitlines()
    assert len(lines) <= 24
    for command in COMMANDS:
        assert any(line.startswith(f"  {command} ") for line in lines), command
    for command in COMMANDS:
        done = bare.run("tenko", command, "--help")
        assert done.returncode == 0 and not done.stderr
        assert done.stdout == bare.run("tenko", "help", command).stdout
        lines = done.stdout.splitlines()
        assert lines[0].startswith(f"Usage: tenko {command}")
        assert len(lines) <= 24 and max(map(len, lines)) <= 100, command


def test_help_and_version_as_json(bare):
    commands = json.loads(bare.run("tenko", "help", "--json").stdout)["commands"]
    assert [c["name"] for c in commands] == COMMANDS
    assert json.loads(bare.run("tenko", "--json", "help", "status").stdout)["name"] == "status"
    version = json.loads(bare.run("tenko", "version", "--json").stdout)
    assert re.fullmatch(r"\d+\.\d+\.\d+", version["version"]) and version["schema"] >= 1
    assert bare.run("tenko", "--version").stdout.startswith(f"tenko {version['version']}")


@pytest.mark.parametrize("words", [
    [], ["frobnicate"], ["--frobnicate"], ["help", "frobnicate"], ["help", "a", "b"],
    ["version", "x"], ["status", "x"], ["status", "0"], ["status", "-1"], ["status", "1", "2"],
    ["status", "99999999999999999999"], ["config"], ["config", "frobnicate"], ["verify", "x"],
    ["queue", "x"], ["cancel"], ["cancel", "x"], ["cancel", "1", "2"], ["reply"], ["reply", "1"],
    ["reply", "1", "U01"], ["list", "x"], ["list", "--state", "answered"], ["list", "--csv"],
    ["list", "1", "--state", "asleep"], ["list", "1", "--csv", "--json"], ["init", "a", "b"],
    ["broadcast"], ["broadcast", "Fire!"], ["broadcast", "--title"], ["version", "--config"],
    ["version", "--config="], ["config", "dump", "x"], ["config", "check", "a", "b"],
])
def test_misuse_is_told_and_changes_nothing(tenko, words):
    done = tenko.run("tenko", *words, env={"TENKO_CONFIG": tenko.conf})
    assert done.returncode == os.EX_USAGE
    assert done.stdout == ""
    assert "tenko" in done.stderr


@pytest.mark.parametrize("command", [c for c in COMMANDS if c not in ("help", "config", "version")])
def test_unknown_options_are_named(tenko, command):
    done = tenko.cli(command, "--frobnicate", code=os.EX_USAGE)
    assert "--frobnicate" in done.stderr and f"tenko {command} --help" in done.stderr


def test_shared_options_stand_anywhere(roster):
    for words in (["--config", roster.conf, "--json", "list"], ["list", "--json", "--config", roster.conf],
                  ["list", f"--config={roster.conf}", "--json"], ["--json", "list", "--config", roster.conf]):
        done = roster.run("tenko", *words)
        assert done.returncode == 0 and json.loads(done.stdout) == {"broadcasts": []}
    done = roster.run("tenko", "list", "--json", env={"TENKO_CONFIG": roster.conf})
    assert json.loads(done.stdout) == {"broadcasts": []}


def test_an_answer_that_cannot_be_written_is_a_failure(bare):
    with open("/dev/full", "w") as full:
        done = subprocess.run([program("tenko"), "help"], stdout=full, stderr=subprocess.PIPE,
                              text=True, env=bare.environment())
    assert done.returncode == os.EX_IOERR and "No space left" in done.stderr


@pytest.mark.parametrize("words", [["status"], ["list"], ["verify"], ["broadcast", "--title", "T"],
                                   ["cancel", "1"], ["reply", "1", "U01", "--choice", "safe"]])
def test_without_a_database_it_says_how_to_make_one(bare, words):
    done = bare.cli(*words, code=os.EX_CONFIG)
    assert "tenko init" in done.stderr and done.stdout == ""


def test_a_broken_settings_file_stops_everything(tenko):
    tenko.conf.write_text("[mail]\nrelay_prot = 25\n")
    done = tenko.cli("status", code=os.EX_CONFIG)
    assert f"{tenko.conf}:2:" in done.stderr and "relay_prot" in done.stderr
    assert tenko.run("tenko", "--config", "/nowhere/x.conf", "status").returncode == os.EX_CONFIG


def test_a_database_of_a_newer_version_is_left_alone(tenko):
    tenko.sql("PRAGMA user_version=999")
    done = tenko.cli("status", code=os.EX_CONFIG)
    assert "newer version" in done.stderr and "999" in done.stderr
    assert tenko.sql("PRAGMA user_version") == [(999,)]


def test_a_database_in_other_hands_is_tried_again_later(roster):
    import sqlite3
    holder = sqlite3.connect(roster.data_dir / "tenko.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    done = roster.cli("broadcast", "--title", "T", "--to", "all", code=os.EX_TEMPFAIL)
    holder.close()
    assert "try again" in done.stderr


# init


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_init_makes_everything_for_its_owner_alone(bare):
    target = bare.root / "new"
    done = bare.run("tenko", "init", target)
    assert done.returncode == 0 and done.stderr == ""
    assert f"TENKO_CONFIG='{target}/tenko.conf'" in done.stdout and "tenko import" in done.stdout
    assert {p.name for p in target.iterdir()} == {"run", "redis", "tenko.db", "secret.key", "tenko.conf"}
    for folder in (target, target / "run", target / "redis"):
        assert mode(folder) == 0o700
    for file in ("tenko.db", "secret.key", "tenko.conf"):
        assert mode(target / file) == 0o600
    assert bare.run("tenko", "config", "check", target / "tenko.conf").returncode == 0
    dump = bare.run("tenko", "--config", target / "tenko.conf", "config", "dump").stdout
    assert f"data_dir = {target}\n" in dump
    assert bare.run("tenko", "--config", target / "tenko.conf", "verify").returncode == 0


def test_init_again_changes_nothing(bare):
    target = bare.root / "new"
    bare.run("tenko", "init", target)
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in target.iterdir() if p.is_file()}
    done = bare.run("tenko", "init", target)
    assert done.returncode == 0 and "already" in done.stdout
    answer = json.loads(bare.run("tenko", "init", target, "--json").stdout)
    assert answer["created"] is False and answer["data_dir"] == str(target)
    assert before == {p: (p.stat().st_mtime_ns, p.read_bytes())
                      for p in target.iterdir() if p.name in {q.name for q in before}}


def test_init_by_a_settings_file(bare):
    answer = bare.cli_json("init")
    assert answer == {"data_dir": str(bare.data_dir), "config": str(bare.conf), "created": True}
    assert not (bare.data_dir / "tenko.conf").exists()
    done = bare.cli("init", bare.root / "other")
    assert f"set it to {bare.root}/other" in done.stderr


def test_init_keeps_out_of_other_peoples_folders(bare):
    target = bare.root / "home"
    target.mkdir()
    (target / "letter.txt").write_text("dear")
    done = bare.run("tenko", "init", target)
    assert done.returncode == os.EX_CANTCREAT and "other files" in done.stderr
    assert [p.name for p in target.iterdir()] == ["letter.txt"]


def test_init_takes_an_empty_folder_and_warns_of_an_open_one(bare):
    target = bare.root / "open"
    target.mkdir(mode=0o755)
    target.chmod(0o755)
    done = bare.run("tenko", "init", target)
    assert done.returncode == 0 and "chmod 700" in done.stderr
    assert mode(target) == 0o755


@pytest.mark.parametrize("where, code, words", [
    ("missing/new", os.EX_CANTCREAT, "No such file"),
    ("file", os.EX_CANTCREAT, "Not a directory"),
    ("x" * 120, os.EX_USAGE, "too long"),
    ("broken\nline", os.EX_USAGE, "plainer"),
])
def test_init_that_cannot_be_leaves_nothing(bare, where, code, words):
    (bare.root / "file").write_text("")
    before = sorted(bare.root.iterdir())
    done = bare.run("tenko", "init", bare.root / where)
    assert done.returncode == code and words in done.stderr
    assert sorted(p for p in bare.root.iterdir() if p != bare.logs) == [p for p in before if p != bare.logs]


def test_init_says_when_the_key_is_gone(bare):
    target = bare.root / "new"
    bare.run("tenko", "init", target)
    (target / "secret.key").unlink()
    done = bare.run("tenko", "init", target)
    assert done.returncode == os.EX_CONFIG and "secret.key" in done.stderr and "backup" in done.stderr
    assert not (target / "secret.key").exists()


def test_init_does_not_join_a_queue_to_a_new_database(bare):
    target = bare.root / "new"
    bare.run("tenko", "init", target)
    (target / "redis" / "appendonlydir").mkdir()
    (target / "tenko.db").unlink()
    done = bare.run("tenko", "init", target)
    assert done.returncode == os.EX_CANTCREAT and "queue of another database" in done.stderr
    assert not (target / "tenko.db").exists()


@needs_root
def test_init_on_a_full_disk_leaves_nothing(bare):
    disk = bare.root / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "tmpfs", disk],
                             capture_output=True)
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        done = bare.run("tenko", "init", disk / "new")
        assert done.returncode in (os.EX_IOERR, os.EX_CANTCREAT)
        assert not (disk / "new").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


# config


def test_the_shipped_settings_are_the_documented_defaults(bare):
    dump = bare.run("tenko", "config", "dump", "--defaults", "--docs").stdout
    shipped = (REPOSITORY / "config" / "tenko.conf").read_text(encoding="utf-8")
    assert shipped.endswith(dump), "config/tenko.conf: put `tenko config dump --defaults --docs` behind its heading"
    heading = shipped[:-len(dump)].splitlines()
    assert 0 < len(heading) < 15 and all(line.startswith("#") or not line for line in heading)
    definitions = (REPOSITORY / "common" / "conf" / "settings.def").read_text(encoding="utf-8")
    named = re.findall(r"^(?:TEXT|NUMBER|DURATION|SWITCH|CHOICE)\((\w+),\s*(\w+),", definitions, re.M)
    section, keys = None, []
    for line in shipped.splitlines():
        if match := re.fullmatch(r"\[(\w+)\]", line):
            section = match[1]
        elif match := re.match(r"(\w+) =", line):
            keys.append((section, match[1]))
    assert keys == named and len(keys) > 50


def test_config_dump_reads_back_the_same(bare):
    bare.configure(mail={"password": "hidden", "relay_host": "mail.example.com"},
                   reply={"choices": "; ".join(f"key{i}:無事ですか{i}番:are you safe, number {i}" for i in range(8))})
    dump = bare.cli("config", "dump", "--secrets").stdout
    assert "password = hidden\n" in dump and "relay_host = mail.example.com\n" in dump
    bare.conf.write_text(dump, encoding="utf-8")
    assert bare.cli("config", "dump", "--secrets").stdout == dump
    assert "hidden" not in bare.cli("config", "dump").stdout
    assert "hidden" not in bare.cli("config", "dump", "--json").stdout
    settings = bare.cli_json("config", "dump")["settings"]
    found = [s for s in settings if (s["section"], s["key"]) == ("mail", "relay_host")]
    assert found[0]["value"] == "mail.example.com" and found[0]["default"] == "127.0.0.1"


def test_config_check_names_every_fault(bare):
    bare.conf.write_text("[mail]\nrelay_port = 99999\nfrom = x\n[nowhere]\na = b\n")
    done = bare.cli("config", "check", code=os.EX_CONFIG)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in lines] == [f"{bare.conf}:{n}" for n in (2, 3, 5)]
    answer = json.loads(bare.cli("config", "check", "--json", code=os.EX_CONFIG).stdout)
    assert answer["sound"] is False and answer["faults"] == lines


@pytest.mark.parametrize("section, key, value", [
    ("broadcast", "channels", "fax"), ("reply", "base_url", "example.com"), ("reply", "choices", "safe"),
    ("reply", "inside_url", "ftp://x"), ("tenko", "data_dir", "relative"), ("mail", "from_address", "me"),
    ("broadcast", "template_dir", "/nowhere/at/all"), ("pacing", "outage_backoff", "60s"),
])
def test_config_check_looks_at_what_the_table_cannot_say(bare, section, key, value):
    bare.configure(**{section: {key: value}})
    done = bare.cli("config", "check", code=os.EX_CONFIG)
    assert f"{bare.conf}: {section}.{key}: " in done.stderr


# broadcast


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
    assert roster.sql("SELECT who, action, subject FROM audit") == [
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
    done = roster.cli("broadcast", "--title", "T", "--dry-run", "--channels", "mail,voice")
    assert re.search(r"^  voice +2 attempts$", done.stdout, re.M)
    assert re.search(r"^  U08 +山﨑 8郎$", done.stdout, re.M) and "1 person\n" in done.stdout
    assert re.search(r"^  people +8 people$", done.stdout, re.M)
    for table in ("broadcast", "question", "target", "audit", "meta"):
        assert roster.sql(f"SELECT count(*) FROM {table} WHERE rowid > 0" if table not in ("target", "meta")
                          else f"SELECT count(*) FROM {table}") == [(0,)], table
    assert ask(roster)["broadcast"] == 1


def test_many_unreachable_people_are_cut_short(roster):
    for number in range(100, 150):
        add_person(roster, number, group=4, steps=())
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


# terminals


class Terminal:
    """A command on a terminal of 80 by 24."""

    def __init__(self, tenko, *words, rows=24, columns=80):
        self.text = ""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(program("tenko"), ["tenko", "--config", str(tenko.conf), *map(str, words)],
                      tenko.environment(TERM="xterm"))
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self):
        """What is there by now; False at the end."""
        while select.select([self.fd], [], [], 0)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            self.text += data.decode(errors="replace")
        return True

    def expect(self, words, deadline=15):
        wait_for(lambda: self.read() and False or words in self.text, deadline, f"{words!r} in {self.text!r}")

    def send(self, keys):
        os.write(self.fd, keys.encode())

    def end(self, deadline=15):
        wait_for(lambda: not self.read(), deadline, f"the end of {self.text!r}")
        code = self.close()
        assert "Sanitizer" not in self.text
        return code

    def close(self):
        """The exit code; ends it if it has not ended."""
        if self.pid:
            os.close(self.fd)
            _, status = os.waitpid(self.pid, 0)
            self.pid = 0
            return os.waitstatus_to_exitcode(status)


@pytest.fixture
def terminal(roster):
    opened = []

    def open_one(*words, **size):
        opened.append(Terminal(roster, *words, **size))
        return opened[-1]

    yield open_one
    for one in opened:
        if one.pid:
            os.kill(one.pid, signal.SIGKILL)
        one.close()


@pytest.mark.parametrize("keys, code", [("y\n", 0), ("Y\n", 0), ("n\n", 64), ("\n", 64), ("yes\n", 0), ("\x04", 64)])
def test_many_people_are_asked_for_on_a_terminal(roster, keys, code, terminal):
    roster.configure(broadcast={"confirm_over": 0})
    shown = terminal("broadcast", "--title", "T")
    shown.expect("Send to 8 people? [y/N] ")
    shown.send(keys)
    assert shown.end() == code
    assert roster.sql("SELECT count(*) FROM broadcast") == [(1 if code == 0 else 0,)]


def test_watch_on_a_terminal_ends_by_q(roster, terminal):
    ask(roster)
    counted(roster, waiting=5, answered=3)
    shown = terminal("status", "--watch")
    shown.expect("q ends this view")
    assert "\x1b[?1049h" in shown.text and "answered" in shown.text
    roster.sql("UPDATE tally SET n = n + CASE key WHEN 3 THEN 1 ELSE -1 END WHERE what = 'state'")
    shown.expect("answered              4")
    shown.send("q")
    assert shown.end() == 0
    rest = shown.text.split("\x1b[?1049l")[1]
    assert "Broadcast 1, safety, running" in rest and "\x1b" not in rest


def test_watch_on_a_terminal_ends_with_the_broadcast(roster, terminal):
    ask(roster)
    counted(roster, waiting=5, answered=3)
    shown = terminal("status", "1", "--watch", rows=10, columns=30)
    shown.expect("q ends this view")
    frame = shown.text.split("\x1b[H")[-1].split("q ends")[0]
    assert len(frame.splitlines()) <= 10
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


def test_ctrl_c_leaves_a_waiting_broadcast_alone(roster):
    watcher = roster.start("tenko", "broadcast", "--title", "T", "--wait", ready=False)
    watcher.wait_log("in flight 0 of 8")
    watcher.send(signal.SIGINT)
    assert watcher.wait() == 130
    assert "the broadcast goes on: tenko status 1" in watcher.log()


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
    assert max(map(len, lines)) <= 44 and len(lines) <= 24


def test_status_reads_no_rows_but_the_counters(roster):
    ask(roster)
    counted(roster, waiting=8)
    roster.sql("UPDATE broadcast SET targeted = 1000000")
    roster.sql("UPDATE tally SET n = 1000000 WHERE what = 'state'")
    for table in ("attempt", "delivery"):
        roster.sql(f"DROP TABLE {table}")
    assert roster.cli_json("status")["waiting"] == 1000000


def test_list_of_broadcasts(roster):
    assert "no broadcast yet" in roster.cli("list").stderr
    for number in range(25):
        ask(roster, "--to", "user:U01")
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
    assert [a for (a,) in roster.sql("SELECT action FROM audit ORDER BY id")][1:] == [
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
    assert roster.sql("SELECT who, action, subject, detail FROM audit ORDER BY id")[1:] == [
        ("akiko", "reply.proxy", "broadcast=1 person=U05", "choice=slight by=総務 花子"),
        ("akiko", "reply.proxy", "broadcast=1 person=U06", "choice=safe by=akiko")]
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


# queue


def test_queue_that_cannot_be_reached(roster):
    done = roster.cli("queue", code=os.EX_UNAVAILABLE)
    assert "cannot be reached" in done.stderr and "redis.sock" in done.stderr and done.stdout == ""
    roster.configure(redis={"mode": "external", "address": "127.0.0.1:1"})
    roster.cli("queue", "--json", code=os.EX_UNAVAILABLE)


def test_queue(roster):
    roster.start_redis()
    empty = roster.cli_json("queue")
    assert empty["streams"] == [] and empty["results"] == empty["dead"] == 0
    roster.start("tenko-scheduler")
    ask(roster)
    queue = wait_for(lambda: (q := roster.cli_json("queue")) and q["streams"] and q["streams"][0]["length"] == 7 and q)
    assert [(s["channel"], s["lane"]) for s in queue["streams"]][0] == ("mail", 0)
    stream = queue["streams"][0]
    assert stream["pending"] == 0 and stream["consumers"] == [] and stream["oldest_age_ms"] >= 0
    text = roster.cli("queue").stdout
    assert "mail, urgent: 7 jobs, 0 with workers, the oldest for " in text and "dead letters: 0" in text


# with everything running


@pytest.fixture
def running(roster):
    """Scheduler, mail worker and a relay; chains end at once."""
    roster.sink = Sink(roster.root / "sink").start()
    roster.configure(mail={"relay_port": roster.sink.port, "session_messages": 5},
                     escalation={"retry_interval": "0s", "final_wait": "1s"})
    roster.start_redis()
    roster.start("tenko-scheduler")
    yield roster
    roster.sink.stop()


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


# verify


def finished_run(tenko):
    """A broadcast with an answer, as a real run leaves it, kept for the tests that damage it."""
    tenko.sink = Sink(tenko.root / "sink").start()
    tenko.configure(mail={"relay_port": tenko.sink.port}, escalation={"retry_interval": "0s", "final_wait": "1s"})
    tenko.start_redis()
    scheduler, mail = tenko.start("tenko-scheduler"), tenko.start("tenko-mail")
    tenko.cli("broadcast", "--title", "T", "--wait", deadline=60)
    tenko.cli("reply", 1, "U01", "--choice", "safe")
    wait_for(lambda: tenko.cli_json("status")["answered"] == 1)
    for process in (mail, scheduler, tenko.redis):
        process.stop()
    tenko.sink.stop()


DAMAGES = {
    "people": "DELETE FROM delivery WHERE person_id = 8",
    "people, missing": "UPDATE broadcast SET targeted = 9",
    "state": "UPDATE delivery SET state = 9 WHERE person_id = 2",
    "left": "UPDATE delivery SET state = 1 WHERE person_id = 2",
    "in_flight": "UPDATE delivery SET state = 2 WHERE person_id = 2",
    "open": "UPDATE attempt SET outcome = NULL WHERE id = (SELECT max(id) FROM attempt)",
    "orphan": "DELETE FROM delivery WHERE person_id = 2",
    "answer": "UPDATE delivery SET state = 4, reply_id = NULL, choice = NULL WHERE person_id = 1",
    "answer, no reply": "DELETE FROM reply",
    "answer, other choice": "UPDATE delivery SET choice = 'other' WHERE person_id = 1",
    "answer, not the newest": "INSERT INTO reply SELECT 99, broadcast_id, person_id, 'other', items, comment, way, by,"
                              " at FROM reply; REPLACE INTO cursor VALUES ('reply', 99)",
    "retries": "INSERT INTO attempt(delivery_id, channel, lane, dial_order, position, address_position, round, try,"
               " address, outcome, created_at, finished_at) SELECT delivery_id, channel, lane, dial_order, position,"
               " address_position, round, try + value, address, outcome, created_at, finished_at FROM attempt,"
               " (SELECT 1 AS value UNION SELECT 2 UNION SELECT 3 UNION SELECT 4) WHERE id = 1",
    "repeated": "INSERT INTO attempt(delivery_id, channel, lane, dial_order, position, address_position, round, try,"
                " address, outcome, created_at, finished_at) SELECT delivery_id, channel, lane, dial_order, position,"
                " address_position, round, try, address, outcome, created_at, finished_at FROM attempt WHERE id = 1",
    "order": "INSERT INTO attempt(delivery_id, channel, lane, dial_order, position, address_position, round, try,"
             " address, outcome, created_at, finished_at) SELECT delivery_id, channel, lane, dial_order - 1, position,"
             " address_position, round, 1, address, outcome, created_at, finished_at FROM attempt WHERE dial_order = 2"
             " LIMIT 1",
    "after_answer": "UPDATE attempt SET created_at = created_at + 1000000 WHERE delivery_id ="
                    " (SELECT id FROM delivery WHERE person_id = 1)",
    "untried": "UPDATE attempt SET outcome = 10 WHERE delivery_id = (SELECT id FROM delivery WHERE person_id = 2)",
    "tally": "UPDATE tally SET n = n + 1 WHERE what = 'answer'",
    "tally, attempts": "UPDATE tally SET n = n - 1 WHERE what = 'attempt'",
    "tally, people": "UPDATE tally SET n = n - 1 WHERE what = 'state' AND key = 4",
}


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory):
    """The database of a real run, made once."""
    return {"path": tmp_path_factory.mktemp("run") / "tenko.db"}


@pytest.mark.parametrize("damage", DAMAGES)
def test_verify_finds(roster, kept_run, damage):
    database = roster.data_dir / "tenko.db"
    if not kept_run["path"].exists():
        finished_run(roster)
        roster.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(database, kept_run["path"])
    for leftover in roster.data_dir.glob("tenko.db*"):
        leftover.unlink()
    shutil.copy(kept_run["path"], database)
    assert roster.cli_json("verify")["sound"] is True
    for statement in DAMAGES[damage].split("; "):
        roster.sql(statement)
    done = roster.cli("verify", "--json", code=os.EX_DATAERR)
    found = json.loads(done.stdout)
    assert damage.split(",")[0] in {d["check"] for d in found["differences"]}, found
    assert found["difference_count"] == len(found["differences"]) > 0
    assert all(d["broadcast"] == 1 for d in found["differences"])
    text = roster.cli("verify", code=os.EX_DATAERR).stdout
    assert "DIFFERENCES" in text and "broadcast=1" in text


def test_verify_finds_a_damaged_file(roster):
    ask(roster)
    roster.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    page = roster.sql("SELECT rootpage FROM sqlite_master WHERE name = 'delivery_person'")[0][0]
    size = roster.sql("PRAGMA page_size")[0][0]
    with open(roster.data_dir / "tenko.db", "r+b") as database:
        database.seek((page - 1) * size)
        database.write(b"\x55" * 64)
    done = roster.cli("verify", code=None)
    assert done.returncode in (os.EX_DATAERR, os.EX_SOFTWARE) and done.stdout + done.stderr


def test_verify_counts_replies_that_are_not_read_yet(roster):
    ask(roster)
    counted(roster, waiting=8)
    roster.cli("reply", 1, "U01", "--choice", "safe")
    answer = roster.cli_json("verify")
    assert answer["sound"] is True and answer["unread_replies"] == 1
