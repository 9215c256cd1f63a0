"""What every system test stands on: a folder of its own, a Redis of its own, real programs.

    def test_something(tenko):
        tenko.configure(mail={"relay_port": 2525})
        tenko.start_redis()
        scheduler = tenko.start("tenko-scheduler")
        tenko.cli("broadcast", "--title", "T", "--yes")
        wait_for(lambda: scheduler.events("attempt.queued"))

Nothing sleeps: wait_for() polls a condition until a deadline. Every process is started by
Sandbox.start() or Sandbox.run(), so that its stderr is kept, read for sanitizer reports, and the
process is ended with the test.
"""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
import redis as redis_client

REPOSITORY = Path(__file__).resolve().parents[2]
BIN = Path(os.environ.get("TENKO_BIN", REPOSITORY / "build" / "bin")).resolve()
SANITIZER_REPORT = re.compile(r"^.*(?:ERROR: \w+Sanitizer|runtime error:).*$", re.M)
LOG_LINE = re.compile(
    r"^(?P<at>\S+Z) (?P<level>\w+) (?P<process>[^\[\s]+)\[(?P<pid>\d+)\] (?P<event>\S+)(?P<rest>.*)$"
)
LOG_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs to be root")


def wait_for(condition, deadline=15, what=None, process=None):
    """Polls until condition() is true and returns what it returned; fails after `deadline` seconds.

    `process`: fail at once, with its log, when it ends while we wait.

    It pauses three times as long as the condition took: one that runs a program would else keep from
    its work what is waited for.
    """
    end = time.monotonic() + deadline
    while True:
        asked = time.monotonic()
        value = condition()
        if value:
            return value
        if process and not process.alive:
            pytest.fail(f"{process.name} ended ({process.exit_code}) instead of: "
                        f"{what or 'the condition'}\n{process.tail()}")
        now = time.monotonic()
        if now > end:
            pytest.fail(f"waited {deadline} s in vain for {what or 'the condition'}"
                        + (f"\n{process.tail()}" if process else ""))
        time.sleep(min(max(0.02, 3 * (now - asked)), 0.3))


def program(name):
    path = BIN / name
    if not path.exists():
        pytest.fail(f"{path} is not built (make, or set TENKO_BIN)")
    return str(path)


def log_events(text, event=None):
    """The log lines of `text` as dicts: at, level, process, pid, event and every key=value."""
    found = []
    for line in text.splitlines():
        match = LOG_LINE.match(line)
        if match and event in (None, match["event"]):
            entry = {k: match[k] for k in ("at", "level", "process", "event")}
            entry["pid"] = int(match["pid"])
            for key, value in LOG_PAIR.findall(match["rest"]):
                entry[key if key not in entry else key + "_"] = value.strip('"')
            found.append(entry)
    return found


def process_state(pid):
    """The state letter of /proc/PID/stat; None where there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def is_running(pid):
    return process_state(pid) not in (None, "Z", "X")


def children_of(pid):
    """Names of the running children of a process, by pid."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            if rest.split()[0] != "Z" and int(rest.split()[1]) == pid:
                found[int(entry.name)] = name
    return found


def config_line(key, value):
    """One setting; a long value goes on in further lines, as the parser takes 200 bytes a line."""
    if isinstance(value, bool):
        value = "yes" if value else "no"
    lines = [f"{key} ="]
    for word in str(value).split(" "):
        if len(f"{lines[-1]} {word}".encode()) > 190:
            lines.append("   ")
        lines[-1] += f" {word}"
    return "\n".join(lines)


