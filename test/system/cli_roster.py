"""For the tests of the operator's command: a small roster, broadcasts as the scheduler leaves them,
and a terminal to run a command on. The fixtures are imported by the tests that use them."""

import codecs
import contextlib
import fcntl
import os
import pty
import select
import signal
import sqlite3
import struct
import termios
import time

import pyte
import pytest

from crowd import Sink
from harness import REPOSITORY, program, wait_for

SHIPPED = {"TENKO_DATADIR": REPOSITORY / "config"}
MAIL, VOICE = 1, 2


def plan(*steps):
    """Steps of (channel, addresses) packed as in common/base/plan.h; each a first contact of its
    channel."""
    return sum((channel | order + 1 << 3 | 1 << 6 | addresses << 8) << 10 * order
               for order, (channel, addresses) in enumerate(steps))


@contextlib.contextmanager
def database(tenko):
    """The store, for many changes in one transaction."""
    with contextlib.closing(sqlite3.connect(tenko.data_dir / "tenko.db")) as db:
        db.execute("PRAGMA synchronous=OFF")
        with db:
            yield db


def add_person(db, number, group=1, region="", home="", steps=((MAIL, 1),), state=0, name=None):
    db.execute("INSERT INTO person(id, code, employee_number, name, department_id, email, state,"
               " work_region, home_region, plan) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               (number, f"U{number:02}", f"E{number}", name or f"山﨑 {number}郎", group,
                f"u{number}@example.com", state, region, home, plan(*steps)))
    for order, (channel, addresses) in enumerate(steps, 1):
        for position in range(1, addresses + 1):
            address = f"u{number}.{position}@example.com" if channel == MAIL else "09000000000"
            db.execute("INSERT INTO contact(person_id, spare, channel, position, dial_order,"
                       " address) VALUES (?, 0, ?, ?, ?, ?)",
                       (number, channel, position, order, address))


@pytest.fixture
def roster(tenko):
    """Groups G01 > G02 > G03 and G10, nine people, U08 without a contact, U09 suspended."""
    with database(tenko) as db:
        db.executemany("INSERT INTO department(id, code, name, approvers, parent_id)"
                       " VALUES (?, ?, ?, 'U01', ?)",
                       ((1, "G01", "第1課", None), (2, "G02", "第2課", 1), (3, "G03", "第3課", 2),
                        (4, "G10", "第4課", None)))
        add_person(db, 1, group=1, region="350")
        add_person(db, 2, group=1, region="13")
        add_person(db, 3, group=2, region="351", home="400")
        add_person(db, 4, group=2, steps=((VOICE, 1), (MAIL, 3)))
        add_person(db, 5, group=3, region="400")
        add_person(db, 6, group=3, home="350")
        add_person(db, 7, group=4)
        add_person(db, 8, group=4, steps=())
        add_person(db, 9, group=4, state=1)
    return tenko


def ask(tenko, *words, **more):
    return tenko.cli_json("broadcast", "--title", "地震", *words, **more)


STATES = {"waiting": 1, "in_flight": 2, "answered": 3, "exhausted": 4, "cancelled": 5}


def add_attempt(db, delivery, outcome, at):
    return db.execute("INSERT INTO attempt(delivery_id, channel, lane, dial_order, position,"
                      " address_position, round, try, address, outcome, created_at, finished_at)"
                      " VALUES (?, 1, 0, 1, 1, 1, 1, 1, 'a@example.com', ?, ?, ?)",
                      (delivery, outcome, at, outcome and at)).lastrowid


def add_delivery(db, broadcast, person, state, at):
    """One person's, as the scheduler would leave it."""
    delivery = broadcast << 32 | person - 1
    attempt = reply = None
    if state == "in_flight":
        attempt = add_attempt(db, delivery, None, at)
    if state == "exhausted":
        add_attempt(db, delivery, 1, at)
    if state == "answered":
        reply = db.execute("INSERT INTO reply(broadcast_id, person_id, choice, comment, way, at)"
                           " VALUES (?, ?, 'safe', '', 1, ?)", (broadcast, person, at)).lastrowid
    db.execute("INSERT INTO delivery VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ?, ?, ?)",
               (delivery, broadcast, person, STATES[state], plan((MAIL, 1)), attempt, reply,
                "safe" if reply else None))


