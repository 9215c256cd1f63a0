"""The tour itself, stage by stage: a roster, phones, a broadcast, people who answer."""

import re
import time

import report
import roster
import trigger
from cast import PROXY, PROXY_BY
from ground import ROOT, Failed, wait_for
from pages import add_phone
from people import People, link_in
from sums import Sums
from watch import Mailbag, Store, address_of

SILENT = "U09"
INVITATION = "この電話でもお知らせを受け取れます"


class Tour:
    def __init__(self, system, output):
        self.system = system
        self.output = output
        self.people = roster.read()
        self.mailbag = Mailbag(system.mails)
        self.store = Store(system.data / "tenko.db")
        self.answering = None
        self.asked = None
        self.started = self.reminded = 0.0
        self.told = 0           # how many of the replies were shown

    # what is shown while it runs

    def status(self):
        return self.system.tenko_json("status", self.asked.broadcast)

    def show_replies(self):
        """Says who answered since the last time."""
        found = list(report.parts_of(self.store.replies(self.asked.broadcast)))
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

    def begin(self, ask=trigger.by_telegram):
        """Sets the broadcast going; from now on people answer."""
        self.started = time.time()
        self.answering = People(self.system, self.people, self.started)
        self.answering.start()
        self.asked = ask(self.system, self.output)

    def follow(self):
        self.wait_end()

    def remind(self):
        self.system.tenko("reply", self.asked.broadcast, PROXY.person, "--choice", PROXY.choice,
                          "--comment", PROXY.comment, "--by", PROXY_BY)
        self.show_replies()
        self.output.say(f"tenko remind {self.asked.broadcast}: who has not answered is asked again")
        self.reminded = time.time()
        self.system.tenko("remind", self.asked.broadcast)
        self.wait_state("running")
        self.wait_end()
        self.answering.stop()

    def check(self):
        Sums(self).check_all()

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
                f"the feed             {system.feed}/eqvol",
                f"figures              {system.base_url}/stats.json",
                f"the log              {system.log}",
                "",
                f"export TENKO_CONFIG={system.config} PATH={system.programs}:$PATH",
                "tenko status         how far it is",
                "tenko feed list      the telegrams, and what came of each",
                f"tenko list {self.asked.broadcast} --state unanswered",
                "tenko person U10     a dial order, and a phone that gets notifications",
                "tenko help",
                "",
                f"to stop it           {ROOT}/scripts/quickstart --stop"
                + ("" if system.folder == ROOT / "build" / "quickstart"
                   else f" --dir {system.folder}")):
            self.output.say(line)
        print()
