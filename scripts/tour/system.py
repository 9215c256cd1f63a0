"""The system of the tour: its settings, its programs, and the mail sandbox beside it."""

import email
import email.policy
import json
import os
import subprocess
import urllib.request

from ground import PATIENCE, ROOT, Failed, free_port, wait_for


class System:
    def __init__(self, folder, programs, output):
        self.folder = folder
        self.programs = programs
        self.output = output
        self.data = folder / "data"
        self.config = self.data / "tenko.conf"
        self.mails = folder / "mail"
        self.sandbox = None
        self.base_url = ""

    def run(self, *command):
        """Runs one of our programs to its end; its standard output."""
        try:
            done = subprocess.run([self.programs / command[0], *map(str, command[1:])], text=True,
                                  capture_output=True, timeout=PATIENCE)
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise Failed(str(fault)) from fault
        if done.returncode:
            raise Failed(f"{' '.join(map(str, command))}: exit code {done.returncode}\n"
                         f"{done.stdout}{done.stderr}")
        return done.stdout

    def tenko(self, *words):
        return self.run("tenko", "--config", self.config, *words)

    def tenko_json(self, *words):
        return json.loads(self.tenko(*words, "--json"))

    def set(self, values):
        """Changes settings in the file that `tenko init` wrote."""
        section, lines, left = "", [], dict(values)
        for line in self.config.read_text(encoding="utf-8").splitlines():
            section = line[1:-1] if line.startswith("[") else section
            key = (section, line.partition("=")[0].strip())
            lines.append(f"{key[1]} = {left.pop(key)}" if key in left else line)
        if left:
            raise Failed(f"no such settings: {left}")
        self.config.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def start_sandbox(self):
        """The mail sandbox: in the background, with its process number in a file."""
        command = ["/usr/bin/python3", ROOT / "test" / "doubles" / "smtp_double.py",
                   "--dir", self.mails, "--port", free_port(2525, self.output)]
        with open(self.folder / "sandbox.log", "wb") as log:
            self.sandbox = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log, start_new_session=True)
        (self.folder / "sandbox.pid").write_text(f"{self.sandbox.pid}\n")
        port = self.mails / "port"
        wait_for("the mail sandbox", lambda: port.exists() and port.read_text().strip())
        return int(port.read_text())

    def start(self):
        self.run("tenko", "init", self.data)
        relay = self.start_sandbox()
        port = free_port(8080, self.output)
        self.base_url = f"http://127.0.0.1:{port}"
        self.set({
            ("tenko", "organisation"): "株式会社サンプル",
            ("tenko", "user"): "root" if os.geteuid() == 0 else "",
            ("tenko", "shutdown_grace"): "10s",
            ("workers", "mail"): 1,
            ("escalation", "retry_interval"): "2s",
            ("escalation", "final_wait"): "2s",
            ("mail", "relay_port"): relay,
            ("mail", "from_address"): "anpi@sample.example.jp",
            ("reply", "port"): port,
            ("reply", "base_url"): self.base_url,
        })
        self.tenko("config", "check")
        self.run("tenkod", "--config", self.config, "--daemon", "--log", self.data / "tenko.log")

    def get(self, path):
        with urllib.request.urlopen(self.base_url + path, timeout=PATIENCE) as page:
            return page.read().decode()

    def messages(self):
        """What the sandbox has taken, by recipient's words, in the order it came."""
        found = []
        for path in sorted((self.mails / "new").glob("*.eml")):
            with open(path, "rb") as file:
                found.append(email.message_from_binary_file(file, policy=email.policy.default))
        return found

    def log_tail(self, lines=25):
        log = self.data / "tenko.log"
        text = log.read_text(errors="replace").splitlines() if log.exists() else []
        return "\n".join(f"    | {line}" for line in text[-lines:])
