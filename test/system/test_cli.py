"""The operator's command as a whole, init, config and queue. What it does with broadcasts stands in
test_cli_broadcast.py, test_cli_status.py and test_cli_verify.py; import and export in test_roster.py."""

import json
import os
import re
import sqlite3
import stat
import subprocess

import pytest

from cli_roster import ask, roster  # noqa: F401  (a fixture)
from harness import REPOSITORY, needs_root, program, wait_for

COMMANDS = ["init", "import", "export", "broadcast", "status", "list", "report", "schedule", "cancel",
            "pause", "resume", "remind", "reply", "person", "test-send", "log", "feed", "bounce", "queue",
            "doctor", "top", "verify", "backup", "restore", "config", "version", "help"]


# the tool as a whole


def test_help_fits_a_screen(bare):
    lines = bare.run("tenko", "help").stdout.splitlines()
    assert len(lines) <= 24
    for command in COMMANDS:
        assert any(line.startswith(f"  {command} ") or line.startswith("Also:") and command in line.split()
                   for line in lines), command
    for command in COMMANDS:
        done = bare.run("tenko", command, "--help")
        assert done.returncode == 0 and not done.stderr
        assert done.stdout == bare.run("tenko", "help", command).stdout
        lines = done.stdout.splitlines()
        assert lines[0].startswith(f"Usage: tenko {command}")
        assert sum(max(1, -(-len(line) // 80)) for line in lines) <= 24 and max(map(len, lines)) <= 100, command


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
    assert {p.name for p in target.iterdir()} == {"run", "redis", "tenko.db", "secret.key", "vapid.key",
                                                "hooks.key", "tenko.conf"}
    for folder in (target, target / "run", target / "redis"):
        assert mode(folder) == 0o700
    for file in ("tenko.db", "secret.key", "vapid.key", "hooks.key", "tenko.conf"):
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


# queue


def test_queue_that_cannot_be_reached(roster):
    done = roster.cli("queue", code=os.EX_UNAVAILABLE)
    assert "cannot be reached" in done.stderr and "redis.sock" in done.stderr and done.stdout == ""
    roster.configure(redis={"mode": "external", "address": "127.0.0.1:1", "password": "hush"})
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
