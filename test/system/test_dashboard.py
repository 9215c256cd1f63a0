"""The dashboard: who may see what, figures as they change, and the page in a real browser."""

import http.client
import json
import os
import shutil
import socket
import time
from pathlib import Path

import pytest
from harness import wait_for
from cli_roster import roster  # noqa: F401  (a fixture)
from reply_client import Endpoint, now_ms

ADMIN, WATCH = "admin-secret", "watch-secret"
REMOTE = {"X-Forwarded-For": "192.0.2.1"}  # what a proxy on this host says: not from here
SHOTS = os.environ.get("TENKO_SCREENSHOTS")


def fill(endpoint, people=1000, groups=8, kind=1):
    """A broadcast ten minutes old, as the scheduler keeps its counters."""
    now = now_ms()
    with endpoint.db() as db, db:
        db.executemany("INSERT INTO department(id, code, name, approvers) VALUES (?, ?, ?, 'U1')",
                       [(g, f"G{g}", f"第{g}営業課") for g in range(1, groups + 1)])
        db.executemany("INSERT INTO person(id, code, employee_number, name, department_id, email)"
                       " VALUES (?, ?, '', ?, ?, 'someone@example.com')",
                       [(p, f"U{p}", f"山田 {p}郎", p % groups + 1) for p in range(1, people + 1)])
    endpoint.add_broadcast(range(1, people + 1), title="【安否確認】地震が発生しました(最大震度6強)", kind=kind,
                           requested_at=now - 600000, started_at=now - 599000)
    with endpoint.db() as db, db:
        answered, exhausted, flight = people * 6 // 10, people // 50, people // 4
        db.execute("UPDATE delivery SET state = CASE WHEN person_id <= ? THEN 3 WHEN person_id <= ? THEN 4"
                   " WHEN person_id <= ? THEN 2 ELSE 1 END", (answered, answered + exhausted, answered + exhausted + flight))
        for state, n in db.execute("SELECT state, count(*) FROM delivery GROUP BY 1").fetchall():
            db.execute("INSERT INTO tally VALUES (1, 'state', ?, ?)", (state, n))
        for choice, share in (("safe", 90), ("slight", 6), ("severe", 1), ("other", 3)):
            db.execute("INSERT INTO tally VALUES (1, 'answer', ?, ?)", (choice, answered * share // 100))
        db.execute("INSERT INTO tally SELECT 1, 'group', department_id, count(*) FROM person GROUP BY 3")
        db.execute("INSERT INTO tally SELECT 1, 'group.answered', department_id, count(*) FROM person"
                   " WHERE id <= ? GROUP BY 3", (answered,))
        slots = range((now - 600000) // 10000, now // 10000)
        db.executemany("INSERT INTO progress VALUES (1, ?, 40, ?)",
                       [(slot, max(1, answered * 4 // (len(slots) * (1 + n // 8)))) for n, slot in enumerate(slots)])


@pytest.fixture
def endpoint(tenko):
    tenko.configure(reply={"admin_token": ADMIN, "stats_token": WATCH, "wrong_links": 1000})
    endpoint = Endpoint(tenko)
    fill(endpoint)
    endpoint.start()
    return endpoint


class Stream:
    """The server-sent events of one watcher."""

    def __init__(self, endpoint, headers=None):
        self.connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=20)
        self.connection.request("GET", "/dashboard/events", headers=headers or {})
        self.answer = self.connection.getresponse()

    def next(self):
        line = b""
        while not line.startswith(b"data: "):
            line = self.answer.readline()
            assert line, "the stream ended"
        return json.loads(line[6:])

    def close(self):
        self.connection.sock.close() if self.connection.sock else None
        self.answer.close()
        self.connection.close()


def sign_in(endpoint, token):
    answer = endpoint.request("POST", "/dashboard", f"token={token}",
                              {"Content-Type": "application/x-www-form-urlencoded", **REMOTE})
    return answer, (answer.headers.get("set-cookie") or "").split(";")[0]


# who sees what


def test_who_sees_figures(endpoint):
    for path in ("/dashboard", "/dashboard/events", "/stats.json"):
        assert endpoint.request("HEAD", path).status == 200  # from here
        assert endpoint.request("HEAD", path, headers=REMOTE).status == 401
        for token in (WATCH, ADMIN):
            assert endpoint.request("HEAD", path, headers={**REMOTE, "Authorization": f"Bearer {token}"}).status == 200
        assert endpoint.request("HEAD", path, headers={**REMOTE, "Authorization": "Bearer no"}).status == 401
        for cookie in ("tenko_watch=", "tenko_watch=" + "0" * 64, "tenko_watch=" + "x" * 5000 + "; a=b", ";;;=;"):
            assert endpoint.request("HEAD", path, headers={**REMOTE, "Cookie": cookie}).status == 401


def test_only_admins_see_names(endpoint):
    path = "/dashboard/unanswered/1"
    assert endpoint.get(path).status == 401  # from here: figures alone
    assert endpoint.get(path, Authorization=f"Bearer {WATCH}").status == 401
    found = endpoint.get(path, Authorization=f"Bearer {ADMIN}").json()
    assert found["next"] is None and found["more"] and len(found["people"]) == 300
    assert found["people"][0] == {"user": "U601", "name": "山田 601郎", "group_name": "第2営業課", "state": "exhausted"}
    assert "example.com" not in json.dumps(found)
    for wrong in ("0", "x", "1x", "99999999999", "-1", "1/2"):
        assert endpoint.get("/dashboard/unanswered/" + wrong, Authorization=f"Bearer {ADMIN}").status == 404


def test_who_answered_a_moment_ago_is_not_missing(endpoint):
    with endpoint.db() as db, db:
        db.execute("INSERT INTO reply(broadcast_id, person_id, choice, way, at) VALUES (1, 601, 'safe', 1, 0)")
    found = endpoint.get("/dashboard/unanswered/1", Authorization=f"Bearer {ADMIN}").json()
    assert found["people"][0]["user"] == "U602"


def test_a_token_is_kept_as_a_cookie_that_is_not_the_token(endpoint):
    answer, cookie = sign_in(endpoint, ADMIN)
    assert (answer.status, answer.headers["location"]) == (303, "/dashboard")
    assert "HttpOnly" in answer.headers["set-cookie"] and "SameSite=Strict" in answer.headers["set-cookie"]
    assert ADMIN not in cookie
    assert endpoint.request("GET", "/dashboard/unanswered/1", headers={**REMOTE, "Cookie": f"a=b; {cookie}; c=d"}).status == 200
    _, watch = sign_in(endpoint, WATCH)
    assert watch != cookie
    assert endpoint.request("GET", "/dashboard/unanswered/1", headers={**REMOTE, "Cookie": watch}).status == 401
    refused, nothing = sign_in(endpoint, "no")
    assert refused.status == 401 and not nothing
    log = endpoint.process.log()
    assert ADMIN not in log and WATCH not in log and cookie.split("=")[1] not in log


def test_the_cookie_ends_with_the_token(endpoint):
    _, cookie = sign_in(endpoint, ADMIN)
    endpoint.tenko.configure(reply={"admin_token": "another"})
    endpoint.process.send(1)
    wait_for(lambda: endpoint.request("GET", "/dashboard/unanswered/1", headers={**REMOTE, "Cookie": cookie}).status == 401)


def test_without_a_token_only_this_machine_sees_it(tenko):
    endpoint = Endpoint(tenko)
    fill(endpoint, 10)
    endpoint.start()
    assert endpoint.get("/dashboard").status == 200
    assert endpoint.request("GET", "/dashboard", headers=REMOTE).status == 403
    assert endpoint.get("/dashboard/unanswered/1").status == 401
    assert sign_in(endpoint, "")[0].status in (400, 401)


def test_the_page_loads_nothing_from_elsewhere(endpoint):
    for path, kind in (("/dashboard", "text/html"), ("/dashboard.css", "text/css"), ("/dashboard.js", "text/javascript")):
        answer = endpoint.get(path)
        assert answer.headers["content-type"].startswith(kind)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert "://" not in answer.text.replace("http://www.w3.org/2000/svg", "")


# the stream


def test_figures_come_as_they_change(endpoint):
    stream = Stream(endpoint)
    first = stream.next()
    broadcast, = first["broadcasts"]
    assert (broadcast["answered"], broadcast["targeted"]) == (600, 1000)
    assert [c["people"] for c in broadcast["choices"]] == [540, 36, 6, 18]
    assert broadcast["groups"][0]["people"] == 125 and len(broadcast["groups"]) == 8
    assert 2 <= len(broadcast["curve"]) <= 120 and broadcast["curve"] == sorted(broadcast["curve"])
    with endpoint.db() as db, db:
        db.execute("UPDATE tally SET n = n + 1 WHERE what = 'state' AND key = 3")
        db.execute("UPDATE tally SET n = n - 1 WHERE what = 'state' AND key = 1")
    assert wait_for(lambda: stream.next()["broadcasts"][0]["answered"] == 601)
    stream.close()


def test_the_answer_to_others_does_not_wait_for_watchers(endpoint):
    streams = [Stream(endpoint) for _ in range(20)]
    for stream in streams:
        stream.next()
    assert endpoint.get(endpoint.link(1, 900)).status == 200
    for stream in streams[:10]:
        stream.close()
    assert streams[15].next() and endpoint.get("/healthz").status == 200
    for stream in streams[10:]:
        stream.close()


def test_one_who_reads_nothing_is_cut_off_and_the_end_is_clean(endpoint):
    deaf = socket.create_connection(("127.0.0.1", endpoint.port))
    deaf.sendall(b"GET /dashboard/events HTTP/1.1\r\nHost: x\r\n\r\n")
    stream = Stream(endpoint)
    stream.next()
    began = time.monotonic()
    endpoint.process.send(15)
    assert endpoint.process.wait() == 0
    assert time.monotonic() - began < 20
    deaf.close()
    stream.close()


def test_a_crowd_of_watchers_is_bounded(endpoint):
    streams = [Stream(endpoint) for _ in range(50)]
    assert {s.answer.status for s in streams} == {200}
    assert Stream(endpoint).answer.status == 503
    streams[0].close()
    wait_for(lambda: Stream(endpoint).answer.status == 200)
    for stream in streams[1:]:
        stream.close()


# in a browser

CHROMIUM = shutil.which("chromium")


@pytest.fixture
def browser(bare):
    if not CHROMIUM:
        pytest.skip("needs chromium")
    from devtools import Chromium
    with Chromium(bare.root / "chromium") as browser:
        yield browser


def shoot(page, name):
    if SHOTS:
        import base64
        picture = page.call("Page.captureScreenshot", captureBeyondViewport=True)
        (Path(SHOTS) / f"{name}.png").write_bytes(base64.b64decode(picture["data"]))


def open_page(browser, endpoint, width, height, query="", dark=False):
    page = browser.page()
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
    page.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
    page.call("Page.navigate", url=f"http://127.0.0.1:{endpoint.port}/dashboard{query}")
    wait_for(lambda: page.evaluate("document.querySelector('.card .big b') && document.querySelector('.card .big b').textContent"))
    return page


def test_the_page_on_a_phone_and_on_a_wall(browser, endpoint):
    for name, width, height, query, dark in (("phone", 390, 844, "?lang=ja", False), ("wall", 1920, 1080, "?lang=ja", True),
                                             ("english", 1280, 800, "?lang=en", False)):
        page = open_page(browser, endpoint, width, height, query, dark)
        assert page.evaluate("document.querySelector('.big b').textContent") == "60%"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "it scrolls sideways"
        assert page.evaluate("document.querySelectorAll('svg polyline').length") == 1
        text = page.evaluate("document.body.innerText")
        assert ("第1営業課" in text) and ("無事です" in text if "ja" in query else "I am safe" in text)
        shoot(page, f"dashboard-{name}")


def test_names_in_the_page_after_the_token(browser, endpoint):
    page = open_page(browser, endpoint, 1280, 900, "?lang=ja")
    page.evaluate("[...document.querySelectorAll('button')].find(b => b.textContent === '表示').click()")
    wait_for(lambda: page.evaluate("!!document.querySelector('input[name=token]')"))
    page.evaluate("document.querySelector('input[name=token]').value = 'no'; document.querySelector('form').requestSubmit()")
    wait_for(lambda: "トークンが違います" in page.evaluate("document.body.innerText"))
    page.evaluate(f"document.querySelector('input[name=token]').value = '{ADMIN}'; document.querySelector('form').requestSubmit()")
    wait_for(lambda: "山田 601郎" in page.evaluate("document.body.innerText"))


def test_the_page_says_when_it_is_cut_off(browser, endpoint):
    page = open_page(browser, endpoint, 1280, 900, "?lang=ja")
    endpoint.process.kill()
    wait_for(lambda: "接続が切れています" in page.evaluate("document.getElementById('pulse').textContent"), 30)


# what the scheduler keeps


def test_groups_are_counted_as_people_are_given_out_and_answer(roster):
    from crowd import answer, free_port
    port = free_port()
    roster.configure(mail={"transport": "null"}, reply={"port": port, "base_url": f"http://127.0.0.1:{port}"})
    roster.start_redis()
    roster.start("tenko-reply")
    roster.cli("broadcast", "--title", "x", "--yes")
    for person in (1, 3):  # one before the fan-out, one after it
        answer(roster, 1, person)
        if person == 1:
            roster.start("tenko-scheduler")
            wait_for(lambda: roster.cli_json("status")["fanned_out"])
    answer(roster, 1, 3)  # again: it is one person
    wait_for(lambda: roster.cli_json("status")["answered"] == 2)

    def kept(what):
        return roster.sql("SELECT key, n FROM tally WHERE broadcast_id = 1 AND what = ? ORDER BY key", what)

    assert kept("group") == roster.sql("SELECT department_id, count(*) FROM delivery JOIN person ON person.id = person_id"
                                       " GROUP BY 1 ORDER BY 1")
    assert kept("group.answered") == [(1, 1), (2, 1)]
    roster.cli("verify")
