"""Families: told by mail of their people's answers, and of strong earthquakes where they are."""

import pytest

from feed_system import now_as, open_feeds, sequence_as_of_now
from harness import wait_for
from smtp_double import SmtpDouble
from test_roster_family import HEADER, family


class Families:
    """m1 has two in the family (one reads English), m2 one with two addresses, t1 one without mail."""

    rows = (family(1, "A1", "m1", 氏名="花子", メール1="hanako@example.com", 地域="220"),
            family(1, "A2", "m1", 氏名="Mary", 言語="en", メール1="mary@example.com", 地域="04"),
            family(1, "B1", "m2", 氏名="次郎", メール1="jiro1@example.com", メール2="jiro2@example.com", 地域="130"),
            family(1, "C1", "t1", 氏名="三郎", 地域="220"))

    def __init__(self, feeds, relay):
        self.feeds, self.tenko, self.relay = feeds, feeds.tenko, relay
        path = self.tenko.root / "family.csv"
        path.write_bytes(("\r\n".join([HEADER, *self.rows]) + "\r\n").encode("cp932"))
        self.tenko.cli("import", "--family", path)
        self.tenko.configure(mail={"relay_port": relay.port, "session_messages": 3, "timeout": "5s"},
                             escalation={"retry_interval": "0s", "final_wait": "1s"},
                             pacing={"outage_backoff_most": "1s"})
        self.tenko.start_redis()

    def start(self, *programs):
        for name in programs or ("tenko-scheduler", "tenko-mail"):
            self.tenko.start(name)

    def ask(self, *more):
        return self.tenko.cli_json("broadcast", "--title", "地震", "--title-en", "Quake", "--yes", *more)["broadcast"]

    def answer(self, broadcast, user, choice):
        self.tenko.cli("reply", broadcast, user, "--choice", choice)

    def mails(self, user=None):
        """Those to families: (address, subject, text)."""
        found = []
        for message in self.relay.messages():
            to = message["X-Sandbox-Recipient"].strip("<> ").split(">")[0]
            if any(name in to for name in ("hanako", "mary", "jiro")):
                found.append((to.split("@")[0], message["Subject"],
                              message.get_body(("plain",)).get_content()))
        return [m for m in found if user in (None, m[0])]

    def wait_mails(self, count, user=None):
        return wait_for(lambda: len(self.mails(user)) >= count and self.mails(user), 30,
                        f"{count} mails to {user or 'families'}: {self.mails()}")

    def settled(self, broadcast=None):
        """Until everything that families are to be told is through."""
        wait_for(lambda: not self.tenko.sql(
            "SELECT 1 FROM delivery d JOIN broadcast b ON b.id = d.broadcast_id"
            " WHERE b.kind = 4 AND d.state IN (1, 2)"
            " UNION SELECT 1 FROM reply WHERE id > (SELECT position FROM cursor WHERE name = 'reply')"
            " UNION SELECT 1 FROM broadcast WHERE kind = 4 AND state < 5"), 30, "the families' mails")
        self.tenko.cli("verify")


@pytest.fixture
def families(tenko):
    with open_feeds(tenko) as feeds, SmtpDouble(tenko.root / "relay") as relay:
        yield Families(feeds, relay)


# answers


def test_an_answer_is_told_in_their_language(families):
    families.start()
    number = families.ask()
    families.answer(number, "m1", "safe")
    families.wait_mails(2)
    families.settled()
    [(_, subject, text)] = families.mails("hanako")
    assert subject == "山田 m1さんの安否: 無事です"
    for words in ("花子 様", "ご家族へのお知らせです", "山田 m1さんが安否を回答しました", "回答: 無事です", "時刻: 20", "(地震)"):
        assert words in text, words
    assert "/r/" not in text  # there is nothing for them to answer
    [(_, subject, text)] = families.mails("mary")
    assert subject.startswith("山田 m1: ") and "Dear Mary" in text and "(Quake)" in text and "さん" not in text
    families.answer(number, "m2", "safe")
    assert {m[0] for m in families.wait_mails(4)} == {"hanako", "mary", "jiro1", "jiro2"}
    families.settled()
    # somebody without a family changes nothing
    families.answer(number, "k1", "safe")
    families.settled()
    assert len(families.mails()) == 4


def test_only_a_change_is_told(families):
    families.start()
    number = families.ask()
    families.answer(number, "m1", "safe")
    families.wait_mails(2)
    families.settled()
    families.answer(number, "m1", "safe")
    families.settled()
    assert len(families.mails()) == 2
    families.answer(number, "m1", "severe")
    families.wait_mails(4)
    families.settled()
    subjects = [m[1] for m in families.mails("hanako")]
    assert len(subjects) == 2 and subjects[0] != subjects[1] and subjects[0].endswith("無事です")


