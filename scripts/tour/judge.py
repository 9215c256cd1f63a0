"""Whether every order, retry and answer was as the dial orders and the policy ask for."""

from dataclasses import dataclass, field

from cast import WAYS, answers_of
from expect import chains

EARLY = 0.05        # seconds that two clocks of one machine may differ by in what they wrote down
LATE = 15.0         # seconds by which an attempt may come late: the machine may be busy
STOP = 1.0          # seconds after an answer in which an attempt may still start

TITLE_OF = {"voice": "telephone", "mail": "mail", "push": "push"}


@dataclass
class Course:
    """What became of one person."""
    person: object
    seen: list                  # watch.Seen, in order of time
    kept: list                  # watch.Kept, in order
    answers: list               # (choice, comment, way, at) as recorded
    rounds: int = 1             # how often they were asked: 2 after a reminder
    reminded_at: float = 0.0    # where there was one
    faults: list = field(default_factory=list)


def asked_for(course, policy):
    """The attempts of all rounds, and the places in that list where a round begins."""
    rounds = chains(course.person, policy, course.rounds)
    return [e for chain in rounds for e in chain], [sum(map(len, rounds[:n]))
                                                    for n in range(len(rounds))]


def words(attempts):
    return ", ".join(f"{TITLE_OF[a.channel]} {a.address}" for a in attempts) or "nothing"


def judge_order(course, wanted):
    """What was tried is what was to be tried, from the first on; all of it, unless an answer came."""
    got = [(seen.channel, seen.address) for seen in course.seen]
    expected = [(e.channel, e.address) for e in wanted]
    for n, (have, should) in enumerate(zip(got, expected), 1):
        if have != should:
            yield (f"attempt {n} went to {TITLE_OF[have[0]]} {have[1]} "
                   f"instead of {TITLE_OF[should[0]]} {should[1]}")
            return
    if len(got) > len(expected):
        yield f"too many attempts: {words(course.seen[len(expected):])}"
    elif len(got) < least(course, wanted):
        yield f"not tried: {words(wanted[len(got):])}"


def least(course, wanted):
    """How many of the attempts there must have been, whatever came after the answer."""
    own = [a for a in answers_of(course.person.code) if a.by in ("mail", "push")]
    if not course.answers or not own:
        return len(wanted)
    reached = [n for n, e in enumerate(wanted, 1)
               if e.channel == own[0].by and e.outcome == "delivered"]
    return reached[own[0].after - 1]


def judge_pauses(course, wanted, begins, started):
    """The time between attempts, from the end of one to the start of the next."""
    ends = [started, *(seen.end for seen in course.seen)]
    for n, (expected, seen) in enumerate(zip(wanted, course.seen)):
        before, pause = ends[n], expected.pause
        if n in begins[1:]:
            before = course.reminded_at
        if not pause - EARLY <= seen.at - before <= pause + LATE:
            yield (f"attempt {n + 1} ({TITLE_OF[seen.channel]}) came {seen.at - before:.1f} s after "
                   f"what was before it; {pause:.1f} s are set")


def judge_record(course, wanted):
    """The system's own record says the same."""
    kept = [k for k in course.kept if k.outcome not in ("outage", "not_tried")]
    expected = wanted[:len(course.seen)]
    if len(kept) != len(expected):
        yield f"{len(kept)} attempts are recorded, {len(expected)} were made"
    for n, (have, should) in enumerate(zip(kept, expected), 1):
        should = (should.order, should.channel, should.position, should.attempt, should.outcome)
        have = (have.order, have.channel, have.position, have.attempt, have.outcome)
        if have != should:
            yield f"attempt {n} is recorded as {have} instead of {should}"


def judge_stop(course):
    """Whoever has answered is left alone."""
    if course.answers:
        answered = course.answers[0][3]
        late = [seen for seen in course.seen if seen.at > answered + STOP]
        if late:
            yield f"still tried after the answer: {words(late)}"


def judge_answers(course):
    """Each answer that was made is recorded, with the way it came; no other is."""
    made = [(a.choice, a.comment, WAYS[a.by][0]) for a in answers_of(course.person.code)]
    recorded = [answer[:3] for answer in course.answers]
    if made != recorded:
        yield f"answered {made or 'nothing'}, recorded is {recorded or 'nothing'}"


def judge(course, policy, started):
    """Puts down what was not as set. `started`: when the broadcast was asked for."""
    wanted, begins = asked_for(course, policy)
    course.faults = [*judge_order(course, wanted)]
    if not course.faults:   # else what follows compares what does not belong together
        course.faults += judge_pauses(course, wanted, begins, started)
        course.faults += judge_record(course, wanted)
    course.faults += judge_stop(course)
    course.faults += judge_answers(course)
