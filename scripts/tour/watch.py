"""What can be seen of the attempts: by those who were reached (the doubles' own records), and in
the system's database.
"""

import contextlib
import email
import email.policy
import json
import sqlite3
from dataclasses import dataclass

CHANNELS = {1: "mail", 2: "voice", 3: "push"}
OUTCOMES = {1: "delivered", 2: "answered_without_input", 3: "machine", 4: "busy", 5: "no_answer",
            6: "refused", 7: "temporary", 8: "unknown", 9: "outage", 10: "not_tried", 11: "replied",
            12: "placed"}
REPLY_WAYS = {1: "web", 2: "voice", 3: "call_in", 4: "push", 5: "mail", 6: "proxy"}


@dataclass(frozen=True)
class Seen:
    """An attempt as the other side saw it; seconds since 1970."""
    at: float
    end: float
    channel: str
    address: str
    words: str          # for people: how it went


@dataclass(frozen=True)
class Kept:
    """An attempt as the system recorded it."""
    order: int
    channel: str
    position: int
    attempt: int
    outcome: str


def json_lines(path):
    """The lines that are complete."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines(True)
            if line.endswith("\n")]


def address_of(message):
    """The plain address; a local part that had to be quoted comes without its quotes."""
    words = str(message["X-Sandbox-Recipient"]).partition(">")[0].lstrip("<")
    local, _, domain = words.rpartition("@")
    return f"{local.strip(chr(34))}@{domain}"


class Mailbag:
    """The messages that the mail sandbox took, in the order in which they came."""

    def __init__(self, folder):
        self.folder = folder
        self.opened = {}    # name: (arrived, message)

    def messages(self, since=0.0):
        """(arrived, message) of those that came since then."""
        for path in sorted((self.folder / "new").glob("*.eml")):
            if path.name not in self.opened:
                with open(path, "rb") as file:
                    message = email.message_from_binary_file(file, policy=email.policy.default)
                self.opened[path.name] = (path.stat().st_mtime, message)
        return [entry for entry in self.opened.values() if entry[0] >= since]


def refusals(folder):
    return json_lines(folder / "refused.jsonl")


def mails_seen(mailbag, since):
    found = [Seen(at, at, "mail", address_of(message), "sent")
             for at, message in mailbag.messages(since)]
    return found + [Seen(r["at"], r["at"], "mail", r["recipient"],
                         "full" if r["reply"].startswith("4") else "bounced")
                    for r in refusals(mailbag.folder) if r["at"] >= since]


def how_it_went(call):
    if call["answered_by"] and call["answered_by"].startswith("machine"):
        return "machine"
    if call["status"] == "completed":
        return "picked up"
    return call["status"].replace("-", " ")


def is_asked(call, person, owners):
    """Whether a call is one to this person: alone at the telephone, or asked for by name."""
    return owners == 1 or not call["heard"] or person.name in " ".join(call["heard"])


def calls_seen(folder, people, person, since):
    """The calls to one person. A household's go to each of those who were asked for."""
    own = {a for step in person.steps if step.channel == "voice" for a in step.addresses}
    found = []
    for call in json_lines(folder / "calls.jsonl"):
        owners = sum(call["to"] in p.addresses for p in people.values())
        if call["to"] in own and call["placed"] >= since and is_asked(call, person, owners):
            found.append(Seen(call["placed"], call["ended"], "voice", call["to"], how_it_went(call)))
    return found + [Seen(r["at"], r["at"], "voice", r["to"], "no such number")
                    for r in refusals(folder) if r["to"] in own and r["at"] >= since]


def pushes(folder, phone, since):
    """The notifications that a phone got."""
    return [n for n in json_lines(folder / "notifications.jsonl")
            if n["phone"] == phone and n["at"] >= since]


def seen_of(system, mailbag, people, person, since):
    """All attempts to reach one person, in order of time."""
    found = [seen for seen in mails_seen(mailbag, since) if seen.address in person.addresses]
    found += calls_seen(system.calls, people, person, since)
    found += [Seen(n["at"], n["at"], "push", person.code, "sent")
              for n in pushes(system.phones, person.code, since)]
    return sorted(found, key=lambda seen: seen.at)


class Store:
    """The system's database, for reading."""

    def __init__(self, path):
        self.path = path

    def rows(self, query, *values):
        with contextlib.closing(sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)) as store:
            return store.execute(query, values).fetchall()

    def attempts(self, broadcast):
        """What was recorded, by person."""
        found = {}
        for code, order, channel, position, attempt, outcome in self.rows(
                "SELECT p.code, a.dial_order, a.channel, a.address_position, a.try, a.outcome"
                " FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
                " JOIN person p ON p.id = d.person_id WHERE d.broadcast_id = ? ORDER BY a.id",
                broadcast):
            found.setdefault(code, []).append(
                Kept(order, CHANNELS[channel], position, attempt, OUTCOMES.get(outcome, "open")))
        return found

    def open_attempts(self):
        return self.rows("SELECT count(*) FROM attempt WHERE outcome IS NULL")[0][0]

    def replies(self, broadcast):
        """(person, choice, comment, way, seconds since 1970), in the order in which they came."""
        return [(code, choice, comment, REPLY_WAYS[way], at / 1000)
                for code, choice, comment, way, at in self.rows(
                    "SELECT p.code, r.choice, r.comment, r.way, r.at FROM reply r JOIN person p"
                    " ON p.id = r.person_id WHERE r.broadcast_id = ? ORDER BY r.id", broadcast)]
