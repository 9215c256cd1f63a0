#!/usr/bin/python3
"""How long it takes from the feed's answer that names a new telegram to the first mail at the relay.

    test/bench/feed_to_mail.py [--people 10000] [--most 2.0] [--json]

The whole system runs for real: tenkod with all its programs, a publisher over HTTP, a relay over SMTP.
Everybody works in the region of the telegram (震度速報, 6+ in 宮城県北部). Measured are the parts:

    answer      the feed's answer with the new telegram is on its way (0)
    fetched     tenko-feed has been answered with the telegram
    settled     telegram, events, decisions and the broadcast are committed
    started     the scheduler has taken the broadcast in
    handed over the first attempt is in the queue
    first mail  the relay has the first message, whole
    last mail   everybody's has arrived

Exit code 0 only if the first mail was there within --most seconds. TENKO_BIN names the programs, else
build/bin: a build without sanitizers is what is meant to be measured.
"""

import argparse
import asyncio
import datetime
import json
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "test" / "system"), str(ROOT / "test" / "doubles")]

import harness  # noqa: E402
from crowd import import_crowd  # noqa: E402
from feed_double import FeedDouble, restamped, sent_at  # noqa: E402

TELEGRAM = ROOT / "test" / "data" / "jma" / "official" / "32-39_11_01_120615_VXSE51.xml"
REGION = "220"


class Relay(threading.Thread):
    """Takes every message and keeps when it was there."""

    def __init__(self):
        super().__init__(daemon=True)
        self.arrived = []
        self.ready = threading.Event()
        self.port = None
        self.start()
        self.ready.wait()

    def run(self):
        asyncio.run(self.serve())

    async def serve(self):
        server = await asyncio.start_server(self.session, "127.0.0.1", 0, limit=1 << 22)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        await server.serve_forever()

    async def session(self, reader, writer):
        async def say(text):
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        try:
            await say("220 relay")
            while line := await reader.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    await say("354 go ahead")
                    await reader.readuntil(b"\r\n.\r\n")
                    self.arrived.append(time.time())
                await say("221 bye" if verb == b"QUIT" else "250 ok")
                if verb == b"QUIT":
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


class Clock:
    """When the answer of the feed went out that named the telegram, and when the telegram did."""

    def __init__(self, double):
        self.named = self.fetched = None
        noted = double.note

        def note(path, headers, status):
            noted(path, headers, status)
            if path.startswith("/data/"):
                self.fetched = self.fetched or time.time()
            elif status == 200 and double.listed("eqvol"):
                self.named = self.named or time.time()

        double.note = note


def moment(event):
    return datetime.datetime.fromisoformat(event["at"].replace("Z", "+00:00")).timestamp()


def measure(tenko, people):
    relay = Relay()
    with FeedDouble(tenko.root / "feeds") as double:
        (tenko.root / "feeds" / "eqvol").mkdir()
        clock = Clock(double)
        tenko.configure(redis={"mode": "embedded"}, log={"level": "info"},
                        mail={"relay_port": relay.port},
                        feed={"enabled": True, "allow_private": True, "interval": "1s",
                              "atom_urls": double.url("/feed/eqvol.xml"), "atom_long_urls": ""})
        import_crowd(tenko, people, addresses=1, region=REGION)
        tenkod = tenko.start("tenkod")
        harness.wait_for(lambda: double.count("/feed/eqvol.xml") >= 2, 30, "the feed to be asked")
        telegram = TELEGRAM.read_bytes()
        double.publish("eqvol", "1_VXSE51.xml", restamped(telegram, int(time.time() - sent_at(telegram))))
        harness.wait_for(lambda: len(relay.arrived) >= people, 300, "every mail", tenkod)
        return parts_of(tenkod, clock, relay)


def parts_of(tenkod, clock, relay):
    def first(event):
        return min(moment(e) for e in tenkod.events(event))

    moments = {"fetched": clock.fetched, "settled": first("feed.telegram"),
               "started": first("broadcast.started"), "handed over": first("attempt.queued"),
               "first mail": min(relay.arrived), "last mail": max(relay.arrived)}
    return {part: at - clock.named for part, at in moments.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--people", type=int, default=10000)
    parser.add_argument("--most", type=float, default=2.0, help="seconds to the first mail at most")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with harness.temporary_folder() as root:
        tenko = harness.Sandbox(root)
        try:
            tenko.init()
            parts = measure(tenko, given.people)
        finally:
            faults = tenko.end()
    good = parts["first mail"] <= given.most and not faults
    if given.json:
        print(json.dumps({"people": given.people, "seconds": parts, "most": given.most, "good": good}))
    else:
        print(f"{given.people} people in the region; seconds from the feed's answer:")
        for part, seconds in parts.items():
            print(f"  {part:<12} {seconds:8.3f}")
        print("\n".join([*faults, f"first mail within {given.most} s: {'yes' if good else 'NO'}"]))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
