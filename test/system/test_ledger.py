"""The ledger: what happened stands in it, its chain is as its definition says, and whatever was changed
afterwards is found, in it or in the rows it speaks of."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

from cli_roster import ask, roster  # noqa: F401  (a fixture)
from harness import REPOSITORY, wait_for
from test_cli_verify import finished_run

ROW = "SELECT id, at, who, action, subject, detail FROM audit ORDER BY id"


def row_hash(before, row):
    """The hash of a row by its definition (common/store/ledger.h), not by its code."""
    number, at, *texts = row
    parts = [b"tenko ledger 1", before, struct.pack(">qq", number, at)]
    for text in texts:
        parts += [struct.pack(">I", len(text.encode())), text.encode()]
    return hashlib.sha256(b"".join(parts)).digest()


def chain_anew(tenko, first=1):
    """What somebody does who knows how: every hash from a row on is made again."""
    with contextlib.closing(sqlite3.connect(tenko.data_dir / "tenko.db")) as db, db:
        before = bytes(32)
        for row in db.execute(ROW).fetchall():
            before = row_hash(before, row)
            if row[0] >= first:
                db.execute("UPDATE audit SET hash = ? WHERE id = ?", (before, row[0]))


@pytest.fixture(scope="module")
def kept_run(tmp_path_factory):
    """The database of a real run, made once."""
    return {"path": tmp_path_factory.mktemp("run") / "tenko.db"}


@pytest.fixture
def run(roster, kept_run):
    database = roster.data_dir / "tenko.db"
    if not kept_run["path"].exists():
        finished_run(roster)
        roster.cli("remind", 1)
        roster.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(database, kept_run["path"])
    for leftover in roster.data_dir.glob("tenko.db*"):
        leftover.unlink()
    shutil.copy(kept_run["path"], database)
    return roster


def differences(tenko, *words):
    done = tenko.cli("verify", "--ledger", *words, "--json", code=os.EX_DATAERR)
    found = json.loads(done.stdout)
    assert found["sound"] is False
    assert found["difference_count"] == len(found["differences"]) > 0
    text = tenko.cli("verify", "--ledger", *words, code=os.EX_DATAERR).stdout
    assert "DIFFERENCES" in text
    return found["differences"]


def test_what_happened_stands_in_it(run):
    rows = run.sql("SELECT who, action, subject, detail FROM audit ORDER BY id")
    actions = [action for _, action, _, _ in rows]
    assert actions[:2] == ["ledger.begun", "store.made"]
    attempts = run.sql("SELECT count(*) FROM attempt WHERE outcome IS NOT NULL")[0][0]
    assert attempts > 0 and actions.count("attempt.ended") == attempts
    assert actions.count("broadcast.requested") == actions.count("reply.proxy") == actions.count(
        "broadcast.remind") == 1
    assert not any("@example.com" in text or "0900000" in text for row in rows for text in row)
    answer = run.cli_json("verify", "--ledger")
    assert answer["sound"] is True and answer["rows"] == len(rows) and answer["told"] == attempts + 3


def test_the_chain_is_as_defined(run):
    before = bytes(32)
    for *row, kept in run.sql(ROW.replace("detail FROM", "detail, hash FROM")):
        before = row_hash(before, row)
        assert kept == before, row
    head = run.cli("verify", "--head").stdout.strip()
    assert head == f"{row[0]}:{before.hex()}"
    assert run.cli_json("verify", "--head") == {"audit": row[0], "head": head}


# what was changed, and how the first difference reads
DAMAGES = {
    "outcome": ("UPDATE attempt SET outcome = 6 WHERE id = 1", "attempt=1 says refused, the ledger delivered"),
    "address": ("UPDATE attempt SET address = 'x@example.com' WHERE id = 1", "attempt=1 was changed after"),
    "time": ("UPDATE attempt SET finished_at = finished_at + 1 WHERE id = 2", "attempt=2 was changed after"),
    "whose": ("UPDATE delivery SET person_id = 99 WHERE id = (SELECT delivery_id FROM attempt WHERE id = 1)",
              "attempt=1 was changed after"),
    "gone": ("DELETE FROM attempt WHERE id = 1", "attempt=1 is gone or open again, the ledger says delivered"),
    "open": ("UPDATE attempt SET outcome = NULL WHERE id = 1", "attempt=1 is gone or open again"),
    "added": ("INSERT INTO attempt SELECT 99, delivery_id, channel, lane, dial_order, position, address_position,"
              " round, 7, address, outcome, detail, created_at, finished_at, NULL, NULL, NULL, 0,"
              " NULL, NULL FROM attempt WHERE id = 1", "attempt=99 stands nowhere in the ledger"),
    "answer": ("UPDATE reply SET choice = 'other'", "reply=1 says other, the ledger safe"),
    "comment": ("UPDATE reply SET comment = 'never said'", "reply=1 was changed after"),
    "no answer": ("DELETE FROM reply", "reply=1 is gone, the ledger says safe"),
    "answer added": ("INSERT INTO reply SELECT 99, broadcast_id, 2, choice, items, comment, way, by, at FROM reply",
                     "reply=99 stands nowhere in the ledger"),
    "verb": ("UPDATE control SET verb = 1", "control=1 says cancel, the ledger remind"),
    "by": ("UPDATE control SET by = 'somebody'", "control=1 was changed after"),
    "no control": ("DELETE FROM control", "control=1 is gone, the ledger says remind"),
    "question": ("UPDATE broadcast SET body = 'never sent'", "broadcast=1 was changed after"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_changed_rows_are_found(run, damage):
    statement, sentence = DAMAGES[damage]
    run.sql(statement)
    found = differences(run)
    assert sentence in found[0]["detail"]
    if "nowhere" in sentence:
        assert found[0]["audit"] == 0
    else:
        word = sentence.split()[0]
        told = run.sql("SELECT min(id) FROM audit WHERE subject = ?1 OR detail GLOB ?1 || ' *'", word)
        assert found[0]["audit"] == told[0][0]


def first_ended(tenko):
    return tenko.sql("SELECT min(id) FROM audit WHERE action = 'attempt.ended'")[0][0]


def test_a_changed_row_of_the_ledger_is_found(run):
    row = first_ended(run)
    run.sql("UPDATE audit SET detail = replace(detail, 'delivered', 'refused') WHERE id = ?", row)
    found = differences(run)
    assert [f["audit"] for f in found] == [row, row]
    assert "its hash does not fit" in found[0]["detail"] and "says delivered, the ledger refused" in found[1]["detail"]
    # with its own hash made again the next row shows it
    before = run.sql("SELECT hash FROM audit WHERE id = ?", row - 1)[0][0]
    [changed] = [r for r in run.sql(ROW) if r[0] == row]
    run.sql("UPDATE audit SET hash = ? WHERE id = ?", row_hash(before, changed), row)
    assert [f["audit"] for f in differences(run)] == [row, row + 1]


@pytest.mark.parametrize("column, value", [("at", 5), ("who", "x"), ("subject", "attempt=9"), ("hash", None),
                                           ("hash", b"short"), ("detail", b"\xff\x00\xfe")])
def test_any_column_counts(run, column, value):
    row = first_ended(run)
    run.sql(f"UPDATE audit SET {column} = ? WHERE id = ?", value, row)
    assert row in [f["audit"] for f in differences(run)]


def test_rows_taken_out_are_found(run):
    row = first_ended(run)
    run.sql("DELETE FROM audit WHERE id = ?", row)
    found = differences(run)[0]
    assert found["audit"] == row + 1 and found["detail"] == "1 row before it is gone"


def test_rows_taken_off_the_end_are_found(run):
    newest = run.sql("SELECT max(id) FROM audit")[0][0]
    run.sql("DELETE FROM audit WHERE id > ?", newest - 2)
    found = differences(run)
    assert found[0]["audit"] == newest and f"ends at audit={newest - 2}" in found[0]["detail"]


def test_a_kept_head_shows_what_was_written_anew(run):
    head = run.cli("verify", "--head").stdout.strip()
    run.cli("pause", 1, code=None)
    run.cli("reply", 1, "U02", "--choice", "safe")
    assert "is part of it" in run.cli("verify", "--ledger", "--head", head).stdout
    assert run.cli_json("verify", f"--head={head}")["sound"] is True
    # a row and what it speaks of, both changed, and the whole chain made to fit
    row = first_ended(run)
    run.sql("UPDATE audit SET who = 'nobody' WHERE id = ?", row)
    chain_anew(run)
    assert run.cli_json("verify", "--ledger")["sound"] is True
    [found] = differences(run, "--head", head)
    assert found["audit"] == int(head.split(":")[0]) and "written anew" in found["detail"]


def test_a_head_that_is_newer_than_the_ledger(run):
    newest, digest = run.cli("verify", "--head").stdout.strip().split(":")
    [found] = differences(run, "--head", f"{int(newest) + 1}:{digest}")
    assert found["audit"] == int(newest) + 1 and "rows were taken off" in found["detail"]


@pytest.mark.parametrize("words", [("--ledger", "--head", "12"), ("--ledger", "--head", "12:" + "g" * 64),
                                   ("--head", "0:" + "0" * 64), ("--head", "1:" + "0" * 63), ("812:" + "0" * 64,),
                                   ("--ledger", "1:" + "0" * 64), ("--head", "9" * 30 + ":" + "0" * 64),
                                   ("--ledger", "--head", "1:" + "0" * 64, "more")])
def test_words_that_are_no_head(run, words):
    assert "tenko verify --help" in run.cli("verify", *words, code=os.EX_USAGE).stderr


def test_rows_from_before_the_ledger_are_chained(tenko):
    """A database as the version before made it: no hashes, and rows that it does not tell of."""
    steps = sorted((REPOSITORY / "common" / "store" / "migrations").glob("*.sql"))
    ledger = next(i for i, step in enumerate(steps) if step.stem.endswith("_ledger"))
    for leftover in tenko.data_dir.glob("tenko.db*"):
        leftover.unlink()
    with contextlib.closing(sqlite3.connect(tenko.data_dir / "tenko.db")) as db:
        for step in steps[:ledger]:
            db.executescript(step.read_text())
        db.executescript(
            f"PRAGMA user_version = {int(steps[ledger].stem.split('_')[0]) - 1};"
            "INSERT INTO audit(at, who, action, subject, detail) VALUES"
            " (1, 'akiko', 'broadcast.requested', 'broadcast=3', 'all'), (2, 'akiko', 'broadcast.cancel', 'broadcast=3', '');"
            "INSERT INTO reply(id, broadcast_id, person_id, choice, way, at) VALUES (7, 3, 1, 'safe', 1, 2)")
    answer = tenko.cli_json("verify", "--ledger")
    assert answer["sound"] is True and answer["rows"] >= 3
    [(number, detail)] = tenko.sql("SELECT id, detail FROM audit WHERE action = 'ledger.begun'")
    assert (number, detail) == (3, "attempts=0 replies=7 controls=0 broadcasts=0")
    tenko.sql("UPDATE audit SET who = 'x' WHERE id = 1")
    assert differences(tenko)[0]["audit"] == 1


def test_settings_that_changed(roster):
    def told():
        return [d for (d,) in roster.sql("SELECT detail FROM audit WHERE action = 'settings.changed' ORDER BY id")]

    roster.start_redis()
    scheduler = roster.start("tenko-scheduler")
    assert told() == ["all"]
    roster.configure(mail={"from_name": "総務課"}, pacing={"mail_rate": 7})
    scheduler.send(signal.SIGHUP)
    wait_for(lambda: len(told()) == 2)
    assert sorted(told()[1].split()) == ["mail.from_name", "pacing.mail_rate"]
    scheduler.stop()
    roster.start("tenko-scheduler")
    assert len(told()) == 2  # the same as before


def test_several_writers_make_one_chain(roster):
    """The scheduler, the reply endpoint and many commands at once."""
    roster.start_redis()
    roster.start("tenko-scheduler")
    ask(roster)
    wait_for(lambda: roster.cli_json("status")["in_flight"] == 7)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: roster.cli("reply", 1, f"U0{n % 7 + 1}", "--choice", "safe"), range(24)))
    answer = roster.cli_json("verify", "--ledger")
    assert answer["sound"] is True and answer["told"] >= 25
