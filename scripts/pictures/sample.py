"""An organisation after an earthquake: a roster, a broadcast that runs, and people who answer.

Everything is done by the real programs. As nobody wants to wait, the record is then set back by some
minutes, with the answers spread over them, so that there is a course to see.
"""

import contextlib
import math
import os
import random
import signal
import sqlite3

from cli_roster import Terminal
from crowd import CONTACT_HEADER, GROUP_HEADER, USER_HEADER, answer, token
from feed_double import FeedDouble
from harness import wait_for
from voice_system import VoiceSystem

ANSWERED = 0.7        # of those who get a mail first
AGO = 14 * 60 * 1000  # since the broadcast was asked for
SLOT = 10000          # milliseconds, of the table progress
CHOICES = ["safe"] * 90 + ["slight"] * 6 + ["severe"] * 1 + ["other"] * 3
GROUPS = ("本社 総務部", "本社 経理部", "営業第一課", "営業第二課", "東北支店", "仙台工場 製造課", "仙台工場 物流課",
          "情報システム部", "開発センター", "品質保証部", "大阪支店", "福岡支店")
PATTERN = (1, 3, 5, 6, 7, 4, 9, 6, 11, 12, 2, 3, 6, 8, 9, 10, 5, 4, 7, 9, 11, 1, 12)  # people by group
FAMILY = ("佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤", "吉田", "山田", "佐々木",
          "山口", "松本", "井上", "木村", "林", "斎藤", "清水")
GIVEN = ("大輔", "陽子", "健太", "美咲", "直樹", "由美", "拓也", "恵子", "翔", "さくら", "浩", "真由美", "誠", "愛")
CALLEES = ("callee *[13]=no-answer", "callee *5=busy", "callee *=answer 1")
SILENT = {"ja": 23, "en": 3}  # who does not pick up either
TITLE = "【安否確認】宮城県沖で震度6強の地震が発生しました"
BODY = "ご自身の状況を回答してください。余震に注意し、身の安全を第一に行動してください。\n"
TITLE_EN = "[Safety confirmation] Strong earthquake off Miyagi"
BODY_EN = "Please tell us how you are. Mind aftershocks, and keep yourself safe first.\n"


