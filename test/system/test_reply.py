"""The reply pages: who is asked, what an answer does, and everything that can be wrong with one."""

import json
import re
import signal
import socket
import time

import pytest
from harness import wait_for
from reply_client import start_endpoint, stopped_endpoint

ITEMS = [{"ja": "今いる場所", "en": "Where are you?"}, {"ja": "一緒にいる人数", "en": "People with you"}]
WRONG_TOKENS = ["", "a", "A" * 27, "A" * 28, "A" * 29, "A" * 4000, "../../etc/passwd", "%00" * 9 + "A",
                "AQAAAAEAAAAB" + "A" * 16]


@pytest.fixture
def stopped(tenko):
    return stopped_endpoint(tenko)


@pytest.fixture
def endpoint(stopped):
    return start_endpoint(stopped, body="家族は無事ですか。\n<b>けが</b>はありませんか。",
                          title_en="There was an earthquake", items=ITEMS)


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
        db.execute("INSERT INTO target(broadcast_id, kind, value) VALUES (?, 3, 3)", (broadcast,))
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
    b"status=safe&status=severe", b"status=safe&&", b"\x00", b"&".join(b"f%d=" % i for i in range(65)),
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
    for path in ("/stats.json", "/metrics"):
        for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"):
            assert endpoint.get(path, **{header: "127.0.0.1"}).status == 403


def test_figures_do_without_redis_and_scheduler(endpoint):
    figures = endpoint.get("/stats.json").json()
    assert figures["queue"] is None and figures["workers"] == figures["processes"] == []
    assert figures["board_age_ms"] == {"scheduler": None, "tenkod": None}
    text = endpoint.get("/metrics").text
    assert "tenko_queue_up 0\n" in text and "\ntenko_queue_length{" not in text
    assert 'tenko_deliveries{broadcast="1",state="waiting"} ' in text


def test_figures_are_for_those_who_have_the_token(stopped):
    stopped.tenko.configure(reply={"stats_token": "geheim"})
    stopped.start()
    far = {"X-Forwarded-For": "192.0.2.1"}
    assert stopped.get("/stats.json", Authorization="Bearer geheim", **far).json()["broadcasts"] == []
    for wrong in ("Bearer geheim2", "Bearer gehei", "Bearer ", "Basic geheim", "geheim", "bearer  geheim"):
        answer = stopped.get("/stats.json", Authorization=wrong, **far)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert stopped.get("/stats.json", **far).status == stopped.get("/metrics", **far).status == 401
    assert stopped.get("/metrics", Authorization="Bearer geheim", **far).status == 200
