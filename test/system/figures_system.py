"""For the tests of the figures: a whole system under tenkod with a relay and a publisher of hazard
telegrams, and /metrics read as Prometheus reads it."""

import json
import re
import urllib.request

import redis as redis_client
from crowd import Sink, answer
from feed_double import FeedDouble
from feed_system import write_roster
from harness import REPOSITORY, wait_for

SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
LABEL = re.compile(r'([a-z]+)="((?:[^"\\]|\\.)*)"')
METRICS = re.findall(r'^METRIC\("(\w+)", (\w+)', (REPOSITORY / "dispatcher/reply/figures/metrics.def").read_text(), re.M)


class Metrics:
    """What /metrics said, by name and labels."""

    def __init__(self, text):
        self.text = text
        self.samples = {}
        for line in text.splitlines():
            if line.startswith("#"):
                continue
            match = SAMPLE.match(line)
            assert match, line
            key = match["name"], tuple(sorted(LABEL.findall(match["labels"] or "")))
            assert key not in self.samples, f"twice: {line}"
            self.samples[key] = float(match["value"])

    def get(self, name, **labels):
        """The sample's value; None where there is none."""
        return self.samples.get((name, tuple(sorted((k, str(v)) for k, v in labels.items()))))

    def by(self, name, label):
        """The values of a metric by one of its labels, added up over the others."""
        found = {}
        for (metric, labels), value in self.samples.items():
            if metric == name:
                key = dict(labels)[label]
                found[key] = found.get(key, 0) + value
        return found

    def total(self, name):
        return sum(value for (metric, _), value in self.samples.items() if metric == name)


class System:
    def __init__(self, tenko):
        self.tenko = tenko
        self.relay = Sink(tenko.root / "sink").start()
        self.feeds = FeedDouble(tenko.root / "feeds")
        self.feeds.__enter__()
        (tenko.root / "feeds" / "eqvol").mkdir()
        tenko.configure(mail={"relay_port": self.relay.port},
                        redis={"mode": "embedded"},
                        escalation={"retry_interval": "0s", "final_wait": "1s"},
                        feed={"enabled": True, "allow_private": True, "interval": "200ms",
                              "atom_urls": self.feeds.url("/feed/eqvol.xml?key=geheim"), "atom_long_urls": ""})
        tenko.cli("import", *write_roster(tenko.root))
        self.tenkod = None

    def start(self):
        self.tenkod = self.tenko.start("tenkod")
        wait_for(lambda: self.metrics().get("tenko_queue_up") == 1, 20, "the scheduler's figures")

    def close(self):
        self.feeds.__exit__(None, None, None)
        self.relay.stop()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.tenko.reply_port()}"

    @property
    def redis(self):
        return redis_client.Redis(unix_socket_path=str(self.tenko.data_dir / "redis" / "redis.sock"),
                                  decode_responses=True)

    def get(self, path, **headers):
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.read().decode(), response.headers["Content-Type"]

    def metrics(self):
        return Metrics(self.get("/metrics")[0])

    def stats(self):
        return json.loads(self.get("/stats.json")[0])

    def broadcast(self, *words):
        return self.tenko.cli_json("broadcast", "--title", "地震", *words)["broadcast"]

    def answer(self, broadcast, person, choice="safe"):
        answer(self.tenko, broadcast, person, choice, self.port)

    @property
    def port(self):
        return self.tenko.reply_port()
