"""What the programs give up: nothing that they need, and all else."""

import os
import shutil
import signal
from pathlib import Path

import pytest
from harness import log_events, wait_for
from reply_client import start_endpoint, stopped_endpoint
from smtp_double import SmtpDouble

PROGRAMS = ("tenko-scheduler", "tenko-reply", "tenko-mail", "tenko-voice", "tenko-push")
ACCOUNTS = "AC1:x:+815000000000"
START_ANEW = 75


def status_of(process):
    text = Path(f"/proc/{process.pid}/status").read_text()
    return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)


def core_limit(process):
    line, = (line for line in Path(f"/proc/{process.pid}/limits").read_text().splitlines()
             if line.startswith("Max core file size"))
    return line.split()[4:6]


@pytest.fixture
def system(tenko):
    tenko.configure(voice={"accounts": ACCOUNTS}, broadcast={"channels": "mail,voice,push"})
    tenko.start_redis()
    return tenko


@pytest.mark.parametrize("name", PROGRAMS)
def test_each_gives_up_what_it_can(system, name):
    process = system.start(name)
    status = status_of(process)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert core_limit(process) == ["0", "0"]
    entered, = wait_for(lambda: process.events("guard.entered"))
    assert entered["seccomp"] == "yes"
    assert process.stop() == 0


def test_the_master_has_no_new_privileges_and_no_core_files(tenko):
    tenko.configure(redis={"mode": "embedded"})
    process = tenko.start("tenkod")
    assert status_of(process)["NoNewPrivs"] == "1"
    assert core_limit(process) == ["0", "0"]


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_given_up_where_that_is_wanted(system, name):
    system.configure(tenko={"confine": False})
    process = system.start(name)
    status = status_of(process)
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("0", "0")
    assert not process.events("guard.entered")


def landlock(process):
    return int(process.events("guard.entered")[0]["landlock"])


def needs_landlock(process):
    if not landlock(process):
        pytest.skip("this kernel has no landlock")


# A worker that is made to read something else: with landlock it cannot.


def reload(process):
    process.send(signal.SIGHUP)


def hidden(process):
    """The file that the worker was kept from; it ends to be started anew."""
    assert process.wait() == START_ANEW
    entry, = process.events("worker.start_anew")
    return entry["file"]


def test_a_mail_worker_cannot_read_the_store(system):
    process = system.start("tenko-mail")
    needs_landlock(process)
    store = system.data_dir / "tenko.db"
    system.configure(mail={"tls_ca_file": store})
    reload(process)
    assert hidden(process) == str(store)


def test_a_push_worker_cannot_read_another_key(system):
    process = system.start("tenko-push")
    needs_landlock(process)
    key = system.root / "other.key"
    shutil.copy(system.data_dir / "vapid.key", key)
    system.configure(push={"vapid_key_file": key})
    reload(process)
    assert hidden(process) == str(key)
    assert system.start("tenko-push").alive


def test_a_voice_worker_cannot_read_settings_that_took_their_place(system):
    process = system.start("tenko-voice")
    needs_landlock(process)
    fresh = system.root / "fresh.conf"
    shutil.copy(system.conf, fresh)
    os.replace(fresh, system.conf)
    reload(process)
    assert hidden(process) == str(system.conf)


def test_settings_in_a_folder_of_their_own_may_be_replaced(system):
    folder = system.root / "etc"
    folder.mkdir()
    system.conf = folder / "tenko.conf"
    system.configure()
    processes = [system.start(name) for name in PROGRAMS]
    fresh = folder / "fresh.conf"
    shutil.copy(system.conf, fresh)
    os.replace(fresh, system.conf)
    for process in processes:
        reload(process)
        process.wait_log("settings.reloaded")
        assert process.alive


def test_settings_written_in_place_are_read(system):
    processes = [system.start(name) for name in PROGRAMS]
    system.configure(tenko={"organisation": "あたらしい"})
    for process in processes:
        reload(process)
        process.wait_log("settings.reloaded")
        assert process.alive


def test_the_master_starts_a_worker_anew_that_may_not_read_its_settings(tenko):
    with SmtpDouble(tenko.root / "relay") as relay:
        tenko.configure(redis={"mode": "embedded"}, workers={"mail": 1}, mail={"relay_port": relay.port})
        tenkod = tenko.start("tenkod")
        started, = (e["pid_"] for e in tenkod.events("child.started") if e["child"] == "mail-1")
        if not next(e for e in log_events(tenkod.log(), "guard.entered") if e["process"] == "mail")["landlock"]:
            pytest.skip("this kernel has no landlock")
        fresh = tenko.root / "fresh.conf"
        shutil.copy(tenko.conf, fresh)
        os.replace(fresh, tenko.conf)
        tenkod.send(signal.SIGHUP)
        wait_for(lambda: [e for e in tenkod.events("child.running")
                          if e["child"] == "mail-1" and e["pid_"] != started], 30, "another worker")
        assert [e for e in tenkod.events("child.died") if e["child"] == "mail-1" and e["exit"] == "75"]


# the reply endpoint


def test_the_endpoint_reads_its_keys_again_and_none_from_elsewhere(system):
    endpoint = start_endpoint(stopped_endpoint(system))
    needs_landlock(endpoint.process)
    key = system.data_dir / "secret.key"
    fresh = system.data_dir / "fresh.key"
    fresh.write_text(f"2 {os.urandom(32).hex()}\n" + key.read_text())
    fresh.chmod(0o600)
    os.replace(fresh, key)
    new = endpoint.link()
    reload(endpoint.process)
    wait_for(lambda: endpoint.get(new).status == 200)
    elsewhere = system.root / "far" / "vapid.key"
    elsewhere.parent.mkdir()
    shutil.copy(system.data_dir / "vapid.key", elsewhere)
    # The settings' own folder may be read with all in it, so they move to one beside it.
    outside = Path(f"{system.root}-vapid.key")
    shutil.copy(elsewhere, outside)
    try:
        system.configure(push={"vapid_key_file": outside})
        reload(endpoint.process)
        endpoint.process.wait_log("reply.no_push.*Permission denied")
    finally:
        outside.unlink()
    assert endpoint.post(new, status="safe").status == 200


def test_the_endpoint_writes_the_store_and_its_folder_only(system):
    """It takes its port file away, and cannot make the store's files anew where they were."""
    endpoint = start_endpoint(stopped_endpoint(system))
    needs_landlock(endpoint.process)
    for _ in range(20):
        assert endpoint.post(endpoint.link(), status="safe").status == 200
    before = {path.name for path in system.data_dir.iterdir()}
    assert endpoint.process.stop() == 0
    assert not (system.data_dir / "run" / "reply.port").exists()
    # The last one to leave takes the log of the store with it; this one may not, and empties it.
    assert {path.name for path in system.data_dir.iterdir()} == before
    assert (system.data_dir / "tenko.db-wal").stat().st_size == 0
    assert len(endpoint.replies()) == 20
    assert endpoint.start() and endpoint.get(endpoint.link()).status == 200
