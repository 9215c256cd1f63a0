"""Two thousand people with random dial orders, whose mail servers, telephones and phones do as a
script says, through the real programs; held person by person against a model of the rule that is
written here, from the manual (Biz 安否確認/一斉通報, section 5.2) and ARCHITECTURE.md, not from the
engine's code.

    TENKO_SEED=N     the same people again
    TENKO_PEOPLE=N   how many
"""

import contextlib
import json
import os
import random
import re
import sqlite3
import threading
import time
import urllib.request

import pytest
from crowd import CONTACT_HEADER, GROUP_HEADER, USER_HEADER, free_port, token
from exchange_double import ACCOUNT, ExchangeDouble
from harness import wait_for
from push_double import PushDouble
from smtp_double import SmtpDouble

PEOPLE = int(os.environ.get("TENKO_PEOPLE", "2000"))
SEED = int(os.environ.get("TENKO_SEED", random.randrange(1 << 30)))
MAIL, VOICE, PUSH = 1, 2, 3
DELIVERED, NO_INPUT, MACHINE, BUSY, NO_ANSWER, REFUSED, TEMPORARY = 1, 2, 3, 4, 5, 6, 7
NOT_TRIED, REPLIED = 10, 11
ALWAYS = 40  # more often than anybody is tried
CALL_ENDS = {"busy": BUSY, "no-answer": NO_ANSWER, "machine": MACHINE, "answer": NO_INPUT,
             "answer hangup": NO_INPUT}

# the people


class Address:
    """One address: what comes of its first try, its second, ...; the last goes on for ever.

    `answers`: the person answers the one that arrives as the nth (from 1), by its link or by a key.
    """

    def __init__(self, name, outcomes, answers=0):
        self.name, self.outcomes, self.answers = name, outcomes, answers

    def outcome(self, nth):
        return self.outcomes[min(nth, len(self.outcomes) - 1)]

    def answered(self, nth):
        """Whether the try after `nth` others is the one that is answered."""
        arrived = [n for n in range(nth + 1) if self.outcome(n) not in (REFUSED, TEMPORARY)]
        return bool(arrived) and arrived[-1] == nth and len(arrived) == self.answers


class Person:
    def __init__(self, number):
        self.number = number
        self.steps = []  # (dial order, channel, position, [addresses])
        self.devices = 0

    def contact(self):
        mails, phones, orders, push = ["", "", ""], ["", "", ""], ["", "", "", ""], ""
        for order, channel, position, addresses in self.steps:
            if channel == MAIL:
                mails[:len(addresses)] = [a.name for a in addresses]
                orders[0] = order
            elif channel == VOICE:
                phones[position - 1] = addresses[0].name
                orders[position] = order
            else:
                push = order
        return ",".join(map(str, ["1", f"p{self.number}", "ja", *mails, *phones, *orders,
                                  "", "", "", "", "", push]))


