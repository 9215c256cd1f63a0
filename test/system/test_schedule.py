"""tenko schedule: drills that come again by themselves, through the real tenko-feed."""

import os
import time

import pytest

from cli_roster import roster  # noqa: F401  (a fixture)
from harness import wait_for

MINUTE, HOUR = 60 * 1000, 3600 * 1000


def now():
    return int(time.time() * 1000)


def put_due(tenko, name, ago=1000):
    tenko.sql("UPDATE planned_drill SET next_at = ? WHERE name = ?", now() - ago, name)


def broadcasts(tenko):
    return tenko.sql("SELECT id, kind, lane, title, targets, requested_by, targeted FROM broadcast ORDER BY id")


@pytest.fixture
def feed(roster):
    roster.feed = roster.start("tenko-feed")
    return roster


def test_a_drill_that_is_due_is_asked_for_once(feed):
    feed.cli("schedule", "add", "spring", "--every", "monthly 1st Mon 10:00", "--to", "group:G02", "--to", "user:U07")
    put_due(feed, "spring")
    wait_for(lambda: broadcasts(feed))
    (number, kind, lane, title, targets, by, people), = broadcasts(feed)
    assert (kind, lane, title, targets, by, people) == (
        3, 1, "【訓練】安否を知らせてください", "group:G02 user:U07", "schedule:spring", 5)
    drill, = feed.cli_json("schedule")["drills"]
    assert drill["broadcast"] == number
    assert feed.sql("SELECT next_at FROM planned_drill")[0][0] > now()
    time.sleep(1.5)  # several looks
    assert len(broadcasts(feed)) == 1
    feed.cli("verify", "--ledger")


def test_it_is_for_whom_the_group_has_on_that_day(feed):
    feed.cli("schedule", "add", "d", "--every", "daily 10:00", "--to", "group:G02,group:G10")
    feed.sql("UPDATE person SET department_id = 2 WHERE code = 'U01'")
    feed.sql("UPDATE department SET code = 'GX' WHERE code = 'G10'")
    put_due(feed, "d")
    wait_for(lambda: broadcasts(feed))
    assert broadcasts(feed)[0][6] == 5  # U01 among them; the group that is gone adds nobody
    feed.feed.wait_log('drill.partly drill="d" why="not there any more: group:G10"')


def test_what_was_due_while_nothing_ran(roster):
    for name, ago in (("soon", 50 * MINUTE), ("late", 2 * HOUR)):
        roster.cli("schedule", "add", name, "--every", "weekly Sun 10:00")
        put_due(roster, name, ago)
    roster.start("tenko-feed")
    wait_for(lambda: all(at > now() for at, in roster.sql("SELECT next_at FROM planned_drill")))
    assert [b[5] for b in broadcasts(roster)] == ["schedule:soon"]


def test_killed_at_any_moment_each_is_asked_for_once(roster):
    names = [f"d{n}" for n in range(40)]
    for name in names[:3]:
        roster.cli("schedule", "add", name, "--every", "daily 10:00")
    for name in names[3:]:
        roster.sql("INSERT INTO planned_drill SELECT ?, every, title, title_en, body, body_en, targets, channels,"
                   " made_by, next_at, NULL FROM planned_drill WHERE name = 'd0'", name)
    roster.sql("UPDATE planned_drill SET next_at = ?", now())
    for round in range(8):
        process = roster.start("tenko-feed")
        time.sleep(0.01 * round)
        process.kill()
        process.wait()
    roster.start("tenko-feed")
    wait_for(lambda: len(broadcasts(roster)) >= 40)
    time.sleep(0.7)
    assert sorted(b[5] for b in broadcasts(roster)) == sorted(f"schedule:{name}" for name in names)


def test_what_is_no_drill(roster):
    for words, said in ((("add", "x", "--every", "sometimes"), "--every is one of"),
                        (("add", "x"), "--every is one of"),
                        (("add", "--every", "daily 10:00"), "needs one name"),
                        (("add", "a b", "--every", "daily 10:00"), "letters, digits"),
                        (("add", "x", "--every", "daily 10:00", "--to", "region:350"), "not \"region:350\""),
                        (("remove",), "takes one"), (("move", "x"), "add or remove")):
        assert said in roster.cli("schedule", *words, code=os.EX_USAGE).stderr
    assert "no group" in roster.cli("schedule", "add", "x", "--every", "daily 10:00", "--to", "group:G99",
                                    code=os.EX_DATAERR).stderr
    assert "no drill is planned" in roster.cli("schedule").stderr
    assert "no drill" in roster.cli("schedule", "remove", "x", code=os.EX_DATAERR).stderr


def test_adding_and_removing(roster):
    assert "then daily 10:00" in roster.cli("schedule", "add", "x", "--every", "daily 10:00").stdout
    assert "already" in roster.cli("schedule", "add", "x", "--every", "daily 11:00", code=os.EX_DATAERR).stderr
    assert roster.cli("schedule").stdout.split()[0] == "x"
    roster.cli("schedule", "remove", "x")
    assert roster.cli_json("schedule") == {"drills": []}
    assert [row[0] for row in roster.sql("SELECT action FROM audit WHERE action LIKE 'drill.%' ORDER BY id")] == [
        "drill.planned", "drill.unplanned"]
