"""The master: order, restarts, ending, privileges, background, what it refuses."""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest
import redis as redis_client

import harness
from harness import children_of, is_running, log_events, needs_root, wait_for

ORDER = ["redis", "scheduler", "reply", "feed", "mail-1", "mail-2"]

# Children that misbehave; the master finds children beside its own program by their names.
FAILS = "sys.exit(1)"
MISCONFIGURED = "print('tenko.conf:3: something is wrong', file=sys.stderr); sys.exit(78)"
SILENT = "wait()"
DEAF = "signal.signal(signal.SIGTERM, signal.SIG_IGN); ready(); wait()"
HUPPED = """signal.signal(signal.SIGHUP, lambda *_: open(test_root + "/hupped", "a").close())
ready()
wait()"""
# Serves once; from its second start on it finds its settings broken.
CONFIG_BREAKS_LATER = """mark = test_root + "/served-once"
if os.path.exists(mark):
    sys.exit(78)
open(mark, "w").close()
ready()
wait()"""
SCRIPT = """#!/usr/bin/python3
import os, signal, sys

test_root = os.environ["TENKO_TEST_ROOT"]

def ready():
    os.write(int(os.environ["TENKO_READY_FD"]), b"1")

def wait():
    while True:
        signal.pause()

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
"""


@pytest.fixture
def master(tenko):
    tenko.configure(redis={"mode": "embedded"})
    return tenko


def bin_with(sandbox, **scripts):
    """A folder with the real programs, but for those given as a script; the path of its tenkod."""
    folder = sandbox.root / "bin"
    folder.mkdir(exist_ok=True)
    for path in harness.BIN.iterdir():
        target = folder / path.name
        with contextlib.suppress(FileNotFoundError):
            target.unlink()
        if path.name == "tenkod":
            shutil.copy(path, target)
        else:
            target.symlink_to(path)
    for name, script in scripts.items():
        target = folder / f"tenko-{name}"
        with contextlib.suppress(FileNotFoundError):
            target.unlink()
        target.write_text(f"{SCRIPT}\n{script}\n")
        target.chmod(0o755)
    return folder / "tenkod"


def recorded(sandbox):
    """Pids of the children by name, as the master wrote them down."""
    path = sandbox.data_dir / "run" / "children"
    if not path.exists():
        return {}
    return {line.split()[2]: int(line.split()[0]) for line in path.read_text().splitlines()}


def restarted(process, sandbox, name, old):
    """The new pid of a child once it runs again."""
    def look():
        pid = recorded(sandbox).get(name)
        running = [e for e in process.events("child.running") if e["child"] == name]
        return pid if pid and pid != old and running[-1]["pid_"] == str(pid) else None
    return wait_for(look, 20, f"{name} to be started again", process)


def wait_event(process, event, deadline=60, **fields):
    """The first such event with these fields."""
    def look():
        for entry in process.events(event):
            if all(entry.get(k) == v for k, v in fields.items()):
                return entry
        return None
    return wait_for(look, deadline, f"{event} {fields}", process)


# starting


def test_children_are_started_in_order(master):
    tenkod = master.start("tenkod")
    assert [e["child"] for e in tenkod.events("child.started")] == ORDER
    running = [e["child"] for e in tenkod.events("child.running")]
    assert running[:3] == ORDER[:3] and sorted(running[3:]) == sorted(ORDER[3:])
    assert sorted(recorded(master)) == sorted(ORDER)
    assert sorted(children_of(tenkod.pid)) == sorted(recorded(master).values())
    assert (master.data_dir / "run" / "tenkod.pid").read_text().strip() == str(tenkod.pid)


def test_number_of_workers_comes_from_the_settings(master):
    master.configure(workers={"mail": 3})
    master.start("tenkod")
    assert {n for n in recorded(master) if n.startswith("mail")} == {"mail-1", "mail-2", "mail-3"}


def test_workers_of_what_is_set_up(master):
    master.configure(voice={"accounts": "AC1:token:+815012345678"},
                     broadcast={"channels": "mail,voice,push"})
    master.start("tenkod")
    assert {"voice-1", "push-1"} <= set(recorded(master))