class World:
    """The people, and the scripts that the doubles follow."""

    def __init__(self, dice):
        self.dice = dice
        self.rcpt, self.place, self.callee = {}, {}, {}  # scripts
        self.phones = {}  # name: statuses
        self.shared = []  # telephones that others have as well
        self.numbers = 0
        self.people = [self.person(n) for n in range(1, PEOPLE + 1)]

    def person(self, number):
        dice, person = self.dice, Person(number)
        kinds = dice.sample(["mail", "voice", "voice", "voice", "push"], dice.randint(1, 4))
        telephones = 0
        for order, kind in enumerate(kinds, 1):
            if kind == "mail":
                addresses = [self.mail(f"p{number}.{i}@example.com")
                             for i in range(1, dice.randint(1, 3) + 1)]
                person.steps.append((order, MAIL, 1, addresses))
            elif kind == "voice":
                telephones += 1
                person.steps.append((order, VOICE, telephones, [self.telephone()]))
            else:
                person.steps.append((order, PUSH, 1, [self.push(person)]))
        return person

    def fate(self, fates):
        names = list(fates)
        return self.dice.choices(names, [fates[name] for name in names])[0]

    def mail(self, name):
        fate = self.fate({"delivered": 5, "answers": 1, "refused": 2, "temporary": 2})
        if fate == "refused":
            self.rcpt[name] = ["550 5.1.1 nobody of that name"] * ALWAYS
            return Address(name, [REFUSED])
        times = self.dice.randint(1, 4) if fate == "temporary" else 0
        self.rcpt[name] = ["450 4.2.1 come again"] * times
        return Address(name, [TEMPORARY] * times + [DELIVERED],
                       self.dice.randint(1, 2) if fate == "answers" else 0)

    def telephone(self):
        if self.shared and self.dice.random() < 0.15:
            return self.dice.choice(self.shared)
        self.numbers += 1
        name = f"090{self.numbers:08}"
        if self.dice.random() < 0.1:
            self.shared.append(self.shared_telephone(name))
            return self.shared[-1]
        fate = self.fate({"busy": 4, "no-answer": 4, "machine": 2, "answer": 1, "answer hangup": 1,
                          "answers": 2, "refused": 2, "temporary": 2})
        to = f"+8190{self.numbers:08}"
        if fate == "refused":
            self.place[to] = ["400 21211"] * ALWAYS
            return Address(name, [REFUSED])
        if fate == "answers":
            before = self.dice.randint(0, 1)
            self.callee[to] = ["busy"] * before + ["answer 1"] * ALWAYS
            return Address(name, [BUSY] * before + [REPLIED], before + 1)
        times = self.dice.randint(1, 3) if fate == "temporary" else 0
        self.place[to] = ["400 13224"] * times
        then = fate if fate in CALL_ENDS else "busy"
        self.callee[to] = [then] * ALWAYS
        return Address(name, [TEMPORARY] * times + [CALL_ENDS[then]])

    def shared_telephone(self, name):
        """The same for everybody who has it and however many ride on a call."""
        fate = self.fate({"busy": 3, "machine": 2, "answer": 2, "answer 1 1 1 1 1 1 1 1": 2, "refused": 1})
        to = f"+81{name[1:]}"
        if fate == "refused":
            self.place[to] = ["400 21211"] * ALWAYS * 20
            return Address(name, [REFUSED])
        self.callee[to] = [fate] * ALWAYS * 20
        if fate.startswith("answer 1"):
            return Address(name, [REPLIED], 1)
        return Address(name, [CALL_ENDS[fate]])

    def push(self, person):
        """The outcome is that of the best device; a person without any is refused."""
        fate = self.fate({"delivered": 4, "answers": 2, "gone": 1, "too long": 1, "none": 1, "one of two": 1})
        name = f"d{person.number}"
        statuses = {"gone": [410], "too long": [413], "none": [], "one of two": [201, 410]}.get(fate, [201])
        for n, status in enumerate(statuses):
            self.phones[f"{name}.{n}"] = status
        person.devices = len(statuses)
        if 201 not in statuses:
            return Address(name, [REFUSED])
        return Address(name, [DELIVERED], self.dice.randint(1, 2) if fate == "answers" else 0)


class Policy:
    def __init__(self, dice):
        self.retries = {MAIL: dice.randint(0, 1), VOICE: dice.randint(0, 1), PUSH: dice.randint(0, 1)}
        self.temporary = dice.randint(1, 2)
        self.rounds = 1 if self.retries[VOICE] else dice.randint(1, 2)  # calls take the longest

    def settings(self):
        return {"mail_retries": self.retries[MAIL], "voice_retries": self.retries[VOICE],
                "push_retries": self.retries[PUSH], "temporary_retries": self.temporary,
                "rounds": self.rounds, "retry_interval": "1s", "round_interval": "1s", "final_wait": "1s"}


# the rule


