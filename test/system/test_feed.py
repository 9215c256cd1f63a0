"""tenko-feed as a whole: what feeds name is fetched, read, decided about and acted on exactly once,
however the other side behaves and whatever happens to us."""

import contextlib
import json
import re
import signal
import sqlite3
import threading
import time

import pytest
from feed_double import restamped
from feed_system import feeds, now_as, official, sequence_as_of_now  # noqa: F401  (a fixture)
from harness import BIN, REPOSITORY, wait_for

STRONG = "32-39_11_01"   # 震度速報: 6+ in 宮城県北部
STRONGER = "32-39_11_05"  # 震源・震度に関する情報: 7 there, 31 regions
BILLION_LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY lol "lol">""" + b"".join(
    b'<!ENTITY lol%d "%s">' % (i, b"&lol%d;" % (i - 1) * 10 if i > 1 else b"&lol;" * 10)
    for i in range(1, 10)) + b"]><lolz>&lol9;</lolz>"


def test_a_strong_earthquake_asks_for_a_broadcast_to_those_who_live_or_work_there(feeds):
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start()
    telegram, = feeds.wait_telegrams(1, "read")
    broadcast, = feeds.broadcasts()
    assert broadcast["targeted"] == 3  # by work, by home, by the prefecture alone
    assert broadcast["by"] == "rule:earthquake" and broadcast["kind"] == 1
    assert "震度6強" in broadcast["title"] and "宮城県北部" in broadcast["body"]
    sent = [d for d in feeds.decisions() if d["verdict"] == "send"]
    assert [d["broadcast"] for d in sent] == [broadcast["id"]] and "220" in str(sent[0]["acted"])
    assert telegram["key"] == feeds.double.url("/data/1_VXSE51.xml")
    wait_for(lambda: feeds.tenko.sql("SELECT 1 FROM meta WHERE key = ? AND value > 600000",
                                     f"forecast.{broadcast['id']}"), 10, "how long it will take", feeds.process)


def test_a_telegram_is_fetched_once_and_an_unchanged_feed_is_answered_with_304(feeds):
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start()
    feeds.wait_telegrams(1, "read")
    wait_for(lambda: feeds.double.count("/feed/eqvol.xml", 304) >= 3)
    assert feeds.double.count("/feed/eqvol.xml", 200) == 1
    assert feeds.double.count("/data/*") == 1
    feeds.double.publish("eqvol", "2_VXSE53.xml", now_as("32-35_01_03_100514"))
    feeds.wait_telegrams(2)
    assert feeds.double.count("/data/1_VXSE51.xml") == 1


def test_the_next_report_reaches_only_those_newly_covered(feeds):
    first, second = sequence_as_of_now(STRONG, STRONGER)
    feeds.tenko.start_redis()
    feeds.tenko.start("tenko-scheduler")
    feeds.double.publish("eqvol", "1_VXSE51.xml", first)
    feeds.start()
    feeds.wait_telegrams(1, "read")
    feeds.double.publish("eqvol", "2_VXSE53.xml", second)
    feeds.wait_telegrams(2, "read")
    one, two = feeds.broadcasts()
    wait_for(lambda: feeds.fanned_out(one["id"]) and feeds.fanned_out(two["id"]))
    assert feeds.reached(one["id"]) == {"m1", "m2", "m3"}
    assert feeds.reached(two["id"]) == {"t1"}


def test_repeated_and_late_reports_change_nothing(feeds):
    first, second = sequence_as_of_now(STRONG, STRONGER)
    feeds.double.publish("eqvol", "2.xml", second)
    feeds.start()
    feeds.wait_telegrams(1, "read")
    feeds.double.publish("eqvol", "1.xml", first)
    feeds.double.publish("eqvol", "3.xml", second)
    feeds.wait_telegrams(3, "read")
    assert len(feeds.broadcasts()) == 1
    assert all(d["reason"] for d in feeds.decisions())


@pytest.mark.parametrize("rule", [404, 500, 503, 302, "half", "cut", "hang", "reset", "huge", "slow"])
def test_a_telegram_whose_fetch_failed_is_fetched_again(feeds, rule):
    feeds.configure(timeout="1s")
    feeds.double.answer("/data/*", rule)
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start()
    feeds.wait_telegrams(1, "read")
    assert len(feeds.broadcasts()) == 1
    assert feeds.double.count("/data/*") == 2


@pytest.mark.parametrize("rule", [404, 500, "half", "cut", "hang", "reset", "huge", BILLION_LAUGHS,
                                  b"<html>maintenance</html>", b"", b"\xff\xfe<\0f\0e\0e\0d\0/\0>\0",
                                  '<?xml version="1.0" encoding="Shift_JIS"?><feed>気象庁</feed>'.encode("cp932")])
def test_a_feed_that_misbehaves_is_asked_again(feeds, rule):
    feeds.configure(timeout="1s")
    feeds.double.answer("/feed/*", rule, times=2)
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start()
    feeds.wait_telegrams(1, "read")
    assert len(feeds.broadcasts()) == 1
    assert len(feeds.process.events("feed.failed")) == 2
    assert all(e["why"] for e in feeds.process.events("feed.failed"))


@pytest.mark.parametrize("damaged", [BILLION_LAUGHS, b"<Report>", b"not XML at all", b"{}", b"", b"\0" * 100])
def test_a_damaged_telegram_is_refused_with_a_reason_after_some_tries(feeds, damaged):
    feeds.double.publish("eqvol", "1_VXSE51.xml", damaged)
    feeds.double.publish("eqvol", "2_VXSE51.xml", now_as(STRONG))
    feeds.start()
    refused, = feeds.wait_telegrams(1, "refused")
    assert refused["reason"]
    feeds.wait_telegrams(1, "read")
    asked = feeds.double.count("/feed/*")
    wait_for(lambda: feeds.double.count("/feed/*") >= asked + 3)
    assert feeds.double.count("/data/1_VXSE51.xml") == 3


def test_a_feed_of_200_mb_and_a_slow_one_hold_up_nobody_else(feeds):
    feeds.configure(timeout="30s", atom_urls=f"{feeds.double.url('/feed/slow.xml')}"
                    f" {feeds.double.url('/feed/eqvol.xml')} {feeds.double.url('/feed/huge.xml')}")
    for name, rule in (("slow", "slow"), ("huge", "huge")):
        feeds.double.answer(f"/feed/{name}.xml", rule, times=None)
        feeds.double.publish(name, "0.xml", now_as(STRONG))
    feeds.start()
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.wait_telegrams(1, "read", deadline=10)
    assert feeds.process.alive


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_clock_ten_minutes_off_loses_nothing(feeds, minutes):
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG, seconds_ago=-60 * minutes),
                         updated=time.time() + 60 * minutes)
    feeds.start()
    feeds.wait_telegrams(1, "read")
    assert len(feeds.broadcasts()) == 1


def test_after_a_start_the_long_feed_is_read_as_far_back_as_age_most(feeds):
    now = time.time()
    feeds.configure(atom_long_urls=feeds.double.url("/feed/eqvol_l.xml"), age_most="2h")
    feeds.double.publish("eqvol_l", "old_VXSE51.xml", official(STRONG), updated=now - 3 * 3600)
    feeds.double.publish("eqvol_l", "1_VXSE51.xml", now_as(STRONG, 1800), updated=now - 1800)
    feeds.double.publish("eqvol", "2_VXSE53.xml", now_as("32-35_01_03_100514"))
    feeds.start()
    feeds.wait_telegrams(2, "read")
    assert feeds.double.count("/data/old_VXSE51.xml") == 0
    skipped, = feeds.process.events("feed.skipped")
    assert skipped["telegrams"] == "1" and "age_most" in skipped["why"]
    assert len(feeds.broadcasts()) == 1
    # not again at once, however often it is started
    feeds.process.stop()
    feeds.start()
    asked = feeds.double.count("/feed/eqvol.xml")
    wait_for(lambda: feeds.double.count("/feed/eqvol.xml") >= asked + 3)
    assert feeds.double.count("/feed/eqvol_l.xml") == 1 and feeds.double.count("/data/*") == 2


def test_what_was_published_while_we_were_down_is_acted_on(feeds):
    feeds.start()
    wait_for(lambda: feeds.double.count("/feed/eqvol.xml") >= 1)
    feeds.process.kill()
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start()
    feeds.wait_telegrams(1, "read")
    assert len(feeds.broadcasts()) == 1


def test_killed_again_and_again_it_acts_on_each_telegram_once(feeds):
    names = [f"{i:02}.xml" for i in range(12)]
    telegrams = sequence_as_of_now(*[STRONG] * 6 + [STRONGER] * 6)
    for name, telegram in zip(names, telegrams):
        feeds.double.publish("eqvol", name, telegram)
    kills = 0
    while len(feeds.telegrams("read")) < len(names):
        assert kills < 60
        feeds.start()
        done = len(feeds.telegrams("read"))
        wait_for(lambda: len(feeds.telegrams("read")) > done, process=feeds.process)
        feeds.process.kill()
        kills += 1
    feeds.start()
    wait_for(lambda: feeds.double.count("/feed/eqvol.xml") > kills)
    assert sorted(t["key"].rpartition("/")[2] for t in feeds.telegrams()) == names
    decided = [(d["telegram"], d["rule"]) for d in feeds.decisions()]
    assert len(decided) == len(set(decided))
    # one, where the second report came first; else one more for those whom it covers anew
    assert 1 <= len(feeds.broadcasts()) <= 2
    assert [d["broadcast"] for d in feeds.decisions() if d["broadcast"]] == \
        [b["id"] for b in feeds.broadcasts()]


@contextlib.contextmanager
def locked(tenko):
    """The store, held by somebody else."""
    db = sqlite3.connect(tenko.data_dir / "tenko.db", isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


@pytest.mark.parametrize("point, settled", [("feed.read", 0), ("feed.uncommitted", 0), ("feed.committed", 1)])
def test_killed_at_a_boundary_it_has_acted_on_all_or_nothing(feeds, point, settled):
    if point.encode() not in (BIN / "tenko-feed").read_bytes():
        pytest.skip("built without crash points (make CRASH=1)")
    feeds.tenko.start_redis()
    feeds.tenko.start("tenko-scheduler")
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start(ready=False, env={"TENKO_CRASH": f"{point}:1"})
    assert feeds.process.wait() == -signal.SIGKILL
    assert len(feeds.telegrams()) == len(feeds.decisions()) == len(feeds.broadcasts()) == settled
    feeds.start()
    feeds.wait_telegrams(1, "read")
    broadcast, = feeds.broadcasts()
    wait_for(lambda: feeds.fanned_out(broadcast["id"]), process=feeds.process)
    assert feeds.reached(broadcast["id"]) == {"m1", "m2", "m3"} and len(feeds.decisions()) == 1


def kill_points():
    """When the feed is asked, when the telegram is, and at many moments from then on until long after
    everything is committed."""
    return [("before", "/feed/", 0), ("after", "/feed/", 0), ("before", "/data/", 0)] + \
        [("after", "/data/", n * 0.0007) for n in range(18)]


def test_killed_between_any_two_steps_it_has_acted_on_all_or_nothing(feeds):
    """Each telegram is of a shaking of its own: one broadcast each."""
    original = now_as(STRONG)
    event_id = re.search(rb"<EventID>(\d+)</EventID>", original)[1]
    feeds.tenko.start_redis()
    feeds.tenko.start("tenko-scheduler")
    feeds.write_rules("[quake]\nhazard = earthquake\nthreshold = 5+\nguard = 0s\n")
    caught = 0
    for n, (when, path, delay) in enumerate(kill_points()):
        telegram = original.replace(event_id, b"20110311%06d" % n)
        feeds.double.publish("eqvol", f"{n:02}.xml", restamped(telegram, -30 * n))
        killed = threading.Event()

        def kill(moment, requested):
            if (moment, requested.startswith(path)) == (when, True) and not killed.is_set():
                time.sleep(delay)
                if feeds.process.alive:  # not the request of one that was killed before
                    feeds.process.send(signal.SIGKILL)
                    killed.set()

        before = len(feeds.telegrams())
        feeds.start(ready=False)
        feeds.double.watcher = kill
        assert killed.wait(20)
        feeds.process.wait()
        feeds.double.watcher = None
        for mark in (feeds.tenko.data_dir / "run").glob("feed.reading-*"):
            mark.unlink()  # it did not die of the telegram
        settled = {t["id"] for t in feeds.telegrams()}
        caught += len(settled) == before
        # what is there is there as a whole
        assert {d["telegram"] for d in feeds.decisions()} == settled
        assert len(feeds.broadcasts()) == len(settled)
    feeds.start()
    total = len(kill_points())
    feeds.wait_telegrams(total, "read")
    assert caught >= 4
    assert [d["verdict"] for d in feeds.decisions()] == ["send"] * total
    assert sorted(d["broadcast"] for d in feeds.decisions()) == [b["id"] for b in feeds.broadcasts()]
    wait_for(lambda: all(feeds.fanned_out(b["id"]) for b in feeds.broadcasts()), process=feeds.process)


def test_a_busy_store_only_delays(feeds):
    feeds.start()
    with locked(feeds.tenko):
        feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
        wait_for(lambda: feeds.process.events("feed.store"), deadline=30)
        assert feeds.telegrams() == []
    feeds.wait_telegrams(1, "read")
    assert len(feeds.broadcasts()) == 1


def test_private_addresses_and_plain_http_are_refused_unless_allowed(feeds):
    feeds.configure(allow_private=False)
    feeds.start()
    feeds.process.wait_log("feed.failed")
    assert feeds.double.requests == []
    assert "https" in feeds.process.events("feed.failed")[0]["why"] or \
        "public" in feeds.process.events("feed.failed")[0]["why"]


def test_nothing_is_fetched_unless_enabled_and_sighup_turns_it_on(feeds):
    feeds.configure(enabled=False)
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start()
    assert feeds.double.requests == []
    feeds.configure(enabled=True)
    feeds.process.send(signal.SIGHUP)
    feeds.wait_telegrams(1, "read")


def test_rules_are_read_again_on_sighup_and_kept_where_they_are_at_fault(feeds):
    feeds.write_rules("[only]\nhazard = earthquake\nthreshold = 7\n")
    feeds.start()
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.wait_telegrams(1, "read")
    assert feeds.broadcasts() == []
    feeds.write_rules("[only]\nhazard = earthquak\nthreshold = 5+\n")
    feeds.process.send(signal.SIGHUP)
    feeds.process.wait_log(r"feed\.rules kept=yes error=.*test\.conf:2")
    feeds.write_rules("[only]\nhazard = earthquake\nthreshold = 5+\n")
    feeds.process.send(signal.SIGHUP)
    wait_for(lambda: len(feeds.process.events("feed.rules")) == 3)
    feeds.double.publish("eqvol", "2_VXSE51.xml", now_as(STRONG, 4))
    feeds.wait_telegrams(2, "read")
    assert len(feeds.broadcasts()) == 1


def test_bad_rules_keep_it_from_starting(feeds):
    feeds.write_rules("[only]\nhazard = earthquake\n")
    process = feeds.tenko.start("tenko-feed", ready=False)
    assert process.wait() == 78
    assert "test.conf:1" in process.log() and "threshold" in process.log()


def test_a_feed_that_is_silent_for_long_is_warned_of_once(feeds):
    feeds.configure(stale_after="1s")
    feeds.double.answer("/feed/*", 500, times=None)
    feeds.start()
    feeds.process.wait_log(r"error feed\[\d+\] feed\.stale source=atom")
    asked = feeds.double.count("/feed/*")
    wait_for(lambda: feeds.double.count("/feed/*") > asked)
    feeds.double.behave()
    feeds.process.wait_log("feed.fresh")
    assert len(feeds.process.events("feed.stale")) == 1
    shown = feeds.tenko.cli_json("feed", "list")["feeds"]
    assert shown[0]["fault"] == "" and shown[0]["answered_at"]


def test_two_of_them_do_not_work_on_one_store(feeds):
    feeds.start()
    second = feeds.tenko.start("tenko-feed", ready=False)
    second.wait_log("feed.waits")
    feeds.process.stop()
    second.wait_log("feed.started")


# what follows


def test_a_held_telegram_is_sent_when_nothing_corrected_it(feeds):
    feeds.write_rules("[held]\nhazard = earthquake\nthreshold = 5+\nhold = 2s\n")
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.start()
    feeds.wait_telegrams(1, "read")
    assert feeds.broadcasts() == []
    assert [d["verdict"] for d in feeds.decisions()] == ["hold"]
    feeds.process.kill()  # what is held survives
    feeds.start()
    wait_for(lambda: feeds.broadcasts(), process=feeds.process)
    assert [d["verdict"] for d in feeds.decisions()] == ["hold", "send"]
    assert feeds.decisions()[0]["due_at"] is None


def cancel_of(telegram):
    """A cancel of the same title and event."""
    text = telegram.decode()
    head, _, rest = text.partition("<Body")
    head = head.replace("<InfoType>発表</InfoType>", "<InfoType>取消</InfoType>")
    tag = rest.partition(">")[0]
    return f"{head}<Body{tag}><Text>先ほどの震度速報を取り消します。</Text></Body></Report>".encode()


def test_what_is_cancelled_while_held_is_dropped(feeds):
    feeds.write_rules("[held]\nhazard = earthquake\nthreshold = 5+\nhold = 3s\n")
    telegram = now_as(STRONG)
    feeds.double.publish("eqvol", "1_VXSE51.xml", telegram)
    feeds.start()
    feeds.wait_telegrams(1, "read")
    feeds.double.publish("eqvol", "2_VXSE51.xml", cancel_of(telegram))
    feeds.wait_telegrams(2, "read")
    wait_for(lambda: all(d["due_at"] is None for d in feeds.decisions()))
    assert feeds.broadcasts() == []


def test_a_cancel_sends_a_correction_to_those_who_were_contacted(feeds):
    feeds.write_rules("[quake]\nhazard = earthquake\nthreshold = 5+\ncancel_stops = yes\n")
    feeds.tenko.start_redis()
    feeds.tenko.start("tenko-scheduler")
    telegram = now_as(STRONG)
    feeds.double.publish("eqvol", "1_VXSE51.xml", telegram)
    feeds.start()
    feeds.wait_telegrams(1, "read")
    one, = feeds.broadcasts()
    # handed over: whether they arrived is not known, so they may have
    wait_for(lambda: feeds.tenko.sql("SELECT count(*) FROM attempt")[0][0] == 3)
    feeds.double.publish("eqvol", "2_VXSE51.xml", cancel_of(telegram))
    feeds.wait_telegrams(2, "read")
    one, two = feeds.broadcasts()
    assert two["by"] == "rule:quake" and two["kind"] == 2 and two["targets"] == f"contacted:{one['id']}"
    wait_for(lambda: feeds.fanned_out(two["id"]))
    assert feeds.reached(two["id"]) == {"m1", "m2", "m3"}
    assert feeds.tenko.sql("SELECT state FROM broadcast WHERE id = ?", one["id"]) == [(6,)]
    assert [d["verdict"] for d in feeds.decisions()] == ["send", "correct"]


# other sources


def test_messages_of_p2pquake_are_taken_one_by_one(feeds):
    message = {"_id": "a1", "id": "a1", "code": 551, "time": "2026/11/21 12:00:00.000",
               "issue": {"type": "ScalePrompt", "source": "気象庁", "correct": "None",
                         "time": time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(time.time() + 9 * 3600))},
               "earthquake": {"time": time.strftime("%Y/%m/%d %H:%M:%S", time.gmtime(time.time() + 9 * 3600)),
                              "hypocenter": {"name": "", "depth": -1, "magnitude": -1, "latitude": -200,
                                             "longitude": -200},
                              "maxScale": 60, "domesticTsunami": "Checking", "foreignTsunami": "Unknown"},
               "points": [{"pref": "宮城県", "addr": "宮城県北部", "isArea": True, "scale": 60}]}
    crowd = {"_id": "b1", "id": "b1", "code": 9611, "time": "2026/11/21 12:00:01.000"}
    (feeds.double.folder / "p2pquake.json").write_text(json.dumps([crowd, message]))
    feeds.configure(atom_urls="", p2pquake_url=feeds.double.url("/p2pquake?codes=551"), p2pquake_interval="1s")
    feeds.start()
    feeds.wait_telegrams(2)
    assert {t["key"]: t["state"] for t in feeds.telegrams()} == {"a1": "read", "b1": "passed"}
    assert feeds.broadcasts()[0]["targeted"] == 2
    wait_for(lambda: feeds.double.count("/p2pquake*") >= 3)
    assert len(feeds.telegrams()) == 2


def test_cap_alerts_are_taken_from_their_address(feeds):
    alert = (REPOSITORY / "test" / "data" / "cap" / "oasis_example2.xml").read_bytes()
    (feeds.double.folder / "one.cap").write_bytes(alert)
    feeds.configure(atom_urls="", cap_urls=feeds.double.url("/cap/one"))
    feeds.start()
    feeds.wait_telegrams(1)
    wait_for(lambda: feeds.double.count("/cap/one") >= 3)
    assert len(feeds.telegrams()) == 1


def test_old_telegrams_are_tidied_away_but_not_those_that_sent(feeds):
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    feeds.double.publish("eqvol", "2_VXSE52.xml", now_as("32-35_01_02"))
    feeds.start()
    feeds.wait_telegrams(2)
    feeds.process.stop()
    feeds.tenko.sql("UPDATE telegram SET received_at = received_at - 400 * 86400000")
    feeds.configure(enabled=False)
    feeds.start()
    feeds.process.wait_log("feed.tidied telegrams=1")
    assert [t["key"].rpartition("/")[2] for t in feeds.telegrams()] == ["1_VXSE51.xml"]


def test_a_telegram_that_kills_again_and_again_does_not_keep_the_others_waiting(feeds):
    if b"feed.read" not in (BIN / "tenko-feed").read_bytes():
        pytest.skip("built without crash points (make CRASH=1)")
    feeds.double.publish("eqvol", "1_VXSE51.xml", now_as(STRONG))
    for _ in range(10):
        feeds.start(ready=False, env={"TENKO_CRASH": "feed.read:1"})
        assert feeds.process.wait() == -signal.SIGKILL
        assert feeds.telegrams() == []
    feeds.start(env={"TENKO_CRASH": "feed.read:1"})
    refused, = feeds.wait_telegrams(1, "refused")
    assert "died 10 times" in refused["reason"]
    assert feeds.process.alive
    feeds.process.kill()
    feeds.double.publish("eqvol", "2_VXSE51.xml", now_as(STRONG, 4))
    feeds.start()
    feeds.wait_telegrams(1, "read")
    assert list((feeds.tenko.data_dir / "run").glob("feed.reading-*")) == []
