"""The scheduler with a real worker, a real Redis and a real relay: controls, order of urgency, and
what it makes of every way in which the queue can fail."""

import shutil
import signal
import struct
import time

import pytest

from crowd import Sink, addresses_of, answer, duplicates, import_crowd
from harness import wait_for


@pytest.fixture
def system(tenko):
    """Thirty people with two addresses each, at ten mails a second; not a process runs yet but Redis
    and the relay."""
    tenko.sink = Sink(tenko.root / "sink").start()
    try:
        tenko.configure(
            mail={"relay_port": tenko.sink.port, "session_messages": 5, "timeout": "3s"},
            pacing={"mail_rate": 10, "outage_backoff_most": "1s", "mail_window": 10},
            escalation={"retry_interval": "1s", "final_wait": "1s"},
            redis={"claim_timeout": "10s", "timeout": "1s"},
        )
        tenko.start_redis()
        import_crowd(tenko, 30)
        yield tenko
    finally:
        tenko.sink.stop()


def start(tenko, *programs):
    for name in programs or ("tenko-scheduler", "tenko-mail"):
        tenko.start(name)


def ask(tenko, *more):
    return tenko.cli_json("broadcast", "--title", "地震", "--yes", *more)["broadcast"]


def sent(tenko):
    return sum(tenko.cli_json("status")["attempts"]["mail"].values())


def finished(tenko, number=None, deadline=60):
    words = ["status"] + ([str(number)] if number else [])
    return wait_for(lambda: (s := tenko.cli_json(*words)) and s["state"] in ("finished", "cancelled")
                    and s["waiting"] + s["in_flight"] == 0 and s, deadline, "the end")


def everybody_once(tenko, people=range(1, 31), answered=()):
    messages = [recipient for recipient, _ in tenko.sink.messages()]
    for n in people:
        if n not in answered:
            for address in addresses_of(n, 2):
                assert messages.count(address) == 1, address
    tenko.cli("verify")


def test_each_address_once_and_first_before_second(system):
    start(system)
    ask(system)
    status = finished(system)
    assert status["targeted"] == status["exhausted"] == 30
    everybody_once(system)
    order = [recipient for recipient, _ in system.sink.messages()]
    for n in range(1, 31):
        first, second = addresses_of(n, 2)
        assert order.index(first) < order.index(second)


def test_cancel_sends_nothing_more(system):
    start(system)
    number = ask(system)
    wait_for(lambda: sent(system) >= 10)
    assert "called off" in system.cli("cancel", number).stdout
    status = finished(system, number)
    count = len(system.sink.messages())
    assert count < 60
    assert status["cancelled"] + status["exhausted"] + status["answered"] == 30
    assert status["cancelled"] > 0
    # A second broadcast runs through; of the first nothing more comes.
    system.configure(pacing={"mail_rate": 0})
    second = ask(system, "--to", "user:p1")
    finished(system, second)
    attempts = system.sql("SELECT count(*) FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
                          " WHERE d.broadcast_id = 1 AND a.outcome = 1")[0][0]
    assert len(system.sink.messages()) == attempts + 2
    system.cli("verify")


def test_pause_holds_and_resume_goes_on(system):
    start(system)
    number = ask(system)
    wait_for(lambda: sent(system) >= 10)
    system.cli("pause", number)
    wait_for(lambda: system.cli_json("status")["state"] == "paused")
    wait_for(lambda: system.cli_json("status")["in_flight"] == 0)
    before = len(system.sink.messages())
    end = time.monotonic() + 2  # twenty mails' time
    wait_for(lambda: time.monotonic() > end, 5)
    assert len(system.sink.messages()) == before
    system.cli("resume", number)
    assert finished(system)["exhausted"] == 30
    everybody_once(system)


