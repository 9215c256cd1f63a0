"""tenko report: what came of a broadcast, from records whose times are known."""

import csv
import io
import os
import re

import pytest

from cli_roster import ask, database, roster  # noqa: F401  (a fixture)

MAIL, VOICE, PUSH = 1, 2, 3
DELIVERED, NO_ANSWER, REFUSED, REPLIED = 1, 5, 6, 11
ANSWERED, EXHAUSTED, CANCELLED = 3, 4, 5
START = 1795233600000


def add(db, broadcast, person, state, attempts=(), answered=None, choice="safe", plan=1):
    """attempts: (channel, outcome, second)."""
    delivery = (broadcast << 32) + person
    db.execute("INSERT INTO delivery(id, broadcast_id, person_id, state, plan, phase, round, step, pass, address,"
               " marks, owed, soft_passes, queue, due_at) VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
               (delivery, broadcast, person, state, plan))
    for channel, outcome, second in attempts:
        db.execute("INSERT INTO attempt(delivery_id, channel, lane, dial_order, position, address_position, round,"
                   " try, address, outcome, created_at, finished_at) VALUES (?, ?, 0, 1, 1, 1, 1, 1, 'x', ?, ?, ?)",
                   (delivery, channel, outcome, START, START + second * 1000))
    if answered is not None:
        db.execute("INSERT INTO reply(broadcast_id, person_id, choice, way, at) VALUES (?, ?, ?, 1, ?)",
                   (broadcast, person, choice, START + answered * 1000))


def over(db, broadcast, seconds=1800):
    db.execute("UPDATE broadcast SET state = 5, started_at = ?, finished_at = ?, requested_at = ?, targeted = 8,"
               " fanout_person = NULL WHERE id = ?", (START, START + seconds * 1000, START, broadcast))


def drill(tenko, *words):
    return ask(tenko, "--kind", "drill", *words)


@pytest.fixture
def done(roster):
    """Two drills that are over, eight people each."""
    drill(roster)
    drill(roster, "--title", "<訓練> & 確認")
    with database(roster) as db:
        for person in range(1, 9):
            add(db, 1, person, ANSWERED, [(MAIL, DELIVERED, 10)], answered=60)
        over(db, 1)
        add(db, 2, 1, ANSWERED, [(MAIL, DELIVERED, 5)], answered=30)
        add(db, 2, 2, ANSWERED, [(MAIL, REFUSED, 5), (VOICE, REPLIED, 100)], answered=90)
        add(db, 2, 3, ANSWERED, [(MAIL, DELIVERED, 5)], answered=400, choice="severe")
        add(db, 2, 4, ANSWERED, [(MAIL, DELIVERED, 25)], answered=20)  # told by a neighbour
        add(db, 2, 5, EXHAUSTED, [(PUSH, DELIVERED, 50)])
        add(db, 2, 6, EXHAUSTED, [(VOICE, NO_ANSWER, 80), (MAIL, REFUSED, 90)])
        add(db, 2, 7, CANCELLED)
        add(db, 2, 8, EXHAUSTED, plan=0)
        over(db, 2)
    return roster


def test_the_figures(done):
    report = done.cli_json("report", 2)
    assert (report["people"], report["reached"], report["answered"]) == (8, 5, 4)
    # a call goes on behind the key press
    assert report["reached_by"] == {"mail": 2, "voice": 1, "push": 1, "by_themselves": 1}
    assert (report["median_seconds"], report["p90_seconds"]) == (30.0, 400.0)
    assert report["within"][:3] == [{"seconds": 60, "reached": 4, "answered": 2},
                                    {"seconds": 180, "reached": 5, "answered": 3},
                                    {"seconds": 300, "reached": 5, "answered": 3}]
    assert {p["user"]: (p["outcome"], p["why"]) for p in report["unreached"]} == {
        "U06": ("refused", "mail: refused for good: bad address"), "U07": (None, "called off before"),
        "U08": (None, "no contact of these channels")}
    assert sum(group["people"] for group in report["groups"]) == 8
    assert [e["broadcast"] for e in report["earlier"]] == [1]
    assert (report["earlier"][0]["answered"], report["earlier"][0]["median_seconds"]) == (8, 60.0)
    assert done.cli_json("report")["broadcast"] == 2  # the newest


def test_only_the_same_kind_stands_beside_it(done):
    ask(done, "--kind", "notice")
    with database(done) as db:
        add(db, 3, 1, ANSWERED, [(MAIL, DELIVERED, 5)], answered=30)
        over(db, 3)
    assert done.cli_json("report", 3)["earlier"] == []
    assert done.cli_json("report", 2, "--before", 0)["earlier"] == []


def test_for_people(done):
    lines = done.cli("report", 2).stdout.splitlines()
    assert "Reached   5 of 8 (62 %)  mail 2, voice 1, push 1, answered by themselves 1" in lines
    assert "Answered  4 of 8 (50 %)  half of the answers within 30 s, 90 % within 7 min" in lines
    assert "Never reached: 3" in lines and any("U08" in line and "no contact" in line for line in lines)
    assert max(map(len, lines)) <= 90


def test_a_line_a_person(done):
    text = done.cli("report", 2, "--csv").stdout
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))
    assert len(rows) == 9 and rows[0][0] == "ユーザID"
    by_user = {row[0]: row[4:] for row in rows[1:]}
    assert by_user["U02"] == ["answered", "voice", "100", "90", "safe", "voice", "replied"]
    assert by_user["U08"] == ["exhausted", "", "", "", "", "", ""]


def test_the_page_needs_nothing_from_elsewhere(done):
    page = done.cli("report", 2, "--html").stdout
    assert "&lt;訓練&gt; &amp; 確認" in page and "<訓練>" not in page
    assert not re.search(r"(src|href)=|https?:|@import|url\(", page)
    assert page.count("<polyline") == 3 and "連絡先がない" in page
    assert "メール: 宛先が無効" in page


def test_what_there_is_no_report_of(roster):
    assert "no broadcast yet" in roster.cli("report", code=os.EX_DATAERR).stderr
    drill(roster)
    assert "has not begun" in roster.cli("report", code=os.EX_TEMPFAIL).stderr
    assert "no broadcast 7" in roster.cli("report", 7, code=os.EX_DATAERR).stderr
    assert "one of" in roster.cli("report", 1, "--csv", "--json", code=os.EX_USAGE).stderr
