"""For the tests of hazard feeds: a roster along the coast of Miyagi, a publisher, and what the store
holds afterwards."""

import contextlib
import json
import time
from pathlib import Path

import pytest
from crowd import CONTACT_HEADER, GROUP_HEADER, USER_HEADER
from feed_double import FeedDouble, restamped, sent_at
from harness import REPOSITORY, wait_for

JMA = REPOSITORY / "test" / "data" / "jma" / "official"
SEQUENCE = "32-39_11_"
# user: (work, home, second address), by region (three digits) or prefecture (two)
PEOPLE = {"m1": ("220", "", ""),     # 宮城県北部: 6+, then 7
          "m2": ("", "221", ""),     # 宮城県南部: 6-
          "m3": ("", "04", ""),      # somewhere in 宮城県
          "k1": ("130", "", ""),     # far away
          "t1": ("350", "", ""),     # 東京都２３区: 5+, told of by the second report alone
          "s1": ("", "", "220")}     # by the second address alone


def official(name):
    """The bytes of an official sample by the beginning of its name."""
    found, = sorted(JMA.glob(f"{name}*"))
    return found.read_bytes()


def now_as(name, seconds_ago=5):
    """An official sample as if it had been sent just now."""
    telegram = official(name)
    return restamped(telegram, int(time.time() - seconds_ago - sent_at(telegram)))


def sequence_as_of_now(*names):
    """Samples of one event, moved together so that the last was sent just now."""
    telegrams = [official(name) for name in names]
    by = int(time.time() - 2 - max(sent_at(t) for t in telegrams))
    return [restamped(t, by) for t in telegrams]


def write_roster(folder, people=None):
    people = people or PEOPLE

    def write(name, header, rows):
        (folder / name).write_bytes(("\r\n".join([header, *rows]) + "\r\n").encode("cp932"))
        return folder / name

    first = next(iter(people))
    return ("--groups", write("group.csv", GROUP_HEADER, [f"1,G1,本社,{first},,,",
                                                          f"1,G2,工場,{first},,G1,"]),
            "--users", write("user.csv", USER_HEADER,
                             [f"1,{u},1,山田 {u},,G{2 if u.startswith('t') else 1},0,0,0,{u}@example.com,"
                              "0,0,0,0,0,0,0,0,0,," for u in people]),
            "--contacts", write("contact.csv", CONTACT_HEADER,
                                [f"1,{u},ja,{u}@example.com,,,,,,1,,,,{','.join(places)},,"
                                 for u, places in people.items()]))


class Feeds:
    """tenko-feed with a publisher of its own. The scheduler need not run."""

    def __init__(self, tenko, double):
        self.tenko = tenko
        self.double = double
        self.process = None
        self.rules = tenko.root / "rules.d"
        self.configure(enabled=True, allow_private=True, interval="200ms", timeout="3s",
                       atom_urls=double.url("/feed/eqvol.xml"), atom_long_urls="")

    def configure(self, **keys):
        self.tenko.configure(feed=keys)

    def write_rules(self, text):
        self.rules.mkdir(exist_ok=True)
        (self.rules / "test.conf").write_text(text, encoding="utf-8")
        self.configure(rules_dir=str(self.rules))

    def start(self, **more):
        self.process = self.tenko.start("tenko-feed", **more)
        return self.process

    # what is in the store

    def telegrams(self, state=None):
        rows = self.tenko.sql("SELECT id, source, key, state, reason FROM telegram ORDER BY id")
        names = {1: "received", 2: "read", 3: "passed", 4: "refused", 5: "skipped"}
        rows = [{"id": r[0], "source": r[1], "key": r[2], "state": names[r[3]], "reason": r[4]}
                for r in rows]
        return [r for r in rows if state in (None, r["state"])]

    def wait_telegrams(self, count, state=None, deadline=20):
        wait_for(lambda: len(self.telegrams(state)) >= count, deadline,
                 f"{count} telegrams {state or ''}: {self.telegrams()}", self.process)
        return self.telegrams(state)

    def decisions(self):
        rows = self.tenko.sql("SELECT e.telegram_id, d.rule, d.verdict, d.reason, d.broadcast_id, d.acted,"
                              " d.due_at FROM decision d JOIN event e ON e.id = d.event_id ORDER BY d.id")
        verdicts = {1: "send", 2: "drill", 3: "correct", 4: "hold", 5: "nothing"}
        return [{"telegram": r[0], "rule": r[1], "verdict": verdicts[r[2]], "reason": r[3],
                 "broadcast": r[4], "acted": json.loads(r[5]), "due_at": r[6]} for r in rows]

    def broadcasts(self):
        return [{"id": r[0], "title": r[1], "kind": r[2], "targets": r[3], "targeted": r[4], "by": r[5],
                 "body": r[6]}
                for r in self.tenko.sql("SELECT id, title, kind, targets, targeted, requested_by, body"
                                        " FROM broadcast ORDER BY id")]

    def reached(self, broadcast):
        """The users with a delivery."""
        return {code for code, in self.tenko.sql(
            "SELECT p.code FROM delivery d JOIN person p ON p.id = d.person_id WHERE d.broadcast_id = ?",
            broadcast)}

    def fanned_out(self, broadcast):
        return bool(self.tenko.sql("SELECT 1 FROM broadcast WHERE id = ? AND fanout_person IS NULL",
                                   broadcast))


@contextlib.contextmanager
def open_feeds(tenko):
    with FeedDouble(tenko.root / "feeds") as double:
        (tenko.root / "feeds" / "eqvol").mkdir()
        tenko.cli("import", *write_roster(tenko.root))
        yield Feeds(tenko, double)


@pytest.fixture
def feeds(tenko):
    with open_feeds(tenko) as feeds:
        yield feeds