def test_workers_alone_need_no_store(master):
    """And no Redis of their own, no program of the others, nothing but a folder for the lock."""
    master.start_redis()
    master.configure(roles={"workers": "mail,push"})
    tenkod = bin_with(master)
    for name in ("scheduler", "reply", "feed", "voice"):
        (tenkod.parent / f"tenko-{name}").unlink()
    shutil.rmtree(master.data_dir)
    done = master.run("tenkod", "--config", master.conf, path=tenkod)
    assert done.returncode == 78 and f"mkdir -m 700 {master.data_dir}" in done.stderr
    master.data_dir.mkdir(mode=0o700)
    # where push signs its messages: the one key that such a machine needs
    master.configure(push={"vapid_key_file": str(copied_key(master))})
    master.start("tenkod", path=tenkod)
    assert sorted(recorded(master)) == ["mail-1", "mail-2", "push-1"]
    assert [entry.name for entry in master.data_dir.iterdir()] == ["run"]
    refused = master.cli("status", code=78).stderr
    assert "roles.workers = mail,push" in refused and "the machine that has it" in refused


def copied_key(sandbox):
    """A key made by `tenko init` elsewhere."""
    other = sandbox.root / "other"
    sandbox.run("tenko", "init", other)
    return other / "vapid.key"


def test_a_channel_without_workers_needs_no_program(master):
    master.configure(workers={"mail": 0})
    tenkod = bin_with(master)
    (tenkod.parent / "tenko-mail").unlink()
    master.start("tenkod", path=tenkod)
    assert sorted(recorded(master)) == ["feed", "redis", "reply", "scheduler"]


def test_embedded_redis_is_private_and_forgets_nothing(master):
    master.start("tenkod")
    path = master.data_dir / "redis" / "redis.sock"
    assert path.stat().st_mode & 0o777 == 0o700
    client = redis_client.Redis(unix_socket_path=str(path), decode_responses=True)
    wanted = {"port": "0", "appendonly": "yes", "appendfsync": "everysec",
              "maxmemory-policy": "noeviction", "save": "", "dir": str(path.parent)}
    assert {key: client.config_get(key)[key] for key in wanted} == wanted


def test_external_redis_is_not_started_and_its_password_shown_to_nobody(master):
    master.start_redis().client.config_set("requirepass", "hush-hush-3719")
    master.configure(redis={"password": "hush-hush-3719"})
    tenkod = master.start("tenkod")
    assert "redis" not in recorded(master)
    for pid in [tenkod.pid, *recorded(master).values()]:
        assert b"hush-hush" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        assert b"hush-hush" not in Path(f"/proc/{pid}/environ").read_bytes()
    assert "hush-hush" not in tenkod.log()


def test_a_data_directory_with_odd_characters(master):
    odd = master.root / "a \"b' c"
    master.data_dir.rename(odd)
    master.data_dir = odd
    master.configure(tenko={"data_dir": odd})
    master.start("tenkod")
    assert (odd / "redis" / "redis.sock").exists()


def test_a_relative_data_directory(master):
    master.configure(tenko={"data_dir": "d"})
    tenkod = master.start("tenkod", cwd=master.root)
    assert (master.data_dir / "redis" / "redis.sock").exists()
    assert not tenkod.events("child.died")


def test_a_child_that_says_nothing_counts_as_running_after_a_while(master):
    tenkod = master.start("tenkod", path=bin_with(master, mail=SILENT), ready=False)
    wait_event(tenkod, "child.silent", child="mail-1")
    wait_event(tenkod, "master.up")


# deaths


@pytest.mark.parametrize("name", ["redis", "scheduler", "reply", "mail-2"])
def test_a_killed_child_is_started_again_with_an_obituary(master, name):
    tenkod = master.start("tenkod")
    before = recorded(master)
    os.kill(before[name], signal.SIGKILL)
    new = restarted(tenkod, master, name, before[name])
    [obituary] = tenkod.events("child.died")
    assert obituary["level"] == "error" and obituary["child"] == name
    assert obituary["signal"] == "KILL" and obituary["deaths"] == "1"
    assert int(obituary["lived_ms"]) > 0 and obituary["again_in_ms"] == "1000"
    assert recorded(master) == {**before, name: new}


