#!/usr/bin/python3
"""A publisher of hazard feeds for tests and for the quickstart: real HTTP over a real socket.

    with FeedDouble(folder) as feeds:
        feeds.publish("eqvol", "20110311054810_0_VXSE51.xml", telegram)
        tenko.configure(feed={"atom_urls": feeds.url("/feed/eqvol.xml")})
        feeds.answer("/data/*", "half", times=1)
        feeds.requests          # [(path, headers, status), ...]

What it serves lies in the folder, and is looked at anew for each request:

    eqvol/NAME.xml      telegrams; /feed/eqvol.xml lists them with their file's time, /data/NAME.xml
                        is the telegram. Any name of a folder does.
    eqvol_l             where there is such a folder, /feed/eqvol_l.xml lists both
    p2pquake.json       /p2pquake
    NAME.cap            /cap/NAME

A feed has an ETag and a Last-Modified, and answers 304 where nothing changed. It misbehaves by rule:

    404, 500, ...       this status
    half                half of the body, then the connection is closed
    cut                 half of the body, and a length that says it is all
    huge                200 MB instead of the body
    slow                a byte every now and then
    hang                nothing
    reset               the connection is cut without an answer
    bytes               these instead of the body

As a program it serves a folder until SIGTERM or SIGINT:  feed_double.py --dir D [--port 0]
and prints "port N" once it listens.
"""

import argparse
import contextlib
import datetime
import email.utils
import fnmatch
import hashlib
import os
import re
import signal
import socket
import struct
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.sax.saxutils import escape

HUGE = 200 * 1024 * 1024
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|\+09:00)")


def restamped(telegram, seconds):
    """The telegram as if it had been sent so many seconds later: every time in it is moved."""

    def moved(match):
        moment = datetime.datetime.fromisoformat(match[0].replace("Z", "+00:00"))
        moment += datetime.timedelta(seconds=seconds)
        return moment.isoformat().replace("+00:00", "Z") if match[0].endswith("Z") else moment.isoformat()

    return MOMENT.sub(moved, telegram.decode()).encode()


