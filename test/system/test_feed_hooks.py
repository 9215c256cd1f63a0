"""The hooks of the reply endpoint: monitoring hands over what it has to tell, and rules send."""

import http.client
import json
import signal
import stat
import time

import pytest
from feed_system import feeds  # noqa: F401  (a fixture)
from harness import REPOSITORY, wait_for
from reply_client import Endpoint

ALERTS = REPOSITORY / "test" / "data" / "alertmanager"
RULE = ("[monitoring]\nhazard = other\nthreshold = severe\ngroups = G2\naddresses = work, department\n"
        "kind = notice\nsources = alertmanager, cap\nage_most = 30d\n")


def alert(severity="critical", name="DatabaseDown", status="firing"):
    body = json.loads((ALERTS / "firing.json").read_text())
    body["status"] = status
    body["groupKey"] = f'{{}}:{{alertname="{name}"}}'
    for entry in body["alerts"]:
        entry["status"] = status
        entry["labels"].update(alertname=name, severity=severity)
        entry["labels"].pop("region", None)
        entry["startsAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        entry["fingerprint"] = name
    body.get("commonLabels", {}).pop("region", None)
    return json.dumps(body).encode()


@pytest.fixture
def hooks(feeds):
    feeds.configure(atom_urls="")
    feeds.write_rules(RULE)
    endpoint = Endpoint(feeds.tenko)
    endpoint.start()
    endpoint.feeds = feeds
    endpoint.secret = (feeds.tenko.data_dir / "hooks.key").read_text().strip()
    endpoint.send = lambda body, path="/hooks/alertmanager", token=None: endpoint.request(
        "POST", path, body, {"Authorization": f"Bearer {token or endpoint.secret}"})
    return endpoint


def test_what_is_taken_is_on_the_disk_and_the_same_again_does_nothing_new(hooks):
    first = hooks.send(alert())
    assert first.status == 202 and first.json() == {"telegram": 1, "new": True}
    assert [t["state"] for t in hooks.feeds.telegrams()] == ["received"]
    again = hooks.send(alert())
    assert again.status == 200 and again.json() == {"telegram": 1, "new": False}
    assert hooks.send(alert(name="Other")).json() == {"telegram": 2, "new": True}
    assert len(hooks.feeds.telegrams()) == 2


def test_an_alert_reaches_the_departments_that_the_rule_names(hooks):
    hooks.feeds.start()
    hooks.send(alert())
    wait_for(lambda: hooks.feeds.broadcasts(), process=hooks.feeds.process)
    broadcast, = hooks.feeds.broadcasts()
    assert broadcast["by"] == "rule:monitoring" and broadcast["kind"] == 2 and broadcast["targeted"] == 1
    assert "within:G2" in broadcast["targets"]


def test_what_is_not_severe_enough_is_explained(hooks):
    hooks.feeds.start()
    hooks.send(alert(severity="warning"))
    hooks.feeds.wait_telegrams(1, "read")
    assert hooks.feeds.broadcasts() == []
    explained = hooks.tenko.cli("feed", "explain", "1").stdout
    assert "rule monitoring: not sent: " in explained and "below" in explained


def test_a_cap_alert_is_taken(hooks):
    sample = (REPOSITORY / "test" / "data" / "cap" / "oasis_example2.xml").read_bytes()
    assert hooks.send(sample, "/hooks/cap").status == 202
    hooks.feeds.start()
    hooks.feeds.wait_telegrams(1, "read")
    assert hooks.send(sample, "/hooks/cap").status == 200


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic {secret}",
                                    "Bearer {secret}x", "Bearer x{secret}", "{secret}"])
def test_without_the_token_nobody_enters(hooks, header):
    headers = {} if header is None else {"Authorization": header.format(secret=hooks.secret)}
    for path in ("/hooks/alertmanager", "/hooks/cap"):
        answer = hooks.request("POST", path, alert(), headers)
        assert answer.status == 401 and answer.headers["www-authenticate"] == "Bearer"
    assert hooks.feeds.telegrams() == []
    assert hooks.get("/stats.json").json()["hooks_refused"] == 2
    assert hooks.secret not in hooks.process.log()


@pytest.mark.parametrize("path, body", [
    ("/hooks/alertmanager", b""), ("/hooks/alertmanager", b"{"), ("/hooks/alertmanager", b"[]"),
    ("/hooks/alertmanager", b"<alert/>"), ("/hooks/alertmanager", b'{"a":"\xff"}'),
    ("/hooks/cap", b""), ("/hooks/cap", b"{}"), ("/hooks/cap", b"<alert>\xff</alert>"), ("/hooks/cap", b"\0")])
def test_what_cannot_be_read_is_refused_at_once(hooks, path, body):
    assert hooks.send(body, path).status == 400
    assert hooks.feeds.telegrams() == []


def test_other_methods_and_paths(hooks):
    answer = hooks.get("/hooks/alertmanager", Authorization=f"Bearer {hooks.secret}")
    assert answer.status == 405 and answer.headers["allow"] == "POST"
    assert hooks.send(alert(), "/hooks/other").status == 404
    assert hooks.send(alert(), "/hooks/alertmanager/more").status == 404


@pytest.mark.parametrize("size, status", [(65000, 202), (200000, 202), (262144, 202), (262145, 413)])
def test_how_long_it_may_be(hooks, size, status):
    body = b'{"alerts":[],"padding":"%s"}' % (b"x" * (size - 26))
    assert len(body) == size
    try:
        assert hooks.send(body).status == status
    except (BrokenPipeError, ConnectionResetError, http.client.RemoteDisconnected):
        assert status == 413
    # what is for people stays short
    assert hooks.request("POST", "/r/x", b"x" * 65537, {}).status == 413


def test_well_formed_but_damaged_alerts_are_refused_by_the_reader_with_a_reason(hooks):
    hooks.feeds.start()
    assert hooks.send(b'{"version":"4","alerts":"none"}').status == 202
    refused, = hooks.feeds.wait_telegrams(1, "refused")
    assert refused["reason"]
    assert refused["reason"] in hooks.tenko.cli("feed", "show", "1").stdout


def test_the_token_is_secret_and_made_where_it_is_missing(hooks):
    path = hooks.tenko.data_dir / "hooks.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 and len(hooks.secret) >= 43
    path.unlink()
    assert "hooks.key" in hooks.tenko.cli("init", hooks.tenko.data_dir).stdout
    fresh = path.read_text().strip()
    assert fresh != hooks.secret

    hooks.process.send(signal.SIGHUP)
    wait_for(lambda: hooks.send(alert(), token=fresh).status in (200, 202))
    assert hooks.send(alert()).status == 401
    path.chmod(0o644)
    hooks.process.send(signal.SIGHUP)
    hooks.process.wait_log(r"reply\.no_hooks .*chmod 600")
    assert hooks.send(alert(), token=fresh).status == 401


def test_what_came_while_tenko_feed_was_down_is_acted_on_when_it_starts(hooks):
    hooks.send(alert())
    hooks.feeds.start()
    hooks.feeds.wait_telegrams(1, "read")
    assert len(hooks.feeds.broadcasts()) == 1