def test_remind_asks_only_who_did_not_answer(system):
    system.configure(pacing={"mail_rate": 0})
    start(system, "tenko-scheduler", "tenko-mail", "tenko-reply")
    number = ask(system)
    answer(system, number, 1)
    answer(system, number, 2, "other")
    assert finished(system)["answered"] == 2
    before = len(system.sink.messages())
    system.cli("remind", number)
    wait_for(lambda: len(system.sink.messages()) >= before + 56, 20)
    status = finished(system)
    assert status["exhausted"] == 28
    assert status["answers"]["safe"] == 1 and status["answers"]["other"] == 1
    messages = [recipient for recipient, _ in system.sink.messages()]
    assert messages.count(addresses_of(3, 2)[0]) == 2
    assert messages.count(addresses_of(1, 2)[0]) <= 1
    system.cli("verify")


def test_answer_stops_the_chain_and_the_newest_counts(system):
    start(system, "tenko-scheduler", "tenko-mail", "tenko-reply")
    number = ask(system)
    wait_for(lambda: sent(system) >= 3)
    for person in range(1, 11):
        answer(system, number, person, "slight")
    answer(system, number, 5, "safe")
    status = finished(system)
    assert status["answered"] == 10 and status["exhausted"] == 20
    assert status["answers"] == {"safe": 1, "slight": 9, "severe": 0, "other": 0}
    recipients = [recipient for recipient, _ in system.sink.messages()]
    assert sum(addresses_of(n, 2)[1] in recipients for n in range(1, 11)) < 10
    everybody_once(system, answered=range(1, 11))
    # Late is not too late.
    answer(system, number, 30, "severe")
    wait_for(lambda: system.cli_json("status")["answered"] == 11)
    assert system.cli_json("status")["balanced"]
    system.cli("verify")


def test_urgent_passes_routine(system):
    start(system)
    routine = ask(system, "--kind", "notice")
    wait_for(lambda: sent(system) >= 5)
    urgent = ask(system, "--to", "user:p30")
    finished(system, urgent, 30)
    assert system.cli_json("status", str(routine))["state"] == "running"
    finished(system, routine)
    system.cli("verify")


def test_scheduler_killed_again_and_again(system):
    system.start("tenko-mail")
    scheduler = system.start("tenko-scheduler")
    ask(system)
    for n in range(1, 9):
        wait_for(lambda: sent(system) >= 6 * n)
        scheduler.kill()
        scheduler = system.start("tenko-scheduler")
    assert finished(system)["exhausted"] == 30
    everybody_once(system)
    assert not duplicates(system.sink.messages())


def test_worker_killed_hands_its_batch_to_another(system):
    system.start("tenko-scheduler")
    worker = system.start("tenko-mail")
    ask(system)
    wait_for(lambda: sent(system) >= 10)
    worker.kill()
    system.start("tenko-mail", "--instance", "2")
    assert finished(system)["exhausted"] == 30
    assert len(duplicates(system.sink.messages())) <= 5
    system.cli("verify")


def test_redis_gone_for_a_while(system):
    start(system, "tenko-scheduler", "tenko-mail", "tenko-reply")
    number = ask(system)
    wait_for(lambda: sent(system) >= 10)
    system.redis.kill()
    answer(system, number, 30)  # replies do not need it
    wait_for(lambda: system.cli_json("status")["answered"] == 1)
    system.start_redis()
    status = finished(system)
    assert (status["answered"], status["exhausted"]) == (1, 29)
    everybody_once(system, answered=[30])
    assert not duplicates(system.sink.messages())


def test_redis_put_back_to_an_older_copy(system):
    start(system)
    ask(system)
    wait_for(lambda: sent(system) >= 10)
    kept = system.root / "kept"
    shutil.copytree(system.redis.folder, kept, ignore=shutil.ignore_patterns("*.sock"))
    wait_for(lambda: sent(system) >= 30)
    system.redis.kill()
    folder = system.redis.folder
    shutil.rmtree(folder)
    shutil.copytree(kept, folder)
    system.start_redis()
    assert finished(system)["exhausted"] == 30
    assert len(duplicates(system.sink.messages())) <= 5
    missing = {a for n in range(1, 31) for a in addresses_of(n, 2)} - {
        recipient for recipient, _ in system.sink.messages()}
    assert not missing
    system.cli("verify")