def sent_at(telegram):
    """Control/DateTime, in seconds since 1970."""
    text = re.search(r"<DateTime>([^<]+)</DateTime>", telegram.decode())[1]
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass

    def do_GET(self):
        self.server.double.watch("before", self.path)
        self.answer()
        self.server.double.watch("after", self.path)

    def answer(self):
        path = self.path.partition("?")[0]
        rule = self.server.double.rule_for(path)
        body, modified = self.server.double.content(path)
        status = 200 if body is not None else 404
        if isinstance(rule, bytes):
            body, status, rule = rule, 200, None
        if isinstance(rule, int):
            body, status, rule = b"", rule, None
        tag = '"' + hashlib.sha1(body or b"").hexdigest() + '"'
        if status == 200 and not rule and self.unchanged(tag, modified):
            status = 304
        self.server.double.note(self.path, dict(self.headers), rule or status)
        if rule:
            self.misbehave(rule, body or b"")
        else:
            self.send(status, body if status == 200 else b"", tag, modified)

    def unchanged(self, tag, modified):
        given = self.headers.get("If-None-Match")
        if given:
            return given == tag
        since = self.headers.get("If-Modified-Since")
        return bool(since) and since == email.utils.formatdate(modified, usegmt=True)

    def send(self, status, body, tag, modified):
        self.send_response(status)
        if status in (200, 304):
            self.send_header("ETag", tag)
            self.send_header("Last-Modified", email.utils.formatdate(modified, usegmt=True))
        if status == 503:
            self.send_header("Retry-After", "1")
        if status in (301, 302):
            self.send_header("Location", self.server.double.url("/feed/elsewhere.xml"))
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def misbehave(self, rule, body):
        self.close_connection = True
        if rule == "hang":
            self.server.double.ended.wait(60)
        elif rule == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif rule in ("half", "cut"):
            self.send_response(200)
            self.send_header("Content-Length", str(len(body) // (1 if rule == "half" else 2)))
            self.end_headers()
            self.wfile.write(body[:len(body) // 2])
        elif rule == "huge":
            self.send_response(200)
            self.send_header("Content-Length", str(HUGE))
            self.end_headers()
            with contextlib.suppress(OSError):
                for _ in range(HUGE // 65536):
                    self.wfile.write(b" " * 65536)
        elif rule == "slow":
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            with contextlib.suppress(OSError):
                for i in range(len(body)):
                    self.wfile.write(body[i:i + 1])
                    self.wfile.flush()
                    if self.server.double.ended.wait(0.2):
                        return
        else:
            raise ValueError(f"not a rule: {rule!r}")


class FeedDouble:
    def __init__(self, folder, port=0):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.requests = []
        self.rules = []
        self.watcher = None     # called with "before" or "after" and the path of each request
        self.lock = threading.Lock()
        self.ended = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        self.server.double = self
        self.port = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    # what is served

    def publish(self, feed, name, telegram, updated=None):
        """Puts a telegram into a feed, at one stroke; `updated` in seconds since 1970."""
        path = self.folder / feed / name
        path.parent.mkdir(exist_ok=True)
        fresh = path.with_name(f".{name}")
        fresh.write_bytes(telegram)
        if updated is not None:
            os.utime(fresh, (updated, updated))
        fresh.rename(path)

    def withdraw(self, feed, name):
        (self.folder / feed / name).unlink()

    def listed(self, feed):
        files = [p for p in (self.folder / feed).glob("*.xml") if not p.name.startswith(".")]
        if feed.endswith("_l"):
            files += self.listed(feed.removesuffix("_l"))
        return sorted(files, key=lambda p: (p.stat().st_mtime, p.name), reverse=True)

    def atom(self, feed):
        entries = []
        for path in self.listed(feed):
            updated = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.timezone.utc)
            url = escape(self.url(f"/data/{path.name}"))
            entries.append(f"""  <entry>
    <title>{escape(path.stem)}</title>
    <id>{url}</id>
    <updated>{updated.strftime('%Y-%m-%dT%H:%M:%SZ')}</updated>
    <author><name>気象庁</name></author>
    <link type="application/xml" href="{url}"/>
  </entry>
""")
        return f"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" lang="ja">
  <title>高頻度（地震火山）</title>
  <updated>{datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT00:00:00Z')}</updated>
  <id>{escape(self.url(f'/feed/{feed}.xml'))}</id>
{''.join(entries)}</feed>
""".encode()

    def content(self, path):
        """The body and its time, or None."""
        kind, _, name = path.strip("/").partition("/")
        if kind == "feed" and (self.folder / name.removesuffix(".xml")).is_dir():
            files = self.listed(name.removesuffix(".xml"))
            return (self.atom(name.removesuffix(".xml")),
                    max((p.stat().st_mtime for p in files), default=0))
        if kind == "data":
            for found in self.folder.glob(f"*/{name}"):
                return found.read_bytes(), found.stat().st_mtime
        for found in ([self.folder / "p2pquake.json"] if kind == "p2pquake" else
                      [self.folder / f"{name}.cap"] if kind == "cap" else []):
            if found.exists():
                return found.read_bytes(), found.stat().st_mtime
        return None, 0

    # misbehaving

    def answer(self, pattern, rule, times=1):
        """The next requests for a path of this pattern are answered by this rule; times=None: all."""
        with self.lock:
            self.rules.append([pattern, rule, times])

    def behave(self):
        with self.lock:
            self.rules.clear()

    def rule_for(self, path):
        with self.lock:
            for rule in self.rules:
                if fnmatch.fnmatchcase(path, rule[0]) and rule[2] != 0:
                    if rule[2]:
                        rule[2] -= 1
                    return rule[1]
        return None

    def watch(self, when, path):
        if self.watcher:
            self.watcher(when, path)

    def note(self, path, headers, status):
        with self.lock:
            self.requests.append((path, headers, status))

    def count(self, pattern, status=None):
        with self.lock:
            return sum(fnmatch.fnmatchcase(path, pattern) and status in (None, answered)
                       for path, _, answered in self.requests)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--dir", required=True)
    parser.add_argument("--port", type=int, default=0)
    given = parser.parse_args()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    with FeedDouble(given.dir, given.port) as double:
        (Path(given.dir) / "port").write_text(str(double.port))
        print(f"port {double.port}", flush=True)
        while not ending.wait(1):
            pass
    return 0


if __name__ == "__main__":
    sys.exit(main())