def test_a_crash_looping_child_backs_off_and_keeps_nobody_down(master):
    path = bin_with(master, scheduler=FAILS)
    tenkod = master.start("tenkod", path=path, ready=False)
    wait_event(tenkod, "child.running", child="mail-2")
    wait_event(tenkod, "child.died", deaths="3")
    waits = [e["again_in_ms"] for e in tenkod.events("child.died")]
    assert waits == ["1000", "2000", "4000"]
    assert {e["exit"] for e in tenkod.events("child.died")} == {"1"}
    # and it is there once it can be
    (path.parent / "tenko-scheduler").unlink()
    (path.parent / "tenko-scheduler").symlink_to(harness.program("tenko-scheduler"))
    wait_event(tenkod, "child.running", child="scheduler")


def test_a_child_that_cannot_run_at_the_first_start_ends_the_master(master):
    tenkod = master.start("tenkod", path=bin_with(master, reply=MISCONFIGURED), ready=False)
    assert tenkod.wait() == 78
    assert [e["child"] for e in tenkod.events("child.ended")] == ["scheduler", "redis"]
    assert tenkod.events("master.cannot_start")[0]["child"] == "reply"


def test_settings_broken_later_are_tried_again_with_patience(master):
    path = bin_with(master, scheduler=CONFIG_BREAKS_LATER)
    tenkod = master.start("tenkod", path=path)
    os.kill(recorded(master)["scheduler"], signal.SIGKILL)
    died = wait_event(tenkod, "child.died", exit="78")
    assert died["again_in_ms"] == "30000"
    assert tenkod.alive


def test_a_damaged_queue_file_is_put_aside(master):
    tenkod = master.start("tenkod")
    client = redis_client.Redis(unix_socket_path=str(master.data_dir / "redis" / "redis.sock"))
    client.set("a", "b")
    tenkod.stop()
    for file in (master.data_dir / "redis" / "appendonlydir").glob("*.incr.aof"):
        file.write_bytes(b"*1\r\n$nonsense\r\n" * 20)
    tenkod = master.start("tenkod", ready=False)
    wait_event(tenkod, "child.running", child="redis")
    assert len(tenkod.events("redis.set_aside")) == 1
    assert list((master.data_dir / "redis").glob("damaged-*/*.aof"))


# ending


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_ending_goes_the_other_way_round(master, number):
    tenkod = master.start("tenkod")
    pids = recorded(master).values()
    assert tenkod.stop(number) == 0
    ended = tenkod.events("child.ended")
    assert sorted(e["child"] for e in ended[:3]) == ["feed", "mail-1", "mail-2"]
    assert [e["child"] for e in ended[3:]] == ["reply", "scheduler", "redis"]
    assert {e.get("exit") for e in ended} == {"0"}
    assert not any(map(is_running, pids))
    assert not (master.data_dir / "run" / "tenkod.pid").exists()


def test_ctrl_c_at_the_terminal_reaches_the_master_alone(master):
    tenkod = master.start("tenkod", process_group=0)
    os.killpg(tenkod.pid, signal.SIGINT)
    assert tenkod.wait() == 0
    assert not tenkod.events("child.died")


def test_who_does_not_end_in_time_is_killed(master):
    master.configure(tenko={"shutdown_grace": "2s"}, workers={"mail": 1})
    tenkod = master.start("tenkod", path=bin_with(master, mail=DEAF))
    begin = time.monotonic()
    assert tenkod.stop() == 0
    assert 1 < time.monotonic() - begin < 10
    assert tenkod.events("child.killed")[0]["child"] == "mail-1"
    # those behind it still had their time
    assert [e.get("exit") for e in tenkod.events("child.ended")][-4:] == [None, "0", "0", "0"]


