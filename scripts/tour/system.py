"""The system of the tour: its settings, its programs, and around it the world that it speaks to: a
mail relay, a telephone exchange, a push service, the publisher of a hazard feed.
"""

import json
import os
import shutil
import subprocess
import urllib.request

from cast import exchange_rules, mail_rules
from expect import Policy
from ground import DOUBLES, PATIENCE, ROOT, Failed, free_port, wait_for

ACCOUNT = "AC00000000000000000000000000000001:sample-token"     # at the telephone exchange
CALLER = "+815000000000"
RING_SECONDS = 0.3
POLICY = Policy(retry_interval=2, final_wait=2, voice_retries=1, mail_retries=0, push_retries=1,
                temporary_retries=1)


class System:
    def __init__(self, folder, programs, output):
        self.folder = folder
        self.programs = programs
        self.output = output
        self.data = folder / "data"
        self.config = self.data / "tenko.conf"
        self.mails, self.calls, self.phones = (folder / n for n in ("mail", "exchange", "push"))
        self.feed, self.rules = folder / "feed", folder / "rules.d"
        self.log = self.data / "tenko.log"
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

    def start_double(self, name, folder, port, *options):
        """Starts a double: in the background, with its process number in a file. Its port."""
        command = ["/usr/bin/python3", "-B", DOUBLES / f"{name}_double.py", "--dir", folder,
                   "--port", free_port(port, self.output), *options]
        with open(self.folder / f"{name}.log", "wb") as log:
            started = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, start_new_session=True)
        (self.folder / f"{name}.pid").write_text(f"{started.pid}\n")
        file = folder / "port"
        wait_for(f"the {name} double", lambda: started.poll() is not None
                 or file.exists() and file.read_text().strip())
        if started.poll() is not None:
            raise Failed((self.folder / f"{name}.log").read_text(errors="replace"))
        return int(file.read_text())

    def start_world(self, phones):
        """What the settings have to say of the relay, the exchange, and the push service with these
        phones."""
        def given(option, words):
            return [part for word in words for part in (option, word)]

        relay = self.start_double("smtp", self.mails, 2525, *given("--rule", mail_rules()))
        exchange = self.start_double("exchange", self.calls, 8081, "--account", ACCOUNT,
                                     "--ring", RING_SECONDS, *given("--rule", exchange_rules()))
        self.start_double("push", self.phones, 8082, *given("--phone", phones))
        feed = self.start_feed()
        return {
            ("feed", "enabled"): "yes",
            ("feed", "atom_urls"): f"http://127.0.0.1:{feed}/feed/eqvol.xml",
            ("feed", "atom_long_urls"): "",
            ("feed", "interval"): "500ms",
            ("feed", "rules_dir"): self.rules,
            ("feed", "allow_private"): "yes",  # the publisher too
            ("mail", "relay_port"): relay,
            ("voice", "api_url"): f"http://127.0.0.1:{exchange}",
            ("voice", "accounts"): f"{ACCOUNT}:{CALLER}:1",
            ("push", "allow_private"): "yes",  # the push service is on this machine
        }

    def start_feed(self):
        """A publisher with an empty feed, and of the rules that come with the program the one for
        earthquakes alone: so there is one broadcast to be followed."""
        (self.feed / "eqvol").mkdir(parents=True)
        self.rules.mkdir()
        shutil.copy(ROOT / "config" / "rules.d" / "earthquake.conf", self.rules)
        return self.start_double("feed", self.feed, 8083)

    def publish(self, name, telegram):
        """Puts a telegram into the feed, at one stroke."""
        fresh = self.feed / "eqvol" / f".{name}"
        fresh.write_bytes(telegram)
        fresh.rename(self.feed / "eqvol" / name)

    def start(self, phones):
        self.run("tenko", "init", self.data)
        world = self.start_world(phones)
        port = free_port(8080, self.output)
        self.base_url = f"http://127.0.0.1:{port}"
        self.set({
            ("tenko", "organisation"): "株式会社サンプル",
            ("tenko", "user"): "root" if os.geteuid() == 0 else "",
            ("tenko", "shutdown_grace"): "10s",
            ("workers", "mail"): 1,
            ("workers", "voice"): 1,
            ("workers", "push"): 1,
            ("broadcast", "channels"): "mail,voice,push",
            ("escalation", "retry_interval"): f"{POLICY.retry_interval}s",
            ("escalation", "final_wait"): f"{POLICY.final_wait}s",
            ("escalation", "voice_retries"): POLICY.voice_retries,
            ("escalation", "mail_retries"): POLICY.mail_retries,
            ("escalation", "push_retries"): POLICY.push_retries,
            ("escalation", "temporary_retries"): POLICY.temporary_retries,
            ("pacing", "voice_rate"): 10,
            ("mail", "from_address"): "anpi@sample.example.jp",
            ("push", "contact"): "mailto:anpi@sample.example.jp",
            ("reply", "port"): port,
            ("reply", "base_url"): self.base_url,
            **world,
        })
        self.tenko("config", "check")
        self.run("tenkod", "--config", self.config, "--daemon", "--log", self.log)

    def subscription(self, phone):
        """What the browser of a phone says of itself."""
        return json.loads((self.phones / "phones.json").read_text())[phone]

    def get(self, path):
        with urllib.request.urlopen(self.base_url + path, timeout=PATIENCE) as page:
            return page.read().decode()

    def log_tail(self, lines=25):
        exists = self.log.exists()
        text = self.log.read_text(errors="replace").splitlines() if exists else []
        return "\n".join(f"    | {line}" for line in text[-lines:])