def test_changes_before_the_mail_goes_out_make_one(families):
    families.start("tenko-scheduler")
    number = families.ask("--to", "user:m1,user:m2")
    # no worker runs: whatever is handed over stays in the queue
    families.answer(number, "m1", "safe")
    families.answer(number, "m1", "severe")
    families.tenko.cli("pause", number)
    news, = wait_for(lambda: families.tenko.sql("SELECT id FROM broadcast WHERE answers_of = ?", number), 15, "news")
    families.tenko.cli("pause", news[0])
    for choice in ("safe", "severe", "safe"):
        families.answer(number, "m2", choice)
    wait_for(lambda: families.tenko.sql("SELECT 1 FROM delivery WHERE broadcast_id = ? AND person_id = -3", *news),
             15, "the delivery")
    families.tenko.cli("resume", news[0])
    families.tenko.start("tenko-mail")
    families.wait_mails(4)
    families.settled()
    assert [m[1] for m in families.mails("jiro1")] == ["山田 m2さんの安否: 無事です"]
    assert [m[1] for m in families.mails("jiro2")] == ["山田 m2さんの安否: 無事です"]
    # who was in the queue already hears of the newest, too
    assert "重傷" in families.mails("hanako")[-1][1] and 1 <= len(families.mails("hanako")) <= 2


def test_drills_are_told_only_if_wanted_and_are_marked(families):
    families.start()
    number = families.ask("--kind", "drill")
    families.answer(number, "m1", "safe")
    wait_for(lambda: families.tenko.cli_json("status", number)["answered"] == 1, 15, "the answer")
    assert families.tenko.sql("SELECT count(*) FROM broadcast WHERE kind = 4") == [(0,)]
    notice = families.ask("--kind", "notice")
    families.answer(notice, "m1", "confirmed")
    wait_for(lambda: families.tenko.cli_json("status", notice)["answered"] == 1, 15, "the answer")
    assert families.tenko.sql("SELECT count(*) FROM broadcast WHERE kind = 4") == [(0,)]
    families.tenko.configure(family={"drills": True})
    families.tenko.processes[-2].send(1)
    families.tenko.processes[-2].wait_log("reload")
    families.answer(number, "m1", "severe")
    families.wait_mails(2)
    assert families.mails("hanako")[0][1].startswith("【訓練】") and "訓練" in families.mails("hanako")[0][2]
    assert families.mails("mary")[0][1].startswith("[Drill] ")


def test_refusals_and_outages_are_as_for_people(families):
    families.relay.rules("rcpt:1 hanako*=451 4.3.0 later", "rcpt mary*=550 5.1.1 nobody here")
    families.start()
    number = families.ask("--to", "user:m1")
    families.answer(number, "m1", "safe")
    families.wait_mails(1, "hanako")
    families.settled()
    figures = families.tenko.cli_json("status", number)["family"]
    assert figures == {"broadcast": 2, "users": 2, "waiting": 0, "in_flight": 0, "delivered": 1, "refused": 1}
    text = families.tenko.cli("status", number).stdout
    assert "Families (tenko status 2)\n  2 told of answers: 1 mails delivered, 1 refused; 0 to be told\n" in text


def test_killed_in_the_middle_nobody_is_forgotten(families):
    families.start()
    number = families.ask("--to", "user:m1,user:m2")
    for turn, choice in enumerate(("safe", "severe", "safe")):
        families.answer(number, "m1", choice)
        families.answer(number, "m2", choice)
        for process in families.tenko.processes[-2:]:
            process.kill()
        if turn == 1:
            families.tenko.redis.client.flushall()
        families.start()
    families.wait_mails(4)
    families.settled()
    for name in ("hanako", "jiro1", "jiro2"):
        assert families.mails(name)[-1][1].endswith("無事です"), families.mails(name)


# earthquakes

STRONG, STRONGER = "32-39_11_01", "32-39_11_05"  # 6+ in 220; then 7 there, and 5+ in 350


def add(families, *rows):
    path = families.tenko.root / "more.csv"
    path.write_bytes(("\r\n".join([HEADER, *rows]) + "\r\n").encode("cp932"))
    families.tenko.cli("import", "--family", path)


def test_an_earthquake_is_told_once_to_those_where_it_is_strong(families):
    feeds = families.feeds
    add(families, family(1, "D1", "k1", 氏名="四郎", メール1="jiro350@example.com", 地域="350"))
    first, second = sequence_as_of_now(STRONG, STRONGER)
    families.start()
    feeds.double.publish("eqvol", "1_VXSE51.xml", first)
    feeds.start()
    feeds.wait_telegrams(1, "read")
    assert {m[0] for m in families.wait_mails(2)} == {"hanako", "mary"}  # by the region, by its prefecture
    [(_, subject, text)] = families.mails("hanako")
    assert "震度6強" in subject and "宮城県北部" in text and "お住まいの地域" in text and "/r/" not in text
    [(_, subject, text)] = families.mails("mary")
    assert "Earthquake where you live" in subject and "Dear Mary" in text
    feeds.double.publish("eqvol", "2_VXSE53.xml", second)
    feeds.wait_telegrams(2, "read")
    assert len(families.wait_mails(1, "jiro350")) == 1
    families.settled()
    # once each; the one far away and the one without an address get nothing
    assert sorted(m[0] for m in families.mails()) == ["hanako", "jiro350", "mary"]
    assert [b["targeted"] for b in feeds.broadcasts() if b["kind"] == 4] == [3, 1]
    # people are who they were
    assert feeds.reached(next(b["id"] for b in feeds.broadcasts() if b["kind"] == 1)) == {"m1", "m2", "m3"}


