"""tenko backup and tenko restore: a copy is taken while a crowd is being reached, everything is killed,
the copy put back, and the broadcast goes on; and what is no good backup changes nothing."""

import contextlib
import os
import shutil
import signal
import sqlite3
import threading
import urllib.error
import urllib.request

import pytest

from cli_roster import ask, counted, roster  # noqa: F401  (a fixture)
from crowd import Sink, addresses_of, answer, import_crowd, token
from harness import program, wait_for

PEOPLE = 2000
BATCH = 50


def backup(tenko, name="b", **more):
    path = tenko.root / f"{name}.backup"
    tenko.cli("backup", path, deadline=120, **more)
    return path


def edit(path, *statements):
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        for statement in statements:
            db.execute(*statement if isinstance(statement, tuple) else (statement,))


def state_of(tenko):
    """The data directory's files, by name and content."""
    return {p.name: p.read_bytes() for p in tenko.data_dir.iterdir() if p.is_file() and "tenko.db-" not in p.name}


# the whole way


def kill_all(tenko):
    for pid in tenko.leftovers():
        os.kill(pid, signal.SIGKILL)
    tenko.processes[-1].wait()
    wait_for(lambda: not tenko.leftovers(), 10, "all to be gone")


@pytest.fixture
def crowd(tenko):
    sink = Sink(tenko.root / "sink").start()
    try:
        tenko.configure(log={"level": "info"},
                        mail={"relay_port": sink.port, "session_messages": BATCH, "timeout": "5s"},
                        workers={"mail": 2}, pacing={"mail_rate": PEOPLE // 8},
                        escalation={"retry_interval": "5s", "final_wait": "3s"}, redis={"claim_timeout": "20s"})
        import_crowd(tenko, PEOPLE)
        tenko.sink = sink
        tenko.start("tenkod")
        yield tenko
    finally:
        sink.stop()


def ended(tenko):
    return sum(tenko.cli_json("status", 1)["attempts"].get("mail", {}).values())


def test_a_broadcast_goes_on_from_a_backup(crowd):
    crowd.cli("broadcast", "--title", "地震がありました", "--yes")
    wait_for(lambda: ended(crowd) >= PEOPLE // 8, 60)
    early, late = range(1, 40), range(PEOPLE - 40, PEOPLE)
    for person in early:
        answer(crowd, 1, person)
    copy = backup(crowd)
    head = crowd.cli("verify", "--head").stdout.strip()
    with contextlib.closing(sqlite3.connect(copy)) as db:
        last_copied, = db.execute("SELECT seq FROM sqlite_sequence WHERE name = 'attempt'").fetchone()
        replies, = db.execute("SELECT count(*) FROM reply").fetchone()
    assert replies == len(early)

    # after it: more is sent, more is answered, and there is another broadcast
    wait_for(lambda: ended(crowd) >= PEOPLE // 2, 60)
    for person in late:
        answer(crowd, 1, person)
    lost = crowd.cli_json("broadcast", "--title", "もう一つ", "--to", "user:p1", "--yes")["broadcast"]
    lost_link = f"/r/{token(crowd, lost, 1)}"
    last_lost, = crowd.sql("SELECT max(id) FROM attempt")[0]
    assert last_lost > last_copied
    kill_all(crowd)
    sent_before = len(crowd.sink.messages())

    restored = crowd.cli_json("restore", copy)
    assert restored["broadcasts"] == 1 and restored["people"] == PEOPLE and restored["difference_count"] == 0
    assert (crowd.data_dir / restored["kept"] / "tenko.db").exists()
    assert crowd.cli("verify", "--ledger", code=None).returncode == 0
    master = crowd.start("tenkod")
    scheduler_log = wait_for(lambda: "belt.of_another_store" in master.log(), 20, "the queue to be another's")
    assert scheduler_log

    port = crowd.reply_port()
    for person in (50, 51):  # links that were sent before go on working
        answer(crowd, 1, person, port=port)
    with pytest.raises(urllib.error.HTTPError) as gone:
        urllib.request.urlopen(f"http://127.0.0.1:{port}{lost_link}", timeout=30)
    assert gone.value.code == 404
    again = crowd.cli_json("broadcast", "--title", "もう一つ", "--to", "user:p1", "--yes")["broadcast"]
    assert again != lost and again > 2

    wait_for(lambda: crowd.cli_json("status", 1)["state"] == "finished", 150, "the end of the broadcast")
    status = crowd.cli_json("status", 1)
    answered = len(early) + 2
    assert status["balanced"] and status["targeted"] == PEOPLE
    assert (status["answered"], status["exhausted"]) == (answered, PEOPLE - answered)
    messages = crowd.sink.messages()
    got = {}
    for recipient, attempt in messages:
        got.setdefault(recipient, []).append(attempt)
    who_answered = {*early, 50, 51}
    missing = [n for n in range(1, PEOPLE + 1)
               if n not in who_answered and any(a not in got for a in addresses_of(n, 2))]
    assert missing == []
    # Nobody gets more than what went out after the backup once more: a first from before, one from now.
    mails_of_1 = {a: ids for a, ids in got.items() if not a.startswith("p1.")}
    assert max(len(ids) for ids in mails_of_1.values()) <= 2
    twice = sum(len(ids) - 1 for ids in mails_of_1.values())
    assert twice <= sent_before
    # No number that was given out after the backup was given out again.
    begun = {i for (i,) in crowd.sql("SELECT id FROM attempt WHERE id > ?", last_copied)}
    assert begun and min(begun) > last_lost
    assert crowd.cli("verify", deadline=120).returncode == 0
    assert crowd.cli_json("verify", "--ledger", deadline=120)["sound"] is True
    # The head that was taken behind the copy may be gone; the copy's own is part of it.
    kept = sqlite3.connect(copy).execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone()
    assert crowd.cli_json("verify", "--ledger", "--head", f"{kept[0]}:{kept[1].hex()}", deadline=120)["sound"]
    assert int(head.split(":")[0]) >= kept[0]


def test_writers_do_not_make_it_begin_again(roster):
    """Somebody commits all the time while the copy is made; it shows one moment."""
    roster.sql("CREATE TABLE ballast(bytes)")
    for _ in range(4):
        roster.sql("INSERT INTO ballast WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
                   " SELECT zeroblob(4000) FROM n")
    roster.sql("CREATE TABLE pair(a, b)")
    roster.sql("INSERT INTO pair VALUES (0, 0)")
    done, commits = threading.Event(), []

    def write():
        with contextlib.closing(sqlite3.connect(roster.data_dir / "tenko.db", timeout=10)) as db:
            while not done.wait(0.002):  # between commits the lock is free, as it is where processes work
                with db:
                    db.execute("UPDATE pair SET a = a + 1")
                    db.execute("UPDATE pair SET b = b + 1")
                commits.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        wait_for(lambda: commits)
        before = len(commits)
        copy = backup(roster)
        after = len(commits)
    finally:
        done.set()
        writer.join()
    assert after > before, "writers go on meanwhile"
    with contextlib.closing(sqlite3.connect(copy)) as db:
        a, b = db.execute("SELECT a, b FROM pair").fetchone()
        assert a == b and before <= a <= after + 1
        assert db.execute("SELECT count(*) FROM ballast").fetchone() == (8000,)


# what it is


def test_what_a_backup_is(roster):
    copy = backup(roster)
    assert copy.stat().st_mode & 0o777 == 0o600
    assert not list(roster.root.glob("b.backup.*"))
    with contextlib.closing(sqlite3.connect(copy)) as db:
        keys = dict(db.execute("SELECT name, content FROM backup_file"))
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.execute("SELECT action FROM audit ORDER BY id DESC LIMIT 1").fetchone() == ("store.backup",)
    assert keys == {name: (roster.data_dir / name).read_bytes()
                    for name in ("hooks.key", "secret.key", "vapid.key")}
    answered = roster.cli_json("backup", roster.root / "second.backup")
    assert answered["keys"] == "hooks.key, secret.key, vapid.key" and answered["bytes"] > 4096


def test_it_overwrites_nothing(roster):
    copy = backup(roster)
    kept = copy.read_bytes()
    assert "overwrites nothing" in roster.cli("backup", copy, code=os.EX_CANTCREAT).stderr
    assert copy.read_bytes() == kept
    assert "cannot be made" in roster.cli("backup", roster.root / "none" / "b", code=os.EX_CANTCREAT).stderr
    for words in ((), ("-",), ("a", "b"), ("--x",)):
        roster.cli("backup", *words, code=os.EX_USAGE)
        roster.cli("restore", *[w for w in words if w != "-"], code=os.EX_USAGE)


def test_no_room_for_it(roster):
    roster.sql("CREATE TABLE ballast AS SELECT zeroblob(2000000) AS bytes")
    command = f'trap "" XFSZ; ulimit -f 500; exec {program("tenko")} --config {roster.conf} backup {roster.root}/b'
    done = roster.run("bash", "-c", command, path="/bin/bash")
    assert done.returncode == os.EX_IOERR and str(roster.root / "b") in done.stderr
    assert not [p.name for p in roster.root.iterdir() if p.name.startswith("b")]


def test_a_key_that_others_can_read(roster):
    (roster.data_dir / "vapid.key").chmod(0o644)
    assert "chmod 600" in roster.cli("backup", roster.root / "b", code=os.EX_NOPERM).stderr


# putting it back


def test_keys_come_back(roster):
    ask(roster)
    copy = backup(roster)
    old = (roster.data_dir / "secret.key").read_bytes()
    shutil.rmtree(roster.data_dir)
    roster.init()
    made = (roster.data_dir / "secret.key").read_bytes()
    assert made != old
    kept = roster.cli_json("restore", copy)["kept"]
    assert (roster.data_dir / "secret.key").read_bytes() == old
    assert (roster.data_dir / "secret.key").stat().st_mode & 0o777 == 0o600
    assert (roster.data_dir / kept / "secret.key").read_bytes() == made
    assert roster.sql("SELECT count(*) FROM person") == [(9,)]
    assert roster.sql("SELECT count(*) FROM sqlite_master WHERE name = 'backup_file'") == [(0,)]
    assert old not in (roster.data_dir / "tenko.db").read_bytes()
    who, detail = roster.sql("SELECT who, detail FROM audit WHERE action = 'store.restored'")[0]
    assert who and detail.startswith("backup=20")
    assert not list(roster.data_dir.glob("restoring.*"))


def test_each_time_other_numbers(roster):
    copy = backup(roster)
    seen = []
    for _ in range(2):
        roster.cli("restore", copy)
        sequence = dict(roster.sql("SELECT name, seq FROM sqlite_sequence"))
        seen.append((sequence["attempt"], *roster.sql("SELECT value FROM meta WHERE key = 'epoch'")[0]))
        assert 9 < sequence["person"] < 2**32 and 0 < sequence["broadcast"] < 2**32
        for folder in roster.data_dir.glob("replaced-*"):  # named by the second
            folder.rename(roster.root / f"kept-{len(seen)}")
    assert seen[0][0] + 1000 < seen[1][0] < 2**53 and seen[0][1] != seen[1][1]


@pytest.mark.parametrize("name", ["tenkod", "tenko-scheduler", "tenko-reply"])
def test_nothing_may_run(roster, name):
    copy = backup(roster)
    roster.start_redis()
    process = roster.start(name)
    before = state_of(roster)
    done = roster.cli("restore", copy, code=os.EX_UNAVAILABLE)
    assert "end it first" in done.stderr and "nothing was changed" in done.stderr
    if name == "tenkod":
        assert f"pid {process.pid}" in done.stderr
    assert state_of(roster)["secret.key"] == before["secret.key"]
    assert not list(roster.data_dir.glob("re[sp]*"))
    process.stop()
    roster.cli("restore", copy)


def truncated(path):
    with open(path, "r+b") as file:
        file.truncate(path.stat().st_size // 2)


def torn(path):
    with contextlib.closing(sqlite3.connect(path)) as db:
        page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'delivery_person'").fetchone()[0]
    with open(path, "r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x55" * 64)


NO_BACKUPS = {
    "a newer version": (lambda p: edit(p, "PRAGMA user_version = 999"), os.EX_CONFIG, "newer version"),
    "no backup": (lambda p: edit(p, "DROP TABLE backup_file"), os.EX_DATAERR, "is no backup"),
    "no database": (lambda p: p.write_text("hello\n" * 1000), os.EX_DATAERR, "not a database"),
    "empty": (lambda p: p.write_bytes(b""), os.EX_DATAERR, "is no backup"),
    "cut off": (truncated, None, "nothing was changed"),
    "torn": (torn, None, "nothing was changed"),
    "a key elsewhere": (lambda p: edit(p, ("INSERT INTO backup_file VALUES ('../evil.key', x'00')",)),
                        os.EX_DATAERR, "key file"),
    "a key that is none": (lambda p: edit(p, ("INSERT INTO backup_file VALUES ('tenko.conf', x'00')",)),
                           os.EX_DATAERR, "key file"),
    "a changed record": (lambda p: edit(p, "UPDATE broadcast SET body = 'never sent'"), os.EX_DATAERR, "--anyway"),
    "a missing person": (lambda p: edit(p, "DELETE FROM delivery WHERE person_id = 1"), os.EX_DATAERR, "--anyway"),
}


@pytest.mark.parametrize("what", NO_BACKUPS)
def test_what_is_no_good_changes_nothing(roster, what):
    spoil, code, words = NO_BACKUPS[what]
    ask(roster)
    counted(roster, waiting=8)
    copy = backup(roster)
    spoil(copy)
    roster.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    before = state_of(roster)
    done = roster.cli("restore", copy, code=code)
    assert done.returncode != 0 and words in done.stderr and "nothing was changed" in done.stderr
    assert state_of(roster) == before
    assert not list(roster.data_dir.glob("re[sp]*")) and not (roster.data_dir.parent / "evil.key").exists()
    if words == "--anyway":
        assert roster.cli_json("restore", copy, "--anyway")["difference_count"] > 0


def test_a_damaged_database_makes_room(roster):
    """What is there is no database any more, and has a log beside it that must not reach the new one."""
    copy = backup(roster)
    (roster.data_dir / "tenko.db").write_bytes(b"\x55" * 8192)
    (roster.data_dir / "tenko.db-wal").write_bytes(b"\xaa" * 8192)
    kept = roster.data_dir / roster.cli_json("restore", copy)["kept"]
    assert (kept / "tenko.db").read_bytes() == b"\x55" * 8192
    assert (kept / "tenko.db-wal").read_bytes() == b"\xaa" * 8192
    assert roster.cli_json("verify")["sound"] is True


def test_killed_in_the_middle(roster):
    """One database or the other is whole in its place, and restoring again works."""
    roster.sql("CREATE TABLE ballast AS SELECT zeroblob(20000000) AS bytes")
    copy = backup(roster)
    for sign in ("restoring.*", "restoring.*/tenko.db-wal", "replaced-*", "replaced-*/tenko.db"):
        process = roster.start("tenko", "restore", copy, ready=False)
        wait_for(lambda: list(roster.data_dir.glob(sign)) or not process.alive, 30)
        process.kill()
        assert roster.cli_json("verify")["sound"] is True
        for folder in (*roster.data_dir.glob("restoring.*"), *roster.data_dir.glob("replaced-*")):
            shutil.rmtree(folder)
    roster.cli("restore", copy)
    assert roster.cli_json("verify", "--ledger")["sound"] is True


def test_where_there_is_nothing(roster):
    copy = backup(roster)
    shutil.rmtree(roster.data_dir)
    assert "tenko init" in roster.cli("restore", copy, code=os.EX_CONFIG).stderr
    roster.data_dir.mkdir(mode=0o700)
    assert roster.cli_json("restore", copy)["kept"] is None
    assert roster.cli_json("verify")["sound"] is True
    assert "No such file" in roster.cli("restore", roster.root / "none", code=os.EX_NOINPUT).stderr
