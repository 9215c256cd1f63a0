"""The sample roster as its files say it: who has which contacts, in which order."""

import csv
from dataclasses import dataclass
from pathlib import Path

SAMPLE = Path(__file__).resolve().parents[2] / "config" / "sample"
DAY = "20261121"
FILES = {"groups": "group", "users": "user", "patterns": "work_pattern", "contacts": "contact"}


@dataclass(frozen=True)
class Step:
    """A contact with a place in the dial order; a mail group is one step with all its addresses."""
    order: int
    channel: str        # voice, mail, push
    addresses: tuple    # as dialled: a telephone number in E.164, for push the person's code


@dataclass(frozen=True)
class Person:
    code: str
    name: str
    language: str
    steps: tuple        # in dial order
    voice_id: str
    voice_pin: str

    @property
    def addresses(self):
        return {address for step in self.steps for address in step.addresses}

    def uses(self, channel):
        return any(step.channel == channel for step in self.steps)


def path_of(what):
    return SAMPLE / f"{FILES[what]}_{DAY}.csv"


def rows_of(what):
    with open(path_of(what), encoding="cp932", newline="") as file:
        yield from csv.DictReader(line for line in file if not line.startswith("#"))


def e164(number):
    """A Japanese number as it is dialled."""
    return f"+81{number[1:]}"


def steps_of(row):
    found = []
    mails = tuple(row[f"メール{i}"] for i in (1, 2, 3) if row[f"メール{i}"])
    if mails and row["発信順メール"]:
        found.append(Step(int(row["発信順メール"]), "mail", mails))
    for i in (1, 2, 3):
        if row[f"電話{i}"] and row[f"発信順電話{i}"]:
            found.append(Step(int(row[f"発信順電話{i}"]), "voice", (e164(row[f"電話{i}"]),)))
    if row["発信順プッシュ"]:
        found.append(Step(int(row["発信順プッシュ"]), "push", (row["ユーザID"],)))
    return tuple(sorted(found, key=lambda step: step.order))


def read():
    """The people by code, in the order of the file."""
    names = {row["ユーザID"]: row["ユーザ名"] for row in rows_of("users")}
    return {row["ユーザID"]: Person(row["ユーザID"], names[row["ユーザID"]], row["言語"], steps_of(row),
                                 row["音声ID"], row["音声PIN"])
            for row in rows_of("contacts")}
