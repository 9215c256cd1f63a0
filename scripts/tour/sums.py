"""Whether it all adds up in the end."""

import json
from collections import Counter

import report
from cast import TELEPHONES, WAYS
from ground import Failed
from judge import Course, judge
from system import POLICY
from watch import address_of, json_lines, seen_of

AGAIN = ("U08", "U09")      # the others have answered by the time of the reminder


class Sums:
    def __init__(self, tour):
        self.tour = tour
        self.system, self.output = tour.system, tour.output
        self.broadcast, self.title = tour.asked.broadcast, tour.asked.title
        self.kept = tour.store.attempts(self.broadcast)
        self.replies = tour.store.replies(self.broadcast)
        self.calls = json_lines(tour.system.calls / "calls.jsonl")
        self.faults = []

    def courses(self):
        tour = self.tour
        for code, person in tour.people.items():
            seen = seen_of(tour.system, tour.mailbag, tour.people, person, tour.started)
            yield Course(person=person, seen=seen, kept=self.kept.get(code, []),
                         answers=[tuple(rest) for p, *rest in self.replies if p == code],
                         rounds=2 if code in AGAIN else 1, reminded_at=tour.reminded)

    def check(self, right, english, japanese, details=""):
        self.output.say(f"{'ok  ' if right else 'NOT '}  {english} · {japanese}")
        if not right:
            self.faults.append(english)
            self.output.say(f"      {details}")

    def check_courses(self):
        courses = list(self.courses())
        for course in courses:
            judge(course, POLICY, self.tour.started)
        report.print_table(courses, self.tour.started, self.output)
        self.output.say()
        for course in courses:
            self.faults += [f"{course.person.code} {course.person.name}: {f}" for f in course.faults]
        tried = sum(len(course.seen) for course in courses)
        self.check(not self.faults, f"{tried} attempts: every order, retry and pause as set",
                   "発信順、リトライ、間隔は設定どおりです", "see above: " + "; ".join(self.faults))

    def check_ways(self):
        taken = Counter(answer.by for _, answer in report.parts_of(self.replies) if answer)
        told = ", ".join(f"{taken[by]} {name}" for by, (_, name) in WAYS.items())
        self.check(all(taken[by] for by in WAYS), f"answers {told}", "どの方法でも回答できました")

    def check_households(self):
        """A telephone that several people share rings once for all of them."""
        owners = Counter(a for p in self.tour.people.values() for a in p.addresses)
        calls = Counter(call["to"] for call in self.calls)
        wrong = [number for number, n in owners.items()
                 if n > 1 and calls[number] != len(TELEPHONES[number])]
        self.check(not wrong, "people who share a telephone are asked in one call",
                   "同じ電話の人には、一度の電話で全員に尋ねました", f"{wrong}: {calls}")

    def check_world(self):
        """What the exchange and the push service had to object to."""
        faults = [fault for call in self.calls for fault in call["faults"]]
        faults += (self.system.phones / "faults").read_text(encoding="utf-8").splitlines()
        self.check(not faults, "telephone exchange and push service had no complaint",
                   "交換機とプッシュサービスからの苦情はありません", "; ".join(faults))

    def check_texts(self):
        wrong = []
        for _, message in self.tour.mailbag.messages(self.tour.started):
            own = [p for p in self.tour.people.values() if address_of(message) in p.addresses]
            if not own or message["Subject"] != self.title[own[0].language]:
                wrong.append(f"{address_of(message)}: {message['Subject']}")
        self.check(not wrong, "each in the person's language", "本人の言語で届きました",
                   "; ".join(wrong))

    def check_newest(self):
        newest = {person: choice for person, choice, *_ in self.replies}
        listed = self.system.tenko_json("list", self.broadcast, "--state", "answered")["people"]
        shown = {person["user"]: person["choice"] for person in listed}
        self.check(shown == newest, "the newest answer of each person counts",
                   "最新の回答が有効です", f"{shown} instead of {newest}")

    def check_status(self):
        s = self.tour.status()
        parts = ("waiting", "in_flight", "answered", "exhausted", "cancelled")
        self.check(s["balanced"] and s["targeted"] == len(self.tour.people)
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
