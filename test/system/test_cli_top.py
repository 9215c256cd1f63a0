"""tenko top: queues, workers, processes and feeds, live and once."""

import re
import time

import pytest

from cli_roster import ask, roster, running, terminal  # noqa: F401  (a fixture)
from harness import wait_for


def test_jobs_wait_and_workers_take_them(running):
    ask(running)
    wait_for(lambda: running.cli_json("status")["in_flight"] == 7)
    top = running.cli_json("top")
    mail, = [q for q in top["queues"] if q["channel"] == "mail" and q["lane"] == "urgent"]
    assert mail["jobs"] == 7 and mail["with_workers"] == 0 and mail["oldest_age_ms"] >= 0
    channel, = [c for c in top["channels"] if c["channel"] == "mail"]
    assert (channel["in_flight"], channel["window"], channel["rate_limit"], channel["down"]) == (7, 2000, 0, None)
    assert top["workers"] == [] and top["broadcasts_open"] == 1 and top["queue_fault"] is None
    text = running.cli("top", "--once").stdout
    assert re.search(r"^  mail +urgent +7 +0 ", text, re.M) and "none has ever asked for jobs" in text
    running.start("tenko-mail")
    wait_for(lambda: running.cli_json("status")["exhausted"] == 8, 30, "the end")
    worker, = running.cli_json("top")["workers"]
    assert worker["channel"] == "mail" and worker["jobs"] == 0 and worker["idle_ms"] < 60000
    assert worker["name"][:20] in running.cli("top").stdout


def test_a_queue_that_cannot_be_reached_is_said_and_the_rest_shown(roster):
    roster.sql("INSERT INTO channel_down VALUES (1, ?, 'relay: refused')", int(time.time() * 1000))
    roster.sql("INSERT INTO feed VALUES ('https://feed.example/eqvol.xml', 1, NULL, 'no answer')")
    top = roster.cli_json("top")
    assert top["queue_fault"] and top["queues"] == [] and top["processes"] == []
    assert [c["down"]["reason"] for c in top["channels"] if c["down"]] == ["relay: refused"]
    assert top["feeds"] == [{"url": "https://feed.example/eqvol.xml", "answered_at": None, "fault": "no answer"}]
    text = roster.cli("top", "--once").stdout
    for words in ("The queue cannot be reached: ", "DOWN since", "tenkod does not run on this machine", "eqvol.xml  no answer"):
        assert words in text, words


def test_processes_of_this_machine_with_what_they_use(running_master):
    top = running_master.cli_json("top")
    names = [p["name"] for p in top["processes"]]
    assert names[0] == "tenkod" and any(n.startswith("tenko-schedule") for n in names)
    assert all(p["memory_kb"] > 0 and p["pid"] > 0 and p["cpu_percent"] >= 0 for p in top["processes"])


@pytest.fixture
def running_master(roster):
    roster.start_redis()
    master = roster.start("tenkod", ready="tenkod.ready")
    yield roster
    master.stop()


def test_processes_leave_room_for_feeds(running_master, terminal):
    running_master.sql("INSERT INTO feed VALUES ('https://feed.example/eqvol.xml', 1, NULL, 'no answer')")
    lines = terminal("top", rows=16).wait_lines("eqvol.xml")
    assert any("more: tenko top --once" in line for line in lines) and lines[-1].startswith("q ends this view")


@pytest.mark.parametrize("rows, columns", ((24, 80), (50, 200)))
def test_the_view_shows_all_and_ends_by_q(running, terminal, rows, columns):
    ask(running)
    wait_for(lambda: running.cli_json("status")["in_flight"] == 7)
    shown = terminal("top", rows=rows, columns=columns)
    lines = shown.wait_lines("q ends this view")
    assert lines[0].startswith("Tenko, 1 broadcast open") and lines[0][-8:].count(":") == 2
    for words in ("Channels", "Queues", "Workers", "Processes"):
        assert any(line.startswith(words) for line in lines), (words, lines)
    assert any(re.match(r"  mail +7 +2,000 ", line) for line in lines)
    running.start("tenko-mail")
    shown.wait_lines(" ago")
    shown.send("q")
    assert shown.end() == 0
