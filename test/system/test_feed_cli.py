"""tenko feed: looking at telegrams, playing them back, handing them over, checking rules."""

import json
import re

import pytest
from feed_system import JMA, feeds, now_as, official, sequence_as_of_now  # noqa: F401  (a fixture)
from harness import REPOSITORY, wait_for

STRONG = "32-39_11_01"
STRONGER = "32-39_11_05"
DATA = REPOSITORY / "test" / "data"


def sequence():
    return sorted(JMA.glob("32-39_11_*"))


# looking


def test_list_show_and_explain_say_what_came_and_why(feeds):
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.double.publish("eqvol", "2_VXSE52.xml", now_as("32-35_01_02"))
    feeds.start()
    feeds.wait_telegrams(2)
    ids = {t["state"]: str(t["id"]) for t in feeds.telegrams()}
    listed = feeds.tenko.cli("feed", "list").stdout.splitlines()
    assert any("震度速報" in line and "震度6強" in line and line.endswith("send: broadcast 1")
               for line in listed)
    assert any("passed: " in line for line in listed)
    assert any(line.startswith(f"feed {feeds.double.url('/feed/eqvol.xml')}: answered") for line in listed)
    explained = feeds.tenko.cli("feed", "explain", ids["read"]).stdout
    assert re.search(r"rule earthquake: sent: .*宮城県北部.*\[broadcast 1\]", explained)
    shown = feeds.tenko.cli("feed", "show", ids["read"]).stdout
    assert "宮城県北部  震度6強" in shown and "220" in shown
    raw = feeds.tenko.run("tenko", "--config", feeds.tenko.conf, "feed", "show", ids["read"], "--raw")
    assert "<Report" in raw.stdout
    answer = feeds.tenko.cli_json("feed", "explain", ids["read"])
    assert answer["state"] == "read" and answer["source"] == "atom"
    decision = answer["events"][0]["decisions"][0]
    assert decision["verdict"] == "send" and decision["broadcast"] == 1 and decision["reason"]
    assert {"region": "220", "name": "宮城県北部", "what": "", "level": 60} in decision["regions"]
    answer = feeds.tenko.cli_json("feed", "list")
    assert [t["state"] for t in answer["telegrams"]].count("passed") == 1


def test_without_telegrams_it_says_so(tenko):
    assert "no telegram yet" in tenko.cli("feed", "list").stderr
    assert "no telegram yet" in tenko.cli("feed", "show", code=65).stderr
    assert "no telegram 7" in tenko.cli("feed", "explain", "7", code=65).stderr


@pytest.mark.parametrize("words, code", [
    (["feed"], 64), (["feed", "what"], 64), (["feed", "show", "x"], 64), (["feed", "show", "1", "2"], 64),
    (["feed", "list", "1"], 64), (["feed", "list", "--most", "0"], 64), (["feed", "replay"], 64),
    (["feed", "replay", "/nowhere"], 66), (["feed", "replay", "--speed", "0", "x"], 64),
    (["feed", "replay", "--at", "noon", "x"], 64), (["feed", "inject"], 64),
    (["feed", "inject", "/nowhere"], 66), (["feed", "rules", "/nowhere"], 78),
    (["feed", "rules", "a", "b"], 64)])
def test_what_is_not_understood(tenko, words, code):
    done = tenko.cli(*words, code=code)
    assert done.stderr.startswith("tenko feed: ") and done.stdout.count("\n") <= 1


# playing back


def test_replay_says_for_each_telegram_whether_it_fired_and_why(feeds):
    done = feeds.tenko.cli("feed", "replay", *sequence())
    lines = done.stdout.splitlines()
    assert len(lines) == len(sequence()) + 1
    assert all(": " in line for line in lines)
    first, = [line for line in lines if STRONG in line]
    assert first.startswith("2011-03-11 14:48:10  SENT ") and "-> 3 people" in first
    second, = [line for line in lines if STRONGER in line]
    assert "  SENT " in second and "-> 1 person" in second
    times = [line[:19] for line in lines[:-1]]
    assert times == sorted(times)
    assert lines[-1].startswith("10 telegrams: ") and lines[-1].endswith("Nothing was sent.")
    assert feeds.telegrams() == [] and feeds.broadcasts() == []


def test_replay_names_the_people_and_gives_json(feeds):
    done = feeds.tenko.cli_json("feed", "replay", "--people", JMA / "32-39_11_01_120615_VXSE51.xml")
    entry, = done["telegrams"]
    assert entry["fired"] and entry["event"]["title"] == "震度速報"
    decision, = [d for d in entry["decisions"] if d["broadcast"]]
    assert {p["user"] for p in decision["who"]} == {"m1", "m2", "m3"} and decision["people"] == 3
    assert done["summary"]["fired"] == 1 and done["summary"]["contacts"] == 3
    text = feeds.tenko.cli("feed", "replay", "--people", JMA / "32-39_11_01_120615_VXSE51.xml").stdout
    assert "m1 山田 m1" in text


def test_replay_of_all_there_is_passes_over_nothing_in_silence(feeds):
    for folder in (DATA / "jma" / "official", DATA / "jma" / "real"):
        done = feeds.tenko.cli("feed", "replay", folder, "--dry-run", deadline=120)
        shown = {line.split()[3] if line[0] != " " else line.split()[1]
                 for line in done.stdout.splitlines()[:-1]}
        assert {p.name for p in folder.iterdir() if p.is_file()} <= \
            {word for line in done.stdout.splitlines() for word in line.split()}
        assert shown


