"""What the measures stand on: rosters made once, and a whole system of its own for each measure."""

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import redis
from crowd import CONTACT_HEADER, GROUP_HEADER, GROUP_SIZE, USER_HEADER, free_port, reply_key, token
from harness import Sandbox, children_of

HERE = Path(__file__).resolve().parent
DELIVERED = 1 * 256 + 1  # the tally's key: channel mail, outcome delivered
TICKS = os.sysconf("SC_CLK_TCK")
LIMIT = 3600  # seconds, for anything a measure waits for
JOBS = "{tenko}:q:mail:0"


def until(condition, what, limit=LIMIT, pause=0.005):
    """Polls, and returns what condition() returned."""
    end = time.monotonic() + limit
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {limit} s in vain for {what}")
        time.sleep(pause)
    return value


def write_roster(folder, people):
    """Groups, users and contacts (a mail address each) in CP932; the words for `tenko import`."""
    groups = (people + GROUP_SIZE - 1) // GROUP_SIZE
    files = {
        "groups": (GROUP_HEADER, (f"1,g{g},第{g}課,p{(g - 1) * GROUP_SIZE + 1},,,"
                                  for g in range(1, groups + 1))),
        "users": (USER_HEADER, (f"1,p{n},{n:07},山田 {n}郎,,g{(n - 1) // GROUP_SIZE + 1},0,0,0,"
                                f"p{n}@example.com,0,0,0,0,0,0,0,0,0,," for n in range(1, people + 1))),
        "contacts": (CONTACT_HEADER, (f"1,p{n},ja,p{n}@example.com,,,,,,1,,,,,,,,"
                                      for n in range(1, people + 1))),
    }
    words = []
    for name, (header, rows) in files.items():
        path = folder / f"{name}.csv"
        with open(path, "w", encoding="cp932", newline="\r\n") as out:
            out.write(header + "\n")
            out.writelines(row + "\n" for row in rows)
        words += [f"--{name}", path]
    return words


class Engine(Sandbox):
    """A system in a folder of its own: tenkod, the null transport, settings as shipped but for what
    the measure needs."""

    def __init__(self, root):
        super().__init__(root)
        self.port = free_port()
        self.tenkod = None
        # A measure without workers must not look like an outage, however long it takes.
        self.configure(log={"level": "info"}, mail={"transport": "null"}, pacing={"outage_after": "24h"},
                       reply={"port": self.port, "base_url": f"http://127.0.0.1:{self.port}"})

    def sanitizer_reports(self):
        return []  # a release build writes none, and the logs are long

    def run_all(self, workers, window, **sections):
        self.configure(workers={"mail": workers}, pacing={"mail_window": window}, **sections)
        self.tenkod = self.start("tenkod")
        self.belt = redis.Redis(unix_socket_path=str(self.data_dir / "redis" / "redis.sock"))
        self.db = sqlite3.connect(f"file:{self.data_dir}/tenko.db?mode=ro", uri=True, timeout=30)

    def one(self, statement, *values):
        row = self.db.execute(statement, values).fetchone()
        return row[0] if row else 0

    def ask(self):
        """A broadcast to everybody; the second (wall clock) at which it was committed, or a little
        before that. Its number."""
        self.cli("broadcast", "--title", "地震がありました", "--yes", deadline=LIMIT)
        return self.db.execute("SELECT requested_at / 1000.0, id FROM broadcast ORDER BY id DESC").fetchone()

    def queued(self):
        return self.belt.xlen(JOBS)

    def delivered(self, broadcast=1):
        return self.one("SELECT n FROM tally WHERE broadcast_id = ? AND what = 'attempt' AND key = ?",
                        broadcast, DELIVERED)

    def fan_out(self, people):
        """Asks, without a worker; seconds until all jobs stand in Redis, and from the first to the last
        of them."""
        asked_at, _ = self.ask()
        until(self.queued, "the first job")
        first = time.time()
        until(lambda: self.queued() >= people, "the last job")
        last = time.time()
        return last - asked_at, max(last - first, 0.001)

    def paths(self, people, broadcast=1):
        """A file with the path of each person's link, in random enough an order."""
        path, pair = self.root / f"paths.{broadcast}", reply_key(self)
        with open(path, "w", encoding="ascii") as out:
            for i in range(people):
                person = i * 7919 % people + 1 if people % 7919 else i + 1
                out.write(f"/r/{token(self, broadcast, person, pair)}\n")
        return path

    def family(self):
        """Pids by name, of all that tenkod started, and of itself."""
        found = {"tenkod": [self.tenkod.pid]}
        for pid, name in children_of(self.tenkod.pid).items():
            found.setdefault(name, []).append(pid)
        return found

    def memory(self):
        """The most that each program ever had resident, in MB; of several the largest."""
        return {name: max(peak(pid) for pid in pids) for name, pids in self.family().items()}

    def processor(self):
        """Seconds of the processor that each program took."""
        return {name: sum(ticks(pid) for pid in pids) / TICKS for name, pids in self.family().items()}

    def close(self):
        if self.tenkod:
            self.db.close()
            self.belt.close()
        return self.end()


def peak(pid):
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


def ticks(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


class Ground:
    """Where systems are made: in one temporary folder, on rosters that are imported once."""

    def __init__(self, tell):
        self.tell = tell

    def __enter__(self):
        self.root = Path(tempfile.mkdtemp(dir="/tmp", prefix="tb"))
        self.root.chmod(0o711)
        self.number = 0
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root, ignore_errors=True)

    def folder(self):
        self.number += 1
        folder = self.root / str(self.number)
        folder.mkdir()
        return folder

    def roster(self, people):
        """The data directory of a roster of so many."""
        made = self.root / f"roster.{people}"
        if not made.exists():
            self.tell(f"a roster of {people:,}")
            engine = Engine(self.folder())
            engine.init()
            engine.cli("import", *write_roster(engine.root, people), deadline=LIMIT)
            engine.data_dir.rename(made)
        return made

    @contextlib.contextmanager
    def engine(self, people=0):
        """Ended, and its folder removed, with the block."""
        engine = Engine(self.folder())
        try:
            if people:
                subprocess.run(["cp", "-a", "--reflink=auto", self.roster(people), engine.data_dir], check=True)
            else:
                engine.init()
            yield engine
        finally:
            faults = engine.close()
            for fault in faults:
                self.tell(fault)
            if not os.environ.get("TENKO_KEEP"):
                shutil.rmtree(engine.root, ignore_errors=True)
