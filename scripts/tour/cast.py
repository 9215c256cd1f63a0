"""What the sample people and their contacts do: the part that each plays.

The doubles get their rules from here, and what is to be expected is computed from it.
"""

from dataclasses import dataclass

# What happens at a telephone, call after call; the last of the words goes on. As in the exchange's
# own rules: "answer KEYS", a word for each time that a key is asked for.
REFUSED_NUMBER = "400 21211"
TELEPHONES = {
    "+819000000001": ["no-answer"],
    "+81300000001": ["no-answer"],
    "+81300000002": ["no-answer"],
    "+819000000002": ["busy", "answer 1"],
    "+819000000003": ["answer 9 2"],            # first to hear it once more
    "+819000000004": [REFUSED_NUMBER],          # no such number
    "+81450000004": ["no-answer"],
    "+81760000006": ["answer 3 - -", "answer hangup"],  # U06 answers, U07 is not there
    "+819000000008": ["machine"],
    "+819000000009": ["no-answer"],
    "+819000000010": ["busy", "no-answer"],
    "+81300000010": ["no-answer"],
    "+819000000011": ["no-answer"],
    "+819000000013": ["no-answer"],
}

# What a mail server says to a recipient, message after message; the last goes on.
TAKEN = "250"
MAILBOXES = {
    "u03@example.com": ["550 5.1.1 no such mailbox"],
    "u12@example.com": ["452 4.2.2 mailbox full", TAKEN],
}


@dataclass(frozen=True)
class Answer:
    person: str
    by: str             # see WAYS
    choice: str
    comment: str = ""
    after: int = 1      # the how-many-th mail, call or notification it is the answer to
    note: str = ""


#   by          the way that is recorded    what it is called
WAYS = {
    "mail":     ("web", "by mail link"),
    "push":     ("push", "by push"),
    "key":      ("voice", "by key press"),
    "call-in":  ("call_in", "by calling in"),
    "proxy":    ("proxy", "by proxy"),
}

ANSWERS = [
    Answer("U01", "mail", "safe", "出張先にいます", 2, "from the second address"),
    Answer("U02", "key", "safe", after=2, note="the line was busy at first"),
    Answer("U03", "key", "slight", note="in English"),
    Answer("U04", "call-in", "safe", after=2, note="having missed two calls"),
    Answer("U05", "push", "safe"),
    Answer("U05", "push", "slight", "訂正します。軽いやけどです", 1, "a second time: the newest counts"),
    Answer("U06", "key", "severe", note="one call for two people"),
    Answer("U07", "mail", "safe", "家族も無事です"),
    Answer("U08", "mail", "other", "電車の中です", 2, "to the reminder"),
    Answer("U10", "push", "safe", "充電が切れていました", 2, "nothing else had reached her"),
    Answer("U11", "mail", "safe"),
    Answer("U12", "mail", "safe", note="the mailbox was full at first"),
]
PROXY = Answer("U13", "proxy", "safe", "窓口に来ました")
PROXY_BY = "田中 仮名"
KEYS = {"safe": "1", "slight": "2", "severe": "3", "other": "4"}


def scripted(words, n):
    """What comes at the n-th time (from 1)."""
    return words[min(n, len(words)) - 1]


def answers_of(person):
    """What a person answers in the end, in that order."""
    return [answer for answer in [*ANSWERS, PROXY] if answer.person == person]


def is_placed(words):
    """Whether the exchange takes a call that goes so at all."""
    return not words[0].isdigit()


def rules(stages, script):
    """Rules of a double for what happens, time after time, at its stages' address."""
    found = []
    for address, times in script.items():
        for n, words in enumerate(times, 1):
            count = "" if n == len(times) else ":1"
            stage = stages(words)
            if stage:
                found.append(f"{stage}{count} {address}={words}")
    return found


def exchange_rules():
    return rules(lambda words: "callee" if is_placed(words) else "place", TELEPHONES)


def mail_rules():
    return rules(lambda words: "rcpt" if words != TAKEN else "", MAILBOXES)
