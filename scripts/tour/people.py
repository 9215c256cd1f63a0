"""The people who answer by their own doing, while the broadcast runs: they open the link of a message or
of a notification, or they call in. Keys that are pressed in a call are the exchange's business.
"""

import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass

from cast import ANSWERS, KEYS, Answer
from ground import DOUBLES, PATIENCE, Failed
from pages import give_answer
from system import ACCOUNT
from watch import Mailbag, address_of, calls_seen, pushes


@dataclass(frozen=True)
class Made:
    """An answer that was given."""
    answer: Answer
    at: float           # when they began


def link_in(system, message):
    found = re.search(re.escape(system.base_url) + r"/r/[\w-]+",
                      message.get_body(("plain",)).get_content())
    if not found:
        raise Failed(f"no personal link in the message to {address_of(message)}")
    return found[0]


class People(threading.Thread):
    """Watches for what reaches them, and answers at once."""

    def __init__(self, system, people, since):
        super().__init__(daemon=True)
        self.system, self.people, self.since = system, people, since
        self.mailbag = Mailbag(system.mails)    # of this thread alone
        self.to_come = [answer for answer in ANSWERS if answer.by in ("mail", "push", "call-in")]
        self.made = []
        self.faults = []
        self.ended = threading.Event()

    def run(self):
        while not self.ended.wait(0.03):
            for answer in list(self.to_come):
                try:
                    self.consider(answer)
                except (Failed, OSError, ValueError, subprocess.SubprocessError) as fault:
                    self.faults.append(f"{answer.person} cannot answer: {fault}")
                    self.to_come.remove(answer)

    def stop(self):
        self.ended.set()
        self.join()

    def consider(self, answer):
        person = self.people[answer.person]
        find = {"mail": self.mail_link, "push": self.push_link, "call-in": self.missed_calls}
        found = find[answer.by](person, answer)
        if not found:
            return
        began = time.time()
        if answer.by == "call-in":
            self.call_in(person, answer)
        else:
            give_answer(found, answer)
        self.made.append(Made(answer, began))
        self.to_come.remove(answer)

    def mail_link(self, person, answer):
        own = [message for _, message in self.mailbag.messages(self.since)
               if address_of(message) in person.addresses]
        return link_in(self.system, own[answer.after - 1]) if len(own) >= answer.after else None

    def push_link(self, person, answer):
        own = pushes(self.system.phones, person.code, self.since)
        return own[answer.after - 1]["url"] if len(own) >= answer.after else None

    def missed_calls(self, person, answer):
        taken = [seen for seen in calls_seen(self.system.calls, self.people, person, self.since)
                 if seen.words != "no such number"]
        return len(taken) >= answer.after

    def call_in(self, person, answer):
        command = [sys.executable, "-B", DOUBLES / "exchange_double.py", "--dir", self.system.calls,
                   "--account", ACCOUNT, "--call-in", f"{self.system.base_url}/voice/inbound",
                   person.voice_id, person.voice_pin, KEYS[answer.choice]]
        done = subprocess.run(command, text=True, capture_output=True, timeout=PATIENCE, check=False)
        if done.returncode:
            raise Failed(f"calling in: {done.stdout}{done.stderr}")
