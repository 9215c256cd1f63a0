"""The reply endpoint: pages, answers, and everything that can be wrong with either."""

import concurrent.futures
import json
import os
import random
import re
import resource
import signal
import socket
import subprocess
import time

import pytest
from harness import needs_root, wait_for
from reply_client import SAFETY, WEEK_MS, Endpoint, parse_answer, read_all

ITEMS = [{"ja": "今いる場所", "en": "Where are you?"}, {"ja": "一緒にいる人数", "en": "People with you"}]
WRONG_TOKENS = ["", "a", "A" * 27, "A" * 28, "A" * 29, "A" * 4000, "../../etc/passwd", "%00" * 9 + "A",
                "AQAAAAEAAAAB" + "A" * 16]


@pytest.fixture
def stopped(tenko):
    """An endpoint that is not started yet; person 1 speaks Japanese, person 2 English."""
    tenko.configure(tenko={"organisation": "株式会社サンプル"})
    endpoint = Endpoint(tenko)
    endpoint.add_people(1)
    endpoint.add_people(1, name="John Smith", language=1, first=2)
    return endpoint


@pytest.fixture
def endpoint(stopped):
    """Started, with one broadcast to both."""
    stopped.add_broadcast((1, 2), body="家族は無事ですか。\n<b>けが</b>はありませんか。",
                          title_en="There was an earthquake", items=ITEMS)
    stopped.start()
    return stopped


# the page


