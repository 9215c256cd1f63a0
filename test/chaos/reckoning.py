"""Holds what arrived against what the store says and against what people were meant to get."""

import collections

from town import BATCH, MAIL, WORKERS

NOT_TRIED, UNKNOWN, OUTAGE = 10, 8, 9
CHANNELS = {1: "mail", 2: "telephone", 3: "push"}
WINDOWS = {
    "again": "a process or the queue ended with a batch in hand",
    "broke": "the connection broke before the answer",
    "lost": "the result was lost with the queue",
}


class Reckoning:
    """One broadcast's: who was missed, what came twice and which window allows it."""

    def __init__(self, number, meant, made, missing, twice, replies, faults):
        self.number, self.meant, self.made, self.missing = number, meant, made, missing
        self.twice, self.replies, self.faults = twice, replies, faults


def steps_of(town, number):
    """The store's attempts by (person, channel, address), each (id, outcome, detail), oldest first."""
    steps = collections.defaultdict(list)
    for person, channel, address, *attempt in town.sql(
            "SELECT d.person_id, a.channel, a.address, a.id, a.outcome, ifnull(a.detail, '')"
            " FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
            " WHERE d.broadcast_id = ? ORDER BY a.id", number):
        steps[(person, channel, address if channel == MAIL else "")].append(attempt)
    return steps


def explain(extra, attempts, ids):
    """Which windows made a step arrive `extra` times too often; what none explains is left over."""
    found = collections.Counter()
    if ids:  # mail: each message names its attempt
        found["again"] = min(extra, len(ids) - len(set(ids)))
    for attempt, outcome, detail in attempts[:-1]:
        if outcome == UNKNOWN:
            found["broke"] += 1
        elif outcome == OUTAGE and attempt in ids:  # it was made again, and then the relay was down
            found["again"] += 1
        elif outcome == NOT_TRIED and detail.startswith("lost"):
            found["lost"] += 1
    if not ids:  # telephone and push: a repeat of one attempt cannot be told from the next attempt
        found["again"] = max(extra - found["broke"] - found["lost"], 0)
    left = extra
    kept = collections.Counter()
    for window in ("again", "broke", "lost"):
        kept[window] = min(found[window], left)
        left -= kept[window]
    kept["unexplained"] = left
    return kept


def check_steps(town, number, answered, arrivals):
    came = collections.defaultdict(list)
    for channel, address, attempt in arrivals:
        came[(channel, address)].append(attempt)
    steps = steps_of(town, number)
    meant = made = 0
    missing, twice, odd = [], collections.Counter(), []
    for person in town.people.values():
        for channel, address in person.meant():
            ids = came.get((channel, address), [])
            if person.number not in answered:
                meant += 1
                if not ids:
                    missing.append(f"user p{person.number}: {CHANNELS[channel]} never came")
            made += len(ids)
            if len(ids) > 1:
                attempts = steps[(person.number, channel, address if channel == MAIL else "")]
                why = explain(len(ids) - 1, attempts, ids if channel == MAIL else [])
                twice += why
                if why["unexplained"]:
                    odd.append(f"user p{person.number}: {CHANNELS[channel]} came {len(ids)} times "
                               f"{ids}, no window explains it; attempts {attempts}")
    return meant, made, missing, twice, odd


def check_replies(town, number, told):
    """Every answer that was called recorded is stored."""
    stored = set(town.sql("SELECT person_id, choice FROM reply WHERE broadcast_id = ?", number))
    lost = [f"user p{person}: \"recorded\" was said, {choice} is not stored"
            for person, choice in told.items() if (person, choice) not in stored]
    return {person for person, _ in stored}, lost


def reckon(town, number, told, harms):
    """`told`: person -> choice of those who were told that it is recorded; `harms`: how often a batch
    in hand may have been lost."""
    answered, lost = check_replies(town, number, told)
    meant, made, missing, twice, faults = check_steps(town, number, answered, town.arrivals())
    status = town.status(number)
    if not status["balanced"] or status["targeted"] != len(town.people):
        faults.append(f"the accounting: {status}")
    if status["answered"] != len(answered):
        faults.append(f"{status['answered']} count as answered, {len(answered)} have replied")
    done = town.tenko("verify", code=None)
    if done.returncode != 0:
        faults.append(f"verify: {done.stdout.strip()[-300:]} {done.stderr.strip()[-300:]}")
    allowed = harms * WORKERS * BATCH
    if twice["again"] + twice["lost"] > allowed:
        faults.append(f"{twice['again'] + twice['lost']} came twice, at most {allowed} may")
    return Reckoning(number, meant, made, missing, twice, (len(told), len(lost)), faults + lost)
