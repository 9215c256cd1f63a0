#!/usr/bin/python3
"""From an answer to the last attempt of that person: measured over all channels at once.

    test/bench/stop_latency.py [--people 10000] [--seed N] [--json]

Everybody has mail, a telephone and a phone that takes notifications, in random dial orders, and a
broadcast goes to all of them through the real programs; on the other side stand a mail relay, a
telephone exchange and a push service, which are now and then slow or refuse for a moment. While the
queue is full, people answer: by the link in their mail, by a key in a call, by the page that their
notification opens. Then it is looked at when the relay, the exchange and the push service were last
asked to reach each person who had answered, and when the last attempt was made for them in the
store.

A reply counts from the moment that stands with it in the store, which is taken before it is
committed: what is shown is never too small. Ends with 1 where anything was begun for anybody more
than a second after the reply, with 2 where too few answered for the figures to mean anything.

TENKO_BIN names the folder of the programs (build/bin).
"""

import argparse
import contextlib
import email
import email.policy
import heapq
import itertools
import json
import multiprocessing
import os
import queue
import random
import re
import signal
import statistics
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

TEST = Path(__file__).resolve().parents[1]
sys.path += [str(TEST / "system"), str(TEST / "doubles")]

from crowd import CONTACT_HEADER, GROUP_HEADER, USER_HEADER, free_port  # noqa: E402
from exchange_double import ACCOUNT, ExchangeDouble  # noqa: E402
from harness import Sandbox, temporary_folder  # noqa: E402
from push_double import PushDouble  # noqa: E402
from smtp_double import SmtpDouble  # noqa: E402

LIMIT = 1.0  # seconds
CHANNELS = {1: "mail", 2: "telephone", 3: "push"}
LINK = re.compile(r"https?://[\w.:]+/r/[\w-]+")
SLOW = 1.5   # seconds that the other side takes for one in a hundred
ANSWER_SHARE, ANSWER_WITHIN = 0.5, 6.0
CALLEES = ["callee *[0-3]=answer 1", "callee *4=answer - 2", "callee *5=busy", "callee *6=no-answer",
           "callee *7=machine", "callee *=answer hangup"]


def telephone_of(number):
    return f"090{number:08}"


def number_of(address):
    """The person behind a mail address or a telephone number."""
    return int(re.match(r"p(\d+)\.", address)[1]) if "@" in address else int(address[-8:])


# the people


class Answers:
    """People who open their link a while after they got it, each with a thread's patience."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.heap, self.work = [], queue.Queue()
        self.count = itertools.count()
        self.lock = threading.Lock()
        self.given, self.faults = [], []
        self.threads = [threading.Thread(target=self.give, daemon=True) for _ in range(4)]
        self.threads.append(threading.Thread(target=self.wake, daemon=True))
        for thread in self.threads:
            thread.start()

    def consider(self, person, link):
        if self.random.random() < ANSWER_SHARE:
            at = time.monotonic() + self.random.uniform(0, ANSWER_WITHIN)
            with self.lock:
                heapq.heappush(self.heap, (at, next(self.count), person, link))

    def wake(self):
        while True:
            with self.lock:
                while self.heap and self.heap[0][0] <= time.monotonic():
                    self.work.put(heapq.heappop(self.heap)[2:])
            time.sleep(0.01)

    def give(self):
        while True:
            person, link = self.work.get()
            form = urllib.parse.urlencode({"status": "safe", "comment": ""}).encode()
            try:
                with urllib.request.urlopen(link, form, timeout=30):
                    self.given.append(person)
            except OSError as error:
                self.faults.append(f"person {person}: {error}")


def read_mails(folder, seed, results, ended):
    """Reads the mails as they come, and answers; a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers, starts = Answers(seed), []
    while not ended.is_set():
        path = folder / "new" / f"{len(starts) + 1:06}.eml"
        if not path.exists():
            time.sleep(0.01)
            continue
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        person = number_of(message["X-Sandbox-Recipient"].strip("<> ").split(">")[0])
        starts.append((person, float(message["X-Sandbox-Began"])))
        answers.consider(person, LINK.search(message.get_body(("plain",)).get_content())[0])
    results.put((starts, answers.given, answers.faults))


