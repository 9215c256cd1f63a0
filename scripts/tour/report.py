"""The table at the end: per person what was tried, in what order, when, and how they answered."""

import unicodedata
from itertools import groupby

from cast import WAYS, answers_of
from judge import TITLE_OF

NAME_WIDTH = 24


def width_of(text):
    """Columns on a terminal."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text, width):
    return text + " " * max(width - width_of(text), 0)


def steps_tried(course, started):
    """A line for each time that the person's contacts took their turn: order, channel, tries."""
    order_of = {(step.channel, address): step.order
                for step in course.person.steps for address in step.addresses}
    turn = groupby(course.seen, key=lambda s: (order_of.get((s.channel, s.address), 0), s.channel))
    for (order, channel), tries in turn:
        told = [f"{seen.at - started:5.1f} {seen.words}" for seen in tries]
        yield f"{order} {TITLE_OF[channel]:9}{''.join(pad(t, 21) for t in told)}".rstrip()


def parts_of(replies):
    """(reply, the part's Answer that it is, or None); replies as the store has them."""
    to_come = {}
    for person, choice, comment, way, at in replies:
        own = to_come.setdefault(person, answers_of(person))
        answer = own[0] if own and WAYS[own[0].by][0] == way else None
        to_come[person] = own[1:] if answer else own
        yield (person, choice, comment, way, at), answer


def words_of(reply, answer, started):
    """One answer: when, how, what."""
    _, choice, comment, way, at = reply
    by = WAYS[answer.by][1] if answer else f"by {way}"
    return f"{at - started:5.1f}  {by:14} {choice:7} {comment}".rstrip()


def answers_given(course, started):
    """A line for each answer, or one that there was none."""
    replies = [(course.person.code, *answer) for answer in course.answers]
    for reply, answer in parts_of(replies):
        note = f"  ({answer.note})" if answer and answer.note else ""
        yield f"answered  {words_of(reply, answer, started)}{note}"
    if not replies:
        yield "no answer"


def print_table(courses, started, output):
    output.say("seconds from the start of the broadcast; 1, 2, 3, 4: the place in the dial order")
    output.say()
    for course in courses:
        name = pad(f"{'NOT ' if course.faults else 'ok  '} {course.person.code}  "
                   f"{course.person.name}", NAME_WIDTH + 10)
        lines = [*steps_tried(course, started), *answers_given(course, started)]
        for line in lines:
            output.say(f"{name}{line}")
            name = " " * width_of(name)
        for fault in course.faults:
            output.say(f"     !! {fault}")
