"""For the tests of the reply endpoint: a broadcast with people in the store, links to it, and HTTP
by hand, down to the bytes."""

import base64
import contextlib
import hashlib
import hmac
import http.client
import json
import socket
import sqlite3
import struct
import time
import urllib.parse

import pytest

SAFETY = [{"key": "safe", "ja": "無事です", "en": "I am safe"},
          {"key": "slight", "ja": "軽傷です", "en": "Slightly injured"},
          {"key": "severe", "ja": "重傷です", "en": "Badly injured"},
          {"key": "other", "ja": "その他", "en": "Other"}]
WEEK_MS = 7 * 86400 * 1000


def now_ms():
    return int(time.time() * 1000)


class Answer:
    """A response, read whole."""

    def __init__(self, status, headers, body, raw_size=0):
        self.status = status
        self.headers = headers
        self.body = body
        self.raw_size = raw_size

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        return json.loads(self.body)


def parse_answer(raw):
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    return Answer(int(lines[0].split(" ")[1]), headers, body, len(raw))


class Endpoint:
    """tenko-reply of a sandbox, with its store filled."""

    def __init__(self, tenko):
        self.tenko = tenko
        self.process = None
        self.port = None

    def db(self):
        return contextlib.closing(sqlite3.connect(self.tenko.data_dir / "tenko.db", timeout=10))

    def start(self, **more):
        self.process = self.tenko.start("tenko-reply", **more)
        self.port = self.tenko.reply_port()
        return self.process

    # the store

    def add_people(self, count=1, name="山田 太郎", language=0, first=1):
        with self.db() as db, db:
            db.execute("INSERT OR IGNORE INTO department(id, code, name, approvers)"
                       " VALUES (1, 'G1', '総務', 'U1')")
            db.executemany(
                "INSERT INTO person(id, code, employee_number, name, department_id, email, language)"
                " VALUES (?, ?, '', ?, 1, 'someone@example.com', ?)",
                [(i, f"U{i}", name, language) for i in range(first, first + count)])

    def add_broadcast(self, people=(1,), title="地震がありました", body="", choices=SAFETY,
                      items=(), expires_in=WEEK_MS, **more):
        values = dict(title=title, body=body, kind=1, state=2, lane=0, targets="all", channels=2,
                      mail_retries=0, voice_retries=1, push_retries=0, temporary_retries=3,
                      retry_interval=300000, final_wait=600000, rounds=1, round_interval=0,
                      targeted=len(people), requested_at=now_ms(), requested_by="test",
                      expires_at=now_ms() + expires_in, fanout_person=None)
        values.update(more)
        with self.db() as db, db:
            cursor = db.execute(
                f"INSERT INTO broadcast({', '.join(values)})"
                f" VALUES ({', '.join('?' * len(values))})", list(values.values()))
            broadcast = cursor.lastrowid
            db.execute("INSERT INTO question VALUES (?, ?, ?)",
                       (broadcast, json.dumps(choices), json.dumps(list(items))))
            db.executemany(
                "INSERT INTO delivery(id, broadcast_id, person_id, state, plan, phase, round, step,"
                " pass, address, marks, owed, soft_passes, queue, due_at)"
                " VALUES (?, ?, ?, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
                [(broadcast << 32 | i, broadcast, person) for i, person in enumerate(people)])
        return broadcast

    def replies(self, broadcast=None):
        with self.db() as db:
            db.row_factory = sqlite3.Row
            return [dict(row) for row in db.execute(
                "SELECT * FROM reply WHERE ? IS NULL OR broadcast_id = ? ORDER BY id",
                (broadcast, broadcast))]

    def keys(self):
        lines = (self.tenko.data_dir / "secret.key").read_text().split("\n")
        return [(int(line.split(" ")[0]), bytes.fromhex(line.split(" ")[1])) for line in lines if line]

    def token(self, broadcast=1, person=1):
        key_id, key = self.keys()[0]
        ids = struct.pack(">BII", key_id, broadcast, person)
        tag = hmac.new(key, b"tenko reply" + ids, hashlib.sha256).digest()[:12]
        return base64.urlsafe_b64encode(ids + tag).decode()

    def link(self, broadcast=1, person=1):
        return f"/r/{self.token(broadcast, person)}"

    # HTTP

    def connect(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def raw(self, request, timeout=20):
        """Sends the bytes and reads until the endpoint closes; None where it said nothing."""
        with self.connect(timeout) as s:
            s.sendall(request)
            data = read_all(s)
        return parse_answer(data) if data else None

    def request(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()},
                          response.read())
        finally:
            connection.close()

    def get(self, path, **headers):
        return self.request("GET", path, headers=headers)

    def post(self, path, **fields):
        return self.post_body(path, urllib.parse.urlencode(fields))

    def post_body(self, path, body, **headers):
        headers.setdefault("Content-Type", "application/x-www-form-urlencoded")
        return self.request("POST", path, body, headers)


def read_all(connection):
    data = b""
    while True:
        try:
            more = connection.recv(65536)
        except ConnectionResetError:
            return data
        if not more:
            return data
        data += more


def trickle(endpoint, start, piece):
    """Sends a piece each 50 ms until it is answered; the answer and how long it took."""
    began = time.monotonic()
    with endpoint.connect() as s:
        s.sendall(start)
        s.settimeout(0.05)
        while time.monotonic() - began < 20:
            try:
                data = s.recv(65536)
                return parse_answer(data) if data else None, time.monotonic() - began
            except TimeoutError:
                s.sendall(piece)
    return pytest.fail("was not answered")


def stopped_endpoint(tenko):
    """Not started yet; person 1 speaks Japanese, person 2 English."""
    tenko.configure(tenko={"organisation": "株式会社サンプル"})
    endpoint = Endpoint(tenko)
    endpoint.add_people(1)
    endpoint.add_people(1, name="John Smith", language=1, first=2)
    return endpoint


def start_endpoint(stopped, **broadcast):
    """Started, with one broadcast to both."""
    stopped.add_broadcast((1, 2), **broadcast)
    stopped.start()
    return stopped