def test_redis_of_another_store(system):
    client = system.redis.client
    client.xadd("{tenko}:q:mail:0", {"j": b"old"}, id="999999-0")
    client.setbit("{tenko}:stop:1", 3, 1)
    client.set("{tenko}:epoch", 1)
    start(system)
    ask(system)
    assert finished(system)["exhausted"] == 30
    everybody_once(system)


def test_what_cannot_be_read_is_kept_apart(system):
    start(system)
    client = system.redis.client
    wait_for(lambda: client.exists("{tenko}:epoch"))
    client.xadd("{tenko}:results", {"r": b"\x01junk"})
    client.xadd("{tenko}:results", {"r": b"\x03\x00\x01w\x01\x00junk"})
    client.xadd("{tenko}:results", {"other": b"x"})
    ask(system, "--to", "user:p1")
    finished(system)
    last = client.xinfo_stream("{tenko}:q:mail:0")["last-generated-id"].decode().split("-")[0]
    client.xadd("{tenko}:q:mail:0", {"j": b"\x01\x02"}, id=f"{last}-5")
    wait_for(lambda: client.xlen("{tenko}:dead") == 4, 10, "four dead letters")
    wait_for(lambda: client.xlen("{tenko}:results") == 0)
    wait_for(lambda: client.xlen("{tenko}:q:mail:0") <= 1)
    everybody_once(system, people=[1])


def wire_text(text):
    return struct.pack(">H", len(text.encode())) + text.encode()


def one_result(attempt):
    """As workers wrote it before they reported many at once (common/queue/result.h, version 2)."""
    return struct.pack(">BBqqq", 2, 1, attempt, 1, 2) + b"".join(map(wire_text, ("mail-1@old", "250 ok", "", "")))


def report(attempts):
    each = (struct.pack(">Bqqq", 1, attempt, 1, 2) + b"".join(map(wire_text, ("250 ok", "", ""))) for attempt in attempts)
    return b"\x03" + wire_text("mail-1@new") + struct.pack(">H", len(attempts)) + b"".join(each)


def test_reports_of_all_kinds_and_sizes_are_taken_in(system):
    start(system, "tenko-scheduler")
    client = system.redis.client
    ask(system, *(f"--to=user:p{n}" for n in range(1, 7)))
    wait_for(lambda: client.xlen("{tenko}:q:mail:0") == 6, 10, "the jobs of the first addresses")
    jobs = [entry for entry, _ in client.xrange("{tenko}:q:mail:0")]
    attempts = [int(entry.split(b"-")[0]) for entry in jobs]
    pipeline = client.pipeline()
    for n in range(3000):  # nobody's, and now and then nothing that could be read
        pipeline.xadd("{tenko}:results", {"r": one_result(10 ** 6 + n) if n % 100 else b"\x09"})
    pipeline.xadd("{tenko}:results", {"r": one_result(attempts[0])})
    pipeline.xadd("{tenko}:results", {"r": one_result(attempts[0])})
    pipeline.xadd("{tenko}:results", {"r": report([*range(10 ** 6, 10 ** 6 + 496), *attempts[:2], attempts[3], attempts[1]])})
    pipeline.xadd("{tenko}:results", {"r": report([attempts[5], attempts[4], attempts[2], attempts[5]])})
    pipeline.xdel("{tenko}:q:mail:0", *jobs)
    pipeline.execute()
    wait_for(lambda: client.xlen("{tenko}:results") == 0, 20, "all results to be taken in")
    assert client.xlen("{tenko}:dead") == 30
    start(system, "tenko-mail")
    status = finished(system)
    assert status["exhausted"] == 6 and status["attempts"]["mail"] == {"delivered": 12}
    messages = sorted(recipient for recipient, _ in system.sink.messages())
    assert messages == sorted(addresses_of(n, 2)[1] for n in range(1, 7))
    system.cli("verify")
    system.cli("verify", "--ledger")


