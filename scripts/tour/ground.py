"""What the tour stands on: what is printed, the folder, and the processes in it."""

import contextlib
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOUBLES = ROOT / "test" / "doubles"
MARK = ".quickstart"  # in a folder that is ours to replace
PATH_MOST = 88        # bytes of a data directory, for the sockets in it
PATIENCE = 90         # seconds for anything to happen


class Failed(Exception):
    """Something did not happen; says what."""


class Output:
    def __init__(self, first_step):
        self.number = first_step
        self.live = sys.stdout.isatty()
        self.last = None

    def step(self, english, japanese):
        self.settle()
        print(f"{self.number:2}  {english} · {japanese}", flush=True)
        self.number += 1

    def say(self, text=""):
        self.settle()
        print(f"    {text}".rstrip(), flush=True)

    def event(self, text):
        """Something happened meanwhile: in place of the line that is drawn over."""
        if self.live and self.last is not None:
            print("\r\033[K", end="")
        self.last = None
        print(f"    {text}".rstrip(), flush=True)

    def progress(self, text, more=""):
        """A line that is drawn over with more, or printed when it changes."""
        if text + more == self.last or (text == self.last and not self.live):
            return
        self.last = text + more if self.live else text
        if self.live:
            print(f"\r    {text}{more}\033[K", end="", flush=True)
        else:
            print(f"    {text}", flush=True)

    def settle(self):
        if self.live and self.last is not None:
            print(flush=True)
            self.last = None


def wait_for(what, condition):
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > end:
            raise Failed(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(0.05)
    return value


def choose_folder(options):
    if options.mode == "check" and not options.dir:
        return Path(tempfile.mkdtemp(prefix="tenko-quickstart."))
    folder = options.dir or ROOT / "build" / "quickstart"
    if len(os.fsencode(folder / "data")) > PATH_MOST:
        short = Path(tempfile.gettempdir()) / f"tenko-quickstart-{os.getuid()}"
        print(f"    {folder} is too long a path for the sockets in it; using {short}")
        folder = short
    return folder


def make_folder(folder):
    if folder.exists():
        ours = (folder / MARK).exists() or not any(folder.iterdir())
        if not ours:
            raise Failed(f"{folder} holds something else; name another folder with --dir")
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / MARK).touch()


def command_of(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return []


def runs(pid, folder):
    """Whether that process is one that was started for this folder."""
    return any(word.startswith(os.fsencode(folder) + b"/") for word in command_of(pid))


def pid_in(path):
    with contextlib.suppress(OSError, ValueError):
        return int(path.read_text().split()[0])
    return 0


def stop(folder):
    """Ends what runs for this folder: the master, which ends its children, then the doubles."""
    stopped = 0
    for path in (folder / "data" / "run" / "tenkod.pid", *sorted(folder.glob("*.pid"))):
        pid = pid_in(path)
        if pid and runs(pid, folder):
            os.kill(pid, signal.SIGTERM)
            wait_for(f"process {pid} to end", lambda p=pid: not runs(p, folder))
            stopped += 1
    return stopped


def free_port(wanted, output):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            probe.bind(("127.0.0.1", 0))
            taken = probe.getsockname()[1]
            output.say(f"port {wanted} is taken, using {taken} · ポート{wanted}は使用中です")
            return taken
    return wanted
