"""A fresh Debian 12 of its own: made by debootstrap, started by systemd-nspawn with a network of its own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"
# what every server has, beside the smallest system there is
# which systemd-nspawn keeps from machines, unlike a real one
LANDLOCK = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp")
INCLUDED = "systemd,systemd-sysv,dbus,sudo,iproute2"


def say(text):
    print(f"-- {text}", flush=True)


def check(holds, text):
    if not holds:
        sys.exit(f"FAILED: {text}")
    print(f"ok  {text}", flush=True)


def wait_for(condition, deadline, what):
    end = time.monotonic() + deadline
    while not (value := condition()):
        if time.monotonic() > end:
            sys.exit(f"FAILED: waited {deadline} s in vain for {what}")
        time.sleep(0.1)
    return value


def run(*words, **more):
    return subprocess.run([str(word) for word in words], check=True, **more)


class Machine:
    def __init__(self, root):
        self.root = Path(root)
        self.nspawn = None
        self.leader = 0

    def make(self):
        say(f"a fresh Debian 12 in {self.root}")
        if self.root.exists():
            shutil.rmtree(self.root)
        run("debootstrap", "--variant=minbase", f"--include={INCLUDED}", "bookworm", self.root,
            os.environ.get("DEBIAN_MIRROR", MIRROR), stdout=subprocess.DEVNULL)
        self.chroot("useradd --create-home --shell /bin/bash admin")
        (self.root / "etc/sudoers.d/admin").write_text("admin ALL=(ALL) NOPASSWD: ALL\n")

    def chroot(self, command):
        """Before it is started: with our network, and nothing of it running."""
        run("chroot", self.root, "sh", "-c", command, stdout=subprocess.DEVNULL,
            env=dict(os.environ, DEBIAN_FRONTEND="noninteractive", LC_ALL="C.UTF-8"))

    def start(self):
        # not known to the machine manager of this system, which need not run one
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--private-network",
             "--hostname=anpi", f"--system-call-filter={' '.join(LANDLOCK)}", f"--directory={self.root}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        children = Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children")

        def leader():
            return next((int(pid) for pid in children.read_text().split()
                         if Path(f"/proc/{pid}/comm").read_text().strip() == "systemd"), None)

        self.leader = wait_for(leader, 30, "systemd to start")
        wait_for(lambda: self.ask("systemctl is-system-running").stdout.strip() in ("running", "degraded"),
                 60, "the system to be up")

    def stop(self):
        if self.nspawn and self.nspawn.poll() is None:
            os.kill(self.leader, signal.SIGRTMIN + 4)  # as a power button
            try:
                self.nspawn.wait(60)
            except subprocess.TimeoutExpired:
                self.nspawn.kill()
                self.nspawn.wait()

    def enter(self, *words):
        return ["nsenter", "--target", str(self.leader), *words]

    def ask(self, command, user="root", answer="", deadline=300):
        """A command by its words, in the home directory of the user."""
        inside = self.enter("--mount", "--uts", "--ipc", "--net", "--pid", "runuser", "--login", user,
                            "--command", command)
        return subprocess.run(inside, input=answer, capture_output=True, text=True, timeout=deadline,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"})

    def do(self, command, user="root", answer="", deadline=300):
        done = self.ask(command, user, answer, deadline)
        check(done.returncode == 0, f"{command}" + (
            f": exit code {done.returncode}\n{done.stdout}{done.stderr}" if done.returncode else ""))
        return done.stdout + done.stderr

    def beside(self, *words, **more):
        """A program of this system, in the machine's network."""
        return subprocess.Popen(self.enter("--net", *map(str, words)), **more)