class Chain:
    """What happens to one person who is tried by the rule: tries, in order."""

    def __init__(self, person, policy):
        self.person, self.policy = person, policy
        self.tries = []       # (round, dial order, channel, address position, try), outcome
        self.answered_at = 0  # how many tries there were with the one that was answered; 0: none
        self.count, self.newest, self.refused = {}, {}, set()
        for round_ in range(1, policy.rounds + 1):
            self.go_through_order(round_)
            self.once_more(round_)

    def attempt(self, round_, step, position, number):
        order, channel, _, addresses = step
        address = addresses[position - 1]
        place = (order, position)
        nth = self.count.get(place, 0)
        self.count[place] = nth + 1
        outcome = self.newest[place] = address.outcome(nth)
        if outcome == REFUSED:
            self.refused.add(place)
        self.tries.append(((round_, order, channel, position, number), outcome))
        if not self.answered_at and address.answered(nth):
            self.answered_at = len(self.tries)

    def go_through_order(self, round_):
        """The steps in dial order; each with its retries, and a retry of the mail group goes over
        all its addresses. One that was refused for good is left out from then on."""
        for step in self.person.steps:
            order, channel, _, addresses = step
            for number in range(1, self.policy.retries[channel] + 2):
                for position in range(1, len(addresses) + 1):
                    if (order, position) not in self.refused:
                        self.attempt(round_, step, position, number)

    def once_more(self, round_):
        """At the end those who were refused for now, the last time, so often."""
        for extra in range(1, self.policy.temporary + 1):
            for step in self.person.steps:
                order, channel, _, addresses = step
                for position in range(1, len(addresses) + 1):
                    if self.newest.get((order, position)) == TEMPORARY:
                        self.attempt(round_, step, position, self.policy.retries[channel] + 1 + extra)

    def answers_in_a_call(self):
        return self.answered_at and self.tries[self.answered_at - 1][0][2] == VOICE


# the run


class Readers(threading.Thread):
    """Who gets a mail or a notification that they answer opens its link at once."""

    def __init__(self, tenko, port, relay, service, people):
        super().__init__(daemon=True)
        self.tenko, self.port, self.relay, self.service = tenko, port, relay, service
        self.left = {}  # address or phone: how many more are to arrive, and whose it is
        for person in people:
            for _, channel, _, addresses in person.steps:
                for a in addresses:
                    if a.answers and channel != VOICE:
                        self.left[a.name if channel == MAIL else f"{a.name}.0"] = [a.answers, person.number]
        self.ended, self.fault = threading.Event(), None

    def run(self):
        mails = pushes = 0
        try:
            while not self.ended.is_set():
                path = self.relay.folder / "new" / f"{mails + 1:06}.eml"
                if path.exists():
                    mails += 1
                    head = path.read_bytes()[:1000].decode(errors="replace")
                    self.arrived(re.search(r"^X-Sandbox-Recipient: <([^>]*)>", head, re.M)[1])
                elif pushes < len(self.service.requests):
                    _, name, status = self.service.requests[pushes]
                    pushes += 1
                    if status == 201:
                        self.arrived(name)
                else:
                    time.sleep(0.01)
        except Exception as fault:  # shown by the test
            self.fault = fault

    def arrived(self, name):
        waiting = self.left.get(name)
        if not waiting:
            return
        waiting[0] -= 1
        if waiting[0] == 0:
            link = f"http://127.0.0.1:{self.port}/r/{token(self.tenko, 1, waiting[1])}"
            with urllib.request.urlopen(link, b"status=safe&comment=", timeout=60):
                pass


