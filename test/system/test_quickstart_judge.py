"""What scripts/quickstart --check goes by: what it expects of the sample people, and that it sees
whatever is not so."""

import sys
from dataclasses import replace

import pytest
from harness import REPOSITORY

sys.path.append(str(REPOSITORY / "scripts" / "tour"))

import roster                                                   # noqa: E402
from cast import WAYS, answers_of                               # noqa: E402
from expect import Policy, chains                               # noqa: E402
from judge import LATE, Course, judge                           # noqa: E402
from watch import Kept, Seen                                    # noqa: E402

POLICY = Policy(retry_interval=60, final_wait=60, voice_retries=1, mail_retries=0, push_retries=1,
                temporary_retries=2)
PEOPLE = roster.read()
STARTED, REMINDED = 1000.0, 5000.0


def expected(code, policy=POLICY, rounds=1):
    """(order, channel, address, attempt, outcome, pause) of each."""
    return [(e.order, e.channel, e.address, e.attempt, e.outcome, e.pause)
            for chain in chains(PEOPLE[code], policy, rounds) for e in chain]


def test_the_nine_steps_of_the_reference():
    first, second, third = "+819000000001", "+81300000001", "+81300000002"
    assert expected("U01") == [
        (1, "voice", first, 1, "no_answer", 0.0), (1, "voice", first, 2, "no_answer", 60),
        (2, "mail", "u01@example.com", 1, "delivered", 60),
        (2, "mail", "u01.keitai@example.net", 1, "delivered", 0.0),
        (2, "mail", "u01.home@example.org", 1, "delivered", 0.0),
        (3, "voice", second, 1, "no_answer", 60), (3, "voice", second, 2, "no_answer", 60),
        (4, "voice", third, 1, "no_answer", 60), (4, "voice", third, 2, "no_answer", 60)]


def test_telephone_mail_telephone_push():
    assert [(order, channel, attempt) for order, channel, _, attempt, _, _ in expected("U10")] == [
        (1, "voice", 1), (1, "voice", 2), (2, "mail", 1), (3, "voice", 1), (3, "voice", 2),
        (4, "push", 1), (4, "push", 2)]


def test_a_bad_number_is_given_up_at_once():
    bad, good = "+819000000004", "+81450000004"
    assert expected("U04") == [
        (1, "voice", bad, 1, "refused", 0.0), (2, "voice", good, 1, "no_answer", 0.0),
        (2, "voice", good, 2, "no_answer", 60)]


def test_a_mailbox_that_bounces_is_not_tried_in_a_retry():
    policy = replace(POLICY, mail_retries=1)
    assert expected("U03", policy)[:4] == [
        (1, "mail", "u03@example.com", 1, "refused", 0.0),
        (1, "mail", "u03.private@example.org", 1, "delivered", 0.0),
        (1, "mail", "u03.private@example.org", 2, "delivered", 60),
        (2, "voice", "+819000000003", 1, "replied", 60)]


def test_a_full_mailbox_is_tried_again_when_the_order_is_through():
    assert expected("U12") == [(1, "mail", "u12@example.com", 1, "temporary", 0.0),
                               (1, "mail", "u12@example.com", 2, "delivered", 60)]


def test_a_household_rides_on_one_call():
    assert expected("U06") == [(1, "voice", "+81760000006", 1, "replied", 0.0)]
    assert expected("U07")[:2] == [
        (1, "voice", "+81760000006", 1, "answered_without_input", 0.0),
        (1, "voice", "+81760000006", 2, "answered_without_input", 60)]


def course(code, rounds=1):
    """What the doubles and the store have of a person for whom everything went as it should."""
    person, seen, kept, at = PEOPLE[code], [], [], STARTED
    for n, chain in enumerate(chains(person, POLICY, rounds)):
        at = REMINDED if n else at
        for e in chain:
            at += e.pause
            seen.append(Seen(at, at, e.channel, e.address, ""))
            kept.append(Kept(e.order, e.channel, e.position, e.attempt, e.outcome))
    answers = [(a.choice, a.comment, WAYS[a.by][0], at) for a in answers_of(code)]
    return Course(person=person, seen=seen, kept=kept, answers=answers, rounds=rounds,
                  reminded_at=REMINDED)