def test_broadcast_that_expired(system):
    number = ask(system)
    system.sql("UPDATE broadcast SET expires_at = requested_at - 1 WHERE id = ?", number)
    start(system)
    status = finished(system)
    assert status["exhausted"] == 30
    assert status["balanced"]
    system.cli("verify")


def test_contact_of_another_channel_is_passed_over(tenko):
    sink = tenko.sink = Sink(tenko.root / "sink").start()
    try:
        tenko.configure(mail={"relay_port": sink.port},
                        escalation={"retry_interval": "1s", "final_wait": "0s"})
        tenko.start_redis()
        import_crowd(tenko, 2, phone_first={2})
        start(tenko)
        ask(tenko)
        finished(tenko)
        everybody_once(tenko, people=[1, 2])
        assert tenko.sql("SELECT DISTINCT dial_order FROM attempt ORDER BY 1") == [(1,), (2,)]
    finally:
        sink.stop()


def test_contact_removed_while_it_runs(system):
    start(system, "tenko-scheduler")
    ask(system, "--to", "user:p1")
    wait_for(lambda: sent(system) == 0 and system.cli_json("status")["in_flight"] == 1)
    system.sql("DELETE FROM contact WHERE person_id = 1 AND position = 2")
    system.start("tenko-mail")
    status = finished(system)
    assert status["attempts"]["mail"] == {"delivered": 1, "refused": 1}
    system.cli("verify")


def test_status_says_which_channel_is_down_and_why(system):
    start(system, "tenko-scheduler")
    system.sink.stop()
    ask(system, "--to", "user:p1")
    system.start("tenko-mail")
    down = wait_for(lambda: system.cli_json("status")["down"].get("mail"), 20)
    assert "refused" in down["reason"] and down["since"].endswith("Z")
    assert "mail is down since" in system.cli("status").stdout
    system.sink.start()
    assert finished(system)["exhausted"] == 1
    assert system.cli_json("status")["down"] == {}
    everybody_once(system, people=[1])


def test_answers_piled_up_while_the_scheduler_was_away(system):
    """All are read before anybody is tried again."""
    system.configure(pacing={"mail_rate": 0, "mail_window": 100000})
    start(system, "tenko-reply")
    scheduler = system.start("tenko-scheduler")
    number = ask(system)
    wait_for(lambda: system.cli_json("status")["in_flight"] == 30)
    scheduler.kill()
    for person in range(1, 31):
        answer(system, number, person)
    system.sql("INSERT INTO reply(broadcast_id, person_id, choice, way, at)"
               " WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
               " SELECT ?, 1 + i % 29, 'safe', 1, 1 FROM n", number)
    answer(system, number, 30, "other")
    system.start("tenko-scheduler")
    wait_for(lambda: system.cli_json("status")["answered"] == 30)
    system.start("tenko-mail")
    assert finished(system)["answered"] == 30
    wait_for(lambda: system.cli_json("status")["answers"]["other"] == 1)
    assert system.sink.messages() == []


def test_a_second_broadcast_leaves_out_those_of_the_first(system):
    """Asked for at the same time, as by two reports of one shaking: nobody is contacted by both."""
    tenko = system
    tenko.sql("UPDATE person SET home_region = '350' WHERE id <= 20")
    tenko.sql("UPDATE person SET work_region = '360' WHERE id > 10")
    first = ask(tenko, "--to", "region:350@home")
    second = ask(tenko, "--to", "region:350@home,region:360@work", "--except", str(first))
    start(tenko)
    assert finished(tenko, first)["targeted"] == 20
    assert finished(tenko, second)["targeted"] == 10
    everybody_once(tenko)


