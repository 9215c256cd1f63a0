"""The tour itself: a roster, a broadcast, people who answer, and the sums."""

import contextlib
import json
import re
import sqlite3

from ground import ROOT, Failed, wait_for
from people import (ANSWERS, DAY, LATE_ANSWER, PROXY, SAMPLE, SILENT, address_of, give_answer,
                    read_sample, text_of)

TITLE = "【安否確認】地震が発生しました"
TITLE_EN = "Safety check: earthquake"
BODY = "21日午前、強い揺れがありました。\n下のリンクから状況をお知らせください。"
BODY_EN = "A strong earthquake was felt this morning.\nPlease tell us how you are."


class Tour:
    def __init__(self, system, output):
        self.system = system
        self.output = output
        self.sample = read_sample()
        self.person_of = {address: person for person, addresses in self.sample.items()
                          for address in addresses}
        self.broadcast = 0
        self.made = []    # replies, as (person, choice)
        self.faults = []

    def status(self):
        return self.system.tenko_json("status", self.broadcast)

    def show(self):
        """Draws how far it is; the status."""
        s = self.status()
        done = s["answered"] + s["exhausted"] + s["cancelled"]
        width = 24 * done // max(s["targeted"], 1)
        self.output.progress(
            f"[{'#' * width}{'.' * (24 - width)}] {done} of {s['targeted']} accounted for: "
            f"{s['answered']} answered, {s['exhausted']} exhausted, "
            f"{s['waiting'] + s['in_flight']} to come")
        return s

    def wait_status(self, what, condition):
        wait_for(what, lambda: condition(self.show()))
        self.output.settle()

    def messages_of(self, person):
        return [m for m in self.system.messages()
                if self.person_of.get(address_of(m)) == person]

    def wait_messages(self, times):
        """Until everyone has the messages of so many rounds; `times` by person."""
        expected = sum(len(self.sample[p]) * n for p, n in times.items())
        wait_for(f"{expected} messages in the sandbox",
                 lambda: self.show() and len(self.system.messages()) >= expected)
        self.output.settle()

    def link_of(self, message):
        found = re.search(re.escape(self.system.base_url) + r"/r/[\w-]+", text_of(message))
        if not found:
            raise Failed(f"no personal link in the message to {address_of(message)}")
        return found[0]

    # steps

    def import_roster(self):
        words = []
        for option, name in (("groups", "group"), ("users", "user"),
                             ("patterns", "work_pattern"), ("contacts", "contact")):
            words += [f"--{option}", SAMPLE / f"{name}_{DAY}.csv"]
        for line in self.system.tenko("import", *words).splitlines():
            self.output.say(re.sub(r", 0 [^,]*", "", line))

    def send(self):
        body, body_en = self.system.folder / "body.txt", self.system.folder / "body.en.txt"
        body.write_text(BODY + "\n", encoding="utf-8")
        body_en.write_text(BODY_EN + "\n", encoding="utf-8")
        words = ("--title", TITLE, "--title-en", TITLE_EN, "--body", body, "--body-en", body_en,
                 "--to", "all", "--yes")
        ahead = self.system.tenko_json("broadcast", *words, "--dry-run")
        lost = ", ".join(f"{p['user']} {p['name']}" for p in ahead["unreachable_people"])
        self.output.say(f"ahead of it: {ahead['attempts']['mail']} mails at most; "
                        f"no mail address: {lost}")
        told = self.system.tenko_json("broadcast", *words)
        self.broadcast = told["broadcast"]
        self.output.say(f"broadcast {self.broadcast}, {told['targeted']} people: {TITLE}")
        self.wait_messages({person: 1 for person in self.sample})

    def answer(self, answer):
        own = self.messages_of(answer.person)
        give_answer(self.link_of(own[answer.message]), answer)
        self.made.append((answer.person, answer.choice))
        note = f"  ({answer.note})" if answer.note else ""
        self.output.say(f"{answer.person}  {answer.choice:7} {answer.comment}{note}")

    def people_answer(self):
        for answer in ANSWERS:
            self.answer(answer)
        answered = len({answer.person for answer in ANSWERS})
        # those who say nothing are exhausted once the final wait is over; U04 has no mail at all
        self.wait_status("everyone to be accounted for", lambda s: s["answered"] == answered
                         and s["answered"] + s["exhausted"] == s["targeted"])

    def remind(self):
        self.output.say(f"tenko remind {self.broadcast}: the unanswered are asked again")
        self.system.tenko("remind", self.broadcast)
        self.wait_messages({**{person: 1 for person in self.sample},
                            LATE_ANSWER.person: 2, SILENT: 2})
        self.answer(LATE_ANSWER)
        person, choice, comment, by = PROXY
        self.system.tenko("reply", self.broadcast, person, "--choice", choice,
                          "--comment", comment, "--by", by)
        self.made.append((person, choice))
        self.output.say(f"{person}  {choice:7} {comment}  (no mail: entered by {by})")
        answered = len({p for p, _ in self.made})
        self.wait_status("the last to be accounted for", lambda s: s["answered"] == answered
                         and s["answered"] + s["exhausted"] == s["targeted"])

    # the sums

    def check(self, right, english, japanese, details=""):
        self.output.say(f"{'ok  ' if right else 'NOT '}  {english} · {japanese}")
        if not right:
            self.faults.append(english)
            self.output.say(f"      {details}")

    def check_messages(self):
        """Exactly those of the dial order: once each, twice who was reminded."""
        wrong = []
        for person, addresses in self.sample.items():
            times = 2 if person in (LATE_ANSWER.person, SILENT) else 1
            got = [address_of(m) for m in self.messages_of(person)]
            if got != addresses * times:
                wrong.append(f"{person}: {got}")
        total = len(self.system.messages())
        known = sum(len(self.messages_of(person)) for person in self.sample)
        self.check(not wrong and total == known,
                   f"{total} messages, to each person's addresses in dial order",
                   "発信順どおりに届きました", "; ".join(wrong))

    def check_texts(self):
        wrong = []
        for message in self.system.messages():
            person = self.person_of.get(address_of(message))
            title, body = (TITLE_EN, BODY_EN) if person == "U03" else (TITLE, BODY)
            if message["Subject"] != title or body.split("\n")[0] not in text_of(message):
                wrong.append(f"{person}: {message['Subject']}")
        self.check(not wrong, "each in the person's language", "本人の言語で届きました",
                   "; ".join(wrong))

    def check_replies(self):
        path = f"file:{self.system.data / 'tenko.db'}?mode=ro"
        with contextlib.closing(sqlite3.connect(path, uri=True)) as store:
            kept = store.execute("SELECT p.code, r.choice FROM reply r JOIN person p "
                                 "ON p.id = r.person_id ORDER BY r.id").fetchall()
        self.check(kept == self.made, f"{len(self.made)} answers made, all recorded",
                   "回答はすべて記録されました", f"made {self.made}, recorded {kept}")
        newest = dict(self.made)
        shown = {p["user"]: p["choice"] for p in
                 self.system.tenko_json("list", self.broadcast, "--state", "answered")["people"]}
        self.check(shown == newest, "the newest answer of each person counts",
                   "最新の回答が有効です", f"{shown}")

    def check_status(self):
        s = self.status()
        parts = ("waiting", "in_flight", "answered", "exhausted", "cancelled")
        self.check(s["balanced"] and s["targeted"] == len(self.sample)
                   and s["targeted"] == sum(s[p] for p in parts),
                   f"{s['targeted']} targeted = {s['answered']} answered + {s['exhausted']} exhausted",
                   "人数が一致します", json.dumps(s))
        served = json.loads(self.system.get("/stats.json"))
        same = any(b["broadcast"] == self.broadcast and b["answered"] == s["answered"]
                   for b in served["broadcasts"])
        self.check(same, "monitoring sees the same (/stats.json)", "監視画面の値も一致します",
                   json.dumps(served))

    def check_verify(self):
        try:
            self.system.tenko("verify")
            self.check(True, "tenko verify: recounted from the rows, no difference",
                       "検算も一致しました")
        except Failed as fault:
            self.check(False, "tenko verify", "検算", str(fault))

    def check_all(self):
        self.check_messages()
        self.check_texts()
        self.check_replies()
        self.check_status()
        self.check_verify()
        if self.faults:
            raise Failed("not everything is as it should be: " + "; ".join(self.faults))

    # the end

    def look(self):
        system = self.system
        self.output.step("It is running: have a look", "起動中です")
        link = self.link_of(self.messages_of(SILENT)[0])
        for line in (
                f"answer yourself      {link}",
                f"the messages         {system.mails}/new",
                f"figures              {system.base_url}/stats.json",
                f"the log              {system.data}/tenko.log",
                "",
                f"export TENKO_CONFIG={system.config} PATH={system.programs}:$PATH",
                "tenko status         how far it is",
                f"tenko list {self.broadcast} --state unanswered",
                "tenko help",
                "",
                f"to stop it           {ROOT}/scripts/quickstart --stop"
                + ("" if system.folder == ROOT / "build" / "quickstart"
                   else f" --dir {system.folder}")):
            self.output.say(line)
        print()
