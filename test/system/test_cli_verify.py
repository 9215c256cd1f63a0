"""tenko verify: sound runs are sound, and each kind of damage is found."""

import json
import os
import shutil

import pytest

from cli_roster import ask, counted, roster  # noqa: F401  (a fixture)
from crowd import Sink
from harness import wait_for

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
