"""The raw rates that the measures are held against, taken in the same run."""

import contextlib
import json
import os
import re
import socket
import sqlite3
import subprocess
import time
from pathlib import Path

from crowd import free_port
from ground import HERE, until

XADD_CLIENTS, XADD_PIPELINE, XADD_BYTES = 4, 64, 200
TRANSACTION = 5000
MESSAGE_BYTES = 3400  # what a message of ours has here, text and HTML in base64
SESSIONS = (2, 8, 20)  # of smtp-source; the fastest counts


def xadd(folder, count):
    """redis-benchmark's pipelined XADD, entries a second; a server of its own without a log."""
    path = folder / "raw.sock"
    server = subprocess.Popen(["redis-server", "--port", "0", "--unixsocket", str(path), "--save", "",
                               "--appendonly", "no", "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        until(path.exists, "redis-server", 15)
        done = subprocess.run(["redis-benchmark", "-s", str(path), "-c", str(XADD_CLIENTS), "-P",
                               str(XADD_PIPELINE), "-n", str(max(count, 10000)), "--csv", "XADD", "jobs", "*", "job",
                               "x" * XADD_BYTES], capture_output=True, text=True, check=True)
        return float(done.stdout.splitlines()[-1].split('","')[1])
    finally:
        server.terminate()
        server.wait()


def sqlite(folder, rows):
    """Seconds for rows inserted by one statement, and updated in transactions of 5,000; full sync."""
    with contextlib.closing(sqlite3.connect(folder / "raw.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE delivery(id INTEGER PRIMARY KEY, broadcast_id INTEGER, person_id INTEGER,"
                   " state INTEGER, plan INTEGER, queue INTEGER, due_at INTEGER, attempt_id INTEGER)")
        began = time.monotonic()
        db.execute("INSERT INTO delivery WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
                   " WHERE i < ?) SELECT i, 1, i, 1, 1, 8, 0, NULL FROM n", (rows,))
        inserted = time.monotonic()
        for start in range(1, rows + 1, TRANSACTION):
            db.execute("BEGIN")
            db.execute("UPDATE delivery SET state = 2, attempt_id = id WHERE id BETWEEN ? AND ?",
                       (start, start + TRANSACTION - 1))
            db.execute("COMMIT")
        return inserted - began, time.monotonic() - inserted


@contextlib.contextmanager
def smtp_sink():
    """Postfix's smtp-sink, which throws all away; its port."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen(["/usr/sbin/smtp-sink", *user, f"inet:127.0.0.1:{port}", "200"],
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as s:
                return s.recv(3) == b"220"
        except OSError:
            return False

    try:
        until(answers, "smtp-sink", 15)
        yield port
    finally:
        sink.terminate()
        sink.wait()


def smtp_source(port, messages):
    """Messages a second over connections that are kept, as many of them as serve it best."""
    return max(smtp_source_over(sessions, port, messages) for sessions in SESSIONS)


def smtp_source_over(sessions, port, messages):
    began = time.monotonic()
    subprocess.run(["/usr/sbin/smtp-source", "-d", "-s", str(sessions), "-m", str(messages), "-l",
                    str(MESSAGE_BYTES), "-f", "tenko@example.com", "-t", "p1@example.com",
                    f"inet:127.0.0.1:{port}"], check=True)
    return messages / (time.monotonic() - began)


@contextlib.contextmanager
def bare_http():
    """The bare evhttp server; its port."""
    program = Path(os.environ["TENKO_BIN"]).parent / "bench" / "bare_http"
    server = subprocess.Popen([program], stdout=subprocess.PIPE, text=True)
    try:
        yield int(server.stdout.readline())
    finally:
        server.terminate()
        server.wait()
        server.stdout.close()


def post(port, paths, seconds, connections=64):
    """Form POSTs over so many connections; wrk's figures. Fails where an answer was no 2xx."""
    done = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(HERE / "replies.lua"),
                           f"http://127.0.0.1:{port}", "--", str(paths)], capture_output=True, text=True,
                          check=True)
    figures = json.loads(re.search(r"^\{.*\}$", done.stdout, re.M)[0])
    if figures["status"] or figures["requests"] == 0:
        raise RuntimeError(f"wrk: {figures}")
    figures["rate"] = figures["requests"] / figures["seconds"]
    return figures