class Process:
    """A started program. Its stderr (and stdout, if not asked for) is in `log_path`."""

    def __init__(self, name, arguments, log_path, environment, ready, **popen):
        self.name = name
        self.log_path = Path(log_path)
        self.ready_fd = None
        passed = []
        if ready:
            self.ready_fd, given = os.pipe()
            environment = dict(environment, TENKO_READY_FD=str(given))
            passed = [given]
        with open(self.log_path, "ab") as log:
            self.popen = subprocess.Popen(arguments, stdin=popen.pop("stdin", subprocess.DEVNULL),
                                          stdout=popen.pop("stdout", log), stderr=log,
                                          env=environment, pass_fds=passed, **popen)
        for fd in passed:
            os.close(fd)

    @property
    def pid(self):
        return self.popen.pid

    @property
    def alive(self):
        return self.popen.poll() is None

    @property
    def exit_code(self):
        """As a shell would say it, but negative for a signal; None while it runs."""
        return self.popen.poll()

    def wait_ready(self, deadline=20):
        """Until the program says that it serves (common/base/ready.h)."""
        readable, _, _ = select.select([self.ready_fd], [], [], deadline)
        told = os.read(self.ready_fd, 1) if readable else b""
        os.close(self.ready_fd)
        self.ready_fd = None
        if told != b"1":
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.popen.wait(1)
            pytest.fail(f"{self.name} did not become ready (exit code {self.exit_code})\n{self.tail()}")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def tail(self, lines=40):
        return f"--- {self.log_path.name}\n" + "\n".join(self.log().splitlines()[-lines:])

    def events(self, event=None):
        return log_events(self.log(), event)

    def wait_log(self, pattern, deadline=15):
        """Until the log matches the regular expression; returns the match."""
        return wait_for(lambda: re.search(pattern, self.log(), re.M), deadline,
                        f"/{pattern}/ in its log", self)

    def send(self, number):
        self.popen.send_signal(number)

    def wait(self, deadline=30):
        """Until it has ended by itself; the exit code."""
        try:
            return self.popen.wait(deadline)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} did not end within {deadline} s\n{self.tail()}")

    def stop(self, number=signal.SIGTERM, deadline=30):
        if self.alive:
            self.send(number)
        return self.wait(deadline)

    def kill(self):
        return self.stop(signal.SIGKILL)


class Redis(Process):
    """A private redis-server on a unix socket, with everything in its own folder."""

    def __init__(self, folder, log_path, environment):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.socket = str(self.folder / "r.sock")
        settings = (f"port 0\nunixsocket {self.socket}\nunixsocketperm 700\ndir {self.folder}\n"
                    'save ""\nappendonly yes\nappendfsync everysec\nmaxmemory-policy noeviction\n')
        super().__init__("redis-server", ["redis-server", "-"], log_path, environment, False,
                         stdin=subprocess.PIPE)
        self.popen.stdin.write(settings.encode())
        self.popen.stdin.close()
        self.client = redis_client.Redis(unix_socket_path=self.socket)
        wait_for(self.answers, 15, "redis-server to answer", self)

    def answers(self):
        try:
            return self.client.ping()
        except redis_client.ConnectionError:
            return False