def test_drills_and_tests_are_not_told_unless_wanted(families):
    feeds = families.feeds
    families.start()
    feeds.double.publish("eqvol", "1.xml", now_as(STRONG).replace("<Status>通常".encode(), "<Status>訓練".encode()))
    feeds.double.publish("eqvol", "2.xml", now_as(STRONG).replace("<Status>通常".encode(), "<Status>試験".encode()))
    feeds.start()
    feeds.wait_telegrams(2)
    assert [b for b in feeds.broadcasts() if b["kind"] == 4] == []
    feeds.process.stop()
    families.tenko.configure(family={"drills": True})
    feeds.start()
    telegram = families.tenko.root / "drill.xml"
    telegram.write_bytes(now_as(STRONG))
    for n in (1, 2):
        families.tenko.cli("feed", "inject", telegram, "--drill")
        families.wait_mails(2 * n)
    families.settled()
    assert all(("訓練" in m[1] and "これは訓練です" in m[2]) or ("[Drill]" in m[1] and "This is a drill" in m[2])
               for m in families.mails())
    # the drill does not count as told
    feeds.double.publish("eqvol", "3.xml", now_as(STRONG))
    families.wait_mails(6)
    assert "訓練" not in families.mails("hanako")[-1][1]


@pytest.mark.parametrize("settings, told", [({"threshold": "7"}, 0), ({"earthquakes": False}, 0), ({"threshold": "6+"}, 3),
                                            ({"age_most": "1m"}, 0)])
def test_what_the_settings_say(families, settings, told):
    feeds = families.feeds
    families.tenko.configure(family=settings)
    feeds.double.publish("eqvol", "1.xml", now_as(STRONG, 120))
    feeds.start()
    feeds.wait_telegrams(1, "read")
    assert [b["targeted"] for b in feeds.broadcasts() if b["kind"] == 4] == ([told] if told else [])


# how it is shown


def test_they_are_no_people(families):
    families.start()
    number = families.ask()
    assert families.tenko.cli_json("status", number)["targeted"] == 6
    families.answer(number, "m1", "safe")
    families.wait_mails(2)
    families.settled()
    assert families.tenko.cli_json("status")["broadcast"] == number  # the newest to people
    assert families.tenko.cli_json("status", number)["targeted"] == 6
    assert families.tenko.cli_json("broadcast", "--title", "T", "--dry-run")["targeted"] == 6
    status = families.tenko.cli_json("status", number + 1)
    assert status["kind"] == "family" and status["targeted"] == status["exhausted"] == 2 and status["balanced"]
    people = families.tenko.cli_json("list", number + 1)["people"]
    assert [(p["user"], p["name"], p["state"]) for p in people] == [
        ("m1/A1", "花子", "exhausted"), ("m1/A2", "Mary", "exhausted")]
    assert "Answers" not in families.tenko.cli("status", number + 1).stdout
    person = families.tenko.cli_json("person", "m1")
    assert [(f["code"], f["name"], f["language"], f["region"]) for f in person["family"]] == [
        ("A1", "花子", "ja", "220"), ("A2", "Mary", "en", "04")]
    assert person["family"][0]["mail"] != ["hanako@example.com"]
    assert families.tenko.cli_json("person", "m1", "--addresses")["family"][0]["mail"] == ["hanako@example.com"]
    text = families.tenko.cli("person", "m1").stdout
    assert "Family\n  A1  花子  ja  220  h" in text
    assert "Family" not in families.tenko.cli("person", "k1").stdout
    done = families.tenko.cli("broadcast", "--title", "T", "--kind", "family", code=64)
    assert "safety, notice or drill" in done.stderr


def test_who_is_taken_out_is_not_told(families):
    families.start("tenko-scheduler")
    number = families.ask("--to", "user:m1")
    families.answer(number, "m1", "safe")
    wait_for(lambda: families.tenko.sql("SELECT 1 FROM delivery WHERE person_id = -2"), 15, "the deliveries")
    path = families.tenko.root / "gone.csv"
    path.write_text(f"{HEADER}\r\n3,A2,m1,,,,,,,,,,\r\n", encoding="utf-8")
    families.tenko.cli("import", "--family", path)
    families.tenko.start("tenko-mail")
    families.wait_mails(1, "hanako")
    families.settled()
    families.answer(number, "m1", "severe")
    families.wait_mails(2, "hanako")
    families.settled()
    assert len(families.mails("mary")) <= 1
    users = [p["user"] for p in families.tenko.cli_json("list", number + 1)["people"]]
    assert sorted(users) == ["", "m1/A1"]