def counted(tenko, broadcast=1, **states):
    """Makes the rows and counters of a broadcast whose fan-out is through, as the scheduler would:
    counted(tenko, waiting=2, answered=1)."""
    now = int(time.time() * 1000)
    everyone = [state for state, count in states.items() for _ in range(count)]
    with database(tenko) as db:
        for person, state in enumerate(everyone, 1):
            add_delivery(db, broadcast, person, state, now)
        for state, count in states.items():
            db.execute("INSERT INTO tally VALUES (?, 'state', ?, ?)", (broadcast, STATES[state], count))
        for what, key, state in (("answer", "safe", "answered"), ("attempt", 257, "exhausted")):
            if states.get(state):
                db.execute("INSERT INTO tally VALUES (?, ?, ?, ?)", (broadcast, what, key, states[state]))
        over = not states.get("waiting") and not states.get("in_flight")
        db.execute("UPDATE broadcast SET state=?, fanout_person=NULL, targeted=?, next_ordinal=?,"
                   " started_at=?, finished_at=? WHERE id=?",
                   (5 if over else 2, len(everyone), len(everyone), now, now if over else None, broadcast))
        db.execute("REPLACE INTO cursor SELECT 'reply', ifnull(max(id), 0) FROM reply")


@pytest.fixture
def running(roster):
    """Scheduler, mail worker and a relay; chains end at once."""
    roster.sink = Sink(roster.root / "sink").start()
    roster.configure(mail={"relay_port": roster.sink.port, "session_messages": 5},
                     escalation={"retry_interval": "0s", "final_wait": "1s"})
    roster.start_redis()
    roster.start("tenko-scheduler")
    yield roster
    roster.sink.stop()


class Terminal:
    """A command on a terminal of 80 by 24."""

    def __init__(self, tenko, *words, rows=24, columns=80, **environment):
        self.text = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.screen = pyte.Screen(columns, rows)
        self.stream = pyte.Stream(self.screen)
        path, arguments, more = self.command(tenko, *words)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execve(path, arguments, tenko.environment(**{"TERM": "xterm", **more, **environment}))
        self.resize(rows, columns)

    def command(self, tenko, *words):
        """Program, its arguments, and what its environment has more."""
        return program("tenko"), ["tenko", "--config", str(tenko.conf), *map(str, words)], {}

    def resize(self, rows, columns):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.screen.resize(rows, columns)

    def read(self):
        """What is there by now; False at the end."""
        while select.select([self.fd], [], [], 0)[0]:
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                return False
            if not data:
                return False
            text = self.decoder.decode(data)
            self.text += text
            self.stream.feed(text)
        return True

    def lines(self):
        """The screen, as somebody sees it: wide characters take two columns."""
        self.read()
        return ["".join(self.screen.buffer[y][x].data for x in range(self.screen.columns)).rstrip()
                for y in range(self.screen.lines)]

    def colours(self):
        """The colours on the screen, and whether anything is bold."""
        self.read()
        return {cell.fg if cell.fg != "default" else "bold" for row in self.screen.buffer.values()
                for cell in row.values() if cell.fg != "default" or cell.bold}

    def wait_lines(self, words, deadline=15):
        wait_for(lambda: any(words in line for line in self.lines()), deadline, f"{words!r} in {self.lines()}")
        return self.lines()

    def expect(self, words, deadline=15):
        wait_for(lambda: self.read() and False or words in self.text, deadline, f"{words!r} in {self.text!r}")

    def send(self, keys):
        os.write(self.fd, keys.encode())

    def end(self, deadline=15):
        wait_for(lambda: not self.read(), deadline, f"the end of {self.text!r}")
        code = self.close()
        assert "Sanitizer" not in self.text
        return code

    def close(self):
        """The exit code; ends it if it has not ended."""
        if self.pid:
            os.close(self.fd)
            _, status = os.waitpid(self.pid, 0)
            self.pid = 0
            return os.waitstatus_to_exitcode(status)


@pytest.fixture
def terminal(roster):
    opened = []

    def open_one(*words, **size):
        opened.append(Terminal(roster, *words, **size))
        return opened[-1]

    yield open_one
    for one in opened:
        if one.pid:
            os.kill(one.pid, signal.SIGKILL)
        one.close()
