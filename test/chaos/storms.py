"""What is done to the running system. Each storm takes the town and the dice, does its harm, undoes
what has to be undone, and says in one line what it did."""

import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

import redis
from town import BY_KEY

CRASH_POINTS = Path(__file__).resolve().parents[2] / "common" / "base" / "crash.def"
# How often a broadcast to a thousand people passes a point, about; the others: a handful of times.
PASSES = {"scheduler.uncommitted": 60, "scheduler.committed": 60, "scheduler.handed_over": 30,
          "scheduler.results_kept": 30, "worker.claimed": 10, "worker.delivered": 10,
          "worker.reported": 10, "mail.data_sent": 600, "mail.accepted": 600,
          "voice.placed": 10, "reply.uncommitted": 20, "reply.committed": 20}
ELSEWHERE = ("broadcast.", "migration.", "feed.")  # commands, and no feed is fetched


def crash_points():
    """The names in the one file that lists them."""
    return [line.split('"')[1] for line in CRASH_POINTS.read_text().splitlines()
            if line.startswith("X(")]


def draw_crashes(dice, count, people):
    """Orders for TENKO_CRASH, of points that a running system passes."""
    points = [p for p in crash_points() if not p.startswith(ELSEWHERE)]
    return [f"{p}:{dice.randint(1, max(3, PASSES.get(p, 3) * people // 1000))}"
            for p in dice.sample(points, count)]


def kill(town, pid):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def find(town, name):
    return [pid for pid, comm in town.processes().items() if comm.startswith(name)]


def keep_up(town):
    """tenkod may have been killed, by us or at a crash point: what it started ends with it."""
    if town.master.poll() is not None:
        for _ in range(400):
            if not town.processes():
                break
            time.sleep(0.05)
        town.start()


def kill_one(town, dice, _):
    processes = town.processes()
    if not processes:
        return "nobody was there to kill"
    pid = dice.choice(sorted(processes))
    kill(town, pid)
    time.sleep(0.3)
    keep_up(town)
    return f"killed {processes[pid]}"


def kill_all(town, dice, _):
    processes = town.processes()
    for pid in processes:
        kill(town, pid)
    town.master.wait()
    keep_up(town)
    return f"killed all {len(processes)} processes"


def client(town):
    return redis.Redis(unix_socket_path=str(town.data / "redis" / "redis.sock"), socket_timeout=10)


def empty_queue(town, dice, _):
    with contextlib.suppress(redis.RedisError, OSError):
        client(town).flushall()
        return "emptied the queue"
    return "the queue was down already"


def freeze_queue(town, dice, seconds):
    for pid in find(town, "redis-server"):
        os.kill(pid, signal.SIGSTOP)
        time.sleep(seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)
    return f"stopped the queue for {seconds:.0f} s"


def old_queue(town, dice, _):
    """Puts back what its disk held some seconds before."""
    folder, copy = town.data / "redis", town.root / "redis-copy"
    shutil.rmtree(copy, ignore_errors=True)
    with contextlib.suppress(redis.RedisError, OSError):
        client(town).config_set("appendfsync", "always")
    pids = find(town, "redis-server")
    if not pids:
        return "the queue was down already"
    os.kill(pids[0], signal.SIGSTOP)
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.sock"))
    os.kill(pids[0], signal.SIGCONT)
    time.sleep(dice.uniform(1, 4))
    masters, pids = find(town, "tenkod"), find(town, "redis-server")
    for pid in masters:  # so that it does not start the next one before the copy is there
        os.kill(pid, signal.SIGSTOP)
    for pid in pids:
        kill(town, pid)
    time.sleep(0.2)
    for name in os.listdir(copy):
        target = folder / name
        if target.is_dir():
            shutil.rmtree(target)
            shutil.copytree(copy / name, target)
        else:
            shutil.copy2(copy / name, target)
    for pid in masters:
        os.kill(pid, signal.SIGCONT)
    return "put an old copy of the queue back"


def fill_disk(town, dice, seconds):
    if not town.small_disk:
        return "could not fill a disk: that takes the right to mount one"
    ballast = town.data / "ballast"
    with contextlib.suppress(OSError), open(ballast, "wb", buffering=0) as file:
        while True:
            file.write(bytes(1 << 20))
    with contextlib.suppress(OSError), open(ballast, "ab", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    time.sleep(seconds)
    ballast.unlink()
    keep_up(town)
    return f"filled the disk for {seconds:.0f} s"


def jump_clock(town, dice, seconds):
    if not town.fake_time:
        return "could not set the clock: that takes libfaketime, and no sanitizer"
    hours = dice.choice((-1, 1))
    town.clock.write_text(f"{hours * 3600:+d}\n")
    time.sleep(seconds)
    town.clock.write_text("+0\n")
    return f"set the clock {'back' if hours < 0 else 'forward'} an hour for {seconds:.0f} s"


def cut_relay(town, dice, seconds):
    town.relay.stop()
    time.sleep(seconds)
    town.relay.start()
    return f"cut the relay for {seconds:.0f} s"


def tarpit_relay(town, dice, seconds):
    os.kill(town.relay.process.pid, signal.SIGSTOP)
    time.sleep(seconds)
    os.kill(town.relay.process.pid, signal.SIGCONT)
    return f"let the relay hang for {seconds:.0f} s"


def tarpit_exchange(town, dice, seconds):
    action = dice.choice(("hang", "500", "429 20429", "drop"))
    town.exchange.rules(f"place={action}", f"list={action}", BY_KEY)
    time.sleep(seconds)
    town.exchange.rules(BY_KEY)
    return f"the telephone provider: {action} for {seconds:.0f} s"


def tarpit_push(town, dice, seconds):
    status = dice.choice((503, 500, 429, "reset"))
    for phone in list(town.service.phones.values()):
        town.service.answer(phone, status)
    time.sleep(seconds)
    with town.service.lock:
        for phone in town.service.phones.values():
            phone.always = None
    return f"the push service: {status} for {seconds:.0f} s"


# What a storm can make go out twice is named in ARCHITECTURE.md by the numbers of the windows.
STORMS = (kill_one, kill_one, kill_one, kill_all, empty_queue, freeze_queue, old_queue, fill_disk,
          jump_clock, cut_relay, tarpit_relay, tarpit_exchange, tarpit_push)