class Sample:
    """With the doubles of a relay, an exchange and a publisher: with Sample(...) as sample."""

    def __init__(self, tenko, people):
        self.tenko, self.people = tenko, people
        self.random = random.Random(311)
        mailed = [n for n in range(1, people + 1) if not self.by_telephone(n) and not self.unreachable(n)
                  and n not in SILENT.values()]
        self.answering = sorted(self.random.sample(mailed, int(len(mailed) * ANSWERED)))
        self.feeds = FeedDouble(tenko.root / "feeds")
        self.around = VoiceSystem(tenko)
        self.base = self.around.url

    def __enter__(self):
        self.feeds.__enter__()
        self.tenko.init()
        self.around.__enter__()
        (self.tenko.root / "exchange" / "rules").write_text("\n".join(CALLEES) + "\n", encoding="utf-8")
        (self.tenko.root / "feeds" / "eqvol").mkdir(parents=True)
        self.tenko.configure(tenko={"organisation": "株式会社サンプル"},
                             mail={"timeout": "30s"}, pacing={"voice_rate": 8},
                             escalation={"retry_interval": "5m", "final_wait": "20m"},
                             feed={"enabled": True, "allow_private": True, "atom_long_urls": "",
                                   "atom_urls": self.feeds.url("/feed/eqvol.xml")})
        return self

    def __exit__(self, *fault):
        self.around.__exit__(*fault)
        self.feeds.__exit__(*fault)

    def by_telephone(self, n):
        return n % 4 == 1 and not self.unreachable(n)

    def unreachable(self, n):
        return n % 97 == 5

    def person(self, n):
        return f"1,u{n:04},{n:07},{FAMILY[n * 7 % len(FAMILY)]} {GIVEN[n * 5 % len(GIVEN)]},,g{self.group(n)},0,0,0," \
               f"u{n:04}@example.com,0,0,0,0,0,0,0,0,0,,"

    def group(self, n):
        return PATTERN[n % len(PATTERN)]

    def contact(self, n):
        """Telephone first for one of four, nothing at all for a few."""
        language = "en" if n % 16 == 3 else "ja"
        mail, phone = f"u{n:04}@example.com", f"090{10000000 + n}"
        orders = "2,1,," if self.by_telephone(n) else "1,2,,"
        if self.unreachable(n):
            mail = phone = ""
            orders = ",,,"
        return f"1,u{n:04},{language},{mail},,,{phone},,,{orders},220,,,,"

    def write(self, name, header, rows):
        path = self.tenko.root / name
        path.write_text("\r\n".join([header, *rows]) + "\r\n", encoding="cp932", newline="")
        return path

    def take_in(self):
        everybody = range(1, self.people + 1)
        self.tenko.cli("import",
                       "--groups", self.write("group.csv", GROUP_HEADER,
                                              [f"1,g{g},{name},u0001,,," for g, name in enumerate(GROUPS, 1)]),
                       "--users", self.write("user.csv", USER_HEADER, map(self.person, everybody)),
                       "--contacts", self.write("contact.csv", CONTACT_HEADER, map(self.contact, everybody)))

    def run(self):
        self.take_in()
        self.tenko.start("tenkod")
        for name, text in (("body", BODY), ("body-en", BODY_EN)):
            (self.tenko.root / name).write_text(text, encoding="utf-8")
        self.tenko.cli("broadcast", "--title", TITLE, "--title-en", TITLE_EN, "--body", self.tenko.root / "body",
                       "--body-en", self.tenko.root / "body-en", "--yes")
        wait_for(lambda: self.status()["fanned_out"], 60, "everybody to be asked")
        for n in self.answering:
            answer(self.tenko, 1, n, self.random.choice(CHOICES), self.around.port)
        to_call = sum(map(self.by_telephone, range(1, self.people + 1)))
        wait_for(lambda: self.called() == to_call, 120, "everybody to be called who wants that first")
        wait_for(lambda: self.status()["answered"] >= len(self.answering), 60, "all answers to be taken in")
        self.set_back()

    def called(self):
        return self.tenko.sql("SELECT count(DISTINCT delivery_id) FROM attempt WHERE channel = 2"
                              " AND outcome IS NOT NULL AND dial_order = 1")[0][0]

    def status(self):
        return self.tenko.cli_json("status")

    def when(self):
        """When somebody answers: most within the first minutes, some much later."""
        while True:
            after = 20000 + int(210000 * math.exp(self.random.gauss(0, .8)))
            if after < AGO:
                return after

    def set_back(self):
        """Moves the broadcast into the past and its answers to when people would have given them; those
        who are silent are tried again within the next minutes."""
        with contextlib.closing(sqlite3.connect(self.tenko.data_dir / "tenko.db", timeout=30)) as db, db:
            began, = db.execute("SELECT started_at - ? FROM broadcast WHERE id = 1", (AGO,)).fetchone()
            db.execute("UPDATE broadcast SET requested_at = requested_at - ?, started_at = started_at - ?", (AGO, AGO))
            db.execute("UPDATE attempt SET created_at = created_at - ?, finished_at = finished_at - ?", (AGO, AGO))
            db.execute("UPDATE progress SET slot = slot - ?, answers = 0", (AGO // SLOT,))
            replies = db.execute("SELECT id FROM reply ORDER BY id").fetchall()
            for (reply,), after in zip(replies, sorted(self.when() for _ in replies)):
                db.execute("UPDATE reply SET at = ? WHERE id = ?", (began + after, reply))
                db.execute("INSERT INTO progress VALUES (1, ?, 0, 1)"
                           " ON CONFLICT DO UPDATE SET answers = answers + 1", ((began + after) // SLOT,))
            for (delivery,) in db.execute("SELECT id FROM delivery WHERE state = 1").fetchall():
                db.execute("UPDATE delivery SET due_at = ? WHERE id = ?",
                           (began + AGO + self.random.randrange(240000), delivery))

    # what is looked at

    def link(self, n):
        return f"{self.base}/r/{token(self.tenko, 1, n)}"

    def terminal(self, words, shown):
        """The screen of a command in 80 by 24, once that is on it."""
        one = Terminal(self.tenko, *words)
        try:
            one.wait_lines(shown)
            return one.screen
        finally:
            os.kill(one.pid, signal.SIGTERM)
            one.close()
