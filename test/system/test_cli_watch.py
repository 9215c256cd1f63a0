"""tenko status --watch on terminals of several sizes, as somebody in front of them sees it."""

import os
import signal
import time

import pytest

from cli_roster import ask, counted, roster, terminal  # noqa: F401  (a fixture)
from harness import wait_for

SIZES = ((24, 80), (50, 200))


def large(roster, people=1000000, **columns):
    """As a broadcast to a million looks in its counters, with the rows of eight people."""
    ask(roster)
    counted(roster, waiting=3, in_flight=1, answered=2, exhausted=2)
    for state, share in ((1, 30), (2, 1), (3, 60), (4, 9)):
        roster.sql("UPDATE tally SET n = ? WHERE what = 'state' AND key = ?", people * share // 100, state)
    roster.sql("UPDATE tally SET n = ? WHERE what = 'answer'", people * 60 // 100)
    roster.sql("INSERT INTO tally VALUES (1, 'answer', 'slight', 10), (1, 'attempt', 513, 12)")
    roster.sql("UPDATE broadcast SET targeted = ?, channels = 6", people)


def state(terminal):
    with open(f"/proc/{terminal.pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


@pytest.mark.parametrize("rows, columns", SIZES)
def test_all_that_matters_is_on_the_screen(roster, terminal, rows, columns):
    large(roster)
    roster.sql("INSERT INTO channel_down VALUES (2, ?, 'the provider does not answer')", int(time.time() * 1000))
    roster.sql("UPDATE broadcast SET title = '【安否確認】震度6強の地震が発生しました。ただちに安全な場所へ避難し、落ち着いて回答してください。家族の安否も'")
    shown = terminal("status", "--watch", rows=rows, columns=columns)
    lines = shown.wait_lines("q ends this view")
    assert lines[0].startswith("Broadcast 1, safety, running") and lines[0][-8:].count(":") == 2
    assert lines[1].startswith("【安否確認】震度6強の地震が")
    assert lines[2].startswith("! voice is DOWN since ") and lines[2].endswith("the provider does not answer")
    assert lines[3].startswith("[####") and lines[3].endswith("69%")
    bar = columns - 8
    assert (lines[3].count("#"), lines[3].count("=")) == (bar * 60 // 100, bar * 69 // 100 - bar * 60 // 100)
    text = "\n".join(lines)
    for words in ("# answered     600,000", ". waiting      300,000", ". in flight     10,000",
                  "= exhausted     90,000", "targeted   1,000,000", "First contact", "The end        in ",
                  "無事です", "safe          600,000", "DOWN",
                  "Newest", "answered safe, by web"):
        assert words in text, (words, lines)
    assert lines[-1] == "q ends this view, the broadcast goes on"
    assert [line.rstrip()[-2:] for line in lines if " slight " in line] == [" #"], "ten of 600,000"
    # the columns of choices stand below each other although their names are wide
    assert len({line.index(key) + len(line[:line.index(key)].encode("gbk")) - len(line[:line.index(key)])
                for line in lines for key in ("safe  ", "slight  ") if key in line and "by web" not in line}) <= 1


def test_the_view_follows_the_size_of_the_terminal(roster, terminal):
    large(roster)
    shown = terminal("status", "--watch", rows=50, columns=200)
    assert len(shown.wait_lines("q ends")[2]) == 200 - 8 + len("[]  69%")
    for rows, columns in ((24, 80), (10, 30), (4, 20), (24, 80)):
        shown.resize(rows, columns)
        os.kill(shown.pid, signal.SIGWINCH)
        wait_for(lambda: shown.lines()[-1].startswith("q ends this view"[:columns]) and
                 shown.lines()[0].startswith("Broadcast 1"), 15, f"{rows} by {columns}")
        assert len(shown.lines()) == rows and all(len(line) <= columns for line in shown.lines())


def test_only_what_has_changed_is_written(roster, terminal):
    large(roster)
    shown = terminal("status", "--watch")
    shown.wait_lines("q ends")
    before = len(shown.text)
    roster.sql("UPDATE tally SET n = n + CASE key WHEN 3 THEN 1 ELSE -1 END WHERE what = 'state' AND key IN (1, 3)")
    shown.wait_lines("600,001")
    written = shown.text[before:]
    assert "Channels" not in written and "\x1b[2J" not in written and "無事です" not in written


@pytest.mark.parametrize("environment, coloured", (({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)))
def test_colours_only_where_they_are_wanted(roster, terminal, environment, coloured):
    large(roster)
    shown = terminal("status", "--watch", **environment)
    shown.wait_lines("q ends")
    assert bool(shown.colours()) is coloured
    assert "# answered     600,000" in "\n".join(shown.lines())


def test_a_dumb_terminal_gets_lines(roster, terminal):
    large(roster)
    shown = terminal("status", "--watch", TERM="dumb")
    shown.expect("answered 600000, exhausted 90000")
    shown.send("\x03")
    assert shown.end() == 0
    assert "\x1b" not in shown.text


@pytest.mark.parametrize("number", (signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
def test_a_signal_gives_the_terminal_back(roster, terminal, number):
    large(roster)
    shown = terminal("status", "--watch")
    shown.wait_lines("q ends")
    os.kill(shown.pid, number)
    assert shown.end() == 0
    rest = shown.text.split("\x1b[?1049l")
    assert len(rest) == 2 and "\x1b[?25h" in rest[0] and "\x1b" not in rest[1]


def test_stopped_and_continued_it_draws_anew(roster, terminal):
    large(roster)
    shown = terminal("status", "--watch")
    shown.wait_lines("q ends")
    shown.send("\x1a")
    wait_for(lambda: state(shown) == "T", 10, "stopped")
    shown.read()
    assert shown.text.endswith("\x1b[?25h\x1b[?1049l")
    shown.screen.reset()
    roster.sql("UPDATE tally SET n = 600007 WHERE what = 'state' AND key = 3")
    os.kill(shown.pid, signal.SIGCONT)
    lines = shown.wait_lines("600,007")
    assert lines[0].startswith("Broadcast 1") and "DOES NOT ADD UP: tenko verify" in "\n".join(lines)
    shown.send("q")
    assert shown.end() == 0


def test_a_title_cannot_write_on_the_terminal(roster, terminal):
    large(roster)
    roster.sql("UPDATE broadcast SET title = ?", "A\x1b[31mB\x9b2J\u009b3JC")
    shown = terminal("status", "--watch", NO_COLOR="1")
    shown.wait_lines("q ends")
    assert shown.lines()[1].startswith("A [31mB") and "\x1b[31m" not in shown.text and "\u009b" not in shown.text