def test_told_twice_it_does_not_wait(master):
    master.configure(tenko={"shutdown_grace": "10m"}, workers={"mail": 1})
    tenkod = master.start("tenkod", path=bin_with(master, mail=DEAF))
    tenkod.send(signal.SIGTERM)
    wait_event(tenkod, "master.ending")
    tenkod.send(signal.SIGTERM)
    assert tenkod.wait() == 0


def test_children_are_gone_when_the_master_is_killed(master):
    tenkod = master.start("tenkod")
    pids = list(recorded(master).values())
    tenkod.kill()
    wait_for(lambda: not any(map(is_running, pids)), 20, "the children to end")


def test_the_next_master_ends_what_outlived_a_killed_one(master):
    master.configure(tenko={"shutdown_grace": "1s"})
    first = master.start("tenkod", path=bin_with(master, scheduler=DEAF))
    old = recorded(master)["scheduler"]
    first.kill()
    assert is_running(old)
    second = master.start("tenkod")
    assert not is_running(old)
    left = [e for e in second.events("generation.leftover") if e["child"] == "scheduler"]
    assert [e["signal"] for e in left] == ["TERM", "KILL"]


def test_a_stranger_with_a_recorded_pid_is_left_alone(master):
    stranger = subprocess.Popen(["sleep", "600"])
    try:
        (master.data_dir / "run" / "children").write_text(
            f"{stranger.pid} 12345 scheduler\n1 1 init\n-5 1 all\nnonsense\n")
        tenkod = master.start("tenkod")
        assert not tenkod.events("generation.leftover")
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


# settings


def test_sighup_reads_the_settings_again_and_tells_the_children(master):
    tenkod = master.start("tenkod", path=bin_with(master, scheduler=HUPPED))
    before = recorded(master)
    master.configure(log={"level": "info"}, workers={"mail": 5})
    tenkod.send(signal.SIGHUP)
    wait_for((master.root / "hupped").exists, 10, "the child to be told", tenkod)
    wait_for(lambda: [e for e in tenkod.events("settings.reloaded")
                      if e["process"] == "tenkod" and "workers.mail" in e["need_a_start"]], 10)
    assert recorded(master) == before


def test_sighup_with_a_broken_file_changes_nothing(master):
    tenkod = master.start("tenkod", path=bin_with(master, scheduler=HUPPED))
    good = master.conf.read_text()
    master.conf.write_text(good + "[mail]\nrelay_prot = 25\n")
    tenkod.send(signal.SIGHUP)
    wait_for(lambda: "relay_prot" in tenkod.log(), 10, "the fault in the log")
    assert not (master.root / "hupped").exists()
    master.conf.write_text(good)
    tenkod.send(signal.SIGHUP)
    wait_for((master.root / "hupped").exists, 10, "the child to be told", tenkod)


# one at a time


def test_it_does_not_run_twice_on_one_data_directory(master):
    first = master.start("tenkod")
    second = master.start("tenkod", ready=False)
    assert second.wait() == 69
    assert f"pid {first.pid}" in second.log() and str(master.data_dir) in second.log()
    assert first.alive and not first.events("child.died")


# privileges


@needs_root
def test_started_as_root_it_becomes_the_owner_of_the_data_directory(master):
    nobody = pwd.getpwnam("nobody")
    for path in [master.root, master.data_dir, *master.data_dir.rglob("*"), master.conf]:
        os.chown(path, nobody.pw_uid, nobody.pw_gid)
    # a process that changed its user cannot be looked into by the leak checker
    tenkod = master.start("tenkod", env={"ASAN_OPTIONS": "detect_leaks=0"})
    for pid in [tenkod.pid, *recorded(master).values()]:
        status = Path(f"/proc/{pid}/status").read_text()
        assert f"Uid:\t{nobody.pw_uid}\t{nobody.pw_uid}\t{nobody.pw_uid}" in status
        assert f"Gid:\t{nobody.pw_gid}\t{nobody.pw_gid}\t{nobody.pw_gid}" in status
        assert "Groups:\t0" not in status
    assert (master.data_dir / "redis" / "redis.sock").stat().st_uid == nobody.pw_uid


@needs_root
def test_root_stays_root_only_with_a_warning(master):
    tenkod = master.start("tenkod")
    assert tenkod.events("master.root")[0]["level"] == "warning"