def keep_phones(people, seed, results, ended):
    """The push service, and the people who tap on what it shows them; a process of its own."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with PushDouble() as service:
        phones = [service.subscribe(f"p{n}") for n in range(1, people + 1)]
        for n in range(99, people, 100):
            phones[n].late = SLOW
        results.put((service.url, [phone.subscription for phone in phones]))
        answers, seen = Answers(seed), 0
        while not ended.is_set():
            with service.lock:
                fresh, seen = service.requests[seen:], len(service.requests)
            for _, name, status in fresh:
                if status == 201:
                    answers.consider(int(name[1:]), service.phones[name].messages()[-1]["url"])
            time.sleep(0.01)
        starts = [(int(name[1:]), at) for at, name, _ in service.requests]
        results.put((starts, answers.given, answers.faults + service.faults))


# the system


class Depth(threading.Thread):
    """How many jobs stand in the queue, looked at five times a second."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.samples, self.ended = client, [], threading.Event()

    def run(self):
        while not self.ended.wait(0.2):
            lengths = [self.client.xlen(f"{{tenko}}:q:{name}:0") for name in ("mail", "voice", "push")]
            self.samples.append((time.time(), *lengths))

    def at(self, moment):
        before = [sum(lengths) for at, *lengths in self.samples if at <= moment]
        return before[-1] if before else 0