class Sandbox:
    """A data directory, a settings file, and the processes that work on them."""

    def __init__(self, root):
        self.root = Path(root)
        self.data_dir = self.root / "d"
        self.conf = self.root / "tenko.conf"
        self.logs = self.root / "logs"
        self.logs.mkdir()
        self.processes = []
        self.redis = None
        self.settings = {"tenko": {"data_dir": str(self.data_dir), "shutdown_grace": "10s"},
                         "log": {"level": "debug"},
                         "reply": {"port": 0}}
        self.configure()

    # settings and data

    def configure(self, **sections):
        """Takes settings by section, e.g. configure(mail={"relay_port": 25}), and writes the file."""
        for section, keys in sections.items():
            self.settings.setdefault(section, {}).update(keys)
        text = "\n".join(f"[{section}]\n" + "\n".join(config_line(k, v) for k, v in keys.items())
                         for section, keys in self.settings.items())
        self.conf.write_text(text + "\n", encoding="utf-8")
        return self.conf

    def init(self):
        """The data directory, as `tenko init` makes it."""
        self.cli("init", str(self.data_dir))

    def sql(self, statement, *values):
        """Reads (or, for a test's own preparations, writes) the store; the rows as tuples."""
        with contextlib.closing(sqlite3.connect(self.data_dir / "tenko.db", timeout=10)) as db, db:
            return db.execute(statement, values).fetchall()

    # processes

    def environment(self, **more):
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("TENKO_", "NOTIFY_", "WATCHDOG_"))}
        keep.setdefault("ASAN_OPTIONS", "detect_leaks=1:detect_stack_use_after_return=1")
        keep.setdefault("UBSAN_OPTIONS", "print_stacktrace=1")
        keep.update(TZ="Asia/Tokyo", LC_ALL="C.UTF-8", TENKO_TEST_ROOT=str(self.root))
        if REPOSITORY not in BIN.parents:  # a build elsewhere does not find the shipped files
            keep["TENKO_DATADIR"] = str(REPOSITORY / "config")
        keep.update({k: str(v) for k, v in more.items() if v is not None})
        return keep

    def log_path(self, name):
        taken = len(list(self.logs.glob(f"{name}.*.log")))
        return self.logs / f"{name}.{taken + 1}.log"

    def start(self, name, *arguments, ready=True, env=None, path=None, **popen):
        """Starts a program with our settings and waits until it serves; `path` where it is
        elsewhere than in the folder of the build. ready=False: returns at once."""
        command = [str(path or program(name)), "--config", str(self.conf), *map(str, arguments)]
        process = Process(name, command, self.log_path(name), self.environment(**env or {}), ready,
                          **popen)
        self.processes.append(process)
        if ready:
            process.wait_ready()
        return process

    def start_redis(self, name="redis"):
        """A Redis for this test; the settings name it as the external server. Start it again by
        the same name after kill() and it has its data again."""
        self.redis = Redis(self.root / name, self.log_path("redis-server"), self.environment())
        self.processes.append(self.redis)
        self.configure(redis={"mode": "external", "address": f"unix:{self.redis.socket}"})
        return self.redis

    def run(self, name, *arguments, input=None, env=None, deadline=60, path=None):
        """Runs a program to its end; .returncode, .stdout, .stderr (texts)."""
        done = subprocess.run([str(path or program(name)), *map(str, arguments)], input=input,
                              capture_output=True, timeout=deadline, env=self.environment(**env or {}),
                              text=not isinstance(input, bytes), cwd=self.root)
        text = done.stderr if isinstance(done.stderr, str) else done.stderr.decode(errors="replace")
        with open(self.logs / f"{name}.run.log", "a", encoding="utf-8") as log:
            log.write(text)
        return done

    def cli(self, *arguments, code=0, **more):
        """The operator's command with our settings; fails unless it exits with `code`
        (None: any)."""
        done = self.run("tenko", "--config", self.conf, *arguments, **more)
        assert code is None or done.returncode == code, (
            f"tenko {' '.join(map(str, arguments))}: exit code {done.returncode}, expected {code}\n"
            f"{done.stdout}{done.stderr}")
        return done

    def cli_json(self, *arguments, **more):
        return json.loads(self.cli(*arguments, "--json", **more).stdout)

    def reply_port(self):
        """The port of tenko-reply, once it has written it down."""
        path = self.data_dir / "run" / "reply.port"
        return int(wait_for(lambda: path.exists() and path.read_text().strip(), 15, str(path)))

    # the end

    def leftovers(self):
        """Pids of processes of this sandbox, whoever started them."""
        mark = f"TENKO_TEST_ROOT={self.root}".encode()
        found = []
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            with contextlib.suppress(OSError):
                # redis-server writes its title over its environment, but it works in our folder
                ours = mark in (entry / "environ").read_bytes().split(b"\0")
                ours = ours or os.readlink(entry / "cwd").startswith(f"{self.root}/")
                if ours and is_running(int(entry.name)):
                    found.append(int(entry.name))
        return found

    def end(self):
        """Ends every process, newest first. What is left over, or a sanitizer's report, is a fault;
        returns them as texts."""
        faults = []
        for process in reversed(self.processes):
            if not process.alive:
                continue
            process.send(signal.SIGTERM)
            try:
                process.popen.wait(30)
            except subprocess.TimeoutExpired:
                faults.append(f"{process.name} did not end on SIGTERM\n{process.tail()}")
                process.popen.kill()
                process.popen.wait()
        end = time.monotonic() + 10
        while self.leftovers() and time.monotonic() < end:
            time.sleep(0.02)
        for pid in self.leftovers():
            with contextlib.suppress(OSError):
                name = Path(f"/proc/{pid}/comm").read_text().strip()
                faults.append(f"{name} (pid {pid}) was left running")
                os.kill(pid, signal.SIGKILL)
        return faults + self.sanitizer_reports()

    def log_files(self):
        return sorted(self.logs.glob("*.log")) + sorted(self.data_dir.glob("*.log"))

    def sanitizer_reports(self):
        reports = []
        for path in self.log_files():
            text = path.read_text(errors="replace")
            match = SANITIZER_REPORT.search(text)
            if match:
                reports.append(f"{path.name}:\n{text[match.start():match.start() + 6000]}")
        return reports


@contextlib.contextmanager
def temporary_folder():
    """Short, as the path of a unix socket has 108 bytes; removed unless TENKO_KEEP is set."""
    root = tempfile.mkdtemp(dir="/tmp", prefix="tk")
    try:
        yield Path(root)
    finally:
        if os.environ.get("TENKO_KEEP"):
            print(f"kept: {root}")
        else:
            shutil.rmtree(root, ignore_errors=True)