@needs_root
def test_a_user_that_may_not_write_the_data_directory(master):
    master.configure(tenko={"user": "nobody"})
    master.root.chmod(0o755)
    tenkod = master.start("tenkod", ready=False, env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert tenkod.wait() == 77
    assert str(master.data_dir) in tenkod.log() and "chown" in tenkod.log()


@needs_root
def test_settings_that_the_user_may_not_read(master):
    master.configure(tenko={"user": "nobody"})
    master.root.chmod(0o755)
    master.conf.chmod(0o600)
    tenkod = master.start("tenkod", ready=False, env={"ASAN_OPTIONS": "detect_leaks=0"})
    assert tenkod.wait() == 77
    assert str(master.conf) in tenkod.log()


# background and systemd


@contextlib.contextmanager
def daemon(sandbox, *arguments, **more):
    """`tenkod --daemon`, run until it returns; ended by its pid file, if it is there."""
    done = sandbox.run("tenkod", "--config", sandbox.conf, "--daemon", *arguments, **more)
    path = sandbox.data_dir / "run" / "tenkod.pid"
    try:
        yield done
    finally:
        if path.exists():
            pid = int(path.read_text())
            os.kill(pid, signal.SIGTERM)
            wait_for(lambda: not is_running(pid), 30, "the daemon to end")


def test_as_a_daemon_it_returns_when_all_serve(master):
    with daemon(master) as done:
        assert (done.returncode, done.stdout) == (0, "")
        pid = int((master.data_dir / "run" / "tenkod.pid").read_text())
        assert os.getsid(pid) == pid and is_running(pid)
        assert sorted(recorded(master)) == sorted(ORDER)
        log = (master.data_dir / "tenko.log").read_text()
        assert len(log_events(log, "child.running")) == len(ORDER)


def test_a_daemon_refuses_a_second_one(master):
    with daemon(master):
        pid = (master.data_dir / "run" / "tenkod.pid").read_text().strip()
        done = master.run("tenkod", "--config", master.conf, "--daemon")
        assert done.returncode == 69 and f"pid {pid}" in done.stderr


def test_a_daemon_that_cannot_start_says_why(master):
    path = bin_with(master, scheduler=MISCONFIGURED)
    with daemon(master, path=path) as done:
        assert done.returncode == 78
        assert "tenko.conf:3: something is wrong" in done.stderr
        assert str(master.data_dir / "tenko.log") in done.stderr


def test_the_log_goes_to_the_file_that_is_named(master):
    log = master.root / "logs" / "named.log"
    with daemon(master, "--log", log) as done:
        assert done.returncode == 0
        assert log_events(log.read_text(), "master.up")
        assert not (master.data_dir / "tenko.log").exists()
    done = master.run("tenkod", "--config", master.conf, "--log", "/nowhere/x.log")
    assert done.returncode == 73 and "/nowhere/x.log" in done.stderr


def test_a_daemon_keeps_a_standard_error_that_is_a_file(master):
    tenkod = master.start("tenkod", "--daemon", ready=False)
    assert tenkod.wait() == 0
    pid = int((master.data_dir / "run" / "tenkod.pid").read_text())
    assert tenkod.events("master.up")[0]["pid"] == pid
    os.kill(pid, signal.SIGTERM)
    wait_for(lambda: not is_running(pid), 30, "the daemon to end")


@pytest.fixture
def notified(master):
    """What the master tells systemd: told(key) is the list of values so far."""
    path = str(master.root / "notify")
    lines = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(path)

        def listen():
            while (datagram := server.recv(4096)) != b"end":
                lines.extend(datagram.decode().splitlines())

        def told(key):
            return [line.partition("=")[2] for line in list(lines) if line.startswith(f"{key}=")]

        told.path = path
        listener = threading.Thread(target=listen)
        listener.start()
        yield told
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.sendto(b"end", path)
        listener.join()


def test_systemd_is_told(master, notified):
    tenkod = master.start("tenkod", env={"NOTIFY_SOCKET": notified.path, "WATCHDOG_USEC": "200000"})
    wait_for(lambda: notified("READY") == ["1"])
    assert notified("MAINPID") == [str(tenkod.pid)]
    wait_for(lambda: notified("STATUS")[-1] == "6 of 6 children run")
    for pid in recorded(master).values():
        assert b"NOTIFY_SOCKET" not in Path(f"/proc/{pid}/environ").read_bytes()
        assert b"WATCHDOG" not in Path(f"/proc/{pid}/environ").read_bytes()
    wait_for(lambda: len(notified("WATCHDOG")) >= 3, what="the watchdog")
    tenkod.send(signal.SIGHUP)
    wait_for(lambda: notified("RELOADING") == ["1"] and notified("READY") == ["1", "1"])
    assert int(notified("MONOTONIC_USEC")[0]) > 0
    os.kill(recorded(master)["mail-1"], signal.SIGKILL)
    wait_for(lambda: any("mail-1: died" in s for s in notified("STATUS")))
    tenkod.stop()
    wait_for(lambda: notified("STOPPING") == ["1"])


# refusals


def refused(sandbox, code, *words, path=None, arguments=(), **more):
    done = sandbox.run("tenkod", "--config", sandbox.conf, *arguments, path=path, **more)
    assert done.returncode == code, done.stderr
    for word in words:
        assert str(word) in done.stderr
    assert "child.started" not in done.stderr


def test_no_data_directory(bare):
    refused(bare, 78, bare.data_dir, "tenko init")


def test_no_database(master):
    (master.data_dir / "tenko.db").unlink()
    refused(master, 78, "tenko.db", "tenko init")


def test_a_file_for_a_data_directory(bare):
    bare.data_dir.write_text("")
    refused(bare, 78, bare.data_dir, "no directory")


def test_a_path_too_long_for_sockets(bare):
    bare.data_dir = bare.root / ("x" * 90)
    bare.data_dir.mkdir()
    bare.configure(tenko={"data_dir": bare.data_dir})
    refused(bare, 78, "too long", bare.data_dir)


def test_redis_server_is_missing(master):
    master.configure(redis={"server": "redis-serverr"})
    refused(master, 69, "redis-serverr", "apt-get install redis-server")
    master.configure(redis={"server": "/nowhere/redis-server"})
    refused(master, 69, "/nowhere/redis-server")


def test_a_program_is_missing(master):
    path = bin_with(master)
    (path.parent / "tenko-reply").unlink()
    refused(master, 69, path.parent / "tenko-reply", path=path)


@pytest.fixture
def small_disk(bare):
    """The data directory on a disk of its own, of one megabyte."""
    bare.configure(redis={"mode": "embedded"})
    bare.data_dir.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m,mode=0700", "tenko-test", str(bare.data_dir)]
    if os.geteuid() != 0 or subprocess.run(command, stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("needs to be allowed to mount")
    yield bare
    bare.end()
    subprocess.run(["umount", str(bare.data_dir)], check=True)


def test_a_full_disk(small_disk):
    small_disk.init()
    with contextlib.suppress(OSError), open(small_disk.data_dir / "rubbish", "wb", 0) as rubbish:
        while True:
            rubbish.write(b"x" * 4096)
    refused(small_disk, 74, small_disk.data_dir, "No space left")
    # once there is room it starts, as if nothing had been
    (small_disk.data_dir / "rubbish").unlink()
    small_disk.start("tenkod")


def test_faults_in_the_settings(master):
    master.conf.write_text("[tenko]\ndata_dirr = /x\n[workers]\nmail = lots\n")
    refused(master, 78, f"{master.conf}:2", "data_dirr", f"{master.conf}:4", "lots")


def test_an_unknown_user(master):
    if os.geteuid() == 0:
        master.configure(tenko={"user": "no-such-user"})
        refused(master, 78, "no-such-user")


def test_options_that_it_does_not_have(master):
    refused(master, 64, "--help", arguments=["--demon"])
    refused(master, 64, "start", arguments=["start"])
    for option in ("--help", "--version"):
        done = master.run("tenkod", option)
        assert done.returncode == 0 and "tenkod" in done.stdout and not done.stderr
