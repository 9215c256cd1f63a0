"""The tour itself, stage by stage: a roster, phones, a broadcast, people who answer, and the sums."""

import json
import re
import time
from collections import Counter

import report
import roster
import trigger
from cast import PROXY, PROXY_BY, TELEPHONES, WAYS
from ground import ROOT, Failed, wait_for
from judge import Course, judge
from pages import add_phone
from people import People, link_in
from system import POLICY
from watch import Mailbag, Store, address_of, json_lines, seen_of

SILENT = "U09"
AGAIN = ("U08", SILENT)     # the others have answered by the time of the reminder
INVITATION = "この電話でもお知らせを受け取れます"


class Tour:
    def __init__(self, system, output):
        self.system = system
        self.output = output
        self.people = roster.read()
        self.mailbag = Mailbag(system.mails)
        self.store = Store(system.data / "tenko.db")
        self.answering = None
        self.broadcast = 0
        self.started = self.reminded = 0.0
        self.told = 0           # how many of the replies were shown
        self.faults = []

    # what is shown while it runs

    def status(self):
        return self.system.tenko_json("status", self.broadcast)

    def show_replies(self):
        """Says who answered since the last time."""
        found = list(report.parts_of(self.store.replies(self.broadcast)))
        for reply, answer in found[self.told:]:
            self.output.event(f"{reply[0]}  {report.words_of(reply, answer, self.started)}")
        self.told = len(found)

    def show(self):
        """Draws how far it is; the status."""
        s = self.status()
        self.show_replies()
        done = s["answered"] + s["exhausted"] + s["cancelled"]
        width = 24 * done // max(s["targeted"], 1)
        tried = ", ".join(f"{sum(ends.values())} {channel}"
                          for channel, ends in s["attempts"].items() if ends)
        self.output.progress(
            f"[{'#' * width}{'.' * (24 - width)}] {done} of {s['targeted']} accounted for: "
            f"{s['answered']} answered, {s['waiting'] + s['in_flight']} to come",
            f"; tried: {tried}")
        return s

    def wait_state(self, state):
        def reached():
            if self.answering.faults:
                raise Failed("; ".join(self.answering.faults))
            return self.show()["state"] == state

        wait_for(f"the broadcast to be {state}", reached)

    def wait_end(self):
        """Until everybody has answered or was tried to the end, and nothing is under way."""
        self.wait_state("finished")
        wait_for("the end of the last attempt", lambda: self.store.open_attempts() == 0)
        self.show_replies()
        self.output.settle()

    # stages

    def import_roster(self):
        words = [word for what in roster.FILES for word in (f"--{what}", roster.path_of(what))]
        for line in self.system.tenko("import", *words).splitlines():
            self.output.say(re.sub(r", 0 [^,]*", "", line))

    def phone_owners(self):
        return [p for p in self.people.values() if p.uses("push")]

    def add_phones(self):
        """Everybody who wants notifications gets a mail, opens the page and turns them on."""
        owners = self.phone_owners()
        to = [word for person in owners for word in ("--to", f"user:{person.code}")]
        self.system.tenko("broadcast", "--title", INVITATION, "--kind", "notice", "--channels",
                          "mail", *to, "--yes")

        def invited():
            return {address_of(message): message for _, message in self.mailbag.messages()}

        wait_for("the invitations", lambda: len(invited()) >= len(owners))
        links = {person: link_in(self.system, message) for address, message in invited().items()
                 for person in owners if address in person.addresses}
        for person in owners:
            add_phone(links[person], self.system.subscription(person.code))
            self.output.say(f"{person.code}  {person.name}: opened the page of a notice, "
                            "and has this phone notified")

    def begin(self, ask=trigger.by_command):
        """Sets the broadcast going; from now on people answer."""
        self.started = time.time()
        self.answering = People(self.system, self.people, self.started)
        self.answering.start()
        self.broadcast = ask(self.system, self.output)

    def follow(self):
        self.wait_end()

    def remind(self):
        self.system.tenko("reply", self.broadcast, PROXY.person, "--choice", PROXY.choice,
                          "--comment", PROXY.comment, "--by", PROXY_BY)
        self.show_replies()
        self.output.say(f"tenko remind {self.broadcast}: those who have not answered are asked again")
        self.reminded = time.time()
        self.system.tenko("remind", self.broadcast)
        self.wait_state("running")
        self.wait_end()
        self.answering.stop()

    # the sums

    def courses(self):
        kept, replies = self.store.attempts(self.broadcast), self.store.replies(self.broadcast)
        for code, person in self.people.items():
            yield Course(person=person, kept=kept.get(code, []), rounds=2 if code in AGAIN else 1,
                         reminded_at=self.reminded,
                         seen=seen_of(self.system, self.mailbag, self.people, person, self.started),
                         answers=[tuple(rest) for p, *rest in replies if p == code])

    def check(self, right, english, japanese, details=""):
        self.output.say(f"{'ok  ' if right else 'NOT '}  {english} · {japanese}")
        if not right:
            self.faults.append(english)
            self.output.say(f"      {details}")

    def check_courses(self):
        courses = list(self.courses())
        for course in courses:
            judge(course, POLICY, self.started)
        report.print_table(courses, self.started, self.output)
        self.output.say()
        for course in courses:
            self.faults += [f"{course.person.code} {course.person.name}: {f}" for f in course.faults]
        tried = sum(len(course.seen) for course in courses)
        self.check(not self.faults, f"{tried} attempts: every order, retry and pause as set",
                   "発信順、リトライ、間隔は設定どおりです", "see above: " + "; ".join(self.faults))

    def check_ways(self):
        taken = Counter(answer.by for _, answer in
                        report.parts_of(self.store.replies(self.broadcast)) if answer)
        told = ", ".join(f"{taken[by]} {name}" for by, (_, name) in WAYS.items())
        self.check(all(taken[by] for by in WAYS), f"answers {told}", "どの方法でも回答できました")

    def check_households(self):
        """A telephone that several people share rings once for all of them."""
        owners = Counter(a for p in self.people.values() for a in p.addresses)
        calls = Counter(call["to"] for call in json_lines(self.system.calls / "calls.jsonl"))
        wrong = [number for number, n in owners.items()
                 if n > 1 and calls[number] != len(TELEPHONES[number])]
        self.check(not wrong, "people who share a telephone are asked in one call",
                   "同じ電話の人には、一度の電話で全員に尋ねました", f"{wrong}: {calls}")

    def check_world(self):
        """What the exchange and the push service had to object to."""
        faults = [f for call in json_lines(self.system.calls / "calls.jsonl") for f in call["faults"]]
        faults += (self.system.phones / "faults").read_text(encoding="utf-8").splitlines()
        self.check(not faults, "telephone exchange and push service had no complaint",
                   "交換機とプッシュサービスからの苦情はありません", "; ".join(faults))

    def check_texts(self):
        wrong = []
        for arrived, message in self.mailbag.messages(self.started):
            own = [p for p in self.people.values() if address_of(message) in p.addresses]
            title = trigger.TITLE_EN if own and own[0].language == "en" else trigger.TITLE
            if not own or message["Subject"] != title:
                wrong.append(f"{address_of(message)}: {message['Subject']}")
        self.check(not wrong, "each in the person's language", "本人の言語で届きました",
                   "; ".join(wrong))

    def check_newest(self):
        newest = {person: choice for person, choice, *_ in self.store.replies(self.broadcast)}
        shown = {p["user"]: p["choice"] for p in
                 self.system.tenko_json("list", self.broadcast, "--state", "answered")["people"]}
        self.check(shown == newest, "the newest answer of each person counts",
                   "最新の回答が有効です", f"{shown} instead of {newest}")

    def check_status(self):
        s = self.status()
        parts = ("waiting", "in_flight", "answered", "exhausted", "cancelled")
        self.check(s["balanced"] and s["targeted"] == len(self.people)
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
        self.check_courses()
        self.check_ways()
        self.check_households()
        self.check_world()
        self.check_texts()
        self.check_newest()
        self.check_status()
        self.check_verify()
        if self.faults:
            raise Failed("not everything is as it should be: " + "; ".join(self.faults))

    # the end

    def look(self):
        system = self.system
        self.output.step("It is running: have a look", "起動中です")
        silent = self.people[SILENT].addresses
        link = next(link_in(system, message) for _, message in self.mailbag.messages(self.started)
                    if address_of(message) in silent)
        for line in (
                f"answer yourself      {link}",
                f"the messages         {system.mails}/new",
                f"the calls            {system.calls}/calls.jsonl",
                f"the notifications    {system.phones}/notifications.jsonl",
                f"figures              {system.base_url}/stats.json",
                f"the log              {system.log}",
                "",
                f"export TENKO_CONFIG={system.config} PATH={system.programs}:$PATH",
                "tenko status         how far it is",
                f"tenko list {self.broadcast} --state unanswered",
                "tenko person U10     a dial order, and a phone that gets notifications",
                "tenko help",
                "",
                f"to stop it           {ROOT}/scripts/quickstart --stop"
                + ("" if system.folder == ROOT / "build" / "quickstart"
                   else f" --dir {system.folder}")):
            self.output.say(line)
        print()
