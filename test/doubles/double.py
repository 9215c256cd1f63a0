"""What the doubles that go by rules share: the rules, and the process that a test starts.

A rule is "STAGE[:N] [PATTERN]=ACTION"; it is good N times, or always. The first that fits counts.
A script is {"STAGE": {"SUBJECT": [ACTION, ...]}}, one for each time; it goes before the rules.
"""

import fnmatch
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

RULE = re.compile(r"(?P<stage>\w+)(?::(?P<times>\d+))?(?: (?P<pattern>[^= ]+))?=(?P<action>.+)\Z", re.S)


class Rule:
    """A double's own kind names its stages, and reads the action."""

    stages = ()

    def __init__(self, text):
        rule = RULE.match(text)
        if not rule or rule["stage"] not in self.stages:
            raise ValueError(f"not a rule: {text!r} (see --help)")
        self.stage = rule["stage"]
        self.pattern = rule["pattern"] or "*"
        self.times = int(rule["times"]) if rule["times"] else None
        self.action = rule["action"]
        if not self.read_action():
            raise ValueError(f"not an action of {self.stage}: {text!r} (see --help)")

    def read_action(self):
        """False where the stage knows no such action."""
        raise NotImplementedError

    def applies(self, stage, subject):
        if stage != self.stage or self.times == 0:
            return False
        if not fnmatch.fnmatchcase(subject, self.pattern):
            return False
        if self.times:
            self.times -= 1
        return True


class Rules:
    """The rules of a running double: those it was started with, until its folder has a file of them;
    and its script, a file."""

    def __init__(self, folder, kind, texts=(), script=None):
        self.path = Path(folder) / "rules"
        self.kind = kind
        self.rules = [kind(text) for text in texts]
        self.stamp = None
        self.script = json.loads(Path(script).read_text(encoding="utf-8")) if script else {}

    def find(self, stage, subject=""):
        self.reload()
        actions = self.script.get(stage, {}).get(subject)
        action = actions.pop(0) if actions else ""
        if action:
            return self.kind(f"{stage}={action}")
        return next((rule for rule in self.rules if rule.applies(stage, subject)), None)

    def reload(self):
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            return
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self.stamp:
            lines = self.path.read_text(encoding="utf-8").splitlines()
            self.rules = [self.kind(line) for line in lines if line.strip()]
            self.stamp = stamp


class Double:
    """A double as a process of its own, for pytest."""

    program = ""    # its file
    rule = Rule     # its kind of rules

    def __init__(self, folder, *rules, options=(), port=0):
        self.folder = Path(folder)
        words = [word for rule in rules for word in ("--rule", rule)]
        self.command = [sys.executable, self.program, "--dir", self.folder, *words, *options]
        self.process = None
        self.port = port

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Starts it; after stop() on the same port again."""
        self.process = subprocess.Popen([*map(str, self.command), "--port", str(self.port)],
                                        stdout=subprocess.PIPE, text=True)
        word = self.process.stdout.readline().split()
        if len(word) != 2:
            raise RuntimeError(f"{self.program} did not start")
        self.port = int(word[1])
        return self

    def stop(self, number=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)
        if self.process:
            self.process.wait(10)
            self.process.stdout.close()
            self.process = None

    def rules(self, *rules):
        """New rules from now on, also within what is under way."""
        fresh = self.folder / "rules.new"
        for rule in rules:
            self.rule(rule)  # a typing error shows here
        fresh.write_text("".join(f"{rule}\n" for rule in rules), encoding="utf-8")
        os.rename(fresh, self.folder / "rules")