def test_the_page_is_one_small_response_without_anything_to_load(endpoint):
    page = endpoint.raw(f"GET {endpoint.link()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert page.status == 200
    assert page.raw_size < 8192
    assert int(page.headers["content-length"]) == len(page.body)
    assert not re.search(r"<script|<img|<iframe|@import|url\(|javascript:| on\w+=|http", page.text)
    assert "set-cookie" not in page.headers


def test_the_page_says_who_is_asked_and_what(endpoint):
    page = endpoint.get(endpoint.link())
    for text in ("株式会社サンプル", "地震がありました", "山田 太郎 さん", "家族は無事ですか。\n&lt;b&gt;けが",
                 "無事です", "軽傷です", "重傷です", "その他", "今いる場所", "一緒にいる人数", "<html lang=ja>"):
        assert text in page.text
    assert page.text.count("type=radio") == 4
    assert page.text.count("<form") == 1


def test_the_page_speaks_the_persons_language_and_the_other_on_demand(endpoint):
    english = endpoint.get(endpoint.link(person=2))
    for text in ("<html lang=en>", "There was an earthquake", "For John Smith", "I am safe", "Where are you?"):
        assert text in english.text
    japanese = endpoint.get(endpoint.link(person=2) + "?lang=ja")
    assert "無事です" in japanese.text and "John Smith さん" in japanese.text
    assert "I am safe" in endpoint.get(endpoint.link(person=1) + "?lang=en").text
    assert "無事です" in endpoint.get(endpoint.link(person=1) + "?lang=xx").text
    assert "無事です" in endpoint.get(endpoint.link(person=1) + "?fbclid=%%%&x").text


def test_every_answer_carries_the_security_headers(endpoint):
    answers = [endpoint.get(endpoint.link()), endpoint.get("/r/none"), endpoint.get("/healthz"),
               endpoint.get("/stats.json"), endpoint.post(endpoint.link(), status="safe"),
               endpoint.post(endpoint.link()), endpoint.raw(b"PUT / HTTP/1.1\r\nHost: x\r\n\r\n")]
    assert [a.status for a in answers] == [200, 404, 200, 200, 200, 400, 405]
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        for part in ("default-src 'none'", "style-src 'sha256-", "form-action 'self'",
                     "frame-ancestors 'none'", "base-uri 'none'"):
            assert part in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "set-cookie" not in answer.headers


def test_a_body_of_20000_characters_leaves_the_page_small(stopped):
    stopped.add_broadcast(body="あ" * 20000, items=ITEMS * 5)
    stopped.start()
    page = stopped.raw(f"GET {stopped.link()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert 8192 - 64 < page.raw_size <= 8192
    assert "続きはメールをご覧ください" in page.text and "送信する" in page.text


def test_looking_records_nothing(endpoint):
    for path in (endpoint.link(), endpoint.link() + "?status=safe", endpoint.link() + "?lang=en"):
        assert endpoint.get(path).status == 200
        head = endpoint.request("HEAD", path)
        assert head.status == 200 and head.body == b""
        assert int(head.headers["content-length"]) > 1000
    assert endpoint.replies() == []


# answering


def test_an_answer_is_recorded_and_shown(endpoint):
    answer = endpoint.post(endpoint.link(), status="slight", item1="屋上", item2="3",
                           comment=" 足を\r\n切りました <b> ", unknown="x")
    assert answer.status == 200
    for text in ("回答を受け付けました", "<b>軽傷です</b>", "今いる場所: 屋上", "一緒にいる人数: 3",
                 "足を\n切りました &lt;b&gt;", "(JST)"):
        assert text in answer.text
    reply, = endpoint.replies()
    assert (reply["broadcast_id"], reply["person_id"], reply["choice"], reply["way"], reply["by"]) == \
        (1, 1, "slight", 1, "")
    assert json.loads(reply["items"]) == ["屋上", "3"]
    assert reply["comment"] == "足を\n切りました <b>"
    assert abs(reply["at"] - time.time() * 1000) < 60000


def test_all_answers_are_kept_and_the_newest_is_shown(endpoint):
    for status in ("severe", "other", "safe"):
        assert endpoint.post(endpoint.link(), status=status, comment=f"今は {status}").status == 200
    assert [r["choice"] for r in endpoint.replies()] == ["severe", "other", "safe"]
    page = endpoint.get(endpoint.link())
    assert "に回答を受け付けました" in page.text
    assert "<b>無事です</b>" in page.text
    assert "value=safe required checked>" in page.text
    assert "今は safe</textarea>" in page.text
    assert "今は other" not in page.text
    assert "回答を受け付けました" not in endpoint.get(endpoint.link(person=2)).text


def test_the_answer_comes_in_the_language_of_the_form(endpoint):
    assert "Your answer is recorded" in endpoint.post(endpoint.link(), status="safe", lang="en").text
    assert "Please choose one" in endpoint.post(endpoint.link() + "?lang=en").text
    assert "回答を受け付けました" in endpoint.post(endpoint.link() + "?lang=en", status="safe", lang="ja").text


def test_the_scheduler_is_poked_after_the_commit(endpoint):
    path = endpoint.tenko.data_dir / "run" / "scheduler.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as scheduler:
        scheduler.bind(str(path))
        scheduler.settimeout(10)
        assert endpoint.post(endpoint.link(), status="safe").status == 200
        assert scheduler.recv(16) == b""
        assert len(endpoint.replies()) == 1


def test_a_cancelled_broadcast_says_so_and_takes_the_answer(stopped):
    stopped.add_broadcast(state=6)
    stopped.start()
    assert "取り消されました" in stopped.get(stopped.link()).text
    assert stopped.post(stopped.link(), status="safe").status == 200
    assert len(stopped.replies()) == 1


def test_people_whose_delivery_is_still_to_come_can_answer(stopped):
    stopped.add_people(2, first=3)
    broadcast = stopped.add_broadcast((1,), fanout_person=2)
    with stopped.db() as db, db:
        db.execute("INSERT INTO target VALUES (?, 3, 3)", (broadcast,))
    stopped.start()
    assert stopped.get(stopped.link(person=1)).status == 200  # has a delivery
    assert stopped.get(stopped.link(person=2)).status == 404  # passed over by the fan-out
    assert stopped.post(stopped.link(person=3), status="safe").status == 200
    assert stopped.get(stopped.link(person=4)).status == 404  # no target
    assert [r["person_id"] for r in stopped.replies()] == [3]


def test_an_answer_counts_even_if_its_sender_is_gone(endpoint):
    body = "status=safe"
    for _ in range(20):
        with endpoint.connect() as s:
            s.sendall((f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
                       f"\r\n{body}").encode())
    wait_for(lambda: len(endpoint.replies()) == 20)


# what is wrong with an answer


@pytest.mark.parametrize("fields, message", [
    ({}, "ひとつ選んでから"),
    ({"status": ""}, "ひとつ選んでから"),
    ({"status": "dead"}, "ひとつ選んでから"),
    ({"status": "safe", "comment": "あ" * 1001}, "1000文字まで"),
    ({"status": "safe", "item2": "あ" * 201}, "200文字まで"),
])
def test_a_form_that_is_not_right_comes_back_as_it_was_typed(endpoint, fields, message):
    fields = {"item1": "ここに います", **fields}
    answer = endpoint.post(endpoint.link(), **fields)
    assert answer.status == 400
    assert "まだ記録されていません" in answer.text and message in answer.text
    assert "ここに います" in answer.text
    assert fields.get("comment", "") in answer.text
    assert ("value=safe required checked" in answer.text) == (fields.get("status") == "safe")
    assert endpoint.replies() == []


def test_the_longest_texts_are_taken(endpoint):
    comment, item = "𠮷" * 1000, "あ" * 200
    assert endpoint.post(endpoint.link(), status="safe", comment=comment, item1=item, item2=item).status == 200
    reply, = endpoint.replies()
    assert reply["comment"] == comment and json.loads(reply["items"]) == [item, item]
    page = endpoint.raw(f"GET {endpoint.link()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert page.raw_size <= 8192


@pytest.mark.parametrize("body", [
    b"status=safe&comment=%ff", b"status=safe&comment=\xff\xfe", b"status=safe&comment=%00",
    b"status=safe&comment=%e7%84", b"status=safe&comment=%", b"status=safe&comment=%zz",
    b"status=safe&status=severe", b"status=safe&&", b"\x00", b"&".join(b"f%d=" % i for i in range(33)),
    "status=safe&comment=無事".encode("cp932"),
])
def test_a_form_that_cannot_be_read_is_refused_whole(endpoint, body):
    answer = endpoint.post_body(endpoint.link(), body)
    assert answer.status == 400
    assert "まだ記録されていません" in answer.text and "読み取れませんでした" in answer.text
    assert endpoint.replies() == []


@pytest.mark.parametrize("content_type", ["multipart/form-data; boundary=x", "application/json", "text/plain",
                                          "application/x-www-form-urlencodedx"])
def test_other_kinds_of_body_are_refused(endpoint, content_type):
    answer = endpoint.post_body(endpoint.link(), "status=safe", **{"Content-Type": content_type})
    assert answer.status == 415
    assert endpoint.replies() == []


def test_a_megabyte_of_comment_is_refused_and_the_sender_reads_why(endpoint):
    body = b"status=safe&comment=" + b"a" * 1_000_000
    answer = endpoint.raw(f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert answer.status == 413
    assert "文が長すぎます" in answer.text and "Too long" in answer.text
    assert answer.headers["connection"] == "close"
    assert endpoint.replies() == []
    assert endpoint.get("/healthz").status == 200


def test_what_is_announced_as_too_long_is_refused_before_it_comes(endpoint):
    answer = endpoint.raw(f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                          f"Content-Length: 1000000\r\n\r\n".encode())
    assert answer.status == 413


# tokens


def test_wrong_tokens_are_all_answered_alike(endpoint):
    right = endpoint.token()
    wrong = list(WRONG_TOKENS)
    wrong += [right[:i] + ("A" if right[i] != "A" else "B") + right[i + 1:] for i in range(28)]
    wrong += [right + "A", right[:-1], right + "/", right.lower(), endpoint.token(99, 1), endpoint.token(1, 99)]
    answers = {(a.status, a.body) for a in (endpoint.get("/r/" + token) for token in wrong)}
    assert len(answers) == 1
    status, body = answers.pop()
    assert status == 404 and "ページがありません" in body.decode() and "山田" not in body.decode()
    for token in wrong[:12]:
        assert endpoint.post("/r/" + token, status="safe").status == 404
    assert endpoint.replies() == []


def test_an_expired_link_says_so_and_takes_nothing(stopped):
    stopped.add_broadcast(expires_in=-1000)
    stopped.start()
    page = stopped.get(stopped.link())
    assert page.status == 410
    assert "期限が過ぎました" in page.text and "This link has expired" in page.text
    assert "山田" not in page.text
    assert stopped.post(stopped.link(), status="safe").status == 410
    assert stopped.replies() == []


def test_the_log_tells_the_ids_and_never_the_token(endpoint):
    endpoint.post(endpoint.link(), status="safe", comment="秘密のことば")
    endpoint.get("/r/" + "A" * 28)
    endpoint.raw(f"GET {endpoint.link()} HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n".encode())
    endpoint.process.stop()
    log = endpoint.process.log()
    entry = endpoint.process.events("reply.request")[0]
    assert (entry["method"], entry["status"], entry["broadcast"], entry["person"]) == ("POST", "200", "1", "1")
    assert entry["ms"].isdigit()
    assert endpoint.token() not in log and "/r/" not in log and "秘密" not in log
    assert "127.0.0.1" not in log.replace('listen="127.0.0.1"', "") and "example.com" not in log


# other paths


def test_methods_and_paths(endpoint):
    assert endpoint.get("/").status == 404
    assert endpoint.get("/r").status == 404
    assert endpoint.get("/healthz/x").status == 404
    assert endpoint.get("/favicon.ico").status == 404
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"):
        answer = endpoint.request(method, endpoint.link())
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD, POST"
    answer = endpoint.post("/healthz", status="safe")
    assert answer.status == 405 and answer.headers["allow"] == "GET, HEAD"


def test_health(endpoint):
    answer = endpoint.get("/healthz?x=1")
    assert (answer.status, answer.body) == (200, b"ok\n")
    assert endpoint.request("HEAD", "/healthz").body == b""


def test_figures_are_for_loopback(endpoint):
    endpoint.post(endpoint.link(), status="safe")
    endpoint.get("/nothing")
    figures = endpoint.get("/stats.json").json()
    assert figures["broadcasts"][0]["broadcast"] == 1
    assert figures["broadcasts"][0]["targeted"] == 2
    assert figures["replies"]["recorded"] == 1
    assert figures["requests"]["200"] == 1 and figures["requests"]["404"] == 1
    for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
        assert endpoint.get("/stats.json", **{header: "127.0.0.1"}).status == 403


def test_figures_tell_of_the_queue_and_do_without_redis(stopped):
    redis = stopped.tenko.start_redis()
    for i in (1, 2):
        redis.client.xadd("{tenko}:q:mail:0", {"job": "x"}, id=f"{i}-0")
    stopped.start()
    queue = stopped.get("/stats.json").json()["queue"]
    assert queue["streams"] == [{"channel": "mail", "lane": 0, "length": 2, "pending": 0,
                                 "oldest_age_ms": None, "workers": 0}]
    assert (queue["results"], queue["dead"]) == (0, 0)
    redis.send(signal.SIGSTOP)  # there, and silent
    try:
        wait_for(lambda: stopped.get("/stats.json").json()["queue"] is None)
        began = time.monotonic()
        for _ in range(20):
            assert stopped.get("/stats.json").json()["queue"] is None
        assert time.monotonic() - began < 3
    finally:
        redis.send(signal.SIGCONT)


def test_figures_are_for_those_who_have_the_token(stopped):
    stopped.tenko.configure(reply={"stats_token": "geheim"})
    stopped.start()
    far = {"X-Forwarded-For": "192.0.2.1"}
    assert stopped.get("/stats.json", Authorization="Bearer geheim", **far).json()["broadcasts"] == []
    for wrong in ("Bearer geheim2", "Bearer gehei", "Bearer ", "Basic geheim", "geheim", "bearer  geheim"):
        answer = stopped.get("/stats.json", Authorization=wrong, **far)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert stopped.get("/stats.json", **far).status == 401


# requests that two readers could read differently


GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /r/x HTTP/1.1\r\nHost: x\r\n"


@pytest.mark.parametrize("request_bytes, status", [
    (POST + b"Content-Length: 3\r\nContent-Length: 30\r\n\r\na=1", 400),
    (POST + b"Content-Length: +3\r\n\r\na=1", 400),
    (POST + b"Content-Length : 3\r\n\r\na=1", 400),
    (POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    (POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\na=1\r\n0\r\n\r\n", 411),
    (GET + b"A: b\0c\r\n\r\n", 400),
    (GET + b"A: b\r\n folded\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\nHost: x\n\n", 400),
    (GET + b"\n", 400),
    (b"GET http://elsewhere/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (b"GET //x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 400),
    (GET + b"Host: y\r\n\r\n", 400),
    (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    (GET + b"Content-Length: 3\r\n\r\na=1", 400),
    (b"GET /healthz HTTP/2.0\r\nHost: x\r\n\r\n", 505),
    (b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 405),
    (POST + b"Expect: magic\r\nContent-Length: 3\r\n\r\na=1", 417),
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414),
    (GET + b"A: " + b"b" * 9000 + b"\r\n\r\n", 431),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    (b"hello\r\n\r\n", 400),
])
def test_an_ambiguous_request_is_refused_and_its_connection_closed(endpoint, request_bytes, status):
    smuggled = GET + b"\r\n"
    answer = endpoint.raw(request_bytes + smuggled)
    assert answer.status == status
    assert answer.headers["connection"] == "close"
    assert len(answer.body) == int(answer.headers["content-length"])  # and nothing behind it
    assert endpoint.get("/healthz").status == 200


def test_bytes_behind_a_request_are_not_answered(endpoint):
    answer = endpoint.raw(GET + b"\r\n" + GET + b"\r\n")
    assert answer.status == 200
    assert answer.body == b"ok\n"
    assert answer.headers["connection"] == "close"


def test_a_connection_serves_one_request_after_the_other(endpoint):
    with endpoint.connect() as s:
        for _ in range(5):
            s.sendall(GET + b"\r\n")
            data = b""
            while b"ok\n" not in data:
                data += s.recv(4096)
            assert parse_answer(data).status == 200 and b"Connection: close" not in data
        s.sendall(GET + b"Connection: close\r\n\r\n")
        assert parse_answer(read_all(s)).headers["connection"] == "close"


def test_http_1_0_is_served(endpoint):
    answer = endpoint.raw(b"GET /healthz HTTP/1.0\r\n\r\n")
    assert (answer.status, answer.body) == (200, b"ok\n")


def test_a_sender_who_waits_for_100_is_told_to_go_on(endpoint):
    body = b"status=safe"
    with endpoint.connect() as s:
        s.sendall(f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                  f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode())
        assert s.recv(4096).startswith(b"HTTP/1.1 100 Continue\r\n")
        s.sendall(body)
        assert parse_answer(read_all(s)).status == 200
    assert len(endpoint.replies()) == 1


def test_a_request_in_single_bytes_is_served(endpoint):
    body = b"status=safe"
    request = (f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
               f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    with endpoint.connect() as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for i in range(len(request)):
            s.sendall(request[i:i + 1])
        assert parse_answer(read_all(s)).status == 200


def test_garbage_does_no_harm(endpoint):
    chance = random.Random(20261121)
    parts = [GET, POST, b"\r\n", b"\n", b"\0", b"Content-Length: 5\r\n", b"Content-Length: 70000\r\n",
             b"Expect: 100-continue\r\n", b"Transfer-Encoding: chunked\r\n", b"hello", b"5\r\nhello\r\n0\r\n\r\n",
             b"Connection: close\r\n", b"HEAD / HTTP/1.0\r\n", bytes(range(256)), b"%" * 300]
    for _ in range(300):
        data = b"".join(chance.choice(parts) for _ in range(chance.randint(1, 8)))
        with endpoint.connect() as s:
            try:
                for piece in (data[:len(data) // 2], data[len(data) // 2:]):
                    s.sendall(piece)
                if chance.random() < 0.5:
                    s.shutdown(socket.SHUT_WR)
                    read_all(s)
            except OSError:
                pass
    assert endpoint.get("/healthz").status == 200


# time and numbers


def trickle(endpoint, start, piece):
    """Sends a piece each 50 ms until it is answered; the answer and how long it took."""
    began = time.monotonic()
    with endpoint.connect() as s:
        s.sendall(start)
        s.settimeout(0.05)
        while time.monotonic() - began < 20:
            try:
                data = s.recv(65536)
                return parse_answer(data) if data else None, time.monotonic() - began
            except TimeoutError:
                s.sendall(piece)
    return pytest.fail("was not answered")


def test_a_trickled_request_has_one_deadline_in_all(stopped):
    stopped.tenko.configure(reply={"deadline": "1s"})
    stopped.start()
    for start, piece in ((b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: ", b"a"),
                         (GET, b"A: b\r\n"),
                         (POST + b"Content-Length: 60000\r\n\r\n", b"a")):
        answer, seconds = trickle(stopped, start, piece)
        assert answer.status == 408 and answer.headers["connection"] == "close"
        assert 0.8 < seconds < 5


def test_an_idle_connection_is_closed(stopped):
    stopped.tenko.configure(reply={"deadline": "1s"})
    stopped.start()
    with stopped.connect() as fresh, stopped.connect() as used:
        used.sendall(GET + b"\r\n")
        assert used.recv(4096)
        began = time.monotonic()
        assert fresh.recv(1) == b"" and used.recv(1) == b""
        assert time.monotonic() - began < 5


def test_connections_are_capped_and_those_beyond_wait(stopped):
    stopped.tenko.configure(reply={"connections": 10, "deadline": "20s"})
    stopped.start()
    held = [stopped.connect() for _ in range(10)]
    for s in held:
        s.sendall(GET)
    with stopped.connect() as late:
        late.sendall(GET + b"Connection: close\r\n\r\n")
        late.settimeout(0.3)
        with pytest.raises(TimeoutError):
            late.recv(1)
        held.pop().close()
        late.settimeout(20)
        assert parse_answer(read_all(late)).status == 200
    for s in held:
        s.sendall(b"\r\n")
        assert s.recv(4096).startswith(b"HTTP/1.1 200")
        s.close()


def test_when_it_is_crowded_connections_are_not_kept(stopped):
    stopped.tenko.configure(reply={"connections": 10})
    stopped.start()
    held = [stopped.connect() for _ in range(6)]
    held[0].sendall(GET + b"\r\n")
    assert parse_answer(read_all(held[0])).headers["connection"] == "close"
    held[1].sendall(GET + b"\r\n")
    assert b"Connection: close" not in held[1].recv(4096)
    for s in held:
        s.close()


# recording


def test_every_answer_that_was_confirmed_survives_a_kill(stopped):
    """64 at a time; killed in the middle of it; whoever read 200 is on record, with one fsync for
    many."""
    people = 3000
    stopped.add_people(people, first=10)
    stopped.add_broadcast(range(10, 10 + people))
    stopped.start()
    confirmed = []
    links = {person: stopped.link(person=person) for person in range(10, 10 + people)}

    def send(persons):
        for person in persons:
            try:
                if stopped.post(links[person], status="safe", comment=str(person)).status == 200:
                    confirmed.append(person)
            except OSError:
                return

    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        futures = [pool.submit(send, range(10 + i, 10 + people, 64)) for i in range(64)]
        wait_for(lambda: len(confirmed) > 500, 60, "answers", stopped.process)
        figures = stopped.get("/stats.json").json()
        stopped.process.send(signal.SIGKILL)
        for future in futures:
            future.result()
    assert 500 < len(confirmed) < people
    recorded = {r["person_id"]: r["comment"] for r in stopped.replies()}
    assert set(confirmed) <= set(recorded)
    assert all(recorded[person] == str(person) for person in confirmed)
    assert figures["replies"]["commits"] < figures["replies"]["recorded"]


def test_an_answer_waits_for_a_busy_store_and_the_pages_do_not(endpoint):
    with endpoint.db() as db, concurrent.futures.ThreadPoolExecutor(1) as pool:
        db.isolation_level = None
        db.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(endpoint.post, endpoint.link(), status="safe")
        for _ in range(5):
            assert endpoint.get(endpoint.link()).status == 200
        assert not waiting.done()
        db.execute("COMMIT")
        assert waiting.result(20).status == 200
    assert len(endpoint.replies()) == 1


def test_a_store_that_stays_busy_is_told_and_nothing_is_recorded(stopped):
    stopped.tenko.configure(reply={"deadline": "3s"})
    stopped.add_broadcast()
    stopped.start()
    with stopped.db() as db:
        db.isolation_level = None
        db.execute("BEGIN IMMEDIATE")
        answer = stopped.post(stopped.link(), status="safe")
        db.execute("COMMIT")
    assert answer.status == 503
    assert "まだ記録されていません" in answer.text and "Not recorded yet" in answer.text
    assert int(answer.headers["retry-after"]) > 0
    assert stopped.replies() == []
    assert stopped.post(stopped.link(), status="safe").status == 200
    assert len(stopped.replies()) == 1


def check_full_disk(endpoint, give_room):
    """Answers until the store is full; the last one that was confirmed is the last on record."""
    statuses = []
    while 503 not in statuses:
        answer = endpoint.post(endpoint.link(), status="safe", comment="あ" * 1000)
        statuses.append(answer.status)
        assert len(statuses) < 5000
    assert set(statuses) == {200, 503}
    assert "まだ記録されていません" in answer.text
    assert len(endpoint.replies()) == statuses.count(200)
    assert endpoint.get(endpoint.link()).status == 200
    give_room()
    assert endpoint.post(endpoint.link(), status="severe").status == 200
    assert [r["choice"] for r in endpoint.replies()][-1] == "severe"


def test_a_file_that_cannot_grow_is_told_and_works_again_with_room(stopped):
    size = 400_000
    stopped.add_broadcast()

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    stopped.start(preexec_fn=limit)
    check_full_disk(stopped, lambda: resource.prlimit(
        stopped.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)))


@needs_root
def test_a_full_disk_is_told_and_works_again_with_room(bare):
    bare.data_dir.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", bare.data_dir],
                             capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("may not mount a tmpfs here")
    try:
        bare.init()
        endpoint = Endpoint(bare)
        endpoint.add_people()
        endpoint.add_broadcast()
        endpoint.start()
        check_full_disk(endpoint, lambda: subprocess.run(
            ["mount", "-o", "remount,size=16m", bare.data_dir], check=True))
        endpoint.process.stop()
    finally:
        subprocess.run(["umount", "-l", bare.data_dir], check=True)


# the end, and settings read again


def test_sigterm_finishes_what_is_in_flight(endpoint):
    body = b"status=safe"
    with endpoint.connect() as slow, endpoint.connect() as idle:
        idle.sendall(GET + b"\r\n")
        assert idle.recv(4096)
        slow.sendall(f"POST {endpoint.link()} HTTP/1.1\r\nHost: x\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:4])
        assert endpoint.get("/healthz").status == 200  # so the bytes before were read
        endpoint.process.send(signal.SIGTERM)
        assert idle.recv(1) == b""
        wait_for(lambda: refused(endpoint), 10, "the port to be closed")
        assert endpoint.process.alive
        slow.sendall(body[4:])
        answer = parse_answer(read_all(slow))
    assert answer.status == 200 and answer.headers["connection"] == "close"
    assert endpoint.process.wait() == 0
    assert len(endpoint.replies()) == 1
    assert not (endpoint.tenko.data_dir / "run" / "reply.port").exists()


def refused(endpoint):
    try:
        endpoint.connect(1).close()
        return False
    except ConnectionRefusedError:
        return True


def test_sigterm_records_answers_that_wait_for_the_store(endpoint):
    with endpoint.db() as db, concurrent.futures.ThreadPoolExecutor(1) as pool:
        db.isolation_level = None
        db.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(endpoint.post, endpoint.link(), status="safe")
        wait_for(lambda: endpoint.get("/stats.json").json()["connections"]["open"] == 2)
        endpoint.process.send(signal.SIGTERM)
        wait_for(lambda: refused(endpoint))
        db.execute("COMMIT")
        assert waiting.result(20).status == 200
    assert endpoint.process.wait() == 0
    assert len(endpoint.replies()) == 1


def test_what_does_not_finish_within_the_grace_is_cut_off(stopped):
    stopped.tenko.configure(tenko={"shutdown_grace": "1s"})
    stopped.start()
    with stopped.connect() as s:
        s.sendall(GET)
        assert stopped.get("/healthz").status == 200
        began = time.monotonic()
        assert stopped.process.stop() == 0
        assert 0.8 < time.monotonic() - began < 6
        assert read_all(s) == b""


def test_sigint_ends_it_too(endpoint):
    assert endpoint.process.stop(signal.SIGINT) == 0


def test_sighup_reads_the_settings_again(endpoint):
    endpoint.tenko.configure(tenko={"organisation": "合同会社あたらしい"}, reply={"deadline": "1s"})
    endpoint.process.send(signal.SIGHUP)
    wait_for(lambda: "合同会社あたらしい" in endpoint.get(endpoint.link()).text)
    answer, _ = trickle(endpoint, GET, b"A: b\r\n")
    assert answer.status == 408


def test_settings_that_are_wrong_are_not_taken(endpoint):
    with open(endpoint.tenko.conf, "a", encoding="utf-8") as conf:
        conf.write("\n[reply]\ncolour = blue\n")
    endpoint.process.send(signal.SIGHUP)
    endpoint.process.wait_log("colour")
    assert "株式会社サンプル" in endpoint.get(endpoint.link()).text


def test_a_key_is_replaced_while_old_links_stay_good(endpoint):
    old = endpoint.link()
    path = endpoint.tenko.data_dir / "secret.key"
    path.write_text(f"2 {os.urandom(32).hex()}\n" + path.read_text())
    new = endpoint.link()
    assert endpoint.get(new).status == 404
    endpoint.process.send(signal.SIGHUP)
    wait_for(lambda: endpoint.get(new).status == 200)
    assert endpoint.get(old).status == 200
    path.write_text("nonsense\n")
    endpoint.process.send(signal.SIGHUP)
    endpoint.process.wait_log("secret.key:1")
    assert endpoint.get(new).status == 200


# starts that fail


def start_fails(tenko, code, *words):
    process = tenko.start("tenko-reply", ready=False)
    assert process.wait() == code, process.log()
    for word in words:
        assert word in process.log()


def test_a_port_that_is_taken_is_told(tenko):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        tenko.configure(reply={"port": port})
        start_fails(tenko, 69, f"port {port}", "another program has this port", "reply.port")


@pytest.mark.parametrize("listen", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_told(tenko, listen):
    tenko.configure(reply={"listen": listen})
    start_fails(tenko, 69, listen, "reply.listen")


def test_a_missing_store_is_told(bare):
    start_fails(bare, 78, "tenko.db", "tenko init")


def test_a_store_of_a_newer_version_is_told(tenko):
    tenko.sql("PRAGMA user_version=999")
    start_fails(tenko, 78, "newer version", "999")


def test_a_missing_or_open_key_is_told(tenko):
    key = tenko.data_dir / "secret.key"
    key.chmod(0o644)
    start_fails(tenko, 78, "secret.key", "chmod 600")
    key.unlink()
    start_fails(tenko, 78, "secret.key", "tenko init")


def test_settings_that_are_wrong_are_told(tenko):
    tenko.configure(reply={"port": 99999})
    start_fails(tenko, 78, "reply.port", "99999")


def test_a_store_that_is_damaged_is_told(stopped):
    path = stopped.tenko.data_dir / "tenko.db"
    path.write_bytes(b"SQLite format 3\0" + os.urandom(8000))
    start_fails(stopped.tenko, 70, "tenko.db")


def test_a_question_that_is_damaged_is_no_crash(stopped):
    stopped.add_broadcast(choices=SAFETY)
    with stopped.db() as db, db:
        db.execute("UPDATE question SET choices='[{}]'")
    stopped.start()
    assert stopped.get(stopped.link()).status == 503
    assert stopped.post(stopped.link(), status="safe").status == 503
    stopped.process.wait_log("reply.question broadcast=1")


def test_it_listens_where_it_is_told(stopped):
    stopped.tenko.configure(reply={"listen": "::1"})
    stopped.add_broadcast(expires_in=WEEK_MS)
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    stopped.start()
    with socket.create_connection(("::1", stopped.port), timeout=20) as s:
        s.sendall(b"GET /stats.json HTTP/1.0\r\n\r\n")
        assert parse_answer(read_all(s)).status == 200