def test_replay_moves_the_clock_and_keeps_the_pace(feeds):
    names = [JMA / n for n in ("32-39_11_01_120615_VXSE51.xml", "32-39_11_02_250206_VTSE41.xml")]
    done = feeds.tenko.cli_json("feed", "replay", "--at", "2026-11-21 12:00:00", "--speed", "1000", *names)
    assert [t["at"] for t in done["telegrams"]] == ["2026-11-21T03:00:00.000Z", "2026-11-21T03:01:49.000Z"]


def test_replay_works_without_a_data_directory_and_holds_on_the_virtual_clock(bare):
    rules = bare.root / "rules"
    rules.mkdir()
    (rules / "a.conf").write_text("[held]\nhazard = earthquake\nthreshold = 5+\nhold = 10m\n")
    bare.configure(feed={"rules_dir": str(rules)})
    done = bare.cli("feed", "replay", JMA / "32-39_11_01_120615_VXSE51.xml")
    assert "no data directory" in done.stderr
    first, then, summary = done.stdout.splitlines()
    assert first.startswith("2011-03-11 14:48:10  -") and "(was held)" in then
    assert then.startswith("2011-03-11 14:58:10  SENT") and summary.startswith("1 telegrams: ")


# handing over


def test_inject_is_acted_on_like_what_a_feed_named(feeds):
    feeds.configure(atom_urls="")
    feeds.start()
    path = feeds.tenko.root / "telegram.xml"
    path.write_bytes(now_as(STRONG))
    done = feeds.tenko.cli("feed", "inject", path)
    assert done.stdout == f"Telegram 1: {path}\nNext: tenko feed explain 1\n"
    broadcast, = feeds.broadcasts()
    assert broadcast["kind"] == 1 and broadcast["targeted"] == 3
    again = feeds.tenko.cli_json("feed", "inject", path)
    assert again["telegrams"] == [{"file": str(path), "telegram": 1, "new": False}] and again["read"]
    assert len(feeds.broadcasts()) == 1


def test_an_old_telegram_is_not_sent_for_real_but_as_a_drill(feeds):
    feeds.configure(atom_urls="")
    feeds.start()
    names = [JMA / n for n in ("32-39_11_01_120615_VXSE51.xml", "32-39_11_05_240613_VXSE53.xml")]
    feeds.tenko.cli("feed", "inject", *names)
    assert feeds.broadcasts() == []
    assert all("old" in d["reason"] for d in feeds.decisions())
    for drill in (1, 2):  # as often as one likes
        feeds.tenko.cli("feed", "inject", "--drill", *names)
        made = feeds.broadcasts()[2 * drill - 2:]
        assert [b["kind"] for b in made] == [3, 3]
        assert all(b["title"].startswith("【訓練】") for b in made)
        assert made[0]["targeted"] == 3 and f"except:{made[0]['id']}" in made[1]["targets"]
    assert [d["verdict"] for d in feeds.decisions()].count("drill") == 4


def test_inject_waits_for_tenko_feed_to_run(feeds):
    done = feeds.tenko.cli("feed", "inject", JMA / "32-39_11_01_120615_VXSE51.xml")
    assert "has not read it yet" in done.stderr
    assert feeds.telegrams()[0]["state"] == "received"
    assert "is tenkod running?" in feeds.tenko.cli("feed", "show", "1").stderr


def test_inject_refuses_what_cannot_be_read_before_anything_is_stored(feeds):
    bad = feeds.tenko.root / "bad.xml"
    bad.write_text("<Report>")
    done = feeds.tenko.cli("feed", "inject", JMA / "32-39_11_01_120615_VXSE51.xml", bad, code=65)
    assert "bad.xml" in done.stderr and "Nothing was injected" in done.stderr
    assert feeds.telegrams() == []


# rules


def test_rules_are_listed_and_checked(feeds):
    assert re.search(r"^earthquake +on +earthquake +5\+", feeds.tenko.cli("feed", "rules").stdout, re.M)
    assert "sound" in feeds.tenko.cli("feed", "rules", "--check").stdout
    rules = {r["rule"]: r for r in feeds.tenko.cli_json("feed", "rules")["rules"]}
    assert rules["tsunami"]["values"]["threshold"] == "warning" and rules["tsunami"]["line"] > 0
    assert "threshold (" in feeds.tenko.cli("feed", "rules", "--keys").stdout


@pytest.mark.parametrize("text, line, words", [
    ("[a]\nhazard = earthquake\nthreshold = 9\n", 3, "threshold"),
    ("[a]\nhazrd = earthquake\nthreshold = 5+\n", 2, "hazrd"),
    ("[a]\nhazard = earthquake\nthreshold = 5+\nregions = 999\n", 4, "999"),
    ("[a]\nhazard = earthquake\nthreshold = 5+\n[a]\nhazard = eew\nthreshold = 7\n", 4, "a"),
    ("[a]\nhazard = earthquake\nthreshold = 5+\ngroups = G9\n", 1, "G9"),
    ("[a]\nhazard = earthquake\nthreshold = 5+\ntemplate = nothing\n", 1, "nothing"),
])
def test_rules_check_names_file_and_line(feeds, text, line, words):
    feeds.write_rules(text)
    done = feeds.tenko.cli("feed", "rules", "--check", code=78)
    assert words in done.stdout and "test.conf" in done.stdout
    assert f"test.conf:{line}" in done.stdout or words == "nothing"


def test_a_missing_template_is_made_up_for_rather_than_nobody_told(feeds):
    feeds.write_rules("[a]\nhazard = earthquake\nthreshold = 5+\ntemplate = nothing\n")
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start()
    feeds.wait_telegrams(1, "read")
    broadcast, = feeds.broadcasts()
    assert "震度速報" in broadcast["title"] and "宮城県北部: 震度6強" in broadcast["body"]
    assert "nothing" in feeds.process.events("feed.makeshift")[0]["why"]