def faults(case):
    judge(case, POLICY, STARTED)
    return case.faults


@pytest.mark.parametrize("code", [*PEOPLE])
def test_what_is_as_set_is_found_so(code):
    rounds = 2 if code in ("U08", "U09") else 1
    assert faults(course(code, rounds)) == []


def test_an_answer_may_come_before_the_rest():
    case = course("U01")
    del case.seen[4:], case.kept[4:]    # behind the second mail, from which the answer is
    case.answers = [(*case.answers[0][:3], case.seen[3].at)]
    assert faults(case) == []
    del case.seen[3:], case.kept[3:]    # the second mail never came, and yet was answered
    assert any("not tried: mail u01.keitai@example.net" in fault for fault in faults(case))


def moved(case, n, seconds):
    """The n-th attempt and all behind it come so much later."""
    case.seen[n:] = [replace(s, at=s.at + seconds, end=s.end + seconds) for s in case.seen[n:]]


def twice(case):
    case.seen.append(case.seen[-1])
    case.kept.append(case.kept[-1])


def without_a_retry(case):
    del case.seen[1], case.kept[1]


def other_order(case):
    case.seen[1], case.seen[2] = (replace(case.seen[2], at=case.seen[1].at),
                                  replace(case.seen[1], at=case.seen[2].at))


@pytest.mark.parametrize("code, spoil, said", [
    ("U10", other_order, "attempt 2 went to mail u10@example.com instead of telephone"),
    ("U10", without_a_retry, "attempt 2 went to mail u10@example.com instead of telephone"),
    ("U09", lambda c: (c.seen.pop(), c.kept.pop()), "not tried: telephone +819000000009"),
    ("U13", twice, "too many attempts: telephone +819000000013"),
    ("U10", lambda c: moved(c, 3, -1), "attempt 4 (telephone) came 59.0 s after"),
    ("U10", lambda c: moved(c, 3, LATE + 1), "attempt 4 (telephone) came 76.0 s after"),
    ("U05", lambda c: moved(c, 0, LATE + 1), "attempt 1 (push) came 16.0 s after"),
    ("U10", lambda c: c.kept.pop(), "6 attempts are recorded, 7 were made"),
    ("U02", lambda c: c.kept.__setitem__(0, replace(c.kept[0], outcome="no_answer")),
     "attempt 1 is recorded as"),
    ("U02", lambda c: c.kept.__setitem__(1, replace(c.kept[1], attempt=1)), "attempt 2 is recorded as"),
    ("U03", lambda c: c.kept.__setitem__(1, replace(c.kept[1], position=1)), "attempt 2 is recorded as"),
    ("U11", lambda c: c.answers.clear(), "recorded is nothing"),
    ("U05", lambda c: c.answers.reverse(), "answered [('safe'"),
    ("U05", lambda c: c.answers.__setitem__(0, (*c.answers[0][:2], "web", STARTED)), "answered [('safe'"),
    ("U09", lambda c: c.answers.append(("safe", "", "web", REMINDED)), "answered nothing, recorded is"),
    ("U11", lambda c: c.answers.__setitem__(0, (*c.answers[0][:3], STARTED)),
     "still tried after the answer: push U11"),
])
def test_what_is_not_as_set_is_named(code, spoil, said):
    case = course(code)
    spoil(case)
    assert any(said in fault for fault in faults(case)), case.faults


def test_a_reminder_begins_anew():
    case = course("U09", 2)
    moved(case, 3, LATE + 1)
    assert any("attempt 4 (mail) came 16.0 s after" in fault for fault in faults(case))
    short = course("U09", 1)
    short.rounds = 2
    assert any("not tried: mail u09@example.com" in fault for fault in faults(short))


def test_what_an_outage_took_back_was_no_attempt():
    case = course("U02")
    case.kept.insert(0, Kept(1, "voice", 1, 1, "outage"))
    assert faults(case) == []
