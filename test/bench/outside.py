"""The measures at the edges: the relay, the people who answer, the roster's files, every channel."""

import contextlib
import os
import subprocess
import time

import raw
import stop_latency
from engine import WINDOW, WORKERS
from figures import Sample
from ground import LIMIT, until, write_roster


def smtp(bench, people):
    """3. Mail through real SMTP to smtp-sink, beside smtp-source with kept connections."""
    people = min(people, 100000)
    with raw.smtp_sink() as port:
        reference = raw.smtp_source(port, people)
        with bench.ground.engine(people) as engine:
            engine.run_all(WORKERS, min(people, WINDOW), mail={"transport": "smtp", "relay_port": port})
            asked_at, _ = engine.ask()
            until(lambda: engine.delivered() >= people, "the last outcome")
            rate = people / (time.time() - asked_at)
    return [Sample("mail over SMTP to smtp-sink", rate, "messages/s", reference, "smtp-source, kept connections",
                   least_ratio=0.9)]


def replies(bench, people):
    """4. Replies, durable before the answer: their rate, and how long they take during a fan-out."""
    seconds = 1 if bench.quick else 10
    with bench.ground.engine(people) as engine:
        engine.run_all(0, people)
        engine.fan_out(people)
        paths = engine.paths(min(people, 1000000))
        with raw.bare_http() as port:
            bare = raw.post(port, paths, seconds)
        quiet = raw.post(engine.port, paths, seconds)
        engine.ask()
        busy = raw.post(engine.port, paths, min(seconds, 3))
        recorded = engine.one("SELECT count(*) FROM reply")
        until(lambda: engine.one("SELECT position FROM cursor WHERE name = 'reply'") >= recorded,
              "the last reply to be read")
    if recorded < quiet["requests"] + busy["requests"]:
        raise RuntimeError(f"replies: {quiet['requests'] + busy['requests']} answered, {recorded} recorded")
    return [
        Sample("replies, durable before the answer", quiet["rate"], "/s", bare["rate"], "bare evhttp", least_ratio=0.5),
        Sample("replies, 99 of 100", quiet["p99"], "ms", bare["p99"], "bare evhttp"),
        Sample("replies during a fan-out", busy["rate"], "/s"),
        Sample("replies during a fan-out, 99 of 100", busy["p99"], "ms", most=50, sized=True),
    ]


def roster(bench, people):
    """6. The roster's files: groups, users and contacts, in CP932, in and out."""
    with bench.ground.engine() as engine:
        words = write_roster(engine.root, people)
        size = sum(os.path.getsize(path) for path in words[1::2])
        began = time.monotonic()
        engine.cli("import", *words, deadline=LIMIT)
        imported = time.monotonic() - began
        began = time.monotonic()
        engine.cli("export", "--dir", engine.root, deadline=LIMIT)
        exported = time.monotonic() - began
        began = time.monotonic()
        with contextlib.suppress(FileNotFoundError):
            subprocess.run(["iconv", "-f", "CP932", "-t", "UTF-8", "-o", os.devnull, *words[1::2]], check=True)
        raw_seconds = time.monotonic() - began
    against = f"iconv over the same {size / 1e6:.0f} MB"
    return [Sample("roster imported", imported, "s", raw_seconds, against, most=15, sized=True),
            Sample("roster exported", exported, "s", raw_seconds, against, most=10, sized=True)]


def channels(bench, people):
    """12. As stop, over mail, telephone and push at once, with real servers on the other side."""
    found = stop_latency.measure(max(100, min(people, 10000)), bench.run)
    last = found["last_start_after_reply"]["of_all"]
    if found["faults"]:
        raise RuntimeError(f"stop_latency: {found['faults'][0]}")
    return [Sample("reply to the last attempt, all channels, 99 of 100", last["p99"], "s", most=1),
            Sample("reply to the last attempt, all channels, longest", last["max"], "s")]