def load(tenko, world, service):
    folder = tenko.root / "roster"
    folder.mkdir()
    people = world.people
    files = {"groups": [GROUP_HEADER, *(f"1,g{g},第{g}課,p{g * 100 + 1},,,"
                                        for g in range((PEOPLE + 99) // 100))],
             "users": [USER_HEADER, *(f"1,p{p.number},{p.number:05},山田 {p.number}郎,,"
                                      f"g{(p.number - 1) // 100},0,0,0,p{p.number}@example.com,"
                                      "0,0,0,0,0,0,0,0,0,," for p in people)],
             "contacts": [f"{CONTACT_HEADER},発信順プッシュ", *(p.contact() for p in people)]}
    words = []
    for name, lines in files.items():
        path = folder / f"{name}.csv"
        path.write_text("\r\n".join(lines) + "\r\n", encoding="utf-8-sig")
        words += [f"--{name}", path]
    tenko.cli("import", *words, deadline=120)
    rows = []
    for name, status in world.phones.items():
        subscription = service.subscribe(name).subscription
        service.answer(service.phones[name], status)
        rows.append((int(name[1:].split(".")[0]), subscription["endpoint"],
                     subscription["keys"]["p256dh"], subscription["keys"]["auth"]))
    with contextlib.closing(sqlite3.connect(tenko.data_dir / "tenko.db")) as db, db:
        db.executemany("INSERT INTO device(person_id, kind, endpoint, p256dh, auth, created_at)"
                       " VALUES(?, 1, ?, ?, ?, 0)", rows)


@pytest.fixture
def run(tenko):
    """Everything up to the end of the broadcast: (world, policy, relay, exchange, service)."""
    print(f"TENKO_SEED={SEED}")
    dice = random.Random(SEED)
    policy, world = Policy(dice), World(dice)
    scripts = {"smtp": {"rcpt": world.rcpt},
               "exchange": {"place": world.place, "callee": world.callee}}
    for name, script in scripts.items():
        (tenko.root / f"{name}.json").write_text(json.dumps(script))
    with contextlib.ExitStack() as stack:
        relay = stack.enter_context(SmtpDouble(
            tenko.root / "relay", options=["--script", tenko.root / "smtp.json"]))
        exchange = stack.enter_context(ExchangeDouble(
            tenko.root / "exchange",
            options=["--account", ACCOUNT, "--ring", "0", "--script", tenko.root / "exchange.json"]))
        service = stack.enter_context(PushDouble())
        port = free_port()
        tenko.configure(
            log={"level": "info"},
            workers={"mail": 1, "voice": 1, "push": 1},
            broadcast={"channels": "mail,voice,push"},
            mail={"relay_port": relay.port, "timeout": "30s"},
            voice={"api_url": exchange.url, "accounts": f"{ACCOUNT}:+815000000000:1", "timeout": "30s",
                   "ring_timeout": "30s", "longest_talk": "60s"},
            push={"allow_private": True, "contact": "mailto:admin@example.jp", "timeout": "60s"},
            reply={"port": port, "base_url": f"http://127.0.0.1:{port}", "deadline": "60s"},
            pacing={"voice_rate": 0, "voice_window": 100},
            escalation=policy.settings())
        load(tenko, world, service)
        readers = Readers(tenko, port, relay, service, world.people)
        tenko.start("tenkod")
        readers.start()
        stack.callback(readers.ended.set)
        tenko.cli("broadcast", "--title", "地震です", "--yes")
        wait_for(lambda: tenko.cli_json("status")["state"] == "finished" or readers.fault, 220, "the end")
        wait_for(lambda: not tenko.sql("SELECT 1 FROM attempt WHERE outcome IS NULL"), 30, "the last call")
        assert readers.fault is None
        assert service.faults == []
        yield world, policy, relay, exchange, service


def attempts_of(tenko):
    """By person: (id, what was tried, outcome) in order, but for what was taken back untried."""
    found = {}
    for number, id_, *tried, outcome in tenko.sql(
            "SELECT d.person_id, a.id, a.round, a.dial_order, a.channel, a.address_position, a.try,"
            " a.outcome FROM attempt a JOIN delivery d ON d.id = a.delivery_id ORDER BY a.id"):
        if outcome != NOT_TRIED:
            found.setdefault(number, []).append((id_, tuple(tried), outcome))
    return found


def begun_after_the_reply(tenko):
    """Attempts that the scheduler made for somebody whose reply it had taken."""
    answered, wrong = set(), []
    for path in tenko.log_files():
        for line in path.read_text(errors="replace").splitlines():
            match = re.search(r" (reply\.taken|attempt\.queued) .*person=(\d+)", line)
            if match and match[1] == "reply.taken":
                answered.add(match[2])
            elif match and match[2] in answered:
                wrong.append(line)
    return wrong


def same(wanted, got, answered):
    """Whether tries and outcomes are the same. Who answers elsewhere while a call is under way is not
    asked in it any more."""
    tried, outcome = wanted
    return got[1] == tried and (got[2] == outcome or (answered and {outcome, got[2]} <= {NO_INPUT, REPLIED}))


def fault_of(chain, got, state, way):
    """What is wrong about one person, in a sentence; None: nothing."""
    wanted, at = chain.tries, chain.answered_at
    if state != ("answered" if at else "exhausted"):
        return f"is {state}"
    if len(got) < (at or len(wanted)):
        return f"{len(got)} attempts"
    if len(got) > len(wanted) or (chain.answers_in_a_call() and len(got) != at):
        return f"{len(got)} attempts"
    for n, (try_, attempt) in enumerate(zip(wanted, got)):
        if not same(try_, attempt, at and n >= at):
            return f"attempt {n + 1} is {attempt[1:]}, not {try_}"
    if at and (way == VOICE) != bool(chain.answers_in_a_call()):
        return f"answered by way {way}"
    return None


def test_everybody_is_tried_as_the_rule_says(tenko, run):
    world, policy, relay, exchange, service = run
    attempts = attempts_of(tenko)
    states = {number: {3: "answered", 4: "exhausted"}.get(state, state) for number, state in
              tenko.sql("SELECT person_id, state FROM delivery")}
    ways = dict(tenko.sql("SELECT person_id, min(way) FROM reply GROUP BY person_id"))
    faults, tried = [], 0
    for person in world.people:
        chain = Chain(person, policy)
        got = attempts.get(person.number, [])
        tried += len(got)
        fault = fault_of(chain, got, states[person.number], ways.get(person.number))
        if fault:
            wanted = " ".join(f"{t}={o}" for t, o in chain.tries[:chain.answered_at or None])
            seen = " ".join(f"{t}={o}" for _, t, o in got)
            faults.append(f"person {person.number} {fault}\n  wanted {wanted}\n  got    {seen}")
    assert not faults, f"TENKO_SEED={SEED}: {len(faults)} people\n" + "\n".join(faults[:10])
    assert begun_after_the_reply(tenko) == []
    assert tried > PEOPLE
    arrived_as_stored(tenko, attempts, relay, exchange, service)
    tenko.cli("verify")


def arrived_as_stored(tenko, attempts, relay, exchange, service):
    """What the others saw is what the store says."""
    outcomes = {id_: outcome for list_ in attempts.values() for id_, _, outcome in list_}
    mailed = []
    for path in relay.files():
        head = path.read_bytes()[:4000].decode(errors="replace")
        mailed.append(int(re.search(r"^X-Tenko-Attempt: (\d+)", head, re.M)[1]))
    delivered = tenko.sql("SELECT id FROM attempt WHERE channel = ? AND outcome = ?", MAIL, DELIVERED)
    assert sorted(mailed) == [id_ for id_, in delivered]
    calls = tenko.sql("SELECT id, reference FROM attempt WHERE channel = ? AND reference IS NOT NULL"
                      " AND call_attempt_id IS NULL", VOICE)
    assert sorted(call["sid"] for call in exchange.calls()) == sorted(sid for _, sid in calls)
    assert all(outcomes[id_] not in (REFUSED, TEMPORARY) for id_, _ in calls)
    assert not [fault for call in exchange.calls() for fault in call["faults"]]
    pushed = tenko.sql("SELECT count(*) FROM attempt WHERE channel = ? AND outcome = ?", PUSH, DELIVERED)
    assert sum(len(phone.received) for phone in service.phones.values()) == pushed[0][0]
