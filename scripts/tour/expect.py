"""What the dial orders and the policy ask for, worked out from the roster's files and the parts that
people play, without a look at the system: the attempts of a person up to the last, if nothing stops
them. See the manual of Biz 安否確認/一斉通報, section 5.2.
"""

from collections import Counter
from dataclasses import dataclass

from cast import KEYS, MAILBOXES, TAKEN, TELEPHONES, answers_of, is_placed, scripted


@dataclass(frozen=True)
class Policy:
    retry_interval: float       # seconds between attempts, not between the mails of one group
    final_wait: float           # seconds for the answer, after the last
    voice_retries: int
    mail_retries: int
    push_retries: int
    temporary_retries: int      # of what was refused for now, once the order is through

    def tries(self, channel):
        return getattr(self, f"{channel}_retries") + 1


@dataclass(frozen=True)
class Expected:
    order: int
    channel: str
    address: str
    position: int       # which address of the step, from 1
    attempt: int        # which try, from 1
    outcome: str
    pause: float        # seconds from the end of the one before it


class Fortunes:
    """How each attempt of one person ends, as their part has it."""

    def __init__(self, person):
        self.keys = {answer.after: answer for answer in answers_of(person.code) if answer.by == "key"}
        self.times = Counter()
        self.calls = 0

    def call(self, number):
        words = scripted(TELEPHONES[number], self.times[number])
        if not is_placed(words):
            return "refused"
        self.calls += 1
        answer = self.keys.get(self.calls)
        if answer:
            assert KEYS[answer.choice] in words.split(), f"{answer.person} does not press that"
            return "replied"
        return {"answer": "answered_without_input",
                "no-answer": "no_answer"}.get(words.split()[0], words)

    def next(self, channel, address):
        self.times[address] += 1
        if channel == "voice":
            return self.call(address)
        reply = scripted(MAILBOXES.get(address, [TAKEN]), self.times[address])
        return {"2": "delivered", "4": "temporary", "5": "refused"}[reply[0]]


class Chain:
    """One way through a person's dial order."""

    def __init__(self, person, policy, fortunes):
        self.person, self.policy, self.fortunes = person, policy, fortunes
        self.refused, self.put_off = set(), set()
        self.pause = 0.0

    def walk(self):
        for step in self.person.steps:
            for attempt in range(1, self.policy.tries(step.channel) + 1):
                wanted = set(step.addresses) - self.refused
                if attempt > 1 and wanted:
                    self.pause = self.policy.retry_interval  # no address twice without it
                yield from self.go_through(step, attempt, wanted)
        for extra in range(1, self.policy.temporary_retries + 1):
            if self.put_off:
                self.pause = self.policy.retry_interval
            for step in self.person.steps:
                attempt = self.policy.tries(step.channel) + extra
                yield from self.go_through(step, attempt, set(step.addresses) & self.put_off)

    def go_through(self, step, attempt, wanted):
        """Those of a step's addresses, one after the other, with no pause between them."""
        went_out = False
        for position, address in enumerate(step.addresses, 1):
            if address not in wanted:
                continue
            outcome = self.fortunes.next(step.channel, address)
            yield Expected(step.order, step.channel, address, position, attempt, outcome, self.pause)
            self.pause = 0.0
            self.keep(address, outcome)
            went_out = went_out or outcome not in ("refused", "temporary")
        if went_out:
            self.pause = self.policy.retry_interval

    def keep(self, address, outcome):
        self.put_off.discard(address)
        if outcome == "temporary":
            self.put_off.add(address)
        elif outcome == "refused":
            self.refused.add(address)


def chain(person, policy, fortunes):
    """Until the order is through, or a key was pressed."""
    made = []
    for expected in Chain(person, policy, fortunes).walk():
        made.append(expected)
        if expected.outcome == "replied":
            break
    return made


def chains(person, policy, rounds):
    """What is expected in so many times through the order: a list of lists."""
    fortunes = Fortunes(person)
    return [chain(person, policy, fortunes) for _ in range(rounds)]
