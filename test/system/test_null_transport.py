"""The null transport: everything but the network, and nobody takes it for the real thing."""

import socket
import sqlite3
from contextlib import closing

from crowd import answer, free_port, import_crowd
from harness import wait_for

PHONE_FIRST = (3, 4)
DELIVERED, NO_ANSWER = 1, 5


class DeafPort:
    """Takes connections and notes that one came."""

    def __enter__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port = self.listener.getsockname()[1]
        return self

    def __exit__(self, *_):
        self.listener.close()

    def was_called(self):
        try:
            self.listener.accept()[0].close()
            return True
        except BlockingIOError:
            return False


def give_phones(tenko, people, endpoint):
    """A device each and push in front of the mails, which the roster's own checks need no part in."""
    header = ("更新区分,ユーザID,言語,メール1,メール2,メール3,電話1,電話2,電話3,発信順メール,発信順電話1,"
              "発信順電話2,発信順電話3,勤務先地域,住所1地域,住所2地域,予備メール,予備電話,発信順プッシュ")
    rows = [f"2,p{n},ja,p{n}@example.com,,,,,,2,,,,,,,,,1" for n in people]
    path = tenko.root / "push.csv"
    path.write_text("\r\n".join([header, *rows]) + "\r\n", encoding="utf-8-sig")
    tenko.cli("import", "--contacts", path)
    point = ("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4")
    with closing(sqlite3.connect(tenko.data_dir / "tenko.db")) as db, db:
        db.executemany("INSERT INTO device(person_id, kind, endpoint, p256dh, auth, created_at)"
                       " VALUES(?, 1, ?, ?, 'BTBZMqHH6r4Tts7J_aSIgg', 0)",
                       [(n, f"{endpoint}/{n}", point) for n in people])


def finished(tenko):
    return wait_for(lambda: (found := tenko.cli_json("status"))["state"] == "finished" and found, 60)


def test_everything_is_taken_but_the_network(tenko):
    with DeafPort() as relay, DeafPort() as provider, DeafPort() as service:
        import_crowd(tenko, 6, phone_first=PHONE_FIRST)
        give_phones(tenko, (5, 6), f"https://127.0.0.1:{service.port}")
        port = free_port()
        tenko.configure(
            broadcast={"channels": "mail,voice,push"}, log={"level": "info"},
            mail={"transport": "null", "relay_port": relay.port},
            voice={"transport": "null", "api_url": f"http://127.0.0.1:{provider.port}",
                   "accounts": "AC0:secret:+815000000000:1"},
            push={"transport": "null", "allow_private": True},
            escalation={"retry_interval": "100ms", "final_wait": "100ms", "voice_retries": 0},
            pacing={"voice_rate": 0}, reply={"port": port, "base_url": f"http://127.0.0.1:{port}"})
        tenko.start("tenkod")
        tenko.cli("broadcast", "--title", "訓練", "--yes")
        status = finished(tenko)
        assert (status["exhausted"], status["targeted"]) == (6, 6)
        ends = tenko.sql("SELECT channel, outcome, detail, count(*) FROM attempt GROUP BY 1, 2, 3 ORDER BY 1, 3")
        assert ends == [(1, DELIVERED, "null transport: not sent", 10),
                        (2, NO_ANSWER, "null transport: not called", 2),
                        (3, DELIVERED, "device 1: null transport: not sent", 1),
                        (3, DELIVERED, "device 2: null transport: not sent", 1)]
        tenko.cli("verify")
        assert not any(other.was_called() for other in (relay, provider, service))


def test_whoever_has_answered_is_left_out(tenko):
    import_crowd(tenko, 20, addresses=1)
    port = free_port()
    tenko.configure(mail={"transport": "null"}, log={"level": "info"},
                    escalation={"final_wait": "100ms"},
                    reply={"port": port, "base_url": f"http://127.0.0.1:{port}"})
    tenko.start_redis()
    tenko.start("tenko-scheduler")
    tenko.start("tenko-reply")
    tenko.cli("broadcast", "--title", "訓練", "--yes")
    wait_for(lambda: tenko.cli_json("status")["in_flight"] == 20)
    for person in (2, 7):
        answer(tenko, 1, person)
    wait_for(lambda: tenko.cli_json("status")["answered"] == 2)
    tenko.start("tenko-mail")
    finished(tenko)
    left_out = tenko.sql("SELECT d.person_id FROM attempt a JOIN delivery d ON d.id = a.delivery_id"
                         " WHERE a.outcome = 10 ORDER BY 1")
    assert left_out == [(2,), (7,)]


def test_it_is_said_loudly(tenko):
    import_crowd(tenko, 2)
    said = "NOTHING GOES OUT by mail: mail.transport = null"
    check = tenko.cli("config", "check")
    assert "NOTHING" not in check.stdout + check.stderr
    assert tenko.cli_json("config", "check")["warnings"] == []
    tenko.configure(mail={"transport": "null"}, voice={"transport": "null"})
    check = tenko.cli("config", "check")
    assert said in check.stderr and "sound" in check.stdout
    assert "by voice" not in check.stderr  # which is not in use
    answer_ = tenko.cli_json("config", "check")
    assert answer_["sound"] is True and len(answer_["warnings"]) == 1 and said in answer_["warnings"][0]
    assert said in tenko.cli("broadcast", "--title", "訓練", "--yes").stderr
    done = tenko.cli("status")
    assert said in done.stderr and "Broadcast 1" in done.stdout
    tenko.start_redis()
    worker = tenko.start("tenko-mail")
    worker.wait_log(r"warning .*transport\.null channel=mail .*NOTHING GOES OUT")