def test_who_was_called_off_before_anything_came_is_not_left_out(system):
    tenko = system
    tenko.configure(pacing={"mail_rate": 5})
    start(tenko)
    first = ask(tenko)
    wait_for(lambda: sent(tenko) >= 5, 30, "the first mails")
    tenko.cli("cancel", first)
    finished(tenko, first)
    reached = {n for n in range(1, 31) for a in addresses_of(n, 2)
               if a in [recipient for recipient, _ in tenko.sink.messages()]}
    assert 0 < len(reached) < 30
    second = ask(tenko, "--except", str(first))
    status = finished(tenko, second)
    messages = [recipient for recipient, _ in tenko.sink.messages()]
    for n in set(range(1, 31)) - reached:
        assert all(messages.count(a) == 1 for a in addresses_of(n, 2)), n
    assert status["targeted"] == 30 - len(reached)
    tenko.cli("verify")


def test_who_waits_comes_before_a_fresh_broadcast_but_an_urgent_one_passes(system):
    system.configure(pacing={"mail_rate": 0})
    scheduler = system.start("tenko-scheduler")
    first = ask(system, "--kind", "notice")
    wait_for(lambda: system.sql("SELECT count(*) FROM attempt") == [(10,)])
    second = ask(system, "--kind", "notice")
    urgent = ask(system)
    wait_for(lambda: all(system.cli_json("status", str(n))["waiting"] == 30 for n in (second, urgent)))
    system.configure(pacing={"mail_window": 100})
    scheduler.send(signal.SIGHUP)
    wait_for(lambda: system.sql("SELECT count(*) FROM attempt") == [(90,)])
    order = [broadcast for broadcast, in system.sql(
        "SELECT d.broadcast_id FROM attempt a JOIN delivery d ON d.id = a.delivery_id ORDER BY a.id")]
    assert order == [first] * 10 + [urgent] * 30 + [first] * 20 + [second] * 30


def test_what_was_not_heard_is_no_silence(system):
    """Results that stand on the belt while the scheduler cannot read them are words of the workers."""
    system.configure(pacing={"mail_rate": 0, "mail_window": 30, "outage_after": "2s"})
    scheduler = system.start("tenko-scheduler")
    system.belt = system.redis.client
    ask(system)
    wait_for(lambda: system.belt.exists("{tenko}:q:mail:0") and system.belt.xlen("{tenko}:q:mail:0") == 30)
    scheduler.send(signal.SIGSTOP)
    stopped = time.monotonic()
    system.start("tenko-mail")
    wait_for(lambda: len(system.sink.messages()) == 30 and system.belt.xlen("{tenko}:q:mail:0") == 0)
    wait_for(lambda: time.monotonic() > stopped + 3)
    scheduler.send(signal.SIGCONT)
    assert finished(system)["exhausted"] == 30
    assert scheduler.events("channel.confirmed_down") == []
    everybody_once(system)


def test_entries_that_are_gone_are_found_among_many(tenko):
    people = 2500  # more than are looked at together
    tenko.configure(pacing={"mail_window": people})
    tenko.start_redis()
    import_crowd(tenko, people, addresses=1)
    scheduler = tenko.start("tenko-scheduler")
    belt, stream = tenko.redis.client, "{tenko}:q:mail:0"
    ask(tenko)
    wait_for(lambda: belt.exists(stream) and belt.xlen(stream) == people)
    scheduler.stop()
    entries = [entry for entry, _ in belt.xrange(stream)]
    gone = [entries[at] for at in (0, 999, 1000, 1700, people - 1)]
    belt.xdel(stream, *gone)
    scheduler = tenko.start("tenko-scheduler")
    wait_for(lambda: belt.xlen(stream) == people, 60, "those that were lost")
    assert {entry for entry, _ in belt.xrange(stream)} >= set(entries) - set(gone)
    lost = tenko.sql("SELECT id FROM attempt WHERE detail = 'lost from the queue' ORDER BY id")
    assert [f"{attempt}-0" for attempt, in lost] == [entry.decode() for entry in gone]
    assert sum(int(event["count"]) for event in scheduler.events("attempts.gone")) == len(gone)