def import_people(tenko, people, rng):
    folder = tenko.root / "roster"
    folder.mkdir()
    groups = [f"1,g{g},第{g}課,p{g * 100 + 1},,," for g in range((people + 99) // 100)]
    users = [f"1,p{n},{n:07},山田 {n}郎,,g{(n - 1) // 100},0,0,0,p{n}@example.com,0,0,0,0,0,0,0,0,0,,"
             for n in range(1, people + 1)]
    contacts = []
    for n in range(1, people + 1):
        mail, voice, push = rng.sample((1, 2, 3), 3)
        second = f"p{n}.2@example.com" if rng.random() < 0.5 else ""
        contacts.append(f"1,p{n},ja,p{n}.1@example.com,{second},,{telephone_of(n)},,,"
                        f"{mail},{voice},,,,,,,,{push}")
    words = []
    for name, header, rows in (("groups", GROUP_HEADER, groups), ("users", USER_HEADER, users),
                               ("contacts", f"{CONTACT_HEADER},発信順プッシュ", contacts)):
        path = folder / f"{name}.csv"
        path.write_text("\r\n".join([header, *rows]) + "\r\n", encoding="utf-8-sig")
        words += [f"--{name}", path]
    tenko.cli("import", *words, deadline=300)


def give_devices(tenko, subscriptions):
    for n, subscription in enumerate(subscriptions, 1):
        yield (n, 1, subscription["endpoint"], subscription["keys"]["p256dh"],
               subscription["keys"]["auth"], 0)


def configure(tenko, relay, exchange, port, scale):
    tenko.configure(
        log={"level": "info"},
        broadcast={"channels": "mail,voice,push"},
        workers={"mail": 4, "voice": 2, "push": 2},
        mail={"relay_port": relay.port, "timeout": "10s"},
        voice={"api_url": exchange.url, "accounts": f"{ACCOUNT}:+815000000000:1", "timeout": "5s",
               "ring_timeout": "2s", "longest_talk": "5s", "grace": "5s"},
        push={"allow_private": True, "contact": "mailto:admin@example.jp"},
        reply={"port": port, "base_url": f"http://127.0.0.1:{port}"},
        pacing={"mail_window": scale, "push_window": scale, "voice_window": 200, "voice_rate": 0,
                "outage_backoff": "200ms", "outage_backoff_most": "1s"},
        escalation={"retry_interval": "1s", "voice_retries": 0, "final_wait": "2s"})


def wait_until_finished(tenko, deadline, tell):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        status = tenko.cli_json("status")
        tell(f"{status['targeted']} targeted, {status['answered']} answered, "
             f"{status['waiting']} waiting, {status['in_flight']} in flight")
        if status["state"] == "finished":
            return status
        time.sleep(1)
    sys.exit(f"stop_latency: not finished after {deadline} s")


# the figures


def quantile(values, part):
    return sorted(values)[min(int(len(values) * part), len(values) - 1)] if values else 0.0


def figures_of(starts, replies, ways, made, depth):
    """`starts` (person, time) by channel; `replies` the first of each, `ways` how that came; `made`
    (person, time) of attempts in the store."""
    last = {}
    after = {name: 0 for name in CHANNELS.values()}
    late = []
    for name, list_ in starts.items():
        for person, at in list_:
            last[person] = max(last.get(person, 0), at)
            if person in replies and at > replies[person]:
                after[name] += 1
                if at > replies[person] + LIMIT:
                    late.append((person, name, round(at - replies[person], 3)))
    waits = {person: last.get(person, 0) - at for person, at in replies.items()}
    begun = [wait for wait in waits.values() if wait > 0]
    depths = [depth.at(at) for at in replies.values()]
    stored = [(person, at - replies[person]) for person, at in made
              if person in replies and at > replies[person]]
    return {
        "replies": {name: list(ways.values()).count(name) for name in CHANNELS.values()},
        "starts": {name: len(list_) for name, list_ in starts.items()},
        "queued_at_reply": {"median": statistics.median(depths or [0]), "most": max(depths, default=0)},
        "starts_after_reply": after,
        "people_with_starts_after_reply": len(begun),
        "last_start_after_reply": {
            "of_all": {key: round(max(0.0, quantile(list(waits.values()), part)), 3)
                       for key, part in (("p50", 0.5), ("p99", 0.99), ("max", 1))},
            "of_those": {key: round(quantile(begun, part), 3)
                         for key, part in (("p50", 0.5), ("p99", 0.99), ("max", 1))}},
        "attempts_made_after_reply": {"count": len(stored),
                                      "max": round(max((w for _, w in stored), default=0.0), 3)},
        "later_than_limit": len(late) + sum(wait > LIMIT for _, wait in stored),
        "late": late[:20],
    }


def show(figures):
    rows = [("people", figures["people"]), ("seconds", figures["seconds"])]
    rows += [(f"answered by {name}", n) for name, n in figures["replies"].items()]
    rows += [(f"attempts seen by {name}", n) for name, n in figures["starts"].items()]
    rows += [("jobs in the queue at a reply, median", figures["queued_at_reply"]["median"]),
             ("                             most", figures["queued_at_reply"]["most"])]
    rows += [(f"begun after the reply, {name}", n) for name, n in figures["starts_after_reply"].items()]
    last = figures["last_start_after_reply"]
    rows += [(f"reply -> last attempt, all who answered, {key}", f"{value:.3f} s")
             for key, value in last["of_all"].items()]
    rows += [(f"reply -> last attempt, where any came ({figures['people_with_starts_after_reply']}), {key}",
              f"{value:.3f} s") for key, value in last["of_those"].items()]
    made = figures["attempts_made_after_reply"]
    rows += [("made in the store after the reply", made["count"]), ("  the latest", f"{made['max']:.3f} s"),
             (f"begun more than {LIMIT:.0f} s after the reply", figures["later_than_limit"])]
    for name, value in rows:
        print(f"{name:<62}{value:>12}")
    for person, name, wait in figures["late"]:
        print(f"  late: person {person}, {name}, {wait} s")


def measure(people, seed, tell=lambda line: None):
    rng = random.Random(seed)
    results, ended = [multiprocessing.Queue() for _ in range(2)], multiprocessing.Event()
    with temporary_folder() as root, contextlib.ExitStack() as stack:
        tenko = Sandbox(root)
        stack.callback(lambda: [print(fault, file=sys.stderr) for fault in tenko.end()])
        relay = stack.enter_context(SmtpDouble(root / "relay", f"end p*99.?@*=late {SLOW}"))
        exchange = stack.enter_context(ExchangeDouble(
            root / "exchange", *CALLEES, f"place *99=late {SLOW}",
            f"place:{people // 50} *[13]=429 20429", options=["--account", ACCOUNT]))
        port = free_port()
        configure(tenko, relay, exchange, port, max(people // 5, 20))
        tenko.init()
        helpers = [multiprocessing.Process(target=keep_phones, args=(people, seed, results[0], ended)),
                   multiprocessing.Process(target=read_mails,
                                           args=(relay.folder, seed + 1, results[1], ended))]
        stack.callback(ended.set)
        for helper in helpers:
            helper.start()
        _, subscriptions = results[0].get(timeout=300)
        import_people(tenko, people, rng)
        with contextlib.closing(__import__("sqlite3").connect(tenko.data_dir / "tenko.db")) as db, db:
            db.executemany("INSERT INTO device(person_id, kind, endpoint, p256dh, auth, created_at)"
                           " VALUES(?, ?, ?, ?, ?, ?)", give_devices(tenko, subscriptions))
        tenko.start("tenkod")
        import redis
        depth = Depth(redis.Redis(unix_socket_path=str(tenko.data_dir / "redis" / "redis.sock")))
        depth.start()
        began = time.monotonic()
        tenko.cli("broadcast", "--title", "地震がありました", "--yes")
        wait_until_finished(tenko, 60 + people / 10, tell)
        seconds = time.monotonic() - began
        depth.ended.set()
        tenko.cli("verify", deadline=120)
        ended.set()
        starts, faults, given = {}, [], {}
        for name, source in (("push", results[0]), ("mail", results[1])):
            starts[name], given[name], wrong = source.get(timeout=60)
            faults += wrong
        for helper in helpers:
            helper.join(30)
        starts["telephone"] = [(number_of(r["to"]), r["at"]) for r in exchange.requests()]
        rows = tenko.sql("SELECT person_id, way, min(at) FROM reply GROUP BY person_id")
        replies = {person: at / 1000 for person, _, at in rows}
        pushed = set(given["push"]) - set(given["mail"])
        ways = {person: "telephone" if way == 2 else "push" if person in pushed else "mail"
                for person, way, _ in rows}
        made = [(person, at / 1000) for person, at in tenko.sql(
            "SELECT d.person_id, a.created_at FROM attempt a JOIN delivery d ON d.id = a.delivery_id")]
        stopped, = tenko.sql("SELECT count(*) FROM attempt WHERE detail = 'stopped'")[0]
        figures = figures_of({name: starts[name] for name in CHANNELS.values()}, replies, ways, made,
                             depth)
        return {"people": people, "seed": seed, "seconds": round(seconds, 1),
                "stopped_in_the_queue": stopped, **figures, "faults": faults}


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--json", action="store_true", help="the figures as JSON")
    parser.add_argument("--quiet", action="store_true", help="no progress on stderr")
    options = parser.parse_args()
    if options.people < 100:
        parser.error("--people: 100 at least")
    quiet = options.quiet or not os.isatty(2)
    figures = measure(options.people, options.seed,
                      (lambda line: None) if quiet else lambda line: print(line, file=sys.stderr))
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        show(figures)
    for fault in figures["faults"][:20]:
        print(f"stop_latency: {fault}", file=sys.stderr)
    if figures["later_than_limit"]:
        sys.exit(1)
    few = min(figures["replies"].values()) < options.people // 50
    if few or figures["faults"] or figures["queued_at_reply"]["most"] == 0:
        print("stop_latency: too few answered, or something else went wrong: void", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
